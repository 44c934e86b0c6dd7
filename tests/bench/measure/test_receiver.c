/* SPDX-License-Identifier: GPL-3.0-or-later */
/* UE-B's process against senders that are slow, half-closed, flooding, lying or dead: nothing is delivered that is not
 * whole, memory stays bounded, the standard's answer or an end of the connection comes. */
#include "sim/sec/cms.h"
#include "tests/bench/measure/stage.h"
#include "tests/unit.h"

#include <time.h>

enum { MEMORY_MAX = 48 << 20 };

static char heard[STAGE_TEXT];
static char uri[256];

/* Rings UE-B as its P-CSCF does and takes its URI from the answer. */
static bool invite(struct stage *stage, uint64_t file_bytes)
{
    struct in_addr p_cscf = stage->cast.addresses[CAST_P_B];
    char sdp_text[1024], text[4096], answer[4096];
    struct sink sdp = SINK(sdp_text), out = SINK(text), path = SINK(uri);
    int fd = wait_at(p_cscf, CAST_SIP_PORT, SOCK_DGRAM);
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr = stage->cast.addresses[CAST_UE_B], .sin_port = htons(CAST_SIP_PORT)};
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    const char *scheme = stage->cast.way.is_tls ? "msrps" : "msrp";

    sink_format(&sdp,
                "v=0\r\no=alice 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                "m=message 2855 TCP/%sMSRP *\r\na=accept-types:*\r\na=path:%s://192.0.2.1:2855/a;tcp\r\na=sendonly\r\n"
                "a=file-selector:name:\"x\" type:text/plain size:%llu\r\na=file-transfer-id:1\r\n",
                stage->cast.way.is_tls ? "TLS/" : "", scheme, (unsigned long long)file_bytes);
    sink_format(&out,
                "INVITE sip:bob@%s:5060 SIP/2.0\r\nVia: SIP/2.0/UDP %s:5060;branch=z9hG4bKt1\r\nMax-Forwards: 70\r\n"
                "From: <sip:alice@open-ims.test>;tag=1\r\nTo: <sip:bob@open-ims.test>\r\nCall-ID: t1\r\n"
                "CSeq: 1 INVITE\r\nContact: <sip:alice@192.0.2.1>\r\nContent-Type: application/sdp\r\n"
                "Content-Length: %zu\r\n\r\n%s",
                stage->cast.hosts[CAST_UE_B], stage->cast.hosts[CAST_P_B], sdp.size, sink_string(&sdp));
    check(sendto(fd, out.data, out.size, 0, (struct sockaddr *)&to, sizeof(to)) == (ssize_t)out.size);
    uri[0] = 0;
    while (uri[0] == 0 && poll(&polled, 1, 3000) == 1) {
        ssize_t size = recv(fd, answer, sizeof(answer), 0);
        struct span rest = {answer, size > 0 ? (size_t)size : 0}, line;
        size_t at = span_find(rest, SPAN("a=path:"));

        if (at == rest.size)
            continue;
        rest = span_after(rest, at + 7);
        check(span_cut_line(&rest, &line) == ERR_OK);
        sink_span(&path, line);
        sink_string(&path);
    }
    close(fd);
    return uri[0] != 0;
}

static const struct cast_way plain = {.between = CAST_DIRECT};

/* UE-B that has answered an offer of so many bytes, and a connection to it. */
static int meet(struct stage *stage, struct cast_way way, uint64_t file_bytes)
{
    stage_init(stage, CAST_UE_B, way);
    if (way.is_tls || way.is_cms) {
        struct note note = {{0}};

        check(cast_make_parties(&stage->cast, &note) == ERR_OK);
    }
    if (!stage_start(stage) || !invite(stage, file_bytes))
        return -1;
    return dial(stage->cast.addresses[CAST_UE_A], stage->cast.addresses[CAST_UE_B], CAST_MSRP_PORT);
}

static void write_head(struct sink *out, const char *id, const char *range)
{
    sink_format(out,
                "MSRP %s SEND\r\nTo-Path: %s\r\nFrom-Path: msrp://192.0.2.1:2855/a;tcp\r\nMessage-ID: m1\r\n"
                "Byte-Range: %s\r\nContent-Type: application/octet-stream\r\n\r\n",
                id, uri, range);
}

