/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A ladder is made in three steps: messages are put in order, alike ones that follow each other closely are grouped,
 * and each message or group becomes a row. A message that is alike but stands further away than NEAR others begins a
 * group of its own: the flow in between is worth seeing twice.
 */
#include "plots/ladder.h"
#include "plots/cells.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <stdlib.h>

enum {
    NEAR = 64,       /* messages that may stand between two of one group */
    GROUP_LEAST = 4, /* fewer are shown singly */
    GROUP_LEAST_MARKED = 8,
    TIME_COLUMNS = 11,
    LANES_MAX = 2 * LADDER_ROLES_MAX, /* before the unused are taken out */
    PITCH_MAX = 26,
    PITCH_LABEL = 16, /* lifelines at least so far apart have the label on the arrow */
    TAIL_ROWS = 50,   /* of a ladder that is too long, what is kept of its end */
    FOOT_ROWS = 30    /* a ladder longer than this names its lifelines at the end again */
};

struct group {
    const struct ladder_message *first;
    int64_t until_ns;
    size_t last; /* place of its last message in the order */
    size_t count;
    uint64_t bytes;
};

struct entry {
    const struct ladder_message *message;
    size_t group;
};

struct lane {
    const char *name;
    bool is_used;
};

struct ladder {
    const struct ladder_style *style;
    struct sink *sink;
    struct entry *entries;
    size_t count;
    struct group *groups;
    size_t group_count;
    struct lane lanes[LANES_MAX];
    unsigned lane_count;
    unsigned width, pitch, info_at;
    int64_t long_ns; /* a pause of at least this is worth a line */
};

/* ---- Order ---- */

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

static int64_t message_end_ns(const struct ladder_message *message)
{
    return message->received_ns == NONE_NS ? message->sent_ns : message->received_ns;
}

/* The group that the message at place goes into: an alike one close by, or a new one. */
static struct group *group_for(struct ladder *ladder, size_t place)
{
    const struct ladder_message *message = ladder->entries[place].message;
    size_t least = ladder->group_count > NEAR ? ladder->group_count - NEAR : 0;

    for (size_t i = ladder->group_count; i > least; i--) {
        struct group *group = &ladder->groups[i - 1];

        if (place - group->last <= NEAR && is_alike(group->first, message))
            return group;
    }
    ladder->groups[ladder->group_count] = (struct group){.first = message, .until_ns = message_end_ns(message)};
    return &ladder->groups[ladder->group_count++];
}

static void group_messages(struct ladder *ladder)
{
    for (size_t place = 0; place < ladder->count; place++) {
        struct group *group = group_for(ladder, place);
        int64_t end_ns = message_end_ns(ladder->entries[place].message);

        group->last = place;
        group->count++;
        group->bytes += ladder->entries[place].message->bytes;
        if (end_ns > group->until_ns)
            group->until_ns = end_ns;
        ladder->entries[place].group = (size_t)(group - ladder->groups);
    }
}

static bool is_shown_as_group(const struct group *group)
{
    bool is_marked = group->first->is_again || group->first->is_lost;

    return group->count >= (is_marked ? GROUP_LEAST_MARKED : GROUP_LEAST);
}

static bool begins_row(const struct ladder *ladder, size_t place)
{
    const struct group *group = &ladder->groups[ladder->entries[place].group];

    return !is_shown_as_group(group) || group->first == ladder->entries[place].message;
}

/* ---- Lifelines ---- */

static enum err find_lane(struct ladder *ladder, const char *name, struct lane **found)
{
    for (unsigned i = 0; i < ladder->lane_count; i++)
        if (strcmp(ladder->lanes[i].name, name) == 0) {
            *found = &ladder->lanes[i];
            return ERR_OK;
        }
    if (ladder->lane_count == LANES_MAX)
        return ERR_RANGE;
    *found = &ladder->lanes[ladder->lane_count++];
    **found = (struct lane){.name = name};
    return ERR_OK;
}

static enum err find_lanes(struct ladder *ladder)
{
    struct lane *lane;
    unsigned used = 0;

