/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_register_route.c - a REGISTER on its way: what the P-CSCF adds and remembers (TS 24.229 section 5.2.2), and how
 * the I-CSCF finds the S-CSCF (section 5.3.1); the way back, on which the P-CSCF takes the keys out of the challenge.
 */
#include "sim/base/check.h"
#include "sim/proto/sip_registrar.h"

bool sip_registrant_read(const struct sip_message *request, struct sip_registrant *registrant)
{
    struct sip_address to;
    struct sip_uri uri;
    struct span scheme = SPAN("sip:"), rest;

    if (sip_parse_address(sip_value(request, SIP_HEADER_TO), &to) != ERR_OK || sip_parse_uri(to.uri, &uri) != ERR_OK)
        return false;
    registrant->public_identity = rest = uri.bare;
    if (sip_auth_parse(sip_value(request, SIP_HEADER_AUTHORIZATION), &registrant->auth) != ERR_OK)
        registrant->auth = (struct sip_auth){.username = {"", 0}};
    registrant->private_identity = registrant->auth.username;
    if (registrant->private_identity.size == 0) {
        if (span_cut_literal(&rest, scheme) != ERR_OK)
            return false;
        registrant->private_identity = rest;
    }
    registrant->expires_s = sip_expires_s(request, SIP_EXPIRES_S);
    return true;
}

/* ---- P-CSCF ---- */

static void add_credentials(const struct sip_user *user, const struct sip_registrant *registrant, struct sink *added)
{
    struct sip_auth auth = registrant->auth;

    if (auth.username.size == 0)
        return;
    /* Through a security association only what was made with its keys arrives. */
    auth.integrity_protected = user->has_keys && user->security_client[0] ? SPAN("yes") : SPAN("no");
    sink_span(added, SPAN("Authorization: "));
    sip_auth_write_credentials(added, &auth);
    sink_span(added, SPAN("\r\n"));
}

static void add_path(struct sip_proxy *proxy, struct sink *added)
{
    sink_format(added, "Path: <sip:term@%s:%u;lr>\r\nRequire: path\r\n", proxy->config.name, proxy->config.port);
    sink_format(added, "P-Visited-Network-ID: \"%s\"\r\nP-Charging-Vector: icid-value=\"",
                proxy->config.registrar->network);
    sink_hex(added, sip_proxy_draw(proxy), 16);
    sink_span(added, SPAN("\"\r\n"));
}

/* Section 5.2.2.1. Require and the rest of the security agreement end here. */
static int route_p(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward)
{
    const struct sip_message *message = &request->message;
    struct sip_registrant registrant;

    if (!forward->is_from_ue || !sip_registrant_read(message, &registrant))
        return 400;
    int status = sip_cscf_entry(proxy, forward);

    if (status != 0)
        return status;
    struct sip_user *user = sip_user_make(proxy, registrant.public_identity);

    if (!user || !sip_user_keep(user->security_client, sizeof(user->security_client),
                                sip_value(message, SIP_HEADER_SECURITY_CLIENT)))
        return 513;
    if (span_equal_nocase(sip_value(message, SIP_HEADER_REQUIRE), SPAN("sec-agree")))
        forward->drops |= sip_drop(SIP_HEADER_REQUIRE);
    forward->drops |= sip_drop(SIP_HEADER_AUTHORIZATION) | sip_drop(SIP_HEADER_SECURITY_CLIENT) |
                      sip_drop(SIP_HEADER_SECURITY_VERIFY) | sip_drop(SIP_HEADER_PROXY_REQUIRE) |
                      sip_drop(SIP_HEADER_P_VISITED_NETWORK_ID) | sip_drop(SIP_HEADER_P_CHARGING_VECTOR) |
                      sip_drop(SIP_HEADER_P_ASSERTED_IDENTITY) | sip_drop(SIP_HEADER_P_PREFERRED_IDENTITY);
    add_path(proxy, &forward->added);
    add_credentials(user, &registrant, &forward->added);
    forward->hop = forward->i_cscf;
    return 0;
}

