#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# saturation.sh [FOLDER] - run by `testbed.sh run` while the core is up: the rate at which the core begins to fail. The
# whole core is on one CPU, SIPp on the other. Three kinds of call at rising rates, each on a core that is new: a file of
# 10 KiB in 17 MESSAGEs one after another, a file session's signalling (the file itself goes past the core), a MESSAGE;
# TESTBED_KINDS names fewer. A rate holds when at most 1 % of its calls fail and at most 1 % of its requests had to be
# sent again. Behind it, what the simulator says (saturation-simulated.sh) unless TESTBED_SIMULATED=no. A core that fails
# while core_busy is low was kept from its CPU by others.
set -u
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_SECONDS:=5}" # at a rate
: "${TESTBED_KINDS:=file-in-messages session message}"
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

# A core that has never been overloaded: one that was does not always recover.
renew() {
    sh bench/testbed/testbed.sh down
    sh bench/testbed/testbed.sh up || exit 3
    sipp_folder=bench/testbed/sipp
    CLIENT_PREFIX=
    for side in a b; do
        credentials $side 1 >"$TESTBED_RUN/users-$side.csv"
        for turn in 1 2 3; do
            registered $side 1 1 && break
            sleep 2
        done
        [ "$successful" -eq 1 ] || { echo "failed: a user of home-$side.test does not register"; exit 1; }
    done
    sipp_folder=$TESTBED_RUN
    CLIENT_PREFIX='taskset -c 1'
    on_cpu 0
}

holds() {
    try "$@" || try "$@"
}

# Rises by a tenth until a rate fails twice. A first rate that fails is halved, on a new core.
search() { # KIND CLIENT SERVER FIRST REQUESTS
    tried=$4
    renew
    until holds "$1" "$2" "$3" $tried "$5"; do
        if [ $tried -le 1 ]; then
            echo "$1: fails at 1 a second" | tee -a "$folder/saturation.txt"
            return
        fi
        tried=$((tried / 2))
        renew
    done
    low=$tried tried=$((tried + (tried + 9) / 10))
    while holds "$1" "$2" "$3" $tried "$5"; do
        low=$tried tried=$((tried + (tried + 9) / 10))
        sleep 1
    done
    echo "$1: holds $low a second, fails at $tried" | tee -a "$folder/saturation.txt"
}

write_pager
echo kind,rate,calls,successful,sent_again,core_busy >"$out"
: >"$folder/saturation.txt"
for kind in $TESTBED_KINDS; do
    case $kind in
    session) search session uac uas 150 2 ;;
    message) search message message message-uas 250 1 ;;
    file-in-messages) search file-in-messages pager pager-uas 16 17 ;;
    *) echo "failed: $kind: expected session, message or file-in-messages"; failed=1 ;;
    esac
done
on_cpu 0,1
[ "${TESTBED_SIMULATED:-yes}" = no ] || sh bench/testbed/saturation-simulated.sh "$folder"
exit $failed
