/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/receipt.h"
#include "sim/base/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int unnamed(int folder)
{
    return openat(folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

enum err receipt_open(struct receipt *receipt, const char *folder, uint64_t size_max, struct note *note)
{
    int at = open(folder, O_DIRECTORY | O_RDONLY | O_CLOEXEC);
    int fd = at >= 0 ? unnamed(at) : -1;

    if (fd < 0) {
        enum err error = note_set(note, ERR_FILE, "%s cannot hold what is being received (an unnamed file): %s", folder,
                                  strerror(errno));

        if (at >= 0)
            close(at);
        return error;
    }
    *receipt = (struct receipt){.folder = at, .fd = fd, .size_max = size_max};
    return ERR_OK;
}

static enum err write_all(int fd, uint64_t offset, const char *bytes, size_t size, struct note *note)
{
    while (size > 0) {
        ssize_t done = pwrite(fd, bytes, size, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return note_set(note, ERR_FULL, "what is received cannot be written: %s", strerror(errno));
        bytes += done;
        size -= (size_t)done;
        offset += (uint64_t)done;
    }
    return ERR_OK;
}

enum err receipt_write(struct receipt *receipt, uint64_t offset, struct slice slice, struct note *note)
{
    char piece[16384];

    if (offset > receipt->size_max || slice.length > receipt->size_max - offset)
        return note_set(note, ERR_RANGE, "more bytes come than were announced");
    for (uint64_t at = 0; at < slice.length;) {
        uint64_t left = slice.length - at;
        size_t size = left < sizeof(piece) ? (size_t)left : sizeof(piece);

        slice_read(slice, at, piece, size);
        TRY(write_all(receipt->fd, offset + at, piece, size, note));
        at += size;
    }
    return ERR_OK;
}

/* The whole file in memory; NULL for an empty one is not a failure. */
static void *map(int fd, uint64_t size, int protection)
{
    return size == 0 ? NULL : mmap(NULL, (size_t)size, protection, MAP_SHARED, fd, 0);
}

/* Opens what has come into another unnamed file, which then takes its place. */
static enum err open_sealed(struct receipt *receipt, uint64_t length, const struct cms_opening *opening, uint64_t *size,
                            struct note *note)
{
    int plain = unnamed(receipt->folder);
    size_t opened = 0;

    /* A sealed message is longer than what is in it. */
    if (plain < 0 || posix_fallocate(plain, 0, length > 0 ? (off_t)length : 1) != 0) {
        if (plain >= 0)
            close(plain);
        return note_set(note, ERR_FULL, "no room for the opened file");
    }
    void *sealed = map(receipt->fd, length, PROT_READ), *out = map(plain, length, PROT_READ | PROT_WRITE);
    enum err error = ERR_MORE;

    if (sealed == MAP_FAILED || out == MAP_FAILED)
        error = note_set(note, ERR_FULL, "no memory to open the file: %s", strerror(errno));
    else if (sealed)
        error = cms_open(opening, (struct span){sealed, (size_t)length}, out, (size_t)length, &opened, note);
    if (sealed && sealed != MAP_FAILED)
        munmap(sealed, (size_t)length);
    if (out && out != MAP_FAILED)
        munmap(out, (size_t)length);
    if (error == ERR_OK && ftruncate(plain, (off_t)opened) != 0)
        error = note_set(note, ERR_FILE, "the opened file cannot be cut to its length: %s", strerror(errno));
    if (error != ERR_OK) {
        close(plain);
        return note_set(note, error, "what came is not a sealed file");
    }
    close(receipt->fd);
    receipt->fd = plain;
    *size = opened;
    return ERR_OK;
}

static enum err give_name(const struct receipt *receipt, const char *name, struct note *note)
{
    char text[64];
    struct sink path = SINK(text);

    sink_format(&path, "/proc/self/fd/%d", receipt->fd);
    if (linkat(AT_FDCWD, sink_string(&path), receipt->folder, name, AT_SYMLINK_FOLLOW) != 0)
        return note_set(note, ERR_FILE, "%s cannot be given to the received file: %s", name, strerror(errno));
    return ERR_OK;
}

enum err receipt_keep(struct receipt *receipt, uint64_t length, const struct cms_opening *opening, const char *name,
                      uint64_t *size, struct note *note)
{
    struct stat now;

    check(receipt->fd >= 0);
    if (fstat(receipt->fd, &now) != 0 || (uint64_t)now.st_size != length)
        return note_set(note, ERR_MORE, "%llu bytes were announced and %llu are there", (unsigned long long)length,
                        (unsigned long long)now.st_size);
    *size = length;
    if (opening)
        TRY(open_sealed(receipt, length, opening, size, note));
    return give_name(receipt, name, note);
}

void receipt_drop(struct receipt *receipt)
{
    if (receipt->fd >= 0)
        close(receipt->fd);
    if (receipt->folder >= 0)
        close(receipt->folder);
    receipt->fd = receipt->folder = -1;
}
