/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/msrp_ident.h"
#include "sim/proto/msrp_ranges.h"
#include "sim/proto/msrp_session.h"
#include "sim/base/check.h"

enum {
    KEPT_FIRST = 64,
    CONTENT_TYPE_MAX = 256,
    REPLY_SIZE = 20480,
    MESSAGES = 4, /* that may come at once, chunks of one between those of another */
    ID_AT = 5,    /* of the transaction ID: behind "MSRP " */
    FLAG_SIZE = 3 /* the end-line's flag and CR LF */
};

/* A From-Path that kept answers go to. A session has one, so the table stays at one row unless a peer plays tricks. */
struct way_back {
    char *text;
    size_t size, capacity;
    uint64_t uses;
};

struct kept {
    char transaction_id[MSRP_IDENT_MAX];
    uint8_t id_size;
    bool is_ready;   /* the end of the request has come */
    bool is_silent;  /* no answer is wanted */
    bool has_report; /* a REPORT of success follows */
    bool is_of_send; /* answered hop by hop; others all the way back, RFC 4975 section 7.2 */
    int16_t status;
    uint32_t way;
    uint64_t length; /* of the message that the report is about */
    char message_id[MSRP_IDENT_MAX];
    uint8_t message_id_size;
};

struct message {
    bool is_open; /* bytes may still come */
    bool has_end; /* the chunk with '$' has come */
    int status;   /* what its later chunks get, too, once one was refused; else 200 */
    char id[MSRP_IDENT_MAX];
    size_t id_size;
    uint64_t total; /* MSRP_RANGE_STAR: not known yet */
    char content_type[CONTENT_TYPE_MAX];
    size_t content_type_size;
    struct msrp_ranges ranges;
};

struct chunk {
    bool carries;       /* its body belongs to the message */
    uint64_t start;     /* offset in the message */
    uint64_t taken;     /* bytes that came */
    uint64_t announced; /* bytes that may come; MSRP_RANGE_STAR: not known */
    bool wants_report, wants_success, wants_failure;
    bool has_body;
    bool is_ended;
    bool is_answered; /* before its end */
};

struct msrp_receiver {
    struct msrp_receive_config config;
    struct arena *arena;
    struct span own_uri;
    struct message messages[MESSAGES];
    struct message *message; /* the one that the chunk under way belongs to, or the last one did */
    uint32_t next_message;   /* where the next one goes, if that is not open */
    struct chunk chunk;
    struct kept *ring;
    uint64_t ring_capacity; /* a power of two */
    uint64_t first, next;   /* kept answers: [first, next) */
    struct way_back *ways;
    size_t way_count, way_capacity;
    uint64_t reports;
    char reply[REPLY_SIZE];
    size_t answer_size; /* of the answer at the front of reply; 0: none that may be used again */
    uint32_t answer_way;
    int16_t answer_status;
    uint8_t answer_id_size;
};

struct msrp_receiver *msrp_receiver_create(struct arena *arena, const struct msrp_receive_config *config)
{
    struct msrp_receiver *receiver = arena_alloc(arena, sizeof(*receiver));

    check(config->body && config->complete);
    receiver->config = *config;
    receiver->arena = arena;
    receiver->own_uri = span_of(config->own_uri);
    receiver->ring = arena_alloc(arena, KEPT_FIRST * sizeof(*receiver->ring));
    receiver->ring_capacity = KEPT_FIRST;
    receiver->message = &receiver->messages[0];
    return receiver;
}

/* ---- Kept answers ---- */

static struct kept *kept_at(const struct msrp_receiver *receiver, uint64_t index)
{
    return &receiver->ring[index & (receiver->ring_capacity - 1)];
}

static void grow_ring(struct msrp_receiver *receiver)
{
    uint64_t capacity = 2 * receiver->ring_capacity;
    struct kept *ring = arena_alloc(receiver->arena, capacity * sizeof(*ring));

    for (uint64_t i = receiver->first; i != receiver->next; i++)
        ring[i & (capacity - 1)] = *kept_at(receiver, i);
    receiver->ring = ring;
    receiver->ring_capacity = capacity;
}

