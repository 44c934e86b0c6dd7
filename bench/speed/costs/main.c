/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * main.c - prints a table of costs of this machine as CSV, for bench/costs. Takes some minutes; with names
 * of operations, these only.
 */
#include "bench/speed/costs/measure.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The processor's name, as the kernel tells it. */
static void print_processor(void)
{
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");

    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':')) {
            printf("%.*s", (int)strcspn(strchr(line, ':') + 2, "\n"), strchr(line, ':') + 2);
            break;
        }
    if (file)
        fclose(file);
}

static void print_head(void)
{
    char date[32];
    time_t now = time(NULL);

    strftime(date, sizeof(date), "%Y-%m-%d", gmtime(&now));
    printf("# machine: ");
    print_processor();
    printf(", %s, %s\n", OpenSSL_version(OPENSSL_VERSION), date);
    printf(
        "# One thread, its CPU time; medians of 25 rounds of about 20 ms. Lines through sizes from 1 KiB to 16 MiB,\n"
        "# records from 1 byte to 16 KiB, by least squares of relative residuals; the largest stands in the source.\n"
        "# CMS in one pass over the file, hashed and encrypted piece by piece; a sender signs once. Opening checks\n"
        "# tag, signature, chain and name as well. Handshakes include making and freeing the connection, not its\n"
        "# context; records pass through memory BIOs, which copy them once more.\n"
        "operation,fixed_ns,ns_per_byte,source\n");
}

/* Without names, all. */
static bool is_wanted(const char *name, int count, char **names)
{
    bool is_named = count == 0;

    for (int i = 0; i < count; i++)
        is_named = is_named || strcmp(names[i], name) == 0;
    return is_named;
}

int main(int argc, char **argv)
{
    struct note note = {{0}};
    struct measure measure;
    struct fit fit;

    if (measure_begin(&measure, &note) != ERR_OK) {
        fprintf(stderr, "%s\n", note.text);
        return 3;
    }
    print_head();
    for (int i = 0; i < COST_OPERATION_COUNT; i++) {
        if (!is_wanted(cost_operation_names[i], argc - 1, argv + 1))
            continue;
        if (measure_operation(&measure, (enum cost_operation)i, &fit, &note) != ERR_OK) {
            fprintf(stderr, "%s: %s\n", cost_operation_names[i], note.text);
            measure_end(&measure);
            return 3;
        }
        printf("%s,%.0f,%.4f,measured", cost_operation_names[i], fit.fixed_ns, fit.ns_per_byte);
        /* A line through one point has no residual to tell. */
        if (fit.ns_per_byte > 0)
            printf("; largest residual %.1f %%", 100 * fit.residual);
        printf("\n");
        fflush(stdout);
    }
    measure_end(&measure);
    return 0;
}
