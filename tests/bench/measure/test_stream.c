/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connections: what is written comes over, under TLS only to whom the certificate names, silence and breaks are told.
 */
#include "bench/measure/stream_state.h"
#include "tests/bench/measure/stage.h"
#include "tests/unit.h"

#include <openssl/pem.h>

/* One end of a pair and what it was told. */
struct end {
    struct stream *stream;
    bool is_ready, has_ended;
    enum stream_end how;
    uint64_t received;
    int writable; /* how often it was told of room */
};

static void on_ready(void *context, struct stream *stream)
{
    (void)stream;
    ((struct end *)context)->is_ready = true;
}

static void on_received(void *context, struct stream *stream)
{
    struct end *end = context;

    end->received = stream_in(stream)->end;
    stream_release(stream, end->received);
}

static void on_writable(void *context, struct stream *stream)
{
    (void)stream;
    ((struct end *)context)->writable++;
}

static void on_ended(void *context, struct stream *stream, enum stream_end how)
{
    struct end *end = context;

    (void)stream;
    end->stream = NULL;
    end->has_ended = true;
    end->how = how;
}

static const struct stream_owner owner = {
    .ready = on_ready, .received = on_received, .writable = on_writable, .ended = on_ended};

/* Client and server over a pair of sockets; a NULL tls is plain. */
struct pair {
    struct loop loop;
    struct end client, server;
};

static void join(struct pair *pair, const struct stream_tls *client, const struct stream_tls *server, const char *name,
                 int64_t idle_ns)
{
    int ends[2];
    struct note note = {{0}};
    struct stream_config config = {.loop = &pair->loop,
                                   .tls = client,
                                   .peer_name = name,
                                   .idle_ns = idle_ns,
                                   .context = &pair->client,
                                   .owner = &owner};

    *pair = (struct pair){0};
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    pair->client.stream = stream_adopt(&config, ends[0], false, &note);
    config.tls = server;
    config.context = &pair->server;
    pair->server.stream = stream_adopt(&config, ends[1], true, &note);
    check(pair->client.stream && pair->server.stream);
}

static void turn(struct pair *pair, int ms)
{
    int64_t until_ns = loop_now_ns() + ms * MS;

    while (loop_now_ns() < until_ns && !(pair->client.has_ended && pair->server.has_ended))
        loop_turn(&pair->loop, until_ns);
}

static void leave(struct pair *pair)
{
    stream_close(pair->client.stream);
    stream_close(pair->server.stream);
    loop_turn(&pair->loop, 0);
}

static struct party_set parties, strangers;
static struct stream_tls own, strange;

static void make_keys(void)
{
    static const char *const names[] = {"here.test", NULL};
    const struct party_set_config config = {.server_names = names};
    struct note note = {{0}};

    check(party_set_init(&parties, &config, &note) == ERR_OK);
    check(party_set_init(&strangers, &config, &note) == ERR_OK);
    check(stream_tls_init(&own, &parties.servers[0], &parties.authority[PARTY_EC], false, &note) == ERR_OK);
    check(stream_tls_init(&strange, &strangers.servers[0], &strangers.authority[PARTY_EC], false, &note) == ERR_OK);
}

static void send_much(struct pair *pair)
{
    static char bytes[200000];

    stream_write(pair->client.stream, bytes, sizeof(bytes));
    stream_push(pair->client.stream);
    turn(pair, 100);
    CU_ASSERT_EQUAL(pair->server.received, sizeof(bytes));
}

