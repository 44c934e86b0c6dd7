#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Whether arms can be told apart in plots/style.gp: each colour as it looks with ordinary sight, protanopia and
# deuteranopia (Vienot, Brettel, Mollon 1999), in CIELAB; prints the least distance (CIE76) between two arms of different
# colours, and requires that arms of one colour differ both in dash and in point.
set -u
style=${STYLE:-plots/style.gp}
awk '
function channel(hex,    v) { v = strtonum_hex(hex) / 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ^ 2.4 }
function strtonum_hex(h,    i, n) { n = 0; for (i = 1; i <= length(h); i++) n = n * 16 + index("0123456789abcdef", substr(h, i, 1)) - 1; return n }
function cube(t) { return t > 0.008856 ? t ^ (1 / 3) : 7.787 * t + 16 / 116 }
# Linear RGB into LMS, one cone rebuilt from the two others, and back.
function see(sight, r, g, b,    l, m, s) {
    l = 17.8824 * r + 43.5161 * g + 4.11935 * b
    m = 3.45565 * r + 27.1554 * g + 3.86714 * b
    s = 0.0299566 * r + 0.184309 * g + 1.46709 * b
    if (sight == "protanopia") l = 2.02344 * m - 2.52581 * s
    if (sight == "deuteranopia") m = 0.494207 * l + 1.24827 * s
    red = 0.0809444479 * l - 0.130504409 * m + 0.116721066 * s
    green = -0.0102485335 * l + 0.0540193266 * m - 0.113614708 * s
    blue = -0.000365296938 * l - 0.00412161469 * m + 0.693511405 * s
}
function lab(sight, hex,    x, y, z) {
    see(sight, channel(substr(hex, 2, 2)), channel(substr(hex, 4, 2)), channel(substr(hex, 6, 2)))
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    x = cube(x > 0 ? x : 0); y = cube(y > 0 ? y : 0); z = cube(z > 0 ? z : 0)
    L = 116 * y - 16; A = 500 * (x - y); B = 200 * (y - z)
}
function distance(sight, a, b,    l, m, n) {
    lab(sight, a); l = L; m = A; n = B
    lab(sight, b)
    return sqrt((L - l) ^ 2 + (A - m) ^ 2 + (B - n) ^ 2)
}
/^[a-z]+ = .#/ {
    n = split($0, parts, ";")
    for (i = 1; i <= n; i++) { split(parts[i], pair, "="); name = pair[1]; gsub(/ /, "", name); value = pair[2]; gsub(/[ \047]/, "", value); colour[name] = value }
}
/^set style line [0-9]+ lc rgb/ && $4 < 90 {
    line = $4; paint[line] = colour[$7]; tint[line] = $7
    dash[line] = $0; sub(/.* dt /, "", dash[line]); sub(/ +pt .*/, "", dash[line])
    point[line] = $0; sub(/.* pt /, "", point[line]); sub(/ .*/, "", point[line])
    lines[++count] = line
}
{ rest = $0; while (match(rest, /arm eq "[a-z0-9-]+" \? [0-9]+/)) { split(substr(rest, RSTART, RLENGTH), word, /"| \? /); arm[word[4]] = word[2]; rest = substr(rest, RSTART + RLENGTH) } }
END {
    failed = count < 10
    sights[1] = "ordinary sight"; sights[2] = "protanopia"; sights[3] = "deuteranopia"
    for (k = 1; k <= 3; k++) {
        least = 1e9
        for (i = 1; i <= count; i++) for (j = i + 1; j <= count; j++) {
            a = lines[i]; b = lines[j]
            if (paint[a] == paint[b]) {
                if (k == 1 && (dash[a] == dash[b] || point[a] == point[b])) { print "failed: " arm[a] " and " arm[b] " share colour and " (dash[a] == dash[b] ? "dash" : "point"); failed = 1 }
                continue
            }
            d = distance(sights[k], paint[a], paint[b])
            same = dash[a] == dash[b] && point[a] == point[b]
            if (d < least) { least = d; pair_is = arm[a] " (" tint[a] ") and " arm[b] " (" tint[b] ")" }
            if (same) { print "failed: " arm[a] " and " arm[b] " differ in colour alone"; failed = 1 }
        }
        baseline = distance(sights[k], paint[1], paint[2]); d = distance(sights[k], paint[1], paint[3]); if (d < baseline) baseline = d
        d = distance(sights[k], paint[2], paint[3]); if (d < baseline) baseline = d
        printf "%s: %s: least distance of two colours %.1f, of %s; of the proposal and its baselines %.1f\n", (least < 10 || baseline < 20 ? "failed" : "passed"), sights[k], least, pair_is, baseline
        if (least < 10 || baseline < 20) failed = 1
    }
    exit failed
}' "$style"
