/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Queues on engine, station and streams: what the kernel owes to queueing theory. */
#include "bench/harness/queue.h"
#include "bench/harness/validation.h"

/* What of a queue's result a row is about, and the closed form. */
struct subject {
    struct queue queue;
    enum { MEAN_WAIT, SECOND_WAIT, REFUSED } measure;
    double (*expected)(const struct queue *queue);
};

static enum err run_queue(const struct validation_row *row, const struct validation_effort *effort,
                          struct validation_result *result, struct note *note)
{
    const struct subject *subject = row->subject;
    uint64_t seeds = effort->is_quick ? 10 : 20;
    uint64_t customers = effort->is_quick ? 20000 : 100000;
    struct queue_result simulated;

    (void)note;
    queue_simulate(&subject->queue, seeds, customers, effort->arena, &simulated);
    const struct tally *const measures[] = {
        [MEAN_WAIT] = &simulated.wait_ms, [SECOND_WAIT] = &simulated.second_wait_ms, [REFUSED] = &simulated.refused};

    result->expected_mean = subject->expected(&subject->queue);
    result->tally = *measures[subject->measure];
    return ERR_OK;
}

static double wait_of_mmc(const struct queue *queue)
{
    return queue_wait_erlang(queue->load, queue->workers);
}

static double wait_of_mg1(const struct queue *queue)
{
    return queue_wait_pollaczek(queue->load, queue->variation);
}

/* What leaves M/M/1 is a Poisson stream again (Burke), so the second station is M/M/1 with its own service time. */
static double wait_of_second(const struct queue *queue)
{
    return queue_wait_erlang(queue->second_load, 1) * queue->second_load / queue->load;
}

static double refused_by_room(const struct queue *queue)
{
    return queue_refused_room(queue->load, queue->room);
}

static double refused_by_workers(const struct queue *queue)
{
    return queue_refused_erlang(queue->load, queue->workers);
}

static const struct subject mm1 = {{.load = 0.7, .workers = 1}, MEAN_WAIT, wait_of_mmc};
static const struct subject md1 = {{.load = 0.7, .workers = 1, .work = QUEUE_CONSTANT}, MEAN_WAIT, wait_of_mg1};
static const struct subject mm2 = {{.load = 0.7, .workers = 2}, MEAN_WAIT, wait_of_mmc};
static const struct subject mm4 = {{.load = 0.8, .workers = 4}, MEAN_WAIT, wait_of_mmc};
static const struct subject lognormal = {
    {.load = 0.6, .workers = 1, .work = QUEUE_LOGNORMAL, .variation = 1.5}, MEAN_WAIT, wait_of_mg1};
static const struct subject hyperexponential = {
    {.load = 0.6, .workers = 1, .work = QUEUE_HYPEREXPONENTIAL, .variation = 2}, MEAN_WAIT, wait_of_mg1};
static const struct subject tandem_first = {{.load = 0.5, .workers = 1, .second_load = 0.7}, MEAN_WAIT, wait_of_mmc};
static const struct subject tandem_second = {
    {.load = 0.5, .workers = 1, .second_load = 0.7}, SECOND_WAIT, wait_of_second};
static const struct subject mm1k = {{.load = 0.8, .workers = 1, .room = 5}, REFUSED, refused_by_room};
static const struct subject md3 = {
    {.load = 2.0 / 3, .workers = 3, .room = 3, .work = QUEUE_CONSTANT}, REFUSED, refused_by_workers};

#define QUEUE_ROW(text, row_unit, row_subject, text_source)                                                            \
    {                                                                                                                  \
        .what = (text), .source = (text_source), .kind = VALIDATION_INTERVAL, .unit = (row_unit), .run = run_queue,    \
        .subject = (row_subject)                                                                                       \
    }

/* clang-format off */
const struct validation_row validation_queues[] = {
    QUEUE_ROW("M/M/1, load 0.7: mean wait", VALIDATION_MS, &mm1, "Kleinrock, Queueing Systems I, section 3.2"),
    QUEUE_ROW("M/D/1, load 0.7: mean wait", VALIDATION_MS, &md1,
              "Pollaczek-Khinchine; Kleinrock I, section 5.7"),
    QUEUE_ROW("M/M/2, load 0.7: mean wait", VALIDATION_MS, &mm2, "Erlang C; Kleinrock I, section 3.5"),
    QUEUE_ROW("M/M/4, load 0.8: mean wait", VALIDATION_MS, &mm4, "Erlang C; Kleinrock I, section 3.5"),
    QUEUE_ROW("M/G/1, lognormal, variation 1.5, load 0.6: mean wait", VALIDATION_MS, &lognormal,
              "Pollaczek-Khinchine; Kleinrock I, section 5.7"),
    QUEUE_ROW("M/G/1, hyperexponential, variation 2, load 0.6: mean wait", VALIDATION_MS, &hyperexponential,
              "Pollaczek-Khinchine; Kleinrock I, section 5.7"),
    QUEUE_ROW("tandem, first station, load 0.5: mean wait", VALIDATION_MS, &tandem_first,
              "Jackson; Kleinrock I, section 4.8"),
    QUEUE_ROW("tandem, second station, load 0.7: mean wait", VALIDATION_MS, &tandem_second,
              "Burke, Jackson; Kleinrock I, section 4.8"),
    QUEUE_ROW("M/M/1/5, load 0.8: share refused", VALIDATION_SHARE, &mm1k, "Kleinrock I, section 3.6"),
    QUEUE_ROW("M/D/3/3, 2 erlang: share refused", VALIDATION_SHARE, &md3, "Erlang B; Kleinrock I, section 3.7"),
    {.what = NULL},
};
