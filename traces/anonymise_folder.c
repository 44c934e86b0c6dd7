/* SPDX-License-Identifier: GPL-3.0-or-later */
/* anonymise_folder.c - texts of messages go first, since they say what is a name; the rest is prose. */
#include "traces/anonymise_folder.h"
#include "traces/anonymise.h"
#include "traces/messages.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/stat.h>

enum {
    FILES_MAX = 10000,
    DEPTH_MAX = 4,
    LONGER = 32, /* no name is so many times as long as the shortest word */
    LINE_MORE = 256
};
#define FILE_BYTES_MAX ((size_t)256 << 20)

struct folder {
    struct anonymiser *anonymiser;
    size_t prefix; /* bytes of the folder's name with its slash */
    size_t count, folder_count;
    char *paths[FILES_MAX];   /* files */
    char *folders[FILES_MAX]; /* what they lie in, those above first */
};

/* A line that is changed, or an entry of messages.txt. */
struct scratch {
    char *bytes;
    size_t capacity;
};

static bool reserve(struct scratch *scratch, size_t size)
{
    size_t capacity = LONGER * size + LINE_MORE;

    if (capacity <= scratch->capacity)
        return true;
    free(scratch->bytes);
    scratch->bytes = malloc(capacity);
    scratch->capacity = scratch->bytes ? capacity : 0;
    return scratch->bytes != NULL;
}

/* ---- Contents ---- */

/* Line by line, but of a manifest the line with the command. */
static enum err change_prose(struct folder *folder, struct span text, struct outfile *file, struct note *note)
{
    struct scratch scratch = {NULL, 0};

    while (text.size > 0) {
        size_t end = span_find_byte(text, '\n');
        struct span line = {text.data, end};
        bool is_command = span_starts(line, SPAN("command:"));

        if (!reserve(&scratch, line.size)) {
            free(scratch.bytes);
            return note_set(note, ERR_FULL, "no memory for a line of %zu bytes", line.size);
        }
        struct sink sink = {.data = scratch.bytes, .capacity = scratch.capacity};

        anonymise_line(folder->anonymiser, line, is_command ? ANONYMISE_COMMAND : ANONYMISE_PROSE, &sink);
        outfile_write(file, sink_written(&sink));
        if (end < text.size)
            outfile_write(file, SPAN("\n"));
        text = span_after(text, end < text.size ? end + 1 : end);
    }
    free(scratch.bytes);
    return ERR_OK;
}

static enum err change_entry(struct folder *folder, const struct messages_entry *entry, struct scratch *scratch,
                             struct outfile *file, struct note *note)
{
    char head[160];
    struct sink line = SINK(head);

    if (!reserve(scratch, entry->text.size))
        return note_set(note, ERR_FULL, "no memory for a message of %zu bytes", entry->text.size);
    struct sink sink = {.data = scratch->bytes, .capacity = scratch->capacity};

    anonymise_message(folder->anonymiser, entry->text, &sink);
    if (sink.size > entry->bytes) /* what is longer than the message was is cut */
        sink.size = (size_t)entry->bytes;
    sink_format(&line, "message %llu %.*s %zu of %llu\n", (unsigned long long)entry->number, (int)entry->protocol.size,
                entry->protocol.data, sink.size, (unsigned long long)entry->bytes);
    if (line.overflow)
        return note_set(note, ERR_SYNTAX, "message %llu: too long a protocol's name",
                        (unsigned long long)entry->number);
    outfile_write(file, sink_written(&line));
    outfile_write(file, sink_written(&sink));
    outfile_write(file, SPAN("\n\n"));
    return ERR_OK;
}

static enum err change_messages(struct folder *folder, struct span text, struct outfile *file, struct note *note)
{
    struct scratch scratch = {NULL, 0};
    enum err error = ERR_OK;

    for (size_t count = 1; text.size > 0 && error == ERR_OK; count++) {
        struct messages_entry entry;

        error = messages_cut_entry(&text, &entry);
        if (error == ERR_OK)
            error = change_entry(folder, &entry, &scratch, file, note);
        else
            error = note_set(note, ERR_SYNTAX, "text %zu: expected an entry \"message NUMBER PROTOCOL SIZE of BYTES\"",
                             count);
    }
    free(scratch.bytes);
    return error;
}

/* By the end of the name, the first row that fits. */
static const struct kind {
    const char *ending;
    int round; /* 0: says what is a name; 1 */
    enum err (*change)(struct folder *folder, struct span text, struct outfile *file, struct note *note);
} kinds[] = {
    {"/messages.txt", 0, change_messages},
    {".txt", 1, change_prose},
    {".csv", 1, change_prose},
    {".ini", 1, change_prose},
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(*kinds), ROUNDS = 2 };

static const struct kind *kind_of(const char *path)
{
    struct span name = span_of(path);

    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct span ending = span_of(kinds[i].ending);

        if (name.size > ending.size && span_equal(span_after(name, name.size - ending.size), ending))
            return &kinds[i];
    }
    return NULL;
}

/* ---- Files ---- */

static enum err read_file(const char *path, struct span *text, struct note *note)
{
    FILE *file = fopen(path, "rb");
    struct stat status;

    if (!file)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    bool is_fine = fstat(fileno(file), &status) == 0 && status.st_size >= 0;
    size_t size = is_fine ? (size_t)status.st_size : 0;
    char *bytes = is_fine && size <= FILE_BYTES_MAX ? malloc(size + 1) : NULL;

