/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/conduct_state.h"
#include "sim/base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define START_NS (20 * SECOND) /* how long processes may take to begin */

/* ---- Players ---- */

static bool plays(const struct conductor *own, int role)
{
    return cast_has(&own->cast, (enum cast_role)role) && !cast_is_foreign(&own->cast, (enum cast_role)role) &&
           !(own->plan.has_outside && role == CAST_RELAY_1);
}

/* The other players' lines are not this one's: it would keep them open. */
static void play(struct conductor *own, int role, int line)
{
    for (int other = 0; other < CAST_COUNT; other++)
        if (own->players[other].line >= 0)
            close(own->players[other].line);
    node_run(&own->cast, (enum cast_role)role, line);
    _exit(0);
}

static enum err start_players(struct conductor *own, struct note *note)
{
    struct cast *cast = &own->cast;

    for (uint32_t i = 0; i < CAST_B2BUAS_MAX; i++)
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, cast->beside[i]) != 0)
            return note_set(note, ERR_FILE, "no line between two processes: %s", strerror(errno));
    for (int role = 0; role < CAST_COUNT; role++) {
        int line = -1, inside = own->has_network ? own->network.namespaces[role] : own->places[role];

        if (!plays(own, role))
            continue;
        TRY(helper_fork(&own->players[role], inside, SOCK_SEQPACKET, &line, note));
        if (own->players[role].pid == 0)
            play(own, role, line);
    }
    return ERR_OK;
}

/* A process that died of a signal is the reason for whatever else was told. */
static void stop_players(struct conductor *own, struct conduct_result *result)
{
    for (int role = 0; role < CAST_COUNT; role++) {
        int number = 0;

        (void)helper_end(&own->players[role], &number);
        if (number == 0 || !result)
            continue;
        struct sink text = SINK(result->text);

        result->end = NODE_FAULT;
        result->is_delivered = false;
        sink_format(&text, "%s: its process died of signal %d", cast_labels[role], number);
        sink_string(&text);
    }
    for (uint32_t i = 0; i < CAST_B2BUAS_MAX; i++)
        for (int end = 0; end < 2; end++) {
            if (own->cast.beside[i][end] > 0)
                close(own->cast.beside[i][end]);
            own->cast.beside[i][end] = 0;
        }
}

static void command_all(struct conductor *own, char command)
{
    for (int role = 0; role < CAST_COUNT; role++)
        if (own->players[role].line >= 0)
            (void)!send(own->players[role].line, &command, 1, MSG_NOSIGNAL);
}

/* ---- Reports ---- */

static void fail(struct conduct_result *result, enum node_end end, const char *who, const char *why)
{
    struct sink text = SINK(result->text);

    if (result->text[0])
        return;
    result->end = end;
    sink_format(&text, "%s: %s", who, why);
    sink_string(&text);
}

/* Of milestones that several report, the first SYN and the last leg that can receive count. */
static void keep_time(struct conduct_result *result, enum node_mark mark, int64_t value)
{
    int64_t *at_ns = &result->at_ns[mark];

    if (*at_ns == CONDUCT_NONE || (mark == MARK_SYN && value < *at_ns) || (mark == MARK_CONNECTED && value > *at_ns))
        *at_ns = value;
}

static void take_report(struct conductor *own, const struct node_report *report, struct conduct_result *result)
{
    enum cast_role role = (enum cast_role)report->role;

    if (report->mark < 0 || report->mark >= MARK_COUNT || report->role < 0 || report->role >= CAST_COUNT)
        return;
    own->is_marked[report->mark] |= UINT64_C(1) << role;
    switch (report->mark) {
    case MARK_FAILED:
        if (!own->is_over)
            fail(result, (enum node_end)report->value, cast_labels[role], report->text);
        break;
    case MARK_BODY:
        result->body_bytes = report->value;
        break;
    case MARK_CHUNKS:
        result->chunks = report->value;
        break;
    case MARK_RETRANSMISSIONS:
        result->retransmissions += report->value;
        break;
    case MARK_CPU:
        result->cpu_ns += report->value;
        if (role == CAST_UE_A || role == CAST_UE_B)
            result->ue_cpu_ns += report->value;
        break;
    default:
        keep_time(result, (enum node_mark)report->mark, report->value);
    }
}

