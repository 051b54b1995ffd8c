// SPDX-License-Identifier: GPL-2.0-or-later
// DNS servers of router advertisements: their options, their times, and options that are none.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "net/address/net-rdnss.h"

#define OPTION_MAX 256

/* An option with servers 2001:db8::FIRST and following; returns its length. */
static size_t make_option(uint8_t option[static OPTION_MAX], uint32_t lifetime_s, uint8_t first,
			  size_t count)
{
	static const uint8_t prefix[] = { 0x20, 0x01, 0x0d, 0xb8 };

	memset(option, 0, OPTION_MAX);
	option[0] = 25;
	option[1] = (uint8_t)(1 + 2 * count);
	for (size_t i = 0; i < 4; i++)
		option[4 + i] = (uint8_t)(lifetime_s >> (24 - 8 * i));
	for (size_t i = 0; i < count; i++) {
		memcpy(option + 8 + 16 * i, prefix, sizeof(prefix));
		option[8 + 16 * i + 15] = (uint8_t)(first + i);
	}
	return 8 + 16 * count;
}

static bool update(struct net_rdnss *rdnss, uint32_t lifetime_s, uint8_t first, size_t count,
		   uint64_t now_s)
{
	uint8_t option[OPTION_MAX];
	size_t length = make_option(option, lifetime_s, first, count);

	return net_rdnss_update(rdnss, option, length, now_s);
}

static void assert_servers(const struct net_rdnss *rdnss, const char *expected)
{
	char text[256] = "", address[NET_IP_TEXT_MAX];

	for (size_t i = 0; i < rdnss->count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			       i > 0 ? " " : "", net_ip_format(&rdnss->servers[i].ip, address));
	assert_string_equal(text, expected);
}

static void come_and_go(void **)
{
	struct net_rdnss rdnss = {};

	assert_int_equal(net_rdnss_next_s(&rdnss), NET_RDNSS_FOREVER);
	assert_true(update(&rdnss, 600, 1, 2, 100));
	assert_servers(&rdnss, "2001:db8::1 2001:db8::2");
	assert_int_equal(net_rdnss_next_s(&rdnss), 700);
	/* said again: the same servers, for longer */
	assert_false(update(&rdnss, 600, 1, 2, 200));
	assert_int_equal(net_rdnss_next_s(&rdnss), 800);
	assert_true(update(&rdnss, 0, 1, 1, 300));
	assert_servers(&rdnss, "2001:db8::2");
	assert_false(update(&rdnss, 0, 9, 1, 300));
	assert_false(net_rdnss_expire(&rdnss, 799));
	assert_true(net_rdnss_expire(&rdnss, 800));
	assert_servers(&rdnss, "");
}

static void forever(void **)
{
	struct net_rdnss rdnss = {};

	assert_true(update(&rdnss, UINT32_MAX, 1, 1, 100));
	assert_int_equal(net_rdnss_next_s(&rdnss), NET_RDNSS_FOREVER);
	assert_false(net_rdnss_expire(&rdnss, UINT64_MAX - 1));
	/* until now it was without end */
	assert_false(update(&rdnss, 10, 1, 1, 100));
	assert_int_equal(net_rdnss_next_s(&rdnss), 110);
}

static void full(void **)
{
	struct net_rdnss rdnss = {};

	assert_true(update(&rdnss, 600, 1, 5, 0));
	assert_servers(&rdnss, "2001:db8::1 2001:db8::2 2001:db8::3");
	assert_false(update(&rdnss, 100, 9, 1, 0));
	assert_false(update(&rdnss, 500, 2, 1, 0));
	assert_true(update(&rdnss, 700, 9, 1, 0));
	assert_servers(&rdnss, "2001:db8::1 2001:db8::3 2001:db8::9");
}

static void passed_over(void **)
{
	struct net_rdnss rdnss = {};
	uint8_t option[OPTION_MAX];
	size_t length = make_option(option, 600, 1, 1);

	/* cut at every byte, in memory of just that size */
	for (size_t i = 0; i < length; i++) {
		uint8_t *cut = malloc(i + 1);

		assert_non_null(cut);
		memcpy(cut, option, i);
		assert_false(net_rdnss_update(&rdnss, cut, i, 0));
		free(cut);
	}
	assert_false(net_rdnss_update(&rdnss, option, length + 8, 0));
	option[0] = 31;
	assert_false(net_rdnss_update(&rdnss, option, length, 0));
	option[0] = 25;
	for (unsigned int units = 0; units < 256; units++) {
		option[1] = (uint8_t)units;
		if (units != 3)
			assert_false(net_rdnss_update(&rdnss, option, length, 0));
	}
	/* an even number of units: half an address */
	option[1] = 4;
	assert_false(net_rdnss_update(&rdnss, option, 32, 0));
	option[1] = 2;
	assert_false(net_rdnss_update(&rdnss, option, 16, 0));
	option[1] = 1;
	assert_false(net_rdnss_update(&rdnss, option, 8, 0));
	/* nobody's address, and everybody's */
	option[1] = 3;
	memset(option + 8, 0, 16);
	assert_false(net_rdnss_update(&rdnss, option, length, 0));
	option[23] = 1;
	assert_false(net_rdnss_update(&rdnss, option, length, 0));
	option[8] = 0xff;
	assert_false(net_rdnss_update(&rdnss, option, length, 0));
	assert_int_equal(rdnss.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(come_and_go),
		cmocka_unit_test(forever),
		cmocka_unit_test(full),
		cmocka_unit_test(passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
