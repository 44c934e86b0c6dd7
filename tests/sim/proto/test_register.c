/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/sim/proto/register_lab.h"

/* Lasts longer than any transaction but not as long as a registration. */
#define A_WHILE (600 * SECOND)

static struct lab *registered_lab(void)
{
    struct lab *lab = lab_create(NULL);

    lab_register(lab);
    lab_run(lab, A_WHILE);
    CU_ASSERT_EQUAL(lab->told, SIP_REGISTERED);
    CU_ASSERT_TRUE(sip_ua_is_registered(lab->ua));
    return lab;
}

/* RFC 2617 section 3.5. */
static void the_digest_is_the_rfcs(void)
{
    const struct sip_auth auth = {.username = SPAN("Mufasa"),
                                  .realm = SPAN("testrealm@host.com"),
                                  .nonce = SPAN("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
                                  .uri = SPAN("/dir/index.html"),
                                  .qop = SPAN("auth"),
                                  .nc = SPAN("00000001"),
                                  .cnonce = SPAN("0a4f113b")};
    char response[SIP_DIGEST_SIZE];

    sip_digest_response(&auth, SPAN("GET"), SPAN("Circle Of Life"), lab_md5, response);
    CU_ASSERT(memcmp(response, "6629fae49393a05397450978507c4ef1", sizeof(response)) == 0);
}

/* TS 24.229 sections 5.1.1.2 to 5.4.1.2, TS 29.228 section 6.1: who says what to whom, in this order. */
static void a_ue_registers(void)
{
    static const struct {
        const char *kind;
        enum lab_node from, to;
    } flow[] = {{"REGISTER", UE, P},    {"REGISTER", P, I},      {"REGISTER", I, S},     {"REGISTER/401", S, I},
                {"REGISTER/401", I, P}, {"REGISTER/401", P, UE}, {"REGISTER", UE, P},    {"REGISTER", P, I},
                {"REGISTER", I, S},     {"REGISTER/200", S, I},  {"REGISTER/200", I, P}, {"REGISTER/200", P, UE}};
    static const uint32_t questions[] = {DIAMETER_USER_AUTHORIZATION, DIAMETER_MULTIMEDIA_AUTH,
                                         DIAMETER_USER_AUTHORIZATION, DIAMETER_SERVER_ASSIGNMENT};
    struct lab *lab = registered_lab();

    CU_ASSERT_EQUAL(lab->count, sizeof(flow) / sizeof(flow[0]));
    for (size_t i = 0; i < sizeof(flow) / sizeof(flow[0]) && i < lab->count; i++) {
        CU_ASSERT_STRING_EQUAL(lab->log[i].kind, flow[i].kind);
        CU_ASSERT_EQUAL(lab->log[i].from, (int)flow[i].from);
        CU_ASSERT_EQUAL(lab->log[i].to, (int)flow[i].to);
    }
    CU_ASSERT_EQUAL(lab->asked, 4);
    for (size_t i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(lab->questions[i].command, questions[i]);
        CU_ASSERT_STRING_EQUAL(lab->questions[i].user, "alice@open-ims.test");
        CU_ASSERT_STRING_EQUAL(lab->questions[i].identity, "sip:alice@open-ims.test");
    }
    CU_ASSERT_STRING_EQUAL(lab->questions[0].network, "open-ims.test");
    CU_ASSERT_STRING_EQUAL(lab->questions[1].server, lab->servers[0].uri);
    CU_ASSERT_EQUAL(lab->questions[3].type, DIAMETER_ASSIGN_REGISTRATION);
    lab_destroy(lab);
}

static void each_adds_and_takes_what_it_must(void)
{
    struct lab *lab = registered_lab();
    const struct lab_message *first = lab_find(lab, "REGISTER", UE, 1), *from_p = lab_find(lab, "REGISTER", P, 1);
    const struct lab_message *from_i = lab_find(lab, "REGISTER", I, 1), *second = lab_find(lab, "REGISTER", UE, 2);
    const struct lab_message *challenge = lab_find(lab, "REGISTER/401", S, 1);
    const struct lab_message *done = lab_find(lab, "REGISTER/200", P, 1);

    /* Section 5.1.1.2.2: the first is empty but for who asks. */
    CU_ASSERT(lab_has(first, "REGISTER sip:open-ims.test SIP/2.0\r\n"));
    CU_ASSERT(lab_has(first, "nonce=\"\",uri=\"sip:open-ims.test\",response=\"\""));
    /* Section 5.2.2.1 */
    CU_ASSERT(lab_has(from_p, "\r\nPath: <sip:term@pcscf.open-ims.test:4060;lr>\r\nRequire: path\r\n"));
    CU_ASSERT(lab_has(from_p, "\r\nP-Visited-Network-ID: \"open-ims.test\"\r\n"));
    CU_ASSERT(lab_has(from_p, "integrity-protected=\"no\""));
    CU_ASSERT_FALSE(lab_has(from_p, "\r\nRoute:"));
    /* Section 5.3.1.2: the S-CSCF's name is the Request-URI. */
    CU_ASSERT(lab_has(from_i, "REGISTER sip:scscf.open-ims.test:6060 SIP/2.0\r\n"));
    /* Sections 5.4.1.2.1 and 5.2.2.1: keys go as far as the P-CSCF. */
    CU_ASSERT(lab_has(challenge, "algorithm=AKAv1-MD5"));
    CU_ASSERT(lab_has(challenge, "ck=\"c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5\",ik=\"1a1a"));
    CU_ASSERT(lab_has(lab_find(lab, "REGISTER/401", I, 1), "ck=\"c5"));
    CU_ASSERT_FALSE(lab_has(lab_find(lab, "REGISTER/401", P, 1), "ck="));
    CU_ASSERT_FALSE(lab_has(lab_find(lab, "REGISTER/401", P, 1), "ik="));
    CU_ASSERT(lab_has(lab_find(lab, "REGISTER/401", P, 1), "algorithm=AKAv1-MD5"));
    /* RFC 3261 section 10.2.4: the same Call-ID, CSeq one higher. */
    CU_ASSERT(lab_has(first, "CSeq: 1 REGISTER") && lab_has(second, "CSeq: 2 REGISTER"));
    /* Section 5.4.1.2.2F: barred identities are not told. */
    CU_ASSERT(lab_has(done, "\r\nPath: <sip:term@pcscf.open-ims.test:4060;lr>\r\n"));
    CU_ASSERT(lab_has(done, "\r\nService-Route: <sip:orig@scscf.open-ims.test:6060;lr>\r\n"));
    CU_ASSERT(lab_has(done, "\r\nP-Associated-URI: <sip:alice@open-ims.test>,<tel:+491711234567>\r\n"));
    CU_ASSERT(lab_has(done, "\r\nContact: <sip:alice@192.168.80.1:5060>;expires=600000\r\n"));
    lab_destroy(lab);
}

static void send_message(struct lab *lab)
{
    struct sip_ua_message message = {.target = "sip:bob@elsewhere.test"};

    sip_ua_message(lab->ua, lab->now_ns, &message, lab->outbox);
    lab_do(lab, UE);
}

/* RFC 3608 section 6.1, TS 24.229 section 5.2.6.3. */
static void requests_follow_the_service_route_and_are_held_to_it(void)
{
    struct lab *lab = registered_lab();
    struct lab_message forged;

    send_message(lab);
    lab_run(lab, lab->now_ns + 10 * MS);
    const struct lab_message *sent = lab_find(lab, "MESSAGE", UE, 1);

    CU_ASSERT(lab_has(sent, "\r\nRoute: <sip:mo@pcscf.open-ims.test:4060;lr>\r\n"
                            "Route: <sip:orig@scscf.open-ims.test:6060;lr>\r\n"));
    CU_ASSERT_PTR_NOT_NULL(lab_find(lab, "MESSAGE", P, 1));
    CU_ASSERT(lab_has(lab_find(lab, "MESSAGE", P, 1), "P-Asserted-Identity: <sip:alice@open-ims.test>"));
    CU_ASSERT_PTR_NOT_NULL(lab_find(lab, "MESSAGE", S, 1));

    /* Another S-CSCF than its own. */
    forged = *sent;
    char *at = strstr(forged.text, "orig@scscf"), *branch = strstr(forged.text, "z9hG4bK");

    CU_ASSERT_FATAL(at != NULL && branch != NULL);
    memcpy(at, "orig@other", 10);
    branch[10] ^= 1;
    lab_deliver(lab, &forged);
    CU_ASSERT_PTR_NOT_NULL(lab_find(lab, "MESSAGE/400", P, 1));
    lab_destroy(lab);
}

static void who_is_not_registered_gets_nowhere(void)
{
    struct lab *lab = registered_lab(), *fresh = lab_create(NULL);

    send_message(lab);
    const struct lab_message *sent = lab_find(lab, "MESSAGE", UE, 1);
    struct lab_message copy = *sent;

    lab_deliver(fresh, &copy);
    CU_ASSERT_PTR_NOT_NULL(lab_find(fresh, "MESSAGE/403", P, 1));
    lab_destroy(lab);
    lab_destroy(fresh);
}

/* Another identity than those of the registration is not vouched for (section 5.2.6.3.3). */
static void only_registered_identities_are_asserted(void)
{
    struct lab *lab = registered_lab();

    send_message(lab);
    struct lab_message other = *lab_find(lab, "MESSAGE", UE, 1);
    char *at = strstr(other.text, "P-Preferred-Identity: <sip:alice"), *branch = strstr(other.text, "z9hG4bK");

    CU_ASSERT_FATAL(at != NULL && branch != NULL);
    memcpy(at, "P-Preferred-Identity: <sip:carol", 32);
    branch[10] ^= 1;
    lab_deliver(lab, &other);
    const struct lab_message *passed = lab_find(lab, "MESSAGE", P, 1);

    CU_ASSERT(lab_has(passed, "P-Asserted-Identity: <sip:alice@open-ims.test>"));
    lab_destroy(lab);
}

static void deliver_to_alice(struct lab *lab, int number)
{
    struct lab_message message = {.from = I, .to = S};
    struct sink sink = SINK(message.text);

    sink_format(&sink,
                "MESSAGE sip:alice@open-ims.test SIP/2.0\r\nVia: SIP/2.0/UDP "
                "icscf.open-ims.test:5060;branch=z9hG4bK%08d\r\nMax-Forwards: 60\r\n"
                "Route: <sip:term@scscf.open-ims.test:6060;lr>\r\nFrom: <sip:bob@elsewhere.test>;tag=1\r\n"
                "To: <sip:alice@open-ims.test>\r\nCall-ID: %d\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
                number, number);
    message.size = sink.size;
    lab_deliver(lab, &message);
}

/* RFC 3327 section 5.3. */
static void requests_for_the_user_take_the_path(void)
{
    struct lab *lab = registered_lab();

    deliver_to_alice(lab, 1);
    lab_run(lab, lab->now_ns + 100 * MS);
    const struct lab_message *from_s = lab_find(lab, "MESSAGE", S, 1), *from_p = lab_find(lab, "MESSAGE", P, 1);

    CU_ASSERT(lab_has(from_s, "MESSAGE sip:alice@192.168.80.1:5060 SIP/2.0\r\n"));
    CU_ASSERT(lab_has(from_s, "\r\nRoute: <sip:term@pcscf.open-ims.test:4060;lr>\r\n"));
    CU_ASSERT_FATAL(from_p != NULL);
    CU_ASSERT_EQUAL(from_p->to, UE);
    CU_ASSERT_EQUAL(lab->tellings[SIP_MESSAGE_RECEIVED], 1);
    lab_destroy(lab);
}

/* Section 5.4.1.2.3: another challenge first, then 403; the HSS hears of it (TS 29.228 section 6.1.2.1). */
static void a_wrong_response_is_challenged_again_then_refused(void)
{
    struct lab *lab = lab_create(NULL);

    lab->res_is_wrong = true;
    lab_register(lab);
    lab_run(lab, A_WHILE);
    CU_ASSERT_EQUAL(lab->told, SIP_REGISTRATION_REFUSED);
    CU_ASSERT_EQUAL(lab->status, 403);
    CU_ASSERT_PTR_NOT_NULL(lab_find(lab, "REGISTER/401", S, 2));
    CU_ASSERT_PTR_NULL(lab_find(lab, "REGISTER/401", S, 3));
    CU_ASSERT_EQUAL(lab_count(lab, DIAMETER_SERVER_ASSIGNMENT, DIAMETER_ASSIGN_AUTHENTICATION_FAILURE), 1);
    CU_ASSERT_EQUAL(lab_count(lab, DIAMETER_SERVER_ASSIGNMENT, DIAMETER_ASSIGN_REGISTRATION), 0);
    CU_ASSERT_FALSE(sip_ua_is_registered(lab->ua));
    lab_destroy(lab);
}

/* The response is checked against the nonce of the challenge: one of another challenge gets a new one. */
static void a_response_to_another_challenge_does_not_serve(void)
{
    struct lab *lab = registered_lab();
    struct lab_message again = *lab_find(lab, "REGISTER", I, 2);
    char *branch = strstr(again.text, "z9hG4bK");

    CU_ASSERT_FATAL(branch != NULL);
    branch[10] ^= 1;
    size_t asked = lab->asked;

    lab_deliver(lab, &again);
    CU_ASSERT_EQUAL(lab->asked, asked + 1);
    CU_ASSERT_EQUAL(lab->questions[asked].command, DIAMETER_MULTIMEDIA_AUTH);
    CU_ASSERT_PTR_NOT_NULL(lab_find(lab, "REGISTER/401", S, 2));
    lab_destroy(lab);
}

/* Section 5.1.1.5.3: no response to a network that is not one's own. */
static void a_challenge_from_elsewhere_gets_no_response(void)
{
    struct lab *lab = lab_create(NULL);

    lab->autn[0] = 2;
    lab_register(lab);
    lab_run(lab, A_WHILE);
    CU_ASSERT(lab_has(lab_find(lab, "REGISTER", UE, 2), "response=\"\""));
    CU_ASSERT_FALSE(lab_has(lab_find(lab, "REGISTER", UE, 2), "auts"));
    CU_ASSERT_EQUAL(lab->told, SIP_REGISTRATION_REFUSED);
    CU_ASSERT_EQUAL(lab->status, 403);
    lab_destroy(lab);
}

/* RFC 3310 section 3.4, TS 29.228 section 6.3.1. */
static void a_stale_sequence_number_is_resynchronised(void)
{
    struct lab *lab = lab_create(NULL);

    memcpy(lab->autn, "\003\001", 2);
    lab_register(lab);
    lab_run(lab, A_WHILE);
    CU_ASSERT(lab_has(lab_find(lab, "REGISTER", UE, 2), "auts=\"U1NTU1NTU1NTU1NTU1M=\""));
    CU_ASSERT_EQUAL(lab->told, SIP_REGISTERED);
    const struct lab_question *mar = NULL;

    for (size_t i = 0; i < lab->asked; i++)
        if (lab->questions[i].authorization_size > 0)
            mar = &lab->questions[i];
    CU_ASSERT_FATAL(mar != NULL);
    CU_ASSERT_EQUAL(mar->command, DIAMETER_MULTIMEDIA_AUTH);
    CU_ASSERT_EQUAL(mar->authorization_size, SIP_RAND_SIZE + SIP_AUTS_SIZE);
    CU_ASSERT(mar->authorization[0] == 0 && mar->authorization[15] == 15 && mar->authorization[16] == 'S');
    lab_destroy(lab);
}

/* Section 5.3.1.3. */
static void the_hss_refuses(void)
{
    static const struct {
        bool is_experimental;
        uint32_t result;
        int status;
    } rows[] = {{true, DIAMETER_ERROR_USER_UNKNOWN, 403},
                {true, DIAMETER_ERROR_IDENTITIES_DONT_MATCH, 403},
                {false, DIAMETER_AUTHORIZATION_REJECTED, 403},
                {false, DIAMETER_UNABLE_TO_COMPLY, 480}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lab *lab = lab_create(NULL);

        lab->uar_result = rows[i].result;
        lab->uar_is_experimental = rows[i].is_experimental;
        lab_register(lab);
        lab_run(lab, A_WHILE);
        CU_ASSERT_EQUAL(lab->told, SIP_REGISTRATION_REFUSED);
        CU_ASSERT_EQUAL(lab->status, rows[i].status);
        CU_ASSERT_PTR_NULL(lab_find(lab, "REGISTER", I, 1));
        lab_destroy(lab);
    }
}

/* Section 5.3.1.2: a name is taken, else one is chosen by capability; nobody has capability 3. */
static void the_s_cscf_is_chosen(void)
{
    static const struct {
        bool names_server;
        uint32_t capability;
        int told;
    } rows[] = {{true, 3, SIP_REGISTERED}, {false, 1, SIP_REGISTERED}, {false, 3, SIP_REGISTRATION_REFUSED}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lab *lab = lab_create(NULL);

        lab->names_server = rows[i].names_server;
        lab->capability = rows[i].capability;
        lab_register(lab);
        lab_run(lab, A_WHILE);
        CU_ASSERT_EQUAL(lab->told, rows[i].told);
        lab_destroy(lab);
    }
}

static void the_hss_may_be_asked_once(void)
{
    struct lab *lab = lab_create(NULL);

    lab->registrars[I].asks_once = true;
    struct sip_proxy_config config = {.role = CSCF_I,
                                      .name = lab_places[I].name,
                                      .port = lab_places[I].port,
                                      .domain = "open-ims.test",
                                      .names = lab->names,
                                      .timers = sip_timers_core,
                                      .identity = 9,
                                      .registrar = &lab->registrars[I]};

    lab->proxies[I] = sip_proxy_create(lab->arena, &config);
    lab_register(lab);
    lab_run(lab, A_WHILE);
    CU_ASSERT_EQUAL(lab->told, SIP_REGISTERED);
    CU_ASSERT_EQUAL(lab->asked, 3);
    CU_ASSERT_EQUAL(lab_count(lab, DIAMETER_USER_AUTHORIZATION, DIAMETER_REGISTRATION), 1);
    lab_destroy(lab);
}

/* RFC 3261 section 17.1.2.2 with T1 of Gm (TS 24.229 table 7.7.1). */
static void a_dead_network_is_given_up_after_128_s(void)
{
    static const int64_t instants_s[] = {0, 2, 6, 14, 30, 46, 62, 78, 94, 110, 126};
    struct lab *lab = lab_create(NULL);

    lab->is_cut = true;
    lab_register(lab);
    lab_run(lab, 128 * SECOND - 1);
    CU_ASSERT_EQUAL(lab->count, sizeof(instants_s) / sizeof(instants_s[0]));
    for (size_t i = 0; i < lab->count; i++)
        CU_ASSERT_EQUAL(lab->log[i].at_ns, instants_s[i] * SECOND);
    CU_ASSERT_EQUAL(lab->tellings[SIP_REGISTRATION_REFUSED], 0);
    lab_run(lab, 128 * SECOND);
    CU_ASSERT_EQUAL(lab->told, SIP_REGISTRATION_REFUSED);
    CU_ASSERT_EQUAL(lab->status, 408);
    lab_destroy(lab);
}

static void a_silent_hss_lets_the_ue_give_up(void)
{
    struct lab *lab = lab_create(NULL);

    lab->is_silent = true;
    lab_register(lab);
    lab_run(lab, A_WHILE);
    CU_ASSERT_EQUAL(lab->told, SIP_REGISTRATION_REFUSED);
    CU_ASSERT_EQUAL(lab->status, 408);
    lab_destroy(lab);
}

/* Whichever message is lost or doubled, the registration comes about, and nothing is asked in vain. */
static void one_accident_is_survived(void)
{
    for (uint64_t number = 1; number <= 12; number++)
        for (int is_lost = 0; is_lost < 2; is_lost++) {
            struct lab *lab = lab_create(NULL);

            lab->lose = is_lost ? number : 0;
            lab->twice = is_lost ? 0 : number;
            lab_register(lab);
            lab_run(lab, 30 * SECOND);
            CU_ASSERT_EQUAL(lab->tellings[SIP_REGISTERED], 1);
            CU_ASSERT_EQUAL(lab->asked, 4);
            lab_destroy(lab);
        }
}

/* Table 7.8.1, reg-await-auth: 4 minutes. */
static void a_challenge_waits_four_minutes(void)
{
    struct lab *lab = lab_create(NULL);

    lab->lose = 6; /* the 401 to the UE */
    lab_register(lab);
    lab_run(lab, 10 * MS);
    lab->is_cut = true;
    lab_run(lab, A_WHILE);
    const struct lab_question *last = &lab->questions[lab->asked - 1];

    CU_ASSERT_EQUAL(last->type, DIAMETER_ASSIGN_AUTHENTICATION_TIMEOUT);
    CU_ASSERT_EQUAL(last->at_ns, lab_find(lab, "REGISTER/401", S, 1)->at_ns + 240 * SECOND);
    lab_destroy(lab);
}

/* Section 5.1.1.6, TS 29.228 section 6.1.2.1. */
static void a_ue_leaves(void)
{
    struct lab *lab = registered_lab();

    sip_ua_deregister(lab->ua, lab->now_ns, lab->outbox);
    lab_do(lab, UE);
    lab_run(lab, lab->now_ns + SECOND);
    CU_ASSERT_EQUAL(lab->told, SIP_DEREGISTERED);
    CU_ASSERT_FALSE(sip_ua_is_registered(lab->ua));
    CU_ASSERT(lab_has(lab_find(lab, "REGISTER", UE, 3), ";expires=0\r\n"));
    CU_ASSERT_EQUAL(lab_count(lab, DIAMETER_USER_AUTHORIZATION, DIAMETER_DEREGISTRATION), 2);
    CU_ASSERT_EQUAL(lab_count(lab, DIAMETER_SERVER_ASSIGNMENT, DIAMETER_ASSIGN_USER_DEREGISTRATION), 1);
    CU_ASSERT_FALSE(lab_has(lab_find(lab, "REGISTER/200", S, 2), "\r\nContact:"));
    CU_ASSERT_EQUAL(sip_proxy_profile(lab->proxies[S], SPAN("sip:alice@open-ims.test")).size, 0);
    deliver_to_alice(lab, 2);
    CU_ASSERT_PTR_NOT_NULL(lab_find(lab, "MESSAGE/480", S, 1));
    send_message(lab);
    lab_run(lab, lab->now_ns + 10 * MS);
    CU_ASSERT_PTR_NOT_NULL(lab_find(lab, "MESSAGE/403", P, 1));
    lab_destroy(lab);
}

/* Section 5.1.1.4.1: 600 s before the end; the profile is there already (TS 29.229 section 6.3.26). */
static void a_registration_is_renewed_in_time(void)
{
    struct lab *lab = registered_lab();
    int64_t since_ns = lab_find(lab, "REGISTER/200", P, 1)->at_ns + MS;

    lab_run(lab, since_ns + 599400 * SECOND - 1);
    CU_ASSERT_PTR_NULL(lab_find(lab, "REGISTER", UE, 3));
    lab_run(lab, since_ns + 599400 * SECOND + SECOND);
    const struct lab_message *third = lab_find(lab, "REGISTER", UE, 3);

    CU_ASSERT_FATAL(third != NULL);
    CU_ASSERT_EQUAL(third->at_ns, since_ns + 599400 * SECOND);
    CU_ASSERT_EQUAL(lab->tellings[SIP_REGISTERED], 2);
    CU_ASSERT_EQUAL(lab_count(lab, DIAMETER_SERVER_ASSIGNMENT, DIAMETER_ASSIGN_RE_REGISTRATION), 1);
    CU_ASSERT(lab->questions[lab->asked - 1].is_data_available);
    CU_ASSERT(sip_proxy_profile(lab->proxies[S], SPAN("sip:alice@open-ims.test")).size > 0);
    lab_destroy(lab);
}

/* Section 5.4.1.5: to the nanosecond. */
static void a_registration_ends_when_nobody_renews_it(void)
{
    struct lab *lab = registered_lab();
    int64_t bound_ns = lab_find(lab, "REGISTER/200", S, 1)->at_ns, end_ns = bound_ns + 600000 * SECOND;

    lab->is_cut = true;
    lab_run(lab, end_ns - 1);
    deliver_to_alice(lab, 3);
    CU_ASSERT_PTR_NOT_NULL(lab_find(lab, "MESSAGE", S, 1));
    CU_ASSERT_EQUAL(lab_count(lab, DIAMETER_SERVER_ASSIGNMENT, DIAMETER_ASSIGN_TIMEOUT_DEREGISTRATION), 0);
    lab_run(lab, end_ns);
    CU_ASSERT_EQUAL(lab_count(lab, DIAMETER_SERVER_ASSIGNMENT, DIAMETER_ASSIGN_TIMEOUT_DEREGISTRATION), 1);
    CU_ASSERT_EQUAL(lab->questions[lab->asked - 1].at_ns, end_ns);
    deliver_to_alice(lab, 4);
    CU_ASSERT_PTR_NOT_NULL(lab_find(lab, "MESSAGE/480", S, 1));
    lab_destroy(lab);
}

/* RFC 3261 section 10.3 step 7. */
static void too_brief_is_asked_for_again(void)
{
    struct lab *lab = lab_create(NULL);

    lab->registration.expires_s = 30;
    lab_register(lab);
    lab_run(lab, SECOND);
    CU_ASSERT(lab_has(lab_find(lab, "REGISTER/423", S, 1), "\r\nMin-Expires: 60\r\n"));
    CU_ASSERT(lab_has(lab_find(lab, "REGISTER", UE, 2), ";expires=60\r\n"));
    CU_ASSERT_EQUAL(lab->told, SIP_REGISTERED);
    lab_destroy(lab);
}

/* RFC 3329, TS 33.203 section 7.2: the agreement stays between UE and P-CSCF, and both have the same keys. */
static void security_is_agreed_on_with_the_p_cscf(void)
{
    static const char client[] = "ipsec-3gpp; alg=hmac-sha-1-96; spi-c=1111; spi-s=2222; port-c=5062; port-s=5064";
    struct lab *lab = lab_create(client);
    struct sip_security ue, p_cscf;

    CU_ASSERT_FALSE(sip_ua_security(lab->ua, &ue));
    lab_register(lab);
    lab_run(lab, SECOND);
    const struct lab_message *first = lab_find(lab, "REGISTER", UE, 1), *second = lab_find(lab, "REGISTER", UE, 2);

    CU_ASSERT_EQUAL(lab->told, SIP_REGISTERED);
    CU_ASSERT(lab_has(first, "\r\nRequire: sec-agree\r\nProxy-Require: sec-agree\r\nSecurity-Client: ipsec-3gpp"));
    CU_ASSERT_FALSE(lab_has(first, "Security-Verify"));
    for (int n = 1; n <= 2; n++) {
        const struct lab_message *passed = lab_find(lab, "REGISTER", P, n);

        CU_ASSERT_FALSE(lab_has(passed, "sec-agree") || lab_has(passed, "\r\nSecurity-"));
        CU_ASSERT(lab_has(passed, "\r\nRequire: path\r\n"));
    }
    CU_ASSERT(lab_has(lab_find(lab, "REGISTER/401", P, 1), "\r\nSecurity-Server: ipsec-3gpp; q=0.1"));
    CU_ASSERT_FALSE(lab_has(lab_find(lab, "REGISTER/401", S, 1), "Security-Server"));
    CU_ASSERT(lab_has(second, "\r\nSecurity-Verify: ipsec-3gpp; q=0.1; alg=hmac-sha-1-96\r\n"));
    CU_ASSERT(lab_has(lab_find(lab, "REGISTER", P, 2), "integrity-protected=\"yes\""));
    CU_ASSERT_FATAL(sip_ua_security(lab->ua, &ue) && sip_proxy_security(lab->proxies[P], lab_hop(UE), &p_cscf));
    CU_ASSERT(memcmp(ue.ck, p_cscf.ck, SIP_KEY_SIZE) == 0 && memcmp(ue.ik, p_cscf.ik, SIP_KEY_SIZE) == 0);
    CU_ASSERT(span_equal(ue.client, span_of(client)) && span_equal(p_cscf.client, span_of(client)));
    CU_ASSERT(span_equal(ue.server, p_cscf.server) && ue.server.size > 0);
    lab_destroy(lab);
}

/* A REGISTER with something cut out or turned around is refused or passed over; nothing breaks. */
static void damaged_registers_are_survived(void)
{
    struct lab *good = registered_lab();

    for (int n = 1; n <= 2; n++)
        for (size_t at = 0; at < lab_find(good, "REGISTER", I, n)->size; at += 3) {
            struct lab *lab = lab_create(NULL);
            struct lab_message damaged = *lab_find(good, "REGISTER", I, n);

            lab->is_wild = true;
            damaged.text[at] = (char)(damaged.text[at] ^ (at % 2 ? 1 : 0x20));
            if (span_find((struct span){damaged.text, damaged.size}, SPAN("\r\n\r\n")) < damaged.size)
                lab_deliver(lab, &damaged);
            lab_destroy(lab);
        }
    lab_destroy(good);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"the digest of RFC 2617", the_digest_is_the_rfcs},
        {"a UE registers", a_ue_registers},
        {"each node adds and takes what it must", each_adds_and_takes_what_it_must},
        {"requests follow the Service-Route and are held to it", requests_follow_the_service_route_and_are_held_to_it},
        {"who is not registered gets nowhere", who_is_not_registered_gets_nowhere},
        {"only registered identities are asserted", only_registered_identities_are_asserted},
        {"requests for the user take the Path", requests_for_the_user_take_the_path},
        {"a wrong response is challenged again, then refused", a_wrong_response_is_challenged_again_then_refused},
        {"a response to another challenge does not serve", a_response_to_another_challenge_does_not_serve},
        {"a challenge from elsewhere gets no response", a_challenge_from_elsewhere_gets_no_response},
        {"a stale sequence number is resynchronised", a_stale_sequence_number_is_resynchronised},
        {"the HSS refuses", the_hss_refuses},
        {"the S-CSCF is named or chosen", the_s_cscf_is_chosen},
        {"the HSS may be asked once", the_hss_may_be_asked_once},
        {"a dead network is given up after 128 s", a_dead_network_is_given_up_after_128_s},
        {"a silent HSS lets the UE give up", a_silent_hss_lets_the_ue_give_up},
        {"whichever message is lost or doubled, the UE registers", one_accident_is_survived},
        {"a challenge waits four minutes", a_challenge_waits_four_minutes},
        {"a UE leaves", a_ue_leaves},
        {"a registration is renewed in time", a_registration_is_renewed_in_time},
        {"a registration ends when nobody renews it", a_registration_ends_when_nobody_renews_it},
        {"what is too brief is asked for again", too_brief_is_asked_for_again},
        {"security is agreed on with the P-CSCF", security_is_agreed_on_with_the_p_cscf},
        {"damaged REGISTERs are survived", damaged_registers_are_survived},
        {NULL, NULL},
    };

    return unit_run("register", tests);
}
