/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inspect.c - a capture's frames counted by pcap_loop and not looked at. */
#include "bench/speed/capture.h"
#include "bench/speed/speed.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

static void count_frame(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes)
{
    (void)header, (void)bytes;
    ++*(uint64_t *)(void *)context;
}

struct speed inspect_floor(uint64_t size, uint64_t count)
{
    const char *path = capture_made(size / CAPTURE_FRAME);
    char reason[PCAP_ERRBUF_SIZE];
    uint64_t frames = 0;

    (void)count;
    double start = speed_clock();
    pcap_t *pcap = pcap_open_offline(path, reason);

    if (!pcap || pcap_loop(pcap, 0, count_frame, (u_char *)&frames) != 0) {
        fprintf(stderr, "%s: %s\n", path, reason);
        exit(3);
    }
    pcap_close(pcap);
    return (struct speed){speed_clock() - start, frames * CAPTURE_FRAME, (double)frames};
}
