/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/pieces.h"
#include "sim/sec/cms.h"

enum { LINE_SIZE = 64, NUMBER_DIGITS = 8 };

static enum cms_suite suite_of(const struct pieces *pieces)
{
    return (enum cms_suite)pieces->world->scenario->suite;
}

/* "Piece: 00000001/00000016 Ta7c19e0b52d4f38" CR LF CR LF */
static void write_line(const struct pieces *pieces, uint64_t index, struct sink *sink)
{
    sink_format(sink, "Piece: %0*llu/%0*llu %s\r\n\r\n", NUMBER_DIGITS, (unsigned long long)index + 1, NUMBER_DIGITS,
                (unsigned long long)pieces->count, pieces->transfer_id);
    check(!sink->overflow);
}

static uint64_t sealed_size(const struct pieces *pieces, uint64_t index)
{
    const struct scenario *scenario = pieces->world->scenario;

    return cms_sealed_size_for(suite_of(pieces), (uint32_t)scenario->devices, scenario->certificate != 0,
                               pieces_signed_bytes(pieces, index));
}

void pieces_init(struct pieces *pieces, struct world *world, const char *transfer_id)
{
    uint64_t size = world->scenario->seal_chunk_bytes, file = world->trial->file_bytes;
    char text[LINE_SIZE];
    struct sink line = SINK(text);

    check(size > 0);
    *pieces = (struct pieces){.world = world, .transfer_id = transfer_id, .piece_bytes = size};
    pieces->count = file == 0 ? 1 : (file + size - 1) / size;
    write_line(pieces, 0, &line);
    pieces->line_bytes = line.size;
    pieces->sealed_bytes = sealed_size(pieces, 0);
    pieces->last_sealed_bytes = sealed_size(pieces, pieces->count - 1);
}

uint64_t pieces_bytes(const struct pieces *pieces, uint64_t index)
{
    check(index < pieces->count);
    if (index + 1 < pieces->count)
        return pieces->piece_bytes;
    return pieces->world->trial->file_bytes - index * pieces->piece_bytes;
}

uint64_t pieces_signed_bytes(const struct pieces *pieces, uint64_t index)
{
    return pieces->line_bytes + pieces_bytes(pieces, index);
}

uint64_t pieces_sealed_bytes(const struct pieces *pieces, uint64_t index)
{
    return index + 1 < pieces->count ? pieces->sealed_bytes : pieces->last_sealed_bytes;
}

uint64_t pieces_at(const struct pieces *pieces, uint64_t index)
{
    if (index < pieces->count)
        return index * pieces->sealed_bytes;
    return (pieces->count - 1) * pieces->sealed_bytes + pieces->last_sealed_bytes;
}

/* ---- Real bytes ---- */

void pieces_seal(const struct pieces *pieces, uint8_t *body)
{
    struct world *world = pieces->world;
    const struct party_set *parties = world->trial->parties;
    enum party_kind kind = cms_party_kind(suite_of(pieces));
    struct cms_sealing sealing = {.sender = &parties->alice[kind],
                                  .recipient = &parties->bob[kind],
                                  .suite = suite_of(pieces),
                                  .with_certificate = world->scenario->certificate != 0,
                                  .signing_time_s = SIM_EPOCH_S,
                                  .others = parties->bob_others[kind],
                                  .other_count = (uint32_t)world->scenario->devices - 1};
    uint8_t *text = arena_alloc(world->arena, pieces_signed_bytes(pieces, 0));

    check(sealing.other_count <= parties->bob_other_count);
    for (uint64_t i = 0; i < pieces->count; i++) {
        struct sink line = {.data = (char *)text, .capacity = LINE_SIZE};
        struct source source = source_memory(text);
        struct note note = {{0}};

        write_line(pieces, i, &line);
        slice_read((struct slice){world->trial->file, i * pieces->piece_bytes, pieces_bytes(pieces, i)}, 0,
                   text + line.size, (size_t)pieces_bytes(pieces, i));
        enum err error = cms_seal(&sealing, (struct slice){&source, 0, pieces_signed_bytes(pieces, i)},
                                  body + pieces_at(pieces, i), pieces_sealed_bytes(pieces, i), &note);

        check(error == ERR_OK);
    }
}

enum err pieces_open(const struct pieces *pieces, const char *peer_aor, const uint8_t *body, uint8_t *file,
                     uint64_t *size)
{
    struct world *world = pieces->world;
    const struct party_set *parties = world->trial->parties;
    enum party_kind kind = cms_party_kind(suite_of(pieces));
    struct cms_opening opening = {.recipient = &parties->bob[kind],
                                  .authority = &parties->authority[kind],
                                  .sender_aor = peer_aor,
                                  .sender = &parties->alice[kind],
                                  .at_s = SIM_EPOCH_S,
                                  .weakest = suite_of(pieces)};
    uint64_t room = pieces_sealed_bytes(pieces, 0), at = 0;
    uint8_t *text = arena_alloc(world->arena, room);

    for (uint64_t i = 0; i < pieces->count; i++) {
        char expected[LINE_SIZE];
        struct sink line = SINK(expected);
        struct span sealed = {(const char *)body + pieces_at(pieces, i), pieces_sealed_bytes(pieces, i)};
        size_t opened = 0;
        struct note note = {{0}};

        TRY(cms_open(&opening, sealed, text, room, &opened, &note));
        write_line(pieces, i, &line);
        if (opened != pieces_signed_bytes(pieces, i) || memcmp(text, line.data, line.size) != 0)
            return ERR_CRYPTO;
        memcpy(file + at, text + line.size, opened - line.size);
        at += opened - line.size;
    }

    *size = at;
    return ERR_OK;
}
