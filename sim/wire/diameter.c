/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/diameter.h"
#include "sim/base/check.h"

#include <stddef.h>

enum {
    FLAG_REQUEST = 0x80,
    FLAG_PROXIABLE = 0x40,
    AVP_VENDOR = 0x80,
    AVP_MANDATORY = 0x40,
    AVP_HEADER = 8,
    AVP_VENDOR_SIZE = 4,
    ADDRESS_IPV4 = 1, /* address family numbers, IANA */
    ADDRESS_SIZE = 6,
    GROUP_SIZE = 1024,
    DEPTH = 2 /* groups within groups */
};

/* ---- What AVPs there are ---- */

enum avp {
    AVP_END,
    AVP_SESSION_ID,
    AVP_APPLICATION,
    AVP_VENDOR_ID,
    AVP_AUTH_APPLICATION_ID,
    AVP_RESULT,
    AVP_EXPERIMENTAL_RESULT,
    AVP_EXPERIMENTAL_VENDOR_ID,
    AVP_EXPERIMENTAL_RESULT_CODE,
    AVP_AUTH_SESSION_STATE,
    AVP_ORIGIN_HOST,
    AVP_ORIGIN_REALM,
    AVP_DESTINATION_REALM,
    AVP_HOST_IP_ADDRESS,
    AVP_OWN_VENDOR_ID,
    AVP_PRODUCT_NAME,
    AVP_SUPPORTED_VENDOR_ID,
    AVP_USER_NAME,
    AVP_PUBLIC_IDENTITY,
    AVP_VISITED_NETWORK,
    AVP_AUTHORIZATION_TYPE,
    AVP_SERVER_NAME,
    AVP_SERVER_CAPABILITIES,
    AVP_MANDATORY_CAPABILITY,
    AVP_ASSIGNMENT_TYPE,
    AVP_DATA_AVAILABLE,
    AVP_USER_DATA,
    AVP_AUTH_ITEMS,
    AVP_AUTH_DATA,
    AVP_AUTH_ITEM,
    AVP_AUTH_SCHEME,
    AVP_AUTHENTICATE,
    AVP_AUTHORIZATION,
    AVP_CONFIDENTIALITY_KEY,
    AVP_INTEGRITY_KEY,
    AVP_COUNT
};

enum avp_kind {
    KIND_TEXT,     /* absent when empty */
    KIND_NUMBER,   /* always written */
    KIND_OPTIONAL, /* a number that is absent when it is 0 */
    KIND_CONSTANT, /* a number that is the same in every message */
    KIND_NAME,     /* a text that is the same in every message */
    KIND_ADDRESS,
    KIND_GROUP /* absent when all its members are */
};

enum { GROUP_MAX = 8 };

static const uint8_t group_application[GROUP_MAX] = {AVP_VENDOR_ID, AVP_AUTH_APPLICATION_ID};
static const uint8_t group_experimental[GROUP_MAX] = {AVP_EXPERIMENTAL_VENDOR_ID, AVP_EXPERIMENTAL_RESULT_CODE};
static const uint8_t group_capabilities[GROUP_MAX] = {AVP_MANDATORY_CAPABILITY};
static const uint8_t group_auth_data[GROUP_MAX] = {AVP_AUTH_ITEM,     AVP_AUTH_SCHEME,         AVP_AUTHENTICATE,
                                                   AVP_AUTHORIZATION, AVP_CONFIDENTIALITY_KEY, AVP_INTEGRITY_KEY};

struct avp_row {
    uint16_t code;
    uint8_t flags;
    uint8_t kind;         /* enum avp_kind */
    size_t offset;        /* of the member of struct diameter_message */
    uint32_t constant;    /* KIND_CONSTANT */
    const uint8_t *group; /* KIND_GROUP: its members, ending in AVP_END */
};

#define BASE AVP_MANDATORY
#define CX (AVP_MANDATORY | AVP_VENDOR)
#define MEMBER(name) offsetof(struct diameter_message, name)

