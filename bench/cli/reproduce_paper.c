/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/reproduce_paper.h"
#include "sim/base/check.h"
#include "sim/base/units.h"

#include <assert.h>

/* traces/paper/captures.csv, made part of the program by the build. */
extern const char paper_text[];

enum { PROTOCOL_TCP = 6, PROTOCOL_UDP = 17, FLAG_FIN = 1, FLAG_SYN = 2, FLAG_RST = 4, FLAG_ACK = 16 };

/* ---- Packets ---- */

enum kind {
    KIND_SIP,      /* a UDP datagram that begins with `begins` and has the line `has` */
    KIND_FRAGMENT, /* a later fragment */
    KIND_SYN,
    KIND_SYN_ACK,
    KIND_ACK,  /* a TCP segment without data */
    KIND_MSRP, /* a TCP segment that begins an MSRP message with `has` in its first line */
    KIND_MORE  /* a TCP segment with data that begins none */
};

struct view {
    enum kind kind;
    struct span text;
};

static unsigned read_u16(struct span bytes, size_t at)
{
    return (unsigned)(uint8_t)bytes.data[at] << 8 | (uint8_t)bytes.data[at + 1];
}

static bool view_tcp(struct span bytes, struct view *view)
{
    if (bytes.size < 20)
        return false;
    unsigned flags = (uint8_t)bytes.data[13];
    size_t head = (size_t)((uint8_t)bytes.data[12] >> 4) * 4;

    if (head < 20 || head > bytes.size)
        return false;
    view->text = span_after(bytes, head);
    if (flags & FLAG_SYN)
        view->kind = flags & FLAG_ACK ? KIND_SYN_ACK : KIND_SYN;
    else if (view->text.size == 0)
        view->kind = KIND_ACK;
    else
        view->kind = span_starts(view->text, SPAN("MSRP ")) ? KIND_MSRP : KIND_MORE;
    return view->text.size > 0 || !(flags & (FLAG_FIN | FLAG_RST));
}

/* What a packet is, from its IPv4 header on. */
static bool view_packet(struct span bytes, struct view *view)
{
    if (bytes.size < 20)
        return false;
    size_t head = (size_t)((uint8_t)bytes.data[0] & 15) * 4;
    unsigned protocol = (uint8_t)bytes.data[9];

    if (head < 20 || head > bytes.size)
        return false;
    if ((read_u16(bytes, 6) & 0x1fff) != 0) {
        *view = (struct view){.kind = KIND_FRAGMENT};
        return true;
    }
    bytes = span_after(bytes, head);
    if (protocol == PROTOCOL_TCP)
        return view_tcp(bytes, view);
    if (protocol != PROTOCOL_UDP || bytes.size < 8)
        return false;
    *view = (struct view){.kind = KIND_SIP, .text = span_after(bytes, 8)};
    return true;
}

/* ---- Frames ---- */

#define OF_INVITE " INVITE\r\n" /* the end of CSeq */
#define OF_BYE " BYE\r\n"

/* How the simulated packet of a frame is known: the first one like this after that of frame `after`. */
static const struct frame_row {
    uint64_t frame;
    enum reproduce_run run;
    const char *from;
    enum kind kind;
    const char *begins, *has;
    uint64_t after;
} frame_rows[] = {
    {54, REPRODUCE_PLAIN, "ue-a", KIND_SIP, "INVITE ", "", 0},
    {55, REPRODUCE_PLAIN, "ims", KIND_SIP, "SIP/2.0 100 ", OF_INVITE, 54},
    {56, REPRODUCE_PLAIN, "ims", KIND_SIP, "INVITE ", "", 54},
    {57, REPRODUCE_PLAIN, "ims", KIND_FRAGMENT, "", "", 56},
    {58, REPRODUCE_PLAIN, "ue-b", KIND_SIP, "SIP/2.0 100 ", OF_INVITE, 56},
    {60, REPRODUCE_PLAIN, "ue-b", KIND_SIP, "SIP/2.0 200 ", OF_INVITE, 56},
    {61, REPRODUCE_PLAIN, "ims", KIND_SIP, "SIP/2.0 200 ", OF_INVITE, 60},
    {62, REPRODUCE_PLAIN, "ue-a", KIND_SIP, "ACK ", "", 61},
    {65, REPRODUCE_PLAIN, "ue-a", KIND_SYN, "", "", 61},
    {66, REPRODUCE_PLAIN, "ue-b", KIND_SYN_ACK, "", "", 65},
    {67, REPRODUCE_PLAIN, "ue-a", KIND_ACK, "", "", 66},
    {68, REPRODUCE_PLAIN, "ue-a", KIND_MSRP, "", " SEND\r\n", 66},
    {69, REPRODUCE_PLAIN, "ue-b", KIND_MSRP, "", " 200", 68},
    {70, REPRODUCE_PLAIN, "ims", KIND_SIP, "ACK ", "", 62},
    {1100, REPRODUCE_SEALED, "ue-b", KIND_SIP, "SIP/2.0 100 ", OF_INVITE, 0},
    {1101, REPRODUCE_SEALED, "ue-b", KIND_SIP, "SIP/2.0 200 ", OF_INVITE, 0},
    {1102, REPRODUCE_SEALED, "ims", KIND_SIP, "SIP/2.0 200 ", OF_INVITE, 1101},
    {1103, REPRODUCE_SEALED, "ue-a", KIND_SIP, "ACK ", "", 1102},
    {1104, REPRODUCE_SEALED, "ue-a", KIND_SYN, "", "", 1102},
    {1105, REPRODUCE_SEALED, "ue-b", KIND_SYN_ACK, "", "", 1104},
    {1106, REPRODUCE_SEALED, "ue-a", KIND_ACK, "", "", 1105},
    {1107, REPRODUCE_SEALED, "ims", KIND_SIP, "ACK ", "", 1103},
    {1108, REPRODUCE_SEALED, "ue-a", KIND_MSRP, "", " SEND\r\n", 1105},
    {1109, REPRODUCE_SEALED, "ue-a", KIND_MORE, "", "", 1108},
    {1110, REPRODUCE_SEALED, "ue-b", KIND_ACK, "", "", 1109},
    {1111, REPRODUCE_SEALED, "ue-b", KIND_MSRP, "", " 200", 1108},
    {1112, REPRODUCE_SEALED, "ue-a", KIND_SIP, "BYE ", "", 1111},
    {1114, REPRODUCE_SEALED, "ims", KIND_SIP, "BYE ", "", 1112},
    {1115, REPRODUCE_SEALED, "ue-b", KIND_SIP, "SIP/2.0 200 ", OF_BYE, 1114},
};
enum { FRAME_ROWS = sizeof(frame_rows) / sizeof(*frame_rows) };
static_assert((int)FRAME_ROWS <= (int)REPRODUCE_FRAMES_MAX, "each frame has its place");

