#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim compare --threats: who could read and change the file stands beside the delays, and in the results folder.
. "${0%/*}/common"

"$HOPSIM" compare paper-exact --trials 1 --arms msrp-tls --threats -o both >out 2>err
expect "a comparison with attacks" [ $? -eq 0 ]
line() { sed -n '/was read by/,/^$/p' out | grep "^$1 " | tr -s ' '; }
expect "nobody reads or changes what is sealed" [ "$(line msrp-smime | sed 's/ $//')" = "msrp-smime nobody nobody" ]
expect "every CSCF reads what hops protect" sh -c "grep -q '^message-tls  *P-CSCF(A), S-CSCF(A), I-CSCF(B), S-CSCF(B), P-CSCF(B)' out"
expect "relays read what they pass on, and whoever puts a relay of his own into the SDP" sh -c \
    "grep '^msrp-relay ' out | grep 'relay 1' | grep 'relay 2' | grep -q 'S-CSCF(A)'"
expect "who rewrites the SDP steps into TLS between the users" sh -c "grep '^msrp-tls ' out | grep -q 'S-CSCF(A)'"
expect "the folder has a row a trial" [ "$(head -1 both/threats.csv)" = arm,attack,place,read,verdict,delivered ]
expect "and the same verdicts" [ "$(awk -F, '$1 == "msrp-relay" && $2 == "read-file" && $4 == "yes"' both/threats.csv | wc -l)" -ge 2 ]
expect "the page shows them" grep -q 'threats' both/report.html
"$HOPSIM" compare paper-exact --trials 1 --arms msrp-tls >out 2>err
expect "without --threats nothing is attacked" sh -c "! grep -q 'was read by' out"
exit $failed
