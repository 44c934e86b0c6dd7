/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * drawing.h - call flows as files: what --ladder-svg writes. Messages go through a messages.csv, the user's own or one
 * in a folder that is there for as long as the command works.
 */
#ifndef BENCH_CLI_DRAWING_H
#define BENCH_CLI_DRAWING_H

#include "plots/flow_svg.h"
#include "traces/session.h"
#include "traces/outfile.h"

/* The drawings side by side into a file. Errors as flow_svg_write and outfile_open. */
MUST_USE enum err drawing_save(const struct flow_drawing *drawings, size_t count, const char *path, struct note *note);

/* The messages of a capture as folder/messages.csv and folder/messages.txt; the folder exists. Copies and TLS records
 * are left out. Errors as outfile_open. */
MUST_USE enum err drawing_save_messages(const struct flow *flow, const char *folder, struct note *note);

/* The same of one session of it, by places: "P-CSCF(A)". */
MUST_USE enum err drawing_save_session(const struct session *session, const char *folder, struct note *note);

#endif
