/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When messages are sent again, when senders give up, and that a lost or doubled message does no harm. */
#include "tests/sim/proto/sip_world.h"

/* RFC 3261 section 17.1.1.2 with T1 = 0.5 s, and TS 24.229 table 7.7.1 with T1 = 2 s, in ms after the first. */
static const int64_t invite_core[] = {500, 1500, 3500, 7500, 15500, 31500, -1};
static const int64_t invite_gm[] = {2000, 6000, 14000, 30000, 62000, 126000, -1};
/* Section 17.1.2.2: doubling up to T2. */
static const int64_t other_core[] = {500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, -1};
static const int64_t other_gm[] = {2000, 6000, 14000, 30000, 46000, 62000, 78000, 94000, 110000, 126000, -1};

static void check_instants(const struct world *world, const char *kind, enum node from, const int64_t *expected_ms)
{
    const struct logged *first = world_must(world, kind, from);

    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_FALSE(first->is_again);
    for (size_t i = 0; i < world->log_count; i++) {
        const struct logged *logged = &world->log[i];

        if (logged == first || logged->from != from || strcmp(logged->kind, kind) != 0)
            continue;
        CU_ASSERT_TRUE(logged->is_again);
        CU_ASSERT_EQUAL(logged->size, first->size);
        CU_ASSERT_EQUAL(memcmp(logged->text, first->text, first->size), 0);
        if (*expected_ms < 0 || logged->at_ns - first->at_ns != *expected_ms * MS)
            printf("%s again after %lld ms, not %lld\n", kind, (long long)((logged->at_ns - first->at_ns) / MS),
                   (long long)*expected_ms);
        CU_ASSERT_TRUE_FATAL(*expected_ms >= 0);
        CU_ASSERT_EQUAL(logged->at_ns - first->at_ns, *expected_ms * MS);
        expected_ms++;
    }
    CU_ASSERT_EQUAL(*expected_ms, -1);
}

static void check_quiet(const struct world *world)
{
    CU_ASSERT_EQUAL(world->flight_count, 0);
    for (int node = 0; node < NODES; node++)
        CU_ASSERT_EQUAL(world->wakes_ns[node], INT64_MAX);
}

static const int64_t never[] = {-1};

static void test_invite_to_a_dead_p_cscf(void)
{
    struct world *world = world_create(SIP_UDP);

    world->dead = P_A;
    world_invite(world);
    world_run(world, 31999 * MS);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_TIMED_OUT], 0);
    world_run(world, 32000 * MS);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_TIMED_OUT], 1);
    CU_ASSERT_EQUAL(sip_ua_retransmissions(world->uas[UE_A]), 6);
    check_instants(world, "INVITE", UE_A, invite_core);
    check_quiet(world);
    world_destroy(world);
}

static void test_invite_on_gm(void)
{
    struct world *world = world_create_gm(SIP_UDP, sip_timers_gm);

    world->dead = P_A;
    world_invite(world);
    world_run(world, 127999 * MS);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_TIMED_OUT], 0);
    world_run(world, 128000 * MS);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_TIMED_OUT], 1);
    check_instants(world, "INVITE", UE_A, invite_gm);
    check_quiet(world);
    world_destroy(world);
}

static void test_only_the_hop_before_the_dead_node_repeats_invite(void)
{
    for (int dead = S_A; dead <= UE_B; dead++) {
        struct world *world = world_create_gm(SIP_UDP, sip_timers_gm);

        world->dead = (enum node)dead;
        world_invite(world);
        world_run(world, 300 * SECOND);
        for (int node = UE_A; node < dead - 1; node++)
            check_instants(world, "INVITE", (enum node)node, never);
        check_instants(world, "INVITE", (enum node)(dead - 1), dead == UE_B ? invite_gm : invite_core);
        /* The hop that gives up says so, and every hop on the way back is acknowledged. */
        CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED], 1);
        CU_ASSERT_EQUAL(world->status[UE_A], 408);
        CU_ASSERT_PTR_NOT_NULL(world_logged(world, "ACK", UE_A));
        check_quiet(world);
        world_destroy(world);
    }
}

