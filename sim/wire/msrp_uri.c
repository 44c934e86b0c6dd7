/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/msrp.h"

/* Visible ASCII but for the characters that no URI may hold (RFC 3986 section 2). */
static bool is_uri_text(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];

        if (c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '^' || c == '`' ||
            c == '{' || c == '|' || c == '}')
            return false;
    }
    return true;
}

static enum err cut_scheme(struct span *text, bool *is_secure)
{
    size_t colon = span_find_byte(*text, ':');
    struct span scheme = {text->data, colon};
    bool secure = span_equal_nocase(scheme, SPAN("msrps"));

    if (colon == text->size)
        return ERR_MORE;
    if (!secure && !span_equal_nocase(scheme, SPAN("msrp")))
        return ERR_SYNTAX;
    *is_secure = secure;
    *text = span_after(*text, colon);
    return span_cut_literal(text, SPAN("://"));
}

/* [ userinfo "@" ] host [ ":" port ] */
static enum err parse_authority(struct span text, struct msrp_uri *uri)
{
    struct span user;

    if (span_cut_until(&text, '@', &user) == ERR_OK)
        uri->user = user;
    size_t end = text.size > 0 && text.data[0] == '[' ? span_find_byte(text, ']') : span_find_byte(text, ':');

    if (text.size > 0 && text.data[0] == '[') {
        if (end == text.size)
            return ERR_SYNTAX;
        end++;
    }
    uri->host = (struct span){text.data, end};
    if (end == 0)
        return ERR_SYNTAX;
    if (end == text.size)
        return ERR_OK;
    if (text.data[end] != ':')
        return ERR_SYNTAX;
    return span_parse_port(span_after(text, end + 1), &uri->port);
}

enum err msrp_parse_uri(struct span text, struct msrp_uri *uri)
{
    struct msrp_uri parsed = {0};

    TRY(cut_scheme(&text, &parsed.is_secure));
    if (!is_uri_text(text))
        return ERR_SYNTAX;
    size_t semicolon = span_find_byte(text, ';');
    struct span front = {text.data, semicolon};
    size_t slash = span_find_byte(front, '/');

    if (semicolon == text.size)
        return ERR_MORE;
    TRY(parse_authority((struct span){front.data, slash}, &parsed));
    if (slash < front.size)
        parsed.session_id = span_after(front, slash + 1);
    if (slash < front.size && parsed.session_id.size == 0)
        return ERR_SYNTAX;
    struct span parameters = span_after(text, semicolon + 1);

    parsed.transport = (struct span){parameters.data, span_find_byte(parameters, ';')};
    if (parsed.transport.size == 0)
        return ERR_MORE;

    *uri = parsed;
    return ERR_OK;
}

bool msrp_uri_equal(struct span a, struct span b)
{
    struct msrp_uri left, right;

    if (span_equal(a, b))
        return true;
    if (msrp_parse_uri(a, &left) != ERR_OK || msrp_parse_uri(b, &right) != ERR_OK)
        return false;
    return left.is_secure == right.is_secure && left.port == right.port && span_equal_nocase(left.host, right.host) &&
           span_equal(left.session_id, right.session_id) && span_equal_nocase(left.transport, right.transport);
}

bool msrp_path_next(struct span *path, struct span *uri)
{
    struct span rest = span_trim(*path);
    size_t end = span_find_byte(rest, ' ');

    if (rest.size == 0)
        return false;
    *uri = (struct span){rest.data, end};
    *path = span_after(rest, end);
    return true;
}

void msrp_path_reverse(struct span path, struct sink *sink)
{
    bool is_first = true;

    for (path = span_trim(path); path.size > 0; is_first = false) {
        size_t start = path.size;

        while (start > 0 && path.data[start - 1] != ' ')
            start--;
        if (!is_first)
            sink_char(sink, ' ');
        sink_span(sink, span_after(path, start));
        path = span_trim((struct span){path.data, start});
    }
}
