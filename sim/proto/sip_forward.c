/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/sip_proxy_state.h"
#include "sim/base/check.h"

/* SDP may grow by this much under the owner's hands. */
enum { SDP_GROWTH = 4096 };

uint64_t sip_proxy_draw(struct sip_proxy *proxy)
{
    return sip_mix(proxy->config.identity, proxy->drawn++);
}

static bool is_sdp(struct span content_type)
{
    struct span type = {content_type.data, span_find_byte(content_type, ';')};

    return span_equal_nocase(span_trim(type), SPAN("application/sdp"));
}

struct slice sip_forward_body(struct sip_proxy *proxy, const struct sip_incoming *message, bool is_answer)
{
    struct sip_pool *pool = &proxy->layer.pool;
    struct slice body = message->body;

    if (!proxy->config.rewrite_sdp || body.length == 0 ||
        !is_sdp(sip_value(&message->message, SIP_HEADER_CONTENT_TYPE)))
        return body;
    struct sip_buffer *before = sip_pool_copy_slice(pool, body);
    struct sip_buffer *after = sip_pool_take(pool, before->size + SDP_GROWTH);
    struct sink sink = {.data = after->bytes, .capacity = after->size};

    /* Both last until the next step, and the transaction copies what it keeps. */
    sip_pool_release(pool, before);
    sip_pool_release(pool, after);
    if (!proxy->config.rewrite_sdp(proxy->config.rewrite_context, is_answer, sip_buffer_span(before), &sink))
        return body;
    check(!sink.overflow);
    after->size = sink.size;
    return sip_buffer_slice(after);
}

static void scratch_clear(struct sip_proxy *proxy)
{
    proxy->scratch.size = 0;
    proxy->scratch.overflow = false;
}

/* Our own Via. The first half of the branch tells transactions apart, the second finds loops (RFC 3261 section 16.6,
 * step 8). */
static struct span write_via(struct sip_proxy *proxy, const struct sip_forward *forward, uint32_t branch_seed)
{
    struct sink *sink = &proxy->scratch;

    sink_span(sink, SPAN("Via: SIP/2.0/"));
    sink_text(sink, sip_transport_names[forward->hop.transport].via);
    sink_char(sink, ' ');
    sink_text(sink, proxy->config.name);
    sink_char(sink, ':');
    sink_number(sink, proxy->config.port);
    sink_span(sink, SPAN(";branch="));
    size_t start = sink->size;

    sink_span(sink, SPAN("z9hG4bK"));
    sink_hex(sink, branch_seed, 8);
    sink_hex(sink, forward->loop, 8);
    struct span branch = {sink->data + start, sink->size - start};

    sink_span(sink, SPAN("\r\n"));
    return branch;
}

static void write_record_route(struct sip_proxy *proxy, const char *user, uint8_t transport)
{
    struct sink *sink = &proxy->scratch;

    sink_span(sink, SPAN("Record-Route: <sip:"));
    sink_text(sink, user);
    sink_char(sink, '@');
    sink_text(sink, proxy->config.name);
    sink_char(sink, ':');
    sink_number(sink, proxy->config.port);
    sink_text(sink, sip_transport_names[transport].parameter);
    sink_span(sink, SPAN(";lr>\r\n"));
}

static void write_content_length(struct sink *sink, uint64_t length)
{
    sink_span(sink, SPAN("Content-Length: "));
    sink_number(sink, length);
    sink_span(sink, SPAN("\r\n"));
}

/* What stands between the Vias and the rest of the received lines. */
static void write_additions(struct sip_proxy *proxy, const struct sip_incoming *request,
                            const struct sip_forward *forward, const struct slice *body)
{
    struct sink *sink = &proxy->scratch;
    uint8_t from = request->from.transport;

    /* What came by TCP because of its size alone came to a URI without a transport. */
    if (proxy->config.by_size.path_mtu && from == SIP_TCP)
        from = SIP_UDP;
    if (forward->record_user) {
        write_record_route(proxy, forward->record_user, forward->hop.transport);
        /* Between two transports a proxy stands in the route set twice, each side with its own (RFC 5658). */
        if (forward->hop.transport != from)
            write_record_route(proxy, forward->record_user, from);
    }
    if (forward->push.size > 0) {
        sink_span(sink, SPAN("Route: <"));
        sink_span(sink, forward->push);
        sink_span(sink, SPAN(">\r\n"));
    }
    sink_span(sink, sink_written(&forward->added));
    if (sip_value(&request->message, SIP_HEADER_MAX_FORWARDS).size == 0)
        sink_span(sink, SPAN("Max-Forwards: 70\r\n"));
    if (sip_value(&request->message, SIP_HEADER_CONTENT_LENGTH).size == 0)
        write_content_length(sink, body->length);
}

