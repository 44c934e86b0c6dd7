/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/cost_measure.h"
#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/sec/cms.h"
#include "sim/sec/digest.h"
#include "sim/wire/sip.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    ROUND_NS = 10000000, /* a round repeats the operation for about so long */
    SEALED_EXTRA = 4096, /* more than sealing adds */
    SIZES_MAX = 16,
    GROUP = 32, /* records sealed before they are opened */
    ESP_PACKET_MAX = 2048,
    AT_S = 1800000000 /* the time at which certificates are checked */
};

/* One operation at one size: what it runs, and the time of it in ns for count times. */
struct job {
    struct cost_measure *measure;
    uint64_t bytes;
    int variant; /* suite, or mutual, or which end */
    struct note *note;
};
typedef enum err job_fn(const struct job *job, uint64_t count, double *time_ns);

static double clock_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * (double)SECOND + (double)now.tv_nsec;
}

/* The times of one operation at one size: of one round each. */
struct times {
    struct job job;
    uint64_t count; /* runs a round, so that it takes long enough for the clock */
    double rounds_ns[COST_MEASURE_ROUNDS];
};

static enum err choose_count(job_fn *run, struct times *times)
{
    double first_ns = 0;

    TRY(run(&times->job, 1, &first_ns));
    if (first_ns < ROUND_NS)
        TRY(run(&times->job, 1, &first_ns)); /* the first one found cold caches */
    times->count = first_ns > 0 ? (uint64_t)(ROUND_NS / first_ns) + 1 : 1;
    return ERR_OK;
}

/* Every size once in every round: a host whose speed drifts does so for all of them alike. */
static enum err take_times(job_fn *run, struct times *times, size_t sizes)
{
    for (size_t i = 0; i < sizes; i++)
        TRY(choose_count(run, &times[i]));
    for (int round = 0; round < COST_MEASURE_ROUNDS; round++)
        for (size_t i = 0; i < sizes; i++) {
            TRY(run(&times[i].job, times[i].count, &times[i].rounds_ns[round]));
            times[i].rounds_ns[round] /= (double)times[i].count;
        }
    return ERR_OK;
}

/* The median, and how far the quartiles are apart relative to it. Puts the rounds in order. */
static double median_of(struct times *times, double *spread)
{
    double median_ns = fit_median(times->rounds_ns, COST_MEASURE_ROUNDS);
    double low_ns = times->rounds_ns[COST_MEASURE_ROUNDS / 4],
           high_ns = times->rounds_ns[COST_MEASURE_ROUNDS - 1 - COST_MEASURE_ROUNDS / 4];

    *spread = (high_ns - low_ns) / median_ns;
    return median_ns;
}

/* ---- CMS ---- */

static enum err seal_once(const struct job *job)
{
    struct cost_measure *m = job->measure;
    enum party_kind kind = cms_party_kind((enum cms_suite)job->variant);
    struct cms_sealing sealing = {.sender = &m->parties.alice[kind],
                                  .recipient = &m->parties.bob[kind],
                                  .suite = (enum cms_suite)job->variant,
                                  .with_certificate = true,
                                  .signing_time_s = AT_S};
    struct source source = source_memory(m->file);

    return cms_seal(&sealing, (struct slice){&source, 0, job->bytes}, m->sealed, COST_MEASURE_FILE_MAX + SEALED_EXTRA,
                    job->note);
}

static enum err run_seal(const struct job *job, uint64_t count, double *time_ns)
{
    double start_ns = clock_ns();

    for (uint64_t i = 0; i < count; i++)
        TRY(seal_once(job));
    *time_ns = clock_ns() - start_ns;
    /* An ECDSA signature is made until it has 71 bytes, twice in the mean: DER has 71 bytes when exactly one of two
     * random numbers has its top bit set. A sender who does not care for sizes signs once. */
    if (job->variant == CMS_RFC8591)
        *time_ns -= (double)count * job->measure->sign_ns[PARTY_EC];
    return ERR_OK;
}

static enum err run_open(const struct job *job, uint64_t count, double *time_ns)
{
    struct cost_measure *m = job->measure;
    enum cms_suite suite = (enum cms_suite)job->variant;
    enum party_kind kind = cms_party_kind(suite);
    struct cms_opening opening = {.recipient = &m->parties.bob[kind],
                                  .authority = &m->parties.authority[kind],
                                  .sender_aor = m->parties.alice[kind].name,
                                  .at_s = AT_S,
                                  .weakest = suite};
    struct span sealed = {(const char *)m->sealed, cms_sealed_size(suite, true, job->bytes)};
    size_t size;

