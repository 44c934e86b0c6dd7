/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pager.c - the two users' processes where the file goes in SIP MESSAGEs (RFC 3428), one outstanding, each part
 * numbered by the header that the simulator writes, too.
 */
#include "bench/measure/ue.h"
#include "sim/proto/sip_parts.h"

struct pager {
    struct node *node;
    struct sip_ua *ua;
    struct sip_peer *peer;
    struct receipt receipt; /* UE-B */
    struct sip_parts parts; /* UE-A */
    uint64_t sent;
    uint64_t next, received, expected; /* UE-B: the part missing first, from 1; bytes so far; parts in all */
    char peer_aor[SIP_IDENTITY_SIZE];
    bool is_over;
};

/* ---- UE-A ---- */

static enum err pager_fit(struct pager *pager, struct note *note)
{
    const struct cast *cast = pager->node->cast;

    pager->parts =
        (struct sip_parts){.target = cast_target(cast), .content_type = "application/octet-stream", .file = cast->file};
    return sip_parts_fit(&pager->parts, pager->ua, cast->message_bytes, "message.size", note);
}

static void pager_next(struct pager *pager)
{
    struct sip_ua_message message = sip_parts_message(&pager->parts, ++pager->sent);

    sip_ua_message(pager->ua, loop_now_ns(), &message, sip_peer_outbox(pager->peer));
    sip_peer_do(pager->peer);
}

static void pager_press(void *context)
{
    struct pager *pager = context;
    int64_t now_ns = loop_now_ns();

    node_tell(pager->node, MARK_PRESSED, now_ns);
    node_tell(pager->node, MARK_SIGNALLED, now_ns);
    node_tell(pager->node, MARK_FIRST_BYTE, now_ns);
    node_tell(pager->node, MARK_BODY, (int64_t)pager->node->cast->file.length);
    pager_next(pager);
}

/* How long a MESSAGE's headers are is known only with the Service-Route of the registration. */
static bool pager_registered(struct pager *pager, const struct sip_output *item)
{
    struct note note = {{0}};

    if (item->action == SIP_REGISTERED && pager->node->role == CAST_UE_A && pager_fit(pager, &note) != ERR_OK) {
        node_fail(pager->node, NODE_FAULT, "%s", note.text);
        return true;
    }
    return ue_registered(pager->node, item);
}

static void pager_a_told(void *context, const struct sip_output *item)
{
    struct pager *pager = context;

    if (pager_registered(pager, item))
        return;
    if (item->action == SIP_REFUSED)
        node_fail(pager->node, NODE_TRANSFER_FAILED, "MESSAGE %llu got %d", (unsigned long long)pager->sent,
                  item->status);
    else if (item->action == SIP_TIMED_OUT)
        node_fail(pager->node, pager->sent == 1 ? NODE_SETUP_TIMEOUT : NODE_TRANSFER_FAILED,
                  "nobody answered MESSAGE %llu in time", (unsigned long long)pager->sent);
    if (item->action != SIP_MESSAGE_ANSWERED)
        return;
    if (pager->sent < pager->parts.count) {
        pager_next(pager);
        return;
    }
    node_tell(pager->node, MARK_CHUNKS, (int64_t)pager->sent);
    node_now(pager->node, MARK_ENDED);
}

/* ---- UE-B ---- */

/* Parts come in order, since the next is sent when the last was answered; what comes again is passed over. */
static void pager_arrived(void *context, struct span head, struct slice body)
{
    struct pager *pager = context;
    struct note note = {{0}};
    uint64_t part, parts;

    if (pager->is_over || !sip_parts_read(head, &part, &parts) || part != pager->next)
        return;
    if (pager->next == 1)
        pager->expected = parts;
    if (pager->next == 1 && sip_identity(head, pager->peer_aor) != ERR_OK) {
        pager->is_over = true;
        node_fail(pager->node, NODE_TRANSFER_FAILED, "the MESSAGE does not say whom it is from");
        return;
    }
    if (parts != pager->expected) {
        pager->is_over = true;
        node_fail(pager->node, NODE_TRANSFER_FAILED, "a part of another file came");
        return;
    }
    if (receipt_write(&pager->receipt, pager->received, body, &note) != ERR_OK) {
        pager->is_over = true;
        node_fail(pager->node, NODE_TRANSFER_FAILED, "%s", note.text);
        return;
    }
    pager->received += body.length;
    if (pager->next++ < pager->expected)
        return;
    pager->is_over = true;
    node_now(pager->node, MARK_LAST_BYTE);
    ue_keep(pager->node, &pager->receipt, pager->received, pager->peer_aor);
}

static void pager_b_told(void *context, const struct sip_output *item)
{
    (void)pager_registered(context, item);
}

/* ---- Both ---- */

static void pager_connected(void *context)
{
    const struct pager *pager = context;

    node_now(pager->node, MARK_WARM);
}

static void pager_warm(void *context)
{
    struct pager *pager = context;

    if (pager->node->cast->core)
        ue_register(pager->ua, pager->peer);
    else if (sip_peer_transport(pager->node->cast) == SIP_UDP)
        node_now(pager->node, MARK_WARM);
    else
        sip_peer_connect(pager->peer, pager->node->role == CAST_UE_A ? CAST_P_A : CAST_P_B);
}

static void pager_leave(void *context)
{
    const struct pager *pager = context;

    ue_deregister(pager->ua, pager->peer);
}

static uint64_t pager_resent(void *context)
{
    const struct pager *pager = context;

    return sip_peer_resent(pager->peer);
}

static enum err pager_start(struct node *node, const struct sip_peer_config *wanted, struct pager **out,
                            struct note *note)
{
    struct arena *arena = arena_create(UE_MEMORY);

    if (!arena)
        return note_set(note, ERR_FULL, "no memory for a user");
    struct pager *pager = arena_alloc(arena, sizeof(*pager));
    struct sip_peer_config config = *wanted;

    pager->node = node;
    pager->next = 1;
    pager->ua = config.ua = sip_peer_user_agent(node->cast, arena, node->role);
    config.context = pager;
    config.connected = node->cast->core ? NULL : pager_connected;
    pager->peer = sip_peer_create(node, arena, &config, note);
    if (!pager->peer)
        return ERR_FILE;
    node->context = pager;
    node->warm = pager_warm;
    if (node->cast->core)
        node->leave = pager_leave;
    node->resent = pager_resent;
    *out = pager;
    return ERR_OK;
}

enum err pager_a_start(struct node *node, struct note *note)
{
    const struct sip_peer_config config = {.told = pager_a_told};
    struct pager *pager = NULL;

    TRY(pager_start(node, &config, &pager, note));
    node->press = pager_press;
    return node->cast->core ? ERR_OK : pager_fit(pager, note);
}

enum err pager_b_start(struct node *node, struct note *note)
{
    const struct sip_peer_config config = {.arrived = pager_arrived, .told = pager_b_told};
    struct pager *pager = NULL;

    TRY(pager_start(node, &config, &pager, note));
    return receipt_open(&pager->receipt, node->cast->folder, node->cast->file.length, note);
}
