/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/msrp_ident.h"
#include "sim/proto/msrp_ranges.h"
#include "sim/proto/msrp_session.h"
#include "sim/base/check.h"

#define ANSWERED INT64_MIN /* in the place of a deadline */
#define OPEN INT64_MAX     /* its last byte has not been written */

enum {
    RING_FIRST = 64,
    SEARCHED_MAX = 65536, /* a body in memory of at most so many bytes is searched for the transaction ID */
    RANGE_TEXT_MAX = 64,
    TRANSACTION_AT = 5 /* behind "MSRP " */
};

/*
 * A SEND's head is written once; each chunk then gets its transaction ID and Byte-Range patched in. Transactions are
 * numbered; the ring keeps the deadline of each from the first that is not answered on.
 */
struct msrp_sender {
    struct msrp_send_config config;
    struct arena *arena;
    enum msrp_sender_state state;
    int status;
    char *head; /* from "MSRP " to "Byte-Range: " */
    size_t head_size, head_capacity;
    struct span tail;        /* from behind the Byte-Range's value to the empty line */
    bool is_silent;          /* Failure-Report says that a 200 never comes */
    bool awaits_errors;      /* ... but an error may, and no report tells that none will */
    int64_t errors_until_ns; /* it is awaited until then: INT64_MAX before all is written, 0 when it is over */
    bool wants_report, has_report;
    struct msrp_ranges reported; /* bytes that reports of success have told of */
    char message_id[MSRP_IDENT_SIZE];
    bool in_chunk;
    uint64_t written;            /* bytes of the body */
    uint64_t offered;            /* of it there are so many */
    uint64_t chunk_left;         /* of the chunk in progress */
    bool is_interruptible;       /* it is long enough to be cut off */
    bool is_held;                /* makes way for another message */
    uint64_t chunks;             /* begun */
    char ident[MSRP_IDENT_SIZE]; /* of the chunk in progress */
    int64_t *ring;               /* deadlines; capacity is a power of two */
    uint64_t ring_capacity;
    uint64_t first, next; /* transactions in the ring: [first, next) */
    uint32_t waiting;     /* of them not answered */
};

static void write_line(struct sink *sink, const char *name, const char *value)
{
    if (!value)
        return;
    sink_text(sink, name);
    sink_text(sink, value);
    sink_text(sink, "\r\n");
}

static size_t length_of(const char *text)
{
    return text ? strlen(text) : 0;
}

static void write_message_id(struct sink *sink, const char id[MSRP_IDENT_SIZE])
{
    sink_text(sink, "Message-ID: ");
    sink_bytes(sink, id, MSRP_IDENT_SIZE);
    sink_text(sink, "\r\nByte-Range: ");
}

static void prepare_head(struct msrp_sender *sender)
{
    const struct msrp_send_config *config = &sender->config;
    size_t capacity = 512 + strlen(config->to_path) + strlen(config->from_path) + length_of(config->content_type) +
                      length_of(config->success_report) + length_of(config->failure_report);
    struct sink head = {.data = arena_alloc(sender->arena, capacity), .capacity = capacity};
    struct sink tail = {.data = arena_alloc(sender->arena, capacity), .capacity = capacity};

    sink_text(&head, "MSRP 000000000000 SEND\r\n");
    write_line(&head, "To-Path: ", config->to_path);
    write_line(&head, "From-Path: ", config->from_path);
    msrp_ident_write(msrp_ident_hash(~config->identity), 0, sender->message_id);
    write_message_id(&head, sender->message_id);
    sink_text(&tail, "\r\n");
    write_line(&tail, "Success-Report: ", config->success_report);
    write_line(&tail, "Failure-Report: ", config->failure_report);
    write_line(&tail, "Content-Type: ", config->content_type);
    if (config->content_type)
        sink_text(&tail, "\r\n");
    check(!head.overflow && !tail.overflow && head.size + tail.size + RANGE_TEXT_MAX <= capacity);
    sender->head = head.data;
    sender->head_size = head.size;
    sender->head_capacity = capacity;
    sender->tail = sink_written(&tail);
}

