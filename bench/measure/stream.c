/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/stream_state.h"
#include "sim/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char *const stream_end_names[] = {
    "the peer closed the connection", "the peer refused the connection", "the connection broke", "TLS failed",
    "the peer fell silent",           "the peer went beyond a limit",
};

static void stream_ready(void *context, short events);

/* ---- Ends ---- */

static void stream_destroy(void *context)
{
    struct stream *stream = context;

    stream_tls_drop(stream);
    free(stream->out);
    if (stream->arena)
        arena_destroy(stream->arena);
    free(stream);
}

void stream_close(struct stream *stream)
{
    if (!stream || stream->is_dead)
        return;
    stream->is_dead = true;
    stream->retransmissions = stream_retransmissions(stream);
    loop_remove(stream->config.loop, &stream->watch);
    loop_remove_timer(stream->config.loop, &stream->idle);
    close(stream->watch.fd);
    stream->watch.fd = -1;
    if (stream->listener)
        stream->listener->count--;
    stream->reaping = (struct loop_job){.context = stream, .run = stream_destroy};
    loop_defer(stream->config.loop, &stream->reaping);
}

void stream_fail(struct stream *stream, enum stream_end how)
{
    if (stream->is_dead)
        return;
    stream_close(stream);
    if (!stream->was_told)
        stream->config.owner->ended(stream->config.context, stream, how);
}

static void idle_over(void *context)
{
    struct stream *stream = context;

    stream_fail(stream, stream->is_over_limit ? STREAM_LIMIT : STREAM_SILENT);
}

void stream_doom(struct stream *stream)
{
    stream->is_over_limit = true;
    stream->idle.at_ns = 0;
}

static void stream_stir(struct stream *stream)
{
    if (stream->config.idle_ns > 0 && !stream->is_over_limit)
        stream->idle.at_ns = loop_now_ns() + stream->config.idle_ns;
}

/* ---- Waiting ---- */

static size_t out_size(const struct stream *stream)
{
    return stream->out_end - stream->out_begin;
}

static void stream_watch(struct stream *stream)
{
    short events = 0;

    if (!stream->is_connected || ((out_size(stream) > 0 || stream->wants_room) && stream->is_ready) ||
        stream->tls_wants_write)
        events |= POLLOUT;
    /* A handshake goes on whatever the owner wants of data. */
    if (stream->is_connected && !(stream->is_paused && stream->is_ready) && !stream->is_read_out)
        events |= POLLIN;
    stream->watch.events = events;
}

/* ---- Writing ---- */

/* As much as the kernel takes. */
static void stream_drain(struct stream *stream)
{
    while (out_size(stream) > 0) {
        ssize_t done = stream->ssl
                           ? stream_tls_write(stream, stream->out + stream->out_begin, out_size(stream))
                           : send(stream->watch.fd, stream->out + stream->out_begin, out_size(stream), MSG_NOSIGNAL);

        if (done <= 0) {
            if (done < 0 && errno != EAGAIN && errno != EINTR)
                stream->has_failed = true;
            break;
        }
        stream->out_begin += (size_t)done;
        stream_stir(stream); /* a kernel that takes more has a peer that acknowledges */
    }
    if (out_size(stream) == 0)
        stream->out_begin = stream->out_end = 0;
    if (out_size(stream) == 0 && stream->is_finishing && !stream->has_finished && !stream->has_failed) {
        stream->has_finished = true;
        if (stream->ssl)
            stream_tls_finish(stream);
        shutdown(stream->watch.fd, SHUT_WR);
    }
}

uint64_t stream_room(const struct stream *stream)
{
    size_t size = out_size(stream);

    return stream->is_dead || !stream->is_ready || size >= STREAM_OUT ? 0 : STREAM_OUT - size;
}

/* Room for size more bytes behind the last: moved to the front or grown, to a limit. */
static bool out_reserve(struct stream *stream, size_t size)
{
    size_t needed = out_size(stream) + size;

    if (stream->out_end + size <= stream->out_capacity)
        return true;
    if (needed > STREAM_OUT_MAX)
        return false;
    if (needed > stream->out_capacity) {
        size_t capacity = stream->out_capacity ? stream->out_capacity : 16384;

        while (capacity < needed)
            capacity *= 2;
        char *bytes = realloc(stream->out, capacity);

        if (!bytes)
            return false;
        stream->out = bytes;
        stream->out_capacity = capacity;
    }
    if (stream->out_begin > 0) {
        memmove(stream->out, stream->out + stream->out_begin, out_size(stream));
        stream->out_end -= stream->out_begin;
        stream->out_begin = 0;
    }
    return true;
}

void stream_write(struct stream *stream, const void *bytes, size_t size)
{
    if (stream->is_dead || stream->is_finishing || size == 0)
        return;
    if (!out_reserve(stream, size)) {
        stream_doom(stream);
        return;
    }
    memcpy(stream->out + stream->out_end, bytes, size);
    stream->out_end += size;
}

