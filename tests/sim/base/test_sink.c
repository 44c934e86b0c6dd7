/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/sink.h"
#include "tests/unit.h"

static bool wrote(const struct sink *sink, struct span expected)
{
    return !sink->overflow && span_equal(sink_written(sink), expected);
}

static void what_is_written_stands_in_order(void)
{
    char bytes[200];
    struct sink sink = SINK(bytes);

    sink_text(&sink, "Byte-Range: ");
    sink_number(&sink, 1);
    sink_char(&sink, '-');
    sink_number(&sink, UINT64_MAX);
    sink_char(&sink, ' ');
    sink_number(&sink, 0);
    sink_bytes(&sink, "a\0b", 3);
    sink_span(&sink, SPAN("end"));
    sink_bytes(&sink, NULL, 0);
    CU_ASSERT_TRUE(wrote(&sink, SPAN("Byte-Range: 1-18446744073709551615 0a\0bend")));
    sink_format(&sink, "%d/%s", -7, "x");
    CU_ASSERT_TRUE(wrote(&sink, SPAN("Byte-Range: 1-18446744073709551615 0a\0bend-7/x")));
}

static void hexadecimal_is_exactly_as_wide_as_asked(void)
{
    char bytes[64];
    struct sink sink = SINK(bytes);

    sink_hex(&sink, 0xbeef, 8);
    sink_char(&sink, ' ');
    sink_hex(&sink, UINT64_MAX, 16);
    sink_char(&sink, ' ');
    sink_hex(&sink, 0x123, 2);
    sink_hex(&sink, 0, 1);
    CU_ASSERT_TRUE(wrote(&sink, SPAN("0000beef ffffffffffffffff 230")));
}

static void integers_are_in_network_byte_order(void)
{
    char bytes[7];
    struct sink sink = SINK(bytes);

    sink_u8(&sink, 0x01);
    sink_u16(&sink, 0x0203);
    sink_u32(&sink, 0xf4050607);
    CU_ASSERT_TRUE(wrote(&sink, SPAN("\x01\x02\x03\xf4\x05\x06\x07")));
}

/* Every size from too small to just enough, with guards around the room. */
static void what_does_not_fit_is_not_written_and_remembered(void)
{
    for (size_t capacity = 0; capacity <= 6; capacity++) {
        char bytes[8] = "########";
        struct sink sink = {.data = bytes + 1, .capacity = capacity};

        sink_text(&sink, "abcdef");
        CU_ASSERT_EQUAL(sink.overflow, capacity < 6);
        CU_ASSERT_EQUAL(sink.size, capacity < 6 ? 0 : 6);
        CU_ASSERT_EQUAL(bytes[0], '#');
        CU_ASSERT_EQUAL(bytes[1 + capacity], '#');
        /* What comes after an overflow may fit, but the overflow stays. */
        sink_bytes(&sink, "", 0);
        if (capacity == 3) {
            sink_text(&sink, "xyz");
            CU_ASSERT_TRUE(span_equal(sink_written(&sink), SPAN("xyz")));
        }
        CU_ASSERT_EQUAL(sink.overflow, capacity < 6);
    }
    char small[4];
    struct sink sink = SINK(small);

    sink_format(&sink, "%s", "12345");
    CU_ASSERT_TRUE(sink.overflow);
    CU_ASSERT_EQUAL(sink.size, 0);
}

static void a_text_ends_in_a_zero_even_when_cut(void)
{
    char bytes[5];
    struct sink sink = SINK(bytes);

    CU_ASSERT_STRING_EQUAL(sink_string(&sink), "");
    sink_text(&sink, "abcd");
    CU_ASSERT_STRING_EQUAL(sink_string(&sink), "abcd");
    CU_ASSERT_FALSE(sink.overflow);
    sink_char(&sink, 'e');
    CU_ASSERT_STRING_EQUAL(sink_string(&sink), "abcd");
}

static void the_first_note_stays(void)
{
    struct note note = {.text = ""};

    CU_ASSERT_EQUAL(note_set(&note, ERR_RANGE, "line %d: %s", 3, "too much"), ERR_RANGE);
    CU_ASSERT_STRING_EQUAL(note.text, "line 3: too much");
    CU_ASSERT_EQUAL(note_set(&note, ERR_FILE, "later"), ERR_FILE);
    CU_ASSERT_STRING_EQUAL(note.text, "line 3: too much");
}

static void a_note_too_long_still_says_something(void)
{
    static char text[2 * NOTE_SIZE];
    struct note note = {.text = ""};

    memset(text, 'x', sizeof(text) - 1);
    CU_ASSERT_EQUAL(note_set(&note, ERR_SYNTAX, "%s", text), ERR_SYNTAX);
    CU_ASSERT(strlen(note.text) > 0 && strlen(note.text) < NOTE_SIZE);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"what is written stands in order", what_is_written_stands_in_order},
        {"hexadecimal is exactly as wide as asked", hexadecimal_is_exactly_as_wide_as_asked},
        {"integers are in network byte order", integers_are_in_network_byte_order},
        {"what does not fit is not written, and remembered", what_does_not_fit_is_not_written_and_remembered},
        {"a text ends in a zero even when cut", a_text_ends_in_a_zero_even_when_cut},
        {"the first note stays", the_first_note_stays},
        {"a note too long still says something", a_note_too_long_still_says_something},
        {NULL, NULL}};

    return unit_run("sink", tests);
}
