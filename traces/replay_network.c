/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay_network.c - the network that a capture tells of: which nodes share a host, and what links take. */
#include "traces/replay_state.h"

/* Whether every node of the way between the UEs is on one host. */
static bool is_one_host(const struct session *session)
{
    const struct session_way *ways[] = {&session->way, &session->registration[0], &session->registration[1]};
    const struct endpoint *host = NULL;

    for (size_t w = 0; w < sizeof(ways) / sizeof(*ways); w++) {
        size_t end = ways[w]->count > 0 && w == 0 ? ways[w]->count - 1 : ways[w]->count;

        for (size_t v = 1; v < end; v++) {
            const struct endpoint *at = &session->flow->nodes[ways[w]->visits[v].node].at;

            if (host && !endpoint_same_host(host, at))
                return false;
            host = at;
        }
    }
    return true;
}

void replay_find_network(struct replay *replay)
{
    static const char *const links[] = {"access", "core", "site", "za"};
    static const char *const rates[] = {"access.rate", "core.rate", "site.rate", "za.rate"};
    static const char *const delays[] = {"access.delay", "core.delay", "site.delay", "za.delay"};
    const struct session *session = replay->session;

    replay_set(replay, "topology", REPLAY_MEASURED, "which nodes share an address", "%s",
               session->has_two_operators ? "two-domains"
               : is_one_host(session)     ? "single-host"
                                          : "home");
    for (size_t i = 0; i < sizeof(links) / sizeof(*links); i++) {
        replay_set(replay, rates[i], REPLAY_ASSUMED, "what transmission takes is in the dwells", "0");
        replay_set(replay, delays[i], REPLAY_ASSUMED, "one tap knows no way's length: it is in the dwells", "0");
    }
}
