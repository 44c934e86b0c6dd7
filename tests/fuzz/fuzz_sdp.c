/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any text: what is read must read back the same after it was written, and can be rewritten for another leg. */
#include "sim/base/check.h"
#include "sim/wire/sdp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXT_MAX = 1 << 17 };

static void write_again(const struct sdp_msrp *sdp)
{
    char text[TEXT_MAX], twice[TEXT_MAX];
    struct sink first = SINK(text), second = SINK(twice);
    struct sdp_msrp again;

    sdp_write(sdp, &first);
    if (first.overflow)
        return;
    enum err error = sdp_read(sink_written(&first), &again);

    check(error == ERR_OK);
    sdp_write(&again, &second);
    check(span_equal(sink_written(&first), sink_written(&second)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span text = {(const char *)data, size};
    struct sdp_leg leg = {.path = SPAN("msrp://10.0.0.1:2855/x;tcp"), .host = SPAN("10.0.0.1"), .port = 2855};
    struct sdp_msrp sdp, replaced;
    char out[TEXT_MAX];
    struct sink sink = SINK(out);

    if (size > TEXT_MAX / 4)
        return 0;
    bool is_sdp = sdp_read(text, &sdp) == ERR_OK;
    bool is_replaced = sdp_replace_leg(text, &leg, &sink);

    check(is_sdp == is_replaced);
    if (!is_sdp)
        return 0;
    write_again(&sdp);
    if (!sink.overflow) {
        enum err error = sdp_read(sink_written(&sink), &replaced);

        check(error == ERR_OK && replaced.port == 2855 && span_equal(replaced.path, leg.path));
    }
    return 0;
}
