/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/cx.h"
#include "sim/ims/sip_node.h"

enum { DIAMETER_PORT = 3868, SESSION_SIZE = 128, HELLO = 1 };

/* A Diameter message from its arrival on to the end of what is done with it, or a question that waits for its answer.
 */
struct cx_job {
    struct cx_job *next;
    struct world *world;
    struct cx *cx;
    struct channel *channel;
    struct watched *watched;
    uint32_t token, hop_by_hop;
    int64_t not_before_ns;
    struct diameter_message message; /* its spans point into bytes */
    char bytes[DIAMETER_SIZE_MAX];
};

/* One end: of a CSCF, which asks, or of an HSS, which is asked by several. */
struct cx {
    struct world *world;
    enum role role;
    struct channel *channel; /* CSCF */
    struct cx_job *asked;    /* CSCF: questions under way, oldest first: they are mostly answered in their order */
    struct cx_job *asked_last;
    uint32_t sent, located; /* CSCF: questions so far: all, and those of a location */
    void *context;          /* HSS */
    cx_serve_fn *serve;
};

enum role cx_hss_of(const struct world *world, enum role role)
{
    bool is_a = role == ROLE_S_A || role == ROLE_I_A;

    return is_a && world->sites[ROLE_HSS_A].label ? ROLE_HSS_A : ROLE_HSS_B;
}

static struct cx *cx_of(struct world *world, enum role role)
{
    if (!world->cx[role]) {
        world->cx[role] = arena_alloc(world->arena, sizeof(struct cx));
        *world->cx[role] = (struct cx){.world = world, .role = role};
    }
    return world->cx[role];
}

static struct cx_job *job_take(struct cx *cx)
{
    struct world *world = cx->world;
    struct cx_job *job = world->cx_jobs_free;

    if (job)
        world->cx_jobs_free = job->next;
    else
        job = arena_alloc(world->arena, sizeof(*job));
    job->next = NULL;
    job->world = world;
    job->cx = cx;
    job->watched = NULL;
    job->token = 0;
    job->not_before_ns = 0;
    return job;
}

static void job_free(struct cx_job *job)
{
    job->next = job->world->cx_jobs_free;
    job->world->cx_jobs_free = job;
}

static void cx_write(struct channel *channel, const struct diameter_message *message, const struct cause *cause)
{
    char bytes[DIAMETER_SIZE_MAX];
    struct sink sink = SINK(bytes);

    diameter_write(message, &sink);
    check(!sink.overflow);
    struct span label = span_of(diameter_name(message));
    struct watch_new watched = {.from = channel_role(channel),
                                .to = channel_peer(channel),
                                .protocol = "Diameter",
                                .label = label,
                                .bytes = sink.size,
                                .head = label};

    channel_note_sent(channel, watch_sent(channel_world(channel), &watched));
    channel_gate(channel, channel_peer(channel), label);
    channel_write_bytes(channel, sink.data, sink.size, false);
    channel_push(channel, cause);
}

/* Takes one message off a channel into a job; NULL when none is whole. */
static struct cx_job *cx_read(struct cx *cx, struct channel *channel, const struct cause *cause)
{
    struct rope *in = channel_in(channel);
    size_t size = rope_length(in) < DIAMETER_SIZE_MAX ? (size_t)rope_length(in) : DIAMETER_SIZE_MAX;
    size_t used;

    if (channel_is_dead(channel) || size == 0)
        return NULL;
    struct cx_job *job = job_take(cx);

    rope_read(in, in->begin, job->bytes, size);
    enum err error = diameter_parse((struct span){job->bytes, size}, &job->message, &used);

    if (error != ERR_OK) {
        if (error != ERR_MORE)
            channel_reset(channel, cause);
        job_free(job);
        return NULL;
    }
    channel_release(channel, in->begin + used, cause);
    job->channel = channel;
    job->watched = channel_note_received(channel);
    watch_received(cx->world, job->watched);
    return job;
}

static struct diameter_message introduced(const struct world *world, enum role role)
{
    const struct site *site = &world->sites[role];

    return (struct diameter_message){.origin_host = span_of(site->host_name),
                                     .origin_realm = span_of(world_domain(world, role)),
                                     .host_address = site->address};
}

/* ---- HSS ---- */

static void cx_answer(void *context, const struct cause *cause)
{
    struct cx_job *job = context;
    struct cx *cx = job->cx;
    struct diameter_message answer = introduced(cx->world, cx->role);

    watch_acted(cx->world, job->watched);
    answer.command = job->message.command;
    answer.hop_by_hop = job->message.hop_by_hop;
    answer.end_to_end = job->message.end_to_end;
    answer.session_id = job->message.session_id;
    answer.result = DIAMETER_SUCCESS;
    if (job->message.command != DIAMETER_CAPABILITIES_EXCHANGE)
        cx->serve(cx->context, &job->message, &answer);
    if (!channel_is_dead(job->channel))
        cx_write(job->channel, &answer, cause);
    job_free(job);
}

