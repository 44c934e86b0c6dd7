/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The delay box between two pairs of devices in a network namespace of this process alone: what it is given comes out
 * at the other side, whole and in order, and none of it too early. How late frames were is printed, not judged: that
 * is the machine's.
 */
#define _GNU_SOURCE
#include "bench/measure/delay_box.h"
#include "bench/measure/packet_socket.h"
#include "sim/base/units.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { FRAMES = 300, SIZE_LEAST = 60, SIZE_MOST = 1514, BUFFER = 1 << 20, QUEUE = 100000, WAIT_MS = 2000, HEAD = 14 };

#define DELAY_NS (5 * MS)
#define TYPE "\x88\xb5" /* IEEE Std 802: for experiments */

/* What a frame carries behind its Ethernet header; the rest of it is its number's last byte, over and over. */
struct load {
    uint32_t number, size;
    int64_t sent_ns;
};

/* One way through the box. */
struct way {
    int in, out;
    uint32_t sent, received, early, disordered, damaged;
    int64_t late_most_ns, late_sum_ns;
};

struct stage {
    pid_t box;
    int line;
    int64_t delay_ns;
    uint64_t rate_bps;
    struct way ways[2];
};

static int64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool is_written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

    if (fd >= 0)
        close(fd);
    return is_written;
}

