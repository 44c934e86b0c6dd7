/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scenario.h - everything that a trial depends on but the file's bytes, the tables of dwells and costs, and the arm.
 * One table, scenario_fields, says for each member its name, unit, range, default and source.
 */
#ifndef SIM_SCENARIO_H
#define SIM_SCENARIO_H

#include "sim/base/field.h"

enum topology { TOPOLOGY_SINGLE_HOST, TOPOLOGY_HOME, TOPOLOGY_TWO_DOMAINS, TOPOLOGY_ROAMING, TOPOLOGY_COUNT };
enum breakout { BREAKOUT_S8HR, BREAKOUT_LBO };
enum access_preset { ACCESS_CUSTOM, ACCESS_LAN, ACCESS_WIFI, ACCESS_LTE, ACCESS_5G, ACCESS_COUNT };
enum connections { CONNECTIONS_WARM, CONNECTIONS_COLD };
enum auth { AUTH_PER_SESSION, AUTH_CACHED };
enum relay_forwarding { RELAY_STORE_AND_FORWARD, RELAY_CUT_THROUGH };
enum sip_transport_rule { SIP_TRANSPORT_AS_OBSERVED, SIP_TRANSPORT_AS_RFC };
enum protection { PROTECTION_NONE, PROTECTION_ESP, PROTECTION_TLS };
enum provisional { PROVISIONAL_NONE, PROVISIONAL_180, PROVISIONAL_183 };
enum peer_state {
    PEER_REGISTERED,
    PEER_UNKNOWN,
    PEER_UNREGISTERED,
    PEER_EXPIRED,
    PEER_BUSY,
    PEER_NO_SMIME,
    PEER_DECLINES,
    PEER_COUNT
};
enum peer_msrp { PEER_MSRP_REGULAR, PEER_MSRP_TEXT_ONLY, PEER_MSRP_FORGETFUL, PEER_MSRP_COUNT };
enum proxy_auth { PROXY_AUTH_OFF, PROXY_AUTH_DIGEST, PROXY_AUTH_WRONG_PASSWORD };
enum subscriber_state {
    SUBSCRIBER_REGULAR,
    SUBSCRIBER_UNKNOWN,
    SUBSCRIBER_BARRED,
    SUBSCRIBER_WRONG_KEY,
    SUBSCRIBER_WRONG_RESPONSE,
    SUBSCRIBER_OUT_OF_SYNC
};
enum dns { DNS_CACHED, DNS_COLD };
enum ended_by { ENDED_BY_CALLER, ENDED_BY_CALLEE };
enum overload { OVERLOAD_NONE, OVERLOAD_P_A, OVERLOAD_S_A, OVERLOAD_I_B, OVERLOAD_S_B, OVERLOAD_P_B, OVERLOAD_COUNT };
enum devices_answer { DEVICES_RING, DEVICES_ANSWER };
enum chunking { CHUNKING_FEW_LARGE, CHUNKING_2048 };
enum failure_report { FAILURE_REPORT_YES, FAILURE_REPORT_NO, FAILURE_REPORT_PARTIAL };
enum file_hash { FILE_HASH_OFF, FILE_HASH_SHA1 };
enum recipient { RECIPIENT_CACHED, RECIPIENT_FETCH };
enum setup_active { SETUP_OFFERER, SETUP_ANSWERER };
enum seal_when { SEAL_AFTER_ANSWER, SEAL_AT_PRESS, SEAL_BEFORE_INVITE };
enum jitter_order { JITTER_KEPT, JITTER_FREE };
enum tcp_set { TCP_SET_RFC, TCP_SET_LINUX, TCP_SET_COUNT };
enum tcp_loss_base { TCP_LOSS_FLIGHT, TCP_LOSS_WINDOW };
enum tcp_rack_rules { TCP_RACK_RFC, TCP_RACK_LINUX };
enum tcp_recovery { TCP_RECOVERY_SACK, TCP_RECOVERY_RACK_TLP };
enum arrivals { ARRIVALS_POISSON, ARRIVALS_DETERMINISTIC, ARRIVALS_STAIRCASE, ARRIVALS_CAPTURE, ARRIVALS_COUNT };
enum dwell_distribution { DWELL_LOGNORMAL, DWELL_EXPONENTIAL };
enum tls_resumption { RESUMPTION_FULL, RESUMPTION_TICKET };
enum suite { SUITE_RFC8591, SUITE_RFC4975_RSA, SUITE_2013_3DES };

