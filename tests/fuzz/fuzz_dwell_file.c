/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as a table of dwells: what is taken must write itself and read back the same. */
#include "bench/harness/dwell_file.h"
#include "sim/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[1 << 18], text_again[1 << 18];
    static struct dwell_table table, again;
    struct sink sink = SINK(text), sink_again = SINK(text_again);
    struct note note = {{0}};

    if (dwell_file_parse((struct span){(const char *)data, size}, "fuzz", &table, &note) != ERR_OK) {
        check(note.text[0] != 0);
        return 0;
    }
    dwell_file_write(&table, &sink);
    check(!sink.overflow);
    check(dwell_file_parse(sink_written(&sink), "fuzz", &again, &note) == ERR_OK);
    dwell_file_write(&again, &sink_again);
    check(span_equal(sink_written(&sink), sink_written(&sink_again)));
    return 0;
}
