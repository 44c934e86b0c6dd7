/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What registration reads: Diameter messages, credentials, base64. What is read of each is written and read again. */
#include "sim/base/check.h"
#include "sim/wire/base64.h"
#include "sim/wire/diameter.h"
#include "sim/wire/sip_auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 1 << 16 };

static void try_diameter(struct span bytes)
{
    struct diameter_message message;
    size_t used;

    if (diameter_parse(bytes, &message, &used) == ERR_OK)
        check(used <= bytes.size && diameter_name(&message) != NULL);
}

static void try_credentials(struct span text)
{
    struct sip_auth auth, again;
    char written[TEXT_MAX];
    struct sink sink = SINK(written);

    if (sip_auth_parse(text, &auth) != ERR_OK)
        return;
    sip_auth_write_credentials(&sink, &auth);
    if (sink.overflow)
        return;
    enum err error = sip_auth_parse(sink_written(&sink), &again);

    check(error == ERR_OK && span_equal(auth.username, again.username));
}

static void try_base64(struct span text)
{
    char bytes[TEXT_MAX], letters[TEXT_MAX];
    struct sink sink = SINK(bytes), back = SINK(letters);

    if (base64_read(text, &sink) != ERR_OK)
        return;
    base64_write(&back, sink_written(&sink));
    check(span_equal(sink_written(&back), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};

    if (size > TEXT_MAX / 4)
        return 0;
    try_diameter(text);
    try_credentials(text);
    try_base64(text);
    return 0;
}
