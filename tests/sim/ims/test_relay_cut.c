/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Relays that cut chunks again (RFC 4976 section 6). */
#include "tests/sim/ims/stage.h"

struct sends {
    uint64_t out, in;     /* SENDs with bytes of the file, from UE-A and to UE-B */
    uint64_t longest_out; /* bytes of the longest that went to UE-B */
};

static void tap_send(void *context, const struct sim_message *message)
{
    struct sends *sends = context;

    if (!span_starts(message->label, SPAN("SEND ")))
        return;
    sends->out += span_equal(span_of(message->from), SPAN("UE-A"));
    if (!span_equal(span_of(message->to), SPAN("UE-B")))
        return;
    sends->in++;
    sends->longest_out = message->bytes > sends->longest_out ? message->bytes : sends->longest_out;
}

enum { HEAD_MOST = 600 }; /* bytes around a chunk's body */

static void check_cut(const char *arm, int forwarding, int chunking, uint64_t chunk_bytes)
{
    struct sends sends = {0};
    struct sim_tap tap = {.context = &sends, .wants_bytes = true, .message = tap_send};
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.relay_forwarding = forwarding;
    scenario.relay_chunk_bytes = chunk_bytes;
    scenario.chunking = chunking;
    scenario.success_report = 1;
    struct outcome outcome = run(&scenario, arm, 50000, &tap);
    uint64_t whole = chunking == CHUNKING_2048 ? 2048 : outcome.body_bytes, pieces = 0;

    for (uint64_t at = 0; at < outcome.body_bytes; at += whole) {
        uint64_t sent = outcome.body_bytes - at < whole ? outcome.body_bytes - at : whole;

        pieces += chunk_bytes == 0 ? 1 : (sent + chunk_bytes - 1) / chunk_bytes;
    }
    CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
    CU_ASSERT_EQUAL(sends.out, outcome.chunks);
    CU_ASSERT_EQUAL(sends.in, pieces);
    CU_ASSERT(chunk_bytes == 0 || sends.longest_out <= chunk_bytes + HEAD_MOST);
}

/* Real bytes: what comes out is the file, opened and verified. */
static void chunks_are_cut_into_as_many_as_it_takes(void)
{
    static const uint64_t sizes[] = {0, 700, 2048, 2049, 10000, 49999, 50000, 1000000};
    const char *const names[] = {"msrp-relay", "msrp-relay-plain", "msrp-relay-smime", "msrp-b2bua", NULL};

    for (int i = 0; names[i]; i++)
        for (int forwarding = 0; forwarding < 2; forwarding++)
            for (int chunking = 0; chunking < 2; chunking++)
                for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
                    check_cut(names[i], forwarding, chunking, sizes[k]);
}

/* Each piece is a transaction: one that is not answered is reported (RFC 4976 section 6). */
static void a_piece_that_is_not_answered_fails_the_file(void)
{
    struct scenario scenario;

    field_defaults(scenario_fields, &scenario);
    scenario.relay_chunk_bytes = 5000;
    scenario.cut_ns = 300 * MS;
    scenario.success_report = 1;
    CU_ASSERT_EQUAL(run(&scenario, "msrp-relay", 50000, NULL).end, OUTCOME_TRANSFER_FAILED);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"RFC 4976 6: chunks are cut into as many as it takes", chunks_are_cut_into_as_many_as_it_takes},
        {"RFC 4976 6: a piece that is not answered fails the file", a_piece_that_is_not_answered_fails_the_file},
        {NULL, NULL},
    };

    stage_open((struct party_set_config){.with_rsa = true}, 1000, 1);
    int status = unit_run("relay cut", tests);

    stage_close();
    return status;
}
