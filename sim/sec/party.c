/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/party.h"
#include "sim/base/check.h"
#include "sim/sec/failure.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

enum {
    SIGNATURE_TRIES = 200, /* about every second signature has that size */
    SERIAL_SIZE = 8,       /* octets of a serial number */
    RSA_BITS = 2048,
    RSA_BITS_SMALL = 1024
};

/* Both dates lie before 2050 and so are UTCTimes of one width. */
static const char date_first[] = "20100101000000Z", date_last[] = "20491231235959Z";
static const struct party_oddity nothing_odd = {.not_before = NULL};

/* What differs between the two kinds. */
static const struct kind {
    const char *authority; /* common name */
    const char *key_usage; /* of a user: signs, and agrees on or receives keys */
    int signature_size;
    int certificate_size; /* of a member */
} kinds[PARTY_KIND_COUNT] = {
    [PARTY_EC] = {"hopsim EC authority", "critical,digitalSignature,keyAgreement", PARTY_SIGNATURE_EC,
                  PARTY_CERTIFICATE_EC},
    [PARTY_RSA] = {"hopsim RSA authority", "critical,digitalSignature,keyEncipherment", RSA_BITS / 8,
                   PARTY_CERTIFICATE_RSA},
};

static enum party_kind party_kind(const struct party *party)
{
    return EVP_PKEY_get_base_id(party->key) == EVP_PKEY_RSA ? PARTY_RSA : PARTY_EC;
}

static EVP_PKEY *key_create(enum party_kind kind, bool is_small)
{
    if (kind == PARTY_RSA)
        return EVP_RSA_gen(is_small ? RSA_BITS_SMALL : RSA_BITS);
    return EVP_EC_gen(is_small ? "P-192" : "P-256");
}

/* Eight octets of which the first is 0x40 to 0x7f: neither shortened nor made longer by DER. */
static bool set_serial(X509 *certificate)
{
    uint8_t bytes[SERIAL_SIZE];

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] = (uint8_t)(0x40 | (bytes[0] & 0x3f));
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool done = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != NULL;

    BN_free(number);
    return done;
}

static bool set_dates(X509 *certificate, const struct party_oddity *odd)
{
    const char *first = odd->not_before ? odd->not_before : date_first;
    const char *last = odd->not_after ? odd->not_after : date_last;

    return ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), first) == 1 &&
           ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate), last) == 1;
}

static bool add_name(X509 *certificate, int nid, const char *text)
{
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), nid, MBSTRING_ASC,
                                      (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool done = extension && X509_add_ext(certificate, extension, -1) == 1;

    X509_EXTENSION_free(extension);
    return done;
}

/* The alternative name is built from octets, not from OpenSSL's configuration syntax: a comma in it means nothing. */
static bool add_alternative_name(X509 *certificate, int type, struct span value)
{
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *text = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    bool done = names && name && text && ASN1_STRING_set(text, value.data, (int)value.size) == 1;

    if (done) {
        GENERAL_NAME_set0_value(name, type, text);
        text = NULL;
        done = sk_GENERAL_NAME_push(names, name) > 0;
        if (done)
            name = NULL;
    }
    done = done && X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
    ASN1_STRING_free(text);
    GENERAL_NAME_free(name);
    GENERAL_NAMES_free(names);
    return done;
}

/* Signs again until the signature has its usual size, so that all certificates of a kind are equally long. */
static bool sign(X509 *certificate, EVP_PKEY *key, int signature_size)
{
    const ASN1_BIT_STRING *signature = NULL;

    for (int i = 0; i < SIGNATURE_TRIES; i++) {
        if (X509_sign(certificate, key, EVP_sha256()) == 0)
            return false;
        X509_get0_signature(&signature, NULL, certificate);
        if (ASN1_STRING_length(signature) == signature_size)
            return true;
    }
    return false;
}

static bool begin(struct party *party, const X509_NAME *issuer, const struct party_oddity *odd)
{
    X509 *certificate = party->certificate;

    return certificate && party->key && X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           set_dates(certificate, odd) && X509_set_pubkey(certificate, party->key) == 1 &&
           (!issuer || X509_set_issuer_name(certificate, issuer) == 1);
}

