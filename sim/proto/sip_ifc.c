/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_ifc.c - the ISC interface at an S-CSCF (TS 24.229 sections 5.4.3.2 and 5.4.3.3): an initial request that meets a
 * criterion goes to its application server, with a Route element of the S-CSCF's own behind the server's. That one's
 * user part is the original dialog identifier: session case, the next criterion, and a hash by which nobody else can
 * claim to be the request's way back.
 */
#include "sim/proto/sip_registrar.h"
#include "sim/wire/ifc.h"

enum { TOKEN_DIGITS = 8 };

static uint64_t token_of(const struct sip_proxy *proxy, const struct sip_message *message, bool is_originating,
                         uint32_t next)
{
    uint64_t hash = sip_hash(proxy->config.identity, sip_value(message, SIP_HEADER_CALL_ID));

    hash = sip_hash(hash, sip_value(message, SIP_HEADER_CSEQ));
    return sip_mix(hash, 2 * (uint64_t)next + (is_originating ? 1 : 0)) >> 32;
}

/* "o1-0a1b2c3d" */
static void write_identifier(const struct sip_proxy *proxy, const struct sip_message *message, bool is_originating,
                             uint32_t next, struct sink *sink)
{
    sink_char(sink, is_originating ? 'o' : 't');
    sink_number(sink, next);
    sink_char(sink, '-');
    sink_hex(sink, token_of(proxy, message, is_originating, next), TOKEN_DIGITS);
}

struct sip_ifc_place sip_ifc_place(const struct sip_proxy *proxy, const struct sip_incoming *request,
                                   const struct sip_forward *forward)
{
    struct sip_ifc_place place = {.is_originating = span_equal(forward->own_user, SPAN("orig"))};
    char text[32];
    struct sink expected = SINK(text);
    struct span user = forward->own_user;
    uint64_t next;

    if (user.size < 3 || (user.data[0] != 'o' && user.data[0] != 't'))
        return place;
    bool is_originating = user.data[0] == 'o';

    user = span_after(user, 1);
    if (span_cut_number(&user, &next) != ERR_OK || next == 0 || next > IFC_MAX)
        return place;
    write_identifier(proxy, &request->message, is_originating, (uint32_t)next, &expected);
    if (span_equal(forward->own_user, sink_written(&expected)))
        place = (struct sip_ifc_place){is_originating, true, (uint32_t)next};
    return place;
}

/* The user whose criteria count: the one who is vouched for, or the one who is called. */
static const struct sip_user *served_user(const struct sip_proxy *proxy, const struct sip_incoming *request,
                                          const struct sip_forward *forward, bool is_originating)
{
    struct sip_address address;

    if (!is_originating)
        return sip_user_find(proxy, forward->uri);
    if (sip_parse_address(sip_value(&request->message, SIP_HEADER_P_ASSERTED_IDENTITY), &address) != ERR_OK)
        return NULL;
    return sip_user_find(proxy, address.uri);
}

static void write_push(struct sip_proxy *proxy, const struct sip_incoming *request, bool is_originating,
                       const struct ifc_match *match, struct sink *push)
{
    sink_span(push, match->server);
    sink_span(push, SPAN(";lr>,<sip:"));
    write_identifier(proxy, &request->message, is_originating, match->next, push);
    sink_char(push, '@');
    sink_text(push, proxy->config.name);
    sink_char(push, ':');
    sink_number(push, proxy->config.port);
    sink_span(push, SPAN(";lr"));
}

bool sip_ifc_route(struct sip_proxy *proxy, const struct sip_incoming *request, const struct sip_ifc_place *place,
                   struct sip_forward *forward)
{
    const struct sip_user *user = served_user(proxy, request, forward, place->is_originating);
    enum ifc_session_case session_case = place->is_originating ? IFC_ORIGINATING : IFC_TERMINATING;
    struct sink push = SINK(forward->push_bytes);
    struct ifc_match match;
    struct sip_hop hop;

    if (!user || !user->profile ||
        !ifc_find(sip_buffer_span(user->profile), &request->message, session_case, place->from, &match))
        return false;
    write_push(proxy, request, place->is_originating, &match, &push);
    if (push.overflow || sip_hop_of_uri(proxy->config.names, proxy->config.transport, match.server, &hop) != ERR_OK)
        return false;
    forward->push = sink_written(&push);
    forward->hop = hop;
    forward->record_user = place->is_originating ? "mo" : "mt";
    sink_span(&forward->added, SPAN("P-Served-User: <"));
    sink_text(&forward->added, user->aor);
    sink_text(&forward->added,
              place->is_originating ? ">;sescase=orig;regstate=reg\r\n" : ">;sescase=term;regstate=reg\r\n");
    return true;
}
