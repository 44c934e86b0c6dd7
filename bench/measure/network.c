/* SPDX-License-Identifier: GPL-3.0-or-later */
#define _GNU_SOURCE
#include "bench/measure/network.h"
#include "bench/measure/owner.h"
#include "bench/measure/tool.h"
#include "sim/base/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { BATCH_SIZE = 16384, MIDDLE = CAST_COUNT, ADDRESS_BASE = (10 << 24) + (99 << 16) };

static const char folder[] = "/run/netns";
static const char name_start[] = "hopsim-";

void network_device(enum cast_role role, char name[NETWORK_DEVICE_SIZE])
{
    struct sink sink = {.data = name, .capacity = NETWORK_DEVICE_SIZE};

    sink_format(&sink, "h%d", (int)role);
    sink_string(&sink);
}

void network_delayed_device(enum cast_role role, char name[NETWORK_DEVICE_SIZE])
{
    struct sink sink = {.data = name, .capacity = NETWORK_DEVICE_SIZE};

    sink_format(&sink, "d%d", (int)role);
    sink_string(&sink);
}

bool network_has_box(const struct network_config *config)
{
    return config->rate_bps > 0 || config->delay_ns > 0;
}

uint64_t network_burst_bytes(uint64_t rate_bps)
{
    uint64_t bytes = rate_bps / 8 / 4000;

    return bytes < 1600 ? 1600 : bytes > 16000 ? 16000 : bytes;
}

bool network_may(struct note *note)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    uint32_t wanted = 1U << CAP_SYS_ADMIN | 1U << CAP_NET_ADMIN | 1U << CAP_NET_RAW;

    if (syscall(SYS_capget, &header, data) == 0 && (data[0].effective & wanted) == wanted)
        return true;
    (void)note_set(
        note, ERR_FILE,
        "network namespaces, shaped links and captures need root (CAP_SYS_ADMIN, CAP_NET_ADMIN, CAP_NET_RAW)");
    return false;
}

/* ---- Names ---- */

static void write_name(const struct network *network, int role, struct sink *sink)
{
    sink_text(sink, network->prefix);
    sink_text(sink, role == MIDDLE ? "net" : cast_short[role]);
}

static void remove_namespace(const char *name)
{
    const char *const words[] = {"ip", "netns", "del", name, NULL};
    struct note note = {{0}};

    /* What cannot be removed now is found by the next sweep. */
    if (tool_run(words, (struct span){"", 0}, &note) != ERR_OK)
        return;
}

void network_sweep(void)
{
    DIR *names = opendir(folder);

    for (struct dirent *entry = names ? readdir(names) : NULL; entry; entry = readdir(names)) {
        struct span text = span_of(entry->d_name);

        if (span_cut_literal(&text, span_of(name_start)) != ERR_OK || !owner_is_gone(text))
            continue;
        remove_namespace(entry->d_name);
    }
    if (names)
        closedir(names);
}

/* ---- Making ---- */

static enum err batch(const char *namespace, const struct sink *lines, struct note *note)
{
    const char *const inside[] = {"ip", "-n", namespace, "-batch", "-", NULL};
    const char *const here[] = {"ip", "-batch", "-", NULL};

    check(!lines->overflow);
    return tool_run(namespace ? inside : here, sink_written(lines), note);
}

static bool is_user(int role)
{
    return role == CAST_UE_A || role == CAST_UE_B;
}

static enum err add_namespaces(struct network *network, const struct cast *cast, struct note *note)
{
    char text[BATCH_SIZE];
    struct sink lines = SINK(text);

    for (int role = 0; role <= MIDDLE; role++) {
        if (role != MIDDLE && !cast_has(cast, (enum cast_role)role))
            continue;
        network->is_made[role] = true;
        sink_text(&lines, "netns add ");
        write_name(network, role, &lines);
        sink_char(&lines, '\n');
    }
    return batch(NULL, &lines, note);
}

static enum err add_links(const struct network *network, const struct cast *cast, struct note *note)
{
    char text[BATCH_SIZE];
    struct sink lines = SINK(text);

    for (int role = 0; role < CAST_COUNT; role++) {
        if (!cast_has(cast, (enum cast_role)role))
            continue;
        sink_text(&lines, "link add e0 netns ");
        write_name(network, role, &lines);
        sink_format(&lines, " type veth peer name h%d netns ", role);
        write_name(network, MIDDLE, &lines);
        sink_char(&lines, '\n');
    }
    return batch(NULL, &lines, note);
}

