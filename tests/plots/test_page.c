/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "plots/page.h"
#include "plots/sheet.h"
#include "sim/base/sink.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64];

static void save(const char *name, const char *content)
{
    char path[256];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/%s", folder, name);
    FILE *file = fopen(sink_string(&sink), "w");

    CU_ASSERT_FATAL(file != NULL);
    fputs(content, file);
    fclose(file);
}

static void make_folder(const char *name)
{
    char path[256];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/%s", folder, name);
    CU_ASSERT_EQUAL_FATAL(mkdir(sink_string(&sink), 0777), 0);
}

static const char summary_text[] =
    "scenario,connections,arm,exact,trials,delivered,delay_mean_ms,delay_low_ms,delay_high_ms,p50_ms,reference,"
    "difference_ms,difference_low_ms,difference_high_ms\n"
    "home,warm,msrp-smime,0,30,30,100.5,100,101,100.4,msrp-smime,0,0,0\n"
    "home,warm,message-tls,0,30,29,300,290,310,299,msrp-smime,199.5,189,210\n"
    "home,warm,msrp-relay,0,30,30,100.75,100,101.5,100.6,msrp-smime,0.25,-0.5,1\n";

static void begin(void)
{
    memcpy(folder, "/tmp/hopsim-page-XXXXXX", sizeof("/tmp/hopsim-page-XXXXXX"));
    CU_ASSERT_FATAL(mkdtemp(folder) != NULL);
    save("summary.csv", summary_text);
    save("manifest.txt", "command: hopsim compare home -o <here>\nrevision: abc\n");
}

static void end(void)
{
    char command[128];
    struct sink sink = SINK(command);

    sink_format(&sink, "rm -rf %s", folder);
    CU_ASSERT_EQUAL(system(sink_string(&sink)), 0);
}

/* The page of the folder, to be freed; NULL where it is refused. */
static char *page(struct note *note)
{
    *note = (struct note){{0}};
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);

    CU_ASSERT_FATAL(out != NULL);
    enum err error = page_write(folder, out, note);

    fclose(out);
    if (error == ERR_OK)
        return text;
    free(text);
    return NULL;
}

static size_t count_of(const char *in, const char *what)
{
    size_t count = 0;

    for (const char *at = strstr(in, what); at; at = strstr(at + 1, what))
        count++;
    return count;
}

static void test_the_answer_is_told_with_its_interval(void)
{
    struct note note = {{0}};

    begin();
    char *html = page(&note);

    CU_ASSERT_FATAL(html != NULL);
    CU_ASSERT(strstr(html, "<b>msrp-smime</b> has the file in the receiver's hands after 100.500 ± 0.500 ms.") != NULL);
    CU_ASSERT(strstr(html, "<b>message-tls</b> takes longer: 199.500 ± 10.500 ms.") != NULL);
    CU_ASSERT(strstr(html, "<b>msrp-relay</b> takes longer: 0.250 ± 0.750 ms, an interval that holds 0") != NULL);
    CU_ASSERT(strstr(html, "connections = warm") != NULL);
    CU_ASSERT_EQUAL(count_of(html, "<th scope=\"row\">"), 3);
    CU_ASSERT(strstr(html, "hopsim compare home -o &lt;here&gt;") != NULL);
    CU_ASSERT_EQUAL(count_of(html, "id=\"figures\""), 0); /* none are there */
    CU_ASSERT_EQUAL(count_of(html, "id=\"flows\""), 0);
    free(html);
    end();
}

/* What one is called by the links to it: each "#..." of the page is an id of it, and no id is there twice. */
static void test_links_lead_somewhere(void)
{
    struct note note = {{0}};

    begin();
    make_folder("messages");
    make_folder("messages/msrp-smime");
    save("messages/msrp-smime/messages.csv",
         "number,sent_ns,received_ns,from,to,protocol,label,bytes,dwell_ns,is_again\n"
         "1,0,1000000,UE-A,P-CSCF(A),SIP,INVITE,12,,0\n2,2000000,,P-CSCF(A),UE-A,SIP,\"200 (INVITE)\",4,,0\n"
         "3,3000000,,UE-A,UE-B,TCP,SYN,0,,0\n");
    save("messages/msrp-smime/messages.txt", "message 1 SIP 12 of 12\nINVITE sip:b\n\nmessage 2 SIP 4 of 4\nSIP/\n\n");
    char *html = page(&note);

    CU_ASSERT_FATAL(html != NULL);
    for (const char *at = strstr(html, "href=\"#"); at; at = strstr(at + 1, "href=\"#")) {
        char id[128];
        struct sink sink = SINK(id);

        sink_text(&sink, "id=\"");
        sink_bytes(&sink, at + 7, strcspn(at + 7, "\"") + 1);
        CU_ASSERT_EQUAL(count_of(html, sink_string(&sink)), 1);
    }
    CU_ASSERT(count_of(html, "href=\"#flow-1-message-") == 2);
    free(html);
    end();
}

