# SPDX-License-Identifier: GPL-3.0-or-later
# users.sh - read by the scripts that run inside of the testbed: SIPp as users and as background load, captures.

: "${HOPSIM:=build/hopsim}"
failed=0
sipp_folder=bench/testbed/sipp

expect() { # WHAT COMMAND...
    what=$1
    shift
    if "$@"; then echo "passed: $what"; else echo "failed: $what"; failed=1; fi
}

# Lines of credentials for COUNT users of a network: alice or bob, then user1 ...
credentials() { # SIDE COUNT
    first=alice
    [ "$1" = a ] || first=bob
    echo SEQUENTIAL
    for number in $(seq 0 $(($2 - 1))); do
        user=user$number
        [ "$number" -gt 0 ] || user=$first
        echo "$user;home-$1.test;[authentication username=$user@home-$1.test aka_K=0123456789abcdef aka_OP=fedcba9876543210 aka_AMF=0x0000];"
    done
}

# SIPp as a user's client: SCENARIO SIDE DATA CALLS RATE OPTION...
client() {
    scenario=$1 side=$2 data=$3 count=$4 rate=$5
    shift 5
    inside ue-$side timeout 180 ${CLIENT_PREFIX:-} sipp "pcscf.home-$side.test:5060" -sf "$sipp_folder/$scenario.xml" -inf "$data" \
        -i "$(address_of ue-$side)" -p 5060 -m "$count" -r "$rate" -d 200 "$@" -nostdin >"$TESTBED_RUN/$scenario-$side.out" 2>&1
}

# The same, true where 99 of 100 calls end well.
client_mostly() { # SCENARIO SIDE DATA CALLS RATE OPTION...
    client "$@"
    successful=$(awk '/Successful call/ { count = $NF } END { print count + 0 }' "$TESTBED_RUN/$1-$2.out")
    [ $((successful * 100)) -ge $(($4 * 99)) ]
}

# SIPp as UE-B until server_end.
server() { # SCENARIO
    inside ue-b timeout 600 ${CLIENT_PREFIX:-} sipp -sf "$sipp_folder/$1.xml" -i "$(address_of ue-b)" -p 5060 -nostdin \
        >"$TESTBED_RUN/$1.out" 2>&1 &
    server_pid=$!
    sleep 0.5
}

server_end() {
    for pid in $(ip netns pids "$(namespace_of ue-b)"); do
        kill "$pid" 2>/dev/null
    done
    wait $server_pid 2>/dev/null
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

# Registers the first COUNT users of a network, RATE a second. One in a hundred may fail: a second REGISTER that
# overtakes the S-CSCF's memory of the challenge is challenged again, and SIPp gives up.
register() { # SIDE COUNT RATE
    credentials "$1" "$2" >"$TESTBED_RUN/users-$1.csv"
    expect "$2 of home-$1.test register by AKA, $3 a second" registered "$@"
}

registered() { # SIDE COUNT RATE OPTION...
    client_mostly register "$1" "$TESTBED_RUN/users-$1.csv" "$2" "$3"
}

# The background: file sessions of SIPp at a set rate, between user1 of either network, both at the host "load".
load_address=$(address_of load)

background_register() { # SIDE PORT
    credentials "$1" 2 | sed 2d >"$TESTBED_RUN/load-$1.csv"
    inside load timeout 60 sipp "pcscf.home-$1.test:5060" -sf "$sipp_folder/register.xml" -inf "$TESTBED_RUN/load-$1.csv" \
        -i "$load_address" -p "$2" -m 1 -r 1 -nostdin >"$TESTBED_RUN/load-register-$1.out" 2>&1
}

background_start() { # RATE
    expect "user1 of home-a.test registers" background_register a 5060
    expect "user1 of home-b.test registers" background_register b 5061
    printf 'SEQUENTIAL\nuser1;home-a.test;user1;home-b.test;pcscf.home-a.test;scscf.home-a.test;\n' >"$TESTBED_RUN/load.csv"
    inside load sipp -sf "$sipp_folder/uas.xml" -i "$load_address" -p 5061 -nostdin >"$TESTBED_RUN/load-uas.out" 2>&1 &
    background_server=$!
    sleep 0.5
    inside load sipp "pcscf.home-a.test:5060" -sf "$sipp_folder/uac.xml" -inf "$TESTBED_RUN/load.csv" -i "$load_address" \
        -p 5060 -r "$1" -d 200 -nostdin >"$TESTBED_RUN/load-uac.out" 2>&1 &
    background_client=$!
}

background_end() {
    for pid in $(ip netns pids "$(namespace_of load)"); do
        kill "$pid" 2>/dev/null
    done
    wait $background_client $background_server 2>/dev/null
}

# The core's own nodes; what CPUs they run on, and the CPU time that some of them have taken.
cores='p-cscf-a i-cscf-a s-cscf-a hss-a p-cscf-b i-cscf-b s-cscf-b hss-b'

on_cpu() { # CPU-LIST
    for node in $cores; do
        for pid in $(ip netns pids "$(namespace_of $node)"); do
            taskset -p -c "$1" "$pid" >/dev/null
        done
    done
}

cpu_ns() { # NODE...
    for node in "$@"; do
        for pid in $(ip netns pids "$(namespace_of "$node")"); do
            cut -d ' ' -f 1 "/proc/$pid/schedstat"
        done
    done | awk '{ sum += $1 } END { printf "%.0f\n", sum }'
}

# SIPp's scenarios into TESTBED_RUN, and the one of a MESSAGE with 17 of them, 603 B of body each.
write_pager() {
    awk -v parts=17 '
        /^  <send/ { inside = 1 }
        inside { block = block $0 "\n"; if (/<recv response="200"/) { inside = 0; repeat(block) } next }
        { print }
        function repeat(text,   i, part, body) {
            for (body = ""; length(body) < 603;) body = body "0123456789"
            for (i = 1; i <= parts; i++) {
                part = text
                gsub(/CSeq: 1 /, "CSeq: " i " ", part)
                gsub(/      0123456789[0-9]*\n/, "      " substr(body, 1, 603) "\n", part)
                if (i > 1) gsub(/ start_rtd="1"/, "", part)
                if (i < parts) gsub(/ rtd="1"/, "", part)
                printf "%s", part
            }
        }' bench/testbed/sipp/message.xml >"$TESTBED_RUN/pager.xml"
    awk -v parts=17 '
        /^  <recv/ { inside = 1 }
        /^<\/scenario>/ { for (i = 0; i < parts; i++) printf "%s", block; print; next }
        inside { block = block $0 "\n"; next }
        { print }' bench/testbed/sipp/message-uas.xml >"$TESTBED_RUN/pager-uas.xml"
    cp bench/testbed/sipp/*.xml "$TESTBED_RUN"
}

printf 'SEQUENTIAL\nalice;home-a.test;bob;home-b.test;pcscf.home-a.test;scscf.home-a.test;\n' >"$TESTBED_RUN/calls.csv"
