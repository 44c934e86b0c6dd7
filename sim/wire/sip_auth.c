/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sip_auth.h"
#include "sim/wire/msrp.h"

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

static void read_rows(struct span value, const struct row *rows, struct sip_auth *auth)
{
    for (; rows->name; rows++) {
        struct span *member = (struct span *)(void *)((char *)auth + rows->offset);

        if (!msrp_digest_parameter(value, span_of(rows->name), member))
            *member = (struct span){"", 0};
    }
}

enum err sip_auth_parse(struct span value, struct sip_auth *auth)
{
    size_t blank = span_find_byte(value, ' ');
    struct sip_auth parsed;

    if (!span_equal_nocase((struct span){value.data, blank}, SPAN("Digest")) || blank == value.size)
        return ERR_SYNTAX;
    read_rows(value, challenge_rows, &parsed);
    read_rows(value, credential_rows, &parsed);
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