/* A kind of link, both directions alike but for what the scenario says of access links. */
struct scenario_link {
    uint64_t rate_bps;
    int64_t delay_ns;
    int64_t jitter_ns;
    int jitter_order;
    double loss;
    uint64_t loss_burst;
    uint64_t queue_bytes;
    uint64_t mtu;
    uint64_t overhead_bytes;
    uint64_t burst_bytes; /* 0: no token bucket */
};

struct scenario {
    char name[FIELD_TEXT_SIZE];
    char shows[FIELD_TEXT_SIZE]; /* one sentence for `list scenarios` */
    int topology;
    int breakout;      /* of TOPOLOGY_ROAMING */
    int access_preset; /* whose values stand in access, unless they were changed after it */
    int connections;
    uint64_t seed;

    char file_path[FIELD_TEXT_SIZE]; /* "": the built-in text, repeated or cut to file_bytes */
    uint64_t file_bytes;             /* 0: as long as the file is */

    struct scenario_link access; /* UE to its edge router; on single-host every host to the switch */
    uint64_t access_rate_up_bps; /* from a UE to the network; 0: as access.rate_bps */
    int64_t promotion_ns;        /* what the first packet of a UE waits for after promotion_idle_ns of silence */
    int64_t promotion_idle_ns;
    struct scenario_link core;     /* edge router to core router */
    struct scenario_link site;     /* CSCF, HSS, relay host or border router to the core router */
    struct scenario_link za;       /* between the border routers of two networks */
    struct scenario_link s8;       /* from the visited network to the home network */
    struct scenario_link loopback; /* between roles on one host */
    int64_t forward_extra_ns;      /* added to every link's propagation in the direction of the file */
    int64_t cut_ns;                /* from the press until UE-B's link loses everything; 0: never */

    char dwell_table[FIELD_TEXT_SIZE];
    double dwell_spread; /* coefficient of variation of each dwell; 0: constant */
    char cost_table[FIELD_TEXT_SIZE];
    uint64_t cpu_workers;
    uint64_t cpu_queue;
    int64_t answer_ns;        /* human answering time */
    int64_t retry_after_ns;   /* of an overloaded CSCF */
    int64_t cancel_ns;        /* from the INVITE until UE-A's user gives up; 0: never */
    int64_t reservation_ns;   /* from the answer in the 183 to resources at a UE */
    int64_t devices_lag_ns;   /* how much later than the first other devices answer */
    uint64_t background_rate; /* requests of other users a second; 0: none */
    uint64_t devices;         /* of user B */
    int peer_state;           /* enum peer_state */
    int peer_msrp;            /* enum peer_msrp: what UE-B does with what it promised to take */
    int proxy_auth;           /* enum proxy_auth */
    int subscriber;           /* enum subscriber_state: UE-A's subscription */
    int dns;                  /* enum dns */
    int second_uar;           /* bool: the I-CSCF asks the HSS for the second REGISTER too */
    int overload_at;          /* enum overload */
    int reset_at;             /* enum overload: the node that has lost its SIP connections */
    int heeds_retry_after;    /* bool: what begins is held back from a next hop that has said Retry-After */
    int devices_answer;       /* enum devices_answer: what all but the first device do */
    int provisional;          /* enum provisional: what comes before the 200 to INVITE */
    int ended_by;             /* enum ended_by: who sends BYE */
    int has_reliable_ringing; /* bool: the 180 too is answered by PRACK */
    int sip_transport;        /* enum sip_transport_rule */
    int ifc_orig;             /* bool: user A's profile sends INVITE and MESSAGE to an application server */
    int ifc_term;             /* bool: the same of user B's */
    int sip_takes_tcp;        /* bool: SIP nodes accept the connections that as-rfc asks for */
    uint64_t message_bytes;   /* of a MESSAGE as it leaves UE-A, headers included */
    uint64_t relays;
    uint64_t seal_chunk_bytes;  /* that are sealed on their own; 0: the file is sealed whole */
    uint64_t relay_chunk_bytes; /* that relays pass on at most in a SEND; 0: as they come */
    int64_t agw_control_ns;     /* what a P-CSCF waits for its IMS-AGW with each SDP */
    int relay_forwarding;
    int auth;
    int setup_active;  /* who opens the session's connection */
    int asks_nickname; /* bool: before the file, by a method that UE-B does not know */
    int chunking;
    uint64_t window;         /* SENDs outstanding; 0: without limit */
    int64_t read_ns;         /* from the last byte of the file at UE-B until it is read */
    int64_t text_after_ns;   /* from the file's first byte until UE-A's user types a text; 0: never */
    int64_t second_after_ns; /* from the file's first byte until UE-A claims the session on another connection */
    int success_report;
    int failure_report;
    uint64_t receive_bytes_max; /* of a message that UE-B takes; 0: without limit */

