/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/replay_paper.h"
#include "bench/cli/cells.h"
#include "bench/cli/reproduce_paper.h"
#include "bench/harness/setup.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "traces/tap.h"

#include <errno.h>
#include <stdlib.h>

enum { TEXT_SIZE = 1 << 20, TABLE_MEMORY = 16 << 20, OUTPUT_SIZE = 1 << 20, CLOCK_PASSES = 2, PASSES = 5 };
#define TRIAL_MEMORY ((size_t)1 << 30)
#define PRESS_NS (2 * SECOND) /* both users are registered by then */
#define HIT_NS US             /* the figures' clock has no digit below */

static const char columns[] = "figure,frame,time,";

/* Frames that are messages of their own, and what a schedule calls them. */
static const struct message_row {
    uint64_t frame;
    const char *from, *to, *kind;
} message_rows[] = {
    {54, "UE-A", "P-CSCF(A)", "INVITE"},       {55, "P-CSCF(A)", "UE-A", "INVITE/100"},
    {56, "P-CSCF(B)", "UE-B", "INVITE"},       {58, "UE-B", "P-CSCF(B)", "INVITE/100"},
    {60, "UE-B", "P-CSCF(B)", "INVITE/200"},   {61, "P-CSCF(A)", "UE-A", "INVITE/200"},
    {62, "UE-A", "P-CSCF(A)", "ACK"},          {68, "UE-A", "UE-B", "SEND"},
    {69, "UE-B", "UE-A", "SEND/200"},          {70, "P-CSCF(B)", "UE-B", "ACK"},
    {1100, "UE-B", "P-CSCF(B)", "INVITE/100"}, {1101, "UE-B", "P-CSCF(B)", "INVITE/200"},
    {1102, "P-CSCF(A)", "UE-A", "INVITE/200"}, {1103, "UE-A", "P-CSCF(A)", "ACK"},
    {1107, "P-CSCF(B)", "UE-B", "ACK"},        {1108, "UE-A", "UE-B", "SEND"},
    {1111, "UE-B", "UE-A", "SEND/200"},        {1112, "UE-A", "P-CSCF(A)", "BYE"},
    {1114, "P-CSCF(B)", "UE-B", "BYE"},        {1115, "UE-B", "P-CSCF(B)", "BYE/200"},
};
enum { MESSAGE_ROWS = sizeof(message_rows) / sizeof(*message_rows) };

/* Two frames of one handshake of which one is later than the other, which is its answer: one is misread, and nobody
 * knows which. */
static bool is_misread(uint64_t frame)
{
    return frame == 1105 || frame == 1106;
}

/* The figures' clocks: each is set by one frame. That of figure 2 counts from a mark which no packet of the session
 * makes; the SYN behind it is taken for it. */
static const struct figure_row {
    uint64_t figure, anchor;
    enum reproduce_run run;
    const char *arm;
} figure_rows[] = {
    {1, 54, REPRODUCE_PLAIN, "msrp-plain"},
    {2, 65, REPRODUCE_PLAIN, "msrp-plain"},
    {3, 1100, REPRODUCE_SEALED, "msrp-smime"},
};
enum { FIGURES = sizeof(figure_rows) / sizeof(*figure_rows) };

struct replay_paper {
    const struct command_line *line;
    char *text;
    struct paper paper;
    struct setup setup;
    struct party_set parties;
    struct arena *trial_arena, *table_arena;
    struct reproduce_watch watch;
    int64_t wanted_ns[MESSAGE_ROWS]; /* when a message has to leave, simulated time; NONE_NS: when it is ready */
    size_t hits, legible, predicted, misread, others;
    int64_t worst_ns;
};

static const struct figure_row *figure_of(const struct paper_row *row)
{
    for (size_t i = 0; i < FIGURES; i++)
        if (figure_rows[i].figure == row->figure)
            return &figure_rows[i];
    return NULL;
}

static bool is_legible(const struct paper_row *row)
{
    return row && row->has_time && !is_misread(row->frame) && figure_of(row);
}

/* Simulated time of the figure's 0. NONE_NS: the frame that sets its clock was not simulated. */
static int64_t zero_of(const struct replay_paper *replay, const struct figure_row *figure)
{
    const struct reproduce_frame *frame = reproduce_frame_of(&replay->watch, figure->anchor);
    const struct paper_row *row = paper_row_of(&replay->paper, figure->anchor);

    return frame ? frame->at_ns - (is_legible(row) ? row->time_ns : 0) : NONE_NS;
}

