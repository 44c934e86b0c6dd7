/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_cscf.c - where a request goes, and what is added to it and taken from it, by the role of the proxy (TS 24.229
 * sections 5.2 P-CSCF, 5.3 I-CSCF, 5.4 S-CSCF). Whether a request is originating or terminating is told by the user
 * part of the Route element that led here: the Service-Route says orig, the Path says term.
 */
#include "sim/proto/sip_registrar.h"

#include <assert.h>

#define DROP_IDENTITIES (sip_drop(SIP_HEADER_P_PREFERRED_IDENTITY) | sip_drop(SIP_HEADER_P_ASSERTED_IDENTITY))
#define DROP_CHARGING (sip_drop(SIP_HEADER_P_CHARGING_VECTOR) | sip_drop(SIP_HEADER_P_CHARGING_FUNCTION_ADDRESSES))

static_assert(SIP_HEADER_COUNT <= 64, "a bit for each header");

/* Whether a URI names this proxy: its name, or its address, and its port. */
static bool is_own(const struct sip_proxy *proxy, const struct sip_uri *uri)
{
    uint16_t port = uri->port != 0 ? uri->port : SIP_PORT;
    uint32_t address;

    if (port != proxy->config.port)
        return false;
    if (span_equal_nocase(uri->host, span_of(proxy->config.name)))
        return true;
    return proxy->own_address != 0 && sip_parse_ipv4(uri->host, &address) == ERR_OK && address == proxy->own_address;
}

/* Walks the Route set up to the first element that is not ours. Ours is one, or two where it joins two transports (RFC
 * 5658). */
static int read_routes(struct sip_proxy *proxy, const struct sip_message *message, struct sip_forward *forward)
{
    struct span first_transport = {"", 0}, transport;

    for (const struct sip_line *line = sip_line_next(message, SIP_HEADER_ROUTE, NULL); line;
         line = sip_line_next(message, SIP_HEADER_ROUTE, line)) {
        struct span rest = line->value, element;

        while (rest.size > 0) {
            struct sip_address address;
            struct sip_uri uri;

            if (sip_cut_element(&rest, &element) != ERR_OK || sip_parse_address(element, &address) != ERR_OK ||
                sip_parse_uri(address.uri, &uri) != ERR_OK)
                return 400;
            if (!sip_parameter(uri.parameters, SPAN("transport"), &transport))
                transport = (struct span){"", 0};
            bool is_ours =
                is_own(proxy, &uri) &&
                (forward->pops == 0 || (forward->pops == 1 && !span_equal_nocase(transport, first_transport)));

            if (!is_ours) {
                forward->next_route = address.uri;
                return 0;
            }
            if (forward->pops == 0) {
                forward->own_user = uri.user;
                first_transport = transport;
            }
            forward->pops++;
        }
    }
    return 0;
}

/* A hash of all that decides where a request goes (RFC 3261 section 16.6, step 8; RFC 5393): the same again at the same
 * proxy is a loop, another one a spiral. */
static uint32_t loop_hash(const struct sip_message *message)
{
    uint64_t hash = sip_hash(0, message->uri);

    for (const struct sip_line *line = sip_line_next(message, SIP_HEADER_ROUTE, NULL); line;
         line = sip_line_next(message, SIP_HEADER_ROUTE, line))
        hash = sip_hash(hash, line->value);
    hash = sip_hash(hash, sip_value(message, SIP_HEADER_FROM));
    hash = sip_hash(hash, sip_value(message, SIP_HEADER_TO));
    hash = sip_hash(hash, sip_value(message, SIP_HEADER_CALL_ID));
    hash = sip_hash(hash, sip_value(message, SIP_HEADER_CSEQ));
    return (uint32_t)(hash >> 32);
}

/* Whether one of the Vias is ours and ends in that hash. The hash is looked for first, since it is hardly ever there.
 */
