/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * folder.h - a folder for a test's files, and their contents.
 */
#ifndef TESTS_TRACES_FOLDER_H
#define TESTS_TRACES_FOLDER_H

#include "sim/base/sink.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

struct folder {
    char path[64];
    char name[256]; /* of the file asked for last */
};

static inline const char *folder_path(struct folder *folder, const char *file)
{
    struct sink sink = SINK(folder->name);

    sink_format(&sink, "%s/%s", folder->path, file);
    return sink_string(&sink);
}

/* What a file holds, cut to size; empty when there is none. */
static inline struct span folder_read(struct folder *folder, const char *name, char *bytes, size_t size)
{
    FILE *file = fopen(folder_path(folder, name), "r");

    if (!file)
        return (struct span){bytes, 0};
    size_t got = fread(bytes, 1, size, file);

    fclose(file);
    return (struct span){bytes, got};
}

static inline int folder_count(const char *path)
{
    DIR *entries = opendir(path);
    int count = -2; /* itself and its parent */

    if (!entries)
        return -1;
    while (readdir(entries))
        count++;
    closedir(entries);
    return count;
}

static inline void folder_remove_file(struct folder *folder, const char *name)
{
    unlink(folder_path(folder, name));
}

#endif
