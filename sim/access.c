/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/access.h"

#define UPLOADS_2023 "Ofcom, Mobile Matters 2023: mean upload in the UK"
#define DOWNLOADS_2023 "Ofcom, Mobile Matters 2023: mean download in the UK"

/* A row a line, as a table is read. Every preset has every parameter, so that none is left of what was set before. */
/* clang-format off */
const struct preset_value access_values[] = {
    {ACCESS_LAN, "access.rate", "1Gbit/s", "IEEE 802.3ab"},
    {ACCESS_LAN, "access.rate_up", "0", "as downwards"},
    {ACCESS_LAN, "access.delay", "100us", "assumed: cable and a switch"},
    {ACCESS_LAN, "access.jitter", "0", "assumed"},
    {ACCESS_LAN, "access.jitter_order", "kept", "a wire keeps it"},
    {ACCESS_LAN, "access.loss", "0", "assumed"},
    {ACCESS_LAN, "access.loss_burst", "1", "assumed: each is lost independently"},
    {ACCESS_LAN, "access.queue", "256KiB", "assumed"},
    {ACCESS_LAN, "access.burst", "0", "a transmitter has no bucket"},
    {ACCESS_LAN, "access.mtu", "1500B", "RFC 894"},
    {ACCESS_LAN, "access.overhead", "14B", "an Ethernet header, as captures show it"},
    {ACCESS_LAN, "access.promotion", "0", "a wire has no such state"},
    {ACCESS_LAN, "access.promotion_idle", "10s", "without effect"},

    {ACCESS_WIFI, "access.rate", "100Mbit/s", "assumed: what 802.11ac leaves a user at home"},
    {ACCESS_WIFI, "access.rate_up", "50Mbit/s", "assumed"},
    {ACCESS_WIFI, "access.delay", "10ms", "half the Wi-Fi hop's round trip that half the packets exceed, 20 ms: Pei et al., INFOCOM 2016"},
    {ACCESS_WIFI, "access.jitter", "5ms", "assumed"},
    {ACCESS_WIFI, "access.jitter_order", "kept", "IEEE 802.11: block acknowledgement reorders"},
    {ACCESS_WIFI, "access.loss", "0", "assumed: the link layer sends again"},
    {ACCESS_WIFI, "access.loss_burst", "1", "assumed: each is lost independently"},
    {ACCESS_WIFI, "access.queue", "256KiB", "assumed"},
    {ACCESS_WIFI, "access.burst", "0", "a transmitter has no bucket"},
    {ACCESS_WIFI, "access.mtu", "1500B", "RFC 894"},
    {ACCESS_WIFI, "access.overhead", "54B", "IEEE 802.11: QoS header 26, CCMP 16, LLC/SNAP 8, FCS 4"},
    {ACCESS_WIFI, "access.promotion", "0", "assumed: no power saving"},
    {ACCESS_WIFI, "access.promotion_idle", "10s", "without effect"},

    {ACCESS_LTE, "access.rate", "29.5Mbit/s", DOWNLOADS_2023 " over 4G"},
    {ACCESS_LTE, "access.rate_up", "7.6Mbit/s", UPLOADS_2023 " over 4G"},
    {ACCESS_LTE, "access.delay", "10ms", "half a response time over 4G of 18.3 to 23.7 ms: Ofcom, Mobile Matters 2024"},
    {ACCESS_LTE, "access.jitter", "5ms", "assumed: waiting for a scheduling request and a grant"},
    {ACCESS_LTE, "access.jitter_order", "kept", "3GPP TS 36.323: PDCP reorders"},
    {ACCESS_LTE, "access.loss", "0", "assumed: the link layer sends again"},
    {ACCESS_LTE, "access.loss_burst", "1", "assumed: each is lost independently"},
    {ACCESS_LTE, "access.queue", "512KiB", "assumed: base stations have long queues"},
    {ACCESS_LTE, "access.burst", "0", "a transmitter has no bucket"},
    {ACCESS_LTE, "access.mtu", "1358B", "3GPP TS 23.060 section 9.3: room for tunnels"},
    {ACCESS_LTE, "access.overhead", "7B", "PDCP 2, RLC 2, MAC 3: 3GPP TS 36.323, 36.322, 36.321"},
    {ACCESS_LTE, "access.promotion", "260ms", "idle to connected as measured: Huang et al., MobiSys 2012"},
    {ACCESS_LTE, "access.promotion_idle", "11.58s", "tail as measured: Huang et al., MobiSys 2012"},

    {ACCESS_5G, "access.rate", "129.9Mbit/s", DOWNLOADS_2023 " over 5G"},
    {ACCESS_5G, "access.rate_up", "14.7Mbit/s", UPLOADS_2023 " over 5G"},
    {ACCESS_5G, "access.delay", "9ms", "half a response time over 5G of 16.3 to 21.4 ms: Ofcom, Mobile Matters 2024"},
    {ACCESS_5G, "access.jitter", "2ms", "assumed: slots are shorter than those of LTE"},
    {ACCESS_5G, "access.jitter_order", "kept", "3GPP TS 38.323: PDCP reorders"},
    {ACCESS_5G, "access.loss", "0", "assumed: the link layer sends again"},
    {ACCESS_5G, "access.loss_burst", "1", "assumed: each is lost independently"},
    {ACCESS_5G, "access.queue", "1MiB", "assumed"},
    {ACCESS_5G, "access.burst", "0", "a transmitter has no bucket"},
    {ACCESS_5G, "access.mtu", "1358B", "3GPP TS 23.501 section 5.6.10.4, annex J: room for tunnels"},
    {ACCESS_5G, "access.overhead", "10B", "SDAP 1, PDCP 3, RLC 3, MAC 3: 3GPP TS 37.324, 38.323, 38.322, 38.321"},
    {ACCESS_5G, "access.promotion", "10ms", "3GPP TR 38.913 section 7.2: a target, no measurement"},
    {ACCESS_5G, "access.promotion_idle", "10s", "assumed"},
    {.name = NULL},
};

bool access_is_mobile(const struct scenario *scenario)
{
    return scenario->access_preset == ACCESS_LTE || scenario->access_preset == ACCESS_5G;
}
