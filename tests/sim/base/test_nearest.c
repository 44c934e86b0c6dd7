/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit.h"

#include "sim/base/nearest.h"

static const char *nearest_of(const char *given)
{
    static const char *const names[] = {"msrp-relay", "msrp-relay-plain", "msrp-plain", "msrp-smime", "run", NULL};
    struct nearest nearest = nearest_to(span_of(given));

    for (size_t i = 0; names[i]; i++)
        nearest_try(&nearest, names[i]);
    return nearest.best ? nearest.best : "";
}

static void slips_are_understood(void)
{
    CU_ASSERT_STRING_EQUAL(nearest_of("msrp-rely"), "msrp-relay");
    CU_ASSERT_STRING_EQUAL(nearest_of("msrp-smmie"), "msrp-smime");
    CU_ASSERT_STRING_EQUAL(nearest_of("msrpplain"), "msrp-plain");
    CU_ASSERT_STRING_EQUAL(nearest_of("rnu"), "run");
}

static void what_is_far_is_not_guessed(void)
{
    CU_ASSERT_STRING_EQUAL(nearest_of("http-upload"), "");
    CU_ASSERT_STRING_EQUAL(nearest_of("xyz"), "");
    CU_ASSERT_STRING_EQUAL(nearest_of(""), "");
}

static void a_swap_counts_once(void)
{
    struct nearest nearest = nearest_to(SPAN("abdc"));

    nearest_try(&nearest, "abcd");
    CU_ASSERT_EQUAL(nearest.distance, 1);
}

static void very_long_names_are_let_be(void)
{
    char text[400];

    memset(text, 'a', sizeof(text));
    struct nearest nearest = nearest_to((struct span){text, sizeof(text)});

    nearest_try(&nearest, "aaaa");
    CU_ASSERT_PTR_NULL(nearest.best);
}

static const struct unit_test tests[] = {
    {"slips of the finger are understood", slips_are_understood},
    {"what is far from everything is not guessed", what_is_far_is_not_guessed},
    {"two letters swapped count once", a_swap_counts_once},
    {"very long names are let be", very_long_names_are_let_be},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("nearest", tests);
}
