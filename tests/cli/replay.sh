#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim replay: on captures of the program's own every message that can be read is simulated within a microsecond of its
# time, in every arm and topology, warm and cold (a sample of them, all with LONG); no message is dropped in silence.
# Where CAPTURES names a folder, public captures too.
samples=$(cd "${0%/*}/../../traces/samples" && pwd)
. "${0%/*}/common"

# record FILE ARM KEY=VALUE...: a capture of that trial
record() {
    file=$1 arm=$2
    shift 2
    set -- $(for one; do printf -- '--set %s ' "$one"; done)
    rm -rf keys
    "$HOPSIM" run home --arm "$arm" --set transfer.size=20kB "$@" --pcap "$file" --keys keys --csv >/dev/null 2>err
}

# near CSV NS LEAST [MORE]: at least so many messages are in both, none but in the capture (unless MORE says that), and none
# differs by more
near() {
    awk -F, -v limit="$2" -v least="$3" -v more="${4:-}" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["what"] == "both" { both++; d = $at["difference_ns"]; if (d > limit || -d > limit) { print; wrong++ } }
        $at["what"] == "captured only" && more == "" { print; wrong++ }
        END { if (both < least) print both + 0 " in both"; exit wrong > 0 || both < least }' "$1"
}

combinations() {
    for topology in single-host home two-domains; do
        for connections in warm cold; do
            for arm in $("$HOPSIM" list arms --csv | tail -n +2 | cut -d, -f1); do
                echo "$arm topology=$topology connections=$connections"
            done
        done
    done
}

# What else may be switched on, with an arm whose messages can all be read.
switches() {
    for switch in session.provisional=180 session.provisional=183-prack-update session.ended_by=callee \
        proxy.auth=digest setup.active=answerer msrp.chunk=2048 msrp.success_report=yes msrp.failure_report=no \
        file.hash=sha-1 answer.delay=3s peer.state=busy peer.state=unknown peer.state=unregistered \
        smime.certificate=left-out smime.suite=rfc4975-rsa smime.suite=2013-3des register.second_uar=off; do
        echo "msrp-smime $switch"
    done
}

# ESP's keys are in no capture: they are given beside it.
opened_by() { # ARM
    if [ "$1" = message-ipsec ]; then echo --esp-sa keys/esp_sa; fi
}
combinations >wanted
switches >>wanted
if [ -z "${LONG:-}" ]; then
    awk 'BEGIN { srand(20261127) } { print rand() "\t" $0 }' wanted | sort -n | cut -f2 | head -12 >sample
    mv sample wanted
fi
while read -r arm settings; do
    # shellcheck disable=SC2086 # words of their own
    record one.pcapng "$arm" $settings
    # shellcheck disable=SC2046 # two words or none
    "$HOPSIM" replay one.pcapng $(opened_by "$arm") --csv >one.csv 2>err
    expect "$arm, $settings: every message is within 1 us" near one.csv 1000 30
    # shellcheck disable=SC2046
    "$HOPSIM" replay one.pcapng $(opened_by "$arm") --table rest --csv >rest.csv 2>err
    # shellcheck disable=SC2046
    "$HOPSIM" inspect one.pcapng $(opened_by "$arm") --table messages --csv 2>err | tail -n +2 | wc -l >all
    expect "$arm, $settings: none is dropped in silence" [ "$(($(grep -vc predicted one.csv) - 1 + $(awk -F, '
        NR > 1 { sum += $2 } END { print sum + 0 }' rest.csv)))" = "$(cat all)" ]
    rm -f one.pcapng
done <wanted

column() { # CSV ROW COLUMN
    awk -F, -v row="$2" -v want="$3" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $1 == row { print $at[want] }' "$1"
}
near_share() { # A B SHARE
    awk -v a="$1" -v b="$2" -v share="$3" 'BEGIN { d = a - b; exit !(a > 0 && b > 0 && d <= share * b && -d <= share * b) }'
}

# A tap at one host, whichever.
for host in p-cscf-a s-cscf-b p-cscf-b ue-a; do
    "$HOPSIM" run home --arm msrp-plain --set transfer.size=4KiB --csv --pcap-at $host at-$host.pcapng >/dev/null 2>err
    "$HOPSIM" replay at-$host.pcapng --csv >at.csv 2>err
    expect "what a tap at $host saw is repeated within 1 us" near at.csv 1000 9
    case $host in p-cscf-a | ue-a)
        "$HOPSIM" replay at-$host.pcapng --arm msrp-smime --table what-if --csv >at.csv 2>err
        expect "its call takes as long with what it did not see" near_share "$(column at.csv setup simulated_ns)" "$(column at.csv setup captured_ns)" 0.01
        ;;
    esac
done

# The captured column is what tshark says of the same frames.
record tshark.pcapng msrp-plain
"$HOPSIM" replay tshark.pcapng --csv >ours.csv 2>err
if command -v tshark >/dev/null; then
    tshark -n -r tshark.pcapng -Y 'sip && ip.proto == 17 && ip.frag_offset == 0' -T fields -e frame.number -e frame.time_epoch 2>/dev/null >theirs
    expect "captured times are tshark's" awk -F'[,\t]' '
        FNR == NR { time[$1] = $2; next }
        FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["frame"] in time { split(time[$at["frame"]], s, "."); ns = (s[1] - 1356998400) * 1e9 + s[2]
                              if (first == "") first = ns - $at["captured_ns"]
                              seen++; if (ns - $at["captured_ns"] != first && $at["frame"] > 0) { print; bad++ } }
        END { exit bad > 0 || seen < 40 }' theirs ours.csv
