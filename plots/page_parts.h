/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * page_parts.h - what the sections of a page share: writing to it, and the rows of its table of sections.
 */
#ifndef PLOTS_PAGE_PARTS_H
#define PLOTS_PAGE_PARTS_H

#include "plots/sheet.h"

#include <stdio.h>

enum { PAGE_PATH_SIZE = 4096 };

struct page {
    const char *folder;
    FILE *out;
    struct note *note;
    struct sheet summary;
    struct span manifest;
};

/* Markup of ours, as it is. */
void page_put(const struct page *page, const char *markup);

/* printf of ours; %s only for what is ours too. */
void page_print(const struct page *page, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Anybody's text, escaped. */
void page_text(const struct page *page, struct span text);

/* folder/name; the path is cut where it would not fit. */
const char *page_path(const struct page *page, const char *name, char path[PAGE_PATH_SIZE]);
bool page_has(const struct page *page, const char *name);

/* A cell of a table: right-aligned when it holds a number, with the number itself for sorting. */
void page_cell(const struct page *page, struct span text);
void page_number(const struct page *page, double number, int decimals); /* empty for NAN */

/* The value behind "key: " in the manifest, empty when it is not there. */
struct span page_manifest(const struct page *page, const char *key);

/* Sections: whether there is something to show, and showing it. */
struct page_section {
    const char *id, *heading;
    bool (*has)(const struct page *page);
    enum err (*write)(const struct page *page);
};

bool page_has_answer(const struct page *page);
enum err page_write_answer(const struct page *page);
bool page_has_figures(const struct page *page);
enum err page_write_figures(const struct page *page);
bool page_has_arms(const struct page *page);
enum err page_write_arms(const struct page *page);
bool page_has_flows(const struct page *page);
enum err page_write_flows(const struct page *page);

#endif
