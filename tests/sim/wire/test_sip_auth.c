/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sip_auth.h"
#include "tests/unit.h"

/* The header values of RFC 3310 section 5, folds taken out. */
static const char challenge[] = "Digest realm=\"RoamingUsers@mobile.biz\", "
                                "nonce=\"CjPk9mRqNuT25eRkajM09uTl9nM09uTl9nMz5OX25PZz==\", qop=\"auth,auth-int\", "
                                "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", algorithm=AKAv1-MD5";
static const char credentials[] = "Digest username=\"jon.dough@mobile.biz\", realm=\"RoamingUsers@mobile.biz\", "
                                  "nonce=\"CjPk9mRqNuT25eRkajM09uTl9nM09uTl9nMz5OX25PZz==\", "
                                  "uri=\"sip:home.mobile.biz\", qop=auth-int, nc=00000001, cnonce=\"0a4f113b\", "
                                  "response=\"4429ffe49393c02397450934607c4ef1\", "
                                  "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", auts=\"5PYxMuX2NOT2NeQ=\"";

static void test_challenge(void)
{
    struct sip_auth auth;

    CU_ASSERT_EQUAL_FATAL(sip_auth_parse(span_of(challenge), &auth), ERR_OK);
    CU_ASSERT(span_equal(auth.realm, SPAN("RoamingUsers@mobile.biz")));
    CU_ASSERT(span_equal(auth.nonce, SPAN("CjPk9mRqNuT25eRkajM09uTl9nM09uTl9nMz5OX25PZz==")));
    CU_ASSERT(span_equal(auth.qop, SPAN("auth,auth-int")));
    CU_ASSERT(span_equal(auth.algorithm, SPAN("AKAv1-MD5")));
    CU_ASSERT_EQUAL(auth.response.size, 0);
}

static void test_credentials(void)
{
    struct sip_auth auth;

    CU_ASSERT_EQUAL_FATAL(sip_auth_parse(span_of(credentials), &auth), ERR_OK);
    CU_ASSERT(span_equal(auth.username, SPAN("jon.dough@mobile.biz")));
    CU_ASSERT(span_equal(auth.uri, SPAN("sip:home.mobile.biz")));
    CU_ASSERT(span_equal(auth.nc, SPAN("00000001")));
    CU_ASSERT(span_equal(auth.cnonce, SPAN("0a4f113b")));
    CU_ASSERT(span_equal(auth.response, SPAN("4429ffe49393c02397450934607c4ef1")));
    CU_ASSERT(span_equal(auth.auts, SPAN("5PYxMuX2NOT2NeQ=")));
}

static void test_round_trip(void)
{
    const struct sip_auth challenge_1 = {.realm = SPAN("r"),
                                         .nonce = SPAN("bm9uY2U="),
                                         .algorithm = SPAN("AKAv1-MD5"),
                                         .qop = SPAN("auth"),
                                         .ck = SPAN("00ff"),
                                         .ik = SPAN("ff00")};
    const struct sip_auth credentials_1 = {
        .username = SPAN("u"), .realm = SPAN("r"), .uri = SPAN("sip:r"), .integrity_protected = SPAN("no")};
    char text[256];
    struct sink sink = SINK(text);
    struct sip_auth read;

    sip_auth_write_challenge(&sink, &challenge_1);
    CU_ASSERT(span_equal(
        sink_written(&sink),
        SPAN("Digest realm=\"r\",nonce=\"bm9uY2U=\",algorithm=AKAv1-MD5,qop=\"auth\",ck=\"00ff\",ik=\"ff00\"")));
    CU_ASSERT_EQUAL_FATAL(sip_auth_parse(sink_written(&sink), &read), ERR_OK);
    CU_ASSERT(span_equal(read.ck, challenge_1.ck) && span_equal(read.ik, challenge_1.ik));
    sink.size = 0;
    sip_auth_write_credentials(&sink, &credentials_1);
    CU_ASSERT(span_equal(
        sink_written(&sink),
        SPAN("Digest username=\"u\",realm=\"r\",nonce=\"\",uri=\"sip:r\",response=\"\",integrity-protected=\"no\"")));
    CU_ASSERT_EQUAL_FATAL(sip_auth_parse(sink_written(&sink), &read), ERR_OK);
    CU_ASSERT(read.nonce.size == 0 && read.response.size == 0);
    CU_ASSERT(span_equal(read.integrity_protected, SPAN("no")));
}

static void test_other_schemes(void)
{
    struct sip_auth auth;

    CU_ASSERT_EQUAL(sip_auth_parse(SPAN("Basic QWxhZGRpbg=="), &auth), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_auth_parse(SPAN("Digest"), &auth), ERR_SYNTAX);
    CU_ASSERT_EQUAL(sip_auth_parse(SPAN(""), &auth), ERR_SYNTAX);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"the challenge of RFC 3310 is read", test_challenge},
        {"the credentials of RFC 3310 are read, auts among them", test_credentials},
        {"what is written is read again", test_round_trip},
        {"other schemes are refused", test_other_schemes},
        {NULL, NULL},
    };

    return unit_run("sip_auth", tests);
}
