/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/msrp_digest.h"
#include "sim/proto/msrp_ident.h"
#include "sim/proto/msrp_relay.h"
#include "sim/base/check.h"

enum {
    PATH_MAX_SIZE = 8192,
    NONCES = 1024,    /* challenges that may be open at once; an older nonce is stale */
    NONCE_SIZE = 28,  /* a name and 16 hexadecimal digits that go with it */
    EXPIRES_MIN = 60, /* seconds; RFC 4976 leaves the bounds to the relay */
    EXPIRES_MAX = 3600,
    EXPIRES_DEFAULT = 1800
};

struct msrp_relay {
    struct msrp_relay_config config;
    struct msrp_uri own;
    char own_uri[512];     /* with ";tcp" */
    size_t authority_size; /* of "msrps://host:port" in it */
    uint64_t session_key, nonce_key;
    uint64_t transactions, sessions, nonces; /* given so far */
    uint64_t used[NONCES / 64];              /* a bit for each of the last NONCES nonces */
    char path[PATH_MAX_SIZE];
};

struct msrp_relay *msrp_relay_create(struct arena *arena, const struct msrp_relay_config *config)
{
    struct msrp_relay *relay = arena_alloc(arena, sizeof(*relay));
    struct sink own = SINK(relay->own_uri);
    struct span uri = span_of(config->uri);

    relay->config = *config;
    uri.size = span_find_byte(uri, ';');
    sink_span(&own, uri);
    relay->authority_size = own.size;
    sink_text(&own, ";tcp");
    enum err error = msrp_parse_uri(sink_written(&own), &relay->own);

    check(error == ERR_OK && !own.overflow && relay->own.session_id.size == 0);
    check(config->is_b2bua || (config->md5 && config->realm && config->user && config->password));
    relay->session_key = msrp_ident_hash(config->identity ^ 1);
    relay->nonce_key = msrp_ident_hash(config->identity ^ 2);
    return relay;
}

/* ---- Names ---- */

void msrp_relay_transaction_id(struct msrp_relay *relay, struct sink *out)
{
    char ident[MSRP_IDENT_SIZE];

    msrp_ident_write(relay->config.identity, relay->transactions++, ident);
    sink_bytes(out, ident, sizeof(ident));
}

void msrp_relay_session_uri(struct msrp_relay *relay, struct sink *out)
{
    char ident[MSRP_IDENT_SIZE];

    msrp_ident_write(relay->session_key, relay->sessions++, ident);
    sink_bytes(out, relay->own_uri, relay->authority_size);
    sink_char(out, '/');
    sink_bytes(out, ident, sizeof(ident));
    sink_text(out, ";tcp");
}

static bool is_session(const struct msrp_relay *relay, struct span id)
{
    uint64_t session;

    return msrp_ident_read(relay->session_key, id, &session) && session < relay->sessions;
}

static void write_nonce(const struct msrp_relay *relay, uint64_t nonce, struct sink *out)
{
    char ident[MSRP_IDENT_SIZE];

    msrp_ident_write(relay->nonce_key, nonce, ident);
    sink_bytes(out, ident, sizeof(ident));
    sink_hex(out, msrp_ident_hash(relay->nonce_key + nonce), 16);
}

static uint64_t *nonce_word(struct msrp_relay *relay, uint64_t nonce)
{
    return &relay->used[nonce % NONCES / 64];
}

static void write_fresh_nonce(struct msrp_relay *relay, struct sink *out)
{
    uint64_t nonce = relay->nonces++;

    *nonce_word(relay, nonce) &= ~(UINT64_C(1) << nonce % 64);
    write_nonce(relay, nonce, out);
}

/* Whether the nonce is one of ours, young and not used before; it is used then. */
static bool use_nonce(struct msrp_relay *relay, struct span text)
{
    char expected[NONCE_SIZE];
    struct sink sink = SINK(expected);
    uint64_t nonce;

    if (text.size != NONCE_SIZE)
        return false;
    if (!msrp_ident_read(relay->nonce_key, (struct span){text.data, MSRP_IDENT_SIZE}, &nonce))
        return false;
    if (nonce >= relay->nonces || relay->nonces - nonce > NONCES)
        return false;
    write_nonce(relay, nonce, &sink);
    if (!span_equal(sink_written(&sink), text))
        return false;
    uint64_t bit = UINT64_C(1) << nonce % 64;

    if (*nonce_word(relay, nonce) & bit)
        return false;
    *nonce_word(relay, nonce) |= bit;
    return true;
}

/* ---- AUTH ---- */

static struct span path_last(struct span path)
{
    struct span last = {0};