/* ---- Revocation lists ---- */

/* The authority signs its list, as it is now. */
static bool sign_list(struct party *authority)
{
    X509_CRL *list = authority->crl;
    ASN1_TIME *first = ASN1_TIME_new(), *last = ASN1_TIME_new();
    bool done = first && last && ASN1_TIME_set_string_X509(first, date_first) == 1 &&
                ASN1_TIME_set_string_X509(last, date_last) == 1 && X509_CRL_set1_lastUpdate(list, first) == 1 &&
                X509_CRL_set1_nextUpdate(list, last) == 1 && X509_CRL_sort(list) == 1 &&
                X509_CRL_sign(list, authority->key, EVP_sha256()) > 0;

    ASN1_TIME_free(first);
    ASN1_TIME_free(last);
    return done;
}

static bool make_list(struct party *authority)
{
    authority->crl = X509_CRL_new();
    return authority->crl && X509_CRL_set_version(authority->crl, X509_CRL_VERSION_2) == 1 &&
           X509_CRL_set_issuer_name(authority->crl, X509_get_subject_name(authority->certificate)) == 1 &&
           sign_list(authority);
}

enum err party_revoke(struct party *authority, const struct party *user, struct note *note)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *since = ASN1_TIME_new();
    bool done = entry && since && ASN1_TIME_set_string_X509(since, date_first) == 1 &&
                X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(user->certificate)) == 1 &&
                X509_REVOKED_set_revocationDate(entry, since) == 1 && X509_CRL_add0_revoked(authority->crl, entry) == 1;

    if (!done)
        X509_REVOKED_free(entry);
    ASN1_TIME_free(since);
    if (!done || !sign_list(authority))
        return crypto_failed(note, "cannot revoke a certificate");
    return ERR_OK;
}

/* ---- Authorities and members ---- */

enum err party_init_authority(struct party *authority, enum party_kind kind, struct note *note)
{
    struct party made = {.key = key_create(kind, false), .certificate = X509_new()};
    X509 *certificate = made.certificate;

    if (!begin(&made, NULL, &nothing_odd) || !add_name(certificate, NID_commonName, kinds[kind].authority) ||
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) != 1 ||
        !add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE") ||
        !add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(certificate, certificate, NID_subject_key_identifier, "hash") ||
        !sign(certificate, made.key, kinds[kind].signature_size) || !make_list(&made)) {
        party_free(&made);
        return crypto_failed(note, "cannot make a certificate authority");
    }
    *authority = made;
    return ERR_OK;
}

/* The subject carries as many digits as the alternative name is shorter than the longest one, which makes all
 * certificates equally long. */
static bool name_subject(X509 *certificate, struct span alternative)
{
    char filler[PARTY_NAME_MAX + 2] = {0};

    check(alternative.size >= 1 && alternative.size <= PARTY_NAME_MAX);
    memset(filler, '0', PARTY_NAME_MAX + 1 - alternative.size);
    return add_name(certificate, NID_commonName, "hopsim") && add_name(certificate, NID_serialNumber, filler);
}

/* A certificate under the authority. */
static enum err init_member(struct party *member, const struct party *authority, int type, struct span value,
                            struct note *note)
{
    enum party_kind kind = party_kind(authority);
    struct party made = {.key = key_create(kind, false), .certificate = X509_new()};
    X509 *certificate = made.certificate;
    const X509_NAME *issuer = X509_get_subject_name(authority->certificate);

    if (!begin(&made, issuer, &nothing_odd) || !name_subject(certificate, value) ||
        !add_extension(certificate, authority->certificate, NID_key_usage, kinds[kind].key_usage) ||
        !add_extension(certificate, authority->certificate, NID_authority_key_identifier, "keyid:always") ||
        !add_alternative_name(certificate, type, value) ||
        !sign(certificate, authority->key, kinds[kind].signature_size)) {
        party_free(&made);
        return crypto_failed(note, "cannot make a certificate");
    }
    check(i2d_X509(certificate, NULL) == kinds[kind].certificate_size);
    *member = made;
    return ERR_OK;
}

