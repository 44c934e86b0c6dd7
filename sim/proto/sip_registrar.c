/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_registrar.c - the S-CSCF as registrar (TS 24.229 section 5.4.1): vectors from the HSS, the challenge, the check
 * of the response, the profile, the binding and its end. Users are kept here for all roles.
 */
#include "sim/proto/sip_registrar.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/wire/base64.h"

enum {
    FAILURES_MAX = 2, /* wrong responses in a row: after the first a new challenge, after the second 403 */
    AWAIT_S = 240     /* reg-await-auth, TS 24.229 table 7.8.1: 4 minutes */
};

static const char scheme[] = "Digest-AKAv1-MD5";
static const struct slice no_body;

/* ---- Users ---- */

bool sip_user_keep(char *place, size_t size, struct span text)
{
    struct sink sink = {.data = place, .capacity = size};

    place[0] = '\0';
    if (text.size >= size)
        return false;
    sink_span(&sink, text);
    sink_char(&sink, '\0');
    return true;
}

struct sip_user *sip_user_find(const struct sip_proxy *proxy, struct span text)
{
    struct sip_uri uri;

    if (sip_parse_uri(text, &uri) != ERR_OK)
        return NULL;
    for (struct sip_user *user = proxy->users; user; user = user->next)
        if (span_equal_nocase(uri.bare, span_of(user->aor)))
            return user;
    return NULL;
}

struct sip_user *sip_user_make(struct sip_proxy *proxy, struct span text)
{
    struct sip_user *user = sip_user_find(proxy, text);
    struct sip_uri uri;

    if (user)
        return user;
    if (sip_parse_uri(text, &uri) != ERR_OK || uri.bare.size >= SIP_USER_URI_MAX)
        return NULL;
    user = arena_alloc(proxy->layer.pool.arena, sizeof(*user));
    user->proxy = proxy;
    bool fits = sip_user_keep(user->aor, sizeof(user->aor), uri.bare);

    check(fits);
    user->await.what = SIP_ALARM_AWAIT;
    user->expiry.what = SIP_ALARM_EXPIRY;
    user->await.owner = user->expiry.owner = user;
    user->next = proxy->users;
    proxy->users = user;
    return user;
}

bool sip_user_is_registered(const struct sip_user *user)
{
    return user->is_registered && user->proxy->layer.now_ns < user->expires_at_ns;
}

static void watch_expiry(struct sip_user *user)
{
    struct sip_layer *layer = &user->proxy->layer;

    sip_alarm_stop(&layer->clock, &user->expiry);
    if (user->proxy->config.registrar->watches_expiry)
        sip_alarm_set(&layer->clock, &user->expiry, layer->now_ns,
                      sip_long_wait_ns(user->expires_at_ns - layer->now_ns));
}

void sip_user_bind(struct sip_user *user, uint32_t expires_s)
{
    user->is_registered = true;
    user->expires_at_ns = user->proxy->layer.now_ns + expires_s * SECOND;
    watch_expiry(user);
}

const struct sip_user *sip_user_at(const struct sip_proxy *proxy, struct sip_hop hop)
{
    for (const struct sip_user *user = proxy->users; user; user = user->next)
        if (user->hop.address == hop.address && user->hop.port == hop.port && sip_user_is_registered(user))
            return user;
    return NULL;
}

bool sip_user_has_identity(const struct sip_user *user, struct span text)
{
    struct span rest = span_of(user->identities), element;
    struct sip_address address;
    struct sip_uri uri, own;

    if (sip_parse_uri(text, &uri) != ERR_OK)
        return false;
    while (rest.size > 0 && sip_cut_element(&rest, &element) == ERR_OK)
        if (sip_parse_address(element, &address) == ERR_OK && sip_parse_uri(address.uri, &own) == ERR_OK &&
            span_equal_nocase(uri.bare, own.bare))
            return true;
    return false;
}

