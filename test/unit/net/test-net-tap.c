// SPDX-License-Identifier: GPL-2.0-or-later
// Guests' taps on a real bridge: frames are written into one and read from another.
// link: -Wl,--wrap=net_tc_set_filter -Wl,--wrap=net_tc_replace_filter
// link: -Wl,--wrap=network_list_reserved
// link: -Wl,--wrap=net_link_guard_port -Wl,--wrap=net_link_request
#include "net-fixture.h"

#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "net/guest/net-reserved.h"
#include "net/link/net-tc.h"

#define FRAME_MAX 256
#define WAIT_MS 300

int __real_net_tc_set_filter(struct net_link *link, int ifindex, const struct sock_filter *program,
			     size_t length);
int __wrap_net_tc_set_filter(struct net_link *link, int ifindex, const struct sock_filter *program,
			     size_t length);
int __real_net_link_guard_port(struct net_link *link, int ifindex, bool isolate);
int __wrap_net_link_guard_port(struct net_link *link, int ifindex, bool isolate);

int __real_net_link_request(struct net_link *link, struct nl_msg *message_consume);
int __wrap_net_link_request(struct net_link *link, struct nl_msg *message_consume);

static int filter_error, replace_error, reserved_error, guard_error;
/* So many requests until the kernel refuses one; 0: it refuses none. */
static unsigned int fail_after;

int __wrap_net_link_request(struct net_link *link, struct nl_msg *message_consume)
{
	if (fail_after == 0 || --fail_after > 0)
		return __real_net_link_request(link, message_consume);
	nlmsg_free(message_consume);
	return -ENOBUFS;
}

int __wrap_net_tc_set_filter(struct net_link *link, int ifindex, const struct sock_filter *program,
			     size_t length)
{
	return filter_error ? filter_error
			    : __real_net_tc_set_filter(link, ifindex, program, length);
}

int __real_net_tc_replace_filter(struct net_link *link, int ifindex,
				 const struct sock_filter *program, size_t length);
int __wrap_net_tc_replace_filter(struct net_link *link, int ifindex,
				 const struct sock_filter *program, size_t length);
int __wrap_net_tc_replace_filter(struct net_link *link, int ifindex,
				 const struct sock_filter *program, size_t length)
{
	return replace_error ? replace_error
			     : __real_net_tc_replace_filter(link, ifindex, program, length);
}

int __real_network_list_reserved(const struct network *network, struct net_reserved *ret_reserved);
int __wrap_network_list_reserved(const struct network *network, struct net_reserved *ret_reserved);
int __wrap_network_list_reserved(const struct network *network, struct net_reserved *ret_reserved)
{
	return reserved_error ? reserved_error
			      : __real_network_list_reserved(network, ret_reserved);
}

int __wrap_net_link_guard_port(struct net_link *link, int ifindex, bool isolate)
{
	return guard_error ? guard_error : __real_net_link_guard_port(link, ifindex, isolate);
}

static const uint8_t mac_a[6] = { 0x52, 0x54, 0x00, 0, 0, 0x0a };
static const uint8_t mac_b[6] = { 0x52, 0x54, 0x00, 0, 0, 0x0b };
static const struct text_list any = {};

/* The guest's end: a frame goes behind an empty vnet header. */
static void send_frame(int fd, const uint8_t *frame, size_t length)
{
	uint8_t packet[sizeof(struct virtio_net_hdr) + FRAME_MAX] = {};

	memcpy(packet + sizeof(struct virtio_net_hdr), frame, length);
	length += sizeof(struct virtio_net_hdr);
	assert_int_equal(write(fd, packet, length), length);
}

/* Whether a frame with that mark comes out within a while; others are passed over. */
static bool receives(int fd, uint8_t mark)
{
	uint64_t end_us = now_us() + WAIT_MS * 1000;
	uint8_t packet[4096];

	while (now_us() < end_us) {
		ssize_t length = read(fd, packet, sizeof(packet));
		size_t at = sizeof(struct virtio_net_hdr) + 14;

		if (length > (ssize_t)at && packet[at] == 0x4d && packet[at + 1] == mark)
			return true;
		if (length < 0)
			(void)poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 20);
	}
	return false;
}

