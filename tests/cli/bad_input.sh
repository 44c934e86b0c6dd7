#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Bad input of every kind: exit status 2, a message on standard error that names file, line and what was expected,
# nothing on standard output.
. "${0%/*}/common"

# refuse WHAT MESSAGE ARGUMENT...
refuse() {
    what=$1 message=$2
    shift 2
    "$HOPSIM" "$@" >out 2>err
    status=$?
    if [ $status -eq 2 ] && grep -qF -- "$message" err && [ ! -s out ]; then
        echo "passed: $what"
    else
        echo "failed: $what: hopsim $*"
        echo "  status $status, expected 2; expected the message: $message"
        sed 's/^/  /' err
        failed=1
    fi
}

# file TEXT: writes s.ini, \n for line ends
file() {
    printf "$1" >s.ini
}

file '[scenario]\nname = x\n\n[access]\nrte = 5Mbit/s\n'
refuse "an unknown key" "s.ini:5: unknown parameter access.rte: did you mean access.rate?" run s.ini
file '[access]\nrate = 5Mbps\n'
refuse "a unit with two meanings" 's.ini:2: access.rate = "5Mbps": the unit of a rate is spelt Mbit/s' run s.ini
file '[transfer]\nsize = 5M\n'
refuse "a unit without its byte" 's.ini:2: transfer.size = "5M": the unit of a size is spelt MB or MiB' run s.ini
file '[access]\ndelay = 20\n'
refuse "a number without unit" 's.ini:2: access.delay = "20" has no unit' run s.ini
file '[access]\nloss = 150%%\n'
refuse "a value out of range" 's.ini:2: access.loss = "150%": expected at least 0, at most 100%' run s.ini
file '[scenario]\ntopology = star\n'
refuse "an unknown choice" 's.ini:2: topology = "star": expected single-host, home, two-domains or roaming' run s.ini
file '[access]\nrate = 1Mbit/s\nrate = 2Mbit/s\n'
refuse "a key that stands twice" "s.ini:3: access.rate stands here a second time: it was set in line 2" run s.ini
file '[access]\nrubbish\n'
refuse "a line that is none" "s.ini:2: expected [section], key = value" run s.ini
file '[scenario]\nname = x\n'
awk 'BEGIN { printf "shows = "; for (i = 0; i < 300; i++) printf "x"; print "" }' >>s.ini
refuse "a line too long" "s.ini:3: a line of 308 bytes: expected at most" run s.ini
file '[scenario]\nname = \000x\n'
refuse "a zero byte" "s.ini:2: a zero byte" run s.ini
: >s.ini
refuse "an empty file" "s.ini: is empty" run s.ini
refuse "a missing file" "nowhere.ini: cannot be opened: No such file" run nowhere.ini
mkdir folder.ini
refuse "a folder" "folder.ini: cannot be read: Is a directory" run folder.ini
refuse "a path below a file" "s.ini/x.ini: cannot be opened: Not a directory" run s.ini/x.ini
head -c 2000000 /dev/zero | tr '\000' '\n' >large.ini
refuse "a file beyond all measure" "large.ini: is larger than" run large.ini
head -c 5000 /dev/urandom >random.ini
refuse "random bytes" "random.ini" run random.ini
file 'include = s.ini\n'
refuse "a scenario that includes itself" "does a scenario include itself?" run s.ini
refuse "an unknown built-in scenario" "did you mean home?" run hoem

refuse "an unknown arm" "did you mean msrp-smime? expected one of message-plain, message-tls" run home --arm msrp-smine
refuse "an arm that is like none" "--arm x: expected one of message-plain" run home --arm x
refuse "--set without =" "expected KEY=VALUE" run home --set access.rate
refuse "--set with an unknown key" "did you mean access.rate?" run home --set access.rat=1Mbit/s
refuse "--set with a bad unit" "the unit of a rate is spelt" run home --set access.rate=1Mbps
refuse "--set with a text that cannot be written" "a comment would begin" show home --set "shows=a ;b"
refuse "a trial that is no number" "--trial x: expected a number" run home --trial x
refuse "an unknown option" "unknown option --amr: did you mean --arm?" run home --amr msrp-smime
refuse "an option without its value" "expected --arm ARM" run home --arm
refuse "an option with half its values" "expected --pcap-at HOST FILE" run home --pcap-at UE-A
refuse "a command without its argument" "expected SCENARIO" run
refuse "a word too many" "one word too many: home" show home home
refuse "an unknown command" "did you mean run?" rnu
refuse "an unknown list" "did you mean arms?" list arsm
refuse "no command at all" "usage: hopsim"

printf '[dwell]\ntable = d.csv\n' >s.ini
refuse "a missing dwell table" "d.csv: cannot be opened" run s.ini
echo 'role,kind' >d.csv
refuse "a dwell table with another header" "d.csv:1: expected the header role,kind,side,n" run s.ini
echo 'role,kind,side,n,min_ms,median_ms,p95_ms,max_ms,work_ms,includes,source' >d.csv
echo 'p-cscf,INVITE,any,,,fast,,,,,me' >>d.csv
refuse "a dwell that is no number" 'd.csv:2: median_ms = "fast": expected milliseconds' run s.ini
refuse "an unknown dwell table" "did you mean openims-paper?" run home --set dwell.table=openims-papr
refuse "an unknown cost table" "neither a file nor a built-in cost table" run home --set costs.table=nothing
refuse "a missing file to send" "nowhere.bin: cannot be opened" run home --set transfer.file=nowhere.bin
refuse "a folder to send" "is not a regular file" run home --set transfer.file=/tmp
printf 'abc' >three
refuse "more than the file holds" "transfer.size is larger than three" run home --set transfer.file=three
truncate -s 70G long
refuse "a file beyond the limit of transfer.size" "expected at most 64GiB" run home --file long
printf 'role,kind,side,n,min_ms,median_ms,p95_ms,max_ms,work_ms,includes,source\nue-a,*,any,,,1,,,,,assumed\n' >thin.csv
refuse "a dwell table without a role" "has no row for ue-b" run home --set dwell.table=thin.csv
exit $failed