/* The extensions of a certificate with oddities. */
static bool extend_oddly(X509 *certificate, X509 *issuer, enum party_kind kind, const struct party_oddity *odd)
{
    const char *usage = odd->key_usage ? odd->key_usage : kinds[kind].key_usage;

    return (!odd->is_authority || add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:TRUE")) &&
           (usage[0] == 0 || add_extension(certificate, issuer, NID_key_usage, usage)) &&
           (!odd->extended_key_usage ||
            add_extension(certificate, issuer, NID_ext_key_usage, odd->extended_key_usage)) &&
           add_extension(certificate, issuer, NID_subject_key_identifier, "hash") &&
           add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
}

static int type_of(const struct party_oddity *odd)
{
    if (!odd->aor_type)
        return GEN_URI;
    return strcmp(odd->aor_type, "DNS") == 0 ? GEN_DNS : GEN_EMAIL;
}

static bool make_odd(struct party *made, const struct party *authority, struct span aor, const struct party_oddity *odd)
{
    X509 *certificate = made->certificate;
    X509 *issuer = odd->is_self_signed ? certificate : authority->certificate;
    EVP_PKEY *key = odd->is_self_signed ? made->key : authority->key;

    return begin(made, NULL, odd) && name_subject(certificate, aor) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
           extend_oddly(certificate, issuer, party_kind(authority), odd) &&
           add_alternative_name(certificate, type_of(odd), aor) &&
           X509_sign(certificate, key, odd->is_signed_sha1 ? EVP_sha1() : EVP_sha256()) > 0;
}

static enum err check_name(const char *name, struct note *note)
{
    size_t size = strlen(name);

    if (size == 0 || size > PARTY_NAME_MAX)
        return note_set(note, ERR_RANGE, "a certificate's name has 1 to %d characters, not %zu", PARTY_NAME_MAX, size);
    return ERR_OK;
}

enum err party_init_user(struct party *user, const struct party *authority, const char *aor, struct note *note)
{
    TRY(check_name(aor, note));
    TRY(init_member(user, authority, GEN_URI, span_of(aor), note));
    memcpy(user->name, aor, strlen(aor));
    return ERR_OK;
}

enum err party_init_odd_user(struct party *user, const struct party *authority, const char *aor,
                             const struct party_oddity *oddity, struct note *note)
{
    TRY(check_name(aor, note));
    struct party made = {.key = key_create(party_kind(authority), oddity->has_small_key), .certificate = X509_new()};

    if (!made.key || !made.certificate || !make_odd(&made, authority, span_of(aor), oddity)) {
        party_free(&made);
        return crypto_failed(note, "cannot make an odd certificate");
    }
    memcpy(made.name, aor, strlen(aor));
    *user = made;
    return ERR_OK;
}

enum err party_init_peer(struct party *peer, struct span der, struct note *note)
{
    const unsigned char *at = (const unsigned char *)der.data;
    X509 *certificate = der.size <= INT32_MAX ? d2i_X509(NULL, &at, (long)der.size) : NULL;
    EVP_PKEY *key = certificate ? X509_get_pubkey(certificate) : NULL;

    if (!key || at != (const unsigned char *)der.data + der.size) {
        EVP_PKEY_free(key);
        X509_free(certificate);
        return crypto_failed(note, "this is no certificate");
    }
    *peer = (struct party){.key = key, .certificate = certificate};
    return ERR_OK;
}

enum err party_init_server(struct party *server, const struct party *authority, const char *host, struct note *note)
{
    struct in_addr address;

    TRY(check_name(host, note));
    check(party_kind(authority) == PARTY_EC);
    if (inet_pton(AF_INET, host, &address) == 1) {
        struct span octets = {(const char *)&address, sizeof(address)};

        TRY(init_member(server, authority, GEN_IPADD, octets, note));
    } else {
        TRY(init_member(server, authority, GEN_DNS, span_of(host), note));
    }
    memcpy(server->name, host, strlen(host));
    return ERR_OK;
}

void party_free(struct party *party)
{
    EVP_PKEY_free(party->key);
    X509_free(party->certificate);
    X509_CRL_free(party->crl);
    *party = (struct party){0};
}

/* Moves what a memory BIO holds into the sink and frees the BIO. */
static enum err pem_end(BIO *bio, bool written, struct sink *pem)
{
    char *text = NULL;
    long size = written ? BIO_get_mem_data(bio, &text) : 0;

    if (size > 0)
        sink_bytes(pem, text, (size_t)size);
    OPENSSL_cleanse(text, (size_t)(size > 0 ? size : 0)); /* it may be a key */
    BIO_free(bio);
    return size > 0 ? ERR_OK : ERR_CRYPTO;
}

enum err party_write_certificate(const struct party *party, struct sink *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());

    return pem_end(bio, bio && PEM_write_bio_X509(bio, party->certificate) == 1, pem);
}

