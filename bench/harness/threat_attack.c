/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/threat_attack.h"
#include "bench/harness/threat_closed.h"
#include "bench/harness/threat_look.h"
#include "bench/harness/threat_redirect.h"
#include "sim/base/check.h"
#include "sim/sec/digest.h"

#include <stdlib.h>

enum { DESCRIPTION_SIZE = 8192 };

static bool is_sealed_arm(const struct threat_attacker *attacker)
{
    return attacker->arm->body == BODY_CMS;
}

/* ---- Session descriptions ---- */

/* One such change in a message. True: it has been put. */
static bool change_text(const struct threat_message *message, const char *mark, const char *characters,
                        const char *other, struct sim_onward *onward)
{
    char text[DESCRIPTION_SIZE];
    struct sink changed = SINK(text);

    if (!threat_replace_behind(message->body, mark, characters, other, &changed) || changed.overflow)
        return false;
    enum err error = threat_message_put(message, sink_written(&changed), NULL, onward);

    check(error == ERR_OK);
    return true;
}

static void write_hash(const struct mallory_object *file, struct sink *out)
{
    struct source source = source_memory(file->bytes);
    uint8_t hash[DIGEST_SHA1_SIZE];

    digest_sha1((struct slice){&source, 0, file->size}, hash);
    for (int i = 0; i < DIGEST_SHA1_SIZE; i++) {
        if (i > 0)
            sink_char(out, ':');
        sink_hex(out, hash[i], 2);
    }
    sink_string(out);
}

/* The description of a file that another one comes in the place of: he knows that one, and so its hash. */
static bool adapt_hash(const struct threat_message *message, const struct mallory_object *file,
                       struct sim_onward *onward)
{
    char hash_text[80];
    struct sink hash = SINK(hash_text);

    write_hash(file, &hash);
    return change_text(message, "hash:sha-1:", "0123456789ABCDEFabcdef:", hash_text, onward);
}

/* The description of a file of which some is left out. */
static bool adapt_size(const struct threat_message *message, uint64_t size, struct sim_onward *onward)
{
    char text[24];
    struct sink number = SINK(text);

    sink_number(&number, size);
    sink_string(&number);
    return change_text(message, message->has_sdp ? "size:" : "<file-size>", "0123456789", text, onward);
}

/* ---- Changing a body ---- */

static bool put_body(struct threat_attacker *attacker, const struct threat_message *message, struct span body,
                     const char *type, struct sim_onward *onward)
{
    attacker->attempts++;
    enum err error = threat_message_put(message, body, type, onward);

    check(error == ERR_OK);
    return true;
}

static bool change_bit(struct threat_attacker *attacker, const struct threat_message *message,
                       struct sim_onward *onward)
{
    if (!message->has_file || attacker->has_changed || message->body.size == 0)
        return false;
    struct mallory_object changed = {NULL, 0};

    mallory_object_add(&changed, message->unit->bytes);
    changed.bytes[(size_t)(message->body.data - message->unit->bytes.data) + message->body.size / 2] ^= 1;
    attacker->has_changed = true; /* it may pass the place once more before the call returns */
    attacker->attempts++;
    sim_onward_put(onward, (struct span){(const char *)changed.bytes, changed.size});
    mallory_object_free(&changed);
    return true;
}

/* What is left of the file, where it is described before it comes: only one that is not sealed has the size that is
 * described. */
static bool describe_rest(struct threat_attacker *attacker, const struct threat_message *message, uint64_t left,
                          struct sim_onward *onward)
{
    bool is_described = message->has_sdp || message->has_link;

    return is_described && attacker->place->sees_file && !is_sealed_arm(attacker) && adapt_size(message, left, onward);
}

/* The end is left out: the second half, or of a file in MESSAGEs the body of the last. */
static bool truncate_file(struct threat_attacker *attacker, const struct threat_message *message,
                          struct sim_onward *onward)
{
    struct span body = message->body;

    if (describe_rest(attacker, message, attacker->mallory->file.size / 2, onward))
        return true;
    if (!message->has_file || body.size < 2 || message->part != message->parts)
        return false;
    body.size = message->parts > 1 ? 0 : body.size / 2;
    return put_body(attacker, message, body, NULL, onward);
}

/* The middle third is left out, or of a file in MESSAGEs the body of the second; what is behind closes up. */
static bool drop_chunk(struct threat_attacker *attacker, const struct threat_message *message,
                       struct sim_onward *onward)
{
    size_t third = message->body.size / 3;
    uint64_t file_third = attacker->mallory->file.size / 3;
    struct mallory_object rest = {NULL, 0};

