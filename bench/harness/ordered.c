/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/ordered.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DIGIT_BITS = 16, COUNTERS = 1 << DIGIT_BITS, PATH_SIZE = 4096 };

/* Doubles of one sign are in the order of their bits (IEEE 754). */
static uint64_t bits_of(double value)
{
    uint64_t bits;

    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static double value_of(uint64_t bits)
{
    double value;

    memcpy(&value, &bits, sizeof(value));
    return value;
}

enum err ordered_init(struct ordered *ordered, const char *folder, struct note *note)
{
    *ordered = (struct ordered){.folder = folder,
                                .values = calloc(ORDERED_KEPT, sizeof(*ordered->values)),
                                .counters = calloc(COUNTERS, sizeof(*ordered->counters))};
    return ordered->values && ordered->counters ? ERR_OK : note_set(note, ERR_FULL, "no memory for numbers in order");
}

void ordered_free(struct ordered *ordered)
{
    if (ordered->file)
        fclose(ordered->file);
    free(ordered->values);
    free(ordered->counters);
    *ordered = (struct ordered){.file = NULL};
}

void ordered_clear(struct ordered *ordered)
{
    if (ordered->file)
        fclose(ordered->file);
    ordered->file = NULL;
    ordered->count = ordered->kept = 0;
    ordered->is_sorted = false;
    ordered->error = ERR_OK;
}

/* ---- The file ---- */

static enum err open_file(struct ordered *ordered, struct note *note)
{
    char path[PATH_SIZE];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/.ordered-XXXXXX", ordered->folder);
    sink_string(&sink);
    int descriptor = sink.overflow ? -1 : mkstemp(path);

    if (descriptor < 0)
        return note_set(note, ERR_FILE, "%s: no file for numbers: %s", ordered->folder, strerror(errno));
    unlink(path);
    ordered->file = fdopen(descriptor, "w+");
    if (ordered->file)
        return ERR_OK;
    close(descriptor);
    return note_set(note, ERR_FULL, "%s: no file for numbers: %s", ordered->folder, strerror(errno));
}

/* Puts what is kept behind what the file has. */
static enum err spill(struct ordered *ordered, struct note *note)
{
    if (!ordered->file)
        TRY(open_file(ordered, note));
    if (fwrite(ordered->values, sizeof(*ordered->values), ordered->kept, ordered->file) != ordered->kept ||
        fflush(ordered->file) != 0)
        return note_set(note, errno == ENOSPC || errno == EDQUOT ? ERR_FULL : ERR_FILE, "%s: %s", ordered->folder,
                        strerror(errno));
    ordered->kept = 0;
    return ERR_OK;
}

enum err ordered_add(struct ordered *ordered, double value, struct note *note)
{
    check(value >= 0);
    if (ordered->kept == ORDERED_KEPT)
        TRY(spill(ordered, note));
    ordered->values[ordered->kept++] = bits_of(value + 0.0); /* -0 is 0 */
    ordered->count++;
    ordered->is_sorted = false;
    return ERR_OK;
}

/* ---- Ranks ---- */

static int compare_bits(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a, second = *(const uint64_t *)b;

    return first < second ? -1 : first > second;
}

/* Counts the digit at shift of the values whose bits above it are those of prefix. */
static void count_values(struct ordered *ordered, const uint64_t *values, size_t count, unsigned shift, uint64_t prefix)
{
    for (size_t i = 0; i < count; i++)
        if (shift + DIGIT_BITS == 64 || values[i] >> (shift + DIGIT_BITS) == prefix)
            ordered->counters[values[i] >> shift & (COUNTERS - 1)]++;
}

static void count_digits(struct ordered *ordered, unsigned shift, uint64_t prefix)
{
    uint64_t block[1024];
    size_t count;

    memset(ordered->counters, 0, COUNTERS * sizeof(*ordered->counters));
    rewind(ordered->file);
    while ((count = fread(block, sizeof(*block), sizeof(block) / sizeof(*block), ordered->file)) > 0)
        count_values(ordered, block, count, shift, prefix);
    if (ferror(ordered->file) || fseek(ordered->file, 0, SEEK_END) != 0)
        ordered->error = ERR_FILE;
    count_values(ordered, ordered->values, ordered->kept, shift, prefix);
}

/* The first digit is that of the values among which the rank is, and so on: prefix grows to a whole number. */
static uint64_t select_bits(struct ordered *ordered, uint64_t rank)
{
    uint64_t prefix = 0;

    for (unsigned shift = 64 - DIGIT_BITS;; shift -= DIGIT_BITS) {
        uint64_t digit = 0;

        count_digits(ordered, shift, prefix);
        for (; digit + 1 < COUNTERS && rank >= ordered->counters[digit]; digit++)
            rank -= ordered->counters[digit];
        prefix = prefix << DIGIT_BITS | digit;
        if (shift == 0)
            return prefix;
    }
}

double ordered_at(void *context, size_t rank)
{
    struct ordered *ordered = context;

    check(rank < ordered->count);
    if (ordered->file)
        return value_of(select_bits(ordered, rank));
    if (!ordered->is_sorted)
        qsort(ordered->values, ordered->kept, sizeof(*ordered->values), compare_bits);
    ordered->is_sorted = true;
    return value_of(ordered->values[rank]);
}
