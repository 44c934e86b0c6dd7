/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether libosip2 takes the SIP messages of a trial. Called with files written as messages.txt it parses each SIP
 * message in them and tells the first that fails; called without, it tests this check itself.
 */
#include "tests/unit.h"
#include "traces/messages.h"

#include <osipparser2/osip_parser.h>
#include <stdlib.h>

/* Parses a message of bytes bytes of which text is the front: the part of a body that was cut is made up, since the
 * parser refuses one that is shorter than its Content-Length. */
static bool osip_takes(struct span text, uint64_t bytes)
{
    osip_message_t *message = NULL;

    if (span_find(text, SPAN("\r\n\r\n")) == text.size)
        return false; /* the parser does not miss the empty line */
    char *whole = malloc((size_t)bytes + 1);

    if (!whole || osip_message_init(&message) != OSIP_SUCCESS) {
        free(whole);
        return false;
    }
    memset(whole, 'x', (size_t)bytes);
    memcpy(whole, text.data, text.size);
    whole[bytes] = 0;
    bool is_taken = osip_message_parse(message, whole, (size_t)bytes) == OSIP_SUCCESS && message->call_id &&
                    message->cseq && message->from && message->to && osip_list_size(&message->vias) > 0;

    osip_message_free(message);
    free(whole);
    return is_taken;
}

static char *read_file(const char *path, size_t *size)
{
    FILE *file = fopen(path, "r");
    char *bytes = NULL;

    *size = 0;
    if (!file)
        return NULL;
    for (size_t room = 65536;; room *= 2) {
        char *grown = realloc(bytes, room);

        if (!grown)
            break;
        bytes = grown;
        *size += fread(bytes + *size, 1, room - *size, file);
        if (*size < room)
            break;
    }
    fclose(file);
    return bytes;
}

/* Writes how many SIP messages of the text there are, and what is wrong with the first that fails. */
static bool check_entries(struct span text, const char *path, int *count)
{
    struct messages_entry entry;

    while (text.size > 0) {
        enum err error = messages_cut_entry(&text, &entry);

        if (error != ERR_OK) {
            printf("%s: broken after %d SIP messages\n", path, *count);
            return false;
        }
        if (!span_equal(entry.protocol, SPAN("SIP")))
            continue;
        if (!osip_takes(entry.text, entry.bytes)) {
            printf("%s: message %llu is not taken by libosip2:\n%.*s\n", path, (unsigned long long)entry.number,
                   (int)entry.text.size, entry.text.data);
            return false;
        }
        ++*count;
    }
    return true;
}

static int check_files(int count, char **paths)
{
    int status = 0;

    for (int i = 0; i < count; i++) {
        size_t size;
        char *bytes = read_file(paths[i], &size);
        int messages = 0;

        if (!bytes || !check_entries((struct span){bytes, size}, paths[i], &messages))
            status = 1;
        else
            printf("%s: libosip2 takes all %d SIP messages\n", paths[i], messages);
        free(bytes);
    }
    return status;
}

#define REQUEST_HEAD                                                                                                   \
    "INVITE sip:bob@biloxi.com SIP/2.0\r\n"                                                                            \
    "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\r\n"                                                    \
    "Max-Forwards: 70\r\n"                                                                                             \
    "To: Bob <sip:bob@biloxi.com>\r\n"                                                                                 \
    "From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"                                                           \
    "Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"                                                                     \
    "CSeq: 314159 INVITE\r\n"                                                                                          \
    "Contact: <sip:alice@pc33.atlanta.com>\r\n"

static void the_request_of_rfc_3261_is_taken(void)
{
    const struct span text = SPAN(REQUEST_HEAD "Content-Length: 0\r\n\r\n");

    CU_ASSERT(osip_takes(text, text.size));
}

static void a_cut_body_is_taken_at_its_full_length(void)
{
    const struct span text = SPAN(REQUEST_HEAD "Content-Type: text/plain\r\nContent-Length: 100\r\n\r\nfile");

    CU_ASSERT(osip_takes(text, text.size + 96));
    CU_ASSERT(!osip_takes(text, text.size));
}

static void broken_messages_are_not_taken(void)
{
    const struct span bad[] = {
        SPAN("INVITE sip:bob@biloxi.com\r\n\r\n"),
        SPAN("INVITE sip:bob@biloxi.com SIP/2.0\r\nContent-Length: 0\r\n\r\n"),
        SPAN(REQUEST_HEAD "a line without colon\r\nContent-Length: 0\r\n\r\n"),
        SPAN(REQUEST_HEAD "Content-Length: 0\r\n"),
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT(!osip_takes(bad[i], bad[i].size));
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        {"the request of RFC 3261 is taken", the_request_of_rfc_3261_is_taken},
        {"a cut body is taken at its full length", a_cut_body_is_taken_at_its_full_length},
        {"broken messages are not taken", broken_messages_are_not_taken},
        {NULL, NULL},
    };

    if (parser_init() != OSIP_SUCCESS)
        return 3;
    return argc > 1 ? check_files(argc - 1, argv + 1) : unit_run("osip", tests);
}