/* A broadcast of a protocol of nobody's, marked; or with a tag in front of it. */
static void send_marked(int fd, const uint8_t source[static 6], bool tagged, uint8_t mark)
{
	uint8_t frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	size_t at = 12;

	memcpy(frame + 6, source, 6);
	if (tagged) {
		frame[at++] = 0x81;
		frame[at++] = 0x00;
		frame[at++] = 0x00;
		frame[at++] = 0x0c;
	}
	frame[at++] = 0x88;
	frame[at++] = 0xb5;
	frame[at++] = 0x4d;
	frame[at++] = mark;
	send_frame(fd, frame, sizeof(frame));
}

/* An ARP request from an address 192.0.2.LAST; ARP's hardware type is no mark, so it is counted. */
static void send_arp(int fd, const uint8_t source[static 6], uint8_t last)
{
	uint8_t frame[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [12] = 0x08, 0x06, 0x00, 0x01,
			      0x08, 0x00, 0x06, 0x04, 0x00, 0x01, [28] = 192,  0,    2,    last };

	memcpy(frame + 6, source, 6);
	memcpy(frame + 22, source, 6);
	frame[38] = 192;
	frame[40] = 2;
	frame[41] = 1;
	send_frame(fd, frame, sizeof(frame));
}

static struct net_tap_stats stats_of(struct fixture *f, const char *guest)
{
	struct net_tap_stats stats = {};

	assert_int_equal(net_read_tap_stats(f->net, guest, 0, &stats), 0);
	return stats;
}

static int open_guest(struct fixture *f, const char *name, const uint8_t *mac,
		      const struct text_list *addresses, bool isolate)
{
	int fd = -EBADF;

	assert_int_equal(fixture_request_tap(f,
					     &(struct net_tap_request){
						     .network = "lan",
						     .guest_name = name,
						     .mac = mac,
						     .addresses = addresses,
						     .isolate = isolate,
					     },
					     &fd),
			 0);
	/* The bridge forwards when the port's carrier is up, a little later. */
	(void)usleep(50000);
	return fd;
}

static void own_mac_only(void **state)
{
	struct fixture *f = *state;
	struct net_tap_stats before = {}, after = {};
	int a = -EBADF, b = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_start(f);
	a = open_guest(f, "a", mac_a, &any, false);
	b = open_guest(f, "b", mac_b, &any, false);
	send_marked(a, mac_a, false, 1);
	assert_true(receives(b, 1));
	before = stats_of(f, "a");
	send_marked(a, mac_b, false, 2);
	assert_false(receives(b, 2));
	send_marked(a, mac_a, true, 3);
	assert_false(receives(b, 3));
	/* half a header */
	send_frame(a, (const uint8_t[14]){ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54 }, 14);
	after = stats_of(f, "a");
	assert_int_equal(after.tx_refused - before.tx_refused, 3);
	assert_int_equal(after.tx_packets - before.tx_packets, 3);
	send_marked(b, mac_b, false, 4);
	assert_true(receives(a, 4));
	(void)close(a);
	(void)close(b);
}

static void addresses(void **state)
{
	_cleanup_(text_list_done) struct text_list own = {};
	struct fixture *f = *state;
	uint64_t before = 0;
	int a = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	assert_int_equal(text_list_add(&own, "192.0.2.7"), 0);
	assert_int_equal(text_list_add(&own, "2001:db8::7"), 0);
	fixture_start(f);
	a = open_guest(f, "a", mac_a, &own, false);
	send_arp(a, mac_a, 7);
	before = stats_of(f, "a").tx_refused;
	assert_int_equal(before, 0);
	send_arp(a, mac_a, 8);
	assert_int_equal(stats_of(f, "a").tx_refused, 1);
	send_marked(a, mac_a, false, 1);
	assert_int_equal(stats_of(f, "a").tx_refused, 2);
	send_arp(a, mac_a, 7);
	assert_int_equal(stats_of(f, "a").tx_refused, 2);
	(void)close(a);
}

