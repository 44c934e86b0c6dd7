/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * gallery.h - the figures of a results folder, from its tables alone. One table declares them: the name, the title, the
 * file and the columns that a figure needs, and what draws it; those whose columns are there are drawn. What the folder
 * assumed is counted in its copies of the inputs and stands in each caption.
 */
#ifndef PLOTS_GALLERY_H
#define PLOTS_GALLERY_H

#include "sim/base/span.h"

enum { GALLERY_TEXT_SIZE = 512, GALLERY_EACH_MAX = 6 };

struct gallery_wanted {
    const char *folder; /* of results */
    const char *into;   /* where figures go; exists */
    bool is_latex;      /* NAME.tex and NAME.pdf by cairolatex, titles and captions in figures.tex */
};

struct gallery_told {
    size_t drawn, not_drawn;     /* figures */
    size_t points_left_out;      /* of a kind no more than GALLERY_EACH_MAX figures are drawn */
    char why[GALLERY_TEXT_SIZE]; /* of the first that was not drawn, one line; empty: all were */
};

/* Draws each figure that the folder has the columns for. A figure that gnuplot cannot draw is no error: its script and
 * data are there, and told says so. Errors: a table that is there but cannot be read, a full disk, with a note. */
MUST_USE enum err gallery_draw(const struct gallery_wanted *wanted, struct gallery_told *told, struct note *note);

#endif
