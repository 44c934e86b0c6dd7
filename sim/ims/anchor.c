/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/anchor.h"
#include "sim/ims/agw.h"
#include "sim/ims/fingerprint.h"
#include "sim/ims/relay.h"

struct anchor {
    struct world *world;
    enum role cscf;
    enum role role; /* of who stands itself in; ROLE_COUNT: nobody */
    bool (*rewrite)(void *context, bool is_answer, struct span sdp, struct sink *out); /* what it does; or NULL */
};

enum { SDP_SIZE = 4096 };

static enum role b2bua_at(const struct world *world, enum role cscf)
{
    uint32_t count = arm_has_b2buas(world->arm) ? world->relay_count : 0;

    for (uint32_t i = 0; i < count; i++)
        if (world_b2bua_site(count, i) == cscf)
            return (enum role)(ROLE_RELAY_1 + i);
    return ROLE_COUNT;
}

static bool gateway_rewrite(void *context, bool is_answer, struct span text, struct sink *out)
{
    const struct anchor *anchor = context;
    bool is_of_a = anchor->role == ROLE_AGW_A;
    struct cause cause = sip_node_cause(anchor->world->sip_nodes[anchor->cscf]);
    struct cause forward = cause_forward(&cause);

    return agw_rewrite(anchor->world->agws[anchor->role], is_of_a != is_answer, text, out, &forward);
}

static bool b2bua_rewrite(void *context, bool is_answer, struct span text, struct sink *out)
{
    const struct anchor *anchor = context;
    struct world *world = anchor->world;
    struct relay *relay = world->relays[anchor->role];
    char fingerprint_text[FINGERPRINT_TEXT + 1];
    struct sink fingerprint = SINK(fingerprint_text);
    struct sdp_msrp sdp;

    if (sdp_read(text, &sdp) != ERR_OK)
        return false;
    if (is_answer) {
        struct cause cause = sip_node_cause(world->sip_nodes[anchor->cscf]);
        struct cause forward = cause_forward(&cause);

        relay_answered(relay, &sdp, &forward);
    } else {
        relay_offered(relay, &sdp);
    }
    if (arm_has_fingerprints(world->arm))
        fingerprint_of_role(world, anchor->role, &fingerprint);
    struct sdp_leg leg = {.path = span_of(relay_session_end(relay, is_answer)),
                          .host = span_of(world->sites[anchor->role].host_name),
                          .port = world->sites[anchor->role].msrp_port,
                          .is_tls = arm_has_fingerprints(world->arm),
                          .fingerprint = sink_written(&fingerprint)};

    return sdp_replace_leg(text, &leg, out);
}

/* What goes on, after who belongs there has done what it does. */
static bool tamper_rewrite(void *context, bool is_answer, struct span text, struct sink *out)
{
    const struct anchor *anchor = context;
    const struct sim_tamper *tamper = anchor->world->trial->tamper;
    char honest_text[SDP_SIZE];
    struct sink honest = SINK(honest_text);
    bool is_rewritten = anchor->rewrite && anchor->rewrite(context, is_answer, text, &honest);

    if (is_rewritten)
        text = sink_written(&honest);
    if (tamper->sdp(tamper->context, anchor->world->sites[anchor->cscf].label, is_answer, text, out))
        return true;
    sink_span(out, text);
    return is_rewritten;
}

void anchor_join(struct world *world, enum role cscf, struct sip_proxy_config *config)
{
    struct anchor *anchor = arena_alloc(world->arena, sizeof(*anchor));
    enum role b2bua = b2bua_at(world, cscf), agw = world_agw_of(world, cscf);
    bool is_tampered = world->trial->tamper && world->trial->tamper->sdp;

    *anchor = (struct anchor){world, cscf, b2bua != ROLE_COUNT ? b2bua : agw, NULL};
    if (b2bua != ROLE_COUNT)
        anchor->rewrite = b2bua_rewrite;
    else if (agw != ROLE_COUNT)
        anchor->rewrite = gateway_rewrite;
    config->rewrite_sdp = is_tampered ? tamper_rewrite : anchor->rewrite;
    config->rewrite_context = anchor;
}
