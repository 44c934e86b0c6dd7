#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# install.sh deps|deps-test|deps-peers|deps-long - installs from Debian what building, testing, comparing with ns-3 or
# long checks need and is missing.
# Says nothing when nothing is missing.
set -eu

case ${1:-} in
deps)
    packages="gcc make libc6-dev pkg-config libssl-dev libpcap-dev libosip2-dev libgsl-dev libinih-dev libjansson-dev
        gnuplot-nox"
    ;;
deps-test)
    packages="libcunit1-dev openssl tshark sqlite3"
    ;;
deps-peers)
    packages="g++ libns3-dev"
    ;;
deps-long)
    packages="clang libclang-rt-14-dev clang-format g++ libns3-dev kamailio kamailio-ims-modules kamailio-presence-modules
        kamailio-sqlite-modules kamailio-tls-modules sip-tester tcpdump ethtool chromium openmpi-bin libopenmpi-dev
        slurm-wlm munge valgrind"
    ;;
*)
    echo "usage: install.sh deps|deps-test|deps-peers|deps-long" >&2
    exit 2
    ;;
esac

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
if command -v dpkg-query >/dev/null; then
    for package in $packages; do
        is_installed "$package" || missing="$missing $package"
    done
else
    # Another system: what the packages hold may well be there; the compiler will say what is not.
    echo "make $1: this is not Debian; the packages it would install: $(echo $packages)" >&2
    exit 0
fi
[ -n "$missing" ] || exit 0

fail() {
    echo "make $1: $2; these packages are needed:$missing" >&2
    exit 3
}

command -v apt-get >/dev/null || fail "$1" "apt-get is not here"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "$1" "neither root nor sudo"
    as_root=sudo
fi

echo "make $1: installing$missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() {
    # env after sudo: sudo drops variables of its caller. Standard input is nobody's answer.
    $as_root env DEBIAN_FRONTEND=noninteractive "$@" </dev/null >>"$log" 2>&1
}

# A package without a candidate, or one whose version the mirror no longer has, is cured by fresh lists.
for package in $missing; do
    apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]' && continue
    run apt-get -q update || { cat "$log" >&2; fail "$1" "apt-get update failed"; }
    break
done
run apt-get -q -y --no-install-recommends install $missing && exit 0
run apt-get -q update || { cat "$log" >&2; fail "$1" "apt-get update failed"; }
run apt-get -q -y --no-install-recommends install $missing || { tail -n 30 "$log" >&2; fail "$1" "apt-get install failed"; }
