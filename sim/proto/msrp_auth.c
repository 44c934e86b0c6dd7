/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/msrp_digest.h"
#include "sim/proto/msrp_ident.h"
#include "sim/proto/msrp_relay.h"
#include "sim/base/check.h"

enum { CHALLENGE_MAX = 256, USE_PATH_MAX = 2048, AUTHORIZATION_MAX = 2048, CHALLENGES = 3 };

struct msrp_auth {
    struct msrp_auth_config config;
    struct span relay_uri; /* the last of the path: the digest's uri, RFC 4976 section 9.1 */
    uint64_t requests;     /* written */
    uint64_t challenges;   /* received */
    char ident[MSRP_IDENT_SIZE];
    char realm[CHALLENGE_MAX];
    char nonce[CHALLENGE_MAX];
    char opaque[CHALLENGE_MAX];
    char use_path[USE_PATH_MAX];
};

struct msrp_auth *msrp_auth_create(struct arena *arena, const struct msrp_auth_config *config)
{
    struct msrp_auth *auth = arena_alloc(arena, sizeof(*auth));
    struct span path = span_of(config->to_path);

    check(config->md5 && config->user && config->realm_password);
    auth->config = *config;
    while (msrp_path_next(&path, &auth->relay_uri))
        continue;
    check(auth->relay_uri.size > 0);
    return auth;
}

static void write_quoted(struct sink *sink, const char *name, struct span value)
{
    sink_text(sink, name);
    sink_text(sink, "=\"");
    sink_span(sink, value);
    sink_char(sink, '"');
}

static void write_authorization(const struct msrp_auth *auth, struct sink *sink)
{
    char cnonce[MSRP_IDENT_SIZE], response[32];
    struct msrp_digest digest = {.user = span_of(auth->config.user),
                                 .realm = span_of(auth->realm),
                                 .password = span_of(auth->config.realm_password),
                                 .nonce = span_of(auth->nonce),
                                 .count = SPAN("00000001"),
                                 .cnonce = {cnonce, sizeof(cnonce)},
                                 .uri = auth->relay_uri};

    msrp_ident_write(msrp_ident_hash(auth->config.identity), auth->requests, cnonce);
    msrp_digest_response(&digest, auth->config.md5, response);
    write_quoted(sink, "Digest username", digest.user);
    write_quoted(sink, ", realm", digest.realm);
    write_quoted(sink, ", nonce", digest.nonce);
    write_quoted(sink, ", uri", digest.uri);
    sink_text(sink, ", qop=auth, nc=00000001");
    write_quoted(sink, ", cnonce", digest.cnonce);
    write_quoted(sink, ", response", (struct span){response, sizeof(response)});
    if (auth->opaque[0])
        write_quoted(sink, ", opaque", span_of(auth->opaque));
}

void msrp_auth_request(struct msrp_auth *auth, struct sink *out)
{
    char text[AUTHORIZATION_MAX];
    struct sink authorization = SINK(text);
    struct msrp_head head = {.is_request = true, .method = SPAN("AUTH")};

    msrp_ident_write(auth->config.identity, auth->requests++, auth->ident);
    head.transaction_id = (struct span){auth->ident, sizeof(auth->ident)};
    head.to_path = span_of(auth->config.to_path);
    head.from_path = span_of(auth->config.from_path);
    if (auth->challenges > 0)
        write_authorization(auth, &authorization);
    out->overflow = out->overflow || authorization.overflow;
    head.authorization = sink_written(&authorization);
    msrp_write_head(&head, out);
    msrp_write_end(head.transaction_id, '$', out);
}

static bool keep_text(char *place, size_t size, struct span text)
{
    if (text.size >= size)
        return false;
    struct sink sink = {.data = place, .capacity = size};

    sink_span(&sink, text);
    (void)sink_string(&sink);
    return true;
}

/* Whether "auth" is one of the blank- or comma-separated qualities of protection. */
static bool offers_auth(struct span qop)
{
    while (qop.size > 0) {
        size_t end = span_find_byte(qop, ',');

        if (span_equal_nocase(span_trim((struct span){qop.data, end}), SPAN("auth")))
            return true;
        qop = span_after(qop, end < qop.size ? end + 1 : end);
    }
    return false;
}

/* A second challenge is worth an answer only if it says that nothing but the nonce was old. */
static enum msrp_auth_step take_challenge(struct msrp_auth *auth, struct span header)
{
    struct span realm, nonce, opaque = {0}, qop, other;
    bool is_stale = msrp_digest_parameter(header, SPAN("stale"), &other) && span_equal_nocase(other, SPAN("true"));
    bool is_md5 = !msrp_digest_parameter(header, SPAN("algorithm"), &other) || span_equal_nocase(other, SPAN("MD5"));

    if ((auth->challenges > 0 && !is_stale) || auth->challenges == CHALLENGES || !is_md5)
        return MSRP_AUTH_REFUSED;
    if (!msrp_digest_parameter(header, SPAN("realm"), &realm) || !msrp_digest_parameter(header, SPAN("nonce"), &nonce))
        return MSRP_AUTH_REFUSED;
    if (!msrp_digest_parameter(header, SPAN("qop"), &qop) || !offers_auth(qop))
        return MSRP_AUTH_REFUSED;
    (void)msrp_digest_parameter(header, SPAN("opaque"), &opaque);
    if (!keep_text(auth->realm, sizeof(auth->realm), realm) || !keep_text(auth->nonce, sizeof(auth->nonce), nonce) ||
        !keep_text(auth->opaque, sizeof(auth->opaque), opaque))
        return MSRP_AUTH_REFUSED;
    auth->challenges++;
    return MSRP_AUTH_AGAIN;
}

enum msrp_auth_step msrp_auth_answered(struct msrp_auth *auth, const struct msrp_head *response)
{
    check(!response->is_request && auth->requests > 0);
    if (!span_equal(response->transaction_id, (struct span){auth->ident, sizeof(auth->ident)}))
        return MSRP_AUTH_REFUSED;
    if (response->status == 401)
        return take_challenge(auth, response->www_authenticate);
    if (response->status != 200 || response->use_path.size == 0)
        return MSRP_AUTH_REFUSED;
    if (!keep_text(auth->use_path, sizeof(auth->use_path), response->use_path))
        return MSRP_AUTH_REFUSED;
    return MSRP_AUTH_DONE;
}

const char *msrp_auth_use_path(const struct msrp_auth *auth)
{
    return auth->use_path;
}
