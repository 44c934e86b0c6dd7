/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole trials of MSRP in which somebody refuses, falls silent or is asked for reports. */
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sim.h"
#include "tests/unit.h"

static struct arena *arena;
static struct dwell_table dwells;
static struct cost_table costs;
static struct party_set parties;

static const char *const names[] = {"msrp-plain", "msrp-relay-plain", "msrp-relay", "msrp-smime"};

enum { NAMES = sizeof(names) / sizeof(names[0]), DWELL_NS = 1000000 };

static void set_up(void)
{
    arena = arena_create((size_t)1 << 30);
    dwells.rows[dwells.count++] = (struct dwell_row){.role = DWELL_UE_B,
                                                     .kind = "SEND",
                                                     .side = DWELL_ANY_SIDE,
                                                     .n = 1,
                                                     .min_ns = NONE_NS,
                                                     .median_ns = DWELL_NS,
                                                     .p95_ns = NONE_NS,
                                                     .max_ns = NONE_NS,
                                                     .work_ns = NONE_NS};
    for (int i = 0; i < COST_OPERATION_COUNT; i++)
        costs.costs[i] = (struct cost){.fixed_ns = 100 * US, .is_known = true};
    struct note note = {{0}};
    struct party_set_config config = {.server_names = sim_server_names, .with_rsa = true};

    check(party_set_init(&parties, &config, &note) == ERR_OK);
}

static struct scenario standard(void)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.topology = TOPOLOGY_HOME;
    return scenario;
}

/* What an onlooker saw: messages by label, events by their first words. */
struct seen {
    const char *label; /* to be counted */
    uint64_t labels;
    int64_t label_ns;      /* when the last of them was sent */
    int64_t send_ns;       /* when the first SEND left UE-A */
    int64_t last_relay_ns; /* when the last SEND left for UE-B */
    int64_t bye_ns;
    uint64_t answers; /* to SENDs */
    int64_t first_failed_ns, failed_ns;
    uint64_t text_bytes; /* that UE-B has of a text */
    char failed[64];
};

static void tap_message(void *context, const struct sim_message *message)
{
    struct seen *seen = context;
    struct span label = message->label;
    bool is_send = span_starts(label, SPAN("SEND "));

    if (seen->label && span_equal(label, span_of(seen->label))) {
        seen->labels++;
        seen->label_ns = message->sent_ns;
    }
    if (is_send && seen->send_ns == 0)
        seen->send_ns = message->sent_ns;
    if (is_send && span_equal(span_of(message->to), SPAN("UE-B")))
        seen->last_relay_ns = message->sent_ns;
    if (span_equal(label, SPAN("BYE")) && seen->bye_ns == 0)
        seen->bye_ns = message->sent_ns;
    seen->answers += label.size > 7 && span_equal(span_after(label, label.size - 7), SPAN(" (SEND)"));
}

static void tap_event(void *context, int64_t at_ns, struct span text)
{
    struct seen *seen = context;
    struct sink sink = SINK(seen->failed);

    if (span_equal(text, SPAN("text UE-B 60 bytes")))
        seen->text_bytes += 60;
    if (!span_starts(text, SPAN("failed ")))
        return;
    seen->failed_ns = at_ns;
    if (seen->first_failed_ns == 0)
        seen->first_failed_ns = at_ns;
    sink_span(&sink, text);
    sink_string(&sink);
}

static struct outcome run(const struct scenario *scenario, const char *name, uint64_t bytes, struct seen *seen)
{
    struct sim_tap tap = {.context = seen, .message = tap_message, .event = tap_event};
    struct trial trial = {.scenario = scenario,
                          .arm = arm_find(span_of(name)),
                          .dwells = &dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = bytes,
                          .tap = &tap,
                          .parties = &parties};
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    struct note note = {{0}};

    CU_ASSERT_EQUAL(sim_run(&trial, arena, &outcome, &note), ERR_OK);
    return outcome;
}

