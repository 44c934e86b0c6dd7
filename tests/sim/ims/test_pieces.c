/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file that is sealed piece by piece: what is noticed, and what it saves. */
#include "sim/ims/pieces.h"
#include "tests/sim/ims/stage.h"

enum { FILE_BYTES = 10000, PIECE = 3000, PIECES = 4 };

/* A sealed file outside any trial. */
struct sealed {
    struct scenario scenario;
    struct trial trial;
    struct world world;
    struct pieces pieces;
    uint8_t body[64 * 1024];
};

static void seal(struct sealed *sealed, int suite, const char *transfer_id)
{
    sealed->scenario = standard();
    sealed->scenario.suite = suite;
    sealed->scenario.seal_chunk_bytes = PIECE;
    sealed->trial = (struct trial){
        .scenario = &sealed->scenario, .file = &source_pattern, .file_bytes = FILE_BYTES, .parties = &parties};
    sealed->world = (struct world){.trial = &sealed->trial, .scenario = &sealed->scenario, .arena = arena};
    pieces_init(&sealed->pieces, &sealed->world, transfer_id);
    CU_ASSERT_EQUAL_FATAL(sealed->pieces.count, PIECES);
    CU_ASSERT_FATAL(pieces_at(&sealed->pieces, PIECES) <= sizeof(sealed->body));
    pieces_seal(&sealed->pieces, sealed->body);
}

static bool opens(const struct sealed *sealed)
{
    static uint8_t file[FILE_BYTES + PIECE], expected[FILE_BYTES];
    uint64_t size = 0;

    slice_read((struct slice){&source_pattern, 0, FILE_BYTES}, 0, expected, FILE_BYTES);
    if (pieces_open(&sealed->pieces, "sip:alice@open-ims.test", sealed->body, file, &size) != ERR_OK)
        return false;
    CU_ASSERT(size == FILE_BYTES && memcmp(file, expected, FILE_BYTES) == 0);
    return true;
}

static void copy_piece(struct sealed *to, uint64_t index, const struct sealed *from, uint64_t other)
{
    memcpy(to->body + pieces_at(&to->pieces, index), from->body + pieces_at(&from->pieces, other),
           pieces_sealed_bytes(&from->pieces, other));
}

static void a_piece_counts_only_in_its_place_and_transfer(void)
{
    static struct sealed sealed, same, other;

    for (int suite = SUITE_RFC8591; suite <= SUITE_2013_3DES; suite++) {
        arena_reset(arena);
        seal(&sealed, suite, "Taaaaaaaaaaaaaaa");
        seal(&same, suite, "Taaaaaaaaaaaaaaa");
        seal(&other, suite, "Tbbbbbbbbbbbbbbb");
        CU_ASSERT(opens(&sealed));
        /* Sealed again for the same transfer is as good. */
        copy_piece(&sealed, 1, &same, 1);
        CU_ASSERT(opens(&sealed));
        copy_piece(&sealed, 1, &other, 1); /* of another transfer */
        CU_ASSERT(!opens(&sealed));
        copy_piece(&sealed, 1, &same, 2); /* doubled, and one left out */
        CU_ASSERT(!opens(&sealed));
        copy_piece(&sealed, 2, &same, 1); /* two that have changed places */
        CU_ASSERT(!opens(&sealed));
        copy_piece(&sealed, 1, &same, 1);
        copy_piece(&sealed, 2, &same, 2);
        CU_ASSERT(opens(&sealed));
        sealed.body[pieces_at(&sealed.pieces, 3) + 700] ^= 1;
        CU_ASSERT(!opens(&sealed));
        /* A count that is another one, as when the end has been cut off. */
        sealed.body[pieces_at(&sealed.pieces, 3) + 700] ^= 1;
        sealed.pieces.count = 3;
        CU_ASSERT(!opens(&sealed));
    }
}

static const struct sim_tap wants_bytes = {.wants_bytes = true};

static void pieces_arrive_in_every_arm_that_seals(void)
{
    static const uint64_t sizes[] = {1, 2999, 3000, 3001, 200000};

    for (const struct arm *arm = arms; arm->name; arm++)
        for (int suite = SUITE_RFC8591;
             arm->carrier == CARRIER_MSRP && arm->body == BODY_CMS && suite <= SUITE_2013_3DES; suite++)
            for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
                for (int seal_when = SEAL_AFTER_ANSWER; seal_when <= SEAL_BEFORE_INVITE; seal_when++) {
                    struct scenario scenario = standard();

                    scenario.suite = suite;
                    scenario.seal_chunk_bytes = sizes[i] == 200000 ? 20000 : PIECE;
                    scenario.seal_when = seal_when;
                    scenario.devices = 2;
                    scenario.file_hash = i % 2 ? FILE_HASH_SHA1 : FILE_HASH_OFF;
                    scenario.chunking = i % 3 ? CHUNKING_2048 : CHUNKING_FEW_LARGE;
                    struct outcome outcome = run(&scenario, arm->name, sizes[i], NULL);

                    CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
                    CU_ASSERT_EQUAL(run(&scenario, arm->name, sizes[i], &wants_bytes).delay_ns, outcome.delay_ns);
                }
}

/* On a link that is no faster than the CPUs, sealing and opening disappear behind the transfer but for one piece. */
static void pieces_hide_sealing_and_opening_behind_the_transfer(void)
{
    struct scenario whole = standard(), pieces = standard(), plain = standard();
    uint64_t bytes = 4 * MIB;

    whole.access.rate_bps = pieces.access.rate_bps = plain.access.rate_bps = 50000000; /* 160 ns a byte, CPUs 50 */
    pieces.seal_chunk_bytes = 64 * KIB;
    struct outcome a = run(&whole, "msrp-smime", bytes, NULL), b = run(&pieces, "msrp-smime", bytes, NULL),
                   c = run(&plain, "msrp-plain", bytes, NULL);
    int64_t seal_ns = cost_ns(&costs, COST_CMS_SEAL_RFC8591, bytes);
    int64_t piece_ns = cost_ns(&costs, COST_CMS_SEAL_RFC8591, 64 * KIB);

    CU_ASSERT(a.delay_ns - c.delay_ns > 2 * seal_ns - 100 * MS); /* connecting hides up to 100 ms of it */
    CU_ASSERT(b.delay_ns - c.delay_ns < 5 * piece_ns + 64 * 1300 * 160);
    CU_ASSERT_EQUAL(b.protect_ns, cost_ns(&costs, COST_CMS_SEAL_RFC8591, 64 * KIB + 45));
    CU_ASSERT(b.parts_ns[PART_CRYPTO] < 5 * piece_ns);
}

int main(void)
{
    const struct unit_test tests[] = {
        {"a piece counts only in its place and its transfer", a_piece_counts_only_in_its_place_and_transfer},
        {"pieces arrive in every arm that seals", pieces_arrive_in_every_arm_that_seals},
        {"pieces hide sealing and opening behind the transfer", pieces_hide_sealing_and_opening_behind_the_transfer},
        {NULL, NULL},
    };

    stage_open((struct party_set_config){.with_rsa = true, .bob_others = 1}, 0, 50);
    int status = unit_run("pieces", tests);

    stage_close();
    return status;
}