    TRY(seal_once(job));
    double start_ns = clock_ns();

    for (uint64_t i = 0; i < count; i++)
        TRY(cms_open(&opening, sealed, m->opened, COST_MEASURE_FILE_MAX, &size, job->note));
    *time_ns = clock_ns() - start_ns;
    return ERR_OK;
}

/* ---- TLS ---- */

struct ends {
    SSL *ssl[2];
    double time_ns[2];
};

static bool make_ends(struct ends *ends, const struct tls_context *context)
{
    BIO *to_server = BIO_new(BIO_s_mem()), *to_client = BIO_new(BIO_s_mem());

    ends->ssl[0] = SSL_new(context->client);
    ends->ssl[1] = SSL_new(context->server);
    if (!to_server || !to_client || !ends->ssl[0] || !ends->ssl[1] || BIO_up_ref(to_server) != 1 ||
        BIO_up_ref(to_client) != 1 || (context->session && SSL_set_session(ends->ssl[0], context->session) != 1))
        return false;
    BIO_set_mem_eof_return(to_server, -1);
    BIO_set_mem_eof_return(to_client, -1);
    SSL_set_bio(ends->ssl[0], to_client, to_server);
    SSL_set_bio(ends->ssl[1], to_server, to_client);
    SSL_set_connect_state(ends->ssl[0]);
    SSL_set_accept_state(ends->ssl[1]);
    return true;
}

/* In turns, with 1.3 once in vain or for a ticket; each end's time to itself, its SSL object's making and freeing
 * included. */
