/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/inspect.h"
#include "sim/base/units.h"
#include "traces/protected.h"

#include <inttypes.h>
#include <math.h>

enum { CELL = 512 };

/* ---- Cells ---- */

static void text_cell(struct table *table, const char *text)
{
    table_same(table, span_of(text));
}

static void format_cell(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void format_cell(struct table *table, const char *format, ...)
{
    char text[CELL];
    struct sink sink = SINK(text);
    va_list list;

    va_start(list, format);
    sink_format_list(&sink, format, list);
    va_end(list);
    table_same(table, sink_written(&sink));
}

/* ns as ms for people, as ns for programs. */
static void time_cell(struct table *table, int64_t ns)
{
    char shown[64], plain[64];
    struct sink shown_sink = SINK(shown), plain_sink = SINK(plain);

    if (ns != NONE_NS) {
        sink_format(&shown_sink, "%.3f", (double)ns / MS);
        sink_format(&plain_sink, "%" PRId64, ns);
    }
    table_cell(table, sink_written(&shown_sink), sink_written(&plain_sink));
}

static void endpoint_cell(struct table *table, const struct endpoint *at)
{
    char text[80];
    struct sink sink = SINK(text);

    endpoint_write(at, &sink);
    table_same(table, sink_written(&sink));
}

static void columns(struct table *table, const char *const (*names)[2], const char *kinds)
{
    for (size_t i = 0; kinds[i]; i++)
        table_column(table, names[i][0], names[i][1], kinds[i] == 'n' ? TABLE_NUMBER : TABLE_TEXT);
}

double inspect_seconds(const struct inspect *inspect, int64_t at_ns)
{
    return (double)(at_ns - inspect->trace.counts.first_ns) / SECOND;
}

/* ---- What there is ---- */

static void count_row(struct table *table, const char *what, uint64_t count)
{
    if (count == 0)
        return;
    table_row(table);
    text_cell(table, what);
    format_cell(table, "%" PRIu64, count);
}

/* No copies, and no segments of TCP: those count on their own. */
static uint64_t count_repeats(const struct inspect *inspect)
{
    uint64_t count = 0;

    for (size_t i = 0; i < inspect->trace.count; i++)
        count += inspect->trace.messages[i].is_again;
    return count;
}

static void fill_summary(const struct inspect *inspect, struct table *table)
{
    const struct trace_counts *counts = &inspect->trace.counts;
    const struct packets_counts *packets = &counts->packets;

    columns(table, (const char *const[][2]){{"what", "what"}, {"count", "count"}}, "tn");
    count_row(table, "frames", packets->frames);
    count_row(table, "IP fragments", packets->fragments);
    count_row(table, "datagrams put together", packets->datagrams_whole);
    count_row(table, "fragments without the rest", packets->fragments_lost);
    count_row(table, "packets in tunnels (GTP-U, GRE, IP, ESP)", packets->tunnelled);
    count_row(table, "ESP without encryption, opened by its form", packets->esp_opened);
    count_row(table, "ESP opened with keys", packets->esp_keyed);
    count_row(table, "ESP that stays sealed", packets->esp_sealed);
    count_row(table, "copies of packets", packets->copies);
    count_row(table, "headers that do not fit", packets->malformed);
    count_row(table, "frames of unknown link types", packets->link_unknown);
    count_row(table, "SIP messages", counts->messages[TRACE_SIP]);
    count_row(table, "of them copies", counts->copies[TRACE_SIP]);
    count_row(table, "of them refused by libosip2", counts->malformed);
    count_row(table, "SIP messages sent again", count_repeats(inspect));
    count_row(table, "MSRP messages", counts->messages[TRACE_MSRP]);
    count_row(table, "bytes in MSRP bodies", counts->msrp_body_bytes);
    count_row(table, "Diameter messages", counts->messages[TRACE_DIAMETER]);
    count_row(table, "TLS handshake records", counts->messages[TRACE_TLS]);
    count_row(table, "TLS connections opened with keys", counts->tls_connections_opened);
    count_row(table, "TLS records opened", counts->tls_records_opened);
    count_row(table, "bytes that were in them", counts->tls_bytes_opened);
    count_row(table, "TLS connections that stay sealed", counts->tls_connections_sealed);
    count_row(table, "TLS records that stay sealed", counts->tls_records_sealed);
    count_row(table, "bytes in TLS that stay sealed", counts->tls_application_bytes);
    count_row(table, "TCP connections begun", counts->connections);
    count_row(table, "directions begun before the capture", counts->connections_joined);
    count_row(table, "TCP segments sent again", counts->stream_segments_again);
    count_row(table, "TCP segments out of order", counts->stream_segments_late);
    count_row(table, "gaps in TCP that the capture does not hold", counts->stream_gaps);
    count_row(table, "directions forgotten (limit of connections)", counts->connections_forgotten);
    count_row(table, "messages beyond what is kept", counts->not_kept);
    count_row(table, "UDP datagrams of other protocols", counts->datagrams_other);
}

/* TLS by connection and direction, ESP by association. */
static void fill_protected(const struct inspect *inspect, struct table *table)
{
    columns(table,
            (const char *const[][2]){{"by", "by"},
                                     {"from", "from"},
                                     {"to", "to"},
                                     {"SPI", "spi"},
                                     {"suite", "suite"},
                                     {"opened", "opened"},
                                     {"bytes", "opened_bytes"},
                                     {"sealed", "sealed"},
                                     {"bytes", "sealed_bytes"},
                                     {"sealed because", "why"}},
            "tttttnnnnt");
    for (size_t i = 0; i < inspect->trace.protected_count; i++) {
        const struct protected *row = &inspect->trace.protected_rows[i];

        table_row(table);
        text_cell(table, row->is_rest ? "all others" : row->is_esp ? "ESP" : "TLS");
        if (row->is_rest) {
            text_cell(table, "");
            text_cell(table, "");
        } else {
            endpoint_cell(table, &row->from);
            endpoint_cell(table, &row->to);
        }
        if (row->is_esp)
            format_cell(table, "0x%08" PRIx32, row->spi);
        else
            format_cell(table, "%s", "");
        text_cell(table, row->suite);
        format_cell(table, "%" PRIu64, row->opened);
        format_cell(table, "%" PRIu64, row->opened_bytes);
        format_cell(table, "%" PRIu64, row->sealed);
        format_cell(table, "%" PRIu64, row->sealed_bytes);
        text_cell(table, row->why);
    }
}

static void fill_nodes(const struct inspect *inspect, struct table *table)
{
    columns(table,
            (const char *const[][2]){{"node", "node"},
                                     {"role", "role"},
                                     {"how known", "basis"},
                                     {"name", "name"},
                                     {"sent", "sent"},
                                     {"received", "received"},
                                     {"forwarded", "forwarded"}},
            "ttttnnn");
    for (size_t i = 0; i < inspect->flow.node_count; i++) {
        const struct flow_node *node = &inspect->flow.nodes[i];

        if (node->role == FLOW_UNKNOWN && node->sent + node->received == 0)
            continue;
        table_row(table);
        endpoint_cell(table, &node->at);
        text_cell(table, flow_role_names[node->role]);
        text_cell(table, node->is_given ? "given" : node->is_guess ? "guessed" : "seen");
        text_cell(table, node->name);
        format_cell(table, "%" PRIu64, node->sent);
        format_cell(table, "%" PRIu64, node->received);
        format_cell(table, "%" PRIu64, node->forwards);
    }
}

static void fill_messages(const struct inspect *inspect, struct table *table)
{
    columns(table,
            (const char *const[][2]){{"tap", "tap"},
                                     {"frame", "frame"},
                                     {"s", "time_s"},
                                     {"from", "from"},
                                     {"to", "to"},
                                     {"protocol", "protocol"},
                                     {"over", "transport"},
                                     {"kind", "kind"},
                                     {"bytes", "bytes"},
                                     {"fragments", "fragments"},
                                     {"mark", "mark"},
                                     {"Call-ID", "call_id"},
                                     {"CSeq", "cseq"},
                                     {NULL, "branch"}},
            "nnntttttnntttt");
    for (size_t i = 0; i < inspect->trace.count; i++) {
        const struct trace_message *message = &inspect->trace.messages[i];

        table_row(table);
        format_cell(table, "%u", message->tap);
        format_cell(table, "%" PRIu64, message->frame);
        format_cell(table, "%.9f", inspect_seconds(inspect, flow_last_ns(&inspect->flow, i)));
        endpoint_cell(table, &message->from);
        endpoint_cell(table, &message->to);
        text_cell(table, trace_protocol_names[message->protocol]);
        text_cell(table, message->is_in_tls ? "TLS" : message->transport == TRACE_UDP ? "UDP" : "TCP");
        text_cell(table, message->kind);
        format_cell(table, "%" PRIu64, message->bytes);
        format_cell(table, "%u", message->fragments);
        text_cell(table, message->is_copy        ? "copy"
                         : message->is_malformed ? "malformed"
                         : message->is_again     ? "again"
                                                 : "");
        text_cell(table, message->call_id);
        format_cell(table, "%u %s", message->cseq, message->method);
        text_cell(table, message->branch);
    }
}

/* ---- Dwells ---- */

static void fill_dwells(const struct inspect *inspect, struct table *table)
{
    columns(table,
            (const char *const[][2]){{"role", "role"},
                                     {"message", "kind"},
                                     {"side", "side"},
                                     {"n", "n"},
                                     {"min, ms", "min_ns"},
                                     {"median", "median_ns"},
                                     {"p95", "p95_ns"},
                                     {"max", "max_ns"},
                                     {"includes", "includes"},
                                     {"mark", "mark"}},
            "tttnnnnntt");
    for (size_t i = 0; i < inspect->dwells.count; i++) {
        const struct dwells_row *row = &inspect->dwells.rows[i];

        table_row(table);
        text_cell(table, row->role);
        text_cell(table, row->kind);
        text_cell(table, row->side);
        format_cell(table, "%zu", row->count);
        time_cell(table, row->sample_ns[0]);
        time_cell(table, dwells_quantile(row, 0.5));
        time_cell(table, dwells_quantile(row, 0.95));
        time_cell(table, row->sample_ns[row->count - 1]);
        text_cell(table, row->has_hss ? "hss" : "");
        text_cell(table, row->is_guess ? "guessed" : "");
    }
}

static void fill_legs(const struct inspect *inspect, struct table *table)
{
    static const char *const sides[] = {"any", "orig", "term"};
    const struct flow *flow = &inspect->flow;

    columns(table,
            (const char *const[][2]){{"node", "node"},
                                     {"role", "role"},
                                     {"in", "kind_in"},
                                     {"out", "kind_out"},
                                     {"side", "side"},
                                     {"in at, s", "in_s"},
                                     {"dwell, ms", "dwell_ns"},
                                     {"of it HSS", "hss_ns"},
                                     {"mark", "mark"},
                                     {"Call-ID", "call_id"}},
            "tttttnnntt");
    for (size_t i = 0; i < flow->leg_count; i++) {
        const struct flow_leg *leg = &flow->legs[i];

        table_row(table);
        endpoint_cell(table, &flow->nodes[leg->node].at);
        text_cell(table, flow_role_names[flow->nodes[leg->node].role]);
        text_cell(table, flow->messages[leg->in].kind);
        text_cell(table, flow->messages[leg->out].kind);
        text_cell(table, sides[leg->side]);
        format_cell(table, "%.9f", inspect_seconds(inspect, flow_last_ns(flow, leg->in)));
        time_cell(table, leg->dwell_ns);
        time_cell(table, leg->hss_ns > 0 ? leg->hss_ns : NONE_NS);
        text_cell(table, leg->is_guess    ? "guessed"
                         : leg->is_across ? "across taps"
                         : leg->is_answer ? "own answer"
                                          : "");
        text_cell(table, flow->messages[leg->in].call_id);
    }
}

/* ---- Sessions: RFC 6076 ---- */

static bool is_kind(const struct trace_message *message, const char *kind)
{
    return strcmp(message->kind, kind) == 0;
}

/* The first response to request i that its sender got, of a status from least to most; SIZE_MAX when there is none. */
static size_t response_to(const struct inspect *inspect, size_t i, int least, int most)
{
    const struct trace_message *request = &inspect->trace.messages[i];

    for (size_t j = i + 1; j < inspect->trace.count; j++) {
        const struct trace_message *answer = &inspect->trace.messages[j];

        if (answer->protocol == TRACE_SIP && !answer->is_request && !answer->is_copy && answer->tap == request->tap &&
            answer->call_id == request->call_id && answer->branch == request->branch && answer->cseq == request->cseq &&
            inspect->flow.to[j] == inspect->flow.from[i] && answer->status >= least && answer->status <= most)
            return j;
        if (answer->first_ns - request->last_ns > 200 * SECOND)
            break;
    }
    return SIZE_MAX;
}

static int64_t since(const struct inspect *inspect, size_t request, size_t answer)
{
    return answer == SIZE_MAX ? NONE_NS
                              : inspect->trace.messages[answer].last_ns - inspect->trace.messages[request].first_ns;
}

static bool is_challenge(const struct inspect *inspect, size_t answer)
{
    return answer != SIZE_MAX &&
           (inspect->trace.messages[answer].status == 401 || inspect->trace.messages[answer].status == 407);
}

/* The REGISTER that began what REGISTER i goes on with: while those before it of its Call-ID were challenged. */
static size_t first_register(const struct inspect *inspect, size_t i)
{
    const struct trace_message *request = &inspect->trace.messages[i];
    size_t first = i;

    for (size_t j = i; j > 0; j--) {
        const struct trace_message *before = &inspect->trace.messages[j - 1];

        if (request->first_ns - before->first_ns > 200 * SECOND)
            break;
        if (before->protocol != TRACE_SIP || before->is_copy || before->is_again || !before->is_request ||
            before->via_count != 1 || !is_kind(before, "REGISTER") || before->call_id != request->call_id ||
            before->tap != request->tap)
            continue;
        if (!is_challenge(inspect, response_to(inspect, j - 1, 200, 699)))
            break;
        first = j - 1;
    }
    return first;
}

/* SRD and SDD (RFC 6076 sections 4.3 and 4.4.1), and RRD (4.1), of requests that begin at a user agent. RRD counts from
 * the first REGISTER, the challenge inside; a REGISTER that was challenged has none of its own. */
static void fill_sessions(const struct inspect *inspect, struct table *table)
{
    columns(table,
            (const char *const[][2]){{"request", "request"},
                                     {"from", "from"},
                                     {"at, s", "at_s"},
                                     {"ended by", "final"},
                                     {"to 1xx, ms", "provisional_ns"},
                                     {"to final", "final_ns"},
                                     {"is", "metric"},
                                     {"of, ms", "metric_ns"},
                                     {"Call-ID", "call_id"}},
            "ttntnntnt");
    for (size_t i = 0; i < inspect->trace.count; i++) {
        const struct trace_message *request = &inspect->trace.messages[i];
        bool is_invite = is_kind(request, "INVITE"), is_bye = is_kind(request, "BYE");
        bool is_register = is_kind(request, "REGISTER");

        if (request->protocol != TRACE_SIP || request->is_copy || request->is_again || request->via_count != 1 ||
            !request->is_request || !(is_invite || is_bye || is_register))
            continue;
        size_t provisional = is_invite ? response_to(inspect, i, 101, 199) : SIZE_MAX;
        size_t final = response_to(inspect, i, 200, 699);
        bool is_challenged = is_register && is_challenge(inspect, final);

        table_row(table);
        text_cell(table, request->kind);
        endpoint_cell(table, &request->from);
        format_cell(table, "%.6f", inspect_seconds(inspect, flow_first_ns(&inspect->flow, i)));
        format_cell(table, final == SIZE_MAX ? "-" : "%d",
                    final == SIZE_MAX ? 0 : inspect->trace.messages[final].status);
        time_cell(table, since(inspect, i, provisional));
        time_cell(table, since(inspect, i, final));
        text_cell(table, is_bye                    ? "SDD"
                         : is_challenged           ? "challenged"
                         : is_register             ? "RRD"
                         : provisional != SIZE_MAX ? "SRD to the first 1xx"
                                                   : "SRD, includes answering");
        time_cell(table, is_challenged ? NONE_NS
                                       : since(inspect, is_register ? first_register(inspect, i) : i,
                                               provisional != SIZE_MAX ? provisional : final));
        text_cell(table, request->call_id);
    }
}

/* ---- What was sent again ---- */

/* The first sending of a message that was sent again. */
static size_t first_sending(const struct inspect *inspect, size_t again)
{
    const struct trace_message *message = &inspect->trace.messages[again];

    for (size_t i = 0; i < again; i++) {
        const struct trace_message *first = &inspect->trace.messages[i];

        if (first->protocol == TRACE_SIP && !first->is_copy && !first->is_again && first->tap == message->tap &&
            first->kind == message->kind && first->branch == message->branch && first->call_id == message->call_id &&
            first->cseq == message->cseq && inspect->flow.from[i] == inspect->flow.from[again] &&
            inspect->flow.to[i] == inspect->flow.to[again] && first->to_tag == message->to_tag)
            return i;
    }
    return SIZE_MAX;
}

/* The instant of RFC 3261 (timers A and E with T1 of 0.5 s, T2 of 4 s) or of Gm's (TS 24.229 table 7.7.1: 2 and 16 s)
 * that is nearest: in seconds after the first sending. INVITE doubles without end, others up to T2. */
static double nearest_instant(double after_s, bool is_invite, bool *is_gm)
{
    double best = 0;

    for (int set = 0; set < 2; set++) {
        double wait = set ? 2 : 0.5, most = set ? 16 : 4, at = 0;

        for (int turn = 0; turn < 32 && at < 130; turn++) {
            at += wait;
            if (fabs(at - after_s) < fabs(best - after_s)) {
                best = at;
                *is_gm = set;
            }
            wait = is_invite || 2 * wait < most ? 2 * wait : most;
        }
    }
    return best;
}

static void fill_repeats(const struct inspect *inspect, struct table *table)
{
    columns(table,
            (const char *const[][2]){{"message", "kind"},
                                     {"from", "from"},
                                     {"to", "to"},
                                     {"after, s", "after_s"},
                                     {"standard's instant", "instant_s"},
                                     {"off by, ms", "off_ns"},
                                     {"timers", "timers"},
                                     {"Call-ID", "call_id"}},
            "tttnnntt");
    for (size_t i = 0; i < inspect->trace.count; i++) {
        const struct trace_message *message = &inspect->trace.messages[i];
        size_t first = message->is_again ? first_sending(inspect, i) : SIZE_MAX;
        bool is_gm = false;

        if (first == SIZE_MAX)
            continue;
        double after_s = (double)(message->first_ns - inspect->trace.messages[first].first_ns) / SECOND;
        double instant_s = nearest_instant(after_s, is_kind(message, "INVITE"), &is_gm);

        table_row(table);
        text_cell(table, message->kind);
        endpoint_cell(table, &message->from);
        endpoint_cell(table, &message->to);
        format_cell(table, "%.6f", after_s);
        format_cell(table, "%.1f", instant_s);
        time_cell(table, (int64_t)llround((after_s - instant_s) * 1e9));
        text_cell(table, is_gm ? "gm" : "core");
        text_cell(table, message->call_id);
    }
}

/* ---- Clocks ---- */

static void fill_clocks(const struct inspect *inspect, struct table *table)
{
    columns(table,
            (const char *const[][2]){{"tap", "tap"},
                                     {"ahead of tap 0, ms", "offset_ns"},
                                     {"at most off by", "bound_ns"},
                                     {"drift, ppm", "drift_ppm"},
                                     {"seen there", "there"},
                                     {"seen back", "back"},
                                     {"remark", "remark"}},
            "nnnnnnt");
    for (uint16_t tap = 1; tap < inspect->trace.tap_count && tap < FLOW_TAPS_MAX; tap++) {
        const struct flow_clock *clock = &inspect->flow.clocks[tap];

        table_row(table);
        format_cell(table, "%u", tap);
        time_cell(table, (int64_t)llround(clock->offset_ns));
        time_cell(table, isfinite(clock->bound_ns) ? (int64_t)llround(clock->bound_ns) : NONE_NS);
        format_cell(table, "%.3f", clock->drift * 1e6);
        format_cell(table, "%zu", clock->there);
        format_cell(table, "%zu", clock->back);
        text_cell(table, clock->there + clock->back == 0 ? "no message was seen at both"
                         : !clock->is_known              ? "messages one way only: the fastest is taken to need no time"
                         : clock->is_impossible ? "some messages arrive before they were sent, whatever the offset"
                                                : "");
    }
}

/* ---- MSRP ---- */

static void fill_msrp(const struct inspect *inspect, struct table *table)
{
    columns(table,
            (const char *const[][2]){{"s", "time_s"},
                                     {"from", "from"},
                                     {"to", "to"},
                                     {"message", "kind"},
                                     {"transaction", "transaction"},
                                     {"Message-ID", "message_id"},
                                     {"bytes", "bytes"},
                                     {"took, ms", "took_ns"}},
            "nttttt"
            "nn");
    for (size_t i = 0; i < inspect->trace.count; i++) {
        const struct trace_message *message = &inspect->trace.messages[i];

        if (message->protocol != TRACE_MSRP || message->is_copy)
            continue;
        table_row(table);
        format_cell(table, "%.9f", inspect_seconds(inspect, flow_first_ns(&inspect->flow, i)));
        endpoint_cell(table, &message->from);
        endpoint_cell(table, &message->to);
        text_cell(table, message->kind);
        text_cell(table, message->transaction);
        text_cell(table, message->message_id);
        format_cell(table, "%" PRIu64, message->bytes);
        time_cell(table, message->last_ns - message->first_ns);
    }
}

const struct inspect_table inspect_tables[] = {
    {"summary", "what the captures hold, and what could not be used", fill_summary, true},
    {"protected", "TLS by direction of a connection, ESP by association: what was opened", fill_protected, true},
    {"handshakes", "connections that opened: TCP's and TLS's steps, from one to the next", inspect_fill_handshakes,
     true},
    {"nodes", "addresses and ports with their likely roles", fill_nodes, true},
    {"sessions", "requests of user agents: RFC 6076's SRD, SDD and RRD", fill_sessions, true},
    {"dwells", "how long nodes kept messages, by role and kind", fill_dwells, true},
    {"legs", "each message through each node, one by one", fill_legs, false},
    {"repeats", "SIP messages sent again, against the standard's instants; TCP segments count in the summary",
     fill_repeats, true},
    {"msrp", "MSRP messages with the time they took", fill_msrp, false},
    {"clocks", "the taps' clocks against that of the first", fill_clocks, true},
    {"messages", "every message that was kept", fill_messages, false},
    {.name = NULL},
};
