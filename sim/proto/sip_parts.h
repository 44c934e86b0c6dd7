/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_parts.h - a file in SIP MESSAGEs (RFC 3428), each as large as a limit allows and numbered by a header of its own,
 * "File-Part: 00000002/00000048": how large the parts are, what a part's MESSAGE is, and which part a MESSAGE brings.
 */
#ifndef SIM_PROTO_SIP_PARTS_H
#define SIM_PROTO_SIP_PARTS_H

#include "sim/proto/sip_ua.h"

enum { SIP_PARTS_MAX = 99999999, SIP_PARTS_HEADER_SIZE = 64 };

struct sip_parts {
    const char *target;       /* whose the file is to be; outlives the parts, as does what follows */
    const char *content_type; /* of each part */
    struct slice file;
    uint64_t part_bytes; /* of the file in each part but the last */
    uint64_t count;      /* at least one: an empty file is an empty part */
    char header[SIP_PARTS_HEADER_SIZE];
};

/* Cuts parts->file so that a whole MESSAGE of ua takes limit_bytes at most. limit_name is what a user calls the limit.
 * ERR_RANGE with a note when the headers leave no room, or when there are more than SIP_PARTS_MAX. */
enum err sip_parts_fit(struct sip_parts *parts, struct sip_ua *ua, uint64_t limit_bytes, const char *limit_name,
                       struct note *note);

/* Part number part, from 1 to parts->count; its headers lie in parts until the next call. */
struct sip_ua_message sip_parts_message(struct sip_parts *parts, uint64_t part);

/* The numbers in a MESSAGE's head; false when there are none, or the part is not one of count. */
bool sip_parts_read(struct span head, uint64_t *part, uint64_t *count);

#endif
