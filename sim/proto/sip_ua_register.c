/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_ua_register.c - how a UE registers (TS 24.229 sections 5.1.1.2 to 5.1.1.6): REGISTER, the challenge that its USIM
 * checks, REGISTER with the answer, and from the 200 the Service-Route of every later request.
 */
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/proto/sip_ua_state.h"
#include "sim/wire/base64.h"

enum {
    CHALLENGES_MAX = 3,    /* then the UE gives up: two answers were not good enough (section 5.1.1.5.1) */
    REFRESH_BEFORE_S = 600 /* section 5.1.1.4.1: 600 s before the end, or at half time where that is under 1,200 s */
};

static struct span register_uri(struct sip_ua *ua, char *text, size_t size)
{
    struct sink sink = {.data = text, .capacity = size};

    sink_span(&sink, SPAN("sip:"));
    sink_text(&sink, ua->config.domain);
    check(!sink.overflow);
    return sink_written(&sink);
}

/* The first REGISTER says who asks and no more (section 5.1.1.2.2). */
static struct sip_auth first_credentials(struct sip_ua *ua, struct span uri)
{
    return (struct sip_auth){.username = span_of(ua->config.registration->private_identity),
                             .realm = span_of(ua->config.domain),
                             .uri = uri};
}

static void write_security(struct sip_ua *ua)
{
    struct sip_register *registration = &ua->registration;
    struct sink *sink = &ua->scratch;

    if (!ua->config.registration->security_client)
        return;
    sink_span(sink, SPAN("Require: sec-agree\r\nProxy-Require: sec-agree\r\n"));
    sip_write_line(sink, "Security-Client", span_of(ua->config.registration->security_client));
    if (registration->security_server.size > 0)
        sip_write_line(sink, "Security-Verify", registration->security_server);
}

static struct span write_register(struct sip_ua *ua)
{
    const struct sip_ua_registration *config = ua->config.registration;
    struct sip_register *registration = &ua->registration;
    struct sink *sink = &ua->scratch;
    char text[256];
    struct span uri = register_uri(ua, text, sizeof(text));
    struct span branch = sip_ua_write_top(ua, SPAN("REGISTER"), uri);
    struct sip_auth credentials = registration->credentials;

    sink_format(sink, "Route: <%s>\r\nFrom: ", config->p_cscf);
    sip_ua_write_own_uri(ua);
    sip_write_tag(sink, registration->tag);
    sink_span(sink, SPAN("\r\nTo: "));
    sip_ua_write_own_uri(ua);
    sink_span(sink, SPAN("\r\nCall-ID: "));
    sink_hex(sink, registration->call_id, 16);
    sink_format(sink, "@%s\r\nCSeq: %u REGISTER\r\nContact: ", ua->config.host, ++registration->cseq);
    sip_ua_write_contact_uri(ua);
    sink_format(sink, ";expires=%u\r\nAuthorization: ", registration->expires_s);
    if (credentials.username.size == 0)
        credentials = first_credentials(ua, uri);
    credentials.uri = uri;
    sip_auth_write_credentials(sink, &credentials);
    sink_span(sink, SPAN("\r\nSupported: path\r\n"));
    write_security(ua);
    if (ua->config.user_agent)
        sip_write_line(sink, "User-Agent", span_of(ua->config.user_agent));
    sip_write_end(sink, 0);
    return branch;
}

static void forget_challenge(struct sip_register *registration)
{
    registration->credentials = (struct sip_auth){.username = {"", 0}};
    registration->security_server = (struct span){"", 0};
    registration->challenge =
        (struct sink){.data = registration->text_challenge, .capacity = sizeof(registration->text_challenge)};
}

static void send_register(struct sip_ua *ua)
{
    struct span branch = write_register(ua);

    ua->registration.client = sip_ua_start(ua, SPAN("REGISTER"), branch, (struct slice){.length = 0});
    ua->registration.client->token = SIP_TOKEN_REGISTER;
}

static void begin(struct sip_ua *ua, enum sip_register_state state, uint32_t expires_s)
{
    struct sip_register *registration = &ua->registration;

    check(ua->config.registration != NULL);
    sip_alarm_stop(&ua->layer.clock, &registration->refresh);
    registration->client = NULL; /* the answer to an earlier one is late */
    if (registration->cseq == 0) {
        registration->call_id = sip_ua_draw(ua);
        registration->tag = sip_ua_draw(ua);
    }
    registration->state = state;
    registration->expires_s = expires_s;
    registration->challenges = 0;
    forget_challenge(registration);
    send_register(ua);
}

void sip_ua_register(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out)
{
    sip_layer_begin(&ua->layer, now_ns, out);
    begin(ua, SIP_REGISTER_TRYING, ua->config.registration->expires_s);
    sip_layer_end(&ua->layer);
}

void sip_ua_deregister(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out)
{
    sip_layer_begin(&ua->layer, now_ns, out);
    begin(ua, SIP_REGISTER_LEAVING, 0);
    sip_layer_end(&ua->layer);
}

