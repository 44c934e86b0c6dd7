/* SPDX-License-Identifier: GPL-3.0-or-later */
/* AUTH at one relay and through another, and a SEND over two and four relays, message by message. */
#include "sim/proto/msrp_digest.h"
#include "sim/proto/msrp_relay.h"
#include "tests/unit.h"

#include <openssl/evp.h>

enum { ARENA_SIZE = 4 << 20 };

#define CLIENT "msrp://192.168.80.1:7394/client;tcp"
#define PEER "msrp://192.168.80.3:7394/peer;tcp"

static struct arena *arena;

static void md5(const struct span *parts, size_t count, char hex[32])
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    unsigned char digest[EVP_MAX_MD_SIZE];

    EVP_DigestInit_ex(context, EVP_md5(), NULL);
    for (size_t i = 0; i < count; i++)
        EVP_DigestUpdate(context, parts[i].data, parts[i].size);
    EVP_DigestFinal_ex(context, digest, NULL);
    EVP_MD_CTX_free(context);
    for (int i = 0; i < 16; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
}

static struct msrp_relay *relay_at(const char *uri, uint64_t identity)
{
    struct msrp_relay_config config = {
        .uri = uri, .realm = "open-ims.test", .user = "alice", .password = "secret", .identity = identity, .md5 = md5};

    return msrp_relay_create(arena, &config);
}

static struct msrp_auth *client_of(const char *to_path, const char *password)
{
    struct msrp_auth_config config = {.to_path = to_path,
                                      .from_path = CLIENT,
                                      .user = "alice",
                                      .realm_password = password,
                                      .identity = 7,
                                      .md5 = md5};

    return msrp_auth_create(arena, &config);
}

struct message {
    char text[4096];
    struct sink sink;
    struct msrp_head head;
};

static void begin(struct message *message)
{
    message->sink = SINK(message->text);
}

/* Parses what was written; it must be one whole message. */
static bool parsed(struct message *message)
{
    struct span text = sink_written(&message->sink);
    size_t size, end_size = 0;
    char flag;

    if (message->sink.overflow || msrp_parse_head(text, &message->head, &size) != ERR_OK)
        return false;
    if (message->head.has_body)
        return size == text.size;
    return msrp_parse_end(span_after(text, size), message->head.transaction_id, &flag, &end_size) == ERR_OK &&
           size + end_size == text.size;
}

/* Forwards a head, and for messages without a body the end-line. */
static bool forward(struct msrp_relay *relay, struct message *from, struct span id, struct message *to)
{
    struct msrp_relay_forward how = {.transaction_id = id};

    begin(to);
    msrp_relay_forward_head(relay, &from->head, &how, &to->sink);
    struct span text = sink_written(&to->sink), line;

    if (!from->head.has_body && span_cut_until(&text, ' ', &line) == ERR_OK &&
        span_cut_until(&text, ' ', &line) == ERR_OK)
        msrp_write_end(line, '$', &to->sink);
    return parsed(to);
}

static enum msrp_auth_step ask(struct msrp_auth *auth, struct msrp_relay *relay, struct message *answer)
{
    struct message request;

    begin(&request);
    msrp_auth_request(auth, &request.sink);
    CU_ASSERT_TRUE_FATAL(parsed(&request));
    begin(answer);
    msrp_relay_auth(relay, &request.head, &answer->sink);
    CU_ASSERT_TRUE_FATAL(parsed(answer));
    return msrp_auth_answered(auth, &answer->head);
}

static void test_digest(void)
{
    struct msrp_digest digest = {.user = SPAN("Alice"),
                                 .realm = SPAN("intra.example.com"),
                                 .password = SPAN("Circle Of Life"),
                                 .nonce = SPAN("dcd98b7102dd2f0e8b11d0f600bfb0c093"),
                                 .count = SPAN("00000001"),
                                 .cnonce = SPAN("0a4f113b"),
                                 .uri = SPAN("msrps://intra.example.com;tcp")};
    char response[32];

    msrp_digest_response(&digest, md5, response);
    CU_ASSERT_TRUE(span_equal((struct span){response, 32}, SPAN("78db1462c919e0dd5167323830606763")));
}

