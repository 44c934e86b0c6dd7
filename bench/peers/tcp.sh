#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# tcp.sh OURS NS3 [SEEDS [RECORD [SEEDS_MAX [SECONDS]]]] - the same transfers by hopsim's TCP and by ns-3's, and what
# comes out side by side. Without loss a cell is one transfer; with loss it is SEEDS transfers (30 unless told
# otherwise), of 10 KiB 40 times and of 100 KiB 6 times as many, so that enough of them lose anything. RECORD is a file
# for the table as CSV. Cells that stay undecided get three times as many seeds, again and again, up to SEEDS_MAX and as
# long as SECONDS have not passed.
# Sets of rules for ns-3's window: newreno and cubic, as ns-3 has them, are what is compared; by-bytes and cubic-rfc
# (ns3.cc) and, without loss, linux-reno show where differences come from, so the former two have a third of the seeds
# for the longest files.
set -eu
ours=$1
ns3=$2
seeds=${3:-30}
record=${4:-/dev/null}
seeds_max=${5:-$seeds}
seconds=${6:-600}
began=$(date +%s)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# One half on each of two processors; the rows in the order of the runs.
carry() { # RUNS ROWS
    split -n l/2 "$1" "$folder/half-"
    for half in "$folder"/half-a?; do
        "$ours" <"$half" >"$half.ours" && "$ns3" <"$half" >"$half.ns3" || : >"$folder/failed" &
    done
    wait
    [ ! -e "$folder/failed" ] || exit 3
    cat "$folder"/half-a?.ours >"$folder/ours.csv"
    cat "$folder"/half-a?.ns3 >"$folder/ns3.csv"
    [ "$(wc -l <"$folder/ours.csv")" -eq "$(wc -l <"$folder/ns3.csv")" ]
    paste -d, "$folder/ns3.csv" "$folder/ours.csv" >>"$2"
    rm -f "$folder"/half-*
}

# Cells: set, size, rate, round trip, loss, number of losses' first address, runs for each seed. The sets of one cell
# share its losses.
awk 'BEGIN {
    sets = split("newreno by-bytes linux-reno cubic cubic-rfc", set)
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
                        times = z == 1 ? 40 : z == 2 ? 6 : 1
                        if ((set[s] == "by-bytes" || set[s] == "cubic-rfc") && z == sizes)
                            times = 1 / 3
                        cell++
                        if (loss[l] == 0 || set[s] != "linux-reno")
                            print set[s], size[z], rate[r], rtt[t], loss[l], 100000 * cell, times
                    }
    }
}' >"$folder/cells"

from=0
: >"$folder/rows"
while :; do
    awk -v from=$from -v until="$seeds" '{
        first = $5 == 0 ? from > 0 : int(from * $7 + 0.5)
        last = $5 == 0 ? 1 : int(until * $7 + 0.5)
        for (n = first; n < last; n++)
            print $1, $2, $3, $4, $5, $6 + n
    }' "$folder/cells" >"$folder/asked"
    "$ours" plan <"$folder/asked" >"$folder/runs"
    carry "$folder/runs" "$folder/rows"
    # Runs of a cell must follow each other; its place is that of its first.
    awk -F, '{ key = $2 "," $3 "," $4 "," $5 "," $6; if (!(key in place)) place[key] = ++cells; print place[key] "," $0 }' \
        "$folder/rows" | sort -s -n -t, -k 1,1 | cut -d, -f2- >"$folder/sorted"
    awk -v record="$folder/table" -f bench/peers/tcp.awk "$folder/sorted" >"$folder/text"
    awk -F, 'NR == FNR { if ($13 == "undecided") undecided[$1 " " $2 " " $3 " " $4 " " $5]; next }
        $1 " " $2 " " $3 " " $4 " " $5 in undecided' "$folder/table" FS=' ' "$folder/cells" >"$folder/left"
    [ -s "$folder/left" ] && [ "$seeds" -lt "$seeds_max" ] && [ $(($(date +%s) - began)) -lt "$seconds" ] || break
    mv "$folder/left" "$folder/cells"
    from=$seeds
    seeds=$((3 * seeds < seeds_max ? 3 * seeds : seeds_max))
done
cat "$folder/text"
cp "$folder/table" "$record" 2>/dev/null || [ "$record" = /dev/null ]