/* Whoever found no room is told when there is some, also when everything went out by a push in between. */
static void room_is_told(void)
{
    struct pair pair;
    static char bytes[STREAM_OUT + 600000];

    join(&pair, NULL, NULL, NULL, 0);
    turn(&pair, 10);
    stream_pause(pair.server.stream, true);
    stream_write(pair.client.stream, bytes, sizeof(bytes));
    stream_push(pair.client.stream);
    CU_ASSERT_EQUAL(stream_room(pair.client.stream), 0);
    CU_ASSERT_EQUAL(pair.client.writable, 0);
    stream_pause(pair.server.stream, false);
    for (int i = 0; i < 1000 && stream_room(pair.client.stream) < STREAM_OUT; i++) {
        char piece[65536];
        int fd = pair.server.stream->watch.fd;

        (void)!recv(fd, piece, sizeof(piece), MSG_DONTWAIT);
        stream_push(pair.client.stream);
    }
    CU_ASSERT_EQUAL(stream_room(pair.client.stream), STREAM_OUT);
    turn(&pair, 50);
    CU_ASSERT_EQUAL(pair.client.writable, 1);
    leave(&pair);
}

static void plain_bytes(void)
{
    struct pair pair;

    join(&pair, NULL, NULL, NULL, 0);
    turn(&pair, 10);
    CU_ASSERT_TRUE(pair.client.is_ready && pair.server.is_ready);
    send_much(&pair);
    stream_finish(pair.client.stream);
    turn(&pair, 100);
    CU_ASSERT_TRUE(pair.server.has_ended && pair.server.how == STREAM_FINISHED);
    CU_ASSERT_TRUE(pair.client.has_ended && pair.client.how == STREAM_FINISHED);
    leave(&pair);
}

static void tls_bytes(void)
{
    struct pair pair;

    join(&pair, &own, &own, "here.test", 0);
    turn(&pair, 100);
    CU_ASSERT_TRUE(pair.client.is_ready && pair.server.is_ready);
    send_much(&pair);
    stream_finish(pair.client.stream);
    turn(&pair, 100);
    CU_ASSERT_TRUE(pair.server.has_ended && pair.server.how == STREAM_FINISHED);
    leave(&pair);
}

static void expect_alien(const struct stream_tls *server, const char *name)
{
    struct pair pair;

    join(&pair, &own, server, name, 0);
    turn(&pair, 200);
    CU_ASSERT_FALSE(pair.client.is_ready);
    CU_ASSERT_TRUE(pair.client.has_ended && pair.client.how == STREAM_ALIEN);
    CU_ASSERT_EQUAL(pair.server.received, 0);
    leave(&pair);
}

static void another_authority(void)
{
    expect_alien(&strange, "here.test");
}

static void another_name(void)
{
    expect_alien(&own, "there.test");
}

/* A server that answers in plain text is no server: nothing of what was to be sent goes out. */
static void no_way_back_to_plain_text(void)
{
    struct pair pair;
    int ends[2];
    struct note note = {{0}};
    char bytes[4096];
    struct stream_config config = {
        .loop = &pair.loop, .tls = &own, .peer_name = "here.test", .context = &pair.client, .owner = &owner};

    pair = (struct pair){.server.has_ended = true};
    check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    pair.client.stream = stream_adopt(&config, ends[0], false, &note);
    stream_write(pair.client.stream, "a secret", 8);
    CU_ASSERT_TRUE(say(ends[1], SPAN("MSRP a 200 OK\r\n-------a$\r\n")));
    turn(&pair, 200);
    CU_ASSERT_TRUE(pair.client.has_ended && pair.client.how == STREAM_ALIEN);
    ssize_t size = recv(ends[1], bytes, sizeof(bytes), MSG_DONTWAIT);

    CU_ASSERT_TRUE(size > 0);
    struct span sent = {bytes, size > 0 ? (size_t)size : 0};

    CU_ASSERT_EQUAL(span_find(sent, SPAN("a secret")), sent.size);
    close(ends[1]);
    leave(&pair);
}

