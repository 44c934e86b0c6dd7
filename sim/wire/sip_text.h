/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_text.h - the letters that both halves of the SIP codec know (RFC 3261 section 25.1): tokens, blanks and folds.
 * For users sip.h is the door.
 */
#ifndef SIM_WIRE_SIP_TEXT_H
#define SIM_WIRE_SIP_TEXT_H

#include "sim/base/span.h"

/* What a character may be, by its code: looked up once instead of compared many times. */
enum { SIP_LETTER_TOKEN = 1, SIP_LETTER_SPACE = 2 };
extern const uint8_t sip_letters[256];

/* The characters of a token, section 25.1. */
static inline bool sip_is_token(char c)
{
    return (sip_letters[(unsigned char)c] & SIP_LETTER_TOKEN) != 0;
}

/* Blanks, and the line ends of folds: a value holds no others. */
static inline bool sip_is_space(char c)
{
    return (sip_letters[(unsigned char)c] & SIP_LETTER_SPACE) != 0;
}

static inline void sip_skip_space(struct span *text)
{
    while (text->size > 0 && sip_is_space(text->data[0]))
        *text = span_after(*text, 1);
}

static inline struct span sip_trim(struct span text)
{
    sip_skip_space(&text);
    while (text.size > 0 && sip_is_space(text.data[text.size - 1]))
        text.size--;
    return text;
}

static inline enum err sip_cut_token(struct span *text, struct span *token)
{
    size_t size = 0;

    sip_skip_space(text);
    while (size < text->size && sip_is_token(text->data[size]))
        size++;
    if (size == 0)
        return ERR_SYNTAX;
    *token = (struct span){text->data, size};
    *text = span_after(*text, size);
    return ERR_OK;
}

#endif
