/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/span.h"
#include "tests/unit.h"

#include <sys/mman.h>
#include <unistd.h>

static char *page;
static size_t page_size;

/* The text at the very end of readable memory: a byte read too far is a fault. */
static struct span at_the_edge(const char *text, size_t size)
{
    char *start = page + page_size - size;

    memcpy(start, text, size);
    return (struct span){start, size};
}

static bool same(struct span span, const char *text)
{
    return span_equal(span, span_of(text));
}

static void spans_compare_by_bytes(void)
{
    CU_ASSERT_TRUE(span_equal(SPAN("abc"), span_of("abc")));
    CU_ASSERT_FALSE(span_equal(SPAN("abc"), SPAN("abC")));
    CU_ASSERT_FALSE(span_equal(SPAN("abc"), SPAN("ab")));
    CU_ASSERT_TRUE(span_equal((struct span){NULL, 0}, SPAN("")));
    CU_ASSERT_FALSE(span_equal(SPAN("a\0b"), SPAN("a\0c")));
    CU_ASSERT_TRUE(span_equal_nocase(SPAN("Content-TYPE"), SPAN("content-type")));
    CU_ASSERT_FALSE(span_equal_nocase(SPAN("content"), SPAN("content-type")));
    /* Only letters have case: @ and ` or [ and { differ in the same bit. */
    CU_ASSERT_FALSE(span_equal_nocase(SPAN("@["), SPAN("`{")));
    CU_ASSERT_TRUE(span_starts(SPAN("SIP/2.0 200"), SPAN("SIP/2.0")));
    CU_ASSERT_TRUE(span_starts(SPAN("SIP"), SPAN("")));
    CU_ASSERT_FALSE(span_starts(SPAN("SIP"), SPAN("SIP/2.0")));
}

static void trimming_takes_blanks_and_tabs_from_both_ends(void)
{
    CU_ASSERT_TRUE(same(span_trim(SPAN(" \t a b\t ")), "a b"));
    CU_ASSERT_TRUE(same(span_trim(SPAN(" \t ")), ""));
    CU_ASSERT_TRUE(same(span_trim(SPAN("")), ""));
    CU_ASSERT_TRUE(same(span_trim(SPAN("\r\n")), "\r\n"));
}

/* A word of a and b by the bits of a number. */
static struct span word(unsigned bits, unsigned size, char *letters)
{
    for (unsigned i = 0; i < size; i++)
        letters[i] = bits >> i & 1 ? 'b' : 'a';
    return (struct span){letters, size};
}

static size_t plain_find(struct span text, struct span needle)
{
    for (size_t at = 0; at + needle.size <= text.size; at++)
        if (memcmp(text.data + at, needle.data, needle.size) == 0)
            return at;
    return text.size;
}

/* Against the plainest search there is, for all texts of up to 7 letters of two and needles of up to 4. */
static void searching_finds_the_first_place(void)
{
    size_t wrong = 0;

    for (unsigned t = 1; t < 1u << 8; t++)
        for (unsigned n = 1; n < 1u << 5; n++) {
            char letters[8] = {0}, needle_letters[8] = {0};
            /* The highest bit tells the length, those below it the letters. */
            struct span text = word(t, 31 - (unsigned)__builtin_clz(t), letters);
            struct span needle = word(n, 31 - (unsigned)__builtin_clz(n), needle_letters);

            wrong += span_find(at_the_edge(text.data, text.size), needle) != plain_find(text, needle);
        }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(span_find_byte(SPAN("abc"), 'c'), 2);
    CU_ASSERT_EQUAL(span_find_byte(SPAN("abc"), 'd'), 3);
    CU_ASSERT_EQUAL(span_find_byte(at_the_edge("", 0), 'a'), 0);
}

static void a_literal_is_cut_or_waited_for_or_refused(void)
{
    static const char text[] = "MSRP x";

    for (size_t size = 0; size <= sizeof(text) - 1; size++) {
        struct span span = at_the_edge(text, size), before = span;
        enum err result = span_cut_literal(&span, SPAN("MSRP "));

        CU_ASSERT_EQUAL(result, size < 5 ? ERR_MORE : ERR_OK);
        CU_ASSERT_EQUAL(span.size, size < 5 ? size : size - 5);
        CU_ASSERT_PTR_EQUAL(span.data, size < 5 ? before.data : before.data + 5);
    }
    struct span wrong = at_the_edge("MSx", 3);

    CU_ASSERT_EQUAL(span_cut_literal(&wrong, SPAN("MSRP ")), ERR_SYNTAX);
    CU_ASSERT_TRUE(same(wrong, "MSx"));
}

