/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gateways in the way of the media, and certificates that the SDP names. */
#include "sim/ims/fingerprint.h"
#include "sim/wire/sdp.h"
#include "tests/sim/ims/stage.h"

static const char *const arms_with_gateways[] = {"msrp-smime-agw", "msrp-tls-agw", "msrp-e2ae", NULL};

/* Offer and answer pass two P-CSCFs each. */
static void a_p_cscf_asks_its_gateway_before_it_passes_sdp_on(void)
{
    for (int i = 0; arms_with_gateways[i]; i++) {
        struct scenario at_once = standard(), later = standard();

        later.agw_control_ns = 3 * MS;
        int64_t setup_ns = run(&at_once, arms_with_gateways[i], 1000, NULL).setup_ns;

        CU_ASSERT_EQUAL(run(&later, arms_with_gateways[i], 1000, NULL).setup_ns - setup_ns, 4 * 3 * MS);
    }
}

/* IP bytes that gateway B has taken and not passed on. */
struct backlog {
    int64_t now, most;
};

static void tap_backlog(void *context, const struct sim_packet *packet)
{
    struct backlog *backlog = context;

    if (packet->event == SIM_PACKET_RECEIVED && span_equal(span_of(packet->to), SPAN("agw-b")))
        backlog->now += (int64_t)packet->bytes.size;
    if (packet->event == SIM_PACKET_SENT && span_equal(span_of(packet->from), SPAN("agw-b")))
        backlog->now -= (int64_t)packet->bytes.size;
    if (backlog->now > backlog->most)
        backlog->most = backlog->now;
}

/* UE-A's access is ten times as fast as UE-B's. */
static void a_slow_side_stops_the_fast_one(void)
{
    for (int i = 0; arms_with_gateways[i]; i++) {
        struct scenario scenario = standard();
        struct backlog backlog = {0, 0};
        struct sim_tap tap = {.context = &backlog, .packet = tap_backlog};

        scenario.tcp_buffer_bytes = 64 * KIB;
        scenario.access.rate_bps = 10000000;
        scenario.access_rate_up_bps = 100000000;
        struct outcome outcome = run(&scenario, arms_with_gateways[i], 4 * MIB, &tap);

        CU_ASSERT_EQUAL(outcome.end, OUTCOME_DELIVERED);
        CU_ASSERT(backlog.most > 32 * (int64_t)KIB);
        /* A receive and a send buffer with their headers; with TLS, the records under way. */
        CU_ASSERT(backlog.most < 4 * 64 * (int64_t)KIB);
    }
}

/* What each description on the wire says. */
struct descriptions {
    size_t count, with_cema;
    char fingerprints[16][FINGERPRINT_TEXT + 1];
};

static void tap_message(void *context, const struct sim_message *message)
{
    struct descriptions *seen = context;
    size_t at = span_find(message->text, SPAN("\r\n\r\n"));
    struct sdp_msrp sdp;

    if (at == message->text.size || seen->count == 16 || sdp_read(span_after(message->text, at + 4), &sdp) != ERR_OK)
        return;
    struct sink sink = SINK(seen->fingerprints[seen->count]);

    sink_span(&sink, sdp.fingerprint);
    sink_string(&sink);
    seen->with_cema += sdp.has_cema;
    seen->count++;
}

static bool is_of(const char *text, const char *host)
{
    uint8_t hash[PARTY_FINGERPRINT_SIZE];
    char expected[FINGERPRINT_TEXT + 1];
    struct sink sink = SINK(expected);

    party_fingerprint(party_set_server(&parties, span_of(host)), hash);
    fingerprint_write(hash, &sink);
    return fingerprint_is_same(span_of(text), sink_written(&sink));
}

