#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# golden.sh [--write] - tests/golden/NAME--ARM.ini gives the event log NAME--ARM.log, twice the same; --write records
# it anew. The commit that changes one says why.
set -u
: "${HOPSIM:=build/hopsim}"
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
status=0
for ini in tests/golden/*.ini; do
    name=$(basename "$ini" .ini)
    log=tests/golden/$name.log
    for run in first second; do
        if ! "$HOPSIM" run "$ini" --arm "${name##*--}" --log "$folder/$run.log" --csv >"$folder/$run.csv" 2>"$folder/error"; then
            # A trial that ends in failure is an answer too, as long as it is the recorded one.
            [ -s "$folder/$run.log" ] || {
                echo "failed: $name: $(cat "$folder/error")"
                status=1
                continue 2
            }
        fi
    done
    if ! cmp -s "$folder/first.log" "$folder/second.log" || ! cmp -s "$folder/first.csv" "$folder/second.csv"; then
        echo "failed: $name: the same seed gave two logs or two rows"
        status=1
    elif [ "${1:-}" = --write ]; then
        cp "$folder/first.log" "$log"
        [ "$(wc -l <"$log")" -le 250 ] || echo "failed: $name: more than 250 lines"
    elif diff -u "$log" "$folder/first.log" >"$folder/diff"; then
        echo "passed: $name"
    else
        echo "failed: $name"
        head -20 "$folder/diff"
        status=1
    fi
    rm -f "$folder"/*.log
done
exit $status