static void test_hostile_text_is_shown_never_interpreted(void)
{
    static const char script[] = "Subject: <script>alert(1)</script>";
    struct note note = {{0}};

    begin();
    make_folder("figures");
    save("figures/a\"><script>.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>");
    save("figures/a\"><script>.gp", "# x\nfigure_title = \"</figcaption><script>alert(2)</script>\"\n");
    save("messages.csv", "number,sent_ns,received_ns,from,to,protocol,label,bytes,dwell_ns,is_again\n"
                         "1,0,1000000,<script>,\"a\"\"b\",<b>,\"<script>alert(3)</script>\",34,,0\n");
    char entry[256];
    struct sink sink = SINK(entry);

    sink_format(&sink, "message 1 SIP %zu of %zu\n%s\n\n", strlen(script), strlen(script), script);
    save("messages.txt", sink_string(&sink));
    char *html = page(&note);

    CU_ASSERT_FATAL(html != NULL);
    CU_ASSERT_EQUAL(count_of(html, "<script"), 1); /* ours */
    CU_ASSERT_EQUAL(count_of(html, "Subject: &lt;script&gt;alert(1)&lt;/script&gt;"), 1);
    CU_ASSERT(count_of(html, "&lt;script&gt;alert(3)") >= 1);
    CU_ASSERT_EQUAL(count_of(html, "src=\"http"), 0);
    CU_ASSERT_EQUAL(count_of(html, "href=\"http"), 0);
    free(html);
    end();
}

static void test_bad_folders_are_refused_by_name(void)
{
    static const struct {
        const char *file, *content, *told;
    } rows[] = {
        {"summary.csv", "arm,delay_mean_ms\nmsrp-smime\n", "summary.csv:2:"},
        {"messages.csv", "number,sent_ns\n1\n", "messages.csv:2:"},
        {"messages.csv", "number,sent_ns,received_ns,from,to\n1,,5,a,b\n", "messages.csv: row 1: expected sent_ns"},
        {"messages.csv", "number,sent_ns,received_ns,from,to\n1,5,9223372036854775807,a,b\n", "times in ns"},
        {"threats.csv", "arm,\"attack\n", "threats.csv:1:"},
    };
    struct note note = {{0}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        begin();
        save(rows[i].file, rows[i].content);
        CU_ASSERT_PTR_NULL(page(&note));
        CU_ASSERT(strstr(note.text, rows[i].told) != NULL);
        end();
    }
    begin();
    save("messages.csv", "number,sent_ns,received_ns,from,to,protocol,label,bytes,dwell_ns,is_again\n");
    save("messages.txt", "message 1 SIP 500 of 500\nshort");
    CU_ASSERT_PTR_NULL(page(&note));
    CU_ASSERT(strstr(note.text, "messages.txt") != NULL);
    end();
    memcpy(folder, "/nowhere", sizeof("/nowhere"));
    CU_ASSERT_PTR_NULL(page(&note));
    CU_ASSERT(strstr(note.text, "/nowhere: no folder of results") != NULL);
}

static void remove_summary(void)
{
    char path[256];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/summary.csv", folder);
    CU_ASSERT_EQUAL(remove(sink_string(&sink)), 0);
}

/* As a run leaves it that was ended before its first result. */
static void test_results_without_a_row_are_refused(void)
{
    static const char *const files[] = {"load.csv", "capacity.csv", "replay.csv", "validation.csv"};
    static const char *const contents[] = {"", "# machine: a\n", "arm,rate_ratio\n"};

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        for (size_t k = 0; k < sizeof(contents) / sizeof(*contents); k++) {
            struct note note = {{0}};

            begin();
            remove_summary();
            save(files[i], contents[k]);
            CU_ASSERT_PTR_NULL(page(&note));
            CU_ASSERT(strstr(note.text, files[i]) != NULL && strstr(note.text, "no results in it") != NULL);
            save("summary.csv", summary_text);
            char *html = page(&note);

            CU_ASSERT_PTR_NOT_NULL(html);
            free(html);
            end();
        }
}

