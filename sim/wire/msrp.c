/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/msrp.h"

#include <limits.h>

/* The headers that struct msrp_head names, in the order in which they are usually met and always written. */
static const struct header {
    struct span name;
    size_t offset; /* of the span in struct msrp_head; RANGE_HEADER for Byte-Range */
} headers[] = {
#define HEADER(text, member)                                                                                           \
    {                                                                                                                  \
        {text, sizeof(text) - 1}, offsetof(struct msrp_head, member)                                                   \
    }
#define RANGE_HEADER ((size_t)-1)
    HEADER("To-Path", to_path),
    HEADER("From-Path", from_path),
    HEADER("Message-ID", message_id),
    {{"Byte-Range", 10}, RANGE_HEADER},
    HEADER("Success-Report", success_report),
    HEADER("Failure-Report", failure_report),
    HEADER("Status", report_status),
    HEADER("Use-Path", use_path),
    HEADER("WWW-Authenticate", www_authenticate),
    HEADER("Authorization", authorization),
    HEADER("Expires", expires),
    HEADER("Content-Type", content_type),
#undef HEADER
};

enum { HEADERS = sizeof(headers) / sizeof(headers[0]), IDENT_MIN = 4, ID_AT = 5 /* behind "MSRP " */ };

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* The characters of a transaction ID behind the first: letters, digits and - . + % = */
static const bool ident_characters[UCHAR_MAX + 1] = {
    ['0'] = true, ['1'] = true, ['2'] = true, ['3'] = true, ['4'] = true, ['5'] = true, ['6'] = true, ['7'] = true,
    ['8'] = true, ['9'] = true, ['A'] = true, ['B'] = true, ['C'] = true, ['D'] = true, ['E'] = true, ['F'] = true,
    ['G'] = true, ['H'] = true, ['I'] = true, ['J'] = true, ['K'] = true, ['L'] = true, ['M'] = true, ['N'] = true,
    ['O'] = true, ['P'] = true, ['Q'] = true, ['R'] = true, ['S'] = true, ['T'] = true, ['U'] = true, ['V'] = true,
    ['W'] = true, ['X'] = true, ['Y'] = true, ['Z'] = true, ['a'] = true, ['b'] = true, ['c'] = true, ['d'] = true,
    ['e'] = true, ['f'] = true, ['g'] = true, ['h'] = true, ['i'] = true, ['j'] = true, ['k'] = true, ['l'] = true,
    ['m'] = true, ['n'] = true, ['o'] = true, ['p'] = true, ['q'] = true, ['r'] = true, ['s'] = true, ['t'] = true,
    ['u'] = true, ['v'] = true, ['w'] = true, ['x'] = true, ['y'] = true, ['z'] = true, ['-'] = true, ['.'] = true,
    ['+'] = true, ['%'] = true, ['='] = true,
};

static bool is_ident(struct span text)
{
    bool is_good = true;

    if (text.size < IDENT_MIN || text.size > MSRP_IDENT_MAX || !is_alphanumeric(text.data[0]))
        return false;
    for (size_t i = 1; i < text.size; i++)
        is_good &= ident_characters[(unsigned char)text.data[i]];
    return is_good;
}

static bool is_method(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] < 'A' || text.data[i] > 'Z')
            return false;
    return text.size > 0;
}

static bool is_header_name(struct span name)
{
    if (name.size == 0 || (name.data[0] | 0x20) < 'a' || (name.data[0] | 0x20) > 'z')
        return false;
    for (size_t i = 1; i < name.size; i++) {
        char c = name.data[i];

        if (!is_alphanumeric(c) && !(c != 0 && strchr("-_.!%*+`'~", c)))
            return false;
    }
    return true;
}

/* A line without its CR LF. A CR that no LF follows is an error, not a part of the line. */
static enum err cut_line(struct span *text, struct span *line)
{
    size_t at = span_find_byte(*text, '\r');

