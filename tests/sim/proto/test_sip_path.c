/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A call and a MESSAGE across the five CSCFs: where each message goes and what it gathers on its way. */
#include "tests/sim/proto/sip_world.h"

static void check_way(const struct world *world, const char *kind, const char *expected)
{
    char text[256];
    struct sink way = SINK(text);
    const char *seen = world_way(world, kind, &way);

    if (strcmp(seen, expected) != 0)
        printf("%s went %s, not %s\n", kind, seen, expected);
    CU_ASSERT_STRING_EQUAL(seen, expected);
}

static struct world *call(uint8_t transport, enum node who_ends)
{
    struct world *world = world_create(transport);

    world_invite(world);
    world_run(world, 100 * MS);
    world_bye(world, who_ends);
    world_run(world, 200 * MS);
    return world;
}

static void test_call_goes_its_way(void)
{
    struct world *world = call(SIP_UDP, UE_A);

    check_way(world, "INVITE", "0123456");
    check_way(world, "INVITE/200", "6543210");
    check_way(world, "ACK", "012456");
    check_way(world, "BYE", "012456");
    check_way(world, "BYE/200", "654210");
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_INVITED], 1);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_ANSWERED], 1);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_CONFIRMED], 1);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_ENDED], 1);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_BYE_ANSWERED], 1);
    CU_ASSERT_EQUAL(world->told[I_B][SIP_LOCATE], 1);
    for (size_t i = 0; i < world->log_count; i++)
        CU_ASSERT_FALSE(world->log[i].is_again);
    world_destroy(world);
}

static void test_callee_may_end(void)
{
    struct world *world = call(SIP_UDP, UE_B);

    check_way(world, "BYE", "654210");
    check_way(world, "BYE/200", "012456");
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_BYE_ANSWERED], 1);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_ENDED], 1);
    world_destroy(world);
}

static void test_each_stateful_hop_says_trying(void)
{
    struct world *world = call(SIP_UDP, UE_A);
    bool said[NODES] = {false};

    for (size_t i = 0; i < world->log_count; i++)
        if (strcmp(world->log[i].kind, "INVITE/100") == 0) {
            struct sip_message message;

            /* It goes to the neighbour alone, before the INVITE goes on. */
            CU_ASSERT_EQUAL(world->log[i].to + 1, world->log[i].from);
            CU_ASSERT_FALSE(said[world->log[i].from]);
            said[world->log[i].from] = true;
            CU_ASSERT_EQUAL_FATAL(sip_parse(span_of(world->log[i].text), &message), ERR_OK);
            CU_ASSERT_EQUAL(sip_tag(sip_value(&message, SIP_HEADER_TO)).size, 0);
            if (world->log[i].from != UE_B)
                CU_ASSERT_TRUE(world_must(world, "INVITE", world->log[i].from) > &world->log[i]);
        }
    for (int node = P_A; node <= UE_B; node++)
        CU_ASSERT_TRUE(said[node]);
    world_destroy(world);
}

static void test_headers_gather_and_vanish(void)
{
    struct world *world = call(SIP_UDP, UE_A);
    static const size_t vias[] = {1, 2, 3, 4, 5, 6}, record_routes[] = {0, 1, 2, 2, 3, 4},
                        routes[] = {2, 1, 0, 1, 1, 0};

    for (int node = UE_A; node <= P_B; node++) {
        const struct logged *invite = world_must(world, "INVITE", (enum node)node);

        CU_ASSERT_PTR_NOT_NULL_FATAL(invite);
        CU_ASSERT_EQUAL(count_header(invite, SIP_HEADER_VIA), vias[node]);
        CU_ASSERT_EQUAL(count_header(invite, SIP_HEADER_RECORD_ROUTE), record_routes[node]);
        CU_ASSERT_EQUAL(count_header(invite, SIP_HEADER_ROUTE), routes[node]);
        CU_ASSERT_EQUAL(count_header(invite, SIP_HEADER_P_CALLED_PARTY_ID), node >= S_B ? 1 : 0);
        CU_ASSERT_EQUAL(count_header(invite, SIP_HEADER_P_PREFERRED_IDENTITY), node == UE_A ? 1 : 0);
        CU_ASSERT_EQUAL(count_header(invite, SIP_HEADER_P_ASSERTED_IDENTITY), node == UE_A ? 0 : 1);
        CU_ASSERT_EQUAL(count_header(invite, SIP_HEADER_P_CHARGING_VECTOR), node == UE_A || node == P_B ? 0 : 1);
        const struct logged *ok = world_must(world, "INVITE/200", (enum node)(node + 1));

        CU_ASSERT_PTR_NOT_NULL_FATAL(ok);
        CU_ASSERT_EQUAL(count_header(ok, SIP_HEADER_VIA), vias[node]);
        CU_ASSERT_EQUAL(count_header(ok, SIP_HEADER_RECORD_ROUTE), 4);
    }
    const struct logged *ack = world_must(world, "ACK", UE_A);

    CU_ASSERT_EQUAL(count_header(ack, SIP_HEADER_ROUTE), 4);
    ack = world_must(world, "ACK", P_B);
    CU_ASSERT_EQUAL(count_header(ack, SIP_HEADER_ROUTE), 0);
    CU_ASSERT_EQUAL(count_header(ack, SIP_HEADER_VIA), 5);
    CU_ASSERT_PTR_NOT_NULL(strstr(ack->text, "ACK sip:bob@192.168.80.3:5060 SIP/2.0\r\n"));
    world_destroy(world);
}