static void failure_report_decides_who_answers(void)
{
    for (int wish = FAILURE_REPORT_YES; wish <= FAILURE_REPORT_PARTIAL; wish++)
        for (int chunking = 0; chunking < 2; chunking++)
            for (int i = 0; i < NAMES; i++) {
                struct scenario scenario = standard();
                struct seen seen = {0};

                scenario.failure_report = wish;
                scenario.chunking = chunking;
                struct outcome outcome = run(&scenario, names[i], 20000, &seen);
                uint64_t hops = arm_find(span_of(names[i]))->path == PATH_DIRECT ? 1 : 3;

                CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
                CU_ASSERT_EQUAL(seen.answers, wish == FAILURE_REPORT_YES ? hops * outcome.chunks : 0);
            }
}

/* The last byte may still be on its way when BYE leaves with "no", whether the file fits into the socket's buffer or
 * not; with "partial" errors are awaited for 30 s. */
static void bye_leaves_though_no_answer_comes(void)
{
    const uint64_t sizes[] = {100, 3000, 2 * MIB};

    for (int i = 0; i < NAMES; i++)
        for (size_t size = 0; size < sizeof(sizes) / sizeof(*sizes); size++)
            for (int wish = FAILURE_REPORT_NO; wish <= FAILURE_REPORT_PARTIAL; wish++) {
                struct scenario scenario = standard();
                struct seen seen = {0};

                scenario.failure_report = wish;
                struct outcome outcome = run(&scenario, names[i], sizes[size], &seen);
                int64_t waited_ns = seen.bye_ns - seen.send_ns - (wish == FAILURE_REPORT_PARTIAL ? 30 * SECOND : 0);

                CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
                CU_ASSERT(outcome.teardown_ns > 0);
                CU_ASSERT(waited_ns >= 0 && waited_ns <= (sizes[size] > MIB ? outcome.transfer_ns : 0));
            }
}

/* UE-A hears of the file after UE-B has it; only then BYE leaves. */
static void bye_waits_for_the_report(void)
{
    for (int wish = FAILURE_REPORT_YES; wish <= FAILURE_REPORT_PARTIAL; wish++)
        for (int i = 0; i < NAMES; i++)
            for (uint64_t relays = 1; relays <= 5; relays += 2) {
                struct scenario scenario = standard();
                struct seen seen = {.label = "REPORT 000 200"};

                scenario.success_report = 1;
                scenario.failure_report = wish;
                scenario.relays = relays;
                scenario.chunking = CHUNKING_2048;
                struct outcome outcome = run(&scenario, names[i], 20000, &seen);
                bool is_direct = arm_find(span_of(names[i]))->path == PATH_DIRECT;

                CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
                CU_ASSERT_EQUAL(seen.labels, is_direct ? 1 : relays + 1); /* one of the whole, hop by hop */
                CU_ASSERT(seen.bye_ns > seen.label_ns);
                CU_ASSERT(outcome.teardown_ns > 0);
            }
}

static void what_the_receiver_does_not_want_gets_413_at_its_head(void)
{
    for (int i = 0; i < NAMES; i++)
        for (int chunking = 0; chunking < 2; chunking++)
            for (int is_small = 0; is_small < 2; is_small++) {
                struct scenario scenario = standard();
                struct seen seen = {0};
                uint64_t bytes = is_small ? 3000 : 8 * MIB;

                scenario.receive_bytes_max = 2000;
                scenario.chunking = chunking;
                scenario.success_report = 1; /* else a small file is gone before the refusal comes through relays */
                struct outcome outcome = run(&scenario, names[i], bytes, &seen);

                CU_ASSERT_EQUAL(outcome.end, OUTCOME_TRANSFER_FAILED);
                CU_ASSERT_STRING_EQUAL(seen.failed, "failed UE-A MSRP 413");
                /* 8 MiB take 1.3 s at 50 Mbit/s; a round trip is less than 40 ms. */
                CU_ASSERT(seen.failed_ns - seen.send_ns < 200 * MS);
                scenario.receive_bytes_max = outcome.body_bytes;
                CU_ASSERT_EQUAL(run(&scenario, names[i], bytes, &seen).end, OUTCOME_DELIVERED);
            }
}

