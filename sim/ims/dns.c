/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/dns.h"
#include "sim/ims/sip_node.h"
#include "sim/ims/watch.h"
#include "sim/proto/dns_client.h"

enum { PORT_DNS = 53, TTL_S = 3600, WAITERS = 4, FORWARDS = 8, LABEL_SIZE = 64 };

/* How a server is spoken to: a P-CSCF by its UE, others by nodes of the core. */
static enum sip_transport transport_to(const struct world *world, enum role role)
{
    bool is_p = role == ROLE_P_A || role == ROLE_P_B;

    return is_p ? sip_node_transport(world, ROLE_UE_A, ROLE_P_A) : sip_node_transport(world, ROLE_P_A, ROLE_S_A);
}

/* ---- What both send ---- */

static void dns_send(struct world *world, enum role from, uint16_t from_port, enum role to, uint16_t to_port,
                     struct span bytes, bool is_again, const struct cause *cause)
{
    struct source source = source_memory(bytes.data);
    struct slice slice = {&source, 0, bytes.size};
    struct cause forward = cause_forward(cause);
    struct dns_message message;
    char text[LABEL_SIZE];
    struct sink label = SINK(text);
    enum err error = dns_parse(bytes, &message);

    check(error == ERR_OK); /* as it was written */
    sink_format(&label, "%s %.40s%s", dns_type_name(message.type), message.name,
                message.is_response ? message.count > 0 ? " answered" : " unknown" : "");
    struct watch_new watched = {.from = from,
                                .to = to,
                                .protocol = "DNS",
                                .label = sink_written(&label),
                                .bytes = bytes.size,
                                .is_again = is_again,
                                .head = sink_written(&label)};

    source.lasts = false;
    udp_send(world->net, world->sites[from].node, from_port, world->sites[to].node, to_port, &slice, 1, &forward,
             watch_sent(world, &watched));
}

/* ---- Who asks ---- */

struct dns_waiter {
    bool is_busy;
    uint32_t token; /* of the look-up */
    uint32_t for_whom;
    void *context;
    dns_done_fn *done;
};

struct dns_asker {
    struct world *world;
    enum role role, server;
    uint16_t port;
    struct dns_client *client;
    uint32_t tokens;
    struct timer timer;
    struct cause last; /* of the last question: what a timer extends */
    int64_t last_ns;
    struct dns_waiter waiters[WAITERS];
};

static void asker_done(struct dns_asker *asker, const struct dns_output *item, const struct cause *cause)
{
    for (struct dns_waiter *waiter = asker->waiters; waiter < asker->waiters + WAITERS; waiter++)
        if (waiter->is_busy && waiter->token == item->token) {
            waiter->is_busy = false;
            waiter->done(waiter->context, item->status == 0 ? &item->entry : NULL, item->status, waiter->for_whom,
                         cause);
            return;
        }
}

static void asker_do(struct dns_asker *asker, const struct dns_outbox *out, const struct cause *cause)
{
    struct world *world = asker->world;

    if (out->wake_ns == INT64_MAX)
        timer_cancel(&asker->timer);
    else
        timer_arm(&asker->timer, out->wake_ns);
    for (uint32_t i = 0; i < out->count; i++) {
        const struct dns_output *item = &out->items[i];

        if (item->action == DNS_SEND) {
            dns_send(world, asker->role, asker->port, asker->server, PORT_DNS, item->bytes, item->is_again, cause);
            asker->last = *cause;
            asker->last_ns = world_now(world);
        } else {
            asker_done(asker, item, cause);
        }
    }
}

static void asker_wake(struct engine *engine, void *context)
{
    struct dns_asker *asker = context;
    struct cause cause = asker->last;
    struct dns_outbox out;

    if (cause.transfer != 0)
        cause_charge(&cause, PART_TIMER, engine->now_ns - asker->last_ns);
    dns_client_wake(asker->client, engine->now_ns, &out);
    asker_do(asker, &out, &cause);
}

