/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_layer.c - what the transaction machines stand on: the step, the outbox, the table of transactions.
 */
#include "sim/base/check.h"
#include "sim/proto/sip_transaction.h"

enum { BUCKETS_FIRST = 16, OUTBOX_SPARE = 8 };

void sip_layer_init(struct sip_layer *layer, struct arena *arena)
{
    *layer = (struct sip_layer){.bucket_count = BUCKETS_FIRST};
    sip_pool_init(&layer->pool, arena);
    layer->buckets = arena_alloc(arena, BUCKETS_FIRST * sizeof(struct sip_transaction *));
}

void sip_layer_begin(struct sip_layer *layer, int64_t now_ns, struct sip_outbox *out)
{
    check(now_ns >= layer->now_ns);
    sip_pool_sweep(&layer->pool);
    layer->now_ns = now_ns;
    layer->out = out;
    out->count = 0;
}

void sip_layer_end(struct sip_layer *layer)
{
    layer->out->wake_ns = sip_clock_next_ns(&layer->clock);
    layer->out = NULL;
}

bool sip_layer_has_room(const struct sip_layer *layer)
{
    return layer->out->count + OUTBOX_SPARE <= SIP_OUTBOX_MAX;
}

struct sip_output *sip_layer_put(struct sip_layer *layer, enum sip_action action)
{
    check(layer->out->count < SIP_OUTBOX_MAX);
    struct sip_output *output = &layer->out->items[layer->out->count++];

    *output = (struct sip_output){.action = action};
    return output;
}

struct sip_output *sip_layer_send(struct sip_layer *layer, struct sip_hop hop, struct span head, struct slice body)
{
    struct sip_output *output = sip_layer_put(layer, SIP_SEND);

    check(head.size > 0);
    output->hop = hop;
    output->head = head;
    output->body = body;
    return output;
}

struct span sip_layer_lend(struct sip_layer *layer, struct span text)
{
    struct sip_buffer *buffer = sip_pool_copy(&layer->pool, text);

    sip_pool_release(&layer->pool, buffer);
    return sip_buffer_span(buffer);
}

/* The finalizer of MurmurHash3's kind: multiplications and shifts that are undone by others, so nothing collides that
 * did not before. */
static uint64_t scramble(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    return x;
}

uint64_t sip_mix(uint64_t identity, uint64_t counter)
{
    return scramble(scramble(identity) + (counter + 1) * UINT64_C(0x9e3779b97f4a7c15));
}

uint64_t sip_hash(uint64_t seed, struct span text)
{
    uint64_t hash = seed ^ (text.size * UINT64_C(0x9e3779b97f4a7c15));

    for (; text.size >= 8; text = span_after(text, 8)) {
        uint64_t word;

        memcpy(&word, text.data, 8);
        hash = (hash ^ word) * UINT64_C(0xd6e8feb86659fd93);
        hash ^= hash >> 32;
    }
    uint64_t word = 0;

    if (text.size > 0)
        memcpy(&word, text.data, text.size);
    return scramble(hash ^ word);
}

/* Two hashes of the same text at a time, with different multipliers. */
static void key_add(struct sip_key *key, struct span text)
{
    key->low ^= text.size;
    while (text.size > 0) {
        size_t size = text.size < 8 ? text.size : 8;
        uint64_t word = 0;

        memcpy(&word, text.data, size);
        key->low = (key->low ^ word) * UINT64_C(0xd6e8feb86659fd93);
        key->low ^= key->low >> 32;
        key->high = (key->high ^ word) * UINT64_C(0x9fb21c651e98df25);
        key->high ^= key->high >> 32;
        text = span_after(text, size);
    }
}

static struct sip_key key_end(struct sip_key key)
{
    return (struct sip_key){scramble(key.low), scramble(key.high)};
}

struct sip_key sip_client_key(struct span branch, struct span method)
{
    struct sip_key key = {1, 1};

    key_add(&key, branch);
    key_add(&key, method);
    return key_end(key);
}

struct sip_key sip_server_key(const struct sip_via *via, struct span method)
{
    struct sip_key key = {2, 2};

    key_add(&key, via->branch);
    key_add(&key, span_equal(method, SPAN("ACK")) ? SPAN("INVITE") : method);
    key_add(&key, via->sent_by);
    return key_end(key);
}

struct sip_transaction *sip_find(const struct sip_layer *layer, struct sip_key key)
{
    struct sip_transaction *found = layer->buckets[key.low & (layer->bucket_count - 1)];

    while (found && (found->key.low != key.low || found->key.high != key.high))
        found = found->next;
    return found;
}

static bool was_carried(const struct sip_transaction *transaction, struct sip_hop hop)
{
    return transaction->kind <= SIP_CLIENT_OTHER && transaction->state == SIP_STATE_TRYING &&
           sip_is_reliable(transaction->hop) && transaction->hop.address == hop.address &&
           transaction->hop.port == hop.port;
}

struct sip_transaction *sip_layer_broken(const struct sip_layer *layer, struct sip_hop hop)
{
    for (uint32_t i = 0; i < layer->bucket_count; i++)
        for (struct sip_transaction *client = layer->buckets[i]; client; client = client->next)
            if (was_carried(client, hop))
                return client;
    return NULL;
}