/* A chunk of size bytes of the file from offset on. */
static bool send_chunk(int fd, const char *id, const char *range, uint64_t offset, size_t size, char flag)
{
    char text[8192];
    struct sink out = SINK(text);

    write_head(&out, id, range);
    check(out.size + size < sizeof(text));
    slice_read((struct slice){&source_pattern, offset, size}, 0, out.data + out.size, size);
    out.size += size;
    sink_format(&out, "\r\n-------%s%c\r\n", id, flag);
    check(!out.overflow);
    return say(fd, sink_written(&out));
}

/* Nothing has come to hand, and the process lives. */
static void expect_nothing(struct stage *stage)
{
    CU_ASSERT_FALSE(stage_wait(stage, MARK_IN_HAND, 20));
    CU_ASSERT_EQUAL(stage_files(stage, false), 0);
    CU_ASSERT_TRUE(stage_end(stage));
}

static void whole_out_of_order(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 3000);

    CU_ASSERT_TRUE(send_chunk(fd, "aaaa", "2001-3000/3000", 2000, 1000, '$'));
    CU_ASSERT_FALSE(stage_wait(&stage, MARK_IN_HAND, 20));
    CU_ASSERT_TRUE(send_chunk(fd, "bbbb", "1-2000/3000", 0, 2000, '+'));
    CU_ASSERT_TRUE(hear(fd, "MSRP bbbb 200", heard, 2000));
    CU_ASSERT_TRUE(stage_wait(&stage, MARK_IN_HAND, 2000));
    CU_ASSERT_EQUAL(stage_files(&stage, false), 1);
    close(fd);
    CU_ASSERT_TRUE(stage_end(&stage));
}

static void slow_sender(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 300);
    char text[1024];
    struct sink out = SINK(text);

    write_head(&out, "slow", "1-300/300");
    slice_read((struct slice){&source_pattern, 0, 300}, 0, out.data + out.size, 300);
    out.size += 300;
    sink_text(&out, "\r\n-------slow$\r\n");
    for (size_t at = 0; at < out.size; at++) {
        CU_ASSERT_TRUE(say(fd, (struct span){out.data + at, 1}));
        if (at % 8 == 0)
            (void)poll(NULL, 0, 1);
    }
    CU_ASSERT_TRUE(hear(fd, "MSRP slow 200", heard, 2000));
    CU_ASSERT_TRUE(stage_wait(&stage, MARK_IN_HAND, 2000));
    close(fd);
    CU_ASSERT_TRUE(stage_end(&stage));
}

static void half_closed_sender(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 100);

    CU_ASSERT_TRUE(send_chunk(fd, "half", "1-100/100", 0, 100, '$'));
    CU_ASSERT_EQUAL(shutdown(fd, SHUT_WR), 0);
    CU_ASSERT_TRUE(hear(fd, "MSRP half 200", heard, 2000));
    CU_ASSERT_TRUE(stage_wait(&stage, MARK_IN_HAND, 2000));
    CU_ASSERT_TRUE(is_hung_up(fd, 2000));
    close(fd);
    CU_ASSERT_TRUE(stage_end(&stage));
}

static void dies_in_the_middle(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 4000);
    char text[1024];
    struct sink out = SINK(text);

    CU_ASSERT_TRUE(send_chunk(fd, "one1", "1-2000/4000", 0, 2000, '+'));
    write_head(&out, "two2", "2001-4000/4000");
    sink_text(&out, "only a few bytes");
    CU_ASSERT_TRUE(say(fd, sink_written(&out)));
    close(fd);
    CU_ASSERT_TRUE(stage_wait(&stage, MARK_FAILED, 2000));
    CU_ASSERT_EQUAL(stage.failure.value, NODE_TRANSFER_FAILED);
    expect_nothing(&stage);
}