static void test_auth(void)
{
    struct message answer;

    arena_reset(arena);
    struct msrp_relay *relay = relay_at("msrps://192.168.80.128:2855", 1);
    struct msrp_auth *auth = client_of("msrps://192.168.80.128:2855;tcp", "secret");

    CU_ASSERT_EQUAL(ask(auth, relay, &answer), MSRP_AUTH_AGAIN);
    CU_ASSERT_EQUAL(answer.head.status, 401);
    CU_ASSERT_TRUE(span_equal(answer.head.to_path, SPAN(CLIENT)));
    CU_ASSERT_TRUE(span_equal(answer.head.from_path, SPAN("msrps://192.168.80.128:2855;tcp")));
    CU_ASSERT_EQUAL(ask(auth, relay, &answer), MSRP_AUTH_DONE);
    CU_ASSERT_TRUE(answer.head.status == 200 && span_equal(answer.head.expires, SPAN("1800")));
    struct span path = span_of(msrp_auth_use_path(auth)), uri;
    struct msrp_uri parts;

    CU_ASSERT_TRUE(msrp_path_next(&path, &uri) && msrp_parse_uri(uri, &parts) == ERR_OK);
    CU_ASSERT_TRUE(parts.is_secure && parts.port == 2855 && parts.session_id.size == 12);
    CU_ASSERT_FALSE(msrp_path_next(&path, &uri));
}

static void test_refused(void)
{
    struct message answer;

    arena_reset(arena);
    struct msrp_relay *relay = relay_at("msrps://r:1", 1);
    struct msrp_auth *auth = client_of("msrps://r:1;tcp", "wrong");

    CU_ASSERT_EQUAL(ask(auth, relay, &answer), MSRP_AUTH_AGAIN);
    CU_ASSERT_EQUAL(ask(auth, relay, &answer), MSRP_AUTH_REFUSED);
    CU_ASSERT_EQUAL(answer.head.status, 403);
    CU_ASSERT_EQUAL(answer.head.use_path.size, 0);
}

/* Right credentials that come again, or after many other challenges, are only old; wrong ones are not called so. */
static void test_stale(void)
{
    struct message request, answer;
    struct span stale;

    arena_reset(arena);
    struct msrp_relay *relay = relay_at("msrps://r:1", 1);
    struct msrp_auth *auth = client_of("msrps://r:1;tcp", "secret");

    CU_ASSERT_EQUAL(ask(auth, relay, &answer), MSRP_AUTH_AGAIN);
    begin(&request);
    msrp_auth_request(auth, &request.sink);
    CU_ASSERT_TRUE_FATAL(parsed(&request));
    for (int i = 0; i < 2; i++) {
        begin(&answer);
        msrp_relay_auth(relay, &request.head, &answer.sink);
        CU_ASSERT_TRUE_FATAL(parsed(&answer));
        CU_ASSERT_EQUAL(answer.head.status, i == 0 ? 200 : 401);
    }
    CU_ASSERT_TRUE(msrp_digest_parameter(answer.head.www_authenticate, SPAN("stale"), &stale));
    CU_ASSERT_EQUAL(msrp_auth_answered(auth, &answer.head), MSRP_AUTH_AGAIN);
    for (int i = 0; i < 1024; i++) {
        struct message other;

        CU_ASSERT_EQUAL(ask(client_of("msrps://r:1;tcp", "secret"), relay, &other), MSRP_AUTH_AGAIN);
    }
    CU_ASSERT_EQUAL(ask(auth, relay, &answer), MSRP_AUTH_AGAIN); /* 1024 challenges later */
    CU_ASSERT_EQUAL(ask(auth, relay, &answer), MSRP_AUTH_DONE);
}

static int status_of(struct msrp_relay *relay, const char *authorization, const char *expires)
{
    struct msrp_head head = {.is_request = true,
                             .method = SPAN("AUTH"),
                             .transaction_id = SPAN("abcd"),
                             .to_path = SPAN("msrps://r:1;tcp"),
                             .from_path = SPAN(CLIENT),
                             .authorization = span_of(authorization),
                             .expires = span_of(expires)};
    struct message answer;

    begin(&answer);
    msrp_relay_auth(relay, &head, &answer.sink);
    return parsed(&answer) ? answer.head.status : 0;
}

static void test_bad_requests(void)
{
    arena_reset(arena);
    struct msrp_relay *relay = relay_at("msrps://r:1", 1);

    CU_ASSERT_EQUAL(status_of(relay, "", ""), 401);
    CU_ASSERT_EQUAL(status_of(relay, "", "59"), 423);
    CU_ASSERT_EQUAL(status_of(relay, "", "60"), 401);
    CU_ASSERT_EQUAL(status_of(relay, "", "3601"), 423);
    CU_ASSERT_EQUAL(status_of(relay, "", "soon"), 400);
    CU_ASSERT_EQUAL(status_of(relay, "Basic YWxpY2U=", ""), 401);
    CU_ASSERT_EQUAL(status_of(relay, "Digest nonce=\"0123456789ab0123456789abcdef\"", ""), 401);
    CU_ASSERT_EQUAL(status_of(relay, "Digest nonce=\"", ""), 401);
    CU_ASSERT_EQUAL(status_of(relay, "Digest =,=,\"=", ""), 401);
}

