/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The words, tables and bars of headline.h. Numbers for people have a digit more than their interval deserves; those
 * for programs are whole.
 */
#include "bench/cli/headline.h"
#include "plots/waterfall.h"
#include "sim/access.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <math.h>

enum { CELL_SIZE = 64 };

/* ---- Cells ---- */

static void put_number(struct table *table, const char *format, double value)
{
    char shown[CELL_SIZE], plain[CELL_SIZE];
    struct sink shown_sink = SINK(shown);
    struct sink plain_sink = SINK(plain);

    if (isfinite(value)) {
        /* The formats are those of this file. */
        if (strcmp(format, "%.0f") == 0)
            sink_format(&shown_sink, "%.0f", value);
        else if (strcmp(format, "%.1f") == 0)
            sink_format(&shown_sink, "%.1f", value);
        else
            sink_format(&shown_sink, "%.3f", value);
        sink_format(&plain_sink, "%.9g", value);
    } else if (isinf(value)) {
        sink_text(&shown_sink, "failed");
    }
    table_cell(table, sink_written(&shown_sink), sink_written(&plain_sink));
}

/* The half width, or that there is none. */
static void put_half(struct table *table, const struct comparison_estimate *estimate, bool is_exact)
{
    char text[CELL_SIZE];
    struct sink sink = SINK(text);

    if (estimate->count > 0 && is_exact)
        sink_text(&sink, "exact");
    else if (isfinite(estimate->half_ms))
        sink_format(&sink, "%.3f", estimate->half_ms);
    else if (estimate->count > 0)
        sink_text(&sink, "unknown");
    table_cell(table, sink_written(&sink), SPAN(""));
}

static void put_text(struct table *table, const char *shown, const char *plain)
{
    table_cell(table, span_of(shown), span_of(plain));
}

/* ---- The table ---- */

static void add_columns(struct table *table, size_t trials)
{
    table_column(table, NULL, "scenario", TABLE_TEXT);
    table_column(table, NULL, "path.relays", TABLE_NUMBER);
    table_column(table, NULL, "connections", TABLE_TEXT);
    table_column(table, NULL, "seal.when", TABLE_TEXT);
    table_column(table, "arm", "arm", TABLE_TEXT);
    table_column(table, NULL, "exact", TABLE_NUMBER);
    table_column(table, NULL, "trials", TABLE_NUMBER);
    table_column(table, NULL, "delivered", TABLE_NUMBER);
    table_column(table, "delay, ms", "delay_mean_ms", TABLE_NUMBER);
    table_column(table, "+-", NULL, TABLE_NUMBER);
    table_column(table, NULL, "delay_low_ms", TABLE_NUMBER);
    table_column(table, NULL, "delay_high_ms", TABLE_NUMBER);
    table_column(table, trials > 1 ? "p50" : NULL, "p50_ms", TABLE_NUMBER);
    table_column(table, trials > 1 ? "p90" : NULL, "p90_ms", TABLE_NUMBER);
    table_column(table, trials >= 200 ? "p95" : NULL, "p95_ms", TABLE_NUMBER);
    table_column(table, trials >= 1000 ? "p99" : NULL, "p99_ms", TABLE_NUMBER);
    table_column(table, "fail %", "failed_percent", TABLE_NUMBER);
    table_column(table, "minus *", "difference_ms", TABLE_NUMBER);
    table_column(table, "+-", NULL, TABLE_NUMBER);
    table_column(table, NULL, "difference_low_ms", TABLE_NUMBER);
    table_column(table, NULL, "difference_high_ms", TABLE_NUMBER);
    table_column(table, NULL, "variance_ratio", TABLE_NUMBER);
    table_column(table, NULL, "ranked", TABLE_NUMBER);
}

static void put_difference(struct table *table, const struct comparison *comparison, size_t arm)
{
    struct comparison_pair pair = comparison_of_pair(comparison, arm, comparison->reference);
    const struct comparison_estimate *difference = &pair.difference;

    if (arm == comparison->reference) {
        for (int i = 0; i < 5; i++)
            put_text(table, "", "");
        put_text(table, "", "1");
        return;
    }
    put_number(table, "%.3f", difference->mean_ms);
    if (pair.is_ranked)
        put_half(table, difference, comparison->is_exact);
    else
        put_text(table, "not ranked", "");
    put_number(table, "%.3f", difference->mean_ms - difference->half_ms);
    put_number(table, "%.3f", difference->mean_ms + difference->half_ms);
    put_number(table, "%.1f", pair.variance_ratio);
    put_text(table, "", pair.is_ranked ? "1" : "0");
}