static bool read_key(struct span hex, uint8_t key[SIP_KEY_SIZE])
{
    if (hex.size != 2 * SIP_KEY_SIZE)
        return false;
    for (size_t i = 0; i < hex.size; i++) {
        size_t digit = span_find_byte(SPAN("0123456789abcdef"), (char)(hex.data[i] | 0x20));

        if (digit == 16)
            return false;
        key[i / 2] = (uint8_t)(i % 2 == 0 ? digit << 4 : key[i / 2] | digit);
    }
    return true;
}

/* Section 5.2.2.1, the 401: the keys stay here, and Security-Server goes along. Nothing else of the head changes. */
static void pass_challenge(struct sip_proxy *proxy, struct sip_user *user, const struct sip_line *line)
{
    const char *server = user->security_client[0] ? proxy->config.registrar->security_server : NULL;
    struct sink *sink = &proxy->scratch;
    struct span written = sink_written(sink);
    size_t at = span_find(written, line->whole);
    char text[SIP_HEAD_SIZE_MAX];
    struct sink changed = SINK(text);
    struct sip_auth auth;

    if (sip_auth_parse(line->value, &auth) != ERR_OK || at == written.size)
        return;
    user->has_keys = read_key(auth.ck, user->ck) && read_key(auth.ik, user->ik);
    auth.ck = auth.ik = (struct span){"", 0};
    sink_span(&changed, (struct span){written.data, at});
    sink_span(&changed, SPAN("WWW-Authenticate: "));
    sip_auth_write_challenge(&changed, &auth);
    sink_span(&changed, SPAN("\r\n"));
    if (server)
        sip_write_line(&changed, "Security-Server", span_of(server));
    sink_span(&changed, span_after(written, at + line->whole.size));
    sink->size = 0;
    sink->overflow = changed.overflow;
    sink_span(sink, sink_written(&changed));
}

/* The contact that is kept; size 0: none. */
static struct span bound_contact(const struct sip_message *message)
{
    struct span contacts = sip_value(message, SIP_HEADER_CONTACT), contact;
    struct sip_address address;

    if (sip_cut_element(&contacts, &contact) != ERR_OK || sip_parse_address(contact, &address) != ERR_OK)
        return (struct span){"", 0};
    return address.uri;
}

static struct span first_route(const struct sip_message *message)
{
    struct span routes = sip_value(message, SIP_HEADER_SERVICE_ROUTE), route;
    struct sip_address address;

    if (sip_cut_element(&routes, &route) != ERR_OK || sip_parse_address(route, &address) != ERR_OK)
        return (struct span){"", 0};
    return address.uri;
}

/* Section 5.2.2.1, the 200: the Service-Route, the identities and the contact are what later requests are held to. */
static void pass_success(struct sip_proxy *proxy, struct sip_user *user, const struct sip_transaction *server,
                         const struct sip_message *message)
{
    struct span contact = bound_contact(message);
    uint32_t expires_s = sip_expires_s(message, 0);

    sip_alarm_stop(&proxy->layer.clock, &user->expiry);
    user->hop = server->hop;
    user->is_registered =
        contact.size > 0 && expires_s > 0 && sip_user_keep(user->contact, sizeof(user->contact), contact) &&
        sip_user_keep(user->route, sizeof(user->route), first_route(message)) &&
        sip_user_keep(user->identities, sizeof(user->identities), sip_value(message, SIP_HEADER_P_ASSOCIATED_URI));
    if (user->is_registered)
        sip_user_bind(user, expires_s);
}

void sip_register_response(struct sip_proxy *proxy, const struct sip_transaction *server,
                           const struct sip_incoming *response)
{
    const struct sip_message *message = &response->message;
    const struct sip_line *challenge = sip_line_next(message, SIP_HEADER_WWW_AUTHENTICATE, NULL);
    struct sip_registrant registrant;

    if (proxy->config.role != CSCF_P || !proxy->config.registrar || !sip_registrant_read(message, &registrant))
        return;
    struct sip_user *user = sip_user_find(proxy, registrant.public_identity);

    if (user && message->status == 401 && challenge)
        pass_challenge(proxy, user, challenge);
    else if (user && message->status >= 200 && message->status < 300)
        pass_success(proxy, user, server, message);
}

/* ---- I-CSCF ---- */

