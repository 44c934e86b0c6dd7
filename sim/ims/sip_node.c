/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/sip_node_state.h"
#include "sim/ims/cx.h"
#include "sim/ims/dns.h"
#include "sim/ims/gate.h"
#include "sim/ims/intercept.h"
#include "sim/ims/ipsec.h"
#include "sim/ims/registration.h"

enum { TOLD_MAX = 16 };

enum sip_transport sip_node_transport(const struct world *world, enum role a, enum role b)
{
    return ipsec_protection(world, a, b) == PROTECTION_TLS ? SIP_TLS : SIP_UDP;
}

/* What a node's neighbours speak with it: the P-CSCF has a UE and others. */
static bool node_has(const struct world *world, enum role role, enum sip_transport transport)
{
    bool has_ue = role == ROLE_P_A || role == ROLE_P_B;
    bool is_ue = role == ROLE_UE_A || role == ROLE_UE_B || role >= ROLE_DEVICE_2;
    enum role ue = has_ue ? ROLE_UE_A : ROLE_P_A, other = is_ue ? ROLE_P_A : ROLE_S_A;

    return sip_node_transport(world, role, other) == transport ||
           (has_ue && sip_node_transport(world, role, ue) == transport);
}

bool sip_node_is_by_size(const struct world *world)
{
    return world->scenario->sip_transport == SIP_TRANSPORT_AS_RFC &&
           (sip_node_transport(world, ROLE_UE_A, ROLE_P_A) == SIP_UDP ||
            sip_node_transport(world, ROLE_P_A, ROLE_S_A) == SIP_UDP);
}

struct sip_outbox *sip_node_outbox(struct sip_node *node)
{
    return &node->outbox;
}

int64_t sip_node_arrived_ns(const struct sip_node *node)
{
    check(node->running != NULL);
    return node->running->arrived_ns;
}

struct cause sip_node_cause(const struct sip_node *node)
{
    check(node->running != NULL);
    return node->running->cause;
}

uint64_t sip_node_retransmissions(const struct sip_node *node)
{
    return node->ua ? sip_ua_retransmissions(node->ua) : sip_proxy_retransmissions(node->proxy);
}

/* "INVITE/200" as people write it: "200 (INVITE)". */
static struct span label_of(struct span kind, struct sink *sink)
{
    size_t slash = span_find_byte(kind, '/');

    if (slash == kind.size)
        return kind;
    sink_span(sink, span_after(kind, slash + 1));
    sink_text(sink, " (");
    sink_span(sink, (struct span){kind.data, slash});
    sink_text(sink, ")");
    return sink_written(sink);
}

static struct watched *node_watch(struct sip_node *node, enum role to, const struct sip_output *item)
{
    char kind_text[KIND_SIZE], label_text[KIND_SIZE + 8];
    struct sink kind = SINK(kind_text), label = SINK(label_text);

    if (!node->world->watch || sip_kind(item->head, &kind) != ERR_OK)
        return NULL;
    struct watch_new message = {.from = node->role,
                                .to = to,
                                .protocol = "SIP",
                                .label = label_of(sink_written(&kind), &label),
                                .bytes = item->head.size + item->body.length,
                                .is_again = item->is_again,
                                .head = item->head,
                                .body = item->body};

    return watch_sent(node->world, &message);
}

/* A datagram that somebody on its way lets go on. */
struct onward_datagram {
    struct sip_node *node;
    enum role to;
    uint16_t port;
    struct cause cause;
    struct watched *watched;
};

static void datagram_put(void *context, struct span bytes)
{
    const struct onward_datagram *onward = context;
    struct world *world = onward->node->world;
    const struct site *site = &world->sites[onward->node->role];
    char *copy = arena_alloc(world->arena, sizeof(struct source) + bytes.size + 1);
    struct source *source = (struct source *)(void *)copy;

    memcpy(copy + sizeof(*source), bytes.data, bytes.size);
    *source = source_memory(copy + sizeof(*source));
    struct slice slice = {source, 0, bytes.size};

    udp_send(world->net, site->node, site->sip_port, world->sites[onward->to].node, onward->port, &slice, 1,
             &onward->cause, onward->watched);
}

static void node_transmit(struct sip_node *node, const struct sip_output *item, const struct cause *cause,
                          struct watched *watched)
{
    struct world *world = node->world;
    const struct site *site = &world->sites[node->role];
    struct neighbour to = world_neighbour(world, item->hop.address, item->hop.port);
    struct cause own = item->acknowledges ? cause_feedback(cause) : cause_forward(cause);

    if (item->hop.transport == SIP_UDP) {
        struct source head = source_memory(item->head.data);
        struct slice slices[2] = {{&head, 0, item->head.size}, item->body};

        head.lasts = false;
        struct onward_datagram onward = {node, to.role, item->hop.port, own, watched};

        if (to.role != ROLE_COUNT && intercept_datagram(world, node->role, to.role, slices,
                                                        item->body.length > 0 ? 2 : 1, &onward, datagram_put))
            return;
        udp_send(world->net, site->node, site->sip_port, to.node, item->hop.port, slices, item->body.length > 0 ? 2 : 1,
                 &own, watched);
        return;
    }
    check(to.role != ROLE_COUNT);
    sip_node_connect(node, to.role, cause);
    struct channel *channel = node->channels[to.role];
    char kind_text[KIND_SIZE];
    struct sink kind = SINK(kind_text);

