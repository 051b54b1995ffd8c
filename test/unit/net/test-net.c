// SPDX-License-Identifier: GPL-2.0-or-later
// Real bridges, taps, addresses and routes in a network namespace; the DHCP client is a fake.
// link: -Wl,--wrap=net_link_set_master
#include "net-fixture.h"

#include <linux/if_tun.h>
#include <sys/ioctl.h>

#include "net/address/net-lease.h"

#define LEASE                                                                           \
	"ip=192.0.2.7 subnet=255.255.255.0 router=192.0.2.1 dns='192.0.2.2 192.0.2.3' " \
	"domain=example.org lease=600"

int __real_net_link_set_master(struct net_link *link, int ifindex, int master_ifindex);
int __wrap_net_link_set_master(struct net_link *link, int ifindex, int master_ifindex);

/* One NIC that cannot be made a port. */
static int refused_ifindex;

int __wrap_net_link_set_master(struct net_link *link, int ifindex, int master_ifindex)
{
	if (refused_ifindex && ifindex == refused_ifindex)
		return -EBUSY;
	return __real_net_link_set_master(link, ifindex, master_ifindex);
}

/* One NIC with a cable, DHCP, and the lease that LEASE says. */
static void start_with_lease(struct fixture *f, char client[static CLIENT_MAX])
{
	fixture_add_nic(f, "eth0");
	fixture_cable(f, "eth0", true);
	fixture_start(f);
	fixture_client(f, NULL, client);
	fixture_lease("bound", LEASE);
	fixture_wait_line(f, "net lan: 192.0.2.7/24 (dhcp)");
}

static bool has_default_route(struct fixture *f)
{
	char text[4096];
	int fd = open("/proc/thread-self/net/route", O_RDONLY | O_CLOEXEC);
	ssize_t length = 0;

	(void)f;
	assert_true(fd >= 0);
	length = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[length > 0 ? length : 0] = '\0';
	/* to 0.0.0.0 by 192.0.2.1 (little endian), metric 100 */
	return strstr(text, "lan\t00000000\t010200C0\t0003\t0\t0\t100\t") != NULL;
}

static void without_nic(void **state)
{
	struct fixture *f = *state;
	struct net_link_info before = {}, after = {}, tap = {};
	int fd = -EBADF, other_fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_start(f);
	before = fixture_link(f, "lan");
	assert_true(before.bridge && before.up);
	assert_true(fixture_link(f, "lo").up);
	assert_string_equal(fixture_status(f, 0).phase, "no-nic");
	assert_null(fixture_status(f, 0).uplink);
	assert_int_equal(fixture_open_tap(f, "lan", "web", 1, &fd), 0);
	tap = fixture_link(f, "mv-web-1");
	after = fixture_link(f, "lan");
	assert_true(tap.up && tap.carrier);
	assert_int_equal(tap.master_ifindex, before.ifindex);
	assert_memory_equal(before.mac, after.mac, 6);
	assert_int_equal(fixture_open_tap(f, "lan", "web", 1, &other_fd), -EBUSY);
	assert_int_equal(fixture_open_tap(f, "moon", "web", 2, &other_fd), -ENOENT);
	(void)close(fd);
	fixture_settle(f);
	assert_int_equal(fixture_ifindex(f, "mv-web-1"), -ENODEV);
	assert_int_equal(net_count(f->net), 1);
}

static void tap_has_vnet_header_and_no_ipv6(void **state)
{
	struct fixture *f = *state;
	struct net_address_info *addresses = NULL;
	struct ifreq request = {};
	int fd = -EBADF;
	size_t count = 0;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_start(f);
	assert_int_equal(fixture_open_tap(f, "lan", "a-guest-with-a-long-name", 0, &fd), 0);
	assert_int_equal(ioctl(fd, TUNGETIFF, &request), 0);
	assert_int_equal(request.ifr_flags & (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR),
			 IFF_TAP | IFF_NO_PI | IFF_VNET_HDR);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fixture_settle(f);
	assert_int_equal(net_address_list(f->link, fixture_ifindex(f, request.ifr_name), &addresses,
					  &count),
			 0);
	assert_int_equal(count, 0);
	(void)close(fd);
}

