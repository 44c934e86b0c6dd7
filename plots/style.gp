# SPDX-License-Identifier: GPL-3.0-or-later
# What all figures share: colours that colour-blind readers tell apart (Okabe, Ito 2008) and a dash or pattern beside
# each colour, title above, caption below. Sizes are in points of a picture 800 wide: at the width of a page of text
# (16 cm) the smallest letters are those of a footnote.
set datafile separator ','
set encoding utf8
set termoption noenhanced

black = '#333333'; grey = '#606060'; pale = '#d9d9d9'
orange = '#e69f00'; sky = '#56b4e9'; green = '#009e73'; yellow = '#f0e442'
blue = '#0072b2'; vermilion = '#d55e00'; purple = '#cc79a7'

# Line styles by arm: the proposal, its two baselines, then the others. An arm looks the same in every figure; two that
# share a colour differ in dash and point (tests/plots/colours.sh).
set style line 1 lc rgb green     lw 3   dt 1              pt 7  ps 0.8
set style line 2 lc rgb vermilion lw 2   dt (12,4)         pt 5  ps 0.8
set style line 3 lc rgb blue      lw 2   dt (18,4,3,4)     pt 9  ps 0.9
set style line 4 lc rgb black     lw 1.5 dt (3,4)          pt 6  ps 0.8
set style line 5 lc rgb orange    lw 1.5 dt (6,4)          pt 4  ps 0.8
set style line 6 lc rgb purple    lw 1.5 dt (9,3,3,3,3,3)  pt 8  ps 0.9
set style line 7 lc rgb sky       lw 1.5 dt (2,2)          pt 10 ps 0.9
set style line 8 lc rgb green     lw 1.5 dt (4,3)          pt 12 ps 0.9
set style line 9 lc rgb blue      lw 1.5 dt (6,3,2,3)      pt 11 ps 0.9
set style line 10 lc rgb purple   lw 1.5 dt (14,4)         pt 14 ps 0.9
set style line 11 lc rgb sky      lw 1.5 dt (10,3)         pt 13 ps 0.9
set style line 12 lc rgb black    lw 1.5 dt (12,3,3,3)     pt 15 ps 0.9
set style line 13 lc rgb grey     lw 1.5 dt (5,2)          pt 1  ps 0.9
set style line 14 lc rgb orange   lw 1.5 dt (16,4,4,4)     pt 2  ps 0.9
set style line 15 lc rgb vermilion lw 1.5 dt (3,3)         pt 3  ps 0.8
set style line 16 lc rgb vermilion lw 1.5 dt (8,3,2,3,2,3) pt 4  ps 0.8
set style line 17 lc rgb green    lw 1.5 dt (2,3)          pt 5  ps 0.7
style_of(arm) = arm eq "msrp-smime" ? 1 : arm eq "message-tls" ? 2 : arm eq "msrp-relay" ? 3 : \
                arm eq "msrp-plain" ? 4 : arm eq "message-plain" ? 5 : arm eq "msrp-relay-plain" ? 6 : \
                arm eq "msrp-smime-agw" ? 8 : arm eq "msrp-relay-smime" ? 9 : arm eq "msrp-b2bua" ? 10 : \
                arm eq "msrp-e2ae" ? 11 : arm eq "msrp-tls" ? 12 : arm eq "msrp-tls-agw" ? 13 : \
                arm eq "http-upload" ? 14 : arm eq "message-ipsec" ? 15 : arm eq "message-large" ? 16 : \
                arm eq "message-smime" ? 17 : 7
# The i-th of a list whose words may be arms or not: what is no arm takes a style by its place.
is_arm(word) = style_of(word) != 7 || word eq "msrp-e2ae"
style_in(list, i) = is_arm(word(list, i)) ? style_of(word(list, i)) : 2 + (i - 1) % 16

set style line 90 lc rgb pale lw 1 dt 1
set style line 91 lc rgb black lw 1 dt 1
set border 3 ls 91
set grid ls 90
set tics nomirror out font ',12'

# Where things stand, in points from the top (y_top) or the bottom (y_bottom): the title within
# title_points, the caption within caption_points.
width = 800.0
if (!exists("height")) height = 480.0
height = height + 0.0 # no division of whole numbers
if (!exists("title_points")) title_points = 50
if (!exists("caption_points")) caption_points = 40
if (!exists("is_latex")) is_latex = 0
y_top(points) = 1 - points / height
y_bottom(points) = points / height
head_points = is_latex ? 8 : title_points + 14
foot_points = is_latex ? 0 : caption_points
foot = foot_points / height
percent = is_latex ? '\%' : '%'
bold = is_latex ? '' : 'DejaVu Sans Bold,15'

# The title, what was run, and the caption; where LaTeX sets the text they are the text's own.
head = "set label 1 figure_title at screen 0.02, y_top(20) left font bold; " \
     . "set label 2 figure_subtitle at screen 0.02, y_top(42) left font ',12'; " \
     . "set label 3 figure_caption at screen 0.02, y_bottom(foot_points - 6) left font ',11' textcolor rgb grey"
no_head = "unset label 1; unset label 2; unset label 3"
eval is_latex ? no_head : head
unset title

# Labels of a logarithmic axis, for eval: 1, 2 and 5 of each power of ten where it spans few of them, more within one.
log_tics = "steps_of_ten = most / least > 300 ? '1' : most / least > 12 ? '1 2 5' : '1 1.5 2 3 4 5 7'; " \
         . "do for [k=-4:9] { do for [m in steps_of_ten] " \
         . "{ if (m * 10.0**k >= least && m * 10.0**k <= most) " \
         . "{ set %stics add (sprintf('%%.12g', m * 10.0**k) m * 10.0**k) } } }"

# Every figure is drawn in each of these: eval device(kind). `out` is the path of the output, without ending; where
# nobody has set it, that of the figure itself.
if (!exists("kinds")) kinds = is_latex ? "tex" : "svg png pdf"
if (!exists("out")) out = figure_name
device(kind) = sprintf( \
    kind eq 'svg' ? "set terminal svg size %.0f,%.0f noenhanced font 'DejaVu Sans,12' background '#ffffff'; " \
                  . "set output '%s.svg'" : \
    kind eq 'png' ? "set terminal pngcairo size %.0f*2,%.0f*2 noenhanced font 'DejaVu Sans,12' fontscale 1.5 linewidth 2 " \
                  . "pointscale 2; set output '%s.png'" : \
    kind eq 'pdf' ? "set terminal pdfcairo size %.0f/72*1in,%.0f/72*1in noenhanced font 'DejaVu Sans,12' fontscale 0.75 " \
                  . "linewidth 1; set output '%s.pdf'" : \
                    "set terminal cairolatex pdf size %.0f/128*1in,%.0f/128*1in colourtext font ',7'; set output '%s.tex'", \
    width, height, out)
