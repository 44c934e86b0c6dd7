/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * core_model.h - the simulator set to another program's core: its nodes keep messages as a table of dwells says that
 * was measured there; what users and relays of ours take is fitted to calibrating transfers through that core.
 */
#ifndef BENCH_CLI_CORE_MODEL_H
#define BENCH_CLI_CORE_MODEL_H

#include "bench/cli/core_trials.h"

/* What is fitted. */
struct core_fit {
    int64_t link_ns;       /* propagation of a user's link: the kernel's way and a process that wakes */
    int64_t read_ns;       /* UE-B's process wakes and reads what has come */
    int64_t relay_ns;      /* dwell of an MSRP message at a relay of ours: one more that wakes and reads */
    int64_t setup_ppm;     /* of the dwells of INVITE, its answers and the LIR, in millionths */
    int64_t message_ppm;   /* of those of MESSAGE and its answers */
    int64_t tls_ppm;       /* of the cost table's handshakes, in millionths */
    int64_t seal_fixed_ns; /* CMS: fixed, and picoseconds a byte */
    int64_t seal_byte_ps;
    int64_t open_fixed_ns;
    int64_t open_byte_ps;
};

struct core_model {
    struct setup setup;
    struct core_fit fit;
    struct arena *arena;
};

/* dwells: file or built-in table; rate_bps: of the users' links, each direction, 0: unshaped. */
MUST_USE enum err core_model_open(struct core_model *model, const char *dwells, uint64_t rate_bps, struct note *note);
void core_model_close(struct core_model *model);

/* Needs message-plain of 32 KiB, msrp-relay, msrp-plain and msrp-smime of 2 KiB and 1 MiB. ERR_RANGE: one of them is
 * not there. */
MUST_USE enum err core_model_fit(struct core_model *model, const struct core_trials *calibration, struct note *note);

MUST_USE enum err core_model_run(struct core_model *model, const struct measured_point *point, struct outcome *outcome,
                                 struct note *note);

#endif
