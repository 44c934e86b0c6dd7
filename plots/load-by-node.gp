# SPDX-License-Identifier: GPL-3.0-or-later
# How busy each node of a loaded core is: a bar a node, the mean over replications, and a line from the least of them to
# the most. Columns: row, node, then per cent: mean, least, most.
load 'style.gp'
set lmargin at screen 0.2; set rmargin at screen 0.95
set bmargin at screen foot + 58 / height; set tmargin at screen y_top(head_points)
set xlabel 'share of the time in which workers are busy, '.percent offset 0, 0.4
set xrange [0:100]
set yrange [rows - 0.4:-0.6]
set ytics scale 0 font ',12'
set grid x noy
set style fill solid 1 border rgb black
unset key
do for [kind in kinds] {
    eval device(kind)
    plot data using (0):1:(0):3:($1 - 0.3):($1 + 0.3):ytic(2) every ::1 with boxxyerror lw 0.6 lc rgb blue, \
         data using 3:1:4:5 every ::1 with xerrorbars lc rgb black lw 1.5 pt -1, \
         data using ($5):1:(sprintf('%.3g', $3)) every ::1 with labels left offset 0.8, 0 font ',11'
    unset output
}
