/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_ua_challenge.c - requests that a proxy challenges (RFC 3261 section 22.3): the same again, with a higher CSeq and
 * credentials, once; later requests carry credentials for the same nonce from the start.
 */
#include "sim/base/check.h"
#include "sim/proto/sip_ua_state.h"
#include "sim/wire/sip_auth.h"

enum { USER_SIZE = 128 };

void sip_ua_write_credentials(struct sip_ua *ua, struct span method, struct span uri)
{
    struct sip_challenge *challenge = &ua->challenge;
    const struct sip_secret *secret = &ua->config.secret;
    char user[USER_SIZE], count[8], cnonce[8], response[SIP_DIGEST_SIZE];
    struct sink user_sink = SINK(user), count_sink = SINK(count), cnonce_sink = SINK(cnonce);

    if (!secret->md5 || (!challenge->nonce && !challenge->is_sizing))
        return;
    sink_text(&user_sink, secret->user);
    sink_hex(&count_sink, challenge->is_sizing ? 1 : ++challenge->count, 8);
    sink_hex(&cnonce_sink, sip_ua_draw(ua) & UINT32_MAX, 8);
    struct sip_auth auth = {.username = sink_written(&user_sink),
                            .realm = challenge->realm ? sip_buffer_span(challenge->realm) : span_of(ua->config.domain),
                            .nonce = challenge->nonce ? sip_buffer_span(challenge->nonce) : SPAN("0000000000000000"),
                            .uri = uri,
                            .algorithm = SPAN("MD5"),
                            .qop = SPAN("auth"),
                            .nc = {count, sizeof(count)},
                            .cnonce = {cnonce, sizeof(cnonce)}};

    sip_digest_response(&auth, method, span_of(secret->password), secret->md5, response);
    auth.response = (struct span){response, sizeof(response)};
    sink_span(&ua->scratch, SPAN("Proxy-Authorization: "));
    sip_auth_write_credentials(&ua->scratch, &auth);
    sink_span(&ua->scratch, SPAN("\r\n"));
}

void sip_ua_keep_message(struct sip_ua *ua, const struct sip_initial *initial, const struct sip_ua_message *message,
                         struct sip_transaction *client)
{
    struct sip_pool *pool = &ua->layer.pool;
    struct sip_last_message *last = &ua->last;
    struct sip_buffer *headers = sip_pool_copy(pool, message->headers), *body = NULL;
    uint32_t token = last->token + 1;

    sip_pool_release(pool, last->headers);
    if (message->body.length > 0 && !message->body.source->lasts)
        body = sip_pool_copy_slice(pool, message->body);
    sip_pool_release(pool, last->body);
    *last = (struct sip_last_message){
        .initial = *initial, .message = *message, .headers = headers, .body = body, .token = token};
    last->message.headers = sip_buffer_span(headers);
    if (body)
        last->message.body = sip_buffer_slice(body);
    client->token = token;
}

static bool read_challenge(struct sip_ua *ua, const struct sip_incoming *response)
{
    struct sip_pool *pool = &ua->layer.pool;
    struct sip_challenge *challenge = &ua->challenge;
    struct sip_auth auth;

    if (!ua->config.secret.md5 ||
        sip_auth_parse(sip_value(&response->message, SIP_HEADER_PROXY_AUTHENTICATE), &auth) != ERR_OK ||
        auth.nonce.size == 0)
        return false;
    sip_pool_release(pool, challenge->nonce);
    sip_pool_release(pool, challenge->realm);
    challenge->nonce = sip_pool_copy(pool, auth.nonce);
    challenge->realm = sip_pool_copy(pool, auth.realm);
    challenge->count = 0;
    return true;
}

bool sip_ua_take_challenge(struct sip_ua *ua, const struct sip_incoming *response, bool is_of_session)
{
    bool is_message = span_equal(response->cseq.method, SPAN("MESSAGE"));
    bool is_invite = span_equal(response->cseq.method, SPAN("INVITE")) && is_of_session;
    struct sip_initial *initial = is_message ? &ua->last.initial : &ua->session.initial;

    /* A second challenge says that the credentials were wrong (section 22.2). */
    if ((!is_message && !is_invite) || initial->is_challenged || !read_challenge(ua, response))
        return false;
    initial->is_challenged = true;
    initial->cseq = response->cseq.number + 1;
    if (is_invite) {
        ua->session.cseq = initial->cseq;
        sip_ua_start_invite(ua);
        return true;
    }
    struct span branch = sip_ua_write_message(ua, initial, &ua->last.message);

    sip_ua_start(ua, SPAN("MESSAGE"), branch, ua->last.message.body)->token = ua->last.token;
    return true;
}
