/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit.h"

#include "sim/base/field.h"

struct record {
    int64_t delay_ns;
    uint64_t bytes;
    uint64_t rate_bps;
    double loss;
    uint64_t count;
    int mode;
    char text[FIELD_TEXT_SIZE];
};

static const char *const modes[] = {"fast", "slow", NULL};

static const struct field rows[] = {
    {"delay", FIELD_TIME, offsetof(struct record, delay_ns), "20ms", "0", "10s", NULL, "h", "s"},
    {"bytes", FIELD_SIZE, offsetof(struct record, bytes), "1KiB", "1B", "1MiB", NULL, "h", "s"},
    {"rate", FIELD_RATE, offsetof(struct record, rate_bps), "10Mbit/s", NULL, NULL, NULL, "h", "s"},
    {"loss", FIELD_RATIO, offsetof(struct record, loss), "0", "0", "50%", NULL, "h", "s"},
    {"count", FIELD_COUNT, offsetof(struct record, count), "3", "1", NULL, NULL, "h", "s"},
    {"mode", FIELD_CHOICE, offsetof(struct record, mode), "slow", NULL, NULL, modes, "h", "s"},
    {"text", FIELD_TEXT, offsetof(struct record, text), "none", NULL, NULL, NULL, "h", "s"},
    {.name = NULL},
};

static void defaults_are_set(void)
{
    struct record record;

    field_defaults(rows, &record);
    CU_ASSERT_EQUAL(record.delay_ns, 20000000);
    CU_ASSERT_EQUAL(record.bytes, 1024);
    CU_ASSERT_EQUAL(record.rate_bps, 10000000);
    CU_ASSERT_TRUE(record.loss == 0);
    CU_ASSERT_EQUAL(record.count, 3);
    CU_ASSERT_EQUAL(record.mode, 1);
    CU_ASSERT_STRING_EQUAL(record.text, "none");
}

static const struct {
    const char *name, *value;
    enum err error;
    const char *said;
} refused[] = {
    {"delay", "11s", ERR_RANGE, "at least 0, at most 10s"},
    {"delay", "11", ERR_SYNTAX, "delay = "},
    {"bytes", "0", ERR_RANGE, "at least 1B, at most 1MiB"},
    {"loss", "51%", ERR_RANGE, "at most 50%"},
    {"count", "0", ERR_RANGE, "at least 1"},
    {"count", "1.5", ERR_SYNTAX, "whole number"},
    {"count", "-1", ERR_SYNTAX, "whole number"},
    {"count", "18446744073709551616", ERR_RANGE, "too large"},
    {"mode", "fats", ERR_UNKNOWN, "did you mean fast?"},
    {"mode", "", ERR_UNKNOWN, "fast or slow"},
    {"mode", "FAST", ERR_UNKNOWN, "fast or slow"},
    {"text", "a\tb", ERR_SYNTAX, "control character"},
};

static void errors_say_what_was_expected_and_leave_the_member(void)
{
    struct record record, before;

    memset(&record, 0, sizeof(record));
    field_defaults(rows, &record);
    before = record;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct field *row = field_find(rows, span_of(refused[i].name));
        struct note note = {{0}};

        CU_ASSERT_PTR_NOT_NULL_FATAL(row);
        CU_ASSERT_EQUAL(field_read(row, &record, span_of(refused[i].value), &note), refused[i].error);
        CU_ASSERT_PTR_NOT_NULL(strstr(note.text, refused[i].said));
        CU_ASSERT_EQUAL(memcmp(&record, &before, sizeof(record)), 0);
    }
}

static void a_text_of_the_full_size_fits_and_one_more_does_not(void)
{
    struct record record;
    struct note note = {{0}};
    char text[FIELD_TEXT_SIZE];

    memset(text, 'x', sizeof(text));
    CU_ASSERT_EQUAL(field_read(&rows[6], &record, (struct span){text, FIELD_TEXT_SIZE - 1}, &note), ERR_OK);
    CU_ASSERT_EQUAL(strlen(record.text), FIELD_TEXT_SIZE - 1);
    CU_ASSERT_EQUAL(field_read(&rows[6], &record, (struct span){text, FIELD_TEXT_SIZE}, &note), ERR_RANGE);
}

static const struct {
    const char *name, *value, *column, *cell;
} written[] = {
    {"delay", "1.5ms", "delay_ns", "1500000"},
    {"bytes", "64KiB", "bytes_bytes", "65536"},
    {"rate", "1Gbit/s", "rate_bps", "1000000000"},
    {"loss", "0.1%", "loss_ratio", "0.001"},
    {"count", "7", "count", "7"},
    {"mode", "fast", "mode", "fast"},
    {"text", "a, \"b\"", "text", "\"a, \"\"b\"\"\""},
};

static void members_are_written_for_people_and_for_programs(void)
{
    for (size_t i = 0; i < sizeof(written) / sizeof(written[0]); i++) {
        const struct field *row = field_find(rows, span_of(written[i].name));
        struct record record;
        struct note note = {{0}};
        char text[600];
        struct sink sink = SINK(text);

        CU_ASSERT_EQUAL(field_read(row, &record, span_of(written[i].value), &note), ERR_OK);
        field_write(row, &record, &sink);
        CU_ASSERT_STRING_EQUAL(sink_string(&sink), written[i].value);
        sink.size = 0;
        field_write_column(row, &sink);
        CU_ASSERT_STRING_EQUAL(sink_string(&sink), written[i].column);
        sink.size = 0;
        field_write_csv(row, &record, &sink);
        CU_ASSERT_STRING_EQUAL(sink_string(&sink), written[i].cell);
    }
}

static void a_phase_that_does_not_exist_is_an_empty_cell(void)
{
    struct record record = {.delay_ns = NONE_NS};
    char text[64];
    struct sink sink = SINK(text);

    field_write_csv(&rows[0], &record, &sink);
    CU_ASSERT_EQUAL(sink.size, 0);
    field_write(&rows[0], &record, &sink);
    CU_ASSERT_STRING_EQUAL(sink_string(&sink), "-");
}

static const struct unit_test tests[] = {
    {"defaults are set from their words", defaults_are_set},
    {"errors say what was expected and leave the member alone", errors_say_what_was_expected_and_leave_the_member},
    {"a text of the full size fits and one byte more does not", a_text_of_the_full_size_fits_and_one_more_does_not},
    {"members are written for people and for programs", members_are_written_for_people_and_for_programs},
    {"a phase that does not exist is an empty cell", a_phase_that_does_not_exist_is_an_empty_cell},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("field", tests);
}
