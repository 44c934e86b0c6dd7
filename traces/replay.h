/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * replay.h - from a session of a capture to a trial that repeats it: the arm, the parameters of a scenario with what
 * each rests on, and a schedule of every message by absolute offset. And back: the messages of the capture beside those
 * of the repeated session.
 */
#ifndef TRACES_REPLAY_H
#define TRACES_REPLAY_H

#include "sim/arm.h"
#include "sim/base/field.h"
#include "sim/ims/dwell.h"
#include "sim/ims/schedule.h"
#include "traces/session.h"

/* What a value rests on. */
enum replay_basis { REPLAY_MEASURED, REPLAY_ESTIMATED, REPLAY_ASSUMED, REPLAY_BASES };
extern const char *const replay_basis_names[REPLAY_BASES];

enum { REPLAY_SETTINGS_MAX = 64, REPLAY_VALUE_SIZE = 80, REPLAY_WHY_SIZE = 160 };

struct replay_setting {
    const char *key; /* of a scenario: "transfer.size" */
    char value[REPLAY_VALUE_SIZE];
    enum replay_basis basis;
    char why[REPLAY_WHY_SIZE];
};

/* How much of what was estimated of the links is used. */
enum replay_links { REPLAY_LINKS_FULL, REPLAY_LINKS_DELAYS, REPLAY_LINKS_NONE, REPLAY_LINKS };
extern const char *const replay_links_names[REPLAY_LINKS];

/* One-way delays as scenarios have them, and the rate of access links; 0 where nothing is known. */
struct replay_ways {
    bool is_single_host;
    int64_t access_ns, site_ns, za_ns;
    bool is_za_shared; /* za_ns: by times of messages */
    uint64_t access_bps;
};

struct replay {
    const struct session *session;
    enum replay_links links;
    struct replay_ways ways;
    bool has_tap_host; /* the tap saw messages of one host only: it was there. Else a message's time is taken for the
                          one when it left */
    struct endpoint tap_host;
    const struct arm *arm;
    enum replay_basis arm_basis;
    char arm_why[REPLAY_WHY_SIZE];
    size_t setting_count;
    struct replay_setting settings[REPLAY_SETTINGS_MAX];
    int64_t origin_ns; /* the capture's time that is simulated time REPLAY_LEAD_NS */
    struct schedule schedule;
    struct schedule_row *rows; /* the schedule's */
    int64_t *times_ns;
};

#define REPLAY_LEAD_NS (300 * MS) /* simulated time of the first message: connections stand by then */

/* ERR_RANGE with a note for a session that no trial can repeat; ERR_FULL. Borrows session, whose trace must have kept
 * texts. */
MUST_USE enum err replay_init(struct replay *replay, const struct session *session, enum replay_links links,
                              struct note *note);
void replay_free(struct replay *replay);

/* When a captured message left its sender, and when it was whole at its receiver, as far as tap and links say. */
int64_t replay_left_ns(const struct replay *replay, const struct session_step *step);
int64_t replay_came_ns(const struct replay *replay, const struct session_step *step);

/* What each role kept each message: rows that are replayed, in the order of the capture. ERR_FULL. */
MUST_USE enum err replay_dwells(const struct replay *replay, struct dwell_table *table, struct note *note);

/* ---- Captured beside simulated ---- */

/* A row for each message. Times are offsets from the first message that both have; NONE_NS where one lacks it. */
struct replay_row {
    const struct session_step *captured, *simulated; /* NULL where there is none */
    int64_t captured_ns, simulated_ns;               /* first bit */
    int64_t captured_end_ns, simulated_end_ns;       /* last packet's */
};

struct replay_match {
    size_t count;
    struct replay_row *rows; /* by time: captured, else simulated */
    size_t both, captured_only, simulated_only;
    int64_t worst_ns, median_ns;         /* of absolute differences of first_ns where both are; NONE_NS: none */
    int64_t worst_end_ns, median_end_ns; /* the same of the last packets */
};

/* Joins the steps of both sessions by places, kind and ordinal. origin_ns: see replay; simulated times are those of a
 * capture of the trial, whose time 0 is epoch_ns. ERR_FULL. */
MUST_USE enum err replay_match(struct replay_match *match, const struct replay *replay, const struct session *simulated,
                               int64_t epoch_ns, struct note *note);
void replay_match_free(struct replay_match *match);

#endif
