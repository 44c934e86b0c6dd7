#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim inspect on captures of the program's own: roles and dwells are found again, from one tap or from several with
# clocks apart; damaged files and wrong options are told. Where CAPTURES names a folder, public captures too.
root=$(pwd)
. "${0%/*}/common"

run() { # ARM FILE ARGUMENTS...
    arm=$1
    shift
    "$HOPSIM" run home --arm "$arm" --set transfer.size=4KiB --csv "$@" >/dev/null 2>err
}

# value TABLE ROLE KIND COLUMN
value() {
    awk -F, -v role="$2" -v kind="$3" -v want="$4" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["role"] == role && $at["kind"] == kind && $at["side"] == "any" { print $at[want] }' "$1"
}

within() { # A B LIMIT
    awk -v a="$1" -v b="$2" -v limit="$3" 'BEGIN { d = a - b; exit !(a != "" && d <= limit && -d <= limit) }'
}

# told ROLE KIND MORE: the scenario's dwell in ns, and what is on top of it
told() {
    awk -F, -v role="$1" -v kind="$2" -v more="$3" '
        $1 == role && $2 == kind && $3 == "any" { printf "%.0f", $6 * 1000000 + more }' "$root/bench/dwell/kamailio-captures.csv"
}

run msrp-smime --pcap-links links
for node in p-cscf-a s-cscf-a i-cscf-b s-cscf-b p-cscf-b; do
    run msrp-smime --pcap-at $node at-$node.pcapng
done
"$HOPSIM" inspect at-*.pcapng --table nodes --csv >nodes.csv 2>err
expect "several taps are read" [ $? -eq 0 ]
for role in p-cscf s-cscf i-cscf hss ue; do
    expect "a $role is found" grep -q ",$role," nodes.csv
done

# The dwells of the scenario's table come out again, from the tap at the node itself.
"$HOPSIM" inspect at-s-cscf-a.pcapng --role 192.168.81.2:6060=s-cscf --csv >s.csv 2>err
# The 100 leaves before it: 379 bytes at 1 Gbit/s are 3032 ns.
expect "the S-CSCF kept INVITE as long as it was told to" within "$(value s.csv s-cscf INVITE median_ns)" "$(told s-cscf INVITE 3032)" 1000
expect "and its 200" within "$(value s.csv s-cscf INVITE/200 median_ns)" "$(told s-cscf INVITE/200 0)" 1000
expect "and ACK" within "$(value s.csv s-cscf ACK median_ns)" "$(told s-cscf ACK 0)" 1000
"$HOPSIM" inspect at-i-cscf-b.pcapng --csv >i.csv 2>err
expect "the I-CSCF's INVITE includes the HSS" [ "$(value i.csv i-cscf INVITE includes)" = hss ]
expect "and takes as long as it was told to" within "$(value i.csv i-cscf INVITE median_ns)" "$(told i-cscf INVITE 0)" 1000

# RRD of RFC 6076: from the first REGISTER to the 200, the challenge inside; the run measures it by itself.
run msrp-smime --pcap-at ue-a at-ue-a.pcapng
"$HOPSIM" run home --arm msrp-smime --set transfer.size=4KiB --csv >run.csv 2>err
"$HOPSIM" inspect at-ue-a.pcapng --table sessions --csv >sessions.csv 2>err
rrd=$(awk -F, '$7 == "RRD" { print $8 }' sessions.csv)
expect "RRD is what the run says of the registration" within "$rrd" "$(awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) if ($i == "registration_ns") at = i } NR == 2 { print $at }' run.csv)" 1000
expect "a challenged REGISTER has none" grep -q '^REGISTER,.*,401,.*,challenged,,' sessions.csv

# From the P-CSCF the S-CSCF is seen to answer, but the 200 has Record-Routes of those behind it.
"$HOPSIM" inspect at-p-cscf-a.pcapng --csv >p.csv 2>err
expect "who passed an INVITE on unseen keeps it no time" [ -z "$(value p.csv ue-b INVITE n)$(value p.csv proxy INVITE n)$(value p.csv s-cscf INVITE n)" ]
expect "nor the BYE" [ -z "$(value p.csv ue-b BYE n)$(value p.csv s-cscf BYE n)" ]
"$HOPSIM" inspect at-p-cscf-b.pcapng --csv >p-b.csv 2>err
"$HOPSIM" inspect at-s-cscf-a.pcapng --csv >s-far.csv 2>err
expect "one that no INVITE went to is known by the Route of its BYE" [ -z "$(value s-far.csv ue-b BYE n)" ]
run msrp-smime --pcap-at ue-b at-ue-b-own.cap
"$HOPSIM" inspect at-ue-b-own.cap --csv >ue-b.csv 2>err
expect "a user agent's answer stays its own" [ "$(value ue-b.csv ue-b INVITE n)" = 1 ]
expect "seen from its neighbour the way to it would be inside" [ -z "$(value p-b.csv ue-b INVITE n)" ]

