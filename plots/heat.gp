# SPDX-License-Identifier: GPL-3.0-or-later
# A cell a point of two axes, coloured by the delay of the baseline over that of the proposal: blue where the baseline is
# faster, orange where the proposal is, white where they are equal; the number stands in it. The line is the crossover.
# Columns: x, y of the cell's middle in steps, ratio, text; of the contour: x1, y1, x2, y2 in steps.
load 'style.gp'
set lmargin at screen 0.16; set rmargin at screen 0.85
set bmargin at screen foot + 66 / height; set tmargin at screen y_top(head_points)
unset key
unset grid
set border 15 ls 91
set tics scale 0
set xlabel x_label offset 0, -0.4
set ylabel y_label offset 0.4, 0
set xrange [-0.5:x_count - 0.5]
set yrange [-0.5:y_count - 0.5]
set xtics rotate by (x_count > 8 ? -35 : 0) font ',12'
set ytics font ',12'
# The colour goes with the logarithm: twice as fast is as far from white as half as fast.
far = log(far_ratio)
set palette defined (-1 '#0072b2', -0.5 '#7fb8d8', 0 '#ffffff', 0.5 '#f2cf80', 1 '#e69f00')
set cbrange [-far:far]
set cblabel 'delay of '.baseline.' / delay of '.proposal offset 1.2, 0 font ',12'
set cbtics (sprintf('1/%.3g', far_ratio) -far, '1' 0, sprintf('%.3g', far_ratio) far) font ',12'
set colorbox user origin screen 0.87, screen foot + 66 / height size screen 0.02, screen (y_top(head_points) - foot - 66 / height)

do for [kind in kinds] {
    eval device(kind)
    plot data using 1:2:($1 - 0.5):($1 + 0.5):($2 - 0.5):($2 + 0.5):(log($3)):xtic(5):ytic(6) every ::1 \
            with boxxyerror fs solid 1 border rgb '#c0c0c0' lc palette notitle, \
         data_contour using 1:2:($3 - $1):($4 - $2) every ::1 with vectors nohead lw 4 lc rgb 'white' notitle, \
         data_contour using 1:2:($3 - $1):($4 - $2) every ::1 with vectors nohead lw 2.2 lc rgb black notitle, \
         data using 1:2:4 every ::1 with labels font (x_count > 10 ? ',10' : ',12') notitle
    unset output
}
