#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# M/M/1 by SimPy, SimGrid, ns-3's scheduler and hopsim: each mean time in the system is the closed form's, and the table
# of make bench-peers PEERS=speed comes out whole.
set -u
: "${B:?names the build folder}"
[ -x /usr/bin/python3 ] && /usr/bin/python3 -c 'import simpy' 2>/dev/null || { echo "skipped: SimPy is not installed"; exit 77; }
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
sh bench/peers/speed.sh "$B" 300000 "$folder/table.csv" >"$folder/out" 2>"$folder/err"
status=$?
cat "$folder/out"
if [ $status -eq 0 ]; then echo "passed: all means are those of M/M/1"; else
    echo "failed: $(cat "$folder/err")"
fi
rows=$(wc -l <"$folder/table.csv")
if [ "$rows" -eq 14 ]; then echo "passed: the table has all rows"; else
    echo "failed: the table has $rows lines, expected 14"
    status=1
fi
exit $status
