/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The paper's legible packets: what the file says, what follows from it, and that lost digits stay lost. Run from the
 * project's root.
 */
#include "tests/unit.h"
#include "traces/paper.h"

#include <stdio.h>

static char text[16384];
static struct paper paper;

static void read_file(void)
{
    FILE *file = fopen("traces/paper/captures.csv", "r");
    struct note note = {0};

    CU_ASSERT_FATAL(file != NULL);
    size_t size = fread(text, 1, sizeof(text), file);

    fclose(file);
    CU_ASSERT_FATAL(size > 0 && size < sizeof(text));
    CU_ASSERT_FATAL(paper_read((struct span){text, size}, &paper, &note) == ERR_OK);
}

static void every_frame_of_the_three_figures_is_there(void)
{
    read_file();
    CU_ASSERT(paper.count == 33);
    for (uint64_t frame = 54; frame <= 70; frame++)
        CU_ASSERT(paper_row_of(&paper, frame) != NULL);
    for (uint64_t frame = 1100; frame <= 1115; frame++)
        CU_ASSERT(paper_row_of(&paper, frame) != NULL);
    CU_ASSERT(paper_row_of(&paper, 71) == NULL);
}

static void a_row_keeps_its_cells(void)
{
    read_file();
    const struct paper_row *row = paper_row_of(&paper, 54);

    CU_ASSERT_FATAL(row != NULL);
    CU_ASSERT(row->figure == 1 && row->has_time && row->time_ns == INT64_C(13522684000));
    CU_ASSERT(row->has_length && row->length_bytes == 1006);
    CU_ASSERT(span_equal(row->from, SPAN("ue-a")) && span_equal(row->to, SPAN("ims")));
    CU_ASSERT(span_equal(row->info, SPAN("Request: INVITE sip:bob@open-ims.test")) && row->note.size == 0);
}

static void lost_digits_are_not_numbers(void)
{
    read_file();
    CU_ASSERT(!paper_row_of(&paper, 56)->has_time && paper_row_of(&paper, 56)->has_length);
    CU_ASSERT(!paper_row_of(&paper, 57)->has_time);
    CU_ASSERT(!paper_row_of(&paper, 63)->has_time && !paper_row_of(&paper, 63)->has_length);
    CU_ASSERT(!paper_row_of(&paper, 1107)->has_time && !paper_row_of(&paper, 1107)->has_length);
    CU_ASSERT(!paper_row_of(&paper, 1111)->has_time);
}

static void a_time_is_held_against_the_legible_digits_only(void)
{
    CU_ASSERT(paper_match_time(SPAN("23.???356"), INT64_C(23262356999)) == PAPER_AGREES);
    CU_ASSERT(paper_match_time(SPAN("23.???356"), INT64_C(23262357000)) == PAPER_DIFFERS);
    CU_ASSERT(paper_match_time(SPAN("23.???356"), INT64_C(22262356000)) == PAPER_DIFFERS);
    CU_ASSERT(paper_match_time(SPAN("23.???356"), INT64_C(123262356000)) == PAPER_DIFFERS);
    CU_ASSERT(paper_match_time(SPAN("0.009985"), INT64_C(9985000)) == PAPER_AGREES);
    CU_ASSERT(paper_match_time(SPAN("0.009985"), INT64_C(9984999)) == PAPER_DIFFERS);
    CU_ASSERT(paper_match_time(SPAN("*REF*"), 0) == PAPER_NOTHING_LEGIBLE);
    CU_ASSERT(paper_match_time(SPAN(""), 0) == PAPER_NOTHING_LEGIBLE);
}

static const struct paper_quantity *quantity_of(const struct paper_quantities *all, uint64_t first, uint64_t second,
                                                int64_t value)
{
    for (uint32_t i = 0; i < all->count; i++)
        if (all->rows[i].frames[0] == first && all->rows[i].frames[1] == second && all->rows[i].value == value)
            return &all->rows[i];
    return NULL;
}