static int request_guest(struct fixture *f, const char *name, const uint8_t *mac,
			 const struct text_list *addresses, bool router)
{
	const struct net_tap_request request = { .network = "lan",
						 .guest_name = name,
						 .mac = mac,
						 .addresses = addresses,
						 .may = router ? NIC_MAY_ROUTER : 0 };
	int fd = -EBADF;

	assert_int_equal(fixture_request_tap(f, &request, &fd), 0);
	return fd;
}

/* Which of the addresses 192.0.2.LAST a guest may claim. */
static void check_claims(struct fixture *f, const char *guest, int fd, const uint8_t *mac,
			 const uint8_t *refused, size_t refused_count, const uint8_t *allowed,
			 size_t allowed_count)
{
	uint64_t before = stats_of(f, guest).tx_refused;

	for (size_t i = 0; i < allowed_count; i++) {
		send_arp(fd, mac, allowed[i]);
		if (stats_of(f, guest).tx_refused != before)
			fail_msg("%s is kept from 192.0.2.%u", guest, allowed[i]);
	}
	for (size_t i = 0; i < refused_count; i++) {
		send_arp(fd, mac, refused[i]);
		if (stats_of(f, guest).tx_refused != before + i + 1)
			fail_msg("%s has claimed 192.0.2.%u", guest, refused[i]);
	}
}

#define LIST(...) ((const uint8_t[]){ __VA_ARGS__ }), sizeof((const uint8_t[]){ __VA_ARGS__ })

static void use_static_address(struct fixture *f)
{
	static char gateway[] = "192.0.2.1";

	f->networks[0].ipv4 = ADDRESS_STATIC;
	f->networks[0].gateway = gateway;
	assert_int_equal(text_list_add(&f->networks[0].addresses, "192.0.2.10/24"), 0);
	assert_int_equal(text_list_add(&f->networks[0].dns, "192.0.2.53"), 0);
}

/* As another program does. */
static void set_address(struct fixture *f, const char *text)
{
	struct net_ip ip = {};

	assert_int_equal(net_ip_parse_prefix(text, &ip), 0);
	assert_int_equal(net_address_set(f->link, fixture_ifindex(f, "lan"), &ip, NET_ORIGIN_OTHER,
					 NET_ADDRESS_FOREVER),
			 0);
}

static void set_route(struct fixture *f, bool there)
{
	struct net_route route = { .ifindex = fixture_ifindex(f, "lan"), .metric = 7 };

	assert_int_equal(net_ip_parse_prefix("203.0.113.0/24", &route.destination), 0);
	assert_int_equal(net_ip_parse("192.0.2.3", &route.gateway), 0);
	assert_int_equal(there ? net_route_set(f->link, &route) : net_route_delete(f->link, &route),
			 0);
}

static void check_shown(struct fixture *f, const char *guest, const uint8_t *mac,
			const char *wanted)
{
	_cleanup_(text_list_done) struct text_list addresses = {};
	char text[256] = "";

	assert_int_equal(net_list_guest_addresses(f->net, guest, 0, mac, &addresses), 0);
	for (size_t i = 0; i < addresses.count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
			       addresses.items[i]);
	assert_string_equal(text, wanted);
}

