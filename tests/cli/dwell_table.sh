#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Rows of the built-in dwells whose source is a hopsim inspect of captures are what that command prints: their number,
# and within 1 % their least, median and greatest.
root=$(pwd)
. "${0%/*}/common"

# rows TABLE: role,kind,side,n,min,median,max,"files" of each row whose source names captures, in ms
rows() {
    awk -F, '
        NR == 1 || /^#/ || /^role/ { next }
        /hopsim inspect [^:]*pcap/ {
            files = $0
            sub(/.*hopsim inspect /, "", files)
            sub(/:.*/, "", files)
            print $1 "," $2 "," $3 "," $4 "," $5 "," $6 "," $8 "," files
        }' "$1"
}

# check_row ROW: exit 1 where inspect prints otherwise
check_row() {
    files=
    for file in $(echo "$1" | cut -d, -f8); do
        files="$files $CAPTURES/ims/$file"
    done
    "$HOPSIM" inspect $files --csv >found.csv || return 1
    awk -F, -v row="$1" '
        function differs(found, expected) { # ns, ms; nothing expected: nothing to compare
            return expected != "" && (found / 1e6 < expected * 0.99 || found / 1e6 > expected * 1.01)
        }
        BEGIN { split(row, want, ",") }
        $1 == want[1] && $2 == want[2] && $3 == want[3] {
            print
            found = 1
            if ($4 != want[4] || differs($5, want[5]) || differs($6, want[6]) || differs($8, want[7]))
                bad = 1
        }
        END { exit !found || bad }' found.csv
}

if [ -z "${CAPTURES:-}" ]; then
    echo "skipped: public captures: CAPTURES names no folder"
    exit 0
fi
rows "$root/bench/dwell/kamailio-inspected.csv" >rows
expect "rows are taken from captures" [ "$(wc -l <rows)" -ge 10 ]
while read -r row; do
    expect "$(echo "$row" | cut -d, -f1-3) is what inspect finds" check_row "$row"
done <rows

is_noticed() {
    ! check_row "$1"
}
wrong=$(head -1 rows | awk -F, 'BEGIN { OFS = "," } { $6 = $6 * 1.02; print }')
expect "a median that is 2 % off is noticed" is_noticed "$wrong"
exit $failed
