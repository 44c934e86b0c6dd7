# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim capacity: the built-in load with one worker, small. What an INVITE, its answers, ACK and BYE take of a P-CSCF by
# the built-in table bounds it, of files and of calls.
. "${0%/*}/common"

capacity() {
    "$HOPSIM" capacity home-load --set cpu.workers=1 --set load.delay_max=1s --arms msrp-plain --replications 1 \
        --attempts 1200 --inadequate 1% --csv "$@"
}
capacity >table.csv 2>err
expect "capacity of home-load is found" [ $? -eq 0 ]
expect "and nothing is said" [ ! -s err ]
expect "columns have names of their own" awk -F, 'NR == 1 {
    for (i = 1; i <= NF; i++) if (seen[$i]++) exit 1 }' table.csv
# INVITE, 180, 200, ACK, BYE, 200 at the busier P-CSCF, that of the caller
expect "it is within 4 % below what the work of a P-CSCF allows" awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    NR == 2 { rate = $at["capacity_per_s"]; fails = $at["failing_per_s"]; bound = $at["work_bound_per_s"]
        known = 1000 / (0.752 + 0.12 + 0.12 + 0.15 + 0.3 + 0.12)
        print rate, fails, bound, known, $at["busiest"]
        good = rate < bound && rate > 0.96 * bound && fails > rate && fails < 1.03 * rate && $at["busiest"] == "p-cscf-a" }
    END { exit !(good && bound < 1.001 * known && bound > 0.97 * known) }' table.csv
capacity --of calls --beside 200/s --set load.call_time=0 -o folder >calls.csv 2>err
expect "capacity of calls is found" [ $? -eq 0 ]
expect "a call takes what a file beside the core takes" awk -F, '
    NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
    NR == 2 { print; all = $at["capacity_per_s"] + $at["beside_per_s"]
        known = 1000 / (0.752 + 0.12 + 0.12 + 0.15 + 0.3 + 0.12)
        good = $at["of"] == "calls" && all < 1.01 * known && all > 0.95 * known }
    END { exit !good }' calls.csv
expect "the folder has the table" cmp -s calls.csv folder/capacity.csv
expect "and how it was made" grep -q 'capacity home-load' folder/manifest.txt
expect "people's tables fit 80 columns, in ASCII" awk 'length > 80 || /[^ -~]/ { print; bad = 1 }
    END { exit bad || NR < 10 }' folder/capacity.txt
expect "and say what was sought and found" grep -q 'how many calls a second the core takes' folder/capacity.txt
"$HOPSIM" report folder >out 2>err
expect "report takes it" [ -s folder/report.html ]
capacity -o folder >out 2>err
expect "a folder that is there is refused, before anything runs" [ $? -eq 2 ]
"$HOPSIM" capacity home-load --of files --beside 5M >out 2>err
expect "a rate beside without its unit is refused" [ $? -eq 2 ]
for rates in '1/s,' ',1/s' '1/s,,2/s' ''; do
    "$HOPSIM" capacity home-load --arms msrp-plain --beside "$rates" >out 2>err
    expect "rates with one left out are refused: '$rates'" [ $? -eq 2 ]
    expect "... and what was expected is said" grep -q -- "--beside $rates: expected rates" err
done
"$HOPSIM" capacity home-load --arms msrp-plain, >out 2>err
expect "an arm that is left out is refused" [ $? -eq 2 ]
{
    echo 'role,kind,side,n,min_ms,median_ms,p95_ms,max_ms,work_ms,includes,source'
    for role in p-cscf s-cscf i-cscf hss as dns relay ue-a ue-b; do
        echo "$role,*,any,,,0.000001,,,0.000001,,assumed"
    done
} >idle.csv
timeout 20 "$HOPSIM" capacity home-load --set dwell.table=idle.csv --set core.rate=0 --set site.rate=0 --set access.rate=0 \
    --replications 1 --attempts 100 --arms msrp-plain --inadequate 10% >out 2>err
expect "a core without work to speak of has no capacity that is sought" [ $? -eq 1 ]
expect "... nor is any said" grep -q '^msrp-plain  *0.000  *-  ' out
expect "... and why" grep -q 'msrp-plain: nothing bounds it below 100000 a second' out
"$HOPSIM" capacity home-load --set load.arrivals=staircase --arms msrp-plain >out 2>err
expect "a staircase is refused" [ $? -eq 2 ]
expect "and why is said" grep -q 'load.arrivals' err
"$HOPSIM" capacity home-load --inadequate 0 >out 2>err
expect "a share of nothing is refused" [ $? -eq 2 ]
"$HOPSIM" capacity home --arms msrp-plain >out 2>err
expect "dwells without work are refused" [ $? -eq 2 ]
exit $failed
