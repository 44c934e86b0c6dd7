#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# dwells.sh [FOLDER] - run by `testbed.sh run` while the core is up: how long each node of it keeps what, and how much of
# that is work. Writes kamailio-5.6.csv (10 a second), kamailio-5.6-at-1.csv and kamailio-5.6-at-100.csv into FOLDER.
#
# Dwells: registrations, file sessions' signalling and MESSAGEs at 1, 10 and 100 a second, captured on every link, last
# bit in to first bit out as hopsim inspect finds them.
# Work: with every process of the core on one CPU and SIPp on the other, SIPp keeps TESTBED_OUTSTANDING calls outstanding:
# enough for the core to have always something to do. A message takes the less the longer the queues are (a process that
# finds another one waiting need not be woken), so the number tells for which queues. CPU time of each node's processes
# (/proc/PID/schedstat) over the calls. Kinds take turns, and each counts with the median of TESTBED_ROUNDS, behind one
# round in which the core gets warm: memory that it touches for the first time takes half as long again. Sessions with 8
# more INFOs tell what a request in the dialog costs. What a request and its responses cost together is divided in the
# ratio of their dwells. Not at real-time priority: what wakes there does not interrupt who has woken it, and a core
# works in longer batches than by itself.
set -u
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_RATES:=1 10 100}"
: "${TESTBED_SATURATION:=2000}" # calls of a kind in a round
: "${TESTBED_ROUNDS:=3}"
: "${TESTBED_OUTSTANDING:=24}" # calls at a time where the core is saturated
folder=${1:-$TESTBED_RUN}
. bench/testbed/network.sh
. bench/testbed/users.sh

calls() { # SCENARIO SERVER CALLS RATE OPTION...
    server "$2"
    scenario=$1 count=$3 rate=$4
    shift 4
    expect "$count of $scenario, at most $rate a second" client "$scenario" a "$TESTBED_RUN/calls.csv" "$count" "$rate" "$@"
    server_end
}

# ---- Dwells ----

# How many of a kind at a rate: some 40 s at 1 a second, less where many come quickly.
count_at() { # RATE
    case $1 in
    1) echo 40 ;;
    10) echo 200 ;;
    *) echo 1000 ;;
    esac
}

registrations() { # RATE
    for side in a b; do
        register $side "$((($(count_at "$1") + 1) / 2))" "$1"
    done
}

rows_of() { # NAME
    "$HOPSIM" inspect "$TESTBED_RUN/$1.pcapng" --table dwells --csv || failed=1
}

dwells_at() { # RATE
    record "registrations-$1" registrations "$1"
    record "sessions-$1" calls uac uas "$(count_at "$1")" "$1"
    record "messages-$1" calls message message-uas "$(count_at "$1")" "$1"
    {
        rows_of "registrations-$1" | awk -F, '$2 ~ /^(REGISTER|UAR|MAR|SAR)/'
        rows_of "sessions-$1"
        rows_of "messages-$1" | awk -F, '$2 !~ /^LIR/'
    } >"$TESTBED_RUN/dwells-$1.csv"
}

# ---- Work ----

# saturate NAME COUNT COMMAND...: a line "NAME NODE ns-a-call" for each node, and "NAME rate calls-a-second".
saturate() {
    name=$1 count=$2
    shift 2
    for node in $cores; do
        echo "$node $(cpu_ns $node)"
    done >"$TESTBED_RUN/cpu-before"
    begin=$(date +%s%N)
    "$@"
    end=$(date +%s%N)
    for node in $cores; do
        echo "$node $(cpu_ns $node)"
    done | paste - "$TESTBED_RUN/cpu-before" | awk -v name="$name" -v count="$count" -v took=$((end - begin)) '
        { printf "%s %s %.0f\n", name, $1, ($2 - $4) / count }
        END { printf "%s rate %.1f\n", name, count / took * 1e9 }' >>"$TESTBED_RUN/work"
}

# A saturated kind: SIPp's client alone is timed, its server stands before.
saturated() { # NAME CLIENT SERVER COUNT OPTION...
    name=$1 caller=$2 count=$4
    server "$3"
    shift 4
    saturate "$name" "$count" expect "$count of $name" client_mostly "$caller" a "$TESTBED_RUN/calls.csv" "$count" 5000 \
        -l "$TESTBED_OUTSTANDING" -d 20 "$@"
    server_end
}

saturated_registrations() {
    half=$((TESTBED_SATURATION / 2))
    credentials a $half >"$TESTBED_RUN/users-a.csv"
    saturate register-a $half expect "$half registrations" client_mostly register a "$TESTBED_RUN/users-a.csv" $half 5000 \
        -l "$TESTBED_OUTSTANDING"
}

