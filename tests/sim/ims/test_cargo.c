/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is done with the file at either end of an MSRP session. */
#include "sim/sec/cms.h"
#include "tests/sim/ims/stage.h"

static const struct sim_tap wants_bytes = {.wants_bytes = true};

/* RFC 5547: the offer needs the hash, and so does who believes it. */
static void a_file_is_hashed_before_invite_and_again_before_it_is_in_hand(void)
{
    const char *const names[] = {"msrp-plain", "msrp-tls", "msrp-smime", NULL};
    int64_t hash_ns = cost_ns(&costs, COST_SHA1, 50000);

    for (int i = 0; names[i]; i++) {
        struct scenario without = standard(), with = standard();

        with.file_hash = FILE_HASH_SHA1;
        struct outcome a = run(&without, names[i], 50000, NULL), b = run(&with, names[i], 50000, NULL);
        int64_t unprotect_ns = a.unprotect_ns == NONE_NS ? 0 : a.unprotect_ns;

        CU_ASSERT_EQUAL(b.prepare_ns, a.prepare_ns + hash_ns);
        CU_ASSERT_EQUAL(b.unprotect_ns, unprotect_ns + hash_ns);
        CU_ASSERT_EQUAL(b.parts_ns[PART_CRYPTO], a.parts_ns[PART_CRYPTO] + 2 * hash_ns);
        CU_ASSERT_EQUAL(run(&with, names[i], 50000, &wants_bytes).delay_ns, b.delay_ns);
    }
}

/* RFC 4387: a connection and a request, two round trips, before sealing begins. */
static void a_certificate_that_has_to_be_fetched_is_waited_for(void)
{
    const char *const names[] = {"msrp-smime", "msrp-relay-smime", "msrp-smime-agw", NULL};

    for (int i = 0; names[i]; i++)
        for (int seal_when = SEAL_AFTER_ANSWER; seal_when <= SEAL_BEFORE_INVITE; seal_when++)
            for (int suite = SUITE_RFC8591; suite <= SUITE_2013_3DES; suite++) {
                struct scenario cached = standard(), fetched = standard();

                cached.seal_when = fetched.seal_when = seal_when;
                cached.suite = fetched.suite = suite;
                fetched.recipient = RECIPIENT_FETCH;
                struct outcome a = run(&cached, names[i], 5000, NULL), b = run(&fetched, names[i], 5000, NULL);
                int64_t longer_ns = b.delay_ns - a.delay_ns;

                CU_ASSERT_EQUAL(b.end, OUTCOME_DELIVERED);
                CU_ASSERT_EQUAL(b.protect_ns, a.protect_ns);
                /* 15.1 ms one way to the store; by the press it may run beside AUTH and INVITE. */
                CU_ASSERT(longer_ns >= 0 && longer_ns < 70 * MS);
                CU_ASSERT(seal_when != SEAL_BEFORE_INVITE || names[i] == names[1] || longer_ns > 60 * MS);
                CU_ASSERT_EQUAL(run(&fetched, names[i], 5000, &wants_bytes).delay_ns, b.delay_ns);
            }
    struct scenario fetched = standard(), cached = standard();

    fetched.recipient = RECIPIENT_FETCH;
    CU_ASSERT_EQUAL(run(&fetched, "msrp-plain", 5000, NULL).delay_ns, run(&cached, "msrp-plain", 5000, NULL).delay_ns);
}

static void tap_text(void *context, int64_t at_ns, struct span line)
{
    int64_t *texts_ns = context;

    if (span_starts(line, SPAN("text UE-B 60 bytes"))) {
        texts_ns[0]++;
        texts_ns[1] = at_ns;
    }
}

/* RFC 4975 section 5.1, through everything that may be in the way. */
static void a_text_comes_between_the_chunks_of_the_file(void)
{
    for (const struct arm *arm = arms; arm->name; arm++)
        for (int64_t after_ns = 1 * MS; arm->carrier == CARRIER_MSRP && after_ns < 400 * MS; after_ns = after_ns * 3) {
            int64_t texts_ns[2] = {0, 0};
            struct sim_tap tap = {.context = texts_ns, .event = tap_text};
            struct scenario scenario = standard();

            scenario.tcp_buffer_bytes = 64 * KIB;
            scenario.relay_forwarding = after_ns % 2 ? RELAY_CUT_THROUGH : RELAY_STORE_AND_FORWARD;
            scenario.text_after_ns = after_ns;
            struct outcome outcome = run(&scenario, arm->name, 2000000, &tap);

            CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
            CU_ASSERT_EQUAL(outcome.chunks, 2);
            CU_ASSERT_EQUAL(texts_ns[0], 1);
            CU_ASSERT(texts_ns[1] < outcome.pressed_ns + outcome.delay_ns);
        }
}

/* RFC 8591 section 9.1: whichever device answers has to open it. */
static void the_file_is_sealed_for_every_device(void)
{
    for (uint64_t devices = 1; devices <= 3; devices++)
        for (int suite = SUITE_RFC8591; suite <= SUITE_2013_3DES; suite++) {
            struct scenario scenario = standard();

            scenario.devices = devices;
            scenario.suite = suite;
            struct outcome outcome = run(&scenario, "msrp-smime", 5000, NULL);

            CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
            CU_ASSERT_EQUAL(outcome.body_bytes,
                            cms_sealed_size_for((enum cms_suite)suite, (uint32_t)devices, true, 5000));
            CU_ASSERT_EQUAL(run(&scenario, "msrp-smime", 5000, &wants_bytes).delay_ns, outcome.delay_ns);
        }
}

int main(void)
{
    const struct unit_test tests[] = {
        {"a file is hashed before INVITE and again before it is in hand",
         a_file_is_hashed_before_invite_and_again_before_it_is_in_hand},
        {"a certificate that has to be fetched is waited for", a_certificate_that_has_to_be_fetched_is_waited_for},
        {"a text comes between the chunks of the file", a_text_comes_between_the_chunks_of_the_file},
        {"the file is sealed for every device", the_file_is_sealed_for_every_device},
        {NULL, NULL},
    };

    stage_open((struct party_set_config){.with_rsa = true, .bob_others = 2}, 1000, 1);
    int status = unit_run("cargo", tests);

    stage_close();
    return status;
}
