/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/fingerprint.h"

void fingerprint_write(const uint8_t hash[PARTY_FINGERPRINT_SIZE], struct sink *sink)
{
    sink_text(sink, "SHA-256 ");
    for (int i = 0; i < PARTY_FINGERPRINT_SIZE; i++) {
        if (i > 0)
            sink_char(sink, ':');
        sink_char(sink, "0123456789ABCDEF"[hash[i] >> 4]);
        sink_char(sink, "0123456789ABCDEF"[hash[i] & 15]);
    }
}

void fingerprint_of_role(const struct world *world, enum role role, struct sink *sink)
{
    struct span name = span_of(world->sites[role].host_name);
    uint8_t hash[PARTY_FINGERPRINT_SIZE];
    uint64_t place = stream_place(world->sites[role].host_name);

    if (world->wants_bytes) {
        const struct party *party = party_set_server(world->trial->parties, name);

        check(party != NULL);
        party_fingerprint(party, hash);
    } else {
        for (int i = 0; i < PARTY_FINGERPRINT_SIZE; i++)
            hash[i] = (uint8_t)(place >> 8 * (i % 8));
    }
    fingerprint_write(hash, sink);
}

bool fingerprint_is_same(struct span a, struct span b)
{
    return a.size > 0 && span_equal_nocase(a, b);
}
