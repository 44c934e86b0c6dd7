/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The 49 messages of RFC 4475, found in the folder that CAPTURES names: which of them are taken as SIP and which are
 * refused, beside the RFC's own verdict (valid: well-formed as far as a parser without a transaction or a user can
 * tell). A difference from the RFC has its reason in the row; a row that no longer holds fails.
 */
#include "tests/unit.h"
#include "traces/trace.h"

#include <stdio.h>
#include <stdlib.h>

struct torture {
    const char *name, *section;
    bool is_valid; /* by the RFC */
    bool is_taken; /* here */
    const char *reason;
};

static const struct torture tortures[] = {
    {"wsinv", "3.1.1.1", true, true, NULL},
    {"intmeth", "3.1.1.2", true, false, "libosip2 refuses it; it is counted, and told by its method"},
    {"esc01", "3.1.1.3", true, true, NULL},
    {"escnull", "3.1.1.4", true, true, NULL},
    {"esc02", "3.1.1.5", true, true, NULL},
    {"lwsdisp", "3.1.1.6", true, true, NULL},
    {"longreq", "3.1.1.7", true, true, NULL},
    {"dblreq", "3.1.1.8", true, true, NULL},
    {"semiuri", "3.1.1.9", true, true, NULL},
    {"transports", "3.1.1.10", true, true, NULL},
    {"mpart01", "3.1.1.11", true, true, NULL},
    {"unreason", "3.1.1.12", true, true, NULL},
    {"noreason", "3.1.1.13", true, true, NULL},
    {"badinv01", "3.1.2.1", false, false, NULL},
    {"clerr", "3.1.2.2", false, false, NULL},
    {"ncl", "3.1.2.3", false, true, "a datagram bounds the message, whatever a negative Content-Length says"},
    {"scalar02", "3.1.2.4", false, true, "libosip2 keeps numbers as text"},
    {"scalarlg", "3.1.2.5", false, true, "libosip2 keeps numbers as text"},
    {"quotbal", "3.1.2.6", false, false, NULL},
    {"ltgtruri", "3.1.2.7", false, false, NULL},
    {"lwsruri", "3.1.2.8", false, false, NULL},
    {"lwsstart", "3.1.2.9", false, false, NULL},
    {"trws", "3.1.2.10", false, false, NULL},
    {"escruri", "3.1.2.11", false, true, "libosip2 does not check what is behind the URI"},
    {"baddate", "3.1.2.12", false, true, "Date is not looked at"},
    {"regbadct", "3.1.2.13", false, true, "libosip2 takes a URI with headers without brackets"},
    {"badaspec", "3.1.2.14", false, false, NULL},
    {"baddn", "3.1.2.15", false, false, NULL},
    {"badvers", "3.1.2.16", false, false, NULL},
    {"mismatch01", "3.1.2.17", false, true,
     "a capture shows what was sent; the methods are compared by whoever answers"},
    {"mismatch02", "3.1.2.18", false, true,
     "a capture shows what was sent; the methods are compared by whoever answers"},
    {"bigcode", "3.1.2.19", false, true, "the first three digits count"},
    {"badbranch", "3.2.1", true, true, NULL},
    {"insuf", "3.3.1", false, false, NULL},
    {"unkscm", "3.3.2", true, true, NULL},
    {"novelsc", "3.3.3", true, false, "libosip2 does not read a URI of that scheme"},
    {"unksm2", "3.3.4", true, true, NULL},
    {"bext01", "3.3.5", true, true, NULL},
    {"invut", "3.3.6", true, true, NULL},
    {"regaut01", "3.3.7", true, true, NULL},
    {"multi01", "3.3.8", false, false, NULL},
    {"mcl01", "3.3.9", false, false, NULL},
    {"bcast", "3.3.10", true, true, NULL},
    {"zeromf", "3.3.11", true, true, NULL},
    {"cparam01", "3.3.12", true, true, NULL},
    {"cparam02", "3.3.13", true, true, NULL},
    {"regescrt", "3.3.14", true, true, NULL},
    {"sdp01", "3.3.15", true, true, NULL},
    {"inv2543", "3.4.1", true, true, NULL},
};

/* The message's bytes; false: it is not there. */
static bool load(const char *folder, const char *name, char *bytes, size_t capacity, struct span *text)
{
    char path[512];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/messages/rfc4475/%s.dat", folder, name);
    FILE *file = fopen(sink_string(&sink), "rb");

    if (!file)
        return false;
    *text = (struct span){bytes, fread(bytes, 1, capacity, file)};
    fclose(file);
    return true;
}

static bool is_taken(struct trace *trace, struct span text)
{
    struct trace_message message = {.frame = 1};

    return trace_find_sip(text) == ERR_OK && trace_read_sip(trace, text, &message);
}

static void test_verdicts(void)
{
    static const struct trace_config config = {.keeps_text = false};
    const char *folder = getenv("CAPTURES");
    struct note note = {{0}};
    struct trace trace;
    char bytes[8192];

    if (!folder || !*folder) {
        printf("skipped: CAPTURES names no folder of messages ");
        return;
    }
    CU_ASSERT_EQUAL_FATAL(trace_init(&trace, &config, &note), ERR_OK);
    for (size_t i = 0; i < sizeof(tortures) / sizeof(*tortures); i++) {
        const struct torture *torture = &tortures[i];
        struct span text = {bytes, 0};

        CU_ASSERT_TRUE_FATAL(load(folder, torture->name, bytes, sizeof(bytes), &text));
        bool taken = is_taken(&trace, text);

        if (taken != torture->is_taken)
            printf("%s, section %s: %s ", torture->name, torture->section, taken ? "taken" : "refused");
        CU_ASSERT_EQUAL(taken, torture->is_taken);
    }
    trace_free(&trace);
}

static void test_reasons(void)
{
    CU_ASSERT_EQUAL(sizeof(tortures) / sizeof(*tortures), 49);
    for (size_t i = 0; i < sizeof(tortures) / sizeof(*tortures); i++)
        CU_ASSERT_EQUAL(tortures[i].is_valid != tortures[i].is_taken, tortures[i].reason != NULL);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"each torture message is taken or refused as the table has it", test_verdicts},
        {"what differs from the RFC's verdict, and only that, has a reason", test_reasons},
        {.sentence = NULL},
    };

    return unit_run("torture", tests);
}
