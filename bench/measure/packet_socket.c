/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/packet_socket.h"

#include <arpa/inet.h>
#include <limits.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int packet_socket_open(const char *device, int buffer_bytes, bool incoming_only)
{
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    /* What waits in a queue behind counts as being sent: the queue's own limit is to hold, not one of the socket. */
    int unlimited = INT_MAX / 2;
    struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};

    if (fd < 0)
        return -1;
    at.sll_ifindex = (int)if_nametoindex(device);
    if (at.sll_ifindex == 0 ||
        (incoming_only && setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) != 0) ||
        setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof(one)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof(buffer_bytes)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &unlimited, sizeof(unlimited)) != 0 ||
        bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int64_t packet_socket_stamp_ns(struct msghdr *message)
{
    for (struct cmsghdr *item = CMSG_FIRSTHDR(message); item; item = CMSG_NXTHDR(message, item)) {
        struct timespec stamp;

        if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_TIMESTAMPNS)
            continue;
        memcpy(&stamp, CMSG_DATA(item), sizeof(stamp));
        return stamp.tv_sec * INT64_C(1000000000) + stamp.tv_nsec;
    }
    return 0;
}
