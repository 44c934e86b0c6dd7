/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/scenario.h"

#include <assert.h>

static const char *const topologies[] = {"single-host", "home", "two-domains", "roaming", NULL};
static_assert(sizeof(topologies) / sizeof(topologies[0]) == TOPOLOGY_COUNT + 1, "each topology has a name");
static const char *const breakouts[] = {"s8hr", "lbo", NULL};
static const char *const presets[] = {"custom", "lan", "wifi", "lte", "5g", NULL};
static_assert(sizeof(presets) / sizeof(presets[0]) == ACCESS_COUNT + 1, "each preset has a name");
static const char *const connections[] = {"warm", "cold", NULL};
static const char *const auths[] = {"per-session", "cached", NULL};
static const char *const forwardings[] = {"store-and-forward", "cut-through", NULL};
static const char *const sip_transports[] = {"as-observed", "as-rfc", NULL};
static const char *const tcp_answers[] = {"refused", "accepted", NULL};
static const char *const protections[] = {"none", "esp", "tls", NULL};
static const char *const tunnels[] = {"none", "esp", NULL};
static const char *const tls_versions[] = {"1.3", "1.2", NULL};
static const char *const tls_ciphers[] = {"aes-gcm", "aes-cbc-sha", NULL};
static const char *const tls_resumptions[] = {"full", "ticket", NULL};
static const char *const esp_suites[] = {"aes-cbc", "aes-gcm", "null", NULL};
static const char *const provisionals[] = {"none", "180", "183-prack-update", NULL};
static const char *const peer_states[] = {"registered", "unknown",  "unregistered", "expired",
                                          "busy",       "no-smime", "declines",     NULL};
static_assert(sizeof(peer_states) / sizeof(peer_states[0]) == PEER_COUNT + 1, "each state has a name");
static const char *const peer_msrps[] = {"regular", "text-only", "forgetful", NULL};
static_assert(sizeof(peer_msrps) / sizeof(peer_msrps[0]) == PEER_MSRP_COUNT + 1, "each way has a name");
static const char *const proxy_auths[] = {"off", "digest", "wrong-password", NULL};
static const char *const subscribers[] = {"regular",        "unknown",     "barred", "wrong-key",
                                          "wrong-response", "out-of-sync", NULL};
static const char *const dns_choices[] = {"cached", "cold", NULL};
static const char *const enders[] = {"caller", "callee", NULL};
static const char *const devices_answers[] = {"ring", "answer", NULL};
static const char *const ifc_servers[] = {"none", "as", NULL};
static const char *const overloads[] = {"none", "p-cscf-a", "s-cscf-a", "i-cscf-b", "s-cscf-b", "p-cscf-b", NULL};
static_assert(sizeof(overloads) / sizeof(overloads[0]) == OVERLOAD_COUNT + 1, "each place has a name");
static const char *const chunkings[] = {"few-large", "2048", NULL};
static const char *const success_reports[] = {"no", "yes", NULL};
static const char *const failure_reports[] = {"yes", "no", "partial", NULL};
static const char *const jitter_orders[] = {"kept", "free", NULL};
static const char *const tcp_sets[] = {"rfc", "linux", NULL};
static_assert(sizeof(tcp_sets) / sizeof(tcp_sets[0]) == TCP_SET_COUNT + 1, "each set has a name");
static const char *const tcp_congestion_names[] = {"newreno", "cubic", NULL};
static const char *const tcp_rack_rules[] = {"rfc", "linux", NULL};
static const char *const tcp_loss_bases[] = {"flight", "window", NULL};
static const char *const tcp_recoveries[] = {"sack", "rack-tlp", NULL};
static const char *const tcp_idle_restarts[] = {"keep", "restart", "halve", NULL};
static const char *const arrivals[] = {"poisson", "deterministic", "staircase", "capture", NULL};
static_assert(sizeof(arrivals) / sizeof(arrivals[0]) == ARRIVALS_COUNT + 1, "each kind of arrivals has a name");
static const char *const distributions[] = {"lognormal", "exponential", NULL};
static const char *const switches[] = {"off", "on", NULL};
static const char *const suites[] = {"rfc8591", "rfc4975-rsa", "2013-3des", NULL};
static const char *const certificates[] = {"left-out", "included", NULL};
static const char *const hashes[] = {"off", "sha-1", NULL};
static const char *const recipients[] = {"cached", "fetch", NULL};
static const char *const actives[] = {"offerer", "answerer", NULL};
static const char *const seals[] = {"after-answer", "at-press", "before-invite", NULL};

