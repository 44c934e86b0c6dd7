/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What compare and reproduce take from the command line, and what their manifests say of it.
 */
#include "bench/cli/headline.h"
#include "sim/base/units.h"

#include <gsl/gsl_version.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <pcap/pcap.h>
#include <stdio.h>

enum { TRIALS_MOST = 1000000, TRIALS_PRECISE = 10000, WORDS_MAX = 4 * COMMAND_WORDS_MAX + 2 };

enum err headline_read_plan(struct headline_plan *plan, const struct command_line *line, size_t standard,
                            struct note *note)
{
    const struct command_given *precision = command_option(line, "--precision");
    const struct command_given *list = command_option(line, "--arms");
    struct headline_plan read = {0};
    uint64_t trials, trials_max, jobs;

    TRY(command_number(line, "--trials", standard, 1, TRIALS_MOST, &trials, note));
    TRY(command_number(line, "--trials-max", TRIALS_PRECISE, COMPARISON_TRIALS_LEAST, TRIALS_MOST, &trials_max, note));
    TRY(command_number(line, "-j", headline_jobs(), 1, COMPARISON_JOBS_MAX, &jobs, note));
    if (precision) {
        struct note reason = {{0}};
        enum err error = units_read_ratio(span_of(precision->value), &read.precision, &reason);

        if (error != ERR_OK || !(read.precision > 0) || read.precision >= 1)
            return note_set(note, ERR_RANGE, "--precision %s: expected a share between 0 and 1, such as 1%%",
                            precision->value);
        if (command_option(line, "--trials"))
            return note_set(note, ERR_SYNTAX,
                            "--trials and --precision exclude each other: --trials-max bounds the "
                            "trials of --precision");
    } else if (command_option(line, "--trials-max")) {
        return note_set(note, ERR_SYNTAX, "--trials-max needs --precision");
    }
    read.trials = precision ? trials_max : trials;
    read.jobs = (unsigned)jobs;
    TRY(headline_choose(&read, list ? list->value : NULL, note));
    *plan = read;
    return ERR_OK;
}

static size_t list_words(const struct command_line *line, const char *words[WORDS_MAX])
{
    size_t count = 0;

    words[count++] = "hopsim";
    words[count++] = line->command->name;
    for (size_t i = 0; i < line->argument_count; i++)
        words[count++] = line->arguments[i];
    for (size_t i = 0; i < line->option_count; i++) {
        words[count++] = line->options[i].option->name;
        if (line->options[i].value)
            words[count++] = line->options[i].value;
        if (line->options[i].second)
            words[count++] = line->options[i].second;
    }
    return count;
}

enum err headline_save_manifest(const struct results *results, const struct command_line *line, uint64_t seed,
                                struct note *note)
{
    const char *words[WORDS_MAX];
    char libraries[1024];
    struct sink sink = SINK(libraries);
    size_t count = list_words(line, words);

    sink_format(&sink, "library: %s\nlibrary: %s\nlibrary: GSL %s\nlibrary: jansson %s\n",
                OpenSSL_version(OPENSSL_VERSION), pcap_lib_version(), gsl_version, jansson_version_str());
    struct results_manifest manifest = {
        .word_count = count, .words = words, .seed = seed, .libraries = sink_string(&sink), .remarks = NULL};

    return results_save_manifest(results, &manifest, note);
}
