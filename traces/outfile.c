/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/outfile.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_SIZE = 64 * 1024 };

static enum err refuse(struct note *note, const char *path, int error)
{
    enum err kind = error == ENOSPC || error == EDQUOT || error == EFBIG ? ERR_FULL : ERR_FILE;

    return note_set(note, kind, "%s: %s", path, strerror(error));
}

/* The temporary name tells the process, so that two that aim at one target do not write into each other. */
static bool name_parts(struct outfile *file, const char *path)
{
    struct sink whole = SINK(file->path);
    struct sink part = SINK(file->part);

    sink_text(&whole, path);
    sink_text(&part, path);
    sink_format(&part, ".%ld.part", (long)getpid());
    sink_string(&whole);
    sink_string(&part);
    return !whole.overflow && !part.overflow && part.size < part.capacity;
}

/* mode: of a file that is made, as the process's mask leaves it. */
static enum err open_as(struct outfile *file, const char *path, mode_t mode, struct note *note)
{
    struct outfile opened = {0};
    struct stat status;

    if (!name_parts(&opened, path))
        return refuse(note, path, ENAMETOOLONG);
    if (stat(path, &status) == 0) {
        if (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
            return note_set(note, ERR_FILE, "%s exists already and is not overwritten", path);
        opened.is_in_place = true;
    }
    int flags = opened.is_in_place ? O_WRONLY : O_WRONLY | O_CREAT | O_EXCL;
    int descriptor = open(opened.is_in_place ? opened.path : opened.part, flags | O_CLOEXEC, mode);

    if (descriptor < 0)
        return refuse(note, path, errno);
    opened.stream = fdopen(descriptor, "w");
    if (!opened.stream) {
        int error = errno;

        close(descriptor);
        if (!opened.is_in_place)
            unlink(opened.part);
        return refuse(note, path, error);
    }
    setvbuf(opened.stream, NULL, _IOFBF, BUFFER_SIZE);
    *file = opened;
    return ERR_OK;
}

enum err outfile_open(struct outfile *file, const char *path, struct note *note)
{
    return open_as(file, path, 0666, note);
}

enum err outfile_open_private(struct outfile *file, const char *path, struct note *note)
{
    TRY(open_as(file, path, 0600, note));
    setvbuf(file->stream, NULL, _IONBF, 0);
    return ERR_OK;
}

void outfile_write(struct outfile *file, struct span bytes)
{
    check(file->stream != NULL);
    if (file->error != 0 || bytes.size == 0)
        return;
    if (fwrite(bytes.data, 1, bytes.size, file->stream) != bytes.size)
        file->error = errno ? errno : EIO;
}

/* A link cannot replace what has appeared meanwhile, a rename would; only where the file system has no links is
 * rename the way. */
static int take_name(const struct outfile *file)
{
    if (link(file->part, file->path) == 0) {
        unlink(file->part);
        return 0;
    }
    if (errno == EEXIST)
        return EEXIST;
    return rename(file->part, file->path) == 0 ? 0 : errno;
}

enum err outfile_close(struct outfile *file, struct note *note)
{
    check(file->stream != NULL);
    int error = file->error;

    if (fclose(file->stream) != 0 && error == 0)
        error = errno;
    file->stream = NULL;
    if (file->is_in_place)
        return error ? refuse(note, file->path, error) : ERR_OK;
    if (error == 0)
        error = take_name(file);
    if (error == 0)
        return ERR_OK;
    unlink(file->part);
    return refuse(note, file->path, error);
}

void outfile_discard(struct outfile *file)
{
    if (!file->stream)
        return;
    fclose(file->stream);
    file->stream = NULL;
    if (!file->is_in_place)
        unlink(file->part);
}