    if (describe_rest(attacker, message, attacker->mallory->file.size - file_third, onward))
        return true;
    if (!message->has_file || third == 0 || (message->parts > 1 && message->part != 2))
        return false;
    if (message->parts > 1)
        return put_body(attacker, message, (struct span){message->body.data, 0}, NULL, onward);
    mallory_object_add(&rest, (struct span){message->body.data, third});
    mallory_object_add(&rest, span_after(message->body, 2 * third));
    put_body(attacker, message, (struct span){(const char *)rest.bytes, rest.size}, NULL, onward);
    mallory_object_free(&rest);
    return true;
}

/* Two halves change places. */
static bool reorder_chunks(struct threat_attacker *attacker, const struct threat_message *message,
                           struct sim_onward *onward)
{
    size_t half = message->body.size / 2;
    struct mallory_object swapped = {NULL, 0};

    if (!message->has_file || half == 0 || attacker->attempts > 0)
        return false;
    mallory_object_add(&swapped, span_after(message->body, half));
    mallory_object_add(&swapped, (struct span){message->body.data, half});
    put_body(attacker, message, (struct span){(const char *)swapped.bytes, swapped.size}, NULL, onward);
    mallory_object_free(&swapped);
    return true;
}

/* ---- Another body ---- */

/* The part of another file that comes in the place of this one: of a file in MESSAGEs the last takes all that is left.
 * False: it does not fit, as where the file comes in chunks of another length. */
static bool part_of(struct threat_attacker *attacker, const struct threat_message *message,
                    const struct mallory_object *other, struct span *part)
{
    uint64_t at = message->range.start - 1, end = at + message->body.size;

    if (message->parts > 1) {
        if (message->part != attacker->part) {
            attacker->part_at = attacker->part_end;
            attacker->part_end += message->body.size;
            attacker->part = message->part;
        }
        at = attacker->part_at;
        end = message->part == message->parts ? other->size : attacker->part_end;
    } else if (at == 0 && message->range.total == message->body.size) {
        end = other->size;
    } else if (message->range.total != other->size) {
        return false;
    }
    at = at < other->size ? at : other->size;
    end = end < other->size ? end : other->size;
    *part = (struct span){(const char *)other->bytes + at, end - at};
    return true;
}

static bool replace_file(struct threat_attacker *attacker, const struct threat_message *message,
                         const struct mallory_object *carried, const struct mallory_object *file, const char *type,
                         struct sim_onward *onward)
{
    struct span part;

    if (message->has_sdp && attacker->place->sees_file)
        return adapt_hash(message, file, onward);
    if (!message->has_file || carried->size == 0 || !part_of(attacker, message, carried, &part))
        return false;
    return put_body(attacker, message, part, type, onward);
}

/* Mallory's, by the attack. */
static bool swap_file(struct threat_attacker *attacker, const struct threat_message *message, struct sim_onward *onward)
{
    const struct threat_attack *attack = attacker->attack;
    const struct mallory *mallory = attacker->mallory;

    if (is_sealed_arm(attacker) && attack->sealed >= 0)
        return replace_file(attacker, message, &mallory->sealed[attack->sealed], &mallory->own_file, NULL, onward);
    if (!is_sealed_arm(attacker) && attack->replaces_plain)
        return replace_file(attacker, message, &mallory->own_file, &mallory->own_file, NULL, onward);
    return false;
}

static bool replay(struct threat_attacker *attacker, const struct threat_message *message, struct sim_onward *onward)
{
    return attacker->record &&
           replace_file(attacker, message, &attacker->record->body, &attacker->mallory->old_file, NULL, onward);
}

static bool strip_smime(struct threat_attacker *attacker, const struct threat_message *message,
                        struct sim_onward *onward)
{
    const struct mallory_object *file = &attacker->mallory->own_file;
    static const char types[] = "abcdefghijklmnopqrstuvwxyz0123456789/-";

    if (message->has_sdp &&
        span_find(message->body, SPAN("a=accept-types:application/pkcs7-mime")) < message->body.size) {
        attacker->attempts++;
        return change_text(message, "a=accept-types:", types, "application/octet-stream", onward);
    }
    if (!message->has_file || !span_starts(message->content_type, SPAN("application/pkcs7-mime")))
        return false;
    return replace_file(attacker, message, file, file, "application/octet-stream", onward);
}

static bool swap_fingerprint(struct threat_attacker *attacker, const struct threat_message *message,
                             struct sim_onward *onward)
{
    uint8_t hash[PARTY_FINGERPRINT_SIZE];
    char text[128];
    struct sink other = SINK(text);

