/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A NIC's factory MAC. */
#pragma once

#define NIC_MAC_TEXT_BYTES 18

/* "52:54:00:12:34:56" by ETHTOOL_GPERMADDR. Returns 0, or -errno if the driver does not know it. */
int nic_permanent_mac(const char *interface, char ret_mac[static NIC_MAC_TEXT_BYTES]);
