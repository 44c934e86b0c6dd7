/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * booktabs.h - the tables of a results folder for LaTeX, with the package booktabs: arms with number, mean and
 * interval, and the split of the difference. Beside them report.tex, a document that shows all tables and figures.
 */
#ifndef PLOTS_BOOKTABS_H
#define PLOTS_BOOKTABS_H

#include "sim/base/sink.h"

/* Writes into/tables.tex and into/report.tex, which reads tables.tex and figures.tex. Errors as sheet_read and
 * figure_save_file, with a note. */
MUST_USE enum err booktabs_save(const char *folder, const char *into, struct note *note);

/* TeX's own characters escaped; what is no printable ASCII becomes a question mark, but for a few signs of ours. */
void booktabs_text(struct sink *sink, struct span text);

#endif
