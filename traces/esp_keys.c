/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/esp_keys.h"
#include "sim/base/csv.h"
#include "traces/octets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_MAX_SIZE = 2048, CELLS_LEAST = 8, CELLS_MAX = 12, MEMORY = 64 << 20, ANY_FAMILY = 0 };

enum cell { FAMILY, FROM, TO, SPI, ENCRYPTION, KEY, AUTHENTICATION, AUTH_KEY };

/* Which addresses an association is for. */
struct pattern {
    bool is_any;
    struct endpoint host;
};

struct association {
    int family; /* AF_INET, AF_INET6, ANY_FAMILY */
    struct pattern from, to;
    bool is_any_spi;
    struct esp_association keys;
    struct esp *esp; /* made when its first packet comes */
};

struct esp_keys {
    size_t count;
    struct association rows[ESP_KEYS_MAX];
    struct arena *arena;
};

/* Names as Wireshark 4 writes them; the bytes that a key has: of AES-GCM with its salt behind. */
static const struct algorithm {
    const char *encryption, *authentication;
    enum esp_suite suite;
    uint8_t key_bytes, auth_bytes;
} algorithms[] = {
    {"AES-CBC [RFC3602]", "HMAC-SHA-1-96 [RFC2404]", ESP_AES_CBC, ESP_KEY_SIZE, ESP_AUTH_KEY_SIZE},
    {"AES-GCM with 16 octet ICV [RFC4106]", "NULL", ESP_AES_GCM, ESP_KEY_SIZE + ESP_SALT_SIZE, 0},
    {"AES-GCM [RFC4106]", "NULL", ESP_AES_GCM, ESP_KEY_SIZE + ESP_SALT_SIZE, 0},
    {"NULL", "HMAC-SHA-1-96 [RFC2404]", ESP_NULL_SHA, 0, ESP_AUTH_KEY_SIZE},
};

struct esp_keys *esp_keys_create(void)
{
    return calloc(1, sizeof(struct esp_keys)); /* pages come as they are written */
}

void esp_keys_free(struct esp_keys *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < keys->count; i++)
        esp_free(keys->rows[i].esp);
    if (keys->arena)
        arena_destroy(keys->arena);
    explicit_bzero(keys->rows, keys->count * sizeof(*keys->rows));
    free(keys);
}

/* ---- A line ---- */

static bool parse_family(struct span cell, int *family)
{
    static const struct {
        const char *name;
        int family;
    } names[] = {{"IPv4", AF_INET}, {"IPv6", AF_INET6}, {"Any", ANY_FAMILY}, {"*", ANY_FAMILY}};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (span_equal_nocase(cell, span_of(names[i].name))) {
            *family = names[i].family;
            return true;
        }
    return false;
}

static bool parse_pattern(struct span cell, struct pattern *pattern)
{
    char text[64] = "";
    struct pattern parsed = {.is_any = span_equal(cell, SPAN("*"))};

    if (cell.size == 0 || cell.size >= sizeof(text))
        return false;
    memcpy(text, cell.data, cell.size);
    parsed.host.is_ipv6 = !parsed.is_any && inet_pton(AF_INET, text, parsed.host.address) != 1;
    if (parsed.host.is_ipv6 && inet_pton(AF_INET6, text, parsed.host.address) != 1)
        return false;
    *pattern = parsed;
    return true;
}

