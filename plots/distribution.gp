# SPDX-License-Identifier: GPL-3.0-or-later
# A small panel an arm, each with its own scale: the share of trials that had the file in hand after so long (failures
# never have it, so that a curve may end below 1), with the band that holds the whole distribution with 95 %
# (Dvoretzky, Kiefer, Wolfowitz; Massart 1990). Columns: panel, arm, delay in ms, share, low, high.
load 'style.gp'
columns = 4; row_points = 128.0; gap_points = 46.0
rows = (words(arms) + columns - 1) / columns
left_of(i) = 0.075 + 0.92 * ((i - 1) % columns) / columns
right_of(i) = left_of(i) + 0.92 / columns - 0.055
top_of(i) = y_top(head_points + 14 + row_points * ((i - 1) / columns))
bottom_of(i) = y_top(head_points + 14 + row_points * ((i - 1) / columns + 1) - gap_points)
unset key
set yrange [0:1.02]
set ytics 0, 0.5, 1 font ',11' offset 0.6, 0
set grid x y

do for [kind in kinds] {
    eval device(kind)
    set multiplot
    if (!is_latex) { eval head }
    do for [i=1:words(arms)] {
        arm = word(arms, i)
        step = word(steps, i) + 0.0
        set lmargin at screen left_of(i); set rmargin at screen right_of(i)
        set tmargin at screen top_of(i); set bmargin at screen bottom_of(i)
        set xrange [word(lows, i) - step * 0.3:word(highs, i) + step * 0.3]
        set xtics step font ',11' offset 0, 0.5
        set format x (step < 1 ? '%.1f' : '%.0f')
        set xlabel (i + columns > words(arms) ? 'delay, ms' : '') offset 0, 1.1 font ',11'
        set title arm.' ('.word(counts, i).')' offset 0, -0.7 font ',11'
        plot data using (strcol(2) eq arm ? $3 : NaN):5:6 every ::1 \
                with filledcurves fs transparent solid 0.2 noborder ls style_of(arm) notitle, \
             data using (strcol(2) eq arm ? $3 : NaN):4 every ::1 with steps ls style_of(arm) dt 1 notitle
        eval no_head
    }
    unset multiplot
    unset output
}