static void test_strange_challenges(void)
{
    static const char *const challenges[] = {
        "",
        "Basic realm=\"x\"",
        "Digest realm=\"x\", qop=\"auth\"",
        "Digest realm=\"x\", nonce=\"y\", qop=\"auth-int\"",
        "Digest realm=\"x\", nonce=\"y\"",
        "Digest realm=\"x\", nonce=\"y\", qop=\"auth\", algorithm=SHA-256",
    };

    for (size_t i = 0; i < sizeof(challenges) / sizeof(challenges[0]); i++) {
        struct message request;
        struct msrp_head answer = {.status = 401, .www_authenticate = span_of(challenges[i])};

        arena_reset(arena);
        struct msrp_auth *auth = client_of("msrps://r:1;tcp", "secret");

        begin(&request);
        msrp_auth_request(auth, &request.sink);
        CU_ASSERT_TRUE_FATAL(parsed(&request));
        answer.transaction_id = request.head.transaction_id;
        CU_ASSERT_EQUAL(msrp_auth_answered(auth, &answer), MSRP_AUTH_REFUSED);
    }
}

/* AUTH at the second relay goes through the first; its answer comes back the same way. */
static enum msrp_auth_step ask_through(struct msrp_auth *auth, struct msrp_relay *first, struct msrp_relay *second,
                                       struct message *back)
{
    struct message request, onward, answer;
    struct span next, id;

    begin(&request);
    msrp_auth_request(auth, &request.sink);
    CU_ASSERT_TRUE_FATAL(parsed(&request));
    CU_ASSERT_EQUAL(msrp_relay_route(first, &request.head, &next), MSRP_RELAY_FORWARD);
    CU_ASSERT_TRUE(span_equal(next, SPAN("msrps://r2:2855;tcp")));
    CU_ASSERT_TRUE_FATAL(forward(first, &request, (struct span){0}, &onward));
    CU_ASSERT_FALSE(span_equal(onward.head.transaction_id, request.head.transaction_id));
    CU_ASSERT_EQUAL(msrp_relay_route(second, &onward.head, &next), MSRP_RELAY_FOR_US);
    begin(&answer);
    msrp_relay_auth(second, &onward.head, &answer.sink);
    CU_ASSERT_TRUE_FATAL(parsed(&answer));
    CU_ASSERT_EQUAL(msrp_relay_route(first, &answer.head, &next), MSRP_RELAY_FORWARD);
    CU_ASSERT_TRUE(span_equal(next, SPAN(CLIENT)));
    id = request.head.transaction_id;
    CU_ASSERT_TRUE_FATAL(forward(first, &answer, id, back));
    return msrp_auth_answered(auth, &back->head);
}

/* The Use-Path of a client behind two relays, as a string that lasts until the arena is reset. */
static const char *use_path_of_two(struct msrp_relay *first, struct msrp_relay *second)
{
    char text[512];
    struct sink to = SINK(text);
    struct message answer;
    struct msrp_auth *auth = client_of("msrps://r1:2855;tcp", "secret");

    CU_ASSERT_EQUAL(ask(auth, first, &answer), MSRP_AUTH_AGAIN);
    CU_ASSERT_EQUAL(ask(auth, first, &answer), MSRP_AUTH_DONE);
    sink_text(&to, msrp_auth_use_path(auth));
    sink_text(&to, " msrps://r2:2855;tcp");
    auth = client_of(sink_string(&to), "secret");
    CU_ASSERT_EQUAL(ask_through(auth, first, second, &answer), MSRP_AUTH_AGAIN);
    CU_ASSERT_EQUAL(ask_through(auth, first, second, &answer), MSRP_AUTH_DONE);
    CU_ASSERT_TRUE(span_equal(answer.head.to_path, SPAN(CLIENT)));
    return msrp_auth_use_path(auth);
}

static void test_auth_through_relay(void)
{
    arena_reset(arena);
    struct msrp_relay *first = relay_at("msrps://r1:2855", 1), *second = relay_at("msrps://r2:2855", 2);
    struct span path = span_of(use_path_of_two(first, second)), uri;

    CU_ASSERT_TRUE(msrp_path_next(&path, &uri) && span_starts(uri, SPAN("msrps://r2:2855/")));
    CU_ASSERT_TRUE(msrp_path_next(&path, &uri) && span_starts(uri, SPAN("msrps://r1:2855/")));
    CU_ASSERT_FALSE(msrp_path_next(&path, &uri));
}

