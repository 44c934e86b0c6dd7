/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A session before its answer: reliable provisional responses (RFC 3262), UPDATE (RFC 3311), CANCEL. */
#include "tests/sim/proto/sip_world.h"

static void check_way(const struct world *world, const char *kind, const char *expected)
{
    char text[256];
    struct sink way = SINK(text);

    CU_ASSERT_STRING_EQUAL(world_way(world, kind, &way), expected);
}

/* The so many-th message of a kind that left a node; NULL: none. */
static const struct logged *nth(const struct world *world, const char *kind, enum node from, size_t n)
{
    for (size_t i = 0; i < world->log_count; i++)
        if (world->log[i].from == from && strcmp(world->log[i].kind, kind) == 0 && n-- == 0)
            return &world->log[i];
    return NULL;
}

static struct span header_of(const struct logged *logged, enum sip_header header)
{
    static struct sip_message message;

    CU_ASSERT_EQUAL_FATAL(sip_parse((struct span){logged->text, logged->size}, &message), ERR_OK);
    return sip_value(&message, header);
}

static void test_flow(void)
{
    struct world *world = world_create_early();
    struct sip_rack rack;
    uint64_t rseq = 0;

    world_invite(world);
    world_run(world, 100 * MS);
    check_way(world, "INVITE/183", "6543210");
    check_way(world, "UPDATE", "012456");
    check_way(world, "UPDATE/200", "654210");
    check_way(world, "INVITE/180", "6543210");
    check_way(world, "INVITE/200", "6543210");
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_ANSWERED], 1);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_CONFIRMED], 1);
    /* RFC 3262 section 7.2: RAck holds the RSeq, and the INVITE's CSeq; each response has its PRACK, RSeq counts up. */
    for (size_t i = 0; i < 2; i++) {
        const struct logged *response = nth(world, i == 0 ? "INVITE/183" : "INVITE/180", UE_B, 0);
        const struct logged *prack = nth(world, "PRACK", UE_A, i);
        uint64_t before = rseq;

        CU_ASSERT_PTR_NOT_NULL_FATAL(prack);
        CU_ASSERT_EQUAL(sip_parse_number(header_of(response, SIP_HEADER_RSEQ), &rseq), ERR_OK);
        CU_ASSERT_TRUE(span_equal(header_of(response, SIP_HEADER_REQUIRE), SPAN("100rel")));
        CU_ASSERT_EQUAL(sip_parse_rack(header_of(prack, SIP_HEADER_RACK), &rack), ERR_OK);
        CU_ASSERT_EQUAL(rack.rseq, rseq);
        CU_ASSERT_EQUAL(rack.cseq, 1);
        CU_ASSERT_TRUE(i == 0 || rseq == before + 1);
        /* The early dialog has the route set of the session. */
        CU_ASSERT_EQUAL(count_header(prack, SIP_HEADER_ROUTE), 4);
    }
    world_bye(world, UE_A);
    world_run(world, 200 * MS);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_BYE_ANSWERED], 1);
    for (size_t i = 0; i < world->log_count; i++)
        CU_ASSERT_FALSE(world->log[i].is_again);
    world_destroy(world);
}

/* RFC 3262 section 3: again after T1, doubled without limit, and 5xx after 64*T1. */
static void test_183_is_sent_again_until_its_prack(void)
{
    struct world *world = world_create_early();
    int64_t at_ns[16] = {0}, first_ns;
    size_t count = 0;

    world_invite(world);
    world_run(world, 6500 * US);
    world->dead = P_B;
    world_run(world, 40 * SECOND);
    for (size_t i = 0; i < world->log_count; i++)
        if (world->log[i].from == UE_B && strcmp(world->log[i].kind, "INVITE/183") == 0 && count < 16)
            at_ns[count++] = world->log[i].at_ns;
    CU_ASSERT_EQUAL_FATAL(count, 7);
    first_ns = at_ns[0];
    for (size_t i = 1; i < count; i++)
        CU_ASSERT_EQUAL(at_ns[i] - first_ns, (((int64_t)1 << i) - 1) * 500 * MS);
    const struct logged *refusal = world_must(world, "INVITE/504", UE_B);

    CU_ASSERT_EQUAL(refusal->at_ns - first_ns, 32 * SECOND);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_ENDED], 1);
    world_destroy(world);
}

