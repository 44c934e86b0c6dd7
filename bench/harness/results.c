/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/results.h"
#include "bench/harness/clock.h"
#include "bench/harness/input.h"
#include "sim/base/check.h"
#include "sim/base/csv.h"
#include "sim/base/units.h"

#include <errno.h>
#include <math.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#ifndef REVISION /* the build names it */
#define REVISION "unknown"
#endif
#ifndef COMPILER
#define COMPILER __VERSION__
#endif

enum { ROW_SIZE = 16 * 1024, MANIFEST_SIZE = 64 * 1024 };

/* ---- The folder ---- */

static enum err refuse(struct note *note, const char *path, int error)
{
    return note_set(note, error == ENOSPC || error == EDQUOT ? ERR_FULL : ERR_FILE, "%s: %s", path, strerror(error));
}

/* What stands above path, as far as it is missing. */
static enum err make_parents(const char *path, struct note *note)
{
    char parent[RESULTS_PATH_SIZE];

    for (size_t i = 1; path[i]; i++) {
        if (path[i] != '/' || path[i - 1] == '/')
            continue;
        struct sink sink = SINK(parent);

        sink_bytes(&sink, path, i);
        if (mkdir(sink_string(&sink), 0777) != 0 && errno != EEXIST)
            return refuse(note, parent, errno);
    }
    return ERR_OK;
}

