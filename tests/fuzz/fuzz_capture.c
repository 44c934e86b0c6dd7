/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a capture file, through every layer to messages, nodes, legs, dwells, a session and what repeats it. */
#define _GNU_SOURCE
#include "sim/base/check.h"
#include "traces/dwells.h"
#include "traces/replay.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What replay makes of it before anything is simulated. */
static void repeat(const struct flow *flow)
{
    static struct dwell_table table;
    struct note note = {{0}};
    struct session session;
    struct replay replay;

    if (session_init(&session, flow, 0, &note) != ERR_OK)
        return;
    if (replay_init(&replay, &session, REPLAY_LINKS_FULL, &note) == ERR_OK) {
        check(replay_dwells(&replay, &table, &note) == ERR_OK);
        replay_free(&replay);
    }
    session_free(&session);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct trace_config config = {.opens_esp = true, .keeps_text = true, .messages_max = 1000};
    char path[64];
    struct sink sink = SINK(path);
    struct note note = {{0}};
    struct trace trace;
    struct flow flow;
    struct dwells dwells;
    int file = memfd_create("capture", MFD_CLOEXEC);

    check(file >= 0 && write(file, data, size) == (ssize_t)size);
    sink_format(&sink, "/proc/self/fd/%d", file);
    check(trace_init(&trace, &config, &note) == ERR_OK);
    enum err error = trace_read(&trace, sink_string(&sink), &note);

    check(error == ERR_OK || note.text[0]);
    if (flow_init(&flow, &trace, NULL, 0, &note) == ERR_OK) {
        if (dwells_init(&dwells, &flow, true, &note) == ERR_OK)
            dwells_free(&dwells);
        repeat(&flow);
        flow_free(&flow);
    }
    trace_free(&trace);
    close(file);
    return 0;
}
