#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs every arm with a capture and has Wireshark, libosip2 and OpenSSL judge it: nothing malformed, every checksum right,
# no expert note or warning that cannot be explained, as many SIP, MSRP and Diameter messages as the simulator says it
# sent, TLS opened with the secrets in the file, every SIP message parsed, and the S/MIME object taken out of the
# packets opened with exported keys into the file that was sent.
# B names the build folder. Exit 0 passed, 1 failed, 77 skipped.
set -u
: "${B:?names the build folder}"
hopsim=$B/hopsim
for tool in tshark openssl; do
    command -v $tool >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

fail() {
    printf 'failed: %s: %s\n' "$name" "$*"
    failed=1
    arm_failed=1
}

# Wireshark does not know the ports of this scenario. MSRP inside TLS can only be asked for in the table of TLS keys,
# which wants a private key although TLS 1.3 has no use for one: the secrets in the capture are what opens it.
openssl genpkey -algorithm RSA -out "$folder/unused.pem" 2>/dev/null || exit 1
ports_msrp="7394 2855 2856 2857 2858 2859 2860 2865 2866 2867 2868"
ports_sip="4060 4061 5060 6060 6061 7060 7061"

# The ports that IMS-AGWs give one another, where they end their UEs' TLS.
is_plain_between_gateways() {
    [ "$hop" = "TLS UE-AGW" ] && { [ "$1" = 2866 ] || [ "$1" = 2868 ]; }
}

# wireshark ARGUMENT...: tshark on this run's capture
wireshark() {
    for port in $ports_msrp; do
        if [ "$inside" != none ] && ! is_plain_between_gateways "$port"; then
            set -- "$@" -d "tcp.port==$port,tls" -o "uat:ssl_keys:\"\",\"$port\",\"msrp\",\"$folder/unused.pem\",\"\""
        else
            set -- "$@" -d "tcp.port==$port,msrp"
        fi
    done
    for port in $ports_sip; do
        sip=sip
        [ "$carrier-$hop" = "SIP MESSAGE-TLS" ] && sip=tls
        case "$settings" in *signalling.*=tls*) sip=tls ;; esac
        set -- "$@" -d "udp.port==$port,sip" -d "tcp.port==$port,$sip" -d "tls.port==$port,sip"
    done
    # Wireshark 4.0 does not put chunks together: it would take the first one for a whole, broken CMS object. It also
    # reads on at the next segment behind a message and so misses those that begin in between (see check_counts).
    [ "$setting" = msrp.chunk=2048 ] && set -- "$@" --disable-protocol cms
    # A sealed file in MESSAGEs is in pieces as well.
    [ "$carrier-$body" = "SIP MESSAGE-CMS" ] && set -- "$@" --disable-protocol cms
    # ESP is opened, and its ICVs checked, with the keys that the run wrote.
    [ -f "$run/keys/esp_sa" ] && set -- "$@" -o esp.enable_encryption_decode:TRUE -o esp.enable_authentication_check:TRUE
    WIRESHARK_CONFIG_DIR=$run/keys tshark -r "$run/f.pcapng" -o ip.check_checksum:TRUE -o udp.check_checksum:TRUE -o tcp.check_checksum:TRUE "$@" \
        2>>"$run/errors"
}

# Hexadecimal digits on standard input as bytes.
unhex() {
    # shellcheck disable=SC2059 # the octal escapes are the format
    printf "$(awk '
        BEGIN { digits = "0123456789abcdef" }
        {
            for (i = 1; i < length($0); i += 2)
                printf "\\%03o", 16 * (index(digits, substr($0, i, 1)) - 1) + index(digits, substr($0, i + 1, 1)) - 1
        }')"
}

# The bodies of the SENDs with Content-Type application/pkcs7-mime in one direction of a stream of hexadecimal digits,
# one after another. A body lies between the empty line and CR LF, seven hyphens and the transaction ID of its start
# line.
bodies() {
    awk '
        function at(text, what,   from, found) {
            for (from = 1; (found = index(substr(text, from), what)) > 0; from += found)
                if ((from + found) % 2 == 0)
                    return from + found - 1
            return 0
        }
        { stream = stream $0 }
        END {
            msrp = "4d53525020"          # "MSRP "
            empty = "0d0a0d0a"
            hyphens = "0d0a2d2d2d2d2d2d2d"
            sealed = "6170706c69636174696f6e2f706b6373372d6d696d65" # application/pkcs7-mime
            while (substr(stream, 1, 10) == msrp) {
                id = substr(stream, 11, at(substr(stream, 11), "20") - 1)
                close_at = at(stream, hyphens id)
                if (close_at == 0)
                    exit 1
                message = substr(stream, 1, close_at - 1)
                body_at = at(message, empty)
                if (body_at > 0 && at(substr(message, 1, body_at), sealed) > 0)
                    printf "%s", substr(message, body_at + 8)
                # The end-line has a flag, CR and LF behind the ID.
                stream = substr(stream, close_at + length(hyphens id) + 6)
            }
            exit stream != ""
        }'
}

