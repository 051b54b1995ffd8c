/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts about a NIC that sysfs has and netlink has not. */
#pragma once

#include "net-policy.h"

/*
 * Sets wired and pci_path of a NIC whose name is set. sysfs is "/sys". Wired means that hardware is
 * behind it and that it is not wireless. Never fails: unreadable facts are left out.
 */
void net_nic_probe(const char *sysfs, struct net_nic *nic);

/* The link's speed in Mb/s, or 0 if the driver does not know it (virtio, no carrier…). */
unsigned int net_nic_speed_mbps(const char *sysfs, const char *name);
