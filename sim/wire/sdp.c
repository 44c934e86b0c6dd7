/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sdp.h"
#include "sim/base/check.h"

static const struct span setups[SDP_SETUP_COUNT] = {
    [SDP_SETUP_ACTIVE] = {"active", 6},
    [SDP_SETUP_PASSIVE] = {"passive", 7},
    [SDP_SETUP_ACTPASS] = {"actpass", 7},
};

static const struct span directions[SDP_DIRECTION_COUNT] = {
    [SDP_SENDRECV] = {"sendrecv", 8},
    [SDP_SENDONLY] = {"sendonly", 8},
    [SDP_RECVONLY] = {"recvonly", 8},
    [SDP_INACTIVE] = {"inactive", 8},
};

/* Attributes whose value is kept as it stands, in the order in which they are written. */
static const struct attribute {
    struct span name;
    size_t offset;
} attributes[] = {
    {{"accept-types:", 13}, offsetof(struct sdp_msrp, accept_types)},
    {{"path:", 5}, offsetof(struct sdp_msrp, path)},
    {{"file-transfer-id:", 17}, offsetof(struct sdp_msrp, file_transfer_id)},
    {{"file-disposition:", 17}, offsetof(struct sdp_msrp, file_disposition)},
    {{"fingerprint:", 12}, offsetof(struct sdp_msrp, fingerprint)},
};

enum { ATTRIBUTES = sizeof(attributes) / sizeof(attributes[0]) };

/* ---- Writing ---- */

static void write_line(struct sink *sink, struct span name, struct span value)
{
    sink_span(sink, name);
    sink_span(sink, value);
    sink_span(sink, SPAN("\r\n"));
}

/* "IN IP4 192.168.80.1" CRLF */
static void write_address(struct span host, struct sink *sink)
{
    sink_span(sink, span_find_byte(host, ':') < host.size ? SPAN("IN IP6 ") : SPAN("IN IP4 "));
    write_line(sink, host, (struct span){0});
}

static void write_session(const struct sdp_msrp *sdp, struct sink *sink)
{
    sink_span(sink, SPAN("v=0\r\no="));
    sink_span(sink, sdp->user.size ? sdp->user : SPAN("-"));
    sink_char(sink, ' ');
    sink_number(sink, sdp->session_id);
    sink_char(sink, ' ');
    sink_number(sink, sdp->version);
    sink_char(sink, ' ');
    write_address(sdp->host, sink);
    sink_span(sink, SPAN("s=-\r\nc="));
    write_address(sdp->host, sink);
    sink_span(sink, SPAN("t=0 0\r\n"));
}

static void write_media_line(uint16_t port, bool is_tls, struct span formats, struct sink *sink)
{
    sink_span(sink, SPAN("m=message "));
    sink_number(sink, port);
    write_line(sink, is_tls ? SPAN(" TCP/TLS/MSRP ") : SPAN(" TCP/MSRP "), formats);
}

static void write_file(const struct sdp_msrp *sdp, struct sink *sink)
{
    struct span gap = SPAN(":");

    sink_span(sink, SPAN("a=file-selector"));
    if (sdp->file_name.size > 0) {
        sink_span(sink, SPAN(":name:\""));
        sink_span(sink, sdp->file_name);
        sink_char(sink, '"');
        gap = SPAN(" ");
    }
    if (sdp->file_type.size > 0) {
        sink_span(sink, gap);
        sink_span(sink, SPAN("type:"));
        sink_span(sink, sdp->file_type);
        gap = SPAN(" ");
    }
    if (sdp->has_file_size) {
        sink_span(sink, gap);
        sink_span(sink, SPAN("size:"));
        sink_number(sink, sdp->file_size);
        gap = SPAN(" ");
    }
    if (sdp->file_hash.size > 0) {
        sink_span(sink, gap);
        sink_span(sink, SPAN("hash:"));
        sink_span(sink, sdp->file_hash);
    }
    sink_span(sink, SPAN("\r\n"));
}