/* Neighbours are known before: no ARP stands between a press and its first packet. */
static enum err set_up_role(const struct network *network, const struct cast *cast, int role, struct note *note)
{
    char text[BATCH_SIZE], name_text[NETWORK_NAME_SIZE];
    struct sink lines = SINK(text), name = SINK(name_text);

    write_name(network, role, &name);
    sink_format(&lines,
                "link set lo up\nlink set e0 address 02:00:00:00:00:%02x\naddr add 10.99.0.%d/24 dev e0\n"
                "link set e0 up\n",
                role + 1, role + 1);
    for (int other = 0; other < CAST_COUNT; other++)
        if (other != role && cast_has(cast, (enum cast_role)other))
            sink_format(&lines, "neigh replace 10.99.0.%d lladdr 02:00:00:00:00:%02x dev e0 nud permanent\n", other + 1,
                        other + 1);
    return batch(sink_string(&name), &lines, note);
}

static enum err set_up_middle(const struct network *network, const struct cast *cast, struct note *note)
{
    char text[BATCH_SIZE], name_text[NETWORK_NAME_SIZE];
    struct sink lines = SINK(text), name = SINK(name_text);

    write_name(network, MIDDLE, &name);
    sink_text(&lines, "link set lo up\nlink add br0 type bridge mcast_snooping 0\nlink set br0 up\n");
    for (int role = 0; role < CAST_COUNT; role++) {
        if (!cast_has(cast, (enum cast_role)role))
            continue;
        sink_format(&lines, "link set h%d up\n", role);
        if (network_has_box(&network->config) && is_user(role))
            sink_format(&lines,
                        "link add d%d type veth peer name p%d\nlink set d%d up\nlink set p%d up\n"
                        "link set p%d master br0\n",
                        role, role, role, role, role);
        else
            sink_format(&lines, "link set h%d master br0\n", role);
    }
    return batch(sink_string(&name), &lines, note);
}

static enum err shape(const struct network *network, const char *device, struct note *note)
{
    char name_text[NETWORK_NAME_SIZE], rate_text[32], burst_text[32], limit_text[32];
    struct sink name = SINK(name_text), rate = SINK(rate_text), burst = SINK(burst_text), limit = SINK(limit_text);

    write_name(network, MIDDLE, &name);
    sink_format(&rate, "%llubit", (unsigned long long)network->config.rate_bps);
    sink_format(&burst, "%llu", (unsigned long long)network_burst_bytes(network->config.rate_bps));
    sink_format(&limit, "%llu", (unsigned long long)network->config.queue_bytes);
    const char *const words[] = {"tc",
                                 "-n",
                                 sink_string(&name),
                                 "qdisc",
                                 "add",
                                 "dev",
                                 device,
                                 "root",
                                 "tbf",
                                 "rate",
                                 sink_string(&rate),
                                 "burst",
                                 sink_string(&burst),
                                 "limit",
                                 sink_string(&limit),
                                 NULL};

    return tool_run(words, (struct span){"", 0}, note);
}

/* Both directions in the middle, behind the delay box: on a user's own device the kernel would see its TCP's packets
 * wait (tcp_small_queue_check()) and hold more of them back, so that the queue of a link elsewhere never filled. */
static enum err shape_users(const struct network *network, struct note *note)
{
    const enum cast_role users[] = {CAST_UE_A, CAST_UE_B};

    for (size_t i = 0; i < sizeof(users) / sizeof(*users) && network->config.rate_bps > 0; i++) {
        char down[NETWORK_DEVICE_SIZE], up[NETWORK_DEVICE_SIZE];

        network_device(users[i], down);
        network_delayed_device(users[i], up);
        TRY(shape(network, down, note));
        TRY(shape(network, up, note));
    }
    return ERR_OK;
}

/* ---- Inside of namespaces ---- */

static void write_setting(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    /* A kernel without it has nothing to be set. */
    if (fd < 0)
        return;
    if (write(fd, value, strlen(value)) < 0)
        (void)value;
    close(fd);
}

/* Segmentation and checksums left to a card that is none: what is captured and delayed must be whole packets. */
static void stop_offloads(int socket_fd, const char *device)
{
    static const uint32_t commands[] = {ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO, ETHTOOL_STXCSUM, ETHTOOL_SRXCSUM};

    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        struct ethtool_value value = {.cmd = commands[i], .data = 0};
        struct ifreq request = {.ifr_data = (void *)&value};

        memcpy(request.ifr_name, device, strlen(device) + 1);
        if (ioctl(socket_fd, SIOCETHTOOL, &request) != 0)
            continue; /* what a device cannot do is not on either */
    }
}