static bool shake_hands(struct ends *ends, const struct tls_context *context)
{
    char byte;
    double start_ns = clock_ns();
    bool done = make_ends(ends, context);
    double made_ns = clock_ns();

    for (int end = 0; end < 2; end++)
        ends->time_ns[end] += (made_ns - start_ns) / 2;
    for (int step = 0; done && step < 5; step++) {
        start_ns = clock_ns();
        if (SSL_do_handshake(ends->ssl[step % 2]) == 1 && step == 4 && context->kind.has_tickets)
            SSL_peek(ends->ssl[0], &byte, 1);
        ends->time_ns[step % 2] += clock_ns() - start_ns;
    }
    done = done && SSL_is_init_finished(ends->ssl[0]) && SSL_is_init_finished(ends->ssl[1]) &&
           (SSL_session_reused(ends->ssl[1]) == 1) == context->kind.is_resumed;
    for (int end = 0; end < 2; end++) {
        start_ns = clock_ns();
        if (ends->ssl[end]) /* a session is resumed once more only if its connection was closed */
            SSL_set_shutdown(ends->ssl[end], SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        SSL_free(ends->ssl[end]);
        ends->time_ns[end] += clock_ns() - start_ns;
    }
    return done;
}

/* Variants are twice the kind of connection, and one more for the server, or whoever opens. */
enum { VARIANT_SERVER = 1 };

static const struct tls_context *context_of(const struct job *job)
{
    return &job->measure->tls[job->variant / 2];
}

static enum err run_handshake(const struct job *job, uint64_t count, double *time_ns)
{
    struct ends ends = {.time_ns = {0, 0}};

    for (uint64_t i = 0; i < count; i++)
        if (!shake_hands(&ends, context_of(job)))
            return note_set(job->note, ERR_CRYPTO, "TLS handshake failed");
    *time_ns = ends.time_ns[job->variant & VARIANT_SERVER];
    return ERR_OK;
}

/* Seals a group of records, then opens them; adds up the time of each. The group stays in the cache. */
static enum err run_group(const struct job *job, struct tls_pair *pair, double *seal_ns, double *open_ns)
{
    struct cost_measure *m = job->measure;
    struct span plaintext = {(const char *)m->file, job->bytes};
    size_t whole = tls_record_size(&context_of(job)->kind, (uint32_t)job->bytes), size;
    double start_ns = clock_ns();

    for (size_t i = 0; i < GROUP; i++)
        TRY(tls_pair_seal(pair, true, plaintext, m->sealed + i * whole, whole));
    double sealed_ns = clock_ns();

    for (size_t i = 0; i < GROUP; i++)
        TRY(tls_pair_open(pair, false, (struct span){(const char *)m->sealed + i * whole, whole}, m->opened,
                          TLS_RECORD_MAX, &size));
    *seal_ns += sealed_ns - start_ns;
    *open_ns += clock_ns() - sealed_ns;
    return ERR_OK;
}

static enum err run_records(const struct job *job, uint64_t count, double *time_ns)
{
    struct tls_pair *pair;
    double seal_ns = 0, open_ns = 0;
    enum err result = ERR_OK;
    uint64_t groups = (count + GROUP - 1) / GROUP;

    arena_reset(job->measure->arena);
    TRY(tls_pair_create(&pair, job->measure->arena, context_of(job), NULL, NULL, job->note));
    for (uint64_t i = 0; i < groups && result == ERR_OK; i++)
        result = run_group(job, pair, &seal_ns, &open_ns);
    tls_pair_free(pair);
    *time_ns = (job->variant & VARIANT_SERVER ? open_ns : seal_ns) * (double)count / (double)(groups * GROUP);
    return result;
}

/* ---- ESP ---- */

/* Seals a group of packets, then opens them, as with records. */
static enum err run_packets(const struct job *job, uint64_t count, double *seal_ns, double *open_ns)
{
    struct cost_measure *m = job->measure;
    struct esp *esp = m->esp[job->variant / 2];
    struct span payload = {(const char *)m->file, job->bytes};
    uint8_t opened[ESP_PACKET_MAX];
    struct esp_opened what;

    for (uint64_t done = 0; done < count; done += GROUP) {
        struct sink sealed = {.data = (char *)m->sealed, .capacity = GROUP * ESP_PACKET_MAX};
        double start_ns = clock_ns();

        for (uint32_t i = 0; i < GROUP; i++)
            TRY(esp_seal(esp, i, 17, payload, &sealed));
        double sealed_ns = clock_ns();
        size_t whole = sealed.size / GROUP;

        for (size_t i = 0; i < GROUP; i++)
            TRY(esp_open(esp, (struct span){sealed.data + i * whole, whole}, opened, sizeof(opened), &what));
        *seal_ns += sealed_ns - start_ns;
        *open_ns += clock_ns() - sealed_ns;
    }
    return ERR_OK;
}

static enum err run_esp(const struct job *job, uint64_t count, double *time_ns)
{
    double seal_ns = 0, open_ns = 0;
    uint64_t groups = (count + GROUP - 1) / GROUP;

    TRY(run_packets(job, count, &seal_ns, &open_ns));
    *time_ns = (job->variant % 2 == VARIANT_SERVER ? open_ns : seal_ns) * (double)count / (double)(groups * GROUP);
    return ERR_OK;
}

/* ---- Digests and signatures ---- */

/* Three hashes: of user, realm and password, of method and URI, and of both with the nonces (RFC 2617 section 3.2.2).
 */
static enum err run_digest(const struct job *job, uint64_t count, double *time_ns)
{
    char a1[DIGEST_MD5_HEX], a2[DIGEST_MD5_HEX], response[DIGEST_MD5_HEX];
    const struct span user[] = {SPAN("alice:open-ims.test:secret")};
    const struct span request[] = {SPAN("AUTH:msrps://relay-a.open-ims.test:2855/;tcp")};
    const struct span all[] = {
        {a1, sizeof(a1)}, SPAN(":dcd98b7102dd2f0e8b11d0f600bfb0c093:00000001:0a4f113b:auth:"), {a2, sizeof(a2)}};
    double start_ns = clock_ns();

    (void)job;
    for (uint64_t i = 0; i < count; i++) {
        digest_md5(user, 1, a1);
        digest_md5(request, 1, a2);
        digest_md5(all, 3, response);
    }
    *time_ns = clock_ns() - start_ns;
    return ERR_OK;
}

static enum err run_sha1(const struct job *job, uint64_t count, double *time_ns)
{
    struct source source = source_memory(job->measure->file);
    uint8_t hash[DIGEST_SHA1_SIZE];
    double start_ns = clock_ns();

    for (uint64_t i = 0; i < count; i++)
        digest_sha1((struct slice){&source, 0, job->bytes}, hash);
    *time_ns = clock_ns() - start_ns;
    return ERR_OK;
}

static enum err run_sign(const struct job *job, uint64_t count, double *time_ns)
{
    EVP_PKEY *key = job->measure->parties.alice[job->variant].key;
    uint8_t signature[512];
    double start_ns = clock_ns();

    for (uint64_t i = 0; i < count; i++) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        size_t size = sizeof(signature);
        bool done = context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                    EVP_DigestSign(context, signature, &size, job->measure->file, 105) == 1;

        EVP_MD_CTX_free(context);
        if (!done)
            return note_set(job->note, ERR_CRYPTO, "cannot sign");
    }
    *time_ns = clock_ns() - start_ns;
    return ERR_OK;
}

