/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inspect.c - captures in: what they hold, which nodes, how long each kept what; dwells as scenario data. */
#include "bench/cli/inspect.h"
#include "bench/cli/drawing.h"
#include "bench/cli/scratch.h"
#include "bench/harness/dwell_file.h"
#include "plots/ladder.h"
#include "traces/esp_keys.h"
#include "traces/keylog.h"
#include "traces/outfile.h"
#include "sim/base/units.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>

#define DWELL_STANDARD "kamailio-captures"

enum { TABLE_MEMORY = 1 << 30, GIVEN_MAX = 64, OUTPUT_SIZE = 64 << 20, LANES = LADDER_ROLES_MAX };

static enum err read_given(const struct command_line *line, struct flow_given *given, size_t *count, struct note *note)
{
    *count = 0;
    for (size_t i = 0; i < line->option_count; i++) {
        if (strcmp(line->options[i].option->name, "--role") != 0)
            continue;
        if (*count == GIVEN_MAX)
            return note_set(note, ERR_RANGE, "--role: at most %d of them", GIVEN_MAX);
        TRY(flow_parse_given(span_of(line->options[i].value), &given[(*count)++], note));
    }
    return ERR_OK;
}

/* Keys of TLS and ESP that the user has, from as many files as are named. */
static enum err read_keys(struct inspect *inspect, struct note *note)
{
    for (size_t i = 0; i < inspect->line->option_count; i++) {
        const struct command_given *given = &inspect->line->options[i];

        if (strcmp(given->option->name, "--keylog") == 0)
            TRY(keylog_read(inspect->trace.keylog, given->value, note));
        else if (strcmp(given->option->name, "--esp-sa") == 0)
            TRY(esp_keys_read(inspect->trace.esp_keys, given->value, note));
    }
    return ERR_OK;
}

/* Reads every capture; one that is damaged is told of and used as far as it goes. */
static enum err read_captures(struct inspect *inspect, struct note *note)
{
    const struct trace_config config = {.opens_esp = !command_option(inspect->line, "--no-esp"),
                                        .keeps_text = command_option(inspect->line, "--messages") != NULL};
    struct sink sources = SINK(inspect->sources);

    TRY(trace_init(&inspect->trace, &config, note));
    TRY(read_keys(inspect, note));
    for (size_t i = 0; i < inspect->line->argument_count; i++) {
        const char *path = inspect->line->arguments[i];
        const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;
        enum err error = trace_read(&inspect->trace, path, note);

        if (error == ERR_SYNTAX && inspect->trace.counts.packets.frames > 0) {
            fprintf(stderr, "hopsim: %s: %s; what came before is used\n", path, note->text);
            *note = (struct note){{0}};
        } else if (error != ERR_OK) {
            return error;
        }
        sink_format(&sources, "%s%.100s", i > 0 ? ", " : "", name);
    }
    sink_string(&sources);
    return ERR_OK;
}

/* Other names, where that is wanted. A capture's own name may tell whose it is. */
static enum err anonymise(struct inspect *inspect, struct note *note)
{
    struct sink sources = SINK(inspect->sources);

    if (!command_option(inspect->line, "--anonymise"))
        return ERR_OK;
    inspect->anonymiser = anonymiser_create();
    if (!inspect->anonymiser)
        return note_set(note, ERR_FULL, "no memory for other names");
    sink_format(&sources, "%zu capture%s", inspect->line->argument_count,
                inspect->line->argument_count == 1 ? "" : "s");
    sink_string(&sources);
    return anonymise_flow(inspect->anonymiser, &inspect->flow, note);
}

static enum err work_out(struct inspect *inspect, struct note *note)
{
    struct flow_given given[GIVEN_MAX];
    size_t count;

    TRY(read_given(inspect->line, given, &count, note));
    TRY(read_captures(inspect, note));
    TRY(flow_init(&inspect->flow, &inspect->trace, given, count, note));
    TRY(anonymise(inspect, note));
    return dwells_init(&inspect->dwells, &inspect->flow, true, note);
}

/* ---- Dwells as a file ---- */

static void write_ms(struct sink *sink, int64_t ns)
{
    sink_format(sink, ",%.6g", (double)ns / MS);
}

/* A kind whose words are known ones and a status: any other may name somebody. */
static bool is_of_protocols(const char *kind)
{
    struct span rest = span_of(kind), word;
    uint64_t status;

    if (span_cut_until(&rest, '/', &word) != ERR_OK)
        return anonymise_is_known(rest);
    return anonymise_is_known(word) && span_cut_number(&rest, &status) == ERR_OK && rest.size == 0;
}

