# SPDX-License-Identifier: GPL-3.0-or-later
# A line an arm, the first on top, over the size of the file, both axes logarithmic; circles where two arms cross. Columns of the data:
# size, then mean, low and high of each arm in the order of arms; of the crossings: size, delay, text.
load 'style.gp'
set lmargin at screen 0.13; set rmargin at screen 0.77; set bmargin at screen 0.24; set tmargin at screen 0.86
# One column, however many arms there are.
set key at screen 0.78, 0.87 left top Left reverse invert samplen 3 font ',12' spacing 1.25 maxrows 30
if (words(arms) > 9) { set key at screen 0.78, 0.93 font ',10' spacing 1.0 }
set logscale x 2
set logscale y 10
set xlabel 'file size' offset 0, 0.4
set ylabel 'delay, ms' offset 1.6, 0
set format y '%.0f'
set xtics ("1 KiB" 1024, "4 KiB" 4096, "16 KiB" 16384, "64 KiB" 65536, "256 KiB" 262144, "1 MiB" 1048576, \
           "4 MiB" 4194304, "16 MiB" 16777216)
set xrange [least_bytes / 1.15:most_bytes * 1.15]
set yrange [least_ms / 4:most_ms * 2]
set grid x y

mean(i) = 3 * i - 1
# A label stands below right of its circle at small sizes, above left of it at large ones, off the lines; in the other of
# the two plots it lies outside of the axes (gnuplot 5.4 crashes on labels that are all undefined).
is_small(bytes) = bytes < sqrt(least_bytes * most_bytes)
outside = least_bytes / 1e6
do for [kind in "svg png"] {
    eval device(kind)
    plot NaN with points pt 6 ps 2.2 lw 2 lc rgb black title (crossings > 0 ? 'crossover' : ''), \
         for [i=words(arms):1:-1] data using 1:(column(mean(i) + 1)):(column(mean(i) + 2)) every ::1 \
            with filledcurves fs transparent solid 0.15 noborder ls style_of(word(arms, i)) notitle, \
         for [i=words(arms):1:-1] data using 1:(column(mean(i))) every ::1 \
            with linespoints ls style_of(word(arms, i)) title word(arms, i), \
         data_crossings using 1:2 every ::1 with points pt 6 ps 2.2 lw 2 lc rgb black notitle, \
         data_crossings using (is_small($1) ? $1 : outside):2:3 every ::1 \
            with labels left offset 0.6, -1.3 font ',11' notitle, \
         data_crossings using (is_small($1) ? outside : $1):2:3 every ::1 \
            with labels right offset -1.2, 0.9 font ',11' notitle
    unset output
}
