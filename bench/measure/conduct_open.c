/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/conduct_state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* ---- Delay box and tap ---- */

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
    char names[CAST_COUNT][NETWORK_DEVICE_SIZE];
    const char *devices[CAST_COUNT], *labels[CAST_COUNT];
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
