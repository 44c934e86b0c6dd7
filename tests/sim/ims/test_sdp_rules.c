/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What offer and answer say in whole trials, and that the session is what they say: RFC 6135, RFC 6714, RFC 5547. */
#include "sim/wire/msrp.h"
#include "sim/wire/sdp.h"
#include "tests/sim/ims/stage.h"

enum { TEXT = 2048, SIZE = 20000 };

/* One description as it stood on the wire, and who sent it to whom. */
struct told {
    bool has;
    struct sdp_msrp sdp;
    char text[TEXT];
};

/* offer[0] leaves UE-A, offer[1] comes to UE-B; answers the other way round. */
struct heard {
    struct told offer[2], answer[2];
    char opener[16];      /* who sent the first SYN between the ends or their gateways */
    char speaker[16];     /* who sent the first SEND */
    char first_label[64]; /* and what it was */
};

static void keep(char *kept, size_t capacity, struct span text)
{
    struct sink sink = {.data = kept, .capacity = capacity};

    if (kept[0] != 0)
        return;
    sink_span(&sink, text);
    sink_string(&sink);
}

static void hear_sdp(struct told *told, struct span text)
{
    size_t at = span_find(text, SPAN("\r\n\r\n"));
    struct sink sink = SINK(told->text);

    if (told->has || at == text.size)
        return;
    sink_span(&sink, span_after(text, at + 4));
    CU_ASSERT_EQUAL_FATAL(sdp_read(sink_written(&sink), &told->sdp), ERR_OK);
    told->has = true;
}

static void tap_message(void *context, const struct sim_message *message)
{
    struct heard *heard = context;
    bool from_a = strcmp(message->from, "UE-A") == 0, to_a = strcmp(message->to, "UE-A") == 0;
    bool from_b = strcmp(message->from, "UE-B") == 0, to_b = strcmp(message->to, "UE-B") == 0;

    if (span_equal(message->label, SPAN("INVITE")) && (from_a || to_b))
        hear_sdp(&heard->offer[to_b], message->text);
    if (span_equal(message->label, SPAN("200 (INVITE)")) && (from_b || to_a))
        hear_sdp(&heard->answer[to_a], message->text);
    if (span_equal(message->label, SPAN("SYN")) && (from_a || from_b))
        keep(heard->opener, sizeof(heard->opener), span_of(message->from));
    if (span_starts(message->label, SPAN("SEND")) && (from_a || from_b)) {
        keep(heard->first_label, sizeof(heard->first_label), message->label);
        keep(heard->speaker, sizeof(heard->speaker), span_of(message->from));
    }
}

static void listen_to(const struct scenario *scenario, const char *arm, struct heard *heard)
{
    struct sim_tap tap = {.context = heard, .wants_bytes = true, .message = tap_message};

    memset(heard, 0, sizeof(*heard));
    CU_ASSERT_EQUAL(run(scenario, arm, SIZE, &tap).end, OUTCOME_DELIVERED);
    for (int i = 0; i < 2; i++)
        CU_ASSERT_FATAL(heard->offer[i].has && heard->answer[i].has);
}

static const char *const direct[] = {"msrp-plain",     "msrp-tls",     "msrp-smime",
                                     "msrp-smime-agw", "msrp-tls-agw", "msrp-e2ae"};

enum { DIRECT = sizeof(direct) / sizeof(direct[0]) };

/* Offer and answer are opposite; the active end opens the connection, and speaks first: with a SEND without a body, if
 * it has nothing to send. */
static void the_active_end_opens_and_speaks_first(void)
{
    for (int i = 0; i < DIRECT; i++)
        for (int active = 0; active < 2; active++) {
            static struct heard heard;
            struct scenario scenario = standard();
            bool is_b = active == SETUP_ANSWERER;

            scenario.setup_active = active;
            listen_to(&scenario, direct[i], &heard);
            for (int end = 0; end < 2; end++) {
                CU_ASSERT_EQUAL(heard.offer[end].sdp.setup, is_b ? SDP_SETUP_PASSIVE : SDP_SETUP_ACTIVE);
                CU_ASSERT_EQUAL(heard.answer[end].sdp.setup, is_b ? SDP_SETUP_ACTIVE : SDP_SETUP_PASSIVE);
            }
            CU_ASSERT_STRING_EQUAL(heard.opener, is_b ? "UE-B" : "UE-A");
            CU_ASSERT_STRING_EQUAL(heard.speaker, is_b ? "UE-B" : "UE-A");
            CU_ASSERT_EQUAL(strcmp(heard.first_label, "SEND 1-0/0") == 0, is_b);
        }
}

/* What the answerer says first is answered while the file is under way: its chunk makes way for that (RFC 4975 section
 * 5.1), where it is longer than what fits into the socket. */
