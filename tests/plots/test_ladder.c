/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/ladder.h"
#include "sim/base/units.h"
#include "tests/unit.h"

#include <stdlib.h>

static const char *const roles[] = {"UE-A",      "P-CSCF(A)", "S-CSCF(A)", "I-CSCF(B)", "HSS(B)",
                                    "S-CSCF(B)", "P-CSCF(B)", "UE-B",      NULL};

static char text[LADDER_TEXT_SIZE];

static struct ladder_message message(int64_t sent_ns, const char *from, const char *to, const char *label)
{
    return (struct ladder_message){.sent_ns = sent_ns,
                                   .received_ns = sent_ns + MS / 4,
                                   .from = from,
                                   .to = to,
                                   .protocol = "SIP",
                                   .label = span_of(label),
                                   .bytes = 1000,
                                   .dwell_ns = NONE_NS};
}

static const char *write(const struct ladder_message *messages, size_t count, unsigned width, bool is_unicode)
{
    struct ladder_style style = {.width = width, .is_unicode = is_unicode, .roles = roles};
    struct sink sink = {.data = text, .capacity = sizeof(text)};

    CU_ASSERT_EQUAL(ladder_write(messages, count, &style, &sink), ERR_OK);
    return sink_string(&sink);
}

static size_t count_lines(const char *lines)
{
    size_t count = 0;

    for (; *lines; lines++)
        count += *lines == '\n';
    return count;
}

/* Columns of the longest line: a UTF-8 sequence counts once. */
static unsigned widest(const char *lines)
{
    unsigned most = 0;
    unsigned columns = 0;

    for (; *lines; lines++) {
        columns = *lines == '\n' ? 0 : columns + (((unsigned char)*lines & 0xc0) != 0x80);
        most = columns > most ? columns : most;
    }
    return most;
}

static size_t invite_flow(struct ladder_message *messages)
{
    size_t count = 0;

    for (int i = 0; i < 7; i++)
        messages[count++] = message((i + 1) * MS, roles[i], roles[i + 1], "INVITE");
    for (int i = 7; i > 0; i--)
        messages[count++] = message((16 - i) * MS, roles[i], roles[i - 1], "200 (INVITE)");
    messages[3].is_lost = true;
    messages[4].is_again = true;
    messages[5].dwell_ns = 7 * MS;
    return count;
}

static void test_every_line_fits(void)
{
    struct ladder_message messages[16];
    size_t count = invite_flow(messages);

    for (unsigned width = 0; width <= 250; width++)
        for (int is_unicode = 0; is_unicode < 2; is_unicode++) {
            unsigned room = width < 60 ? 60 : width > 200 ? 200 : width;
            const char *lines = write(messages, count, width, is_unicode);

            CU_ASSERT(widest(lines) <= room);
            CU_ASSERT_PTR_NOT_NULL(strstr(lines, "again"));
            CU_ASSERT_PTR_NOT_NULL(strstr(lines, "lost"));
            CU_ASSERT(count_lines(lines) >= count + 1 && count_lines(lines) <= count + 2);
        }
}

static void test_many_roles_fit(void)
{
    static const char *const names[] = {"UE-A",
                                        "relay(A)",
                                        "relay(B)",
                                        "relay(C)",
                                        "relay(D)",
                                        "AS(A)",
                                        "AS(B)",
                                        "SBC(A)",
                                        "SBC(B)",
                                        "AGW(A)",
                                        "AGW(B)",
                                        "HSS(A)",
                                        "HSS(B)",
                                        "P(A)",
                                        "P(B)",
                                        "S(A)",
                                        "S(B)",
                                        "I(A)",
                                        "content-server-of-long-name",
                                        "UE-B",
                                        "one too many"};
    struct ladder_message messages[20];
    struct ladder_style style = {.width = 60};
    struct sink sink = {.data = text, .capacity = sizeof(text)};

    for (size_t i = 0; i < 19; i++)
        messages[i] = message((int64_t)i * MS, names[i], names[i + 1], "MESSAGE");
    CU_ASSERT(widest(write(messages, 19, 60, false)) <= 60);
    messages[19] = message(0, names[19], names[20], "MESSAGE");
    CU_ASSERT_EQUAL(ladder_write(messages, 20, &style, &sink), ERR_RANGE);
}

static void test_times_count_from_press(void)
{
    struct ladder_message one = message(1500 * MS, "UE-A", "UE-B", "ACK");
    struct ladder_style style = {.width = 80, .origin_ns = 1000 * MS, .roles = roles};
    struct sink sink = SINK(text);

    CU_ASSERT_EQUAL(ladder_write(&one, 1, &style, &sink), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(sink_string(&sink), "   500.000"));
}

static void test_order_of_input_does_not_matter(void)
{
    struct ladder_message forward[16];
    struct ladder_message backward[16];
    size_t count = invite_flow(forward);
    char *first = strdup(write(forward, count, 100, false));

    for (size_t i = 0; i < count; i++)
        backward[i] = forward[count - 1 - i];
    CU_ASSERT_STRING_EQUAL(write(backward, count, 100, false), first);
    free(first);
}

