/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as one direction of a connection: bounds of SIP, MSRP, Diameter and TLS. The first byte says in pieces of
 * how many bytes they come.
 */
#include "sim/base/check.h"
#include "traces/listen.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PORT = 5060 };

/* Messages that a stream of one connection holds. */
static size_t count_messages(struct span bytes, size_t step)
{
    static const struct trace_config config = {.keeps_text = true, .messages_max = 1000};
    struct packet_seen segment = {.frame = 1,
                                  .at_ns = 1,
                                  .first_ns = 1,
                                  .fragments = 1,
                                  .is_tcp = true,
                                  .from = {.address = {10, 0, 0, 1}, .port = PORT},
                                  .to = {.address = {10, 0, 0, 2}, .port = PORT},
                                  .flags = PACKET_ACK};
    struct note note = {{0}};
    struct trace trace;

    check(trace_init(&trace, &config, &note) == ERR_OK);
    struct listener *listener = listener_create(&trace, 0);

    check(listener);
    while (bytes.size > 0) {
        size_t length = step < bytes.size ? step : bytes.size;

        segment.payload = (struct span){bytes.data, length};
        listener_packet(listener, &segment);
        segment.sequence += (uint32_t)length;
        segment.frame++;
        bytes = span_after(bytes, length);
    }
    listener_end(listener);
    size_t count = trace.count;

    listener_free(listener);
    trace_free(&trace);
    return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct span bytes = {(const char *)data + 1, size - 1};

    (void)count_messages(bytes, (size_t)data[0] + 1);
    return 0;
}
