/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/trace.h"
#include "traces/esp_keys.h"
#include "traces/handshakes.h"
#include "traces/keylog.h"
#include "traces/listen.h"
#include "traces/protected.h"
#include "sim/base/check.h"

#include <osipparser2/osip_parser.h>
#include <osipparser2/osip_port.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { BLOCK_SIZE = 1 << 20, TABLE_SIZE = 1 << 19, HUGE_PAGE = 2 << 20 };

const char *const trace_protocol_names[] = {"SIP", "MSRP", "Diameter", "TLS", NULL};

/* Texts one behind the other in blocks; a table finds the ones that are there. */
struct block {
    struct block *next;
    size_t used;
    char bytes[BLOCK_SIZE];
};

struct trace_texts {
    struct block *blocks;
    size_t size, count;
    const char *table[TABLE_SIZE];
};

/* What libosip2 has to complain of is counted, not printed. */
static void be_quiet(const char *file, int line, osip_trace_level_t level, const char *text, va_list list)
{
    (void)file, (void)line, (void)level, (void)text, (void)list;
}

/* Pages come as they are written; large ones where the machine has them, since there are so many. */
static struct trace_message *create_messages(size_t count)
{
    size_t size = (count * sizeof(struct trace_message) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *messages = aligned_alloc(HUGE_PAGE, size);

    if (messages)
        (void)madvise(messages, size, MADV_HUGEPAGE);
    return messages;
}

enum err trace_init(struct trace *trace, const struct trace_config *config, struct note *note)
{
    parser_init(); /* libosip2's tables */
    osip_trace_initialize_func(TRACE_LEVEL0, be_quiet);
    *trace = (struct trace){.config = *config};
    if (config->messages_max == 0)
        trace->config.messages_max = TRACE_MESSAGES_MAX;
    trace->messages = create_messages(trace->config.messages_max);
    trace->texts = calloc(1, sizeof(*trace->texts));
    trace->handshakes = calloc(1, sizeof(*trace->handshakes));
    trace->keylog = keylog_create();
    trace->esp_keys = esp_keys_create();
    trace->protected_rows = malloc(PROTECTED_MAX * sizeof(*trace->protected_rows));
    if (trace->messages && trace->texts && trace->handshakes && trace->keylog && trace->esp_keys &&
        trace->protected_rows)
        return ERR_OK;
    trace_free(trace);
    return note_set(note, ERR_FULL, "no memory for a trace");
}

void trace_free(struct trace *trace)
{
    struct block *block = trace->texts ? trace->texts->blocks : NULL;

    while (block) {
        struct block *next = block->next;

        free(block);
        block = next;
    }
    if (trace->handshakes) {
        free(trace->handshakes->rows);
        free(trace->handshakes->rates);
    }
    free(trace->handshakes);
    keylog_free(trace->keylog);
    esp_keys_free(trace->esp_keys);
    free(trace->protected_rows);
    free(trace->texts);
    free(trace->messages);
    *trace = (struct trace){.count = 0};
}

static uint64_t hash_of(struct span text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */

    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (uint8_t)text.data[i]) * 1099511628211u;
    return hash ^ hash >> 29;
}

/* Room for size bytes, NULL at the limit. */
static char *take(struct trace_texts *texts, size_t size)
{
    if (texts->size + size > TRACE_TEXT_MAX || size > BLOCK_SIZE)
        return NULL;
    if (!texts->blocks || texts->blocks->used + size > BLOCK_SIZE) {
        struct block *block = malloc(sizeof(*block));

        if (!block)
            return NULL;
        block->next = texts->blocks;
        block->used = 0;
        texts->blocks = block;
    }
    char *room = texts->blocks->bytes + texts->blocks->used;

    texts->blocks->used += size;
    texts->size += size;
    return room;
}

const char *trace_text(struct trace *trace, struct span text)
{
    struct trace_texts *texts = trace->texts;
    uint64_t slot = hash_of(text) % TABLE_SIZE;

    if (text.size == 0)
        return "";
    while (texts->table[slot]) {
        if (strncmp(texts->table[slot], text.data, text.size) == 0 && texts->table[slot][text.size] == 0)
            return texts->table[slot];
        slot = (slot + 1) % TABLE_SIZE;
    }
    char *copy = texts->count < TABLE_SIZE / 2 ? take(texts, text.size + 1) : NULL;

    if (!copy)
        return NULL;
    memcpy(copy, text.data, text.size);
    copy[text.size] = 0;
    texts->table[slot] = copy;
    texts->count++;
    return copy;
}