/* ---- What is no cryptography ---- */

/* An INVITE of about so many bytes: its Vias and Record-Routes grow as on the way through a core. */
static size_t write_invite(uint64_t bytes, struct sink *sink)
{
    static const char tail[] = "From: <sip:alice@open-ims.test>;tag=1a2b3c4d\r\nTo: <sip:bob@open-ims.test>\r\n"
                               "Call-ID: 0123456789abcdef@192.168.80.1\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n"
                               "Contact: <sip:alice@192.168.80.1:5060>\r\nContent-Length: 0\r\n\r\n";

    sink_text(sink, "INVITE sip:bob@open-ims.test SIP/2.0\r\n");
    for (int hop = 1; sink->size + sizeof(tail) < bytes; hop++)
        sink_format(sink,
                    "Via: SIP/2.0/UDP pcscf-%d.open-ims.test:4060;branch=z9hG4bK0123456789abcdef\r\n"
                    "Record-Route: <sip:mo@pcscf-%d.open-ims.test:4060;lr>\r\n",
                    hop, hop);
    sink_text(sink, tail);
    return sink->size;
}

/* The message is a little longer than asked for: its time is taken as that of a shorter one by as much. */
static enum err run_parse(const struct job *job, uint64_t count, double *time_ns)
{
    struct sink sink = {.data = (char *)job->measure->opened, .capacity = 1 << 16};
    size_t size = write_invite(job->bytes, &sink);
    double start_ns = clock_ns();

    for (uint64_t i = 0; i < count; i++) {
        struct sip_message message;

        TRY(sip_parse(sink_written(&sink), &message));
    }
    *time_ns = (clock_ns() - start_ns) * (double)job->bytes / (double)size;
    return ERR_OK;
}

/* Through the kernel into a process and out of it: a write and a read of a socket. */
static enum err run_copy(const struct job *job, uint64_t count, double *time_ns)
{
    int ends[2];
    double start_ns;
    bool is_whole = true;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return note_set(job->note, ERR_FILE, "no sockets: %s", strerror(errno));
    start_ns = clock_ns();
    for (uint64_t i = 0; i < count && is_whole; i++) {
        ssize_t got = 0, more = 1;

        is_whole = write(ends[0], job->measure->file, job->bytes) == (ssize_t)job->bytes;
        for (; is_whole && got < (ssize_t)job->bytes && more > 0; got += more)
            more = read(ends[1], job->measure->opened, job->bytes - (size_t)got);
        is_whole = is_whole && got == (ssize_t)job->bytes;
    }
    *time_ns = clock_ns() - start_ns;
    close(ends[0]);
    close(ends[1]);
    return is_whole
               ? ERR_OK
               : note_set(job->note, ERR_FILE, "a socket does not take %llu bytes", (unsigned long long)job->bytes);
}

/* ---- All ---- */

static const uint64_t file_sizes[] = {KIB,     4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB,
                                      1 * MIB, 4 * MIB, 16 * MIB, 64 * MIB, 0};
static const uint64_t slow_sizes[] = {KIB, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB, 1 * MIB, 4 * MIB, 0};
static const uint64_t copy_sizes[] = {64, 1 * KIB, 2 * KIB, 4 * KIB, 16 * KIB, 64 * KIB, 0};
static const uint64_t message_sizes[] = {600, 1000, 1400, 1800, 0};
static const uint64_t record_sizes[] = {1, 64, 256, 1 * KIB, 2 * KIB, 4 * KIB, 8 * KIB, 16 * KIB, 0};
static const uint64_t packet_sizes[] = {20, 64, 128, 256, 512, 1024, 1440, 0};
static const uint64_t fixed[] = {1, 0};

