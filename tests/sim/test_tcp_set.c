/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/tcp_set.h"
#include "tests/unit.h"

static bool is_of_set(const struct field *row)
{
    return span_starts(span_of(row->name), SPAN("tcp.")) && strcmp(row->name, "tcp.set") != 0 &&
           strcmp(row->name, "tcp.buffer") != 0;
}

static size_t values_of(int set, const char *name)
{
    size_t count = 0;

    for (const struct preset_value *value = tcp_set_values; value->name; value++)
        count += value->choice == set && strcmp(value->name, name) == 0;
    return count;
}

static void every_set_has_every_parameter_once(void)
{
    for (int set = 0; set < TCP_SET_COUNT; set++)
        for (const struct field *row = scenario_fields; row->name; row++)
            CU_ASSERT_EQUAL(values_of(set, row->name), is_of_set(row));
}

/* What a scenario has that says nothing of tcp.set is what tcp.set = rfc gives. */
static void rfc_is_the_default(void)
{
    struct scenario standard, set;

    field_defaults(scenario_fields, &standard);
    set = standard;
    for (const struct preset_value *value = tcp_set_values; value->name; value++) {
        const struct field *row = field_find(scenario_fields, span_of(value->name));
        struct note note = {{0}};

        CU_ASSERT_PTR_NOT_NULL_FATAL(row);
        CU_ASSERT(value->source[0] != 0);
        if (value->choice == TCP_SET_RFC)
            CU_ASSERT_EQUAL(field_read(row, &set, span_of(value->value), &note), ERR_OK);
    }
    CU_ASSERT_EQUAL(memcmp(&standard, &set, sizeof(set)), 0);
}

static void linux_differs_in_what_design_says(void)
{
    struct scenario set;

    field_defaults(scenario_fields, &set);
    for (const struct preset_value *value = tcp_set_values; value->name; value++) {
        struct note note = {{0}};

        if (value->choice == TCP_SET_LINUX)
            CU_ASSERT_EQUAL(
                field_read(field_find(scenario_fields, span_of(value->name)), &set, span_of(value->value), &note),
                ERR_OK);
    }
    CU_ASSERT_EQUAL(set.tcp_rto_min_ns, 200000000);
    CU_ASSERT_EQUAL(set.tcp_delayed_ack_ns, 40000000);
    CU_ASSERT_EQUAL(set.tcp_initial_window, 10);
    CU_ASSERT_EQUAL(set.tcp_recovery, TCP_RECOVERY_RACK_TLP);
    CU_ASSERT_EQUAL(set.tcp_loss_base, TCP_LOSS_WINDOW);
    CU_ASSERT(set.tcp_hystart && set.tcp_quick_ack && set.tcp_timestamps);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"every set has every parameter of tcp but the buffer once", every_set_has_every_parameter_once},
        {"the set rfc is what stands without it", rfc_is_the_default},
        {"the set linux is 200 ms, 40 ms, RACK-TLP, HyStart", linux_differs_in_what_design_says},
        {NULL, NULL},
    };

    return unit_run("tcp_set", tests);
}
