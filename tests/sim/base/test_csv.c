/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit.h"

#include "sim/base/csv.h"

#include <sys/mman.h>
#include <unistd.h>

static const struct {
    const char *line;
    enum err error;
    size_t count;
    const char *cells[4];
} lines[] = {
    {"a,b,c", ERR_OK, 3, {"a", "b", "c"}},
    {"", ERR_OK, 1, {""}},
    {",", ERR_OK, 2, {"", ""}},
    {" a , b ", ERR_OK, 2, {"a", "b"}},
    {"\"a, b\",c", ERR_OK, 2, {"a, b", "c"}},
    {"\"say \"\"x\"\"\",", ERR_OK, 2, {"say \"x\"", ""}},
    {"\"\"", ERR_OK, 1, {""}},
    {" \" a \" ,b", ERR_OK, 2, {" a ", "b"}},
    {"\"a", ERR_SYNTAX, 0, {NULL}},
    {"\"a\"b,c", ERR_SYNTAX, 0, {NULL}},
    {"a\"b", ERR_SYNTAX, 0, {NULL}},
    {"a,b,c,d,e", ERR_RANGE, 0, {NULL}},
};

static void lines_fall_into_cells(void)
{
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        struct span cells[4];
        size_t count = 0;
        char unquoted_text[100];
        struct sink unquoted = SINK(unquoted_text);

        CU_ASSERT_EQUAL(csv_cut(span_of(lines[i].line), cells, 4, &count, &unquoted), lines[i].error);
        CU_ASSERT_EQUAL(count, lines[i].count);
        for (size_t j = 0; j < count; j++)
            CU_ASSERT_TRUE(span_equal(cells[j], span_of(lines[i].cells[j])));
    }
}

static void too_little_room_is_an_error(void)
{
    struct span cells[2];
    size_t count = 0;
    char text[3];
    struct sink unquoted = SINK(text);

    CU_ASSERT_EQUAL(csv_cut(SPAN("\"abcd\",x"), cells, 2, &count, &unquoted), ERR_FULL);
    CU_ASSERT_EQUAL(count, 0);
}

/* Every beginning of a line, each placed right before a page that cannot be read. */
static void nothing_is_read_behind_the_line(void)
{
    const char *line = "p-cscf,\"a \"\"b\"\", c\",x";
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CU_ASSERT_PTR_NOT_EQUAL_FATAL(pages, MAP_FAILED);
    CU_ASSERT_EQUAL_FATAL(mprotect(pages + page, page, PROT_NONE), 0);
    for (size_t size = 0; size <= strlen(line); size++) {
        struct span cells[4];
        size_t count = 0;
        char text[100];
        struct sink unquoted = SINK(text);
        char *at = pages + page - size;

        memcpy(at, line, size);
        enum err error = csv_cut((struct span){at, size}, cells, 4, &count, &unquoted);
        /* Cut within the quotes it is bad: sizes 8 to 18, but where a quote could be the last one. */
        bool is_open = size >= 8 && size < 19 && size != 11 && size != 14;

        CU_ASSERT_EQUAL(error, is_open ? ERR_SYNTAX : ERR_OK);
    }
    munmap(pages, 2 * page);
}

static void what_is_written_is_read_again(void)
{
    static const char *const cells[] = {"", "plain", "a b", "a,b", "\"", "a \"quoted\" name.csv", ",\","};

    for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++) {
        char text[64], unquoted_text[64];
        struct sink sink = SINK(text), unquoted = SINK(unquoted_text);
        struct span found[2];
        size_t count = 0;

        csv_write(&sink, span_of(cells[i]));
        sink_text(&sink, ",x");
        CU_ASSERT_EQUAL_FATAL(csv_cut(sink_written(&sink), found, 2, &count, &unquoted), ERR_OK);
        CU_ASSERT_EQUAL(count, 2);
        CU_ASSERT(span_equal(found[0], span_of(cells[i])));
    }
}

static const struct unit_test tests[] = {
    {"lines fall into cells, quotes are taken off", lines_fall_into_cells},
    {"too little room for unquoted text is an error", too_little_room_is_an_error},
    {"what is written is read again", what_is_written_is_read_again},
    {"nothing is read behind the line", nothing_is_read_behind_the_line},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("csv", tests);
}