/* A Route line without those of its elements that are popped. */
static void write_route(struct sink *sink, const struct sip_line *line, uint32_t *pops)
{
    struct span rest = line->value, element;

    while (*pops > 0 && rest.size > 0 && sip_cut_element(&rest, &element) == ERR_OK)
        (*pops)--;
    if (rest.size == line->value.size)
        sink_span(sink, line->whole);
    else if (rest.size > 0)
        sip_write_line(sink, "Route", rest);
}

static void write_max_forwards(struct sink *sink, struct span value)
{
    uint64_t hops = 0;

    if (sip_parse_number(value, &hops) != ERR_OK || hops == 0)
        hops = 1;
    sink_span(sink, SPAN("Max-Forwards: "));
    sink_number(sink, hops - 1);
    sink_span(sink, SPAN("\r\n"));
}

/* Lines that go on as they came are copied in runs, not one by one. */
struct run {
    const char *start; /* of what is not copied yet */
};

/* Copies what has gathered before a line, and leaves the line out. */
static void run_skip(struct run *run, struct sink *sink, const struct sip_line *line)
{
    sink_bytes(sink, run->start, (size_t)(line->whole.data - run->start));
    run->start = line->whole.data + line->whole.size;
}

/* Copies what has gathered up to the end of a line. */
static void run_flush(struct run *run, struct sink *sink, const struct sip_line *line)
{
    const char *end = line->whole.data + line->whole.size;

    sink_bytes(sink, run->start, (size_t)(end - run->start));
    run->start = end;
}

static bool is_new_body(const struct slice *before, const struct slice *after)
{
    return before->source != after->source || before->length != after->length;
}

struct span sip_forward_request(struct sip_proxy *proxy, const struct sip_incoming *request,
                                const struct sip_forward *forward, uint32_t branch_seed, const struct slice *body)
{
    const struct sip_message *message = &request->message;
    struct sink *sink = &proxy->scratch;
    bool has_new_body = is_new_body(&request->body, body), is_among_vias = false;
    uint32_t pops = forward->pops;
    struct run run = {message->lines[0].whole.data};

    scratch_clear(proxy);
    sip_write_request(sink, message->method, forward->uri);
    struct span branch = write_via(proxy, forward, branch_seed);

    for (size_t i = 0; i < message->count; i++) {
        const struct sip_line *line = &message->lines[i];

        if (forward->drops >> line->header & 1) {
            run_skip(&run, sink, line);
        } else if (line->header == SIP_HEADER_MAX_FORWARDS) {
            run_skip(&run, sink, line);
            write_max_forwards(sink, line->value);
        } else if (line->header == SIP_HEADER_ROUTE && pops > 0) {
            run_skip(&run, sink, line);
            write_route(sink, line, &pops);
        } else if (line->header == SIP_HEADER_CONTENT_LENGTH && has_new_body) {
            run_skip(&run, sink, line);
            write_content_length(sink, body->length);
        } else if (message->first[SIP_HEADER_VIA] == i + 1) {
            run_skip(&run, sink, line);
            sip_write_top_via(sink, request);
            is_among_vias = true;
        }
        /* What is added stands behind the Vias. */
        if (is_among_vias && (i + 1 == message->count || line[1].header != SIP_HEADER_VIA)) {
            run_flush(&run, sink, line);
            write_additions(proxy, request, forward, body);
            is_among_vias = false;
        }
    }
    run_flush(&run, sink, &message->lines[message->count - 1]);
    sink_span(sink, SPAN("\r\n"));
    return branch;
}

void sip_forward_response(struct sip_proxy *proxy, const struct sip_incoming *response, int status,
                          const struct slice *body)
{
    const struct sip_message *message = &response->message;
    bool has_new_body = is_new_body(&response->body, body);
    struct sink *sink = &proxy->scratch;
    struct run run = {message->start.data};

    scratch_clear(proxy);
    if (status != message->status) {
        sip_write_status(sink, status);
        run.start = message->lines[0].whole.data;
    }
    for (size_t i = 0; i < message->count; i++) {
        const struct sip_line *line = &message->lines[i];
        struct span rest = line->value, element;

        if (message->first[SIP_HEADER_VIA] == i + 1) {
            run_skip(&run, sink, line);
            if (sip_cut_element(&rest, &element) == ERR_OK && rest.size > 0)
                sip_write_line(sink, "Via", rest);
        } else if (line->header == SIP_HEADER_CONTENT_LENGTH && has_new_body) {
            run_skip(&run, sink, line);
            write_content_length(sink, body->length);
        }
    }
    run_flush(&run, sink, &message->lines[message->count - 1]);
    sink_span(sink, SPAN("\r\n"));
}
