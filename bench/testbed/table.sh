#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# table.sh [FOLDER] - run by `testbed.sh run` while the core is up: simulated against measured, whole sessions through the
# core, users' links of 100 Mbit/s. At each load, SIPp's file sessions from a host of their own at so many a
# second: first a run that is captured, of which the dwells are (hopsim inspect); then TESTBED_ROUNDS of transfers that
# calibrate and of others that are compared with what is predicted of them (hopsim validate --core).
#
# What a core has just done shows in what it does next, and a machine's speed drifts within seconds, by a tenth and more.
# So of those that calibrate and those that are compared neither is in a better place: both are the same transfers, each
# right beside its twin, one first and then the other, in an order that each round draws anew; all bear the tap. What is
# of use to either is chosen behind them.
set -u
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_LOADS:=1 10 50}"
: "${TESTBED_ROUNDS:=16}"
: "${TESTBED_CAPTURED:=2}" # rounds that give the dwells
: "${TESTBED_REPEAT:=2}" # transfers of each point in a round; of 1 MiB in MESSAGEs, seconds each, one in every other round
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

# The arms and sizes in the order of a round, a line each.
points() { # ROUND
    for arm in message-plain msrp-relay msrp-plain msrp-smime; do
        between=2KiB
        [ $arm != message-plain ] || between=32KiB
        for size in 1KiB $between 100KiB 1MiB; do
            [ $arm-$size = message-plain-1MiB ] && [ $(($1 % 2)) -eq 0 ] && continue
            echo $arm $size
        done
    done | awk -v seed="$1" 'BEGIN { srand(seed) } { print rand(), $0 }' | sort -g
}

# Each point of a round into each of the folders, the first folder last for the next point.
all() { # ROUND FOLDER...
    points "$1" >"$TESTBED_RUN/points"
    round=$1
    shift
    while read -r number arm size <&3; do
        for into in "$@"; do
            mkdir -p "$into/$round"
            transfers "$into/$round" "$arm" "$size"
        done
        into=$1
        shift
        set -- "$@" "$into"
    done 3<"$TESTBED_RUN/points"
}

# The rounds of a run as one table a point, of the points that NAMES match.
join() { # FOLDER NAMES
    for point in "$1"/1/*/; do
        name=$(basename "$point")
        echo "$name" | grep -Eq "^($2)\$" || continue
        mkdir "$1/$name"
        awk 'FNR > 1 || NR == 1' "$1"/[1-9]*/"$name"/trials.csv >"$1/$name/trials.csv"
    done
    rm -rf "$1"/[1-9]*
}

# The users of the background are no UEs of ours: their dwells are put where they count for nothing.
dwells() { # LOAD
    "$HOPSIM" inspect "$TESTBED_RUN/dwells-$1"-*.pcapng --table dwells --csv \
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
    for round in $(seq "$TESTBED_CAPTURED"); do
        record "dwells-$load-$round" all "$round" "$folder/$load/captured"
    done
    for round in $(seq "$TESTBED_ROUNDS"); do
        record measured all "$round" "$folder/$load/calibration" "$folder/$load/measured"
        rm -f "$TESTBED_RUN/measured.pcapng"
    done
    background_end
    rm -rf "$folder/$load/captured"
    join "$folder/$load/calibration" '.*-(2|32)KiB|msrp-.*-1MiB'
    join "$folder/$load/measured" '.*-(1KiB|100KiB|1MiB)'
    dwells "$load"
done
links_end
"$HOPSIM" validate --core "$folder" --rate $link
exit $failed