/* An offer crosses six hops, its answer as many. */
static void the_sdp_names_the_certificates_that_are_shown(void)
{
    const char *const ue_a = "192.168.80.1", *const ue_b = "192.168.80.3";
    static struct descriptions seen;
    struct sim_tap tap = {.context = &seen, .wants_bytes = true, .message = tap_message};
    struct scenario scenario = standard();

    seen.count = seen.with_cema = 0;
    CU_ASSERT_EQUAL(run(&scenario, "msrp-tls-agw", 1000, &tap).end, OUTCOME_DELIVERED);
    CU_ASSERT_EQUAL(seen.count, 12);
    CU_ASSERT_EQUAL(seen.with_cema, 12);
    for (size_t i = 0; i < seen.count; i++)
        CU_ASSERT(is_of(seen.fingerprints[i], i < 6 ? ue_a : ue_b));
    seen.count = 0;
    CU_ASSERT_EQUAL(run(&scenario, "msrp-e2ae", 1000, &tap).end, OUTCOME_DELIVERED);
    CU_ASSERT(is_of(seen.fingerprints[0], ue_a) && is_of(seen.fingerprints[5], "agw-2.open-ims.test"));
    CU_ASSERT(is_of(seen.fingerprints[6], ue_b) && is_of(seen.fingerprints[11], "agw-1.open-ims.test"));
    for (size_t i = 1; i < 11; i++)
        CU_ASSERT(i == 5 || i == 6 || seen.fingerprints[i][0] == 0);
}

/* Who swaps the certificate's name at one CSCF, in one direction. */
struct swap {
    const char *role;
    bool is_answer;
    uint64_t count;
};

static bool swap_fingerprint(void *context, const char *role, bool is_answer, struct span sdp, struct sink *out)
{
    struct swap *swap = context;
    size_t at = span_find(sdp, SPAN("a=fingerprint:SHA-256 "));

    if (strcmp(role, swap->role) != 0 || is_answer != swap->is_answer || at == sdp.size)
        return false;
    at += sizeof("a=fingerprint:SHA-256 ") - 1;
    sink_bytes(out, sdp.data, at);
    sink_char(out, sdp.data[at] == '7' ? '8' : '7');
    sink_span(out, span_after(sdp, at + 1));
    swap->count++;
    return true;
}

/* Either end notices, with real certificates and without, whoever opens the connection. */
static void a_swapped_fingerprint_is_noticed(void)
{
    static const char *const names[] = {"msrp-tls", "msrp-tls-agw", "msrp-e2ae", "msrp-b2bua", NULL};
    static const struct swap swaps[] = {{"P-CSCF(A)", true, 0},
                                        {"P-CSCF(B)", false, 0},
                                        {"S-CSCF(A)", false, 0},
                                        {"S-CSCF(B)", true, 0},
                                        {"I-CSCF(B)", false, 0}};
    struct sim_tap wants_bytes = {.wants_bytes = true};

    for (int i = 0; names[i]; i++)
        for (size_t k = 0; k < sizeof(swaps) / sizeof(swaps[0]); k++)
            for (int active = 0; active < 2; active++)
                for (int real = 0; real < 2; real++) {
                    struct swap swap = swaps[k];
                    struct sim_tamper own = {.context = &swap, .sdp = swap_fingerprint};
                    struct scenario scenario = standard();

                    scenario.setup_active = active;
                    tamper = &own;
                    struct outcome outcome = run(&scenario, names[i], 1000, real ? &wants_bytes : NULL);

                    tamper = NULL;
                    /* Between gateways that end TLS there is none to swap. */
                    CU_ASSERT(swap.count == 1 || (swap.count == 0 && strcmp(names[i], "msrp-e2ae") == 0));
                    CU_ASSERT_EQUAL(outcome.end == OUTCOME_DELIVERED, swap.count == 0);
                }
}

static void fingerprints_are_compared_without_regard_to_case(void)
{
    CU_ASSERT(fingerprint_is_same(SPAN("SHA-256 4A:AD"), SPAN("sha-256 4a:ad")));
    CU_ASSERT(!fingerprint_is_same(SPAN("SHA-256 4A:AD"), SPAN("SHA-256 4A:AE")));
    CU_ASSERT(!fingerprint_is_same(SPAN(""), SPAN("")));
}

int main(void)
{
    const struct unit_test tests[] = {
        {"a P-CSCF asks its gateway before it passes SDP on", a_p_cscf_asks_its_gateway_before_it_passes_sdp_on},
        {"a slow side stops the fast one", a_slow_side_stops_the_fast_one},
        {"the SDP names the certificates that are shown", the_sdp_names_the_certificates_that_are_shown},
        {"RFC 8122: a swapped fingerprint is noticed", a_swapped_fingerprint_is_noticed},
        {"fingerprints are compared without regard to case", fingerprints_are_compared_without_regard_to_case},
        {NULL, NULL},
    };

    stage_open((struct party_set_config){0}, 0, 1);
    int status = unit_run("agw", tests);

    stage_close();
    return status;
}
