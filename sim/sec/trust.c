/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/trust.h"
#include "sim/base/check.h"

#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

enum { SECURITY_LEVEL = 2 /* OpenSSL's for 112 bits: RSA-2048, P-224, no SHA-1 */ };

/* What each use asks for. keyAgreement is for keys of elliptic curves, keyEncipherment for those of RSA. */
static const struct use_row {
    uint32_t key_usage; /* one of them */
    const char *lacks;
} uses[TRUST_USE_COUNT] = {
    [TRUST_SIGN] = {KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION, "its key is not for signing"},
    [TRUST_RECEIVE] = {KU_KEY_AGREEMENT | KU_KEY_ENCIPHERMENT, "its key is not for receiving keys"},
};

/* ---- Addresses of record ---- */

struct aor {
    struct span scheme, user, host;
};

static bool cut_aor(struct span text, struct aor *aor)
{
    size_t colon = span_find_byte(text, ':');
    struct span rest = colon < text.size ? span_after(text, colon + 1) : (struct span){0};
    size_t at = span_find_byte(rest, '@');

    if (colon == text.size || at == rest.size || at == 0)
        return false;
    *aor = (struct aor){{text.data, colon}, {rest.data, at}, span_after(rest, at + 1)};
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] <= ' ' || text.data[i] == ';' || text.data[i] == '?' || text.data[i] == 0x7f)
            return false;
    return aor->host.size > 0 &&
           (span_equal_nocase(aor->scheme, SPAN("sip")) || span_equal_nocase(aor->scheme, SPAN("sips")));
}

bool trust_same_aor(struct span a, struct span b)
{
    struct aor one, other;

    return cut_aor(a, &one) && cut_aor(b, &other) && span_equal_nocase(one.scheme, other.scheme) &&
           span_equal(one.user, other.user) && span_equal_nocase(one.host, other.host);
}

/* Only URIs count: a common name, an e-mail address or a DNS name says nothing of whom SIP speaks with. */
static bool carries_aor(const X509 *certificate, struct span aor)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    bool found = false;

    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_URI) {
            const ASN1_STRING *uri = name->d.uniformResourceIdentifier;
            struct span text = {(const char *)ASN1_STRING_get0_data(uri), (size_t)ASN1_STRING_length(uri)};

            found = found || trust_same_aor(text, aor);
        }
    }
    GENERAL_NAMES_free(names);
    return found;
}

/* ---- The chain ---- */

static bool begin(X509_STORE *store, X509_STORE_CTX *context, X509 *certificate, const struct trust *trust)
{
    const unsigned long flags = X509_V_FLAG_CRL_CHECK | X509_V_FLAG_X509_STRICT;

    if (!store || !context || X509_STORE_add_cert(store, trust->authority->certificate) != 1 ||
        (trust->authority->crl && X509_STORE_add_crl(store, trust->authority->crl) != 1) ||
        X509_STORE_CTX_init(context, store, certificate, NULL) != 1)
        return false;
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);

    X509_VERIFY_PARAM_set_auth_level(param, SECURITY_LEVEL);
    X509_VERIFY_PARAM_set_time(param, (time_t)trust->at_s);
    return X509_VERIFY_PARAM_set_flags(param, flags) == 1;
}

static enum err check_chain(X509 *certificate, const struct trust *trust, struct note *note)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool has_begun = begin(store, context, certificate, trust);
    bool holds = has_begun && X509_verify_cert(context) == 1;
    int reason = has_begun ? X509_STORE_CTX_get_error(context) : X509_V_ERR_UNSPECIFIED;

    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    if (holds && reason == X509_V_OK)
        return ERR_OK;
    return note_set(note, ERR_CRYPTO, "certificate refused: %s", X509_verify_cert_error_string(reason));
}

/* ---- What it is for ---- */

/* OpenSSL's purposes do not fit: that for encryption asks for keyEncipherment, which no key of P-256 has, and that for
 * signing takes a certificate without a key usage. */
static enum err check_use(X509 *certificate, enum trust_use use, struct note *note)
{
    uint32_t usage = X509_get_key_usage(certificate), extended = X509_get_extended_key_usage(certificate);

    if (X509_check_ca(certificate) != 0)
        return note_set(note, ERR_CRYPTO, "certificate refused: it is an authority's, not a user's");
    if (usage == UINT32_MAX)
        return note_set(note, ERR_CRYPTO, "certificate refused: it does not say what its key is for");
    if (!(usage & uses[use].key_usage))
        return note_set(note, ERR_CRYPTO, "certificate refused: %s", uses[use].lacks);
    /* Without the extension nothing is restricted, RFC 8550 section 4.4.4. */
    if (extended != UINT32_MAX && !(extended & (XKU_SMIME | XKU_ANYEKU)))
        return note_set(note, ERR_CRYPTO, "certificate refused: its key is not for S/MIME");
    return ERR_OK;
}

/* ---- All ---- */

enum err trust_check(X509 *certificate, const struct trust *trust, struct note *note)
{
    TRY(check_chain(certificate, trust, note));
    TRY(check_use(certificate, trust->use, note));
    if (!carries_aor(certificate, span_of(trust->aor)))
        return note_set(note, ERR_CRYPTO, "certificate refused: it is not that of %s",
                        trust->aor[0] ? trust->aor : "a peer without an address of record");
    return ERR_OK;
}

enum err trust_check_der(struct span der, const struct trust *trust, struct note *note)
{
    const unsigned char *at = (const unsigned char *)der.data;
    X509 *certificate = der.size <= INT32_MAX ? d2i_X509(NULL, &at, (long)der.size) : NULL;
    enum err error = ERR_OK;

    ERR_clear_error();
    if (!certificate || at != (const unsigned char *)der.data + der.size)
        error = note_set(note, ERR_CRYPTO, "certificate refused: it cannot be read");
    else
        error = trust_check(certificate, trust, note);
    X509_free(certificate);
    return error;
}