# Stamps of a capture of the program's (pcapng, big-endian, ns) moved by NS and running PPM too fast.
move_clock() { # FILE NS PPM
    perl -e '
        my ($ns, $ppm) = @ARGV;
        my ($bytes, $at, $first) = (join("", <STDIN>), 0, undef);
        while ($at < length $bytes) {
            my ($type, $size) = unpack "NN", substr($bytes, $at, 8);
            if ($type == 6) {
                my ($high, $low) = unpack "NN", substr($bytes, $at + 12, 8);
                my $stamp = $high << 32 | $low;
                $first = $stamp unless defined $first;
                $stamp += $ns + int(($stamp - $first) * $ppm / 1e6);
                substr($bytes, $at + 12, 8) = pack "NN", $stamp >> 32, $stamp & 0xffffffff;
            }
            $at += $size;
        }
        print $bytes' -- "$2" "$3" <"$1"
}

# Two clocks off, one 3 s ahead and 50 ppm too fast, one a second behind and 30 ppm too slow; every message of a file in
# MESSAGEs passes all three.
for node in p-cscf-a s-cscf-a i-cscf-b; do
    run message-plain --set transfer.size=20KiB --pcap-at $node tap-$node.pcapng
done
move_clock tap-s-cscf-a.pcapng 3000000000 50 >ahead.pcapng
move_clock tap-i-cscf-b.pcapng -1000000000 -30 >behind.pcapng
"$HOPSIM" inspect tap-p-cscf-a.pcapng ahead.pcapng --table clocks --csv >clocks.csv 2>err
expect "a clock 3 s ahead is found within its bound" awk -F, 'NR == 2 { d = $2 - 3e9; if (d < 0) d = -d; exit !(d <= $3 + 1) }' clocks.csv
expect "and its drift of 50 ppm" within "$(awk -F, 'NR == 2 { print $4 }' clocks.csv)" 50 1
"$HOPSIM" inspect tap-p-cscf-a.pcapng ahead.pcapng behind.pcapng --csv >all.csv 2>err
for node in p-cscf s-cscf i-cscf; do
    file=tap-$node-a.pcapng
    [ -e "$file" ] || file=tap-$node-b.pcapng
    "$HOPSIM" inspect "$file" --csv >one.csv 2>err
    expect "clocks apart move no dwell of the $node" within "$(value all.csv $node MESSAGE median_ns)" "$(value one.csv $node MESSAGE median_ns)" 50000
    expect "nor the longest" within "$(value all.csv $node MESSAGE max_ns)" "$(value one.csv $node MESSAGE max_ns)" 50000
done

"$HOPSIM" inspect at-i-cscf-b.pcapng --dwell found.csv >/dev/null 2>err
expect "dwells are saved" [ -s found.csv ]
expect "a dwell file names nobody" sh -c '! grep -Eq "alice|bob|open-ims|192\.168|@" found.csv'
# What was found is what a scenario uses: nothing from the other table stands in its place.
"$HOPSIM" inspect at-p-cscf-a.pcapng --dwell p-cscf.csv >/dev/null 2>err
sed 's/^\(p-cscf,[A-Z]*,any,[0-9]*\),.*hopsim inspect.*/\1,400,400,400,400,,,test/' p-cscf.csv >slow.csv
delay_with() { # TABLE
    "$HOPSIM" run home --arm msrp-plain --set transfer.size=1KiB --set dwell.table="$1" --csv |
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "delay_ns") at = i } NR == 2 { print $at / 1e6 }'
}
expect "a dwell that was found is a scenario's" within "$(delay_with slow.csv)" "$(echo "$(delay_with p-cscf.csv)" | awk '{ print $1 + 795 }')" 10
"$HOPSIM" inspect at-p-cscf-a.pcapng --ladder --csv >out 2>err
expect "a ladder is no table: status 2" [ $? -eq 2 ]
"$HOPSIM" inspect at-p-cscf-a.pcapng --ladder >ladder 2>err
expect "the ladder shows the INVITE" grep -q INVITE ladder
"$HOPSIM" inspect at-p-cscf-a.pcapng --json >a.json 2>err
if command -v sqlite3 >/dev/null; then
    expect "--json is JSON" [ "$(sqlite3 :memory: "select json_valid(readfile('a.json'))")" = 1 ]
fi