/* Codes of RFC 6733 section 4.5 and, with the vendor flag, of TS 29.229 section 6.3. */
/* clang-format off */
static const struct avp_row avps[AVP_COUNT] = {
    [AVP_SESSION_ID] = {263, BASE, KIND_TEXT, MEMBER(session_id), 0, NULL},
    [AVP_APPLICATION] = {260, BASE, KIND_GROUP, 0, 0, group_application},
    [AVP_VENDOR_ID] = {266, BASE, KIND_CONSTANT, 0, DIAMETER_VENDOR_3GPP, NULL},
    [AVP_AUTH_APPLICATION_ID] = {258, BASE, KIND_CONSTANT, 0, DIAMETER_APPLICATION_CX, NULL},
    [AVP_RESULT] = {268, BASE, KIND_NUMBER, MEMBER(result), 0, NULL},
    [AVP_EXPERIMENTAL_RESULT] = {297, BASE, KIND_GROUP, 0, 0, group_experimental},
    [AVP_EXPERIMENTAL_VENDOR_ID] = {266, BASE, KIND_CONSTANT, 0, DIAMETER_VENDOR_3GPP, NULL},
    [AVP_EXPERIMENTAL_RESULT_CODE] = {298, BASE, KIND_NUMBER, MEMBER(result), 0, NULL},
    [AVP_AUTH_SESSION_STATE] = {277, BASE, KIND_CONSTANT, 0, 1, NULL}, /* NO_STATE_MAINTAINED */
    [AVP_ORIGIN_HOST] = {264, BASE, KIND_TEXT, MEMBER(origin_host), 0, NULL},
    [AVP_ORIGIN_REALM] = {296, BASE, KIND_TEXT, MEMBER(origin_realm), 0, NULL},
    [AVP_DESTINATION_REALM] = {283, BASE, KIND_TEXT, MEMBER(destination_realm), 0, NULL},
    [AVP_HOST_IP_ADDRESS] = {257, BASE, KIND_ADDRESS, MEMBER(host_address), 0, NULL},
    [AVP_OWN_VENDOR_ID] = {266, BASE, KIND_CONSTANT, 0, DIAMETER_VENDOR_3GPP, NULL},
    [AVP_PRODUCT_NAME] = {269, 0, KIND_NAME, 0, 0, NULL},
    [AVP_SUPPORTED_VENDOR_ID] = {265, BASE, KIND_CONSTANT, 0, DIAMETER_VENDOR_3GPP, NULL},
    [AVP_USER_NAME] = {1, BASE, KIND_TEXT, MEMBER(user_name), 0, NULL},
    [AVP_PUBLIC_IDENTITY] = {601, CX, KIND_TEXT, MEMBER(public_identity), 0, NULL},
    [AVP_VISITED_NETWORK] = {600, CX, KIND_TEXT, MEMBER(visited_network), 0, NULL},
    [AVP_AUTHORIZATION_TYPE] = {623, CX, KIND_NUMBER, MEMBER(authorization_type), 0, NULL},
    [AVP_SERVER_NAME] = {602, CX, KIND_TEXT, MEMBER(server_name), 0, NULL},
    [AVP_SERVER_CAPABILITIES] = {603, CX, KIND_GROUP, 0, 0, group_capabilities},
    [AVP_MANDATORY_CAPABILITY] = {604, CX, KIND_OPTIONAL, MEMBER(capability), 0, NULL},
    [AVP_ASSIGNMENT_TYPE] = {614, CX, KIND_NUMBER, MEMBER(assignment_type), 0, NULL},
    [AVP_DATA_AVAILABLE] = {624, CX, KIND_NUMBER, MEMBER(is_data_available), 0, NULL},
    [AVP_USER_DATA] = {606, CX, KIND_TEXT, MEMBER(user_data), 0, NULL},
    [AVP_AUTH_ITEMS] = {607, CX, KIND_OPTIONAL, MEMBER(auth_items), 0, NULL},
    [AVP_AUTH_DATA] = {612, CX, KIND_GROUP, 0, 0, group_auth_data},
    [AVP_AUTH_ITEM] = {613, CX, KIND_OPTIONAL, MEMBER(auth_item), 0, NULL},
    [AVP_AUTH_SCHEME] = {608, CX, KIND_TEXT, MEMBER(auth_scheme), 0, NULL},
    [AVP_AUTHENTICATE] = {609, CX, KIND_TEXT, MEMBER(authenticate), 0, NULL},
    [AVP_AUTHORIZATION] = {610, CX, KIND_TEXT, MEMBER(authorization), 0, NULL},
    [AVP_CONFIDENTIALITY_KEY] = {625, CX, KIND_TEXT, MEMBER(confidentiality_key), 0, NULL},
    [AVP_INTEGRITY_KEY] = {626, CX, KIND_TEXT, MEMBER(integrity_key), 0, NULL},
};
/* clang-format on */

/* ---- What messages there are ---- */

enum { LAYOUT_MAX = 16 };

/* Behind Session-Id and the application an answer has its result, in one of two ways. */
#define CX_REQUEST                                                                                                     \
    AVP_SESSION_ID, AVP_APPLICATION, AVP_AUTH_SESSION_STATE, AVP_ORIGIN_HOST, AVP_ORIGIN_REALM, AVP_DESTINATION_REALM
