/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/run_report.h"
#include "plots/waterfall.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

enum {
    LABEL_MAX = 200,
    COLUMN_SIZE = 64,
    MESSAGES_MEMORY = RUN_MESSAGES_MAX * (sizeof(struct ladder_message) + LABEL_MAX + 16) + (1 << 20)
};

struct arena *run_messages_init(struct run_messages *messages)
{
    struct arena *arena = arena_create(MESSAGES_MEMORY);

    *messages = (struct run_messages){.arena = arena};
    if (arena)
        messages->messages = arena_alloc(arena, RUN_MESSAGES_MAX * sizeof(*messages->messages));
    return arena;
}

void run_messages_add(void *context, const struct sim_message *message)
{
    struct run_messages *messages = context;
    size_t size = message->label.size < LABEL_MAX ? message->label.size : LABEL_MAX;

    messages->told++;
    if (messages->count == RUN_MESSAGES_MAX)
        return;
    char *label = arena_alloc(messages->arena, size + 1);

    memcpy(label, message->label.data, size);
    messages->messages[messages->count++] = (struct ladder_message){
        .number = message->number,
        .sent_ns = message->sent_ns,
        .received_ns = message->received_ns,
        .from = message->from,
        .to = message->to,
        .protocol = message->protocol,
        .label = {label, size},
        .bytes = message->bytes,
        .dwell_ns = message->dwell_ns,
        .is_again = message->is_again,
        .is_lost = message->received_ns == NONE_NS,
    };
}

/* A member for people. */
static void show_member(const struct field *row, const struct outcome *outcome, struct sink *sink)
{
    const char *member = (const char *)outcome + row->offset;
    int64_t time_ns;
    uint64_t bytes;

    if (row->kind == FIELD_TIME) {
        memcpy(&time_ns, member, sizeof(time_ns));
        if (time_ns == NONE_NS)
            sink_char(sink, '-');
        else
            units_show_time(sink, time_ns);
    } else if (row->kind == FIELD_SIZE) {
        memcpy(&bytes, member, sizeof(bytes));
        units_show_size(sink, bytes);
    } else {
        field_write(row, outcome, sink);
    }
}

static const struct field *outcome_row(const char *name)
{
    const struct field *row = field_find(outcome_fields, span_of(name));

    check(row != NULL);
    return row;
}

/* The named members as a table: name, value, meaning. */
static void write_members(const char *title, const char *const *names, const struct outcome *outcome,
                          struct arena *arena, struct sink *sink)
{
    struct table table;

    table_init(&table, arena);
    table_column(&table, title, NULL, TABLE_TEXT);
    table_column(&table, "value", NULL, TABLE_NUMBER);
    table_column(&table, "what it is", NULL, TABLE_TEXT);
    for (; *names; names++) {
        const struct field *row = outcome_row(*names);
        char text[64];
        struct sink value = SINK(text);

        show_member(row, outcome, &value);
        table_row(&table);
        table_same(&table, span_of(row->name));
        table_same(&table, sink_written(&value));
        table_same(&table, span_of(row->help));
    }
    table_write_text(&table, command_room(), sink);
}

/* What ran and how it ended, in a line without its end. */
void run_title(const struct trial *trial, const struct outcome *outcome, struct sink *sink)
{
    sink_format(sink, "%s, %s, trial %llu: ", trial->scenario->name, trial->arm->name,
                (unsigned long long)trial->number);
    field_write(outcome_row("end"), outcome, sink);
    if (outcome->end == OUTCOME_DELIVERED) {
        sink_text(sink, " after ");
        show_member(outcome_row("delay"), outcome, sink);
    } else if (outcome->status != 0) {
        sink_format(sink, " by %llu after ", (unsigned long long)outcome->status);
        show_member(outcome_row("refusal"), outcome, sink);
    }
}

static void write_head(const struct trial *trial, const struct outcome *outcome, struct sink *sink)
{
    const struct dwell_table *dwells = trial->dwells;
    size_t assumed = 0;

    run_title(trial, outcome, sink);
    sink_format(sink, "\n%s\n", trial->arm->stands_for);
    for (size_t i = 0; i < dwells->count; i++)
        assumed += dwells->rows[i].is_assumed;
    sink_format(sink, "dwells: %s, %zu of its %zu rows assumed or partly so; costs: %s\n", dwells->name, assumed,
                dwells->count, trial->costs->name);
}

