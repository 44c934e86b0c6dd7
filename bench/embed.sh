#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# embed.sh FILE... - writes C: the table input_builtins with the bytes of scenarios, dwell and cost tables.
set -eu

kind_of() {
    case $1 in
    */scenarios/*) echo INPUT_SCENARIO ;;
    */dwell/*) echo INPUT_DWELL ;;
    */costs/*) echo INPUT_COST ;;
    *) echo "embed.sh: $1: not in a folder of scenarios, dwells or costs" >&2; exit 1 ;;
    esac
}

echo '/* Made by bench/embed.sh. */'
echo '#include "bench/harness/input.h"'
number=0
for file in "$@"; do
    echo "static const unsigned char bytes_$number[] = {"
    od -An -v -tu1 "$file" | sed 's/ *\([0-9][0-9]*\)/\1,/g'
    echo '};'
    number=$((number + 1))
done
echo 'const struct input_builtin input_builtins[] = {'
number=0
for file in "$@"; do
    name=${file##*/}
    kind=$(kind_of "$file")
    echo "    {$kind, \"${name%.*}\", bytes_$number, sizeof(bytes_$number)},"
    number=$((number + 1))
done
echo '    {.name = NULL},'
echo '};'
