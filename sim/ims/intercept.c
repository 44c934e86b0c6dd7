/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/intercept.h"
#include "sim/ims/agw.h"
#include "sim/ims/ipsec.h"
#include "sim/proto/sip.h"
#include "sim/wire/http.h"
#include "sim/wire/msrp.h"

#include <stdarg.h>

enum {
    FIRST_BYTES = 4096, /* of the memory for a unit that is not whole; it grows */
    TLS_HEADER = 5,
    DIAMETER_HEADER = 4, /* version and length */
    UDP_HEADER = 8,
    PROTOCOL_UDP = 17,
    PROTOCOL_TCP = 6,
    SEGMENT = 1400,     /* bytes of a stream in a packet of ESP; assumed: as much as fits into most links */
    REPLAY_WINDOW = 64, /* RFC 4303 section 3.4.3 */
    WHY_SIZE = 256
};

/* An association at the place: packets are sealed by the honest end before it, and opened by the other behind it. */
struct guard {
    struct esp *esp; /* NULL: nothing protects what passes */
    uint32_t sequence;
    uint32_t highest; /* of what the other end has taken */
    uint64_t seen;    /* bit i: highest - i has been */
};

struct intercept {
    struct intercept *next; /* of the world's */
    struct world *world;
    enum role from, to;
    bool ends_here, is_datagrams;
    uint32_t flow;
    void *context;
    intercept_put_fn *put;
    struct guard guard;
    char *bytes; /* what is not whole yet */
    size_t size, capacity;
};

struct sim_onward {
    struct intercept *intercept;
    int kind;
    bool has_gone; /* something has been put */
};

static const struct sim_tamper *tamper_of(const struct world *world)
{
    return world->trial->tamper;
}

bool intercept_is_on(const struct world *world)
{
    return tamper_of(world) != NULL && world->wants_bytes;
}

bool intercept_is_credulous(const struct world *world)
{
    return tamper_of(world) && tamper_of(world)->is_credulous;
}

void intercept_refused(const struct world *world, const char *format, ...)
{
    const struct sim_tamper *tamper = tamper_of(world);
    char text[WHY_SIZE];
    struct sink sink = SINK(text);
    va_list list;

    if (!tamper || !tamper->refused)
        return;
    va_start(list, format);
    sink_format_list(&sink, format, list);
    va_end(list);
    tamper->refused(tamper->context, sink_string(&sink));
}

/* ---- Places ---- */

static bool is_role(const struct world *world, enum role role, const char *label)
{
    return label && world->sites[role].label && strcmp(world->sites[role].label, label) == 0;
}

static bool crosses(const struct world *world, enum role from, enum role to)
{
    const struct sim_tamper *tamper = tamper_of(world);

    return tamper->link_a && world->sites[from].node != world->sites[to].node &&
           net_path_crosses(world->net, world->sites[from].node, world->sites[to].node, tamper->link_a, tamper->link_b);
}

enum intercept_at intercept_place(const struct world *world, enum role from, enum role to, enum role tls_end,
                                  bool is_tls)
{
    const struct sim_tamper *tamper = tamper_of(world);

    if (!intercept_is_on(world) || !tamper->pass)
        return INTERCEPT_NOWHERE;
    if (is_role(world, from, tamper->role) || (from == ROLE_MALLORY && world->arm->path == PATH_RELAYS))
        return INTERCEPT_PLAIN;
    if (is_role(world, to, tamper->role))
        return !is_tls || tls_end == to ? INTERCEPT_SEEN : INTERCEPT_NOWHERE;
    return crosses(world, from, to) ? INTERCEPT_WIRE : INTERCEPT_NOWHERE;
}

static bool is_between_ues(const struct world *world, enum role from, enum role to)
{
    return world->arm->path == PATH_AGWS && role_is_ue(from) && role_is_ue(to);
}

/* Whether TLS that gateways pass on goes by the host of who tampers. */
static bool leads_to_him(const struct world *world, enum role next)
{
    return next == ROLE_MALLORY || agw_leads_to(world->agws[ROLE_AGW_A], ROLE_MALLORY) ||
           agw_leads_to(world->agws[ROLE_AGW_B], ROLE_MALLORY);
}