    for (const char *const *role = ladder->style->roles; role && *role; role++)
        TRY(find_lane(ladder, *role, &lane));
    for (size_t i = 0; i < ladder->count; i++) {
        TRY(find_lane(ladder, ladder->entries[i].message->from, &lane));
        lane->is_used = true;
        TRY(find_lane(ladder, ladder->entries[i].message->to, &lane));
        lane->is_used = true;
    }
    for (unsigned i = 0; i < ladder->lane_count; i++)
        if (ladder->lanes[i].is_used)
            ladder->lanes[used++] = ladder->lanes[i];
    ladder->lane_count = used;
    return used <= LADDER_ROLES_MAX ? ERR_OK : ERR_RANGE;
}

static unsigned lane_column(const struct ladder *ladder, unsigned lane)
{
    return TIME_COLUMNS + 1 + ladder->pitch / 2 + lane * ladder->pitch;
}

static void lay_out(struct ladder *ladder)
{
    unsigned width = ladder->style->width;

    ladder->width = width < LADDER_WIDTH_MIN ? LADDER_WIDTH_MIN : width > LADDER_WIDTH_MAX ? LADDER_WIDTH_MAX : width;
    unsigned info = ladder->width < 80 ? 16 : ladder->width < 120 ? 24 : 40;
    unsigned lanes = ladder->lane_count > 0 ? ladder->lane_count : 1;

    ladder->pitch = (ladder->width - TIME_COLUMNS - 2 - info) / lanes;
    if (ladder->pitch < 2)
        ladder->pitch = 2;
    if (ladder->pitch > PITCH_MAX)
        ladder->pitch = PITCH_MAX;
    ladder->info_at = TIME_COLUMNS + 2 + ladder->pitch * lanes;
}

/* name in at most room columns: what stands in brackets tells apart, so it stays, and so does what stands before the
 * first hyphen: "P(A)" for "P-CSCF(A)". */
static struct span shorten(const char *name, unsigned room, struct sink *sink)
{
    struct span text = span_of(name);
    size_t head = span_find_byte(text, '(');
    struct span tail = span_after(text, head);
    size_t hyphen = span_find_byte((struct span){name, head}, '-');

    if (text.size <= room || tail.size == 0 || tail.size >= room)
        return text;
    sink_bytes(sink, name, hyphen + tail.size <= room ? hyphen : room - tail.size);
    sink_span(sink, tail);
    return sink_written(sink);
}

static void write_names(struct ladder *ladder)
{
    unsigned longest = 0;

    for (unsigned i = 0; i < ladder->lane_count; i++) {
        unsigned width = cells_text_width(span_of(ladder->lanes[i].name));

        longest = width > longest ? width : longest;
    }
    unsigned lines = longest < ladder->pitch || ladder->lane_count < 2 ? 1 : 2;

    for (unsigned line = 0; line < lines; line++) {
        struct cells cells;

        cells_clear(&cells, ladder->width);
        if (line + 1 == lines)
            cells_text(&cells, TIME_COLUMNS - 3, 2, SPAN("ms"));
        for (unsigned i = 0; i < ladder->lane_count; i++) {
            unsigned column = lane_column(ladder, i);
            unsigned room = lines * ladder->pitch - 1;
            char buffer[CELLS_MAX];
            struct sink sink = SINK(buffer);

            if (i % lines != line) {
                if (line > 0)
                    cells_put(&cells, column, CELL_LIFELINE);
                continue;
            }
            if (room > 2 * (column - TIME_COLUMNS))
                room = 2 * (column - TIME_COLUMNS);
            if (room > 2 * (ladder->width - column))
                room = 2 * (ladder->width - column);
            struct span name = shorten(ladder->lanes[i].name, room, &sink);
            unsigned width = cells_text_width(name);

            cells_text(&cells, column - (width < room ? width : room) / 2, room, name);
        }
        cells_write(&cells, ladder->style->is_unicode, ladder->sink);
    }
}

/* ---- Rows ---- */

static void put_lifelines(const struct ladder *ladder, struct cells *cells, enum cell_symbol symbol)
{
    cells_clear(cells, ladder->width);
    for (unsigned i = 0; i < ladder->lane_count; i++)
        cells_put(cells, lane_column(ladder, i), (uint8_t)symbol);
}

