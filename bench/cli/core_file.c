/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/cli/core_file.h"
#include "bench/harness/input.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"

#include <arpa/inet.h>

enum { LINE_KEY_SIZE = 32, NAME_MOST = 39 /* of a host in URIs and certificates of ours */, SIP_PORT = 5060 };

struct reading {
    const char *name;
    unsigned line;
    struct core core;
    int user;         /* of the section: 0, 1; -1: none */
    int relay;        /* of the section; -1: none */
    unsigned seen[2]; /* bit per row of keys */
    uint8_t op[2][MILENAGE_KEY_SIZE];
};

static enum err fail(const struct reading *reading, struct note *note, const char *expected)
{
    return note_set(note, ERR_SYNTAX, "%s:%u: expected %s", reading->name, reading->line, expected);
}

/* ---- Values ---- */

typedef bool take_fn(struct reading *reading, struct span value);

static bool keep(struct span value, char *text, size_t size)
{
    if (value.size == 0 || value.size >= size)
        return false;
    for (size_t i = 0; i < value.size; i++)
        if ((unsigned char)value.data[i] <= ' ' || (unsigned char)value.data[i] > 126)
            return false;
    memcpy(text, value.data, value.size);
    text[value.size] = 0;
    return true;
}

static struct core_place *place_of(struct reading *reading)
{
    return reading->user >= 0 ? &reading->core.users[reading->user].place : &reading->core.relays[reading->relay];
}

static struct core_user *user_of(struct reading *reading)
{
    return &reading->core.users[reading->user];
}

static bool take_address_text(struct span value, struct in_addr *address)
{
    char text[INET_ADDRSTRLEN];

    return keep(value, text, sizeof(text)) && inet_pton(AF_INET, text, address) == 1;
}

static bool take_namespace(struct reading *reading, struct span value)
{
    return span_find_byte(value, '/') == value.size && keep(value, place_of(reading)->namespace, CORE_TEXT_SIZE);
}

static bool take_address(struct reading *reading, struct span value)
{
    return take_address_text(value, &place_of(reading)->address);
}

static bool take_user(struct reading *reading, struct span value)
{
    return keep(value, user_of(reading)->user, CORE_TEXT_SIZE);
}

static bool take_domain(struct reading *reading, struct span value)
{
    return keep(value, user_of(reading)->domain, CORE_TEXT_SIZE);
}

static bool take_private(struct reading *reading, struct span value)
{
    return keep(value, user_of(reading)->private_identity, sizeof(user_of(reading)->private_identity));
}

static int digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte = (char)(byte | 0x20);
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

