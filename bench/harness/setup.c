/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/setup.h"
#include "bench/harness/cost_file.h"
#include "bench/harness/dwell_file.h"
#include "bench/harness/sample_file.h"
#include "sim/base/units.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX (64 * GIB) /* as transfer.size has it */

/* Maps the open file; its size decides how much can be sent. */
static enum err map_file(struct setup *setup, int descriptor, struct note *note)
{
    const char *path = setup->file.scenario.file_path;
    struct stat status;

    if (fstat(descriptor, &status) != 0)
        return note_set(note, ERR_FILE, "%s: cannot be examined: %s", path, strerror(errno));
    if (!S_ISREG(status.st_mode))
        return note_set(note, ERR_FILE, "%s: is not a regular file", path);
    if (status.st_size == 0)
        return note_set(note, ERR_FILE, "%s: is empty", path);
    setup->mapped_bytes = (size_t)status.st_size;
    void *bytes = mmap(NULL, setup->mapped_bytes, PROT_READ, MAP_PRIVATE, descriptor, 0);

    if (bytes == MAP_FAILED)
        return note_set(note, ERR_FILE, "%s: cannot be read: %s", path, strerror(errno));
    setup->mapped = bytes;
    setup->source = source_memory(bytes);
    return ERR_OK;
}

static enum err open_file(struct setup *setup, struct note *note)
{
    const struct scenario *scenario = &setup->file.scenario;

    setup->file_bytes = scenario->file_bytes;
    if (scenario->file_path[0] == 0) {
        setup->source = sample_file;
        if (setup->file_bytes == 0)
            setup->file_bytes = sample_file_size();
        return ERR_OK;
    }
    int descriptor = open(scenario->file_path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (descriptor < 0)
        return note_set(note, ERR_FILE, "%s: cannot be opened: %s", scenario->file_path, strerror(errno));
    enum err error = map_file(setup, descriptor, note);

    close(descriptor);
    if (error != ERR_OK)
        return error;
    if (setup->file_bytes == 0)
        setup->file_bytes = setup->mapped_bytes;
    if (setup->file_bytes > FILE_BYTES_MAX)
        return note_set(note, ERR_RANGE, "%s has %zu bytes: expected at most 64GiB", scenario->file_path,
                        setup->mapped_bytes);
    if (setup->file_bytes > setup->mapped_bytes)
        return note_set(note, ERR_RANGE, "transfer.size is larger than %s, which has %zu bytes", scenario->file_path,
                        setup->mapped_bytes);
    return ERR_OK;
}

/* A role without a row would keep nothing, and look fast: a table that means that says so with a row of kind "*". Only
 * a scenario with dns = cold has DNS servers. */
static enum err check_roles(const struct setup *setup, struct note *note)
{
    for (int role = 0; role < DWELL_ROLE_COUNT; role++) {
        const struct scenario *scenario = &setup->file.scenario;
        bool is_there = (role == DWELL_DNS && scenario->dns == DNS_CACHED) ||
                        (role == DWELL_AS && !scenario->ifc_orig && !scenario->ifc_term);

        for (size_t i = 0; i < setup->dwells.count && !is_there; i++)
            is_there = setup->dwells.rows[i].role == (enum dwell_role)role;
        if (!is_there)
            return note_set(note, ERR_RANGE, "the dwell table %s has no row for %s: expected one, of kind * if need be",
                            setup->dwells.name, dwell_role_names[role]);
    }
    return ERR_OK;
}

enum err setup_open(struct setup *setup, struct note *note)
{
    setup->mapped = NULL;
    enum err error = dwell_file_read(span_of(setup->file.scenario.dwell_table), &setup->dwells, note);

    if (error == ERR_OK)
        error = check_roles(setup, note);
    if (error == ERR_OK)
        error = cost_file_read(setup->file.scenario.cost_table, &setup->costs, note);
    if (error == ERR_OK)
        error = open_file(setup, note);
    if (error != ERR_OK)
        setup_close(setup);
    return error;
}

void setup_close(struct setup *setup)
{
    if (setup->mapped)
        munmap(setup->mapped, setup->mapped_bytes);
    setup->mapped = NULL;
}

struct trial setup_trial(const struct setup *setup, const struct arm *arm, uint64_t number)
{
    return (struct trial){
        .scenario = &setup->file.scenario,
        .arm = arm,
        .dwells = &setup->dwells,
        .costs = &setup->costs,
        .file = &setup->source,
        .file_bytes = setup->file_bytes,
        .number = number,
    };
}