size=$(wc -c <at-p-cscf-a.pcapng)
head -c $((size - 7)) at-p-cscf-a.pcapng >cut.pcapng
"$HOPSIM" inspect cut.pcapng --csv >cut.csv 2>err
expect "a file that is cut short is used as far as it goes" [ $? -eq 0 ]
expect "and that is told" grep -q 'cut short' err
for bytes in 0 1 4 27; do
    head -c $bytes at-p-cscf-a.pcapng >short.pcapng
    "$HOPSIM" inspect short.pcapng >out 2>err
    expect "$bytes bytes are no capture: status 2" [ $? -eq 2 ]
    expect "$bytes bytes: one line says why" [ "$(wc -l <err)" -eq 1 ]
done
"$HOPSIM" inspect nowhere.pcap >out 2>err
expect "a file that is not there: status 2" [ $? -eq 2 ]
"$HOPSIM" inspect at-p-cscf-a.pcapng --table nothing >out 2>err
expect "a table that is not there: status 2" [ $? -eq 2 ]
"$HOPSIM" inspect at-p-cscf-a.pcapng --role 1.2.3.4=ue >out 2>err
expect "a role without a port: status 2" [ $? -eq 2 ]

# Keys: told where they are wrong, and of no use without what they open.
"$HOPSIM" run home --arm message-ipsec --set transfer.size=4KiB --pcap esp.pcapng --keys keys --csv >/dev/null 2>err
"$HOPSIM" inspect esp.pcapng --esp-sa keys/esp_sa --table protected --csv >protected.csv 2>err
expect "every association that was written opens its packets" awk -F, 'NR > 1 && ($1 != "ESP" || $6 == 0 || $8 != 0) { bad = 1 } END { exit bad || NR < 3 }' protected.csv
{ echo "# ours"; echo; sed 's/AES-CBC/ROT-13/' keys/esp_sa; } >wrong_sa
"$HOPSIM" inspect esp.pcapng --esp-sa wrong_sa >out 2>err
expect "an algorithm that is not known: status 2 and the line" sh -c "[ $? -eq 2 ] && grep -q 'wrong_sa:3: expected' err"
printf '# nothing\nCLIENT_RANDOM 00 11\n' >wrong_keylog
"$HOPSIM" inspect esp.pcapng --keylog wrong_keylog >out 2>err
expect "a line of a key log that is wrong: status 2 and the line" sh -c "[ $? -eq 2 ] && grep -q 'wrong_keylog:2: expected' err"
"$HOPSIM" inspect esp.pcapng --keylog keys/esp_sa >out 2>err
expect "a file without secrets is no key log: status 2" [ $? -eq 2 ]
"$HOPSIM" inspect esp.pcapng --esp-sa nowhere >out 2>err
expect "keys that are not there: status 2" [ $? -eq 2 ]

# A B2BUA's legs carry one Call-ID where CSCFs anchor the media, so nothing has to be guessed.
run msrp-b2bua --pcap b2bua.pcapng
"$HOPSIM" inspect b2bua.pcapng --table legs --csv >legs.csv 2>err
expect "msrp-b2bua: INVITE passes five CSCFs by its Via, nothing is guessed" [ "$(grep -c ',INVITE,INVITE,' legs.csv),$(grep -c guessed legs.csv)" = 5,0 ]
"$HOPSIM" inspect b2bua.pcapng --table msrp --csv >msrp.csv 2>err
expect "a response to SEND is told as one" grep -q ',SEND/200,' msrp.csv
run msrp-relay --pcap relay.pcapng
"$HOPSIM" inspect relay.pcapng --table msrp --csv >msrp.csv 2>err
expect "a response to AUTH is told as one" [ "$(grep -c ',AUTH/401,' msrp.csv),$(grep -c ',AUTH/200,' msrp.csv)" = 2,2 ]

# What was sent again: as many as the trial's event log says, TCP segments and SIP messages each on their own.
lossy() { # ARM
    rm -f lossy.pcapng lossy.log
    run "$1" --set transfer.size=100KiB --set access.loss=2% --set core.loss=1% --pcap lossy.pcapng --log lossy.log
    "$HOPSIM" inspect lossy.pcapng --table summary --csv >summary.csv 2>err
    again=$(awk -F, '/^(TCP segments|SIP messages) sent again,/ { n += $2 } END { print n + 0 }' summary.csv)
    expect "$1: what was sent again is what the event log says, more than none" [ "$again" -gt 0 ] 
    expect "$1: and as many" [ "$again" = "$(grep -c ' again' lossy.log)" ]
}
lossy msrp-smime
lossy message-tls
lossy message-plain
expect "SIP sent again by UDP is in the table of repeats, a row each" [ "$("$HOPSIM" inspect lossy.pcapng --table repeats --csv | tail -n +2 | wc -l)" = "$again" ]
if command -v tshark >/dev/null; then
    lossy msrp-plain
    # Wireshark tells some retransmissions from segments out of order by how soon they come.
    theirs=$(tshark -n -r lossy.pcapng -Y 'tcp.analysis.retransmission || tcp.analysis.fast_retransmission || tcp.analysis.spurious_retransmission || tcp.analysis.out_of_order' 2>/dev/null | wc -l)
    expect "msrp-plain: and as tshark says" [ "$theirs" = "$again" ]