static void asker_received(void *context, const struct datagram *datagram, const struct cause *cause)
{
    struct dns_asker *asker = context;
    char bytes[DNS_SIZE_MAX];
    size_t size = 0;
    struct dns_outbox out;

    watch_received(asker->world, datagram->note);
    watch_acted(asker->world, datagram->note);
    if (datagram->size > sizeof(bytes))
        return;
    for (uint32_t i = 0; i < datagram->slice_count; i++) {
        slice_read(datagram->slices[i], 0, bytes + size, (size_t)datagram->slices[i].length);
        size += (size_t)datagram->slices[i].length;
    }
    dns_client_receive(asker->client, world_now(asker->world), (struct span){bytes, size}, &out);
    asker_do(asker, &out, cause);
}

/* That of its operator; UE-A and its P-CSCF ask that of the network they are in. */
static enum role server_of(const struct world *world, enum role role)
{
    bool is_local = role == ROLE_UE_A || role == ROLE_P_A;
    const char *domain = is_local ? world_network(world, role) : world_domain(world, role);

    return world->sites[ROLE_DNS_A].label && domain == world_domain(world, ROLE_DNS_A) ? ROLE_DNS_A : ROLE_DNS_B;
}

static struct dns_asker *asker_of(struct world *world, enum role role)
{
    struct dns_asker *asker = world->dns_askers[role];
    bool is_ue = role == ROLE_UE_A || role == ROLE_UE_B;

    if (asker)
        return asker;
    asker = arena_alloc(world->arena, sizeof(*asker));
    asker->world = world;
    asker->role = role;
    asker->server = server_of(world, role);
    asker->client = dns_client_create(world->arena, (uint8_t)transport_to(world, is_ue ? ROLE_P_A : ROLE_I_B));
    asker->port = net_free_port(world->net, world->sites[role].node);
    timer_init(&asker->timer, world->engine, asker, asker_wake);
    udp_bind(world->net, world->sites[role].node, asker->port, asker, asker_received);
    world->dns_askers[role] = asker;
    return asker;
}

void dns_look_up(struct world *world, enum role role, struct span name, uint32_t token, void *context,
                 dns_done_fn *done, const struct cause *cause)
{
    struct dns_asker *asker = asker_of(world, role);
    struct dns_waiter *waiter = asker->waiters;
    struct dns_outbox out;

    while (waiter < asker->waiters + WAITERS && waiter->is_busy)
        waiter++;
    if (waiter == asker->waiters + WAITERS) {
        done(context, NULL, 504, token, cause);
        return;
    }
    *waiter = (struct dns_waiter){true, ++asker->tokens, token, context, done};
    dns_client_resolve(asker->client, world_now(world), name, waiter->token, &out);
    asker_do(asker, &out, cause);
}

uint64_t dns_retransmissions(const struct world *world)
{
    uint64_t sum = 0;

    for (int role = 0; role < ROLE_COUNT; role++)
        if (world->dns_askers[role])
            sum += dns_client_retransmissions(world->dns_askers[role]->client);
    return sum;
}

/* ---- Who answers ---- */

/* A question that was passed on to the other operator's server. */
struct dns_forward {
    bool is_busy;
    uint16_t id, own_id;
    enum role from;
    uint16_t from_port;
    char name[DNS_NAME_SIZE];
};

struct dns_server {
    struct world *world;
    enum role role;
    uint16_t last_id;
    struct dns_forward forwards[FORWARDS]; /* the oldest gives way */
    uint32_t forwarded;
};

/* A datagram between its arrival and its answer. */
struct dns_job {
    struct dns_job *next;
    struct dns_server *server;
    struct watched *watched;
    enum role from;
    uint16_t from_port;
    struct dns_message message;
};

static void add_record(struct dns_message *answer, const struct dns_record *record)
{
    check(answer->count < DNS_RECORDS_MAX);
    answer->records[answer->count++] = *record;
}

static void set_text(char *place, size_t size, const char *prefix, const char *text)
{
    struct sink sink = {.data = place, .capacity = size};

    sink_text(&sink, prefix);
    sink_text(&sink, text);
    check(!sink.overflow);
    (void)sink_string(&sink);
}