    while (msrp_path_next(&path, &last))
        continue;
    return last;
}

static void write_challenge(struct msrp_relay *relay, const struct msrp_head *request, bool is_stale, struct sink *out)
{
    char text[1024];
    struct sink challenge = SINK(text);
    struct msrp_head head = msrp_response_head(request, 401);

    sink_text(&challenge, "Digest realm=\"");
    sink_text(&challenge, relay->config.realm);
    sink_text(&challenge, "\", qop=\"auth\", nonce=\"");
    write_fresh_nonce(relay, &challenge);
    sink_text(&challenge, is_stale ? "\", stale=true" : "\"");
    check(!challenge.overflow);
    head.www_authenticate = sink_written(&challenge);
    msrp_write_head(&head, out);
    msrp_write_end(head.transaction_id, '$', out);
}

/* The relay's URI for this client, then the relays that the request came through: outermost first, RFC 4976
 * section 5.1. The last URI of From-Path is the client's own. */
static void write_use_path(struct msrp_relay *relay, const struct msrp_head *request, struct sink *out)
{
    struct span client = path_last(request->from_path);
    struct span before = {request->from_path.data, (size_t)(client.data - request->from_path.data)};

    msrp_relay_session_uri(relay, out);
    before = span_trim(before);
    if (before.size > 0)
        sink_char(out, ' ');
    sink_span(out, before);
}

static void write_welcome(struct msrp_relay *relay, const struct msrp_head *request, uint64_t expires, struct sink *out)
{
    struct sink path = SINK(relay->path);
    char number[20];
    struct sink seconds = SINK(number);
    struct msrp_head head = msrp_response_head(request, 200);

    write_use_path(relay, request, &path);
    sink_number(&seconds, expires);
    out->overflow = out->overflow || path.overflow;
    head.use_path = sink_written(&path);
    head.expires = sink_written(&seconds);
    msrp_write_head(&head, out);
    msrp_write_end(head.transaction_id, '$', out);
}

/* 423 says which times are taken, RFC 4976 section 5.1. */
static void write_out_of_bounds(const struct msrp_head *request, bool is_short, struct sink *out)
{
    struct msrp_head head = msrp_response_head(request, 423);

    msrp_write_head(&head, out);
    sink_text(out, is_short ? "Min-Expires: " : "Max-Expires: ");
    sink_number(out, is_short ? EXPIRES_MIN : EXPIRES_MAX);
    sink_text(out, "\r\n");
    msrp_write_end(head.transaction_id, '$', out);
}

/* Whether the credentials are the account's; their nonce is judged elsewhere. */
static bool is_right(const struct msrp_relay *relay, const struct msrp_head *request)
{
    struct span header = request->authorization, user, realm, qop, uri, response;
    struct msrp_digest digest = {.user = span_of(relay->config.user),
                                 .realm = span_of(relay->config.realm),
                                 .password = span_of(relay->config.password),
                                 .uri = path_last(request->to_path)};
    char expected[32];

    if (!msrp_digest_parameter(header, SPAN("username"), &user) || !span_equal(user, digest.user) ||
        !msrp_digest_parameter(header, SPAN("realm"), &realm) || !span_equal(realm, digest.realm) ||
        !msrp_digest_parameter(header, SPAN("qop"), &qop) || !span_equal_nocase(qop, SPAN("auth")) ||
        !msrp_digest_parameter(header, SPAN("nonce"), &digest.nonce) ||
        !msrp_digest_parameter(header, SPAN("nc"), &digest.count) || digest.count.size != 8 ||
        !msrp_digest_parameter(header, SPAN("cnonce"), &digest.cnonce) ||
        !msrp_digest_parameter(header, SPAN("response"), &response))
        return false;
    if (msrp_digest_parameter(header, SPAN("uri"), &uri) && !span_equal(uri, digest.uri))
        return false;
    msrp_digest_response(&digest, relay->config.md5, expected);
    return span_equal_nocase(response, (struct span){expected, sizeof(expected)});
}

void msrp_relay_auth(struct msrp_relay *relay, const struct msrp_head *request, struct sink *answer)
{
    struct span nonce, seconds = request->expires;
    uint64_t expires = EXPIRES_DEFAULT;

    check(!relay->config.is_b2bua && request->is_request);
    if (seconds.size > 0 && (span_cut_number(&seconds, &expires) != ERR_OK || seconds.size != 0)) {
        msrp_write_response(request, 400, answer);
        return;
    }
    if (expires < EXPIRES_MIN || expires > EXPIRES_MAX) {
        write_out_of_bounds(request, expires < EXPIRES_MIN, answer);
        return;
    }
    bool has_nonce = msrp_digest_parameter(request->authorization, SPAN("nonce"), &nonce);

    if (!has_nonce || !use_nonce(relay, nonce))
        write_challenge(relay, request, has_nonce && is_right(relay, request), answer);
    else if (is_right(relay, request))
        write_welcome(relay, request, expires, answer);
    else
        msrp_write_response(request, 403, answer);
}

