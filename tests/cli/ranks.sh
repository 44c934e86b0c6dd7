#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Sweeps by several ranks: the bytes of one process; the death of a rank ends the run, and it can be resumed. The
# program is that of $B with the MPI file of ranks in place of the other one. LONG=1: the rank's death at nine moments.
set -u
: "${HOPSIM:?names the program}" "${B:?names the build folder}"
command -v mpicc >/dev/null && command -v mpirun >/dev/null || {
    echo "skipped: OpenMPI is not installed"
    exit 77
}
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
failed=0
passed() { echo "passed: $1"; }
failed() {
    echo "failed: $1"
    failed=1
}
expect() { # NAME COMMAND...
    name=$1
    shift
    if "$@"; then passed "$name"; else failed "$name"; fi
}

# As root, more ranks than processors, and none bound to one of them.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
run_ranks() { # COUNT ARGUMENT...
    count=$1
    shift
    timeout 100 mpirun --oversubscribe --bind-to none -np "$count" "$folder/hopsim" "$@"
}

. tests/cli/with_ranks
build_with_ranks "$folder/hopsim" || {
    echo "failed: the program with ranks does not build"
    exit 1
}
cd "$folder" || exit 3

write_rows_sweep rows.ini
sed 's/repetitions = 12/precision = 5%\ntrials_max = 20/' rows.ini >precise.ini
for sweep in rows precise; do
    "$HOPSIM" sweep $sweep.ini -o $sweep-1 -j 1 >/dev/null 2>err || failed "$sweep: one process: $(cat err)"
    for count in 2 ${LONG:+3 4}; do
        run_ranks $count sweep $sweep.ini -o $sweep-$count >out 2>err || failed "$sweep: $count ranks: $(cat err)"
        expect "$sweep: $count ranks write the bytes of one process" \
            cmp -s $sweep-1/trials.csv $sweep-$count/trials.csv
        expect "$sweep: $count ranks: the summary too" cmp -s $sweep-1/summary.csv $sweep-$count/summary.csv
        expect "$sweep: rank 0 alone speaks" [ "$(wc -l <out)" -eq 1 ]
    done
done
run_ranks 1 sweep rows.ini -o rows-alone >/dev/null 2>err
expect "one rank writes the bytes of one process" cmp -s rows-1/trials.csv rows-alone/trials.csv

run_ranks 2 sweep rows.ini -o rows-2 >out 2>err
status=$?
expect "a folder that is there is refused: status 2" [ $status -eq 2 ]
expect "a folder that is there is refused: once" [ "$(grep -c '^hopsim: rows-2' err)" -eq 1 ]

# Long enough that the death of rank 2 falls in the middle.
sed 's/repetitions = 12/repetitions = 150/; s/, 20KiB, 100KiB/, 200KiB/' rows.ini >long.ini
"$HOPSIM" sweep long.ini -o long-1 >/dev/null 2>err || failed "long: one process: $(cat err)"

die_and_resume() { # NUMBER LINES SECONDS: killed so long after more than so many lines are there; they come by batches
    mpirun --oversubscribe --bind-to none -np 3 "$folder/hopsim" sweep long.ini -o dead-$1 >out 2>err &
    runner=$!
    until [ "$(cat dead-$1/trials.csv 2>/dev/null | wc -l)" -gt "$2" ]; do
        kill -0 $runner 2>/dev/null || break
        sleep 0.02
    done
    sleep "$3"
    victim=$(pgrep -P $runner -f hopsim | tail -n 1)
    kill -9 "$victim" 2>/dev/null || echo "(rank 2 had gone before)"
    wait $runner
    status=$?
    expect "the one that died is named" grep -q 'signal 9' err
    expect "a rank's death ends the run: status not 0" [ $status -ne 0 ]
    rows=$(wc -l <dead-$1/trials.csv)
    head -c "$(wc -c <dead-$1/trials.csv)" long-1/trials.csv >front
    expect "what was done is kept ($rows of $(wc -l <long-1/trials.csv) lines)" cmp -s front dead-$1/trials.csv
    expect "the death of a rank leaves no summary" [ ! -e dead-$1/summary.csv ]
    run_ranks 2 sweep long.ini -o dead-$1 --resume >out 2>err || failed "resumed: $(cat err)"
    expect "resumed by two ranks: the bytes of one process" cmp -s long-1/trials.csv dead-$1/trials.csv
    expect "resumed by two ranks: the summary too" cmp -s long-1/summary.csv dead-$1/summary.csv
}
die_and_resume 0 60 0
for moment in ${LONG:+1 2 3 4 5}; do
    die_and_resume $moment 0 0.0$((2 * moment - 1))
done
for moment in ${LONG:+6 7 8}; do
    die_and_resume $moment 60 0.0$((2 * moment - 11))
done

flock dead-0/trials.csv "$HOPSIM" sweep long.ini -o dead-0 --resume >out 2>err
status=$?
expect "a folder that another run writes to is refused: status 2" [ $status -eq 2 ]
expect "a folder that another run writes to is refused: why" grep -q 'another run is still writing' err
exit $failed