static void test_message_to_a_dead_callee(void)
{
    struct world *world = world_create_gm(SIP_UDP, sip_timers_gm);

    world->dead = UE_B;
    world_message(world, "is nobody there");
    world_run(world, 300 * SECOND);
    /* Nothing tells a client of a MESSAGE that it is being worked on: every hop repeats it. */
    check_instants(world, "MESSAGE", UE_A, other_gm);
    for (int node = P_A; node <= S_B; node++)
        check_instants(world, "MESSAGE", (enum node)node, other_core);
    check_instants(world, "MESSAGE", P_B, other_gm);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_TIMED_OUT], 1);
    /* RFC 4320: no response but the callee's. */
    for (size_t i = 0; i < world->log_count; i++)
        CU_ASSERT_STRING_EQUAL(world->log[i].kind, "MESSAGE");
    check_quiet(world);
    world_destroy(world);
}

static void test_answer_is_repeated_until_its_ack(void)
{
    static const int64_t instants[] = {500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, -1};
    struct world *world = world_create(SIP_UDP);

    world_invite(world);
    while (!world_logged(world, "INVITE/200", UE_B))
        world_step(world, INT64_MAX);
    world->dead = P_B;
    int64_t answered_ns = world->now_ns;

    world_run(world, answered_ns + 31999 * MS);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_TIMED_OUT], 0);
    world_run(world, answered_ns + 32000 * MS);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_TIMED_OUT], 1);
    check_instants(world, "INVITE/200", UE_B, instants);
    world_destroy(world);
}

static void test_refusal_is_repeated_until_its_ack(void)
{
    static const int64_t instants[] = {500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, -1};
    struct world *world = world_create(SIP_UDP);

    world->is_located = false;
    world_invite(world);
    while (!world_logged(world, "INVITE/404", I_B))
        world_step(world, INT64_MAX);
    world->dead = I_B;
    world_run(world, 100 * SECOND);
    check_instants(world, "INVITE/404", I_B, instants);
    world_destroy(world);
}

/* Timer C is 181 s here: the first P-CSCF is the first whose next hop rings that long. */
static void test_who_rings_too_long_is_cancelled(void)
{
    struct world *world = world_create(SIP_UDP);

    world->answer_ns = 1000 * SECOND;
    world_invite(world);
    world_run(world, 180 * SECOND);
    CU_ASSERT_PTR_NULL(world_logged(world, "CANCEL", P_A));
    world->answer_at_ns = INT64_MAX;
    world_run(world, 400 * SECOND);
    for (int node = P_A; node <= P_B; node++)
        CU_ASSERT_PTR_NOT_NULL(world_logged(world, "CANCEL", (enum node)node));
    CU_ASSERT_PTR_NULL(world_logged(world, "CANCEL", UE_A));
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_ENDED], 1);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED], 1);
    CU_ASSERT_EQUAL(world->status[UE_A], 487);
    check_quiet(world);
    world_destroy(world);
}

/* ---- Loss and repetition ---- */

/* A call that is ended and a MESSAGE; each must have happened once in spite of what the network does. */
static void check_whole(struct world *world)
{
    world_invite(world);
    world_run(world, 50 * SECOND);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_ANSWERED], 1);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_INVITED], 1);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_CONFIRMED], 1);
    if (world->told[UE_A][SIP_ANSWERED] == 1)
        world_bye(world, UE_A);
    world_run(world, 100 * SECOND);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_BYE_ANSWERED], 1);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_ENDED], 1);
    world_message(world, "a part");
    world_run(world, 250 * SECOND);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_MESSAGE_RECEIVED], 1);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_MESSAGE_ANSWERED], 1);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_TIMED_OUT] + world->told[UE_B][SIP_TIMED_OUT], 0);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED], 0);
    check_quiet(world);
}

static uint64_t messages_without_loss(void)
{
    struct world *world = world_create(SIP_UDP);

    check_whole(world);
    uint64_t sent = world->sent;

    world_destroy(world);
    return sent;
}