static bool is_looping(const struct sip_proxy *proxy, const struct sip_message *message, uint32_t loop)
{
    char digits[8];
    struct sink sink = SINK(digits);

    sink_hex(&sink, loop, 8);
    for (const struct sip_line *line = sip_line_next(message, SIP_HEADER_VIA, NULL); line;
         line = sip_line_next(message, SIP_HEADER_VIA, line)) {
        struct span rest = line->value, element;
        struct sip_via via;

        if (span_find(rest, sink_written(&sink)) == rest.size)
            continue;
        while (rest.size > 0 && sip_cut_element(&rest, &element) == ERR_OK)
            if (sip_parse_via(element, &via) == ERR_OK && via.port == proxy->config.port &&
                span_equal_nocase(via.host, span_of(proxy->config.name)) &&
                span_find(via.branch, sink_written(&sink)) < via.branch.size)
                return true;
    }
    return false;
}

int sip_cscf_begin(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward)
{
    const struct sip_message *message = &request->message;
    struct span max_forwards = sip_value(message, SIP_HEADER_MAX_FORWARDS);
    bool is_p = proxy->config.role == CSCF_P;
    uint64_t hops = 70;

    /* All but the room for added lines, which the sink minds. */
    memset(forward, 0, offsetof(struct sip_forward, added));
    forward->added = SINK(forward->added_bytes);
    forward->uri = message->uri;
    forward->loop = loop_hash(message);
    forward->is_initial = sip_tag(sip_value(message, SIP_HEADER_TO)).size == 0;
    int status = read_routes(proxy, message, forward);

    if (forward->is_initial)
        forward->is_from_ue = is_p && !span_equal(forward->own_user, SPAN("term"));
    else
        forward->is_from_ue = is_p && forward->next_route.size > 0;
    forward->is_to_ue = is_p && !forward->is_from_ue;
    if (status != 0)
        return status;
    if (max_forwards.size > 0 && sip_parse_number(max_forwards, &hops) != ERR_OK)
        return 400;
    if (hops == 0)
        return 483;
    struct span required = sip_value(message, SIP_HEADER_PROXY_REQUIRE);

    if (required.size > 0 && !(is_p && span_equal_nocase(required, SPAN("sec-agree"))))
        return 420;
    return is_looping(proxy, message, forward->loop) ? 482 : 0;
}

/* To the URI, or the refusal for one that cannot be reached. */
static int go_to(struct sip_proxy *proxy, struct span uri, struct sip_forward *forward)
{
    uint8_t transport = forward->is_to_ue ? proxy->config.transport_ue : proxy->config.transport;

    switch (sip_hop_of_uri(proxy->config.names, transport, uri, &forward->hop)) {
    case ERR_OK:
        return 0;
    case ERR_UNKNOWN:
        return 404;
    default:
        return 400;
    }
}

/* By the Route set, and where it is used up to the Request-URI (RFC 3261 section 16.6, step 6). */
static int route_loosely(struct sip_proxy *proxy, struct sip_forward *forward)
{
    return go_to(proxy, forward->next_route.size > 0 ? forward->next_route : forward->uri, forward);
}

/* The address of record a URI stands for, without port and parameters. */
static const struct cscf_user *user_find(const struct sip_proxy *proxy, struct span text)
{
    struct sip_uri uri;

    if (sip_parse_uri(text, &uri) != ERR_OK)
        return NULL;
    for (const struct cscf_user *user = proxy->config.users; user && user->aor; user++)
        if (span_equal_nocase(uri.bare, span_of(user->aor)))
            return user;
    return NULL;
}

int sip_cscf_entry(const struct sip_proxy *proxy, struct sip_forward *forward)
{
    struct sip_uri uri;

    if (forward->i_cscf.port != 0)
        return 0;
    if (!proxy->config.resolves) {
        forward->i_cscf = proxy->config.i_cscf;
        return 0;
    }
    if (sip_parse_uri(forward->uri, &uri) != ERR_OK)
        return 416;
    forward->domain = uri.host;
    return SIP_CSCF_RESOLVE;
}

/* ---- P-CSCF ---- */

