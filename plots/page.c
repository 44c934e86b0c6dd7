/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/page.h"
#include "plots/figure.h"
#include "plots/markup.h"
#include "plots/page_parts.h"
#include "plots/threat_table.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { ROWS_MAX = 2000, PIECE = 2048 };

/* ---- Writing ---- */

void page_put(const struct page *page, const char *markup)
{
    fputs(markup, page->out);
}

void page_print(const struct page *page, const char *format, ...)
{
    va_list list;

    va_start(list, format);
    vfprintf(page->out, format, list);
    va_end(list);
}

/* In pieces that end between characters. */
void page_text(const struct page *page, struct span text)
{
    while (text.size > 0) {
        char buffer[6 * PIECE + 64];
        struct sink sink = SINK(buffer);
        size_t size = 0;

        while (size < text.size && size < PIECE) {
            size_t length = markup_sequence(span_after(text, size));
            bool is_line_end = text.data[size] == '\r' && size + 1 < text.size && text.data[size + 1] == '\n';

            size += is_line_end ? 2 : length > 0 ? length : 1;
        }
        markup_text(&sink, (struct span){text.data, size});
        fwrite(buffer, 1, sink.size, page->out);
        text = span_after(text, size);
    }
}

const char *page_path(const struct page *page, const char *name, char path[PAGE_PATH_SIZE])
{
    struct sink sink = {.data = path, .capacity = PAGE_PATH_SIZE};

    sink_format(&sink, "%s/%s", page->folder, name);
    return sink_string(&sink);
}

bool page_has(const struct page *page, const char *name)
{
    char path[PAGE_PATH_SIZE];

    return access(page_path(page, name, path), R_OK) == 0;
}

void page_cell(const struct page *page, struct span text)
{
    char copy[64], *end = copy;

    if (text.size > 0 && text.size < sizeof(copy)) {
        memcpy(copy, text.data, text.size);
        copy[text.size] = 0;
        (void)strtod(copy, &end);
    }
    page_put(page, end > copy && *end == 0 ? "<td class=\"number\">" : "<td>");
    page_text(page, text);
    page_put(page, "</td>");
}

void page_number(const struct page *page, double number, int decimals)
{
    if (isnan(number))
        page_put(page, "<td class=\"number\"></td>");
    else
        page_print(page, "<td class=\"number\" data-value=\"%.17g\">%.*f</td>", number, decimals, number);
}

struct span page_manifest(const struct page *page, const char *key)
{
    struct span text = page->manifest, wanted = span_of(key);

    while (text.size > 0) {
        size_t end = span_find_byte(text, '\n');
        struct span line = {text.data, end};

        if (span_starts(line, wanted) && line.size > wanted.size && line.data[wanted.size] == ':')
            return span_trim(span_after(line, wanted.size + 1));
        text = span_after(text, end < text.size ? end + 1 : end);
    }
    return (struct span){"", 0};
}

/* ---- Tables and texts as they stand in the folder ---- */

static enum err write_sheet(const struct page *page, const char *name, const char *caption)
{
    char path[PAGE_PATH_SIZE];
    struct sheet sheet;

    TRY(sheet_read(page_path(page, name, path), &sheet, page->note));
    page_print(page,
               "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table class=\"sortable\">"
               "<caption>%s</caption><thead><tr>",
               caption, caption);
    for (size_t column = 0; column < sheet.column_count; column++) {
        page_put(page, "<th scope=\"col\">");
        page_text(page, sheet.names[column]);
        page_put(page, "</th>");
    }
    page_put(page, "</tr></thead><tbody>\n");
    for (size_t row = 0; row < sheet.row_count && row < ROWS_MAX; row++) {
        page_put(page, "<tr>");
        for (size_t column = 0; column < sheet.column_count; column++)
            page_cell(page, sheet_cell(&sheet, row, column));
        page_put(page, "</tr>\n");
    }
    page_put(page, "</tbody></table></div>\n");
    if (sheet.row_count > ROWS_MAX)
        page_print(page, "<p class=\"soft\">The first %d of %zu rows; all are in %s.</p>\n", ROWS_MAX, sheet.row_count,
                   name);
    sheet_free(&sheet);
    return ERR_OK;
}

static bool has_paper(const struct page *page)
{
    return page_has(page, "paper.csv");
}

static enum err write_paper(const struct page *page)
{
    return write_sheet(page, "paper.csv", "What is legible in the paper's figures, and one simulated trial");
}

