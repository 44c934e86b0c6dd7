/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * page_figures.c - of a page: the figures of the folder in the order in which they were made. A picture says what it
 * shows by itself; in the page its title and caption are text, so the frame of the picture is cut to what is between.
 */
#include "plots/page_parts.h"
#include "sim/base/sink.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>

enum { FIGURES_MAX = 256, NAME_SIZE = 256, FILE_SIZE = 512, NUMBER_SIZE = 32 };

struct listed {
    char name[NAME_SIZE];
    double order;  /* that the script tells, INFINITY for none */
    size_t number; /* in the page, from 1 */
};

/* ---- What a script says of its figure ---- */

/* Where the value behind "NAME = " begins, the end of the script where nothing is said. */
static size_t find_value(struct span script, const char *name)
{
    char head[64];
    struct sink sink = SINK(head);

    sink_format(&sink, "\n%s = ", name);
    size_t at = span_find(script, sink_written(&sink));

    return at < script.size ? at + sink.size : at;
}

/* The text in quotes, unescaped into sink, its lines as one. */
static void find_text(struct span script, const char *name, struct sink *sink)
{
    struct span rest = span_after(script, find_value(script, name));

    if (rest.size == 0 || rest.data[0] != '"')
        return;
    for (rest = span_after(rest, 1); rest.size > 0 && rest.data[0] != '"'; rest = span_after(rest, 1)) {
        bool is_escaped = rest.data[0] == '\\' && rest.size > 1;

        rest = is_escaped ? span_after(rest, 1) : rest;
        sink_char(sink, is_escaped && rest.data[0] == 'n' ? ' ' : rest.data[0]);
    }
}

/* NAN where nothing is said. */
static double find_number(struct span script, const char *name)
{
    struct span rest = span_after(script, find_value(script, name));
    char text[NUMBER_SIZE], *end;
    size_t size = span_find_byte(rest, '\n');

    if (size == 0 || size >= sizeof(text))
        return NAN;
    memcpy(text, rest.data, size);
    text[size] = 0;
    double number = strtod(text, &end);

    return *end == 0 ? number : NAN;
}

/* figures/NAME.gp; empty where it is not there. free_script gives it back. */
static struct span read_script(const struct page *page, const char *name)
{
    char path[PAGE_PATH_SIZE], file[FILE_SIZE];
    struct sink sink = SINK(file);
    struct note ignored = {{0}};
    struct span script;

    sink_format(&sink, "figures/%s.gp", name);
    if (sheet_read_text(page_path(page, sink_string(&sink), path), &script, &ignored) != ERR_OK)
        return (struct span){NULL, 0};
    return script;
}

static void free_script(struct span script)
{
    free((void *)script.data);
}

/* ---- Pictures ---- */

/* As part of a URL: every byte that an attribute or a URL could take for its own is percent-coded. */
static void put_coded(const struct page *page, struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = (uint8_t)text.data[i];

        if (byte <= ' ' || byte >= 127 || strchr("\"'<>#%&{}|\\^`", byte))
            page_print(page, "%%%02x", byte);
        else
            fputc(byte, page->out);
    }
}

/* The value of an attribute of the element that svg begins with; empty, at its end, where there is none. */
static struct span attribute_of(struct span svg, const char *head)
{
    struct span tag = {svg.data, span_find_byte(svg, '>')};
    struct span value = span_after(tag, span_find(tag, span_of(head)));

    value = span_after(value, value.size > 0 ? strlen(head) : 0);
    value.size = span_find_byte(value, '"');
    return value;
}

/* svg up to value, then text in its place; what follows remains. */
static void put_instead(const struct page *page, struct span *svg, struct span value, struct span text)
{
    size_t before = (size_t)(value.data - svg->data);

    put_coded(page, (struct span){svg->data, before});
    put_coded(page, text);
    *svg = span_after(*svg, before + value.size);
}

/* The picture in a frame that begins below its title and ends above its caption, where the script says how high these
 * are and the picture is one of gnuplot's, with height before viewBox. */
static void put_picture(const struct page *page, struct span svg, struct span script)
{
    struct span element = span_after(svg, span_find(svg, SPAN("<svg")));
    struct span width = attribute_of(element, " width=\""), height = attribute_of(element, " height=\"");
    struct span box = attribute_of(element, " viewBox=\"");
    double title = find_number(script, "title_points"), caption = find_number(script, "caption_points");
    double left = find_number(script, "height") - title - caption;
    char height_text[NUMBER_SIZE], box_text[4 * NUMBER_SIZE];
    struct sink height_sink = SINK(height_text), box_sink = SINK(box_text);

    page_put(page, "data:image/svg+xml;charset=utf-8,");
    if (left > 0 && width.size > 0 && width.size < NUMBER_SIZE && height.size > 0 && box.size > 0 &&
        box.data > height.data) {
        sink_format(&height_sink, "%.0f", left);
        sink_format(&box_sink, "0 %.0f %.*s %.0f", title, (int)width.size, width.data, left);
        put_instead(page, &svg, height, sink_written(&height_sink));
        put_instead(page, &svg, box, sink_written(&box_sink));
    }
    put_coded(page, svg);
}

