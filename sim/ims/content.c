/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/ims/content.h"
#include "sim/ims/web.h"
#include "sim/wire/rcs_link.h"

enum { LINK_SIZE = 1024, PATH_SIZE = 64 };

struct content {
    struct world *world;
    bool is_stored;
    char path[PATH_SIZE]; /* of the link to what is stored */
    struct rope file;
};

/* A connection, and the request on it. */
struct content_leg {
    struct content *content;
    struct web *web;
    bool is_put;
    int status;
    struct rope link; /* the body of the answer to a PUT */
};

static void content_write_link(struct content_leg *leg)
{
    struct content *content = leg->content;
    char text[LINK_SIZE], url_text[LINK_SIZE];
    struct sink sink = SINK(text), url = SINK(url_text);

    sink_format(&url, "https://%s%s", content->world->sites[ROLE_CONTENT].host_name, content->path);
    struct rcs_link link = {.file_size = rope_length(&content->file),
                            .file_name = SPAN("file.ini"),
                            .content_type = SPAN("application/octet-stream"),
                            .url = sink_written(&url),
                            .until = SPAN("2013-01-08T00:00:00Z")};

    rcs_link_write(&link, &sink);
    check(!sink.overflow && !url.overflow);
    rope_append_bytes(&leg->link, sink.data, sink.size);
}

static void content_answer(void *context, const struct cause *cause)
{
    struct content_leg *leg = context;
    struct http_head head = {.status = leg->status};
    struct rope *body = leg->is_put ? &leg->link : &leg->content->file;

    if (leg->status != 200) {
        web_send(leg->web, head, NULL, "refused", cause);
        return;
    }
    if (leg->is_put) {
        leg->content->is_stored = true;
        content_write_link(leg);
    }
    head.content_type = leg->is_put ? SPAN(RCS_LINK_TYPE) : SPAN("application/octet-stream");
    web_send(leg->web, head, body, leg->is_put ? "200 (PUT)" : "200 (GET)", cause);
}

/* One file a trial: a second one finds the place taken. */
static int content_judge(const struct content *content, const struct http_head *head)
{
    if (span_equal(head->method, SPAN("PUT")))
        return !span_equal(head->target, SPAN(CONTENT_UPLOAD)) || content->is_stored ? 404 : 200;
    if (!span_equal(head->method, SPAN("GET")))
        return 405;
    return content->is_stored && span_equal(head->target, span_of(content->path)) ? 200 : 404;
}

static void content_head(void *context, struct web *web, const struct http_head *head)
{
    struct content_leg *leg = context;

    (void)web;
    leg->is_put = span_equal(head->method, SPAN("PUT"));
    leg->status = head->is_request ? content_judge(leg->content, head) : 400;
}

static void content_body(void *context, struct web *web, uint64_t at, struct slice slice)
{
    struct content_leg *leg = context;

    (void)web;
    (void)at;
    if (leg->is_put && leg->status == 200)
        rope_append(&leg->content->file, slice);
}

static void content_end(void *context, struct web *web)
{
    struct content_leg *leg = context;
    struct cause cause = web_cause(web);

    site_keep(leg->content->world, ROLE_CONTENT, leg->is_put ? SPAN("PUT") : SPAN("GET"), &cause, leg, content_answer);
}

static void content_ended(void *context, struct web *web, enum tcp_end how)
{
    struct cause cause = web_cause(web);

    (void)context;
    if (how == TCP_END_FIN)
        web_finish(web, &cause);
}

static const struct web_owner content_owner = {
    .head = content_head, .body = content_body, .end = content_end, .ended = content_ended};

static void *content_accept(void *context, struct web *web)
{
    struct content *content = context;
    struct content_leg *leg = arena_alloc(content->world->arena, sizeof(*leg));

    leg->content = content;
    leg->web = web;
    rope_init(&leg->link, content->world->arena);
    return leg;
}

void content_create(struct world *world)
{
    struct content *content = arena_alloc(world->arena, sizeof(*content));
    struct sink path = SINK(content->path);

    content->world = world;
    rope_init(&content->file, world->arena);
    sink_text(&path, "/files/");
    sink_hex(&path, stream_place("content") ^ world->trial->number, 16);
    sink_string(&path);
    web_listen(world, ROLE_CONTENT, content, content_accept, &content_owner);
}
