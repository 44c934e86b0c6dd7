#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# saturation.sh [FOLDER] - run by `testbed.sh run` while the core is up: the rate at which the core begins to fail. The
# whole core is on one CPU, SIPp on the other. Three kinds of call at rising rates: a file session's signalling (the
# file itself goes past the core), a MESSAGE, and a file of 10 KiB in 17 MESSAGEs one after another. A rate holds when
# at most 1 % of its calls fail and at most 1 % of its requests had to be sent again. Beside it, what the simulator
# says with the work of kamailio-5.6.csv: hopsim load on one host with one worker, by the same rule, and one over the CPU
# time that a session takes of the core. A core that fails while core_busy is low was kept from its CPU by others.
set -u
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_SECONDS:=5}" # at a rate
folder=${1:-$TESTBED_RUN}
. bench/testbed/network.sh
. bench/testbed/users.sh
cores='p-cscf-a i-cscf-a s-cscf-a hss-a p-cscf-b i-cscf-b s-cscf-b hss-b'
out=$folder/saturation.csv

on_cpu() { # CPU-LIST
    for node in $cores; do
        for pid in $(ip netns pids "$(namespace_of $node)"); do
            taskset -p -c "$1" "$pid" >/dev/null
        done
    done
}

# The MESSAGE scenario with 17 of them, 603 B of body each.
write_pager() {
    awk -v parts=17 '
        /^  <send/ { inside = 1 }
        inside { block = block $0 "\n"; if (/<recv response="200"/) { inside = 0; repeat(block) } next }
        { print }
        function repeat(text,   i, part, body) {
            for (body = ""; length(body) < 603;) body = body "0123456789"
            for (i = 1; i <= parts; i++) {
                part = text
                gsub(/CSeq: 1 /, "CSeq: " i " ", part)
                gsub(/      0123456789[0-9]*\n/, "      " substr(body, 1, 603) "\n", part)
                if (i > 1) { gsub(/ start_rtd="1"/, "", part); gsub(/ rtd="1"/, "", part) }
                printf "%s", part
            }
        }' bench/testbed/sipp/message.xml >"$TESTBED_RUN/pager.xml"
    awk -v parts=17 '
        /^  <recv/ { inside = 1 }
        /^<\/scenario>/ { for (i = 0; i < parts; i++) printf "%s", block; print; next }
        inside { block = block $0 "\n"; next }
        { print }' bench/testbed/sipp/message-uas.xml >"$TESTBED_RUN/pager-uas.xml"
    cp bench/testbed/sipp/*.xml "$TESTBED_RUN"
}

cpu_ns() {
    for node in $cores; do
        for pid in $(ip netns pids "$(namespace_of $node)"); do
            cut -d ' ' -f 1 "/proc/$pid/schedstat"
        done
    done | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# Successful calls, and requests sent again, of SIPp's last screen.
counted() { # CLIENT
    awk '/Successful call/ { good = $NF }
        /^ *(INVITE|BYE|MESSAGE) -*>/ { for (i = 2; i < NF; i++) if ($i ~ /^[0-9]+$/) { again += $(i + 1); break } }
        END { print good + 0, again + 0 }' "$TESTBED_RUN/$1-a.out"
}

# try KIND CLIENT SERVER RATE REQUESTS: true when the rate holds. A row: kind, rate, calls, successful, requests sent
# again, share of its CPU that the core was busy.
try() {
    count=$(($4 * TESTBED_SECONDS))
    server "$3"
    begin=$(date +%s%N) before=$(cpu_ns)
    client "$2" a "$TESTBED_RUN/calls.csv" "$count" "$4" -d 20 -timeout $((TESTBED_SECONDS + 8)) -l 100000
    busy=$(($(cpu_ns) - before)) end=$(date +%s%N)
    server_end
    set -- "$1" "$4" "$5" $(counted "$2")
    awk -v row="$1,$2,$count,$4,$5" -v busy="$busy" -v wall=$((end - begin)) 'BEGIN { printf "%s,%.3f\n", row, busy / wall }' >>"$out"
    [ $((($count - $4) * 100)) -le "$count" ] && [ $(($5 * 100)) -le $((count * $3)) ]
}

# An overloaded core has requests of before to give up; it is asked again when one call goes through at once.
recover() { # CLIENT SERVER
    for turn in 1 2 3 4 5 6 7 8 9 10 11 12; do
        sleep 5
        server "$2"
        client "$1" a "$TESTBED_RUN/calls.csv" 3 3 -d 20 -timeout 5
        server_end
        [ "$(counted "$1")" != "3 0" ] || return 0
    done
    return 1
}

# Rises by a tenth until a rate fails twice: before, the core has never been overloaded.
search() { # KIND CLIENT SERVER FIRST REQUESTS
    low=0 rate=$4
    while try "$1" "$2" "$3" $rate "$5" || try "$1" "$2" "$3" $rate "$5"; do
        low=$rate
        rate=$((rate + (rate + 9) / 10))
        sleep 1
    done
    echo "$1: holds $low a second, fails at $rate"
    recover "$2" "$3" || echo "  the core did not recover within a minute"
}

# Calls a second of one CPU by the core's CPU time in a trial.
by_work() { # ARM SIZE
    "$HOPSIM" run home --arm "$1" --set dwell.table=kamailio-5.6 --set dwell.spread=0 --set transfer.size="$2" --csv |
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == 2 { printf "%.0f\n", 1e9 / $at["core_cpu_ns"] }'
}

# The same rule for a simulated rate: links that take no time, every role on one host with one worker.
simulated_holds() { # ARM SIZE REQUESTS RATE
    links=
    for link in access.rate access.delay core.rate core.delay site.rate site.delay; do
        links="$links --set $link=0"
    done
    "$HOPSIM" load home-load --arm "$1" --set transfer.size="$2" --set topology=single-host --set cpu.workers=1 \
        --set dwell.table=kamailio-5.6 $links --set load.arrivals=deterministic --set load.rate="$4/s" \
        --set load.duration="${TESTBED_SECONDS}s" --set load.delay_max=0 -j 1 --csv | awk -F, -v requests="$3" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        NR == 2 { holds = $at["end"] == "done" && $at["inadequate_ratio"] <= 0.01 &&
            $at["sip_again"] <= 0.01 * requests * $at["attempts"] }
        END { exit !holds }'
}

predict() { # KIND ARM SIZE REQUESTS
    low=1 high=4000
    while [ $((high - low)) -gt $(((low + 49) / 50)) ]; do
        middle=$(((low + high) / 2))
        if simulated_holds "$2" "$3" "$4" $middle; then low=$middle; else high=$middle; fi
    done
    echo "$1, simulated: holds $low a second, fails at $high; $(by_work "$2" "$3") by work alone"
}

write_pager
sipp_folder=$TESTBED_RUN
register a 1 1
register b 1 1
CLIENT_PREFIX='taskset -c 1'
on_cpu 0
echo kind,rate,calls,successful,sent_again,core_busy >"$out"
{
    search session uac uas 100 2
    search message message message-uas 200 1
    search file-in-messages pager pager-uas 12 17
    predict session msrp-plain 10KiB 2
    predict message message-plain 100B 1
    predict file-in-messages message-plain 10KiB 17
} | tee "$folder/saturation.txt"
on_cpu 0,1
exit $failed
