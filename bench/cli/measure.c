/* SPDX-License-Identifier: GPL-3.0-or-later */
/* measure.c - the same arms over real sockets: one process a role, timed by one clock. */
#include "bench/cli/command.h"
#include "bench/cli/core_file.h"
#include "bench/cli/drawing.h"
#include "bench/cli/headline.h"
#include "bench/cli/measure_run.h"
#include "bench/cli/scratch.h"
#include "bench/harness/setup.h"
#include "sim/base/units.h"
#include "sim/wire/msrp.h"
#include "traces/keylog.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { TABLE_MEMORY = 16 << 20, TEXT_SIZE = 4 << 20 };

/* What a measurement holds on to; measure_free gives it back whole. */
struct measure {
    const struct command_line *line;
    struct setup setup; /* for the file alone */
    struct measure_point point;
    struct measure_told told;
    struct core core; /* another program's, with --core */
    uint64_t repeat;
    size_t done;
    struct outcome *outcomes;
    struct arena *arena;
    struct table table;
    struct scratch scratch; /* what the ladder is drawn from */
    char pcap_path[OUTFILE_PATH_SIZE], keylog_path[OUTFILE_PATH_SIZE];
};

static enum err read_time(const struct command_line *line, const char *name, int64_t *time_ns, struct note *note)
{
    const struct command_given *given = command_option(line, name);

    return given ? units_read_time(span_of(given->value), time_ns, note) : ERR_OK;
}

/* "msrps://127.0.0.1:2855" */
static enum err read_outside(struct measure *measure, struct note *note)
{
    const struct command_given *given = command_option(measure->line, "--relay");
    const struct command_given *authority = command_option(measure->line, "--authority");
    char text[FIELD_TEXT_SIZE], address[INET_ADDRSTRLEN];
    struct sink uri_text = SINK(text), host = SINK(address);
    struct msrp_uri uri;

    measure->point.authority = authority ? authority->value : NULL;
    if (!given)
        return ERR_OK;
    sink_format(&uri_text, "%s;tcp", given->value);
    if (uri_text.overflow || msrp_parse_uri(sink_written(&uri_text), &uri) != ERR_OK || uri.port == 0)
        return note_set(note, ERR_SYNTAX, "--relay %s: expected msrp://ADDRESS:PORT or msrps://ADDRESS:PORT",
                        given->value);
    sink_span(&host, uri.host);
    if (host.overflow || inet_pton(AF_INET, sink_string(&host), &measure->point.outside) != 1)
        return note_set(note, ERR_SYNTAX, "--relay %s: expected an IPv4 address", given->value);
    measure->point.outside_port = uri.port;
    measure->point.outside_is_plain = !uri.is_secure;
    measure->point.has_outside = true;
    return ERR_OK;
}

/* Another program's core stands in a network of its own. */
static enum err read_core(struct measure *measure, const char *path, struct note *note)
{
    static const char *const own[] = {"--rate", "--rtt", "--queue", "--loopback", "--pcap"};

    for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
        if (command_option(measure->line, own[i]))
            return note_set(note, ERR_RANGE, "%s is for the measurement's own network: leave it out with --core",
                            own[i]);
    TRY(core_file_read(path, &measure->core, note));
    measure->point.core = &measure->core;
    return ERR_OK;
}

static enum err read_network(struct measure *measure, struct note *note)
{
    const struct command_given *core = command_option(measure->line, "--core");

    if (core)
        return read_core(measure, core->value, note);
    const struct command_line *line = measure->line;
    const struct command_given *rate = command_option(line, "--rate"), *queue = command_option(line, "--queue");
    struct measure_point *point = &measure->point;
    int64_t rtt_ns = 0;
    struct note reason = {{0}};

    if (rate)
        TRY(units_read_rate(span_of(rate->value), &point->network.rate_bps, note));
    point->network.queue_bytes = 256 * KIB;
    if (queue)
        TRY(units_read_size(span_of(queue->value), &point->network.queue_bytes, note));
    TRY(read_time(line, "--rtt", &rtt_ns, note));
    point->network.delay_ns = rtt_ns / 4;
    point->is_loopback = command_option(line, "--loopback") != NULL;
    if (!point->is_loopback && !network_may(&reason)) {
        if (point->network.rate_bps > 0 || rtt_ns > 0 || point->pcap)
            return note_set(note, ERR_FILE, "--rate, --rtt, --pcap and --ladder-svg cannot be had: %s", reason.text);
        fprintf(stderr, "hopsim: on loopback, since %s\n", reason.text);
        point->is_loopback = true;
    }
    return ERR_OK;
}

