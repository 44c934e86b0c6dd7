/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/dns_client.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/proto/sip_hop.h"

enum { LOOKUPS_MAX = 4, REMEMBERED_MAX = 16 };

/* RFC 3263 section 4.1: services of NAPTR, and the names of SRV records where there is no NAPTR. */
static const struct transport_row {
    const char *service, *prefix;
} transports[] = {
    [SIP_UDP] = {"SIP+D2U", "_sip._udp."},
    [SIP_TCP] = {"SIP+D2T", "_sip._tcp."},
    [SIP_TLS] = {"SIPS+D2T", "_sips._tcp."},
};

struct lookup {
    bool is_busy;
    uint32_t token;
    uint16_t id, type; /* of the question under way */
    uint16_t port;     /* once known */
    int attempts;
    int64_t again_ns;
    uint32_t ttl_s; /* the least so far */
    char domain[DNS_NAME_SIZE];
    char name[DNS_NAME_SIZE]; /* of the question */
    char bytes[DNS_SIZE_MAX];
};

struct remembered {
    char domain[DNS_NAME_SIZE];
    struct sip_hop entry;
    int64_t until_ns;
};

struct dns_client {
    uint8_t transport;
    uint16_t last_id;
    uint64_t retransmissions;
    struct dns_outbox *out;
    int64_t now_ns;
    struct lookup lookups[LOOKUPS_MAX];
    uint32_t remembered_count; /* so far; the oldest is forgotten first */
    struct remembered remembered[REMEMBERED_MAX];
};

struct dns_client *dns_client_create(struct arena *arena, uint8_t transport)
{
    struct dns_client *client = arena_alloc(arena, sizeof(*client));

    check(transport <= SIP_TLS);
    client->transport = transport;
    return client;
}

uint64_t dns_client_retransmissions(const struct dns_client *client)
{
    return client->retransmissions;
}

static void begin(struct dns_client *client, int64_t now_ns, struct dns_outbox *out)
{
    client->now_ns = now_ns;
    client->out = out;
    out->count = 0;
}

static void end(struct dns_client *client)
{
    client->out->wake_ns = INT64_MAX;
    for (int i = 0; i < LOOKUPS_MAX; i++)
        if (client->lookups[i].is_busy && client->lookups[i].again_ns < client->out->wake_ns)
            client->out->wake_ns = client->lookups[i].again_ns;
    client->out = NULL;
}

static struct dns_output *put(struct dns_client *client, enum dns_action action, uint32_t token)
{
    check(client->out->count < DNS_OUTBOX_MAX);
    struct dns_output *output = &client->out->items[client->out->count++];

    *output = (struct dns_output){.action = action, .token = token};
    return output;
}

static void copy_name(char name[DNS_NAME_SIZE], const char *prefix, const char *text)
{
    struct sink sink = {.data = name, .capacity = DNS_NAME_SIZE};

    sink_text(&sink, prefix);
    sink_text(&sink, text);
    (void)sink_string(&sink);
}

static void finish(struct dns_client *client, struct lookup *lookup, int status, struct sip_hop entry)
{
    struct dns_output *output = put(client, DNS_DONE, lookup->token);

    output->status = status;
    output->entry = entry;
    lookup->is_busy = false;
    if (status != 0)
        return;
    struct remembered *remembered = &client->remembered[client->remembered_count++ % REMEMBERED_MAX];

    copy_name(remembered->domain, "", lookup->domain);
    remembered->entry = entry;
    remembered->until_ns = client->now_ns + lookup->ttl_s * SECOND;
}

static void send(struct dns_client *client, struct lookup *lookup)
{
    struct dns_message question = {.id = lookup->id, .is_recursive = true, .type = lookup->type};
    struct sink sink = SINK(lookup->bytes);

    copy_name(question.name, "", lookup->name);
    dns_write(&question, &sink);
    if (sink.overflow) {
        finish(client, lookup, 404, (struct sip_hop){0});
        return;
    }
    struct dns_output *output = put(client, DNS_SEND, lookup->token);

    output->bytes = sink_written(&sink);
    output->type = lookup->type;
    output->is_again = lookup->attempts > 0;
    lookup->attempts++;
    lookup->again_ns = client->now_ns + DNS_TIMEOUT_S * SECOND;
}

static void ask(struct dns_client *client, struct lookup *lookup, uint16_t type, const char *prefix, const char *name)
{
    char copy[DNS_NAME_SIZE];

    copy_name(copy, "", name); /* name may be the lookup's own */
    copy_name(lookup->name, prefix, copy);
    lookup->id = ++client->last_id;
    lookup->type = type;
    lookup->attempts = 0;
    send(client, lookup);
}

void dns_client_resolve(struct dns_client *client, int64_t now_ns, struct span name, uint32_t token,
                        struct dns_outbox *out)
{
    struct lookup *lookup = client->lookups;

