/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The messages that RFC 4975 and RFC 4976 show, as data: what is read of each, in any split of the stream. */
#include "tests/sim/proto/msrp_pipe.h"
#include "tests/unit.h"

static struct arena *arena;

#define BOB "msrp://bob.example.com:8888/9di4eae923wzd;tcp"
#define ALICE "msrp://alicepc.example.com:7777/iau39soe2843z;tcp"
#define ATLANTA "msrp://atlanta.example.com:7654/jshA7weztas;tcp"
#define BILOXI "msrp://biloxi.example.com:12763/kjhd37s2s20w2a;tcp"
#define INTRA "msrps://alice@intra.example.com;tcp"
#define HOME "msrps://alice.example.com:9892/98cjs;tcp"

static const struct example {
    const char *section;
    const char *text;
    const char *method; /* NULL: a response */
    int status;
    const char *message_id, *content_type, *body;
    char flag;
} examples[] = {
    {"RFC 4975 section 4",
     "MSRP a786hjs2 SEND\r\nTo-Path: " BILOXI "\r\nFrom-Path: " ATLANTA "\r\nMessage-ID: 87652491\r\n"
     "Byte-Range: 1-25/25\r\nContent-Type: text/plain\r\n\r\nHey Bob, are you there?\r\n-------a786hjs2$\r\n",
     "SEND", 0, "87652491", "text/plain", "Hey Bob, are you there?", '$'},
    {"RFC 4975 section 4",
     "MSRP a786hjs2 200 OK\r\nTo-Path: " ATLANTA "\r\nFrom-Path: " BILOXI "\r\n-------a786hjs2$\r\n", NULL, 200, "", "",
     "", '$'},
    {"RFC 4975 section 5.1",
     "MSRP dkei38sd SEND\r\nTo-Path: " BOB "\r\nFrom-Path: " ALICE "\r\nMessage-ID: 4564dpWd\r\n"
     "Byte-Range: 1-*/8\r\nContent-Type: text/plain\r\n\r\nabcd\r\n-------dkei38sd+\r\n",
     "SEND", 0, "4564dpWd", "text/plain", "abcd", '+'},
    {"RFC 4975 section 5.1",
     "MSRP dkei38ia SEND\r\nTo-Path: " BOB "\r\nFrom-Path: " ALICE "\r\nMessage-ID: 4564dpWd\r\n"
     "Byte-Range: 5-8/8\r\nContent-Type: text/plain\r\n\r\nEFGH\r\n-------dkei38ia$\r\n",
     "SEND", 0, "4564dpWd", "text/plain", "EFGH", '$'},
    {"RFC 4975 section 11.1",
     "MSRP d93kswow SEND\r\nTo-Path: " BOB "\r\nFrom-Path: " ALICE "\r\nMessage-ID: 12339sdqwer\r\n"
     "Byte-Range: 1-16/16\r\nContent-Type: text/plain\r\n\r\nHi, I'm Alice!\r\n-------d93kswow$\r\n",
     "SEND", 0, "12339sdqwer", "text/plain", "Hi, I'm Alice!", '$'},
    {"RFC 4975 section 11.2",
     "MSRP d93kswow SEND\r\nTo-Path: " BOB "\r\nFrom-Path: " ALICE "\r\nMessage-ID: 12339sdqwer\r\n"
     "Byte-Range: 1-106/106\r\nSuccess-Report: yes\r\nFailure-Report: no\r\nContent-Type: text/html\r\n\r\n"
     "<html><body>\r\n<p>Here is that important link...\r\n</p>\r\n</body></html>\r\n-------d93kswow$\r\n",
     "SEND", 0, "12339sdqwer", "text/html",
     "<html><body>\r\n<p>Here is that important link...\r\n</p>\r\n</body></html>", '$'},
    {"RFC 4975 section 11.2",
     "MSRP dkei38sd REPORT\r\nTo-Path: " ALICE "\r\nFrom-Path: " BOB "\r\nMessage-ID: 12339sdqwer\r\n"
     "Byte-Range: 1-106/106\r\nStatus: 000 200 OK\r\n-------dkei38sd$\r\n",
     "REPORT", 0, "12339sdqwer", "", "", '$'},
    {"RFC 4976 section 5.1", "MSRP 49fh AUTH\r\nTo-Path: " INTRA "\r\nFrom-Path: " HOME "\r\n-------49fh$\r\n", "AUTH",
     0, "", "", "", '$'},
    {"RFC 4976 section 5.1",
     "MSRP 49fh 401 Unauthorized\r\nTo-Path: " HOME "\r\nFrom-Path: " INTRA "\r\n"
     "WWW-Authenticate: Digest realm=\"intra.example.com\", qop=\"auth\", "
     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"\r\n-------49fh$\r\n",
     NULL, 401, "", "", "", '$'},
    {"RFC 4976 section 5.1",
     "MSRP 49fi AUTH\r\nTo-Path: " INTRA "\r\nFrom-Path: " HOME "\r\n"
     "Authorization: Digest username=\"Alice\", realm=\"intra.example.com\", "
     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", qop=auth, nc=00000001, cnonce=\"0a4f113b\", "
     "response=\"6629fae49393a05397450978507c4ef1\"\r\n-------49fi$\r\n",
     "AUTH", 0, "", "", "", '$'},
};

enum { EXAMPLES = sizeof(examples) / sizeof(examples[0]) };

