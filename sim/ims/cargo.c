/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/cargo.h"
#include "sim/ims/intercept.h"
#include "sim/ims/lookup.h"
#include "sim/ims/watch.h"
#include "sim/sec/cms.h"
#include "sim/sec/digest.h"

enum { TAMPER_ROOM = 65536 /* what may be put in the place of a file can be longer by so much, at least */ };

static enum cms_suite suite_of(const struct world *world)
{
    return (enum cms_suite)world->scenario->suite;
}

static bool is_hashed(const struct cargo *cargo)
{
    return cargo->world->scenario->file_hash != FILE_HASH_OFF && cargo->world->arm->carrier == CARRIER_MSRP;
}

/* ---- Making ---- */

static void cargo_seal_bytes(struct cargo *cargo)
{
    struct world *world = cargo->world;
    const struct party_set *parties = world->trial->parties;
    enum party_kind kind = cms_party_kind(suite_of(world));
    struct cms_sealing sealing = {.sender = &parties->alice[kind],
                                  .recipient = lookup_recipient(world),
                                  .suite = suite_of(world),
                                  .with_certificate = world->scenario->certificate != 0,
                                  .signing_time_s = SIM_EPOCH_S,
                                  .others = parties->bob_others[kind],
                                  .other_count = (uint32_t)world->scenario->devices - 1};
    struct slice file = {world->trial->file, 0, world->trial->file_bytes};
    uint8_t *sealed = arena_alloc(world->arena, cargo->body.length);
    struct note note = {{0}};

    check(sealing.other_count <= parties->bob_other_count);
    enum err error = cms_seal(&sealing, file, sealed, cargo->body.length, &note);

    check(error == ERR_OK);
    cargo->sealed_source = source_memory(sealed);
    cargo->body.source = &cargo->sealed_source;
}

/* "sha-1:72:24:5F:...", RFC 5547 section 6. */
static void write_hash(const uint8_t hash[DIGEST_SHA1_SIZE], char text[CARGO_HASH_TEXT + 1])
{
    struct sink sink = {.data = text, .capacity = CARGO_HASH_TEXT + 1};

    sink_text(&sink, "sha-1");
    for (int i = 0; i < DIGEST_SHA1_SIZE; i++) {
        sink_char(&sink, ':');
        sink_char(&sink, "0123456789ABCDEF"[hash[i] >> 4]);
        sink_char(&sink, "0123456789ABCDEF"[hash[i] & 15]);
    }
    check(!sink.overflow);
    sink_string(&sink);
}

/* Where bytes are of no interest, any hash stands for the file's. */
static void cargo_hash_bytes(struct cargo *cargo)
{
    struct world *world = cargo->world;
    uint8_t hash[DIGEST_SHA1_SIZE] = {0};

    if (world->wants_bytes)
        digest_sha1((struct slice){world->trial->file, 0, world->trial->file_bytes}, hash);
    write_hash(hash, cargo->hash);
}

static bool is_in_pieces(const struct cargo *cargo)
{
    return cargo->pieces.count > 0;
}

static void cargo_make_pieces(struct cargo *cargo)
{
    struct world *world = cargo->world;

    pieces_init(&cargo->pieces, world, cargo->transfer_id);
    cargo->content_type = PIECES_CONTENT_TYPE;
    cargo->body = (struct slice){&source_pattern, 0, pieces_at(&cargo->pieces, cargo->pieces.count)};
    if (!world->wants_bytes)
        return;
    uint8_t *sealed = arena_alloc(world->arena, cargo->body.length);

    pieces_seal(&cargo->pieces, sealed);
    cargo->sealed_source = source_memory(sealed);
    cargo->body.source = &cargo->sealed_source;
}

