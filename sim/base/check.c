/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/base/check.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *condition, const char *file, int line)
{
    fprintf(stderr, "hopsim: %s:%d: broken promise: %s\n", file, line, condition);
    abort();
}