/* Where users cannot reach one another directly. */
static bool is_bound(const struct headline *headline, const struct arm *arm)
{
    return arm->path == PATH_DIRECT && access_is_mobile(&headline->file.scenario);
}

static void add_row(struct table *table, const struct headline *headline, const struct headline_case *one, size_t arm)
{
    const struct comparison *comparison = &one->comparison;
    struct comparison_arm made = comparison_of_arm(comparison, arm);
    const struct field *connections = field_find(scenario_fields, SPAN("connections"));
    const struct field *seal_when = field_find(scenario_fields, SPAN("seal.when"));
    char name[CELL_SIZE];
    struct sink sink = SINK(name);

    check(connections && seal_when);
    sink_text(&sink, headline_mark(comparison->arms[arm]));
    sink_text(&sink, comparison->arms[arm]->name);
    if (is_bound(headline, comparison->arms[arm]))
        sink_text(&sink, " (bound)");
    table_row(table);
    put_text(table, "", headline->name);
    put_number(table, "%.0f", (double)headline->file.scenario.relays);
    put_text(table, "", connections->choices[one->connections]);
    put_text(table, "", seal_when->choices[one->seal_when]);
    put_text(table, sink_string(&sink), comparison->arms[arm]->name);
    put_text(table, "", comparison->is_exact ? "1" : "0");
    put_number(table, "%.0f", (double)made.trials);
    put_number(table, "%.0f", (double)made.delivered);
    put_number(table, "%.3f", made.delay.mean_ms);
    put_half(table, &made.delay, comparison->is_exact);
    put_number(table, "%.3f", made.delay.mean_ms - made.delay.half_ms);
    put_number(table, "%.3f", made.delay.mean_ms + made.delay.half_ms);
    put_number(table, "%.3f", made.p50.value);
    put_number(table, "%.3f", made.p90.value);
    put_number(table, "%.3f", made.p95.value);
    put_number(table, "%.3f", made.p99.value);
    put_number(table, "%.1f", 100 * (1 - (double)made.delivered / (double)made.trials));
    put_difference(table, comparison, arm);
}

static void add_rows(struct table *table, const struct headline *headline, const struct headline_case *one)
{
    for (size_t arm = 0; arm < one->comparison.arm_count; arm++)
        add_row(table, headline, one, arm);
}

void headline_table(const struct headline *headline, struct table *table, struct arena *arena)
{
    table_init(table, arena);
    add_columns(table, 0);
    for (size_t i = 0; i < headline->case_count; i++)
        add_rows(table, headline, &headline->cases[i]);
}

/* ---- Words ---- */

/* "12.345 ms +- 0.678", without the interval where exact. */
static void write_estimate(struct sink *sink, double mean_ms, double half_ms)
{
    sink_format(sink, "%.3f ms", mean_ms);
    if (half_ms > 0 && isfinite(half_ms))
        sink_format(sink, " +- %.3f", half_ms);
}

static void write_verdict(const struct comparison *comparison, size_t arm, struct sink *sink)
{
    struct comparison_pair pair = comparison_of_pair(comparison, arm, comparison->reference);
    double base_ms = comparison_of_arm(comparison, arm).delay.mean_ms;

    sink_format(sink, "Against %s%s, " HEADLINE_PROPOSAL " ", headline_mark(comparison->arms[arm]),
                comparison->arms[arm]->name);
    if (pair.difference.count == 0) {
        sink_text(sink, "cannot be compared: no trial was delivered by both.\n");
        return;
    }
    if (!pair.is_ranked) {
        sink_format(sink, "is not ranked: the shares of failures differ by %.1f points.\n",
                    100 * fabs(pair.failed_more));
        return;
    }
    if (!isfinite(pair.difference.half_ms)) {
        sink_format(sink, "cannot be told apart by one trial: %.3f ms.\n", pair.difference.mean_ms);
        return;
    }
    if (!pair.is_different) {
        sink_text(sink, "shows no difference: ");
        write_estimate(sink, pair.difference.mean_ms, pair.difference.half_ms);
        sink_text(sink, ".\n");
        return;
    }
    sink_text(sink, "is ");
    write_estimate(sink, fabs(pair.difference.mean_ms), pair.difference.half_ms);
    sink_format(sink, " (%.1f %%) %s.\n", 100 * fabs(pair.difference.mean_ms) / base_ms,
                pair.difference.mean_ms > 0 ? "faster" : "slower");
}

