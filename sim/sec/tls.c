/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/tls.h"
#include "sim/base/check.h"
#include "sim/sec/failure.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

enum {
    FLIGHT_MAX = 2048,     /* bytes of the longest flight */
    HANDSHAKE_TRIES = 200, /* about every second has signatures of the counted size, every fourth if mutual */
    SECRETS_MAX = 2048,    /* bytes of key log lines of one handshake */
    RECORD_HEAD = 5,
    ALERT = 2,
    CLIENT = 0,
    SERVER = 1,
    END_COUNT = 2
};

/* OpenSSL's names. */
static const char *const cipher_names[TLS_VERSION_COUNT][TLS_CIPHER_COUNT] = {
    [TLS_1_3] = {"TLS_AES_128_GCM_SHA256"},
    [TLS_1_2] = {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"},
};

struct tls_pair {
    struct tls_kind kind;
    SSL *ends[END_COUNT];
    BIO *out[END_COUNT]; /* what each end writes; owned by its SSL */
    BIO *in[END_COUNT];
    struct sink flights[TLS_FLIGHT_COUNT];
    char flight_bytes[TLS_FLIGHT_COUNT][FLIGHT_MAX];
    struct sink secrets; /* key log lines, each ended by a newline */
    char secret_bytes[SECRETS_MAX];
};

/* ---- Context ---- */

/* OpenSSL hands each line to the pair whose handshake it is. */
static void keep_secret(const SSL *ssl, const char *line)
{
    struct tls_pair *pair = SSL_get_app_data(ssl);

    if (pair) {
        sink_text(&pair->secrets, line);
        sink_char(&pair->secrets, '\n');
    }
}

/* Whoever it is: a certificate that nobody vouches for is known by its fingerprint (RFC 8122 section 6). */
static int take_any(int is_good, X509_STORE_CTX *store)
{
    (void)is_good;
    X509_STORE_CTX_set_error(store, X509_V_OK); /* else it would stand in tickets */
    return 1;
}

/* Its certificates are taken that do not stand on its revocation list. */
static bool trust_authority(SSL_CTX *context, const struct party *authority)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);

    return X509_STORE_add_cert(store, authority->certificate) == 1 && authority->crl &&
           X509_STORE_add_crl(store, authority->crl) == 1 &&
           X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_CRL_CHECK) == 1;
}

static bool set_cipher(SSL_CTX *context, const struct tls_config *config)
{
    const char *name = cipher_names[config->version][config->cipher];

    if (config->version == TLS_1_3)
        return SSL_CTX_set_ciphersuites(context, name) == 1;
    if (config->cipher == TLS_AES_CBC_SHA)
        SSL_CTX_set_options(context, SSL_OP_NO_ENCRYPT_THEN_MAC);
    return SSL_CTX_set_cipher_list(context, name) == 1;
}

static bool set_up(SSL_CTX *context, const struct tls_config *config)
{
    X509_VERIFY_PARAM *verify = SSL_CTX_get0_param(context);

    /* The certificate's curve has to be among those of 1.2. */
    const char *groups = config->version == TLS_1_3 ? "X25519" : "X25519:P-256";
    int version = config->version == TLS_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;

    if (SSL_CTX_set_min_proto_version(context, version) != 1 || SSL_CTX_set_max_proto_version(context, version) != 1 ||
        !set_cipher(context, config) || SSL_CTX_set1_groups_list(context, groups) != 1 ||
        SSL_CTX_set1_sigalgs_list(context, "ECDSA+SHA256") != 1 ||
        (config->authority && !trust_authority(context, config->authority)))
        return false;
    X509_VERIFY_PARAM_set_time(verify, (time_t)config->at_s);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (config->version == TLS_1_2 && !config->has_tickets)
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    return true;
}

/* The certificate alone is sent, not the authority that signed it. */
static bool show(SSL_CTX *context, const struct party *party)
{
    SSL_CTX_set_mode(context, SSL_MODE_NO_AUTO_CHAIN);
    return SSL_CTX_use_certificate(context, party->certificate) == 1 &&
           SSL_CTX_use_PrivateKey(context, party->key) == 1;
}

