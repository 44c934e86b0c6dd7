#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim measure on loopback: every arm that is not simulated only delivers its file, phases that an arm lacks are empty,
# the row has a trial's columns; what cannot be done says why.
. "${0%/*}/common"

# column NAME: of the only row in row.csv; no cell of measure holds a comma
column() {
    awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) at = i } NR == 2 { print $at }' row.csv
}

"$HOPSIM" list arms --csv >arms.csv
place=$(head -1 arms.csv | tr , '\n' | grep -nx over_sockets | cut -d: -f1)
[ -n "$place" ] || { echo "failed: list arms says what is simulated only"; exit 1; }
awk -F, -v at="$place" 'NR > 1 { print $1, $at == "measured" ? "measured" : "simulated" }' arms.csv >arms
expect "some arms are measured" grep -q ' measured' arms
expect "some arms are simulated only" grep -q ' simulated' arms

while read -r arm how; do
    if [ "$how" = simulated ]; then
        "$HOPSIM" measure --arm "$arm" --loopback >out 2>err
        expect "$arm has bad input's status" [ $? -eq 2 ]
        expect "$arm says why in a sentence" grep -q "^hopsim: $arm is simulated only: ..." err
        continue
    fi
    "$HOPSIM" measure --arm "$arm" --size 20KiB --loopback --csv >row.csv 2>err
    expect "$arm is delivered" [ $? -eq 0 ]
    expect "$arm says so" [ "$(column end)" = delivered ]
    expect "$arm took time" [ "$(column delay_ns)" -gt 0 ]
    expect "$arm sent the file" [ "$(column body_bytes)" -ge 20480 ]
    expect "$arm: parts are not known" [ -z "$(column part_queueing_ns)" ]
    case $arm in
    message-*) expect "$arm has no setup" [ -z "$(column setup_ns)" ] ;;
    *) expect "$arm has a setup" [ "$(column setup_ns)" -gt 0 ] ;;
    esac
done <arms

"$HOPSIM" run home --csv | head -1 | sed 's/^scenario,arm,seed,trial,//' >simulated
head -1 row.csv | sed 's/^arm,trial,seed,//' >measured
expect "a measured row has the columns of a simulated one" cmp simulated measured

expect "several relays" "$HOPSIM" measure --arm msrp-relay --hops 5 --size 3KiB --loopback
expect "chunks of 2,048 B" "$HOPSIM" measure --arm msrp-relay --chunk 2048B --size 20KiB --loopback
expect "an empty file" "$HOPSIM" measure --arm msrp-smime --size 0 --loopback
"$HOPSIM" measure --arm msrp-relay --size 1KiB --loopback --repeat 12 --csv >rows.csv 2>err
expect "what processes counted is known of every transfer" [ "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    NR > 1 && $at["retransmissions"] != "" && $at["cpu_ns"] > 0 { n++ } END { print n + 0 }' rows.csv)" -eq 12 ]
expect "results go into a folder" "$HOPSIM" measure --size 1KiB --loopback --repeat 2 -o results
expect "a row a transfer" [ "$(wc -l <results/trials.csv)" -eq 3 ]
expect "a manifest" [ -s results/manifest.txt ]

"$HOPSIM" measure --loopback --rate 10Mbit/s >out 2>err
expect "shaping on loopback is refused" [ $? -eq 2 ]
expect "and says what it needs" grep -q "need network namespaces, and those root" err
"$HOPSIM" measure --loopback --hops 9 >out 2>err
expect "too many relays are refused" [ $? -eq 2 ]

# Folders for received files, of which no word is said: in a place of their own here.
mkdir tmp
export TMPDIR="$folder/tmp"
# interrupted SIGNAL: a transfer that takes its time, ended in the midst of it
interrupted() {
    "$HOPSIM" measure --arm message-plain --size 20MiB --loopback >out 2>err &
    pid=$!
    for turn in $(seq 100); do
        [ "$(ls tmp | wc -l)" -eq 0 ] || break
        sleep 0.02
    done
    sleep 0.1
    kill "-$1" $pid
    wait $pid 2>/dev/null
}
interrupted INT
expect "Ctrl-C has a fault's status" [ $? -eq 3 ]
expect "and leaves no file" [ "$(ls tmp | wc -l)" -eq 0 ]
interrupted KILL
expect "kill -9 leaves a folder" [ "$(ls tmp | wc -l)" -eq 1 ]
expect "which the next measurement" "$HOPSIM" measure --size 1KiB --loopback
expect "removes" [ "$(ls tmp | wc -l)" -eq 0 ]
exit $failed
