/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * capture.h - turns the packets that a trial shows its tap into capture files: each packet once as it was first sent,
 * what one host's interfaces would show, one file a link. TLS secrets go into every file.
 */
#ifndef TRACES_CAPTURE_H
#define TRACES_CAPTURE_H

#include "sim/sim.h"

/* NULL where not wanted. Strings last until the set is closed. */
struct capture_config {
    const char *all_path;     /* packets as their hosts first sent them, those that are lost later included */
    const char *host;         /* name of a node */
    const char *host_path;    /* packets that left the host or reached it; those on its loopback once */
    const char *links_folder; /* a file a link with the packets that came out of it in either direction; must not
                                 hold anything yet */
    const char *comment;      /* in each file's head */
    int64_t epoch_ns;         /* simulated time 0, since 1970-01-01 00:00:00 UTC: PCAPNG_EPOCH_NS */
};

struct capture_set;

/* Starts the files. The caller ends the set with capture_close or capture_discard. ERR_FILE with a note. */
MUST_USE enum err capture_open(struct capture_set **set, const struct capture_config *config, struct note *note);

/* For sim_tap: context is the set. Failures are remembered and told by capture_close. */
void capture_packet(void *context, const struct sim_packet *packet);
void capture_secret(void *context, struct span keylog_line);

/* Ends and names all files and frees the set. ERR_FILE or ERR_FULL with a note that names the file, ERR_UNKNOWN when
 * no link had an end of the host's name; after a failure no file of the set is left that is not whole. */
MUST_USE enum err capture_close(struct capture_set *set, struct note *note);
void capture_discard(struct capture_set *set);

#endif
