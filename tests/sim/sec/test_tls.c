/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/tls.h"
#include "tests/unit.h"

enum { NOW_S = 1800000000 };

/* Everything a test needs, made once in main. */
static struct party_set parties;
static struct arena *arena;

static const char *const names[] = {"10.0.0.1", "relay-a.open-ims.test", "relay-b.open-ims.test", NULL};

static enum tls_version version; /* that is tested */

static enum err make_context(struct tls_context *context, const struct party *client, const struct party *server)
{
    struct note note = {0};
    struct tls_config config = {.client = client,
                                .server = server,
                                .authority = &parties.authority[PARTY_EC],
                                .at_s = NOW_S,
                                .version = version};

    return tls_context_init(context, &config, &note);
}

static struct tls_pair *make_pair(const struct tls_context *context)
{
    struct note note = {0};
    struct tls_pair *pair = NULL;

    arena_reset(arena);
    CU_ASSERT_EQUAL(tls_pair_create(&pair, arena, context, NULL, NULL, &note), ERR_OK);
    CU_ASSERT_STRING_EQUAL(note.text, "");
    return pair;
}

static void test_record_sizes(void)
{
    static const uint64_t rows[][2] = {
        {0, 0},
        {1, 23},
        {16383, 16405},
        {16384, 16406},
        {16385, 16385 + 44},
        {32768, 32812},
        {32769, 32835},
        {1048576, 1048576 + 64 * 22},
        {1048577, 1048577 + 65 * 22},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CU_ASSERT_EQUAL(tls_sealed_size(TLS_1_3, rows[i][0]), rows[i][1]);
}

/* Steps through a flight by record heads: how many records, and whether they end where the flight does. */
static int count_records(struct span flight, int *change_ciphers)
{
    int records = 0;

    *change_ciphers = 0;
    for (size_t at = 0; at < flight.size; records++) {
        const uint8_t *head = (const uint8_t *)flight.data + at;

        if (flight.size - at < 5)
            return -1;
        *change_ciphers += head[0] == 20;
        at += 5 + (size_t)(head[3] << 8 | head[4]);
        if (at > flight.size)
            return -1;
    }
    return records;
}

static void check_flights(bool is_mutual, const int records[TLS_FLIGHT_COUNT])
{
    for (size_t server = 0; server < 2; server++) {
        struct tls_context context;

        CU_ASSERT_EQUAL_FATAL(make_context(&context, is_mutual ? &parties.servers[2] : NULL, &parties.servers[server]),
                              ERR_OK);
        struct tls_pair *pair = make_pair(&context);

        for (int i = 0; i < tls_flights(version); i++) {
            struct span flight = tls_pair_flight(pair, (enum tls_flight)i);
            int change_ciphers;

            CU_ASSERT_EQUAL(flight.size, tls_flight_size(version, (enum tls_flight)i, is_mutual));
            CU_ASSERT_EQUAL(count_records(flight, &change_ciphers), records[i]);
            CU_ASSERT_EQUAL(change_ciphers,
                            i == TLS_CLIENT_HELLO || (version == TLS_1_2 && i == TLS_SERVER_FLIGHT) ? 0 : 1);
        }
        tls_pair_free(pair);
        tls_context_free(&context);
    }
}

static void test_flights(void)
{
    /* ServerHello, change, extensions, certificate, verify, finished; change, finished. */
    check_flights(false, (const int[]){1, 6, 2, 0});
}

static void test_flights_mutual(void)
{
    check_flights(true, (const int[]){1, 7, 4, 0});
}

static void test_records(void)
{
    static const size_t sizes[] = {1, 2, 100, 1444, 2048, 16383, 16384};
    static uint8_t plaintext[TLS_RECORD_MAX], record[TLS_SEALED_MAX + 1], back[TLS_RECORD_MAX];
    struct tls_context context;
    size_t size = 0;

    CU_ASSERT_EQUAL_FATAL(make_context(&context, NULL, &parties.servers[0]), ERR_OK);
    struct tls_pair *pair = make_pair(&context);

    for (size_t i = 0; i < sizeof(plaintext); i++)
        plaintext[i] = (uint8_t)(i * 31 + i / 256);
    for (int from_client = 0; from_client < 2; from_client++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct span text = {(const char *)plaintext, sizes[i]};
            struct span whole = {(const char *)record, sizes[i] + tls_overhead(version)};

            record[whole.size] = 0xa5;
            CU_ASSERT_EQUAL(tls_pair_seal(pair, from_client, text, record, whole.size - 1), ERR_FULL);
            CU_ASSERT_EQUAL(tls_pair_seal(pair, from_client, text, record, whole.size), ERR_OK);
            CU_ASSERT_EQUAL(record[whole.size], 0xa5);
            CU_ASSERT_EQUAL(record[0], 23);
            CU_ASSERT_EQUAL((size_t)(record[3] << 8 | record[4]), sizes[i] + tls_overhead(version) - 5);
            /* One byte is its own ciphertext every 256th time. */
            CU_ASSERT_TRUE(sizes[i] < 16 || memcmp(record + tls_overhead_before(version), plaintext, sizes[i]) != 0);
            struct span part = {whole.data, whole.size - 1};

            CU_ASSERT_EQUAL(tls_pair_open(pair, !from_client, part, back, sizeof(back), &size), ERR_MORE);
            CU_ASSERT_EQUAL(tls_pair_open(pair, !from_client, whole, back, sizes[i] - 1, &size), ERR_FULL);
            CU_ASSERT_EQUAL(tls_pair_open(pair, !from_client, whole, back, sizeof(back), &size), ERR_OK);
            CU_ASSERT_EQUAL(size, sizes[i]);
            CU_ASSERT_EQUAL(memcmp(back, plaintext, sizes[i]), 0);
        }
    tls_pair_free(pair);
    tls_context_free(&context);
}

/* A record with one bit changed, at each byte that follows the length. */
static void test_changed_record(void)
{
    struct tls_context context;
    uint8_t record[64], back[64];
    size_t size = 0;

    CU_ASSERT_EQUAL_FATAL(make_context(&context, NULL, &parties.servers[0]), ERR_OK);
    for (size_t at = 5; at < 10 + tls_overhead(version); at++) {
        struct tls_pair *pair = make_pair(&context);

        CU_ASSERT_EQUAL(tls_pair_seal(pair, true, SPAN("0123456789"), record, sizeof(record)), ERR_OK);
        record[at] ^= 0x10;
        struct span whole = {(const char *)record, 10 + tls_overhead(version)};

        CU_ASSERT_EQUAL(tls_pair_open(pair, false, whole, back, sizeof(back), &size), ERR_CRYPTO);
        record[at] ^= 0x10;
        CU_ASSERT_EQUAL(tls_pair_open(pair, false, whole, back, sizeof(back), &size), ERR_CRYPTO);
        tls_pair_free(pair);
    }
    tls_context_free(&context);
}

static void test_order(void)
{
    struct tls_context context;
    uint8_t first[64], second[64], back[64];
    size_t size = 77;

    CU_ASSERT_EQUAL_FATAL(make_context(&context, NULL, &parties.servers[0]), ERR_OK);
    struct tls_pair *pair = make_pair(&context);

    CU_ASSERT_EQUAL(tls_pair_seal(pair, false, SPAN("first"), first, sizeof(first)), ERR_OK);
    CU_ASSERT_EQUAL(tls_pair_seal(pair, false, SPAN("second"), second, sizeof(second)), ERR_OK);
    struct span whole = {(const char *)second, 6 + tls_overhead(version)};

    CU_ASSERT_EQUAL(tls_pair_open(pair, true, whole, back, sizeof(back), &size), ERR_CRYPTO);
    CU_ASSERT_EQUAL(size, 77);
    tls_pair_free(pair);
    tls_context_free(&context);
}

static void test_close(void)
{
    struct tls_context context;
    uint8_t record[TLS_CLOSE_MAX], back[64];
    size_t size = 77;

    CU_ASSERT_EQUAL_FATAL(make_context(&context, NULL, &parties.servers[0]), ERR_OK);
    struct tls_pair *pair = make_pair(&context);

    CU_ASSERT_EQUAL(tls_pair_close(pair, true, record), ERR_OK);
    struct span whole = {(const char *)record, version == TLS_1_2 ? TLS_CLOSE_MAX : TLS_CLOSE_SIZE};

    CU_ASSERT_EQUAL(tls_pair_open(pair, false, whole, back, sizeof(back), &size), ERR_OK);
    CU_ASSERT_EQUAL(size, 0);
    CU_ASSERT_EQUAL(tls_pair_seal(pair, true, SPAN("late"), back, sizeof(back)), ERR_CRYPTO);
    tls_pair_free(pair);
    tls_context_free(&context);
}

/* The lines of one key log, joined. */
static void keep_line(void *owner, struct span line)
{
    struct sink *sink = owner;

    sink_span(sink, line);
    sink_char(sink, '\n');
}

static void test_key_log(void)
{
    struct tls_context context;
    struct tls_pair *pair = NULL;
    struct note note = {0};
    char lines[4096];
    struct sink sink = SINK(lines);

    arena_reset(arena);
    CU_ASSERT_EQUAL_FATAL(make_context(&context, NULL, &parties.servers[0]), ERR_OK);
    CU_ASSERT_EQUAL(tls_pair_create(&pair, arena, &context, keep_line, &sink, &note), ERR_OK);
    /* Each secret once, though the handshake may have run several times; all under the random of the ClientHello. */
    struct span log = sink_written(&sink), line, label, random;
    struct span hello = tls_pair_flight(pair, TLS_CLIENT_HELLO);
    char hex[65] = {0};
    struct sink expected = SINK(hex);
    int count = 0, traffic = 0;

    for (size_t i = 0; i < 32; i++)
        sink_hex(&expected, (uint8_t)hello.data[11 + i], 2);
    for (; log.size > 0 && span_cut_line(&log, &line) == ERR_MORE; count++) {
        CU_ASSERT_EQUAL_FATAL(span_cut_until(&log, '\n', &line), ERR_OK);
        CU_ASSERT_EQUAL_FATAL(span_cut_until(&line, ' ', &label), ERR_OK);
        CU_ASSERT_EQUAL_FATAL(span_cut_until(&line, ' ', &random), ERR_OK);
        CU_ASSERT(span_equal(random, sink_written(&expected)));
        CU_ASSERT_EQUAL(line.size, 64);
        traffic +=
            span_equal(label, SPAN("CLIENT_TRAFFIC_SECRET_0")) || span_equal(label, SPAN("SERVER_TRAFFIC_SECRET_0"));
    }
    CU_ASSERT_EQUAL(count, 5);
    CU_ASSERT_EQUAL(traffic, 2);
    tls_pair_free(pair);
    tls_context_free(&context);
}

static void expect_refusal(const struct tls_config *config)
{
    struct tls_context context;
    struct tls_pair *pair = NULL;
    struct note note = {0};

    arena_reset(arena);
    CU_ASSERT_EQUAL_FATAL(tls_context_init(&context, config, &note), ERR_OK);
    CU_ASSERT_EQUAL(tls_pair_create(&pair, arena, &context, NULL, NULL, &note), ERR_CRYPTO);
    CU_ASSERT_PTR_NULL(pair);
    CU_ASSERT_NOT_EQUAL(note.text[0], 0);
    tls_context_free(&context);
}

static void test_refusals(void)
{
    struct party other = {0}, renamed = parties.servers[1];
    struct note note = {0};

    CU_ASSERT_EQUAL_FATAL(party_init_authority(&other, PARTY_EC, &note), ERR_OK);
    expect_refusal(&(struct tls_config){NULL, &parties.servers[0], &other, NOW_S, TLS_1_3, NULL});
    /* A server that shows somebody else's certificate. */
    memcpy(renamed.name, "relay-c.open-ims.test", sizeof("relay-c.open-ims.test"));
    expect_refusal(&(struct tls_config){NULL, &renamed, &parties.authority[PARTY_EC], NOW_S, TLS_1_3, NULL});
    memcpy(renamed.name, "10.0.0.1", sizeof("10.0.0.1"));
    expect_refusal(&(struct tls_config){NULL, &renamed, &parties.authority[PARTY_EC], NOW_S, TLS_1_3, NULL});
    /* Before 2010 and after 2049 no certificate is valid. */
    expect_refusal(
        &(struct tls_config){NULL, &parties.servers[0], &parties.authority[PARTY_EC], 1000000000, TLS_1_3, NULL});
    expect_refusal(
        &(struct tls_config){NULL, &parties.servers[0], &parties.authority[PARTY_EC], 2600000000, TLS_1_3, NULL});
    party_free(&other);
}

/* Certificates that no authority vouches for are known by their fingerprints (RFC 8122). */
static void both_ends_see_the_fingerprint_of_the_other(void)
{
    struct tls_config config = {&parties.servers[1], &parties.servers[0], NULL, NOW_S, TLS_1_3, NULL};
    uint8_t seen[PARTY_FINGERPRINT_SIZE], expected[PARTY_FINGERPRINT_SIZE];
    struct tls_context context;
    struct tls_pair *pair = NULL;
    struct note note = {{0}};

    for (int round = 0; round < 2; round++) {
        arena_reset(arena);
        CU_ASSERT_EQUAL_FATAL(tls_context_init(&context, &config, &note), ERR_OK);
        CU_ASSERT_EQUAL_FATAL(tls_pair_create(&pair, arena, &context, NULL, NULL, &note), ERR_OK);
        CU_ASSERT(tls_pair_fingerprint(pair, true, seen));
        party_fingerprint(&parties.servers[0], expected);
        CU_ASSERT_EQUAL(memcmp(seen, expected, sizeof(seen)), 0);
        bool has_shown = tls_pair_fingerprint(pair, false, seen);

        CU_ASSERT_EQUAL(has_shown, round == 0);
        party_fingerprint(&parties.servers[1], expected);
        CU_ASSERT(!has_shown || memcmp(seen, expected, sizeof(seen)) == 0);
        tls_pair_free(pair);
        tls_context_free(&context);
        config.client = NULL; /* a client that shows none */
    }
}

/* TLS 1.2: hello, certificate, key exchange, done; key exchange, change, finished; change, finished. */
static void test_flights_12(void)
{
    version = TLS_1_2;
    check_flights(false, (const int[]){1, 4, 3, 2});
    check_flights(true, (const int[]){1, 5, 5, 2});
    version = TLS_1_3;
}

static void test_records_12(void)
{
    version = TLS_1_2;
    CU_ASSERT_EQUAL(tls_sealed_size(version, 16385), 16385 + 2 * 29);
    test_records();
    test_changed_record();
    test_order();
    test_close();
    version = TLS_1_3;
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"each record adds 22 bytes and holds at most 16 KiB", test_record_sizes},
        {"flights have the sizes of the formula, for address and name", test_flights},
        {"flights with a client certificate have the sizes of the formula", test_flights_mutual},
        {"records of both directions come back as they were", test_records},
        {"a changed record is refused and so is all that follows", test_changed_record},
        {"a record that overtakes is refused", test_order},
        {"close_notify ends a direction", test_close},
        {"the key log tells each secret of the final handshake once", test_key_log},
        {"wrong authority, wrong host and wrong time are refused", test_refusals},
        {"flights of TLS 1.2 have the sizes of the formula", test_flights_12},
        {"records of TLS 1.2 add 29 bytes, and are refused and ended like those of 1.3", test_records_12},
        {"both ends see the fingerprint of the other", both_ends_see_the_fingerprint_of_the_other},
        {NULL, NULL},
    };
    struct note note = {0};

    arena = arena_create(1 << 20);
    if (!arena || party_set_init(&parties, &(struct party_set_config){.server_names = names}, &note) != ERR_OK)
        return 3;
    int status = unit_run("tls", tests);

    party_set_free(&parties);
    arena_destroy(arena);
    return status;
}
