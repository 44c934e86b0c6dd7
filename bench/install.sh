#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# install.sh deps|deps-test|deps-clang|deps-peers|deps-long|deps-deb... - installs from Debian what building, testing,
# clang's builds and fuzzer, comparing with other simulators, long checks or packaging need and is missing. Says nothing
# when nothing is missing.
set -eu

packages=
for set in "${@:-}"; do
    case $set in
    deps)
        packages="$packages gcc make libc6-dev pkg-config libssl-dev libpcap-dev libosip2-dev libgsl-dev libinih-dev
            libjansson-dev gnuplot-nox"
        ;;
    deps-test)
        packages="$packages libcunit1-dev openssl tshark sqlite3"
        ;;
    deps-clang)
        packages="$packages clang libclang-rt-14-dev"
        ;;
    deps-peers)
        packages="$packages g++ libns3-dev libsimgrid-dev python3-simpy3"
        ;;
    deps-long)
        packages="$packages clang libclang-rt-14-dev clang-format g++ libns3-dev libsimgrid-dev python3-simpy3
            kamailio kamailio-ims-modules kamailio-presence-modules kamailio-sqlite-modules kamailio-tls-modules
            sip-tester tcpdump ethtool chromium openmpi-bin libopenmpi-dev slurm-wlm munge valgrind
            poppler-utils"
        ;;
    deps-deb)
        packages="$packages debhelper dpkg-dev lintian"
        ;;
    *)
        echo "usage: install.sh deps|deps-test|deps-clang|deps-peers|deps-long|deps-deb..." >&2
        exit 2
        ;;
    esac
done

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
    echo "make $*: this is not Debian; the packages it would install: $(echo $packages)" >&2
    exit 0
fi
[ -n "$missing" ] || exit 0

sets=$*
fail() {
    echo "make $sets: $1; these packages are needed:$missing" >&2
    exit 3
}

command -v apt-get >/dev/null || fail "apt-get is not here"
as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "neither root nor sudo"
    as_root=sudo
    sudo sh -c : || fail "sudo refuses"
fi

echo "make $sets: installing$missing" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
run() {
    # env after sudo: sudo drops variables of its caller. Standard input is nobody's answer.
    $as_root env DEBIAN_FRONTEND=noninteractive "$@" </dev/null >>"$log" 2>&1
}

# A package without a candidate, or one whose version the mirror no longer has, is cured by fresh lists.
for package in $missing; do
    apt-cache policy "$package" 2>/dev/null | grep -q 'Candidate: [^(]' && continue
    run apt-get -q update || { cat "$log" >&2; fail "apt-get update failed"; }
    break
done
run apt-get -q -y --no-install-recommends install $missing && exit 0
run apt-get -q update || { cat "$log" >&2; fail "apt-get update failed"; }
run apt-get -q -y --no-install-recommends install $missing || { tail -n 30 "$log" >&2; fail "apt-get install failed"; }