/* What pairing gained: by how much it made the variance of each difference smaller. */
static void write_pairing(const struct comparison *comparison, struct sink *sink)
{
    bool is_first = true;

    for (size_t arm = 0; arm < comparison->arm_count; arm++) {
        struct comparison_pair pair = comparison_of_pair(comparison, arm, comparison->reference);

        if (arm == comparison->reference || isnan(pair.variance_ratio))
            continue;
        sink_text(sink, is_first ? "Pairing divides the variance of the difference by: " : ", ");
        if (pair.variance_ratio < 10)
            sink_format(sink, "%s %.1f", comparison->arms[arm]->name, pair.variance_ratio);
        else
            sink_format(sink, "%s %.0f", comparison->arms[arm]->name, pair.variance_ratio);
        is_first = false;
    }
    sink_text(sink, is_first ? "" : ".\n");
}

static void write_cause(struct sink *sink, const char *cause, const struct comparison_estimate *estimate,
                        const char *from)
{
    sink_format(sink, "  %-21s %+10.3f ms", cause, estimate->mean_ms);
    if (estimate->half_ms > 0 && isfinite(estimate->half_ms))
        sink_format(sink, " +- %-7.3f", estimate->half_ms);
    sink_format(sink, " %s\n", from);
}

/* "costs 1.234 ms" or "saves 1.234 ms": what doing so adds to the delay. */
static void write_effect(struct sink *sink, double added_ms)
{
    sink_format(sink, "%s %.3f ms", added_ms >= 0 ? "costs" : "saves", fabs(added_ms));
}

static void write_split(const struct comparison *comparison, struct sink *sink)
{
    struct comparison_split split = comparison_split(comparison);

    if (!split.is_known)
        return;
    sink_text(sink, "\nWhere the difference to (b) msrp-relay comes from:\n");
    write_cause(sink, "path", &split.path, "msrp-relay-plain - msrp-plain");
    write_cause(sink, "hop protection", &split.hop, "msrp-relay - msrp-relay-plain");
    write_cause(sink, "end-to-end protection", &split.end_to_end, "msrp-smime - msrp-plain");
    if (split.has_interaction)
        write_cause(sink, "interaction", &split.interaction, "of S/MIME with relays, less that without");
    write_cause(sink, "whole", &split.whole, "path + hop - end-to-end");
    sink_text(sink, "S/MIME itself ");
    write_effect(sink, split.end_to_end.mean_ms);
    sink_text(sink, "; leaving the relays out, with their TLS and AUTH, ");
    write_effect(sink, -split.path.mean_ms - split.hop.mean_ms);
    sink_text(sink, "; together the proposal ");
    write_effect(sink, -split.whole.mean_ms);
    sink_text(sink, ".\n");
}

static void write_bars(const struct comparison *comparison, const struct command_terminal *terminal, struct sink *sink)
{
    struct waterfall_bar bars[COMPARISON_ARMS_MAX];
    struct waterfall_style style = {
        .width = terminal->width, .is_unicode = terminal->is_unicode, .is_plain = !terminal->is_there};

    for (size_t arm = 0; arm < comparison->arm_count; arm++) {
        struct comparison_estimate delay = comparison_of_arm(comparison, arm).delay;

        bars[arm] = (struct waterfall_bar){.name = comparison->arms[arm]->name,
                                           .mean_ms = delay.mean_ms,
                                           .low_ms = comparison->is_exact ? NAN : delay.mean_ms - delay.half_ms,
                                           .high_ms = comparison->is_exact ? NAN : delay.mean_ms + delay.half_ms,
                                           .is_marked = arm == comparison->reference};
    }
    sink_char(sink, '\n');
    waterfall_bars(bars, comparison->arm_count, &style, sink);
    if (terminal->is_there)
        sink_char(sink, '\n');
}

