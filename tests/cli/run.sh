#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim run: every arm delivers, parts add up, phases that an arm lacks are empty, the same seed gives the same bytes,
# failures and full disks have their exit status.
. "${0%/*}/common"

# column NAME: of the only row in row.csv; no cell of run holds a comma
column() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == 2 { print $at }' row.csv
}

for arm in $("$HOPSIM" list arms --csv | tail -n +2 | cut -d, -f1); do
    "$HOPSIM" run paper-exact --arm "$arm" --csv >row.csv 2>err
    expect "$arm is delivered" [ $? -eq 0 ]
    expect "$arm says so" [ "$(column end)" = delivered ]
    expect "$arm: the parts add up to the delay" awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) { if ($i ~ /^part_/) part[i] = 1; if ($i == "delay_ns") delay = i } }
        NR == 2 { for (i in part) sum += $i; exit !(delay && sum == $delay) }' row.csv
    case $arm in
    message-* | http-*) expect "$arm has no setup" [ -z "$(column setup_ns)" ] ;;
    *) expect "$arm has a setup" [ "$(column setup_ns)" -gt 0 ] ;;
    esac
    expect "$arm for people" "$HOPSIM" run paper-exact --arm "$arm"
done

"$HOPSIM" run paper --json --log a.log >a.json
"$HOPSIM" run paper --json --log b.log >b.json
expect "the same trial gives the same row" cmp a.json b.json
expect "the same trial gives the same event log" cmp a.log b.log
expect "the event log holds events" [ -s a.log ]
"$HOPSIM" run paper --json --trial 1 >c.json
expect "another trial gives another row" [ "$(cat a.json)" != "$(cat c.json)" ]
if command -v sqlite3 >/dev/null; then
    expect "--json is JSON" [ "$(sqlite3 :memory: "select json_valid(readfile('a.json'))")" = 1 ]
else
    echo "skipped: sqlite3 is not installed"
fi

head -c 1197 /dev/urandom >photo
"$HOPSIM" run paper-exact --csv >pattern.csv
"$HOPSIM" run paper-exact --csv --set transfer.file=photo --set transfer.size=0 >row.csv
expect "a file of the same size gives the same row" cmp pattern.csv row.csv

"$HOPSIM" run paper-exact --csv --pcap all.pcapng --pcap-at ue-a a.pcapng --pcap-links links >row.csv
# Who watches adds events, but nothing else.
without_events() {
    awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "events") at = i } { $at = ""; print }' "$1"
}
expect "captures do not change the row" [ "$(without_events pattern.csv)" = "$(without_events row.csv)" ]
expect "the capture is there" [ -s all.pcapng ]
expect "the capture at UE-A is there" [ -s a.pcapng ]
expect "each link has a capture" [ "$(find links -name '*.pcapng' | wc -l)" -gt 1 ]
cp all.pcapng before.pcapng
"$HOPSIM" run paper-exact --csv --pcap all.pcapng >out 2>err
expect "a capture is not overwritten: status 2" [ $? -eq 2 ]
expect "the capture is as it was" cmp all.pcapng before.pcapng
"$HOPSIM" run paper-exact --pcap-at nobody n.pcapng >out 2>err
expect "a tap at nobody's host is refused" [ $? -eq 2 ]
expect "and leaves no file" [ ! -e n.pcapng ]

# What UE-B sends first is at the first B2BUA before the answer is, which opens the way to UE-A.
for scenario in paper-exact lan; do
    "$HOPSIM" run $scenario --csv --arm msrp-relay-plain --set setup.active=answerer >row.csv
    expect "$scenario: a B2BUA keeps what comes before the answer: status 0" [ $? -eq 0 ]
    expect "... and it is delivered" [ "$(column end)" = delivered ]
done

"$HOPSIM" run paper-exact --csv --set access.loss=100% >row.csv
expect "a network that loses everything: status 1" [ $? -eq 1 ]
expect "and says how it ended" [ "$(column end)" = registration-timeout ]
expect "and has no delay" [ -z "$(column delay_ns)" ]
"$HOPSIM" run paper-exact --set access.loss=100% >out
expect "a failure is told to people too: status 1" [ $? -eq 1 ]

COLUMNS=60 LC_ALL=C "$HOPSIM" run paper-exact --arm msrp-relay >narrow
expect "without UTF-8 everything is ASCII" awk '/[^ -~]/ { exit 1 }' narrow
if [ -c /dev/full ]; then
    "$HOPSIM" run paper-exact >/dev/full 2>err
    expect "a full disk is our fault: status 3" [ $? -eq 3 ]
    "$HOPSIM" run paper-exact --log /dev/full >out 2>err
    expect "an event log on a full disk: status 3" [ $? -eq 3 ]
else
    echo "skipped: there is no /dev/full"
fi
exit $failed
