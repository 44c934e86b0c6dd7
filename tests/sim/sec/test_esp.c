/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/sec/esp.h"
#include "tests/unit.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 65536, NEXT = 17, SEQUENCE = 0x01020304 };

static struct arena *arena;

static struct esp_association association_of(enum esp_suite suite)
{
    struct esp_association association = {.suite = suite, .spi = 0x1001};

    esp_derive(&association, SPAN("p-cscf-a ue-a 1"));
    return association;
}

static struct esp *make(const struct esp_association *association)
{
    struct note note = {{0}};
    struct esp *esp = NULL;

    CU_ASSERT_EQUAL(esp_create(&esp, arena, association, &note), ERR_OK);
    return esp;
}

/* By hand: header 8, IV, the payload with its trailer of 2 in whole blocks, ICV. */
static void test_sizes(void)
{
    static const struct {
        uint64_t payload, cbc, gcm, null;
    } table[] = {
        {0, 8 + 16 + 16 + 12, 8 + 8 + 4 + 16, 8 + 4 + 12},
        {1, 52, 36, 24},
        {2, 52, 36, 24},
        {3, 52, 40, 28},
        {13, 52, 48, 36},
        {14, 52, 48, 36},
        {15, 8 + 16 + 32 + 12, 52, 40},
        {16, 68, 52, 40},
        {17, 68, 52, 40},
        {30, 68, 64, 52},
        {31, 84, 68, 56},
        {1300, 8 + 16 + 1312 + 12, 8 + 8 + 1304 + 16, 8 + 1304 + 12},
        {16 * 1048576, 8 + 16 + 16777232 + 12, 8 + 8 + 16777220 + 16, 8 + 16777220 + 12},
    };

    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        CU_ASSERT_EQUAL(esp_size(ESP_AES_CBC, table[i].payload), table[i].cbc);
        CU_ASSERT_EQUAL(esp_size(ESP_AES_GCM, table[i].payload), table[i].gcm);
        CU_ASSERT_EQUAL(esp_size(ESP_NULL_SHA, table[i].payload), table[i].null);
    }
}

/* What RFC 4303 has in front of the ICV, laid out byte by byte. */
static size_t lay_out(const uint8_t *payload, size_t size, size_t block, uint8_t *plain)
{
    size_t at = size, padding = 0;

    memcpy(plain, payload, size);
    for (; (at + 2) % block != 0; at++)
        plain[at] = (uint8_t)++padding;
    plain[at++] = (uint8_t)padding;
    plain[at++] = NEXT;
    return at;
}

static const uint8_t head[8] = {0, 0, 0x10, 0x01, 1, 2, 3, 4};

/* One-shot calls of OpenSSL on what was laid out, with the IV that the packet shows. */
static size_t build(const struct esp_association *a, const uint8_t *plain, size_t size, const uint8_t *iv,
                    uint8_t *packet)
{
    static const size_t ivs[] = {[ESP_AES_CBC] = 16, [ESP_AES_GCM] = 8, [ESP_NULL_SHA] = 0};
    size_t at = sizeof(head) + ivs[a->suite];
    uint8_t nonce[16], mac[20];
    int done = 0;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();

    memcpy(packet, head, sizeof(head));
    memcpy(packet + sizeof(head), iv, ivs[a->suite]);
    if (a->suite == ESP_AES_GCM) {
        memcpy(nonce, a->salt, 4);
        memcpy(nonce + 4, iv, 8);
        EVP_EncryptInit_ex(context, EVP_aes_128_gcm(), NULL, a->key, nonce);
        EVP_EncryptUpdate(context, NULL, &done, head, sizeof(head));
        EVP_EncryptUpdate(context, packet + at, &done, plain, (int)size);
        EVP_EncryptFinal_ex(context, packet + at + done, &done);
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, 16, packet + at + size);
        EVP_CIPHER_CTX_free(context);
        return at + size + 16;
    }
    memcpy(packet + at, plain, size);
    if (a->suite == ESP_AES_CBC) {
        EVP_EncryptInit_ex(context, EVP_aes_128_cbc(), NULL, a->key, iv);
        EVP_EncryptUpdate(context, packet + at, &done, plain, (int)size);
    }
    EVP_CIPHER_CTX_free(context);
    HMAC(EVP_sha1(), a->auth_key, sizeof(a->auth_key), packet, at + size, mac, NULL);
    memcpy(packet + at + size, mac, 12);
    return at + size + 12;
}

