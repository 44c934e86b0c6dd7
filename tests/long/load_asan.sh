#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An hour of a load, simulated, under AddressSanitizer and UBSan: 30 sessions of 10 KiB a second (108,000), so that it
# takes some minutes. Memory that an attempt gave back, and what was not handed out of it, is poisoned (sim/base/
# poison.h). Nothing is reported, nothing leaks, every attempt is counted, and beside what is kept of each (a record of
# 40 bytes, a look a quarter of a second) an hour takes no more memory than ten minutes.
set -u
top=$PWD
. tests/cli/common
here=$folder

cd "$top" || exit 1
env -u MAKEFLAGS -u MFLAGS make --no-print-directory -j2 CC=gcc SAN=address,undefined VARIANT=long-asan \
    build/long-asan/hopsim >"$here/build" 2>&1 || {
    tail -20 "$here/build"
    echo "failed: the program does not build with AddressSanitizer"
    exit 1
}
cd "$here" || exit 1

run() { # MINUTES: into row-MINUTES.csv
    ASAN_OPTIONS=detect_leaks=1 "$top/build/long-asan/hopsim" load home-load --set load.rate=30/s \
        --set load.users=200000 --set load.duration="$((60 * $1))s" --csv >"row-$1.csv" 2>"err-$1"
    status=$?
    expect "$1 minutes of load end well" [ $status -eq 0 ]
    [ $status -eq 0 ] || head -40 "err-$1"
    expect "$1 minutes of load: no sanitizer says a word" [ ! -s "err-$1" ]
}
column() { # NAME MINUTES
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == 2 { print $at }' "row-$2.csv"
}
for minutes in 10 60; do
    run $minutes
    echo "$minutes minutes: $(column attempts $minutes) attempts, $(column events $minutes) events," \
        "$(column memory_bytes $minutes) bytes, of it attempts $(column attempt_memory_bytes $minutes)"
    expect "$minutes minutes: every attempt is counted once" [ "$(column attempts $minutes)" -eq \
        $(($(column cut $minutes) + $(column counted $minutes))) ]
    expect "$minutes minutes: all are delivered" [ "$(column counted $minutes)" -eq "$(column delivered $minutes)" ]
done
expect "an hour has six times the attempts" awk -v a="$(column attempts 10)" -v b="$(column attempts 60)" \
    'BEGIN { exit !(b > 5.9 * a && b < 6.1 * a) }'
grown=$(($(column memory_bytes 60) - $(column memory_bytes 10)))
more=$(($(column attempts 60) - $(column attempts 10)))
expect "memory grows by records and looks only ($grown bytes for $more attempts)" [ $grown -le $((64 * more)) ]
exit $failed
