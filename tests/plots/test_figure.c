/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plots/figure.h"
#include "sim/base/sink.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static char folder[256];
static struct note note;

static void enter(void)
{
    struct sink sink = SINK(folder);

    sink_text(&sink, "/tmp/hopsim-figure-XXXXXX");
    sink_string(&sink);
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(folder));
    CU_ASSERT_EQUAL_FATAL(chdir(folder), 0);
    note = (struct note){{0}};
}

static void leave(void)
{
    char command[300];
    struct sink sink = SINK(command);

    sink_format(&sink, "rm -rf '%s'", folder);
    CU_ASSERT_EQUAL(chdir("/"), 0);
    CU_ASSERT_EQUAL(system(sink_string(&sink)), 0);
}

static const char *read_file(const char *name)
{
    static char text[64 * 1024];
    FILE *file = fopen(name, "r");

    text[0] = 0;
    if (file) {
        text[fread(text, 1, sizeof(text) - 1, file)] = 0;
        fclose(file);
    }
    return text;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(name, "w");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static struct figure make(void)
{
    struct figure figure = {.folder = folder,
                            .name = "f",
                            .script = "delay-by-arm",
                            .title = "a \"title\" with `touch pwned` and \\",
                            .subtitle = "one trial",
                            .caption = "two\nlines"};

    figure_set_number(&figure, "panels", 1);
    figure_set_text(&figure, "panel_rows", "1");
    figure_set_text(&figure, "panel_ends", "5");
    figure_set_text(&figure, "panel_formats", "%.1f");
    figure_set_text(&figure, "panel_units", "ms");
    return figure;
}

static const char csv[] = "row,arm,mean_ms,low_ms,high_ms,a,b,c,d,e,f,g,h\n0,msrp-smime,5,4,6,1,1,1,1,1,0,0,0\n";

static void test_other_peoples_text_stays_text(void)
{
    struct figure figure = make();

    enter();
    CU_ASSERT_EQUAL(figure_save(&figure, &note), ERR_OK);
    const char *text = read_file("f.gp");

    CU_ASSERT_PTR_NOT_NULL(strstr(text, "figure_title = \"a \\\"title\\\" with 'touch pwned' and \\\\\"\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "figure_caption = \"two\\nlines\"\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\npanels = 1\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(read_file("style.gp"), "set datafile separator"));
    leave();
}

static void test_svg_png_and_pdf_are_drawn(void)
{
    struct figure figure = make();

    enter();
    write_file("f.csv", csv);
    CU_ASSERT_EQUAL(figure_save(&figure, &note), ERR_OK);
    CU_ASSERT_EQUAL(figure_draw(&figure, &note), ERR_OK);
    CU_ASSERT_STRING_EQUAL(note.text, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(read_file("f.svg"), "msrp-smime"));
    CU_ASSERT_PTR_NOT_NULL(strstr(read_file("f.svg"), "</svg>"));
    CU_ASSERT_EQUAL(memcmp(read_file("f.png"), "\x89PNG", 4), 0);
    CU_ASSERT_EQUAL(memcmp(read_file("f.pdf"), "%PDF", 4), 0);
    CU_ASSERT_EQUAL(access("pwned", F_OK), -1);
    CU_ASSERT_EQUAL(system("rm f.svg && gnuplot f.gp 2>/dev/null"), 0); /* by hand, from its folder */
    CU_ASSERT_PTR_NOT_NULL(strstr(read_file("f.svg"), "msrp-smime"));
    leave();
}

static void test_for_latex_text_is_tex(void)
{
    struct figure figure = make();

    figure.is_latex = true;
    enter();
    write_file("f.csv", csv);
    CU_ASSERT_EQUAL(figure_save(&figure, &note), ERR_OK);
    CU_ASSERT_EQUAL(figure_draw(&figure, &note), ERR_OK);
    CU_ASSERT_PTR_NOT_NULL(strstr(read_file("f.tex"), "\\includegraphics"));
    CU_ASSERT_PTR_NOT_NULL(strstr(read_file("f.tex"), "msrp-smime"));
    CU_ASSERT_PTR_NULL(strstr(read_file("f.tex"), "pwned")); /* the title is left to LaTeX's caption */
    CU_ASSERT_EQUAL(memcmp(read_file("f.pdf"), "%PDF", 4), 0);
    leave();
}

static void test_what_gnuplot_refuses_leaves_no_picture(void)
{
    struct figure figure = make();

    enter();
    CU_ASSERT_EQUAL(figure_save(&figure, &note), ERR_OK);
    CU_ASSERT_EQUAL(figure_draw(&figure, &note), ERR_FILE); /* there is no f.csv */
    CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "gnuplot failed"));
    CU_ASSERT_PTR_NULL(strchr(note.text, '\n'));
    CU_ASSERT_EQUAL(access("f.svg", F_OK), -1);
    CU_ASSERT_EQUAL(access("f.part.svg", F_OK), -1);
    leave();
}

static void test_no_gnuplot_is_one_line(void)
{
    struct figure figure = make();
    char path[4096];
    struct sink sink = SINK(path);

    enter();
    write_file("f.csv", csv);
    sink_text(&sink, getenv("PATH") ? getenv("PATH") : "");
    CU_ASSERT_EQUAL(figure_save(&figure, &note), ERR_OK);
    setenv("PATH", "/nowhere", 1);
    CU_ASSERT_EQUAL(figure_draw(&figure, &note), ERR_FILE);
    setenv("PATH", sink_string(&sink), 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "gnuplot is not installed"));
    CU_ASSERT_EQUAL(access("f.gp", F_OK), 0);
    leave();
}