/* ---- Trials ---- */

static void make_schedule(const struct replay_paper *replay, enum reproduce_run run, struct schedule_row *rows,
                          int64_t *times_ns, struct schedule *schedule)
{
    *schedule = (struct schedule){.pressed_ns = PRESS_NS, .rows = rows, .times_ns = times_ns};
    for (size_t i = 0; i < MESSAGE_ROWS; i++) {
        const struct message_row *message = &message_rows[i];
        const struct paper_row *row = paper_row_of(&replay->paper, message->frame);

        if (replay->wanted_ns[i] == NONE_NS || figure_of(row)->run != run)
            continue;
        struct schedule_row *wanted = &rows[schedule->row_count++];
        struct sink from = SINK(wanted->from), to = SINK(wanted->to), kind = SINK(wanted->kind);

        sink_text(&from, message->from);
        sink_text(&to, message->to);
        sink_text(&kind, message->kind);
        sink_string(&from);
        sink_string(&to);
        sink_string(&kind);
        wanted->first = (uint32_t)schedule->time_count;
        wanted->count = 1;
        times_ns[schedule->time_count++] = replay->wanted_ns[i];
    }
}

static enum err run_trial(struct replay_paper *replay, enum reproduce_run run, const char *arm, struct note *note)
{
    struct trial trial = setup_trial(&replay->setup, arm_find(span_of(arm)), 0);
    const struct sim_tap tap = {.context = &replay->watch, .wants_bytes = true, .packet = reproduce_watch_packet};
    struct schedule_row rows[MESSAGE_ROWS];
    int64_t times_ns[MESSAGE_ROWS];
    struct schedule schedule;
    struct outcome outcome;

    make_schedule(replay, run, rows, times_ns, &schedule);
    replay->watch.run = run;
    replay->watch.copied_ns = 0;
    trial.schedule = &schedule;
    trial.tap = &tap;
    trial.parties = &replay->parties;
    return sim_run(&trial, replay->trial_arena, &outcome, note);
}

static enum err run_both(struct replay_paper *replay, struct note *note)
{
    const struct scenario_link *lan = &replay->setup.file.scenario.access;

    replay->watch = (struct reproduce_watch){.overhead_bytes = lan->overhead_bytes, .lan = *lan};
    TRY(run_trial(replay, REPRODUCE_PLAIN, "msrp-plain", note));
    return run_trial(replay, REPRODUCE_SEALED, "msrp-smime", note);
}

/* First at the time of its frame, until the clocks stand; then earlier by what the way to the tap took. The frame that
 * sets a clock is where it is. */
static void aim(struct replay_paper *replay, bool has_clocks)
{
    for (size_t i = 0; i < MESSAGE_ROWS; i++) {
        const struct paper_row *row = paper_row_of(&replay->paper, message_rows[i].frame);
        const struct reproduce_frame *frame = reproduce_frame_of(&replay->watch, message_rows[i].frame);

        if (!is_legible(row) || figure_of(row)->anchor == row->frame)
            continue;
        int64_t zero_ns = zero_of(replay, figure_of(row));

        if (zero_ns == NONE_NS)
            continue;
        if (!has_clocks)
            replay->wanted_ns[i] = zero_ns + row->time_ns;
        else if (frame)
            replay->wanted_ns[i] -= frame->at_ns - zero_ns - row->time_ns;
    }
}

static enum err simulate(struct replay_paper *replay, struct note *note)
{
    const struct party_set_config config = {.server_names = sim_server_names, .with_rsa = true};

    TRY(scenario_file_read(SPAN("paper-exact"), &replay->setup.file, note));
    TRY(setup_open(&replay->setup, note));
    TRY(party_set_init(&replay->parties, &config, note));
    for (size_t i = 0; i < MESSAGE_ROWS; i++)
        replay->wanted_ns[i] = NONE_NS;
    TRY(run_both(replay, note));
    for (int pass = 0; pass < PASSES; pass++) {
        aim(replay, pass >= CLOCK_PASSES);
        TRY(run_both(replay, note));
    }
    return ERR_OK;
}

/* ---- Telling ---- */

