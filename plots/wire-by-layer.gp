# SPDX-License-Identifier: GPL-3.0-or-later
# Bars from left to right: what an arm puts on all links together by layer, as shares of the whole, and the whole as so
# many times the file. Columns: row, arm, MiB of all layers (shown in KiB where none has one), times the file, then the
# share of each layer in per cent.
load 'style.gp'
set lmargin at screen 0.2; set rmargin at screen 0.72
set bmargin at screen foot + 96 / height; set tmargin at screen y_top(head_points + 18)
set key at screen 0.97, foot + 40 / height right top Left reverse maxrows 2 samplen 1.6 width 1 font ',12'
set xlabel 'share of all bytes on all links, '.percent offset 0, 0.5
set xrange [0:100]
set yrange [(rows < 2 ? 2 : rows) - 0.4:-0.6] # less has no room for the key's two rows
set ytics scale 0 font ',12'
set grid x noy
in_unit = most < 1048576 ? 1024 : 1
figures(x) = sprintf(x < 10 ? '%.2f' : x < 100 ? '%.1f' : '%.0f', x)
set style fill solid 1 border rgb black
first_part = 5
before(k) = (k == 1 ? 0 : sum [i=1:k-1] column(first_part + i - 1))
array colour[7] = [grey, blue, sky, yellow, orange, vermilion, green]
array pattern[7] = [3, 3, 3, 7, 4, 3, 2]
array part[7] = ['link', 'IP', 'TCP and UDP', 'ESP', 'TLS', 'SIP', 'file and MSRP']

do for [kind in kinds] {
    eval device(kind)
    set label 4 (in_unit > 1 ? 'KiB' : 'MiB').' (times the file)' at screen 0.735, y_top(head_points + 8) left font ',12'
    plot for [k=1:7] data using (before(k)):1:(before(k)):(before(k) + column(first_part + k - 1)) \
            :($1 - 0.33):($1 + 0.33):ytic(2) every ::1 \
            with boxxyerror lw 0.6 lc rgb colour[k] fillstyle pattern pattern[k] border rgb black title part[k], \
         data using (100):1:(figures($3 * in_unit).'  ('.figures($4).')') every ::1 with labels left offset 1.2, 0 font ',12' notitle
    unset output
}
