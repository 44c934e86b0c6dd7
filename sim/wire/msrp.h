/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * msrp.h - the MSRP codec (RFC 4975 section 9, RFC 4976 section 8): heads, Byte-Ranges, URIs and end-lines as functions
 * of bytes. Finding messages in a stream is msrp_session.h's business.
 */
#ifndef SIM_WIRE_MSRP_H
#define SIM_WIRE_MSRP_H

#include "sim/base/sink.h"

#define MSRP_RANGE_STAR UINT64_MAX /* "*": not known */

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

#endif
