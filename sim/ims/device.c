/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/device.h"

struct device {
    struct world *world;
    struct sip_ua *ua;
    struct sip_node *node;
    enum role role;
    bool is_answering;
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

static void device_told(void *context, const struct sip_output *item, const struct cause *cause)
{
    struct device *device = context;
    struct world *world = device->world;
    const struct scenario *scenario = world->scenario;
    struct cause forward = cause_forward(cause);

    if (item->action != SIP_INVITED || device->is_answering)
        return;
    device->is_answering = true;
    if (scenario->provisional != PROVISIONAL_NONE) {
        sip_ua_progress(device->ua, world_now(world), 180, false, (struct span){"", 0}, sip_node_outbox(device->node));
        sip_node_do(device->node, sip_node_outbox(device->node), &forward);
    }
    if (scenario->devices_answer == DEVICES_ANSWER)
        world_wait(world, PART_ANSWERING, scenario->answer_ns + scenario->devices_lag_ns, &forward, device,
                   device_answer);
}

void device_create(struct world *world, enum role role, struct sip_ua *ua)
{
    struct device *device = arena_alloc(world->arena, sizeof(*device));
    struct sip_node_config config = {.role = role, .ua = ua, .context = device, .told = device_told};

    device->world = world;
    device->ua = ua;
    device->role = role;
    device->node = sip_node_create(world, &config);
}
