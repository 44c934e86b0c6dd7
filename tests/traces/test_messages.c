/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * messages.csv, messages.txt, the event log, and the chain of taps that feeds them.
 */
#include "tests/traces/folder.h"
#include "tests/unit.h"
#include "traces/eventlog.h"
#include "traces/messages.h"
#include "traces/tap.h"

#include <stdlib.h>
#include <sys/mman.h>

static struct folder folder = {"/tmp/hopsim-messages-XXXXXX", ""};

static const struct sim_message invite = {.number = 1,
                                          .sent_ns = 1000,
                                          .received_ns = 2657001,
                                          .from = "UE-A",
                                          .to = "P-CSCF(A)",
                                          .protocol = "SIP",
                                          .label = {"INVITE", 6},
                                          .bytes = 964,
                                          .dwell_ns = 2657000,
                                          .text = {"INVITE sip:b SIP/2.0\r\n\r\n", 24}};
static const struct sim_message lost = {.number = 12,
                                        .sent_ns = 5,
                                        .received_ns = NONE_NS,
                                        .from = "UE-A",
                                        .to = "UE-B",
                                        .protocol = "MSRP",
                                        .label = {"SEND \"a\", 1-4/4", 15},
                                        .bytes = 4,
                                        .dwell_ns = NONE_NS,
                                        .is_again = true};

static void open_messages(struct messages *messages)
{
    struct folder texts = folder;
    struct note note = {0};

    CU_ASSERT_FATAL(messages_open(messages, folder_path(&folder, "messages.csv"), folder_path(&texts, "messages.txt"),
                                  &note) == ERR_OK);
}

static void remove_messages(void)
{
    folder_remove_file(&folder, "messages.csv");
    folder_remove_file(&folder, "messages.txt");
}

static void a_message_is_a_row_and_quotes_are_doubled(void)
{
    struct messages messages;
    struct note note = {0};
    char bytes[1024];

    open_messages(&messages);
    messages_add(&messages, &invite);
    messages_add(&messages, &lost);
    CU_ASSERT(messages_close(&messages, &note) == ERR_OK);
    CU_ASSERT(span_equal(folder_read(&folder, "messages.csv", bytes, sizeof(bytes)),
                         SPAN("number,sent_ns,received_ns,from,to,protocol,label,bytes,dwell_ns,is_again\n"
                              "1,1000,2657001,UE-A,P-CSCF(A),SIP,INVITE,964,2657000,0\n"
                              "12,5,,UE-A,UE-B,MSRP,\"SEND \"\"a\"\", 1-4/4\",4,,1\n")));
    CU_ASSERT(span_equal(folder_read(&folder, "messages.txt", bytes, sizeof(bytes)),
                         SPAN("message 1 SIP 24 of 964\nINVITE sip:b SIP/2.0\r\n\r\n\n\n")));
    remove_messages();
}

static void entries_read_back_as_written_whatever_they_hold(void)
{
    static const char hostile[] = "\n\nmessage 9 SIP 1 of 1\nx\0\n\n";
    struct sim_message odd = invite;
    struct messages messages;
    struct messages_entry entry;
    struct note note = {0};
    char bytes[1024];

    odd.number = UINT64_MAX;
    odd.text = (struct span){hostile, sizeof(hostile) - 1};
    open_messages(&messages);
    struct sim_message syn = {.number = 2, .from = "UE-A", .to = "UE-B", .protocol = "TCP", .text = {"SYN", 3}};

    messages_add(&messages, &odd);
    messages_add(&messages, &syn);
    messages_add(&messages, &invite);
    CU_ASSERT(messages_close(&messages, &note) == ERR_OK);
    struct span text = folder_read(&folder, "messages.txt", bytes, sizeof(bytes));

    CU_ASSERT(messages_cut_entry(&text, &entry) == ERR_OK);
    CU_ASSERT(entry.number == UINT64_MAX && entry.bytes == 964);
    CU_ASSERT(span_equal(entry.text, odd.text));
    CU_ASSERT(messages_cut_entry(&text, &entry) == ERR_OK);
    CU_ASSERT(entry.number == 1 && span_equal(entry.text, invite.text) && span_equal(entry.protocol, SPAN("SIP")));
    CU_ASSERT(text.size == 0);
    remove_messages();
}

/* Copies the text so that it ends where the next page cannot be read. */
static struct span at_page_end(char *pages, size_t page, struct span text)
{
    char *start = pages + page - text.size;

    if (text.size > 0)
        memcpy(start, text.data, text.size);
    return (struct span){start, text.size};
}

static void an_entry_cut_short_anywhere_needs_more(void)
{
    const struct span whole = SPAN("message 1 SIP 24 of 964\nINVITE sip:b SIP/2.0\r\n\r\n\n\n");
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    CU_ASSERT_FATAL(pages != MAP_FAILED);
    CU_ASSERT_FATAL(mprotect(pages + page, page, PROT_NONE) == 0);
    for (size_t size = 0; size < whole.size; size++) {
        struct span text = at_page_end(pages, page, (struct span){whole.data, size});
        struct span before = text;
        struct messages_entry entry = {.number = 77};

        CU_ASSERT(messages_cut_entry(&text, &entry) == ERR_MORE);
        CU_ASSERT(text.data == before.data && text.size == before.size && entry.number == 77);
    }
    struct span text = at_page_end(pages, page, whole);
    struct messages_entry entry;

    CU_ASSERT(messages_cut_entry(&text, &entry) == ERR_OK);
    munmap(pages, 2 * page);
}

