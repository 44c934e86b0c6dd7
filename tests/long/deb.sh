#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The Debian package: built, clean under lintian, and what is in it works where it was unpacked.
top=$PWD
. tests/cli/common
here=$PWD

cd "$top" || exit 1
sh bench/install.sh deps deps-deb
make --no-print-directory deb >"$here/log" 2>&1
status=$?
[ $status -eq 0 ] || tail -30 "$here/log"
expect "make deb builds it and lintian has nothing to say" [ $status -eq 0 ]
package=$(ls build/deb/hopsim_*.deb)
dpkg-deb -x "$package" "$here/root"
expect "the program runs" "$here/root/usr/bin/hopsim" run paper-exact
expect "it has man pages" [ "$(ls "$here"/root/usr/share/man/man1/hopsim*.1.gz | wc -l)" -ge 15 ]
expect "it depends on libraries by name" sh -c "dpkg-deb -f '$package' Depends | grep -q 'libssl3.*libpcap\|libpcap.*libssl3'"
expect "its code is for any processor of its kind" sh -c "! objdump -d '$here/root/usr/bin/hopsim' | grep -qw 'zmm0'"
exit $failed
