/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * anonymise_text.c - texts cut into words, of which those stay that protocols have (RFC 3261 and its extensions, RFC
 * 4975, TS 24.229) and that stand where no name can.
 */
#include "traces/anonymise.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <strings.h>

enum { NUMBER_SHORT = 5, STATUS_SIZE = 3, WORD_MAX = 255, HEAD_NAME_MAX = 64, SDP_LINE_MAX = 4096 };

/* Header fields whose short numbers are no names. */
static const char *const numeric_fields[] = {
    "Byte-Range",  "Content-Length",
    "CSeq",        "Expires",
    "Max-Expires", "Max-Forwards",
    "Min-Expires", "Min-SE",
    "RAck",        "RSeq",
    "Retry-After", "Session-Expires",
    "Status",      "Subscription-State",
    "Timestamp",   "l",
    "x",
};

static int compare_words(const void *key, const void *element)
{
    return strcasecmp(key, *(const char *const *)element);
}

bool anonymise_is_known(struct span word)
{
    char text[HEAD_NAME_MAX];

    if (word.size == 0 || word.size >= sizeof(text))
        return false;
    memcpy(text, word.data, word.size);
    text[word.size] = 0;
    return bsearch(text, anonymise_words, anonymise_word_count, sizeof(*anonymise_words), compare_words) != NULL;
}

/* ---- Words ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || (unsigned char)c >= 0x80;
}

static bool is_word_char(char c)
{
    return is_digit(c) || is_letter(c) || (c && strchr("-_.!~*'%+`^|", c));
}

/* A line on the way through it. */
struct cut {
    struct anonymiser *anonymiser;
    struct span line;
    size_t at;
    enum anonymise_as as;
    struct span before; /* the word before, and what stands between it and this one */
    struct span between;
};

static bool is_one_of(struct span word, const char *const *words)
{
    for (; *words; words++)
        if (span_equal_nocase(word, span_of(*words)))
            return true;
    return false;
}

/* Behind "sip:", "msrps://" and the like, up to the '@' if there is one. */
static bool is_behind_scheme(const struct cut *cut)
{
    static const char *const schemes[] = {"sip",  "sips",  "tel", "msrp", "msrps", "im",   "pres", "mailto",
                                          "http", "https", "urn", "uuid", "imei",  "gsma", NULL};

    return cut->between.size > 0 && cut->between.data[0] == ':' && is_one_of(cut->before, schemes);
}

static bool is_behind(const struct cut *cut, char c)
{
    return cut->between.size > 0 && cut->between.data[cut->between.size - 1] == c;
}

/* What stands behind a word, blanks aside. */
static char char_behind(const struct cut *cut, size_t end)
{
    while (end < cut->line.size && cut->line.data[end] == ' ')
        end++;
    return end < cut->line.size ? cut->line.data[end] : 0;
}

/* Where somebody or something is named, whatever the word. */
static bool is_place_of_name(const struct cut *cut, size_t end)
{
    static const char *const owners[] = {"username", "userinfo", NULL};
    char next = char_behind(cut, end);

    return next == '@' || next == '<' || is_behind(cut, '@') || is_behind(cut, '"') || is_behind_scheme(cut) ||
           is_one_of(cut->before, owners) || (cut->as == ANONYMISE_HOST && cut->before.size == 0);
}

/* Words of digit strings that no list can have: ports, counts, statuses. */
static bool is_plain_number(const struct cut *cut, struct span word)
{
    size_t digits = word.size;

    for (size_t i = 0; i < word.size; i++)
        if (!is_digit(word.data[i]) && (cut->as != ANONYMISE_NUMBERS || !strchr("-*.", word.data[i])))
            return false;
    if (cut->as == ANONYMISE_NUMBERS || (cut->as == ANONYMISE_START && digits <= STATUS_SIZE))
        return true;
    if (is_behind(cut, '=') && span_equal_nocase(cut->before, SPAN("expires")))
        return true;
    return digits <= NUMBER_SHORT && (is_behind(cut, ':') || (is_behind(cut, '=') && anonymise_is_known(cut->before)));
}

static enum name_kind kind_of(const struct cut *cut, struct span word, size_t end)
{
    size_t digits = 0, dots = 0, letters = 0;

