/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RFC 4975 section 5.1: messages that share a session make way for one another. */
#include "tests/sim/proto/msrp_pipe.h"
#include "tests/unit.h"

static struct arena *arena;

enum { BODY = 60000, TEXT = 300 };

/* A long message under way, and a short one of the same session that is to go between. */
struct two {
    struct pair pair;
    struct msrp_sender *text;
};

static void start(struct two *two, uint64_t room, uint64_t chunk_bytes)
{
    arena_reset(arena);
    pair_init(&two->pair, arena, (struct slice){&source_pattern, 0, BODY}, room);
    struct msrp_send_config file = pair_send_config(&two->pair), text = file;

    file.chunk_bytes = chunk_bytes;
    text.content_type = "text/plain";
    text.body.length = TEXT;
    text.identity = 3;
    two->pair.sender = msrp_sender_create(arena, &file);
    two->text = msrp_sender_create(arena, &text);
}

/* Runs the text as far as it goes, with what answers come. */
static void run_text(struct two *two)
{
    struct msrp_sender *file = two->pair.sender;

    two->pair.sender = two->text;
    CU_ASSERT_EQUAL(pair_run(&two->pair, 1000, 5), ERR_OK);
    two->pair.sender = file;
}

/* Wherever the long chunk is cut off, the text is complete before it, and all of both arrives. */
static void a_long_chunk_makes_way_at_once(void)
{
    for (uint64_t room = 200; room < 50000; room += 997) {
        struct two two;

        start(&two, room, 0);
        msrp_sender_pump(two.pair.sender, 0);
        CU_ASSERT(msrp_sender_in_chunk(two.pair.sender));
        msrp_sender_interrupt(two.pair.sender, 7);
        CU_ASSERT(!msrp_sender_in_chunk(two.pair.sender));
        CU_ASSERT_EQUAL(msrp_sender_wake_ns(two.pair.sender), 7 + INT64_C(30000000000));
        uint64_t before = two.pair.there.out.end;

        msrp_sender_pump(two.pair.sender, 8);
        CU_ASSERT_EQUAL(two.pair.there.out.end, before);
        run_text(&two);
        CU_ASSERT_EQUAL(two.pair.completed, 1);
        CU_ASSERT_STRING_EQUAL(two.pair.type, "text/plain");
        CU_ASSERT_EQUAL(msrp_sender_state(two.text), MSRP_SENT);
        msrp_sender_resume(two.pair.sender);
        /* The first chunk's answer went to the text's sender, which does not know it; it has not come to its own. */
        CU_ASSERT_EQUAL(pair_run(&two.pair, 3000, 6), ERR_OK);
        CU_ASSERT(two.pair.completed == 2 && two.pair.length == BODY && two.pair.wrong == 0);
        CU_ASSERT_EQUAL(two.pair.told, BODY + TEXT);
        CU_ASSERT_EQUAL(msrp_sender_chunks(two.pair.sender), 2);
    }
}

/* RFC 4975 section 7.1.1: one of at most 2,048 bytes need not be interruptible, and is sent to its end. */
static void a_short_chunk_is_finished_first(void)
{
    struct two two;

    start(&two, 1000, 2048);
    msrp_sender_pump(two.pair.sender, 0);
    msrp_sender_interrupt(two.pair.sender, 1);
    CU_ASSERT(msrp_sender_in_chunk(two.pair.sender));
    CU_ASSERT_EQUAL(pair_run(&two.pair, 1000, 4), ERR_OK);
    CU_ASSERT(!msrp_sender_in_chunk(two.pair.sender));
    CU_ASSERT_EQUAL(msrp_sender_chunks(two.pair.sender), 1);
    run_text(&two);
    CU_ASSERT_EQUAL(two.pair.completed, 1);
    msrp_sender_resume(two.pair.sender);
    CU_ASSERT_EQUAL(pair_run(&two.pair, 1000, 4), ERR_OK);
    CU_ASSERT(two.pair.completed == 2 && two.pair.wrong == 0);
    CU_ASSERT_EQUAL(msrp_sender_state(two.pair.sender), MSRP_SENT);
}

/* Nothing is under way yet, or nothing is left. */
static void making_way_with_nothing_to_cut_off_cuts_nothing_off(void)
{
    struct two two;

    start(&two, 1 << 20, 0);
    msrp_sender_interrupt(two.pair.sender, 0);
    CU_ASSERT_EQUAL(pair_run(&two.pair, 1000, 4), ERR_OK);
    CU_ASSERT_EQUAL(msrp_sender_chunks(two.pair.sender), 0);
    run_text(&two);
    msrp_sender_resume(two.pair.sender);
    CU_ASSERT_EQUAL(pair_run(&two.pair, 1000, 4), ERR_OK);
    CU_ASSERT_EQUAL(msrp_sender_chunks(two.pair.sender), 1);
    CU_ASSERT_EQUAL(msrp_sender_state(two.pair.sender), MSRP_SENT);
    uint64_t size = two.pair.there.out.end;

    msrp_sender_interrupt(two.pair.sender, 0);
    CU_ASSERT_EQUAL(two.pair.there.out.end, size);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"RFC 4975 5.1: a long chunk makes way at once", a_long_chunk_makes_way_at_once},
        {"RFC 4975 7.1.1: a short chunk is finished first", a_short_chunk_is_finished_first},
        {"making way with nothing to cut off cuts nothing off", making_way_with_nothing_to_cut_off_cuts_nothing_off},
        {NULL, NULL},
    };

    arena = arena_create((size_t)1 << 26);
    int status = unit_run("msrp interruption", tests);

    arena_destroy(arena);
    return status;
}
