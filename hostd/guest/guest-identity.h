/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stays the same for a guest at every boot: MACs, the context id on vsock, cloud-init's
 * instance id. Pure. */
#pragma once

#include <stdint.h>

#include "config/config.h"

/*
 * The MAC of a NIC: the configured one, or one made from the host's id, the guest's name and the
 * NIC's number, the same after every boot, in the range 52:54:00 that is usual for guests.
 */
void guest_identity_mac(const struct guest_config *config, size_t nic_index,
			const uint8_t host_id[16], uint8_t ret_mac[static 6]);

/*
 * The guest's context id on vsock, the same after every boot: GUEST_CID_MIN at least, so that small
 * numbers are left for those who choose them by hand, and not VMADDR_CID_ANY.
 */
#define GUEST_CID_MIN UINT32_C(0x10000)
uint32_t guest_identity_cid(const uint8_t host_id[16], const char *name);

/* What cloud-init takes for the guest's id where its definition has none. Returns the buffer. */
#define GUEST_INSTANCE_ID_BYTES 32
char *guest_identity_instance(const uint8_t host_id[16], const char *name,
			      char buffer[static GUEST_INSTANCE_ID_BYTES]);
