/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/flows.h"
#include "plots/page.h"
#include "sim/sec/cms.h"
#include "traces/messages.h"

static void add_message(void *context, const struct sim_message *message)
{
    struct sim_message kept = *message;

    if (kept.number > FLOWS_TEXTS_MAX)
        kept.text.size = 0;
    messages_add(context, &kept);
}

static enum err open_files(const char *folder, struct messages *files, struct note *note)
{
    char csv[OUTFILE_PATH_SIZE], txt[OUTFILE_PATH_SIZE];
    struct sink csv_sink = SINK(csv), txt_sink = SINK(txt);

    sink_format(&csv_sink, "%s/messages.csv", folder);
    sink_format(&txt_sink, "%s/messages.txt", folder);
    return messages_open(files, sink_string(&csv_sink), sink_string(&txt_sink), note);
}

static enum err save_flow(const char *folder, struct trial *trial, struct arena *arena, int64_t *pressed_ns,
                          struct note *note)
{
    struct messages files = {0};
    struct outcome outcome;
    const struct sim_tap tap = {
        .context = &files, .wants_bytes = trial->file_bytes <= FLOWS_REAL_BYTES_MAX, .message = add_message};

    TRY(open_files(folder, &files, note));
    trial->tap = &tap;
    enum err error = sim_run(trial, arena, &outcome, note);

    if (error == ERR_OK)
        error = messages_close(&files, note);
    if (error == ERR_OK)
        *pressed_ns = outcome.pressed_ns;
    messages_discard(&files);
    return error;
}

enum err flows_save_arm(const char *folder, const struct setup *setup, const struct arm *arm, int64_t *pressed_ns,
                        struct note *note)
{
    enum party_kind kind = cms_party_kind((enum cms_suite)setup->file.scenario.suite);
    const struct party_set_config config = {
        .alice = sim_alice_aor(&setup->file.scenario), .server_names = sim_server_names, .with_rsa = kind == PARTY_RSA};
    struct arena *arena = arena_create(HEADLINE_MEMORY);
    struct party_set parties = {0};
    struct trial trial = setup_trial(setup, arm, 0);
    enum err error =
        arena ? party_set_init(&parties, &config, note) : note_set(note, ERR_FULL, "no memory for a trial");

    trial.parties = &parties;
    if (error == ERR_OK)
        error = save_flow(folder, &trial, arena, pressed_ns, note);
    party_set_free(&parties);
    if (arena)
        arena_destroy(arena);
    return error;
}

enum err flows_save(const struct results *results, const struct setup *setup, const struct headline_plan *plan,
                    struct note *note)
{
    TRY(results_folder(results, "messages", note));
    for (size_t i = 0; i < plan->arm_count; i++) {
        char name[128], path[RESULTS_PATH_SIZE];
        struct sink sink = SINK(name);
        int64_t pressed_ns;

        if (!*headline_mark(plan->arms[i]))
            continue;
        sink_format(&sink, "messages/%s", plan->arms[i]->name);
        TRY(results_folder(results, sink_string(&sink), note));
        results_path(results, sink_string(&sink), path, sizeof(path));
        TRY(flows_save_arm(path, setup, plan->arms[i], &pressed_ns, note));
    }
    return ERR_OK;
}

enum err flows_save_page(const struct results *results, struct note *note)
{
    struct outfile file = {.stream = NULL};

    TRY(results_open(results, "report.html", &file, note));
    enum err error = page_write(results->path, file.stream, note);

    if (error == ERR_OK)
        error = outfile_close(&file, note);
    outfile_discard(&file);
    return error;
}