    party_fingerprint(&attacker->mallory->tls, hash);
    for (int i = 0; i < PARTY_FINGERPRINT_SIZE; i++)
        sink_format(&other, "%s%02X", i ? ":" : "", hash[i]);
    sink_string(&other);
    if (!message->has_sdp || !change_text(message, "a=fingerprint:SHA-256 ", "0123456789ABCDEF:", text, onward))
        return false;
    attacker->attempts++;
    return true;
}

/* ---- An own host in the way ---- */

/* Where there is TLS the certificate has to be his as well. The descriptions of both ends pass. */
static bool swap_path(struct threat_attacker *attacker, const struct threat_message *message, struct sim_onward *onward)
{
    char text[DESCRIPTION_SIZE];
    struct sink moved = SINK(text);

    if (!message->has_sdp || !threat_redirect(attacker, message, &moved))
        return false;
    struct threat_message there = *message;

    there.body = sink_written(&moved);
    return swap_fingerprint(attacker, &there, onward) || put_body(attacker, message, there.body, NULL, onward);
}

static bool swap_path_and_change(struct threat_attacker *attacker, const struct threat_message *message,
                                 struct sim_onward *onward)
{
    return swap_path(attacker, message, onward) || (attacker->attempts > 0 && change_bit(attacker, message, onward));
}

static bool swap_certificate(struct threat_attacker *attacker, const struct threat_message *message,
                             struct sim_onward *onward)
{
    char text[4096];
    struct sink der = SINK(text);

    if (!message->has_certificate)
        return false;
    party_write_der(&attacker->mallory->own, &der);
    check(!der.overflow);
    return put_body(attacker, message, sink_written(&der), NULL, onward);
}

/* ---- All of them ---- */

const struct threat_attack threat_attacks[] = {
    {.name = "read-file", .what = "read the file's content", .is_reading = true, .secret = THREAT_FILE},
    {.name = "read-name", .what = "read the file's name", .is_reading = true, .secret = THREAT_NAME},
    {.name = "read-who", .what = "learn who sends it to whom", .is_reading = true, .secret = THREAT_WHO},
    {.name = "read-size",
     .what = "learn how long it is, within a factor of two",
     .is_reading = true,
     .secret = THREAT_SIZE},
    {.name = "read-when", .what = "learn when it is sent", .is_reading = true, .secret = THREAT_WHEN},
    {.name = "change-bit",
     .what = "change one bit of the file as it is carried",
     .message = change_bit,
     .closed = threat_closed_change_bit,
     .sealed = -1,
     .flaw = -1},
    {.name = "truncate",
     .what = "cut off the end, and make all lengths fit that can be seen",
     .message = truncate_file,
     .closed = threat_closed_truncate,
     .sealed = -1,
     .flaw = -1},
    {.name = "drop-chunk",
     .what = "leave out a middle part, likewise",
     .message = drop_chunk,
     .closed = threat_closed_drop,
     .sealed = -1,
     .flaw = -1},
    {.name = "reorder",
     .what = "let two parts change places",
     .message = reorder_chunks,
     .closed = threat_closed_hold,
     .sealed = -1,
     .flaw = -1},
    {.name = "replay",
     .what = "put the same sender's file of a transfer before in its place",
     .message = replay,
     .closed = threat_closed_replay,
     .sealed = -1,
     .flaw = -1,
     .wants_record = true},
    {.name = "swap-sender",
     .what = "put another user's own file in its place, rightly sealed by that user",
     .message = swap_file,
     .sealed = MALLORY_SEALED_OWN,
     .replaces_plain = true,
     .flaw = -1},
    {.name = "strip-smime",
     .what = "take application/pkcs7-mime out of SDP and message, with a file in clear",
     .message = strip_smime,
     .sealed = -1,
     .flaw = -1},
    {.name = "swap-fingerprint",
     .what = "put an own a=fingerprint into SDP and stand between the ends of TLS",
     .message = swap_fingerprint,
     .sealed = -1,
     .flaw = -1},
    {.name = "swap-path",
     .what = "put an own host into the SDP of two neighbours, and its a=fingerprint, and pass on what comes there",
     .message = swap_path,
     .sealed = -1,
     .flaw = -1,
     .wants_host = true},
    {.name = "swap-path-change",
     .what = "the same, and change one bit of the file there",
     .message = swap_path_and_change,
     .sealed = -1,
     .flaw = -1,
     .wants_host = true},
    {.name = "swap-certificate",
     .what = "put an own certificate in the place of the recipient's at look-up",
     .message = swap_certificate,
     .sealed = -1,
     .flaw = -1,
     .wants_lookup = true},
    {.name = "forward",
     .what = "as its recipient, seal content that a third user signed for user B",
     .message = swap_file,
     .sealed = MALLORY_SEALED_FORWARDED,
     .flaw = -1,
     .at_sender = true,
     .at_sender_only = true},
    {.name = "expired-certificate",
     .what = "sign, or answer TLS, under a certificate that has expired",
     .message = swap_file,
     .sealed = MALLORY_SEALED_FLAWED + MALLORY_EXPIRED,
     .flaw = MALLORY_EXPIRED,
     .at_sender = true},
    {.name = "self-signed-certificate",
     .what = "the same under one that nobody vouches for",
     .message = swap_file,
     .sealed = MALLORY_SEALED_FLAWED + MALLORY_SELF_SIGNED,
     .flaw = MALLORY_SELF_SIGNED,
     .at_sender = true},
    {.name = "wrong-name-certificate",
     .what = "the same under one of another name",
     .message = swap_file,
     .sealed = MALLORY_SEALED_FLAWED + MALLORY_WRONG_NAME,
     .flaw = MALLORY_WRONG_NAME,
     .at_sender = true},
    {.name = "revoked-certificate",
     .what = "the same under one that was revoked",
     .message = swap_file,
     .sealed = MALLORY_SEALED_FLAWED + MALLORY_REVOKED,
     .flaw = MALLORY_REVOKED,
     .at_sender = true},
    {.name = NULL},
};