/* Whether it crosses the place. */
static bool passes_place(const struct world *world, enum role from, enum role to)
{
    enum role gateways[2] = {ROLE_AGW_A, ROLE_AGW_B}, at = from;
    bool passes = false, is_back = from == ROLE_UE_B;

    for (int i = 0; i < 2 && is_between_ues(world, from, to); i++) {
        enum role gateway = gateways[is_back ? 1 - i : i];

        passes = passes || crosses(world, at, gateway) || is_role(world, gateway, tamper_of(world)->role);
        at = gateway;
    }
    return passes || crosses(world, at, to);
}

const struct party *intercept_stand_in(const struct world *world, enum role from, enum role next, enum role to,
                                       bool by_fingerprint)
{
    const struct sim_tamper *tamper = tamper_of(world);

    if (!intercept_is_on(world) || !tamper->stand_in || from == ROLE_MALLORY || to == ROLE_MALLORY)
        return NULL;
    bool passes =
        tamper->has_host ? is_between_ues(world, from, to) && leads_to_him(world, next) : passes_place(world, from, to);

    return passes ? tamper->stand_in(tamper->context, world->sites[to].host_name, by_fingerprint) : NULL;
}

/* ---- ESP ---- */

static void guard_open(struct intercept *intercept)
{
    struct world *world = intercept->world;
    const struct esp_association *association = NULL;
    struct note note = {{0}};

    if (tamper_of(world)->link_a)
        association =
            ipsec_at_link(world, intercept->from, intercept->to, tamper_of(world)->link_a, tamper_of(world)->link_b);
    if (!association || intercept->guard.esp)
        return;
    enum err error = esp_create(&intercept->guard.esp, world->arena, association, &note);

    check(error == ERR_OK);
}

/* Whether the other end has not seen this number yet. */
static bool guard_is_new(struct guard *guard, uint32_t sequence)
{
    if (sequence > guard->highest) {
        uint32_t ahead = sequence - guard->highest;

        guard->seen = ahead < REPLAY_WINDOW ? guard->seen << ahead | 1 : 1;
        guard->highest = sequence;
        return true;
    }
    uint32_t behind = guard->highest - sequence;

    if (behind >= REPLAY_WINDOW || guard->seen >> behind & 1)
        return false;
    guard->seen |= UINT64_C(1) << behind;
    return true;
}

/* A packet of ESP at its other end: opened and goes on, or refused. */
static bool guard_take(struct intercept *intercept, struct span packet)
{
    struct world *world = intercept->world;
    uint8_t *payload = arena_alloc(world->arena, packet.size + 1);
    struct esp_opened opened;
    size_t head = intercept->is_datagrams ? UDP_HEADER : 0;

    if (esp_open(intercept->guard.esp, packet, payload, packet.size, &opened) != ERR_OK) {
        intercept_refused(world, "ESP: a packet does not hold");
        return false;
    }
    if (!guard_is_new(&intercept->guard, opened.sequence)) {
        intercept_refused(world, "ESP: a packet came again");
        return false;
    }
    if (opened.size < head)
        return false;
    intercept->put(intercept->context, (struct span){(char *)payload + head, opened.size - head});
    return true;
}

/* ---- Units ---- */

void sim_onward_put(struct sim_onward *onward, struct span bytes)
{
    struct intercept *intercept = onward->intercept;

    if (intercept->ends_here)
        return;
    if (onward->kind == SIM_UNIT_ESP)
        onward->has_gone = guard_take(intercept, bytes) || onward->has_gone;
    else
        intercept->put(intercept->context, bytes);
}

/* True: what was put has gone on as it is. */
static bool pass(struct intercept *intercept, int kind, struct span bytes)
{
    const struct sim_tamper *tamper = tamper_of(intercept->world);
    const struct site *sites = intercept->world->sites;
    struct sim_onward onward = {intercept, kind, false};
    struct sim_unit unit = {.kind = kind,
                            .from = sites[intercept->from].label,
                            .to = sites[intercept->to].label,
                            .flow = intercept->flow,
                            .ends_here = intercept->ends_here,
                            .bytes = bytes};

    tamper->pass(tamper->context, &unit, &onward);
    return onward.has_gone;
}

