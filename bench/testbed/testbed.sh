#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# testbed.sh up|down|run COMMAND... - a real IMS core of two home networks: Kamailio's P-, I- and S-CSCFs and an HSS
# each, in network namespaces. `up` leaves it running, `down` removes it, `run` does both around a command, also when
# that fails or is interrupted. TESTBED_RUN names the folder for configurations, logs and captures.
set -u
cd "${0%/*}/../.." || exit 3
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_CHILDREN:=4}"
: "${TESTBED_USERS:=1000}"          # a network
: "${TESTBED_REGISTRATIONS:=8000}" # that alice's and bob's vectors suffice for
: "${TESTBED_OTHERS:=12}"          # and those of each other user
. bench/testbed/network.sh

fail() {
    echo "testbed: $*" >&2
    exit 3
}

# fill TEMPLATE NODE FILE: @NAME@ replaced.
fill() {
    realm=home-${2##*-}.test
    fqdn=$(echo "$TESTBED_NODES" | awk -v node="$2" '$1 == node { print $3 }')
    sed -e "s|@NODE@|$2|g; s|@REALM@|$realm|g; s|@FQDN@|$fqdn|g; s|@ADDRESS@|$(address_of "$2")|g" \
        -e "s|@RUN@|$TESTBED_RUN|g; s|@CHILDREN@|$TESTBED_CHILDREN|g; s|@WORKERS@|$TESTBED_CHILDREN|g" \
        "bench/testbed/$1" >"$3"
}

# The Diameter configuration of a node: a CSCF connects to its HSS. The HSS names its clients as well: the peer's library
# counts the processes it forks by them and comes up one short without.
diameter() { # NODE
    realm=home-${1##*-}.test
    peers= routes=
    case $1 in
    hss-*) names="icscf scscf" ;;
    *) names=hss routes="    <DefaultRoute FQDN=\"hss.$realm\" metric=\"10\"/>" ;;
    esac
    for name in $names; do
        peers="$peers    <Peer FQDN=\"$name.$realm\" Realm=\"$realm\" port=\"3868\"/>"
    done
    fill diameter.xml.in "$1" "$TESTBED_RUN/$1/diameter.xml"
    sed -i -e "s|^@PEERS@|$peers|; s|^@ROUTES@|$routes|" "$TESTBED_RUN/$1/diameter.xml"
}

configure() {
    for side in a b; do
        for kind in p i s; do
            folder=$TESTBED_RUN/$kind-cscf-$side
            mkdir -p "$folder/run"
            fill common.cfg.in $kind-cscf-$side "$folder/common.cfg"
            fill ${kind}cscf.cfg.in $kind-cscf-$side "$folder/kamailio.cfg"
        done
        folder=$TESTBED_RUN/hss-$side
        mkdir -p "$folder/run"
        fill hss.cfg.in hss-$side "$folder/kamailio.cfg"
        diameter hss-$side
        diameter i-cscf-$side
        diameter s-cscf-$side
        rm -f "$TESTBED_RUN/i-cscf-$side/icscf.db" "$folder/vectors.db"
        sqlite3 "$TESTBED_RUN/i-cscf-$side/icscf.db" "
            create table s_cscf(id integer, name text, s_cscf_uri text);
            insert into s_cscf values(1, 'S-CSCF', 'sip:scscf.home-$side.test:5060');
            create table s_cscf_capabilities(id integer, id_s_cscf integer, capability integer);
            insert into s_cscf_capabilities values(1, 1, 0);
            create table nds_trusted_domains(id integer, trusted_domain text);" || fail "sqlite3 failed"
        vectors $side | sqlite3 "$folder/vectors.db" || fail "no vectors for home-$side.test"
    done
}

# Authentication vectors of each user as SQL for the HSS.
vectors() { # SIDE
    "$TESTBED_VECTORS" "home-$1.test" "$TESTBED_USERS" "$TESTBED_REGISTRATIONS" "$TESTBED_OTHERS"
}

# What hopsim measure --core needs to know of this core: users, their cards, where they live, where relays may.
core_file() {
    for side in a b; do
        user=alice
        [ $side = a ] || user=bob
        cat <<END
[ue-$side]
namespace = $(namespace_of ue-$side)
address = $(address_of ue-$side)
user = $user
domain = home-$side.test
key = 30313233343536373839616263646566
op = 66656463626139383736353433323130
p-cscf = $(address_of p-cscf-$side):5060
p-cscf-name = pcscf.home-$side.test
transport = ${1}
END
    done
    for number in 1 2; do
        node=relay-a
        [ $number = 1 ] || node=relay-b
        printf '[relay-%s]\nnamespace = %s\naddress = %s\n' $number "$(namespace_of $node)" "$(address_of $node)"
    done
}

start() { # NODE
    folder=$TESTBED_RUN/$1
    (
        ulimit -c 0
        inside "$1" kamailio -f "$folder/kamailio.cfg" -DD -E -m 128 -M 16 -Y "$folder/run" -P "$folder/run/pid"
    ) >"$folder/log" 2>&1 </dev/null &
}

up() {
    [ -x "${TESTBED_VECTORS:-}" ] || fail "TESTBED_VECTORS names no program that makes vectors"
    mkdir -p "$TESTBED_RUN"
    network_down
    network_up || fail "no namespaces: root is needed"
    configure
    for transport in udp tcp; do
        core_file $transport >"$TESTBED_RUN/core-$transport.ini"
    done
    for side in a b; do
        start hss-$side
    done
    sleep 1
    for side in a b; do
        start i-cscf-$side
        start s-cscf-$side
        start p-cscf-$side
    done
    wait_ready
}

# Ready: each CSCF answers, and each Diameter client has its capabilities exchanged.
wait_ready() {
    for turn in $(seq 40); do
        sleep 0.5
        ready=0
        for node in i-cscf-a s-cscf-a i-cscf-b s-cscf-b; do
            ip netns exec "$(namespace_of $node)" ss -Htn state established '( sport = :3868 or dport = :3868 )' |
                grep -q . && ready=$((ready + 1))
        done
        [ $ready -eq 4 ] && break
    done
    [ $ready -eq 4 ] || fail "the Diameter connections did not come up; see $TESTBED_RUN/*/log"
    sleep 1
}

# A second Ctrl-C does not leave half of it behind.
finish() {
    trap '' INT TERM HUP
    network_down
}

case ${1:-} in
up) up ;;
down) network_down ;;
run)
    shift
    trap finish EXIT
    trap 'exit 3' INT TERM HUP
    up
    # A group of its own, so that whoever ends this script ends whatever the command has started, too; a shell that waits
    # for a command in the foreground would hear of a signal only afterwards.
    setsid "$@" &
    command_pid=$!
    trap 'kill -TERM -$command_pid 2>/dev/null; exit 3' INT TERM HUP
    wait $command_pid
    exit $?
    ;;
*)
    echo "usage: testbed.sh up|down|run COMMAND..." >&2
    exit 2
    ;;
esac
