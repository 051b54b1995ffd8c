// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest's filter lets through: whole frames, cut at every byte, run by an interpreter here
// and by the kernel.
// link: -Wl,--wrap=calloc -Wl,--wrap=reallocarray
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "net/net-filter.h"

#include "net-filter-machine.h"

#define FRAME_MAX 512

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_reallocarray(void *pointer, size_t count, size_t size);
void *__wrap_reallocarray(void *pointer, size_t count, size_t size);

/* So many allocations until one fails; 0: none does. */
static unsigned int fail_after;

static bool fails_now(void)
{
	return fail_after > 0 && --fail_after == 0;
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_reallocarray(void *pointer, size_t count, size_t size)
{
	return fails_now() ? NULL : __real_reallocarray(pointer, count, size);
}

static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };

#define OWN "525400123456"
#define OTHER "525400123457"
#define BROADCAST "ffffffffffff"
#define ROUTER "020000000001"
#define HEAD ROUTER OWN
#define ARP_HEAD BROADCAST OWN "0806 0001 0800 06 04 "
#define IP4 HEAD "0800 45 00 001c 0001 0000 40 "
#define DHCP_HEAD BROADCAST OWN "0800 45 00 0030 0001 "
#define IP6 HEAD "86dd 60000000 "
/* 192.0.2.7, 2001:db8::7, and the link-local address of the MAC */
#define OWN_4 "c0000207"
#define OWN_6 "20010db8000000000000000000000007"
#define OTHER_6 "20010db8000000000000000000000008"
#define LINK_6 "fe80000000000000505400fffe123456"
#define OTHER_LINK_6 "fe80000000000000505400fffe123457"
#define NONE_6 "00000000000000000000000000000000"
#define NODES_6 "ff020000000000000000000000000001"
#define ICMP6(length, source) IP6 length " 3a ff " source NODES_6
#define SOLICIT "87 00 0000 00000000 "
#define ADVERT "88 00 0000 60000000 "

struct filter_fixture {
	struct text_list addresses;
	struct sock_filter *program;
	size_t length;
	uint8_t frame[FRAME_MAX];
	size_t frame_length;
	int sockets[2];
};

static size_t bytes_of(const char *text, uint8_t *bytes)
{
	size_t count = 0;
	unsigned int byte = 0;

	for (; *text; text += *text == ' ' ? 1 : 2)
		if (*text != ' ') {
			assert_true(count < FRAME_MAX);
			assert_int_equal(sscanf(text, "%2x", &byte), 1);
			bytes[count++] = (uint8_t)byte;
		}
	return count;
}

static uint32_t interpret(const struct filter_fixture *f, size_t length, bool tagged)
{
	return machine_run(f->program, f->length, f->frame, length, tagged);
}

/* A socket with the program as its filter gets what the program lets through. */
static bool kernel_accepts(struct filter_fixture *f, size_t length)
{
	uint8_t got[FRAME_MAX];
	ssize_t r = 0;

	assert_int_equal(send(f->sockets[0], f->frame, length, 0), length);
	r = recv(f->sockets[1], got, sizeof(got), MSG_DONTWAIT);
	assert_true(r < 0 || (size_t)r == length);
	return r >= 0;
}

static bool accepts(struct filter_fixture *f, size_t length)
{
	bool accepted = interpret(f, length, false) != 0;

	assert_int_equal(kernel_accepts(f, length), accepted);
	return accepted;
}

static void forget_program(struct filter_fixture *f)
{
	free(take_ptr(f->program));
	for (size_t i = 0; i < ELEMENTS(f->sockets); i++)
		f->sockets[i] = fd_close(f->sockets[i]);
}

static void make_program(struct filter_fixture *f)
{
	struct sock_fprog program = {};

	forget_program(f);
	assert_int_equal(net_filter_make(mac, &f->addresses, &f->program, &f->length), 0);
	program = (struct sock_fprog){ .len = (unsigned short)f->length, .filter = f->program };
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, f->sockets), 0);
	assert_int_equal(setsockopt(f->sockets[1], SOL_SOCKET, SO_ATTACH_FILTER, &program,
				    sizeof(program)),
			 0);
}

static void expect(struct filter_fixture *f, const char *const *frames, size_t count, bool accepted)
{
	for (size_t i = 0; i < count; i++) {
		f->frame_length = bytes_of(frames[i], f->frame);
		if (accepts(f, f->frame_length) != accepted)
			fail_msg("%s: %s", accepted ? "dropped" : "let through", frames[i]);
		/* With a tag, whatever it is. */
		assert_int_equal(interpret(f, f->frame_length, true), 0);
	}
}

