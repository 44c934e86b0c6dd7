/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * capture.h - a capture of MSRP and a little SIP, made once a run for what reads captures: Ethernet, one TCP connection
 * whose every full segment is one SEND of random bytes, and in place of each hundredth an INVITE by UDP.
 */
#ifndef BENCH_SPEED_CAPTURE_H
#define BENCH_SPEED_CAPTURE_H

#include <stdint.h>

enum { CAPTURE_FRAME = 1514, CAPTURE_SIP_EVERY = 100 };

/* The path of a pcap file with so many frames of 1,514 bytes, written where TMPDIR says and removed at exit. Ends the
 * program where it cannot be written. */
const char *capture_made(uint64_t frames);

/* The same as a file of that name that stays, for other programs: the exit status of the program. */
int capture_save(const char *path, uint64_t frames);

#endif
