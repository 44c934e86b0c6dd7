#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# sessions.sh - run by `testbed.sh run` while the core is up: alice and bob register by AKA, then file sessions' signalling
# and MESSAGEs cross both networks at TESTBED_RATE a second. Every link is captured; hopsim inspect says how long each
# node kept what. Captures and dwells are left in TESTBED_RUN. The media of the sessions is not part of it.
set -u
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_RATE:=10}"
: "${TESTBED_CALLS:=50}"
: "${HOPSIM:=build/hopsim}"
. bench/testbed/network.sh
failed=0

credentials() { # USER SIDE
    printf 'SEQUENTIAL\n%s;home-%s.test;[authentication username=%s@home-%s.test aka_K=0123456789abcdef aka_OP=fedcba9876543210 aka_AMF=0x0000];\n' \
        "$1" "$2" "$1" "$2" >"$TESTBED_RUN/users-$2.csv"
}

# sipp as a user's client: SCENARIO SIDE DATA CALLS RATE
client() {
    inside ue-$2 timeout 60 sipp "pcscf.home-$2.test:5060" -sf "bench/testbed/sipp/$1.xml" -inf "$3" \
        -i "$(address_of ue-$2)" -p 5060 -m "$4" -r "$5" -nostdin >"$TESTBED_RUN/$1-$2.out" 2>&1
}

server() { # SCENARIO CALLS
    inside ue-b timeout 60 sipp -sf "bench/testbed/sipp/$1.xml" -i "$(address_of ue-b)" -p 5060 -m "$2" -nostdin \
        >"$TESTBED_RUN/$1.out" 2>&1 &
    server_pid=$!
    sleep 0.5
}

expect() { # WHAT COMMAND...
    what=$1
    shift
    if "$@"; then echo "passed: $what"; else echo "failed: $what"; failed=1; fi
}

# record NAME COMMAND...: a capture in the order of its times.
record() {
    name=$1
    shift
    capture_start "$TESTBED_RUN/$name.raw" || { echo "failed: $name: nothing is captured"; failed=1; return 1; }
    "$@"
    capture_stop
    rm -f "$TESTBED_RUN/$name.pcapng"
    reordercap "$TESTBED_RUN/$name.raw" "$TESTBED_RUN/$name.pcapng" >/dev/null 2>&1 && rm -f "$TESTBED_RUN/$name.raw"
}

register() {
    for side in a b; do
        user=alice
        [ $side = a ] || user=bob
        credentials $user $side
        expect "$user registers by AKA" client register $side "$TESTBED_RUN/users-$side.csv" 1 1
    done
}

calls() { # SCENARIO SERVER CALLS
    server "$2" "$3"
    expect "$3 of $1 at $TESTBED_RATE a second" client "$1" a "$TESTBED_RUN/calls.csv" "$3" "$TESTBED_RATE"
    wait $server_pid
}

printf 'SEQUENTIAL\nalice;home-a.test;bob;home-b.test;pcscf.home-a.test;scscf.home-a.test;\n' >"$TESTBED_RUN/calls.csv"
record registration register
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
