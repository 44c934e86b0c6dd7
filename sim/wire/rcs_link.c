/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/rcs_link.h"
#include "sim/base/check.h"

/* ---- Writing ---- */

static bool is_plain(struct span text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == 0 || strchr("<>&\"'", text.data[i]))
            return false;
    return true;
}

static void write_element(struct sink *sink, const char *name, struct span value)
{
    if (value.size == 0)
        return;
    sink_format(sink, "<%s>", name);
    sink_span(sink, value);
    sink_format(sink, "</%s>\r\n", name);
}

void rcs_link_write(const struct rcs_link *link, struct sink *sink)
{
    check(is_plain(link->file_name) && is_plain(link->content_type) && is_plain(link->url) && is_plain(link->until));
    sink_text(sink, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
                    "<file xmlns=\"urn:gsma:params:xml:ns:rcs:rcs:fthttp\">\r\n"
                    "<file-info type=\"file\">\r\n");
    sink_format(sink, "<file-size>%llu</file-size>\r\n", (unsigned long long)link->file_size);
    write_element(sink, "file-name", link->file_name);
    write_element(sink, "content-type", link->content_type);
    sink_text(sink, "<data url=\"");
    sink_span(sink, link->url);
    sink_text(sink, "\" until=\"");
    sink_span(sink, link->until);
    sink_text(sink, "\"/>\r\n</file-info>\r\n</file>\r\n");
}

/* ---- Reading ---- */

/* The text from behind the first front to the next back; false when there is none. */
static bool between(struct span text, struct span front, struct span back, struct span *found)
{
    size_t at = span_find(text, front);

    if (at == text.size)
        return false;
    struct span rest = span_after(text, at + front.size);
    size_t end = span_find(rest, back);

    if (end == rest.size)
        return false;
    *found = (struct span){rest.data, end};
    return true;
}

/* The file-info element of the file: what stands between its tags. */
static bool find_file(struct span text, struct span *info)
{
    const struct span front = SPAN("<file-info"), back = SPAN("</file-info>");

    for (;;) {
        size_t at = span_find(text, front);
        struct span element, attributes = {0};

        if (at == text.size)
            return false;
        text = span_after(text, at);
        if (!between(text, front, back, &element) || span_cut_until(&element, '>', &attributes) != ERR_OK)
            return false;
        if (span_find(attributes, SPAN("type=\"file\"")) < attributes.size) {
            *info = element;
            return true;
        }
        text = span_after(text, front.size);
    }
}

enum err rcs_link_read(struct span text, struct rcs_link *link)
{
    struct rcs_link parsed = {0};
    struct span info, number, data;

    if (span_find(text, SPAN("urn:gsma:params:xml:ns:rcs:rcs:fthttp")) == text.size || !find_file(text, &info) ||
        span_find(text, SPAN("</file>")) == text.size)
        return ERR_SYNTAX;
    if (!between(info, SPAN("<file-size>"), SPAN("</file-size>"), &number) ||
        !between(info, SPAN("<content-type>"), SPAN("</content-type>"), &parsed.content_type) ||
        !between(info, SPAN("<data "), SPAN(">"), &data) || !between(data, SPAN("url=\""), SPAN("\""), &parsed.url))
        return ERR_SYNTAX;
    if (span_cut_number(&number, &parsed.file_size) != ERR_OK || number.size > 0 || parsed.url.size == 0)
        return ERR_SYNTAX;
    (void)between(info, SPAN("<file-name>"), SPAN("</file-name>"), &parsed.file_name);
    (void)between(data, SPAN("until=\""), SPAN("\""), &parsed.until);

    *link = parsed;
    return ERR_OK;
}

enum err rcs_link_split(struct span url, struct span *host, struct span *path)
{
    if (span_cut_literal(&url, SPAN("https://")) != ERR_OK)
        return ERR_SYNTAX;
    size_t end = span_find_byte(url, '/');

    if (end == 0 || end == url.size || span_find_byte((struct span){url.data, end}, ':') < end)
        return ERR_SYNTAX;
    *host = (struct span){url.data, end};
    *path = span_after(url, end);
    return ERR_OK;
}
