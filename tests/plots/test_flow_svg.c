/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/flow_svg.h"
#include "plots/ladder_flow.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEAD "number,sent_ns,received_ns,from,to,protocol,label,bytes,dwell_ns,is_again\n"

static char path[64];
static char text[4 * LADDER_SVG_SIZE];
static struct note note;

static void save(const char *content)
{
    struct sink sink = SINK(path);

    sink_text(&sink, "/tmp/hopsim-flow-svg-XXXXXX");
    sink_string(&sink);
    int file = mkstemp(path);

    CU_ASSERT_FATAL(file >= 0);
    FILE *stream = fdopen(file, "w");

    fputs(content, stream);
    fclose(stream);
    note = (struct note){{0}};
}

static enum err draw(const struct flow_drawing *drawings, size_t count)
{
    struct sink sink = SINK(text);
    enum err error = flow_svg_write(drawings, count, false, &sink, &note);

    sink_string(&sink);
    return error;
}

static size_t count_of(const char *wanted)
{
    size_t count = 0;

    for (const char *at = text; (at = strstr(at, wanted)); at++)
        count++;
    return count;
}

static void test_two_stand_side_by_side(void)
{
    save(HEAD "1,0,1000000,UE-A,P-CSCF(A),SIP,INVITE,900,,0\n");
    const struct flow_drawing drawings[] = {{.csv = path, .title = "one", .from_ns = NONE_NS},
                                            {.csv = path, .title = "other", .from_ns = NONE_NS}};

    CU_ASSERT_EQUAL(draw(drawings, 2), ERR_OK);
    CU_ASSERT_EQUAL(count_of("<svg "), 3);
    CU_ASSERT_EQUAL(count_of("</svg>"), 3);
    CU_ASSERT_EQUAL(count_of("<?xml"), 1);
    CU_ASSERT_EQUAL(count_of(" x=\"0\">\n<title>one"), 1);
    CU_ASSERT_PTR_NULL(strstr(text, " x=\"0\">\n<title>other"));
    unlink(path);
}

static void test_before_the_press_is_left_out(void)
{
    save(HEAD "1,0,1000000,UE-A,P-CSCF(A),SIP,REGISTER,900,,0\n2,5000000,7000000,UE-A,P-CSCF(A),SIP,INVITE,900,,0\n");
    struct flow_drawing drawing = {.csv = path, .title = "t", .from_ns = 4000000};

    CU_ASSERT_EQUAL(draw(&drawing, 1), ERR_OK);
    CU_ASSERT_PTR_NULL(strstr(text, "REGISTER"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ">1.000</text>")); /* INVITE, 1 ms after the press */
    drawing.from_ns = 90000000;                            /* nothing followed: all of it is shown */
    CU_ASSERT_EQUAL(draw(&drawing, 1), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "REGISTER"));
    unlink(path);
}

static void test_other_peoples_text_is_escaped(void)
{
    save(HEAD "1,0,1,<script>a,\"b\"\"onload=\",SIP,<script>alert(1)</script>,9,,0\n");
    const struct flow_drawing drawing = {.csv = path, .title = "</title><script>", .from_ns = NONE_NS};

    CU_ASSERT_EQUAL(draw(&drawing, 1), ERR_OK);
    CU_ASSERT_EQUAL(count_of("<script"), 0);
    CU_ASSERT_EQUAL(count_of("\"onload"), 0);
    unlink(path);
}

static void test_a_row_without_time_is_named(void)
{
    save(HEAD "1,0,1,a,b,SIP,x,9,,0\n2,,1,a,b,SIP,x,9,,0\n");
    const struct flow_drawing drawing = {.csv = path, .title = "t", .from_ns = NONE_NS};

    CU_ASSERT_EQUAL(draw(&drawing, 1), ERR_SYNTAX);
    CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "row 2"));
    unlink(path);
}

