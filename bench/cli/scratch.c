/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/cli/scratch.h"
#include "bench/measure/owner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char name_start[] = "hopsim-";

/* ---- Removing ---- */

/* Files of a folder; into names go the folders that stay. */
static void remove_files(const char *folder)
{
    DIR *list = opendir(folder);

    for (struct dirent *entry; list && (entry = readdir(list));) {
        char path[OUTFILE_PATH_SIZE];
        struct sink sink = SINK(path);

        sink_format(&sink, "%s/%s", folder, entry->d_name);
        if (!sink.overflow && unlink(sink_string(&sink)) != 0 && entry->d_name[0] != '.')
            (void)rmdir(path);
    }
    if (list)
        closedir(list);
}

static void remove_below(const char *folder)
{
    DIR *list = opendir(folder);

    for (struct dirent *entry; list && (entry = readdir(list));) {
        char path[OUTFILE_PATH_SIZE];
        struct sink sink = SINK(path);

        sink_format(&sink, "%s/%s", folder, entry->d_name);
        if (!sink.overflow && entry->d_name[0] != '.' && entry->d_type == DT_DIR)
            remove_files(sink_string(&sink));
    }
    if (list)
        closedir(list);
}

static void remove_all(const char *folder)
{
    remove_below(folder);
    remove_files(folder);
    (void)rmdir(folder);
}

void scratch_remove(struct scratch *scratch)
{
    if (scratch->path[0] == 0)
        return;
    remove_all(scratch->path);
    scratch->path[0] = 0;
}

/* ---- What dead processes left ---- */

/* A folder of this user's, not a link to one. */
static bool is_own_folder(int parent, const char *name)
{
    struct stat found;

    return fstatat(parent, name, &found, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(found.st_mode) &&
           found.st_uid == geteuid();
}

/* "hopsim-KIND-PID-TICKS-XXXXXX" */
static bool is_left(struct span name)
{
    if (span_cut_literal(&name, span_of(name_start)) != ERR_OK)
        return false;
    size_t kind = span_find_byte(name, '-');

    return kind < name.size && owner_is_gone(span_after(name, kind + 1));
}

static void sweep(const char *parent)
{
    DIR *list = opendir(parent);

    for (struct dirent *entry; list && (entry = readdir(list));) {
        char path[OUTFILE_PATH_SIZE];
        struct sink sink = SINK(path);

        sink_format(&sink, "%s/%s", parent, entry->d_name);
        if (!sink.overflow && is_left(span_of(entry->d_name)) && is_own_folder(dirfd(list), entry->d_name))
            remove_all(sink_string(&sink));
    }
    if (list)
        closedir(list);
}

/* ---- Making ---- */

enum err scratch_make(struct scratch *scratch, const char *kind, struct note *note)
{
    const char *set = getenv("TMPDIR"), *parent = set && *set ? set : "/tmp";
    struct sink sink = SINK(scratch->path);

    sweep(parent);
    sink_format(&sink, "%.400s/%s%s-", parent, name_start, kind);
    owner_write(&sink);
    sink_text(&sink, "XXXXXX");
    sink_string(&sink);
    if (mkdtemp(scratch->path))
        return ERR_OK;
    int error = errno;

    (void)note_set(note, ERR_FILE, "%s: %s", scratch->path, strerror(error));
    scratch->path[0] = 0;
    return ERR_FILE;
}

const char *scratch_path(const struct scratch *scratch, const char *name, char path[OUTFILE_PATH_SIZE])
{
    struct sink sink = {.data = path, .capacity = OUTFILE_PATH_SIZE};

    sink_format(&sink, "%s/%s", scratch->path, name);
    return sink_string(&sink);
}