bool sip_proxy_security(const struct sip_proxy *proxy, struct sip_hop ue, struct sip_security *security)
{
    const struct sip_registrar_config *config = proxy->config.registrar;

    for (const struct sip_user *user = proxy->users; user; user = user->next) {
        if (user->hop.address != ue.address || user->hop.port != ue.port || !user->has_keys)
            continue;
        memcpy(security->ck, user->ck, SIP_KEY_SIZE);
        memcpy(security->ik, user->ik, SIP_KEY_SIZE);
        security->client = span_of(user->security_client);
        security->server = config->security_server ? span_of(config->security_server) : (struct span){"", 0};
        return true;
    }
    return false;
}

struct span sip_proxy_profile(const struct sip_proxy *proxy, struct span aor)
{
    const struct sip_user *user = sip_user_find(proxy, aor);

    if (!user || !user->profile || !sip_user_is_registered(user))
        return (struct span){"", 0};
    return sip_buffer_span(user->profile);
}

void sip_proxy_forget(struct sip_proxy *proxy, struct span aor)
{
    struct sip_user *user = sip_user_find(proxy, aor);

    if (user)
        user->is_registered = false;
}

int sip_registrar_find(const struct sip_proxy *proxy, struct span uri, struct cscf_user *registered)
{
    const struct sip_user *user = sip_user_find(proxy, uri);

    if (!user)
        return 404;
    if (!sip_user_is_registered(user))
        return 480;
    *registered = (struct cscf_user){user->aor, user->contact, user->path[0] ? user->path : NULL};
    return 0;
}

/* ---- Questions to the HSS ---- */

static struct diameter_message question_of(const struct sip_proxy *proxy, const struct sip_user *user, uint32_t command)
{
    return (struct diameter_message){.is_request = true,
                                     .command = command,
                                     .user_name = span_of(user->private_identity),
                                     .public_identity = span_of(user->aor),
                                     .server_name = span_of(proxy->config.registrar->server)};
}

/* Multimedia-Auth (TS 29.228 section 6.3): a vector, after a resynchronisation if the UE asked for one. */
static void ask_vector(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                       const struct sip_user *user, struct span resynchronise)
{
    struct diameter_message question = question_of(proxy, user, DIAMETER_MULTIMEDIA_AUTH);

    question.auth_items = 1;
    question.auth_scheme = SPAN(scheme);
    question.authorization = resynchronise;
    sip_pending_ask(proxy, server, request, SIP_WAIT_VECTOR, &question);
}

/* Server-Assignment (section 6.1.2). */
static void ask_assignment(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                           const struct sip_user *user, enum diameter_assignment type)
{
    struct diameter_message question = question_of(proxy, user, DIAMETER_SERVER_ASSIGNMENT);

    question.assignment_type = type;
    question.is_data_available = user->profile != NULL && type == DIAMETER_ASSIGN_RE_REGISTRATION;
    sip_pending_ask(proxy, server, request, SIP_WAIT_ASSIGNMENT, &question);
}

/* The same without a request that would wait for it. */
static void tell_assignment(struct sip_proxy *proxy, struct sip_user *user, enum diameter_assignment type)
{
    user->question = question_of(proxy, user, DIAMETER_SERVER_ASSIGNMENT);
    user->question.assignment_type = type;
    struct sip_output *output = sip_layer_put(&proxy->layer, SIP_ASK);

    output->question = &user->question;
}

/* ---- Answers to the UE ---- */

static void begin_answer(struct sip_proxy *proxy, const struct sip_incoming *request, int status)
{
    proxy->scratch.size = 0;
    proxy->scratch.overflow = false;
    sip_write_answer(&proxy->scratch, request, status, sip_proxy_draw(proxy));
}

static void end_answer(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                       int status)
{
    sip_write_end(&proxy->scratch, 0);
    if (proxy->scratch.overflow)
        sip_proxy_answer(proxy, server, request, 513);
    else
        sip_server_respond(&proxy->layer, server, status, sink_written(&proxy->scratch), no_body);
}

static void write_hex(struct sink *sink, struct span bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        sink_hex(sink, (uint8_t)bytes.data[i], 2);
}

/* ---- The challenge ---- */

