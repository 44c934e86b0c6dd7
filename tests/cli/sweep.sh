#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim sweep: the same bytes for any number of threads; what was killed, cut or ran out of room is continued to the
# file of an undisturbed run; summaries and reruns; errors by line. With LONG more cuts and kills.
. "${0%/*}/common"

cat >sizes.ini <<'EOF'
include = home
[dwell]
spread = 30%
[sweep]
transfer.size = 1KiB .. 64KiB log 4
core.delay = 1ms, 10ms      ; a list
arms = msrp-smime, message-plain, msrp-relay
repetitions = 25
EOF
for jobs in 1 2 8; do
    "$HOPSIM" sweep sizes.ini -o j$jobs -j $jobs >out 2>err
    expect "-j $jobs: done" [ $? -eq 0 ]
    expect "-j $jobs: the same rows" cmp j1/trials.csv j$jobs/trials.csv
    expect "-j $jobs: the same summary" cmp j1/summary.csv j$jobs/summary.csv
done
expect "a row a point, trial and arm" [ "$(wc -l <j1/trials.csv)" -eq 601 ]
expect "ranges are logarithmic" [ "$(awk -F, 'NR > 1 { print $2 }' j1/trials.csv | uniq | tr '\n' ' ')" = "1024 4096 16384 65536 " ]
"$HOPSIM" rerun j1 >out 2>err
expect "rerun: identical" grep -q '^identical: 600 rows$' out
cp -r j1 bad-cell && sed -i '300s/delivered,[0-9]/delivered,x/' bad-cell/trials.csv
"$HOPSIM" summarise bad-cell >out 2>err
expect "summarise: what is no number is refused by its line" grep -q 'bad-cell/trials.csv:300: expected' err
expect "summarise: the summary that was there stays" cmp bad-cell/summary.csv j1/summary.csv
sed '300s/delivered,[0-9]/delivered,x/' j1/trials.csv >changed && mkdir changed-run && cp -r j1/sweep.ini j1/inputs changed-run && mv changed changed-run/trials.csv
"$HOPSIM" rerun changed-run >out 2>err
expect "rerun: the first row that differs, status 1" [ $? -eq 1 ]
expect "rerun: by its number and column" [ "$(head -1 out)" = 'row 300 differs from its column 8 on, delay_ns:' ]
expect "rerun: with what is there and what comes again" [ "$(sed -n '2s/:.*//p;3s/: [0-9]*$//p' out | xargs)" = 'there again' ]
sed -i '1s/,delay_ns/,delay/' changed-run/trials.csv
"$HOPSIM" rerun changed-run >out 2>err
expect "rerun: another head differs" [ "$(xargs <out)" = 'row 1 differs from its column 8 on, delay_ns: there: delay again: delay_ns' ]
head -400 j1/trials.csv >changed-run/trials.csv
"$HOPSIM" rerun changed-run >out 2>err
expect "rerun: a row that is not there" grep -q '^row 401 is not there$' out
cp j1/summary.csv before.csv
"$HOPSIM" summarise j1 >out 2>err
expect "summarise makes the same summary" cmp before.csv j1/summary.csv
if command -v sqlite3 >/dev/null; then
    sqlite3 :memory: '.mode csv' '.import j1/trials.csv trials' '.import j1/summary.csv summary' \
        "select count(*), abs(avg(t.delay_ns) / 1e6 - s.delay_mean_ms) < 1e-8 * s.delay_mean_ms from trials t join summary s
         on t.point = s.point and t.arm = s.arm group by s.point, s.arm having count(*) = 25" >rows 2>err
    expect "sqlite3 reads both and finds the same means" [ "$(sort rows | uniq -c | tr -s ' ')" = " 24 25,1" ]
fi

# A file cut anywhere is continued to the same bytes.
size=$(wc -c <j1/trials.csv)
step=${LONG:+1}
for back in $(seq 0 "${step:-173}" 4095) $((size - 3)) "$size"; do
    rm -rf cut && cp -r j1 cut && rm -f cut/summary.csv cut/manifest.txt
    truncate -s $((size - back)) cut/trials.csv
    "$HOPSIM" sweep sizes.ini -o cut --resume >out 2>err && cmp -s cut/trials.csv j1/trials.csv && cmp -s cut/summary.csv j1/summary.csv || {
        expect "cut $back bytes from the end and continued" false
        break
    }
