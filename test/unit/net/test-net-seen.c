// SPDX-License-Identifier: GPL-2.0-or-later
// Which addresses a guest uses: raw frames, whole and broken, through the filter and the parser;
// and on a real tap, with the next hostd.
#include "net-fixture.h"

#include <linux/virtio_net.h>
#include <sys/resource.h>

#include "net-filter-machine.h"
#include "net/guest/net-seen.h"

#define FRAME_MAX 700

static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0, 0, 0x0a };

struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t length;
};

static struct frame make_arp(const uint8_t source[static 6], uint8_t operation, uint8_t last)
{
	struct frame frame = { { 0xff,        0xff, 0xff,       0xff,      0xff,       0xff,
				 [12] = 0x08, 0x06, 0,          1,         8,          0,
				 6,           4,    0,          operation, [28] = 192, 0,
				 2,           last, [38] = 192, 0,         2,          1 },
			       60 };

	memcpy(frame.bytes + 6, source, 6);
	memcpy(frame.bytes + 22, source, 6);
	return frame;
}

/* type 135 or 136; from :: where source is 0, else from 2001:db8::SOURCE. */
static struct frame make_ip6(uint8_t type, uint8_t source, uint8_t target)
{
	struct frame frame = { { 0x33, 0x33, [12] = 0x86, 0xdd, 0x60, [19] = 24, 58, 255 }, 86 };

	memcpy(frame.bytes + 6, mac, 6);
	if (source)
		memcpy(frame.bytes + 22, (const uint8_t[16]){ 0x20, 1, 0xd, 0xb8, [15] = source },
		       16);
	frame.bytes[54] = type;
	memcpy(frame.bytes + 62, (const uint8_t[16]){ 0x20, 1, 0xd, 0xb8, [15] = target }, 16);
	return frame;
}

/* requested, ciaddr: 192.0.2.LAST, or 0 for none. options: so many words of IPv4's. */
static struct frame make_dhcp(uint8_t type, uint8_t requested, uint8_t ciaddr, uint8_t options)
{
	struct frame frame = { .length = 14 };
	uint8_t *at = frame.bytes;

	memset(at, 0xff, 6);
	memcpy(at + 6, mac, 6);
	at[12] = 8;
	at[14] = (uint8_t)(0x45 + options);
	at[23] = 17;
	memset(at + 26, 0, 4);
	at += 14 + 20 + 4 * options;
	at[1] = 68;
	at[3] = 67;
	at += 8;
	memcpy(at, (const uint8_t[3]){ 1, 1, 6 }, 3);
	if (ciaddr)
		memcpy(at + 12, (const uint8_t[4]){ 192, 0, 2, ciaddr }, 4);
	memcpy(at + 28, mac, 6);
	memcpy(at + 236, (const uint8_t[4]){ 99, 130, 83, 99 }, 4);
	at += 240;
	memcpy(at, (const uint8_t[6]){ 0, 0, 12, 1, 'x', 53 }, 6);
	at[6] = 1;
	at[7] = type;
	at += 8;
	if (requested) {
		memcpy(at, (const uint8_t[6]){ 50, 4, 192, 0, 2, requested }, 6);
		at += 6;
	}
	*at++ = 255;
	frame.length = (size_t)(at - frame.bytes);
	return frame;
}

/* What the kernel would keep of it. */
static size_t filtered(const struct frame *frame, bool tagged)
{
	struct sock_filter program[NET_SEEN_PROGRAM_LENGTH];
	uint32_t length = 0;

	net_seen_filter(mac, program);
	length = machine_run(program, ELEMENTS(program), frame->bytes, frame->length, tagged);
	return length < frame->length ? length : frame->length;
}

/* Whether it changes what is known; parser and filter have to agree on what is of use. */
static bool take(struct net_seen *seen, struct frame frame)
{
	size_t length = filtered(&frame, false);

	return length > 0 && net_seen_take(seen, mac, frame.bytes, length);
}

