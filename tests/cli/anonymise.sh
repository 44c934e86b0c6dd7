#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# No user, number, host, address, Call-ID or identifier that tshark reads in a capture is left in what inspect, replay
# and report show or write with --anonymise, and none is in a dwell file without it; what is found stays the same, and
# the same name becomes the same one. Captures of the program's own, and where CAPTURES names a folder the public ones.
root=$(pwd)
. "${0%/*}/common"
command -v tshark >/dev/null || { echo "skipped: tshark is not installed"; exit 77; }

# Every name that tshark finds, a line each. Left out: words shorter than four characters and numbers shorter than six,
# which any output has, 0.0.0.0, "orig" and "term", which S-CSCFs write into their Service-Routes as a user, and
# words of SIP that stand in the place of names in a capture whose bytes somebody mixed up.
identities() { # CAPTURE
    tshark -n -r "$1" -o esp.enable_null_encryption_decode_heuristic:TRUE -T fields -E separator=, -E occurrence=a \
        -e ip.src -e ip.dst -e ipv6.src -e ipv6.dst -e sip.from.user -e sip.to.user -e sip.r-uri.user \
        -e sip.contact.user -e sip.pai.user -e sip.from.host -e sip.to.host -e sip.r-uri.host -e sip.contact.host \
        -e sip.Call-ID -e sip.Via.branch -e sip.Via.sent-by.address -e sip.from.tag -e sip.to.tag \
        -e sip.auth.username -e sip.auth.realm -e sip.auth.nonce -e sip.auth.digest.response -e sip.display.info \
        -e sdp.connection_info.address -e sdp.owner.username -e sdp.owner.sessionid -e diameter.Public-Identity \
        -e diameter.User-Name -e diameter.Origin-Host -e diameter.Session-Id -e msrp.transaction.id \
        2>/dev/null | tr ',"' '\n\n' | sort -u |
        awk 'length($0) >= 4 && !/^[0-9][0-9]?[0-9]?[0-9]?[0-9]?$/ && $0 != "0.0.0.0" && $0 != "::" && $0 != "orig" && $0 != "term" && $0 != "z9hG4bK" && $0 != "CANCEL" &&
            $0 != "SIP/2.0" && $0 != "nonce="'
}

tables="summary protected handshakes nodes sessions dwells legs repeats msrp clocks messages"

# Everything that inspect and replay can say of a capture, in a folder: files of the kinds that they write as well.
say_all() { # CAPTURE FOLDER
    mkdir -p "$2"
    for table in $tables; do
        "$HOPSIM" inspect "$1" --anonymise --table "$table" --csv >"$2/$table.csv" || return 1
    done
    "$HOPSIM" inspect "$1" --anonymise --table messages --json >"$2/messages.json" &&
        "$HOPSIM" inspect "$1" --anonymise --messages "$2/flow" --ladder-svg "$2/ladder.svg" --dwell "$2/dwell.csv" \
            >"$2/tables.txt" &&
        { "$HOPSIM" inspect "$1" --anonymise --ladder >"$2/ladder.txt" 2>"$2/error" ||
            grep -q 'the ladder is too long' "$2/error"; } &&
        "$HOPSIM" inspect "$1" --dwell "$2/plain-dwell.csv" >/dev/null
}

# --fixed-strings --word-regexp: an address is not found in a longer one
names_nobody() { # IDENTITIES FILE...
    list=$1
    shift
    ! grep -arFwn -f "$list" "$@"
}

is_same_but_for_names() { # CAPTURE FOLDER
    for table in summary dwells; do
        "$HOPSIM" inspect "$1" --table $table --csv | cmp - "$2/$table.csv" || return 1
    done
    "$HOPSIM" inspect "$1" --table messages --csv >"$2.before" || return 1
    # As many different senders, Call-IDs and branches, and each message with its own.
    paste -d, "$2.before" "$2/messages.csv" | awk -F, '
        function pair(a, b) { if ((a in to && to[a] != b) || (b in from && from[b] != a)) bad = 1; to[a] = b; from[b] = a }
        NR == 1 { for (i = 1; i <= NF / 2; i++) at[$i] = i; half = NF / 2; next }
        NF != 2 * half { next }
        { pair("f" $at["from"], "f" $(half + at["from"])); pair("c" $at["call_id"], "c" $(half + at["call_id"]))
          pair("b" $at["branch"], "b" $(half + at["branch"])) }
        END { exit bad }'
}

