/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One pass over the ciphertext: each piece is decrypted, and the file's part of it hashed and copied out. Nothing is
 * believed before the end: on any failure out is wiped.
 */
#include "sim/base/check.h"
#include "sim/sec/cms_key.h"
#include "sim/sec/cms_signer.h"
#include "sim/sec/failure.h"

#include <openssl/evp.h>
#include <openssl/objects.h>

enum { TAIL_MAX = 16384 /* bytes of certificates and SignerInfo that are taken */ };

/* What the (Auth)EnvelopedData says. */
struct envelope {
    const struct cms_suite_row *row;
    struct span recipients; /* RecipientInfos */
    struct span nonce;
    struct span ciphertext;
    struct span tag; /* empty for CBC */
};

/* Where each structure of the decrypted entity ends, counted from its first byte. */
struct ends {
    uint64_t signed_info, explicit_data, signed_data;
    uint64_t encapsulated, explicit_content, entity;
};

/* The decrypted bytes come in pieces, in three parts: the head up to the file, the file, the tail behind it. */
struct opener {
    const struct cms_opening *opening;
    struct envelope envelope;
    EVP_CIPHER_CTX *cipher;
    EVP_MD_CTX *digest;
    struct ends ends;
    uint64_t at;      /* decrypted bytes that are dealt with */
    uint64_t file_at; /* where the file begins; 0 until the head is read */
    struct sink head;
    struct sink file;    /* the whole file, where write is NULL */
    cms_write_fn *write; /* takes the file's pieces */
    void *context;
    uint64_t written;
    bool has_failed; /* write has refused */
    struct sink tail;
    char head_bytes[CMS_HEAD_MAX];
    char tail_bytes[TAIL_MAX];
};

/* ---- Envelope ---- */

/* The first suite with this kind of content; others may differ in the cipher (cut_cipher). */
static const struct cms_suite_row *find_suite(struct span *info)
{
    for (int i = 0; i < CMS_SUITE_COUNT; i++)
        if (der_cut_oid(info, cms_suites[i].content_nid) == ERR_OK)
            return &cms_suites[i];
    return NULL;
}

/* The suite is the one with this kind of content and this cipher. */
static enum err cut_cipher_name(struct span *algorithm, struct envelope *envelope)
{
    for (int i = 0; i < CMS_SUITE_COUNT; i++) {
        struct span rest = *algorithm;

        if (cms_suites[i].content_nid != envelope->row->content_nid ||
            der_cut_oid(&rest, cms_suites[i].cipher_nid) != ERR_OK)
            continue;
        envelope->row = &cms_suites[i];
        *algorithm = rest;
        return ERR_OK;
    }
    return ERR_SYNTAX;
}

static enum err cut_cipher(struct span *text, struct envelope *envelope)
{
    struct span algorithm, parameters;
    uint8_t tag_size;

    TRY(der_cut(text, DER_SEQUENCE, &algorithm));
    TRY(cut_cipher_name(&algorithm, envelope));
    if (!envelope->row->is_authenticated) {
        TRY(der_cut(&algorithm, DER_OCTET_STRING, &envelope->nonce));
    } else {
        TRY(der_cut(&algorithm, DER_SEQUENCE, &parameters));
        TRY(der_cut(&parameters, DER_OCTET_STRING, &envelope->nonce));
        TRY(der_cut_small(&parameters, &tag_size));
        if (tag_size != CMS_TAG_SIZE || parameters.size != 0)
            return ERR_SYNTAX;
    }
    return envelope->nonce.size == cms_nonce_size(envelope->row) && algorithm.size == 0 ? ERR_OK : ERR_SYNTAX;
}

static enum err cut_enveloped(struct span data, struct envelope *envelope)
{
    struct span encrypted;
    uint8_t version;

    TRY(der_cut_small(&data, &version));
    TRY(der_cut(&data, DER_SET, &envelope->recipients));
    TRY(der_cut(&data, DER_SEQUENCE, &encrypted));
    TRY(der_cut_oid(&encrypted, NID_pkcs7_data));
    TRY(cut_cipher(&encrypted, envelope));
    TRY(der_cut(&encrypted, DER_IMPLICIT_0, &envelope->ciphertext));
    if (envelope->row->is_authenticated)
        TRY(der_cut(&data, DER_OCTET_STRING, &envelope->tag));
    if (version != 0 || envelope->recipients.size == 0 || encrypted.size || data.size)
        return ERR_SYNTAX;
    return !envelope->row->is_authenticated || envelope->tag.size == CMS_TAG_SIZE ? ERR_OK : ERR_SYNTAX;
}

