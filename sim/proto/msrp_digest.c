/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/proto/msrp_digest.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void msrp_digest_response(const struct msrp_digest *digest, msrp_md5_fn *md5, char response[32])
{
    const struct span colon = SPAN(":");
    const struct span a1[] = {digest->user, colon, digest->realm, colon, digest->password};
    const struct span a2[] = {SPAN("AUTH"), colon, digest->uri};
    char secret[32], request[32];
    const struct span all[] = {
        {secret, sizeof(secret)},
        colon,
        digest->nonce,
        colon,
        digest->count,
        colon,
        digest->cnonce,
        colon,
        SPAN("auth"),
        colon,
        {request, sizeof(request)},
    };

    md5(a1, COUNT(a1), secret);
    md5(a2, COUNT(a2), request);
    md5(all, COUNT(all), response);
}
