#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An hour of a load, simulated, under valgrind's massif: 5 sessions of 10 KiB a second (18,000), so that it takes some
# minutes. massif sees what malloc gives (OpenSSL, GSL, the program's own), not the arena, which is one mapping; that
# one is held to its own count. Neither may grow: the most that massif sees late in the run is no more than early in it,
# and beside records and looks the arena of an hour is that of ten minutes.
set -u
command -v valgrind >/dev/null || { echo "skipped: valgrind is not installed"; exit 77; }
top=$PWD
. tests/cli/common
here=$folder

# valgrind does not know all instructions of the newest processors.
cd "$top" || exit 1
env -u MAKEFLAGS -u MFLAGS make --no-print-directory -j2 CC=gcc SAN= MARCH=x86-64-v2 VARIANT=long-valgrind \
    build/long-valgrind/hopsim >"$here/build" 2>&1 || {
    tail -20 "$here/build"
    echo "failed: the program does not build for valgrind"
    exit 1
}
cd "$here" || exit 1

run() { # MINUTES COMMAND...: into row-MINUTES.csv
    minutes=$1
    shift
    "$@" "$top/build/long-valgrind/hopsim" load home-load --set load.rate=5/s --set load.users=50000 \
        --set load.duration="$((60 * minutes))s" --csv >"row-$minutes.csv" 2>"err-$minutes"
    status=$?
    expect "$minutes minutes of load end well" [ $status -eq 0 ]
    [ $status -eq 0 ] || tail -20 "err-$minutes"
}
column() { # NAME MINUTES
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == 2 { print $at }' "row-$2.csv"
}
run 10 env
run 60 valgrind --tool=massif --time-unit=i --max-snapshots=500 --detailed-freq=1000 --massif-out-file=massif.out
expect "massif says nothing else" sh -c "! grep -qi 'invalid\|unrecognised\|unhandled' err-60"

# Snapshots: instructions so far, bytes of the heap with what malloc keeps about them.
awk -F= '
    /^time=/ { time[++n] = $2 }
    /^mem_heap_B=/ { bytes[n] = $2 }
    /^mem_heap_extra_B=/ { bytes[n] += $2 }
    END {
        for (i = 1; i <= n; i++) {
            share = time[i] / time[n]
            part = share >= 0.15 && share < 0.45 ? "early" : share >= 0.65 && share < 0.95 ? "late" : ""
            if (part != "" && bytes[i] > most[part])
                most[part] = bytes[i]
            count[part]++
            if (bytes[i] > peak)
                peak = bytes[i]
        }
        print n, peak, most["early"], most["late"], count["early"], count["late"]
    }' massif.out >numbers
read -r snapshots peak early late in_early in_late <numbers
echo "massif: $snapshots snapshots, peak $peak bytes; at most $early bytes early, $late late"
expect "there are enough snapshots early and late" [ "$in_early" -ge 5 ] && [ "$in_late" -ge 5 ]
expect "the heap is not empty" [ "$early" -gt 0 ]
expect "the heap does not grow" [ "$late" -le $((early + early / 100 + 4096)) ]
grown=$(($(column memory_bytes 60) - $(column memory_bytes 10)))
more=$(($(column attempts 60) - $(column attempts 10)))
expect "the arena grows by records and looks only ($grown bytes for $more attempts)" [ $grown -le $((128 * more)) ]
exit $failed