/* Own address, gateway and DNS server are no guest's, as long as they are the host's. */
static void addresses_of_the_host(void **state)
{
	_cleanup_(text_list_done) struct text_list own = {};
	struct fixture *f = *state;
	int a = -EBADF, router = -EBADF, server = -EBADF;
	char *why = NULL;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	use_static_address(f);
	assert_int_equal(text_list_add(&own, "192.0.2.53"), 0);
	fixture_start(f);
	a = request_guest(f, "a", mac_a, &any, false);
	router = request_guest(f, "router", mac_b, &any, true);
	server = request_guest(f, "server", mac_b, &own, false);
	check_claims(f, "a", a, mac_a, LIST(1, 10, 53), LIST(0, 2, 7, 20));
	/* what the definition says is its own; the router may have any */
	check_claims(f, "server", server, mac_b, LIST(1, 10), LIST(53));
	check_claims(f, "router", router, mac_b, NULL, 0, LIST(1, 10, 53));
	/* what it may not have is not shown as its own, and is said once */
	check_shown(f, "a", mac_a, "192.0.2.20 ");
	fixture_wait_line(f, "net: guest a may not use 192.0.2.53, which is ");
	fixture_assert_no_line(f, "may not use 192.0.2.10");
	/* another address and gateway, at once, and back */
	assert_int_equal(net_try_address(f->net, "lan", "192.0.2.20/24", "192.0.2.2", &why), 0);
	check_claims(f, "a", a, mac_a, LIST(2, 20, 53), LIST(1, 7, 10));
	assert_int_equal(net_settle_address(f->net, "lan", false, &why), 0);
	check_claims(f, "a", a, mac_a, LIST(1, 10, 53), LIST(2, 7, 20));
	check_claims(f, "server", server, mac_b, LIST(1, 10), LIST(53));
	check_claims(f, "router", router, mac_b, NULL, 0, LIST(1, 10, 53));
	/* one that another program sets, and takes away */
	set_address(f, "192.0.2.30/24");
	fixture_settle(f);
	check_claims(f, "a", a, mac_a, LIST(10, 30), LIST(31));
	set_route(f, true);
	fixture_settle(f);
	check_claims(f, "a", a, mac_a, LIST(1, 3), LIST(4));
	set_route(f, false);
	fixture_settle(f);
	check_claims(f, "a", a, mac_a, LIST(1), LIST(3));
	(void)close(a);
	(void)close(router);
	(void)close(server);
}

/* With another address than before, which the guests that go on may not claim either. */
static void hostd_starts_with_another_address(void **state)
{
	static char gateway[] = "192.0.2.4";
	struct net_tap_request request = {
		.network = "lan", .guest_name = "a", .mac = mac_a, .addresses = &any
	};
	struct fixture *f = *state;
	int a = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	use_static_address(f);
	fixture_start(f);
	a = request_guest(f, "a", mac_a, &any, false);
	fixture_stop(f);
	text_list_done(&f->networks[0].addresses);
	assert_int_equal(text_list_add(&f->networks[0].addresses, "192.0.2.40/24"), 0);
	f->networks[0].gateway = gateway;
	fixture_start(f);
	reserved_error = -ENOBUFS;
	assert_int_equal(net_adopt_tap(f->net, &request), -ENOBUFS);
	reserved_error = 0;
	assert_int_equal(net_adopt_tap(f->net, &request), 0);
	check_claims(f, "a", a, mac_a, LIST(4, 40, 53), LIST(1, 7, 10));
	fixture_assert_no_line(f, "cannot");
	request.guest_name = "nobody";
	assert_int_equal(net_adopt_tap(f->net, &request), -ENODEV);
	request.network = "gone";
	assert_int_equal(net_adopt_tap(f->net, &request), -ENOENT);
	/* its filter goes with it */
	(void)close(a);
	fixture_settle(f);
	set_address(f, "192.0.2.30/24");
	fixture_settle(f);
	fixture_assert_no_line(f, "cannot");
}

/* Said, and done with the next change. */
static void filter_cannot_be_changed(void **state)
{
	struct fixture *f = *state;
	int a = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	use_static_address(f);
	fixture_start(f);
	a = request_guest(f, "a", mac_a, &any, false);
	replace_error = -ENOBUFS;
	set_address(f, "192.0.2.30/24");
	fixture_wait_line(f, "net lan: a guest's filter cannot be updated");
	replace_error = 0;
	check_claims(f, "a", a, mac_a, LIST(10), LIST(30));
	reserved_error = -ENOBUFS;
	set_address(f, "192.0.2.32/24");
	fixture_wait_line(f, "net lan: the host's addresses cannot be read");
	reserved_error = 0;
	set_address(f, "192.0.2.31/24");
	fixture_settle(f);
	check_claims(f, "a", a, mac_a, LIST(10, 30, 31, 32), LIST(33));
	(void)close(a);
}