/* A row a line, as a table is read. */
/* clang-format off */
#define ROW(row_name, row_kind, member, row_standard, row_least, row_most, row_help, row_source)                       \
    {.name = (row_name), .kind = (row_kind), .offset = offsetof(struct scenario, member), .standard = (row_standard),  \
     .least = (row_least), .most = (row_most), .help = (row_help), .source = (row_source)}

#define CHOICE(row_name, member, row_standard, row_choices, row_help, row_source)                                      \
    {.name = (row_name), .kind = FIELD_CHOICE, .offset = offsetof(struct scenario, member),                            \
     .standard = (row_standard), .choices = (row_choices), .help = (row_help), .source = (row_source)}

/* The ten rows of a kind of link. */
#define LINK(link, what, rate, delay, queue, mtu_bytes, overhead, origin, mtu_origin)                                  \
    ROW(#link ".rate", FIELD_RATE, link.rate_bps, rate, "0", "1Tbit/s", "bit rate of " what "; 0: infinitely fast",    \
        origin),                                                                                                       \
    ROW(#link ".delay", FIELD_TIME, link.delay_ns, delay, "0", "10s", "propagation one way over " what, origin),       \
    ROW(#link ".jitter", FIELD_TIME, link.jitter_ns, "0", "0", "10s",                                                  \
        "the most that is added to a packet's propagation, uniform", "assumed"),                                       \
    CHOICE(#link ".jitter_order", link.jitter_order, "kept", jitter_orders,                                            \
           "kept: a packet waits for those sent before it; free: it may overtake them", "assumed"),                    \
    ROW(#link ".loss", FIELD_RATIO, link.loss, "0", "0", "100%", "share of packets lost", "assumed"),                  \
    ROW(#link ".loss_burst", FIELD_COUNT, link.loss_burst, "1", "1", "10000",                                          \
        "mean run of losses, packets; 1: each is lost independently, more: Gilbert's two states", "assumed"),          \
    ROW(#link ".queue", FIELD_SIZE, link.queue_bytes, queue, "0", "1GiB", "bytes that may wait for transmission",      \
        "assumed"),                                                                                                    \
    ROW(#link ".burst", FIELD_SIZE, link.burst_bytes, "0", "0", "1GiB",                                                \
        "bytes sent at once after silence: depth of a token bucket (Linux' tbf), a packet at least; 0: none", \
        "0: a transmitter has no bucket"),                                                                             \
    ROW(#link ".mtu", FIELD_SIZE, link.mtu, mtu_bytes, "576B", "65535B", "largest IP packet", mtu_origin),             \
    ROW(#link ".overhead", FIELD_SIZE, link.overhead_bytes, overhead, "0", "256B",                                     \
        "link-layer bytes of each packet", "an Ethernet header, as captures show it; none on a loopback")

const struct field scenario_fields[] = {
    ROW("name", FIELD_TEXT, name, "unnamed", NULL, NULL, "what results are called after", "-"),
    ROW("shows", FIELD_TEXT, shows, "", NULL, NULL, "one sentence: what the scenario shows", "-"),
    CHOICE("topology", topology, "home", topologies,
           "single-host: every CSCF and relay shares one CPU; home: each role has a host; two-domains: each user in a "
           "network of its own; roaming: UE-A visits the network of UE-B",
           "assumed"),
    CHOICE("roaming.breakout", breakout, "s8hr", breakouts,
           "where a roaming UE-A's IP anchor and P-CSCF(A) are: s8hr: in its home network; lbo: in the visited network",
           "GSMA IR.65, IR.88"),
    CHOICE("connections", connections, "warm", connections,
           "warm: registrations, signalling and core connections stand before the press; cold: everything opens inside "
           "the delay, both registrations too",
           "kind to the hop-by-hop baselines"),
    ROW("seed", FIELD_COUNT, seed, "1", NULL, NULL, "of all random draws, the same for every arm", "any number"),

    ROW("transfer.file", FIELD_TEXT, file_path, "", NULL, NULL,
        "the file to send; empty: a built-in INI text, repeated or cut to transfer.size", "-"),
    ROW("transfer.size", FIELD_SIZE, file_bytes, "1MiB", "0", "64GiB",
        "how much of it is sent; 0: as long as the file is", "assumed"),

    CHOICE("access.preset", access_preset, "custom", presets,
           "gives the access.* of a kind of access; what is set after it, in a later line or by --set, stands", "-"),
    LINK(access, "the link between a UE and its edge", "50Mbit/s", "10ms", "256KiB", "1500B", "14B", "assumed",
         "RFC 894"),
    ROW("access.rate_up", FIELD_RATE, access_rate_up_bps, "0", "0", "1Tbit/s",
        "bit rate from a UE to the network, where it is another one; 0: as access.rate", "assumed"),
    ROW("access.promotion", FIELD_TIME, promotion_ns, "0", "0", "10s",
        "what the first packet after silence waits for, to or from a UE, until the radio is connected; queueing",
        "0: a wire has no such state"),
    ROW("access.promotion_idle", FIELD_TIME, promotion_idle_ns, "10s", "0", "1000s",
        "silence of a UE's access link, both directions, after which the radio is idle; as it is at the press",
        "assumed"),
    LINK(core, "the link between an edge and the core router", "1Gbit/s", "5ms", "4MiB", "1500B", "14B", "assumed",
         "RFC 894"),
    LINK(site, "the link between a CSCF, HSS, relay or border router and the core router", "1Gbit/s", "100us", "4MiB",
         "1500B", "14B", "assumed", "RFC 894"),
    LINK(za, "the link between the border routers of two networks", "1Gbit/s", "10ms", "4MiB", "1500B", "14B",
         "assumed", "RFC 894"),
    LINK(s8, "the link from the visited network to the home network, with s8hr", "1Gbit/s", "30ms", "4MiB", "1500B",
         "50B", "assumed", "RFC 894"),
    LINK(loopback, "the way between roles on one host", "0", "0", "64MiB", "65535B", "0",
         "negligible beside any dwell; assumed", "the largest IPv4 packet, RFC 791"),
    ROW("network.forward_extra", FIELD_TIME, forward_extra_ns, "0", "0", "1s",
        "added to every link's propagation in the direction of the file", "for the law of one nanosecond"),
    ROW("network.cut_after", FIELD_TIME, cut_ns, "0", "0", "1000s",
        "from the press until UE-B's access link loses every packet; 0: never", "for what dead receivers do"),

    ROW("dwell.table", FIELD_TEXT, dwell_table, "kamailio-captures", NULL, NULL,
        "how long nodes keep messages: a built-in table (hopsim list dwells) or a file", "public captures of Kamailio"),
    ROW("dwell.spread", FIELD_RATIO, dwell_spread, "0", "0", "300%",
        "coefficient of variation of each dwell, lognormal; 0: constant", "assumed"),
    CHOICE("dwell.distribution", dwell_distribution, "lognormal", distributions,
           "of a dwell around its row's value: lognormal, the value its median and dwell.spread its variation; exponential, "
           "the value its mean",
           "assumed"),
    ROW("costs.table", FIELD_TEXT, cost_table, "server-2026", NULL, NULL,
        "CPU time of cryptography: a built-in table (hopsim list costs) or a file", "measured with OpenSSL"),
    ROW("cpu.workers", FIELD_COUNT, cpu_workers, "4", "1", "64", "jobs that a host serves at once", "assumed"),
    ROW("cpu.queue", FIELD_COUNT, cpu_queue, "1000", "16", "1000000", "jobs that may wait for a host", "assumed"),
    ROW("answer.delay", FIELD_TIME, answer_ns, "0", "0", "170s", "how long the human takes to answer",
        "left out of comparisons; beyond 180 s the proxies give up (RFC 3261 section 16.6, timer C)"),

    CHOICE("sip.transport", sip_transport, "as-observed", sip_transports,
           "as-observed: SIP requests go by UDP, in fragments if need be; as-rfc: those over the way's MTU less 200 B, as "
           "they are at that hop, go by TCP",
           "what cores and the paper do; RFC 3261 section 18.1.1"),
    CHOICE("sip.tcp", sip_takes_tcp, "accepted", tcp_answers,
           "whether SIP nodes take the connections of as-rfc; refused: those requests go back to UDP",
           "RFC 3261 section 18.1.1"),
    CHOICE("signalling.gm", signalling_gm, "none", protections,
           "what protects SIP between a UE and its P-CSCF; an arm whose file goes in MESSAGEs has its own instead",
           "TS 33.203: esp, or tls (annex O)"),
    CHOICE("signalling.core", signalling_core, "none", protections,
           "the same between CSCFs; esp: also between them and the HSS", "TS 33.210: inside a network it may be left out"),
    CHOICE("signalling.za", signalling_za, "none", tunnels,
           "esp: security gateways at the border routers tunnel SIP that crosses from one network to the other",
           "TS 33.210 section 5"),
    CHOICE("tls.version", tls_version, "1.3", tls_versions,
           "of TLS wherever it is used; 1.2, with ECDHE, takes a round trip more",
           "RFC 8446, RFC 5246"),
    CHOICE("tls.cipher", tls_cipher, "aes-gcm", tls_ciphers,
           "aes-gcm: AES-128-GCM; aes-cbc-sha: AES-128-CBC behind HMAC-SHA-1 as in 2013, 5+16+20 B and padding a record, "
           "with tls.version = 1.2 alone",
           "RFC 5288, RFC 8446; aes-cbc-sha: RFC 5246 section 6.2.3.2, RFC 8422"),
    CHOICE("tls.resumption", tls_resumption, "full", tls_resumptions,
           "full: every handshake of TLS, and no tickets; ticket: servers give them, and who has one resumes, without "
           "certificates (1.3 with psk_dhe_ke and no early data, 1.2 in one round trip); warm: whoever connects inside the "
           "delay has one, cold: who has connected there before",
           "full: assumed; ticket: RFC 8446 sections 2.2, 4.6.1, RFC 5077"),
    CHOICE("esp.suite", esp_suite, "aes-cbc", esp_suites,
           "aes-cbc: 128 bits, with HMAC-SHA-1-96; aes-gcm: 128 bits, tag of 16 B; null: HMAC-SHA-1-96 alone",
           "TS 33.203 annex H; RFC 3602, RFC 4106, RFC 2410"),
    CHOICE("esp.nat", esp_nat, "off", switches, "on: between a UE and its P-CSCF ESP is a tunnel within UDP",
           "TS 33.203 annex M, RFC 3948"),
    CHOICE("session.provisional", provisional, "none", provisionals,
           "what comes between INVITE and its 200: nothing but 100; 180; or 183, PRACK, UPDATE and 180 as with "
           "preconditions",
           "none: the paper; TS 24.229 section 5.1.3, RFC 3262, RFC 3311, RFC 3312"),
    CHOICE("session.reliable_ringing", has_reliable_ringing, "off", switches,
           "whether the 180 too is reliable, its PRACK and 200 beside the answering; with 183-prack-update",
           "RFC 3262"),
    ROW("session.reservation", FIELD_TIME, reservation_ns, "0", "0", "30s",
        "how long a UE takes to reserve resources, with 183-prack-update: UE-A's UPDATE waits for its own, the 180 for both",
        "0: kind to the sessions; on a radio a bearer has to be set up"),
    CHOICE("session.ended_by", ended_by, "caller", enders,
           "who sends BYE: UE-A when all is answered, or UE-B when the file is in its hands and answered for",
           "caller: the paper's figures"),
    CHOICE("peer.state", peer_state, "registered", peer_states,
           "user B: unknown to the HSS (404); not registered, as the HSS knows (480) or only the S-CSCF does (expired, "
           "480); busy (486); without S/MIME (488 to an offer of nothing else); declines (603)",
           "RFC 3261 section 21; TS 24.229 sections 5.3.2.1, 5.4.3.3"),
    CHOICE("peer.msrp", peer_msrp, "regular", peer_msrps,
           "what UE-B's MSRP does although its SDP promised to take the file: regular: takes it; text-only: takes text/plain "
           "alone (415); forgetful: no longer knows the session when the first SEND comes (481)",
           "RFC 4975 sections 10.6, 10.8"),
    ROW("devices", FIELD_COUNT, devices, "1", "1", "8",
        "devices of user B: S-CSCF(B) forks to all, the first takes the file", "RFC 3261 section 16.7"),
    CHOICE("devices.answer", devices_answer, "ring", devices_answers,
           "what the other devices do: ring until they are cancelled, or answer too, with their media refused: UE-A "
           "acknowledges and ends what comes too late",
           "RFC 3261 section 13.2.2.4"),
    ROW("devices.lag", FIELD_TIME, devices_lag_ns, "1ms", "0", "170s", "how much later than the first they answer",
        "assumed"),
    ROW("background.rate", FIELD_COUNT, background_rate, "0", "0", "1000000",
        "PUBLISH, NOTIFY and OPTIONS of other users a second, Poisson, through the same CSCFs and links from 2 s before "
        "the press on; they occupy CPUs where the dwell table has work times",
        "0: an idle network, kind to the signalling"),
    CHOICE("ifc.orig", ifc_orig, "none", ifc_servers,
           "as: the profile of user A has initial filter criteria that send INVITE and MESSAGE through an application server",
           "TS 23.218 section 5.2, TS 29.228 annex B"),
    CHOICE("ifc.term", ifc_term, "none", ifc_servers, "the same for the profile of user B",
           "TS 23.218 section 5.2, TS 29.228 annex B"),
    CHOICE("proxy.auth", proxy_auth, "off", proxy_auths,
           "whether S-CSCF(A) challenges UE-A's INVITE and first MESSAGE with 407, and what UE-A answers",
           "off: AKA and the security association of the registration; digest: TS 24.229 section 5.4.3.2"),
    CHOICE("register.subscriber", subscriber, "regular", subscribers,
           "user A: known to the HSS; unknown; barred from registering; with a USIM whose key is another one or whose "
           "sequence numbers are far ahead; with a UE that answers challenges wrongly",
           "3GPP TS 29.228 section 6.1.1, TS 33.102 section 6.3"),
    CHOICE("register.second_uar", second_uar, "on", switches,
           "whether the I-CSCF asks the HSS for the second REGISTER of a registration too",
           "on: TS 24.229 section 5.3.1.2; off in public captures of Kamailio IMS"),
    CHOICE("dns", dns, "cached", dns_choices,
           "cached: SIP nodes know one another's addresses; cold: NAPTR, SRV and A are asked for before the first "
           "request to an I-CSCF, and by UEs for their P-CSCF",
           "RFC 3263"),
    CHOICE("overload.at", overload_at, "none", overloads,
           "the CSCF that refuses what begins with 503 and Retry-After; from behind a proxy UE-A hears 500",
           "RFC 3261 sections 16.7, 21.5.4"),
    ROW("overload.retry_after", FIELD_TIME, retry_after_ns, "5s", "1s", "3600s", "of that 503, in whole seconds",
        "assumed"),
    ROW("overload.jobs", FIELD_COUNT, overload_jobs, "0", "0", "1000000",
        "jobs at a CSCF's host, waiting and in service, from which on it refuses what begins with 503 and Retry-After; "
        "0: never, its queue runs full",
        "RFC 3261 section 21.5.4"),
    ROW("overload.work", FIELD_TIME, overload_work_ns, "0", "0", "1s", "what a CSCF works on a request that it refuses so",
        "assumed; 0: kind to the overloaded"),
    CHOICE("overload.heeded", heeds_retry_after, "on", switches,
           "whether a CSCF whose next hop has said Retry-After sends it nothing that begins for as long, and answers that "
           "with 500; the users of a load who hear 503 wait as long too",
           "RFC 3261 sections 16.7, 21.5.4"),
    CHOICE("reset.at", reset_at, "none", overloads,
           "the CSCF that was restarted after its SIP connections (TCP, TLS) were opened: it answers what comes on one by "
           "RST, which counts as 503; over UDP nobody notices",
           "RFC 3261 sections 8.1.3.1, 16.9, 17.1.4"),
    ROW("cancel.after", FIELD_TIME, cancel_ns, "0", "0", "170s",
        "from the INVITE until UE-A's user gives up: CANCEL (487); 0: never", "RFC 3261 section 9.1"),
    ROW("message.size", FIELD_SIZE, message_bytes, "1300B", "600B", "60KiB",
        "of a MESSAGE as it leaves UE-A, headers included", "RFC 3428 section 8"),
    ROW("message.size_large", FIELD_SIZE, message_large_bytes, "60KiB", "600B", "60KiB",
        "the same in the arm message-large, over TLS", "assumed"),
    ROW("path.relays", FIELD_COUNT, relays, "2", "1", "6", "MSRP relays or B2BUAs on the path",
        "one a UE; the paper's scenario has one at each CSCF site"),
    CHOICE("relay.forwarding", relay_forwarding, "cut-through", forwardings, "how a relay passes chunks on",
           "kind to the hop-by-hop baselines; RFC 4976"),
    ROW("agw.control", FIELD_TIME, agw_control_ns, "0", "0", "10s",
        "what a P-CSCF waits for its IMS-AGW (H.248, 3GPP TS 29.334) before it passes on an offer or answer",
        "assumed: both in one place, and no public capture shows it"),
    ROW("relay.chunk", FIELD_SIZE, relay_chunk_bytes, "0", "0", "64GiB",
        "what a relay or B2BUA passes on at most in a SEND, cutting longer ones again; 0: as they come",
        "RFC 4976 section 6"),
    CHOICE("auth", auth, "per-session", auths, "whether a relay's AUTH is done once a transfer at each UE or stands",
           "RFC 4976"),
    CHOICE("setup.active", setup_active, "offerer", actives,
           "who opens the session's connection and speaks first on it; with relays each UE opens its own", "RFC 6135"),
    CHOICE("msrp.chunk", chunking, "few-large", chunkings, "chunks as large as they may be, or of 2,048 B",
           "RFC 4975 section 5.1"),
    ROW("msrp.window", FIELD_COUNT, window, "0", "0", "1000000", "SENDs outstanding; 0: without limit",
        "RFC 4975 does not require waiting for the 200"),
    ROW("msrp.read", FIELD_TIME, read_ns, "0", "0", "10s",
        "from a file's last byte at UE-B until its user agent, which that wakes, has read it",
        "0: assumed; fitted to measured transfers by hopsim validate --core"),
    ROW("msrp.text_after", FIELD_TIME, text_after_ns, "0", "0", "1000s",
        "from the file's first byte until UE-A sends a short text in the same session, for which a long chunk is cut off; "
        "0: never",
        "RFC 4975 section 5.1"),
    ROW("msrp.second_after", FIELD_TIME, second_after_ns, "0", "0", "1000s",
        "from the file's first byte until UE-A opens a second connection to UE-B and claims the session there, in vain "
        "(506); direct arms with setup.active = offerer; 0: never",
        "RFC 4975 sections 5.4, 10.10"),
    CHOICE("msrp.nickname", asks_nickname, "off", switches,
           "on: before the file UE-A asks for a nickname (RFC 7701) by a method that relays pass on and neither B2BUAs nor "
           "UE-B know (501)",
           "RFC 4975 section 10.9"),
    CHOICE("msrp.success_report", success_report, "no", success_reports,
           "yes: UE-B reports when it has the whole file, and BYE waits for that", "RFC 4975 section 7.1.2"),
    CHOICE("msrp.failure_report", failure_report, "yes", failure_reports,
           "which SENDs are answered: yes: all; partial: those that fail, for which BYE waits 30 s; no: none",
           "RFC 4975 section 7.1.1"),
    ROW("msrp.size_max", FIELD_SIZE, receive_bytes_max, "0", "0", "64GiB",
        "what UE-B takes of a message, it answers 413 to a longer one; 0: everything", "RFC 4975 section 10.5"),

    CHOICE("tcp.set", tcp_set, "rfc", tcp_sets,
           "gives the tcp.* but tcp.buffer: as RFCs have it, or as Linux does; what is set after it stands", "-"),
    CHOICE("tcp.congestion", tcp_congestion, "newreno", tcp_congestion_names,
           "how the congestion window grows and what a loss leaves of it", "RFC 5681, RFC 6582; cubic: RFC 9438"),
    CHOICE("tcp.hystart", tcp_hystart, "off", switches,
           "on: cubic may leave slow start before a loss, by the classic HyStart with Linux's numbers",
           "Ha and Rhee 2008; Linux, net/ipv4/tcp_cubic.c"),
    CHOICE("tcp.recovery", tcp_recovery, "sack", tcp_recoveries,
           "how losses are found: by SACK blocks, or by the time of sending, with probes of the tail",
           "RFC 6675; rack-tlp: RFC 8985"),
    CHOICE("tcp.loss_base", tcp_loss_base, "flight", tcp_loss_bases,
           "what a loss leaves a share of: what is on its way, or the congestion window",
           "RFC 5681 section 3.1, RFC 9438 section 4.6; window: Linux"),
    CHOICE("tcp.rack_rules", tcp_rack_rules, "rfc", tcp_rack_rules,
           "of rack-tlp. linux: in a recovery the window shrinks in proportion to what is delivered (PRR), what SACK blocks tell widens it too, RACK.rtt is of what was acknowledged last",
           "RFC 8985; linux: RFC 9937, Linux, net/ipv4/tcp_input.c, tcp_recovery.c"),
    CHOICE("tcp.idle_restart", tcp_idle_restart, "restart", tcp_idle_restarts,
           "the window after silence: keep it; restart from the initial one; halve it for each timeout's length",
           "RFC 5681 section 4.1; halve: RFC 2861, Linux"),
    ROW("tcp.initial_window", FIELD_COUNT, tcp_initial_window, "10", "1", "100", "segments sent before the first ACK",
        "RFC 6928"),
    ROW("tcp.buffer", FIELD_SIZE, tcp_buffer_bytes, "1MiB", "32KiB", "1GiB",
        "of a socket, each direction; a TLS record of 16 KiB must fit into it", "assumed"),
    ROW("tcp.delayed_ack", FIELD_TIME, tcp_delayed_ack_ns, "40ms", "0", "500ms",
        "how long an ACK waits for a second segment; 0: every segment is acknowledged at once",
        "Linux's least; RFC 1122 allows 500 ms"),
    CHOICE("tcp.quick_ack", tcp_quick_ack, "off", switches,
           "on: the first 16 segments, as many after silence, and ends of writes that nothing answers soon are acknowledged at once",
           "Linux, net/ipv4/tcp_input.c"),
    ROW("tcp.rto_min", FIELD_TIME, tcp_rto_min_ns, "1s", "1ms", "60s", "least retransmission timeout", "RFC 6298"),
    ROW("tcp.rto_spread_min", FIELD_TIME, tcp_rto_spread_min_ns, "1ms", "1us", "60s",
        "what the timeout adds to the smoothed round trip, at least", "RFC 6298: the clock's grain; assumed"),
    ROW("tcp.rack_margin", FIELD_TIME, tcp_rack_margin_ns, "0", "0", "1s",
        "what the timers of rack-tlp, for reordering and for a probe, add to what RFC 8985 has them wait",
        "2ms: Linux, include/net/tcp.h: TCP_TIMEOUT_MIN_US"),
    CHOICE("tcp.timestamps", tcp_timestamps, "on", switches, "12 B in every segment", "RFC 7323"),

    CHOICE("smime.suite", suite, "rfc8591", suites, "algorithms of the sealed file", "RFC 8591; RFC 4975; S/MIME as in 2013, RFC 3370"),
    CHOICE("smime.certificate", certificate, "included", certificates, "whether the signer's certificate is sent along",
           "RFC 8591"),
    CHOICE("seal.when", seal_when, "after-answer", seals, "when the sender seals the file",
           "only the answer shows that the peer takes S/MIME"),
    ROW("seal.chunk", FIELD_SIZE, seal_chunk_bytes, "0", "0", "1GiB",
        "how much of the file is sealed at once, sent while the next is sealed, and opened while the next comes; 0: all of "
        "it, as the standards have it",
        "ours, beyond RFC 8591 section 8.1 and RFC 5547"),
    CHOICE("smime.recipient", recipient, "cached", recipients,
           "the recipient's certificate: there before, or fetched from its operator's store (HTTP) when sealing is to begin",
           "RFC 4387; kind to the proposal"),
    CHOICE("file.hash", file_hash, "off", hashes,
           "sha-1: UE-A hashes the file before INVITE, UE-B again before it is in hand; arms that carry it over MSRP",
           "RFC 5547 section 6"),

    CHOICE("load.arrivals", load_arrivals, "poisson", arrivals,
           "of hopsim load: how attempts to send the file arrive: a Poisson process; one after equal times; Poisson with a "
           "rate that rises in steps; when the INVITEs of load.capture were first sent",
           "staircase: ETSI TS 186 008-1"),
    ROW("load.rate", FIELD_FREQUENCY, load_rate_per_ks, "10/s", "0", "1000000/s",
        "attempts to send the file, on the average; 0: none",
        "assumed"),
    ROW("load.duration", FIELD_TIME, load_ns, "60s", "1s", "1000000s", "how long they arrive; then all are seen to their end",
        "assumed"),
    ROW("load.users", FIELD_COUNT, load_users, "100000", "2", "4000000",
        "registered users, half of them callers; a thousand share an access link and an address", "assumed"),
    ROW("load.step_rate", FIELD_FREQUENCY, load_step_rate_per_ks, "0", "0", "1000000/s",
        "of a staircase: by how much each step is higher than the one before", "assumed"),
    ROW("load.step_time", FIELD_TIME, load_step_ns, "10s", "1s", "100000s", "of a staircase: how long a step is", "assumed"),
    ROW("load.capture", FIELD_TEXT, load_capture, "", NULL, NULL, "the capture of load.arrivals = capture", "-"),
    ROW("load.calls", FIELD_FREQUENCY, load_calls_per_ks, "0", "0", "1000000/s",
        "calls beside the files, a Poisson process: INVITE with an offer of speech, 180 unless session.provisional is none, 200, ACK, "
        "BYE; they count as attempts",
        "ETSI TS 186 008-1 counts all kinds; the rate is assumed"),
    ROW("load.call_time", FIELD_TIME, load_call_ns, "10s", "0", "3600s",
        "how long people talk, exponential with this mean; calls under way are steady after some times that",
        "assumed: short, so that a load need not last long; what the core has to do does not depend on it"),
    ROW("load.registrations", FIELD_FREQUENCY, load_registrations_per_ks, "0", "0", "1000000/s",
        "UEs that register again, a Poisson process: REGISTER, challenge, REGISTER, through CSCFs and HSS; they count as "
        "attempts",
        "ETSI TS 186 008-1 counts all kinds; the rate is assumed"),
    ROW("load.delay_max", FIELD_TIME, load_delay_max_ns, "10s", "0", "1000s",
        "an attempt whose file is in hand (call is answered, UE is registered) later than this is inadequately handled, as "
        "one that fails; 0: only those",
        "ETSI TS 186 008-1 counts both; the time is assumed"),
    {.name = NULL},
};
