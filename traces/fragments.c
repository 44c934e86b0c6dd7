/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/fragments.h"
#include "sim/base/units.h"

#include <stdlib.h>

enum { UNITS = (PACKETS_DATAGRAM_SIZE_MAX + 1) / 8, DONE_MAX = 64 };
#define PATIENCE (30 * SECOND)

/* What tells a datagram from others. */
struct key {
    struct endpoint from, to;
    uint32_t id;
    uint8_t protocol;
};

struct datagram {
    struct key key;
    bool is_used;
    int64_t first_ns;
    uint32_t count;
    uint32_t size;     /* known with the last fragment; 0 before */
    uint32_t received; /* bytes */
    char *bytes;       /* PACKETS_DATAGRAM_SIZE_MAX */
    uint8_t has[UNITS / 8];
};

struct fragments {
    struct datagram datagrams[PACKETS_DATAGRAMS_MAX];
    uint64_t lost;
    struct key done[DONE_MAX]; /* datagrams that were whole: copies of their fragments may still come */
    size_t done_count;
};

struct fragments *fragments_create(void)
{
    return calloc(1, sizeof(struct fragments));
}

void fragments_free(struct fragments *fragments)
{
    for (size_t i = 0; i < PACKETS_DATAGRAMS_MAX; i++)
        free(fragments->datagrams[i].bytes);
    free(fragments);
}

uint64_t fragments_lost(const struct fragments *fragments)
{
    return fragments->lost;
}

static bool is_key(const struct key *a, const struct key *b)
{
    return a->id == b->id && a->protocol == b->protocol && endpoint_equal(&a->from, &b->from) &&
           endpoint_equal(&a->to, &b->to);
}

static bool is_done(const struct fragments *fragments, const struct key *key)
{
    for (size_t i = 0; i < DONE_MAX && i < fragments->done_count; i++)
        if (is_key(&fragments->done[i], key))
            return true;
    return false;
}

static void give_up(struct fragments *fragments, struct datagram *datagram)
{
    if (!is_done(fragments, &datagram->key))
        fragments->lost += datagram->count;
    datagram->is_used = false;
}

/* The datagram of the key: the one under way, a free place, or the oldest one's. */
static struct datagram *find(struct fragments *fragments, const struct key *key, int64_t at_ns)
{
    struct datagram *place = NULL;

    for (size_t i = 0; i < PACKETS_DATAGRAMS_MAX; i++) {
        struct datagram *one = &fragments->datagrams[i];

        if (one->is_used && at_ns - one->first_ns > PATIENCE)
            give_up(fragments, one);
        if (one->is_used && is_key(&one->key, key))
            return one;
        if (!place || (place->is_used && (!one->is_used || one->first_ns < place->first_ns)))
            place = one;
    }
    if (place->is_used)
        give_up(fragments, place);
    char *bytes = place->bytes ? place->bytes : malloc(PACKETS_DATAGRAM_SIZE_MAX);

    if (!bytes)
        return NULL;
    *place = (struct datagram){.key = *key, .is_used = true, .first_ns = at_ns, .bytes = bytes};
    return place;
}

/* Eight bytes at a time, those that are not there yet; the last unit may be shorter. */
static void copy_units(struct datagram *datagram, const struct fragment *fragment)
{
    for (uint32_t at = 0; at < fragment->bytes.size; at += 8) {
        uint32_t unit = (fragment->offset + at) / 8;
        size_t left = fragment->bytes.size - at, size = left < 8 ? left : 8;

        if (datagram->has[unit / 8] & 1 << unit % 8)
            continue;
        datagram->has[unit / 8] |= (uint8_t)(1 << unit % 8);
        memcpy(datagram->bytes + fragment->offset + at, fragment->bytes.data + at, size);
        datagram->received += (uint32_t)size;
    }
}

bool fragments_add(struct fragments *fragments, const struct fragment *fragment, struct fragments_whole *whole)
{
    const struct key key = {fragment->from, fragment->to, fragment->id, fragment->protocol};
    size_t end = fragment->offset + fragment->bytes.size;

    /* All but the last are multiples of eight bytes long; nothing reaches beyond the largest datagram. */
    if (end > PACKETS_DATAGRAM_SIZE_MAX || fragment->bytes.size == 0 ||
        (!fragment->is_last && fragment->bytes.size % 8 != 0)) {
        fragments->lost++;
        return false;
    }
    struct datagram *datagram = find(fragments, &key, fragment->at_ns);

    if (!datagram)
        return false;
    datagram->count++;
    copy_units(datagram, fragment);
    if (fragment->is_last && datagram->size == 0)
        datagram->size = (uint32_t)end;
    if (datagram->size == 0 || datagram->received < datagram->size)
        return false;
    *whole = (struct fragments_whole){{datagram->bytes, datagram->size}, datagram->first_ns, datagram->count};
    datagram->is_used = false;
    fragments->done[fragments->done_count++ % DONE_MAX] = key;
    return true;
}
