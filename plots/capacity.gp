# SPDX-License-Identifier: GPL-3.0-or-later
# What the core can take of one kind of attempt beside how much of another: a line an arm. Columns of the data: x, then
# the capacity by each arm in the order of arms.
load 'style.gp'
set lmargin at screen 0.12; set rmargin at screen 0.76
set bmargin at screen foot + 58 / height; set tmargin at screen y_top(head_points)
key_font = is_latex ? ',7' : ',12'
set key at screen 0.77, y_top(head_points - 4) left top Left reverse samplen 3 font key_font spacing 1.2
set xlabel x_label offset 0, 0.4
set ylabel y_label offset 0.2, 0
set xrange [0:most_x * 1.05]
set yrange [0:most_y * 1.1]
set grid x y
do for [kind in kinds] {
    eval device(kind)
    plot for [i=1:words(arms)] data using 1:(column(1 + i)) every ::1 \
            with linespoints ls style_of(word(arms, i)) title word(arms, i)
    unset output
}
