/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack.c - a results folder as one .tar.gz that is the same bytes whenever and by whomever it is made from the same
 * files: names in order, no owners, one date, SHA-256 of every file in SHA256SUMS. What programs and versions made the
 * results is what manifest.txt says. The archive itself is the work of tar and gzip.
 */
#include "bench/cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SUMS "SHA256SUMS"

enum { FILES_MAX = 10000, PATH_SIZE = 4096, BLOCK = 1 << 16 };

/* Files of the folder but SUMS, in the order of their bytes. */
struct found {
    size_t count, prefix; /* bytes of the folder's name with its slash */
    char *paths[FILES_MAX];
};

static void forget_files(struct found *found)
{
    for (size_t i = 0; i < found->count; i++)
        free(found->paths[i]);
    free(found);
}

static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum err walk(FTS *tree, struct found *found, struct note *note)
{
    for (FTSENT *entry; (entry = fts_read(tree));) {
        if (entry->fts_info == FTS_ERR || entry->fts_info == FTS_DNR || entry->fts_info == FTS_NS)
            return note_set(note, ERR_FILE, "%s: %s", entry->fts_path, strerror(entry->fts_errno));
        if (entry->fts_info != FTS_F || strcmp(entry->fts_path + found->prefix, SUMS) == 0)
            continue;
        if (found->count == FILES_MAX || !(found->paths[found->count] = strdup(entry->fts_path)))
            return note_set(note, ERR_FULL, "%s: more than %d files", entry->fts_path, FILES_MAX);
        found->count++;
    }
    return ERR_OK;
}

static enum err find_files(char *folder, struct found *found, struct note *note)
{
    char *const roots[] = {folder, NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    bool has_manifest = false;

    if (!tree)
        return note_set(note, ERR_FILE, "%s: %s", folder, strerror(errno));
    found->prefix = strlen(folder) + 1;
    enum err error = walk(tree, found, note);

    fts_close(tree);
    for (size_t i = 0; i < found->count; i++)
        has_manifest = has_manifest || strcmp(found->paths[i] + found->prefix, "manifest.txt") == 0;
    if (error == ERR_OK && !has_manifest)
        return note_set(note, ERR_FILE, "%s: expected manifest.txt, which a finished folder of results has", folder);
    qsort(found->paths, found->count, sizeof(found->paths[0]), compare_paths);
    return error;
}

/* ---- Sums ---- */

static enum err digest_file(const char *path, EVP_MD_CTX *context, unsigned char digest[EVP_MAX_MD_SIZE],
                            struct note *note)
{
    FILE *file = fopen(path, "rb");
    unsigned char block[BLOCK];
    size_t size;

    if (!file)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    bool is_fine = EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1;

    while (is_fine && (size = fread(block, 1, sizeof(block), file)) > 0)
        is_fine = EVP_DigestUpdate(context, block, size) == 1;
    is_fine = is_fine && !ferror(file) && EVP_DigestFinal_ex(context, digest, NULL) == 1;
    fclose(file);
    return is_fine ? ERR_OK : note_set(note, ERR_FILE, "%s: cannot be read", path);
}

/* Lines as sha256sum writes and checks them. */
static enum err write_sums(const struct found *found, const char *path, struct note *note)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    FILE *file = fopen(path, "w");
    enum err error = context && file ? ERR_OK : note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));

    for (size_t i = 0; i < found->count && error == ERR_OK; i++) {
        unsigned char digest[EVP_MAX_MD_SIZE];

        error = digest_file(found->paths[i], context, digest, note);
        for (size_t byte = 0; byte < 32 && error == ERR_OK; byte++)
            fprintf(file, "%02x", digest[byte]);
        if (error == ERR_OK)
            fprintf(file, "  %s\n", found->paths[i] + found->prefix);
    }
    EVP_MD_CTX_free(context);
    bool is_written = file && !ferror(file);

    if (file && fclose(file) != 0)
        is_written = false;
    if (error == ERR_OK && !is_written)
        return note_set(note, ERR_FULL, "%s: cannot be written", path);
    return error;
}

/* ---- The archive ---- */

static int open_new(const char *path, struct note *note, enum err *error)
{
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (descriptor < 0)
        *error = note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    return descriptor;
}

static enum err run_tar(const char *parent, const char *name, int out, struct note *note)
{
    pid_t pid = fork();
    int status = 0;

    if (pid == 0) {
        if (dup2(out, STDOUT_FILENO) >= 0 && setenv("LC_ALL", "C", 1) == 0)
            execlp("tar", "tar", "--create", "--format=gnu", "--sort=name", "--mtime=@0", "--owner=0", "--group=0",
                   "--numeric-owner", "--mode=u=rwX,go=rX", "--use-compress-program=gzip -9n", "--directory", parent,
                   "--", name, (char *)NULL);
        _exit(127);
    }
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (pid < 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 127))
        return note_set(note, ERR_FILE, "tar cannot be run: expected GNU tar and gzip");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return note_set(note, ERR_FULL, "tar failed: what it said stands above");
    return ERR_OK;
}