void sdp_write(const struct sdp_msrp *sdp, struct sink *sink)
{
    check(sdp->setup < SDP_SETUP_COUNT && sdp->direction < SDP_DIRECTION_COUNT);
    write_session(sdp, sink);
    write_media_line(sdp->port, sdp->is_tls, SPAN("*"), sink);
    if (sdp->direction != SDP_SENDRECV)
        write_line(sink, SPAN("a="), directions[sdp->direction]);
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        struct span value = *(const struct span *)(const void *)((const char *)sdp + attributes[i].offset);

        if (value.size == 0)
            continue;
        sink_span(sink, SPAN("a="));
        write_line(sink, attributes[i].name, value);
    }
    if (sdp->setup != SDP_SETUP_ABSENT)
        write_line(sink, SPAN("a=setup:"), setups[sdp->setup]);
    if (sdp->has_cema)
        sink_span(sink, SPAN("a=msrp-cema\r\n"));
    if (sdp->has_file)
        write_file(sdp, sink);
}

void sdp_file_name(struct span name, struct sink *sink)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];

        if (c == '"' || c == '%' || c == '\r' || c == '\n' || c == 0) {
            sink_char(sink, '%');
            sink_char(sink, "0123456789ABCDEF"[(unsigned char)c >> 4]);
            sink_char(sink, "0123456789ABCDEF"[(unsigned char)c & 15]);
        } else {
            sink_char(sink, c);
        }
    }
}

/* ---- Reading ---- */

/* A line without its end, which is LF or CR LF. */
static enum err cut_line(struct span *text, struct span *line)
{
    TRY(span_cut_until(text, '\n', line));
    if (line->size > 0 && line->data[line->size - 1] == '\r')
        line->size--;
    return ERR_OK;
}

/* "x=" in front of everything, and nothing that could be taken for the end of a string or of a line. */
static bool is_line(struct span line)
{
    return line.size >= 2 && line.data[0] >= 'a' && line.data[0] <= 'z' && line.data[1] == '=' &&
           span_find_byte(line, 0) == line.size && span_find_byte(line, '\r') == line.size;
}

static enum err cut_word(struct span *text, struct span *word)
{
    struct span rest = span_trim(*text);
    size_t end = span_find_byte(rest, ' ');

    if (end == 0 || span_find_byte((struct span){rest.data, end}, '\t') < end)
        return ERR_SYNTAX;
    *word = (struct span){rest.data, end};
    *text = span_after(rest, end);
    return ERR_OK;
}

static enum err read_number(struct span text, uint64_t most, uint64_t *number)
{
    uint64_t parsed;
    enum err error = span_cut_number(&text, &parsed);

    if (error == ERR_RANGE || (error == ERR_OK && parsed > most))
        return ERR_RANGE;
    if (error != ERR_OK || text.size != 0)
        return ERR_SYNTAX;
    *number = parsed;
    return ERR_OK;
}

/* "IN IP4 address": the address */
static enum err read_address(struct span text, struct span *host)
{
    struct span network, kind, address;

    TRY(cut_word(&text, &network));
    TRY(cut_word(&text, &kind));
    TRY(cut_word(&text, &address));
    if (!span_equal(network, SPAN("IN")) || (!span_equal(kind, SPAN("IP4")) && !span_equal(kind, SPAN("IP6"))))
        return ERR_SYNTAX;
    address.size = span_find_byte(address, '/');
    if (address.size == 0)
        return ERR_SYNTAX;
    *host = address;
    return ERR_OK;
}

static enum err read_origin(struct span text, struct sdp_msrp *sdp)
{
    struct span id, version, host;

    TRY(cut_word(&text, &sdp->user));
    TRY(cut_word(&text, &id));
    TRY(cut_word(&text, &version));
    TRY(read_number(id, UINT64_MAX, &sdp->session_id));
    TRY(read_number(version, UINT64_MAX, &sdp->version));
    TRY(read_address(text, &host));
    if (sdp->host.size == 0)
        sdp->host = host;
    return ERR_OK;
}

struct media {
    bool is_msrp, is_tls;
    uint16_t port;
    struct span formats;
};

/* media port proto fmt: "message 7394 TCP/MSRP *" */
static enum err read_media(struct span text, struct media *media)
{
    struct span kind, port, protocol;
    uint64_t number;