static bool has_split(const struct page *page)
{
    return page_has(page, "split.csv");
}

static enum err write_split(const struct page *page)
{
    return write_sheet(page, "split.csv", "Where the difference between relay by relay and end to end comes from");
}

/* The text that the command printed. */
static const char *const told_names[] = {"report.txt", "comparison.txt", "capacity.txt", "load.txt"};

static bool has_told(const struct page *page)
{
    for (size_t i = 0; i < sizeof(told_names) / sizeof(*told_names); i++)
        if (page_has(page, told_names[i]))
            return true;
    return false;
}

static enum err write_told(const struct page *page)
{
    for (size_t i = 0; i < sizeof(told_names) / sizeof(*told_names); i++) {
        char path[PAGE_PATH_SIZE];
        struct span text;

        if (!page_has(page, told_names[i]))
            continue;
        TRY(sheet_read_text(page_path(page, told_names[i], path), &text, page->note));
        page_print(page, "<details><summary>%s</summary><pre tabindex=\"0\">", told_names[i]);
        page_text(page, text);
        page_put(page, "</pre></details>\n");
        free((void *)text.data);
    }
    return ERR_OK;
}

/* ---- Threats: arms down, attacks across ---- */

static void write_verdict(const struct page *page, const struct threat_count *found)
{
    if (found->harm > 0)
        page_print(page, "<td class=\"unnoticed\">✗ harm at %zu of %zu places</td>", found->harm, found->places);
    else if (found->noticed > 0)
        page_print(page, "<td class=\"noticed\">✓ noticed at %zu of %zu places</td>", found->noticed, found->places);
    else
        page_put(page, found->harmless > 0 ? "<td>no harm</td>" : found->places > 0 ? "<td>no way</td>" : "<td></td>");
}

static bool has_threats(const struct page *page)
{
    return page_has(page, "threats.csv");
}

static enum err write_threats(const struct page *page)
{
    char path[PAGE_PATH_SIZE];
    struct sheet sheet;
    struct threat_names arms, attacks;

    TRY(sheet_read(page_path(page, "threats.csv", path), &sheet, page->note));
    threat_names_find(&sheet, "arm", &arms);
    threat_names_find(&sheet, "attack", &attacks);
    page_put(page,
             "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Threats\"><table><caption>Each "
             "attack carried out on real bytes at every place on the way. Harm: nobody noticed that what was "
             "sought was read, or that something else than the file arrived; no harm: nobody minded and the file "
             "arrived as it was; no way: the attacker found none.</caption><thead><tr><th scope=\"col\">arm</th>");
    for (size_t i = 0; i < attacks.count; i++) {
        page_put(page, "<th scope=\"col\">");
        page_text(page, attacks.names[i]);
        page_put(page, "</th>");
    }
    page_put(page, "</tr></thead><tbody>\n");
    for (size_t arm = 0; arm < arms.count; arm++) {
        page_put(page, "<tr><th scope=\"row\">");
        page_text(page, arms.names[arm]);
        page_put(page, "</th>");
        for (size_t i = 0; i < attacks.count; i++) {
            struct threat_count found = threat_count_find(&sheet, arms.names[arm], attacks.names[i]);

            write_verdict(page, &found);
        }
        page_put(page, "</tr>\n");
    }
    page_put(page, "</tbody></table></div>\n");
    sheet_free(&sheet);
    return ERR_OK;
}

/* ---- What is always there ---- */

static bool always(const struct page *page)
{
    (void)page;
    return true;
}

static enum err write_limits(const struct page *page)
{
    page_put(page,
             "<p>Radio scheduling beyond a promotion delay, NAT traversal and ICE, real PKI look-ups beyond a round "
             "trip, AKA on a SIM, charging and lawful interception are not modelled. MSRP direct is taken to be "
             "reachable; on mobile access the direct arms are a bound, not a configuration.</p>\n");
    return ERR_OK;
}

static bool has_manifest(const struct page *page)
{
    return page->manifest.size > 0;
}

static enum err write_manifest(const struct page *page)
{
    struct span text = page->manifest;

    page_put(page, "<p>Made again by</p>\n<pre tabindex=\"0\">");
    page_text(page, page_manifest(page, "command"));
    page_put(page, "</pre>\n<dl>\n");
    while (text.size > 0) {
        size_t end = span_find_byte(text, '\n');
        struct span line = {text.data, end};
        size_t colon = span_find(line, SPAN(": "));

        if (colon < line.size) {
            page_put(page, "<dt>");
            page_text(page, (struct span){line.data, colon});
            page_put(page, "</dt><dd>");
            page_text(page, span_after(line, colon + 2));
            page_put(page, "</dd>\n");
        }
        text = span_after(text, end < text.size ? end + 1 : end);
    }
    page_put(page, "</dl>\n");
    return ERR_OK;
}

