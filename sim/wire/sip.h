/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip.h - the SIP codec (RFC 3261 sections 7, 20, 25): the head of a message cut into spans, the values that routing
 * needs, and writers of lines. A parsed message points into the text it was parsed from. Folded lines stay as they
 * came; every reader of a value takes a fold for a blank.
 */
#ifndef SIM_WIRE_SIP_H
#define SIM_WIRE_SIP_H

#include "sim/base/sink.h"

/* A head with more lines, or more bytes, is refused. */
enum { SIP_LINES_MAX = 64, SIP_HEAD_SIZE_MAX = 8192 };

enum sip_header {
    SIP_HEADER_OTHER,
    SIP_HEADER_VIA,
    SIP_HEADER_MAX_FORWARDS,
    SIP_HEADER_ROUTE,
    SIP_HEADER_RECORD_ROUTE,
    SIP_HEADER_FROM,
    SIP_HEADER_TO,
    SIP_HEADER_CALL_ID,
    SIP_HEADER_CSEQ,
    SIP_HEADER_CONTACT,
    SIP_HEADER_CONTENT_TYPE,
    SIP_HEADER_CONTENT_LENGTH,
    SIP_HEADER_PROXY_REQUIRE,
    SIP_HEADER_REQUIRE,
    SIP_HEADER_SUPPORTED,
    SIP_HEADER_RSEQ,                          /* RFC 3262 */
    SIP_HEADER_RACK,                          /* RFC 3262 */
    SIP_HEADER_PATH,                          /* RFC 3327 */
    SIP_HEADER_SERVICE_ROUTE,                 /* RFC 3608 */
    SIP_HEADER_P_PREFERRED_IDENTITY,          /* RFC 3325 */
    SIP_HEADER_P_ASSERTED_IDENTITY,           /* RFC 3325 */
    SIP_HEADER_P_CALLED_PARTY_ID,             /* RFC 7315 */
    SIP_HEADER_P_CHARGING_VECTOR,             /* RFC 7315 */
    SIP_HEADER_P_CHARGING_FUNCTION_ADDRESSES, /* RFC 7315 */
    SIP_HEADER_EXPIRES,
    SIP_HEADER_MIN_EXPIRES,
    SIP_HEADER_RETRY_AFTER,
    SIP_HEADER_AUTHORIZATION,
    SIP_HEADER_WWW_AUTHENTICATE,
    SIP_HEADER_P_SERVED_USER, /* RFC 5502 */
    SIP_HEADER_PROXY_AUTHENTICATE,
    SIP_HEADER_PROXY_AUTHORIZATION,
    SIP_HEADER_SECURITY_CLIENT,      /* RFC 3329 */
    SIP_HEADER_SECURITY_SERVER,      /* RFC 3329 */
    SIP_HEADER_SECURITY_VERIFY,      /* RFC 3329 */
    SIP_HEADER_P_VISITED_NETWORK_ID, /* RFC 7315 */
    SIP_HEADER_P_ASSOCIATED_URI,     /* RFC 7315 */
    SIP_HEADER_COUNT
};

/* A header line, its folds included. */
struct sip_line {
    enum sip_header header;
    struct span name;
    struct span value; /* without blanks around it */
    struct span whole; /* from the name to its CR LF, which is included */
};

struct sip_message {
    bool is_request;
    struct span method; /* requests */
    struct span uri;    /* requests: the Request-URI */
    int status;         /* responses: 100 to 699 */
    struct span reason; /* responses */
    struct span start;  /* the start line with its CR LF */
    size_t size;        /* of the head with its empty line, and with the empty lines that stood before it */
    size_t count;
    uint8_t first[SIP_HEADER_COUNT]; /* 1 + index of the first line of a header, 0 where there is none */
    struct sip_line lines[SIP_LINES_MAX];
};

