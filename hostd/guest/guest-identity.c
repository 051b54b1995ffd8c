// SPDX-License-Identifier: GPL-2.0-or-later
// What stays the same for a guest at every boot, made from the host's id and the guest's name.
#include "guest-identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* FNV-1a, 64 bits. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3;
	return hash;
}

static uint64_t hash_guest(const uint8_t host_id[16], const char *name)
{
	return hash_bytes(hash_bytes(0xcbf29ce484222325, host_id, 16), name, strlen(name));
}

void guest_identity_mac(const struct guest_config *config, size_t nic_index,
			const uint8_t host_id[16], uint8_t ret_mac[static 6])
{
	uint64_t hash = 0;

	if (config->nics[nic_index].has_mac) {
		memcpy(ret_mac, config->nics[nic_index].mac, 6);
		return;
	}
	hash = hash_guest(host_id, config->name);
	hash = hash_bytes(hash, &(uint8_t){ (uint8_t)nic_index }, 1);
	hash ^= hash >> 32; /* the low bits alone mix least */
	ret_mac[0] = 0x52;
	ret_mac[1] = 0x54;
	ret_mac[2] = 0x00;
	ret_mac[3] = (uint8_t)(hash >> 16);
	ret_mac[4] = (uint8_t)(hash >> 8);
	ret_mac[5] = (uint8_t)hash;
}

uint32_t guest_identity_cid(const uint8_t host_id[16], const char *name)
{
	uint64_t hash = hash_guest(host_id, name);

	hash ^= hash >> 32;
	return GUEST_CID_MIN + (uint32_t)(hash % (UINT32_MAX - GUEST_CID_MIN));
}

char *guest_identity_instance(const uint8_t host_id[16], const char *name,
			      char buffer[static GUEST_INSTANCE_ID_BYTES])
{
	(void)snprintf(buffer, GUEST_INSTANCE_ID_BYTES, "mvirt-%016" PRIx64,
		       hash_guest(host_id, name));
	return buffer;
}
