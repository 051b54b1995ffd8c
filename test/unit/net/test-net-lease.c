// SPDX-License-Identifier: GPL-2.0-or-later
// Leases as the DHCP client sends them and as they are kept, with what a hostile server may put
// into them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "net/address/net-lease.h"

#define HEAD "client=c0ffee\ntime=100\n"
#define TAIL "event=bound\n"
#define PLAIN HEAD "ip=192.0.2.7\nsubnet=255.255.255.0\n"

static int parse(const char *text, struct net_lease *ret_lease)
{
	return net_lease_parse(text, strlen(text), ret_lease);
}

static void assert_ip(const struct net_ip *ip, const char *expected)
{
	char text[NET_IP_TEXT_MAX];

	assert_string_equal(net_ip_format_prefix(ip, text), expected);
}

static void whole_lease(void **)
{
	struct net_lease lease = {};

	assert_int_equal(parse(PLAIN "router=192.0.2.1 192.0.2.2\ndns=192.0.2.3 8.8.8.8 9.9.9.9 "
				     "1.1.1.1\ndomain=lab.example.org\nlease=3600\nmtu=1400\n" TAIL,
			       &lease),
			 0);
	assert_int_equal(lease.event, NET_LEASE_EVENT_BOUND);
	assert_string_equal(lease.client, "c0ffee");
	assert_int_equal(lease.time_s, 100);
	assert_int_equal(lease.lifetime_s, 3600);
	assert_ip(&lease.address, "192.0.2.7/24");
	assert_int_equal(lease.route_count, 1);
	assert_ip(&lease.routes[0].destination, "0.0.0.0/0");
	assert_ip(net_lease_gateway(&lease), "192.0.2.1/32");
	assert_int_equal(lease.dns_count, 3);
	assert_ip(&lease.dns[2], "9.9.9.9/32");
	assert_string_equal(lease.domain, "lab.example.org");
	assert_int_equal(lease.mtu, 1400);
}

static void least_lease(void **)
{
	static const struct {
		const char *ip, *expected;
	} classes[] = {
		{ "10.1.2.3", "10.1.2.3/8" },
		{ "172.16.1.2", "172.16.1.2/16" },
		{ "192.0.2.7", "192.0.2.7/24" },
	};

	for (size_t i = 0; i < ELEMENTS(classes); i++) {
		struct net_lease lease = {};
		char text[256];

		(void)snprintf(text, sizeof(text), HEAD "ip=%s\n" TAIL, classes[i].ip);
		assert_int_equal(parse(text, &lease), 0);
		assert_ip(&lease.address, classes[i].expected);
		assert_int_equal(lease.lifetime_s, 3600);
		assert_int_equal(lease.route_count + lease.dns_count + lease.mtu, 0);
		assert_string_equal(lease.domain, "");
		assert_null(net_lease_gateway(&lease));
	}
}

static void deconfig(void **)
{
	struct net_lease lease = {};

	assert_int_equal(parse(HEAD "event=deconfig\n", &lease), 0);
	assert_int_equal(lease.event, NET_LEASE_EVENT_DECONFIG);
	assert_string_equal(lease.client, "c0ffee");
}

