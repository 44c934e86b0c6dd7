/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * kernel.c - one file over the kernel's TCP with CUBIC: "receive PORT SIZE" waits for it, "send ADDRESS PORT SIZE"
 * opens the connection and sends it. Each prints when, on the machine's one monotonic clock in nanoseconds: the sender
 * when it asks for the connection, how many segments it had to send again, and how long the connection took to open;
 * the receiver when the last byte is read.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 1 << 16, RECEIVE_TIMEOUT_S = 120 };

static int64_t clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int fail(const char *what)
{
    fprintf(stderr, "kernel: %s: %s\n", what, strerror(errno));
    return 3;
}

static int open_socket(void)
{
    static const char congestion[] = "cubic";
    const struct timeval patience = {.tv_sec = RECEIVE_TIMEOUT_S};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd < 0 || setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion, sizeof(congestion) - 1) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
        return -1;
    return fd;
}

static int receive(uint16_t port, uint64_t size)
{
    static char piece[PIECE];
    const struct sockaddr_in own = {.sin_family = AF_INET, .sin_port = htons(port)};
    int listener = open_socket();

    if (listener < 0 || bind(listener, (const struct sockaddr *)&own, sizeof(own)) != 0 || listen(listener, 1) != 0)
        return fail("listen");
    int fd = accept(listener, NULL, NULL);

    if (fd < 0)
        return fail("accept");
    for (uint64_t got = 0; got < size;) {
        ssize_t count = read(fd, piece, sizeof(piece));

        if (count <= 0)
            return fail("read");
        got += (uint64_t)count;
    }
    printf("%" PRId64 "\n", clock_ns());
    return close(fd) == 0 ? 0 : fail("close");
}

static int send_file(const char *address, uint16_t port, uint64_t size)
{
    static const char piece[PIECE];
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct tcp_info info;
    socklen_t length = sizeof(info);
    char end;
    int fd = open_socket();

    if (fd < 0 || inet_pton(AF_INET, address, &to.sin_addr) != 1)
        return fail("socket");
    int64_t start_ns = clock_ns();

    if (connect(fd, (const struct sockaddr *)&to, sizeof(to)) != 0)
        return fail("connect");
    int64_t opened_ns = clock_ns();

    for (uint64_t sent = 0; sent < size;) {
        uint64_t left = size - sent;
        ssize_t count = write(fd, piece, left < sizeof(piece) ? (size_t)left : sizeof(piece));

        if (count <= 0)
            return fail("write");
        sent += (uint64_t)count;
    }
    /* The receiver closes when it has all. */
    if (shutdown(fd, SHUT_WR) != 0 || read(fd, &end, 1) != 0)
        return fail("shutdown");
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0)
        return fail("TCP_INFO");
    printf("%" PRId64 " %u %" PRId64 "\n", start_ns, info.tcpi_total_retrans, opened_ns - start_ns);
    return 0;
}

int main(int count, char **words)
{
    if (count == 4 && strcmp(words[1], "receive") == 0)
        return receive((uint16_t)strtoul(words[2], NULL, 10), strtoull(words[3], NULL, 10));
    if (count == 5 && strcmp(words[1], "send") == 0)
        return send_file(words[2], (uint16_t)strtoul(words[3], NULL, 10), strtoull(words[4], NULL, 10));
    fprintf(stderr, "usage: kernel receive PORT SIZE | send ADDRESS PORT SIZE\n");
    return 2;
}