done
expect "cut anywhere and continued: the same file" cmp cut/trials.csv j1/trials.csv

# Killed at some moment, more than once.
kills=${LONG:+50}
rm -rf killed
"$HOPSIM" sweep sizes.ini -o killed -j 2 >out 2>err &
pid=$!
for turn in $(seq "${kills:-5}"); do
    sleep "$(awk -v t="$turn" 'BEGIN { srand(t); printf "%.3f", 0.02 + 0.2 * rand() }')"
    kill -9 $pid 2>/dev/null
    wait $pid 2>/dev/null
    [ -e killed/trials.csv ] || { rm -rf killed; "$HOPSIM" sweep sizes.ini -o killed -j 2 >out 2>err & pid=$!; continue; }
    [ -e killed/summary.csv ] && { cmp -s killed/trials.csv j1/trials.csv || expect "killed and done early" false; rm -rf killed; "$HOPSIM" sweep sizes.ini -o killed -j 2 >out 2>err & pid=$!; continue; }
    "$HOPSIM" sweep sizes.ini -o killed -j 2 --resume >out 2>err &
    pid=$!
done
wait $pid 2>/dev/null
[ -e killed/summary.csv ] || "$HOPSIM" sweep sizes.ini -o killed --resume >out 2>err
expect "killed and continued: the same file" cmp killed/trials.csv j1/trials.csv

# No more room (a limit on a file's size): our fault or the machine's, and it goes on from there.
(
    trap '' XFSZ
    ulimit -f 100
    "$HOPSIM" sweep sizes.ini -o full >out 2>err
)
expect "no room: status 3 or 2" [ $? -ge 2 ]
expect "no room: how to go on is told" grep -q -- '--resume' err
"$HOPSIM" sweep sizes.ini -o full --resume >out 2>err
expect "no room, then room: the same file" cmp full/trials.csv j1/trials.csv

# A full disk, where one can be made: the same.
if [ "$(id -u)" = 0 ] && mkdir small && mount -t tmpfs -o size=64k none small 2>/dev/null; then
    trap 'umount "$folder/small" 2>/dev/null; rm -rf "$folder"' EXIT
    trap 'exit 1' HUP INT TERM
    "$HOPSIM" sweep sizes.ini -o small/run >out 2>err
    expect "a full disk: status 3" [ $? -eq 3 ]
    expect "a full disk: how to go on is told" grep -q -- '--resume' err
    mount -o remount,size=4m small
    "$HOPSIM" sweep sizes.ini -o small/run --resume >out 2>err
    expect "a full disk, then room: the same file" cmp small/run/trials.csv j1/trials.csv
    umount small
else
    echo "skipped: a full disk needs root and tmpfs"
fi

# On a terminal there is a bar with rate and time left; elsewhere there is none (err above holds plain lines only).
if command -v script >/dev/null; then
    script -qec "'$HOPSIM' sweep sizes.ini -o terminal" typescript >out </dev/null
    expect "a terminal shows rate and time left" grep -q '\[#*\.*\] *[0-9]* %, [0-9.e+]*/s, [0-9]* s left' typescript
    "$HOPSIM" sweep sizes.ini -o file >out 2>err
    expect "a file does not" [ "$(grep -c 's left' err)" -eq 0 ]
fi

