/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes over a pair of sockets into a user's MSRP end as `hopsim measure` runs it, in pieces whose size the first
 * byte chooses: no more may be told than came, nothing behind the limit, and nothing as whole that is not. */
#include "bench/measure/msrp_ue.h"
#include "sim/base/check.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 4096, MEMORY = 1 << 20 };

struct told {
    uint64_t bytes;
    uint8_t has[LIMIT];
};

static bool body(void *context, uint64_t offset, struct slice slice)
{
    struct told *told = context;

    check(offset + slice.length <= LIMIT);
    for (uint64_t i = 0; i < slice.length; i++) {
        told->has[offset + i] = 1;
    }
    told->bytes += slice.length;
    return true;
}

static void received(void *context, uint64_t length, struct span content_type)
{
    struct told *told = context;

    check(length <= LIMIT && content_type.size > 0);
    for (uint64_t i = 0; i < length; i++)
        check(told->has[i] == 1);
    /* Another message may follow, which begins anew. */
    memset(told->has, 0, sizeof(told->has));
}

static void nothing(void *context)
{
    (void)context;
}

static void failed(void *context, enum node_end end, const char *text)
{
    (void)context;
    (void)end;
    check(text[0] != 0);
}

static const struct msrp_ue_owner owner = {
    .prepared = nothing, .sent = nothing, .body = body, .received = received, .failed = failed};

/* "@" stands for the endpoint's own URI, so that what is found can get past To-Path. */
static void write_piece(int fd, const uint8_t *data, size_t size, const char *uri)
{
    for (size_t i = 0; i < size; i++) {
        const void *bytes = data[i] == '@' ? (const void *)uri : &data[i];
        size_t length = data[i] == '@' ? strlen(uri) : 1;

        if (send(fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
            return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct cast cast;
    struct node node = {.cast = &cast, .role = CAST_UE_B, .line.fd = -1};
    struct arena *arena = arena_create(MEMORY);
    struct note note = {{0}};
    struct told told = {0};
    int ends[2];
    char answers[4096];

    if (size < 1 || !arena)
        return 0;
    size_t step = data[0] ? data[0] : 256;

    cast.number = 1;
    cast_init(&cast);
    struct msrp_ue_config config = {.node = &node, .label = "bob", .context = &told, .owner = &owner};
    struct msrp_ue *ue = msrp_ue_create(arena, &config, &note);

    check(ue && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    msrp_ue_limit(ue, LIMIT);
    check(msrp_ue_adopt(ue, ends[0], &note) == ERR_OK);
    loop_turn(&node.loop, 0);
    for (size_t at = 1; at < size; at += step) {
        write_piece(ends[1], data + at, size - at < step ? size - at : step, msrp_ue_uri(ue));
        loop_turn(&node.loop, 0);
        while (recv(ends[1], answers, sizeof(answers), MSG_DONTWAIT) > 0)
            ;
    }
    close(ends[1]);
    for (int i = 0; i < 4; i++)
        loop_turn(&node.loop, 0);
    check(told.bytes <= 300 * size);
    arena_destroy(arena);
    return 0;
}
