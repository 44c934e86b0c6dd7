/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/sip_incoming.h"

static const enum sip_header needed[] = {SIP_HEADER_FROM, SIP_HEADER_TO, SIP_HEADER_CALL_ID};

enum err sip_incoming_read(struct sip_incoming *incoming)
{
    struct sip_message *message = &incoming->message;
    struct span vias, via;

    if (sip_parse(incoming->head, message) != ERR_OK)
        return ERR_SYNTAX;
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (sip_value(message, needed[i]).size == 0)
            return ERR_SYNTAX;
    vias = sip_value(message, SIP_HEADER_VIA);
    if (sip_cut_element(&vias, &via) != ERR_OK || sip_parse_via(via, &incoming->via) != ERR_OK ||
        sip_parse_cseq(sip_value(message, SIP_HEADER_CSEQ), &incoming->cseq) != ERR_OK)
        return ERR_SYNTAX;
    if (message->is_request && !span_equal(incoming->cseq.method, message->method))
        return ERR_SYNTAX;
    return ERR_OK;
}

void sip_write_top_via(struct sink *sink, const struct sip_incoming *request)
{
    const struct sip_line *line = sip_line_next(&request->message, SIP_HEADER_VIA, NULL);
    const struct sip_via *via = &request->via;
    struct span rest = line->value, element;
    uint32_t address;
    bool is_same = sip_parse_ipv4(via->host, &address) == ERR_OK && address == request->from.address;

    if ((is_same && !via->has_rport) || via->received.size > 0 || sip_cut_element(&rest, &element) != ERR_OK) {
        sink_span(sink, line->whole);
        return;
    }
    sink_span(sink, SPAN("Via: "));
    if (via->has_rport && via->rport.size == 0) {
        size_t before = (size_t)(via->rport.data - element.data);

        sink_span(sink, (struct span){element.data, before});
        sink_char(sink, '=');
        sink_number(sink, request->from.port);
        sink_span(sink, span_after(element, before));
    } else {
        sink_span(sink, element);
    }
    sink_span(sink, SPAN(";received="));
    sip_write_ipv4(sink, request->from.address);
    if (rest.size > 0) {
        sink_span(sink, SPAN(", "));
        sink_span(sink, rest);
    }
    sink_span(sink, SPAN("\r\n"));
}

void sip_write_vias(struct sink *sink, const struct sip_incoming *request)
{
    const struct sip_line *line = sip_line_next(&request->message, SIP_HEADER_VIA, NULL);

    sip_write_top_via(sink, request);
    while ((line = sip_line_next(&request->message, SIP_HEADER_VIA, line)) != NULL)
        sink_span(sink, line->whole);
}

void sip_write_tag(struct sink *sink, uint64_t tag)
{
    sink_span(sink, SPAN(";tag="));
    sink_hex(sink, tag & UINT32_MAX, SIP_TAG_DIGITS);
}

void sip_write_answer(struct sink *sink, const struct sip_incoming *request, int status, uint64_t tag)
{
    const struct sip_message *message = &request->message;
    struct span to = sip_value(message, SIP_HEADER_TO);

    sip_write_status(sink, status);
    sip_write_vias(sink, request);
    sip_write_line(sink, "From", sip_value(message, SIP_HEADER_FROM));
    sink_span(sink, SPAN("To: "));
    sink_span(sink, to);
    if (tag != 0 && sip_tag(to).size == 0)
        sip_write_tag(sink, tag);
    sink_span(sink, SPAN("\r\n"));
    sip_write_line(sink, "Call-ID", sip_value(message, SIP_HEADER_CALL_ID));
    sip_write_line(sink, "CSeq", sip_value(message, SIP_HEADER_CSEQ));
}