struct msrp_sender *msrp_sender_create(struct arena *arena, const struct msrp_send_config *config)
{
    struct msrp_sender *sender = arena_alloc(arena, sizeof(*sender));
    struct span failure = config->failure_report ? span_of(config->failure_report) : SPAN("yes");

    check(config->timeout_ns > 0);
    check(config->content_type || config->body.length == 0);
    sender->config = *config;
    sender->arena = arena;
    sender->state = MSRP_SENDING;
    sender->offered = config->body.length;
    sender->is_silent = !span_equal(failure, SPAN("yes"));
    sender->wants_report = config->success_report && span_equal(span_of(config->success_report), SPAN("yes"));
    sender->awaits_errors = span_equal(failure, SPAN("partial")) && !sender->wants_report;
    sender->errors_until_ns = sender->awaits_errors ? INT64_MAX : 0;
    sender->ring = arena_alloc(arena, RING_FIRST * sizeof(*sender->ring));
    sender->ring_capacity = RING_FIRST;
    prepare_head(sender);
    return sender;
}

/* ---- Transactions ---- */

static int64_t *slot(const struct msrp_sender *sender, uint64_t transaction)
{
    return &sender->ring[transaction & (sender->ring_capacity - 1)];
}

static void grow_ring(struct msrp_sender *sender)
{
    uint64_t capacity = 2 * sender->ring_capacity;
    int64_t *ring = arena_alloc(sender->arena, capacity * sizeof(*ring));

    for (uint64_t i = sender->first; i != sender->next; i++)
        ring[i & (capacity - 1)] = *slot(sender, i);
    sender->ring = ring;
    sender->ring_capacity = capacity;
}

static void push_transaction(struct msrp_sender *sender, int64_t deadline)
{
    if (sender->next - sender->first == sender->ring_capacity)
        grow_ring(sender);
    *slot(sender, sender->next) = deadline;
    sender->next++;
}

static void drop_answered(struct msrp_sender *sender)
{
    while (sender->first != sender->next && *slot(sender, sender->first) == ANSWERED)
        sender->first++;
}

/* Whether the name of the transaction stands in the body of its own chunk, if that can be known at little cost. */
static bool occurs_in_body(const struct msrp_sender *sender, uint64_t length)
{
    const struct slice *body = &sender->config.body;
    char mark[7 + MSRP_IDENT_SIZE] = "-------";

    if (length == 0 || body->length > SEARCHED_MAX)
        return false;
    const char *bytes = slice_pointer(slice_part(*body, sender->written, length));

    if (!bytes)
        return false;
    memcpy(mark + 7, sender->ident, MSRP_IDENT_SIZE);
    return span_find((struct span){bytes, length}, (struct span){mark, sizeof(mark)}) < length;
}

/* ---- Writing ---- */

static void write_bytes(const struct msrp_sender *sender, const void *bytes, size_t size)
{
    sender->config.writer.bytes(sender->config.writer.context, bytes, size, false);
}

static void begin_chunk(struct msrp_sender *sender)
{
    const struct msrp_send_config *config = &sender->config;
    uint64_t left = config->body.length - sender->written;
    uint64_t length = config->chunk_bytes && config->chunk_bytes < left ? config->chunk_bytes : left;
    struct msrp_byte_range range = {sender->written + 1, sender->written + length, config->body.length};
    struct sink head = {.data = sender->head, .capacity = sender->head_capacity, .size = sender->head_size};

    for (;;) {
        msrp_ident_write(config->identity, sender->next, sender->ident);
        if (!occurs_in_body(sender, length))
            break;
        push_transaction(sender, ANSWERED);
        drop_answered(sender);
    }
    if (config->has_star && length > MSRP_BODY_PLAIN_MAX)
        range.end = MSRP_RANGE_STAR;
    memcpy(sender->head + TRANSACTION_AT, sender->ident, MSRP_IDENT_SIZE);
    msrp_write_byte_range(range, &head);
    sink_span(&head, sender->tail);
    if (!config->content_type) /* without a body the end-line is part of the head's write */
        msrp_write_end((struct span){sender->ident, MSRP_IDENT_SIZE}, '$', &head);
    check(!head.overflow);
    write_bytes(sender, head.data, head.size);
    push_transaction(sender, OPEN);
    sender->waiting++;
    sender->chunks++;
    sender->chunk_left = length;
    sender->is_interruptible = length > MSRP_BODY_PLAIN_MAX;
    sender->in_chunk = true;
}

