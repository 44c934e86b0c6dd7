/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "traces/capture.h"
#include "sim/base/check.h"
#include "traces/pcapng.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#define NONE UINT32_MAX

enum { NAME_SIZE = 128 };

/* A link with both its directions: two links of the simulator. */
struct cable {
    char name[NAME_SIZE]; /* its ends in the order of their names */
    bool is_at_host;
    uint32_t all_interface, host_interface; /* NONE until the first packet */
    struct pcapng *file;                    /* of its own; NULL until the first packet */
};

struct capture_set {
    struct capture_config config;
    struct pcapng all, host;
    struct cable *cables;
    uint32_t cable_count;
    uint32_t *cable_of_link; /* NONE where no packet has passed yet */
    uint32_t link_count;
    char *secrets; /* all so far: a file that starts late needs them too */
    size_t secrets_size;
    bool host_seen;
    enum err error; /* the first failure while packets came */
    struct note note;
};

static void *grow(void *memory, size_t size)
{
    void *grown = realloc(memory, size);

    check(grown != NULL);
    return grown;
}

static enum err start_file(const struct capture_set *set, struct pcapng *file, const char *path, struct note *note)
{
    struct pcapng_about about = {.hardware = SPAN("simulated hosts"),
                                 .os = SPAN("simulated time"),
                                 .application = SPAN("hopsim"),
                                 .comment = span_of(set->config.comment ? set->config.comment : "")};

    return pcapng_open(file, path, set->config.epoch_ns, &about, note);
}

static enum err make_folder(const char *path, struct note *note)
{
    if (mkdir(path, 0777) == 0)
        return ERR_OK;
    if (errno != EEXIST)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    DIR *folder = opendir(path);

    if (!folder)
        return note_set(note, ERR_FILE, "%s: %s", path, strerror(errno));
    int entries = 0;

    while (readdir(folder))
        entries++;
    closedir(folder);
    if (entries > 2) /* itself and its parent */
        return note_set(note, ERR_FILE, "%s is not empty: captures of links go into a new folder", path);
    return ERR_OK;
}

static enum err start_all(struct capture_set *set, struct note *note)
{
    const struct capture_config *config = &set->config;

    if (config->all_path)
        TRY(start_file(set, &set->all, config->all_path, note));
    if (config->host_path)
        TRY(start_file(set, &set->host, config->host_path, note));
    if (config->links_folder)
        TRY(make_folder(config->links_folder, note));
    return ERR_OK;
}

enum err capture_open(struct capture_set **set, const struct capture_config *config, struct note *note)
{
    struct capture_set *opened = grow(NULL, sizeof(*opened));

    check((config->host == NULL) == (config->host_path == NULL));
    *opened = (struct capture_set){.config = *config};
    enum err error = start_all(opened, note);

    if (error != ERR_OK) {
        capture_discard(opened);
        return error;
    }
    *set = opened;
    return ERR_OK;
}

/* ---- Links ---- */

static void name_cable(const struct sim_packet *packet, char *name)
{
    struct sink sink = {.data = name, .capacity = NAME_SIZE};
    bool is_ordered = strcmp(packet->from, packet->to) < 0;

    sink_text(&sink, is_ordered ? packet->from : packet->to);
    sink_char(&sink, '-');
    sink_text(&sink, strcmp(packet->from, packet->to) == 0 ? "lo" : is_ordered ? packet->to : packet->from);
    sink_string(&sink);
    check(!sink.overflow);
}

static uint32_t add_cable(struct capture_set *set, const struct sim_packet *packet)
{
    const char *host = set->config.host;
    struct cable cable = {.all_interface = NONE, .host_interface = NONE};

    name_cable(packet, cable.name);
    for (uint32_t i = 0; i < set->cable_count; i++)
        if (strcmp(set->cables[i].name, cable.name) == 0)
            return i;
    cable.is_at_host = host && (strcmp(packet->from, host) == 0 || strcmp(packet->to, host) == 0);
    set->host_seen |= cable.is_at_host;
    set->cables = grow(set->cables, (set->cable_count + 1) * sizeof(cable));
    set->cables[set->cable_count] = cable;
    return set->cable_count++;
}

static struct cable *find_cable(struct capture_set *set, const struct sim_packet *packet)
{
    if (packet->link >= set->link_count) {
        uint32_t count = packet->link + 1;

        set->cable_of_link = grow(set->cable_of_link, count * sizeof(*set->cable_of_link));
        for (uint32_t i = set->link_count; i < count; i++)
            set->cable_of_link[i] = NONE;
        set->link_count = count;
    }
    uint32_t *cable = &set->cable_of_link[packet->link];

    if (*cable == NONE)
        *cable = add_cable(set, packet);
    return &set->cables[*cable];
}

/* ---- Packets ---- */

static void put(struct pcapng *file, uint32_t *interface, const struct cable *cable, const struct pcapng_packet *packet)
{
    struct pcapng_packet placed = *packet;

    if (*interface == NONE)
        *interface = pcapng_interface(file, span_of(cable->name));
    placed.interface = *interface;
    pcapng_packet(file, &placed);
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-_.", c);
}

