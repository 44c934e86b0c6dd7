/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/ladder_svg.h"
#include "sim/base/units.h"
#include "tests/unit.h"

#include <stdlib.h>

static const char *const roles[] = {"UE-A", "P-CSCF(A)", "S-CSCF(A)", "UE-B", NULL};
static char text[LADDER_SVG_SIZE];

static struct ladder_message message(uint64_t number, int64_t sent_ns, const char *from, const char *to,
                                     const char *label)
{
    return (struct ladder_message){.number = number,
                                   .sent_ns = sent_ns,
                                   .received_ns = sent_ns + 2 * MS,
                                   .from = from,
                                   .to = to,
                                   .protocol = "SIP",
                                   .label = span_of(label),
                                   .bytes = 1000,
                                   .dwell_ns = NONE_NS};
}

static const char *draw(const struct ladder_message *messages, size_t count)
{
    static const struct ladder_svg_part parts[] = {{"processing", 3 * MS}, {"queueing", 0}, {"crypto", MS}};
    const struct ladder_svg_style style = {.title = "a & <b>",
                                           .roles = roles,
                                           .origin_ns = 10 * MS,
                                           .link_prefix = "#message-",
                                           .parts = parts,
                                           .part_count = 3};
    struct sink sink = {.data = text, .capacity = sizeof(text)};

    CU_ASSERT_EQUAL_FATAL(ladder_svg_write(messages, count, &style, &sink), ERR_OK);
    return sink_string(&sink);
}

static size_t count_of(const char *in, const char *what)
{
    size_t count = 0;

    for (const char *at = strstr(in, what); at; at = strstr(at + 1, what))
        count++;
    return count;
}

/* Every tag is closed by its own name, in order; attributes are quoted and hold no "<". */
static bool is_well_formed(const char *xml)
{
    const char *open[32];
    size_t depth = 0;

    for (const char *at = strchr(xml, '<'); at; at = strchr(at + 1, '<')) {
        const char *end = strchr(at, '>');
        size_t size = end ? (size_t)(end - at) : 0;

        if (!end || memchr(at + 1, '<', size - 1))
            return false;
        if (at[1] == '?' || end[-1] == '/')
            continue;
        if (at[1] != '/') {
            if (depth == 32)
                return false;
            open[depth++] = at + 1;
        } else if (depth-- == 0 || strncmp(open[depth], at + 2, size - 2) != 0) {
            return false;
        }
    }
    return depth == 0;
}

/* The number behind name="..." in the first element after `after`. */
static double attribute(const char *in, const char *after, const char *name)
{
    const char *at = strstr(in, after);

    CU_ASSERT_FATAL(at != NULL);
    at = strstr(at, name);
    CU_ASSERT_FATAL(at != NULL);
    return strtod(at + strlen(name), NULL);
}

static void test_an_arrow_links_its_message(void)
{
    struct ladder_message messages[] = {message(7, 10 * MS, "UE-A", "P-CSCF(A)", "INVITE"),
                                        message(9, 14 * MS, "P-CSCF(A)", "S-CSCF(A)", "INVITE")};
    const char *svg = draw(messages, 2);

    CU_ASSERT(is_well_formed(svg));
    CU_ASSERT_EQUAL(count_of(svg, "<a href="), 2);
    CU_ASSERT_EQUAL(count_of(svg, "<a href=\"#message-9\">"), 1);
    CU_ASSERT_EQUAL(count_of(svg, "class=\"lane\""), 3); /* UE-B has no message */
    CU_ASSERT_EQUAL(count_of(svg, ">0.000</text>"), 1);  /* times count from the origin */
    CU_ASSERT_EQUAL(count_of(svg, ">4.000</text>"), 1);
    CU_ASSERT_EQUAL(count_of(svg, "75.0 %"), 1); /* of the parts */
    CU_ASSERT_EQUAL(count_of(svg, "queueing"), 0);
}

/* What is twice as late is further down, and by more than a line of text. */
static void test_time_runs_downwards(void)
{
    struct ladder_message messages[] = {
        message(1, 10 * MS, "UE-A", "P-CSCF(A)", "one"), message(2, 10 * MS, "UE-A", "P-CSCF(A)", "two"),
        message(3, 11 * MS, "UE-A", "P-CSCF(A)", "three"), message(4, 18 * MS, "UE-A", "P-CSCF(A)", "four")};
    const char *svg = draw(messages, 4);
    double y[4];

    for (int i = 0; i < 4; i++) {
        static const char *const links[] = {"message-1\"", "message-2\"", "message-3\"", "message-4\""};

        y[i] = attribute(svg, links[i], "y1=\"");
        CU_ASSERT(i == 0 || y[i] - y[i - 1] >= 16);
    }
    CU_ASSERT(y[3] - y[2] > y[2] - y[1]);
}

