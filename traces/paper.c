/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/paper.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"
#include "sim/base/units.h"

#include <assert.h>

enum { COLUMNS = 9 };

/* ---- Reading ---- */

/* A field of a row: in quotes, or up to the next comma. Quotes inside quotes do not occur in this file. */
static enum err cut_field(struct span *line, bool is_last, struct span *field)
{
    struct span rest = *line;
    struct span cut;

    if (span_starts(rest, SPAN("\""))) {
        rest = span_after(rest, 1);
        if (span_cut_until(&rest, '"', &cut) != ERR_OK)
            return ERR_SYNTAX;
    } else {
        cut = (struct span){rest.data, span_find_byte(rest, ',')};
        rest = span_after(rest, cut.size);
    }
    if (!is_last && span_cut_literal(&rest, SPAN(",")) != ERR_OK)
        return ERR_SYNTAX;
    if (is_last && rest.size > 0)
        return ERR_SYNTAX;
    *line = rest;
    *field = cut;
    return ERR_OK;
}

/* Seconds with exactly six digits behind the point: ERR_RANGE when some cannot be read. */
static enum err read_time(struct span text, int64_t *time_ns)
{
    uint64_t seconds, micros;
    struct span rest = text;

    if (text.size == 0 || span_equal(text, SPAN("*REF*")) || span_find_byte(text, '?') < text.size)
        return ERR_RANGE;
    TRY(span_cut_number(&rest, &seconds));
    TRY(span_cut_literal(&rest, SPAN(".")));
    size_t digits = rest.size;

    TRY(span_cut_number(&rest, &micros));
    if (digits != 6 || rest.size > 0 || seconds > 1000000)
        return ERR_SYNTAX;
    *time_ns = (int64_t)seconds * SECOND + (int64_t)micros * US;
    return ERR_OK;
}

static enum err read_length(struct span text, uint64_t *bytes)
{
    struct span rest = text;

    if (text.size == 0 || span_find_byte(text, '?') < text.size)
        return ERR_RANGE;
    TRY(span_cut_number(&rest, bytes));
    return rest.size == 0 ? ERR_OK : ERR_SYNTAX;
}

static enum err read_number(struct span text, uint64_t *number)
{
    TRY(span_cut_number(&text, number));
    return text.size == 0 ? ERR_OK : ERR_SYNTAX;
}

static enum err read_row(struct span line, struct paper_row *row)
{
    struct paper_row read = {0};
    struct span cells[COLUMNS];

    for (int i = 0; i < COLUMNS; i++)
        TRY(cut_field(&line, i == COLUMNS - 1, &cells[i]));
    TRY(read_number(cells[0], &read.figure));
    TRY(read_number(cells[1], &read.frame));
    read.time = cells[2];
    read.from = cells[3];
    read.to = cells[4];
    read.protocol = cells[5];
    read.length = cells[6];
    read.info = cells[7];
    read.note = cells[8];
    enum err time = read_time(read.time, &read.time_ns);
    enum err length = read_length(read.length, &read.length_bytes);

    read.has_time = time == ERR_OK;
    read.has_length = length == ERR_OK;
    if ((time != ERR_OK && time != ERR_RANGE) || (length != ERR_OK && length != ERR_RANGE))
        return ERR_SYNTAX;
    *row = read;
    return ERR_OK;
}

/* Lines end in LF. The line that names the columns is told from the rows by its first letter. */
static bool is_row(struct span line)
{
    return line.size > 0 && line.data[0] != '#' && !span_starts(line, SPAN("figure,"));
}

enum err paper_read(struct span text, struct paper *paper, struct note *note)
{
    struct paper read = {.count = 0};

    for (int number = 1; text.size > 0; number++) {
        struct span line = {text.data, span_find_byte(text, '\n')};

        text = span_after(text, line.size < text.size ? line.size + 1 : line.size);
        if (!is_row(line))
            continue;
        if (read.count == PAPER_ROWS_MAX)
            return note_set(note, ERR_FULL, "line %d: more than %d frames", number, PAPER_ROWS_MAX);
        if (read_row(line, &read.rows[read.count]) != ERR_OK)
            return note_set(note, ERR_SYNTAX, "line %d: expected figure,frame,time,from,to,protocol,length,info,note",
                            number);
        if (paper_row_of(&read, read.rows[read.count].frame))
            return note_set(note, ERR_SYNTAX, "line %d: frame %llu stands in the file twice", number,
                            (unsigned long long)read.rows[read.count].frame);
        read.count++;
    }
    *paper = read;
    return ERR_OK;
}

