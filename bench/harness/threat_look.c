/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/threat_look.h"
#include "sim/base/check.h"

#include <stdlib.h>

enum {
    WINDOW = 24,       /* letters of the file that are looked for together */
    CLOSED_LEAST = 900 /* bytes of a record or packet that may carry a part of the file */
};

/* ---- Reading ---- */

static bool is_in(struct span text, struct span wanted)
{
    return wanted.size > 0 && span_find(text, wanted) < text.size;
}

static void look_for_file(struct threat_attacker *attacker, struct span bytes)
{
    const struct mallory_object *file = &attacker->mallory->file;

    if (file->size < WINDOW)
        return;
    for (unsigned i = 0; i < THREAT_WINDOWS; i++) {
        size_t at = (file->size - WINDOW) * (2 * i + 1) / (2 * THREAT_WINDOWS);

        if (!(attacker->windows >> i & 1) && is_in(bytes, (struct span){(const char *)file->bytes + at, WINDOW}))
            attacker->windows |= 1u << i;
    }
}

static bool is_ue(const char *label)
{
    return strcmp(label, "UE-A") == 0 || strcmp(label, "UE-B") == 0;
}

/* The number itself, as SDP, an MSRP range or the description of an upload has it. */
static bool tells_size(struct span bytes, uint64_t size)
{
    static const char *const before[] = {"size:", "/", "<file-size>"};

    for (size_t i = 0; i < sizeof(before) / sizeof(*before); i++) {
        char text[48];
        struct sink number = SINK(text);

        sink_format(&number, "%s%llu", before[i], (unsigned long long)size);
        if (is_in(bytes, sink_written(&number)))
            return true;
    }
    return false;
}

void threat_look(struct threat_attacker *attacker, const struct sim_unit *unit)
{
    struct span bytes = unit->bytes;
    size_t flow = unit->flow % (sizeof(attacker->flow_bytes) / sizeof(*attacker->flow_bytes));

    look_for_file(attacker, bytes);
    attacker->secrets[THREAT_WHEN] = true;
    attacker->secrets[THREAT_NAME] = attacker->secrets[THREAT_NAME] || is_in(bytes, SPAN("file.ini"));
    attacker->secrets[THREAT_SIZE] = attacker->secrets[THREAT_SIZE] || tells_size(bytes, attacker->mallory->file.size);
    attacker->has_seen_alice = attacker->has_seen_alice || is_in(bytes, SPAN("sip:alice@"));
    attacker->has_seen_bob = attacker->has_seen_bob || is_in(bytes, SPAN("sip:bob@"));
    if ((attacker->has_seen_alice && attacker->has_seen_bob) || (is_ue(unit->from) && is_ue(unit->to)))
        attacker->secrets[THREAT_WHO] = true;
    attacker->flow_bytes[flow] += bytes.size;
}

bool threat_has_read(const struct threat_attacker *attacker, enum threat_secret secret)
{
    uint64_t size = attacker->mallory->file.size;
    unsigned seen = 0;

    for (unsigned i = 0; i < THREAT_WINDOWS; i++)
        seen += attacker->windows >> i & 1u;
    if (secret == THREAT_FILE)
        return seen > THREAT_WINDOWS / 2;
    if (secret != THREAT_SIZE || attacker->secrets[THREAT_SIZE])
        return attacker->secrets[secret];
    for (size_t i = 0; i < sizeof(attacker->flow_bytes) / sizeof(*attacker->flow_bytes); i++)
        if (attacker->flow_bytes[i] >= size && attacker->flow_bytes[i] <= 2 * size)
            return true;
    return false;
}

/* What is sealed for Mallory, because his certificate has been taken for the recipient's, he can open. */
void threat_look_into(struct threat_attacker *attacker, const struct threat_message *message)
{
    struct cms_opening opening = {
        .recipient = &attacker->mallory->own, .sender_aor = "", .weakest = CMS_SUITE_COUNT - 1, .trusts_anybody = true};
    uint8_t *plaintext = malloc(message->body.size + 1);
    struct note note = {{0}};
    size_t size = 0;

    if (plaintext && cms_open(&opening, message->body, plaintext, message->body.size, &size, &note) == ERR_OK)
        look_for_file(attacker, (struct span){(const char *)plaintext, size});
    free(plaintext);
}

/* ---- Keeping ---- */

void threat_record_free(struct threat_record *record)
{
    mallory_object_free(&record->body);
    mallory_object_free(&record->closed);
}

void threat_attacker_free(struct threat_attacker *attacker)
{
    mallory_object_free(&attacker->held);
}

bool threat_is_closed(const struct sim_unit *unit)
{
    return (unit->kind == SIM_UNIT_TLS || unit->kind == SIM_UNIT_ESP) && unit->bytes.size >= CLOSED_LEAST;
}

/* A transfer over HTTP passes a server twice: once is enough. */
void threat_keep(struct threat_attacker *attacker, const struct sim_unit *unit, const struct threat_message *message)
{
    struct threat_record *keeps = attacker->keeps;

    if (threat_is_closed(unit) && keeps->closed.size == 0)
        mallory_object_add(&keeps->closed, unit->bytes);
    if (!message || !message->has_file || message->part <= attacker->part)
        return;
    attacker->part = message->part;
    mallory_object_add(&keeps->body, message->body);
}
