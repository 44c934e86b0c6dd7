# SPDX-License-Identifier: GPL-3.0-or-later
# Bars from left to right, a box a part; part k begins where the sum of those before it ends.
load 'style.gp'
set lmargin at screen 0.19; set rmargin at screen 0.97; set bmargin at screen 0.33; set tmargin at screen 0.86
set key at screen 0.97, 0.20 right top Left reverse maxrows 2 samplen 1.6 width 2 font ',11'
set xlabel 'delay, ms (from pressing send to verified plaintext in hand)' offset 0, 0.4
set xrange [0:most_ms * 1.12]
set yrange [rows - 0.4:-0.6]
set ytics scale 0
set grid x noy
set style fill solid 1 border rgb black

# Columns: row, arm, mean, low, high, then the parts.
first_part = 6
# An arm far slower than the others would leave them no room: its bar is cut at the edge and has its number on it.
edge_ms = most_ms * 1.12
is_whole(ms) = ms <= most_ms
nowhere = rows + 5
set style textbox opaque noborder fillcolor rgb 'white'
before(k) = (k == 1 ? 0 : sum [i=1:k-1] column(first_part + i - 1))
array colour[8] = [orange, vermilion, sky, blue, green, yellow, pale, purple]
array pattern[8] = [3, 7, 3, 3, 3, 7, 3, 4]
array part[8] = ['processing', 'queueing', 'transmission', 'propagation', 'crypto', 'timer', 'answering', 'feedback']

do for [kind in "svg png"] {
    eval device(kind)
    plot for [k=1:8] data using (before(k)):1:(before(k)):(before(k) + column(first_part + k - 1)) \
            :($1 - 0.33):($1 + 0.33):ytic(2) every ::1 \
            with boxxyerror lw 0.6 lc rgb colour[k] fillstyle pattern pattern[k] border rgb black title part[k], \
         data using 3:1:4:5 every ::1 with xerrorbars lc rgb 'black' lw 1.4 pt 0 notitle, \
         data using (is_whole($5) ? $5 : 0):(is_whole($5) ? $1 : nowhere):(sprintf('%.1f', $3)) every ::1 \
            with labels left offset 0.8, 0 font ',11' notitle, \
         data using (edge_ms):(is_whole($5) ? nowhere : $1):(sprintf('%.1f →', $3)) every ::1 \
            with labels right boxed offset -1.5, 0 font ',11' notitle
    unset output
}
