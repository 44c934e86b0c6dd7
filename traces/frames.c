/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/frames.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    INTERFACES_MAX = 4096,
    SECRETS_MAX = 16 << 20,
    FORGET_BYTES = 1 << 20,   /* of a mapped file, read and given back at once */
    FRAME_SIZE_MAX = 1 << 18, /* of pcap: libpcap's limit too; a longer one is damage */
    FETCH_LINE = 64,
    FETCH_FRONT = 6 * FETCH_LINE,
    PCAP_HEAD = 24,
    PCAP_RECORD_HEAD = 16
};

/* What a pcap begins with, by what its stamps count. */
static const uint32_t pcap_microseconds = 0xa1b2c3d4, pcap_nanoseconds = 0xa1b23c4d;

/* Block and option types of pcapng. */
enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_SIMPLE = 3,
    BLOCK_SECRETS = 10,
    BLOCK_PACKET = 6,
    BLOCK_PACKET_OLD = 2,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,
    OPTION_NAME = 2,
    OPTION_RESOLUTION = 9,
    OPTION_OFFSET = 14,
    SECRETS_TLS = 0x544c534b
};

struct interface {
    int link_type;
    uint32_t snap_length;
    uint64_t units_s; /* time stamps count so many a second */
    int64_t offset_s;
    struct span name;
};

struct frames {
    uint64_t count;
    /* pcap */
    pcap_t *pcap; /* NULL where the file's records are read in memory */
    int link_type;
    int64_t fraction_ns; /* that a stamp's fraction counts in; 0: this is no pcap in memory */
    /* pcapng, and pcap that is a plain file: the file in memory */
    const uint8_t *map;
    size_t map_size, at;
    size_t forgotten; /* the pages in front of it were given back */
    bool is_swapped;
    uint32_t section_first; /* interfaces of earlier sections come before */
    uint32_t interface_count;
    struct interface *interfaces;
    char *secrets;
    size_t secrets_size;
};

/* ---- Numbers ---- */

static uint32_t u32_at(const struct frames *frames, const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return frames->is_swapped ? __builtin_bswap32(value) : value;
}

static uint16_t u16_at(const struct frames *frames, const uint8_t *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof(value));
    return frames->is_swapped ? __builtin_bswap16(value) : value;
}

static uint64_t u64_at(const struct frames *frames, const uint8_t *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof(value));
    return frames->is_swapped ? __builtin_bswap64(value) : value;
}

/* ---- pcapng ---- */

static enum err damaged(const struct frames *frames, const char *what, struct note *note)
{
    return note_set(note, ERR_SYNTAX, "after frame %llu: %s", (unsigned long long)frames->count, what);
}

/* if_tsresol: a power of ten, or of two with the highest bit set. */
static uint64_t units_of(uint8_t resolution)
{
    uint64_t units = 1;
    uint8_t power = resolution & 0x7f;

    if (resolution & 0x80)
        return power < 63 ? UINT64_C(1) << power : 0;
    for (uint8_t i = 0; i < power && units <= UINT64_MAX / 10; i++)
        units *= 10;
    return power <= 19 ? units : 0;
}

static void read_options(const struct frames *frames, struct span options, struct interface *interface)
{
    while (options.size >= 4) {
        const uint8_t *option = (const uint8_t *)options.data;
        uint16_t code = u16_at(frames, option), length = u16_at(frames, option + 2);
        size_t whole = 4 + ((size_t)length + 3) / 4 * 4;

        if (code == 0 || 4 + (size_t)length > options.size)
            return;
        if (code == OPTION_NAME)
            interface->name = (struct span){(const char *)option + 4, length};
        else if (code == OPTION_RESOLUTION && length >= 1)
            interface->units_s = units_of(option[4]);
        else if (code == OPTION_OFFSET && length >= 8)
            interface->offset_s = (int64_t)u64_at(frames, option + 4);
        options = span_after(options, whole < options.size ? whole : options.size);
    }
}

static enum err add_interface(struct frames *frames, struct span body, struct note *note)
{
    const uint8_t *bytes = (const uint8_t *)body.data;

    if (body.size < 8)
        return damaged(frames, "an interface block without its fields", note);
    if (frames->interface_count == INTERFACES_MAX)
        return damaged(frames, "more than 4096 interfaces", note);
    struct interface *interface = &frames->interfaces[frames->interface_count];

