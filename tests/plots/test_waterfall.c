/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/waterfall.h"
#include "sim/base/units.h"
#include "tests/unit.h"

#include <math.h>

static const struct waterfall_part parts[] = {
    {"processing", 30 * MS}, {"queueing", 0},    {"transmission", 50 * MS}, {"propagation", 10 * MS},
    {"crypto", 9999 * US},   {"timer", NONE_NS}, {"answering", 0},          {"feedback", 1 * US},
};
enum { PARTS = sizeof(parts) / sizeof(*parts) };

static char text[WATERFALL_TEXT_SIZE];

static const char *write(unsigned width, bool is_unicode)
{
    struct waterfall_style style = {.width = width, .is_unicode = is_unicode};
    struct sink sink = SINK(text);

    waterfall_write(parts, PARTS, &style, &sink);
    CU_ASSERT_FALSE(sink.overflow);
    return sink_string(&sink);
}

static const char *write_bars(const struct waterfall_bar *bars, size_t count, unsigned width)
{
    struct waterfall_style style = {.width = width, .is_unicode = width % 2 == 0};
    struct sink sink = SINK(text);

    waterfall_bars(bars, count, &style, &sink);
    CU_ASSERT_FALSE(sink.overflow);
    return sink_string(&sink);
}

static unsigned widest(const char *lines)
{
    unsigned most = 0;
    unsigned columns = 0;

    for (; *lines; lines++) {
        columns = *lines == '\n' ? 0 : columns + (((unsigned char)*lines & 0xc0) != 0x80);
        most = columns > most ? columns : most;
    }
    return most;
}

static size_t marks_in_line(const char *lines, const char *name)
{
    size_t marks = 0;

    for (const char *c = strstr(lines, name); *c != '\n'; c++)
        marks += *c == '#';
    return marks;
}

static void test_every_line_fits(void)
{
    for (unsigned width = 0; width <= 250; width++) {
        unsigned room = width < 60 ? 60 : width > 200 ? 200 : width;

        CU_ASSERT(widest(write(width, false)) <= room);
        CU_ASSERT(widest(write(width, true)) <= room);
    }
}

static void test_figures_are_ms_and_percent(void)
{
    const char *lines = write(80, false);

    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "     50.000 ms  50.0 %"));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "    100.000 ms 100.0 %"));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "timer\n"));
}

/* 136 - 12 - 22 - 2 columns are 100: a column a percent. */
static void test_bars_are_in_proportion(void)
{
    const char *lines = write(136, false);

    CU_ASSERT_EQUAL(marks_in_line(lines, "processing"), 30);
    CU_ASSERT_EQUAL(marks_in_line(lines, "transmission"), 50);
    CU_ASSERT_EQUAL(marks_in_line(lines, "propagation"), 10);
    CU_ASSERT_EQUAL(marks_in_line(lines, "queueing"), 0);
}

static void test_each_bar_begins_where_the_last_ended(void)
{
    const char *lines = write(136, false);
    const char *line = strstr(lines, "transmission");

    CU_ASSERT_EQUAL(strchr(line, '#') - line, 12 + 2 + 30);
}

static void test_nothing_is_no_division_by_zero(void)
{
    struct waterfall_part none[] = {{"processing", 0}, {"crypto", NONE_NS}};
    struct waterfall_style style = {.width = 80};
    struct sink sink = SINK(text);

    waterfall_write(none, 2, &style, &sink);
    CU_ASSERT_PTR_NOT_NULL(strstr(sink_string(&sink), "0.000 ms   0.0 %"));
}

static void test_bars_of_arms(void)
{
    struct waterfall_bar bars[] = {{"message-tls", 80, 70, 90, false},
                                   {"msrp-smime", 45, 44, 46, true},
                                   {"msrp-relay", 30, NAN, NAN, false},
                                   {"a name far too long for any table of arms", NAN, NAN, NAN, false},
                                   {"with\x1b[1mcolour", 1e6, INFINITY, INFINITY, false}};

    for (unsigned width = 0; width <= 250; width++)
        CU_ASSERT(widest(write_bars(bars, 5, width)) <= (width < 60 ? 60 : width > 200 ? 200 : width));
    const char *lines = write_bars(bars, 4, 99);

    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "80.000 ms +-10"));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "30.000 ms\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "nothing delivered"));
    CU_ASSERT_PTR_NULL(strchr(write_bars(bars, 5, 99), '\x1b'));
}

static void test_a_bar_far_longer_is_cut(void)
{
    struct waterfall_bar bars[] = {{"msrp-smime", 600, 590, 610, true}, {"message-tls", 109000, 108000, 110000, false}};
    struct waterfall_style style = {.width = 80};
    struct sink sink = SINK(text);

    waterfall_bars(bars, 2, &style, &sink);
    sink_string(&sink);
    char *second = strchr(text, '\n');

    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    CU_ASSERT_PTR_NOT_NULL(strstr(second, "##~"));
    CU_ASSERT_PTR_NOT_NULL(strstr(second, "109000.000 ms"));
    *second = 0;
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "##########")); /* the marked one can be seen */
    CU_ASSERT_PTR_NULL(strchr(text, '~'));
}

static void test_plain_has_no_bars(void)
{
    struct waterfall_bar bar = {"msrp-smime", 600, 590, 610, true};
    struct waterfall_part part = {"processing", 5000000};
    struct waterfall_style style = {.width = 80, .is_plain = true};
    struct sink sink = SINK(text);

    waterfall_bars(&bar, 1, &style, &sink);
    CU_ASSERT_EQUAL(sink.size, 0);
    waterfall_write(&part, 1, &style, &sink);
    CU_ASSERT_PTR_NULL(strchr(sink_string(&sink), '#'));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "5.000 ms 100.0 %"));
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"every line fits every width", test_every_line_fits},
        {"figures are milliseconds and percent, an absent part has none", test_figures_are_ms_and_percent},
        {"bars are in proportion", test_bars_are_in_proportion},
        {"each bar begins where the last ended", test_each_bar_begins_where_the_last_ended},
        {"a delay of nothing divides nothing by zero", test_nothing_is_no_division_by_zero},
        {"bars of arms show mean and half width", test_bars_of_arms},
        {"a bar far longer than the marked one is cut", test_a_bar_far_longer_is_cut},
        {"plain has figures and no bars", test_plain_has_no_bars},
        {NULL, NULL},
    };

    return unit_run("waterfall", tests);
}