static const size_t sizes[] = {0, 1, 2, 3, 4, 13, 14, 15, 16, 17, 30, 31, 32, 33, 255, 1300, 1472, 9000, 65000};
enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

static void test_bytes(void)
{
    static uint8_t payload[ROOM], plain[ROOM], expected[ROOM], opened[ROOM];
    static char packet[ROOM];

    for (size_t i = 0; i < ROOM; i++)
        payload[i] = (uint8_t)(i * 2654435761u >> 11);
    for (int suite = 0; suite < ESP_SUITE_COUNT; suite++) {
        struct esp_association association = association_of((enum esp_suite)suite);
        struct esp *esp = make(&association);

        for (size_t i = 0; i < SIZES; i++) {
            struct sink sink = SINK(packet);
            struct esp_opened what = {0};
            struct span whole = {(char *)payload, sizes[i]};

            CU_ASSERT_EQUAL(esp_seal(esp, SEQUENCE, NEXT, whole, &sink), ERR_OK);
            CU_ASSERT_EQUAL(sink.size, esp_size((enum esp_suite)suite, sizes[i]));
            size_t size = lay_out(payload, sizes[i], suite == ESP_AES_CBC ? 16 : 4, plain);

            size = build(&association, plain, size, (uint8_t *)packet + 8, expected);
            CU_ASSERT_EQUAL(size, sink.size);
            CU_ASSERT_EQUAL(memcmp(expected, packet, size), 0);
            CU_ASSERT_EQUAL(esp_open(esp, sink_written(&sink), opened, ROOM, &what), ERR_OK);
            CU_ASSERT(what.sequence == SEQUENCE && what.next_header == NEXT && what.size == sizes[i]);
            CU_ASSERT_EQUAL(memcmp(opened, payload, sizes[i]), 0);
        }
        esp_free(esp);
    }
}

/* RFC 3602 section 4, case 5: an ICMP echo in transport mode. The case has no ICV; one is put behind it. */
static void test_rfc3602(void)
{
    static const char text[] =
        "0000432100000001e96e8c08ab465763fd098d45dd3ff893f663c25d325c18c6a9453e194e120849a4870b66cc6b"
        "9965330013b4898dc856a4699e523a55db080b59ec3a8e4b7e52775b07d1db34ed9c538ab50c551b874aa269"
        "add047ad2d5913ac19b7cfbad4a6";
    static const uint8_t key[16] = {0x90, 0xd3, 0x82, 0xb4, 0x10, 0xee, 0xba, 0x7a,
                                    0xd9, 0x38, 0xc4, 0x6c, 0xec, 0x1a, 0x82, 0xbf};
    struct esp_association association = {.suite = ESP_AES_CBC, .spi = 0x4321};
    uint8_t packet[128], opened[128], mac[20];
    struct esp_opened what = {0};
    size_t size = (sizeof(text) - 1) / 2;

    for (size_t i = 0; i < size; i++) {
        char pair[3] = {text[2 * i], text[2 * i + 1], 0};

        packet[i] = (uint8_t)strtoul(pair, NULL, 16);
    }
    memcpy(association.key, key, sizeof(key));
    HMAC(EVP_sha1(), association.auth_key, sizeof(association.auth_key), packet, size, mac, NULL);
    memcpy(packet + size, mac, 12);
    struct esp *esp = make(&association);

    CU_ASSERT_EQUAL(esp_open(esp, (struct span){(char *)packet, size + 12}, opened, sizeof(opened), &what), ERR_OK);
    CU_ASSERT(what.sequence == 1 && what.next_header == 1 && what.size == 64);
    CU_ASSERT(opened[0] == 8 && opened[1] == 0 && opened[2] == 0x0e && opened[3] == 0xbd && opened[63] == 0x37);
    esp_free(esp);
}

