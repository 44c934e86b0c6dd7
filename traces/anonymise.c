/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/anonymise.h"
#include "traces/handshakes.h"
#include "traces/protected.h"
#include "sim/base/arena.h"

#include <stdlib.h>

#define MEMORY_MAX ((size_t)1 << 30)
enum { SLOTS_FIRST = 1 << 12, TEXT_MAX = 4096, SCRATCH_SIZE = 1 << 20, ADDRESSES_IPV4_TEST = 1 << 17 };

/* What has a name of its own: words share one space, and so a word has one name whatever it stands for. */
enum space { SPACE_WORDS, SPACE_TEXTS, SPACE_ADDRESSES, SPACE_BODIES, SPACE_PATHS };

struct entry {
    enum space space;
    struct span original;
    const char *name; /* of words, texts and bodies */
    bool is_telling;  /* of words: see anonymiser_knows */
    uint32_t number;  /* of addresses */
};

struct anonymiser {
    struct arena *arena;
    size_t slots, count;
    struct entry **table; /* open addressing, at most half full */
    uint32_t numbers[NAME_KIND_COUNT], addresses[2];
    bool is_full;
};

struct anonymiser *anonymiser_create(void)
{
    struct anonymiser *anonymiser = calloc(1, sizeof(*anonymiser));

    if (!anonymiser)
        return NULL;
    anonymiser->arena = arena_create(MEMORY_MAX);
    anonymiser->slots = SLOTS_FIRST;
    anonymiser->table = calloc(SLOTS_FIRST, sizeof(struct entry *));
    if (anonymiser->arena && anonymiser->table)
        return anonymiser;
    anonymiser_free(anonymiser);
    return NULL;
}

void anonymiser_free(struct anonymiser *anonymiser)
{
    if (!anonymiser)
        return;
    if (anonymiser->arena)
        arena_destroy(anonymiser->arena);
    free(anonymiser->table);
    free(anonymiser);
}

bool anonymiser_is_full(const struct anonymiser *anonymiser)
{
    return anonymiser->is_full;
}

/* ---- Which name belongs to what ---- */

static uint64_t hash_of(enum space space, struct span text)
{
    uint64_t hash = 14695981039346656037u + (uint64_t)space; /* FNV-1a */

    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (uint8_t)text.data[i]) * 1099511628211u;
    return hash ^ hash >> 29;
}

/* Where it stands, or would. */
static struct entry **find(const struct anonymiser *anonymiser, enum space space, struct span original)
{
    size_t slot = hash_of(space, original) & (anonymiser->slots - 1);

    while (anonymiser->table[slot] &&
           (anonymiser->table[slot]->space != space || !span_equal(anonymiser->table[slot]->original, original)))
        slot = (slot + 1) & (anonymiser->slots - 1);
    return &anonymiser->table[slot];
}

static bool grow(struct anonymiser *anonymiser)
{
    struct entry **before = anonymiser->table;
    size_t slots = anonymiser->slots;

    anonymiser->table = calloc(2 * slots, sizeof(*before));
    if (!anonymiser->table) {
        anonymiser->table = before;
        return false;
    }
    anonymiser->slots = 2 * slots;
    for (size_t i = 0; i < slots; i++)
        if (before[i])
            *find(anonymiser, before[i]->space, before[i]->original) = before[i];
    free(before);
    return true;
}

static void *take(struct anonymiser *anonymiser, size_t size)
{
    if (arena_used(anonymiser->arena) + size + 64 > MEMORY_MAX - 4096) {
        anonymiser->is_full = true;
        return NULL;
    }
    return arena_alloc(anonymiser->arena, size);
}

static const char *keep(struct anonymiser *anonymiser, struct span text)
{
    char *kept = take(anonymiser, text.size + 1);

    if (kept && text.size > 0)
        memcpy(kept, text.data, text.size);
    return kept;
}

/* A new entry for what has none; NULL without memory. */
static struct entry *add(struct anonymiser *anonymiser, enum space space, struct span original)
{
    if (2 * (anonymiser->count + 1) > anonymiser->slots && !grow(anonymiser)) {
        anonymiser->is_full = true;
        return NULL;
    }
    struct entry *entry = take(anonymiser, sizeof(*entry));
    const char *kept = entry ? keep(anonymiser, original) : NULL;

    if (!kept)
        return NULL;
    *entry = (struct entry){.space = space, .original = {kept, original.size}};
    *find(anonymiser, space, entry->original) = entry;
    anonymiser->count++;
    return entry;
}

/* ---- Names ---- */

