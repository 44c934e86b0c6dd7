#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# kernel.sh OURS KERNEL - the kernel's TCP with CUBIC beside the set `linux`: one file from one network namespace through
# a router in another to a third, over veths without offloads, shaped by tbf on the router's way to the receiver, whose
# queue is deep (nothing is dropped) or shallow. A round trip is what the queue makes of it, since there is no netem.
#
# tbf lets its burst pass at once when it has been silent, so the last byte comes earlier by the time that the burst
# takes; that is subtracted from our time. Its queue holds the packet that waits for tokens, too; ours does
# not hold the packet in transmission. The least of seven, of three for the long ones, since whoever else is busy on the
# machine only adds; the longest is told. "passed", "failed" or "skipped" a line a case; within 5 %.
set -eu
ours=$1
kernel=$2
port=7394
packet=1514
folder=$(mktemp -d)
sender=tcp-a-$$ router=tcp-r-$$ receiver=tcp-b-$$
cleanup() {
    for name in $sender $router $receiver; do
        ip netns del "$name" 2>/dev/null || :
    done
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 3' HUP INT TERM

skip() {
    echo "skipped: $1"
    exit 77
}

command -v ip >/dev/null && command -v tc >/dev/null && command -v ethtool >/dev/null || skip "no ip, tc or ethtool"
ip netns add "$sender" 2>/dev/null || skip "no right to make network namespaces"
ip netns add "$router"
ip netns add "$receiver"
ip link add name out netns "$sender" type veth peer name ra netns "$router"
ip link add name in netns "$receiver" type veth peer name rb netns "$router"
address() { # NAMESPACE DEVICE ADDRESS
    ip -n "$1" addr add "$3/24" dev "$2"
    ip -n "$1" link set "$2" up
    ip netns exec "$1" ethtool -K "$2" tso off gso off gro off tx off rx off >/dev/null 2>&1
}
address "$sender" out 10.98.1.1
address "$router" ra 10.98.1.2
address "$router" rb 10.98.2.2
address "$receiver" in 10.98.2.1
ip netns exec "$router" sysctl -q net.ipv4.ip_forward=1
ip -n "$sender" route add 10.98.2.0/24 via 10.98.1.2
ip -n "$receiver" route add 10.98.1.0/24 via 10.98.2.2

shape() { # RATE_BPS BURST LIMIT: bytes
    ip netns exec "$router" tc qdisc replace dev rb root tbf rate "$1bit" burst "$2" limit "$3" 2>"$folder/error" ||
        skip "no tbf: $(cat "$folder/error")"
}

carry() { # SIZE: nanoseconds, retransmissions, nanoseconds of the handshake
    ip netns exec "$receiver" timeout 150 "$kernel" receive $port "$1" >"$folder/end" &
    waiting=$!
    for tries in 1 2 3 4 5 6 7 8 9 10; do
        ip netns exec "$receiver" ss -Hltn "sport = :$port" | grep -q . && break
        sleep 0.1
    done
    ip netns exec "$sender" timeout 150 "$kernel" send 10.98.2.1 $port "$1" >"$folder/start"
    wait $waiting
    awk 'NR == FNR { end = $1; next } { printf "%.0f %d %.0f\n", end - $1, $2, $3 }' "$folder/end" "$folder/start"
}

# The way without shaping is as long as the shortest of some handshakes.
rtt_ns=$(for run in 1 2 3 4 5 6 7 8; do carry 1; done | sort -n -k 3 | awk 'NR == 1 { print $3 }')
echo "round trip without load: $rtt_ns ns"

failed=0
cell() { # RATE_BPS SIZE BURST LIMIT NAME
    runs="1 2 3"
    [ $((8 * $2 / $1)) -ge 2 ] || runs="1 2 3 4 5 6 7"
    for run in $runs; do
        sleep 0.2 # the bucket fills
        carry "$2"
    done | sort -n >"$folder/runs"
    queue=$(($4 - packet))
    for set in linux linux-rfc8985; do
        echo "$set:$queue $2 $1 $rtt_ns 0 1"
    done | "$ours" | tr , ' ' >"$folder/ours"
    awk -v rate="$1" -v size="$2" -v burst="$3" -v name="$5" '
        NR == FNR { time[++n] = $1; again[n] = $2; next }
        {
            credit = burst * 8e9 / rate
            ours[FNR] = $8 - credit
            dropped[FNR] = $10
            difference[FNR] = 100 * (ours[FNR] / time[1] - 1)
        }
        END {
            verdict = difference[1] <= 5 && difference[1] >= -5 ? "passed" : "failed"
            printf "%s: %d Mbit/s, %d kB, %s queue: kernel %.4f s (to %.4f), %d again; ours %.4f s (%.4f without the credit), %d dropped: %+.2f %%",
                verdict, rate / 1e6, size / 1000, name, time[1] / 1e9, time[n] / 1e9, again[1], ours[1] / 1e9,
                (ours[1] + credit) / 1e9, dropped[1], difference[1]
            printf "; by RFC 8985 alone %d dropped: %+.2f %%\n", dropped[2], difference[2]
        }' "$folder/runs" "$folder/ours" >"$folder/verdict"
    cat "$folder/verdict"
    grep -q ^passed "$folder/verdict" || failed=1
}

for rate in 1000000 10000000 100000000; do
    case $rate in
    1000000) burst=1600 sizes="50000 200000 1000000" ;;
    10000000) burst=1600 sizes="100000 1000000 10000000" ;;
    100000000) burst=16000 sizes="1000000 10000000 100000000" ;;
    esac
    # Shallow: 50 ms of the rate, but room for 20 packets.
    shallow=$((rate / 8 / 20))
    [ $shallow -ge $((20 * packet)) ] || shallow=$((20 * packet))
    for size in $sizes; do
        shape $rate $burst 16000000
        cell $rate "$size" $burst 16000000 deep
        shape $rate $burst $shallow
        cell $rate "$size" $burst $shallow shallow
    done
done
exit $failed
