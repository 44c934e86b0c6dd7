/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * measured_model.h - the simulator set to this machine: a few measured points give the dwells, costs and latencies
 * that a scenario leaves open; everything else is predicted from them.
 */
#ifndef BENCH_CLI_MEASURED_MODEL_H
#define BENCH_CLI_MEASURED_MODEL_H

#include "bench/harness/setup.h"

/* Of TCP sockets (the scenario's own default) and of the queues of shaped links (assumed), measured and simulated. */
enum { MEASURED_BUFFER = 1 << 20, MEASURED_QUEUE = 256 << 10 };

/* Simulated transfers of a predicted point. */
enum { MEASURED_TRIALS = 21 };

/* A point: what is transferred over which network. */
struct measured_point {
    const struct arm *arm;
    uint64_t size_bytes;
    uint64_t rate_bps; /* 0: unshaped */
    int64_t rtt_ns;
    uint32_t relays;
};

/* Medians of what was measured there; NONE_NS where not known. */
struct measured_row {
    struct measured_point point;
    uint64_t n; /* delivered */
    int64_t prepare_ns, setup_ns, protect_ns, connect_ns, transfer_ns, unprotect_ns, delay_ns;
    int64_t least_ns, most_ns; /* of the delay */
};

/* What the points give; printed with the result. */
struct measured_fit {
    int64_t hop_ns;        /* from one process to another: the kernel's way */
    int64_t box_ns;        /* what a crossing of the delay box takes beside the delay that it is told */
    int64_t sip_ns;        /* dwell of a SIP or Diameter message at every node, and of AUTH and answers at a relay */
    int64_t message_ns;    /* dwell of a MESSAGE and its answer at every node */
    int64_t read_ns;       /* UE-B's process wakes and reads the file's last bytes */
    int64_t user_ns;       /* dwell of the INVITE's 200 at UE-A: what the two users' ends take for a file */
    int64_t relay_ns;      /* dwell of a SEND at a relay or back-to-back user agent */
    double tls_scale;      /* of the cost table's handshakes */
    int64_t seal_fixed_ns; /* CMS: fixed, and picoseconds a byte */
    int64_t seal_byte_ps;
    int64_t open_fixed_ns;
    int64_t open_byte_ps;
};

struct measured_model {
    struct setup setup; /* the network of `hopsim measure`: scenario, and tables that the fit has changed */
    struct measured_fit fit;
    struct arena *arena;
};

/* The points that are measured first, and how many. */
const struct measured_point *measured_calibration(size_t *count);

MUST_USE enum err measured_model_open(struct measured_model *model, struct note *note);
void measured_model_close(struct measured_model *model);

/* Sets the model by the rows of the calibration points, in their order. ERR_RANGE: a point was not delivered. */
MUST_USE enum err measured_model_fit(struct measured_model *model, const struct measured_row *rows, size_t count,
                                     struct note *note);

/* What the simulator says of a point: of MEASURED_TRIALS trials the one of median delay. What the delay box takes is
 * uniform in 0 to twice the fit's (assumed), so that chance, and not the last nanosecond, decides which of two packets
 * finds a queue full. */
MUST_USE enum err measured_model_predict(struct measured_model *model, const struct measured_point *point,
                                         struct outcome *outcome, struct note *note);

#endif
