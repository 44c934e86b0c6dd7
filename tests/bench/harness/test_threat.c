/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What attacks come to in the network of `home`, where the links ue-a|edge-a and edge-b|ue-b carry signalling and file,
 * and no CSCF sees a file over MSRP.
 */
#include "bench/harness/threat.h"
#include "tests/unit.h"

#include <stdlib.h>

enum { FILE_BYTES = 2500 };

static struct setup setup;

static const char on_path[] = "edge-a|ue-a", off_path[] = "core|s-cscf-a", node[] = "S-CSCF(B)";

/* A few are enough for what is expected; LONG=1: all there are. */
static const char few[] = "edge-a|ue-a,core|s-cscf-a,S-CSCF(B),HSS(B),UE-A";

static struct threats *run_at(const char *places, const char *const *names, const char *attacks, unsigned jobs,
                              bool is_credulous)
{
    static struct threat_plan plan;
    struct threats *threats = NULL;
    struct note note = {{0}};

    plan = (struct threat_plan){.setup = &setup,
                                .attacks = attacks,
                                .places = getenv("LONG") && *getenv("LONG") ? NULL : places,
                                .file_bytes = FILE_BYTES,
                                .jobs = jobs,
                                .is_credulous = is_credulous};
    for (; *names; names++)
        plan.arms[plan.arm_count++] = arm_find(span_of(*names));
    CU_ASSERT_EQUAL_FATAL(threats_run(&plan, &threats, &note), ERR_OK);
    return threats;
}

static struct threats *run(const char *const *names, const char *attacks, bool is_credulous)
{
    return run_at(few, names, attacks, 2, is_credulous);
}

static const struct threat_row *find(const struct threats *threats, const char *arm, bool has_hash, const char *attack,
                                     const char *place)
{
    for (size_t i = 0; i < threats_count(threats); i++) {
        const struct threat_row *row = threats_row(threats, i);

        if (strcmp(row->arm->name, arm) == 0 && row->has_hash == has_hash && strcmp(row->attack->name, attack) == 0 &&
            strcmp(row->place->name, place) == 0)
            return row;
    }
    return NULL;
}

/* What is expected of a trial. */
struct expectation {
    const char *arm;
    bool has_hash;
    const char *attack, *place;
    enum threat_verdict verdict;
    enum threat_delivered delivered;
    bool has_read;
    const char *why; /* a part of it; NULL: nobody refuses */
};