/* Each lie with the status it gets; 0: the connection may stay or go, but nothing is delivered. */
static void lying_ranges(void)
{
    static const struct {
        const char *range;
        size_t size;
        char flag;
        const char *answer;
    } lies[] = {
        {"1-100/5000", 100, '$', "MSRP lies 413"}, /* longer than was offered */
        {"1-200/100", 100, '$', "MSRP lies 400"},  /* ends behind its total */
        {"0-99/100", 100, '$', "MSRP lies 400"},
        {"500-100/1000", 10, '$', "MSRP lies 400"},
        {"1-100/1000", 100, '$', "MSRP lies 400"},   /* says it is the last, and 900 bytes are missing */
        {"1-10/1000", 1000, '$', NULL},              /* more bytes than its range has */
        {"1-*/*", 2000, '$', "MSRP lies 413"},       /* an unknown total that grows beyond the offer */
        {"1-1000/1000", 1000, '#', "MSRP lies 200"}, /* given up by its sender */
    };

    for (size_t i = 0; i < sizeof(lies) / sizeof(*lies); i++) {
        struct stage stage;
        int fd = meet(&stage, plain, 1000);

        CU_ASSERT_TRUE(send_chunk(fd, "lies", lies[i].range, 0, lies[i].size, lies[i].flag));
        if (lies[i].answer)
            CU_ASSERT_TRUE(hear(fd, lies[i].answer, heard, 2000));
        expect_nothing(&stage);
        close(fd);
    }
}

static void shorter_than_offered(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 1000);

    CU_ASSERT_TRUE(send_chunk(fd, "less", "1-999/999", 0, 999, '$'));
    CU_ASSERT_TRUE(stage_wait(&stage, MARK_FAILED, 2000));
    CU_ASSERT_EQUAL(stage.failure.value, NODE_TRANSFER_FAILED);
    close(fd);
    expect_nothing(&stage);
}

static void huge_head(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 1000);
    char line[256];

    memset(line, 'x', sizeof(line));
    CU_ASSERT_TRUE(say(fd, SPAN("MSRP huge SEND\r\nTo-Path: ")));
    for (int i = 0; i < 64; i++)
        if (!say(fd, (struct span){line, sizeof(line)}))
            break;
    CU_ASSERT_TRUE(is_hung_up(fd, 2000));
    close(fd);
    expect_nothing(&stage);
}

static void not_msrp(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 1000);

    CU_ASSERT_TRUE(say(fd, SPAN("GET / HTTP/1.1\r\nHost: x\r\n\r\n")));
    CU_ASSERT_TRUE(is_hung_up(fd, 2000));
    close(fd);
    expect_nothing(&stage);
}

/* 64 MiB into one chunk: the answer comes before its end, nothing is kept. */
static void chunk_that_never_ends(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 1000);
    char text[1024], piece[16384];
    struct sink out = SINK(text);

    memset(piece, 'e', sizeof(piece));
    write_head(&out, "ever", "1-*/*");
    CU_ASSERT_TRUE(say(fd, sink_written(&out)));
    (void)flood(fd, (struct span){piece, sizeof(piece)}, 64 << 20);
    CU_ASSERT_TRUE(stage_memory(&stage) < MEMORY_MAX);
    CU_ASSERT_TRUE(hear(fd, "MSRP ever 413", heard, 2000));
    close(fd);
    expect_nothing(&stage);
}

/* Requests without end from somebody who never reads an answer: he is not read from either. */
static void flood_without_reading(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 1000);
    char text[1024];
    struct sink out = SINK(text);

    sink_format(&out,
                "MSRP floo SEND\r\nTo-Path: %s\r\nFrom-Path: msrp://192.0.2.1:2855/a;tcp\r\nMessage-ID: f\r\n"
                "-------floo$\r\n",
                uri);
    uint64_t taken = flood(fd, sink_written(&out), 256 << 20);

    CU_ASSERT_TRUE(taken < 128 << 20);
    CU_ASSERT_TRUE(stage_memory(&stage) < MEMORY_MAX);
    CU_ASSERT_TRUE(hear(fd, "MSRP floo 200", heard, 2000));
    close(fd);
    expect_nothing(&stage);
}

/* A new message ID, or another path, with each request. */
static void flood_of_names(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 1000);
    bool is_open = true;

    for (int i = 0; i < 20000 && is_open; i++) {
        char text[1024];
        struct sink out = SINK(text);

        sink_format(&out,
                    "MSRP name%d SEND\r\nTo-Path: %s\r\nFrom-Path: msrp://192.0.2.1:2855/a%d;tcp\r\n"
                    "Message-ID: m%d\r\nByte-Range: 1-1/2\r\nContent-Type: text/plain\r\n\r\nx\r\n-------name%d+\r\n",
                    i, uri, i, i, i);
        is_open = say(fd, sink_written(&out));
        while (is_open && recv(fd, heard, sizeof(heard), MSG_DONTWAIT) > 0)
            ;
    }
    CU_ASSERT_TRUE(stage_memory(&stage) < MEMORY_MAX);
    close(fd);
    expect_nothing(&stage);
}