static enum err read_buffer(const char *text, uint64_t *bytes, struct note *note)
{
    TRY(units_read_size(span_of(text), bytes, note));
    if (*bytes < 4 * KIB || *bytes > GIB)
        return note_set(note, ERR_RANGE, "--buffer %s: expected 4KiB to 1GiB", text);
    return ERR_OK;
}

/* The file as a scenario would have it: --file, or the built-in text of --size. */
static enum err read_file(struct measure *measure, struct note *note)
{
    const struct command_given *size = command_option(measure->line, "--size");
    const struct command_given *file = command_option(measure->line, "--file");
    char text[FIELD_TEXT_SIZE + 32];
    struct sink assignment = SINK(text);

    TRY(scenario_file_read(SPAN("home"), &measure->setup.file, note));
    if (file) {
        sink_format(&assignment, "transfer.file=%s", file->value);
        if (assignment.overflow)
            return note_set(note, ERR_RANGE, "--file: a path of more than %d bytes", FIELD_TEXT_SIZE - 1);
        TRY(scenario_file_set(&measure->setup.file, sink_written(&assignment), note));
        assignment.size = 0;
    }
    sink_format(&assignment, "transfer.size=%s", size ? size->value : file ? "0" : "1MiB");
    TRY(scenario_file_set(&measure->setup.file, sink_written(&assignment), note));
    TRY(setup_open(&measure->setup, note));
    measure->point.file = (struct slice){&measure->setup.source, 0, measure->setup.file_bytes};
    return ERR_OK;
}

/* The ladder is drawn from a capture and its secrets, the user's own where they are asked for. */
static enum err open_scratch(struct measure *measure, struct note *note)
{
    struct measure_point *point = &measure->point;

    TRY(scratch_make(&measure->scratch, "flow", note));
    if (!point->pcap)
        point->pcap = scratch_path(&measure->scratch, "transfer.pcapng", measure->pcap_path);
    if (!point->keylog)
        point->keylog = scratch_path(&measure->scratch, "secrets", measure->keylog_path);
    return ERR_OK;
}

static enum err read_line(struct measure *measure, struct note *note)
{
    const struct command_line *line = measure->line;
    const struct command_given *arm = command_option(line, "--arm"), *chunk = command_option(line, "--chunk");
    const struct command_given *tcp = command_option(line, "--tcp"), *keylog = command_option(line, "--keylog");
    const struct command_given *pcap = command_option(line, "--pcap"), *buffer = command_option(line, "--buffer");
    struct measure_point *point = &measure->point;
    uint64_t hops, window;

    TRY(command_arm(arm ? arm->value : "msrp-smime", &point->arm, note));
    TRY(command_number(line, "--hops", 2, 1, CAST_RELAYS_MAX, &hops, note));
    TRY(command_number(line, "--repeat", 1, 1, MEASURE_REPEAT_MAX, &measure->repeat, note));
    TRY(command_number(line, "--message", 1300, 600, 61440, &point->message_bytes, note));
    TRY(command_number(line, "--window", 0, 0, 1000000, &window, note));
    point->window = (uint32_t)window;
    if (chunk)
        TRY(units_read_size(span_of(chunk->value), &point->chunk_bytes, note));
    if (buffer)
        TRY(read_buffer(buffer->value, &point->buffer_bytes, note));
    point->relays = (uint32_t)hops;
    point->congestion = tcp ? tcp->value : NULL;
    point->keylog = keylog ? keylog->value : NULL;
    point->pcap = pcap ? pcap->value : NULL;
    if (command_option(line, "--ladder-svg"))
        TRY(open_scratch(measure, note));
    TRY(read_outside(measure, note));
    TRY(read_network(measure, note));
    return read_file(measure, note);
}

static enum err perform(struct measure *measure, struct note *note)
{
    measure->outcomes = calloc(measure->repeat, sizeof(*measure->outcomes));
    measure->arena = arena_create(TABLE_MEMORY);
    if (!measure->outcomes || !measure->arena)
        return note_set(note, ERR_FULL, "no memory for the results");
    TRY(measure_run(&measure->point, measure->repeat, measure->outcomes, &measure->done, &measure->told, note));
    table_init(&measure->table, measure->arena);
    measure_columns(&measure->table);
    for (size_t i = 0; i < measure->done; i++)
        measure_row(&measure->table, measure->point.arm->name, i, &measure->outcomes[i]);
    return ERR_OK;
}