static void grow_ways(struct msrp_receiver *receiver)
{
    size_t capacity = receiver->way_capacity ? 2 * receiver->way_capacity : 4;
    struct way_back *ways = arena_alloc(receiver->arena, capacity * sizeof(*ways));

    if (receiver->way_count > 0)
        memcpy(ways, receiver->ways, receiver->way_count * sizeof(*ways));
    receiver->ways = ways;
    receiver->way_capacity = capacity;
}

static void set_way(struct msrp_receiver *receiver, struct way_back *way, struct span from_path)
{
    if (way->capacity < from_path.size) {
        size_t capacity = way->capacity ? way->capacity : 256;

        while (capacity < from_path.size)
            capacity *= 2;
        way->text = arena_alloc(receiver->arena, capacity);
        way->capacity = capacity;
    }
    memcpy(way->text, from_path.data, from_path.size);
    way->size = from_path.size;
    receiver->answer_size = 0;
}

/* The row of from_path, else a row that nobody uses, else a new one: never more rows than kept answers and one. */
static uint32_t find_way(struct msrp_receiver *receiver, struct span from_path)
{
    size_t unused = receiver->way_count;

    for (size_t i = 0; i < receiver->way_count; i++) {
        struct way_back *way = &receiver->ways[i];

        if (span_equal((struct span){way->text, way->size}, from_path)) {
            way->uses++;
            return (uint32_t)i;
        }
        if (way->uses == 0)
            unused = i;
    }
    if (unused == receiver->way_capacity)
        grow_ways(receiver);
    if (unused == receiver->way_count)
        receiver->way_count++;
    set_way(receiver, &receiver->ways[unused], from_path);
    receiver->ways[unused].uses++;
    return (uint32_t)unused;
}

static struct kept *keep_answer(struct msrp_receiver *receiver, const struct msrp_head *head)
{
    if (receiver->next - receiver->first == receiver->ring_capacity)
        grow_ring(receiver);
    struct kept *kept = kept_at(receiver, receiver->next);

    receiver->next++;
    *kept = (struct kept){.status = 200,
                          .id_size = (uint8_t)head->transaction_id.size,
                          .is_of_send = span_equal(head->method, SPAN("SEND"))};
    check(head->transaction_id.size <= sizeof(kept->transaction_id));
    memcpy(kept->transaction_id, head->transaction_id.data, head->transaction_id.size);
    kept->way = find_way(receiver, head->from_path);
    return kept;
}

/* The answer to the request that is being received. A sender that is to stop is told so while it still sends. */
static void refuse(struct msrp_receiver *receiver, int status)
{
    struct kept *kept = kept_at(receiver, receiver->next - 1);
    struct chunk *chunk = &receiver->chunk;

    kept->status = (int16_t)status;
    chunk->carries = false;
    if (status != 413 || !receiver->config.refused || !chunk->wants_failure || !chunk->has_body || chunk->is_ended)
        return;
    chunk->is_answered = true;
    kept->is_ready = true;
    receiver->config.refused(receiver->config.context);
}

/* A message of which a chunk is refused will not be completed: its sender stops, RFC 4975 section 7.1.1. */
static void refuse_message(struct msrp_receiver *receiver, int status)
{
    receiver->message->is_open = false;
    receiver->message->status = status;
    refuse(receiver, status);
}

/* ---- Heads ---- */

/* "text/plain;charset=utf-8" against "text/plain", "text/\*" or "*". */
static bool type_matches(struct span type, struct span accepted)
{
    type = span_trim((struct span){type.data, span_find_byte(type, ';')});
    if (span_equal(accepted, SPAN("*")))
        return true;
    if (accepted.size >= 2 && accepted.data[accepted.size - 1] == '*' && accepted.data[accepted.size - 2] == '/') {
        struct span front = {type.data, accepted.size - 1};

        return type.size >= accepted.size && span_equal_nocase(front, (struct span){accepted.data, front.size});
    }
    return span_equal_nocase(type, accepted);
}

