/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * speed.h - what is measured, and the floors it is measured against: bare loops that do the least that a simulator of
 * the same thing could do. Both sides do the same work from the same seed, and their outcomes must agree.
 */
#ifndef BENCH_SPEED_SPEED_H
#define BENCH_SPEED_SPEED_H

#include <stdint.h>

struct speed {
    double seconds;  /* of CPU time */
    uint64_t things; /* events, customers, transfers: what the time is divided by */
    double outcome;  /* what the simulation found; ours and the floor's must be equal but for rounding */
};

/* size: events pending, bytes to carry; count: how often. */
typedef struct speed speed_fn(uint64_t size, uint64_t count);

/* Hold model: each of size events that wait asks, when it runs, for another one after an exponential time. */
struct speed hold_run(uint64_t size, uint64_t count);
struct speed hold_floor_pop_push(uint64_t size, uint64_t count);
struct speed hold_floor_replace(uint64_t size, uint64_t count);

/* M/M/1 at load 0.9, count customers; the outcome is their mean time in the system in service times. */
struct speed mm1_run(uint64_t size, uint64_t count);
struct speed mm1_floor(uint64_t size, uint64_t count);

/* size bytes by TCP over one link of 100 Mbit/s and 10 ms each way, count times; the outcome is the simulated time of a
 * transfer in seconds. The floor does without the handshake. */
struct speed tcp_run(uint64_t size, uint64_t count);
struct speed tcp_floor(uint64_t size, uint64_t count);

/* size timers of 200 ms, pushed back count times in all. */
struct speed timer_run(uint64_t size, uint64_t count);

/* A whole trial: size bytes by MSRP from UE to UE at 1 Gbit/s, in chunks of 2,048 bytes where count is that, else in
 * one. Things are packets moved over links, or the bytes of memory taken at most; the outcome is the delay in seconds.
 */
struct speed msrp_run(uint64_t size, uint64_t count);
struct speed msrp_memory(uint64_t size, uint64_t count);

/* A file of size bytes sealed or opened under rfc8591, in pieces; things are its bytes, or those of memory that a
 * process which seals it takes. The floor hashes it, then encrypts it. */
struct speed cms_seal_run(uint64_t size, uint64_t count);
struct speed cms_seal_memory(uint64_t size, uint64_t count);
struct speed cms_open_run(uint64_t size, uint64_t count);
struct speed cms_floor(uint64_t size, uint64_t count);

/* A capture of about size bytes of MSRP and SIP read into messages; things are its bytes, or the bytes of memory taken
 * at most. The outcome is its number of frames, all that the floor, a bare pcap_loop, counts. */
struct speed inspect_run(uint64_t size, uint64_t count);
struct speed inspect_memory(uint64_t size, uint64_t count);
struct speed inspect_floor(uint64_t size, uint64_t count);

/* Reads the capture as inspect does: the exit status of the program. */
int inspect_read(const char *path);

/* CPU time of this process so far. */
double speed_clock(void);

#endif