const struct reproduce_frame *reproduce_frame_of(const struct reproduce_watch *watch, uint64_t frame)
{
    for (size_t i = 0; i < FRAME_ROWS; i++)
        if (frame_rows[i].frame == frame)
            return watch->frames[i].is_seen ? &watch->frames[i] : NULL;
    return NULL;
}

static bool is_like(const struct frame_row *row, const struct view *view)
{
    struct span line = view->text;

    if (view->kind != row->kind || !span_starts(view->text, span_of(row->begins)))
        return false;
    if (row->kind == KIND_MSRP) {
        size_t end = span_find(line, SPAN("\r\n"));

        line.size = end + 2 <= line.size ? end + 2 : line.size;
    }
    return row->has[0] == 0 || span_find(line, span_of(row->has)) < line.size;
}

/* When the tap at UE-A sees a packet: its own as they leave, those of others as the switch's copy arrives. */
static bool seen_at(struct reproduce_watch *watch, const struct sim_packet *packet, int64_t *at_ns)
{
    const struct scenario_link *lan = &watch->lan;
    uint64_t bits = (packet->bytes.size + lan->overhead_bytes) * 8;

    if (!packet->is_origin || strcmp(packet->from, packet->to) == 0)
        return false;
    *at_ns = packet->at_ns;
    if (strcmp(packet->from, "ue-a") == 0)
        return packet->event == SIM_PACKET_SENT;
    if (packet->event != SIM_PACKET_RECEIVED)
        return false;
    if (*at_ns < watch->copied_ns) /* the copy before is still on the link */
        *at_ns = watch->copied_ns;
    *at_ns += lan->rate_bps ? (int64_t)(bits * (uint64_t)SECOND / lan->rate_bps) : 0;
    watch->copied_ns = *at_ns;
    *at_ns += lan->delay_ns;
    return true;
}

void reproduce_watch_packet(void *context, const struct sim_packet *packet)
{
    struct reproduce_watch *watch = context;
    struct view view;
    int64_t at_ns;

    if (!seen_at(watch, packet, &at_ns) || !view_packet(packet->bytes, &view))
        return;
    if ((view.kind == KIND_MSRP || view.kind == KIND_MORE) && strcmp(packet->from, "ue-a") == 0)
        watch->send_bytes[watch->run] += view.text.size;
    for (size_t i = 0; i < FRAME_ROWS; i++) {
        const struct frame_row *row = &frame_rows[i];
        const struct reproduce_frame *after = row->after ? reproduce_frame_of(watch, row->after) : NULL;

        if (watch->frames[i].is_seen || row->run != watch->run || strcmp(row->from, packet->from) != 0 ||
            (row->after && !after) || !is_like(row, &view))
            continue;
        watch->frames[i] = (struct reproduce_frame){
            .is_seen = true, .at_ns = at_ns, .bytes = packet->bytes.size + watch->overhead_bytes};
        return;
    }
}

/* ---- Quantities ---- */

/* What the scenario took from the figures; the rest is predicted. */
static const char *const inputs[] = {
    "100 (INVITE) at UE-A after its INVITE",
    "200 (INVITE) across the core",
    "ACK of UE-A after the 200",
    "200 (BYE) of UE-B after the BYE",
    "TCP ACK after the second segment, sealed file",
    "SEND, plain file, frame",
    "SEND, plain file, MSRP",
    "SEND, sealed file, first frame",
    NULL,
};