# A MIME entity without its headers.
without_headers() {
    cr=$(printf '\r')
    offset=$(LC_ALL=C grep -abm1 "^$cr\$" "$1" | cut -d: -f1)
    tail -c +$((offset + 3)) "$1"
}

# What Wireshark says of each frame, a line a frame; several values of a field are joined by |.
columns="frame.number ip.checksum.status udp.checksum.status tcp.checksum.status _ws.malformed
    _ws.expert.severity _ws.expert.message sip.Request-Line sip.Status-Line sdp.media msrp.request.line
    msrp.response.line diameter.cmd.code tls.record.version tcp.stream http.request.method http.response.code
    esp.spi esp.icv_good"

dissect() {
    set --
    for column in $columns; do set -- "$@" -e "$column"; done
    wireshark -T fields -E occurrence=a -E aggregator='|' "$@" >"$run/frames"
    [ -s "$run/frames" ] || fail "tshark reads nothing"
}

# Notes and warnings that have their reason:
# - A connection is closed: Wireshark notes each FIN.
# - TLS 1.2 is resumed by a ticket where the world says so.
# - Parts of a file are numbered by a header that no standard knows.
# - A CMS object holds bytes of 0, which end the string as which Wireshark shows a body.
# - Wireshark 4.0 does not know id-ct-authEnvelopedData (RFC 5083), 1.2.840.113549.1.9.16.1.23.
explained='Connection finish .FIN.|This frame (initiates|undergoes) the connection closing'
explained="$explained|This session reuses previously negotiated keys .Session resumption.|Unrecognised SIP header .file-part."
explained_cms='Trailing stray characters|BER: Dissector for OID not implemented[.].*'

check_frames() {
    [ "$body" = CMS ] && reasons="$explained|$explained_cms" || reasons=$explained
    awk -F '\t' -v explained="^($reasons)\$" '
        {
            count = split($19, good, "|")
            if (split($18, spi, "|") != count)
                print "frame " $1 ": ESP that is not opened"
            for (k = 1; k <= count; k++)
                if (good[k] != "1" && good[k] != "True")
                    print "frame " $1 ": a wrong ICV"
            for (i = 2; i <= 4; i++) {
                count = split($i, status, "|")
                for (k = 1; k <= count; k++)
                    # RFC 3948: UDP around ESP has none, which Wireshark calls 3.
                    if (status[k] != 1 && !(i == 3 && status[k] == 3 && $18 != ""))
                        print "frame " $1 ": a wrong checksum"
            }
            if ($5 != "")
                print "frame " $1 ": malformed"
            count = split($6, severity, "|")
            split($7, message, "|")
            for (k = 1; k <= count; k++)
                if (severity[k] >= 4194304 && message[k] !~ explained)
                    print "frame " $1 ": " message[k]
        }' "$run/frames" >"$run/complaints"
    [ -s "$run/complaints" ] && fail "$(head -n 5 "$run/complaints")"
}

# count COLUMN...: values of these columns in all frames
count() {
    awk -F '\t' -v wanted="$*" '
        BEGIN { columns = split(wanted, column, " ") }
        { for (i = 1; i <= columns; i++) total += split($column[i], values, "|") }
        END { print total + 0 }' "$run/frames"
}

# The simulator's own list of messages against what is seen on the wire. Column 6 is the protocol.
check_counts() {
    for row in "SIP 8 9" "MSRP 11 12" "Diameter 13" "HTTP 16 17"; do
        protocol=${row%% *}
        [ "$protocol-$setting" = MSRP-msrp.chunk=2048 ] && continue
        told=$(awk -F , -v protocol="$protocol" '$6 == protocol' "$run/m/messages.csv" | wc -l)
        # To the simulator gateways are no hop of MSRP's; on the wire each message is seen on three connections.
        [ "$protocol-$path" = MSRP-IMS-AGWs ] && told=$((3 * told))
        seen=$(count "${row#* }")
        [ "$told" -eq "$seen" ] || fail "the simulator tells of $told $protocol messages, Wireshark of $seen"
    done
}