/* Carries a SEND along To-Path over the relays; at the end only the peer is left to go to. */
static void carry(struct msrp_relay *const *relays, size_t count, struct span to, struct message *message)
{
    begin(message);
    message->head = (struct msrp_head){.is_request = true,
                                       .method = SPAN("SEND"),
                                       .transaction_id = SPAN("first"),
                                       .to_path = to,
                                       .from_path = SPAN(CLIENT),
                                       .message_id = SPAN("m123"),
                                       .has_range = true,
                                       .range = {1, 10, 10},
                                       .content_type = SPAN("text/plain"),
                                       .has_body = true};
    msrp_write_head(&message->head, &message->sink);
    CU_ASSERT_TRUE_FATAL(parsed(message));
    for (size_t i = 0; i < count; i++) {
        struct message onward;
        struct span next;

        CU_ASSERT_EQUAL_FATAL(msrp_relay_route(relays[i], &message->head, &next), MSRP_RELAY_FORWARD);
        CU_ASSERT_EQUAL(msrp_relay_route(relays[(i + 1) % count], &message->head, &next), MSRP_RELAY_NOT_OURS);
        CU_ASSERT_TRUE_FATAL(forward(relays[i], message, (struct span){0}, &onward));
        begin(message);
        sink_span(&message->sink, sink_written(&onward.sink));
        CU_ASSERT_TRUE_FATAL(parsed(message));
    }
}

/* One relay a side: the way out is the own relay, then the peer's path as its SDP gives it. */
static void test_two_relays(void)
{
    char text[1024], session[256], wanted_text[1024];
    struct sink to = SINK(text), theirs = SINK(session), wanted = SINK(wanted_text);
    struct message message;

    arena_reset(arena);
    struct msrp_relay *relays[2] = {relay_at("msrps://a1:2855", 1), relay_at("msrps://b1:2855", 3)};

    msrp_relay_session_uri(relays[0], &to);
    msrp_relay_session_uri(relays[1], &theirs);
    size_t own = to.size;

    sink_format(&to, " %s " PEER, sink_string(&theirs));
    carry(relays, 2, sink_written(&to), &message);
    CU_ASSERT_TRUE(span_equal(message.head.to_path, SPAN(PEER)));
    sink_format(&wanted, "%s %.*s " CLIENT, sink_string(&theirs), (int)own, text);
    CU_ASSERT_TRUE(span_equal(message.head.from_path, sink_written(&wanted)));
    CU_ASSERT_TRUE(message.head.has_body && message.head.range.end == 10);
}

static void test_four_relays(void)
{
    char text[2048];
    struct sink to = SINK(text);
    struct message message;
    struct msrp_relay *relays[4];
    struct span path, uri;
    size_t count = 0;

    arena_reset(arena);
    relays[0] = relay_at("msrps://r1:2855", 1);
    relays[1] = relay_at("msrps://r2:2855", 2);
    relays[2] = relay_at("msrps://s2:2855", 3);
    relays[3] = relay_at("msrps://s1:2855", 4);
    msrp_path_reverse(span_of(use_path_of_two(relays[0], relays[1])), &to);
    sink_char(&to, ' ');
    msrp_relay_session_uri(relays[2], &to);
    sink_char(&to, ' ');
    msrp_relay_session_uri(relays[3], &to);
    sink_text(&to, " " PEER);
    carry(relays, 4, sink_written(&to), &message);
    CU_ASSERT_TRUE(span_equal(message.head.to_path, SPAN(PEER)));
    for (path = message.head.from_path; msrp_path_next(&path, &uri); count++)
        continue;
    CU_ASSERT_EQUAL(count, 5);
    CU_ASSERT_TRUE(span_equal(uri, SPAN(CLIENT)));

    /* The answer to the SEND goes one hop back; a REPORT goes all the way. */
    struct msrp_head answer = msrp_response_head(&message.head, 200);

    CU_ASSERT_TRUE(span_starts(answer.to_path, SPAN("msrps://s1:2855/")));
    CU_ASSERT_TRUE(span_find_byte(answer.to_path, ' ') == answer.to_path.size);
    struct message report;

    begin(&report);
    CU_ASSERT_TRUE(msrp_relay_report(relays[3], &message.head, 408, &report.sink) && parsed(&report));
    CU_ASSERT_TRUE(span_equal(report.head.report_status, SPAN("000 408 Request Timeout")));
    for (size_t i = 4; i-- > 0;) {
        struct message onward;

        CU_ASSERT_TRUE_FATAL(forward(relays[i], &report, (struct span){0}, &onward));
        begin(&report);
        sink_span(&report.sink, sink_written(&onward.sink));
        CU_ASSERT_TRUE_FATAL(parsed(&report));
    }
    CU_ASSERT_TRUE(span_equal(report.head.to_path, SPAN(CLIENT)));
}

