/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * anonymise_path.c - paths in what users and hopsim wrote: manifests, command lines, scenarios. In prose a path begins
 * at its root, at the folder one stands in or at home; in a command line a word is one as well when a slash is in it,
 * when it ends as names of files do, or when it belongs to an option that takes a path.
 */
#include "traces/anonymise.h"

enum { ENDING_MAX = 6 };

static bool is_letter(char c)
{
    return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_alphanumeric(char c)
{
    return is_letter(c) || (c >= '0' && c <= '9');
}

/* ".pcapng" of a word; empty where it has none. */
static struct span ending_of(struct span path)
{
    size_t dot = path.size;

    while (dot > 0 && is_alphanumeric(path.data[dot - 1]))
        dot--;
    struct span letters = span_after(path, dot);

    if (dot == 0 || path.data[dot - 1] != '.' || letters.size < 2 || letters.size > ENDING_MAX ||
        !is_letter(letters.data[0]))
        return (struct span){"", 0};
    return span_after(path, dot - 1);
}

/* Up to a blank, or what ends a quotation, a list or an assignment. */
static struct span cut_word(struct span text)
{
    size_t size = 0;

    while (size < text.size && text.data[size] && !strchr(" \t\r\n\"'<>,;()=", text.data[size]))
        size++;
    return (struct span){text.data, size};
}

static bool begins_as_path(struct span word)
{
    static const char *const roots[] = {"/", "./", "../", "~/"};

    for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
        struct span root = span_of(roots[i]);

        if (span_starts(word, root) && word.size > root.size && word.data[root.size] != '/')
            return true;
    }
    return false;
}

static bool is_behind_option(struct span before)
{
    static const char *const options[] = {"-o ",       "--file ",   "--save ",       "--pcap ",
                                          "--log ",    "--keys ",   "--pcap-links ", "--messages ",
                                          "--keylog ", "--esp-sa ", "--latex "};

    for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++) {
        struct span option = span_of(options[i]);

        if (before.size > option.size && span_equal(span_after(before, before.size - option.size), option) &&
            before.data[before.size - option.size - 1] == ' ')
            return true;
    }
    return false;
}

size_t anonymise_path_size(struct span before, struct span text, bool is_command)
{
    if (before.size > 0 && !strchr(" \t\"'<,;(=", before.data[before.size - 1]))
        return 0;
    struct span word = cut_word(text);

    if (begins_as_path(word))
        return word.size;
    if (!is_command || word.size == 0 || word.data[0] == '-' || (word.size < text.size && text.data[word.size] == '='))
        return 0;
    bool has_folder =
        span_find_byte(word, '/') < word.size && is_letter(word.data[0]) && span_find(word, SPAN("://")) == word.size;

    return has_folder || ending_of(word).size > 0 || is_behind_option(before) ? word.size : 0;
}

void anonymise_path(struct anonymiser *anonymiser, struct span path, struct sink *sink)
{
    sink_text(sink, anonymiser_name(anonymiser, NAME_PATH, path));
    sink_span(sink, ending_of(path));
}
