/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/cast.h"
#include "sim/base/check.h"
#include "sim/proto/msrp_ident.h"
#include "sim/wire/msrp.h"

#include <arpa/inet.h>

const char cast_domain[] = "open-ims.test";

const char *const cast_labels[CAST_COUNT] = {"UE-A",      "P-CSCF(A)", "S-CSCF(A)", "I-CSCF(B)", "HSS(B)",
                                             "S-CSCF(B)", "P-CSCF(B)", "UE-B",      "relay 1",   "relay 2",
                                             "relay 3",   "relay 4",   "relay 5",   "relay 6"};
const char *const cast_short[CAST_COUNT] = {"ue-a", "p-a",     "s-a",     "i-b",     "hss-b",   "s-b",     "p-b",
                                            "ue-b", "relay-1", "relay-2", "relay-3", "relay-4", "relay-5", "relay-6"};

static const char *const names[CAST_COUNT] = {
    [CAST_P_A] = "pcscf-a",        [CAST_S_A] = "scscf-a",        [CAST_I_B] = "icscf-b",
    [CAST_HSS_B] = "hss-b",        [CAST_S_B] = "scscf-b",        [CAST_P_B] = "pcscf-b",
    [CAST_RELAY_1] = "relay1",     [CAST_RELAY_1 + 1] = "relay2", [CAST_RELAY_1 + 2] = "relay3",
    [CAST_RELAY_1 + 3] = "relay4", [CAST_RELAY_1 + 4] = "relay5", [CAST_RELAY_1 + 5] = "relay6"};

/* Which CSCFs have a back-to-back user agent beside them, by their number and in the order of the path. */
static const enum cast_role b2bua_sites[CAST_B2BUAS_MAX + 1][CAST_B2BUAS_MAX] = {
    [1] = {CAST_P_A},
    [2] = {CAST_P_A, CAST_P_B},
    [3] = {CAST_P_A, CAST_S_A, CAST_P_B},
    [4] = {CAST_P_A, CAST_S_A, CAST_S_B, CAST_P_B},
    [5] = {CAST_P_A, CAST_S_A, CAST_I_B, CAST_S_B, CAST_P_B},
};

enum cast_role cast_b2bua_site(uint32_t count, uint32_t index)
{
    check(index < count && count <= CAST_B2BUAS_MAX);
    return b2bua_sites[count][index];
}

bool cast_has(const struct cast *cast, enum cast_role role)
{
    return role < CAST_RELAY_1 || role - CAST_RELAY_1 < cast->relay_count;
}

bool cast_is_foreign(const struct cast *cast, enum cast_role role)
{
    return cast->core && role > CAST_UE_A && role < CAST_UE_B;
}

const struct core_user *cast_user(const struct cast *cast, enum cast_role role)
{
    check(role == CAST_UE_A || role == CAST_UE_B);
    return cast->core ? &cast->core->users[role == CAST_UE_A ? 0 : 1] : NULL;
}

const char *cast_sender(const struct cast *cast)
{
    return cast->core ? cast->core->users[0].aor : "sip:alice@open-ims.test";
}

const char *cast_target(const struct cast *cast)
{
    return cast->core ? cast->core->users[1].aor : "sip:bob@open-ims.test";
}

void cast_init(struct cast *cast)
{
    for (int role = 0; role < CAST_COUNT; role++) {
        struct sink host = {.data = cast->hosts[role], .capacity = CAST_HOST_SIZE};
        char text[INET_ADDRSTRLEN];

        if (names[role])
            sink_format(&host, "%s.%s", names[role], cast_domain);
        else
            sink_text(&host, inet_ntop(AF_INET, &cast->addresses[role], text, sizeof(text)));
        check(!host.overflow);
        sink_string(&host);
    }
    for (int user = 0; cast->core && user < 2; user++) {
        struct sink host = {.data = cast->hosts[user == 0 ? CAST_P_A : CAST_P_B], .capacity = CAST_HOST_SIZE};

        sink_text(&host, cast->core->users[user].p_cscf_name);
        check(!host.overflow);
        sink_string(&host);
    }
}

enum err cast_make_parties(struct cast *cast, struct note *note)
{
    const char *hosts[CAST_COUNT + 1];

    for (int role = 0; role < CAST_COUNT; role++)
        hosts[role] = cast->hosts[role];
    hosts[CAST_COUNT] = NULL;
    const struct party_set_config config = {.alice = cast_sender(cast),
                                            .bob = cast_target(cast),
                                            .server_names = hosts,
                                            .with_rsa = cms_party_kind(cast->suite) == PARTY_RSA};

    return party_set_init(&cast->parties, &config, note);
}

const struct party *cast_server(const struct cast *cast, enum cast_role role)
{
    return &cast->parties.servers[role];
}

enum cast_role cast_at(const struct cast *cast, struct in_addr address)
{
    for (int role = 0; role < CAST_COUNT; role++)
        if (cast_has(cast, (enum cast_role)role) && cast->addresses[role].s_addr == address.s_addr)
            return (enum cast_role)role;
    return CAST_COUNT;
}

enum cast_role cast_of_uri(const struct cast *cast, struct span text)
{
    struct msrp_uri uri;

    if (msrp_parse_uri(text, &uri) != ERR_OK)
        return CAST_COUNT;
    for (int role = 0; role < CAST_COUNT; role++)
        if (cast_has(cast, (enum cast_role)role) && span_equal_nocase(uri.host, span_of(cast->hosts[role])))
            return (enum cast_role)role;
    return CAST_COUNT;
}

uint64_t cast_identity(const struct cast *cast, enum cast_role role)
{
    return msrp_ident_hash(cast->number * CAST_COUNT + (uint64_t)role);
}
