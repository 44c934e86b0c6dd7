/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sip.h"
#include "sim/wire/sip_text.h"

#include <assert.h>

#define T SIP_LETTER_TOKEN
#define S SIP_LETTER_SPACE
const uint8_t sip_letters[256] = {
    ['\t'] = S, ['\n'] = S, ['\r'] = S, [' '] = S, ['!'] = T, ['%'] = T, ['\''] = T, ['*'] = T, ['+'] = T, ['-'] = T,
    ['.'] = T,  ['_'] = T,  ['`'] = T,  ['~'] = T, ['0'] = T, ['1'] = T, ['2'] = T,  ['3'] = T, ['4'] = T, ['5'] = T,
    ['6'] = T,  ['7'] = T,  ['8'] = T,  ['9'] = T, ['A'] = T, ['B'] = T, ['C'] = T,  ['D'] = T, ['E'] = T, ['F'] = T,
    ['G'] = T,  ['H'] = T,  ['I'] = T,  ['J'] = T, ['K'] = T, ['L'] = T, ['M'] = T,  ['N'] = T, ['O'] = T, ['P'] = T,
    ['Q'] = T,  ['R'] = T,  ['S'] = T,  ['T'] = T, ['U'] = T, ['V'] = T, ['W'] = T,  ['X'] = T, ['Y'] = T, ['Z'] = T,
    ['a'] = T,  ['b'] = T,  ['c'] = T,  ['d'] = T, ['e'] = T, ['f'] = T, ['g'] = T,  ['h'] = T, ['i'] = T, ['j'] = T,
    ['k'] = T,  ['l'] = T,  ['m'] = T,  ['n'] = T, ['o'] = T, ['p'] = T, ['q'] = T,  ['r'] = T, ['s'] = T, ['t'] = T,
    ['u'] = T,  ['v'] = T,  ['w'] = T,  ['x'] = T, ['y'] = T, ['z'] = T,
};
#undef T
#undef S

/* Names and compact forms, RFC 3261 section 7.3.3; the order of enum sip_header. */
static const struct {
    struct span name;
    char compact;
} header_names[] = {
    {{"", 0}, 0},
    {{"Via", 3}, 'v'},
    {{"Max-Forwards", 12}, 0},
    {{"Route", 5}, 0},
    {{"Record-Route", 12}, 0},
    {{"From", 4}, 'f'},
    {{"To", 2}, 't'},
    {{"Call-ID", 7}, 'i'},
    {{"CSeq", 4}, 0},
    {{"Contact", 7}, 'm'},
    {{"Content-Type", 12}, 'c'},
    {{"Content-Length", 14}, 'l'},
    {{"Proxy-Require", 13}, 0},
    {{"Require", 7}, 0},
    {{"Supported", 9}, 'k'},
    {{"RSeq", 4}, 0},
    {{"RAck", 4}, 0},
    {{"Path", 4}, 0},
    {{"Service-Route", 13}, 0},
    {{"P-Preferred-Identity", 20}, 0},
    {{"P-Asserted-Identity", 19}, 0},
    {{"P-Called-Party-ID", 17}, 0},
    {{"P-Charging-Vector", 17}, 0},
    {{"P-Charging-Function-Addresses", 29}, 0},
    {{"Expires", 7}, 0},
    {{"Min-Expires", 11}, 0},
    {{"Retry-After", 11}, 0},
    {{"Authorization", 13}, 0},
    {{"WWW-Authenticate", 16}, 0},
    {{"P-Served-User", 13}, 0},
    {{"Proxy-Authenticate", 18}, 0},
    {{"Proxy-Authorization", 19}, 0},
    {{"Security-Client", 15}, 0},
    {{"Security-Server", 15}, 0},
    {{"Security-Verify", 15}, 0},
    {{"P-Visited-Network-ID", 20}, 0},
    {{"P-Associated-URI", 16}, 0},
};
static_assert(sizeof(header_names) / sizeof(header_names[0]) == SIP_HEADER_COUNT, "a name for each header");

