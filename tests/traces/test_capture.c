/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which packets each kind of capture shows, read back with libpcap, which knows nothing of our writer.
 */
#include "tests/traces/folder.h"
#include "tests/unit.h"
#include "traces/capture.h"
#include "traces/pcapng.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct folder folder = {"/tmp/hopsim-capture-XXXXXX", ""};

enum { LINK_A_TO_R, LINK_R_TO_A, LINK_R_TO_B, LINK_B_TO_R, LINK_B_TO_B, LINKS };
static const char *const ends[LINKS][2] = {
    {"ue-a", "router"}, {"router", "ue-a"}, {"router", "ue-b"}, {"ue-b", "router"}, {"ue-b", "ue-b"}};

/* An IPv4 packet whose only telling byte is its identification. */
static void show(struct capture_set *set, uint32_t link, int event, bool is_origin, int64_t at_ns, char id)
{
    char bytes[21] = {0x45, 0, 0, 21, 0, id};
    struct sim_packet packet = {.link = link,
                                .from = ends[link][0],
                                .to = ends[link][1],
                                .event = event,
                                .is_origin = is_origin,
                                .at_ns = at_ns,
                                .bytes = {bytes, sizeof(bytes)}};

    capture_packet(set, &packet);
}

/* Packet 1 goes from ue-a to ue-b, 2 is lost between ue-a and the router, 3 finds the router's queue full, 4 comes
 * back, 5 stays on ue-b's loopback. */
static void play(struct capture_set *set)
{
    show(set, LINK_A_TO_R, SIM_PACKET_SENT, true, 10, 1);
    capture_secret(set, SPAN("EARLY 00 01"));
    show(set, LINK_A_TO_R, SIM_PACKET_SENT, true, 11, 2);
    show(set, LINK_A_TO_R, SIM_PACKET_SENT, true, 12, 3);
    show(set, LINK_A_TO_R, SIM_PACKET_RECEIVED, true, 20, 1);
    show(set, LINK_R_TO_B, SIM_PACKET_SENT, false, 20, 1);
    show(set, LINK_A_TO_R, SIM_PACKET_DROPPED, true, 21, 2);
    show(set, LINK_A_TO_R, SIM_PACKET_RECEIVED, true, 22, 3);
    show(set, LINK_R_TO_B, SIM_PACKET_DROPPED, false, 22, 3);
    show(set, LINK_R_TO_B, SIM_PACKET_RECEIVED, false, 30, 1);
    show(set, LINK_B_TO_B, SIM_PACKET_SENT, true, 31, 5);
    show(set, LINK_B_TO_B, SIM_PACKET_RECEIVED, true, 32, 5);
    show(set, LINK_B_TO_R, SIM_PACKET_SENT, true, 40, 4);
    capture_secret(set, SPAN("LATE 02 03"));
    show(set, LINK_B_TO_R, SIM_PACKET_RECEIVED, true, 50, 4);
    show(set, LINK_R_TO_A, SIM_PACKET_SENT, false, 50, 4);
    show(set, LINK_R_TO_A, SIM_PACKET_RECEIVED, false, 60, 4);
}

/* The packets of a file as "ID@NS ID@NS ...". */
static const char *packets_of(const char *name)
{
    static char text[256];
    char error[PCAP_ERRBUF_SIZE];
    struct sink sink = SINK(text);
    pcap_t *file =
        pcap_open_offline_with_tstamp_precision(folder_path(&folder, name), PCAP_TSTAMP_PRECISION_NANO, error);

    if (!file)
        return error[0] ? "cannot be read" : "";
    struct pcap_pkthdr *head;
    const u_char *bytes;

    while (pcap_next_ex(file, &head, &bytes) == 1) {
        long long since_ns = (long long)head->ts.tv_sec * 1000000000 + head->ts.tv_usec - PCAPNG_EPOCH_NS;

        sink_format(&sink, "%s%d@%lld", sink.size ? " " : "", bytes[14 + 5], since_ns);
        CU_ASSERT(head->caplen == 14 + 21 && head->len == head->caplen);
    }
    pcap_close(file);
    return sink_string(&sink);
}

static void all_shows_each_packet_once_as_first_sent(void)
{
    struct capture_set *set;
    struct note note = {0};
    struct capture_config config = {.all_path = folder_path(&folder, "all"), .epoch_ns = PCAPNG_EPOCH_NS};

    CU_ASSERT_FATAL(capture_open(&set, &config, &note) == ERR_OK);
    play(set);
    CU_ASSERT(capture_close(set, &note) == ERR_OK);
    CU_ASSERT_STRING_EQUAL(packets_of("all"), "1@10 2@11 3@12 5@31 4@40");
    folder_remove_file(&folder, "all");
    CU_ASSERT(folder_count(folder.path) == 0);
}

static void a_host_shows_what_left_it_and_what_reached_it(void)
{
    struct capture_set *set;
    struct note note = {0};
    struct capture_config config = {
        .host = "ue-b", .host_path = folder_path(&folder, "host"), .epoch_ns = PCAPNG_EPOCH_NS};

    CU_ASSERT_FATAL(capture_open(&set, &config, &note) == ERR_OK);
    play(set);
    CU_ASSERT(capture_close(set, &note) == ERR_OK);
    CU_ASSERT_STRING_EQUAL(packets_of("host"), "1@30 5@31 4@40");
    folder_remove_file(&folder, "host");
}

