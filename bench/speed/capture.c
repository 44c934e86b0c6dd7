/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/speed/capture.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    IP_SIZE = CAPTURE_FRAME - 14,
    UDP_PAYLOAD = IP_SIZE - 28,
    TCP_PAYLOAD = IP_SIZE - 40,
    END_SIZE = 2 + 7 + 8 + 1 + 2,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    FRAMES_A_SECOND = 10000
};

static struct {
    char path[256];
    uint64_t frames;
} made;

static void remove_made(void)
{
    unlink(made.path);
}

/* Ethernet and IPv4, whose checksum nobody looks at here. */
static void put_lower(struct sink *sink, uint8_t protocol, uint16_t id)
{
    static const uint8_t ethernet[] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0};
    static const uint8_t addresses[] = {10, 0, 0, 1, 10, 0, 0, 2};

    sink_bytes(sink, ethernet, sizeof(ethernet));
    sink_u8(sink, 0x45);
    sink_u8(sink, 0);
    sink_u16(sink, IP_SIZE);
    sink_u16(sink, id);
    sink_u16(sink, 0x4000);
    sink_u8(sink, 64);
    sink_u8(sink, protocol);
    sink_u16(sink, 0);
    sink_bytes(sink, addresses, sizeof(addresses));
}

static void put_invite(struct sink *sink, uint64_t number)
{
    enum { HEAD_MAX = 480 };
    size_t begin;

    put_lower(sink, PROTOCOL_UDP, (uint16_t)number);
    sink_u16(sink, 5060);
    sink_u16(sink, 5060);
    sink_u16(sink, UDP_PAYLOAD + 8);
    sink_u16(sink, 0);
    begin = sink->size;
    sink_format(sink,
                "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK%llu\r\n"
                "Max-Forwards: 70\r\nTo: <sip:bob@example.com>\r\nFrom: <sip:alice@example.com>;tag=1928301774\r\n"
                "Call-ID: %llu@10.0.0.1\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@10.0.0.1>\r\n"
                "Content-Type: text/plain\r\nContent-Length: ",
                (unsigned long long)number, (unsigned long long)number);
    size_t body = UDP_PAYLOAD - (sink->size - begin) - 8; /* four digits and two line ends */

    check(sink->size - begin < HEAD_MAX && body >= 1000);
    sink_format(sink, "%zu\r\n\r\n", body);
    for (size_t i = 0; i < body; i++)
        sink_u8(sink, 'y');
}

static void put_send(struct sink *sink, uint64_t number, uint32_t sequence, uint64_t chunk)
{
    uint32_t random = (uint32_t)number * 2654435761u;
    char id[16];
    struct sink id_sink = SINK(id);

    sink_format(&id_sink, "t%07llu", (unsigned long long)(number % 10000000));
    put_lower(sink, PROTOCOL_TCP, (uint16_t)number);
    sink_u16(sink, 7777);
    sink_u16(sink, 2855);
    sink_u32(sink, sequence);
    sink_u32(sink, 1);
    sink_u16(sink, 0x5018);
    sink_u16(sink, 65535);
    sink_u32(sink, 0);
    sink_format(sink,
                "MSRP %s SEND\r\nTo-Path: msrp://bob.example.com:2855/9di4eae923wzd;tcp\r\n"
                "From-Path: msrp://alicepc.example.com:7777/iau39soe2843z;tcp\r\nMessage-ID: 12339sdqwer\r\n"
                "Byte-Range: %012llu-%012llu/%012llu\r\nContent-Type: application/octet-stream\r\n\r\n",
                sink_string(&id_sink), (unsigned long long)(number * chunk + 1),
                (unsigned long long)((number + 1) * chunk), (unsigned long long)(chunk * 1000000));
    while (sink->size < CAPTURE_FRAME - END_SIZE) {
        random = random * 1664525u + 1013904223u;
        sink_u8(sink, (uint8_t)(random >> 24));
    }
    sink_format(sink, "\r\n-------%s+\r\n", sink_string(&id_sink));
}

/* Bytes of body in one SEND: what is left of a segment. */
static uint64_t chunk_size(void)
{
    char bytes[2 * CAPTURE_FRAME];
    struct sink sink = SINK(bytes);

    put_send(&sink, 0, 1, 1);
    size_t head = span_find(sink_written(&sink), SPAN("\r\n\r\n")) + 4;

    check(sink.size == CAPTURE_FRAME);
    return CAPTURE_FRAME - END_SIZE - head;
}

static void write_frame(FILE *file, uint64_t number, const struct sink *frame)
{
    const uint32_t header[4] = {(uint32_t)(1700000000 + number / FRAMES_A_SECOND),
                                (uint32_t)(number % FRAMES_A_SECOND) * (1000000 / FRAMES_A_SECOND), CAPTURE_FRAME,
                                CAPTURE_FRAME};

    check(!frame->overflow && frame->size == CAPTURE_FRAME);
    fwrite(header, sizeof(header), 1, file);
    fwrite(frame->data, frame->size, 1, file);
}

static void write_frames(FILE *file, uint64_t frames)
{
    static const uint32_t header[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1};
    uint64_t chunk = chunk_size();
    uint32_t sequence = 1;

    fwrite(header, sizeof(header), 1, file);
    for (uint64_t i = 0; i < frames; i++) {
        char bytes[CAPTURE_FRAME + 1];
        struct sink frame = SINK(bytes);

        if (i % CAPTURE_SIP_EVERY == 0) {
            put_invite(&frame, i);
        } else {
            put_send(&frame, i, sequence, chunk);
            sequence += TCP_PAYLOAD;
        }
        write_frame(file, i, &frame);
    }
}

int capture_save(const char *path, uint64_t frames)
{
    FILE *file = fopen(path, "wb");

    if (file)
        write_frames(file, frames);
    if (!file || ferror(file) || fclose(file) != 0) {
        perror(path);
        return 3;
    }
    return 0;
}

const char *capture_made(uint64_t frames)
{
    const char *folder = getenv("TMPDIR");
    struct sink path = SINK(made.path);

    if (made.frames == frames)
        return made.path;
    if (made.frames != 0)
        remove_made();
    else
        atexit(remove_made);
    sink_format(&path, "%s/hopsim-speed-XXXXXX", folder ? folder : "/tmp");
    sink_string(&path);
    int number = mkstemp(made.path);
    FILE *file = number >= 0 ? fdopen(number, "wb") : NULL;

    if (file)
        write_frames(file, frames);
    if (!file || ferror(file) || fclose(file) != 0) {
        perror(made.path);
        exit(3);
    }
    made.frames = frames;
    return made.path;
}
