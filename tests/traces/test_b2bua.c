/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two legs of a back-to-back user agent are paired by what they offer and by time, and marked as guessed. */
#include "sim/base/units.h"
#include "tests/unit.h"
#include "traces/dwells.h"

#include <stdlib.h>

enum { ALICE = 1, SERVER = 2, BOB = 3, CAROL = 4 };

static struct trace trace;
static uint64_t frame;

#define AUDIO "v=0\r\no=- 1 1 IN IP4 10.0.0.%d\r\ns=-\r\nc=IN IP4 10.0.0.%d\r\nt=0 0\r\nm=audio 4000 RTP/AVP 8 101\r\n"
#define OTHER "v=0\r\no=- 1 1 IN IP4 10.0.0.%d\r\ns=-\r\nc=IN IP4 10.0.0.%d\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n"
#define FILE_OFFER                                                                                                     \
    "v=0\r\no=- 1 1 IN IP4 10.0.0.%d\r\ns=-\r\nc=IN IP4 10.0.0.%d\r\nt=0 0\r\nm=message 2855 TCP/MSRP *\r\n"

/* A message of SIP at ms milliseconds; start is its first line, dialog names Call-ID, tags and branch. */
struct line {
    int ms, from, to;
    const char *start, *method, *dialog;
    bool is_inside; /* of a dialog: it has a To tag */
    const char *body;
};

static void add(const struct line *line)
{
    char text[2048], body[512] = "";
    struct sink sink = SINK(text), body_sink = SINK(body);
    struct trace_message message = {.frame = ++frame,
                                    .first_ns = line->ms * MS,
                                    .last_ns = line->ms * MS,
                                    .protocol = TRACE_SIP,
                                    .transport = TRACE_UDP,
                                    .fragments = 1,
                                    .from = {.address = {10, 0, 0, (uint8_t)line->from}, .port = 5060},
                                    .to = {.address = {10, 0, 0, (uint8_t)line->to}, .port = 5060}};

    if (line->body) /* each leg has addresses of its own */
        for (const char *c = line->body; *c; c++) {
            if (c[0] == '%') {
                sink_number(&body_sink, (uint64_t)line->from);
                c++;
            } else {
                sink_char(&body_sink, *c);
            }
        }
    sink_format(&sink,
                "%s\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK%s%s\r\nFrom: <sip:a@x.test>;tag=1\r\n"
                "To: <sip:b@x.test>%s\r\nCall-ID: %s\r\nCSeq: 1 %s\r\nContent-Length: %zu\r\n\r\n%s",
                line->start, line->dialog, line->method, line->is_inside ? ";tag=2" : "", line->dialog, line->method,
                body_sink.size, sink_string(&body_sink));
    CU_ASSERT_TRUE_FATAL(trace_find_sip(sink_written(&sink)) == ERR_OK);
    CU_ASSERT_TRUE_FATAL(trace_read_sip(&trace, sink_written(&sink), &message));
    message.bytes = sink.size;
    trace_add(&trace, &message);
}

static const struct flow_leg *leg_into(const struct flow *flow, size_t in, bool is_guess)
{
    for (size_t i = 0; i < flow->leg_count; i++)
        if (flow->legs[i].in == in && flow->legs[i].is_guess == is_guess)
            return &flow->legs[i];
    return NULL;
}

#define INVITE "INVITE sip:b@x.test SIP/2.0", "INVITE"
#define ANSWER(status) "SIP/2.0 " status " X", "INVITE"
#define BYE "BYE sip:b@x.test SIP/2.0", "BYE"

static void begin(const struct line *lines, size_t count, struct flow *flow)
{
    static const struct trace_config config = {.keeps_text = false};
    struct note note = {{0}};

    frame = 0;
    CU_ASSERT_EQUAL_FATAL(trace_init(&trace, &config, &note), ERR_OK);
    for (size_t i = 0; i < count; i++)
        add(&lines[i]);
    CU_ASSERT_EQUAL_FATAL(flow_init(flow, &trace, NULL, 0, &note), ERR_OK);
}

