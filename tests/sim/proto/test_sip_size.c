/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UDP or TCP by the size of a request: RFC 3261 section 18.1.1. */
#include "tests/sim/proto/sip_world.h"

enum { LIMIT = 1100 }; /* the INVITE of these tests grows past it between UE-A and UE-B */

static bool top_via_is(const struct logged *logged, const char *transport)
{
    struct sip_message message;
    struct sip_via via;
    struct span value, element;

    CU_ASSERT_EQUAL_FATAL(sip_parse((struct span){logged->text, logged->size}, &message), ERR_OK);
    value = sip_value(&message, SIP_HEADER_VIA);
    return sip_cut_element(&value, &element) == ERR_OK && sip_parse_via(element, &via) == ERR_OK &&
           span_equal(via.transport, span_of(transport));
}

static void call(struct world *world)
{
    world_invite(world);
    int calls = world->told[UE_A][SIP_BYE_ANSWERED];

    world_run(world, world->now_ns + 100 * MS);
    world_bye(world, UE_A);
    world_run(world, world->now_ns + 100 * MS);
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_BYE_ANSWERED], calls + 1);
}

static void test_request_changes_where_it_is_too_large(void)
{
    struct world *world = world_create_by_size(LIMIT + 200, false);
    int by_tcp = 0, by_udp = 0;

    world->checks_osip = true;
    call(world);
    for (size_t i = 0; i < world->log_count; i++) {
        const struct logged *logged = &world->log[i];
        bool is_invite = strcmp(logged->kind, "INVITE") == 0;

        if (!is_invite)
            continue;
        CU_ASSERT_EQUAL(logged->transport, logged->size > LIMIT ? SIP_TCP : SIP_UDP);
        CU_ASSERT_TRUE(top_via_is(logged, logged->size > LIMIT ? "TCP" : "UDP"));
        CU_ASSERT_FALSE(logged->is_again);
        by_tcp += logged->size > LIMIT;
        by_udp += logged->size <= LIMIT;
        /* Its answers come back by the transport by which it went (section 18.2.2). */
        CU_ASSERT_EQUAL(world_must(world, "INVITE/200", logged->to)->transport, logged->transport);
        CU_ASSERT_EQUAL(world_must(world, "INVITE/100", logged->to)->transport, logged->transport);
    }
    CU_ASSERT_TRUE(by_tcp > 0 && by_udp > 0);
    /* The route set names no transport, so what fits goes by UDP again, and nobody stands in it twice. */
    CU_ASSERT_EQUAL(count_header(world_must(world, "ACK", UE_A), SIP_HEADER_ROUTE), 4);
    for (int node = UE_A; node <= P_B; node++)
        if (node != I_B)
            CU_ASSERT_EQUAL(world_must(world, "BYE", (enum node)node)->transport, SIP_UDP);
    world_destroy(world);
}

static void test_limit_is_1300_where_the_mtu_is_unknown(void)
{
    struct world *world = world_create_by_size(0, false);
    char body[1201];

    memset(body, 'x', sizeof(body) - 1);
    body[sizeof(body) - 1] = 0;
    for (size_t size = 700; size < sizeof(body); size += 25) {
        body[size] = 0;
        world_message(world, body);
        world_run(world, world->now_ns + 100 * MS);
        body[size] = 'x';
    }
    size_t sides[2] = {0, 0};

    for (size_t i = 0; i < world->log_count; i++)
        if (strcmp(world->log[i].kind, "MESSAGE") == 0) {
            CU_ASSERT_EQUAL(world->log[i].transport, world->log[i].size > 1300 ? SIP_TCP : SIP_UDP);
            sides[world->log[i].size > 1300]++;
        }
    CU_ASSERT_TRUE(sides[0] > 0 && sides[1] > 0);
    world_destroy(world);
}

static void test_refused_tcp_falls_back_to_udp(void)
{
    struct world *world = world_create_by_size(LIMIT + 200, true);
    int asked = 0;

    call(world);
    for (size_t i = 0; i < world->log_count; i++) {
        const struct logged *logged = &world->log[i];

        if (strcmp(logged->kind, "INVITE") != 0 || logged->size <= LIMIT)
            continue;
        CU_ASSERT_TRUE(top_via_is(logged, logged->transport == SIP_TCP ? "TCP" : "UDP"));
        asked += logged->transport == SIP_TCP;
    }
    CU_ASSERT_TRUE(asked > 0);
    /* A neighbour that has refused is not asked again. */
    size_t before = world->log_count;

    call(world);
    for (size_t i = before; i < world->log_count; i++)
        CU_ASSERT_EQUAL(world->log[i].transport, SIP_UDP);
    world_destroy(world);
}

static void test_reliable_transport_repeats_nothing(void)
{
    struct world *world = world_create_by_size(201, false);

    world->dead = UE_B;
    world_invite(world);
    world_run(world, 300 * SECOND);
    for (size_t i = 0; i < world->log_count; i++)
        CU_ASSERT_FALSE(world->log[i].is_again);
    /* Timer B ends it all the same. */
    CU_ASSERT_EQUAL(world->told[UE_A][SIP_REFUSED], 1);
    CU_ASSERT_EQUAL(world->status[UE_A], 408);
    world_destroy(world);
}

static void test_back_on_udp_timers_repeat(void)
{
    struct world *world = world_create_by_size(201, true);
    int64_t at_ns[8];
    size_t count = 0;

    world->dead = UE_B;
    world_invite(world);
    world_run(world, 300 * SECOND);
    for (size_t i = 0; i < world->log_count && count < 8; i++)
        if (world->log[i].from == P_B && world->log[i].transport == SIP_UDP &&
            strcmp(world->log[i].kind, "INVITE") == 0)
            at_ns[count++] = world->log[i].at_ns;
    CU_ASSERT_EQUAL_FATAL(count, 7);
    /* Section 17.1.1.2: again after T1, doubled each time. */
    for (size_t i = 1; i < count; i++)
        CU_ASSERT_EQUAL(at_ns[i] - at_ns[0], (((int64_t)1 << i) - 1) * 500 * MS);
    world_destroy(world);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"a request changes to TCP at the hop where it is too large", test_request_changes_where_it_is_too_large},
        {"the limit is 1,300 bytes where the MTU is not known", test_limit_is_1300_where_the_mtu_is_unknown},
        {"refused TCP falls back to UDP", test_refused_tcp_falls_back_to_udp},
        {"over TCP nothing is sent again", test_reliable_transport_repeats_nothing},
        {"back on UDP, timer A runs", test_back_on_udp_timers_repeat},
        {NULL, NULL},
    };

    return unit_run("sip_size", tests);
}