/* Only rows of roles that a scenario has, and none with a dwell between two legs that were paired by guess; the file
 * holds no name, address or identifier of the capture. */
static void write_dwell_rows(const struct inspect *inspect, struct sink *sink)
{
    static const char *const roles[] = {"ue-a", "ue-b", "p-cscf", "i-cscf", "s-cscf", "hss", "relay"};

    size_t guesses = 0;

    sink_text(sink,
              "# Dwells of nodes, last bit in to first bit out, found in captures by hopsim inspect. Times in ms.\n"
              "# An empty work_ms: known only as a whole, so it delays and does not load.\n"
              "role,kind,side,n,min_ms,median_ms,p95_ms,max_ms,work_ms,includes,source\n");
    for (size_t i = 0; i < inspect->dwells.count; i++) {
        const struct dwells_row *row = &inspect->dwells.rows[i];
        bool is_known = false;

        for (size_t role = 0; role < sizeof(roles) / sizeof(*roles); role++)
            is_known |= strcmp(row->role, roles[role]) == 0;
        guesses += is_known && row->is_guess;
        if (!is_known || row->is_guess || !is_of_protocols(row->kind))
            continue;
        sink_format(sink, "%s,%s,%s,%zu", row->role, row->kind, row->side, row->count);
        write_ms(sink, row->sample_ns[0]);
        write_ms(sink, dwells_quantile(row, 0.5));
        write_ms(sink, dwells_quantile(row, 0.95));
        write_ms(sink, row->sample_ns[row->count - 1]);
        sink_format(sink, ",,%s,\"hopsim inspect of %zu capture%s\"\n", row->has_hss ? "hss" : "",
                    inspect->line->argument_count, inspect->line->argument_count == 1 ? "" : "s");
    }
    if (guesses > 0)
        sink_format(sink, "# Left out: %zu kinds of dwell between legs that were paired by guess.\n", guesses);
}

/* Of the row's side, or of any: beside that a row of one side would take its place. */
static bool is_found(const struct inspect *inspect, const struct dwell_row *row)
{
    for (size_t i = 0; i < inspect->dwells.count; i++) {
        const struct dwells_row *found = &inspect->dwells.rows[i];

        bool is_of_side = strcmp(found->side, dwell_side_names[DWELL_ANY_SIDE]) == 0 ||
                          strcmp(found->side, dwell_side_names[row->side]) == 0;

        if (!found->is_guess && is_of_side && strcmp(found->role, dwell_role_names[row->role]) == 0 &&
            strcmp(found->kind, row->kind) == 0)
            return true;
    }
    return false;
}

/* A scenario needs every role, so what the captures do not show stands below as another table has it, with the sources
 * that it names. */
static enum err write_rest(const struct inspect *inspect, struct sink *sink, struct note *note)
{
    struct dwell_table *table = calloc(1, sizeof(*table));
    size_t kept = 0, start;
    enum err error = table ? dwell_file_read(SPAN(DWELL_STANDARD), table, note)
                           : note_set(note, ERR_FULL, "no memory for a table of dwells");

    for (size_t i = 0; error == ERR_OK && i < table->count; i++)
        if (!is_found(inspect, &table->rows[i]))
            table->rows[kept++] = table->rows[i];
    if (error == ERR_OK) {
        table->count = kept;
        sink_text(sink, "# What the captures do not show, from " DWELL_STANDARD ":\n");
        start = sink->size;
        dwell_file_write(table, sink);
        struct span written = {sink->data + start, sink->size - start};
        size_t head = span_find(written, SPAN("role,kind"));
        struct span rows = span_after(written, head);

        rows = span_after(rows, span_find_byte(rows, '\n') + (head < written.size));
        memmove(sink->data + start, rows.data, rows.size); /* without a second line of columns */
        sink->size = start + rows.size;
    }
    free(table);
    return error;
}

static enum err save_dwells(const struct inspect *inspect, const char *path, struct note *note)
{
    struct outfile file = {.stream = NULL};
    struct sink sink = {.data = malloc(1 << 20), .capacity = 1 << 20};
    enum err error = ERR_FULL;

    if (sink.data) {
        write_dwell_rows(inspect, &sink);
        error = write_rest(inspect, &sink, note);
    }
    if (error == ERR_OK) {
        error = sink.overflow ? note_set(note, ERR_FULL, "%s: too many dwells", path) : outfile_open(&file, path, note);
    }
    if (error == ERR_OK) {
        outfile_write(&file, sink_written(&sink));
        error = outfile_close(&file, note);
    }
    free(sink.data);
    return error;
}

