/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every option of protection changes a trial as its text says, in every topology, warm and cold. Links are infinitely
 * fast unless a row says otherwise, and each operation of cryptography but sealing costs the same fixed time, so
 * that most changes are a sum.
 */
#include "sim/sec/cms.h"
#include "sim/sec/esp.h"
#include "sim/sec/tls.h"
#include "tests/sim/ims/stage.h"

enum { FILE_BYTES = 5000 };

/* Two trials: of the scenario as it was, and with the option. */
struct pair {
    struct scenario scenario; /* with the option */
    const char *arm;
    struct outcome was, is;
    int64_t rtt_ns; /* between the users, directly */
    bool is_cold, has_za;
};

static int64_t cost(enum cost_operation operation)
{
    return cost_ns(&costs, operation, FILE_BYTES);
}

/* ---- What is set, and what has to come of it ---- */

static void set_seal_at_press(struct scenario *s)
{
    s->seal_when = SEAL_AT_PRESS;
}

/* Sealing beside the INVITE hides at most itself. */
static bool hides_sealing(const struct pair *p)
{
    int64_t saved_ns = p->was.delay_ns - p->is.delay_ns;

    return saved_ns > 0 && saved_ns <= cost(COST_CMS_SEAL_RFC8591);
}

static void set_seal_before_invite(struct scenario *s)
{
    s->seal_when = SEAL_BEFORE_INVITE;
}

