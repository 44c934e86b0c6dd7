/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * keylog.h - TLS secrets by the ClientHello's random, from lines as NSS writes them into SSLKEYLOGFILE
 * (draft-ietf-tls-keylogfile): a file of the user's, or a capture's Decryption Secrets Blocks.
 */
#ifndef TRACES_KEYLOG_H
#define TRACES_KEYLOG_H

#include "sim/sec/tls_open.h"

enum keylog_label {
    KEYLOG_MASTER, /* CLIENT_RANDOM: the master secret of 1.2 */
    KEYLOG_CLIENT_HANDSHAKE,
    KEYLOG_SERVER_HANDSHAKE,
    KEYLOG_CLIENT_TRAFFIC,
    KEYLOG_SERVER_TRAFFIC,
    KEYLOG_LABEL_COUNT
};

enum { KEYLOG_CONNECTIONS_MAX = 65536, KEYLOG_FILE_MAX = 64 << 20 };

struct keylog;

/* NULL without memory. keylog_free wipes the secrets. */
struct keylog *keylog_create(void);
void keylog_free(struct keylog *keylog);

/* Takes every line of text; comments and other labels are passed over, connections beyond the limit too. Returns the
 * number of the first line, counting from 1, that has a label from above and is not of its form; 0: none. A last line
 * without its end is taken where it is whole, else it is still being written. */
size_t keylog_add(struct keylog *keylog, struct span text);

/* Reads a file. ERR_FILE; ERR_SYNTAX with the line, or where no line has a secret. A note says which. */
MUST_USE enum err keylog_read(struct keylog *keylog, const char *path, struct note *note);

/* Connections that have a secret. */
size_t keylog_count(const struct keylog *keylog);

/* The secret, as long as nothing is added; an empty span where there is none. */
struct span keylog_find(const struct keylog *keylog, enum keylog_label label, const uint8_t random[TLS_RANDOM_SIZE]);

#endif
