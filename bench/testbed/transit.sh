#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# transit.sh CALL CAPTURE... - how long the first INVITE of CALL is on its way through the core, from the first P-CSCF's
# last bit in to the last one's first bit out, as the simulator predicts it with the dwells of the other captures alone,
# against what CALL shows. One host, as in captures in which every CSCF has the same address; its links take no time.
# Exit 1: one of the captures shows no INVITE from P-CSCF to P-CSCF, whose dwells would be assumed ones.
set -u
: "${HOPSIM:=build/hopsim}"
[ $# -ge 2 ] || { echo "usage: transit.sh CALL CAPTURE..." >&2; exit 2; }
call=$1
shift
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
links=
for link in access.rate access.delay core.rate core.delay site.rate site.delay; do
    links="$links --set $link=0"
done

# The first INVITE's legs from P-CSCF to P-CSCF: role, side, in (s), dwell (ns).
legs() { # CAPTURE
    "$HOPSIM" inspect "$1" --table legs --csv | awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["kind_in"] != "INVITE" || $at["kind_out"] != "INVITE" { next }
        first == "" { first = $at["call_id"] }
        $at["call_id"] == first { print $at["role"], $at["side"], $at["in_s"], $at["dwell_ns"] }'
}

"$HOPSIM" inspect "$@" --dwell "$work/dwells.csv" >"$work/inspected" || exit 1
for row in p-cscf,INVITE,orig s-cscf,INVITE,orig i-cscf,INVITE,term s-cscf,INVITE,term p-cscf,INVITE,term; do
    grep "^$row,.*hopsim inspect of" "$work/dwells.csv" >"$work/row" || { echo "transit: no dwell of $row in $*" >&2; exit 1; }
done
"$HOPSIM" run home --arm msrp-plain --set topology=single-host $links --set dwell.spread=0 \
    --set dwell.table="$work/dwells.csv" --pcap "$work/predicted.pcapng" >"$work/run" || exit 1
legs "$work/predicted.pcapng" >"$work/predicted"
legs "$call" >"$work/measured"
echo "the INVITE of $(basename "$call"), with dwells of$(for file in "$@"; do printf ' %s' "$(basename "$file")"; done)"
awk '
    function row(what, predicted, measured) {
        printf "%-14s %9.3f ms predicted %9.3f ms measured %+7.1f %%\n", what, predicted, measured, 100 * (predicted - measured) / measured
    }
    function ends(file) { return (last[file] - first[file]) * 1000 }
    { file = FILENAME; count[file]++ }
    count[file] == 1 { first[file] = $3 }
    { name[file, count[file]] = $1 " " $2; dwell[file, count[file]] = $4 / 1e6; last[file] = $3 + $4 / 1e9 }
    END {
        predicted = ARGV[1]; measured = ARGV[2]
        for (i = 1; i <= count[measured]; i++)
            if (name[predicted, i] != name[measured, i]) wrong = 1
        if (wrong || count[measured] != count[predicted] || count[measured] < 5) {
            print "transit: the INVITE takes another way than P, S, I, S, P" >"/dev/stderr"
            exit 1
        }
        for (i = 1; i <= count[measured]; i++)
            row(name[measured, i], dwell[predicted, i], dwell[measured, i])
        row("in all", ends(predicted), ends(measured))
    }' "$work/predicted" "$work/measured"