#define EXPECT(f, accepted, ...)                                     \
	do {                                                         \
		const char *const _frames[] = { __VA_ARGS__ };       \
		expect((f), _frames, ELEMENTS(_frames), (accepted)); \
	} while (0)

static int setup(void **state)
{
	struct filter_fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->sockets[0] = f->sockets[1] = -EBADF;
	*state = f;
	return 0;
}

static int setup_with_addresses(void **state)
{
	struct filter_fixture *f = NULL;

	(void)setup(state);
	f = *state;
	assert_int_equal(text_list_add(&f->addresses, "198.51.100.9"), 0);
	assert_int_equal(text_list_add(&f->addresses, "192.0.2.7"), 0);
	assert_int_equal(text_list_add(&f->addresses, "2001:db8::9"), 0);
	assert_int_equal(text_list_add(&f->addresses, "2001:db8::7"), 0);
	make_program(f);
	return 0;
}

static int teardown(void **state)
{
	struct filter_fixture *f = *state;

	forget_program(f);
	text_list_done(&f->addresses);
	free(f);
	return 0;
}

static void mac_alone(void **state)
{
	struct filter_fixture *f = *state;

	make_program(f);
	EXPECT(f, true, HEAD "0800", HEAD "88cc 00", BROADCAST OWN "0806 00",
	       "01005e000001" OWN "0800", "333300000001" OWN "86dd", HEAD "0040 424203",
	       HEAD "0600 aaaa03",
	       /* not the groups of bridges, though close to them */
	       "0180c2000100" OWN "0800", "01000ccc0000" OWN "0800");
	EXPECT(f, false, ROUTER OTHER "0800",
	       ROUTER "525400123556"
		      "0800",
	       ROUTER "535400123456"
		      "0800",
	       ROUTER BROADCAST "0800",
	       ROUTER "000000000000"
		      "0800",
	       /* spanning tree, pause frames, LLDP, GARP; Cisco's */
	       "0180c2000000" OWN "0026 424203", "0180c2000001" OWN "8808",
	       "0180c200000e" OWN "88cc", "0180c2000021" OWN "0800", "01000ccccccd" OWN "0040",
	       "01000ccccccc" OWN "0040",
	       /* tags */
	       HEAD "8100 000c 0800", HEAD "88a8 000c 8100", HEAD "9100 000c 0800",
	       HEAD "9200 000c 0800", HEAD "9300 000c 0800",
	       /* a type in a frame of IEEE 802.3, whatever its length says */
	       HEAD "0040 aaaa03 000000 0800 45", HEAD "0000 aaaa03 000000 86dd",
	       HEAD "05ff abaa03 000000 0806", HEAD "0026 aa",
	       /* cut off */
	       "", ROUTER, HEAD, HEAD "08");
}

static void other_protocols(void **state)
{
	EXPECT(*state, false, HEAD "88cc 00", HEAD "0040 aaaa03 000000 0800 45",
	       HEAD "8864 11000000",
	       BROADCAST OWN "8035 0001 0800 06 04 0003 " OWN OWN_4 OWN "00000000",
	       HEAD "8847 00000140");
}

static void arp(void **state)
{
	EXPECT(*state, true,
	       ARP_HEAD "0001" OWN OWN_4 "000000000000"
			"c0000201",
	       ARP_HEAD "0001" OWN "c6336409"
			"000000000000"
			"c0000201",
	       ARP_HEAD "0002" OWN OWN_4 ROUTER "c0000201",
	       /* a probe */
	       ARP_HEAD "0001" OWN "00000000"
			"000000000000" OWN_4,
	       /* padded to Ethernet's least */
	       ARP_HEAD "0001" OWN OWN_4 "000000000000"
			"c0000201" NONE_6 "0000");
	EXPECT(*state, false, ARP_HEAD "0002" OWN "c0000201" ROUTER "c0000201",
	       ARP_HEAD "0001" OWN "c0000208"
			"000000000000"
			"c0000208",
	       ARP_HEAD "0002" OTHER OWN_4 ROUTER "c0000201",
	       ARP_HEAD "0002"
			"525400123556" OWN_4 ROUTER "c0000201",
	       ARP_HEAD "0003" OWN OWN_4 ROUTER "c0000201",
	       BROADCAST OWN "0806 0006 0800 06 04 0001" OWN OWN_4 "000000000000"
			     "c0000201",
	       BROADCAST OWN "0806 0001 0800 08 04 0001" OWN OWN_4 "000000000000"
			     "c0000201",
	       BROADCAST OWN "0806 0001 86dd 06 04 0001" OWN OWN_4 "000000000000"
			     "c0000201",
	       BROADCAST OTHER "0806 0001 0800 06 04 0001" OWN OWN_4 "000000000000"
			       "c0000201",
	       ARP_HEAD, ARP_HEAD "0001" OWN "c00002", ARP_HEAD "0001" OWN);
}

