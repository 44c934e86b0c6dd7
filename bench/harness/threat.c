/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/threat.h"
#include "sim/base/check.h"
#include "sim/base/nearest.h"

#include <pthread.h>
#include <stdlib.h>

enum { PLACES_MAX = 64, VARIANTS_MAX = 2 * THREAT_ARMS_MAX, ATTACKS_MAX = 32 };

#define TRIAL_MEMORY ((size_t)1 << 30) /* reserved, not used */
#define TRIAL_EVENTS UINT64_C(20000000)

const char *const threat_verdicts[THREAT_VERDICT_COUNT] = {"n/a", "noticed", "unnoticed"};
const char *const threat_delivered[THREAT_DELIVERED_COUNT] = {"nothing", "original", "altered"};

/* An arm with or without a hash, and where an attacker can be. */
struct variant {
    const struct arm *arm;
    bool has_hash;
    size_t place_count;
    struct threat_place places[PLACES_MAX];
    int64_t last_ns[PLACES_MAX]; /* when something passed last */
};

/* Trials of one place: the rows from first on; those that only read share one. */
struct task {
    size_t first, count;
};

struct threats {
    const struct threat_plan *plan;
    struct mallory mallory;
    size_t variant_count;
    struct variant *variants;
    size_t row_count;
    struct threat_row *rows;
    size_t task_count, look_count; /* those that look come first */
    struct task *tasks;
    pthread_mutex_t lock; /* guards what follows */
    size_t next, until, done;
    enum err error;
    struct note note;
};

size_t threats_count(const struct threats *threats)
{
    return threats->row_count;
}

const struct threat_row *threats_row(const struct threats *threats, size_t index)
{
    check(index < threats->row_count);
    return &threats->rows[index];
}

/* ---- One trial ---- */

/* What a trial needs beside its attacker. */
struct scene {
    const struct threats *threats;
    const struct variant *variant;
    const struct sim_tap *tap;
    const struct sim_tamper *tamper; /* NULL: nobody */
    bool is_old;                     /* yesterday's transfer */
    bool wants_lookup;
};

static enum err play(const struct scene *scene, struct arena *arena, struct outcome *outcome, struct note *note)
{
    const struct threats *threats = scene->threats;
    const struct mallory *mallory = &threats->mallory;
    struct scenario scenario = threats->plan->setup->file.scenario;
    struct trial trial = setup_trial(threats->plan->setup, scene->variant->arm, scene->is_old ? 1 : 0);

    scenario.file_hash = scene->variant->has_hash ? FILE_HASH_SHA1 : FILE_HASH_OFF;
    if (scene->wants_lookup)
        scenario.recipient = RECIPIENT_FETCH;
    trial.scenario = &scenario;
    trial.file = scene->is_old ? &mallory->old_source : &mallory->file_source;
    trial.file_bytes = threats->plan->file_bytes;
    trial.parties = &mallory->parties;
    trial.events_max = TRIAL_EVENTS;
    trial.tap = scene->tap;
    trial.tamper = scene->tamper;
    return sim_run(&trial, arena, outcome, note);
}

static const struct sim_tap bytes_alone = {.wants_bytes = true};

/* Watches a transfer of the day before. */
static enum err watch_old(const struct threats *threats, const struct variant *variant,
                          const struct threat_place *place, struct threat_record *record, struct arena *arena,
                          struct note *note)
{
    struct threat_attacker watcher = {
        .attack = threat_attacks, .mallory = &threats->mallory, .place = place, .arm = variant->arm, .keeps = record};
    struct sim_tamper tamper = threat_tamper(&watcher, threats->plan->is_credulous);
    struct outcome outcome;
    struct scene scene = {threats, variant, &bytes_alone, &tamper, true, false};
    enum err error = play(&scene, arena, &outcome, note);

    threat_attacker_free(&watcher);
    return error;
}

static void judge(const struct threat_attacker *attacker, const struct outcome *outcome, struct threat_row *row)
{
    const struct threat_attack *attack = row->attack;
    bool has_arrived = attacker->has_taken && outcome->end == OUTCOME_DELIVERED;

    row->has_read = threat_has_read(attacker, attack->is_reading ? attack->secret : THREAT_FILE);
    row->delivered = !attacker->has_taken ? THREAT_NOTHING : attacker->is_original ? THREAT_ORIGINAL : THREAT_ALTERED;
    if (attack->is_reading)
        row->verdict = row->has_read ? THREAT_UNNOTICED : THREAT_NA;
    else if (attacker->attempts == 0)
        row->verdict = THREAT_NA;
    else
        row->verdict = attacker->refusals > 0 || !has_arrived ? THREAT_NOTICED : THREAT_UNNOTICED;
    memcpy(row->why, attacker->why, sizeof(row->why));
}