/* A cable's own file starts with its first packet: links that carry nothing leave none. */
static enum err start_cable(struct capture_set *set, struct cable *cable, struct note *note)
{
    char path[OUTFILE_PATH_SIZE];
    struct sink sink = SINK(path);
    struct pcapng *file = grow(NULL, sizeof(*file));

    sink_text(&sink, set->config.links_folder);
    sink_char(&sink, '/');
    for (const char *c = cable->name; *c; c++)
        sink_char(&sink, is_plain(*c) ? *c : '_');
    sink_text(&sink, ".pcapng");
    sink_string(&sink);
    enum err error = sink.overflow ? note_set(note, ERR_FILE, "%s: name too long", set->config.links_folder)
                                   : start_file(set, file, path, note);

    if (error != ERR_OK) {
        free(file);
        return error;
    }
    pcapng_interface(file, span_of(cable->name));
    if (set->secrets_size > 0)
        pcapng_secrets(file, (struct span){set->secrets, set->secrets_size});
    cable->file = file;
    return ERR_OK;
}

static void put_on_cable(struct capture_set *set, struct cable *cable, const struct pcapng_packet *packet)
{
    if (!cable->file && set->error == ERR_OK)
        set->error = start_cable(set, cable, &set->note);
    if (cable->file)
        pcapng_packet(cable->file, packet);
}

static void put_at_host(struct capture_set *set, struct cable *cable, const struct sim_packet *seen,
                        const struct pcapng_packet *packet)
{
    struct pcapng_packet directed = *packet;
    bool leaves = strcmp(seen->from, set->config.host) == 0;

    /* On a loopback both ends are the host: what enters it is what it shows. */
    if (seen->event != (leaves ? SIM_PACKET_SENT : SIM_PACKET_RECEIVED))
        return;
    directed.direction = leaves ? PCAPNG_OUTBOUND : PCAPNG_INBOUND;
    put(&set->host, &cable->host_interface, cable, &directed);
}

void capture_packet(void *context, const struct sim_packet *packet)
{
    struct capture_set *set = context;
    struct cable *cable = find_cable(set, packet);
    struct pcapng_packet shown = {.at_ns = packet->at_ns, .bytes = packet->bytes};

    if (set->config.all_path && packet->event == SIM_PACKET_SENT && packet->is_origin)
        put(&set->all, &cable->all_interface, cable, &shown);
    if (cable->is_at_host)
        put_at_host(set, cable, packet, &shown);
    if (set->config.links_folder && packet->event == SIM_PACKET_RECEIVED)
        put_on_cable(set, cable, &shown);
}

void capture_secret(void *context, struct span keylog_line)
{
    struct capture_set *set = context;
    size_t size = keylog_line.size + 1;

    set->secrets = grow(set->secrets, set->secrets_size + size);
    char *line = set->secrets + set->secrets_size;

    memcpy(line, keylog_line.data, keylog_line.size);
    line[keylog_line.size] = '\n';
    set->secrets_size += size;
    if (set->config.all_path)
        pcapng_secrets(&set->all, (struct span){line, size});
    if (set->config.host_path)
        pcapng_secrets(&set->host, (struct span){line, size});
    for (uint32_t i = 0; i < set->cable_count; i++)
        if (set->cables[i].file)
            pcapng_secrets(set->cables[i].file, (struct span){line, size});
}

/* ---- The end ---- */

static enum err close_one(enum err error, struct pcapng *file, struct note *note)
{
    if (error == ERR_OK)
        return pcapng_close(file, note);
    pcapng_discard(file);
    return error;
}

/* One failure discards what is still open: half a set of captures would pass for all of it. */
static enum err close_files(struct capture_set *set, enum err error, struct note *note)
{
    if (set->config.all_path)
        error = close_one(error, &set->all, note);
    if (set->config.host_path)
        error = close_one(error, &set->host, note);
    for (uint32_t i = 0; i < set->cable_count; i++)
        if (set->cables[i].file)
            error = close_one(error, set->cables[i].file, note);
    return error;
}

static void free_set(struct capture_set *set)
{
    for (uint32_t i = 0; i < set->cable_count; i++)
        free(set->cables[i].file);
    free(set->cables);
    free(set->cable_of_link);
    free(set->secrets);
    free(set);
}

enum err capture_close(struct capture_set *set, struct note *note)
{
    enum err error = set->error;

    if (error != ERR_OK)
        note_set(note, error, "%s", set->note.text);
    else if (set->config.host && !set->host_seen)
        error = note_set(note, ERR_UNKNOWN,
                         "no packet passed a host called %s (hosts: ue-a, ue-b, ims or a node by name, as in --help)",
                         set->config.host);
    error = close_files(set, error, note);
    free_set(set);
    return error;
}

void capture_discard(struct capture_set *set)
{
    if (set->config.all_path)
        pcapng_discard(&set->all);
    if (set->config.host_path)
        pcapng_discard(&set->host);
    for (uint32_t i = 0; i < set->cable_count; i++)
        if (set->cables[i].file)
            pcapng_discard(set->cables[i].file);
    free_set(set);
}
