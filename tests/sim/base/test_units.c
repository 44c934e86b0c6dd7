/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit.h"

#include "sim/base/units.h"

static const struct {
    const char *text;
    int64_t ns;
} times[] = {
    {"0", 0},
    {"7ns", 7},
    {"250us", 250000},
    {"20ms", 20000000},
    {"1.5s", 1500000000},
    {"2min", INT64_C(120000000000)},
    {"0.1ms", 100000},
    {"0.0000000014s", 1},     /* rounded down */
    {"0.0000000015s", 2},     /* half goes up */
    {"0.00000000149999s", 1}, /* rounded once, not digit by digit */
    {"9223372036854775807ns", INT64_MAX},
    {"9223372036.854775807s", INT64_MAX},
};

static void times_are_exact(void)
{
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct note note = {{0}};
        int64_t ns = -1;

        CU_ASSERT_EQUAL(units_read_time(span_of(times[i].text), &ns, &note), ERR_OK);
        CU_ASSERT_EQUAL(ns, times[i].ns);
    }
}

static const struct {
    const char *text;
    uint64_t bytes;
} sizes[] = {
    {"0", 0},
    {"1500B", 1500},
    {"1kB", 1000},
    {"1KiB", 1024},
    {"1.5KiB", 1536},
    {"1MiB", 1048576},
    {"10MB", 10000000},
    {"2GiB", UINT64_C(2147483648)},
    {"0.5kB", 500},
    {"1TB", UINT64_C(1000000000000)},
    {"18446744073709551615B", UINT64_MAX},
    {"64GiB", UINT64_C(68719476736)},
};

static void sizes_are_exact(void)
{
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct note note = {{0}};
        uint64_t bytes = 1;

        CU_ASSERT_EQUAL(units_read_size(span_of(sizes[i].text), &bytes, &note), ERR_OK);
        CU_ASSERT_EQUAL(bytes, sizes[i].bytes);
    }
}

static void rates_are_decimal(void)
{
    struct note note = {{0}};
    uint64_t bps = 0;

    CU_ASSERT_EQUAL(units_read_rate(SPAN("100Mbit/s"), &bps, &note), ERR_OK);
    CU_ASSERT_EQUAL(bps, 100000000);
    CU_ASSERT_EQUAL(units_read_rate(SPAN("9.6kbit/s"), &bps, &note), ERR_OK);
    CU_ASSERT_EQUAL(bps, 9600);
    CU_ASSERT_EQUAL(units_read_rate(SPAN("0"), &bps, &note), ERR_OK);
    CU_ASSERT_EQUAL(bps, 0);
}

typedef enum err read_fn(struct span text, struct note *note);

static enum err read_time(struct span text, struct note *note)
{
    int64_t ns = 12345;
    enum err error = units_read_time(text, &ns, note);

    CU_ASSERT_TRUE(error == ERR_OK || ns == 12345);
    return error;
}

static enum err read_size(struct span text, struct note *note)
{
    uint64_t bytes = 12345;
    enum err error = units_read_size(text, &bytes, note);

    CU_ASSERT_TRUE(error == ERR_OK || bytes == 12345);
    return error;
}

static enum err read_rate(struct span text, struct note *note)
{
    uint64_t bps = 12345;
    enum err error = units_read_rate(text, &bps, note);

    CU_ASSERT_TRUE(error == ERR_OK || bps == 12345);
    return error;
}

static enum err read_ratio(struct span text, struct note *note)
{
    double ratio = 12345;
    enum err error = units_read_ratio(text, &ratio, note);

    CU_ASSERT_TRUE(error == ERR_OK || (ratio > 12344 && ratio < 12346));
    return error;
}

static const struct {
    read_fn *read;
    const char *text;
    enum err error;
    const char *said; /* part of the note */
} refused[] = {
    {read_time, "20", ERR_SYNTAX, "no unit"},
    {read_time, "", ERR_SYNTAX, "20ms"},
    {read_time, "ms", ERR_SYNTAX, "20ms"},
    {read_time, "-1ms", ERR_SYNTAX, "expected a time"},
    {read_time, "20 ms", ERR_SYNTAX, "no blank"},
    {read_time, "5m", ERR_SYNTAX, "ms or min"},
    {read_time, "1.ms", ERR_SYNTAX, "expected a time"},
    {read_time, "1e3ms", ERR_SYNTAX, "expected a time"},
    {read_time, "9223372036854775808ns", ERR_RANGE, "too large"},
    {read_time, "99999999999999999999s", ERR_RANGE, "too large"},
    {read_size, "5M", ERR_SYNTAX, "MB or MiB"},
    {read_size, "10kb", ERR_SYNTAX, "kB (1,000 B) or KiB (1,024 B)"},
    {read_size, "10", ERR_SYNTAX, "no unit"},
    {read_size, "0.5B", ERR_SYNTAX, "whole number of B"},
    {read_size, "0.3KiB", ERR_SYNTAX, "whole number of B"},
    {read_size, "18446744073709551616B", ERR_RANGE, "too large"},
    {read_size, "16777216TiB", ERR_RANGE, "too large"},
    {read_rate, "5Mbps", ERR_SYNTAX, "Mbit/s"},
    {read_rate, "5MB/s", ERR_SYNTAX, "eight times"},
    {read_rate, "5M", ERR_SYNTAX, "Mbit/s"},
    {read_ratio, "1e-3", ERR_SYNTAX, "0.1%"},
    {read_ratio, "5 %", ERR_SYNTAX, "0.1%"},
    {read_ratio, "nan", ERR_SYNTAX, "0.1%"},
};