/* What a hop adds and takes, line by line, from the names of the test's nodes. */
static void test_invite_grows_by_what_is_added(void)
{
#define BRANCH "z9hG4bK0123456789abcdef\r\n"
#define RECEIVED ";received=192.168.80.128"
    static const struct {
        const char *added, *taken;
    } rows[NODES] = {
        [P_A] = {"Via: SIP/2.0/UDP pcscf.open-ims.test:4060;branch=" BRANCH
                 "Record-Route: <sip:mo@pcscf.open-ims.test:4060;lr>\r\n"
                 "P-Asserted-Identity: <sip:alice@open-ims.test>\r\n"
                 "P-Charging-Vector: icid-value=\"0123456789abcdef\"\r\n",
                 "P-Preferred-Identity: <sip:alice@open-ims.test>\r\n"
                 "Route: <sip:pcscf.open-ims.test:4060;lr>\r\n"},
        [S_A] = {"Via: SIP/2.0/UDP scscf.open-ims.test:6060;branch=" BRANCH RECEIVED
                 "Record-Route: <sip:mo@scscf.open-ims.test:6060;lr>\r\n",
                 "Route: <sip:orig@scscf.open-ims.test:6060;lr>\r\n"},
        [I_B] = {"Via: SIP/2.0/UDP icscf.open-ims.test:5060;branch=" BRANCH RECEIVED
                 "Route: <sip:scscf2.open-ims.test:6061;lr>\r\n",
                 ""},
        [S_B] = {"Via: SIP/2.0/UDP scscf2.open-ims.test:6061;branch=" BRANCH RECEIVED
                 "Record-Route: <sip:mt@scscf2.open-ims.test:6061;lr>\r\n"
                 "Route: <sip:term@pcscf2.open-ims.test:4061;lr>\r\n"
                 "P-Called-Party-ID: <sip:bob@open-ims.test>\r\n"
                 "sip:bob@192.168.80.3:5060",
                 "Route: <sip:scscf2.open-ims.test:6061;lr>\r\n"
                 "sip:bob@open-ims.test"},
        [P_B] = {"Via: SIP/2.0/UDP pcscf2.open-ims.test:4061;branch=" BRANCH RECEIVED
                 "Record-Route: <sip:mt@pcscf2.open-ims.test:4061;lr>\r\n",
                 "Route: <sip:term@pcscf2.open-ims.test:4061;lr>\r\n"
                 "P-Charging-Vector: icid-value=\"0123456789abcdef\"\r\n"},
    };
    struct world *world = call(SIP_UDP, UE_A);
    size_t first = world_must(world, "INVITE", UE_A)->size, before = first;

    for (int node = P_A; node <= P_B; node++) {
        before += strlen(rows[node].added) - strlen(rows[node].taken);
        CU_ASSERT_EQUAL(world_must(world, "INVITE", (enum node)node)->size, before);
    }
    /* Captures show 70 to 150 bytes a hop; the terminating S-CSCF gives more, the last P-CSCF takes some away. */
    CU_ASSERT_TRUE(before - first >= 5 * 70 && before - first <= 5 * 150);
    world_destroy(world);
#undef BRANCH
#undef RECEIVED
}

