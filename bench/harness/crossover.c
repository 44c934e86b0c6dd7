/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/crossover.h"
#include "sim/base/check.h"

#include <math.h>
#include <stdlib.h>

struct place {
    double at;
    struct crossover_sample sample;
};

struct search {
    const struct crossover_plan *plan;
    struct crossover *found;
    struct place *places;
    struct note *note;
};

static double between(const struct crossover_plan *plan, double a, double b)
{
    double middle = plan->is_log ? sqrt(a * b) : (a + b) / 2;

    return plan->is_whole ? nearbyint(middle) : middle;
}

static double place_at(const struct crossover_plan *plan, size_t i, size_t count)
{
    double share = (double)i / (double)(count - 1);
    double at =
        plan->is_log ? plan->low * pow(plan->high / plan->low, share) : plan->low + (plan->high - plan->low) * share;

    if (i == 0)
        return plan->low;
    if (i == count - 1)
        return plan->high;
    return plan->is_whole ? nearbyint(at) : at;
}

static enum err take(struct search *search, double at, struct crossover_sample *sample)
{
    search->found->samples++;
    return search->plan->sample(search->plan->context, at, sample, search->note);
}

static bool holds_zero(const struct crossover_sample *sample)
{
    return sample->is_comparable && fabs(sample->mean) <= sample->half;
}

/* Near enough to be one place: there is nothing between them that matters. */
static bool is_narrow(const struct crossover_plan *plan, double a, double b)
{
    double middle = between(plan, a, b);

    return b - a <= plan->narrow * fmax(fabs(a), fabs(b)) || middle <= a || middle >= b;
}

/* Halves between two places whose means differ in sign. A mean of exactly 0 is the change itself. */
static enum err narrow_change(struct search *search, const struct place *left, const struct place *right)
{
    struct crossover_change *change = &search->found->changes[search->found->change_count];
    double low = left->at, high = right->at;
    bool is_negative = left->sample.mean < 0, is_cut = false;

    if (search->found->change_count == CROSSOVER_MAX)
        return note_set(search->note, ERR_FULL, "more than %d changes of sign", CROSSOVER_MAX);
    while (!is_narrow(search->plan, low, high)) {
        double middle = between(search->plan, low, high);
        struct crossover_sample sample;

        TRY(take(search, middle, &sample));
        if (!sample.is_comparable) {
            is_cut = true;
            break;
        }
        if (sample.mean == 0) {
            low = high = middle;
            break;
        }
        if ((sample.mean < 0) == is_negative)
            low = middle;
        else
            high = middle;
    }
    *change = (struct crossover_change){.at = search->plan->is_log ? sqrt(low * high) : (low + high) / 2,
                                        .is_upwards = is_negative,
                                        .is_cut = is_cut,
                                        .low = low,
                                        .high = high};
    search->found->change_count++;
    return ERR_OK;
}

/* Halves between a place whose interval holds 0 and one whose does not: the outermost that holds it. */
static enum err narrow_edge(struct search *search, double inside, double outside, double *edge)
{
    for (;;) {
        double low = fmin(inside, outside), high = fmax(inside, outside);
        struct crossover_sample sample;

        *edge = inside;
        if (is_narrow(search->plan, low, high))
            return ERR_OK;
        double middle = between(search->plan, low, high);

        TRY(take(search, middle, &sample));
        if (holds_zero(&sample))
            inside = middle;
        else
            outside = middle;
    }
}

static enum err find_spans(struct search *search)
{
    struct crossover *found = search->found;

    for (size_t i = 0; i < found->scanned; i++) {
        struct crossover_span *span = &found->spans[found->span_count];
        size_t last = i;

        if (!holds_zero(&search->places[i].sample))
            continue;
        if (found->span_count == CROSSOVER_MAX)
            return note_set(search->note, ERR_FULL, "more than %d spans without a difference", CROSSOVER_MAX);
        while (last + 1 < found->scanned && holds_zero(&search->places[last + 1].sample))
            last++;
        *span = (struct crossover_span){.low = search->places[i].at,
                                        .high = search->places[last].at,
                                        .is_open_low = i == 0,
                                        .is_open_high = last + 1 == found->scanned};
        if (i > 0)
            TRY(narrow_edge(search, search->places[i].at, search->places[i - 1].at, &span->low));
        if (last + 1 < found->scanned)
            TRY(narrow_edge(search, search->places[last].at, search->places[last + 1].at, &span->high));
        found->span_count++;
        i = last;
    }
    return ERR_OK;
}

/* A change between two places of the grid may have its span between them too: it is looked for around the change. */
static enum err find_span_of(struct search *search, struct crossover_change *change, double left, double right)
{
    struct crossover *found = search->found;
    struct crossover_sample sample;