static void put_figure(const struct page *page, const struct listed *figure, struct span svg, struct span script)
{
    const char *name = figure->name;
    char title[1024], subtitle[1024], caption[2048];
    struct sink title_sink = SINK(title), subtitle_sink = SINK(subtitle), caption_sink = SINK(caption);

    find_text(script, "figure_title", &title_sink);
    find_text(script, "figure_subtitle", &subtitle_sink);
    find_text(script, "figure_caption", &caption_sink);
    if (title_sink.size == 0)
        sink_text(&title_sink, name);
    page_print(page, "<figure aria-labelledby=\"figure-%zu\"><figcaption id=\"figure-%zu\"><b>", figure->number,
               figure->number);
    page_text(page, sink_written(&title_sink));
    page_put(page, "</b> ");
    page_text(page, sink_written(&subtitle_sink));
    page_put(page, "</figcaption><img alt=\"Picture: ");
    page_text(page, sink_written(&title_sink));
    page_put(page, ". ");
    page_text(page, sink_written(&subtitle_sink));
    page_put(page, ". Its numbers are in figures/");
    page_text(page, span_of(name));
    page_put(page, ".csv\" src=\"");
    put_picture(page, svg, script);
    page_put(page, "\"><p class=\"soft\">");
    page_text(page, sink_written(&caption_sink));
    page_put(page, "</p></figure>\n");
}

static enum err write_figure(const struct page *page, const struct listed *figure)
{
    char path[PAGE_PATH_SIZE], file[FILE_SIZE];
    struct sink sink = SINK(file);
    struct span svg;

    sink_format(&sink, "figures/%s.svg", figure->name);
    TRY(sheet_read_text(page_path(page, sink_string(&sink), path), &svg, page->note));
    struct span script = read_script(page, figure->name);

    put_figure(page, figure, svg, script);
    free_script(script);
    free((void *)svg.data);
    return ERR_OK;
}

/* ---- The folder ---- */

/* Names in the folder of figures with one ending, without it, in the order in which figures were made, others by name;
 * count_all counts those too that are more than FIGURES_MAX. */
struct list {
    size_t count, count_all;
    struct listed figures[FIGURES_MAX];
};

static int compare_listed(const void *a, const void *b)
{
    const struct listed *first = a, *second = b;

    if (first->order != second->order)
        return first->order < second->order ? -1 : 1;
    return strcmp(first->name, second->name);
}

static void add_figure(const struct page *page, struct list *list, struct span name)
{
    if (name.size >= NAME_SIZE || list->count_all++ >= FIGURES_MAX)
        return;
    struct listed *figure = &list->figures[list->count++];

    memcpy(figure->name, name.data, name.size);
    figure->name[name.size] = 0;
    struct span script = read_script(page, figure->name);

    figure->order = find_number(script, "figure_number");
    if (isnan(figure->order))
        figure->order = INFINITY;
    free_script(script);
}

/* To be freed; NULL without memory. */
static struct list *list_figures(const struct page *page, struct span ending)
{
    struct list *list = calloc(1, sizeof(*list));
    char path[PAGE_PATH_SIZE];
    DIR *folder = opendir(page_path(page, "figures", path));

    for (struct dirent *entry; list && folder && (entry = readdir(folder));) {
        struct span name = span_of(entry->d_name);

        if (name.size > ending.size && span_equal(span_after(name, name.size - ending.size), ending))
            add_figure(page, list, (struct span){name.data, name.size - ending.size});
    }
    if (folder)
        closedir(folder);
    if (!list)
        return NULL;
    qsort(list->figures, list->count, sizeof(*list->figures), compare_listed);
    for (size_t i = 0; i < list->count; i++)
        list->figures[i].number = i + 1;
    return list;
}

/* Scripts whose figure was not drawn. */
static size_t count_left_out(const struct page *page)
{
    struct list *list = list_figures(page, SPAN(".gp"));
    size_t left_out = 0;

    for (size_t i = 0; list && i < list->count; i++) {
        char file[FILE_SIZE];
        struct sink sink = SINK(file);

        sink_format(&sink, "figures/%s.svg", list->figures[i].name);
        left_out += strcmp(list->figures[i].name, "style") != 0 && !page_has(page, sink_string(&sink));
    }
    free(list);
    return left_out;
}

bool page_has_figures(const struct page *page)
{
    struct list *list = list_figures(page, SPAN(".svg"));
    bool has_any = list && list->count > 0;

    free(list);
    return has_any || count_left_out(page) > 0;
}

enum err page_write_figures(const struct page *page)
{
    struct list *list = list_figures(page, SPAN(".svg"));
    size_t left_out = count_left_out(page);
    enum err error = list ? ERR_OK : note_set(page->note, ERR_FULL, "no memory for the list of figures");

    for (size_t i = 0; error == ERR_OK && i < list->count; i++)
        error = write_figure(page, &list->figures[i]);
    if (error == ERR_OK && list->count_all > list->count)
        page_print(page, "<p class=\"soft\">%zu more are in figures/.</p>\n", list->count_all - list->count);
    free(list);
    if (left_out > 0)
        page_print(
            page,
            "<p class=\"soft\">%zu figure%s not drawn, since gnuplot was missing or failed; scripts and data are in "
            "figures/. With gnuplot (Debian: gnuplot-nox), <code>hopsim report</code> draws them.</p>\n",
            left_out, left_out == 1 ? " is" : "s are");
    return error;
}