static void server_received(void *context, struct channel *channel, const struct cause *cause)
{
    struct cx *cx = context;
    struct cx_job *job;

    while ((job = cx_read(cx, channel, cause)) != NULL) {
        if (job->message.is_request)
            site_keep(cx->world, cx->role, span_of(diameter_name(&job->message)), cause, job, cx_answer);
        else
            job_free(job);
    }
}

static void *server_accept(void *context, struct channel *channel)
{
    (void)channel;
    return context;
}

static const struct channel_owner server_owner = {.received = server_received};

void cx_serve(struct world *world, enum role hss, void *context, cx_serve_fn *serve)
{
    struct cx *cx = cx_of(world, hss);

    cx->context = context;
    cx->serve = serve;
    channel_listen(world, hss, DIAMETER_PORT, false, cx, server_accept, &server_owner);
}

/* ---- CSCF ---- */

static void client_answered(void *context, const struct cause *cause)
{
    struct cx_job *job = context;
    struct sip_node *node = job->world->sip_nodes[job->cx->role];
    const struct diameter_message *answer = &job->message;

    watch_acted(job->world, job->watched);
    if (job->token != 0 && answer->command == DIAMETER_LOCATION_INFO)
        sip_node_located(node, job->token, answer, cause);
    else if (job->token != 0)
        sip_node_answered(node, job->token, answer, cause);
    job_free(job);
}

/* The answer may be used once the CSCF's dwell, which held the question, has passed. */
static void client_match(struct cx *cx, struct cx_job *answer, const struct cause *cause)
{
    struct cx_job **at = &cx->asked, *before = NULL;
    int64_t now_ns = world_now(cx->world);

    while (*at && (*at)->hop_by_hop != answer->message.hop_by_hop) {
        before = *at;
        at = &before->next;
    }
    struct cx_job *question = *at;

    if (!question || answer->message.is_request) {
        job_free(answer);
        return;
    }
    *at = question->next;
    if (!*at)
        cx->asked_last = before;
    answer->token = question->token;
    int64_t wait_ns = question->not_before_ns > now_ns ? question->not_before_ns - now_ns : 0;

    job_free(question);
    world_wait(cx->world, PART_PROCESSING, wait_ns, cause, answer, client_answered);
}

static void client_received(void *context, struct channel *channel, const struct cause *cause)
{
    struct cx *cx = context;
    struct cx_job *job;

    while ((job = cx_read(cx, channel, cause)) != NULL)
        client_match(cx, job, cause);
}

static void client_ended(void *context, struct channel *channel, enum tcp_end how, const struct cause *cause)
{
    struct cx *cx = context;

    (void)channel;
    (void)cause;
    if (how != TCP_END_FIN)
        cx->channel = NULL;
}

static const struct channel_owner client_owner = {.received = client_received, .ended = client_ended};

/* Peers introduce themselves first; what is asked meanwhile waits behind it in the stream. */
void cx_connect(struct world *world, enum role role, const struct cause *cause)
{
    struct cx *cx = cx_of(world, role);
    struct channel_config config = {
        .role = role, .peer = cx_hss_of(world, role), .port = DIAMETER_PORT, .context = cx, .owner = &client_owner};
    struct diameter_message hello = introduced(world, role);

    if (cx->channel)
        return;
    hello.is_request = true;
    hello.command = DIAMETER_CAPABILITIES_EXCHANGE;
    hello.hop_by_hop = hello.end_to_end = HELLO;
    cx->channel = channel_open(world, &config, cause);
    cx_write(cx->channel, &hello, cause);
}

/* RFC 6733 section 8.8: the name of who asks, numbers, and for what is no location a word. */
static void write_session(struct cx *cx, const struct diameter_message *question, struct sink *sink)
{
    bool is_location = question->command == DIAMETER_LOCATION_INFO;

    sink_format(sink, "%s;%llu;%u%s", cx->world->sites[cx->role].host_name,
                (unsigned long long)(SIM_EPOCH_S & UINT32_MAX), is_location ? ++cx->located : cx->sent,
                is_location ? "" : ";register");
    check(!sink->overflow);
}

void cx_ask(struct world *world, enum role role, const struct diameter_message *question, uint32_t token,
            int64_t not_before_ns, const struct cause *cause)
{
    struct cx *cx = cx_of(world, role);
    struct diameter_message message = *question, self = introduced(world, role);
    char session[SESSION_SIZE];
    struct sink session_id = SINK(session);
    struct cx_job *job = job_take(cx);

    cx_connect(world, role, cause);
    cx->sent++;
    write_session(cx, question, &session_id);
    message.is_request = true;
    message.hop_by_hop = message.end_to_end = HELLO + cx->sent;
    message.session_id = sink_written(&session_id);
    message.origin_host = self.origin_host;
    message.origin_realm = self.origin_realm;
    message.destination_realm = span_of(world_domain(world, cx_hss_of(world, role)));
    job->token = token;
    job->hop_by_hop = message.hop_by_hop;
    job->not_before_ns = not_before_ns;
    if (cx->asked)
        cx->asked_last->next = job;
    else
        cx->asked = job;
    cx->asked_last = job;
    cx_write(cx->channel, &message, cause);
}