static enum err parse_envelope(struct span sealed, struct envelope *envelope)
{
    struct span info, content, data;

    TRY(der_cut(&sealed, DER_SEQUENCE, &info));
    envelope->row = find_suite(&info);
    if (!envelope->row)
        return ERR_SYNTAX;
    TRY(der_cut(&info, DER_CONTEXT_0, &content));
    TRY(der_cut(&content, DER_SEQUENCE, &data));
    if (sealed.size != 0 || info.size != 0 || content.size != 0)
        return ERR_SYNTAX;
    return cut_enveloped(data, envelope);
}

/* ---- Head: MIME header, SignedData up to its content, MIME header of the file ---- */

/* Cuts a MIME header with its empty line. */
static enum err cut_mime_header(struct span *text, struct span *header)
{
    size_t end = span_find(*text, SPAN("\r\n\r\n"));

    if (end == text->size)
        return ERR_MORE;
    *header = (struct span){text->data, end + 2};
    *text = span_after(*text, end + 4);
    return ERR_OK;
}

/* Whether the header says that the entity is CMS in binary. */
static bool is_binary_cms(struct span header)
{
    bool is_cms = false, is_binary = false;
    struct span line;

    while (header.size > 0 && span_cut_line(&header, &line) == ERR_OK) {
        struct span name = {line.data, span_find_byte(line, ':')};

        if (name.size == line.size)
            continue;
        struct span value = span_trim(span_after(line, name.size + 1));

        if (span_equal_nocase(name, SPAN("Content-Type")))
            is_cms = span_starts(value, SPAN("application/pkcs7-mime"));
        if (span_equal_nocase(name, SPAN("Content-Transfer-Encoding")))
            is_binary = span_equal_nocase(value, SPAN("binary"));
    }
    return is_cms && is_binary;
}

/* Cuts a head and says where its content ends. */
static enum err cut_open(struct span *text, const char *start, enum der_tag tag, uint64_t *end)
{
    uint64_t size;

    TRY(der_cut_head(text, tag, &size));
    uint64_t at = (uint64_t)(text->data - start);

    if (size > UINT64_MAX - at)
        return ERR_SYNTAX;
    *end = at + size;
    return ERR_OK;
}

static enum err parse_head(struct span text, const struct cms_suite_row *row, struct ends *ends, size_t *entity_at)
{
    const char *start = text.data;
    struct span header, digests, digest;
    uint8_t version;

    TRY(cut_mime_header(&text, &header));
    if (!is_binary_cms(header))
        return ERR_SYNTAX;
    TRY(cut_open(&text, start, DER_SEQUENCE, &ends->signed_info));
    TRY(der_cut_oid(&text, NID_pkcs7_signed));
    TRY(cut_open(&text, start, DER_CONTEXT_0, &ends->explicit_data));
    TRY(cut_open(&text, start, DER_SEQUENCE, &ends->signed_data));
    TRY(der_cut_small(&text, &version));
    TRY(der_cut(&text, DER_SET, &digests));
    TRY(der_cut(&digests, DER_SEQUENCE, &digest));
    TRY(der_cut_oid(&digest, row->digest_nid));
    TRY(cut_open(&text, start, DER_SEQUENCE, &ends->encapsulated));
    TRY(der_cut_oid(&text, NID_pkcs7_data));
    TRY(cut_open(&text, start, DER_CONTEXT_0, &ends->explicit_content));
    TRY(cut_open(&text, start, DER_OCTET_STRING, &ends->entity));
    *entity_at = (size_t)(text.data - start);
    if (version != 1 || ends->entity != ends->encapsulated || ends->explicit_content != ends->encapsulated ||
        ends->signed_data != ends->signed_info || ends->explicit_data != ends->signed_info ||
        ends->entity > ends->signed_data)
        return ERR_SYNTAX;
    return ERR_OK;
}

/* ERR_MORE until the head is whole; then sets where the file begins. The entity's header is hashed with the file. */
static enum err read_head(struct opener *o, struct note *note)
{
    struct span text = sink_written(&o->head), header;
    size_t entity_at;

