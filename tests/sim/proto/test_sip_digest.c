/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A proxy's challenges: what is taken for the user's answer, and what is not (RFC 3261 section 22, RFC 2617). */
#include "sim/proto/sip_digest.h"
#include "sim/proto/sip_transaction.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

/* Stands for MD5: any function of the bytes does for these tests. */
static void mix(const struct span *parts, size_t count, char hex[SIP_DIGEST_SIZE])
{
    uint64_t hash = 0;
    struct sink sink = {.data = hex, .capacity = SIP_DIGEST_SIZE};

    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < parts[i].size; k++)
            hash = sip_hash(hash, (struct span){parts[i].data + k, 1});
    sink_hex(&sink, hash, 16);
    sink_hex(&sink, ~hash, 16);
}

static const struct sip_secret secret = {mix, "alice@open-ims.test", "open-ims.test", "secret"};

/* What Alice would send; each part may be wrong. */
struct attempt {
    const char *user, *password, *nonce, *count, *uri, *request_uri;
};

static bool accepts(struct sip_nonces *nonces, const struct attempt *attempt)
{
    char text[1024], response[SIP_DIGEST_SIZE];
    struct sink sink = SINK(text);
    struct sip_auth auth = {.username = span_of(attempt->user),
                            .realm = SPAN("open-ims.test"),
                            .nonce = span_of(attempt->nonce),
                            .uri = span_of(attempt->uri),
                            .algorithm = SPAN("MD5"),
                            .qop = SPAN("auth"),
                            .nc = span_of(attempt->count),
                            .cnonce = SPAN("0a4f113b")};
    struct sip_message message;

    sip_digest_response(&auth, SPAN("INVITE"), span_of(attempt->password), mix, response);
    auth.response = (struct span){response, sizeof(response)};
    sink_format(&sink, "INVITE %s SIP/2.0\r\nProxy-Authorization: ", attempt->request_uri);
    sip_auth_write_credentials(&sink, &auth);
    sink_text(&sink, "\r\n\r\n");
    CU_ASSERT_EQUAL_FATAL(sip_parse(sink_written(&sink), &message), ERR_OK);
    return sip_digest_verify(nonces, &secret, &message);
}

static void challenge(struct sip_nonces *nonces, uint64_t number, char nonce[SIP_NONCE_SIZE + 1])
{
    char text[512];
    struct sink sink = SINK(text);
    struct sip_message message;
    struct sip_auth auth;

    sink_text(&sink, "SIP/2.0 407 x\r\n");
    sip_digest_challenge(nonces, &secret, number, &sink);
    sink_text(&sink, "\r\n");
    CU_ASSERT_EQUAL_FATAL(sip_parse(sink_written(&sink), &message), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(sip_auth_parse(sip_value(&message, SIP_HEADER_PROXY_AUTHENTICATE), &auth), ERR_OK);
    CU_ASSERT_TRUE(span_equal(auth.realm, SPAN("open-ims.test")) && span_equal(auth.qop, SPAN("auth")));
    CU_ASSERT_EQUAL_FATAL(auth.nonce.size, SIP_NONCE_SIZE);
    memcpy(nonce, auth.nonce.data, SIP_NONCE_SIZE);
    nonce[SIP_NONCE_SIZE] = 0;
}

static void test_who_is_believed(void)
{
    static const char uri[] = "sip:bob@open-ims.test";
    struct sip_nonces nonces = {.given = 0};
    char nonce[SIP_NONCE_SIZE + 1];

    challenge(&nonces, 77, nonce);
    const struct attempt wrong[] = {
        {"eve@open-ims.test", "secret", nonce, "00000001", uri, uri},
        {"alice@open-ims.test", "guess", nonce, "00000001", uri, uri},
        {"alice@open-ims.test", "secret", "0123456789abcdef", "00000001", uri, uri},
        {"alice@open-ims.test", "secret", nonce, "00000000", uri, uri},
        {"alice@open-ims.test", "secret", nonce, "1", uri, uri},
        {"alice@open-ims.test", "secret", nonce, "0000000g", uri, uri},
        {"alice@open-ims.test", "secret", nonce, "00000001", uri, "sip:eve@open-ims.test"},
    };
    const struct attempt right = {"alice@open-ims.test", "secret", nonce, "00000001", uri, uri};

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        CU_ASSERT_FALSE(accepts(&nonces, &wrong[i]));
    CU_ASSERT_TRUE(accepts(&nonces, &right));
}

/* What was heard once is no proof a second time; the count must grow. */
static void test_replay(void)
{
    static const char uri[] = "sip:bob@open-ims.test";
    struct sip_nonces nonces = {.given = 0};
    char nonce[SIP_NONCE_SIZE + 1], other[SIP_NONCE_SIZE + 1];
    struct attempt attempt = {"alice@open-ims.test", "secret", nonce, "00000002", uri, uri};

    challenge(&nonces, 1, nonce);
    CU_ASSERT_TRUE(accepts(&nonces, &attempt));
    CU_ASSERT_FALSE(accepts(&nonces, &attempt));
    attempt.count = "00000001";
    CU_ASSERT_FALSE(accepts(&nonces, &attempt));
    attempt.count = "0000000a";
    CU_ASSERT_TRUE(accepts(&nonces, &attempt));
    /* A nonce that so many others have followed is forgotten. */
    for (uint64_t i = 0; i < SIP_NONCES_MAX; i++)
        challenge(&nonces, 100 + i, other);
    attempt.count = "0000000b";
    CU_ASSERT_FALSE(accepts(&nonces, &attempt));
    attempt.nonce = other;
    CU_ASSERT_TRUE(accepts(&nonces, &attempt));
}

int main(void)
{
    const struct unit_test tests[] = {
        {"only the user is believed", test_who_is_believed},
        {"nothing is believed twice", test_replay},
        {NULL, NULL},
    };

    return unit_run("sip_digest", tests);
}