    if (at + 1 >= text->size)
        return ERR_MORE;
    if (text->data[at + 1] != '\n')
        return ERR_SYNTAX;
    *line = (struct span){text->data, at};
    *text = span_after(*text, at + 2);
    return ERR_OK;
}

/* status-code [ SP comment ] */
static enum err parse_status(struct span text, struct msrp_head *head)
{
    int status = 0;

    if (text.size < 3 || (text.size > 3 && text.data[3] != ' '))
        return ERR_SYNTAX;
    for (size_t i = 0; i < 3; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return ERR_SYNTAX;
        status = status * 10 + (text.data[i] - '0');
    }
    if (status < 200 || status > 699)
        return ERR_SYNTAX;
    head->status = status;
    head->reason = span_trim(span_after(text, 3));
    return ERR_OK;
}

/* "MSRP" SP transact-id SP ( method | status-code [ SP comment ] ) */
static enum err parse_start(struct span line, struct msrp_head *head)
{
    line = span_after(line, sizeof("MSRP ") - 1);
    if (span_cut_until(&line, ' ', &head->transaction_id) != ERR_OK || !is_ident(head->transaction_id))
        return ERR_SYNTAX;
    if (line.size > 0 && line.data[0] >= '0' && line.data[0] <= '9')
        return parse_status(line, head);
    if (!is_method(line))
        return ERR_SYNTAX;
    head->is_request = true;
    head->method = line;
    return ERR_OK;
}

/* Half the range of 64 bits is enough for any message, and keeps sums of two such numbers and "*" apart. */
static enum err cut_position(struct span *text, uint64_t *number)
{
    uint64_t parsed;

    TRY(span_cut_number(text, &parsed));
    if (parsed > INT64_MAX)
        return ERR_RANGE;
    *number = parsed;
    return ERR_OK;
}

static enum err cut_position_or_star(struct span *text, uint64_t *number)
{
    if (text->size == 0 || text->data[0] != '*')
        return cut_position(text, number);
    *text = span_after(*text, 1);
    *number = MSRP_RANGE_STAR;
    return ERR_OK;
}

static enum err cut_byte_range(struct span *text, struct msrp_byte_range *range)
{
    TRY(cut_position(text, &range->start));
    TRY(span_cut_literal(text, SPAN("-")));
    TRY(cut_position_or_star(text, &range->end));
    TRY(span_cut_literal(text, SPAN("/")));
    return cut_position_or_star(text, &range->total);
}

enum err msrp_parse_byte_range(struct span text, struct msrp_byte_range *range)
{
    struct msrp_byte_range parsed;

    TRY(cut_byte_range(&text, &parsed));
    if (text.size != 0)
        return ERR_SYNTAX;

    *range = parsed;
    return ERR_OK;
}

/* The row of a header, looked for from *hint on since headers mostly come in the rows' order; NULL: not named. */
static const struct header *find_header(struct span name, size_t *hint)
{
    for (size_t i = 0; i < HEADERS; i++) {
        size_t at = *hint + i < HEADERS ? *hint + i : *hint + i - HEADERS;

        if (headers[at].name.size == name.size && span_equal_nocase(headers[at].name, name)) {
            *hint = at + 1;
            return &headers[at];
        }
    }
    return NULL;
}

/* The row of the header that a line begins with, its name and colon cut off; *header is NULL for one that is not
 * named. The row that follows the last one found is tried first, as it is written. */
static enum err cut_header(struct span *line, const struct header **header, size_t *hint)
{
    struct span name;

    for (size_t i = *hint; i < HEADERS; i++) {
        size_t size = headers[i].name.size;

        if (size < line->size && line->data[size] == ':' && memcmp(headers[i].name.data, line->data, size) == 0) {
            *line = span_after(*line, size + 1);
            *header = &headers[i];
            *hint = i + 1;
            return ERR_OK;
        }
    }
    if (span_cut_until(line, ':', &name) != ERR_OK)
        return ERR_SYNTAX;
    *header = find_header(name, hint);
    return *header || is_header_name(name) ? ERR_OK : ERR_SYNTAX;
}

