#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Every header compiles on its own, so that the order of includes never matters.
set -u
CC=${CC:-gcc}
failed=0
count=0
errors=$(mktemp) || exit 1
trap 'rm -f "$errors"' EXIT
for header in $(find sim traces plots bench -name '*.h' | sort); do
    count=$((count + 1))
    echo "#include \"$header\"" |
        $CC -std=c11 -D_DEFAULT_SOURCE -Wall -Wextra -Wpedantic -Werror -I. -fsyntax-only -x c - 2>"$errors" && continue
    echo "failed: $header does not compile on its own"
    cat "$errors"
    failed=1
done
[ $failed = 0 ] && echo "passed: $count headers compile on their own"
exit $failed
