/* SPDX-License-Identifier: GPL-3.0-or-later */
/* inspect_handshakes.c - how connections opened, also those whose bytes stay sealed. */
#include "bench/cli/cells.h"
#include "bench/cli/inspect.h"
#include "traces/handshakes.h"

static void endpoint_cell(struct table *table, const struct endpoint *at)
{
    char text[80];
    struct sink sink = SINK(text);

    endpoint_write(at, &sink);
    table_same(table, sink_written(&sink));
}

static int64_t between(int64_t from_ns, int64_t to_ns)
{
    return from_ns != 0 && to_ns != 0 ? to_ns - from_ns : NONE_NS;
}

/* What each step took as the tap saw it; on the way of a message the tap sees what lies on the answerer's side. */
void inspect_fill_handshakes(const struct inspect *inspect, struct table *table)
{
    struct handshakes *handshakes = inspect->trace.handshakes;

    handshakes_add_tls(handshakes, &inspect->trace);
    table_column(table, "tap", "tap", TABLE_NUMBER);
    table_column(table, "at, s", "at_s", TABLE_NUMBER);
    table_column(table, "client", "client", TABLE_TEXT);
    table_column(table, "server", "server", TABLE_TEXT);
    table_column(table, "SYN to SYN-ACK, ms", "syn_ack_ns", TABLE_NUMBER);
    table_column(table, "to ACK", "ack_ns", TABLE_NUMBER);
    table_column(table, "SYNs again", "syns_again", TABLE_NUMBER);
    table_column(table, "ClientHello to ServerHello", "server_hello_ns", TABLE_NUMBER);
    table_column(table, "to ChangeCipherSpec", "ready_ns", TABLE_NUMBER);
    for (size_t i = 0; i < handshakes->count; i++) {
        const struct handshake *row = &handshakes->rows[i];

        table_row(table);
        cell_format(table, "%u", row->tap);
        cell_format(table, "%.9f", inspect_seconds(inspect, row->syn_ns));
        endpoint_cell(table, &row->client);
        endpoint_cell(table, &row->server);
        cell_time(table, between(row->syn_ns, row->syn_ack_ns), 3);
        cell_time(table, between(row->syn_ack_ns, row->ack_ns), 3);
        cell_format(table, "%u", row->syns_again);
        cell_time(table, between(row->client_hello_ns, row->server_hello_ns), 3);
        cell_time(table, between(row->server_hello_ns, row->ready_ns), 3);
    }
}
