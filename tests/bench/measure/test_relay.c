/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A relay's process between neighbours that do not read, die, refuse or speak nonsense: what came goes on or is
 * reported, memory stays bounded, a broken neighbour breaks nobody else. */
#include "tests/bench/measure/stage.h"
#include "tests/unit.h"

enum { MEMORY_MAX = 48 << 20 };

static char heard[STAGE_TEXT];

/* A back-to-back user agent between UE-A and UE-B, both played here; UE-B waits at next, which may be -1: not yet. */
struct between {
    struct stage stage;
    int a;    /* UE-A's connection */
    int next; /* where UE-B waits */
    int b;    /* UE-B's */
    char uri[128];
};

static void tell_path(struct between *all, char kind, enum cast_role role)
{
    char text[256];
    struct sink news = SINK(text);

    sink_format(&news, "%cmsrp://%s:2855/%s;tcp", kind, all->stage.cast.hosts[role], cast_short[role]);
    check(send(all->stage.cast.beside[0][0], news.data, news.size, 0) == (ssize_t)news.size);
}

/* has_next: UE-B waits and has been connected to. The relay's sockets have buffers of so many bytes, 0: the system's.
 */
static void meet_with(struct between *all, bool has_next, uint64_t buffer_bytes)
{
    struct cast *cast = &all->stage.cast;
    struct sink uri = SINK(all->uri);

    stage_init(&all->stage, CAST_RELAY_1, (struct cast_way){.between = CAST_B2BUAS});
    cast->buffer_bytes = buffer_bytes;
    all->next = all->b = -1;
    if (has_next)
        all->next = wait_at(cast->addresses[CAST_UE_B], CAST_MSRP_PORT, SOCK_STREAM);
    CU_ASSERT_TRUE(stage_start(&all->stage));
    /* UE-A's connection is the relay's first, so that it is heard before room at UE-B's is seen. */
    all->a = dial(cast->addresses[CAST_UE_A], cast->addresses[CAST_RELAY_1], CAST_MSRP_PORT);
    (void)poll(NULL, 0, 5);
    tell_path(all, 'O', CAST_UE_A);
    tell_path(all, 'A', CAST_UE_B);
    if (has_next)
        all->b = pick_up(all->next, 2000);
    sink_format(&uri, "msrp://%s:2855/b2bua4a7c1e09;tcp", cast->hosts[CAST_RELAY_1]);
    sink_string(&uri);
    CU_ASSERT_TRUE(all->a >= 0);
}

static void meet(struct between *all, bool has_next)
{
    meet_with(all, has_next, 0);
}

