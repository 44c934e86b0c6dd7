/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/gallery_parts.h"

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_SIZE = 4096, LIST_SIZE = 256 * 1024, COMMAND_SHOWN = 90 };

/* ---- The table ---- */

#define DELAYS "arm", "delay_mean_ms", "delay_low_ms", "delay_high_ms", "trials", "delivered"

static const struct gallery_kind kinds[] = {
    {.name = "delay-by-arm",
     .title = "Delay by arm and where it goes",
     .file = "summary.csv",
     .columns = {DELAYS, "part_processing_ms", NULL},
     .draw = gallery_draw_arms},
    {.name = "delay-by",
     .title = "Delay against",
     .script = "delay-by-axis",
     .file = "sizes.csv",
     .columns = {DELAYS, NULL},
     .draw = gallery_draw_axes},
    {.name = "delay-by",
     .title = "Delay against",
     .script = "delay-by-axis",
     .file = "summary.csv",
     .columns = {DELAYS, NULL},
     .draw = gallery_draw_axes},
    {.name = "ratio",
     .title = "Where end to end is faster",
     .script = "heat",
     .file = "summary.csv",
     .columns = {DELAYS, NULL},
     .draw = gallery_draw_heat},
    {.name = "distribution",
     .title = "How the delay is distributed",
     .file = "trials.csv",
     .columns = {"arm", "end", "delay_ns", NULL},
     .draw = gallery_draw_distribution},
    {.name = "wire-by-layer",
     .title = "Bytes on the wire by layer",
     .file = "summary.csv",
     .columns = {"arm", "wire_bytes", "layer_link_bytes", "layer_rest_bytes", NULL},
     .draw = gallery_draw_layers},
    {.name = "utilisation",
     .title = "How busy the CPUs of nodes are",
     .file = "summary.csv",
     .columns = {"arm", "delay_mean_ms", "ue_cpu_ms", "core_cpu_ms", "relay_cpu_ms", NULL},
     .draw = gallery_draw_utilisation},
    {.name = "load-by-node",
     .title = "How busy the nodes of the core are",
     .file = "load.csv",
     .columns = {"rate_ratio", "inadequate_ratio", "utilisation_p_cscf_a_ratio", "utilisation_hss_b_ratio", NULL},
     .draw = gallery_draw_load},
    {.name = "capacity",
     .title = "What the core can take beside files and calls",
     .file = "capacity.csv",
     .columns = {"arm", "of", "beside_per_s", "capacity_per_s", "file_bytes", NULL},
     .draw = gallery_draw_capacity},
    {.name = "against-measured",
     .title = "Simulated against measured delay",
     .script = "against",
     .file = "validation.csv",
     .columns = {"arm", "predicted_ns", "measured_ns", NULL},
     .draw = gallery_draw_against},
    {.name = "against-captured",
     .title = "Simulated against captured times",
     .script = "against",
     .file = "replay.csv",
     .columns = {"captured_ns", "simulated_ns", NULL},
     .draw = gallery_draw_against},
    {.name = "against-paper",
     .title = "Simulated against the paper's legible times",
     .script = "against",
     .file = "paper.csv",
     .columns = {"quantity", "figure", "simulated", "unit", "is", NULL},
     .draw = gallery_draw_against},
    {.name = "threats",
     .title = "Who can read and who can change unnoticed",
     .file = "threats.csv",
     .columns = {"arm", "attack", "read", "verdict", "delivered", NULL},
     .draw = gallery_draw_threats},
};

enum { KIND_COUNT = sizeof(kinds) / sizeof(*kinds) };

/* ---- Files of the folder ---- */

static const char *path_of(const struct gallery *gallery, const char *name, char path[PATH_SIZE])
{
    struct sink sink = {.data = path, .capacity = PATH_SIZE};

    sink_format(&sink, "%s/%s", gallery->wanted->folder, name);
    return sink_string(&sink);
}

