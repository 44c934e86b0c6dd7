/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * esp_keys.h - ESP security associations that the user has, a line each as Wireshark's table esp_sa has them:
 * "IPv4","FROM","TO","0xSPI","ENCRYPTION","0xKEY","AUTHENTICATION","0xKEY" with "*" for any address, any SPI or either
 * version of IP, and names of algorithms as Wireshark writes them. What `run --keys` writes is of this form.
 */
#ifndef TRACES_ESP_KEYS_H
#define TRACES_ESP_KEYS_H

#include "sim/sec/esp.h"
#include "traces/packets.h"

enum { ESP_KEYS_MAX = 256 };

struct esp_keys;

/* NULL without memory. esp_keys_free wipes the keys. */
struct esp_keys *esp_keys_create(void);
void esp_keys_free(struct esp_keys *keys);

/* One line. ERR_SYNTAX, ERR_UNKNOWN (an algorithm), ERR_RANGE (a key's length) or ERR_FULL (more than ESP_KEYS_MAX),
 * with a note that begins with where: "esp_sa:3". */
MUST_USE enum err esp_keys_add(struct esp_keys *keys, struct span line, const char *where, struct note *note);

/* Reads a file; empty lines and those that begin with # are passed over. ERR_FILE beside the above. */
MUST_USE enum err esp_keys_read(struct esp_keys *keys, const char *path, struct note *note);

/* Opens an ESP packet by the first association that fits and opens it, into payload, which holds
 * PACKETS_DATAGRAM_SIZE_MAX. ERR_UNKNOWN: none fits; ERR_CRYPTO: those that do are not its own. */
MUST_USE enum err esp_keys_open(struct esp_keys *keys, const struct endpoint *from, const struct endpoint *to,
                                struct span packet, uint8_t *payload, struct esp_opened *opened);

#endif
