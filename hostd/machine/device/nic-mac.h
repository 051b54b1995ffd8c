/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The MAC that a NIC was made with. */
#pragma once

#define NIC_MAC_TEXT_BYTES 18

/* "52:54:00:12:34:56" by ETHTOOL_GPERMADDR. Returns 0, or -errno where the driver knows none. */
int nic_permanent_mac(const char *interface, char ret_mac[static NIC_MAC_TEXT_BYTES]);
