/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cite.c - how to cite the program: CITATION.cff, which is built in, as a line for people and as BibTeX. Of the file's
 * YAML it needs single-line values at the margin and the authors' names.
 */
#include "bench/cli/command.h"
#include "bench/harness/input.h"

/* CITATION.cff; made by the Makefile. */
extern const char citation_text[];

struct citation {
    struct span title, version, date, author;
};

static struct span unquote(struct span text)
{
    text = span_trim(text);
    if (text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"')
        return (struct span){text.data + 1, text.size - 2};
    return text;
}

static struct citation read_citation(void)
{
    struct citation citation = {.author = {"", 0}};
    struct span rest = span_of(citation_text), line;
    const struct {
        struct span key;
        struct span *value;
    } keys[] = {
        {SPAN("title:"), &citation.title},
        {SPAN("version:"), &citation.version},
        {SPAN("date-released:"), &citation.date},
        {SPAN("  - name:"), &citation.author},
    };

    while (input_cut_line(&rest, &line))
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
            if (span_starts(line, keys[i].key))
                *keys[i].value = unquote(span_after(line, keys[i].key.size));
    return citation;
}

#define PART(span) (int)(span).size, (span).data

static enum status run_cite(const struct command_line *line)
{
    struct citation citation = read_citation();
    char text[2048];
    struct sink sink = SINK(text);

    if (command_option(line, "--cff"))
        return command_print(span_of(citation_text));
    if (command_option(line, "--bibtex"))
        sink_format(&sink,
                    "@software{hopsim,\n  author = {{%.*s}},\n  title = {{%.*s}},\n  version = {%.*s},\n"
                    "  year = {%.4s},\n  date = {%.*s}\n}\n",
                    PART(citation.author), PART(citation.title), PART(citation.version), citation.date.data,
                    PART(citation.date));
    else
        sink_format(&sink, "%.*s (%.4s). %.*s (version %.*s).\n", PART(citation.author), citation.date.data,
                    PART(citation.title), PART(citation.version));
    return command_print(sink_written(&sink));
}

static const struct command_option options[] = {
    {"--bibtex", NULL, "print an entry for BibTeX"},
    {"--cff", NULL, "print CITATION.cff"},
    {.name = NULL},
};

const struct command command_cite = {
    .name = "cite",
    .arguments = "",
    .help = "Print how to cite the program",
    .options = options,
    .run = run_cite,
};