void cargo_init(struct cargo *cargo, struct world *world)
{
    struct sink id = SINK(cargo->transfer_id);
    uint64_t file_bytes = world->trial->file_bytes;

    cargo->world = world;
    cargo->is_sealed_body = world->arm->body == BODY_CMS;
    cargo->body = (struct slice){world->trial->file, 0, file_bytes};
    cargo->content_type = "application/octet-stream";
    sink_char(&id, 'T'); /* unique to the transfer, RFC 5547 section 6 */
    sink_hex(&id, stream_place("file-transfer-id") + world->trial->number, 15);
    sink_string(&id);
    if (cargo->is_sealed_body && world->scenario->seal_chunk_bytes > 0) {
        cargo_make_pieces(cargo);
    } else if (cargo->is_sealed_body) {
        cargo->content_type = cms_content_type(suite_of(world));
        cargo->body.source = &source_pattern;
        /* Whichever device answers has to open it (RFC 8591 section 9.1): a RecipientInfo for each. */
        cargo->body.length = cms_sealed_size_for(suite_of(world), (uint32_t)world->scenario->devices,
                                                 world->scenario->certificate != 0, file_bytes);
        if (world->wants_bytes)
            cargo_seal_bytes(cargo);
    }
    if (is_hashed(cargo))
        cargo_hash_bytes(cargo);
    cargo->received_capacity = cargo->body.length + (intercept_is_on(world) ? cargo->body.length + TAMPER_ROOM : 0);
    if (world->wants_bytes)
        cargo->received = arena_alloc(world->arena, cargo->received_capacity + 1);
    cargo->sealed_bytes = cargo->body.length;
}

/* ---- SDP ---- */

void cargo_describe(const struct cargo *cargo, struct sdp_msrp *sdp)
{
    sdp->has_file = true;
    sdp->file_name = SPAN("file.ini");
    sdp->file_type = SPAN("application/octet-stream");
    sdp->has_file_size = true;
    sdp->file_size = cargo->world->trial->file_bytes;
    sdp->file_hash = span_of(cargo->hash);
    sdp->file_transfer_id = span_of(cargo->transfer_id);
    sdp->accept_types = SPAN("*");
    if (is_in_pieces(cargo))
        return;
    if (cargo->is_sealed_body)
        sdp->accept_types = cargo->world->scenario->text_after_ns > 0 ? SPAN("application/pkcs7-mime text/plain")
                                                                      : SPAN("application/pkcs7-mime");
}

/* A hash of another kind than this one's is as good as none: then the file will not have it. */
void cargo_offered(struct cargo *cargo, const struct sdp_msrp *offer)
{
    struct sink hash = SINK(cargo->offered_hash);

    sink_span(&hash, offer->file_hash.size <= CARGO_HASH_TEXT ? offer->file_hash : (struct span){0});
    sink_string(&hash);
    cargo->has_offered_size = offer->has_file_size;
    cargo->offered_size = offer->file_size;
}

/* Who does not say who they are has signed nothing. */
void cargo_heard(struct cargo *cargo, struct span head)
{
    if (sip_identity(head, cargo->peer_aor) != ERR_OK)
        watch_event(cargo->world, "no identity UE-B");
}

/* ---- Work ---- */

void cargo_hash(struct cargo *cargo, const struct cause *cause, void *context, station_done_fn *done)
{
    if (is_hashed(cargo))
        site_crypto(cargo->world, ROLE_UE_A, COST_SHA1, cargo->world->trial->file_bytes, cause, context, done);
    else
        done(context, cause);
}

static enum cost_operation operation_of(const struct cargo *cargo, enum cost_operation first)
{
    return (enum cost_operation)((int)first + 2 * cargo->world->scenario->suite);
}

static void cargo_seal_piece(struct cargo *cargo, const struct cause *cause);

/* The next piece goes to the CPU before anything else is done about this one. */
static void cargo_sealed_piece(void *context, const struct cause *cause)
{
    struct cargo *cargo = context;

    cargo->sealed_bytes = pieces_at(&cargo->pieces, ++cargo->pieces_sealed);
    cargo_seal_piece(cargo, cause);
    cargo->sealed(cargo->sealed_context, cause);
}

static void cargo_seal_piece(struct cargo *cargo, const struct cause *cause)
{
    uint64_t index = cargo->pieces_sealed;

    if (index < cargo->pieces.count)
        site_crypto(cargo->world, ROLE_UE_A, operation_of(cargo, COST_CMS_SEAL_RFC8591),
                    pieces_signed_bytes(&cargo->pieces, index), cause, cargo, cargo_sealed_piece);
}

