/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/des/parts.h"

const char *const part_names[PART_COUNT] = {
    [PART_PROCESSING] = "processing",   [PART_QUEUEING] = "queueing", [PART_TRANSMISSION] = "transmission",
    [PART_PROPAGATION] = "propagation", [PART_CRYPTO] = "crypto",     [PART_TIMER] = "timer",
    [PART_ANSWERING] = "answering",     [PART_FEEDBACK] = "feedback",
};
