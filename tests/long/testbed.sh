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
expect "no namespace is left" [ -z "$(ip netns list | grep "^$TESTBED_PREFIX-")" ]
exit $failed
