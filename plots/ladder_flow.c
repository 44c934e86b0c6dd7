/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Three steps: messages are put in order, alike ones that follow each other closely are grouped, and each message or
 * group becomes a row. A message that is alike but stands further away than NEAR others begins a group of its own: the
 * flow in between is worth seeing twice.
 */
#include "plots/ladder_flow.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <stdlib.h>

enum {
    NEAR = 64,       /* messages that may stand between two of one group */
    GROUP_LEAST = 4, /* fewer are shown singly */
    GROUP_LEAST_MARKED = 8,
    LANES_MAX = 2 * LADDER_ROLES_MAX,
    TAIL_ROWS = 50 /* of a ladder that is too long, what is kept of its end */
};

#define PAUSE_LEAST (5 * MS) /* a shorter one is never marked, nor is one below an eighth of the whole */

struct entry {
    const struct ladder_message *message;
    size_t group;
};

struct maker {
    struct ladder_flow *flow;
    struct entry *entries;
    size_t count;
    size_t group_count;
    bool is_used[LANES_MAX];
};

/* ---- Order ---- */

int64_t ladder_end_ns(const struct ladder_message *message)
{
    return message->received_ns == NONE_NS ? message->sent_ns : message->received_ns;
}

static int compare_entries(const void *a, const void *b)
{
    const struct ladder_message *first = ((const struct entry *)a)->message;
    const struct ladder_message *second = ((const struct entry *)b)->message;

    if (first->sent_ns != second->sent_ns)
        return first->sent_ns < second->sent_ns ? -1 : 1;
    return first < second ? -1 : first > second;
}

/* ---- Groups ---- */

/* The next word of text that is not a number or range; the first word of a label always counts. */
static struct span next_word(struct span *text, bool is_first)
{
    for (;;) {
        *text = span_trim(*text);
        struct span word = {text->data, span_find_byte(*text, ' ')};

        *text = span_after(*text, word.size);
        if (word.size == 0 || is_first || word.data[0] < '0' || word.data[0] > '9')
            return word;
    }
}

static bool is_same_kind(struct span a, struct span b)
{
    struct span from_a = next_word(&a, true);
    struct span from_b = next_word(&b, true);

    while (span_equal(from_a, from_b) && from_a.size > 0) {
        from_a = next_word(&a, false);
        from_b = next_word(&b, false);
    }
    return span_equal(from_a, from_b);
}

static bool is_alike(const struct ladder_message *a, const struct ladder_message *b)
{
    return a->is_again == b->is_again && a->is_lost == b->is_lost && strcmp(a->from, b->from) == 0 &&
           strcmp(a->to, b->to) == 0 && strcmp(a->protocol, b->protocol) == 0 && is_same_kind(a->label, b->label);
}

/* The group that the message at place goes into: an alike one close by, or a new one. */
static struct ladder_group *group_for(struct maker *maker, size_t place)
{
    const struct ladder_message *message = maker->entries[place].message;
    struct ladder_group *groups = maker->flow->groups;
    size_t least = maker->group_count > NEAR ? maker->group_count - NEAR : 0;

    for (size_t i = maker->group_count; i > least; i--)
        if (place - groups[i - 1].last <= NEAR && is_alike(groups[i - 1].first, message))
            return &groups[i - 1];
    groups[maker->group_count] = (struct ladder_group){.first = message, .until_ns = ladder_end_ns(message)};
    return &groups[maker->group_count++];
}

static void group_messages(struct maker *maker)
{
    for (size_t place = 0; place < maker->count; place++) {
        struct ladder_group *group = group_for(maker, place);
        int64_t end_ns = ladder_end_ns(maker->entries[place].message);

        group->last = place;
        group->count++;
        group->bytes += maker->entries[place].message->bytes;
        if (end_ns > group->until_ns)
            group->until_ns = end_ns;
        maker->entries[place].group = (size_t)(group - maker->flow->groups);
    }
}

static bool is_shown_as_group(const struct ladder_group *group)
{
    bool is_marked = group->first->is_again || group->first->is_lost;

    return group->count >= (is_marked ? GROUP_LEAST_MARKED : GROUP_LEAST);
}

static bool begins_row(const struct maker *maker, size_t place)
{
    const struct ladder_group *group = &maker->flow->groups[maker->entries[place].group];

    return !is_shown_as_group(group) || group->first == maker->entries[place].message;
}

/* ---- Lifelines ---- */

static enum err find_lane(struct ladder_flow *flow, const char *name, unsigned *lane)
{
    for (*lane = 0; *lane < flow->lane_count; ++*lane)
        if (strcmp(flow->lanes[*lane], name) == 0)
            return ERR_OK;
    if (flow->lane_count == LANES_MAX)
        return ERR_RANGE;
    flow->lanes[flow->lane_count++] = name;
    return ERR_OK;
}

/* By the front of their names: the first that fits. */
static const struct place {
    const char *front;
    int place;
} places[] = {
    {"UE-A", 0},        {"ue-a", 0},       {"crowd A", 1},    {"DNS(A)", 2},          {"P-CSCF(A)", 3},
    {"SBC(A)", 4},      {"IMS-AGW(A)", 5}, {"I-CSCF(A)", 6},  {"HSS(A)", 7},          {"AS of A", 8},
    {"S-CSCF(A)", 9},   {"AS(A)", 10},     {"relay ", 15},    {"content server", 16}, {"I-CSCF(B)", 30},
    {"HSS(B)", 31},     {"DNS(B)", 32},    {"AS(B)", 33},     {"S-CSCF(B)", 34},      {"AS of B", 35},
    {"IMS-AGW(B)", 36}, {"SBC(B)", 37},    {"P-CSCF(B)", 38}, {"UE-B", 40},           {"ue-b", 40},
    {"crowd B", 41},
};

