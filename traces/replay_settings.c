/* SPDX-License-Identifier: GPL-3.0-or-later */
/* replay_settings.c - what the messages of a session say of the scenario: the arm, and what parties and media did. */
#include "traces/replay_state.h"
#include "sim/base/check.h"
#include "sim/base/sink.h"
#include "sim/base/units.h"
#include "sim/sec/cms.h"
#include "sim/wire/sdp.h"

enum { SEALED_MORE_MAX = 8192 }; /* what CMS adds to a file at most */

static bool is_kind(const char *kind, const char *wanted)
{
    return strcmp(kind, wanted) == 0;
}

static const struct trace_message *message_of(const struct replay *replay, size_t step)
{
    return &replay->session->flow->messages[replay->session->steps[step].message];
}

static size_t count_of(const struct replay *replay, const char *kind)
{
    size_t count = 0;

    for (size_t i = 0; i < replay->session->step_count; i++)
        count += is_kind(replay->session->steps[i].kind, kind);
    return count;
}

/* The first step of a kind that leaves a place (PLACE_NONE: whichever); SIZE_MAX. */
static size_t find_step(const struct replay *replay, const char *kind, enum place from)
{
    for (size_t i = 0; i < replay->session->step_count; i++)
        if (is_kind(replay->session->steps[i].kind, kind) &&
            (from == PLACE_NONE || replay->session->steps[i].from == from))
            return i;
    return SIZE_MAX;
}

static struct span body_of(struct span text)
{
    return span_after(text,
                      span_find(text, SPAN("\r\n\r\n")) + (span_find(text, SPAN("\r\n\r\n")) < text.size ? 4 : 0));
}

static struct span opening_text(const struct replay *replay)
{
    return replay->session->flow->messages[replay->session->opening].text;
}

/* The offer, or the answer in the first response of UE-B that has one. False: none that speaks of MSRP. */
static bool read_offer(const struct replay *replay, struct sdp_msrp *sdp)
{
    return replay->session->kind == SESSION_CALL && sdp_read(body_of(opening_text(replay)), sdp) == ERR_OK;
}

/* The first SEND of the file as it leaves UE-A; SIZE_MAX. */
static size_t find_send(const struct replay *replay)
{
    for (size_t i = 0; i < replay->session->step_count; i++) {
        const struct trace_message *message = message_of(replay, i);

        if (is_kind(replay->session->steps[i].kind, "SEND") && replay->session->steps[i].from == PLACE_UE_A &&
            message->range_total > 0 && message->range_total != UINT64_MAX)
            return i;
    }
    return SIZE_MAX;
}

static bool holds(struct span text, struct span wanted)
{
    return span_find(text, wanted) < text.size;
}

/* ---- Arm ---- */

static bool is_sealed(const struct replay *replay)
{
    size_t send = find_send(replay);
    struct sdp_msrp sdp;

    if (replay->session->kind == SESSION_MESSAGES)
        return holds(opening_text(replay), SPAN("application/pkcs7-mime"));
    if (send != SIZE_MAX)
        return message_of(replay, send)->content_type &&
               holds(span_of(message_of(replay, send)->content_type), SPAN("application/pkcs7-mime"));
    return read_offer(replay, &sdp) && span_find(sdp.accept_types, SPAN("pkcs7-mime")) < sdp.accept_types.size;
}

static bool goes_by_tls(const struct replay *replay, enum place from, enum place to)
{
    for (size_t i = 0; i < replay->session->step_count; i++)
        if (replay->session->steps[i].from == from && replay->session->steps[i].to == to &&
            message_of(replay, i)->protocol == TRACE_TLS)
            return true;
    return false;
}

/* Over TCP as a whole hop by hop: the first MESSAGE hop. */
static const char *arm_of_messages(const struct replay *replay)
{
    size_t first = find_step(replay, "MESSAGE", PLACE_UE_A);
    const struct trace_message *message = message_of(replay, first == SIZE_MAX ? 0 : first);

    if (holds(opening_text(replay), SPAN("vnd.gsma.rcs-ft-http")))
        return "http-upload";
    if (is_sealed(replay))
        return "message-smime";
    if (message->transport == TRACE_UDP)
        return "message-plain";
    return message->bytes > 1400 ? "message-large" : "message-tls";
}

