/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * register_lab.h - a UE, its P-CSCF, an I-CSCF and an S-CSCF without a network, and an HSS that does as the test says.
 * Messages take a millisecond; each is logged and read by libosip2. The USIM believes what AUTN begins with: 1 good, 2
 * not from home, 3 not fresh; RES is RAND's first half turned around.
 */
#ifndef TESTS_SIM_PROTO_REGISTER_LAB_H
#define TESTS_SIM_PROTO_REGISTER_LAB_H

#include "sim/base/check.h"
#include "sim/base/units.h"
#include "sim/proto/sip_proxy.h"
#include "sim/proto/sip_ua.h"
#include "sim/wire/diameter.h"
#include "sim/wire/sip.h"
#include "tests/unit.h"

#include <openssl/evp.h>
#include <osipparser2/osip_parser.h>
#include <stdio.h>
#include <stdlib.h>

enum lab_node { UE, P, I, S, LAB_NODES };
enum { LAB_LOG_MAX = 256, LAB_TEXT_MAX = 4096 };

struct lab_message {
    int64_t at_ns;
    int from, to; /* enum lab_node; LAB_NODES: nobody of the lab */
    bool has_come;
    size_t size;
    char kind[32];
    char text[LAB_TEXT_MAX];
};

struct lab_question {
    int64_t at_ns;
    int from;
    uint32_t command, type;
    bool is_data_available;
    char user[64], identity[64], network[64], server[64];
    size_t authorization_size;
    uint8_t authorization[64];
};

struct lab {
    struct arena *arena;
    struct sip_ua *ua;
    struct sip_proxy *proxies[LAB_NODES];
    struct sip_outbox *outbox;
    int64_t now_ns, wakes_ns[LAB_NODES];
    size_t count, asked;
    struct lab_message log[LAB_LOG_MAX];
    struct lab_question questions[64];
    uint64_t lose, twice; /* the number of a message from 1; 0: none */
    bool is_cut;          /* nothing arrives */
    bool is_wild;         /* messages may be damaged */

    /* HSS */
    bool is_silent, names_server;
    uint32_t uar_result;
    bool uar_is_experimental;
    uint32_t capability;
    char autn[8]; /* what AUTN begins with, of each vector in turn; the last goes on */
    int vectors;
    const char *profile;

    /* UE */
    bool res_is_wrong;
    int told, status; /* the last thing told */
    int tellings[32];

    struct sip_ua_registration registration;
    struct sip_registrar_config registrars[LAB_NODES];
    struct sip_server servers[3];
    struct sip_name names[4];
};

static const struct {
    const char *name;
    uint32_t address;
    uint16_t port;
} lab_places[LAB_NODES] = {[UE] = {"192.168.80.1", 0xC0A85001, 5060},
                           [P] = {"pcscf.open-ims.test", 0xC0A85080, 4060},
                           [I] = {"icscf.open-ims.test", 0xC0A85080, 5060},
                           [S] = {"scscf.open-ims.test", 0xC0A85080, 6060}};

static const char lab_profile[] =
    "<IMSSubscription><PrivateID>alice@open-ims.test</PrivateID><ServiceProfile><PublicIdentity>"
    "<BarringIndication>1</BarringIndication><Identity>sip:4711@open-ims.test</Identity></PublicIdentity>"
    "<PublicIdentity><Identity>sip:alice@open-ims.test</Identity></PublicIdentity>"
    "<PublicIdentity><Identity>tel:+491711234567</Identity></PublicIdentity></ServiceProfile></IMSSubscription>";

static inline void lab_md5(const struct span *parts, size_t count, char hex[SIP_DIGEST_SIZE])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t hash[16];
    struct sink sink = {.data = hex, .capacity = SIP_DIGEST_SIZE};

    check(context && EVP_DigestInit_ex(context, EVP_md5(), NULL) == 1);
    for (size_t i = 0; i < count; i++)
        check(EVP_DigestUpdate(context, parts[i].data, parts[i].size) == 1);
    check(EVP_DigestFinal_ex(context, hash, NULL) == 1);
    EVP_MD_CTX_free(context);
    for (size_t i = 0; i < sizeof(hash); i++)
        sink_hex(&sink, hash[i], 2);
}