/* An authority that a file names is trusted, though it brings no list of revoked certificates. */
static void authority_of_a_file(void)
{
    struct pair pair;
    struct stream_tls trusting;
    struct note note = {{0}};
    char path[] = "/tmp/hopsim-authority-XXXXXX";
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

    check(file && PEM_write_X509(file, strangers.authority[PARTY_EC].certificate) == 1 && fclose(file) == 0);
    check(stream_tls_init(&trusting, &parties.servers[0], &parties.authority[PARTY_EC], false, &note) == ERR_OK);
    CU_ASSERT_EQUAL(stream_tls_trust(&trusting, path, &note), ERR_OK);
    join(&pair, &trusting, &strange, "here.test", 0);
    turn(&pair, 100);
    CU_ASSERT_TRUE(pair.client.is_ready && pair.server.is_ready);
    leave(&pair);
    stream_tls_free(&trusting);
    (void)unlink(path);
    CU_ASSERT_EQUAL(stream_tls_trust(&own, "/nowhere", &note), ERR_FILE);
}

/* TLS that ends without close_notify is a break, not an end. */
static void cut_off_tls(void)
{
    struct pair pair;

    join(&pair, &own, &own, "here.test", 0);
    turn(&pair, 100);
    stream_close(pair.client.stream);
    pair.client.stream = NULL;
    pair.client.has_ended = true;
    turn(&pair, 200);
    CU_ASSERT_TRUE(pair.server.has_ended);
    CU_ASSERT_TRUE(pair.server.how == STREAM_BROKEN || pair.server.how == STREAM_ALIEN);
    leave(&pair);
}

static void silence(void)
{
    struct pair pair;

    join(&pair, NULL, NULL, NULL, 30 * MS);
    turn(&pair, 10);
    CU_ASSERT_TRUE(pair.server.is_ready);
    turn(&pair, 300);
    CU_ASSERT_TRUE(pair.server.has_ended && pair.server.how == STREAM_SILENT);
    leave(&pair);
}

static void nobody_there(void)
{
    struct pair pair = {.server.has_ended = true};
    struct note note = {{0}};
    struct stream_config config = {
        .loop = &pair.loop, .to = stage_address(CAST_HSS_B), .to_port = 9, .context = &pair.client, .owner = &owner};

    pair.client.stream = stream_open(&config, &note);
    CU_ASSERT_PTR_NOT_NULL(pair.client.stream);
    turn(&pair, 500);
    CU_ASSERT_TRUE(pair.client.has_ended && pair.client.how == STREAM_REFUSED);
    leave(&pair);
}

/* More than may wait is not kept. */
static void writes_beyond_the_limit(void)
{
    struct pair pair;
    static char bytes[1 << 20];

    join(&pair, NULL, NULL, NULL, 0);
    turn(&pair, 10);
    stream_pause(pair.server.stream, true);
    for (int i = 0; i < 8 && pair.client.stream; i++) {
        stream_write(pair.client.stream, bytes, sizeof(bytes));
        stream_push(pair.client.stream);
    }
    CU_ASSERT_EQUAL(stream_room(pair.client.stream), 0);
    turn(&pair, 100);
    CU_ASSERT_TRUE(pair.client.has_ended && pair.client.how == STREAM_LIMIT);
    leave(&pair);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"bytes and ends come over", plain_bytes},
        {"whoever found no room is told of some", room_is_told},
        {"bytes and ends come over TLS", tls_bytes},
        {"a certificate of another authority is refused", another_authority},
        {"an authority that a file names is trusted", authority_of_a_file},
        {"a certificate for another name is refused", another_name},
        {"there is no way back to plain text", no_way_back_to_plain_text},
        {"TLS cut off is a break", cut_off_tls},
        {"a silent peer is hung up on", silence},
        {"nobody there is a refusal", nobody_there},
        {"writing beyond the limit ends the connection", writes_beyond_the_limit},
        {NULL, NULL},
    };

    (void)signal(SIGPIPE, SIG_IGN);
    make_keys();
    int status = unit_run("stream", tests);

    stream_tls_free(&own);
    stream_tls_free(&strange);
    party_set_free(&parties);
    party_set_free(&strangers);
    return status;
}
