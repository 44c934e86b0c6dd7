/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_text.h - the letters that both halves of the SIP codec know (RFC 3261 section 25.1): tokens, blanks and folds.
 * For users sip.h is the door.
 */
#ifndef SIM_WIRE_SIP_TEXT_H
#define SIM_WIRE_SIP_TEXT_H

#include "sim/base/span.h"

/* Only letters of ASCII are folded. */
static inline char sip_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* The characters of a token, section 25.1. */
static inline bool sip_is_token(char c)
{
    return (c >= '0' && c <= '9') || (sip_lower(c) >= 'a' && sip_lower(c) <= 'z') ||
           (c != 0 && strchr("-.!%*_+`'~", c) != NULL);
}

/* Blanks, and the line ends of folds: a value holds no others. */
static inline bool sip_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
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