    if (world->trial->schedule && !item->is_again && sip_kind(item->head, &kind) == ERR_OK)
        channel_gate(channel, to.role, sink_written(&kind));
    channel_note_sent(channel, watched);
    channel_write_bytes(channel, item->head.data, item->head.size, item->acknowledges);
    channel_write(channel, item->body, item->acknowledges);
    channel_push(channel, &own);
}

/* ---- Messages that leave later: for one's accident, or because a schedule says when ---- */

/* A message that is held. */
struct late_message {
    struct sip_node *node;
    struct sip_output item;
    struct source body;
    struct cause cause;
    struct watched *watched;
};

static void late_send(void *context, const struct cause *cause)
{
    const struct late_message *late = context;

    node_transmit(late->node, &late->item, cause, late->watched);
}

/* A copy that outlives the outbox. */
static struct late_message *late_take(struct sip_node *node, const struct sip_output *item, const struct cause *cause,
                                      struct watched *watched)
{
    struct world *world = node->world;
    struct late_message *late = arena_alloc(world->arena, sizeof(*late));
    char *head = arena_alloc(world->arena, item->head.size);

    memcpy(head, item->head.data, item->head.size);
    *late = (struct late_message){.node = node, .item = *item, .cause = *cause, .watched = watched};
    late->item.head.data = head;
    if (item->body.length > 0 && !item->body.source->lasts) {
        uint8_t *body = arena_alloc(world->arena, item->body.length);

        slice_read(item->body, 0, body, (size_t)item->body.length);
        late->body = source_memory(body);
        late->item.body = (struct slice){&late->body, 0, item->body.length};
    }
    return late;
}

static void node_hold(struct sip_node *node, const struct sip_output *item, const struct cause *cause,
                      struct watched *watched)
{
    world_wait(node->world, PART_QUEUEING, node->world->trial->hold_ns, cause, late_take(node, item, cause, watched),
               late_send);
}

static bool meets_fault(struct world *world)
{
    return world->trial->message_fault != SIM_FAULT_NONE && world->moments.pressed_ns != NONE_NS &&
           ++world->sip_messages == world->trial->fault_message;
}

static void node_send_now(struct sip_node *node, const struct sip_output *item, const struct cause *cause)
{
    struct world *world = node->world;
    struct neighbour to = world_neighbour(world, item->hop.address, item->hop.port);
    int fault = meets_fault(world) ? world->trial->message_fault : SIM_FAULT_NONE;

    struct watched *watched = node_watch(node, to.role, item);
    bool is_file = span_starts(item->head, SPAN("MESSAGE "));

    world->sip_bytes += (item->head.size + (is_file ? 0 : item->body.length)) *
                        net_path_links(world->net, world->sites[node->role].node, to.node);

    if (fault == SIM_FAULT_HOLD)
        node_hold(node, item, cause, watched);
    else if (fault != SIM_FAULT_LOSE)
        node_transmit(node, item, cause, watched);
    if (fault == SIM_FAULT_DUPLICATE) {
        struct sip_output again = *item;

        again.is_again = true;
        node_transmit(node, &again, cause, node_watch(node, to.role, &again));
    }
}

static void late_send_whole(void *context, const struct cause *cause)
{
    const struct late_message *late = context;

    node_send_now(late->node, &late->item, cause);
}

static void node_send(struct sip_node *node, const struct sip_output *item, const struct cause *cause)
{
    struct world *world = node->world;
    char kind_text[KIND_SIZE];
    struct sink kind = SINK(kind_text);
    int64_t due_ns = NONE_NS;

    /* What goes over a connection waits in it. */
    if (world->trial->schedule && item->hop.transport == SIP_UDP && !item->is_again &&
        sip_kind(item->head, &kind) == ERR_OK)
        due_ns =
            gate_take(world, node->role, world_role_at(world, item->hop.address, item->hop.port), sink_written(&kind));
    if (due_ns != NONE_NS && due_ns > world_now(world))
        world_wait(world, PART_PROCESSING, due_ns - world_now(world), cause, late_take(node, item, cause, NULL),
                   late_send_whole);
    else
        node_send_now(node, item, cause);
}

static void node_wake(struct engine *engine, void *context)
{
    struct sip_node *node = context;
    struct cause cause = node->last;

    if (cause.transfer != 0)
        cause_charge(&cause, PART_TIMER, engine->now_ns - node->last_ns);
    if (node->ua)
        sip_ua_wake(node->ua, engine->now_ns, &node->outbox);
    else
        sip_proxy_wake(node->proxy, engine->now_ns, &node->outbox);
    sip_node_do(node, &node->outbox, &cause);
}