static void test_foreign(void)
{
    static const char *const paths[] = {
        "msrps://r:1/000000000000;tcp " PEER, /* a session that nobody gave */
        "msrps://r:1/short;tcp " PEER,
        "msrps://r:1;tcp " PEER, /* none */
        "msrps://r:2;tcp",
        "msrp://r:1;tcp",
        "msrps://q:1;tcp",
        "nonsense",
    };

    arena_reset(arena);
    struct msrp_relay *relay = relay_at("msrps://r:1", 1);

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct msrp_head head = {.is_request = true, .method = SPAN("SEND"), .to_path = span_of(paths[i])};
        struct span next;

        CU_ASSERT_EQUAL(msrp_relay_route(relay, &head, &next), MSRP_RELAY_NOT_OURS);
    }
    struct message message;

    begin(&message);
    msrp_relay_session_uri(relay, &message.sink);
    struct msrp_head head = {.is_request = true, .method = SPAN("SEND"), .to_path = sink_written(&message.sink)};
    struct span next;

    CU_ASSERT_EQUAL(msrp_relay_route(relay, &head, &next), MSRP_RELAY_FOR_US);
}

static void test_b2bua(void)
{
    struct msrp_relay_config config = {.uri = "msrps://sbc:2855", .identity = 9, .is_b2bua = true};
    struct msrp_relay_forward how = {.b2bua_to = PEER, .b2bua_from = "msrps://sbc:2855/out;tcp"};
    struct message message;
    struct span next;

    arena_reset(arena);
    struct msrp_relay *relay = msrp_relay_create(arena, &config);
    struct msrp_head head = {.is_request = true,
                             .method = SPAN("SEND"),
                             .transaction_id = SPAN("abcd"),
                             .to_path = SPAN("msrps://sbc:2855/in;tcp"),
                             .from_path = SPAN(CLIENT),
                             .message_id = SPAN("m123"),
                             .has_range = true,
                             .range = {1, 100000, 200000},
                             .content_type = SPAN("a/b"),
                             .has_body = true};

    CU_ASSERT_EQUAL(msrp_relay_route(relay, &head, &next), MSRP_RELAY_FOR_US);
    head.method = SPAN("NICKNAME");
    CU_ASSERT_EQUAL(msrp_relay_route(relay, &head, &next), MSRP_RELAY_UNKNOWN);
    head.method = SPAN("AUTH");
    CU_ASSERT_EQUAL(msrp_relay_route(relay, &head, &next), MSRP_RELAY_UNKNOWN);
    head.method = SPAN("SEND");
    how.range_start = 2049;
    how.range_end = 4096;
    begin(&message);
    msrp_relay_forward_head(relay, &head, &how, &message.sink);
    CU_ASSERT_TRUE_FATAL(parsed(&message));
    CU_ASSERT_TRUE(span_equal(message.head.to_path, SPAN(PEER)));
    CU_ASSERT_TRUE(span_equal(message.head.from_path, SPAN("msrps://sbc:2855/out;tcp")));
    CU_ASSERT_EQUAL(message.head.transaction_id.size, 12);
    CU_ASSERT_TRUE(message.head.range.start == 2049 && message.head.range.end == 4096);
    CU_ASSERT_EQUAL(message.head.range.total, 200000);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"the digest is RFC 2617's with AUTH and the relay's URI", test_digest},
        {"AUTH is challenged, then gives a session URI", test_auth},
        {"a wrong password is refused", test_refused},
        {"used and old nonces are stale, not wrong", test_stale},
        {"AUTH requests out of bounds or without sense are answered so", test_bad_requests},
        {"challenges that cannot be met are not met", test_strange_challenges},
        {"AUTH at a second relay goes through the first", test_auth_through_relay},
        {"a SEND crosses one relay a side", test_two_relays},
        {"a SEND crosses two relays a side, a REPORT comes back", test_four_relays},
        {"what a relay did not give is not its own", test_foreign},
        {"a B2BUA starts a leg of its own and cuts chunks again", test_b2bua},
        {NULL, NULL},
    };

    arena = arena_create(ARENA_SIZE);
    return arena ? unit_run("msrp relay", tests) : 3;
}
