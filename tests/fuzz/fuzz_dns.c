/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any datagram: what is read can be written, and what is written is read. */
#include "sim/base/check.h"
#include "sim/wire/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dns_message message, again;
    char bytes[16 * DNS_SIZE_MAX];
    struct sink sink = SINK(bytes);

    if (dns_parse((struct span){(const char *)data, size}, &message) != ERR_OK)
        return 0;
    dns_write(&message, &sink);
    if (sink.overflow) /* a dot within a label, or more than fits */
        return 0;
    enum err error = dns_parse(sink_written(&sink), &again);

    check(error == ERR_OK && again.count == message.count && again.type == message.type);
    return 0;
}