static void test_each_message_may_be_lost_or_doubled(void)
{
    struct world *whole = world_create_early();

    world_invite(whole);
    world_run(whole, 100 * MS);
    uint64_t sent = whole->sent;

    world_destroy(whole);
    CU_ASSERT_TRUE(sent > 60);
    for (uint64_t i = 1; i <= 2 * sent; i++) {
        struct world *world = world_create_early();

        *(i <= sent ? &world->lose : &world->twice) = i <= sent ? i : i - sent;
        world_invite(world);
        world_run(world, 40 * SECOND);
        CU_ASSERT_EQUAL(world->told[UE_A][SIP_ANSWERED], 1);
        CU_ASSERT_EQUAL(world->told[UE_B][SIP_CONFIRMED], 1);
        CU_ASSERT_EQUAL(world->told[UE_B][SIP_INVITED], 1);
        CU_ASSERT_EQUAL(world->told[UE_B][SIP_UPDATED], 1);
        CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED] + world->told[UE_A][SIP_TIMED_OUT], 0);
        world_destroy(world);
    }
}

static void test_unknown_prack_gets_481(void)
{
    struct world *world = world_create_early();

    world_invite(world);
    world_run(world, 100 * MS);
    struct logged prack = *world_must(world, "PRACK", P_B);
    char *number = strstr(prack.text, "RAck: "), *branch = strstr(prack.text, "branch=z9hG4bK");

    CU_ASSERT_PTR_NOT_NULL_FATAL(number);
    number[6] = number[6] == '9' ? '8' : '9';
    branch[14] = branch[14] == 'a' ? 'b' : 'a'; /* another transaction */
    world_fly(world, P_B, UE_B, &prack);
    world_run(world, 200 * MS);
    CU_ASSERT_PTR_NOT_NULL(world_logged(world, "PRACK/481", UE_B));
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_PRACKED], 2);
    world_destroy(world);
}

static void test_cancel_after_183(void)
{
    struct world *world = world_create_early();

    world->answer_ns = 100 * SECOND;
    world_invite(world);
    world_run(world, 1 * SECOND);
    sip_ua_cancel(world->uas[UE_A], world->now_ns, &world->outbox);
    world_do(world, UE_A);
    world_run(world, 200 * SECOND);
    check_way(world, "CANCEL", "0123456");
    check_way(world, "INVITE/487", "6543210");
    CU_ASSERT_EQUAL(world->status[UE_A], 487);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED], 1);
    CU_ASSERT_EQUAL(world->told[UE_B][SIP_ENDED], 1);
    /* Section 12.1: the final response is of the dialog that the 183 made. */
    struct span early = sip_tag(header_of(world_must(world, "INVITE/183", UE_B), SIP_HEADER_TO));
    char tag[16] = {0};

    memcpy(tag, early.data, early.size < 15 ? early.size : 15);
    CU_ASSERT_TRUE(span_equal(sip_tag(header_of(world_must(world, "INVITE/487", UE_B), SIP_HEADER_TO)), span_of(tag)));
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_ANSWERED], 0);
    world_destroy(world);
}

/* After the 183 a node takes nothing more. UE-B still says so itself, with 504 after 64*T1 (RFC 3262 section 3). Behind
 * a P-CSCF that is dead in both directions UE-A's PRACK runs out (Timer F), which cancels the INVITE, and that one ends
 * 64*T1 later (RFC 3261 section 9.1). */
static void test_silence_ends_in_time(void)
{
    static const struct {
        enum node dead;
        int status;
        int64_t from_ns, until_ns;
    } rows[] = {{UE_B, 504, 32 * SECOND, 33 * SECOND}, {P_B, 408, 64 * SECOND, 65 * SECOND}};

    for (size_t i = 0; i < 2; i++) {
        struct world *world = world_create_early();

        world_invite(world);
        world_run(world, 12500 * US);
        CU_ASSERT_EQUAL(world->told[UE_A][SIP_PROGRESSED], 1);
        world->dead = rows[i].dead;
        world_run(world, rows[i].from_ns);
        CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED] + world->told[UE_A][SIP_TIMED_OUT], 0);
        world_run(world, rows[i].until_ns);
        CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED] + world->told[UE_A][SIP_TIMED_OUT], 1);
        CU_ASSERT_EQUAL(world->status[UE_A], rows[i].status);
        world_run(world, 300 * SECOND);
        CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED] + world->told[UE_A][SIP_TIMED_OUT], 1);
        CU_ASSERT_EQUAL(world->flight_count, 0);
        world_destroy(world);
    }
}

int main(void)
{
    const struct unit_test tests[] = {
        {"183, PRACK, UPDATE, 180, 200", test_flow},
        {"a 183 is sent again until its PRACK", test_183_is_sent_again_until_its_prack},
        {"each message may be lost or doubled", test_each_message_may_be_lost_or_doubled},
        {"a PRACK of nothing gets 481", test_unknown_prack_gets_481},
        {"CANCEL after a 183", test_cancel_after_183},
        {"silence after a 183 ends in time, by name", test_silence_ends_in_time},
        {NULL, NULL},
    };

    return unit_run("sip_early", tests);
}
