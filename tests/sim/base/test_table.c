/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit.h"

#include "sim/base/table.h"

static struct arena *arena;

static void fill(struct table *table)
{
    arena_reset(arena);
    table_init(table, arena);
    table_column(table, "arm", "arm", TABLE_TEXT);
    table_column(table, "delay", "delay_ns", TABLE_NUMBER);
    table_column(table, NULL, "end", TABLE_TEXT);
    table_column(table, "note", NULL, TABLE_TEXT);
    table_row(table);
    table_same(table, SPAN("plain"));
    table_cell(table, SPAN("1.5 ms"), SPAN("1500000"));
    table_same(table, SPAN("a \"b\", c\n"));
    table_same(table, SPAN("x"));
    table_row(table);
    table_same(table, SPAN("caf\xC3\xA9"));
    table_cell(table, SPAN(""), SPAN(""));
}

static const char *written(void (*write)(const struct table *, struct sink *))
{
    static char text[1000];
    struct sink sink = SINK(text);
    struct table table;

    fill(&table);
    write(&table, &sink);
    return sink_string(&sink);
}

static size_t room;

static void write_text(const struct table *table, struct sink *sink)
{
    table_write_text(table, room, sink);
}

static void columns_are_aligned_for_people(void)
{
    room = 0;
    CU_ASSERT_STRING_EQUAL(written(write_text), "arm     delay  note\n"
                                                "plain  1.5 ms  x\n"
                                                "caf\xC3\xA9        -  -\n");
}

/* The widest line has 19 columns. */
static void what_is_too_wide_goes_below(void)
{
    room = 19;
    CU_ASSERT_PTR_NOT_NULL(strstr(written(write_text), "arm     delay  note\n"));
    room = 18;
    CU_ASSERT_STRING_EQUAL(written(write_text), "arm     delay\nplain  1.5 ms\ncaf\xC3\xA9        -\n\n"
                                                "arm    note\nplain  x\ncaf\xC3\xA9   -\n");
    room = 1;
    CU_ASSERT_PTR_NOT_NULL(strstr(written(write_text), "\n\narm    note\n"));
}

/* Texts in front say what a row is of, as long as they leave half of the room. */
static void keys_are_repeated(void)
{
    static const char *const names[] = {"of", "to", "first", "second"};
    char text[400];
    struct table table;

    for (size_t wide = 8; wide <= 16; wide += 8) {
        struct sink sink = SINK(text);

        arena_reset(arena);
        table_init(&table, arena);
        for (size_t i = 0; i < 4; i++)
            table_column(&table, names[i], names[i], i < 2 ? TABLE_TEXT : TABLE_NUMBER);
        table_row(&table);
        table_same(&table, SPAN("ab"));
        table_same(&table, SPAN("cd"));
        table_same(&table, SPAN("1"));
        table_same(&table, SPAN("2"));
        table_write_text(&table, wide, &sink);
        CU_ASSERT_STRING_EQUAL(sink_string(&sink),
                               wide == 8 ? "of  to\nab  cd\n\nof  first\nab      1\n\nof  second\nab       2\n"
                                         : "of  to  first\nab  cd      1\n\nof  to  second\nab  cd       2\n");
    }
}

static void csv_quotes_what_needs_it(void)
{
    CU_ASSERT_STRING_EQUAL(written(table_write_csv), "arm,delay_ns,end\n"
                                                     "plain,1500000,\"a \"\"b\"\", c\n\"\n"
                                                     "caf\xC3\xA9,,\n");
}

static void json_escapes_and_has_nulls(void)
{
    CU_ASSERT_STRING_EQUAL(written(table_write_json),
                           "[\n  {\"arm\": \"plain\", \"delay_ns\": 1500000, \"end\": \"a \\\"b\\\", c\\u000a\"},\n"
                           "  {\"arm\": \"caf\xC3\xA9\", \"delay_ns\": null, \"end\": \"\"}\n]\n");
}

static const struct unit_test tests[] = {
    {"columns are aligned for people, an empty cell is a dash", columns_are_aligned_for_people},
    {"what is too wide for the room goes below, behind its keys", what_is_too_wide_goes_below},
    {"texts in front are keys", keys_are_repeated},
    {"CSV quotes what needs it", csv_quotes_what_needs_it},
    {"JSON escapes strings and has null for an empty number", json_escapes_and_has_nulls},
    {NULL, NULL},
};

int main(void)
{
    arena = arena_create(1 << 20);
    int status = unit_run("table", tests);

    arena_destroy(arena);
    return status;
}
