/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * page_flows.c - of a page: call flows drawn from messages.csv, in the folder itself or in one folder an arm below
 * messages/, with the text of each message from the messages.txt beside it.
 */
#include "plots/ladder_svg.h"
#include "plots/page_parts.h"
#include "sim/base/sink.h"

#include <dirent.h>
#include <stdlib.h>

enum { FLOWS_MAX = 32, NAME_SIZE = 256, TEXTS_SHOWN_MAX = 2000 };

struct flows {
    size_t count;
    char folders[FLOWS_MAX][NAME_SIZE]; /* "." or "messages/ARM" */
};

static int compare_names(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void add_flow(const struct page *page, struct flows *flows, const char *folder)
{
    char file[2 * NAME_SIZE];
    struct sink sink = SINK(file), name = {.data = flows->folders[flows->count], .capacity = NAME_SIZE - 1};

    if (flows->count + 1 == FLOWS_MAX)
        return;
    sink_format(&sink, "%s/messages.csv", folder);
    sink_text(&name, folder);
    sink_string(&name);
    if (!name.overflow && page_has(page, sink_string(&sink)))
        flows->count++;
}

static struct flows find_flows(const struct page *page)
{
    struct flows flows = {0};
    char path[PAGE_PATH_SIZE];
    DIR *folder = opendir(page_path(page, "messages", path));

    add_flow(page, &flows, ".");
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char name[2 * NAME_SIZE];
        struct sink sink = SINK(name);

        sink_format(&sink, "messages/%s", entry->d_name);
        if (entry->d_name[0] != '.')
            add_flow(page, &flows, sink_string(&sink));
    }
    if (folder)
        closedir(folder);
    qsort(flows.folders, flows.count, sizeof(flows.folders[0]), compare_names);
    return flows;
}

bool page_has_flows(const struct page *page)
{
    return find_flows(page).count > 0;
}

/* Copies of cells as zero-terminated strings, one behind the other. */
struct strings {
    char *next;
};

static const char *string_of(struct strings *strings, struct span cell)
{
    char *copy = strings->next;

    memcpy(copy, cell.data, cell.size);
    copy[cell.size] = 0;
    strings->next += cell.size + 1;
    return copy;
}

/* A count, or 0 for a cell that is none. */
static uint64_t count_of(struct span cell)
{
    uint64_t number;

    return span_cut_number(&cell, &number) == ERR_OK && cell.size == 0 ? number : 0;
}

/* Where a drawing can compute with it: any two of them differ by less than 2^63 ns. */
static bool is_near(int64_t time_ns)
{
    return time_ns > INT64_MIN / 4 && time_ns < INT64_MAX / 4;
}

static bool has_times(const struct ladder_message *message)
{
    return is_near(message->sent_ns) && (message->received_ns == NONE_NS || is_near(message->received_ns)) &&
           (message->dwell_ns == NONE_NS || is_near(message->dwell_ns));
}

static int64_t time_of(struct span cell)
{
    char text[24] = "";

    if (cell.size == 0 || cell.size >= sizeof(text))
        return NONE_NS;
    memcpy(text, cell.data, cell.size);
    return (int64_t)strtoll(text, NULL, 10);
}

static size_t strings_size(const struct sheet *sheet)
{
    size_t size = 1;

    for (size_t row = 0; row < sheet->row_count; row++)
        size += sheet_find(sheet, row, "from").size + sheet_find(sheet, row, "to").size +
                sheet_find(sheet, row, "protocol").size + 3;
    return size;
}

static struct ladder_message message_at(const struct sheet *sheet, size_t row, struct strings *strings)
{
    struct ladder_message message = {
        .number = count_of(sheet_find(sheet, row, "number")),
        .bytes = count_of(sheet_find(sheet, row, "bytes")),
        .is_again = span_equal(sheet_find(sheet, row, "is_again"), SPAN("1")),
        .label = sheet_find(sheet, row, "label"),
    };