/* The client wants this host, by name or by address, in the server's certificate. */
static bool expect_host(SSL_CTX *context, const char *host)
{
    X509_VERIFY_PARAM *verify = SSL_CTX_get0_param(context);
    struct in_addr address;

    if (inet_pton(AF_INET, host, &address) == 1)
        return X509_VERIFY_PARAM_set1_ip(verify, (const unsigned char *)&address, sizeof(address)) == 1;
    return X509_VERIFY_PARAM_set1_host(verify, host, 0) == 1;
}

/* What servers of one kind put into their tickets; one that asks for certificates has to have something. */
static const unsigned char session_context[] = {1};

static bool meet(struct tls_context *context);

enum err tls_context_init(struct tls_context *context, const struct tls_config *config, struct note *note)
{
    struct tls_context made = {.client = SSL_CTX_new(TLS_client_method()),
                               .server = SSL_CTX_new(TLS_server_method()),
                               .kind = {.version = config->version,
                                        .cipher = config->cipher,
                                        .is_mutual = config->client != NULL,
                                        .has_tickets = config->has_tickets,
                                        .is_resumed = config->is_resumed}};

    check(tls_exists(&made.kind) && (config->has_tickets || !config->is_resumed));
    if (!made.client || !made.server || !set_up(made.client, config) || !set_up(made.server, config) ||
        !show(made.server, config->server) || SSL_CTX_set_session_id_context(made.server, session_context, 1) != 1 ||
        SSL_CTX_set_num_tickets(made.server, config->has_tickets ? 1 : 0) != 1 ||
        (config->authority && !expect_host(made.client, config->host ? config->host : config->server->name)) ||
        (made.kind.is_mutual && !show(made.client, config->client))) {
        tls_context_free(&made);
        return crypto_failed(note, "cannot set up TLS");
    }
    int (*verify)(int, X509_STORE_CTX *) = config->authority ? NULL : take_any;

    SSL_CTX_set_verify(made.client, SSL_VERIFY_PEER, verify);
    if (made.kind.is_mutual)
        SSL_CTX_set_verify(made.server, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, verify);
    if (config->is_resumed && !meet(&made)) {
        tls_context_free(&made);
        return crypto_failed(note, "TLS handshake failed, there is nothing to resume");
    }
    SSL_CTX_set_keylog_callback(made.client, keep_secret);
    *context = made;
    return ERR_OK;
}

void tls_context_free(struct tls_context *context)
{
    SSL_SESSION_free(context->session);
    SSL_CTX_free(context->client);
    SSL_CTX_free(context->server);
    *context = (struct tls_context){0};
}

/* ---- Handshake ---- */

