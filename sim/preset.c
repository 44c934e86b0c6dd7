/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/preset.h"
#include "sim/access.h"
#include "sim/tcp_set.h"

const struct preset presets[] = {
    {"access.preset", offsetof(struct scenario, access_preset), access_values},
    {"tcp.set", offsetof(struct scenario, tcp_set), tcp_set_values},
    {.name = NULL},
};

const struct preset *preset_of(const struct field *row)
{
    for (const struct preset *preset = presets; preset->name; preset++)
        if (preset->offset == row->offset)
            return preset;
    return NULL;
}
