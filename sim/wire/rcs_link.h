/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * rcs_link.h - what a content server answers an upload with and a MESSAGE carries to the receiver: where a file lies,
 * as application/vnd.gsma.rcs-ft-http+xml (GSMA RCC.07, file transfer over HTTP). Written whole; of what is read, the
 * description of the file itself counts (that of a thumbnail is passed over).
 */
#ifndef SIM_WIRE_RCS_LINK_H
#define SIM_WIRE_RCS_LINK_H

#include "sim/base/sink.h"

#define RCS_LINK_TYPE "application/vnd.gsma.rcs-ft-http+xml"

/* What was read points into the text, escapes as they stand there: none is needed in what is written here. */
struct rcs_link {
    uint64_t file_size;
    struct span file_name; /* size 0: none */
    struct span content_type;
    struct span url;
    struct span until; /* "2013-01-08T00:00:00Z" */
};

/* No member may hold a character that XML escapes: < > & " ' */
void rcs_link_write(const struct rcs_link *link, struct sink *sink);

/* All of text. ERR_SYNTAX: no such document, or without size, content type or URL of a file. */
MUST_USE enum err rcs_link_read(struct span text, struct rcs_link *link);

/* Host and path of "https://host/path". ERR_SYNTAX: another scheme, a port, or nothing behind the host. */
MUST_USE enum err rcs_link_split(struct span url, struct span *host, struct span *path);

#endif
