/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cargo.h - the file of an MSRP session as it is carried: sealed or in clear, hashed or not (RFC 8591, RFC 5547). What
 * it costs at either end, and, where bytes are real, the sealing, opening and verifying themselves. When each is done
 * is the session's business (session.h).
 */
#ifndef SIM_IMS_CARGO_H
#define SIM_IMS_CARGO_H

#include "sim/ims/pieces.h"
#include "sim/wire/sdp.h"
#include "sim/wire/sip_identity.h"

enum { CARGO_HASH_TEXT = sizeof("sha-1:") - 1 + 3 * 20 - 1 };

struct cargo {
    struct world *world;
    bool is_sealed_body; /* the arm's body is CMS */
    struct slice body;   /* as carried */
    const char *content_type;
    uint8_t *received;                      /* at UE-B, where bytes are real; else NULL */
    uint64_t received_capacity;             /* body.length bytes, and more where somebody tampers */
    char transfer_id[17];                   /* a=file-transfer-id */
    char hash[CARGO_HASH_TEXT + 1];         /* of the file, as UE-A offers it; empty: none */
    char offered_hash[CARGO_HASH_TEXT + 1]; /* as UE-B has got it */
    bool has_offered_size;
    uint64_t offered_size;            /* as UE-B has got it */
    char peer_aor[SIP_IDENTITY_SIZE]; /* whom UE-B has it from, as SIP says; empty: nobody */
    struct source sealed_source;
    struct pieces pieces;                  /* count 0: the file is sealed whole */
    uint64_t pieces_sealed;                /* at UE-A */
    uint64_t sealed_bytes;                 /* of the body, there so far at UE-A */
    uint64_t pieces_opened;                /* at UE-B */
    uint64_t received_bytes;               /* of the body, at UE-B */
    bool is_opening, is_open;              /* a piece is with the CPU; who waits for the last has been named */
    void *sealed_context, *opened_context; /* who waits for cargo_seal and cargo_open */
    station_done_fn *sealed, *opened;
};

/* With real bytes the file is sealed and hashed here, so that a trial does not wait for it twice. */
void cargo_init(struct cargo *cargo, struct world *world);

/* The file's attributes in an offer or answer, and what UE-B keeps of the offer. */
void cargo_describe(const struct cargo *cargo, struct sdp_msrp *sdp);
void cargo_offered(struct cargo *cargo, const struct sdp_msrp *offer);

/* The head of the INVITE or MESSAGE that brings UE-B the file: it says whom the file has to be signed by. */
void cargo_heard(struct cargo *cargo, struct span head);

/* Work of UE-A: done at once where the scenario has none. Sealing begins when the recipient's certificate is there; a
 * file that is sealed piece by piece calls done for each. */
void cargo_hash(struct cargo *cargo, const struct cause *cause, void *context, station_done_fn *done);
void cargo_seal(struct cargo *cargo, const struct cause *cause, void *context, station_done_fn *done);

/* So many bytes of the body are at UE-B: pieces are opened as they come. */
void cargo_grown(struct cargo *cargo, uint64_t received_bytes, const struct cause *cause);

/* Work of UE-B on the body that it has whole: opens it, or what is left, then hashes the file. */
void cargo_open(struct cargo *cargo, const struct cause *cause, void *context, station_done_fn *done);

/* Whether a body of that length and type can be what was offered, as far as UE-B knows before it opens it. */
bool cargo_fits(const struct cargo *cargo, uint64_t length, struct span content_type);

/* Whether UE-B takes what it holds, length bytes of the body: signature, certificate, size and hash, where bytes are
 * real. What it takes has to be the file, unless somebody tampers: then they are shown what it is. */
bool cargo_verify(const struct cargo *cargo, uint64_t length);

/* The same of a file that came without a cargo: length bytes. */
bool cargo_take(struct world *world, const uint8_t *bytes, uint64_t length);

#endif
