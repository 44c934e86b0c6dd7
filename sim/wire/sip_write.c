/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/wire/sip.h"

/* RFC 3261 section 21. */
static const struct {
    int status;
    const char *reason;
} reasons[] = {
    {100, "Trying"},
    {180, "Ringing"},
    {183, "Session Progress"},
    {200, "OK"},
    {202, "Accepted"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {413, "Request Entity Too Large"},
    {415, "Unsupported Media Type"},
    {416, "Unsupported URI Scheme"},
    {420, "Bad Extension"},
    {423, "Interval Too Brief"},
    {480, "Temporarily Unavailable"},
    {481, "Call/Transaction Does Not Exist"},
    {482, "Loop Detected"},
    {483, "Too Many Hops"},
    {486, "Busy Here"},
    {487, "Request Terminated"},
    {488, "Not Acceptable Here"},
    {500, "Server Internal Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Server Time-out"},
    {603, "Decline"},
};

const char *sip_reason(int status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

void sip_write_request(struct sink *sink, struct span method, struct span uri)
{
    sink_span(sink, method);
    sink_char(sink, ' ');
    sink_span(sink, uri);
    sink_span(sink, SPAN(" SIP/2.0\r\n"));
}

void sip_write_status(struct sink *sink, int status)
{
    sink_span(sink, SPAN("SIP/2.0 "));
    sink_number(sink, (uint64_t)status);
    sink_char(sink, ' ');
    sink_text(sink, sip_reason(status));
    sink_span(sink, SPAN("\r\n"));
}

void sip_write_line(struct sink *sink, const char *name, struct span value)
{
    sink_text(sink, name);
    sink_span(sink, SPAN(": "));
    sink_span(sink, value);
    sink_span(sink, SPAN("\r\n"));
}

void sip_write_ipv4(struct sink *sink, uint32_t address)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        sink_number(sink, address >> shift & 255);
        if (shift > 0)
            sink_char(sink, '.');
    }
}

void sip_write_end(struct sink *sink, uint64_t body_size)
{
    sink_span(sink, SPAN("Content-Length: "));
    sink_number(sink, body_size);
    sink_span(sink, SPAN("\r\n\r\n"));
}
