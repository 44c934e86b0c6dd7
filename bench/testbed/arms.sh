#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# arms.sh - run by `testbed.sh run` while the core is up: a file by each arm that crosses it, with hopsim measure's users
# registering by AKA, beside TESTBED_RATE sessions of SIPp a second. MSRP goes direct, through relays of ours, or through
# Kamailio's msrp module (at relay-a, chunks of 10,000 B: its frames hold little more). What was delivered is compared
# with what was sent, byte for byte, or it is a failure. message-tls is not among them: these CSCFs speak no TLS.
set -u
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_RATE:=10}"
: "${TESTBED_REPEAT:=3}"
. bench/testbed/network.sh
. bench/testbed/users.sh

transfer() { # TRANSPORT ARM OPTION...
    core=$1 arm=$2
    shift 2
    expect "$arm, users over $core: $*" transferred "$core" "$arm" "$@"
}

transferred() { # TRANSPORT ARM OPTION...
    core=$1 arm=$2
    shift 2
    "$HOPSIM" measure --core "$TESTBED_RUN/core-$core.ini" --arm "$arm" --repeat "$TESTBED_REPEAT" "$@" >"$TESTBED_RUN/measure.out" 2>&1
    status=$?
    grep -E "^median|^not delivered|^hopsim" "$TESTBED_RUN/measure.out"
    return $status
}

relay_start() {
    mkdir -p "$TESTBED_RUN/relay-a/run"
    sed -e "s|@ADDRESS@|$(address_of relay-a)|g" bench/testbed/msrp.cfg.in >"$TESTBED_RUN/relay-a/kamailio.cfg"
    (
        ulimit -c 0
        inside relay-a kamailio -f "$TESTBED_RUN/relay-a/kamailio.cfg" -DD -E -m 32 -M 8 -Y "$TESTBED_RUN/relay-a/run" \
            -P "$TESTBED_RUN/relay-a/run/pid"
    ) >"$TESTBED_RUN/relay-a/log" 2>&1 </dev/null &
    for turn in 1 2 3 4 5 6 7 8 9 10; do
        sleep 0.3
        ip netns exec "$(namespace_of relay-a)" ss -Hltn | grep -q ":2855" && return 0
    done
    return 1
}

relay_end() {
    for pid in $(ip netns pids "$(namespace_of relay-a)"); do
        kill "$pid" 2>/dev/null
    done
}

background_start "$TESTBED_RATE"
for arm in msrp-plain msrp-smime msrp-tls msrp-relay msrp-relay-smime message-plain; do
    transfer udp $arm --size 100KiB
done
for arm in msrp-smime message-plain; do
    transfer tcp $arm --size 100KiB
done
expect "Kamailio's relay listens" relay_start
for arm in msrp-relay msrp-relay-smime; do
    transfer udp $arm --hops 1 --relay "msrp://$(address_of relay-a):2855" --size 100KiB --chunk 10000B
done
relay_end
background_end
exit $failed
