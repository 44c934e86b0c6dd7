/* SPDX-License-Identifier: GPL-3.0-or-later */
/* reader_state.h - what the files of the reader and the listener share. */
#ifndef TRACES_READER_STATE_H
#define TRACES_READER_STATE_H

#include "traces/listen.h"

typedef enum err read_fn(struct reader *reader, struct span bytes, const struct piece *piece, size_t *used);

/* A message of the reader's direction with all texts "". */
struct trace_message reader_message(const struct reader *reader, int protocol, const struct piece *piece);

/* Makes it one that has read nothing, of the same direction; its buffer stays. */
void reader_begin(struct reader *reader);

/* The other direction of the connection; NULL where nothing of it has come. */
struct reader *listener_peer(struct listener *listener, const struct reader *reader);

/* Where opened records of one piece are put one behind the other, until they are read; it holds them all. */
struct sink *listener_plain(struct listener *listener);

/* ---- TLS ---- */

/* Whether a record may begin here, by its header: RFC 8446 section 5.1. */
bool tls_is_record(struct span bytes);

read_fn reader_read_tls;

/* The reader of what was opened since this was asked last, which lies in listener_plain; piece gets the time of its
 * first byte. NULL: nothing was. */
struct reader *tls_side_within(struct reader *reader, struct piece *piece);

/* Bytes are missing here, records too for all that is known. The reader within, NULL where there is none. */
struct reader *tls_side_gap(struct reader *reader);
void tls_side_free(struct reader *reader);

#endif
