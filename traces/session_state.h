/* SPDX-License-Identifier: GPL-3.0-or-later */
/* session_state.h - what the files of session share. */
#ifndef TRACES_SESSION_STATE_H
#define TRACES_SESSION_STATE_H

#include "traces/session.h"

/* Counts a message that is no step; why is a constant text. */
void session_leave_out(struct session *session, const struct trace_message *message, const char *why);

/* Adds a step of message number i. */
void session_add(struct session *session, size_t i, enum place from, enum place to, const char *kind);

/* The way of the request of message `opening` through the flow's legs, aligned to the places that such requests pass.
 */
void session_find_way(const struct session *session, size_t opening, const enum place *places, size_t place_count,
                      struct session_way *way);

/* The places between which a message goes on the way, in its direction or against it. skipped: a place that such
 * messages do not pass; PLACE_NONE: none. False: not on the way. */
bool session_cross(const struct session *session, const struct session_way *way, size_t message, bool is_forward,
                   enum place skipped, enum place *sender, enum place *receiver);

/* The steps of session_init that are not SIP's. */
void session_add_diameter(struct session *session);
void session_add_msrp(struct session *session);
void session_add_tls(struct session *session);

#endif
