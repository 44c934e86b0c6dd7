/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/hss.h"
#include "sim/wire/diameter.h"

enum { DIAMETER_PORT = 3868, NAME_SIZE = 256 };

/* A Diameter message between its arrival and the end of what is done with it. */
struct hss_job {
    struct hss_job *next;
    struct world *world;
    struct watched *watched;
    uint32_t token;
    int64_t not_before_ns;
    uint32_t result;             /* of an answer */
    char server_name[NAME_SIZE]; /* empty: unknown */
    char session_id[NAME_SIZE];
    struct diameter_message message; /* an answer to be written; its spans point into this job or constants */
};

/* Both ends of the interface and what the HSS knows. */
struct hss {
    struct world *world;
    const char *s_cscf;
    struct channel *client; /* the I-CSCF's end */
    struct channel *server;
    struct hss_job *jobs_free;
    struct hss_job *asked; /* questions under way */
};

static const char aor[] = "sip:bob@open-ims.test";
static const char realm[] = "open-ims.test";
static const struct channel_owner client_owner, server_owner;

static struct hss_job *job_take(struct hss *hss)
{
    struct hss_job *job = hss->jobs_free;

    if (job)
        hss->jobs_free = job->next;
    else
        job = arena_alloc(hss->world->arena, sizeof(*job));
    *job = (struct hss_job){.world = hss->world};
    return job;
}

static void job_free(struct hss *hss, struct hss_job *job)
{
    job->next = hss->jobs_free;
    hss->jobs_free = job;
}

static void keep_text(char *text, struct span from)
{
    struct sink sink = {.data = text, .capacity = NAME_SIZE};

    sink_span(&sink, from);
    sink_string(&sink);
}

static void hss_write(struct channel *channel, const struct diameter_message *message, const struct cause *cause)
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
    channel_write_bytes(channel, sink.data, sink.size, false);
    channel_push(channel, cause);
}

/* Takes one message off a channel; false when none is whole. Its spans point into bytes. */
static bool hss_read(struct channel *channel, char bytes[DIAMETER_SIZE_MAX], struct diameter_message *message,
                     const struct cause *cause)
{
    struct rope *in = channel_in(channel);
    size_t size = rope_length(in) < DIAMETER_SIZE_MAX ? (size_t)rope_length(in) : DIAMETER_SIZE_MAX;
    size_t used;

    if (size == 0)
        return false;
    rope_read(in, in->begin, bytes, size);
    enum err error = diameter_parse((struct span){bytes, size}, message, &used);

    if (error == ERR_MORE)
        return false;
    if (error != ERR_OK) {
        channel_reset(channel, cause);
        return false;
    }
    channel_release(channel, in->begin + used, cause);
    return true;
}

/* ---- HSS ---- */

static void hss_answer(void *context, const struct cause *cause)
{
    struct hss_job *job = context;
    struct hss *hss = job->world->hss;

    watch_acted(hss->world, job->watched);
    hss_write(hss->server, &job->message, cause);
    job_free(hss, job);
}

static void hss_ask(struct hss *hss, const struct diameter_message *request, struct watched *watched,
                    const struct cause *cause)
{
    struct hss_job *job = job_take(hss);
    bool is_location = request->command == DIAMETER_LOCATION_INFO;
    enum peer_state state = (enum peer_state)hss->world->scenario->peer_state;
    bool is_user = span_equal_nocase(request->public_identity, SPAN(aor)) && state != PEER_UNKNOWN;
    bool is_known = is_user && state != PEER_UNREGISTERED;
    uint32_t refusal = is_user ? DIAMETER_ERROR_IDENTITY_NOT_REGISTERED : DIAMETER_ERROR_USER_UNKNOWN;

    keep_text(job->session_id, request->session_id);
    job->watched = watched;
    job->message =
        (struct diameter_message){.command = request->command,
                                  .hop_by_hop = request->hop_by_hop,
                                  .end_to_end = request->end_to_end,
                                  .session_id = span_of(job->session_id),
                                  .origin_host = span_of(hss->world->sites[ROLE_HSS_B].host_name),
                                  .origin_realm = SPAN(realm),
                                  .host_address = hss->world->sites[ROLE_HSS_B].address,
                                  .is_experimental = is_location && !is_known,
                                  .result = !is_location || is_known ? DIAMETER_SUCCESS : refusal,
                                  .server_name = is_location && is_known ? span_of(hss->s_cscf) : (struct span){0}};
    site_keep(hss->world, ROLE_HSS_B, is_location ? SPAN("LIR") : SPAN("CER"), cause, job, hss_answer);
}

static void server_received(void *context, struct channel *channel, const struct cause *cause)
{
    struct hss *hss = context;
    char bytes[DIAMETER_SIZE_MAX];
    struct diameter_message message;

    while (!channel_is_dead(channel) && hss_read(channel, bytes, &message, cause)) {
        struct watched *watched = channel_note_received(channel);

        watch_received(hss->world, watched);
        if (message.is_request)
            hss_ask(hss, &message, watched, cause);
    }
}

