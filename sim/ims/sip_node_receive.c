/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What comes to a SIP element, by UDP or over its connections: whole messages, each kept for its dwell, and what
 * becomes of a connection.
 */
#include "sim/ims/sip_node_state.h"
#include "sim/base/units.h"
#include "sim/ims/gate.h"
#include "sim/ims/ipsec.h"

static const struct channel_owner sip_channel_owner;

/* ---- Receiving ---- */

static void job_free(struct sip_job *job)
{
    check(job->node->jobs > 0);
    job->node->jobs--;
    job->next = job->node->jobs_free;
    job->node->jobs_free = job;
}

static uint64_t node_retry_after_s(const struct sip_node *node)
{
    return (uint64_t)(node->world->scenario->retry_after_ns + SECOND - 1) / (uint64_t)SECOND;
}

static void job_done(void *context, const struct cause *cause)
{
    struct sip_job *job = context;
    struct sip_node *node = job->node;
    struct span head = {job->head, job->head_size};

    watch_acted(node->world, job->watched);
    if (job->asking_ns > 0)
        job->not_before_ns = world_now(node->world) + job->asking_ns;
    node->running = job;
    job->cause = *cause;
    if (job->is_refused)
        sip_proxy_set_overload(node->proxy, node_retry_after_s(node));
    if (node->ua)
        sip_ua_receive(node->ua, world_now(node->world), job->from, head, job->body, &node->outbox);
    else
        sip_proxy_receive(node->proxy, world_now(node->world), job->from, head, job->body, &node->outbox);
    if (job->is_refused)
        sip_proxy_set_overload(node->proxy, 0);
    sip_node_do(node, &node->outbox, cause);
    node->running = NULL;
    job_free(job);
}

static struct sip_job *job_take(struct sip_node *node)
{
    struct sip_job *job = node->jobs_free;

    if (job)
        node->jobs_free = job->next;
    else
        job = arena_alloc(node->world->arena, sizeof(*job));
    node->jobs++;
    job->node = node;
    job->asking_ns = job->not_before_ns = 0;
    job->is_refused = false;
    job->body = (struct slice){0};
    return job;
}

/* A P-CSCF that controls a gateway asks it (H.248) before it can pass on SDP. A dwell that includes the media proxy has
 * that in it already. */
static void add_control(const struct sip_job *job, struct site_dwell *drawn)
{
    const struct world *world = job->node->world;
    int64_t control_ns = world->scenario->agw_control_ns, whole_ns = drawn->dwell.work_ns + drawn->dwell.wait_ns;

    if (job->body.length == 0 || world_agw_of(world, job->node->role) == ROLE_COUNT)
        return;
    if (drawn->includes & DWELL_INCLUDES_MEDIA_PROXY)
        control_ns = control_ns > whole_ns ? control_ns - whole_ns : 0;
    drawn->dwell.wait_ns += control_ns;
}

/* A dwell that includes ESP has in it what opening this packet has taken, and sealing the next one will: where the
 * trial has them, they are taken off the waiting. */
static void take_off_esp(const struct sip_job *job, struct site_dwell *drawn)
{
    const struct world *world = job->node->world;
    enum role role = job->node->role, from = world_role_at(world, job->from.address, job->from.port);
    bool has_ue = role == ROLE_P_A || role == ROLE_P_B;
    bool is_from_ue = from == ROLE_UE_A || from == ROLE_UE_B || from >= ROLE_DEVICE_2;
    enum role to = has_ue && !is_from_ue ? ROLE_UE_A : ROLE_S_A;
    uint64_t bytes = job->head_size + job->body.length;

    if (!(drawn->includes & DWELL_INCLUDES_ESP) || from == ROLE_COUNT)
        return;
    int64_t taken_ns = ipsec_work_ns(world, from, role, false, bytes) + ipsec_work_ns(world, role, to, true, bytes);

    drawn->dwell.wait_ns = drawn->dwell.wait_ns > taken_ns ? drawn->dwell.wait_ns - taken_ns : 0;
}

/* Whether the host has more to do than it takes on: then a CSCF refuses what begins (sip_proxy.c knows what does). */
static bool is_overload(const struct sip_job *job)
{
    const struct world *world = job->node->world;
    uint64_t most = world->scenario->overload_jobs;

    return most > 0 && job->node->proxy && station_present(world->sites[job->node->role].cpu) >= most &&
           sip_proxy_may_refuse((struct span){job->head, job->head_size});
}

