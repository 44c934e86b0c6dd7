/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/cli/measure_run.h"
#include "bench/cli/measure_arm.h"
#include "bench/cli/measure_tap.h"
#include "bench/cli/scratch.h"
#include "sim/base/units.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LIMIT_S = 120 };

/* Set by the handler; a program has one set of signal handlers. */
static volatile int interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
}

bool measure_was_interrupted(void)
{
    return interrupted != 0;
}

/* Without SA_RESTART, so that what waits is woken. */
static void catch_signals(struct sigaction old[3], bool is_begin)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction own = {.sa_handler = on_signal};

    for (size_t i = 0; i < 3; i++)
        (void)(is_begin ? sigaction(numbers[i], &own, &old[i]) : sigaction(numbers[i], &old[i], NULL));
}

/* Time for what the rate and the round trips allow at the least, ten times over. */
static int64_t limit_ns(const struct measure_point *point)
{
    uint64_t rate = point->network.rate_bps ? point->network.rate_bps : 100000000;
    uint64_t messages = point->arm->carrier == CARRIER_MESSAGE ? point->file.length / 256 + 1 : 100;

    return LIMIT_S * SECOND + (int64_t)(point->file.length * 80 / (rate / 1000000 + 1) * 1000) +
           (int64_t)messages * (20 * MS + 4 * point->network.delay_ns);
}

static enum err make_plan(const struct measure_point *point, const char *folder, struct conduct_plan *plan,
                          struct note *note)
{
    struct measure_arm arm;

    TRY(measure_arm(point->arm, &arm, note));
    uint32_t relays = arm.relays ? arm.relays : point->relays;
    uint32_t most = arm.way.between == CAST_B2BUAS ? CAST_B2BUAS_MAX : CAST_RELAYS_MAX;

    if (arm.way.between != CAST_DIRECT && (relays < 1 || relays > most))
        return note_set(note, ERR_RANGE, "--hops %u: expected 1 to %u for %s", relays, most, point->arm->name);
    if (point->has_outside && (arm.way.between != CAST_RELAYS || relays != 1 || !(point->is_loopback || point->core)))
        return note_set(note, ERR_RANGE, "--relay: expected an arm through relays, --hops 1, and --loopback or --core");
    if (point->core && arm.way.between == CAST_B2BUAS)
        return note_set(note, ERR_RANGE, "%s with --core: its agents are told of by CSCFs of our own only",
                        point->arm->name);
    if (point->core && arm.way.is_message && arm.way.is_tls != (point->core->users[0].transport == SIP_TLS))
        return note_set(note, ERR_RANGE, "%s with --core: expected transport = %s in the core's file", point->arm->name,
                        arm.way.is_tls ? "tls" : "udp or tcp");
    if (point->is_loopback && (point->network.rate_bps > 0 || point->network.delay_ns > 0 || point->pcap))
        return note_set(note, ERR_RANGE,
                        "--rate, --rtt and --pcap need network namespaces, and those root: leave out --loopback");
    if (point->has_outside && point->outside_is_plain)
        arm.way.is_tls = false;
    *plan = (struct conduct_plan){.way = arm.way,
                                  .relays = relays,
                                  .file = point->file,
                                  .suite = CMS_RFC8591,
                                  .chunk_bytes = point->chunk_bytes,
                                  .message_bytes = point->message_bytes,
                                  .window = point->window,
                                  .congestion = point->congestion,
                                  .buffer_bytes = point->buffer_bytes,
                                  .core = point->core,
                                  .is_loopback = point->is_loopback,
                                  .network = point->network,
                                  .folder = folder,
                                  .keeps_files = point->folder != NULL,
                                  .keylog = point->keylog,
                                  .has_outside = point->has_outside,
                                  .outside = point->outside,
                                  .outside_port = point->outside_port,
                                  .authority = point->authority,
                                  .limit_ns = limit_ns(point),
                                  .tap = point->pcap ? measure_tap : NULL,
                                  .tap_context = (void *)(uintptr_t)point->pcap};
    return ERR_OK;
}

static enum err run_all(struct conductor *conductor, const struct measure_point *point, size_t repeat,
                        struct outcome *outcomes, size_t *done, struct measure_told *told, struct note *note)
{
    for (size_t i = 0; i < repeat && !interrupted; i++) {
        struct conduct_result result;

        TRY(conductor_run(conductor, i, &interrupted, &result, note));
        if (interrupted)
            break;
        measure_outcome(point->arm, point->file.length, &result, &outcomes[i]);
        if (!result.is_delivered && told && !told->reason[0])
            memcpy(told->reason, result.text, sizeof(told->reason));
        (*done)++;
    }
    return ERR_OK;
}

static enum err run_in(const struct measure_point *point, const char *folder, size_t repeat, struct outcome *outcomes,
                       size_t *done, struct measure_told *told, struct note *note)
{
    struct conduct_plan plan;
    struct conductor *conductor = NULL;
    struct delay_box_report box = {0};

    TRY(make_plan(point, folder, &plan, note));
    TRY(conductor_open(&conductor, &plan, note));
    enum err error = run_all(conductor, point, repeat, outcomes, done, told, note);

    if (error == ERR_OK)
        error = conductor_finish(conductor, &box, note);
    if (told)
        told->box = box;
    conductor_close(conductor);
    return error;
}

enum err measure_run(const struct measure_point *point, size_t repeat, struct outcome *outcomes, size_t *done,
                     struct measure_told *told, struct note *note)
{
    struct scratch scratch = {""};
    struct sigaction old[3];

    *done = 0;
    if (told)
        *told = (struct measure_told){0};
    if (!point->folder)
        TRY(scratch_make(&scratch, "measure", note));
    interrupted = 0;
    catch_signals(old, true);
    enum err error = run_in(point, point->folder ? point->folder : scratch.path, repeat, outcomes, done, told, note);

    catch_signals(old, false);
    scratch_remove(&scratch);
    return error;
}
