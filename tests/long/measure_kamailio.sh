#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# hopsim measure through another implementation's relay, Kamailio's msrp.so: AUTH with a digest, Use-Path, chunks of 2 kB
# and as long as its frames may be (10 kB), by TCP and by TLS, in a network namespace of its own.
[ "$(id -u)" -eq 0 ] || { echo "skipped: a network namespace needs root"; exit 77; }
command -v kamailio >/dev/null || { echo "skipped: kamailio is not installed"; exit 77; }
. "$(dirname "$0")/../cli/common"

space=kamailio-msrp-$$
relay=127.0.0.1
ip netns add $space || exit 1
pid=
finish() {
    [ -z "$pid" ] || { kill "$pid"; wait "$pid"; } 2>/dev/null
    ip netns del $space
    rm -rf "$folder"
}
trap finish EXIT
ip -n $space link set lo up

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=relay \
    -addext "subjectAltName=IP:$relay" -keyout key.pem -out cert.pem 2>/dev/null
cat >tls.cfg <<END
[server:default]
method = TLSv1.2+
certificate = $folder/cert.pem
private_key = $folder/key.pem
verify_certificate = no
[client:default]
method = TLSv1.2+
verify_certificate = no
END

# configure plain|tls: a relay that asks for a digest, answers for itself and passes on along To-Path
configure() {
    cat <<END
debug=1
log_stderror=yes
children=1
tcp_children=2
disable_tcp=no
tcp_accept_no_cl=yes
tcp_rd_buf_size=16384
tcp_conn_wq_max=16777216
tcp_wq_max=33554432
auto_aliases=no
END
    if [ "$1" = tls ]; then
        echo "enable_tls=yes"
        echo "listen=tls:$relay:2855"
    else
        echo "listen=tcp:$relay:2855"
    fi
    cat <<END
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "textops.so"
loadmodule "xlog.so"
loadmodule "auth.so"
END
    # Frames wait in its queues, by default 32 and 64 kB long, while it connects; beyond that it drops them silently.
    [ "$1" = tls ] && cat <<END
loadmodule "tls.so"
modparam("tls", "config", "$folder/tls.cfg")
modparam("tls", "con_ct_wq_max", 16777216)
modparam("tls", "ct_wq_max", 33554432)
END
    cat <<END
loadmodule "msrp.so"
modparam("msrp", "sipmsg", 1)
modparam("msrp", "cmap_size", 8)
request_route {
    exit;
}
event_route[msrp:frame-in] {
    msrp_reply_flags("1");
    if (msrp_is_reply()) {
        msrp_relay();
    } else if (\$msrp(method) == "AUTH") {
        if (\$msrp(nexthops) > 0) {
            msrp_relay();
            exit;
        }
        if (!pv_www_authenticate("open-ims.test", "secret", "0", "\$msrp(method)")) {
            auth_get_www_authenticate("open-ims.test", "1", "\$var(challenge)");
            msrp_reply("401", "Unauthorized", "\$var(challenge)");
            exit;
        }
        msrp_cmap_save();
    } else if (\$msrp(method) == "SEND") {
        msrp_reply("200", "OK");
        msrp_relay();
    } else {
        msrp_relay();
    }
}
END
}

start() { # plain|tls
    configure "$1" >"kamailio-$1.cfg"
    mkdir -p run
    ulimit -c 0
    ip netns exec $space kamailio -f "$folder/kamailio-$1.cfg" -DD -E -m 32 -M 8 -Y "$folder/run" -P "$folder/pid" \
        >"kamailio-$1.log" 2>&1 &
    pid=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        ip netns exec $space ss -Hltn | grep -q "$relay:2855" && return
        sleep 0.5
    done
    echo "failed: kamailio does not listen"
    tail -20 "kamailio-$1.log"
    exit 1
}

stop() {
    kill "$pid"
    wait "$pid" 2>/dev/null
    pid=
    # Its sockets have to be gone before the next one listens.
    sleep 1
}

measure() { # WHAT OPTION...
    name=$1
    shift
    expect "$name" ip netns exec $space "$HOPSIM" measure --arm msrp-relay --hops 1 --loopback "$@"
    grep '^median' log
}

start plain
measure "one chunk by TCP" --relay msrp://$relay:2855 --size 1000B
measure "2 kB chunks by TCP" --relay msrp://$relay:2855 --size 100KiB --chunk 2048B --repeat 3
measure "10 kB chunks by TCP" --relay msrp://$relay:2855 --size 1MiB --chunk 10000B --repeat 3
measure "10 kB chunks by TCP, sealed" --relay msrp://$relay:2855 --arm msrp-relay-smime --size 300KiB --chunk 10000B
stop
start tls
measure "one chunk by TLS" --relay msrps://$relay:2855 --authority cert.pem --size 1000B
measure "2 kB chunks by TLS" --relay msrps://$relay:2855 --authority cert.pem --size 100KiB --chunk 2048B --repeat 3
measure "10 kB chunks by TLS" --relay msrps://$relay:2855 --authority cert.pem --size 1MiB --chunk 10000B --repeat 5
measure "one SEND at a time" --relay msrps://$relay:2855 --authority cert.pem --size 50KiB --chunk 2048B --window 1
ip netns exec $space "$HOPSIM" measure --arm msrp-relay --hops 1 --loopback --relay msrps://$relay:2855 >out 2>err
expect "a relay whose certificate nobody trusts gets no file" [ $? -eq 1 ]
expect "and the reason is TLS" grep -q "TLS failed" out
stop
exit $failed
