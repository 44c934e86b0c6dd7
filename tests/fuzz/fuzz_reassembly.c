/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * IP fragments and TCP segments in any order: the input is a row of frames, each a byte that chooses the link type, a
 * byte of time (ms), a byte with its length, and its bytes. Texts that come out lie in the trace.
 */
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "traces/listen.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int link_types[] = {101, 1, 0, 113, 276, 228, 229, 108};
    static const struct trace_config config = {.opens_esp = true, .keeps_text = true, .messages_max = 1000};
    struct note note = {{0}};
    struct trace trace;
    uint64_t number = 0;
    int64_t at_ns = 0;

    check(trace_init(&trace, &config, &note) == ERR_OK);
    struct listener *listener = listener_create(&trace, 0);
    const struct packets_config packets_config = {.context = listener, .seen = listener_packet, .opens_esp = true};
    struct packets *packets = packets_create(&packets_config);

    check(listener && packets);
    while (size >= 3) {
        size_t length = data[2] < size - 3 ? data[2] : size - 3;
        const struct frame frame = {.number = ++number,
                                    .at_ns = at_ns += (int64_t)data[1] * MS,
                                    .link_type = link_types[data[0] % 8],
                                    .bytes = {(const char *)data + 3, length},
                                    .wire_size = length};

        packets_frame(packets, &frame);
        data += 3 + length;
        size -= 3 + length;
    }
    listener_end(listener);
    for (size_t i = 0; i < trace.count; i++)
        check(trace.messages[i].kind != NULL && trace.messages[i].first_ns <= trace.messages[i].last_ns);
    packets_free(packets);
    listener_free(listener);
    trace_free(&trace);
    return 0;
}