static const struct operation {
    job_fn *run;
    const uint64_t *sizes; /* end with 0; fixed: the time does not depend on bytes */
    int variant;
} operations[COST_OPERATION_COUNT] = {
    [COST_CMS_SEAL_RFC8591] = {run_seal, file_sizes, CMS_RFC8591},
    [COST_CMS_OPEN_RFC8591] = {run_open, file_sizes, CMS_RFC8591},
    [COST_CMS_SEAL_RFC4975_RSA] = {run_seal, file_sizes, CMS_RFC4975_RSA},
    [COST_CMS_OPEN_RFC4975_RSA] = {run_open, file_sizes, CMS_RFC4975_RSA},
    [COST_CMS_SEAL_2013_3DES] = {run_seal, slow_sizes, CMS_2013_3DES},
    [COST_CMS_OPEN_2013_3DES] = {run_open, slow_sizes, CMS_2013_3DES},
    [COST_TLS13_CLIENT] = {run_handshake, fixed, 2 * COST_MEASURE_13},
    [COST_TLS13_SERVER] = {run_handshake, fixed, 2 * COST_MEASURE_13 + VARIANT_SERVER},
    [COST_TLS13_CLIENT_MUTUAL] = {run_handshake, fixed, 2 * COST_MEASURE_13_MUTUAL},
    [COST_TLS13_SERVER_MUTUAL] = {run_handshake, fixed, 2 * COST_MEASURE_13_MUTUAL + VARIANT_SERVER},
    [COST_TLS12_CLIENT] = {run_handshake, fixed, 2 * COST_MEASURE_12},
    [COST_TLS12_SERVER] = {run_handshake, fixed, 2 * COST_MEASURE_12 + VARIANT_SERVER},
    [COST_TLS12_CLIENT_MUTUAL] = {run_handshake, fixed, 2 * COST_MEASURE_12_MUTUAL},
    [COST_TLS12_SERVER_MUTUAL] = {run_handshake, fixed, 2 * COST_MEASURE_12_MUTUAL + VARIANT_SERVER},
    [COST_TLS13_CLIENT_RESUMED] = {run_handshake, fixed, 2 * COST_MEASURE_13_RESUMED},
    [COST_TLS13_SERVER_RESUMED] = {run_handshake, fixed, 2 * COST_MEASURE_13_RESUMED + VARIANT_SERVER},
    [COST_TLS12_CLIENT_RESUMED] = {run_handshake, fixed, 2 * COST_MEASURE_12_RESUMED},
    [COST_TLS12_SERVER_RESUMED] = {run_handshake, fixed, 2 * COST_MEASURE_12_RESUMED + VARIANT_SERVER},
    [COST_TLS_RECORD_SEAL] = {run_records, record_sizes, 2 * COST_MEASURE_13},
    [COST_TLS_RECORD_OPEN] = {run_records, record_sizes, 2 * COST_MEASURE_13 + VARIANT_SERVER},
    [COST_TLS_RECORD_SEAL_CBC] = {run_records, record_sizes, 2 * COST_MEASURE_12_CBC},
    [COST_TLS_RECORD_OPEN_CBC] = {run_records, record_sizes, 2 * COST_MEASURE_12_CBC + VARIANT_SERVER},
    [COST_ESP_SEAL_CBC] = {run_esp, packet_sizes, 2 * ESP_AES_CBC},
    [COST_ESP_OPEN_CBC] = {run_esp, packet_sizes, 2 * ESP_AES_CBC + VARIANT_SERVER},
    [COST_ESP_SEAL_GCM] = {run_esp, packet_sizes, 2 * ESP_AES_GCM},
    [COST_ESP_OPEN_GCM] = {run_esp, packet_sizes, 2 * ESP_AES_GCM + VARIANT_SERVER},
    [COST_ESP_SEAL_NULL] = {run_esp, packet_sizes, 2 * ESP_NULL_SHA},
    [COST_ESP_OPEN_NULL] = {run_esp, packet_sizes, 2 * ESP_NULL_SHA + VARIANT_SERVER},
    [COST_SIP_PARSE] = {run_parse, message_sizes, 0},
    [COST_RELAY_COPY] = {run_copy, copy_sizes, 0},
    [COST_DIGEST] = {run_digest, fixed, 0},
    [COST_SHA1] = {run_sha1, file_sizes, 0},
};

static const struct tls_kind tls_kinds[COST_MEASURE_TLS_COUNT] = {
    [COST_MEASURE_13] = {.version = TLS_1_3},
    [COST_MEASURE_13_MUTUAL] = {.version = TLS_1_3, .is_mutual = true},
    [COST_MEASURE_13_RESUMED] = {.version = TLS_1_3, .has_tickets = true, .is_resumed = true},
    [COST_MEASURE_12] = {.version = TLS_1_2},
    [COST_MEASURE_12_MUTUAL] = {.version = TLS_1_2, .is_mutual = true},
    [COST_MEASURE_12_RESUMED] = {.version = TLS_1_2, .has_tickets = true, .is_resumed = true},
    [COST_MEASURE_12_CBC] = {.version = TLS_1_2, .cipher = TLS_AES_CBC_SHA},
};

