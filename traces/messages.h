/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * messages.h - the messages of a trial as two files, from which ladders are drawn: messages.csv, a row a message, and
 * messages.txt, the text of each.
 *
 * messages.csv has the columns MESSAGES_COLUMNS and ends lines in LF; fields are quoted where RFC 4180 asks for it;
 * a cell is empty where there is no time (lost, or a dwell not known). Rows stand in the order in which the
 * trial tells of messages; number is the order of sending.
 *
 * messages.txt is a run of entries: a line "message NUMBER PROTOCOL SIZE of BYTES", SIZE bytes of text, an empty line.
 * SIZE is less than BYTES where a long body is cut. Messages without text have no entry.
 */
#ifndef TRACES_MESSAGES_H
#define TRACES_MESSAGES_H

#include "sim/sim.h"
#include "traces/outfile.h"

#define MESSAGES_COLUMNS "number,sent_ns,received_ns,from,to,protocol,label,bytes,dwell_ns,is_again"

struct messages {
    struct outfile table, texts;
};

/* Starts both files. Errors as outfile_open. */
MUST_USE enum err messages_open(struct messages *messages, const char *csv_path, const char *txt_path,
                                struct note *note);

/* For sim_tap: context is a struct messages. */
void messages_add(void *context, const struct sim_message *message);

/* Ends and names both. Errors as outfile_close; after a failure neither is left. */
MUST_USE enum err messages_close(struct messages *messages, struct note *note);
void messages_discard(struct messages *messages);

/* An entry of messages.txt; spans point into the text it was cut from. */
struct messages_entry {
    uint64_t number;
    struct span protocol;
    uint64_t bytes; /* of the whole message */
    struct span text;
};

/* Cuts the first entry off the front. ERR_MORE when text ends inside it, ERR_SYNTAX. */
MUST_USE enum err messages_cut_entry(struct span *text, struct messages_entry *entry);

#endif
