/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sip_identity.h"
#include "tests/unit.h"

#define START "INVITE sip:bob@open-ims.test SIP/2.0\r\n"
#define FROM "From: \"Alice\" <sip:alice@open-ims.test>;tag=1\r\n"
#define END "Content-Length: 0\r\n\r\n"

static const struct identity_case {
    const char *head;
    const char *aor; /* NULL: nobody's */
} cases[] = {
    {START FROM END, "sip:alice@open-ims.test"},
    {START "From: sip:alice@open-ims.test;tag=1\r\n" END, "sip:alice@open-ims.test"},
    {START FROM "P-Asserted-Identity: <sip:carol@open-ims.test>\r\n" END, "sip:carol@open-ims.test"},
    {START "P-Asserted-Identity: \"C, the\" <sip:carol@open-ims.test:5060;user=phone>\r\n" FROM END,
     "sip:carol@open-ims.test"},
    {START FROM "P-Asserted-Identity: <tel:+12125550101>, <sip:carol@open-ims.test>\r\n" END,
     "sip:carol@open-ims.test"},
    {START FROM "P-Asserted-Identity: tel:+12125550101\r\nP-Asserted-Identity: <sip:carol@open-ims.test>\r\n" END,
     "sip:carol@open-ims.test"},
    /* What is asserted but is no address of record does not make room for From. */
    {START FROM "P-Asserted-Identity: <tel:+12125550101>\r\n" END, NULL},
    {START FROM "P-Asserted-Identity: <sip:open-ims.test>\r\n" END, NULL},
    {START FROM "P-Asserted-Identity: <sip:carol@open-ims.test\r\n" END, NULL},
    {START "P-Preferred-Identity: <sip:carol@open-ims.test>\r\n" FROM END, "sip:alice@open-ims.test"},
    {START "From: <tel:+12125550101>;tag=1\r\n" END, NULL},
    {START END, NULL},
    {START FROM, NULL},
    {"", NULL},
};

static void whom_a_request_is_from(void)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        char aor[SIP_IDENTITY_SIZE] = "x";
        enum err error = sip_identity(span_of(cases[i].head), aor);

        CU_ASSERT_EQUAL(error == ERR_OK, cases[i].aor != NULL);
        CU_ASSERT_STRING_EQUAL(aor, cases[i].aor ? cases[i].aor : "");
    }
}

static void a_name_that_is_too_long_is_nobodys(void)
{
    char head[1024], aor[SIP_IDENTITY_SIZE];

    for (int letters = SIP_IDENTITY_SIZE - 20; letters < SIP_IDENTITY_SIZE + 10; letters++) {
        struct sink sink = SINK(head);

        sink_text(&sink, START "From: <sip:");
        for (int i = 0; i < letters; i++)
            sink_char(&sink, 'a');
        sink_text(&sink, "@b>;tag=1\r\n" END);
        enum err error = sip_identity(sink_written(&sink), aor);

        CU_ASSERT_EQUAL(error == ERR_OK, letters + 4 + 2 < SIP_IDENTITY_SIZE);
        CU_ASSERT_EQUAL(strlen(aor), error == ERR_OK ? (size_t)letters + 6 : 0);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a request is from whom the network asserts, else from whom From says", whom_a_request_is_from},
        {"a name that is too long is nobody's", a_name_that_is_too_long_is_nobodys},
        {NULL, NULL},
    };

    return unit_run("sip_identity", tests);
}