static enum err begin(struct cost_measure *m, struct note *note)
{
    static const char *const servers[] = {"relay-a.open-ims.test", "relay-b.open-ims.test", NULL};

    TRY(party_set_init(&m->parties, &(struct party_set_config){.server_names = servers, .with_rsa = true}, note));
    for (int i = 0; i < COST_MEASURE_TLS_COUNT; i++) {
        struct tls_config config = {.client = tls_kinds[i].is_mutual ? &m->parties.servers[1] : NULL,
                                    .server = &m->parties.servers[0],
                                    .authority = &m->parties.authority[PARTY_EC],
                                    .at_s = AT_S,
                                    .version = tls_kinds[i].version,
                                    .cipher = tls_kinds[i].cipher,
                                    .has_tickets = tls_kinds[i].has_tickets,
                                    .is_resumed = tls_kinds[i].is_resumed};

        TRY(tls_context_init(&m->tls[i], &config, note));
    }
    m->arena = arena_create(MIB);
    m->esp_arena = arena_create(MIB);
    m->file = malloc(COST_MEASURE_FILE_MAX);
    m->sealed = malloc(COST_MEASURE_FILE_MAX + SEALED_EXTRA);
    m->opened = malloc(COST_MEASURE_FILE_MAX);
    if (!m->arena || !m->esp_arena || !m->file || !m->sealed || !m->opened)
        return note_set(note, ERR_FULL, "no memory");
    for (size_t i = 0; i < COST_MEASURE_FILE_MAX; i++)
        m->file[i] = (uint8_t)(i * 2654435761u >> 13);
    for (int suite = 0; suite < ESP_SUITE_COUNT; suite++) {
        struct esp_association association = {.suite = (enum esp_suite)suite, .spi = 1};

        esp_derive(&association, SPAN("measured"));
        TRY(esp_create(&m->esp[suite], m->esp_arena, &association, note));
    }
    for (int kind = 0; kind < PARTY_KIND_COUNT; kind++) {
        struct times times = {.job = {m, 0, kind, note}};
        double spread;

        TRY(take_times(run_sign, &times, 1));
        m->sign_ns[kind] = median_of(&times, &spread);
    }
    return ERR_OK;
}

enum err cost_measure_begin(struct cost_measure *measure, struct note *note)
{
    *measure = (struct cost_measure){.arena = NULL};
    enum err result = begin(measure, note);

    if (result != ERR_OK)
        cost_measure_end(measure);
    return result;
}

void cost_measure_end(struct cost_measure *measure)
{
    for (int i = 0; i < COST_MEASURE_TLS_COUNT; i++)
        tls_context_free(&measure->tls[i]);
    party_set_free(&measure->parties);
    for (int suite = 0; suite < ESP_SUITE_COUNT; suite++)
        esp_free(measure->esp[suite]);
    arena_destroy(measure->arena);
    arena_destroy(measure->esp_arena);
    free(measure->file);
    free(measure->sealed);
    free(measure->opened);
}

enum err cost_measure_operation(struct cost_measure *measure, enum cost_operation operation, const uint64_t *others,
                                struct cost_measured *measured, struct note *note)
{
    const struct operation *row = &operations[operation];
    struct times times[SIZES_MAX + COST_MEASURE_OTHERS_MAX];
    struct fit_point points[SIZES_MAX];
    size_t fitted = 0, count = 0;

    for (; row->sizes[fitted]; fitted++) {
        check(fitted < SIZES_MAX);
        times[count++].job = (struct job){measure, row->sizes[fitted], row->variant, note};
    }
    for (; others && others[count - fitted]; count++) {
        check(count - fitted < COST_MEASURE_OTHERS_MAX && others[count - fitted] <= COST_MEASURE_FILE_MAX);
        times[count].job = (struct job){measure, others[count - fitted], row->variant, note};
    }
    TRY(take_times(row->run, times, count));
    measured->spread = 0;
    for (size_t i = 0; i < count; i++) {
        double spread, median_ns = median_of(&times[i], &spread);

        if (spread > measured->spread)
            measured->spread = spread;
        if (i < fitted)
            points[i] = (struct fit_point){row->sizes == fixed ? 0 : (double)times[i].job.bytes, median_ns};
        else
            measured->others_ns[i - fitted] = median_ns;
    }
    measured->fit = fit_line(points, fitted);
    return ERR_OK;
}