/* The order of lines, commas and missing lines make no difference. */
static void test_lines_may_stand_in_any_order(void)
{
    static const char invite[] =
        "INVITE sip:bob@open-ims.test SIP/2.0\r\n"
        "Content-Length: 0\r\nContact: <sip:alice@192.168.80.1>\r\n"
        "Route: <sip:pcscf.open-ims.test:4060;lr>, <sip:orig@scscf.open-ims.test:6060;lr>\r\n"
        "CSeq: 1 INVITE\r\nCall-ID: 1\r\nTo: <sip:bob@open-ims.test>\r\n"
        "From: <sip:alice@open-ims.test>;tag=1\r\n"
        "v: SIP/2.0/UDP 192.168.80.1;branch=z9hG4bK1, SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK2\r\n\r\n";
    struct world *world = world_create(SIP_UDP);
    struct source none = source_memory("");
    struct sip_message message;

    sip_proxy_receive(world->proxies[P_A], 0, hop_of(world, UE_A), SPAN(invite), (struct slice){&none, 0, 0},
                      &world->outbox);
    CU_ASSERT_EQUAL_FATAL(world->outbox.count, 2);
    CU_ASSERT_EQUAL_FATAL(sip_parse(world->outbox.items[1].head, &message), ERR_OK);
    CU_ASSERT_EQUAL(message.size, world->outbox.items[1].head.size);
    CU_ASSERT_TRUE(span_equal(sip_value(&message, SIP_HEADER_ROUTE), SPAN("<sip:orig@scscf.open-ims.test:6060;lr>")));
    CU_ASSERT_TRUE(span_equal(sip_value(&message, SIP_HEADER_MAX_FORWARDS), SPAN("70")));
    CU_ASSERT_TRUE(
        span_equal(sip_value(&message, SIP_HEADER_RECORD_ROUTE), SPAN("<sip:mo@pcscf.open-ims.test:4060;lr>")));
    const struct sip_line *own = sip_line_next(&message, SIP_HEADER_VIA, NULL);
    const struct sip_line *others = sip_line_next(&message, SIP_HEADER_VIA, own);

    CU_ASSERT_PTR_NOT_NULL_FATAL(others);
    CU_ASSERT_TRUE(span_starts(own->value, SPAN("SIP/2.0/UDP pcscf.open-ims.test:4060;branch=z9hG4bK")));
    CU_ASSERT_TRUE(span_equal(others->value, SPAN("SIP/2.0/UDP 192.168.80.1;branch=z9hG4bK1, "
                                                  "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK2")));
    world_destroy(world);
}

static void test_message_crosses_the_i_cscf_each_time(void)
{
    struct world *world = world_create(SIP_UDP);

    for (int i = 0; i < 3; i++) {
        world->log_count = 0;
        world_message(world, "part of a file");
        world_run(world, world->now_ns + 100 * MS);
        check_way(world, "MESSAGE", "0123456");
        check_way(world, "MESSAGE/200", "6543210");
        CU_ASSERT_EQUAL(world->log_count, 12);
    }
    CU_ASSERT_EQUAL(world->told[I_B][SIP_LOCATE], 3);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_MESSAGE_RECEIVED], 3);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_MESSAGE_ANSWERED], 3);
    for (size_t i = 0; i < world->log_count; i++)
        CU_ASSERT_EQUAL(world->log[i].acknowledges, strcmp(world->log[i].kind, "MESSAGE/200") == 0);
    const struct logged *last = world_must(world, "MESSAGE", P_B);

    /* It creates no dialog, so nobody asks to stay on its path. */
    CU_ASSERT_EQUAL(count_header(last, SIP_HEADER_RECORD_ROUTE), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(last->text, "\r\nX-Part: 000001/000009\r\nContent-Length: 14\r\n\r\npart of a file"));
    world_destroy(world);
}

static void test_head_size_is_told_exactly(void)
{
    static const uint64_t lengths[] = {1, 9, 10, 99, 100, 700, 999, 1000, 7000};
    static char bytes[7000];
    struct source source = source_memory(bytes);
    struct world *world = world_create(SIP_UDP);
    struct sip_ua *ua = world->uas[UE_A];

    memset(bytes, 'x', sizeof(bytes));
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct sip_ua_message message = {.target = "sip:bob@open-ims.test",
                                         .content_type = "application/octet-stream",
                                         .headers = SPAN("X-Part: 1/2\r\n"),
                                         .body = {&source, 0, lengths[i]}};
        size_t told = sip_ua_message_head_size(ua, &message);

        CU_ASSERT_EQUAL(sip_ua_message_head_size(ua, &message), told);
        sip_ua_message(ua, 0, &message, &world->outbox);
        CU_ASSERT_EQUAL_FATAL(world->outbox.count, 1);
        CU_ASSERT_EQUAL(world->outbox.items[0].head.size, told);
        /* A lasting body goes by reference. */
        CU_ASSERT_PTR_EQUAL(world->outbox.items[0].body.source, &source);
        CU_ASSERT_EQUAL(world->outbox.items[0].body.length, lengths[i]);
    }
    world_destroy(world);
}

/* One that never arrives. */
static void world_drop_message(struct world *world)
{
    world->is_silent = true;
    world->lose = world->sent + 1;
    world_message(world, "earlier");
    world->is_silent = false;
}

