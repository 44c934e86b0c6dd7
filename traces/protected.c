/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/protected.h"

static struct protected *add(struct trace *trace, const struct protected *row)
{
    if (trace->protected_count < PROTECTED_MAX - 1) {
        trace->protected_rows[trace->protected_count] = *row;
        return &trace->protected_rows[trace->protected_count++];
    }
    struct protected *rest = &trace->protected_rows[PROTECTED_MAX - 1];

    if (trace->protected_count < PROTECTED_MAX) {
        *rest = (struct protected){.is_rest = true, .suite = "", .why = ""};
        trace->protected_count = PROTECTED_MAX;
    }
    return rest;
}

struct protected *protected_tls(struct trace *trace, const struct endpoint *from, const struct endpoint *to,
                                const char *suite)
{
    return add(trace, &(struct protected){.from = *from, .to = *to, .suite = suite ? suite : "", .why = ""});
}

struct protected *protected_esp(struct trace *trace, const struct endpoint *from, const struct endpoint *to,
                                uint32_t spi)
{
    for (size_t i = trace->protected_count; i > 0; i--) {
        struct protected *row = &trace->protected_rows[i - 1];

        if (row->is_esp && row->spi == spi && endpoint_same_host(&row->from, from) && endpoint_same_host(&row->to, to))
            return row;
    }
    struct protected row = {.is_esp = true, .from = *from, .to = *to, .spi = spi, .suite = "", .why = ""};

    row.from.port = row.to.port = 0;
    return add(trace, &row);
}

void protected_opened(struct protected *row, uint64_t bytes)
{
    row->opened++;
    row->opened_bytes += bytes;
}

void protected_sealed(struct protected *row, uint64_t bytes, const char *why)
{
    row->sealed++;
    row->sealed_bytes += bytes;
    row->why = why;
}