static bool settle_in(void *context)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct if_nameindex *devices = if_nameindex();

    (void)context;
    if (fd < 0 || !devices)
        return false;
    for (const struct if_nameindex *device = devices; device->if_index != 0; device++)
        stop_offloads(fd, device->if_name);
    if_freenameindex(devices);
    close(fd);
    write_setting("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");
    write_setting("/proc/sys/net/ipv4/tcp_no_metrics_save", "1"); /* one transfer teaches the next nothing */
    return true;
}

static int open_namespace(const struct network *network, int role)
{
    char text[NETWORK_NAME_SIZE + 32];
    struct sink path = SINK(text);

    sink_format(&path, "%s/", folder);
    write_name(network, role, &path);
    return open(sink_string(&path), O_RDONLY | O_CLOEXEC);
}

static enum err enter_all(struct network *network, const struct cast *cast, struct note *note)
{
    for (int role = 0; role <= MIDDLE; role++) {
        if (role != MIDDLE && !cast_has(cast, (enum cast_role)role))
            continue;
        int fd = open_namespace(network, role);

        if (fd < 0)
            return note_set(note, ERR_FILE, "a network namespace cannot be opened: %s", strerror(errno));
        if (role == MIDDLE)
            network->middle = fd;
        else
            network->namespaces[role] = fd;
        TRY(tool_inside(fd, settle_in, NULL, "setting up a network namespace", note));
    }
    return ERR_OK;
}

static enum err make(struct network *network, struct cast *cast, struct note *note)
{
    TRY(add_namespaces(network, cast, note));
    TRY(add_links(network, cast, note));
    for (int role = 0; role < CAST_COUNT; role++)
        if (cast_has(cast, (enum cast_role)role))
            TRY(set_up_role(network, cast, role, note));
    TRY(set_up_middle(network, cast, note));
    TRY(shape_users(network, note));
    return enter_all(network, cast, note);
}

enum err network_open(struct network *network, struct cast *cast, const struct network_config *config,
                      struct note *note)
{
    struct sink prefix = SINK(network->prefix);

    *network = (struct network){.config = *config, .middle = -1};
    for (int role = 0; role < CAST_COUNT; role++) {
        network->namespaces[role] = -1;
        cast->addresses[role].s_addr = htonl((uint32_t)(ADDRESS_BASE + role + 1));
    }
    network_sweep();
    sink_text(&prefix, name_start);
    owner_write(&prefix);
    sink_string(&prefix);
    enum err error = make(network, cast, note);

    if (error != ERR_OK)
        network_close(network);
    return error;
}

void network_close(struct network *network)
{
    for (int role = 0; role <= MIDDLE; role++) {
        char text[NETWORK_NAME_SIZE];
        struct sink name = SINK(text);
        int *fd = role == MIDDLE ? &network->middle : &network->namespaces[role];

        if (*fd >= 0)
            close(*fd);
        *fd = -1;
        if (!network->is_made[role])
            continue;
        network->is_made[role] = false;
        write_name(network, role, &name);
        remove_namespace(sink_string(&name));
    }
}

/* ---- Counting ---- */

struct counting {
    const struct cast *cast;
    struct network_count *count; /* shared with the process inside */
};

/* "  h0: bytes packets errs drop fifo frame compressed multicast bytes packets ..." */
static bool count_line(const struct counting *counting, const char *line)
{
    unsigned long long in_bytes, in_packets, out_bytes, out_packets;
    int role;

    if (sscanf(line, " h%d: %llu %llu %*u %*u %*u %*u %*u %*u %llu %llu", &role, &in_bytes, &in_packets, &out_bytes,
               &out_packets) != 5)
        return false;
    counting->count->bytes += in_bytes + out_bytes;
    counting->count->packets += in_packets + out_packets;
    return true;
}

static bool count_inside(void *context)
{
    FILE *file = fopen("/proc/thread-self/net/dev", "re");
    char line[512];

    if (!file)
        return false;
    while (fgets(line, sizeof(line), file))
        (void)count_line(context, line);
    fclose(file);
    return true;
}

enum err network_read(const struct network *network, const struct cast *cast, struct network_count *count,
                      struct note *note)
{
    struct network_count *shared =
        mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    if (shared == MAP_FAILED)
        return note_set(note, ERR_FULL, "no memory to count in");
    struct counting counting = {cast, shared};
    enum err error = tool_inside(network->middle, count_inside, &counting, "counting packets", note);

    *count = *shared;
    munmap(shared, sizeof(*shared));
    return error;
}
