/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/ordered.h"
#include "tests/unit.h"

#include <math.h>
#include <stdlib.h>

/* i times a number without common factor with count, modulo count: every number below count once, in no order. */
static enum err add_shuffled(struct ordered *ordered, size_t count, struct note *note)
{
    for (size_t i = 0; i < count; i++)
        TRY(ordered_add(ordered, 0.125 * (double)(i * 7919 % count), note));
    return ERR_OK;
}

static void check_ranks(struct ordered *ordered, size_t count)
{
    for (size_t rank = 0; rank < count; rank += count / 7 + 1)
        CU_ASSERT_EQUAL(ordered_at(ordered, rank), 0.125 * (double)rank);
    CU_ASSERT_EQUAL(ordered_at(ordered, count - 1), 0.125 * (double)(count - 1));
    CU_ASSERT_EQUAL(ordered->error, ERR_OK);
}

static void test_ranks_in_memory_and_in_a_file(void)
{
    const size_t counts[] = {1, 2, 1000, ORDERED_KEPT, ORDERED_KEPT + 1, 3 * ORDERED_KEPT + 5};
    struct ordered ordered;
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(ordered_init(&ordered, "/tmp", &note), ERR_OK);
    for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
        ordered_clear(&ordered);
        CU_ASSERT_EQUAL_FATAL(add_shuffled(&ordered, counts[i], &note), ERR_OK);
        CU_ASSERT_EQUAL(ordered.count, counts[i]);
        CU_ASSERT_EQUAL(ordered.file != NULL, counts[i] > ORDERED_KEPT);
        check_ranks(&ordered, counts[i]);
    }
    ordered_free(&ordered);
}

static void test_equal_infinite_and_later_numbers(void)
{
    struct ordered ordered;
    struct note note = {{0}};
    size_t count = 2 * ORDERED_KEPT;

    CU_ASSERT_EQUAL_FATAL(ordered_init(&ordered, "/tmp", &note), ERR_OK);
    for (size_t i = 0; i < count; i++)
        CU_ASSERT_EQUAL_FATAL(ordered_add(&ordered, i % 2 ? INFINITY : 7.25, &note), ERR_OK);
    CU_ASSERT_EQUAL(ordered_at(&ordered, 0), 7.25);
    CU_ASSERT_EQUAL(ordered_at(&ordered, count / 2 - 1), 7.25);
    CU_ASSERT(isinf(ordered_at(&ordered, count / 2)));
    CU_ASSERT_EQUAL_FATAL(ordered_add(&ordered, 0, &note), ERR_OK); /* after ranks were asked for */
    CU_ASSERT_EQUAL(ordered_at(&ordered, 0), 0);
    CU_ASSERT_EQUAL(ordered_at(&ordered, count / 2), 7.25);
    CU_ASSERT(isinf(ordered_at(&ordered, count)));
    ordered_free(&ordered);
}

static void test_no_room_for_the_file_is_told(void)
{
    struct ordered ordered;
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(ordered_init(&ordered, "/nowhere/at/all", &note), ERR_OK);
    CU_ASSERT_EQUAL(add_shuffled(&ordered, ORDERED_KEPT, &note), ERR_OK);
    CU_ASSERT_EQUAL(ordered_add(&ordered, 1, &note), ERR_FILE);
    CU_ASSERT_NOT_EQUAL(note.text[0], 0);
    ordered_free(&ordered);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"every rank is found, in memory and in a file", test_ranks_in_memory_and_in_a_file},
        {"equal, infinite and later numbers have their ranks", test_equal_infinite_and_later_numbers},
        {"a file that cannot be made is told", test_no_room_for_the_file_is_told},
        {NULL, NULL},
    };

    return unit_run("ordered", tests);
}
