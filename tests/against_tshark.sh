#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# against_tshark.sh FOLDER... - for every capture in a folder: requests by method, responses by status, IP fragments and
# each INVITE's time to its first 200 as tshark counts them and as hopsim inspect does. Prints a line a file; exit 1
# when one differs, unless by messages alone that either of both calls malformed. Without a folder: ims and sip of
# CAPTURES, and captures of the program's own.
set -u
: "${HOPSIM:=build/hopsim}"
CAPTURES=${CAPTURES:-}
work=$(mktemp -d) || exit 3
trap 'rm -rf "$work"' EXIT
command -v tshark >/dev/null || { echo "skipped: tshark is not installed"; exit 77; }

# All of tshark's that is compared, in one reading: a line a frame that holds SIP or an IP fragment. Fields are 1 to 6 of
# SIP, 7 the time, 8 and 9 of IPv4's fragments. ESP without encryption is opened.
read_with_tshark() { # FILE
    tshark -n -r "$1" -o esp.enable_null_encryption_decode_heuristic:TRUE \
        -Y 'sip || ip.flags.mf == 1 || ip.frag_offset > 0 || ipv6.fraghdr' -T fields -E separator=';' -E occurrence=a \
        -E aggregator=, -e sip.Method -e sip.Status-Code -e sip.Call-ID -e sip.CSeq.seq -e sip.CSeq.method \
        -e sip.Via.branch -e frame.time_epoch -e ip.flags.mf -e ip.frag_offset \
        -e frame.number -e _ws.malformed 2>/dev/null
}

# What differs once the frames that either calls malformed are left out on both sides; how many, into $work/malformed.
differs_among_whole() {
    {
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
            $at["mark"] == "malformed" { print $at["frame"] }' "$work/messages.csv"
        awk -F';' '$11 != "" { print $10 }' "$work/lines"
    } | sort -u >"$work/malformed"
    awk -F, 'FNR == NR { left_out[$1] = 1; next }
        FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["protocol"] == "SIP" && !($at["frame"] in left_out) { kind = $at["kind"]; sub(/^.*\//, "", kind); print kind }' \
        "$work/malformed" "$work/messages.csv" | tally >"$work/ours.whole"
    awk -F';' 'FNR == NR { left_out[$1] = 1; next } !($10 in left_out) { print $1; print $2 }' \
        "$work/malformed" "$work/lines" | tally >"$work/theirs.whole"
    ! cmp -s "$work/ours.whole" "$work/theirs.whole"
}

# name count, sorted.
tally() {
    tr ',' '\n' | grep -v '^$' | sort | uniq -c | awk '{ print $2, $1 }' | sort
}

# Call-ID, CSeq and microseconds from the first sending of an INVITE to the first 200 with its branch, as one end sees.
times_of_tshark() { # LINES
    awk -F';' '
        { split($6, branches, ","); split($7, second, "."); split($3, id, ","); split($4, seq, ","); split($5, of, ",")
          key = id[1] " " seq[1] " " branches[1]
          micro = (second[1] % 1000000) * 1000000 + int(substr(second[2] "000000", 1, 6)) }
        of[1] != "INVITE" { next }
        $1 != "" && !(key in begun) { begun[key] = micro }
        $1 == "" && $2 ~ /^200/ && (key in begun) && !(key in ended) { ended[key] = micro; print key, micro - begun[key] }' \
        "$1" | sort
}

times_of_ours() { # messages.csv
    awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["protocol"] != "SIP" { next }
        { split($at["cseq"], cseq, " ")
          key = $at["call_id"] " " cseq[1] " " $at["branch"]
          micro = $at["time_s"] * 1000000 }
        $at["kind"] == "INVITE" && !(key in begun) { begun[key] = micro }
        $at["kind"] == "INVITE/200" && (key in begun) && !(key in ended) {
            ended[key] = micro; printf "%s %d\n", key, micro - begun[key] }' "$1" | sort
}

failed=0
compare() { # FILE
    name=$(basename "$1")
    if ! "$HOPSIM" inspect "$1" --table messages --csv >"$work/messages.csv" 2>"$work/error"; then
        echo "failed: $name: $(head -1 "$work/error")"
        return 1
    fi
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["protocol"] == "SIP" { kind = $at["kind"]; sub(/^.*\//, "", kind); print kind }' "$work/messages.csv" |
        tally >"$work/ours.kinds"
    read_with_tshark "$1" >"$work/lines"
    awk -F';' '{ print $1; print $2 }' "$work/lines" | tally >"$work/theirs.kinds"
    ours=$("$HOPSIM" inspect "$1" --table summary --csv | awk -F, '$1 == "IP fragments" { print $2 }')
    theirs=$(awk -F';' '
        { n = split($8, more, ","); split($9, offset, ",")
          for (i = 1; i <= n; i++) if (more[i] != "0" || offset[i] != "0") count++ }
        END { print count + 0 }' "$work/lines")
    times_of_tshark "$work/lines" >"$work/theirs.times"
    times_of_ours "$work/messages.csv" >"$work/ours.times"
    # A time may be rounded otherwise by a microsecond.
    differ=$(join -j 1 "$(keyed "$work/ours.times")" "$(keyed "$work/theirs.times")" | awk '{ d = $2 - $3; if (d > 2 || d < -2) n++ } END { print n + 0 }')
    summary="$(wc -l <"$work/ours.times") INVITEs answered, ${ours:-0} fragments, $(awk '{ n += $2 } END { print n + 0 }' "$work/ours.kinds") messages"
    malformed=
    if ! cmp -s "$work/ours.kinds" "$work/theirs.kinds" && ! differs_among_whole; then
        malformed=", $(wc -l <"$work/malformed") malformed frames left out, which differ:"
        malformed="$malformed ours < and tshark's >: $(diff "$work/ours.kinds" "$work/theirs.kinds" | grep '^[<>]' | tr '\n' ' ')"
    elif ! cmp -s "$work/ours.kinds" "$work/theirs.kinds"; then
        echo "failed: $name: ours < and tshark's >: $(diff "$work/ours.kinds" "$work/theirs.kinds" | grep '^[<>]' | tr '\n' ' ')"
        return 1
    fi
    if [ "${ours:-0}" != "$theirs" ]; then
        echo "failed: $name: ${ours:-0} fragments, tshark's $theirs"
        return 1
    elif [ "$(wc -l <"$work/ours.times")" != "$(wc -l <"$work/theirs.times")" ] || [ "$differ" != 0 ]; then
        echo "failed: $name: $summary; INVITE to 200: tshark has $(wc -l <"$work/theirs.times"), $differ differ"
        return 1
    fi
    echo "passed: $name: $summary, as tshark$malformed"
}

# The key of several words as one, for join.
keyed() { # FILE
    awk '{ print $1 "|" $2 "|" $3, $NF }' "$1" | sort -k 1,1 >"$1.keyed"
    echo "$1.keyed"
}

if [ $# -eq 0 ]; then
    for arm in msrp-smime message-plain; do
        "$HOPSIM" run home --arm $arm --set transfer.size=20KiB --pcap "$work/own-$arm.pcapng" --csv >/dev/null || exit 1
        compare "$work/own-$arm.pcapng" || failed=1
    done
    if [ -z "$CAPTURES" ]; then
        echo "skipped: the shared captures: CAPTURES names no folder"
        exit $failed
    fi
    set -- "$CAPTURES/ims" "$CAPTURES/sip"
fi
for folder in "$@"; do
    for file in "$folder"/*.pcap "$folder"/*.pcapng; do
        [ -e "$file" ] || continue
        compare "$file" || failed=1
    done
done
exit $failed
