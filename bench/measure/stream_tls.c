/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/measure/stream_state.h"
#include "sim/base/check.h"
#include "sim/sec/failure.h"
#include "sim/sec/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <time.h>
#include <unistd.h>

/* ---- What a process shares ---- */

enum err stream_tls_init(struct stream_tls *tls, const struct party *own, const struct party *authority, bool is_mutual,
                         struct note *note)
{
    const struct tls_config config = {
        .client = is_mutual ? own : NULL, .server = own, .authority = authority, .at_s = (int64_t)time(NULL)};
    struct tls_context context;

    TRY(tls_context_init(&context, &config, note));
    *tls = (struct stream_tls){context.client, context.server};
    stream_tls_log_keys(tls, -1);
    return ERR_OK;
}

void stream_tls_free(struct stream_tls *tls)
{
    SSL_CTX_free(tls->client);
    SSL_CTX_free(tls->server);
    *tls = (struct stream_tls){0};
}

static int revocation_lists(const SSL_CTX *context)
{
    const STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(context));
    int count = 0;

    for (int i = 0; i < sk_X509_OBJECT_num(objects); i++)
        count += X509_OBJECT_get_type(sk_X509_OBJECT_value(objects, i)) == X509_LU_CRL;
    return count;
}

enum err stream_tls_trust(struct stream_tls *tls, const char *path, struct note *note)
{
    int lists = revocation_lists(tls->client);

    if (SSL_CTX_load_verify_file(tls->client, path) != 1) {
        ERR_clear_error();
        return note_set(note, ERR_FILE, "%s: expected certificates in PEM", path);
    }
    /* OpenSSL takes a certificate for unverified where its authority has no list at all. */
    if (revocation_lists(tls->client) == lists)
        (void)X509_VERIFY_PARAM_clear_flags(SSL_CTX_get0_param(tls->client), X509_V_FLAG_CRL_CHECK);
    return ERR_OK;
}

/* The descriptor stands in the context's application data, one more than it is: 0 is "none". */
static void log_key(const SSL *ssl, const char *line)
{
    intptr_t fd = (intptr_t)SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)) - 1;
    char text[1024];
    struct sink sink = SINK(text);

    sink_text(&sink, line);
    sink_char(&sink, '\n');
    /* A line that is lost costs somebody a look into a capture, nothing else. */
    if (fd >= 0 && !sink.overflow && write((int)fd, sink.data, sink.size) < 0)
        return;
}

void stream_tls_log_keys(struct stream_tls *tls, int fd)
{
    SSL_CTX_set_app_data(tls->client, (void *)(intptr_t)(fd + 1));
    SSL_CTX_set_keylog_callback(tls->client, fd >= 0 ? log_key : NULL);
}

/* ---- Fingerprints ---- */

static void write_fingerprint(const X509 *certificate, struct sink *sink)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (!certificate || X509_digest(certificate, EVP_sha256(), hash, &size) != 1)
        return;
    sink_text(sink, "SHA-256 ");
    for (unsigned i = 0; i < size; i++)
        sink_format(sink, "%s%02X", i ? ":" : "", hash[i]);
}

void stream_tls_fingerprint(const struct party *party, struct sink *sink)
{
    write_fingerprint(party->certificate, sink);
}

void stream_peer_fingerprint(const struct stream *stream, struct sink *sink)
{
    if (stream->ssl)
        write_fingerprint(SSL_get0_peer_certificate(stream->ssl), sink);
}

/* ---- One connection ---- */

/* The context wants the name of the process itself; a connection wants its peer's. */
static bool expect_peer(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *verify = SSL_get0_param(ssl);
    struct in_addr address;

    if (X509_VERIFY_PARAM_set1_host(verify, NULL, 0) != 1 || X509_VERIFY_PARAM_set1_ip(verify, NULL, 0) != 1)
        return false;
    if (inet_pton(AF_INET, name, &address) == 1)
        return X509_VERIFY_PARAM_set1_ip(verify, (const unsigned char *)&address, sizeof(address)) == 1;
    return X509_VERIFY_PARAM_set1_host(verify, name, 0) == 1;
}

bool stream_tls_begin(struct stream *stream)
{
    const struct stream_tls *tls = stream->config.tls;
    SSL *ssl = SSL_new(stream->is_server ? tls->server : tls->client);

    if (!ssl)
        return false;
    stream->ssl = ssl;
    SSL_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (stream->is_server) {
        SSL_set_accept_state(ssl);
    } else {
        /* A client that does not know whom it talks to does not talk. */
        if (!stream->config.peer_name || !expect_peer(ssl, stream->config.peer_name))
            return false;
        SSL_set_connect_state(ssl);
    }
    return SSL_set_fd(ssl, stream->watch.fd) == 1;
}

/* What an operation that did not succeed means, as errno says it. */
static void judge(struct stream *stream, int result)
{
    switch (SSL_get_error(stream->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        errno = EAGAIN;
        break;
    case SSL_ERROR_WANT_WRITE:
        stream->tls_wants_write = true;
        errno = EAGAIN;
        break;
    case SSL_ERROR_SYSCALL:
        if (errno == 0 || errno == EAGAIN)
            errno = ECONNRESET;
        break;
    default:
        /* Cut off without close_notify: a break, not a stranger. */
        stream->is_alien = ERR_GET_REASON(ERR_peek_error()) != SSL_R_UNEXPECTED_EOF_WHILE_READING;
        errno = EPROTO;
    }
    ERR_clear_error();
}

bool stream_tls_handshake(struct stream *stream)
{
    stream->tls_wants_write = false;
    ERR_clear_error();
    errno = 0;
    int result = SSL_do_handshake(stream->ssl);

    if (result == 1)
        return true;
    judge(stream, result);
    stream->has_failed = errno != EAGAIN;
    return false;
}

/* Data cut off without close_notify is not an end but a break (RFC 8446 section 6.1): OpenSSL says so by itself. */
ssize_t stream_tls_read(struct stream *stream, void *bytes, size_t size)
{
    size_t got = 0;

    stream->tls_wants_write = false;
    ERR_clear_error();
    errno = 0;
    int result = SSL_read_ex(stream->ssl, bytes, size, &got);

    if (result == 1)
        return (ssize_t)got;
    if (SSL_get_error(stream->ssl, result) == SSL_ERROR_ZERO_RETURN)
        return 0;
    judge(stream, result);
    return -1;
}

ssize_t stream_tls_write(struct stream *stream, const void *bytes, size_t size)
{
    size_t done = 0;

    stream->tls_wants_write = false;
    ERR_clear_error();
    errno = 0;
    int result = SSL_write_ex(stream->ssl, bytes, size, &done);

    if (result == 1)
        return (ssize_t)done;
    judge(stream, result);
    return -1;
}

bool stream_tls_has_more(const struct stream *stream)
{
    return stream->ssl && SSL_pending(stream->ssl) > 0;
}

void stream_tls_finish(struct stream *stream)
{
    ERR_clear_error();
    (void)SSL_shutdown(stream->ssl);
    ERR_clear_error();
}

void stream_tls_drop(struct stream *stream)
{
    SSL_free(stream->ssl);
    stream->ssl = NULL;
}