enum err gallery_sheet(struct gallery *gallery, const char *name, const struct sheet **sheet)
{
    char path[PATH_SIZE];
    size_t i = 0;

    *sheet = NULL;
    while (i < GALLERY_FILES && gallery->files[i].name && strcmp(gallery->files[i].name, name) != 0)
        i++;
    if (i == GALLERY_FILES)
        return note_set(gallery->note, ERR_FULL, "%s: more tables than figures are made from", name);
    struct gallery_file *file = &gallery->files[i];

    if (!file->is_read) {
        file->name = name;
        file->is_there = access(path_of(gallery, name, path), R_OK) == 0;
        if (file->is_there)
            TRY(sheet_read(path, &file->sheet, gallery->note));
        file->is_read = true;
    }
    if (file->is_there)
        *sheet = &file->sheet;
    return ERR_OK;
}

static void free_files(struct gallery *gallery)
{
    for (size_t i = 0; i < GALLERY_FILES; i++)
        if (gallery->files[i].is_there)
            sheet_free(&gallery->files[i].sheet);
}

/* What stands behind "command: " in the manifest, as much as a line of a figure takes. */
static void find_command(struct gallery *gallery)
{
    struct sink sink = SINK(gallery->command);
    struct note ignored = {{0}};
    char path[PATH_SIZE];
    struct span text;

    if (sheet_read_text(path_of(gallery, "manifest.txt", path), &text, &ignored) == ERR_OK) {
        struct span line = span_after(text, span_find(text, SPAN("command: ")));

        line.size = span_find_byte(line, '\n');
        line = span_after(line, strlen("command: "));
        sink_bytes(&sink, line.data, line.size < COMMAND_SHOWN ? line.size : COMMAND_SHOWN);
        free((void *)text.data);
    }
    sink_string(&sink);
}

/* ---- What is assumed ---- */

/* Rows of a dwell table, those of them whose source says "assumed" (of several tables the one with most of these),
 * lines "name = value ; assumed..." of a scenario written in full, and where its spread of dwells goes. */
struct assumed {
    size_t dwells, dwells_assumed, parameters;
    struct sink spread;
};

static void count_dwells(const char *path, struct assumed *assumed)
{
    struct note ignored = {{0}};
    struct sheet sheet;

    if (sheet_read(path, &sheet, &ignored) != ERR_OK)
        return;
    size_t count = 0;

    for (size_t row = 0; row < sheet.row_count; row++) {
        struct span source = sheet_find(&sheet, row, "source");

        count += span_find(source, SPAN("assumed")) < source.size;
    }
    if (count > assumed->dwells_assumed) {
        assumed->dwells = sheet.row_count;
        assumed->dwells_assumed = count;
    }
    sheet_free(&sheet);
}

static size_t count_words(struct span text, struct span word)
{
    size_t count = 0;

    for (size_t at; (at = span_find(text, word)) < text.size; text = span_after(text, at + word.size))
        count++;
    return count;
}

/* The value of "spread" in the section [dwell], unless it is 0. */
static void find_spread(struct span scenario, struct assumed *assumed)
{
    struct span section = span_after(scenario, span_find(scenario, SPAN("[dwell]\n")));
    struct span line = span_after(section, span_find(section, SPAN("\nspread = ")));

    section.size -= line.size;
    if (line.size == 0 || span_find(section, SPAN("\n[")) < section.size)
        return;
    line = span_after(line, strlen("\nspread = "));
    line.size = span_find_byte(line, '\n');
    line.size = span_find(line, SPAN(" ;"));
    if (span_equal(line, SPAN("0")) || line.size >= assumed->spread.capacity)
        return;
    assumed->spread.size = 0;
    sink_bytes(&assumed->spread, line.data, line.size);
    sink_string(&assumed->spread);
}

