/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit.h"

#include "sim/arm.h"
#include "sim/outcome.h"
#include "sim/scenario.h"

static size_t size_of(const struct field *row)
{
    static const size_t sizes[FIELD_KIND_COUNT] = {
        [FIELD_TIME] = sizeof(int64_t),       [FIELD_SIZE] = sizeof(uint64_t), [FIELD_RATE] = sizeof(uint64_t),
        [FIELD_FREQUENCY] = sizeof(uint64_t), [FIELD_RATIO] = sizeof(double),  [FIELD_COUNT] = sizeof(uint64_t),
        [FIELD_CHOICE] = sizeof(int),         [FIELD_TEXT] = FIELD_TEXT_SIZE,
    };

    return sizes[row->kind];
}

/* Bytes of the record that no row speaks of; each byte may have one row. */
static size_t bytes_without_row(const struct field *rows, size_t size)
{
    static unsigned char owners[1 << 14];
    size_t free_bytes = size;

    CU_ASSERT_TRUE_FATAL(size <= sizeof(owners));
    memset(owners, 0, sizeof(owners));
    for (; rows->name; rows++) {
        for (size_t i = 0; i < size_of(rows); i++) {
            CU_ASSERT_EQUAL(owners[rows->offset + i], 0);
            owners[rows->offset + i] = 1;
            free_bytes--;
        }
    }
    return free_bytes;
}

static void every_member_of_a_scenario_has_one_row(void)
{
    enum { LINKS = 6 };

    /* Between the members that are smaller than the alignment of what follows, and at the end. */
    size_t padding = offsetof(struct scenario, window) - offsetof(struct scenario, chunking) - sizeof(int);

    padding += offsetof(struct scenario, message_bytes) - offsetof(struct scenario, sip_takes_tcp) - sizeof(int);
    padding +=
        offsetof(struct scenario, tcp_rto_spread_min_ns) - offsetof(struct scenario, tcp_idle_restart) - sizeof(int);
    padding += sizeof(struct scenario) - offsetof(struct scenario, recipient) - sizeof(int);
    padding +=
        LINKS * (offsetof(struct scenario_link, loss) - offsetof(struct scenario_link, jitter_order) - sizeof(int));

    CU_ASSERT_EQUAL(bytes_without_row(scenario_fields, sizeof(struct scenario)), padding);
}

static void every_member_of_an_outcome_has_one_row(void)
{
    size_t padding = offsetof(struct outcome, prepare_ns) - sizeof(int);

    CU_ASSERT_EQUAL(bytes_without_row(outcome_fields, sizeof(struct outcome)), padding);
}

static void names_are_unique_and_rows_are_whole(void)
{
    for (const struct field *row = scenario_fields; row->name; row++) {
        CU_ASSERT_PTR_EQUAL(field_find(scenario_fields, span_of(row->name)), row);
        CU_ASSERT_TRUE(row->help[0] != 0 && row->help[strlen(row->help) - 1] != '.');
        CU_ASSERT_TRUE(row->source[0] != 0);
        CU_ASSERT_EQUAL(row->choices != NULL, row->kind == FIELD_CHOICE);
    }
    for (const struct field *row = outcome_fields; row->name; row++)
        CU_ASSERT_PTR_EQUAL(field_find(outcome_fields, span_of(row->name)), row);
}

/* Writing a default must give its own words, so that show and list agree; ranges hold the default. */
static void defaults_write_and_read_back(void)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    for (const struct field *row = scenario_fields; row->name; row++) {
        char text[FIELD_TEXT_SIZE];
        struct sink sink = SINK(text);
        struct note note = {{0}};

        field_write(row, &scenario, &sink);
        CU_ASSERT_STRING_EQUAL(sink_string(&sink), row->standard);
        CU_ASSERT_EQUAL(field_read(row, &scenario, span_of(row->standard), &note), ERR_OK);
    }
}

static void arms_are_found_by_name(void)
{
    static const char *const names[] = {"message-plain", "message-tls", "msrp-relay-plain", "msrp-relay", "msrp-plain",
                                        "msrp-smime",    NULL};

    for (size_t i = 0; names[i]; i++)
        CU_ASSERT_PTR_NOT_NULL(arm_find(span_of(names[i])));
    CU_ASSERT_PTR_NULL(arm_find(SPAN("msrp")));
    CU_ASSERT_PTR_NULL(arm_find(SPAN("")));
    const struct arm *proposal = arm_find(SPAN("msrp-smime"));

    CU_ASSERT_EQUAL(proposal->path, PATH_DIRECT);
    CU_ASSERT_EQUAL(proposal->hop, HOP_NONE);
    CU_ASSERT_EQUAL(proposal->body, BODY_CMS);
}

static const struct unit_test tests[] = {
    {"every member of a scenario has one row", every_member_of_a_scenario_has_one_row},
    {"every member of an outcome has one row", every_member_of_an_outcome_has_one_row},
    {"names are unique and rows are whole", names_are_unique_and_rows_are_whole},
    {"defaults write their own words and read back", defaults_write_and_read_back},
    {"arms are found by name", arms_are_found_by_name},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("scenario", tests);
}
