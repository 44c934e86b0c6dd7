#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# tshark.sh BENCH_SPEED HOPSIM - CPU time of `hopsim inspect` on the capture of the row inspect-1GB (MSRP and a little SIP)
# against tshark's on its first tenth, in turn, three times: medians, as lines of the bench's CSV; the third column is
# tshark's, the last how many times faster inspect is. Twice: tshark asked for each message's kind and frame, which is
# what inspect finds out (messages), and tshark asked for nothing but its line a frame (lines).
set -u
speed=$1
hopsim=$2
command -v tshark >/dev/null || { echo "inspect-1GB-tshark: skipped: tshark is not installed" >&2; exit 0; }
folder=$(mktemp -d) || exit 3
trap 'rm -rf "$folder"' EXIT
"$speed" --capture "$folder/whole.pcap" 1000000000 || exit 3
"$speed" --capture "$folder/tenth.pcap" 100000000 || exit 3

# CPU time of a command in ms: user and system.
cpu() { # COMMAND...
    times >"$folder/before"
    "$@" >/dev/null 2>&1 || exit 3
    times >"$folder/after"
    printf '%s %s\n' "$(sed -n 2p "$folder/before")" "$(sed -n 2p "$folder/after")" | tr 'ms' '  ' |
        awk '{ printf "%.1f\n", 1000 * (($5 - $1 + $7 - $3) * 60 + $6 - $2 + $8 - $4) }'
}

for round in 1 2 3; do
    cpu "$hopsim" inspect "$folder/whole.pcap" --table summary >>"$folder/ours"
    cpu tshark -n -r "$folder/tenth.pcap" -d tcp.port==2855,msrp -Y 'msrp || sip' -T fields -e frame.number \
        -e msrp.method -e msrp.status.code -e sip.Method -e sip.Status-Code >>"$folder/messages"
    cpu tshark -n -r "$folder/tenth.pcap" -d tcp.port==2855,msrp >>"$folder/lines"
done
ours=$(sort -n "$folder/ours" | sed -n 2p)
for kind in messages lines; do
    sort -n "$folder/$kind" | awk -v kind=$kind -v ours="$ours" 'NR == 2 {
        printf "inspect-1GB-tshark-%s,%.3f,ms/GB,%.3f,%.3f\n", kind, ours, 10 * $1, 10 * $1 / ours }'
done