/* What a user agent does at the press runs beside its registration, if that is not there yet. */
static int64_t beside(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

static bool seals_first(const struct pair *p)
{
    return p->is.prepare_ns == beside(p->was.prepare_ns, cost(COST_CMS_SEAL_RFC8591));
}

static void set_hash(struct scenario *s)
{
    s->file_hash = FILE_HASH_SHA1;
}

static bool hashes_twice(const struct pair *p)
{
    return p->is.prepare_ns == beside(p->was.prepare_ns, cost(COST_SHA1)) &&
           p->is.delay_ns - p->was.delay_ns == p->is.prepare_ns - p->was.prepare_ns + cost(COST_SHA1);
}

static void set_read(struct scenario *s)
{
    s->read_ns = 123456;
}

/* To the nanosecond, and as part of the transfer. */
static bool reads_later(const struct pair *p)
{
    return p->is.delay_ns - p->was.delay_ns == 123456 && p->is.transfer_ns - p->was.transfer_ns == 123456;
}

static void set_certificate_left_out(struct scenario *s)
{
    s->certificate = 0;
}

static bool has_shorter_body(const struct pair *p)
{
    return p->is.body_bytes == cms_sealed_size(CMS_RFC8591, false, FILE_BYTES) &&
           p->was.body_bytes == cms_sealed_size(CMS_RFC8591, true, FILE_BYTES);
}

static void set_fetch(struct scenario *s)
{
    s->recipient = RECIPIENT_FETCH;
}

/* A connection and a request, if only to a host on the same switch. */
static bool waits_for_certificate(const struct pair *p)
{
    return p->is.delay_ns > p->was.delay_ns && p->is.body_bytes == p->was.body_bytes;
}

static void set_devices(struct scenario *s)
{
    s->devices = 3;
}

static bool seals_for_three(const struct pair *p)
{
    return p->is.body_bytes == cms_sealed_size_for(CMS_RFC8591, 3, true, FILE_BYTES) &&
           p->is.layer_sip_bytes > p->was.layer_sip_bytes;
}

static void set_auth_cached(struct scenario *s)
{
    s->auth = AUTH_CACHED;
}

static bool saves_auth(const struct pair *p)
{
    return p->is.prepare_ns < p->was.prepare_ns && p->is.delay_ns < p->was.delay_ns;
}

static void set_tls_12(struct scenario *s)
{
    s->tls_version = TLS_1_2;
}

static bool takes_a_round_trip_more(const struct pair *p)
{
    return p->is.delay_ns - p->was.delay_ns == p->rtt_ns;
}

static void set_tickets(struct scenario *s)
{
    s->tls_resumption = RESUMPTION_TICKET;
}

/* Flights of the one connection of TLS, from end to end. */
static uint64_t flights(const struct pair *p, bool has_tickets, bool is_resumed)
{
    struct tls_kind kind = {.version = (enum tls_version)p->scenario.tls_version,
                            .is_mutual = true,
                            .has_tickets = has_tickets,
                            .is_resumed = is_resumed};
    uint64_t bytes = 0;

    for (int flight = 0; flight < tls_flights(&kind); flight++)
        bytes += tls_flight_size(&kind, (enum tls_flight)flight);
    return bytes;
}

/* Warm, there is a ticket: no certificates in the handshake, but a client's is in the ticket, shown and given: with 1.3
 * that is longer than a handshake in full. Cold, the first handshake is in full and gives one. */
static bool resumes_if_warm(const struct pair *p)
{
    int64_t more = (int64_t)p->is.layer_tls_bytes - (int64_t)p->was.layer_tls_bytes;
    int64_t once = (int64_t)flights(p, true, !p->is_cold) - (int64_t)flights(p, false, false);
    bool saves_turn = p->scenario.tls_version == TLS_1_2 && !p->is_cold;

    return more % once == 0 && more / once >= 1 && p->was.delay_ns - p->is.delay_ns == (saves_turn ? p->rtt_ns : 0);
}

static void set_cbc(struct scenario *s)
{
    s->tls_cipher = TLS_AES_CBC_SHA;
}

static bool has_longer_records(const struct pair *p)
{
    int64_t padding_ns = p->is.delay_ns - p->was.delay_ns; /* which is opened too, a nanosecond a byte */

    return p->is.layer_tls_bytes > p->was.layer_tls_bytes && padding_ns >= 0 && padding_ns < 16;
}

static void set_gm_esp(struct scenario *s)
{
    s->signalling_gm = PROTECTION_ESP;
}

static void set_core_esp(struct scenario *s)
{
    s->signalling_core = PROTECTION_ESP;
}

static void set_za_esp(struct scenario *s)
{
    s->signalling_za = PROTECTION_ESP;
}

static bool has_esp(const struct pair *p)
{
    return p->was.layer_esp_bytes == 0 && p->is.layer_esp_bytes > 0 && p->is.delay_ns > p->was.delay_ns;
}

static bool has_esp_between_networks(const struct pair *p)
{
    return p->has_za ? has_esp(p) : p->is.layer_esp_bytes == 0 && p->is.delay_ns == p->was.delay_ns;
}

static void set_esp_gcm(struct scenario *s)
{
    s->esp_suite = ESP_AES_GCM;
}

static void set_esp_null(struct scenario *s)
{
    s->esp_suite = ESP_NULL_SHA;
}

static bool has_shorter_packets(const struct pair *p)
{
    return p->is.layer_esp_bytes > 0 && p->is.layer_esp_bytes < p->was.layer_esp_bytes;
}

static void set_nat(struct scenario *s)
{
    s->esp_nat = 1;
}

static bool has_longer_packets(const struct pair *p)
{
    return p->is.layer_esp_bytes > p->was.layer_esp_bytes;
}

static void set_gm_tls(struct scenario *s)
{
    s->signalling_gm = PROTECTION_TLS;
}

static bool has_tls(const struct pair *p)
{
    return p->was.layer_tls_bytes == 0 && p->is.layer_tls_bytes > 0 && p->is.delay_ns > p->was.delay_ns;
}

static void set_rsa(struct scenario *s)
{
    s->suite = SUITE_RFC4975_RSA;
}

static void set_3des(struct scenario *s)
{
    s->suite = SUITE_2013_3DES;
}

static bool has_body_of_suite(const struct pair *p)
{
    return p->is.body_bytes == cms_sealed_size((enum cms_suite)p->scenario.suite, true, FILE_BYTES);
}

static void set_pieces(struct scenario *s)
{
    s->seal_chunk_bytes = 1000;
}

/* Fixed costs of pieces beside one another: but for the first they hide behind a link that is slower than they are. */
static bool seals_a_piece_first(const struct pair *p)
{
    return p->is.body_bytes > p->was.body_bytes && p->is.protect_ns < p->was.protect_ns;
}

static void no_change(struct scenario *s)
{
    (void)s;
}

static const struct option {
    const char *what, *arm;
    void (*before)(struct scenario *scenario); /* of both */
    void (*set)(struct scenario *scenario);
    bool (*holds)(const struct pair *pair);
} options[] = {
    {"seal.when = at-press", "msrp-smime", no_change, set_seal_at_press, hides_sealing},
    {"seal.when = before-invite", "msrp-smime", no_change, set_seal_before_invite, seals_first},
    {"file.hash = sha-1", "msrp-smime", no_change, set_hash, hashes_twice},
    {"file.hash = sha-1, in clear", "msrp-plain", no_change, set_hash, hashes_twice},
    {"msrp.read", "msrp-plain", no_change, set_read, reads_later},
    {"msrp.read, sealed", "msrp-smime", no_change, set_read, reads_later},
    {"msrp.read, through relays", "msrp-relay", no_change, set_read, reads_later},
    {"smime.certificate = left-out", "msrp-smime", no_change, set_certificate_left_out, has_shorter_body},
    {"smime.recipient = fetch", "msrp-smime", no_change, set_fetch, waits_for_certificate},
    {"smime.suite = rfc4975-rsa", "msrp-smime", no_change, set_rsa, has_body_of_suite},
    {"smime.suite = 2013-3des", "msrp-smime", no_change, set_3des, has_body_of_suite},
    {"seal.chunk", "msrp-smime", no_change, set_pieces, seals_a_piece_first},
    {"devices = 3", "msrp-smime", no_change, set_devices, seals_for_three},
    {"auth = cached", "msrp-relay", no_change, set_auth_cached, saves_auth},
    {"tls.version = 1.2", "msrp-tls", no_change, set_tls_12, takes_a_round_trip_more},
    {"tls.resumption = ticket, 1.3", "msrp-tls", no_change, set_tickets, resumes_if_warm},
    {"tls.resumption = ticket, 1.2", "msrp-tls", set_tls_12, set_tickets, resumes_if_warm},
    {"tls.cipher = aes-cbc-sha", "msrp-tls", set_tls_12, set_cbc, has_longer_records},
    {"signalling.gm = esp", "msrp-plain", no_change, set_gm_esp, has_esp},
    {"signalling.core = esp", "msrp-plain", no_change, set_core_esp, has_esp},
    {"signalling.za = esp", "msrp-plain", no_change, set_za_esp, has_esp_between_networks},
    {"esp.suite = aes-gcm", "msrp-plain", set_gm_esp, set_esp_gcm, has_shorter_packets},
    {"esp.suite = null", "msrp-plain", set_gm_esp, set_esp_null, has_shorter_packets},
    {"esp.nat = on", "msrp-plain", set_gm_esp, set_nat, has_longer_packets},
    {"signalling.gm = tls", "msrp-plain", no_change, set_gm_tls, has_tls},
};

/* ---- Worlds ---- */

static const struct place {
    const char *what;
    int topology, breakout;
    bool has_za;
} places[] = {
    {"single-host", TOPOLOGY_SINGLE_HOST, BREAKOUT_S8HR, false},
    {"home", TOPOLOGY_HOME, BREAKOUT_S8HR, false},
    {"two-domains", TOPOLOGY_TWO_DOMAINS, BREAKOUT_S8HR, true},
    {"roaming, s8hr", TOPOLOGY_ROAMING, BREAKOUT_S8HR, true},
    {"roaming, lbo", TOPOLOGY_ROAMING, BREAKOUT_LBO, true},
};

static struct scenario world_of(const struct place *place, bool is_cold)
{
    struct scenario scenario = standard();

    scenario.topology = place->topology;
    scenario.breakout = place->breakout;
    scenario.connections = is_cold ? CONNECTIONS_COLD : CONNECTIONS_WARM;
    scenario.access.rate_bps = scenario.core.rate_bps = scenario.site.rate_bps = scenario.za.rate_bps =
        scenario.s8.rate_bps = 0;
    return scenario;
}

static bool try_option(const struct option *option, const struct place *place, bool is_cold)
{
    struct pair pair = {
        .scenario = world_of(place, is_cold), .arm = option->arm, .is_cold = is_cold, .has_za = place->has_za};
    struct sim_ways ways;
    struct note note = {{0}};

    option->before(&pair.scenario);
    CU_ASSERT_EQUAL_FATAL(sim_ways(&pair.scenario, arena, &ways, &note), ERR_OK);
    pair.rtt_ns = 2 * ways.direct_ns;
    pair.was = run(&pair.scenario, option->arm, FILE_BYTES, NULL);
    option->set(&pair.scenario);
    pair.is = run(&pair.scenario, option->arm, FILE_BYTES, NULL);
    return pair.was.end == OUTCOME_DELIVERED && pair.is.end == OUTCOME_DELIVERED && option->holds(&pair);
}

static void every_option_changes_every_world_as_it_says(void)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
        for (size_t at = 0; at < sizeof(places) / sizeof(*places); at++)
            for (int is_cold = 0; is_cold < 2; is_cold++) {
                bool holds = try_option(&options[i], &places[at], is_cold == 1);

                CU_ASSERT(holds);
                if (!holds)
                    fprintf(stderr, "%s, %s, %s\n", options[i].what, places[at].what, is_cold ? "cold" : "warm");
            }
}