/* As much of the chunk's body as there is room for; false: some is left. */
static bool write_body(struct msrp_sender *sender)
{
    const struct msrp_writer *writer = &sender->config.writer;

    while (sender->chunk_left > 0) {
        uint64_t size = writer->room(writer->context);

        if (size > sender->offered - sender->written)
            size = sender->offered - sender->written;
        if (size == 0)
            return false;
        if (size > sender->chunk_left)
            size = sender->chunk_left;
        writer->slice(writer->context, slice_part(sender->config.body, sender->written, size), false);
        sender->written += size;
        sender->chunk_left -= size;
    }
    return true;
}

static void end_chunk(struct msrp_sender *sender, char flag)
{
    char text[MSRP_END_LINE_MAX] = "\r\n-------";

    sender->in_chunk = false;
    if (!sender->config.content_type)
        return;
    memcpy(text + 9, sender->ident, MSRP_IDENT_SIZE);
    text[9 + MSRP_IDENT_SIZE] = flag;
    memcpy(text + 10 + MSRP_IDENT_SIZE, "\r\n", 2);
    write_bytes(sender, text, 12 + MSRP_IDENT_SIZE);
}

/* The chunk in progress is cut off, which also tells the peer that the message will not be completed. */
static void fail(struct msrp_sender *sender, int status)
{
    if (sender->in_chunk)
        end_chunk(sender, '#');
    sender->state = MSRP_FAILED;
    sender->status = status;
}

static bool is_reported(const struct msrp_sender *sender)
{
    return !sender->wants_report ||
           (sender->has_report && msrp_ranges_whole(&sender->reported, sender->config.body.length));
}

static bool is_written(const struct msrp_sender *sender)
{
    return sender->written == sender->config.body.length && sender->chunks > 0 && !sender->in_chunk;
}

static void settle(struct msrp_sender *sender)
{
    bool is_awaited = sender->waiting > 0 || sender->errors_until_ns > 0 || !is_reported(sender);

    if (is_written(sender))
        sender->state = is_awaited ? MSRP_WAITING : MSRP_SENT;
}

static void finish_chunk(struct msrp_sender *sender, int64_t now_ns)
{
    int64_t *deadline = slot(sender, sender->next - 1);

    end_chunk(sender, sender->written == sender->config.body.length ? '$' : '+');
    if (*deadline == OPEN && sender->is_silent) {
        *deadline = ANSWERED;
        sender->waiting--;
        drop_answered(sender);
        if (sender->awaits_errors)
            sender->errors_until_ns = is_written(sender) ? now_ns + sender->config.timeout_ns : INT64_MAX;
    } else if (*deadline == OPEN) {
        *deadline = now_ns + sender->config.timeout_ns;
    }
    settle(sender);
}

void msrp_sender_offer(struct msrp_sender *sender, uint64_t bytes)
{
    check(bytes >= sender->written && bytes <= sender->config.body.length);
    sender->offered = bytes;
}

void msrp_sender_interrupt(struct msrp_sender *sender, int64_t now_ns)
{
    sender->is_held = true;
    if (!sender->in_chunk || !sender->is_interruptible || sender->state != MSRP_SENDING)
        return;
    sender->chunk_left = 0;
    finish_chunk(sender, now_ns);
}

void msrp_sender_resume(struct msrp_sender *sender)
{
    sender->is_held = false;
}

void msrp_sender_pump(struct msrp_sender *sender, int64_t now_ns)
{
    const struct msrp_send_config *config = &sender->config;

    while (sender->state == MSRP_SENDING) {
        if (!sender->in_chunk) {
            if (sender->is_held || (config->window > 0 && sender->waiting >= config->window))
                return;
            if (config->writer.room(config->writer.context) == 0 ||
                (sender->offered == sender->written && sender->written < config->body.length))
                return;
            begin_chunk(sender);
        }
        if (!write_body(sender))
            return;
        finish_chunk(sender, now_ns);
    }
}

