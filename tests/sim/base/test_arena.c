/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/arena.h"
#include "tests/unit.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_zero(const void *memory, size_t size)
{
    const unsigned char *bytes = memory;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static void pieces_are_aligned_apart_and_zero(void)
{
    struct arena *arena = arena_create(1 << 20);
    uintptr_t end = 0;

    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    for (size_t size = 1; size <= 300; size++) {
        char *piece = arena_alloc(arena, size);

        CU_ASSERT_EQUAL((uintptr_t)piece % (size >= 64 ? 64 : 16), 0);
        CU_ASSERT((uintptr_t)piece >= end);
        CU_ASSERT_TRUE(is_zero(piece, size));
        memset(piece, 0xa5, size);
        end = (uintptr_t)piece + size;
    }
    arena_destroy(arena);
}

static void a_reset_arena_hands_out_zeros_again(void)
{
    struct arena *arena = arena_create(100000);

    memset(arena_alloc(arena, 5000), 0xff, 5000);
    arena_reset(arena);
    CU_ASSERT_EQUAL(arena_used(arena), 0);
    CU_ASSERT_EQUAL(arena_peak(arena), 5000);
    /* Across the end of what was dirty. */
    char *piece = arena_alloc(arena, 4000);

    CU_ASSERT_TRUE(is_zero(piece, 4000));
    piece = arena_alloc(arena, 4000);
    CU_ASSERT_TRUE(is_zero(piece, 4000));
    CU_ASSERT(arena_used(arena) >= 8000);
    CU_ASSERT_EQUAL(arena_peak(arena), arena_used(arena));
    arena_destroy(arena);
}

static void the_limit_holds_to_the_byte(void)
{
    struct arena *arena = arena_create(4096);
    volatile bool jumped = false;
    jmp_buf full;

    if (setjmp(full) == 0) {
        arena_on_full(arena, &full);
        CU_ASSERT_PTR_NOT_NULL(arena_alloc(arena, 4096));
        CU_ASSERT_EQUAL(arena_used(arena), 4096);
        arena_alloc(arena, 1);
        CU_FAIL("a byte beyond the limit was handed out");
    } else {
        jumped = true;
    }
    CU_ASSERT_TRUE(jumped);
    CU_ASSERT_EQUAL(arena_used(arena), 4096);

    jumped = false;
    arena_reset(arena);
    if (setjmp(full) == 0) {
        arena_on_full(arena, &full);
        arena_alloc(arena, SIZE_MAX - 100);
        CU_FAIL("more than there is was handed out");
    } else {
        jumped = true;
    }
    CU_ASSERT_TRUE(jumped);
    CU_ASSERT_EQUAL(arena_used(arena), 0);
    arena_destroy(arena);
}

static void without_a_place_to_jump_to_the_limit_aborts(void)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        const struct rlimit no_core = {0, 0};
        struct arena *arena = arena_create(1000);

        setrlimit(RLIMIT_CORE, &no_core);
        fclose(stderr);
        arena_alloc(arena, 1001);
        _exit(0);
    }
    waitpid(child, &status, 0);
    CU_ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void a_large_limit_costs_nothing_until_used(void)
{
    struct arena *arena = arena_create((size_t)64 << 30);

    CU_ASSERT_PTR_NOT_NULL_FATAL(arena);
    char *piece = arena_alloc(arena, (size_t)48 << 30);

    piece[((size_t)48 << 30) - 1] = 1;
    arena_destroy(arena);
    arena_destroy(NULL);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"pieces are aligned, apart and zero", pieces_are_aligned_apart_and_zero},
        {"a reset arena hands out zeros again", a_reset_arena_hands_out_zeros_again},
        {"the limit holds to the byte", the_limit_holds_to_the_byte},
        {"without a place to jump to, the limit aborts", without_a_place_to_jump_to_the_limit_aborts},
        {"a large limit costs nothing until used", a_large_limit_costs_nothing_until_used},
        {NULL, NULL}};

    return unit_run("arena", tests);
}
