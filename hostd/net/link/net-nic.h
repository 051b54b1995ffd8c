/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What sysfs says of a NIC that netlink does not. */
#pragma once

#include "net-policy.h"

/*
 * Fills wired and pci_path of a NIC whose name is set. sysfs is "/sys". Wired means that a device
 * stands behind it and that it is not wireless. Never fails: what cannot be read is left out.
 */
void net_nic_probe(const char *sysfs, struct net_nic *nic);

/* The link's speed in Mb/s, or 0 where the driver does not know one (virtio, no carrier…). */
unsigned int net_nic_speed_mbps(const char *sysfs, const char *name);
