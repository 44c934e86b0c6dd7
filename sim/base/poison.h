/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * poison.h - memory that nobody may touch. In a program built with AddressSanitizer a touch is an error with a trace;
 * in any other these do nothing: the sanitizer's functions are looked for when the program is linked.
 */
#ifndef SIM_BASE_POISON_H
#define SIM_BASE_POISON_H

#include <stddef.h>

/* Of <sanitizer/asan_interface.h>. */
__attribute__((weak)) void __asan_poison_memory_region(const volatile void *memory, size_t size);
__attribute__((weak)) void __asan_unpoison_memory_region(const volatile void *memory, size_t size);

/* memory is aligned to 8 bytes. */
static inline void poison(void *memory, size_t size)
{
    if (__asan_poison_memory_region)
        __asan_poison_memory_region(memory, size);
}

static inline void unpoison(void *memory, size_t size)
{
    if (__asan_unpoison_memory_region)
        __asan_unpoison_memory_region(memory, size);
}

#endif
