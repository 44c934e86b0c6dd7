/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sip.h"

#include <assert.h>

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
    {{"Path", 4}, 0},
    {{"Service-Route", 13}, 0},
    {{"P-Preferred-Identity", 20}, 0},
    {{"P-Asserted-Identity", 19}, 0},
    {{"P-Called-Party-ID", 17}, 0},
    {{"P-Charging-Vector", 17}, 0},
    {{"P-Charging-Function-Addresses", 29}, 0},
};
static_assert(sizeof(header_names) / sizeof(header_names[0]) == SIP_HEADER_COUNT, "a name for each header");

/* Only letters of ASCII are folded. */
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static enum sip_header header_of(struct span name)
{
    char first = lower(name.data[0]);

    for (unsigned i = 1; i < SIP_HEADER_COUNT; i++) {
        struct span known = header_names[i].name;

        if (name.size == 1 ? first == header_names[i].compact
                           : name.size == known.size && first == lower(known.data[0]) && span_equal_nocase(name, known))
            return (enum sip_header)i;
    }
    return SIP_HEADER_OTHER;
}

/* The characters of a token, section 25.1. */
static bool is_token(char c)
{
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           (c != 0 && strchr("-.!%*_+`'~", c) != NULL);
}

/* Blanks, and the line ends of folds: a value holds no others. */
static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(struct span *text)
{
    while (text->size > 0 && is_space(text->data[0]))
        *text = span_after(*text, 1);
}

static struct span trim(struct span text)
{
    skip_space(&text);
    while (text.size > 0 && is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

/* Everything before the first of two bytes, or all. */
static struct span take_before(struct span text, char a, char b)
{
    size_t size = 0;

    while (size < text.size && text.data[size] != a && text.data[size] != b)
        size++;
    return (struct span){text.data, size};
}

static enum err cut_token(struct span *text, struct span *token)
{
    size_t size = 0;

    skip_space(text);
    while (size < text->size && is_token(text->data[size]))
        size++;
    if (size == 0)
        return ERR_SYNTAX;
    *token = (struct span){text->data, size};
    *text = span_after(*text, size);
    return ERR_OK;
}

/* One mark, with blanks allowed around it. */
static enum err cut_mark(struct span *text, char mark)
{
    skip_space(text);
    if (text->size == 0 || text->data[0] != mark)
        return ERR_SYNTAX;
    *text = span_after(*text, 1);
    skip_space(text);
    return ERR_OK;
}

/* ---- Heads ---- */

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

    if (cut_token(&line, &method) != ERR_OK || span_cut_literal(&line, SPAN(" ")) != ERR_OK ||
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
    if (line.size == 0 || is_space(line.data[0]))
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
    struct span name = trim((struct span){text.data, colon});

    if (colon == text.size || name.size == 0 || is_space(text.data[0]))
        return ERR_SYNTAX;
    for (size_t i = 0; i < name.size; i++)
        if (!is_token(name.data[i]))
            return ERR_SYNTAX;
    line->header = header_of(name);
    line->name = name;
    line->value = trim(span_after(text, colon + 1));
    line->whole = (struct span){text.data, text.size + 2};
    return ERR_OK;
}

static enum err parse_lines(struct span *rest, struct sip_message *message)
{
    memset(message->first, 0, sizeof(message->first));
    for (message->count = 0;;) {
        struct span text;

        if (span_cut_literal(rest, SPAN("\r\n")) == ERR_OK)
            return ERR_OK;
        if (rest->size == 0 || (rest->size == 1 && rest->data[0] == '\r'))
            return ERR_MORE;
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

/* ---- Values ---- */

/* Length of what stands before the first stop outside quotes and angle brackets; text.size when there is none.
 * SIZE_MAX when a quote or bracket is left open. */
static size_t find_outside(struct span text, char stop)
{
    bool in_quotes = false, in_brackets = false;

    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];

        if (in_quotes) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_quotes = false;
        } else if (in_brackets) {
            if (c == '>')
                in_brackets = false;
        } else if (c == stop) {
            return i;
        } else if (c == '"') {
            in_quotes = true;
        } else if (c == '<') {
            in_brackets = true;
        }
    }
    return in_quotes || in_brackets ? SIZE_MAX : text.size;
}

enum err sip_cut_element(struct span *list, struct span *element)
{
    size_t end = find_outside(*list, ',');