# A request in the dialog that overtook the ACK would be refused: it waits 20 ms, INFO 100, and at some 350 and 120 calls
# a second 7 and 12 of them do that.
saturate_all() {
    saturated messages message message-uas "$TESTBED_SATURATION"
    saturated long-messages long-message message-uas "$TESTBED_SATURATION"
    saturated sessions uac uas "$TESTBED_SATURATION" -l $((TESTBED_OUTSTANDING + 7))
    saturated infos uac-infos uas-infos $((TESTBED_SATURATION / 4)) -l $((TESTBED_OUTSTANDING + 12)) -d 100
    saturated_registrations
}

# long-message: with the body of a part of 10 KiB in 17 of them, which the table is not made from.
write_scenarios() {
    cp bench/testbed/sipp/*.xml "$TESTBED_RUN"
    for file in uac uas; do
        awk -v more=8 -f bench/testbed/more.awk bench/testbed/sipp/$file.xml >"$TESTBED_RUN/$file-infos.xml"
    done
    awk '/^      0123456789[0-9]*$/ { for (body = ""; length(body) < 603;) body = body "0123456789"; $0 = "      " substr(body, 1, 603) }
        { print }' bench/testbed/sipp/message.xml >"$TESTBED_RUN/long-message.xml"
}

work() {
    register a 1 1
    register b 1 1
    write_scenarios
    sipp_folder=$TESTBED_RUN
    CLIENT_PREFIX='taskset -c 1'
    on_cpu 0
    for round in $(seq 0 "$TESTBED_ROUNDS"); do
        : >"$TESTBED_RUN/work"
        saturate_all
        mv "$TESTBED_RUN/work" "$TESTBED_RUN/work-$round"
    done
    rm "$TESTBED_RUN/work-0"
    on_cpu 0,1
    CLIENT_PREFIX=
    sipp_folder=bench/testbed/sipp
    medians "$TESTBED_RUN"/work-* >"$TESTBED_RUN/work"
    rm "$TESTBED_RUN"/work-*
}

# Of a count that is even the lower one of the two in the middle.
medians() { # FILE...
    sort -k 1,1 -k 2,2 -k 3,3g "$@" | awk '
        function close_group() { if (count > 0) print name, values[int((count + 1) / 2)] }
        $1 " " $2 != name { close_group(); name = $1 " " $2; count = 0 }
        { values[++count] = $3 }
        END { close_group() }'
}

# ---- Tables ----

# A MESSAGE of 603 B of body over one of 100 B, by the whole core.
longer() {
    awk '{ sum[$1] += $2 == "rate" ? 0 : $3 } END { printf "%.2f", sum["long-messages"] / sum["messages"] }' "$TESTBED_RUN/work"
}

about() { # RATE
    cat <<END
# Kamailio $version, its IMS modules and its Diameter server as HSS, two home networks, each node in a network namespace of one
# machine ($(nproc) CPUs, $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), Linux $(uname -r)), $(date -u +%F): $1 a second. Dwells: last bit in to
# first bit out at the node's own interface, by hopsim inspect. Work: CPU time of the node's processes a message where
# the core is saturated and warm ($TESTBED_OUTSTANDING calls outstanding, median of $TESTBED_ROUNDS), divided between a request and its
# responses in the ratio of their dwells, at most the median. A MESSAGE of 603 B takes $(longer) times as much work as those
# of 100 B that are meant here.
# Work is not part of a dwell alone: at few messages a second, a dwell is longer for waking processes and cold caches.
# Made by bench/testbed/dwells.sh. Times in milliseconds.
role,kind,side,n,min_ms,median_ms,p95_ms,max_ms,work_ms,includes,source
END
}

version=$(kamailio -v | sed -n 's/^version: kamailio \([^ ]*\).*/\1/p')
for rate in $TESTBED_RATES; do
    dwells_at "$rate"
done
work
for rate in $TESTBED_RATES; do
    name=kamailio-5.6-at-$rate
    [ "$rate" != 10 ] || name=kamailio-5.6
    {
        about "$rate"
        awk -v source="measured with Kamailio $version, $(date -u +%F), $rate a second" -f bench/testbed/dwells.awk "$TESTBED_RUN/work" "$TESTBED_RUN/dwells-$rate.csv"
        cat bench/testbed/dwells-assumed.csv
    } >"$folder/$name.csv"
    expect "$name is a table of dwells" "$HOPSIM" run home --set dwell.table="$folder/$name.csv" >/dev/null
done
cat "$TESTBED_RUN/work"
exit $failed
