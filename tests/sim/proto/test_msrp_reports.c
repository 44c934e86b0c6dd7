/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reports and refusals between the two ends of a session, and what a relay keeps of the SENDs it passes on. */
#include "sim/proto/msrp_ident.h"
#include "sim/proto/msrp_pending.h"
#include "sim/base/units.h"
#include "tests/sim/proto/msrp_pipe.h"
#include "tests/unit.h"

static struct arena *arena;

static struct slice pattern(uint64_t length)
{
    return (struct slice){&source_pattern, 0, length};
}

/* A sender of chunks of 2,048 bytes, or of one that there is no room for, that has written all it may. */
static void begin(struct pair *pair, uint64_t length, const char *success_report, const char *failure_report)
{
    arena_reset(arena);
    pair_init(pair, arena, pattern(length), 1 << 20);
    struct msrp_send_config config = pair_send_config(pair);

    config.chunk_bytes = length > 1 << 20 ? 0 : 2048;
    config.success_report = success_report;
    config.failure_report = failure_report;
    pair->sender = msrp_sender_create(arena, &config);
    msrp_sender_pump(pair->sender, 0);
}

static void answer(struct pair *pair, uint64_t transaction, int status)
{
    char id[MSRP_IDENT_SIZE];
    struct msrp_head head = {.status = status, .transaction_id = {id, sizeof(id)}};

    msrp_ident_write(1, transaction, id);
    msrp_sender_answered(pair->sender, 0, &head);
}

static void report(struct pair *pair, const char *status, uint64_t start, uint64_t end)
{
    char id[MSRP_IDENT_SIZE];
    struct msrp_head head = {.is_request = true,
                             .method = SPAN("REPORT"),
                             .message_id = {id, sizeof(id)},
                             .has_range = true,
                             .range = {start, end, pair->body.length},
                             .report_status = span_of(status)};

    msrp_ident_write(msrp_ident_hash(~UINT64_C(1)), 0, id);
    msrp_sender_reported(pair->sender, &head);
}

static void reports_of_ranges_count_together(void)
{
    struct pair pair;

    begin(&pair, 5000, "yes", "no");
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_WAITING);
    report(&pair, "000 200 OK", 4097, 5000);
    report(&pair, "000 200 OK", 1, 2048);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_WAITING);
    report(&pair, "000 200 OK", 2000, 4096);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
}

static void a_report_that_says_nothing_of_the_message_changes_nothing(void)
{
    static const struct {
        const char *status;
        uint64_t start, end;
    } rows[] = {
        {"001 200 OK", 1, 5000}, {"000", 1, 5000},        {"000 2000", 1, 5000}, {"", 1, 5000},
        {"000 200 OK", 0, 5000}, {"000 200 OK", 1, 5001}, {"000 200 OK", 9, 7},  {"000 200", 1, MSRP_RANGE_STAR}};
    struct pair pair;
    struct msrp_head stranger = {.is_request = true, .message_id = SPAN("other"), .report_status = SPAN("000 408")};

    begin(&pair, 5000, "yes", "no");
    msrp_sender_reported(pair.sender, &stranger);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        report(&pair, rows[i].status, rows[i].start, rows[i].end);
        CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_WAITING);
    }
    report(&pair, "000 200 OK", 1, 5000);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
}

static void a_sent_message_waits_for_both_its_answers_and_its_report(void)
{
    struct pair pair;

    begin(&pair, 3000, "yes", NULL);
    report(&pair, "000 200 OK", 1, 3000);
    answer(&pair, 0, 200);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_WAITING);
    answer(&pair, 1, 200);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
    begin(&pair, 0, "yes", NULL);
    answer(&pair, 0, 200);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_WAITING);
    report(&pair, "000 200 OK", 1, 0);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
}

static void a_message_is_reported_once_and_whole(void)
{
    struct pair pair;

    begin(&pair, 10000, "yes", NULL);
    CU_ASSERT_EQUAL(pair_run(&pair, 700, 3), ERR_OK);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
    CU_ASSERT_TRUE(pair.answers == 5 && pair.completed == 1);
    begin(&pair, 10000, "yes", "no");
    CU_ASSERT_EQUAL(pair_run(&pair, 700, 3), ERR_OK);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
    CU_ASSERT_TRUE(pair.answers == 0 && pair.back.in.end < 300); /* one REPORT */
}

static const int errors[] = {400, 403, 408, 413, 415, 423, 481, 501, 506};

