/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What elements refuse, and with what; and that no message, however damaged, harms one. */
#include "tests/sim/proto/sip_world.h"

/* A message made from a logged one by replacing a piece of its text. */
static struct logged changed(const struct logged *logged, const char *before, const char *after)
{
    struct logged made = *logged;
    char *at = strstr(made.text, before);

    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    size_t rest = made.size - (size_t)(at - made.text) - strlen(before);

    memmove(at + strlen(after), at + strlen(before), rest);
    memcpy(at, after, strlen(after));
    made.size += strlen(after) - strlen(before);
    made.head_size += strlen(after) - strlen(before);
    memset(made.text + made.size, 0, TEXT_MAX - made.size);
    return made;
}

static const struct logged *last_sent(const struct world *world, enum node from)
{
    for (size_t i = world->log_count; i-- > 0;)
        if (world->log[i].from == from)
            return &world->log[i];
    return NULL;
}

/* The INVITE of a call as it left a node. Nothing else has happened in the world yet but that call. */
static struct world *world_with_invite(enum node from, struct logged *invite)
{
    struct world *world = world_create(SIP_UDP);

    world_invite(world);
    world_run(world, 100 * MS);
    *invite = *world_must(world, "INVITE", from);
    world_destroy(world);
    return world_create(SIP_UDP);
}

static void check_answer(struct world *world, const struct logged *request, enum node from, enum node to,
                         const char *kind)
{
    world_fly(world, from, to, request);
    world_run(world, world->now_ns + 2 * MS);
    const struct logged *answer = last_sent(world, to);

    CU_ASSERT_PTR_NOT_NULL_FATAL(answer);
    if (strcmp(answer->kind, kind) != 0)
        printf("%s, not %s\n", answer->kind, kind);
    CU_ASSERT_STRING_EQUAL(answer->kind, kind);
    CU_ASSERT_EQUAL(answer->to, from);
    world_destroy(world);
}

static void test_unknown_user(void)
{
    struct world *world = world_create(SIP_UDP);

    world->is_located = false;
    world_invite(world);
    world_run(world, 100 * SECOND);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED], 1);
    CU_ASSERT_EQUAL(world->status[UE_A], 404);
    /* Hop by hop, so each hop's ACK has one Via and the branch of its INVITE. */
    for (int node = UE_A; node <= S_A; node++) {
        const struct logged *ack = world_must(world, "ACK", (enum node)node);

        CU_ASSERT_PTR_NOT_NULL_FATAL(ack);
        CU_ASSERT_EQUAL(ack->to, (enum node)(node + 1));
        CU_ASSERT_EQUAL(count_header(ack, SIP_HEADER_VIA), 1);
        const char *via = strstr(ack->text, "branch="),
                   *invite_via = strstr(world_must(world, "INVITE", (enum node)node)->text, "branch=");

        CU_ASSERT_EQUAL(memcmp(via, invite_via, strlen("branch=z9hG4bK0123456789abcdef")), 0);
    }
    world_message(world, "to nobody");
    world_run(world, 200 * SECOND);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED], 2);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_INVITED] + world->told[UE_B][SIP_MESSAGE_RECEIVED], 0);
    world_destroy(world);
}

