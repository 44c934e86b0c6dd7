/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ue_b.c - the process of the user who receives over MSRP: answers the INVITE, takes what was offered and no more,
 * and puts the file into its folder when it holds. */
#include "bench/measure/ue.h"
#include "sim/base/check.h"

struct ue_b {
    struct node *node;
    struct sip_ua *ua;
    struct sip_peer *peer;
    struct msrp_ue *media;
    struct receipt receipt;
    uint64_t file_bytes;              /* as offered */
    char peer_aor[SIP_IDENTITY_SIZE]; /* of the INVITE; empty: it does not say */
    bool is_invited, is_received, is_closing;
};

/* What was offered, sealed where it is to come sealed, is all that may come. */
static bool ue_make_room(struct ue_b *ue, const struct sip_output *item)
{
    const struct cast *cast = ue->node->cast;
    char text[UE_SDP_SIZE];
    struct sdp_msrp sdp;
    size_t size = item->body.length < UE_SDP_SIZE ? (size_t)item->body.length : 0;
    struct note note = {{0}};

    slice_read(item->body, 0, text, size);
    if (sdp_read((struct span){text, size}, &sdp) != ERR_OK || !sdp.has_file_size || sdp.is_tls != cast->way.is_tls ||
        sdp.file_size > UINT64_MAX / 4) {
        node_fail(ue->node, NODE_SETUP_REFUSED, "the offer has no file that can be taken");
        return false;
    }
    ue->file_bytes = sdp.file_size;
    uint64_t most = cast->way.is_cms ? cms_sealed_size(cast->suite, true, sdp.file_size) : sdp.file_size;

    if (receipt_open(&ue->receipt, cast->folder, most, &note) != ERR_OK) {
        node_fail(ue->node, NODE_FAULT, "%s", note.text);
        return false;
    }
    msrp_ue_limit(ue->media, most);
    msrp_ue_expect(ue->media, sdp.fingerprint);
    return true;
}

static void ue_told(void *context, const struct sip_output *item)
{
    struct ue_b *ue = context;

    if (ue_registered(ue->node, item))
        return;
    if (item->action == SIP_INVITED && !ue->is_invited) {
        ue->is_invited = true;
        if (sip_identity(item->head, ue->peer_aor) != ERR_OK)
            node_fail(ue->node, NODE_SETUP_REFUSED, "the INVITE does not say whom it is from");
        else if (ue_make_room(ue, item))
            msrp_ue_prepare(ue->media);
    } else if (item->action == SIP_ENDED) {
        /* Relays answer for themselves, so a BYE may overtake the file: what is under way is still taken. */
        ue->is_closing = true;
        if (ue->is_received)
            msrp_ue_close(ue->media);
    } else if (item->action == SIP_TIMED_OUT) {
        node_fail(ue->node, NODE_SETUP_TIMEOUT, "nobody acknowledged the answer");
    }
}

static void ue_prepared(void *context)
{
    struct ue_b *ue = context;
    char text[UE_SDP_SIZE];
    struct sink sdp = SINK(text);

    ue_write_sdp(ue->node, ue->media, ue->file_bytes, &sdp);
    sip_ua_answer(ue->ua, loop_now_ns(), sink_written(&sdp), sip_peer_outbox(ue->peer));
    sip_peer_do(ue->peer);
}

static bool ue_body(void *context, uint64_t offset, struct slice slice)
{
    struct ue_b *ue = context;
    struct note note = {{0}};

    if (ue->is_received)
        return true;
    if (ue->receipt.fd < 0)
        return false;
    enum err error = receipt_write(&ue->receipt, offset, slice, &note);

    if (error != ERR_OK)
        node_fail(ue->node, error == ERR_FULL ? NODE_FAULT : NODE_TRANSFER_FAILED, "%s", note.text);
    return error == ERR_OK;
}

static void ue_received(void *context, uint64_t length, struct span content_type)
{
    struct ue_b *ue = context;
    bool is_clear = !ue->node->cast->way.is_cms;

    (void)content_type;
    if (ue->is_received)
        return;
    node_now(ue->node, MARK_LAST_BYTE);
    ue->is_received = true;
    if (is_clear && length != ue->file_bytes) {
        node_fail(ue->node, NODE_TRANSFER_FAILED, "%llu bytes came and %llu were offered", (unsigned long long)length,
                  (unsigned long long)ue->file_bytes);
        receipt_drop(&ue->receipt);
    } else {
        ue_keep(ue->node, &ue->receipt, length, ue->peer_aor);
    }
    if (ue->is_closing)
        msrp_ue_close(ue->media);
}

static void ue_failed(void *context, enum node_end end, const char *text)
{
    struct ue_b *ue = context;

    /* Once the file is in hand, a connection that breaks has nothing left to lose. */
    if (!ue->is_received)
        node_fail(ue->node, end, "%s", text);
}

static const struct msrp_ue_owner media_owner = {
    .prepared = ue_prepared, .body = ue_body, .received = ue_received, .failed = ue_failed};

static void ue_warm(void *context)
{
    const struct ue_b *ue = context;

    ue_register(ue->ua, ue->peer);
}

static void ue_leave(void *context)
{
    const struct ue_b *ue = context;

    ue_deregister(ue->ua, ue->peer);
}

static uint64_t ue_resent(void *context)
{
    const struct ue_b *ue = context;

    return sip_peer_resent(ue->peer) + msrp_ue_resent(ue->media);
}

enum err ue_b_start(struct node *node, struct note *note)
{
    const struct cast *cast = node->cast;
    struct arena *arena = arena_create(UE_MEMORY);

    if (!arena)
        return note_set(note, ERR_FULL, "no memory for UE-B");
    struct ue_b *ue = arena_alloc(arena, sizeof(*ue));

    *ue = (struct ue_b){.node = node, .receipt = {.folder = -1, .fd = -1}};
    ue->ua = sip_peer_user_agent(cast, arena, CAST_UE_B);
    struct sip_peer_config peer = {.ua = ue->ua, .context = ue, .told = ue_told};
    struct msrp_ue_config media = {.node = node,
                                   .label = "bob",
                                   .is_listening = true,
                                   .accept_types = cast->way.is_cms ? ue_sealed_types : NULL,
                                   .context = ue,
                                   .owner = &media_owner};

    ue->peer = sip_peer_create(node, arena, &peer, note);
    ue->media = ue->peer ? msrp_ue_create(arena, &media, note) : NULL;
    if (!ue->media)
        return ERR_FILE;
    node->context = ue;
    if (cast->core) {
        node->warm = ue_warm;
        node->leave = ue_leave;
    }
    node->resent = ue_resent;
    return ERR_OK;
}