# Interrupted from the keyboard: a shell gives what it starts behind its back no SIGINT, SIGTERM says the same.
sed 's/repetitions = .*/repetitions = 100000/' sizes.ini >endless.ini
"$HOPSIM" sweep endless.ini -o endless -j 2 --trial-events-max 1000000 >out 2>err &
pid=$!
until [ "$(wc -l <endless/trials.csv)" -gt 2 ]; do sleep 0.02; done 2>wait.err
kill -TERM $pid
wait $pid
expect "interrupted: status 1" [ $? -eq 1 ]
expect "interrupted: rows that began are there, whole" awk -F, 'NR == 1 { n = NF } NF != n { bad = 1 } END { exit NR < 3 || bad }' endless/trials.csv
expect "interrupted: how to go on is told" grep -q 'go on with: hopsim sweep endless.ini -o endless --resume --trial-events-max 1000000$' err
expect "interrupted: by the rows that are there" grep -q "^hopsim: $(($(wc -l <endless/trials.csv) - 1)) of 2400000 rows" err
expect "interrupted: no summary stands for what is not there" [ ! -e endless/summary.csv ]
"$HOPSIM" sweep sizes.ini -o stopped -j 2 >out 2>err &
pid=$!
until [ -e stopped/trials.csv ]; do sleep 0.02; done
kill -TERM $pid
wait $pid
"$HOPSIM" sweep sizes.ini -o stopped --resume >out 2>err
expect "interrupted and continued: the same file" cmp stopped/trials.csv j1/trials.csv

cat >precise.ini <<'EOF'
include = home
[dwell]
spread = 30%
[sweep]
transfer.size = 1KiB, 8KiB
arms = msrp-smime, msrp-relay
precision = 1%
trials_max = 500
EOF
"$HOPSIM" sweep precise.ini -o p1 -j 1 >out 2>p1.err
"$HOPSIM" sweep precise.ini -o p3 -j 3 >out 2>err
expect "with a precision: the same rows for any number of threads" cmp p1/trials.csv p3/trials.csv
expect "with a precision: intervals are as narrow as asked for" awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
    { half = ($at["delay_high_ms"] - $at["delay_low_ms"]) / 2; if (half > 0.01 * $at["delay_mean_ms"]) wide = 1
      if ($at["trials"] >= 500) most = 1 }
    END { exit wide && !most }' p1/summary.csv
sed -e 's/= 1%/= 0.01%/' -e 's/= 500/= 30/' precise.ini >wide.ini
"$HOPSIM" sweep wide.ini -o wide >out 2>err
expect "with a precision that is not reached: told" grep -q '^hopsim: 2 points have 30 trials, the most there may be' err
expect "and not where it is" [ ! -s p1.err ]
cp -r p1 pcut && rm -f pcut/summary.csv && truncate -s -999 pcut/trials.csv
"$HOPSIM" sweep precise.ini -o pcut --resume >out 2>err
expect "with a precision: cut and continued" cmp pcut/trials.csv p1/trials.csv

printf 'include = home\n[dwell]\nspread = 10%%\n[sweep]\ntransfer.size = 1KiB\narms = msrp-plain\nrepetitions = 1\n' >lone.ini
"$HOPSIM" sweep lone.ini -o lone >out 2>err
expect "a lone random trial is not exact" grep -q '^0,1024,msrp-plain,0,1,1,0,[0-9.]*,-inf,inf,' lone/summary.csv

