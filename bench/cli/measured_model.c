/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/measured_model.h"
#include "bench/cli/model_fit.h"
#include "bench/measure/network.h"
#include "sim/base/units.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TRIAL_MEMORY ((size_t)2 << 30)
enum { TLS_ROUNDS = 40 };

/* Which of the calibration points is which. What the kernel takes, and processes that frames wake one right behind the
 * other, is seen without shaping and without the delay box; the rest at a rate that is not predicted, but at which
 * processes sleep between frames as they do at those that are: who has slept finds less of its memory in caches. */
enum { BARE_SMALL, BARE_AGENTS, PLAIN_SMALL, SMIME_SMALL, SMIME_LARGE, RELAYS_SMALL, PAGER_SMALL };

enum { CALIBRATION_RATE = 50000000 };

static const struct {
    const char *arm;
    uint64_t size_bytes;
    uint64_t rate_bps;
} calibration[] = {
    [BARE_SMALL] = {"msrp-plain", 10 * KIB, 0},
    [BARE_AGENTS] = {"msrp-relay-plain", 10 * KIB, 0},
    [PLAIN_SMALL] = {"msrp-plain", 10 * KIB, CALIBRATION_RATE},
    [SMIME_SMALL] = {"msrp-smime", 10 * KIB, CALIBRATION_RATE},
    [SMIME_LARGE] = {"msrp-smime", MIB, CALIBRATION_RATE},
    [RELAYS_SMALL] = {"msrp-relay", 10 * KIB, CALIBRATION_RATE},
    [PAGER_SMALL] = {"message-tls", 10 * KIB, CALIBRATION_RATE},
};
enum { CALIBRATION_COUNT = sizeof(calibration) / sizeof(*calibration) };

const struct measured_point *measured_calibration(size_t *count)
{
    static struct measured_point points[CALIBRATION_COUNT];

    for (size_t i = 0; i < CALIBRATION_COUNT; i++)
        points[i] = (struct measured_point){.arm = arm_find(span_of(calibration[i].arm)),
                                            .size_bytes = calibration[i].size_bytes,
                                            .rate_bps = calibration[i].rate_bps,
                                            .relays = 2};
    *count = CALIBRATION_COUNT;
    return points;
}

/* ---- The network of `hopsim measure` in the words of a scenario ---- */

static const char *const settings[] = {
    "topology=home",       "connections=warm",
    "core.rate=0",         "core.delay=0",
    "site.rate=0",         "site.delay=0",
    "access.rate=0",       "access.delay=0",
    "access.queue=256KiB", "dwell.table=kamailio-5.6",
    "dwell.spread=0",      "seal.when=after-answer",
    "tcp.set=linux",       "tcp.congestion=newreno",
    "tcp.buffer=1MiB",     NULL,
};

enum err measured_model_open(struct measured_model *model, struct note *note)
{
    *model = (struct measured_model){.fit.tls_scale = 1};
    TRY(scenario_file_read(SPAN("home"), &model->setup.file, note));
    for (const char *const *setting = settings; *setting; setting++)
        TRY(scenario_file_set(&model->setup.file, span_of(*setting), note));
    TRY(setup_open(&model->setup, note));
    model->arena = arena_create(TRIAL_MEMORY);
    return model->arena ? ERR_OK : note_set(note, ERR_FULL, "no memory for a trial");
}

void measured_model_close(struct measured_model *model)
{
    setup_close(&model->setup);
    if (model->arena)
        arena_destroy(model->arena);
    model->arena = NULL;
}

/* ---- The fit in the simulator's tables ---- */

/* A relay reads and writes a SEND's body, too; whatever else comes is a short message like those of SIP. */
static int64_t dwell_of(const struct measured_fit *fit, const struct dwell_row *row)
{
    if (span_starts(span_of(row->kind), SPAN("MESSAGE")))
        return fit->message_ns;
    if (row->role == DWELL_UE_A && strcmp(row->kind, "INVITE/200") == 0)
        return fit->user_ns;
    return row->role == DWELL_RELAY && strcmp(row->kind, "SEND") == 0 ? fit->relay_ns : fit->sip_ns;
}