void stream_write_slice(struct stream *stream, struct slice slice)
{
    if (stream->is_dead || stream->is_finishing || slice.length == 0)
        return;
    if (!out_reserve(stream, (size_t)slice.length)) {
        stream_doom(stream);
        return;
    }
    slice_read(slice, 0, stream->out + stream->out_end, (size_t)slice.length);
    stream->out_end += (size_t)slice.length;
}

void stream_push(struct stream *stream)
{
    if (stream->is_dead || !stream->is_ready)
        return;
    stream_drain(stream);
    if (stream_room(stream) == 0)
        stream->wants_room = true;
    stream_watch(stream);
}

void stream_finish(struct stream *stream)
{
    if (stream->is_dead || stream->is_finishing)
        return;
    stream->is_finishing = true;
    if (stream->is_ready)
        stream_drain(stream);
    stream_watch(stream);
}

/* ---- Reading ---- */

void stream_release(struct stream *stream, uint64_t offset)
{
    rope_release(&stream->in, offset);
}

/* One piece; false when there is none now. */
static bool stream_read_piece(struct stream *stream)
{
    char piece[16384];
    ssize_t size =
        stream->ssl ? stream_tls_read(stream, piece, sizeof(piece)) : recv(stream->watch.fd, piece, sizeof(piece), 0);

    if (size > 0) {
        rope_append_bytes(&stream->in, piece, (size_t)size);
        stream_stir(stream);
        return true;
    }
    if (size == 0)
        stream->is_read_out = true;
    else if (errno != EAGAIN && errno != EINTR)
        stream->has_failed = true;
    return false;
}

/* Reads a bounded amount and tells the owner of it; a limit of memory reached on the way ends the connection. */
static void stream_read(struct stream *stream)
{
    uint64_t end = stream->in.end;
    jmp_buf full;

    if (setjmp(full) != 0) {
        arena_on_full(stream->arena, NULL);
        stream_fail(stream, STREAM_LIMIT);
        return;
    }
    arena_on_full(stream->arena, &full);
    /* What TLS has opened already no longer shows at the socket, so it is always taken whole. */
    while ((stream->in.end - end < STREAM_IN || stream_tls_has_more(stream)) && stream_read_piece(stream))
        ;
    if (stream->in.end > end)
        stream->config.owner->received(stream->config.context, stream);
    arena_on_full(stream->arena, NULL);
}

static void stream_check(struct stream *stream)
{
    if (stream->is_dead)
        return;
    if (stream->is_over_limit)
        stream_fail(stream, STREAM_LIMIT);
    else if (stream->has_failed)
        stream_fail(stream, stream->is_alien ? STREAM_ALIEN : stream->is_ready ? STREAM_BROKEN : STREAM_REFUSED);
    else if (stream->is_read_out && !stream->was_told) {
        stream->was_told = true;
        stream->is_finishing = true;
        stream_drain(stream);
        stream->config.owner->ended(stream->config.context, stream, STREAM_FINISHED);
    }
    if (!stream->is_dead && stream->was_told && stream->has_finished)
        stream_close(stream);
    if (!stream->is_dead)
        stream_watch(stream);
}

void stream_pause(struct stream *stream, bool is_paused)
{
    if (stream->is_dead || stream->is_paused == is_paused)
        return;
    stream->is_paused = is_paused;
    stream_watch(stream);
}

/* ---- Events ---- */

static void stream_set_ready(struct stream *stream)
{
    stream->is_ready = true;
    stream_stir(stream);
    stream->config.owner->ready(stream->config.context, stream);
    if (!stream->is_dead)
        stream_push(stream);
}

