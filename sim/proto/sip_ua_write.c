/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_ua_write.c - the messages a user agent composes. Identifiers have a fixed width, so that the size of a message
 * does not depend on the trial.
 */
#include "sim/base/check.h"
#include "sim/proto/sip_ua_state.h"

enum { ROUTES_MAX = 32 };

uint64_t sip_ua_draw(struct sip_ua *ua)
{
    return sip_mix(ua->config.identity, ua->drawn++);
}

/* Request line, Via, Max-Forwards; returns the branch. */
struct span sip_ua_write_top(struct sip_ua *ua, struct span method, struct span uri)
{
    struct sink *sink = &ua->scratch;

    sink->size = 0;
    sink->overflow = false;
    sip_write_request(sink, method, uri);
    sink_span(sink, SPAN("Via: SIP/2.0/"));
    sink_text(sink, sip_transport_names[ua->config.transport].via);
    sink_char(sink, ' ');
    sink_text(sink, ua->config.host);
    sink_char(sink, ':');
    sink_number(sink, ua->config.port);
    sink_span(sink, SPAN(";branch="));
    size_t start = sink->size;

    sink_span(sink, SPAN("z9hG4bK"));
    sink_hex(sink, sip_ua_draw(ua), 16);
    struct span branch = {sink->data + start, sink->size - start};

    sink_span(sink, SPAN("\r\nMax-Forwards: 70\r\n"));
    return branch;
}

void sip_ua_write_own_uri(struct sip_ua *ua)
{
    struct sink *sink = &ua->scratch;

    sink_span(sink, SPAN("<sip:"));
    sink_text(sink, ua->config.user);
    sink_char(sink, '@');
    sink_text(sink, ua->config.domain);
    sink_char(sink, '>');
}

void sip_ua_write_contact_uri(struct sip_ua *ua)
{
    struct sink *sink = &ua->scratch;

    sink_span(sink, SPAN("<sip:"));
    sink_text(sink, ua->config.user);
    sink_char(sink, '@');
    sink_text(sink, ua->config.host);
    sink_char(sink, ':');
    sink_number(sink, ua->config.port);
    sink_text(sink, sip_transport_names[ua->config.transport].parameter);
    sink_char(sink, '>');
}

static void write_contact(struct sip_ua *ua)
{
    sink_span(&ua->scratch, SPAN("Contact: "));
    sip_ua_write_contact_uri(ua);
    sink_span(&ua->scratch, SPAN("\r\n"));
}

/* What INVITE and MESSAGE begin with: everything down to CSeq, out of dialog. */
static struct span write_initial(struct sip_ua *ua, struct span method, struct sip_initial *initial)
{
    struct sink *sink = &ua->scratch;
    struct span target = span_of(initial->target);
    struct span branch = sip_ua_write_top(ua, method, target);

    if (initial->call_id == 0)
        initial->call_id = sip_ua_draw(ua);

    for (const char *const *route = ua->config.routes; route && *route; route++) {
        sink_span(sink, SPAN("Route: <"));
        sink_text(sink, *route);
        sink_span(sink, SPAN(">\r\n"));
    }
    sink_span(sink, SPAN("From: "));
    sip_ua_write_own_uri(ua);
    sip_write_tag(sink, initial->tag);
    sink_span(sink, SPAN("\r\nTo: <"));
    sink_span(sink, target);
    sink_span(sink, SPAN(">\r\nCall-ID: "));
    sink_hex(sink, initial->call_id, 16);
    sink_char(sink, '@');
    sink_text(sink, ua->config.host);
    sink_span(sink, SPAN("\r\nCSeq: "));
    sink_number(sink, initial->cseq);
    sink_char(sink, ' ');
    sink_span(sink, method);
    sink_span(sink, SPAN("\r\nP-Preferred-Identity: "));
    sip_ua_write_own_uri(ua);
    sink_span(sink, SPAN("\r\n"));
    sip_ua_write_credentials(ua, method, target);
    return branch;
}

static const char *allowed(const struct sip_ua *ua)
{
    return ua->config.has_100rel ? "Allow: INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS, PRACK, UPDATE\r\n"
                                 : "Allow: INVITE, ACK, CANCEL, BYE, MESSAGE, OPTIONS\r\n";
}

