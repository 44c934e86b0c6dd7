#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# table.sh [FOLDER] - run by `testbed.sh run` while the core is up: simulated against measured, whole sessions through the
# core, users' links of 100 Mbit/s. At each load, SIPp's file sessions from a host of their own at so many a
# second, two runs: the first is captured and gives dwells (hopsim inspect) and calibrating transfers, the second gives
# what the predictions are compared with (hopsim validate --core). Both are captured, so that both bear the tap.
set -u
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_LOADS:=1 10 50}"
: "${TESTBED_REPEAT:=9}"
folder=${1:-$TESTBED_RUN/table}
link=100Mbit/s
. bench/testbed/network.sh
. bench/testbed/users.sh
rm -rf "$folder"
mkdir -p "$folder"

# transfers FOLDER ARM SIZE N
transfers() {
    expect "$4 of $2, $3" "$HOPSIM" measure --core "$TESTBED_RUN/core-udp.ini" --arm "$2" --size "$3" --repeat "$4" \
        --tcp cubic --buffer 1MiB -o "$1/$2-$3" >"$TESTBED_RUN/measure.out" 2>&1 || cat "$TESTBED_RUN/measure.out"
}

calibrate() { # FOLDER
    for size in 10KiB 1MiB; do
        for arm in msrp-plain msrp-smime msrp-relay; do
            transfers "$1" $arm $size "$TESTBED_REPEAT"
        done
    done
    transfers "$1" message-plain 10KiB 3
}

compare() { # FOLDER
    for arm in message-plain msrp-relay msrp-plain msrp-smime; do
        for size in 1KiB 100KiB 1MiB; do
            transfers "$1" $arm $size "$TESTBED_REPEAT"
        done
    done
}

# The users of the background are no UEs of ours: their dwells are put where they count for nothing.
dwells() { # LOAD
    "$HOPSIM" inspect "$TESTBED_RUN/calibration-$1.pcapng" --table dwells --csv \
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
    mkdir -p "$folder/$load/calibration" "$folder/$load/measured"
    background_start "$load"
    sleep 1
    record "calibration-$load" calibrate "$folder/$load/calibration"
    dwells "$load"
    record "measured-$load" compare "$folder/$load/measured"
    background_end
    rm -f "$TESTBED_RUN/measured-$load.pcapng"
done
links_end
"$HOPSIM" validate --core "$folder" --rate $link
exit $failed
