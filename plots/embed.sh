#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# embed.sh FILE... - writes C: the table figure_scripts with the text of each gnuplot script, called without its ending,
# and of what the page consists of.
set -eu

echo '/* Made by plots/embed.sh. */'
echo '#include "plots/figure.h"'
number=0
for file in "$@"; do
    echo "static const char text_$number[] = {"
    od -An -v -td1 "$file" | sed 's/ *\(-\{0,1\}[0-9][0-9]*\)/\1,/g'
    echo '0};'
    number=$((number + 1))
done
echo 'const struct figure_script figure_scripts[] = {'
number=0
for file in "$@"; do
    name=${file##*/}
    echo "    {\"${name%.gp}\", text_$number},"
    number=$((number + 1))
done
echo '    {0, 0},'
echo '};'