static const struct variant *variant_of(const struct threats *threats, const struct threat_row *row)
{
    for (size_t i = 0; i < threats->variant_count; i++)
        if (threats->variants[i].arm == row->arm && threats->variants[i].has_hash == row->has_hash)
            return &threats->variants[i];
    check(false);
    return NULL;
}

static enum err attack(struct threats *threats, const struct task *task, struct arena *arena, struct note *note)
{
    struct threat_row *row = &threats->rows[task->first];
    const struct variant *variant = variant_of(threats, row);
    struct threat_record record = {{NULL, 0}, {NULL, 0}};
    struct threat_attacker attacker = {.attack = row->attack,
                                       .mallory = &threats->mallory,
                                       .place = row->place,
                                       .arm = row->arm,
                                       .record = row->attack->wants_record ? &record : NULL};
    struct sim_tamper tamper = threat_tamper(&attacker, threats->plan->is_credulous);
    struct scene scene = {threats, variant, &bytes_alone, &tamper, false, row->attack->wants_lookup};
    struct outcome outcome = {.end = OUTCOME_LIMIT};
    enum err error = ERR_OK;

    if (row->attack->wants_record)
        error = watch_old(threats, variant, row->place, &record, arena, note);
    if (error == ERR_OK)
        error = play(&scene, arena, &outcome, note);
    for (size_t i = 0; i < task->count && error == ERR_OK; i++)
        judge(&attacker, &outcome, &threats->rows[task->first + i]);
    /* Every place has its own trial of looking, and no two tasks write to one place. */
    if (row->attack->is_reading)
        ((struct threat_place *)(uintptr_t)row->place)->sees_file = attacker.sees_file;
    threat_attacker_free(&attacker);
    threat_record_free(&record);
    return error;
}

/* ---- Places ---- */

static struct threat_place *find_place(struct variant *variant, const char *name)
{
    for (size_t i = 0; i < variant->place_count; i++)
        if (strcmp(variant->places[i].name, name) == 0)
            return &variant->places[i];
    check(variant->place_count < PLACES_MAX);
    struct threat_place *place = &variant->places[variant->place_count++];

    *place = (struct threat_place){.role = NULL};
    struct sink sink = SINK(place->name);

    sink_text(&sink, name);
    sink_string(&sink);
    return place;
}

static void add_role(struct variant *variant, const char *label)
{
    struct threat_place *place = find_place(variant, label);

    place->role = label;
    place->is_sender = place->sees_file = strcmp(label, "UE-A") == 0;
}

static void message_seen(void *context, const struct sim_message *message)
{
    add_role(context, message->from);
    add_role(context, message->to);
}

/* A link by its nodes in the order of their names; what is within a host is no link. */
static void packet_seen(void *context, const struct sim_packet *packet)
{
    struct variant *variant = context;
    bool is_back = strcmp(packet->from, packet->to) > 0;
    const char *a = is_back ? packet->to : packet->from, *b = is_back ? packet->from : packet->to;
    char text[THREAT_PLACE_SIZE];
    struct sink name = SINK(text);

    if (packet->event != SIM_PACKET_RECEIVED || strcmp(a, b) == 0)
        return;
    sink_format(&name, "%s|%s", a, b);
    struct threat_place *place = find_place(variant, sink_string(&name));
    struct sink link_a = SINK(place->link_a), link_b = SINK(place->link_b);

    sink_text(&link_a, a);
    sink_text(&link_b, b);
    sink_string(&link_a);
    sink_string(&link_b);
    variant->last_ns[place - variant->places] = packet->at_ns;
}

/* Labels of roles are the program's own and outlive the trial. */
static enum err find_places(struct threats *threats, struct variant *variant, bool wants_lookup, struct arena *arena,
                            struct note *note)
{
    struct sim_tap tap = {.context = variant, .wants_bytes = true, .packet = packet_seen, .message = message_seen};
    struct scene scene = {threats, variant, &tap, NULL, false, wants_lookup};
    struct outcome outcome;
    size_t kept = 0, known = variant->place_count;

    memset(variant->last_ns, 0, sizeof(variant->last_ns));
    TRY(play(&scene, arena, &outcome, note));
    if (outcome.end != OUTCOME_DELIVERED)
        return note_set(note, ERR_RANGE, "%s does not deliver in this scenario even without an attacker",
                        variant->arm->name);
    for (size_t i = 0; i < variant->place_count; i++) {
        const struct threat_place *place = &variant->places[i];
        bool is_known = wants_lookup && i < known;
        bool is_passed = place->role ? strcmp(place->role, "UE-B") != 0 : variant->last_ns[i] >= outcome.pressed_ns;

        if (is_passed || is_known)
            variant->places[kept++] = *place;
    }
    variant->place_count = kept;
    return ERR_OK;
}

