/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/units.h"
#include "sim/des/stream.h"
#include "tests/unit.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DRAWS = 65536, BINS = 256 };

static struct arena *arena;
static struct streams streams;

static void set_up(uint64_t seed, uint64_t trial)
{
    arena = arena_create(MIB);
    streams_init(&streams, arena, seed, trial);
}

static void tear_down(void)
{
    arena_destroy(arena);
}

static uint64_t first_at(uint64_t place, enum stream_kind kind, uint64_t ordinal)
{
    return gsl_rng_get(streams_at(&streams, place, kind, ordinal));
}

static void one_address_gives_the_same_numbers_whenever_asked(void)
{
    uint64_t numbers[8];

    set_up(7, 3);
    gsl_rng *rng = streams_at(&streams, 11, STREAM_LOSS, 5);

    for (size_t i = 0; i < 8; i++)
        numbers[i] = gsl_rng_get(rng);
    for (uint64_t i = 0; i < 100; i++)
        first_at(12, STREAM_SERVICE, i);
    rng = streams_at(&streams, 11, STREAM_LOSS, 5);
    for (size_t i = 0; i < 8; i++)
        CU_ASSERT_EQUAL(gsl_rng_get(rng), numbers[i]);
    tear_down();

    set_up(7, 3);
    CU_ASSERT_EQUAL(first_at(11, STREAM_LOSS, 5), numbers[0]);
    tear_down();
}