    int dwell_distribution;         /* enum dwell_distribution */
    int load_arrivals;              /* enum arrivals: what follows is of a load alone */
    uint64_t load_rate_per_ks;      /* attempts */
    int64_t load_ns;                /* for how long they come */
    uint64_t load_users;            /* registered, half of them callers */
    uint64_t load_step_rate_per_ks; /* of a staircase: how much higher each step is */
    int64_t load_step_ns;           /* and how long */
    char load_capture[FIELD_TEXT_SIZE];
    uint64_t load_calls_per_ks; /* beside them, without a file */
    int64_t load_call_ns;       /* mean time that people talk */
    uint64_t load_registrations_per_ks;
    int64_t load_delay_max_ns; /* 0: none is too long */
    uint64_t overload_jobs;    /* at a CSCF's host, from which on it refuses; 0: never */
    int64_t overload_work_ns;  /* of a refusal */

    int signalling_gm; /* enum protection */
    int signalling_core;
    int signalling_za;
    int esp_suite;                /* enum esp_suite */
    uint64_t message_large_bytes; /* message_bytes in message-large */

    int tcp_set;        /* whose values stand below, unless they were changed after it */
    int tcp_congestion; /* enum tcp_congestion_kind */
    int tcp_hystart;    /* bool */
    int tcp_recovery;
    int tcp_loss_base;
    int tcp_rack_rules;
    int tcp_idle_restart; /* enum tcp_idle_restart */
    int64_t tcp_rto_spread_min_ns;
    int64_t tcp_rack_margin_ns;
    uint64_t tcp_initial_window;
    uint64_t tcp_buffer_bytes;
    int64_t tcp_delayed_ack_ns;
    int64_t tcp_rto_min_ns;
    int tcp_timestamps; /* bool */
    int tcp_quick_ack;  /* bool */

    int tls_version;    /* enum tls_version */
    int tls_cipher;     /* enum tls_cipher: AES-CBC with 1.2 alone */
    int tls_resumption; /* enum tls_resumption */
    int esp_nat;        /* bool: Gm crosses a NAT */
    int suite;
    int certificate; /* bool: the signer's certificate is included in the CMS */
    int seal_when;
    int file_hash; /* enum file_hash: of the file, in its offer */
    int recipient; /* enum recipient: where its certificate comes from */
};

/* Ends with a row whose name is NULL. */
extern const struct field scenario_fields[];

#endif
