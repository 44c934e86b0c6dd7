/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/messages.h"
#include "sim/base/check.h"

enum { LINE_SIZE = 4096 };

enum err messages_open(struct messages *messages, const char *csv_path, const char *txt_path, struct note *note)
{
    struct messages opened = {0};

    TRY(outfile_open(&opened.table, csv_path, note));
    enum err error = outfile_open(&opened.texts, txt_path, note);

    if (error != ERR_OK) {
        outfile_discard(&opened.table);
        return error;
    }
    outfile_write(&opened.table, SPAN(MESSAGES_COLUMNS "\n"));
    *messages = opened;
    return ERR_OK;
}

/* RFC 4180 section 2: a field with a comma, a quote or a line break stands in quotes, its quotes doubled. */
static void add_field(struct sink *line, struct span field)
{
    bool is_quoted = false;

    for (size_t i = 0; i < field.size; i++)
        is_quoted |= strchr(",\"\r\n", field.data[i]) != NULL;
    if (!is_quoted) {
        sink_span(line, field);
        return;
    }
    sink_char(line, '"');
    for (size_t i = 0; i < field.size; i++) {
        if (field.data[i] == '"')
            sink_char(line, '"');
        sink_char(line, field.data[i]);
    }
    sink_char(line, '"');
}

static void add_time(struct sink *line, int64_t time_ns)
{
    if (time_ns != NONE_NS)
        sink_format(line, "%lld", (long long)time_ns);
}

static void add_row(struct outfile *table, const struct sim_message *message)
{
    char text[LINE_SIZE];
    struct sink line = SINK(text);

    sink_number(&line, message->number);
    sink_char(&line, ',');
    add_time(&line, message->sent_ns);
    sink_char(&line, ',');
    add_time(&line, message->received_ns);
    const struct span fields[] = {span_of(message->from), span_of(message->to), span_of(message->protocol),
                                  message->label};

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        sink_char(&line, ',');
        add_field(&line, fields[i]);
    }
    sink_char(&line, ',');
    sink_number(&line, message->bytes);
    sink_char(&line, ',');
    add_time(&line, message->dwell_ns);
    sink_text(&line, message->is_again ? ",1\n" : ",0\n");
    check(!line.overflow);
    outfile_write(table, sink_written(&line));
}

void messages_add(void *context, const struct sim_message *message)
{
    struct messages *messages = context;
    char head[128];
    struct sink line = SINK(head);

    add_row(&messages->table, message);
    if (message->text.size == 0 || message->text.size > message->bytes)
        return; /* a bare TCP segment has a name, which is no text of a message */
    sink_format(&line, "message %llu %s %llu of %llu\n", (unsigned long long)message->number, message->protocol,
                (unsigned long long)message->text.size, (unsigned long long)message->bytes);
    check(!line.overflow);
    outfile_write(&messages->texts, sink_written(&line));
    outfile_write(&messages->texts, message->text);
    outfile_write(&messages->texts, SPAN("\n\n"));
}

enum err messages_close(struct messages *messages, struct note *note)
{
    enum err error = outfile_close(&messages->texts, note);

    if (error != ERR_OK) {
        outfile_discard(&messages->table);
        return error;
    }
    error = outfile_close(&messages->table, note);
    if (error != ERR_OK && !messages->texts.is_in_place)
        remove(messages->texts.path);
    return error;
}

void messages_discard(struct messages *messages)
{
    outfile_discard(&messages->table);
    outfile_discard(&messages->texts);
}

enum err messages_cut_entry(struct span *text, struct messages_entry *entry)
{
    struct span rest = *text;
    struct messages_entry cut;
    uint64_t size;

    TRY(span_cut_literal(&rest, SPAN("message ")));
    TRY(span_cut_number(&rest, &cut.number));
    TRY(span_cut_literal(&rest, SPAN(" ")));
    TRY(span_cut_until(&rest, ' ', &cut.protocol));
    TRY(span_cut_number(&rest, &size));
    TRY(span_cut_literal(&rest, SPAN(" of ")));
    TRY(span_cut_number(&rest, &cut.bytes));
    TRY(span_cut_literal(&rest, SPAN("\n")));
    if (size == 0 || size > cut.bytes || span_find_byte(cut.protocol, '\n') != cut.protocol.size)
        return ERR_SYNTAX;
    if (size > rest.size)
        return ERR_MORE;
    cut.text = (struct span){rest.data, (size_t)size};
    rest = span_after(rest, (size_t)size);
    TRY(span_cut_literal(&rest, SPAN("\n\n")));
    *text = rest;
    *entry = cut;
    return ERR_OK;
}
