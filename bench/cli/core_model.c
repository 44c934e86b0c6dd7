/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/core_model.h"
#include "sim/base/units.h"

#include <stddef.h>
#include <string.h>

#define TRIAL_MEMORY ((size_t)1 << 30)
enum { FIT_ROUNDS = 40 };

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

static void set_cost(struct cost *cost, int64_t fixed_ns, int64_t byte_ps)
{
    cost->fixed_ns = fixed_ns > 0 ? fixed_ns : 0;
    cost->ns_per_byte = byte_ps > 0 ? (double)byte_ps / 1000 : 0;
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
    set_cost(&setup->costs.costs[COST_CMS_SEAL_RFC8591], fit->seal_fixed_ns, fit->seal_byte_ps);
    set_cost(&setup->costs.costs[COST_CMS_OPEN_RFC8591], fit->open_fixed_ns, fit->open_byte_ps);
}

enum err core_model_run(struct core_model *model, const struct measured_point *point, struct outcome *outcome,
                        struct note *note)
{
    struct setup setup = model->setup;
    char text[64];
    struct sink delay = SINK(text);

    sink_format(&delay, "access.delay=%lldns", (long long)model->fit.link_ns);
    TRY(scenario_file_set(&setup.file, sink_written(&delay), note));
    apply(&model->fit, &setup);
    struct trial trial = setup_trial(&setup, point->arm, 0);

    trial.file_bytes = point->size_bytes;
    TRY(sim_run(&trial, model->arena, outcome, note));
    if (outcome->end != OUTCOME_DELIVERED)
        return note_set(note, ERR_RANGE, "%s is not delivered in the simulator", point->arm->name);
    return ERR_OK;
}

/* ---- The fit ---- */

/* A number of the fit, up to most, and the phase of a transfer of 10 KiB that it is to bring to what was measured. */
struct knob {
    const char *arm;
    size_t number, phase, measured; /* offsets in struct core_fit, outcome and measured_row */
    int64_t most;
};

#define KNOB(arm_name, member, time, most_value)                                                                       \
    {                                                                                                                  \
        arm_name, offsetof(struct core_fit, member), offsetof(struct outcome, time),                                   \
            offsetof(struct measured_row, time), most_value                                                            \
    }

static const struct knob knobs[] = {
    KNOB("msrp-plain", link_ns, connect_ns, 10 * MS),
    KNOB("msrp-relay", tls_ppm, prepare_ns, 100000000),
    KNOB("msrp-relay", relay_ns, transfer_ns, 10 * MS),
    KNOB("message-plain", message_ppm, transfer_ns, 3000000),
};

/* The time to set up does not depend on what will be sent: of all direct transfers together it scatters less. */
static const struct knob setup_knob = KNOB("msrp-plain", setup_ppm, setup_ns, 3000000);

static int64_t member(const void *record, size_t offset)
{
    int64_t value;

    memcpy(&value, (const char *)record + offset, sizeof(value));
    return value;
}

/* The least value at which the phase is as long as it was measured: it grows with each of them. */
static enum err turn(struct core_model *model, const struct knob *knob, const struct measured_row *row,
                     struct note *note)
{
    int64_t wanted_ns = member(row, knob->measured), low = 0, high = knob->most;

    for (int round = 0; round < FIT_ROUNDS && low < high; round++) {
        int64_t middle = low + (high - low) / 2;
        struct outcome outcome;

        memcpy((char *)&model->fit + knob->number, &middle, sizeof(middle));
        TRY(core_model_run(model, &row->point, &outcome, note));
        if (member(&outcome, knob->phase) < wanted_ns)
            low = middle + 1;
        else
            high = middle;
    }
    memcpy((char *)&model->fit + knob->number, &low, sizeof(low));
    return ERR_OK;
}

static enum err find(const struct core_trials *trials, const char *arm, uint64_t size, const struct measured_row **row,
                     struct note *note)
{
    *row = core_trials_find(trials, arm, size);
    if (*row && (*row)->n > 0)
        return ERR_OK;
    return note_set(note, ERR_RANGE, "calibrating needs %s of %llu bytes, delivered", arm, (unsigned long long)size);
}

/* A line through two sizes. */
static void line(int64_t small_ns, int64_t large_ns, int64_t *fixed_ns, int64_t *byte_ps)
{
    *byte_ps = (large_ns - small_ns) * 1000 / (int64_t)(MIB - 10 * KIB);
    *fixed_ns = small_ns - *byte_ps * (int64_t)(10 * KIB) / 1000;
}

enum err core_model_fit(struct core_model *model, const struct core_trials *calibration, struct note *note)
{
    const struct measured_row *small, *large, *row, *plain, *plain_large;

    TRY(find(calibration, "msrp-smime", 10 * KIB, &small, note));
    TRY(find(calibration, "msrp-smime", MIB, &large, note));
    TRY(find(calibration, "msrp-plain", 10 * KIB, &plain, note));
    TRY(find(calibration, "msrp-plain", MIB, &plain_large, note));
    line(small->protect_ns, large->protect_ns, &model->fit.seal_fixed_ns, &model->fit.seal_byte_ps);
    line(small->unprotect_ns, large->unprotect_ns, &model->fit.open_fixed_ns, &model->fit.open_byte_ps);
    for (size_t i = 0; i < sizeof(knobs) / sizeof(*knobs); i++) {
        TRY(find(calibration, knobs[i].arm, 10 * KIB, &row, note));
        TRY(turn(model, &knobs[i], row, note));
    }
    struct measured_row direct = *plain;

    direct.setup_ns = (plain->setup_ns + plain_large->setup_ns + small->setup_ns + large->setup_ns) / 4;
    return turn(model, &setup_knob, &direct, note);
}