#define CX_ANSWER AVP_SESSION_ID, AVP_APPLICATION, AVP_RESULT, AVP_AUTH_SESSION_STATE, AVP_ORIGIN_HOST, AVP_ORIGIN_REALM
#define CAPABILITIES                                                                                                   \
    AVP_ORIGIN_HOST, AVP_ORIGIN_REALM, AVP_HOST_IP_ADDRESS, AVP_OWN_VENDOR_ID, AVP_PRODUCT_NAME,                       \
        AVP_SUPPORTED_VENDOR_ID, AVP_APPLICATION

/* RFC 6733 sections 5.3.1 and 5.3.2; TS 29.229 sections 6.1.1 to 6.1.8. */
static const struct layout {
    uint32_t command, application;
    uint8_t flags;
    const char *request_name, *answer_name;
    uint8_t request[LAYOUT_MAX], answer[LAYOUT_MAX];
} layouts[] = {
    {DIAMETER_CAPABILITIES_EXCHANGE, 0, 0, "CER", "CEA", {CAPABILITIES}, {AVP_RESULT, CAPABILITIES}},
    {DIAMETER_USER_AUTHORIZATION,
     DIAMETER_APPLICATION_CX,
     FLAG_PROXIABLE,
     "UAR",
     "UAA",
     {CX_REQUEST, AVP_USER_NAME, AVP_PUBLIC_IDENTITY, AVP_VISITED_NETWORK, AVP_AUTHORIZATION_TYPE},
     {CX_ANSWER, AVP_SERVER_NAME, AVP_SERVER_CAPABILITIES}},
    {DIAMETER_SERVER_ASSIGNMENT,
     DIAMETER_APPLICATION_CX,
     FLAG_PROXIABLE,
     "SAR",
     "SAA",
     {CX_REQUEST, AVP_USER_NAME, AVP_PUBLIC_IDENTITY, AVP_SERVER_NAME, AVP_ASSIGNMENT_TYPE, AVP_DATA_AVAILABLE},
     {CX_ANSWER, AVP_USER_NAME, AVP_USER_DATA}},
    {DIAMETER_LOCATION_INFO,
     DIAMETER_APPLICATION_CX,
     FLAG_PROXIABLE,
     "LIR",
     "LIA",
     {CX_REQUEST, AVP_PUBLIC_IDENTITY},
     {CX_ANSWER, AVP_SERVER_NAME}},
    {DIAMETER_MULTIMEDIA_AUTH,
     DIAMETER_APPLICATION_CX,
     FLAG_PROXIABLE,
     "MAR",
     "MAA",
     {CX_REQUEST, AVP_USER_NAME, AVP_PUBLIC_IDENTITY, AVP_AUTH_DATA, AVP_AUTH_ITEMS, AVP_SERVER_NAME},
     {CX_ANSWER, AVP_USER_NAME, AVP_PUBLIC_IDENTITY, AVP_AUTH_ITEMS, AVP_AUTH_DATA}},
};

static const struct layout *layout_of(uint32_t command)
{
    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
        if (layouts[i].command == command)
            return &layouts[i];
    return NULL;
}

/* ---- Writing ---- */

static void write_u24(struct sink *sink, uint32_t value)
{
    sink_u8(sink, (uint8_t)(value >> 16));
    sink_u16(sink, (uint16_t)value);
}

static void write_data(struct sink *sink, const struct avp_row *row, struct span data)
{
    size_t header = AVP_HEADER + (row->flags & AVP_VENDOR ? AVP_VENDOR_SIZE : 0);

    sink_u32(sink, row->code);
    sink_u8(sink, row->flags);
    write_u24(sink, (uint32_t)(header + data.size));
    if (row->flags & AVP_VENDOR)
        sink_u32(sink, DIAMETER_VENDOR_3GPP);
    sink_span(sink, data);
    for (size_t size = data.size; size % 4 != 0; size++)
        sink_u8(sink, 0);
}

static struct span text_of(const struct diameter_message *message, const struct avp_row *row)
{
    return *(const struct span *)(const void *)((const char *)message + row->offset);
}

static uint32_t number_of(const struct diameter_message *message, const struct avp_row *row)
{
    if (row->kind == KIND_CONSTANT)
        return row->constant;
    return *(const uint32_t *)(const void *)((const char *)message + row->offset);
}

/* Every AVP but a group. */
static void write_leaf(const struct diameter_message *message, const struct avp_row *row, struct sink *sink)
{
    char bytes[ADDRESS_SIZE];
    struct sink data = SINK(bytes);

    if (row->kind == KIND_TEXT) {
        struct span text = text_of(message, row);

        if (text.size > 0)
            write_data(sink, row, text);
        return;
    }
    if (row->kind == KIND_NAME) {
        write_data(sink, row, SPAN("hopsim"));
        return;
    }
    uint32_t number = number_of(message, row);

    if (row->kind == KIND_OPTIONAL && number == 0)
        return;
    if (row->kind == KIND_ADDRESS)
        sink_u16(&data, ADDRESS_IPV4);
    sink_u32(&data, number);
    write_data(sink, row, sink_written(&data));
}