static enum err read_capture(const struct measure *measure, struct trace *trace, struct flow *flow, struct note *note)
{
    const struct trace_config config = {.opens_esp = true};
    struct note ignored = {{0}};

    TRY(trace_init(trace, &config, note));
    if (keylog_read(trace->keylog, measure->point.keylog, &ignored) != ERR_OK)
        ignored.text[0] = 0; /* an arm without TLS has no secrets */
    TRY(trace_read(trace, measure->point.pcap, note));
    return flow_init(flow, trace, NULL, 0, note);
}

static enum err save_ladder(const struct measure *measure, struct note *note)
{
    const struct command_given *path = command_option(measure->line, "--ladder-svg");
    struct trace trace = {.count = 0};
    struct flow flow = {.trace = NULL};
    struct session session = {.flow = NULL};
    struct note ignored = {{0}};
    char csv[OUTFILE_PATH_SIZE];

    if (!path)
        return ERR_OK;
    enum err error = read_capture(measure, &trace, &flow, note);

    if (error == ERR_OK && session_init(&session, &flow, 0, &ignored) == ERR_OK)
        error = drawing_save_session(&session, measure->scratch.path, note);
    else if (error == ERR_OK) /* by addresses, where no session is found in it */
        error = drawing_save_messages(&flow, measure->scratch.path, note);
    if (error == ERR_OK)
        error = drawing_save(&(struct flow_drawing){.csv = scratch_path(&measure->scratch, "messages.csv", csv),
                                                    .title = measure->point.arm->name,
                                                    .from_ns = NONE_NS},
                             1, path->value, note);
    session_free(&session);
    flow_free(&flow);
    trace_free(&trace);
    return error;
}

/* ---- Results ---- */

static void write_median(const struct measure *measure, struct sink *sink)
{
    int64_t median_ns = measure_median(measure->outcomes, measure->done, offsetof(struct outcome, delay_ns));

    if (median_ns == NONE_NS)
        return;
    sink_text(sink, "median delay ");
    units_show_time(sink, median_ns);
    sink_format(sink, " of %zu transfer%s", measure->done, measure->done == 1 ? "" : "s");
    sink_text(sink, "; every file delivered was compared with the one sent, byte for byte\n");
}

static void write_box(const struct delay_box_report *box, struct sink *sink)
{
    if (box->frames == 0)
        return;
    sink_format(sink, "delay box: %llu frames, late by ", (unsigned long long)box->frames);
    units_show_time(sink, box->mean_ns);
    sink_text(sink, " on average, 99 % by less than ");
    units_show_time(sink, box->p99_ns);
    sink_text(sink, ", the last by ");
    units_show_time(sink, box->most_ns);
    sink_format(sink, "; %llu dropped at full queues\n", (unsigned long long)box->dropped);
}

static void write_notes(const struct measure *measure, struct sink *sink)
{
    write_median(measure, sink);
    write_box(&measure->told.box, sink);
    if (measure->told.reason[0])
        sink_format(sink, "not delivered: %s\n", measure->told.reason);
}

static enum err save(const struct measure *measure, struct note *note)
{
    const struct command_given *folder = command_option(measure->line, "-o");
    char notes_text[2048];
    struct sink text = {.data = malloc(TEXT_SIZE), .capacity = TEXT_SIZE}, notes = SINK(notes_text);
    struct results results;
    enum err error = ERR_FULL;

    if (!folder) {
        free(text.data);
        return ERR_OK;
    }
    if (text.data) {
        table_write_csv(&measure->table, &text);
        write_notes(measure, &notes);
        error = results_create(&results, folder->value, "measure", note);
    }
    if (error == ERR_OK)
        error = results_save(&results, "trials.csv", sink_written(&text), note);
    if (error == ERR_OK)
        error = results_save(&results, "notes.txt", sink_written(&notes), note);
    if (error == ERR_OK)
        error = headline_save_manifest(&results, measure->line, 0, note);
    free(text.data);
    return error;
}

static enum status print(const struct measure *measure)
{
    char text[2048];
    struct sink sink = SINK(text);
    enum status status = command_print_table(measure->line, &measure->table);

