#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# tcp_ns3.sh - TCP beside ns-3's, with up to 1,000 seeds where fewer do not decide, as long as a quarter of an hour
# has not passed when more are asked for. A cell without loss has to be inside; with loss no cell may differ where ns-3
# keeps hopsim's rules for the window.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
sh bench/peers/tcp.sh "$B/peer_ours" "$B/peer_ns3" 30 "$folder/table" 1000 900
awk -F, '
    NR == 1 || $1 == "newreno" { next } # counts ACKs in slow start: bench/records/README.md
    $1 == "cubic" && $5 > 0 { next }    # no region that follows Reno: there
    $13 != "undecided" { print ($13 == "inside" ? "passed: " : "failed: ") $1 " " $2 " B " $3 " bit/s " $4 " ns " $5 ": " $10 " %" }
' "$folder/table" >"$folder/verdicts"
cat "$folder/verdicts"
! grep -q ^failed "$folder/verdicts"