static void put_time(struct table *table, const struct paper_row *row)
{
    char plain[32];
    struct sink sink = SINK(plain);

    if (row->has_time)
        sink_format(&sink, "%lld", (long long)row->time_ns);
    table_cell(table, row->time, sink_written(&sink));
}

static bool is_message(uint64_t frame)
{
    for (size_t i = 0; i < MESSAGE_ROWS; i++)
        if (message_rows[i].frame == frame)
            return true;
    return false;
}

/* What a row is, and its number among those of its sort. */
static const char *judge(struct replay_paper *replay, const struct paper_row *row, int64_t at_ns)
{
    static const char *const digits[] = {[PAPER_NOTHING_LEGIBLE] = "predicted",
                                         [PAPER_AGREES] = "predicted: agrees with the digits left",
                                         [PAPER_DIFFERS] = "predicted: not the digits left"};
    const struct figure_row *figure = figure_of(row);

    if (at_ns == NONE_NS) {
        replay->others++;
        return "not simulated";
    }
    if (is_misread(row->frame)) {
        replay->misread++;
        return "misread: feeds nothing";
    }
    if (!row->has_time) {
        replay->predicted++;
        return digits[paper_match_time(row->time, at_ns)];
    }
    int64_t distance_ns = at_ns > row->time_ns ? at_ns - row->time_ns : row->time_ns - at_ns;

    if (!is_message(row->frame)) {
        replay->predicted++;
        return "predicted: TCP's own";
    }
    replay->legible++;
    if (distance_ns > replay->worst_ns)
        replay->worst_ns = distance_ns;
    if (distance_ns > HIT_NS)
        return at_ns > row->time_ns ? "ready only later" : "earlier";
    replay->hits++;
    return row->frame == figure->anchor ? "hit: sets the clock" : "hit";
}

static void put_row(struct replay_paper *replay, struct table *table, const struct paper_row *row)
{
    const struct reproduce_frame *frame = reproduce_frame_of(&replay->watch, row->frame);
    const struct figure_row *figure = figure_of(row);
    int64_t zero_ns = frame && figure ? zero_of(replay, figure) : NONE_NS;
    int64_t at_ns = zero_ns == NONE_NS ? NONE_NS : frame->at_ns - zero_ns;
    bool is_known = at_ns != NONE_NS && row->has_time && !is_misread(row->frame);

    table_row(table);
    cell_format(table, "%llu", (unsigned long long)row->figure);
    cell_format(table, "%llu", (unsigned long long)row->frame);
    table_same(table, row->from);
    table_same(table, row->to);
    put_time(table, row);
    if (at_ns == NONE_NS) {
        cell_text(table, "");
    } else {
        char shown[32], plain[32];
        struct sink shown_sink = SINK(shown), plain_sink = SINK(plain);

        sink_format(&shown_sink, "%.6f", (double)at_ns / SECOND);
        sink_format(&plain_sink, "%lld", (long long)at_ns);
        table_cell(table, sink_written(&shown_sink), sink_written(&plain_sink));
    }
    cell_time(table, is_known ? at_ns - row->time_ns : NONE_NS, 3);
    table_same(table, row->length);
    if (at_ns == NONE_NS)
        cell_text(table, "");
    else
        cell_format(table, "%llu", (unsigned long long)frame->bytes);
    cell_text(table, judge(replay, row, at_ns));
    table_same(table, row->info);
}

static void fill(struct replay_paper *replay, struct table *table)
{
    table_init(table, replay->table_arena);
    table_column(table, "figure", "figure", TABLE_NUMBER);
    table_column(table, "frame", "frame", TABLE_NUMBER);
    table_column(table, "from", "from", TABLE_TEXT);
    table_column(table, "to", "to", TABLE_TEXT);
    table_column(table, "read, s", "read_ns", TABLE_NUMBER);
    table_column(table, "simulated", "simulated_ns", TABLE_NUMBER);
    table_column(table, "difference, ms", "difference_ns", TABLE_NUMBER);
    table_column(table, "length, B", "length_bytes", TABLE_NUMBER);
    table_column(table, "simulated", "simulated_bytes", TABLE_NUMBER);
    table_column(table, "what", "what", TABLE_TEXT);
    table_column(table, "frame as read", "info", TABLE_TEXT);
    for (uint32_t i = 0; i < replay->paper.count; i++)
        put_row(replay, table, &replay->paper.rows[i]);
}