# some WHAT COLUMN PATTERN: a frame has it
some() {
    awk -F '\t' -v column="$2" -v pattern="$3" '$column ~ pattern { found = 1 } END { exit !found }' "$run/frames" ||
        fail "no $1"
}

# What Wireshark takes out of the two connections: the file, twice.
check_objects() {
    wireshark --export-objects "http,$run/objects" >/dev/null
    same=0
    for object in "$run"/objects/*; do
        cmp -s "$object" "$folder/file" && same=$((same + 1))
    done
    [ "$same" -eq 2 ] || fail "$same of 2 HTTP bodies are the file"
}

# What the arm's row in the table of arms promises.
check_protocols() {
    some "LIR to the HSS" 13 '^302$'
    if [ "$carrier" = HTTP ]; then
        some MESSAGE 8 '^MESSAGE '
        some PUT 16 '^PUT$'
        some GET 16 '^GET$'
        awk -F '\t' '$16$17 != "" && $14 == "" { wrong = 1 } END { exit wrong }' "$run/frames" || fail "HTTP without TLS"
        check_objects
        return
    fi
    if [ "$carrier" = MSRP ]; then
        some INVITE 8 '^INVITE '
        some SDP 10 '^message .*MSRP'
        some SEND 11 ' SEND'
        protected=11
    else
        some MESSAGE 8 '^MESSAGE '
        protected=8
    fi
    [ "$path" = relays ] && some AUTH 11 ' AUTH'
    # Every message that carries the file is inside TLS, or none is, or one on three connections is not.
    awk -F '\t' -v column="$protected" -v inside="$inside" -v proof="$([ "$inside" = ESP ] && echo 18 || echo 14)" '
        $column ~ /(^MESSAGE |^MSRP [^ ]* SEND)/ { seen[$proof != ""] += split($column, values, "|") }
        END {
            if (inside == "TLS UE-AGW")
                exit !(seen[0] > 0 && seen[1] == 2 * seen[0])
            exit inside == "TLS" || inside == "ESP" ? seen[0] > 0 : seen[1] > 0
        }' "$run/frames" || fail "the file is not protected as the arm says"
    [ "$inside" = none ] || [ "$carrier" != MSRP ] || some "TLS in the SDP" 10 '^message .*TCP/TLS/MSRP'
    [ "$path" = IMS-AGWs ] || [ "$body" = TLS ] || return 0
    check_gateways
}

# RFC 4387: what Wireshark takes out of the look-up is bob's certificate.
check_certificate() {
    wireshark --export-objects "http,$run/objects" >/dev/null
    openssl x509 -in "$run/keys/bob.pem" -outform DER -out "$run/bob.der"
    for object in "$run"/objects/*; do
        cmp -s "$object" "$run/bob.der" && return
    done
    fail "no certificate of bob's was fetched"
}

# RFC 5547: the hash in the SDP is what another program finds.
check_hash() {
    wanted=$(sha1sum <"$folder/file" | cut -c 1-40 | tr a-f A-F | sed 's/../&:/g; s/:$//')
    grep -q "^a=file-selector:.* hash:sha-1:$wanted" "$run/m/messages.txt" || fail "the file's hash is not in the SDP"
}

# RFC 6714: gateways change c= and m=, and leave a=path as it is; a=fingerprint is the same all the way where TLS is.
check_gateways() {
    tr -d '\r' <"$run/m/messages.txt" >"$run/text"
    paths=$(grep '^a=path:' "$run/text" | sort -u | wc -l)
    hosts=$(grep '^c=' "$run/text" | sort -u | wc -l)
    fingerprints=$(grep '^a=fingerprint:' "$run/text" | sort -u | wc -l)
    [ "$paths" -eq 2 ] || fail "$paths different paths in the SDP"
    # Two UEs and two gateways; each further device answers with its own address.
    case "$settings" in *devices=3*) known=6 ;; *) known=4 ;; esac
    [ "$path" != IMS-AGWs ] || [ "$hosts" -eq $known ] || fail "$hosts different hosts in the SDP"
    case $inside in
    "TLS UE-AGW") wanted=4 ;;
    TLS) wanted=2 ;;
    *) wanted=0 ;;
    esac
    [ "$fingerprints" -eq "$wanted" ] || fail "$fingerprints different certificates in the SDP"
}

# The S/MIME object, from the first stream with a SEND, opened by OpenSSL.
check_sealed() {
    if [ "$carrier" = "SIP MESSAGE" ]; then
        # As they leave UE-A, one after another: what stands behind the empty line of each.
        wireshark -Y 'sip.Method == "MESSAGE" && ip.src == 192.168.80.1' -T fields -e udp.payload |
            awk '{ for (i = 1; substr($0, i, 8) != "0d0a0d0a"; i += 2) if (i > length($0)) exit 1
                   printf "%s", substr($0, i + 8) }' | unhex >"$run/sealed"
        open_sealed
        return
    fi
    stream=$(awk -F '\t' '$11 ~ / SEND/ { print $15; exit }' "$run/frames")
    follow=tcp
    [ "$hop" = TLS ] && follow=tls
    wireshark -q -z "follow,$follow,raw,$stream" >"$run/stream"
    # The second node's bytes are indented.
    grep '^[0-9a-f]*$' "$run/stream" | bodies | unhex >"$run/sealed"
    [ -s "$run/sealed" ] || sed -n 's/^\t\([0-9a-f]*\)$/\1/p' "$run/stream" | bodies | unhex >"$run/sealed"
    [ -s "$run/sealed" ] || { fail "no S/MIME object in stream $stream"; return; }
    open_sealed
}

open_sealed() {
    openssl cms -decrypt -binary -inform DER -in "$run/sealed" -recip "$run/keys/bob.pem" -inkey "$run/keys/bob.pem" \
        -out "$run/signed" 2>"$run/errors" || { fail "OpenSSL does not decrypt: $(head -n 1 "$run/errors")"; return; }
    without_headers "$run/signed" >"$run/signed.der"
    # Simulated time is not the present: certificates are judged at the time the file was signed.
    openssl cms -verify -binary -inform DER -in "$run/signed.der" -CAfile "$run/keys/authority.pem" -purpose any \
        -attime 1356998402 -out "$run/entity" 2>"$run/errors" ||
        { fail "OpenSSL does not verify: $(head -n 1 "$run/errors")"; return; }
    without_headers "$run/entity" >"$run/file"
    cmp -s "$run/file" "$folder/file" || fail "the file taken out of the capture is not the one sent"
    # Bob's key alone: Alice's must not open it.
    openssl cms -decrypt -binary -inform DER -in "$run/sealed" -recip "$run/keys/alice.pem" \
        -inkey "$run/keys/alice.pem" -out "$run/other" 2>/dev/null && fail "Alice's key opens what is for Bob"
}

# capture_arm SETTING...: a run of $scenario, or of paper-exact, with these parameters set, in $run; what Wireshark and
# libosip2 say of its messages
capture_arm() {
    name="$arm${1:+ ($*)}${scenario:+ ($scenario)}"
    run=$folder/run
    arm_failed=0
    rm -rf "$run"
    mkdir "$run"
    settings=
    for setting in "$@"; do settings="$settings --set $setting"; done
    # shellcheck disable=SC2086 # settings are words without blanks
    "$hopsim" run "${scenario:-paper-exact}" --arm "$arm" --set "transfer.file=$folder/file" --set transfer.size=0 \
        $settings --csv --pcap "$run/f.pcapng" --keys "$run/keys" --messages "$run/m" >"$run/out" 2>&1
    status=$?
    setting=${1:-}
    dissect
    check_frames
    check_counts
    "$B/tests/traces/test_osip" "$run/m/messages.txt" >"$run/osip" 2>&1 || fail "$(grep -v ERROR "$run/osip" | head -n 4)"
}

# check_arm [SETTING...]: such a run that delivers, and all that is said about it
check_arm() {
    capture_arm "$@"
    [ $status -eq 0 ] || { fail "hopsim run: $(tail -n 1 "$run/out")"; return; }
    check_protocols
    [ "$setting" = file.hash=sha-1 ] && check_hash
    [ "$setting" = smime.recipient=fetch ] && check_certificate
    # A MESSAGE that was challenged is there twice.
    [ "$body" = CMS ] && [ "$carrier-$setting" != "SIP MESSAGE-proxy.auth=digest" ] && check_sealed
    [ $arm_failed = 0 ] && echo "passed: $name"
}

# check_refused STATUS SETTING...: such a run that ends in that refusal
check_refused() {
    refusal=$1
    shift
    capture_arm "$@"
    [ $status -eq 1 ] || fail "hopsim run: status $status, not 1: $(tail -n 1 "$run/out")"
    some "refusal with $refusal" 9 "^SIP/2.0 $refusal "
    [ $arm_failed = 0 ] && echo "passed: $name"
}

# What changes the messages of every arm, a world a line.
cat >"$folder/worlds" <<'END'
session.provisional=183-prack-update session.reliable_ringing=on session.reservation=20ms
sip.transport=as-rfc connections=cold dns=cold
session.provisional=180 answer.delay=1s
proxy.auth=digest
sip.transport=as-rfc session.provisional=183-prack-update
devices=3 devices.answer=answer devices.lag=2ms
signalling.gm=esp signalling.core=esp esp.suite=aes-gcm
signalling.gm=esp signalling.core=tls esp.nat=on
signalling.gm=tls signalling.za=esp tls.version=1.2 tls.cipher=aes-cbc-sha
signalling.gm=tls tls.resumption=ticket connections=cold
signalling.core=tls tls.resumption=ticket tls.version=1.2
signalling.gm=esp signalling.za=esp esp.suite=null
ifc.orig=as ifc.term=as
background.rate=20
END
worlds=$(wc -l <"$folder/worlds")
topologies="two-domains roaming-s8hr roaming-lbo lte"

# Text, and every byte value but 0, which Wireshark would remark on where the file is sent in clear.
{
    seq 1 1500
    awk 'BEGIN { for (i = 1; i < 256; i++) printf "%02x", i }' | unhex
} >"$folder/file"
"$hopsim" list arms --csv >"$folder/arms" || exit 1
grep -q , "$folder/arms" || { echo "failed: hopsim lists no arms"; exit 1; }

# all_of_arm: the arm in each topology, through several routers and with the fragments of a smaller MTU, and in each world
all_of_arm() {
    scenario=
    check_arm
    for scenario in $topologies; do check_arm; done
    scenario=
    # shellcheck disable=SC2086 # a world is words
    while read -r world; do check_arm $world; done <"$folder/worlds"
}

# some_of_arm: one topology and one world at once, the next ones for the next arm
some_of_arm() {
    index=$((number / worlds % 5 + 1))
    scenario=
    [ $index -le 4 ] && scenario=$(echo "$topologies" | cut -d ' ' -f $index)
    # shellcheck disable=SC2046 # a world is words
    check_arm $(sed -n "$((number % worlds + 1))p" "$folder/worlds")
    scenario=
}

# The columns before the last have no commas.
number=0
while IFS=, read -r arm carrier path hop body _; do
    [ "$arm" = arm ] && continue
    number=$((number + 1))
    inside=$hop
    [ "$body" = TLS ] && inside=TLS
    if [ -n "${LONG:-}" ]; then all_of_arm; else some_of_arm; fi
    [ "$path" = IMS-AGWs ] && check_arm setup.active=answerer
    [ "$arm" = msrp-plain ] && check_arm file.hash=sha-1
    case $arm in msrp-plain | msrp-relay) check_arm msrp.nickname=on ;; esac
    [ "$body" = CMS ] || continue
    # The scenario's own suite is of 2013; RFC 8591's is the other one.
    { [ -n "${LONG:-}" ] || [ "$arm" = msrp-smime ]; } && check_arm smime.suite=rfc8591
    [ "$arm" = msrp-smime ] && check_arm smime.suite=2013-3des
    [ "$arm" = msrp-smime ] && check_arm smime.recipient=fetch
    { [ -n "${LONG:-}" ] || [ "$arm" = msrp-smime ]; } && [ "$carrier" = MSRP ] && check_arm msrp.chunk=2048
    [ "$arm" = msrp-smime ] || continue
    check_refused 404 peer.state=unknown
    check_refused 487 cancel.after=2s answer.delay=10s session.provisional=183-prack-update
    [ -n "${LONG:-}" ] || continue
    check_refused 488 peer.state=no-smime
    check_refused 503 overload.at=p-cscf-a
    check_refused 480 peer.state=unregistered
    check_refused 480 peer.state=expired
    check_refused 486 peer.state=busy
    check_refused 603 peer.state=declines
    check_refused 500 overload.at=s-cscf-b
    check_refused 407 proxy.auth=wrong-password
done <"$folder/arms"
exit $failed