static void stream_connected(struct stream *stream)
{
    int error = 0;
    socklen_t size = sizeof(error);

    if (getsockopt(stream->watch.fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
        stream->has_failed = true;
        return;
    }
    stream->is_connected = true;
    if (!stream->ssl)
        stream_set_ready(stream);
}

static void stream_ready(void *context, short events)
{
    struct stream *stream = context;

    if (!stream->is_connected)
        stream_connected(stream);
    if (!stream->is_dead && stream->is_connected && stream->ssl && !stream->is_ready && !stream->has_failed &&
        stream_tls_handshake(stream))
        stream_set_ready(stream);
    if (!stream->is_dead && stream->is_ready && (events & (POLLIN | POLLHUP | POLLERR)) && !stream->is_paused)
        stream_read(stream);
    if (!stream->is_dead && stream->is_ready && !stream->has_failed) {
        stream_drain(stream);
        if (stream->wants_room && !stream->was_told && stream_room(stream) >= STREAM_OUT / 2) {
            stream->wants_room = false;
            stream->config.owner->writable(stream->config.context, stream);
            stream_push(stream);
        }
    }
    /* A peer that hung up altogether while reading is paused would else be polled for ever. */
    if (!stream->is_dead && stream->is_paused && (events & (POLLHUP | POLLERR)))
        stream->has_failed = true;
    stream_check(stream);
}

/* ---- Making ---- */

static struct stream *stream_create(const struct stream_config *config, int fd, bool is_server, struct note *note)
{
    struct stream *stream = calloc(1, sizeof(*stream));
    int one = 1;

    if (!stream || !(stream->arena = arena_create(STREAM_MEMORY))) {
        free(stream);
        close(fd);
        (void)note_set(note, ERR_FULL, "no memory for a connection");
        return NULL;
    }
    stream->config = *config;
    stream->is_server = is_server;
    stream->opened_ns = loop_now_ns();
    rope_init(&stream->in, stream->arena);
    stream->watch = (struct loop_watch){.fd = fd, .context = stream, .ready = stream_ready};
    stream->idle = (struct loop_timer){.context = stream, .ring = idle_over};
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)); /* a pair of local sockets has none */
    if ((config->congestion &&
         setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, config->congestion, (socklen_t)strlen(config->congestion)) != 0)) {
        (void)note_set(note, ERR_RANGE, "TCP cannot use %s here: %s", config->congestion, strerror(errno));
    } else if (config->tls && !stream_tls_begin(stream)) {
        (void)note_set(note, ERR_CRYPTO, "TLS cannot begin");
    } else if (loop_add(config->loop, &stream->watch) && loop_add_timer(config->loop, &stream->idle)) {
        stream_stir(stream);
        return stream;
    } else {
        loop_remove(config->loop, &stream->watch);
        (void)note_set(note, ERR_FULL, "too many connections");
    }
    close(fd);
    stream_destroy(stream);
    return NULL;
}

/* Beyond the system's limit with the right to (SO_*BUFFORCE), else up to it. The kernel takes twice as much, for what
 * it keeps beside the bytes. */
static bool set_buffer(int fd, int forced, int plain, uint64_t bytes)
{
    int size = (int)bytes, set = 0;
    socklen_t length = sizeof(set);

    if (setsockopt(fd, SOL_SOCKET, forced, &size, sizeof(size)) != 0 &&
        setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size)) != 0)
        return false;
    return getsockopt(fd, SOL_SOCKET, plain, &set, &length) == 0 && set >= size;
}

bool stream_set_buffers(int fd, uint64_t bytes, struct note *note)
{
    if (bytes == 0 ||
        (set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, bytes) && set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, bytes)))
        return true;
    (void)note_set(note, ERR_RANGE, "a TCP socket cannot have %llu bytes of buffer: net.core.wmem_max, rmem_max",
                   (unsigned long long)bytes);
    return false;
}

struct stream *stream_open(const struct stream_config *config, struct note *note)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr = config->from};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = config->to, .sin_port = htons(config->to_port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0 || (config->from.s_addr != 0 && bind(fd, (struct sockaddr *)&from, sizeof(from)) != 0)) {
        (void)note_set(note, ERR_FILE, "cannot make a socket: %s", strerror(errno));
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    if (!stream_set_buffers(fd, config->buffer_bytes, note)) {
        close(fd);
        return NULL;
    }
    struct stream *stream = stream_create(config, fd, false, note);

    if (!stream)
        return NULL;
    stream->opened_ns = loop_now_ns();
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)
        stream->has_failed = true; /* told by the first turn */
    stream_watch(stream);
    return stream;
}

struct stream *stream_adopt(const struct stream_config *config, int fd, bool is_server, struct note *note)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        (void)note_set(note, ERR_FILE, "not a socket: %s", strerror(errno));
        close(fd);
        return NULL;
    }
    struct stream *stream = stream_create(config, fd, is_server, note);

    if (stream)
        stream_watch(stream);
    return stream;
}

/* ---- Facts ---- */

struct arena *stream_arena(struct stream *stream)
{
    return stream->arena;
}

struct rope *stream_in(struct stream *stream)
{
    return &stream->in;
}

struct in_addr stream_peer(const struct stream *stream)
{
    struct sockaddr_in peer = {.sin_family = AF_INET};
    socklen_t size = sizeof(peer);

    if (getpeername(stream->watch.fd, (struct sockaddr *)&peer, &size) != 0 || peer.sin_family != AF_INET)
        return (struct in_addr){0};
    return peer.sin_addr;
}

bool stream_is_dead(const struct stream *stream)
{
    return stream->is_dead;
}

bool stream_is_ready(const struct stream *stream)
{
    return stream->is_ready && !stream->is_dead;
}

bool stream_is_server(const struct stream *stream)
{
    return stream->is_server;
}

int64_t stream_opened_ns(const struct stream *stream)
{
    return stream->opened_ns;
}

uint64_t stream_retransmissions(const struct stream *stream)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);

    if (stream->is_dead || getsockopt(stream->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0)
        return stream->retransmissions;
    return info.tcpi_total_retrans;
}
