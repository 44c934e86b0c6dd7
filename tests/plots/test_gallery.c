/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders of results made by hand: which figures they have, and what stands in the data of each. */
#include "plots/booktabs.h"
#include "plots/gallery.h"
#include "sim/base/sink.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[256];
static char path_kept[4096];
static struct note note;
static struct gallery_told told;

/* gnuplot is tried by test_figure; here only scripts and data are looked at, unless has_gnuplot. */
static void enter(bool has_gnuplot)
{
    struct sink sink = SINK(folder), path = SINK(path_kept);

    sink_text(&sink, "/tmp/hopsim-gallery-XXXXXX");
    sink_string(&sink);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
    CU_ASSERT_EQUAL_FATAL(mkdir("figures", 0755), 0);
    sink_text(&path, getenv("PATH") ? getenv("PATH") : "");
    sink_string(&path);
    if (!has_gnuplot)
        setenv("PATH", "/nowhere", 1);
    note = (struct note){{0}};
}

static void leave(void)
{
    char command[300];
    struct sink sink = SINK(command);

    setenv("PATH", path_kept, 1);
    sink_format(&sink, "rm -rf '%s'", folder);
    CU_ASSERT_EQUAL(chdir("/"), 0);
    CU_ASSERT_EQUAL(system(sink_string(&sink)), 0);
}

static void save(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static const char *load(const char *name)
{
    static char text[256 * 1024];
    FILE *file = fopen(name, "r");

    text[0] = 0;
    if (file) {
        text[fread(text, 1, sizeof(text) - 1, file)] = 0;
        fclose(file);
    }
    return text;
}

static enum err draw(void)
{
    const struct gallery_wanted wanted = {.folder = folder, .into = "figures"};

    return gallery_draw(&wanted, &told, &note);
}

#define HEAD                                                                                                           \
    "transfer.size_bytes,core.delay_ns,arm,exact,trials,delivered,failed_ratio,delay_mean_ms,delay_low_ms,"            \
    "delay_high_ms,part_processing_ms\n"

/* Two arms over three sizes and three delays: the baseline takes size / 1000 ms, the proposal always 20 ms. */
static void save_grid(void)
{
    char text[8192];
    struct sink sink = SINK(text);

    sink_text(&sink, HEAD);
    for (int size = 10000; size <= 40000; size *= 2)
        for (int delay = 0; delay < 3; delay++) {
            sink_format(&sink, "%d,%d,msrp-smime,1,1,1,0,20,20,20,20\n", size, delay * 1000000);
            sink_format(&sink, "%d,%d,msrp-relay,1,1,1,0,%d,%d,%d,1\n", size, delay * 1000000, size / 1000, size / 1000,
                        size / 1000);
        }
    save("summary.csv", sink_string(&sink));
}

static void test_columns_decide_what_is_drawn(void)
{
    enter(false);
    save("summary.csv", "arm,delay_mean_ms\nmsrp-smime,1\n");
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    CU_ASSERT_EQUAL(told.drawn + told.not_drawn, 0);
    save_grid();
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    CU_ASSERT_EQUAL(access("figures/delay-by-size-0.gp", F_OK), 0);
    CU_ASSERT_EQUAL(access("figures/delay-by-core-delay-20kB.gp", F_OK), 0);
    CU_ASSERT_EQUAL(access("figures/ratio-msrp-relay-size-core-delay.gp", F_OK), 0);
    CU_ASSERT_EQUAL(access("figures/ratio-message-tls-size-core-delay.gp", F_OK), -1);
    CU_ASSERT_EQUAL(access("figures/wire-by-layer.gp", F_OK), -1);
    leave();
}

/* By messages no rate holds beside 20 files: what a file costs is said up to the last one that does. */
static void test_capacity_beside(void)
{
    enter(false);
    save("capacity.csv", "arm,of,beside_per_s,capacity_per_s,file_bytes\n"
                         "msrp-smime,calls,0.000,100,10240\nmsrp-smime,calls,10.000,90,10240\n"
                         "msrp-smime,calls,20.000,80,10240\nmessage-plain,calls,0.000,100,10240\n"
                         "message-plain,calls,10.000,40,10240\nmessage-plain,calls,20.000,0,10240\n");
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    const char *csv = load("figures/capacity.csv");

    CU_ASSERT_PTR_NOT_NULL(strstr(csv, "\n0,100,100\n10,90,40\n20,80,0\n"));
    const char *script = load("figures/capacity.gp");

    CU_ASSERT_PTR_NOT_NULL(strstr(script, "a file costs 1 calls by msrp-smime, 6 by message-plain"));
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "arms = \"msrp-smime message-plain \""));
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "y_label = \"calls a second\""));
    leave();
    enter(false);
    save("capacity.csv", "arm,of,beside_per_s,capacity_per_s,file_bytes\nmsrp-smime,files,0.000,100,10240\n");
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    CU_ASSERT_EQUAL(told.drawn + told.not_drawn, 0);
    leave();
}

