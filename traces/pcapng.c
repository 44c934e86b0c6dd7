/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/pcapng.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"

#include <assert.h>

enum block_type {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,
    BLOCK_SECRETS = 10,
};

enum option_code {
    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_SECTION_HARDWARE = 2,
    OPTION_SECTION_OS = 3,
    OPTION_SECTION_APPLICATION = 4,
    OPTION_INTERFACE_NAME = 2,
    OPTION_INTERFACE_TSRESOL = 9,
    OPTION_PACKET_FLAGS = 2,
};

enum {
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    SECRETS_TLS_KEY_LOG = 0x544c534b,
    LINK_TYPE_ETHERNET = 1,
    SNAP_BYTES = 262144, /* more than any packet: what libpcap takes for no limit */
    NANOSECONDS = 9,     /* the exponent of if_tsresol */
    BLOCK_FRAME = 12,    /* type and the total length at both ends */
    OPTION_FRAME = 4,
    ETHERNET_HEAD = 14,
    ETHERTYPE_IPV4 = 0x0800,
    IPV4_HEAD_MIN = 20,
};

static size_t padded(size_t size)
{
    return (size + 3) & ~(size_t)3;
}

static void write_padded(struct pcapng *capture, struct span bytes)
{
    size_t size = padded(bytes.size);

    check(size <= capture->block_left);
    capture->block_left -= (uint32_t)size;
    outfile_write(&capture->file, bytes);
    outfile_write(&capture->file, (struct span){"\0\0", size - bytes.size});
}

static void block_begin(struct pcapng *capture, uint32_t type, size_t body)
{
    char head[8];
    struct sink sink = SINK(head);

    check(capture->block_left == 0);
    check(body % 4 == 0 && body <= INT32_MAX);
    sink_u32(&sink, type);
    sink_u32(&sink, (uint32_t)body + BLOCK_FRAME);
    outfile_write(&capture->file, sink_written(&sink));
    capture->block_left = (uint32_t)body;
}

static void block_end(struct pcapng *capture, size_t body)
{
    char tail[4];
    struct sink sink = SINK(tail);

    check(capture->block_left == 0);
    sink_u32(&sink, (uint32_t)body + BLOCK_FRAME);
    outfile_write(&capture->file, sink_written(&sink));
}

/* Bytes of an option in its block; an empty value is an option left out. */
static size_t option_size(struct span value)
{
    check(value.size <= PCAPNG_TEXT_MAX);
    return value.size ? OPTION_FRAME + padded(value.size) : 0;
}

static void write_option(struct pcapng *capture, enum option_code code, struct span value)
{
    char head[OPTION_FRAME];
    struct sink sink = SINK(head);

    if (value.size == 0)
        return;
    sink_u16(&sink, (uint16_t)code);
    sink_u16(&sink, (uint16_t)value.size);
    write_padded(capture, sink_written(&sink));
    write_padded(capture, value);
}

static void write_option_end(struct pcapng *capture)
{
    static_assert(OPTION_END == 0, "the end of options is four bytes of zero");
    write_padded(capture, (struct span){"\0\0\0", OPTION_FRAME});
}

static void write_section(struct pcapng *capture, const struct pcapng_about *about)
{
    char fixed[16];
    struct sink sink = SINK(fixed);
    size_t options = option_size(about->comment) + option_size(about->hardware) + option_size(about->os) +
                     option_size(about->application);
    size_t body = sizeof(fixed) + options + OPTION_FRAME;

    sink_u32(&sink, BYTE_ORDER_MAGIC);
    sink_u16(&sink, 1); /* version 1.0 */
    sink_u16(&sink, 0);
    sink_u32(&sink, UINT32_MAX); /* section length -1: not known beforehand */
    sink_u32(&sink, UINT32_MAX);
    block_begin(capture, BLOCK_SECTION, body);
    write_padded(capture, sink_written(&sink));
    write_option(capture, OPTION_COMMENT, about->comment);
    write_option(capture, OPTION_SECTION_HARDWARE, about->hardware);
    write_option(capture, OPTION_SECTION_OS, about->os);
    write_option(capture, OPTION_SECTION_APPLICATION, about->application);
    write_option_end(capture);
    block_end(capture, body);
}

enum err pcapng_open(struct pcapng *capture, const char *path, int64_t epoch_ns, const struct pcapng_about *about,
                     struct note *note)
{
    check(epoch_ns >= 0);
    TRY(outfile_open(&capture->file, path, note));
    capture->epoch_ns = epoch_ns;
    capture->interfaces = 0;
    capture->block_left = 0;
    write_section(capture, about);
    return ERR_OK;
}