static void part(struct between *all)
{
    const int fds[] = {all->a, all->b, all->next};

    for (size_t i = 0; i < sizeof(fds) / sizeof(*fds); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    CU_ASSERT_TRUE(stage_end(&all->stage));
}

static void write_head(const struct between *all, struct sink *out, const char *id, const char *range)
{
    sink_format(out,
                "MSRP %s SEND\r\nTo-Path: %s\r\nFrom-Path: msrp://%s:2855/ue-a;tcp\r\nMessage-ID: m1\r\n"
                "Byte-Range: %s\r\nContent-Type: text/plain\r\n\r\n",
                id, all->uri, all->stage.cast.hosts[CAST_UE_A], range);
}

static bool send_small(const struct between *all, const char *id)
{
    char text[1024];
    struct sink out = SINK(text);

    write_head(all, &out, id, "1-5/5");
    sink_format(&out, "hello\r\n-------%s$\r\n", id);
    return say(all->a, sink_written(&out));
}

static void passes_on(void)
{
    struct between all;

    meet(&all, true);
    CU_ASSERT_TRUE(send_small(&all, "pass"));
    CU_ASSERT_TRUE(hear(all.b, "\r\n\r\nhello\r\n-------", heard, 2000));
    CU_ASSERT_TRUE(hear(all.a, "MSRP pass 200", heard, 2000));
    part(&all);
}

/* What the next hop does not take is not taken from the one before. */
static void next_hop_does_not_read(void)
{
    struct between all;
    char text[1024], piece[16384];
    struct sink out = SINK(text);

    meet(&all, true);
    memset(piece, 'f', sizeof(piece));
    write_head(&all, &out, "full", "1-*/1000000000");
    CU_ASSERT_TRUE(say(all.a, sink_written(&out)));
    uint64_t taken = flood(all.a, (struct span){piece, sizeof(piece)}, 512 << 20);

    CU_ASSERT_TRUE(taken < 128 << 20);
    CU_ASSERT_TRUE(stage_memory(&all.stage) < MEMORY_MAX);
    part(&all);
}

static void sender_does_not_read(void)
{
    struct between all;
    char text[1024];
    struct sink out = SINK(text);

    meet(&all, true);
    sink_format(&out, "MSRP ask1 SEND\r\nTo-Path: msrp://192.0.2.9:1/x;tcp\r\n"
                      "From-Path: msrp://192.0.2.1:2855/a;tcp\r\nMessage-ID: m\r\n-------ask1$\r\n");
    uint64_t taken = flood(all.a, sink_written(&out), 512 << 20);

    CU_ASSERT_TRUE(taken < 128 << 20);
    CU_ASSERT_TRUE(stage_memory(&all.stage) < MEMORY_MAX);
    part(&all);
}

static void next_hop_dies(void)
{
    struct between all;
    char text[1024];
    struct sink out = SINK(text);
    struct linger at_once = {1, 0};

    meet(&all, true);
    write_head(&all, &out, "dies", "1-100/100");
    sink_text(&out, "the first of a hundred bytes");
    CU_ASSERT_TRUE(say(all.a, sink_written(&out)));
    CU_ASSERT_TRUE(hear(all.b, "the first", heard, 2000));
    CU_ASSERT_EQUAL(setsockopt(all.b, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    close(all.b);
    all.b = -1;
    CU_ASSERT_TRUE(hear(all.a, "Status: 000 408", heard, 2000));
    part(&all);
}

static void next_hop_refuses(void)
{
    struct between all;

    meet(&all, false);
    CU_ASSERT_TRUE(send_small(&all, "noon"));
    /* Refused before the message came: it leads nowhere. Refused after: its sender is told by a REPORT. */
    CU_ASSERT_TRUE(hear(all.a, "MSRP noon 481", heard, 300) || strstr(heard, "Status: 000 408"));
    part(&all);
}

static void sender_dies(void)
{
    struct between all;
    char text[1024];
    struct sink out = SINK(text);

    meet(&all, true);
    write_head(&all, &out, "gone", "1-100/100");
    sink_text(&out, "half of it");
    CU_ASSERT_TRUE(say(all.a, sink_written(&out)));
    CU_ASSERT_TRUE(hear(all.b, "half of it", heard, 2000));
    close(all.a);
    all.a = -1;
    CU_ASSERT_TRUE(hear(all.b, "#\r\n", heard, 2000));
    part(&all);
}

static void nonsense(void)
{
    struct between all;
    int other;

    meet(&all, true);
    other = dial(all.stage.cast.addresses[CAST_S_A], all.stage.cast.addresses[CAST_RELAY_1], CAST_MSRP_PORT);
    CU_ASSERT_TRUE(say(other, SPAN("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 nonsense\r\n\r\n")));
    CU_ASSERT_TRUE(is_hung_up(other, 2000));
    close(other);
    CU_ASSERT_TRUE(send_small(&all, "fine"));
    CU_ASSERT_TRUE(hear(all.b, "hello", heard, 2000));
    part(&all);
}

/* Messages without end, each another one. */
static void flood_of_names(void)
{
    struct between all;
    bool is_open = true;

    meet(&all, true);
    for (int i = 0; i < 20000 && is_open; i++) {
        char text[1024];
        struct sink out = SINK(text);

        sink_format(&out,
                    "MSRP name%d SEND\r\nTo-Path: %s\r\nFrom-Path: msrp://192.0.2.1:2855/a%d;tcp\r\n"
                    "Message-ID: m%d\r\nByte-Range: 1-1/1\r\nContent-Type: text/plain\r\n\r\nx\r\n-------name%d$\r\n",
                    i, all.uri, i, i, i);
        is_open = say(all.a, sink_written(&out));
        while (recv(all.a, heard, sizeof(heard), MSG_DONTWAIT) > 0 ||
               recv(all.b, heard, sizeof(heard), MSG_DONTWAIT) > 0)
            ;
    }
    CU_ASSERT_FALSE(is_open);
    CU_ASSERT_TRUE(stage_memory(&all.stage) < MEMORY_MAX);
    part(&all);
}

/* Only who asked for it by AUTH gets a way through a relay (RFC 4976 section 6.1). */
static void no_way_without_auth(void)
{
    struct stage stage;
    char text[1024];
    struct sink out = SINK(text);

    stage_init(&stage, CAST_RELAY_1, (struct cast_way){.between = CAST_RELAYS});
    CU_ASSERT_TRUE(stage_start(&stage));
    int fd = dial(stage.cast.addresses[CAST_UE_A], stage.cast.addresses[CAST_RELAY_1], CAST_MSRP_PORT);

    sink_format(&out,
                "MSRP open SEND\r\nTo-Path: msrp://%s:2855/guess;tcp msrp://%s:2855/b;tcp\r\n"
                "From-Path: msrp://192.0.2.1:2855/a;tcp\r\nMessage-ID: m\r\nByte-Range: 1-5/5\r\n"
                "Content-Type: text/plain\r\n\r\nhello\r\n-------open$\r\n",
                stage.cast.hosts[CAST_RELAY_1], stage.cast.hosts[CAST_UE_B]);
    CU_ASSERT_TRUE(say(fd, sink_written(&out)));
    CU_ASSERT_TRUE(hear(fd, "MSRP open 481", heard, 2000));
    out.size = 0;
    sink_format(&out,
                "MSRP auth AUTH\r\nTo-Path: msrp://%s:2855;tcp\r\nFrom-Path: msrp://192.0.2.1:2855/a;tcp\r\n"
                "-------auth$\r\n",
                stage.cast.hosts[CAST_RELAY_1]);
    CU_ASSERT_TRUE(say(fd, sink_written(&out)));
    CU_ASSERT_TRUE(hear(fd, "MSRP auth 401", heard, 2000));
    close(fd);
    CU_ASSERT_TRUE(stage_end(&stage));
}

/* ---- What is in the relay goes on ---- */

enum { PIECE = 16384, SOCKET_BUFFER = 128 << 10, FILL_STEP = 16 << 10, FILL_MAX = 640 << 10 };

static char zeros[PIECE];

/* Bytes of body, as far as the relay takes them. */
static bool send_body(const struct between *all, size_t size)
{
    for (size_t part; size > 0; size -= part) {
        part = size < PIECE ? size : PIECE;
        if (!say(all->a, (struct span){zeros, part}))
            return false;
    }
    return true;
}

/* What UE-B reads, as far as most, until nothing comes for ms. */
static size_t take(const struct between *all, size_t most, int ms)
{
    size_t size = 0;

    while (size < most) {
        struct pollfd polled = {.fd = all->b, .events = POLLIN};
        ssize_t got = poll(&polled, 1, ms) == 1 ? recv(all->b, heard, sizeof(heard), 0) : 0;

        if (got <= 0)
            break;
        size += (size_t)got;
    }
    return size;
}

/* A chunk that goes on and on, to a next hop that at times does not read: however full the relay's and the kernel's
 * buffers were when room came, what the relay had taken goes on, though its sender says no more. Stopped meanwhile, the
 * relay finds more to read and room to write at the same moment. */
static void room_is_used(void)
{
    struct between all;
    char text[1024];
    struct sink out = SINK(text);

    meet_with(&all, true, SOCKET_BUFFER);
    write_head(&all, &out, "room", "1-*/1000000000");
    CU_ASSERT_TRUE(say(all.a, sink_written(&out)));
    CU_ASSERT_TRUE(hear(all.b, "\r\n\r\n", heard, 2000));
    for (size_t fill = FILL_STEP; fill <= FILL_MAX; fill += FILL_STEP) {
        CU_ASSERT_TRUE(send_body(&all, fill));
        (void)poll(NULL, 0, 3);
        kill(all.stage.pid, SIGSTOP);
        size_t taken = take(&all, fill, 1);

        CU_ASSERT_TRUE(send_body(&all, 4 * PIECE));
        kill(all.stage.pid, SIGCONT);
        taken += take(&all, fill + 4 * PIECE - taken, 1000);
        CU_ASSERT_EQUAL(taken, fill + 4 * PIECE);
        if (taken != fill + 4 * PIECE)
            break;
    }
    part(&all);
}

/* Another connection's message waits for a chunk to end, wherever the two stand among the relay's connections. */
static void waits_for_a_chunk(void)
{
    struct between all;
    char text[1024];
    struct sink out = SINK(text);

    meet(&all, true);
    struct between late = all;

    late.a = dial(all.stage.cast.addresses[CAST_UE_A], all.stage.cast.addresses[CAST_RELAY_1], CAST_MSRP_PORT);
    write_head(&all, &out, "long", "1-100/100");
    sink_text(&out, "the beginning");
    CU_ASSERT_TRUE(say(late.a, sink_written(&out)));
    CU_ASSERT_TRUE(hear(all.b, "the beginning", heard, 2000));
    CU_ASSERT_TRUE(send_small(&all, "soon"));
    CU_ASSERT_FALSE(hear(all.b, "hello", heard, 50));
    CU_ASSERT_TRUE(say(late.a, SPAN("\r\n-------long+\r\n")));
    CU_ASSERT_TRUE(hear(all.b, "hello", heard, 2000));
    CU_ASSERT_TRUE(hear(all.a, "MSRP soon 200", heard, 2000));
    close(late.a);
    part(&all);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"what comes goes on and is answered", passes_on},
        {"a next hop that does not read stops the sender", next_hop_does_not_read},
        {"a sender that does not read is not read from", sender_does_not_read},
        {"a next hop that dies is reported", next_hop_dies},
        {"a next hop that refuses is reported", next_hop_refuses},
        {"a sender that dies ends its chunk with #", sender_dies},
        {"nonsense ends its own connection alone", nonsense},
        {"a flood of names is cut off", flood_of_names},
        {"there is no way through without AUTH", no_way_without_auth},
        {"room that comes is used for what waits", room_is_used},
        {"a message that waits for a chunk goes on after it", waits_for_a_chunk},
        {NULL, NULL},
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return unit_run("relay", tests);
}