    for (size_t i = 0; i < word.size; i++) {
        digits += is_digit(word.data[i]) || word.data[i] == '+' || word.data[i] == '-';
        dots += word.data[i] == '.';
        letters += is_letter(word.data[i]);
    }
    if (digits == word.size)
        return NAME_NUMBER;
    if (char_behind(cut, end) == '@')
        return NAME_USER;
    if (span_starts(word, SPAN("z9hG4bK")))
        return NAME_BRANCH;
    if (is_behind(cut, '@') || is_behind_scheme(cut) || (dots > 0 && letters > 0) ||
        (cut->as == ANONYMISE_HOST && cut->before.size == 0))
        return NAME_HOST;
    return NAME_ID;
}

static bool is_prose(enum anonymise_as as)
{
    return as == ANONYMISE_PROSE || as == ANONYMISE_COMMAND;
}

/* "sections 5.3.2.1 and 5.4.3.3" in prose: a standard's, as long as nobody has that address. */
static bool is_section(const struct cut *cut, const struct endpoint *at)
{
    struct span passed = {cut->line.data, cut->at};

    return is_prose(cut->as) && span_find(passed, SPAN("section")) < passed.size &&
           !anonymiser_knows_address(cut->anonymiser, at);
}

static bool put_address(struct cut *cut, struct span word, struct sink *sink)
{
    struct endpoint at = {.port = 0};
    char text[INET6_ADDRSTRLEN], other[INET6_ADDRSTRLEN];

    if (word.size == 0 || word.size >= sizeof(text))
        return false;
    memcpy(text, word.data, word.size);
    text[word.size] = 0;
    if (inet_pton(AF_INET, text, at.address) != 1) {
        at.is_ipv6 = inet_pton(AF_INET6, text, at.address) == 1;
        if (!at.is_ipv6)
            return false;
    }
    if (is_section(cut, &at))
        return false;
    anonymise_endpoint(cut->anonymiser, &at);
    sink_text(sink, inet_ntop(at.is_ipv6 ? AF_INET6 : AF_INET, at.address, other, sizeof(other)) ? other : "?");
    return true;
}

/* Between commas alone: the cell of a table. */
static bool is_cell(const struct cut *cut, size_t end)
{
    return (cut->at == 0 || cut->line.data[cut->at - 1] == ',') &&
           (end == cut->line.size || cut->line.data[end] == ',');
}

/* In prose: in a URI, or somebody's name from elsewhere that is no number of a table. */
static bool is_named_in_prose(const struct cut *cut, struct span word, size_t end)
{
    bool is_behind_mark = cut->between.size == 1 && cut->between.data[0] == '@';
    bool has_blank = span_find_byte(cut->between, ' ') < cut->between.size;
    size_t digits = 0;

    for (size_t i = 0; i < word.size; i++)
        digits += is_digit(word.data[i]);
    if ((end < cut->line.size && cut->line.data[end] == '@') || is_behind_mark || (is_behind_scheme(cut) && !has_blank))
        return true;
    return anonymiser_knows(cut->anonymiser, word) && !anonymise_is_known(word) &&
           !(digits == word.size && is_cell(cut, end));
}

static void put_word(struct cut *cut, struct span word, size_t end, struct sink *sink)
{
    bool is_name = is_place_of_name(cut, end), has_content = false;

    for (size_t i = 0; i < word.size; i++)
        has_content |= is_digit(word.data[i]) || is_letter(word.data[i]);
    if (put_address(cut, word, sink))
        return;
    if (is_prose(cut->as) && !is_named_in_prose(cut, word, end))
        sink_span(sink, word);
    else if (!has_content || (!is_name && (anonymise_is_known(word) || is_plain_number(cut, word))))
        sink_span(sink, word);
    else
        sink_text(sink, anonymiser_name(cut->anonymiser, kind_of(cut, word, end), word));
}

/* An IPv6 address that begins here: its size, 0 where there is none. */
static size_t ipv6_size(struct span text)
{
    size_t size = 0, colons = 0;

    while (size < text.size && (is_digit(text.data[size]) || text.data[size] == ':' || text.data[size] == '.' ||
                                ((text.data[size] | 32) >= 'a' && (text.data[size] | 32) <= 'f'))) {
        colons += text.data[size] == ':';
        size++;
    }
    return colons >= 2 ? size : 0;
}

