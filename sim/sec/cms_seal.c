/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One pass over the file: each piece is hashed and encrypted while it is in the cache. That works because every length
 * is known beforehand, the signature's too.
 */
#include "sim/base/check.h"
#include "sim/sec/cms_key.h"
#include "sim/sec/cms_signer.h"
#include "sim/sec/failure.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/x509.h>

struct sealer {
    const struct cms_sealing *sealing;
    const struct cms_suite_row *row;
    struct cms_layout layout;
    EVP_CIPHER_CTX *cipher;
    EVP_MD_CTX *digest;
    struct sink out;     /* the whole message, or what has not been handed on yet */
    cms_write_fn *write; /* NULL: the message stays in out */
    void *context;
    uint64_t written; /* by write */
};

enum {
    HOLD = 2 * CMS_PIECE, /* handed on from so much on */
    HOLD_ROOM =
        HOLD + CMS_PIECE + CMS_RECIPIENTS_MAX * CMS_RECIPIENT_MAX + CMS_BLOCK_SIZE /* and what may come at once */
};

static bool hand_on(struct sealer *s)
{
    if (!s->write || s->out.size == 0)
        return true;
    bool done = s->write(s->context, s->out.data, s->out.size);

    s->written += s->out.size;
    s->out.size = 0;
    return done;
}

/* Everything up to the first byte of ciphertext. */
static enum err write_envelope(struct sealer *s, const uint8_t *key, const uint8_t *nonce, struct note *note)
{
    char bytes[CMS_RECIPIENTS_MAX * CMS_RECIPIENT_MAX];
    struct sink recipients = SINK(bytes);

    TRY(cms_key_write(&recipients, s->row, s->sealing->recipient, key, note));
    for (uint32_t i = 0; i < s->sealing->other_count; i++)
        TRY(cms_key_write(&recipients, s->row, &s->sealing->others[i], key, note));
    check(!recipients.overflow && recipients.size == s->layout.recipients);
    der_write_head(&s->out, DER_SEQUENCE, s->layout.envelope_info);
    der_write_oid(&s->out, s->row->content_nid);
    der_write_head(&s->out, DER_CONTEXT_0, der_size(s->layout.enveloped));
    der_write_head(&s->out, DER_SEQUENCE, s->layout.enveloped);
    /* The version is 0 for RSA with issuerAndSerialNumber and for AuthEnvelopedData, 2 for any other EnvelopedData. */
    der_write_small(&s->out, 0);
    der_write(&s->out, DER_SET, sink_written(&recipients));
    der_write_head(&s->out, DER_SEQUENCE, s->layout.encrypted);
    der_write_oid(&s->out, NID_pkcs7_data);
    cms_write_cipher(&s->out, s->row, nonce);
    der_write_head(&s->out, DER_IMPLICIT_0, s->layout.ciphertext);
    return ERR_OK;
}

/* Encrypts plaintext behind what is written; room for all of it was checked at the start. */
static bool encrypt(struct sealer *s, const void *plaintext, size_t size)
{
    int written = 0;

    check(size <= CMS_PIECE && size <= s->out.capacity - s->out.size);
    if (EVP_EncryptUpdate(s->cipher, (unsigned char *)s->out.data + s->out.size, &written, plaintext, (int)size) != 1)
        return false;
    s->out.size += (size_t)written;
    return s->out.size < HOLD || hand_on(s);
}

/* The encrypted MIME entity up to the content of the eContent OCTET STRING. */
static bool encrypt_head(struct sealer *s)
{
    char bytes[CMS_HEAD_MAX];
    struct sink head = SINK(bytes);
    uint64_t digest_algorithm = der_size(der_oid_size(s->row->digest_nid));

    sink_text(&head, cms_signed_header);
    der_write_head(&head, DER_SEQUENCE, s->layout.signed_info);
    der_write_oid(&head, NID_pkcs7_signed);
    der_write_head(&head, DER_CONTEXT_0, der_size(s->layout.signed_data));
    der_write_head(&head, DER_SEQUENCE, s->layout.signed_data);
    der_write_small(&head, 1);
    der_write_head(&head, DER_SET, digest_algorithm);
    cms_write_digest_algorithm(&head, s->row);
    der_write_head(&head, DER_SEQUENCE, s->layout.encapsulated);
    der_write_oid(&head, NID_pkcs7_data);
    der_write_head(&head, DER_CONTEXT_0, der_size(s->layout.entity));
    der_write_head(&head, DER_OCTET_STRING, s->layout.entity);
    check(!head.overflow);
    return encrypt(s, bytes, head.size);
}

static bool encrypt_signed(struct sealer *s, const void *bytes, size_t size)
{
    return EVP_DigestUpdate(s->digest, bytes, size) == 1 && encrypt(s, bytes, size);
}

/* The signed entity: header and file. */
static bool encrypt_entity(struct sealer *s, struct slice content)
{
    const char *memory = slice_pointer(content);
    char copy[CMS_PIECE];

    if (!encrypt_signed(s, cms_file_header, strlen(cms_file_header)))
        return false;
    for (uint64_t at = 0; at < content.length;) {
        size_t size = content.length - at < CMS_PIECE ? (size_t)(content.length - at) : CMS_PIECE;

        if (!memory)
            slice_read(content, at, copy, size);
        if (!encrypt_signed(s, memory ? memory + at : copy, size))
            return false;
        at += size;
    }
    return true;
}

/* Certificate and SignerInfo. */
static enum err encrypt_tail(struct sealer *s, struct note *note)
{
    char bytes[CMS_CERTIFICATE_MAX + CMS_SIGNER_MAX + 16], signer_bytes[CMS_SIGNER_MAX];
    struct sink tail = SINK(bytes), signer = SINK(signer_bytes);
    uint8_t digest[CMS_DIGEST_MAX], certificate[CMS_CERTIFICATE_MAX], *end = certificate;