/* Draws the dwell of the message and lets it pass. Where it includes the HSS's answer, only the work comes first; what
 * is left of the dwell is waited for when the answer is there. */
static void job_start(struct sip_job *job, const struct cause *cause)
{
    struct sip_node *node = job->node;
    struct world *world = node->world;
    char kind_text[KIND_SIZE];
    struct sink kind = SINK(kind_text);

    job->arrived_ns = world_now(world);
    watch_received(world, job->watched);
    if (node->arrived)
        node->arrived(node->context, (struct span){job->head, job->head_size}, job->body, cause);
    if (sip_kind((struct span){job->head, job->head_size}, &kind) != ERR_OK) {
        job_free(job);
        return;
    }
    struct site_dwell drawn = site_draw(world, node->role, sink_written(&kind));

    job->is_refused = is_overload(job);
    if (job->is_refused)
        drawn = (struct site_dwell){{.work_ns = world->scenario->overload_work_ns}, 0};
    if (node->ua)
        drawn.dwell.wait_ns += gate_answer_wait_ns(world, node->role, sink_written(&kind));
    take_off_esp(job, &drawn);
    add_control(job, &drawn);
    if (drawn.includes & DWELL_INCLUDES_HSS) {
        job->asking_ns = drawn.dwell.wait_ns;
        drawn.dwell.wait_ns = 0;
    }
    if (job->from.transport != SIP_UDP)
        site_work(world, node->role, drawn.dwell, cause, job, job_done);
    else if (!site_work_datagram(world, node->role, drawn.dwell, cause, job, job_done))
        job_free(job);
}

/* A body as long as its job lasts: a slice of a lasting source as it is, else a copy in the job. */
static struct slice body_keep(struct sip_job *job, const struct slice *slices, uint32_t count, uint64_t size)
{
    if (size == 0)
        return (struct slice){0};
    if (count == 1 && slices[0].source->lasts)
        return slices[0];
    if (job->body_capacity < size) {
        job->body_capacity = 2 * size;
        job->body_bytes = arena_alloc(job->node->world->arena, job->body_capacity);
    }
    uint8_t *at = job->body_bytes;

    job->body_source = source_memory(at);
    job->body_source.lasts = false;
    for (uint32_t i = 0; i < count; i++) {
        slice_read(slices[i], 0, at, (size_t)slices[i].length);
        at += slices[i].length;
    }
    return (struct slice){&job->body_source, 0, size};
}

enum { BODY_SLICES_MAX = 64 };

/* Splits a datagram into head and body. The head is where our own senders put it, in the first slice, or anywhere in
 * the first bytes. */
static bool datagram_split(struct sip_job *job, const struct datagram *datagram)
{
    size_t filled = 0;

    for (uint32_t i = 0; i < datagram->slice_count && filled < SIP_HEAD_MAX; i++) {
        uint64_t room = SIP_HEAD_MAX - filled;
        struct slice slice = datagram->slices[i];
        size_t take = (size_t)(slice.length < room ? slice.length : room);

        slice_read(slice, 0, job->head + filled, take);
        size_t end = span_find((struct span){job->head, filled + take}, SPAN("\r\n\r\n"));

        if (end == filled + take) {
            filled += take;
            continue;
        }
        struct slice rest[BODY_SLICES_MAX];
        uint32_t count = 0;
        size_t used = end + 4 - filled;

        job->head_size = end + 4;
        if (used < slice.length)
            rest[count++] = slice_part(slice, used, slice.length - used);
        while (++i < datagram->slice_count && count < BODY_SLICES_MAX)
            rest[count++] = datagram->slices[i];
        job->body = body_keep(job, rest, count, datagram->size - job->head_size);
        return true;
    }
    return false;
}

void sip_node_received(void *context, const struct datagram *datagram, const struct cause *cause)
{
    struct sip_node *node = context;
    struct sip_job *job = job_take(node);

    job->from = (struct sip_hop){net_address(node->world->net, datagram->from_node), datagram->from_port, SIP_UDP};
    if (!datagram_split(job, datagram)) {
        job_free(job);
        return;
    }
    job->watched = datagram->note;
    job_start(job, cause);
}

/* ---- Connections ---- */

void sip_node_connect(struct sip_node *node, enum role peer, const struct cause *cause)
{
    const struct site *site = &node->world->sites[peer];
    struct channel_config config = {.role = node->role,
                                    .peer = peer,
                                    .port = site->sip_port,
                                    .is_tls = sip_node_transport(node->world, node->role, peer) == SIP_TLS,
                                    .context = node,
                                    .owner = &sip_channel_owner};

    if (!node->channels[peer] || channel_is_dead(node->channels[peer]))
        node->channels[peer] = channel_open(node->world, &config, cause);
}