/* Bytes below UDP or TCP as a packet of ESP. A segment that is refused is sent again by TCP, as it was. */
static void pass_guarded(struct intercept *intercept, struct span bytes)
{
    struct world *world = intercept->world;
    size_t head = intercept->is_datagrams ? UDP_HEADER : 0, room = head + bytes.size;
    char *payload = arena_alloc(world->arena, room + 1), *sealed = arena_alloc(world->arena, room + ESP_ADDED_MAX);
    struct sink inner = {.data = payload, .capacity = room},
                packet = {.data = sealed, .capacity = room + ESP_ADDED_MAX};

    if (intercept->is_datagrams) {
        sink_u16(&inner, world->sites[intercept->from].sip_port);
        sink_u16(&inner, world->sites[intercept->to].sip_port);
        sink_u16(&inner, (uint16_t)room);
        sink_u16(&inner, 0);
    }
    sink_span(&inner, bytes);
    enum err error = esp_seal(intercept->guard.esp, ++intercept->guard.sequence,
                              intercept->is_datagrams ? PROTOCOL_UDP : PROTOCOL_TCP, sink_written(&inner), &packet);

    check(error == ERR_OK && !inner.overflow && !packet.overflow);
    if (!pass(intercept, SIM_UNIT_ESP, sink_written(&packet)) && !intercept->is_datagrams && !intercept->ends_here)
        intercept->put(intercept->context, bytes);
}

static bool is_sip(struct span text)
{
    struct span line = {text.data, span_find(text, SPAN("\r\n"))};

    return span_starts(text, SPAN("SIP/2.0 ")) || span_find(line, SPAN(" SIP/2.0")) < line.size;
}

/* Size of an MSRP message: its end-line has the transaction ID, which does not occur in its body. */
static size_t msrp_size(struct span text)
{
    struct span rest = span_after(text, sizeof("MSRP ") - 1);
    struct span id = {rest.data, span_find_byte(rest, ' ')};
    char end_text[MSRP_END_LINE_MAX];
    struct sink end = SINK(end_text);

    if (id.size == rest.size || id.size > MSRP_IDENT_MAX)
        return id.size > MSRP_IDENT_MAX ? text.size : 0;
    sink_text(&end, "-------");
    sink_span(&end, id);
    size_t at = span_find(text, sink_written(&end)), size = at + end.size + 3;

    return size <= text.size ? size : 0;
}

static size_t http_size(struct span text)
{
    struct http_head head;
    size_t size;

    if (http_parse_head(text, &head, &size) != ERR_OK)
        return 0;
    size += head.has_length ? (size_t)head.length : 0;
    return size <= text.size ? size : 0;
}

static size_t sip_size(struct span text)
{
    size_t head;
    uint64_t body;

    if (sip_frame(text, &head, &body) != ERR_OK)
        return 0;
    return head + body <= text.size ? (size_t)(head + body) : 0;
}

/* Bytes of the unit at the front of text and its kind; 0: it is not whole. */
static size_t unit_size(struct span text, int *kind)
{
    const uint8_t *bytes = (const uint8_t *)text.data;

    if (text.size < TLS_HEADER)
        return 0;
    if (bytes[0] >= 20 && bytes[0] <= 23 && bytes[1] == 3) {
        size_t size = TLS_HEADER + ((size_t)bytes[3] << 8 | bytes[4]);

        *kind = SIM_UNIT_TLS;
        return size <= text.size ? size : 0;
    }
    if (bytes[0] == 1) {
        size_t size = (size_t)bytes[1] << 16 | (size_t)bytes[2] << 8 | bytes[3];

        *kind = SIM_UNIT_DIAMETER;
        return size >= DIAMETER_HEADER && size <= text.size ? size : 0;
    }
    if (span_starts(text, SPAN("MSRP "))) {
        *kind = SIM_UNIT_MSRP;
        return msrp_size(text);
    }
    if (span_starts(text, SPAN("HTTP/")) || span_starts(text, SPAN("GET /")) || span_starts(text, SPAN("PUT /"))) {
        *kind = SIM_UNIT_HTTP;
        return http_size(text);
    }
    if (span_find(text, SPAN("\r\n")) == text.size)
        return 0;
    *kind = is_sip(text) ? SIM_UNIT_SIP : SIM_UNIT_OTHER;
    return *kind == SIM_UNIT_SIP ? sip_size(text) : text.size;
}

static void pass_units(struct intercept *intercept)
{
    struct span rest = {intercept->bytes, intercept->size};
    size_t size;
    int kind;

    while (rest.size > 0 && (size = unit_size(rest, &kind)) > 0) {
        pass(intercept, kind, (struct span){rest.data, size});
        rest = span_after(rest, size);
    }
    memmove(intercept->bytes, rest.data, rest.size);
    intercept->size = rest.size;
}