static unsigned lane_of(const struct ladder *ladder, const char *name)
{
    unsigned lane = 0;

    while (strcmp(ladder->lanes[lane].name, name) != 0)
        lane++;
    return lane;
}

/* The shaft from lifeline to lifeline with its head, a cross half way where the message was lost, every second column
 * where it was sent again; the label on it where it has room. */
static void put_arrow(const struct ladder *ladder, struct cells *cells, const struct ladder_message *message,
                      struct span label)
{
    unsigned from = lane_column(ladder, lane_of(ladder, message->from));
    unsigned to = lane_column(ladder, lane_of(ladder, message->to));
    unsigned left = from < to ? from : to;
    unsigned right = from < to ? to : from;
    unsigned middle = (left + right) / 2;

    if (from == to) {
        cells_put(cells, from, '*');
        return;
    }
    if (message->is_lost && from < to)
        right = middle;
    else if (message->is_lost)
        left = middle;
    for (unsigned column = left + 1; column < right; column++)
        if (!message->is_again || (column - left) % 2 == 1)
            cells_put(cells, column, CELL_SHAFT);
        else
            cells_put(cells, column, ' ');
    if (message->is_lost)
        cells_put(cells, middle, CELL_TIMES);
    else
        cells_put(cells, from < to ? right - 1 : left + 1, from < to ? CELL_RIGHT : CELL_LEFT);

    if (ladder->pitch >= PITCH_LABEL && right - left > 8) {
        unsigned room = right - left - 5;
        unsigned needs = cells_text_width(label);
        unsigned takes = needs < room ? needs : room;

        cells_text(cells, left + (right - left - takes + 1) / 2, takes, label);
    }
}

/* text and a blank before it at *column, if all of it fits. */
static void put_detail(const struct ladder *ladder, struct cells *cells, unsigned *column, struct sink *text)
{
    if (*column + 1 + text->size <= ladder->width)
        *column += 1 + cells_text(cells, *column + 1, CELLS_MAX, sink_written(text));
    text->size = 0;
}

/* To the right of the lifelines: label (unless it is on the arrow), count and marks always, the rest where it fits. */
static void put_info(const struct ladder *ladder, struct cells *cells, const struct ladder_message *message,
                     const struct group *group, struct span label)
{
    char buffer[160];
    struct sink text = SINK(buffer);
    unsigned column = ladder->info_at - 1;
    unsigned room = ladder->width - ladder->info_at;

    if (group)
        sink_format(&text, " x %zu", group->count);
    sink_text(&text, message->is_again ? " again" : "");
    sink_text(&text, message->is_lost ? " lost" : "");
    if (ladder->pitch < PITCH_LABEL) {
        unsigned label_room = room > text.size + 1 ? room - (unsigned)text.size : 1;

        column += 1 + cells_text(cells, column + 1, label_room, label);
    }
    struct span marks = sink_written(&text);

    if (column < ladder->info_at && marks.size > 0)
        marks = span_after(marks, 1), column++;
    if (column < ladder->width)
        column += cells_text(cells, column, ladder->width - column, marks);
    text.size = 0;
    sink_format(&text, "%llu B", (unsigned long long)(group ? group->bytes : message->bytes));
    if (message->bytes > 0)
        put_detail(ladder, cells, &column, &text);
    text.size = 0;
    if (strcmp(message->protocol, "SIP") != 0 && span_find(message->label, span_of(message->protocol)) != 0) {
        sink_text(&text, message->protocol);
        put_detail(ladder, cells, &column, &text);
    }
    if (group) {
        sink_format(&text, "until %.3f ms", (double)(group->until_ns - ladder->style->origin_ns) / MS);
        put_detail(ladder, cells, &column, &text);
    } else if (message->dwell_ns != NONE_NS && message->dwell_ns > 0) {
        sink_format(&text, "kept %.3f ms", (double)message->dwell_ns / MS);
        put_detail(ladder, cells, &column, &text);
    }
}

