#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Holds the table of layers: which folder may include which. Prints every arrow that points the wrong way. With
# a folder as argument it looks there instead of at the project, so that a test can show that it fails.
set -u
root=${1:-.}

# folder: folders whose headers it may include beside its own; "sim" alone stands for the headers in sim/ itself.
# Then, behind a bar, the libraries' headers; C's and POSIX's own are free everywhere but in sim (see forbidden.sh).
layers='
sim/base: |
sim/des: sim/base | gsl
sim/wire: sim/base |
sim/proto: sim/base sim/wire |
sim/net: sim/base sim/des |
sim/sec: sim/base | openssl
sim/ims: sim sim/base sim/des sim/wire sim/proto sim/net sim/sec | gsl
sim: sim/base sim/des sim/wire sim/proto sim/net sim/sec sim/ims | gsl
traces: sim sim/base sim/des sim/wire sim/ims sim/sec | pcap osip2 osipparser2
plots: sim/base |
bench/harness: sim sim/base sim/des sim/wire sim/proto sim/net sim/sec sim/ims traces | gsl ini.h jansson.h openssl mpi.h
bench/cli: sim sim/base sim/des sim/wire sim/proto sim/net sim/sec sim/ims traces plots bench/harness bench/measure | gsl jansson.h openssl pcap
bench/measure: sim/base sim/wire sim/proto sim/sec | openssl
bench/speed: sim sim/base sim/des sim/wire sim/proto sim/net sim/sec sim/ims traces | gsl openssl
bench/speed/floors: bench/speed | pcap
bench/peers: sim/base sim/des sim/net bench/speed |
bench/slurm: sim sim/base bench/harness |
bench/testbed: sim/base sim/sec bench/measure |
'
libraries='gsl openssl pcap osip2 osipparser2 ini.h jansson.h CUnit mpi.h'

wrong=$(cd "$root" && find sim traces plots bench -name '*.[ch]' 2>/dev/null | sort | xargs -r grep -n '^ *# *include' /dev/null |
    LAYERS=$layers LIBRARIES=$libraries awk '
    BEGIN {
        count = split(ENVIRON["LAYERS"], lines, "\n")
        for (i = 1; i <= count; i++) {
            if (lines[i] == "")
                continue
            split(lines[i], halves, "|")
            split(halves[1], names, ":")
            known[names[1]] = 1
            allowed[names[1]] = " " names[1] " " names[2] " "
            allowed_library[names[1]] = " " halves[2] " "
        }
        split(ENVIRON["LIBRARIES"], words, " ")
        for (i in words)
            library[words[i]] = 1
    }
    {
        split($0, place, ":")
        file = place[1]
        folder = file
        sub("/[^/]*$", "", folder)
        line = $0
        own = folder
        # A folder without a row of its own has the one of the folder it lies in.
        while (!(folder in known) && sub("/[^/]*$", "", folder))
            ;
        if (!(folder in known) || (folder == "sim" && own != "sim")) {
            print file ": " own " has no row in the table of layers"
            next
        }
        if (match(line, /"[^"]*"/)) {
            header = substr(line, RSTART + 1, RLENGTH - 2)
            target = header
            if (!sub("/[^/]*$", "", target))
                print file ":" place[2] ": " header ": expected the path from the root"
            else if (target != own && index(allowed[folder], " " target " ") == 0)
                print file ":" place[2] ": " folder " must not include " header
        } else if (match(line, /<[^>]*>/)) {
            header = substr(line, RSTART + 1, RLENGTH - 2)
            name = header
            sub("/.*", "", name)
            if ((name in library) && index(allowed_library[folder], " " name " ") == 0)
                print file ":" place[2] ": " folder " must not include <" header ">"
        }
    }')
[ -z "$wrong" ] || { echo "$wrong" | sed 's/^/failed: /'; exit 1; }
[ $# -gt 0 ] && exit 0
echo "passed: every include follows the table of layers"

# The rule must be able to fail: one wrong arrow of each kind.
bad=$(mktemp -d) || exit 1
trap 'rm -rf "$bad"' EXIT
failed=0
try() { # WHAT FOLDER INCLUDE
    rm -rf "$bad/sim" "$bad/plots" "$bad/traces" "$bad/bench"
    mkdir -p "$bad/$2"
    echo "#include $3" >"$bad/$2/x.c"
    if sh tests/layers.sh "$bad" >/dev/null; then
        echo "failed: $1 is not noticed"
        failed=1
    else
        echo "passed: $1 is noticed"
    fi
}
try "an arrow upwards" sim/base '"sim/des/engine.h"'
try "an arrow sideways" sim/net '"sim/wire/msrp.h"'
try "a library of another layer" sim/proto '<openssl/evp.h>'
try "a path that is not from the root" sim/des '"engine.h"'
try "a folder without a row" sim/misc '"sim/base/span.h"'
exit $failed
