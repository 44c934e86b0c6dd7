#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# saturation-simulated.sh [FOLDER] - the rates of saturation.sh by the simulator with the work of kamailio-5.6.csv: hopsim
# load on one host with one worker, by the same rule, and one over the CPU time that a session takes of the core. Needs
# no core; appended to FOLDER/saturation.txt.
set -u
: "${HOPSIM:=build/hopsim}"
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_SECONDS:=5}" # at a rate
folder=${1:-$TESTBED_RUN}

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

{
    predict session msrp-plain 10KiB 2
    predict message message-plain 100B 1
    predict file-in-messages message-plain 10KiB 17
} | tee -a "$folder/saturation.txt"
