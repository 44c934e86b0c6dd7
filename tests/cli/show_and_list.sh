#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What show prints is a scenario that reads back the same; lists are tables in three forms; a full disk is told.
. "${0%/*}/common"

for name in home paper paper-exact; do
    "$HOPSIM" show $name >once.ini && "$HOPSIM" show ./once.ini >twice.ini
    expect "show $name reads back and prints the same" cmp once.ini twice.ini
done
"$HOPSIM" show home --set access.rate=7Mbit/s >set.ini
expect "--set shows in the scenario" grep -q '^rate = 7Mbit/s ; --set$' set.ini
parameters=$("$HOPSIM" list parameters --csv | tail -n +2 | wc -l)
expect "show prints every parameter" [ "$(grep -c '^[a-z_]* = ' once.ini)" -eq "$parameters" ]
expect "every parameter has a default with a source" [ "$("$HOPSIM" list parameters --csv | grep -c ',$')" -eq 0 ]

for list in arms scenarios parameters dwells costs; do
    expect "list $list" "$HOPSIM" list $list
    expect "list $list --csv has the rows of list $list" \
        [ "$("$HOPSIM" list $list | wc -l)" -eq "$("$HOPSIM" list $list --csv | wc -l)" ]
    "$HOPSIM" list $list --json >list.json
    expect "list $list --json has the rows of list $list" \
        [ "$("$HOPSIM" list $list | tail -n +2 | wc -l)" -eq "$(grep -c '^  {' list.json)" ]
done
# On a terminal, what is too wide goes below, behind the arm's name; another program gets whole rows.
if command -v script >/dev/null; then
    COLUMNS=80 script -qec "'$HOPSIM' list arms" typescript >out </dev/null
    expect "a terminal shows a wide table in blocks" [ "$(grep -c '^arm ' out)" -gt 1 ]
    expect "each arm stands in each block" [ "$(grep -c '^msrp-plain ' out)" -eq "$(grep -c '^arm ' out)" ]
    expect "a pipe gets one block" [ "$(COLUMNS=80 "$HOPSIM" list arms | grep -c '^arm ')" -eq 1 ]
fi
expect "--help" "$HOPSIM" --help
expect "version" "$HOPSIM" version
for command in $("$HOPSIM" --help | awk '/^  [a-z]/ { print $1 }'); do
    expect "$command --help" "$HOPSIM" "$command" --help
done

if [ -c /dev/full ]; then
    "$HOPSIM" list arms >/dev/full 2>err
    expect "a full disk is our fault: status 3" [ $? -eq 3 ]
    expect "a full disk is told" grep -q 'written' err
    "$HOPSIM" --help >/dev/full 2>err
    expect "a full disk is told by --help too" [ $? -eq 3 ]
else
    echo "skipped: there is no /dev/full"
fi
exit $failed