/* A head while it is read. */
struct parsing {
    struct msrp_head head;
    struct span range_text;
    size_t lines;
    size_t hint; /* the row after the one that was found last */
};

static enum err parse_range_header(struct span value, struct parsing *parsing)
{
    struct msrp_head *head = &parsing->head;

    if (head->has_range || msrp_parse_byte_range(value, &head->range) != ERR_OK)
        return ERR_SYNTAX;
    head->has_range = true;
    parsing->range_text = value;
    return ERR_OK;
}

static struct span *header_member(struct msrp_head *head, const struct header *header)
{
    return (struct span *)(void *)((char *)head + header->offset);
}

static enum err parse_header(struct span line, struct parsing *parsing)
{
    const struct header *header;

    TRY(cut_header(&line, &header, &parsing->hint));
    if (!header)
        return ERR_OK;
    struct span value = span_trim(line);

    if (header->offset == RANGE_HEADER)
        return parse_range_header(value, parsing);
    if (value.size == 0 || header_member(&parsing->head, header)->size != 0)
        return ERR_SYNTAX;
    *header_member(&parsing->head, header) = value;
    return ERR_OK;
}

/* Whether text holds no control characters but tabs and the two of each line's end. They are counted in bytes, block by
 * block, which a compiler turns into a few wide instructions. */
static bool is_clean(struct span text, size_t lines)
{
    size_t controls = 0;

    while (text.size > 0) {
        size_t size = text.size < UINT8_MAX ? text.size : UINT8_MAX;
        uint8_t found = 0;

        for (size_t i = 0; i < size; i++) {
            unsigned char c = (unsigned char)text.data[i];

            found = (uint8_t)(found + ((c < ' ' && c != '\t') || c == 0x7f));
        }
        controls += found;
        text = span_after(text, size);
    }
    return controls == 2 * lines;
}

static enum err parse_headers(struct span *text, struct parsing *parsing)
{
    for (;;) {
        struct span line;

        if (text->size > 0 && text->data[0] == '-')
            return span_cut_literal(&(struct span){text->data, text->size}, SPAN("-------"));
        TRY(cut_line(text, &line));
        parsing->lines++;
        if (line.size == 0) {
            parsing->head.has_body = true;
            return parsing->head.is_request ? ERR_OK : ERR_SYNTAX; /* no response has a body */
        }
        TRY(parse_header(line, parsing));
    }
}

/* parsing is zero before. */
static enum err parse_head(struct span text, struct parsing *parsing, size_t *size)
{
    struct span rest = text, line;

    TRY(span_cut_literal(&(struct span){text.data, text.size}, SPAN("MSRP ")));
    TRY(cut_line(&rest, &line));
    parsing->lines = 1;
    TRY(parse_start(line, &parsing->head));
    TRY(parse_headers(&rest, parsing));
    if (parsing->head.to_path.size == 0 || parsing->head.from_path.size == 0)
        return ERR_SYNTAX;
    if (!is_clean((struct span){text.data, text.size - rest.size}, parsing->lines))
        return ERR_SYNTAX;

    *size = text.size - rest.size;
    return ERR_OK;
}

enum err msrp_parse_head(struct span text, struct msrp_head *head, size_t *size)
{
    struct parsing parsing = {0};

    TRY(parse_head(text, &parsing, size));
    *head = parsing.head;
    return ERR_OK;
}

/* ---- Heads that are like the last one ---- */

/* text cut at from is the same as what was kept. */
static bool is_as_kept(const struct msrp_parser *parser, size_t from, size_t until, struct span *text)
{
    size_t size = until - from;

    if (text->size < size || memcmp(text->data, parser->text + from, size) != 0)
        return false;
    *text = span_after(*text, size);
    return true;
}

