/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/progress.h"
#include "sim/wire/sdp_qos.h"

enum { SDP_SIZE = 4096, DIALOGS_MAX = 16 };

/* UE-A's view of one of the devices that have answered early. */
struct early {
    struct progress *progress;
    uint32_t number;
    char *answer;
    size_t size;
};

struct progress {
    struct world *world;
    struct progress_config config;
    struct early dialogs[DIALOGS_MAX];
    bool has_answered;          /* UE-B: by a 183 */
    bool is_pracked;            /* it has come through */
    bool has_local, has_remote; /* UE-B: its own resources, and those of UE-A */
    bool is_ready;
};

struct progress *progress_create(struct world *world, const struct progress_config *config)
{
    struct progress *progress = arena_alloc(world->arena, sizeof(*progress));

    *progress = (struct progress){.world = world, .config = *config};
    return progress;
}

bool progress_is_early(const struct progress *progress)
{
    return progress->world->scenario->provisional == PROVISIONAL_183;
}

/* ---- UE-A ---- */

void progress_write_offer(struct progress *progress, struct sink *sdp)
{
    const struct sdp_qos nothing_yet = {.has_local = false};

    if (progress_is_early(progress))
        sdp_write_qos(&nothing_yet, sdp);
}

/* Its resources are there: UPDATE says so. */
static void early_reserved(void *context, const struct cause *cause)
{
    const struct early *early = context;
    struct progress *progress = early->progress;
    const struct sdp_qos reserved = {.has_local = true, .insists_remote = true};
    char text[SDP_SIZE];
    struct sink sdp = SINK(text);

    progress->config.write_sdp(progress->config.context, true, &sdp);
    sdp_write_qos(&reserved, &sdp);
    check(!sdp.overflow);
    sip_ua_update(progress->config.ua_a, world_now(progress->world), early->number, sink_written(&sdp),
                  sip_node_outbox(progress->config.node_a));
    sip_node_do(progress->config.node_a, sip_node_outbox(progress->config.node_a), cause);
}

void progress_seen(struct progress *progress, const struct sip_output *item, const struct cause *cause)
{
    struct world *world = progress->world;
    struct sdp_qos qos;

    if (item->body.length == 0 || item->body.length > SDP_SIZE || item->token >= DIALOGS_MAX)
        return;
    struct early *early = &progress->dialogs[item->token];

    if (early->answer)
        return;
    *early = (struct early){progress, item->token, arena_alloc(world->arena, (size_t)item->body.length),
                            (size_t)item->body.length};
    slice_read(item->body, 0, early->answer, early->size);
    if (sdp_read_qos((struct span){early->answer, early->size}, &qos))
        world_wait(world, PART_PROCESSING, world->scenario->reservation_ns, cause, early, early_reserved);
}

struct span progress_answer(const struct progress *progress, uint32_t dialog)
{
    if (dialog >= DIALOGS_MAX || !progress->dialogs[dialog].answer)
        return (struct span){"", 0};
    return (struct span){progress->dialogs[dialog].answer, progress->dialogs[dialog].size};
}

/* ---- UE-B ---- */

static bool read_qos(const struct sip_output *item, struct sdp_qos *qos)
{
    char text[SDP_SIZE];
    size_t size = item->body.length < SDP_SIZE ? (size_t)item->body.length : 0;

    slice_read(item->body, 0, text, size);
    return sdp_read_qos((struct span){text, size}, qos);
}

bool progress_offered(struct progress *progress, const struct sip_output *item)
{
    struct sdp_qos qos;

    /* Without a precondition of the caller there is nothing to wait for. */
    if (!progress_is_early(progress) || !read_qos(item, &qos))
        return false;
    progress->has_remote = qos.has_local;
    return true;
}

bool progress_has_answered(const struct progress *progress)
{
    return progress->has_answered;
}

static void check_ready(struct progress *progress, const struct cause *cause)
{
    if (progress->is_ready || !progress->is_pracked || !progress->has_local || !progress->has_remote)
        return;
    progress->is_ready = true;
    progress->config.ready(progress->config.context, cause);
}

static void reserved(void *context, const struct cause *cause)
{
    struct progress *progress = context;

    progress->has_local = true;
    check_ready(progress, cause);
}

void progress_answer_early(struct progress *progress, struct sink *sdp, const struct cause *cause)
{
    const struct sdp_qos asking = {
        .has_remote = progress->has_remote, .insists_remote = true, .asks_confirmation = !progress->has_remote};
    struct world *world = progress->world;

    sdp_write_qos(&asking, sdp);
    check(!sdp->overflow);
    progress->has_answered = true;
    sip_ua_progress(progress->config.ua_b, world_now(world), 183, true, sink_written(sdp),
                    sip_node_outbox(progress->config.node_b));
    sip_node_do(progress->config.node_b, sip_node_outbox(progress->config.node_b), cause);
    world_wait(world, PART_PROCESSING, world->scenario->reservation_ns, cause, progress, reserved);
}

void progress_asked(struct progress *progress, const struct sip_output *item, const struct cause *cause)
{
    struct world *world = progress->world;
    struct sdp_qos qos;
    char text[SDP_SIZE];
    struct sink sdp = SINK(text);

    if (item->action == SIP_PRACKED) {
        progress->is_pracked = true;
        check_ready(progress, cause);
        return;
    }
    if (read_qos(item, &qos))
        progress->has_remote = qos.has_local;
    progress->config.write_sdp(progress->config.context, false, &sdp);
    const struct sdp_qos now = {
        .has_local = progress->has_local, .has_remote = progress->has_remote, .insists_remote = true};

    sdp_write_qos(&now, &sdp);
    check(!sdp.overflow);
    sip_ua_answer_update(progress->config.ua_b, world_now(world), sink_written(&sdp),
                         sip_node_outbox(progress->config.node_b));
    sip_node_do(progress->config.node_b, sip_node_outbox(progress->config.node_b), cause);
    check_ready(progress, cause);
}

void progress_ring(struct progress *progress, const struct cause *cause)
{
    struct world *world = progress->world;
    bool is_reliable = progress_is_early(progress) && world->scenario->has_reliable_ringing;

    sip_ua_progress(progress->config.ua_b, world_now(world), 180, is_reliable, (struct span){"", 0},
                    sip_node_outbox(progress->config.node_b));
    sip_node_do(progress->config.node_b, sip_node_outbox(progress->config.node_b), cause);
}
