/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole trials through the one door: what must hold in every arm and topology. */
#include "sim/base/units.h"
#include "sim/base/check.h"
#include "sim/sim.h"
#include "tests/unit.h"

static struct arena *arena;
static struct dwell_table dwells;
static struct cost_table costs;
static struct party_set parties;

static void add_dwell(enum dwell_role role, const char *kind, int64_t median_ns, unsigned includes)
{
    struct dwell_row *row = &dwells.rows[dwells.count++];
    struct sink sink = SINK(row->kind);

    *row = (struct dwell_row){.role = role,
                              .side = DWELL_ANY_SIDE,
                              .n = 10,
                              .min_ns = NONE_NS,
                              .median_ns = median_ns,
                              .p95_ns = NONE_NS,
                              .max_ns = NONE_NS,
                              .work_ns = NONE_NS,
                              .includes = includes};
    sink_text(&sink, kind);
    sink_string(&sink);
}

static void set_up(void)
{
    arena = arena_create((size_t)1 << 30);
    add_dwell(DWELL_P_CSCF, "*", 500 * US, 0);
    add_dwell(DWELL_S_CSCF, "*", 400 * US, 0);
    add_dwell(DWELL_I_CSCF, "*", 300 * US, 0);
    add_dwell(DWELL_I_CSCF, "INVITE", 6 * MS, DWELL_INCLUDES_HSS);
    add_dwell(DWELL_HSS, "LIR", 4 * MS, 0);
    add_dwell(DWELL_RELAY, "*", 117 * US, 0);
    add_dwell(DWELL_UE_A, "*", 1 * MS, 0);
    add_dwell(DWELL_UE_B, "*", 2 * MS, 0);
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs.costs[i] = (struct cost){.fixed_ns = 100 * US + i * 1000, .ns_per_byte = 1.5, .is_known = true};
    struct note note = {{0}};
    struct party_set_config config = {.server_names = sim_server_names, .with_rsa = true};

    check(party_set_init(&parties, &config, &note) == ERR_OK);
}

static struct scenario standard(void)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.topology = TOPOLOGY_HOME;
    scenario.access.rate_bps = 100000000;
    scenario.access.delay_ns = 5 * MS;
    scenario.core.rate_bps = 1000000000;
    scenario.core.delay_ns = 2 * MS;
    scenario.site.rate_bps = 1000000000;
    scenario.site.delay_ns = 1 * MS;
    scenario.za.delay_ns = 1 * MS;
    scenario.s8.delay_ns = 1 * MS;
    scenario.access.loss = scenario.core.loss = scenario.site.loss = 0;
    scenario.access.jitter_ns = scenario.core.jitter_ns = scenario.site.jitter_ns = 0;
    return scenario;
}

static struct outcome run_number(const struct scenario *scenario, const struct arm *arm, uint64_t bytes,
                                 uint64_t number, const struct sim_tap *tap)
{
    struct trial trial = {.scenario = scenario,
                          .arm = arm,
                          .dwells = &dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = bytes,
                          .number = number,
                          .tap = tap,
                          .parties = &parties};
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    struct note note = {{0}};

    enum err error = sim_run(&trial, arena, &outcome, &note);

    if (error != ERR_OK)
        printf("%s: %s\n", arm->name, note.text);
    CU_ASSERT_EQUAL(error, ERR_OK);
    return outcome;
}

static struct outcome run(const struct scenario *scenario, const struct arm *arm, uint64_t bytes)
{
    return run_number(scenario, arm, bytes, 0, NULL);
}

static struct outcome run_arm(const struct scenario *scenario, const char *name, uint64_t bytes)
{
    return run(scenario, arm_find(span_of(name)), bytes);
}

/* Field by field: what lies between them in memory is nobody's. */
static bool is_same(const struct outcome *a, const struct outcome *b)
{
    for (const struct field *field = outcome_fields; field->name; field++) {
        char text_a[FIELD_TEXT_SIZE], text_b[FIELD_TEXT_SIZE];
        struct sink sink_a = SINK(text_a), sink_b = SINK(text_b);

        field_write_csv(field, a, &sink_a);
        field_write_csv(field, b, &sink_b);
        if (!span_equal(sink_written(&sink_a), sink_written(&sink_b))) {
            printf("%s: %.*s, %.*s\n", field->name, (int)sink_a.size, text_a, (int)sink_b.size, text_b);
            return false;
        }
    }
    return true;
}

