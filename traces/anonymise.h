/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * anonymise.h - other names for whoever and whatever a capture names, so that what is found in it can be shown: users,
 * numbers, hosts, addresses, Call-IDs, identifiers and bodies. The same name becomes the same one wherever it stands,
 * as long as the anonymiser lives; nothing tells which was which.
 *
 * Words stay only where a list has them as words of a protocol and they stand where no name can. Addresses become ones
 * of 198.18.0.0/15 (RFC 2544), then of 240.0.0.0/4, and of 2001:db8::/32 (RFC 3849); hosts ones of .invalid (RFC 2606);
 * numbers begin with 999, which is nobody's (ITU-T E.164, E.212: reserved, for tests). Ports, times and sizes stay.
 */
#ifndef TRACES_ANONYMISE_H
#define TRACES_ANONYMISE_H

#include "traces/flow.h"

struct anonymiser;

/* NULL without memory. Names live as long as it does. */
struct anonymiser *anonymiser_create(void);
void anonymiser_free(struct anonymiser *anonymiser);

/* Whether there was no memory for some name: it became "?". */
bool anonymiser_is_full(const struct anonymiser *anonymiser);

void anonymise_endpoint(struct anonymiser *anonymiser, struct endpoint *at);

/* What a text is, where it does not say so itself: it begins with a host; its numbers are counts; it is a start line,
 * or a kind of message, and may have a status. Prose is what hopsim or a user wrote, of which most words are nobody's
 * names: addresses and paths become others, what stands in a URI, and what has been somebody's name before. In a
 * command line every file's name is a path. */
enum anonymise_as {
    ANONYMISE_TEXT,
    ANONYMISE_HOST,
    ANONYMISE_CALL_ID,
    ANONYMISE_NUMBERS,
    ANONYMISE_START,
    ANONYMISE_PROSE,
    ANONYMISE_COMMAND
};

/* A text's other form, the same pointer for the same text. */
const char *anonymise_string(struct anonymiser *anonymiser, const char *text, enum anonymise_as as);

/* A line of text, name by name. */
void anonymise_line(struct anonymiser *anonymiser, struct span line, enum anonymise_as as, struct sink *sink);

/* A message of SIP or MSRP: start line and header fields name by name, one line in place of the body. */
void anonymise_message(struct anonymiser *anonymiser, struct span text, struct sink *sink);

/* A word that a list has as one of a protocol, such as a method. */
bool anonymise_is_known(struct span word);

/* Everything that a flow and its trace name, in place: nothing that was found changes but names. The anonymiser must
 * outlive both. ERR_FULL without memory. */
MUST_USE enum err anonymise_flow(struct anonymiser *anonymiser, struct flow *flow, struct note *note);

/* ---- For those who cut texts into words ---- */

enum name_kind {
    NAME_USER,
    NAME_NUMBER,
    NAME_HOST,
    NAME_ID,
    NAME_CALL_ID,
    NAME_BRANCH,
    NAME_BODY,
    NAME_PATH,
    NAME_TEXT, /* a text that was put together, not numbered */
    NAME_KIND_COUNT
};

/* The other name of a word, of a kind where it has none yet. */
const char *anonymiser_name(struct anonymiser *anonymiser, enum name_kind kind, struct span word);

/* A word that has another name and by which somebody or something is known wherever it stands: not letters in lower
 * case alone but where they named a user or a host, and no short number. */
bool anonymiser_knows(const struct anonymiser *anonymiser, struct span word);
bool anonymiser_knows_address(const struct anonymiser *anonymiser, const struct endpoint *at);

/* Whether a body has another name yet. */
bool anonymiser_knows_body(const struct anonymiser *anonymiser, struct span body);

/* The bytes of the path at the front of a text of prose or of a command line, of which `before` stands in front; 0
 * where there is none. */
size_t anonymise_path_size(struct span before, struct span text, bool is_command);

/* A path's other name, its ending kept: "path3.pcap". */
void anonymise_path(struct anonymiser *anonymiser, struct span path, struct sink *sink);

/* Words that stay, in the order of strcasecmp. */
extern const char *const anonymise_words[];
extern const size_t anonymise_word_count;

#endif
