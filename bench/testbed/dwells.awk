# SPDX-License-Identifier: GPL-3.0-or-later
# dwells.awk WORK ROWS - a table of dwells with work: WORK holds "WORKLOAD NODE ns-a-call" as dwells.sh measured them, ROWS
# what `hopsim inspect --table dwells --csv` printed. Variables: source, the text of the source column.
#
# A transaction's work on a node is divided among its messages in the ratio of the node's own dwells, which are those
# without the HSS's answer where that is inside. A session's BYE costs what each of 8 more INFOs in the dialog did.

# The row of a kind that stands for it at a side: its own, else that of any side.
function row_of(role, kind, side) {
    return ((role, kind, side) in median) ? role SUBSEP kind SUBSEP side : role SUBSEP kind SUBSEP "any"
}
function inner(role, kind, side,   whole) { # ns that the node itself takes
    whole = median[row_of(role, kind, side)]
    if (role == "i-cscf" && kind == "REGISTER")
        whole -= median["hss", "UAR", "any"]
    else if (role == "i-cscf" && (kind == "INVITE" || kind == "MESSAGE"))
        whole -= median["hss", "LIR", "any"]
    else if (role == "s-cscf" && kind == "REGISTER")
        whole -= (median["hss", "MAR", "any"] + median["hss", "SAR", "any"]) / 2
    return whole
}
# Divides work ns among count kinds, of which each occurs times[kind] times; sums where several nodes stand for one row.
function divide(ns, role, side, kinds,   list, count, i, pair, sum) {
    count = split(kinds, list, " ")
    for (i = 1; i <= count; i++) {
        split(list[i], pair, ":")
        sum += pair[2] * inner(role, pair[1], side)
    }
    for (i = 1; i <= count && sum > 0 && ns > 0; i++) {
        split(list[i], pair, ":")
        worked[role, pair[1], side] += ns * inner(role, pair[1], side) / sum
        times[role, pair[1], side]++
    }
}
function info(node) {
    return (cost["infos", node] - cost["sessions", node]) / 8
}
# Both a side's row and that of any side get their share.
function divide_sides(ns, role, node, kinds) {
    divide(ns, role, node ~ /-a$/ ? "orig" : "term", kinds)
    divide(ns, role, "any", kinds)
}
function divide_all(   roles, i, node) {
    split("p-cscf-a s-cscf-a p-cscf-b s-cscf-b", roles, " ")
    for (i = 1; i <= 4; i++) {
        node = roles[i]
        divide_sides(cost["messages", node], substr(node, 1, 6), node, "MESSAGE:1 MESSAGE/200:1")
        divide_sides(cost["sessions", node] - info(node), substr(node, 1, 6), node, "INVITE:1 INVITE/200:1 ACK:1")
        divide_sides(info(node), substr(node, 1, 6), node, "BYE:1 BYE/200:1")
    }
    divide(cost["messages", "i-cscf-b"], "i-cscf", "any", "MESSAGE:1 MESSAGE/200:1")
    divide(cost["sessions", "i-cscf-b"], "i-cscf", "any", "INVITE:1 INVITE/200:1")
    divide(cost["messages", "hss-b"], "hss", "any", "LIR:1")
    divide(cost["sessions", "hss-b"], "hss", "any", "LIR:1")
    divide(cost["register-a", "hss-a"], "hss", "any", "UAR:2 MAR:1 SAR:1")
    divide(cost["register-a", "p-cscf-a"], "p-cscf", "any", "REGISTER:2 REGISTER/401:1 REGISTER/200:1")
    divide(cost["register-a", "i-cscf-a"], "i-cscf", "any", "REGISTER:2 REGISTER/401:1 REGISTER/200:1")
    divide(cost["register-a", "s-cscf-a"], "s-cscf", "any", "REGISTER:1")
}
function work_ms(role, kind, side,   key, ns, most) {
    key = role SUBSEP kind SUBSEP side
    if (!(key in worked))
        return ""
    ns = worked[key] / times[key]
    # The first REGISTER and the second are one row of an S-CSCF, which answers both itself.
    if (role == "s-cscf" && kind == "REGISTER")
        ns /= 2
    most = inner(role, kind, side)
    return sprintf("%.6g", (ns < most ? ns : most) / 1e6)
}
function print_row(role, kind, side, as, source) {
    printf "%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,\"%s\"\n", role, kind, side, source ~ /assumed/ ? "" : n[as], least[as], median[as] / 1e6,
        p95[as], most_ms[as], work_ms(role == "" ? "" : split_role(as), split_kind(as), split_side(as)), includes[as], source
}
function split_role(key,   part) { split(key, part, SUBSEP); return part[1] }
function split_kind(key,   part) { split(key, part, SUBSEP); return part[2] }
function split_side(key,   part) { split(key, part, SUBSEP); return part[3] }
function is_two_sided(role, kind) {
    return (role == "p-cscf" || role == "s-cscf") && kind ~ /^(INVITE|MESSAGE)/
}
function assume(role, kind, as, words) {
    if (as in median)
        print_row(role, kind, "any", as, "assumed as " words)
}
FNR == NR { cost[$1, $2] = $3; next }
FNR == 1 { FS = ","; $0 = $0 }
$1 == "role" { next }
{
    key = $1 SUBSEP $2 SUBSEP $3
    order[++rows] = key
    n[key] = $4
    least[key] = $5 / 1e6
    median[key] = $6
    p95[key] = $7 == "" ? "" : $7 / 1e6
    most_ms[key] = $8 / 1e6
    includes[key] = $9
}
END {
    divide_all()
    for (i = 1; i <= rows; i++) {
        split(order[i], part, SUBSEP)
        if ((part[3] == "any") == is_two_sided(part[1], part[2]))
            continue
        print_row(part[1], part[2], part[3], order[i], source)
    }
    # What reading a 100 takes is measured as part of its INVITE's transaction: once is enough.
    for (i = split("p-cscf i-cscf s-cscf", part, " "); i > 0; i--)
        printf "%s,INVITE/100,any,,,0,,,0,,\"its work is in that of its INVITE\"\n", part[i]
    assume("p-cscf", "*", "p-cscf" SUBSEP "INVITE/200" SUBSEP "any", "a 200 of INVITE")
    assume("s-cscf", "*", "s-cscf" SUBSEP "INVITE/200" SUBSEP "any", "a 200 of INVITE")
    assume("i-cscf", "*", "i-cscf" SUBSEP "INVITE/200" SUBSEP "any", "a 200 of INVITE")
    assume("ue-a", "*", "ue-a" SUBSEP "INVITE/200" SUBSEP "any", "a 200 of INVITE")
    assume("ue-b", "*", "ue-b" SUBSEP "BYE" SUBSEP "any", "a BYE")
}
