/* SPDX-License-Identifier: GPL-3.0-or-later */
/* SIP towards a hop that never answers: when messages are sent again and when the sender gives up. */
#include "bench/harness/validation.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/proto/sip_ua.h"

/* How a user agent sends the message that is not answered. */
typedef void start_fn(struct sip_ua *ua, struct sip_outbox *out, struct arena *arena);

struct subject {
    const struct sip_timers *timers;
    start_fn *start;
    int64_t expected_ms[VALIDATION_VALUES_MAX]; /* after the first; the last one is the end; ends with 0 */
};

static const struct sip_hop hop_p_cscf = {0xC0A85080, 4060, SIP_UDP};
static const char alice[] = "sip:alice@open-ims.test", bob[] = "sip:bob@open-ims.test";

static struct sip_ua *make_ua(struct arena *arena, const char *user, const char *host, const struct sip_timers *timers)
{
    static const char *const routes[] = {"sip:pcscf.open-ims.test:4060;lr", "sip:orig@scscf.open-ims.test:6060;lr",
                                         NULL};
    const struct sip_ua_config config = {.user = user,
                                         .domain = "open-ims.test",
                                         .host = host,
                                         .port = 5060,
                                         .transport = SIP_UDP,
                                         .p_cscf = hop_p_cscf,
                                         .routes = routes,
                                         .identity = 1,
                                         .timers = *timers};

    return sip_ua_create(arena, &config);
}

static void start_invite(struct sip_ua *ua, struct sip_outbox *out, struct arena *arena)
{
    (void)arena;
    sip_ua_invite(ua, 0, bob, SPAN("v=0\r\n"), out);
}

static void start_message(struct sip_ua *ua, struct sip_outbox *out, struct arena *arena)
{
    static const char text[] = "part";
    struct source *source = arena_alloc(arena, sizeof(*source));

    *source = source_memory(text);
    const struct sip_ua_message message = {
        .target = bob, .content_type = "text/plain", .body = {source, 0, sizeof(text) - 1}};

    sip_ua_message(ua, 0, &message, out);
}

/* Another user's INVITE arrives and is answered; nobody acknowledges the 200. */
static void start_answer(struct sip_ua *ua, struct sip_outbox *out, struct arena *arena)
{
    struct sip_ua *caller = make_ua(arena, "bob", "192.168.80.3", &sip_timers_core);
    struct sip_outbox *sent = arena_alloc(arena, sizeof(*sent));

    sip_ua_invite(caller, 0, alice, SPAN("v=0\r\n"), sent);
    check(sent->count == 1);
    sip_ua_receive(ua, 0, hop_p_cscf, sent->items[0].head, sent->items[0].body, out);
    sip_ua_answer(ua, 0, SPAN("v=0\r\n"), out);
}

static void note_instant(struct validation_result *result, const struct subject *subject, int64_t at_ns)
{
    validation_add(result, subject->expected_ms[result->count] * MS, at_ns);
}

/* The user agent is called when it asked to be: what it sends then is a retransmission, or it says that time is up. */
static enum err run_dead_hop(const struct validation_row *row, const struct validation_effort *effort,
                             struct validation_result *result, struct note *note)
{
    const struct subject *subject = row->subject;
    struct sip_ua *ua = make_ua(effort->arena, "alice", "192.168.80.1", subject->timers);
    struct sip_outbox *out = arena_alloc(effort->arena, sizeof(*out));
    bool is_over = false;

    (void)note;
    subject->start(ua, out, effort->arena);
    while (!is_over && out->wake_ns != INT64_MAX && result->count < VALIDATION_VALUES_MAX - 1) {
        int64_t now_ns = out->wake_ns;

        sip_ua_wake(ua, now_ns, out);
        for (uint32_t i = 0; i < out->count; i++) {
            is_over = is_over || out->items[i].action == SIP_TIMED_OUT;
            if (out->items[i].action == SIP_TIMED_OUT || out->items[i].is_again)
                note_instant(result, subject, now_ns);
        }
    }
    /* What was expected and did not come. */
    for (size_t i = result->count; subject->expected_ms[i] != 0; i++)
        note_instant(result, subject, -1);
    return ERR_OK;
}

static const struct subject invite_core = {
    &sip_timers_core, start_invite, {500, 1500, 3500, 7500, 15500, 31500, 32000}};
static const struct subject invite_gm = {
    &sip_timers_gm, start_invite, {2000, 6000, 14000, 30000, 62000, 126000, 128000}};
static const struct subject message_core = {
    &sip_timers_core, start_message, {500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, 32000}};
static const struct subject message_gm = {
    &sip_timers_gm, start_message, {2000, 6000, 14000, 30000, 46000, 62000, 78000, 94000, 110000, 126000, 128000}};
static const struct subject answer_core = {
    &sip_timers_core, start_answer, {500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500, 32000}};

const struct validation_row validation_sip[] = {
    {.what = "INVITE without an answer, core: sent again, given up",
     .source = "RFC 3261 section 17.1.1.2, T1 0.5 s",
     .unit = VALIDATION_NS,
     .run = run_dead_hop,
     .subject = &invite_core},
    {.what = "INVITE without an answer, Gm: sent again, given up",
     .source = "RFC 3261 section 17.1.1.2, TS 24.229 table 7.7.1",
     .unit = VALIDATION_NS,
     .run = run_dead_hop,
     .subject = &invite_gm},
    {.what = "MESSAGE without an answer, core: sent again, given up",
     .source = "RFC 3261 section 17.1.2.2, T2 4 s",
     .unit = VALIDATION_NS,
     .run = run_dead_hop,
     .subject = &message_core},
    {.what = "MESSAGE without an answer, Gm: sent again, given up",
     .source = "RFC 3261 section 17.1.2.2, TS 24.229 table 7.7.1",
     .unit = VALIDATION_NS,
     .run = run_dead_hop,
     .subject = &message_gm},
    {.what = "200 to INVITE without its ACK, core: sent again, given up",
     .source = "RFC 3261 section 13.3.1.4",
     .unit = VALIDATION_NS,
     .run = run_dead_hop,
     .subject = &answer_core},
    {.what = NULL},
};