    TRY(parse_head(text, o->envelope.row, &o->ends, &entity_at));
    struct span entity = span_after(text, entity_at);

    if (o->ends.entity - entity_at < entity.size)
        entity.size = (size_t)(o->ends.entity - entity_at);
    struct span rest = entity;

    if (cut_mime_header(&rest, &header) != ERR_OK)
        return entity.size == o->ends.entity - entity_at ? ERR_SYNTAX : ERR_MORE;
    o->file_at = (uint64_t)(rest.data - text.data);
    if (!o->write && o->ends.entity - o->file_at > o->file.capacity)
        return note_set(note, ERR_FULL, "no room for a file of %llu bytes",
                        (unsigned long long)(o->ends.entity - o->file_at));
    if (EVP_DigestUpdate(o->digest, entity.data, entity.size - rest.size) != 1)
        return crypto_failed(note, "cannot hash");
    return ERR_OK;
}

/* ---- Pieces ---- */

static enum err take_file(struct opener *o, struct span *piece, struct note *note)
{
    uint64_t left = o->ends.entity - o->at;
    size_t size = left < piece->size ? (size_t)left : piece->size;

    if (EVP_DigestUpdate(o->digest, piece->data, size) != 1)
        return crypto_failed(note, "cannot hash");
    if (o->write) {
        o->has_failed = !o->write(o->context, piece->data, size);
        if (o->has_failed)
            return note_set(note, ERR_FILE, "the file cannot be written");
    } else {
        sink_bytes(&o->file, piece->data, size);
        check(!o->file.overflow);
    }
    o->written += size;
    o->at += size;
    *piece = span_after(*piece, size);
    return ERR_OK;
}

/* A piece whose head is read: the file and what is behind it. */
static enum err take_rest(struct opener *o, struct span piece, struct note *note)
{
    if (o->at < o->ends.entity)
        TRY(take_file(o, &piece, note));
    sink_span(&o->tail, piece);
    o->at += piece.size;
    return o->tail.overflow ? ERR_SYNTAX : ERR_OK;
}

/* Collects the head; once it is whole, hands on what has come behind it. */
static enum err take_head(struct opener *o, struct span *piece, struct note *note)
{
    size_t room = o->head.capacity - o->head.size;
    size_t size = piece->size < room ? piece->size : room;

    sink_bytes(&o->head, piece->data, size);
    *piece = span_after(*piece, size);
    enum err result = read_head(o, note);

    if (result == ERR_MORE)
        return o->head.size < o->head.capacity ? ERR_OK : ERR_SYNTAX;
    if (result != ERR_OK)
        return result;
    o->at = o->file_at;
    return take_rest(o, span_after(sink_written(&o->head), (size_t)o->file_at), note);
}

static enum err take(struct opener *o, struct span piece, struct note *note)
{
    if (o->file_at == 0)
        TRY(take_head(o, &piece, note));
    if (piece.size > 0)
        return take_rest(o, piece, note);
    return ERR_OK;
}

static enum err decrypt(struct opener *o, struct note *note)
{
    struct span rest = o->envelope.ciphertext;
    unsigned char piece[CMS_PIECE + CMS_BLOCK_SIZE];
    int size = 0;

    while (rest.size > 0) {
        size_t step = rest.size < CMS_PIECE ? rest.size : CMS_PIECE;

        if (EVP_DecryptUpdate(o->cipher, piece, &size, (const unsigned char *)rest.data, (int)step) != 1)
            return crypto_failed(note, "cannot decrypt");
        TRY(take(o, (struct span){(const char *)piece, (size_t)size}, note));
        rest = span_after(rest, step);
    }
    if (EVP_DecryptFinal_ex(o->cipher, piece, &size) != 1)
        return crypto_failed(note, "the message was changed on its way");
    TRY(take(o, (struct span){(const char *)piece, (size_t)size}, note));
    OPENSSL_cleanse(piece, sizeof(piece));
    return ERR_OK;
}

/* ---- Tail ---- */

static enum err check_tail(struct opener *o, struct note *note)
{
    struct span tail = sink_written(&o->tail), certificates = {0}, signers;
    uint8_t digest[CMS_DIGEST_MAX];