    begin(client, now_ns, out);
    for (int i = 0; i < REMEMBERED_MAX; i++) {
        const struct remembered *remembered = &client->remembered[i];

        if (now_ns < remembered->until_ns && span_equal_nocase(name, span_of(remembered->domain))) {
            put(client, DNS_DONE, token)->entry = remembered->entry;
            end(client);
            return;
        }
    }
    while (lookup < client->lookups + LOOKUPS_MAX && lookup->is_busy)
        lookup++;
    if (lookup == client->lookups + LOOKUPS_MAX || name.size >= DNS_NAME_SIZE) {
        put(client, DNS_DONE, token)->status = 504;
        end(client);
        return;
    }
    *lookup = (struct lookup){.is_busy = true, .token = token, .ttl_s = UINT32_MAX};
    struct sink domain = SINK(lookup->domain);

    sink_span(&domain, name);
    (void)sink_string(&domain);
    ask(client, lookup, DNS_NAPTR, "", lookup->domain);
    end(client);
}

/* ---- Answers ---- */

/* The best record of a type and name: least order, then for NAPTR least preference, for SRV most weight. service NULL:
 * any. */
static const struct dns_record *best(const struct dns_message *message, uint16_t type, const char *name,
                                     const char *service)
{
    const struct dns_record *found = NULL;

    for (uint32_t i = 0; i < message->count; i++) {
        const struct dns_record *record = &message->records[i];

        if (record->type != type || !span_equal_nocase(span_of(record->name), span_of(name)) ||
            (service && !span_equal_nocase(span_of(record->service), span_of(service))))
            continue;
        bool is_preferred = found && (type == DNS_NAPTR ? record->preference < found->preference
                                                        : record->preference > found->preference);

        if (!found || record->order < found->order || (record->order == found->order && is_preferred))
            found = record;
    }
    return found;
}

static void keep_ttl(struct lookup *lookup, const struct dns_record *record)
{
    if (record->ttl_s < lookup->ttl_s)
        lookup->ttl_s = record->ttl_s;
}

static void take_address(struct dns_client *client, struct lookup *lookup, const struct dns_message *message)
{
    const struct dns_record *record = best(message, DNS_A, lookup->name, NULL);
    uint16_t standard = client->transport == SIP_TLS ? SIP_PORT_TLS : SIP_PORT;

    if (!record) {
        finish(client, lookup, 404, (struct sip_hop){0});
        return;
    }
    keep_ttl(lookup, record);
    finish(client, lookup, 0,
           (struct sip_hop){record->address, lookup->port ? lookup->port : standard, client->transport});
}

/* Section 4.2: without SRV the name is that of a host. */
static void take_server(struct dns_client *client, struct lookup *lookup, const struct dns_message *message)
{
    const struct dns_record *record = best(message, DNS_SRV, lookup->name, NULL);

    if (!record) {
        ask(client, lookup, DNS_A, "", lookup->domain);
        return;
    }
    keep_ttl(lookup, record);
    lookup->port = record->port;
    copy_name(lookup->name, "", record->target);
    if (best(message, DNS_A, lookup->name, NULL))
        take_address(client, lookup, message);
    else
        ask(client, lookup, DNS_A, "", lookup->name);
}

/* Section 4.1: without NAPTR the SRV records of the transport are looked for. */
static void take_transport(struct dns_client *client, struct lookup *lookup, const struct dns_message *message)
{
    const struct transport_row *row = &transports[client->transport];
    const struct dns_record *record = best(message, DNS_NAPTR, lookup->name, row->service);

    if (!record || !span_equal_nocase(span_of(record->flags), SPAN("s"))) {
        ask(client, lookup, DNS_SRV, row->prefix, lookup->domain);
        return;
    }
    keep_ttl(lookup, record);
    copy_name(lookup->name, "", record->target);
    if (best(message, DNS_SRV, lookup->name, NULL))
        take_server(client, lookup, message);
    else
        ask(client, lookup, DNS_SRV, "", lookup->name);
}

static void take(struct dns_client *client, struct lookup *lookup, const struct dns_message *message)
{
    if (message->rcode != DNS_NO_ERROR && message->rcode != DNS_NAME_ERROR)
        finish(client, lookup, 504, (struct sip_hop){0});
    else if (lookup->type == DNS_NAPTR)
        take_transport(client, lookup, message);
    else if (lookup->type == DNS_SRV)
        take_server(client, lookup, message);
    else
        take_address(client, lookup, message);
}

void dns_client_receive(struct dns_client *client, int64_t now_ns, struct span bytes, struct dns_outbox *out)
{
    struct dns_message message;

    begin(client, now_ns, out);
    if (dns_parse(bytes, &message) == ERR_OK && message.is_response)
        for (struct lookup *lookup = client->lookups; lookup < client->lookups + LOOKUPS_MAX; lookup++)
            if (lookup->is_busy && lookup->id == message.id && lookup->type == message.type &&
                span_equal_nocase(span_of(lookup->name), span_of(message.name))) {
                take(client, lookup, &message);
                break;
            }
    end(client);
}

void dns_client_wake(struct dns_client *client, int64_t now_ns, struct dns_outbox *out)
{
    begin(client, now_ns, out);
    for (struct lookup *lookup = client->lookups; lookup < client->lookups + LOOKUPS_MAX; lookup++) {
        if (!lookup->is_busy || lookup->again_ns > now_ns)
            continue;
        if (lookup->attempts == DNS_ATTEMPTS) {
            finish(client, lookup, 504, (struct sip_hop){0});
        } else {
            client->retransmissions++;
            send(client, lookup);
        }
    }
    end(client);
}
