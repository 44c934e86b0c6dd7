/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/access.h"
#include "tests/unit.h"

static bool is_of_access(const struct field *row)
{
    return span_starts(span_of(row->name), SPAN("access.")) && strcmp(row->name, "access.preset") != 0;
}

static size_t values_of(int preset, const char *name)
{
    size_t count = 0;

    for (const struct preset_value *value = access_values; value->name; value++)
        count += value->choice == preset && strcmp(value->name, name) == 0;
    return count;
}

static void every_preset_has_every_parameter_once(void)
{
    for (int preset = ACCESS_CUSTOM + 1; preset < ACCESS_COUNT; preset++)
        for (const struct field *row = scenario_fields; row->name; row++)
            CU_ASSERT_EQUAL(values_of(preset, row->name), is_of_access(row));
}

static void every_value_can_be_read_and_has_a_source(void)
{
    for (const struct preset_value *value = access_values; value->name; value++) {
        const struct field *row = field_find(scenario_fields, span_of(value->name));
        struct scenario scenario;
        struct note note = {{0}};

        CU_ASSERT_PTR_NOT_NULL_FATAL(row);
        field_defaults(scenario_fields, &scenario);
        CU_ASSERT_EQUAL(field_read(row, &scenario, span_of(value->value), &note), ERR_OK);
        CU_ASSERT(value->source[0] != 0);
        CU_ASSERT(value->choice > ACCESS_CUSTOM && value->choice < ACCESS_COUNT);
    }
}

static void only_mobile_networks_keep_users_apart(void)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    for (int preset = 0; preset < ACCESS_COUNT; preset++) {
        scenario.access_preset = preset;
        CU_ASSERT_EQUAL(access_is_mobile(&scenario), preset == ACCESS_LTE || preset == ACCESS_5G);
    }
}

int main(void)
{
    const struct unit_test tests[] = {
        {"every preset has every parameter of access once", every_preset_has_every_parameter_once},
        {"every value can be read and has a source", every_value_can_be_read_and_has_a_source},
        {"only mobile networks keep users apart", only_mobile_networks_keep_users_apart},
        {NULL, NULL},
    };

    return unit_run("access", tests);
}