    if (EVP_DigestFinal_ex(s->digest, digest, NULL) != 1)
        return crypto_failed(note, "cannot hash");
    TRY(cms_signer_write(&signer, s->sealing, digest, note));
    check(!signer.overflow && signer.size == s->row->signer_bytes);
    if (s->sealing->with_certificate) {
        check(i2d_X509(s->sealing->sender->certificate, NULL) == (int)s->layout.certificates);
        check(i2d_X509(s->sealing->sender->certificate, &end) == (int)s->layout.certificates);
        der_write(&tail, DER_CONTEXT_0, (struct span){(const char *)certificate, s->layout.certificates});
    }
    der_write(&tail, DER_SET, sink_written(&signer));
    check(!tail.overflow);
    if (!encrypt(s, bytes, tail.size))
        return crypto_failed(note, "cannot encrypt");
    return ERR_OK;
}

/* What the cipher still holds, with padding, and the tag. */
static bool write_end(struct sealer *s)
{
    int written = 0;
    char tag[CMS_TAG_SIZE];

    if (EVP_EncryptFinal_ex(s->cipher, (unsigned char *)s->out.data + s->out.size, &written) != 1)
        return false;
    s->out.size += (size_t)written;
    if (!s->row->is_authenticated)
        return hand_on(s);
    if (EVP_CIPHER_CTX_ctrl(s->cipher, EVP_CTRL_AEAD_GET_TAG, sizeof(tag), tag) != 1)
        return false;
    der_write(&s->out, DER_OCTET_STRING, (struct span){tag, sizeof(tag)});
    return hand_on(s);
}

static enum err begin(struct sealer *s, struct note *note)
{
    uint8_t key[CMS_KEY_MAX], nonce[CMS_BLOCK_SIZE];

    s->cipher = EVP_CIPHER_CTX_new();
    s->digest = EVP_MD_CTX_new();
    /* The cipher makes its own key: one of DES has odd parity. */
    bool done = s->cipher && s->digest && RAND_bytes(nonce, sizeof(nonce)) == 1 &&
                EVP_EncryptInit_ex(s->cipher, EVP_get_cipherbynid(s->row->cipher_nid), NULL, NULL, NULL) == 1 &&
                EVP_CIPHER_CTX_get_key_length(s->cipher) == s->row->key_bytes &&
                EVP_CIPHER_CTX_rand_key(s->cipher, key) == 1 &&
                EVP_EncryptInit_ex(s->cipher, NULL, NULL, key, nonce) == 1 &&
                EVP_DigestInit_ex(s->digest, EVP_get_digestbynid(s->row->digest_nid), NULL) == 1;
    enum err result = done ? write_envelope(s, key, nonce, note) : crypto_failed(note, "cannot begin to encrypt");

    OPENSSL_cleanse(key, sizeof(key));
    return result;
}

static enum err seal(struct sealer *s, struct slice content, struct note *note)
{
    TRY(begin(s, note));
    if (!encrypt_head(s) || !encrypt_entity(s, content))
        return crypto_failed(note, "cannot encrypt");
    TRY(encrypt_tail(s, note));
    if (!write_end(s))
        return crypto_failed(note, "cannot encrypt");
    return ERR_OK;
}

static void sealer_init(struct sealer *s, const struct cms_sealing *sealing, uint64_t content_bytes)
{
    check(sealing->suite >= 0 && sealing->suite < CMS_SUITE_COUNT);
    check(sealing->other_count < CMS_RECIPIENTS_MAX);
    *s = (struct sealer){.sealing = sealing, .row = &cms_suites[sealing->suite]};
    cms_layout_init(&s->layout, sealing->suite, 1 + sealing->other_count, sealing->with_certificate, content_bytes);
}

static enum err seal_all(struct sealer *s, struct slice content, struct note *note)
{
    enum err result = seal(s, content, note);

    check(result != ERR_OK || (!s->out.overflow && s->written + s->out.size == s->layout.sealed));
    EVP_CIPHER_CTX_free(s->cipher);
    EVP_MD_CTX_free(s->digest);
    return result;
}

enum err cms_seal(const struct cms_sealing *sealing, struct slice content, uint8_t *out, size_t out_size,
                  struct note *note)
{
    struct sealer s;

    sealer_init(&s, sealing, content.length);
    if (s.layout.sealed > out_size)
        return note_set(note, ERR_FULL, "no room for a sealed message of %llu bytes",
                        (unsigned long long)s.layout.sealed);
    s.out = (struct sink){.data = (char *)out, .capacity = (size_t)s.layout.sealed};
    return seal_all(&s, content, note);
}

/* What a writer refused is not OpenSSL's failure. */
struct guarded {
    cms_write_fn *write;
    void *context;
    bool has_failed;
};

static bool write_guarded(void *context, const void *bytes, size_t size)
{
    struct guarded *guarded = context;

    guarded->has_failed = guarded->has_failed || !guarded->write(guarded->context, bytes, size);
    return !guarded->has_failed;
}

enum err cms_seal_to(const struct cms_sealing *sealing, struct slice content, cms_write_fn *write, void *context,
                     struct note *note)
{
    char hold[HOLD_ROOM];
    struct guarded guarded = {write, context, false};
    struct sealer s;

    sealer_init(&s, sealing, content.length);
    s.out = SINK(hold);
    s.write = write_guarded;
    s.context = &guarded;
    enum err result = seal_all(&s, content, note);

    return guarded.has_failed ? note_set(note, ERR_FILE, "the sealed message cannot be written") : result;
}