static void test_sizes_do_not_depend_on_the_trial(void)
{
    size_t sizes[2][4];

    for (int i = 0; i < 2; i++) {
        struct world *world = world_create(SIP_UDP);

        for (int spoil = 0; spoil < 1000 * i; spoil++)
            world_drop_message(world);
        world->log_count = 0;
        world_invite(world);
        world_run(world, world->now_ns + 100 * MS);
        sizes[i][0] = world_must(world, "INVITE", UE_A)->size;
        sizes[i][1] = world_must(world, "INVITE", P_B)->size;
        sizes[i][2] = world_must(world, "INVITE/200", P_A)->size;
        sizes[i][3] = world_must(world, "ACK", P_B)->size;
        world_destroy(world);
    }
    CU_ASSERT_EQUAL(memcmp(sizes[0], sizes[1], sizeof(sizes[0])), 0);
}

static void test_reliable_transport_sends_nothing_twice(void)
{
    struct world *world = world_create(SIP_TCP);

    world->answer_ns = 40 * SECOND;
    world_invite(world);
    world_run(world, 41 * SECOND);
    world_bye(world, UE_A);
    world_message(world, "over a connection");
    world_run(world, 42 * SECOND);
    check_way(world, "INVITE", "0123456");
    check_way(world, "ACK", "012456");
    check_way(world, "BYE", "012456");
    check_way(world, "BYE/200", "654210");
    check_way(world, "MESSAGE", "0123456");
    check_way(world, "MESSAGE/200", "6543210");
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_MESSAGE_ANSWERED], 1);
    CU_ASSERT_EQUAL(sip_ua_retransmissions(world->uas[UE_A]), 0);
    const struct logged *last = world_must(world, "INVITE", P_B);

    CU_ASSERT_PTR_NOT_NULL(strstr(last->text, "Via: SIP/2.0/TCP pcscf2.open-ims.test:4061;branch="));
    CU_ASSERT_PTR_NOT_NULL(strstr(last->text, "Record-Route: <sip:mt@pcscf2.open-ims.test:4061;transport=tcp;lr>\r\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(last->text, "Contact: <sip:alice@192.168.80.1:5060;transport=tcp>\r\n"));
    /* What remains are Timers L and M of the INVITE, 32 s on every transport. */
    world_run(world, 80 * SECOND);
    for (int node = 0; node < NODES; node++)
        CU_ASSERT_EQUAL(world->wakes_ns[node], INT64_MAX);
    world_destroy(world);
}

static void test_owner_may_change_sdp(void)
{
    struct world *world = world_create(SIP_UDP);
    const size_t grown = 2 * (sizeof("a=x-offer:22\r\n") - 1);

    world->rewrites = true;
    world_invite(world);
    world_run(world, 100 * MS);
    const struct logged *sent = world_must(world, "INVITE", UE_A), *come = world_must(world, "INVITE", P_B);

    CU_ASSERT_EQUAL(come->size - come->head_size, sent->size - sent->head_size + grown);
    CU_ASSERT_PTR_NOT_NULL(strstr(come->text, "a=x-offer:22\r\na=x-offer:22\r\na=path:msrp://192.168.80.1"));
    const struct logged *answer = world_must(world, "INVITE/200", P_A);
    struct sip_message message;
    uint64_t length;

    CU_ASSERT_PTR_NOT_NULL(strstr(answer->text, "a=x-answer:1\r\na=x-answer:1\r\na=path:msrp://192.168.80.3"));
    CU_ASSERT_EQUAL_FATAL(sip_parse(span_of(answer->text), &message), ERR_OK);
    CU_ASSERT_EQUAL(count_header(answer, SIP_HEADER_CONTENT_LENGTH), 1);
    CU_ASSERT_EQUAL(sip_parse_number(sip_value(&message, SIP_HEADER_CONTENT_LENGTH), &length), ERR_OK);
    CU_ASSERT_EQUAL(length, answer->size - answer->head_size);
    world_destroy(world);
}

static const struct unit_test tests[] = {
    {"a call goes P, S, I, S, P and later requests skip the I-CSCF", test_call_goes_its_way},
    {"the callee may end the call over the same hops", test_callee_may_end},
    {"each stateful hop and the callee answer the INVITE with 100", test_each_stateful_hop_says_trying},
    {"Via, Record-Route and Route gather and vanish hop by hop", test_headers_gather_and_vanish},
    {"an INVITE grows by what each hop adds", test_invite_grows_by_what_is_added},
    {"lines may stand in any order", test_lines_may_stand_in_any_order},
    {"a MESSAGE crosses the I-CSCF each time", test_message_crosses_the_i_cscf_each_time},
    {"the head size of a MESSAGE is told exactly", test_head_size_is_told_exactly},
    {"sizes do not depend on the trial", test_sizes_do_not_depend_on_the_trial},
    {"over a reliable transport nothing is sent twice", test_reliable_transport_sends_nothing_twice},
    {"the owner of a P-CSCF may change SDP", test_owner_may_change_sdp},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("sip path", tests);
}
