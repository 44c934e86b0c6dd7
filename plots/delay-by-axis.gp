# SPDX-License-Identifier: GPL-3.0-or-later
# A line an arm over what the sweep varies, the proposal's and its baselines' broad ones below the others, so that of two
# that coincide both are seen; the 95 % interval is shaded for the proposal and its baselines, bars for the others; circles
# where the proposal and a baseline cross. Columns of the data: x, then mean, low and high of each arm in the order of
# arms; of the crossings: x, delay. The delay is in ms and its axis logarithmic; so is that of x where is_log_x says it.
load 'style.gp'
set lmargin at screen 0.12; set rmargin at screen 0.76
set bmargin at screen foot + 58 / height; set tmargin at screen y_top(head_points)
key_font = is_latex ? ',7' : words(arms) > 9 ? ',11' : ',12'; key_spacing = words(arms) > 9 ? 1.0 : 1.2
# One column, however many arms there are.
set key at screen 0.77, y_top(head_points - 4) left top Left reverse samplen 3 font key_font spacing key_spacing maxrows 40
set logscale y 10
if (is_log_x) { set logscale x (x_unit eq 'size' ? 2 : 10) }
set xlabel x_label offset 0, 0.4
set ylabel 'delay, ms' offset 0.2, 0
set format x '%g'
if (x_unit eq 'size') {
    set xtics ("64 B" 64, "256 B" 256, "1 KiB" 1024, "4 KiB" 4096, "16 KiB" 16384, "64 KiB" 65536, "256 KiB" 262144, \
               "1 MiB" 1048576, "4 MiB" 4194304, "16 MiB" 16777216, "64 MiB" 67108864, "256 MiB" 268435456, \
               "1 GiB" 1073741824, "4 GiB" 4294967296.0, "16 GiB" 17179869184.0)
    if (most_x / least_x > 1e5) { set xtics rotate by -30 }
}
if (x_unit eq 'count' && !is_log_x && most_x - least_x < 13) { set xtics 1 }
margin = 0.03; least_x = least_x + 0.0; most_x = most_x + 0.0
low_x = is_log_x ? least_x * (least_x / most_x)**margin : least_x - margin * (most_x - least_x)
high_x = is_log_x ? most_x * (most_x / least_x)**margin : most_x + margin * (most_x - least_x)
set xrange [low_x:high_x]
set yrange [least_ms / 1.4:most_ms * 1.4]
set grid x y
least = least_ms / 1.4; most = most_ms * 1.4
set ytics ()
eval sprintf(log_tics, 'y')
has_tens = is_log_x && x_unit ne 'size'
if (has_tens) { least = low_x; most = high_x; set xtics () }
eval has_tens ? sprintf(log_tics, 'x') : 'set grid'

mean(i) = 3 * i - 1
is_first(i) = style_of(word(arms, i)) <= 3
do for [kind in kinds] {
    eval device(kind)
    plot for [i=1:words(arms)] data using 1:(is_first(i) ? column(mean(i) + 1) : NaN):(column(mean(i) + 2)) every ::1 \
            with filledcurves fs transparent solid 0.15 noborder ls style_of(word(arms, i)) notitle, \
         for [i=1:words(arms)] data using 1:(is_first(i) ? NaN : column(mean(i))):(column(mean(i) + 1)) \
            :(column(mean(i) + 2)) every ::1 with yerrorbars ls style_of(word(arms, i)) dt 1 lw 1 pt -1 notitle, \
         for [i=1:words(arms)] data using 1:(column(mean(i))) every ::1 \
            with linespoints ls style_of(word(arms, i)) title word(arms, i), \
         data_crossings using 1:2 every ::1 with points pt 6 ps 2.2 lw 2 lc rgb black \
            title (crossings > 0 ? 'crossover' : '')
    unset output
}
