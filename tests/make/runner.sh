#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# tests/run.sh itself: what passes, fails, is skipped or crashes is counted; output is shown only for failures.
set -u
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/tests"
cp tests/run.sh "$folder/tests/run.sh"
cd "$folder" || exit 1
failed=0

add() { # NAME TEXT: a script
    printf '%s\n' "$2" >"tests/$1.sh"
}

run() {
    B=build CAPTURES= sh tests/run.sh "$@" >out 2>&1
    status=$?
}

expect() { # WHAT COMMAND...
    what=$1
    shift
    if "$@"; then
        echo "passed: $what"
    else
        echo "failed: $what"
        sed 's/^/  /' out
        failed=1
    fi
}

add quiet 'echo much noise'
add counted 'echo passed: a; echo passed: b; echo "skipped: no tool"'
add absent 'echo "skipped: nothing here"; exit 77'
run
expect "all well: status 0" [ $status -eq 0 ]
expect "all well: the last line counts" [ "$(tail -n 1 out)" = "3 passed, 0 failed, 2 skipped" ]
expect "all well: output is kept back" sh -c '! grep -q noise out'
expect "all well: what is skipped is shown" grep -q 'no tool' out

add wrong 'echo passed: a; echo failed: b; exit 1'
add crash 'kill -SEGV $$'
run
expect "failures: status 1" [ $status -eq 1 ]
expect "failures: the last line counts" [ "$(tail -n 1 out)" = "4 passed, 2 failed, 2 skipped" ]
expect "failures: output is shown" grep -q '    failed: b' out
expect "failures: a crash is told" grep -q 'a signal' out

rm tests/[a-q]*.sh tests/wrong.sh
printf '#!/bin/sh\necho "               tests      9      9      7      2        0"; exit 1\n' >cunit
chmod +x cunit
run ./cunit
expect "CUnit's own numbers are taken" [ "$(tail -n 1 out)" = "7 passed, 2 failed, 0 skipped" ]
rm cunit
run ./missing
expect "a program that is not there has failed" [ $status -eq 1 ]
exit $failed
