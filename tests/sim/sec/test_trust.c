/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Certificates that a receiver must refuse, each of which OpenSSL's program judges as well. What the program does not
 * look at (whose address of record it is, that an authority's certificate is no user's, that a key usage is there) is
 * checked by what it prints of the certificate.
 */
#include "sim/sec/trust.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <unistd.h>

enum { NOW_S = 1800000000 /* 2027-01-15 */ };

static const char alice[] = "sip:alice@open-ims.test";
static struct party_set parties, strangers;
static char folder[] = "/tmp/hopsim-trust-XXXXXX";

/* ---- OpenSSL's program ---- */

static const char *path_of(const char *name, struct sink *sink)
{
    sink_format(sink, "%s/%s", folder, name);
    return sink_string(sink);
}

static void save(const char *name, enum err (*write)(const struct party *, struct sink *), const struct party *party)
{
    char text[8192], path[256];
    struct sink pem = SINK(text), sink = SINK(path);
    FILE *file = fopen(path_of(name, &sink), "w");

    CU_ASSERT_FATAL(file != NULL);
    CU_ASSERT_EQUAL(write(party, &pem), ERR_OK);
    CU_ASSERT_EQUAL(fwrite(pem.data, 1, pem.size, file), pem.size);
    fclose(file);
}

static bool program(const char *arguments)
{
    char text[1024];
    struct sink command = SINK(text);

    sink_format(&command, "cd %s && openssl %s >said 2>&1", folder, arguments);
    return system(sink_string(&command)) == 0;
}

static bool has_said(const char *words)
{
    char path[256], text[8192];
    struct sink sink = SINK(path);
    FILE *file = fopen(path_of("said", &sink), "r");
    size_t size = file ? fread(text, 1, sizeof(text), file) : 0;

    if (file)
        fclose(file);
    return span_find((struct span){text, size}, span_of(words)) < size;
}

static bool program_takes(const struct party *authority, const struct party *user, const char *purpose)
{
    char text[256];
    struct sink arguments = SINK(text);

    save("authority.pem", party_write_certificate, authority);
    save("list.pem", party_write_crl, authority);
    save("user.pem", party_write_certificate, user);
    sink_format(&arguments,
                "verify -x509_strict -auth_level 2 -crl_check -CRLfile list.pem -no-CApath -CAfile authority.pem "
                "-attime %d -purpose %s user.pem",
                NOW_S, purpose);
    return program(sink_string(&arguments));
}

/* ---- Ours ---- */

static enum err judge(const struct party *authority, const struct party *user, const char *aor, enum trust_use use,
                      struct note *note)
{
    struct trust trust = {authority, aor, NOW_S, use};

    *note = (struct note){{0}};
    return trust_check(user->certificate, &trust, note);
}

