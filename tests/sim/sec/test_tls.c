/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/tls.h"
#include "tests/unit.h"

enum { NOW_S = 1800000000 };

/* Everything a test needs, made once in main. */
static struct party_set parties;
static struct arena *arena;

static const char *const names[] = {"10.0.0.1", "relay-a.open-ims.test", "relay-b.open-ims.test", NULL};

/* Every kind of connection. */
static const struct tls_kind kinds[] = {
    {TLS_1_3, TLS_AES_GCM, false, false, false},     {TLS_1_3, TLS_AES_GCM, true, false, false},
    {TLS_1_3, TLS_AES_GCM, false, true, false},      {TLS_1_3, TLS_AES_GCM, true, true, false},
    {TLS_1_3, TLS_AES_GCM, false, true, true},       {TLS_1_3, TLS_AES_GCM, true, true, true},
    {TLS_1_2, TLS_AES_GCM, false, false, false},     {TLS_1_2, TLS_AES_GCM, true, false, false},
    {TLS_1_2, TLS_AES_GCM, false, true, false},      {TLS_1_2, TLS_AES_GCM, true, true, false},
    {TLS_1_2, TLS_AES_GCM, false, true, true},       {TLS_1_2, TLS_AES_GCM, true, true, true},
    {TLS_1_2, TLS_AES_CBC_SHA, false, false, false}, {TLS_1_2, TLS_AES_CBC_SHA, true, false, false},
    {TLS_1_2, TLS_AES_CBC_SHA, false, true, false},  {TLS_1_2, TLS_AES_CBC_SHA, true, true, false},
    {TLS_1_2, TLS_AES_CBC_SHA, false, true, true},   {TLS_1_2, TLS_AES_CBC_SHA, true, true, true},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

static const struct tls_kind *kind = &kinds[0]; /* that is tested */

static enum err make_context(struct tls_context *context, const struct party *server)
{
    struct note note = {0};
    struct tls_config config = {.client = kind->is_mutual ? &parties.servers[2] : NULL,
                                .server = server,
                                .authority = &parties.authority[PARTY_EC],
                                .at_s = NOW_S,
                                .version = kind->version,
                                .cipher = kind->cipher,
                                .has_tickets = kind->has_tickets,
                                .is_resumed = kind->is_resumed};

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

/* By hand: TLS 1.3 adds 5 + 1 + 16; 1.2 with AES-GCM 5 + 8 + 16; with AES-CBC 5 + 16 and whole blocks of plaintext,
 * MAC of 20 and padding of 1 to 16. */
static void test_record_sizes(void)
{
    static const struct tls_kind cbc = {.version = TLS_1_2, .cipher = TLS_AES_CBC_SHA}, gcm = {.version = TLS_1_2},
                                 modern = {.version = TLS_1_3};
    static const uint64_t rows[][4] = {
        {0, 0, 0, 0},
        {1, 23, 30, 21 + 32},
        {10, 32, 39, 21 + 32},
        {11, 33, 40, 21 + 32},
        {12, 34, 41, 21 + 48},
        {15, 37, 44, 21 + 48},
        {16, 38, 45, 21 + 48},
        {17, 39, 46, 21 + 48},
        {27, 49, 56, 21 + 48},
        {28, 50, 57, 21 + 64},
        {16383, 16405, 16412, 21 + 16416},
        {16384, 16406, 16413, 21 + 16416},
        {16385, 16385 + 44, 16385 + 58, 21 + 16416 + 21 + 32},
        {32768, 32812, 32826, 2 * (21 + 16416)},
        {32769, 32835, 32856, 2 * (21 + 16416) + 53},
        {16 * 1048576, 16 * 1048576 + 1024 * 22, 16 * 1048576 + 1024 * 29, 1024 * (21 + 16416)},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        CU_ASSERT_EQUAL(tls_sealed_size(&modern, rows[i][0]), rows[i][1]);
        CU_ASSERT_EQUAL(tls_sealed_size(&gcm, rows[i][0]), rows[i][2]);
        CU_ASSERT_EQUAL(tls_sealed_size(&cbc, rows[i][0]), rows[i][3]);
    }
}

/* What is read off a record's length: no more than it can hold, and it held no more than a block less. */
static void test_plaintext_most(void)
{
    for (size_t i = 0; i < KINDS; i++)
        for (uint32_t size = 1; size <= TLS_RECORD_MAX; size += size < 70 || size > 16300 ? 1 : 37) {
            uint32_t whole = tls_record_size(&kinds[i], size), most = tls_plaintext_most(&kinds[i], whole);

            CU_ASSERT_EQUAL(most, size + tls_padding(&kinds[i], size));
            CU_ASSERT(whole <= TLS_SEALED_MAX && tls_bytes_before(&kinds[i]) < whole - size);
        }
    CU_ASSERT_EQUAL(tls_plaintext_most(&kinds[0], 22), 0);
    CU_ASSERT_EQUAL(tls_plaintext_most(&kinds[0], TLS_RECORD_MAX + 23), 0);
    CU_ASSERT_EQUAL(tls_plaintext_most(&kinds[KINDS - 1], 54), 0); /* no whole blocks */
    CU_ASSERT_EQUAL(tls_plaintext_most(&kinds[KINDS - 1], 21 + 16), 0);
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

/* Records of each flight by kind, without a client's certificate and with. 1.3: ServerHello, change, extensions,
 * certificate, verify, finished; change, finished; ticket. 1.2: hello, certificate, key exchange, done; key exchange,
 * change, finished; ticket, change, finished. Resumed: hello, change, finished and what belongs to either. */
static void count_expected(int records[TLS_FLIGHT_COUNT])
{
    bool is_13 = kind->version == TLS_1_3;
    int request = kind->is_mutual && !kind->is_resumed, proof = 2 * request;

    records[TLS_CLIENT_HELLO] = 1;
    records[TLS_SERVER_FLIGHT] = kind->is_resumed ? (is_13 ? 4 : 3) : (is_13 ? 6 : 4) + request;
    records[TLS_CLIENT_FINISHED] = (is_13 || kind->is_resumed ? 2 : 3) + proof;
    records[TLS_SERVER_LAST] = is_13 ? 1 : 2 + kind->has_tickets;
}

static void check_flights(const struct party *server)
{
    struct tls_context context;
    int records[TLS_FLIGHT_COUNT];

    CU_ASSERT_EQUAL_FATAL(make_context(&context, server), ERR_OK);
    struct tls_pair *pair = make_pair(&context);

    count_expected(records);
    for (int i = 0; i < tls_flights(kind); i++) {
        struct span flight = tls_pair_flight(pair, (enum tls_flight)i);
        bool is_clear = i == TLS_CLIENT_HELLO || (i == TLS_SERVER_FLIGHT && tls_client_waits(kind)) ||
                        (i == TLS_SERVER_LAST && kind->version == TLS_1_3);
        int change_ciphers;

        CU_ASSERT_EQUAL(flight.size, tls_flight_size(kind, (enum tls_flight)i));
        CU_ASSERT_EQUAL(count_records(flight, &change_ciphers), records[i]);
        CU_ASSERT_EQUAL(change_ciphers, is_clear ? 0 : 1);
    }
    tls_pair_free(pair);
    tls_context_free(&context);
}

/* For an address and for a name. */
static void test_flights(void)
{
    for (size_t i = 0; i < KINDS; i++) {
        kind = &kinds[i];
        CU_ASSERT_EQUAL(tls_flights(kind), kind->version == TLS_1_3 ? 3 + kind->has_tickets : 4 - kind->is_resumed);
        check_flights(&parties.servers[0]);
        check_flights(&parties.servers[1]);
    }
    kind = &kinds[0];
}

static void test_records(void)
{
    static const size_t sizes[] = {1, 2, 100, 1444, 2048, 16383, 16384};
    static uint8_t plaintext[TLS_RECORD_MAX], record[TLS_SEALED_MAX + 1], back[TLS_RECORD_MAX];
    struct tls_context context;
    size_t size = 0;

    CU_ASSERT_EQUAL_FATAL(make_context(&context, &parties.servers[0]), ERR_OK);
    struct tls_pair *pair = make_pair(&context);

    for (size_t i = 0; i < sizeof(plaintext); i++)
        plaintext[i] = (uint8_t)(i * 31 + i / 256);
    for (int from_client = 0; from_client < 2; from_client++)
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            struct span text = {(const char *)plaintext, sizes[i]};
            struct span whole = {(const char *)record, tls_record_size(kind, (uint32_t)sizes[i])};

            record[whole.size] = 0xa5;
            CU_ASSERT_EQUAL(tls_pair_seal(pair, from_client, text, record, whole.size - 1), ERR_FULL);
            CU_ASSERT_EQUAL(tls_pair_seal(pair, from_client, text, record, whole.size), ERR_OK);
            CU_ASSERT_EQUAL(record[whole.size], 0xa5);
            CU_ASSERT_EQUAL(record[0], 23);
            CU_ASSERT_EQUAL((size_t)(record[3] << 8 | record[4]), whole.size - 5);
            /* One byte is its own ciphertext every 256th time. */
            CU_ASSERT_TRUE(sizes[i] < 16 || memcmp(record + tls_bytes_before(kind), plaintext, sizes[i]) != 0);
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
    uint8_t record[64], back[TLS_OVERHEAD_MAX];
    size_t size = 0;

    CU_ASSERT_EQUAL_FATAL(make_context(&context, &parties.servers[0]), ERR_OK);
    for (size_t at = 5; at < tls_record_size(kind, 10); at++) {
        struct tls_pair *pair = make_pair(&context);

        CU_ASSERT_EQUAL(tls_pair_seal(pair, true, SPAN("0123456789"), record, sizeof(record)), ERR_OK);
        record[at] ^= 0x10;
        struct span whole = {(const char *)record, tls_record_size(kind, 10)};

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

    CU_ASSERT_EQUAL_FATAL(make_context(&context, &parties.servers[0]), ERR_OK);
    struct tls_pair *pair = make_pair(&context);

    CU_ASSERT_EQUAL(tls_pair_seal(pair, false, SPAN("first"), first, sizeof(first)), ERR_OK);
    CU_ASSERT_EQUAL(tls_pair_seal(pair, false, SPAN("second"), second, sizeof(second)), ERR_OK);
    struct span whole = {(const char *)second, tls_record_size(kind, 6)};

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

    CU_ASSERT_EQUAL_FATAL(make_context(&context, &parties.servers[0]), ERR_OK);
    struct tls_pair *pair = make_pair(&context);

    CU_ASSERT_EQUAL(tls_pair_close(pair, true, record), ERR_OK);
    struct span whole = {(const char *)record, tls_record_size(kind, 2)};

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
    CU_ASSERT_EQUAL_FATAL(make_context(&context, &parties.servers[0]), ERR_OK);
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

static void expect_refusal(const struct party *server, const struct party *authority, int64_t at_s)
{
    struct tls_config config = {.server = server, .authority = authority, .at_s = at_s, .version = TLS_1_3};
    struct tls_context context;
    struct tls_pair *pair = NULL;
    struct note note = {0};

    arena_reset(arena);
    CU_ASSERT_EQUAL_FATAL(tls_context_init(&context, &config, &note), ERR_OK);
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
    expect_refusal(&parties.servers[0], &other, NOW_S);
    /* A server that shows somebody else's certificate. */
    memcpy(renamed.name, "relay-c.open-ims.test", sizeof("relay-c.open-ims.test"));
    expect_refusal(&renamed, &parties.authority[PARTY_EC], NOW_S);
    memcpy(renamed.name, "10.0.0.1", sizeof("10.0.0.1"));
    expect_refusal(&renamed, &parties.authority[PARTY_EC], NOW_S);
    /* Before 2010 and after 2049 no certificate is valid. */
    expect_refusal(&parties.servers[0], &parties.authority[PARTY_EC], 1000000000);
    expect_refusal(&parties.servers[0], &parties.authority[PARTY_EC], 2600000000);
    party_free(&other);
}

/* Certificates that no authority vouches for are known by their fingerprints (RFC 8122). */
static void both_ends_see_the_fingerprint_of_the_other(void)
{
    struct tls_config config = {
        .client = &parties.servers[1], .server = &parties.servers[0], .at_s = NOW_S, .version = TLS_1_3};
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

/* Each way of protecting records, in connections in full and resumed. */
static void test_records_of_all(void)
{
    for (size_t i = 0; i < KINDS; i++) {
        kind = &kinds[i];
        if (kind->is_mutual)
            continue;
        test_records();
        test_changed_record();
        test_order();
        test_close();
    }
    kind = &kinds[0];
}

/* RFC 8122 holds for whom the ticket was given to, without certificates in the handshake. */
static void who_resumes_is_known_by_the_fingerprint(void)
{
    uint8_t seen[PARTY_FINGERPRINT_SIZE], expected[PARTY_FINGERPRINT_SIZE];

    for (size_t i = 0; i < KINDS; i++) {
        struct tls_context context;

        kind = &kinds[i];
        if (!kind->is_resumed || !kind->is_mutual)
            continue;
        CU_ASSERT_EQUAL_FATAL(make_context(&context, &parties.servers[1]), ERR_OK);
        struct tls_pair *pair = make_pair(&context);

        for (int at_client = 0; at_client < 2; at_client++) {
            CU_ASSERT(tls_pair_fingerprint(pair, at_client, seen));
            party_fingerprint(&parties.servers[at_client ? 1 : 2], expected);
            CU_ASSERT_EQUAL(memcmp(seen, expected, sizeof(seen)), 0);
        }
        tls_pair_free(pair);
        tls_context_free(&context);
    }
    kind = &kinds[0];
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"records hold at most 16 KiB and have the sizes of their suite", test_record_sizes},
        {"a record's length says how much it can hold", test_plaintext_most},
        {"flights of each kind of connection have the sizes of the formula", test_flights},
        {"records come back as they were, or are refused, and end, in each kind of connection", test_records_of_all},
        {"the key log tells each secret of the final handshake once", test_key_log},
        {"wrong authority, wrong host and wrong time are refused", test_refusals},
        {"both ends see the fingerprint of the other", both_ends_see_the_fingerprint_of_the_other},
        {"who resumes is known by the fingerprint", who_resumes_is_known_by_the_fingerprint},
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