    *interface = (struct interface){
        .link_type = u16_at(frames, bytes), .snap_length = u32_at(frames, bytes + 4), .units_s = 1000000};
    read_options(frames, span_after(body, 8), interface);
    if (interface->units_s == 0)
        return damaged(frames, "an interface with a resolution of time beyond 64 bits", note);
    frames->interface_count++;
    return ERR_OK;
}

static enum err add_secrets(struct frames *frames, struct span body, struct note *note)
{
    const uint8_t *bytes = (const uint8_t *)body.data;

    if (body.size < 8)
        return damaged(frames, "a secrets block without its fields", note);
    size_t size = u32_at(frames, bytes + 4);

    if (size > body.size - 8)
        return damaged(frames, "a secrets block shorter than its secrets", note);
    if (u32_at(frames, bytes) != SECRETS_TLS || frames->secrets_size + size + 1 > SECRETS_MAX)
        return ERR_OK;
    char *grown = realloc(frames->secrets, frames->secrets_size + size + 1);

    if (!grown)
        return note_set(note, ERR_FULL, "no memory for TLS secrets");
    memcpy(grown + frames->secrets_size, bytes + 8, size);
    grown[frames->secrets_size + size] = '\n';
    frames->secrets = grown;
    frames->secrets_size += size + 1;
    return ERR_OK;
}

static int64_t time_of(const struct interface *interface, uint64_t stamp)
{
    uint64_t seconds = stamp / interface->units_s, rest = stamp % interface->units_s;
    __extension__ unsigned __int128 nanoseconds = (unsigned __int128)rest * SECOND / interface->units_s;

    if (seconds > INT64_MAX / SECOND / 2)
        seconds = INT64_MAX / SECOND / 2; /* a stamp beyond the year 2100 is damage that loses nothing but itself */
    if (interface->offset_s > INT32_MAX || interface->offset_s < -INT32_MAX)
        return (int64_t)seconds * SECOND + (int64_t)nanoseconds;
    return ((int64_t)seconds + interface->offset_s) * SECOND + (int64_t)nanoseconds;
}

/* An Enhanced (or the older) Packet Block. */
static enum err take_packet(struct frames *frames, uint32_t type, struct span body, struct frame *frame,
                            struct note *note)
{
    const uint8_t *bytes = (const uint8_t *)body.data;

    if (body.size < 20)
        return damaged(frames, "a packet block without its fields", note);
    uint32_t number = type == BLOCK_PACKET ? u32_at(frames, bytes) : u16_at(frames, bytes);
    uint64_t stamp = (uint64_t)u32_at(frames, bytes + 4) << 32 | u32_at(frames, bytes + 8);
    size_t captured = u32_at(frames, bytes + 12);

    if (number >= frames->interface_count - frames->section_first)
        return damaged(frames, "a packet of an interface that was not announced", note);
    if (captured > body.size - 20)
        return damaged(frames, "a packet longer than its block", note);
    number += frames->section_first;
    *frame = (struct frame){.number = ++frames->count,
                            .at_ns = time_of(&frames->interfaces[number], stamp),
                            .interface = number,
                            .link_type = frames->interfaces[number].link_type,
                            .bytes = {body.data + 20, captured},
                            .wire_size = u32_at(frames, bytes + 16)};
    return ERR_OK;
}

/* A Simple Packet Block has no time; it is told at 0. */
static enum err take_simple(struct frames *frames, struct span body, struct frame *frame, struct note *note)
{
    if (body.size < 4 || frames->interface_count == frames->section_first)
        return damaged(frames, "a simple packet block without its interface", note);
    const struct interface *interface = &frames->interfaces[frames->section_first];
    size_t wire = u32_at(frames, (const uint8_t *)body.data);
    size_t captured = wire < body.size - 4 ? wire : body.size - 4;

    if (interface->snap_length > 0 && captured > interface->snap_length)
        captured = interface->snap_length;
    *frame = (struct frame){.number = ++frames->count,
                            .interface = frames->section_first,
                            .link_type = interface->link_type,
                            .bytes = {body.data + 4, captured},
                            .wire_size = wire};
    return ERR_OK;
}

/* The byte order of a section is in its header, which has to be read before its length can be. */
static enum err begin_section(struct frames *frames, struct note *note)
{
    uint32_t magic;

    if (frames->map_size - frames->at < 28)
        return damaged(frames, "a section header cut short", note);
    memcpy(&magic, frames->map + frames->at + 8, sizeof(magic));
    if (magic != BYTE_ORDER_MAGIC && magic != __builtin_bswap32(BYTE_ORDER_MAGIC))
        return damaged(frames, "a section header without its byte order", note);
    frames->is_swapped = magic != BYTE_ORDER_MAGIC;
    frames->section_first = frames->interface_count;
    return ERR_OK;
}