static const struct odd_case {
    const char *what;
    struct party_oddity odd;
    const char *aor;    /* in the certificate; NULL: alice's */
    const char *reason; /* of ours, a part of it; NULL: it is taken */
    const char *said;   /* by the program that refuses it; NULL: the program takes it */
} odd_cases[] = {
    {"nothing is odd", {NULL}, NULL, NULL, NULL},
    {"expired", {.not_after = "20261231235959Z"}, NULL, "certificate has expired", "certificate has expired"},
    {"not valid yet", {.not_before = "20280101000000Z"}, NULL, "not yet valid", "not yet valid"},
    {"self-signed", {.is_self_signed = true}, NULL, "self-signed certificate", "self-signed certificate"},
    {"another user's", {NULL}, "sip:mallory@open-ims.test", "not that of sip:alice@open-ims.test", NULL},
    {"the AoR as an e-mail address", {.aor_type = "email"}, NULL, "not that of", NULL},
    {"the AoR as a host", {.aor_type = "DNS"}, NULL, "not that of", NULL},
    {"the MSRP path", {NULL}, "msrp://192.168.80.1:7394/a;tcp", "not that of", NULL},
    {"the host in capitals", {NULL}, "sip:alice@OPEN-IMS.TEST", NULL, NULL},
    {"the user in capitals", {NULL}, "sip:ALICE@open-ims.test", "not that of", NULL},
    {"one letter less", {NULL}, "sip:alice@open-ims.tes", "not that of", NULL},
    {"the AoR and more", {NULL}, "sip:alice@open-ims.test;x=y", "not that of", NULL},
    {"another scheme", {NULL}, "sips:alice@open-ims.test", "not that of", NULL},
    {"no key usage", {.key_usage = ""}, NULL, "does not say what its key is for", NULL},
    {"usage of an authority",
     {.key_usage = "critical,keyCertSign"},
     NULL,
     "invalid CA certificate",
     "unsuitable certificate purpose"},
    {"for keys alone",
     {.key_usage = "critical,keyAgreement"},
     NULL,
     "not for signing",
     "unsuitable certificate purpose"},
    {"for TLS servers", {.extended_key_usage = "serverAuth"}, NULL, "not for S/MIME", "unsuitable certificate purpose"},
    {"for mail", {.extended_key_usage = "emailProtection"}, NULL, NULL, NULL},
    {"an authority's",
     {.is_authority = true, .key_usage = "critical,digitalSignature,keyCertSign"},
     NULL,
     "an authority's",
     NULL},
    {"a short key", {.has_small_key = true}, NULL, "key too weak", "EE certificate key too weak"},
    {"signed with SHA-1", {.is_signed_sha1 = true}, NULL, "digest algorithm too weak", "digest algorithm too weak"},
};

static void check_odd(enum party_kind kind, const struct odd_case *odd)
{
    const struct party *authority = &parties.authority[kind];
    struct party user = {NULL};
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(party_init_odd_user(&user, authority, odd->aor ? odd->aor : alice, &odd->odd, &note), ERR_OK);
    enum err error = judge(authority, &user, alice, TRUST_SIGN, &note);

    bool is_right = error == (odd->reason ? ERR_CRYPTO : ERR_OK) && (!odd->reason || strstr(note.text, odd->reason));
    bool takes = program_takes(authority, &user, "smimesign");
    bool is_same = takes == !odd->said && (takes || has_said(odd->said));

    CU_ASSERT(is_right);
    CU_ASSERT(is_same);
    if (!is_right || !is_same)
        fprintf(stderr, "%s: we say \"%s\", the program %s\n", odd->what, note.text, takes ? "takes it" : "refuses");
    party_free(&user);
}

static void odd_certificates_are_refused_as_openssl_refuses_them(void)
{
    const char *is_long = getenv("LONG");

    /* Keys of RSA take long to make: of them only those that have a say in the verdict. */
    for (size_t i = 0; i < sizeof(odd_cases) / sizeof(*odd_cases); i++) {
        const struct party_oddity *odd = &odd_cases[i].odd;

        check_odd(PARTY_EC, &odd_cases[i]);
        if (i == 0 || odd->has_small_key || odd->is_signed_sha1 || (is_long && is_long[0]))
            check_odd(PARTY_RSA, &odd_cases[i]);
    }
}

static void what_the_program_does_not_judge_stands_in_the_certificate(void)
{
    struct party user = {NULL};
    struct note note = {{0}};
    struct party_oddity odd = {.is_authority = true, .key_usage = "critical,digitalSignature,keyCertSign"};

    save("user.pem", party_write_certificate, &parties.alice[PARTY_EC]);
    CU_ASSERT(program("x509 -in user.pem -noout -ext subjectAltName,keyUsage"));
    CU_ASSERT(has_said("URI:sip:alice@open-ims.test"));
    CU_ASSERT(has_said("Digital Signature, Key Agreement"));
    CU_ASSERT_EQUAL_FATAL(party_init_odd_user(&user, &parties.authority[PARTY_EC], alice, &odd, &note), ERR_OK);
    save("user.pem", party_write_certificate, &user);
    CU_ASSERT(program("x509 -in user.pem -noout -ext basicConstraints"));
    CU_ASSERT(has_said("CA:TRUE"));
    party_free(&user);
}

