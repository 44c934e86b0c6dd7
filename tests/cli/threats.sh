#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim threats -o: the folder has a row a trial, the matrix, what was attacked, and the page draws it.
. "${0%/*}/common"

"$HOPSIM" threats paper-exact --arms msrp-smime,msrp-plain --attacks change-bit,swap-path --at 'S-CSCF(A),UE-A' --size 2KiB \
    -o folder >out 2>err
expect "attacks are performed" [ $? -eq 0 ]
expect "a row a trial" [ "$(head -1 folder/threats.csv)" = arm,attack,place,read,verdict,delivered ]
expect "the rows that --csv prints" sh -c "'$HOPSIM' threats paper-exact --arms msrp-smime,msrp-plain \
    --attacks change-bit,swap-path --at 'S-CSCF(A),UE-A' --size 2KiB --csv | cmp -s - folder/threats.csv"
expect "the matrix" cmp -s out folder/threats.txt
expect "what was attacked" grep -q '^topology = single-host' folder/scenario.ini
expect "the manifest has the command" grep -q 'threats paper-exact' folder/manifest.txt
expect "the matrix is drawn" [ -s folder/figures/threats.svg ]
expect "and shown" grep -q 'threats' folder/report.html
"$HOPSIM" threats paper-exact --arms msrp-plain --attacks change-bit -o folder >out 2>err
expect "a folder is not written over" [ $? -eq 2 ]
exit $failed
