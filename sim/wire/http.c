/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/http.h"
#include "sim/base/check.h"

static const struct {
    int status;
    const char *reason;
} reasons[] = {{200, "OK"}, {400, "Bad Request"}, {404, "Not Found"}, {405, "Method Not Allowed"}};

struct span http_reason(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        if (reasons[i].status == status)
            return span_of(reasons[i].reason);
    return (struct span){0};
}

/* ---- Writing ---- */

static void write_field(struct sink *sink, struct span name, struct span value)
{
    if (value.size == 0)
        return;
    sink_span(sink, name);
    sink_span(sink, value);
    sink_span(sink, SPAN("\r\n"));
}

void http_write_head(const struct http_head *head, struct sink *sink)
{
    if (head->is_request) {
        check(head->method.size > 0 && head->target.size > 0 && head->host.size > 0);
        sink_span(sink, head->method);
        sink_char(sink, ' ');
        sink_span(sink, head->target);
        sink_span(sink, SPAN(" HTTP/1.1\r\n"));
        write_field(sink, SPAN("Host: "), head->host);
        write_field(sink, SPAN("User-Agent: "), SPAN("hopsim"));
    } else {
        check(head->status >= 100 && head->status <= 999);
        sink_span(sink, SPAN("HTTP/1.1 "));
        sink_number(sink, (uint64_t)head->status);
        sink_char(sink, ' ');
        sink_span(sink, http_reason(head->status));
        sink_span(sink, SPAN("\r\nServer: hopsim\r\n"));
    }
    write_field(sink, SPAN("Content-Type: "), head->content_type);
    if (head->has_length) {
        sink_span(sink, SPAN("Content-Length: "));
        sink_number(sink, head->length);
        sink_span(sink, SPAN("\r\n"));
    }
    sink_span(sink, SPAN("\r\n"));
}

/* ---- Reading ---- */

/* tchar, RFC 9110 section 5.6.2 */
static bool is_token(struct span text)
{
    static const char marks[] = "!#$%&'*+-.^_`|~";

    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!is_letter && (c == 0 || !strchr(marks, c)))
            return false;
    }
    return text.size > 0;
}

/* No control but the tab. */
static bool is_field_value(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (((unsigned char)text.data[i] < ' ' && text.data[i] != '\t') || text.data[i] == 127)
            return false;
    return true;
}

/* "HTTP/1.1" SP 3DIGIT SP [ reason ] */
static enum err read_status(struct span line, struct http_head *head)
{
    uint64_t status;

    if (span_cut_literal(&line, SPAN("HTTP/1.1 ")) != ERR_OK || line.size < 4 || line.data[0] < '1' ||
        line.data[0] > '9' || line.data[3] != ' ' || span_cut_number(&line, &status) != ERR_OK || status > 999)
        return ERR_SYNTAX;
    head->status = (int)status;
    return ERR_OK;
}

/* method SP request-target SP "HTTP/1.1" */
static enum err read_request(struct span line, struct http_head *head)
{
    head->is_request = true;
    if (span_cut_until(&line, ' ', &head->method) != ERR_OK || span_cut_until(&line, ' ', &head->target) != ERR_OK ||
        !is_token(head->method) || head->target.size == 0 || !span_equal(line, SPAN("HTTP/1.1")))
        return ERR_SYNTAX;
    return ERR_OK;
}

static enum err read_length(struct span value, struct http_head *head)
{
    uint64_t length;
    enum err error = span_cut_number(&value, &length);

    if (error == ERR_RANGE)
        return ERR_RANGE;
    if (error != ERR_OK || value.size > 0 || (head->has_length && head->length != length))
        return ERR_SYNTAX;
    head->has_length = true;
    head->length = length;
    return ERR_OK;
}

static enum err read_field(struct span line, struct http_head *head)
{
    struct span name, value = line;

    if (span_cut_until(&value, ':', &name) != ERR_OK || !is_token(name) || !is_field_value(value))
        return ERR_SYNTAX;
    value = span_trim(value);
    if (span_equal_nocase(name, SPAN("Transfer-Encoding")))
        return ERR_SYNTAX;
    if (span_equal_nocase(name, SPAN("Content-Length")))
        return read_length(value, head);
    if (span_equal_nocase(name, SPAN("Content-Type")))
        head->content_type = value;
    if (span_equal_nocase(name, SPAN("Host"))) {
        if (head->host.size > 0)
            return ERR_SYNTAX;
        head->host = value;
    }
    return ERR_OK;
}

enum err http_parse_head(struct span text, struct http_head *head, size_t *size)
{
    struct http_head parsed = {0};
    struct span rest = text, line;

    TRY(span_cut_line(&rest, &line));
    if (span_starts(line, SPAN("HTTP/")))
        TRY(read_status(line, &parsed));
    else
        TRY(read_request(line, &parsed));
    for (;;) {
        TRY(span_cut_line(&rest, &line));
        if (line.size == 0)
            break;
        TRY(read_field(line, &parsed));
    }
    if (parsed.is_request && parsed.host.size == 0)
        return ERR_SYNTAX;

    *size = text.size - rest.size;
    *head = parsed;
    return ERR_OK;
}