static void ip4(void **state)
{
	EXPECT(*state, true, IP4 "11 0000" OWN_4 "c0000201 1234 0035 0008 0000",
	       IP4 "11 0000 c6336409 c0000201 1234 0035 0008 0000", IP4 "01 0000" OWN_4 "e0000001",
	       /* a fragment that is not the first */
	       HEAD "0800 45 00 001c 0001 2001 40 11 0000" OWN_4 "c0000201 0000");
	EXPECT(*state, false, IP4 "11 0000 c0000201 c0000207 1234 0035 0008 0000",
	       IP4 "11 0000 c0000208 c0000201 1234 0035 0008 0000",
	       IP4 "11 0000 00000000 c0000201 1234 0035 0008 0000", IP4 "11 0000 7f000001 c0000201",
	       IP4 "11 0000 ffffffff c0000201",
	       HEAD "0800 45 00 001c 0001 2001 40 11 0000 c0000208 c0000201 0000", HEAD "0800",
	       IP4 "11 0000 c00002", IP4 "11");
}

static void dhcp(void **state)
{
	EXPECT(*state, true, DHCP_HEAD "0000 40 11 0000 00000000 ffffffff 0044 0043 001c 0000 0101",
	       /* with options in the IP header */
	       BROADCAST OWN "0800 46 00 0030 0001 0000 40 11 0000 00000000 ffffffff 94040000 "
			     "0044 0043 001c 0000");
	EXPECT(*state, false,
	       /* a server, another port, another protocol, one host alone, fragments */
	       DHCP_HEAD "0000 40 11 0000 00000000 ffffffff 0043 0044 001c 0000",
	       DHCP_HEAD "0000 40 11 0000 00000000 ffffffff 0044 0035 001c 0000",
	       DHCP_HEAD "0000 40 06 0000 00000000 ffffffff 0044 0043 001c 0000",
	       DHCP_HEAD "0000 40 11 0000 00000000 c0000201 0044 0043 001c 0000",
	       DHCP_HEAD "2000 40 11 0000 00000000 ffffffff 0044 0043 001c 0000",
	       DHCP_HEAD "0001 40 11 0000 00000000 ffffffff 0044 0043 001c 0000",
	       /* the ports where there would be none with options in the header */
	       BROADCAST OWN "0800 46 00 0030 0001 0000 40 11 0000 00000000 ffffffff 00440043 "
			     "0045 0045 001c 0000",
	       DHCP_HEAD "0000 40 11 0000 00000000 ffffffff 0044",
	       DHCP_HEAD "0000 40 11 0000 00000000 ffffffff");
}