void sip_ua_set_outbound(struct sip_ua *ua, struct sip_hop p_cscf)
{
    ua->config.p_cscf = p_cscf;
}

bool sip_ua_is_registered(const struct sip_ua *ua)
{
    return ua->registration.is_registered;
}

bool sip_ua_security(const struct sip_ua *ua, struct sip_security *security)
{
    const struct sip_register *registration = &ua->registration;
    const char *client = ua->config.registration ? ua->config.registration->security_client : NULL;

    if (!registration->has_keys)
        return false;
    memcpy(security->ck, registration->keys.ck, SIP_KEY_SIZE);
    memcpy(security->ik, registration->keys.ik, SIP_KEY_SIZE);
    security->client = client ? span_of(client) : (struct span){"", 0};
    security->server = registration->security_server;
    return true;
}

static void watch_refresh(struct sip_ua *ua)
{
    struct sip_layer *layer = &ua->layer;

    sip_alarm_set(&layer->clock, &ua->registration.refresh, layer->now_ns,
                  sip_long_wait_ns(ua->registration.refresh_at_ns - layer->now_ns));
}

void sip_ua_register_due(struct sip_ua *ua)
{
    if (ua->layer.now_ns < ua->registration.refresh_at_ns)
        watch_refresh(ua);
    else
        begin(ua, SIP_REGISTER_TRYING, ua->config.registration->expires_s);
}

/* ---- How it ends ---- */

static void tell(struct sip_ua *ua, enum sip_action action, int status, struct span head)
{
    struct sip_output *output = sip_layer_put(&ua->layer, action);

    output->status = status;
    output->head = head;
}

static void refuse(struct sip_ua *ua, int status, struct span head)
{
    ua->registration.state = SIP_REGISTER_NONE;
    ua->registration.client = NULL;
    tell(ua, SIP_REGISTRATION_REFUSED, status, head);
}

void sip_ua_register_lost(struct sip_ua *ua, struct sip_transaction *client, int status)
{
    bool is_current = client == ua->registration.client;
    struct span head = sip_layer_lend(&ua->layer, client->head ? sip_buffer_span(client->head) : SPAN("?"));

    sip_transaction_end(&ua->layer, client);
    if (is_current)
        refuse(ua, status, head);
}

/* ---- The challenge ---- */

static struct span keep(struct sip_register *registration, struct span text)
{
    size_t start = registration->challenge.size;

    sink_span(&registration->challenge, text);
    return (struct span){registration->challenge.data + start, registration->challenge.size - start};
}

static struct span keep_base64(struct sip_register *registration, struct span bytes)
{
    size_t start = registration->challenge.size;

    base64_write(&registration->challenge, bytes);
    return (struct span){registration->challenge.data + start, registration->challenge.size - start};
}

/* nonce is RAND, AUTN and, maybe, data of the server's (RFC 3310 section 3.2). */
static bool read_nonce(struct span nonce, char bytes[128])
{
    struct sink sink = {.data = bytes, .capacity = 128};

    return base64_read(nonce, &sink) == ERR_OK && sink.size >= SIP_RAND_SIZE + SIP_AUTN_SIZE;
}

static void write_response(struct sip_ua *ua, struct span password)
{
    struct sip_register *registration = &ua->registration;
    struct sip_auth *own = &registration->credentials;
    char response[SIP_DIGEST_SIZE], uri[256], number[16];
    struct sink cnonce = SINK(number);

    if (own->qop.size > 0) {
        sink_hex(&cnonce, sip_ua_draw(ua), 16);
        own->nc = SPAN("00000001");
        own->cnonce = keep(registration, sink_written(&cnonce));
    }
    own->uri = register_uri(ua, uri, sizeof(uri));
    sip_digest_response(own, SPAN("REGISTER"), password, ua->config.registration->md5, response);
    own->response = keep(registration, (struct span){response, sizeof(response)});
    own->uri = (struct span){"", 0}; /* written anew each time */
}

/* Sections 5.1.1.5.1 and 5.1.1.5.3: a good challenge gets its response; one that is not fresh gets AUTS; one that is
 * not the network's gets neither. */
static void write_answer(struct sip_ua *ua, const char bytes[128])
{
    const struct sip_ua_registration *config = ua->config.registration;
    struct sip_register *registration = &ua->registration;
    struct sip_usim_answer answer = {.res_size = 0};
    const uint8_t *rand = (const uint8_t *)bytes, *autn = rand + SIP_RAND_SIZE;

    switch (config->usim(config->usim_context, rand, autn, &answer)) {
    case SIP_USIM_GOOD:
        registration->keys = answer;
        registration->has_keys = true;
        write_response(ua, (struct span){(const char *)answer.res, answer.res_size});
        break;
    case SIP_USIM_OUT_OF_SYNC:
        registration->credentials.auts =
            keep_base64(registration, (struct span){(const char *)answer.auts, SIP_AUTS_SIZE});
        write_response(ua, (struct span){"", 0});
        break;
    case SIP_USIM_BAD_MAC:
        break;
    }
}

