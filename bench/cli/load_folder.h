/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * load_folder.h - a results folder of a load or of capacities: NAME.csv for programs, NAME.txt as it was printed, the
 * inputs and the manifest. It is made before anything runs, so that one which cannot be is known early.
 */
#ifndef BENCH_CLI_LOAD_FOLDER_H
#define BENCH_CLI_LOAD_FOLDER_H

#include "bench/cli/command.h"
#include "bench/harness/results.h"

struct load_folder {
    bool is_wanted; /* -o was given */
    struct results results;
};

#define LOAD_FOLDER_OPTION                                                                                             \
    {                                                                                                                  \
        "-o", "DIR", "also write the table, the inputs and how it was made into a new folder, which report takes"      \
    }

MUST_USE enum err load_folder_open(struct load_folder *folder, const struct command_line *line, const char *scenario,
                                   struct note *note);

/* Nothing where no folder is wanted. text: as people read it. */
MUST_USE enum err load_folder_save(const struct load_folder *folder, const struct command_line *line,
                                   const struct setup *setup, const char *name, const struct table *table,
                                   struct span text, struct note *note);

#endif
