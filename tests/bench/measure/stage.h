/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * stage.h - one process of a measured transfer alone on loopback, real as `hopsim measure` makes it, and a test that
 * plays everybody else by hand over plain sockets.
 */
#ifndef TESTS_BENCH_MEASURE_STAGE_H
#define TESTS_BENCH_MEASURE_STAGE_H

#include "bench/measure/node.h"
#include "bench/measure/tool.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STAGE_TEXT = 1 << 16 };

struct stage {
    struct cast cast;
    enum cast_role role;
    pid_t pid;
    int line;
    char folder[64];
    struct node_report failure; /* the first; mark is MARK_FAILED */
    uint64_t marked;
};

static inline struct in_addr stage_address(enum cast_role role)
{
    uint32_t pid = (uint32_t)getpid();

    return (struct in_addr){
        htonl(127U << 24 | (160U | (pid >> 8 & 31U)) << 16 | (pid & 255U) << 8 | ((uint32_t)role + 1))};
}

/* Names, addresses and a folder; the test changes what it wants before stage_start. */
static inline void stage_init(struct stage *stage, enum cast_role role, struct cast_way way)
{
    *stage = (struct stage){.role = role, .line = -1};
    stage->cast = (struct cast){.way = way,
                                .relay_count = way.between == CAST_DIRECT ? 0 : 1,
                                .relay_port = CAST_MSRP_PORT,
                                .file = {&source_pattern, 0, 4096},
                                .number = 7,
                                .folder = stage->folder,
                                .name = "received",
                                .message_bytes = 1300,
                                .keylog = -1};
    memcpy(stage->folder, "/tmp/hopsim-stage-XXXXXX", sizeof("/tmp/hopsim-stage-XXXXXX"));
    check(mkdtemp(stage->folder) != NULL);
    for (int i = 0; i < CAST_COUNT; i++)
        stage->cast.addresses[i] = stage_address((enum cast_role)i);
    cast_init(&stage->cast);
    for (int i = 0; i < CAST_B2BUAS_MAX; i++)
        check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, stage->cast.beside[i]) == 0);
}

/* Takes reports until that mark has come, MARK_FAILED included, or the time is over. */
static inline bool stage_wait(struct stage *stage, enum node_mark mark, int ms)
{
    int64_t until_ns = loop_now_ns() + ms * MS;

    while (!(stage->marked & UINT64_C(1) << mark)) {
        struct pollfd polled = {.fd = stage->line, .events = POLLIN};
        struct node_report report;
        int64_t left_ns = until_ns - loop_now_ns();

        if (left_ns < 0 || poll(&polled, 1, (int)(left_ns / MS) + 1) < 0)
            return false;
        if (!polled.revents)
            continue;
        if (recv(stage->line, &report, sizeof(report), 0) != (ssize_t)sizeof(report))
            return false;
        if (report.mark == MARK_FAILED && !(stage->marked & UINT64_C(1) << MARK_FAILED))
            stage->failure = report;
        stage->marked |= UINT64_C(1) << report.mark;
    }
    return true;
}

static inline bool stage_start(struct stage *stage)
{
    int ends[2];
    struct note note = {{0}};

    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    stage->pid = tool_fork(-1, &note);
    check(stage->pid >= 0);
    if (stage->pid == 0) {
        close(ends[0]);
        node_run(&stage->cast, stage->role, ends[1]);
        _exit(0);
    }
    close(ends[1]);
    stage->line = ends[0];
    return stage_wait(stage, MARK_LISTENING, 5000);
}

/* Files with a name in the folder; all are removed when is_end. */
static inline int stage_files(const struct stage *stage, bool is_end)
{
    DIR *names = opendir(stage->folder);
    int count = 0;

    for (struct dirent *entry = names ? readdir(names) : NULL; entry; entry = readdir(names)) {
        if (entry->d_name[0] == '.')
            continue;
        count++;
        if (is_end)
            (void)unlinkat(dirfd(names), entry->d_name, 0);
    }
    if (names)
        closedir(names);
    return count;
}