/* The last form of the offer that was seen, on its way to UE-B. */
static struct span last_offer(const struct replay *replay)
{
    struct span last = body_of(opening_text(replay));

    for (size_t i = 0; i < replay->session->step_count; i++)
        if (is_kind(replay->session->steps[i].kind, "INVITE"))
            last = body_of(message_of(replay, i)->text);
    return last;
}

/* Whether somebody on the way has put a fingerprint of his own in the offer's place. */
static bool has_other_fingerprint(const struct replay *replay, struct span fingerprint)
{
    struct sdp_msrp last;

    return sdp_read(last_offer(replay), &last) == ERR_OK && !span_equal(last.fingerprint, fingerprint);
}

/* The same of the path: a back-to-back user agent ends the leg. */
static bool has_other_path(const struct replay *replay, struct span path)
{
    struct sdp_msrp last;

    return sdp_read(last_offer(replay), &last) == ERR_OK && !span_equal(last.path, path);
}

static const char *arm_of_call(const struct replay *replay)
{
    const struct session *session = replay->session;
    struct sdp_msrp sdp;
    size_t send = find_send(replay);
    bool is_cms = is_sealed(replay);

    if (!read_offer(replay, &sdp))
        return "msrp-plain";
    if (sdp.has_cema && sdp.is_tls)
        return has_other_fingerprint(replay, sdp.fingerprint) ? "msrp-e2ae" : "msrp-tls-agw";
    if (sdp.has_cema)
        return "msrp-smime-agw";
    struct span rest = sdp.path;
    bool has_relays = span_find_byte(rest, ' ') < rest.size;

    if (has_relays)
        return is_cms ? "msrp-relay-smime" : "msrp-relay";
    if ((session->relay_count > 0 && send != SIZE_MAX) || has_other_path(replay, sdp.path))
        return sdp.is_tls ? "msrp-b2bua" : "msrp-relay-plain";
    return is_cms ? "msrp-smime" : sdp.is_tls ? "msrp-tls" : "msrp-plain";
}

void replay_find_arm(struct replay *replay)
{
    static const char *const whys[] = {
        [SESSION_NONE] = "",
        [SESSION_REGISTRATION] = "a registration alone: no file",
        [SESSION_MESSAGES] = "MESSAGEs: their transport and content",
        [SESSION_CALL] = "the offer's media line, path and types, and who sent SENDs",
    };
    struct sdp_msrp sdp;
    struct sink why = SINK(replay->arm_why);
    bool has_msrp = read_offer(replay, &sdp);

    replay->arm_basis = REPLAY_MEASURED;
    sink_text(&why, whys[replay->session->kind]);
    if (replay->session->kind == SESSION_CALL && !has_msrp) {
        replay->arm_basis = REPLAY_ASSUMED;
        why.size = 0;
        sink_text(&why, "the call's media are not MSRP and not simulated: a file of 1 B stands in their place");
    } else if (replay->session->kind == SESSION_REGISTRATION) {
        replay->arm_basis = REPLAY_ASSUMED;
    }
    sink_string(&why);
    const char *name = replay->session->kind == SESSION_MESSAGES ? arm_of_messages(replay)
                       : replay->session->kind == SESSION_CALL   ? arm_of_call(replay)
                                                                 : "msrp-plain";

    replay->arm = arm_find(span_of(name));
    check(replay->arm != NULL);
}

/* ---- Size of the file ---- */

/* The sum of the bodies that MESSAGEs carry away from UE-A. */
static uint64_t message_bodies(const struct replay *replay)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < replay->session->step_count; i++)
        if (is_kind(replay->session->steps[i].kind, "MESSAGE") && replay->session->steps[i].from == PLACE_UE_A)
            sum += body_of(message_of(replay, i)->text).size;
    return sum;
}