/* Gives back what was read, so that memory does not grow with the file; names within come back when they are asked for.
 */
static void forget_read(struct frames *frames)
{
    size_t pages = (frames->at - frames->forgotten) / FORGET_BYTES * FORGET_BYTES;

    if (pages == 0)
        return;
    (void)madvise((uint8_t *)frames->map + frames->forgotten, pages, MADV_DONTNEED);
    frames->forgotten += pages;
}

/* The next block's type and body; ERR_MORE at the end. */
static enum err next_block(struct frames *frames, uint32_t *type, struct span *body, struct note *note)
{
    forget_read(frames);
    const uint8_t *block = frames->map + frames->at;
    size_t left = frames->map_size - frames->at;

    if (left == 0)
        return ERR_MORE;
    if (left < 12)
        return damaged(frames, "the file is cut short", note);
    memcpy(type, block, sizeof(*type));
    if (*type == BLOCK_SECTION)
        TRY(begin_section(frames, note));
    *type = u32_at(frames, block);
    size_t length = u32_at(frames, block + 4);

    if (length < 12 || length % 4 != 0)
        return damaged(frames, "a block with a length that cannot be", note);
    if (length > left)
        return damaged(frames, "the file is cut short", note);
    *body = (struct span){(const char *)block + 8, length - 12};
    frames->at += length;
    return ERR_OK;
}

static enum err next_of_pcapng(struct frames *frames, struct frame *frame, struct note *note)
{
    for (;;) {
        uint32_t type = 0;
        struct span body = {NULL, 0};

        TRY(next_block(frames, &type, &body, note));
        if (type == BLOCK_INTERFACE)
            TRY(add_interface(frames, body, note));
        else if (type == BLOCK_SECRETS)
            TRY(add_secrets(frames, body, note));
        else if (type == BLOCK_SIMPLE)
            return take_simple(frames, body, frame, note);
        else if (type == BLOCK_PACKET || type == BLOCK_PACKET_OLD)
            return take_packet(frames, type, body, frame, note);
    }
}

/* ---- pcap ---- */

static enum err next_of_pcap(struct frames *frames, struct frame *frame, struct note *note)
{
    struct pcap_pkthdr *header;
    const u_char *bytes;
    int result = pcap_next_ex(frames->pcap, &header, &bytes);

    if (result == PCAP_ERROR_BREAK)
        return ERR_MORE;
    if (result != 1)
        return damaged(frames, pcap_geterr(frames->pcap), note);
    *frame = (struct frame){.number = ++frames->count,
                            .at_ns = (int64_t)header->ts.tv_sec * SECOND + header->ts.tv_usec,
                            .link_type = frames->link_type,
                            .bytes = {(const char *)bytes, header->caplen},
                            .wire_size = header->len};
    return ERR_OK;
}

/* Has the processor fetch what will be looked at of the frame after the next, its front and its end, while others are
 * worked on: where it stands if frames are as long as this one. Inline, since a compiler takes a call that changes
 * nothing for none. */
static inline __attribute__((always_inline)) void fetch_ahead(const struct frames *frames, size_t size)
{
    size_t record = PCAP_RECORD_HEAD + size, left = frames->map_size - frames->at;
    const uint8_t *next = frames->map + frames->at + record;

    if (left < 2 * record + FETCH_FRONT)
        return;
    for (size_t line = 0; line < FETCH_FRONT; line += FETCH_LINE)
        __builtin_prefetch(next + line);
    __builtin_prefetch(next + record - FETCH_LINE);
    __builtin_prefetch(next + record - 1);
}

/* The same of a file in memory: libpcap has judged its head, and of its records nothing has to be copied. */
static enum err next_of_mapped(struct frames *frames, struct frame *frame, struct note *note)
{
    forget_read(frames);
    const uint8_t *record = frames->map + frames->at;
    size_t left = frames->map_size - frames->at;

    if (left == 0)
        return ERR_MORE;
    if (left < PCAP_RECORD_HEAD)
        return damaged(frames, "the file is cut short", note);
    size_t captured = u32_at(frames, record + 8);

    if (captured > FRAME_SIZE_MAX)
        return damaged(frames, "a packet of a length that cannot be", note);
    if (captured > left - PCAP_RECORD_HEAD)
        return damaged(frames, "the file is cut short", note);
    *frame = (struct frame){.number = ++frames->count,
                            .at_ns = (int64_t)u32_at(frames, record) * SECOND +
                                     (int64_t)u32_at(frames, record + 4) * frames->fraction_ns,
                            .link_type = frames->link_type,
                            .bytes = {(const char *)record + PCAP_RECORD_HEAD, captured},
                            .wire_size = u32_at(frames, record + 12)};
    frames->at += PCAP_RECORD_HEAD + captured;
    fetch_ahead(frames, captured);
    return ERR_OK;
}