static void dhcp(void **state)
{
	struct fixture *f = *state;
	struct net_status status = {};
	char client[CLIENT_MAX], text[4096];

	SKIP_WHERE_IMPOSSIBLE(f);
	fixture_add_nic(f, "eth0");
	fixture_start(f);
	assert_string_equal(fixture_status(f, 0).phase, "no-carrier");
	fixture_settle(f);
	assert_string_equal(f->log, "");
	assert_true(fixture_link(f, "eth0").up);

	fixture_cable(f, "eth0", true);
	fixture_wait_line(f, "net lan: link up on eth0 (1000 Mb/s)");
	fixture_wait_line(f, "net lan: waiting for DHCP on eth0");
	assert_memory_equal(fixture_link(f, "lan").mac, fixture_link(f, "eth0").mac, 6);
	assert_int_equal(fixture_link(f, "eth0").master_ifindex, fixture_ifindex(f, "lan"));
	assert_string_equal(fixture_status(f, 0).phase, "waiting-for-dhcp");
	fixture_client(f, NULL, client);
	fixture_read(f, "/state/arguments", text, sizeof(text));
	assert_memory_equal(text, "udhcpc -f -i lan -s - ", 22);
	assert_non_null(strstr(text, "hostname:metal"));
	assert_null(strstr(text, "-r "));

	fixture_lease("bound", LEASE);
	fixture_wait_line(f, "net lan: 192.0.2.7/24 (dhcp)");
	assert_true(fixture_has_address(f, "lan", "192.0.2.7/24"));
	assert_true(has_default_route(f));
	fixture_read(f, "/resolv.conf", text, sizeof(text));
	assert_string_equal(text,
			    "search example.org\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n");
	status = fixture_status(f, 0);
	assert_string_equal(status.phase, "up");
	assert_string_equal(status.uplink, "eth0");
	assert_true(status.carrier);
	assert_string_equal(status.gateway, "192.0.2.1");
	assert_int_equal(status.address_count, 1);
	assert_string_equal(status.addresses[0].text, "192.0.2.7/24");
	assert_string_equal(status.addresses[0].origin, "dhcp");
	assert_string_equal(status.dns[1], "192.0.2.3");
	assert_null(status.dns[2]);
	assert_true(f->changes > 0);
	assert_int_equal(net_status_at(f->net, 1, &status), -ENOENT);
}

static void renewal_says_nothing(void **state)
{
	struct fixture *f = *state;
	char client[CLIENT_MAX], text[4096];

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_lease(f, client);
	fixture_settle(f);
	f->log[0] = '\0';
	fixture_lease("renew",
		      "ip=192.0.2.7 subnet=255.255.255.0 router=192.0.2.1 dns=192.0.2.9 lease=600");
	fixture_settle(f);
	assert_string_equal(f->log, "");
	assert_true(fixture_has_address(f, "lan", "192.0.2.7/24"));
	fixture_read(f, "/resolv.conf", text, sizeof(text));
	assert_string_equal(text, "nameserver 192.0.2.9\n");
	/* without a router any more */
	fixture_lease("renew", "ip=192.0.2.7 subnet=255.255.255.0 lease=600");
	fixture_settle(f);
	assert_false(has_default_route(f));
	assert_null(fixture_status(f, 0).gateway);
}

static void another_address(void **state)
{
	struct fixture *f = *state;
	char client[CLIENT_MAX];

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_lease(f, client);
	fixture_lease("renew", "ip=192.0.2.8 subnet=255.255.255.0 router=192.0.2.1 lease=600");
	fixture_wait_line(f, "net lan: 192.0.2.8/24 (dhcp)");
	assert_false(fixture_has_address(f, "lan", "192.0.2.7/24"));
	assert_true(fixture_has_address(f, "lan", "192.0.2.8/24"));
	assert_true(has_default_route(f));
	fixture_settle(f);
	fixture_assert_no_line(f, "lease lost");
}