struct span sip_ua_write_invite(struct sip_ua *ua, struct sip_initial *initial, size_t sdp_size)
{
    struct sink *sink = &ua->scratch;
    struct span branch = write_initial(ua, SPAN("INVITE"), initial);

    write_contact(ua);
    sink_text(sink, allowed(ua));
    if (ua->config.has_100rel)
        sink_span(sink, SPAN("Supported: 100rel, precondition\r\n"));
    if (ua->config.user_agent)
        sip_write_line(sink, "User-Agent", span_of(ua->config.user_agent));
    if (sdp_size > 0)
        sink_span(sink, SPAN("Content-Type: application/sdp\r\n"));
    sip_write_end(sink, sdp_size);
    return branch;
}

struct span sip_ua_write_message(struct sip_ua *ua, struct sip_initial *initial, const struct sip_ua_message *message)
{
    struct sink *sink = &ua->scratch;
    struct span method = message->method ? span_of(message->method) : SPAN("MESSAGE");
    struct span branch = write_initial(ua, method, initial);

    if (ua->config.user_agent)
        sip_write_line(sink, "User-Agent", span_of(ua->config.user_agent));
    if (message->content_type)
        sip_write_line(sink, "Content-Type", span_of(message->content_type));
    sink_span(sink, message->headers);
    sip_write_end(sink, message->body.length);
    return branch;
}

/* ---- In the dialog ---- */

static bool gather_routes(const struct sip_message *kept, struct span routes[ROUTES_MAX], size_t *count)
{
    *count = 0;
    for (const struct sip_line *line = sip_line_next(kept, SIP_HEADER_RECORD_ROUTE, NULL); line;
         line = sip_line_next(kept, SIP_HEADER_RECORD_ROUTE, line)) {
        for (struct span rest = line->value; rest.size > 0; (*count)++)
            if (*count == ROUTES_MAX || sip_cut_element(&rest, &routes[*count]) != ERR_OK)
                return false;
    }
    return true;
}

/* The Record-Routes of the message that made the dialog: as they stand for the callee, reversed for the caller (section
 * 12.1). */
static bool write_routes(struct sip_ua *ua, const struct sip_message *kept)
{
    struct span routes[ROUTES_MAX];
    size_t count;

    if (!gather_routes(kept, routes, &count))
        return false;
    for (size_t i = 0; i < count; i++)
        sip_write_line(&ua->scratch, "Route", routes[ua->session.is_caller ? count - 1 - i : i]);
    return true;
}

/* The peer's Contact; where it has none, the address it goes by. */
static bool remote_target(const struct sip_ua *ua, const struct sip_message *kept, struct span *target)
{
    enum sip_header peer = ua->session.is_caller ? SIP_HEADER_TO : SIP_HEADER_FROM;
    struct span value = sip_value(kept, SIP_HEADER_CONTACT), first;
    struct sip_address address;

    if (value.size == 0)
        value = sip_value(kept, peer);
    if (sip_cut_element(&value, &first) != ERR_OK || sip_parse_address(first, &address) != ERR_OK)
        return false;
    *target = address.uri;
    return true;
}

static void write_ends(struct sip_ua *ua, const struct sip_message *kept)
{
    struct sink *sink = &ua->scratch;

    if (ua->session.is_caller) {
        sip_write_line(sink, "From", sip_value(kept, SIP_HEADER_FROM));
        sip_write_line(sink, "To", sip_value(kept, SIP_HEADER_TO));
    } else {
        sink_span(sink, SPAN("From: "));
        sink_span(sink, sip_value(kept, SIP_HEADER_TO));
        sip_write_tag(sink, ua->session.local_tag);
        sink_span(sink, SPAN("\r\n"));
        sip_write_line(sink, "To", sip_value(kept, SIP_HEADER_FROM));
    }
    sip_write_line(sink, "Call-ID", sip_value(kept, SIP_HEADER_CALL_ID));
}

