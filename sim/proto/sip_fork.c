/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sip_fork.c - a request to all devices of a user at once, and which of their responses go back (RFC 3261 sections 16.6
 * and 16.7): every 2xx to an INVITE at once, whereupon the others are cancelled; of refusals only the best, when all
 * devices have said something.
 */
#include "sim/base/check.h"
#include "sim/proto/sip_proxy_state.h"

/* ---- Contexts ---- */

static bool is_over(const struct sip_proxy *proxy, const struct sip_fork *fork)
{
    for (uint32_t i = 0; i < fork->count; i++)
        if (sip_find(&proxy->layer, fork->branches[i]))
            return false;
    return sip_find(&proxy->layer, fork->server) == NULL;
}

/* A context that is not in use. The oldest ones end first, mostly. */
static struct sip_fork *fork_take(struct sip_proxy *proxy)
{
    while (proxy->forks && is_over(proxy, proxy->forks)) {
        struct sip_fork *over = proxy->forks;

        sip_pool_release(&proxy->layer.pool, over->best);
        proxy->forks = over->next;
        over->next = proxy->forks_unused;
        proxy->forks_unused = over;
    }
    struct sip_fork *fork = proxy->forks_unused;

    if (fork)
        proxy->forks_unused = fork->next;
    else
        fork = arena_alloc(proxy->layer.pool.arena, sizeof(*fork));
    *fork = (struct sip_fork){.next = NULL};
    if (proxy->forks)
        proxy->forks_last->next = fork;
    else
        proxy->forks = fork;
    proxy->forks_last = fork;
    return fork;
}

/* ---- Requests ---- */

void sip_fork_pass(struct sip_proxy *proxy, struct sip_transaction *server, const struct sip_incoming *request,
                   struct sip_forward *forward, const struct slice *body)
{
    struct sip_fork *fork = fork_take(proxy);

    fork->server = server->key;
    do {
        struct sip_transaction *client = sip_proxy_pass(proxy, request, forward, body);

        if (!client)
            continue;
        client->fork = fork;
        fork->branches[fork->count++] = client->key;
    } while (fork->count < SIP_BRANCHES_MAX && sip_layer_has_room(&proxy->layer) && sip_cscf_next(proxy, forward));
    fork->waiting = fork->count;
    server->fork = fork;
    if (fork->count == 0)
        sip_proxy_answer(proxy, server, request, 513);
}

void sip_fork_cancel(struct sip_proxy *proxy, struct sip_fork *fork)
{
    fork->is_decided = true;
    for (uint32_t i = 0; i < fork->count; i++) {
        struct sip_transaction *client = sip_find(&proxy->layer, fork->branches[i]);

        if (client)
            sip_client_cancel(&proxy->layer, client);
    }
}

/* ---- Responses ---- */

/* Section 16.7, step 6: a 6xx is everybody's, else the lowest class counts, and in it first what tells how to ask
 * again. */
static int rank(int status)
{
    static const int helpful[] = {401, 407, 415, 420, 484};
    int rank = status >= 600 ? 0 : status / 100 * 10 + 1;

    for (size_t i = 0; i < sizeof(helpful) / sizeof(helpful[0]); i++)
        if (status == helpful[i])
            rank--;
    return rank;
}

static void note_refusal(struct sip_proxy *proxy, struct sip_fork *fork, int status,
                         const struct sip_incoming *response)
{
    if (fork->status != 0 && rank(status) >= rank(fork->status))
        return;
    sip_pool_release(&proxy->layer.pool, fork->best);
    fork->status = status;
    fork->best = response ? sip_pool_copy(&proxy->layer.pool, response->head) : NULL;
}

/* All have answered, and nobody well: the best refusal goes back. */
static void refuse(struct sip_proxy *proxy, const struct sip_fork *fork)
{
    struct sip_transaction *server = sip_find(&proxy->layer, fork->server);
    struct sip_incoming response = {.body = {.length = 0}};

    if (!server || fork->status == 0)
        return;
    if (!fork->best) {
        sip_proxy_answer_later(proxy, server, fork->status);
        return;
    }
    response.head = sip_buffer_span(fork->best);
    response.from = server->hop;
    enum err error = sip_incoming_read(&response);

    check(error == ERR_OK); /* as when it came */
    sip_proxy_return(proxy, server, &response);
}

void sip_fork_take(struct sip_proxy *proxy, struct sip_fork *fork, const struct sip_incoming *response, bool is_first)
{
    struct sip_transaction *server = sip_find(&proxy->layer, fork->server);
    int status = response->message.status;

    if (is_first) {
        check(fork->waiting > 0);
        fork->waiting--;
    }
    if (status < 300) {
        if (server)
            sip_proxy_return(proxy, server, response);
        if (status >= 200 && !fork->is_decided)
            sip_fork_cancel(proxy, fork);
        return;
    }
    note_refusal(proxy, fork, status, response);
    if (status >= 600 && !fork->is_decided)
        sip_fork_cancel(proxy, fork);
    if (fork->waiting == 0)
        refuse(proxy, fork);
}

/* For anything but an INVITE nothing is said of it (RFC 4320 section 4.2). */
void sip_fork_timed_out(struct sip_proxy *proxy, struct sip_fork *fork)
{
    const struct sip_transaction *server = sip_find(&proxy->layer, fork->server);

    check(fork->waiting > 0);
    fork->waiting--;
    if (server && server->kind == SIP_SERVER_INVITE)
        note_refusal(proxy, fork, 408, NULL);
    if (fork->waiting == 0)
        refuse(proxy, fork);
}
