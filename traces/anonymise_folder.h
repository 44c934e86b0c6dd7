/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * anonymise_folder.h - a folder of results once more, with other names for whoever and whatever its texts name: the
 * same as inspect and replay give. Numbers stay, and words that are nobody's names.
 */
#ifndef TRACES_ANONYMISE_FOLDER_H
#define TRACES_ANONYMISE_FOLDER_H

#include "sim/base/span.h"

/* What of the folder was taken over, and how many files were not, since they are no text of results: captures, keys,
 * figures and the page, which are drawn anew. */
struct anonymise_told {
    size_t written, left_out;
};

/* Copies messages.txt, manifest.txt, tables, texts and scenarios of folder into the new folder `into`, which may lie in
 * it by the name of one that is passed over: "anonymised" or "figures". ERR_FILE when that is there already or
 * a file cannot be read or written, ERR_SYNTAX for a messages.txt that is none, ERR_FULL; a note. */
MUST_USE enum err anonymise_folder(const char *folder, const char *into, struct anonymise_told *told,
                                   struct note *note);

#endif