/* A UDP broadcast over IPv4 from a port to a port; where it is loaded, br_netfilter wants the
 * header's checksum right. */
static void send_udp(int fd, const uint8_t source[static 6], uint16_t from, uint16_t to)
{
	uint8_t frame[64] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [12] = 0x08, 0x00, 0x45, 0,
			      0,    28,   0,    0,    0,    0,    64,          17,   0xb8, 0xd0,
			      192,  0,    2,    1,    255,  255,  255,         255 };

	memcpy(frame + 6, source, 6);
	frame[34] = (uint8_t)(from >> 8);
	frame[35] = (uint8_t)from;
	frame[36] = (uint8_t)(to >> 8);
	frame[37] = (uint8_t)to;
	frame[39] = 8;
	send_frame(fd, frame, sizeof(frame));
}

/* Whether one from that port arrives. */
static bool receives_udp(int fd, uint16_t from)
{
	uint64_t end_us = now_us() + WAIT_MS * 1000;
	uint8_t packet[4096];

	while (now_us() < end_us) {
		ssize_t length = read(fd, packet, sizeof(packet));
		const uint8_t *frame = packet + sizeof(struct virtio_net_hdr);

		if (length > (ssize_t)sizeof(struct virtio_net_hdr) + 38 && frame[12] == 0x08 &&
		    frame[13] == 0x00 && frame[23] == 17 && frame[34] << 8 == (from & 0xff00) &&
		    frame[35] == (from & 0xff))
			return true;
		if (length < 0)
			(void)poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 20);
	}
	return false;
}

/* A router advertisement to all nodes, over IPv6. */
static void send_advertisement(int fd, const uint8_t source[static 6])
{
	uint8_t frame[70] = { 0x33, 0x33, 0,           0,    0,    1,        [12] = 0x86, 0xdd,
			      0x60, 0,    0,           0,    0,    16,       58,          255,
			      0xfe, 0x80, [37] = 0x0a, 0xff, 0x02, [53] = 1, 134 };

	memcpy(frame + 6, source, 6);
	send_frame(fd, frame, sizeof(frame));
}

/* Neither neighbours nor the host get what only servers and routers send, unless it may be one. */
static void servers_and_routers(void **state)
{
	struct net_tap_request request = { .network = "lan",
					   .guest_name = "c",
					   .mac = mac_a,
					   .addresses = &any,
					   .may = NIC_MAY_DHCP_SERVER | NIC_MAY_ROUTER };
	struct fixture *f = *state;
	uint64_t refused = 0;
	int a = -EBADF, b = -EBADF, fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_start(f);
	a = open_guest(f, "a", mac_a, &any, false);
	b = open_guest(f, "b", mac_b, &any, false);
	send_udp(a, mac_a, 68, 67);
	assert_true(receives_udp(b, 68));
	refused = stats_of(f, "a").tx_refused;
	send_udp(a, mac_a, 67, 68);
	assert_false(receives_udp(b, 67));
	send_udp(a, mac_a, 1234, 68);
	assert_false(receives_udp(b, 1234));
	send_advertisement(a, mac_a);
	assert_int_equal(stats_of(f, "a").tx_refused - refused, 3);
	(void)close(a);

	assert_int_equal(fixture_request_tap(f, &request, &fd), 0);
	(void)usleep(50000);
	refused = stats_of(f, "c").tx_refused;
	send_udp(fd, mac_a, 67, 68);
	assert_true(receives_udp(b, 67));
	send_advertisement(fd, mac_a);
	assert_int_equal(stats_of(f, "c").tx_refused, refused);
	(void)close(fd);

	/* and when its filter has been made anew, with another address of the host's */
	request.may = NIC_MAY_DHCP_SERVER;
	request.guest_name = "d";
	assert_int_equal(fixture_request_tap(f, &request, &fd), 0);
	set_address(f, "192.0.2.30/24");
	fixture_settle(f);
	send_udp(fd, mac_a, 67, 68);
	assert_true(receives_udp(b, 67));
	send_advertisement(fd, mac_a);
	assert_int_equal(stats_of(f, "d").tx_refused, 1);
	(void)close(fd);
	(void)close(b);
}