/* The headers of each length of a name, so that few names are compared. */
enum { NAME_SIZE_MAX = 29, SAME_SIZE_MAX = 5 };
static const uint8_t headers_by_size[NAME_SIZE_MAX + 1][SAME_SIZE_MAX] = {
    [2] = {SIP_HEADER_TO},
    [3] = {SIP_HEADER_VIA},
    [4] = {SIP_HEADER_FROM, SIP_HEADER_CSEQ, SIP_HEADER_PATH, SIP_HEADER_RSEQ, SIP_HEADER_RACK},
    [5] = {SIP_HEADER_ROUTE},
    [7] = {SIP_HEADER_CALL_ID, SIP_HEADER_CONTACT, SIP_HEADER_EXPIRES, SIP_HEADER_REQUIRE},
    [9] = {SIP_HEADER_SUPPORTED},
    [11] = {SIP_HEADER_MIN_EXPIRES, SIP_HEADER_RETRY_AFTER},
    [12] = {SIP_HEADER_RECORD_ROUTE, SIP_HEADER_MAX_FORWARDS, SIP_HEADER_CONTENT_TYPE},
    [13] = {SIP_HEADER_PROXY_REQUIRE, SIP_HEADER_SERVICE_ROUTE, SIP_HEADER_AUTHORIZATION, SIP_HEADER_P_SERVED_USER},
    [14] = {SIP_HEADER_CONTENT_LENGTH},
    [15] = {SIP_HEADER_SECURITY_CLIENT, SIP_HEADER_SECURITY_SERVER, SIP_HEADER_SECURITY_VERIFY},
    [16] = {SIP_HEADER_WWW_AUTHENTICATE, SIP_HEADER_P_ASSOCIATED_URI},
    [17] = {SIP_HEADER_P_CALLED_PARTY_ID, SIP_HEADER_P_CHARGING_VECTOR},
    [18] = {SIP_HEADER_PROXY_AUTHENTICATE},
    [19] = {SIP_HEADER_P_ASSERTED_IDENTITY, SIP_HEADER_PROXY_AUTHORIZATION},
    [20] = {SIP_HEADER_P_PREFERRED_IDENTITY, SIP_HEADER_P_VISITED_NETWORK_ID},
    [29] = {SIP_HEADER_P_CHARGING_FUNCTION_ADDRESSES},
};

static enum sip_header header_of_compact(char name)
{
    char small = name >= 'A' && name <= 'Z' ? (char)(name | 0x20) : name;

    for (unsigned i = 1; i < SIP_HEADER_COUNT; i++)
        if (header_names[i].compact == small)
            return (enum sip_header)i;
    return SIP_HEADER_OTHER;
}

static enum sip_header header_of(struct span name)
{
    if (name.size == 1)
        return header_of_compact(name.data[0]);
    if (name.size > NAME_SIZE_MAX)
        return SIP_HEADER_OTHER;
    for (unsigned i = 0; i < SAME_SIZE_MAX && headers_by_size[name.size][i] != SIP_HEADER_OTHER; i++) {
        enum sip_header header = (enum sip_header)headers_by_size[name.size][i];
        struct span known = header_names[header].name;

        if (memcmp(name.data, known.data, known.size) == 0 || span_equal_nocase(name, known))
            return header;
    }
    return SIP_HEADER_OTHER;
}

static enum err parse_status_line(struct span line, struct sip_message *message)
{
    int status = 0;

    if (line.size < 12)
        return ERR_SYNTAX;
    for (size_t i = 8; i < 11; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return ERR_SYNTAX;
        status = 10 * status + (line.data[i] - '0');
    }
    if (line.data[11] != ' ' || status < 100 || status > 699)
        return ERR_SYNTAX;
    message->is_request = false;
    message->status = status;
    message->reason = span_after(line, 12);
    return ERR_OK;
}

static enum err parse_request_line(struct span line, struct sip_message *message)
{
    struct span method, uri;

    if (sip_cut_token(&line, &method) != ERR_OK || span_cut_literal(&line, SPAN(" ")) != ERR_OK ||
        span_cut_until(&line, ' ', &uri) != ERR_OK || uri.size == 0)
        return ERR_SYNTAX;
    if (!span_equal_nocase(line, SPAN("SIP/2.0")))
        return ERR_SYNTAX;
    for (size_t i = 0; i < uri.size; i++)
        if (uri.data[i] == '<' || uri.data[i] == '>' || uri.data[i] == '"' || (unsigned char)uri.data[i] < ' ')
            return ERR_SYNTAX;
    message->is_request = true;
    message->method = method;
    message->uri = uri;
    message->status = 0;
    return ERR_OK;
}

