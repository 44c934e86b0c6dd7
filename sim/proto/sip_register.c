/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/sip_register.h"
#include "sim/base/units.h"
#include "sim/wire/sip.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void sip_digest_response(const struct sip_auth *auth, struct span method, struct span password, sip_md5_fn *md5,
                         char response[SIP_DIGEST_SIZE])
{
    const struct span colon = SPAN(":");
    char secret[SIP_DIGEST_SIZE], request[SIP_DIGEST_SIZE];
    const struct span a1[] = {auth->username, colon, auth->realm, colon, password};
    const struct span a2[] = {method, colon, auth->uri};
    const struct span ha1 = {secret, sizeof(secret)}, ha2 = {request, sizeof(request)};
    const struct span with_qop[] = {ha1,          colon, auth->nonce, colon, auth->nc, colon,
                                    auth->cnonce, colon, auth->qop,   colon, ha2};
    const struct span without[] = {ha1, colon, auth->nonce, colon, ha2};

    md5(a1, COUNT(a1), secret);
    md5(a2, COUNT(a2), request);
    if (auth->qop.size > 0)
        md5(with_qop, COUNT(with_qop), response);
    else
        md5(without, COUNT(without), response);
}

uint32_t sip_expires_s(const struct sip_message *message, uint32_t otherwise_s)
{
    struct span contacts = sip_value(message, SIP_HEADER_CONTACT), contact, text;
    struct sip_address address;
    uint64_t seconds;

    if (sip_cut_element(&contacts, &contact) == ERR_OK && sip_parse_address(contact, &address) == ERR_OK &&
        sip_parameter(address.parameters, SPAN("expires"), &text) && sip_parse_number(text, &seconds) == ERR_OK)
        return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
    if (sip_parse_number(sip_value(message, SIP_HEADER_EXPIRES), &seconds) == ERR_OK)
        return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
    return otherwise_s;
}

int64_t sip_long_wait_ns(int64_t left_ns)
{
    int64_t wait_ns = SECOND;

    while (wait_ns <= left_ns / 2)
        wait_ns *= 2;
    return wait_ns;
}
