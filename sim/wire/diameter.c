/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/diameter.h"
#include "sim/base/check.h"

enum {
    FLAG_REQUEST = 0x80,
    FLAG_PROXIABLE = 0x40,
    AVP_VENDOR = 0x80,
    AVP_MANDATORY = 0x40,
    AVP_HEADER = 8,
    AVP_VENDOR_SIZE = 4,
    ADDRESS_IPV4 = 1, /* address family numbers, IANA */
    NO_STATE_MAINTAINED = 1
};

enum avp_code {
    AVP_HOST_IP_ADDRESS = 257,
    AVP_AUTH_APPLICATION_ID = 258,
    AVP_VENDOR_SPECIFIC_APPLICATION_ID = 260,
    AVP_SESSION_ID = 263,
    AVP_ORIGIN_HOST = 264,
    AVP_SUPPORTED_VENDOR_ID = 265,
    AVP_VENDOR_ID = 266,
    AVP_RESULT_CODE = 268,
    AVP_PRODUCT_NAME = 269,
    AVP_AUTH_SESSION_STATE = 277,
    AVP_DESTINATION_REALM = 283,
    AVP_ORIGIN_REALM = 296,
    AVP_EXPERIMENTAL_RESULT = 297,
    AVP_EXPERIMENTAL_RESULT_CODE = 298,
    AVP_PUBLIC_IDENTITY = 601, /* TS 29.229 section 6.3: vendor 3GPP */
    AVP_SERVER_NAME = 602
};

/* ---- Writing ---- */

static void write_u24(struct sink *sink, uint32_t value)
{
    sink_u8(sink, (uint8_t)(value >> 16));
    sink_u16(sink, (uint16_t)value);
}

static void write_avp(struct sink *sink, enum avp_code code, unsigned flags, struct span data)
{
    size_t header = AVP_HEADER + (flags & AVP_VENDOR ? AVP_VENDOR_SIZE : 0);

    sink_u32(sink, code);
    sink_u8(sink, (uint8_t)flags);
    write_u24(sink, (uint32_t)(header + data.size));
    if (flags & AVP_VENDOR)
        sink_u32(sink, DIAMETER_VENDOR_3GPP);
    sink_span(sink, data);
    for (size_t size = data.size; size % 4 != 0; size++)
        sink_u8(sink, 0);
}

static void write_text(struct sink *sink, enum avp_code code, struct span text)
{
    if (text.size > 0)
        write_avp(sink, code, AVP_MANDATORY, text);
}

static void write_text_3gpp(struct sink *sink, enum avp_code code, struct span text)
{
    if (text.size > 0)
        write_avp(sink, code, AVP_MANDATORY | AVP_VENDOR, text);
}

static void write_number(struct sink *sink, enum avp_code code, uint32_t number)
{
    char bytes[4];
    struct sink data = SINK(bytes);

    sink_u32(&data, number);
    write_avp(sink, code, AVP_MANDATORY, sink_written(&data));
}

static void write_application(struct sink *sink)
{
    char bytes[64];
    struct sink group = SINK(bytes);

    write_number(&group, AVP_VENDOR_ID, DIAMETER_VENDOR_3GPP);
    write_number(&group, AVP_AUTH_APPLICATION_ID, DIAMETER_APPLICATION_CX);
    write_avp(sink, AVP_VENDOR_SPECIFIC_APPLICATION_ID, AVP_MANDATORY, sink_written(&group));
}

static void write_result(const struct diameter_message *message, struct sink *sink)
{
    char bytes[64];
    struct sink group = SINK(bytes);

    if (message->is_request)
        return;
    if (message->result != DIAMETER_ERROR_USER_UNKNOWN) {
        write_number(sink, AVP_RESULT_CODE, message->result);
        return;
    }
    write_number(&group, AVP_VENDOR_ID, DIAMETER_VENDOR_3GPP);
    write_number(&group, AVP_EXPERIMENTAL_RESULT_CODE, message->result);
    write_avp(sink, AVP_EXPERIMENTAL_RESULT, AVP_MANDATORY, sink_written(&group));
}

/* RFC 6733 sections 5.3.1 and 5.3.2. */
static void write_capabilities(const struct diameter_message *message, struct sink *sink)
{
    char bytes[6];
    struct sink address = SINK(bytes);

    write_result(message, sink);
    write_text(sink, AVP_ORIGIN_HOST, message->origin_host);
    write_text(sink, AVP_ORIGIN_REALM, message->origin_realm);
    sink_u16(&address, ADDRESS_IPV4);
    sink_u32(&address, message->host_address);
    write_avp(sink, AVP_HOST_IP_ADDRESS, AVP_MANDATORY, sink_written(&address));
    write_number(sink, AVP_VENDOR_ID, DIAMETER_VENDOR_3GPP);
    write_avp(sink, AVP_PRODUCT_NAME, 0, SPAN("hopsim"));
    write_number(sink, AVP_SUPPORTED_VENDOR_ID, DIAMETER_VENDOR_3GPP);
    write_application(sink);
}

/* TS 29.229 sections 6.1.5 and 6.1.6. */
static void write_location(const struct diameter_message *message, struct sink *sink)
{
    write_text(sink, AVP_SESSION_ID, message->session_id);
    write_application(sink);
    write_result(message, sink);
    write_number(sink, AVP_AUTH_SESSION_STATE, NO_STATE_MAINTAINED);
    write_text(sink, AVP_ORIGIN_HOST, message->origin_host);
    write_text(sink, AVP_ORIGIN_REALM, message->origin_realm);
    write_text(sink, AVP_DESTINATION_REALM, message->destination_realm);
    write_text_3gpp(sink, AVP_PUBLIC_IDENTITY, message->public_identity);
    write_text_3gpp(sink, AVP_SERVER_NAME, message->server_name);
}