/* folder without slashes at its end, cut into what it lies in and its name. */
static enum err cut_folder(const char *given, char folder[PATH_SIZE], char parent[PATH_SIZE], const char **name,
                           struct note *note)
{
    struct sink folder_sink = {.data = folder, .capacity = PATH_SIZE};
    struct sink parent_sink = {.data = parent, .capacity = PATH_SIZE};

    sink_text(&folder_sink, given);
    while (folder_sink.size > 1 && folder[folder_sink.size - 1] == '/')
        folder_sink.size--;
    sink_string(&folder_sink);
    if (folder_sink.overflow || folder_sink.size + sizeof(SUMS) + 8 > PATH_SIZE)
        return note_set(note, ERR_RANGE, "%.60s...: the folder's name is too long", given);
    const char *slash = strrchr(folder, '/');

    *name = slash ? slash + 1 : folder;
    if (**name == 0 || strcmp(*name, ".") == 0 || strcmp(*name, "..") == 0)
        return note_set(note, ERR_FILE, "%s: expected a folder by its name", given);
    sink_bytes(&parent_sink, folder, (size_t)(*name - folder));
    if (parent_sink.size == 0)
        sink_char(&parent_sink, '.');
    sink_string(&parent_sink);
    return ERR_OK;
}

/* An archive within what it packs would be part of the next one. */
static enum err expect_outside(const char *folder, const char *archive, struct note *note)
{
    char parent[PATH_SIZE];
    struct sink sink = SINK(parent);
    const char *slash = strrchr(archive, '/');

    if (slash)
        sink_bytes(&sink, archive, (size_t)(slash - archive) + 1);
    else
        sink_text(&sink, ".");
    char *inner = realpath(sink_string(&sink), NULL), *outer = realpath(folder, NULL);
    size_t size = outer ? strlen(outer) : 0;
    bool is_inside = inner && outer && strncmp(inner, outer, size) == 0 && (inner[size] == '/' || inner[size] == 0);

    free(inner);
    free(outer);
    return is_inside ? note_set(note, ERR_FILE, "%s: expected an archive outside of the folder", archive) : ERR_OK;
}

static enum err pack(const struct command_line *line, struct found *found, char archive[PATH_SIZE], struct note *note)
{
    const struct command_given *wanted = command_option(line, "-o");
    char folder[PATH_SIZE], parent[PATH_SIZE], sums[PATH_SIZE];
    struct sink archive_sink = {.data = archive, .capacity = PATH_SIZE}, sums_sink = SINK(sums);
    const char *name = NULL;
    enum err error = ERR_OK;

    TRY(cut_folder(line->arguments[0], folder, parent, &name, note));
    sink_format(&sums_sink, "%s/" SUMS, folder);
    sink_text(&archive_sink, wanted ? wanted->value : folder);
    sink_text(&archive_sink, wanted ? "" : ".tar.gz");
    sink_string(&archive_sink);
    TRY(expect_outside(folder, archive, note));
    TRY(find_files(folder, found, note));
    TRY(write_sums(found, sink_string(&sums_sink), note));
    int out = open_new(archive, note, &error);

    if (out < 0)
        return error;
    error = run_tar(parent, name, out, note);
    if (close(out) != 0 && error == ERR_OK)
        error = note_set(note, ERR_FULL, "%s: %s", archive, strerror(errno));
    if (error != ERR_OK)
        unlink(archive);
    return error;
}

static enum status run_pack(const struct command_line *line)
{
    char archive[PATH_SIZE], text[PATH_SIZE + 64];
    struct sink sink = SINK(text);
    struct note note = {{0}};
    struct found *found = calloc(1, sizeof(*found));
    enum err error = found ? pack(line, found, archive, &note) : note_set(&note, ERR_FULL, "no memory");

    if (error == ERR_OK)
        sink_format(&sink, "packed: %s, %zu files\n", archive, found->count);
    if (found)
        forget_files(found);
    return error == ERR_OK ? command_print(sink_written(&sink)) : command_fail(error, &note);
}

static const struct command_option options[] = {
    {"-o", "FILE", "the archive; FOLDER.tar.gz unless given; it must not exist"},
    {.name = NULL},
};

const struct command command_pack = {
    .name = "pack",
    .arguments = "FOLDER",
    .arguments_least = 1,
    .arguments_most = 1,
    .help = "Pack a results folder into one .tar.gz, the same bytes for the same files, with SHA-256 sums",
    .options = options,
    .run = run_pack,
};
