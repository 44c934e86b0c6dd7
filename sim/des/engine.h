/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * engine.h - the simulated clock and the events that wait for it.
 *
 * Time is a count of nanoseconds since the start of the trial. Events run in order of time; events of the same time
 * in the order of their tickets. A ticket is taken when the event is asked for (a packet sent, a timer armed), even
 * if it enters the heap later. Nothing else decides the order, so one binary gives one trial for one seed.
 */
#ifndef SIM_DES_ENGINE_H
#define SIM_DES_ENGINE_H

#include "sim/base/arena.h"
#include "sim/base/check.h"

#include <stdbool.h>
#include <stdint.h>

struct engine;
typedef void event_fn(struct engine *engine, void *context);

struct listed;

/* What waits: 32 bytes. */
struct event {
    int64_t at_ns;
    uint64_t ticket;
    event_fn *run;
    void *context;
};

struct engine {
    int64_t now_ns;
    uint64_t next_ticket;
    uint64_t running_ticket; /* of the event that is running */
    uint64_t events_run;
    uint64_t events_max;  /* a run that passes it stops; UINT64_MAX: none */
    uint64_t pending;     /* events that wait; the running one counts until its place is taken */
    bool is_list;         /* they are few */
    bool has_hole;        /* the running event was first: its place is free for the first event that it asks for */
    struct listed *first; /* in order */
    struct listed *unused;
    struct event *heap; /* 4-ary, the least first */
    uint64_t capacity;
    struct arena *arena;
};

void engine_init(struct engine *engine, struct arena *arena);

/* A place in the order, taken now, used later: a link takes one a packet and keeps only its head in the heap. */
static inline uint64_t engine_ticket(struct engine *engine)
{
    return engine->next_ticket++;
}

/* Calls run(engine, context) at at_ns, which must not be in the past. The caller keeps context alive until then. */
void engine_at(struct engine *engine, int64_t at_ns, void *context, event_fn *run);

/* The same for a ticket taken before. */
void engine_at_ticket(struct engine *engine, int64_t at_ns, uint64_t ticket, void *context, event_fn *run);

/* Tells the context of every event that waits, in no particular order: memory that none of them names may be given
 * back. A timer's context is the timer, a lane's the lane. */
typedef void engine_visit_fn(void *visitor, const void *context);
void engine_visit(const struct engine *engine, void *visitor, engine_visit_fn *told);

/* When the next event comes; INT64_MAX: none waits. Not while one is running. */
int64_t engine_next_ns(const struct engine *engine);

/* Runs events until none is left, *stop is set, or events_max is passed (then false). stop may be NULL. */
bool engine_run(struct engine *engine, const bool *stop);

/*
 * A timer that can be moved and cancelled. It keeps one event in the heap: a timer pushed back lets the event come and
 * enters another one there, one that is cancelled lets it come and does nothing. A timer armed earlier than its event
 * enters an earlier one, and the later one serves it again after that.
 */
struct timer {
    struct engine *engine;
    event_fn *run;
    void *context;
    int64_t due_ns;      /* when to call run; INT64_MAX when not armed */
    uint64_t due_ticket; /* its place among equals: taken when it was armed */
    int64_t event_ns;    /* when its event comes; INT64_MAX when it has none */
    uint64_t event_ticket;
    int64_t later_ns; /* the event that the first one overtook; INT64_MAX when none */
    uint64_t later_ticket;
};

/* Also again while an event of its earlier life waits: that one comes and finds that it is not meant. So timers may be
 * kept in a pool and given to another owner at any time, but their memory must stay timers'. */
void timer_init(struct timer *timer, struct engine *engine, void *context, event_fn *run);

/* Calls run at at_ns, instead of whenever it was due before. */
void timer_arm(struct timer *timer, int64_t at_ns);

static inline void timer_cancel(struct timer *timer)
{
    timer->due_ns = INT64_MAX;
}

static inline bool timer_armed(const struct timer *timer)
{
    return timer->due_ns != INT64_MAX;
}

/*
 * Many timers of one length (SIP's 32 s): they expire in the order in which they were armed, so they share a list
 * and one event. The entry lives in its owner.
 */
struct lane {
    struct engine *engine;
    int64_t length_ns;
    struct lane_entry *first, *last;
    bool waiting; /* an event is in the heap */
};

struct lane_entry {
    struct lane_entry *before, *after;
    event_fn *run;
    void *context;
    int64_t due_ns;
    uint64_t ticket;
    bool armed;
};

void lane_init(struct lane *lane, struct engine *engine, int64_t length_ns);

/* Calls run(engine, context) length_ns from now, in the order of a ticket taken now. Arming an armed entry moves it. */
void lane_arm(struct lane *lane, struct lane_entry *entry, void *context, event_fn *run);
void lane_cancel(struct lane *lane, struct lane_entry *entry);

#endif
