/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/results.h"
#include "sim/base/units.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[256]; /* a new one for each test */
static struct note note;

static void enter(void)
{
    struct sink sink = SINK(folder);

    sink_text(&sink, "/tmp/hopsim-results-XXXXXX");
    sink_string(&sink);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
    note = (struct note){{0}};
}

static void leave(void)
{
    char command[300];
    struct sink sink = SINK(command);

    sink_format(&sink, "rm -rf '%s'", folder);
    CU_ASSERT_EQUAL(chdir("/"), 0);
    CU_ASSERT_EQUAL(system(sink_string(&sink)), 0);
}

static const char *read_file(const char *name)
{
    static char text[64 * 1024];
    FILE *file = fopen(name, "r");

    text[0] = 0;
    CU_ASSERT_PTR_NOT_NULL(file);
    if (file) {
        text[fread(text, 1, sizeof(text) - 1, file)] = 0;
        fclose(file);
    }
    return text;
}

static size_t count_of(const char *text, char what)
{
    size_t count = 0;

    for (; *text; text++)
        count += *text == what;
    return count;
}

static void test_a_folder_is_never_overwritten(void)
{
    struct results results;

    enter();
    CU_ASSERT_EQUAL(results_create(&results, "a/b/out/", "x", &note), ERR_OK);
    CU_ASSERT_STRING_EQUAL(results.path, "a/b/out");
    CU_ASSERT_EQUAL(access("a/b/out", F_OK), 0);
    CU_ASSERT_EQUAL(results_create(&results, "a/b/out", "x", &note), ERR_FILE);
    CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "a/b/out"));
    leave();
}

static void test_the_default_is_named_after_the_scenario(void)
{
    struct results results;

    enter();
    CU_ASSERT_EQUAL(results_create(&results, NULL, "../evil name", &note), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(results.path, "results/..-evil-name-20"));
    CU_ASSERT_EQUAL(strlen(results.path), strlen("results/..-evil-name-20260101-000000"));
    CU_ASSERT_EQUAL(access(results.path, F_OK), 0);
    leave();
}

static void test_a_file_in_the_way_is_an_error(void)
{
    struct results results;

    enter();
    FILE *file = fopen("file", "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fclose(file);
    CU_ASSERT_EQUAL(results_create(&results, "file/out", "x", &note), ERR_FILE);
    CU_ASSERT_EQUAL(results_create(&results, "file", "x", &note), ERR_FILE);
    note = (struct note){{0}};
    CU_ASSERT_EQUAL(results_create(&results, "", "x", &note), ERR_FILE);
    leave();
}

static void test_a_file_is_whole_and_stays(void)
{
    struct results results;

    enter();
    CU_ASSERT_EQUAL(results_create(&results, "out", "x", &note), ERR_OK);
    CU_ASSERT_EQUAL(results_save(&results, "a.txt", SPAN("one\n"), &note), ERR_OK);
    CU_ASSERT_EQUAL(results_save(&results, "a.txt", SPAN("two\n"), &note), ERR_FILE);
    CU_ASSERT_STRING_EQUAL(read_file("out/a.txt"), "one\n");
    leave();
}

static void test_the_manifest_says_what_made_it(void)
{
    static const char *const words[] = {"hopsim", "compare", "it's mine.ini", "--set", "seed=7"};
    struct results_manifest manifest = {
        .word_count = 5, .words = words, .seed = 7, .libraries = "library: none\n", .remarks = "remark: yes\n"};
    struct results results;

    enter();
    CU_ASSERT_EQUAL(results_create(&results, "out", "x", &note), ERR_OK);
    CU_ASSERT_EQUAL(results_save_manifest(&results, &manifest, &note), ERR_OK);
    const char *text = read_file("out/manifest.txt");

    CU_ASSERT_PTR_NOT_NULL(strstr(text, "command: hopsim compare 'it'\\''s mine.ini' --set seed=7\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nseed: 7\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nrevision: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\ncompiler: "));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nlibrary: none\nremark: yes\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\nwall_s: "));
    leave();
}

/* Two arms of one trial: the second failed, its times are empty cells. */
static void make_rows(struct comparison *comparison, struct outcome outcomes[2])
{
    static const struct arm rows[] = {{.name = "msrp-smime"}, {.name = "msrp-relay"}};

    outcomes[0] = (struct outcome){.delay_ns = 5 * MS, .file_bytes = 10};
    outcomes[1] = (struct outcome){.end = OUTCOME_SETUP_TIMEOUT, .delay_ns = NONE_NS};
    for (int part = 0; part < PART_COUNT; part++)
        outcomes[1].parts_ns[part] = NONE_NS;
    *comparison = (struct comparison){
        .arm_count = 2, .arms = {&rows[0], &rows[1]}, .trials = 1, .is_exact = true, .outcomes = outcomes};
}

static void test_rows_have_the_columns_of_their_head(void)
{
    static const struct results_key keys[] = {{"connections", "cold"}};
    struct outcome outcomes[2];
    struct comparison comparison;
    struct results results;
    struct outfile trials, summary;

    enter();
    make_rows(&comparison, outcomes);
    CU_ASSERT_EQUAL(results_create(&results, "out", "x", &note), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(results_open(&results, "trials.csv", &trials, &note), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(results_open(&results, "summary.csv", &summary, &note), ERR_OK);
    CU_ASSERT_EQUAL(access("out/trials.csv", F_OK), -1); /* not before it is whole */
    results_write_trials_head(&trials, keys, 1);
    results_write_trials(&trials, keys, 1, &comparison, 42);
    results_write_summary_head(&summary, keys, 1);
    results_write_summary(&summary, keys, 1, &comparison);
    CU_ASSERT_EQUAL(outfile_close(&trials, &note), ERR_OK);
    CU_ASSERT_EQUAL(outfile_close(&summary, &note), ERR_OK);

    const char *text = read_file("out/trials.csv");

    CU_ASSERT_EQUAL(count_of(text, '\n'), 3);
    CU_ASSERT_EQUAL(count_of(text, ',') % 3, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "connections,arm,trial,seed,end,delay_ns,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\ncold,msrp-smime,0,42,delivered,5000000,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\ncold,msrp-relay,0,42,setup-timeout,,"));
    text = read_file("out/summary.csv");
    CU_ASSERT_EQUAL(count_of(text, '\n'), 3);
    CU_ASSERT_EQUAL(count_of(text, ',') % 3, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\ncold,msrp-smime,1,1,1,0,5,5,5,5,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\ncold,msrp-relay,1,1,0,1,,,,inf,"));
    leave();
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a folder is made with what stands above it and never overwritten", test_a_folder_is_never_overwritten},
        {"the default folder is named after the scenario, in plain letters",
         test_the_default_is_named_after_the_scenario},
        {"a file in the way is an error", test_a_file_in_the_way_is_an_error},
        {"a file is whole and stays as it is", test_a_file_is_whole_and_stays},
        {"the manifest says what made the results", test_the_manifest_says_what_made_it},
        {"rows have the columns of their head, failures empty cells", test_rows_have_the_columns_of_their_head},
        {NULL, NULL},
    };

    return unit_run("results", tests);
}
