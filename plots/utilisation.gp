# SPDX-License-Identifier: GPL-3.0-or-later
# For each arm a bar a kind of node: the share of the delay in which CPUs worked. Columns: row, arm, then per cent of
# UEs, core nodes and relays.
load 'style.gp'
set lmargin at screen 0.2; set rmargin at screen 0.95
set bmargin at screen foot + 80 / height; set tmargin at screen y_top(head_points)
set key at screen 0.97, foot + 16 / height right center Left reverse maxrows 1 samplen 1.6 font ',12'
set xlabel 'CPU time as a share of the delay, '.percent offset 0, 0.5
set xrange [0:most * 1.18]
set yrange [(rows < 2 ? 2 : rows) - 0.4:-0.6]
set ytics scale 0 font ',12'
set grid x noy
set style fill solid 1 border rgb black
array colour[3] = [blue, orange, vermilion]
array pattern[3] = [3, 4, 7]
array node[3] = ['both UEs', 'core nodes', 'relays and gateways']

do for [kind in kinds] {
    eval device(kind)
    plot for [k=1:3] data using (0):1:(0):(column(2 + k)):($1 - 0.54 + 0.27 * k - 0.13):($1 - 0.54 + 0.27 * k + 0.13) \
            :ytic(2) every ::1 with boxxyerror lw 0.6 lc rgb colour[k] fillstyle pattern pattern[k] border rgb black \
            title node[k], \
         for [k=1:3] data using (column(2 + k)):($1 - 0.54 + 0.27 * k):(column(2 + k) > 0 ? sprintf('%.2g', column(2 + k)) \
            : '') every ::1 with labels left offset 0.5, 0 font ',11' notitle, \
         data using (0):1:($3 + $4 + $5 > 0 ? '' : 'none') every ::1 with labels left offset 0.5, 0 font ',11' notitle
    unset output
}
