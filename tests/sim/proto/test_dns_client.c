/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/dns_client.h"
#include "sim/base/units.h"
#include "tests/unit.h"

static struct arena *arena;

struct lab {
    struct dns_client *client;
    struct dns_outbox out;
    int64_t now_ns;
    struct dns_message question; /* the last one sent */
};

static struct lab lab_make(uint8_t transport)
{
    arena_reset(arena);
    return (struct lab){.client = dns_client_create(arena, transport)};
}

static void read_question(struct lab *lab)
{
    for (uint32_t i = 0; i < lab->out.count; i++)
        if (lab->out.items[i].action == DNS_SEND)
            CU_ASSERT_EQUAL(dns_parse(lab->out.items[i].bytes, &lab->question), ERR_OK);
}

static void resolve(struct lab *lab, const char *name, uint32_t token)
{
    dns_client_resolve(lab->client, lab->now_ns, span_of(name), token, &lab->out);
    read_question(lab);
}

/* Answers the last question with these records. */
static void answer(struct lab *lab, const struct dns_record *records, uint32_t count, uint8_t rcode)
{
    struct dns_message message = lab->question;
    char bytes[DNS_SIZE_MAX];
    struct sink sink = SINK(bytes);

    message.is_response = true;
    message.rcode = rcode;
    message.count = count;
    for (uint32_t i = 0; i < count; i++)
        message.records[i] = records[i];
    dns_write(&message, &sink);
    dns_client_receive(lab->client, lab->now_ns, sink_written(&sink), &lab->out);
    read_question(lab);
}

static void wake(struct lab *lab)
{
    lab->now_ns = lab->out.wake_ns;
    dns_client_wake(lab->client, lab->now_ns, &lab->out);
    read_question(lab);
}

static bool asks(const struct lab *lab, uint16_t type, const char *name)
{
    return lab->out.count == 1 && lab->out.items[0].action == DNS_SEND && lab->question.type == type &&
           span_equal(span_of(lab->question.name), span_of(name));
}

static bool is_done(const struct lab *lab, int status, uint32_t address, uint16_t port)
{
    const struct dns_output *item = &lab->out.items[0];

    return lab->out.count == 1 && item->action == DNS_DONE && item->status == status &&
           item->entry.address == address && item->entry.port == port;
}

static const struct dns_record naptr[] = {
    {.type = DNS_NAPTR,
     .ttl_s = 300,
     .name = "example.net",
     .order = 90,
     .flags = "s",
     .service = "SIP+D2T",
     .target = "_sip._tcp.example.net"},
    {.type = DNS_NAPTR,
     .ttl_s = 300,
     .name = "example.net",
     .order = 100,
     .preference = 9,
     .flags = "s",
     .service = "SIP+D2U",
     .target = "_sip._udp.later.example.net"},
    {.type = DNS_NAPTR,
     .ttl_s = 300,
     .name = "example.net",
     .order = 100,
     .preference = 8,
     .flags = "s",
     .service = "SIP+D2U",
     .target = "_sip._udp.example.net"},
};
static const struct dns_record srv[] = {
    {.type = DNS_SRV, .ttl_s = 60, .name = "_sip._udp.example.net", .order = 2, .port = 1, .target = "b.example.net"},
    {.type = DNS_SRV,
     .ttl_s = 60,
     .name = "_sip._udp.example.net",
     .order = 1,
     .port = 4060,
     .target = "a.example.net"},
};
static const struct dns_record address = {.type = DNS_A, .ttl_s = 600, .name = "a.example.net", .address = 0xC0000201};

/* RFC 3263 sections 4.1 and 4.2. */
static void test_three_questions(void)
{
    struct lab lab = lab_make(SIP_UDP);

    resolve(&lab, "example.net", 5);
    CU_ASSERT(asks(&lab, DNS_NAPTR, "example.net"));
    CU_ASSERT_TRUE(lab.question.is_recursive);
    answer(&lab, naptr, 3, DNS_NO_ERROR);
    CU_ASSERT(asks(&lab, DNS_SRV, "_sip._udp.example.net"));
    answer(&lab, srv, 2, DNS_NO_ERROR);
    CU_ASSERT(asks(&lab, DNS_A, "a.example.net"));
    answer(&lab, &address, 1, DNS_NO_ERROR);
    CU_ASSERT(is_done(&lab, 0, 0xC0000201, 4060));
    CU_ASSERT_EQUAL(lab.out.items[0].token, 5);
    CU_ASSERT_EQUAL(lab.out.wake_ns, INT64_MAX);
}

/* RFC 2782: what is additional need not be asked for. */
static void test_additional(void)
{
    struct lab lab = lab_make(SIP_UDP);
    const struct dns_record all[] = {naptr[2], srv[1], address};

    resolve(&lab, "example.net", 1);
    answer(&lab, all, 3, DNS_NO_ERROR);
    CU_ASSERT(is_done(&lab, 0, 0xC0000201, 4060));
}

