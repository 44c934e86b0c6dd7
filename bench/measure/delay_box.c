/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/delay_box.h"
#include "bench/measure/delay_line.h"
#include "bench/measure/packet_socket.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    FRAME_MAX = 1600,
    BUFFER = 8 << 20, /* of a socket */
    RING = 1 << 14,   /* frames under way on one direction: 20 MB at most */
    PORTS = 2 * DELAY_BOX_PAIRS_MAX,
    BURST = 64,          /* frames taken from one device before the others have their turn */
    LATE_STEP_NS = 1000, /* of the histogram */
    LATE_STEPS = 20000   /* up to 20 ms; later ones count as that for the quantile */
};

struct frame {
    int64_t due_ns; /* CLOCK_REALTIME, as the kernel stamps */
    uint32_t size;
    char bytes[FRAME_MAX];
};

/* A device and the frames that came in there and will leave at the other one of its pair. */
struct port {
    int fd;
    struct frame *ring;
    uint64_t first, next;
    struct delay_line line;
};

struct box {
    size_t count;
    struct port ports[PORTS]; /* 2i and 2i + 1 are a pair */
    struct delay_box_report report;
    int64_t late_sum_ns;
    uint32_t late[LATE_STEPS + 1];
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static bool take_frame(struct box *box, struct port *port)
{
    char spare[FRAME_MAX], control[128];
    bool is_full = port->next - port->first == RING;
    struct frame *frame = &port->ring[port->next % RING];
    struct iovec bytes = {is_full ? spare : frame->bytes, FRAME_MAX};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    ssize_t size = recvmsg(port->fd, &message, 0);

    if (size <= 0)
        return false;
    if (is_full || (message.msg_flags & MSG_TRUNC)) {
        box->report.dropped++;
        return true;
    }
    frame->size = (uint32_t)size;
    int64_t seen_ns = packet_socket_stamp_ns(&message);

    if (seen_ns == 0)
        seen_ns = now_ns();
    frame->due_ns = delay_line_due(&port->line, seen_ns, (uint64_t)size);
    port->next++;
    return true;
}

static void note_late(struct box *box, int64_t late_ns)
{
    int64_t step = late_ns < 0 ? 0 : late_ns / LATE_STEP_NS;

    box->report.frames++;
    box->late_sum_ns += late_ns;
    box->late[step < LATE_STEPS ? step : LATE_STEPS]++;
    if (late_ns > box->report.most_ns)
        box->report.most_ns = late_ns;
}

/* Sends what is due; when the next frame is, INT64_MAX for none. */
static int64_t send_due(struct box *box, struct port *port, const struct port *out)
{
    while (port->first != port->next) {
        struct frame *frame = &port->ring[port->first % RING];
        int64_t at_ns = now_ns();

        if (frame->due_ns > at_ns)
            return frame->due_ns;
        if (send(out->fd, frame->bytes, frame->size, 0) < 0)
            box->report.dropped++;
        else
            note_late(box, at_ns - frame->due_ns);
        port->first++;
    }
    return INT64_MAX;
}

static int64_t box_turn(struct box *box)
{
    int64_t next_ns = INT64_MAX;

    for (size_t i = 0; i < box->count; i++) {
        for (int taken = 0; taken < BURST && take_frame(box, &box->ports[i]); taken++)
            ;
        int64_t due_ns = send_due(box, &box->ports[i], &box->ports[i ^ 1]);

        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    return next_ns;
}

static void finish(struct box *box)
{
    uint64_t below = 0;

    if (box->report.frames == 0)
        return;
    box->report.mean_ns = box->late_sum_ns / (int64_t)box->report.frames;
    for (int step = 0; step <= LATE_STEPS; step++) {
        below += box->late[step];
        if (below * 100 >= box->report.frames * 99) {
            box->report.p99_ns = (int64_t)(step + 1) * LATE_STEP_NS;
            return;
        }
    }
}

static bool box_open(struct box *box, const struct delay_box_config *config)
{
    for (size_t i = 0; i < 2 * config->pair_count; i++) {
        struct port *port = &box->ports[box->count++];

        port->fd = packet_socket_open(config->pairs[i / 2][i % 2], BUFFER, true);
        port->line = (struct delay_line){
            .delay_ns = config->delay_ns, .rate_bps = config->rate_bps, .queue_bytes = config->queue_bytes};
        port->ring = malloc(RING * sizeof(*port->ring));
        if (port->fd < 0 || !port->ring)
            return false;
    }
    return true;
}

/* Frames that the kernel hands over while poll() sleeps wake it; a sleep shorter than what poll() itself takes is
 * not worth it. */
static bool box_wait(struct box *box, int line, int64_t next_ns)
{
    struct pollfd polled[PORTS + 1];
    struct timespec wait, *timeout = NULL;

    for (size_t i = 0; i < box->count; i++)
        polled[i] = (struct pollfd){.fd = box->ports[i].fd, .events = POLLIN};
    polled[box->count] = (struct pollfd){.fd = line, .events = POLLIN};
    if (next_ns != INT64_MAX) {
        int64_t left_ns = next_ns - now_ns();

        left_ns = left_ns > 0 ? left_ns : 0;
        wait = (struct timespec){.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};
        timeout = &wait;
    }
    if (ppoll(polled, box->count + 1, timeout, NULL) < 0)
        return errno == EINTR;
    return polled[box->count].revents == 0;
}

/* Before other processes where that is allowed, those of a measurement with real-time priority included: its lateness
 * is an error of the measurement. */
static void go_first(void)
{
    struct sched_param first = {.sched_priority = 0};

    (void)sched_getparam(0, &first);
    first.sched_priority++;
    (void)sched_setscheduler(0, SCHED_FIFO, &first);
}

bool delay_box_run(const struct delay_box_config *config)
{
    struct box *box = calloc(1, sizeof(*box));
    char ready = 'r';

    go_first();
    (void)prctl(PR_SET_TIMERSLACK, 1UL);
    bool is_open = box && box_open(box, config) && write(config->line, &ready, 1) == 1;

    while (is_open && box_wait(box, config->line, box_turn(box)))
        ;
    if (is_open)
        finish(box);
    const struct delay_box_report report = is_open ? box->report : (struct delay_box_report){0};
    bool is_told = is_open && write(config->line, &report, sizeof(report)) == (ssize_t)sizeof(report);

    for (size_t i = 0; box && i < box->count; i++) {
        if (box->ports[i].fd >= 0)
            close(box->ports[i].fd);
        free(box->ports[i].ring);
    }
    free(box);
    return is_told;
}
