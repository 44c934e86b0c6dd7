# SPDX-License-Identifier: GPL-3.0-or-later
# A cell an arm and attack: in how many of the places tried it went unnoticed or the file was read; colour and sign say
# the same. Columns: x, y, kind (0: stopped everywhere, 1: somewhere not, 2: nowhere), text, arm, attack.
load 'style.gp'
set lmargin at screen 0.2; set rmargin at screen 0.98
set bmargin at screen foot + 78 / height; set tmargin at screen y_top(head_points)
unset grid
set border 15 ls 91
set tics scale 0
set xrange [-0.5:x_count - 0.5]
set yrange [y_count - 0.5:-0.5]
set xtics font ',12'
if (x_count > 5) { set xtics rotate by 25 right }
set ytics font ',12'
set key at screen 0.98, foot + 10 / height right center Left reverse maxrows 1 samplen 1.4 width -2 font ',12'
array colour[3] = ['#cfe8df', '#f5e3b5', '#eba37a']
array meaning[3] = ['✓ noticed everywhere', 'in some places not noticed', '✗ nowhere noticed']

do for [kind in kinds] {
    eval device(kind)
    plot for [k=0:2] data using ($3 == k ? $1 : NaN):2:($1 - 0.5):($1 + 0.5):($2 - 0.5):($2 + 0.5) every ::1 \
            with boxxyerror fs solid 1 border rgb '#909090' lc rgb colour[k+1] title meaning[k+1], \
         data using 1:2:4:xtic(6):ytic(5) every ::1 with labels font ',12' notitle
    unset output
}