/* A namespace with the users' devices and the box's, near and far; nothing but the test speaks on them. */
static bool make_network(void)
{
    if (unshare(CLONE_NEWNET) != 0)
        return false;
    (void)write_file("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
    return system(
               "ip link add name user-a type veth peer name near && ip link add name user-b type veth peer name far &&"
               " for device in user-a near user-b far; do ip link set $device up || exit 1; done") == 0;
}

static void open_stage(struct stage *stage, int64_t delay_ns, uint64_t rate_bps)
{
    int ends[2];
    char ready;

    *stage = (struct stage){.delay_ns = delay_ns, .rate_bps = rate_bps};
    CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    stage->box = fork();
    if (stage->box == 0) {
        struct delay_box_config config = {.delay_ns = delay_ns,
                                          .rate_bps = rate_bps,
                                          .queue_bytes = QUEUE,
                                          .pair_count = 1,
                                          .pairs = {{"near", "far"}},
                                          .line = ends[1]};

        close(ends[0]);
        _exit(delay_box_run(&config) ? 0 : 1);
    }
    close(ends[1]);
    stage->line = ends[0];
    CU_ASSERT_EQUAL_FATAL(read(stage->line, &ready, 1), 1);
    int a = packet_socket_open("user-a", BUFFER, true), b = packet_socket_open("user-b", BUFFER, true);

    CU_ASSERT_FATAL(a >= 0 && b >= 0);
    stage->ways[0] = (struct way){.in = a, .out = b};
    stage->ways[1] = (struct way){.in = b, .out = a};
}

/* What the box says of itself; the stage is over. */
static struct delay_box_report close_stage(struct stage *stage)
{
    struct delay_box_report report;
    int status = -1;

    CU_ASSERT_EQUAL(shutdown(stage->line, SHUT_WR), 0);
    CU_ASSERT_EQUAL_FATAL(recv(stage->line, &report, sizeof(report), MSG_WAITALL), (ssize_t)sizeof(report));
    CU_ASSERT_EQUAL(waitpid(stage->box, &status, 0), stage->box);
    CU_ASSERT_EQUAL(status, 0);
    close(stage->line);
    close(stage->ways[0].in);
    close(stage->ways[0].out);
    return report;
}

static void send_frame(struct way *way, uint32_t size)
{
    char frame[SIZE_MOST];
    struct load load = {.number = way->sent, .size = size};

    memset(frame, 0xff, 6);
    memcpy(frame + 6, "\x02\0\0\0\0\1", 6);
    memcpy(frame + 12, TYPE, 2);
    memset(frame + HEAD, (int)(load.number & 255), size - HEAD);
    load.sent_ns = now_ns();
    memcpy(frame + HEAD, &load, sizeof(load));
    CU_ASSERT_EQUAL(send(way->in, frame, size, 0), (ssize_t)size);
    way->sent++;
}

static bool is_whole(const char *frame, size_t size, const struct load *load)
{
    bool is_same = size == load->size;

    for (size_t i = HEAD + sizeof(*load); i < size; i++)
        is_same = is_same && (unsigned char)frame[i] == (load->number & 255);
    return is_same;
}

static void judge(const struct stage *stage, struct way *way, const char *frame, size_t size, int64_t seen_ns)
{
    struct load load;

    memcpy(&load, frame + HEAD, sizeof(load));
    int64_t bits_ns = stage->rate_bps > 0 ? (int64_t)(load.size * UINT64_C(8000000000) / stage->rate_bps) : 0;
    int64_t late_ns = seen_ns - load.sent_ns - stage->delay_ns - bits_ns;

    way->early += late_ns < 0;
    way->disordered += load.number != way->received;
    way->damaged += !is_whole(frame, size, &load);
    way->late_sum_ns += late_ns;
    way->late_most_ns = late_ns > way->late_most_ns ? late_ns : way->late_most_ns;
    way->received++;
}

static void take_frames(const struct stage *stage, struct way *way)
{
    char frame[SIZE_MOST], control[128];
    struct iovec bytes = {frame, sizeof(frame)};

    for (;;) {
        struct msghdr message = {
            .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
        ssize_t size = recvmsg(way->out, &message, 0);

        if (size <= 0)
            return;
        if (size >= SIZE_LEAST && memcmp(frame + 12, TYPE, 2) == 0)
            judge(stage, way, frame, (size_t)size, packet_socket_stamp_ns(&message));
    }
}

/* Until all have come or nothing has for a while. */
static void take_all(struct stage *stage)
{
    struct pollfd polled[2] = {{stage->ways[0].out, POLLIN, 0}, {stage->ways[1].out, POLLIN, 0}};

    while ((stage->ways[0].received < stage->ways[0].sent || stage->ways[1].received < stage->ways[1].sent) &&
           poll(polled, 2, WAIT_MS) > 0)
        for (int i = 0; i < 2; i++)
            take_frames(stage, &stage->ways[i]);
}

static void check_ways(const struct stage *stage, const struct delay_box_report *report)
{
    const struct way *ways = stage->ways;
    uint64_t sent = ways[0].sent + ways[1].sent;

    for (int i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(ways[i].received, ways[i].sent);
        CU_ASSERT_EQUAL(ways[i].disordered, 0);
        CU_ASSERT_EQUAL(ways[i].damaged, 0);
        CU_ASSERT_EQUAL(ways[i].early, 0);
    }
    CU_ASSERT_EQUAL(report->frames, sent);
    CU_ASSERT_EQUAL(report->dropped, 0);
    /* Seen from outside the way in and out is in it, so the box cannot have been later than that. */
    CU_ASSERT(report->mean_ns >= 0 && report->most_ns >= report->mean_ns);
    CU_ASSERT(report->most_ns <= ways[0].late_most_ns || report->most_ns <= ways[1].late_most_ns);
    CU_ASSERT((uint64_t)report->mean_ns * sent <= (uint64_t)(ways[0].late_sum_ns + ways[1].late_sum_ns));
    printf("  late by %.3f ms of %.0f in the mean, 99 %% of frames by less than %.3f, at most %.3f\n",
           (double)report->mean_ns / MS, (double)stage->delay_ns / MS, (double)report->p99_ns / MS,
           (double)report->most_ns / MS);
}

/* Bursts of all sizes, both ways at once. */
static void frames_leave_in_order_none_too_early(void)
{
    struct stage stage;
    uint32_t state = 1;

    open_stage(&stage, DELAY_NS, 0);
    for (int i = 0; i < FRAMES; i++) {
        state = state * 1664525 + 1013904223; /* Knuth's generator */
        send_frame(&stage.ways[state >> 31], SIZE_LEAST + (state >> 8) % (SIZE_MOST - SIZE_LEAST + 1));
        if (i % 50 == 49)
            take_all(&stage);
    }
    take_all(&stage);
    struct delay_box_report report = close_stage(&stage);

    check_ways(&stage, &report);
}

/* At 10 Mbit/s the bits of the longest take 1.2 ms, those of the shortest 0.05 ms: it would be out first. */
static void a_short_frame_does_not_overtake_a_long_one(void)
{
    struct stage stage;

    open_stage(&stage, 1 * MS, 10000000);
    for (int i = 0; i < 20; i++) {
        send_frame(&stage.ways[0], SIZE_MOST);
        send_frame(&stage.ways[0], SIZE_LEAST);
        take_all(&stage);
    }
    struct delay_box_report report = close_stage(&stage);

    check_ways(&stage, &report);
}

static void a_device_that_is_not_there_is_refused(void)
{
    struct delay_box_config config = {.pair_count = 1, .pairs = {{"near", "nowhere"}}, .line = -1};
    int status = -1;
    pid_t box = fork();

    if (box == 0)
        _exit(delay_box_run(&config) ? 0 : 1);
    CU_ASSERT_EQUAL(waitpid(box, &status, 0), box);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 1);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"frames leave in order, none too early", frames_leave_in_order_none_too_early},
        {"a short frame does not overtake a long one", a_short_frame_does_not_overtake_a_long_one},
        {"a device that is not there is refused", a_device_that_is_not_there_is_refused},
        {NULL, NULL}};

    if (!make_network()) {
        puts("skipped: the delay box: a network namespace and its devices are made by root alone (ip: iproute2)");
        return 77;
    }
    return unit_run("delay box", tests);
}
