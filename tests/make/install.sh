#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# bench/install.sh with stand-ins for Debian's tools: silent when nothing is missing, installs only what is, fresh lists
# where a package has no candidate, words where apt-get fails or is not there.
set -u
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

stand_in() { # NAME TEXT: a command of that name
    printf '#!/bin/sh\n%s\n' "$2" >"$folder/bin/$1"
    chmod +x "$folder/bin/$1"
}

begin() {
    rm -rf "$folder/bin"
    mkdir "$folder/bin"
    for tool in sh env id mktemp rm cat tail grep echo; do
        ln -s "$(command -v $tool)" "$folder/bin/$tool" 2>/dev/null
    done
    : >"$folder/calls"
}

install() {
    PATH=$folder/bin sh bench/install.sh "$@" >"$folder/out" 2>&1 </dev/null
}

expect() { # WHAT COMMAND...
    what=$1
    shift
    if "$@"; then
        echo "passed: $what"
    else
        echo "failed: $what"
        sed 's/^/  /' "$folder/out" "$folder/calls"
        failed=1
    fi
}

begin
stand_in dpkg-query 'echo installed'
install deps
expect "nothing missing: status 0" [ $? -eq 0 ]
expect "nothing missing: no word" [ ! -s "$folder/out" ]

begin
stand_in dpkg-query 'for last; do :; done; [ "$last" = libcunit1-dev ] && exit 1; echo installed'
stand_in apt-cache 'echo "  Candidate: 1.0"'
stand_in apt-get "echo \"\$*\" \"\$DEBIAN_FRONTEND\" >>$folder/calls"
stand_in sudo 'exec "$@"'
install deps-test
expect "one missing: status 0" [ $? -eq 0 ]
expect "one missing: only it is installed, without questions" \
    [ "$(cat "$folder/calls")" = "-q -y --no-install-recommends install libcunit1-dev noninteractive" ]
expect "one missing: it is said" grep -q 'installing libcunit1-dev' "$folder/out"

stand_in apt-cache 'echo "  Candidate: (none)"'
: >"$folder/calls"
install deps-test
expect "no candidate: the lists are fetched first" grep -q '^-q update' "$folder/calls"

stand_in apt-get "echo the mirror is gone; exit 100"
install deps-test
expect "apt-get fails: status 3" [ $? -eq 3 ]
expect "apt-get fails: its words are shown" grep -q 'the mirror is gone' "$folder/out"
expect "apt-get fails: what is needed is said" grep -q 'needed: libcunit1-dev' "$folder/out"

rm "$folder/bin/apt-get"
install deps-test
expect "no apt-get: status 3" [ $? -eq 3 ]
expect "no apt-get: it is said" grep -q 'apt-get is not here' "$folder/out"

begin
install deps
expect "no Debian: the compiler will tell" [ $? -eq 0 ]
expect "no Debian: what would be installed is said" grep -q libgsl-dev "$folder/out"
install everything
expect "another word is refused" [ $? -eq 2 ]
exit $failed
