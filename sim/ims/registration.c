/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/registration.h"
#include "sim/ims/dns.h"
#include "sim/ims/gate.h"
#include "sim/ims/hss.h"
#include "sim/ims/ipsec.h"
#include "sim/sec/aka.h"
#include "sim/sec/digest.h"
#include "sim/wire/ifc.h"

enum { URI_SIZE = 96, UES = 2, EXPIRES_MIN_S = 60, OFFER_SIZE = 192 };

struct ue {
    struct world *world;
    enum role role;
    const char *name;
    const char *public_identity, *private_identity;
    struct aka_usim usim;
    struct sip_ua_registration config;
    int64_t began_ns, ended_ns;
    bool is_meant, is_registered;
};

struct registration {
    struct ue ues[UES]; /* UE-A, UE-B */
    struct sip_server servers[UES + 1];
    struct sip_registrar_config registrars[ROLE_COUNT];
    void *context; /* who waits for both, and since when */
    station_done_fn *done;
    struct cause waiting;
    int64_t waits_from_ns;
};

/* Secrets of two subscribers. Any would do. */
static const struct milenage_key keys[UES] = {
    {"alice's key is 1", "for open ims: A!"},
    {"bob's key is 002", "for open ims: B!"},
};

static const char *make_text(struct world *world, const char *format, const char *user, enum role role)
{
    char *text = arena_alloc(world->arena, URI_SIZE);
    struct sink sink = {.data = text, .capacity = URI_SIZE};

    sink_format(&sink, format, user, world_domain(world, role));
    check(!sink.overflow);
    return sink_string(&sink);
}

/* ---- The USIM ---- */

static const enum sip_usim_verdict verdicts[] = {
    [AKA_GOOD] = SIP_USIM_GOOD, [AKA_BAD_MAC] = SIP_USIM_BAD_MAC, [AKA_OUT_OF_SYNC] = SIP_USIM_OUT_OF_SYNC};

enum sip_usim_verdict registration_ask_usim(struct aka_usim *usim, const uint8_t rand[SIP_RAND_SIZE],
                                            const uint8_t autn[SIP_AUTN_SIZE], struct sip_usim_answer *answer)
{
    struct milenage_answer made;
    enum aka_verdict verdict = aka_usim_answer(usim, rand, autn, &made, answer->auts);

    if (verdict != AKA_GOOD)
        return verdicts[verdict];
    answer->res_size = MILENAGE_RES_SIZE;
    memcpy(answer->res, made.res, MILENAGE_RES_SIZE);
    memcpy(answer->ck, made.ck, MILENAGE_KEY_SIZE);
    memcpy(answer->ik, made.ik, MILENAGE_KEY_SIZE);
    return SIP_USIM_GOOD;
}

static enum sip_usim_verdict usim_answer(void *context, const uint8_t rand[SIP_RAND_SIZE],
                                         const uint8_t autn[SIP_AUTN_SIZE], struct sip_usim_answer *answer)
{
    struct ue *ue = context;
    enum sip_usim_verdict verdict = registration_ask_usim(&ue->usim, rand, autn, answer);

    if (verdict != SIP_USIM_GOOD)
        return verdict;
    ipsec_agree(ue->world, ue->role, answer->ck, answer->ik);
    if (ue->role == ROLE_UE_A && ue->world->scenario->subscriber == SUBSCRIBER_WRONG_RESPONSE)
        answer->res[0] ^= 1;
    return SIP_USIM_GOOD;
}

/* What is the matter with UE-A's card. */
static void set_usim(struct ue *ue, enum subscriber_state state)
{
    if (state == SUBSCRIBER_WRONG_KEY)
        ue->usim.key.k[0] ^= 1;
    for (int i = 0; i < AKA_INDICES && state == SUBSCRIBER_OUT_OF_SYNC; i++)
        ue->usim.seq[i] = 1000;
}

/* ---- What everybody gets ---- */

/* NULL where Gm is not ESP. */
static const char *make_offer(struct world *world, enum role own, enum role peer)
{
    char *text = arena_alloc(world->arena, OFFER_SIZE);
    struct sink sink = {.data = text, .capacity = OFFER_SIZE};

    if (!ipsec_write_offer(world, own, peer, &sink))
        return NULL;
    check(!sink.overflow);
    return sink_string(&sink);
}