static void another_session(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 100), other;

    CU_ASSERT_TRUE(say(fd, SPAN("MSRP elseX SEND\r\nTo-Path: msrp://192.0.2.9:2855/other;tcp\r\n"
                                "From-Path: msrp://192.0.2.1:2855/a;tcp\r\nMessage-ID: m\r\n-------elseX$\r\n")));
    CU_ASSERT_TRUE(hear(fd, "MSRP elseX 481", heard, 2000));
    CU_ASSERT_TRUE(send_chunk(fd, "mine", "1-50/100", 0, 50, '+'));
    CU_ASSERT_TRUE(hear(fd, "MSRP mine 200", heard, 2000));
    other = dial(stage.cast.addresses[CAST_P_A], stage.cast.addresses[CAST_UE_B], CAST_MSRP_PORT);
    CU_ASSERT_TRUE(send_chunk(other, "their", "51-100/100", 0, 50, '$'));
    CU_ASSERT_TRUE(hear(other, "MSRP their 506", heard, 2000));
    close(other);
    close(fd);
    expect_nothing(&stage);
}

static void many_connections(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 100), others[40], hung_up = 0;

    for (int i = 0; i < 40; i++)
        others[i] = dial(stage.cast.addresses[CAST_P_A], stage.cast.addresses[CAST_UE_B], CAST_MSRP_PORT);
    for (int i = 0; i < 40; i++)
        hung_up += others[i] < 0 || is_hung_up(others[i], 4);
    CU_ASSERT_TRUE(hung_up >= 40 - STREAM_ACCEPTED_MAX);
    CU_ASSERT_TRUE(send_chunk(fd, "mine", "1-100/100", 0, 100, '$'));
    CU_ASSERT_TRUE(stage_wait(&stage, MARK_IN_HAND, 2000));
    for (int i = 0; i < 40; i++)
        if (others[i] >= 0)
            close(others[i]);
    close(fd);
    CU_ASSERT_TRUE(stage_end(&stage));
}

static void only_where_told(void)
{
    struct stage stage;
    int fd = meet(&stage, plain, 100), other;
    struct in_addr elsewhere = stage.cast.addresses[CAST_S_A], any = {0};

    other = dial(any, elsewhere, CAST_MSRP_PORT);
    CU_ASSERT_TRUE(other < 0);
    close(fd);
    expect_nothing(&stage);
}

/* Somebody who speaks no TLS where TLS is wanted gets nothing, not even an answer in plain text. */
static void plain_text_to_tls(void)
{
    struct stage stage;
    int fd = meet(&stage, (struct cast_way){.is_tls = true, .has_fingerprints = true}, 100);
    ssize_t got;

    CU_ASSERT_TRUE(send_chunk(fd, "bare", "1-100/100", 0, 100, '$'));
    CU_ASSERT_FALSE(hear(fd, "MSRP", heard, 200));
    got = recv(fd, heard, sizeof(heard), MSG_DONTWAIT);
    CU_ASSERT_TRUE(got <= 0);
    close(fd);
    expect_nothing(&stage);
}

/* ---- Sealed files ---- */

static uint8_t *seal(const struct stage *stage, uint64_t size, size_t *sealed_size)
{
    struct cms_sealing sealing = {.sender = &stage->cast.parties.alice[PARTY_EC],
                                  .recipient = &stage->cast.parties.bob[PARTY_EC],
                                  .suite = CMS_RFC8591,
                                  .with_certificate = true,
                                  .signing_time_s = time(NULL)};
    struct note note = {{0}};

    *sealed_size = (size_t)cms_sealed_size(CMS_RFC8591, true, size);
    uint8_t *sealed = malloc(*sealed_size);

    check(sealed &&
          cms_seal(&sealing, (struct slice){&source_pattern, 0, size}, sealed, *sealed_size, &note) == ERR_OK);
    return sealed;
}

static void send_sealed(int fd, const uint8_t *bytes, size_t size)
{
    char text[1024];
    struct sink out = SINK(text);

    sink_format(&out,
                "MSRP seal SEND\r\nTo-Path: %s\r\nFrom-Path: msrp://192.0.2.1:2855/a;tcp\r\nMessage-ID: m1\r\n"
                "Byte-Range: 1-%zu/%zu\r\nContent-Type: application/pkcs7-mime; smime-type=authEnveloped-data\r\n\r\n",
                uri, size, size);
    CU_ASSERT_TRUE(say(fd, sink_written(&out)));
    CU_ASSERT_TRUE(say(fd, (struct span){(const char *)bytes, size}));
    CU_ASSERT_TRUE(say(fd, SPAN("\r\n-------seal$\r\n")));
}

