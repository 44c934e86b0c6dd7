/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/cli/measure_tap.h"
#include "bench/measure/packet_socket.h"
#include "traces/pcapng.h"

#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DEVICES_MAX = 16, FRAME_MAX = 65536, BUFFER = 16 << 20, ETHERNET = 14, LAST_MS = 50 };

struct measure_taps {
    struct pcapng capture;
    size_t count;
    int fds[DEVICES_MAX];
    uint32_t interfaces[DEVICES_MAX];
};

/* Devices stand in the middle of the network, so what comes in there was sent by the role. */
static bool take(struct measure_taps *taps, size_t index)
{
    static const uint8_t ipv4[2] = {0x08, 0x00};
    char bytes[FRAME_MAX], control[128];
    struct sockaddr_ll from = {0};
    struct iovec into = {bytes, sizeof(bytes)};
    struct msghdr message = {.msg_name = &from,
                             .msg_namelen = sizeof(from),
                             .msg_iov = &into,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    ssize_t size = recvmsg(taps->fds[index], &message, 0);

    if (size <= 0)
        return false;
    if (size < ETHERNET + 20 || memcmp(bytes + ETHERNET - 2, ipv4, sizeof(ipv4)) != 0)
        return true;
    bool is_sent = from.sll_pkttype != PACKET_OUTGOING;
    struct pcapng_packet packet = {.interface = taps->interfaces[index],
                                   .at_ns = packet_socket_stamp_ns(&message),
                                   .bytes = {bytes + ETHERNET, (size_t)size - ETHERNET},
                                   .direction = is_sent ? PCAPNG_OUTBOUND : PCAPNG_INBOUND};

    pcapng_packet(&taps->capture, &packet);
    return true;
}

static void watch(struct measure_taps *taps, int line)
{
    bool is_over = false;

    for (;;) {
        struct pollfd polled[DEVICES_MAX + 1];

        for (size_t i = 0; i < taps->count; i++)
            polled[i] = (struct pollfd){.fd = taps->fds[i], .events = POLLIN};
        polled[taps->count] = (struct pollfd){.fd = is_over ? -1 : line, .events = POLLIN};
        int ready = poll(polled, taps->count + 1, is_over ? LAST_MS : -1);

        if (ready == 0 && is_over)
            return;
        is_over = is_over || polled[taps->count].revents != 0;
        for (size_t i = 0; i < taps->count; i++)
            while (take(taps, i))
                ;
    }
}

/* What the kernel could not hand over is said, not passed over. */
static bool count_losses(const struct measure_taps *taps)
{
    unsigned lost = 0;

    for (size_t i = 0; i < taps->count; i++) {
        struct tpacket_stats stats = {0};
        socklen_t size = sizeof(stats);

        if (getsockopt(taps->fds[i], SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0)
            lost += stats.tp_drops;
    }
    if (lost > 0)
        fprintf(stderr, "hopsim: the tap lost %u packets\n", lost);
    return lost == 0;
}

bool measure_tap(void *context, const char *const *devices, const char *const *labels, size_t count, int line)
{
    static const struct pcapng_about about = {.application = {"hopsim measure", 14}};
    struct measure_taps taps = {.count = count < DEVICES_MAX ? count : DEVICES_MAX};
    struct note note = {{0}};
    char ready = 'r';

    if (pcapng_open(&taps.capture, context, 0, &about, &note) != ERR_OK) {
        fprintf(stderr, "hopsim: %s\n", note.text);
        return false;
    }
    for (size_t i = 0; i < taps.count; i++) {
        taps.interfaces[i] = pcapng_interface(&taps.capture, span_of(labels[i]));
        taps.fds[i] = packet_socket_open(devices[i], BUFFER, false);
        if (taps.fds[i] < 0) {
            pcapng_discard(&taps.capture);
            return false;
        }
    }
    if (write(line, &ready, 1) != 1) {
        pcapng_discard(&taps.capture);
        return false;
    }
    watch(&taps, line);
    bool is_whole = count_losses(&taps);

    return pcapng_close(&taps.capture, &note) == ERR_OK && is_whole;
}
