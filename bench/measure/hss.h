/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hss.h - the Cx interface on a real connection: the HSS answers who serves a user, the I-CSCF asks (TS 29.228).
 */
#ifndef BENCH_MEASURE_HSS_H
#define BENCH_MEASURE_HSS_H

#include "bench/measure/node.h"

struct hss_client;

/* The I-CSCF's side; lives in arena. located is told with NULL for an unknown user. */
struct hss_client *hss_client_create(struct node *node, struct arena *arena, void *context,
                                     void (*located)(void *context, uint32_t token, const char *s_cscf));

/* Connects and introduces itself (RFC 6733 section 5.3); ready is told when the HSS has answered. */
void hss_client_connect(struct hss_client *client, void (*ready)(void *context));

void hss_client_ask(struct hss_client *client, struct span user, uint32_t token);

#endif