static void cargo_seal_now(void *context, const struct cause *cause)
{
    struct cargo *cargo = context;
    struct world *world = cargo->world;

    world->moments.sealing_ns = world_now(world);
    if (world->found.certificate && !is_in_pieces(cargo))
        cargo_seal_bytes(cargo);
    if (is_in_pieces(cargo)) {
        cargo_seal_piece(cargo, cause);
        return;
    }
    site_crypto(world, ROLE_UE_A, operation_of(cargo, COST_CMS_SEAL_RFC8591), world->trial->file_bytes, cause,
                cargo->sealed_context, cargo->sealed);
}

void cargo_seal(struct cargo *cargo, const struct cause *cause, void *context, station_done_fn *done)
{
    cargo->sealed_context = context;
    cargo->sealed = done;
    if (cargo->world->scenario->recipient == RECIPIENT_FETCH)
        lookup_ask(cargo->world, cause, cargo, cargo_seal_now);
    else
        cargo_seal_now(cargo, cause);
}

static void cargo_opened(void *context, const struct cause *cause)
{
    struct cargo *cargo = context;

    if (is_hashed(cargo))
        site_crypto(cargo->world, ROLE_UE_B, COST_SHA1, cargo->world->trial->file_bytes, cause, cargo->opened_context,
                    cargo->opened);
    else
        cargo->opened(cargo->opened_context, cause);
}

static void cargo_open_next(struct cargo *cargo, const struct cause *cause);

static void cargo_opened_piece(void *context, const struct cause *cause)
{
    struct cargo *cargo = context;

    cargo->is_opening = false;
    cargo->pieces_opened++;
    if (cargo->pieces_opened == cargo->pieces.count)
        cargo_opened(cargo, cause);
    else
        cargo_open_next(cargo, cause);
}

/* A piece that is whole goes to the CPU, unless one is there. The last waits until the message is complete. */
static void cargo_open_next(struct cargo *cargo, const struct cause *cause)
{
    uint64_t index = cargo->pieces_opened;

    if (cargo->is_opening || index == cargo->pieces.count ||
        cargo->received_bytes < pieces_at(&cargo->pieces, index + 1) ||
        (index + 1 == cargo->pieces.count && !cargo->is_open))
        return;
    cargo->is_opening = true;
    site_crypto(cargo->world, ROLE_UE_B, operation_of(cargo, COST_CMS_OPEN_RFC8591),
                pieces_sealed_bytes(&cargo->pieces, index), cause, cargo, cargo_opened_piece);
}

void cargo_grown(struct cargo *cargo, uint64_t received_bytes, const struct cause *cause)
{
    cargo->received_bytes = received_bytes;
    if (is_in_pieces(cargo))
        cargo_open_next(cargo, cause);
}

void cargo_open(struct cargo *cargo, const struct cause *cause, void *context, station_done_fn *done)
{
    cargo->opened_context = context;
    cargo->opened = done;
    cargo->is_open = true;
    if (is_in_pieces(cargo))
        cargo_open_next(cargo, cause);
    else if (cargo->is_sealed_body)
        site_crypto(cargo->world, ROLE_UE_B, operation_of(cargo, COST_CMS_OPEN_RFC8591), cargo->body.length, cause,
                    cargo, cargo_opened);
    else
        cargo_opened(cargo, cause);
}

/* ---- Verifying ---- */

/* The same bytes as the file's? Read in pieces. */
static bool is_the_file(const struct world *world, const uint8_t *bytes, uint64_t size)
{
    uint8_t piece[4096];

    if (size != world->trial->file_bytes)
        return false;
    for (uint64_t at = 0; at < size;) {
        size_t run = size - at < sizeof(piece) ? (size_t)(size - at) : sizeof(piece);

        slice_read((struct slice){world->trial->file, 0, size}, at, piece, run);
        if (memcmp(piece, bytes + at, run) != 0)
            return false;
        at += run;
    }
    return true;
}