    if (bytes)
        *text = (struct span){bytes, fread(bytes, 1, size, file)};
    is_fine = is_fine && bytes && !ferror(file);
    fclose(file);
    if (is_fine)
        return ERR_OK;
    free(bytes);
    return size > FILE_BYTES_MAX ? note_set(note, ERR_FULL, "%s: more than %zu MiB", path, FILE_BYTES_MAX >> 20)
                                 : note_set(note, ERR_FILE, "%s: cannot be read", path);
}

static enum err change_file(struct folder *folder, const struct kind *kind, const char *from, const char *to,
                            struct note *note)
{
    struct outfile file = {.stream = NULL};
    struct note why = {{0}};
    struct span text;

    TRY(read_file(from, &text, note));
    enum err error = outfile_open(&file, to, note);

    if (error == ERR_OK) {
        error = kind->change(folder, text, &file, &why);
        if (error == ERR_OK)
            error = outfile_close(&file, note);
        else
            (void)note_set(note, error, "%s: %s", from, why.text);
        outfile_discard(&file);
    }
    free((void *)text.data);
    return error;
}

/* ---- The folder ---- */

static void forget(struct folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->paths[i]);
    for (size_t i = 0; i < folder->folder_count; i++)
        free(folder->folders[i]);
    anonymiser_free(folder->anonymiser);
    free(folder);
}

static bool is_passed_over(const FTSENT *entry)
{
    return entry->fts_level > DEPTH_MAX || (entry->fts_level == 1 && (strcmp(entry->fts_name, "anonymised") == 0 ||
                                                                      strcmp(entry->fts_name, "figures") == 0));
}

static bool add(char **list, size_t *count, const char *path)
{
    if (*count == FILES_MAX || !(list[*count] = strdup(path)))
        return false;
    (*count)++;
    return true;
}

static enum err walk(FTS *tree, struct folder *folder, struct note *note)
{
    for (FTSENT *entry; (entry = fts_read(tree));) {
        bool is_kept = true;

        if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS)
            return note_set(note, ERR_FILE, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
        if (entry->fts_info == FTS_D && is_passed_over(entry))
            fts_set(tree, entry, FTS_SKIP);
        else if (entry->fts_info == FTS_D && entry->fts_level > 0)
            is_kept = add(folder->folders, &folder->folder_count, entry->fts_path);
        else if (entry->fts_info == FTS_F)
            is_kept = add(folder->paths, &folder->count, entry->fts_path);
        if (!is_kept)
            return note_set(note, ERR_FULL, "%s: more than %d files", entry->fts_path, FILES_MAX);
    }
    return ERR_OK;
}

/* In an order that no file system decides, so that names do not depend on it. */
static int compare_entries(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static enum err find_files(const char *path, struct folder *folder, struct note *note)
{
    char *const roots[] = {(char *)(uintptr_t)path, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, compare_entries);

    if (!tree)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    folder->prefix = strlen(path) + 1;
    enum err error = walk(tree, folder, note);

    fts_close(tree);
    return error;
}

static enum err place_of(const struct folder *folder, const char *into, const char *path, char place[OUTFILE_PATH_SIZE],
                         struct note *note)
{
    struct sink sink = {.data = place, .capacity = OUTFILE_PATH_SIZE};

    sink_format(&sink, "%s/%s", into, path + folder->prefix);
    sink_string(&sink);
    return sink.overflow || sink.size >= OUTFILE_PATH_SIZE ? note_set(note, ERR_RANGE, "%s: too long a name", path)
                                                           : ERR_OK;
}

static enum err make_folders(const struct folder *folder, const char *into, struct note *note)
{
    char place[OUTFILE_PATH_SIZE];

    if (mkdir(into, 0777) != 0)
        return note_set(note, ERR_FILE, "%s: %s", into,
                        errno == EEXIST ? "is there already; results are never overwritten" : strerror(errno));
    for (size_t i = 0; i < folder->folder_count; i++) {
        TRY(place_of(folder, into, folder->folders[i], place, note));
        if (mkdir(place, 0777) != 0)
            return note_set(note, ERR_FILE, "%s: %s", place, strerror(errno));
    }
    return ERR_OK;
}

static enum err change_files(struct folder *folder, const char *into, struct anonymise_told *told, struct note *note)
{
    char place[OUTFILE_PATH_SIZE];

    TRY(make_folders(folder, into, note));
    for (int round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < folder->count; i++) {
            const struct kind *kind = kind_of(folder->paths[i]);

            if (!kind || kind->round != round)
                continue;
            TRY(place_of(folder, into, folder->paths[i], place, note));
            TRY(change_file(folder, kind, folder->paths[i], place, note));
            told->written++;
        }
    }
    told->left_out = folder->count - told->written;
    return anonymiser_is_full(folder->anonymiser) ? note_set(note, ERR_FULL, "no memory for other names") : ERR_OK;
}

enum err anonymise_folder(const char *path, const char *into, struct anonymise_told *told, struct note *note)
{
    struct folder *folder = calloc(1, sizeof(*folder));

    *told = (struct anonymise_told){0, 0};
    if (!folder)
        return note_set(note, ERR_FULL, "no memory for other names");
    folder->anonymiser = anonymiser_create();
    enum err error =
        folder->anonymiser ? find_files(path, folder, note) : note_set(note, ERR_FULL, "no memory for other names");

    if (error == ERR_OK)
        error = change_files(folder, into, told, note);
    forget(folder);
    return error;
}