static void ip6(void **state)
{
	EXPECT(*state, true, IP6 "0008 11 40" OWN_6 OTHER_6 "0044 0043 0008 0000",
	       IP6 "0008 11 40" LINK_6 NODES_6 "0044 0043 0008 0000",
	       IP6 "0008 3a 40" OWN_6 OTHER_6 "80 00 0000 0001 0001",
	       IP6 "0000 3b 40" OWN_6 OTHER_6,
	       /* hop-by-hop, destination options and routing before UDP */
	       IP6 "0020 00 40" OWN_6 OTHER_6 "3c00050200000000 2b00010400000000 1100000000000000 "
		   "0044 0043 0008 0000",
	       /* fragments: the first, another, one before ICMPv6 */
	       IP6 "0010 2c 40" OWN_6 OTHER_6 "1100000100000001 0044 0043 0008 0000",
	       IP6 "000a 2c 40" OWN_6 OTHER_6 "1100000800000001 8700",
	       IP6 "0010 2c 40" OWN_6 OTHER_6 "3a00000100000001 80 00 0000 0001 0001");
	EXPECT(*state, false, IP6 "0008 11 40" OTHER_6 OWN_6 "0044 0043 0008 0000",
	       IP6 "0008 11 40" OTHER_LINK_6 NODES_6 "0044 0043 0008 0000",
	       IP6 "0008 11 40" NONE_6 NODES_6 "0044 0043 0008 0000",
	       IP6 "0008 3a 40" NONE_6 NODES_6 "80 00 0000 0001 0001",
	       IP6 "000a 2c 40" OTHER_6 OTHER_6 "1100000800000001 8700",
	       IP6 "0010 2c 40" NONE_6 OTHER_6 "1100000100000001 0044 0043 0008 0000",
	       /* seven extension headers */
	       IP6 "0040 00 40" OWN_6 OTHER_6 "3c00010400000000 3c00010400000000 3c00010400000000 "
		   "3c00010400000000 3c00010400000000 3c00010400000000 1100010400000000 "
		   "0044 0043 0008 0000",
	       /* a header that would go on beyond the end */
	       IP6 "0010 00 40" OWN_6 OTHER_6 "3cff010400000000 1100000000000000",
	       IP6 "0008 00 40" OWN_6 OTHER_6, IP6 "0008 2c 40" OWN_6 OTHER_6 "1100",
	       /* a fragment in a fragment */
	       IP6 "0018 2c 40" OWN_6 OTHER_6
		   "2c00000100000001 1100000100000002 0044 0043 0008 0000",
	       /* a first fragment whose headers go on in the next one; behind its end there is what
		* they are not */
	       IP6 "0008 2c 40" OWN_6 OTHER_6 "1100000100000001 0044 0043 0008 0000",
	       IP6 "0010 2c 40" OWN_6 OTHER_6
		   "3c00000100000001 1101010c00000000 0000000000000000 0044 0043 0008 0000",
	       IP6 "0000 3b 40" OWN_6, IP6 "0000 3b 40 20010db8", IP6);
}

static void ip6_unspecified(void **state)
{
	EXPECT(*state, true,
	       /* duplicate address detection of both, a solicitation, a listener's report */
	       ICMP6("0018", NONE_6) SOLICIT OWN_6, ICMP6("0018", NONE_6) SOLICIT LINK_6,
	       ICMP6("0020", NONE_6) SOLICIT OWN_6 "0e01 010203040506",
	       ICMP6("0008", NONE_6) "85 00 0000 00000000",
	       IP6 "0024 00 01" NONE_6 NODES_6 "3a00050200000100 8f 00 0000 0000 0001 "
		   "04000000 ff0200000000000000000001ff000007");
	EXPECT(*state, false, ICMP6("0018", NONE_6) SOLICIT OTHER_6,
	       ICMP6("0018", NONE_6) SOLICIT OTHER_LINK_6, ICMP6("0018", NONE_6) ADVERT OWN_6,
	       ICMP6("0008", NONE_6) "82 00 0000 00000000",
	       IP6 "0020 2c ff" NONE_6 NODES_6 "3a00000000000001" SOLICIT OWN_6);
}

