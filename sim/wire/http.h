/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * http.h - HTTP/1.1 heads (RFC 9112) with what a file's upload and download need: a method and a path, or a status;
 * Host, Content-Type, Content-Length. Bodies are framed by Content-Length alone: a message in chunks is refused.
 */
#ifndef SIM_WIRE_HTTP_H
#define SIM_WIRE_HTTP_H

#include "sim/base/sink.h"

enum { HTTP_HEAD_MAX = 8192 }; /* bytes of a head, RFC 9112 section 3 recommends as many for its first line alone */

/* A span of size 0 is a field that is absent. What was read points into the text. */
struct http_head {
    bool is_request;
    struct span method, target; /* requests: "PUT", "/files/1" */
    int status;                 /* responses: 100 to 999 */
    struct span host;
    struct span content_type;
    bool has_length;
    uint64_t length; /* of the body */
};

/* The phrase that goes with a status, empty for one that is not known here. */
struct span http_reason(int status);

/* Start line, fields and the empty line. A request is that of user agent "hopsim", a response that of server "hopsim".
 */
void http_write_head(const struct http_head *head, struct sink *sink);

/* A head at the front of text; *size is what it takes, the empty line included. Other fields are checked for form and
 * passed over. ERR_MORE: text ends inside the head; ERR_SYNTAX: not HTTP/1.1, folded lines, two lengths that differ, a
 * Transfer-Encoding, or a request without Host; ERR_RANGE: a length past 2^64 - 1. */
MUST_USE enum err http_parse_head(struct span text, struct http_head *head, size_t *size);

#endif