/* Which suite, and with the certificate or not, makes `sealed` bytes of a file; file_bytes 0: the file is looked for
 * too. */
static bool find_suite(uint64_t sealed, uint64_t *file_bytes, int *suite, int *certificate)
{
    for (int s = 0; s < CMS_SUITE_COUNT; s++)
        for (int with = 1; with >= 0; with--) {
            uint64_t least = *file_bytes > 0 ? *file_bytes : sealed > SEALED_MORE_MAX ? sealed - SEALED_MORE_MAX : 1;
            uint64_t most = *file_bytes > 0 ? *file_bytes : sealed;

            for (uint64_t size = least; size <= most; size++)
                if (cms_sealed_size((enum cms_suite)s, with != 0, size) == sealed) {
                    *file_bytes = size;
                    *suite = s;
                    *certificate = with;
                    return true;
                }
        }
    return false;
}

static void find_size(struct replay *replay)
{
    static const char *const suites[CMS_SUITE_COUNT] = {"rfc8591", "rfc4975-rsa", "2013-3des"};
    size_t send = find_send(replay);
    struct sdp_msrp sdp;
    bool has_offer = read_offer(replay, &sdp);
    uint64_t told = has_offer && sdp.has_file_size ? sdp.file_size : 0;
    uint64_t carried = send != SIZE_MAX                            ? message_of(replay, send)->range_total
                       : replay->session->kind == SESSION_MESSAGES ? message_bodies(replay)
                                                                   : 0;
    uint64_t size = told;
    int suite = 0, certificate = 1;

    if (replay->arm->body == BODY_CMS && carried > 0) {
        if (find_suite(carried, &size, &suite, &certificate)) {
            replay_set(replay, "smime.suite", REPLAY_ESTIMATED, "the one that makes as many bytes of the file", "%s",
                       suites[suite]);
            replay_set(replay, "smime.certificate", REPLAY_ESTIMATED, "the same", "%s",
                       certificate ? "included" : "left-out");
        } else if (size == 0) {
            size = carried;
        }
    }
    if (told > 0)
        replay_set(replay, "transfer.size", REPLAY_MEASURED, "a=file-selector of the offer", "%lluB",
                   (unsigned long long)told);
    else if (replay->arm->carrier == CARRIER_HTTP)
        replay_set(replay, "transfer.size", REPLAY_ASSUMED, "the upload is not read", "1MiB");
    else if (size > 0 || carried > 0)
        replay_set(replay, "transfer.size", replay->arm->body == BODY_CMS ? REPLAY_ESTIMATED : REPLAY_MEASURED,
                   "what SENDs or MESSAGEs carried, less the sealing", "%lluB",
                   (unsigned long long)(size > 0 ? size : carried));
    else
        replay_set(replay, "transfer.size", REPLAY_ASSUMED, "no byte of a file is readable", "1B");
}

/* ---- Parties ---- */

static void find_progress(struct replay *replay)
{
    bool has_early = count_of(replay, "UPDATE") > 0, has_ringing = count_of(replay, "INVITE/180") > 0;
    bool has_reliable = count_of(replay, "PRACK") > 0;

    replay_set(replay, "session.provisional", REPLAY_MEASURED, "provisional responses, PRACK and UPDATE seen", "%s",
               has_early || has_reliable ? "183-prack-update"
               : has_ringing             ? "180"
                                         : "none");
    if (has_early && count_of(replay, "PRACK") > count_of(replay, "UPDATE"))
        replay_set(replay, "session.reliable_ringing", REPLAY_MEASURED, "more PRACKs than UPDATEs", "on");
}