static void test_any_message_may_be_lost(void)
{
    uint64_t count = messages_without_loss();

    CU_ASSERT_EQUAL(count, 6 + 6 + 6 + 5 + 5 + 5 + 6 + 6);
    for (uint64_t lost = 1; lost <= count; lost++) {
        struct world *world = world_create(SIP_UDP);

        world->lose = lost;
        check_whole(world);
        CU_ASSERT_TRUE(world->sent >= count);
        world_destroy(world);
    }
}

static void test_any_message_may_come_twice(void)
{
    uint64_t count = messages_without_loss();

    for (uint64_t twice = 1; twice <= count; twice++) {
        struct world *world = world_create(SIP_UDP);

        world->twice = twice;
        check_whole(world);
        world_destroy(world);
    }
}

static void test_any_two_messages_may_be_lost(void)
{
    uint64_t count = messages_without_loss();

    for (uint64_t lost = 1; lost <= count; lost++)
        for (uint64_t also = lost + 1; also <= lost + 12; also++) {
            struct world *world = world_create(SIP_UDP);

            world->lose = lost;
            world->lose_also = also;
            world->is_silent = true;
            world->checks_osip = false;
            check_whole(world);
            world_destroy(world);
        }
}

/* A message of another call, or of nobody, changes nothing. */
static void test_strays_are_dropped(void)
{
    struct world *world = world_create(SIP_UDP);

    world_invite(world);
    world_run(world, 100 * MS);
    const struct logged *ok = world_must(world, "INVITE/200", P_A), *ack = world_must(world, "ACK", P_B);
    struct logged stray_ok = *ok, stray_ack = *ack;
    uint64_t sent = world->sent;

    memcpy(strstr(stray_ok.text, "z9hG4bK") + 7, "deadbeef", 8);
    memcpy(strstr(stray_ack.text, ";tag=") + 5, "deadbeef", 8);
    world_fly(world, P_A, UE_A, &stray_ok);
    world_fly(world, S_A, P_A, &stray_ok);
    world_fly(world, P_B, UE_B, &stray_ack);
    world_run(world, 200 * MS);
    CU_ASSERT_EQUAL(world->sent, sent);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_ANSWERED], 1);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_CONFIRMED], 1);
    world_destroy(world);
}

/* ---- Memory ---- */

/* One MESSAGE each 0.1 s: some 320 transactions linger at each hop. After a minute no more memory is taken. */
static void test_memory_is_that_of_what_lingers(void)
{
    struct world *world = world_create(SIP_UDP);
    size_t used = 0;

    world->is_silent = true;
    world->checks_osip = false;
    for (int i = 0; i < 3000; i++) {
        world_message(world, "one of many parts, of which each is as long as the others");
        world_run(world, world->now_ns + 100 * MS);
        if (i == 600)
            used = arena_used(world->arena);
    }
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_MESSAGE_ANSWERED], 3000);
    CU_ASSERT_EQUAL(arena_used(world->arena), used);
    world_run(world, world->now_ns + 100 * SECOND);
    check_quiet(world);
    world_destroy(world);
}

static const struct unit_test tests[] = {
    {"an INVITE to a dead P-CSCF is repeated at 0.5, 1.5 .. 31.5 s and given up at 32 s", test_invite_to_a_dead_p_cscf},
    {"an INVITE on Gm is repeated at 2, 6 .. 126 s and given up at 128 s", test_invite_on_gm},
    {"only the hop before the dead node repeats an INVITE", test_only_the_hop_before_the_dead_node_repeats_invite},
    {"a MESSAGE to a dead callee is repeated by every hop and answered by none", test_message_to_a_dead_callee},
    {"a 200 to INVITE is repeated until its ACK, for 32 s", test_answer_is_repeated_until_its_ack},
    {"a refusal of INVITE is repeated until its ACK", test_refusal_is_repeated_until_its_ack},
    {"who rings for more than three minutes is cancelled", test_who_rings_too_long_is_cancelled},
    {"any message may be lost", test_any_message_may_be_lost},
    {"any message may come twice", test_any_message_may_come_twice},
    {"any two messages may be lost", test_any_two_messages_may_be_lost},
    {"strays are dropped", test_strays_are_dropped},
    {"memory is that of what lingers", test_memory_is_that_of_what_lingers},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("sip timers", tests);
}