/* ---- Everything ---- */

static size_t attack_count(void)
{
    size_t count = 0;

    while (threat_attacks[count].name)
        count++;
    return count;
}

static bool is_listed(const char *list, const char *name)
{
    struct span rest = span_of(list), word;

    while (rest.size > 0) {
        word = (struct span){rest.data, span_find_byte(rest, ',')};
        if (span_equal(word, span_of(name)))
            return true;
        rest = span_after(rest, word.size < rest.size ? word.size + 1 : word.size);
    }
    return false;
}

enum err threats_check_attacks(const char *list, struct note *note)
{
    struct span rest = span_of(list);

    while (rest.size > 0) {
        struct span word = {rest.data, span_find_byte(rest, ',')};
        struct nearest nearest = nearest_to(word);
        bool is_known = false;

        for (const struct threat_attack *row = threat_attacks; row->name; row++) {
            is_known = is_known || span_equal(word, span_of(row->name));
            nearest_try(&nearest, row->name);
        }
        if (!is_known)
            return note_set(note, ERR_UNKNOWN, "--attacks %.*s: no such attack%s%s", (int)word.size, word.data,
                            nearest.best ? ": did you mean " : "", nearest.best ? nearest.best : "");
        rest = span_after(rest, word.size < rest.size ? word.size + 1 : word.size);
    }
    return ERR_OK;
}

/* Without MSRP no SDP says where the file goes: what is not performed has no row. */
static bool fits_arm(const struct arm *arm, const struct threat_attack *attack_row)
{
    return !attack_row->wants_host || arm->carrier == CARRIER_MSRP;
}

/* At user A himself only what a dishonest sender does is of interest. Who looks is needed for what the others do. */
static bool is_tried(const struct threats *threats, const struct threat_place *place,
                     const struct threat_attack *attack_row)
{
    const char *list = threats->plan->attacks, *places = threats->plan->places;

    if (places && !is_listed(places, place->name))
        return false;
    if (list && !is_listed(list, attack_row->name) && attack_row != threat_attacks)
        return false;
    return place->is_sender ? attack_row->at_sender : !attack_row->at_sender_only;
}

static void add_task(struct threats *threats, size_t first, size_t count)
{
    threats->tasks[threats->task_count++] = (struct task){first, count};
}

static void add_rows(struct threats *threats, const struct variant *variant, const struct threat_place *place)
{
    for (const struct threat_attack *row = threat_attacks; row->name; row++)
        if (fits_arm(variant->arm, row) && is_tried(threats, place, row))
            threats->rows[threats->row_count++] =
                (struct threat_row){.arm = variant->arm, .has_hash = variant->has_hash, .attack = row, .place = place};
}

/* Those who look first: what they find out the others need. */
static void add_tasks(struct threats *threats, bool is_reading)
{
    for (size_t i = 0; i < threats->row_count; i++) {
        const struct threat_row *row = &threats->rows[i];
        size_t count = 1;

        if (row->attack->is_reading != is_reading)
            continue;
        while (is_reading && i + count < threats->row_count && threats->rows[i + count].place == row->place &&
               threats->rows[i + count].attack->is_reading)
            count++;
        add_task(threats, i, count);
        i += count - 1;
    }
}

static bool has_place(const struct threats *threats, struct span name)
{
    for (size_t i = 0; i < threats->variant_count; i++)
        for (size_t at = 0; at < threats->variants[i].place_count; at++)
            if (span_equal(name, span_of(threats->variants[i].places[at].name)))
                return true;
    return false;
}

static enum err check_places(const struct threats *threats, struct note *note)
{
    struct span rest = span_of(threats->plan->places ? threats->plan->places : "");

    while (rest.size > 0) {
        struct span word = {rest.data, span_find_byte(rest, ',')};

        if (!has_place(threats, word))
            return note_set(note, ERR_UNKNOWN, "--at %.*s: no arm has such a place; --places lists them",
                            (int)word.size, word.data);
        rest = span_after(rest, word.size < rest.size ? word.size + 1 : word.size);
    }
    return ERR_OK;
}

static enum err lay_out(struct threats *threats, struct note *note)
{
    size_t most = 0;

    TRY(check_places(threats, note));
    for (size_t i = 0; i < threats->variant_count; i++)
        most += threats->variants[i].place_count * attack_count();
    threats->rows = calloc(most + 1, sizeof(*threats->rows));
    threats->tasks = calloc(most + 1, sizeof(*threats->tasks));
    if (!threats->rows || !threats->tasks)
        return note_set(note, ERR_FULL, "no memory for %zu trials", most);
    for (size_t i = 0; i < threats->variant_count; i++)
        for (size_t at = 0; at < threats->variants[i].place_count; at++)
            add_rows(threats, &threats->variants[i], &threats->variants[i].places[at]);
    add_tasks(threats, true);
    threats->look_count = threats->task_count;
    add_tasks(threats, false);
    return ERR_OK;
}