/* The session is no worse for it: BYE leaves when the refusal is there, and the trial ends with its 200. */
static void what_is_refused_ends_in_bye(void)
{
    for (int i = 0; i < NAMES; i++) {
        struct scenario scenario = standard();
        struct seen seen = {.label = "200 (BYE)"};

        scenario.receive_bytes_max = 2000;
        scenario.success_report = 1;
        struct outcome outcome = run(&scenario, names[i], 3000, &seen);

        CU_ASSERT_EQUAL(outcome.end, OUTCOME_TRANSFER_FAILED);
        CU_ASSERT_EQUAL(outcome.status, 413);
        CU_ASSERT_EQUAL(seen.bye_ns, seen.failed_ns);
        CU_ASSERT(seen.labels > 0 && outcome.teardown_ns > 0);
    }
}

/* 413 stops the file alone: what the user has typed meanwhile still goes out, on the same connection. */
static void a_refused_file_leaves_the_session_to_a_text(void)
{
    struct scenario scenario = standard();
    struct seen seen = {.label = "SEND 1-60/60"};

    scenario.receive_bytes_max = 2000;
    scenario.text_after_ns = 5 * MS; /* the refusal takes a round trip */
    struct outcome outcome = run(&scenario, "msrp-plain", 8 * MIB, &seen);

    CU_ASSERT_EQUAL(outcome.end, OUTCOME_TRANSFER_FAILED);
    CU_ASSERT_EQUAL(outcome.status, 413);
    CU_ASSERT_EQUAL(seen.labels, 1);
    CU_ASSERT(seen.bye_ns > seen.label_ns + 20 * MS); /* and its answer is waited for */
}

/* The file goes on over the connection that has the session. */
static void a_second_connection_gets_506(void)
{
    const char *const direct[] = {"msrp-plain", "msrp-smime", "msrp-tls"};

    for (int i = 0; i < 3; i++) {
        struct scenario scenario = standard();
        struct seen seen = {.label = "506 (SEND)"};

        scenario.second_after_ns = 10 * MS;
        struct outcome outcome = run(&scenario, direct[i], MIB, &seen);

        CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
        CU_ASSERT_EQUAL(seen.labels, 1);
        CU_ASSERT_STRING_EQUAL(seen.failed, "failed UE-A MSRP 506 on a second connection");
        CU_ASSERT(seen.failed_ns < seen.bye_ns);
    }
}

static const char *const ends[] = {"msrp-plain", "msrp-relay-plain", "msrp-relay",     "msrp-b2bua",
                                   "msrp-e2ae",  "msrp-tls",         "msrp-smime-agw", "msrp-smime"};

enum { ENDS = sizeof(ends) / sizeof(ends[0]) };

/* The type is refused, not the session: a text that UE-B does take follows on it, then BYE. */
static void a_type_that_is_not_taken_gets_415_and_text_still_passes(void)
{
    for (int i = 0; i < ENDS; i++)
        for (int chunking = 0; chunking < 2; chunking++) {
            struct scenario scenario = standard();
            struct seen seen = {.label = "SEND 1-60/60"};

            scenario.peer_msrp = PEER_MSRP_TEXT_ONLY;
            scenario.chunking = chunking;
            scenario.success_report = 1; /* else relays have answered for a small file before UE-B refuses it */
            scenario.text_after_ns = 1 * MS;
            struct outcome outcome = run(&scenario, ends[i], 20000, &seen);

            CU_ASSERT_EQUAL(outcome.end, OUTCOME_TRANSFER_FAILED);
            CU_ASSERT_EQUAL(outcome.status, 415);
            CU_ASSERT_STRING_EQUAL(seen.failed, "failed UE-A MSRP 415");
            CU_ASSERT(seen.text_bytes == 60 && seen.bye_ns > seen.label_ns && outcome.teardown_ns > 0);
        }
}

/* No session, no text: BYE leaves with the first 481. */
static void a_session_that_is_not_known_gets_481_and_is_left_at_once(void)
{
    for (int i = 0; i < ENDS; i++)
        for (int chunking = 0; chunking < 2; chunking++) {
            struct scenario scenario = standard();
            struct seen seen = {.label = "200 (BYE)"};

            scenario.peer_msrp = PEER_MSRP_FORGETFUL;
            scenario.chunking = chunking;
            scenario.success_report = 1;
            scenario.text_after_ns = 1 * MS;
            struct outcome outcome = run(&scenario, ends[i], 20000, &seen);

            CU_ASSERT_EQUAL(outcome.end, OUTCOME_TRANSFER_FAILED);
            CU_ASSERT_EQUAL(outcome.status, 481);
            CU_ASSERT_STRING_EQUAL(seen.failed, "failed UE-A MSRP 481");
            CU_ASSERT_EQUAL(seen.bye_ns, seen.first_failed_ns);
            CU_ASSERT(seen.text_bytes == 0 && seen.labels > 0 && outcome.teardown_ns > 0);
        }
}