/* Where a 200 never comes an error still may, at any time. */
static bool takes_answer(const struct msrp_sender *sender, uint64_t transaction, int status)
{
    bool is_open = transaction >= sender->first && transaction < sender->next && *slot(sender, transaction) != ANSWERED;

    return is_open || (sender->is_silent && transaction < sender->next && status != 200);
}

static void settle_transaction(struct msrp_sender *sender, uint64_t transaction)
{
    if (transaction < sender->first || *slot(sender, transaction) == ANSWERED)
        return;
    *slot(sender, transaction) = ANSWERED;
    check(sender->waiting > 0);
    sender->waiting--;
    drop_answered(sender);
}

void msrp_sender_answered(struct msrp_sender *sender, int64_t now_ns, const struct msrp_head *response)
{
    uint64_t transaction;

    (void)now_ns;
    check(!response->is_request);
    if (sender->state == MSRP_FAILED)
        return;
    if (!msrp_ident_read(sender->config.identity, response->transaction_id, &transaction))
        return;
    if (!takes_answer(sender, transaction, response->status))
        return;
    settle_transaction(sender, transaction);
    if (response->status != 200)
        fail(sender, response->status);
    else
        settle(sender);
}

/* "000 408 Request Timeout": the namespace is that of RFC 4975's own codes, others say nothing that is known. */
static bool read_status(struct span text, uint64_t *status)
{
    uint64_t name_space;

    return span_cut_number(&text, &name_space) == ERR_OK && name_space == 0 &&
           span_cut_literal(&text, SPAN(" ")) == ERR_OK && span_cut_number(&text, status) == ERR_OK && *status <= 999;
}

static void tell_nobody(void *context, uint64_t offset, struct slice slice)
{
    (void)context;
    (void)offset;
    (void)slice;
}

void msrp_sender_reported(struct msrp_sender *sender, const struct msrp_head *report)
{
    struct span id = {sender->message_id, MSRP_IDENT_SIZE};
    const struct msrp_byte_range *range = &report->range;
    uint64_t status, length = sender->config.body.length;

    if (sender->state == MSRP_FAILED || !span_equal(report->message_id, id) ||
        !read_status(report->report_status, &status))
        return;
    if (status != 200) {
        fail(sender, (int)status);
        return;
    }
    if (!report->has_range || range->start == 0 || range->end > length || range->end < range->start - 1)
        return;
    struct slice told = {&source_pattern, 0, range->end - (range->start - 1)};

    /* Of reports with more gaps than are kept, those that do not fit say nothing. */
    if (msrp_ranges_add(&sender->reported, sender->arena, range->start - 1, told, NULL, tell_nobody) != ERR_OK)
        return;
    sender->has_report = true;
    settle(sender);
}

int64_t msrp_sender_wake_ns(const struct msrp_sender *sender)
{
    if (sender->state == MSRP_SENT || sender->state == MSRP_FAILED)
        return INT64_MAX;
    if (sender->first != sender->next)
        return *slot(sender, sender->first);
    return sender->state == MSRP_WAITING && sender->errors_until_ns > 0 ? sender->errors_until_ns : INT64_MAX;
}

void msrp_sender_wake(struct msrp_sender *sender, int64_t now_ns)
{
    if (msrp_sender_wake_ns(sender) > now_ns)
        return;
    if (!sender->is_silent) {
        fail(sender, 408);
        return;
    }
    sender->errors_until_ns = 0;
    settle(sender);
}

bool msrp_sender_in_chunk(const struct msrp_sender *sender)
{
    return sender->in_chunk;
}

enum msrp_sender_state msrp_sender_state(const struct msrp_sender *sender)
{
    return sender->state;
}

int msrp_sender_status(const struct msrp_sender *sender)
{
    return sender->status;
}

bool msrp_status_ends_session(int status)
{
    return status == 481 || status == 506;
}

uint64_t msrp_sender_chunks(const struct msrp_sender *sender)
{
    return sender->chunks;
}