static void assert_seen(const struct net_seen_list *list, const char *expected)
{
	char text[512] = "", one[NET_IP_TEXT_MAX];

	for (size_t i = 0; i < list->count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			       i ? " " : "", net_ip_format(&list->ips[i], one));
	assert_string_equal(text, expected);
}

static void arp(void **)
{
	static const uint8_t other[6] = { 0x52, 0x54, 0, 0, 0, 0x0b };
	struct net_seen seen = {};
	struct frame frame;

	assert_true(take(&seen, make_arp(mac, 1, 7)));
	assert_false(take(&seen, make_arp(mac, 1, 7)));
	assert_true(take(&seen, make_arp(mac, 2, 8)));
	assert_seen(&seen.ip4, "192.0.2.8 192.0.2.7");
	assert_false(take(&seen, make_arp(other, 1, 9)));
	assert_false(take(&seen, make_arp(mac, 3, 9)));
	/* RFC 5227: a probe has no sender */
	frame = make_arp(mac, 1, 0);
	memset(frame.bytes + 28, 0, 4);
	assert_false(take(&seen, frame));
	/* another's address in its own frame */
	frame = make_arp(mac, 1, 9);
	frame.bytes[27] = 0x0b;
	assert_false(take(&seen, frame));
	/* hardware, protocol, and their sizes */
	for (size_t i = 14; i < 20; i++) {
		frame = make_arp(mac, 1, 9);
		frame.bytes[i] ^= 1;
		assert_false(take(&seen, frame));
	}
	for (uint8_t last = 1; last <= 6; last++)
		(void)take(&seen, make_arp(mac, 1, last));
	assert_seen(&seen.ip4, "192.0.2.6 192.0.2.5 192.0.2.4 192.0.2.3");
	frame = make_arp(mac, 1, 9);
	assert_int_equal(filtered(&frame, true), 0);
	assert_int_equal(filtered(&frame, false), 42);
}

static void ip6(void **)
{
	struct net_seen seen = {};
	struct frame frame;

	assert_true(take(&seen, make_ip6(135, 0, 1)));
	assert_true(take(&seen, make_ip6(135, 2, 9)));
	assert_true(take(&seen, make_ip6(136, 2, 3)));
	assert_seen(&seen.ip6, "2001:db8::3 2001:db8::2 2001:db8::1");
	assert_false(take(&seen, make_ip6(134, 4, 4)));
	/* it was routed */
	frame = make_ip6(136, 4, 4);
	frame.bytes[21] = 254;
	assert_false(take(&seen, frame));
	frame = make_ip6(136, 4, 4);
	frame.bytes[20] = 17;
	assert_false(take(&seen, frame));
	/* fe80::4, ff02::4 */
	frame = make_ip6(136, 4, 4);
	memcpy(frame.bytes + 62, (const uint8_t[]){ 0xfe, 0x80, 0, 0 }, 4);
	assert_false(take(&seen, frame));
	memcpy(frame.bytes + 62, (const uint8_t[]){ 0xff, 0x02, 0, 0 }, 4);
	assert_false(take(&seen, frame));
	assert_int_equal(seen.ip6.count, 3);
}