static bool is_accepted(const struct msrp_receiver *receiver, struct span type)
{
    const char *const *accepted = receiver->config.accept_types;

    for (; accepted && *accepted; accepted++)
        if (type_matches(type, span_of(*accepted)))
            return true;
    return !receiver->config.accept_types;
}

static int judge_range(const struct msrp_receiver *receiver, const struct msrp_byte_range *range)
{
    uint64_t limit = receiver->config.size_max;

    if (range->start == 0 || (range->end != MSRP_RANGE_STAR && range->end < range->start - 1))
        return 400;
    if (range->total == MSRP_RANGE_STAR)
        return range->start - 1 > limit || (range->end != MSRP_RANGE_STAR && range->end > limit) ? 413 : 200;
    if (range->start - 1 > range->total || (range->end != MSRP_RANGE_STAR && range->end > range->total))
        return 400;
    return range->total > limit ? 413 : 200;
}

static bool is_same_message(const struct message *message, struct span id)
{
    return message->id_size > 0 && span_equal((struct span){message->id, message->id_size}, id);
}

/* The message of that ID, NULL when it is not known (any more). */
static struct message *find_message(struct msrp_receiver *receiver, struct span id)
{
    if (is_same_message(receiver->message, id))
        return receiver->message;
    for (size_t i = 0; i < MESSAGES; i++)
        if (is_same_message(&receiver->messages[i], id))
            return &receiver->messages[i];
    return NULL;
}

/* In the place of the oldest that is not open; NULL: all are. */
static struct message *place_of_message(struct msrp_receiver *receiver)
{
    for (uint32_t i = 0; i < MESSAGES; i++) {
        struct message *message = &receiver->messages[(receiver->next_message + i) % MESSAGES];

        if (message->is_open)
            continue;
        receiver->next_message = (uint32_t)(message - receiver->messages) + 1;
        return message;
    }
    return NULL;
}

static void open_message(struct message *message, const struct msrp_head *head)
{
    message->is_open = true;
    message->has_end = false;
    message->status = 200;
    message->total = MSRP_RANGE_STAR;
    message->id_size = head->message_id.size;
    memcpy(message->id, head->message_id.data, head->message_id.size);
    message->content_type_size = head->content_type.size;
    memcpy(message->content_type, head->content_type.data, head->content_type.size);
    msrp_ranges_clear(&message->ranges);
}

/* What is wrong with a SEND that has a body, whatever message it belongs to; else 200. */
static int judge_send(const struct msrp_receiver *receiver, const struct msrp_head *head)
{
    if (head->message_id.size == 0 || head->message_id.size > MSRP_IDENT_MAX || head->content_type.size == 0)
        return 400;
    if (head->content_type.size > CONTENT_TYPE_MAX || !is_accepted(receiver, head->content_type))
        return 415;
    return head->has_range ? judge_range(receiver, &head->range) : 200;
}

/* What is wrong with it as a part of the message it belongs to, which it may begin; else 200. */
static int join_message(struct msrp_receiver *receiver, const struct msrp_head *head)
{
    struct message *message = find_message(receiver, head->message_id);

    if (!message) {
        message = place_of_message(receiver);
        if (!message)
            return 413;
        open_message(message, head);
    }
    receiver->message = message;
    if (message->status != 200 || !head->has_range || head->range.total == MSRP_RANGE_STAR)
        return message->status;
    if (message->total == MSRP_RANGE_STAR)
        message->total = head->range.total;
    return message->total != head->range.total || msrp_ranges_end(&message->ranges) > message->total ? 400 : 200;
}

static void receive_send(struct msrp_receiver *receiver, const struct msrp_head *head)
{
    struct chunk *chunk = &receiver->chunk;
    int status = judge_send(receiver, head);

    if (status == 200)
        status = join_message(receiver, head);
    if (status != 200) {
        struct message *message = find_message(receiver, head->message_id);

        if (message && message->is_open) {
            receiver->message = message;
            refuse_message(receiver, status);
        } else {
            refuse(receiver, status);
        }
        return;
    }
    chunk->carries = true;
    chunk->announced = MSRP_RANGE_STAR;
    if (!head->has_range)
        return;
    chunk->start = head->range.start - 1;
    if (head->range.end != MSRP_RANGE_STAR)
        chunk->announced = head->range.end - chunk->start;
}