static const struct page_section sections[] = {
    {"answer", "The answer", page_has_answer, page_write_answer},
    {"figures", "Figures", page_has_figures, page_write_figures},
    {"arms", "Arms", page_has_arms, page_write_arms},
    {"split", "The difference, split", has_split, write_split},
    {"threats", "Who can read, who can change", has_threats, write_threats},
    {"paper", "The paper's figures", has_paper, write_paper},
    {"flows", "Call flows", page_has_flows, page_write_flows},
    {"told", "As the command printed it", has_told, write_told},
    {"limits", "Not modelled", always, write_limits},
    {"manifest", "What made this", has_manifest, write_manifest},
};

enum { SECTION_COUNT = sizeof(sections) / sizeof(*sections) };

static void write_head(const struct page *page, struct span name)
{
    page_put(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                   "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>");
    page_text(page, name);
    page_put(page, " - hopsim</title>\n<style>\n");
    page_put(page, figure_script_text("page.css"));
    page_put(page, "</style>\n</head>\n<body>\n<header><h1>hopsim: ");
    page_text(page, name);
    page_put(page, "</h1>\n<nav aria-label=\"Sections\"><ul>\n");
    for (size_t i = 0; i < SECTION_COUNT; i++)
        if (sections[i].has(page))
            page_print(page, "<li><a href=\"#%s\">%s</a></li>\n", sections[i].id, sections[i].heading);
    page_put(page, "</ul></nav></header>\n<main>\n");
}

static enum err write_page(const struct page *page, struct span name)
{
    write_head(page, name);
    for (size_t i = 0; i < SECTION_COUNT; i++) {
        if (!sections[i].has(page))
            continue;
        page_print(page, "<section aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2>\n", sections[i].id, sections[i].id,
                   sections[i].heading);
        TRY(sections[i].write(page));
        page_put(page, "</section>\n");
    }
    page_put(page, "</main>\n<script>\n");
    page_put(page, figure_script_text("page.js"));
    page_put(page, "</script>\n</body>\n</html>\n");
    return ERR_OK;
}

/* What a folder must have of, to be one of results. */
static const char *const result_files[] = {"summary.csv", "messages.csv", "validation.csv", "threats.csv",
                                           "replay.csv",  "capacity.csv", "load.csv"};

/* One of them must have a row: a page of none says nothing. */
static enum err expect_results(const struct page *page)
{
    const char *empty = NULL;

    for (size_t i = 0; i < sizeof(result_files) / sizeof(*result_files); i++) {
        char path[PAGE_PATH_SIZE];
        struct sheet sheet;

        if (!page_has(page, result_files[i]))
            continue;
        TRY(sheet_read(page_path(page, result_files[i], path), &sheet, page->note));
        bool has_rows = sheet.row_count > 0;

        sheet_free(&sheet);
        if (has_rows)
            return ERR_OK;
        empty = empty ? empty : result_files[i];
    }
    if (empty)
        return note_set(page->note, ERR_SYNTAX, "%s/%s: no results in it: expected a line of names, then rows",
                        page->folder, empty);
    return note_set(page->note, ERR_FILE,
                    "%s: no folder of results: expected a summary.csv, messages.csv, validation.csv, replay.csv, "
                    "capacity.csv, load.csv or threats.csv in it",
                    page->folder);
}

enum err page_write(const char *folder, FILE *out, struct note *note)
{
    struct page page = {.folder = folder, .out = out, .note = note, .manifest = {"", 0}};
    char path[PAGE_PATH_SIZE];
    bool has_text = page_has(&page, "manifest.txt");

    TRY(expect_results(&page));
    if (page_has(&page, "summary.csv"))
        TRY(sheet_read(page_path(&page, "summary.csv", path), &page.summary, note));
    enum err error = has_text ? sheet_read_text(page_path(&page, "manifest.txt", path), &page.manifest, note) : ERR_OK;

    if (error == ERR_OK) {
        struct span name = span_of(strrchr(folder, '/') ? strrchr(folder, '/') + 1 : folder);

        error = write_page(&page, name);
        if (has_text)
            free((void *)page.manifest.data);
    }
    sheet_free(&page.summary);
    return error;
}