static void test_requests_that_proxies_refuse(void)
{
    static const struct {
        enum node from;
        const char *before, *after, *kind;
    } rows[] = {
        {UE_A, "Max-Forwards: 70", "Max-Forwards: 0", "INVITE/483"},
        {UE_A, "Max-Forwards: 70", "Max-Forwards: -1", "INVITE/400"},
        {UE_A, "Max-Forwards: 70", "Proxy-Require: foo", "INVITE/420"},
        {UE_A, "Route: <sip:orig@scscf.open-ims.test:6060;lr>\r\n", "", "INVITE/403"},
        {UE_A, "Route: <sip:orig@scscf.open-ims.test", "Route: <sip:orig@nowhere.test", "INVITE/404"},
        {UE_A, "Route: <sip:orig@scscf.open-ims.test", "Route: <mailto:orig@scscf.open-ims.test", "INVITE/400"},
        {S_A, "INVITE sip:bob@open-ims.test", "INVITE mailto:bob@open-ims.test", "INVITE/416"},
        {I_B, "INVITE sip:bob@open-ims.test", "INVITE sip:eve@open-ims.test", "INVITE/404"},
        {I_B, "INVITE sip:bob@open-ims.test", "INVITE tel:+123", "INVITE/404"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct logged invite;
        struct world *world = world_with_invite(rows[i].from, &invite);

        invite = changed(&invite, rows[i].before, rows[i].after);
        check_answer(world, &invite, rows[i].from, (enum node)(rows[i].from + 1), rows[i].kind);
    }
}

static void test_loops_are_refused_and_spirals_are_not(void)
{
    struct world *world = world_create(SIP_UDP);

    world_invite(world);
    world_run(world, 100 * MS);
    struct logged invite =
        changed(world_must(world, "INVITE", I_B),
                "Via: ", "Via: SIP/2.0/UDP scscf2.open-ims.test:6061;branch=z9hG4bK00000000\r\nVia: ");

    world_fly(world, S_B, I_B, &invite);
    world_run(world, 103 * MS);
    /* With another Route it goes another way. */
    CU_ASSERT_STRING_EQUAL(last_sent(world, I_B)->kind, "INVITE");
    invite = changed(&invite, "Route: <sip:scscf2.open-ims.test:6061;lr>\r\n", "");
    memcpy(strstr(invite.text, "z9hG4bK") + 7, "deadbeef", 8);
    check_answer(world, &invite, S_B, I_B, "INVITE/482");
}

static void test_requests_that_user_agents_refuse(void)
{
    static const struct {
        const char *kind; /* of the logged message that is changed */
        const char *before, *after, *cseq_before, *cseq_after, *answer;
    } rows[] = {
        {"INVITE", "Call-ID: ", "Call-ID: z", "INVITE", "INVITE", "INVITE/486"}, /* another call, while one is on */
        {"INVITE", "To: <sip:bob@open-ims.test>", "To: <sip:bob@open-ims.test>;tag=00000000", "1 INVITE", "2 INVITE",
         "INVITE/486"},
        {"ACK", "ACK sip", "BYE sip", "1 ACK", "2 BYE", "BYE/200"},
        {"ACK", "ACK sip", "INVITE sip", "1 ACK", "2 INVITE", "INVITE/488"}, /* another offer in the call */
        {"INVITE", "INVITE sip", "BYE sip", "1 INVITE", "2 BYE", "BYE/481"},
        {"INVITE", "INVITE sip", "OPTIONS sip", "1 INVITE", "1 OPTIONS", "OPTIONS/200"},
        {"INVITE", "INVITE sip", "SUBSCRIBE sip", "1 INVITE", "1 SUBSCRIBE", "SUBSCRIBE/405"},
        {"INVITE", "INVITE sip", "CANCEL sip", "1 INVITE", "1 CANCEL", "CANCEL/200"}, /* comes too late */
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world *world = world_create(SIP_UDP);

        world_invite(world);
        world_run(world, 100 * MS);
        struct logged request = changed(world_must(world, rows[i].kind, P_B), rows[i].before, rows[i].after);

        request = changed(&request, rows[i].cseq_before, rows[i].cseq_after);
        if (strcmp(rows[i].cseq_after, "1 CANCEL") != 0)
            memcpy(strstr(request.text, "z9hG4bK") + 7, "deadbeef", 8);
        check_answer(world, &request, P_B, UE_B, rows[i].answer);
    }
}

static void test_cancel_before_the_answer_ends_the_call(void)
{
    struct world *world = world_create(SIP_UDP);

    world->answer_ns = 1000 * SECOND;
    world_invite(world);
    world_run(world, 1 * SECOND);
    struct logged cancel = changed(world_must(world, "INVITE", UE_A), "INVITE sip", "CANCEL sip");

    cancel = changed(&cancel, "1 INVITE", "1 CANCEL");
    world_fly(world, UE_A, P_A, &cancel);
    world_run(world, 2 * SECOND);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_ENDED], 1);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED], 1);
    CU_ASSERT_EQUAL(world->status[UE_A], 487);
    world->answer_at_ns = INT64_MAX;
    world_run(world, 200 * SECOND);
    for (int node = 0; node < NODES; node++)
        CU_ASSERT_EQUAL(world->wakes_ns[node], INT64_MAX);
    world_destroy(world);
}

