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

static void columns_are_aligned_for_people(void)
{
    CU_ASSERT_STRING_EQUAL(written(table_write_text), "arm     delay  note\n"
                                                      "plain  1.5 ms  x\n"
                                                      "caf\xC3\xA9        -  -\n");
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