static void *node_accept(void *context, struct channel *channel)
{
    struct sip_node *node = context;

    node->channels[channel_peer(channel)] = channel;
    return node;
}

static void node_channel_lost(struct sip_node *node, const struct channel *channel)
{
    enum role peer = channel_peer(channel);

    if (node->channels[peer] == channel)
        node->channels[peer] = NULL;
}

/* Takes one whole message off the stream; false when there is none. */
static bool node_take(struct sip_node *node, struct channel *channel, const struct cause *cause)
{
    struct rope *in = channel_in(channel);
    struct sip_job *job = job_take(node);
    uint64_t length = rope_length(in), body_size;
    size_t size = length < SIP_HEAD_MAX ? (size_t)length : SIP_HEAD_MAX;

    rope_read(in, in->begin, job->head, size);
    enum err error = sip_frame((struct span){job->head, size}, &job->head_size, &body_size);

    if (error == ERR_SYNTAX || (error == ERR_MORE && size == SIP_HEAD_MAX))
        channel_reset(channel, cause);
    if (error != ERR_OK || length - job->head_size < body_size) {
        job_free(job);
        return false;
    }
    struct slice slices[BODY_SLICES_MAX];
    uint32_t count = 0;
    uint64_t at = in->begin + job->head_size, end = at + body_size;

    while (at < end && count < BODY_SLICES_MAX) {
        slices[count] = rope_slice(in, at);
        if (slices[count].length > end - at)
            slices[count].length = end - at;
        at += slices[count++].length;
    }
    check(at == end);
    job->body = body_keep(job, slices, count, body_size);
    channel_release(channel, end, cause);
    const struct site *peer = &node->world->sites[channel_peer(channel)];

    job->from = (struct sip_hop){peer->address, peer->sip_port, SIP_TCP};
    if (sip_node_transport(node->world, node->role, channel_peer(channel)) == SIP_TLS)
        job->from.transport = SIP_TLS;
    job->watched = channel_note_received(channel);
    job_start(job, cause);
    return true;
}

/* Whether the node has lost its connections since they were opened: what comes on one is answered by RST. */
static bool has_restarted(const struct world *world, enum role role)
{
    int64_t pressed_ns = world->moments.pressed_ns;

    return world->reset_role == role && pressed_ns != NONE_NS && world_now(world) >= pressed_ns;
}

static void node_channel_received(void *context, struct channel *channel, const struct cause *cause)
{
    struct sip_node *node = context;

    if (has_restarted(node->world, node->role)) {
        channel_reset(channel, cause);
        node_channel_lost(node, channel);
    }
    while (!channel_is_dead(channel) && rope_length(channel_in(channel)) > 0 && node_take(node, channel, cause))
        ;
}

static void node_channel_ended(void *context, struct channel *channel, enum tcp_end how, const struct cause *cause)
{
    struct sip_node *node = context;
    struct world *world = node->world;
    enum role peer = channel_peer(channel);

    node_channel_lost(node, channel);
    if (how == TCP_END_FIN)
        return;
    struct sip_hop hop = {world->sites[peer].address, world->sites[peer].sip_port, SIP_TCP};
    bool is_refused = how == TCP_END_RESET && !node->has_stood[peer] && sip_node_is_by_size(world);

    if (node->ua && is_refused)
        sip_ua_refused(node->ua, world_now(world), hop, &node->outbox);
    else if (node->ua)
        sip_ua_broken(node->ua, world_now(world), hop, &node->outbox);
    else if (is_refused)
        sip_proxy_refused(node->proxy, world_now(world), hop, &node->outbox);
    else
        sip_proxy_broken(node->proxy, world_now(world), hop, &node->outbox);
    sip_node_do(node, &node->outbox, cause);
}

static void node_channel_ready(void *context, struct channel *channel, const struct cause *cause)
{
    struct sip_node *node = context;

    (void)cause;
    node->has_stood[channel_peer(channel)] = true;
}

static const struct channel_owner sip_channel_owner = {
    .ready = node_channel_ready, .received = node_channel_received, .ended = node_channel_ended};

void sip_node_listen(struct sip_node *node)
{
    struct world *world = node->world;

    channel_listen_either(world, node->role, world->sites[node->role].sip_port, node, node_accept, &sip_channel_owner);
}