/* A SIP server that the zone knows: by its host name, and an I-CSCF as the entry of its domain too. */
struct dns_entry {
    const char *name;
    enum role role;
};

static const struct {
    enum sip_transport transport;
    const char *service, *prefix;
} services[] = {
    {SIP_UDP, "SIP+D2U", "_sip._udp."}, {SIP_TCP, "SIP+D2T", "_sip._tcp."}, {SIP_TLS, "SIPS+D2T", "_sips._tcp."}};

enum { SERVICES = sizeof(services) / sizeof(services[0]) };

static bool is_name(const struct dns_message *question, const char *prefix, const char *name)
{
    struct span text = span_of(question->name), before = span_of(prefix);

    return text.size > before.size && span_equal_nocase((struct span){text.data, before.size}, before) &&
           span_equal_nocase(span_after(text, before.size), span_of(name));
}

static void answer_entry(const struct world *world, const struct dns_entry *entry, const struct dns_message *question,
                         struct dns_message *answer)
{
    const struct site *site = &world->sites[entry->role];
    struct dns_record record = {.type = question->type, .ttl_s = TTL_S};

    set_text(record.name, sizeof(record.name), "", question->name);
    for (size_t i = 0; i < SERVICES; i++) {
        bool is_spoken = services[i].transport == transport_to(world, entry->role);

        if (question->type == DNS_NAPTR && is_spoken && is_name(question, "", entry->name)) {
            record.order = 50;
            record.preference = 50;
            set_text(record.flags, sizeof(record.flags), "", "s");
            set_text(record.service, sizeof(record.service), "", services[i].service);
            set_text(record.target, sizeof(record.target), services[i].prefix, entry->name);
            add_record(answer, &record);
        } else if (question->type == DNS_SRV && is_spoken && is_name(question, services[i].prefix, entry->name)) {
            record.port = site->sip_port;
            set_text(record.target, sizeof(record.target), "", site->host_name);
            add_record(answer, &record);
        }
    }
    if (question->type == DNS_A && answer->count == 0 && is_name(question, "", site->host_name)) {
        record.address = site->address;
        add_record(answer, &record);
    }
}

/* Whether the zone of a server has a name, and its records. */
static bool answer_zone(const struct dns_server *server, const struct dns_message *question, struct dns_message *answer)
{
    const struct world *world = server->world;
    const char *domain = world_domain(world, server->role);
    struct span name = span_of(question->name), zone = span_of(domain);

    if (name.size < zone.size || !span_equal_nocase(span_after(name, name.size - zone.size), zone))
        return false;
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct site *site = &world->sites[role];
        bool is_entry = site->label && (role == ROLE_I_A || role == ROLE_I_B);
        struct dns_entry own = {site->host_name, (enum role)role}, of_domain = {domain, (enum role)role};

        if (!site->label || site->sip_port == 0 || role == ROLE_UE_A || role == ROLE_UE_B)
            continue;
        answer_entry(world, &own, question, answer);
        if (is_entry && world_domain(world, (enum role)role) == domain)
            answer_entry(world, &of_domain, question, answer);
    }
    answer->is_authoritative = true;
    return true;
}

static void server_write(struct dns_server *server, const struct dns_message *message, enum role to, uint16_t to_port,
                         const struct cause *cause)
{
    char bytes[DNS_SIZE_MAX];
    struct sink sink = SINK(bytes);

    dns_write(message, &sink);
    check(!sink.overflow);
    dns_send(server->world, server->role, PORT_DNS, to, to_port, sink_written(&sink), false, cause);
}

static enum role other_server(const struct dns_server *server)
{
    enum role other = server->role == ROLE_DNS_A ? ROLE_DNS_B : ROLE_DNS_A;

    return server->world->sites[other].label ? other : ROLE_COUNT;
}

