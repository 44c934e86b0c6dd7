/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * page.h - one HTML page from a folder of results: the answer, figures, arms, the split of the difference, threats,
 * call flows with their messages, and what made it. Nothing is simulated and nothing is loaded from elsewhere: styles,
 * script and pictures stand in the page. Other people's text is shown, never interpreted.
 */
#ifndef PLOTS_PAGE_H
#define PLOTS_PAGE_H

#include "sim/base/span.h"

#include <stdio.h>

/* Writes the page of folder to out. A section whose files are missing is left out; a file that is there but cannot be
 * read is an error with a note: ERR_FILE, ERR_SYNTAX, ERR_FULL; ERR_FILE also for a folder without a table of results,
 * ERR_SYNTAX where no such table has a row. Errors of out are the caller's to find (ferror). */
MUST_USE enum err page_write(const char *folder, FILE *out, struct note *note);

#endif