const struct paper_row *paper_row_of(const struct paper *paper, uint64_t frame)
{
    for (uint32_t i = 0; i < paper->count; i++)
        if (paper->rows[i].frame == frame)
            return &paper->rows[i];
    return NULL;
}

enum paper_match paper_match_time(struct span pattern, int64_t time_ns)
{
    char text[32];
    struct sink digits = SINK(text);

    check(time_ns >= 0);
    if (pattern.size == 0 || pattern.data[0] == '*')
        return PAPER_NOTHING_LEGIBLE;
    sink_format(&digits, "%lld.%06lld", (long long)(time_ns / SECOND), (long long)(time_ns % SECOND / US));
    if (digits.size != pattern.size)
        return PAPER_DIFFERS;
    for (size_t i = 0; i < pattern.size; i++)
        if (pattern.data[i] != '?' && pattern.data[i] != text[i])
            return PAPER_DIFFERS;
    return PAPER_AGREES;
}

/* ---- Quantities ---- */

enum { ETHERNET_IPV4 = 14 + 20, ETHERNET_IPV4_UDP = 34 + 8, ETHERNET_IPV4_TCP = 34 + 20 };

/* Computes a quantity from one or two rows whose cells have been found legible. ERR_RANGE when they contradict. */
typedef enum err derive_fn(const struct paper_row *first, const struct paper_row *second, int64_t *value);

static enum err interval(const struct paper_row *first, const struct paper_row *second, int64_t *value)
{
    *value = second->time_ns - first->time_ns;
    return *value >= 0 && first->figure == second->figure ? ERR_OK : ERR_RANGE;
}

static enum err since_reference(const struct paper_row *first, const struct paper_row *second, int64_t *value)
{
    (void)second;
    *value = first->time_ns;
    return ERR_OK;
}

static enum err frame_length(const struct paper_row *first, const struct paper_row *second, int64_t *value)
{
    *value = (int64_t)first->length_bytes;
    return !second || second->length_bytes == first->length_bytes ? ERR_OK : ERR_RANGE;
}

static enum err sip_length(const struct paper_row *first, const struct paper_row *second, int64_t *value)
{
    *value = (int64_t)first->length_bytes - ETHERNET_IPV4_UDP;
    if (second) /* a later fragment has no UDP header */
        *value += (int64_t)second->length_bytes - ETHERNET_IPV4;
    return *value >= 0 ? ERR_OK : ERR_RANGE;
}

static enum err tcp_length(const struct paper_row *first, const struct paper_row *second, int64_t *value)
{
    *value = (int64_t)first->length_bytes - ETHERNET_IPV4_TCP;
    if (second)
        *value += (int64_t)second->length_bytes - ETHERNET_IPV4_TCP;
    return *value >= 0 ? ERR_OK : ERR_RANGE;
}

struct rule {
    const char *name;
    derive_fn *derive;
    uint64_t frames[2];
    bool is_time, is_bound;
    const char *legibility;
};

