# SPDX-License-Identifier: GPL-3.0-or-later
# A cell an arm and attack: at how many of the places tried it did harm that nobody noticed; colour and sign say the same.
# Columns: x, y, kind (0: stopped everywhere, 1: somewhere not, 2: nowhere, 3: no way found), text, arm, attack.
load 'style.gp'
set lmargin at screen 0.225; set rmargin at screen 0.985
set bmargin at screen foot + 104 / height; set tmargin at screen y_top(head_points)
unset grid
set border 15 ls 91
set tics scale 0
set xrange [-0.5:x_count - 0.5]
set yrange [y_count - 0.5:-0.5]
set xtics font ',11'
if (x_count > 5) { set xtics rotate by 25 right }
set ytics font ',12'
set key at screen 0.98, foot + 12 / height right center Left reverse maxrows 1 samplen 1.2 width -1 font ',11'
cell_font = x_count > 12 ? ',9' : x_count > 8 ? ',10' : ',11'
array colour[4] = ['#cfe8df', '#f5e3b5', '#eba37a', '#eeeeee']
array meaning[4] = ['✓ noticed, ○ no harm', '✗ unnoticed somewhere', '✗ unnoticed everywhere', '– no way']

do for [kind in kinds] {
    eval device(kind)
    plot for [k=0:3] data using ($3 == k ? $1 : NaN):2:($1 - 0.5):($1 + 0.5):($2 - 0.5):($2 + 0.5) every ::1 \
            with boxxyerror fs solid 1 border rgb '#909090' lc rgb colour[k+1] title meaning[k+1], \
         data using 1:2:4:xtic(6):ytic(5) every ::1 with labels font cell_font notitle
    unset output
}
