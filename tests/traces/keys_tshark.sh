#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Captures whose TLS and ESP are opened with keys hold for hopsim inspect the same SIP and MSRP messages, each whole in
# the same frame, as for tshark with the same keys: TLS 1.3 and 1.2 with the secrets in the file or beside it, ESP by
# the associations that run writes. Without keys none of them is found, and what stays sealed is counted.
# B names the build folder. Exit 0 passed, 1 failed, 77 skipped.
set -u
: "${B:?names the build folder}"
hopsim=$B/hopsim
for tool in tshark perl openssl; do
    command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

# Wireshark wants a private key for a row of its table of TLS keys, whatever it is.
openssl genpkey -algorithm RSA -out "$folder/unused.pem" 2>/dev/null || exit 1

# "FRAME KIND", a line a message: the method of a request, the status of a response.
theirs() { # CAPTURE KEYS TRANSPORT-OF-SIP
    file=$1
    keys=$2
    sip=$3
    set --
    for port in 7394 2855 2856 2857 2858 2859 2860; do
        set -- "$@" -d "tcp.port==$port,tls" -o "uat:ssl_keys:\"\",\"$port\",\"msrp\",\"$folder/unused.pem\",\"\""
    done
    for port in 4060 4061 5060 5061 6060 6061 7060 7061; do
        set -- "$@" -d "udp.port==$port,sip" -d "tcp.port==$port,$sip" -d "tls.port==$port,sip"
    done
    WIRESHARK_CONFIG_DIR=$keys tshark -n -r "$file" -o esp.enable_encryption_decode:TRUE "$@" -Y 'sip || msrp' -T fields \
        -E separator=';' -E occurrence=a -E aggregator=, -e frame.number -e sip.Method -e sip.Status-Code \
        -e msrp.method -e msrp.status.code 2>/dev/null |
        awk -F';' '{ for (f = 2; f <= 5; f++) { n = split($f, v, ","); for (i = 1; i <= n; i++) if (v[i] != "") print $1, v[i] } }' |
        sort
}

ours() { # CAPTURE OPTIONS...
    "$hopsim" inspect "$@" --table messages --csv | awk -F, '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["protocol"] == "SIP" || $at["protocol"] == "MSRP" {
            kind = $at["kind"]; sub(/^.*\//, "", kind); print $at["frame"], kind }' | sort
}

sealed() { # CAPTURE OPTIONS...
    "$hopsim" inspect "$@" --table summary --csv | awk -F, '/stay sealed|stays sealed/ { n += $2 } END { print n + 0 }'
}

# A capture of the program's (pcapng, big-endian): its secrets as a file, or all but them.
blocks() { # secrets|others
    perl -e '
        my ($bytes, $at) = (join("", <STDIN>), 0);
        while ($at < length $bytes) {
            my ($type, $size) = unpack "NN", substr($bytes, $at, 8);
            my $is_secret = $type == 10;
            print substr($bytes, $at + 16, unpack "N", substr($bytes, $at + 12, 4)) if $is_secret && $ARGV[0] eq "secrets";
            print substr($bytes, $at, $size) if !$is_secret && $ARGV[0] eq "others";
            $at += $size;
        }' -- "$1"
}

check() { # NAME OPTION(KEYS) ARM SETTINGS...
    name=$1
    option=$2
    arm=$3
    shift 3
    case "$*" in *tls*) sip=tls ;; *) sip=sip ;; esac
    [ "$arm" = message-tls ] && sip=tls
    run=$folder/$name
    mkdir "$run"
    "$hopsim" run home --arm "$arm" --set transfer.size=20KiB "$@" --pcap "$run/f.pcapng" --keys "$run/keys" --csv \
        >/dev/null 2>"$run/error" || { echo "failed: $name: $(head -1 "$run/error")"; failed=1; return; }
    blocks secrets <"$run/f.pcapng" >"$run/keylog"
    blocks others <"$run/f.pcapng" >"$run/bare.pcapng"
    case $option in
    --esp-sa) set -- --esp-sa "$run/keys/esp_sa" ;;
    *) set -- --keylog "$run/keylog" ;;
    esac
    theirs "$run/f.pcapng" "$run/keys" "$sip" >"$run/theirs"
    # ESP's keys are never in the file.
    [ "$option" = --esp-sa ] && ours "$run/f.pcapng" "$@" >"$run/ours" || ours "$run/f.pcapng" >"$run/ours"
    ours "$run/bare.pcapng" "$@" >"$run/beside"
    ours "$run/bare.pcapng" >"$run/none"
    if ! [ -s "$run/theirs" ] || ! cmp -s "$run/ours" "$run/theirs"; then
        echo "failed: $name: ours < and tshark's >: $(diff "$run/ours" "$run/theirs" | grep -c '^<') $(diff "$run/ours" "$run/theirs" | grep -c '^>')"
        failed=1
    elif ! cmp -s "$run/ours" "$run/beside"; then
        echo "failed: $name: keys beside the file find other messages than those inside"
        failed=1
    elif [ "$(sealed "$run/bare.pcapng" "$@")" != 0 ] || [ "$(sealed "$run/bare.pcapng")" = 0 ]; then
        echo "failed: $name: $(sealed "$run/bare.pcapng" "$@") sealed with keys, $(sealed "$run/bare.pcapng") without"
        failed=1
    elif [ "$(wc -l <"$run/none")" -ge "$(wc -l <"$run/ours")" ]; then
        echo "failed: $name: as many messages without keys"
        failed=1
    else
        echo "passed: $name: $(wc -l <"$run/ours") messages as tshark, $(wc -l <"$run/none") of them without keys"
    fi
}

check tls-1.2-msrp --keylog msrp-tls --set tls.version=1.2
check tls-1.2-cbc --keylog msrp-tls --set tls.version=1.2 --set tls.cipher=aes-cbc-sha
check tls-1.3-resumed --keylog msrp-tls --set tls.resumption=ticket
check tls-1.2-resumed --keylog msrp-relay --set tls.version=1.2 --set tls.resumption=ticket
check tls-1.2-tickets --keylog message-tls --set tls.version=1.2 --set tls.resumption=ticket --set connections=cold
check tls-1.3-relays --keylog msrp-relay
check tls-1.3-sip --keylog message-tls
check tls-1.2-sip --keylog message-tls --set tls.version=1.2
check tls-1.3-signalling --keylog msrp-relay --set signalling.gm=tls --set signalling.core=tls
check esp-sip --esp-sa message-ipsec
check esp-gm-gcm-nat --esp-sa msrp-smime --set signalling.gm=esp --set esp.suite=aes-gcm --set esp.nat=on
exit $failed
