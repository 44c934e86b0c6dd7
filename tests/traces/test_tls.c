/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * TLS as OpenSSL's own two ends speak it, read with the secrets that OpenSSL tells: every version and suite of the
 * table, whatever the pieces; what has no keys stays sealed and is counted.
 */
#include "sim/base/check.h"
#include "sim/sec/party.h"
#include "tests/unit.h"
#include "traces/keylog.h"
#include "traces/protected.h"
#include "traces/listen.h"

#include <openssl/ssl.h>
#include <stdlib.h>

static const char invite[] = "INVITE sip:bob@home.test SIP/2.0\r\nVia: SIP/2.0/TLS 10.0.0.1;branch=z9hG4bKa\r\n"
                             "From: <sip:alice@home.test>;tag=1\r\nTo: <sip:bob@home.test>\r\nCall-ID: c1\r\n"
                             "CSeq: 1 INVITE\r\nContent-Length: 4\r\n\r\nv=0\n";
static const char ringing[] = "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/TLS 10.0.0.1;branch=z9hG4bKa\r\n"
                              "From: <sip:alice@home.test>;tag=1\r\nTo: <sip:bob@home.test>;tag=2\r\nCall-ID: c1\r\n"
                              "CSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n";

enum { CLIENT, SERVER, ENDS, KEYLOG_SIZE = 4096, PLAIN = sizeof(invite) - 1 };

struct variant {
    const char *suites; /* OpenSSL's names */
    const char *groups; /* of the server; NULL: as the client's */
    int version;
    uint64_t options;
    bool is_rsa;
};

static const struct variant variants[] = {
    {"TLS_AES_128_GCM_SHA256", NULL, TLS1_3_VERSION, 0, false},
    {"TLS_AES_256_GCM_SHA384", NULL, TLS1_3_VERSION, 0, true},
    {"TLS_CHACHA20_POLY1305_SHA256", NULL, TLS1_3_VERSION, 0, false},
    {"TLS_AES_128_GCM_SHA256", "P-384", TLS1_3_VERSION, 0, false}, /* a HelloRetryRequest */
    {"TLS_AES_128_GCM_SHA256", "P-384", TLS1_3_VERSION, SSL_OP_ENABLE_MIDDLEBOX_COMPAT, false},
    {"ECDHE-ECDSA-AES128-GCM-SHA256", NULL, TLS1_2_VERSION, 0, false},
    {"ECDHE-ECDSA-AES256-GCM-SHA384", NULL, TLS1_2_VERSION, 0, false},
    {"ECDHE-RSA-AES128-GCM-SHA256", NULL, TLS1_2_VERSION, 0, true},
    {"ECDHE-RSA-AES256-GCM-SHA384", NULL, TLS1_2_VERSION, 0, true},
    {"AES128-GCM-SHA256", NULL, TLS1_2_VERSION, 0, true},
    {"AES256-GCM-SHA384", NULL, TLS1_2_VERSION, 0, true},
    {"ECDHE-ECDSA-CHACHA20-POLY1305", NULL, TLS1_2_VERSION, 0, false},
    {"ECDHE-RSA-CHACHA20-POLY1305", NULL, TLS1_2_VERSION, 0, true},
    {"AES128-SHA", NULL, TLS1_2_VERSION, 0, true},
    {"AES128-SHA", NULL, TLS1_2_VERSION, SSL_OP_NO_ENCRYPT_THEN_MAC, true},
    {"AES256-SHA", NULL, TLS1_2_VERSION, SSL_OP_NO_ENCRYPT_THEN_MAC, true},
    {"AES128-SHA256", NULL, TLS1_2_VERSION, 0, true},
    {"AES256-SHA256", NULL, TLS1_2_VERSION, SSL_OP_NO_ENCRYPT_THEN_MAC, true},
    {"ECDHE-ECDSA-AES128-SHA", NULL, TLS1_2_VERSION, 0, false},
    {"ECDHE-ECDSA-AES256-SHA", NULL, TLS1_2_VERSION, SSL_OP_NO_ENCRYPT_THEN_MAC, false},
    {"ECDHE-RSA-AES128-SHA", NULL, TLS1_2_VERSION, 0, true},
    {"ECDHE-RSA-AES256-SHA", NULL, TLS1_2_VERSION, 0, true},
    {"ECDHE-ECDSA-AES128-SHA256", NULL, TLS1_2_VERSION, 0, false},
    {"ECDHE-ECDSA-AES256-SHA384", NULL, TLS1_2_VERSION, SSL_OP_NO_ENCRYPT_THEN_MAC, false},
    {"ECDHE-RSA-AES128-SHA256", NULL, TLS1_2_VERSION, SSL_OP_NO_ENCRYPT_THEN_MAC, true},
    {"ECDHE-RSA-AES256-SHA384", NULL, TLS1_2_VERSION, 0, true},
};