static void lease_lost(void **state)
{
	struct fixture *f = *state;
	char client[CLIENT_MAX], text[4096];

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_lease(f, client);
	fixture_lease("deconfig", "");
	fixture_wait_line(f, "net lan: lease lost: 192.0.2.7/24 (");
	assert_false(fixture_has_address(f, "lan", "192.0.2.7/24"));
	assert_false(has_default_route(f));
	fixture_settle(f);
	fixture_read(f, "/resolv.conf", text, sizeof(text));
	assert_string_equal(text, "");
	assert_string_equal(fixture_status(f, 0).phase, "waiting-for-dhcp");
	fixture_lease("bound", LEASE);
	f->log[0] = '\0';
	fixture_wait_line(f, "net lan: 192.0.2.7/24 (dhcp)");
}

static void lease_runs_out(void **state)
{
	struct fixture *f = *state;
	char text[4096];
	struct timespec now;

	SKIP_WHERE_IMPOSSIBLE(f);
	/* an earlier hostd's, almost over */
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	(void)snprintf(text, sizeof(text),
		       "client=1\ntime=%lld\nip=192.0.2.7\nsubnet=255.255.255.0\nlease=100\n"
		       "event=renew\n",
		       (long long)now.tv_sec - 98);
	tree_file(&f->tree, "/state/lan.lease", text);
	fixture_add_nic(f, "eth0");
	fixture_cable(f, "eth0", true);
	fixture_start(f);
	fixture_wait_line(f, "net lan: 192.0.2.7/24 (dhcp)");
	fixture_wait_line(f, "net lan: lease lost: 192.0.2.7/24 (it expired)");
	assert_false(fixture_has_address(f, "lan", "192.0.2.7/24"));
	assert_string_equal(fixture_status(f, 0).phase, "waiting-for-dhcp");
}

static void leases_that_are_refused(void **state)
{
	struct fixture *f = *state;
	char client[CLIENT_MAX];

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_lease(f, client);
	/* what it says while it tries */
	fixture_lease("leasefail", "interface=lan");
	fixture_lease("nak", "message=no");
	fixture_settle(f);
	fixture_assert_no_line(f, "refused");
	fixture_lease("renew", "ip=127.0.0.1 subnet=255.0.0.0");
	fixture_wait_line(f, "net lan: lease refused: it is not valid");
	assert_true(fixture_has_address(f, "lan", "192.0.2.7/24"));
	assert_string_equal(fixture_status(f, 0).phase, "up");
}

/* One that was taken over is heard ten times in ten seconds, and no message is too long for hostd.
 */
static void messages_without_end(void **state)
{
	static char long_message[NET_LEASE_MESSAGE_MAX + 1] = "bound";
	struct fixture *f = *state;
	char client[CLIENT_MAX];
	unsigned int lines = 0;

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_lease(f, client);
	f->log[0] = '\0';
	assert_int_equal(send(fixture_client_fd, long_message, sizeof(long_message), 0),
			 sizeof(long_message));
	fixture_wait_line(f, "net lan: a message of the DHCP client is too long and was ignored");
	f->log[0] = '\0';
	for (unsigned int i = 0; i < 1000; i++)
		if (send(fixture_client_fd, "bound", 6, MSG_DONTWAIT) < 0)
			break;
	fixture_settle(f);
	for (const char *at = f->log; (at = strstr(at, "refused")); at++)
		lines++;
	assert_in_range(lines, 1, 10);
	assert_true(fixture_has_address(f, "lan", "192.0.2.7/24"));
}

static void gateway_outside_of_the_network(void **state)
{
	struct fixture *f = *state;
	char client[CLIENT_MAX];

	SKIP_WHERE_IMPOSSIBLE(f);
	fixture_add_nic(f, "eth0");
	fixture_cable(f, "eth0", true);
	fixture_start(f);
	fixture_client(f, NULL, client);
	fixture_lease("bound", "ip=10.128.0.9 subnet=255.255.255.255 mtu=1460 lease=600 "
			       "staticroutes='192.0.2.1/32 0.0.0.0 0.0.0.0/0 192.0.2.1'");
	fixture_wait_line(f, "net lan: 10.128.0.9/32 (dhcp)");
	assert_true(has_default_route(f));
	fixture_assert_no_line(f, "cannot be set");
}

