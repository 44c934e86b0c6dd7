/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ue_a.c - the process of the user who sends over MSRP: AUTH, INVITE, sealing after the answer, the file, BYE. */
#include "bench/measure/ue.h"
#include "sim/base/check.h"

#include <stdlib.h>
#include <time.h>

struct ue_a {
    struct node *node;
    struct sip_ua *ua;
    struct sip_peer *peer;
    struct msrp_ue *media;
    struct source sealed_source;
    struct slice body; /* as carried */
    bool is_answered, is_bye_sent;
};

static bool seal(struct ue_a *ue)
{
    const struct cast *cast = ue->node->cast;
    enum party_kind kind = cms_party_kind(cast->suite);
    struct cms_sealing sealing = {.sender = &cast->parties.alice[kind],
                                  .recipient = &cast->parties.bob[kind],
                                  .suite = cast->suite,
                                  .with_certificate = true,
                                  .signing_time_s = (int64_t)time(NULL)};
    size_t size = (size_t)cms_sealed_size(cast->suite, true, cast->file.length);
    struct note note = {{0}};

    node_now(ue->node, MARK_SEALING);
    uint8_t *sealed = malloc(size);

    if (!sealed || cms_seal(&sealing, cast->file, sealed, size, &note) != ERR_OK) {
        node_fail(ue->node, NODE_FAULT, "the file cannot be sealed: %s", sealed ? note.text : "no memory");
        free(sealed);
        return false;
    }
    node_now(ue->node, MARK_SEALED);
    ue->sealed_source = source_memory(sealed);
    ue->body = (struct slice){&ue->sealed_source, 0, size};
    return true;
}

/* The connection opens while the file is sealed: the answer has shown both where to and that the peer takes S/MIME. */
static void ue_answered(struct ue_a *ue, const struct sip_output *item)
{
    const struct cast *cast = ue->node->cast;
    char text[UE_SDP_SIZE];
    struct sdp_msrp sdp;
    size_t size = item->body.length < UE_SDP_SIZE ? (size_t)item->body.length : 0;
    const char *type = "application/octet-stream";

    node_tell(ue->node, MARK_ANSWERED, sip_peer_arrived_ns(ue->peer));
    slice_read(item->body, 0, text, size);
    if (sdp_read((struct span){text, size}, &sdp) != ERR_OK || sdp.port == 0 || sdp.is_tls != cast->way.is_tls) {
        node_fail(ue->node, NODE_SETUP_REFUSED, "the answer has no session that can be used");
        return;
    }
    ue->is_answered = true;
    msrp_ue_expect(ue->media, sdp.fingerprint);
    msrp_ue_connect(ue->media, sdp.path);
    if (cast->way.is_cms) {
        if (!seal(ue))
            return;
        type = cms_content_type(cast->suite);
    }
    node_tell(ue->node, MARK_BODY, (int64_t)ue->body.length);
    msrp_ue_send(ue->media, ue->body, type);
}

static void ue_told(void *context, const struct sip_output *item)
{
    struct ue_a *ue = context;

    if (ue_registered(ue->node, item))
        return;
    switch (item->action) {
    case SIP_ANSWERED:
        if (!ue->is_answered)
            ue_answered(ue, item);
        break;
    case SIP_REFUSED:
        node_fail(ue->node, NODE_SETUP_REFUSED, "the INVITE or BYE got %d", item->status);
        break;
    case SIP_TIMED_OUT:
        node_fail(ue->node, ue->is_answered ? NODE_TRANSFER_FAILED : NODE_SETUP_TIMEOUT,
                  "nobody answered the INVITE or BYE in time");
        break;
    case SIP_BYE_ANSWERED:
        node_tell(ue->node, MARK_ENDED, sip_peer_arrived_ns(ue->peer));
        break;
    default:
        break;
    }
}

/* ---- What the media tells ---- */

static void ue_prepared(void *context)
{
    struct ue_a *ue = context;
    char text[UE_SDP_SIZE];
    struct sink sdp = SINK(text);

    ue_write_sdp(ue->node, ue->media, ue->node->cast->file.length, &sdp);
    int64_t now_ns = loop_now_ns();

    node_tell(ue->node, MARK_SIGNALLED, now_ns);
    sip_ua_invite(ue->ua, now_ns, cast_target(ue->node->cast), sink_written(&sdp), sip_peer_outbox(ue->peer));
    sip_peer_do(ue->peer);
}

static void ue_sent(void *context)
{
    struct ue_a *ue = context;

    if (ue->is_bye_sent)
        return;
    ue->is_bye_sent = true;
    int64_t now_ns = loop_now_ns();

    node_tell(ue->node, MARK_BYE, now_ns);
    node_tell(ue->node, MARK_CHUNKS, (int64_t)msrp_ue_chunks(ue->media));
    sip_ua_bye(ue->ua, now_ns, sip_peer_outbox(ue->peer));
    sip_peer_do(ue->peer);
    msrp_ue_close(ue->media);
}

static void ue_failed(void *context, enum node_end end, const char *text)
{
    struct ue_a *ue = context;

    node_fail(ue->node, end, "%s", text);
}

static const struct msrp_ue_owner media_owner = {.prepared = ue_prepared, .sent = ue_sent, .failed = ue_failed};

/* ---- Commands ---- */

static void ue_warm(void *context)
{
    const struct ue_a *ue = context;

    ue_register(ue->ua, ue->peer);
}

static void ue_leave(void *context)
{
    const struct ue_a *ue = context;

    ue_deregister(ue->ua, ue->peer);
}

static void ue_press(void *context)
{
    struct ue_a *ue = context;

    node_now(ue->node, MARK_PRESSED);
    msrp_ue_prepare(ue->media);
}

static uint64_t ue_resent(void *context)
{
    const struct ue_a *ue = context;

    return sip_peer_resent(ue->peer) + msrp_ue_resent(ue->media);
}

enum err ue_a_start(struct node *node, struct note *note)
{
    struct arena *arena = arena_create(UE_MEMORY);

    if (!arena)
        return note_set(note, ERR_FULL, "no memory for UE-A");
    struct ue_a *ue = arena_alloc(arena, sizeof(*ue));

    *ue = (struct ue_a){.node = node, .body = node->cast->file};
    ue->ua = sip_peer_user_agent(node->cast, arena, CAST_UE_A);
    struct sip_peer_config peer = {.ua = ue->ua, .context = ue, .told = ue_told};
    struct msrp_ue_config media = {.node = node, .label = "alice", .context = ue, .owner = &media_owner};

    ue->peer = sip_peer_create(node, arena, &peer, note);
    ue->media = ue->peer ? msrp_ue_create(arena, &media, note) : NULL;
    if (!ue->media)
        return ERR_FILE;
    node->context = ue;
    if (node->cast->core) {
        node->warm = ue_warm;
        node->leave = ue_leave;
    }
    node->press = ue_press;
    node->resent = ue_resent;
    return ERR_OK;
}
