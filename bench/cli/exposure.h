/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exposure.h - the other half of a comparison: at how many places on its way a file was read, and changed without
 * anybody noticing, when each was tried (bench/harness/threat.h).
 */
#ifndef BENCH_CLI_EXPOSURE_H
#define BENCH_CLI_EXPOSURE_H

#include "bench/cli/headline.h"
#include "bench/harness/threat.h"

/* Performs the attacks that read or change the file, on one of 4 KiB, for all arms of the plan. threats_free gives
 * back. Errors of threats_run. */
MUST_USE enum err exposure_run(const struct setup *setup, const struct headline_plan *plan, struct threats **threats,
                               struct note *note);

/* A row an arm: at which places who could read, and who could change unnoticed; for people. */
void exposure_write(const struct threats *threats, const struct headline_plan *plan, struct arena *arena,
                    struct sink *sink);

/* A row a trial: arm,attack,place,read,verdict,delivered, and why for people. */
void exposure_rows(const struct threats *threats, struct table *table, bool has_reasons);

/* The same for programs as threats.csv of a results folder; arena for the table. */
MUST_USE enum err exposure_save(const struct threats *threats, const struct results *results, struct arena *arena,
                                struct note *note);

/* Whether the attack did harm that nobody noticed. */
bool exposure_is_harm(const struct threat_row *row);

#endif
