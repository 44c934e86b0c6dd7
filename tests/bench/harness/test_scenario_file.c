/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/unit.h"

#include "bench/harness/input.h"
#include "bench/harness/scenario_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/hopsim-test-XXXXXX";
static struct scenario_file file, again;

static const char *path_of(const char *name)
{
    static char path[200];
    struct sink sink = SINK(path);

    sink_format(&sink, "%s/%s", folder, name);
    return sink_string(&sink);
}

static void save(const char *name, struct span text)
{
    FILE *stream = fopen(path_of(name), "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
    CU_ASSERT_EQUAL(fwrite(text.data, 1, text.size, stream), text.size);
    CU_ASSERT_EQUAL(fclose(stream), 0);
}

static enum err read_text(const char *text, struct note *note)
{
    note->text[0] = 0;
    save("s.ini", span_of(text));
    return scenario_file_read(span_of(path_of("s.ini")), &file, note);
}

static void values_are_read_and_the_rest_is_default(void)
{
    struct note note;
    const char *text = "\xEF\xBB\xBF# a comment\n[scenario]\r\nname = x\ntopology = single-host\n"
                       "[access]\nrate=5Mbit/s ; measured; twice\n  delay = 7ms\n\n[msrp]\nchunk : 2048\n";

    CU_ASSERT_EQUAL(read_text(text, &note), ERR_OK);
    CU_ASSERT_STRING_EQUAL(note.text, "");
    CU_ASSERT_STRING_EQUAL(file.scenario.name, "x");
    CU_ASSERT_EQUAL(file.scenario.topology, TOPOLOGY_SINGLE_HOST);
    CU_ASSERT_EQUAL(file.scenario.access.rate_bps, 5000000);
    CU_ASSERT_EQUAL(file.scenario.access.delay_ns, 7000000);
    CU_ASSERT_EQUAL(file.scenario.chunking, CHUNKING_2048);
    CU_ASSERT_EQUAL(file.scenario.core.delay_ns, 5000000);
    CU_ASSERT_EQUAL(file.scenario.window, 0);
}

static void an_origin_is_the_comment_or_the_line(void)
{
    struct note note;
    size_t rate = 0, delay = 0;

    CU_ASSERT_EQUAL(read_text("[access]\nrate = 5Mbit/s ; measured; twice\ndelay = 7ms\n", &note), ERR_OK);
    for (size_t i = 0; scenario_fields[i].name; i++) {
        if (strcmp(scenario_fields[i].name, "access.rate") == 0)
            rate = i;
        if (strcmp(scenario_fields[i].name, "access.delay") == 0)
            delay = i;
    }
    CU_ASSERT_STRING_EQUAL(file.origins[rate], "measured; twice");
    CU_ASSERT_PTR_NOT_NULL(strstr(file.origins[delay], "s.ini:3"));
}

static const struct {
    const char *text, *said;
} refused[] = {
    {"[access]\nrte = 5Mbit/s\n", "s.ini:2: unknown parameter access.rte: did you mean access.rate?"},
    {"[acess]\nrate = 5Mbit/s\n", "s.ini:2: unknown parameter acess.rate: did you mean access.rate?"},
    {"[access]\nzzzzzzzzzzzzzz = 1\n", "s.ini:2: unknown parameter access.zzzzzzzzzzzzzz"},
    {"[access]\nrate = 5Mbps\n", "s.ini:2: access.rate = \"5Mbps\": the unit of a rate is spelt Mbit/s"},
    {"\n\n[access]\nloss = 101%\n", "s.ini:4: access.loss = \"101%\": expected at least 0, at most 100%"},
    {"[access]\nrate = 1Mbit/s\n\nrate = 2Mbit/s\n",
     "s.ini:4: access.rate stands here a second time: it was set in line 2"},
    {"[scenario]\ntopology = star\n",
     "s.ini:2: topology = \"star\": expected single-host, home, two-domains or roaming"},
    {"rate = 1Mbit/s\n", "s.ini:1: expected a [section]"},
    {"[access]\nrate\n", "s.ini:2: expected [section], key = value"},
    {"[access\nrate = 1Mbit/s\n", "s.ini:1: expected [section], key = value"},
    {"[access]\nrate = 1Mbps\nrubbish\n", "s.ini:2: access.rate"},
    {"[access]\nrubbish\nrate = 1Mbps\n", "s.ini:2: expected [section]"},
    {"[access]\nrate = 1Mbit/s\ninclude = home\n", "s.ini:3: unknown parameter access.include"},
    {"include = home\ninclude = paper\n", "s.ini:2: include: expected once, before everything else"},
    {"include =\n", "s.ini:1: include: expected a file"},
    {"include = ./nowhere.ini\n", "nowhere.ini: cannot be opened"},
    {"include = hom\n", "did you mean home?"},
    {"include = s.ini\n", "does a scenario include itself?"},
};

static void errors_name_file_and_line(void)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct note note;

        file.scenario.seed = 77;
        CU_ASSERT_NOT_EQUAL(read_text(refused[i].text, &note), ERR_OK);
        CU_ASSERT_PTR_NOT_NULL(strstr(note.text, refused[i].said));
        CU_ASSERT_EQUAL(file.scenario.seed, 77);
    }
}