static inline enum sip_usim_verdict lab_usim(void *context, const uint8_t rand[SIP_RAND_SIZE],
                                             const uint8_t autn[SIP_AUTN_SIZE], struct sip_usim_answer *answer)
{
    const struct lab *lab = context;

    if (autn[0] == 2)
        return SIP_USIM_BAD_MAC;
    if (autn[0] == 3) {
        memset(answer->auts, 'S', sizeof(answer->auts));
        return SIP_USIM_OUT_OF_SYNC;
    }
    answer->res_size = 8;
    for (int i = 0; i < 8; i++)
        answer->res[i] = rand[7 - i];
    answer->res[0] ^= lab->res_is_wrong;
    memset(answer->ck, 0xc5, sizeof(answer->ck));
    memset(answer->ik, 0x1a, sizeof(answer->ik));
    return SIP_USIM_GOOD;
}

static inline struct sip_hop lab_hop(enum lab_node node)
{
    return (struct sip_hop){lab_places[node].address, lab_places[node].port, SIP_UDP};
}

static inline void lab_add_proxy(struct lab *lab, enum lab_node node, enum cscf_role role)
{
    lab->registrars[node] = (struct sip_registrar_config){.network = "open-ims.test",
                                                          .servers = lab->servers,
                                                          .server = lab->servers[0].uri,
                                                          .expires_s_min = 60,
                                                          .expires_s_max = SIP_EXPIRES_S,
                                                          .watches_expiry = true,
                                                          .security_server = "ipsec-3gpp; q=0.1; alg=hmac-sha-1-96",
                                                          .md5 = lab_md5};
    struct sip_proxy_config config = {.role = role,
                                      .name = lab_places[node].name,
                                      .port = lab_places[node].port,
                                      .domain = "open-ims.test",
                                      .i_cscf = lab_hop(I),
                                      .names = lab->names,
                                      .timers = sip_timers_core,
                                      .timers_ue = sip_timers_gm,
                                      .identity = 100 + (uint64_t)node,
                                      .registrar = &lab->registrars[node]};

    lab->proxies[node] = sip_proxy_create(lab->arena, &config);
}

static inline struct lab *lab_create(const char *security_client)
{
    struct lab *lab = calloc(1, sizeof(*lab));

    check(lab != NULL);
    lab->arena = arena_create(64 * MIB);
    lab->outbox = calloc(1, sizeof(*lab->outbox));
    check(lab->arena && lab->outbox);
    parser_init();
    lab->uar_result = DIAMETER_FIRST_REGISTRATION;
    lab->uar_is_experimental = true;
    lab->capability = 1;
    lab->autn[0] = 1;
    lab->profile = lab_profile;
    lab->servers[0] = (struct sip_server){"sip:scscf.open-ims.test:6060", 1};
    lab->servers[1] = (struct sip_server){"sip:elsewhere.open-ims.test:6060", 2};
    for (int node = P; node <= S; node++)
        lab->names[node - P] = (struct sip_name){lab_places[node].name, lab_hop((enum lab_node)node)};
    for (int node = 0; node < LAB_NODES; node++)
        lab->wakes_ns[node] = INT64_MAX;
    lab->registration = (struct sip_ua_registration){.private_identity = "alice@open-ims.test",
                                                     .p_cscf = "sip:mo@pcscf.open-ims.test:4060;lr",
                                                     .expires_s = SIP_EXPIRES_S,
                                                     .refreshes = true,
                                                     .security_client = security_client,
                                                     .md5 = lab_md5,
                                                     .usim = lab_usim,
                                                     .usim_context = lab};
    struct sip_ua_config config = {.user = "alice",
                                   .domain = "open-ims.test",
                                   .host = lab_places[UE].name,
                                   .port = lab_places[UE].port,
                                   .p_cscf = lab_hop(P),
                                   .identity = 7,
                                   .timers = sip_timers_gm,
                                   .registration = &lab->registration};

    lab->ua = sip_ua_create(lab->arena, &config);
    lab_add_proxy(lab, P, CSCF_P);
    lab_add_proxy(lab, I, CSCF_I);
    lab_add_proxy(lab, S, CSCF_S);
    return lab;
}

static inline void lab_destroy(struct lab *lab)
{
    arena_destroy(lab->arena);
    free(lab->outbox);
    free(lab);
}

/* ---- HSS ---- */

static inline void lab_copy(char *place, size_t size, struct span text)
{
    struct sink sink = {.data = place, .capacity = size};

    sink_span(&sink, text);
    (void)sink_string(&sink);
}

