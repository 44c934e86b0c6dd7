#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# saturation.sh [FOLDER] - run by `testbed.sh run` while the core is up: the rate at which the core begins to fail. The
# whole core is on one CPU, SIPp on the other. Three kinds of call at rising rates, each on a core that is new but warm: a
# file of 10 KiB in 17 MESSAGEs one after another, a file session's signalling (the file itself goes past the core), a
# MESSAGE; TESTBED_KINDS names fewer.
#
# A call is adequately handled when it ends well and is answered (INVITE by its 200, the file's last MESSAGE by its own)
# within TESTBED_LATE milliseconds: below T1 (RFC 3261 section 17.1.1.1), so that nobody has sent anything again by then.
# A rate holds when at most 1 % of its calls are not. Beyond what the core can do, calls wait (rate x work - 1) seconds
# longer each second: in 10 s, 0.4 s are reached at 4 % beyond, so rates rise by a twentieth. A machine that is slow for
# half a second makes a rate fail that the core can do: so a rate fails when none of TESTBED_TRIES holds, each but the
# first on a core that is new and warm. Behind it, what the simulator says by the same rule (saturation-simulated.sh)
# unless TESTBED_SIMULATED=no.
#
# What warms a core are calls too, 24 at a time as in dwells.sh: rows without a rate. By them the core's CPU time a call is
# known at the same minute, beside that of the tables of dwells.
#
# core_busy counts the time that SIPp waits for calls that do not end. Not at real-time priority: what wakes there
# does not interrupt who has woken it, and the core works in longer batches than it does by itself.
set -u
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_SECONDS:=10}" # at a rate
: "${TESTBED_LATE:=400}"
: "${TESTBED_TRIES:=3}"
: "${TESTBED_KINDS:=file-in-messages session message}"
folder=${1:-$TESTBED_RUN}
. bench/testbed/network.sh
. bench/testbed/users.sh
out=$folder/saturation.csv

# Messages that were dropped where a node's socket was full.
dropped() {
    for node in $cores; do
        for pid in $(ip netns pids "$(namespace_of $node)" | head -1); do
            awk '$1 == "Udp:" && at { print $at } $1 == "Udp:" { for (i = 2; i <= NF; i++) if ($i == "RcvbufErrors") at = i }' \
                "/proc/$pid/net/snmp"
        done
    done | awk '{ sum += $1 } END { print sum + 0 }'
}

# Of SIPp's last screen and its response times: calls that ended well, calls answered in time, those answered at all,
# requests sent again.
counted() { # CLIENT
    cat "$TESTBED_RUN/$1-a.out" "$TESTBED_RUN/$1"_*_rtt.csv | awk -v late="$TESTBED_LATE" '
        /Successful call/ { good = $NF }
        /^ *(INVITE|BYE|MESSAGE) -*>/ { for (i = 2; i < NF; i++) if ($i ~ /^[0-9]+$/) { again += $(i + 1); break } }
        split($0, part, ";") == 3 && part[3] == 1 { answered++; timely += part[2] <= late }
        END { print good + 0, timely + 0, answered + 0, again + 0 }'
}

# In its own folder, where SIPp leaves its response times.
calls() { # CLIENT COUNT RATE OPTION...
    name=$1 count=$2 rate=$3
    shift 3
    (
        cd "$TESTBED_RUN" || exit 1
        rm -f "$name"_*_rtt.csv
        client "$name" a "$TESTBED_RUN/calls.csv" "$count" "$rate" -d 20 "$@"
    )
}

# try KIND CLIENT SERVER RATE: true when the rate holds. A row: kind, rate, calls, how many ended well, how many were
# adequately handled, requests that SIPp sent again, messages that sockets dropped, CPU time of the core a call, share of
# its CPU that the core was busy.
try() {
    count=$(($4 * TESTBED_SECONDS))
    server "$3"
    begin=$(date +%s%N) before=$(cpu_ns $cores) full=$(dropped)
    calls "$2" "$count" "$4" -timeout $((TESTBED_SECONDS + 8)) -l 100000 -trace_rtt -rtt_freq 1
    busy=$(($(cpu_ns $cores) - before)) wall=$(($(date +%s%N) - begin)) full=$(($(dropped) - full))
    server_end
    set -- "$1" "$4" $(counted "$2")
    adequate=$(($4 - ($5 - $3)))
    [ $adequate -ge 0 ] || adequate=0
    awk -v row="$1,$2,$count,$3,$adequate,$6,$full" -v count="$count" -v busy="$busy" -v wall=$wall '
        BEGIN { printf "%s,%.0f,%.3f\n", row, busy / count, busy / wall }' >>"$out"
    [ $(((count - adequate) * 100)) -le "$count" ]
}

# A core that has never been overloaded, since one that was does not always recover; warm, since the first thousands of
# calls take half as long again (memory that it touches for the first time).
renew() { # KIND CLIENT SERVER CALLS
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
    for turn in 1 2 3; do
        server "$3"
        before=$(cpu_ns $cores)
        calls "$2" $(($4 / 3)) 5000 -l 24
        awk -v row="$1,,$(($4 / 3)),,,," -v count=$(($4 / 3)) -v busy=$(($(cpu_ns $cores) - before)) '
            BEGIN { printf "%s,%.0f,\n", row, busy / count }' >>"$out"
        server_end
    done
}

holds() { # KIND CLIENT SERVER RATE WARM
    for number in $(seq "$TESTBED_TRIES"); do
        [ "$number" -eq 1 ] || renew "$1" "$2" "$3" "$5"
        try "$1" "$2" "$3" "$4" && return
    done
    return 1
}

# Rises by a twentieth until a rate fails. A first rate that fails is halved. WARM: calls that warm a core.
search() { # KIND CLIENT SERVER FIRST WARM
    tried=$4
    renew "$1" "$2" "$3" "$5"
    until holds "$1" "$2" "$3" $tried "$5"; do
        if [ $tried -le 1 ]; then
            echo "$1: fails at 1 a second" | tee -a "$folder/saturation.txt"
            return
        fi
        tried=$((tried / 2))
        renew "$1" "$2" "$3" "$5"
    done
    low=$tried tried=$((tried + (tried + 19) / 20))
    while holds "$1" "$2" "$3" $tried "$5"; do
        low=$tried tried=$((tried + (tried + 19) / 20))
        sleep 1
    done
    echo "$1: holds $low a second, fails at $tried" | tee -a "$folder/saturation.txt"
}

write_pager
echo kind,rate,calls,successful,adequate,sent_again,dropped,core_ns_a_call,core_busy >"$out"
: >"$folder/saturation.txt"
for kind in $TESTBED_KINDS; do
    case $kind in
    session) search session uac uas 302 6000 ;;
    message) search message message message-uas 717 12000 ;;
    file-in-messages) search file-in-messages pager pager-uas 40 750 ;;
    *) echo "failed: $kind: expected session, message or file-in-messages"; failed=1 ;;
    esac
done
on_cpu 0,1
[ "${TESTBED_SIMULATED:-yes}" = no ] || sh bench/testbed/saturation-simulated.sh "$folder"
exit $failed
