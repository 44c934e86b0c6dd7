#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every built-in scenario meets the bounds that its own comment states, so that a benchmark is also a test:
#     # expect delivered SHARE    of the trials of each arm
#     # expect ARM LOW HIGH       its mean delay
#     # expect ARM < ARM          in mean delay
# A few trials of the arms that are named; with LONG many of every arm.
top=$PWD
. "${0%/*}/common"

trials=8
[ -z "${LONG:-}" ] || trials=30

# bounds FILE SUMMARY: every line that is not met
bounds() {
    awk -F, '
        function milliseconds(text) {
            if (text ~ /ms$/) return text + 0
            if (text ~ /s$/) return 1000 * text
            print "no time: " text
            return -1
        }
        FNR == NR && FNR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        FNR == NR { mean[$at["arm"]] = $at["delay_mean_ms"]; share[$at["arm"]] = $at["delivered"] / $at["trials"]; next }
        !/^# expect / { next }
        {
            split($0, word, / +/)
            lines++
            if (word[3] == "delivered") {
                for (arm in share) if (100 * share[arm] < word[4] + 0) print arm " delivered " share[arm]
            } else if (!(word[3] in mean)) {
                print word[3] " is no arm of the run"
            } else if (word[4] == "<") {
                if (!(mean[word[3]] < mean[word[5]])) print word[3] " " mean[word[3]] " ms, " word[5] " " mean[word[5]] " ms"
            } else if (!(mean[word[3]] >= milliseconds(word[4]) && mean[word[3]] <= milliseconds(word[5]))) {
                print word[3] " " mean[word[3]] " ms: expected " word[4] " to " word[5]
            }
        }
        END { if (!lines) print "no line # expect" }' "$2" "$1"
}

for file in "$top"/bench/scenarios/*.ini; do
    name=$(basename "$file" .ini)
    arms='msrp-smime, msrp-plain, msrp-relay, msrp-relay-plain'
    [ -z "${LONG:-}" ] || arms=$("$HOPSIM" list arms --csv | tail -n +2 | cut -d, -f1 | paste -sd, -)
    printf 'include = %s\n[sweep]\nconnections = warm\narms = %s\nrepetitions = %s\n' "$name" "$arms" $trials >"$name.ini"
    "$HOPSIM" sweep "$name.ini" -o "$name" >out 2>err
    expect "$name runs" [ $? -eq 0 ]
    bounds "$file" "$name/summary.csv" >missed
    [ ! -s missed ] || cat missed
    expect "$name meets its bounds" [ ! -s missed ]
done

# The bounds must be able to fail.
printf '# expect msrp-smime 1ms 2ms\n# expect msrp-smime < msrp-plain\n# expect delivered 101%%\n# expect nobody 1s 2s\n' >wrong
bounds wrong home/summary.csv >missed
expect "bounds that are not met are told" [ "$(wc -l <missed)" -ge 4 ]
for name in paper home two-domains roaming-s8hr roaming-lbo lte 5g loss long-rtt many-hops; do
    expect "$name is built in" "$HOPSIM" show $name
done
exit $failed