static void apply(const struct measured_model *model, struct dwell_table *dwells, struct cost_table *costs)
{
    static const enum cost_operation handshakes[] = {COST_TLS13_CLIENT, COST_TLS13_SERVER, COST_TLS13_CLIENT_MUTUAL,
                                                     COST_TLS13_SERVER_MUTUAL};
    const struct measured_fit *fit = &model->fit;

    for (size_t i = 0; i < dwells->count; i++) {
        struct dwell_row *row = &dwells->rows[i];

        row->median_ns = dwell_of(fit, row);
        row->min_ns = row->p95_ns = row->max_ns = row->work_ns = NONE_NS;
        row->includes = 0;
    }
    for (size_t i = 0; i < sizeof(handshakes) / sizeof(*handshakes); i++) {
        struct cost *cost = &costs->costs[handshakes[i]];

        cost->fixed_ns = (int64_t)((double)cost->fixed_ns * fit->tls_scale);
    }
    model_fit_set_cost(&costs->costs[COST_CMS_SEAL_RFC8591], fit->seal_fixed_ns, fit->seal_byte_ps);
    model_fit_set_cost(&costs->costs[COST_CMS_OPEN_RFC8591], fit->open_fixed_ns, fit->open_byte_ps);
}

/* A quarter of the round trip on each crossing of a user's link, and where there is a box what it takes, always or on
 * average; what a message takes from one process to another is on two links, whoever they are. */
static enum err set_network(const struct measured_model *model, const struct measured_point *point, bool is_random,
                            struct scenario_file *file, struct note *note)
{
    char text[128];
    struct sink sink = SINK(text);

    bool has_box = point->rate_bps > 0 || point->rtt_ns > 0;
    int64_t box_ns = has_box ? model->fit.box_ns : 0;

    TRY(model_fit_set_time(file, "access.delay", point->rtt_ns / 4 + (is_random ? 0 : box_ns) + model->fit.hop_ns / 2,
                           note));
    TRY(model_fit_set_time(file, "access.jitter", is_random ? 2 * box_ns : 0, note));
    TRY(model_fit_set_time(file, "site.delay", model->fit.hop_ns / 2, note));
    TRY(model_fit_set_time(file, "msrp.read", model->fit.read_ns, note));
    sink_format(&sink, "access.rate=%llubit/s", (unsigned long long)point->rate_bps);
    TRY(scenario_file_set(file, sink_written(&sink), note));
    sink.size = 0;
    sink_format(&sink, "access.burst=%lluB", (unsigned long long)network_burst_bytes(point->rate_bps));
    TRY(scenario_file_set(file, sink_written(&sink), note));
    sink.size = 0;
    sink_format(&sink, "path.relays=%u", point->relays > 0 ? point->relays : 2);
    return scenario_file_set(file, sink_written(&sink), note);
}

static enum err run(struct measured_model *model, const struct measured_point *point, bool is_random, uint64_t number,
                    struct outcome *outcome, struct note *note)
{
    struct setup setup = model->setup;

    TRY(set_network(model, point, is_random, &setup.file, note));
    apply(model, &setup.dwells, &setup.costs);
    return model_fit_run(&setup, point, number, model->arena, outcome, note);
}

static int by_delay(const void *a, const void *b)
{
    const struct outcome *x = a, *y = b;

    return (x->delay_ns > y->delay_ns) - (x->delay_ns < y->delay_ns);
}

enum err measured_model_predict(struct measured_model *model, const struct measured_point *point,
                                struct outcome *outcome, struct note *note)
{
    struct outcome outcomes[MEASURED_TRIALS];

