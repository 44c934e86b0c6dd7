/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/outcome.h"

#include <assert.h>

static const char *const end_names[] = {
    "delivered",
    "setup-timeout",
    "setup-refused",
    "not-found",
    "not-registered",
    "not-authorized",
    "busy",
    "cancelled",
    "not-acceptable",
    "declined",
    "overloaded",
    "signalling-broken",
    "registration-refused",
    "registration-timeout",
    "connect-failed",
    "transfer-failed",
    "verify-failed",
    "limit",
    NULL,
};
static_assert(sizeof(end_names) / sizeof(end_names[0]) == OUTCOME_END_COUNT + 1, "each end has a name");
static_assert(PART_COUNT == 8, "each part has a row");

/* A row a line, as a table is read. */
/* clang-format off */
#define ROW(row_name, row_kind, member, row_help)                                                                      \
    {.name = (row_name), .kind = (row_kind), .offset = offsetof(struct outcome, member), .help = (row_help)}

#define PART(row_name, part, row_help) ROW("part_" row_name, FIELD_TIME, parts_ns[part], row_help)

const struct field outcome_fields[] = {
    {.name = "end", .kind = FIELD_CHOICE, .offset = offsetof(struct outcome, end), .choices = end_names,
     .help = "how the transfer ended"},
    ROW("delay", FIELD_TIME, delay_ns, "the user presses send, to verified plaintext in the receiver's hands"),
    ROW("prepare", FIELD_TIME, prepare_ns, "the user presses send, to INVITE or the first MESSAGE leaves"),
    ROW("registration", FIELD_TIME, registration_ns, "UE-A's first REGISTER leaves, to its 200 arrives (RFC 6076 section 4.1); warm: before the press"),
    ROW("setup", FIELD_TIME, setup_ns, "INVITE leaves UE-A, to its 200 arrives at UE-A"),
    ROW("protect", FIELD_TIME, protect_ns, "CMS begins at the sender, to the first byte may be sent"),
    ROW("connect", FIELD_TIME, connect_ns, "the session's first SYN, to the last leg's passive side can receive data"),
    ROW("transfer", FIELD_TIME, transfer_ns, "first byte of the file's first SEND or MESSAGE leaves, to the last is with UE-B"),
    ROW("unprotect", FIELD_TIME, unprotect_ns, "the last byte is with UE-B, to verified and in hand"),
    ROW("teardown", FIELD_TIME, teardown_ns, "BYE leaves, to its 200 arrives; not part of the delay"),
    ROW("refusal", FIELD_TIME, refusal_ns, "INVITE or the first MESSAGE leaves, to its refusal arrives at UE-A or its waiting ends"),
    ROW("status", FIELD_COUNT, status, "the SIP status of that refusal, or the MSRP status of a refused SEND; 0: there was none"),
    PART("processing", PART_PROCESSING, "of the delay: nodes work on or keep messages"),
    PART("queueing", PART_QUEUEING, "of the delay: waiting behind other traffic"),
    PART("transmission", PART_TRANSMISSION, "of the delay: bits enter links"),
    PART("propagation", PART_PROPAGATION, "of the delay: bits cross links"),
    PART("crypto", PART_CRYPTO, "of the delay: cryptography"),
    PART("timer", PART_TIMER, "of the delay: waiting for timers, retransmissions"),
    PART("answering", PART_ANSWERING, "of the delay: the human answers"),
    PART("feedback", PART_FEEDBACK, "of the delay: waiting for acknowledgements"),
    ROW("file", FIELD_SIZE, file_bytes, "the plaintext"),
    ROW("body", FIELD_SIZE, body_bytes, "the file as carried: the CMS object, or the plaintext"),
    ROW("chunks", FIELD_COUNT, chunks, "SENDs of UE-A, or MESSAGEs"),
    ROW("wire", FIELD_SIZE, wire_bytes, "all links and packets from press to the end, lost ones too, link layer included"),
    ROW("payload", FIELD_SIZE, payload_bytes, "of those that arrived, without link, IP, TCP and UDP headers"),
    ROW("layer_link", FIELD_SIZE, layer_link_bytes, "of those that arrived: the link layer"),
    ROW("layer_ip", FIELD_SIZE, layer_ip_bytes, "IP headers"),
    ROW("layer_transport", FIELD_SIZE, layer_transport_bytes, "TCP and UDP headers"),
    ROW("layer_esp", FIELD_SIZE, layer_esp_bytes, "ESP, with the IP and UDP headers of its tunnels"),
    ROW("layer_tls", FIELD_SIZE, layer_tls_bytes, "of the payload, TLS: handshakes and what records add, as first sent"),
    ROW("layer_sip", FIELD_SIZE, layer_sip_bytes, "of the payload, SIP and SDP but for bodies of MESSAGEs, as sent"),
    ROW("packet_hops", FIELD_COUNT, packet_hops, "packets moved over a link"),
    ROW("retransmissions", FIELD_COUNT, retransmissions, "TCP segments and SIP messages sent again, together, until the file is in hand"),
    ROW("events", FIELD_COUNT, events, "events of the simulation"),
    ROW("cpu", FIELD_TIME, cpu_ns, "work of all hosts' CPUs"),
    ROW("ue_cpu", FIELD_TIME, ue_cpu_ns, "of it, UE-A and UE-B"),
    ROW("core_cpu", FIELD_TIME, core_cpu_ns, "of it, hosts of CSCFs and HSSs, with relays that share them"),
    ROW("relay_cpu", FIELD_TIME, relay_cpu_ns, "of it, hosts of relays, gateways and servers alone"),
    ROW("pressed", FIELD_TIME, pressed_ns, "simulated time of the press"),
    {.name = NULL},
};