static bool is_for_us(const struct msrp_receiver *receiver, struct span to_path)
{
    return span_equal(to_path, receiver->own_uri) ||
           (span_find_byte(to_path, ' ') == to_path.size && msrp_uri_equal(to_path, receiver->own_uri));
}

void msrp_receiver_head(struct msrp_receiver *receiver, const struct msrp_head *head)
{
    check(head->is_request);
    struct kept *kept = keep_answer(receiver, head);
    struct chunk *chunk = &receiver->chunk;
    bool wants_none = span_equal_nocase(head->failure_report, SPAN("no"));

    *chunk = (struct chunk){.wants_failure = !wants_none, .has_body = head->has_body};
    chunk->wants_success = !wants_none && !span_equal_nocase(head->failure_report, SPAN("partial"));
    chunk->wants_report = span_equal_nocase(head->success_report, SPAN("yes"));
    if (span_equal(head->method, SPAN("REPORT"))) {
        kept->is_silent = true;
        return;
    }
    if (!is_for_us(receiver, head->to_path))
        refuse(receiver, 481);
    else if (!span_equal(head->method, SPAN("SEND")))
        refuse(receiver, 501);
    else if (head->has_body)
        receive_send(receiver, head);
}

/* ---- Bodies and ends ---- */

void msrp_receiver_body(struct msrp_receiver *receiver, uint64_t at, struct slice slice)
{
    struct chunk *chunk = &receiver->chunk;
    struct message *message = receiver->message;
    uint64_t begin = chunk->start + at;
    uint64_t total = message->total;

    if (!chunk->carries)
        return;
    check(at == chunk->taken);
    chunk->taken += slice.length;
    if (chunk->taken > chunk->announced || (total != MSRP_RANGE_STAR && begin + slice.length > total)) {
        refuse_message(receiver, 400);
        return;
    }
    if (begin + slice.length > receiver->config.size_max) {
        refuse_message(receiver, 413);
        return;
    }
    if (!message->is_open) /* all of it is there already: a chunk sent again */
        return;
    if (msrp_ranges_add(&message->ranges, receiver->arena, begin, slice, receiver->config.context,
                        receiver->config.body) != ERR_OK)
        refuse_message(receiver, 413);
}

static void complete(struct msrp_receiver *receiver)
{
    struct kept *kept = kept_at(receiver, receiver->next - 1);
    struct message *message = receiver->message;

    message->is_open = false;
    kept->has_report = receiver->chunk.wants_report;
    kept->length = message->total;
    kept->message_id_size = (uint8_t)message->id_size;
    memcpy(kept->message_id, message->id, message->id_size);
    receiver->config.complete(receiver->config.context, message->total,
                              (struct span){message->content_type, message->content_type_size});
}

/* The end of a chunk of the open message. The last chunk says where the message ends, if no total said it before. */
static void end_chunk(struct msrp_receiver *receiver, char flag)
{
    struct message *message = receiver->message;
    uint64_t end = receiver->chunk.start + receiver->chunk.taken;

    if (flag == '#') {
        message->is_open = false;
        message->id_size = 0;
        return;
    }
    if (flag == '$') {
        if (message->total == MSRP_RANGE_STAR)
            message->total = end;
        if (end != message->total || msrp_ranges_end(&message->ranges) > end) {
            refuse_message(receiver, 400);
            return;
        }
        message->has_end = true;
    }
    if (message->has_end && msrp_ranges_whole(&message->ranges, message->total))
        complete(receiver);
}