printf 'include = home\n[sweep]\ntransfer.size = 1KiB, 2KiB, 4KiB\ncore.delay = 1ms, 2ms, 3ms\ndesign = zip\n' >zip.ini
"$HOPSIM" sweep zip.ini -o zip >out 2>err
expect "zip: side by side; without spread one trial a point" [ "$(wc -l <zip/trials.csv)" -eq 10 ]
"$HOPSIM" sweep zip.ini -o dry --dry-run >out 2>err
expect "a dry run says how many rows" [ "$(sed -n 1p out)" = '3 points of 2 axes, 3 arms, 30 trials a point, 1 where nothing is random: 9 rows' ]
expect "and about how long" grep -q '^about [0-9.]* s in [0-9]* threads, from ' out
"$HOPSIM" sweep sizes.ini --dry-run >out 2>err
expect "with randomness each trial is a row" grep -q '^8 points of 2 axes, 3 arms, 25 trials a point: 600 rows$' out
expect "and runs nothing" [ ! -e dry ]
printf 'include = home\n[sweep]\ntransfer.size = 1KiB .. 1MiB log 40\ncore.delay = 1ms .. 40ms lin 40\narms = msrp-plain\ndesign = latin 20\n' >latin.ini
"$HOPSIM" sweep latin.ini -o latin >out 2>err
expect "latin: every stratum of an axis once" [ "$(awk -F, 'NR > 1 { print $3 }' latin/trials.csv | sort -u | wc -l)" -eq 20 ]
sed 's/latin 20/latin 1/' latin.ini >one.ini
"$HOPSIM" sweep one.ini -o one >out 2>err
expect "latin 1: one point" [ "$(wc -l <one/trials.csv)" -eq 2 ]
printf '[sweep]\nscenarios = home, lan, paper\narms = msrp-plain\n' >scenarios.ini
"$HOPSIM" sweep scenarios.ini -o scenarios >out 2>err
expect "scenarios are an axis" [ "$(awk -F, 'NR > 1 { print $2 }' scenarios/trials.csv | sort -u | tr '\n' ' ')" = "home lan paper " ]
# From copies: what happens to the originals changes nothing.
"$HOPSIM" show home | sed 's/^seed = .*/seed = 7/' >mine.ini
printf '[sweep]\nscenarios = mine.ini, paper\narms = msrp-plain, message-plain\nrepetitions = 2\ntransfer.size = 2KiB, 3KiB\n' >copies.ini
"$HOPSIM" sweep copies.ini -o copies >out 2>err
expect "a scenario of one's own is an axis's value" [ $? -eq 0 ]
expect "its seed stands in its rows" [ "$(awk -F, '$2 == "mine.ini" { print $6 }' copies/trials.csv | sort -u)" = 7 ]
rm mine.ini copies.ini
"$HOPSIM" rerun copies >out 2>err
expect "a folder runs again when the originals are gone" grep -q '^identical: 12 rows$' out

# Texts as values: quotes in a file's name, and a table that lacks a role.
{
    echo role,kind,side,n,min_ms,median_ms,p95_ms,max_ms,work_ms,includes,source
    for role in ue-a ue-b p-cscf i-cscf s-cscf hss as dns relay; do
        echo "$role,*,any,,,1,,,,,test"
    done
} >'the "second" table.csv'
grep -v ue-a 'the "second" table.csv' >part.csv
printf 'include = home\n[sweep]\ndwell.table = the "second" table.csv, part.csv\narms = msrp-plain\n' >texts.ini
"$HOPSIM" sweep texts.ini -o texts >out 2>err
expect "rows that are errors are told" grep -q '^hopsim: 1 of 2 rows are errors, the first: the dwell table .* has no row for ue-a' err
expect "a quoted name is a cell of trials.csv" grep -q '^0,"the ""second"" table.csv",msrp-plain,0,1,delivered,' texts/trials.csv
expect "and of summary.csv" grep -q '^0,"the ""second"" table.csv",msrp-plain,1,1,1,' texts/summary.csv
mv texts/trials.csv whole.csv && rm texts/summary.csv texts/manifest.txt && head -c -30 whole.csv >texts/trials.csv
"$HOPSIM" sweep texts.ini -o texts --resume >out 2>err
expect "cut inside of a quoted error and continued" cmp texts/trials.csv whole.csv
mv texts texts-elsewhere
"$HOPSIM" rerun texts-elsewhere >out 2>err
expect "errors are the same in a folder of another name" grep -q '^identical: 2 rows$' out

printf 'include = home\n[sweep]\ntransfer.size = 1KiB, 64MiB\narms = msrp-plain\nevents_max = 2000\n' >limited.ini
"$HOPSIM" sweep limited.ini -o limited >out 2>err
expect "a trial that passes events_max is a row" grep -q ',limit,' limited/trials.csv
"$HOPSIM" sweep zip.ini -o short --trial-events-max 50 >out 2>err
expect "so is one that passes --trial-events-max" [ "$(grep -c ',limit,' short/trials.csv)" -eq 9 ]
"$HOPSIM" sweep zip.ini -o endless-trial --trial-events-max 18446744073709551615 >out 2>err
expect "a limit that a file cannot say is refused before there is a folder" [ $? -eq 2 -a ! -e endless-trial ]
cp short/trials.csv short.csv && truncate -s -700 short/trials.csv && rm short/summary.csv short/manifest.txt
"$HOPSIM" sweep zip.ini -o short --resume --trial-events-max 50 >out 2>err
expect "and it is resumed with its limit" cmp short.csv short/trials.csv
"$HOPSIM" rerun short >out 2>err
expect "and run again with it" grep -q '^identical: 9 rows$' out