static void every_arm_delivers(void)
{
    for (int topology = 0; topology < TOPOLOGY_COUNT; topology++)
        for (int connections = 0; connections < 2; connections++)
            for (const struct arm *arm = arms; arm->name; arm++) {
                struct scenario scenario = standard();

                scenario.topology = topology;
                scenario.connections = connections;
                for (uint64_t bytes = 0; bytes < 200000; bytes = bytes * 3 + 1) {
                    struct outcome outcome = run(&scenario, arm, bytes);
                    int64_t sum = 0;

                    CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
                    for (int part = 0; part < PART_COUNT; part++) {
                        CU_ASSERT(outcome.parts_ns[part] >= 0);
                        sum += outcome.parts_ns[part];
                    }
                    CU_ASSERT_EQUAL(sum, outcome.delay_ns);
                    CU_ASSERT((outcome.setup_ns == NONE_NS) == (arm->carrier != CARRIER_MSRP));
                    CU_ASSERT((outcome.protect_ns == NONE_NS) == (arm->body != BODY_CMS));
                    CU_ASSERT_EQUAL(outcome.retransmissions, 0);
                }
            }
}

/* RFC 6135: who opens the connection changes when it stands, not what goes over it. */
static void either_side_may_open_the_connection(void)
{
    for (int topology = 0; topology < TOPOLOGY_COUNT; topology++)
        for (int connections = 0; connections < 2; connections++)
            for (const struct arm *arm = arms; arm->name; arm++) {
                struct scenario scenario = standard();
                struct outcome by_offerer, by_answerer;

                scenario.topology = topology;
                scenario.connections = connections;
                by_offerer = run(&scenario, arm, 100000);
                scenario.setup_active = SETUP_ANSWERER;
                by_answerer = run(&scenario, arm, 100000);
                CU_ASSERT_EQUAL(by_answerer.end, OUTCOME_DELIVERED);
                CU_ASSERT_EQUAL(by_answerer.body_bytes, by_offerer.body_bytes);
                CU_ASSERT_EQUAL(by_answerer.chunks, by_offerer.chunks);
                if (arm->carrier != CARRIER_MSRP || arm->path == PATH_DIRECT)
                    CU_ASSERT((by_answerer.delay_ns == by_offerer.delay_ns) == (arm->carrier != CARRIER_MSRP));
            }
}

static void one_nanosecond_more_moves_the_delay_by_the_crossings_counted(void)
{
    for (int topology = 0; topology < TOPOLOGY_COUNT; topology++)
        for (const struct arm *arm = arms; arm->name; arm++) {
            struct scenario scenario = standard();

            scenario.topology = topology;
            struct outcome before = run(&scenario, arm, 100000);

            scenario.forward_extra_ns = 1;
            struct outcome after = run(&scenario, arm, 100000);
            int64_t moved = after.delay_ns - before.delay_ns;

            CU_ASSERT(moved >= 2);
            CU_ASSERT_EQUAL(moved, after.parts_ns[PART_PROPAGATION] - before.parts_ns[PART_PROPAGATION]);
        }
}

static void a_long_file_on_a_slow_link_is_transmission(void)
{
    struct scenario scenario = standard();

    scenario.topology = TOPOLOGY_SINGLE_HOST;
    scenario.access.rate_bps = 10000000;
    scenario.access.delay_ns = 250 * US;
    struct outcome outcome = run_arm(&scenario, "msrp-plain", 10000000);

    CU_ASSERT(outcome.parts_ns[PART_TRANSMISSION] * 100 >= outcome.delay_ns * 95);
}

