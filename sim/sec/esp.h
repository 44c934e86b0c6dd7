/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * esp.h - ESP (RFC 4303) as sizes and, on demand, as bytes: what lies between the IP header of a protected packet and
 * its end, or between the UDP header that encapsulates it (RFC 3948) and the end. 32-bit sequence numbers, no padding
 * beyond what the algorithm wants. IP and UDP headers are the owner's.
 */
#ifndef SIM_SEC_ESP_H
#define SIM_SEC_ESP_H

#include "sim/base/arena.h"
#include "sim/base/err.h"
#include "sim/base/sink.h"

/* The algorithms of TS 33.203 annex H and TS 33.210 section 5.3 that are still met. */
enum esp_suite {
    ESP_AES_CBC,  /* AES-CBC with a 128-bit key (RFC 3602), HMAC-SHA-1-96 (RFC 2404) */
    ESP_AES_GCM,  /* AES-GCM with a 128-bit key and a tag of 16 bytes (RFC 4106) */
    ESP_NULL_SHA, /* no encryption (RFC 2410), HMAC-SHA-1-96 */
    ESP_SUITE_COUNT
};

enum {
    ESP_HEADER_SIZE = 8,  /* SPI, sequence number */
    ESP_TRAILER_SIZE = 2, /* pad length, next header */
    ESP_KEY_SIZE = 16,
    ESP_AUTH_KEY_SIZE = 20,
    ESP_SALT_SIZE = 4, /* of AES-GCM, RFC 4106 section 4 */
    ESP_ADDED_MAX = 8 + 16 + 15 + 2 + 16
};

/* What a suite adds to a payload, apart from header and trailer. */
struct esp_shape {
    uint8_t iv_bytes;
    uint8_t icv_bytes;
    uint8_t block_bytes; /* payload, padding and trailer fill whole ones of these */
};
extern const struct esp_shape esp_shapes[ESP_SUITE_COUNT];

/* Bytes from the SPI to the end of the ICV that protect payload_bytes. */
uint64_t esp_size(enum esp_suite suite, uint64_t payload_bytes);

/* The security association of one direction. */
struct esp_association {
    enum esp_suite suite;
    uint32_t spi;
    uint8_t key[ESP_KEY_SIZE];
    uint8_t salt[ESP_SALT_SIZE];
    uint8_t auth_key[ESP_AUTH_KEY_SIZE];
};

/* Keys that look drawn, the same for the same text: a simulated key exchange has no other secrets. */
void esp_derive(struct esp_association *association, struct span text);

/* Appends the keys as Wireshark's table of SAs (uat esp_sa) has them: protocol, addresses, SPI, encryption with its
 * key, authentication with its key, in quotes with commas between. */
void esp_write_keys(const struct esp_association *association, const char *from, const char *to, struct sink *sink);

struct esp;

/* Both ends of an association in one process. It lives in arena; what OpenSSL holds for it is let go by esp_free, which
 * also wipes the keys. ERR_CRYPTO with a note. */
MUST_USE enum err esp_create(struct esp **esp, struct arena *arena, const struct esp_association *association,
                             struct note *note);
void esp_free(struct esp *esp);

/* The same keys under another SPI from now on. */
void esp_set_spi(struct esp *esp, uint32_t spi);

/* Appends exactly esp_size() bytes. The IV follows from key and sequence number (for CBC as in NIST SP 800-38A,
 * appendix C), so that the same packet always has the same bytes; a sequence number must not come twice with different
 * ones. */
MUST_USE enum err esp_seal(struct esp *esp, uint32_t sequence, uint8_t next_header, struct span payload,
                           struct sink *sink);

/* What was in an ESP packet. */
struct esp_opened {
    uint32_t sequence;
    uint8_t next_header;
    size_t size; /* of the payload */
};

/* Writes the payload, which holds capacity. ERR_CRYPTO: changed, of another association, or its padding is not that of
 * RFC 4303 section 2.4; ERR_FULL: it does not fit. Replay is not looked for. */
MUST_USE enum err esp_open(struct esp *esp, struct span packet, uint8_t *payload, size_t capacity,
                           struct esp_opened *opened);

#endif
