/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Captures cut short at every place (a sample of them unless LONG), through every layer to dwells: each gives a result,
 * or a sentence that says what is wrong. Files from the folder that CAPTURES names.
 */
#define _GNU_SOURCE
#include "tests/unit.h"
#include "traces/dwells.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FILE_MAX = 1 << 20, SAMPLE = 60 };

static struct span load(const char *folder, const char *name, char *bytes)
{
    char path[512];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/%s", folder, name);
    FILE *file = fopen(sink_string(&sink), "rb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    struct span whole = {bytes, fread(bytes, 1, FILE_MAX, file)};

    fclose(file);
    return whole;
}

/* Messages that were found; a file that is no capture must say so. */
static size_t read_through(struct span bytes)
{
    static const struct trace_config config = {.opens_esp = true, .keeps_text = true};
    char path[64];
    struct sink sink = SINK(path);
    struct note note = {{0}};
    struct trace trace;
    struct flow flow;
    struct dwells dwells;
    int file = memfd_create("capture", MFD_CLOEXEC);

    CU_ASSERT_TRUE_FATAL(file >= 0 && write(file, bytes.data, bytes.size) == (ssize_t)bytes.size);
    sink_format(&sink, "/proc/self/fd/%d", file);
    CU_ASSERT_EQUAL_FATAL(trace_init(&trace, &config, &note), ERR_OK);
    enum err error = trace_read(&trace, sink_string(&sink), &note);
    size_t count = trace.count;

    CU_ASSERT_TRUE(error == ERR_OK || note.text[0] != 0);
    CU_ASSERT_EQUAL_FATAL(flow_init(&flow, &trace, NULL, 0, &note), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(dwells_init(&dwells, &flow, true, &note), ERR_OK);
    dwells_free(&dwells);
    flow_free(&flow);
    trace_free(&trace);
    close(file);
    return count;
}

static void test_prefixes(void)
{
    static const char *const names[] = {"sip/tcp-call.pcap", "ims/volte.pcapng", "odd/fuzzed-big-endian.pcap"};
    const char *folder = getenv("CAPTURES"), *all = getenv("LONG");
    static char bytes[FILE_MAX];

    if (!folder || !*folder) {
        printf("skipped: CAPTURES names no folder ");
        return;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        struct span whole = load(folder, names[i], bytes);
        size_t step = all && *all ? 1 : whole.size / SAMPLE | 1, least = 0, found = 0;

        for (size_t size = 0; size <= whole.size; size += step) {
            found = read_through((struct span){bytes, size});
            CU_ASSERT_TRUE(found >= least); /* more bytes never hold fewer messages */
            least = found;
        }
        CU_ASSERT_TRUE(read_through(whole) >= found && read_through(whole) > 0);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a capture that ends anywhere gives a result or a sentence", test_prefixes},
        {.sentence = NULL},
    };

    return unit_run("hostile", tests);
}