static void write_avp(const struct diameter_message *message, enum avp avp, struct sink *sink)
{
    const struct avp_row *row = &avps[avp];
    char bytes[GROUP_SIZE];
    struct sink group = SINK(bytes);

    if (row->kind != KIND_GROUP) {
        write_leaf(message, row, sink);
        return;
    }
    for (const uint8_t *member = row->group; *member != AVP_END; member++)
        write_leaf(message, &avps[*member], &group);
    check(!group.overflow);
    if (group.size > 0)
        write_data(sink, row, sink_written(&group));
}

void diameter_write(const struct diameter_message *message, struct sink *sink)
{
    const struct layout *layout = layout_of(message->command);
    char bytes[DIAMETER_SIZE_MAX];
    struct sink data = SINK(bytes);

    check(layout != NULL);
    for (const uint8_t *avp = message->is_request ? layout->request : layout->answer; *avp != AVP_END; avp++)
        write_avp(message, *avp == AVP_RESULT && message->is_experimental ? AVP_EXPERIMENTAL_RESULT : *avp, &data);
    check(!data.overflow);
    sink_u8(sink, 1);
    write_u24(sink, (uint32_t)(DIAMETER_HEADER_SIZE + data.size));
    sink_u8(sink, (uint8_t)((message->is_request ? FLAG_REQUEST : 0) | layout->flags));
    write_u24(sink, message->command);
    sink_u32(sink, layout->application);
    sink_u32(sink, message->hop_by_hop);
    sink_u32(sink, message->end_to_end);
    sink_span(sink, sink_written(&data));
}

/* ---- Reading ---- */

static uint32_t get_u32(struct span text, size_t at)
{
    uint32_t value = 0;

    for (size_t i = 0; i < 4; i++)
        value = value << 8 | (uint8_t)text.data[at + i];
    return value;
}

/* An AVP as it stands there. */
struct found {
    uint32_t code;
    bool is_3gpp;
    struct span data;
};

static enum err cut_avp(struct span *text, struct found *found)
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
    found->code = get_u32(*text, 0);
    found->is_3gpp = header > AVP_HEADER && get_u32(*text, AVP_HEADER) == DIAMETER_VENDOR_3GPP;
    found->data = (struct span){text->data + header, size - header};
    *text = span_after(*text, padded);
    return ERR_OK;
}

static const struct avp_row *row_of(const struct found *found)
{
    for (int i = AVP_END + 1; i < AVP_COUNT; i++)
        if (avps[i].code == found->code && (avps[i].flags & AVP_VENDOR ? found->is_3gpp : !found->is_3gpp))
            return &avps[i];
    return NULL;
}

static void take_leaf(const struct avp_row *row, struct span data, struct diameter_message *message)
{
    void *member = (char *)message + row->offset;

    switch (row->kind) {
    case KIND_TEXT:
        *(struct span *)member = data;
        break;
    case KIND_NUMBER:
    case KIND_OPTIONAL:
        if (data.size == 4)
            *(uint32_t *)member = get_u32(data, 0);
        break;
    case KIND_ADDRESS:
        if (data.size == ADDRESS_SIZE)
            *(uint32_t *)member = get_u32(data, ADDRESS_SIZE - 4);
        break;
    default:
        break;
    }
}

/* All AVPs of a message or group, those of groups where their group stands. */
static enum err take_avps(struct span text, struct diameter_message *message)
{
    struct span outer[DEPTH];
    int depth = 0;

    while (text.size > 0 || depth > 0) {
        struct found found;

        if (text.size == 0) {
            text = outer[--depth];
            continue;
        }
        TRY(cut_avp(&text, &found));
        const struct avp_row *row = row_of(&found);

        if (!row)
            continue;
        if (row == &avps[AVP_EXPERIMENTAL_RESULT])
            message->is_experimental = true;
        if (row->kind != KIND_GROUP) {
            take_leaf(row, found.data, message);
        } else if (depth < DEPTH) {
            outer[depth++] = text;
            text = found.data;
        }
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

    TRY(take_avps((struct span){text.data + DIAMETER_HEADER_SIZE, length - DIAMETER_HEADER_SIZE}, &parsed));
    *message = parsed;
    *size = length;
    return ERR_OK;
}

const char *diameter_name(const struct diameter_message *message)
{
    const struct layout *layout = layout_of(message->command);

    if (!layout)
        return "?";
    return message->is_request ? layout->request_name : layout->answer_name;
}