static void whoever_is_not_under_the_authority_is_refused(void)
{
    for (int kind = 0; kind < PARTY_KIND_COUNT; kind++) {
        const struct party *authority = &parties.authority[kind], *other = &strangers.authority[kind];
        struct note note;

        CU_ASSERT_EQUAL(judge(authority, &parties.alice[kind], alice, TRUST_SIGN, &note), ERR_OK);
        CU_ASSERT_EQUAL(judge(authority, &strangers.alice[kind], alice, TRUST_SIGN, &note), ERR_CRYPTO);
        CU_ASSERT(strstr(note.text, "signature failure") || strstr(note.text, "issuer"));
        CU_ASSERT_EQUAL(judge(other, &parties.alice[kind], alice, TRUST_SIGN, &note), ERR_CRYPTO);
        CU_ASSERT(!program_takes(authority, &strangers.alice[kind], "smimesign"));
        CU_ASSERT(program_takes(other, &strangers.alice[kind], "smimesign"));
    }
}

static void a_revoked_certificate_and_one_without_a_list_are_refused(void)
{
    struct party_set own;
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(party_set_init(&own, &(struct party_set_config){.with_rsa = true}, &note), ERR_OK);
    for (int kind = 0; kind < PARTY_KIND_COUNT; kind++) {
        struct party blind = own.authority[kind];

        CU_ASSERT_EQUAL(judge(&own.authority[kind], &own.alice[kind], alice, TRUST_SIGN, &note), ERR_OK);
        blind.crl = NULL;
        CU_ASSERT_EQUAL(judge(&blind, &own.alice[kind], alice, TRUST_SIGN, &note), ERR_CRYPTO);
        CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "unable to get certificate CRL"));
        blind.crl = strangers.authority[kind].crl; /* it was signed by somebody else of the same name */
        CU_ASSERT_EQUAL(judge(&blind, &own.alice[kind], alice, TRUST_SIGN, &note), ERR_CRYPTO);
        CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "CRL signature failure"));
        CU_ASSERT_EQUAL(party_revoke(&own.authority[kind], &own.alice[kind], &note), ERR_OK);
        CU_ASSERT_EQUAL(judge(&own.authority[kind], &own.alice[kind], alice, TRUST_SIGN, &note), ERR_CRYPTO);
        CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "certificate revoked"));
        CU_ASSERT_EQUAL(judge(&own.authority[kind], &own.bob[kind], own.bob[kind].name, TRUST_SIGN, &note), ERR_OK);
        CU_ASSERT(!program_takes(&own.authority[kind], &own.alice[kind], "smimesign"));
        CU_ASSERT(has_said("certificate revoked"));
        CU_ASSERT(program_takes(&own.authority[kind], &own.bob[kind], "smimesign"));
    }
    party_set_free(&own);
}

static void a_recipient_has_a_key_that_takes_keys(void)
{
    static const char *const usages[PARTY_KIND_COUNT] = {"critical,keyAgreement", "critical,keyEncipherment"};

    for (int kind = 0; kind < PARTY_KIND_COUNT; kind++) {
        const struct party *authority = &parties.authority[kind];
        struct party user = {NULL};
        struct note note = {{0}};
        struct party_oddity odd = {.key_usage = usages[kind]};

        CU_ASSERT_EQUAL_FATAL(party_init_odd_user(&user, authority, alice, &odd, &note), ERR_OK);
        CU_ASSERT_EQUAL(judge(authority, &user, alice, TRUST_RECEIVE, &note), ERR_OK);
        CU_ASSERT_EQUAL(judge(authority, &user, alice, TRUST_SIGN, &note), ERR_CRYPTO);
        party_free(&user);
        odd.key_usage = "critical,digitalSignature";
        CU_ASSERT_EQUAL_FATAL(party_init_odd_user(&user, authority, alice, &odd, &note), ERR_OK);
        CU_ASSERT_EQUAL(judge(authority, &user, alice, TRUST_RECEIVE, &note), ERR_CRYPTO);
        CU_ASSERT_EQUAL(judge(authority, &user, alice, TRUST_SIGN, &note), ERR_OK);
        party_free(&user);
    }
}