static void a_file_in_messages_waits_for_permission(void)
{
    struct scenario scenario = standard();
    struct outcome outcome = run_arm(&scenario, "message-plain", 100000);

    CU_ASSERT(outcome.parts_ns[PART_FEEDBACK] * 3 > outcome.delay_ns);
}

static void a_small_window_over_a_long_way_shows_as_feedback(void)
{
    struct scenario scenario = standard();

    scenario.tcp_buffer_bytes = 64 * KIB;
    scenario.access.delay_ns = 23 * MS;
    struct outcome outcome = run_arm(&scenario, "msrp-plain", 4 * MIB);

    /* 64 rounds of 100 ms, each half there and half back: what is back is feedback. */
    CU_ASSERT(outcome.delay_ns > 60 * 100 * MS);
    CU_ASSERT(outcome.parts_ns[PART_FEEDBACK] * 100 > outcome.delay_ns * 45);
}

static void the_same_number_gives_the_same_trial(void)
{
    for (const struct arm *arm = arms; arm->name; arm++) {
        struct scenario scenario = standard();

        scenario.dwell_spread = 0.5;
        scenario.access.loss = 0.01;
        struct outcome first = run_number(&scenario, arm, 50000, 7, NULL);
        struct outcome again = run_number(&scenario, arm, 50000, 7, NULL);
        struct outcome other = run_number(&scenario, arm, 50000, 8, NULL);

        CU_ASSERT(is_same(&first, &again));
        CU_ASSERT(first.delay_ns != other.delay_ns);
    }
}

static void loss_is_survived(void)
{
    for (const struct arm *arm = arms; arm->name; arm++) {
        struct scenario scenario = standard();
        uint64_t delivered = 0, again = 0;

        scenario.access.loss = 0.02;
        for (uint64_t number = 0; number < 20; number++) {
            scenario.connections = number % 2 ? CONNECTIONS_COLD : CONNECTIONS_WARM;
            scenario.topology = number % 4 < 2 ? TOPOLOGY_HOME : TOPOLOGY_SINGLE_HOST;
            struct outcome outcome = run_number(&scenario, arm, 30000, number, NULL);

            delivered += outcome.end == OUTCOME_DELIVERED;
            again += outcome.retransmissions;
        }
        CU_ASSERT(delivered >= 19);
        CU_ASSERT(again > 0);
    }
}

/* A caller who gives up while the called UE still asks its relay for AUTH leaves nothing to answer. */
static void a_network_that_loses_half_ends_every_trial_by_name(void)
{
    for (const struct arm *arm = arms; arm->name; arm++) {
        struct scenario scenario = standard();

        scenario.access.loss = 0.5;
        for (uint64_t number = 0; number < 150; number++) {
            struct outcome outcome = run_number(&scenario, arm, 3000, number, NULL);

            CU_ASSERT(outcome.end >= 0 && outcome.end < OUTCOME_END_COUNT);
            CU_ASSERT((outcome.delay_ns == NONE_NS) == (outcome.end != OUTCOME_DELIVERED));
        }
    }
}

static void warm_is_never_slower_than_cold(void)
{
    for (const struct arm *arm = arms; arm->name; arm++) {
        struct scenario warm = standard(), cold = standard();

        cold.connections = CONNECTIONS_COLD;
        CU_ASSERT(run(&warm, arm, 10000).delay_ns <= run(&cold, arm, 10000).delay_ns);
    }
}

static void sealing_early_saves_at_most_the_seal(void)
{
    struct scenario late = standard(), early = standard(), before = standard();

    early.seal_when = SEAL_AT_PRESS;
    before.seal_when = SEAL_BEFORE_INVITE;
    struct outcome a = run_arm(&late, "msrp-smime", 100000), b = run_arm(&early, "msrp-smime", 100000),
                   c = run_arm(&before, "msrp-smime", 100000);

    CU_ASSERT(b.delay_ns <= a.delay_ns);
    CU_ASSERT(a.delay_ns - b.delay_ns <= a.protect_ns);
    CU_ASSERT_EQUAL(c.prepare_ns, c.protect_ns);
}

static void tap_message(void *context, const struct sim_message *message)
{
    uint64_t *count = context;

    (void)message;
    ++*count;
}