static void read_scenario(const char *path, struct assumed *assumed)
{
    struct note ignored = {{0}};
    struct span text;

    if (sheet_read_text(path, &text, &ignored) != ERR_OK)
        return;
    size_t count = count_words(text, SPAN(" ; assumed"));

    assumed->parameters = count > assumed->parameters ? count : assumed->parameters;
    find_spread(text, assumed);
    free((void *)text.data);
}

static bool ends_in(struct span name, struct span ending)
{
    return name.size >= ending.size && span_equal(span_after(name, name.size - ending.size), ending);
}

static void count_in(const char *folder, struct assumed *assumed)
{
    DIR *list = opendir(folder);

    for (struct dirent *entry; list && (entry = readdir(list));) {
        char path[PATH_SIZE];
        struct sink sink = SINK(path);
        struct span name = span_of(entry->d_name);

        sink_format(&sink, "%s/%s", folder, entry->d_name);
        sink_string(&sink);
        if (sink.overflow || name.data[0] == '.')
            continue;
        if (span_find(name, SPAN("dwell")) < name.size && ends_in(name, SPAN(".csv")))
            count_dwells(path, assumed);
        else if (ends_in(name, SPAN(".ini")))
            read_scenario(path, assumed);
    }
    if (list)
        closedir(list);
}

static void count_assumed(struct gallery *gallery)
{
    struct sink sink = SINK(gallery->assumed);
    struct assumed assumed = {.spread = SINK(gallery->spread)};
    char path[PATH_SIZE];

    count_in(gallery->wanted->folder, &assumed);
    count_in(path_of(gallery, "inputs", path), &assumed);
    if (assumed.dwells_assumed > 0)
        sink_format(&sink, "%zu of %zu dwells%s", assumed.dwells_assumed, assumed.dwells,
                    assumed.parameters > 0 ? ", " : ".");
    if (assumed.parameters > 0)
        sink_format(&sink, "%zu parameters of the scenario, named in its copy beside the results.", assumed.parameters);
    sink_string(&sink);
}

/* ---- Drawing ---- */

static bool has_columns(const struct gallery_kind *kind, const struct sheet *sheet)
{
    for (size_t i = 0; i < GALLERY_COLUMNS && kind->columns[i]; i++)
        if (sheet_column(sheet, kind->columns[i]) == SIZE_MAX)
            return false;
    return sheet->row_count > 0;
}

static enum err draw_kinds(struct gallery *gallery)
{
    for (size_t i = 0; i < KIND_COUNT; i++) {
        const struct sheet *sheet;

        TRY(gallery_sheet(gallery, kinds[i].file, &sheet));
        if (sheet && has_columns(&kinds[i], sheet))
            TRY(kinds[i].draw(gallery, &kinds[i], sheet));
    }
    return ERR_OK;
}

static enum err save_list(const struct gallery *gallery)
{
    char path[PATH_SIZE];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/figures.tex", gallery->wanted->into);
    return figure_save_file(sink_string(&sink), sink_written(&gallery->list), gallery->note);
}

enum err gallery_draw(const struct gallery_wanted *wanted, struct gallery_told *told, struct note *note)
{
    struct gallery *gallery = calloc(1, sizeof(*gallery));

    *told = (struct gallery_told){.drawn = 0};
    if (!gallery)
        return note_set(note, ERR_FULL, "no memory for figures");
    gallery->wanted = wanted;
    gallery->told = told;
    gallery->note = note;
    gallery->has_gnuplot = figure_has_gnuplot();
    gallery->list = (struct sink){.data = malloc(LIST_SIZE), .capacity = LIST_SIZE};
    enum err error = gallery->list.data ? ERR_OK : note_set(note, ERR_FULL, "no memory for figures");

    if (error == ERR_OK) {
        find_command(gallery);
        count_assumed(gallery);
        error = draw_kinds(gallery);
    }
    if (error == ERR_OK && wanted->is_latex)
        error = save_list(gallery);
    free(gallery->list.data);
    free_files(gallery);
    free(gallery);
    return error;
}
