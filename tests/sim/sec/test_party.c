/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/party.h"
#include "tests/unit.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>

static struct party_set parties;
static const char *const names[] = {"192.168.80.128", "pcscf-a.open-ims.test", NULL};

static int certificate_size(const struct party *party)
{
    return i2d_X509(party->certificate, NULL);
}

static void test_sizes(void)
{
    static const char *const aors[] = {"s", "sip:a@b", "sip:alice@open-ims.test",
                                       "sip:someone.with.a.long.name@open-ims.t"};
    struct note note = {0};

    CU_ASSERT_EQUAL(strlen(aors[3]), PARTY_NAME_MAX);
    for (size_t i = 0; i < sizeof(aors) / sizeof(aors[0]); i++)
        for (int again = 0; again < 5; again++) {
            struct party user;

            CU_ASSERT_EQUAL_FATAL(party_init_user(&user, &parties.authority[PARTY_EC], aors[i], &note), ERR_OK);
            CU_ASSERT_EQUAL(certificate_size(&user), PARTY_CERTIFICATE_EC);
            CU_ASSERT_STRING_EQUAL(user.name, aors[i]);
            party_free(&user);
        }
    CU_ASSERT_EQUAL(certificate_size(&parties.alice[PARTY_RSA]), PARTY_CERTIFICATE_RSA);
    CU_ASSERT_EQUAL(certificate_size(&parties.bob[PARTY_RSA]), PARTY_CERTIFICATE_RSA);
    CU_ASSERT_EQUAL(certificate_size(&parties.servers[0]), PARTY_SERVER_CERTIFICATE);
    CU_ASSERT_EQUAL(certificate_size(&parties.servers[1]), PARTY_SERVER_CERTIFICATE);
}

static void test_names(void)
{
    struct note note = {0};
    struct party user = {0};

    CU_ASSERT_EQUAL(party_init_user(&user, &parties.authority[PARTY_EC], "", &note), ERR_RANGE);
    note.text[0] = 0;
    CU_ASSERT_EQUAL(
        party_init_user(&user, &parties.authority[PARTY_EC], "sip:someone.with.a.long.name@open-ims.te", &note),
        ERR_RANGE);
    CU_ASSERT_NOT_EQUAL(note.text[0], 0);
    CU_ASSERT_PTR_NULL(user.key);
}

/* The one alternative name of a certificate as text, its type told apart. */
static void check_alternative_name(const struct party *party, int type, const char *expected, int size)
{
    GENERAL_NAMES *alternatives = X509_get_ext_d2i(party->certificate, NID_subject_alt_name, NULL, NULL);
    int got_type;

    CU_ASSERT_EQUAL_FATAL(sk_GENERAL_NAME_num(alternatives), 1);
    const ASN1_STRING *text = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(alternatives, 0), &got_type);

    CU_ASSERT_EQUAL(got_type, type);
    CU_ASSERT_EQUAL_FATAL(ASN1_STRING_length(text), size);
    CU_ASSERT_EQUAL(memcmp(ASN1_STRING_get0_data(text), expected, (size_t)size), 0);
    GENERAL_NAMES_free(alternatives);
}

static void test_alternative_names(void)
{
    struct note note = {0};
    struct party odd;

    check_alternative_name(&parties.alice[PARTY_EC], GEN_URI, "sip:alice@open-ims.test", 23);
    check_alternative_name(&parties.bob[PARTY_RSA], GEN_URI, "sip:bob@open-ims.test", 21);
    check_alternative_name(&parties.servers[0], GEN_IPADD, "\xc0\xa8\x50\x80", 4);
    check_alternative_name(&parties.servers[1], GEN_DNS, "pcscf-a.open-ims.test", 21);
    /* A comma does not begin another name. */
    CU_ASSERT_EQUAL_FATAL(party_init_user(&odd, &parties.authority[PARTY_EC], "sip:a@b,URI:sip:c@d", &note), ERR_OK);
    check_alternative_name(&odd, GEN_URI, "sip:a@b,URI:sip:c@d", 19);
    party_free(&odd);
}

static void test_find(void)
{
    CU_ASSERT_PTR_EQUAL(party_set_server(&parties, SPAN("pcscf-a.open-ims.test")), &parties.servers[1]);
    CU_ASSERT_PTR_EQUAL(party_set_server(&parties, SPAN("192.168.80.128")), &parties.servers[0]);
    CU_ASSERT_PTR_NULL(party_set_server(&parties, SPAN("192.168.80.12")));
}

static void test_pem(void)
{
    char text[4096];
    struct sink sink = SINK(text), small = {.data = text, .capacity = 10};

    CU_ASSERT_EQUAL(party_write_certificate(&parties.alice[PARTY_EC], &sink), ERR_OK);
    BIO *bio = BIO_new_mem_buf(text, (int)sink.size);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    CU_ASSERT_EQUAL(X509_cmp(certificate, parties.alice[PARTY_EC].certificate), 0);
    X509_free(certificate);
    BIO_free(bio);
    sink.size = 0;
    CU_ASSERT_EQUAL(party_write_key(&parties.alice[PARTY_EC], &sink), ERR_OK);
    bio = BIO_new_mem_buf(text, (int)sink.size);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    CU_ASSERT_EQUAL(EVP_PKEY_eq(key, parties.alice[PARTY_EC].key), 1);
    EVP_PKEY_free(key);
    BIO_free(bio);
    CU_ASSERT_EQUAL(party_write_key(&parties.alice[PARTY_EC], &small), ERR_OK);
    CU_ASSERT(small.overflow);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"certificates of one kind are equally long, whatever the name", test_sizes},
        {"names that are empty or too long are refused", test_names},
        {"alternative names are a URI, an address or a DNS name, once", test_alternative_names},
        {"servers are found by name", test_find},
        {"certificates and keys are written as PEM", test_pem},
        {NULL, NULL},
    };
    struct note note = {0};
    struct party_set_config config = {.server_names = names, .with_rsa = true};

    if (party_set_init(&parties, &config, &note) != ERR_OK)
        return 3;
    int status = unit_run("party", tests);

    party_set_free(&parties);
    return status;
}
