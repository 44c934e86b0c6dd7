/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine.c - a few events form a list in order: the first is taken without a step, and one that comes soon finds its
 * place in fewer steps than a heap has comparisons. Many form a 4-ary heap of 32-byte events. The children of a node
 * are four neighbours that fill two cache lines, so a step down costs one miss, and there are half as many steps as in
 * a binary heap.
 */
#include "sim/des/engine.h"

#include <assert.h>
#include <string.h>

enum { HEAP_FIRST = 256, HEAP_FAR = 30000, FAMILY = 4, FAMILY_BYTES = FAMILY * sizeof(struct event) };

static_assert(sizeof(struct event) == 32, "four events fill two cache lines");

/* The list holds fewer than LIST_MAX events. The heap becomes a list when it has shrunk well below that, so that many
 * events share the cost of changing over. */
enum { LIST_MAX = 32, LIST_AGAIN = 16 };

/* An event of the list. */
struct listed {
    struct event event;
    struct listed *next;
};

/* Time and ticket as one number: a comparison is two instructions and no branch. Times are never negative. */
__extension__ typedef unsigned __int128 event_key;

static inline event_key key_of(const struct event *event)
{
    return (event_key)(uint64_t)event->at_ns << 64 | event->ticket;
}

static const bool never = false;

/* Room for capacity events, placed so that the first of each family of children (1, 5, 9, ...) starts a family's worth
 * of aligned bytes. */
static struct event *heap_create(struct arena *arena, uint64_t capacity)
{
    check(capacity < UINT64_MAX / sizeof(struct event) - 2 * FAMILY);
    char *memory = arena_alloc(arena, (capacity + 2 * FAMILY) * sizeof(struct event));
    size_t past = (uintptr_t)memory % FAMILY_BYTES;

    return (struct event *)(void *)(memory + (FAMILY_BYTES - past) + FAMILY_BYTES - sizeof(struct event));
}

void engine_init(struct engine *engine, struct arena *arena)
{
    struct listed *listed = arena_alloc(arena, (LIST_MAX + 1) * sizeof(*listed));

    *engine = (struct engine){.next_ticket = 1, .events_max = UINT64_MAX, .is_list = true, .arena = arena};
    engine->capacity = HEAP_FIRST;
    engine->heap = heap_create(arena, engine->capacity);
    for (int i = 0; i < LIST_MAX; i++) {
        listed[i].next = engine->unused;
        engine->unused = &listed[i];
    }
    /* The list ends with an event that never comes: who looks for a place stops there. */
    engine->first = &listed[LIST_MAX];
    engine->first->event.at_ns = INT64_MAX;
    engine->first->event.ticket = UINT64_MAX;
}

/* The old heap stays in the arena: all of them together take less than the last one once more. */
static void heap_grow(struct engine *engine)
{
    struct event *heap = heap_create(engine->arena, 2 * engine->capacity);

    memcpy(heap, engine->heap, engine->pending * sizeof(*heap));
    engine->heap = heap;
    engine->capacity *= 2;
}

/* Member by member: an event just written is four narrow stores, and a wide load of all four would have to wait for
 * them to reach the cache. */
static inline void event_move(struct event *to, const struct event *from)
{
    to->at_ns = from->at_ns;
    to->ticket = from->ticket;
    to->run = from->run;
    to->context = from->context;
}

static inline uint64_t least_of_four(const struct event *heap, uint64_t child)
{
    event_key keys[FAMILY] = {key_of(&heap[child]), key_of(&heap[child + 1]), key_of(&heap[child + 2]),
                              key_of(&heap[child + 3])};
    uint64_t left = child + (keys[1] < keys[0]);
    uint64_t right = child + 2 + (keys[3] < keys[2]);
    event_key left_key = keys[1] < keys[0] ? keys[1] : keys[0];
    event_key right_key = keys[3] < keys[2] ? keys[3] : keys[2];

    /* Multiplied, not chosen: which half wins is a coin toss that no branch predictor learns. */
    return left + (right - left) * (right_key < left_key);
}

/* The least child of the last family, which may be incomplete. */
static inline uint64_t least_of_few(const struct event *heap, uint64_t child, uint64_t count)
{
    uint64_t least = child;

    for (uint64_t i = child + 1; i < count; i++)
        if (key_of(&heap[i]) < key_of(&heap[least]))
            least = i;
    return least;
}

/* The children of a whole family, one of whom is looked at next: in a heap larger than the cache they are on their way
 * while the family is compared. */
static inline void fetch_families(const struct event *heap, uint64_t first)
{
    for (uint64_t i = 0; i < FAMILY * FAMILY; i += 2)
        __builtin_prefetch(&heap[first + i]);
}