static void tap_packet(void *context, const struct sim_packet *packet)
{
    (void)context;
    CU_ASSERT(packet->bytes.size >= 20);
}

static void real_bytes_change_no_number(void)
{
    for (int suite = 0; suite < 2; suite++)
        for (const struct arm *arm = arms; arm->name; arm++) {
            struct scenario scenario = standard();
            uint64_t messages = 0;
            struct sim_tap tap = {
                .context = &messages, .wants_bytes = true, .message = tap_message, .packet = tap_packet};

            scenario.suite = suite;
            uint64_t file_bytes = arm->carrier == CARRIER_MESSAGE ? 40000 : 1500000;
            struct outcome sizes = run(&scenario, arm, file_bytes);
            struct outcome bytes = run_number(&scenario, arm, file_bytes, 0, &tap);

            /* A watched link tells when a packet enters it: that is an event more, and nothing else. */
            bytes.events = sizes.events;
            CU_ASSERT(is_same(&sizes, &bytes));
            CU_ASSERT(messages > 5);
        }
}

static void chunks_of_2048_arrive(void)
{
    for (const struct arm *arm = arms; arm->name; arm++)
        for (uint64_t window = 0; window < 5; window += 2) {
            struct scenario scenario = standard();

            scenario.chunking = CHUNKING_2048;
            scenario.window = window;
            struct outcome outcome = run(&scenario, arm, 100000);

            CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
            if (arm->carrier == CARRIER_MSRP)
                CU_ASSERT_EQUAL(outcome.chunks, (outcome.body_bytes + 2047) / 2048);
        }
}

static void any_number_of_relays_works(void)
{
    for (uint64_t relays = 1; relays <= 6; relays++)
        for (int forwarding = 0; forwarding < 2; forwarding++) {
            struct scenario scenario = standard();

            scenario.relays = relays;
            scenario.relay_forwarding = forwarding;
            CU_ASSERT_EQUAL(run_arm(&scenario, "msrp-relay", 50000).end, OUTCOME_DELIVERED);
            if (relays <= 5)
                CU_ASSERT_EQUAL(run_arm(&scenario, "msrp-relay-plain", 50000).end, OUTCOME_DELIVERED);
        }
}

/* Dwells that are all work, on slow CPUs of one worker with the shortest queue there may be. */
static void what_came_over_a_connection_is_never_dropped_by_a_busy_host(void)
{
    struct dwell_table saved = dwells;
    struct cost_table saved_costs = costs;

    for (size_t i = 0; i < dwells.count; i++)
        dwells.rows[i].work_ns = dwells.rows[i].median_ns;
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs.costs[i].fixed_ns = 5 * MS;
    for (int topology = 0; topology < TOPOLOGY_COUNT; topology++)
        for (const struct arm *arm = arms; arm->name; arm++) {
            struct scenario scenario = standard();

            scenario.topology = topology;
            scenario.chunking = CHUNKING_2048;
            scenario.cpu_workers = 1;
            scenario.cpu_queue = 16;
            scenario.relays = 5;
            CU_ASSERT_EQUAL(run(&scenario, arm, 100000).end, OUTCOME_DELIVERED);
        }
    dwells = saved;
    costs = saved_costs;
}

/* The one CPU is busy with a handshake of the relay when the INVITE comes to the I-CSCF. */
static void a_dwell_that_includes_the_hss_begins_when_its_work_does(void)
{
    struct dwell_table saved = dwells;
    struct cost_table saved_costs = costs;
    struct scenario scenario = standard();
    int64_t setup_ns[2];

    scenario.topology = TOPOLOGY_SINGLE_HOST;
    scenario.auth = AUTH_CACHED;
    scenario.cpu_workers = 1;
    costs.costs[COST_TLS13_SERVER].fixed_ns = 60 * MS;
    for (int i = 0; i < 2; i++) {
        for (size_t row = 0; row < dwells.count; row++)
            if (dwells.rows[row].includes & DWELL_INCLUDES_HSS) {
                dwells.rows[row].median_ns = (12 + 5 * i) * MS;
                dwells.rows[row].work_ns = 2 * MS;
            }
        setup_ns[i] = run_arm(&scenario, "msrp-relay", 1000).setup_ns;
    }
    CU_ASSERT_EQUAL(setup_ns[1] - setup_ns[0], 5 * MS);
    dwells = saved;
    costs = saved_costs;
}

