/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Captures byte by byte against the pcapng draft, and files that are named only when they are whole. Called with the
 * word sample and a path it writes the capture that pcapng_tshark.sh has Wireshark read.
 */
#include "sim/base/sink.h"
#include "tests/unit.h"
#include "traces/pcapng.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/hopsim-pcapng-XXXXXX";
static char path_text[128];

static const char *path_of(const char *name)
{
    struct sink sink = SINK(path_text);

    sink_format(&sink, "%s/%s", folder, name);
    return sink_string(&sink);
}

static const struct pcapng_about about = {
    .hardware = {"hw", 2}, .os = {"none", 4}, .application = {"hopsim", 6}, .comment = {"a test", 6}};

/* A UDP datagram of five bytes from 192.168.80.1:5060 to 192.168.80.128:5060, checksums right. */
static const uint8_t datagram[33] = {0x45, 0,    0,   33, 0,    1,    0,   0,   64,  17,   0x58,
                                     0xf9, 192,  168, 80, 1,    192,  168, 80,  128, 0x13, 0xc4,
                                     0x13, 0xc4, 0,   13, 0x72, 0xa7, 'h', 'e', 'l', 'l',  'o'};

static struct span datagram_span(void)
{
    return (struct span){(const char *)datagram, sizeof(datagram)};
}