static void link_down_and_up(void **state)
{
	struct fixture *f = *state;
	char client[CLIENT_MAX], again[CLIENT_MAX], text[4096];

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_lease(f, client);
	fixture_add_nic(f, "eth1");
	fixture_cable(f, "eth1", true);
	fixture_cable(f, "eth0", false);
	fixture_wait_line(f, "net lan: link down on eth0");
	fixture_settle(f);
	assert_string_equal(fixture_status(f, 0).uplink, "eth0");
	assert_string_equal(fixture_status(f, 0).phase, "no-carrier");
	assert_true(fixture_has_address(f, "lan", "192.0.2.7/24"));
	assert_int_equal(fixture_link(f, "eth1").master_ifindex, 0);
	f->log[0] = '\0';
	fixture_cable(f, "eth0", true);
	fixture_wait_line(f, "net lan: link up on eth0");
	fixture_client(f, client, again);
	fixture_read(f, "/state/arguments", text, sizeof(text));
	assert_non_null(strstr(text, " -r 192.0.2.7\n"));
	fixture_lease("deconfig", "interface=lan"); /* as udhcpc does when it starts */
	fixture_lease("bound", LEASE);
	fixture_settle(f);
	fixture_assert_no_line(f, "lease lost");
	fixture_assert_no_line(f, "waiting");
	assert_true(fixture_has_address(f, "lan", "192.0.2.7/24"));
}

static void nic_goes_and_comes(void **state)
{
	struct fixture *f = *state;
	char client[CLIENT_MAX], again[CLIENT_MAX];

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_lease(f, client);
	fixture_remove_link(f, "eth0");
	fixture_wait_line(f, "net lan: eth0 is gone");
	fixture_settle(f);
	assert_string_equal(fixture_status(f, 0).phase, "no-nic");
	fixture_add_nic(f, "eth1");
	fixture_cable(f, "eth1", true);
	fixture_wait_line(f, "net lan: link up on eth1");
	fixture_client(f, client, again);
	assert_memory_equal(fixture_link(f, "lan").mac, fixture_link(f, "eth1").mac, 6);
	assert_string_equal(fixture_status(f, 0).uplink, "eth1");
}

static void another_nic_at_once(void **state)
{
	struct fixture *f = *state;
	char client[CLIENT_MAX];

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_lease(f, client);
	fixture_add_nic(f, "eth1");
	fixture_cable(f, "eth1", true);
	fixture_settle(f);
	fixture_remove_link(f, "eth0");
	fixture_wait_line(f, "net lan: link up on eth1");
	assert_string_equal(fixture_status(f, 0).uplink, "eth1");
}

static void hostd_starts_again(void **state)
{
	struct fixture *f = *state;
	struct net_link_info bridge = {};
	char client[CLIENT_MAX], again[CLIENT_MAX], text[4096];
	int tap_fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	start_with_lease(f, client);
	assert_int_equal(fixture_open_tap(f, "lan", "web", 0, &tap_fd), 0);
	bridge = fixture_link(f, "lan");
	fixture_stop(f);
	assert_true(fixture_has_address(f, "lan", "192.0.2.7/24"));

	fixture_start(f);
	/* at once, without the event loop */
	assert_string_equal(f->log, "net lan: 192.0.2.7/24 (dhcp)\n");
	assert_string_equal(fixture_status(f, 0).phase, "up");
	assert_string_equal(fixture_status(f, 0).gateway, "192.0.2.1");
	fixture_client(f, client, again);
	fixture_read(f, "/state/arguments", text, sizeof(text));
	assert_non_null(strstr(text, " -r 192.0.2.7\n"));
	fixture_settle(f);
	assert_string_equal(f->log, "net lan: 192.0.2.7/24 (dhcp)\n");
	assert_int_equal(fixture_link(f, "lan").ifindex, bridge.ifindex);
	assert_memory_equal(fixture_link(f, "lan").mac, bridge.mac, 6);
	assert_int_equal(fixture_link(f, "mv-web-0").master_ifindex, bridge.ifindex);
	fixture_lease("bound", LEASE);
	fixture_settle(f);
	assert_string_equal(f->log, "net lan: 192.0.2.7/24 (dhcp)\n");
	(void)close(tap_fd);
}