static inline void lab_note(struct lab *lab, int from, const struct diameter_message *question)
{
    struct lab_question *noted = &lab->questions[lab->asked++];

    check(lab->asked < sizeof(lab->questions) / sizeof(lab->questions[0]));
    noted->at_ns = lab->now_ns;
    noted->from = from;
    noted->command = question->command;
    noted->type =
        question->command == DIAMETER_USER_AUTHORIZATION ? question->authorization_type : question->assignment_type;
    noted->is_data_available = question->is_data_available != 0;
    lab_copy(noted->user, sizeof(noted->user), question->user_name);
    lab_copy(noted->identity, sizeof(noted->identity), question->public_identity);
    lab_copy(noted->network, sizeof(noted->network), question->visited_network);
    lab_copy(noted->server, sizeof(noted->server), question->server_name);
    noted->authorization_size = question->authorization.size;
    if (question->authorization.size > 0)
        memcpy(noted->authorization, question->authorization.data, question->authorization.size);
}

static inline void lab_answer(struct lab *lab, const struct diameter_message *question, struct diameter_message *answer,
                              uint8_t vector[40])
{
    static const uint8_t ck[SIP_KEY_SIZE] = {0xc5, 0xc5, 0xc5, 0xc5, 0xc5, 0xc5, 0xc5, 0xc5,
                                             0xc5, 0xc5, 0xc5, 0xc5, 0xc5, 0xc5, 0xc5, 0xc5};
    static const uint8_t ik[SIP_KEY_SIZE] = {0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a,
                                             0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a, 0x1a};

    *answer = (struct diameter_message){.command = question->command, .result = DIAMETER_SUCCESS};
    if (question->command == DIAMETER_USER_AUTHORIZATION) {
        answer->result = lab->uar_result;
        answer->is_experimental = lab->uar_is_experimental;
        answer->capability = lab->capability;
        if (lab->names_server)
            answer->server_name = span_of(lab->servers[0].uri);
    } else if (question->command == DIAMETER_MULTIMEDIA_AUTH) {
        int kind = lab->autn[lab->vectors] ? lab->autn[lab->vectors] : lab->autn[lab->vectors - 1];

        for (int i = 0; i < 16; i++)
            vector[i] = (uint8_t)(16 * lab->vectors + i);
        memset(vector + 16, kind, 16);
        for (int i = 0; i < 8; i++)
            vector[32 + i] = vector[7 - i];
        lab->vectors++;
        answer->authenticate = (struct span){(const char *)vector, 32};
        answer->authorization = (struct span){(const char *)vector + 32, 8};
        answer->confidentiality_key = (struct span){(const char *)ck, sizeof(ck)};
        answer->integrity_key = (struct span){(const char *)ik, sizeof(ik)};
    } else if (question->is_data_available == 0) {
        answer->user_data = span_of(lab->profile);
    }
}

/* ---- The way of messages ---- */

static inline void lab_do(struct lab *lab, enum lab_node node);

static inline void lab_send(struct lab *lab, enum lab_node from, const struct sip_output *item)
{
    struct lab_message *message = &lab->log[lab->count++];
    struct sink kind = SINK(message->kind);
    osip_message_t *parsed;

    check(lab->count < LAB_LOG_MAX && item->head.size + item->body.length < LAB_TEXT_MAX);
    message->at_ns = lab->now_ns;
    message->from = from;
    message->to = LAB_NODES;
    for (int node = 0; node < LAB_NODES; node++)
        if (lab_places[node].address == item->hop.address && lab_places[node].port == item->hop.port)
            message->to = node;
    message->size = item->head.size + item->body.length;
    memcpy(message->text, item->head.data, item->head.size);
    if (item->body.length > 0)
        slice_read(item->body, 0, message->text + item->head.size, item->body.length);
    CU_ASSERT_EQUAL(sip_kind(item->head, &kind), ERR_OK);
    sink_string(&kind);
    CU_ASSERT_EQUAL_FATAL(osip_message_init(&parsed), 0);
    if (!lab->is_wild)
        CU_ASSERT_EQUAL(osip_message_parse(parsed, message->text, message->size), 0);
    osip_message_free(parsed);
    message->has_come = lab->is_cut || lab->count == lab->lose;
}

