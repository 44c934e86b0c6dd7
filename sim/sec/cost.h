/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cost.h - CPU time of cryptography as data: for each operation a fixed part and a part for each byte. The numbers come
 * from a committed table, never from the clock during a trial.
 */
#ifndef SIM_SEC_COST_H
#define SIM_SEC_COST_H

#include "sim/base/span.h"

enum cost_operation {
    COST_CMS_SEAL_RFC8591, /* sign, then encrypt, the whole */
    COST_CMS_OPEN_RFC8591, /* decrypt, verify tag, signature and chain */
    COST_CMS_SEAL_RFC4975_RSA,
    COST_CMS_OPEN_RFC4975_RSA,
    COST_CMS_SEAL_2013_3DES,
    COST_CMS_OPEN_2013_3DES,
    COST_TLS13_CLIENT, /* a whole TLS 1.3 handshake, client's share, server authenticated by P-256 */
    COST_TLS13_SERVER,
    COST_TLS13_CLIENT_MUTUAL, /* the same when the client shows a P-256 certificate too */
    COST_TLS13_SERVER_MUTUAL,
    COST_TLS12_CLIENT, /* the same of TLS 1.2 */
    COST_TLS12_SERVER,
    COST_TLS12_CLIENT_MUTUAL,
    COST_TLS12_SERVER_MUTUAL,
    COST_TLS13_CLIENT_RESUMED, /* by a ticket, with a key exchange all the same; the next ticket included */
    COST_TLS13_SERVER_RESUMED,
    COST_TLS12_CLIENT_RESUMED, /* by a ticket, without a key exchange */
    COST_TLS12_SERVER_RESUMED,
    COST_TLS_RECORD_SEAL, /* AES-128-GCM, one record */
    COST_TLS_RECORD_OPEN,
    COST_TLS_RECORD_SEAL_CBC, /* AES-128-CBC after HMAC-SHA-1, one record of 1.2 */
    COST_TLS_RECORD_OPEN_CBC,
    COST_ESP_SEAL_CBC, /* one packet, AES-CBC and HMAC-SHA-1-96 */
    COST_ESP_OPEN_CBC,
    COST_ESP_SEAL_GCM,
    COST_ESP_OPEN_GCM,
    COST_ESP_SEAL_NULL, /* HMAC-SHA-1-96 alone */
    COST_ESP_OPEN_NULL,
    COST_SIP_PARSE,  /* told by hopsim calibrate, charged nowhere: dwells hold it */
    COST_RELAY_COPY, /* the same: bytes through a process, from socket to socket */
    COST_DIGEST,     /* one HTTP digest response, MD5 */
    COST_SHA1,       /* hash of a file (RFC 5547) */
    COST_OPERATION_COUNT
};
extern const char *const cost_operation_names[COST_OPERATION_COUNT];

struct cost {
    int64_t fixed_ns;
    double ns_per_byte;
    bool is_known;
};

struct cost_table {
    char name[64];
    char machine[160]; /* CPU, OpenSSL version, date, as the file's comment says */
    struct cost costs[COST_OPERATION_COUNT];
};

/* Rounded to the nanosecond. The operation must be known. */
int64_t cost_ns(const struct cost_table *table, enum cost_operation operation, uint64_t bytes);

#endif