/* inih alone would cut at 200 bytes and read the rest as a line of its own. */
static void long_lines_are_refused_but_for_comments(void)
{
    char text[1000];
    struct note note;

    for (size_t size = 150; size <= 400; size++) {
        struct sink sink = SINK(text);

        sink_text(&sink, "# ");
        for (size_t i = 0; i < size; i++)
            sink_char(&sink, 'c');
        sink_text(&sink, "\n[access]\nrate = 5Mbit/s ; ");
        for (size_t i = strlen("rate = 5Mbit/s ; "); i < size; i++)
            sink_char(&sink, 'c');
        sink_text(&sink, "\ndelay = 3ms\n");
        enum err error = read_text(sink_string(&sink), &note);

        if (size <= 197) {
            CU_ASSERT_EQUAL(error, ERR_OK);
            CU_ASSERT_EQUAL(file.scenario.access.rate_bps, 5000000);
            CU_ASSERT_EQUAL(file.scenario.access.delay_ns, 3000000);
        } else {
            CU_ASSERT_EQUAL(error, ERR_RANGE);
            CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "s.ini:3: a line of "));
        }
    }
}

static void a_zero_byte_is_refused(void)
{
    struct note note = {{0}};

    save("s.ini", SPAN("[access]\nrate = 5Mbit/s\0Gbit/s\n"));
    CU_ASSERT_EQUAL(scenario_file_read(span_of(path_of("s.ini")), &file, &note), ERR_SYNTAX);
    CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "s.ini:2: a zero byte"));
}

static void an_include_comes_first_and_is_overruled(void)
{
    struct note note;

    save("base.ini", SPAN("[access]\nrate = 1Mbit/s\ndelay = 2ms\n"));
    CU_ASSERT_EQUAL(read_text("include = base.ini\n[access]\ndelay = 3ms\n", &note), ERR_OK);
    CU_ASSERT_EQUAL(file.scenario.access.rate_bps, 1000000);
    CU_ASSERT_EQUAL(file.scenario.access.delay_ns, 3000000);
    CU_ASSERT_EQUAL(read_text("include = paper-exact\n[access]\ndelay = 3ms\n", &note), ERR_OK);
    CU_ASSERT_EQUAL(file.scenario.topology, TOPOLOGY_SINGLE_HOST);
    CU_ASSERT_EQUAL(file.scenario.tcp_timestamps, 0);
    CU_ASSERT_EQUAL(file.scenario.access.delay_ns, 3000000);
}

static void a_preset_stands_for_its_lines_where_it_is_set(void)
{
    struct note note = {{0}};

    /* Over what was included, under what comes after it. */
    save("base.ini", SPAN("[access]\nrate = 1Mbit/s\nloss = 1%\n"));
    CU_ASSERT_EQUAL(read_text("include = base.ini\n[access]\npreset = 5g\nmtu = 1400B\n", &note), ERR_OK);
    CU_ASSERT_EQUAL(file.scenario.access_preset, ACCESS_5G);
    CU_ASSERT_EQUAL(file.scenario.access.rate_bps, 129900000);
    CU_ASSERT_EQUAL(file.scenario.access_rate_up_bps, 14700000);
    CU_ASSERT_TRUE(file.scenario.access.loss == 0);
    CU_ASSERT_EQUAL(file.scenario.access.mtu, 1400);
    const struct field *rate = field_find(scenario_fields, SPAN("access.rate"));

    CU_ASSERT_PTR_NOT_NULL(strstr(file.origins[rate - scenario_fields], "Ofcom"));
    CU_ASSERT_EQUAL(scenario_file_set(&file, SPAN("access.delay=1ms"), &note), ERR_OK);
    CU_ASSERT_EQUAL(scenario_file_set(&file, SPAN("access.preset=custom"), &note), ERR_OK);
    CU_ASSERT_EQUAL(file.scenario.access.delay_ns, 1000000);
    CU_ASSERT_EQUAL(file.scenario.access.rate_bps, 129900000);
    CU_ASSERT_EQUAL(scenario_file_set(&file, SPAN("access.preset=lan"), &note), ERR_OK);
    CU_ASSERT_EQUAL(file.scenario.access.rate_bps, 1000000000);
    CU_ASSERT_EQUAL(file.scenario.access.delay_ns, 100000);
    /* In one file, not over a line that stands before it. */
    CU_ASSERT_EQUAL(read_text("[access]\nmtu = 1400B\npreset = 5g\n", &note), ERR_SYNTAX);
    CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "s.ini:3: access.preset: expected before"));
}

