/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bench/harness/cost_file.h"
#include "tests/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HEADER "operation,fixed_ns,ns_per_byte,source\n"

static enum err parse(const char *text, struct cost_table *table, struct note *note)
{
    *note = (struct note){{0}};
    return cost_file_parse(span_of(text), "costs.csv", table, note);
}

static void test_table(void)
{
    static const char text[] = "# machine: Some CPU, OpenSSL 3.0, 2026-01-02  \n"
                               "# machine: not this one\n"
                               "\n" HEADER "tls13-client,502480,0,measured\n"
                               "  # a comment between rows\n"
                               "cms-seal-rfc8591, 169588 , 0.8002 ,\"measured, with a comma\"\r\n"
                               "\"sha1\",\"0\",\"12.25\",\"a \"\"source\"\"\"";
    struct cost_table table;
    struct note note;

    CU_ASSERT_EQUAL_FATAL(parse(text, &table, &note), ERR_OK);
    CU_ASSERT_STRING_EQUAL(table.name, "costs.csv");
    CU_ASSERT_STRING_EQUAL(table.machine, "Some CPU, OpenSSL 3.0, 2026-01-02");
    CU_ASSERT(table.costs[COST_TLS13_CLIENT].is_known);
    CU_ASSERT_EQUAL(table.costs[COST_TLS13_CLIENT].fixed_ns, 502480);
    CU_ASSERT(table.costs[COST_CMS_SEAL_RFC8591].is_known);
    CU_ASSERT_EQUAL(cost_ns(&table, COST_CMS_SEAL_RFC8591, 10000), 169588 + 8002);
    CU_ASSERT_EQUAL(cost_ns(&table, COST_SHA1, 4), 49);
    CU_ASSERT_FALSE(table.costs[COST_TLS13_SERVER].is_known);
    CU_ASSERT_FALSE(table.costs[COST_DIGEST].is_known);
}

static void test_errors(void)
{
    static const struct {
        const char *text;
        enum err error;
        const char *place; /* where the note must begin */
    } rows[] = {
        {"", ERR_SYNTAX, "costs.csv: "},
        {"# only a comment\n", ERR_SYNTAX, "costs.csv: "},
        {HEADER, ERR_SYNTAX, "costs.csv: "},
        {"operation,fixed_ns,source\n", ERR_SYNTAX, "costs.csv:1: "},
        {"tls13-client,1,1,x\n", ERR_SYNTAX, "costs.csv:1: "},
        {HEADER "tls13-klient,1,1,x\n", ERR_UNKNOWN, "costs.csv:2: "},
        {"#\n\n" HEADER "\ntls13-client,1,1\n", ERR_SYNTAX, "costs.csv:5: "},
        {HEADER "tls13-client,1,1,x,y\n", ERR_SYNTAX, "costs.csv:2: "},
        {HEADER "tls13-client,1,1,\n", ERR_SYNTAX, "costs.csv:2: source"},
        {HEADER "tls13-client,,1,x\n", ERR_SYNTAX, "costs.csv:2: fixed_ns"},
        {HEADER "tls13-client,-1,1,x\n", ERR_RANGE, "costs.csv:2: fixed_ns"},
        {HEADER "tls13-client,1,-0.5,x\n", ERR_RANGE, "costs.csv:2: ns_per_byte"},
        {HEADER "tls13-client,1ms,1,x\n", ERR_SYNTAX, "costs.csv:2: fixed_ns"},
        {HEADER "tls13-client,1e3,1,x\n", ERR_SYNTAX, "costs.csv:2: fixed_ns"},
        {HEADER "tls13-client,1.,1,x\n", ERR_SYNTAX, "costs.csv:2: fixed_ns"},
        {HEADER "tls13-client,1,.5,x\n", ERR_SYNTAX, "costs.csv:2: ns_per_byte"},
        {HEADER "tls13-client,1,nan,x\n", ERR_SYNTAX, "costs.csv:2: ns_per_byte"},
        {HEADER "tls13-client,3600000000001,1,x\n", ERR_RANGE, "costs.csv:2: fixed_ns"},
        {HEADER "tls13-client,1,1000001,x\n", ERR_RANGE, "costs.csv:2: ns_per_byte"},
        {HEADER "tls13-client,99999999999999999999,1,x\n", ERR_SYNTAX, "costs.csv:2: fixed_ns"},
        {HEADER "tls13-client,1,0.00000000000000000001,x\n", ERR_SYNTAX, "costs.csv:2: ns_per_byte"},
        {HEADER "tls13-client,1,1,x\ntls13-client,1,1,x\n", ERR_SYNTAX, "costs.csv:3: a second row"},
        {HEADER "tls13-client,\"1,1,x\n", ERR_SYNTAX, "costs.csv:2: "},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cost_table table = {.machine = "untouched"};
        struct note note;

        CU_ASSERT_EQUAL(parse(rows[i].text, &table, &note), rows[i].error);
        CU_ASSERT_STRING_EQUAL(table.machine, "untouched");
        if (!span_starts(span_of(note.text), span_of(rows[i].place))) {
            fprintf(stderr, "row %zu: %s\n", i, note.text);
            CU_FAIL("the note tells another place");
        }
    }
}

