/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/markup.h"

/* RFC 3629 section 4: lead byte, then the range of the byte behind it; those that follow are 80 to BF. */
static const struct sequence {
    uint8_t first, last, second_first, second_last, length;
} sequences[] = {
    {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

size_t markup_sequence(struct span text)
{
    const uint8_t *bytes = (const uint8_t *)text.data;

    for (size_t i = 0; text.size > 0 && i < sizeof(sequences) / sizeof(*sequences); i++) {
        const struct sequence *row = &sequences[i];

        if (bytes[0] < row->first || bytes[0] > row->last || row->length > text.size)
            continue;
        if (row->length > 1 && (bytes[1] < row->second_first || bytes[1] > row->second_last))
            return 0;
        for (size_t at = 2; at < row->length; at++)
            if (bytes[at] < 0x80 || bytes[at] > 0xbf)
                return 0;
        return row->length;
    }
    return 0;
}

static const char *reference_of(char c)
{
    static const struct {
        char c;
        const char *reference;
    } references[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&#39;"}};

    for (size_t i = 0; i < sizeof(references) / sizeof(*references); i++)
        if (references[i].c == c)
            return references[i].reference;
    return NULL;
}

/* C0 controls but tab and newline, DEL, and C1 controls (U+0080 to U+009F). */
static bool is_control(struct span sequence)
{
    uint8_t byte = (uint8_t)sequence.data[0];

    if (sequence.size == 1)
        return (byte < ' ' && byte != '\t' && byte != '\n') || byte == 127;
    return byte == 0xc2 && (uint8_t)sequence.data[1] < 0xa0;
}

static void write_escaped(struct sink *sink, struct span bytes)
{
    for (size_t i = 0; i < bytes.size; i++) {
        sink_text(sink, "\\x");
        sink_hex(sink, (uint8_t)bytes.data[i], 2);
    }
}

void markup_text(struct sink *sink, struct span text)
{
    while (text.size > 0) {
        size_t length = markup_sequence(text);
        struct span sequence = {text.data, length > 0 ? length : 1};
        const char *reference = reference_of(text.data[0]);
        bool is_line_end = text.size > 1 && text.data[0] == '\r' && text.data[1] == '\n';

        if (length == 0 || (is_control(sequence) && !is_line_end))
            write_escaped(sink, sequence);
        else if (reference)
            sink_text(sink, reference);
        else if (!is_line_end)
            sink_span(sink, sequence);
        text = span_after(text, sequence.size);
    }
}

void markup_string(struct sink *sink, const char *text)
{
    markup_text(sink, span_of(text));
}