static void write_parts(const struct outcome *outcome, struct command_terminal terminal, struct sink *sink)
{
    const struct waterfall_style style = {
        .width = terminal.width, .is_unicode = terminal.is_unicode, .is_plain = !terminal.is_there};
    struct waterfall_part parts[PART_COUNT];

    for (int i = 0; i < PART_COUNT; i++)
        parts[i] = (struct waterfall_part){.name = part_names[i], .ns = outcome->parts_ns[i]};
    waterfall_write(parts, PART_COUNT, &style, sink);
}

/* What was said before the press, connections and registrations, is no part of the flow, unless nothing followed. */
static struct run_messages of_transfer(const struct run_messages *messages, const struct outcome *outcome)
{
    struct run_messages left = *messages;

    while (left.count > 0 && left.messages->sent_ns < outcome->pressed_ns) {
        left.messages++;
        left.count--;
    }
    return left.count > 0 ? left : *messages;
}

static enum err write_ladder(const struct outcome *outcome, const struct run_messages *messages,
                             struct command_terminal terminal, struct sink *sink)
{
    const struct ladder_style style = {
        .width = terminal.width,
        .is_unicode = terminal.is_unicode,
        .origin_ns = outcome->pressed_ns,
    };

    struct run_messages shown = of_transfer(messages, outcome);

    TRY(ladder_write(shown.messages, shown.count, &style, sink));
    if (messages->told > messages->count)
        sink_format(sink, "(the first %zu of %llu messages)\n", messages->count, (unsigned long long)messages->told);
    return ERR_OK;
}

enum err run_report(const struct trial *trial, const struct outcome *outcome, const struct run_messages *messages,
                    struct command_terminal terminal, struct arena *arena, struct sink *sink)
{
    static const char *const phases[] = {
        "prepare", "setup", "protect", "connect", "transfer", "unprotect", "teardown", NULL,
    };
    static const char *const amounts[] = {
        "file",      "body",     "chunks",    "wire",      "layer_link",  "layer_ip",        "layer_transport",
        "layer_esp", "payload",  "layer_tls", "layer_sip", "packet_hops", "retransmissions", "cpu",
        "ue_cpu",    "core_cpu", "relay_cpu", NULL,
    };

    write_head(trial, outcome, sink);
    sink_char(sink, '\n');
    write_members("phase", phases, outcome, arena, sink);
    if (outcome->end == OUTCOME_DELIVERED) {
        sink_text(sink, "\nWhere the delay went\n");
        write_parts(outcome, terminal, sink);
    }
    sink_char(sink, '\n');
    write_members("amount", amounts, outcome, arena, sink);
    if (messages->count > 0) {
        sink_text(sink, "\nMessages, each where it is sent, in ms after the press\n");
        TRY(write_ladder(outcome, messages, terminal, sink));
    }
    return sink->overflow ? ERR_FULL : ERR_OK;
}

static void number_cell(struct table *table, uint64_t number)
{
    char text[24];
    struct sink sink = SINK(text);

    sink_number(&sink, number);
    table_same(table, sink_written(&sink));
}

void run_table(const struct trial *trial, const struct outcome *outcome, struct table *table)
{
    table_column(table, NULL, "scenario", TABLE_TEXT);
    table_column(table, NULL, "arm", TABLE_TEXT);
    table_column(table, NULL, "seed", TABLE_NUMBER);
    table_column(table, NULL, "trial", TABLE_NUMBER);
    for (const struct field *row = outcome_fields; row->name; row++) {
        struct sink name = {.data = arena_alloc(table->arena, COLUMN_SIZE), .capacity = COLUMN_SIZE};

        field_write_column(row, &name);
        table_column(table, NULL, sink_string(&name), row->kind == FIELD_CHOICE ? TABLE_TEXT : TABLE_NUMBER);
    }
    table_row(table);
    table_same(table, span_of(trial->scenario->name));
    table_same(table, span_of(trial->arm->name));
    number_cell(table, trial->scenario->seed);
    number_cell(table, trial->number);
    for (const struct field *row = outcome_fields; row->name; row++) {
        char text[64];
        struct sink value = SINK(text);

        field_write_csv(row, outcome, &value);
        table_same(table, sink_written(&value));
    }
}
