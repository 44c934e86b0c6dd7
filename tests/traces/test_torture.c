/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The 49 messages of RFC 4475, found in the folder that CAPTURES names: which of them are taken as SIP and which are
 * refused, as docs/rfc4475.md has it beside the RFC's own verdict (valid: well-formed as far as a parser without a
 * transaction or a user can tell). A difference from the RFC has its reason in the row; a row that no longer holds
 * fails.
 */
#include "tests/unit.h"
#include "traces/trace.h"

#include <stdio.h>
#include <stdlib.h>

#define TABLE "docs/rfc4475.md"
enum { MESSAGES = 49, CELLS = 5, NAME_SIZE = 32, WHY_SIZE = 160, ROW_SIZE = 512 };

struct torture {
    char name[NAME_SIZE], section[NAME_SIZE], why[WHY_SIZE];
    bool is_valid; /* by the RFC */
    bool is_taken; /* here */
};

static void copy(char *text, size_t capacity, struct span cell)
{
    struct sink sink = {.data = text, .capacity = capacity - 1};

    sink_span(&sink, cell);
    CU_ASSERT_FALSE_FATAL(sink.overflow);
    text[sink.size] = 0;
}

static bool is_either(struct span cell, const char *yes, const char *no)
{
    CU_ASSERT_TRUE_FATAL(span_equal(cell, span_of(yes)) || span_equal(cell, span_of(no)));
    return span_equal(cell, span_of(yes));
}

/* "| name | section | valid | taken | why |" */
static bool read_row(const char *line, struct torture *row)
{
    struct span rest = span_of(line), cells[CELLS];

    if (span_cut_literal(&rest, SPAN("|")) != ERR_OK || rest.size == 0 || rest.data[0] != ' ')
        return false;
    for (size_t i = 0; i < CELLS; i++) {
        CU_ASSERT_EQUAL_FATAL(span_cut_until(&rest, '|', &cells[i]), ERR_OK);
        cells[i] = span_trim(cells[i]);
    }
    if (span_equal(cells[0], SPAN("message")))
        return false;
    copy(row->name, sizeof(row->name), cells[0]);
    copy(row->section, sizeof(row->section), cells[1]);
    row->is_valid = is_either(cells[2], "valid", "invalid");
    row->is_taken = is_either(cells[3], "taken", "refused");
    copy(row->why, sizeof(row->why), cells[4]);
    return true;
}

static size_t read_table(struct torture rows[MESSAGES])
{
    FILE *file = fopen(TABLE, "r");
    char line[ROW_SIZE];
    size_t count = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof(line), file)) {
        struct torture row;

        if (!read_row(line, &row))
            continue;
        CU_ASSERT_FATAL(count < MESSAGES);
        rows[count++] = row;
    }
    fclose(file);
    return count;
}

/* The message's bytes; false: it is not there. */
static bool load(const char *folder, const char *name, char *bytes, size_t capacity, struct span *text)
{
    char path[512];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/messages/rfc4475/%s.dat", folder, name);
    FILE *file = fopen(sink_string(&sink), "rb");

    if (!file)
        return false;
    *text = (struct span){bytes, fread(bytes, 1, capacity, file)};
    fclose(file);
    return true;
}

static bool is_taken(struct trace *trace, struct span text)
{
    struct trace_message message = {.frame = 1};

    return trace_find_sip(text) == ERR_OK && trace_read_sip(trace, text, &message);
}

static void test_verdicts(void)
{
    static const struct trace_config config = {.keeps_text = false};
    const char *folder = getenv("CAPTURES");
    static struct torture rows[MESSAGES];
    struct note note = {{0}};
    struct trace trace;
    char bytes[8192];

    if (!folder || !*folder) {
        printf("skipped: CAPTURES names no folder of messages ");
        return;
    }
    CU_ASSERT_EQUAL_FATAL(read_table(rows), MESSAGES);
    CU_ASSERT_EQUAL_FATAL(trace_init(&trace, &config, &note), ERR_OK);
    for (size_t i = 0; i < MESSAGES; i++) {
        const struct torture *torture = &rows[i];
        struct span text = {bytes, 0};

        CU_ASSERT_TRUE_FATAL(load(folder, torture->name, bytes, sizeof(bytes), &text));
        bool taken = is_taken(&trace, text);

        if (taken != torture->is_taken)
            printf("%s, section %s: %s ", torture->name, torture->section, taken ? "taken" : "refused");
        CU_ASSERT_EQUAL(taken, torture->is_taken);
    }
    trace_free(&trace);
}

static void test_reasons(void)
{
    static struct torture rows[MESSAGES];

    CU_ASSERT_EQUAL_FATAL(read_table(rows), MESSAGES);
    for (size_t i = 0; i < MESSAGES; i++) {
        CU_ASSERT_EQUAL(rows[i].is_valid != rows[i].is_taken, rows[i].why[0] != 0);
        for (size_t j = 0; j < i; j++)
            CU_ASSERT_TRUE(strcmp(rows[i].name, rows[j].name) != 0);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"each torture message is taken or refused as the table has it", test_verdicts},
        {"what differs from the RFC's verdict, and only that, has a reason", test_reasons},
        {.sentence = NULL},
    };

    return unit_run("torture", tests);
}
