/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pieces.h - a file sealed piece by piece instead of whole, so that sealing, sending and opening overlap: ours, beyond
 * RFC 8591 section 8.1 (which seals the whole message) and RFC 5547. Each piece is signed and encrypted on its own;
 * what is signed begins with its number, their count and the file-transfer-id, so that none can be left out, moved,
 * doubled or taken from another transfer unnoticed. The sealed pieces follow one another in the body of one message.
 */
#ifndef SIM_IMS_PIECES_H
#define SIM_IMS_PIECES_H

#include "sim/ims/world.h"

#define PIECES_CONTENT_TYPE "application/x-sealed-pieces"

struct pieces {
    struct world *world;
    const char *transfer_id;
    uint64_t piece_bytes; /* of the file in each but the last; the file's own size where there is one piece */
    uint64_t count;       /* at least 1 */
    uint64_t line_bytes;  /* what stands in front of each */
    uint64_t sealed_bytes, last_sealed_bytes; /* of each but the last, of the last */
};

void pieces_init(struct pieces *pieces, struct world *world, const char *transfer_id);

/* Bytes of the file in piece number index, from 0, and of it as sealed; where it begins in the body. */
uint64_t pieces_bytes(const struct pieces *pieces, uint64_t index);
uint64_t pieces_sealed_bytes(const struct pieces *pieces, uint64_t index);
uint64_t pieces_at(const struct pieces *pieces, uint64_t index); /* index count: the body's length */

/* What is signed of a piece: the line in front of it and the piece. */
uint64_t pieces_signed_bytes(const struct pieces *pieces, uint64_t index);

/* With real bytes: seals all into body; opens all, as ERR_OK only if each is whole, in its place, of this transfer and
 * signed by the user whose address of record is peer_aor. */
void pieces_seal(const struct pieces *pieces, uint8_t *body);
MUST_USE enum err pieces_open(const struct pieces *pieces, const char *peer_aor, const uint8_t *body, uint8_t *file,
                              uint64_t *size);

#endif
