/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * page_flows.c - of a page: call flows drawn from messages.csv, in the folder itself or in one folder an arm below
 * messages/, with the text of each message from the messages.txt beside it.
 */
#include "plots/flow_svg.h"
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

/* When the user pressed send and where the delay went, where the trials know it: of the arm's first trial. */
static void find_trial(const struct page *page, const char *arm, struct flow_drawing *drawing)
{
    static const char *const columns[] = {"part_processing_ns",  "part_queueing_ns", "part_transmission_ns",
                                          "part_propagation_ns", "part_crypto_ns",   "part_timer_ns",
                                          "part_answering_ns",   "part_feedback_ns"};
    static const char *const names[] = {"processing", "queueing", "transmission", "propagation",
                                        "crypto",     "timer",    "answering",    "feedback"};
    char path[PAGE_PATH_SIZE];
    struct note ignored = {{0}};
    struct sheet sheet;
    size_t row = 0;

    if (sheet_read(page_path(page, "trials.csv", path), &sheet, &ignored) != ERR_OK)
        return;
    while (row < sheet.row_count && !span_equal(sheet_find(&sheet, row, "arm"), span_of(arm)))
        row++;
    double pressed_ns = sheet_number(&sheet, row, "pressed_ns");

    if (pressed_ns >= 0 && pressed_ns < 1e18)
        drawing->from_ns = (int64_t)pressed_ns;
    for (size_t i = 0; i < sizeof(columns) / sizeof(*columns); i++) {
        double ns = sheet_number(&sheet, row, columns[i]);

        if (ns > 0 && ns < 1e18)
            drawing->parts[drawing->part_count++] = (struct ladder_svg_part){names[i], (int64_t)ns};
    }
    sheet_free(&sheet);
}

static bool has_text(void *context, uint64_t number)
{
    const struct texts *texts = context;

    for (size_t i = 0; i < texts->count; i++)
        if (texts->numbers[i] == number)
            return true;
    return false;
}

static enum err draw_flow(const struct page *page, const char *csv, struct texts *texts, const char *name,
                          size_t number)
{
    struct sink svg = {.data = malloc(LADDER_SVG_SIZE), .capacity = LADDER_SVG_SIZE};
    struct flow_drawing drawing = {
        .csv = csv, .title = name, .from_ns = NONE_NS, .has_text = has_text, .context = texts};
    char link[64];
    struct sink link_sink = SINK(link);

    sink_format(&link_sink, "#flow-%zu-message-", number);
    drawing.link_prefix = sink_string(&link_sink);
    find_trial(page, name, &drawing);
    struct note note = {{0}};
    enum err error = svg.data ? flow_svg_write(&drawing, 1, true, &svg, &note)
                              : note_set(&note, ERR_FULL, "no memory for a drawing");

    if (error == ERR_OK) {
        page_put(page, "<div class=\"scroll drawing\" tabindex=\"0\" role=\"region\" aria-label=\"Call flow of ");
        page_text(page, span_of(name));
        page_put(page, "\">");
        fwrite(svg.data, 1, svg.size, page->out);
        page_put(page, "</div>\n");
    } else if (error == ERR_RANGE) {
        page_print(page,
                   "<p class=\"soft\">No drawing: there are more than %d roles in it. All its messages are in "
                   "messages.csv.</p>\n",
                   LADDER_ROLES_MAX);
        error = ERR_OK;
    }
    free(svg.data);
    return error == ERR_OK ? ERR_OK : note_set(page->note, error, "%s", note.text);
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

static enum err show_flow(const struct page *page, const char *folder, struct texts *texts, size_t number)
{
    char path[PAGE_PATH_SIZE], file[2 * NAME_SIZE];
    struct sink sink = SINK(file);
    const char *name = strcmp(folder, ".") == 0 ? "the trial" : folder + strlen("messages/");

    sink_format(&sink, "%s/messages.csv", folder);
    page_put(page, "<h3>");
    page_text(page, span_of(name));
    page_put(page, "</h3>\n");
    enum err error = draw_flow(page, page_path(page, sink_string(&sink), path), texts, name, number);

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

    page_put(page, "<p class=\"soft\">Time runs downwards, in ms since the press, folded where nobody sends. An "
                   "arrow leads to its text.</p>\n");
    for (size_t i = 0; i < flows.count; i++)
        TRY(write_flow(page, flows.folders[i], i + 1));
    return ERR_OK;
}
