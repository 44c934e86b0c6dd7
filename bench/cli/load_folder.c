/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/load_folder.h"
#include "bench/cli/headline.h"

#include <stdlib.h>

enum { NAME_SIZE = 64, CSV_SIZE = 8 << 20 };

enum err load_folder_open(struct load_folder *folder, const struct command_line *line, const char *scenario,
                          struct note *note)
{
    const struct command_given *given = command_option(line, "-o");

    folder->is_wanted = given != NULL;
    return given ? results_create(&folder->results, given->value, scenario, note) : ERR_OK;
}

static enum err save_as(const struct load_folder *folder, const char *name, const char *ending, struct span content,
                        struct note *note)
{
    char text[NAME_SIZE];
    struct sink sink = SINK(text);

    sink_format(&sink, "%s%s", name, ending);
    return results_save(&folder->results, sink_string(&sink), content, note);
}

static enum err save_table(const struct load_folder *folder, const char *name, const struct table *table,
                           struct note *note)
{
    struct sink csv = {.data = malloc(CSV_SIZE), .capacity = CSV_SIZE};

    if (!csv.data)
        return note_set(note, ERR_FULL, "no memory for %s.csv", name);
    table_write_csv(table, &csv);
    enum err error = csv.overflow ? note_set(note, ERR_FULL, "%s.csv is too long", name)
                                  : save_as(folder, name, ".csv", sink_written(&csv), note);

    free(csv.data);
    return error;
}

enum err load_folder_save(const struct load_folder *folder, const struct command_line *line, const struct setup *setup,
                          const char *name, const struct table *table, struct span text, struct note *note)
{
    if (!folder->is_wanted)
        return ERR_OK;
    TRY(results_save_inputs(&folder->results, setup, "scenario", note));
    TRY(save_table(folder, name, table, note));
    TRY(save_as(folder, name, ".txt", text, note));
    return headline_save_manifest(&folder->results, line, setup->file.scenario.seed, note);
}
