# SPDX-License-Identifier: GPL-3.0-or-later
# Rows of speed.sh, "key mean seconds" of M/M/1 and those of ours.c and ns3.cc, become its table and its verdict.

function median(list, n,    i, j, held) {
    for (i = 2; i <= n; i++) {
        held = list[i]
        for (j = i - 1; j > 0 && list[j] > held; j--)
            list[j + 1] = list[j]
        list[j + 1] = held
    }
    return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function shown(seconds) {
    if (seconds < 1e-6)
        return sprintf("%.0f ns", seconds * 1e9)
    if (seconds < 1e-3)
        return sprintf("%.2f us", seconds * 1e6)
    if (seconds < 1)
        return sprintf("%.2f ms", seconds * 1e3)
    return sprintf("%.2f s", seconds)
}

# A row of the record, and one of the table for each of the others.
function tell(task, key, way, found, found_ours, expected, verdict, seconds, ours) {
    printf "\"%s\",%s,%s,\"%s\",%s,%s,%s,%.1f,%.1f,%.3f\n", task, name[key], version[key], way, found, expected, verdict,
        seconds * 1e9, ours * 1e9, seconds / ours >record
    if (key != "hopsim")
        printf "| %s | %s %s, %s | %s | %s | %s | %s | %.3g |\n", task, name[key], version[key], way, found, found_ours,
            shown(seconds), shown(ours), seconds / ours
}

BEGIN {
    FS = "|"
    while ((getline <names) > 0) {
        order[++programs] = $1
        name[$1] = $2
        version[$1] = $3
        way[$1] = $4
    }
    FS = " "
    exact = 10
    tolerance = 4 * sqrt(35901 / customers)
}

{ mean[$1] = $2; seconds[$1, ++count[$1]] = $3 }

function seconds_of(key,    list, i) {
    for (i = 1; i <= count[key]; i++)
        list[i] = seconds[key, i]
    return median(list, count[key]) / customers
}

# Rows by cell, in the order of the cells: the time simulated and the time it took.
function read_cells(program, file,    line, part, key) {
    while ((getline line <file) > 0) {
        split(line, part, ",")
        key = part[3] SUBSEP part[4]
        if (!(key in cell_place)) {
            cell_place[key] = ++cell_count
            cell_size[cell_count] = part[3]
            cell_rate[cell_count] = part[4]
        }
        taken[program, key, ++taken_count[program, key]] = part[11] / 1e9
        simulated[program, key] = part[8] / 1e9
    }
}

function transfer_of(program, key,    list, i) {
    for (i = 1; i <= taken_count[program, key]; i++)
        list[i] = taken[program, key, i]
    return median(list, taken_count[program, key])
}

END {
    print "task,program,version,way,found,expected,verdict,ns,ours_ns,ratio" >record
    print "| what | by | it finds | hopsim finds | it takes | hopsim takes | times as long |"
    print "|---|---|---|---|---|---|---|"
    task = sprintf("M/M/1 at load 0.9, a customer of %d; mean time in the system", customers)
    ours = seconds_of("hopsim")
    for (p = 1; p <= programs; p++) {
        key = order[p]
        verdict = mean[key] >= exact - tolerance && mean[key] <= exact + tolerance ? "inside" : "differs"
        if (verdict != "inside" || count[key] != rounds)
            failed = failed sprintf("%s: mean time in the system %s, expected %g +- %.2g\n", key, mean[key], exact,
                tolerance)
        tell(task, key, way[key], sprintf("%.3f", mean[key]), sprintf("%.3f", mean["hopsim"]),
            sprintf("%g +- %.2g", exact, tolerance), verdict, seconds_of(key), ours)
    }
    read_cells("ours", cells ".ours")
    read_cells("ns3", cells ".ns3")
    for (c = 1; c <= cell_count; c++) {
        key = cell_size[c] SUBSEP cell_rate[c]
        task = sprintf("TCP, %d MiB at %d Mbit/s, 20 ms, no loss", cell_size[c] / 1048576, cell_rate[c] / 1e6)
        ours = transfer_of("ours", key)
        found_ours = sprintf("%.4f s", simulated["ours", key])
        tell(task, "hopsim", "rfc", found_ours, found_ours, "", "", ours, ours)
        tell(task, "ns-3", "newreno", sprintf("%.4f s", simulated["ns3", key]), found_ours, "", "", transfer_of("ns3", key),
            ours)
    }
    if (failed) {
        printf "%s", failed >"/dev/stderr"
        exit 1
    }
}
