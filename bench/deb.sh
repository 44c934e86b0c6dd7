#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# deb.sh - builds the Debian package from what is committed, into build/deb, and has lintian look at it.
set -eu
version=$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
folder=build/deb/hopsim-$version
rm -rf build/deb
mkdir -p "$folder"
git archive HEAD | tar -xf - -C "$folder"
revision=$(git describe --always --dirty)
(cd "$folder" && HOPSIM_REVISION=$revision dpkg-buildpackage -us -uc -b) >build/deb/log 2>&1 || {
    tail -n 30 build/deb/log >&2
    exit 1
}
lintian --fail-on error,warning --info build/deb/*.changes
ls build/deb/*.deb
