/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/base64.h"

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(struct sink *sink, struct span bytes)
{
    for (size_t at = 0; at < bytes.size; at += 3) {
        size_t left = bytes.size - at;
        uint32_t group = (uint32_t)(uint8_t)bytes.data[at] << 16;

        if (left > 1)
            group |= (uint32_t)(uint8_t)bytes.data[at + 1] << 8;
        if (left > 2)
            group |= (uint8_t)bytes.data[at + 2];
        sink_char(sink, letters[group >> 18]);
        sink_char(sink, letters[group >> 12 & 63]);
        sink_char(sink, left > 1 ? letters[group >> 6 & 63] : '=');
        sink_char(sink, left > 2 ? letters[group & 63] : '=');
    }
}

static bool value_of(char letter, uint32_t *value)
{
    size_t at = span_find_byte(SPAN(letters), letter);

    *value = (uint32_t)at;
    return at < sizeof(letters) - 1;
}

/* Four letters, of which `padding` at the end are '='. */
static enum err read_group(const char *text, size_t padding, struct sink *sink)
{
    uint32_t group = 0, value;

    for (size_t i = 0; i < 4; i++) {
        value = 0;
        if (i < 4 - padding && !value_of(text[i], &value))
            return ERR_SYNTAX;
        group = group << 6 | value;
    }
    if ((group & ((UINT32_C(1) << 8 * padding) - 1)) != 0)
        return ERR_SYNTAX;
    for (size_t i = 0; i < 3 - padding; i++)
        sink_u8(sink, (uint8_t)(group >> (16 - 8 * i)));
    return ERR_OK;
}

enum err base64_read(struct span text, struct sink *sink)
{
    struct sink start = *sink;
    size_t padding = 0;

    if (text.size % 4 != 0)
        return ERR_SYNTAX;
    while (padding < 2 && padding < text.size && text.data[text.size - 1 - padding] == '=')
        padding++;
    for (size_t at = 0; at < text.size; at += 4) {
        enum err error = read_group(text.data + at, at + 4 == text.size ? padding : 0, sink);

        if (error != ERR_OK || sink->overflow) {
            *sink = start;
            return error != ERR_OK ? error : ERR_FULL;
        }
    }
    return ERR_OK;
}
