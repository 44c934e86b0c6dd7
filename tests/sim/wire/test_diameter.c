/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/diameter.h"
#include "tests/unit.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct diameter_message lir = {.is_request = true,
                                            .command = DIAMETER_LOCATION_INFO,
                                            .hop_by_hop = 0x01020304,
                                            .end_to_end = 0xfffefdfc,
                                            .session_id = {"icscf.example.net;1;7", 21},
                                            .origin_host = {"icscf.example.net", 17},
                                            .origin_realm = {"example.net", 11},
                                            .destination_realm = {"example.net", 11},
                                            .public_identity = {"sip:bob@example.net", 19}};

static void check_equal(const struct diameter_message *a, const struct diameter_message *b)
{
    CU_ASSERT_EQUAL(a->is_request, b->is_request);
    CU_ASSERT_EQUAL(a->command, b->command);
    CU_ASSERT_EQUAL(a->hop_by_hop, b->hop_by_hop);
    CU_ASSERT_EQUAL(a->end_to_end, b->end_to_end);
    CU_ASSERT_EQUAL(a->result, b->result);
    CU_ASSERT_EQUAL(a->is_experimental, b->is_experimental);
    CU_ASSERT(span_equal(a->session_id, b->session_id));
    CU_ASSERT(span_equal(a->origin_host, b->origin_host));
    CU_ASSERT(span_equal(a->public_identity, b->public_identity));
    CU_ASSERT(span_equal(a->server_name, b->server_name));
}

static void messages_are_read_as_they_were_written(void)
{
    const uint32_t results[] = {DIAMETER_SUCCESS, DIAMETER_ERROR_USER_UNKNOWN, 3002};
    char bytes[DIAMETER_SIZE_MAX];

    for (size_t i = 0; i <= sizeof(results) / sizeof(results[0]); i++) {
        struct sink sink = SINK(bytes);
        struct diameter_message written = lir, read;
        size_t size;

        if (i > 0) {
            written.is_request = false;
            written.result = results[i - 1];
            written.is_experimental = written.result == DIAMETER_ERROR_USER_UNKNOWN;
            written.destination_realm.size = 0;
            written.public_identity.size = 0;
            written.server_name = (struct span){"sip:s.example.net", i == 1 ? 17 : 0};
        }
        diameter_write(&written, &sink);
        CU_ASSERT_EQUAL_FATAL(diameter_parse(sink_written(&sink), &read, &size), ERR_OK);
        CU_ASSERT_EQUAL(size, sink.size);
        CU_ASSERT_EQUAL(read.application, DIAMETER_APPLICATION_CX);
        check_equal(&written, &read);
    }
}

static const struct span nothing = {"", 0};