static void entries_of_another_shape_are_refused(void)
{
    static const char *const bad[] = {
        "message x SIP 1 of 1\na\n\n",  "Message 1 SIP 1 of 1\na\n\n",  "message 1 SIP 2 of 1\nab\n\n",
        "message 1 SIP 0 of 1\n\n\n",   "message 1 SIP 1 of 1\nab\n",   "message 1 SIP 1 0f 1\na\n\n",
        "message 1\nSIP 1 of 1\na\n\n", "message 1 S\nP 1 of 1\na\n\n",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct span text = span_of(bad[i]);
        struct messages_entry entry;

        CU_ASSERT(messages_cut_entry(&text, &entry) == ERR_SYNTAX);
    }
    struct span text = SPAN("message 99999999999999999999 SIP 1 of 1\na\n\n");
    struct messages_entry entry;

    CU_ASSERT(messages_cut_entry(&text, &entry) == ERR_RANGE);
}

static void two_files_are_kept_or_neither(void)
{
    struct messages messages;
    struct folder texts = folder;
    struct note note = {0};

    CU_ASSERT_FATAL(messages_open(&messages, folder_path(&folder, "messages.csv"), "/dev/full", &note) == ERR_OK);
    messages_add(&messages, &invite);
    CU_ASSERT(messages_close(&messages, &note) == ERR_FULL);
    CU_ASSERT(folder_count(folder.path) == 0);

    note = (struct note){0};
    CU_ASSERT_FATAL(messages_open(&messages, "/dev/full", folder_path(&texts, "messages.txt"), &note) == ERR_OK);
    messages_add(&messages, &invite);
    CU_ASSERT(messages_close(&messages, &note) == ERR_FULL);
    CU_ASSERT(folder_count(folder.path) == 0);

    note = (struct note){0};
    CU_ASSERT(messages_open(&messages, folder_path(&folder, "messages.csv"), folder_path(&texts, "no/txt"), &note) ==
              ERR_FILE);
    CU_ASSERT(folder_count(folder.path) == 0);
}

static void the_event_log_is_a_line_an_event(void)
{
    struct outfile log;
    struct note note = {0};
    char bytes[256];

    CU_ASSERT_FATAL(eventlog_open(&log, folder_path(&folder, "log"), &note) == ERR_OK);
    eventlog_add(&log, 0, SPAN("UE-A press"));
    eventlog_add(&log, 2657001, SPAN("UE-A receive two\r\nlines\n"));
    eventlog_add(&log, INT64_MAX, SPAN(""));
    CU_ASSERT(outfile_close(&log, &note) == ERR_OK);
    CU_ASSERT(span_equal(folder_read(&folder, "log", bytes, sizeof(bytes)),
                         SPAN("0 UE-A press\n2657001 UE-A receive two  lines \n9223372036854775807 \n")));
    folder_remove_file(&folder, "log");
}

/* Counts what it is told. */
struct watcher {
    int packets, messages, secrets, events;
};

static void watch_packet(void *context, const struct sim_packet *packet)
{
    (void)packet;
    ((struct watcher *)context)->packets++;
}

static void watch_message(void *context, const struct sim_message *message)
{
    (void)message;
    ((struct watcher *)context)->messages++;
}

static void watch_secret(void *context, struct span line)
{
    (void)line;
    ((struct watcher *)context)->secrets++;
}

static void a_chain_tells_each_what_it_asked_for(void)
{
    struct watcher first = {0}, second = {0};
    struct tap_chain chain = {.count = 0};

    CU_ASSERT(tap_chain_tap(&chain).packet == NULL && !tap_chain_tap(&chain).wants_bytes);
    tap_chain_add(&chain, &(struct sim_tap){.context = &first, .packet = watch_packet, .message = watch_message});
    CU_ASSERT(tap_chain_tap(&chain).secret == NULL && tap_chain_tap(&chain).event == NULL);
    tap_chain_add(
        &chain,
        &(struct sim_tap){.context = &second, .wants_bytes = true, .message = watch_message, .secret = watch_secret});
    struct sim_tap tap = tap_chain_tap(&chain);

    CU_ASSERT(tap.wants_bytes && tap.event == NULL);
    tap.packet(tap.context, &(struct sim_packet){.link = 0});
    tap.message(tap.context, &invite);
    tap.secret(tap.context, SPAN("A 0 1"));
    CU_ASSERT(first.packets == 1 && first.messages == 1 && first.secrets == 0);
    CU_ASSERT(second.packets == 0 && second.messages == 1 && second.secrets == 1);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"a message is a row and quotes are doubled", a_message_is_a_row_and_quotes_are_doubled},
        {"entries read back as written whatever they hold", entries_read_back_as_written_whatever_they_hold},
        {"an entry cut short anywhere needs more", an_entry_cut_short_anywhere_needs_more},
        {"entries of another shape are refused", entries_of_another_shape_are_refused},
        {"two files are kept or neither", two_files_are_kept_or_neither},
        {"the event log is a line an event", the_event_log_is_a_line_an_event},
        {"a chain tells each what it asked for", a_chain_tells_each_what_it_asked_for},
        {NULL, NULL},
    };

    if (!mkdtemp(folder.path))
        return 3;
    int status = unit_run("messages", tests);

    rmdir(folder.path);
    return status;
}