static void neighbour_discovery(void **state)
{
	EXPECT(*state, true, ICMP6("0020", OWN_6) SOLICIT OTHER_6 "0101" OWN,
	       ICMP6("0018", OWN_6) SOLICIT OTHER_6, ICMP6("0020", OWN_6) ADVERT OWN_6 "0201" OWN,
	       ICMP6("0020", LINK_6) ADVERT LINK_6 "0201" OWN,
	       ICMP6("0010", LINK_6) "85 00 0000 00000000 0101" OWN,
	       ICMP6("0028", OWN_6) SOLICIT OTHER_6 "0e01 010203040506 0101" OWN,
	       /* padded beyond the packet's end */
	       ICMP6("0018", OWN_6) SOLICIT OTHER_6 "0101" OTHER,
	       /* behind another header */
	       IP6 "0028 3c ff" OWN_6 NODES_6 "3a00010400000000" SOLICIT OTHER_6 "0101" OWN);
	EXPECT(*state, false, ICMP6("0020", OWN_6) SOLICIT OTHER_6 "0101" OTHER,
	       ICMP6("0020", OWN_6) ADVERT OWN_6 "0201" OTHER,
	       ICMP6("0020", OWN_6) ADVERT OTHER_6 "0201" OWN,
	       ICMP6("0020", LINK_6) ADVERT OTHER_LINK_6 "0201" OWN,
	       ICMP6("0020", OTHER_6) ADVERT OWN_6 "0201" OWN,
	       ICMP6("0010", LINK_6) "85 00 0000 00000000 0101" OTHER,
	       /* the second of two; one of another length; of no length; cut; too many */
	       ICMP6("0028", OWN_6) SOLICIT OTHER_6 "0101" OWN "0101" OTHER,
	       ICMP6("0028", OWN_6) SOLICIT OTHER_6 "0102" OWN "0000000000000000",
	       ICMP6("0020", OWN_6) SOLICIT OTHER_6 "0e00" OWN,
	       ICMP6("0020", OWN_6) SOLICIT OTHER_6 "0100" OWN,
	       ICMP6("001c", OWN_6) SOLICIT OTHER_6 "0101" OWN,
	       ICMP6("0020", OWN_6) SOLICIT OTHER_6 "0e02" OWN,
	       ICMP6("0040", OWN_6) SOLICIT OTHER_6 "0e01" OWN "0e01" OWN "0e01" OWN "0e01" OWN
						    "0101" OWN,
	       /* a length that is shorter than the message */
	       ICMP6("0008", OWN_6) ADVERT OWN_6 "0201" OTHER, ICMP6("0000", OWN_6) ADVERT OWN_6,
	       /* a router; a redirection */
	       ICMP6("0010", LINK_6) "86 00 0000 40000708 00000000 00000000",
	       ICMP6("0028", LINK_6) "89 00 0000 00000000" LINK_6 OTHER_6,
	       /* behind another header, or in pieces */
	       IP6 "0028 3c ff" OWN_6 NODES_6 "3a00010400000000" ADVERT OTHER_6 "0201" OWN,
	       IP6 "0028 2c ff" OWN_6 NODES_6 "3a00000100000001" ADVERT OWN_6 "0201" OWN,
	       IP6 "0028 2c ff" OWN_6 NODES_6 "3a00000000000001" SOLICIT OTHER_6 "0101" OWN,
	       IP6 "0018 2c ff" OWN_6 NODES_6 "3a00000100000001 85 00 0000 00000000",
	       IP6 "0018 2c ff" OWN_6 NODES_6 "3c00000100000001 3a00010400000000 86000000",
	       IP6 "0008 2c ff" OWN_6 NODES_6 "3a00000100000001",
	       /* an echo request behind the end of the first fragment: the second one brings
		* another message in its place */
	       IP6 "0010 2c ff" OWN_6 NODES_6
		   "3c00000100000001 3a01010c00000000 0000000000000000 80 00 0000 0001 0001",
	       IP6 "0008 2c ff" OWN_6 NODES_6 "3a00000100000001 80 00 0000 0001 0001");
}

/* A frame that is let through is dropped when it is cut anywhere before the end of what is checked.
 */
static void cut_off(void **state)
{
	static const struct {
		const char *frame;
		size_t least;
	} cases[] = {
		{ ARP_HEAD "0001" OWN OWN_4 "000000000000"
			   "c0000201",
		  32 },
		{ IP4 "11 0000" OWN_4 "c0000201 1234 0035 0008 0000", 30 },
		{ DHCP_HEAD "0000 40 11 0000 00000000 ffffffff 0044 0043 001c 0000", 38 },
		{ IP6 "0008 11 40" OWN_6 OTHER_6 "0044 0043 0008 0000", 54 },
		{ ICMP6("0020", OWN_6) ADVERT OWN_6 "0201" OWN, 86 },
		{ ICMP6("0020", OWN_6) SOLICIT OTHER_6 "0101" OWN, 86 },
		{ IP6 "0028 3c ff" OWN_6 NODES_6 "3a00010400000000" ADVERT OWN_6 "0201" OWN, 94 },
	};
	struct filter_fixture *f = *state;

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		f->frame_length = bytes_of(cases[i].frame, f->frame);
		for (size_t length = 0; length <= f->frame_length; length++)
			if (accepts(f, length) != (length >= cases[i].least))
				fail_msg("%zu bytes of %s", length, cases[i].frame);
	}
}

/* Of a frame that says who sent it no byte of that can be another. */
static void every_byte_of_the_source(void **state)
{
	static const struct {
		const char *frame;
		size_t from, to;
	} cases[] = {
		{ ARP_HEAD "0002" OWN OWN_4 ROUTER "c0000201", 6, 32 },
		{ IP4 "11 0000" OWN_4 "c0000201 1234 0035 0008 0000", 26, 30 },
		{ IP6 "0008 11 40" OWN_6 OTHER_6 "0044 0043 0008 0000", 22, 38 },
		{ ICMP6("0020", OWN_6) ADVERT OWN_6 "0201" OWN, 62, 78 },
		{ ICMP6("0020", OWN_6) ADVERT OWN_6 "0201" OWN, 79, 86 },
	};
	struct filter_fixture *f = *state;

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		f->frame_length = bytes_of(cases[i].frame, f->frame);
		assert_true(accepts(f, f->frame_length));
		for (size_t at = cases[i].from; at < cases[i].to; at++) {
			f->frame[at] ^= 0x55;
			if (accepts(f, f->frame_length))
				fail_msg("byte %zu of %s", at, cases[i].frame);
			f->frame[at] ^= 0x55;
		}
	}
}