void diameter_write(const struct diameter_message *message, struct sink *sink)
{
    char bytes[DIAMETER_SIZE_MAX];
    struct sink avps = SINK(bytes);
    bool is_base = message->command == DIAMETER_CAPABILITIES_EXCHANGE;

    check(is_base || message->command == DIAMETER_LOCATION_INFO);
    if (is_base)
        write_capabilities(message, &avps);
    else
        write_location(message, &avps);
    check(!avps.overflow);
    sink_u8(sink, 1);
    write_u24(sink, (uint32_t)(DIAMETER_HEADER_SIZE + avps.size));
    sink_u8(sink, (uint8_t)((message->is_request ? FLAG_REQUEST : 0) | (is_base ? 0 : FLAG_PROXIABLE)));
    write_u24(sink, message->command);
    sink_u32(sink, is_base ? 0 : DIAMETER_APPLICATION_CX);
    sink_u32(sink, message->hop_by_hop);
    sink_u32(sink, message->end_to_end);
    sink_span(sink, sink_written(&avps));
}

/* ---- Reading ---- */

static uint32_t get_u32(struct span text, size_t at)
{
    uint32_t value = 0;

    for (size_t i = 0; i < 4; i++)
        value = value << 8 | (uint8_t)text.data[at + i];
    return value;
}

struct avp {
    uint32_t code;
    bool is_3gpp;
    struct span data;
};

static enum err cut_avp(struct span *text, struct avp *avp)
{
    if (text->size < AVP_HEADER)
        return ERR_SYNTAX;
    uint32_t word = get_u32(*text, 4);
    size_t size = word & 0xffffff, header = AVP_HEADER;
    size_t padded = (size + 3) & ~(size_t)3;

    if (word >> 24 & AVP_VENDOR)
        header += AVP_VENDOR_SIZE;
    if (size < header || padded > text->size)
        return ERR_SYNTAX;
    avp->code = get_u32(*text, 0);
    avp->is_3gpp = header > AVP_HEADER && get_u32(*text, AVP_HEADER) == DIAMETER_VENDOR_3GPP;
    avp->data = (struct span){text->data + header, size - header};
    *text = span_after(*text, padded);
    return ERR_OK;
}

static void take_number(struct span data, uint32_t *number)
{
    if (data.size == 4)
        *number = get_u32(data, 0);
}

static enum err take_experimental(struct span group, uint32_t *result)
{
    while (group.size > 0) {
        struct avp avp;

        TRY(cut_avp(&group, &avp));
        if (avp.code == AVP_EXPERIMENTAL_RESULT_CODE)
            take_number(avp.data, result);
    }
    return ERR_OK;
}

static enum err take_avp(const struct avp *avp, struct diameter_message *message)
{
    switch (avp->code) {
    case AVP_SESSION_ID:
        message->session_id = avp->data;
        break;
    case AVP_ORIGIN_HOST:
        message->origin_host = avp->data;
        break;
    case AVP_ORIGIN_REALM:
        message->origin_realm = avp->data;
        break;
    case AVP_DESTINATION_REALM:
        message->destination_realm = avp->data;
        break;
    case AVP_RESULT_CODE:
        take_number(avp->data, &message->result);
        break;
    case AVP_EXPERIMENTAL_RESULT:
        return take_experimental(avp->data, &message->result);
    case AVP_HOST_IP_ADDRESS:
        if (avp->data.size == 6)
            message->host_address = get_u32(avp->data, 2);
        break;
    case AVP_PUBLIC_IDENTITY:
        if (avp->is_3gpp)
            message->public_identity = avp->data;
        break;
    case AVP_SERVER_NAME:
        if (avp->is_3gpp)
            message->server_name = avp->data;
        break;
    default:
        break;
    }
    return ERR_OK;
}

enum err diameter_parse(struct span text, struct diameter_message *message, size_t *size)
{
    if (text.size > 0 && text.data[0] != 1)
        return ERR_SYNTAX;
    if (text.size < DIAMETER_HEADER_SIZE)
        return ERR_MORE;
    size_t length = get_u32(text, 0) & 0xffffff;

    if (length < DIAMETER_HEADER_SIZE || length % 4 != 0)
        return ERR_SYNTAX;
    if (length > DIAMETER_SIZE_MAX)
        return ERR_RANGE;
    if (text.size < length)
        return ERR_MORE;
    uint32_t word = get_u32(text, 4);
    struct diameter_message parsed = {.is_request = (word >> 24 & FLAG_REQUEST) != 0,
                                      .command = word & 0xffffff,
                                      .application = get_u32(text, 8),
                                      .hop_by_hop = get_u32(text, 12),
                                      .end_to_end = get_u32(text, 16)};
    struct span avps = {text.data + DIAMETER_HEADER_SIZE, length - DIAMETER_HEADER_SIZE};

    while (avps.size > 0) {
        struct avp avp;

        TRY(cut_avp(&avps, &avp));
        TRY(take_avp(&avp, &parsed));
    }
    *message = parsed;
    *size = length;
    return ERR_OK;
}

const char *diameter_name(const struct diameter_message *message)
{
    if (message->command == DIAMETER_LOCATION_INFO)
        return message->is_request ? "LIR" : "LIA";
    if (message->command == DIAMETER_CAPABILITIES_EXCHANGE)
        return message->is_request ? "CER" : "CEA";
    return "?";
}