/* The recipe worked out in Python's integers, apart from this program. */
static void the_numbers_are_those_of_the_recipe(void)
{
    static const uint64_t expected[] = {UINT64_C(0xb4a8a3df4c8c60c9), UINT64_C(0x23dbcc2f0cbee23c),
                                        UINT64_C(0x45433da4faef3c12), UINT64_C(0xfbc4464ed353c795)};

    set_up(1, 2);
    CU_ASSERT_EQUAL(stream_place("ue-a"), UINT64_C(0x5f1d25826b3f8a59));
    CU_ASSERT_EQUAL(stream_place("p-cscf-a"), UINT64_C(0x388d9d54eca15cc));
    gsl_rng *rng = streams_at(&streams, stream_place("ue-a"), STREAM_TEST, 3);

    CU_ASSERT_EQUAL(STREAM_TEST, 5);
    for (size_t i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(gsl_rng_get(rng), expected[i]);
    tear_down();
}

static void the_generator_is_xoshiro_seeded_by_splitmix(void)
{
    /* splitmix64's first numbers for the seed 1234567, as the Rosetta Code task lists them. */
    static const uint64_t seeded[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                      UINT64_C(9817491932198370423), UINT64_C(4593380528125082431)};
    /* xoshiro256** from the state 1, 2, 3, 4; worked out in Python's integers from Blackman and Vigna 2021. */
    static const uint64_t numbers[] = {11520,
                                       0,
                                       1509978240,
                                       UINT64_C(1215971899390074240),
                                       UINT64_C(1216172134540287360),
                                       UINT64_C(607988272756665600),
                                       UINT64_C(16172922978634559625),
                                       UINT64_C(8476171486693032832),
                                       UINT64_C(10595114339597558777),
                                       UINT64_C(2904607092377533576)};
    static const uint64_t state[] = {1, 2, 3, 4};

    set_up(1, 1);
    gsl_rng_set(streams.rng, 1234567);
    CU_ASSERT_EQUAL_FATAL(gsl_rng_size(streams.rng), sizeof(seeded));
    CU_ASSERT_EQUAL(memcmp(gsl_rng_state(streams.rng), seeded, sizeof(seeded)), 0);
    memcpy(gsl_rng_state(streams.rng), state, sizeof(state));
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        CU_ASSERT_EQUAL(gsl_rng_get(streams.rng), numbers[i]);
    tear_down();
}

/* The first number at an address, for addresses that differ in one coordinate. */
enum axis { AXIS_SEED, AXIS_TRIAL, AXIS_PLACE, AXIS_ORDINAL, AXES };

static uint64_t neighbour(enum axis axis, uint64_t i)
{
    streams.seed = axis == AXIS_SEED ? i : 42;
    streams.trial = axis == AXIS_TRIAL ? i : 42;
    return first_at(axis == AXIS_PLACE ? i : 42, STREAM_TEST, axis == AXIS_ORDINAL ? i : 42);
}

static double chance(double chi_square)
{
    return gsl_cdf_chisq_Q(chi_square, BINS - 1);
}

static double chi_square(const uint32_t *counts)
{
    double sum = 0, expected = (double)DRAWS / BINS;

    for (size_t i = 0; i < BINS; i++)
        sum += (counts[i] - expected) * (counts[i] - expected) / expected;
    return sum;
}

/* For each coordinate and each byte of the number: neighbouring addresses fill 256 bins evenly. 32 tests of fixed
 * numbers; a good generator fails one of them by chance in 3,000 tries. */
static void neighbouring_addresses_are_uniform(void)
{
    set_up(0, 0);
    for (enum axis axis = 0; axis < AXES; axis++)
        for (unsigned byte = 0; byte < 8; byte++) {
            uint32_t counts[BINS] = {0};

            for (uint64_t i = 0; i < DRAWS; i++)
                counts[neighbour(axis, i) >> (8 * byte) & 255]++;
            double p = chance(chi_square(counts));

            CU_ASSERT(p > 5e-6 && p < 1 - 5e-6);
        }
    tear_down();
}

/* Pairs of neighbours in 16 x 16 bins, and their correlation. */
static void neighbouring_addresses_do_not_depend_on_one_another(void)
{
    set_up(0, 0);
    for (enum axis axis = 0; axis < AXES; axis++)
        for (uint64_t distance = 1; distance <= 64; distance *= 8) {
            uint32_t counts[BINS] = {0};
            double product = 0;

            for (uint64_t i = 0; i < DRAWS; i++) {
                uint64_t a = neighbour(axis, i), b = neighbour(axis, i + distance);

                counts[(a >> 60) * 16 + (b >> 60)]++;
                product += ((double)a * 0x1p-64 - 0.5) * ((double)b * 0x1p-64 - 0.5) * 12;
            }
            double p = chance(chi_square(counts));

            CU_ASSERT(p > 5e-6 && p < 1 - 5e-6);
            /* The correlation's standard error is 1 / sqrt(n). */
            CU_ASSERT(fabs(product / DRAWS) < 4.5 / sqrt(DRAWS));
        }
    tear_down();
}

/* Change one bit of a coordinate: each bit of the number must change half the time. */
static void one_bit_of_an_address_changes_half_of_the_number(void)
{
    enum { TRIES = 200 };

    set_up(0, 0);
    for (enum axis axis = 0; axis < AXES; axis++)
        for (unsigned bit = 0; bit < 64; bit++) {
            unsigned changed = 0;

            for (uint64_t i = 0; i < TRIES; i++)
                changed += (unsigned)__builtin_popcountll(neighbour(axis, i) ^ neighbour(axis, i ^ UINT64_C(1) << bit));
            /* 64 TRIES coin tosses, within five standard deviations. */
            CU_ASSERT(fabs((double)changed - 32.0 * TRIES) < 5 * sqrt(16.0 * TRIES));
        }
    tear_down();
}

static int compare(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

    return left < right ? -1 : left > right;
}

/* Small coordinates and swapped ones are what scenarios use; a hash that mixed them up would give equal streams. */
static void different_addresses_give_different_numbers(void)
{
    enum { SIDE = 12, ALL = SIDE * SIDE * SIDE * SIDE * (STREAM_TEST + 1) };
    uint64_t *numbers = calloc(ALL, sizeof(*numbers));
    size_t count = 0, same = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(numbers);
    set_up(0, 0);
    for (streams.seed = 0; streams.seed < SIDE; streams.seed++)
        for (streams.trial = 0; streams.trial < SIDE; streams.trial++)
            for (uint64_t place = 0; place < SIDE; place++)
                for (enum stream_kind kind = STREAM_SERVICE; kind <= STREAM_TEST; kind++)
                    for (uint64_t ordinal = 0; ordinal < SIDE; ordinal++)
                        numbers[count++] = first_at(place, kind, ordinal);
    CU_ASSERT_EQUAL(count, ALL);
    qsort(numbers, count, sizeof(*numbers), compare);
    for (size_t i = 1; i < count; i++)
        same += numbers[i] == numbers[i - 1];
    CU_ASSERT_EQUAL(same, 0);
    free(numbers);
    tear_down();
}

/* Means within five standard errors. */
static void gsl_draws_its_distributions_from_a_stream(void)
{
    double exponential = 0, square = 0, gaussian = 0, uniform = 0, gamma = 0, sixes = 0;

    set_up(2026, 0);
    for (uint64_t i = 0; i < DRAWS; i++) {
        double x = gsl_ran_exponential(streams_at(&streams, 1, STREAM_SERVICE, i), 3);
        double u = gsl_rng_uniform(streams_at(&streams, 5, STREAM_SERVICE, i));

        exponential += x / DRAWS;
        square += x * x / DRAWS;
        gaussian += gsl_ran_gaussian_ziggurat(streams_at(&streams, 2, STREAM_SERVICE, i), 1) / DRAWS;
        gamma += gsl_ran_gamma(streams_at(&streams, 3, STREAM_SERVICE, i), 2, 1.5) / DRAWS;
        sixes += (double)(gsl_rng_uniform_int(streams_at(&streams, 4, STREAM_SERVICE, i), 6) == 5) / DRAWS;
        uniform += u / DRAWS;
        CU_ASSERT(u >= 0 && u < 1);
    }
    double n = sqrt(DRAWS);

    CU_ASSERT_DOUBLE_EQUAL(exponential, 3, 5 * 3 / n);
    CU_ASSERT_DOUBLE_EQUAL(square, 18, 5 * sqrt(24 * 81 - 18 * 18) / n);
    CU_ASSERT_DOUBLE_EQUAL(gaussian, 0, 5 / n);
    CU_ASSERT_DOUBLE_EQUAL(gamma, 3, 5 * sqrt(2 * 1.5 * 1.5) / n);
    CU_ASSERT_DOUBLE_EQUAL(sixes, 1.0 / 6, 5 * sqrt(5.0 / 36) / n);
    CU_ASSERT_DOUBLE_EQUAL(uniform, 0.5, 5 * sqrt(1.0 / 12) / n);
    tear_down();
}

static void drawing_takes_no_memory(void)
{
    set_up(1, 1);
    size_t used = arena_used(arena);

    CU_ASSERT(used > 0);
    for (uint64_t i = 0; i < 1000; i++)
        gsl_ran_lognormal(streams_at(&streams, stream_place("s-cscf"), STREAM_JITTER, i), 0, 1);
    CU_ASSERT_EQUAL(arena_used(arena), used);
    tear_down();
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"one address gives the same numbers whenever asked", one_address_gives_the_same_numbers_whenever_asked},
        {"the numbers are those of the recipe", the_numbers_are_those_of_the_recipe},
        {"the generator is xoshiro256**, seeded by splitmix64", the_generator_is_xoshiro_seeded_by_splitmix},
        {"neighbouring addresses are uniform", neighbouring_addresses_are_uniform},
        {"neighbouring addresses do not depend on one another", neighbouring_addresses_do_not_depend_on_one_another},
        {"one bit of an address changes half of the number", one_bit_of_an_address_changes_half_of_the_number},
        {"different addresses give different numbers", different_addresses_give_different_numbers},
        {"GSL draws its distributions from a stream", gsl_draws_its_distributions_from_a_stream},
        {"drawing takes no memory", drawing_takes_no_memory},
        {NULL, NULL}};

    return unit_run("stream", tests);
}
