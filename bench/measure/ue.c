/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/ue.h"
#include "sim/base/check.h"

#include <time.h>

const char *const ue_sealed_types[] = {"application/pkcs7-mime", NULL};

void ue_write_sdp(const struct node *node, const struct msrp_ue *media, uint64_t file_bytes, struct sink *sink)
{
    const struct cast *cast = node->cast;
    bool is_offer = node->role == CAST_UE_A;
    char text[128];
    struct sink fingerprint = SINK(text);
    struct sdp_msrp sdp = {.user = is_offer ? SPAN("alice") : SPAN("bob"),
                           .session_id = is_offer ? 2890844526 : 2890844527,
                           .version = 1,
                           .host = span_of(cast->hosts[node->role]),
                           .port = CAST_MSRP_PORT,
                           .is_tls = cast->way.is_tls,
                           .path = span_of(msrp_ue_path(media)),
                           .accept_types = cast->way.is_cms ? SPAN("application/pkcs7-mime") : SPAN("*"),
                           .direction = is_offer ? SDP_SENDONLY : SDP_RECVONLY,
                           .setup = is_offer ? SDP_SETUP_ACTIVE : SDP_SETUP_PASSIVE,
                           .has_file = true,
                           .file_name = SPAN("file.ini"),
                           .file_type = SPAN("application/octet-stream"),
                           .has_file_size = true,
                           .file_size = file_bytes,
                           .file_transfer_id = SPAN("Ta7c19e0b52d4f38")};

    if (cast->way.has_fingerprints) {
        stream_tls_fingerprint(cast_server(cast, node->role), &fingerprint);
        sdp.fingerprint = sink_written(&fingerprint);
    }
    sdp_write(&sdp, sink);
    check(!sink->overflow);
}

void ue_keep(struct node *node, struct receipt *receipt, uint64_t length, const char *peer_aor)
{
    const struct cast *cast = node->cast;
    enum party_kind kind = cms_party_kind(cast->suite);
    const struct party_set *parties = &cast->parties;
    struct cms_opening opening = {.recipient = &parties->bob[kind],
                                  .authority = &parties->authority[kind],
                                  .sender_aor = peer_aor,
                                  .sender = &parties->alice[kind],
                                  .at_s = (int64_t)time(NULL),
                                  .weakest = cast->suite};
    struct note note = {{0}};
    uint64_t size = 0;
    enum err error = receipt_keep(receipt, length, cast->way.is_cms ? &opening : NULL, cast->name, &size, &note);

    if (error == ERR_OK)
        node_now(node, MARK_IN_HAND);
    else if (error == ERR_FILE || error == ERR_FULL)
        node_fail(node, NODE_FAULT, "%s", note.text);
    else
        node_fail(node, NODE_VERIFY_FAILED, "%s", note.text);
    receipt_drop(receipt);
}

void ue_register(struct sip_ua *ua, struct sip_peer *peer)
{
    sip_ua_register(ua, loop_now_ns(), sip_peer_outbox(peer));
    sip_peer_do(peer);
}

void ue_deregister(struct sip_ua *ua, struct sip_peer *peer)
{
    sip_ua_deregister(ua, loop_now_ns(), sip_peer_outbox(peer));
    sip_peer_do(peer);
}

bool ue_registered(struct node *node, const struct sip_output *item)
{
    switch (item->action) {
    case SIP_REGISTERED:
        node_now(node, MARK_WARM);
        return true;
    case SIP_REGISTRATION_REFUSED:
        node_fail(node, NODE_SETUP_REFUSED, "%s: REGISTER got %d", cast_user(node->cast, node->role)->aor,
                  item->status);
        return true;
    case SIP_DEREGISTERED:
        node->loop.is_over = true;
        return true;
    default:
        return false;
    }
}
