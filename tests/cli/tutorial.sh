#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every command of docs/tutorial.md does what it is there for, in the order of the text, in one empty folder.
top=$PWD
. "${0%/*}/common"

mkdir path
ln -s "$HOPSIM" path/hopsim
PATH=$PWD/path:$PATH
sed -n 's/^    //p' "$top/docs/tutorial.md" >commands
expect "there are commands" [ "$(wc -l <commands)" -ge 20 ]
while IFS= read -r command; do
    case $command in
    sqlite3*) command -v sqlite3 >/dev/null || { echo "skipped: sqlite3 is not installed"; continue; } ;;
    esac
    sh -ec "$command" >out 2>err </dev/null
    status=$?
    [ $status -eq 0 ] || head -5 err
    expect "$(printf %.60s "$command" | tr '\\' ' ')" [ $status -eq 0 ]
done <commands
expect "the edit of the text arrives" "$HOPSIM" show mine.ini
expect "with its rate" [ "$("$HOPSIM" show mine.ini | sed -n '/^\[access\]/,/^\[/s/^rate = \([^ ]*\).*/\1/p')" = 20Mbit/s ]
expect "the page is there" [ -s results/report.html ]
exit $failed
