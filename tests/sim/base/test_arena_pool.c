/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arenas within an arena: what is given back serves the next, and every address tells whose it is. */
#include "sim/base/arena_pool.h"
#include "tests/unit.h"

#include <string.h>

enum { CHUNK = 4096 };

static void what_is_given_back_serves_the_next(void)
{
    struct arena *parent = arena_create((size_t)8 << 20);
    struct arena_pool *pool = arena_pool_create(parent, CHUNK);
    size_t after_one = 0;

    for (uint32_t round = 0; round < 1000; round++) {
        struct arena *arena = arena_pool_take(pool, round);

        for (size_t i = 0; i < 40; i++) {
            char *piece = arena_alloc(arena, 1 + 700 * i);

            for (size_t at = 0; at < 1 + 700 * i; at += 97)
                CU_ASSERT_EQUAL_FATAL(piece[at], 0);
            memset(piece, 0xee, 1 + 700 * i);
        }
        CU_ASSERT(arena_pool_taken(pool) >= arena_used(arena));
        arena_pool_give(pool, arena);
        CU_ASSERT_EQUAL(arena_pool_taken(pool), 0);
        if (round == 0)
            after_one = arena_used(parent);
    }
    CU_ASSERT_EQUAL(arena_used(parent), after_one);
    arena_destroy(parent);
}

static void an_address_tells_whose_it_is(void)
{
    struct arena *parent = arena_create((size_t)8 << 20);
    struct arena_pool *pool = arena_pool_create(parent, CHUNK);
    char *stranger = arena_alloc(parent, 100);
    struct arena *a = arena_pool_take(pool, 7), *b = arena_pool_take(pool, 0);
    char *small = arena_alloc(a, 10), *large = arena_alloc(a, 10 * CHUNK), *other = arena_alloc(b, 3000);

    CU_ASSERT_EQUAL(arena_pool_owner(pool, small), 7);
    CU_ASSERT_EQUAL(arena_pool_owner(pool, large), 7);
    CU_ASSERT_EQUAL(arena_pool_owner(pool, large + 10 * CHUNK - 1), 7);
    CU_ASSERT_EQUAL(arena_pool_owner(pool, other), 0);
    CU_ASSERT_EQUAL(arena_pool_owner(pool, stranger), UINT32_MAX);
    CU_ASSERT_EQUAL(arena_pool_owner(pool, NULL), UINT32_MAX);
    CU_ASSERT_EQUAL(arena_pool_owner(pool, &parent), UINT32_MAX);
    arena_pool_give(pool, a);
    CU_ASSERT_EQUAL(arena_pool_owner(pool, small), UINT32_MAX);
    CU_ASSERT_EQUAL(arena_pool_owner(pool, other), 0);
    arena_destroy(parent);
}

/* There in a program built with AddressSanitizer. */
__attribute__((weak)) int __asan_address_is_poisoned(const volatile void *address);

static void asan_keeps_what_was_not_handed_out(void)
{
    struct arena *parent = arena_create((size_t)8 << 20);
    struct arena_pool *pool = arena_pool_create(parent, CHUNK);
    struct arena *arena = arena_pool_take(pool, 3);
    char *piece = arena_alloc(arena, 100), *large = arena_alloc(arena, 2 * CHUNK);

    if (!__asan_address_is_poisoned) {
        arena_destroy(parent);
        return;
    }
    CU_ASSERT(!__asan_address_is_poisoned(piece) && !__asan_address_is_poisoned(piece + 99));
    CU_ASSERT(__asan_address_is_poisoned(piece + 100));
    CU_ASSERT(!__asan_address_is_poisoned(large + 2 * CHUNK - 1) && __asan_address_is_poisoned(large + 2 * CHUNK));
    arena_pool_give(pool, arena);
    CU_ASSERT(__asan_address_is_poisoned(piece) && __asan_address_is_poisoned(large + CHUNK));
    CU_ASSERT_PTR_EQUAL(arena_alloc(arena_pool_take(pool, 4), 100), piece);
    CU_ASSERT(!__asan_address_is_poisoned(piece) && __asan_address_is_poisoned(piece + 100));
    arena_reset(parent);
    CU_ASSERT(!__asan_address_is_poisoned(piece + 100) && !__asan_address_is_poisoned(large + 2 * CHUNK));
    arena_destroy(parent);
}

static void the_parents_limit_holds(void)
{
    struct arena *parent = arena_create((size_t)1 << 20);
    struct arena_pool *pool = arena_pool_create(parent, CHUNK);
    struct arena *arena = arena_pool_take(pool, 0);
    jmp_buf full;
    volatile size_t pieces = 0;

    if (setjmp(full) == 0) {
        arena_on_full(parent, &full);
        for (;;) {
            arena_alloc(arena, 2000);
            pieces++;
        }
    }
    CU_ASSERT(pieces > 150 && pieces < 257);
    arena_destroy(parent);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"what is given back serves the next", what_is_given_back_serves_the_next},
        {"an address tells whose it is", an_address_tells_whose_it_is},
        {"AddressSanitizer, where it is, keeps what was not handed out", asan_keeps_what_was_not_handed_out},
        {"the parent's limit holds", the_parents_limit_holds},
        {NULL, NULL}};

    return unit_run("arena pool", tests);
}