static void test_call(void)
{
    static const struct line lines[] = {
        {0, ALICE, SERVER, INVITE, "a", false, AUDIO},
        {1, SERVER, ALICE, ANSWER("100"), "a", false, NULL},
        {2, SERVER, CAROL, INVITE, "c", false, FILE_OFFER}, /* another offer, sooner */
        {3, SERVER, CAROL, INVITE, "d", false, OTHER},      /* other formats, sooner */
        {5, SERVER, BOB, INVITE, "b", false, AUDIO},
        {6, BOB, SERVER, ANSWER("100"), "b", false, NULL},
        {20, BOB, SERVER, ANSWER("180"), "b", true, NULL},
        {22, SERVER, ALICE, ANSWER("180"), "a", true, NULL},
        {30, BOB, SERVER, ANSWER("200"), "b", true, NULL},
        {34, SERVER, ALICE, ANSWER("200"), "a", true, NULL},
        {90, ALICE, SERVER, BYE, "a", true, NULL},
        {91, SERVER, ALICE, "SIP/2.0 200 OK", "BYE", "a", true, NULL},
        {97, SERVER, BOB, BYE, "b", true, NULL},
        {98, BOB, SERVER, "SIP/2.0 200 OK", "BYE", "b", true, NULL},
    };
    static const struct {
        size_t in, out;
        int64_t ms;
    } legs[] = {{0, 4, 5}, {6, 7, 2}, {8, 9, 4}, {10, 12, 7}};
    struct flow flow;
    struct dwells dwells;
    struct note note = {{0}};
    size_t guesses = 0;

    begin(lines, sizeof(lines) / sizeof(*lines), &flow);
    for (size_t i = 0; i < sizeof(legs) / sizeof(*legs); i++) {
        const struct flow_leg *leg = leg_into(&flow, legs[i].in, true);

        CU_ASSERT_PTR_NOT_NULL_FATAL(leg);
        CU_ASSERT_EQUAL(leg->out, legs[i].out);
        CU_ASSERT_EQUAL(leg->dwell_ns, legs[i].ms * MS);
        CU_ASSERT_EQUAL(flow.nodes[leg->node].role, FLOW_B2BUA);
    }
    for (size_t i = 0; i < flow.leg_count; i++)
        guesses += flow.legs[i].is_guess;
    CU_ASSERT_EQUAL(guesses, 4);
    CU_ASSERT_EQUAL_FATAL(dwells_init(&dwells, &flow, true, &note), ERR_OK);
    for (size_t i = 0; i < dwells.count; i++) /* its BYE it answers itself, too */
        CU_ASSERT_TRUE(strcmp(dwells.rows[i].role, "b2bua") != 0 || dwells.rows[i].is_guess ||
                       strcmp(dwells.rows[i].kind, "BYE") == 0);
    dwells_free(&dwells);
    flow_free(&flow);
    trace_free(&trace);
}

/* What is refused at once, what leaves too late and what offers nothing alike belongs to nothing. */
static void test_no_call(void)
{
    static const struct line lines[] = {
        {0, ALICE, SERVER, INVITE, "a", false, AUDIO},       {1, SERVER, ALICE, ANSWER("401"), "a", true, NULL},
        {2, SERVER, BOB, INVITE, "b", false, AUDIO},         {5000, ALICE, SERVER, INVITE, "c", false, AUDIO},
        {5005, SERVER, BOB, INVITE, "d", false, FILE_OFFER}, {6100, SERVER, BOB, INVITE, "e", false, AUDIO},
        {6200, ALICE, SERVER, INVITE, "f", false, NULL},     {6201, SERVER, BOB, INVITE, "g", false, NULL},
    };
    struct flow flow;

    begin(lines, sizeof(lines) / sizeof(*lines), &flow);
    for (size_t i = 0; i < flow.leg_count; i++)
        CU_ASSERT_FALSE(flow.legs[i].is_guess);
    flow_free(&flow);
    trace_free(&trace);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a call through a B2BUA is one call, by guess", test_call},
        {"INVITEs that have nothing to do with one another are not paired", test_no_call},
        {.sentence = NULL},
    };

    return unit_run("b2bua", tests);
}
