#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An hour of a load, simulated, under valgrind's massif: 20 sessions of 10 KiB a second (72,000), so that it takes some
# minutes. massif sees what malloc gives (OpenSSL, GSL, libraries, the program's own), not the arena, which is one
# mapping; that one is held to its own count. Neither may grow: malloc's memory is no more late in the run than early in
# it, and beside what is kept of each attempt the arena of an hour is that of ten minutes.
set -u
command -v valgrind >/dev/null || { echo "skipped: valgrind is not installed"; exit 77; }
. tests/long/loads

# valgrind does not know all instructions of the newest processors.
build_program long-valgrind SAN= MARCH=x86-64-v2
run_load 10 "${RATE:-20}" 100000 env
run_load 60 "${RATE:-20}" 100000 valgrind --tool=massif --time-unit=i --max-snapshots=500 --detailed-freq=1000 \
    --massif-out-file=massif.out
expect "valgrind knows all that the program does" sh -c "! grep -qi 'unrecognised\|unhandled' err-60"

# Snapshots, each where malloc or free was called: instructions so far, bytes of the heap with what malloc keeps about
# them. Between two of them nothing changes. Early is a sixth to a half of the run, late a half to five sixths.
awk -F= '
    /^time=/ { time[++n] = $2 }
    /^mem_heap_B=/ { bytes[n] = $2 }
    /^mem_heap_extra_B=/ { bytes[n] += $2 }
    END {
        for (share = 1; share <= 300; share++) {
            while (at < n && time[at + 1] <= time[n] * share / 300)
                if (bytes[++at] > most[int(share / 50)])
                    most[int(share / 50)] = bytes[at]
            if (bytes[at] > most[int(share / 50)])
                most[int(share / 50)] = bytes[at]
        }
        for (part = 0; part < 6; part++)
            peak = most[part] > peak ? most[part] : peak
        print n, peak, (most[1] > most[2] ? most[1] : most[2]), (most[3] > most[4] ? most[3] : most[4])
    }' massif.out >numbers
read -r snapshots peak early late <numbers
echo "massif: $snapshots snapshots, peak $peak bytes, at most $early early and $late late"
expect "the heap is not empty" [ "$early" -gt 0 ]
expect "the heap does not grow" [ "$late" -le "$early" ]
expect_no_growth 10 60
exit $failed
