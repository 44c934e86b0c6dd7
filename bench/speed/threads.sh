#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# threads.sh HOPSIM - how much faster a sweep is in two threads than in one, beside what two copies of a bare loop reach
# in the same minutes on the same machine. One line as of the other benchmarks: name, value, unit, the floor's, ratio of
# the two.
set -eu
hopsim=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cat >sweep.ini <<'END'
include = paper
[transfer]
size = 256KiB
[sweep]
path.relays = 1, 2, 3, 4
arms = msrp-smime, msrp-relay
repetitions = 150
END

# seconds COMMAND...: how long it takes
seconds() {
    begin=$(date +%s.%N)
    "$@" >/dev/null
    echo "$(date +%s.%N) $begin" | awk '{ printf "%.4f\n", $1 - $2 }'
}

spin() {
    awk 'BEGIN { for (i = 0; i < 20000000; i++) x += i }'
}

spin_twice() {
    spin &
    spin
    wait $!
}

sweep() {
    rm -rf out
    "$hopsim" sweep sweep.ini -o out -j "$1" 2>/dev/null
}

for round in 1 2 3 4 5; do
    echo "$(seconds spin) $(seconds spin_twice) $(seconds sweep 1) $(seconds sweep 2)"
done | awk '
    function median(list, n) { return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2 }
    function sort(list, n, i, j, t) {
        for (i = 2; i <= n; i++) for (j = i; j > 1 && list[j - 1] > list[j]; j--) { t = list[j]; list[j] = list[j - 1]; list[j - 1] = t }
    }
    { spin[NR] = 2 * $1 / $2; ours[NR] = $3 / $4 }
    END {
        sort(spin, NR); sort(ours, NR)
        printf "sweep-2-threads,%.3f,times,%.3f,%.3f\n", median(ours, NR), median(spin, NR), median(ours, NR) / median(spin, NR)
    }'
