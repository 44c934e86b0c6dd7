/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sip_auth.h"
#include "sim/wire/sip_text.h"

#include <stddef.h>

struct row {
    const char *name;
    size_t offset;
    bool is_quoted;
    bool is_always; /* written even when it is empty */
};

#define MEMBER(name) offsetof(struct sip_auth, name)

static const struct row challenge_rows[] = {
    {"realm", MEMBER(realm), true, true},
    {"nonce", MEMBER(nonce), true, true},
    {"algorithm", MEMBER(algorithm), false, false},
    {"qop", MEMBER(qop), true, false},
    {"ck", MEMBER(ck), true, false},
    {"ik", MEMBER(ik), true, false},
    {NULL, 0, false, false},
};

static const struct row credential_rows[] = {
    {"username", MEMBER(username), true, true},
    {"realm", MEMBER(realm), true, true},
    {"nonce", MEMBER(nonce), true, true},
    {"uri", MEMBER(uri), true, true},
    {"response", MEMBER(response), true, true},
    {"algorithm", MEMBER(algorithm), false, false},
    {"qop", MEMBER(qop), false, false},
    {"nc", MEMBER(nc), false, false},
    {"cnonce", MEMBER(cnonce), true, false},
    {"auts", MEMBER(auts), true, false},
    {"integrity-protected", MEMBER(integrity_protected), true, false},
    {NULL, 0, false, false},
};

/* ", name=value" or ", name=\"value\"" off the front; false: no more. */
static bool cut_parameter(struct span *text, struct span *name, struct span *value)
{
    while (text->size > 0 && (sip_is_space(text->data[0]) || text->data[0] == ','))
        *text = span_after(*text, 1);
    if (span_cut_until(text, '=', name) != ERR_OK)
        return false;
    sip_skip_space(text);
    *name = sip_trim(*name);
    if (text->size > 0 && text->data[0] == '"') {
        *text = span_after(*text, 1);
        return span_cut_until(text, '"', value) == ERR_OK;
    }
    size_t end = span_find_byte(*text, ',');

    *value = sip_trim((struct span){text->data, end});
    *text = span_after(*text, end);
    return true;
}

/* The first of a name counts. */
static bool keep_parameter(const struct row *rows, struct span name, struct span value, struct sip_auth *auth)
{
    for (; rows->name; rows++) {
        struct span *member = (struct span *)(void *)((char *)auth + rows->offset);

        if (!span_equal_nocase(name, span_of(rows->name)))
            continue;
        if (!member->data)
            *member = value;
        return true;
    }
    return false;
}

enum err sip_auth_parse(struct span value, struct sip_auth *auth)
{
    struct sip_auth parsed = {.username = {NULL, 0}};
    struct span scheme, name, one;

    if (sip_cut_token(&value, &scheme) != ERR_OK || !span_equal_nocase(scheme, SPAN("Digest")) || value.size == 0 ||
        !sip_is_space(value.data[0]))
        return ERR_SYNTAX;
    while (cut_parameter(&value, &name, &one))
        if (!keep_parameter(credential_rows, name, one, &parsed))
            (void)keep_parameter(challenge_rows, name, one, &parsed);
    *auth = parsed;
    return ERR_OK;
}

static void write_rows(struct sink *sink, const struct row *rows, const struct sip_auth *auth)
{
    const char *before = "Digest ";

    for (; rows->name; rows++) {
        struct span value = *(const struct span *)(const void *)((const char *)auth + rows->offset);

        if (value.size == 0 && !rows->is_always)
            continue;
        sink_text(sink, before);
        sink_text(sink, rows->name);
        sink_text(sink, rows->is_quoted ? "=\"" : "=");
        sink_span(sink, value);
        if (rows->is_quoted)
            sink_char(sink, '"');
        before = ",";
    }
}

void sip_auth_write_challenge(struct sink *sink, const struct sip_auth *auth)
{
    write_rows(sink, challenge_rows, auth);
}

void sip_auth_write_credentials(struct sink *sink, const struct sip_auth *auth)
{
    write_rows(sink, credential_rows, auth);
}
