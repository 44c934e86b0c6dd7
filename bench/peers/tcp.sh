#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# tcp.sh OURS NS3 [SEEDS [RECORD]] - the same transfers by hopsim's TCP and by ns-3's, and what comes out side by side.
# Without loss a cell is one transfer; with loss it is SEEDS transfers (30 unless told otherwise), of 10 KiB 40 times
# and of 100 KiB 6 times as many, so that enough of them lose anything. RECORD is a file for the table as CSV.
# Sets of rules for ns-3's window: newreno, as ns-3 has it, is what is compared; by-bytes (ns3.cc) and, without loss,
# linux-reno show where differences come from, so by-bytes has a third of the seeds for the longest files.
set -eu
ours=$1
ns3=$2
seeds=${3:-30}
record=${4:-/dev/null}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# Each cell has losses of its own; the sets of one cell share them.
awk -v seeds="$seeds" 'BEGIN {
    sets = split("newreno by-bytes linux-reno", set)
    sizes = split("10240 102400 1048576 10485760", size)
    rates = split("1000000 10000000 100000000", rate)
    rtts = split("2000000 20000000 100000000", rtt)
    losses = split("0 0.001 0.01", loss)
    for (s = 1; s <= sets; s++) {
        cell = 0
        for (l = 1; l <= losses; l++)
            for (z = 1; z <= sizes; z++)
                for (r = 1; r <= rates; r++)
                    for (t = 1; t <= rtts; t++) {
                        cell++
                        count = loss[l] == 0 ? 1 : z == 1 ? 40 * seeds : z == 2 ? 6 * seeds : seeds
                        if (loss[l] > 0 && set[s] == "by-bytes" && z == sizes)
                            count = int((seeds + 2) / 3)
                        if (loss[l] > 0 && set[s] == "linux-reno")
                            count = 0
                        for (n = 0; n < count; n++)
                            print set[s], size[z], rate[r], rtt[t], loss[l], 100000 * cell + n
                    }
    }
}' >"$folder/cells"
"$ours" plan <"$folder/cells" >"$folder/runs"
"$ours" <"$folder/runs" >"$folder/ours.csv"
"$ns3" <"$folder/runs" >"$folder/ns3.csv"
[ "$(wc -l <"$folder/ours.csv")" -eq "$(wc -l <"$folder/ns3.csv")" ]
paste -d, "$folder/ns3.csv" "$folder/ours.csv" | awk -v record="$record" -f bench/peers/tcp.awk
