/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/flow_state.h"

#include <stdlib.h>

uint64_t flow_mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 29;
}

uint64_t flow_mix_text(uint64_t hash, const char *text)
{
    return flow_mix(hash, (uint64_t)(uintptr_t)text);
}

bool flow_index_init(struct flow_index *index, size_t messages)
{
    *index = (struct flow_index){.slot_count = 2 * messages + 1};
    index->first = calloc(index->slot_count, sizeof(*index->first));
    index->last = calloc(index->slot_count, sizeof(*index->last));
    index->next = calloc(messages + 1, sizeof(*index->next));
    index->keys = calloc(messages + 1, sizeof(*index->keys));
    return index->first && index->last && index->next && index->keys;
}

void flow_index_free(struct flow_index *index)
{
    free(index->first);
    free(index->last);
    free(index->next);
    free(index->keys);
}

/* At the end of its slot's list. */
void flow_index_add(struct flow_index *index, uint64_t key, size_t message)
{
    size_t slot = key % index->slot_count;
    size_t *place = index->last[slot] ? &index->next[index->last[slot] - 1] : &index->first[slot];

    *place = message + 1;
    index->last[slot] = message + 1;
    index->keys[message] = key;
}

size_t flow_index_next(const struct flow_index *index, uint64_t key, size_t after)
{
    size_t at = after == SIZE_MAX ? index->first[key % index->slot_count] : index->next[after];

    while (at && index->keys[at - 1] != key)
        at = index->next[at - 1];
    return at ? at - 1 : SIZE_MAX;
}
