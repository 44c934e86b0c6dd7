#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What is made from the command line's own tables: man pages, completion, how to cite; and make install.
top=$PWD
. "${0%/*}/common"

# ---- Man pages ----
"$HOPSIM" manual -o man >out 2>err
expect "manual writes a folder of pages" [ $? -eq 0 ]
"$HOPSIM" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' >commands
expect "a page a command" [ "$(ls man/hopsim-*.1 | wc -l)" -eq "$(wc -l <commands)" ]
missing=
while read -r command; do
    "$HOPSIM" "$command" --help | sed -n 's/^  \(-[-a-z]*\) .*/\1/p' >options
    "$HOPSIM" manual "$command" | tr -d '\\' >page
    while read -r option; do
        grep -q "^fB${option}fR" page || missing="$missing $command:$option"
    done <options
done <commands
expect "every option of every --help is in its page$missing" [ -z "$missing" ]
"$HOPSIM" manual hopsim-scenario | tr -d '\\' >page
"$HOPSIM" list parameters --csv | sed -e 1d -e 's/,.*//' >names
expect "every parameter is in hopsim-scenario" [ "$(while read -r name; do grep -c "^fB${name}fR" page; done <names | sort -u)" = 1 ]
"$HOPSIM" manual hopsim-results | tr -d '\\' >page
"$HOPSIM" run paper-exact --csv | head -1 | tr , '\n' | grep -vx 'scenario\|arm\|trial\|seed' >names
absent=$(while read -r name; do grep -q "^fB${name}fR" page || echo "$name"; done <names | tr '\n' ' ')
expect "every column of a row is in hopsim-results $absent" [ -z "$absent" ]
printf 'include = paper-exact\n[sweep]\ntransfer.size = 1KiB\narms = msrp-plain\n' >one.ini
"$HOPSIM" sweep one.ini -o one >out 2>err
head -1 one/summary.csv | tr , '\n' | sed -e 's/_low_ms$/_ms/' -e 's/_high_ms$/_ms/' -e 's/^part_.*/part_..._ms/' |
    sed -n '/^exact$/,/^cpu_ms$/p' | grep -v '^delay_ms$' | sort -u >names
sed -n '/SH SUMMARY/,$p' page | grep '^fB' | sed -e 's/^fB//' -e 's/fR$//' -e 's/ ...$//' -e 's/, /\n/g' | sed 's/_low_ms$/_ms/' >told
absent=$(grep -vxFf told names | tr '\n' ' ')
expect "every column of a summary is there, too $absent" [ -s names -a -z "$absent" ]
if command -v groff >/dev/null; then
    expect "groff has nothing to say" [ -z "$(groff -man -Tutf8 -ww -z man/* 2>&1)" ]
else
    echo "skipped: groff is not installed"
fi
"$HOPSIM" manual nothing >out 2>err
expect "what has no page is told, status 2" [ $? -eq 2 ]
"$HOPSIM" manual -o man >out 2>err
expect "a folder is not written into: status 2" [ $? -eq 2 ]

# ---- Completion ----
if command -v bash >/dev/null; then
    "$HOPSIM" completion bash >complete.bash
    cat >ask <<'EOF'
compopt() { :; }
. ./complete.bash
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_hopsim
printf '%s\n' "${COMPREPLY[@]}"
EOF
    ask() { bash ask hopsim "$@" | tr '\n' ' '; }
    expect "commands are completed" [ "$(ask cro)" = "crossover " ]
    expect "arms are" [ "$(ask run home --arm msrp-relay-s)" = "msrp-relay-smime " ]
    expect "scenarios are" [ "$(ask run two)" = "two-domains " ]
    expect "parameters are" [ "$(ask run home --set transfer.si)" = "transfer.size= " ]
    expect "options are" [ "$(ask sweep x.ini --dry)" = "--dry-run " ]
    expect "what to list is" [ "$(ask list dw)" = "dwells " ]
    expect "lists of arms are" [ "$(ask compare home --arms msrp-tls,http)" = "msrp-tls,http-upload " ]
    touch a-scenario.ini
    expect "files are" [ "$(ask run a-sc)" = "a-scenario.ini " ]
fi
"$HOPSIM" completion zsh >complete.zsh
if command -v zsh >/dev/null; then
    expect "zsh reads it" zsh -n complete.zsh
fi
"$HOPSIM" completion fish >out 2>err
expect "another shell is refused with status 2" [ $? -eq 2 ]

# ---- Citation ----
version=$("$HOPSIM" --version | cut -d' ' -f2)
expect "cite names the version" grep -q "(version $version)" <<EOF
$("$HOPSIM" cite)
EOF
"$HOPSIM" cite --cff >cff
expect "CITATION.cff is what is built in" cmp cff "$top/CITATION.cff"
expect "and has the program's version" grep -qx "version: $version" cff
expect "the package has it, too" grep -q "^hopsim ($version) " "$top/debian/changelog"
"$HOPSIM" cite --bibtex >bib
expect "BibTeX's braces close" [ "$(tr -cd '{' <bib | wc -c)" -eq "$(tr -cd '}' <bib | wc -c)" ]

# ---- Installing ----
(cd "$top" && sh bench/install-files.sh "$HOPSIM" "$OLDPWD/root" /usr) >out 2>err
expect "it installs into another root" [ $? -eq 0 ]
expect "the program" [ "$(root/usr/bin/hopsim --version)" = "hopsim $version" ]
expect "its page" gzip -t root/usr/share/man/man1/hopsim.1.gz
expect "its completion" cmp complete.bash root/usr/share/bash-completion/completions/hopsim
expect "and its documents" [ -s root/usr/share/doc/hopsim/README.md ]
exit $failed