/* What is not in the zone is asked of the other server, if there is one and it is not that one that asks. */
static void server_pass_on(struct dns_server *server, const struct dns_job *job, const struct cause *cause)
{
    struct dns_message message = job->message;
    enum role other = other_server(server);

    if (other == ROLE_COUNT || job->from == other) {
        message.is_response = true;
        message.rcode = DNS_NAME_ERROR;
        server_write(server, &message, job->from, job->from_port, cause);
        return;
    }
    struct dns_forward *forward = &server->forwards[server->forwarded++ % FORWARDS];

    *forward = (struct dns_forward){
        .is_busy = true, .id = message.id, .own_id = ++server->last_id, .from = job->from, .from_port = job->from_port};
    set_text(forward->name, sizeof(forward->name), "", message.name);
    message.id = forward->own_id;
    server_write(server, &message, other, PORT_DNS, cause);
}

/* The other server's answer goes to who asked. */
static void server_pass_back(struct dns_server *server, struct dns_message *answer, const struct cause *cause)
{
    for (struct dns_forward *forward = server->forwards; forward < server->forwards + FORWARDS; forward++)
        if (forward->is_busy && forward->own_id == answer->id &&
            span_equal_nocase(span_of(forward->name), span_of(answer->name))) {
            forward->is_busy = false;
            answer->id = forward->id;
            answer->is_authoritative = false;
            server_write(server, answer, forward->from, forward->from_port, cause);
            return;
        }
}

static void server_work(void *context, const struct cause *cause)
{
    struct dns_job *job = context;
    struct dns_server *server = job->server;
    struct dns_message answer = job->message;

    watch_acted(server->world, job->watched);
    if (job->message.is_response) {
        server_pass_back(server, &answer, cause);
    } else {
        answer.count = 0;
        answer.is_response = true;
        if (answer_zone(server, &job->message, &answer))
            server_write(server, &answer, job->from, job->from_port, cause);
        else
            server_pass_on(server, job, cause);
    }
    job->next = server->world->dns_jobs_free;
    server->world->dns_jobs_free = job;
}

static enum role role_of_node(const struct world *world, uint32_t node, uint16_t port)
{
    for (int role = 0; role < ROLE_COUNT; role++) {
        const struct dns_asker *asker = world->dns_askers[role];
        bool is_server = (role == ROLE_DNS_A || role == ROLE_DNS_B) && port == PORT_DNS;

        if (world->sites[role].label && world->sites[role].node == node &&
            (is_server || (asker && asker->port == port)))
            return (enum role)role;
    }
    return ROLE_COUNT;
}

static void server_received(void *context, const struct datagram *datagram, const struct cause *cause)
{
    struct dns_server *server = context;
    struct world *world = server->world;
    struct dns_job *job = world->dns_jobs_free;
    char bytes[DNS_SIZE_MAX];
    size_t size = 0;

    watch_received(world, datagram->note);
    if (datagram->size > sizeof(bytes))
        return;
    for (uint32_t i = 0; i < datagram->slice_count; i++) {
        slice_read(datagram->slices[i], 0, bytes + size, (size_t)datagram->slices[i].length);
        size += (size_t)datagram->slices[i].length;
    }
    if (job)
        world->dns_jobs_free = job->next;
    else
        job = arena_alloc(world->arena, sizeof(*job));
    job->server = server;
    job->watched = datagram->note;
    job->from = role_of_node(world, datagram->from_node, datagram->from_port);
    job->from_port = datagram->from_port;
    if (job->from == ROLE_COUNT || dns_parse((struct span){bytes, size}, &job->message) != ERR_OK) {
        job->next = world->dns_jobs_free;
        world->dns_jobs_free = job;
        return;
    }
    site_keep(world, server->role, span_of(dns_type_name(job->message.type)), cause, job, server_work);
}

void dns_create(struct world *world)
{
    static const enum role servers[] = {ROLE_DNS_A, ROLE_DNS_B};

    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        if (!world->sites[servers[i]].label)
            continue;
        struct dns_server *server = arena_alloc(world->arena, sizeof(*server));

        server->world = world;
        server->role = servers[i];
        udp_bind(world->net, world->sites[servers[i]].node, PORT_DNS, server, server_received);
    }
}
