/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packets as bytes: checked by a parser of the test's own, and by tshark where it is installed. */
#include "tests/sim/net/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static uint32_t get(const uint8_t *bytes, int size)
{
    uint32_t value = 0;

    for (int i = 0; i < size; i++)
        value = value << 8 | bytes[i];
    return value;
}

/* One's complement sum of 16-bit words; a right checksum makes it 0xffff. */
static uint32_t ones_sum(uint32_t sum, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    return sum;
}

static uint32_t pseudo_sum(const uint8_t *ip, uint32_t size)
{
    return ones_sum(get(ip + 9, 1) + size, ip + 12, 8);
}

/* What the tap saw, and a file for tshark. */
struct watcher {
    FILE *file;
    uint32_t packets, bad, syns, fins, resets, sacks, stamps, fragments;
    uint64_t payload, wrong;
    uint32_t isn[2];
    uint8_t whole[65536]; /* of the datagram whose fragments come */
    uint32_t whole_size;
};

static void file_u32(FILE *file, uint32_t value)
{
    fwrite(&value, 4, 1, file);
}

/* The classic file format, nanoseconds, raw IP packets, in the byte order of this machine. */
static FILE *file_open(char *path)
{
    int handle = mkstemp(path);
    FILE *file = fdopen(handle, "wb");

    file_u32(file, 0xa1b23c4d);
    file_u32(file, 4 << 16 | 2);
    file_u32(file, 0);
    file_u32(file, 0);
    file_u32(file, 65535);
    file_u32(file, 101);
    return file;
}

static void watch_options(struct watcher *watcher, const uint8_t *option, const uint8_t *end)
{
    while (option < end && option[0] != 0) {
        if (option[0] == 1) {
            option++;
            continue;
        }
        watcher->bad += end - option < 2 || option[1] < 2 || option[1] > end - option;
        watcher->sacks += option[0] == 5;
        watcher->stamps += option[0] == 8;
        if (option[1] < 2)
            return;
        option += option[1];
    }
    watcher->bad += option != end;
}

static void watch_tcp(struct watcher *watcher, const uint8_t *ip, uint32_t size)
{
    const uint8_t *tcp = ip + 20;
    uint32_t length = size - 20, header = get(tcp + 12, 1) / 16 * 4, sequence = get(tcp + 4, 4);
    bool is_first = get(ip + 12, 4) == 0x0a000001;
    uint8_t flags = tcp[13];

    watcher->bad += ones_sum(pseudo_sum(ip, length), tcp, length) != 0xffff;
    watcher->bad += header < 20 || header > length;
    watch_options(watcher, tcp + 20, tcp + header);
    watcher->syns += flags >> 1 & 1;
    watcher->fins += flags & 1;
    watcher->resets += flags >> 2 & 1;
    if (flags & 2)
        watcher->isn[is_first] = sequence;
    if (flags & 4 || !is_first)
        return;
    for (uint32_t i = 0; i < length - header; i++) {
        char expected;

        source_pattern.read(&source_pattern, sequence - watcher->isn[1] - 1 + i, &expected, 1);
        watcher->wrong += tcp[header + i] != (uint8_t)expected;
        watcher->payload++;
    }
}

/* Fragments of one datagram come in order and close together here. */
static void watch_udp(struct watcher *watcher, const uint8_t *ip, uint32_t size)
{
    uint32_t offset = (get(ip + 6, 2) & 0x1fff) * 8;
    bool has_more = ip[6] & 0x20;

    watcher->fragments += has_more || offset;
    memcpy(watcher->whole + offset, ip + 20, size - 20);
    watcher->whole_size = offset + size - 20;
    if (has_more)
        return;
    watcher->bad += get(watcher->whole + 4, 2) != watcher->whole_size;
    watcher->bad += ones_sum(pseudo_sum(ip, watcher->whole_size), watcher->whole, watcher->whole_size) != 0xffff;
}

static void watcher_packet(void *context, struct net *net, uint32_t link, enum tap_event event, int64_t at_ns,
                           bool is_origin, const struct packet *packet)
{
    static char bytes[65536];
    struct watcher *watcher = context;
    struct sink sink = SINK(bytes);
    const uint8_t *ip = (const uint8_t *)bytes;

    (void)link;
    if (event != TAP_SENT || !is_origin)
        return;
    net_packet_bytes(net, packet, &sink);
    watcher->packets++;
    watcher->bad += sink.overflow || sink.size < 28 || get(ip + 2, 2) != sink.size || ip[0] != 0x45 || ip[8] != 64;
    watcher->bad += ones_sum(0, ip, 20) != 0xffff;
    watcher->bad += (ip[6] >> 6 & 1) != (ip[9] == 6);
    if (ip[9] == 6)
        watch_tcp(watcher, ip, (uint32_t)sink.size);
    else
        watch_udp(watcher, ip, (uint32_t)sink.size);
    if (!watcher->file)
        return;
    file_u32(watcher->file, (uint32_t)(at_ns / SECOND));
    file_u32(watcher->file, (uint32_t)(at_ns % SECOND));
    file_u32(watcher->file, (uint32_t)sink.size);
    file_u32(watcher->file, (uint32_t)sink.size);
    fwrite(bytes, sink.size, 1, watcher->file);
}