static bool is_input(const char *name)
{
    for (size_t i = 0; inputs[i]; i++)
        if (strcmp(inputs[i], name) == 0)
            return true;
    return false;
}

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name);
    size_t end_size = strlen(end);

    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

enum { ETHERNET_IPV4 = 14 + 20, UDP = 8 };

/* The quantity from simulated frames. Where two frames tell the same length the first of them stands; figure 2 counts
 * its times from a mark before the SYN, the simulation from the SYN. False where a packet was not there. */
static bool simulate(const struct reproduce_watch *watch, const struct paper_quantity *quantity, int64_t *value)
{
    bool is_sip = ends_with(quantity->name, ", SIP");
    const struct reproduce_frame *first = reproduce_frame_of(watch, quantity->frames[0]);
    const struct reproduce_frame *second = reproduce_frame_of(watch, quantity->frames[1]);
    const struct reproduce_frame *origin = reproduce_frame_of(watch, 65);

    if (!first)
        return false;
    if (quantity->is_time && quantity->frames[1] == 0) {
        *value = origin ? first->at_ns - origin->at_ns : 0;
        return origin != NULL;
    }
    if (quantity->is_time) {
        *value = second ? second->at_ns - first->at_ns : 0;
        return second != NULL;
    }
    *value = (int64_t)first->bytes - (is_sip ? ETHERNET_IPV4 + UDP : 0);
    if (is_sip && second) /* a later fragment has no UDP header */
        *value += (int64_t)second->bytes - ETHERNET_IPV4;
    if (ends_with(quantity->name, ", MSRP")) /* in as many segments as it takes */
        *value =
            (int64_t)watch->send_bytes[first == reproduce_frame_of(watch, 68) ? REPRODUCE_PLAIN : REPRODUCE_SEALED];
    return true;
}

static void put_value(struct table *table, bool is_known, int64_t value, bool is_time, const char *before)
{
    char shown[64], plain[32];
    struct sink shown_sink = SINK(shown), plain_sink = SINK(plain);

    if (is_known && is_time)
        sink_format(&shown_sink, "%s%.3f ms", before, (double)value / MS);
    else if (is_known)
        sink_format(&shown_sink, "%s%lld B", before, (long long)value);
    if (is_known)
        sink_format(&plain_sink, "%lld", (long long)value);
    table_cell(table, sink_written(&shown_sink), sink_written(&plain_sink));
}

static void put_quantity(struct table *table, const struct paper_quantity *figure, int64_t simulated, bool is_known)
{
    const char *source = is_input(figure->name) ? "input" : "predicted";
    int64_t difference = simulated - figure->value;

    table_row(table);
    table_same(table, span_of(figure->name));
    put_value(table, true, figure->value, figure->is_time, figure->is_bound ? "<= " : "");
    put_value(table, is_known, simulated, figure->is_time, "");
    if (figure->is_bound && is_known)
        table_cell(table, difference <= 0 ? SPAN("holds") : SPAN("does not hold"), SPAN(""));
    else
        put_value(table, is_known, difference, figure->is_time, difference > 0 ? "+" : "");
    table_same(table, span_of(figure->unit));
    table_same(table, span_of(is_known ? source : "not simulated"));
    table_same(table, span_of(figure->legibility));
}

enum err reproduce_table(const struct reproduce_watch *watch, struct table *table, struct arena *arena,
                         struct note *note)
{
    struct paper_quantities figures;
    struct paper paper;

    TRY(paper_read(span_of(paper_text), &paper, note));
    TRY(paper_derive(&paper, &figures, note));
    table_init(table, arena);
    table_column(table, "quantity", "quantity", TABLE_TEXT);
    table_column(table, "figure", "figure", TABLE_NUMBER);
    table_column(table, "simulated", "simulated", TABLE_NUMBER);
    table_column(table, "difference", "difference", TABLE_NUMBER);
    table_column(table, NULL, "unit", TABLE_TEXT);
    table_column(table, "is", "is", TABLE_TEXT);
    table_column(table, NULL, "legibility", TABLE_TEXT);
    for (uint32_t i = 0; i < figures.count; i++) {
        int64_t simulated = 0;
        bool is_known = simulate(watch, &figures.rows[i], &simulated);

        put_quantity(table, &figures.rows[i], simulated, is_known);
    }
    return ERR_OK;
}

enum err reproduce_send_bytes(int64_t *plain, int64_t *sealed, struct note *note)
{
    struct paper paper;
    struct paper_quantities figures;
    int64_t found[2] = {0, 0};

    TRY(paper_read(span_of(paper_text), &paper, note));
    TRY(paper_derive(&paper, &figures, note));
    for (uint32_t i = 0; i < figures.count; i++) {
        if (strcmp(figures.rows[i].name, "SEND, plain file, MSRP") == 0)
            found[0] = figures.rows[i].value;
        if (strcmp(figures.rows[i].name, "SEND, sealed file, MSRP") == 0)
            found[1] = figures.rows[i].value;
    }
    *plain = found[0];
    *sealed = found[1];
    return ERR_OK;
}
