/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inspect.c - reading a capture into messages, and the memory that takes. */
#include "bench/speed/capture.h"
#include "bench/speed/speed.h"
#include "sim/base/check.h"
#include "traces/trace.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Frames, as many as there were INVITEs and SENDs: a reader that misses one is not the one to be measured. */
static uint64_t read_capture(const char *path)
{
    static const struct trace_config config = {.opens_esp = true};
    struct note note = {{0}};
    struct trace trace;

    check(trace_init(&trace, &config, &note) == ERR_OK);
    check(trace_read(&trace, path, &note) == ERR_OK);
    uint64_t found = trace.counts.packets.frames;

    check(trace.counts.messages[TRACE_MSRP] + trace.counts.messages[TRACE_SIP] == found);
    check(trace.counts.copies[TRACE_SIP] == 0);
    trace_free(&trace);
    return found;
}

struct speed inspect_run(uint64_t size, uint64_t count)
{
    (void)count;
    (void)capture_made(size / CAPTURE_FRAME);
    double start = speed_clock();
    uint64_t found = read_capture(capture_made(size / CAPTURE_FRAME));

    return (struct speed){speed_clock() - start, found * CAPTURE_FRAME, (double)found};
}

int inspect_read(const char *path)
{
    return read_capture(path) > 0 ? 0 : 1;
}

/* In a program of its own, so that what others took before does not count. */
struct speed inspect_memory(uint64_t size, uint64_t count)
{
    struct rusage usage;
    int status;

    (void)count;
    const char *path = capture_made(size / CAPTURE_FRAME);
    pid_t child = fork();

    check(child >= 0);
    if (child == 0) {
        execl("/proc/self/exe", "bench_speed", "--read", path, (char *)NULL);
        _exit(127);
    }
    check(wait4(child, &status, 0, &usage) == child && status == 0);
    return (struct speed){0, (uint64_t)usage.ru_maxrss << 10, (double)(size / CAPTURE_FRAME)};
}