/* Memory that the process really uses, bytes. */
static inline long stage_memory(const struct stage *stage)
{
    char text[64];
    struct sink path = SINK(text);
    long pages = 0;

    sink_format(&path, "/proc/%ld/statm", (long)stage->pid);
    FILE *file = fopen(sink_string(&path), "re");

    if (file && fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    if (file)
        fclose(file);
    return pages * sysconf(_SC_PAGESIZE);
}

/* Whether the process still runs; then it is ended. */
static inline bool stage_end(struct stage *stage)
{
    int status = 0;
    bool runs = waitpid(stage->pid, &status, WNOHANG) == 0;

    close(stage->line);
    if (runs) {
        kill(stage->pid, SIGKILL);
        (void)waitpid(stage->pid, &status, 0);
    }
    (void)stage_files(stage, true);
    (void)rmdir(stage->folder);
    for (int i = 0; i < CAST_B2BUAS_MAX; i++) {
        close(stage->cast.beside[i][0]);
        close(stage->cast.beside[i][1]);
    }
    party_set_free(&stage->cast.parties);
    return runs;
}

/* ---- Sockets of the others ---- */

static inline int dial(struct in_addr from, struct in_addr to, uint16_t port)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = from};
    struct sockaddr_in peer = {.sin_family = AF_INET, .sin_addr = to, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0 &&
        connect(fd, (struct sockaddr *)&peer, sizeof(peer)) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static inline int wait_at(struct in_addr at, uint16_t port, int type)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = at, .sin_port = htons(port)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

    check(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0);
    check(bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0);
    check(type == SOCK_DGRAM || listen(fd, 8) == 0);
    return fd;
}

static inline int pick_up(int listener, int ms)
{
    struct pollfd polled = {.fd = listener, .events = POLLIN};

    return poll(&polled, 1, ms) == 1 ? accept(listener, NULL, NULL) : -1;
}

static inline bool say(int fd, struct span text)
{
    while (text.size > 0) {
        ssize_t done = send(fd, text.data, text.size, MSG_NOSIGNAL);

        if (done <= 0)
            return false;
        text = span_after(text, (size_t)done);
    }
    return true;
}

/* Reads until what has come holds the text, at most ms; text of what came in heard. False also when it is over. */
static inline bool hear(int fd, const char *text, char heard[STAGE_TEXT], int ms)
{
    int64_t until_ns = loop_now_ns() + ms * MS;
    size_t size = 0;

    for (;;) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        int64_t left_ns = until_ns - loop_now_ns();

        heard[size] = 0;
        if (span_find((struct span){heard, size}, span_of(text)) < size)
            return true;
        if (left_ns < 0 || size == STAGE_TEXT - 1 || poll(&polled, 1, (int)(left_ns / MS) + 1) < 0)
            return false;
        if (!polled.revents)
            continue;
        ssize_t got = recv(fd, heard + size, STAGE_TEXT - 1 - size, 0);

        if (got <= 0)
            return false;
        size += (size_t)got;
    }
}

/* Whether the other side hangs up within ms; what comes before is passed over. */
static inline bool is_hung_up(int fd, int ms)
{
    int64_t until_ns = loop_now_ns() + ms * MS;
    char piece[4096];

    for (;;) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};
        int64_t left_ns = until_ns - loop_now_ns();

        if (left_ns < 0 || poll(&polled, 1, (int)(left_ns / MS) + 1) < 0)
            return false;
        if (polled.revents && recv(fd, piece, sizeof(piece), 0) <= 0)
            return true;
    }
}

/* Writes the same bytes again and again until nobody takes them for 150 ms, or most have gone; how many did. */
static inline uint64_t flood(int fd, struct span piece, uint64_t most)
{
    uint64_t sent = 0;

    check(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
    for (size_t at = 0; sent < most;) {
        struct pollfd polled = {.fd = fd, .events = POLLOUT};

        if (poll(&polled, 1, 150) != 1)
            break;
        ssize_t done = send(fd, piece.data + at, piece.size - at, MSG_NOSIGNAL);

        if (done < 0 && errno == EAGAIN)
            continue;
        if (done <= 0)
            break;
        sent += (uint64_t)done;
        at = (at + (size_t)done) % piece.size;
    }
    check(fcntl(fd, F_SETFL, 0) == 0);
    return sent;
}

#endif
