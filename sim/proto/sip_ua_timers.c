/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What timers do, and connections that break: the 2xx of a UAS is sent again until its ACK (RFC 3261 section 13.3.1.4),
 * and what nobody has answered is given up.
 */
#include "sim/base/check.h"
#include "sim/proto/sip_ua_state.h"

static void session_ring(struct sip_ua *ua, const struct sip_alarm *alarm)
{
    struct sip_session *session = &ua->session;
    struct sip_layer *layer = &ua->layer;
    int64_t t2_ns = ua->config.timers.t2_ns;

    if (alarm->what == SIP_ALARM_ANSWER_END) {
        sip_alarm_stop(&layer->clock, &session->again);
        sip_ua_tell(ua, SIP_TIMED_OUT, 408, sip_buffer_span(session->sent), sip_buffer_slice(session->sent_body));
        session->state = SIP_SESSION_NONE;
        return;
    }
    struct sip_output *output =
        sip_layer_send(layer, session->hop, sip_buffer_span(session->sent), sip_buffer_slice(session->sent_body));

    output->is_again = true;
    output->status = 200;
    layer->retransmissions++;
    session->interval_ns = 2 * session->interval_ns < t2_ns ? 2 * session->interval_ns : t2_ns;
    sip_alarm_set(&layer->clock, &session->again, layer->now_ns, session->interval_ns);
}

static bool is_request(const struct sip_transaction *client, struct span start)
{
    return client->head && span_starts(sip_buffer_span(client->head), start);
}

/* No answer will come: action and status are what the user is told. */
static void lost(struct sip_ua *ua, struct sip_transaction *client, enum sip_action action, int status)
{
    if (client->token == SIP_TOKEN_REGISTER) {
        sip_ua_register_lost(ua, client, status);
        return;
    }
    bool is_of_session = !client->is_message && client->token == ua->session.number;

    if (is_of_session && (is_request(client, SPAN("PRACK ")) || is_request(client, SPAN("UPDATE ")))) {
        sip_ua_give_up(ua);
        sip_transaction_end(&ua->layer, client);
        return;
    }
    if (is_of_session)
        ua->session.state = SIP_SESSION_NONE;
    if (is_of_session || client->is_message)
        sip_ua_tell(ua, action, status, client->head ? sip_buffer_span(client->head) : (struct span){"", 0},
                    (struct slice){.length = 0});
    sip_transaction_end(&ua->layer, client);
}

void sip_ua_wake(struct sip_ua *ua, int64_t now_ns, struct sip_outbox *out)
{
    struct sip_alarm *alarm;

    sip_layer_begin(&ua->layer, now_ns, out);
    while (sip_layer_has_room(&ua->layer) && (alarm = sip_clock_due(&ua->layer.clock, now_ns)) != NULL) {
        if (alarm->what == SIP_ALARM_REFRESH) {
            sip_ua_register_due(ua);
            continue;
        }
        if (alarm->what >= SIP_ALARM_RELIABLE_AGAIN) {
            sip_ua_reliable_ring(ua, alarm);
            continue;
        }
        if (alarm->what >= SIP_ALARM_USER) {
            session_ring(ua, alarm);
            continue;
        }
        struct sip_transaction *client = sip_transaction_ring(&ua->layer, alarm);

        if (client)
            lost(ua, client, SIP_TIMED_OUT, 408);
    }
    sip_layer_end(&ua->layer);
}

void sip_ua_broken(struct sip_ua *ua, int64_t now_ns, struct sip_hop hop, struct sip_outbox *out)
{
    struct sip_transaction *client;

    sip_layer_begin(&ua->layer, now_ns, out);
    while (sip_layer_has_room(&ua->layer) && (client = sip_layer_broken(&ua->layer, hop)) != NULL)
        lost(ua, client, SIP_BROKEN, 503);
    sip_layer_end(&ua->layer);
}