static void client_dies(void **state)
{
	struct fixture *f = *state;
	char client[CLIENT_MAX], again[CLIENT_MAX], text[4096];

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_lease(f, client);
	fixture_read(f, "/state/pid", text, sizeof(text));
	assert_int_equal(kill((pid_t)atoi(text), SIGKILL), 0);
	fixture_wait_line(f, "net lan: DHCP client was killed by signal 9; it is started again "
			     "in 1 s");
	fixture_client(f, client, again);
	assert_true(fixture_has_address(f, "lan", "192.0.2.7/24"));
	fixture_assert_no_line(f, "lease lost");
}

static void client_is_missing(void **state)
{
	struct fixture *f = *state;

	SKIP_WHERE_IMPOSSIBLE(f);
	assert_int_equal(unlink(tree_path(&f->tree, "/client")), 0);
	fixture_add_nic(f, "eth0");
	fixture_cable(f, "eth0", true);
	fixture_start(f);
	fixture_wait_line(f, "net lan: DHCP client cannot be started: No such file or directory");
}

static void static_addresses(void **state)
{
	static char gateway[] = "192.0.2.1", gateway6[] = "2001:db8::1";
	struct fixture *f = *state;
	struct network_config *lan = &f->networks[0];
	struct net_status status = {};
	char text[4096];

	SKIP_WHERE_IMPOSSIBLE(f);
	fixture_add_nic(f, "eth0");
	fixture_cable(f, "eth0", true);
	lan->ipv4 = ADDRESS_STATIC;
	assert_int_equal(text_list_add(&lan->addresses, "192.0.2.7/24"), 0);
	assert_int_equal(text_list_add(&lan->addresses, "2001:db8::7/64"), 0);
	assert_int_equal(text_list_add(&lan->addresses, "300.0.2.7/24"), 0);
	assert_int_equal(text_list_add(&lan->dns, "192.0.2.53"), 0);
	lan->gateway = gateway;
	lan->gateway6 = gateway6;
	fixture_start(f);
	fixture_wait_line(f, "net lan: 192.0.2.7/24 (static)");
	fixture_wait_line(f, "net lan: 2001:db8::7/64 (static)");
	fixture_wait_line(f, "net lan: address 300.0.2.7/24 cannot be set: ");
	assert_true(has_default_route(f));
	fixture_assert_no_line(f, "gateway");
	fixture_assert_no_line(f, "waiting");
	status = fixture_status(f, 0);
	assert_int_equal(status.address_count, 2);
	assert_string_equal(status.gateway, "192.0.2.1");
	assert_string_equal(status.phase, "up");
	fixture_read(f, "/resolv.conf", text, sizeof(text));
	assert_string_equal(text, "nameserver 192.0.2.53\n");

	/* The next hostd finds another configuration. */
	fixture_stop(f);
	lan->ipv4 = ADDRESS_DHCP;
	lan->gateway = lan->gateway6 = NULL;
	text_list_done(&lan->addresses);
	fixture_start(f);
	assert_false(fixture_has_address(f, "lan", "192.0.2.7/24"));
	assert_false(fixture_has_address(f, "lan", "2001:db8::7/64"));
	fixture_wait_line(f, "net lan: waiting for DHCP on eth0");
	assert_false(has_default_route(f));
}

static void two_networks(void **state)
{
	static char eth0[] = "eth0";
	struct fixture *f = *state;

	SKIP_WHERE_IMPOSSIBLE(f);
	f->config.network_count = 2;
	f->networks[1].uplink = eth0;
	for (const char *const *name = (const char *const[]){ "eth0", "eth1", NULL }; *name;
	     name++) {
		fixture_add_nic(f, *name);
		fixture_cable(f, *name, true);
	}
	fixture_start(f);
	fixture_wait_line(f, "net dmz: link up on eth0");
	fixture_wait_line(f, "net lan: link up on eth1");
	assert_string_equal(fixture_status(f, 1).uplink, "eth0");
	assert_string_equal(fixture_status(f, 0).uplink, "eth1");

	/* Another hostd with another configuration: the NICs change sides. */
	fixture_stop(f);
	f->networks[1].uplink = NULL;
	f->networks[0].uplink = eth0;
	fixture_start(f);
	fixture_wait_line(f, "net lan: link up on eth0");
	fixture_wait_line(f, "net dmz: link up on eth1");
	assert_int_equal(fixture_link(f, "eth0").master_ifindex, fixture_ifindex(f, "lan"));
}