static void every_arm_delivers_in_every_world(void)
{
    for (const struct arm *arm = arms; arm->name; arm++)
        for (size_t at = 0; at < sizeof(places) / sizeof(*places); at++)
            for (int is_cold = 0; is_cold < 2; is_cold++) {
                struct scenario scenario = world_of(&places[at], is_cold == 1);
                int end = run(&scenario, arm->name, FILE_BYTES, NULL).end;

                CU_ASSERT_EQUAL(end, OUTCOME_DELIVERED);
                if (end != OUTCOME_DELIVERED)
                    fprintf(stderr, "%s, %s, %s\n", arm->name, places[at].what, is_cold ? "cold" : "warm");
            }
}

/* ---- TLS ---- */

/* First flights, by whom and how long. */
struct greetings {
    size_t count;
    uint64_t bytes[8];
};

static void tap_greeting(void *context, const struct sim_message *message)
{
    struct greetings *seen = context;

    if (strcmp(message->protocol, "TLS") == 0 && span_equal(message->label, SPAN("ClientHello")) && seen->count < 8)
        seen->bytes[seen->count++] = message->bytes;
}

/* A second connection to the same peer, before and after the first one's ticket has come: with 1.2 it comes with the
 * handshake, with 1.3 a round trip of 60 ms behind the client's Finished and first data. */