static void find_refusal(struct replay *replay)
{
    static const struct {
        const char *kind, *state;
    } states[] = {{"INVITE/486", "busy"},         {"INVITE/603", "declines"}, {"INVITE/404", "unknown"},
                  {"INVITE/480", "unregistered"}, {"INVITE/488", "no-smime"}, {"MESSAGE/404", "unknown"},
                  {"MESSAGE/480", "unregistered"}};
    bool is_answered = count_of(replay, "INVITE/200") > 0;

    for (size_t i = 0; i < sizeof(states) / sizeof(*states) && !is_answered; i++)
        if (count_of(replay, states[i].kind) > 0) {
            replay_set(replay, "peer.state", REPLAY_MEASURED, states[i].kind, "%s", states[i].state);
            return;
        }
}

static void find_cancel(struct replay *replay)
{
    size_t cancel = find_step(replay, "CANCEL", PLACE_UE_A), invite = find_step(replay, "INVITE", PLACE_UE_A);

    if (cancel == SIZE_MAX || invite == SIZE_MAX || count_of(replay, "INVITE/200") > 0)
        return;
    replay_set(replay, "cancel.after", REPLAY_MEASURED, "CANCEL behind INVITE", "%lldns",
               (long long)(replay->session->steps[cancel].first_ns - replay->session->steps[invite].first_ns));
}

/* Who is not seen to answer must not do so. */
static void find_answer(struct replay *replay)
{
    if (replay->session->kind == SESSION_CALL && count_of(replay, "INVITE/200") == 0)
        replay_set(replay, "answer.delay", REPLAY_MEASURED, "no 200 to the INVITE: as long as it may be", "170s");
}

static void find_parties(struct replay *replay)
{
    const struct session *session = replay->session;

    if (session->kind == SESSION_CALL)
        find_progress(replay);
    find_refusal(replay);
    find_answer(replay);
    find_cancel(replay);
    if (count_of(replay, "INVITE/407") > 0 || count_of(replay, "MESSAGE/407") > 0)
        replay_set(replay, "proxy.auth", REPLAY_MEASURED, "407", "digest");
    if (count_of(replay, "UAR") > 0 && count_of(replay, "SAR") >= count_of(replay, "UAR"))
        replay_set(replay, "register.second_uar", REPLAY_MEASURED, "as many SARs as UARs", "off");
    if (find_step(replay, "BYE", PLACE_UE_B) != SIZE_MAX)
        replay_set(replay, "session.ended_by", REPLAY_MEASURED, "who sends BYE", "callee");
}

/* ---- Media ---- */

/* The longest MESSAGE as it leaves UE-A, and how many there are. */
static void find_message_size(struct replay *replay)
{
    bool is_large = replay->arm->messages == MESSAGES_LARGE;
    uint64_t most = 0;

    for (size_t i = 0; i < replay->session->step_count; i++)
        if (is_kind(replay->session->steps[i].kind, "MESSAGE") && replay->session->steps[i].from == PLACE_UE_A &&
            message_of(replay, i)->bytes > most)
            most = message_of(replay, i)->bytes;
    uint64_t standard = is_large ? 60 * KIB : 1300;
    size_t sent = 0;

    for (size_t i = 0; i < replay->session->step_count; i++)
        sent += is_kind(replay->session->steps[i].kind, "MESSAGE") && replay->session->steps[i].from == PLACE_UE_A;
    if (most > 600 && (sent > 1 || most > standard) && most <= 60 * KIB)
        replay_set(replay, is_large ? "message.size_large" : "message.size", REPLAY_MEASURED,
                   "the longest MESSAGE as it leaves UE-A", "%lluB", (unsigned long long)most);
}

/* A REPORT alone may tell of a failure (RFC 4975 section 7.1.2). */
static bool asks_for_reports(const struct replay *replay)
{
    size_t send = find_send(replay);

    return send != SIZE_MAX && message_of(replay, send)->wants_report;
}