/* A head that differs from the one kept in the digits of its Byte-Range and in a transaction ID of the same length. */
static bool parse_alike(struct msrp_parser *parser, struct span text, size_t *size)
{
    struct msrp_head *head = &parser->head;
    struct span rest = text, id = {text.data + ID_AT, parser->id_size};
    struct msrp_byte_range range = {0};

    if (parser->size == 0 || text.size < ID_AT + parser->id_size)
        return false;
    if (!is_as_kept(parser, 0, ID_AT, &rest) || !is_ident(id))
        return false;
    rest = span_after(rest, id.size);
    if (!is_as_kept(parser, ID_AT + id.size, parser->range_at, &rest))
        return false;
    if (head->has_range && cut_byte_range(&rest, &range) != ERR_OK)
        return false;
    if (!is_as_kept(parser, parser->range_end, parser->size, &rest))
        return false;
    if (!head->has_body && !span_starts(rest, SPAN("-------")))
        return false;
    head->transaction_id = id;
    head->range = range;
    *size = text.size - rest.size;
    return true;
}

static void move_span(struct span *span, const char *from, const char *to)
{
    if (span->size > 0)
        span->data = to + (span->data - from);
}

static void keep_head(struct msrp_parser *parser, struct span text, struct span range_text)
{
    struct msrp_head *head = &parser->head;

    parser->size = text.size;
    if (text.size > sizeof(parser->text)) {
        parser->size = 0;
        return;
    }
    memcpy(parser->text, text.data, text.size);
    parser->id_size = head->transaction_id.size;
    parser->range_at = head->has_range ? (size_t)(range_text.data - text.data) : text.size;
    parser->range_end = parser->range_at + range_text.size;
    move_span(&head->method, text.data, parser->text);
    move_span(&head->reason, text.data, parser->text);
    for (size_t i = 0; i < HEADERS; i++)
        if (headers[i].offset != RANGE_HEADER)
            move_span(header_member(head, &headers[i]), text.data, parser->text);
}

static enum err parse_unlike(struct msrp_parser *parser, struct span text, size_t *size)
{
    struct parsing parsing = {0};

    TRY(parse_head(text, &parsing, size));
    parser->head = parsing.head;
    keep_head(parser, (struct span){text.data, *size}, parsing.range_text);
    return ERR_OK;
}

enum err msrp_parser_head(struct msrp_parser *parser, struct span text, const struct msrp_head **head, size_t *size)
{
    if (!parse_alike(parser, text, size))
        TRY(parse_unlike(parser, text, size));
    *head = &parser->head;
    return ERR_OK;
}

enum err msrp_parse_end(struct span text, struct span transaction_id, char *flag, size_t *size)
{
    struct span rest = text;

    TRY(span_cut_literal(&rest, SPAN("-------")));
    TRY(span_cut_literal(&rest, transaction_id));
    if (rest.size == 0)
        return ERR_MORE;
    char parsed = rest.data[0];

    if (parsed != '$' && parsed != '+' && parsed != '#')
        return ERR_SYNTAX;
    rest = span_after(rest, 1);
    TRY(span_cut_literal(&rest, SPAN("\r\n")));

    *flag = parsed;
    *size = text.size - rest.size;
    return ERR_OK;
}

bool msrp_digest_parameter(struct span header, struct span name, struct span *value)
{
    if (header.size < 7 || !span_equal_nocase((struct span){header.data, 7}, SPAN("Digest ")))
        return false;
    header = span_after(header, 7);
    for (;;) {
        struct span found_name, found;

        while (header.size > 0 && (header.data[0] == ',' || header.data[0] == ' ' || header.data[0] == '\t'))
            header = span_after(header, 1);
        if (span_cut_until(&header, '=', &found_name) != ERR_OK)
            return false;
        header = span_trim(header);
        if (header.size > 0 && header.data[0] == '"') {
            header = span_after(header, 1);
            if (span_cut_until(&header, '"', &found) != ERR_OK)
                return false;
        } else {
            size_t end = span_find_byte(header, ',');

            found = span_trim((struct span){header.data, end});
            header = span_after(header, end);
        }
        if (span_equal_nocase(span_trim(found_name), name)) {
            *value = found;
            return true;
        }
    }
}