/* The request alone fails. Relays pass it and its answer on, whatever it is; a B2BUA is the end that it reaches. */
static void a_method_that_is_not_known_gets_501_and_the_file_goes_on(void)
{
    for (int i = 0; i < ENDS; i++)
        for (int active = 0; active < 2; active++) {
            struct scenario scenario = standard();
            struct seen seen = {.label = "501"};
            bool is_relayed = strcmp(ends[i], "msrp-relay") == 0;

            scenario.asks_nickname = 1;
            scenario.setup_active = active;
            struct outcome outcome = run(&scenario, ends[i], 20000, &seen);

            CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
            CU_ASSERT_EQUAL(seen.labels, is_relayed ? scenario.relays + 1 : 1);
            CU_ASSERT_STRING_EQUAL(seen.failed, "failed UE-A MSRP 501 to a nickname");
            CU_ASSERT(seen.failed_ns <= seen.bye_ns); /* which may be what BYE has waited for */
        }
}

/* With Failure-Report: no nobody is told; the trial ends when nothing is left that could happen. */
static void a_refusal_that_nobody_asked_for_is_silent(void)
{
    for (int i = 0; i < NAMES; i++) {
        struct scenario scenario = standard();
        struct seen seen = {.label = "REPORT 000 413"};

        scenario.receive_bytes_max = 2000;
        scenario.failure_report = FAILURE_REPORT_NO;
        CU_ASSERT_EQUAL(run(&scenario, names[i], 3000, &seen).end, OUTCOME_TRANSFER_FAILED);
        CU_ASSERT_TRUE(seen.answers == 0 && seen.labels == 0 && seen.failed_ns == 0);
    }
}

/* The moment at which the first SEND leaves, from the press. */
static int64_t send_moment(const struct scenario *scenario, const char *name, uint64_t bytes)
{
    struct seen seen = {0};
    struct outcome outcome = run(scenario, name, bytes, &seen);

    CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
    return seen.send_ns - outcome.pressed_ns;
}

/* Without TLS the whole SEND enters the socket's buffer at once. */
static void a_dead_receiver_is_given_up_30_s_after_the_last_byte(void)
{
    struct scenario scenario = standard();
    struct seen seen = {0};

    scenario.cut_ns = send_moment(&scenario, "msrp-plain", 3000) + 1;
    CU_ASSERT_EQUAL(run(&scenario, "msrp-plain", 3000, &seen).end, OUTCOME_TRANSFER_FAILED);
    CU_ASSERT_STRING_EQUAL(seen.failed, "failed UE-A MSRP 408");
    CU_ASSERT_EQUAL(seen.failed_ns - seen.send_ns, 30 * SECOND);
}

static void a_relay_gives_up_a_dead_next_hop_and_reports_408(void)
{
    const char *const relayed[] = {"msrp-relay", "msrp-relay-plain"};

    for (int i = 0; i < 2; i++)
        for (uint64_t relays = 1; relays <= 5; relays++) {
            struct scenario scenario = standard();
            struct seen seen = {.label = "REPORT 000 408"};

            scenario.relays = relays;
            scenario.success_report = 1;
            scenario.cut_ns = send_moment(&scenario, relayed[i], 3000) + 1 * MS;
            CU_ASSERT_EQUAL(run(&scenario, relayed[i], 3000, &seen).end, OUTCOME_TRANSFER_FAILED);
            CU_ASSERT_STRING_EQUAL(seen.failed, "failed UE-A MSRP 408");
            CU_ASSERT_EQUAL(seen.labels, relays);
            int64_t late_ns = seen.failed_ns - seen.last_relay_ns - 30 * SECOND;

            CU_ASSERT(late_ns > 0 && late_ns < 40 * MS); /* the way back */
        }
}