/* ---- Ladder ---- */

/* "p-cscf 192.0.2.1:5060": what a lifeline is called. */
static const char *lane_of(struct inspect *inspect, int node)
{
    char text[128];
    struct sink sink = SINK(text);

    if (node == FLOW_NONE)
        return "?";
    sink_format(&sink, "%s ", flow_role_names[inspect->flow.nodes[node].role]);
    endpoint_write(&inspect->flow.nodes[node].at, &sink);
    const char *kept = trace_text(&inspect->trace, sink_written(&sink));

    return kept ? kept : "?";
}

static enum err write_ladder(struct inspect *inspect, struct sink *sink, struct note *note)
{
    struct command_terminal terminal = command_terminal();
    struct ladder_message *messages = calloc(inspect->trace.count + 1, sizeof(*messages));
    size_t count = 0;

    if (!messages)
        return note_set(note, ERR_FULL, "no memory for the ladder");
    for (size_t i = 0; i < inspect->trace.count; i++) {
        const struct trace_message *message = &inspect->trace.messages[i];

        if (message->is_copy || message->protocol == TRACE_TLS)
            continue;
        messages[count++] = (struct ladder_message){.number = message->frame,
                                                    .sent_ns = flow_first_ns(&inspect->flow, i),
                                                    .received_ns = flow_last_ns(&inspect->flow, i),
                                                    .from = lane_of(inspect, inspect->flow.from[i]),
                                                    .to = lane_of(inspect, inspect->flow.to[i]),
                                                    .protocol = trace_protocol_names[message->protocol],
                                                    .label = span_of(message->kind),
                                                    .bytes = message->bytes,
                                                    .dwell_ns = NONE_NS,
                                                    .is_again = message->is_again};
    }
    const struct ladder_style style = {
        .width = terminal.width, .is_unicode = terminal.is_unicode, .origin_ns = inspect->trace.counts.first_ns};
    enum err error = ladder_write(messages, count, &style, sink);

    free(messages);
    return error == ERR_OK ? ERR_OK
                           : note_set(note, error, "the ladder is too long, or there are more than %d nodes", LANES);
}

/* ---- Printing ---- */

static const struct inspect_table *find_table(const char *name)
{
    for (const struct inspect_table *table = inspect_tables; table->name; table++)
        if (strcmp(table->name, name) == 0)
            return table;
    return NULL;
}

static void write_for_people(const struct inspect *inspect, const struct inspect_table *wanted, struct sink *sink)
{
    for (const struct inspect_table *one = inspect_tables; one->name; one++) {
        struct table table;

        if (wanted ? one != wanted : !one->is_standard)
            continue;
        arena_reset(inspect->arena);
        table_init(&table, inspect->arena);
        one->fill(inspect, &table);
        if (!table.first && !wanted)
            continue;
        sink_format(sink, "%s%s\n", sink->size > 0 ? "\n" : "", one->help);
        table_write_text(&table, command_room(), sink);
    }
}

static enum status print(struct inspect *inspect, struct note *note)
{
    const struct command_given *name = command_option(inspect->line, "--table");
    const struct inspect_table *wanted = name ? find_table(name->value) : NULL;
    bool is_for_programs = command_option(inspect->line, "--csv") || command_option(inspect->line, "--json");

    if (is_for_programs) {
        struct table table;

        table_init(&table, inspect->arena);
        (wanted ? wanted : find_table("dwells"))->fill(inspect, &table);
        return command_print_table(inspect->line, &table);
    }
    struct sink sink = {.data = malloc(OUTPUT_SIZE), .capacity = OUTPUT_SIZE};
    enum err error = sink.data ? ERR_OK : note_set(note, ERR_FULL, "no memory for the tables");

    if (error == ERR_OK && command_option(inspect->line, "--ladder"))
        error = write_ladder(inspect, &sink, note);
    else if (error == ERR_OK)
        write_for_people(inspect, wanted, &sink);
    if (error == ERR_OK && sink.overflow)
        error = note_set(note, ERR_FULL, "the table is too long to be told; --csv has no limit of lines");
    enum status status = error == ERR_OK ? command_print(sink_written(&sink)) : command_fail(error, note);

    free(sink.data);
    return status;
}

static enum err check_options(const struct command_line *line, struct note *note)
{
    const struct command_given *name = command_option(line, "--table");
    char known[256];
    struct sink sink = SINK(known);