static uint32_t u32_at(const char *bytes)
{
    const uint8_t *b = (const uint8_t *)bytes;

    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static struct span read_back(const char *path, char *bytes, size_t size)
{
    FILE *file = fopen(path, "r");

    if (!file)
        return (struct span){bytes, 0};
    size_t got = fread(bytes, 1, size, file);

    fclose(file);
    return (struct span){bytes, got};
}

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static int files_in_folder(void)
{
    struct sink sink = SINK(path_text);

    sink_format(&sink, "test \"$(ls -A %s)\" = \"\"", folder);
    return system(sink_string(&sink)) == 0 ? 0 : 1;
}

static void a_section_is_written_byte_by_byte_as_the_draft_says(void)
{
    static const char expected[] = "\x0a\x0d\x0d\x0a"
                                   "\0\0\0\x48"
                                   "\x1a\x2b\x3c\x4d"
                                   "\0\1\0\0"
                                   "\xff\xff\xff\xff\xff\xff\xff\xff"
                                   "\0\1\0\6"
                                   "a test\0\0"
                                   "\0\2\0\2"
                                   "hw\0\0"
                                   "\0\3\0\4"
                                   "none"
                                   "\0\4\0\6"
                                   "hopsim\0\0"
                                   "\0\0\0\0"
                                   "\0\0\0\x48";
    char bytes[256];
    struct pcapng capture;
    struct note note = {0};
    const char *path = path_of("section");

    CU_ASSERT_FATAL(pcapng_open(&capture, path, 0, &about, &note) == ERR_OK);
    CU_ASSERT(!exists(path));
    CU_ASSERT(pcapng_close(&capture, &note) == ERR_OK);
    struct span got = read_back(path, bytes, sizeof(bytes));

    CU_ASSERT(span_equal(got, (struct span){expected, sizeof(expected) - 1}));
    unlink(path);
    CU_ASSERT(files_in_folder() == 0);
}

/* Writes an interface, a secret and a packet; the bytes behind the section header. */
static struct span write_blocks(const struct pcapng_packet *packet, char *bytes, size_t size)
{
    struct pcapng capture;
    struct note note = {0};
    const char *path = path_of("blocks");

    CU_ASSERT_FATAL(pcapng_open(&capture, path, PCAPNG_EPOCH_NS, &about, &note) == ERR_OK);
    CU_ASSERT(pcapng_interface(&capture, SPAN("ue-a")) == 0);
    pcapng_secrets(&capture, SPAN("A 0 1\n"));
    pcapng_packet(&capture, packet);
    CU_ASSERT(pcapng_close(&capture, &note) == ERR_OK);
    struct span got = read_back(path, bytes, size);

    unlink(path);
    return span_after(got, 0x48);
}

static void an_interface_tells_its_name_and_nanoseconds(void)
{
    static const char expected[] = "\0\0\0\1"
                                   "\0\0\0\x28"
                                   "\0\1\0\0"
                                   "\0\4\0\0"
                                   "\0\2\0\4"
                                   "ue-a"
                                   "\0\x09\0\1"
                                   "\x09\0\0\0"
                                   "\0\0\0\0"
                                   "\0\0\0\x28";
    char bytes[512];
    struct span got = write_blocks(&(struct pcapng_packet){.bytes = datagram_span()}, bytes, sizeof(bytes));

    CU_ASSERT_FATAL(got.size >= sizeof(expected) - 1);
    CU_ASSERT(memcmp(got.data, expected, sizeof(expected) - 1) == 0);
}

static void secrets_are_a_tls_key_log_of_their_exact_length(void)
{
    static const char expected[] = "\0\0\0\x0a"
                                   "\0\0\0\x1c"
                                   "TLSK"
                                   "\0\0\0\6"
                                   "A 0 1\n\0\0"
                                   "\0\0\0\x1c";
    char bytes[512];
    struct span got = write_blocks(&(struct pcapng_packet){.bytes = datagram_span()}, bytes, sizeof(bytes));

    CU_ASSERT_FATAL(got.size >= 0x28 + sizeof(expected) - 1);
    CU_ASSERT(memcmp(got.data + 0x28, expected, sizeof(expected) - 1) == 0);
}

static void a_packet_is_an_ethernet_frame_with_its_time_in_two_words(void)
{
    char bytes[512];
    struct pcapng_packet packet = {.at_ns = 2657001, .bytes = datagram_span()};
    struct span got = span_after(write_blocks(&packet, bytes, sizeof(bytes)), 0x28 + 0x1c);
    const uint64_t at_ns = UINT64_C(1356998400000000000) + 2657001;

    /* 12 of frame, 20 of fixed fields, 47 of Ethernet frame padded to 48. */
    CU_ASSERT_FATAL(got.size == 80);
    CU_ASSERT(u32_at(got.data) == 6 && u32_at(got.data + 4) == 80 && u32_at(got.data + 76) == 80);
    CU_ASSERT(u32_at(got.data + 8) == 0);
    CU_ASSERT(u32_at(got.data + 12) == (uint32_t)(at_ns >> 32) && u32_at(got.data + 16) == (uint32_t)at_ns);
    CU_ASSERT(u32_at(got.data + 20) == 47 && u32_at(got.data + 24) == 47);
    CU_ASSERT(memcmp(got.data + 28, "\2\0\xc0\xa8\x50\x80\2\0\xc0\xa8\x50\x01\x08\x00", 14) == 0);
    CU_ASSERT(memcmp(got.data + 42, datagram, sizeof(datagram)) == 0);
    CU_ASSERT(got.data[75] == 0);
}

static void comment_and_direction_follow_the_packet(void)
{
    static const char expected[] = "\0\1\0\3"
                                   "why\0"
                                   "\0\2\0\4"
                                   "\0\0\0\2"
                                   "\0\0\0\0"
                                   "\0\0\0\x64";
    char bytes[512];
    struct pcapng_packet packet = {.bytes = datagram_span(), .comment = SPAN("why"), .direction = PCAPNG_OUTBOUND};
    struct span got = span_after(write_blocks(&packet, bytes, sizeof(bytes)), 0x28 + 0x1c);

    CU_ASSERT_FATAL(got.size == 0x64);
    CU_ASSERT(memcmp(got.data + 76, expected, sizeof(expected) - 1) == 0);
}

static void blocks_of_every_packet_size_end_on_a_word(void)
{
    char bytes[512];
    char packet[64] = {0x45};

    for (size_t size = 20; size < 28; size++) {
        struct span got = write_blocks(
            &(struct pcapng_packet){.bytes = {packet, size}, .comment = {"abcdefgh", size - 20}}, bytes, sizeof(bytes));

        got = span_after(got, 0x28 + 0x1c);
        CU_ASSERT(got.size % 4 == 0);
        CU_ASSERT(u32_at(got.data + 4) == got.size && u32_at(got.data + got.size - 4) == got.size);
    }
}

static void a_file_that_exists_is_refused_and_kept(void)
{
    char bytes[16];
    struct pcapng capture;
    struct note note = {0};
    const char *path = path_of("kept");
    FILE *file = fopen(path, "w");

    CU_ASSERT_FATAL(file != NULL);
    fputs("mine", file);
    fclose(file);
    CU_ASSERT(pcapng_open(&capture, path, 0, &about, &note) == ERR_FILE);
    CU_ASSERT(strstr(note.text, "/kept exists already") != NULL);
    CU_ASSERT(span_equal(read_back(path, bytes, sizeof(bytes)), SPAN("mine")));
    unlink(path);
    CU_ASSERT(files_in_folder() == 0);
}

static void a_file_that_appears_meanwhile_is_kept(void)
{
    char bytes[16];
    struct pcapng capture;
    struct note note = {0};
    const char *path = path_of("kept");

    CU_ASSERT_FATAL(pcapng_open(&capture, path, 0, &about, &note) == ERR_OK);
    FILE *file = fopen(path, "w");

    CU_ASSERT_FATAL(file != NULL);
    fputs("mine", file);
    fclose(file);
    CU_ASSERT(pcapng_close(&capture, &note) == ERR_FILE);
    CU_ASSERT(note.text[0] != 0);
    CU_ASSERT(span_equal(read_back(path, bytes, sizeof(bytes)), SPAN("mine")));
    unlink(path);
    CU_ASSERT(files_in_folder() == 0);
}

static void a_folder_that_is_missing_is_named(void)
{
    struct pcapng capture;
    struct note note = {0};

    CU_ASSERT(pcapng_open(&capture, path_of("none/capture"), 0, &about, &note) == ERR_FILE);
    CU_ASSERT(strstr(note.text, "none/capture: No such file") != NULL);
}

static void a_full_disk_is_told_at_the_end(void)
{
    struct pcapng capture;
    struct note note = {0};

    CU_ASSERT_FATAL(pcapng_open(&capture, "/dev/full", 0, &about, &note) == ERR_OK);
    CU_ASSERT(pcapng_close(&capture, &note) == ERR_FULL);
    CU_ASSERT(strstr(note.text, "/dev/full: No space left") != NULL);
}

static void a_file_cut_by_a_limit_leaves_nothing(void)
{
    struct rlimit before;
    struct pcapng capture;
    struct note note = {0};
    const char *path = path_of("cut");

    CU_ASSERT_FATAL(getrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, SIG_IGN);
    CU_ASSERT_FATAL(pcapng_open(&capture, path, 0, &about, &note) == ERR_OK);
    uint32_t interface = pcapng_interface(&capture, SPAN("ue-a"));

    setrlimit(RLIMIT_FSIZE, &(struct rlimit){.rlim_cur = 100000, .rlim_max = before.rlim_max});
    for (int i = 0; i < 2000; i++)
        pcapng_packet(&capture, &(struct pcapng_packet){.interface = interface, .bytes = datagram_span()});
    enum err error = pcapng_close(&capture, &note);

    setrlimit(RLIMIT_FSIZE, &before);
    CU_ASSERT(error == ERR_FULL);
    CU_ASSERT(strstr(note.text, "/cut: File too large") != NULL);
    CU_ASSERT(files_in_folder() == 0);
}

static void a_capture_that_is_given_up_leaves_nothing(void)
{
    struct pcapng capture;
    struct note note = {0};

    CU_ASSERT_FATAL(pcapng_open(&capture, path_of("given-up"), 0, &about, &note) == ERR_OK);
    pcapng_discard(&capture);
    pcapng_discard(&capture);
    CU_ASSERT(files_in_folder() == 0);
}

/* Two interfaces, the second between packets; times that need all nine digits; secrets; a comment. */
static int write_sample(const char *path)
{
    static const char keylog[] =
        "CLIENT_RANDOM 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f "
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f\n";
    struct pcapng capture;
    struct note note = {0};

    if (pcapng_open(&capture, path, PCAPNG_EPOCH_NS, &about, &note) != ERR_OK) {
        fprintf(stderr, "%s\n", note.text);
        return 1;
    }
    struct pcapng_packet packet = {.bytes = datagram_span(), .comment = SPAN("the first, outbound")};

    packet.interface = pcapng_interface(&capture, SPAN("UE-A-switch"));
    packet.direction = PCAPNG_OUTBOUND;
    pcapng_packet(&capture, &packet);
    pcapng_secrets(&capture, (struct span){keylog, sizeof(keylog) - 1});
    packet = (struct pcapng_packet){.bytes = datagram_span(), .at_ns = 123456789};
    packet.interface = pcapng_interface(&capture, SPAN("P-CSCF(A)-switch"));
    pcapng_packet(&capture, &packet);
    if (pcapng_close(&capture, &note) != ERR_OK) {
        fprintf(stderr, "%s\n", note.text);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        {"a section is written byte by byte as the draft says", a_section_is_written_byte_by_byte_as_the_draft_says},
        {"an interface tells its name and nanoseconds", an_interface_tells_its_name_and_nanoseconds},
        {"secrets are a TLS key log of their exact length", secrets_are_a_tls_key_log_of_their_exact_length},
        {"a packet is an Ethernet frame with its time in two words",
         a_packet_is_an_ethernet_frame_with_its_time_in_two_words},
        {"comment and direction follow the packet", comment_and_direction_follow_the_packet},
        {"blocks of every packet size end on a word", blocks_of_every_packet_size_end_on_a_word},
        {"a file that exists is refused and kept", a_file_that_exists_is_refused_and_kept},
        {"a file that appears meanwhile is kept", a_file_that_appears_meanwhile_is_kept},
        {"a folder that is missing is named", a_folder_that_is_missing_is_named},
        {"a full disk is told at the end", a_full_disk_is_told_at_the_end},
        {"a file cut by a limit leaves nothing", a_file_cut_by_a_limit_leaves_nothing},
        {"a capture that is given up leaves nothing", a_capture_that_is_given_up_leaves_nothing},
        {NULL, NULL},
    };

    if (argc == 3 && strcmp(argv[1], "sample") == 0)
        return write_sample(argv[2]);
    if (!mkdtemp(folder))
        return 3;
    int status = unit_run("pcapng", tests);

    rmdir(folder);
    return status;
}
