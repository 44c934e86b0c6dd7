/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gallery_parts.h - what the kinds of figures share: the row of their table, and making a picture from data. */
#ifndef PLOTS_GALLERY_PARTS_H
#define PLOTS_GALLERY_PARTS_H

#include "plots/figure.h"
#include "plots/gallery.h"
#include "plots/points.h"

enum { GALLERY_FILES = 12, GALLERY_COLUMNS = 8, PICTURE_CSV_SIZE = 2 << 20, PICTURE_TEXT_SIZE = 2048 };

struct gallery {
    const struct gallery_wanted *wanted;
    struct gallery_told *told;
    struct note *note;
    bool has_gnuplot;
    struct gallery_file {
        const char *name;
        bool is_read, is_there;
        struct sheet sheet;
    } files[GALLERY_FILES];
    char spread[32];                 /* of dwells, which nobody measured: "30%"; empty: none */
    char assumed[PICTURE_TEXT_SIZE]; /* what else is: "3 of 40 dwells, 5 parameters of..."; empty: nothing known */
    char command[PICTURE_TEXT_SIZE]; /* that made the folder, at most COMMAND_SHOWN of it */
    struct sink list;                /* of figures.tex */
};

/* A kind of figure. Its script is of the same name unless given. */
struct gallery_kind {
    const char *name, *title, *script, *file;
    const char *columns[GALLERY_COLUMNS]; /* of file, NULL-terminated */
    enum err (*draw)(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet);
};

enum err gallery_draw_arms(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet);
enum err gallery_draw_axes(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet);
enum err gallery_draw_heat(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet);
enum err gallery_draw_distribution(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet);
enum err gallery_draw_layers(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet);
enum err gallery_draw_utilisation(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet);
enum err gallery_draw_capacity(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet);
enum err gallery_draw_load(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet);
enum err gallery_draw_against(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet);
enum err gallery_draw_threats(struct gallery *gallery, const struct gallery_kind *kind, const struct sheet *sheet);

/* A table of the folder, read once; NULL with ERR_OK when there is none. */
MUST_USE enum err gallery_sheet(struct gallery *gallery, const char *name, const struct sheet **sheet);

/* ---- A picture in the making ---- */

struct picture {
    struct gallery *gallery;
    const struct gallery_kind *kind;
    struct figure figure;
    struct sink name, title, subtitle, caption, csv, more_csv;
    double height;
    bool is_exact; /* of trials in which nothing is random: no spread of dwells either */
    char texts[4][PICTURE_TEXT_SIZE];
};

/* An empty picture called after the kind, with its title; NULL without memory, with a note. picture_free in any case.
 */
struct picture *picture_create(struct gallery *gallery, const struct gallery_kind *kind);
void picture_free(struct picture *picture);

/* The number that a row of summary.csv (or several, low to high) stands for, into the caption, and what is shown of
 * them: means with their intervals, or alone. */
void picture_tell_trials(struct picture *picture, const struct points *points, size_t group, bool has_interval);

/* How large the file was, into the subtitle, where the keys of the point do not say it: the trials know. */
MUST_USE enum err picture_tell_file(struct picture *picture, const struct sheet *summary);

/* A cell of the data, with the comma before it unless it is the first of its row; nothing for a number that is not
 * finite. */
void picture_number(struct sink *csv, double number);
void picture_label(struct sink *csv, struct span text);

/* The name of an arm as figures write it, the proposal and its baselines marked: "* msrp-smime", "(a) message-tls". */
void picture_arm(struct sink *sink, struct span arm);

/* Ends it: data, script, drawing. The second table, where there is one, is NAME-ENDING.csv. */
MUST_USE enum err picture_save(struct picture *picture, const char *more_ending);

/* Leaves in points the groups that have a figure: those with at least half as many rows as the largest (a bound with
 * few arms has none); of more than GALLERY_EACH_MAX the first, the middle and the last. */
void picture_groups(struct gallery *gallery, struct points *points);

#endif
