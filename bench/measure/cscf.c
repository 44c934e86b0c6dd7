/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cscf.c - the process of a CSCF: sim/proto's proxy on sockets, the I-CSCF with its HSS, and where a back-to-back user
 * agent lives beside it, the rewriting of the session description through which that comes into the media's way. */
#include "bench/measure/hss.h"
#include "bench/measure/sip_peer.h"
#include "sim/base/check.h"
#include "sim/wire/sdp.h"

#include <sys/socket.h>

enum { CSCF_MEMORY = 64 << 20 };

struct cscf {
    struct node *node;
    struct sip_proxy *proxy;
    struct sip_peer *peer;
    struct hss_client *hss;
    uint32_t agent; /* index of the back-to-back user agent beside it; relay_count: none */
    bool has_hss;
};

static const enum cscf_role kinds[CAST_COUNT] = {
    [CAST_P_A] = CSCF_P, [CAST_S_A] = CSCF_S, [CAST_I_B] = CSCF_I, [CAST_S_B] = CSCF_S, [CAST_P_B] = CSCF_P};

/* Whom a role connects to before it is needed: the way of a request. */
static const enum cast_role onward[CAST_COUNT] = {[CAST_P_A] = CAST_S_A,
                                                  [CAST_S_A] = CAST_I_B,
                                                  [CAST_I_B] = CAST_S_B,
                                                  [CAST_S_B] = CAST_P_B,
                                                  [CAST_P_B] = CAST_COUNT};

/* The agent hears of the path in the offer ('O') and in the answer ('A') before the message goes on. */
static bool rewrite(void *context, bool is_answer, struct span text, struct sink *out)
{
    struct cscf *cscf = context;
    const struct cast *cast = cscf->node->cast;
    enum cast_role agent = (enum cast_role)(CAST_RELAY_1 + cscf->agent);
    struct sdp_msrp sdp;
    char news_text[1024], uri_text[128];
    struct sink news = SINK(news_text), uri = SINK(uri_text);

    if (sdp_read(text, &sdp) != ERR_OK)
        return false;
    sink_char(&news, is_answer ? 'A' : 'O');
    sink_span(&news, sdp.path);
    if (news.overflow || send(cast->beside[cscf->agent][0], news.data, news.size, MSG_NOSIGNAL) < 0)
        return false;
    sink_format(&uri, "%s://%s:%u/b2bua4a7c1e09;tcp", cast->way.is_tls ? "msrps" : "msrp", cast->hosts[agent],
                CAST_MSRP_PORT);
    struct sdp_leg leg = {.path = sink_written(&uri),
                          .host = span_of(cast->hosts[agent]),
                          .port = CAST_MSRP_PORT,
                          .is_tls = cast->way.is_tls};

    return sdp_replace_leg(text, &leg, out);
}

static void cscf_locate(void *context, struct span user, uint32_t token)
{
    struct cscf *cscf = context;

    hss_client_ask(cscf->hss, user, token);
}

static void cscf_located(void *context, uint32_t token, const char *s_cscf)
{
    struct cscf *cscf = context;

    sip_proxy_located(cscf->proxy, loop_now_ns(), token, s_cscf, 404, sip_peer_outbox(cscf->peer));
    sip_peer_do(cscf->peer);
}

static void cscf_check_warm(void *context)
{
    const struct cscf *cscf = context;

    if (!(cscf->hss && !cscf->has_hss) && sip_peer_missing(cscf->peer) == 0)
        node_now(cscf->node, MARK_WARM);
}

static void cscf_met_hss(void *context)
{
    struct cscf *cscf = context;

    cscf->has_hss = true;
    cscf_check_warm(cscf);
}

static void cscf_warm(void *context)
{
    struct cscf *cscf = context;
    enum cast_role to = onward[cscf->node->role];

    if (to != CAST_COUNT)
        sip_peer_connect(cscf->peer, to);
    if (cscf->hss)
        hss_client_connect(cscf->hss, cscf_met_hss);
    cscf_check_warm(cscf);
}

static uint64_t cscf_resent(void *context)
{
    const struct cscf *cscf = context;

    return sip_peer_resent(cscf->peer);
}

static struct sip_proxy *make_proxy(struct cscf *cscf, struct arena *arena)
{
    const struct cast *cast = cscf->node->cast;
    enum cast_role role = cscf->node->role;
    struct cscf_user *users = arena_alloc(arena, 3 * sizeof(*users));
    struct sip_proxy_config config = {.role = kinds[role],
                                      .name = cast->hosts[role],
                                      .port = sip_peer_port(cast),
                                      .transport = (uint8_t)sip_peer_transport(cast),
                                      .transport_ue = (uint8_t)sip_peer_transport(cast),
                                      .domain = cast_domain,
                                      .i_cscf = sip_peer_hop(cast, CAST_I_B),
                                      .names = sip_peer_names(cast, arena),
                                      .users = users,
                                      .timers = sip_timers_core,
                                      .timers_ue = sip_timers_gm,
                                      .identity = cast_identity(cast, role)};

    users[0] = (struct cscf_user){"sip:alice@open-ims.test", sip_peer_uri(cast, arena, "alice", CAST_UE_A, ""),
                                  sip_peer_uri(cast, arena, "term", CAST_P_A, ";lr")};
    users[1] = (struct cscf_user){"sip:bob@open-ims.test", sip_peer_uri(cast, arena, "bob", CAST_UE_B, ""),
                                  sip_peer_uri(cast, arena, "term", CAST_P_B, ";lr")};
    if (cscf->agent < cast->relay_count) {
        config.rewrite_sdp = rewrite;
        config.rewrite_context = cscf;
    }
    return sip_proxy_create(arena, &config);
}

static uint32_t agent_beside(const struct cast *cast, enum cast_role role)
{
    uint32_t count = cast->way.between == CAST_B2BUAS ? cast->relay_count : 0;

    for (uint32_t i = 0; i < count; i++)
        if (cast_b2bua_site(count, i) == role)
            return i;
    return cast->relay_count;
}

enum err cscf_start(struct node *node, struct note *note)
{
    struct arena *arena = arena_create(CSCF_MEMORY);

    if (!arena)
        return note_set(note, ERR_FULL, "no memory for a CSCF");
    struct cscf *cscf = arena_alloc(arena, sizeof(*cscf));

    cscf->node = node;
    cscf->agent = agent_beside(node->cast, node->role);
    cscf->proxy = make_proxy(cscf, arena);
    struct sip_peer_config config = {
        .proxy = cscf->proxy, .context = cscf, .locate = cscf_locate, .connected = cscf_check_warm};

    if (node->role == CAST_I_B)
        cscf->hss = hss_client_create(node, arena, cscf, cscf_located);
    cscf->peer = sip_peer_create(node, arena, &config, note);
    if (!cscf->peer)
        return ERR_FILE;
    node->context = cscf;
    node->warm = cscf_warm;
    node->resent = cscf_resent;
    return ERR_OK;
}
