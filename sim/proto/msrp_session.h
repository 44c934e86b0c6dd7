/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp_session.h - the two ends of an MSRP session (RFC 4975 sections 5 to 7) as state machines over byte streams: a
 * reader that takes any split of the stream, a sender that cuts a body into chunks, a receiver that puts chunks
 * together and answers them. They write through a writer that the owner joins to a socket, TLS or a simulated stream.
 */
#ifndef SIM_PROTO_MSRP_SESSION_H
#define SIM_PROTO_MSRP_SESSION_H

#include "sim/base/slice.h"
#include "sim/wire/msrp.h"

/* Where written bytes go. acknowledges: these bytes only acknowledge (a response, a REPORT). */
struct msrp_writer {
    void *context;
    uint64_t (*room)(void *context); /* bytes that may be written now; headers may exceed it by one message */
    void (*bytes)(void *context, const void *bytes, size_t size, bool acknowledges);
    void (*slice)(void *context, struct slice slice, bool acknowledges);
};

/* ---- Reader: from a stream of slices to heads, bodies and ends ---- */

struct msrp_reader_events {
    /* A request's or response's start line and headers are complete. Spans are valid during the call. */
    void (*head)(void *context, const struct msrp_head *head);
    /* Bytes of the body of the request whose head came last; where they stand in the chunk, from 0. */
    void (*body)(void *context, uint64_t at, struct slice slice);
    /* The end-line: flag is '$', '+' or '#'. */
    void (*end)(void *context, char flag);
};

struct msrp_reader; /* limits: a head of at most 8 KiB */
struct msrp_reader *msrp_reader_create(struct arena *arena, void *context, const struct msrp_reader_events *events);

/* Takes what stream holds beyond what was taken before (offsets of the stream), as far as it is complete, and says up
 * to which offset the stream may be released. Of a body whose Byte-Range gives its end, slices of lasting sources are
 * passed on by reference without a look at their bytes, so an end-line that comes early must have been written as
 * bytes; other bodies are searched for their end-line. ERR_SYNTAX: the peer speaks no MSRP, close. */
MUST_USE enum err msrp_reader_take(struct msrp_reader *reader, struct rope *stream, uint64_t *released);

/* ---- Sender ---- */

struct msrp_send_config {
    const char *to_path; /* URIs separated by blanks, first hop first */
    const char *from_path;
    const char *content_type;
    struct slice body;    /* the whole message as carried */
    uint64_t chunk_bytes; /* 0: one interruptible chunk of all (few-large); else at most that many bytes a chunk */
    uint32_t window;      /* SENDs not yet answered, at most; 0: no limit */
    uint64_t identity;    /* transaction IDs and the Message-ID are made from it */
    bool has_star; /* Byte-Range without the chunk's end ("1-*" + total) where RFC 4975 wants it: above 2,048 B */
    const char *success_report, *failure_report; /* NULL: not written; "yes", "no", "partial" */
    int64_t timeout_ns; /* RFC 4975: 30 s from the last byte of a SEND entering the socket buffer */
    struct msrp_writer writer;
};

enum msrp_sender_state { MSRP_SENDING, MSRP_WAITING, MSRP_SENT, MSRP_FAILED };

struct msrp_sender;
struct msrp_sender *msrp_sender_create(struct arena *arena, const struct msrp_send_config *config);

/* Writes as much as room and window allow. Call it first, when room has come, and after responses. */
void msrp_sender_pump(struct msrp_sender *sender, int64_t now_ns);

/* A response to one of its SENDs: 200, or an error that ends the sending (RFC 4975 section 7.1.2). */
void msrp_sender_answered(struct msrp_sender *sender, int64_t now_ns, const struct msrp_head *response);

/* A REPORT: it counts if it is about this message. One of success tells that its range has been received, any other
 * status ends the sending (RFC 4975 section 7.1.2). */
void msrp_sender_reported(struct msrp_sender *sender, const struct msrp_head *report);

/* When to call msrp_sender_wake: the first transaction timeout, or the end of the wait for errors; INT64_MAX when none.
 */