static void write(const struct replay_paper *replay, const struct table *table, struct sink *sink)
{
    sink_text(sink, "the paper's two sessions in the scenario paper-exact: figures 1 and 2 as msrp-plain, figure 3 as "
                    "msrp-smime\n\n");
    table_write_text(table, command_room(), sink);
    sink_format(sink, "\n%zu of %zu messages whose time can be read are hit, the worst by ", replay->hits,
                replay->legible);
    units_show_time(sink, replay->worst_ns);
    sink_format(sink, "; %zu frames are predicted, %zu not simulated\n", replay->predicted, replay->others);
    sink_format(
        sink,
        "what the scan cannot tell: which of frames 1105 and 1106 is misread, since a SYN-ACK "
        "comes before its ACK (%zu rows feed nothing);\nwhen figure 2's clock began: its first SYN is taken for that "
        "(assumed); where the tap was: at UE-A, on a LAN that repeats every frame (assumed)\n",
        replay->misread);
}

static enum status print(struct replay_paper *replay)
{
    struct sink sink = {.data = malloc(OUTPUT_SIZE), .capacity = OUTPUT_SIZE};
    struct note note = {{0}};
    enum status status;
    struct table table;

    if (!sink.data)
        return command_fail(note_set(&note, ERR_FULL, "no memory for the table"), &note);
    fill(replay, &table);
    if (command_option(replay->line, "--csv") || command_option(replay->line, "--json")) {
        status = command_print_table(replay->line, &table);
    } else {
        write(replay, &table, &sink);
        check(!sink.overflow);
        status = command_print(sink_written(&sink));
    }
    free(sink.data);
    return status;
}

/* ---- The file ---- */

/* At most size bytes into text. */
static enum err read_text(const char *path, char *text, size_t size, size_t *count, struct note *note)
{
    FILE *file = fopen(path, "rb");

    if (!file)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    *count = fread(text, 1, size, file);
    bool has_failed = ferror(file) != 0;

    fclose(file);
    return has_failed ? note_set(note, ERR_FILE, "%s: cannot be read", path) : ERR_OK;
}

bool replay_paper_is(const char *path)
{
    char text[16 << 10];
    struct note note = {{0}};
    size_t size = 0;

    if (read_text(path, text, sizeof(text), &size, &note) != ERR_OK)
        return false;
    for (struct span rest = {text, size}; rest.size > 0;) {
        struct span line = {rest.data, span_find_byte(rest, '\n')};

        if (line.size == 0 || line.data[0] != '#')
            return span_starts(line, SPAN(columns));
        rest = span_after(rest, line.size < rest.size ? line.size + 1 : line.size);
    }
    return false;
}

static enum err work_out(struct replay_paper *replay, struct note *note)
{
    const char *path = replay->line->arguments[0];
    struct note why = {{0}};
    size_t size = 0;

    for (size_t i = 0; i < replay->line->option_count; i++) {
        const char *name = replay->line->options[i].option->name;

        if (strcmp(name, "--csv") != 0 && strcmp(name, "--json") != 0)
            return note_set(note, ERR_UNKNOWN,
                            "%s: not with frames of figures; hopsim show paper-exact is their network", name);
    }
    replay->trial_arena = arena_create(TRIAL_MEMORY);
    replay->table_arena = arena_create(TABLE_MEMORY);
    replay->text = malloc(TEXT_SIZE);
    if (!replay->trial_arena || !replay->table_arena || !replay->text)
        return note_set(note, ERR_FULL, "no memory for a trial");
    TRY(read_text(path, replay->text, TEXT_SIZE, &size, note));
    enum err error = paper_read((struct span){replay->text, size}, &replay->paper, &why);

    if (error != ERR_OK)
        return note_set(note, error, "%s: %s", path, why.text);
    return simulate(replay, note);
}

enum status replay_paper_run(const struct command_line *line)
{
    struct replay_paper *replay = calloc(1, sizeof(*replay));
    struct note note = {{0}};

    if (!replay)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    replay->line = line;
    enum err error = work_out(replay, &note);
    enum status status = error == ERR_OK ? print(replay) : command_fail(error, &note);

    party_set_free(&replay->parties);
    setup_close(&replay->setup);
    if (replay->trial_arena)
        arena_destroy(replay->trial_arena);
    if (replay->table_arena)
        arena_destroy(replay->table_arena);
    free(replay->text);
    free(replay);
    return status;
}
