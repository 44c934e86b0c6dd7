/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/core_file.h"
#include "tests/unit.h"

#include <arpa/inet.h>

#define USER(section, address, name)                                                                                   \
    "[" section "]\naddress = " address "\nuser = " name "\ndomain = home.test\n"                                      \
    "key = 30313233343536373839616263646566\np-cscf = 10.0.0.2:4060\n"
#define OP "op = 66656463626139383736353433323130\n"
#define BOTH USER("ue-a", "10.0.0.3", "alice") OP USER("ue-b", "10.0.0.4", "bob") OP

static enum err parse(const char *text, struct core *core, struct note *note)
{
    *note = (struct note){{0}};
    return core_file_parse(span_of(text), "core.ini", core, note);
}

static void a_file_gives_both_users_and_the_places_of_relays(void)
{
    struct core core;
    struct note note;

    CU_ASSERT_EQUAL_FATAL(
        parse("# ours\n" BOTH "transport = udp\n[relay-1]\nnamespace = r\naddress = 10.0.0.9\n", &core, &note), ERR_OK);
    const struct core_user *bob = &core.users[1];

    CU_ASSERT_STRING_EQUAL(bob->aor, "sip:bob@home.test");
    CU_ASSERT_STRING_EQUAL(bob->private_identity, "bob@home.test");
    CU_ASSERT_STRING_EQUAL(bob->p_cscf_route, "sip:mo@10.0.0.2:4060;lr");
    CU_ASSERT_EQUAL(bob->p_cscf_port, 4060);
    CU_ASSERT_EQUAL(bob->transport, SIP_UDP);
    CU_ASSERT_EQUAL(core.users[0].place.address.s_addr, htonl(0x0a000003));
    CU_ASSERT_EQUAL(core.relay_count, 1);
    CU_ASSERT_STRING_EQUAL(core.relays[0].namespace, "r");
}

/* OPc is made from OP and K: what a file that gives OPc says has to come out the same. */
static void op_and_opc_give_the_same_card(void)
{
    static const uint8_t op[MILENAGE_KEY_SIZE] = "fedcba9876543210";
    struct core core;
    struct note note;
    uint8_t opc[MILENAGE_KEY_SIZE];

    CU_ASSERT_EQUAL_FATAL(parse(BOTH, &core, &note), ERR_OK);
    milenage_opc(core.users[0].key.k, op, opc);
    CU_ASSERT_EQUAL(memcmp(opc, core.users[0].key.opc, sizeof(opc)), 0);
    CU_ASSERT_EQUAL(memcmp(core.users[0].key.k, "0123456789abcdef", MILENAGE_KEY_SIZE), 0);
}

static void what_is_wrong_is_said_with_its_line(void)
{
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"user = alice\n", "core.ini:1: expected a [section]"},
        {"[ue-c]\n", "core.ini:1: expected [ue-a]"},
        {"[relay-2]\n", "core.ini:1"},
        {"[ue-a]\nkey = 123\n", "core.ini:2: expected 32 hexadecimal digits"},
        {"[ue-a]\nkey = 3031323334353637383961626364656g\n", "core.ini:2: expected 32"},
        {"[ue-a]\np-cscf = 10.0.0.2:70000\n", "core.ini:2: expected ADDRESS"},
        {"[ue-a]\np-cscf = pcscf\n", "core.ini:2: expected ADDRESS"},
        {"[ue-a]\ntransport = sctp\n", "core.ini:2: expected udp, tcp or tls"},
        {"[ue-a]\nnamespace = ../x\n", "core.ini:2: expected the name of a network namespace"},
        {"[ue-a]\ncolour = blue\n", "core.ini:2: expected namespace, address"},
        {"[relay-1]\nuser = x\n", "core.ini:2: expected namespace or address"},
        {BOTH "[relay-1]\n", "[relay-1] has no address"},
        {USER("ue-a", "10.0.0.3", "alice") OP, "[ue-b] has no address"},
        {USER("ue-a", "10.0.0.3", "alice") USER("ue-b", "10.0.0.4", "bob") OP, "[ue-a]: expected one of op and opc"},
        {USER("ue-a", "10.0.0.3", "alice") OP USER("ue-b", "10.0.0.3", "bob") OP, "an address of its own"},
        {USER("ue-a", "10.0.0.3", "alice") OP "transport = tcp\n" USER("ue-b", "10.0.0.4", "bob") OP,
         "the same transport"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct core core;
        struct note note;

        CU_ASSERT_EQUAL(parse(cases[i].text, &core, &note), ERR_SYNTAX);
        CU_ASSERT_PTR_NOT_NULL(strstr(note.text, cases[i].words));
    }
}

static void every_prefix_of_a_file_is_refused_or_read(void)
{
    static const char text[] = BOTH;

    for (size_t size = 0; size < sizeof(text) - 2; size++) {
        struct core core;
        struct note note = {{0}};

        if (core_file_parse((struct span){text, size}, "core.ini", &core, &note) != ERR_OK)
            CU_ASSERT_NOT_EQUAL(note.text[0], 0);
    }
}

static const struct unit_test tests[] = {
    {"a file gives both users and the places of relays", a_file_gives_both_users_and_the_places_of_relays},
    {"OP and OPc give the same card", op_and_opc_give_the_same_card},
    {"what is wrong is said with its line", what_is_wrong_is_said_with_its_line},
    {"every prefix of a file is refused or read", every_prefix_of_a_file_is_refused_or_read},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("core_file", tests);
}