static void write_bounds(const struct headline *headline, const struct headline_case *main, struct sink *sink)
{
    const struct field *seal_when = field_find(scenario_fields, SPAN("seal.when"));

    check(seal_when);
    for (size_t i = 0; i < headline->case_count; i++) {
        const struct headline_case *bound = &headline->cases[i];

        if (!bound->is_bound || bound->connections != main->connections)
            continue;
        for (size_t arm = 0; arm < bound->comparison.arm_count; arm++) {
            struct comparison_estimate delay = comparison_of_arm(&bound->comparison, arm).delay;
            size_t same = comparison_find(&main->comparison, bound->comparison.arms[arm]->name);

            if (delay.count == 0 || same == main->comparison.arm_count)
                continue;
            sink_format(sink, "Sealed %s, %s takes ", seal_when->choices[bound->seal_when],
                        bound->comparison.arms[arm]->name);
            write_estimate(sink, delay.mean_ms, delay.half_ms);
            sink_format(sink, "; the table has it sealed %s: ", seal_when->choices[main->seal_when]);
            double bound_ms = delay.mean_ms;

            delay = comparison_of_arm(&main->comparison, same).delay;
            write_estimate(sink, delay.mean_ms, delay.half_ms);
            sink_text(sink, bound_ms == delay.mean_ms ? ": sealing is done before the connection stands, either way.\n"
                                                      : ". These are its bounds.\n");
        }
    }
}

/* How much longer signalling and what goes in it travels than what is direct. */
static void write_ways(const struct headline *headline, struct sink *sink)
{
    const struct sim_ways *ways = &headline->ways;

    sink_format(sink, "Propagation from UE-A to UE-B: %.3f ms directly, %.3f ms through every CSCF, %.3f ms more.\n",
                (double)ways->direct_ns / MS, (double)ways->core_ns / MS,
                (double)(ways->core_ns - ways->direct_ns) / MS);
    if (access_is_mobile(&headline->file.scenario))
        sink_text(sink, "Direct arms are a bound, not a configuration: mobile networks do not let users reach one "
                        "another directly.\n");
}

static void put_shown(struct table *table, double value, int decimals)
{
    char text[32];
    struct sink sink = SINK(text);

    sink_format(&sink, "%.*f", decimals, value);
    table_same(table, sink_written(&sink));
}

/* What each arm costs the network: bytes of every link, by layer. */
static void write_wire(const struct comparison *comparison, struct arena *arena, struct sink *sink)
{
    static const char *const titles[COMPARISON_LAYERS] = {"link", "IP", "TCP, UDP", "ESP", "TLS", "SIP", "rest"};
    struct table table;

    table_init(&table, arena);
    table_column(&table, "on the wire, KiB", "arm", TABLE_TEXT);
    for (int layer = 0; layer < COMPARISON_LAYERS; layer++)
        table_column(&table, titles[layer], comparison_layer_names[layer], TABLE_NUMBER);
    for (size_t arm = 0; arm < comparison->arm_count; arm++) {
        struct comparison_arm one = comparison_of_arm(comparison, arm);

        table_row(&table);
        table_same(&table, span_of(comparison->arms[arm]->name));
        for (int layer = 0; layer < COMPARISON_LAYERS; layer++)
            put_shown(&table, one.layer_bytes[layer] / KIB, 1);
    }
    table_write_text(&table, 0, sink);
    sink_char(sink, '\n');
}

/* And what it costs the hosts. */
static void write_cpu(const struct comparison *comparison, struct arena *arena, struct sink *sink)
{
    struct table table;

    table_init(&table, arena);
    table_column(&table, "CPU time, ms", "arm", TABLE_TEXT);
    table_column(&table, "UEs", "ue_cpu_ms", TABLE_NUMBER);
    table_column(&table, "core", "core_cpu_ms", TABLE_NUMBER);
    table_column(&table, "relays", "relay_cpu_ms", TABLE_NUMBER);
    for (size_t arm = 0; arm < comparison->arm_count; arm++) {
        struct comparison_arm one = comparison_of_arm(comparison, arm);

        table_row(&table);
        table_same(&table, span_of(comparison->arms[arm]->name));
        put_shown(&table, one.ue_cpu_ms, 3);
        put_shown(&table, one.core_cpu_ms, 3);
        put_shown(&table, one.relay_cpu_ms, 3);
    }
    table_write_text(&table, 0, sink);
    sink_char(sink, '\n');
}