static bool keep_vector(struct sip_user *user, const struct diameter_message *answer)
{
    struct sink nonce = SINK(user->nonce), challenge = SINK(user->challenge);

    if (answer->authenticate.size != SIP_RAND_SIZE + SIP_AUTN_SIZE || answer->authorization.size == 0 ||
        answer->authorization.size > SIP_RES_SIZE_MAX)
        return false;
    base64_write(&nonce, answer->authenticate);
    sink_char(&nonce, '\0');
    sink_span(&challenge, answer->authenticate);
    check(!nonce.overflow && !challenge.overflow);
    user->challenge_size = challenge.size;
    memcpy(user->expected, answer->authorization.data, answer->authorization.size);
    user->expected_size = answer->authorization.size;
    return true;
}

void sip_registrar_challenge(struct sip_proxy *proxy, struct sip_transaction *server,
                             const struct sip_incoming *request, const struct diameter_message *answer)
{
    struct sip_registrant registrant;
    int status = sip_register_status(answer);
    char ck_text[2 * SIP_KEY_SIZE], ik_text[2 * SIP_KEY_SIZE];
    struct sink ck = SINK(ck_text), ik = SINK(ik_text);
    bool is_read = sip_registrant_read(&request->message, &registrant);
    struct sip_user *user = is_read ? sip_user_find(proxy, registrant.public_identity) : NULL;

    if (status != 0 || !user || !keep_vector(user, answer)) {
        sip_proxy_answer(proxy, server, request, status != 0 ? status : 500);
        return;
    }
    write_hex(&ck, answer->confidentiality_key);
    write_hex(&ik, answer->integrity_key);
    struct sip_auth challenge = {.realm = span_of(proxy->config.domain),
                                 .nonce = span_of(user->nonce),
                                 .algorithm = SPAN("AKAv1-MD5"),
                                 .qop = SPAN("auth"),
                                 .ck = sink_written(&ck),
                                 .ik = sink_written(&ik)};

    begin_answer(proxy, request, 401);
    sink_span(&proxy->scratch, SPAN("WWW-Authenticate: "));
    sip_auth_write_challenge(&proxy->scratch, &challenge);
    sink_span(&proxy->scratch, SPAN("\r\n"));
    user->is_awaited = true;
    sip_alarm_set(&proxy->layer.clock, &user->await, proxy->layer.now_ns, AWAIT_S * SECOND);
    end_answer(proxy, server, request, 401);
}

/* ---- The response ---- */

static bool is_right(const struct sip_proxy *proxy, const struct sip_user *user, const struct sip_auth *auth)
{
    char expected[SIP_DIGEST_SIZE];

    sip_digest_response(auth, SPAN("REGISTER"), (struct span){(const char *)user->expected, user->expected_size},
                        proxy->config.registrar->md5, expected);
    return span_equal(auth->response, (struct span){expected, sizeof(expected)});
}

static void stop_waiting(struct sip_proxy *proxy, struct sip_user *user)
{
    user->is_awaited = false;
    sip_alarm_stop(&proxy->layer.clock, &user->await);
}

static void refuse(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                   struct sip_user *user)
{
    user->failures = 0;
    tell_assignment(proxy, user, DIAMETER_ASSIGN_AUTHENTICATION_FAILURE);
    sip_proxy_answer(proxy, server, request, 403);
}

/* Section 5.4.1.2.3: AUTS wants a vector with another sequence number. It must be of the challenge that was sent. */
static void resynchronise(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                          struct sip_user *user, struct span auts)
{
    char bytes[SIP_RAND_SIZE + SIP_AUTS_SIZE];
    struct sink sink = SINK(bytes);

    sink_bytes(&sink, user->challenge, SIP_RAND_SIZE);
    stop_waiting(proxy, user);
    if (base64_read(auts, &sink) != ERR_OK || sink.size != sizeof(bytes))
        sip_proxy_answer(proxy, server, request, 400);
    else
        ask_vector(proxy, server, request, user, sink_written(&sink));
}