static int to_server(struct sip_proxy *proxy, struct span server, struct sip_forward *forward)
{
    if (sip_hop_of_uri(proxy->config.names, proxy->config.transport, server, &forward->hop) != ERR_OK)
        return 480;
    forward->uri = server;
    return 0;
}

/* Quoted strings lose their quotes. */
static struct span unquoted(struct span text)
{
    if (text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"')
        return (struct span){text.data + 1, text.size - 2};
    return text;
}

/* Section 5.3.1.2. */
static int route_i(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward)
{
    const struct sip_message *message = &request->message;
    struct sip_registrant registrant;

    if (!sip_registrant_read(message, &registrant))
        return 400;
    const struct sip_user *user = sip_user_find(proxy, registrant.public_identity);
    bool is_answer = registrant.auth.response.size > 0 || registrant.auth.auts.size > 0;

    if (proxy->config.registrar->asks_once && is_answer && user && user->server[0])
        return to_server(proxy, span_of(user->server), forward);
    forward->question = (struct diameter_message){
        .is_request = true,
        .command = DIAMETER_USER_AUTHORIZATION,
        .user_name = registrant.private_identity,
        .public_identity = registrant.public_identity,
        .visited_network = unquoted(sip_value(message, SIP_HEADER_P_VISITED_NETWORK_ID)),
        .authorization_type = registrant.expires_s == 0 ? DIAMETER_DEREGISTRATION : DIAMETER_REGISTRATION};
    return SIP_CSCF_ASK;
}

int sip_register_status(const struct diameter_message *answer)
{
    static const struct {
        bool is_experimental;
        uint32_t result;
        int status;
    } rows[] = {
        {false, DIAMETER_SUCCESS, 0},
        {true, DIAMETER_FIRST_REGISTRATION, 0},
        {true, DIAMETER_SUBSEQUENT_REGISTRATION, 0},
        {true, DIAMETER_UNREGISTERED_SERVICE, 0},
        {false, DIAMETER_AUTHORIZATION_REJECTED, 403},
        {true, DIAMETER_ERROR_USER_UNKNOWN, 403},
        {true, DIAMETER_ERROR_IDENTITIES_DONT_MATCH, 403},
        {true, DIAMETER_ERROR_IDENTITY_NOT_REGISTERED, 403},
        {true, DIAMETER_ERROR_AUTH_SCHEME_NOT_SUPPORTED, 403},
    };

    for (size_t i = 0; answer && i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].is_experimental == answer->is_experimental && rows[i].result == answer->result)
            return rows[i].status;
    return 480;
}

/* The first that has the capability; capability 0: any. */
static struct span choose(const struct sip_server *servers, uint32_t capability)
{
    for (; servers && servers->uri; servers++)
        if (capability == 0 || servers->capability == capability)
            return span_of(servers->uri);
    return (struct span){"", 0};
}

/* The S-CSCF that the HSS names, or one of its own choice where it only says what it must be able to. */
int sip_register_authorized(struct sip_proxy *proxy, const struct sip_incoming *request,
                            const struct diameter_message *answer, struct sip_forward *forward)
{
    int status = sip_register_status(answer);
    struct sip_registrant registrant;

    if (status != 0)
        return status;
    if (!sip_registrant_read(&request->message, &registrant))
        return 400;
    struct span server = answer->server_name;
    if (server.size == 0)
        server = choose(proxy->config.registrar->servers, answer->capability);
    if (server.size == 0)
        return 480;
    struct sip_user *user = sip_user_make(proxy, registrant.public_identity);

    if (!user || !sip_user_keep(user->server, sizeof(user->server), server))
        return 513;
    return to_server(proxy, span_of(user->server), forward);
}

/* ---- All ---- */

static int route_s(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward)
{
    (void)proxy;
    (void)request;
    (void)forward;
    return SIP_CSCF_REGISTRAR;
}

typedef int route_fn(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward);

static route_fn *const routes[] = {[CSCF_P] = route_p, [CSCF_I] = route_i, [CSCF_S] = route_s};

int sip_register_route(struct sip_proxy *proxy, const struct sip_incoming *request, struct sip_forward *forward)
{
    if (!proxy->config.registrar)
        return 405;
    int status = routes[proxy->config.role](proxy, request, forward);

    return forward->added.overflow ? 513 : status;
}
