/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as one Diameter message; what is read lies within them. */
#include "sim/base/check.h"
#include "sim/wire/diameter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct diameter_message message;
    const struct span bytes = {(const char *)data, size};
    size_t used = 0;

    if (diameter_parse(bytes, &message, &used) != ERR_OK)
        return 0;
    check(used <= size && used >= DIAMETER_HEADER_SIZE);
    check(diameter_name(&message) != NULL);
    const struct span spans[] = {message.origin_host, message.public_identity};

    for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++)
        check(spans[i].size == 0 ||
              (spans[i].data >= bytes.data && spans[i].data + spans[i].size <= bytes.data + used));
    return 0;
}