/* ---- The trial's tamperer ---- */

static void pass(void *context, const struct sim_unit *unit, struct sim_onward *onward)
{
    struct threat_attacker *attacker = context;
    const struct threat_attack *attack = attacker->attack;
    struct threat_message message;
    bool is_readable = threat_message_read(unit, &message);

    threat_look(attacker, unit);
    attacker->sees_file = attacker->sees_file || (is_readable && message.has_file);
    if (attack->wants_lookup && is_readable && message.has_file)
        threat_look_into(attacker, &message);
    if (attacker->keeps)
        threat_keep(attacker, unit, is_readable ? &message : NULL);
    if (unit->ends_here)
        return;
    if (attacker->held.size > 0 && attacker->held_flow == unit->flow) {
        threat_closed_release(attacker, unit, onward);
        return;
    }
    if (!attacker->keeps && is_readable && attack->message && attack->message(attacker, &message, onward))
        return;
    if (!attacker->keeps && attack->closed && attacker->attempts == 0 && attacker->held.size == 0 &&
        threat_is_closed(unit) && attack->closed(attacker, unit, onward))
        return;
    sim_onward_put(onward, unit->bytes);
}

/* Where hosts are known by name he shows a flawed certificate, where SDP names it the one that he has put there. */
static const struct party *stand_in(void *context, const char *host, bool by_fingerprint)
{
    struct threat_attacker *attacker = context;
    const struct threat_attack *attack = attacker->attack;

    if (attacker->keeps)
        return NULL;
    if (attack->wants_host && !by_fingerprint)
        return strcmp(host, SIM_TAMPER_HOST) == 0 ? &attacker->mallory->host : NULL;
    if (attack->wants_host)
        return attacker->attempts > 0 ? &attacker->mallory->tls : NULL;
    if (attack->message == swap_fingerprint)
        return by_fingerprint && attacker->attempts > 0 ? &attacker->mallory->tls : NULL;
    if (attack->is_reading || attack->flaw < 0 || by_fingerprint)
        return NULL;
    const struct party *party = mallory_host(attacker->mallory, (enum mallory_flaw)attack->flaw, host);

    attacker->attempts += party != NULL;
    return party;
}

static void taken(void *context, struct span file)
{
    struct threat_attacker *attacker = context;
    const struct mallory_object *own = &attacker->mallory->file;

    attacker->has_taken = true;
    attacker->is_original = span_equal(file, (struct span){(const char *)own->bytes, own->size});
}

static void refused(void *context, const char *why)
{
    struct threat_attacker *attacker = context;
    struct sink sink = SINK(attacker->why);

    if (attacker->refusals++ > 0)
        return;
    for (size_t i = 0; why[i] && i + 1 < sizeof(attacker->why); i++)
        sink_char(&sink, why[i]);
    sink_string(&sink);
}

struct sim_tamper threat_tamper(struct threat_attacker *attacker, bool is_credulous)
{
    const struct threat_place *place = attacker->place;
    bool is_link = place->role == NULL;

    return (struct sim_tamper){.context = attacker,
                               .role = place->role,
                               .link_a = is_link ? place->link_a : NULL,
                               .link_b = is_link ? place->link_b : NULL,
                               .pass = pass,
                               .stand_in = stand_in,
                               .has_host = attacker->attack->wants_host && !attacker->keeps,
                               .onward = threat_onward,
                               .taken = taken,
                               .refused = refused,
                               .is_credulous = is_credulous};
}
