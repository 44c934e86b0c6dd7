/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * trace.h - what captures hold, as messages of SIP, MSRP, Diameter and TLS with their times: the model that `inspect`
 * tells of and `replay` starts from. Messages are kept up to a limit and counted beyond it, so memory does not grow
 * with the captures.
 */
#ifndef TRACES_TRACE_H
#define TRACES_TRACE_H

#include "traces/packets.h"

enum trace_protocol { TRACE_SIP, TRACE_MSRP, TRACE_DIAMETER, TRACE_TLS, TRACE_PROTOCOL_COUNT };
extern const char *const trace_protocol_names[];
enum trace_transport { TRACE_UDP, TRACE_TCP };

/* A message on one hop. Texts live as long as the trace; "" where a message has no such thing. */
struct trace_message {
    uint64_t frame;            /* in which it was whole, of its tap's file */
    int64_t first_ns, last_ns; /* of the frames with its first and its last byte */
    uint16_t tap;              /* number of the file, counting from 0 */
    uint8_t protocol;          /* enum trace_protocol */
    uint8_t transport;         /* enum trace_transport */
    bool is_request;
    bool is_copy;       /* the same packet once more, at another place of the capture */
    bool is_again;      /* sent before on this hop, and no copy; flow_init sets it */
    bool is_in_tls;     /* it was opened with the connection's secrets */
    bool wants_report;  /* MSRP: Success-Report: yes */
    bool is_malformed;  /* libosip2 refuses it; kind is what its start line says */
    uint32_t fragments; /* IP fragments it came in; 1: none */
    uint64_t bytes;
    struct endpoint from, to;
    const char *kind; /* "INVITE", "INVITE/200", "SEND", "SEND/200", "LIR", "ClientHello" */
    int status;       /* of a response; of a Diameter answer its Result-Code */
    /* SIP */
    const char *method; /* of the CSeq */
    const char *call_id;
    uint32_t cseq;
    uint16_t via_count;
    const char *branch, *branch_below; /* of the topmost Via and of the one under it */
    const char *sent_by;               /* of the topmost Via */
    const char *from_tag, *to_tag;
    const char *from_uri, *to_uri, *request_uri;
    const char *route;                /* URI of the first Route */
    const char *record_route;         /* URI of the first Record-Route */
    const char *path, *service_route; /* URIs of the first of each */
    const char *contact;
    uint32_t sdp_media,
        sdp_formats; /* hashes of the kinds of media in its SDP, and of these with formats and file; 0: none */
    /* Diameter */
    uint32_t hop_by_hop;
    const char *origin_host;
    const char *public_identity;
    /* MSRP: the transaction; TLS: none */
    const char *transaction;
    const char *message_id;
    uint64_t range_start, range_end, range_total; /* UINT64_MAX: "*" */
    const char *to_path, *from_path;
    const char *content_type; /* NULL: none, or not known */
    struct span text;         /* the message as text where it was kept, see trace_config */
};

/* What cannot be a message, or is not kept as one, as counts. */
struct trace_counts {
    struct packets_counts packets;
    uint64_t messages[TRACE_PROTOCOL_COUNT], copies[TRACE_PROTOCOL_COUNT];
    uint64_t malformed; /* SIP */
    uint64_t not_kept;  /* messages beyond the limit */
    uint64_t datagrams_other;
    uint64_t connections, connections_joined;             /* joined: begun before the capture */
    uint64_t connections_forgotten;                       /* beyond the limit, the longest silent one each time */
    uint64_t stream_gaps, stream_gap_bytes;               /* segments that the capture does not hold */
    uint64_t stream_segments_again, stream_segments_late; /* retransmitted; out of order */
    uint64_t msrp_body_bytes;
    uint64_t tls_connections_opened, tls_connections_sealed; /* one that opened in part counts in both */
    uint64_t tls_records_opened, tls_records_sealed;         /* sealed: of application data alone */
    uint64_t tls_bytes_opened, tls_application_bytes;        /* of content; sealed ones as on the wire */
    int64_t first_ns, last_ns;                               /* of frames; 0 when there are none */
};

struct trace_config {
    bool opens_esp;
    bool keeps_text;     /* SIP messages whole */
    size_t messages_max; /* how many are kept; 0: TRACE_MESSAGES_MAX */
};

enum {
    TRACE_MESSAGES_MAX = 200000,
    TRACE_TEXT_MAX = 192 << 20, /* bytes of texts */
    TRACE_CONNECTIONS_MAX = 16384,
    TRACE_TLS_OPEN_MAX = 8192,         /* directions of TLS that are opened */
    TRACE_STREAM_BYTES_MAX = 256 << 10 /* of one direction that wait for what is missing, or for the end of a message */
};

struct handshakes;
struct keylog;
struct esp_keys;
struct protected;

struct trace {
    struct trace_config config;
    struct trace_message *messages; /* in the order in which they were whole */
    size_t count;
    uint16_t tap_count;
    struct trace_counts counts;
    struct trace_texts *texts;
    struct handshakes *handshakes; /* of TCP and TLS, see handshakes.h */
    struct keylog *keylog;         /* TLS secrets, those that captures bring along too */
    struct esp_keys *esp_keys;     /* security associations that were given */
    size_t protected_count;        /* see protected.h */
    struct protected *protected_rows;
    size_t tls_open_count;
};

/* ERR_FULL without memory. trace_free gives back. */
MUST_USE enum err trace_init(struct trace *trace, const struct trace_config *config, struct note *note);
void trace_free(struct trace *trace);

/* Reads a capture as the next tap. ERR_FILE; ERR_SYNTAX where it is damaged: what came before is in the trace. A note
 * says which. */
MUST_USE enum err trace_read(struct trace *trace, const char *path, struct note *note);

/* ---- For those who fill it ---- */

/* A copy of text that lives with the trace, the same pointer for the same text; NULL at the limit. */
const char *trace_text(struct trace *trace, struct span text);

/* Takes the message; it is counted only where the limit is reached. */
void trace_add(struct trace *trace, const struct trace_message *message);

/* Fills in what libosip2 reads of a SIP message; false: it refuses it (kind and is_request are set all the same).
 * ERR_MORE is no answer here: text is a whole message. */
bool trace_read_sip(struct trace *trace, struct span text, struct trace_message *message);

/* Whether a SIP message, a request or a response, begins at the front of text: ERR_OK, ERR_MORE (too short to say),
 * ERR_SYNTAX. */
MUST_USE enum err trace_find_sip(struct span text);

#endif
