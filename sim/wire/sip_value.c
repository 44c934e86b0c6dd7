/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sip.h"
#include "sim/wire/sip_text.h"

/* Everything before the first of two bytes, or all. */
static struct span take_before(struct span text, char a, char b)
{
    size_t size = 0;

    while (size < text.size && text.data[size] != a && text.data[size] != b)
        size++;
    return (struct span){text.data, size};
}

/* One mark, with blanks allowed around it. */
static enum err cut_mark(struct span *text, char mark)
{
    sip_skip_space(text);
    if (text->size == 0 || text->data[0] != mark)
        return ERR_SYNTAX;
    *text = span_after(*text, 1);
    sip_skip_space(text);
    return ERR_OK;
}

/* Length of what stands before the first stop outside quotes and angle brackets; text.size when there is none.
 * SIZE_MAX when a quote or bracket is left open. */
static size_t find_outside(struct span text, char stop)
{
    bool in_quotes = false, in_brackets = false;
    struct span plain = {text.data, span_find_byte(text, stop)};

    /* Most often neither occurs before the stop. */
    if (span_find_byte(plain, '"') == plain.size && span_find_byte(plain, '<') == plain.size)
        return plain.size;
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
    struct span found = sip_trim((struct span){list->data, end});

    if (found.size == 0)
        return ERR_SYNTAX;
    *list = sip_trim(span_after(*list, end < list->size ? end + 1 : end));
    *element = found;
    return ERR_OK;
}

/* ";name" or ";name=value" off the front; false when no more comes or a quote is left open. An absent value is an empty
 * span behind the name, where it would be put. */
static bool cut_parameter(struct span *parameters, struct span *name, struct span *value)
{
    if (parameters->size > 0 && parameters->data[0] == ';')
        *parameters = span_after(*parameters, 1);
    size_t end = find_outside(*parameters, ';');

    if (parameters->size == 0 || end == SIZE_MAX)
        return false;
    struct span one = sip_trim((struct span){parameters->data, end});
    size_t equals = span_find_byte(one, '=');

    *name = sip_trim((struct span){one.data, equals});
    *value = sip_trim(span_after(one, equals < one.size ? equals + 1 : equals));
    *parameters = span_after(*parameters, end);
    return true;
}

bool sip_parameter(struct span parameters, struct span name, struct span *value)
{
    struct span found, found_value;

    while (cut_parameter(&parameters, &found, &found_value))
        if (found.size == name.size && span_equal_nocase(found, name)) {
            if (value)
                *value = found_value;
            return true;
        }
    return false;
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
    *host = sip_trim((struct span){text.data, end});
    if (host->size == 0)
        return ERR_SYNTAX;
    for (size_t i = 0; i < host->size; i++)
        if (sip_is_space(host->data[i]))
            return ERR_SYNTAX;
    text = sip_trim(span_after(text, end));
    if (text.size == 0)
        return ERR_OK;
    TRY(cut_mark(&text, ':'));
    return span_parse_port(text, port) == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

enum err sip_parse_via(struct span element, struct sip_via *via)
{
    struct sip_via parsed = {.port = 0};
    struct span name, version, value;

    TRY(sip_cut_token(&element, &name));
    TRY(cut_mark(&element, '/'));
    TRY(sip_cut_token(&element, &version));
    TRY(cut_mark(&element, '/'));
    TRY(sip_cut_token(&element, &parsed.transport));
    if (!span_equal_nocase(name, SPAN("SIP")) || !span_equal(version, SPAN("2.0")) || element.size == 0 ||
        !sip_is_space(element.data[0]))
        return ERR_SYNTAX;
    struct span sent_by = take_before(element, ';', ';');

    element = span_after(element, sent_by.size);
    parsed.sent_by = sip_trim(sent_by);
    TRY(parse_host_port(parsed.sent_by, &parsed.host, &parsed.port));
    parsed.branch = parsed.received = parsed.rport = (struct span){"", 0};
    while (cut_parameter(&element, &name, &value)) {
        if (span_equal_nocase(name, SPAN("branch"))) {
            parsed.branch = value;
        } else if (span_equal_nocase(name, SPAN("received"))) {
            parsed.received = value;
        } else if (span_equal_nocase(name, SPAN("rport"))) {
            parsed.rport = value;
            parsed.has_rport = true;
        }
    }
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
    struct span rest = sip_trim(element);
    size_t open = find_outside(rest, '<');

    if (open == SIZE_MAX)
        return ERR_SYNTAX;
    if (open == rest.size) {
        /* addr-spec: parameters are the header's, not the URI's (section 20.10). */
        struct span uri = take_before(rest, ';', ';');

        parsed.display = (struct span){rest.data, 0};
        parsed.uri = sip_trim(uri);
        parsed.parameters = span_after(rest, uri.size);
    } else {
        parsed.display = sip_trim((struct span){rest.data, open});
        rest = span_after(rest, open + 1);
        size_t close = span_find_byte(rest, '>');

        if (close == rest.size)
            return ERR_SYNTAX;
        parsed.uri = sip_trim((struct span){rest.data, close});
        parsed.parameters = sip_trim(span_after(rest, close + 1));
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
    if (value.size == 0 || !sip_is_space(value.data[0]))
        return ERR_SYNTAX;
    TRY(sip_cut_token(&value, &parsed.method));
    if (value.size != 0)
        return ERR_SYNTAX;
    parsed.number = (uint32_t)number;
    *cseq = parsed;
    return ERR_OK;
}

enum err sip_parse_rack(struct span value, struct sip_rack *rack)
{
    struct sip_cseq cseq;
    uint64_t rseq;

    if (span_cut_number(&value, &rseq) != ERR_OK || rseq > UINT32_MAX)
        return ERR_SYNTAX;
    if (value.size == 0 || !sip_is_space(value.data[0]))
        return ERR_SYNTAX;
    sip_skip_space(&value);
    TRY(sip_parse_cseq(value, &cseq));
    *rack = (struct sip_rack){(uint32_t)rseq, cseq.number, cseq.method};
    return ERR_OK;
}

bool sip_lists(const struct sip_message *message, enum sip_header header, struct span token)
{
    for (const struct sip_line *line = sip_line_next(message, header, NULL); line;
         line = sip_line_next(message, header, line)) {
        struct span rest = line->value, element;

        while (rest.size > 0 && sip_cut_element(&rest, &element) == ERR_OK)
            if (span_equal_nocase(sip_trim(element), token))
                return true;
    }
    return false;
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