static void who_has_connected_before_resumes(void)
{
    for (int version = TLS_1_3; version <= TLS_1_2; version++)
        for (int i = 0; i < 4; i++) {
            bool is_cold = i % 2 == 1, is_late = i / 2 == 1;
            struct scenario scenario = world_of(&places[1], is_cold);
            struct greetings seen = {0};
            struct sim_tap tap = {.context = &seen, .message = tap_greeting};
            struct tls_kind first = {.version = (enum tls_version)version,
                                     .is_mutual = true,
                                     .has_tickets = true,
                                     .is_resumed = !is_cold},
                            second = first;

            second.is_resumed = !is_cold || is_late || version == TLS_1_2;
            scenario.tls_version = version;
            scenario.tls_resumption = RESUMPTION_TICKET;
            scenario.second_after_ns = is_late ? 200 * MS : 20 * MS;
            scenario.access.rate_bps = 1000000;
            CU_ASSERT_EQUAL(run(&scenario, "msrp-tls", 100000, &tap).end, OUTCOME_DELIVERED);
            CU_ASSERT_EQUAL_FATAL(seen.count, 2);
            CU_ASSERT_EQUAL(seen.bytes[0], tls_flight_size(&first, TLS_CLIENT_HELLO));
            CU_ASSERT_EQUAL(seen.bytes[1], tls_flight_size(&second, TLS_CLIENT_HELLO));
        }
}

static const struct sim_tap wants_bytes = {.wants_bytes = true};

/* Kinds of connections in every arm that has any: real flights and records have the sizes that were counted. */
static void real_bytes_of_tls_change_no_number(void)
{
    static const int kinds[][2] = {{TLS_1_3, TLS_AES_GCM}, {TLS_1_2, TLS_AES_GCM}, {TLS_1_2, TLS_AES_CBC_SHA}};

    for (const struct arm *arm = arms; arm->name; arm++)
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
            for (int is_cold = 0; is_cold < 2; is_cold++) {
                struct scenario scenario = world_of(&places[1], is_cold == 1);

                if (arm->hop == HOP_NONE && arm->body != BODY_TLS)
                    continue;
                scenario.access.rate_bps = 20000000;
                scenario.signalling_gm = PROTECTION_TLS;
                scenario.tls_version = kinds[i][0];
                scenario.tls_cipher = kinds[i][1];
                scenario.tls_resumption = RESUMPTION_TICKET;
                struct outcome sizes = run(&scenario, arm->name, 30000, NULL);
                struct outcome bytes = run(&scenario, arm->name, 30000, &wants_bytes);

                bytes.events = sizes.events;
                CU_ASSERT_EQUAL(sizes.end, OUTCOME_DELIVERED);
                CU_ASSERT_EQUAL(sizes.delay_ns, bytes.delay_ns);
                CU_ASSERT_EQUAL(sizes.wire_bytes, bytes.wire_bytes);
                CU_ASSERT_EQUAL(sizes.layer_tls_bytes, bytes.layer_tls_bytes);
            }
}

int main(void)
{
    const struct unit_test tests[] = {
        {"every option changes every world as it says", every_option_changes_every_world_as_it_says},
        {"every arm delivers in every world", every_arm_delivers_in_every_world},
        {"who has connected before resumes", who_has_connected_before_resumes},
        {"real bytes of TLS change no number", real_bytes_of_tls_change_no_number},
        {NULL, NULL},
    };

    stage_open((struct party_set_config){.with_rsa = true, .bob_others = 2}, 0, 1);
    costs.costs[COST_CMS_SEAL_RFC8591].fixed_ns = 400 * MS; /* more than any round trip */
    int status = unit_run("options", tests);

    stage_close();
    return status;
}