/* Of each command, what TS 29.229 section 6.1 gives it comes back, and what it does not is not sent. */
static void each_command_carries_its_own(void)
{
    const struct diameter_message all = {.user_name = SPAN("bob@example.net"),
                                         .public_identity = SPAN("sip:bob@example.net"),
                                         .visited_network = SPAN("visited.example"),
                                         .authorization_type = DIAMETER_DEREGISTRATION,
                                         .server_name = SPAN("sip:s.example.net"),
                                         .capability = 4,
                                         .assignment_type = DIAMETER_ASSIGN_REGISTRATION,
                                         .is_data_available = 1,
                                         .user_data = SPAN("<IMSSubscription/>"),
                                         .auth_items = 1,
                                         .auth_item = 1,
                                         .auth_scheme = SPAN("Digest-AKAv1-MD5"),
                                         .authenticate = SPAN("0123456789abcdef0123456789abcdef"),
                                         .authorization = SPAN("response"),
                                         .confidentiality_key = SPAN("cccccccccccccccc"),
                                         .integrity_key = SPAN("iiiiiiiiiiiiiiii"),
                                         .result = DIAMETER_SUCCESS};
    static const struct {
        enum diameter_command command;
        bool is_request;
        const char *name;
        bool user, public_identity, visited, server, data, auth;
    } rows[] = {
        {DIAMETER_USER_AUTHORIZATION, true, "UAR", true, true, true, false, false, false},
        {DIAMETER_USER_AUTHORIZATION, false, "UAA", false, false, false, true, false, false},
        {DIAMETER_SERVER_ASSIGNMENT, true, "SAR", true, true, false, true, false, false},
        {DIAMETER_SERVER_ASSIGNMENT, false, "SAA", true, false, false, false, true, false},
        {DIAMETER_MULTIMEDIA_AUTH, true, "MAR", true, true, false, true, false, true},
        {DIAMETER_MULTIMEDIA_AUTH, false, "MAA", true, true, false, false, false, true},
        {DIAMETER_LOCATION_INFO, true, "LIR", false, true, false, false, false, false},
        {DIAMETER_LOCATION_INFO, false, "LIA", false, false, false, true, false, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char bytes[DIAMETER_SIZE_MAX];
        struct sink sink = SINK(bytes);
        struct diameter_message written = all, read;
        size_t size;

        written.command = rows[i].command;
        written.is_request = rows[i].is_request;
        diameter_write(&written, &sink);
        CU_ASSERT_EQUAL_FATAL(diameter_parse(sink_written(&sink), &read, &size), ERR_OK);
        CU_ASSERT_STRING_EQUAL(diameter_name(&read), rows[i].name);
        CU_ASSERT(span_equal(read.user_name, rows[i].user ? all.user_name : nothing));
        CU_ASSERT(span_equal(read.public_identity, rows[i].public_identity ? all.public_identity : nothing));
        CU_ASSERT(span_equal(read.visited_network, rows[i].visited ? all.visited_network : nothing));
        CU_ASSERT(span_equal(read.server_name, rows[i].server ? all.server_name : nothing));
        CU_ASSERT(span_equal(read.user_data, rows[i].data ? all.user_data : nothing));
        CU_ASSERT(span_equal(read.auth_scheme, rows[i].auth ? all.auth_scheme : nothing));
        CU_ASSERT(span_equal(read.authenticate, rows[i].auth ? all.authenticate : nothing));
        CU_ASSERT(span_equal(read.integrity_key, rows[i].auth ? all.integrity_key : nothing));
        CU_ASSERT_EQUAL(read.auth_items, rows[i].auth ? 1 : 0);
        CU_ASSERT_EQUAL(read.authorization_type, rows[i].visited ? DIAMETER_DEREGISTRATION : 0);
        CU_ASSERT_EQUAL(read.capability, rows[i].command == DIAMETER_USER_AUTHORIZATION && !rows[i].is_request ? 4 : 0);
        CU_ASSERT_EQUAL(read.assignment_type, rows[i].command == DIAMETER_SERVER_ASSIGNMENT && rows[i].is_request);
    }
}

/* A group that lies in itself, deeper than any message of Cx, is passed over and ends. */
static void groups_within_groups_end(void)
{
    char bytes[4][DIAMETER_SIZE_MAX];
    struct span inner = nothing;
    struct diameter_message read;
    size_t used;

    for (int i = 0; i < 4; i++) {
        struct sink group = SINK(bytes[i]);

        if (i == 3) {
            sink_u32(&group, 0x01000000 | (uint32_t)(DIAMETER_HEADER_SIZE + 8 + inner.size));
            for (int word = 0; word < 4; word++)
                sink_u32(&group, 300);
        }
        sink_u32(&group, 297);
        sink_u32(&group, 0x40000000 | (uint32_t)(8 + inner.size));
        sink_span(&group, inner);
        inner = sink_written(&group);
    }
    CU_ASSERT_EQUAL(diameter_parse(inner, &read, &used), ERR_OK);
    CU_ASSERT(read.is_experimental);
}

/* RFC 6733 section 3: version, length, flags, command, application. Section 4.1: code, flags, length, padding. */
static void the_header_and_the_first_avp_stand_where_the_rfc_has_them(void)
{
    char bytes[DIAMETER_SIZE_MAX];
    struct sink sink = SINK(bytes);
    const uint8_t start[] = {1, 0, 0, 0, 0xc0, 0, 1, 0x2e, 1, 0, 0, 0, 1, 2, 3, 4, 0xff, 0xfe, 0xfd, 0xfc};
    const uint8_t session[] = {0, 0, 1, 7, 0x40, 0, 0, 29};

    diameter_write(&lir, &sink);
    CU_ASSERT_EQUAL(sink.size % 4, 0);
    CU_ASSERT_EQUAL((uint8_t)bytes[2] * 256 + (uint8_t)bytes[3], (int)sink.size);
    CU_ASSERT(bytes[0] == 1 && memcmp(bytes + 4, start + 4, sizeof(start) - 4) == 0);
    CU_ASSERT(memcmp(bytes + 20, session, sizeof(session)) == 0);
    CU_ASSERT(memcmp(bytes + 28, "icscf.example.net;1;7\0\0\0", 24) == 0);
}

static void every_truncation_needs_more_and_reads_no_further(void)
{
    char bytes[DIAMETER_SIZE_MAX];
    struct sink sink = SINK(bytes);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CU_ASSERT_FATAL(memory != MAP_FAILED);
    CU_ASSERT_FATAL(mprotect(memory + page, page, PROT_NONE) == 0);
    diameter_write(&lir, &sink);
    for (size_t size = 0; size < sink.size; size++) {
        struct diameter_message read;
        size_t used;
        char *at = memory + page - size;

        memcpy(at, bytes, size);
        CU_ASSERT_EQUAL(diameter_parse((struct span){at, size}, &read, &used), ERR_MORE);
    }
    munmap(memory, 2 * page);
}

static void lies_about_lengths_are_refused(void)
{
    char bytes[DIAMETER_SIZE_MAX];
    struct sink sink = SINK(bytes);
    struct diameter_message read;
    size_t used;

    diameter_write(&lir, &sink);
    for (size_t at = 0; at < sink.size; at++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[at] = (char)(bytes[at] ^ 1 << bit);
            enum err error = diameter_parse(sink_written(&sink), &read, &used);

            CU_ASSERT(error == ERR_OK || error == ERR_SYNTAX || error == ERR_MORE || error == ERR_RANGE);
            bytes[at] = (char)(bytes[at] ^ 1 << bit);
        }
    bytes[0] = 2;
    CU_ASSERT_EQUAL(diameter_parse(sink_written(&sink), &read, &used), ERR_SYNTAX);
    bytes[0] = 1;
    bytes[27] = 7; /* the first AVP is shorter than its own header */
    CU_ASSERT_EQUAL(diameter_parse(sink_written(&sink), &read, &used), ERR_SYNTAX);
    bytes[26] = 127; /* and longer than the message */
    CU_ASSERT_EQUAL(diameter_parse(sink_written(&sink), &read, &used), ERR_SYNTAX);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"messages are read as they were written", messages_are_read_as_they_were_written},
        {"each command carries what TS 29.229 gives it", each_command_carries_its_own},
        {"groups within groups end", groups_within_groups_end},
        {"the header and the first AVP stand where RFC 6733 has them",
         the_header_and_the_first_avp_stand_where_the_rfc_has_them},
        {"every truncation needs more and reads no further", every_truncation_needs_more_and_reads_no_further},
        {"lies about lengths are refused", lies_about_lengths_are_refused},
        {NULL, NULL},
    };

    return unit_run("diameter", tests);
}
