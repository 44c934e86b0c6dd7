# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim load: how attempts arrive (staircase, a capture of somebody else's), what comes beside them, what is refused.
. "${0%/*}/common"

load() {
    "$HOPSIM" load home-load --set load.users=20000 --set load.rate=30/s --set load.duration=2s --set transfer.size=1KiB "$@"
}
# The cell of a column in the first row of a table.
cell() { # FILE COLUMN
    awk -F, -v name="$2" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i } NR == 2 { print $at[name] }' "$1"
}

load --replications 3 -j 1 --csv >one.csv 2>err
expect "a load runs" [ $? -eq 0 ]
load --replications 3 -j 2 --csv >two.csv 2>err
expect "with two threads it is the same" cmp -s one.csv two.csv

load --set load.arrivals=staircase --set load.step_rate=100/s --set load.step_time=1s --set load.duration=3s --csv \
    >stairs.csv 2>err
load --set load.arrivals=staircase --set load.step_rate=100/s --set load.step_time=1s --set load.duration=3s --steps --csv \
    >steps.csv 2>err
expect "a staircase has its steps" awk -F, 'NR > 1 { rates = rates " " $2 } END { exit rates != " 30.000 130.000 230.000" }' \
    steps.csv
expect "each attempt is in one" [ "$(awk -F, 'NR > 1 { n += $3 } END { print n }' steps.csv)" = "$(cell stairs.csv attempts)" ]
load --steps >out 2>err
expect "steps without a staircase are refused" [ $? -eq 2 ]

"$HOPSIM" run home --arm msrp-plain --pcap own.pcapng >/dev/null 2>&1
load --set load.arrivals=capture --set load.capture=own.pcapng --csv >capture.csv 2>err
expect "a capture of one session brings one attempt" [ "$(cell capture.csv attempts)" = 1 ]
expect "which is delivered" [ "$(cell capture.csv delivered)" = 1 ]
if [ -n "${CAPTURES:-}" ]; then
    calls=$CAPTURES/sip/sipp-771-calls.pcapng
    load --arm msrp-plain --set load.arrivals=capture --set load.capture="$calls" --set load.duration=1000s --csv >sipp.csv 2>err
    expect "SIPp's capture of 771 calls brings as many" [ "$(cell sipp.csv attempts)" = 771 ]
    if command -v tshark >/dev/null; then
        last=$(tshark -r "$calls" -Y 'sip.Method == "INVITE"' -T fields -e frame.time_epoch -e sip.Call-ID 2>/dev/null |
            awk '!seen[$2]++ { if (first == "") first = $1; last = $1 } END { printf "%.0f", (last - first) * 1000 }')
        expect "as tshark sees them: the last attempt ends soon after its INVITE" awk -v ended="$(cell sipp.csv ended_ns)" \
            -v last="$last" 'BEGIN { exit !(ended / 1e6 > last && ended / 1e6 < last + 1500) }'
    fi
    load --set load.arrivals=capture --set load.capture="$CAPTURES/ims/registration.pcapng" >out 2>err
    expect "a capture without INVITEs is refused" [ $? -eq 2 ]
fi

load --set load.calls=20/s --set load.call_time=500ms --set load.registrations=20/s --set background.rate=30 --csv \
    >beside.csv 2>err
expect "calls, registrations and background requests pass beside files" awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    NR == 2 { good = $at["calls"] > 10 && $at["registrations"] > 10 && $at["inadequate_ratio"] == 0 &&
        $at["attempts"] > 20 && $at["utilisation_hss_b_ratio"] > 0 }
    END { exit !good }' beside.csv
expect "and the HSS has more to do" awk -v with="$(cell beside.csv utilisation_hss_b_ratio)" \
    -v without="$(cell one.csv utilisation_hss_b_ratio)" 'BEGIN { exit !(with > 2 * without) }'

load --set cpu.workers=1 --set cpu.queue=16 --set load.rate=1500/s --csv >storm.csv 2>err
expect "full queues drop, and what is dropped comes again" awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    NR == 2 { good = $at["dropped"] > $at["attempts"] && $at["sip_again"] > $at["attempts"] }
    END { exit !good }' storm.csv
load --set cpu.workers=1 --set overload.jobs=10 --set load.rate=1500/s --csv >refusing.csv 2>err
expect "refusing in time spares all of that" awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    NR == 2 { good = $at["refusals"] > 100 && $at["dropped"] == 0 && $at["sip_again"] == 0 }
    END { exit !good }' refusing.csv

"$HOPSIM" load home >out 2>err
expect "dwells known as waits only are refused" [ $? -eq 2 ]
expect "and what a load needs is said" grep -q 'work times' err
load --arm msrp-relay >out 2>err
expect "an arm that loads do not have is refused" [ $? -eq 2 ]
load -o folder >/dev/null 2>err
expect "a folder is made" [ -s folder/load.csv ]
"$HOPSIM" report folder >out 2>err
expect "and report takes it" [ -s folder/report.html ]
exit $failed
