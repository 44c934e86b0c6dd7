/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/eventlog.h"
#include "sim/base/sink.h"

enum err eventlog_open(struct outfile *log, const char *path, struct note *note)
{
    return outfile_open(log, path, note);
}

void eventlog_add(void *context, int64_t at_ns, struct span line)
{
    struct outfile *log = context;
    char text[32];
    struct sink time = SINK(text);

    sink_format(&time, "%lld ", (long long)at_ns);
    outfile_write(log, sink_written(&time));
    while (line.size > 0) {
        size_t run = 0;

        while (run < line.size && line.data[run] != '\n' && line.data[run] != '\r')
            run++;
        outfile_write(log, (struct span){line.data, run});
        if (run < line.size)
            outfile_write(log, SPAN(" "));
        line = span_after(line, run < line.size ? run + 1 : run);
    }
    outfile_write(log, SPAN("\n"));
}