/* Without NAPTR the transport's SRV, without SRV the host itself at the standard port. */
static void test_fallbacks(void)
{
    static const struct {
        uint8_t transport;
        const char *name;
        uint16_t port;
    } rows[] = {{SIP_UDP, "_sip._udp.a.example.net", 5060},
                {SIP_TCP, "_sip._tcp.a.example.net", 5060},
                {SIP_TLS, "_sips._tcp.a.example.net", 5061}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct lab lab = lab_make(rows[i].transport);

        resolve(&lab, "a.example.net", 1);
        answer(&lab, NULL, 0, i == 0 ? DNS_NAME_ERROR : DNS_NO_ERROR);
        CU_ASSERT(asks(&lab, DNS_SRV, rows[i].name));
        answer(&lab, NULL, 0, DNS_NO_ERROR);
        CU_ASSERT(asks(&lab, DNS_A, "a.example.net"));
        answer(&lab, &address, 1, DNS_NO_ERROR);
        CU_ASSERT(is_done(&lab, 0, 0xC0000201, rows[i].port));
    }
}

static void test_nobody(void)
{
    struct lab lab = lab_make(SIP_UDP);

    resolve(&lab, "nowhere.test", 1);
    for (int i = 0; i < 3; i++)
        answer(&lab, NULL, 0, DNS_NAME_ERROR);
    CU_ASSERT(is_done(&lab, 404, 0, 0));
    resolve(&lab, "nowhere.test", 2);
    answer(&lab, NULL, 0, DNS_SERVER_FAILURE);
    CU_ASSERT(is_done(&lab, 504, 0, 0));
}

/* Remembered for the least time to live on the way, here that of the SRV. */
static void test_memory(void)
{
    struct lab lab = lab_make(SIP_UDP);

    resolve(&lab, "example.net", 1);
    answer(&lab, naptr, 3, DNS_NO_ERROR);
    answer(&lab, srv, 2, DNS_NO_ERROR);
    answer(&lab, &address, 1, DNS_NO_ERROR);
    lab.now_ns = 60 * SECOND - 1;
    resolve(&lab, "EXAMPLE.net", 2);
    CU_ASSERT(is_done(&lab, 0, 0xC0000201, 4060));
    lab.now_ns = 60 * SECOND;
    resolve(&lab, "example.net", 3);
    CU_ASSERT(asks(&lab, DNS_NAPTR, "example.net"));
}

static void test_silence(void)
{
    struct lab lab = lab_make(SIP_UDP);

    resolve(&lab, "example.net", 1);
    CU_ASSERT_EQUAL(lab.out.wake_ns, 5 * SECOND);
    wake(&lab);
    CU_ASSERT(asks(&lab, DNS_NAPTR, "example.net"));
    CU_ASSERT_TRUE(lab.out.items[0].is_again);
    CU_ASSERT_EQUAL(dns_client_retransmissions(lab.client), 1);
    wake(&lab);
    CU_ASSERT_EQUAL(lab.now_ns, 10 * SECOND);
    CU_ASSERT(is_done(&lab, 504, 0, 0));
}

/* What does not belong to the question changes nothing: another number, another name, another type, a question. */
static void test_strangers(void)
{
    for (int i = 0; i < 4; i++) {
        struct lab lab = lab_make(SIP_UDP);
        char bytes[DNS_SIZE_MAX];
        struct sink sink = SINK(bytes);

        resolve(&lab, "example.net", 1);
        struct dns_message message = lab.question;

        message.is_response = i != 0;
        message.id = (uint16_t)(message.id + (i == 1));
        message.type = i == 2 ? DNS_A : DNS_NAPTR;
        message.name[0] = i == 3 ? 'f' : 'e';
        dns_write(&message, &sink);
        dns_client_receive(lab.client, lab.now_ns, sink_written(&sink), &lab.out);
        CU_ASSERT_EQUAL(lab.out.count, 0);
        CU_ASSERT_EQUAL(lab.out.wake_ns, 5 * SECOND);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"NAPTR, SRV and A lead to a server", test_three_questions},
        {"what an answer brings along is not asked for", test_additional},
        {"without NAPTR and SRV the name is a host's", test_fallbacks},
        {"a name that nobody has ends in 404, a server that fails in 504", test_nobody},
        {"an answer is remembered for as long as it says", test_memory},
        {"a question is asked twice", test_silence},
        {"strangers' answers change nothing", test_strangers},
        {NULL, NULL},
    };

    arena = arena_create(1 << 20);
    if (!arena)
        return 3;
    int status = unit_run("dns_client", tests);

    arena_destroy(arena);
    return status;
}