static void test_load_by_node(void)
{
    enter(false);
    save("load.csv", "replication,rate_ratio,inadequate_ratio,utilisation_p_cscf_a_ratio,utilisation_s_cscf_a_ratio,"
                     "utilisation_i_cscf_b_ratio,utilisation_hss_b_ratio,utilisation_s_cscf_b_ratio,"
                     "utilisation_p_cscf_b_ratio\n"
                     "0,99,0.002,0.5,0.4,0.3,0.2,0.1,0\n1,101,0,0.7,0.4,0.3,0.2,0.1,0\n");
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(load("figures/load-by-node.csv"), "\n0,P-CSCF(A),60,50,70\n1,S-CSCF(A),40,40,40\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(load("figures/load-by-node.gp"), "100 attempts a second to send the file, 0.1 %"));
    leave();
}

static void test_ratio_and_contour(void)
{
    enter(false);
    save_grid();
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    const char *csv = load("figures/ratio-msrp-relay-size-core-delay.csv");

    CU_ASSERT_PTR_NOT_NULL(strstr(csv, "\n0,0,0.5,0.50,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(csv, "\n2,2,2,2.00,"));
    /* equal at 20,000 B, the second of three sizes, whatever the delay */
    CU_ASSERT_PTR_NOT_NULL(strstr(load("figures/ratio-msrp-relay-size-core-delay-contour.csv"), "\n1,0,1,1\n") ||
                           strstr(load("figures/ratio-msrp-relay-size-core-delay-contour.csv"), "\n1,1,1,0\n"));
    leave();
}

static void test_crossover_is_where_lines_meet(void)
{
    enter(false);
    save_grid();
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    CU_ASSERT_STRING_EQUAL(load("figures/delay-by-size-0-crossings.csv"), "x,delay_ms\n20000,20\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(load("figures/delay-by-size-0.gp"), "from there on msrp-smime is faster"));
    CU_ASSERT_PTR_NOT_NULL(strstr(load("figures/delay-by-size-0.gp"), "exact: nothing is random"));
    leave();
}

static void test_slow_arms_have_a_panel_of_their_own(void)
{
    enter(false);
    save("summary.csv", HEAD "1024,0,msrp-smime,0,30,30,0,600,590,610,600\n1024,0,msrp-relay,0,30,30,0,700,690,710,1\n"
                             "1024,0,message-tls,0,30,29,0.03,109000,108000,110000,1\n");
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    const char *script = load("figures/delay-by-arm.gp");

    CU_ASSERT_PTR_NOT_NULL(strstr(script, "panel_rows = \"2 1 \""));
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "panel_ends = \"710 110 \""));
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "panel_units = \"ms s \""));
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "n = 30 trials"));
    CU_ASSERT_PTR_NOT_NULL(strstr(script, "1 trial failed"));
    CU_ASSERT_PTR_NOT_NULL(strstr(load("figures/delay-by-arm.csv"), "\n0,(a) message-tls,109,108,110,"));
    leave();
}

static void test_assumed_is_counted_in_the_inputs(void)
{
    enter(false);
    save_grid();
    save("scenario-dwell.csv", "role,source\np-cscf,measured\ns-cscf,\"assumed, as at the P-CSCF\"\n");
    save("again-dwell.csv", "role,source\np-cscf,measured\ns-cscf,assumed\n"); /* the same rows, counted once */
    save("scenario.ini",
         "spread = 9%\nsize = 1MiB ; assumed: a photograph\n[dwell]\n# of each\nspread = 30% ; --set\n[x]\n"
         "rate = 50Mbit/s ; assumed\nspread = 7%\nseed = 1 ; any number\n");
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(load("figures/delay-by-size-0.gp"), "exact: nothing is random"));
    CU_ASSERT_PTR_NOT_NULL(strstr(load("figures/delay-by-size-0.gp"), "Assumed: 1 of 2 dwells, 2 parameters"));
    save("summary.csv",
         HEAD "1024,0,msrp-smime,0,30,30,0,600,590,610,600\n1024,0,msrp-relay,0,30,30,0,700,690,710,1\n");
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(load("figures/delay-by-arm.gp"), "Assumed: the spread of dwells, 30%; 1 of 2 dwells, 2 parameters"));
    leave();
}