# Of a folder with a flow: texts, manifest and scenario name nobody, and no number has changed.
report_names_nobody() { # IDENTITIES FOLDER
    sed '/^<style>/,/^<\/style>/d;/^<script>/,/^<\/script>/d' "$2/anonymised/report.html" >"$2/page"
    mv "$2/page" "$2/anonymised/report.html"
    ! grep -arFwn -f "$1" "$2/anonymised" && ! grep -arn 'Ann\|acme' "$2/anonymised" &&
        cut -d, -f 1-3,8- "$2/messages.csv" | cmp - "$2/cut" && [ -s "$2/anonymised/report.html" ]
}

report() { # CAPTURE FOLDER
    "$HOPSIM" inspect "$1" --messages "$2" >/dev/null &&
        cat >"$2/manifest.txt" <<END &&
command: hopsim replay /home/Ann/acme.pcap --save acme-net --set dwell.table=acme/dwell.csv
seed: 1
note: taken at $(head -1 "$name.names")
END
        printf '[scenario]\nname = report\n\n[dwell]\ntable = /home/Ann/dwell.csv ; of /home/Ann\n' >"$2/scenario.ini" &&
        cp "$1" "$2/capture.pcap" && "$HOPSIM" report "$2" --anonymise >report.txt 2>err &&
        cut -d, -f 1-3,8- "$2/anonymised/messages.csv" >"$2/cut"
}

check() { # CAPTURE
    name=$(basename "$1")
    identities "$1" >"$name.names"
    expect "$name: everything is said" say_all "$1" "$name.said"
    expect "$name: and nobody named" names_nobody "$name.names" "$name.said"
    expect "$name: with the same found" is_same_but_for_names "$1" "$name.said"
    expect "$name: a report is made of it" report "$1" "$name.flow"
    expect "$name: it names nobody" report_names_nobody "$name.names" "$name.flow"
    rm -rf "$name.flow" "$name.said"
}

names_somebody() {
    ! names_nobody "$@"
}

"$HOPSIM" run home --arm msrp-smime --set transfer.size=4KiB --pcap own.pcapng --csv >/dev/null || exit 1
check own.pcapng
expect "names are looked for" [ "$(wc -l <own.pcapng.names)" -ge 20 ]
"$HOPSIM" inspect own.pcapng --table messages --csv >plain.csv
expect "and found where they are left" names_somebody own.pcapng.names plain.csv
"$HOPSIM" replay own.pcapng --anonymise >replay.txt 2>err
expect "a replay is told" grep -q 'worst difference' replay.txt
expect "with nobody named" names_nobody own.pcapng.names replay.txt
"$HOPSIM" replay own.pcapng >replay-plain.txt 2>err
expect "who otherwise is" names_somebody own.pcapng.names replay-plain.txt

# A folder as report finds one: everything but names stays, and the original too.
"$HOPSIM" inspect own.pcapng --messages flow >/dev/null
printf 'command: hopsim compare /home/Ann/acme.ini -o acme\nseed: 7\n' >flow/manifest.txt
printf 'arm,trial,delay_ns\nmsrp-smime,0,123456789\n' >flow/trials.csv
cp -r flow before
"$HOPSIM" report flow --anonymise >report.txt 2>err
expect "report says what it copied" grep -q '^folder: flow/anonymised: 4 files with other names, 0 left out' report.txt
expect "the page has the messages" grep -q 'INVITE sip:anonuser[0-9]*@anonhost[0-9]*.invalid SIP/2.0' flow/anonymised/report.html
expect "paths have other names and their endings" grep -qx 'command: hopsim compare anonpath[0-9]*.ini -o anonpath[0-9]*' flow/anonymised/manifest.txt
expect "tables stay" cmp flow/trials.csv flow/anonymised/trials.csv
expect "one user has one name in texts and in their table" [ "$(grep -ho 'sip:anonuser[0-9]*@' flow/anonymised/messages.txt | sort -u | wc -l)" = \
    "$(grep -ho 'sip:[a-z]*@' flow/messages.txt | sort -u | wc -l)" ]
rm -rf flow/anonymised/figures flow/figures
expect "the folder stays as it was" sh -c 'mv flow/anonymised other && diff -r flow before && mv other flow/anonymised'
"$HOPSIM" report flow --anonymise >report.txt 2>err
expect "what is there already stays: status 2" [ $? -eq 2 ]

if [ -z "${CAPTURES:-}" ]; then
    echo "skipped: the shared captures: CAPTURES names no folder"
    exit $failed
fi
for file in "$CAPTURES"/ims/*.pcapng "$CAPTURES"/sip/*.pcap "$CAPTURES"/sip/*.pcapng "$CAPTURES"/odd/*.pcap; do
    case $file in
    */volte.pcapng | */b2bua-call.pcapng | */ipip.pcap) check "$file" ;;
    *) [ -z "${LONG:-}" ] || check "$file" ;;
    esac
done
exit $failed