static void write_rack(struct sink *sink, const struct sip_rack *rack)
{
    sink_span(sink, SPAN("RAck: "));
    sink_number(sink, rack->rseq);
    sink_char(sink, ' ');
    sink_number(sink, rack->cseq);
    sink_char(sink, ' ');
    sink_span(sink, rack->method);
    sink_span(sink, SPAN("\r\n"));
}

struct span sip_ua_write_in_dialog(struct sip_ua *ua, const struct sip_in_dialog *request)
{
    const struct span nothing = {"", 0};
    struct sink *sink = &ua->scratch;
    struct sip_message kept;
    struct span target;

    check(request->kept != NULL);
    if (sip_parse(sip_buffer_span(request->kept), &kept) != ERR_OK || !remote_target(ua, &kept, &target))
        return nothing;
    struct span branch = sip_ua_write_top(ua, span_of(request->method), target);

    if (!write_routes(ua, &kept))
        return nothing;
    write_ends(ua, &kept);
    sink_span(sink, SPAN("CSeq: "));
    sink_number(sink, request->cseq);
    sink_char(sink, ' ');
    sink_text(sink, request->method);
    sink_span(sink, SPAN("\r\n"));
    if (request->rack.rseq != 0)
        write_rack(sink, &request->rack);
    if (ua->config.user_agent)
        sip_write_line(sink, "User-Agent", span_of(ua->config.user_agent));
    if (request->sdp_size > 0) { /* an UPDATE refreshes the target, RFC 3311 section 5.1 */
        write_contact(ua);
        sink_span(sink, SPAN("Content-Type: application/sdp\r\n"));
    }
    sip_write_end(sink, request->sdp_size);
    return sink->overflow ? nothing : branch;
}

bool sip_ua_in_dialog(const struct sip_ua *ua, const struct sip_message *request)
{
    const struct sip_session *session = &ua->session;
    struct sip_message kept;
    char text[SIP_TAG_DIGITS];
    struct sink tag = SINK(text);

    if (!session->kept || sip_parse(sip_buffer_span(session->kept), &kept) != ERR_OK)
        return false;
    sink_hex(&tag, session->local_tag & UINT32_MAX, SIP_TAG_DIGITS);
    struct span remote = sip_tag(sip_value(&kept, session->is_caller ? SIP_HEADER_TO : SIP_HEADER_FROM));

    return span_equal(sip_value(request, SIP_HEADER_CALL_ID), sip_value(&kept, SIP_HEADER_CALL_ID)) &&
           span_equal(sip_tag(sip_value(request, SIP_HEADER_TO)), sink_written(&tag)) &&
           span_equal(sip_tag(sip_value(request, SIP_HEADER_FROM)), remote);
}

/* ---- Responses ---- */

void sip_ua_write_reply(struct sip_ua *ua, const struct sip_incoming *request, const struct sip_reply *reply)
{
    const struct sip_message *message = &request->message;
    bool has_contact = reply->sdp_size > 0 || reply->makes_dialog;
    struct sink *sink = &ua->scratch;

    sink->size = 0;
    sink->overflow = false;
    sip_write_answer(sink, request, reply->status, reply->tag);
    for (const struct sip_line *line = sip_line_next(message, SIP_HEADER_RECORD_ROUTE, NULL); line && has_contact;
         line = sip_line_next(message, SIP_HEADER_RECORD_ROUTE, line))
        sink_span(sink, line->whole);
    if (reply->status == 405 || has_contact)
        sink_text(sink, allowed(ua));
    if (has_contact)
        write_contact(ua);
    if (reply->etag != 0) {
        sink_span(sink, SPAN("SIP-ETag: "));
        sink_hex(sink, reply->etag & UINT32_MAX, SIP_TAG_DIGITS);
        sink_span(sink, SPAN("\r\nExpires: 3600\r\n"));
    }
    if (reply->rseq != 0) {
        sink_span(sink, SPAN("Require: 100rel\r\nRSeq: "));
        sink_number(sink, reply->rseq);
        sink_span(sink, SPAN("\r\n"));
    }
    if (reply->sdp_size > 0)
        sink_span(sink, SPAN("Content-Type: application/sdp\r\n"));
    if (ua->config.user_agent)
        sip_write_line(sink, "Server", span_of(ua->config.user_agent));
    sip_write_end(sink, reply->sdp_size);
}