static void a_tcp_set_stands_for_its_lines_where_it_is_set(void)
{
    struct note note = {{0}};

    CU_ASSERT_EQUAL(read_text("include = paper-exact\n[tcp]\nset = linux\nrto_min = 300ms\n", &note), ERR_OK);
    CU_ASSERT_EQUAL(file.scenario.tcp_set, TCP_SET_LINUX);
    CU_ASSERT_EQUAL(file.scenario.tcp_congestion, 1);
    CU_ASSERT_EQUAL(file.scenario.tcp_timestamps, 1); /* over what was included */
    CU_ASSERT_EQUAL(file.scenario.tcp_rto_min_ns, 300000000);
    CU_ASSERT_EQUAL(scenario_file_set(&file, SPAN("tcp.congestion=newreno"), &note), ERR_OK);
    CU_ASSERT_EQUAL(file.scenario.tcp_congestion, 0);
    CU_ASSERT_EQUAL(file.scenario.tcp_recovery, TCP_RECOVERY_RACK_TLP);
    CU_ASSERT_EQUAL(scenario_file_set(&file, SPAN("tcp.set=rfc"), &note), ERR_OK);
    CU_ASSERT_EQUAL(file.scenario.tcp_recovery, TCP_RECOVERY_SACK);
    CU_ASSERT_EQUAL(file.scenario.tcp_rto_min_ns, 1000000000);
    CU_ASSERT_EQUAL(read_text("[tcp]\ndelayed_ack = 0\nset = linux\n", &note), ERR_SYNTAX);
    CU_ASSERT_PTR_NOT_NULL(strstr(note.text, "s.ini:3: tcp.set: expected before the other parameters of [tcp]"));
}

static void the_paper_varies_and_paper_exact_does_not(void)
{
    struct note note = {{0}};

    CU_ASSERT_EQUAL(scenario_file_read(SPAN("paper-exact"), &file, &note), ERR_OK);
    CU_ASSERT_TRUE(file.scenario.dwell_spread == 0);
    CU_ASSERT_STRING_EQUAL(file.scenario.dwell_table, "openims-paper");
    CU_ASSERT_EQUAL(scenario_file_read(SPAN("paper"), &again, &note), ERR_OK);
    CU_ASSERT_TRUE(again.scenario.dwell_spread > 0);
    CU_ASSERT_EQUAL(again.scenario.access.rate_bps, file.scenario.access.rate_bps);
}

static void what_is_written_reads_back_and_writes_the_same(void)
{
    static char first[SCENARIO_TEXT_SIZE], second[SCENARIO_TEXT_SIZE];

    for (const struct input_builtin *row = input_builtins; row->name; row++) {
        struct note note = {{0}};
        struct sink sink = SINK(first), sink_again = SINK(second);

        if (row->kind != INPUT_SCENARIO)
            continue;
        CU_ASSERT_EQUAL_FATAL(scenario_file_read(span_of(row->name), &file, &note), ERR_OK);
        CU_ASSERT_EQUAL(scenario_file_set(&file,
                                          SPAN("transfer.file=a path with = and # and 140 bytes: "
                                               "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
                                               "aaaaaaaaaaaaaaaaaaaaaaaaaa"),
                                          &note),
                        ERR_OK);
        scenario_file_write(&file, &sink);
        CU_ASSERT_FALSE(sink.overflow);
        save("w.ini", sink_written(&sink));
        CU_ASSERT_EQUAL_FATAL(scenario_file_read(span_of(path_of("w.ini")), &again, &note), ERR_OK);
        CU_ASSERT_EQUAL(memcmp(&file.scenario, &again.scenario, sizeof(file.scenario)), 0);
        scenario_file_write(&again, &sink_again);
        CU_ASSERT_TRUE(span_equal(sink_written(&sink), sink_written(&sink_again)));
    }
}

