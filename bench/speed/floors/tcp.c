/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tcp.c - a transfer by TCP with nothing but what moves it: segments of 1,460 bytes, an acknowledgement each, slow
 * start from 10 segments up to the window, no loss, no handshake. Each direction of the link is a queue in front of the
 * transmitter and a pipe behind it; both keep one event in the heap.
 */
#include "bench/speed/floors/heap.h"
#include "bench/speed/speed.h"

enum { PACKETS = 4096, PAYLOAD = 1460, OVERHEAD = 54, WINDOW = 180 };

struct parcel {
    struct parcel *next;
    double due;
    uint64_t offset;
    uint32_t wire_bytes;
};

struct line {
    struct parcel *queue, *queue_last;
    struct parcel *pipe, *pipe_last;
    struct transfer *transfer;
    void (*arrived)(struct bare *bare, struct transfer *transfer, struct parcel *parcel);
};

struct transfer {
    struct line there, back;
    struct parcel *spare;
    uint64_t size, sent, acknowledged;
    double window; /* segments */
    double finished;
};

static const double line_bps = 100e6, line_delay = 0.01;

static void out_of_pipe(struct bare *bare, void *context)
{
    struct line *line = context;
    struct parcel *parcel = line->pipe;

    line->pipe = parcel->next;
    if (line->pipe)
        bare_after(bare, line->pipe->due - bare->now, line, out_of_pipe);
    line->arrived(bare, line->transfer, parcel);
}

static void transmitted(struct bare *bare, void *context)
{
    struct line *line = context;
    struct parcel *parcel = line->queue;

    line->queue = parcel->next;
    if (line->queue)
        bare_after(bare, line->queue->wire_bytes * 8 / line_bps, line, transmitted);
    parcel->next = NULL;
    parcel->due = bare->now + line_delay;
    if (line->pipe) {
        line->pipe_last->next = parcel;
    } else {
        line->pipe = parcel;
        bare_after(bare, line_delay, line, out_of_pipe);
    }
    line->pipe_last = parcel;
}

static inline void line_send(struct bare *bare, struct line *line, struct parcel *parcel)
{
    parcel->next = NULL;
    if (line->queue) {
        line->queue_last->next = parcel;
    } else {
        line->queue = parcel;
        bare_after(bare, parcel->wire_bytes * 8 / line_bps, line, transmitted);
    }
    line->queue_last = parcel;
}

static void fill_window(struct bare *bare, struct transfer *transfer)
{
    while (transfer->sent < transfer->size &&
           transfer->sent - transfer->acknowledged < (uint64_t)transfer->window * PAYLOAD) {
        struct parcel *parcel = transfer->spare;
        uint64_t left = transfer->size - transfer->sent;
        uint32_t payload = left < PAYLOAD ? (uint32_t)left : PAYLOAD;

        if (!parcel)
            abort();
        transfer->spare = parcel->next;
        transfer->sent += payload;
        parcel->offset = transfer->sent;
        parcel->wire_bytes = payload + OVERHEAD;
        line_send(bare, &transfer->there, parcel);
    }
}

/* The segment itself goes back as its acknowledgement. */
static void data_arrived(struct bare *bare, struct transfer *transfer, struct parcel *parcel)
{
    if (parcel->offset == transfer->size)
        transfer->finished = bare->now;
    parcel->wire_bytes = OVERHEAD;
    line_send(bare, &transfer->back, parcel);
}

static void ack_arrived(struct bare *bare, struct transfer *transfer, struct parcel *parcel)
{
    transfer->acknowledged = parcel->offset;
    parcel->next = transfer->spare;
    transfer->spare = parcel;
    if (transfer->window < WINDOW)
        transfer->window++;
    fill_window(bare, transfer);
}

static double transfer_once(struct bare *bare, struct transfer *transfer, uint64_t size)
{
    transfer->there = (struct line){.transfer = transfer, .arrived = data_arrived};
    transfer->back = (struct line){.transfer = transfer, .arrived = ack_arrived};
    transfer->size = size;
    transfer->sent = transfer->acknowledged = 0;
    transfer->window = 10;
    bare->now = 0;
    fill_window(bare, transfer);
    bare_run(bare);
    return transfer->finished;
}

struct speed tcp_floor(uint64_t size, uint64_t count)
{
    struct parcel *parcels = calloc(PACKETS, sizeof(*parcels));
    struct transfer transfer = {.size = size};
    struct bare bare;
    double finished = 0;

    if (!parcels)
        abort();
    for (int i = PACKETS - 1; i >= 0; i--) {
        parcels[i].next = transfer.spare;
        transfer.spare = &parcels[i];
    }
    bare_init(&bare, 1024);
    double start = speed_clock();

    for (uint64_t i = 0; i < count; i++)
        finished = transfer_once(&bare, &transfer, size);
    double seconds = speed_clock() - start;

    free(bare.memory);
    free(parcels);
    return (struct speed){seconds, count, finished};
}