/* A text without its last bytes is either a shorter table or an error, and never reads further. */
static void test_truncated(void)
{
    static const char text[] = "# machine: m\n" HEADER "tls13-client,502480,0.25,\"measured\"\n";

    for (size_t size = 0; size < sizeof(text); size++) {
        struct cost_table table;
        struct note note = {{0}};
        char *copy = malloc(size + 1);

        memcpy(copy, text, size);
        enum err error = cost_file_parse((struct span){copy, size}, "x", &table, &note);

        CU_ASSERT_EQUAL(error == ERR_OK, size >= sizeof(text) - 2);
        free(copy);
    }
}

static void test_file(void)
{
    char path[] = "/tmp/hopsim-cost-XXXXXX";
    struct cost_table table;
    struct note note = {{0}};
    int file = mkstemp(path);
    static const char text[] = HEADER "digest,1256,0,measured\n";

    CU_ASSERT_FATAL(file >= 0);
    CU_ASSERT_EQUAL(write(file, text, strlen(text)), (ssize_t)strlen(text));
    close(file);
    CU_ASSERT_EQUAL(cost_file_read(path, &table, &note), ERR_OK);
    CU_ASSERT_EQUAL(cost_ns(&table, COST_DIGEST, 0), 1256);
    unlink(path);
    CU_ASSERT_NOT_EQUAL(cost_file_read(path, &table, &note), ERR_OK);
    CU_ASSERT_NOT_EQUAL(note.text[0], 0);
}

/* The tables that come with the program know every operation, and an old handset is slower at each. */
static void test_builtins(void)
{
    struct cost_table server, handset;
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(cost_file_read("server-2026", &server, &note), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(cost_file_read("handset-2013", &handset, &note), ERR_OK);
    CU_ASSERT_NOT_EQUAL(server.machine[0], 0);
    CU_ASSERT_NOT_EQUAL(handset.machine[0], 0);
    for (int i = 0; i < COST_OPERATION_COUNT; i++) {
        CU_ASSERT(server.costs[i].is_known && handset.costs[i].is_known);
        CU_ASSERT(handset.costs[i].fixed_ns > server.costs[i].fixed_ns);
        CU_ASSERT(handset.costs[i].ns_per_byte >= server.costs[i].ns_per_byte);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a table is read with comments, quotes and blanks", test_table},
        {"errors tell file, line and column", test_errors},
        {"every truncation is a shorter table or an error", test_truncated},
        {"tables are read from files", test_file},
        {"the tables of the program know every operation", test_builtins},
        {NULL, NULL},
    };

    return unit_run("cost_file", tests);
}
