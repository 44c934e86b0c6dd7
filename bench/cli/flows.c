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

static enum err open_files(const struct results *results, const char *arm, struct messages *files, struct note *note)
{
    char folder[128], csv[RESULTS_PATH_SIZE], txt[RESULTS_PATH_SIZE];
    struct sink sink = SINK(folder);

    sink_format(&sink, "messages/%s", arm);
    TRY(results_folder(results, sink_string(&sink), note));
    sink_text(&sink, "/messages.csv");
    results_path(results, sink_string(&sink), csv, sizeof(csv));
    sink.size -= strlen("csv");
    sink_text(&sink, "txt");
    results_path(results, sink_string(&sink), txt, sizeof(txt));
    return messages_open(files, csv, txt, note);
}

static enum err save_flow(const struct results *results, struct trial *trial, struct arena *arena, struct note *note)
{
    struct messages files = {0};
    struct outcome outcome;
    const struct sim_tap tap = {
        .context = &files, .wants_bytes = trial->file_bytes <= FLOWS_REAL_BYTES_MAX, .message = add_message};

    TRY(open_files(results, trial->arm->name, &files, note));
    trial->tap = &tap;
    enum err error = sim_run(trial, arena, &outcome, note);

    if (error == ERR_OK)
        error = messages_close(&files, note);
    messages_discard(&files);
    return error;
}

static enum err save_flows(const struct results *results, const struct setup *setup, const struct headline_plan *plan,
                           struct arena *arena, struct note *note)
{
    enum party_kind kind = cms_party_kind((enum cms_suite)setup->file.scenario.suite);
    const struct party_set_config config = {
        .alice = sim_alice_aor(&setup->file.scenario), .server_names = sim_server_names, .with_rsa = kind == PARTY_RSA};
    struct party_set parties;
    enum err error = ERR_OK;

    TRY(results_folder(results, "messages", note));
    TRY(party_set_init(&parties, &config, note));
    for (size_t i = 0; i < plan->arm_count && error == ERR_OK; i++) {
        struct trial trial = setup_trial(setup, plan->arms[i], 0);

        trial.parties = &parties;
        if (*headline_mark(plan->arms[i]))
            error = save_flow(results, &trial, arena, note);
    }
    party_set_free(&parties);
    return error;
}

enum err flows_save(const struct results *results, const struct setup *setup, const struct headline_plan *plan,
                    struct note *note)
{
    struct arena *arena = arena_create(HEADLINE_MEMORY);

    if (!arena)
        return note_set(note, ERR_FULL, "no memory for a trial");
    enum err error = save_flows(results, setup, plan, arena, note);

    arena_destroy(arena);
    return error;
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