    for (uint64_t number = 0; number < MEASURED_TRIALS; number++)
        TRY(run(model, point, true, number, &outcomes[number], note));
    qsort(outcomes, MEASURED_TRIALS, sizeof(*outcomes), by_delay);
    *outcome = outcomes[MEASURED_TRIALS / 2];
    return ERR_OK;
}

/* ---- The fit ---- */

/* A number of the fit, and the phase of a point that it is to bring to what was measured. */
struct knob {
    size_t number;   /* offset in struct measured_fit */
    size_t phase;    /* in struct outcome */
    size_t measured; /* in struct measured_row */
    int point;
};

/* A knob that is being turned. */
struct turning {
    struct measured_model *model;
    const struct knob *knob;
    const struct measured_row *row;
};

static enum err is_short(void *context, bool *is_small, struct note *note)
{
    const struct turning *turning = context;
    struct outcome outcome;

    TRY(run(turning->model, &turning->row->point, false, 0, &outcome, note));
    *is_small =
        model_fit_member(&outcome, turning->knob->phase) < model_fit_member(turning->row, turning->knob->measured);
    return ERR_OK;
}

/* The least value from 0 to 10 ms at which the phase is as long as it was measured: it grows with each of them. */
static enum err turn(struct measured_model *model, const struct knob *knob, const struct measured_row *rows,
                     struct note *note)
{
    struct turning turning = {model, knob, &rows[knob->point]};

    return model_fit_least((void *)((char *)&model->fit + knob->number), 10 * MS, is_short, &turning, note);
}

/* Handshakes as a multiple of what the cost table says, by the time to get ready: connection, handshake, AUTH. */
static enum err turn_tls(struct measured_model *model, const struct measured_row *row, struct note *note)
{
    double low = 0, high = 100;

    for (int round = 0; round < TLS_ROUNDS; round++) {
        struct outcome outcome;

        model->fit.tls_scale = (low + high) / 2;
        TRY(run(model, &row->point, false, 0, &outcome, note));
        if (outcome.prepare_ns < row->prepare_ns)
            low = model->fit.tls_scale;
        else
            high = model->fit.tls_scale;
    }
    return ERR_OK;
}

#define KNOB(model_fit_member, phase_member, at)                                                                       \
    {                                                                                                                  \
        offsetof(struct measured_fit, model_fit_member), offsetof(struct outcome, phase_member),                       \
            offsetof(struct measured_row, phase_member), at                                                            \
    }

enum err measured_model_fit(struct measured_model *model, const struct measured_row *rows, size_t count,
                            struct note *note)
{
    static const struct knob knobs[] = {
        KNOB(hop_ns, connect_ns, BARE_SMALL),    KNOB(sip_ns, setup_ns, BARE_SMALL),
        KNOB(read_ns, transfer_ns, BARE_SMALL),  KNOB(relay_ns, transfer_ns, BARE_AGENTS),
        KNOB(box_ns, setup_ns, PLAIN_SMALL),     KNOB(user_ns, delay_ns, PLAIN_SMALL),
        KNOB(message_ns, delay_ns, PAGER_SMALL),
    };

    for (size_t i = 0; i < CALIBRATION_COUNT; i++)
        if (i >= count || rows[i].n == 0)
            return note_set(note, ERR_RANGE, "the calibration point %s is not there or was not delivered",
                            calibration[i].arm);
    model_fit_line(rows[SMIME_SMALL].protect_ns, rows[SMIME_LARGE].protect_ns, &model->fit.seal_fixed_ns,
                   &model->fit.seal_byte_ps);
    model_fit_line(rows[SMIME_SMALL].unprotect_ns, rows[SMIME_LARGE].unprotect_ns, &model->fit.open_fixed_ns,
                   &model->fit.open_byte_ps);
    for (size_t i = 0; i < sizeof(knobs) / sizeof(*knobs); i++)
        TRY(turn(model, &knobs[i], rows, note));
    return turn_tls(model, &rows[RELAYS_SMALL], note);
}
