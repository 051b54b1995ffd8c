// SPDX-License-Identifier: GPL-2.0-or-later
// MACs, context ids and instance ids: the same at every boot, and others for others.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <string.h>

#include "guest/guest-identity.h"

#define NICS_MAX 8

static const uint8_t host_id[16] = "0123456789abcdef";

static void macs(void **)
{
	char web[] = "web", db[] = "db", lan[] = "lan";
	struct nic_config nics[NICS_MAX];
	struct guest_config config = { .name = web, .nics = nics, .nic_count = NICS_MAX };
	uint8_t mac[NICS_MAX][6], other[6];

	for (size_t i = 0; i < NICS_MAX; i++) {
		nics[i] = (struct nic_config){ .network = lan };
		guest_identity_mac(&config, i, host_id, mac[i]);
		assert_memory_equal(mac[i], ((uint8_t[]){ 0x52, 0x54, 0 }), 3);
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(mac[i], mac[j], 6);
	}
	guest_identity_mac(&config, 0, host_id, other);
	assert_memory_equal(other, mac[0], 6);
	config.name = db;
	guest_identity_mac(&config, 0, host_id, other);
	assert_memory_not_equal(other, mac[0], 6);
	nics[0].has_mac = true;
	memcpy(nics[0].mac, ((uint8_t[]){ 2, 0, 0, 0, 0, 1 }), 6);
	guest_identity_mac(&config, 0, host_id, other);
	assert_memory_equal(other, nics[0].mac, 6);
}

static void cids(void **)
{
	uint32_t web = guest_identity_cid(host_id, "web");
	uint8_t other_id[16] = {};

	assert_int_equal(web, guest_identity_cid(host_id, "web"));
	assert_true(web != guest_identity_cid(host_id, "db"));
	assert_true(web != guest_identity_cid(other_id, "web"));
	for (unsigned int i = 0; i < 100000; i++) {
		char name[16];
		uint32_t cid = 0;

		(void)snprintf(name, sizeof(name), "guest%u", i);
		cid = guest_identity_cid(host_id, name);
		assert_true(cid >= GUEST_CID_MIN && cid < UINT32_MAX);
	}
}

static void instance_ids(void **)
{
	char web[GUEST_INSTANCE_ID_BYTES], db[GUEST_INSTANCE_ID_BYTES];

	assert_string_equal(guest_identity_instance(host_id, "web", web), "mvirt-1edad14097f74719");
	assert_string_not_equal(guest_identity_instance(host_id, "db", db), web);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(macs),
		cmocka_unit_test(cids),
		cmocka_unit_test(instance_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