/* ---- Writing ---- */

static const struct reason {
    int status;
    struct span text;
} reasons[] = {
    {200, {"OK", 2}},
    {400, {"Bad Request", 11}},
    {401, {"Unauthorized", 12}},
    {403, {"Forbidden", 9}},
    {408, {"Request Timeout", 15}},
    {413, {"Stop Sending", 12}},
    {415, {"Unsupported Media Type", 22}},
    {423, {"Out of Bounds", 13}},
    {481, {"No Such Session", 15}},
    {501, {"Unknown Method", 14}},
    {506, {"Wrong Connection", 16}},
};

struct span msrp_reason(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return (struct span){0};
}

static void write_position(uint64_t number, struct sink *sink)
{
    if (number == MSRP_RANGE_STAR)
        sink_char(sink, '*');
    else
        sink_number(sink, number);
}

void msrp_write_byte_range(struct msrp_byte_range range, struct sink *sink)
{
    sink_number(sink, range.start);
    sink_char(sink, '-');
    write_position(range.end, sink);
    sink_char(sink, '/');
    write_position(range.total, sink);
}

static void write_start(const struct msrp_head *head, struct sink *sink)
{
    sink_span(sink, SPAN("MSRP "));
    sink_span(sink, head->transaction_id);
    sink_span(sink, SPAN(" "));
    if (head->is_request) {
        sink_span(sink, head->method);
    } else {
        struct span reason = head->reason.size ? head->reason : msrp_reason(head->status);

        sink_number(sink, (uint64_t)head->status);
        if (reason.size > 0)
            sink_span(sink, SPAN(" "));
        sink_span(sink, reason);
    }
    sink_span(sink, SPAN("\r\n"));
}

void msrp_write_head(const struct msrp_head *head, struct sink *sink)
{
    write_start(head, sink);
    for (size_t i = 0; i < HEADERS; i++) {
        bool is_range = headers[i].offset == RANGE_HEADER;
        struct span value = {0};

        if (!is_range)
            value = *(const struct span *)(const void *)((const char *)head + headers[i].offset);
        if (is_range ? !head->has_range : value.size == 0)
            continue;
        sink_span(sink, headers[i].name);
        sink_span(sink, SPAN(": "));
        if (is_range)
            msrp_write_byte_range(head->range, sink);
        sink_span(sink, value);
        sink_span(sink, SPAN("\r\n"));
    }
    if (head->has_body)
        sink_span(sink, SPAN("\r\n"));
}

void msrp_write_end(struct span transaction_id, char flag, struct sink *sink)
{
    sink_span(sink, SPAN("-------"));
    sink_span(sink, transaction_id);
    sink_bytes(sink, &flag, 1);
    sink_span(sink, SPAN("\r\n"));
}

struct msrp_head msrp_response_head(const struct msrp_head *request, int status)
{
    struct msrp_head response = {.transaction_id = request->transaction_id, .status = status};
    struct span to = request->from_path, from = request->to_path;

    response.to_path = request->from_path;
    if (span_equal(request->method, SPAN("SEND")))
        (void)msrp_path_next(&to, &response.to_path);
    (void)msrp_path_next(&from, &response.from_path);
    return response;
}

void msrp_write_response(const struct msrp_head *request, int status, struct sink *sink)
{
    struct msrp_head response = msrp_response_head(request, status);

    msrp_write_head(&response, sink);
    msrp_write_end(response.transaction_id, '$', sink);
}
