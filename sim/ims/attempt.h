/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * attempt.h - one attempt of a load: to send the file, as the session or the MESSAGEs of a trial, to call somebody, to
 * register again. Each has a world of its own around the shared core, in memory that is given back when nothing on the
 * way or in the future names it any more.
 */
#ifndef SIM_IMS_ATTEMPT_H
#define SIM_IMS_ATTEMPT_H

#include "sim/base/arena_pool.h"
#include "sim/ims/population.h"
#include "sim/ims/renewal.h"
#include "sim/proto/sip_linger.h"

struct attempt;

enum attempt_kind { ATTEMPT_FILE, ATTEMPT_CALL, ATTEMPT_REGISTRATION, ATTEMPT_KINDS };

struct attempt_config {
    enum attempt_kind kind;
    struct world *core; /* the load's world */
    struct arena *arena;
    struct population_user caller, called; /* a registration has the first alone */
    struct renewing *renewing;             /* and who that is; NULL: no registration */
    int64_t hold_ns;                       /* of a call */
    uint64_t number;                       /* no other attempt of the load has it: identifiers are made from it */
    void *context;
    void (*over)(void *context, struct attempt *attempt); /* it has ended, one way or the other */
};

/* The user presses send, dials, or is switched on. ERR_RANGE with a note for a scenario in which nobody can. */
MUST_USE enum err attempt_begin(const struct attempt_config *config, struct attempt **attempt, struct note *note);

/* How it ended: valid from over on. */
struct attempt_result {
    int end;     /* enum outcome_end */
    int refusal; /* its SIP status; 0: none */
    int64_t pressed_ns;
    int64_t delay_ns; /* NONE_NS: not delivered; of a call to its answer, of a registration to its 200 */
    int64_t setup_ns; /* INVITE leaves, to its 200; NONE_NS: none, or no session */
};
struct attempt_result attempt_result(const struct attempt *attempt);
const struct attempt_config *attempt_of(const struct attempt *attempt);

/* A call in which nobody waits for anything. */
bool attempt_is_talk(const struct attempt *attempt);

/* It has failed: whoever can hangs up. */
void attempt_abandon(struct attempt *attempt);

/* Whether the signalling has nothing to do any more. */
bool attempt_is_at_rest(struct attempt *attempt);

/* What its user agents still would have to absorb goes to linger; ports and timers are free again. Events and packets
 * may still name it. */
void attempt_retire(struct attempt *attempt, struct sip_linger *linger, struct sip_outbox *out);

/* SIP messages that its user agents have sent again. */
uint64_t attempt_retransmissions(const struct attempt *attempt);

#endif
