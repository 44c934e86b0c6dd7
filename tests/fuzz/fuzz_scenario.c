/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text as a scenario: what is taken must write itself and read back the same. */
#include "bench/harness/scenario_file.h"
#include "sim/base/check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[SCENARIO_TEXT_SIZE];
    struct span given = {(const char *)data, size};
    struct sink sink = SINK(text);
    struct scenario_file file, again;
    struct note note = {{0}};

    /* Includes would open files of this machine. */
    if (span_find(given, SPAN("include")) < given.size)
        return 0;
    if (scenario_file_parse(given, "fuzz", &file, &note) != ERR_OK) {
        check(note.text[0] != 0);
        return 0;
    }
    scenario_file_write(&file, &sink);
    check(!sink.overflow);
    check(scenario_file_parse(sink_written(&sink), "again", &again, &note) == ERR_OK);
    check(memcmp(&file.scenario, &again.scenario, sizeof(file.scenario)) == 0);
    return 0;
}