/* Puts event where the root was: smaller children move up until it fits. */
static inline void sift_down(struct event *heap, uint64_t count, struct event event)
{
    event_key key = key_of(&event);
    uint64_t place = 0;

    for (;;) {
        uint64_t child = FAMILY * place + 1;

        if (child >= count)
            break;
        if (count > HEAP_FAR && FAMILY * child + 1 < count)
            fetch_families(heap, FAMILY * child + 1);
        uint64_t least = child + 3 < count ? least_of_four(heap, child) : least_of_few(heap, child, count);

        if (key_of(&heap[least]) >= key)
            break;
        event_move(&heap[place], &heap[least]);
        place = least;
    }
    heap[place] = event;
}

/* Puts event behind the last one: larger parents move down until it fits. */
static inline void sift_up(struct event *heap, uint64_t place, struct event event)
{
    event_key key = key_of(&event);

    while (place > 0) {
        uint64_t parent = (place - 1) / FAMILY;

        if (key_of(&heap[parent]) <= key)
            break;
        event_move(&heap[place], &heap[parent]);
        place = parent;
    }
    heap[place] = event;
}

static inline void list_add(struct engine *engine, int64_t at_ns, uint64_t ticket, void *context, event_fn *run)
{
    struct listed *listed = engine->unused;
    struct listed **place = &engine->first;

    engine->unused = listed->next;
    while ((*place)->event.at_ns < at_ns || ((*place)->event.at_ns == at_ns && (*place)->event.ticket < ticket))
        place = &(*place)->next;
    listed->event.at_ns = at_ns;
    listed->event.ticket = ticket;
    listed->event.run = run;
    listed->event.context = context;
    listed->next = *place;
    *place = listed;
}

static inline struct listed *list_take(struct engine *engine)
{
    struct listed *listed = engine->first;

    engine->first = listed->next;
    listed->next = engine->unused;
    engine->unused = listed;
    return listed;
}

/* Events in order are a heap. */
static void list_to_heap(struct engine *engine)
{
    for (uint64_t i = 0; i < engine->pending; i++)
        engine->heap[i] = list_take(engine)->event;
    engine->is_list = false;
}

static void heap_to_list(struct engine *engine)
{
    for (uint64_t i = engine->pending; i > 0; i--) {
        const struct event *event = &engine->heap[i - 1];

        list_add(engine, event->at_ns, event->ticket, event->context, event->run);
    }
    engine->is_list = true;
}

static void heap_add(struct engine *engine, int64_t at_ns, uint64_t ticket, void *context, event_fn *run)
{
    struct event event = {at_ns, ticket, run, context};

    if (engine->is_list)
        list_to_heap(engine);
    /* Most events ask for another one: taking the running event's place saves a removal and an insertion. */
    if (engine->has_hole) {
        engine->has_hole = false;
        sift_down(engine->heap, engine->pending, event);
        return;
    }
    if (engine->pending == engine->capacity)
        heap_grow(engine);
    sift_up(engine->heap, engine->pending++, event);
}

static inline void engine_add(struct engine *engine, int64_t at_ns, uint64_t ticket, void *context, event_fn *run)
{
    uint64_t pending = engine->pending + !engine->has_hole;

    if (!engine->is_list || pending == LIST_MAX) {
        heap_add(engine, at_ns, ticket, context, run);
        return;
    }
    list_add(engine, at_ns, ticket, context, run);
    engine->pending = pending;
    engine->has_hole = false;
}

/* The event that has run asked for no other one. */
static void engine_remove(struct engine *engine)
{
    engine->has_hole = false;
    engine->pending--;
    if (engine->is_list)
        return;
    sift_down(engine->heap, engine->pending, engine->heap[engine->pending]);
    if (engine->pending <= LIST_AGAIN)
        heap_to_list(engine);
}

void engine_at(struct engine *engine, int64_t at_ns, void *context, event_fn *run)
{
    check(at_ns >= engine->now_ns);
    engine_add(engine, at_ns, engine->next_ticket++, context, run);
}

void engine_at_ticket(struct engine *engine, int64_t at_ns, uint64_t ticket, void *context, event_fn *run)
{
    /* Nothing may enter before what is running: the order would depend on when it was entered. */
    check(at_ns > engine->now_ns || (at_ns == engine->now_ns && ticket > engine->running_ticket));
    check(ticket < engine->next_ticket);
    engine_add(engine, at_ns, ticket, context, run);
}

void engine_visit(const struct engine *engine, void *visitor, engine_visit_fn *told)
{
    if (engine->is_list)
        for (const struct listed *listed = engine->first; listed->event.at_ns != INT64_MAX; listed = listed->next)
            told(visitor, listed->event.context);
    else
        for (uint64_t i = 0; i < engine->pending; i++)
            told(visitor, engine->heap[i].context);
}

