/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/conduct.h"
#include "bench/measure/tool.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NAME_SIZE = 64, DEVICES_MAX = CAST_COUNT };

#define LINGER_NS (2 * SECOND) /* how long processes may take to end by themselves */
#define START_NS (20 * SECOND) /* and to begin */

struct helper {
    pid_t pid; /* 0: none */
    int line;
};

struct conductor {
    struct conduct_plan plan;
    struct cast cast;
    struct network network;
    bool has_network;
    int places[CAST_COUNT]; /* namespaces of a foreign core's users and of relays beside it; -1: the command's own */
    uint64_t first;         /* number of the first transfer, so that no two commands use the same identities */
    int folder;
    struct helper box, tap;
    struct helper players[CAST_COUNT];
    uint64_t is_marked[MARK_COUNT]; /* a bit for each role */
    bool is_over;                   /* all were told to quit: one that goes first is nobody's failure */
    char name[NAME_SIZE];
};

/* ---- Helpers ---- */

/* Ends a process: by closing its line, and when that is not enough by force. True: it ended well by itself. *signal
 * (may be NULL) gets what it had died of before. */
static bool helper_end(struct helper *helper, int *signal_number)
{
    int64_t until_ns = loop_now_ns() + LINGER_NS;
    int status = 0;

    if (helper->pid == 0)
        return true;
    if (helper->line >= 0)
        close(helper->line);
    pid_t done = 0;

    while ((done = waitpid(helper->pid, &status, WNOHANG)) == 0 && loop_now_ns() < until_ns)
        (void)poll(NULL, 0, 1);
    if (done == 0) {
        kill(helper->pid, SIGKILL);
        (void)waitpid(helper->pid, &status, 0);
    }
    if (signal_number && done > 0 && WIFSIGNALED(status))
        *signal_number = WTERMSIG(status);
    *helper = (struct helper){.line = -1};
    return done > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* A line of which the child gets the other end. */
static enum err helper_fork(struct helper *helper, int namespace_fd, int type, int *child_end, struct note *note)
{
    int ends[2];

    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0)
        return note_set(note, ERR_FILE, "no line to a process: %s", strerror(errno));
    pid_t pid = tool_fork(namespace_fd, note);

    if (pid == 0) {
        close(ends[0]);
        *child_end = ends[1];
        *helper = (struct helper){.pid = 0, .line = -1};
        return ERR_OK;
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return ERR_FILE;
    }
    *helper = (struct helper){pid, ends[0]};
    return ERR_OK;
}

static bool helper_is_ready(const struct helper *helper)
{
    struct pollfd polled = {.fd = helper->line, .events = POLLIN};
    char byte;

    return poll(&polled, 1, 5000) == 1 && read(helper->line, &byte, 1) == 1;
}

static enum err start_box(struct conductor *own, struct note *note)
{
    char names[4][NETWORK_DEVICE_SIZE];
    const enum cast_role users[] = {CAST_UE_A, CAST_UE_B};
    struct delay_box_config config = {.delay_ns = own->plan.network.delay_ns,
                                      .rate_bps = own->plan.network.rate_bps,
                                      .queue_bytes = own->plan.network.queue_bytes};
    int line = -1;

    for (size_t i = 0; i < 2; i++) {
        network_device(users[i], names[2 * i]);
        network_delayed_device(users[i], names[2 * i + 1]);
        config.pairs[i][0] = names[2 * i];
        config.pairs[i][1] = names[2 * i + 1];
    }
    config.pair_count = 2;
    TRY(helper_fork(&own->box, own->network.middle, SOCK_STREAM, &line, note));
    if (own->box.pid == 0) {
        config.line = line;
        _exit(delay_box_run(&config) ? 0 : 1);
    }
    return helper_is_ready(&own->box) ? ERR_OK : note_set(note, ERR_FILE, "the delay box does not start");
}

static enum err start_tap(struct conductor *own, struct note *note)
{
    char names[DEVICES_MAX][NETWORK_DEVICE_SIZE];
    const char *devices[DEVICES_MAX], *labels[DEVICES_MAX];
    size_t count = 0;
    int line = -1;

    for (int role = 0; role < CAST_COUNT; role++) {
        if (!cast_has(&own->cast, (enum cast_role)role))
            continue;
        network_device((enum cast_role)role, names[count]);
        devices[count] = names[count];
        labels[count++] = cast_labels[role];
    }
    TRY(helper_fork(&own->tap, own->network.middle, SOCK_STREAM, &line, note));
    if (own->tap.pid == 0)
        _exit(own->plan.tap(own->plan.tap_context, devices, labels, count, line) ? 0 : 1);
    return helper_is_ready(&own->tap) ? ERR_OK : note_set(note, ERR_FILE, "the tap does not start");
}

/* ---- Opening ---- */

/* An address for each role in a part of 127/8 that depends on this process, so that two at a time do not meet. */
static void take_loopback(struct cast *cast)
{
    uint32_t pid = (uint32_t)getpid();
    uint32_t base = 127U << 24 | (64U | (pid >> 8 & 63U)) << 16 | (pid & 255U) << 8;

    for (int role = 0; role < CAST_COUNT; role++)
        cast->addresses[role].s_addr = htonl(base + (uint32_t)role + 1);
}

