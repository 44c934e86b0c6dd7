#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim validate --measured: the simulator, calibrated on some real transfers, against others. What was measured stands
# in build/measured.csv, so that a run that was broken off goes on; remove it to measure anew. EVERY=N takes each Nth point.
[ "$(id -u)" -eq 0 ] || { echo "skipped: network namespaces need root"; exit 77; }
record=$(pwd)/build/measured.csv
. "$(dirname "$0")/../cli/common"
timeout 1500 "$HOPSIM" validate --measured --record "$record" --every "${EVERY:-1}" >table
expect "the simulator was compared with real transfers" [ $? -eq 0 ]
sed 's/^/  /' table
expect "the last line tells the errors" grep -qE '^median error: [0-9.]+ %, worst: [0-9.]+ %$' table
[ -s "$record" ] && cp "$record" again.csv
expect "what is in the record is not measured again" timeout 60 "$HOPSIM" validate --measured --record again.csv \
    --every "${EVERY:-1}"
exit $failed