/* The differences and lengths, worked out by hand from the figures. */
static void quantities_follow_from_the_frames(void)
{
    static const struct {
        uint64_t first, second;
        int64_t value;
        bool is_time;
    } expected[] = {
        {54, 55, 2657000, true},      {60, 61, 3544000, true},   {61, 62, 4153000, true},    {69, 0, 9985000, true},
        {69, 70, 1195000, true},      {1108, 1109, 25000, true}, {1108, 1110, 809000, true}, {1109, 1110, 784000, true},
        {1114, 1115, 65794000, true}, {54, 0, 1006, false},      {54, 0, 964, false},        {56, 57, 1652, false},
        {68, 0, 1498, false},         {68, 0, 1444, false},      {1108, 1109, 1605, false},  {1108, 0, 1514, false},
        {1109, 0, 199, false},        {69, 1111, 229, false},    {60, 1101, 1094, false},    {61, 1102, 900, false},
        {62, 1103, 552, false},       {70, 0, 663, false},       {1112, 0, 552, false},      {1114, 0, 747, false},
        {1115, 0, 597, false},        {1104, 0, 66, false},      {67, 0, 54, false},
    };
    struct paper_quantities all;
    struct note note = {0};

    read_file();
    CU_ASSERT_FATAL(paper_derive(&paper, &all, &note) == ERR_OK);
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const struct paper_quantity *row = quantity_of(&all, expected[i].first, expected[i].second, expected[i].value);

        CU_ASSERT(row != NULL);
        CU_ASSERT(row && row->is_time == expected[i].is_time);
        CU_ASSERT(row && strcmp(row->unit, expected[i].is_time ? "ns" : "B") == 0);
    }
}

static void what_is_misread_or_inferred_feeds_nothing(void)
{
    static const uint64_t unfit[] = {63, 64, 65, 66, 1105, 1106, 1107};
    struct paper_quantities all;
    struct note note = {0};

    read_file();
    CU_ASSERT_FATAL(paper_derive(&paper, &all, &note) == ERR_OK);
    for (uint32_t i = 0; i < all.count; i++)
        for (size_t k = 0; k < sizeof(unfit) / sizeof(unfit[0]); k++)
            CU_ASSERT(all.rows[i].frames[0] != unfit[k] && all.rows[i].frames[1] != unfit[k]);
}

static void a_quantity_whose_frame_is_gone_or_differs_is_refused(void)
{
    static struct paper other;
    struct paper_quantities all = {.count = 7};
    struct note note = {0};

    read_file();
    other = paper;
    for (uint32_t i = 0; i < other.count; i++)
        if (other.rows[i].frame == 1101)
            other.rows[i].length_bytes = 1095;
    CU_ASSERT(paper_derive(&other, &all, &note) == ERR_SYNTAX);
    CU_ASSERT(strstr(note.text, "200 (INVITE) from UE-B") != NULL && all.count == 7);
    other.count = 3;
    note = (struct note){0};
    CU_ASSERT(paper_derive(&other, &all, &note) == ERR_SYNTAX && note.text[0] != 0);
}

static void lines_that_are_no_rows_are_told_by_number(void)
{
    static const char *const bad[] = {
        "# comment\n1,54,13.522684,a,b,SIP,1006,info\n",
        "# comment\n1,54,13.522684,a,b,SIP,1006,info,note,more\n",
        "# comment\n1,54,13.52268,a,b,SIP,1006,info,note\n",
        "# comment\n1,54,13.522684,a,b,SIP,10O6,info,note\n",
        "# comment\none,54,13.522684,a,b,SIP,1006,info,note\n",
        "# comment\n1,54,13.522684,a,b,SIP,1006,\"info,note\n",
        "# comment\n1,54,13.522684,a,b,SIP,1006,\"info\"x,note\n",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        static struct paper read;
        struct note note = {0};

        read.count = 9;
        CU_ASSERT(paper_read(span_of(bad[i]), &read, &note) == ERR_SYNTAX);
        CU_ASSERT(strstr(note.text, "line 2") != NULL && read.count == 9);
    }
    static struct paper read;
    struct note note = {0};

    CU_ASSERT(paper_read(SPAN("1,54,,,,,,,\n1,54,,,,,,,\n"), &read, &note) == ERR_SYNTAX);
    CU_ASSERT(strstr(note.text, "twice") != NULL);
    note = (struct note){0};
    CU_ASSERT(paper_read(SPAN("1,54,,,,,,,\n\n1,55,,,,,,,"), &read, &note) == ERR_OK && read.count == 2);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"every frame of the three figures is there", every_frame_of_the_three_figures_is_there},
        {"a row keeps its cells", a_row_keeps_its_cells},
        {"lost digits are not numbers", lost_digits_are_not_numbers},
        {"a time is held against the legible digits only", a_time_is_held_against_the_legible_digits_only},
        {"quantities follow from the frames", quantities_follow_from_the_frames},
        {"what is misread or inferred feeds nothing", what_is_misread_or_inferred_feeds_nothing},
        {"a quantity whose frame is gone or differs is refused", a_quantity_whose_frame_is_gone_or_differs_is_refused},
        {"lines that are no rows are told by number", lines_that_are_no_rows_are_told_by_number},
        {NULL, NULL},
    };

    return unit_run("paper", tests);
}