static void every_error_ends_the_sending_whatever_failure_report_says(void)
{
    static const char *const wishes[] = {NULL, "yes", "partial", "no"};

    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        for (size_t wish = 0; wish < sizeof(wishes) / sizeof(wishes[0]); wish++) {
            struct pair pair;

            begin(&pair, 4000000, NULL, wishes[wish]); /* more than there is room for */
            CU_ASSERT_TRUE(msrp_sender_in_chunk(pair.sender));
            answer(&pair, 0, errors[i]);
            CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_FAILED);
            CU_ASSERT_EQUAL(msrp_sender_status(pair.sender), errors[i]);
            CU_ASSERT_FALSE(msrp_sender_in_chunk(pair.sender));
            char last[3];
            uint64_t end = pair.there.out.end;

            rope_read(&pair.there.out, end - 3, last, 3);
            CU_ASSERT_TRUE(memcmp(last, "#\r\n", 3) == 0);
            msrp_sender_pump(pair.sender, 1);
            CU_ASSERT_EQUAL(pair.there.out.end, end);
            CU_ASSERT_TRUE(msrp_reason(errors[i]).size > 0);
        }
}

static void a_report_of_an_error_ends_the_sending(void)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        char text[32];
        struct sink status = SINK(text);
        struct pair pair;

        sink_format(&status, "000 %d", errors[i]);
        sink_string(&status);
        begin(&pair, 3000, NULL, NULL);
        report(&pair, text, 1, 2048);
        CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_FAILED);
        CU_ASSERT_EQUAL(msrp_sender_status(pair.sender), errors[i]);
    }
}

static void an_error_fails_what_was_thought_sent_where_errors_alone_are_answered(void)
{
    struct pair pair;

    begin(&pair, 3000, NULL, "partial");
    msrp_sender_wake(pair.sender, 30 * SECOND);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
    answer(&pair, 7, 413); /* never sent */
    answer(&pair, 0, 200);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
    answer(&pair, 1, 413);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_FAILED);
}

/* With "no" there is nothing to wait for; what silence means where errors are answered is known after as long as an
 * answer may take, or when the report comes. */
static void silence_is_success_when_an_error_would_have_come(void)
{
    struct pair pair;

    begin(&pair, 3000, NULL, "no");
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
    CU_ASSERT_EQUAL(msrp_sender_wake_ns(pair.sender), INT64_MAX);
    begin(&pair, 3000, NULL, "partial");
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_WAITING);
    CU_ASSERT_EQUAL(msrp_sender_wake_ns(pair.sender), 30 * SECOND);
    msrp_sender_wake(pair.sender, 30 * SECOND - 1);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_WAITING);
    msrp_sender_wake(pair.sender, 30 * SECOND);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
    CU_ASSERT_EQUAL(msrp_sender_wake_ns(pair.sender), INT64_MAX);
    begin(&pair, 3000, "yes", "partial");
    CU_ASSERT_EQUAL(msrp_sender_wake_ns(pair.sender), INT64_MAX);
    report(&pair, "000 200 OK", 1, 3000);
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENT);
    begin(&pair, 4000000, NULL, "partial"); /* more than there is room for */
    CU_ASSERT_EQUAL(msrp_sender_state(pair.sender), MSRP_SENDING);
    CU_ASSERT_EQUAL(msrp_sender_wake_ns(pair.sender), INT64_MAX);
}

/* ---- A refusal that does not wait for the chunk's end ---- */

static void note_refused(void *context)
{
    struct pair *pair = context;

    pair->held++;
}

static void too_long_is_answered_413_at_the_head(void)
{
    static const char head[] = "MSRP a1b2c3d4 SEND\r\nTo-Path: " OWN_B "\r\nFrom-Path: " OWN_A
                               "\r\nMessage-ID: m1a2\r\nByte-Range: 1-%s\r\n%sContent-Type: a/b\r\n\r\n";
    static const struct {
        const char *range, *more;
        uint64_t told_at; /* bytes of the body after which the 413 comes; 99: at the end or never */
        uint32_t answers;
    } rows[] = {{"20/20", "", 0, 1},
                {"*/20", "", 0, 1},
                {"*/*", "", 11, 1},
                {"20/20", "Failure-Report: partial\r\n", 0, 1},
                {"20/20", "Failure-Report: no\r\n", 99, 0}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct pair pair;
        char text[600];
        struct sink sink = SINK(text);
        struct msrp_receive_config config = {
            .own_uri = OWN_B, .size_max = 10, .body = pair_told, .refused = note_refused};

        arena_reset(arena);
        pair_init(&pair, arena, pattern(20), 1 << 20);
        config.writer = stream_writer(&pair.back);
        config.context = &pair;
        config.complete = pair_completed;
        pair.receiver = msrp_receiver_create(arena, &config);
        pair.reader_b = msrp_reader_create(arena, &pair, &pair_events_b);
        sink_format(&sink, head, rows[i].range, rows[i].more);
        sink_string(&sink);
        CU_ASSERT_EQUAL(pair_feed(&pair, text), ERR_OK);
        for (uint64_t at = 0; at < 20; at++) {
            CU_ASSERT_EQUAL(pair.answers, at >= rows[i].told_at ? 1 : 0);
            CU_ASSERT_EQUAL(pair_feed(&pair, "x"), ERR_OK);
        }
        CU_ASSERT_EQUAL(pair_feed(&pair, "\r\n-------a1b2c3d4$\r\n"), ERR_OK);
        pair_answer(&pair); /* no second one */
        CU_ASSERT_EQUAL(pair.answers, rows[i].answers);
        CU_ASSERT_TRUE(rows[i].answers == 0 || pair.last_status == 413);
        CU_ASSERT_EQUAL(pair.completed, 0);
    }
}