static void one_family(void **state)
{
	struct filter_fixture *f = *state;

	assert_int_equal(text_list_add(&f->addresses, "192.0.2.7"), 0);
	make_program(f);
	EXPECT(f, true, IP4 "11 0000" OWN_4 "c0000201", IP6 "0000 3b 40" LINK_6 NODES_6);
	EXPECT(f, false, IP6 "0000 3b 40" OWN_6 NODES_6, IP6 "0000 3b 40" OTHER_LINK_6 NODES_6);
	text_list_done(&f->addresses);
	assert_int_equal(text_list_add(&f->addresses, "2001:db8::7"), 0);
	make_program(f);
	EXPECT(f, true, IP6 "0000 3b 40" OWN_6 NODES_6,
	       DHCP_HEAD "0000 40 11 0000 00000000 ffffffff 0044 0043 001c 0000");
	EXPECT(f, false, IP4 "11 0000" OWN_4 "c0000201",
	       ARP_HEAD "0001" OWN OWN_4 "000000000000"
			"c0000201");
}

static void no_addresses(void **)
{
	static const char *const texts[] = { "",        "192.0.2.7/24",    "lan",
					     "0.0.0.0", "224.0.0.1",       "::",
					     "ff02::1", "255.255.255.255", "127.0.0.1" };
	struct sock_filter *program = NULL;
	size_t length = 0;

	for (size_t i = 0; i < ELEMENTS(texts); i++) {
		_cleanup_(text_list_done) struct text_list addresses = {};

		assert_int_equal(text_list_add(&addresses, texts[i]), 0);
		assert_int_equal(net_filter_make(mac, &addresses, &program, &length), -EINVAL);
		assert_null(program);
	}
}

static void many_addresses(void **state)
{
	struct filter_fixture *f = *state;
	struct sock_filter *program = NULL;
	size_t length = 0;

	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(text_list_addf(&f->addresses, "2001:db8::%x", i + 1), 0);
	make_program(f);
	EXPECT(f, true, IP6 "0000 3b 40" OWN_6 NODES_6,
	       ICMP6("0020", LINK_6) ADVERT OWN_6 "0201" OWN);
	EXPECT(f, false, IP6 "0000 3b 40 20010db8000000000000000000000011" NODES_6);
	for (unsigned int i = 0; i < 400; i++)
		assert_int_equal(text_list_addf(&f->addresses, "2001:db8:1::%x", i + 1), 0);
	assert_int_equal(net_filter_make(mac, &f->addresses, &program, &length), -E2BIG);
	assert_null(program);
}

static void out_of_memory(void **state)
{
	struct filter_fixture *f = *state;
	unsigned int failures = 0;
	int r = -ENOMEM;

	free(take_ptr(f->program));
	for (unsigned int i = 1; r < 0; i++) {
		fail_after = i;
		r = net_filter_make(mac, &f->addresses, &f->program, &f->length);
		fail_after = 0;
		if (r < 0) {
			assert_int_equal(r, -ENOMEM);
			assert_null(f->program);
			failures++;
		}
	}
	/* the addresses, and a program that doubles */
	assert_in_range(failures, 5, 20);
}

int main(void)
{
#define PLAIN(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
#define ADDRESSED(name) cmocka_unit_test_setup_teardown(name, setup_with_addresses, teardown)
	const struct CMUnitTest tests[] = {
		PLAIN(mac_alone),
		ADDRESSED(other_protocols),
		ADDRESSED(arp),
		ADDRESSED(ip4),
		ADDRESSED(dhcp),
		ADDRESSED(ip6),
		ADDRESSED(ip6_unspecified),
		ADDRESSED(neighbour_discovery),
		ADDRESSED(cut_off),
		ADDRESSED(every_byte_of_the_source),
		PLAIN(one_family),
		cmocka_unit_test(no_addresses),
		PLAIN(many_addresses),
		ADDRESSED(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
