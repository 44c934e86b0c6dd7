/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Exported keys, read back by OpenSSL: each key belongs to its certificate, which the authority signed.
 */
#include "bench/harness/keys.h"
#include "tests/traces/folder.h"
#include "tests/unit.h"

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <sys/stat.h>

static struct folder folder = {"/tmp/hopsim-keys-XXXXXX", ""};

static X509 *read_certificate(const char *name)
{
    FILE *file = fopen(folder_path(&folder, name), "r");
    X509 *certificate = file ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;

    if (file)
        fclose(file);
    return certificate;
}

static EVP_PKEY *read_key(const char *name)
{
    FILE *file = fopen(folder_path(&folder, name), "r");
    EVP_PKEY *key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;

    if (file)
        fclose(file);
    return key;
}

static void remove_keys(void)
{
    folder_remove_file(&folder, "authority.pem");
    folder_remove_file(&folder, "alice.pem");
    folder_remove_file(&folder, "bob.pem");
}

static void keys_belong_to_certificates_that_the_authority_signed(void)
{
    struct party_set parties;
    struct note note = {0};

    CU_ASSERT_FATAL(party_set_init(&parties, &(struct party_set_config){.with_rsa = false}, &note) == ERR_OK);
    CU_ASSERT_FATAL(keys_save(&parties, PARTY_EC, folder.path, &note) == ERR_OK);
    X509 *authority = read_certificate("authority.pem");
    EVP_PKEY *authority_key = authority ? X509_get_pubkey(authority) : NULL;

    CU_ASSERT_FATAL(authority_key != NULL);
    CU_ASSERT(read_key("authority.pem") == NULL);
    static const char *const names[] = {"alice.pem", "bob.pem"};

    for (int i = 0; i < 2; i++) {
        struct stat status;

        CU_ASSERT(stat(folder_path(&folder, names[i]), &status) == 0 && (status.st_mode & 0777) == 0600);
        X509 *certificate = read_certificate(names[i]);
        EVP_PKEY *key = read_key(names[i]);

        CU_ASSERT_FATAL(certificate && key);
        CU_ASSERT(X509_check_private_key(certificate, key) == 1);
        CU_ASSERT(X509_verify(certificate, authority_key) == 1);
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
    EVP_PKEY_free(authority_key);
    X509_free(authority);
    remove_keys();
    party_set_free(&parties);
}

static void keys_that_are_there_are_not_overwritten(void)
{
    struct party_set parties;
    struct note note = {0};

    CU_ASSERT_FATAL(party_set_init(&parties, &(struct party_set_config){.with_rsa = false}, &note) == ERR_OK);
    CU_ASSERT(keys_save(&parties, PARTY_EC, folder.path, &note) == ERR_OK);
    CU_ASSERT(keys_save(&parties, PARTY_EC, folder.path, &note) == ERR_FILE);
    CU_ASSERT(strstr(note.text, "authority.pem exists already") != NULL);
    remove_keys();
    note = (struct note){0};
    CU_ASSERT(keys_save(&parties, PARTY_EC, "/dev/null/keys", &note) == ERR_FILE);
    CU_ASSERT(strstr(note.text, "/dev/null/keys: Not a directory") != NULL);
    party_set_free(&parties);
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"keys belong to certificates that the authority signed",
         keys_belong_to_certificates_that_the_authority_signed},
        {"keys that are there are not overwritten", keys_that_are_there_are_not_overwritten},
        {NULL, NULL},
    };

    if (!mkdtemp(folder.path))
        return 3;
    int status = unit_run("keys", tests);

    rmdir(folder.path);
    return status;
}