static void find_chunks(struct replay *replay)
{
    uint64_t longest = 0;
    size_t sends = 0;

    for (size_t i = 0; i < replay->session->step_count; i++) {
        const struct trace_message *message = message_of(replay, i);

        if (!is_kind(replay->session->steps[i].kind, "SEND") || replay->session->steps[i].from != PLACE_UE_A ||
            message->range_end == UINT64_MAX || message->range_end < message->range_start)
            continue;
        sends += message->range_total > 0;
        if (message->range_end + 1 - message->range_start > longest)
            longest = message->range_end + 1 - message->range_start;
    }
    if (sends > 1 && longest == 2048)
        replay_set(replay, "msrp.chunk", REPLAY_MEASURED, "no SEND has more than 2,048 B", "2048");
    if (sends > 0 && count_of(replay, "SEND/200") == 0)
        replay_set(replay, "msrp.failure_report", REPLAY_MEASURED, "no SEND is answered", "no");
    if (asks_for_reports(replay))
        replay_set(replay, "msrp.success_report", REPLAY_MEASURED, "Success-Report of the SENDs", "yes");
}

static void find_media(struct replay *replay)
{
    struct sdp_msrp sdp;

    if (replay->arm->carrier == CARRIER_MESSAGE)
        find_message_size(replay);
    if (!read_offer(replay, &sdp))
        return;
    find_chunks(replay);
    if (replay->session->relay_count > 0)
        replay_set(replay, "path.relays", REPLAY_MEASURED, "nodes that the file passes", "%zu",
                   replay->session->relay_count);
    if (sdp.setup == SDP_SETUP_PASSIVE)
        replay_set(replay, "setup.active", REPLAY_MEASURED, "a=setup of the offer", "answerer");
    if (sdp.file_hash.size > 0)
        replay_set(replay, "file.hash", REPLAY_MEASURED, "a=file-selector of the offer", "sha-1");
    if (replay->arm->path == PATH_RELAYS && count_of(replay, "AUTH") == 0)
        replay_set(replay, "auth", count_of(replay, "SEND") > 0 ? REPLAY_MEASURED : REPLAY_ASSUMED, "no AUTH",
                   count_of(replay, "SEND") > 0 ? "cached" : "per-session");
}

static void find_protection(struct replay *replay)
{
    bool is_gm = goes_by_tls(replay, PLACE_UE_A, PLACE_P_A), is_core = goes_by_tls(replay, PLACE_P_A, PLACE_S_A);
    bool is_own = replay->arm->carrier == CARRIER_MESSAGE;

    if (is_gm && !is_own)
        replay_set(replay, "signalling.gm", REPLAY_MEASURED, "TLS handshake between UE-A and its P-CSCF", "tls");
    if (is_core && !is_own)
        replay_set(replay, "signalling.core", REPLAY_MEASURED, "TLS handshake between CSCFs", "tls");
    if (count_of(replay, "ClientKeyExchange") > 0)
        replay_set(replay, "tls.version", REPLAY_MEASURED, "ClientKeyExchange", "1.2");
}

/* A connection of the core that opens only when a message has come that needs it. */
static bool is_opened_late(const struct replay *replay, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (message_of(replay, i)->protocol == TRACE_SIP &&
            replay->session->steps[i].to == replay->session->steps[at].from)
            return true;
    return false;
}

/* The first connection of the core tells for all; S-CSCFs open theirs to the HSS late in any case. */
static void find_connections(struct replay *replay)
{
    for (size_t i = 0; i < replay->session->step_count; i++) {
        const struct session_step *step = &replay->session->steps[i];
        bool is_core =
            step->from >= PLACE_P_A && step->from <= PLACE_P_B && step->to >= PLACE_P_A && step->to <= PLACE_P_B;

        if (!(is_kind(step->kind, "ClientHello") && is_core) &&
            !(is_kind(step->kind, "CER") && step->from == PLACE_I_B))
            continue;
        if (is_opened_late(replay, i))
            replay_set(replay, "connections", REPLAY_MEASURED, "the core's first connection opens behind a message",
                       "cold");
        return;
    }
}

void replay_find_settings(struct replay *replay)
{
    find_size(replay);
    find_parties(replay);
    find_media(replay);
    find_protection(replay);
    find_connections(replay);
}
