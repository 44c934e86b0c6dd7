#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Captures of the real core: hopsim replay repeats messages of each, none is above 200 kB, and the list says what each is.
samples=$(pwd)/traces/samples
. "${0%/*}/common"

described() { # NAME: in the list, "-SIZE" being one of several of a row
    grep -q "\`$1\`" "$samples/README.md" || { grep "\`${1%-*}-" "$samples/README.md" | grep -q -- "-${1##*-}\`"; }
}
for file in "$samples"/*.pcapng; do
    name=$(basename "$file" .pcapng)
    "$HOPSIM" replay "$file" --csv >replay.csv 2>err
    expect "$name is repeated" [ $? -eq 0 ]
    expect "$name: messages are in both, captured and simulated" [ "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
        $at["what"] == "both" { n++ } END { print n + 0 }' replay.csv)" -ge 14 ]
    expect "$name is at most 200 kB" [ "$(wc -c <"$file")" -le 200000 ]
    expect "$name is described" described "$name"
    expect "$name: how it was made is told" grep -q "^| \`$name\` | 20[0-9-]* [0-9:]* | \`" "$samples/commands.md"
    "$HOPSIM" inspect "$file" >seen 2>err
    expect "$name is inspected" [ $? -eq 0 ]
done
exit $failed