static bool parse_spi(struct span cell, bool *is_any, uint32_t *spi)
{
    char text[16] = "", *end;

    *is_any = span_equal(cell, SPAN("*"));
    if (*is_any)
        return true;
    if (cell.size == 0 || cell.size >= sizeof(text) || cell.data[0] < '0' || cell.data[0] > '9')
        return false;
    memcpy(text, cell.data, cell.size);
    unsigned long long value = strtoull(text, &end, 0);

    *spi = (uint32_t)value;
    return *end == 0 && value <= UINT32_MAX;
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* "0x" and exactly size bytes in hexadecimal digits; nothing at all where size is 0. */
static bool parse_key(struct span cell, uint8_t *bytes, size_t size)
{
    if (size == 0)
        return cell.size == 0;
    if (cell.size != 2 * size + 2 || cell.data[0] != '0' || (cell.data[1] | 32) != 'x')
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = digit(cell.data[2 + 2 * i]), low = digit(cell.data[3 + 2 * i]);

        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static enum err parse_algorithm(const struct span *cells, struct esp_association *keys, const char *where,
                                struct note *note)
{
    uint8_t key[ESP_KEY_SIZE + ESP_SALT_SIZE] = {0};
    const struct algorithm *found = NULL;

    for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
        if (span_equal(cells[ENCRYPTION], span_of(algorithms[i].encryption)) &&
            span_equal(cells[AUTHENTICATION], span_of(algorithms[i].authentication)))
            found = &algorithms[i];
    if (!found)
        return note_set(note, ERR_UNKNOWN,
                        "%s: expected \"AES-CBC [RFC3602]\" or \"NULL\" with \"HMAC-SHA-1-96 [RFC2404]\", or \"AES-GCM "
                        "with 16 octet ICV [RFC4106]\" with \"NULL\"",
                        where);
    if (!parse_key(cells[KEY], key, found->key_bytes) || !parse_key(cells[AUTH_KEY], keys->auth_key, found->auth_bytes))
        return note_set(note, ERR_RANGE,
                        "%s: expected 0x and a key of %u bytes for encryption, of %u for authentication (0: empty)",
                        where, found->key_bytes, found->auth_bytes);
    keys->suite = found->suite;
    memcpy(keys->key, key, ESP_KEY_SIZE);
    memcpy(keys->salt, key + ESP_KEY_SIZE, ESP_SALT_SIZE);
    explicit_bzero(key, sizeof(key));
    return ERR_OK;
}

enum err esp_keys_add(struct esp_keys *keys, struct span line, const char *where, struct note *note)
{
    char unquoted[LINE_MAX_SIZE];
    struct sink sink = SINK(unquoted);
    struct span cells[CELLS_MAX];
    struct association parsed = {.family = ANY_FAMILY};
    size_t count = 0;

    if (keys->count == ESP_KEYS_MAX)
        return note_set(note, ERR_FULL, "%s: more than %d security associations", where, ESP_KEYS_MAX);
    if (line.size > LINE_MAX_SIZE || csv_cut(line, cells, CELLS_MAX, &count, &sink) != ERR_OK || count < CELLS_LEAST ||
        !parse_family(cells[FAMILY], &parsed.family) || !parse_pattern(cells[FROM], &parsed.from) ||
        !parse_pattern(cells[TO], &parsed.to) || !parse_spi(cells[SPI], &parsed.is_any_spi, &parsed.keys.spi))
        return note_set(note, ERR_SYNTAX,
                        "%s: expected \"IPv4\",\"FROM\",\"TO\",\"0xSPI\",\"ENCRYPTION\",\"0xKEY\",\"AUTHENTICATION\","
                        "\"0xKEY\", * for any address or SPI",
                        where);
    TRY(parse_algorithm(cells, &parsed.keys, where, note));
    keys->rows[keys->count++] = parsed;
    return ERR_OK;
}

enum err esp_keys_read(struct esp_keys *keys, const char *path, struct note *note)
{
    FILE *file = fopen(path, "re");
    char text[LINE_MAX_SIZE + 2], where[256];
    enum err error = ERR_OK;

    if (!file)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    for (int number = 1; error == ERR_OK && fgets(text, sizeof(text), file); number++) {
        struct sink place = SINK(where);
        struct span line = {text, strcspn(text, "\r\n")};

        sink_format(&place, "%.200s:%d", path, number);
        if (line.size > 0 && text[0] != '#')
            error = esp_keys_add(keys, line, sink_string(&place), note);
    }
    if (error == ERR_OK && ferror(file))
        error = note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    fclose(file);
    return error;
}

/* ---- Packets ---- */

static bool fits_host(const struct pattern *pattern, const struct endpoint *host)
{
    return pattern->is_any || endpoint_same_host(&pattern->host, host);
}

static bool fits(const struct association *row, const struct endpoint *from, const struct endpoint *to, uint32_t spi)
{
    return (row->family == ANY_FAMILY || (row->family == AF_INET6) == from->is_ipv6) &&
           (row->is_any_spi || row->keys.spi == spi) && fits_host(&row->from, from) && fits_host(&row->to, to);
}

/* The association's contexts, for the packet's SPI where it is for any. */
static bool make_esp(struct esp_keys *keys, struct association *row, uint32_t spi)
{
    struct note note = {{0}};

    if (!keys->arena)
        keys->arena = arena_create(MEMORY);
    if (!keys->arena || (!row->esp && esp_create(&row->esp, keys->arena, &row->keys, &note) != ERR_OK))
        return false;
    esp_set_spi(row->esp, spi);
    return true;
}

enum err esp_keys_open(struct esp_keys *keys, const struct endpoint *from, const struct endpoint *to,
                       struct span packet, uint8_t *payload, struct esp_opened *opened)
{
    enum err error = ERR_UNKNOWN;

    for (size_t i = 0; i < keys->count && packet.size >= ESP_HEADER_SIZE; i++) {
        struct association *row = &keys->rows[i];
        uint32_t spi = u32_at(packet, 0);

        if (!fits(row, from, to, spi))
            continue;
        if (make_esp(keys, row, spi) &&
            esp_open(row->esp, packet, payload, PACKETS_DATAGRAM_SIZE_MAX, opened) == ERR_OK)
            return ERR_OK;
        error = ERR_CRYPTO;
    }
    return error;
}
