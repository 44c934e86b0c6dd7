/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * conduct_state.h - the inside of a conductor: conduct_open.c makes what stands before the first transfer, conduct.c
 * conducts transfers and ends it.
 */
#ifndef BENCH_MEASURE_CONDUCT_STATE_H
#define BENCH_MEASURE_CONDUCT_STATE_H

#include "bench/measure/conduct.h"
#include "bench/measure/helper.h"

enum { CONDUCT_NAME_SIZE = 64 };

struct conductor {
    struct conduct_plan plan;
    struct cast cast;
    struct network network;
    bool has_network;
    int places[CAST_COUNT]; /* namespaces of a foreign core's users and of relays beside it; -1: the command's own */
    uint64_t first;         /* number of the first transfer, so that no two commands use the same identities */
    int folder;
    struct helper box, tap;
    struct helper players[CAST_COUNT];
    uint64_t is_marked[MARK_COUNT]; /* a bit for each role */
    bool is_over;                   /* all were told to quit: one that goes first is nobody's failure */
    char name[CONDUCT_NAME_SIZE];
};

#endif