static void write_case(const struct headline *headline, const struct headline_case *one,
                       const struct command_terminal *terminal, struct arena *arena, struct sink *sink)
{
    const struct comparison *comparison = &one->comparison;
    struct table table;

    sink_format(sink, "%s connections, ", one->connections == CONNECTIONS_WARM ? "Warm" : "Cold");
    if (comparison->is_exact)
        sink_text(sink, "one trial an arm: nothing is random, so the numbers are exact\n\n");
    else
        sink_format(sink, "%zu trial%s an arm; +- is a 95 %% interval, minus * the paired difference\n\n",
                    comparison->trials, comparison->trials == 1 ? "" : "s");
    table_init(&table, arena);
    add_columns(&table, comparison->trials);
    add_rows(&table, headline, one);
    table_write_text(&table, 0, sink);
    write_bars(comparison, terminal, sink);
    write_wire(comparison, arena, sink);
    write_cpu(comparison, arena, sink);
    for (size_t arm = 0; arm < comparison->arm_count; arm++)
        if (headline_mark(comparison->arms[arm])[0] == '(')
            write_verdict(comparison, arm, sink);
    write_pairing(comparison, sink);
    write_bounds(headline, one, sink);
    write_split(comparison, sink);
    sink_char(sink, '\n');
}

/* Lines of words that are too long for the terminal go on in the next one. Tables and bars begin with something else
 * than a capital letter and stay as they are. */
static void write_wrapped(struct span text, unsigned width, struct sink *sink)
{
    while (text.size > 0) {
        struct span line = {text.data, span_find_byte(text, '\n')};

        text = span_after(text, line.size < text.size ? line.size + 1 : line.size);
        bool is_words = line.size > 0 && line.data[0] >= 'A' && line.data[0] <= 'Z';

        while (is_words && line.size > width) {
            size_t end = width;

            while (end > 0 && line.data[end] != ' ')
                end--;
            if (end == 0)
                break;
            sink_bytes(sink, line.data, end);
            sink_char(sink, '\n');
            line = span_after(line, end + 1);
        }
        sink_span(sink, line);
        sink_char(sink, '\n');
    }
}

/* What protects signalling, and that arms whose file goes in it have their own protection of it. */
static void write_protection(const struct headline *headline, struct sink *sink)
{
    static const char *const protections[] = {
        [PROTECTION_NONE] = "nothing", [PROTECTION_ESP] = "ESP", [PROTECTION_TLS] = "TLS"};
    static const char *const hops[] = {[HOP_NONE] = "nothing", [HOP_TLS] = "TLS", [HOP_ESP] = "ESP"};
    const struct scenario *scenario = &headline->file.scenario;
    const struct comparison *comparison = &headline->cases[0].comparison;

    const char *separator = "; where the file goes in it, on every hop: ";

    sink_format(sink, "Signalling is protected by %s on Gm and %s in the core", protections[scenario->signalling_gm],
                protections[scenario->signalling_core]);
    for (size_t arm = 0; arm < comparison->arm_count; arm++) {
        const struct arm *one = comparison->arms[arm];

        if (one->carrier != CARRIER_MESSAGE)
            continue;
        sink_format(sink, "%s%s %s", separator, one->name, hops[one->hop]);
        separator = ", ";
    }
    sink_text(sink, ".\n");
}

void headline_write(const struct headline *headline, const struct command_terminal *terminal, struct arena *arena,
                    struct sink *sink)
{
    const struct scenario *scenario = &headline->file.scenario;
    struct sink words = {.data = arena_alloc(arena, HEADLINE_TEXT_SIZE), .capacity = HEADLINE_TEXT_SIZE};

    sink_format(&words, "Scenario %s: ", headline->name);
    units_show_size(&words, headline->cases[0].comparison.outcomes[0].file_bytes);
    sink_format(&words, " file, %llu relays, seed %llu. * the proposal, (a) and (b) the hop-by-hop baselines.\n",
                (unsigned long long)scenario->relays, (unsigned long long)scenario->seed);
    sink_format(&words, "%s.\n", headline->assumed);
    write_protection(headline, &words);
    write_ways(headline, &words);
    sink_char(&words, '\n');
    for (size_t i = 0; i < headline->case_count; i++)
        if (!headline->cases[i].is_bound)
            write_case(headline, &headline->cases[i], terminal, arena, &words);
    write_wrapped(sink_written(&words), terminal->width, sink);
    sink->overflow = sink->overflow || words.overflow;
}