static void make_ue(struct world *world, struct ue *ue, size_t number, enum role p_cscf)
{
    const char *name = number == 0 ? "alice" : "bob";
    int peer = world->scenario->peer_state;

    *ue = (struct ue){.world = world,
                      .role = number == 0 ? ROLE_UE_A : ROLE_UE_B,
                      .name = name,
                      .began_ns = NONE_NS,
                      .ended_ns = NONE_NS,
                      .is_meant =
                          !world->population && (number == 0 || (peer != PEER_UNKNOWN && peer != PEER_UNREGISTERED))};
    ue->public_identity = make_text(world, "sip:%s@%s", name, ue->role);
    ue->private_identity = make_text(world, "%s@%s", name, ue->role);
    ue->usim.key = keys[number];
    ue->config = (struct sip_ua_registration){.private_identity = ue->private_identity,
                                              .p_cscf = world_sip_uri(world, "mo", p_cscf, ";lr"),
                                              .expires_s = SIP_EXPIRES_S,
                                              .security_client = make_offer(world, ue->role, p_cscf),
                                              .md5 = digest_md5,
                                              .usim = usim_answer,
                                              .usim_context = ue};
    if (number == 0)
        set_usim(ue, (enum subscriber_state)world->scenario->subscriber);
}

void registration_create(struct world *world)
{
    struct registration *registration = arena_alloc(world->arena, sizeof(*registration));

    world->registration = registration;
    make_ue(world, &registration->ues[0], 0, ROLE_P_A);
    make_ue(world, &registration->ues[1], 1, ROLE_P_B);
    registration->servers[0] = (struct sip_server){world_sip_uri(world, "term", ROLE_S_A, ""), 1};
    registration->servers[1] = (struct sip_server){world_sip_uri(world, "term", ROLE_S_B, ""), 2};
}

const struct sip_ua_registration *registration_of(struct world *world, enum role ue)
{
    return &world->registration->ues[ue == ROLE_UE_B].config;
}

const struct sip_registrar_config *registration_registrar(struct world *world, enum role cscf)
{
    struct registration *registration = world->registration;
    struct sip_registrar_config *config = &registration->registrars[cscf];

    /* A trial ends long before a registration does: nothing has to watch. */
    *config = (struct sip_registrar_config){.network = world_network(world, cscf),
                                            .servers = registration->servers,
                                            .server = registration->servers[cscf == ROLE_S_B].uri,
                                            .asks_once = world->scenario->second_uar == 0,
                                            .expires_s_min = EXPIRES_MIN_S,
                                            .expires_s_max = SIP_EXPIRES_S,
                                            .security_server = cscf == ROLE_P_A   ? make_offer(world, cscf, ROLE_UE_A)
                                                               : cscf == ROLE_P_B ? make_offer(world, cscf, ROLE_UE_B)
                                                                                  : NULL,
                                            .md5 = digest_md5};
    return config;
}

/* The application server of a user's requests; NULL: none. */
static const char *server_of(struct world *world, uint32_t user)
{
    const struct site *site = &world->sites[user == 0 ? ROLE_AS_A : ROLE_AS_B];
    char *text = arena_alloc(world->arena, URI_SIZE);
    struct sink sink = {.data = text, .capacity = URI_SIZE};

    if (!site->label)
        return NULL;
    sink_format(&sink, "sip:%s:%u", site->host_name, site->sip_port);
    check(!sink.overflow);
    return sink_string(&sink);
}

void registration_subscribe(struct world *world, enum role hss_role, struct hss *hss)
{
    int state = world->scenario->subscriber;
    bool is_two = world->sites[ROLE_HSS_A].label != NULL;

    for (uint32_t i = 0; i < UES; i++) {
        const struct ue *ue = &world->registration->ues[i];
        struct hss_subscriber subscriber = {.public_identity = ue->public_identity,
                                            .private_identity = ue->private_identity,
                                            .key = keys[i],
                                            .capability = i + 1,
                                            .server = server_of(world, i),
                                            .session_case = i == 0 ? IFC_ORIGINATING : IFC_TERMINATING,
                                            .is_barred = i == 0 && state == SUBSCRIBER_BARRED};
        bool is_known = i == 0 ? state != SUBSCRIBER_UNKNOWN : world->scenario->peer_state != PEER_UNKNOWN;
        enum role home = i == 0 && is_two ? ROLE_HSS_A : ROLE_HSS_B;

        if (is_known && home == hss_role)
            hss_add(hss, &subscriber);
    }
}

