#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# run.sh BINARY... - runs test programs and every tests/**/*.sh, two at a time, and ends with "N passed, N failed, N
# skipped". A script says "passed: ...", "failed: ..." or "skipped: ..." a line a case, or nothing but its exit status:
# 0, 1, or 77 for skipped. B names the build folder; CAPTURES a folder of captures, or nothing. With LONG=1 every test
# may take an hour and does all of what it otherwise samples, and tests/long/*.sh run after the others, one at a time
# since they measure.
set -u
: "${B:?names the build folder}"
LONG=${LONG:-}
seconds_max=${LONG:+3600}
seconds_max=${seconds_max:-170}

now() {
    date +%s.%N
}

# The numbers of a test program come from CUnit's summary, which takes a test that said "skipped" for passed; those of
# a script come from its lines.
count() { # FILE STATUS
    awk -v status="$2" '
        /^ *tests +[0-9]+ +[0-9]+ +[0-9]+ +[0-9]+/ { passed += $4; failed += $5; counted = 1; is_cunit = 1 }
        /^passed:/ { passed++; counted = 1 }
        /^failed:/ { failed++; counted = 1 }
        /^skipped/ { skipped++; counted = 1 }
        END {
            if (is_cunit) passed -= skipped
            if (!counted && status == 0) passed++
            if (!counted && status == 77) skipped++
            if (status != 0 && status != 77 && failed == 0) failed++
            printf "%d %d %d\n", passed, failed, skipped
        }' "$1"
}

run_one() { # FOLDER TEST
    folder=$1 test=$2
    name=$(echo "${test#"$B"/}" | tr -c 'A-Za-z0-9\n' _)
    begin=$(now)
    case $test in
    *.sh) timeout -k 5 $seconds_max sh "$test" >"$folder/$name.out" 2>&1 </dev/null ;;
    *) timeout -k 5 $seconds_max "$test" >"$folder/$name.out" 2>&1 </dev/null ;;
    esac
    status=$?
    seconds=$(echo "$(now) $begin" | awk '{ printf "%.2f", $1 - $2 }')
    numbers=$(count "$folder/$name.out" $status)
    echo "$numbers" >"$folder/$name.count"
    set -- $numbers
    # One write a group, so that two that end together do not mix their lines.
    {
        mark=ok
        [ "$2" -eq 0 ] || mark=FAILED
        printf '%-6s %6s s %4d passed  %s\n' $mark "$seconds" "$1" "${test#"$B"/}"
        if [ "$2" -ne 0 ]; then
            [ $status -lt 124 ] || echo "    ended with status $status (124: more than $seconds_max s; above 128: a signal)"
            sed 's/^/    /' "$folder/$name.out"
        else
            grep '^skipped' "$folder/$name.out" | sed 's/^/    /'
        fi
    } >"$folder/$name.report"
    cat "$folder/$name.report"
}

if [ "${1:-}" = --one ]; then
    run_one "$2" "$3"
    exit 0
fi

folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
export B CAPTURES LONG
HOPSIM=$(pwd)/$B/hopsim
export HOPSIM
begin=$(now)
scripts=$(find tests -name '*.sh' ! -path tests/run.sh ! -path 'tests/long/*' ! -path 'tests/fuzz/*' | sort)
printf '%s\n' $scripts "$@" | xargs -P 2 -n 1 sh tests/run.sh --one "$folder"
if [ -n "$LONG" ]; then
    find tests/long -name '*.sh' 2>/dev/null | sort | xargs -r -n 1 sh tests/run.sh --one "$folder"
fi
echo "$(now) $begin" | awk '{ printf "in %.1f s\n", $1 - $2 }'
cat "$folder"/*.count | awk '{ passed += $1; failed += $2; skipped += $3 }
    END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped; exit failed > 0 || passed == 0 }'
