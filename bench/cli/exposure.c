/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/exposure.h"
#include "bench/cli/progress.h"
#include "sim/base/units.h"

#include <stdlib.h>

enum { EXPOSURE_FILE = 4 * KIB, PLACES_SIZE = 512, ROWS_TEXT = 4 << 20 };

/* What reads the file or puts another content into the receiver's hands. */
#define EXPOSURE_ATTACKS "read-file,change-bit,swap-sender,swap-path,swap-path-change"

enum err exposure_run(const struct setup *setup, const struct headline_plan *plan, struct threats **threats,
                      struct note *note)
{
    struct progress progress;
    struct threat_plan attacks = {.setup = setup,
                                  .arm_count = plan->arm_count,
                                  .attacks = EXPOSURE_ATTACKS,
                                  .file_bytes = EXPOSURE_FILE,
                                  .jobs = plan->jobs,
                                  .context = &progress,
                                  .progress = progress_show};

    for (size_t i = 0; i < plan->arm_count; i++)
        attacks.arms[i] = plan->arms[i];
    progress_begin(&progress, "threats");
    enum err error = threats_run(&attacks, threats, note);

    progress_end(&progress);
    return error;
}

bool exposure_is_harm(const struct threat_row *row)
{
    return row->verdict == THREAT_UNNOTICED &&
           (row->attack->is_reading || row->delivered != THREAT_ORIGINAL || row->has_read);
}

/* What stands in a cell: the places, each once, nodes before links. */
struct places {
    size_t nodes, links;
    const struct threat_place *seen[64];
    size_t count;
    char text[PLACES_SIZE];
    struct sink sink;
};

static void add_place(struct places *places, const struct threat_place *place)
{
    for (size_t i = 0; i < places->count; i++)
        if (places->seen[i] == place)
            return;
    if (places->count == sizeof(places->seen) / sizeof(places->seen[0]))
        return;
    places->seen[places->count++] = place;
    if (strchr(place->name, '|')) {
        places->links++;
        return;
    }
    sink_format(&places->sink, "%s%s", places->nodes++ > 0 ? ", " : "", place->name);
}

static void put_places(struct table *table, struct places *places)
{
    if (places->links > 0)
        sink_format(&places->sink, "%s%zu link%s", places->nodes > 0 ? ", " : "", places->links,
                    places->links > 1 ? "s" : "");
    table_same(table, places->count > 0 ? sink_written(&places->sink) : SPAN("nobody"));
}

void exposure_write(const struct threats *threats, const struct headline_plan *plan, struct arena *arena,
                    struct sink *sink)
{
    struct table table;

    table_init(&table, arena);
    table_column(&table, "a file of 4 KiB", "arm", TABLE_TEXT);
    table_column(&table, "was read by", "read_by", TABLE_TEXT);
    table_column(&table, "was changed unnoticed by", "changed_by", TABLE_TEXT);
    for (size_t i = 0; i < plan->arm_count; i++) {
        struct places read = {.nodes = 0}, changed = {.nodes = 0};

        read.sink = SINK(read.text);
        changed.sink = SINK(changed.text);
        for (size_t at = 0; at < threats_count(threats); at++) {
            const struct threat_row *row = threats_row(threats, at);

            if (row->arm != plan->arms[i] || row->has_hash || row->verdict != THREAT_UNNOTICED)
                continue;
            if (row->has_read)
                add_place(&read, row->place);
            if (row->delivered == THREAT_ALTERED)
                add_place(&changed, row->place);
        }
        table_row(&table);
        table_same(&table, span_of(plan->arms[i]->name));
        put_places(&table, &read);
        put_places(&table, &changed);
    }
    table_write_text(&table, 0, sink);
    sink_text(sink, "Each attack was performed at each node and link (" EXPOSURE_ATTACKS ");\n"
                    "hopsim threats has more of them, and who sees who talks to whom.\n\n");
}

void exposure_rows(const struct threats *threats, struct table *table, bool has_reasons)
{
    static const char *const columns[] = {"arm", "attack", "place", "read", "verdict", "delivered"};

    for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++)
        table_column(table, columns[i], columns[i], TABLE_TEXT);
    if (has_reasons)
        table_column(table, "why", "why", TABLE_TEXT);
    for (size_t i = 0; i < threats_count(threats); i++) {
        const struct threat_row *row = threats_row(threats, i);
        char text[64];
        struct sink arm = SINK(text);

        sink_format(&arm, "%s%s", row->arm->name, row->has_hash ? "+sha-1" : "");
        table_row(table);
        table_same(table, sink_written(&arm));
        table_same(table, span_of(row->attack->name));
        table_same(table, span_of(row->place->name));
        table_same(table, row->has_read ? SPAN("yes") : SPAN("no"));
        table_same(table, span_of(threat_verdicts[row->verdict]));
        table_same(table, span_of(threat_delivered[row->delivered]));
        if (has_reasons)
            table_same(table, span_of(row->why));
    }
}

enum err exposure_save(const struct threats *threats, const struct results *results, struct arena *arena,
                       struct note *note)
{
    struct table table;
    struct sink text = {.data = malloc(ROWS_TEXT), .capacity = ROWS_TEXT};

    if (!text.data)
        return note_set(note, ERR_FULL, "no memory for threats.csv");
    table_init(&table, arena);
    exposure_rows(threats, &table, false);
    table_write_csv(&table, &text);
    enum err error = text.overflow ? note_set(note, ERR_FULL, "threats.csv is too long")
                                   : results_save(results, "threats.csv", sink_written(&text), note);

    free(text.data);
    return error;
}
