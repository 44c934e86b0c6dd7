/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/measure_arm.h"

enum { RCS_AGENTS = 4 }; /* SBC, AS, AS, SBC */

/* What a choice means for a real run. A choice without a row here, or one with a reason, is simulated only. */
struct choice {
    bool is_known;
    const char *why_not;
    struct cast_way way;
    uint32_t relays;
};

static const struct choice carriers[] = {
    [CARRIER_MESSAGE] = {.is_known = true, .way = {.is_message = true}},
    [CARRIER_MSRP] = {.is_known = true},
    [CARRIER_HTTP] = {.is_known = true, .why_not = "none of the processes speaks HTTP"},
};

static const struct choice paths[] = {
    [PATH_CSCFS] = {.is_known = true},
    [PATH_RELAYS] = {.is_known = true, .way = {.between = CAST_RELAYS}},
    [PATH_B2BUAS] = {.is_known = true, .way = {.between = CAST_B2BUAS}},
    [PATH_RCS] = {.is_known = true, .way = {.between = CAST_B2BUAS}, .relays = RCS_AGENTS},
    [PATH_AGWS] = {.is_known = true, .why_not = "none of the processes is an IMS-AGW"},
    [PATH_DIRECT] = {.is_known = true, .way = {.between = CAST_DIRECT}},
    [PATH_SERVER] = {.is_known = true, .why_not = "none of the processes is a content server"},
};

static const struct choice hops[] = {
    [HOP_NONE] = {.is_known = true},
    [HOP_TLS] = {.is_known = true, .way = {.is_tls = true}},
    [HOP_ESP] = {.is_known = true,
                 .why_not = "none of the processes protects its packets (ESP needs a kernel that does)"},
    [HOP_TLS_ACCESS] = {.is_known = true, .why_not = "none of the processes ends TLS for one side only"},
};

static const struct choice bodies[] = {
    [BODY_CLEAR] = {.is_known = true},
    [BODY_CMS] = {.is_known = true, .way = {.is_cms = true}},
    [BODY_TLS] = {.is_known = true, .way = {.is_tls = true, .has_fingerprints = true}},
};

static enum err take(struct measure_arm *out, const struct choice *choices, size_t count, int chosen,
                     const char *otherwise, const struct arm *arm, struct note *note)
{
    const struct choice *choice = (size_t)chosen < count ? &choices[chosen] : NULL;

    if (!choice || !choice->is_known || choice->why_not)
        return note_set(note, ERR_RANGE, "%s is simulated only: %s", arm->name,
                        choice && choice->why_not ? choice->why_not : otherwise);
    out->way.is_message |= choice->way.is_message;
    out->way.is_tls |= choice->way.is_tls;
    out->way.is_cms |= choice->way.is_cms;
    out->way.has_fingerprints |= choice->way.has_fingerprints;
    if (choice->way.between != CAST_DIRECT)
        out->way.between = choice->way.between;
    if (choice->relays != 0)
        out->relays = choice->relays;
    return ERR_OK;
}

#define TAKE(choices, chosen, otherwise)                                                                               \
    TRY(take(&made, choices, sizeof(choices) / sizeof(*(choices)), (int)(chosen), otherwise, arm, note))

enum err measure_arm(const struct arm *arm, struct measure_arm *out, struct note *note)
{
    struct measure_arm made = {.way = {.between = CAST_DIRECT}};

    TAKE(carriers, arm->carrier, "none of the processes carries a file in that way");
    TAKE(paths, arm->path, "none of the processes stands in such a path");
    TAKE(hops, arm->hop, "none of the processes protects hops in that way (ESP needs a kernel that has it)");
    TAKE(bodies, arm->body, "none of the processes protects a body in that way");
    if (made.way.is_message && arm->messages == MESSAGES_LARGE)
        return note_set(note, ERR_RANGE, "%s is simulated only: no process sends MESSAGEs of such a size", arm->name);
    if (made.way.is_message && made.way.is_cms)
        return note_set(note, ERR_RANGE, "%s is simulated only: no process splits a sealed file over MESSAGEs",
                        arm->name);
    *out = made;
    return ERR_OK;
}