static struct party_set parties;
static struct trace trace;
static struct listener *listener;
static SSL *ends[ENDS];
static uint32_t sequence[ENDS];
static size_t step; /* bytes a segment */
static char keylog_bytes[KEYLOG_SIZE];
static struct sink keylog;
static int64_t now_ns;

static void keep_line(const SSL *ssl, const char *line)
{
    (void)ssl;
    sink_text(&keylog, line);
    sink_char(&keylog, '\n');
}

static SSL *make_end(int end, const struct variant *variant)
{
    const struct party *party = variant->is_rsa ? &parties.alice[PARTY_RSA] : &parties.servers[0];
    SSL_CTX *context = SSL_CTX_new(end == CLIENT ? TLS_client_method() : TLS_server_method());

    CU_ASSERT_TRUE_FATAL(context && SSL_CTX_set_min_proto_version(context, variant->version) &&
                         SSL_CTX_set_max_proto_version(context, variant->version));
    CU_ASSERT_TRUE_FATAL(variant->version == TLS1_3_VERSION ? SSL_CTX_set_ciphersuites(context, variant->suites)
                                                            : SSL_CTX_set_cipher_list(context, variant->suites));
    SSL_CTX_clear_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
    SSL_CTX_set_options(context, variant->options);
    SSL_CTX_set_keylog_callback(context, keep_line);
    if (end == SERVER)
        CU_ASSERT_TRUE_FATAL(SSL_CTX_use_certificate(context, party->certificate) &&
                             SSL_CTX_use_PrivateKey(context, party->key));
    if (variant->groups)
        CU_ASSERT_EQUAL_FATAL(SSL_CTX_set1_groups_list(context, end == CLIENT ? "X25519:P-384" : variant->groups), 1);
    SSL *ssl = SSL_new(context);

    SSL_CTX_free(context);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_set_mem_eof_return(SSL_get_rbio(ssl), -1);
    if (end == CLIENT)
        SSL_set_connect_state(ssl);
    else
        SSL_set_accept_state(ssl);
    return ssl;
}

static void segment(int end, struct span bytes, uint8_t flags)
{
    struct packet_seen packet = {.at_ns = now_ns += 1000,
                                 .first_ns = now_ns,
                                 .fragments = 1,
                                 .is_tcp = true,
                                 .from = {.address = {10, 0, 0, (uint8_t)(1 + end)}, .port = 5061},
                                 .to = {.address = {10, 0, 0, (uint8_t)(2 - end)}, .port = 5061},
                                 .payload = bytes,
                                 .sequence = sequence[end],
                                 .flags = flags};

    listener_packet(listener, &packet);
    sequence[end] += (uint32_t)bytes.size + (flags & PACKET_SYN ? 1 : 0);
}

/* Carries what an end has written to the other one and past the listener; is_lost: the capture has it not. */
static bool carry(int end, bool is_lost)
{
    char bytes[20000];
    int size = BIO_read(SSL_get_wbio(ends[end]), bytes, sizeof(bytes));

    if (size <= 0)
        return false;
    check(BIO_write(SSL_get_rbio(ends[1 - end]), bytes, size) == size);
    if (is_lost)
        sequence[end] += (uint32_t)size;
    for (struct span rest = {bytes, is_lost ? 0 : (size_t)size}; rest.size > 0;) {
        size_t length = step < rest.size ? step : rest.size;

        segment(end, (struct span){rest.data, length}, PACKET_ACK);
        rest = span_after(rest, length);
    }
    return true;
}

/* The handshake, captured; its secrets go to the key log, which the trace gets before (or not at all). */
static void begin(const struct variant *variant, size_t bytes_a_segment, bool has_keys)
{
    static const struct trace_config config = {.keeps_text = false};
    struct note note = {{0}};

    keylog = SINK(keylog_bytes);
    step = bytes_a_segment;
    now_ns = 1000000000;
    sequence[CLIENT] = sequence[SERVER] = UINT32_MAX - 300; /* it wraps */
    CU_ASSERT_EQUAL_FATAL(trace_init(&trace, &config, &note), ERR_OK);
    listener = listener_create(&trace, 0);
    CU_ASSERT_PTR_NOT_NULL_FATAL(listener);
    for (int end = 0; end < ENDS; end++) {
        ends[end] = make_end(end, variant);
        segment(end, SPAN(""), PACKET_SYN | (end ? PACKET_ACK : 0));
    }
    for (int turn = 0; turn < 12; turn++) {
        (void)SSL_do_handshake(ends[turn % 2]);
        if (has_keys)
            (void)keylog_add(trace.keylog, sink_written(&keylog));
        (void)carry(turn % 2, false);
    }
    CU_ASSERT_TRUE_FATAL(SSL_is_init_finished(ends[CLIENT]) && SSL_is_init_finished(ends[SERVER]));
    char none;

    (void)SSL_read(ends[CLIENT], &none, 1); /* tickets */
}