else
    echo "skipped: tshark is not installed"
fi

# What if: trials of their own in the network that the capture tells of, which a scenario and a table of dwells hold.
delay_of() { # SCENARIO ARGUMENTS...
    "$HOPSIM" run "$@" --csv 2>err | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "delay_ns") at = i } NR == 2 { print $at }'
}
"$HOPSIM" run home --arm msrp-plain --set transfer.size=1MiB --pcap whole.pcapng --csv >/dev/null 2>err
"$HOPSIM" replay whole.pcapng --save net --table what-if --csv >same.csv 2>err
expect "the captured arm takes what it took, within 1 %" near_share "$(column same.csv delay simulated_ns)" "$(delay_of home --arm msrp-plain --set transfer.size=1MiB)" 0.01
expect "and as long as captured, within 1 %" near_share "$(column same.csv transfer simulated_ns)" "$(column same.csv transfer captured_ns)" 0.01
expect "nothing changed is no difference" [ "$(column same.csv delay difference_ns)" = 0 ]
"$HOPSIM" replay whole.pcapng --arm message-large --set access.delay=40ms --table what-if --csv >other.csv 2>err
expect "a what-if is what run says of the saved network" [ "$(column other.csv delay what_if_ns)" = "$(delay_of net/scenario.ini --arm message-large --set access.delay=40ms)" ]
expect "in another arm and network it takes another time" [ "$(column other.csv delay difference_ns)" -gt 1000000 ]
expect "the saved network takes as long" [ "$(delay_of net/scenario.ini --arm msrp-plain)" = "$(column same.csv delay simulated_ns)" ]
expect "and names nobody" sh -c '! grep -Eq "alice|bob|192\.168|@" net/dwell.csv'
expect "the rate of the links is found from pairs of segments" grep -q '^rate = 50Mbit/s ; estimated' net/scenario.ini
"$HOPSIM" replay whole.pcapng --save net >out 2>err
expect "a folder that is there stays: status 2" [ $? -eq 2 ]

# The truth of a what-if: a capture of arm A in a network, what if arm B, beside arm B run in that network itself. What
# stays between them are the links, which are estimated from A's handshakes, segments and messages.
truths() {
    for pair in msrp-plain:msrp-smime msrp-smime:msrp-plain msrp-tls:msrp-smime msrp-plain:msrp-relay \
        msrp-plain:message-tls message-tls:msrp-relay msrp-relay:msrp-plain; do
        for topology in single-host home two-domains; do
            echo "${pair%:*} ${pair#*:} topology=$topology"
        done
    done
}
truths >true
if [ -z "${LONG:-}" ]; then
    awk 'BEGIN { srand(20261127) } { print rand() "\t" $0 }' true | sort -n | cut -f2 | head -3 >sample
    mv sample true
fi
while read -r from to settings; do
    "$HOPSIM" run home --arm "$from" --set transfer.size=200kB --set "$settings" --pcap truth.pcapng --csv >/dev/null 2>err
    "$HOPSIM" replay truth.pcapng --arm "$to" --table what-if --csv >truth.csv 2>err
    rm -f truth.pcapng
    expect "$from, $settings, what if $to: what run says of it, within 2 %" near_share \
        "$(column truth.csv delay what_if_ns)" "$(delay_of home --arm "$to" --set transfer.size=200kB --set "$settings")" 0.02
done <true

# A capture that tells nothing to repeat is refused in one sentence.
"$HOPSIM" replay "$0" >out 2>err
expect "what is no capture: status 2" [ $? -eq 2 ]
"$HOPSIM" replay tshark.pcapng --session 7 >out 2>err
expect "a session that is not there: status 2" [ $? -eq 2 ]
expect "and how many there are" grep -q 'there are 1' err
"$HOPSIM" replay tshark.pcapng --table nothing >out 2>err
expect "a table that is not there: status 2" [ $? -eq 2 ]

# Captures of a real core: a few, all with LONG.
for file in "$samples"/*.pcapng; do
    name=${file##*/}
    case $name in *-1KiB.pcapng | *-5KiB.pcapng | *-200B.pcapng) [ -n "${LONG:-}" ] || continue ;; esac
    timeout 60 "$HOPSIM" replay "$file" >text 2>err
    expect "$name is repeated" grep -q ' both$' text
    expect "$name: worst and median difference are told" grep -q '^worst difference .*, median ' text
    expect "$name: what one tap cannot know is told" grep -q '^what one tap cannot know: ' text
    "$HOPSIM" replay "$file" --csv >sample.csv 2>err
    expect "$name: every message that the trial has is within 1 us" near sample.csv 1000 14 "captured only"
done

# Public captures.
if [ -d "${CAPTURES:-}" ]; then
    for file in "$CAPTURES"/*/*.pcap*; do
        name=${file##*/}
        timeout 60 "$HOPSIM" replay "$file" --csv >public.csv 2>err
        status=$?
        if [ $status -eq 0 ]; then
            expect "$name is repeated" grep -q ',both$' public.csv
        else
            expect "$name: one sentence says why not" [ "$status $(wc -l <err)" = "2 1" ]
        fi
    done
    "$HOPSIM" replay "$CAPTURES/ims/registration.pcapng" --csv >public.csv 2>err
    expect "a registration of a real core is repeated" near public.csv 1000 18 "captured only"
    "$HOPSIM" replay "$CAPTURES/sip/proxy-call.pcap" --csv >public.csv 2>err
    expect "a call through one proxy is repeated" near public.csv 1000 11
else
    echo "skipped: CAPTURES names no folder"
fi
exit $failed
