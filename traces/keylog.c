/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/keylog.h"
#include "sim/base/check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { SLOTS = 2 * KEYLOG_CONNECTIONS_MAX, FIRST_ROWS = 64 };

static const char *const labels[KEYLOG_LABEL_COUNT] = {"CLIENT_RANDOM", "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                                                       "SERVER_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0",
                                                       "SERVER_TRAFFIC_SECRET_0"};

struct row {
    uint8_t random[TLS_RANDOM_SIZE];
    uint8_t sizes[KEYLOG_LABEL_COUNT]; /* 0: not there */
    uint8_t secrets[KEYLOG_LABEL_COUNT][TLS_SECRET_MAX];
};

struct keylog {
    size_t count, capacity;
    struct row *rows;
    uint32_t slots[SLOTS]; /* 1 + number of a row; 0: free */
};

struct keylog *keylog_create(void)
{
    return calloc(1, sizeof(struct keylog));
}

void keylog_free(struct keylog *keylog)
{
    if (!keylog)
        return;
    if (keylog->rows)
        explicit_bzero(keylog->rows, keylog->capacity * sizeof(*keylog->rows));
    free(keylog->rows);
    free(keylog);
}

size_t keylog_count(const struct keylog *keylog)
{
    return keylog->count;
}

/* Where the row of a random stands, or the free slot for it. Randoms are random, so their first bytes spread. */
static size_t slot_of(const struct keylog *keylog, const uint8_t *random)
{
    uint64_t first;

    memcpy(&first, random, sizeof(first));
    size_t slot = first * UINT64_C(0x9e3779b97f4a7c15) % SLOTS;

    while (keylog->slots[slot] && memcmp(keylog->rows[keylog->slots[slot] - 1].random, random, TLS_RANDOM_SIZE) != 0)
        slot = (slot + 1) % SLOTS;
    return slot;
}

/* The row of a random, made where it is new; NULL at the limit. */
static struct row *row_of(struct keylog *keylog, const uint8_t *random)
{
    size_t slot = slot_of(keylog, random);

    if (keylog->slots[slot])
        return &keylog->rows[keylog->slots[slot] - 1];
    if (keylog->count == KEYLOG_CONNECTIONS_MAX)
        return NULL;
    if (keylog->count == keylog->capacity) {
        size_t capacity = keylog->capacity ? 2 * keylog->capacity : FIRST_ROWS;
        struct row *grown = malloc(capacity * sizeof(*grown));

        if (!grown)
            return NULL;
        if (keylog->rows) {
            memcpy(grown, keylog->rows, keylog->count * sizeof(*grown));
            explicit_bzero(keylog->rows, keylog->count * sizeof(*grown));
        }
        free(keylog->rows);
        keylog->rows = grown;
        keylog->capacity = capacity;
    }
    struct row *row = &keylog->rows[keylog->count];

    memset(row, 0, sizeof(*row));
    memcpy(row->random, random, TLS_RANDOM_SIZE);
    keylog->slots[slot] = (uint32_t)++keylog->count;
    return row;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* Hexadecimal digits as bytes; 0 where they are none, or more than capacity bytes. */
static size_t unhex(struct span text, uint8_t *bytes, size_t capacity)
{
    if (text.size % 2 != 0 || text.size / 2 > capacity)
        return 0;
    for (size_t i = 0; i < text.size; i += 2) {
        int high = digit(text.data[i]), low = digit(text.data[i + 1]);

        if (high < 0 || low < 0)
            return 0;
        bytes[i / 2] = (uint8_t)(high << 4 | low);
    }
    return text.size / 2;
}

/* "LABEL RANDOM SECRET", one blank between: false where the label is known and the rest is not of its form. */
static bool add_line(struct keylog *keylog, struct span line)
{
    uint8_t random[TLS_RANDOM_SIZE], secret[TLS_SECRET_MAX];
    struct span words[3] = {{line.data, 0}, {line.data, 0}, {line.data, 0}};
    int label = 0;

    for (int i = 0; i < 3; i++) {
        words[i] = (struct span){line.data, span_find_byte(line, ' ')};
        line = span_after(line, words[i].size < line.size ? words[i].size + 1 : line.size);
    }
    while (label < KEYLOG_LABEL_COUNT && !span_equal(words[0], span_of(labels[label])))
        label++;
    if (label == KEYLOG_LABEL_COUNT)
        return true;
    size_t size = unhex(words[2], secret, sizeof(secret));

    if (line.size > 0 || unhex(words[1], random, sizeof(random)) != sizeof(random) ||
        (size != TLS_SECRET_MAX && (size != 32 || label == KEYLOG_MASTER)))
        return false;
    struct row *row = row_of(keylog, random);

    if (row) {
        memcpy(row->secrets[label], secret, size);
        row->sizes[label] = (uint8_t)size;
    }
    explicit_bzero(secret, sizeof(secret));
    return true;
}

size_t keylog_add(struct keylog *keylog, struct span text)
{
    size_t number = 0, bad = 0;

    while (text.size > 0) {
        size_t end = span_find_byte(text, '\n');
        struct span line = {text.data, end};

        number++;
        if (end > 0 && line.data[end - 1] == '\r')
            line.size--;
        if (!add_line(keylog, line) && bad == 0 && end < text.size)
            bad = number;
        text = span_after(text, end < text.size ? end + 1 : end);
    }
    return bad;
}

struct span keylog_find(const struct keylog *keylog, enum keylog_label label, const uint8_t random[TLS_RANDOM_SIZE])
{
    check((unsigned)label < KEYLOG_LABEL_COUNT);
    size_t slot = slot_of(keylog, random);
    const struct row *row = keylog->slots[slot] ? &keylog->rows[keylog->slots[slot] - 1] : NULL;

    if (!row)
        return (struct span){"", 0};
    return (struct span){(const char *)row->secrets[label], row->sizes[label]};
}

/* ---- Files ---- */

static enum err load(FILE *file, const char *path, char *bytes, size_t *size, struct note *note)
{
    *size = fread(bytes, 1, KEYLOG_FILE_MAX, file);
    if (ferror(file))
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    if (*size == KEYLOG_FILE_MAX)
        return note_set(note, ERR_FULL, "%s: longer than %d MiB, which is the limit of a key log", path,
                        KEYLOG_FILE_MAX >> 20);
    return ERR_OK;
}

enum err keylog_read(struct keylog *keylog, const char *path, struct note *note)
{
    FILE *file = fopen(path, "rbe");
    char *bytes = file ? malloc(KEYLOG_FILE_MAX) : NULL; /* pages come as they are written */
    size_t size = 0, bad = 0;

    if (!file)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    enum err error = bytes ? load(file, path, bytes, &size, note) : note_set(note, ERR_FULL, "no memory for keys");

    fclose(file);
    if (error == ERR_OK)
        bad = keylog_add(keylog, (struct span){bytes, size});
    if (bad > 0)
        error = note_set(note, ERR_SYNTAX,
                         "%s:%zu: expected LABEL, 64 hexadecimal digits of the client's random and the secret's, a "
                         "blank between",
                         path, bad);
    else if (error == ERR_OK && keylog->count == 0)
        error = note_set(note, ERR_SYNTAX, "%s: no line with a TLS secret, as in SSLKEYLOGFILE", path);
    if (bytes)
        explicit_bzero(bytes, size);
    free(bytes);
    return error;
}
