/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/core_model.h"
#include "bench/cli/model_fit.h"
#include "bench/measure/network.h"
#include "sim/base/units.h"

#include <stddef.h>
#include <string.h>

#define TRIAL_MEMORY ((size_t)1 << 30)

/* The testbed's network: every node at one bridge, the users' links shaped. */
static const char *const settings[] = {
    "topology=home",          "connections=warm", "core.rate=0",          "core.delay=0",    "site.rate=0",
    "site.delay=0",           "access.delay=0",   "access.queue=256KiB",  "dwell.spread=0",  "path.relays=2",
    "seal.when=after-answer", "tcp.set=linux",    "tcp.rack_rules=linux", "tcp.buffer=1MiB", NULL,
};

static enum err set(struct core_model *model, struct note *note, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum err set(struct core_model *model, struct note *note, const char *format, ...)
{
    char text[FIELD_TEXT_SIZE + 64];
    struct sink sink = SINK(text);
    va_list list;

    va_start(list, format);
    sink_format_list(&sink, format, list);
    va_end(list);
    if (sink.overflow)
        return note_set(note, ERR_RANGE, "a name of more than %d bytes", FIELD_TEXT_SIZE - 1);
    return scenario_file_set(&model->setup.file, sink_written(&sink), note);
}

enum err core_model_open(struct core_model *model, const char *dwells, uint64_t rate_bps, struct note *note)
{
    *model = (struct core_model){.fit = {.tls_ppm = 1000000, .setup_ppm = 1000000, .message_ppm = 1000000}};
    TRY(scenario_file_read(SPAN("home"), &model->setup.file, note));
    for (const char *const *setting = settings; *setting; setting++)
        TRY(set(model, note, "%s", *setting));
    TRY(set(model, note, "access.rate=%llubit/s", (unsigned long long)rate_bps));
    TRY(set(model, note, "access.burst=%lluB", (unsigned long long)network_burst_bytes(rate_bps)));
    TRY(set(model, note, "dwell.table=%s", dwells));
    TRY(setup_open(&model->setup, note));
    model->arena = arena_create(TRIAL_MEMORY);
    return model->arena ? ERR_OK : note_set(note, ERR_FULL, "no memory for a trial");
}

void core_model_close(struct core_model *model)
{
    setup_close(&model->setup);
    if (model->arena)
        arena_destroy(model->arena);
    model->arena = NULL;
}

/* ---- The fit in the simulator's tables ---- */

static bool is_of_setup(const struct dwell_row *row)
{
    return span_starts(span_of(row->kind), SPAN("INVITE")) || strcmp(row->kind, "LIR") == 0;
}

/* UE-B's dwells were seen where its link ends at the bridge: two crossings of the link are in them, and where it has a
 * relay a handshake with that. What UE-A does with an answer is no more than those. So the sum of the dwells is too
 * long a setup; how far, the calibrating transfers say. */
static void set_dwell(const struct core_fit *fit, struct dwell_row *row)
{
    bool is_ours = row->role == DWELL_UE_A || row->role == DWELL_UE_B || row->role == DWELL_RELAY;

    row->work_ns = NONE_NS;
    if (is_of_setup(row))
        row->median_ns = row->median_ns * fit->setup_ppm / 1000000;
    if (span_starts(span_of(row->kind), SPAN("MESSAGE")))
        row->median_ns = row->median_ns * fit->message_ppm / 1000000;
    if (!is_ours)
        return;
    int64_t own_ns = row->median_ns - 2 * fit->link_ns;

    if (row->role == DWELL_UE_A || strcmp(row->kind, "SEND") == 0)
        own_ns = 0;
    if (row->role == DWELL_RELAY)
        own_ns = fit->relay_ns;
    row->median_ns = own_ns > 0 ? own_ns : 0;
    row->min_ns = row->p95_ns = row->max_ns = NONE_NS;
}

static void apply(const struct core_fit *fit, struct setup *setup)
{
    static const enum cost_operation handshakes[] = {COST_TLS13_CLIENT, COST_TLS13_SERVER, COST_TLS13_CLIENT_MUTUAL,
                                                     COST_TLS13_SERVER_MUTUAL};

    for (size_t i = 0; i < setup->dwells.count; i++)
        set_dwell(fit, &setup->dwells.rows[i]);
    for (size_t i = 0; i < sizeof(handshakes) / sizeof(*handshakes); i++)
        setup->costs.costs[handshakes[i]].fixed_ns =
            setup->costs.costs[handshakes[i]].fixed_ns * fit->tls_ppm / 1000000;
    model_fit_set_cost(&setup->costs.costs[COST_CMS_SEAL_RFC8591], fit->seal_fixed_ns, fit->seal_byte_ps);
    model_fit_set_cost(&setup->costs.costs[COST_CMS_OPEN_RFC8591], fit->open_fixed_ns, fit->open_byte_ps);
}

enum err core_model_run(struct core_model *model, const struct measured_point *point, struct outcome *outcome,
                        struct note *note)
{
    struct setup setup = model->setup;

    TRY(model_fit_set_time(&setup.file, "access.delay", model->fit.link_ns, note));
    TRY(model_fit_set_time(&setup.file, "msrp.read", model->fit.read_ns, note));
    apply(&model->fit, &setup);
    return model_fit_run(&setup, point, 0, model->arena, outcome, note);
}

/* ---- The fit ---- */

/* What is fixed shows best in a file that takes no time by itself; what a MESSAGE takes, in so many that they meet
 * their share of what else the core does. */
enum { KNOB_POINTS = 4, FIT_PASSES = 3, SMALL = 2 * KIB, MESSAGES = 32 * KIB };

struct fit_point {
    const char *arm;
    uint64_t size_bytes;
};

/* A number of the fit, up to most, and the phase of calibrating transfers that it is to bring, in sum, to what was
 * measured: of all those that have the phase alike, since then it scatters less. */
struct knob {
    size_t number, phase, measured; /* offsets in struct core_fit, outcome and measured_row */
    int64_t most;
    struct fit_point points[KNOB_POINTS]; /* up to one without an arm */
};

#define KNOB(member, time, most_value)                                                                                 \
    .number = offsetof(struct core_fit, member), .phase = offsetof(struct outcome, time),                              \
    .measured = offsetof(struct measured_row, time), .most = most_value

#define DIRECT                                                                                                         \
    {                                                                                                                  \
        {"msrp-plain", SMALL}, {"msrp-plain", MIB}, {"msrp-smime", SMALL}, {"msrp-smime", MIB},                        \
    }

static const struct knob knobs[] = {
    {KNOB(link_ns, connect_ns, 10 * MS), .points = DIRECT},
    {KNOB(read_ns, transfer_ns, 10 * MS), .points = {{"msrp-plain", SMALL}, {"msrp-smime", SMALL}}},
    {KNOB(tls_ppm, prepare_ns, 100000000), .points = {{"msrp-relay", SMALL}, {"msrp-relay", MIB}}},
    {KNOB(relay_ns, transfer_ns, 10 * MS), .points = {{"msrp-relay", SMALL}}},
    {KNOB(message_ppm, transfer_ns, 3000000), .points = {{"message-plain", MESSAGES}}},
    {KNOB(setup_ppm, setup_ns, 3000000), .points = DIRECT},
};

static enum err find(const struct core_trials *trials, const char *arm, uint64_t size, const struct measured_row **row,
                     struct note *note)
{
    *row = core_trials_find(trials, arm, size);
    if (*row && (*row)->n > 0)
        return ERR_OK;
    return note_set(note, ERR_RANGE, "calibrating needs %s of %llu bytes, delivered", arm, (unsigned long long)size);
}

/* A knob that is being turned. */
struct turning {
    struct core_model *model;
    const struct knob *knob;
    const struct core_trials *calibration;
};

/* By the sums over the knob's points: as simulated now, and as measured. */
static enum err is_short(void *context, bool *is_small, struct note *note)
{
    const struct turning *turning = context;
    const struct knob *knob = turning->knob;
    int64_t simulated_ns = 0, measured_ns = 0;

    for (size_t i = 0; i < KNOB_POINTS && knob->points[i].arm; i++) {
        const struct measured_row *row;
        struct outcome outcome;

        TRY(find(turning->calibration, knob->points[i].arm, knob->points[i].size_bytes, &row, note));
        TRY(core_model_run(turning->model, &row->point, &outcome, note));
        simulated_ns += model_fit_member(&outcome, knob->phase);
        measured_ns += model_fit_member(row, knob->measured);
    }
    *is_small = simulated_ns < measured_ns;
    return ERR_OK;
}

/* The least value at which the phases are as long as they were measured: they grow with it. */
static enum err turn(struct core_model *model, const struct knob *knob, const struct core_trials *calibration,
                     struct note *note)
{
    struct turning turning = {model, knob, calibration};

    return model_fit_least((void *)((char *)&model->fit + knob->number), knob->most, is_short, &turning, note);
}

/* What a relay keeps is in the time to get ready, and the other way round: so more than one pass. */
enum err core_model_fit(struct core_model *model, const struct core_trials *calibration, struct note *note)
{
    const struct measured_row *small, *large;

    TRY(find(calibration, "msrp-smime", SMALL, &small, note));
    TRY(find(calibration, "msrp-smime", MIB, &large, note));
    model_fit_line(small->protect_ns, large->protect_ns, &model->fit.seal_fixed_ns, &model->fit.seal_byte_ps);
    model_fit_line(small->unprotect_ns, large->unprotect_ns, &model->fit.open_fixed_ns, &model->fit.open_byte_ps);
    for (int pass = 0; pass < FIT_PASSES; pass++)
        for (size_t i = 0; i < sizeof(knobs) / sizeof(*knobs); i++)
            TRY(turn(model, &knobs[i], calibration, note));
    return ERR_OK;
}
