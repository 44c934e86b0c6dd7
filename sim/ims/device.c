/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/device.h"

struct device {
    struct world *world;
    struct sip_ua *ua;
    struct sip_node *node;
    enum role role;
    bool is_invited, is_answering;
};

enum { SDP_SIZE = 512 };

/* The stream is refused: its port is 0 (RFC 3264 section 6). */
static void device_answer(void *context, const struct cause *cause)
{
    struct device *device = context;
    struct world *world = device->world;
    char text[SDP_SIZE];
    struct sink sdp = SINK(text);

    sink_format(&sdp, "v=0\r\no=bob %llu 1 IN IP4 %s\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=message 0 TCP/MSRP *\r\n",
                2890844600ULL + (unsigned)device->role, world->sites[device->role].host_name,
                world->sites[device->role].host_name);
    check(!sdp.overflow);
    sip_ua_answer(device->ua, world_now(world), sink_written(&sdp), sip_node_outbox(device->node));
    sip_node_do(device->node, sip_node_outbox(device->node), cause);
}

/* Both have happened: its INVITE has come, and UE-B has answered its own. */
static void device_follow(struct device *device, const struct cause *cause)
{
    struct world *world = device->world;
    const struct scenario *scenario = world->scenario;

    if (scenario->devices_answer != DEVICES_ANSWER || !device->is_invited || !world->has_answered ||
        device->is_answering)
        return;
    device->is_answering = true;
    world_wait(world, PART_ANSWERING, scenario->devices_lag_ns, cause, device, device_answer);
}

void devices_follow(struct world *world, const struct cause *cause)
{
    world->has_answered = true;
    for (uint32_t i = 0; i < world_devices(world); i++)
        device_follow(world->devices[i], cause);
}

static void device_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    struct device *device = context;
    struct world *world = device->world;
    struct cause forward = cause_forward(cause);

    if (item->action != SIP_INVITED || device->is_invited)
        return;
    device->is_invited = true;
    if (world->scenario->provisional != PROVISIONAL_NONE) {
        sip_ua_progress(device->ua, world_now(world), 180, false, (struct span){"", 0}, sip_node_outbox(device->node));
        sip_node_do(device->node, sip_node_outbox(device->node), &forward);
    }
    device_follow(device, &forward);
}

void device_create(struct world *world, enum role role, struct sip_ua *ua)
{
    struct device *device = arena_alloc(world->arena, sizeof(*device));
    struct sip_node_config config = {.role = role, .ua = ua, .context = device, .told = device_told};

    device->world = world;
    device->ua = ua;
    device->role = role;
    device->node = sip_node_create(world, &config);
    world->devices[role - ROLE_DEVICE_2] = device;
}