static bool has_offered_hash(const struct cargo *cargo, const uint8_t *bytes, uint64_t size)
{
    uint8_t hash[DIGEST_SHA1_SIZE];
    char text[CARGO_HASH_TEXT + 1];
    struct source source = source_memory(bytes);

    if (!is_hashed(cargo))
        return true;
    digest_sha1((struct slice){&source, 0, size}, hash);
    write_hash(hash, text);
    return span_equal_nocase(span_of(text), span_of(cargo->offered_hash));
}

/* What UE-B takes is the file, or somebody tampers. */
bool cargo_take(struct world *world, const uint8_t *bytes, uint64_t length)
{
    const struct sim_tamper *tamper = world->trial->tamper;

    if (!intercept_is_on(world))
        return is_the_file(world, bytes, length);
    if (tamper->taken)
        tamper->taken(tamper->context, (struct span){(const char *)bytes, length});
    return true;
}

static bool cargo_take_plain(const struct cargo *cargo, const uint8_t *bytes, uint64_t size)
{
    if (cargo->has_offered_size && size != cargo->offered_size) {
        intercept_refused(cargo->world, "file: its size is not the one that was offered");
        return false;
    }
    if (!has_offered_hash(cargo, bytes, size)) {
        intercept_refused(cargo->world, "file: its hash is not the one that was offered");
        return false;
    }
    return cargo_take(cargo->world, bytes, size);
}

/* Whether it begins as DER does. */
static bool is_sealed(const uint8_t *bytes, uint64_t length)
{
    return length > 1 && bytes[0] == 0x30 && bytes[1] >= 0x80;
}

static bool is_cms_type(struct span type)
{
    struct span name = {type.data, span_find_byte(type, ';')};

    return span_equal_nocase(span_trim(name), SPAN("application/pkcs7-mime"));
}

/* Who has asked for a sealed file takes no other one (RFC 8591 section 8.1). */
bool cargo_fits(const struct cargo *cargo, uint64_t length, struct span content_type)
{
    bool is_blind = intercept_is_credulous(cargo->world);

    if (!intercept_is_on(cargo->world))
        return length == cargo->body.length;
    if (cargo->is_sealed_body && !is_in_pieces(cargo) && !is_cms_type(content_type) && !is_blind) {
        intercept_refused(cargo->world, "file: it is not sealed");
        return false;
    }
    return length <= cargo->received_capacity;
}

static bool cargo_open_bytes(const struct cargo *cargo, uint64_t length, uint8_t *plaintext, uint64_t *size)
{
    struct world *world = cargo->world;
    const struct party_set *parties = world->trial->parties;
    enum party_kind kind = cms_party_kind(suite_of(world));
    struct cms_opening opening = {.recipient = &parties->bob[kind],
                                  .authority = &parties->authority[kind],
                                  .sender_aor = cargo->peer_aor,
                                  .sender = &parties->alice[kind],
                                  .at_s = SIM_EPOCH_S,
                                  .weakest = suite_of(world),
                                  .trusts_anybody = intercept_is_credulous(world)};
    size_t opened = 0;
    struct note note = {{0}};

    if (is_in_pieces(cargo) && length == cargo->body.length &&
        pieces_open(&cargo->pieces, cargo->peer_aor, cargo->received, plaintext, size) == ERR_OK)
        return true;
    if (!is_in_pieces(cargo) && cms_open(&opening, (struct span){(const char *)cargo->received, length}, plaintext,
                                         length, &opened, &note) == ERR_OK) {
        *size = opened;
        return true;
    }
    intercept_refused(world, "CMS: %s", note.text[0] ? note.text : "a piece is not in its place");
    return false;
}

bool cargo_verify(const struct cargo *cargo, uint64_t length)
{
    uint64_t size = length;

    if (!cargo->received)
        return true;
    /* A user who minds nothing looks at what came as it came. */
    if (!cargo->is_sealed_body || (intercept_is_credulous(cargo->world) && !is_sealed(cargo->received, length)))
        return cargo_take_plain(cargo, cargo->received, length);
    uint8_t *plaintext = arena_alloc(cargo->world->arena, length + 1);

    return cargo_open_bytes(cargo, length, plaintext, &size) && cargo_take_plain(cargo, plaintext, size);
}
