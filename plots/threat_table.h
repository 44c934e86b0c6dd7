/* SPDX-License-Identifier: GPL-3.0-or-later */
/* threat_table.h - threats.csv, a row a trial with an attack, as arms down and attacks across. */
#ifndef PLOTS_THREAT_TABLE_H
#define PLOTS_THREAT_TABLE_H

#include "plots/sheet.h"

enum { THREAT_NAMES_MAX = 64 };

/* Different cells of a column in order of appearance, at most THREAT_NAMES_MAX; borrowed from the sheet. */
struct threat_names {
    size_t count;
    struct span names[THREAT_NAMES_MAX];
};
void threat_names_find(const struct sheet *sheet, const char *column, struct threat_names *names);

/* What came of an attack on an arm at all places where it was tried. Harm is what nobody notices: what was sought was
 * read, or something else than the file arrived. */
struct threat_count {
    size_t places, harm, harmless, noticed; /* the other places: the attacker found no way */
};
struct threat_count threat_count_find(const struct sheet *sheet, struct span arm, struct span attack);

#endif
