/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * device.h - a further device of user B: it is reached by every INVITE and MESSAGE to the user, rings, and answers too
 * late or never. The file is not for it.
 */
#ifndef SIM_IMS_DEVICE_H
#define SIM_IMS_DEVICE_H

#include "sim/ims/sip_node.h"

/* role: from ROLE_DEVICE_2 on. */
void device_create(struct world *world, enum role role, struct sip_ua *ua);

/* UE-B has answered: devices that answer too do so devices.lag later, or as much later than their INVITE comes. */
void devices_follow(struct world *world, const struct cause *cause);

#endif