/* A lossy transfer that finishes, a refused connection, datagrams of several sizes. */
static void small_trial(struct watcher *watcher, bool has_stamps, bool has_sack)
{
    struct net_tap tap = {watcher, watcher_packet};
    struct transfer transfer = {.total = 150001, .is_checked = true, .finishes = true, .write_max = 30001};
    struct transfer refused = {.total = 10};
    struct tcp_config tcp = tcp_rfc;
    struct cause cause = {0};
    struct lab lab;
    struct link_config config = lab_link(10 * 1000 * 1000, 10 * MS);

    tcp.has_timestamps = has_stamps;
    tcp.has_sack = has_sack;
    config.queue_bytes_max = 12000;
    config.loss = 0.02;
    lab_open(&lab, 16 * MIB, 0, &tap);
    lab_chain(&lab, 2, &config);
    refused.lab = &lab;
    transfer_start(&transfer, &lab, 2, &tcp);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(transfer.got, transfer.total);
    CU_ASSERT_EQUAL(transfer.wrong_bytes, 0);
    tcp_connect(lab.net, 0, 99, 2, 99, &tcp, &refused, &transfer_owner, &cause);
    engine_run(&lab.engine, NULL);
    CU_ASSERT_EQUAL(refused.how_sender, TCP_END_RESET);
    for (uint64_t size = 0; size < 9000; size += 1000 + size / 3) {
        udp_send(lab.net, 2, 1000, 0, 2000, &(struct slice){&source_pattern, 7, size}, 1, &cause, NULL);
        engine_run(&lab.engine, NULL);
    }
    lab_close(&lab);
}

static void test_bytes_are_right(void)
{
    static struct watcher watcher;

    for (int row = 0; row < 4; row++) {
        memset(&watcher, 0, sizeof(watcher));
        small_trial(&watcher, row & 1, row & 2);
        CU_ASSERT_EQUAL(watcher.bad, 0);
        CU_ASSERT_EQUAL(watcher.wrong, 0);
        CU_ASSERT_TRUE(watcher.payload > 150001); /* some of it twice */
        CU_ASSERT_EQUAL(watcher.syns, 3);
        CU_ASSERT_EQUAL(watcher.resets, 1);
        CU_ASSERT_TRUE(watcher.fins >= 2);
        CU_ASSERT_EQUAL(watcher.sacks > 0, (row & 2) != 0);
        CU_ASSERT_EQUAL(watcher.stamps > 2, (row & 1) != 0);
        CU_ASSERT_TRUE(watcher.fragments >= 10);
    }
}

/* What tshark says of the packets of a file. */
struct verdict {
    uint32_t packets, good, bad, whole;
};

/* A line is "ip|tcp|udp|fragments|malformed|severity"; a status is 1 for good, 0 for bad, 2 for not to be checked here.
 */
static void verdict_line(struct verdict *verdict, char *line)
{
    const char *fields[6] = {0};
    uint32_t count = 0;

    for (char *at = line; at && count < 6; count++) {
        fields[count] = at;
        at = strchr(at, '|');
        if (at)
            *at++ = 0;
    }
    verdict->packets++;
    if (count < 6) {
        verdict->bad++;
        return;
    }
    verdict->good += strcmp(fields[1], "1") == 0 || strcmp(fields[2], "1") == 0;
    verdict->whole += fields[3][0] != 0;
    verdict->bad += strcmp(fields[0], "1") != 0 || strcmp(fields[1], "0") == 0 || strcmp(fields[2], "0") == 0;
    verdict->bad += fields[4][0] != 0 || strstr(fields[5], "8388608") != NULL; /* an expert's error */
}

static struct verdict tshark_verdict(const char *path)
{
    char command[512], line[512];
    struct sink sink = SINK(command);
    struct verdict verdict = {0};

    sink_format(&sink,
                "tshark -r %s -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE -o udp.check_checksum:TRUE "
                "-T fields -E separator='|' -e ip.checksum.status -e tcp.checksum.status -e udp.checksum.status "
                "-e ip.fragment.count -e _ws.malformed -e _ws.expert.severity 2>/dev/null",
                path);
    FILE *pipe = popen(sink_string(&sink), "r");

    while (pipe && fgets(line, sizeof(line), pipe)) {
        uint32_t bad = verdict.bad;

        line[strcspn(line, "\n")] = 0;
        verdict_line(&verdict, line);
        if (verdict.bad != bad)
            printf("tshark, packet %u: %s\n", verdict.packets, line);
    }
    verdict.bad += !pipe || pclose(pipe) != 0;
    return verdict;
}

static void test_tshark_finds_nothing(void)
{
    static struct watcher watcher;

    if (system("command -v tshark >/dev/null 2>&1") != 0) {
        printf("(skipped: no tshark) ");
        return;
    }
    for (int row = 0; row < 2; row++) {
        char path[] = "/tmp/hopsim-test-XXXXXX";
        struct verdict verdict;

        memset(&watcher, 0, sizeof(watcher));
        watcher.file = file_open(path);
        small_trial(&watcher, row, row);
        fclose(watcher.file);
        verdict = tshark_verdict(path);
        CU_ASSERT_EQUAL(verdict.packets, watcher.packets);
        CU_ASSERT_EQUAL(verdict.bad, 0);
        /* Of a datagram in fragments tshark checks the whole, at the last one. */
        CU_ASSERT_EQUAL(verdict.whole, 3);
        CU_ASSERT_EQUAL(verdict.good, watcher.packets - watcher.fragments + verdict.whole);
        unlink(path);
    }
}

static const struct unit_test tests[] = {
    {"headers, checksums, sequence numbers and payload are right", test_bytes_are_right},
    {"tshark finds no wrong checksum and no malformed packet", test_tshark_finds_nothing},
    {NULL, NULL},
};

int main(void)
{
    return unit_run("bytes", tests);
}