static void finish(void)
{
    listener_end(listener);
    listener_free(listener);
    trace_free(&trace);
    for (int end = 0; end < ENDS; end++)
        SSL_free(ends[end]);
}

static void say(int end, const char *text, bool is_lost)
{
    char got[4096];
    int size = (int)strlen(text);

    CU_ASSERT_EQUAL_FATAL(SSL_write(ends[end], text, size), size);
    (void)carry(end, is_lost);
    CU_ASSERT_EQUAL_FATAL(SSL_read(ends[1 - end], got, sizeof(got)), size);
}

/* How many messages of SIP were found, all inside of TLS, and the last of a kind. */
static size_t count_sip(const char *kind, const struct trace_message **last)
{
    size_t count = 0;

    for (size_t i = 0; i < trace.count; i++)
        if (trace.messages[i].protocol == TRACE_SIP && strcmp(trace.messages[i].kind, kind) == 0) {
            CU_ASSERT_TRUE(trace.messages[i].is_in_tls && !trace.messages[i].is_malformed);
            count++;
            if (last)
                *last = &trace.messages[i];
        }
    return count;
}

static void test_variants(void)
{
    static const size_t steps[] = {20000, 7, 100};

    for (size_t i = 0; i < sizeof(variants) / sizeof(*variants); i++) {
        const struct trace_message *last = NULL;

        begin(&variants[i], steps[i % 3], true);
        for (int turn = 0; turn < 3; turn++) {
            say(CLIENT, invite, false);
            say(SERVER, ringing, false);
        }
        if (count_sip("INVITE", NULL) != 3 || count_sip("INVITE/180", NULL) != 3)
            printf("%s ", variants[i].suites);
        CU_ASSERT_EQUAL(count_sip("INVITE", &last), 3);
        CU_ASSERT_EQUAL(count_sip("INVITE/180", NULL), 3);
        CU_ASSERT_EQUAL(trace.counts.tls_connections_opened, 1);
        CU_ASSERT_EQUAL(trace.counts.tls_connections_sealed, 0);
        CU_ASSERT_EQUAL(trace.counts.tls_application_bytes, 0);
        CU_ASSERT_EQUAL(trace.counts.tls_bytes_opened, 3 * (strlen(invite) + strlen(ringing)));
        /* A message lasts from the first segment of its record to the last one. */
        if (last) {
            int64_t segments = 1 + (last->last_ns - last->first_ns) / 1000;

            CU_ASSERT_TRUE(segments >= (int64_t)(PLAIN / step) && segments <= (int64_t)((PLAIN + 100) / step) + 1);
        }
        finish();
    }
}

static void test_without_keys(void)
{
    begin(&variants[0], 100, false);
    say(CLIENT, invite, false);
    say(SERVER, ringing, false);
    CU_ASSERT_EQUAL(count_sip("INVITE", NULL), 0);
    CU_ASSERT_EQUAL(trace.counts.tls_connections_opened, 0);
    CU_ASSERT_EQUAL(trace.counts.tls_connections_sealed, 1);
    CU_ASSERT_TRUE(trace.counts.tls_application_bytes > strlen(invite) + strlen(ringing));
    CU_ASSERT_EQUAL_FATAL(trace.protected_count, 2);
    CU_ASSERT_STRING_EQUAL(trace.protected_rows[0].suite, "TLS_AES_128_GCM_SHA256");
    CU_ASSERT_STRING_EQUAL(trace.protected_rows[0].why, "no keys for it");
    finish();
}

/* Another connection's secrets under this one's random. */
static void test_with_wrong_keys(void)
{
    begin(&variants[5], 20000, false);
    char *secret = strrchr(sink_string(&keylog), 32);

    CU_ASSERT_PTR_NOT_NULL_FATAL(secret);
    secret[1] = secret[1] == '0' ? '1' : '0';
    CU_ASSERT_EQUAL(keylog_add(trace.keylog, sink_written(&keylog)), 0);
    say(CLIENT, invite, false);
    CU_ASSERT_EQUAL(count_sip("INVITE", NULL), 0);
    CU_ASSERT_EQUAL(trace.counts.tls_connections_sealed, 1);
    CU_ASSERT_STRING_EQUAL(trace.protected_rows[0].why, "its keys do not open it");
    finish();
}