/* ---- Forwarding ---- */

static bool is_own_authority(const struct msrp_relay *relay, const struct msrp_uri *uri)
{
    return uri->is_secure == relay->own.is_secure && uri->port == relay->own.port &&
           span_equal_nocase(uri->host, relay->own.host);
}

static bool is_known_to_end(struct span method)
{
    return span_equal(method, SPAN("SEND")) || span_equal(method, SPAN("REPORT"));
}

enum msrp_relay_way msrp_relay_route(struct msrp_relay *relay, const struct msrp_head *head, struct span *next_uri)
{
    struct span path = head->to_path, first, next;
    struct msrp_uri uri;

    if (!msrp_path_next(&path, &first) || msrp_parse_uri(first, &uri) != ERR_OK || !is_own_authority(relay, &uri))
        return MSRP_RELAY_NOT_OURS;
    if (relay->config.is_b2bua)
        return head->is_request && !is_known_to_end(head->method) ? MSRP_RELAY_UNKNOWN : MSRP_RELAY_FOR_US;
    bool is_auth = span_equal(head->method, SPAN("AUTH"));
    bool has_next = msrp_path_next(&path, &next);

    bool is_known = relay->config.is_open || is_session(relay, uri.session_id);

    if (uri.session_id.size > 0 ? !is_known : head->is_request && (!is_auth || has_next))
        return MSRP_RELAY_NOT_OURS;
    if (!has_next)
        return MSRP_RELAY_FOR_US;
    *next_uri = next;
    return MSRP_RELAY_FORWARD;
}

/* The first URI of To-Path moves to the front of From-Path. */
static void move_self(struct msrp_head *head, struct sink *path)
{
    struct span rest = head->to_path, self;

    if (!msrp_path_next(&rest, &self))
        return;
    sink_span(path, self);
    sink_char(path, ' ');
    sink_span(path, head->from_path);
    head->from_path = sink_written(path);
    head->to_path = span_trim(rest);
}

void msrp_relay_forward_head(struct msrp_relay *relay, const struct msrp_head *head,
                             const struct msrp_relay_forward *forward, struct sink *out)
{
    struct msrp_head onward = *head;
    struct sink path = SINK(relay->path);
    char ident[MSRP_IDENT_SIZE];
    struct sink fresh = SINK(ident);

    if (relay->config.is_b2bua) {
        check(forward->b2bua_to && forward->b2bua_from);
        onward.to_path = span_of(forward->b2bua_to);
        onward.from_path = span_of(forward->b2bua_from);
    } else {
        move_self(&onward, &path);
    }
    if (forward->transaction_id.size > 0) {
        onward.transaction_id = forward->transaction_id;
    } else {
        msrp_relay_transaction_id(relay, &fresh);
        onward.transaction_id = sink_written(&fresh);
    }
    if (forward->range_start > 0 && forward->range_end != MSRP_RANGE_STAR) {
        onward.range.total = head->has_range ? head->range.total : MSRP_RANGE_STAR;
        onward.has_range = true;
        onward.range.start = forward->range_start;
        onward.range.end = forward->range_end;
    }
    out->overflow = out->overflow || path.overflow;
    msrp_write_head(&onward, out);
}

bool msrp_relay_report(struct msrp_relay *relay, const struct msrp_head *send, int status, struct sink *out)
{
    struct msrp_head head = {.is_request = true, .method = SPAN("REPORT"), .to_path = send->from_path};
    struct span to = send->to_path;
    char text[64], ident[MSRP_IDENT_SIZE];
    struct sink line = SINK(text), fresh = SINK(ident);

    if (span_equal_nocase(send->failure_report, SPAN("no")) || !msrp_path_next(&to, &head.from_path))
        return false;
    sink_text(&line, "000 ");
    sink_number(&line, (uint64_t)status);
    sink_char(&line, ' ');
    sink_span(&line, msrp_reason(status));
    msrp_relay_transaction_id(relay, &fresh);
    head.transaction_id = sink_written(&fresh);
    head.message_id = send->message_id;
    head.has_range = send->has_range;
    head.range = send->range;
    head.report_status = span_trim(sink_written(&line));
    msrp_write_head(&head, out);
    msrp_write_end(head.transaction_id, '$', out);
    return true;
}