/* What a reader tells of the messages of a stream. */
struct told {
    size_t count;
    struct {
        char method[16], message_id[64], content_type[64], body[256];
        int status;
        size_t body_size;
        char flag;
    } messages[EXAMPLES];
};

static void copy(struct span text, char *out, size_t size)
{
    struct sink sink = {.data = out, .capacity = size};

    sink_span(&sink, text);
    (void)sink_string(&sink);
}

static void told_head(void *context, const struct msrp_head *head)
{
    struct told *told = context;

    copy(head->method, told->messages[told->count].method, 16);
    copy(head->message_id, told->messages[told->count].message_id, 64);
    copy(head->content_type, told->messages[told->count].content_type, 64);
    told->messages[told->count].status = head->status;
}

static void told_body(void *context, uint64_t at, struct slice slice)
{
    struct told *told = context;

    CU_ASSERT_FATAL(at + slice.length < 256);
    slice_read(slice, 0, told->messages[told->count].body + at, (size_t)slice.length);
    told->messages[told->count].body_size = (size_t)(at + slice.length);
}

static void told_end(void *context, char flag)
{
    struct told *told = context;

    told->messages[told->count++].flag = flag;
}

static const struct msrp_reader_events events = {told_head, told_body, told_end};

static void check_told(const struct told *told)
{
    CU_ASSERT_EQUAL_FATAL(told->count, EXAMPLES);
    for (size_t i = 0; i < EXAMPLES; i++) {
        const struct example *example = &examples[i];

        CU_ASSERT_STRING_EQUAL(told->messages[i].method, example->method ? example->method : "");
        CU_ASSERT_EQUAL(told->messages[i].status, example->status);
        CU_ASSERT_STRING_EQUAL(told->messages[i].message_id, example->message_id);
        CU_ASSERT_STRING_EQUAL(told->messages[i].content_type, example->content_type);
        CU_ASSERT_EQUAL(told->messages[i].body_size, strlen(example->body));
        CU_ASSERT_EQUAL(memcmp(told->messages[i].body, example->body, strlen(example->body)), 0);
        CU_ASSERT_EQUAL(told->messages[i].flag, example->flag);
    }
}

/* All of them as one stream, in pieces of each size. Where a Byte-Range counts the CR LF behind the body, as some of
 * the examples do, the end-line still ends it. */
static void the_examples_are_read_in_any_split(void)
{
    for (size_t piece = 1; piece < 1500; piece = piece < 80 ? piece + 1 : piece * 2) {
        struct told told = {0};
        struct rope rope;
        uint64_t released;

        arena_reset(arena);
        rope_init(&rope, arena);
        struct msrp_reader *reader = msrp_reader_create(arena, &told, &events);

        for (size_t i = 0; i < EXAMPLES; i++)
            for (size_t at = 0; at < strlen(examples[i].text); at += piece) {
                size_t left = strlen(examples[i].text) - at;

                rope_append_bytes(&rope, examples[i].text + at, left < piece ? left : piece);
                enum err error = msrp_reader_take(reader, &rope, &released);

                CU_ASSERT(error == ERR_OK || error == ERR_MORE);
                rope_release(&rope, released);
            }
        check_told(&told);
    }
}

/* A message that stops anywhere is not there. */
static void an_example_cut_anywhere_has_no_end(void)
{
    for (size_t i = 0; i < EXAMPLES; i++)
        for (size_t cut = 0; cut < strlen(examples[i].text); cut++) {
            struct told told = {0};
            struct rope rope;
            uint64_t released;

            arena_reset(arena);
            rope_init(&rope, arena);
            struct msrp_reader *reader = msrp_reader_create(arena, &told, &events);

            rope_append_bytes(&rope, examples[i].text, cut);
            enum err error = msrp_reader_take(reader, &rope, &released);

            CU_ASSERT(error == ERR_OK || error == ERR_MORE);
            CU_ASSERT_EQUAL(told.count, 0);
        }
}

/* The two chunks of section 5.1 make one message of eight bytes. */
static void the_chunks_of_section_5_1_make_a_message(void)
{
    struct pair pair;
    struct source source = source_memory("abcdEFGH");
    struct msrp_receive_config config = {.own_uri = BOB, .size_max = 100, .identity = 2};

    arena_reset(arena);
    pair_init(&pair, arena, (struct slice){&source, 0, 8}, 1000);
    config.writer = stream_writer(&pair.back);
    config.context = &pair;
    config.body = pair_told;
    config.complete = pair_completed;
    pair.receiver = msrp_receiver_create(arena, &config);
    CU_ASSERT_EQUAL(pair_feed(&pair, examples[2].text), ERR_OK);
    CU_ASSERT_TRUE(pair.completed == 0 && pair.last_status == 200);
    CU_ASSERT_EQUAL(pair_feed(&pair, examples[3].text), ERR_OK);
    CU_ASSERT_TRUE(pair.completed == 1 && pair.length == 8 && pair.told == 8 && pair.wrong == 0);
    CU_ASSERT_EQUAL(pair.answers, 2);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"the RFCs' examples are read in any split", the_examples_are_read_in_any_split},
        {"an example cut anywhere has no end", an_example_cut_anywhere_has_no_end},
        {"RFC 4975 5.1: the two chunks shown make a message", the_chunks_of_section_5_1_make_a_message},
        {NULL, NULL},
    };

    arena = arena_create((size_t)1 << 24);
    int status = unit_run("msrp examples", tests);

    arena_destroy(arena);
    return status;
}