/* Cuts a head up to its empty line; what follows is left alone. Empty lines before the start line are skipped (section
 * 7.5). ERR_MORE: no empty line yet. ERR_SYNTAX: not SIP. ERR_FULL: beyond the limits. After an error nothing in
 * *message holds. */
MUST_USE enum err sip_parse(struct span text, struct sip_message *message);

/* The first line of that header after the given one (NULL: from the top), or NULL. */
const struct sip_line *sip_line_next(const struct sip_message *message, enum sip_header header,
                                     const struct sip_line *after);

/* Value of the first line of that header; size 0 where there is none. */
struct span sip_value(const struct sip_message *message, enum sip_header header);

/* The first element of a comma-separated list off its front; the rest stays in *list without the comma. Commas in
 * quotes and angle brackets do not count. ERR_SYNTAX: nothing there, or a quote or bracket is left open. */
MUST_USE enum err sip_cut_element(struct span *list, struct span *element);

/* Looks for ;name or ;name=value in parameters, without regard to case. value may be NULL; it is empty for a
 * parameter without one. Quotes around a value stay. */
bool sip_parameter(struct span parameters, struct span name, struct span *value);

/* "SIP/2.0/UDP host:port;branch=...", section 20.42. */
struct sip_via {
    struct span transport;
    struct span sent_by; /* host and port as they stand there */
    struct span host;    /* with its brackets for IPv6 */
    uint16_t port;       /* 0: not given */
    struct span branch;  /* size 0: not given */
    struct span received;
    bool has_rport;    /* RFC 3581, with or without a value */
    struct span rport; /* its value; size 0: points to where one would be put */
};
MUST_USE enum err sip_parse_via(struct span element, struct sip_via *via);

/* sip:, sips: or tel: URI, section 19.1. Parameters begin with their first ';', headers ('?') are cut off. */
struct sip_uri {
    struct span scheme;
    struct span user; /* of tel: the number */
    struct span host; /* size 0 for tel: */
    uint16_t port;    /* 0: not given */
    struct span parameters;
    struct span bare; /* scheme, user and host, as an address of record is compared */
};
MUST_USE enum err sip_parse_uri(struct span text, struct sip_uri *uri);

/* name-addr or addr-spec with the parameters that follow it, section 20.10: From, To, Contact, Route ... */
struct sip_address {
    struct span display; /* with its quotes */
    struct span uri;
    struct span parameters;
};
MUST_USE enum err sip_parse_address(struct span element, struct sip_address *address);

/* The tag of a From or To value; size 0 where there is none. */
struct span sip_tag(struct span value);

struct sip_cseq {
    uint32_t number;
    struct span method;
};
MUST_USE enum err sip_parse_cseq(struct span value, struct sip_cseq *cseq);

/* "776656 1 INVITE": RFC 3262 section 7.2. */
struct sip_rack {
    uint32_t rseq, cseq;
    struct span method;
};
MUST_USE enum err sip_parse_rack(struct span value, struct sip_rack *rack);

/* Whether a line of that header lists the token: "100rel" in Require. Without regard to case. */
bool sip_lists(const struct sip_message *message, enum sip_header header, struct span token);

/* Digits and nothing else: Content-Length, Max-Forwards. */
MUST_USE enum err sip_parse_number(struct span value, uint64_t *number);

/* "192.168.80.1" in host byte order. */
MUST_USE enum err sip_parse_ipv4(struct span text, uint32_t *address);

/* ---- Writers ---- */

void sip_write_request(struct sink *sink, struct span method, struct span uri);
void sip_write_status(struct sink *sink, int status);
void sip_write_line(struct sink *sink, const char *name, struct span value);
void sip_write_ipv4(struct sink *sink, uint32_t address);

/* The Content-Length line and the empty line: what every head ends with. */
void sip_write_end(struct sink *sink, uint64_t body_size);

/* The reason phrase of a status, section 21; "Unknown" for a status that has none here. */
const char *sip_reason(int status);

#endif