uint32_t pcapng_interface(struct pcapng *capture, struct span name)
{
    char fixed[8];
    struct sink sink = SINK(fixed);
    struct span resolution = {(const char[]){NANOSECONDS}, 1};
    size_t body = sizeof(fixed) + option_size(name) + option_size(resolution) + OPTION_FRAME;

    sink_u16(&sink, LINK_TYPE_ETHERNET);
    sink_u16(&sink, 0);
    sink_u32(&sink, SNAP_BYTES);
    block_begin(capture, BLOCK_INTERFACE, body);
    write_padded(capture, sink_written(&sink));
    write_option(capture, OPTION_INTERFACE_NAME, name);
    write_option(capture, OPTION_INTERFACE_TSRESOL, resolution);
    write_option_end(capture);
    block_end(capture, body);
    return capture->interfaces++;
}

/* Addresses of locally administered cards that tell the IPv4 address, as if all hosts shared one Ethernet. */
static void write_ethernet(struct sink *sink, struct span packet)
{
    enum { SOURCE_AT = 12, DESTINATION_AT = 16, ADDRESS_SIZE = 4 };

    check(packet.size >= IPV4_HEAD_MIN && (uint8_t)packet.data[0] >> 4 == 4);
    sink_u16(sink, 0x0200);
    sink_bytes(sink, packet.data + DESTINATION_AT, ADDRESS_SIZE);
    sink_u16(sink, 0x0200);
    sink_bytes(sink, packet.data + SOURCE_AT, ADDRESS_SIZE);
    sink_u16(sink, ETHERTYPE_IPV4);
}

void pcapng_packet(struct pcapng *capture, const struct pcapng_packet *packet)
{
    char fixed[20 + ETHERNET_HEAD];
    struct sink sink = SINK(fixed);
    char flags[4] = {0, 0, 0, (char)packet->direction};
    struct span direction = {flags, packet->direction == PCAPNG_DIRECTION_UNKNOWN ? 0 : sizeof(flags)};
    uint64_t at_ns = (uint64_t)capture->epoch_ns + (uint64_t)packet->at_ns;
    size_t frame = ETHERNET_HEAD + packet->bytes.size;
    size_t options = option_size(packet->comment) + option_size(direction);
    size_t body = 20 + padded(frame) + (options ? options + OPTION_FRAME : 0);

    check(packet->interface < capture->interfaces && packet->at_ns >= 0);
    sink_u32(&sink, packet->interface);
    sink_u32(&sink, (uint32_t)(at_ns >> 32));
    sink_u32(&sink, (uint32_t)at_ns);
    sink_u32(&sink, (uint32_t)frame);
    sink_u32(&sink, (uint32_t)frame);
    write_ethernet(&sink, packet->bytes);
    check(!sink.overflow);

    block_begin(capture, BLOCK_PACKET, body);
    /* The frame's head ends in the middle of a word, so head and packet are padded as one. */
    outfile_write(&capture->file, sink_written(&sink));
    outfile_write(&capture->file, packet->bytes);
    outfile_write(&capture->file, (struct span){"\0\0", padded(frame) - frame});
    capture->block_left -= (uint32_t)(20 + padded(frame));
    if (options > 0) {
        write_option(capture, OPTION_COMMENT, packet->comment);
        write_option(capture, OPTION_PACKET_FLAGS, direction);
        write_option_end(capture);
    }
    block_end(capture, body);
}

void pcapng_secrets(struct pcapng *capture, struct span keylog)
{
    char fixed[8];
    struct sink sink = SINK(fixed);
    size_t body = sizeof(fixed) + padded(keylog.size);

    check(keylog.size > 0 && keylog.data[keylog.size - 1] == '\n');
    sink_u32(&sink, SECRETS_TLS_KEY_LOG);
    sink_u32(&sink, (uint32_t)keylog.size);
    block_begin(capture, BLOCK_SECRETS, body);
    write_padded(capture, sink_written(&sink));
    write_padded(capture, keylog);
    block_end(capture, body);
}

enum err pcapng_close(struct pcapng *capture, struct note *note)
{
    return outfile_close(&capture->file, note);
}

void pcapng_discard(struct pcapng *capture)
{
    outfile_discard(&capture->file);
}