static void test_distribution_steps_and_band(void)
{
    enter(false);
    save("trials.csv",
         "connections,arm,end,delay_ns\nwarm,msrp-smime,delivered,1000000\nwarm,msrp-smime,delivered,3000000\n"
         "warm,msrp-smime,delivered,2000000\nwarm,msrp-smime,delivered,4000000\nwarm,msrp-smime,timeout,\n");
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    /* sqrt(ln(40) / 10) = 0.607 */
    CU_ASSERT_PTR_NOT_NULL(strstr(load("figures/distribution.csv"), "\n1,msrp-smime,2,0.4,0,1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(load("figures/distribution.csv"), "\n1,msrp-smime,4,0.8,0.19263"));
    CU_ASSERT_PTR_NULL(strstr(load("figures/distribution.csv"), "msrp-smime,5"));
    leave();
}

static void test_against_what_was_observed(void)
{
    enter(false);
    save("validation.csv",
         "arm,predicted_ns,measured_ns\nmsrp-plain,104000000,100000000\nmsrp-relay,120000000,100000000\n");
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(load("figures/against-measured.csv"), "\n2,msrp-relay,100,120,20\n"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(load("figures/against-measured.gp"), "1 of 2 within 5 %; the farthest is 20.0 % off"));
    leave();
}

static void test_threats_by_arm_and_attack(void)
{
    enter(false);
    save("threats.csv", "arm,attack,place,read,verdict,delivered\nmsrp-smime,cut,relay 1,no,noticed,nothing\n"
                        "msrp-relay,cut,relay 1,no,unnoticed,altered\nmsrp-relay,cut,relay 2,no,unnoticed,original\n"
                        "msrp-plain,cut,link,yes,unnoticed,original\nmsrp-tls,cut,link,no,unnoticed,original\n"
                        "msrp-e2ae,cut,link,no,n/a,original\n");
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    const char *cells = load("figures/threats.csv");

    CU_ASSERT_PTR_NOT_NULL(strstr(cells, "\n0,0,0,✓ 1,* msrp-smime,cut\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(cells, "\n0,1,1,✗ 1/2,(b) msrp-relay,cut\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(cells, "\n0,2,2,✗ 1/1,msrp-plain,cut\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(cells, "\n0,3,0,○,msrp-tls,cut\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(cells, "\n0,4,3,–,msrp-e2ae,cut\n"));
    leave();
}

static void test_names_of_others_stay_words(void)
{
    enter(true);
    save("summary.csv", HEAD "1024,0,\"x' system(\"\"touch pwned\"\") `touch pwned` \\input{y}%\",1,1,1,0,5,5,5,5\n");
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    CU_ASSERT_STRING_EQUAL(told.why, "");
    CU_ASSERT_EQUAL(told.drawn, 1);
    CU_ASSERT_EQUAL(access("pwned", F_OK), -1);
    CU_ASSERT_EQUAL(access("figures/pwned", F_OK), -1);
    leave();
}

static void test_without_gnuplot_data_and_scripts_are_there(void)
{
    enter(false);
    save_grid();
    CU_ASSERT_EQUAL(draw(), ERR_OK);
    CU_ASSERT_EQUAL(told.drawn, 0);
    CU_ASSERT(told.not_drawn > 3);
    CU_ASSERT_STRING_EQUAL(told.why, "gnuplot is not installed");
    leave();
}

static void test_tables_for_latex(void)
{
    char text[256];
    struct sink sink = SINK(text);

    enter(false);
    save("summary.csv", HEAD "1024,0,msrp_smime,0,30,30,0.1,600.1234,590,610,600\n1024,0,msrp-relay,1,1,1,0,7,7,7,1\n");
    CU_ASSERT_EQUAL(booktabs_save(folder, "figures", &note), ERR_OK);
    const char *tables = load("figures/tables.tex");

    CU_ASSERT_PTR_NOT_NULL(strstr(tables, "msrp\\_smime & 30 & 10.0 & 600.123 & 590.000 to 610.000 & "));
    CU_ASSERT_PTR_NOT_NULL(strstr(tables, "msrp-relay & 1 & 0.0 & 7.000 & exact & "));
    CU_ASSERT_PTR_NOT_NULL(strstr(tables, "\\bottomrule"));
    booktabs_text(&sink, SPAN("50% of \\input{a_b} ±\x01"));
    CU_ASSERT_STRING_EQUAL(sink_string(&sink), "50\\% of \\textbackslash{}input\\{a\\_b\\} \\ensuremath{\\pm}?");
    leave();
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a figure is drawn where its columns are there", test_columns_decide_what_is_drawn},
        {"the ratio of two arms over two axes, and where it is 1", test_ratio_and_contour},
        {"a crossover is where the lines meet", test_crossover_is_where_lines_meet},
        {"arms far slower than others have a panel of their own", test_slow_arms_have_a_panel_of_their_own},
        {"what is assumed is counted in the inputs", test_assumed_is_counted_in_the_inputs},
        {"a distribution counts failures, and has its band", test_distribution_steps_and_band},
        {"simulated stands against observed, in per cent", test_against_what_was_observed},
        {"capacity beside what else there is, and what that costs", test_capacity_beside},
        {"nodes of a load", test_load_by_node},
        {"threats by arm and attack", test_threats_by_arm_and_attack},
        {"names of others stay words in gnuplot", test_names_of_others_stay_words},
        {"without gnuplot data and scripts are there", test_without_gnuplot_data_and_scripts_are_there},
        {"tables for LaTeX have n and interval, and escape", test_tables_for_latex},
        {NULL, NULL},
    };

    return unit_run("gallery", tests);
}
