/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * upload.h - the file over HTTP (GSMA RCC.07): UE-A puts it on the content server, sends the link that it gets in one
 * MESSAGE, and UE-B gets the file from there.
 */
#ifndef SIM_IMS_UPLOAD_H
#define SIM_IMS_UPLOAD_H

#include "sim/ims/sip_node.h"

struct upload;

/* Both ends; the content server is the core's (core.h). */
struct upload *upload_create(struct world *world, struct sip_ua *ua_a, struct sip_ua *ua_b);

/* The user presses send. */
void upload_press(struct upload *upload, const struct cause *cause);

#endif
