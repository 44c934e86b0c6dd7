/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/node.h"
#include "sim/base/check.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define IDLE_NS INT64_C(60000000000) /* twice RFC 4975's timer: a peer silent for so long is dead */

static node_start_fn *const starts[CAST_COUNT] = {
    [CAST_P_A] = cscf_start, [CAST_S_A] = cscf_start, [CAST_I_B] = cscf_start,
    [CAST_S_B] = cscf_start, [CAST_P_B] = cscf_start, [CAST_HSS_B] = hss_start,
};

/* The ends differ by what carries the file, all others by their role alone. */
static node_start_fn *start_of(const struct cast *cast, enum cast_role role)
{
    if (role == CAST_UE_A)
        return cast->way.is_message ? pager_a_start : ue_a_start;
    if (role == CAST_UE_B)
        return cast->way.is_message ? pager_b_start : ue_b_start;
    return role >= CAST_RELAY_1 ? msrp_hop_start : starts[role];
}

static int64_t cpu_now_ns(void)
{
    struct timespec now;

    check(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) == 0);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* ---- Reports ---- */

static void node_send(struct node *node, const struct node_report *report)
{
    /* Nobody listens any more: there is nothing left to do it for. */
    if (send(node->line.fd, report, sizeof(*report), MSG_NOSIGNAL) != (ssize_t)sizeof(*report))
        node->loop.is_over = true;
}

void node_tell(struct node *node, enum node_mark mark, int64_t value)
{
    struct node_report report = {.mark = (int32_t)mark, .role = (int32_t)node->role, .value = value};

    node_send(node, &report);
}

void node_now(struct node *node, enum node_mark mark)
{
    node_tell(node, mark, loop_now_ns());
}

void node_fail(struct node *node, enum node_end end, const char *format, ...)
{
    struct node_report report = {.mark = MARK_FAILED, .role = (int32_t)node->role, .value = (int64_t)end};
    struct sink text = SINK(report.text);
    va_list list;

    va_start(list, format);
    sink_format_list(&text, format, list);
    va_end(list);
    sink_string(&text);
    node_send(node, &report);
}

/* ---- Commands ---- */

static void node_quit(struct node *node)
{
    node_tell(node, MARK_CPU, cpu_now_ns() - node->cpu_ns);
    node_tell(node, MARK_RETRANSMISSIONS,
              (int64_t)(node->retransmissions + (node->resent ? node->resent(node->context) : 0)));
    if (!node->leave) {
        node->loop.is_over = true;
        return;
    }
    /* The conductor closes its end now, which is no reason to stop; it does not wait long, either. */
    loop_remove(&node->loop, &node->line);
    node->leave(node->context);
}

static void node_command(void *context, short events)
{
    struct node *node = context;
    char command = 0;
    ssize_t size = recv(node->line.fd, &command, 1, 0);

    (void)events;
    if (size <= 0) {
        node->loop.is_over = size == 0 || (errno != EAGAIN && errno != EINTR);
        return;
    }
    if (command == NODE_WARM) {
        if (node->warm)
            node->warm(node->context);
        else
            node_now(node, MARK_WARM);
    } else if (command == NODE_PRESS) {
        node->cpu_ns = cpu_now_ns();
        if (node->press)
            node->press(node->context);
    } else if (command == NODE_QUIT) {
        node_quit(node);
    }
}

struct stream_config node_stream(struct node *node, bool is_tls, void *context, const struct stream_owner *owner)
{
    return (struct stream_config){.loop = &node->loop,
                                  .tls = is_tls ? &node->tls : NULL,
                                  .from = node->cast->addresses[node->role],
                                  .idle_ns = IDLE_NS,
                                  .congestion = node->cast->congestion,
                                  .buffer_bytes = node->cast->buffer_bytes,
                                  .context = context,
                                  .owner = owner};
}

static enum err node_start(struct node *node, struct note *note)
{
    const struct cast *cast = node->cast;

    bool is_core_tls = cast->core && cast->core->users[0].transport == SIP_TLS;

    if (cast->way.is_tls || is_core_tls) {
        TRY(stream_tls_init(&node->tls, cast_server(cast, node->role), &cast->parties.authority[PARTY_EC],
                            cast->way.has_fingerprints, note));
        stream_tls_log_keys(&node->tls, cast->keylog);
        if (cast->authority)
            TRY(stream_tls_trust(&node->tls, cast->authority, note));
    }
    return start_of(cast, node->role)(node, note);
}

void node_run(const struct cast *cast, enum cast_role role, int line)
{
    struct node *node = calloc(1, sizeof(*node));
    struct note note = {{0}};

    (void)prctl(PR_SET_TIMERSLACK, 1UL);
    (void)signal(SIGPIPE, SIG_IGN);
    check(node != NULL);
    node->cast = cast;
    node->role = role;
    node->line = (struct loop_watch){.fd = line, .events = POLLIN, .context = node, .ready = node_command};
    check(loop_add(&node->loop, &node->line));
    if (node_start(node, &note) == ERR_OK)
        node_now(node, MARK_LISTENING);
    else
        node_fail(node, NODE_FAULT, "%s", note.text);
    loop_run(&node->loop);
    stream_tls_free(&node->tls);
    free(node);
}
