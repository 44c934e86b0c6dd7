#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# table.sh [FOLDER] - run by `testbed.sh run` while the core is up: simulated against measured, whole sessions through the
# core, users' links of 100 Mbit/s. At each load, SIPp's file sessions from a host of their own at so many a
# second, two runs: one is captured and gives dwells (hopsim inspect) and calibrating transfers, the other gives
# what the predictions are compared with (hopsim validate --core). Both are captured, so that both bear the tap; they take
# turns, TESTBED_ROUNDS times, each first in every other one, so that a machine whose speed drifts is as fast in one as in
# the other.
set -u
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_LOADS:=1 10 50}"
: "${TESTBED_ROUNDS:=6}"
: "${TESTBED_REPEAT:=4}" # transfers of each point in a round; of 1 MiB in MESSAGEs, seconds each, one
folder=${1:-$TESTBED_RUN/table}
link=100Mbit/s
. bench/testbed/network.sh
. bench/testbed/users.sh
rm -rf "$folder"
mkdir -p "$folder"

# transfers FOLDER ARM SIZE
transfers() {
    repeat=$TESTBED_REPEAT
    [ "$2-$3" != message-plain-1MiB ] || repeat=1
    "$HOPSIM" measure --core "$TESTBED_RUN/core-udp.ini" --arm "$2" --size "$3" --repeat $repeat \
        --tcp cubic --buffer 1MiB -o "$1/$2-$3" >"$TESTBED_RUN/measure.out" 2>&1 && return
    echo "failed: $repeat of $2, $3"
    cat "$TESTBED_RUN/measure.out"
    failed=1
}

# The rounds of a run as one table a point.
join() { # FOLDER
    for point in "$1"/1/*/; do
        name=$(basename "$point")
        mkdir "$1/$name"
        awk 'FNR > 1 || NR == 1' "$1"/[1-9]*/"$name"/trials.csv >"$1/$name/trials.csv"
    done
    rm -rf "$1"/[1-9]*
}

calibrate() { # FOLDER
    for size in 10KiB 1MiB; do
        for arm in msrp-plain msrp-smime msrp-relay; do
            transfers "$1" $arm $size
        done
    done
    transfers "$1" message-plain 10KiB
}

compare() { # FOLDER
    for arm in message-plain msrp-relay msrp-plain msrp-smime; do
        for size in 1KiB 100KiB 1MiB; do
            transfers "$1" $arm $size
        done
    done
}

# The users of the background are no UEs of ours: their dwells are put where they count for nothing.
dwells() { # LOAD
    "$HOPSIM" inspect "$TESTBED_RUN/calibration-$1"-*.pcapng --table dwells --csv \
        --role "$load_address:5060=as" --role "$load_address:5061=as" | awk -F, '$1 != "as"' >"$TESTBED_RUN/dwells-table-$1.csv"
    {
        echo "# Kamailio $(kamailio -v | sed -n 's/^version: kamailio \([^ ]*\).*/\1/p'), $(date -u +%F), $1 sessions a second beside those of hopsim measure."
        echo role,kind,side,n,min_ms,median_ms,p95_ms,max_ms,work_ms,includes,source
        echo no work measured >"$TESTBED_RUN/no-work"
        awk -v source="hopsim inspect, $1 sessions a second" -f bench/testbed/dwells.awk "$TESTBED_RUN/no-work" "$TESTBED_RUN/dwells-table-$1.csv"
        cat bench/testbed/dwells-assumed.csv
    } >"$folder/$1/dwells.csv"
}

links_begin 100000000 || { echo "failed: the users' links are not shaped"; exit 3; }
for load in $TESTBED_LOADS; do
    background_start "$load"
    sleep 1
    for round in $(seq "$TESTBED_ROUNDS"); do
        mkdir -p "$folder/$load/calibration/$round" "$folder/$load/measured/$round"
        # Each is first in every other turn: what comes first may be slower.
        [ $((round % 2)) -eq 0 ] && record measured compare "$folder/$load/measured/$round"
        record "calibration-$load-$round" calibrate "$folder/$load/calibration/$round"
        [ $((round % 2)) -eq 1 ] && record measured compare "$folder/$load/measured/$round"
        rm -f "$TESTBED_RUN/measured.pcapng"
    done
    background_end
    join "$folder/$load/calibration"
    join "$folder/$load/measured"
    dwells "$load"
done
links_end
"$HOPSIM" validate --core "$folder" --rate $link
exit $failed