    TRY(cut_word(&text, &kind));
    TRY(cut_word(&text, &port));
    TRY(cut_word(&text, &protocol));
    port.size = span_find_byte(port, '/');
    TRY(read_number(port, UINT16_MAX, &number));
    bool is_tls = span_equal_nocase(protocol, SPAN("TCP/TLS/MSRP"));
    bool is_msrp = is_tls || span_equal_nocase(protocol, SPAN("TCP/MSRP"));

    *media = (struct media){.is_msrp = is_msrp && span_equal(kind, SPAN("message")), .is_tls = is_tls};
    media->port = (uint16_t)number;
    media->formats = span_trim(text);
    return ERR_OK;
}

/* A selector's value: up to the next blank that is not between quotes. 0: it is empty, or no value. */
static size_t selector_end(struct span text)
{
    bool is_quoted = false;
    size_t end = 0;

    for (; end < text.size && (is_quoted || text.data[end] != ' '); end++) {
        if (text.data[end] == '"')
            is_quoted = !is_quoted;
        if (text.data[end] == '\t' && !is_quoted)
            return 0;
    }
    return is_quoted ? 0 : end;
}

static enum err read_selector(struct span name, struct span value, struct sdp_msrp *sdp)
{
    if (span_equal(name, SPAN("name"))) {
        if (value.size < 2 || value.data[0] != '"' || value.data[value.size - 1] != '"')
            return ERR_SYNTAX;
        sdp->file_name = (struct span){value.data + 1, value.size - 2};
    } else if (span_equal(name, SPAN("type"))) {
        sdp->file_type = value;
    } else if (span_equal(name, SPAN("hash"))) {
        sdp->file_hash = value;
    } else if (span_equal(name, SPAN("size"))) {
        TRY(read_number(value, UINT64_MAX, &sdp->file_size));
        sdp->has_file_size = true;
    }
    return ERR_OK;
}

static enum err read_file(struct span text, struct sdp_msrp *sdp)
{
    sdp->has_file = true;
    if (text.size > 0 && text.data[0] == ':')
        text = span_after(text, 1);
    for (text = span_trim(text); text.size > 0; text = span_trim(text)) {
        struct span name;

        if (span_cut_until(&text, ':', &name) != ERR_OK)
            return ERR_SYNTAX;
        size_t end = selector_end(text);

        if (end == 0)
            return ERR_SYNTAX;
        TRY(read_selector(name, (struct span){text.data, end}, sdp));
        text = span_after(text, end);
    }
    return ERR_OK;
}

static size_t find_word(const struct span *words, size_t count, struct span word)
{
    for (size_t i = 0; i < count; i++)
        if (words[i].size > 0 && span_equal(words[i], word))
            return i;
    return count;
}

static enum err read_attribute(struct span text, struct sdp_msrp *sdp)
{
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        if (!span_starts(text, attributes[i].name))
            continue;
        struct span value = span_trim(span_after(text, attributes[i].name.size));

        if (value.size == 0)
            return ERR_SYNTAX;
        *(struct span *)(void *)((char *)sdp + attributes[i].offset) = value;
        return ERR_OK;
    }
    if (span_starts(text, SPAN("file-selector:")) || span_equal(text, SPAN("file-selector")))
        return read_file(span_after(text, sizeof("file-selector") - 1), sdp);
    if (span_starts(text, SPAN("setup:"))) {
        size_t setup = find_word(setups, SDP_SETUP_COUNT, span_after(text, 6));

        if (setup < SDP_SETUP_COUNT) /* holdconn is none of MSRP's */
            sdp->setup = (enum sdp_setup)setup;
    }
    size_t direction = find_word(directions, SDP_DIRECTION_COUNT, text);

    if (direction < SDP_DIRECTION_COUNT)
        sdp->direction = (enum sdp_direction)direction;
    if (span_equal(text, SPAN("msrp-cema")))
        sdp->has_cema = true;
    return ERR_OK;
}

/* Where in the description a line stands: before the first m=, in the MSRP media, or in another one. */
enum place { IN_SESSION, IN_MSRP, IN_OTHER };