static void test_roles_stand_where_they_are(void)
{
    static const char *const order[] = {"UE-A",    "P-CSCF(A)",  "IMS-AGW(A)", "I-CSCF(A)", "S-CSCF(A)",
                                        "relay 1", "somebody",   "I-CSCF(B)",  "HSS(B)",    "S-CSCF(B)",
                                        "AS of B", "IMS-AGW(B)", "P-CSCF(B)",  "UE-B",      NULL};

    for (int i = 0; order[i + 1]; i++)
        CU_ASSERT(ladder_place(order[i]) < ladder_place(order[i + 1]));
    CU_ASSERT_EQUAL(ladder_place("UE-B 3"), ladder_place("UE-B"));

    save(HEAD "1,0,1,UE-B 2,relay 2,SIP,x,9,,0\n2,2,3,UE-B,relay 1,SIP,x,9,,0\n3,4,5,AS of A,UE-A,SIP,x,9,,0\n");
    const struct flow_drawing drawing = {.csv = path, .title = "t", .from_ns = NONE_NS};

    CU_ASSERT_EQUAL(draw(&drawing, 1), ERR_OK);
    const char *at = text;
    static const char *const wanted[] = {">UE-A<", ">AS of A<", ">relay 1<", ">relay 2<", ">UE-B<", ">UE-B 2<", NULL};

    for (int i = 0; wanted[i]; i++) {
        at = strstr(at, wanted[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    }
    unlink(path);
}

static void test_a_long_name_stands_in_two_lines(void)
{
    save(HEAD "1,0,1,p-cscf 192.0.2.100:5060,ue 192.0.2.1:5060,SIP,x,9,,0\n");
    const struct flow_drawing drawing = {.csv = path, .title = "t", .from_ns = NONE_NS};

    CU_ASSERT_EQUAL(draw(&drawing, 1), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ">p-cscf</text>"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, ">192.0.2.100:5060</text>"));
    unlink(path);
}

/* The rows of the drawing: how many messages they stand for, and whether any two are closer than a line of text. */
static size_t count_shown(bool *is_readable)
{
    static const char label[] = "<text class=\"label\"";
    double before = -1000;
    size_t shown = 0;

    *is_readable = true;
    for (const char *at = strstr(text, label); at; at = strstr(at + 1, label)) {
        const char *end = strstr(at, "</text>"), *y = strstr(at, " y=\""), *times = strstr(at, " × ");

        CU_ASSERT_FATAL(end && y && y < end);
        *is_readable = *is_readable && strtod(y + 4, NULL) - before >= 12;
        before = strtod(y + 4, NULL);
        shown += times && times < end ? strtoul(times + strlen(" × "), NULL, 10) : 1;
    }
    return shown;
}

/* A file in MESSAGEs over six hops, each with its 200, to which each label adds its own text. */
static void save_ten_thousand(const char *label)
{
    static const char *const hops[] = {"UE-A", "P-CSCF(A)", "S-CSCF(A)", "S-CSCF(B)", "P-CSCF(B)", "UE-B"};
    size_t capacity = 16 << 20;
    struct sink sink = {.data = malloc(capacity), .capacity = capacity};

    CU_ASSERT_FATAL(sink.data != NULL);
    sink_text(&sink, HEAD);
    for (size_t i = 0; i < 10000; i++) {
        size_t hop = i % 10 < 5 ? i % 10 : 9 - i % 10, to = i % 10 < 5 ? hop + 1 : hop,
               from = i % 10 < 5 ? hop : hop + 1;

        sink_format(&sink, "%zu,%zu,%zu,%s,%s,SIP,\"%s %zu%s\",1300,,0\n", i + 1, i * 2000000, i * 2000000 + 1500000,
                    hops[from], hops[to], i % 10 < 5 ? "MESSAGE" : "200 (MESSAGE)", i, label);
    }
    save(sink_string(&sink));
    free(sink.data);
}

static void test_ten_thousand_messages_stay_readable(void)
{
    const struct flow_drawing drawing = {.csv = path, .title = "t", .from_ns = NONE_NS, .link_prefix = "#m-"};
    bool is_readable;

    save_ten_thousand("");
    CU_ASSERT_EQUAL(draw(&drawing, 1), ERR_OK);
    CU_ASSERT(strlen(text) < 1000000);
    CU_ASSERT_EQUAL(count_shown(&is_readable), 10000); /* grouped and counted, none left out */
    CU_ASSERT(is_readable);
    unlink(path);
}

/* Labels that all differ are not grouped; of quotes and brackets their markup is six times as long. */
static void test_ten_thousand_hostile_messages_stay_small(void)
{
    static const char label[] = "x\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"<<<<<<<<<<>>>>>>>>>>&&&&&&&&&&''";
    const struct flow_drawing drawing = {.csv = path, .title = "t", .from_ns = NONE_NS, .link_prefix = "#m-"};
    char own[256];
    struct sink sink = SINK(own);
    bool is_readable;

    sink_format(&sink, "%s", label);
    save_ten_thousand(sink_string(&sink));
    CU_ASSERT_EQUAL(draw(&drawing, 1), ERR_OK);
    CU_ASSERT(strlen(text) < 1000000);
    CU_ASSERT(count_shown(&is_readable) > 0);
    CU_ASSERT(is_readable);
    unlink(path);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"two call flows stand side by side", test_two_stand_side_by_side},
        {"what came before the press is left out", test_before_the_press_is_left_out},
        {"text of others is escaped", test_other_peoples_text_is_escaped},
        {"a row without its time is named", test_a_row_without_time_is_named},
        {"roles stand where they are in a network", test_roles_stand_where_they_are},
        {"a long name stands in two lines", test_a_long_name_stands_in_two_lines},
        {"ten thousand messages stay readable, below a megabyte", test_ten_thousand_messages_stay_readable},
        {"ten thousand hostile ones stay below a megabyte", test_ten_thousand_hostile_messages_stay_small},
        {NULL, NULL},
    };

    return unit_run("flow_svg", tests);
}
