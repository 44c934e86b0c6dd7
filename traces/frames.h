/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frames.h - the frames of a capture file, one after another: pcap by libpcap, or in memory where libpcap finds a plain
 * file of version 2.4, pcapng (draft-ietf-opsawg-pcapng) by our own reader, since libpcap refuses files whose
 * interfaces differ in link type. Times are nanoseconds since 1970, whatever the file's unit.
 */
#ifndef TRACES_FRAMES_H
#define TRACES_FRAMES_H

#include "sim/base/span.h"

struct frames;

struct frame {
    uint64_t number; /* from 1, in the order of the file */
    int64_t at_ns;
    uint32_t interface; /* 0 in pcap */
    int link_type;      /* LINKTYPE_ of pcap-linktype(7) */
    struct span bytes;  /* as far as they were captured; valid until the next frame */
    uint64_t wire_size;
};

/* Opens a file; "-" is standard input, pcap only. ERR_FILE, or ERR_SYNTAX for a file that is no capture, with a note.
 */
MUST_USE enum err frames_open(const char *path, struct frames **frames, struct note *note);
void frames_close(struct frames *frames);

/* The next frame. ERR_MORE at the end of the file; ERR_SYNTAX where it is damaged or cut short, with a note that says
 * after how many frames: what came before is good. */
MUST_USE enum err frames_next(struct frames *frames, struct frame *frame, struct note *note);

/* Interfaces seen so far, and what the file calls one ("" where it has no name). */
uint32_t frames_interfaces(const struct frames *frames);
struct span frames_interface_name(const struct frames *frames, uint32_t interface);

/* Lines of TLS keys (SSLKEYLOGFILE) from Decryption Secrets Blocks read so far, as one text. */
struct span frames_secrets(const struct frames *frames);

#endif