static void isolated_guests(void **state)
{
	static const uint8_t mac_c[6] = { 0x52, 0x54, 0x00, 0, 0, 0x0c };
	struct fixture *f = *state;
	int a = -EBADF, b = -EBADF, c = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_start(f);
	a = open_guest(f, "a", mac_a, &any, true);
	b = open_guest(f, "b", mac_b, &any, true);
	c = open_guest(f, "c", mac_c, &any, false);
	send_marked(a, mac_a, false, 1);
	assert_true(receives(c, 1));
	assert_false(receives(b, 1));
	send_marked(c, mac_c, false, 2);
	assert_true(receives(a, 2));
	(void)close(a);
	(void)close(b);
	(void)close(c);
}

static void statistics(void **state)
{
	struct fixture *f = *state;
	struct net_tap_stats a_before = {}, b_before = {}, a_after = {}, b_after = {};
	int a = -EBADF, b = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_start(f);
	assert_int_equal(net_read_tap_stats(f->net, "a", 0, &a_before), -ENODEV);
	a = open_guest(f, "a", mac_a, &any, false);
	b = open_guest(f, "b", mac_b, &any, false);
	a_before = stats_of(f, "a");
	b_before = stats_of(f, "b");
	for (uint8_t i = 1; i <= 10; i++)
		send_marked(a, mac_a, false, i);
	assert_true(receives(b, 10));
	a_after = stats_of(f, "a");
	b_after = stats_of(f, "b");
	assert_int_equal(a_after.tx_packets - a_before.tx_packets, 10);
	assert_int_equal(a_after.tx_bytes - a_before.tx_bytes, 640);
	assert_true(b_after.rx_packets - b_before.rx_packets >= 10);
	assert_true(b_after.rx_bytes - b_before.rx_bytes >= 640);
	assert_int_equal(b_after.tx_packets, b_before.tx_packets);
	(void)close(a);
	(void)close(b);
	assert_int_equal(net_read_tap_stats(f->net, "a", 0, &a_before), -ENODEV);
	/* what is no guest's tap */
	assert_int_equal(fixture_make_veth(f, "mv-a-0", "other"), 0);
	assert_int_equal(net_read_tap_stats(f->net, "a", 0, &a_before), -ENODEV);
}

static void hostd_starts_again(void **state)
{
	struct fixture *f = *state;
	int a = -EBADF, b = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_start(f);
	a = open_guest(f, "a", mac_a, &any, false);
	b = open_guest(f, "b", mac_b, &any, false);
	fixture_stop(f);
	send_marked(a, mac_b, false, 1);
	assert_false(receives(b, 1));
	fixture_start(f);
	send_marked(a, mac_a, false, 2);
	assert_true(receives(b, 2));
	send_marked(a, mac_b, false, 3);
	assert_false(receives(b, 3));
	assert_int_equal(stats_of(f, "a").tx_refused, 2);
	(void)close(a);
	(void)close(b);
}

static void no_filter_no_tap(void **state)
{
	_cleanup_(text_list_done) struct text_list wrong = {};
	struct fixture *f = *state;
	struct net_tap_request request = {
		.network = "lan", .guest_name = "a", .mac = mac_a, .addresses = &any
	};
	int fd = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_start(f);
	filter_error = -ENOENT;
	assert_int_equal(fixture_request_tap(f, &request, &fd), -ENOENT);
	filter_error = 0;
	fixture_wait_line(f, "net lan: NIC 0 of guest a gets no tap: what it sends cannot be "
			     "filtered: ");
	reserved_error = -ENOMEM;
	assert_int_equal(fixture_request_tap(f, &request, &fd), -ENOMEM);
	reserved_error = 0;
	guard_error = -EOPNOTSUPP;
	assert_int_equal(fixture_request_tap(f, &request, &fd), -EOPNOTSUPP);
	guard_error = 0;
	fixture_wait_line(f, "net lan: NIC 0 of guest a gets no tap: its port cannot be guarded: ");
	assert_int_equal(text_list_add(&wrong, "lan"), 0);
	request.addresses = &wrong;
	assert_int_equal(fixture_request_tap(f, &request, &fd), -EINVAL);
	assert_int_equal(fd, -EBADF);
	fixture_settle(f);
	assert_int_equal(fixture_ifindex(f, "mv-a-0"), -ENODEV);
}