/* Where errors alone are answered silence is success, so a relay says nothing of a dead next hop. */
static void a_relay_keeps_quiet_of_a_dead_next_hop_unless_all_is_answered(void)
{
    const int wishes[] = {FAILURE_REPORT_NO, FAILURE_REPORT_PARTIAL};

    for (int i = 0; i < 2; i++) {
        struct scenario scenario = standard();
        struct seen seen = {.label = "REPORT 000 408"};

        scenario.failure_report = wishes[i];
        scenario.cut_ns = send_moment(&scenario, "msrp-relay", 3000) + 1 * MS;
        CU_ASSERT_NOT_EQUAL(run(&scenario, "msrp-relay", 3000, &seen).end, OUTCOME_DELIVERED);
        CU_ASSERT_EQUAL(seen.labels, 0);
    }
}

/* The chunk does not fit into the buffers, so its last byte never enters one: it is TCP that gives up. */
static void a_relay_reports_a_connection_that_breaks(void)
{
    const char *const relayed[] = {"msrp-relay", "msrp-relay-plain"};

    for (int i = 0; i < 2; i++)
        for (int wish = FAILURE_REPORT_YES; wish <= FAILURE_REPORT_PARTIAL; wish++) {
            struct scenario scenario = standard();
            struct seen seen = {.label = "REPORT 000 408"};

            scenario.failure_report = wish;
            scenario.cut_ns = 600 * MS;
            CU_ASSERT_EQUAL(run(&scenario, relayed[i], 64 * MIB, &seen).end, OUTCOME_TRANSFER_FAILED);
            CU_ASSERT_EQUAL(seen.labels, wish == FAILURE_REPORT_NO ? 0 : 2);
            CU_ASSERT_STRING_EQUAL(seen.failed, wish == FAILURE_REPORT_NO ? "" : "failed UE-A MSRP 408");
        }
}

int main(void)
{
    const struct unit_test tests[] = {
        {"RFC 4975 7.1.1: Failure-Report decides who answers", failure_report_decides_who_answers},
        {"RFC 4975 7.1.1: BYE leaves though no answer comes", bye_leaves_though_no_answer_comes},
        {"RFC 4975 7.1.2: BYE waits for the report of the whole file", bye_waits_for_the_report},
        {"RFC 4975 10.5: what the receiver does not want gets 413 at its head",
         what_the_receiver_does_not_want_gets_413_at_its_head},
        {"RFC 4975 10.5: what is refused ends in BYE", what_is_refused_ends_in_bye},
        {"RFC 4975 10.5: a refused file leaves the session to a text", a_refused_file_leaves_the_session_to_a_text},
        {"RFC 4975 5.4, 10.10: a second connection gets 506", a_second_connection_gets_506},
        {"RFC 4975 10.6: a type that is not taken gets 415, and text still passes",
         a_type_that_is_not_taken_gets_415_and_text_still_passes},
        {"RFC 4975 10.8: a session that is not known gets 481 and is left at once",
         a_session_that_is_not_known_gets_481_and_is_left_at_once},
        {"RFC 4975 7.2, 10.9: a method that is not known gets 501, and the file goes on",
         a_method_that_is_not_known_gets_501_and_the_file_goes_on},
        {"RFC 4975 7.1.1: a refusal that nobody asked for is silent", a_refusal_that_nobody_asked_for_is_silent},
        {"RFC 4975 7.1.1: a dead receiver is given up 30 s after the last byte",
         a_dead_receiver_is_given_up_30_s_after_the_last_byte},
        {"RFC 4976 6: a relay gives up a dead next hop and reports 408",
         a_relay_gives_up_a_dead_next_hop_and_reports_408},
        {"RFC 4976 6: a relay keeps quiet of a dead next hop unless all is answered",
         a_relay_keeps_quiet_of_a_dead_next_hop_unless_all_is_answered},
        {"RFC 4976 6: a relay reports a connection that breaks", a_relay_reports_a_connection_that_breaks},
        {NULL, NULL},
    };

    set_up();
    int status = unit_run("msrp failures", tests);

    party_set_free(&parties);
    arena_destroy(arena);
    return status;
}