static enum diameter_assignment assignment_of(const struct sip_user *user, uint32_t expires_s)
{
    if (expires_s == 0)
        return DIAMETER_ASSIGN_USER_DEREGISTRATION;
    return sip_user_is_registered(user) ? DIAMETER_ASSIGN_RE_REGISTRATION : DIAMETER_ASSIGN_REGISTRATION;
}

/* The answer to a challenge of ours. Without response and auts the UE could not tell it from somebody else's. */
static void take_answer(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                        struct sip_user *user, const struct sip_registrant *registrant)
{
    const struct sip_auth *auth = &registrant->auth;

    if (auth->auts.size > 0) {
        resynchronise(proxy, server, request, user, auth->auts);
        return;
    }
    stop_waiting(proxy, user);
    if (auth->response.size == 0) {
        refuse(proxy, server, request, user);
    } else if (is_right(proxy, user, auth)) {
        user->failures = 0;
        ask_assignment(proxy, server, request, user, assignment_of(user, registrant->expires_s));
    } else if (++user->failures < FAILURES_MAX) {
        ask_vector(proxy, server, request, user, (struct span){"", 0});
    } else {
        refuse(proxy, server, request, user);
    }
}

void sip_registrar_take(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request)
{
    const struct sip_registrar_config *config = proxy->config.registrar;
    struct sip_registrant registrant;

    if (!sip_registrant_read(&request->message, &registrant)) {
        sip_proxy_answer(proxy, server, request, 400);
        return;
    }
    if (registrant.expires_s != 0 && registrant.expires_s < config->expires_s_min) {
        begin_answer(proxy, request, 423);
        sink_format(&proxy->scratch, "Min-Expires: %u\r\n", config->expires_s_min);
        end_answer(proxy, server, request, 423);
        return;
    }
    struct sip_user *user = sip_user_make(proxy, registrant.public_identity);

    if (!user || !sip_user_keep(user->private_identity, sizeof(user->private_identity), registrant.private_identity)) {
        sip_proxy_answer(proxy, server, request, 513);
        return;
    }
    if (user->is_awaited && span_equal(registrant.auth.nonce, span_of(user->nonce)))
        take_answer(proxy, server, request, user, &registrant);
    else
        ask_vector(proxy, server, request, user, (struct span){"", 0});
}

/* ---- The binding ---- */

/* Every <Identity> of the profile that is not barred, as name-addrs (TS 29.228 annex E). */
static bool read_identities(struct span profile, struct sink *sink)
{
    const struct span open = SPAN("<PublicIdentity>"), close = SPAN("</PublicIdentity>"), identity = SPAN("<Identity>");

    for (;;) {
        size_t start = span_find(profile, open);

        if (start == profile.size)
            return sink->size > 0 && !sink->overflow;
        profile = span_after(profile, start + open.size);
        size_t end = span_find(profile, close);
        struct span one = {profile.data, end};
        size_t at = span_find(one, identity);

        profile = span_after(profile, end);
        if (at == one.size || span_find(one, SPAN("<BarringIndication>1<")) < one.size)
            continue;
        struct span uri = span_after(one, at + identity.size);

        sink_text(sink, sink->size > 0 ? ",<" : "<");
        sink_span(sink, (struct span){uri.data, span_find_byte(uri, '<')});
        sink_char(sink, '>');
    }
}

static bool keep_profile(struct sip_proxy *proxy, struct sip_user *user, struct span profile)
{
    struct sink sink = SINK(user->identities);

    if (profile.size == 0)
        return user->profile != NULL;
    if (!read_identities(profile, &sink))
        return false;
    sink_char(&sink, '\0');
    sip_pool_release(&proxy->layer.pool, user->profile);
    user->profile = sip_pool_copy(&proxy->layer.pool, profile);
    return !sink.overflow;
}

