#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim replay of the frames that were read from the paper's figures: every message whose time can be read is hit within
# a microsecond, the others are predicted and say so, and the two frames that contradict each other feed nothing.
root=$(cd "${0%/*}/../.." && pwd)
. "${0%/*}/common"
frames=$root/traces/paper/captures.csv

replay() { # FILE: its table
    "$HOPSIM" replay "$1" --csv 2>err
}
of() { # CSV COLUMN FRAME
    awk -F, -v want="$2" -v frame="$3" 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $2 == frame { print $at[want] }' "$1"
}

replay "$frames" >all.csv
expect "a row for each row of the file" [ "$(wc -l <all.csv)" = "$(grep -c '^[0-9]' "$frames" | awk '{ print $1 + 1 }')" ]
# Which rows have every digit is read from the file once more, without the program.
awk -F, '/^[0-9]/ && $3 ~ /^[0-9.]+$/ && $2 != 1105 && $2 != 1106 && $2 != 1109 && $2 != 1110 && $2 != 59 { print $2, $3 }' "$frames" >legible
expect "12 messages have every digit" [ "$(wc -l <legible)" = 12 ]
while read -r frame time; do
    expect "frame $frame is hit" awk -v read="$time" -v ns="$(of all.csv simulated_ns "$frame")" \
        'BEGIN { d = read * 1e9 - ns; exit ns == "" || d > 1000 || d < -1000 }'
done <legible
for frame in 56 57 58 65 66 67 68 1102 1103 1104 1107 1111 1112; do
    expect "frame $frame is predicted" sh -c "grep -q '^[123],$frame,.*,predicted' all.csv && [ -n '$(of all.csv simulated_ns $frame)' ]"
done
for frame in 1105 1106; do
    expect "frame $frame is shown as misread" grep -q "^3,$frame,.*misread" all.csv
    expect "frame $frame has no difference" [ -z "$(of all.csv difference_ns $frame)" ]
done

# Other times of the misread frames change nothing else.
sed 's/^3,1105,[^,]*,/3,1105,23.111111,/; s/^3,1106,[^,]*,/3,1106,24.999999,/' "$frames" >other
replay other >other.csv
grep -v '^3,110[56],' all.csv >all.rest
grep -v '^3,110[56],' other.csv >other.rest
expect "frames 1105 and 1106 feed nothing" cmp all.rest other.rest

# But those of others do.
sed 's/^3,1115,23.416157,/3,1115,23.516157,/' "$frames" >other
replay other >other.csv
expect "a later frame is simulated later, by as much" [ $((($(of other.csv simulated_ns 1115) - $(of all.csv simulated_ns 1115) + 1000) / 2000)) = 50000 ]
sed 's/^3,1115,23.416157,/3,1115,23.4?6157,/' "$frames" >other
replay other >other.csv
expect "a frame that lost a digit is predicted" grep -q '^3,1115,.*predicted' other.csv
sed 's/^1,54,13.522684,/1,54,?,/; s/^3,1100,[^,]*,/3,1100,,/' "$frames" >other
replay other >other.csv
expect "without the frames that set the clocks there is a table all the same" [ "$(wc -l <other.csv)" = "$(wc -l <all.csv)" ]

sed 's/^1,60,16.352401,/1,60,noon,/' "$frames" >other
"$HOPSIM" replay other >other.csv 2>err
expect "what is no time: status 2" [ $? -eq 2 ]
expect "and its line" grep -q 'other: line' err
"$HOPSIM" replay "$frames" --arm msrp-tls >other.csv 2>err
expect "no what-if on frames of figures: status 2" [ $? -eq 2 ]
exit $failed
