/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/sample_file.h"

static const char text[] = "[Data]\r\n"
                           "AutoPartition=1\r\n"
                           "MsDosInitiated=\"0\"\r\n"
                           "\r\n"
                           "[Transfer]\r\n"
                           "Name=file.ini\r\n"
                           "From=sip:alice@open-ims.test\r\n"
                           "To=sip:bob@open-ims.test\r\n"
                           "Note=\"A text of some length that stands for the file a user sends.\"\r\n"
                           "\r\n"
                           "[Network]\r\n"
                           "Home=open-ims.test\r\n"
                           "ProxyA=pcscf-1.open-ims.test:4060\r\n"
                           "ProxyB=pcscf-2.open-ims.test:4060\r\n"
                           "Media=msrp\r\n"
                           "\r\n";

enum { TEXT_SIZE = sizeof(text) - 1 };

uint64_t sample_file_size(void)
{
    return TEXT_SIZE;
}

static void sample_read(const struct source *source, uint64_t offset, void *bytes, size_t size)
{
    char *out = bytes;

    (void)source;
    while (size > 0) {
        size_t from = (size_t)(offset % TEXT_SIZE);
        size_t run = TEXT_SIZE - from < size ? TEXT_SIZE - from : size;

        memcpy(out, text + from, run);
        out += run;
        offset += run;
        size -= run;
    }
}

const struct source sample_file = {.read = sample_read, .lasts = true};