/* ---- Streams ---- */

static struct intercept *create(struct world *world, enum role from, enum role to)
{
    struct intercept *intercept = arena_alloc(world->arena, sizeof(*intercept));

    *intercept = (struct intercept){.next = world->intercepts,
                                    .world = world,
                                    .from = from,
                                    .to = to,
                                    .flow = world->intercepts ? world->intercepts->flow + 1 : 1};
    world->intercepts = intercept;
    return intercept;
}

struct intercept *intercept_create(struct world *world, enum role from, enum role to, bool ends_here, void *context,
                                   intercept_put_fn *put)
{
    struct intercept *intercept = create(world, from, to);

    intercept->ends_here = ends_here;
    intercept->context = context;
    intercept->put = put;
    return intercept;
}

static void reserve(struct intercept *intercept, size_t size)
{
    size_t capacity = intercept->capacity ? intercept->capacity : FIRST_BYTES;

    while (capacity < intercept->size + size)
        capacity *= 2;
    if (capacity == intercept->capacity)
        return;
    char *bytes = arena_alloc(intercept->world->arena, capacity);

    if (intercept->size > 0)
        memcpy(bytes, intercept->bytes, intercept->size);
    intercept->bytes = bytes;
    intercept->capacity = capacity;
}

void intercept_bytes(struct intercept *intercept, struct span bytes)
{
    if (intercept->world->is_warming) {
        if (!intercept->ends_here)
            intercept->put(intercept->context, bytes);
        return;
    }
    guard_open(intercept);
    if (intercept->guard.esp) {
        for (size_t at = 0; at < bytes.size; at += SEGMENT) {
            struct span rest = span_after(bytes, at);

            rest.size = rest.size < SEGMENT ? rest.size : SEGMENT;
            pass_guarded(intercept, rest);
        }
        return;
    }
    reserve(intercept, bytes.size);
    memcpy(intercept->bytes + intercept->size, bytes.data, bytes.size);
    intercept->size += bytes.size;
    pass_units(intercept);
}

void intercept_slice(struct intercept *intercept, struct slice slice)
{
    char piece[4096];

    for (uint64_t at = 0; at < slice.length;) {
        uint64_t left = slice.length - at;
        size_t size = left < sizeof(piece) ? (size_t)left : sizeof(piece);

        slice_read(slice, at, piece, size);
        intercept_bytes(intercept, (struct span){piece, size});
        at += size;
    }
}

/* ---- Datagrams ---- */

static struct intercept *of_datagrams(struct world *world, enum role from, enum role to)
{
    for (struct intercept *intercept = world->intercepts; intercept; intercept = intercept->next)
        if (intercept->is_datagrams && intercept->from == from && intercept->to == to)
            return intercept;
    struct intercept *made = create(world, from, to);

    made->is_datagrams = true;
    return made;
}

bool intercept_datagram(struct world *world, enum role from, enum role to, const struct slice *slices, uint32_t count,
                        void *context, intercept_put_fn *put)
{
    enum intercept_at at = intercept_place(world, from, to, to, false);
    uint64_t size = 0, filled = 0;

    if (at == INTERCEPT_NOWHERE || world->is_warming)
        return false;
    for (uint32_t i = 0; i < count; i++)
        size += slices[i].length;
    char *bytes = arena_alloc(world->arena, size + 1);

    for (uint32_t i = 0; i < count; filled += slices[i++].length)
        slice_read(slices[i], 0, bytes + filled, (size_t)slices[i].length);
    struct intercept *intercept = of_datagrams(world, from, to);

    intercept->ends_here = at == INTERCEPT_SEEN;
    intercept->context = context;
    intercept->put = put;
    guard_open(intercept);
    if (intercept->guard.esp)
        pass_guarded(intercept, (struct span){bytes, size});
    else
        pass(intercept, SIM_UNIT_SIP, (struct span){bytes, size});
    return at != INTERCEPT_SEEN;
}

void intercepts_free(struct world *world)
{
    for (struct intercept *intercept = world->intercepts; intercept; intercept = intercept->next) {
        esp_free(intercept->guard.esp);
        intercept->guard.esp = NULL;
    }
}