static bool is_telling(enum name_kind kind, struct span word)
{
    size_t digits = 0, capitals = 0, letters = 0;

    for (size_t i = 0; i < word.size; i++) {
        bool is_capital = word.data[i] >= 'A' && word.data[i] <= 'Z';

        digits += word.data[i] >= '0' && word.data[i] <= '9';
        capitals += is_capital;
        letters += is_capital || (word.data[i] >= 'a' && word.data[i] <= 'z') || (unsigned char)word.data[i] >= 0x80;
    }
    if (letters == 0)
        return digits >= 6 && span_find_byte(word, '.') == word.size;
    if (kind == NAME_ID)
        return word.size >= 3 && digits + capitals > 0;
    return word.size >= 2 && kind != NAME_BODY && kind != NAME_PATH;
}

bool anonymiser_knows(const struct anonymiser *anonymiser, struct span word)
{
    const struct entry *entry = *find(anonymiser, SPACE_WORDS, word);

    return entry && entry->is_telling;
}

bool anonymiser_knows_body(const struct anonymiser *anonymiser, struct span body)
{
    return *find(anonymiser, SPACE_BODIES, body) != NULL;
}

const char *anonymiser_name(struct anonymiser *anonymiser, enum name_kind kind, struct span word)
{
    static const char *const forms[NAME_KIND_COUNT] = {
        [NAME_USER] = "anonuser%u", [NAME_NUMBER] = "999%09u",     [NAME_HOST] = "anonhost%u.invalid",
        [NAME_ID] = "anonid%u",     [NAME_CALL_ID] = "anoncall%u", [NAME_BRANCH] = "z9hG4bK-anon%u",
        [NAME_BODY] = "body %u",    [NAME_PATH] = "anonpath%u"};
    enum space space = kind == NAME_BODY ? SPACE_BODIES : kind == NAME_PATH ? SPACE_PATHS : SPACE_WORDS;
    struct entry *entry = *find(anonymiser, space, word);
    char text[64];
    struct sink sink = SINK(text);

    if (!entry) {
        entry = add(anonymiser, space, word);
        if (!entry)
            return "?";
        sink_format(&sink, forms[kind], ++anonymiser->numbers[kind]);
        entry->name = keep(anonymiser, sink_written(&sink));
    }
    entry->is_telling |= is_telling(kind, word);
    return entry->name ? entry->name : "?";
}

/* What no address is: nobody's, 0.0.0.0 and ::, stays. */
static bool is_nobody(const struct endpoint *at)
{
    static const uint8_t nobody[sizeof(at->address)];

    return memcmp(at->address, nobody, sizeof(nobody)) == 0;
}

enum { ADDRESS_KEY_SIZE = sizeof(((struct endpoint *)0)->address) + 1 };

static struct span key_of(const struct endpoint *at, char key[ADDRESS_KEY_SIZE])
{
    memcpy(key, at->address, sizeof(at->address));
    key[sizeof(at->address)] = at->is_ipv6;
    return (struct span){key, ADDRESS_KEY_SIZE};
}

bool anonymiser_knows_address(const struct anonymiser *anonymiser, const struct endpoint *at)
{
    char text[ADDRESS_KEY_SIZE];

    return *find(anonymiser, SPACE_ADDRESSES, key_of(at, text)) != NULL;
}

void anonymise_endpoint(struct anonymiser *anonymiser, struct endpoint *at)
{
    char original[ADDRESS_KEY_SIZE];
    uint32_t number;

    if (is_nobody(at))
        return;
    struct span key = key_of(at, original);
    struct entry *entry = *find(anonymiser, SPACE_ADDRESSES, key);

    if (!entry) {
        entry = add(anonymiser, SPACE_ADDRESSES, key);
        if (entry)
            entry->number = ++anonymiser->addresses[at->is_ipv6];
    }
    number = entry ? entry->number : 0;
    memset(at->address, 0, sizeof(at->address));
    if (at->is_ipv6) {
        memcpy(at->address, (const uint8_t[]){0x20, 0x01, 0x0d, 0xb8}, 4);
    } else {
        number += number < ADDRESSES_IPV4_TEST ? UINT32_C(198) << 24 | UINT32_C(18) << 16 : UINT32_C(240) << 24;
    }
    for (int i = 0; i < 4; i++)
        at->address[(at->is_ipv6 ? 15 : 3) - i] = (uint8_t)(number >> 8 * i);
}