static bool is_same_hop(struct sip_hop a, struct sip_hop b)
{
    return a.address == b.address && a.port == b.port && a.transport == b.transport;
}

/* A P-CSCF whose UE speaks TLS and whose core speaks UDP stands in the route set twice (RFC 5658). */
static void test_two_transports_make_two_record_routes(void)
{
    struct logged invite;
    struct world *world = world_with_invite(UE_A, &invite);
    struct sip_outbox *out = &world->outbox;
    struct sip_hop ue = {ADDRESS_A, 49152, SIP_TLS};
    struct source none = source_memory("");
    struct sip_message message;

    sip_proxy_receive(world->proxies[P_A], 0, ue, (struct span){invite.text, invite.head_size},
                      (struct slice){&none, 0, 0}, out);
    CU_ASSERT_EQUAL_FATAL(out->count, 2);
    CU_ASSERT_TRUE(is_same_hop(out->items[0].hop, ue));
    CU_ASSERT_EQUAL(out->items[1].hop.transport, SIP_UDP);
    CU_ASSERT_EQUAL_FATAL(sip_parse(out->items[1].head, &message), ERR_OK);
    const struct sip_line *first = sip_line_next(&message, SIP_HEADER_RECORD_ROUTE, NULL);
    const struct sip_line *second = sip_line_next(&message, SIP_HEADER_RECORD_ROUTE, first);

    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    CU_ASSERT_TRUE(span_equal(first->value, SPAN("<sip:mo@pcscf.open-ims.test:4060;lr>")));
    CU_ASSERT_TRUE(span_equal(second->value, SPAN("<sip:mo@pcscf.open-ims.test:4060;transport=tls;lr>")));
    static const char bye[] = "BYE sip:alice@192.168.80.1:5061;transport=tls SIP/2.0\r\n"
                              "Via: SIP/2.0/UDP scscf.open-ims.test:6060;branch=z9hG4bK1\r\n"
                              "Route: <sip:mo@pcscf.open-ims.test:4060;lr>, "
                              "<sip:mo@pcscf.open-ims.test:4060;transport=tls;lr>\r\n"
                              "From: <sip:bob@open-ims.test>;tag=1\r\nTo: <sip:alice@open-ims.test>;tag=2\r\n"
                              "Call-ID: 3\r\nCSeq: 1 BYE\r\nMax-Forwards: 9\r\nContent-Length: 0\r\n\r\n";

    sip_proxy_receive(world->proxies[P_A], 0, hop_of(world, S_A), SPAN(bye), (struct slice){&none, 0, 0}, out);
    CU_ASSERT_EQUAL_FATAL(out->count, 1);
    CU_ASSERT_EQUAL(out->items[0].hop.transport, SIP_TLS);
    CU_ASSERT_EQUAL(out->items[0].hop.address, ADDRESS_A);
    CU_ASSERT_EQUAL(out->items[0].hop.port, 5061);
    CU_ASSERT_EQUAL_FATAL(sip_parse(out->items[0].head, &message), ERR_OK);
    CU_ASSERT_EQUAL(sip_value(&message, SIP_HEADER_ROUTE).size, 0);
    CU_ASSERT_TRUE(span_equal(sip_value(&message, SIP_HEADER_MAX_FORWARDS), SPAN("8")));
    world_destroy(world);
}

/* RFC 3581: who asks with rport is told its address and port, and answered there. */
static void test_rport_is_filled_in(void)
{
    struct logged invite;
    struct world *world = world_with_invite(UE_A, &invite);
    struct sip_outbox *out = &world->outbox;
    struct sip_hop nat = {UINT32_C(0x0A010101), 61000, SIP_UDP};
    struct source none = source_memory("");

    invite = changed(&invite, "192.168.80.1:5060;branch", "192.168.80.1:5060;rport;branch");
    sip_proxy_receive(world->proxies[P_A], 0, nat, (struct span){invite.text, invite.head_size},
                      (struct slice){&none, 0, 0}, out);
    CU_ASSERT_EQUAL_FATAL(out->count, 2);
    CU_ASSERT_TRUE(is_same_hop(out->items[0].hop, nat));
    for (int i = 0; i < 2; i++) {
        size_t at = span_find(out->items[i].head, SPAN("Via: SIP/2.0/UDP 192.168.80.1:5060;rport=61000;branch="));

        CU_ASSERT_TRUE_FATAL(at < out->items[i].head.size);
        CU_ASSERT_TRUE(span_find(span_after(out->items[i].head, at), SPAN(";received=10.1.1.1\r\n")) < 110);
    }
    world_destroy(world);
}