static void test_threats_are_counted_by_the_harm_they_do(void)
{
    struct note note = {{0}};

    begin();
    save("threats.csv", "arm,attack,place,read,verdict,delivered\n"
                        "msrp-relay,change,relay 1,yes,unnoticed,altered\nmsrp-relay,change,link,no,noticed,nothing\n"
                        "msrp-relay,change,UE-A,no,n/a,original\nmsrp-smime,change,link,no,noticed,original\n"
                        "msrp-smime,replay,link,no,n/a,original\nmsrp-relay,replay,link,no,unnoticed,original\n");
    char *html = page(&note);

    CU_ASSERT_FATAL(html != NULL);
    CU_ASSERT(strstr(html, "<td class=\"unnoticed\">✗ harm at 1 of 3 places</td>") != NULL);
    CU_ASSERT(strstr(html, "<td class=\"noticed\">✓ noticed at 1 of 1 places</td>") != NULL);
    CU_ASSERT_EQUAL(count_of(html, "<td>no way</td>"), 1);
    CU_ASSERT_EQUAL(count_of(html, "<td>no harm</td>"), 1);
    free(html);
    end();
}

/* As gnuplot writes it: the frame is cut by the heights that the script tells, and texts stand in the page alone. */
static void test_a_picture_is_shown_without_its_texts(void)
{
    static const char svg[] =
        "<?xml version=\"1.0\"?>\n<svg \n width=\"800\" height=\"540\"\n viewBox=\"0 0 800 540\"\n "
        "xmlns=\"http://www.w3.org/2000/svg\"\n>\n</svg>\n";
    struct note note = {{0}};

    begin();
    make_folder("figures");
    save("figures/b-cold.svg", svg);
    save("figures/b-cold.gp", "# x\nfigure_title = \"Cold\"\nfigure_caption = \"one\\ntwo\"\nfigure_number = 2\n"
                              "height = 540\ntitle_points = 50\ncaption_points = 40\n");
    save("figures/b-warm.svg", svg);
    save("figures/b-warm.gp", "# x\nfigure_title = \"Warm\"\nfigure_number = 1\n");
    save("figures/a-foreign.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    char *html = page(&note);

    CU_ASSERT_FATAL(html != NULL);
    CU_ASSERT(strstr(html, "height=%22450%22%0a%20viewBox=%220%2050%20800%20450%22%0a%20xmlns") != NULL);
    CU_ASSERT(strstr(html, "height=%22540%22%0a%20viewBox=%220%200%20800%20540%22") != NULL); /* nothing is told */
    CU_ASSERT(strstr(html, "<p class=\"soft\">one two</p>") != NULL);
    const char *warm = strstr(html, "<b>Warm</b>"), *cold = strstr(html, "<b>Cold</b>");
    const char *foreign = strstr(html, "<b>a-foreign</b>");

    CU_ASSERT(warm && cold && foreign && warm < cold && cold < foreign); /* as they were made, others behind */
    free(html);
    end();
}

static void test_cells_are_found_by_name(void)
{
    struct sheet sheet;
    struct note note = {{0}};
    char path[256];
    struct sink sink = SINK(path);

    begin();
    save("t.csv", "# a remark\na,b,c\r\n1,\"x, \"\"y\"\"\",\n\n2.5e3,,#z\n");
    sink_format(&sink, "%s/t.csv", folder);
    CU_ASSERT_EQUAL_FATAL(sheet_read(sink_string(&sink), &sheet, &note), ERR_OK);
    CU_ASSERT_EQUAL(sheet.row_count, 2);
    CU_ASSERT(span_equal(sheet_find(&sheet, 0, "b"), SPAN("x, \"y\"")));
    CU_ASSERT(span_equal(sheet_find(&sheet, 1, "c"), SPAN("#z")));
    CU_ASSERT_EQUAL(sheet_number(&sheet, 1, "a"), 2500);
    CU_ASSERT(sheet_number(&sheet, 1, "b") != sheet_number(&sheet, 1, "b")); /* NAN */
    CU_ASSERT(sheet_number(&sheet, 0, "b") != sheet_number(&sheet, 0, "b"));
    CU_ASSERT_EQUAL(sheet_find(&sheet, 0, "d").size, 0);
    CU_ASSERT_EQUAL(sheet_find(&sheet, 2, "a").size, 0);
    sheet_free(&sheet);
    end();
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"the answer is told with its interval, what is missing is left out",
         test_the_answer_is_told_with_its_interval},
        {"links lead to one place of the page", test_links_lead_somewhere},
        {"hostile text is shown, never interpreted", test_hostile_text_is_shown_never_interpreted},
        {"bad folders are refused by file and line", test_bad_folders_are_refused_by_name},
        {"results without a row are refused", test_results_without_a_row_are_refused},
        {"threats are counted by the harm they do", test_threats_are_counted_by_the_harm_they_do},
        {"a picture is shown without its texts, in the order they were made",
         test_a_picture_is_shown_without_its_texts},
        {"cells are found by row and name", test_cells_are_found_by_name},
        {NULL, NULL},
    };

    return unit_run("page", tests);
}
