/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/threat_redirect.h"

enum { HALF_SIZE = 8192 };

bool threat_replace_behind(struct span text, const char *mark, const char *characters, const char *other,
                           struct sink *out)
{
    size_t at = span_find(text, span_of(mark));

    if (at == text.size)
        return false;
    struct span rest = span_after(text, at + strlen(mark));
    size_t run = 0;

    while (run < rest.size && strchr(characters, rest.data[run]))
        run++;
    sink_span(out, (struct span){text.data, at + strlen(mark)});
    sink_text(out, other);
    sink_span(out, span_after(rest, run));
    return true;
}

#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"

static struct span run_behind(struct span text, const char *mark, const char *characters)
{
    size_t at = span_find(text, span_of(mark));
    struct span rest = at < text.size ? span_after(text, at + strlen(mark)) : (struct span){0};
    size_t run = 0;

    while (run < rest.size && strchr(characters, rest.data[run]))
        run++;
    rest.size = run;
    return rest;
}

/* Keeps where a description led at first: of several devices that answer, the first takes the file. False: nowhere. */
static bool keep_end(struct threat_end *end, struct span host, struct span port)
{
    struct sink sink = SINK(end->host);
    uint64_t number;

    if (host.size == 0 || span_cut_number(&port, &number) != ERR_OK || number > UINT16_MAX)
        return false;
    if (end->port != 0)
        return true;
    sink_span(&sink, host);
    sink_string(&sink);
    end->port = (uint16_t)number;
    return !sink.overflow;
}

/* a=path of somebody who is connected to by that; for relays he is one more, in front. */
static bool redirect_path(const struct threat_attacker *attacker, struct span text, struct threat_end *end,
                          struct sink *out)
{
    static const char *const marks[] = {"a=path:msrp://", "a=path:msrps://"};
    bool is_relay = attacker->arm->path == PATH_RELAYS;

    for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
        struct span host = run_behind(text, marks[i], HOST_CHARACTERS);
        char other_text[80];
        struct sink other = SINK(other_text);

        if (host.size == 0)
            continue;
        struct span port = span_after(text, (size_t)(host.data - text.data) + host.size + 1);

        sink_format(&other, "%s:%d%s", SIM_TAMPER_HOST, SIM_TAMPER_PORT, is_relay ? "/m;tcp msrps://" : "");
        sink_string(&other);
        return keep_end(end, host, port) &&
               threat_replace_behind(text, marks[i], is_relay ? "" : HOST_CHARACTERS ":", other_text, out);
    }
    return false;
}

/* c= and m=, by which those connect that have said a=msrp-cema. */
static bool redirect_media(struct span text, struct threat_end *end, struct sink *out)
{
    static const char address[] = "c=IN IP4 ", media[] = "m=message ";
    char half_text[HALF_SIZE], port_text[8];
    struct sink half = SINK(half_text), port = SINK(port_text);

    sink_format(&port, "%d", SIM_TAMPER_PORT);
    sink_string(&port);
    return keep_end(end, run_behind(text, address, HOST_CHARACTERS), run_behind(text, media, "0123456789")) &&
           threat_replace_behind(text, address, HOST_CHARACTERS, SIM_TAMPER_HOST, &half) && !half.overflow &&
           threat_replace_behind(sink_written(&half), media, "0123456789", port_text, out);
}

/* Whether the description goes between the two neighbours that he has chosen, the first that have one, and what of. Who
 * is at a node sees only what that sends: the offer to one neighbour, the answer to the other. */
static struct threat_end *end_of(struct threat_attacker *attacker, const struct sim_unit *unit)
{
    struct threat_detour *detour = &attacker->detour;
    bool is_node = attacker->place->role != NULL;

    if (!detour->from)
        *detour = (struct threat_detour){.from = unit->from, .to = unit->to};
    bool is_there = strcmp(unit->to, detour->to) == 0;

    if (is_there && (is_node || strcmp(unit->from, detour->from) == 0))
        return &detour->offer;
    if (!is_there && (is_node || (strcmp(unit->from, detour->to) == 0 && strcmp(unit->to, detour->from) == 0)))
        return &detour->answer;
    return NULL;
}

bool threat_redirect(struct threat_attacker *attacker, const struct threat_message *message, struct sink *out)
{
    struct threat_end *end = end_of(attacker, message->unit);
    bool is_moved = end && (attacker->arm->path == PATH_AGWS ? redirect_media(message->body, end, out)
                                                             : redirect_path(attacker, message->body, end, out));

    return is_moved && !out->overflow;
}

bool threat_onward(void *context, const char *from, struct sim_address *to)
{
    const struct threat_detour *detour = &((const struct threat_attacker *)context)->detour;
    bool is_named = strcmp(from, detour->answer.host) == 0 && strcmp(from, detour->offer.host) != 0;
    bool is_answerer = is_named || detour->answer.host[0] == 0;
    const struct threat_end *end = is_answerer ? &detour->offer : &detour->answer;

    *to = (struct sim_address){end->host, end->port};
    return end->host[0] != 0;
}
