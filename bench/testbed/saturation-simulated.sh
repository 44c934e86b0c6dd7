#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# saturation-simulated.sh [FOLDER] - the rates of saturation.sh by the simulator with the work of kamailio-5.6.csv
# (TESTBED_DWELLS: another table): hopsim load on one host with one worker, by the same rule, and one over the CPU time
# that a call takes of the core. Needs no core; appended to FOLDER/saturation.txt.
set -u
: "${HOPSIM:=build/hopsim}"
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_SECONDS:=10}" # at a rate
: "${TESTBED_LATE:=400}"   # ms
: "${TESTBED_DWELLS:=kamailio-5.6}"
folder=${1:-$TESTBED_RUN}

# Calls a second of one CPU by the core's CPU time in a trial.
by_work() { # ARM SIZE
    "$HOPSIM" run home --arm "$1" --set dwell.table="$TESTBED_DWELLS" --set dwell.spread=0 --set transfer.size="$2" --csv |
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == 2 { printf "%.0f\n", 1e9 / $at["core_cpu_ns"] }'
}

# The same rule for a simulated rate, over all that arrived: links that take no time, every role on one host with one
# worker.
simulated_holds() { # ARM SIZE RATE
    links=
    for link in access.rate access.delay core.rate core.delay site.rate site.delay; do
        links="$links --set $link=0"
    done
    "$HOPSIM" load home-load --arm "$1" --set transfer.size="$2" --set topology=single-host --set cpu.workers=1 \
        --set dwell.table="$TESTBED_DWELLS" $links --set load.arrivals=deterministic --set load.rate="$3/s" \
        --set load.duration="${TESTBED_SECONDS}s" --set load.delay_max="${TESTBED_LATE}ms" -j 1 --csv | awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        NR == 2 { holds = $at["end"] == "done" &&
            $at["counted"] - $at["delivered"] + $at["late"] <= 0.01 * $at["attempts"] }
        END { exit !holds }'
}

# Between half and one and a quarter of what work alone allows, unless that holds: far beyond, a load takes hours.
predict() { # KIND ARM SIZE
    alone=$(by_work "$2" "$3")
    low=$((alone / 2)) high=$((alone + (alone + 3) / 4))
    until [ $low -le 1 ] || simulated_holds "$2" "$3" $low; do high=$low low=$((low / 2)); done
    while simulated_holds "$2" "$3" $high; do low=$high high=$((high + (high + 3) / 4)); done
    while [ $((high - low)) -gt $(((low + 99) / 100)) ]; do
        middle=$(((low + high) / 2))
        if simulated_holds "$2" "$3" $middle; then low=$middle; else high=$middle; fi
    done
    echo "$1, simulated: holds $low a second, fails at $high; $alone by work alone"
}

{
    predict session msrp-plain 10KiB
    predict message message-plain 100B
    predict file-in-messages message-plain 13KiB # in 17 MESSAGEs, as SIPp's: simulated headers leave more room for the body
} | tee -a "$folder/saturation.txt"
