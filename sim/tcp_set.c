/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "sim/tcp_set.h"

/* A row a line, as a table is read. Every set has every parameter, so that none is left of what was set before. */
/* clang-format off */
const struct preset_value tcp_set_values[] = {
    {TCP_SET_RFC, "tcp.congestion", "newreno", "RFC 5681, RFC 6582"},
    {TCP_SET_RFC, "tcp.hystart", "off", "without effect"},
    {TCP_SET_RFC, "tcp.recovery", "sack", "RFC 6675"},
    {TCP_SET_RFC, "tcp.loss_base", "flight", "RFC 5681 section 3.1"},
    {TCP_SET_RFC, "tcp.rack_rules", "rfc", "without effect"},
    {TCP_SET_RFC, "tcp.initial_window", "10", "RFC 6928"},
    {TCP_SET_RFC, "tcp.idle_restart", "restart", "RFC 5681 section 4.1"},
    {TCP_SET_RFC, "tcp.delayed_ack", "40ms", "Linux's least; RFC 1122 allows 500 ms"},
    {TCP_SET_RFC, "tcp.quick_ack", "off", "no RFC asks for it"},
    {TCP_SET_RFC, "tcp.rto_min", "1s", "RFC 6298 section 2.4"},
    {TCP_SET_RFC, "tcp.rto_spread_min", "1ms", "RFC 6298 section 2.3: the clock's grain; assumed"},
    {TCP_SET_RFC, "tcp.rack_margin", "0", "without effect"},
    {TCP_SET_RFC, "tcp.timestamps", "on", "RFC 7323"},

    {TCP_SET_LINUX, "tcp.congestion", "cubic", "Linux: net.ipv4.tcp_congestion_control"},
    {TCP_SET_LINUX, "tcp.hystart", "on", "Linux, net/ipv4/tcp_cubic.c: hystart"},
    {TCP_SET_LINUX, "tcp.recovery", "rack-tlp", "Linux: net.ipv4.tcp_recovery, tcp_early_retrans; RFC 8985"},
    {TCP_SET_LINUX, "tcp.loss_base", "window", "Linux, net/ipv4/tcp_cubic.c: cubictcp_recalc_ssthresh()"},
    {TCP_SET_LINUX, "tcp.rack_rules", "linux", "Linux, net/ipv4/tcp_input.c: tcp_cwnd_reduction(); RFC 9937"},
    {TCP_SET_LINUX, "tcp.initial_window", "10", "Linux, include/net/tcp.h: TCP_INIT_CWND"},
    {TCP_SET_LINUX, "tcp.idle_restart", "halve", "Linux: net.ipv4.tcp_slow_start_after_idle, tcp_cwnd_restart()"},
    {TCP_SET_LINUX, "tcp.delayed_ack", "40ms", "Linux, include/net/tcp.h: TCP_DELACK_MIN"},
    {TCP_SET_LINUX, "tcp.quick_ack", "on", "Linux, net/ipv4/tcp_input.c: tcp_enter_quickack_mode()"},
    {TCP_SET_LINUX, "tcp.rto_min", "200ms", "Linux, include/net/tcp.h: TCP_RTO_MIN"},
    {TCP_SET_LINUX, "tcp.rto_spread_min", "200ms", "Linux, net/ipv4/tcp_input.c: tcp_rtt_estimator()"},
    {TCP_SET_LINUX, "tcp.rack_margin", "2ms", "Linux, include/net/tcp.h: TCP_TIMEOUT_MIN_US"},
    {TCP_SET_LINUX, "tcp.timestamps", "on", "Linux: net.ipv4.tcp_timestamps"},
    {.name = NULL},
};
