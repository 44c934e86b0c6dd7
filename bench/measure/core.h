/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * core.h - an IMS core that is another program's: who its two users are, where each reaches it, and what is on their
 * cards. With one, the measurement's own processes are the users (and relays) alone; they register before the press.
 */
#ifndef BENCH_MEASURE_CORE_H
#define BENCH_MEASURE_CORE_H

#include "sim/base/arena.h"
#include "sim/proto/sip_ua.h"
#include "sim/sec/milenage.h"

#include <netinet/in.h>

enum { CORE_TEXT_SIZE = 64, CORE_RELAYS_MAX = 6 };

/* Where a process of ours lives: a network namespace under /run/netns (empty: the command's own) and its address. */
struct core_place {
    char namespace[CORE_TEXT_SIZE];
    struct in_addr address;
};

struct core_user {
    struct core_place place;
    char user[CORE_TEXT_SIZE], domain[CORE_TEXT_SIZE]; /* "alice", "home-a.test" */
    char private_identity[2 * CORE_TEXT_SIZE];         /* "alice@home-a.test" */
    char aor[2 * CORE_TEXT_SIZE + 8];                  /* "sip:alice@home-a.test" */
    char p_cscf_name[CORE_TEXT_SIZE];                  /* as its Route has it: "pcscf.home-a.test" */
    char p_cscf_route[CORE_TEXT_SIZE + 32];            /* "sip:mo@pcscf.home-a.test:5060;lr" */
    struct in_addr p_cscf;
    uint16_t p_cscf_port;
    uint8_t transport; /* enum sip_transport */
    struct milenage_key key;
};

struct core {
    struct core_user users[2]; /* UE-A, UE-B */
    struct core_place relays[CORE_RELAYS_MAX];
    uint32_t relay_count; /* places for relays of ours */
};

/* How the user registers, with AKAv1-MD5 by a USIM of the user's key; in arena. */
const struct sip_ua_registration *core_registration(const struct core_user *user, struct arena *arena);

#endif
