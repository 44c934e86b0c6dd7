/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/pager.h"
#include "sim/ims/registration.h"
#include "sim/ims/cargo.h"
#include "sim/ims/intercept.h"
#include "sim/proto/sip_parts.h"

enum { PAGER_URI_SIZE = 96 };

struct pager {
    struct world *world;
    struct sip_ua *ua_a, *ua_b;
    struct sip_node *node_a, *node_b;
    struct cargo cargo;
    struct sip_parts parts;
    uint64_t sent;           /* parts sent */
    uint64_t next;           /* UE-B: the part that is missing first, from 1 */
    uint64_t received_bytes; /* UE-B: of the body */
    bool is_matching;        /* UE-B: every byte so far was the one sent */
    bool is_answered;        /* UE-A: every part */
    char target[PAGER_URI_SIZE];
};

/* Headers grow by the routes of the registration, bodies by what seals them: cut anew when both are known. */
static enum err pager_fit(struct pager *pager, struct note *note)
{
    const struct world *world = pager->world;
    bool is_large = world->arm->messages == MESSAGES_LARGE;
    uint64_t limit = is_large ? world->scenario->message_large_bytes : world->scenario->message_bytes;

    pager->parts.target = pager->target;
    pager->parts.content_type = pager->cargo.content_type;
    pager->parts.file = pager->cargo.body;
    return sip_parts_fit(&pager->parts, pager->ua_a, limit, is_large ? "message.size_large" : "message.size", note);
}

uint64_t pager_messages(const struct pager *pager)
{
    return pager->sent;
}

uint64_t pager_body_bytes(const struct pager *pager)
{
    return pager->cargo.body.length;
}

void pager_retire(struct pager *pager)
{
    sip_node_retire(pager->node_a);
    sip_node_retire(pager->node_b);
}

static void pager_next(struct pager *pager, const struct cause *cause)
{
    struct world *world = pager->world;
    struct sip_ua_message message = sip_parts_message(&pager->parts, ++pager->sent);

    sip_ua_message(pager->ua_a, world_now(world), &message, sip_node_outbox(pager->node_a));
    sip_node_do(pager->node_a, sip_node_outbox(pager->node_a), cause);
}

static void pager_begin(void *context, const struct cause *cause)
{
    struct pager *pager = context;
    struct moments *moments = &pager->world->moments;

    if (pager->cargo.is_sealed_body)
        moments->sealed_ns = world_now(pager->world);
    if (pager_fit(pager, pager->world->note) != ERR_OK) {
        world_refuse_scenario(pager->world);
        return;
    }
    moments->signalled_ns = moments->first_byte_ns = world_now(pager->world);
    pager_next(pager, cause);
}

static void pager_seal(void *context, const struct cause *cause)
{
    struct pager *pager = context;

    if (pager->cargo.is_sealed_body)
        cargo_seal(&pager->cargo, cause, pager, pager_begin);
    else
        pager_begin(pager, cause);
}

void pager_press(struct pager *pager, const struct cause *cause)
{
    if (registration_stands(pager->world, cause, pager, pager_seal))
        pager_seal(pager, cause);
}

/* Nothing is left to come: UE-A has its last answer, UE-B the file. */
static void pager_end(struct pager *pager)
{
    if (pager->is_answered && pager->world->is_delivered)
        world_end(pager->world);
}

static void pager_a_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    struct pager *pager = context;
    struct world *world = pager->world;
    struct cause forward = cause_forward(cause);

    if (item->action == SIP_REFUSED && pager->sent == 1)
        world_refuse(world, item->status, sip_node_arrived_ns(pager->node_a));
    else if (item->action == SIP_BROKEN && pager->sent == 1)
        world_break(world);
    else if (item->action == SIP_TIMED_OUT && pager->sent == 1) {
        world->moments.refused_ns = world_now(world);
        world_fail(world, OUTCOME_SETUP_TIMEOUT);
    } else if (item->action == SIP_REFUSED || item->action == SIP_TIMED_OUT || item->action == SIP_BROKEN)
        world_fail(world, OUTCOME_TRANSFER_FAILED);
    if (item->action != SIP_MESSAGE_ANSWERED)
        return;
    if (pager->sent < pager->parts.count) {
        pager_next(pager, &forward);
        return;
    }
    pager->is_answered = true;
    pager_end(pager);
}