/* The identity the network vouches for: the preferred one of the UE, else its From, and where registration ran only one
 * that it brought, else the first of those (TS 24.229 section 5.2.6.3.3). */
static void add_asserted_identity(const struct sip_message *message, const struct sip_user *user, struct sink *added)
{
    struct span value = sip_value(message, SIP_HEADER_P_PREFERRED_IDENTITY);
    struct sip_address address;

    if (value.size == 0)
        value = sip_value(message, SIP_HEADER_FROM);
    if (sip_parse_address(value, &address) != ERR_OK)
        return;
    if (user && !sip_user_has_identity(user, address.uri))
        address.uri = span_of(user->aor);
    sink_span(added, SPAN("P-Asserted-Identity: <"));
    sink_span(added, address.uri);
    sink_span(added, SPAN(">\r\n"));
}

static void add_charging_vector(struct sip_proxy *proxy, struct sink *added)
{
    sink_span(added, SPAN("P-Charging-Vector: icid-value=\""));
    sink_hex(added, sip_proxy_draw(proxy), 16);
    sink_span(added, SPAN("\"\r\n"));
}

/* Whether a request comes from the contact of a user who is given as registered. */
static bool is_given_ue(const struct sip_proxy *proxy, struct sip_hop from)
{
    struct sip_hop hop;

    for (const struct cscf_user *user = proxy->config.users; user && user->aor; user++)
        if (user->contact &&
            sip_hop_of_uri(proxy->config.names, from.transport, span_of(user->contact), &hop) == ERR_OK &&
            hop.address == from.address && hop.port == from.port)
            return true;
    const struct sip_directory *directory = proxy->config.directory;

    return directory && directory->serves(directory->context, from);
}

static int route_p(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward)
{
    if (forward->is_to_ue) {
        forward->drops = DROP_CHARGING;
        forward->record_user = "mt";
        return go_to(proxy, forward->uri, forward);
    }
    const struct sip_user *user = proxy->config.registrar ? sip_user_at(proxy, request->from) : NULL;

    /* Without the Service-Route there is no way into the core, nor with any but its own (section 5.2.6.3.3). */
    if (forward->next_route.size == 0 || (proxy->config.registrar && !user && !is_given_ue(proxy, request->from)))
        return 403;
    if (user && !span_equal(forward->next_route, span_of(user->route)))
        return 400;
    forward->drops = DROP_IDENTITIES | DROP_CHARGING;
    forward->record_user = "mo";
    add_asserted_identity(&request->message, user, &forward->added);
    add_charging_vector(proxy, &forward->added);
    return go_to(proxy, forward->next_route, forward);
}

/* ---- I-CSCF ---- */

static int route_i(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward)
{
    (void)proxy;
    (void)request;
    (void)forward;
    return SIP_CSCF_LOCATE;
}

int sip_cscf_located(struct sip_proxy *proxy, const struct sip_incoming *request, struct span s_cscf,
                     struct sip_forward *forward)
{
    struct sip_uri uri;

    (void)request;
    if (sip_parse_uri(s_cscf, &uri) != ERR_OK)
        return 500;
    /* The Server-Name becomes a Route element, which must be a loose router. Both are kept with the added lines. */
    size_t start = forward->added.size;

    sink_span(&forward->added, SPAN("Route: <"));
    size_t from = forward->added.size;

    sink_span(&forward->added, s_cscf);
    if (!sip_parameter(uri.parameters, SPAN("lr"), NULL))
        sink_span(&forward->added, SPAN(";lr"));
    struct span route = {forward->added.data + from, forward->added.size - from};

    sink_span(&forward->added, SPAN(">\r\n"));
    if (forward->added.overflow) {
        forward->added.size = start;
        return 500;
    }
    return go_to(proxy, route, forward);
}

/* ---- S-CSCF ---- */

