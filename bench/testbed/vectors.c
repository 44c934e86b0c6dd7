/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vectors REALM USERS FIRST EACH - SQL for the testbed's HSS: fresh authentication vectors (3GPP TS 33.102 section 6.3)
 * of each user of a realm, FIRST of the first one and EACH of the others, with random challenges. Users are called
 * alice (home-a.test) or bob (home-b.test), then user1 ... The keys are the ones that the testbed's user agents hold:
 * printable, since SIPp takes them as text.
 */
#include "sim/base/sink.h"
#include "sim/sec/aka.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

static const char secret[] = "0123456789abcdef";    /* K */
static const char operator_[] = "fedcba9876543210"; /* OP */

static void write_hex(struct sink *sink, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sink_hex(sink, bytes[i], 2);
}

/* SIPp computes a digest of RES up to its first zero byte; a challenge whose RES has one is not used. */
static bool has_zero(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] == 0)
            return true;
    return false;
}

static bool make_vector(struct aka_centre *centre, struct aka_vector *vector)
{
    uint8_t rand[MILENAGE_RAND_SIZE];

    do {
        if (getrandom(rand, sizeof(rand), 0) != (ssize_t)sizeof(rand))
            return false;
        aka_vector_make(centre, rand, vector);
    } while (has_zero(vector->answer.res, sizeof(vector->answer.res)) || has_zero(rand, sizeof(rand)));
    return true;
}

/* A row of htable's table: the key "user@realm:number", the value RAND||AUTN, XRES, CK, IK in hexadecimal. */
static void write_row(const char *name, const char *realm, unsigned number, const struct aka_vector *vector)
{
    char text[512];
    struct sink sink = SINK(text);

    sink_format(&sink, "insert into av(key_name,key_type,value_type,key_value) values('%s@%s:%u',0,0,'", name, realm,
                number);
    write_hex(&sink, vector->rand, sizeof(vector->rand));
    write_hex(&sink, vector->autn, sizeof(vector->autn));
    sink_char(&sink, ' ');
    write_hex(&sink, vector->answer.res, sizeof(vector->answer.res));
    sink_char(&sink, ' ');
    write_hex(&sink, vector->answer.ck, sizeof(vector->answer.ck));
    sink_char(&sink, ' ');
    write_hex(&sink, vector->answer.ik, sizeof(vector->answer.ik));
    sink_text(&sink, "');");
    puts(sink_string(&sink));
}

static bool write_user(const char *realm, unsigned long user, unsigned long each)
{
    struct aka_centre centre = {.sqn = 0};
    struct aka_vector vector;
    char name[32];
    struct sink sink = SINK(name);

    memcpy(centre.key.k, secret, MILENAGE_KEY_SIZE);
    milenage_opc(centre.key.k, (const uint8_t *)operator_, centre.key.opc);
    if (user == 0)
        sink_text(&sink, strcmp(realm, "home-a.test") == 0 ? "alice" : "bob");
    else
        sink_format(&sink, "user%lu", user);
    for (unsigned number = 1; number <= each; number++) {
        if (!make_vector(&centre, &vector))
            return false;
        write_row(sink_string(&sink), realm, number, &vector);
    }
    return true;
}

int main(int count, char **words)
{
    unsigned long users = count == 5 ? strtoul(words[2], NULL, 10) : 0;
    unsigned long first = count == 5 ? strtoul(words[3], NULL, 10) : 0;
    unsigned long each = count == 5 ? strtoul(words[4], NULL, 10) : 0;

    if (users == 0 || first == 0 || each == 0) {
        fputs("usage: vectors REALM USERS FIRST EACH\n", stderr);
        return 2;
    }
    puts("create table version(table_name text, table_version integer);\n"
         "insert into version values('av', 2);\n"
         "create table av(id integer primary key, key_name text, key_type integer, value_type integer, key_value text, "
         "expires integer default 0);\nbegin;");
    for (unsigned long user = 0; user < users; user++)
        if (!write_user(words[1], user, user == 0 ? first : each)) {
            fputs("vectors: the kernel gives no random numbers\n", stderr);
            return 3;
        }
    puts("commit;");
    return fflush(stdout) == 0 ? 0 : 3;
}