/* Every text of a message is there, or the limit was reached while it was read. */
static bool is_whole(const struct trace_message *message)
{
    const char *const texts[] = {
        message->kind,        message->method,         message->call_id,      message->branch,    message->branch_below,
        message->sent_by,     message->from_tag,       message->to_tag,       message->from_uri,  message->to_uri,
        message->request_uri, message->route,          message->record_route, message->path,      message->contact,
        message->origin_host, message->service_route,  message->to_path,      message->from_path, message->transaction,
        message->message_id,  message->public_identity};

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        if (!texts[i])
            return false;
    return true;
}

void trace_add(struct trace *trace, const struct trace_message *message)
{
    trace->counts.messages[message->protocol]++;
    trace->counts.copies[message->protocol] += message->is_copy;
    trace->counts.malformed += message->is_malformed;
    if (trace->count == trace->config.messages_max || !is_whole(message)) {
        trace->counts.not_kept++;
        return;
    }
    struct trace_message *kept = &trace->messages[trace->count];
    char *copy = trace->config.keeps_text && message->text.size > 0 ? take(trace->texts, message->text.size) : NULL;

    *kept = *message;
    kept->text = (struct span){copy, copy ? message->text.size : 0};
    if (copy)
        memcpy(copy, message->text.data, message->text.size);
    trace->count++;
}

static void add_counts(struct packets_counts *sum, const struct packets_counts *counts)
{
    sum->frames += counts->frames;
    sum->fragments += counts->fragments;
    sum->datagrams_whole += counts->datagrams_whole;
    sum->fragments_lost += counts->fragments_lost;
    sum->copies += counts->copies;
    sum->tunnelled += counts->tunnelled;
    sum->esp_opened += counts->esp_opened;
    sum->esp_keyed += counts->esp_keyed;
    sum->esp_sealed += counts->esp_sealed;
    sum->malformed += counts->malformed;
    sum->link_unknown += counts->link_unknown;
    sum->not_ip += counts->not_ip;
    sum->not_udp_tcp += counts->not_udp_tcp;
}

/* Secrets that the file has brought since it was asked last. Those of a damaged block are no reason to read nothing. */
static void take_secrets(struct trace *trace, const struct frames *frames, size_t *taken)
{
    struct span secrets = frames_secrets(frames);

    if (secrets.size == *taken)
        return;
    (void)keylog_add(trace->keylog, span_after(secrets, *taken));
    *taken = secrets.size;
}

static enum err read_frames(struct trace *trace, struct frames *frames, struct packets *packets, struct note *note)
{
    struct frame frame;
    enum err error;
    size_t secrets_taken = 0;

    while ((error = frames_next(frames, &frame, note)) == ERR_OK) {
        take_secrets(trace, frames, &secrets_taken);
        if (trace->counts.first_ns == 0 || frame.at_ns < trace->counts.first_ns)
            trace->counts.first_ns = frame.at_ns;
        if (frame.at_ns > trace->counts.last_ns)
            trace->counts.last_ns = frame.at_ns;
        packets_frame(packets, &frame);
    }
    return error == ERR_MORE ? ERR_OK : error;
}

enum err trace_read(struct trace *trace, const char *path, struct note *note)
{
    struct frames *frames = NULL;

    check(trace->tap_count < UINT16_MAX);
    TRY(frames_open(path, &frames, note));
    struct listener *listener = listener_create(trace, trace->tap_count++);
    const struct packets_config config = {
        .context = listener, .seen = listener_packet, .opens_esp = trace->config.opens_esp, .trace = trace};
    struct packets *packets = packets_create(&config);
    enum err error = ERR_FULL;

    if (listener && packets) {
        error = read_frames(trace, frames, packets, note);
        listener_end(listener);
        add_counts(&trace->counts.packets, packets_counts(packets));
    } else {
        (void)note_set(note, ERR_FULL, "%s: no memory for reading", path);
    }
    packets_free(packets);
    listener_free(listener);
    frames_close(frames);
    return error;
}