static void *server_accept(void *context, struct channel *channel)
{
    struct hss *hss = context;

    hss->server = channel;
    return hss;
}

/* ---- I-CSCF ---- */

static void client_locate(void *context, const struct cause *cause)
{
    struct hss_job *job = context;
    struct world *world = job->world;
    struct hss_job copy = *job;

    watch_acted(world, job->watched);
    job_free(world->hss, job);
    /* TS 24.229 section 5.3.2.1 */
    int status = copy.result == DIAMETER_ERROR_IDENTITY_NOT_REGISTERED ? 480 : 404;

    sip_node_located(world->sip_nodes[ROLE_I_B], copy.token, copy.server_name[0] ? copy.server_name : NULL, status,
                     cause);
}

/* The answer may be used once the I-CSCF's dwell, which held the question, has passed. */
static void client_answered(struct hss *hss, const struct diameter_message *answer, struct watched *watched,
                            const struct cause *cause)
{
    struct hss_job **at = &hss->asked;

    while (*at && (*at)->message.hop_by_hop != answer->hop_by_hop)
        at = &(*at)->next;
    if (!*at)
        return;
    struct hss_job *job = *at;
    int64_t now_ns = world_now(hss->world);

    *at = job->next;
    job->watched = watched;
    job->result = answer->result;
    keep_text(job->server_name, answer->server_name);
    world_wait(hss->world, PART_PROCESSING, job->not_before_ns > now_ns ? job->not_before_ns - now_ns : 0, cause, job,
               client_locate);
}

static void client_received(void *context, struct channel *channel, const struct cause *cause)
{
    struct hss *hss = context;
    char bytes[DIAMETER_SIZE_MAX];
    struct diameter_message message;

    while (!channel_is_dead(channel) && hss_read(channel, bytes, &message, cause)) {
        struct watched *watched = channel_note_received(channel);

        watch_received(hss->world, watched);
        if (!message.is_request && message.command == DIAMETER_LOCATION_INFO)
            client_answered(hss, &message, watched, cause);
    }
}

static void client_ended(void *context, struct channel *channel, enum tcp_end how, const struct cause *cause)
{
    struct hss *hss = context;

    (void)channel;
    (void)cause;
    if (how != TCP_END_FIN)
        hss->client = NULL;
}

static const struct channel_owner client_owner = {.received = client_received, .ended = client_ended};
static const struct channel_owner server_owner = {.received = server_received};

/* Peers introduce themselves first (RFC 6733 section 5.3); what is asked meanwhile waits behind it in the stream. */
static void client_connect(struct hss *hss, const struct cause *cause)
{
    struct world *world = hss->world;
    struct channel_config config = {
        .role = ROLE_I_B, .peer = ROLE_HSS_B, .port = DIAMETER_PORT, .context = hss, .owner = &client_owner};
    const struct site *site = &world->sites[ROLE_I_B];
    struct diameter_message hello = {.is_request = true,
                                     .command = DIAMETER_CAPABILITIES_EXCHANGE,
                                     .hop_by_hop = 1,
                                     .end_to_end = 1,
                                     .origin_host = span_of(site->host_name),
                                     .origin_realm = SPAN(realm),
                                     .host_address = site->address};

    if (hss->client)
        return;
    hss->client = channel_open(world, &config, cause);
    hss_write(hss->client, &hello, cause);
}

void hss_connect(struct world *world)
{
    struct cause nobody = {.transfer = 0};

    client_connect(world->hss, &nobody);
}

void hss_locate(void *context, struct span user, uint32_t token, int64_t not_before_ns, const struct cause *cause)
{
    struct world *world = context;
    struct hss *hss = world->hss;
    struct hss_job *job = job_take(hss);
    const struct site *site = &world->sites[ROLE_I_B];
    struct sink session = SINK(job->session_id);

    client_connect(hss, cause);
    sink_format(&session, "%s;%llu;%u", site->host_name, (unsigned long long)(SIM_EPOCH_S & UINT32_MAX), token);
    check(!session.overflow);
    job->token = token;
    job->not_before_ns = not_before_ns;
    job->message = (struct diameter_message){.is_request = true,
                                             .command = DIAMETER_LOCATION_INFO,
                                             .hop_by_hop = token + 2,
                                             .end_to_end = token + 2,
                                             .session_id = sink_written(&session),
                                             .origin_host = span_of(site->host_name),
                                             .origin_realm = SPAN(realm),
                                             .destination_realm = SPAN(realm),
                                             .public_identity = user};
    job->next = hss->asked;
    hss->asked = job;
    hss_write(hss->client, &job->message, cause);
}

void hss_create(struct world *world, const char *s_cscf)
{
    struct hss *hss = arena_alloc(world->arena, sizeof(*hss));

    hss->world = world;
    hss->s_cscf = s_cscf;
    world->hss = hss;
    channel_listen(world, ROLE_HSS_B, DIAMETER_PORT, false, hss, server_accept, &server_owner);
}
