#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs every sweep of this folder and keeps its summary, then prints the tables of bench/records/answer.md from the
# summaries: sh bench/sweeps/record.sh [PROGRAM [FOLDER]]. With FOLDER's summaries there already, KEEP=1 only prints.
set -eu
here=${0%/*}
program=${1:-build/hopsim}
folder=${2:-bench/records/answer}

run() # sweep: its summary into the folder
{
    results=$(mktemp -d)
    "$program" sweep "$here/$1.ini" -o "$results/$1" >&2
    cp "$results/$1/summary.csv" "$folder/$1.csv"
    rm -r "$results"
}

if [ -z "${KEEP:-}" ]; then
    for file in "$here"/*.ini; do
        run "$(basename "$file" .ini)"
    done
    for name in size size-messages; do
        "$program" crossover "$here/$name.ini" --along transfer.size >"$folder/$name-crossovers.txt"
    done
fi

# What stands in a row for a point: the mean of an arm, and two means of which the smaller is bold.
mean() { # arm, its alias in SQL
    echo "max(case when arm = '$1' then delay_mean_ms + 0 end) as $2"
}
milliseconds() {
    echo "printf(case when $1 < 1000 then '%.1f' else '%,.0f' end, $1)"
}
versus() { # end to end, hop by hop
    echo "case when $1 < $2 then '**' || $(milliseconds "$1") || '** / ' || $(milliseconds "$2")
               else $(milliseconds "$1") || ' / **' || $(milliseconds "$2") || '**' end"
}
size="case when z < 1048576 then (z / 1024) || ' KiB' when z % 1048576 = 0 then (z / 1048576) || ' MiB'
      else printf('%.1f MiB', z / 1048576.0) end"
arms="$(mean msrp-smime smime), $(mean msrp-relay relay), $(mean msrp-relay-plain relay_plain), $(mean msrp-plain plain),
      $(mean msrp-smime-agw agw), $(mean msrp-tls tls), $(mean msrp-relay-smime relay_smime), $(mean message-tls tls_messages),
      $(mean message-large large), $(mean message-plain plain_messages)"

table() { # title, sweep, columns of a point that are kept, SQL that reads from p
    printf '\n### %s (`%s.ini`)\n\n' "$1" "$2"
    sqlite3 :memory: '.mode csv' ".import $folder/$2.csv summary" '.mode markdown' \
        "with p as (select $3, [transfer.size_bytes] + 0 as z, $arms from summary group by point + 0) $4"
}

table 'By size' size '[tcp.set] as rules, auth' "
    select $size as file, q.rules as 'TCP rules', $(versus q.smime q.relay) as 'end to end / relays, ms',
        $(milliseconds r.relay) as 'relays, AUTH before', $(milliseconds q.agw) as 'end to end through IMS-AGWs',
        $(milliseconds q.relay_plain) as 'relays without protection', $(milliseconds q.plain) as 'direct, without protection'
    from (select * from p where auth = 'per-session') q join (select z as rz, rules as rr, relay from p where auth = 'cached') r
    on q.z = r.rz and q.rules = r.rr
    where z in (1024, 1048576, 1073741824) or abs(z - 10 * 1048576) < 300000 or abs(z - 101.6 * 1048576) < 300000
    order by rules desc, z"
table 'The file in MESSAGEs' size-messages '[tcp.set] as rules' "
    select printf('%d B', z) as file, rules as 'TCP rules', $(milliseconds smime) as 'end to end, ms',
        $(milliseconds tls_messages) as 'MESSAGEs of 1,300 B, TLS', $(milliseconds plain_messages) as 'of 1,300 B, plain',
        $(milliseconds large) as 'of 60 KiB, TLS' from p where z in (256, 512, 1024, 2048, 4096, 16384, 65536, 262144) order by rules desc, z"
for name in rtt-short rtt; do
    delay=$([ $name = rtt ] && echo "40 + [core.delay_ns] / 1e6 * 4" || echo "[access.delay_ns] / 1e6 * 4")
    table 'By round trip' $name "[tcp.set] as rules, printf('%.0f', $delay) as rtt" "
        select rtt as 'round trip, ms', rules as 'TCP rules',
            max(case when z = 10240 then $(versus smime relay) end) as '10 KiB: end to end / relays, ms',
            max(case when z = 1048576 then $(versus smime relay) end) as '1 MiB',
            max(case when z = 104857600 then $(versus smime relay) end) as '100 MiB' from p group by rules, rtt
        having $([ $name = rtt ] && echo "rtt in ('40', '60', '100', '200', '300')" || echo 1) order by rules desc, rtt + 0"
done
table 'By rate' rate "[tcp.set] as rules, [access.rate_bps] + 0 as rate" "
    select (rate / 1000000) || ' Mbit/s' as 'rate of access', rules as 'TCP rules',
        max(case when z = 10240 then $(versus smime relay) end) as '10 KiB: end to end / relays, ms',
        max(case when z = 1048576 then $(versus smime relay) end) as '1 MiB',
        max(case when z = 104857600 then $(versus smime relay) end) as '100 MiB' from p group by p.rules, p.rate
    having p.rate in (1000000, 10000000, 100000000, 1000000000) order by p.rules desc, p.rate"
table 'By number of relays' hops "[tcp.set] as rules, connections, [path.relays] + 0 as relays" "
    select relays, rules as 'TCP rules', connections,
        max(case when z = 10240 then $(versus smime relay) end) as '10 KiB: end to end / relays, ms',
        max(case when z = 1048576 then $(versus smime relay) end) as '1 MiB',
        max(case when z = 104857600 then $(versus smime relay) end) as '100 MiB' from p
    group by rules, connections, relays order by rules desc, connections desc, relays"
table 'Warm and cold' cold "[tcp.set] as rules, connections, scenario" "
    select scenario, rules as 'TCP rules', connections,
        max(case when z = 1024 then $(versus smime relay) end) as '1 KiB: end to end / relays, ms',
        max(case when z = 65536 then $(versus smime relay) end) as '64 KiB',
        max(case when z = 1048576 then $(versus smime relay) end) as '1 MiB',
        max(case when z = 16777216 then $(versus smime relay) end) as '16 MiB' from p
    group by rules, scenario, connections order by rules desc, scenario, connections desc"
table 'Suites, processors, when it is sealed' suites '[smime.suite] as suite, [costs.table] as costs, [seal.when] as sealing' "
    select suite, costs, sealing, max(case when z = 1024 then $(versus smime relay) end) as '1 KiB: end to end / relays, ms',
        max(case when z = 1048576 then $(versus smime relay) end) as '1 MiB',
        max(case when z = 16777216 then $(versus smime relay) end) as '16 MiB',
        max(case when z = 67108864 then $(versus smime relay) end) as '64 MiB' from p group by suite, costs, sealing
    order by costs desc, suite desc, sealing"

# Where something is random: the mean of paired differences, relays less end to end, with its 95 % interval.
differences() { # title, sweep, columns of a point, the order
    printf '\n### %s (`%s.ini`)\n\n' "$1" "$2"
    sqlite3 :memory: '.mode csv' ".import $folder/$2.csv summary" '.mode markdown' \
        "select $3, delivered || ' of ' || trials as delivered, $(milliseconds 'delay_mean_ms + 0') as 'relays, ms',
            case when difference_low_ms + 0 < 0 and difference_high_ms + 0 > 0 then '' else '**' end ||
            printf('%+.1f', difference_ms) || case when difference_low_ms + 0 < 0 and difference_high_ms + 0 > 0 then '' else '**' end ||
            case when exact = '1' then '' else printf(' (%.1f to %.1f)', difference_low_ms, difference_high_ms) end
            as 'relays less end to end, ms' from (select *, [transfer.size_bytes] + 0 as z from summary)
        where arm = 'msrp-relay' order by $4"
}
differences 'By loss' loss "$size as file, [tcp.set] as 'TCP rules', (100 * [access.loss_ratio]) || ' %' as loss" \
    "z, [tcp.set] desc, [access.loss_ratio] + 0"
differences 'By spread of the dwells' spread \
    "scenario, (100 * [dwell.spread_ratio]) || ' %' as spread, $size as file" 'scenario, [dwell.spread_ratio] + 0, z'