/* The first SYN of a back-to-back user agent's session is that of its last leg, when the answer passes there. */
static void connect_ends_when_the_last_leg_stands(void)
{
    for (int topology = 0; topology < TOPOLOGY_COUNT; topology++)
        for (int connections = 0; connections < 2; connections++)
            for (uint64_t relays = 1; relays <= 5; relays++) {
                struct scenario scenario = standard();

                scenario.topology = topology;
                scenario.connections = connections;
                scenario.relays = relays;
                struct outcome b2bua = run_arm(&scenario, "msrp-relay-plain", 1000);
                struct outcome relay = run_arm(&scenario, "msrp-relay", 1000);
                struct outcome direct = run_arm(&scenario, "msrp-plain", 1000);

                CU_ASSERT(direct.connect_ns > 20 * MS && direct.connect_ns < 60 * MS);
                /* The answer still has to travel to UE-A, whose leg is the last to be opened. */
                CU_ASSERT(b2bua.connect_ns > 20 * MS && b2bua.connect_ns < b2bua.setup_ns);
                CU_ASSERT(relay.connect_ns > 20 * MS && relay.connect_ns < relay.delay_ns);
            }
}

/* IP bytes that the last relay has taken and not passed on. */
struct backlog {
    int64_t now, most;
};

static void tap_backlog(void *context, const struct sim_packet *packet)
{
    struct backlog *backlog = context;

    if (packet->event == SIM_PACKET_RECEIVED && span_equal(span_of(packet->to), SPAN("relay-2")))
        backlog->now += (int64_t)packet->bytes.size;
    if (packet->event == SIM_PACKET_SENT && span_equal(span_of(packet->from), SPAN("relay-2")))
        backlog->now -= (int64_t)packet->bytes.size;
    if (backlog->now > backlog->most)
        backlog->most = backlog->now;
}

/* Losses make the next leg the slower one now and then. */
static void a_full_next_leg_stops_the_reading_of_the_one_before(void)
{
    const char *const names[] = {"msrp-relay", "msrp-relay-plain"};
    struct scenario scenario = standard();

    scenario.access.loss = 0.01;
    scenario.tcp_buffer_bytes = 64 * KIB;
    for (int i = 0; i < 2; i++) {
        int64_t most = 0;

        for (uint64_t number = 0; number < 4; number++) {
            struct backlog backlog = {0, 0};
            struct sim_tap tap = {.context = &backlog, .packet = tap_backlog};

            run_number(&scenario, arm_find(span_of(names[i])), 2 * MIB, number, &tap);
            most = backlog.most > most ? backlog.most : most;
        }
        /* TCP's two buffers, the relay's own, the TLS records and messages between them. */
        CU_ASSERT(most < 7 * 64 * KIB);
    }
}

/* Layers are all of what arrived; what is on its way when the trial ends is a packet or two. */
static void layers_add_up_to_the_wire(void)
{
    struct scenario scenario = standard();

    for (const struct arm *arm = arms; arm->name; arm++) {
        struct outcome o = run(&scenario, arm, 20000);
        uint64_t sum =
            o.layer_link_bytes + o.layer_ip_bytes + o.layer_transport_bytes + o.layer_esp_bytes + o.payload_bytes;
        bool has_tls = arm->hop == HOP_TLS || arm->hop == HOP_TLS_ACCESS || arm->body == BODY_TLS;

        CU_ASSERT_TRUE(sum <= o.wire_bytes && sum + 3000 >= o.wire_bytes);
        CU_ASSERT_EQUAL(o.layer_link_bytes % 14, 0);
        CU_ASSERT_EQUAL(o.layer_ip_bytes, 20 * o.packet_hops);
        CU_ASSERT_TRUE(o.layer_transport_bytes >= 8 * o.packet_hops / 2);
        CU_ASSERT_EQUAL(o.layer_esp_bytes > 0, arm->hop == HOP_ESP);
        CU_ASSERT_EQUAL(o.layer_tls_bytes > 0, has_tls);
        CU_ASSERT_TRUE(o.layer_sip_bytes > 0);
        CU_ASSERT_TRUE(o.layer_tls_bytes + o.layer_sip_bytes + o.file_bytes <= o.payload_bytes);
        CU_ASSERT_TRUE(o.ue_cpu_ns + o.core_cpu_ns + o.relay_cpu_ns <= o.cpu_ns);
    }
}

