#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim validate --measured --recorded: a record becomes the tables again without measuring; errors and ratios are what
# their names say; a record that is broken, or has too little, is refused. The calibration is one that was measured.
. "${0%/*}/common"

cat >record.csv <<END
# 2026-11-27 03:58 UTC, AMD EPYC
arm,size_bytes,rate_bps,rtt_ns,relays,n,prepare_ns,setup_ns,protect_ns,connect_ns,transfer_ns,unprotect_ns,delay_ns,delay_min_ns,delay_max_ns
msrp-plain,10240,0,0,2,21,10205,969468,,149548,187113,,1347892,1163772,2180576
msrp-plain,1048576,0,0,2,21,12208,1034224,,155928,2962205,,4319289,3736442,5366978
msrp-smime,10240,0,0,2,21,11087,975557,882814,137180,181015,1699239,4138610,3505698,4993402
msrp-smime,1048576,0,0,2,21,13510,1349509,2770283,157019,3509308,5548728,13356200,10428186,18553280
msrp-relay-plain,10240,0,0,2,21,10476,1221549,,418729,580655,,1969295,1630722,2422115
msrp-relay-plain,1048576,0,0,2,21,8503,941937,,310508,7400670,,8750033,7102978,10860130
msrp-relay,10240,0,0,2,21,2305021,3365093,,4881636,564871,66499,6402133,5106425,8997726
msrp-relay,1048576,0,0,2,21,2513471,3821358,,5476766,9762065,101001,16665034,13977569,19917135
message-tls,10240,0,0,2,21,0,,,,12266267,109213,12374368,11027984,16236035
BOXROW
END
cp record.csv calibration.csv
cat >>record.csv <<END
msrp-smime,102400,100000000,0,0,7,13000,1900000,1000000,400000,8900000,1800000,13720000,13000000,14000000
msrp-relay,102400,100000000,0,3,7,2600000,3900000,,5000000,9500000,70000,17150000,17000000,17500000
message-tls,102400,100000000,0,0,7,0,,,,240000000,90000,274400000,270000000,280000000
END
cp record.csv before.csv

"$HOPSIM" validate --measured --record record.csv --recorded --csv >errors.csv 2>words
expect "a record becomes the table again: status 0" [ $? -eq 0 ]
expect "a row a point" [ "$(wc -l <errors.csv)" -eq 4 ]
# arm,size_bytes,rate_bps,rtt_ns,relays,predicted_ns,measured_ns,spread_ratio,error_ratio,phase,phase_difference_ns
expect "an error is predicted less measured, of measured" awk -F, 'NR > 1 { e = ($6 - $7) / $7 - $9; if (e * e > 1e-8) exit 1 }' \
    errors.csv
expect "a spread is longest less shortest, of the median" grep -q ',13720000,0.0729,' errors.csv
expect "100 KiB are predicted within a factor of two" awk -F, 'NR > 1 { if ($9 > 1 || $9 < -0.5) exit 1 }' errors.csv
worst=$(awk -F, '$1 ~ /^msrp/ { e = $9 < 0 ? -$9 : $9; if (e > m) m = e } END { printf "%.1f", 100 * m }' errors.csv)
expect "the last line has the median and the worst error, MESSAGEs aside" grep -q "^median error: [0-9.]* %, worst: $worst %\$" words
expect "and it is the last" grep -q "^median error" <<END
$(tail -1 words)
END

"$HOPSIM" validate --measured --record record.csv --recorded --csv --answer >answer.csv 2>err
expect "hop by hop stands beside end to end" [ "$(wc -l <answer.csv)" -eq 3 ]
expect "relays took 1.25 times as long" grep -q '^msrp-relay,102400,100000000,0,3,17150000,13720000,1.2500,' answer.csv
expect "MESSAGEs 20 times" grep -q '^message-tls,102400,100000000,0,0,274400000,13720000,20.0000,' answer.csv
ratio=$(awk -F, '{ p[$1] = $6 } END { printf "%.4f", p["msrp-relay"] / p["msrp-smime"] }' errors.csv)
expect "the simulated ratio is that of the predictions" grep -q "^msrp-relay,.*,$ratio\$" answer.csv
"$HOPSIM" validate --measured --record record.csv --recorded >text 2>plan
expect "people get both" grep -q "end to end is faster in 2 of" text
expect "the plan comes first" grep -q "^plan: calibrate on 10 points" plan
expect "the record is as it was" cmp record.csv before.csv
# What is fitted is what the calibrating points say: a MESSAGE and the delay box have their own.
"$HOPSIM" validate --measured --record calibration.csv --recorded >fit 2>err
fitted() { # WORDS: nanoseconds behind them
    grep -o "$1 [0-9.]* [mun]*s" fit | awk '{ unit["ms"] = 1e6; unit["us"] = 1e3; unit["ns"] = 1; print $(NF - 1) * unit[$NF] }'
}
box=$(fitted "through the delay box") message=$(fitted "a MESSAGE")
expect "the delay box takes something" awk -v t="$box" 'BEGIN { exit !(t > 5e3 && t < 1e5) }'
sed 's/^message-tls,10240,.*/message-tls,10240,0,0,2,21,0,,,,22266267,109213,22374368,21027984,26236035/
    s/^msrp-plain,10240,50000000,.*/BOXSLOW/' \
    calibration.csv >slower.csv
"$HOPSIM" validate --measured --record slower.csv --recorded >fit 2>err
# 10 KiB in 13 MESSAGEs, each kept by the P-CSCFs, S-CSCFs, the I-CSCF and UE-B, its answer by the same but UE-B: 10 ms.
expect "slower MESSAGEs are kept longer" awk -v was="$message" -v is="$(fitted "a MESSAGE")" 'BEGIN { exit !(is - was > 5e4 && is - was < 1e5) }'
# INVITE and its answer cross the users' links four times: 0.2 ms more are 50 us a crossing.
expect "a slower box is seen" awk -v was="$box" -v is="$(fitted "through the delay box")" 'BEGIN { d = is - was; exit !(d > 49e3 && d < 51e3) }'

"$HOPSIM" validate --measured --record nothing.csv --recorded >out 2>err
expect "a record that is not there: status 2" [ $? -eq 2 ]
expect "and none is made" [ ! -e nothing.csv ]
sed '$s/,7,/,seven,/' record.csv >broken.csv
"$HOPSIM" validate --measured --record broken.csv --recorded >out 2>err
expect "a broken row: status 2" [ $? -eq 2 ]
expect "its file and line are told" grep -q "broken.csv:15: expected a row of arm,size_bytes" err
head -8 calibration.csv >short.csv
"$HOPSIM" validate --measured --record short.csv --recorded >out 2>err
expect "a calibration point that is missing: status 2" [ $? -eq 2 ]
expect "it is named" grep -q "calibration point msrp-relay" err
exit $failed