# Memory does not grow with a point's rows: the least that 1,000 need, and 2 MiB, is enough for 200,000.
if [ -n "${LONG:-}" ]; then
    rows() { # COUNT: rows of one point, their delays 1 ms and 0, 1, 2 ... ns in no order
        cp -r lone many-$1 && awk -F, -v OFS=, -v n=$1 '
            NR == 1 { print; next }
            { for (t = 0; t < n; t++) { $4 = t; $7 = 1000000 + t * 7919 % n; print } }' lone/trials.csv >many-$1/trials.csv
    }
    within() { # KiB COUNT
        (ulimit -v "$1" && "$HOPSIM" summarise many-$2) >out 2>err
    }
    rows 1000 && rows 200000
    low=1024 high=4194304
    while [ $((high - low)) -gt 1024 ]; do
        middle=$(((low + high) / 2))
        if within $middle 1000; then high=$middle; else low=$middle; fi
    done
    expect "summarise needs no more memory for 200,000 rows of a point" within $((high + 2048)) 200000
    expect "and finds their median" [ "$(awk -F, 'NR == 2 { print $11 }' many-200000/summary.csv)" = 1.0999995 ]
fi

# Where two arms cross, single trials on both sides of it say the same.
printf 'include = home\n[sweep]\ntransfer.size = 256B .. 64KiB log 5\narms = msrp-smime, message-tls, msrp-relay\n' >cross.ini
"$HOPSIM" crossover cross.ini --csv >cross.csv 2>err
expect "crossover: done" [ $? -eq 0 ]
at=$(awk -F, '$1 == "message-tls" && $2 == "from there on msrp-smime" { print int($3) }' cross.csv)
delay() { # ARM BYTES
    "$HOPSIM" run home --arm "$1" --set transfer.size="$2B" --csv |
        awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "delay_ns") at = i } NR == 2 { print $at }'
}
expect "crossover: a size is found" [ -n "$at" ]
expect "crossover: below it the MESSAGEs are faster" [ "$(delay message-tls $((at * 97 / 100)))" -lt "$(delay msrp-smime $((at * 97 / 100)))" ]
expect "crossover: above it end to end is" [ "$(delay message-tls $((at * 103 / 100)))" -gt "$(delay msrp-smime $((at * 103 / 100)))" ]
expect "crossover: none is said where there is none" grep -q '^msrp-relay,none in range: msrp-smime faster' cross.csv
printf 'include = home\n[sweep]\ntransfer.size = 64KiB, 256B\narms = msrp-smime, message-tls\nevents_max = 3000\n' >gap.ini
"$HOPSIM" crossover gap.ini --csv >gap.csv 2>err
expect "crossover: the ends in any order" grep -q "^message-tls,from there on msrp-smime,$at" gap.csv
expect "crossover: where failures differ nothing is compared" grep -q '^message-tls,not comparable here,,,,failures forbid it from .* to 64KiB$' gap.csv
sed -i 's/= 3000/= 30/' gap.ini
"$HOPSIM" crossover gap.ini --csv >gap.csv 2>err
expect "crossover: nowhere, where nothing is delivered" [ "$(tail -n +2 gap.csv)" = 'message-tls,not comparable here,,,,failures forbid it from 256B to 64KiB' ]
"$HOPSIM" crossover cross.ini --along core.delay >out 2>err
expect "crossover: only along an axis: status 2" [ $? -eq 2 ]

