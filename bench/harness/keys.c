/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/keys.h"
#include "traces/outfile.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <sys/stat.h>

enum { PEM_SIZE = 8192 };

static enum err write_pem(const struct party *party, bool with_key, struct sink *pem)
{
    TRY(party_write_certificate(party, pem));
    return with_key ? party_write_key(party, pem) : ERR_OK;
}

static enum err save_pem(const char *folder, const char *name, struct span pem, struct note *note)
{
    char path_text[OUTFILE_PATH_SIZE];
    struct sink path = SINK(path_text);
    struct outfile file;

    sink_text(&path, folder);
    sink_char(&path, '/');
    sink_text(&path, name);
    sink_string(&path);
    if (path.overflow)
        return note_set(note, ERR_FILE, "%s: name too long", folder);
    TRY(outfile_open_private(&file, path_text, note));
    outfile_write(&file, pem);
    return outfile_close(&file, note);
}

static enum err save_party(const struct party *party, bool with_key, const char *folder, const char *name,
                           struct note *note)
{
    char text[PEM_SIZE];
    struct sink pem = SINK(text);
    enum err error = write_pem(party, with_key, &pem);

    if (error != ERR_OK || pem.overflow)
        error = note_set(note, ERR_CRYPTO, "%s: OpenSSL does not write this key", name);
    else
        error = save_pem(folder, name, sink_written(&pem), note);
    OPENSSL_cleanse(text, sizeof(text));
    return error;
}

static enum err make_folder(const char *folder, struct note *note)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return note_set(note, ERR_FILE, "%s: %s", folder, strerror(errno));
    return ERR_OK;
}

enum err keys_save(const struct party_set *parties, enum party_kind kind, const char *folder, struct note *note)
{
    TRY(make_folder(folder, note));
    TRY(save_party(&parties->authority[kind], false, folder, "authority.pem", note));
    TRY(save_party(&parties->alice[kind], true, folder, "alice.pem", note));
    return save_party(&parties->bob[kind], true, folder, "bob.pem", note);
}

enum err keys_open_associations(struct outfile *file, const char *folder, struct note *note)
{
    char path_text[OUTFILE_PATH_SIZE];
    struct sink path = SINK(path_text);

    sink_text(&path, folder);
    sink_text(&path, "/esp_sa");
    sink_string(&path);
    if (path.overflow)
        return note_set(note, ERR_FILE, "%s: name too long", folder);
    TRY(make_folder(folder, note));
    return outfile_open_private(file, path_text, note);
}

void keys_add_association(void *context, struct span line)
{
    outfile_write(context, line);
    outfile_write(context, SPAN("\n"));
}
