# SPDX-License-Identifier: GPL-3.0-or-later
# Simulated against observed, a point a pair, both axes logarithmic: the line where they are equal and the band of 5 %.
# Below, the difference in per cent. Columns: series (from 1), name, observed in ms, simulated in ms, difference in per
# cent.
load 'style.gp'
set lmargin at screen 0.12; set rmargin at screen (words(series) > 1 ? 0.76 : 0.96)
if (words(series) > 1) {
    set key at screen 0.77, y_top(head_points - 4) left top Left reverse samplen 1 font ',12' spacing 1.2 maxrows 40
} else {
    set key at graph 0.02, graph 0.98 left top Left reverse samplen 1 font ',12' spacing 1.2
}
set logscale x 10
set xrange [least / 1.5:most * 1.5]
set grid x y
set format x '%g'
split = foot + (1 - foot - y_bottom(head_points)) * 0.38
axis = 52 / height
ten = 10.0**floor(log10(widest))
step = ten * (widest / ten < 2 ? 0.5 : widest / ten < 5 ? 2 : 5)

do for [kind in kinds] {
    eval device(kind)
    set multiplot
    if (!is_latex) { eval head }
    set tmargin at screen y_top(head_points); set bmargin at screen split
    set logscale y 10
    set yrange [least / 1.5:most * 1.5]
    set ylabel 'simulated, ms' offset 0, 0
    set format y '%g'
    set format x ''
    unset xlabel
    plot [x=least / 1.5:most * 1.5] '+' using 1:($1 * 0.95):($1 * 1.05) with filledcurves fs solid 1 noborder lc rgb pale \
            title 'within 5 '.percent, \
         '+' using 1:1 with lines lc rgb black lw 1 title 'equal', \
         for [i=1:words(series)] data using ($1 == i ? $3 : NaN):4 every ::1 with points ls style_in(series, i) \
            title (words(series) > 1 ? word(series, i) : 'a pair')
    eval no_head
    set tmargin at screen split - 12 / height; set bmargin at screen foot + axis
    unset logscale y
    unset key
    set yrange [-widest:widest]
    set ylabel 'difference, '.percent offset 0, 0
    set ytics step
    set xlabel observed.', ms' offset 0, 0.5
    set format x '%g'
    plot '+' using 1:(-5):(5) with filledcurves fs solid 1 noborder lc rgb pale notitle, \
         0 with lines lc rgb black lw 1 notitle, \
         for [i=1:words(series)] data using ($1 == i ? $3 : NaN):5 every ::1 with points ls style_in(series, i) \
            notitle
    set key
    set ytics autofreq
    unset multiplot
    unset output
}
