/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * reproduce_paper.h - the legible quantities of the paper's figures beside those of one simulated trial: packets of two
 * trials stand for the paper's frames, and the same rules derive the quantities from both.
 */
#ifndef BENCH_CLI_REPRODUCE_PAPER_H
#define BENCH_CLI_REPRODUCE_PAPER_H

#include "sim/base/table.h"
#include "sim/sim.h"
#include "traces/paper.h"

enum { REPRODUCE_FRAMES_MAX = 40 };

/* Which trial a frame of the figures belongs to. */
enum reproduce_run { REPRODUCE_PLAIN, REPRODUCE_SEALED };

/* A simulated packet that stands for a frame: when a tap at UE-A's interface would see it, and its length with the link
 * layer. Where the figures were captured is not said; they show frames of UE-A and frames between the others alike, as
 * a tap at one host of a LAN does that repeats every frame to every host: assumed. */
struct reproduce_frame {
    bool is_seen;
    int64_t at_ns;
    uint64_t bytes;
};

/* Collects the packets of both trials, one after the other. All zero is empty. */
struct reproduce_watch {
    enum reproduce_run run; /* set before each trial */
    uint64_t overhead_bytes;
    struct scenario_link lan; /* a host's link to the switch */
    int64_t copied_ns;        /* set to 0 before each trial; when the switch's last copy to UE-A was out */
    struct reproduce_frame frames[REPRODUCE_FRAMES_MAX];
    uint64_t send_bytes[2]; /* of UE-A's MSRP messages, by run: all segments once */
};

/* The frame's packet; NULL: not seen, or a frame that nothing stands for. */
const struct reproduce_frame *reproduce_frame_of(const struct reproduce_watch *watch, uint64_t frame);

/* For sim_tap: context is a struct reproduce_watch; the tap wants bytes. */
void reproduce_watch_packet(void *context, const struct sim_packet *packet);

/* A row a legible quantity: figure, simulated, difference, input or predicted; in arena. ERR_SYNTAX when the figures
 * cannot be read. */
MUST_USE enum err reproduce_table(const struct reproduce_watch *watch, struct table *table, struct arena *arena,
                                  struct note *note);

/* What the figures say of the two SENDs: by how many bytes the sealed one is longer. */
MUST_USE enum err reproduce_send_bytes(int64_t *plain, int64_t *sealed, struct note *note);

#endif