/* Elements of all Path lines, "first>,<second" (RFC 3327 section 5.3). */
static bool keep_path(struct sip_user *user, const struct sip_message *request)
{
    struct sink sink = SINK(user->path);

    for (const struct sip_line *line = sip_line_next(request, SIP_HEADER_PATH, NULL); line;
         line = sip_line_next(request, SIP_HEADER_PATH, line)) {
        struct span rest = line->value, element;
        struct sip_address address;

        while (rest.size > 0) {
            if (sip_cut_element(&rest, &element) != ERR_OK || sip_parse_address(element, &address) != ERR_OK)
                return false;
            sink_text(&sink, sink.size > 0 ? ">,<" : "");
            sink_span(&sink, address.uri);
        }
    }
    sink_char(&sink, '\0');
    return !sink.overflow;
}

static bool keep_contact(struct sip_user *user, const struct sip_message *request)
{
    struct span contacts = sip_value(request, SIP_HEADER_CONTACT), contact;
    struct sip_address address;

    return sip_cut_element(&contacts, &contact) == ERR_OK && sip_parse_address(contact, &address) == ERR_OK &&
           sip_user_keep(user->contact, sizeof(user->contact), address.uri);
}

static void unbind(struct sip_proxy *proxy, struct sip_user *user)
{
    user->is_registered = false;
    sip_alarm_stop(&proxy->layer.clock, &user->expiry);
    sip_pool_release(&proxy->layer.pool, user->profile);
    user->profile = NULL;
}

/* Section 5.4.1.2.2F: Path as it came, Service-Route to here, the identities, and how long. */
static void write_success(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                          const struct sip_user *user, uint32_t expires_s)
{
    struct sink *sink = &proxy->scratch;

    begin_answer(proxy, request, 200);
    if (expires_s > 0) {
        for (const struct sip_line *line = sip_line_next(&request->message, SIP_HEADER_PATH, NULL); line;
             line = sip_line_next(&request->message, SIP_HEADER_PATH, line))
            sink_span(sink, line->whole);
        sink_format(sink, "Service-Route: <sip:orig@%s:%u;lr>\r\n", proxy->config.name, proxy->config.port);
        sip_write_line(sink, "P-Associated-URI", span_of(user->identities));
        sink_format(sink, "Contact: <%s>;expires=%u\r\n", user->contact, expires_s);
    }
    end_answer(proxy, server, request, 200);
}

void sip_registrar_assigned(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                            const struct diameter_message *answer)
{
    uint32_t expires_s_max = proxy->config.registrar->expires_s_max;
    struct sip_registrant registrant;
    int status = sip_register_status(answer);
    bool is_read = sip_registrant_read(&request->message, &registrant);
    struct sip_user *user = is_read ? sip_user_find(proxy, registrant.public_identity) : NULL;

    if (status != 0 || !user) {
        sip_proxy_answer(proxy, server, request, status != 0 ? status : 500);
        return;
    }
    uint32_t expires_s = registrant.expires_s < expires_s_max ? registrant.expires_s : expires_s_max;

    if (expires_s == 0) {
        unbind(proxy, user);
    } else if (!keep_profile(proxy, user, answer->user_data) || !keep_path(user, &request->message) ||
               !keep_contact(user, &request->message)) {
        sip_proxy_answer(proxy, server, request, 500);
        return;
    } else {
        sip_user_bind(user, expires_s);
    }
    write_success(proxy, server, request, user, expires_s);
}

/* ---- Alarms ---- */

void sip_registrar_ring(struct sip_proxy *proxy, struct sip_alarm *alarm)
{
    struct sip_user *user = alarm->owner;

    if (alarm->what == SIP_ALARM_AWAIT) {
        /* Section 5.4.1.2.1: the challenge is forgotten, and the HSS told so. */
        user->is_awaited = false;
        tell_assignment(proxy, user, DIAMETER_ASSIGN_AUTHENTICATION_TIMEOUT);
        return;
    }
    if (sip_user_is_registered(user)) {
        watch_expiry(user);
        return;
    }
    unbind(proxy, user);
    if (proxy->config.role == CSCF_S) /* section 5.4.1.5 */
        tell_assignment(proxy, user, DIAMETER_ASSIGN_TIMEOUT_DEREGISTRATION);
}