int64_t engine_next_ns(const struct engine *engine)
{
    if (engine->pending == 0)
        return INT64_MAX;
    return engine->is_list ? engine->first->event.at_ns : engine->heap[0].at_ns;
}

bool engine_run(struct engine *engine, const bool *stop)
{
    stop = stop ? stop : &never;
    check(!engine->has_hole);

    while (engine->pending > 0 && !*stop) {
        if (engine->events_run >= engine->events_max)
            return false;
        const struct event *event = engine->is_list ? &list_take(engine)->event : engine->heap;

        engine->now_ns = event->at_ns;
        engine->running_ticket = event->ticket;
        engine->events_run++;
        engine->has_hole = true;
        event->run(engine, event->context);
        if (engine->has_hole)
            engine_remove(engine);
    }
    return true;
}

void timer_init(struct timer *timer, struct engine *engine, void *context, event_fn *run)
{
    *timer =
        (struct timer){.engine = engine, .run = run, .context = context, .due_ns = INT64_MAX, .event_ns = INT64_MAX};
}

static void timer_event(struct engine *engine, void *context);

/* Enters an event for when the timer is due, which is before its present event, if it has one. */
static void timer_enter(struct timer *timer)
{
    timer->later_ns = timer->event_ns;
    timer->later_ticket = timer->event_ticket;
    timer->event_ns = timer->due_ns;
    timer->event_ticket = timer->due_ticket;
    engine_at_ticket(timer->engine, timer->due_ns, timer->due_ticket, timer, timer_event);
}

static void timer_event(struct engine *engine, void *context)
{
    struct timer *timer = context;

    /* An event that was overtaken twice is forgotten; it comes and goes. */
    if (timer->event_ns == INT64_MAX || engine->running_ticket != timer->event_ticket)
        return;
    check(timer->event_ns == engine->now_ns);
    timer->event_ns = timer->later_ns;
    timer->event_ticket = timer->later_ticket;
    timer->later_ns = INT64_MAX;
    if (timer->due_ns == INT64_MAX)
        return;
    if (timer->due_ticket == engine->running_ticket) {
        timer->due_ns = INT64_MAX;
        timer->run(engine, timer->context);
    } else if (timer->due_ns < timer->event_ns) {
        timer_enter(timer);
    }
}

void timer_arm(struct timer *timer, int64_t at_ns)
{
    check(at_ns >= timer->engine->now_ns && at_ns < INT64_MAX);
    timer->due_ns = at_ns;
    timer->due_ticket = engine_ticket(timer->engine);
    if (at_ns < timer->event_ns)
        timer_enter(timer);
}

void lane_init(struct lane *lane, struct engine *engine, int64_t length_ns)
{
    check(length_ns >= 0);
    *lane = (struct lane){.engine = engine, .length_ns = length_ns};
}

static void lane_unlink(struct lane *lane, struct lane_entry *entry)
{
    check(entry->armed);
    if (entry->before)
        entry->before->after = entry->after;
    else
        lane->first = entry->after;
    if (entry->after)
        entry->after->before = entry->before;
    else
        lane->last = entry->before;
    entry->before = NULL;
    entry->after = NULL;
    entry->armed = false;
}

static void lane_event(struct engine *engine, void *context);

/* Enters the first entry's event; with none the lane rests. */
static void lane_enter(struct lane *lane)
{
    const struct lane_entry *first = lane->first;

    lane->waiting = first != NULL;
    if (first)
        engine_at_ticket(lane->engine, first->due_ns, first->ticket, lane, lane_event);
}

static void lane_event(struct engine *engine, void *context)
{
    struct lane *lane = context;
    struct lane_entry *first = lane->first;

    check(lane->waiting);
    /* The entry this event was for has been cancelled or moved; those behind it are due later. */
    if (!first || first->ticket != engine->running_ticket) {
        lane_enter(lane);
        return;
    }
    lane_unlink(lane, first);
    lane_enter(lane);
    first->run(engine, first->context);
}

void lane_arm(struct lane *lane, struct lane_entry *entry, void *context, event_fn *run)
{
    if (entry->armed)
        lane_unlink(lane, entry);
    *entry = (struct lane_entry){.before = lane->last,
                                 .run = run,
                                 .context = context,
                                 .due_ns = lane->engine->now_ns + lane->length_ns,
                                 .ticket = engine_ticket(lane->engine),
                                 .armed = true};
    if (lane->last)
        lane->last->after = entry;
    else
        lane->first = entry;
    lane->last = entry;
    if (!lane->waiting)
        lane_enter(lane);
}

void lane_cancel(struct lane *lane, struct lane_entry *entry)
{
    if (entry->armed)
        lane_unlink(lane, entry);
}