void anonymise_line(struct anonymiser *anonymiser, struct span line, enum anonymise_as as, struct sink *sink)
{
    struct cut cut = {.anonymiser = anonymiser, .line = line, .as = as};
    size_t from = 0; /* of what is between words */

    while (cut.at < line.size) {
        struct span passed = {line.data, cut.at};
        size_t size = is_prose(as) ? anonymise_path_size(passed, span_after(line, cut.at), as == ANONYMISE_COMMAND) : 0;

        if (size > 0) {
            anonymise_path(anonymiser, (struct span){line.data + cut.at, size}, sink);
            cut.before = (struct span){line.data + cut.at, size};
            from = cut.at += size;
            continue;
        }
        size = ipv6_size(span_after(line, cut.at));

        if (size > 0 && put_address(&cut, (struct span){line.data + cut.at, size}, sink)) {
            cut.before = (struct span){line.data + cut.at, size};
            from = cut.at += size;
            continue;
        }
        if (!is_word_char(line.data[cut.at])) {
            sink_char(sink, line.data[cut.at++]);
            continue;
        }
        size_t end = cut.at;

        while (end < line.size && is_word_char(line.data[end]))
            end++;
        /* MSRP's end-lines begin with dashes, and in prose an identifier may. */
        while (cut.at < end && line.data[cut.at] == '-' &&
               !anonymiser_knows(anonymiser, (struct span){line.data + cut.at, end - cut.at}))
            sink_char(sink, line.data[cut.at++]);
        struct span word = {line.data + cut.at, end - cut.at};

        cut.between = (struct span){line.data + from, cut.at - from};
        put_word(&cut, word, end, sink);
        cut.before = word;
        from = cut.at = end;
    }
}

/* ---- Messages ---- */

static bool is_numeric(struct span field)
{
    for (size_t i = 0; i < sizeof(numeric_fields) / sizeof(*numeric_fields); i++)
        if (span_equal_nocase(field, span_of(numeric_fields[i])))
            return true;
    return false;
}

/* "Name: value" without its line end. */
static void put_field(struct anonymiser *anonymiser, struct span line, struct sink *sink)
{
    size_t colon = span_find_byte(line, ':');
    struct span name = span_trim((struct span){line.data, colon});

    if (colon == line.size || line.data[0] == ' ' || line.data[0] == '\t') {
        anonymise_line(anonymiser, line, ANONYMISE_TEXT, sink);
        return;
    }
    struct span value = span_trim(span_after(line, colon + 1));

    if (anonymise_is_known(name))
        sink_span(sink, name);
    else
        sink_text(sink, anonymiser_name(anonymiser, NAME_ID, name));
    sink_text(sink, ": ");
    if (span_equal_nocase(name, SPAN("Call-ID")) || span_equal_nocase(name, SPAN("i")))
        sink_text(sink, anonymiser_name(anonymiser, NAME_CALL_ID, value));
    else
        anonymise_line(anonymiser, value, is_numeric(name) ? ANONYMISE_NUMBERS : ANONYMISE_TEXT, sink);
}

/* The head, line by line, up to the empty line; what is left is the body. */
static struct span put_head(struct anonymiser *anonymiser, struct span text, struct sink *sink)
{
    for (bool is_first = true; text.size > 0; is_first = false) {
        size_t end = span_find_byte(text, '\n');
        struct span line = {text.data, end};

        text = span_after(text, end < text.size ? end + 1 : end);
        if (line.size > 0 && line.data[line.size - 1] == '\r')
            line.size--;
        if (is_first || line.size == 0)
            anonymise_line(anonymiser, line, ANONYMISE_START, sink);
        else
            put_field(anonymiser, line, sink);
        sink_text(sink, "\r\n");
        if (line.size == 0)
            break;
    }
    return text;
}

/* Lines of SDP that name somebody (RFC 8866 section 5) are looked at for names, though nobody is shown them. */
static void learn_sdp(struct anonymiser *anonymiser, struct span body)
{
    while (body.size > 0) {
        size_t end = span_find_byte(body, '\n');
        struct span line = span_trim((struct span){body.data, end});
        char other[SDP_LINE_MAX];
        struct sink ignored = SINK(other);

        if (line.size > 2 && line.data[1] == '=' && strchr("osiuep", line.data[0]))
            anonymise_line(anonymiser, span_after(line, 2), ANONYMISE_TEXT, &ignored);
        body = span_after(body, end < body.size ? end + 1 : end);
    }
}

void anonymise_message(struct anonymiser *anonymiser, struct span text, struct sink *sink)
{
    struct span body = put_head(anonymiser, text, sink);

    if (span_starts(body, SPAN("v=0")) && !anonymiser_knows_body(anonymiser, body))
        learn_sdp(anonymiser, body);
    if (body.size > 0)
        sink_format(sink, "[%s: %zu bytes]\r\n", anonymiser_name(anonymiser, NAME_BODY, body), body.size);
}
