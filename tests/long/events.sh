#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# 10^9 events in one load (EVENTS for more; with far fewer the tenth has not reached its level): 4 MiB by msrp-smime,
# 20 a second, so that most events are packets and queues overflow. At each look, every quarter of a simulated second, and at the end the program aborts unless on
# every link packets sent = received + lost + in flight, there are as many packets as are somewhere, and each attempt
# that arrived has ended once or runs. What comes out is held to the same load a tenth as long: every attempt counted
# and delivered, the same rates.
. tests/long/loads

: "${EVENTS:=1000000000}"

run() { # NAME EVENTS: so many at least, into row-NAME.csv
    "$HOPSIM" load home-load --set transfer.size=4MiB --set load.rate=20/s --set load.duration="$(($2 / 375000 + 10))s" \
        --csv >"row-$1.csv" 2>"err-$1"
    status=$?
    expect "$1: the load ends well, with nothing to say" [ "$status" -eq 0 -a ! -s "err-$1" ]
    [ $status -eq 0 ] || head -20 "err-$1"
}
same() { # SHARE A B: two numbers, apart by at most that share of the first
    awk -v share="$1" -v a="$2" -v b="$3" 'BEGIN { d = a > b ? a - b : b - a; exit !(a > 0 && d <= share * a) }'
}
each() { # NAME RUN: a column divided by attempts
    awk -v n="$(column "$1" "$2")" -v attempts="$(column attempts "$2")" 'BEGIN { printf "%.6g\n", n / attempts }'
}

run tenth $((EVENTS / 10))
begin=$(date +%s)
run all "$EVENTS"
echo "$(column events all) events in $(($(date +%s) - begin)) s: $(column attempts all) attempts, $(column tcp_again all)" \
    "segments and $(column sip_again all) SIP messages sent again"
for name in tenth all; do
    expect "$name: every attempt is counted once" [ "$(column attempts $name)" -eq \
        $(($(column cut $name) + $(column counted $name))) ]
    expect "$name: every one that counts ended in one way" [ "$(column counted $name)" -eq \
        $(($(column delivered $name) + $(column refused $name) + $(column timed_out $name) + $(column otherwise $name))) ]
    expect "$name: all are delivered" [ "$(column delivered $name)" -eq "$(column counted $name)" ]
done
expect "there are as many events as asked for" [ "$(column events all)" -ge "$EVENTS" ]
expect "as many events an attempt" same 0.01 "$(each events tenth)" "$(each events all)"
expect "as many segments sent again" same 0.05 "$(each tcp_again tenth)" "$(each tcp_again all)"
expect "the same mean delay" same 0.05 "$(column delay_mean_ns tenth)" "$(column delay_mean_ns all)"
expect "the same utilisation" same 0.03 "$(column utilisation_p_cscf_a_ratio tenth)" "$(column utilisation_p_cscf_a_ratio all)"
expect_no_growth tenth all
exit $failed