static void ambiguous_units_are_refused_with_the_right_spelling(void)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct note note = {{0}};

        CU_ASSERT_EQUAL(refused[i].read(span_of(refused[i].text), &note), refused[i].error);
        CU_ASSERT_PTR_NOT_NULL(strstr(note.text, refused[i].said));
    }
}

static void ratios_are_read_to_the_nearest_double(void)
{
    struct note note = {{0}};
    double ratio = 0;

    CU_ASSERT_EQUAL(units_read_ratio(SPAN("0.1%"), &ratio, &note), ERR_OK);
    CU_ASSERT_TRUE(ratio == 0.001);
    CU_ASSERT_EQUAL(units_read_ratio(SPAN("30%"), &ratio, &note), ERR_OK);
    CU_ASSERT_TRUE(ratio == 0.3);
    CU_ASSERT_EQUAL(units_read_ratio(SPAN("0.07"), &ratio, &note), ERR_OK);
    CU_ASSERT_TRUE(ratio == 0.07);
}

static void what_is_written_reads_back(void)
{
    uint64_t number = 1;

    for (int i = 0; i < 5000; i++) {
        char text[64];
        struct sink sink = SINK(text);
        struct note note = {{0}};
        int64_t ns = (int64_t)(number >> 1), ns_back = -1;
        uint64_t back = 0;
        double ratio = (double)number / 18446744073709551616.0, ratio_back = -1;

        units_write_time(&sink, ns);
        CU_ASSERT_EQUAL(units_read_time(sink_written(&sink), &ns_back, &note), ERR_OK);
        CU_ASSERT_EQUAL(ns, ns_back);
        sink.size = 0;
        units_write_size(&sink, number);
        CU_ASSERT_EQUAL(units_read_size(sink_written(&sink), &back, &note), ERR_OK);
        CU_ASSERT_EQUAL(number, back);
        sink.size = 0;
        units_write_rate(&sink, number);
        CU_ASSERT_EQUAL(units_read_rate(sink_written(&sink), &back, &note), ERR_OK);
        CU_ASSERT_EQUAL(number, back);
        sink.size = 0;
        units_write_ratio(&sink, ratio);
        CU_ASSERT_EQUAL(units_read_ratio(sink_written(&sink), &ratio_back, &note), ERR_OK);
        CU_ASSERT_TRUE(ratio == ratio_back);
        CU_ASSERT_FALSE(sink.overflow);
        /* Knuth's MMIX generator, shifted to reach small numbers too. */
        number = (number * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407)) >> (i % 60);
    }
}

static void check_text(struct sink *sink, const char *expected)
{
    CU_ASSERT_STRING_EQUAL(sink_string(sink), expected);
    sink->size = 0;
}

static void quantities_are_written_as_people_write_them(void)
{
    char text[64];
    struct sink sink = SINK(text);

    units_write_time(&sink, 0);
    check_text(&sink, "0");
    units_write_time(&sink, 20 * MS);
    check_text(&sink, "20ms");
    units_write_time(&sink, 1500 * MS);
    check_text(&sink, "1.5s");
    units_write_time(&sink, 1000001);
    check_text(&sink, "1.000001ms");
    units_write_size(&sink, 65536);
    check_text(&sink, "64KiB");
    units_write_size(&sink, 1500);
    check_text(&sink, "1500B");
    units_write_size(&sink, 10000);
    check_text(&sink, "10kB");
    units_write_rate(&sink, 100000000);
    check_text(&sink, "100Mbit/s");
    units_write_ratio(&sink, 0.001);
    check_text(&sink, "0.1%");
    units_write_ratio(&sink, 0.3);
    check_text(&sink, "30%");
    units_write_ratio(&sink, 1e-9);
    check_text(&sink, "0.0000001%");
    units_write_ratio(&sink, 3);
    check_text(&sink, "300%");
}

static void four_digits_are_shown(void)
{
    char text[64];
    struct sink sink = SINK(text);

    units_show_time(&sink, 12340000);
    check_text(&sink, "12.34 ms");
    units_show_time(&sink, 999);
    check_text(&sink, "999 ns");
    units_show_time(&sink, 999960);
    check_text(&sink, "1.000 ms");
    units_show_time(&sink, 99996000);
    check_text(&sink, "100.0 ms");
    units_show_time(&sink, 12 * SECOND);
    check_text(&sink, "12.00 s");
    units_show_size(&sink, 1310720);
    check_text(&sink, "1.250 MiB");
    units_show_size(&sink, 1444);
    check_text(&sink, "1444 B");
    units_show_rate(&sink, 98.7e6);
    check_text(&sink, "98.70 Mbit/s");
}

static const struct unit_test tests[] = {
    {"times are exact to the nanosecond", times_are_exact},
    {"sizes are exact to the byte", sizes_are_exact},
    {"rates are decimal", rates_are_decimal},
    {"ratios are read to the nearest double", ratios_are_read_to_the_nearest_double},
    {"ambiguous units are refused with the right spelling", ambiguous_units_are_refused_with_the_right_spelling},
    {"what is written reads back to the same value", what_is_written_reads_back},
    {"quantities are written as people write them", quantities_are_written_as_people_write_them},
    {"four digits are shown", four_digits_are_shown},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("units", tests);
}
