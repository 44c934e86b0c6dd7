#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# speed.sh FOLDER [CUSTOMERS [RECORD]] - how long other simulators take for what hopsim does too, as a table in Markdown:
# M/M/1 at load 0.9, so many customers (5,000,000), by SimPy, SimGrid and ns-3's scheduler beside the benchmark mm1; TCP
# files over one link by ns-3 beside sim/net. FOLDER holds the programs peer_*; RECORD is a file for the table as CSV.
#
# One program at a time, all of them five times in turn, medians: processor time of the run alone for M/M/1, time
# of a transfer for TCP, whose programs do nothing else. Everybody has generators of their own, so each mean time in the
# system is held against 1 / (1 - load) = 10 service times. The tolerance is four standard deviations of such a mean: by
# the asymptotic variance of waits in M/M/1, load (2 + 5 load - 4 load^2 + load^3) / (1 - load)^4 = 35901 square service
# times at load 0.9 (200 runs of 10^6 customers of the bare recursion gave 40100, which is within their error of 10 %).
# A mean outside ends with status 1.
set -eu
peers=$1
customers=${2:-5000000}
record=${3:-/dev/null}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
rounds=5

version() { # PACKAGE
    dpkg-query -W -f '${Version}' "$1" 2>/dev/null || echo unknown
}

# Key, command; the first one is ours.
cat >"$folder/queues" <<LIST
hopsim $peers/peer_mm1_ours
ns-3 $peers/peer_mm1_ns3
simgrid $peers/peer_mm1_simgrid
simpy-clerk /usr/bin/python3 bench/peers/mm1_simpy.py clerk
simpy-customers /usr/bin/python3 bench/peers/mm1_simpy.py customers
LIST
cat >"$folder/names" <<LIST
hopsim|hopsim|$(git describe --always --dirty 2>/dev/null || echo unknown)|events
ns-3|ns-3|$(version libns3-dev)|events of its scheduler
simgrid|SimGrid|$(version libsimgrid-dev)|two actors and a semaphore
simpy-clerk|SimPy|$(version python3-simpy3)|two processes
simpy-customers|SimPy|$(version python3-simpy3)|a process a customer, as in its examples
LIST

# Set, size, rate, round trip, loss, trial: cells of tcp.sh without loss.
for size in 1048576 10485760; do
    for rate in 10000000 100000000; do
        echo "newreno $size $rate 20000000 0 0"
    done
done >"$folder/cells"

for round in $(seq $rounds); do
    while read -r key command; do
        echo "$key $($command "$customers")"
    done <"$folder/queues" >>"$folder/stays"
    for program in ours ns3; do
        "$peers/peer_$program" <"$folder/cells" >>"$folder/transfers.$program"
    done
done

awk -v customers="$customers" -v rounds=$rounds -v record="$folder/table" -v names="$folder/names" \
    -v cells="$folder/transfers" -f bench/peers/speed.awk "$folder/stays" && status=0 || status=$?
[ "$record" = /dev/null ] || cp "$folder/table" "$record"
exit $status