static void expect(const struct threats *threats, const struct expectation *expected, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct expectation *e = &expected[i];
        const struct threat_row *row = find(threats, e->arm, e->has_hash, e->attack, e->place);

        CU_ASSERT_FATAL(row != NULL);
        bool is_right = row->verdict == e->verdict && row->delivered == e->delivered && row->has_read == e->has_read &&
                        (e->why ? strstr(row->why, e->why) != NULL : row->why[0] == 0);

        CU_ASSERT(is_right);
        if (!is_right)
            fprintf(stderr, "%s %s at %s: %s, %s, read %d, \"%s\"\n", e->arm, e->attack, e->place,
                    threat_verdicts[row->verdict], threat_delivered[row->delivered], row->has_read, row->why);
    }
}

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void what_is_not_protected_is_read_and_changed(void)
{
    static const char *const names[] = {"msrp-plain", "message-plain", NULL};
    static const char attacks[] = "read-name,change-bit,swap-sender,truncate,drop-chunk,reorder,strip-smime,replay";
    static const struct expectation expected[] = {
        {"msrp-plain", false, "read-file", on_path, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-plain", false, "read-file", off_path, THREAT_NA, THREAT_ORIGINAL, false, NULL},
        {"msrp-plain", false, "read-name", off_path, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-plain", false, "change-bit", on_path, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-plain", false, "change-bit", node, THREAT_NA, THREAT_ORIGINAL, false, NULL},
        {"msrp-plain", true, "change-bit", on_path, THREAT_NOTICED, THREAT_NOTHING, true, "hash"},
        {"msrp-plain", true, "swap-sender", on_path, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-plain", false, "truncate", on_path, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-plain", false, "drop-chunk", on_path, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-plain", false, "reorder", on_path, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-plain", false, "strip-smime", on_path, THREAT_NA, THREAT_ORIGINAL, true, NULL},
        {"message-plain", false, "read-file", node, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"message-plain", false, "replay", node, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"message-plain", false, "truncate", node, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"message-plain", false, "read-file", "HSS(B)", THREAT_NA, THREAT_ORIGINAL, false, NULL},
    };
    struct threats *threats = run(names, attacks, false);

    expect(threats, expected, COUNT(expected));
    threats_free(threats);
}

static void what_is_sealed_is_not_and_only_a_replay_goes_unnoticed(void)
{
    static const char *const names[] = {"msrp-smime", NULL};
    static const struct expectation expected[] = {
        {"msrp-smime", false, "read-file", on_path, THREAT_NA, THREAT_ORIGINAL, false, NULL},
        {"msrp-smime", false, "read-name", on_path, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-smime", false, "read-who", on_path, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-smime", false, "read-size", on_path, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-smime", false, "change-bit", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "CMS: "},
        {"msrp-smime", false, "truncate", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "CMS: "},
        {"msrp-smime", false, "drop-chunk", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "CMS: "},
        {"msrp-smime", false, "reorder", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "CMS: "},
        {"msrp-smime", false, "replay", on_path, THREAT_UNNOTICED, THREAT_ALTERED, false, NULL},
        {"msrp-smime", false, "swap-sender", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "not that of sip:alice@"},
        {"msrp-smime", false, "strip-smime", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "does not take S/MIME"},
        {"msrp-smime", false, "strip-smime", node, THREAT_NOTICED, THREAT_NOTHING, false, "does not take S/MIME"},
        {"msrp-smime", false, "forward", "UE-A", THREAT_NOTICED, THREAT_NOTHING, false, "not that of sip:alice@"},
        {"msrp-smime", false, "expired-certificate", "UE-A", THREAT_NOTICED, THREAT_NOTHING, false, "has expired"},
        {"msrp-smime", false, "self-signed-certificate", "UE-A", THREAT_NOTICED, THREAT_NOTHING, false, "self-signed"},
        {"msrp-smime", false, "wrong-name-certificate", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "not that of"},
        {"msrp-smime", false, "revoked-certificate", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "revoked"},
        {"msrp-smime", false, "swap-certificate", "certificates", THREAT_NOTICED, THREAT_NOTHING, false,
         "look-up: certificate refused"},
    };
    struct threats *threats = run_at("edge-a|ue-a,S-CSCF(B),UE-A,certificates", names, NULL, 2, false);

    expect(threats, expected, COUNT(expected));
    threats_free(threats);
}

/* The same trials, but receivers ask nobody: a verdict comes from them. */
static void credulous_receivers_notice_less(void)
{
    static const char *const names[] = {"msrp-smime", NULL};
    static const struct expectation expected[] = {
        {"msrp-smime", false, "swap-sender", on_path, THREAT_UNNOTICED, THREAT_ALTERED, false, NULL},
        {"msrp-smime", false, "strip-smime", on_path, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-smime", false, "forward", "UE-A", THREAT_UNNOTICED, THREAT_ALTERED, false, NULL},
        {"msrp-smime", false, "expired-certificate", on_path, THREAT_UNNOTICED, THREAT_ALTERED, false, NULL},
        {"msrp-smime", false, "self-signed-certificate", on_path, THREAT_UNNOTICED, THREAT_ALTERED, false, NULL},
        {"msrp-smime", false, "wrong-name-certificate", on_path, THREAT_UNNOTICED, THREAT_ALTERED, false, NULL},
        {"msrp-smime", false, "revoked-certificate", on_path, THREAT_UNNOTICED, THREAT_ALTERED, false, NULL},
        /* Whom it was sealed for can open it, and user B cannot. */
        {"msrp-smime", false, "swap-certificate", on_path, THREAT_NOTICED, THREAT_NOTHING, true,
         "not encrypted for this recipient"},
        /* A tag needs no certificate. */
        {"msrp-smime", false, "change-bit", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "CMS: "},
    };
    struct threats *threats = run_at("edge-a|ue-a,UE-A,certificates", names, NULL, 2, true);

    expect(threats, expected, COUNT(expected));
    threats_free(threats);
}

static void tls_and_esp_refuse_what_was_changed(void)
{
    static const char *const names[] = {"msrp-relay", "message-ipsec", NULL};
    static const char attacks[] = "change-bit,replay,drop-chunk,expired-certificate,revoked-certificate";
    static const char places[] = "edge-a|ue-a,S-CSCF(B),relay 1";
    static const struct expectation expected[] = {
        {"msrp-relay", false, "read-file", on_path, THREAT_NA, THREAT_ORIGINAL, false, NULL},
        {"msrp-relay", false, "read-file", "relay 1", THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-relay", false, "change-bit", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "bad_record_mac"},
        {"msrp-relay", false, "replay", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "bad_record_mac"},
        {"msrp-relay", false, "change-bit", "relay 1", THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-relay", false, "expired-certificate", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "bad_certificate"},
        {"msrp-relay", false, "revoked-certificate", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "bad_certificate"},
        {"message-ipsec", false, "read-file", on_path, THREAT_NA, THREAT_ORIGINAL, false, NULL},
        {"message-ipsec", false, "read-file", node, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        /* What is refused is sent again. */
        {"message-ipsec", false, "change-bit", on_path, THREAT_NOTICED, THREAT_ORIGINAL, false, "ESP: "},
        {"message-ipsec", false, "replay", on_path, THREAT_NOTICED, THREAT_ORIGINAL, false, "ESP: "},
        {"message-ipsec", false, "drop-chunk", on_path, THREAT_UNNOTICED, THREAT_ORIGINAL, false, NULL},
    };
    struct threats *threats = run_at(places, names, attacks, 2, false);

    expect(threats, expected, COUNT(expected));
    threats_free(threats);
}

/* RFC 4975 section 14.4: integrity of SDP is all that keeps others out. */
static void who_rewrites_sdp_stands_between_the_ends_of_tls(void)
{
    static const char *const names[] = {"msrp-tls", "msrp-plain", "msrp-smime", NULL};
    static const char attacks[] = "change-bit,swap-fingerprint,swap-path,swap-path-change";
    static const struct expectation expected[] = {
        {"msrp-tls", false, "change-bit", on_path, THREAT_NOTICED, THREAT_NOTHING, false, "bad_record_mac"},
        {"msrp-tls", false, "swap-fingerprint", on_path, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-tls", false, "read-file", on_path, THREAT_NA, THREAT_ORIGINAL, false, NULL},
        /* Who is not on the way of the file either gets it to his own host, or only breaks the session. */
        {"msrp-tls", false, "swap-fingerprint", node, THREAT_NOTICED, THREAT_NOTHING, false, NULL},
        {"msrp-tls", false, "swap-path", node, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-tls", false, "swap-path", off_path, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-tls", false, "swap-path-change", node, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-tls", true, "swap-path-change", node, THREAT_NOTICED, THREAT_NOTHING, true, "hash"},
        {"msrp-tls", false, "swap-path", "HSS(B)", THREAT_NA, THREAT_ORIGINAL, false, NULL},
        {"msrp-plain", false, "read-file", node, THREAT_NA, THREAT_ORIGINAL, false, NULL},
        {"msrp-plain", false, "swap-path", node, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-plain", false, "swap-path-change", off_path, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-smime", false, "swap-path", node, THREAT_UNNOTICED, THREAT_ORIGINAL, false, NULL},
        {"msrp-smime", false, "swap-path-change", node, THREAT_NOTICED, THREAT_NOTHING, false, "CMS: "},
    };
    struct threats *threats = run(names, attacks, false);

    expect(threats, expected, COUNT(expected));
    threats_free(threats);
}

/* RFC 4976: whoever is named in a path is a relay. Gateways are led by c= and m=, B2BUAs leg by leg: who is at the node
 * of one sees only one description of each leg, and its fingerprint gives him away. */
static void who_rewrites_sdp_gets_between_relays_b2buas_and_gateways(void)
{
    static const char *const names[] = {"msrp-relay",   "msrp-b2bua",       "msrp-e2ae",        "msrp-smime-agw",
                                        "msrp-tls-agw", "msrp-relay-smime", "msrp-relay-plain", NULL};
    static const char places[] = "edge-b|ue-b,I-CSCF(B),P-CSCF(A)", last[] = "edge-b|ue-b", middle[] = "I-CSCF(B)",
                      first[] = "P-CSCF(A)";
    static const struct expectation expected[] = {
        {"msrp-relay", false, "swap-path", middle, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-relay", false, "swap-path-change", middle, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-relay", false, "swap-path-change", last, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-relay", true, "swap-path-change", first, THREAT_NOTICED, THREAT_NOTHING, true, "hash"},
        {"msrp-b2bua", false, "swap-path", last, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-b2bua", false, "swap-path-change", middle, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-b2bua", false, "swap-path", first, THREAT_NOTICED, THREAT_NOTHING, false, NULL},
        {"msrp-e2ae", false, "swap-path-change", last, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-e2ae", false, "swap-path-change", middle, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-smime-agw", false, "swap-path", first, THREAT_UNNOTICED, THREAT_ORIGINAL, false, NULL},
        {"msrp-smime-agw", false, "swap-path-change", last, THREAT_NOTICED, THREAT_NOTHING, false, "CMS: "},
        {"msrp-tls-agw", false, "swap-path", middle, THREAT_UNNOTICED, THREAT_ORIGINAL, true, NULL},
        {"msrp-tls-agw", false, "swap-path-change", last, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-relay-smime", false, "swap-path", middle, THREAT_UNNOTICED, THREAT_ORIGINAL, false, NULL},
        {"msrp-relay-smime", false, "swap-path-change", middle, THREAT_NOTICED, THREAT_NOTHING, false, "CMS: "},
        {"msrp-relay-plain", false, "swap-path-change", first, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-relay-plain", false, "swap-path-change", last, THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
    };
    struct threats *threats = run_at(places, names, "swap-path,swap-path-change", 2, false);

    expect(threats, expected, COUNT(expected));
    threats_free(threats);
}

/* Where the answerer opens the connection. */
static void expect_of_answerer(const char *place, const char *const *names, const struct expectation *expected,
                               size_t count)
{
    setup.file.scenario.setup_active = SETUP_ANSWERER;
    struct threats *threats = run_at(place, names, "swap-path-change", 2, false);

    setup.file.scenario.setup_active = SETUP_OFFERER;
    expect(threats, expected, count);
    threats_free(threats);
}

/* Then the answerer may come before its answer (a=setup, RFC 6135). */
static void it_does_not_matter_who_connects(void)
{
    static const char *const names[] = {"msrp-e2ae", "msrp-b2bua", NULL};
    static const struct expectation expected[] = {
        {"msrp-e2ae", false, "swap-path-change", "I-CSCF(B)", THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
        {"msrp-b2bua", false, "swap-path-change", "I-CSCF(B)", THREAT_UNNOTICED, THREAT_ALTERED, true, NULL},
    };

    expect_of_answerer("I-CSCF(B)", names, expected, COUNT(expected));
}

/* Mallory is on both sides of the last B2BUA, which tells its two sessions by their URIs: what he brings for UE-B
 * leaves for UE-B, whose connection is one of its own. */
static void a_b2bua_does_not_mind_who_brings_a_message(void)
{
    static const char *const names[] = {"msrp-relay-plain", NULL};
    static const struct expectation expected[] = {
        {"msrp-relay-plain", false, "swap-path-change", "P-CSCF(B)", THREAT_NOTICED, THREAT_NOTHING, true, NULL},
    };

    expect_of_answerer("P-CSCF(B)", names, expected, COUNT(expected));
}

static void threads_change_nothing(void)
{
    static const char *const names[] = {"msrp-smime", "msrp-tls", NULL};
    struct threats *one = run_at(few, names, "change-bit,replay", 1, false),
                   *three = run_at(few, names, "change-bit,replay", 3, false);

    CU_ASSERT_EQUAL_FATAL(threats_count(one), threats_count(three));
    for (size_t i = 0; i < threats_count(one); i++) {
        const struct threat_row *a = threats_row(one, i), *b = threats_row(three, i);

        CU_ASSERT(a->arm == b->arm && a->has_hash == b->has_hash && a->attack == b->attack &&
                  strcmp(a->place->name, b->place->name) == 0);
        CU_ASSERT(a->verdict == b->verdict && a->delivered == b->delivered && a->has_read == b->has_read &&
                  strcmp(a->why, b->why) == 0);
    }
    threats_free(one);
    threats_free(three);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"what is not protected is read and changed", what_is_not_protected_is_read_and_changed},
        {"what is sealed is not, and only a replay goes unnoticed",
         what_is_sealed_is_not_and_only_a_replay_goes_unnoticed},
        {"credulous receivers notice less", credulous_receivers_notice_less},
        {"TLS and ESP refuse what was changed", tls_and_esp_refuse_what_was_changed},
        {"who rewrites SDP stands between the ends of TLS", who_rewrites_sdp_stands_between_the_ends_of_tls},
        {"who rewrites SDP gets between relays, B2BUAs and gateways",
         who_rewrites_sdp_gets_between_relays_b2buas_and_gateways},
        {"it does not matter who connects", it_does_not_matter_who_connects},
        {"a B2BUA does not mind who brings a message", a_b2bua_does_not_mind_who_brings_a_message},
        {"the number of threads changes nothing", threads_change_nothing},
        {NULL, NULL},
    };
    struct note note = {{0}};

    if (scenario_file_read(SPAN("home"), &setup.file, &note) != ERR_OK || setup_open(&setup, &note) != ERR_OK)
        return 3;
    int status = unit_run("threat", tests);

    setup_close(&setup);
    return status;
}
