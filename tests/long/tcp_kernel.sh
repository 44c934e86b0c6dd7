#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# tcp_kernel.sh - the set `linux` beside the kernel's own TCP, within 5 %.
exec sh bench/peers/kernel.sh "$B/peer_ours" "$B/peer_kernel"