void results_write_name(struct sink *sink, const char *name)
{
    for (; *name; name++) {
        bool is_plain = (*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') ||
                        (*name >= '0' && *name <= '9') || *name == '-' || *name == '_' || *name == '.';

        sink_char(sink, is_plain ? *name : '-');
    }
}

static void write_date(struct sink *sink, int64_t time_s, const char *format)
{
    time_t moment = (time_t)time_s;
    struct tm parts;
    char text[64];

    check(localtime_r(&moment, &parts) != NULL);
    sink_bytes(sink, text, strftime(text, sizeof(text), format, &parts));
}

enum err results_create(struct results *results, const char *wanted, const char *name, struct note *note)
{
    struct results made = {.started_s = (int64_t)time(NULL), .started_ns = clock_now_ns()};
    struct sink path = SINK(made.path);

    if (wanted) {
        sink_text(&path, wanted);
        while (path.size > 1 && !path.overflow && path.data[path.size - 1] == '/')
            path.size--;
    } else {
        sink_text(&path, "results/");
        results_write_name(&path, name);
        write_date(&path, made.started_s, "-%Y%m%d-%H%M%S");
    }
    sink_string(&path);
    if (path.overflow || path.size == path.capacity || path.size == 0)
        return note_set(note, ERR_FILE, "-o: a folder's name is expected, of at most %d bytes", RESULTS_PATH_SIZE - 1);
    TRY(make_parents(made.path, note));
    if (mkdir(made.path, 0777) != 0) {
        if (errno == EEXIST)
            return note_set(note, ERR_FILE, "%s exists already; results are never overwritten", made.path);
        return refuse(note, made.path, errno);
    }
    *results = made;
    return ERR_OK;
}

void results_path(const struct results *results, const char *name, char *path, size_t size)
{
    struct sink sink = {.data = path, .capacity = size};

    sink_text(&sink, results->path);
    sink_char(&sink, '/');
    sink_text(&sink, name);
    sink_string(&sink);
    check(!sink.overflow && sink.size < size);
}

enum err results_folder(const struct results *results, const char *name, struct note *note)
{
    char path[OUTFILE_PATH_SIZE];

    results_path(results, name, path, sizeof(path));
    return mkdir(path, 0777) == 0 ? ERR_OK : refuse(note, path, errno);
}

enum err results_open(const struct results *results, const char *name, struct outfile *file, struct note *note)
{
    char path[OUTFILE_PATH_SIZE];

    results_path(results, name, path, sizeof(path));
    return outfile_open(file, path, note);
}

enum err results_save(const struct results *results, const char *name, struct span content, struct note *note)
{
    struct outfile file;

    TRY(results_open(results, name, &file, note));
    outfile_write(&file, content);
    return outfile_close(&file, note);
}

/* ---- The manifest ---- */

/* The value of the first line "key : value" of a file of /proc, or nothing. */
static void write_proc_value(struct sink *sink, const char *path, const char *key)
{
    char line[512];
    FILE *file = fopen(path, "r");

    if (!file)
        return;
    while (fgets(line, sizeof(line), file)) {
        struct span text = span_of(line);
        size_t colon = span_find_byte(text, ':');

        if (colon == text.size || !span_equal(span_trim((struct span){line, colon}), span_of(key)))
            continue;
        text = span_after(text, colon + 1);
        text.size = span_find_byte(text, '\n');
        sink_span(sink, span_trim(text));
        break;
    }
    fclose(file);
}

void results_write_program(struct sink *sink)
{
    sink_format(sink, "revision: %s\ncompiler: %s\n", REVISION, COMPILER);
}

void results_write_word(struct sink *sink, const char *word)
{
    bool is_plain = *word != 0;

    for (const char *c = word; *c; c++)
        is_plain = is_plain && (strchr("-_./=:,%+@", *c) || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
                                (*c >= 'A' && *c <= 'Z'));
    if (is_plain) {
        sink_text(sink, word);
        return;
    }
    sink_char(sink, '\'');
    for (; *word; word++)
        if (*word == '\'')
            sink_text(sink, "'\\''");
        else
            sink_char(sink, *word);
    sink_char(sink, '\'');
}

static void write_machine(struct sink *sink)
{
    struct utsname system;

    sink_text(sink, "cpu: ");
    write_proc_value(sink, "/proc/cpuinfo", "model name");
    sink_format(sink, ", %ld online\n", sysconf(_SC_NPROCESSORS_ONLN));
    if (uname(&system) == 0)
        sink_format(sink, "system: %s %s %s\n", system.sysname, system.release, system.machine);
}

enum err results_save_manifest(const struct results *results, const struct results_manifest *manifest,
                               struct note *note)
{
    char text[MANIFEST_SIZE];
    struct sink sink = SINK(text);

    sink_text(&sink, "command:");
    for (size_t i = 0; i < manifest->word_count; i++) {
        sink_char(&sink, ' ');
        results_write_word(&sink, manifest->words[i]);
    }
    sink_char(&sink, '\n');
    results_write_program(&sink);
    sink_format(&sink, "seed: %llu\n", (unsigned long long)manifest->seed);
    write_machine(&sink);
    sink_text(&sink, manifest->libraries);
    if (manifest->remarks)
        sink_text(&sink, manifest->remarks);
    sink_text(&sink, "started: ");
    write_date(&sink, results->started_s, "%Y-%m-%d %H:%M:%S %z");
    sink_format(&sink, "\nwall_s: %.3f\n", (double)(clock_now_ns() - results->started_ns) / SECOND);
    if (sink.overflow)
        return note_set(note, ERR_FULL, "manifest.txt: the command is too long");
    return results_save(results, "manifest.txt", sink_written(&sink), note);
}

/* ---- Inputs ---- */

static const char *write_file_name(char text[FIELD_TEXT_SIZE], const char *prefix, const char *ending)
{
    struct sink sink = {.data = text, .capacity = FIELD_TEXT_SIZE};

    sink_text(&sink, prefix);
    sink_text(&sink, ending);
    return sink_string(&sink);
}

static enum err save_input(const struct results *results, enum input_kind kind, const char *name, const char *as,
                           struct note *note)
{
    struct input input;

    TRY(input_read(kind, span_of(name), SPAN(""), &input, note));
    enum err error = results_save(results, as, input.text, note);

    input_free(&input);
    return error;
}

enum err results_save_inputs(const struct results *results, const struct setup *setup, const char *prefix,
                             struct note *note)
{
    char text[SCENARIO_TEXT_SIZE];
    char name[FIELD_TEXT_SIZE];
    struct sink sink = SINK(text);

    scenario_file_write(&setup->file, &sink);
    check(!sink.overflow);
    TRY(results_save(results, write_file_name(name, prefix, ".ini"), sink_written(&sink), note));
    TRY(save_input(results, INPUT_DWELL, setup->file.scenario.dwell_table, write_file_name(name, prefix, "-dwell.csv"),
                   note));
    return save_input(results, INPUT_COST, setup->file.scenario.cost_table, write_file_name(name, prefix, "-cost.csv"),
                      note);
}

/* ---- Rows ---- */

static void end_row(struct sink *sink, struct outfile *file)
{
    sink_char(sink, '\n');
    check(!sink->overflow);
    outfile_write(file, sink_written(sink));
    sink->size = 0;
}

static void write_keys(struct sink *sink, const struct results_key *keys, size_t key_count, bool is_head)
{
    check(key_count <= RESULTS_KEYS_MAX);
    for (size_t i = 0; i < key_count; i++) {
        csv_write(sink, span_of(is_head ? keys[i].column : keys[i].value));
        sink_char(sink, ',');
    }
}

void results_write_trials_head(struct outfile *file, const struct results_key *keys, size_t key_count)
{
    char text[ROW_SIZE];
    struct sink sink = SINK(text);

    write_keys(&sink, keys, key_count, true);
    sink_text(&sink, "arm,trial,seed");
    for (const struct field *field = outcome_fields; field->name; field++) {
        sink_char(&sink, ',');
        field_write_column(field, &sink);
    }
    end_row(&sink, file);
}

void results_write_trials(struct outfile *file, const struct results_key *keys, size_t key_count,
                          const struct comparison *comparison, uint64_t seed)
{
    char text[ROW_SIZE];
    struct sink sink = SINK(text);

    for (size_t arm = 0; arm < comparison->arm_count; arm++)
        for (size_t trial = 0; trial < comparison->trials; trial++) {
            write_keys(&sink, keys, key_count, false);
            sink_format(&sink, "%s,%zu,%llu", comparison->arms[arm]->name, trial, (unsigned long long)seed);
            for (const struct field *field = outcome_fields; field->name; field++) {
                sink_char(&sink, ',');
                field_write_csv(field, comparison_outcome(comparison, arm, trial), &sink);
            }
            end_row(&sink, file);
        }
}

/* A comma, then the number in nine digits: nothing where it is not known, inf where no trial bounds it. */
static void write_cell(struct sink *sink, double value)
{
    sink_char(sink, ',');
    if (isfinite(value))
        sink_format(sink, "%.9g", value);
    else if (isinf(value))
        sink_text(sink, value > 0 ? "inf" : "-inf");
}

static void write_estimate(struct sink *sink, const struct comparison_estimate *estimate)
{
    write_cell(sink, estimate->mean_ms);
    write_cell(sink, estimate->mean_ms - estimate->half_ms);
    write_cell(sink, estimate->mean_ms + estimate->half_ms);
}

static void write_quantile(struct sink *sink, const struct quantile *quantile)
{
    write_cell(sink, quantile->value);
    write_cell(sink, quantile->low);
    write_cell(sink, quantile->high);
}

void results_write_summary_head(struct outfile *file, const struct results_key *keys, size_t key_count)
{
    static const char *const quantiles[] = {"p50", "p90", "p95", "p99"};
    char text[ROW_SIZE];
    struct sink sink = SINK(text);

    write_keys(&sink, keys, key_count, true);
    sink_text(&sink, "arm,exact,trials,delivered,failed_ratio,delay_mean_ms,delay_low_ms,delay_high_ms");
    for (size_t i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
        sink_format(&sink, ",%s_ms,%s_low_ms,%s_high_ms", quantiles[i], quantiles[i], quantiles[i]);
    sink_text(&sink, ",reference,pairs,difference_ms,difference_low_ms,difference_high_ms,variance_ratio,ranked");
    for (int part = 0; part < PART_COUNT; part++)
        sink_format(&sink, ",part_%s_ms", part_names[part]);
    sink_text(&sink, ",wire_bytes,retransmissions,cpu_ms,ue_cpu_ms,core_cpu_ms,relay_cpu_ms");
    for (int layer = 0; layer < COMPARISON_LAYERS; layer++)
        sink_format(&sink, ",%s_bytes", comparison_layer_names[layer]);
    end_row(&sink, file);
}

void results_write_summary_row(struct outfile *file, const struct results_key *keys, size_t key_count,
                               const struct results_summary *row)
{
    const struct comparison_arm *one = &row->one;
    char text[ROW_SIZE];
    struct sink sink = SINK(text);

    write_keys(&sink, keys, key_count, false);
    sink_format(&sink, "%s,%d,%llu,%llu", row->arm, row->is_exact, (unsigned long long)one->trials,
                (unsigned long long)one->delivered);
    write_cell(&sink, 1 - (double)one->delivered / (double)one->trials);
    write_estimate(&sink, &one->delay);
    write_quantile(&sink, &one->p50);
    write_quantile(&sink, &one->p90);
    write_quantile(&sink, &one->p95);
    write_quantile(&sink, &one->p99);
    sink_format(&sink, ",%s,%llu", row->reference, (unsigned long long)row->pair.difference.count);
    write_estimate(&sink, &row->pair.difference);
    write_cell(&sink, row->pair.variance_ratio);
    sink_format(&sink, ",%d", row->pair.is_ranked);
    for (int part = 0; part < PART_COUNT; part++)
        write_cell(&sink, one->parts_ms[part]);
    write_cell(&sink, one->wire_bytes);
    write_cell(&sink, one->retransmissions);
    write_cell(&sink, one->cpu_ms);
    write_cell(&sink, one->ue_cpu_ms);
    write_cell(&sink, one->core_cpu_ms);
    write_cell(&sink, one->relay_cpu_ms);
    for (int layer = 0; layer < COMPARISON_LAYERS; layer++)
        write_cell(&sink, one->layer_bytes[layer]);
    end_row(&sink, file);
}

void results_write_summary(struct outfile *file, const struct results_key *keys, size_t key_count,
                           const struct comparison *comparison)
{
    for (size_t arm = 0; arm < comparison->arm_count; arm++) {
        const struct results_summary row = {.arm = comparison->arms[arm]->name,
                                            .reference = comparison->arms[comparison->reference]->name,
                                            .is_exact = comparison->is_exact,
                                            .one = comparison_of_arm(comparison, arm),
                                            .pair = comparison_of_pair(comparison, arm, comparison->reference)};

        results_write_summary_row(file, keys, key_count, &row);
    }
}