void msrp_receiver_end(struct msrp_receiver *receiver, char flag)
{
    receiver->chunk.is_ended = true;
    if (receiver->chunk.is_answered)
        return;
    check(receiver->first != receiver->next);
    struct kept *kept = kept_at(receiver, receiver->next - 1);

    if (receiver->chunk.carries && receiver->message->is_open)
        end_chunk(receiver, flag);
    kept->is_ready = true;
    if (kept->status == 200 ? !receiver->chunk.wants_success : !receiver->chunk.wants_failure)
        kept->is_silent = true;
    receiver->chunk.carries = false;
}

/* ---- Answers ---- */

static void write_answer(struct msrp_receiver *receiver, const struct kept *kept, struct sink *out)
{
    const struct way_back *way = &receiver->ways[kept->way];
    struct span path = {way->text, way->size};
    struct msrp_head head = {.status = kept->status, .from_path = receiver->own_uri};

    head.transaction_id = (struct span){kept->transaction_id, kept->id_size};
    if (kept->is_of_send)
        (void)msrp_path_next(&path, &head.to_path);
    else
        head.to_path = path;
    msrp_write_head(&head, out);
    msrp_write_end(head.transaction_id, '$', out);
    receiver->answer_size = kept->is_of_send ? out->size : 0;
    receiver->answer_way = kept->way;
    receiver->answer_status = kept->status;
    receiver->answer_id_size = kept->id_size;
}

/* Answers of a session differ in their transaction ID alone: the last one's text is used again. */
static bool write_answer_again(struct msrp_receiver *receiver, const struct kept *kept, struct sink *out)
{
    if (receiver->answer_size == 0 || !kept->is_of_send || receiver->answer_way != kept->way ||
        receiver->answer_status != kept->status || receiver->answer_id_size != kept->id_size)
        return false;
    out->size = receiver->answer_size;
    memcpy(out->data + ID_AT, kept->transaction_id, kept->id_size);
    memcpy(out->data + out->size - FLAG_SIZE - kept->id_size, kept->transaction_id, kept->id_size);
    return true;
}

/* The success report of RFC 4975 section 7.1.2: about all bytes, along the whole path back. */
static void write_report(struct msrp_receiver *receiver, const struct kept *kept, struct sink *out)
{
    const struct way_back *way = &receiver->ways[kept->way];
    char ident[MSRP_IDENT_SIZE];
    struct msrp_head head = {.is_request = true, .method = SPAN("REPORT"), .from_path = receiver->own_uri};

    msrp_ident_write(receiver->config.identity, receiver->reports++, ident);
    head.transaction_id = (struct span){ident, sizeof(ident)};
    head.to_path = (struct span){way->text, way->size};
    head.message_id = (struct span){kept->message_id, kept->message_id_size};
    head.has_range = true;
    head.range = (struct msrp_byte_range){1, kept->length, kept->length};
    head.report_status = SPAN("000 200 OK");
    msrp_write_head(&head, out);
    msrp_write_end(head.transaction_id, '$', out);
}

static void write_out(const struct msrp_receiver *receiver, const struct sink *out)
{
    check(!out->overflow);
    receiver->config.writer.bytes(receiver->config.writer.context, out->data, out->size, true);
}

struct span msrp_receiver_content_type(const struct msrp_receiver *receiver)
{
    return (struct span){receiver->message->content_type, receiver->message->content_type_size};
}

bool msrp_receiver_answer(struct msrp_receiver *receiver)
{
    struct sink out = SINK(receiver->reply);

    if (receiver->first == receiver->next || !kept_at(receiver, receiver->first)->is_ready)
        return false;
    struct kept *kept = kept_at(receiver, receiver->first);

    receiver->first++;
    receiver->ways[kept->way].uses--;
    if (!kept->is_silent) {
        if (!write_answer_again(receiver, kept, &out))
            write_answer(receiver, kept, &out);
        write_out(receiver, &out);
    }
    if (kept->has_report) {
        out.size = 0;
        receiver->answer_size = 0; /* the report takes its place */
        write_report(receiver, kept, &out);
        write_out(receiver, &out);
    }
    return !kept->is_silent || kept->has_report;
}