const char *anonymise_string(struct anonymiser *anonymiser, const char *text, enum anonymise_as as)
{
    struct span original = span_of(text);
    char other[TEXT_MAX];
    struct sink sink = SINK(other);

    if (original.size == 0)
        return text;
    if (as == ANONYMISE_CALL_ID)
        return anonymiser_name(anonymiser, NAME_CALL_ID, original);
    struct entry *entry = *find(anonymiser, SPACE_TEXTS, original);

    if (entry)
        return entry->name ? entry->name : "?";
    anonymise_line(anonymiser, original, as, &sink);
    entry = add(anonymiser, SPACE_TEXTS, original);
    if (!entry)
        return "?";
    entry->name =
        sink.overflow ? anonymiser_name(anonymiser, NAME_ID, original) : keep(anonymiser, sink_written(&sink));
    return entry->name ? entry->name : "?";
}

/* ---- A flow ---- */

static void change_message(struct anonymiser *anonymiser, struct trace_message *message)
{
    const struct {
        const char **text;
        enum anonymise_as as;
    } fields[] = {
        {&message->kind, ANONYMISE_START},         {&message->method, ANONYMISE_TEXT},
        {&message->call_id, ANONYMISE_CALL_ID},    {&message->branch, ANONYMISE_TEXT},
        {&message->branch_below, ANONYMISE_TEXT},  {&message->sent_by, ANONYMISE_HOST},
        {&message->from_tag, ANONYMISE_TEXT},      {&message->to_tag, ANONYMISE_TEXT},
        {&message->from_uri, ANONYMISE_TEXT},      {&message->to_uri, ANONYMISE_TEXT},
        {&message->request_uri, ANONYMISE_TEXT},   {&message->route, ANONYMISE_TEXT},
        {&message->record_route, ANONYMISE_TEXT},  {&message->path, ANONYMISE_TEXT},
        {&message->service_route, ANONYMISE_TEXT}, {&message->contact, ANONYMISE_TEXT},
        {&message->origin_host, ANONYMISE_HOST},   {&message->public_identity, ANONYMISE_TEXT},
        {&message->transaction, ANONYMISE_TEXT},   {&message->message_id, ANONYMISE_TEXT},
        {&message->to_path, ANONYMISE_TEXT},       {&message->from_path, ANONYMISE_TEXT},
        {&message->content_type, ANONYMISE_TEXT},
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
        if (*fields[i].text)
            *fields[i].text = anonymise_string(anonymiser, *fields[i].text, fields[i].as);
    anonymise_endpoint(anonymiser, &message->from);
    anonymise_endpoint(anonymiser, &message->to);
}

/* The message's text, in memory of the anonymiser. */
static void change_text(struct anonymiser *anonymiser, struct trace_message *message, struct sink *scratch)
{
    if (message->text.size == 0)
        return;
    scratch->size = 0;
    anonymise_message(anonymiser, message->text, scratch);
    scratch->overflow = false; /* what is too long is cut */
    if (scratch->size > message->bytes)
        scratch->size = (size_t)message->bytes;
    const char *kept = keep(anonymiser, sink_written(scratch));

    message->text = (struct span){kept, kept ? scratch->size : 0};
}

static void change_trace(struct anonymiser *anonymiser, struct trace *trace)
{
    struct handshakes *handshakes = trace->handshakes;

    for (size_t i = 0; i < handshakes->count; i++) {
        anonymise_endpoint(anonymiser, &handshakes->rows[i].client);
        anonymise_endpoint(anonymiser, &handshakes->rows[i].server);
    }
    for (size_t i = 0; i < handshakes->rate_count; i++) {
        anonymise_endpoint(anonymiser, &handshakes->rates[i].from);
        anonymise_endpoint(anonymiser, &handshakes->rates[i].to);
    }
    for (size_t i = 0; i < trace->protected_count; i++) {
        anonymise_endpoint(anonymiser, &trace->protected_rows[i].from);
        anonymise_endpoint(anonymiser, &trace->protected_rows[i].to);
    }
}

enum err anonymise_flow(struct anonymiser *anonymiser, struct flow *flow, struct note *note)
{
    struct sink scratch = {.data = malloc(SCRATCH_SIZE), .capacity = SCRATCH_SIZE};

    if (!scratch.data)
        return note_set(note, ERR_FULL, "no memory for other names");
    for (size_t i = 0; i < flow->trace->count; i++) {
        change_message(anonymiser, &flow->messages[i]);
        change_text(anonymiser, &flow->messages[i], &scratch);
    }
    for (size_t i = 0; i < flow->node_count; i++) {
        anonymise_endpoint(anonymiser, &flow->nodes[i].at);
        flow->nodes[i].name = anonymise_string(anonymiser, flow->nodes[i].name, ANONYMISE_HOST);
    }
    change_trace(anonymiser, (struct trace *)flow->trace);
    free(scratch.data);
    return anonymiser->is_full ? note_set(note, ERR_FULL, "no memory for other names") : ERR_OK;
}