static inline void lab_told(struct lab *lab, enum lab_node node, const struct sip_output *item)
{
    struct sip_output copy = *item;
    struct diameter_message answer;
    uint8_t vector[40];

    if (copy.action != SIP_ASK) {
        lab->told = copy.action;
        lab->tellings[copy.action]++;
        lab->status = copy.status;
        return;
    }
    lab_note(lab, node, copy.question);
    lab_answer(lab, copy.question, &answer, vector);
    if (copy.token == 0 || lab->is_silent)
        return;
    sip_proxy_answered(lab->proxies[node], lab->now_ns, copy.token, &answer, lab->outbox);
    lab_do(lab, node);
}

static inline void lab_do(struct lab *lab, enum lab_node node)
{
    struct sip_outbox *out = malloc(sizeof(*out));

    check(out != NULL);
    *out = *lab->outbox;
    lab->wakes_ns[node] = out->wake_ns;
    for (uint32_t i = 0; i < out->count; i++)
        if (out->items[i].action == SIP_SEND)
            lab_send(lab, node, &out->items[i]);
    for (uint32_t i = 0; i < out->count; i++)
        if (out->items[i].action != SIP_SEND)
            lab_told(lab, node, &out->items[i]);
    free(out);
}

static inline void lab_deliver(struct lab *lab, struct lab_message *message)
{
    struct span text = {message->text, message->size};
    size_t head = span_find(text, SPAN("\r\n\r\n")) + 4;
    struct source body = source_memory(message->text + head);
    struct slice slice = {&body, 0, message->size - head};
    struct sip_hop from = lab_hop((enum lab_node)message->from);

    body.lasts = false;
    if (message->to == UE)
        sip_ua_receive(lab->ua, lab->now_ns, from, (struct span){text.data, head}, slice, lab->outbox);
    else
        sip_proxy_receive(lab->proxies[message->to], lab->now_ns, from, (struct span){text.data, head}, slice,
                          lab->outbox);
    lab_do(lab, (enum lab_node)message->to);
}

/* One message or timer by until_ns. */
static inline bool lab_step(struct lab *lab, int64_t until_ns)
{
    struct lab_message *first = NULL;
    int wake = -1;
    int64_t at_ns = until_ns;

    for (size_t i = 0; i < lab->count && !first; i++)
        if (!lab->log[i].has_come && lab->log[i].to != LAB_NODES)
            first = &lab->log[i];
    if (first && first->at_ns + MS <= at_ns)
        at_ns = first->at_ns + MS;
    else
        first = NULL;
    for (int node = 0; node < LAB_NODES; node++)
        if (lab->wakes_ns[node] <= at_ns && (!first || lab->wakes_ns[node] < at_ns)) {
            at_ns = lab->wakes_ns[node];
            wake = node;
        }
    if (!first && wake < 0)
        return false;
    lab->now_ns = at_ns > lab->now_ns ? at_ns : lab->now_ns;
    if (wake >= 0) {
        if (wake == UE)
            sip_ua_wake(lab->ua, lab->now_ns, lab->outbox);
        else
            sip_proxy_wake(lab->proxies[wake], lab->now_ns, lab->outbox);
        lab_do(lab, (enum lab_node)wake);
        return true;
    }
    size_t number = (size_t)(first - lab->log) + 1;

    first->has_come = lab->twice != number;
    if (lab->twice == number)
        lab->twice = 0;
    lab_deliver(lab, first);
    return true;
}

static inline void lab_run(struct lab *lab, int64_t until_ns)
{
    while (lab_step(lab, until_ns))
        ;
    lab->now_ns = until_ns;
}

static inline void lab_register(struct lab *lab)
{
    sip_ua_register(lab->ua, lab->now_ns, lab->outbox);
    lab_do(lab, UE);
}

/* ---- What was said ---- */

/* The n-th message, from 1, of that kind that a node sent; NULL: none. */
static inline const struct lab_message *lab_find(const struct lab *lab, const char *kind, enum lab_node from, int n)
{
    for (size_t i = 0; i < lab->count; i++)
        if (lab->log[i].from == (int)from && strcmp(lab->log[i].kind, kind) == 0 && --n == 0)
            return &lab->log[i];
    return NULL;
}

static inline bool lab_has(const struct lab_message *message, const char *text)
{
    return message && span_find((struct span){message->text, message->size}, span_of(text)) < message->size;
}

static inline int lab_count(const struct lab *lab, uint32_t command, uint32_t type)
{
    int count = 0;

    for (size_t i = 0; i < lab->asked; i++)
        count += lab->questions[i].command == command && lab->questions[i].type == type;
    return count;
}

#endif
