#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Private keys are in the folder that --keys names and nowhere else: no capture, log, message list, drawing, table or
# results folder has one as PEM, base64, DER, raw octets or their hex. The same search finds each form where it was put.
# B names the build folder. Exit 0 passed, 1 failed, 77 skipped.
set -u
: "${B:?names the build folder}"
hopsim=$B/hopsim
for tool in openssl perl; do
    command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

# Files under $2 and below that hold, in any form, the private key in the PEM file $1.
holders() {
    openssl pkey -in "$1" -outform DER -out "$folder/key.der" 2>/dev/null || exit 1
    openssl pkey -in "$1" -noout -text 2>/dev/null >"$folder/key.txt"
    perl -MMIME::Base64 -MFile::Find -e '
        my ($der_file, $text_file, $where) = @ARGV;
        local $/;
        open(my $f, "<:raw", $der_file) or die; my $der = <$f>;
        open(my $t, "<", $text_file) or die; my $text = <$t>;
        # EC: "priv:"; RSA: its exponent, which no certificate has.
        my ($hex) = $text =~ /(?:priv|privateExponent):\s*((?:[0-9a-f]{2}:?\s*)+)/ or die "no private part";
        $hex =~ s/[:\s]//g; $hex =~ s/^(?:00)+//;
        my $raw = pack("H*", $hex);
        my @forms = ($raw, $hex, uc $hex, join(":", $hex =~ /../g), join(":", uc($hex) =~ /../g), $der);
        # base64 of the whole, and of the key at each of the three offsets it can have in something else.
        push @forms, encode_base64($der, "");
        push @forms, map { substr(encode_base64("\0" x $_ . $raw, ""), 4, -4) } 0 .. 2;
        push @forms, grep { length > 40 } split(/\n/, encode_base64($der) =~ s/.{64}\K(?=.)/\n/gr);
        find({no_chdir => 1, wanted => sub {
            return unless -f $_;
            open(my $in, "<:raw", $_) or die; my $all = <$in>; my $flat = $all =~ s/\r?\n//gr;
            for my $form (@forms) {
                if (index($all, $form) >= 0 || index($flat, $form) >= 0) { print "$_\n"; last; }
            }
        }}, $where);
    ' "$folder/key.der" "$folder/key.txt" "$2"
}

# One run with all that it can write. $1: its name, the rest: options.
check_run() {
    name=$1
    shift
    mkdir "$folder/$name" "$folder/$name/out" || exit 1
    "$hopsim" run home "$@" --set transfer.size=4KiB --keys "$folder/$name/keys" --pcap "$folder/$name/out/a.pcapng" \
        --pcap-links "$folder/$name/out/links" --log "$folder/$name/out/a.log" --messages "$folder/$name/out/messages" \
        --ladder-svg "$folder/$name/out/a.svg" --json >"$folder/$name/out/stdout" 2>"$folder/$name/out/stderr" ||
        { echo "$name: run failed"; cat "$folder/$name/out/stderr"; failed=1; return; }
    for user in alice bob; do
        key=$folder/$name/keys/$user.pem
        found=$(holders "$key" "$folder/$name/out")
        [ -z "$found" ] || { echo "$name: the key of $user is in $found"; failed=1; }
        [ "$(holders "$key" "$folder/$name/keys")" = "$key" ] || { echo "$name: the search misses $key"; failed=1; }
        [ "$(stat -c %a "$key")" = 600 ] || { echo "$name: $key may be read by others"; failed=1; }
    done
}

check_run sealed --arm msrp-smime
check_run tls --arm msrp-tls --set tls.version=1.2
check_run rsa --arm message-smime --set smime.suite=rfc4975-rsa --set signalling.gm=esp

# The search finds what was put: each form alone in a file.
key=$folder/sealed/keys/bob.pem
mkdir "$folder/put"
openssl pkey -in "$key" -outform DER -out "$folder/put/der"
perl -e 'local $/; open(my $f, "<:raw", $ARGV[0]); $_ = <$f>; print uc unpack("H*", $_)' "$folder/put/der" >"$folder/put/hex"
{ echo "log: key"; openssl base64 -in "$folder/put/der"; } >"$folder/put/base64"
{ printf xy; cat "$folder/put/der"; } | openssl base64 >"$folder/put/shifted"
[ "$(holders "$key" "$folder/put" | wc -l)" = 4 ] || { echo "the search misses a form"; failed=1; }

# Nothing else writes keys at all.
"$hopsim" compare home --arms msrp-smime --set transfer.size=4KiB -o "$folder/results" >"$folder/stdout" 2>&1 || failed=1
"$hopsim" threats home --arms msrp-smime,msrp-tls --attacks change-bit,swap-path --at S-CSCF\(B\) --size 1KiB --json \
    -o "$folder/threats" >>"$folder/stdout" 2>&1 || failed=1
found=$(grep -rl -e 'PRIVATE KEY' "$folder/results" "$folder/threats" "$folder/stdout" "$folder"/*/out)
[ -z "$found" ] || { echo "a private key is in $found"; failed=1; }
exit $failed