    message.sent_ns = time_of(sheet_find(sheet, row, "sent_ns"));
    message.received_ns = time_of(sheet_find(sheet, row, "received_ns"));
    message.dwell_ns = time_of(sheet_find(sheet, row, "dwell_ns"));
    message.is_lost = message.received_ns == NONE_NS;
    message.from = string_of(strings, sheet_find(sheet, row, "from"));
    message.to = string_of(strings, sheet_find(sheet, row, "to"));
    message.protocol = string_of(strings, sheet_find(sheet, row, "protocol"));
    return message;
}

/* An entry of messages.txt: "message NUMBER PROTOCOL SIZE of BYTES", SIZE bytes, an empty line. */
static enum err cut_entry(struct span *text, uint64_t *number, struct span *protocol, struct span *entry)
{
    uint64_t size, bytes;

    TRY(span_cut_literal(text, SPAN("message ")));
    TRY(span_cut_number(text, number));
    TRY(span_cut_literal(text, SPAN(" ")));
    TRY(span_cut_until(text, ' ', protocol));
    TRY(span_cut_number(text, &size));
    TRY(span_cut_literal(text, SPAN(" of ")));
    TRY(span_cut_number(text, &bytes));
    TRY(span_cut_literal(text, SPAN("\n")));
    if (size > text->size)
        return ERR_SYNTAX;
    *entry = (struct span){text->data, (size_t)size};
    *text = span_after(*text, (size_t)size);
    return span_cut_literal(text, SPAN("\n\n"));
}

/* The messages.txt of a flow: its text, and which messages have an entry among those that are shown. */
struct texts {
    struct span text; /* to be freed; empty: there is none */
    size_t count;     /* entries shown */
    uint64_t numbers[TEXTS_SHOWN_MAX];
};

static enum err read_texts(const struct page *page, const char *folder, struct texts *texts)
{
    char path[PAGE_PATH_SIZE], file[2 * NAME_SIZE];
    struct sink sink = SINK(file);
    struct span protocol, entry;

    *texts = (struct texts){.count = 0};
    sink_format(&sink, "%s/messages.txt", folder);
    if (!page_has(page, sink_string(&sink)))
        return ERR_OK;
    TRY(sheet_read_text(page_path(page, file, path), &texts->text, page->note));
    for (struct span rest = texts->text; rest.size > 0 && texts->count < TEXTS_SHOWN_MAX; texts->count++)
        if (cut_entry(&rest, &texts->numbers[texts->count], &protocol, &entry) != ERR_OK) {
            free((void *)texts->text.data);
            return note_set(page->note, ERR_SYNTAX,
                            "%s: text %zu: expected an entry \"message NUMBER PROTOCOL SIZE of BYTES\"", path,
                            texts->count + 1);
        }
    return ERR_OK;
}

static bool has_text(const struct texts *texts, uint64_t number)
{
    for (size_t i = 0; i < texts->count; i++)
        if (texts->numbers[i] == number)
            return true;
    return false;
}

/* The roles of the simulator from left to right; others stand to the right of them. */
static const char *const roles[] = {
    "UE-A",    "DNS(A)",  "P-CSCF(A)", "I-CSCF(A)", "HSS(A)",  "S-CSCF(A)", "I-CSCF(B)",
    "HSS(B)",  "DNS(B)",  "S-CSCF(B)", "P-CSCF(B)", "relay 1", "relay 2",   "relay 3",
    "relay 4", "relay 5", "relay 6",   "UE-B",      NULL,
};

