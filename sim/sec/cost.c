/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/cost.h"
#include "sim/base/check.h"

const char *const cost_operation_names[COST_OPERATION_COUNT] = {
    [COST_CMS_SEAL_RFC8591] = "cms-seal-rfc8591",
    [COST_CMS_OPEN_RFC8591] = "cms-open-rfc8591",
    [COST_CMS_SEAL_RFC4975_RSA] = "cms-seal-rfc4975-rsa",
    [COST_CMS_OPEN_RFC4975_RSA] = "cms-open-rfc4975-rsa",
    [COST_CMS_SEAL_2013_3DES] = "cms-seal-2013-3des",
    [COST_CMS_OPEN_2013_3DES] = "cms-open-2013-3des",
    [COST_TLS13_CLIENT] = "tls13-client",
    [COST_TLS13_SERVER] = "tls13-server",
    [COST_TLS13_CLIENT_MUTUAL] = "tls13-client-mutual",
    [COST_TLS13_SERVER_MUTUAL] = "tls13-server-mutual",
    [COST_TLS12_CLIENT] = "tls12-client",
    [COST_TLS12_SERVER] = "tls12-server",
    [COST_TLS12_CLIENT_MUTUAL] = "tls12-client-mutual",
    [COST_TLS12_SERVER_MUTUAL] = "tls12-server-mutual",
    [COST_TLS13_CLIENT_RESUMED] = "tls13-client-resumed",
    [COST_TLS13_SERVER_RESUMED] = "tls13-server-resumed",
    [COST_TLS12_CLIENT_RESUMED] = "tls12-client-resumed",
    [COST_TLS12_SERVER_RESUMED] = "tls12-server-resumed",
    [COST_TLS_RECORD_SEAL] = "tls-record-seal",
    [COST_TLS_RECORD_OPEN] = "tls-record-open",
    [COST_TLS_RECORD_SEAL_CBC] = "tls-record-seal-aes-cbc",
    [COST_TLS_RECORD_OPEN_CBC] = "tls-record-open-aes-cbc",
    [COST_ESP_SEAL_CBC] = "esp-seal-aes-cbc",
    [COST_ESP_OPEN_CBC] = "esp-open-aes-cbc",
    [COST_ESP_SEAL_GCM] = "esp-seal-aes-gcm",
    [COST_ESP_OPEN_GCM] = "esp-open-aes-gcm",
    [COST_ESP_SEAL_NULL] = "esp-seal-null",
    [COST_ESP_OPEN_NULL] = "esp-open-null",
    [COST_SIP_PARSE] = "sip-parse",
    [COST_RELAY_COPY] = "relay-copy",
    [COST_DIGEST] = "digest",
    [COST_SHA1] = "sha1",
};

int64_t cost_ns(const struct cost_table *table, enum cost_operation operation, uint64_t bytes)
{
    check(operation >= 0 && operation < COST_OPERATION_COUNT);
    const struct cost *cost = &table->costs[operation];

    check(cost->is_known);
    /* The fixed part stays out of the floating point, so that a table of whole numbers gives whole numbers. */
    return cost->fixed_ns + (int64_t)(cost->ns_per_byte * (double)bytes + 0.5);
}
