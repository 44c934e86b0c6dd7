/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/load_times.h"
#include "traces/trace.h"

#include <stdlib.h>

/* The first time that an INVITE of a call was seen. */
struct call {
    const char *call_id; /* the trace keeps one pointer for the same text */
    int64_t at_ns;
};

static int by_call(const void *a, const void *b)
{
    const struct call *x = a, *y = b;

    if (x->call_id != y->call_id)
        return (uintptr_t)x->call_id < (uintptr_t)y->call_id ? -1 : 1;
    return x->at_ns < y->at_ns ? -1 : x->at_ns > y->at_ns;
}

static int by_time(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

/* An INVITE within a dialog begins no call. */
static bool begins_call(const struct trace_message *message)
{
    return message->protocol == TRACE_SIP && message->is_request && !message->is_malformed &&
           span_equal(span_of(message->kind), SPAN("INVITE")) && message->to_tag[0] == '\0';
}

static size_t gather(const struct trace *trace, struct call *calls)
{
    size_t count = 0;

    for (size_t i = 0; i < trace->count; i++)
        if (begins_call(&trace->messages[i]))
            calls[count++] = (struct call){trace->messages[i].call_id, trace->messages[i].first_ns};
    return count;
}

static enum err extract(const struct trace *trace, const char *path, struct load_times *times, struct note *note)
{
    struct call *calls = calloc(trace->count + 1, sizeof(*calls));

    times->at_ns = calloc(trace->count + 1, sizeof(*times->at_ns));
    if (!calls || !times->at_ns) {
        free(calls);
        return note_set(note, ERR_FULL, "%s: no memory for its calls", path);
    }
    size_t count = gather(trace, calls);

    qsort(calls, count, sizeof(*calls), by_call);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || calls[i].call_id != calls[i - 1].call_id)
            times->at_ns[times->count++] = calls[i].at_ns;
    free(calls);
    if (times->count == 0)
        return note_set(note, ERR_RANGE, "%s: holds no INVITE that begins a call", path);
    qsort(times->at_ns, times->count, sizeof(*times->at_ns), by_time);
    for (size_t i = times->count; i-- > 0;)
        times->at_ns[i] -= times->at_ns[0];
    return ERR_OK;
}

enum err load_times_read(const struct scenario *scenario, struct load_times *times, struct note *note)
{
    const struct trace_config config = {.keeps_text = false};
    struct trace trace;

    *times = (struct load_times){0};
    if (scenario->load_arrivals != ARRIVALS_CAPTURE)
        return ERR_OK;
    if (scenario->load_capture[0] == '\0')
        return note_set(note, ERR_RANGE, "load.arrivals = capture: expected load.capture");
    TRY(trace_init(&trace, &config, note));
    enum err error = trace_read(&trace, scenario->load_capture, note);

    if (error == ERR_OK)
        error = extract(&trace, scenario->load_capture, times, note);
    trace_free(&trace);
    if (error != ERR_OK)
        load_times_free(times);
    return error;
}

void load_times_free(struct load_times *times)
{
    free(times->at_ns);
    *times = (struct load_times){0};
}