static enum err parse_start_line(struct span line, struct sip_message *message)
{
    /* A token may lead, a blank may not. */
    if (line.size == 0 || sip_is_space(line.data[0]))
        return ERR_SYNTAX;
    if (line.size >= 8 && span_equal_nocase((struct span){line.data, 8}, SPAN("SIP/2.0 ")))
        return parse_status_line(line, message);
    return parse_request_line(line, message);
}

/* A line off the front of *text, its folds included, without its last CR LF. Whether it goes on is seen from the byte
 * behind it, so the empty line at the end must have come as well. */
static enum err cut_folded(struct span *text, struct span *line)
{
    size_t size = 0;

    for (;;) {
        size_t end = size + span_find_byte(span_after(*text, size), '\n');

        if (end == text->size)
            return ERR_MORE;
        if (end == 0 || text->data[end - 1] != '\r')
            return ERR_SYNTAX;
        size = end + 1;
        if (size == text->size)
            return ERR_MORE;
        if (text->data[size] != ' ' && text->data[size] != '\t')
            break;
    }
    *line = (struct span){text->data, size - 2};
    *text = span_after(*text, size);
    return ERR_OK;
}

static enum err parse_line(struct span text, struct sip_line *line)
{
    size_t colon = span_find_byte(text, ':');
    struct span name = sip_trim((struct span){text.data, colon});

    if (colon == text.size || name.size == 0 || sip_is_space(text.data[0]))
        return ERR_SYNTAX;
    for (size_t i = 0; i < name.size; i++)
        if (!sip_is_token(name.data[i]))
            return ERR_SYNTAX;
    line->header = header_of(name);
    line->name = name;
    line->value = sip_trim(span_after(text, colon + 1));
    line->whole = (struct span){text.data, text.size + 2};
    return ERR_OK;
}

static enum err parse_lines(struct span *rest, struct sip_message *message)
{
    memset(message->first, 0, sizeof(message->first));
    for (message->count = 0;;) {
        struct span text;

        if (rest->size == 0 || (rest->size == 1 && rest->data[0] == '\r'))
            return ERR_MORE;
        if (rest->data[0] == '\r' && rest->data[1] == '\n') {
            *rest = span_after(*rest, 2);
            return ERR_OK;
        }
        TRY(cut_folded(rest, &text));
        if (message->count == SIP_LINES_MAX)
            return ERR_FULL;
        struct sip_line *line = &message->lines[message->count];

        TRY(parse_line(text, line));
        message->count++;
        if (message->first[line->header] == 0)
            message->first[line->header] = (uint8_t)message->count;
    }
}

enum err sip_parse(struct span text, struct sip_message *message)
{
    struct span rest = text, line;

    if (rest.size > SIP_HEAD_SIZE_MAX)
        rest.size = SIP_HEAD_SIZE_MAX;
    while (span_cut_literal(&rest, SPAN("\r\n")) == ERR_OK)
        ;
    struct span start = rest;
    enum err result = span_cut_line(&rest, &line);

    if (result == ERR_OK)
        result = parse_start_line(line, message);
    if (result == ERR_OK) {
        message->start = (struct span){start.data, line.size + 2};
        result = parse_lines(&rest, message);
    }
    if (result == ERR_OK)
        message->size = (size_t)(rest.data - text.data);
    return result == ERR_MORE && text.size >= SIP_HEAD_SIZE_MAX ? ERR_FULL : result;
}

const struct sip_line *sip_line_next(const struct sip_message *message, enum sip_header header,
                                     const struct sip_line *after)
{
    size_t i = after ? (size_t)(after - message->lines) + 1 : 0;

    if (!after) {
        if (message->first[header] == 0)
            return NULL;
        i = message->first[header] - 1u;
    }
    for (; i < message->count; i++)
        if (message->lines[i].header == header)
            return &message->lines[i];
    return NULL;
}

struct span sip_value(const struct sip_message *message, enum sip_header header)
{
    if (message->first[header] == 0)
        return (struct span){"", 0};
    return message->lines[message->first[header] - 1].value;
}