static void drop_ends(struct tls_pair *pair)
{
    for (int end = 0; end < END_COUNT; end++) {
        /* OpenSSL resumes no session of a connection that was not closed. */
        if (pair->ends[end])
            SSL_set_shutdown(pair->ends[end], SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(pair->ends[end]);
        pair->ends[end] = NULL;
    }
}

static bool make_end(struct tls_pair *pair, int end, SSL_CTX *context)
{
    SSL *ssl = SSL_new(context);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

    if (!ssl || !in || !out) {
        SSL_free(ssl);
        BIO_free(in);
        BIO_free(out);
        return false;
    }
    /* An empty memory BIO means "not yet", not "the end". */
    BIO_set_mem_eof_return(in, -1);
    BIO_set_mem_eof_return(out, -1);
    SSL_set_bio(ssl, in, out);
    SSL_set_app_data(ssl, pair);
    if (end == CLIENT)
        SSL_set_connect_state(ssl);
    else
        SSL_set_accept_state(ssl);
    pair->ends[end] = ssl;
    pair->in[end] = in;
    pair->out[end] = out;
    return true;
}

/* Lets one end go on, keeps what it sends as a flight and hands it to the other end. */
static bool run_flight(struct tls_pair *pair, enum tls_flight flight)
{
    int end = flight % 2 == 0 ? CLIENT : SERVER;
    struct sink *sink = &pair->flights[flight];
    int result = SSL_do_handshake(pair->ends[end]);

    if (result != 1 && SSL_get_error(pair->ends[end], result) != SSL_ERROR_WANT_READ)
        return false;
    int size = BIO_read(pair->out[end], sink->data, FLIGHT_MAX);

    if (size <= 0 || BIO_pending(pair->out[end]) > 0)
        return false;
    sink->size = (size_t)size;
    return BIO_write(pair->in[1 - end], sink->data, size) == size;
}

/* In 1.3 a ticket comes behind the handshake, where data would. */
static bool take_ticket(const struct tls_pair *pair)
{
    char byte;

    return SSL_peek(pair->ends[CLIENT], &byte, 1) <= 0 && BIO_pending(pair->in[CLIENT]) == 0;
}

static bool shake_hands(struct tls_pair *pair, const struct tls_context *context)
{
    drop_ends(pair);
    pair->secrets = (struct sink){.data = pair->secret_bytes, .capacity = sizeof(pair->secret_bytes)};
    for (int i = 0; i < TLS_FLIGHT_COUNT; i++)
        pair->flights[i] = (struct sink){.data = pair->flight_bytes[i], .capacity = FLIGHT_MAX};
    if (!make_end(pair, CLIENT, context->client) || !make_end(pair, SERVER, context->server) ||
        (context->session && SSL_set_session(pair->ends[CLIENT], context->session) != 1))
        return false;
    int last = tls_flights(&pair->kind) % 2 == 0 ? CLIENT : SERVER; /* who hears the last flight */

    for (int i = 0; i < tls_flights(&pair->kind); i++)
        if (!run_flight(pair, (enum tls_flight)i))
            return false;
    bool is_done = SSL_do_handshake(pair->ends[last]) == 1 && BIO_pending(pair->out[last]) == 0 &&
                   SSL_is_init_finished(pair->ends[1 - last]) == 1;

    return is_done && take_ticket(pair) && SSL_session_reused(pair->ends[SERVER]) == pair->kind.is_resumed;
}

/* Carries what one end has written to the other. */
static bool pass(struct tls_pair *pair, int end)
{
    char bytes[FLIGHT_MAX];

    while (BIO_pending(pair->out[end]) > 0) {
        int size = BIO_read(pair->out[end], bytes, sizeof(bytes));

        if (size <= 0 || BIO_write(pair->in[1 - end], bytes, size) != size)
            return false;
    }
    return true;
}

/* A full handshake in which the server gives a ticket. */
static SSL_SESSION *make_session(const struct tls_context *context)
{
    struct tls_pair pair = {.kind = context->kind};
    SSL_SESSION *session = NULL;
    bool is_good = make_end(&pair, CLIENT, context->client) && make_end(&pair, SERVER, context->server);

    for (int turn = 0; is_good && turn <= TLS_FLIGHT_COUNT; turn++) {
        SSL_do_handshake(pair.ends[turn % 2]);
        is_good = pass(&pair, turn % 2);
    }
    if (is_good && SSL_is_init_finished(pair.ends[SERVER]) && SSL_is_init_finished(pair.ends[CLIENT]) &&
        take_ticket(&pair))
        session = SSL_get1_session(pair.ends[CLIENT]);
    drop_ends(&pair);
    return session;
}

/* Again until the ticket has the size that is counted: numbers in a session are drawn. */
static bool meet(struct tls_context *context)
{
    for (int i = 0; i < HANDSHAKE_TRIES; i++) {
        SSL_SESSION *session = make_session(context);
        const unsigned char *ticket;
        size_t size = 0;

        ERR_clear_error();
        if (!session)
            return false;
        SSL_SESSION_get0_ticket(session, &ticket, &size);
        if (size == tls_ticket_size(&context->kind)) {
            context->session = session;
            return true;
        }
        SSL_SESSION_free(session);
    }
    return false;
}

static bool has_sizes(const struct tls_pair *pair)
{
    for (int i = 0; i < tls_flights(&pair->kind); i++)
        if (pair->flights[i].size != tls_flight_size(&pair->kind, (enum tls_flight)i))
            return false;
    return true;
}

static void tell_secrets(const struct tls_pair *pair, tls_secret_fn *secret, void *owner)
{
    struct span lines = sink_written(&pair->secrets), line;

    check(!pair->secrets.overflow);
    while (lines.size > 0 && span_cut_until(&lines, '\n', &line) == ERR_OK)
        secret(owner, line);
}

enum err tls_pair_create(struct tls_pair **pair, struct arena *arena, const struct tls_context *context,
                         tls_secret_fn *secret, void *owner, struct note *note)
{
    struct tls_pair *made = arena_alloc(arena, sizeof(*made));

    made->kind = context->kind;
    for (int i = 0; i < HANDSHAKE_TRIES; i++) {
        if (!shake_hands(made, context)) {
            tls_pair_free(made);
            return crypto_failed(note, "TLS handshake failed");
        }
        if (has_sizes(made)) {
            if (secret)
                tell_secrets(made, secret, owner);
            *pair = made;
            return ERR_OK;
        }
    }
    tls_pair_free(made);
    return note_set(note, ERR_CRYPTO, "TLS flights do not have the sizes that are counted with");
}

void tls_pair_free(struct tls_pair *pair)
{
    if (pair)
        drop_ends(pair);
}

struct span tls_pair_flight(const struct tls_pair *pair, enum tls_flight flight)
{
    check(flight >= 0 && flight < TLS_FLIGHT_COUNT);
    return sink_written(&pair->flights[flight]);
}

bool tls_pair_fingerprint(const struct tls_pair *pair, bool at_client, uint8_t hash[PARTY_FINGERPRINT_SIZE])
{
    const X509 *shown = SSL_get0_peer_certificate(pair->ends[at_client ? CLIENT : SERVER]);
    unsigned int size = 0;

    return shown && X509_digest(shown, EVP_sha256(), hash, &size) == 1 && size == PARTY_FINGERPRINT_SIZE;
}

/* ---- Records ---- */

enum err tls_pair_seal(struct tls_pair *pair, bool from_client, struct span plaintext, uint8_t *record, size_t capacity)
{
    int end = from_client ? CLIENT : SERVER;

    check(plaintext.size >= 1 && plaintext.size <= TLS_RECORD_MAX);
    size_t size = tls_record_size(&pair->kind, (uint32_t)plaintext.size);

    if (capacity < size)
        return ERR_FULL;
    ERR_clear_error();
    if (SSL_write(pair->ends[end], plaintext.data, (int)plaintext.size) != (int)plaintext.size)
        return ERR_CRYPTO;
    check(BIO_pending(pair->out[end]) == (int)size);
    return BIO_read(pair->out[end], record, (int)size) == (int)size ? ERR_OK : ERR_CRYPTO;
}

/* Bytes of the record that record begins with, RFC 8446 section 5.1. */
static enum err record_size(struct span record, size_t *size)
{
    if (record.size < RECORD_HEAD)
        return ERR_MORE;
    const uint8_t *bytes = (const uint8_t *)record.data;

    *size = RECORD_HEAD + ((size_t)bytes[3] << 8 | bytes[4]);
    return ERR_OK;
}

enum err tls_pair_open(struct tls_pair *pair, bool at_client, struct span record, uint8_t *plaintext, size_t capacity,
                       size_t *size)
{
    int end = at_client ? CLIENT : SERVER;
    size_t whole, got = 0;

    TRY(record_size(record, &whole));
    if (record.size < whole)
        return ERR_MORE;
    uint32_t most = record.size == whole ? tls_plaintext_most(&pair->kind, (uint32_t)whole) : 0;

    if (most == 0)
        return ERR_CRYPTO;
    if (capacity < (most < TLS_RECORD_MAX ? most : TLS_RECORD_MAX))
        return ERR_FULL;
    ERR_clear_error();
    if (BIO_write(pair->in[end], record.data, (int)record.size) != (int)record.size)
        return ERR_CRYPTO;
    bool is_read = SSL_read_ex(pair->ends[end], plaintext, capacity, &got) == 1;
    bool is_closed = !is_read && SSL_get_error(pair->ends[end], 0) == SSL_ERROR_ZERO_RETURN;

    ERR_clear_error();
    if (!is_closed && (!is_read || tls_record_size(&pair->kind, (uint32_t)got) != whole))
        return ERR_CRYPTO;
    *size = got;
    return ERR_OK;
}

enum err tls_pair_close(struct tls_pair *pair, bool from_client, uint8_t record[TLS_CLOSE_MAX])
{
    int end = from_client ? CLIENT : SERVER, size = (int)tls_record_size(&pair->kind, ALERT);

    ERR_clear_error();
    if (SSL_shutdown(pair->ends[end]) < 0 || BIO_pending(pair->out[end]) != size)
        return ERR_CRYPTO;
    return BIO_read(pair->out[end], record, size) == size ? ERR_OK : ERR_CRYPTO;
}