static void nic_that_refuses(void **state)
{
	struct fixture *f = *state;

	SKIP_WHERE_IMPOSSIBLE(f);
	for (const char *const *name = (const char *const[]){ "eth0", "eth1", NULL }; *name;
	     name++) {
		fixture_add_nic(f, *name);
		fixture_cable(f, *name, true);
	}
	refused_ifindex = fixture_ifindex(f, "eth0");
	fixture_start(f);
	fixture_wait_line(f, "net lan: eth0 cannot be used: ");
	fixture_wait_line(f, "net lan: link up on eth1");
	refused_ifindex = 0;
	assert_string_equal(fixture_status(f, 0).uplink, "eth1");
}

static void nothing_plugged_in(void **state)
{
	static char eth7[] = "eth7";
	struct fixture *f = *state;

	SKIP_WHERE_IMPOSSIBLE(f);
	f->config.network_count = 2;
	f->networks[1].uplink = eth7;
	fixture_add_nic(f, "eth0");
	fixture_add_nic(f, "eth1");
	fixture_start(f);
	fixture_wait_line(f, "net lan: no cable in eth0, eth1");
	fixture_wait_line(f, "net dmz: uplink eth7 is not there");
	fixture_remove_link(f, "eth0");
	fixture_remove_link(f, "eth1");
	fixture_settle(f);
	assert_string_equal(fixture_status(f, 0).phase, "no-nic");
	/* And from now on: silence. */
	assert_int_equal(sd_event_run(f->event, 1500000), 0);
}

static void name_is_taken(void **state)
{
	struct fixture *f = *state;
	int fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	f->config.network_count = 2;
	assert_int_equal(fixture_make_veth(f, "lan", "other"), 0);
	fixture_add_nic(f, "eth0");
	fixture_cable(f, "eth0", true);
	fixture_start(f);
	fixture_wait_line(
		f, "net lan: cannot be made: there is an interface lan that is not a bridge");
	fixture_wait_line(f, "net dmz: link up on eth0");
	assert_int_equal(fixture_open_tap(f, "lan", "web", 0, &fd), -ENETDOWN);
	assert_int_equal(fixture_open_tap(f, "dmz", "web", 0, &fd), 0);
	(void)close(fd);
}

static void bridge_is_removed(void **state)
{
	struct fixture *f = *state;
	char client[CLIENT_MAX];

	SKIP_WHERE_IMPOSSIBLE(f);
	start_with_lease(f, client);
	fixture_remove_link(f, "lan");
	fixture_wait_line(f, "net lan: bridge lan was removed");
	fixture_settle(f);
	assert_int_equal(fixture_status(f, 0).address_count, 0);
	fixture_stop(f);
	fixture_start(f);
	fixture_wait_line(f, "net lan: 192.0.2.7/24 (dhcp)");
}

int main(void)
{
#define NET_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		NET_TEST(without_nic),
		NET_TEST(tap_has_vnet_header_and_no_ipv6),
		NET_TEST(dhcp),
		NET_TEST(renewal_says_nothing),
		NET_TEST(another_address),
		NET_TEST(lease_lost),
		NET_TEST(lease_runs_out),
		NET_TEST(leases_that_are_refused),
		NET_TEST(messages_without_end),
		NET_TEST(gateway_outside_of_the_network),
		NET_TEST(link_down_and_up),
		NET_TEST(nic_goes_and_comes),
		NET_TEST(another_nic_at_once),
		NET_TEST(hostd_starts_again),
		NET_TEST(client_dies),
		NET_TEST(client_is_missing),
		NET_TEST(static_addresses),
		NET_TEST(two_networks),
		NET_TEST(nic_that_refuses),
		NET_TEST(nothing_plugged_in),
		NET_TEST(name_is_taken),
		NET_TEST(bridge_is_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