enum err party_write_crl(const struct party *authority, struct sink *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());

    return pem_end(bio, bio && PEM_write_bio_X509_CRL(bio, authority->crl) == 1, pem);
}

enum err party_write_key(const struct party *party, struct sink *pem)
{
    BIO *bio = BIO_new(BIO_s_mem());

    return pem_end(bio, bio && PEM_write_bio_PrivateKey(bio, party->key, NULL, NULL, 0, NULL, NULL) == 1, pem);
}

void party_write_der(const struct party *party, struct sink *der)
{
    unsigned char *bytes = NULL;
    int size = i2d_X509(party->certificate, &bytes);

    check(size > 0);
    sink_bytes(der, bytes, (size_t)size);
    OPENSSL_free(bytes);
}

void party_fingerprint(const struct party *party, uint8_t hash[PARTY_FINGERPRINT_SIZE])
{
    unsigned int size = 0;

    check(X509_digest(party->certificate, EVP_sha256(), hash, &size) == 1 && size == PARTY_FINGERPRINT_SIZE);
}

static enum err init_kind(struct party_set *set, enum party_kind kind, const struct party_set_config *config,
                          struct note *note)
{
    const char *alice = config->alice ? config->alice : "sip:alice@open-ims.test";
    const char *bob = config->bob ? config->bob : "sip:bob@open-ims.test";

    TRY(party_init_authority(&set->authority[kind], kind, note));
    TRY(party_init_user(&set->alice[kind], &set->authority[kind], alice, note));
    TRY(party_init_user(&set->bob[kind], &set->authority[kind], bob, note));
    for (uint32_t i = 0; i < config->bob_others; i++)
        TRY(party_init_user(&set->bob_others[kind][i], &set->authority[kind], bob, note));
    return ERR_OK;
}

enum err party_set_init(struct party_set *set, const struct party_set_config *config, struct note *note)
{
    *set = (struct party_set){0};
    check(config->bob_others < PARTY_DEVICES_MAX);
    set->bob_other_count = config->bob_others;
    TRY(init_kind(set, PARTY_EC, config, note));
    if (config->with_rsa)
        TRY(init_kind(set, PARTY_RSA, config, note));
    for (const char *const *name = config->server_names; name && *name; name++) {
        if (set->server_count == PARTY_SERVERS_MAX)
            return note_set(note, ERR_FULL, "more than %d TLS servers", PARTY_SERVERS_MAX);
        TRY(party_init_server(&set->servers[set->server_count], &set->authority[PARTY_EC], *name, note));
        set->server_count++;
    }
    return ERR_OK;
}

void party_set_free(struct party_set *set)
{
    for (int kind = 0; kind < PARTY_KIND_COUNT; kind++) {
        party_free(&set->authority[kind]);
        party_free(&set->alice[kind]);
        party_free(&set->bob[kind]);
        for (uint32_t i = 0; i < PARTY_DEVICES_MAX - 1; i++)
            party_free(&set->bob_others[kind][i]);
    }
    for (size_t i = 0; i < PARTY_SERVERS_MAX; i++)
        party_free(&set->servers[i]);
    *set = (struct party_set){0};
}

const struct party *party_set_server(const struct party_set *set, struct span name)
{
    for (size_t i = 0; i < set->server_count; i++)
        if (span_equal(span_of(set->servers[i].name), name))
            return &set->servers[i];
    return NULL;
}
