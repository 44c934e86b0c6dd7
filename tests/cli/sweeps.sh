#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every sweep under bench/sweeps runs: with the files and trials cut down, but every value of every other axis.
top=$PWD
. "${0%/*}/common"

count=0
for file in "$top"/bench/sweeps/*.ini; do
    name=$(basename "$file")
    sed -e 's/^\(transfer\.size\|message\.size\) = .*/\1 = 2KiB/' -e 's/^repetitions = .*/repetitions = 1/' \
        -e '/^precision = /d' -e 's/^trials_max = .*/repetitions = 1/' "$file" >"$name"
    "$HOPSIM" sweep "$name" -o "${name%.ini}" >out 2>err
    status=$?
    [ $status -eq 0 ] || cat err
    expect "$name runs" [ $status -eq 0 ]
    expect "$name delivers" awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        NR > 1 { rows++; delivered += $at["end"] == "delivered" }
        END { exit !(rows > 0 && delivered >= 0.9 * rows) }' "${name%.ini}/trials.csv"
    count=$((count + 1))
done
expect "there are sweeps" [ $count -ge 5 ]
exit $failed
