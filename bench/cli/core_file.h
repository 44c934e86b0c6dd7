/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * core_file.h - the file that tells `hopsim measure --core` of another program's IMS core: INI text with a section
 * [ue-a] and [ue-b] for each user and [relay-1], [relay-2] ... for the places of MSRP relays of ours. bench/testbed
 * writes one; `hopsim measure --help` says what the keys are.
 */
#ifndef BENCH_CLI_CORE_FILE_H
#define BENCH_CLI_CORE_FILE_H

#include "bench/measure/core.h"

/* The keys, for people. */
#define CORE_FILE_HELP                                                                                                 \
    "FILE of --core: [ue-a] and [ue-b], each with\n"                                                                   \
    "  namespace  network namespace under /run/netns that the user's process lives in; the command's own unless "      \
    "given\n"                                                                                                          \
    "  address    IPv4 address of the user, its own\n"                                                                 \
    "  user, domain, private   alice, home-a.test, alice@home-a.test (user@domain unless given)\n"                     \
    "  key, op or opc          32 hexadecimal digits each, of AKA (Milenage)\n"                                        \
    "  p-cscf     ADDRESS or ADDRESS:PORT\n"                                                                           \
    "  p-cscf-name             as Route has it; the address unless given\n"                                            \
    "  transport  udp (unless given), tcp or tls; of both users\n"                                                     \
    "and [relay-1], [relay-2] ..., each with namespace and address, where relays of ours may live\n"

/* Reads the file of that path. Errors say "FILE:LINE: what was expected"; the core is then untouched. */
MUST_USE enum err core_file_read(const char *path, struct core *core, struct note *note);

/* The same for a text; name is what messages call it. */
MUST_USE enum err core_file_parse(struct span text, const char *name, struct core *core, struct note *note);

#endif
