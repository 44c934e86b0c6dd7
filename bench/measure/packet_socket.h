/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * packet_socket.h - whole frames of a device of this namespace, each with the time at which the kernel saw it.
 */
#ifndef BENCH_MEASURE_PACKET_SOCKET_H
#define BENCH_MEASURE_PACKET_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* A non-blocking socket for every frame of the device (no filter on ports: later fragments of a datagram have none),
 * or for those alone that come in; buffer_bytes holds what is not read yet, what waits to be sent has no limit;
 * -1 where it cannot be had. The caller closes it. */
int packet_socket_open(const char *device, int buffer_bytes, bool incoming_only);

/* When the kernel saw the frame that recvmsg gave, ns of CLOCK_REALTIME; 0 where it does not say. */
int64_t packet_socket_stamp_ns(struct msghdr *message);

#endif
