#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# sessions.sh - run by `testbed.sh run` while the core is up: alice and bob register by AKA, then file sessions' signalling
# and MESSAGEs of SIPp cross both networks at TESTBED_RATE a second. Every link is captured; hopsim inspect says how long
# each node kept what. Captures and dwells are left in TESTBED_RUN. The media of the sessions is not part of it.
set -u
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_RATE:=10}"
: "${TESTBED_CALLS:=50}"
. bench/testbed/network.sh
. bench/testbed/users.sh

calls() { # SCENARIO SERVER CALLS
    server "$2"
    expect "$3 of $1 at $TESTBED_RATE a second" client "$1" a "$TESTBED_RUN/calls.csv" "$3" "$TESTBED_RATE"
    server_end
}

both() {
    register a 1 1
    register b 1 1
}

record registration both
record session calls uac uas 1
record message calls message message-uas 1
record sessions calls uac uas "$TESTBED_CALLS"
record messages calls message message-uas "$TESTBED_CALLS"
for name in registration session message sessions messages; do
    expect "$name: hopsim inspect reads the capture" "$HOPSIM" inspect "$TESTBED_RUN/$name.pcapng" --table nodes
done
for name in sessions messages; do
    rm -f "$TESTBED_RUN/$name-dwell.csv"
    "$HOPSIM" inspect "$TESTBED_RUN/$name.pcapng" --table dwells --dwell "$TESTBED_RUN/$name-dwell.csv"
done
echo "captures and dwells: $TESTBED_RUN"
exit $failed
