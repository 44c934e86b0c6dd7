#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim validate --measured --recorded: a record becomes the tables again without measuring; errors and ratios are what
# their names say; a record that is broken, or has too little, is refused. The calibration is one that was measured.
. "${0%/*}/common"

cat >record.csv <<END
# 2026-11-27 03:58 UTC, AMD EPYC
arm,size_bytes,rate_bps,rtt_ns,relays,n,prepare_ns,setup_ns,protect_ns,connect_ns,transfer_ns,unprotect_ns,delay_ns,delay_min_ns,delay_max_ns
msrp-plain,10240,0,0,2,21,11207,947641,,119854,167449,,1309789,988997,2014768
msrp-relay-plain,10240,0,0,2,21,13170,1160652,,296221,465383,,1768613,1331487,2416987
msrp-plain,10240,50000000,0,2,21,14031,2020272,,389660,2241767,,4778763,4213837,5857454
msrp-smime,10240,50000000,0,2,21,12809,2069510,970795,412269,2475805,1709504,7401251,6541376,8202549
msrp-smime,1048576,50000000,0,2,21,12979,2011419,2595513,406550,184071221,5375581,194615661,187687278,498354049
msrp-relay,10240,50000000,0,2,21,2761345,5152188,,6592843,4399818,78096,12342726,10870485,14378792
message-tls,10240,50000000,0,2,21,0,,,,22500550,95582,22603333,20542461,31325064
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
expect "the plan comes first" grep -q "^plan: calibrate on 7 points" plan
expect "the record is as it was" cmp record.csv before.csv
# What is fitted is what the calibrating points say: a MESSAGE and the delay box have their own.
"$HOPSIM" validate --measured --record calibration.csv --recorded >fit 2>err
fitted() { # WORDS: nanoseconds behind them
    grep -o "$1 [0-9.]* [mun]*s" fit | awk '{ unit["ms"] = 1e6; unit["us"] = 1e3; unit["ns"] = 1; print $(NF - 1) * unit[$NF] }'
}
box=$(fitted "through the delay box") message=$(fitted "a MESSAGE")
expect "the delay box takes something" awk -v t="$box" 'BEGIN { exit !(t > 5e3 && t < 1e5) }'
sed 's/^message-tls,10240,.*/message-tls,10240,50000000,0,2,21,0,,,,32500550,95582,32603333,30542461,41325064/' calibration.csv >slower.csv
"$HOPSIM" validate --measured --record slower.csv --recorded >fit 2>err
# 10 KiB in 13 MESSAGEs, each kept by the P-CSCFs, S-CSCFs, the I-CSCF and UE-B, its answer by the same but UE-B: 10 ms.
expect "slower MESSAGEs are kept longer" awk -v was="$message" -v is="$(fitted "a MESSAGE")" 'BEGIN { exit !(is - was > 5e4 && is - was < 1e5) }'
sed 's/^msrp-plain,10240,50000000,.*/msrp-plain,10240,50000000,0,2,21,14031,2220272,,389660,2241767,,4978763,4413837,6057454/' calibration.csv >slower.csv
"$HOPSIM" validate --measured --record slower.csv --recorded >fit 2>err
# INVITE and its answer cross the users' links four times: 0.2 ms more are 50 us a crossing.
expect "a slower box is seen" awk -v was="$box" -v is="$(fitted "through the delay box")" 'BEGIN { d = is - was; exit !(d > 49e3 && d < 51e3) }'

"$HOPSIM" validate --measured --record nothing.csv --recorded >out 2>err
expect "a record that is not there: status 2" [ $? -eq 2 ]
expect "and none is made" [ ! -e nothing.csv ]
sed '$s/,7,/,seven,/' record.csv >broken.csv
"$HOPSIM" validate --measured --record broken.csv --recorded >out 2>err
expect "a broken row: status 2" [ $? -eq 2 ]
expect "its file and line are told" grep -q "broken.csv:12: expected a row of arm,size_bytes" err
head -7 calibration.csv >short.csv
"$HOPSIM" validate --measured --record short.csv --recorded >out 2>err
expect "a calibration point that is missing: status 2" [ $? -eq 2 ]
expect "it is named" grep -q "calibration point msrp-relay" err
exit $failed