static enum err draw_flow(const struct page *page, const struct sheet *sheet, const struct texts *texts,
                          const char *name, size_t number)
{
    struct ladder_message *messages = calloc(sheet->row_count + 1, sizeof(*messages));
    struct sink svg = {.data = malloc(LADDER_SVG_SIZE), .capacity = LADDER_SVG_SIZE};
    char *copies = malloc(strings_size(sheet));
    struct strings strings = {copies};
    char link[64];
    struct sink link_sink = SINK(link);
    int64_t origin_ns = INT64_MAX;
    bool has_all_times = true;
    enum err error = ERR_FULL;

    sink_format(&link_sink, "#flow-%zu-message-", number);
    for (size_t row = 0; messages && copies && row < sheet->row_count; row++) {
        messages[row] = message_at(sheet, row, &strings);
        has_all_times = has_all_times && has_times(&messages[row]);
        if (!has_text(texts, messages[row].number))
            messages[row].number = 0; /* nothing to lead to */
        if (messages[row].sent_ns < origin_ns)
            origin_ns = messages[row].sent_ns;
    }
    struct ladder_svg_style style = {.title = name,
                                     .roles = roles,
                                     .origin_ns = origin_ns,
                                     .link_prefix = sink_string(&link_sink),
                                     .is_embedded = true};

    if (!has_all_times)
        error = ERR_RANGE;
    else if (messages && copies && svg.data)
        error = ladder_svg_write(messages, sheet->row_count, &style, &svg);
    if (error == ERR_OK) {
        page_put(page, "<div class=\"scroll drawing\" tabindex=\"0\" role=\"region\" aria-label=\"Call flow\">");
        fwrite(svg.data, 1, svg.size, page->out);
        page_put(page, "</div>\n");
    } else if (error == ERR_RANGE && !has_all_times) {
        (void)note_set(page->note, error, "%s: messages.csv of %s: expected sent_ns in each row, and times in ns",
                       page->folder, name);
    } else {
        (void)note_set(page->note, error, "%s/%s: no memory for the drawing, or more than %d roles in it", page->folder,
                       name, LADDER_ROLES_MAX);
    }
    free(messages);
    free(copies);
    free(svg.data);
    return error;
}

static void write_texts(const struct page *page, const struct texts *texts, size_t number)
{
    struct span rest = texts->text, protocol, entry;
    uint64_t message;

    if (texts->count == 0)
        return;
    page_put(page, "<details><summary>Texts of its messages</summary>\n");
    for (size_t i = 0; i < texts->count && cut_entry(&rest, &message, &protocol, &entry) == ERR_OK; i++) {
        page_print(page, "<pre tabindex=\"0\" id=\"flow-%zu-message-%llu\" data-name=\"message %llu\">", number,
                   (unsigned long long)message, (unsigned long long)message);
        page_text(page, entry);
        page_put(page, "</pre>\n");
    }
    page_put(page, "</details>\n");
    if (rest.size > 0)
        page_print(page, "<p class=\"soft\">The first %d texts; all are in messages.txt.</p>\n", TEXTS_SHOWN_MAX);
}

static enum err show_flow(const struct page *page, const char *folder, const struct texts *texts, size_t number)
{
    char path[PAGE_PATH_SIZE], file[2 * NAME_SIZE];
    struct sink sink = SINK(file);
    const char *name = strcmp(folder, ".") == 0 ? "the trial" : folder + strlen("messages/");
    struct sheet sheet;

    sink_format(&sink, "%s/messages.csv", folder);
    TRY(sheet_read(page_path(page, sink_string(&sink), path), &sheet, page->note));
    page_put(page, "<h3>");
    page_text(page, span_of(name));
    page_put(page, "</h3>\n");
    enum err error = draw_flow(page, &sheet, texts, name, number);

    sheet_free(&sheet);
    write_texts(page, texts, number);
    return error;
}

static enum err write_flow(const struct page *page, const char *folder, size_t number)
{
    struct texts *texts = malloc(sizeof(*texts));

    if (!texts)
        return note_set(page->note, ERR_FULL, "no memory for the texts of messages");
    enum err error = read_texts(page, folder, texts);

    if (error == ERR_OK) {
        error = show_flow(page, folder, texts, number);
        free((void *)texts->text.data);
    }
    free(texts);
    return error;
}

enum err page_write_flows(const struct page *page)
{
    struct flows flows = find_flows(page);

    page_put(page,
             "<p class=\"soft\">Time runs downwards, in ms since the first message, folded where nobody sends. An "
             "arrow leads to its text.</p>\n");
    for (size_t i = 0; i < flows.count; i++)
        TRY(write_flow(page, flows.folders[i], i + 1));
    return ERR_OK;
}
