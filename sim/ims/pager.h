/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pager.h - the file in SIP MESSAGEs (RFC 3428): cut into parts that fill a limit as the message leaves UE-A, one
 * outstanding, the next when the last is answered. No standard splits a file over MESSAGEs, so a header of our own
 * numbers them.
 */
#ifndef SIM_IMS_PAGER_H
#define SIM_IMS_PAGER_H

#include "sim/ims/sip_node.h"

struct pager;

/* Both ends. ERR_RANGE with a note when message.size leaves no room for a body. */
MUST_USE enum err pager_create(struct world *world, struct sip_ua *ua_a, struct sip_ua *ua_b, struct pager **pager,
                               struct note *note);

/* The user presses send. */
void pager_press(struct pager *pager, const struct cause *cause);

/* Bytes that are carried: the file, or what sealing made of it. */
uint64_t pager_body_bytes(const struct pager *pager);

/* As session_retire. */
void pager_retire(struct pager *pager);

uint64_t pager_messages(const struct pager *pager);

#endif