static void write_row(struct ladder *ladder, size_t place)
{
    const struct ladder_message *message = ladder->entries[place].message;
    const struct group *group = &ladder->groups[ladder->entries[place].group];
    struct span label = message->label;
    struct cells cells;
    char buffer[64];
    struct sink text = SINK(buffer);

    if (is_shown_as_group(group)) /* The numbers of the first one say nothing of the others. */
        label.size = is_same_kind(label, (struct span){label.data, span_find_byte(label, ' ')})
                         ? span_find_byte(label, ' ')
                         : label.size;
    put_lifelines(ladder, &cells, CELL_LIFELINE);
    sink_format(&text, "%*.3f", TIME_COLUMNS - 1, (double)(message->sent_ns - ladder->style->origin_ns) / MS);
    cells_text(&cells, 0, TIME_COLUMNS, sink_written(&text));
    put_arrow(ladder, &cells, message, label);
    put_info(ladder, &cells, message, is_shown_as_group(group) ? group : NULL, label);
    cells_write(&cells, ladder->style->is_unicode, ladder->sink);
}

static void write_pause(struct ladder *ladder, const char *format, double value)
{
    struct cells cells;
    char buffer[64];
    struct sink text = SINK(buffer);

    put_lifelines(ladder, &cells, CELL_FOLD);
    sink_format(&text, format, value);
    cells_text(&cells, ladder->info_at, ladder->width - ladder->info_at, sink_written(&text));
    cells_write(&cells, ladder->style->is_unicode, ladder->sink);
}

static void write_rows(struct ladder *ladder)
{
    size_t rows = 0;
    size_t row = 0;
    int64_t busy_ns = INT64_MAX;

    for (size_t place = 0; place < ladder->count; place++)
        rows += begins_row(ladder, place);
    for (size_t place = 0; place < ladder->count; place++) {
        const struct ladder_message *message = ladder->entries[place].message;
        bool is_left_out = rows > LADDER_ROWS_MAX && row >= LADDER_ROWS_MAX - TAIL_ROWS && row < rows - TAIL_ROWS;

        if (begins_row(ladder, place)) {
            if (!is_left_out && busy_ns != INT64_MAX && message->sent_ns - busy_ns >= ladder->long_ns)
                write_pause(ladder, "%.1f ms idle", (double)(message->sent_ns - busy_ns) / MS);
            if (!is_left_out)
                write_row(ladder, place);
            else if (row == LADDER_ROWS_MAX - TAIL_ROWS)
                write_pause(ladder, "%.0f lines left out", (double)(rows - LADDER_ROWS_MAX));
            row++;
        }
        if (busy_ns == INT64_MAX || message_end_ns(message) > busy_ns)
            busy_ns = message_end_ns(message);
    }
    if (rows > FOOT_ROWS)
        write_names(ladder);
}

static void set_long_pause(struct ladder *ladder)
{
    int64_t end_ns = ladder->count > 0 ? ladder->entries[0].message->sent_ns : 0;
    int64_t begin_ns = end_ns;

    for (size_t i = 0; i < ladder->count; i++)
        if (message_end_ns(ladder->entries[i].message) > end_ns)
            end_ns = message_end_ns(ladder->entries[i].message);
    ladder->long_ns = (end_ns - begin_ns) / 8 > 5 * MS ? (end_ns - begin_ns) / 8 : 5 * MS;
}

static enum err write_ladder(struct ladder *ladder, const struct ladder_message *messages)
{
    for (size_t i = 0; i < ladder->count; i++)
        ladder->entries[i] = (struct entry){.message = &messages[i]};
    if (ladder->count > 0)
        qsort(ladder->entries, ladder->count, sizeof(*ladder->entries), compare_entries);
    TRY(find_lanes(ladder));
    group_messages(ladder);
    lay_out(ladder);
    set_long_pause(ladder);
    write_names(ladder);
    write_rows(ladder);
    return ladder->sink->overflow ? ERR_FULL : ERR_OK;
}

enum err ladder_write(const struct ladder_message *messages, size_t count, const struct ladder_style *style,
                      struct sink *sink)
{
    struct ladder ladder = {.style = style, .sink = sink, .count = count};

    check(messages || count == 0);
    ladder.entries = calloc(count + 1, sizeof(*ladder.entries));
    ladder.groups = calloc(count + 1, sizeof(*ladder.groups));
    enum err result = ladder.entries && ladder.groups ? write_ladder(&ladder, messages) : ERR_FULL;

    free(ladder.entries);
    free(ladder.groups);
    return result;
}