    for (const struct inspect_table *table = inspect_tables; table->name; table++)
        sink_format(&sink, "%s%s", table == inspect_tables ? "" : ", ", table->name);
    if (name && !find_table(name->value))
        return note_set(note, ERR_UNKNOWN, "--table %s: expected one of %s", name->value, sink_string(&sink));
    if (command_option(line, "--ladder") && (name || command_option(line, "--csv") || command_option(line, "--json")))
        return note_set(note, ERR_SYNTAX, "--ladder: expected without --table, --csv or --json, as it is no table");
    return ERR_OK;
}

/* The call flow as messages.csv and messages.txt, and as a drawing made of them. */
static enum err save_flow(struct inspect *inspect, struct note *note)
{
    const struct command_given *messages = command_option(inspect->line, "--messages");
    const struct command_given *svg = command_option(inspect->line, "--ladder-svg");
    struct scratch scratch = {""};
    char csv[OUTFILE_PATH_SIZE];
    struct sink sink = SINK(csv);

    if (!messages && !svg)
        return ERR_OK;
    if (!messages)
        TRY(scratch_make(&scratch, "flow", note));
    else if (mkdir(messages->value, 0777) != 0 && errno != EEXIST)
        return note_set(note, ERR_FILE, "%s: %s", messages->value, strerror(errno));
    const char *folder = messages ? messages->value : scratch.path;
    enum err error = drawing_save_messages(&inspect->flow, folder, note);

    sink_format(&sink, "%s/messages.csv", folder);
    if (error == ERR_OK && svg)
        error = drawing_save(
            &(struct flow_drawing){.csv = sink_string(&sink), .title = inspect->sources, .from_ns = NONE_NS}, 1,
            svg->value, note);
    scratch_remove(&scratch);
    return error;
}

static enum status inspect_all(struct inspect *inspect)
{
    struct note note = {{0}};
    enum err error = check_options(inspect->line, &note);
    const struct command_given *dwell = command_option(inspect->line, "--dwell");

    inspect->arena = arena_create(TABLE_MEMORY);
    if (error == ERR_OK && !inspect->arena)
        error = note_set(&note, ERR_FULL, "no memory for the tables");
    if (error == ERR_OK)
        error = work_out(inspect, &note);
    if (error == ERR_OK && dwell)
        error = save_dwells(inspect, dwell->value, &note);
    if (error == ERR_OK)
        error = save_flow(inspect, &note);
    return error == ERR_OK ? print(inspect, &note) : command_fail(error, &note);
}

static enum status run_inspect(const struct command_line *line)
{
    struct inspect *inspect = calloc(1, sizeof(*inspect));
    struct note note = {{0}};

    if (!inspect)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    inspect->line = line;
    enum status status = inspect_all(inspect);

    dwells_free(&inspect->dwells);
    flow_free(&inspect->flow);
    trace_free(&inspect->trace);
    anonymiser_free(inspect->anonymiser);
    if (inspect->arena)
        arena_destroy(inspect->arena);
    free(inspect);
    return status;
}

static const struct command_option options[] = {
    {"--table", "NAME",
     "summary, protected, handshakes, nodes, sessions, dwells, legs, repeats, msrp, clocks or messages; the main ones "
     "unless "
     "given"},
    {"--role", "ADDRESS:PORT=ROLE",
     "what a node is: ue, p-cscf, i-cscf, s-cscf, hss, as, b2bua, proxy, registrar, relay"},
    {"--keylog", "FILE", "TLS secrets as in SSLKEYLOGFILE, beside those that captures bring along"},
    {"--esp-sa", "FILE", "ESP security associations, a line each as in Wireshark's esp_sa and in run's --keys"},
    {"--no-esp", NULL, "leave ESP alone; unless given, ESP without encryption is opened by its form"},
    {"--ladder", NULL, "the call flow instead of tables"},
    {"--ladder-svg", "FILE", "draw the call flow"},
    {"--messages", "DIR", "write the call flow as messages.csv and messages.txt, from which report makes a page"},
    {"--anonymise", NULL,
     "other names for users, numbers, hosts, addresses, Call-IDs and bodies, in everything that is shown or written"},
    {"--dwell", "FILE", "write the dwells as a table that scenarios take: --set dwell.table=FILE"},
    COMMAND_OPTION_JSON,
    COMMAND_OPTION_CSV,
    {.name = NULL},
};

const struct command command_inspect = {
    .name = "inspect",
    .arguments = "CAPTURE...",
    .arguments_least = 1,
    .arguments_most = FLOW_TAPS_MAX,
    .help = "Read captures (pcap, pcapng; several taps at once): nodes, sessions, dwells, what was sent again",
    .options = options,
    .run = run_inspect,
};
