/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as keys and as what they open: a key log, a table of security associations, then segments of a TLS
 * connection. Two bytes of length before each text, before each segment its direction and two bytes of length.
 */
#include "sim/base/check.h"
#include "traces/esp_keys.h"
#include "traces/keylog.h"
#include "traces/listen.h"
#include "traces/octets.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the front of bytes announces, as far as it is there. */
static struct span cut(struct span *bytes)
{
    struct span rest = *bytes;

    if (rest.size < 2) {
        *bytes = span_after(rest, rest.size);
        return *bytes;
    }
    size_t length = u16_at(rest, 0);

    rest = span_after(rest, 2);
    length = length < rest.size ? length : rest.size;
    *bytes = span_after(rest, length);
    return (struct span){rest.data, length};
}

static void take_associations(struct esp_keys *keys, struct span text)
{
    uint8_t payload[PACKETS_DATAGRAM_SIZE_MAX];
    const struct endpoint from = {.address = {10, 0, 0, 1}}, to = {.address = {10, 0, 0, 2}};
    struct esp_opened opened;

    while (text.size > 0) {
        size_t end = span_find_byte(text, '\n');
        struct note note = {{0}};

        check(esp_keys_add(keys, (struct span){text.data, end}, "esp_sa:1", &note) == ERR_OK || note.text[0]);
        text = span_after(text, end < text.size ? end + 1 : end);
        (void)!esp_keys_open(keys, &from, &to, text, payload, &opened);
    }
}

static void take_segments(struct listener *listener, struct span bytes)
{
    struct packet_seen segment = {.at_ns = 1, .first_ns = 1, .fragments = 1, .is_tcp = true, .flags = PACKET_ACK};
    uint32_t sequence[2] = {0};

    while (bytes.size > 0) {
        uint8_t end = u8_at(bytes, 0) & 1;

        bytes = span_after(bytes, 1);
        segment.payload = cut(&bytes);
        segment.from = (struct endpoint){.address = {10, 0, 0, (uint8_t)(1 + end)}, .port = 5061};
        segment.to = (struct endpoint){.address = {10, 0, 0, (uint8_t)(2 - end)}, .port = 5061};
        segment.sequence = sequence[end];
        sequence[end] += (uint32_t)segment.payload.size;
        segment.frame++;
        listener_packet(listener, &segment);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct trace_config config = {.keeps_text = true, .messages_max = 1000};
    struct span bytes = {(const char *)data, size};
    struct note note = {{0}};
    struct trace trace;

    check(trace_init(&trace, &config, &note) == ERR_OK);
    struct listener *listener = listener_create(&trace, 0);

    check(listener);
    (void)keylog_add(trace.keylog, cut(&bytes));
    take_associations(trace.esp_keys, cut(&bytes));
    take_segments(listener, bytes);
    listener_end(listener);
    listener_free(listener);
    trace_free(&trace);
    return 0;
}