static void a_long_file_makes_way_for_the_answer_to_the_first_word(void)
{
    static const char *const names[] = {"msrp-plain",     "msrp-tls",         "msrp-smime",
                                        "msrp-smime-agw", "msrp-tls-agw",     "msrp-e2ae",
                                        "msrp-relay",     "msrp-relay-plain", "msrp-b2bua"};

    dwells.rows[0] = (struct dwell_row){.role = DWELL_UE_A,
                                        .kind = "SEND",
                                        .side = DWELL_ANY_SIDE,
                                        .n = 1,
                                        .min_ns = NONE_NS,
                                        .median_ns = 1 * MS,
                                        .p95_ns = NONE_NS,
                                        .max_ns = NONE_NS,
                                        .work_ns = NONE_NS};
    dwells.count = 1;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        for (int chunking = 0; chunking < 2; chunking++) {
            struct scenario scenario = standard();
            bool is_of_ues = i < DIRECT;

            scenario.setup_active = SETUP_ANSWERER;
            scenario.chunking = chunking;
            scenario.tcp_buffer_bytes = 64 * KIB;
            struct outcome outcome = run(&scenario, names[i], 1000000, NULL);
            int64_t sum_ns = 0;

            CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
            for (int part = 0; part < PART_COUNT; part++)
                sum_ns += outcome.parts_ns[part];
            CU_ASSERT_EQUAL(sum_ns, outcome.delay_ns);
            if (is_of_ues && chunking == CHUNKING_FEW_LARGE)
                CU_ASSERT_EQUAL(outcome.chunks, 2);
        }
    dwells.count = 0;
}

static bool is_same(struct span a, struct span b)
{
    return a.size > 0 && span_equal(a, b);
}

/* Gateways put themselves into c= and m= and leave the path alone, which goes into To-Path; both ends say that they go
 * by c= and m= then. Without gateways the path and c= are of one host, and nobody says so. */
static void gateways_change_address_and_port_and_not_the_path(void)
{
    for (int i = 0; i < DIRECT; i++) {
        static struct heard heard;
        struct scenario scenario = standard();
        bool has_gateways = arm_find(span_of(direct[i]))->path == PATH_AGWS;

        listen_to(&scenario, direct[i], &heard);
        const struct told *pairs[] = {heard.offer, heard.answer};

        for (int way = 0; way < 2; way++) {
            const struct sdp_msrp *left = &pairs[way][0].sdp, *came = &pairs[way][1].sdp;
            struct msrp_uri uri;

            CU_ASSERT_TRUE(is_same(left->path, came->path));
            CU_ASSERT_EQUAL(is_same(left->host, came->host), !has_gateways);
            CU_ASSERT_TRUE(left->has_cema == has_gateways && came->has_cema == has_gateways);
            CU_ASSERT_EQUAL_FATAL(msrp_parse_uri(came->path, &uri), ERR_OK);
            CU_ASSERT_EQUAL(is_same(uri.host, came->host) && uri.port == came->port, !has_gateways);
            CU_ASSERT_TRUE(is_same(uri.host, left->host) && uri.port == left->port);
        }
    }
}

/* Section 8.1: sendonly is answered by recvonly, a transfer's name and the file's selector come back as they went, the
 * port is not 0; a hash stands in both where there is one. */
static void the_answer_takes_the_file_that_was_offered(void)
{
    for (int i = 0; i < DIRECT; i++)
        for (int hash = 0; hash < 2; hash++) {
            static struct heard heard;
            struct scenario scenario = standard();

            scenario.file_hash = hash;
            listen_to(&scenario, direct[i], &heard);
            const struct sdp_msrp *offer = &heard.offer[1].sdp, *answer = &heard.answer[0].sdp;

            CU_ASSERT_TRUE(offer->direction == SDP_SENDONLY && answer->direction == SDP_RECVONLY);
            CU_ASSERT_TRUE(is_same(offer->file_transfer_id, answer->file_transfer_id));
            CU_ASSERT_TRUE(offer->has_file && answer->has_file && answer->port > 0);
            CU_ASSERT_TRUE(is_same(offer->file_name, answer->file_name) &&
                           is_same(offer->file_type, answer->file_type));
            CU_ASSERT_TRUE(offer->file_size == SIZE && answer->file_size == SIZE);
            CU_ASSERT_TRUE((offer->file_hash.size > 0) == (hash != 0));
            CU_ASSERT_TRUE(span_equal(offer->file_hash, answer->file_hash));
        }
}

/* Section 5: each transfer has a name of its own. */
static void another_transfer_has_another_name(void)
{
    static struct heard first, second;
    struct scenario scenario = standard();
    struct sim_tap tap = {.context = &second, .wants_bytes = true, .message = tap_message};
    struct trial trial = {.scenario = &scenario,
                          .arm = arm_find(SPAN("msrp-plain")),
                          .dwells = &dwells,
                          .costs = &costs,
                          .file = &source_pattern,
                          .file_bytes = SIZE,
                          .tap = &tap,
                          .parties = &parties,
                          .number = 1};
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    struct note note = {{0}};

    listen_to(&scenario, "msrp-plain", &first);
    memset(&second, 0, sizeof(second));
    CU_ASSERT_EQUAL(sim_run(&trial, arena, &outcome, &note), ERR_OK);
    CU_ASSERT_TRUE(second.offer[0].sdp.file_transfer_id.size > 0);
    CU_ASSERT_FALSE(span_equal(first.offer[0].sdp.file_transfer_id, second.offer[0].sdp.file_transfer_id));
}

int main(void)
{
    const struct unit_test tests[] = {
        {"RFC 6135: the active end opens the connection and speaks first", the_active_end_opens_and_speaks_first},
        {"RFC 6135: a long file makes way for the answer to the first word",
         a_long_file_makes_way_for_the_answer_to_the_first_word},
        {"RFC 6714: gateways change address and port, and not the path",
         gateways_change_address_and_port_and_not_the_path},
        {"RFC 5547: the answer takes the file that was offered", the_answer_takes_the_file_that_was_offered},
        {"RFC 5547: another transfer has another name", another_transfer_has_another_name},
        {NULL, NULL},
    };

    stage_open((struct party_set_config){.with_rsa = true}, 0, 0);
    int status = unit_run("sdp rules", tests);

    stage_close();
    return status;
}
