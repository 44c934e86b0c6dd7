#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh FUZZER... - each for FUZZ_S seconds, from what is shipped and what earlier runs found (build/corpus). Shows the
# end of the log and where the input lies when one fails; one input may take FUZZ_TIMEOUT seconds, more where others have
# the processor.
set -u
failed=0

# Where a fuzzer finds whole inputs to begin with.
seeds() {
    case $1 in
    fuzz_scenario) echo bench/scenarios ;;
    fuzz_dwell_file) echo bench/dwell ;;
    fuzz_cost_file) echo bench/costs ;;
    *) [ ! -d "tests/fuzz/seeds/$1" ] || echo "tests/fuzz/seeds/$1" ;;
    esac
}

for fuzzer in "$@"; do
    name=${fuzzer##*/}
    mkdir -p "build/corpus/$name"
    if "$fuzzer" -max_total_time="${FUZZ_S:-30}" -timeout="${FUZZ_TIMEOUT:-5}" -artifact_prefix="build/corpus/$name-" -print_final_stats=1 \
        "build/corpus/$name" $(seeds "$name") >"build/corpus/$name.log" 2>&1; then
        runs=$(awk '/number_of_executed_units/ { print $2 }' "build/corpus/$name.log")
        echo "passed: $name, $runs inputs"
    else
        echo "failed: $name"
        tail -n 40 "build/corpus/$name.log"
        failed=1
    fi
done
exit $failed