static enum err take_place(struct conductor *own, enum cast_role role, const struct core_place *place,
                           struct note *note)
{
    char text[CORE_TEXT_SIZE + 32];
    struct sink path = SINK(text);

    own->cast.addresses[role] = place->address;
    if (place->namespace[0] == 0)
        return ERR_OK;
    sink_format(&path, "/run/netns/%s", place->namespace);
    own->places[role] = open(sink_string(&path), O_RDONLY | O_CLOEXEC);
    return own->places[role] >= 0 ? ERR_OK : note_set(note, ERR_FILE, "%s: %s", text, strerror(errno));
}

/* The users and relays live where the core's file says; of the core itself only the P-CSCFs' addresses matter. */
static enum err take_core(struct conductor *own, struct note *note)
{
    const struct core *core = own->plan.core;
    struct cast *cast = &own->cast;

    if (cast->relay_count > core->relay_count && !own->plan.has_outside)
        return note_set(note, ERR_RANGE, "%u relays: the core's file has places for %u (expected [relay-1] and so on)",
                        cast->relay_count, core->relay_count);
    cast->core = core;
    cast->addresses[CAST_P_A] = core->users[0].p_cscf;
    cast->addresses[CAST_P_B] = core->users[1].p_cscf;
    TRY(take_place(own, CAST_UE_A, &core->users[0].place, note));
    TRY(take_place(own, CAST_UE_B, &core->users[1].place, note));
    for (uint32_t i = 0; i < cast->relay_count && i < core->relay_count; i++)
        TRY(take_place(own, (enum cast_role)(CAST_RELAY_1 + i), &core->relays[i], note));
    own->first = (uint64_t)time(NULL) << 20 | (uint64_t)getpid() << 10;
    return ERR_OK;
}

static enum err make_cast(struct conductor *own, struct note *note)
{
    const struct conduct_plan *plan = &own->plan;
    struct cast *cast = &own->cast;

    *cast = (struct cast){.way = plan->way,
                          .relay_count = plan->way.between == CAST_DIRECT ? 0 : plan->relays,
                          .relay_port = plan->has_outside ? plan->outside_port : CAST_MSRP_PORT,
                          .file = plan->file,
                          .suite = plan->suite,
                          .chunk_bytes = plan->chunk_bytes,
                          .message_bytes = plan->message_bytes,
                          .window = plan->window,
                          .congestion = plan->congestion,
                          .buffer_bytes = plan->buffer_bytes,
                          .folder = plan->folder,
                          .name = own->name,
                          .authority = plan->authority,
                          .keylog = -1};
    if (plan->core) {
        TRY(take_core(own, note));
    } else if (plan->is_loopback) {
        take_loopback(cast);
    } else {
        if (!network_may(note))
            return ERR_FILE;
        TRY(network_open(&own->network, cast, &plan->network, note));
        own->has_network = true;
    }
    if (plan->has_outside)
        cast->addresses[CAST_RELAY_1] = plan->outside;
    if (plan->keylog) {
        cast->keylog = open(plan->keylog, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
        if (cast->keylog < 0)
            return note_set(note, ERR_FILE, "%s: %s", plan->keylog, strerror(errno));
    }
    cast_init(cast);
    return ERR_OK;
}

/* Another program's relay is called by its address. */
static void name_outside(struct cast *cast)
{
    char text[INET_ADDRSTRLEN];
    struct sink host = {.data = cast->hosts[CAST_RELAY_1], .capacity = CAST_HOST_SIZE};
    uint32_t address = ntohl(cast->addresses[CAST_RELAY_1].s_addr);
    struct sink number = SINK(text);

    sink_format(&number, "%u.%u.%u.%u", address >> 24, address >> 16 & 255, address >> 8 & 255, address & 255);
    sink_span(&host, sink_written(&number));
    sink_string(&host);
}

static enum err open_all(struct conductor *own, struct note *note)
{
    const struct conduct_plan *plan = &own->plan;

    own->folder = open(plan->folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    if (own->folder < 0)
        return note_set(note, ERR_FILE, "%s: %s", plan->folder, strerror(errno));
    TRY(make_cast(own, note));
    if (plan->has_outside)
        name_outside(&own->cast);
    TRY(cast_make_parties(&own->cast, note));
    if (own->has_network && network_has_box(&plan->network))
        TRY(start_box(own, note));
    if (plan->tap)
        TRY(start_tap(own, note));
    return ERR_OK;
}

enum err conductor_open(struct conductor **conductor, const struct conduct_plan *plan, struct note *note)
{
    struct conductor *own = calloc(1, sizeof(*own));

    if (!own)
        return note_set(note, ERR_FULL, "no memory");
    own->plan = *plan;
    own->folder = -1;
    own->box.line = own->tap.line = -1;
    for (int role = 0; role < CAST_COUNT; role++)
        own->players[role].line = own->places[role] = -1;
    enum err error = open_all(own, note);

    if (error == ERR_OK)
        *conductor = own;
    else
        conductor_close(own);
    return error;
}

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
    if (!gather(own, all_counted, loop_now_ns() + LINGER_NS, interrupted, result))
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