enum { PLACE_MIDDLE = 20 };

int ladder_place(const char *role)
{
    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
        if (span_starts(span_of(role), span_of(places[i].front)))
            return places[i].place;
    return PLACE_MIDDLE;
}

/* Relays and devices of one user stand in the order of their numbers. */
static bool is_right_of(const char *a, const char *b)
{
    int first = ladder_place(a), second = ladder_place(b);

    return first != second ? first > second : first != PLACE_MIDDLE && strcmp(a, b) > 0;
}

static void order_lanes(struct ladder_flow *flow)
{
    for (unsigned i = 1; i < flow->lane_count; i++)
        for (unsigned at = i; at > 0 && is_right_of(flow->lanes[at - 1], flow->lanes[at]); at--) {
            const char *left = flow->lanes[at];

            flow->lanes[at] = flow->lanes[at - 1];
            flow->lanes[at - 1] = left;
        }
}

static enum err find_lanes(struct maker *maker, const char *const *roles)
{
    struct ladder_flow *flow = maker->flow;
    unsigned lane, used = 0;

    for (const char *const *role = roles; role && *role; role++)
        TRY(find_lane(flow, *role, &lane));
    for (size_t i = 0; i < maker->count; i++) {
        TRY(find_lane(flow, maker->entries[i].message->from, &lane));
        maker->is_used[lane] = true;
        TRY(find_lane(flow, maker->entries[i].message->to, &lane));
        maker->is_used[lane] = true;
    }
    for (unsigned i = 0; i < flow->lane_count; i++)
        if (maker->is_used[i])
            flow->lanes[used++] = flow->lanes[i];
    flow->lane_count = used;
    if (!roles)
        order_lanes(flow);
    return used <= LADDER_ROLES_MAX ? ERR_OK : ERR_RANGE;
}

static unsigned lane_of(const struct ladder_flow *flow, const char *name)
{
    unsigned lane = 0;

    while (strcmp(flow->lanes[lane], name) != 0)
        lane++;
    return lane;
}

/* ---- Rows ---- */

static int64_t long_pause_ns(const struct maker *maker)
{
    int64_t begin_ns = maker->count > 0 ? maker->entries[0].message->sent_ns : 0, end_ns = begin_ns;

    for (size_t i = 0; i < maker->count; i++)
        if (ladder_end_ns(maker->entries[i].message) > end_ns)
            end_ns = ladder_end_ns(maker->entries[i].message);
    return (end_ns - begin_ns) / 8 > PAUSE_LEAST ? (end_ns - begin_ns) / 8 : PAUSE_LEAST;
}

static struct ladder_row row_at(const struct maker *maker, size_t place)
{
    const struct ladder_message *message = maker->entries[place].message;
    const struct ladder_group *group = &maker->flow->groups[maker->entries[place].group];
    struct ladder_row row = {.message = message,
                             .label = message->label,
                             .from = lane_of(maker->flow, message->from),
                             .to = lane_of(maker->flow, message->to)};
    struct span word = {message->label.data, span_find_byte(message->label, ' ')};

    if (!is_shown_as_group(group))
        return row;
    row.group = group;
    if (is_same_kind(row.label, word)) /* the numbers of the first one say nothing of the others */
        row.label = word;
    return row;
}

static void make_rows(struct maker *maker)
{
    struct ladder_flow *flow = maker->flow;
    int64_t busy_ns = INT64_MAX, long_ns = long_pause_ns(maker);
    size_t rows = 0, row = 0;

    for (size_t place = 0; place < maker->count; place++)
        rows += begins_row(maker, place);
    size_t too_many = rows > LADDER_ROWS_MAX ? rows - LADDER_ROWS_MAX : 0;
    size_t head = too_many ? LADDER_ROWS_MAX - TAIL_ROWS : rows;

    for (size_t place = 0; place < maker->count; place++) {
        const struct ladder_message *message = maker->entries[place].message;

        if (begins_row(maker, place) && (row++ < head || row > head + too_many)) {
            struct ladder_row *made = &flow->rows[flow->row_count++];

            *made = row_at(maker, place);
            if (busy_ns != INT64_MAX && message->sent_ns - busy_ns >= long_ns)
                made->idle_ns = message->sent_ns - busy_ns;
            made->left_out = row == head + too_many + 1 ? too_many : 0;
        }
        if (busy_ns == INT64_MAX || ladder_end_ns(message) > busy_ns)
            busy_ns = ladder_end_ns(message);
    }
}

enum err ladder_flow_init(struct ladder_flow *flow, const struct ladder_message *messages, size_t count,
                          const char *const *roles)
{
    struct maker maker = {.flow = flow, .count = count};

    check(messages || count == 0);
    *flow = (struct ladder_flow){.lane_count = 0};
    maker.entries = calloc(count + 1, sizeof(*maker.entries));
    flow->groups = calloc(count + 1, sizeof(*flow->groups));
    flow->rows = calloc(LADDER_ROWS_MAX + 1, sizeof(*flow->rows));
    if (!maker.entries || !flow->groups || !flow->rows) {
        free(maker.entries);
        return ERR_FULL;
    }
    for (size_t i = 0; i < count; i++)
        maker.entries[i] = (struct entry){.message = &messages[i]};
    qsort(maker.entries, count, sizeof(*maker.entries), compare_entries);
    enum err error = find_lanes(&maker, roles);

    if (error == ERR_OK) {
        group_messages(&maker);
        make_rows(&maker);
    }
    free(maker.entries);
    return error;
}

void ladder_flow_free(struct ladder_flow *flow)
{
    free(flow->groups);
    free(flow->rows);
}