int64_t msrp_sender_wake_ns(const struct msrp_sender *sender);
void msrp_sender_wake(struct msrp_sender *sender, int64_t now_ns);

/* How many bytes of the body there are so far, for one that is still being made; all, unless this has been called. */
void msrp_sender_offer(struct msrp_sender *sender, uint64_t bytes);

/* Makes way for another message on the same connection (RFC 4975 section 5.1): no chunk is begun until the resume. The
 * one in progress is ended with '+' where it is, if it may be (it is longer than 2,048 bytes), else goes on to its end:
 * msrp_sender_in_chunk says so. */
void msrp_sender_interrupt(struct msrp_sender *sender, int64_t now_ns);
void msrp_sender_resume(struct msrp_sender *sender);

/* Whether a chunk is begun but not ended: who shares the writer must not write now. */
bool msrp_sender_in_chunk(const struct msrp_sender *sender);

/*
 * SENT: every chunk has been written and answered, and where Success-Report asked for it all bytes have been reported.
 * With Failure-Report "no" nothing is answered (RFC 4975 section 7.1.1), so it is SENT when all is written. With
 * "partial" an error may come, and no more than silence says that all is well: without a report it is SENT when
 * timeout_ns have passed since the last byte, the RFC's one word on how long an answer may take. Whoever ended the
 * session before would have asked for errors not to hear them. One that comes later still makes it FAILED.
 */
enum msrp_sender_state msrp_sender_state(const struct msrp_sender *sender);
int msrp_sender_status(const struct msrp_sender *sender); /* of the failure; 408 for a timeout */

/* Whether a response with that status says that its session is of no use on this connection any more: 481, 506 (RFC
 * 4975 sections 10.8, 10.10). Every other refuses the message alone (413, 415: sections 10.5, 10.6), and the session
 * may carry more. */
bool msrp_status_ends_session(int status);
uint64_t msrp_sender_chunks(const struct msrp_sender *sender); /* written so far */

/* ---- Receiver ---- */

struct msrp_receive_config {
    const char *own_uri;             /* requests for another URI get 481 */
    uint64_t size_max;               /* a message that would be longer gets 413 */
    const char *const *accept_types; /* NULL-terminated; another Content-Type gets 415; NULL: all */
    uint64_t identity;
    struct msrp_writer writer;
    void *context;
    /* The whole message is there: length bytes of content_type; the slices were passed to body. */
    void (*body)(void *context, uint64_t offset, struct slice slice); /* offset in the message, from 0 */
    void (*complete)(void *context, uint64_t length, struct span content_type);
    /* NULL, or told when a chunk gets its 413 before its end (RFC 4975 section 10.5): the owner calls _answer for this
     * and not for the end. */
    void (*refused)(void *context);
};

struct msrp_receiver;
struct msrp_receiver *msrp_receiver_create(struct arena *arena, const struct msrp_receive_config *config);

/* The reader's events for requests. The answer is not written but kept: the owner calls _answer once for each end when
 * the node has worked on it (its dwell). Chunks may come in any order and overlap; what is already there is not told
 * twice. Up to four messages may be incomplete at once, chunks of one between those of another (RFC 4975 section 5.1);
 * a chunk for one more gets 413. A SEND without a body is answered and completes nothing. */
void msrp_receiver_head(struct msrp_receiver *receiver, const struct msrp_head *head);
void msrp_receiver_body(struct msrp_receiver *receiver, uint64_t at, struct slice slice);
void msrp_receiver_end(struct msrp_receiver *receiver, char flag);

/* The Content-Type of the message whose bytes are being told, or that is complete: while body or complete is called. */
struct span msrp_receiver_content_type(const struct msrp_receiver *receiver);

/* Writes the answer to the oldest request, and the REPORT that it may have asked for; answers keep the order of
 * requests. false: nothing was written, since none is kept or Failure-Report (or a REPORT) wants no answer. */
bool msrp_receiver_answer(struct msrp_receiver *receiver);

#endif
