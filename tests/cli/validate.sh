#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim validate: every row holds and the status is 0; a row that does not hold is told and the status is 1; the
# three forms of the table have the same rows; the same rows come out twice.
. "${0%/*}/common"

"$HOPSIM" validate --quick --csv >quick.csv 2>err
status=$?
expect "the quick validation passes: status 0" [ $status -eq 0 ]
[ $status -eq 0 ] || grep FAILED quick.csv
expect "it is silent on standard error" [ ! -s err ]
rows=$(tail -n +2 quick.csv | wc -l)
expect "every row says ok" [ "$(grep -c ',ok,' quick.csv)" -eq "$rows" ]
for group in queues network tcp sip msrp trials load; do
    expect "there are rows of $group" grep -q "^$group," quick.csv
done

"$HOPSIM" validate --quick --only tcp --within 0.1% >text 2>err
expect "approximations held to 0.1 % fail: status 1" [ $? -eq 1 ]
expect "and say so" grep -q ' FAILED ' text
expect "and are counted" grep -Eq '^[0-9]+ of [0-9]+ rows hold' text
expect "exact rows beside them hold" grep -q 'slow start.* ok ' text

"$HOPSIM" validate --quick --only sip --csv >sip.csv
"$HOPSIM" validate --quick --only sip --json >sip.json
expect "CSV and JSON have the same rows" [ "$(tail -n +2 sip.csv | wc -l)" -eq "$(grep -c '^  {' sip.json)" ]
grep '^sip,' quick.csv >part.csv
tail -n +2 sip.csv >alone.csv
expect "a group alone gives what it gives among all" cmp part.csv alone.csv

"$HOPSIM" validate --only tpc >out 2>err
expect "an unknown group: status 2" [ $? -eq 2 ]
expect "and the nearest one is named" grep -q 'did you mean tcp?' err
"$HOPSIM" validate --within much >out 2>err
expect "a share that is none: status 2" [ $? -eq 2 ]
exit $failed