    if (end == SIZE_MAX)
        return ERR_SYNTAX;
    struct span found = trim((struct span){list->data, end});

    if (found.size == 0)
        return ERR_SYNTAX;
    *list = trim(span_after(*list, end < list->size ? end + 1 : end));
    *element = found;
    return ERR_OK;
}

bool sip_parameter(struct span parameters, struct span name, struct span *value)
{
    while (parameters.size > 0) {
        /* The first ';' leads; what stands between two of them is a parameter. */
        if (parameters.data[0] == ';')
            parameters = span_after(parameters, 1);
        size_t end = find_outside(parameters, ';');

        if (end == SIZE_MAX)
            return false;
        struct span one = {parameters.data, end};
        size_t equals = span_find_byte(one, '=');

        if (span_equal_nocase(trim((struct span){one.data, equals}), name)) {
            if (value)
                *value = equals < one.size ? trim(span_after(one, equals + 1)) : span_after(trim(one), trim(one).size);
            return true;
        }
        parameters = span_after(parameters, end);
    }
    return false;
}

static enum err parse_port(struct span text, uint16_t *port)
{
    uint64_t number;

    if (sip_parse_number(text, &number) != ERR_OK || number == 0 || number > UINT16_MAX)
        return ERR_SYNTAX;
    *port = (uint16_t)number;
    return ERR_OK;
}

/* host [":" port]; the host of an IPv6 reference keeps its brackets. */
static enum err parse_host_port(struct span text, struct span *host, uint16_t *port)
{
    size_t end;

    *port = 0;
    if (text.size > 0 && text.data[0] == '[') {
        end = span_find_byte(text, ']');
        if (end == text.size)
            return ERR_SYNTAX;
        end++;
    } else {
        end = span_find_byte(text, ':');
    }
    *host = trim((struct span){text.data, end});
    if (host->size == 0)
        return ERR_SYNTAX;
    for (size_t i = 0; i < host->size; i++)
        if (is_space(host->data[i]))
            return ERR_SYNTAX;
    text = trim(span_after(text, end));
    if (text.size == 0)
        return ERR_OK;
    TRY(cut_mark(&text, ':'));
    return parse_port(text, port);
}

enum err sip_parse_via(struct span element, struct sip_via *via)
{
    struct sip_via parsed = {.port = 0};
    struct span name, version;

    TRY(cut_token(&element, &name));
    TRY(cut_mark(&element, '/'));
    TRY(cut_token(&element, &version));
    TRY(cut_mark(&element, '/'));
    TRY(cut_token(&element, &parsed.transport));
    if (!span_equal_nocase(name, SPAN("SIP")) || !span_equal(version, SPAN("2.0")) || element.size == 0 ||
        !is_space(element.data[0]))
        return ERR_SYNTAX;
    struct span sent_by = take_before(element, ';', ';');

    element = span_after(element, sent_by.size);
    parsed.sent_by = trim(sent_by);
    TRY(parse_host_port(parsed.sent_by, &parsed.host, &parsed.port));
    if (!sip_parameter(element, SPAN("branch"), &parsed.branch))
        parsed.branch = (struct span){"", 0};
    if (!sip_parameter(element, SPAN("received"), &parsed.received))
        parsed.received = (struct span){"", 0};
    parsed.has_rport = sip_parameter(element, SPAN("rport"), &parsed.rport);
    *via = parsed;
    return ERR_OK;
}

enum err sip_parse_uri(struct span text, struct sip_uri *uri)
{
    struct sip_uri parsed = {.port = 0};
    size_t colon = span_find_byte(text, ':');

    if (colon == text.size || colon == 0)
        return ERR_SYNTAX;
    parsed.scheme = (struct span){text.data, colon};
    struct span rest = span_after(text, colon + 1);

    rest = take_before(rest, '?', '?');
    bool is_sip = span_equal_nocase(parsed.scheme, SPAN("sip")) || span_equal_nocase(parsed.scheme, SPAN("sips"));