/* A gnuplot of ours: what it starts lives on after it, and holds its end of the pipe or has closed it. */
static void draw_with(const char *script, enum err wanted)
{
    struct figure figure = make();
    char old[4096];
    struct sink sink = SINK(old);

    enter();
    write_file("f.csv", csv);
    write_file("gnuplot", script);
    CU_ASSERT_EQUAL(chmod("gnuplot", 0755), 0);
    CU_ASSERT_EQUAL(figure_save(&figure, &note), ERR_OK);
    sink_format(&sink, "%s", getenv("PATH") ? getenv("PATH") : "");
    sink_string(&sink);
    setenv("PATH", ".:/usr/bin:/bin", 1);
    figure.seconds_max = 1;
    time_t begin = time(NULL);

    CU_ASSERT_EQUAL(figure_draw(&figure, &note), wanted);
    CU_ASSERT(time(NULL) - begin < 20);
    setenv("PATH", old, 1);
    CU_ASSERT_EQUAL(access("f.svg", F_OK), -1);
    CU_ASSERT_EQUAL(access("f.part.svg", F_OK), -1);
}

static void test_a_gnuplot_that_hangs_is_ended(void)
{
    draw_with("#!/bin/sh\necho half >f.part.svg\nsleep 60\n", ERR_FULL);
    CU_ASSERT_STRING_EQUAL(note.text, "gnuplot was stopped after 1 s: figure f is not drawn");
    leave();
    draw_with("#!/bin/sh\nexec 2>&-\nsleep 60\n", ERR_FULL);
    leave();
    draw_with("#!/bin/sh\nsleep 60 &\n", ERR_FULL);
    leave();
}

static void test_a_gnuplot_that_is_killed_is_told(void)
{
    draw_with("#!/bin/sh\nkill -9 $$\n", ERR_FILE);
    CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "ended by signal 9"));
    leave();
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"text of others cannot leave its quotes or run a command", test_other_peoples_text_stays_text},
        {"svg, png and pdf are drawn, and once more by hand", test_svg_png_and_pdf_are_drawn},
        {"for LaTeX a figure is text in TeX over a picture", test_for_latex_text_is_tex},
        {"what gnuplot refuses is one line and leaves no picture", test_what_gnuplot_refuses_leaves_no_picture},
        {"without gnuplot the script stays and one line says so", test_no_gnuplot_is_one_line},
        {"a gnuplot that hangs is ended with all that it started", test_a_gnuplot_that_hangs_is_ended},
        {"a gnuplot that is killed is told", test_a_gnuplot_that_is_killed_is_told},
        {NULL, NULL},
    };

    return unit_run("figure", tests);
}