static enum err read_line(struct span line, enum place *place, struct sdp_msrp *sdp)
{
    struct span value = span_after(line, 2);

    if (line.data[0] == 'm') {
        struct media media;

        TRY(read_media(value, &media));
        *place = media.is_msrp && *place != IN_MSRP ? IN_MSRP : IN_OTHER;
        sdp->port = media.port;
        sdp->is_tls = media.is_tls;
        return ERR_OK;
    }
    if (*place == IN_OTHER)
        return ERR_OK;
    if (line.data[0] == 'o')
        return read_origin(value, sdp);
    if (line.data[0] == 'c')
        return read_address(value, &sdp->host);
    return line.data[0] == 'a' ? read_attribute(value, sdp) : ERR_OK;
}

enum err sdp_read(struct span text, struct sdp_msrp *sdp)
{
    struct sdp_msrp parsed = {0};
    enum place place = IN_SESSION;
    struct span rest = text, line;

    TRY(span_cut_literal(&rest, SPAN("v=0")));
    TRY(cut_line(&rest, &line));
    if (line.size != 0)
        return ERR_SYNTAX;
    while (rest.size > 0) {
        TRY(cut_line(&rest, &line));
        if (line.size == 0 && span_trim(rest).size == 0)
            break;
        if (!is_line(line))
            return ERR_SYNTAX;
        if (place == IN_MSRP && line.data[0] == 'm')
            break;
        TRY(read_line(line, &place, &parsed));
    }
    if (place != IN_MSRP || parsed.path.size == 0)
        return rest.size > 0 ? ERR_SYNTAX : ERR_MORE;
    if (parsed.host.size == 0)
        return ERR_SYNTAX;

    *sdp = parsed;
    return ERR_OK;
}

/* ---- Rewriting ---- */

/* The line as a leg wants it; false: it stays as it is. */
static bool replace_line(struct span line, enum place place, const struct sdp_leg *leg, struct sink *out)
{
    struct media media;

    if (line.size < 2)
        return false;
    struct span value = span_after(line, 2);

    if (line.data[0] == 'c' && place != IN_OTHER) {
        sink_span(out, SPAN("c="));
        write_address(leg->host, out);
        return true;
    }
    if (place == IN_OTHER)
        return false;
    if (line.data[0] == 'm' && read_media(value, &media) == ERR_OK) {
        write_media_line(leg->port, leg->is_tls, media.formats, out);
        return true;
    }
    if (line.data[0] != 'a')
        return false;
    if (leg->path.size > 0 && span_starts(value, SPAN("path:"))) {
        write_line(out, SPAN("a=path:"), leg->path);
        return true;
    }
    if (!span_starts(value, SPAN("fingerprint:")) || (leg->is_tls && leg->fingerprint.size == 0))
        return false;
    if (leg->fingerprint.size > 0)
        write_line(out, SPAN("a=fingerprint:"), leg->fingerprint);
    return true;
}

bool sdp_replace_leg(struct span sdp, const struct sdp_leg *leg, struct sink *out)
{
    enum place place = IN_SESSION;
    bool has_msrp = false;
    struct sdp_msrp parsed;
    struct span line;

    if (sdp_read(sdp, &parsed) != ERR_OK)
        return false;
    bool adds_fingerprint = leg->fingerprint.size > 0 && parsed.fingerprint.size == 0;

    while (cut_line(&sdp, &line) == ERR_OK) {
        struct media media;

        if (line.size > 2 && line.data[0] == 'm') {
            bool is_first = !has_msrp && read_media(span_after(line, 2), &media) == ERR_OK && media.is_msrp;

            place = is_first ? IN_MSRP : IN_OTHER;
            has_msrp = has_msrp || is_first;
        }
        if (!replace_line(line, place, leg, out))
            write_line(out, line, (struct span){0});
        if (adds_fingerprint && place == IN_MSRP && span_starts(line, SPAN("a=path:")))
            write_line(out, SPAN("a=fingerprint:"), leg->fingerprint);
    }
    check(has_msrp);
    return true;
}
