/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/measure_outcome.h"
#include "sim/base/units.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMN_SIZE = 64 };

static_assert(CONDUCT_NONE == NONE_NS, "what is not known looks alike");

static const enum outcome_end ends[] = {
    [NODE_SETUP_TIMEOUT] = OUTCOME_SETUP_TIMEOUT,   [NODE_SETUP_REFUSED] = OUTCOME_SETUP_REFUSED,
    [NODE_CONNECT_FAILED] = OUTCOME_CONNECT_FAILED, [NODE_TRANSFER_FAILED] = OUTCOME_TRANSFER_FAILED,
    [NODE_VERIFY_FAILED] = OUTCOME_VERIFY_FAILED,   [NODE_FAULT] = OUTCOME_LIMIT,
};

static int64_t between(const struct conduct_result *result, enum node_mark from, enum node_mark to)
{
    int64_t from_ns = result->at_ns[from], to_ns = result->at_ns[to];

    return from_ns == CONDUCT_NONE || to_ns == CONDUCT_NONE ? NONE_NS : to_ns - from_ns;
}

static uint64_t known(int64_t value)
{
    return value == CONDUCT_NONE ? NONE_COUNT : (uint64_t)value;
}

static void write_phases(const struct arm *arm, const struct conduct_result *result, struct outcome *outcome)
{
    bool is_msrp = arm->carrier == CARRIER_MSRP, is_cms = arm->body == BODY_CMS;
    bool is_opened = is_cms || arm->hop != HOP_NONE || arm->body != BODY_CLEAR;

    outcome->prepare_ns = between(result, MARK_PRESSED, MARK_SIGNALLED);
    outcome->setup_ns = is_msrp ? between(result, MARK_SIGNALLED, MARK_ANSWERED) : NONE_NS;
    outcome->protect_ns = is_cms ? between(result, MARK_SEALING, MARK_SEALED) : NONE_NS;
    outcome->connect_ns = is_msrp ? between(result, MARK_SYN, MARK_CONNECTED) : NONE_NS;
    outcome->transfer_ns = between(result, MARK_FIRST_BYTE, MARK_LAST_BYTE);
    outcome->unprotect_ns = is_opened ? between(result, MARK_LAST_BYTE, MARK_IN_HAND) : NONE_NS;
    outcome->teardown_ns = is_msrp ? between(result, MARK_BYE, MARK_ENDED) : NONE_NS;
    outcome->delay_ns = result->is_delivered ? between(result, MARK_PRESSED, MARK_IN_HAND) : NONE_NS;
}

void measure_outcome(const struct arm *arm, uint64_t file_bytes, const struct conduct_result *result,
                     struct outcome *outcome)
{
    *outcome = (struct outcome){.end = (int)(result->is_delivered ? OUTCOME_DELIVERED : ends[result->end]),
                                .file_bytes = file_bytes,
                                .body_bytes = known(result->body_bytes),
                                .chunks = known(result->chunks),
                                .wire_bytes = known(result->wire_bytes),
                                .payload_bytes = NONE_COUNT,
                                .layer_link_bytes = NONE_COUNT,
                                .layer_ip_bytes = NONE_COUNT,
                                .layer_transport_bytes = NONE_COUNT,
                                .layer_esp_bytes = NONE_COUNT,
                                .layer_tls_bytes = NONE_COUNT,
                                .layer_sip_bytes = NONE_COUNT,
                                .core_cpu_ns = NONE_NS,
                                .relay_cpu_ns = NONE_NS,
                                .packet_hops = known(result->packet_hops),
                                .retransmissions = known(result->retransmissions),
                                .events = NONE_COUNT,
                                .cpu_ns = result->cpu_ns,
                                .ue_cpu_ns = result->ue_cpu_ns,
                                .pressed_ns = result->at_ns[MARK_PRESSED]};
    for (int part = 0; part < PART_COUNT; part++)
        outcome->parts_ns[part] = NONE_NS;
    write_phases(arm, result, outcome);
}

/* What people see: when, and how much went over the links. */
static bool is_shown(const struct field *row)
{
    static const char *const shown[] = {"end",      "delay",     "prepare",  "setup", "protect", "connect",
                                        "transfer", "unprotect", "teardown", "wire",  NULL};

    for (const char *const *name = shown; *name; name++)
        if (strcmp(row->name, *name) == 0)
            return true;
    return false;
}

void measure_columns(struct table *table)
{
    table_column(table, "arm", "arm", TABLE_TEXT);
    table_column(table, "run", "trial", TABLE_NUMBER);
    table_column(table, NULL, "seed", TABLE_NUMBER);
    for (const struct field *row = outcome_fields; row->name; row++) {
        struct sink name = {.data = arena_alloc(table->arena, COLUMN_SIZE), .capacity = COLUMN_SIZE};

        field_write_column(row, &name);
        table_column(table, is_shown(row) ? row->name : NULL, sink_string(&name),
                     row->kind == FIELD_CHOICE ? TABLE_TEXT : TABLE_NUMBER);
    }
}

static void show(const struct field *row, const struct outcome *outcome, struct span plain, struct sink *shown)
{
    int64_t time_ns;
    uint64_t size;

    if (plain.size == 0)
        return;
    if (row->kind == FIELD_TIME) {
        memcpy(&time_ns, (const char *)outcome + row->offset, sizeof(time_ns));
        units_show_time(shown, time_ns);
    } else if (row->kind == FIELD_SIZE) {
        memcpy(&size, (const char *)outcome + row->offset, sizeof(size));
        units_show_size(shown, size);
    } else {
        sink_span(shown, plain);
    }
}

void measure_row(struct table *table, const char *arm, uint64_t number, const struct outcome *outcome)
{
    char number_text[24];
    struct sink digits = SINK(number_text);

    table_row(table);
    table_same(table, span_of(arm));
    sink_number(&digits, number);
    table_same(table, sink_written(&digits));
    table_same(table, SPAN("0"));
    for (const struct field *row = outcome_fields; row->name; row++) {
        char plain_text[64], shown_text[64];
        struct sink plain = SINK(plain_text), shown = SINK(shown_text);

        field_write_csv(row, outcome, &plain);
        show(row, outcome, sink_written(&plain), &shown);
        table_cell(table, sink_written(&shown), sink_written(&plain));
    }
}

static int in_order(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

int64_t measure_median(const struct outcome *outcomes, size_t count, size_t member)
{
    int64_t *values = malloc((count + 1) * sizeof(*values)), median = NONE_NS;
    size_t known_count = 0;

    for (size_t i = 0; values && i < count; i++) {
        int64_t value;

        memcpy(&value, (const char *)&outcomes[i] + member, sizeof(value));
        if (outcomes[i].end == OUTCOME_DELIVERED && value != NONE_NS)
            values[known_count++] = value;
    }
    if (known_count > 0) {
        qsort(values, known_count, sizeof(*values), in_order);
        median = values[known_count / 2];
        if (known_count % 2 == 0)
            median = values[known_count / 2 - 1] + (median - values[known_count / 2 - 1]) / 2;
    }
    free(values);
    return median;
}
