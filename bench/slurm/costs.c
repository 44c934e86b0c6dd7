/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * costs.c - what a sweep by several ranks costs beside its trials, as CSV: mpirun -np N rank_costs SWEEP FOLDER. Of the
 * ranks but 0, all at once: claiming rows from the window of rank 0, who looks for messages meanwhile as in a sweep;
 * sending rows, one or a block a message, to rank 0, who takes them. Of rank 0 alone: a row as text, a row added to
 * trials.csv of a new FOLDER with all its syncs, and a sync of a batch. Rows are the first one of SWEEP again and
 * again.
 */
#include "bench/harness/clock.h"
#include "bench/harness/sweep_folder.h"
#include "bench/harness/sweep_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { CLAIMS = 20000, MESSAGES = 20000, BLOCK = 16, TEXTS = 200000, ROWS = 200000, SYNCS = 200 };

#define TRIAL_MEMORY ((size_t)1 << 32)

/* As in sweep_ranks.c. */
struct message {
    uint64_t first, count;
    struct slot slots[BLOCK];
};

struct costs {
    struct ranks *ranks;
    struct sweep sweep;
    struct sweep_row row;
    struct results results;
    struct sweep_file file;
    struct message message;
};

static void tell(const char *name, double value, const char *unit)
{
    printf("%s,%.4g,%s\n", name, value, unit);
    fflush(stdout);
}

/* ---- Of the ranks but 0 ---- */

/* Rows of one count from every other rank until each has sent an empty message. */
static uint64_t take_all(struct costs *costs)
{
    unsigned working = ranks_count(costs->ranks) - 1;
    uint64_t taken = 0;

    while (working > 0) {
        size_t size = ranks_take(costs->ranks, &costs->message, sizeof(costs->message));

        taken += size > 0 && costs->message.count > 0;
        working -= size > 0 && costs->message.count == 0;
    }
    return taken;
}

static void send_rows(struct costs *costs, uint64_t count)
{
    costs->message.count = count;
    ranks_send(costs->ranks, &costs->message,
               offsetof(struct message, slots) + count * sizeof(costs->message.slots[0]));
}

/* An order is the number of rows in a message; 0: claim. */
static void help(struct costs *costs)
{
    uint64_t rows;

    while (ranks_await(costs->ranks, &rows, sizeof(rows))) {
        int64_t begin_ns = clock_now_ns();

        for (int i = 0; rows == 0 && i < CLAIMS; i++)
            (void)ranks_claim(costs->ranks, 1);
        int64_t end_ns = clock_now_ns();

        for (int i = 0; rows > 0 && i < MESSAGES; i++)
            send_rows(costs, rows);
        if (rows == 0 && ranks_number(costs->ranks) == 1)
            tell("claim", (double)(end_ns - begin_ns) / CLAIMS, "ns at a rank");
        send_rows(costs, 0);
    }
}

static void order(struct costs *costs, uint64_t rows)
{
    ranks_order(costs->ranks, &rows, sizeof(rows), 0);
    int64_t begin_ns = clock_now_ns();
    uint64_t taken = take_all(costs);
    double each_ns = (double)(clock_now_ns() - begin_ns);

    if (rows == 0)
        tell("claims of all ranks", each_ns / CLAIMS / (ranks_count(costs->ranks) - 1), "ns a claim");
    else
        tell(rows == 1 ? "message of a row" : "message of a block", each_ns / (double)taken, "ns at rank 0");
}

/* ---- Of rank 0 alone ---- */

static enum err keep_first(void *context, const struct sweep_row *row, struct note *note)
{
    struct costs *costs = context;

    if (row->point == 0 && row->trial == 0 && row->arm == 0)
        costs->row = *row;
    return row->is_error ? note_set(note, ERR_RANGE, "%s", row->error) : ERR_OK;
}

static void write_texts(struct costs *costs)
{
    char text[SWEEP_ROW_SIZE];
    size_t size = 0;
    int64_t begin_ns = clock_now_ns();

    for (int i = 0; i < TEXTS; i++) {
        struct sink sink = SINK(text);

        sweep_write_row(&costs->sweep, &costs->row, &sink);
        size = sink.size;
    }
    tell("row as text", (double)(clock_now_ns() - begin_ns) / TEXTS, "ns");
    tell("row's size", (double)size, "bytes");
    tell("row's slot", (double)sizeof(struct slot), "bytes");
    tell("row in a summary", (double)sizeof(struct outcome), "bytes of memory");
}

static enum err write_rows(struct costs *costs, struct note *note)
{
    TRY(sweep_file_flush(&costs->file, note));
    int64_t begin_ns = clock_now_ns();

    for (int i = 0; i < ROWS; i++)
        TRY(sweep_file_add(&costs->file, &costs->sweep, &costs->row, note));
    TRY(sweep_file_flush(&costs->file, note));
    tell("row written and synced", (double)(clock_now_ns() - begin_ns) / ROWS, "ns");
    return ERR_OK;
}

static enum err sync_batches(struct costs *costs, struct note *note)
{
    int64_t synced_ns = 0;

    for (int i = 0; i < SYNCS; i++) {
        memset(costs->file.buffer, '\n', SWEEP_BATCH);
        costs->file.pending = SWEEP_BATCH;
        int64_t begin_ns = clock_now_ns();

        TRY(sweep_file_flush(&costs->file, note));
        synced_ns += clock_now_ns() - begin_ns;
    }
    tell("batch of 64 KiB written and synced", (double)synced_ns / SYNCS, "ns");
    return ERR_OK;
}

static enum err lead(struct costs *costs, const char *path, const char *folder, struct note *note)
{
    struct sweep_job job = {
        .sweep = &costs->sweep, .jobs = 1, .memory_bytes = TRIAL_MEMORY, .context = costs, .row = keep_first};

    TRY(sweep_read(path, &costs->sweep, note));
    TRY(sweep_run(&job, note));
    TRY(results_create(&costs->results, folder, costs->sweep.name, note));
    TRY(sweep_file_begin(&costs->file, &costs->results, &costs->sweep, note));
    printf("cost,value,unit\n");
    tell("ranks", ranks_count(costs->ranks), "");
    write_texts(costs);
    TRY(write_rows(costs, note));
    TRY(sync_batches(costs, note));
    if (ranks_count(costs->ranks) > 1) {
        order(costs, 0);
        order(costs, 1);
        order(costs, BLOCK);
    }
    return ERR_OK;
}

int main(int count, char **words)
{
    struct costs *costs = calloc(1, sizeof(*costs));
    struct note note = {{0}};

    if (count != 3 || !costs) {
        fprintf(stderr, "usage: mpirun -np N rank_costs SWEEP FOLDER\n");
        return 2;
    }
    costs->ranks = ranks_begin(&note);
    check(costs->ranks);
    if (ranks_number(costs->ranks) > 0) {
        help(costs);
    } else if (lead(costs, words[1], words[2], &note) != ERR_OK) {
        fprintf(stderr, "rank_costs: %s\n", note.text);
        ranks_abandon(costs->ranks, 3);
    }
    ranks_end(costs->ranks);
    free(costs);
    return 0;
}
