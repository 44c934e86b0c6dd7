/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/base64.h"
#include "tests/unit.h"

/* RFC 4648 section 10. */
static const struct {
    const char *bytes, *text;
} rows[] = {{"", ""},
            {"f", "Zg=="},
            {"fo", "Zm8="},
            {"foo", "Zm9v"},
            {"foob", "Zm9vYg=="},
            {"fooba", "Zm9vYmE="},
            {"foobar", "Zm9vYmFy"}};

static void test_write(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[32];
        struct sink sink = SINK(text);

        base64_write(&sink, span_of(rows[i].bytes));
        CU_ASSERT(span_equal(sink_written(&sink), span_of(rows[i].text)));
    }
}

static void test_read(void)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char bytes[32];
        struct sink sink = SINK(bytes);

        CU_ASSERT_EQUAL(base64_read(span_of(rows[i].text), &sink), ERR_OK);
        CU_ASSERT(span_equal(sink_written(&sink), span_of(rows[i].bytes)));
    }
}

static void test_every_byte(void)
{
    char bytes[256], text[400], again[256];
    struct sink sink = SINK(text), back = SINK(again);

    for (int i = 0; i < 256; i++)
        bytes[i] = (char)i;
    base64_write(&sink, (struct span){bytes, sizeof(bytes)});
    CU_ASSERT_EQUAL(base64_read(sink_written(&sink), &back), ERR_OK);
    CU_ASSERT(span_equal(sink_written(&back), (struct span){bytes, sizeof(bytes)}));
}

static void test_bad(void)
{
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zm=v", "Zm9*", "Zg==Zm9v", "Zm9v\r\n", "=Zm9"};
    char bytes[32];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct sink sink = SINK(bytes);

        CU_ASSERT_EQUAL(base64_read(span_of(bad[i]), &sink), ERR_SYNTAX);
        CU_ASSERT_EQUAL(sink.size, 0);
    }
    struct sink small = {.data = bytes, .capacity = 5};

    CU_ASSERT_EQUAL(base64_read(SPAN("Zm9vYmFy"), &small), ERR_FULL);
    CU_ASSERT(small.size == 0 && !small.overflow);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"RFC 4648's examples are written", test_write},
        {"RFC 4648's examples are read", test_read},
        {"every byte comes back", test_every_byte},
        {"what is not base64 is refused, and nothing is kept of it", test_bad},
        {NULL, NULL},
    };

    return unit_run("base64", tests);
}