static void a_router_shows_a_packet_on_each_of_its_links(void)
{
    struct capture_set *set;
    struct note note = {0};
    struct capture_config config = {
        .host = "router", .host_path = folder_path(&folder, "host"), .epoch_ns = PCAPNG_EPOCH_NS};

    CU_ASSERT_FATAL(capture_open(&set, &config, &note) == ERR_OK);
    play(set);
    CU_ASSERT(capture_close(set, &note) == ERR_OK);
    CU_ASSERT_STRING_EQUAL(packets_of("host"), "1@20 1@20 3@22 4@50 4@50");
    folder_remove_file(&folder, "host");
}

static void a_host_that_is_not_there_is_told_and_leaves_no_file(void)
{
    struct capture_set *set;
    struct note note = {0};
    struct capture_config config = {
        .host = "ue-c", .host_path = folder_path(&folder, "host"), .epoch_ns = PCAPNG_EPOCH_NS};

    CU_ASSERT_FATAL(capture_open(&set, &config, &note) == ERR_OK);
    play(set);
    CU_ASSERT(capture_close(set, &note) == ERR_UNKNOWN);
    CU_ASSERT(strstr(note.text, "ue-c") != NULL);
    CU_ASSERT(folder_count(folder.path) == 0);
}

static bool holds(const char *name, const char *text)
{
    static char bytes[8192];
    struct span got = folder_read(&folder, name, bytes, sizeof(bytes));

    return span_find(got, span_of(text)) < got.size;
}

static void links_give_a_file_each_with_both_directions(void)
{
    char links[128];
    struct sink path = SINK(links);
    struct capture_set *set;
    struct note note = {0};

    sink_format(&path, "%s/links", folder.path);
    struct capture_config config = {.links_folder = sink_string(&path), .epoch_ns = PCAPNG_EPOCH_NS};

    CU_ASSERT_FATAL(capture_open(&set, &config, &note) == ERR_OK);
    play(set);
    CU_ASSERT(capture_close(set, &note) == ERR_OK);
    CU_ASSERT_STRING_EQUAL(packets_of("links/router-ue-a.pcapng"), "1@20 3@22 4@60");
    CU_ASSERT_STRING_EQUAL(packets_of("links/router-ue-b.pcapng"), "1@30 4@50");
    CU_ASSERT_STRING_EQUAL(packets_of("links/ue-b-lo.pcapng"), "5@32");
    CU_ASSERT(folder_count(links) == 3);
    /* A file that starts late has the secrets told before it. */
    CU_ASSERT(holds("links/router-ue-b.pcapng", "EARLY 00 01\n") && holds("links/router-ue-b.pcapng", "LATE 02 03\n"));
    CU_ASSERT(holds("links/router-ue-a.pcapng", "EARLY 00 01\n") && holds("links/ue-b-lo.pcapng", "LATE 02 03\n"));

    CU_ASSERT(capture_open(&set, &config, &note) == ERR_FILE);
    CU_ASSERT(strstr(note.text, "links is not empty") != NULL);
    folder_remove_file(&folder, "links/router-ue-a.pcapng");
    folder_remove_file(&folder, "links/router-ue-b.pcapng");
    folder_remove_file(&folder, "links/ue-b-lo.pcapng");
    rmdir(links);
}

static void a_link_whose_file_cannot_be_made_fails_the_set(void)
{
    char links[128];
    struct sink path = SINK(links);
    struct folder all = folder;
    struct capture_set *set;
    struct note note = {0};

    sink_format(&path, "%s/links", folder.path);
    struct capture_config config = {
        .all_path = folder_path(&all, "all"), .links_folder = sink_string(&path), .epoch_ns = PCAPNG_EPOCH_NS};

    CU_ASSERT_FATAL(capture_open(&set, &config, &note) == ERR_OK);
    rmdir(links);
    play(set);
    CU_ASSERT(capture_close(set, &note) == ERR_FILE);
    CU_ASSERT(strstr(note.text, "links/router-ue-a.pcapng") != NULL);
    CU_ASSERT(folder_count(folder.path) == 0);
}

static void a_full_disk_is_told_for_packets_that_were_shown(void)
{
    struct folder host = folder;
    struct capture_set *set;
    struct note note = {0};
    struct capture_config config = {
        .all_path = "/dev/full", .host = "ue-b", .host_path = folder_path(&host, "host"), .epoch_ns = PCAPNG_EPOCH_NS};

    CU_ASSERT_FATAL(capture_open(&set, &config, &note) == ERR_OK);
    play(set);
    CU_ASSERT(capture_close(set, &note) == ERR_FULL);
    CU_ASSERT(strstr(note.text, "/dev/full") != NULL);
    CU_ASSERT(folder_count(folder.path) == 0);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"all shows each packet once as first sent", all_shows_each_packet_once_as_first_sent},
        {"a host shows what left it and what reached it", a_host_shows_what_left_it_and_what_reached_it},
        {"a router shows a packet on each of its links", a_router_shows_a_packet_on_each_of_its_links},
        {"a host that is not there is told and leaves no file", a_host_that_is_not_there_is_told_and_leaves_no_file},
        {"links give a file each with both directions", links_give_a_file_each_with_both_directions},
        {"a link whose file cannot be made fails the set", a_link_whose_file_cannot_be_made_fails_the_set},
        {"a full disk is told for packets that were shown", a_full_disk_is_told_for_packets_that_were_shown},
        {NULL, NULL},
    };

    if (!mkdtemp(folder.path))
        return 3;
    int status = unit_run("capture", tests);

    rmdir(folder.path);
    return status;
}
