#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# depth.sh [FOLDER] - run by `testbed.sh run` while the core is up: how much work a call is by how many are under way at
# once. The whole core on one CPU, SIPp on the other, which keeps so many calls outstanding. Writes FOLDER/depth.csv: the
# median over TESTBED_ROUNDS, which take turns, behind one that warms the core; calls_per_s is of SIPp's whole time. No row
# where more than one call of a hundred failed.
# Not at real-time priority, for the reason in dwells.sh.
set -u
: "${TESTBED_RUN:=$(pwd)/build/testbed}"
: "${TESTBED_DEPTHS:=1 2 4 8 16 24 48 96}"
: "${TESTBED_ROUNDS:=3}"
folder=${1:-$TESTBED_RUN}
. bench/testbed/network.sh
. bench/testbed/users.sh

# A row: kind, calls outstanding, calls, CPU time of the core a call, calls a second.
calls_at() { # KIND CLIENT SERVER CALLS OUTSTANDING
    server "$3"
    before=$(cpu_ns $cores) begin=$(date +%s%N)
    client_mostly "$2" a "$TESTBED_RUN/calls.csv" "$4" 5000 -l "$5" -d 20
    status=$?
    end=$(date +%s%N) busy=$(($(cpu_ns $cores) - before))
    server_end
    expect "$4 of $1, $5 at a time" [ $status -eq 0 ]
    [ $status -eq 0 ] || return
    awk -v row="$1,$5,$4" -v count="$4" -v busy=$busy -v took=$((end - begin)) '
        BEGIN { printf "%s,%.0f,%.1f\n", row, busy / count, count / took * 1e9 }' >>"$TESTBED_RUN/depth-rows"
}

register a 1 1
register b 1 1
write_pager
sipp_folder=$TESTBED_RUN
CLIENT_PREFIX='taskset -c 1'
on_cpu 0
for round in $(seq 0 "$TESTBED_ROUNDS"); do
    for depth in $TESTBED_DEPTHS; do
        calls_at message message message-uas $((400 + depth * 25)) "$depth"
        calls_at file-in-messages pager pager-uas $((40 + depth * 2)) "$depth"
        calls_at session uac uas $((200 + depth * 15)) "$depth"
    done
    [ "$round" -gt 0 ] || rm "$TESTBED_RUN/depth-rows"
done
on_cpu 0,1
{
    echo kind,outstanding,calls,core_ns_a_call,calls_per_s
    sort -t , -k 1,1 -k 2,2n -k 4,4n "$TESTBED_RUN/depth-rows" | awk -F, -v middle=$(((TESTBED_ROUNDS + 1) / 2)) '
        $1 "," $2 != last { last = $1 "," $2; count = 0 }
        ++count == middle'
} >"$folder/depth.csv"
cat "$folder/depth.csv"
exit $failed