/* A dwell that includes ESP is shorter by what the trial adds of it, and by nothing where it adds none. */
static void a_dwell_that_includes_esp_does_not_count_it_twice(void)
{
    struct scenario scenario = standard();
    struct outcome plain[2], protected[2];

    for (unsigned i = 0; i < 2; i++) {
        for (uint32_t row = 0; row < dwells.count; row++)
            if (dwells.rows[row].role == DWELL_P_CSCF)
                dwells.rows[row].includes = i ? DWELL_INCLUDES_ESP : 0;
        plain[i] = run_arm(&scenario, "message-plain", 1000);
        protected[i] = run_arm(&scenario, "message-ipsec", 1000);
    }
    for (uint32_t row = 0; row < dwells.count; row++)
        if (dwells.rows[row].role == DWELL_P_CSCF)
            dwells.rows[row].includes = 0;
    CU_ASSERT_EQUAL(plain[0].delay_ns, plain[1].delay_ns);
    CU_ASSERT_EQUAL(protected[0].parts_ns[PART_CRYPTO], protected[1].parts_ns[PART_CRYPTO]);
    /* On the file's way two P-CSCFs, each opens and seals once. */
    CU_ASSERT_TRUE(protected[1].delay_ns <= protected[0].delay_ns - 4 * 100 * US);
    CU_ASSERT_TRUE(protected[1].delay_ns > plain[1].delay_ns);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"every arm delivers in every topology, warm and cold", every_arm_delivers},
        {"either side may open the connection", either_side_may_open_the_connection},
        {"one nanosecond more on each forward link moves the delay by the crossings counted",
         one_nanosecond_more_moves_the_delay_by_the_crossings_counted},
        {"a long file on a slow link is transmission", a_long_file_on_a_slow_link_is_transmission},
        {"a file in MESSAGEs has more than a third in feedback", a_file_in_messages_waits_for_permission},
        {"a small window over a long way shows as feedback", a_small_window_over_a_long_way_shows_as_feedback},
        {"the same number gives the same trial", the_same_number_gives_the_same_trial},
        {"loss is survived", loss_is_survived},
        {"a network that loses half ends every trial by name", a_network_that_loses_half_ends_every_trial_by_name},
        {"warm is never slower than cold", warm_is_never_slower_than_cold},
        {"sealing early saves at most the seal", sealing_early_saves_at_most_the_seal},
        {"real bytes change no number", real_bytes_change_no_number},
        {"chunks of 2,048 bytes arrive, whatever the window", chunks_of_2048_arrive},
        {"any number of relays works", any_number_of_relays_works},
        {"what came over a connection is never dropped by a busy host",
         what_came_over_a_connection_is_never_dropped_by_a_busy_host},
        {"a dwell that includes the HSS begins when its work does",
         a_dwell_that_includes_the_hss_begins_when_its_work_does},
        {"connect ends when the last leg stands", connect_ends_when_the_last_leg_stands},
        {"a full next leg stops the reading of the one before", a_full_next_leg_stops_the_reading_of_the_one_before},
        {"layers add up to the wire", layers_add_up_to_the_wire},
        {"a dwell that includes ESP does not count it twice", a_dwell_that_includes_esp_does_not_count_it_twice},
        {NULL, NULL},
    };

    set_up();
    int status = unit_run("trial", tests);

    party_set_free(&parties);
    arena_destroy(arena);
    return status;
}
