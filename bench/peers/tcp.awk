# SPDX-License-Identifier: GPL-3.0-or-later
# Rows of ns3.cc beside those of ours.c, the same run in each line, become a row a cell.
#
# With loss, the ratio of means R = mean(ours) / mean(ns-3) has its 95 % interval from the delta method on pairs: both
# lose the same packets, so the standard error is that of the residuals ours - R ns-3, divided by mean(ns-3), and
# Student's t with one degree less than there are pairs. A run in which neither lost anything tells nothing of
# recovery, so a cell with fewer than LEAST runs that lost something stays undecided.

BEGIN {
    FS = ","
    LEAST = 10
    print "set,size_bytes,rate_bps,rtt_ns,loss,runs,runs_with_loss,ns3_ns,ours_ns,difference_percent,low,high,verdict,ns3_wall_ns,ours_wall_ns" >record
    printf "%-10s %8s %5s %4s %5s %5s %11s %11s %8s %-15s %-9s %9s %9s\n", "set", "KiB", "Mb/s", "ms", "loss", "lossy",
        "ns-3 s", "ours s", "diff %", "95 % of ratio", "", "ns-3 wall", "ours wall"
}

# Student's quantile for 97.5 % from the normal's, by the first terms of its series in 1/n.
function student(n,    z, quantile) {
    z = 1.959964
    quantile = z + (z ^ 3 + z) / (4 * n)
    quantile += (5 * z ^ 5 + 16 * z ^ 3 + 3 * z) / (96 * n ^ 2)
    quantile += (3 * z ^ 7 + 19 * z ^ 5 + 17 * z ^ 3 - 15 * z) / (384 * n ^ 3)
    return quantile
}

function tell(    ratio, squares, i, half, low, high, verdict, limit, interval, difference) {
    if (n == 0)
        return
    ratio = sum_ours / sum_ns3
    difference = 100 * (ratio - 1)
    low = high = interval = ""
    if (loss == 0) {
        limit = size <= 102400 ? 5 : 2
        verdict = difference <= limit && difference >= -limit ? "inside" : "differs"
    } else if (n < 2 || lossy < LEAST) {
        verdict = "undecided"
    } else {
        squares = 0
        for (i = 1; i <= n; i++)
            squares += (ours[i] - ratio * ns3[i]) ^ 2
        half = student(n - 1) * sqrt(squares / (n - 1) / n) / (sum_ns3 / n)
        low = ratio - half
        high = ratio + half
        verdict = low >= 0.95 && high <= 1.05 ? "inside" : low > 1.05 || high < 0.95 ? "differs" : "undecided"
        interval = sprintf("%.4f-%.4f", low, high)
        low = sprintf("%.5f", low)
        high = sprintf("%.5f", high)
    }
    printf "%-10s %8d %5d %4d %5s %5s %11.6f %11.6f %+8.3f %-15s %-9s %6.1f ms %6.2f ms\n", set, size / 1024,
        rate / 1e6, rtt / 1e6, 100 * loss "%", loss == 0 ? "" : lossy "/" n, sum_ns3 / n / 1e9, sum_ours / n / 1e9,
        difference, interval, verdict, wall_ns3 / n / 1e6, wall_ours / n / 1e6
    printf "%s,%d,%d,%d,%s,%d,%d,%.0f,%.0f,%.4f,%s,%s,%s,%.0f,%.0f\n", set, size, rate, rtt, loss, n, lossy,
        sum_ns3 / n, sum_ours / n, difference, low, high, verdict, wall_ns3 / n, wall_ours / n >record
    verdicts[set " " (loss > 0) " " verdict]++
    if (verdict != "inside")
        named[verdict] = named[verdict] sprintf("  %s %d KiB %d Mbit/s %d ms %s %%\n", set, size / 1024, rate / 1e6, rtt / 1e6,
            100 * loss)
    size_of = difference < 0 ? -difference : difference
    group = set " " (loss > 0)
    differences[group, ++cells[group]] = size_of
    if (size_of > worst[group])
        worst[group] = size_of
    n = 0
}

{
    for (i = 2; i <= 7; i++)
        if ($i != $(i + 11)) {
            print "rows of different runs: " $0 >"/dev/stderr"
            failed = 1
            exit 2
        }
    key = $2 "," $3 "," $4 "," $5 "," $6
    if (key != before) {
        tell()
        before = key
        set = $2; size = $3; rate = $4; rtt = $5; loss = $6
        sum_ns3 = sum_ours = wall_ns3 = wall_ours = lossy = 0
    }
    n++
    ns3[n] = $8; sum_ns3 += $8; wall_ns3 += $11; total_ns3 += $11
    ours[n] = $19; sum_ours += $19; wall_ours += $22; total_ours += $22
    lossy += $10 > 0 || $21 > 0
}

function median(group,    count, i, k, held, sorted) {
    count = cells[group]
    for (i = 1; i <= count; i++) {
        held = differences[group, i]
        for (k = i - 1; k > 0 && sorted[k] > held; k--)
            sorted[k + 1] = sorted[k]
        sorted[k + 1] = held
    }
    return count % 2 ? sorted[(count + 1) / 2] : (sorted[count / 2] + sorted[count / 2 + 1]) / 2
}

function summarise(name, with_loss,    group) {
    group = name " " with_loss
    if (!cells[group])
        return
    printf "%-10s %-12s %d cells: %d inside, %d undecided, %d differ; difference: median %.3f %%, worst %.3f %%\n",
        name, with_loss ? "with loss" : "without loss", cells[group], verdicts[group " inside"],
        verdicts[group " undecided"], verdicts[group " differs"], median(group), worst[group]
}

function list(verdict) {
    if (named[verdict])
        printf "%s:\n%s\n", verdict, named[verdict]
}

END {
    if (failed)
        exit 2
    tell()
    print ""
    list("undecided")
    list("differs")
    summarise("newreno", 0)
    summarise("newreno", 1)
    summarise("by-bytes", 0)
    summarise("by-bytes", 1)
    summarise("linux-reno", 0)
    summarise("cubic", 0)
    summarise("cubic", 1)
    summarise("cubic-rfc", 0)
    summarise("cubic-rfc", 1)
    print ""
    print "newreno    ns-3 opens the window by ACKs, hopsim by acknowledged bytes (RFC 3465)"
    print "by-bytes   ns-3 with the rules of hopsim for the window: what is left differs for other reasons"
    print "linux-reno ns-3 by acknowledged segments, as Linux does"
    print "cubic      both with HyStart by the numbers of ns-3, which has no region that follows Reno"
    print "cubic-rfc  ns-3 with the rules of hopsim: RFC 9438, HyStart by the numbers of Linux"
    printf "wall time: ns-3 %.1f s, hopsim %.2f s\n", total_ns3 / 1e9, total_ours / 1e9
    for (group in worst)
        if ((group ~ /^newreno / || group ~ /^cubic /) && worst[group] > all)
            all = worst[group]
    printf "worst difference: %.3f %%\n", all
}