    if (!is_sip && !span_equal_nocase(parsed.scheme, SPAN("tel")))
        return ERR_UNKNOWN;
    parsed.user = (struct span){rest.data, 0};
    /* A ';' may stand in the user part, so parameters are looked for behind the '@' only. */
    size_t at = is_sip ? span_find_byte(rest, '@') : rest.size;

    if (at < rest.size) {
        parsed.user = (struct span){rest.data, at};
        rest = span_after(rest, at + 1);
        if (at == 0)
            return ERR_SYNTAX;
    }
    struct span place = take_before(rest, ';', ';');

    parsed.parameters = span_after(rest, place.size);
    if (is_sip) {
        TRY(parse_host_port(place, &parsed.host, &parsed.port));
        parsed.bare = (struct span){text.data, (size_t)(parsed.host.data + parsed.host.size - text.data)};
    } else {
        if (place.size == 0)
            return ERR_SYNTAX;
        parsed.user = place;
        parsed.host = (struct span){place.data, 0};
        parsed.bare = (struct span){text.data, (size_t)(place.data + place.size - text.data)};
    }
    *uri = parsed;
    return ERR_OK;
}

enum err sip_parse_address(struct span element, struct sip_address *address)
{
    struct sip_address parsed;
    struct span rest = trim(element);
    size_t open = find_outside(rest, '<');

    if (open == SIZE_MAX)
        return ERR_SYNTAX;
    if (open == rest.size) {
        /* addr-spec: parameters are the header's, not the URI's (section 20.10). */
        struct span uri = take_before(rest, ';', ';');

        parsed.display = (struct span){rest.data, 0};
        parsed.uri = trim(uri);
        parsed.parameters = span_after(rest, uri.size);
    } else {
        parsed.display = trim((struct span){rest.data, open});
        rest = span_after(rest, open + 1);
        size_t close = span_find_byte(rest, '>');

        if (close == rest.size)
            return ERR_SYNTAX;
        parsed.uri = trim((struct span){rest.data, close});
        parsed.parameters = trim(span_after(rest, close + 1));
        if (parsed.parameters.size > 0 && parsed.parameters.data[0] != ';')
            return ERR_SYNTAX;
    }
    if (parsed.uri.size == 0)
        return ERR_SYNTAX;
    *address = parsed;
    return ERR_OK;
}

struct span sip_tag(struct span value)
{
    struct sip_address address;
    struct span tag;

    if (sip_parse_address(value, &address) != ERR_OK || !sip_parameter(address.parameters, SPAN("tag"), &tag))
        return (struct span){"", 0};
    return tag;
}

enum err sip_parse_cseq(struct span value, struct sip_cseq *cseq)
{
    struct sip_cseq parsed;
    uint64_t number;

    if (span_cut_number(&value, &number) != ERR_OK || number > INT32_MAX)
        return ERR_SYNTAX;
    if (value.size == 0 || !is_space(value.data[0]))
        return ERR_SYNTAX;
    TRY(cut_token(&value, &parsed.method));
    if (value.size != 0)
        return ERR_SYNTAX;
    parsed.number = (uint32_t)number;
    *cseq = parsed;
    return ERR_OK;
}

enum err sip_parse_number(struct span value, uint64_t *number)
{
    uint64_t parsed;
    enum err result = span_cut_number(&value, &parsed);

    if (result == ERR_RANGE)
        return ERR_RANGE;
    if (result != ERR_OK || value.size != 0)
        return ERR_SYNTAX;
    *number = parsed;
    return ERR_OK;
}

enum err sip_parse_ipv4(struct span text, uint32_t *address)
{
    uint32_t parsed = 0;

    for (int i = 0; i < 4; i++) {
        uint64_t byte;
        size_t before = text.size;

        if (i > 0 && span_cut_literal(&text, SPAN(".")) != ERR_OK)
            return ERR_SYNTAX;
        before = text.size;
        if (span_cut_number(&text, &byte) != ERR_OK || byte > 255 || before - text.size > 3)
            return ERR_SYNTAX;
        parsed = parsed << 8 | (uint32_t)byte;
    }
    if (text.size != 0)
        return ERR_SYNTAX;
    *address = parsed;
    return ERR_OK;
}