static void test_lost_and_repeated_messages_are_marked(void)
{
    struct ladder_message messages[] = {message(1, 10 * MS, "UE-A", "P-CSCF(A)", "INVITE"),
                                        message(2, 20 * MS, "UE-A", "P-CSCF(A)", "INVITE")};

    messages[0].is_lost = true;
    messages[0].received_ns = NONE_NS;
    messages[1].is_again = true;
    messages[1].dwell_ns = 3 * MS;
    const char *svg = draw(messages, 2);

    CU_ASSERT_EQUAL(count_of(svg, "INVITE lost</text>"), 1);
    CU_ASSERT_EQUAL(count_of(svg, "INVITE again</text>"), 1);
    CU_ASSERT_EQUAL(count_of(svg, "kept it for 3.000 ms"), 1);
}

static void test_an_idle_stretch_is_folded(void)
{
    struct ladder_message messages[] = {message(1, 10 * MS, "UE-A", "P-CSCF(A)", "one"),
                                        message(2, 32 * SECOND, "UE-A", "P-CSCF(A)", "two")};
    const char *svg = draw(messages, 2);

    CU_ASSERT_EQUAL(count_of(svg, "31988.0 ms idle"), 1);
    CU_ASSERT(attribute(svg, "<svg", "height=\"") < 400);
}

static void test_hostile_text_is_never_interpreted(void)
{
    struct ladder_message messages[] = {
        message(1, 10 * MS, "UE-A\"><script>", "P-CSCF(A)", "</text><script>alert(1)</script>")};

    messages[0].protocol = "<img src=x onerror=alert(1)>";
    const char *svg = draw(messages, 1);

    CU_ASSERT(is_well_formed(svg));
    CU_ASSERT_EQUAL(count_of(svg, "<script"), 0);
    CU_ASSERT_EQUAL(count_of(svg, "<img"), 0);
    CU_ASSERT(count_of(svg, "&lt;script&gt;") >= 2);
}

static void test_ten_thousand_messages_stay_below_a_megabyte(void)
{
    enum { COUNT = 10000 };
    static const char *const labels[] = {"MESSAGE", "200 (MESSAGE)", "INVITE", "ACK", "BYE", "100 (INVITE)", "SEND"};
    struct ladder_message *messages = calloc(COUNT, sizeof(*messages));

    CU_ASSERT_FATAL(messages != NULL);
    for (size_t i = 0; i < COUNT; i++)
        messages[i] = message(i + 1, (int64_t)i * 7 * MS, roles[i * i % 3], roles[3 - i % 2], labels[i * 31 % 7]);
    const char *svg = draw(messages, COUNT);

    CU_ASSERT(is_well_formed(svg));
    CU_ASSERT(strlen(svg) < 1000000);
    CU_ASSERT(count_of(svg, "class=\"label\"") <= LADDER_ROWS_MAX);
    CU_ASSERT(count_of(svg, "class=\"label\"") > 3);
    free(messages);
}

static void test_no_messages_and_small_sinks(void)
{
    const struct ladder_svg_style style = {.title = "none", .roles = roles};
    char small[100];
    struct sink sink = SINK(small);

    CU_ASSERT(is_well_formed(draw(NULL, 0)));
    CU_ASSERT_EQUAL(ladder_svg_write(NULL, 0, &style, &sink), ERR_FULL);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"an arrow links its message, times count from the origin", test_an_arrow_links_its_message},
        {"time runs downwards, a line apart at least", test_time_runs_downwards},
        {"lost and repeated messages are marked, dwells drawn", test_lost_and_repeated_messages_are_marked},
        {"an idle stretch is folded", test_an_idle_stretch_is_folded},
        {"hostile text is shown, never interpreted", test_hostile_text_is_never_interpreted},
        {"ten thousand messages stay below a megabyte", test_ten_thousand_messages_stay_below_a_megabyte},
        {"no messages are a drawing, a small sink is an error", test_no_messages_and_small_sinks},
        {NULL, NULL},
    };

    return unit_run("ladder_svg", tests);
}
