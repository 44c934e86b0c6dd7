#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim calibrate: the table is one that scenarios take, is never written over another, and says what it was measured
# on. No time is judged here.
. "${0%/*}/common"

"$HOPSIM" calibrate digest sha1 sip-parse -o costs.csv >out 2>err
expect "a table is written" [ $? -eq 0 ]
expect "nothing is printed beside it" [ ! -s out ]
expect "it names the machine" grep -q '^# machine: .*OpenSSL' costs.csv
expect "it has the rows asked for, and no others" [ "$(grep -c '^\(digest\|sha1\|sip-parse\),[0-9]*,[0-9.]*,measured' costs.csv)" \
    -eq "$(grep -vc '^\(#\|operation\)' costs.csv)" ]
expect "they are three" [ "$(grep -c ',measured' costs.csv)" -eq 3 ]
expect "a digest takes its time" [ "$(awk -F , '/^digest/ { print ($2 > 0) }' costs.csv)" = 1 ]

cp costs.csv before.csv
"$HOPSIM" calibrate digest -o costs.csv >out 2>err
expect "a table is not written over" [ $? -eq 2 ]
expect "it is left as it was" cmp -s costs.csv before.csv

# A scenario reads it, and misses only what was not measured.
"$HOPSIM" run paper-exact --arm message-plain --set costs.table=costs.csv >out 2>err
expect "a scenario takes it as a table" grep -q 'costs.csv has no row for cms-seal-rfc8591' err

"$HOPSIM" calibrate sha256 >out 2>err
expect "an unknown operation is refused" [ $? -eq 2 ]
expect "and named" grep -q sha256 err