static void refused(void **)
{
	static const char *const texts[] = {
		"",
		"\n",
		HEAD TAIL, /* no address */
		"time=1\nip=192.0.2.7\n" TAIL, /* no client */
		"client=a\nip=192.0.2.7\n" TAIL, /* no time */
		PLAIN, /* no event: cut off by a full disk */
		PLAIN "event=bound", /* no newline at the end */
		PLAIN "event=evil\n",
		PLAIN "event=\n",
		PLAIN TAIL "ip=192.0.2.8\n", /* given twice */
		PLAIN "a line\n" TAIL,
		PLAIN "=value\n" TAIL,
		PLAIN "\n" TAIL,
		PLAIN "domain=a\tb\n" TAIL,
		PLAIN "domain=\x1b[2J\n" TAIL,
		PLAIN "domain=b\xc3\xbc\n" TAIL,
		PLAIN "lease=4294967296\n" TAIL,
		PLAIN "lease=-1\n" TAIL,
		PLAIN "lease=\n" TAIL,
		"client=a;b\ntime=1\nip=192.0.2.7\n" TAIL,
		"client=\ntime=1\nip=192.0.2.7\n" TAIL,
		"client=123456789012345678901234567890123\ntime=1\nip=192.0.2.7\n" TAIL,
		"client=a\ntime=99999999999999999999\nip=192.0.2.7\n" TAIL,
		HEAD "ip=0.0.0.0\n" TAIL,
		HEAD "ip=0.1.2.3\n" TAIL,
		HEAD "ip=127.0.0.1\n" TAIL,
		HEAD "ip=224.0.0.1\n" TAIL,
		HEAD "ip=255.255.255.255\n" TAIL,
		HEAD "ip=2001:db8::1\n" TAIL,
		HEAD "ip=192.0.2\n" TAIL,
		HEAD "ip=192.0.2.7/24\n" TAIL,
		HEAD "ip=192.0.2.256\n" TAIL,
		HEAD "ip=192.0.2.7 \n" TAIL,
		HEAD "ip=192.0.2.0\nsubnet=255.255.255.0\n" TAIL, /* the network */
		HEAD "ip=192.0.2.255\nsubnet=255.255.255.0\n" TAIL, /* broadcast */
		HEAD "ip=192.0.2.7\nsubnet=0.0.0.0\n" TAIL,
		HEAD "ip=192.0.2.7\nsubnet=255.0.255.0\n" TAIL,
		HEAD "ip=192.0.2.7\nsubnet=24\n" TAIL,
	};

	for (size_t i = 0; i < ELEMENTS(texts); i++) {
		struct net_lease lease = { .mtu = 4711 };

		if (parse(texts[i], &lease) != -EINVAL)
			fail_msg("taken: %s", texts[i]);
		assert_int_equal(lease.mtu, 4711);
	}
}

static void refused_by_bytes(void **)
{
	static const char nul[] = PLAIN "domain=a\0b\n" TAIL;
	char large[NET_LEASE_FILE_MAX + 2];
	struct net_lease lease = {};

	assert_int_equal(net_lease_parse(nul, sizeof(nul) - 1, &lease), -EINVAL);
	memset(large, 'x', sizeof(large));
	memcpy(large, PLAIN TAIL "y=", strlen(PLAIN TAIL "y="));
	large[NET_LEASE_FILE_MAX - 1] = '\n';
	assert_int_equal(net_lease_parse(large, NET_LEASE_FILE_MAX, &lease), 0);
	large[NET_LEASE_FILE_MAX - 1] = 'x';
	large[NET_LEASE_FILE_MAX] = '\n';
	assert_int_equal(net_lease_parse(large, NET_LEASE_FILE_MAX + 1, &lease), -EINVAL);
}

static void left_out(void **)
{
	struct net_lease lease = {};

	assert_int_equal(parse(PLAIN
			       "router=0.0.0.0 192.0.2.7 224.0.0.1 x 192.0.2.9\n"
			       "dns=127.0.0.1 0.0.0.0 fe80::1 evil 192.0.2.53\n"
			       "domain=bad domain\nmtu=68\nfuture=1\nhostname=$(reboot)\n" TAIL,
			       &lease),
			 0);
	assert_ip(net_lease_gateway(&lease), "192.0.2.9/32");
	assert_int_equal(lease.dns_count, 1);
	assert_ip(&lease.dns[0], "192.0.2.53/32");
	assert_string_equal(lease.domain, "");
	assert_int_equal(lease.mtu, 0);
}

