/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Initial filter criteria: which application server a request goes to (TS 29.228 annexes B and C, TS 23.218). */
#include "sim/wire/ifc.h"
#include "tests/unit.h"

#include <string.h>

#define SPT(group, negated, what)                                                                                      \
    "<SPT><ConditionNegated>" #negated "</ConditionNegated><Group>" #group "</Group>" what "</SPT>"
#define CRITERION(priority, cnf, spts, server)                                                                         \
    "<InitialFilterCriteria><Priority>" #priority "</Priority><TriggerPoint><ConditionTypeCNF>" #cnf                   \
    "</ConditionTypeCNF>" spts "</TriggerPoint><ApplicationServer><ServerName>" server                                 \
    "</ServerName><DefaultHandling>1</DefaultHandling></ApplicationServer></InitialFilterCriteria>"
#define METHOD(name) "<Method>" name "</Method>"
#define CASE(number) "<SessionCase>" #number "</SessionCase>"

static const char invite[] = "INVITE sip:bob@open-ims.test SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"
                             "Accept-Contact: *;+g.3gpp.icsi-ref=\"mmtel\"\r\n\r\n";
static const char message_text[] =
    "MESSAGE sip:bob@open-ims.test SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n\r\n";

static bool finds(const char *profile, const char *request, enum ifc_session_case session_case, uint32_t from,
                  struct ifc_match *match)
{
    struct sip_message message;

    CU_ASSERT_EQUAL_FATAL(sip_parse(span_of(request), &message), ERR_OK);
    return ifc_find(span_of(profile), &message, session_case, from, match);
}

/* (INVITE or MESSAGE) and originating: annex C's conjunctive form. */
static void test_conjunctive(void)
{
    static const char profile[] =
        CRITERION(0, 1, SPT(0, 0, METHOD("INVITE")) SPT(0, 0, METHOD("MESSAGE")) SPT(1, 0, CASE(0)), "sip:as.test");
    struct ifc_match match;

    CU_ASSERT_TRUE(finds(profile, invite, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_TRUE(span_equal(match.server, SPAN("sip:as.test")) && match.next == 1 && !match.continues);
    CU_ASSERT_TRUE(finds(profile, message_text, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_FALSE(finds(profile, invite, IFC_TERMINATING, 0, &match));
    CU_ASSERT_FALSE(
        finds(profile, "OPTIONS sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP a\r\n\r\n", IFC_ORIGINATING, 0, &match));
    CU_ASSERT_FALSE(finds(profile, invite, IFC_ORIGINATING, 1, &match));
}

/* (INVITE and originating) or (MESSAGE and terminating). */
static void test_disjunctive(void)
{
    static const char profile[] = CRITERION(
        0, 0, SPT(0, 0, METHOD("INVITE")) SPT(0, 0, CASE(0)) SPT(1, 0, METHOD("MESSAGE")) SPT(1, 0, CASE(1)), "sip:as");
    struct ifc_match match;

    CU_ASSERT_TRUE(finds(profile, invite, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_FALSE(finds(profile, invite, IFC_TERMINATING, 0, &match));
    CU_ASSERT_FALSE(finds(profile, message_text, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_TRUE(finds(profile, message_text, IFC_TERMINATING, 0, &match));
}

static void test_negation_headers_and_uris(void)
{
    static const char negated[] = CRITERION(0, 1, SPT(0, 1, METHOD("INVITE")), "sip:as");
    static const char header[] = CRITERION(
        0, 1, SPT(0, 0, "<SIPHeader><Header>accept-contact</Header><Content>mmtel</Content></SIPHeader>"), "sip:as");
    static const char other[] = CRITERION(
        0, 1, SPT(0, 0, "<SIPHeader><Header>Accept-Contact</Header><Content>poc</Content></SIPHeader>"), "sip:as");
    static const char uri[] = CRITERION(0, 1, SPT(0, 0, "<RequestURI>bob@open-ims</RequestURI>"), "sip:as");
    static const char unknown[] =
        CRITERION(0, 1, SPT(0, 0, "<SessionDescription><Line>m</Line></SessionDescription>"), "sip:as");
    struct ifc_match match;

    CU_ASSERT_FALSE(finds(negated, invite, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_TRUE(finds(negated, message_text, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_TRUE(finds(header, invite, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_FALSE(finds(header, message_text, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_FALSE(finds(other, invite, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_TRUE(finds(uri, invite, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_FALSE(finds(unknown, invite, IFC_ORIGINATING, 0, &match));
}

/* By priority, not by place; one behind the other. */
static void test_order(void)
{
    static const char profile[] = CRITERION(7, 1, SPT(0, 0, METHOD("INVITE")), "sip:third")
        CRITERION(1, 1, SPT(0, 0, METHOD("INVITE")), "sip:first")
            CRITERION(2, 1, SPT(0, 0, METHOD("MESSAGE")), "sip:second");
    struct ifc_match match = {.next = 0};

    CU_ASSERT_TRUE(finds(profile, invite, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_TRUE(span_equal(match.server, SPAN("sip:first")));
    CU_ASSERT_TRUE(finds(profile, invite, IFC_ORIGINATING, match.next, &match));
    CU_ASSERT_TRUE(span_equal(match.server, SPAN("sip:third")));
    CU_ASSERT_FALSE(finds(profile, invite, IFC_ORIGINATING, match.next, &match));
}

static void test_damaged_profiles_do_no_harm(void)
{
    static const char profile[] = CRITERION(0, 1, SPT(0, 0, METHOD("INVITE")) SPT(1, 0, CASE(0)), "sip:as");
    struct sip_message message;
    struct ifc_match match;

    CU_ASSERT_EQUAL_FATAL(sip_parse(SPAN(invite), &message), ERR_OK);
    for (size_t size = 0; size + 1 < sizeof(profile); size++)
        CU_ASSERT_FALSE(ifc_find((struct span){profile, size}, &message, IFC_ORIGINATING, 0, &match));
    CU_ASSERT_TRUE(ifc_find(SPAN(profile), &message, IFC_ORIGINATING, 0, &match));
}

int main(void)
{
    const struct unit_test tests[] = {
        {"conjunctive triggers", test_conjunctive},
        {"disjunctive triggers", test_disjunctive},
        {"negation, headers and URIs", test_negation_headers_and_uris},
        {"criteria go by priority", test_order},
        {"damaged profiles do no harm", test_damaged_profiles_do_no_harm},
        {NULL, NULL},
    };

    return unit_run("ifc", tests);
}
