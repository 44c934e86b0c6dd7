/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What attacks make of a sealed file, judged by OpenSSL's program as well: it decrypts with user B's key, verifies
 * under the authority and its revocation list at the trial's date, and says whose certificate the signer's is. Its
 * verdict is that of the trial in which hopsim threats performs the same attack, and that of our own opening.
 */
#include "bench/harness/threat.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <unistd.h>

enum { FILE_BYTES = 2500, ROOM = 1 << 14 };

static const char alice[] = "sip:alice@open-ims.test", place[] = "edge-a|ue-a";
static char folder[] = "/tmp/hopsim-verdict-XXXXXX";

/* ---- Files ---- */

static const char *path_of(const char *name, struct sink *sink)
{
    sink_format(sink, "%s/%s", folder, name);
    return sink_string(sink);
}

static void save(const char *name, const void *bytes, size_t size)
{
    char path[128];
    struct sink sink = SINK(path);
    FILE *file = fopen(path_of(name, &sink), "wb");

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    CU_ASSERT_EQUAL(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static struct span load(const char *name, char *bytes)
{
    char path[128];
    struct sink sink = SINK(path);
    FILE *file = fopen(path_of(name, &sink), "rb");
    size_t size = file ? fread(bytes, 1, ROOM, file) : 0;

    if (file)
        fclose(file);
    return (struct span){bytes, size};
}

static bool program(const char *arguments)
{
    char text[1024];
    struct sink command = SINK(text);

    sink_format(&command, "cd %s && openssl %s >said 2>&1", folder, arguments);
    return system(sink_string(&command)) == 0;
}

/* Keys, certificates, and the authority's with its list behind it. */
static void save_parties(const struct mallory *mallory)
{
    enum party_kind kind = cms_party_kind(mallory->suite);
    const struct party *bob = &mallory->parties.bob[kind], *authority = &mallory->parties.authority[kind];
    char text[ROOM];
    struct sink pem = SINK(text);

    CU_ASSERT_EQUAL(party_write_certificate(authority, &pem), ERR_OK);
    CU_ASSERT_EQUAL(party_write_crl(authority, &pem), ERR_OK);
    save("authority.pem", text, pem.size);
    pem.size = 0;
    CU_ASSERT_EQUAL(party_write_certificate(bob, &pem), ERR_OK);
    save("bob.pem", text, pem.size);
    pem.size = 0;
    CU_ASSERT_EQUAL(party_write_key(bob, &pem), ERR_OK);
    save("bob.key", text, pem.size);
}

/* What is behind the first empty line. */
static struct span body_of(struct span entity)
{
    size_t head = span_find(entity, SPAN("\r\n\r\n"));

    return head < entity.size ? span_after(entity, head + 4) : (struct span){0};
}

/* ---- Verdicts ---- */

enum verdict { REFUSED, OF_ANOTHER, ORIGINAL, ALTERED };
static const char *const verdicts[] = {"refused", "another's", "original", "altered"};

static enum verdict of_file(const struct mallory *mallory, struct span file)
{
    return span_equal(file, (struct span){(const char *)mallory->file.bytes, mallory->file.size}) ? ORIGINAL : ALTERED;
}

static enum verdict by_program(const struct mallory *mallory, struct span sealed)
{
    static char bytes[ROOM];
    char text[512];
    struct sink arguments = SINK(text);

    save("sealed", sealed.data, sealed.size);
    if (!program("cms -decrypt -binary -inform DER -in sealed -recip bob.pem -inkey bob.key -out entity"))
        return REFUSED;
    struct span signed_data = body_of(load("entity", bytes));

    save("signed", signed_data.data, signed_data.size);
    sink_format(&arguments,
                "cms -verify -binary -inform DER -in signed -CAfile authority.pem -no-CApath -crl_check -x509_strict "
                "-auth_level 2 -purpose smimesign -attime %lld -signer signer.pem -out file",
                (long long)SIM_EPOCH_S);
    if (!program(sink_string(&arguments)))
        return REFUSED;
    if (!program("x509 -in signer.pem -noout -ext subjectAltName"))
        return OF_ANOTHER;
    struct span said = load("said", bytes), name = span_after(said, span_find(said, SPAN("URI:")));

    name.size = span_find_byte(name, '\n');
    if (name.size < 4 || !span_equal(span_after(name, 4), span_of(alice)))
        return OF_ANOTHER;
    return of_file(mallory, body_of(load("file", bytes)));
}

static enum verdict by_ours(const struct mallory *mallory, struct span sealed)
{
    enum party_kind kind = cms_party_kind(mallory->suite);
    static uint8_t bytes[ROOM];
    struct cms_opening opening = {.recipient = &mallory->parties.bob[kind],
                                  .authority = &mallory->parties.authority[kind],
                                  .sender_aor = alice,
                                  .at_s = SIM_EPOCH_S,
                                  .weakest = mallory->suite};
    struct note note = {{0}};
    size_t size = 0;

    if (cms_open(&opening, sealed, bytes, sizeof(bytes), &size, &note) != ERR_OK)
        return strstr(note.text, "not that of") ? OF_ANOTHER : REFUSED;
    return of_file(mallory, (struct span){(const char *)bytes, size});
}

static enum verdict by_trial(const struct threat_row *row)
{
    if (row->delivered == THREAT_ORIGINAL)
        return ORIGINAL;
    if (row->delivered == THREAT_ALTERED)
        return ALTERED;
    return strstr(row->why, "not that of") ? OF_ANOTHER : REFUSED;
}

/* ---- Attacks on the object ---- */

/* Yesterday's and today's, sealed by user A as a trial does. */
static void seal(const struct mallory *mallory, const struct mallory_object *file, struct mallory_object *sealed)
{
    enum party_kind kind = cms_party_kind(mallory->suite);
    struct cms_sealing sealing = {.sender = &mallory->parties.alice[kind],
                                  .recipient = &mallory->parties.bob[kind],
                                  .suite = mallory->suite,
                                  .with_certificate = true,
                                  .signing_time_s = SIM_EPOCH_S};
    struct source source = source_memory(file->bytes);
    struct note note = {{0}};

    sealed->size = cms_sealed_size(mallory->suite, true, file->size);
    sealed->bytes = malloc(sealed->size);
    CU_ASSERT_EQUAL_FATAL(
        cms_seal(&sealing, (struct slice){&source, 0, file->size}, sealed->bytes, sealed->size, &note), ERR_OK);
}

static void add(struct mallory_object *object, const struct mallory_object *from, size_t begin, size_t end)
{
    mallory_object_add(object, (struct span){(const char *)from->bytes + begin, end - begin});
}

static void change_bit(const struct mallory_object *sealed, struct mallory_object *out)
{
    add(out, sealed, 0, sealed->size);
    out->bytes[sealed->size / 2] ^= 1;
}

static void truncate_half(const struct mallory_object *sealed, struct mallory_object *out)
{
    add(out, sealed, 0, sealed->size / 2);
}

static void drop_third(const struct mallory_object *sealed, struct mallory_object *out)
{
    add(out, sealed, 0, sealed->size / 3);
    add(out, sealed, 2 * (sealed->size / 3), sealed->size);
}

static void swap_halves(const struct mallory_object *sealed, struct mallory_object *out)
{
    add(out, sealed, sealed->size / 2, sealed->size);
    add(out, sealed, 0, sealed->size / 2);
}

static const struct attack {
    const char *name;
    void (*change)(const struct mallory_object *sealed, struct mallory_object *out); /* user A's; NULL: */
    int sealed; /* enum mallory_sealed: what comes in its place; -1: yesterday's */
    enum verdict expected;
} attacks[] = {
    {"change-bit", change_bit, 0, REFUSED},
    {"truncate", truncate_half, 0, REFUSED},
    {"drop-chunk", drop_third, 0, REFUSED},
    {"reorder", swap_halves, 0, REFUSED},
    {"replay", NULL, -1, ALTERED},
    {"swap-sender", NULL, MALLORY_SEALED_OWN, OF_ANOTHER},
    {"forward", NULL, MALLORY_SEALED_FORWARDED, OF_ANOTHER},
    {"expired-certificate", NULL, MALLORY_SEALED_FLAWED + MALLORY_EXPIRED, REFUSED},
    {"self-signed-certificate", NULL, MALLORY_SEALED_FLAWED + MALLORY_SELF_SIGNED, REFUSED},
    {"wrong-name-certificate", NULL, MALLORY_SEALED_FLAWED + MALLORY_WRONG_NAME, OF_ANOTHER},
    {"revoked-certificate", NULL, MALLORY_SEALED_FLAWED + MALLORY_REVOKED, REFUSED},
};
enum { ATTACKS = sizeof(attacks) / sizeof(*attacks) };

static const struct threat_row *find(const struct threats *threats, const char *attack)
{
    const char *at = strcmp(attack, "forward") == 0 ? "UE-A" : place;

    for (size_t i = 0; i < threats_count(threats); i++) {
        const struct threat_row *row = threats_row(threats, i);

        if (!row->has_hash && strcmp(row->attack->name, attack) == 0 && strcmp(row->place->name, at) == 0)
            return row;
    }
    return NULL;
}

static struct threats *perform(struct setup *setup)
{
    static struct threat_plan plan;
    struct threats *threats = NULL;
    struct note note = {{0}};

    plan = (struct threat_plan){.setup = setup,
                                .arms = {arm_find(SPAN("msrp-smime"))},
                                .arm_count = 1,
                                .places = "edge-a|ue-a,UE-A",
                                .file_bytes = FILE_BYTES,
                                .jobs = 2};
    CU_ASSERT_EQUAL_FATAL(threats_run(&plan, &threats, &note), ERR_OK);
    return threats;
}

static void expect(const struct mallory *mallory, const struct threats *threats, const struct attack *attack)
{
    struct mallory_object today = {NULL, 0}, old = {NULL, 0}, made = {NULL, 0};
    const struct mallory_object *object = attack->sealed >= 0 ? &mallory->sealed[attack->sealed] : &old;
    const struct threat_row *row = find(threats, attack->name);

    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    seal(mallory, &mallory->file, &today);
    seal(mallory, &mallory->old_file, &old);
    if (attack->change) {
        attack->change(&today, &made);
        object = &made;
    }
    struct span sealed = {(const char *)object->bytes, object->size};
    enum verdict theirs = by_program(mallory, sealed), ours = by_ours(mallory, sealed), trial = by_trial(row);
    bool is_right = theirs == attack->expected && ours == theirs && trial == theirs;

    CU_ASSERT(is_right);
    if (!is_right)
        fprintf(stderr, "%s: the program: %s, we: %s, the trial: %s\n", attack->name, verdicts[theirs], verdicts[ours],
                verdicts[trial]);
    mallory_object_free(&today);
    mallory_object_free(&old);
    mallory_object_free(&made);
}

/* Everybody's keys of RSA take seconds to make. */
static int last_suite(void)
{
    return unit_is_long() ? SUITE_2013_3DES : SUITE_RFC8591;
}

static void check_suite(int suite)
{
    static struct setup setup;
    static struct mallory mallory;
    struct note note = {{0}};

    CU_ASSERT_EQUAL_FATAL(scenario_file_read(SPAN("home"), &setup.file, &note), ERR_OK);
    setup.file.scenario.suite = suite;
    CU_ASSERT_EQUAL_FATAL(setup_open(&setup, &note), ERR_OK);
    CU_ASSERT_EQUAL_FATAL(mallory_init(&mallory, &setup.file.scenario, FILE_BYTES, &note), ERR_OK);
    struct threats *threats = perform(&setup);

    save_parties(&mallory);
    for (size_t i = 0; i < ATTACKS; i++)
        expect(&mallory, threats, &attacks[i]);
    threats_free(threats);
    mallory_free(&mallory);
    setup_close(&setup);
}

static void openssl_judges_attacks_as_the_trials_do(void)
{
    for (int suite = SUITE_RFC8591; suite <= last_suite(); suite++)
        check_suite(suite);
}

/* One bit at many places. Outside of what is encrypted the program is more lenient: it takes numbers of versions and
 * names of recipients that are other ones. What it takes then is what was sent, and we may refuse it. */
static void openssl_refuses_no_bit_that_we_take(int suite)
{
    struct scenario scenario;
    static struct mallory mallory;
    struct mallory_object today = {NULL, 0};
    struct note note = {{0}};
    size_t lenient = 0, count = 0;

    field_defaults(scenario_fields, &scenario);
    scenario.suite = suite;
    CU_ASSERT_EQUAL_FATAL(mallory_init(&mallory, &scenario, 100, &note), ERR_OK);
    save_parties(&mallory);
    seal(&mallory, &mallory.file, &today);
    for (size_t at = 0; at < today.size; at += unit_is_long() ? 7 : 89, count++) {
        today.bytes[at] ^= (uint8_t)(1 << at % 8);
        struct span sealed = {(const char *)today.bytes, today.size};
        enum verdict theirs = by_program(&mallory, sealed), ours = by_ours(&mallory, sealed);
        bool is_right = theirs == ours || (ours == REFUSED && theirs == ORIGINAL);

        CU_ASSERT(is_right && theirs != ALTERED);
        if (!is_right)
            fprintf(stderr, "a bit of byte %zu: the program: %s, we: %s\n", at, verdicts[theirs], verdicts[ours]);
        lenient += theirs == ORIGINAL;
        today.bytes[at] ^= (uint8_t)(1 << at % 8);
    }
    CU_ASSERT(lenient < count / 4);
    mallory_object_free(&today);
    mallory_free(&mallory);
}

static void openssl_judges_single_bits_as_we_do(void)
{
    for (int suite = SUITE_RFC8591; suite <= last_suite(); suite++)
        openssl_refuses_no_bit_that_we_take(suite);
}

static void remove_folder(void)
{
    static const char *const names[] = {"authority.pem", "bob.pem",    "bob.key", "sealed", "entity",
                                        "signed",        "signer.pem", "file",    "said"};

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        char path[128];
        struct sink sink = SINK(path);

        unlink(path_of(names[i], &sink));
    }
    rmdir(folder);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"OpenSSL judges attacks as the trials do", openssl_judges_attacks_as_the_trials_do},
        {"OpenSSL refuses no changed bit that we take", openssl_judges_single_bits_as_we_do},
        {NULL, NULL},
    };

    if (!mkdtemp(folder))
        return 3;
    int status = unit_run("threats against OpenSSL", tests);

    remove_folder();
    return status;
}
