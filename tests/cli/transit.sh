#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An INVITE's way through a core, predicted with dwells of other captures: what was predicted is the sum of their dwells, what
# was measured is the difference of two frames' times.
root=$(pwd)
transit=$root/bench/testbed/transit.sh
samples=$root/traces/samples
. "${0%/*}/common"

all() { # FIELD: 1 predicted, 2 measured
    awk -v field="$1" '/^in all/ { for (i = 1; i < NF; i++) if ($i == "ms" && ++n == field) print $(i - 1) }' out
}
near() { # A B MS
    awk -v a="$1" -v b="$2" -v most="$3" 'BEGIN { d = a - b; exit !(a != "" && b != "" && d <= most && d >= -most) }'
}

sh "$transit" "$samples/msrp-plain-1KiB.pcapng" "$samples/session.pcapng" >out 2>err
expect "a sample's INVITE with the dwells of another sample" [ $? -eq 0 ]
sum=$("$HOPSIM" inspect "$samples/session.pcapng" --table legs --csv | awk -F, '$3 == "INVITE" && $4 == "INVITE" { sum += $7 } END { print sum / 1e6 }')
expect "what is predicted is the sum of the five dwells" near "$(all 1)" "$sum" 0.002
sh "$transit" "$samples/session.pcapng" "$samples/registration.pcapng" >out 2>err
expect "captures without an INVITE predict nothing" [ $? -eq 1 ]
expect "and that is said" grep -q "no dwell of" err
sh "$transit" "$samples/registration.pcapng" "$samples/session.pcapng" >out 2>err
expect "nothing is compared with a capture without an INVITE" [ $? -eq 1 ]

if [ -z "${CAPTURES:-}" ]; then
    echo "skipped: public captures: CAPTURES names no folder"
    exit $failed
fi
ims=$CAPTURES/ims
sh "$transit" "$ims/plain-to-ipsec-call.pcapng" "$ims/volte.pcapng" "$ims/registration.pcapng" >out 2>err
expect "plain-to-ipsec-call with the dwells of volte and registration" [ $? -eq 0 ]
# Frames 36 and 105 of tshark: 2.734389916 and 2.771352629 s. Those of volte: 1.37, 9.51 and 1.68 ms in its S-, I- and
# S-CSCF, 2.67 and 0.63 in its P-CSCF.
expect "measured: 36.963 ms between the frames" near "$(all 2)" 36.963 0.02
expect "predicted: the five dwells of volte's INVITE" near "$(all 1)" 15.86 0.02
exit $failed
