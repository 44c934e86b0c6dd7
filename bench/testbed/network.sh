# SPDX-License-Identifier: GPL-3.0-or-later
# network.sh - read by the other scripts here: two home networks on one bridge, a network namespace a node, one veth
# pair each whose end at the bridge has the node's name. Namespaces are called PREFIX-NODE, so that what a run that was
# killed left behind is found and removed. A row: node, address, names its address has in every namespace's hosts file.

: "${TESTBED_PREFIX:=hopsim-tb}"
TESTBED_NODES='
ue-a     10.99.0.11 ue-a.home-a.test
p-cscf-a 10.99.0.12 pcscf.home-a.test
i-cscf-a 10.99.0.13 icscf.home-a.test home-a.test
s-cscf-a 10.99.0.14 scscf.home-a.test
hss-a    10.99.0.15 hss.home-a.test
ue-b     10.99.0.21 ue-b.home-b.test
p-cscf-b 10.99.0.22 pcscf.home-b.test
i-cscf-b 10.99.0.23 icscf.home-b.test home-b.test
s-cscf-b 10.99.0.24 scscf.home-b.test
hss-b    10.99.0.25 hss.home-b.test
relay-a  10.99.0.31 relay.home-a.test
relay-b  10.99.0.32 relay.home-b.test
load     10.99.0.41 load.home-a.test
'

nodes() {
    echo "$TESTBED_NODES" | awk 'NF { print $1 }'
}

address_of() { # NODE
    echo "$TESTBED_NODES" | awk -v node="$1" '$1 == node { print $2 }'
}

namespace_of() { # NODE
    echo "$TESTBED_PREFIX-$1"
}

# Runs a command inside a node's namespace, where /etc/hosts knows every name above: the mount is private to it.
inside() { # NODE COMMAND...
    node=$1
    shift
    ip netns exec "$(namespace_of "$node")" sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' "$TESTBED_RUN/hosts" "$@"
}

network_up() {
    {
        echo '127.0.0.1 localhost'
        echo "$TESTBED_NODES" | awk 'NF { line = $2; for (i = 3; i <= NF; i++) line = line " " $i; print line }'
    } >"$TESTBED_RUN/hosts"
    ip netns add "$TESTBED_PREFIX-bridge" || return 1
    ip -n "$TESTBED_PREFIX-bridge" link add br0 type bridge
    ip -n "$TESTBED_PREFIX-bridge" link set br0 up
    for node in $(nodes); do
        namespace=$(namespace_of "$node")
        ip netns add "$namespace" || return 1
        ip link add eth0 netns "$namespace" type veth peer name "$node" netns "$TESTBED_PREFIX-bridge" || return 1
        ip -n "$TESTBED_PREFIX-bridge" link set "$node" master br0 up
        ip -n "$namespace" addr add "$(address_of "$node")/24" dev eth0
        ip -n "$namespace" link set lo up
        ip -n "$namespace" link set eth0 up
        # Segments as they would be on a wire, so that captures show what a link carries.
        for feature in tso gso gro tx rx; do
            ip netns exec "$namespace" ethtool -K eth0 $feature off >/dev/null 2>&1
            ip netns exec "$TESTBED_PREFIX-bridge" ethtool -K "$node" $feature off >/dev/null 2>&1
        done
        # Kamailio's cdp leaves Nagle's algorithm on: where the peer delays its ACKs, an answer waits for the next request,
        # or 40 ms (seen: an LIA after 20 ms at 50 a second). Peers of Diameter acknowledge at once, so that none waits.
        quickack=0
        case $node in
        i-cscf-* | s-cscf-* | hss-*) quickack=${TESTBED_QUICKACK:-1} ;;
        esac
        # The namespaces' default of congestion control is the host's, which may be anything.
        ip -n "$namespace" route change 10.99.0.0/24 dev eth0 src "$(address_of "$node")" quickack $quickack congctl cubic 2>/dev/null
    done
    return 0
}

# Links of the users with a rate, RATE in bit/s: as in hopsim measure a token bucket spaces the frames, and the delay box
# between it and the bridge makes each frame wait for its own bits. Ends with links_end or with the network.
links_begin() { # RATE
    bridge=$TESTBED_PREFIX-bridge
    for node in ue-a ue-b; do
        ip -n $bridge link set $node nomaster
        ip -n $bridge link add far-$node type veth peer name port-$node
        for device in far-$node port-$node; do
            ip -n $bridge link set $device up
            for feature in tso gso gro tx rx; do
                ip netns exec $bridge ethtool -K $device $feature off >/dev/null 2>&1
            done
        done
        ip -n $bridge link set port-$node master br0
        for device in $node far-$node; do
            ip netns exec $bridge tc qdisc add dev $device root tbf rate "$1" burst $(($1 / 32000)) limit 262144
        done
    done
    mkfifo "$TESTBED_RUN/box-line" 2>/dev/null
    ip netns exec $bridge "$TESTBED_BOX" "$1" 262144 ue-a far-ue-a ue-b far-ue-b <"$TESTBED_RUN/box-line" >"$TESTBED_RUN/box.out" 2>&1 &
    box_pid=$!
    exec 8>"$TESTBED_RUN/box-line"
    for turn in 1 2 3 4 5 6 7 8 9 10; do
        sleep 0.2
        grep -q ready "$TESTBED_RUN/box.out" && return 0
    done
    return 1
}

links_end() {
    exec 8>&-
    wait $box_pid
    sed 1d "$TESTBED_RUN/box.out"
}

# Ends what still runs in the namespaces and removes them; also what an earlier run left.
network_down() {
    for namespace in $(ip netns list | awk -v prefix="$TESTBED_PREFIX-" 'index($1, prefix) == 1 { print $1 }'); do
        for pid in $(ip netns pids "$namespace"); do
            kill "$pid" 2>/dev/null
        done
    done
    for turn in 1 2 3 4 5 6 7 8 9 10; do
        alive=
        for namespace in $(ip netns list | awk -v prefix="$TESTBED_PREFIX-" 'index($1, prefix) == 1 { print $1 }'); do
            alive="$alive $(ip netns pids "$namespace")"
        done
        [ -n "${alive# }" ] && [ -n "$(echo $alive)" ] || break
        sleep 0.3
        [ "$turn" -lt 8 ] || kill -9 $alive 2>/dev/null
    done
    for namespace in $(ip netns list | awk -v prefix="$TESTBED_PREFIX-" 'index($1, prefix) == 1 { print $1 }'); do
        ip netns del "$namespace"
    done
    return 0
}

# Captures every link at the bridge into one pcapng whose interfaces have the nodes' names: a packet is in it when it
# enters the bridge and when it leaves it. Ends with capture_stop.
capture_start() { # FILE
    set -- "$1" $(nodes | sed 's/^/-i /')
    file=$1
    shift
    # What is timed by real-time priority goes before the tap.
    tap_after=
    [ "$(chrt -p $$ | sed -n '1s/.*: //p')" = SCHED_OTHER ] || tap_after='chrt -o 0'
    ip netns exec "$TESTBED_PREFIX-bridge" $tap_after dumpcap -q -t -B 64 -s 0 "$@" -w "$file" >"$TESTBED_RUN/dumpcap.log" 2>&1 &
    capture_pid=$!
    for turn in 1 2 3 4 5 6 7 8 9 10; do
        sleep 0.3
        grep -q "^File:" "$TESTBED_RUN/dumpcap.log" && return 0
    done
    return 1
}

capture_stop() {
    sleep 1
    kill -INT "$capture_pid"
    wait "$capture_pid"
}