/* The next task, or until when there is none. */
static size_t take(struct threats *threats)
{
    pthread_mutex_lock(&threats->lock);
    size_t task = threats->error == ERR_OK ? threats->next : threats->until;

    if (task < threats->until)
        threats->next++;
    pthread_mutex_unlock(&threats->lock);
    return task;
}

static void finish(struct threats *threats, enum err error, const struct note *note)
{
    pthread_mutex_lock(&threats->lock);
    threats->done++;
    if (error != ERR_OK && threats->error == ERR_OK) {
        threats->error = error;
        threats->note = *note;
    }
    pthread_mutex_unlock(&threats->lock);
}

static void run_tasks(struct threats *threats, bool tells)
{
    const struct threat_plan *plan = threats->plan;
    struct arena *arena = arena_create(TRIAL_MEMORY);
    struct note note = {{0}};

    if (!arena) {
        note_set(&note, ERR_FULL, "no memory for a trial");
        finish(threats, ERR_FULL, &note);
        return;
    }
    for (size_t task = take(threats); task < threats->until; task = take(threats)) {
        finish(threats, attack(threats, &threats->tasks[task], arena, &note), &note);
        if (tells && plan->progress)
            plan->progress(plan->context, task + 1, threats->task_count);
    }
    arena_destroy(arena);
}

static void *run_thread(void *context)
{
    run_tasks(context, false);
    return NULL;
}

static enum err run_until(struct threats *threats, size_t until, struct note *note)
{
    pthread_t threads[THREAT_JOBS_MAX];
    unsigned started = 0;

    threats->until = until;
    while (started + 1 < threats->plan->jobs && pthread_create(&threads[started], NULL, run_thread, threats) == 0)
        started++;
    run_tasks(threats, true);
    for (unsigned i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    if (threats->error != ERR_OK)
        return note_set(note, threats->error, "%s", threats->note.text);
    return ERR_OK;
}

/* A hash is of files over MSRP alone. */
static enum err make_variants(struct threats *threats, struct arena *arena, struct note *note)
{
    const struct threat_plan *plan = threats->plan;

    threats->variants = calloc(VARIANTS_MAX, sizeof(*threats->variants));
    if (!threats->variants)
        return note_set(note, ERR_FULL, "no memory for places");
    for (size_t i = 0; i < plan->arm_count; i++)
        for (int has_hash = 0; has_hash <= (plan->arms[i]->carrier == CARRIER_MSRP); has_hash++) {
            struct variant *variant = &threats->variants[threats->variant_count++];

            *variant = (struct variant){.arm = plan->arms[i], .has_hash = has_hash == 1};
            TRY(find_places(threats, variant, false, arena, note));
            if (variant->arm->body == BODY_CMS) /* whose recipient's certificate may be looked up */
                TRY(find_places(threats, variant, true, arena, note));
        }
    return ERR_OK;
}

static enum err run_all(struct threats *threats, struct note *note)
{
    struct arena *arena = arena_create(TRIAL_MEMORY);

    if (!arena)
        return note_set(note, ERR_FULL, "no memory for a trial");
    enum err error =
        mallory_init(&threats->mallory, &threats->plan->setup->file.scenario, threats->plan->file_bytes, note);

    if (error == ERR_OK)
        error = make_variants(threats, arena, note);
    arena_destroy(arena);
    if (error == ERR_OK)
        error = lay_out(threats, note);
    if (error == ERR_OK)
        error = run_until(threats, threats->look_count, note);
    return error == ERR_OK ? run_until(threats, threats->task_count, note) : error;
}

enum err threats_run(const struct threat_plan *plan, struct threats **threats, struct note *note)
{
    struct threats *made = calloc(1, sizeof(*made));

    check(plan->jobs >= 1 && plan->jobs <= THREAT_JOBS_MAX && plan->arm_count <= THREAT_ARMS_MAX);
    if (!made)
        return note_set(note, ERR_FULL, "no memory for threats");
    made->plan = plan;
    pthread_mutex_init(&made->lock, NULL);
    enum err error = run_all(made, note);

    if (error != ERR_OK)
        threats_free(made);
    else
        *threats = made;
    return error;
}

void threats_free(struct threats *threats)
{
    if (!threats)
        return;
    pthread_mutex_destroy(&threats->lock);
    mallory_free(&threats->mallory);
    free(threats->variants);
    free(threats->rows);
    free(threats->tasks);
    free(threats);
}