/* Whichever request is refused: there is no tap, but for the MTU, which is no fault. */
static void every_request_in_turn(void **state)
{
	const struct net_tap_request request = {
		.network = "lan", .guest_name = "a", .mac = mac_a, .addresses = &any
	};
	struct fixture *f = *state;
	unsigned int failures = 0, warnings = 0;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_start(f);
	for (unsigned int i = 1;; i++) {
		int fd = -EBADF, r = 0;
		bool refused = false;

		fail_after = i;
		r = fixture_request_tap(f, &request, &fd);
		refused = fail_after == 0;
		fail_after = 0;
		assert_int_equal(r < 0, fd < 0);
		if (r == 0)
			(void)close(fd);
		fixture_settle(f);
		assert_int_equal(fixture_ifindex(f, "mv-a-0"), -ENODEV);
		if (!refused)
			break;
		assert_true(r == 0 || r == -ENOBUFS);
		failures += r < 0;
		warnings += r == 0;
	}
	assert_int_equal(failures, 6);
	assert_int_equal(warnings, 1);
	fixture_wait_line(f, "net lan: mtu 1500 cannot be set on the tap: ");
}

/* What the kernel does not take is an error, and so is a second one. */
static void filters_that_are_refused(void **state)
{
	static const struct sock_filter nonsense = BPF_STMT(BPF_RET | BPF_A, 0);
	static const struct sock_filter broken = BPF_STMT(0xffff, 0);
	struct fixture *f = *state;
	uint64_t count = 0;
	int ifindex = 0;

	SKIP_WHERE_IMPOSSIBLE(f);
	assert_int_equal(fixture_make_veth(f, "one", "two"), 0);
	ifindex = fixture_ifindex(f, "one");
	assert_int_equal(net_tc_count_refused(f->link, ifindex, &count), -ENOENT);
	assert_true(net_tc_set_filter(f->link, ifindex, &broken, 1) < 0);
	/* twice */
	assert_int_equal(net_tc_set_filter(f->link, ifindex, &nonsense, 1), -EEXIST);
	assert_int_equal(net_tc_count_refused(f->link, ifindex, &count), 0);
	assert_int_equal(net_tc_set_filter(f->link, 999, &nonsense, 1), -ENODEV);
}

/* The network could not be started, and guests go on. */
static void no_network(void **)
{
	static const uint8_t mac[6] = { 2 };
	static const struct text_list none = {};
	const struct net_tap_request request = {
		.network = "lan",
		.guest_name = "web",
		.mac = mac,
		.addresses = &none,
	};
	int tap_fd = -EBADF, vhost_fd = -EBADF;

	assert_int_equal(net_open_tap(NULL, &request, &tap_fd, &vhost_fd), -ENOENT);
	assert_int_equal(net_adopt_tap(NULL, &request), -ENOENT);
	assert_int_equal(tap_fd, -EBADF);
}

int main(void)
{
#define TAP_TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_network),
		TAP_TEST(own_mac_only),
		TAP_TEST(addresses),
		TAP_TEST(addresses_of_the_host),
		TAP_TEST(hostd_starts_with_another_address),
		TAP_TEST(filter_cannot_be_changed),
		TAP_TEST(servers_and_routers),
		TAP_TEST(isolated_guests),
		TAP_TEST(statistics),
		TAP_TEST(hostd_starts_again),
		TAP_TEST(no_filter_no_tap),
		TAP_TEST(every_request_in_turn),
		TAP_TEST(filters_that_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