static void dhcp(void **)
{
	struct net_seen seen = {};
	struct frame frame;

	assert_false(take(&seen, make_dhcp(1, 0, 0, 0)));
	assert_true(take(&seen, make_dhcp(3, 15, 0, 0)));
	assert_seen(&seen.ip4, "192.0.2.15");
	/* renewed, with options of IPv4 */
	assert_false(take(&seen, make_dhcp(3, 0, 15, 3)));
	/* another lease */
	assert_true(take(&seen, make_dhcp(3, 16, 0, 10)));
	assert_seen(&seen.ip4, "192.0.2.16");
	/* refused, which only the server's answer says: it asks for any */
	assert_true(take(&seen, make_dhcp(1, 16, 0, 0)));
	assert_seen(&seen.ip4, "");
	/* an address of its own is none of the server's */
	assert_true(take(&seen, make_arp(mac, 1, 7)));
	assert_true(take(&seen, make_dhcp(3, 15, 0, 0)));
	assert_true(take(&seen, make_dhcp(7, 0, 15, 0)));
	assert_seen(&seen.ip4, "192.0.2.7");
	assert_true(take(&seen, make_dhcp(3, 15, 0, 0)));
	assert_true(take(&seen, make_dhcp(4, 15, 0, 0)));
	assert_false(take(&seen, make_dhcp(3, 0, 0, 0)));
	assert_false(take(&seen, make_dhcp(8, 15, 0, 0)));
	assert_false(take(&seen, make_dhcp(0, 15, 0, 0)));
	/* what makes it another message: version, protocol, fragment, ports, head, hardware
	 * address, cookie */
	static const size_t places[] = { 14, 23, 21, 35, 37, 42, 43, 44, 75, 278 };

	for (size_t i = 0; i < ELEMENTS(places); i++) {
		frame = make_dhcp(3, 15, 0, 0);
		frame.bytes[places[i]] ^= i == 0 ? 0x10 : 1;
		if (take(&seen, frame))
			fail_msg("byte %zu is not looked at", places[i]);
	}
	assert_seen(&seen.ip4, "192.0.2.7");
}

/* Options that end nowhere, headers longer than the frame, and every frame cut everywhere. */
static void malformed(void **)
{
	struct frame frames[] = { make_arp(mac, 1, 7), make_ip6(136, 1, 1), make_dhcp(3, 15, 0, 0),
				  make_dhcp(3, 15, 0, 10) };
	struct net_seen seen = {};
	struct frame frame;

	for (size_t i = 0; i < ELEMENTS(frames); i++)
		for (size_t length = 0; length < frames[i].length; length++) {
			/* exactly so long, for the sanitizer */
			uint8_t *cut = malloc(length ? length : 1);

			assert_non_null(cut);
			memcpy(cut, frames[i].bytes, length);
			(void)net_seen_take(&seen, mac, cut, length);
			free(cut);
		}
	seen = (struct net_seen){};
	/* the end of options is missing, which is the least that may be wrong */
	frame = make_dhcp(3, 15, 0, 0);
	frame.length--;
	assert_true(take(&seen, frame));
	frame = make_dhcp(3, 16, 0, 0);
	frame.bytes[frame.length - 6] = 200;
	assert_false(take(&seen, frame));
	frame = make_dhcp(3, 16, 0, 0);
	frame.bytes[14] = 0x41;
	assert_false(net_seen_take(&seen, mac, frame.bytes, frame.length));
	assert_seen(&seen.ip4, "192.0.2.15");
}

static void noise(void **)
{
	struct net_seen seen = {};
	unsigned int random = 1;

	for (size_t i = 0; i < 200000; i++) {
		struct frame frame = i % 3 == 0   ? make_dhcp(3, 15, 0, (uint8_t)(i % 11))
				     : i % 3 == 1 ? make_ip6(135, 1, 1)
						  : make_arp(mac, 1, 7);
		size_t changes = 1 + i % 4;

		while (changes-- > 0)
			frame.bytes[12 + (size_t)rand_r(&random) % (frame.length - 12)] =
				(uint8_t)rand_r(&random);
		frame.length = 14 + (size_t)rand_r(&random) % (frame.length - 13);
		(void)take(&seen, frame);
		(void)net_seen_take(&seen, mac, frame.bytes, frame.length);
		assert_true(seen.ip4.count <= NET_SEEN_MAX && seen.ip6.count <= NET_SEEN_MAX);
	}
}

/* --- on a tap --- */

static void send_frame(int fd, struct frame frame)
{
	uint8_t packet[sizeof(struct virtio_net_hdr) + FRAME_MAX] = {};

	memcpy(packet + sizeof(struct virtio_net_hdr), frame.bytes, frame.length);
	frame.length += sizeof(struct virtio_net_hdr);
	assert_int_equal(write(fd, packet, frame.length), frame.length);
}

