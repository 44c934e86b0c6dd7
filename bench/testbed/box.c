/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * box RATE QUEUE DEVICE DEVICE [DEVICE DEVICE] - the delay box of hopsim measure between the devices of each pair, for
 * links of RATE bit/s that a token bucket with room for QUEUE bytes spaces. Prints "ready", runs until its
 * standard input ends, and then prints how late it was.
 */
#include "bench/measure/delay_box.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(struct delay_box_config *config, int ends[2])
{
    close(ends[0]);
    config->line = ends[1];
    return delay_box_run(config) ? 0 : 1;
}

/* The other end of the box's line: ready, then the end of standard input, then the report. */
static int mind(int line)
{
    struct delay_box_report report;
    char byte;

    if (read(line, &byte, 1) != 1)
        return 3;
    puts("ready");
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        ;
    if (shutdown(line, SHUT_WR) != 0 || recv(line, &report, sizeof(report), MSG_WAITALL) != (ssize_t)sizeof(report))
        return 3;
    printf("%llu frames, late by %lld ns on average, 99 %% by less than %lld ns, the last by %lld ns; %llu dropped\n",
           (unsigned long long)report.frames, (long long)report.mean_ns, (long long)report.p99_ns,
           (long long)report.most_ns, (unsigned long long)report.dropped);
    return 0;
}

int main(int count, char **words)
{
    struct delay_box_config config = {.rate_bps = count > 2 ? strtoull(words[1], NULL, 10) : 0,
                                      .queue_bytes = count > 2 ? strtoull(words[2], NULL, 10) : 0};
    int ends[2];

    for (int i = 3; i + 1 < count && config.pair_count < DELAY_BOX_PAIRS_MAX; i += 2) {
        config.pairs[config.pair_count][0] = words[i];
        config.pairs[config.pair_count++][1] = words[i + 1];
    }
    if (config.rate_bps == 0 || config.pair_count == 0 || count != 3 + 2 * (int)config.pair_count) {
        fputs("usage: box RATE QUEUE DEVICE DEVICE [DEVICE DEVICE]\n", stderr);
        return 2;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return 3;
    pid_t box = fork();

    if (box < 0)
        return 3;
    if (box == 0)
        return run(&config, ends);
    close(ends[1]);
    int status = mind(ends[0]);

    (void)waitpid(box, NULL, 0);
    return status;
}