static void take_line(struct conductor *own, int role, struct conduct_result *result)
{
    struct helper *player = &own->players[role];
    struct node_report report;
    ssize_t size = recv(player->line, &report, sizeof(report), MSG_DONTWAIT);

    if (size == (ssize_t)sizeof(report)) {
        report.text[sizeof(report.text) - 1] = 0;
        take_report(own, &report, result);
        return;
    }
    if (size < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    close(player->line);
    player->line = -1;
    if (!(own->is_marked[MARK_RETRANSMISSIONS] & UINT64_C(1) << role))
        fail(result, NODE_FAULT, cast_labels[role], "its process ended");
}

typedef bool reached_fn(const struct conductor *own, const struct conduct_result *result);

/* Takes reports until something is reached. False: it failed, the time is over or somebody interrupts. */
static bool gather(struct conductor *own, reached_fn *reached, int64_t until_ns, const volatile int *interrupted,
                   struct conduct_result *result)
{
    while (!result->text[0] && !reached(own, result)) {
        struct pollfd polled[CAST_COUNT];
        int64_t left_ns = until_ns - loop_now_ns();

        if (*interrupted || left_ns <= 0) {
            fail(result, NODE_FAULT, "measure", *interrupted ? "interrupted" : "the time for one transfer is over");
            return false;
        }
        for (int role = 0; role < CAST_COUNT; role++)
            polled[role] = (struct pollfd){.fd = own->players[role].line, .events = POLLIN};
        if (poll(polled, CAST_COUNT, (int)(left_ns / MS < 1000 ? left_ns / MS + 1 : 1000)) <= 0)
            continue;
        for (int role = 0; role < CAST_COUNT; role++)
            if (polled[role].revents)
                take_line(own, role, result);
    }
    return !result->text[0];
}

static bool all_marked(const struct conductor *own, enum node_mark mark)
{
    for (int role = 0; role < CAST_COUNT; role++)
        if (plays(own, role) && !(own->is_marked[mark] & UINT64_C(1) << role))
            return false;
    return true;
}

static bool all_listen(const struct conductor *own, const struct conduct_result *result)
{
    (void)result;
    return all_marked(own, MARK_LISTENING);
}

static bool all_warm(const struct conductor *own, const struct conduct_result *result)
{
    (void)result;
    return all_marked(own, MARK_WARM);
}

static bool is_through(const struct conductor *own, const struct conduct_result *result)
{
    (void)own;
    return result->at_ns[MARK_IN_HAND] != CONDUCT_NONE && result->at_ns[MARK_ENDED] != CONDUCT_NONE;
}

static bool all_counted(const struct conductor *own, const struct conduct_result *result)
{
    (void)result;
    return all_marked(own, MARK_RETRANSMISSIONS);
}

/* ---- The file ---- */

/* Byte for byte, read from the folder. */
static bool is_the_file(const struct conductor *own)
{
    struct slice file = own->plan.file;
    int fd = openat(own->folder, own->name, O_RDONLY | O_CLOEXEC);
    struct stat now;
    char sent[16384], got[16384];
    bool is_same = fd >= 0 && fstat(fd, &now) == 0 && (uint64_t)now.st_size == file.length;

    for (uint64_t at = 0; is_same && at < file.length;) {
        uint64_t left = file.length - at;
        size_t size = left < sizeof(sent) ? (size_t)left : sizeof(sent);

        slice_read(file, at, sent, size);
        is_same = pread(fd, got, size, (off_t)at) == (ssize_t)size && memcmp(sent, got, size) == 0;
        at += size;
    }
    if (fd >= 0)
        close(fd);
    return is_same;
}

/* ---- One transfer ---- */

static enum err count(const struct conductor *own, struct network_count *counted, struct note *note)
{
    *counted = (struct network_count){0};
    return own->has_network ? network_read(&own->network, &own->cast, counted, note) : ERR_OK;
}

static enum err count_since(const struct conductor *own, const struct network_count *before,
                            struct conduct_result *result, struct note *note)
{
    struct network_count now;

    TRY(count(own, &now, note));
    if (own->has_network) {
        result->wire_bytes = (int64_t)(now.bytes - before->bytes);
        result->packet_hops = (int64_t)(now.packets - before->packets);
    }
    return ERR_OK;
}

static enum err transfer(struct conductor *own, const volatile int *interrupted, struct conduct_result *result,
                         struct note *note)
{
    int64_t start_ns = loop_now_ns() + START_NS;
    struct network_count before;

    if (!gather(own, all_listen, start_ns, interrupted, result))
        return ERR_OK;
    command_all(own, NODE_WARM);
    if (!gather(own, all_warm, start_ns, interrupted, result))
        return ERR_OK;
    TRY(count(own, &before, note));
    command_all(own, NODE_PRESS);
    result->is_delivered = gather(own, is_through, loop_now_ns() + own->plan.limit_ns, interrupted, result);
    TRY(count_since(own, &before, result, note));
    if (!result->is_delivered)
        return ERR_OK;
    result->retransmissions = result->cpu_ns = result->ue_cpu_ns = 0;
    own->is_over = true;
    command_all(own, NODE_QUIT);
    if (!gather(own, all_counted, loop_now_ns() + HELPER_LINGER_NS, interrupted, result))
        result->retransmissions = result->cpu_ns = result->ue_cpu_ns = CONDUCT_NONE;
    return ERR_OK;
}

enum err conductor_run(struct conductor *own, uint64_t number, const volatile int *interrupted,
                       struct conduct_result *result, struct note *note)
{
    struct sink name = SINK(own->name);

    *result = (struct conduct_result){.end = NODE_FAULT, .wire_bytes = CONDUCT_NONE, .packet_hops = CONDUCT_NONE};
    result->retransmissions = result->cpu_ns = result->ue_cpu_ns = result->body_bytes = result->chunks = CONDUCT_NONE;
    for (int mark = 0; mark < MARK_COUNT; mark++)
        result->at_ns[mark] = CONDUCT_NONE;
    memset(own->is_marked, 0, sizeof(own->is_marked));
    own->is_over = false;
    own->cast.number = own->first + number + 1;
    sink_format(&name, "received-%llu", (unsigned long long)number);
    sink_string(&name);
    enum err error = start_players(own, note);

    if (error == ERR_OK)
        error = transfer(own, interrupted, result, note);
    stop_players(own, result);
    TRY(error);
    if (result->is_delivered && !is_the_file(own)) {
        result->is_delivered = false;
        fail(result, NODE_VERIFY_FAILED, "measure", "the file that arrived is not the one that was sent");
    }
    if (!own->plan.keeps_files)
        (void)unlinkat(own->folder, own->name, 0);
    return ERR_OK;
}

/* ---- The end ---- */

enum err conductor_finish(struct conductor *own, struct delay_box_report *report, struct note *note)
{
    *report = (struct delay_box_report){0};
    if (own->box.pid != 0) {
        if (shutdown(own->box.line, SHUT_WR) != 0 ||
            recv(own->box.line, report, sizeof(*report), MSG_WAITALL) != (ssize_t)sizeof(*report))
            return note_set(note, ERR_FILE, "the delay box ended without its report");
        (void)helper_end(&own->box, NULL);
    }
    if (own->tap.pid != 0 && !helper_end(&own->tap, NULL))
        return note_set(note, ERR_FILE, "the capture could not be written");
    return ERR_OK;
}

void conductor_close(struct conductor *own)
{
    if (!own)
        return;
    stop_players(own, NULL);
    (void)helper_end(&own->tap, NULL);
    (void)helper_end(&own->box, NULL);
    if (own->has_network)
        network_close(&own->network);
    for (int role = 0; role < CAST_COUNT; role++)
        if (own->places[role] >= 0)
            close(own->places[role]);
    if (own->folder >= 0)
        close(own->folder);
    if (own->cast.keylog >= 0 && own->plan.keylog)
        close(own->cast.keylog);
    party_set_free(&own->cast.parties);
    free(own);
}
