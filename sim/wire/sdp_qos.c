/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sdp_qos.h"

static const char *const statuses[] = {"none\r\n", "sendrecv\r\n"};

void sdp_write_qos(const struct sdp_qos *qos, struct sink *sink)
{
    sink_text(sink, "a=curr:qos local ");
    sink_text(sink, statuses[qos->has_local]);
    sink_text(sink, "a=curr:qos remote ");
    sink_text(sink, statuses[qos->has_remote]);
    sink_text(sink, "a=des:qos mandatory local sendrecv\r\n");
    sink_text(sink,
              qos->insists_remote ? "a=des:qos mandatory remote sendrecv\r\n" : "a=des:qos none remote sendrecv\r\n");
    if (qos->asks_confirmation)
        sink_text(sink, "a=conf:qos remote sendrecv\r\n");
}

/* The value of the line that begins so; false where there is none. */
static bool find_line(struct span sdp, struct span start, struct span *value)
{
    size_t at = span_find(sdp, start);

    if (at == sdp.size)
        return false;
    *value = span_after(sdp, at + start.size);
    value->size = span_find_byte(*value, '\n');
    *value = span_trim(*value);
    if (value->size > 0 && value->data[value->size - 1] == '\r')
        value->size--;
    return true;
}

bool sdp_read_qos(struct span sdp, struct sdp_qos *qos)
{
    struct span local, remote, desired;

    if (!find_line(sdp, SPAN("\na=curr:qos local "), &local) || !find_line(sdp, SPAN("\na=curr:qos remote "), &remote))
        return false;
    *qos = (struct sdp_qos){.has_local = span_equal(local, SPAN("sendrecv")),
                            .has_remote = span_equal(remote, SPAN("sendrecv")),
                            .insists_remote = find_line(sdp, SPAN("\na=des:qos mandatory remote "), &desired),
                            .asks_confirmation = find_line(sdp, SPAN("\na=conf:qos remote "), &desired)};
    return true;
}
