/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp.h - the MSRP codec (RFC 4975 section 9, RFC 4976 section 8): heads, Byte-Ranges, URIs and end-lines as functions
 * of bytes. Finding messages in a stream is msrp_session.h's business.
 */
#ifndef SIM_WIRE_MSRP_H
#define SIM_WIRE_MSRP_H

#include "sim/base/sink.h"

#define MSRP_RANGE_STAR UINT64_MAX /* "*": not known */

enum {
    MSRP_IDENT_MAX = 32,       /* characters of a transaction ID or a Message-ID, at most */
    MSRP_END_LINE_MAX = 44,    /* CRLF, seven dashes, transaction ID, flag, CRLF */
    MSRP_BODY_PLAIN_MAX = 2048 /* a longer body needs an interruptible chunk, RFC 4975 section 7.1.1 */
};

struct msrp_byte_range {
    uint64_t start, end, total; /* bytes count from 1; an empty message is 1-0/0 */
};

/* Start line and headers, as spans of the text they were parsed from. A span of size 0 is a header that is absent. */
struct msrp_head {
    bool is_request;
    struct span transaction_id;
    struct span method; /* requests */
    int status;         /* responses: 200 to 699 */
    struct span reason;
    struct span to_path, from_path;
    struct span message_id;
    bool has_range;
    struct msrp_byte_range range;
    struct span content_type;
    struct span success_report, failure_report; /* "yes", "no", "partial" */
    struct span report_status;                  /* Status of a REPORT: "000 200 OK" */
    struct span use_path, www_authenticate, authorization, expires;
    bool has_body; /* an empty line followed the headers */
};

struct msrp_uri {
    bool is_secure; /* msrps */
    struct span user;
    struct span host; /* an IPv6 address keeps its brackets */
    uint16_t port;    /* 0: none given */
    struct span session_id;
    struct span transport; /* "tcp" */
};

/* ---- Parsing: nothing is copied, every span points into text ---- */

/* A head at the front of text; *size is what it takes: with a body up to and including the empty line, without one up
 * to the dashes of the end-line. Headers that struct msrp_head does not name are checked for form and passed over.
 * ERR_MORE when text ends inside the head; the caller bounds its length. */
MUST_USE enum err msrp_parse_head(struct span text, struct msrp_head *head, size_t *size);

/* The same for one head after another of a stream, which mostly differ in transaction ID and Byte-Range alone: the last
 * head is kept, and of one like it only that is read. */
struct msrp_parser {
    struct msrp_head head;
    size_t size; /* of the text kept; 0: none */
    size_t id_size;
    size_t range_at, range_end; /* the value of Byte-Range; at the end when there is none */
    char text[1024];
};

/* *head belongs to the parser, zero before its first head. The spans point into text or into the parser, and hold until
 * the next call. Results and errors are msrp_parse_head's. */
MUST_USE enum err msrp_parser_head(struct msrp_parser *parser, struct span text, const struct msrp_head **head,
                                   size_t *size);

/* Seven dashes, transaction_id, flag, CRLF at the front of text. */
MUST_USE enum err msrp_parse_end(struct span text, struct span transaction_id, char *flag, size_t *size);

/* The value of a Byte-Range header, all of text. What the numbers mean together is the receiver's to judge. */
MUST_USE enum err msrp_parse_byte_range(struct span text, struct msrp_byte_range *range);

/* One URI, all of text. ERR_RANGE: a port beyond 65535. */
MUST_USE enum err msrp_parse_uri(struct span text, struct msrp_uri *uri);

/* Equality of RFC 4975 section 6.1: scheme, host and transport without regard to case, ports and session exactly. */
bool msrp_uri_equal(struct span a, struct span b);

/* The next URI off the front of a path of blank-separated ones; false when none is left. */
bool msrp_path_next(struct span *path, struct span *uri);

/* The same URIs, last first: own relays as AUTH and SDP list them (outermost first) become the way out through them. */
void msrp_path_reverse(struct span path, struct sink *sink);

/* The value of a parameter of a Digest header ("Digest realm=\"x\", qop=auth"), without its quotes; false: absent. */
bool msrp_digest_parameter(struct span header, struct span name, struct span *value);

/* ---- Writing: a span of size 0 is not written ---- */

/* Start line and headers in the order of struct msrp_head, Content-Type last; with has_body the empty line too. A
 * response without reason gets the standard one. */
void msrp_write_head(const struct msrp_head *head, struct sink *sink);
void msrp_write_byte_range(struct msrp_byte_range range, struct sink *sink); /* "1-2048/4385" */

/* "-------" transaction_id flag CRLF; the CRLF that ends a body comes before it. */
void msrp_write_end(struct span transaction_id, char flag, struct sink *sink);

/* A response in full (RFC 4975 section 7.2): To-Path is the request's From-Path (its first URI alone for a SEND, which
 * is answered hop by hop), From-Path the first URI of its To-Path. */
void msrp_write_response(const struct msrp_head *request, int status, struct sink *sink);

/* The head that msrp_write_response writes, for those who add headers to it. */
struct msrp_head msrp_response_head(const struct msrp_head *request, int status);

/* The comment that goes with a status, RFC 4975 section 10: "OK" for 200; empty for a status without one. */
struct span msrp_reason(int status);

#endif
