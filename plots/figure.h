/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * figure.h - figures from CSV files by gnuplot, an external program. A figure NAME in a folder is NAME.gp, which any
 * gnuplot draws again from there, beside NAME.csv, style.gp, NAME.svg, NAME.png and NAME.pdf; for LaTeX NAME.tex and
 * NAME.pdf in place of these. The caller writes the CSV.
 */
#ifndef PLOTS_FIGURE_H
#define PLOTS_FIGURE_H

#include "sim/base/span.h"

/* The scripts of plots/, built into the program, and the page's "page.css" and "page.js". Ends with a row whose name is
 * NULL. */
struct figure_script {
    const char *name;
    const char *text;
};
extern const struct figure_script figure_scripts[];

/* The text of one of them, which must be there. */
const char *figure_script_text(const char *name);

enum { FIGURE_SETTINGS_MAX = 24, FIGURE_TEXT_SIZE = 1024, FIGURE_SECONDS_MAX = 180 };

/* How high a figure's title with its subtitle stands, and its caption, in points (style.gp); its script says so as
 * title_points and caption_points, so that where they are shown as text the picture can be cut to what is between. */
enum { FIGURE_TITLE_POINTS = 50, FIGURE_CAPTION_POINTS = 10, FIGURE_LINE_POINTS = 15 };

/* A variable of the script: text in quotes, or a number. */
struct figure_setting {
    const char *name;
    bool is_number;
    char text[FIGURE_TEXT_SIZE];
};

struct figure {
    const char *folder; /* exists */
    const char *name;   /* of the files */
    const char *script; /* one of figure_scripts: "delay-by-arm" */
    const char *title, *subtitle;
    const char *caption; /* what is assumed, where numbers come from; "\n" begins another line */
    bool is_latex;       /* text is set by LaTeX (cairolatex), title and caption are left to it */
    int seconds_max;     /* gnuplot is ended after so long; 0: FIGURE_SECONDS_MAX */
    size_t setting_count;
    struct figure_setting settings[FIGURE_SETTINGS_MAX];
};

/* Adds a setting; the text is copied and must fit. */
void figure_set_text(struct figure *figure, const char *name, const char *text);
void figure_set_number(struct figure *figure, const char *name, double number);

/* A whole file or none, in place of one of that name. ERR_FILE or ERR_FULL with a note. */
MUST_USE enum err figure_save_file(const char *path, struct span content, struct note *note);

/* Whether there is a gnuplot to run. */
bool figure_has_gnuplot(void);

/* Writes NAME.gp and style.gp. ERR_FILE or ERR_FULL with a note. */
MUST_USE enum err figure_save(const struct figure *figure, struct note *note);

/* Runs gnuplot on NAME.gp: NAME.svg, NAME.png and NAME.pdf (NAME.tex and NAME.pdf), all whole or none. ERR_FILE with a
 * note in one line when gnuplot is not there or says no, ERR_FULL when it does not end. */
MUST_USE enum err figure_draw(const struct figure *figure, struct note *note);

#endif
