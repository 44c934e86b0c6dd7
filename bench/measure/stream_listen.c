/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/stream_state.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void listener_ready(void *context, short events)
{
    struct stream_listener *listener = context;
    struct note note = {{0}};
    int fd = accept4(listener->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    (void)events;
    if (fd < 0)
        return;
    if (listener->count == STREAM_ACCEPTED_MAX) {
        close(fd);
        return;
    }
    struct stream *stream = stream_adopt(&listener->config, fd, true, &note);

    if (!stream)
        return;
    listener->count++;
    stream->listener = listener;
    stream->config.context = listener->accepted(listener->config.context, stream);
    if (!stream->config.context)
        stream_close(stream);
}

/* A socket that listens; -1 with a note. */
static int listen_at(const struct stream_config *config, struct in_addr at, uint16_t port, struct note *note)
{
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = at, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

    if (fd >= 0 && !stream_set_buffers(fd, config->buffer_bytes, note)) {
        close(fd);
        return -1;
    }
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0 && listen(fd, STREAM_ACCEPTED_MAX) == 0)
        return fd;
    (void)note_set(note, ERR_FILE, "cannot listen at port %u: %s", port, strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

struct stream_listener *stream_listen(const struct stream_config *config, struct in_addr at, uint16_t port,
                                      stream_accepted_fn *accepted, struct note *note)
{
    struct stream_listener *listener = calloc(1, sizeof(*listener));
    int fd = -1;

    if (!listener)
        (void)note_set(note, ERR_FULL, "no memory to listen");
    else if ((fd = listen_at(config, at, port, note)) >= 0) {
        listener->config = *config;
        listener->accepted = accepted;
        listener->watch = (struct loop_watch){.fd = fd, .events = POLLIN, .context = listener, .ready = listener_ready};
        if (loop_add(config->loop, &listener->watch))
            return listener;
        (void)note_set(note, ERR_FULL, "too many listeners");
        close(fd);
    }
    free(listener);
    return NULL;
}

void stream_listener_free(struct stream_listener *listener)
{
    if (!listener)
        return;
    loop_remove(listener->config.loop, &listener->watch);
    close(listener->watch.fd);
    free(listener);
}
