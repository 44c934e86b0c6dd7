/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sdp.h - the session descriptions of an MSRP session (RFC 4566; RFC 4975 section 8, RFC 4976, RFC 6135, RFC 6714, RFC
 * 8122) and of a file that goes over it (RFC 5547): one struct written to and read from text, and the rewriting that a
 * node does which puts itself into the media's way.
 */
#ifndef SIM_WIRE_SDP_H
#define SIM_WIRE_SDP_H

#include "sim/base/sink.h"

enum sdp_setup { SDP_SETUP_ABSENT, SDP_SETUP_ACTIVE, SDP_SETUP_PASSIVE, SDP_SETUP_ACTPASS, SDP_SETUP_COUNT };
enum sdp_direction { SDP_SENDRECV, SDP_SENDONLY, SDP_RECVONLY, SDP_INACTIVE, SDP_DIRECTION_COUNT };

/* A span of size 0 is a line or selector that is absent. What was read points into the text. */
struct sdp_msrp {
    struct span user;         /* of o=; written "-" when absent */
    uint64_t session_id;      /* of o= */
    uint64_t version;         /* of o= */
    struct span host;         /* of c= and o=: an address, "192.168.80.1" or "2001:db8::1" */
    uint16_t port;            /* of m=; 0: refused or closed */
    bool is_tls;              /* TCP/TLS/MSRP, else TCP/MSRP */
    struct span path;         /* URIs separated by blanks, as a=path has them: outermost relay first, own URI last */
    struct span accept_types; /* separated by blanks; "*": all */
    enum sdp_direction direction; /* of a file: the one who sends it writes sendonly, RFC 5547 section 8 */
    enum sdp_setup setup;
    bool has_cema;         /* a=msrp-cema */
    bool has_file;         /* a=file-selector */
    struct span file_name; /* as it stands between the quotes; see sdp_file_name */
    struct span file_type;
    bool has_file_size;
    uint64_t file_size;
    struct span file_hash; /* "sha-1:72:24:5F:..." */
    struct span file_transfer_id;
    struct span file_disposition; /* "attachment", "render" */
    struct span fingerprint;      /* "SHA-256 4A:AD:..." */
};

void sdp_write(const struct sdp_msrp *sdp, struct sink *sink);

/* The first m=message line with MSRP and what belongs to it; other lines are passed over. LF without CR ends a line
 * too. ERR_MORE: the text ends inside a line, or before such a line and its a=path have come; ERR_SYNTAX: not SDP, or a
 * media description without a=path; ERR_RANGE: a number that is too large. */
MUST_USE enum err sdp_read(struct span text, struct sdp_msrp *sdp);

/* A file name with the percent-encoding of RFC 5547 that makes it fit between quotes. */
void sdp_file_name(struct span name, struct sink *sink);

/* Where a leg of the media ends: what a back-to-back user agent or a gateway writes in the place of what it got. */
struct sdp_leg {
    struct span path; /* size 0: the path stays (a gateway of RFC 6714) */
    struct span host;
    uint16_t port;
    bool is_tls;
    struct span fingerprint; /* size 0: an a=fingerprint is left out where the leg has no TLS, kept where it has */
};

/* The description with leg's path, host (c= lines), port and protocol (m=message line); all other lines as they are.
 * false: it has no MSRP media line; out is then untouched. */
bool sdp_replace_leg(struct span sdp, const struct sdp_leg *leg, struct sink *out);

#endif