static void take_challenge(struct sip_ua *ua, const struct sip_incoming *response)
{
    struct sip_register *registration = &ua->registration;
    struct sip_auth challenge;
    char bytes[128];

    forget_challenge(registration);
    if (++registration->challenges > CHALLENGES_MAX ||
        sip_auth_parse(sip_value(&response->message, SIP_HEADER_WWW_AUTHENTICATE), &challenge) != ERR_OK ||
        !span_equal_nocase(challenge.algorithm, SPAN("AKAv1-MD5")) || !read_nonce(challenge.nonce, bytes)) {
        refuse(ua, response->message.status, response->head);
        return;
    }
    registration->security_server = keep(registration, sip_value(&response->message, SIP_HEADER_SECURITY_SERVER));
    registration->credentials = (struct sip_auth){.username = span_of(ua->config.registration->private_identity),
                                                  .realm = keep(registration, challenge.realm),
                                                  .nonce = keep(registration, challenge.nonce),
                                                  .algorithm = SPAN("AKAv1-MD5")};
    if (span_find(challenge.qop, SPAN("auth")) < challenge.qop.size)
        registration->credentials.qop = SPAN("auth");
    write_answer(ua, bytes);
    if (registration->challenge.overflow)
        refuse(ua, 513, response->head);
    else
        send_register(ua);
}

/* ---- The 200 ---- */

/* The Route set of later requests: the P-CSCF, then the Service-Route as it stands there (RFC 3608 section 6.1). */
static bool keep_routes(struct sip_ua *ua, const struct sip_message *response)
{
    struct sip_register *registration = &ua->registration;
    struct sink sink = SINK(registration->text_routes);
    size_t count = 0;

    registration->routes[count++] = ua->config.registration->p_cscf;
    for (const struct sip_line *line = sip_line_next(response, SIP_HEADER_SERVICE_ROUTE, NULL); line;
         line = sip_line_next(response, SIP_HEADER_SERVICE_ROUTE, line)) {
        struct span rest = line->value, element;

        while (rest.size > 0) {
            struct sip_address address;

            if (count > SIP_SERVICE_ROUTES_MAX || sip_cut_element(&rest, &element) != ERR_OK ||
                sip_parse_address(element, &address) != ERR_OK)
                return false;
            registration->routes[count++] = sink.data + sink.size;
            sink_span(&sink, address.uri);
            sink_char(&sink, '\0');
        }
    }
    registration->routes[count] = NULL;
    ua->config.routes = registration->routes;
    return !sink.overflow;
}

static void set_refresh(struct sip_ua *ua, uint32_t expires_s)
{
    uint32_t after_s = expires_s > 2 * REFRESH_BEFORE_S ? expires_s - REFRESH_BEFORE_S : expires_s / 2;

    if (!ua->config.registration->refreshes || after_s == 0)
        return;
    ua->registration.refresh_at_ns = ua->layer.now_ns + after_s * SECOND;
    watch_refresh(ua);
}

static void take_success(struct sip_ua *ua, const struct sip_incoming *response)
{
    struct sip_register *registration = &ua->registration;
    bool is_leaving = registration->state == SIP_REGISTER_LEAVING;

    if (!is_leaving && !keep_routes(ua, &response->message)) {
        refuse(ua, 513, response->head);
        return;
    }
    registration->is_registered = !is_leaving;
    registration->state = is_leaving ? SIP_REGISTER_NONE : SIP_REGISTER_DONE;
    registration->challenges = 0;
    if (!is_leaving)
        set_refresh(ua, sip_expires_s(&response->message, registration->expires_s));
    tell(ua, is_leaving ? SIP_DEREGISTERED : SIP_REGISTERED, response->message.status, response->head);
}

/* Section 5.1.1.2.1: once more with what the registrar wants at least. */
static void take_too_brief(struct sip_ua *ua, const struct sip_incoming *response)
{
    struct sip_register *registration = &ua->registration;
    uint64_t least_s;

    if (sip_parse_number(sip_value(&response->message, SIP_HEADER_MIN_EXPIRES), &least_s) != ERR_OK ||
        least_s <= registration->expires_s || least_s > UINT32_MAX) {
        refuse(ua, response->message.status, response->head);
        return;
    }
    registration->expires_s = (uint32_t)least_s;
    send_register(ua);
}

void sip_ua_register_take(struct sip_ua *ua, struct sip_transaction *client, const struct sip_incoming *response)
{
    int status = response->message.status;
    bool is_current = client == ua->registration.client;

    if (sip_client_take(&ua->layer, client, &response->message) != SIP_NEWS_FINAL || !is_current)
        return;
    ua->registration.client = NULL;
    if (status == 401)
        take_challenge(ua, response);
    else if (status == 423)
        take_too_brief(ua, response);
    else if (status >= 300)
        refuse(ua, status, response->head);
    else
        take_success(ua, response);
}