static int open_guest(struct fixture *f)
{
	static const struct text_list any = {};
	int fd = -EBADF;

	assert_int_equal(fixture_request_tap(f,
					     &(struct net_tap_request){ .network = "lan",
									.guest_name = "a",
									.mac = mac,
									.addresses = &any },
					     &fd),
			 0);
	return fd;
}

static void assert_listed(struct fixture *f, const char *expected)
{
	struct text_list list = {};
	char text[512] = "";

	assert_int_equal(net_list_guest_addresses(f->net, "a", 0, mac, &list), 0);
	for (size_t i = 0; i < list.count; i++)
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s",
			       i ? " " : "", list.items[i]);
	text_list_done(&list);
	assert_string_equal(text, expected);
}

static void on_a_tap(void **state)
{
	struct fixture *f = *state;
	struct text_list list = {};
	int fd = -EBADF, fds = 0;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_start(f);
	assert_int_equal(net_list_guest_addresses(f->net, "a", 0, mac, &list), -ENODEV);
	fd = open_guest(f);
	assert_listed(f, "");
	send_frame(fd, make_arp(mac, 1, 7));
	send_frame(fd, make_ip6(135, 0, 1));
	send_frame(fd, make_dhcp(3, 15, 0, 0));
	assert_listed(f, "192.0.2.15 192.0.2.7 2001:db8::1");
	/* A flood of its own hides what it says later, until somebody asks. */
	for (size_t i = 0; i < 2000; i++)
		send_frame(fd, make_arp(mac, 1, 7));
	assert_listed(f, "192.0.2.15 192.0.2.7 2001:db8::1");
	assert_listed(f, "192.0.2.15 192.0.2.7 2001:db8::1");
	send_frame(fd, make_arp(mac, 1, 8));
	assert_listed(f, "192.0.2.8 192.0.2.15 192.0.2.7 2001:db8::1");
	/* The next hostd knows it still, and goes on. */
	fixture_stop(f);
	fixture_start(f);
	assert_listed(f, "192.0.2.8 192.0.2.15 192.0.2.7 2001:db8::1");
	send_frame(fd, make_arp(mac, 2, 9));
	assert_listed(f, "192.0.2.9 192.0.2.8 192.0.2.15 192.0.2.7 2001:db8::1");
	assert_return_code(access(tree_path(&f->tree, "/state/mv-a-0.seen"), R_OK), errno);
	fixture_settle(f);
	fds = count_fds();
	(void)close(fd);
	fixture_settle(f);
	/* Of one that has gone nothing is left. */
	assert_int_equal(count_fds(), fds - 2);
	assert_int_equal(access(tree_path(&f->tree, "/state/mv-a-0.seen"), R_OK), -1);
	assert_int_equal(net_list_guest_addresses(f->net, "a", 0, mac, &list), -ENODEV);
	/* Started again it has said nothing yet. */
	fd = open_guest(f);
	assert_listed(f, "");
	(void)close(fd);
}

/* A tap without its listener is a tap all the same. */
static void no_socket(void **state)
{
	struct fixture *f = *state;
	struct text_list list = {};
	struct rlimit limit = {}, before = {};
	int fd = -EBADF, top = -EBADF;

	SKIP_WHERE_IMPOSSIBLE(f);
	SKIP_WITHOUT_TAPS();
	fixture_start(f);
	fd = open_guest(f);
	fixture_stop(f);
	fixture_start(f);
	top = dup(fd);
	assert_return_code(getrlimit(RLIMIT_NOFILE, &before), errno);
	limit = before;
	limit.rlim_cur = (rlim_t)top;
	(void)close(top);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &limit), errno);
	assert_int_equal(net_list_guest_addresses(f->net, "a", 0, mac, &list), -EMFILE);
	assert_return_code(setrlimit(RLIMIT_NOFILE, &before), errno);
	assert_listed(f, "");
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp),
		cmocka_unit_test(ip6),
		cmocka_unit_test(dhcp),
		cmocka_unit_test(malformed),
		cmocka_unit_test(noise),
		cmocka_unit_test_setup_teardown(on_a_tap, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(no_socket, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
