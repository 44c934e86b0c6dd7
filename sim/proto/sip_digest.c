/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/sip_digest.h"
#include "sim/wire/sip_auth.h"

void sip_digest_challenge(struct sip_nonces *nonces, const struct sip_secret *secret, uint64_t number,
                          struct sink *sink)
{
    struct sip_nonce *made = &nonces->nonces[nonces->given++ % SIP_NONCES_MAX];
    struct sink text = SINK(made->text);

    sink_hex(&text, number, SIP_NONCE_SIZE);
    made->count = 0;
    const struct sip_auth challenge = {.realm = span_of(secret->realm),
                                       .nonce = {made->text, SIP_NONCE_SIZE},
                                       .algorithm = SPAN("MD5"),
                                       .qop = SPAN("auth")};

    sink_span(sink, SPAN("Proxy-Authenticate: "));
    sip_auth_write_challenge(sink, &challenge);
    sink_span(sink, SPAN("\r\n"));
}

static struct sip_nonce *nonce_find(struct sip_nonces *nonces, struct span text)
{
    for (uint32_t i = 0; i < SIP_NONCES_MAX && i < nonces->given; i++)
        if (span_equal(text, (struct span){nonces->nonces[i].text, SIP_NONCE_SIZE}))
            return &nonces->nonces[i];
    return NULL;
}

/* nc: eight hexadecimal digits; 0 for anything else. */
static uint64_t read_count(struct span text)
{
    uint64_t count = 0;

    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

        if (digit < 0)
            return 0;
        count = count << 4 | (uint64_t)digit;
    }
    return text.size == 8 ? count : 0;
}

bool sip_digest_verify(struct sip_nonces *nonces, const struct sip_secret *secret, const struct sip_message *request)
{
    char expected[SIP_DIGEST_SIZE];
    struct sip_auth auth;

    if (sip_auth_parse(sip_value(request, SIP_HEADER_PROXY_AUTHORIZATION), &auth) != ERR_OK)
        return false;
    struct sip_nonce *nonce = nonce_find(nonces, auth.nonce);
    uint64_t count = read_count(auth.nc);

    if (!nonce || count <= nonce->count || !span_equal(auth.username, span_of(secret->user)) ||
        !span_equal(auth.realm, span_of(secret->realm)) || !span_equal(auth.qop, SPAN("auth")) ||
        !span_equal(auth.uri, request->uri))
        return false;
    sip_digest_response(&auth, request->method, span_of(secret->password), secret->md5, expected);
    if (!span_equal(auth.response, (struct span){expected, SIP_DIGEST_SIZE}))
        return false;
    nonce->count = count;
    return true;
}
