/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * test_ticket.c - first-in first-out pipes that keep only their head in the heap, with tickets taken when a parcel is
 * sent, must deliver in exactly the order of pipes that enter one event a parcel. Delays are few and small, so that
 * nearly everything ties.
 */
#include "sim/base/units.h"
#include "sim/des/engine.h"
#include "tests/unit.h"

enum { PIPES = 5, SENT_MAX = 20000 };

struct parcel {
    struct parcel *next;
    struct pipe *pipe;
    int64_t due_ns;
    uint64_t ticket;
    uint64_t number;
};

struct pipe {
    struct world *world;
    int64_t delay_ns;
    struct parcel *first, *last;
};

struct world {
    struct engine engine;
    bool has_heads; /* only heads wait in the heap */
    struct pipe pipes[PIPES];
    struct parcel parcels[SENT_MAX];
    uint64_t sent;
    uint64_t delivered;
    uint64_t order[SENT_MAX];
    int64_t delivered_ns[SENT_MAX];
    uint64_t most_pending;
};

static struct world one_event_each, heads_only;

static void deliver(struct world *world, const struct parcel *parcel);

static void parcel_event(struct engine *engine, void *context)
{
    (void)engine;
    struct parcel *parcel = context;

    deliver(parcel->pipe->world, parcel);
}

static void head_event(struct engine *engine, void *context)
{
    struct pipe *pipe = context;
    struct parcel *head = pipe->first;

    pipe->first = head->next;
    if (pipe->first)
        engine_at_ticket(engine, pipe->first->due_ns, pipe->first->ticket, pipe, head_event);
    deliver(pipe->world, head);
}

static void send(struct world *world, uint64_t which)
{
    if (world->sent == SENT_MAX)
        return;
    struct pipe *pipe = &world->pipes[which % PIPES];
    struct parcel *parcel = &world->parcels[world->sent];

    *parcel = (struct parcel){.pipe = pipe, .due_ns = world->engine.now_ns + pipe->delay_ns, .number = world->sent++};
    if (!world->has_heads) {
        engine_at(&world->engine, parcel->due_ns, parcel, parcel_event);
        return;
    }
    parcel->ticket = engine_ticket(&world->engine);
    if (pipe->first) {
        pipe->last->next = parcel;
    } else {
        pipe->first = parcel;
        engine_at_ticket(&world->engine, parcel->due_ns, parcel->ticket, pipe, head_event);
    }
    pipe->last = parcel;
}

/* Each parcel sets off none to three others, so that bursts come and go. */
static void deliver(struct world *world, const struct parcel *parcel)
{
    uint64_t draw = (parcel->number + 3) * UINT64_C(0x9e3779b97f4a7c15) >> 40;

    world->order[world->delivered] = parcel->number;
    world->delivered_ns[world->delivered++] = world->engine.now_ns;
    if (world->engine.pending > world->most_pending)
        world->most_pending = world->engine.pending;
    for (uint64_t i = 0; i < draw % 4; i++)
        send(world, draw / 4 + i * i);
}

static void run(struct world *world, struct arena *arena, bool has_heads)
{
    static const int64_t delays_ns[PIPES] = {0, 1, 1, 2, 6};

    *world = (struct world){.has_heads = has_heads};
    engine_init(&world->engine, arena);
    for (size_t i = 0; i < PIPES; i++)
        world->pipes[i] = (struct pipe){.world = world, .delay_ns = delays_ns[i]};
    for (uint64_t i = 0; i < 40; i++)
        send(world, i);
    CU_ASSERT_TRUE(engine_run(&world->engine, NULL));
}

static void heads_deliver_in_the_order_of_single_events(void)
{
    struct arena *arena = arena_create(16 * MIB);
    size_t wrong = 0, ties = 0;

    run(&one_event_each, arena, false);
    run(&heads_only, arena, true);
    CU_ASSERT_EQUAL_FATAL(one_event_each.delivered, heads_only.delivered);
    CU_ASSERT_EQUAL(one_event_each.delivered, SENT_MAX);
    for (size_t i = 0; i < heads_only.delivered; i++) {
        wrong += one_event_each.order[i] != heads_only.order[i];
        wrong += one_event_each.delivered_ns[i] != heads_only.delivered_ns[i];
        ties += i > 0 && heads_only.delivered_ns[i] == heads_only.delivered_ns[i - 1];
    }
    CU_ASSERT_EQUAL(wrong, 0);
    /* The test means something only if most deliveries share their time and the heads save events. */
    CU_ASSERT(ties > SENT_MAX / 2);
    CU_ASSERT(one_event_each.most_pending > 100);
    CU_ASSERT(heads_only.most_pending <= PIPES + 1);
    arena_destroy(arena);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"pipes that enter only their head deliver in the order of one event a parcel",
         heads_deliver_in_the_order_of_single_events},
        {NULL, NULL}};

    return unit_run("ticket", tests);
}
