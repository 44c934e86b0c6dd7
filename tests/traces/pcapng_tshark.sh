#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Has Wireshark read a capture of ours: nanoseconds, interface names, comments, TLS secrets, checksums.
# B names the build folder. Exit 0 passed, 1 failed, 77 skipped.
set -u
: "${B:?names the build folder}"
for tool in tshark capinfos; do
    command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

# expect WHAT EXPECTED GOT
expect() {
    [ "$2" = "$3" ] && return
    printf 'failed: %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
    failed=1
}

# has WHAT TEXT: capinfos says so in a line of its own
has() {
    grep -qF -- "$2" "$folder/info" && return
    printf 'failed: %s: capinfos does not say "%s"\n' "$1" "$2"
    failed=1
}

"$B/tests/traces/test_pcapng" sample "$folder/sample.pcapng" || exit 1
capinfos "$folder/sample.pcapng" >"$folder/info" 2>"$folder/errors" || { cat "$folder/errors"; exit 1; }
has "the file is pcapng" "Wireshark/... - pcapng"
has "times count nanoseconds" "nanoseconds (9)"
has "the first time is the epoch" "2013-01-01 00:00:00.000000000"
has "the last time keeps its nanoseconds" "2013-01-01 00:00:00.123456789"
has "the hardware is named" "Capture hardware:    hw"
has "the system is named" "Capture oper-sys:    none"
has "the program is named" "Capture application: hopsim"
has "the section has its comment" "Capture comment:     a test"
has "both interfaces are found" "Number of interfaces in file: 2"
has "the secrets are found" "Number of decryption secrets in file: 1"

tab=$(printf '\t')
fields=$(tshark -r "$folder/sample.pcapng" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -T fields \
    -e frame.time_epoch -e frame.interface_name -e frame.comment -e eth.src -e eth.dst -e ip.checksum.status \
    -e udp.checksum.status -e _ws.expert.severity -e _ws.malformed 2>"$folder/errors")
expect "tshark reads without complaint" 0 $?
comment_severity=1048576 # a comment is Wireshark's mildest expert item, below note and warning
eth="02:00:c0:a8:50:01${tab}02:00:c0:a8:50:80${tab}1${tab}1"
expect "packets have times, interfaces, comments and right checksums" \
    "1356998400.000000000${tab}UE-A-switch${tab}the first, outbound${tab}$eth${tab}$comment_severity${tab}
1356998400.123456789${tab}P-CSCF(A)-switch${tab}${tab}$eth${tab}${tab}" "$fields"
[ $failed = 0 ] && echo "passed: tshark and capinfos read the sample capture"
exit $failed
