# SPDX-License-Identifier: GPL-3.0-or-later
# Bars from left to right, a box a part; part k begins where the sum of those before it ends. Arms that are slower than
# others by far have a panel of their own, with its own scale, so that every part of every bar can be seen.
# Columns: row (within its panel), arm, mean, low, high, then the parts, all in the unit of the panel; the rows of a
# panel stand together.
load 'style.gp'
first_part = 6
before(k) = (k == 1 ? 0 : sum [i=1:k-1] column(first_part + i - 1))
array colour[8] = [orange, vermilion, sky, blue, green, yellow, pale, purple]
array pattern[8] = [3, 7, 3, 3, 3, 7, 3, 4]
array part[8] = ['processing', 'queueing', 'transmission', 'propagation', 'crypto', 'timer', 'answering', 'feedback']

row_points = 24.0; axis_points = 52.0
rows_in(p) = int(word(panel_rows, p))
rows_before(p) = (p == 1 ? 0 : sum [i=1:p-1] rows_in(i))
top_of(p) = y_top(head_points + row_points * rows_before(p) + axis_points * (p - 1))
bottom_of(p) = y_top(head_points + row_points * rows_before(p + 1) + axis_points * (p - 1))
set lmargin at screen 0.2; set rmargin at screen 0.97
set ytics scale 0 font ',12'
set grid x noy
set style fill solid 1 border rgb black

do for [kind in kinds] {
    eval device(kind)
    set multiplot
    if (!is_latex) { eval head }
    do for [p=1:panels] {
        set tmargin at screen top_of(p); set bmargin at screen bottom_of(p)
        set yrange [rows_in(p) - 0.4:-0.6]
        set xrange [0:word(panel_ends, p) * 1.14]
        set xlabel (p == panels ? 'delay, '.word(panel_units, p).' (from pressing send to verified plaintext in hand)' \
                                : 'delay, '.word(panel_units, p)) offset 0, 0.5
        set xtics offset 0, 0.3
        unset key
        first = 1 + rows_before(p); last = rows_before(p + 1)
        plot for [k=1:8] data using (before(k)):1:(before(k)):(before(k) + column(first_part + k - 1)) \
                :($1 - 0.33):($1 + 0.33):ytic(2) every ::first::last \
                with boxxyerror lw 0.6 lc rgb colour[k] fillstyle pattern pattern[k] border rgb black notitle, \
             data using 3:1:4:5 every ::first::last with xerrorbars lc rgb 'black' lw 1.4 pt 0 notitle, \
             data using 5:1:(sprintf(word(panel_formats, p), $3)) every ::first::last \
                with labels left offset 0.8, 0 font ',12' notitle
        eval no_head
    }
    # The key has a plot of its own: one within a panel has only as many rows as the panel is high.
    set tmargin at screen y_top(head_points); set bmargin at screen foot
    unset border; unset tics; unset xlabel
    set key at screen 0.97, foot + 40 / height right top Left reverse maxrows 2 samplen 1.6 width 1 font ',12'
    plot [0:1] [0:1] -1 notitle, for [k=1:8] keyentry with boxes lw 0.6 lc rgb colour[k] \
        fillstyle pattern pattern[k] border rgb black title part[k]
    set border 3 ls 91
    set xtics nomirror out font ',12'
    set ytics nomirror scale 0 font ',12'
    unset multiplot
    unset output
}