static void test_hostile_text_is_shown_escaped(void)
{
    static const char label[] = "IN\x1b[2J\xe2\x80\xae\r\n\tVITE";
    struct ladder_message one = message(0, "UE-A", "UE\x07-B", "");

    one.label = (struct span){label, sizeof(label) - 1};
    const char *lines = write(&one, 1, 200, false);

    for (const char *c = lines; *c; c++)
        CU_ASSERT(*c == '\n' || (*c >= ' ' && *c <= '~'));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "IN\\x1b[2J"));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "UE\\x07-B"));
}

/* 5,000 chunks sent without waiting, each answered: two lines, not ten thousand. */
static void test_ten_thousand_messages_stay_readable(void)
{
    enum { CHUNKS = 5000 };
    struct ladder_message *messages = calloc(2 * CHUNKS, sizeof(*messages));
    static char labels[CHUNKS][40];

    for (size_t i = 0; i < CHUNKS; i++) {
        struct sink label = SINK(labels[i]);

        sink_format(&label, "SEND %zu-%zu/10240000", i * 2048 + 1, i * 2048 + 2048);
        messages[2 * i] = message((int64_t)i * MS, "UE-A", "UE-B", sink_string(&label));
        messages[2 * i + 1] = message((int64_t)i * MS + MS / 2, "UE-B", "UE-A", "200 (SEND)");
    }
    const char *lines = write(messages, 2 * CHUNKS, 80, false);

    CU_ASSERT_EQUAL(count_lines(lines), 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "SEND"));
    CU_ASSERT_PTR_NULL(strstr(lines, "1-2048"));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "x 5000 5000000 B"));
    CU_ASSERT_PTR_NOT_NULL(strstr(strstr(lines, "x 5000") + 1, "x 5000 5000000 B"));
    free(messages);
}

static void test_three_alike_stay_single(void)
{
    struct ladder_message messages[3] = {message(0, "UE-A", "UE-B", "SEND 1-2048/6000"),
                                         message(1 * MS, "UE-A", "UE-B", "SEND 2049-4096/6000"),
                                         message(2 * MS, "UE-A", "UE-B", "SEND 4097-6000/6000")};

    CU_ASSERT_EQUAL(count_lines(write(messages, 3, 120, false)), 4);
}

/* Messages of no two kinds alike cannot be grouped; the ladder still ends. */
static void test_a_ladder_has_a_longest_length(void)
{
    enum { KINDS = 2000 };
    struct ladder_message *messages = calloc(KINDS, sizeof(*messages));
    static char labels[KINDS][20];

    for (size_t i = 0; i < KINDS; i++) {
        struct sink label = SINK(labels[i]);

        sink_format(&label, "KIND-%zu", i);
        messages[i] = message((int64_t)i * MS, "UE-A", "UE-B", sink_string(&label));
    }
    const char *lines = write(messages, KINDS, 80, false);

    CU_ASSERT(count_lines(lines) <= LADDER_ROWS_MAX + 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "1600 lines left out"));
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "KIND-1999"));
    free(messages);
}

static void test_a_long_pause_is_one_line(void)
{
    struct ladder_message messages[2] = {message(0, "UE-A", "UE-B", "200 (INVITE)"),
                                         message(2000 * MS, "UE-A", "UE-B", "BYE")};
    const char *lines = write(messages, 2, 80, false);

    CU_ASSERT_EQUAL(count_lines(lines), 4);
    CU_ASSERT_PTR_NOT_NULL(strstr(lines, "1999.8 ms idle"));
}

static void test_a_small_sink_is_an_error(void)
{
    struct ladder_message messages[16];
    size_t count = invite_flow(messages);
    struct ladder_style style = {.width = 80, .roles = roles};
    char small[200];
    struct sink sink = SINK(small);

    CU_ASSERT_EQUAL(ladder_write(messages, count, &style, &sink), ERR_FULL);
}

static void test_nothing_sent_is_an_empty_ladder(void)
{
    CU_ASSERT_EQUAL(count_lines(write(NULL, 0, 80, false)), 1);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"every line fits every width, marks included", test_every_line_fits},
        {"twenty lifelines fit sixty columns, twenty-one are refused", test_many_roles_fit},
        {"times count from the moment of sending", test_times_count_from_press},
        {"the order of the input does not matter", test_order_of_input_does_not_matter},
        {"hostile text is shown, never as control characters", test_hostile_text_is_shown_escaped},
        {"ten thousand messages stay readable", test_ten_thousand_messages_stay_readable},
        {"three alike messages are shown singly", test_three_alike_stay_single},
        {"a ladder has a longest length and says what it left out", test_a_ladder_has_a_longest_length},
        {"a long pause is one line", test_a_long_pause_is_one_line},
        {"a sink that is too small is an error", test_a_small_sink_is_an_error},
        {"no messages give an empty ladder", test_nothing_sent_is_an_empty_ladder},
        {NULL, NULL},
    };

    return unit_run("ladder", tests);
}
