/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file in numbered MESSAGEs (RFC 3428): every one but the last as large as the limit, to the byte. */
#include "sim/proto/sip_parts.h"
#include "tests/sim/proto/sip_world.h"

static struct sip_parts parts_of(uint64_t file_bytes)
{
    return (struct sip_parts){.target = "sip:bob@open-ims.test",
                              .content_type = "application/octet-stream",
                              .file = {&source_pattern, 0, file_bytes}};
}

/* What the limit is of: the head as the user agent would write it, and the body. */
static uint64_t size_of(struct sip_ua *ua, const struct sip_ua_message *message)
{
    return sip_ua_message_head_size(ua, message) + message->body.length;
}

static void test_parts_fill_the_limit_and_are_the_file(void)
{
    static const uint64_t limits[] = {600, 999, 1000, 1300, 9999, 61440};
    struct world *world = world_create(SIP_UDP);

    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        struct sip_parts parts = parts_of(100001);
        struct note note = {{0}};
        uint64_t at = 0;

        CU_ASSERT_EQUAL_FATAL(sip_parts_fit(&parts, world->uas[UE_A], limits[i], "limit", &note), ERR_OK);
        for (uint64_t number = 1; number <= parts.count; number++) {
            struct sip_ua_message message = sip_parts_message(&parts, number);
            uint64_t size = size_of(world->uas[UE_A], &message);

            /* One more byte may need one more digit of Content-Length. */
            CU_ASSERT(size <= limits[i] && (number == parts.count || size + 2 > limits[i]));
            CU_ASSERT(message.body.offset == at && message.body.length > 0);
            at += message.body.length;
            CU_ASSERT(span_find(message.headers, SPAN("File-Part: ")) == 0);
        }
        CU_ASSERT_EQUAL(at, 100001);
    }
    world_destroy(world);
}

static void test_an_empty_file_is_one_empty_part(void)
{
    struct world *world = world_create(SIP_UDP);
    struct sip_parts parts = parts_of(0);
    struct note note = {{0}};

    CU_ASSERT_EQUAL(sip_parts_fit(&parts, world->uas[UE_A], 1300, "limit", &note), ERR_OK);
    CU_ASSERT_EQUAL(parts.count, 1);
    CU_ASSERT_EQUAL(sip_parts_message(&parts, 1).body.length, 0);
    world_destroy(world);
}

static void test_limits_that_cannot_be_kept_are_refused(void)
{
    struct world *world = world_create(SIP_UDP);
    struct sip_parts small = parts_of(10), huge = parts_of(100000000000000);
    struct note note = {{0}}, other = {{0}};

    CU_ASSERT_EQUAL(sip_parts_fit(&small, world->uas[UE_A], 200, "message.size", &note), ERR_RANGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "message.size = 200B leaves no room"));
    CU_ASSERT_EQUAL(sip_parts_fit(&huge, world->uas[UE_A], 1300, "message.size", &other), ERR_RANGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(other.text, "expected at most 99999999"));
    world_destroy(world);
}

static void test_numbers_are_read_as_they_were_written(void)
{
    static const struct {
        const char *head;
        bool is_part;
        uint64_t part, count;
    } rows[] = {
        {"MESSAGE sip:b SIP/2.0\r\nFile-Part: 00000002/00000048\r\n\r\n", true, 2, 48},
        {"MESSAGE sip:b SIP/2.0\r\nFile-Part: 1/1\r\nTo: b\r\n\r\n", true, 1, 1},
        {"MESSAGE sip:b SIP/2.0\r\nFile-Part: 49/48\r\n\r\n", false, 0, 0},
        {"MESSAGE sip:b SIP/2.0\r\nFile-Part: 0/48\r\n\r\n", false, 0, 0},
        {"MESSAGE sip:b SIP/2.0\r\nFile-Part: 2/48x\r\n\r\n", false, 0, 0},
        {"MESSAGE sip:b SIP/2.0\r\nFile-Part: 2\r\n\r\n", false, 0, 0},
        {"MESSAGE sip:b SIP/2.0\r\n\r\n", false, 0, 0},
        {"", false, 0, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t part = 0, count = 0;

        CU_ASSERT_EQUAL(sip_parts_read(span_of(rows[i].head), &part, &count), rows[i].is_part);
        CU_ASSERT(!rows[i].is_part || (part == rows[i].part && count == rows[i].count));
    }
}

int main(void)
{
    const struct unit_test tests[] = {
        {"parts fill the limit and are the file", test_parts_fill_the_limit_and_are_the_file},
        {"an empty file is one empty part", test_an_empty_file_is_one_empty_part},
        {"limits that cannot be kept are refused", test_limits_that_cannot_be_kept_are_refused},
        {"numbers are read as they were written", test_numbers_are_read_as_they_were_written},
        {NULL, NULL},
    };

    return unit_run("sip_parts", tests);
}