/* Frames 1105 and 1106 feed nothing: their times contradict each other, so one of the two rows is misread. */
static const struct rule rules[] = {
    {"100 (INVITE) at UE-A after its INVITE", interval, {54, 55}, true, false, ""},
    {"200 (INVITE) across the core", interval, {60, 61}, true, false, ""},
    {"ACK of UE-A after the 200", interval, {61, 62}, true, false, ""},
    {"MSRP 200, plain file, after the reference mark",
     since_reference,
     {69, 0},
     true,
     true,
     "the mark stands before the SYN; how long before cannot be read"},
    {"ACK to UE-B after the MSRP 200, plain file", interval, {69, 70}, true, false, ""},
    {"second segment after the first, sealed file", interval, {1108, 1109}, true, false, ""},
    {"TCP ACK after the first segment, sealed file", interval, {1108, 1110}, true, false, ""},
    {"TCP ACK after the second segment, sealed file", interval, {1109, 1110}, true, false, ""},
    {"200 (BYE) of UE-B after the BYE", interval, {1114, 1115}, true, false, ""},
    {"INVITE from UE-A, frame", frame_length, {54, 0}, false, false, ""},
    {"INVITE from UE-A, SIP", sip_length, {54, 0}, false, false, ""},
    {"INVITE to UE-B, first fragment", frame_length, {56, 0}, false, false, ""},
    {"INVITE to UE-B, second fragment", frame_length, {57, 0}, false, false, ""},
    {"INVITE to UE-B, SIP", sip_length, {56, 57}, false, false, ""},
    {"100 (INVITE) to UE-A, frame",
     frame_length,
     {55, 0},
     false,
     false,
     "the length stands apart from its row and could be frame 58's"},
    {"100 (INVITE) from UE-B, frame", frame_length, {1100, 0}, false, false, ""},
    {"200 (INVITE) from UE-B, frame", frame_length, {60, 1101}, false, false, ""},
    {"200 (INVITE) to UE-A, frame", frame_length, {61, 1102}, false, false, ""},
    {"ACK from UE-A, frame", frame_length, {62, 1103}, false, false, ""},
    {"ACK to UE-B, frame", frame_length, {70, 0}, false, false, ""},
    {"SYN, frame", frame_length, {1104, 0}, false, false, ""},
    {"ACK of the handshake, frame", frame_length, {67, 0}, false, false, ""},
    {"SEND, plain file, frame", frame_length, {68, 0}, false, false, ""},
    {"SEND, plain file, MSRP", tcp_length, {68, 0}, false, false, ""},
    {"SEND, sealed file, first frame", frame_length, {1108, 0}, false, false, ""},
    {"SEND, sealed file, second frame", frame_length, {1109, 0}, false, false, ""},
    {"SEND, sealed file, MSRP", tcp_length, {1108, 1109}, false, false, ""},
    {"200 (SEND), frame", frame_length, {69, 1111}, false, false, ""},
    {"TCP ACK of the SEND, frame", frame_length, {1110, 0}, false, false, ""},
    {"BYE from UE-A, frame", frame_length, {1112, 0}, false, false, ""},
    {"BYE to UE-B, frame", frame_length, {1114, 0}, false, false, ""},
    {"200 (BYE) from UE-B, frame", frame_length, {1115, 0}, false, false, ""},
};

enum { RULES = sizeof(rules) / sizeof(rules[0]) };

static_assert((int)RULES <= (int)PAPER_QUANTITIES_MAX, "all quantities fit");

static enum err find_legible(const struct paper *paper, uint64_t frame, bool is_time, const struct paper_row **row)
{
    const struct paper_row *found = paper_row_of(paper, frame);

    if (!found || !(is_time ? found->has_time : found->has_length))
        return ERR_SYNTAX;
    *row = found;
    return ERR_OK;
}

static enum err apply(const struct rule *rule, const struct paper *paper, int64_t *value)
{
    const struct paper_row *first = NULL;
    const struct paper_row *second = NULL;

    TRY(find_legible(paper, rule->frames[0], rule->is_time, &first));
    if (rule->frames[1] != 0)
        TRY(find_legible(paper, rule->frames[1], rule->is_time, &second));
    return rule->derive(first, second, value) == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

enum err paper_derive(const struct paper *paper, struct paper_quantities *quantities, struct note *note)
{
    struct paper_quantities derived = {.count = 0};

    for (const struct rule *rule = rules; rule < rules + RULES; rule++) {
        struct paper_quantity *row = &derived.rows[derived.count++];

        *row = (struct paper_quantity){.name = rule->name,
                                       .unit = rule->is_time ? "ns" : "B",
                                       .frames = {rule->frames[0], rule->frames[1]},
                                       .is_time = rule->is_time,
                                       .is_bound = rule->is_bound,
                                       .legibility = rule->legibility};
        if (apply(rule, paper, &row->value) != ERR_OK)
            return note_set(note, ERR_SYNTAX, "%s: does not follow from frame %llu", rule->name,
                            (unsigned long long)rule->frames[0]);
    }
    *quantities = derived;
    return ERR_OK;
}
