/* SPDX-License-Identifier: GPL-3.0-or-later */
/* trace_sip.c - SIP of anybody's: where a message begins, by its form; what it says, by libosip2. */
#include "traces/trace.h"

#include <osipparser2/osip_parser.h>
#include <stdlib.h>

enum { START_MAX = 64 << 10, METHOD_MAX = 64, LOOK_AHEAD = 256 };

/* RFC 3261 section 25.1: token. */
static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-.!%*_+`'~", c));
}

/* A line of text: no control character among its first ones. */
static bool is_text(struct span line)
{
    for (size_t i = 0; i < line.size && i < LOOK_AHEAD; i++)
        if ((unsigned char)line.data[i] < ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

/* "SIP/2.0 200 OK", or "METHOD uri SIP/2.0" up to the end of its line. */
enum err trace_find_sip(struct span text)
{
    size_t method = 0, end;

    if (text.size >= 8 && memcmp(text.data, "SIP/2.0 ", 8) == 0)
        return text.size < 12 ? ERR_MORE : text.data[8] >= '1' && text.data[8] <= '6' ? ERR_OK : ERR_SYNTAX;
    while (method < text.size && method <= METHOD_MAX && is_token_char(text.data[method]))
        method++;
    if (method == text.size)
        return method <= METHOD_MAX ? ERR_MORE : ERR_SYNTAX;
    if (method == 0 || method > METHOD_MAX || text.data[method] != ' ')
        return ERR_SYNTAX;
    struct span window = {text.data, text.size < START_MAX ? text.size : START_MAX};

    end = span_find_byte(window, '\n');
    if (!is_text((struct span){text.data, end}))
        return ERR_SYNTAX;
    if (end == window.size)
        return window.size == START_MAX ? ERR_SYNTAX : ERR_MORE;
    if (end > 0 && text.data[end - 1] == '\r')
        end--;
    return end > method + 9 && memcmp(text.data + end - 8, " SIP/2.0", 8) == 0 ? ERR_OK : ERR_SYNTAX;
}

static const char *keep(struct trace *trace, const char *text)
{
    return text ? trace_text(trace, span_of(text)) : "";
}

static const char *keep_uri(struct trace *trace, osip_uri_t *uri)
{
    char *text = NULL;

    if (!uri || osip_uri_to_str(uri, &text) != OSIP_SUCCESS)
        return "";
    const char *kept = keep(trace, text);

    osip_free(text);
    return kept;
}

static const char *keep_tag(struct trace *trace, osip_from_t *address)
{
    osip_generic_param_t *tag = NULL;

    if (!address || osip_from_get_tag(address, &tag) != OSIP_SUCCESS || !tag)
        return "";
    return keep(trace, tag->gvalue);
}

static const char *keep_branch(struct trace *trace, osip_message_t *sip, int position)
{
    osip_via_t *via = osip_list_get(&sip->vias, position);
    osip_generic_param_t *branch = NULL;

    if (!via || osip_via_param_get_byname(via, (char *)"branch", &branch) != OSIP_SUCCESS || !branch)
        return "";
    return keep(trace, branch->gvalue);
}

static const char *keep_sent_by(struct trace *trace, osip_message_t *sip)
{
    osip_via_t *via = osip_list_get(&sip->vias, 0);
    char text[300];
    struct sink sink = SINK(text);

    if (!via || !via->host)
        return "";
    sink_format(&sink, "%.255s%s%.5s", via->host, via->port ? ":" : "", via->port ? via->port : "");
    return trace_text(trace, sink_written(&sink));
}

/* The URI within the first value of a header that libosip2 does not know. */
static const char *keep_named(struct trace *trace, osip_message_t *sip, const char *name)
{
    osip_header_t *header = NULL;

    if (osip_message_header_get_byname(sip, name, 0, &header) < 0 || !header || !header->hvalue)
        return "";
    struct span value = span_of(header->hvalue);
    size_t open = span_find_byte(value, '<');
    struct span uri = open < value.size ? span_after(value, open + 1) : value;

    uri.size = span_find_byte(uri, '>');
    return trace_text(trace, uri);
}

static const char *keep_call_id(struct trace *trace, const osip_message_t *sip)
{
    char text[512];
    struct sink sink = SINK(text);

    if (!sip->call_id || !sip->call_id->number)
        return "";
    sink_format(&sink, "%.250s%s%.250s", sip->call_id->number, sip->call_id->host ? "@" : "",
                sip->call_id->host ? sip->call_id->host : "");
    return trace_text(trace, sink_written(&sink));
}

static void fill(struct trace *trace, osip_message_t *sip, struct trace_message *message)
{
    osip_route_t *route = osip_list_get(&sip->routes, 0);
    osip_record_route_t *record = osip_list_get(&sip->record_routes, 0);
    osip_contact_t *contact = osip_list_get(&sip->contacts, 0);

    message->method = keep(trace, sip->cseq ? sip->cseq->method : NULL);
    message->cseq = sip->cseq && sip->cseq->number ? (uint32_t)strtoul(sip->cseq->number, NULL, 10) : 0;
    message->call_id = keep_call_id(trace, sip);
    message->via_count = (uint16_t)osip_list_size(&sip->vias);
    message->branch = keep_branch(trace, sip, 0);
    message->branch_below = keep_branch(trace, sip, 1);
    message->sent_by = keep_sent_by(trace, sip);
    message->from_tag = keep_tag(trace, sip->from);
    message->to_tag = keep_tag(trace, sip->to);
    message->from_uri = keep_uri(trace, sip->from ? sip->from->url : NULL);
    message->to_uri = keep_uri(trace, sip->to ? sip->to->url : NULL);
    message->request_uri = keep_uri(trace, sip->req_uri);
    message->route = keep_uri(trace, route ? route->url : NULL);
    message->record_route = keep_uri(trace, record ? record->url : NULL);
    message->contact = keep_uri(trace, contact ? contact->url : NULL);
    message->path = keep_named(trace, sip, "path");
    message->service_route = keep_named(trace, sip, "service-route");
}

static uint32_t hash_span(uint32_t hash, struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (uint8_t)text.data[i]) * 16777619u; /* FNV-1a */
    return (hash ^ 0x20) * 16777619u;
}

/* Of an SDP body what a node that makes a session anew keeps: kinds of media, formats, which file; not addresses, ports
 * or the session's name. Whatever is not SDP has no such lines. */
static void fill_sdp(struct span text, struct trace_message *message)
{
    size_t head = span_find(text, SPAN("\r\n\r\n"));
    struct span body = span_after(text, head < text.size ? head + 2 : head), word;
    uint32_t media = 0, formats = 0;

    for (size_t at; (at = span_find_byte(body, '\n')) < body.size;) {
        struct span line;

        body = span_after(body, at + 1);
        line = (struct span){body.data, span_find_byte(body, '\n')};
        if (line.size > 0 && line.data[line.size - 1] == '\r')
            line.size--;
        if (span_starts(line, SPAN("a=file-selector:")) || span_starts(line, SPAN("a=file-transfer-id:")))
            formats = hash_span(formats ? formats : 2166136261u, line);
        if (!span_starts(line, SPAN("m=")) || span_cut_until(&line, ' ', &word) != ERR_OK)
            continue;
        media = hash_span(media ? media : 2166136261u, word);
        formats = hash_span(formats ? formats : 2166136261u, word);
        if (span_cut_until(&line, ' ', &word) == ERR_OK && span_cut_until(&line, ' ', &word) == ERR_OK)
            formats = hash_span(formats, line); /* behind port and transport */
    }
    message->sdp_media = media;
    message->sdp_formats = formats;
}

/* What the start line and the CSeq say, for a message that the parser refuses too. */
static void fill_start(struct trace *trace, struct span text, struct trace_message *message)
{
    char kind[80];
    struct sink sink = SINK(kind);
    size_t at = span_find(text, SPAN("CSeq"));
    struct span cseq = at < text.size ? span_after(text, at + 4) : (struct span){"", 0};

    message->is_request = !span_starts(text, SPAN("SIP/2.0 "));
    if (message->is_request) {
        struct span method = {text.data, span_find_byte(text, ' ')};

        message->kind = trace_text(trace, method);
        return;
    }
    cseq.size = span_find_byte(cseq, '\n');
    while (cseq.size > 0 && !((cseq.data[0] | 32) >= 'a' && (cseq.data[0] | 32) <= 'z'))
        cseq = span_after(cseq, 1);
    while (cseq.size > 0 && !is_token_char(cseq.data[cseq.size - 1]))
        cseq.size--;
    for (size_t i = 8; i < 11 && i < text.size; i++)
        if (text.data[i] >= '0' && text.data[i] <= '9')
            message->status = 10 * message->status + (text.data[i] - '0');
    sink_span(&sink, (struct span){cseq.data, cseq.size < METHOD_MAX ? cseq.size : METHOD_MAX});
    sink_format(&sink, "/%d", message->status);
    message->kind = trace_text(trace, sink_written(&sink));
}

bool trace_read_sip(struct trace *trace, struct span text, struct trace_message *message)
{
    osip_message_t *sip = NULL;
    char *copy = malloc(text.size + 1);

    message->method = message->call_id = message->branch = message->branch_below = message->sent_by = "";
    message->from_tag = message->to_tag = message->from_uri = message->to_uri = message->request_uri = "";
    message->route = message->record_route = message->path = message->service_route = message->contact = "";
    message->origin_host = message->public_identity = message->transaction = message->message_id = "";
    message->to_path = message->from_path = "";
    fill_start(trace, text, message);
    if (!copy || osip_message_init(&sip) != OSIP_SUCCESS) {
        free(copy);
        return false;
    }
    memcpy(copy, text.data, text.size); /* the parser wants a zero behind its bytes */
    copy[text.size] = 0;
    bool is_taken =
        osip_message_parse(sip, copy, text.size) == OSIP_SUCCESS && sip->call_id && sip->cseq && sip->cseq->method;

    if (is_taken) {
        fill(trace, sip, message);
        fill_sdp(text, message);
    }
    osip_message_free(sip);
    free(copy);
    return is_taken;
}
