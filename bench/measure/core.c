/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/core.h"
#include "sim/sec/aka.h"
#include "sim/sec/digest.h"

static enum sip_usim_verdict usim_answer(void *context, const uint8_t rand[SIP_RAND_SIZE],
                                         const uint8_t autn[SIP_AUTN_SIZE], struct sip_usim_answer *answer)
{
    static const enum sip_usim_verdict verdicts[] = {
        [AKA_GOOD] = SIP_USIM_GOOD, [AKA_BAD_MAC] = SIP_USIM_BAD_MAC, [AKA_OUT_OF_SYNC] = SIP_USIM_OUT_OF_SYNC};
    struct milenage_answer made;
    enum aka_verdict verdict = aka_usim_answer(context, rand, autn, &made, answer->auts);

    if (verdict != AKA_GOOD)
        return verdicts[verdict];
    answer->res_size = MILENAGE_RES_SIZE;
    memcpy(answer->res, made.res, MILENAGE_RES_SIZE);
    memcpy(answer->ck, made.ck, MILENAGE_KEY_SIZE);
    memcpy(answer->ik, made.ik, MILENAGE_KEY_SIZE);
    return SIP_USIM_GOOD;
}

const struct sip_ua_registration *core_registration(const struct core_user *user, struct arena *arena)
{
    enum { EXPIRES_S = 3600 }; /* a transfer is over long before */
    struct sip_ua_registration *registration = arena_alloc(arena, sizeof(*registration));
    struct aka_usim *usim = arena_alloc(arena, sizeof(*usim));

    /* A card whose memory is empty takes any sequence number as fresh. */
    *usim = (struct aka_usim){.key = user->key};
    *registration = (struct sip_ua_registration){.private_identity = user->private_identity,
                                                 .p_cscf = user->p_cscf_route,
                                                 .expires_s = EXPIRES_S,
                                                 .md5 = digest_md5,
                                                 .usim = usim_answer,
                                                 .usim_context = usim};
    return registration;
}