/* ---- Opening ---- */

static enum err open_pcap(struct frames *frames, const char *path, struct note *note)
{
    char reason[PCAP_ERRBUF_SIZE] = "";

    frames->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (!frames->pcap)
        return note_set(note, ERR_SYNTAX, "%s: no capture: %s", path, reason);
    frames->link_type = pcap_datalink(frames->pcap);
    frames->interface_count = 1;
    return ERR_OK;
}

static enum err map_file(struct frames *frames, int file, const char *path, struct note *note)
{
    struct stat about;

    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode))
        return note_set(note, ERR_FILE, "%s: expected a plain file", path);
    void *map = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, file, 0);

    if (map == MAP_FAILED)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    frames->map = map;
    frames->map_size = (size_t)about.st_size;
    (void)madvise(map, frames->map_size, MADV_SEQUENTIAL);
    return ERR_OK;
}

/* A plain file of version 2.4 is read in memory from here on; older versions, and what is no file, by libpcap. */
static enum err map_pcap(struct frames *frames, int file, const char *path, struct note *note)
{
    uint8_t head[PCAP_HEAD];
    struct stat about;

    if (pread(file, head, sizeof(head), 0) != (ssize_t)sizeof(head) || fstat(file, &about) != 0 ||
        !S_ISREG(about.st_mode))
        return ERR_OK;
    frames->is_swapped = head[0] == 0xa1; /* the other byte order is this machine's */
    uint32_t magic = u32_at(frames, head);

    if ((magic != pcap_microseconds && magic != pcap_nanoseconds) || u16_at(frames, head + 4) != 2 ||
        u16_at(frames, head + 6) != 4)
        return ERR_OK;
    TRY(map_file(frames, file, path, note));
    pcap_close(frames->pcap);
    frames->pcap = NULL;
    frames->fraction_ns = magic == pcap_nanoseconds ? 1 : 1000;
    frames->at = PCAP_HEAD;
    return ERR_OK;
}

static enum err open_file(struct frames *frames, const char *path, struct note *note)
{
    uint32_t magic = 0;

    frames->interfaces = calloc(INTERFACES_MAX, sizeof(*frames->interfaces));
    if (!frames->interfaces)
        return note_set(note, ERR_FULL, "no memory for a capture");
    if (strcmp(path, "-") == 0)
        return open_pcap(frames, path, note);
    int file = open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    bool is_pcapng = read(file, &magic, sizeof(magic)) == (ssize_t)sizeof(magic) && magic == BLOCK_SECTION;
    enum err error = is_pcapng ? map_file(frames, file, path, note) : open_pcap(frames, path, note);

    if (error == ERR_OK && !is_pcapng)
        error = map_pcap(frames, file, path, note);
    close(file);
    return error;
}

enum err frames_open(const char *path, struct frames **frames, struct note *note)
{
    struct frames *opened = calloc(1, sizeof(*opened));

    if (!opened)
        return note_set(note, ERR_FULL, "no memory for a capture");
    enum err error = open_file(opened, path, note);

    if (error != ERR_OK) {
        frames_close(opened);
        return error;
    }
    *frames = opened;
    return ERR_OK;
}

void frames_close(struct frames *frames)
{
    if (frames->pcap)
        pcap_close(frames->pcap);
    if (frames->map)
        munmap((void *)frames->map, frames->map_size);
    free(frames->interfaces);
    free(frames->secrets);
    free(frames);
}

enum err frames_next(struct frames *frames, struct frame *frame, struct note *note)
{
    return frames->pcap          ? next_of_pcap(frames, frame, note)
           : frames->fraction_ns ? next_of_mapped(frames, frame, note)
                                 : next_of_pcapng(frames, frame, note);
}

uint32_t frames_interfaces(const struct frames *frames)
{
    return frames->interface_count;
}

struct span frames_interface_name(const struct frames *frames, uint32_t interface)
{
    check(interface < frames->interface_count);
    return frames->pcap || frames->fraction_ns ? (struct span){"", 0} : frames->interfaces[interface].name;
}

struct span frames_secrets(const struct frames *frames)
{
    return (struct span){frames->secrets ? frames->secrets : "", frames->secrets_size};
}