fi

# What a real core did: its roles are found by what it does, and nothing loops.
samples=$OLDPWD/traces/samples
for name in registration session message; do
    "$HOPSIM" inspect "$samples/$name.pcapng" --table nodes --csv >nodes.csv 2>err
    expect "$name of the real core is read" [ $? -eq 0 ]
    for row in 10.99.0.12:5060,p-cscf 10.99.0.14:5060,s-cscf; do
        expect "$name: $row" grep -q "^$row" nodes.csv
    done
done
"$HOPSIM" inspect "$samples/session.pcapng" --csv >session.csv 2>err
expect "session: the INVITE passes two P-CSCFs" [ "$(value session.csv p-cscf INVITE n)" = 2 ]
expect "session: two S-CSCFs" [ "$(value session.csv s-cscf INVITE n)" = 2 ]
expect "session: one I-CSCF, which asks its HSS" [ "$(value session.csv i-cscf INVITE n),$(value session.csv i-cscf INVITE includes)" = 1,hss ]

# Each file transfer is found, also inside of TLS whose secrets the file holds.
for file in "$samples"/msrp-*.pcapng "$samples"/message-*.pcapng; do
    name=$(basename "$file" .pcapng)
    kind=SEND
    [ "${name#message-}" = "$name" ] || kind=MESSAGE
    "$HOPSIM" inspect "$file" --table messages --csv >messages.csv 2>err
    expect "$name: its ${kind}s are found, and their 200" \
        [ "$(grep -c ",$kind," messages.csv)" -gt 0 -a "$(grep -c ",$kind/200," messages.csv)" -gt 0 ]
done
"$HOPSIM" inspect "$samples/msrp-plain-loss.pcapng" --table repeats --csv >repeats.csv 2>err
expect "msrp-plain-loss: the INVITE was sent twice more" [ "$(grep -c ^INVITE repeats.csv)" = 2 ]

if [ -z "${CAPTURES:-}" ]; then
    echo "skipped: public captures: CAPTURES names no folder"
    exit $failed
fi
# One INVITE through each node, as the captures' own description has it (ms).
"$HOPSIM" inspect "$CAPTURES/ims/volte.pcapng" --table legs --csv >legs.csv 2>err
leg() { # ROLE SIDE
    awk -F, -v role="$1" -v side="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["role"] == role && $at["side"] == side && $at["kind_in"] == "INVITE" && $at["kind_out"] == "INVITE" { print $at["dwell_ns"] }' legs.csv
}
expect "volte: S-CSCF, originating: 1.37 ms" within "$(leg s-cscf orig)" 1370000 10000
expect "volte: I-CSCF with its LIR: 9.51 ms" within "$(leg i-cscf term)" 9510000 10000
expect "volte: S-CSCF, terminating: 1.68 ms" within "$(leg s-cscf term)" 1680000 10000
expect "volte: P-CSCF, terminating: 0.64 ms" within "$(leg p-cscf term)" 640000 15000
"$HOPSIM" inspect "$CAPTURES/sip/b2bua-call.pcapng" --table legs --csv --dwell b2bua-dwell.csv >legs.csv 2>err
# Frames 22 and 24, 28 and 29, 32 and 34, 404 and 409 of tshark.
for row in INVITE,INVITE,any,12.040341000,2065000 INVITE/180,INVITE/180,any,12.783121000,465000 \
    INVITE/200,INVITE/200,any,19.100771000,4525000 BYE,BYE,any,26.727966000,240849000; do
    expect "b2bua-call: $row, guessed" grep -q "^172.16.98.101:5060,b2bua,$row,,guessed," legs.csv
done
expect "and nothing else is guessed" [ "$(grep -c guessed legs.csv)" = 4 ]
expect "no dwell of a guess goes into a file" sh -c '! grep -q b2bua b2bua-dwell.csv'
"$HOPSIM" inspect "$CAPTURES/sip/b2bua-call.pcapng" --role 172.16.98.101:5060=p-cscf --dwell p-dwell.csv >dwells 2>err
expect "not even for a role that scenarios have" sh -c "! grep -q '^p-cscf,INVITE,any,1,2.0' p-dwell.csv && grep -q '^# Left out: [1-9]' p-dwell.csv"
for file in "$CAPTURES"/odd/* "$CAPTURES"/messages/*/*; do
    [ -f "$file" ] || continue
    timeout 20 "$HOPSIM" inspect "$file" >out 2>err
    status=$?
    expect "$(basename "$file"): a result or one sentence" sh -c "[ $status -eq 0 ] || { [ $status -eq 2 ] && [ \$(wc -l <err) -eq 1 ]; }"
done
exit $failed
