/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/measured_table.h"
#include "sim/base/units.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- Cells ---- */

typedef void show_fn(struct sink *sink, uint64_t value);

static void show_size(struct sink *sink, uint64_t value)
{
    units_write_size(sink, value);
}

static void show_rate(struct sink *sink, uint64_t value)
{
    units_write_rate(sink, value);
}

static void show_time(struct sink *sink, uint64_t value)
{
    units_show_time(sink, (int64_t)value);
}

static void show_number(struct sink *sink, uint64_t value)
{
    sink_number(sink, value);
}

static void number_cell(struct table *table, uint64_t value, show_fn *show)
{
    char shown_text[32], plain_text[32];
    struct sink shown = SINK(shown_text), plain = SINK(plain_text);

    show(&shown, value);
    sink_number(&plain, value);
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

static void ratio_cell(struct table *table, double ratio)
{
    char shown_text[32], plain_text[32];
    struct sink shown = SINK(shown_text), plain = SINK(plain_text);

    sink_format(&shown, "%+.1f %%", 100 * ratio);
    sink_format(&plain, "%.4f", ratio);
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

static void point_columns(struct table *table, const char *arm_title)
{
    table_column(table, arm_title, "arm", TABLE_TEXT);
    table_column(table, "size", "size_bytes", TABLE_NUMBER);
    table_column(table, "rate", "rate_bps", TABLE_NUMBER);
    table_column(table, "RTT", "rtt_ns", TABLE_NUMBER);
    table_column(table, "relays", "relays", TABLE_NUMBER);
}

static void point_cells(struct table *table, const struct measured_point *point)
{
    table_row(table);
    table_same(table, span_of(point->arm->name));
    number_cell(table, point->size_bytes, show_size);
    number_cell(table, point->rate_bps, show_rate);
    number_cell(table, (uint64_t)point->rtt_ns, show_time);
    number_cell(table, point->relays, show_number);
}

/* ---- Errors ---- */

double measured_error(const struct measured_cell *cell)
{
    return (double)(cell->predicted.delay_ns - cell->row.delay_ns) / (double)cell->row.delay_ns;
}

/* A phase on both sides. */
static const struct phase {
    const char *name;
    size_t predicted, measured; /* in struct outcome, in struct measured_row */
} phases[] = {
#define PHASE(name)                                                                                                    \
    {                                                                                                                  \
#name, offsetof(struct outcome, name##_ns), offsetof(struct measured_row, name##_ns)                           \
    }
    PHASE(prepare), PHASE(setup), PHASE(protect), PHASE(connect), PHASE(transfer), PHASE(unprotect),
#undef PHASE
};

static int64_t time_at(const void *record, size_t offset)
{
    int64_t time_ns;

    memcpy(&time_ns, (const char *)record + offset, sizeof(time_ns));
    return time_ns;
}

/* The phase in which prediction and measurement are farthest apart, and by how much. */
static const struct phase *worst_phase(const struct measured_row *row, const struct outcome *predicted,
                                       int64_t *difference_ns)
{
    const struct phase *worst = &phases[0];

    *difference_ns = 0;
    for (size_t i = 0; i < COUNT(phases); i++) {
        int64_t ours_ns = time_at(predicted, phases[i].predicted), real_ns = time_at(row, phases[i].measured);

        if (ours_ns == NONE_NS || real_ns == NONE_NS || llabs(ours_ns - real_ns) <= llabs(*difference_ns))
            continue;
        worst = &phases[i];
        *difference_ns = ours_ns - real_ns;
    }
    return worst;
}

static void difference_cell(struct table *table, int64_t difference_ns)
{
    char shown_text[32], plain_text[32];
    struct sink shown = SINK(shown_text), plain = SINK(plain_text);

    sink_char(&shown, difference_ns < 0 ? '-' : '+');
    units_show_time(&shown, llabs(difference_ns));
    sink_format(&plain, "%lld", (long long)difference_ns);
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

static void add_error(struct table *table, const struct measured_cell *cell)
{
    const struct measured_row *row = &cell->row;
    int64_t difference_ns;
    const struct phase *worst = worst_phase(row, &cell->predicted, &difference_ns);

    point_cells(table, &row->point);
    number_cell(table, (uint64_t)cell->predicted.delay_ns, show_time);
    number_cell(table, (uint64_t)row->delay_ns, show_time);
    ratio_cell(table, (double)(row->most_ns - row->least_ns) / (double)row->delay_ns);
    ratio_cell(table, measured_error(cell));
    table_same(table, span_of(worst->name));
    difference_cell(table, difference_ns);
}

void measured_table_errors(struct table *table, const struct measured_cell *cells, size_t count)
{
    point_columns(table, "arm");
    table_column(table, "predicted", "predicted_ns", TABLE_NUMBER);
    table_column(table, "measured", "measured_ns", TABLE_NUMBER);
    table_column(table, "spread", "spread_ratio", TABLE_NUMBER);
    table_column(table, "error", "error_ratio", TABLE_NUMBER);
    table_column(table, "most in", "phase", TABLE_TEXT);
    table_column(table, "by", "phase_difference_ns", TABLE_NUMBER);
    for (size_t i = 0; i < count; i++)
        add_error(table, &cells[i]);
}

/* ---- Hop by hop against end to end ---- */

static const char end_to_end[] = "msrp-smime";
static const char *const hop_by_hop[] = {"msrp-relay", "message-tls"};

static bool is_hop_by_hop(const struct measured_cell *cell)
{
    for (size_t i = 0; i < COUNT(hop_by_hop); i++)
        if (strcmp(cell->row.point.arm->name, hop_by_hop[i]) == 0)
            return true;
    return false;
}

/* The same file over the same network end to end; NULL: not among the cells. */
static const struct measured_cell *find_end_to_end(const struct measured_cell *cells, size_t count,
                                                   const struct measured_point *point)
{
    for (size_t i = 0; i < count; i++) {
        const struct measured_point *other = &cells[i].row.point;

        if (strcmp(other->arm->name, end_to_end) == 0 && other->size_bytes == point->size_bytes &&
            other->rate_bps == point->rate_bps && other->rtt_ns == point->rtt_ns)
            return &cells[i];
    }
    return NULL;
}

static void times_cell(struct table *table, double times)
{
    char shown_text[32], plain_text[32];
    struct sink shown = SINK(shown_text), plain = SINK(plain_text);

    sink_format(&shown, "%.2f", times);
    sink_format(&plain, "%.4f", times);
    table_cell(table, sink_written(&shown), sink_written(&plain));
}

static void add_answer(struct table *table, const struct measured_cell *hops, const struct measured_cell *ends,
                       struct measured_answer *answer)
{
    double measured = (double)hops->row.delay_ns / (double)ends->row.delay_ns;
    double simulated = (double)hops->predicted.delay_ns / (double)ends->predicted.delay_ns;

    point_cells(table, &hops->row.point);
    number_cell(table, (uint64_t)hops->row.delay_ns, show_time);
    number_cell(table, (uint64_t)ends->row.delay_ns, show_time);
    times_cell(table, measured);
    times_cell(table, simulated);
    answer->comparisons++;
    answer->faster_measured += measured > 1;
    answer->faster_simulated += simulated > 1;
    answer->agreed += (measured > 1) == (simulated > 1);
}

struct measured_answer measured_table_answer(struct table *table, const struct measured_cell *cells, size_t count)
{
    struct measured_answer answer = {0};

    point_columns(table, "hop by hop");
    table_column(table, "measured", "hop_by_hop_ns", TABLE_NUMBER);
    table_column(table, "end to end", "end_to_end_ns", TABLE_NUMBER);
    table_column(table, "times", "times_measured", TABLE_NUMBER);
    table_column(table, "simulated", "times_simulated", TABLE_NUMBER);
    for (size_t i = 0; i < count; i++) {
        const struct measured_cell *ends =
            is_hop_by_hop(&cells[i]) ? find_end_to_end(cells, count, &cells[i].row.point) : NULL;

        if (ends)
            add_answer(table, &cells[i], ends, &answer);
    }
    return answer;
}