/* A capture that writes its secrets behind the handshake. */
static void test_late_keys(void)
{
    for (size_t i = 0; i < 6; i += 5) {
        begin(&variants[i], 20000, false);
        CU_ASSERT_EQUAL(keylog_add(trace.keylog, sink_written(&keylog)), 0);
        say(CLIENT, invite, false);
        say(SERVER, ringing, false);
        CU_ASSERT_EQUAL(count_sip("INVITE", NULL), 1);
        CU_ASSERT_EQUAL(count_sip("INVITE/180", NULL), 1);
        finish();
    }
}

static void test_update_of_keys(void)
{
    begin(&variants[0], 20000, true);
    say(CLIENT, invite, false);
    for (int turn = 0; turn < 2; turn++) {
        CU_ASSERT_EQUAL_FATAL(SSL_key_update(ends[CLIENT], SSL_KEY_UPDATE_REQUESTED), 1);
        say(CLIENT, invite, false);
        say(SERVER, ringing, false);
    }
    CU_ASSERT_EQUAL(count_sip("INVITE", NULL), 3);
    CU_ASSERT_EQUAL(count_sip("INVITE/180", NULL), 2);
    finish();
}

/* What the capture misses is not opened, and what comes behind it is. */
static void test_gap(void)
{
    for (size_t i = 0; i < 6; i += 5) { /* 1.3 and 1.2 */
        begin(&variants[i], 20000, true);
        say(CLIENT, invite, false);
        say(CLIENT, invite, true);
        say(CLIENT, invite, true);
        for (int turn = 0; turn < 100; turn++) /* more than wait for what is missing */
            say(CLIENT, invite, false);
        CU_ASSERT_EQUAL(trace.counts.stream_gaps, 1);
        CU_ASSERT_EQUAL(count_sip("INVITE", NULL), 101);
        finish();
    }
}

static void test_key_log(void)
{
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    char text[1024];
    struct sink sink = SINK(text);
    struct keylog *log = keylog_create();
    uint8_t random[TLS_RANDOM_SIZE] = {0};

    CU_ASSERT_PTR_NOT_NULL_FATAL(log);
    sink_format(&sink, "# a comment\r\n\nEXPORTER_SECRET x\nSERVER_TRAFFIC_SECRET_0 %s %s\r\n", zeros, zeros);
    CU_ASSERT_EQUAL(keylog_add(log, sink_written(&sink)), 0);
    CU_ASSERT_EQUAL(keylog_count(log), 1);
    CU_ASSERT_EQUAL(keylog_find(log, KEYLOG_SERVER_TRAFFIC, random).size, 32);
    CU_ASSERT_EQUAL(keylog_find(log, KEYLOG_CLIENT_TRAFFIC, random).size, 0);
    sink.size = 0;
    sink_format(&sink, "\nCLIENT_RANDOM %s %s\n", zeros, zeros); /* a master secret has 48 bytes */
    CU_ASSERT_EQUAL(keylog_add(log, sink_written(&sink)), 2);
    CU_ASSERT_EQUAL(keylog_add(log, SPAN("CLIENT_RANDOM 00 00\n")), 1);
    CU_ASSERT_EQUAL(keylog_add(log, SPAN("CLIENT_RANDOM 00 0")), 0); /* is still being written */
    random[31] = 1;
    CU_ASSERT_EQUAL(keylog_find(log, KEYLOG_SERVER_TRAFFIC, random).size, 0);
    keylog_free(log);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"every suite of TLS 1.3 and 1.2 is opened with the secrets that OpenSSL tells", test_variants},
        {"without keys all stays sealed, and is counted", test_without_keys},
        {"wrong keys open nothing", test_with_wrong_keys},
        {"keys that come late open what is behind them", test_late_keys},
        {"keys that are updated are followed", test_update_of_keys},
        {"behind a gap records are opened again", test_gap},
        {"a key log is taken line by line", test_key_log},
        {.sentence = NULL},
    };
    static const char *const names[] = {"server.home.test", NULL};
    struct note note = {{0}};

    if (party_set_init(&parties, &(struct party_set_config){.server_names = names, .with_rsa = true}, &note) != ERR_OK)
        return 3;
    int status = unit_run("tls", tests);

    party_set_free(&parties);
    return status;
}
