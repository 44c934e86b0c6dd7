/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * content.h - the content server of file transfer over HTTP (GSMA RCC.07): takes a file by PUT, answers with a link to
 * it once it is there whole, and gives it to whoever asks for that link. It keeps a message as long as an MSRP relay
 * keeps a SEND (assumed).
 */
#ifndef SIM_IMS_CONTENT_H
#define SIM_IMS_CONTENT_H

#include "sim/ims/world.h"

#define CONTENT_UPLOAD "/upload" /* where files are put */

/* The server at its site. */
void content_create(struct world *world);

#endif
