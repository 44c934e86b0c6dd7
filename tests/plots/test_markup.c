/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/markup.h"
#include "tests/unit.h"

static char text[4096];

static const char *escaped(struct span from)
{
    struct sink sink = SINK(text);

    markup_text(&sink, from);
    return sink_string(&sink);
}

static void test_text_of_others_is_shown_never_interpreted(void)
{
    static const struct {
        const char *from, *shown;
    } rows[] = {
        {"INVITE sip:bob@open-ims.test", "INVITE sip:bob@open-ims.test"},
        {"<script>alert(\"1\")</script>", "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"},
        {"a' onload='x", "a&#39; onload=&#39;x"},
        {"&amp;", "&amp;amp;"},
        {"one\r\ntwo\n", "one\ntwo\n"},
        {"a\rb", "a\\x0db"},
        {"\x1b[31mred\x07", "\\x1b[31mred\\x07"},
        {"M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x93\x8e", "M\xc3\xbcller \xe2\x82\xac \xf0\x9f\x93\x8e"},
        {"\xc2\x9b", "\\xc2\\x9b"}, /* a C1 control */
        {"", ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
        CU_ASSERT_STRING_EQUAL(escaped(span_of(rows[i].from)), rows[i].shown);
    CU_ASSERT_STRING_EQUAL(escaped((struct span){"a\0b", 3}), "a\\x00b");
}

/* RFC 3629 section 3: overlong forms, surrogates, beyond U+10FFFF, cut short. */
static void test_bytes_that_are_no_utf8_are_escaped(void)
{
    static const char *const bad[] = {
        "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf0\x80\x80\xaf", "\xff",
        "\xe2\x82", "\xc3",         "\x80",         "\xf8\x88\x80",     "\xf0\x9f\x93\x3c", NULL};

    for (size_t i = 0; bad[i]; i++) {
        CU_ASSERT_EQUAL(markup_sequence(span_of(bad[i])), 0);
        CU_ASSERT_EQUAL(strncmp(escaped(span_of(bad[i])), "\\x", 2), 0);
    }
    CU_ASSERT_EQUAL(markup_sequence(SPAN("")), 0);
}

/* Whatever the bytes, nothing that could end a tag, an attribute or a line of a terminal comes through. */
static void test_no_byte_comes_through_bare(void)
{
    for (int first = 0; first < 256; first++)
        for (int second = 0; second < 256; second += 3) {
            char bytes[2] = {(char)first, (char)second};

            for (const char *c = escaped((struct span){bytes, 2}); *c; c++)
                CU_ASSERT_FATAL(!strchr("<>\"'", *c) && ((unsigned char)*c >= ' ' || *c == '\t' || *c == '\n'));
        }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"text of others is shown, never interpreted", test_text_of_others_is_shown_never_interpreted},
        {"bytes that are no UTF-8 are escaped", test_bytes_that_are_no_utf8_are_escaped},
        {"no byte comes through bare", test_no_byte_comes_through_bare},
        {NULL, NULL},
    };

    return unit_run("markup", tests);
}