static void a_certificate_comes_as_der_and_nothing_behind_it(void)
{
    char text[4096];
    struct sink der = SINK(text);
    struct trust trust = {&parties.authority[PARTY_EC], alice, NOW_S, TRUST_RECEIVE};
    struct note note = {{0}};

    party_write_der(&parties.alice[PARTY_EC], &der);
    CU_ASSERT_EQUAL(trust_check_der(sink_written(&der), &trust, &note), ERR_OK);
    for (size_t size = 0; size < der.size; size++)
        CU_ASSERT_EQUAL(trust_check_der((struct span){text, size}, &trust, &note), ERR_CRYPTO);
    sink_char(&der, 0);
    CU_ASSERT_EQUAL(trust_check_der(sink_written(&der), &trust, &note), ERR_CRYPTO);
}

#define LITERAL(text)                                                                                                  \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }

static void addresses_of_record_compare_as_sip_has_them(void)
{
    static const struct {
        struct span a, b;
        bool is_same;
    } cases[] = {
        {LITERAL("sip:alice@a.test"), LITERAL("SIP:alice@A.TEST"), true},
        {LITERAL("sip:alice@a.test"), LITERAL("sip:Alice@a.test"), false},
        {LITERAL("sip:alice@a.test"), LITERAL("sip:alice@a.test\0.b.test"), false},
        {LITERAL("sip:alice@a.test\0"), LITERAL("sip:alice@a.test\0"), false},
        {LITERAL("sip:alice@a.test;lr"), LITERAL("sip:alice@a.test;lr"), false},
        {LITERAL("sip:a.test"), LITERAL("sip:a.test"), false},
        {LITERAL("sip:@a.test"), LITERAL("sip:@a.test"), false},
        {LITERAL("sip:alice@"), LITERAL("sip:alice@"), false},
        {LITERAL("tel:+1@a.test"), LITERAL("tel:+1@a.test"), false},
        {LITERAL(""), LITERAL(""), false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        CU_ASSERT_EQUAL(trust_same_aor(cases[i].a, cases[i].b), cases[i].is_same);
}

static void remove_folder(void)
{
    static const char *const names[] = {"authority.pem", "list.pem", "user.pem", "said"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char path[256];
        struct sink sink = SINK(path);

        unlink(path_of(names[i], &sink));
    }
    rmdir(folder);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"odd certificates are refused, as OpenSSL's program refuses them",
         odd_certificates_are_refused_as_openssl_refuses_them},
        {"what the program does not judge stands in the certificate",
         what_the_program_does_not_judge_stands_in_the_certificate},
        {"whoever is not under the authority is refused", whoever_is_not_under_the_authority_is_refused},
        {"a revoked certificate, and any without a list, is refused",
         a_revoked_certificate_and_one_without_a_list_are_refused},
        {"a recipient has a key that takes keys", a_recipient_has_a_key_that_takes_keys},
        {"a certificate comes as DER and nothing behind it", a_certificate_comes_as_der_and_nothing_behind_it},
        {"addresses of record compare as SIP has them", addresses_of_record_compare_as_sip_has_them},
        {NULL, NULL},
    };
    const struct party_set_config config = {.with_rsa = true};
    struct note note = {{0}};

    if (!mkdtemp(folder) || party_set_init(&parties, &config, &note) != ERR_OK ||
        party_set_init(&strangers, &config, &note) != ERR_OK)
        return 3;
    int status = unit_run("trust", tests);

    party_set_free(&parties);
    party_set_free(&strangers);
    remove_folder();
    return status;
}
