/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders for what is not kept: they go with what is in them, those of dead processes too, and nothing else does. */
#include "bench/cli/scratch.h"
#include "bench/measure/owner.h"
#include "sim/base/check.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char parent[64];
static struct note note;

static const char *below(const char *name)
{
    static char text[128];
    struct sink path = SINK(text);

    sink_format(&path, "%s/%s", parent, name);
    return sink_string(&path);
}

static bool exists(const char *path)
{
    struct stat found;

    return lstat(path, &found) == 0;
}

static void write_file(const char *path)
{
    FILE *file = fopen(path, "we");

    check(file != NULL && fputs("secret\n", file) >= 0 && fclose(file) == 0);
}

static void begin(void)
{
    memcpy(parent, "/tmp/scratch-test-XXXXXX", sizeof("/tmp/scratch-test-XXXXXX"));
    check(mkdtemp(parent) != NULL && setenv("TMPDIR", parent, 1) == 0);
}

static void end(void)
{
    CU_ASSERT_EQUAL(rmdir(parent), 0);
    check(unsetenv("TMPDIR") == 0);
}

static void goes_with_its_files(void)
{
    struct scratch scratch = {""};
    char path[OUTFILE_PATH_SIZE];

    begin();
    CU_ASSERT_EQUAL(scratch_make(&scratch, "measure", &note), ERR_OK);
    CU_ASSERT_TRUE(span_starts(span_of(scratch.path), span_of(below("hopsim-measure-"))));
    write_file(scratch_path(&scratch, "received-0", path));
    CU_ASSERT_EQUAL(mkdir(scratch_path(&scratch, "folder", path), 0700), 0);
    write_file(scratch_path(&scratch, "folder/messages.csv", path));
    scratch_remove(&scratch);
    CU_ASSERT_EQUAL(scratch.path[0], 0);
    scratch_remove(&scratch);
    end();
}

/* A process that is killed leaves its folder, and the next one to make one removes it. */
static void dead_ones_go(void)
{
    struct scratch own = {""}, other = {""};
    int line[2];
    char path[OUTFILE_PATH_SIZE];

    begin();
    check(pipe(line) == 0);
    pid_t child = fork();

    if (child == 0) {
        if (scratch_make(&own, "measure", &note) == ERR_OK) {
            write_file(scratch_path(&own, "received-0", path));
            (void)!write(line[1], own.path, sizeof(own.path));
        }
        pause();
    }
    check(read(line[0], own.path, sizeof(own.path)) == (ssize_t)sizeof(own.path));
    CU_ASSERT_EQUAL(scratch_make(&other, "flow", &note), ERR_OK);
    CU_ASSERT_TRUE(exists(own.path));
    scratch_remove(&other);
    check(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    CU_ASSERT_TRUE(exists(own.path));
    CU_ASSERT_EQUAL(scratch_make(&other, "flow", &note), ERR_OK);
    CU_ASSERT_FALSE(exists(own.path));
    scratch_remove(&other);
    close(line[0]);
    close(line[1]);
    end();
}

/* What only looks like one: other names, files, links to somebody's folder. */
static void nothing_else_goes(void)
{
    static const char *const names[] = {"hopsim-long", "hopsim-measure-abc", "hopsim-measure-1-2",
                                        "other-measure-999999999-1-abcdef"};
    struct scratch scratch = {""};

    begin();
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        CU_ASSERT_EQUAL(mkdir(below(names[i]), 0700), 0);
    write_file(below("hopsim-long/kept"));
    CU_ASSERT_EQUAL(symlink("hopsim-long", below("hopsim-measure-999999999-1-abcdef")), 0);
    write_file(below("hopsim-measure-999999999-1-abcdeg"));
    CU_ASSERT_EQUAL(scratch_make(&scratch, "measure", &note), ERR_OK);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        CU_ASSERT_TRUE(exists(below(names[i])));
    CU_ASSERT_EQUAL(unlink(below("hopsim-long/kept")), 0);
    CU_ASSERT_EQUAL(unlink(below("hopsim-measure-999999999-1-abcdef")), 0);
    CU_ASSERT_EQUAL(unlink(below("hopsim-measure-999999999-1-abcdeg")), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        CU_ASSERT_EQUAL(rmdir(below(names[i])), 0);
    scratch_remove(&scratch);
    end();
}

static void owners(void)
{
    char text[64];
    struct sink own = SINK(text);

    owner_write(&own);
    CU_ASSERT_FALSE(owner_is_gone(sink_written(&own)));
    CU_ASSERT_TRUE(owner_is_gone(SPAN("999999999-1-")));
    /* The number is taken again, by a process that began later. */
    own.size = 0;
    sink_format(&own, "%ld-1-", (long)getpid());
    CU_ASSERT_TRUE(owner_is_gone(sink_written(&own)));
    CU_ASSERT_FALSE(owner_is_gone(SPAN("999999999-1")));
    CU_ASSERT_FALSE(owner_is_gone(SPAN("99999999999999999999-1-")));
    CU_ASSERT_FALSE(owner_is_gone(SPAN("-1-")));
}

static void no_place(void)
{
    struct scratch scratch = {""};

    check(setenv("TMPDIR", "/nowhere/at/all", 1) == 0);
    CU_ASSERT_EQUAL(scratch_make(&scratch, "measure", &note), ERR_FILE);
    CU_ASSERT_EQUAL(scratch.path[0], 0);
    check(unsetenv("TMPDIR") == 0);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a folder goes with its files", goes_with_its_files},
        {"what a dead process left goes with the next folder", dead_ones_go},
        {"nothing else goes", nothing_else_goes},
        {"names tell whether their process is there", owners},
        {"no place is an error", no_place},
        {NULL, NULL},
    };

    return unit_run("scratch", tests);
}
