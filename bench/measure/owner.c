/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* When the process began, in clock ticks since boot; 0: no such process. */
static unsigned long long started(long pid)
{
    char path_text[64], text[1024];
    struct sink path = SINK(path_text);
    unsigned long long ticks = 0;

    sink_format(&path, "/proc/%ld/stat", pid);
    FILE *file = fopen(sink_string(&path), "re");

    if (!file)
        return 0;
    size_t size = fread(text, 1, sizeof(text) - 1, file);

    fclose(file);
    text[size] = 0;
    /* The name in parentheses may hold anything; the 22nd field is the 20th behind it. */
    char *at = strrchr(text, ')');

    for (int field = 0; at && field < 20; field++)
        at = strchr(at + 1, ' ');
    if (at)
        ticks = strtoull(at + 1, NULL, 10);
    return ticks;
}

void owner_write(struct sink *sink)
{
    sink_format(sink, "%ld-%llu-", (long)getpid(), started((long)getpid()));
}

bool owner_is_gone(struct span name)
{
    uint64_t pid, ticks;

    return span_cut_number(&name, &pid) == ERR_OK && span_cut_literal(&name, SPAN("-")) == ERR_OK &&
           span_cut_number(&name, &ticks) == ERR_OK && span_starts(name, SPAN("-")) && pid <= INT32_MAX &&
           started((long)pid) != ticks;
}