static void domains(void **)
{
	static const struct {
		const char *domain;
		bool good;
	} domains[] = {
		{ "example.org", true },
		{ "a", true },
		{ "x-1_y.example.", true },
		{ "-x.org", false },
		{ ".org", false },
		{ "a..b", false },
		{ "a/b", false },
		{ "a;b", false },
		{ "$(id)", false },
		{ "nameserver 1", false },
		{ "", false },
		{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	};

	for (size_t i = 0; i < ELEMENTS(domains); i++) {
		struct net_lease lease = {};
		char text[512];

		(void)snprintf(text, sizeof(text), PLAIN "domain=%s\n" TAIL, domains[i].domain);
		assert_int_equal(parse(text, &lease), 0);
		assert_string_equal(lease.domain, domains[i].good ? domains[i].domain : "");
	}
}

static void classless_routes(void **)
{
	struct net_lease lease = {};

	assert_int_equal(parse(HEAD
			       "ip=10.128.0.9\nsubnet=255.255.255.255\nrouter=10.128.0.254\n"
			       "staticroutes=10.128.0.1/32 0.0.0.0 0.0.0.0/0 10.128.0.1 "
			       "10.9.8.7/8 10.128.0.2 127.0.0.0/8 10.128.0.3 1.2.3.0/33 10.128.0.3 "
			       "1.2.3.0 10.128.0.3 1.2.3.0/24 10.128.0.9 1.2.3.0/24\n" TAIL,
			       &lease),
			 0);
	assert_ip(&lease.address, "10.128.0.9/32");
	assert_int_equal(lease.route_count, 3);
	assert_ip(&lease.routes[0].destination, "10.128.0.1/32");
	assert_int_equal(lease.routes[0].gateway.family, AF_UNSPEC);
	assert_ip(&lease.routes[1].destination, "0.0.0.0/0");
	assert_ip(&lease.routes[2].destination, "10.0.0.0/8");
	assert_ip(net_lease_gateway(&lease), "10.128.0.1/32");
	assert_true(net_lease_route_equal(&lease.routes[1], &lease.routes[1]));
	assert_false(net_lease_route_equal(&lease.routes[0], &lease.routes[1]));
}

static void many_routes(void **)
{
	char text[2048] = PLAIN "staticroutes=";
	struct net_lease lease = {};

	for (unsigned int i = 0; i < NET_LEASE_ROUTES_MAX + 5; i++) {
		size_t length = strlen(text);

		(void)snprintf(text + length, sizeof(text) - length, "10.%u.0.0/16 192.0.2.1 ", i);
	}
	(void)strcat(text, "\n" TAIL);
	assert_int_equal(parse(text, &lease), 0);
	assert_int_equal(lease.route_count, NET_LEASE_ROUTES_MAX);
}

static void remaining(void **)
{
	struct net_lease lease = { .time_s = 1000, .lifetime_s = 600 };

	assert_int_equal(net_lease_remaining_s(&lease, 1000), 600);
	assert_int_equal(net_lease_remaining_s(&lease, 1001), 599);
	assert_int_equal(net_lease_remaining_s(&lease, 1600), 0);
	assert_int_equal(net_lease_remaining_s(&lease, UINT64_MAX), 0);
	assert_int_equal(net_lease_remaining_s(&lease, 0), 600);
	lease.lifetime_s = NET_LEASE_FOREVER;
	assert_int_equal(net_lease_remaining_s(&lease, UINT64_MAX), NET_LEASE_FOREVER);
}

static void lifetimes(void **)
{
	struct net_lease lease = {};

	assert_int_equal(parse(PLAIN "lease=4294967295\n" TAIL, &lease), 0);
	assert_int_equal(lease.lifetime_s, NET_LEASE_FOREVER);
	assert_int_equal(parse(PLAIN "lease=1\n" TAIL, &lease), 0);
	assert_int_equal(lease.lifetime_s, 30);
}

static void addresses(void **)
{
	static const char *const bad[] = { "",
					   "192.0.2.7/",
					   "192.0.2.7/33",
					   "192.0.2.7/ 4",
					   "/24",
					   "192.0.2.7/-1",
					   "::1/129",
					   "192.0.2.7/024 ",
					   "1.2.3/24",
					   "x",
					   "::1/0128" };
	struct net_ip ip = {}, other = {};
	char text[NET_IP_TEXT_MAX];

	for (size_t i = 0; i < ELEMENTS(bad); i++)
		assert_int_equal(net_ip_parse_prefix(bad[i], &ip), -EINVAL);
	assert_int_equal(net_ip_parse_prefix("2001:db8::7/61", &ip), 0);
	other = net_ip_first(&ip);
	assert_ip(&other, "2001:db8::/61");
	other = net_ip_last(&ip);
	assert_ip(&other, "2001:db8:0:7:ffff:ffff:ffff:ffff/61");
	assert_true(net_ip_contains(&ip, &other));
	assert_int_equal(net_ip_parse("2001:db8:0:8::", &other), 0);
	assert_false(net_ip_contains(&ip, &other));
	assert_int_equal(net_ip_parse("fe80::1", &other), 0);
	assert_true(net_ip_is_link_local(&other));
	assert_false(net_ip_is_link_local(&ip));
	assert_int_equal(net_ip_parse("::1", &other), 0);
	assert_false(net_ip_is_unicast(&other));
	assert_string_equal(net_ip_format(&ip, text), "2001:db8::7");
}

/* --- what udhcpc sends --- */

static void expect_text(const char *message, size_t length, const char *expected)
{
	_cleanup_free_ char *text = NULL;

	assert_int_equal(net_lease_text(message, length, "c1", 100, &text), 0);
	assert_string_equal(text, expected);
}

#define MESSAGE(text) (text), sizeof(text)

static void messages(void **)
{
	expect_text(MESSAGE("bound\0"
			    "subnet=255.255.255.0\0ip=192.0.2.7\0router=192.0.2.1 192.0.2.2\0"
			    "dns=192.0.2.3\0domain=a-b_c.example\0lease=60\0mtu=1500\0"
			    "serverid=192.0.2.1\0staticroutes=10.0.0.0/8 192.0.2.9\0interface=lan"),
		    "client=c1\ntime=100\nip=192.0.2.7\nsubnet=255.255.255.0\n"
		    "router=192.0.2.1 192.0.2.2\ndns=192.0.2.3\ndomain=a-b_c.example\nlease=60\n"
		    "mtu=1500\nstaticroutes=10.0.0.0/8 192.0.2.9\nevent=bound\n");
	expect_text(MESSAGE("renew\0ip=192.0.2.7"),
		    "client=c1\ntime=100\nip=192.0.2.7\nevent=renew\n");
	expect_text(MESSAGE("deconfig\0interface=lan\0ip=192.0.2.7"),
		    "client=c1\ntime=100\nevent=deconfig\n");
	/* What only hostd says, values that are none, keys that only begin or end like ours; the
	 * first of two */
	expect_text(MESSAGE("bound\0client=evil\0time=1\0event=deconfig\0ip=192.0.2.7\0"
			    "domain=a\nip=6.6.6.6\0dns=$(x)\0router=1.2.3.4;5.6.7.8\0lease=\0"
			    "mtu=60*\0=1\0ip\0xip=1.1.1.1\0ips=1.1.1.1\0ip=192.0.2.8\0subnet=\xff"),
		    "client=c1\ntime=100\nip=192.0.2.7\nevent=bound\n");
}

static void messages_that_are_none(void **)
{
	static char large[NET_LEASE_MESSAGE_MAX + 1];
	char *text = NULL;

	assert_int_equal(net_lease_text(MESSAGE("leasefail\0interface=lan"), "c1", 1, &text),
			 -ENOMSG);
	assert_int_equal(net_lease_text(MESSAGE("nak"), "c1", 1, &text), -ENOMSG);
	assert_int_equal(net_lease_text(MESSAGE(""), "c1", 1, &text), -ENOMSG);
	assert_int_equal(net_lease_text("", 0, "c1", 1, &text), -EINVAL);
	assert_int_equal(net_lease_text("bound", 5, "c1", 1, &text), -EINVAL);
	assert_int_equal(net_lease_text("bound\0ip=1", 10, "c1", 1, &text), -EINVAL);
	assert_int_equal(net_lease_text(large, sizeof(large), "c1", 1, &text), -EINVAL);
	assert_null(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages),         cmocka_unit_test(messages_that_are_none),
		cmocka_unit_test(whole_lease),      cmocka_unit_test(least_lease),
		cmocka_unit_test(deconfig),         cmocka_unit_test(refused),
		cmocka_unit_test(refused_by_bytes), cmocka_unit_test(left_out),
		cmocka_unit_test(domains),          cmocka_unit_test(classless_routes),
		cmocka_unit_test(many_routes),      cmocka_unit_test(remaining),
		cmocka_unit_test(lifetimes),        cmocka_unit_test(addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
