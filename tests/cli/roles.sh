#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# --role in inspect and replay: two proxies between user agents, of which nothing tells what they are, are what the user
# says; a role of nobody is refused.
. "${0%/*}/common"
command -v text2pcap >/dev/null && command -v mergecap >/dev/null || { echo "skipped: Wireshark's text2pcap is not installed"; exit 77; }

# SECONDS FROM TO: what is read as one UDP packet of a capture of its own
packet() {
    { echo "2026-11-27 08:00:00.$1"; od -Ax -tx1 -v; } |
        text2pcap -q -t '%Y-%m-%d %H:%M:%S.%f' -4 "$2,$3" -u 5060,5060 - "part-$1.pcap" 2>/dev/null
}

# FIRST-LINE TO-TAG VIA...
sip() {
    printf '%s\r\n' "$1"
    to_tag=$2
    shift 2
    for via; do printf 'Via: SIP/2.0/UDP %s:5060;branch=z9hG4bK%s\r\n' "$via" "$via"; done
    printf 'From: <sip:a@one.test>;tag=1\r\nTo: <sip:b@one.test>%s\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n' "$to_tag"
    printf 'Max-Forwards: 70\r\nContent-Length: 0\r\n\r\n'
}

invite='INVITE sip:b@one.test SIP/2.0' ok='SIP/2.0 200 OK'
sip "$invite" '' 10.0.0.1 | packet 000000 10.0.0.1 10.0.0.2
sip "$invite" '' 10.0.0.2 10.0.0.1 | packet 003000 10.0.0.2 10.0.0.3
sip "$invite" '' 10.0.0.3 10.0.0.2 10.0.0.1 | packet 007000 10.0.0.3 10.0.0.4
sip "$ok" ';tag=2' 10.0.0.3 10.0.0.2 10.0.0.1 | packet 010000 10.0.0.4 10.0.0.3
sip "$ok" ';tag=2' 10.0.0.2 10.0.0.1 | packet 011000 10.0.0.3 10.0.0.2
sip "$ok" ';tag=2' 10.0.0.1 | packet 012000 10.0.0.2 10.0.0.1
mergecap -w two.pcap part-*.pcap

# inspect ROLE OF-NODE...
inspected() { # ADDRESS ROLE MARK ROLES...
    wanted="$1:5060,$2,$3,"
    shift 3
    "$HOPSIM" inspect two.pcap "$@" --table nodes --csv >nodes.csv && grep -q "^$wanted" nodes.csv
}
expect "unless told, a proxy is a guess" inspected 10.0.0.3 proxy guessed
for role in p-cscf i-cscf s-cscf as b2bua; do
    expect "inspect: a node is the $role that it is said to be" inspected 10.0.0.3 $role given --role 10.0.0.3:5060=$role
done
"$HOPSIM" inspect two.pcap --role 10.0.0.3:5060=s-cscf --table dwells --csv >dwells.csv 2>err
expect "and its dwells are that role's" grep -q '^s-cscf,INVITE,' dwells.csv

# Where a second node stands on the way, by its role.
replayed() { # PLACE ROLES...
    place=$1
    shift
    "$HOPSIM" replay two.pcap "$@" >text && grep -qF -- "-> 10.0.0.3:5060 ($place" text &&
        grep -q '^worst difference 0 ns' text
}
expect "replay: by itself it is next to the first one" replayed 'S-CSCF(A) to P-CSCF(B))'
expect "an I-CSCF is one" replayed 'I-CSCF(B) to P-CSCF(B))' --role 10.0.0.3:5060=i-cscf
expect "a P-CSCF behind another is UE-B's" replayed 'P-CSCF(B))' --role 10.0.0.2:5060=p-cscf --role 10.0.0.3:5060=p-cscf
expect "an S-CSCF behind another too" replayed 'S-CSCF(B) to P-CSCF(B))' --role 10.0.0.2:5060=s-cscf --role 10.0.0.3:5060=s-cscf

for command in inspect replay; do
    "$HOPSIM" $command two.pcap --role 10.0.0.9:5060=s-cscf >out 2>err
    expect "$command: a role of nobody: status 2" [ $? -eq 2 ]
    expect "$command: in a sentence" grep -q '10.0.0.9:5060=s-cscf: no message' err
done
exit $failed