/* ---- What a relay keeps ---- */

static struct msrp_passed passed_number(uint64_t number, const struct msrp_origin *origin)
{
    struct msrp_passed passed = {.deadline_ns = (int64_t)number * 10, .origin = origin};

    msrp_ident_write(9, number, passed.transaction_id);
    return passed;
}

static void pending_sends_are_answered_in_any_order_and_expire_in_their_own(void)
{
    struct msrp_head send = {.to_path = SPAN("a"), .from_path = SPAN("b"), .message_id = SPAN("c")};
    struct msrp_pending pending = {0};
    struct msrp_passed passed;

    arena_reset(arena);
    const struct msrp_origin *origin = msrp_origin_keep(arena, NULL, &send);

    CU_ASSERT_PTR_EQUAL(msrp_origin_keep(arena, origin, &send), origin);
    CU_ASSERT_EQUAL(msrp_pending_wake_ns(&pending), INT64_MAX);
    for (uint64_t i = 0; i < 1000; i++) {
        passed = passed_number(i, origin);
        msrp_pending_add(&pending, arena, &passed);
    }
    for (uint64_t i = 0; i < 1000; i += 2) {
        struct msrp_passed wanted = passed_number(998 - i, origin);
        struct span id = {wanted.transaction_id, MSRP_IDENT_SIZE};

        CU_ASSERT_TRUE(msrp_pending_answered(&pending, id, &passed) && passed.deadline_ns == wanted.deadline_ns);
        CU_ASSERT_FALSE(msrp_pending_answered(&pending, id, &passed));
    }
    CU_ASSERT_EQUAL(msrp_pending_wake_ns(&pending), 10);
    CU_ASSERT_FALSE(msrp_pending_expired(&pending, 9, &passed));
    for (int64_t i = 1; i < 1000; i += 2)
        CU_ASSERT_TRUE(msrp_pending_expired(&pending, 9999, &passed) && passed.deadline_ns == i * 10);
    CU_ASSERT_FALSE(msrp_pending_expired(&pending, INT64_MAX, &passed));
}

static void failure_report_says_what_is_answered(void)
{
    static const struct {
        const char *value;
        bool ok, error;
    } rows[] = {
        {"", true, true}, {"yes", true, true}, {"no", false, false}, {"partial", false, true}, {"NO", false, false}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum msrp_wish wish = msrp_wish_of(span_of(rows[i].value));

        CU_ASSERT_EQUAL(msrp_wish_answers(wish, 200), rows[i].ok);
        CU_ASSERT_EQUAL(msrp_wish_answers(wish, 481), rows[i].error);
    }
}

int main(void)
{
    const struct unit_test tests[] = {
        {"RFC 4975 7.1.2: reports of ranges count together", reports_of_ranges_count_together},
        {"RFC 4975 7.1.2: a REPORT that says nothing of the message changes nothing",
         a_report_that_says_nothing_of_the_message_changes_nothing},
        {"RFC 4975 7.1.2: a sent message waits for both its answers and its report",
         a_sent_message_waits_for_both_its_answers_and_its_report},
        {"RFC 4975 7.1.2: a message is reported once and whole", a_message_is_reported_once_and_whole},
        {"RFC 4975 10: every error ends the sending, whatever Failure-Report says",
         every_error_ends_the_sending_whatever_failure_report_says},
        {"RFC 4975 7.1.2: a REPORT of an error ends the sending", a_report_of_an_error_ends_the_sending},
        {"RFC 4975 7.1.1: silence is success when an error would have come",
         silence_is_success_when_an_error_would_have_come},
        {"RFC 4975 7.1.1: an error fails what was thought sent where errors alone are answered",
         an_error_fails_what_was_thought_sent_where_errors_alone_are_answered},
        {"RFC 4975 10.5: too long is answered 413 at the head", too_long_is_answered_413_at_the_head},
        {"RFC 4976 6: pending SENDs are answered in any order and expire in their own",
         pending_sends_are_answered_in_any_order_and_expire_in_their_own},
        {"RFC 4975 7.1.1: Failure-Report says what is answered", failure_report_says_what_is_answered},
        {NULL, NULL},
    };

    arena = arena_create((size_t)1 << 26);
    int status = unit_run("msrp reports", tests);

    arena_destroy(arena);
    return status;
}
