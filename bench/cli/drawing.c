/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/drawing.h"
#include "traces/messages.h"

#include <stdlib.h>

/* ---- Drawing ---- */

enum err drawing_save(const struct flow_drawing *drawings, size_t count, const char *path, struct note *note)
{
    size_t capacity = count * (size_t)LADDER_SVG_SIZE + 4096;
    struct sink sink = {.data = malloc(capacity), .capacity = capacity};
    struct outfile file = {.stream = NULL};
    enum err error = sink.data ? flow_svg_write(drawings, count, false, &sink, note)
                               : note_set(note, ERR_FULL, "%s: no memory for the drawing", path);

    if (error == ERR_OK)
        error = outfile_open(&file, path, note);
    if (error == ERR_OK) {
        outfile_write(&file, sink_written(&sink));
        error = outfile_close(&file, note);
    }
    free(sink.data);
    return error;
}

/* ---- Messages of a capture ---- */

/* "p-cscf 192.0.2.1:5060": what a lifeline is called. */
static const char *name_node(const struct flow *flow, int node, char text[128])
{
    struct sink sink = {.data = text, .capacity = 128};

    if (node == FLOW_NONE) {
        sink_text(&sink, "?");
        return sink_string(&sink);
    }
    sink_format(&sink, "%s ", flow_role_names[flow->nodes[node].role]);
    endpoint_write(&flow->nodes[node].at, &sink);
    return sink_string(&sink);
}

static enum err open_messages(const char *folder, struct messages *files, struct note *note)
{
    char csv[OUTFILE_PATH_SIZE], txt[OUTFILE_PATH_SIZE];
    struct sink csv_sink = SINK(csv), txt_sink = SINK(txt);

    sink_format(&csv_sink, "%s/messages.csv", folder);
    sink_format(&txt_sink, "%s/messages.txt", folder);
    return messages_open(files, sink_string(&csv_sink), sink_string(&txt_sink), note);
}

static struct sim_message message_of(const struct flow *flow, size_t i, uint64_t number)
{
    const struct trace_message *message = &flow->trace->messages[i];

    return (struct sim_message){.number = number,
                                .sent_ns = flow_first_ns(flow, i),
                                .received_ns = flow_last_ns(flow, i),
                                .protocol = trace_protocol_names[message->protocol],
                                .label = span_of(message->kind),
                                .bytes = message->bytes,
                                .dwell_ns = NONE_NS,
                                .is_again = message->is_again,
                                .text = message->text};
}

enum err drawing_save_messages(const struct flow *flow, const char *folder, struct note *note)
{
    struct messages files = {0};
    uint64_t number = 0;

    TRY(open_messages(folder, &files, note));
    for (size_t i = 0; i < flow->trace->count; i++) {
        const struct trace_message *message = &flow->trace->messages[i];
        struct sim_message written = message_of(flow, i, number + 1);
        char from[128], to[128];

        if (message->is_copy || message->protocol == TRACE_TLS)
            continue;
        written.from = name_node(flow, flow->from[i], from);
        written.to = name_node(flow, flow->to[i], to);
        messages_add(&files, &written);
        number++;
    }
    enum err error = messages_close(&files, note);

    messages_discard(&files);
    return error;
}

enum err drawing_save_session(const struct session *session, const char *folder, struct note *note)
{
    struct messages files = {0};

    TRY(open_messages(folder, &files, note));
    for (size_t i = 0; i < session->step_count; i++) {
        const struct session_step *step = &session->steps[i];
        struct sim_message written = message_of(session->flow, step->message, i + 1);

        written.sent_ns = step->first_ns;
        written.received_ns = step->last_ns;
        written.label = span_of(step->kind);
        written.from = step->from < PLACE_COUNT ? place_labels[step->from] : "?";
        written.to = step->to < PLACE_COUNT ? place_labels[step->to] : "?";
        messages_add(&files, &written);
    }
    enum err error = messages_close(&files, note);

    messages_discard(&files);
    return error;
}