static const struct cast_way sealed_way = {.between = CAST_DIRECT, .is_cms = true};

static void try_sealed(uint64_t file_bytes, size_t cut, size_t flip, bool is_good)
{
    struct stage stage;
    int fd = meet(&stage, sealed_way, file_bytes);
    size_t size;
    uint8_t *sealed = seal(&stage, file_bytes, &size);

    if (flip > 0)
        sealed[size - flip] ^= 1;
    send_sealed(fd, sealed, size - cut);
    CU_ASSERT_TRUE(stage_wait(&stage, is_good ? MARK_IN_HAND : MARK_FAILED, 20000));
    if (is_good) {
        CU_ASSERT_EQUAL(stage_files(&stage, false), 1);
        CU_ASSERT_TRUE(stage_end(&stage));
    } else {
        CU_ASSERT_EQUAL(stage.failure.value, NODE_VERIFY_FAILED);
        expect_nothing(&stage);
    }
    free(sealed);
    close(fd);
}

static void sealed_is_opened(void)
{
    try_sealed(100000, 0, 0, true);
}

static void last_byte_is_cut(void)
{
    try_sealed(64 << 20, 1, 0, false);
}

static void a_bit_is_changed(void)
{
    try_sealed(100000, 0, 50000, false);
    try_sealed(100000, 0, 1, false);
}

/* Who is killed between the last byte and the name leaves nothing either: files without a name end with him. */
static void killed_while_receiving(void)
{
    struct stage stage;
    int fd = meet(&stage, sealed_way, 1 << 20);
    size_t size;
    uint8_t *sealed = seal(&stage, 1 << 20, &size);

    send_sealed(fd, sealed, size);
    kill(stage.pid, SIGKILL);
    (void)poll(NULL, 0, 20);
    int files = stage_files(&stage, false);

    /* It may have been faster; then the file is whole. */
    CU_ASSERT_TRUE(files == 0 || (files == 1 && stage_wait(&stage, MARK_IN_HAND, 100)));
    free(sealed);
    close(fd);
    CU_ASSERT_FALSE(stage_end(&stage));
}

/* An unsealed file where a sealed one was agreed on is refused by its type. */
static void unsealed_file(void)
{
    struct stage stage;
    int fd = meet(&stage, sealed_way, 100);

    CU_ASSERT_TRUE(send_chunk(fd, "bare", "1-100/100", 0, 100, '$'));
    CU_ASSERT_TRUE(hear(fd, "MSRP bare 415", heard, 2000));
    close(fd);
    expect_nothing(&stage);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a whole file in chunks out of order is delivered", whole_out_of_order},
        {"a slow sender's file is delivered", slow_sender},
        {"a half-closed sender gets its answer", half_closed_sender},
        {"what a sender leaves unfinished is not delivered", dies_in_the_middle},
        {"lying Byte-Ranges deliver nothing", lying_ranges},
        {"a file shorter than offered is not delivered", shorter_than_offered},
        {"a head without end is hung up on", huge_head},
        {"what is not MSRP is hung up on", not_msrp},
        {"a chunk that never ends gets 413 and takes no memory", chunk_that_never_ends},
        {"who floods and never reads is not read from", flood_without_reading},
        {"a flood of names takes no memory", flood_of_names},
        {"requests for another session get 481, other connections 506", another_session},
        {"connections without end do not lock out the session", many_connections},
        {"the listener is at its address alone", only_where_told},
        {"plain text to a TLS listener gets nothing", plain_text_to_tls},
        {"a sealed file is opened", sealed_is_opened},
        {"64 MiB sealed without their last byte leave no plaintext", last_byte_is_cut},
        {"one bit that was changed leaves no plaintext", a_bit_is_changed},
        {"a receiver that is killed leaves nothing", killed_while_receiving},
        {"an unsealed file where a sealed one was agreed on gets 415", unsealed_file},
        {NULL, NULL},
    };

    (void)signal(SIGPIPE, SIG_IGN);
    return unit_run("receiver", tests);
}