static void pager_b_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    (void)context;
    (void)item;
    (void)cause;
}

/* Compares what came with what was sent: by reference where it still is the file's own slice, else byte by byte. */
static bool is_part(struct pager *pager, uint64_t part, struct slice body)
{
    struct sip_ua_message sent = sip_parts_message(&pager->parts, part);
    uint8_t a[4096], b[4096];

    if (body.length != sent.body.length)
        return false;
    if (body.source == sent.body.source)
        return body.offset == sent.body.offset;
    for (uint64_t at = 0; at < body.length;) {
        size_t run = body.length - at < sizeof(a) ? (size_t)(body.length - at) : sizeof(a);

        slice_read(body, at, a, run);
        slice_read(sent.body, at, b, run);
        if (memcmp(a, b, run) != 0)
            return false;
        at += run;
    }
    return true;
}

static void pager_in_hand(void *context, const struct cause *cause)
{
    struct pager *pager = context;
    struct world *world = pager->world;

    world->moments.in_hand_ns = world_now(world);
    if (!cargo_verify(&pager->cargo, pager->received_bytes)) {
        world_fail(world, OUTCOME_VERIFY_FAILED);
        return;
    }
    check(cause->transfer == 0 || parts_total(&cause->parts) == world_now(world) - world->moments.pressed_ns);
    world->delivered = *cause;
    world->is_delivered = true;
    world->end = OUTCOME_DELIVERED;
    watch_event(world, "plaintext UE-B %llu bytes", (unsigned long long)world->trial->file_bytes);
    pager_end(pager);
}

/* What came is kept behind what was there; what is not what was sent is noticed at once, unless somebody tampers. */
static void pager_take(struct pager *pager, uint64_t part, struct slice body)
{
    struct cargo *cargo = &pager->cargo;
    bool fits = body.length <= cargo->received_capacity - pager->received_bytes;

    if (!intercept_is_on(pager->world))
        pager->is_matching = pager->is_matching && is_part(pager, part, body);
    pager->is_matching = pager->is_matching && fits;
    if (!pager->is_matching)
        return;
    if (cargo->received && body.length > 0)
        slice_read(body, 0, cargo->received + pager->received_bytes, (size_t)body.length);
    pager->received_bytes += body.length;
}

/* The type of a part, as its head has it. */
static struct span type_of(struct span head)
{
    struct sip_message message;

    return sip_parse(head, &message) == ERR_OK ? sip_value(&message, SIP_HEADER_CONTENT_TYPE) : (struct span){0};
}

static void pager_arrived(void *context, struct span head, struct slice body, const struct cause *cause)
{
    struct pager *pager = context;
    struct world *world = pager->world;
    struct cause forward = cause_forward(cause);
    uint64_t part, parts;

    if (!sip_parts_read(head, &part, &parts) || part != pager->next)
        return;
    if (part == 1)
        cargo_heard(&pager->cargo, head);
    pager_take(pager, part, body);
    if (pager->next++ < parts)
        return;
    world->moments.last_byte_ns = world_now(world);
    if (!pager->is_matching || !cargo_fits(&pager->cargo, pager->received_bytes, type_of(head)))
        world_fail(world, OUTCOME_VERIFY_FAILED);
    else if (pager->cargo.is_sealed_body)
        cargo_open(&pager->cargo, &forward, pager, pager_in_hand);
    else
        pager_in_hand(pager, &forward);
}

enum err pager_create(struct world *world, struct sip_ua *ua_a, struct sip_ua *ua_b, struct pager **out,
                      struct note *note)
{
    struct pager *pager = arena_alloc(world->arena, sizeof(*pager));
    struct sip_node_config a = {.role = ROLE_UE_A, .ua = ua_a, .context = pager, .told = pager_a_told};
    struct sip_node_config b = {
        .role = ROLE_UE_B, .ua = ua_b, .context = pager, .told = pager_b_told, .arrived = pager_arrived};

    pager->world = world;
    world_write_aor(world, ROLE_UE_B, pager->target, sizeof(pager->target));
    pager->ua_a = ua_a;
    pager->ua_b = ua_b;
    pager->next = 1;
    pager->is_matching = true;
    cargo_init(&pager->cargo, world);
    TRY(pager_fit(pager, note));
    pager->node_a = sip_node_create(world, &a);
    pager->node_b = sip_node_create(world, &b);
    *out = pager;
    return ERR_OK;
}
