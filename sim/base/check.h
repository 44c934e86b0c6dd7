/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * check.h - assertions that stay on in every build. They hold our own promises; the user's input is never checked
 * this way (see err.h).
 */
#ifndef SIM_BASE_CHECK_H
#define SIM_BASE_CHECK_H

#define check(condition) ((condition) ? (void)0 : check_failed(#condition, __FILE__, __LINE__))

/* Writes the broken promise to standard error and aborts. */
_Noreturn void check_failed(const char *condition, const char *file, int line);

#endif
