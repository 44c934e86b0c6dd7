/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/der.h"
#include "sim/base/check.h"

#include <openssl/objects.h>

enum { LONG_FORM = 0x80, LENGTH_OCTETS_MAX = 8, TAG_NUMBER = 0x1f };

/* Octets that follow the first one of a length; 0 in the short form. */
static int length_octets(uint64_t length)
{
    int octets = 0;

    if (length < LONG_FORM)
        return 0;
    for (; length > 0; length >>= 8)
        octets++;
    return octets;
}

uint64_t der_size(uint64_t content_bytes)
{
    return 2 + (uint64_t)length_octets(content_bytes) + content_bytes;
}

void der_write_head(struct sink *sink, enum der_tag tag, uint64_t content_bytes)
{
    int octets = length_octets(content_bytes);

    sink_u8(sink, (uint8_t)tag);
    sink_u8(sink, (uint8_t)(octets ? LONG_FORM | octets : (int)content_bytes));
    for (int i = octets - 1; i >= 0; i--)
        sink_u8(sink, (uint8_t)(content_bytes >> (8 * i)));
}

void der_write(struct sink *sink, enum der_tag tag, struct span content)
{
    der_write_head(sink, tag, content.size);
    sink_span(sink, content);
}

void der_write_small(struct sink *sink, uint8_t number)
{
    check(number < 128);
    der_write_head(sink, DER_INTEGER, 1);
    sink_u8(sink, number);
}

static struct span oid_content(int nid)
{
    const ASN1_OBJECT *object = OBJ_nid2obj(nid);

    check(object != NULL && OBJ_length(object) > 0);
    return (struct span){(const char *)OBJ_get0_data(object), OBJ_length(object)};
}

void der_write_oid(struct sink *sink, int nid)
{
    der_write(sink, DER_OID, oid_content(nid));
}

uint64_t der_oid_size(int nid)
{
    return der_size(oid_content(nid).size);
}

static enum err cut_octet(struct span *text, uint8_t *octet)
{
    if (text->size == 0)
        return ERR_MORE;
    *octet = (uint8_t)text->data[0];
    *text = span_after(*text, 1);
    return ERR_OK;
}

static enum err cut_length(struct span *text, uint64_t *length)
{
    uint8_t first, octet;
    uint64_t value = 0;

    TRY(cut_octet(text, &first));
    if (first < LONG_FORM) {
        *length = first;
        return ERR_OK;
    }
    int octets = first & ~LONG_FORM;

    if (octets == 0 || octets > LENGTH_OCTETS_MAX)
        return ERR_SYNTAX;
    for (int i = 0; i < octets; i++) {
        TRY(cut_octet(text, &octet));
        value = value << 8 | octet;
    }
    if (length_octets(value) != octets)
        return ERR_SYNTAX;
    *length = value;
    return ERR_OK;
}

enum err der_cut_head(struct span *text, enum der_tag tag, uint64_t *content_bytes)
{
    struct span rest = *text;
    uint8_t octet;

    TRY(cut_octet(&rest, &octet));
    if (octet != tag)
        return ERR_SYNTAX;
    TRY(cut_length(&rest, content_bytes));
    *text = rest;
    return ERR_OK;
}

enum err der_cut(struct span *text, enum der_tag tag, struct span *content)
{
    struct span rest = *text;
    uint64_t size;

    TRY(der_cut_head(&rest, tag, &size));
    if (size > rest.size)
        return ERR_MORE;
    *content = (struct span){rest.data, (size_t)size};
    *text = span_after(rest, (size_t)size);
    return ERR_OK;
}

enum err der_cut_whole(struct span *text, struct span *encoding)
{
    struct span rest = *text, content;

    if (rest.size == 0)
        return ERR_MORE;
    uint8_t tag = (uint8_t)rest.data[0];

    if ((tag & TAG_NUMBER) == TAG_NUMBER)
        return ERR_SYNTAX;
    TRY(der_cut(&rest, (enum der_tag)tag, &content));
    *encoding = (struct span){text->data, text->size - rest.size};
    *text = rest;
    return ERR_OK;
}

enum err der_cut_small(struct span *text, uint8_t *number)
{
    struct span rest = *text, content;

    TRY(der_cut(&rest, DER_INTEGER, &content));
    if (content.size != 1 || (uint8_t)content.data[0] >= 128)
        return ERR_SYNTAX;
    *number = (uint8_t)content.data[0];
    *text = rest;
    return ERR_OK;
}

enum err der_cut_oid(struct span *text, int nid)
{
    struct span rest = *text, content;

    TRY(der_cut(&rest, DER_OID, &content));
    if (!span_equal(content, oid_content(nid)))
        return ERR_SYNTAX;
    *text = rest;
    return ERR_OK;
}

bool der_next_is(struct span text, enum der_tag tag)
{
    return text.size > 0 && (uint8_t)text.data[0] == tag;
}
