/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * markup.h - other people's text in HTML and SVG: shown, never interpreted. Names of files and the text of captured
 * messages may hold anything.
 */
#ifndef PLOTS_MARKUP_H
#define PLOTS_MARKUP_H

#include "sim/base/sink.h"

/* text with &, <, >, " and ' as references, so that it is safe between tags and in quoted attributes. Tab and newline
 * stay, a carriage return before a newline goes; other control characters and bytes that are no UTF-8 appear as \xNN.
 */
void markup_text(struct sink *sink, struct span text);

/* The same for a zero-terminated string. */
void markup_string(struct sink *sink, const char *text);

/* How long a valid UTF-8 sequence begins at the front (1 to 4), 0: none. */
size_t markup_sequence(struct span text);

#endif
