#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every file below CAPTURES, whatever it is, through inspect and replay with every option, and prefixes of a few through
# both: each gives a result, or ends with status 2 and a sentence. HOPSIM may be a build with sanitizers.
HOPSIM=${HOPSIM:-$(pwd)/build/hopsim}
export HOPSIM
. "${0%/*}/../cli/common"
[ -d "${CAPTURES:-}" ] || { echo "skipped: CAPTURES names no folder"; exit 77; }
PREFIXES=${PREFIXES:-40} # of each file that is cut

# COMMAND...: 0, or 2 and words of ours; what it wrote is forgotten
behaves() {
    rm -rf made made.*
    timeout 120 "$HOPSIM" "$@" >out 2>err
    status=$?
    [ $status -eq 0 ] || { [ $status -eq 2 ] && [ "$(grep -c '^hopsim: ' err)" -ge 1 ]; } && ! grep -q 'ERROR: \|runtime error' err && return
    echo "status $status: hopsim $*"
    tail -n 20 err
    return 1
}

all_behave() { # FILE: a line of options each
    while read -r line; do
        # shellcheck disable=SC2086 # words
        set -- $line
        command=$1
        shift
        behaves "$command" "$file" "$@" </dev/null || return 1
    done <options
}

tables="summary protected handshakes nodes sessions dwells legs repeats msrp clocks messages"
{
    for table in $tables; do
        echo "inspect --table $table --csv"
        echo "inspect --table $table --json --anonymise"
    done
    echo inspect
    echo inspect --no-esp
    echo inspect --anonymise --ladder
    echo inspect --ladder
    echo inspect --ladder-svg made.svg
    echo inspect --dwell made.csv
    echo inspect --messages made
    echo replay
    echo replay --csv
    echo replay --no-esp --anonymise
    echo replay --session 2
    echo replay --table settings
    echo replay --table rest --json
    echo replay --ladder-svg made.svg
    for arm in $("$HOPSIM" list arms --csv | tail -n +2 | cut -d, -f1); do echo "replay --arm $arm --table what-if"; done
    echo replay --set access.delay=40ms --save made
} >options

find -L "$CAPTURES" -type f | sort >files
while read -r file; do
    case $(head -c 4 "$file" | od -An -tx1 | tr -d ' ') in
    a1b2c3d4 | d4c3b2a1 | a1b23c4d | 4d3cb2a1 | 0a0d0d0a) expect "$(basename "$file"): every option" all_behave "$file" ;;
    *)
        expect "$(basename "$file"): no capture" behaves inspect "$file"
        expect "$(basename "$file"): nothing to replay" behaves replay "$file"
        ;;
    esac
done <files

# A file cut anywhere.
cut_behaves() {
    size=$(wc -c <"$file")
    step=$((size / PREFIXES + 1))
    for at in $(seq 0 $step "$size") $((size - 1)); do
        head -c "$at" "$file" >cut.pcap
        behaves inspect cut.pcap && behaves replay cut.pcap || return 1
    done
}
for file in "$CAPTURES"/ims/volte.pcapng "$CAPTURES"/sip/tcp-call.pcap "$CAPTURES"/sip/ipip.pcap "$CAPTURES"/odd/fuzzed-big-endian.pcap; do
    [ -e "$file" ] || continue
    expect "$(basename "$file"): cut at $PREFIXES places" cut_behaves
done
exit $failed