/* Every bit of a packet, every truncation, another association's key. */
static void test_changes(void)
{
    char packet[128], changed[128];
    uint8_t opened[64];
    struct esp_opened what = {0};

    for (int suite = 0; suite < ESP_SUITE_COUNT; suite++) {
        struct esp_association association = association_of((enum esp_suite)suite), other = association;
        struct esp *esp = make(&association);
        struct sink sink = SINK(packet);

        other.key[3] ^= 1;
        other.auth_key[3] ^= 1;
        struct esp *stranger = make(&other);

        CU_ASSERT_EQUAL(esp_seal(esp, SEQUENCE, NEXT, SPAN("MESSAGE sip:bob"), &sink), ERR_OK);
        for (size_t bit = 0; bit < 8 * sink.size; bit++) {
            memcpy(changed, packet, sink.size);
            changed[bit / 8] = (char)(changed[bit / 8] ^ 1 << bit % 8);
            CU_ASSERT_EQUAL(esp_open(esp, (struct span){changed, sink.size}, opened, sizeof(opened), &what),
                            ERR_CRYPTO);
        }
        for (size_t size = 0; size < sink.size; size++)
            CU_ASSERT_EQUAL(esp_open(esp, (struct span){packet, size}, opened, sizeof(opened), &what), ERR_CRYPTO);
        CU_ASSERT_EQUAL(esp_open(stranger, sink_written(&sink), opened, sizeof(opened), &what), ERR_CRYPTO);
        CU_ASSERT_EQUAL(esp_open(esp, sink_written(&sink), opened, 14, &what), ERR_FULL);
        CU_ASSERT_EQUAL(esp_open(esp, sink_written(&sink), opened, 15, &what), ERR_OK);
        esp_free(esp);
        esp_free(stranger);
    }
}

static void test_room(void)
{
    struct esp_association association = association_of(ESP_AES_CBC);
    struct esp *esp = make(&association);
    char packet[68];
    struct sink enough = SINK(packet), little = {.data = packet, .capacity = 67};

    CU_ASSERT_EQUAL(esp_seal(esp, 1, NEXT, SPAN("fifteen bytes !"), &little), ERR_FULL);
    CU_ASSERT(little.overflow && little.size == 0);
    CU_ASSERT_EQUAL(esp_seal(esp, 1, NEXT, SPAN("fifteen bytes !"), &enough), ERR_OK);
    CU_ASSERT_EQUAL(enough.size, 68);
    esp_free(esp);
}

static void test_keys_line(void)
{
    struct esp_association association = {.suite = ESP_AES_GCM, .spi = 0x2a};
    char text[512];
    struct sink sink = SINK(text);

    memset(association.key, 0xab, sizeof(association.key));
    memset(association.salt, 0xcd, sizeof(association.salt));
    esp_write_keys(&association, "10.0.0.1", "10.0.0.2", &sink);
    CU_ASSERT_STRING_EQUAL(sink_string(&sink),
                           "\"IPv4\",\"10.0.0.1\",\"10.0.0.2\",\"0x0000002a\",\"AES-GCM with 16 octet ICV [RFC4106]\","
                           "\"0xababababababababababababababababcdcdcdcd\",\"NULL\",\"\"");
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"sizes are header, IV, whole blocks with the trailer, ICV", test_sizes},
        {"packets are those that one-shot calls of OpenSSL give on bytes laid out by hand", test_bytes},
        {"the packet of RFC 3602 opens", test_rfc3602},
        {"a changed bit, a truncation, another key are refused", test_changes},
        {"a packet is written whole or not at all", test_room},
        {"keys are written as Wireshark reads them", test_keys_line},
        {NULL, NULL},
    };

    arena = arena_create(4 << 20);
    int status = unit_run("esp", tests);

    arena_destroy(arena);
    return status;
}