static int go_to_device(struct sip_proxy *proxy, const struct cscf_user *user, struct sip_forward *forward)
{
    forward->uri = span_of(user->contact);
    if (!user->path)
        return go_to(proxy, forward->uri, forward);
    /* Several elements of a Path stand there as "first>,<second". */
    forward->push = span_of(user->path);
    return go_to(proxy, (struct span){user->path, span_find_byte(forward->push, '>')}, forward);
}

/* The first row from device on that is of the same user. */
static const struct cscf_user *next_device(const struct cscf_user *device, const char *aor)
{
    for (; device && device->aor; device++)
        if (span_equal_nocase(span_of(device->aor), span_of(aor)))
            return device;
    return NULL;
}

static int route_s(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward)
{
    struct sip_ifc_place place = sip_ifc_place(proxy, request, forward);

    forward->drops |= sip_drop(SIP_HEADER_P_SERVED_USER);
    if (place.is_originating) {
        forward->record_user = "mo";
        /* TS 24.229 section 5.4.3.2: who has no security association with the network says who they are. */
        if (proxy->config.secret.md5 && !place.is_back) {
            if (!sip_digest_verify(&proxy->nonces, &proxy->config.secret, &request->message))
                return 407;
            forward->drops |= sip_drop(SIP_HEADER_PROXY_AUTHORIZATION);
        }
        if (sip_ifc_route(proxy, request, &place, forward))
            return 0;
        if (forward->next_route.size > 0)
            return go_to(proxy, forward->next_route, forward);
        int status = sip_cscf_entry(proxy, forward);

        forward->hop = forward->i_cscf;
        return status;
    }
    struct cscf_user registered;
    const struct cscf_user *user = user_find(proxy, forward->uri);
    const struct sip_directory *directory = proxy->config.directory;

    if (!user && directory && directory->find(directory->context, forward->uri, &registered))
        user = &registered;
    if (!user && proxy->config.registrar) {
        int status = sip_registrar_find(proxy, forward->uri, &registered);

        if (status != 0)
            return status;
        user = &registered;
    }
    if (!user)
        return 404;
    if (!user->contact)
        return 480;
    if (sip_ifc_route(proxy, request, &place, forward))
        return 0;
    forward->record_user = "mt";
    sink_span(&forward->added, SPAN("P-Called-Party-ID: <"));
    sink_text(&forward->added, user->aor);
    sink_span(&forward->added, SPAN(">\r\n"));
    forward->other = next_device(proxy->config.others, user->aor);
    return go_to_device(proxy, user, forward);
}

bool sip_cscf_next(struct sip_proxy *proxy, struct sip_forward *forward)
{
    const struct cscf_user *device = forward->other;

    if (!device)
        return false;
    forward->other = next_device(device + 1, device->aor);
    return go_to_device(proxy, device, forward) == 0;
}

/* An application server that does nothing to the request but stay on its dialog's way: back to whoever stands in the
 * Route. */
static int route_as(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward)
{
    (void)request;
    if (forward->next_route.size == 0)
        return 403;
    forward->record_user = "as";
    return go_to(proxy, forward->next_route, forward);
}

/* Only what creates a dialog asks who stays on its path (RFC 3261 section 16.6, step 4); a MESSAGE does not (RFC 3428).
 */
static bool creates_dialog(struct span method)
{
    return span_equal(method, SPAN("INVITE")) || span_equal(method, SPAN("SUBSCRIBE")) ||
           span_equal(method, SPAN("REFER"));
}

typedef int route_fn(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward);

static route_fn *const routes[] = {[CSCF_P] = route_p, [CSCF_I] = route_i, [CSCF_S] = route_s, [CSCF_AS] = route_as};

int sip_cscf_route(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward)
{
    if (!forward->is_initial)
        return route_loosely(proxy, forward);
    if (span_equal(request->message.method, SPAN("REGISTER")))
        return sip_register_route(proxy, request, forward);
    int status = routes[proxy->config.role](proxy, request, forward);

    if (!creates_dialog(request->message.method))
        forward->record_user = NULL;
    return forward->added.overflow ? 400 : status;
}