static const struct {
    const char *assignment;
    enum err error;
    const char *said;
} sets[] = {
    {"access.rate=7Mbit/s", ERR_OK, ""},
    {" access.rate = 7Mbit/s ", ERR_OK, ""},
    {"seed=9", ERR_OK, ""},
    {"access.rate", ERR_SYNTAX, "expected KEY=VALUE"},
    {"access.rates=1", ERR_UNKNOWN, "did you mean access.rate?"},
    {"=1", ERR_UNKNOWN, "unknown parameter"},
    {"shows=a ;b", ERR_SYNTAX, "a comment would begin"},
    {"access.loss=2", ERR_RANGE, "at most 100%"},
};

static void the_command_line_sets_by_the_same_table(void)
{
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
        struct note note = {{0}};

        scenario_file_defaults(&file);
        CU_ASSERT_EQUAL(scenario_file_set(&file, span_of(sets[i].assignment), &note), sets[i].error);
        CU_ASSERT_PTR_NOT_NULL(strstr(note.text, sets[i].said));
        CU_ASSERT_EQUAL(file.scenario.access.rate_bps == 7000000, i < 2);
    }
}

static void defaults_are_the_designs(void)
{
    scenario_file_defaults(&file);
    const struct scenario *scenario = &file.scenario;

    CU_ASSERT_EQUAL(scenario->connections, CONNECTIONS_WARM);
    CU_ASSERT_EQUAL(scenario->relays, 2);
    CU_ASSERT_EQUAL(scenario->relay_forwarding, RELAY_CUT_THROUGH);
    CU_ASSERT_EQUAL(scenario->auth, AUTH_PER_SESSION);
    CU_ASSERT_EQUAL(scenario->chunking, CHUNKING_FEW_LARGE);
    CU_ASSERT_EQUAL(scenario->window, 0);
    CU_ASSERT_EQUAL(scenario->tcp_initial_window, 10);
    CU_ASSERT_EQUAL(scenario->tcp_timestamps, 1);
    CU_ASSERT_EQUAL(scenario->tcp_delayed_ack_ns, 40000000);
    CU_ASSERT_EQUAL(scenario->tcp_rto_min_ns, 1000000000);
    CU_ASSERT_EQUAL(scenario->suite, SUITE_RFC8591);
    CU_ASSERT_EQUAL(scenario->certificate, 1);
    CU_ASSERT_EQUAL(scenario->seal_when, SEAL_AFTER_ANSWER);
    CU_ASSERT_EQUAL(scenario->message_bytes, 1300);
    CU_ASSERT_EQUAL(scenario->answer_ns, 0);
}

static const struct unit_test tests[] = {
    {"values are read and the rest is default", values_are_read_and_the_rest_is_default},
    {"an origin is the comment behind the value, or file and line", an_origin_is_the_comment_or_the_line},
    {"errors name file and line and leave the result alone", errors_name_file_and_line},
    {"long lines are refused, but for comments", long_lines_are_refused_but_for_comments},
    {"a zero byte is refused", a_zero_byte_is_refused},
    {"an include comes first and is overruled", an_include_comes_first_and_is_overruled},
    {"a preset stands for its lines where it is set", a_preset_stands_for_its_lines_where_it_is_set},
    {"so does a set of TCP", a_tcp_set_stands_for_its_lines_where_it_is_set},
    {"the paper varies and paper-exact does not", the_paper_varies_and_paper_exact_does_not},
    {"what is written reads back and writes the same", what_is_written_reads_back_and_writes_the_same},
    {"the command line sets by the same table", the_command_line_sets_by_the_same_table},
    {"defaults are the design's", defaults_are_the_designs},
    {NULL, NULL},
};

int main(void)
{
    if (!mkdtemp(folder))
        return 3;
    int status = unit_run("scenario_file", tests);

    (void)remove(path_of("s.ini"));
    (void)remove(path_of("w.ini"));
    (void)remove(path_of("base.ini"));
    (void)rmdir(folder);
    return status;
}