static void node_resolved(void *context, const struct sip_hop *entry, int status, uint32_t token,
                          const struct cause *cause)
{
    struct sip_node *node = context;

    sip_proxy_resolved(node->proxy, world_now(node->world), token, entry, status, &node->outbox);
    sip_node_do(node, &node->outbox, cause);
}

/* What the element cannot do by sending. */
static void node_tell(struct sip_node *node, const struct sip_output *item, const struct cause *cause)
{
    int64_t not_before_ns = node->running ? node->running->not_before_ns : 0;
    struct diameter_message location = {.command = DIAMETER_LOCATION_INFO, .public_identity = item->user};

    switch (item->action) {
    case SIP_LOCATE:
        cx_ask(node->world, node->role, &location, item->token, not_before_ns, cause);
        break;
    case SIP_RESOLVE:
        dns_look_up(node->world, node->role, item->user, item->token, node, node_resolved, cause);
        break;
    case SIP_ASK:
        cx_ask(node->world, node->role, item->question, item->token, not_before_ns, cause);
        break;
    case SIP_REGISTERED:
    case SIP_DEREGISTERED:
    case SIP_REGISTRATION_REFUSED:
        if (node->hears_registration)
            node->told(node->context, item, cause);
        else
            registration_told(node->world, node->role, item, cause);
        break;
    default:
        node->told(node->context, item, cause);
    }
}

/* Items that a user hears of come last, when all messages are on their way: what the user then does fills the outbox
 * anew, so they are copied first. */
void sip_node_do(struct sip_node *node, const struct sip_outbox *out, const struct cause *cause)
{
    struct sip_output told[TOLD_MAX];
    size_t told_count = 0;

    if (out->wake_ns == INT64_MAX)
        timer_cancel(node->timer);
    else
        timer_arm(node->timer, out->wake_ns > world_now(node->world) ? out->wake_ns : world_now(node->world));
    for (uint32_t i = 0; i < out->count; i++) {
        const struct sip_output *item = &out->items[i];

        if (item->action == SIP_SEND) {
            node_send(node, item, cause);
            /* Beside the transfer's messages others pass: a timer goes on from the transfer's. */
            if (cause->transfer != 0 || node->last.transfer == 0) {
                node->last = *cause;
                node->last_ns = world_now(node->world);
            }
        } else {
            check(told_count < sizeof(told) / sizeof(told[0]));
            told[told_count++] = *item;
        }
    }
    for (size_t i = 0; i < told_count; i++)
        node_tell(node, &told[i], cause);
}

struct sip_ua *sip_node_ua(const struct sip_node *node)
{
    return node->ua;
}

struct sip_proxy *sip_node_proxy(const struct sip_node *node)
{
    return node->proxy;
}

/* TS 24.229 section 5.3.2.1. */
void sip_node_located(struct sip_node *node, uint32_t token, const struct diameter_message *answer,
                      const struct cause *cause)
{
    int status = answer->result == DIAMETER_ERROR_IDENTITY_NOT_REGISTERED ? 480 : 404;
    char text[SIP_HEAD_MAX];
    struct sink server = SINK(text);

    sink_span(&server, answer->server_name);
    sip_proxy_located(node->proxy, world_now(node->world), token,
                      answer->server_name.size > 0 ? sink_string(&server) : NULL, status, &node->outbox);
    sip_node_do(node, &node->outbox, cause);
}

void sip_node_answered(struct sip_node *node, uint32_t token, const struct diameter_message *answer,
                       const struct cause *cause)
{
    sip_proxy_answered(node->proxy, world_now(node->world), token, answer, &node->outbox);
    sip_node_do(node, &node->outbox, cause);
}

struct sip_node *sip_node_create(struct world *world, const struct sip_node_config *config)
{
    struct sip_node *node = arena_alloc(world->arena, sizeof(*node));
    const struct site *site = &world->sites[config->role];

    check((config->ua != NULL) != (config->proxy != NULL));
    node->world = world;
    node->role = config->role;
    node->ua = config->ua;
    node->proxy = config->proxy;
    node->context = config->context;
    node->told = config->told;
    node->arrived = config->arrived;
    node->hears_registration = config->hears_registration;
    node->timer = world_timer(world, node, node_wake);
    if (node_has(world, config->role, SIP_UDP))
        udp_bind(world->net, site->node, site->sip_port, node, sip_node_received);
    if (node_has(world, config->role, SIP_TLS) || (sip_node_is_by_size(world) && world->scenario->sip_takes_tcp))
        sip_node_listen(node);
    world->sip_nodes[config->role] = node;
    return node;
}

bool sip_node_is_busy(const struct sip_node *node)
{
    return node->jobs > 0;
}

void sip_node_retire(struct sip_node *node)
{
    check(node->jobs == 0);
    struct world *world = node->world;
    const struct site *site = &world->sites[node->role];

    timer_cancel(node->timer);
    if (node_has(world, node->role, SIP_UDP))
        udp_unbind(world->net, site->node, site->sip_port);
}