/* ---- Damage ---- */

static void damage(struct logged *message, uint64_t *state)
{
    for (int i = 0; i < 2; i++) {
        *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
        message->text[(*state >> 33) % message->head_size] = "\r\n \t:;,<>\"\\/=@[]%\0a0Z"[(*state >> 20) % 22];
    }
}

static void test_damaged_messages_do_no_harm(void)
{
    struct world *whole = world_create(SIP_UDP);

    world_invite(whole);
    world_run(whole, 100 * MS);
    world_bye(whole, UE_A);
    world_message(whole, "a part");
    world_run(whole, 200 * MS);
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct world *world = world_create(SIP_UDP);
        uint64_t state = seed;

        world->is_wild = world->is_silent = true;
        world->checks_osip = false;
        for (size_t i = 0; i < whole->log_count; i++) {
            struct logged message = whole->log[i];

            damage(&message, &state);
            if (span_find((struct span){message.text, message.head_size}, SPAN("\r\n\r\n")) + 4 != message.head_size)
                continue;
            world_fly(world, message.from, message.to, &message);
            world_run(world, world->now_ns + 20 * MS);
        }
        world->answer_at_ns = INT64_MAX;
        world_run(world, world->now_ns + 1000 * SECOND);
        for (int node = 0; node < NODES; node++)
            CU_ASSERT_EQUAL(world->wakes_ns[node], INT64_MAX);
        world_destroy(world);
    }
    world_destroy(whole);
}

static size_t count_sent(const struct world *world, const char *kind, enum node from)
{
    size_t count = 0;

    for (size_t i = 0; i < world->log_count; i++)
        count += world->log[i].from == from && strcmp(world->log[i].kind, kind) == 0;
    return count;
}

/* RFC 3261 section 21.5.4: for the time that a 503 gives, its sender gets nothing that begins. */
static void test_a_next_hop_that_says_retry_after_is_left_alone(void)
{
    struct world *world = world_create(SIP_UDP);

    sip_proxy_set_overload(world->proxies[S_A], 5);
    world_message(world, "one");
    world_run(world, 100 * MS);
    CU_ASSERT_EQUAL(world->status[UE_A], 500);
    CU_ASSERT_EQUAL(count_sent(world, "MESSAGE", P_A), 1);
    CU_ASSERT_EQUAL(count_sent(world, "MESSAGE/503", S_A), 1);
    world_message(world, "two");
    world_run(world, 4900 * MS);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED], 2);
    CU_ASSERT_EQUAL(count_sent(world, "MESSAGE", P_A), 1);
    CU_ASSERT_EQUAL(sip_proxy_held_back(world->proxies[P_A]), 1);
    sip_proxy_set_overload(world->proxies[S_A], 0);
    world_run(world, 5100 * MS);
    world_message(world, "three");
    world_run(world, 5300 * MS);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_MESSAGE_ANSWERED], 1);
    CU_ASSERT_EQUAL(sip_proxy_held_back(world->proxies[P_A]), 1);
    world_destroy(world);
}

static const struct unit_test tests[] = {
    {"an unknown user is refused hop by hop", test_unknown_user},
    {"proxies refuse what they cannot forward", test_requests_that_proxies_refuse},
    {"a next hop that says Retry-After is left alone", test_a_next_hop_that_says_retry_after_is_left_alone},
    {"a loop is refused and a spiral is not", test_loops_are_refused_and_spirals_are_not},
    {"user agents refuse what they cannot serve", test_requests_that_user_agents_refuse},
    {"CANCEL before the answer ends the call", test_cancel_before_the_answer_ends_the_call},
    {"two transports make two Record-Routes, and both are popped", test_two_transports_make_two_record_routes},
    {"rport is filled in and followed", test_rport_is_filled_in},
    {"damaged messages do no harm", test_damaged_messages_do_no_harm},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("sip refusals", tests);
}
