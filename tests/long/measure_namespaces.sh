#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim measure in network namespaces: every arm with rate and delay, what rate and delay do, captures of every link,
# and that nothing stays behind after Ctrl-C, SIGTERM or kill -9.
[ "$(id -u)" -eq 0 ] || { echo "skipped: network namespaces need root"; exit 77; }
. "$(dirname "$0")/../cli/common"

column() { # NAME: of the only row in row.csv
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == 2 { print $at }' row.csv
}

# The namespaces of a process's measurement.
sets() {
    ip netns list | grep -c "^hopsim-$1-"
}

for arm in $("$HOPSIM" list arms --csv | awk -F, '/,measured,/ { print $1 }'); do
    "$HOPSIM" measure --arm "$arm" --size 30KiB --rate 10Mbit/s --rtt 8ms --csv >row.csv 2>err
    expect "$arm is delivered" [ "$(column end)" = delivered ]
    expect "$arm: bytes of all links are counted" [ "$(column wire_bytes)" -gt 60000 ]
done

"$HOPSIM" measure --arm msrp-plain --size 1MiB --rate 10Mbit/s --csv >row.csv 2>err
# 1,048,576 B in segments of 1,448 B, each a frame of 1,514 B: 877.1 ms; the first ten of them leave at once on one link
# and the bucket holds two frames.
expect "10 Mbit/s carry 1 MiB in 0.86 to 0.95 s" awk -v t="$(column transfer_ns)" 'BEGIN { exit !(t > 860e6 && t < 950e6) }'
# Slow start sends two segments for each that leaves the link: from the moment a queue is full one in two is lost, until
# the first loss is noticed, which is when all that waited before it has left. 512 KiB are 346 frames of 1,514 B.
for queue in 512KiB 2MiB; do
    "$HOPSIM" measure --arm msrp-plain --size 2MiB --rate 10Mbit/s --tcp reno --buffer 4MiB --queue $queue --csv >row.csv 2>err
    column retransmissions >again-$queue
done
expect "a queue as long as the file loses nothing" [ "$(cat again-2MiB)" -eq 0 ]
expect "a queue of 512 KiB loses as many frames as it holds" awk -v n="$(cat again-512KiB)" \
    'BEGIN { exit !(n > 320 && n < 380) }'
"$HOPSIM" measure --arm msrp-plain --size 10KiB --rtt 100ms --csv >row.csv 2>err
expect "a round trip of 100 ms is in the setup" awk -v t="$(column setup_ns)" 'BEGIN { exit !(t > 100e6 && t < 130e6) }'
expect "and half of it in the transfer" awk -v t="$(column transfer_ns)" 'BEGIN { exit !(t > 49e6 && t < 75e6) }'
expect "the delay box tells its own error" grep -q "^delay box: [0-9]* frames, late by" err

"$HOPSIM" measure --arm msrp-relay --size 50KiB --pcap all.pcapng --keylog keys >out 2>err
expect "a measurement with a capture" [ $? -eq 0 ]
if command -v tshark >/dev/null; then
    openssl genrsa -out unused.pem 2048 2>/dev/null # without one tshark takes no word about a port under TLS
    tshark -r all.pcapng -o tls.keylog_file:keys -d tcp.port==2855,tls \
        -o 'uat:ssl_keys:"","2855","msrp","'"$PWD"'/unused.pem",""' -T fields -e _ws.col.Protocol -e frame.interface_name \
        >seen 2>/dev/null
    expect "SIP is captured" grep -q "^SIP" seen
    expect "Diameter is captured" grep -q "^DIAMETER" seen
    expect "MSRP under TLS is opened with the secrets" grep -q "^MSRP" seen
    expect "every link is captured" [ "$(cut -f2 seen | sort -u | wc -l)" -ge 10 ]
fi

"$HOPSIM" measure --arm msrp-plain --size 100MiB --rate 1Mbit/s >out 2>err &
pid=$!
sleep 2
expect "the namespaces are there" [ "$(sets $pid)" -ge 9 ]
kill -TERM $pid
wait $pid
expect "SIGTERM ends a measurement with a fault's status" [ $? -eq 3 ]
expect "SIGTERM leaves no namespace" [ "$(sets $pid)" -eq 0 ]

"$HOPSIM" measure --arm msrp-relay --size 100MiB --rate 1Mbit/s >out 2>err &
pid=$!
sleep 2
children=$(pgrep -P $pid | tr '\n' ' ')
kill -KILL $pid
wait $pid 2>/dev/null
sleep 0.3
expect "kill -9 leaves its namespaces" [ "$(sets $pid)" -ge 9 ]
left=0
for child in $children; do
    [ -d "/proc/$child" ] && [ "$(cut -d' ' -f3 "/proc/$child/stat")" != Z ] && left=1
done
expect "kill -9 leaves no process" [ $left -eq 0 ]
"$HOPSIM" measure --arm msrp-plain --size 1KiB >out 2>err
expect "the next measurement removes them" [ "$(sets $pid)" -eq 0 ]
expect "and its own" [ "$(ip netns list | grep -c '^hopsim-[0-9]')" -eq "$(ip netns list | grep '^hopsim-' | awk -F- '{ if (system("[ -d /proc/" $2 " ]") == 0) n++ } END { print n + 0 }')" ]
exit $failed
