#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An hour of a load, simulated, under AddressSanitizer and UBSan: 30 sessions of 10 KiB a second (108,000), so that it
# takes some minutes. Memory that an attempt gave back, and what was not handed out of it, is poisoned (sim/base/
# poison.h). Nothing is reported, nothing leaks, every attempt is counted, and beside what is kept of each (a record of
# 40 bytes, at the end some 90 more for means and quantiles) an hour takes no more memory than ten minutes.
. tests/long/loads

build_program long-asan SAN=address,undefined
expect "AddressSanitizer is in the program" grep -q __asan_init "$program"
for minutes in 10 60; do
    run_load $minutes "${RATE:-30}" 200000 env ASAN_OPTIONS=detect_leaks=1
    expect "$minutes minutes: no sanitizer says a word" [ ! -s err-$minutes ]
done
expect_no_growth 10 60
exit $failed