static bool take_hex(struct span value, uint8_t bytes[MILENAGE_KEY_SIZE])
{
    if (value.size != 2 * MILENAGE_KEY_SIZE)
        return false;
    for (size_t i = 0; i < MILENAGE_KEY_SIZE; i++) {
        int high = digit_of(value.data[2 * i]), low = digit_of(value.data[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static bool take_key(struct reading *reading, struct span value)
{
    return take_hex(value, user_of(reading)->key.k);
}

static bool take_op(struct reading *reading, struct span value)
{
    return take_hex(value, reading->op[reading->user]);
}

static bool take_opc(struct reading *reading, struct span value)
{
    return take_hex(value, user_of(reading)->key.opc);
}

static bool take_p_cscf(struct reading *reading, struct span value)
{
    size_t colon = span_find_byte(value, ':');
    struct span port = span_after(value, colon);
    uint64_t number = SIP_PORT;

    if (port.size > 0) {
        port = span_after(port, 1);
        if (span_cut_number(&port, &number) != ERR_OK || port.size > 0 || number == 0 || number > UINT16_MAX)
            return false;
    }
    user_of(reading)->p_cscf_port = (uint16_t)number;
    return take_address_text((struct span){value.data, colon}, &user_of(reading)->p_cscf);
}

static bool take_p_cscf_name(struct reading *reading, struct span value)
{
    return value.size <= NAME_MOST && keep(value, user_of(reading)->p_cscf_name, CORE_TEXT_SIZE);
}

static bool take_transport(struct reading *reading, struct span value)
{
    static const struct {
        const char *name;
        enum sip_transport transport;
    } known[] = {{"udp", SIP_UDP}, {"tcp", SIP_TCP}, {"tls", SIP_TLS}};

    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (span_equal(value, span_of(known[i].name))) {
            user_of(reading)->transport = (uint8_t)known[i].transport;
            return true;
        }
    return false;
}

/* Rows of a relay come first. */
enum {
    KEY_NAMESPACE,
    KEY_ADDRESS,
    KEY_USER,
    KEY_DOMAIN,
    KEY_PRIVATE,
    KEY_KEY,
    KEY_OP,
    KEY_OPC,
    KEY_P_CSCF,
    KEY_NAME,
    KEY_TRANSPORT,
    KEY_COUNT,
    KEYS_OF_RELAY = KEY_USER
};

static const struct {
    const char *name;
    take_fn *take;
    const char *expected;
} keys[KEY_COUNT] = {
    [KEY_NAMESPACE] = {"namespace", take_namespace, "the name of a network namespace, at most 63 characters"},
    [KEY_ADDRESS] = {"address", take_address, "an IPv4 address"},
    [KEY_USER] = {"user", take_user, "a user's name, at most 63 characters without blanks"},
    [KEY_DOMAIN] = {"domain", take_domain, "a domain, at most 63 characters without blanks"},
    [KEY_PRIVATE] = {"private", take_private, "a private identity, at most 127 characters without blanks"},
    [KEY_KEY] = {"key", take_key, "32 hexadecimal digits"},
    [KEY_OP] = {"op", take_op, "32 hexadecimal digits"},
    [KEY_OPC] = {"opc", take_opc, "32 hexadecimal digits"},
    [KEY_P_CSCF] = {"p-cscf", take_p_cscf, "ADDRESS or ADDRESS:PORT"},
    [KEY_NAME] = {"p-cscf-name", take_p_cscf_name, "a host's name, at most 39 characters"},
    [KEY_TRANSPORT] = {"transport", take_transport, "udp, tcp or tls"},
};

/* ---- Lines ---- */

static enum err take_section(struct reading *reading, struct span line, struct note *note)
{
    uint64_t number = 0;

    reading->user = reading->relay = -1;
    if (span_equal(line, SPAN("[ue-a]")))
        reading->user = 0;
    else if (span_equal(line, SPAN("[ue-b]")))
        reading->user = 1;
    else if (span_cut_literal(&line, SPAN("[relay-")) == ERR_OK && span_cut_number(&line, &number) == ERR_OK &&
             span_equal(line, SPAN("]")) && number == reading->core.relay_count + 1 && number <= CORE_RELAYS_MAX)
        reading->relay = (int)reading->core.relay_count++;
    else
        return fail(reading, note, "[ue-a], [ue-b], or [relay-1], [relay-2] ... in this order, 6 at most");
    return ERR_OK;
}

static enum err take_line(struct reading *reading, struct span line, struct note *note)
{
    size_t equals = span_find_byte(line, '=');
    struct span name = span_trim((struct span){line.data, equals});
    int count = reading->user >= 0 ? KEY_COUNT : reading->relay >= 0 ? KEYS_OF_RELAY : 0;

    if (equals == line.size || count == 0)
        return fail(reading, note, "a [section], then lines of key = value");
    for (int i = 0; i < count; i++) {
        if (!span_equal(name, span_of(keys[i].name)))
            continue;
        if (!keys[i].take(reading, span_trim(span_after(line, equals + 1))))
            return fail(reading, note, keys[i].expected);
        if (reading->user >= 0)
            reading->seen[reading->user] |= 1U << i;
        return ERR_OK;
    }
    return fail(reading, note,
                reading->user >= 0
                    ? "namespace, address, user, domain, private, key, op, opc, p-cscf, p-cscf-name or transport"
                    : "namespace or address");
}

/* ---- The whole ---- */

/* What follows from the rest. */
static void complete(struct core_user *user)
{
    struct sink aor = SINK(user->aor), route = SINK(user->p_cscf_route);

    sink_format(&aor, "sip:%s@%s", user->user, user->domain);
    sink_string(&aor);
    if (user->private_identity[0] == 0) {
        struct sink private = SINK(user->private_identity);

        sink_format(&private, "%s@%s", user->user, user->domain);
        sink_string(&private);
    }
    if (user->p_cscf_name[0] == 0)
        check(inet_ntop(AF_INET, &user->p_cscf, user->p_cscf_name, CORE_TEXT_SIZE) != NULL);
    sink_format(&route, "sip:mo@%s:%u;lr", user->p_cscf_name, user->p_cscf_port);
    sink_string(&route);
}

static enum err finish(struct reading *reading, struct note *note)
{
    static const int needed[] = {KEY_ADDRESS, KEY_USER, KEY_DOMAIN, KEY_KEY, KEY_P_CSCF};

    for (int i = 0; i < 2; i++) {
        struct core_user *user = &reading->core.users[i];
        bool has_op = reading->seen[i] & 1U << KEY_OP, has_opc = reading->seen[i] & 1U << KEY_OPC;

        for (size_t key = 0; key < sizeof(needed) / sizeof(*needed); key++)
            if (!(reading->seen[i] & 1U << needed[key]))
                return note_set(note, ERR_SYNTAX, "%s: [ue-%c] has no %s", reading->name, 'a' + i,
                                keys[needed[key]].name);
        if (has_op == has_opc)
            return note_set(note, ERR_SYNTAX, "%s: [ue-%c]: expected one of op and opc", reading->name, 'a' + i);
        if (has_op)
            milenage_opc(user->key.k, reading->op[i], user->key.opc);
        complete(user);
    }
    if (reading->core.users[0].transport != reading->core.users[1].transport)
        return note_set(note, ERR_SYNTAX, "%s: expected the same transport for both users", reading->name);
    if (reading->core.users[0].place.address.s_addr == reading->core.users[1].place.address.s_addr)
        return note_set(note, ERR_SYNTAX, "%s: expected an address of its own for each user", reading->name);
    for (uint32_t i = 0; i < reading->core.relay_count; i++)
        if (reading->core.relays[i].address.s_addr == 0)
            return note_set(note, ERR_SYNTAX, "%s: [relay-%u] has no address", reading->name, i + 1);
    return ERR_OK;
}

enum err core_file_parse(struct span text, const char *name, struct core *core, struct note *note)
{
    struct reading reading = {
        .name = name, .user = -1, .relay = -1, .core.users = {{.transport = SIP_UDP}, {.transport = SIP_UDP}}};
    struct span line;

    while (input_cut_line(&text, &line)) {
        reading.line++;
        line = span_trim(line);
        if (line.size == 0 || line.data[0] == '#')
            continue;
        if (line.data[0] == '[')
            TRY(take_section(&reading, line, note));
        else
            TRY(take_line(&reading, line, note));
    }
    TRY(finish(&reading, note));
    *core = reading.core;
    return ERR_OK;
}

enum err core_file_read(const char *path, struct core *core, struct note *note)
{
    struct input input;

    TRY(input_read(INPUT_SCENARIO, span_of(path), (struct span){"", 0}, &input, note));
    enum err error = core_file_parse(input.text, input.name, core, note);

    input_free(&input);
    return error;
}