    for (size_t i = 0; i < found->span_count; i++)
        if (found->spans[i].low <= change->at && change->at <= found->spans[i].high) {
            change->has_span = true;
            change->span = found->spans[i];
            return ERR_OK;
        }
    if (change->is_cut)
        return ERR_OK;
    TRY(take(search, search->plan->is_whole ? nearbyint(change->at) : change->at, &sample));
    change->has_span = holds_zero(&sample) && sample.half > 0;
    if (!change->has_span)
        return ERR_OK;
    TRY(narrow_edge(search, change->at, left, &change->span.low));
    return narrow_edge(search, change->at, right, &change->span.high);
}

static enum err find_changes(struct search *search)
{
    struct crossover *found = search->found;
    size_t before = SIZE_MAX; /* the last place with a sign */

    for (size_t i = 0; i < found->scanned; i++) {
        const struct place *place = &search->places[i];

        if (!place->sample.is_comparable) {
            before = SIZE_MAX; /* a change across what cannot be compared is none */
            continue;
        }
        if (place->sample.mean == 0)
            continue;
        if (before != SIZE_MAX && (search->places[before].sample.mean < 0) != (place->sample.mean < 0)) {
            TRY(narrow_change(search, &search->places[before], place));
            TRY(find_span_of(search, &found->changes[found->change_count - 1], search->places[before].at, place->at));
        }
        before = i;
    }
    return ERR_OK;
}

/* The next place behind i, or before it, with a sign; scanned where there is none. */
static size_t signed_place(const struct search *search, size_t i, bool is_behind)
{
    size_t count = search->found->scanned;

    while (i < count && !(search->places[i].sample.is_comparable && search->places[i].sample.mean != 0))
        i = is_behind ? i + 1 : i - 1; /* below 0 is beyond count */
    return i < count ? i : count;
}

static enum err find_gaps(struct search *search)
{
    struct crossover *found = search->found;

    for (size_t i = 0; i < found->scanned; i++) {
        size_t last = i;

        if (search->places[i].sample.is_comparable)
            continue;
        if (found->gap_count == CROSSOVER_MAX)
            return note_set(search->note, ERR_FULL, "more than %d stretches without comparison", CROSSOVER_MAX);
        while (last + 1 < found->scanned && !search->places[last + 1].sample.is_comparable)
            last++;
        size_t before = signed_place(search, i, false), behind = signed_place(search, last, true);
        struct crossover_gap *gap = &found->gaps[found->gap_count++];

        *gap = (struct crossover_gap){.low = search->places[i].at, .high = search->places[last].at};
        if (before < found->scanned && behind < found->scanned) {
            gap->is_upwards = search->places[behind].sample.mean > 0;
            gap->is_change = gap->is_upwards != (search->places[before].sample.mean > 0);
        }
        i = last;
    }
    return ERR_OK;
}

static size_t grid_of(const struct crossover_plan *plan)
{
    double decades = plan->is_log ? log10(plan->high / plan->low) : 1;
    size_t count = plan->grid > 0 ? plan->grid : (size_t)ceil(decades * CROSSOVER_PER_DECADE) + 1;

    count = count < CROSSOVER_PER_DECADE + 1 && plan->grid == 0 ? CROSSOVER_PER_DECADE + 1 : count;
    return count < CROSSOVER_GRID_MAX ? count : CROSSOVER_GRID_MAX;
}

static enum err scan(struct search *search)
{
    struct crossover *found = search->found;
    size_t count = grid_of(search->plan);

    for (size_t i = 0; i < count; i++) {
        struct place *place = &search->places[found->scanned];

        place->at = place_at(search->plan, i, count);
        if (i > 0 && place->at <= search->places[found->scanned - 1].at)
            continue; /* whole numbers lie closer than the grid */
        TRY(take(search, place->at, &place->sample));
        found->not_comparable += !place->sample.is_comparable;
        found->scanned++;
    }
    found->first = found->last = NAN;
    for (size_t i = 0; i < found->scanned; i++) {
        const struct crossover_sample *sample = &search->places[i].sample;

        if (!sample->is_comparable)
            continue;
        if (isnan(found->first))
            found->first = sample->mean;
        found->last = sample->mean;
    }
    return ERR_OK;
}

enum err crossover_find(const struct crossover_plan *plan, struct crossover *crossover, struct note *note)
{
    struct search search = {.plan = plan, .found = crossover, .note = note};

    *crossover = (struct crossover){.scanned = 0};
    if (!(plan->low < plan->high) || (plan->is_log && plan->low <= 0) || plan->grid == 1)
        return note_set(note, ERR_RANGE, "expected a range from a smaller to a larger value");
    search.places = calloc(CROSSOVER_GRID_MAX, sizeof(*search.places));
    if (!search.places)
        return note_set(note, ERR_FULL, "no memory for a grid");
    enum err error = scan(&search);

    if (error == ERR_OK)
        error = find_spans(&search);
    if (error == ERR_OK)
        error = find_changes(&search);
    if (error == ERR_OK)
        error = find_gaps(&search);
    free(search.places);
    return error;
}