/* ---- The run ---- */

static void ue_begin(void *context, const struct cause *cause)
{
    struct ue *ue = context;
    struct world *world = ue->world;
    struct sip_node *node = world->sip_nodes[ue->role];

    ue->began_ns = world_now(world);
    sip_ua_register(sip_node_ua(node), world_now(world), sip_node_outbox(node));
    sip_node_do(node, sip_node_outbox(node), cause);
}

/* The P-CSCF is where DNS says it is (TS 24.229 section 9.2.1). */
static void ue_found(void *context, const struct sip_hop *entry, int status, uint32_t token, const struct cause *cause)
{
    struct ue *ue = context;

    (void)status;
    (void)token;
    if (!entry) {
        world_fail(ue->world, OUTCOME_REGISTRATION_TIMEOUT);
        return;
    }
    sip_ua_set_outbound(sip_node_ua(ue->world->sip_nodes[ue->role]), *entry);
    ue_begin(ue, cause);
}

void registration_begin(struct world *world, const struct cause *cause)
{
    for (size_t i = 0; i < UES; i++) {
        struct ue *ue = &world->registration->ues[i];
        const char *p_cscf = world->sites[ue->role == ROLE_UE_A ? ROLE_P_A : ROLE_P_B].host_name;

        if (!ue->is_meant)
            continue;
        if (world->scenario->dns == DNS_COLD)
            dns_look_up(world, ue->role, span_of(p_cscf), 0, ue, ue_found, cause);
        else
            world_wait(world, PART_PROCESSING, gate_wait_ns(world, ue->role, "REGISTER"), cause, ue, ue_begin);
    }
}

static void registered(struct registration *registration, struct ue *ue, const struct cause *cause)
{
    struct world *world = ue->world;
    station_done_fn *done = registration->done;
    struct cause forward = cause_forward(cause);

    if (forward.transfer == 0 && done) {
        forward = cause_forward(&registration->waiting);
        cause_charge(&forward, PART_PROCESSING, world_now(world) - registration->waits_from_ns);
    }
    ue->is_registered = true;
    ue->ended_ns = sip_node_arrived_ns(world->sip_nodes[ue->role]);
    if (ue->role == ROLE_UE_B && world->scenario->peer_state == PEER_EXPIRED)
        sip_proxy_forget(sip_node_proxy(world->sip_nodes[ROLE_S_B]), span_of(ue->public_identity));
    if (done && registration_is_done(world)) {
        registration->done = NULL;
        done(registration->context, &forward);
    }
}

void registration_told(struct world *world, enum role role, const struct sip_output *item, const struct cause *cause)
{
    struct registration *registration = world->registration;
    struct ue *ue = &registration->ues[role == ROLE_UE_B];

    if (item->action == SIP_REGISTERED) {
        registered(registration, ue, cause);
    } else if (item->action == SIP_REGISTRATION_REFUSED) {
        world->refusal = item->status;
        world_fail(world, item->status == 408 ? OUTCOME_REGISTRATION_TIMEOUT : OUTCOME_REGISTRATION_REFUSED);
    }
}

bool registration_stands(struct world *world, const struct cause *cause, void *context, station_done_fn *done)
{
    struct registration *registration = world->registration;

    if (registration_is_done(world))
        return true;
    registration->context = context;
    registration->done = done;
    registration->waiting = *cause;
    registration->waits_from_ns = world_now(world);
    return false;
}

bool registration_is_done(const struct world *world)
{
    for (size_t i = 0; i < UES; i++)
        if (world->registration->ues[i].is_meant && !world->registration->ues[i].is_registered)
            return false;
    return true;
}

int64_t registration_ns(const struct world *world)
{
    const struct ue *ue = &world->registration->ues[0];

    return ue->is_registered ? ue->ended_ns - ue->began_ns : NONE_NS;
}