bad() { # LINES EXPECTED
    printf "$1" >bad.ini
    "$HOPSIM" sweep bad.ini -o bad >out 2>err
    status=$?
    expect "refused with status 2: $2" [ $status -eq 2 ]
    expect "by its line: $2" grep -q "$2" err
    expect "and leaves no folder: $2" [ ! -e bad ]
}
bad 'include = home\n' 'bad.ini: expected a section'
bad 'include = home\n[sweep]\n' 'expected at least one axis'
bad 'include = home\n[sweep]\ntransfer.size = 1KiB\000, 2KiB\n' 'bad.ini:3: a zero byte'
bad 'include = home\n[sweep]\ntransfer.sizes = 1KiB\n' 'bad.ini:3: '
bad 'include = home\n[sweep]\ntransfer.size = 5M\n' 'bad.ini:3: '
bad 'include = home\n[sweep]\ntransfer.size = 0B .. 1MiB log 3\n' 'bad.ini:3: a logarithmic range'
bad '[sweep]\naccess.loss_burst = 1 .. 3 lin 6\n' 'bad.ini:2: expected fewer values'
bad 'include = home\n[sweep]\ntransfer.size = 1KiB\narms = nobody\n' 'bad.ini:4: expected arms'
bad 'include = home\n[sweep]\ntransfer.size = 1KiB\ntransfer.size = 2KiB\n' 'bad.ini:4: '
bad 'include = home\n[sweep]\ntransfer.size = 1KiB, 2KiB\ncore.delay = 1ms\ndesign = zip\n' 'axes of one length'
bad 'include = home\n[core]\ndelays = 1ms\n[sweep]\ntransfer.size = 1KiB\n' 'bad.ini:3: '
bad 'include = home\n[sweep]\nscenarios = home, lan\n' 'bad.ini:1: expected nothing outside'
bad 'include = home\n[sweep]\ntransfer.size = 1KiB\narms = all\narms = all\n' 'bad.ini:5: this key stands here a second time'
bad 'include = home\n[sweep]\ntransfer.size = 1KiB\nrepetitions = 3\nrepetitions = 4\n' 'bad.ini:5: this key stands here a second time'
bad 'include = home\n[sweep]\ntransfer.size = 1KiB\nrepetitions = 3\nprecision = 1%%\n' 'bad.ini: expected repetitions, or precision'
bad 'include = home\n[sweep]\ntransfer.size = 1KiB\ntrials_max = 3\n' 'trials_max: expected precision'
bad '[sweep]\nscenarios = home, lan\n[transfer]\nsize = 3KiB\n' 'bad.ini:4: expected nothing outside'
bad '[sweep]\naccess.delay = 1ms .. 9ms lin 1024\ncore.delay = 1ms .. 9ms lin 1024\nsite.delay = 1ms, 2ms\n' 'at most 1048576 points'
bad 'include = home\n[sweep]\ndwell.table = openims-paper, none.csv\n' 'none.csv: cannot be opened'
bad 'include = home\n[dwell]\ntable = none\n[sweep]\ntransfer.size = 1KiB\n' 'none: neither a file nor a built-in dwell table'
"$HOPSIM" sweep sizes.ini -o j1 >out 2>err
expect "a folder is not overwritten" [ $? -eq 2 ]
"$HOPSIM" sweep zip.ini -o j1 --resume >out 2>err
expect "another sweep is not continued in it" [ $? -eq 2 ]
cp -r j1 other && sed -i 's/^revision: .*/revision: another/' other/program.txt
"$HOPSIM" sweep sizes.ini -o other --resume >out 2>err
expect "nor is it by another program" [ $? -eq 2 ]
expect "and says so" grep -q 'other/program.txt names another program' err
cp -r j1 hole && sed -i 100d hole/trials.csv
"$HOPSIM" sweep sizes.ini -o hole --resume >out 2>err
expect "nor where a row lacks" [ $? -eq 2 ]
expect "by its line" grep -q 'hole/trials.csv:100: expected the next row' err
mkdir theirs && echo mine >theirs/notes
"$HOPSIM" sweep sizes.ini -o theirs --resume >out 2>err
expect "nor in a folder of another kind" [ $? -eq 2 ]
expect "where nothing is written" [ "$(ls theirs)" = notes ]
mkdir -p bare/inputs && echo half >bare/inputs/.dwell-0.csv.1.part && head -c 99 j1/sweep.ini >bare/sweep.ini && echo x >bare/inputs/dwell-0.csv
"$HOPSIM" sweep sizes.ini -o bare --resume >out 2>err
expect "what was ended before its first row is begun again" cmp bare/trials.csv j1/trials.csv
expect "and nothing is lost" [ "$(wc -c <j1/trials.csv)" -eq "$size" ]
exit $failed
