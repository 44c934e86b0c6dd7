#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A real IMS core (bench/testbed): a file by each arm crosses it and arrives whole; of file sessions' signalling and
# MESSAGEs by SIPp every registration and call succeeds,
# hopsim inspect finds the roles, each request passes each node once, and nothing is left behind.
set -u
: "${B:?names the build folder}" "${HOPSIM:?names the program}"
[ "$(id -u)" -eq 0 ] || { echo "skipped: namespaces need root"; exit 77; }
command -v kamailio >/dev/null && command -v sipp >/dev/null || { echo "skipped: kamailio or sipp is not installed"; exit 77; }
make --no-print-directory "$B/testbed_vectors" >/dev/null || exit 1
TESTBED_RUN=$(mktemp -d) || exit 3
trap 'rm -rf "$TESTBED_RUN"' EXIT
export TESTBED_RUN TESTBED_PREFIX=hopsim-tb-test TESTBED_CALLS=20
TESTBED_VECTORS=$B/testbed_vectors sh bench/testbed/testbed.sh run \
    sh -c 'sh bench/testbed/arms.sh; arms=$?; sh bench/testbed/sessions.sh && exit $arms' >"$TESTBED_RUN/log" 2>&1
status=$?
grep -E '^(passed|failed)' "$TESTBED_RUN/log"
failed=$status
expect() { # WHAT COMMAND...
    what=$1
    shift
    if "$@"; then echo "passed: $what"; else echo "failed: $what"; failed=1; fi
}
legs() { # ROLE
    "$HOPSIM" inspect "$TESTBED_RUN/sessions.pcapng" --csv 2>/dev/null | awk -F, -v role="$1" '$1 == role && $2 == "INVITE" && $3 == "any" { print $4 }'
}
expect "each INVITE passes two P-CSCFs" [ "$(legs p-cscf)" = 40 ]
expect "two S-CSCFs" [ "$(legs s-cscf)" = 40 ]
expect "and one I-CSCF" [ "$(legs i-cscf)" = 20 ]
is_clean() {
    [ -z "$(ip netns list | grep "^$TESTBED_PREFIX-")" ]
}
expect "no namespace is left" is_clean

# ---- What ends before its time ----

export TESTBED_USERS=2 TESTBED_REGISTRATIONS=2 TESTBED_OTHERS=2 TESTBED_VECTORS=$B/testbed_vectors
# begin COMMAND...: a core around it, in a group of its own, as a terminal's foreground job is
begin() {
    rm -f "$TESTBED_RUN/up"
    setsid env --default-signal=INT,TERM sh bench/testbed/testbed.sh run "$@" >"$TESTBED_RUN/log" 2>&1 &
    job=$!
}
is_up() {
    for turn in $(seq 300); do
        [ ! -e "$TESTBED_RUN/up" ] || return 0
        sleep 0.1
    done
    return 1
}
# What the command has started, by the number it was told in `up`.
is_over() {
    for turn in $(seq 50); do
        [ -d "/proc/$(cat "$TESTBED_RUN/up")" ] || return 0
        sleep 0.1
    done
    return 1
}
waits='sleep 600 & echo $! >"$TESTBED_RUN/pid"; mv "$TESTBED_RUN/pid" "$TESTBED_RUN/up"; wait'

begin sh -c 'exit 7'
wait $job
expect "a command that fails tells its status" [ $? -eq 7 ]
expect "and leaves no namespace" is_clean
begin sh -c "$waits"
expect "the core is up" is_up
kill -INT "-$job"
wait $job
expect "Ctrl-C ends it with a fault's status" [ $? -eq 3 ]
expect "and leaves no namespace" is_clean
expect "nor what the command had started" is_over
begin sh -c "$waits"
expect "the core is up again" is_up
kill -TERM $job
wait $job
expect "SIGTERM to the script alone ends it, too" [ $? -eq 3 ]
expect "and leaves no namespace" is_clean
expect "nor what the command had started" is_over
begin sh -c "$waits"
sleep 2
kill -INT "-$job"
wait $job
expect "Ctrl-C while the core starts leaves no namespace" is_clean
exit $failed