    write_notes(measure, &sink);
    if (command_option(measure->line, "--csv") || command_option(measure->line, "--json")) {
        fprintf(stderr, "%s", sink_string(&sink));
        return status;
    }
    return status == STATUS_DONE ? command_print(sink_written(&sink)) : status;
}

static enum status verdict(const struct measure *measure)
{
    for (size_t i = 0; i < measure->done; i++)
        if (measure->outcomes[i].end != OUTCOME_DELIVERED)
            return STATUS_NO;
    return STATUS_DONE;
}

static void measure_free(struct measure *measure)
{
    scratch_remove(&measure->scratch);
    setup_close(&measure->setup);
    free(measure->outcomes);
    if (measure->arena)
        arena_destroy(measure->arena);
    free(measure);
}

static enum status run_measure(const struct command_line *line)
{
    struct measure *measure = calloc(1, sizeof(*measure));
    struct note note = {{0}};

    if (!measure)
        return command_fail(note_set(&note, ERR_FULL, "no memory"), &note);
    measure->line = line;
    enum err error = read_line(measure, &note);

    if (error == ERR_OK)
        error = perform(measure, &note);
    if (error == ERR_OK)
        error = save(measure, &note);
    if (error == ERR_OK)
        error = save_ladder(measure, &note);
    enum status status = error == ERR_OK ? print(measure) : command_fail(error, &note);

    if (status == STATUS_DONE)
        status = measure_was_interrupted() ? STATUS_FAULT : verdict(measure);
    measure_free(measure);
    return status;
}

static const struct command_option options[] = {
    {"--arm", "ARM", "how the file is carried (hopsim list arms says which can be measured); msrp-smime unless given"},
    {"--size", "SIZE", "of the file, a built-in text: 10KiB, 1MiB; 1MiB unless given"},
    {"--file", "PATH", "send this file, whole or its first --size"},
    {"--hops", "K", "relays or back-to-back user agents on the path, 2 unless given; the CSCFs are always five"},
    {"--rate", "RATE", "of each user's link, both directions, by tbf: 10Mbit/s; as fast as the machine unless given"},
    {"--rtt", "TIME", "round trip from user to user, by the delay box: a quarter on each crossing of a user's link"},
    {"--queue", "SIZE", "bytes that may wait at a link with a --rate; 256KiB unless given"},
    {"--repeat", "N", "transfers, one after another, each by processes of its own; 1 unless given"},
    {"--chunk", "SIZE", "bytes of an MSRP chunk; one interruptible chunk of the whole file unless given"},
    {"--window", "N", "SENDs outstanding, at most; without limit unless given"},
    {"--message", "BYTES", "of a MESSAGE as it leaves UE-A, headers included; 1300 unless given"},
    {"--tcp", "NAME", "congestion control: reno, cubic, bbr; the system's unless given"},
    {"--buffer", "SIZE", "of each TCP socket, each direction, fixed; the system's, which grow, unless given"},
    {"--loopback", NULL, "no network namespaces: every process on an address of 127/8, nothing shaped or delayed"},
    {"--core", "FILE", "another program's IMS core, which the users register with; what FILE holds stands above"},
    {"--relay", "URI",
     "another program's relay, msrps://127.0.0.1:2855 or msrp://...: with --hops 1 and --loopback or --core"},
    {"--authority", "FILE", "certificates (PEM) that are trusted beside the measurement's own: of such a relay"},
    {"--pcap", "FILE", "capture every link, both directions, all ports, as pcapng"},
    {"--ladder-svg", "FILE", "draw the call flow, from a capture of every link"},
    {"--keylog", "FILE", "write TLS secrets (SSLKEYLOGFILE) for reading the capture"},
    {"-o", "DIR", "write trials.csv, notes.txt and manifest.txt into this new folder"},
    COMMAND_OPTION_CSV,
    COMMAND_OPTION_JSON,
    {.name = NULL},
};

const struct command command_measure = {
    .name = "measure",
    .arguments = "",
    .help = "Perform a transfer over real sockets: a process for each user, proxy and relay",
    .options = options,
    .notes = "Where the user is root, every process lives in a network namespace of its own, made and removed by the\n"
             "command (those of dead commands are removed, too); on loopback where not. The same SIP, MSRP and CMS as\n"
             "in the simulator, real TCP and TLS, one clock.\n\n" CORE_FILE_HELP,
    .run = run_measure,
};
