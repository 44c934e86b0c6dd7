/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sip_identity.h"

/* The address of record of a name-addr or addr-spec, where its URI is of SIP. */
static enum err write_aor(struct span element, struct sink *aor)
{
    struct sip_address address;
    struct sip_uri uri;

    TRY(sip_parse_address(element, &address));
    TRY(sip_parse_uri(address.uri, &uri));
    if (uri.user.size == 0 || uri.host.size == 0)
        return ERR_UNKNOWN;
    sink_span(aor, uri.scheme);
    sink_char(aor, ':');
    sink_span(aor, uri.user);
    sink_char(aor, '@');
    sink_span(aor, uri.host);
    return aor->overflow ? ERR_SYNTAX : ERR_OK;
}

/* The first element of the lines of that header that is a URI of SIP; ERR_UNKNOWN: there is none. */
static enum err find_aor(const struct sip_message *message, enum sip_header header, struct sink *aor)
{
    for (const struct sip_line *line = sip_line_next(message, header, NULL); line;
         line = sip_line_next(message, header, line)) {
        struct span rest = line->value, element;

        while (rest.size > 0) {
            TRY(sip_cut_element(&rest, &element));
            enum err error = write_aor(element, aor);

            if (error != ERR_UNKNOWN)
                return error;
        }
    }
    return ERR_UNKNOWN;
}

static enum err identify(struct span head, struct sink *aor)
{
    struct sip_message message;

    TRY(sip_parse(head, &message));
    bool is_asserted = sip_value(&message, SIP_HEADER_P_ASSERTED_IDENTITY).size > 0;
    enum err error = find_aor(&message, is_asserted ? SIP_HEADER_P_ASSERTED_IDENTITY : SIP_HEADER_FROM, aor);

    return error == ERR_OK ? ERR_OK : ERR_SYNTAX;
}

enum err sip_identity(struct span head, char aor[SIP_IDENTITY_SIZE])
{
    char text[SIP_IDENTITY_SIZE - 1];
    struct sink own = SINK(text), out = {.data = aor, .capacity = SIP_IDENTITY_SIZE};
    enum err error = identify(head, &own);

    if (error == ERR_OK)
        sink_span(&out, sink_written(&own));
    sink_string(&out);
    return error;
}