    if (o->file_at == 0 || o->at != o->ends.signed_info)
        return ERR_SYNTAX;
    if (der_next_is(tail, DER_CONTEXT_0))
        TRY(der_cut(&tail, DER_CONTEXT_0, &certificates));
    TRY(der_cut(&tail, DER_SET, &signers));
    if (tail.size != 0)
        return ERR_SYNTAX;
    if (EVP_DigestFinal_ex(o->digest, digest, NULL) != 1)
        return crypto_failed(note, "cannot hash");
    return cms_signer_check(signers, certificates, o->opening, o->envelope.row, digest, note);
}

/* ---- All ---- */

/* The key from the RecipientInfo that is for this recipient. What is wrong with another one's is not looked at, but how
 * many there are is. */
static enum err find_key(const struct opener *o, uint8_t key[CMS_KEY_MAX], struct note *note)
{
    const struct envelope *e = &o->envelope;
    struct span rest = e->recipients, info;
    enum err result = ERR_SYNTAX;
    int count = 0;

    while (rest.size > 0) {
        TRY(der_cut_whole(&rest, &info));
        if (++count > CMS_RECIPIENTS_MAX)
            return ERR_SYNTAX;
        if (result != ERR_OK)
            result = cms_key_read(info, e->row, o->opening->recipient, key, note);
    }
    return result;
}

static enum err begin(struct opener *o, struct note *note)
{
    const struct envelope *e = &o->envelope;
    uint8_t key[CMS_KEY_MAX];
    char tag[CMS_TAG_SIZE];

    TRY(find_key(o, key, note));
    o->cipher = EVP_CIPHER_CTX_new();
    o->digest = EVP_MD_CTX_new();
    bool done = o->cipher && o->digest &&
                EVP_DecryptInit_ex(o->cipher, EVP_get_cipherbynid(e->row->cipher_nid), NULL, key,
                                   (const unsigned char *)e->nonce.data) == 1 &&
                EVP_DigestInit_ex(o->digest, EVP_get_digestbynid(e->row->digest_nid), NULL) == 1;

    OPENSSL_cleanse(key, sizeof(key));
    if (done && e->row->is_authenticated) {
        memcpy(tag, e->tag.data, sizeof(tag));
        done = EVP_CIPHER_CTX_ctrl(o->cipher, EVP_CTRL_AEAD_SET_TAG, sizeof(tag), tag) == 1;
    }
    return done ? ERR_OK : crypto_failed(note, "cannot begin to decrypt");
}

static enum err open_sealed(struct opener *o, struct span sealed, struct note *note)
{
    TRY(parse_envelope(sealed, &o->envelope));
    if (o->envelope.row - cms_suites > (int)o->opening->weakest)
        return note_set(note, ERR_CRYPTO, "the message's algorithms are weaker than what is taken");
    TRY(begin(o, note));
    TRY(decrypt(o, note));
    return check_tail(o, note);
}

/* A syntax error that a recipient's or an inner structure's parser tells is told as what it means. */
static enum err open_all(struct opener *o, const struct cms_opening *opening, struct span sealed, struct note *note)
{
    o->opening = opening;
    o->head = SINK(o->head_bytes);
    o->tail = SINK(o->tail_bytes);
    enum err result = open_sealed(o, sealed, note);

    EVP_CIPHER_CTX_free(o->cipher);
    EVP_MD_CTX_free(o->digest);
    if (result == ERR_SYNTAX || result == ERR_MORE)
        return note_set(note, result, "not a sealed message");
    return result;
}

enum err cms_open(const struct cms_opening *opening, struct span sealed, uint8_t *out, size_t capacity, size_t *size,
                  struct note *note)
{
    struct opener o = {.file = {.data = (char *)out, .capacity = capacity}};
    enum err result = open_all(&o, opening, sealed, note);

    if (result == ERR_OK)
        *size = o.file.size;
    else if (o.file.size > 0)
        OPENSSL_cleanse(out, o.file.size);
    return result;
}

enum err cms_open_to(const struct cms_opening *opening, struct span sealed, cms_write_fn *write, void *context,
                     uint64_t *size, struct note *note)
{
    struct opener o = {.write = write, .context = context};
    enum err result = open_all(&o, opening, sealed, note);

    if (result == ERR_OK)
        *size = o.written;
    return result;
}