static void lines_end_in_cr_lf_only(void)
{
    static const char text[] = "a\rb\nc\r\nd";

    for (size_t size = 0; size <= sizeof(text) - 1; size++) {
        struct span span = at_the_edge(text, size);
        struct span line = SPAN("untouched");
        enum err result = span_cut_line(&span, &line);

        CU_ASSERT_EQUAL(result, size < 7 ? ERR_MORE : ERR_OK);
        CU_ASSERT_TRUE(same(line, size < 7 ? "untouched" : "a\rb\nc"));
        CU_ASSERT_EQUAL(span.size, size < 7 ? size : size - 7);
    }
}

static void the_part_before_a_stop_is_cut(void)
{
    struct span text = at_the_edge("key=value", 9);
    struct span before = SPAN("untouched");

    CU_ASSERT_EQUAL(span_cut_until(&text, ';', &before), ERR_MORE);
    CU_ASSERT_TRUE(same(before, "untouched"));
    CU_ASSERT_TRUE(same(text, "key=value"));
    CU_ASSERT_EQUAL(span_cut_until(&text, '=', &before), ERR_OK);
    CU_ASSERT_TRUE(same(before, "key"));
    CU_ASSERT_TRUE(same(text, "value"));
    text = SPAN("=");
    CU_ASSERT_EQUAL(span_cut_until(&text, '=', &before), ERR_OK);
    CU_ASSERT_EQUAL(before.size, 0);
    CU_ASSERT_EQUAL(text.size, 0);
}

static void numbers_are_decimal_and_fit_64_bits(void)
{
    static const struct {
        const char *text;
        enum err result;
        uint64_t number;
        const char *left;
    } rows[] = {{"0", ERR_OK, 0, ""},
                {"007x", ERR_OK, 7, "x"},
                {"18446744073709551615", ERR_OK, UINT64_MAX, ""},
                {"18446744073709551616", ERR_RANGE, 5, "18446744073709551616"},
                {"99999999999999999999", ERR_RANGE, 5, "99999999999999999999"},
                {"100000000000000000000000000", ERR_RANGE, 5, "100000000000000000000000000"},
                {"", ERR_MORE, 5, ""},
                {"-1", ERR_SYNTAX, 5, "-1"},
                {"+1", ERR_SYNTAX, 5, "+1"},
                {" 1", ERR_SYNTAX, 5, " 1"},
                {"0x10", ERR_OK, 0, "x10"}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct span text = at_the_edge(rows[i].text, strlen(rows[i].text));
        uint64_t number = 5;

        CU_ASSERT_EQUAL(span_cut_number(&text, &number), rows[i].result);
        CU_ASSERT_EQUAL(number, rows[i].number);
        CU_ASSERT_TRUE(same(text, rows[i].left));
    }
}

static void ports_are_whole_numbers_up_to_65535(void)
{
    static const struct {
        const char *text;
        enum err result;
        uint16_t port;
    } rows[] = {{"1", ERR_OK, 1},    {"65535", ERR_OK, 65535}, {"05060", ERR_OK, 5060},
                {"0", ERR_RANGE, 7}, {"65536", ERR_RANGE, 7},  {"99999999999999999999", ERR_RANGE, 7},
                {"", ERR_SYNTAX, 7}, {"5060 ", ERR_SYNTAX, 7}, {"-1", ERR_SYNTAX, 7}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint16_t port = 7;

        CU_ASSERT_EQUAL(span_parse_port(at_the_edge(rows[i].text, strlen(rows[i].text)), &port), rows[i].result);
        CU_ASSERT_EQUAL(port, rows[i].port);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"spans compare by bytes", spans_compare_by_bytes},
        {"trimming takes blanks and tabs from both ends", trimming_takes_blanks_and_tabs_from_both_ends},
        {"searching finds the first place", searching_finds_the_first_place},
        {"a literal is cut, or waited for, or refused", a_literal_is_cut_or_waited_for_or_refused},
        {"lines end in CR LF only", lines_end_in_cr_lf_only},
        {"the part before a stop is cut", the_part_before_a_stop_is_cut},
        {"numbers are decimal and fit 64 bits", numbers_are_decimal_and_fit_64_bits},
        {"ports are whole numbers up to 65535", ports_are_whole_numbers_up_to_65535},
        {NULL, NULL}};

    page_size = (size_t)sysconf(_SC_PAGESIZE);
    page = mmap(NULL, 2 * page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED || mprotect(page + page_size, page_size, PROT_NONE) != 0)
        return 3;
    return unit_run("span", tests);
}
