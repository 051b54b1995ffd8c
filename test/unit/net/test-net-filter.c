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
#include "net/guest/net-filter.h"
#include "net/guest/net-reserved.h"

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
#define GATEWAY_4 "c0000201"
#define DNS_4 "c0000235"
#define GATEWAY_6 "20010db8000000000000000000000001"
#define GATEWAY_LINK_6 "fe800000000000000000000000000001"
#define ICMP6(length, source) IP6 length " 3a ff " source NODES_6
#define SOLICIT "87 00 0000 00000000 "
#define ADVERT "88 00 0000 60000000 "

struct filter_fixture {
	struct text_list addresses;
	struct net_ip reserved[4];
	size_t reserved_count;
	unsigned int may;
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

static int make(const struct filter_fixture *f, struct sock_filter **ret_program,
		size_t *ret_length)
{
	return net_filter_make(&(struct net_filter_rules){ .mac = mac,
							   .addresses = &f->addresses,
							   .reserved = f->reserved,
							   .reserved_count = f->reserved_count,
							   .may = f->may },
			       ret_program, ret_length);
}

static void make_program(struct filter_fixture *f)
{
	struct sock_fprog program = {};

	forget_program(f);
	assert_int_equal(make(f, &f->program, &f->length), 0);
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

static int setup_with_reserved(void **state)
{
	static const char *const texts[] = { "192.0.2.1", "192.0.2.53", "2001:db8::1", "fe80::1" };
	struct filter_fixture *f = NULL;

	(void)setup(state);
	f = *state;
	for (; f->reserved_count < ELEMENTS(texts); f->reserved_count++)
		assert_int_equal(
			net_ip_parse(texts[f->reserved_count], &f->reserved[f->reserved_count]), 0);
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
	EXPECT(f, true, HEAD "88b5", HEAD "88cc 00",
	       ARP_HEAD "0001" OWN OWN_4 "000000000000"
			"c0000201",
	       "01005e000001" OWN "88b5", "333300000001" OWN "88b5", HEAD "0040 424203",
	       HEAD "0600 aaaa03",
	       /* not the groups of bridges, though close to them */
	       "0180c2000100" OWN "88b5", "01000ccc0000" OWN "88b5");
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
	       "", ROUTER, HEAD, HEAD "08", HEAD "0800", HEAD "86dd");
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
	       IP4 "11 0000 c6336409 c0000201 1234 0035 0008 0000",
	       IP4 "01 0000" OWN_4 "e0000001 08",
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

static void reserved_arp(void **state)
{
	EXPECT(*state, true, ARP_HEAD "0001" OWN OWN_4 "000000000000" GATEWAY_4,
	       ARP_HEAD "0002" OWN OWN_4 ROUTER GATEWAY_4,
	       ARP_HEAD "0001" OWN "c0000208"
			"000000000000" GATEWAY_4,
	       /* whether an address is free, asked from none */
	       ARP_HEAD "0001" OWN "00000000"
			"000000000000" OWN_4);
	EXPECT(*state, false,
	       /* asked, answered, told to all, of another kind of Ethernet or operation */
	       ARP_HEAD "0001" OWN GATEWAY_4 "000000000000" OWN_4,
	       ARP_HEAD "0002" OWN GATEWAY_4 ROUTER OWN_4,
	       ARP_HEAD "0001" OWN GATEWAY_4 "000000000000" GATEWAY_4,
	       ARP_HEAD "0002" OTHER GATEWAY_4 ROUTER OWN_4,
	       ARP_HEAD "0009" OWN GATEWAY_4 ROUTER OWN_4, ARP_HEAD "0002" OWN DNS_4 ROUTER OWN_4,
	       BROADCAST OWN "0806 0006 0800 06 04 0002" OWN GATEWAY_4 ROUTER OWN_4,
	       BROADCAST OWN "0806 0006 0800 06 04 0002" OWN OWN_4 ROUTER OWN_4,
	       /* cut off, or in a frame of IEEE 802.3 */
	       ARP_HEAD "0002" OWN "c00002",
	       BROADCAST OWN
	       "0024 aaaa03 000000 0806 0001 0800 06 04 0002" OWN GATEWAY_4 ROUTER OWN_4);
}

static void reserved_sources(void **state)
{
	EXPECT(*state, true, IP4 "11 0000" OWN_4 GATEWAY_4 "1234 0035 0008 0000",
	       IP4 "11 0000 00000000 ffffffff 0044 0043 0008 0000",
	       IP6 "0008 11 40" OWN_6 GATEWAY_6 "0044 0043 0008 0000",
	       IP6 "0010 2c 40" OWN_6 GATEWAY_6 "1100000100000001 0044 0043 0008 0000",
	       IP6 "000a 2c 40" OWN_6 GATEWAY_6 "1100000800000001 8700",
	       /* what is neither */
	       HEAD "88cc 00", HEAD "0040 424203", HEAD "8864 11000000");
	EXPECT(*state, false, IP4 "11 0000" GATEWAY_4 OWN_4 "1234 0035 0008 0000",
	       IP4 "01 0000" DNS_4 "e0000001",
	       HEAD "0800 45 00 001c 0001 2001 40 11 0000" GATEWAY_4 OWN_4 "0000",
	       IP6 "0008 11 40" GATEWAY_6 OWN_6 "0044 0043 0008 0000",
	       IP6 "0000 3b 40" GATEWAY_LINK_6 NODES_6,
	       IP6 "000a 2c 40" GATEWAY_6 OWN_6 "1100000800000001 8700",
	       HEAD "0040 aaaa03 000000 0800 45 00 001c 0001 0000 40 11 0000" GATEWAY_4 OWN_4);
}

static void reserved_neighbours(void **state)
{
	EXPECT(*state, true,
	       /* who has the gateway's, who has ours, ours is here, is ours free */
	       ICMP6("0020", OWN_6) SOLICIT GATEWAY_6 "0101" OWN,
	       ICMP6("0018", LINK_6) SOLICIT GATEWAY_LINK_6,
	       ICMP6("0020", OWN_6) ADVERT OWN_6 "0201" OWN, ICMP6("0018", NONE_6) SOLICIT OWN_6,
	       ICMP6("0010", LINK_6) "85 00 0000 00000000 0101" OWN,
	       ICMP6("0008", OWN_6) "80 00 0000 0001 0001");
	EXPECT(*state, false, ICMP6("0020", OWN_6) ADVERT GATEWAY_6 "0201" OWN,
	       ICMP6("0020", LINK_6) ADVERT GATEWAY_LINK_6 "0201" OWN,
	       ICMP6("0020", NONE_6) ADVERT GATEWAY_6 "0201" OWN,
	       ICMP6("0020", GATEWAY_6) SOLICIT OWN_6 "0101" OWN,
	       ICMP6("0018", NONE_6) SOLICIT GATEWAY_6,
	       ICMP6("0018", NONE_6) SOLICIT GATEWAY_LINK_6,
	       /* a redirection and an advertisement are believed of the router alone */
	       ICMP6("0028", GATEWAY_LINK_6) "89 00 0000 00000000" LINK_6 OTHER_6,
	       ICMP6("0010", GATEWAY_LINK_6) "86 00 0000 40000708 00000000 00000000",
	       /* behind another header, in pieces, behind the end of a piece */
	       IP6 "0028 3c ff" OWN_6 NODES_6 "3a00010400000000" ADVERT GATEWAY_6 "0201" OWN,
	       IP6 "0028 2c ff" OWN_6 NODES_6 "3a00000100000001" ADVERT OWN_6 "0201" OWN,
	       IP6 "0028 2c ff" OWN_6 NODES_6 "3a00000000000001" ADVERT GATEWAY_6 "0201" OWN,
	       IP6 "0018 2c ff" OWN_6 NODES_6 "3a00000100000001 86 00 0000 40000708 00000000",
	       IP6 "0018 2c ff" OWN_6 NODES_6 "3a00000100000001 85 00 0000 00000000",
	       IP6 "0008 2c ff" OWN_6 NODES_6 "3a00000100000001",
	       IP6 "0010 2c ff" OWN_6 NODES_6
		   "3c00000100000001 3a01010c00000000 0000000000000000 80 00 0000 0001 0001");
}

/* --- the same again, written for people --- */

static bool is_reserved(const struct filter_fixture *f, int family, const uint8_t *bytes)
{
	for (size_t i = 0; i < f->reserved_count; i++)
		if (f->reserved[i].family == family &&
		    memcmp(f->reserved[i].bytes, bytes, family == AF_INET ? 4 : 16) == 0)
			return true;
	return false;
}

static unsigned int half_at(const uint8_t *bytes)
{
	return (unsigned int)bytes[0] << 8 | bytes[1];
}

static bool may_send_icmp6(const struct filter_fixture *f, const uint8_t *message, size_t length,
			   bool unspecified, bool fragment)
{
	if (length == 0)
		return false;
	if (message[0] == 130 || message[0] == 134 || message[0] == 137 || message[0] == 151)
		return false;
	if (message[0] < 133 || message[0] > 137)
		return true;
	if (fragment)
		return false;
	if (message[0] != 136 && !(message[0] == 135 && unspecified))
		return true;
	return length >= 24 && !is_reserved(f, AF_INET6, message + 8);
}

static bool may_send_udp(const uint8_t *message, size_t length, unsigned int server,
			 unsigned int client)
{
	return length >= 4 && half_at(message) != server && half_at(message + 2) != client;
}

static bool may_send_ip4(const struct filter_fixture *f, const uint8_t *packet, size_t length)
{
	size_t at = 0, left = 0;

	if (length < 16 || is_reserved(f, AF_INET, packet + 12))
		return false;
	if (half_at(packet + 6) & 0x1fff)
		return true;
	at = 4 * (packet[0] & 0xfu);
	left = at < length ? length - at : 0;
	if (packet[9] == 17)
		return may_send_udp(packet + at, left, 67, 68);
	if (packet[9] == 1)
		return left > 0 && packet[at] != 5 && packet[at] != 9;
	if (packet[9] == 2)
		return left > 0 && packet[at] != 0x11 && packet[at] != 0x30;
	return true;
}

static bool may_send_ip6(const struct filter_fixture *f, const uint8_t *packet, size_t length)
{
	static const uint8_t none[16];
	bool unspecified = false, fragment = false;
	size_t at = 40, headers = 0;
	uint8_t next = 0;

	if (length < 40 || is_reserved(f, AF_INET6, packet + 8))
		return false;
	unspecified = memcmp(packet + 8, none, 16) == 0;
	for (next = packet[6]; next == 0 || next == 43 || next == 44 || next == 60; headers++) {
		size_t here = at;

		if (headers == 6 || length < at + 2)
			return false;
		if (next == 44) {
			if (unspecified || fragment || length < at + 4)
				return false;
			if (half_at(packet + at + 2) & 0xfff8)
				return true;
			fragment = true;
		}
		at += next == 44 ? 8 : 8 * (packet[at + 1] + 1u);
		next = packet[here];
	}
	if (fragment && at >= 40 + half_at(packet + 4))
		return false;
	if (next == 17)
		return may_send_udp(packet + at, at < length ? length - at : 0, 547, 546);
	return next != 58 ||
	       may_send_icmp6(f, packet + at, at < length ? length - at : 0, unspecified, fragment);
}

static bool may_send(const struct filter_fixture *f, const uint8_t *frame, size_t length)
{
	static const uint8_t arp_head[] = { 0, 1, 8, 0, 6, 4 };

	if (length < 14 || memcmp(frame + 6, mac, 6) != 0)
		return false;
	if ((memcmp(frame, "\x01\x80\xc2\x00\x00", 5) == 0) ||
	    (memcmp(frame, "\x01\x00\x0c\xcc\xcc", 5) == 0))
		return false;
	if (half_at(frame + 12) < 0x600)
		return length > 14 && (frame[14] & 0xfe) != 0xaa;
	switch (half_at(frame + 12)) {
	case 0x8100:
	case 0x88a8:
	case 0x9100:
	case 0x9200:
	case 0x9300:
		return false;
	case 0x0806:
		return length >= 32 && memcmp(frame + 14, arp_head, 6) == 0 &&
		       !is_reserved(f, AF_INET, frame + 28);
	case 0x0800:
		return may_send_ip4(f, frame + 14, length - 14);
	case 0x86dd:
		return may_send_ip6(f, frame + 14, length - 14);
	}
	return true;
}

/* Frames with some bytes changed, most of them where something is decided. */
static void reserved_at_random(void **state)
{
	static const char *const seeds[] = {
		ARP_HEAD "0002" OWN GATEWAY_4 ROUTER OWN_4,
		IP4 "11 0000" GATEWAY_4 OWN_4 "1234 0035 0008 0000",
		IP4 "11 0000" OWN_4 GATEWAY_4 "0043 0044 0008 0000",
		IP6 "0010 3c 40" OWN_6 OTHER_6 "1100010400000000 0223 0222 0008 0000",
		ICMP6("0020", OWN_6) ADVERT GATEWAY_6 "0201" OWN,
		ICMP6("0018", NONE_6) SOLICIT GATEWAY_LINK_6,
		IP6 "0028 3c ff" OWN_6 NODES_6 "3a00010400000000" ADVERT GATEWAY_6 "0201" OWN,
		IP6 "0028 2c ff" OWN_6 NODES_6 "3a00000100000001" ADVERT OWN_6 "0201" OWN,
		IP6 "0020 00 40" OWN_6 OTHER_6 "3c00050200000000 2b00010400000000 2c00000000000000 "
		    "3a00000100000001 88 00 0000 60000000" GATEWAY_6,
		IP6 "0018 2c ff" OWN_6 NODES_6 "3c00000100000001 3a01010c00000000 0000000000000000 "
		    "80 00 0000 0001 0001" GATEWAY_6,
	};
	static const uint8_t telling[] = { 0,   1,   2,   5,   6,   8,    9,   11,  17,
					   43,  44,  58,  60,  67,  68,   128, 130, 133,
					   134, 135, 136, 137, 151, 0xaa, 255 };
	struct filter_fixture *f = *state;
	unsigned int let_through = 0;

	srandom(7);
	for (unsigned int i = 0; i < 300000; i++) {
		size_t length = bytes_of(seeds[i % ELEMENTS(seeds)], f->frame);

		for (long changes = random() % 4; changes > 0; changes--)
			f->frame[12 + (size_t)random() % (length - 12)] =
				random() % 2 ? telling[(size_t)random() % ELEMENTS(telling)]
					     : (uint8_t)random();
		if (random() % 8 == 0)
			length = (size_t)random() % (length + 1);
		if ((interpret(f, length, false) != 0) != may_send(f, f->frame, length)) {
			for (size_t at = 0; at < length; at++)
				print_message("%02x%s", f->frame[at], at + 1 < length ? "" : "\n");
			fail_msg("%u: %s", i,
				 may_send(f, f->frame, length) ? "dropped" : "let through");
		}
		let_through += may_send(f, f->frame, length);
	}
	assert_in_range(let_through, 50000, 250000);
}

/* The definition says that one of them is the guest's. */
static void its_own_after_all(void **state)
{
	struct filter_fixture *f = *state;

	assert_int_equal(text_list_add(&f->addresses, "192.0.2.1"), 0);
	make_program(f);
	EXPECT(f, true, ARP_HEAD "0002" OWN GATEWAY_4 ROUTER OWN_4,
	       IP4 "11 0000" GATEWAY_4 OWN_4 "1234 0035 0008 0000");
	EXPECT(f, false, ARP_HEAD "0002" OWN DNS_4 ROUTER OWN_4,
	       IP6 "0000 3b 40" GATEWAY_LINK_6 NODES_6);
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
		{ IP4 "06 0000" OWN_4 "c0000201 1234 0035 0008 0000", 30 },
		{ IP4 "11 0000" OWN_4 "c0000201 1234 0035 0008 0000", 38 },
		{ IP4 "01 0000" OWN_4 "c0000201 08 00 0000 0001 0001", 35 },
		{ DHCP_HEAD "0000 40 11 0000 00000000 ffffffff 0044 0043 001c 0000", 38 },
		{ IP6 "0008 06 40" OWN_6 OTHER_6 "0044 0043 0008 0000", 54 },
		{ IP6 "0008 11 40" OWN_6 OTHER_6 "0044 0043 0008 0000", 58 },
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
	EXPECT(f, true, IP4 "06 0000" OWN_4 "c0000201", IP6 "0000 3b 40" LINK_6 NODES_6);
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

/* clang-format off */
/* What only servers and routers send. DHCP: a server's answer, from its port and from another; to a
 * relay; behind options of the header; in pieces. Routers: advertisements, redirects, the same;
 * questions for listeners to multicast. */
#define DHCP_SERVER(source)                                                            \
	DHCP_HEAD "0000 40 11 0000 " source "ffffffff 0043 0044 001c 0000",            \
	IP4 "11 0000 " source "c0000209 1234 0044 001c 0000",                          \
	IP4 "11 0000 " source "c0000209 0043 0043 001c 0000",                          \
	BROADCAST OWN "0800 47 00 0034 0001 0000 40 11 0000 " source                   \
		"ffffffff 01010100 01010100 0043 0044 001c 0000",                      \
	DHCP_HEAD "2000 40 11 0000 " source "ffffffff 0043 0044 001c 0000"
#define DHCP6_SERVER(source)                                                           \
	IP6 "0008 11 40" source OTHER_6 "0223 0222 0008 0000",                         \
	IP6 "0008 11 40" source OTHER_6 "1234 0222 0008 0000",                         \
	IP6 "0008 11 40" source NODES_6 "0223 0223 0008 0000",                         \
	IP6 "0018 00 40" source OTHER_6                                                \
		"3c00050200000000 1100010400000000 0223 0222 0008 0000",               \
	IP6 "0010 2c 40" source OTHER_6 "1100000100000001 0223 0222 0008 0000"
#define ROUTER_4(source)                                                               \
	IP4 "01 0000 " source "c0000209 05 01 0000 c0000207",                          \
	IP4 "01 0000 " source "e0000001 09 00 0000 0102 0708",                         \
	HEAD "0800 46 00 0020 0001 0000 40 01 0000 " source                            \
		"c0000209 01010100 05 01 0000 c0000207",                               \
	HEAD "0800 45 00 001c 0001 2000 40 01 0000 " source "c0000209 05 01 0000 c0000207", \
	IP4 "02 0000 " source "e0000001 11 64 0000 00000000",                          \
	HEAD "0800 46 00 0020 0001 0000 01 02 0000 " source                            \
		"c0000209 94040000 11 64 0000 00000000",                               \
	IP4 "02 0000 " source "e000006a 30 14 0000 007d 0002"
#define ROUTER_6(source)                                                               \
	ICMP6("0010", source) "86 00 0000 40000708 00000000 00000000",                 \
	ICMP6("0028", source) "89 00 0000 00000000" LINK_6 OTHER_6,                    \
	IP6 "0018 3c ff" source NODES_6                                                \
		"3a00010400000000 86 00 0000 40000708 00000000 00000000",              \
	IP6 "0020 00 01" source NODES_6                                                \
		"3a00050200000000 82 00 0000 03e80000 " NONE_6,                        \
	ICMP6("0008", source) "97 14 0000 007d 0002"
/* What goes the other way, or only looks like it; the last two are no first pieces. */
#define CLIENTS(source)                                                                \
	IP4 "11 0000 " source "c0000201 0044 0043 001c 0000",                          \
	IP4 "06 0000 " source "c0000201 0043 0044 001c 0000",                          \
	IP4 "01 0000 " source "c0000201 08 00 0000 0001 0001",                         \
	HEAD "0800 46 00 0020 0001 0000 01 02 0000 " source                            \
		"e00000fb 94040000 16 00 0000 e00000fb",                               \
	HEAD "0800 45 00 001c 0001 2001 40 11 0000 " source "c0000209 0043 0044",      \
	HEAD "0800 45 00 001c 0001 0001 40 01 0000 " source "c0000209 0500"
#define CLIENTS_6(source)                                                              \
	IP6 "0008 11 40" source OTHER_6 "0222 0223 0008 0000",                         \
	IP6 "0008 06 40" source OTHER_6 "0223 0222 0008 0000",                         \
	IP6 "0024 00 01" source NODES_6                                                \
		"3a00050200000100 8f 00 0000 0000 0001 04000000 " NODES_6,             \
	IP6 "000c 2c 40" source OTHER_6 "1100000800000001 02230222"
/* clang-format on */

static void servers_and_routers(void **state)
{
	struct filter_fixture *f = *state;

	make_program(f);
	EXPECT(f, false, DHCP_SERVER("c0000201"), DHCP_SERVER("00000000"), DHCP6_SERVER(OTHER_6),
	       ROUTER_4("c0000201"), ROUTER_6(OTHER_LINK_6), ROUTER_6(NONE_6),
	       /* cut off before what says so */
	       IP4 "11 0000 c0000201 ffffffff 0035 00", IP4 "01 0000 c0000201 ffffffff",
	       IP6 "0008 11 40" OTHER_6 OTHER_6 "0035 00", IP6 "0008 3a 40" OTHER_6 OTHER_6,
	       IP6 "0010 3c 40" OTHER_6 OTHER_6 "3aff010400000000");
	EXPECT(f, true, CLIENTS("c0000201"), CLIENTS_6(OTHER_6),
	       DHCP_HEAD "0000 40 11 0000 00000000 ffffffff 0044 0043 001c 0000",
	       ICMP6("0020", OTHER_6) ADVERT OTHER_6 "0201" OTHER,
	       ICMP6("0018", NONE_6) SOLICIT OTHER_6, ICMP6("0008", LINK_6) "85 00 0000 00000000",
	       IP6 "0010 2c 40" OTHER_6 OTHER_6 "1100000100000001 0222 0223 0008 0000",
	       ARP_HEAD "0002" OTHER "c0000201" ROUTER "c0000201");
}

static void may_be_dhcp_server(void **state)
{
	struct filter_fixture *f = *state;

	f->may = NIC_MAY_DHCP_SERVER;
	make_program(f);
	EXPECT(f, true, DHCP_SERVER("c0000201"), DHCP6_SERVER(OTHER_6), CLIENTS("c0000201"),
	       CLIENTS_6(OTHER_6));
	EXPECT(f, false, ROUTER_4("c0000201"), ROUTER_6(OTHER_LINK_6));
}

static void may_be_router(void **state)
{
	struct filter_fixture *f = *state;

	f->may = NIC_MAY_ROUTER;
	make_program(f);
	EXPECT(f, true, ROUTER_4("c0000201"), ROUTER_6(OTHER_LINK_6), CLIENTS("c0000201"),
	       CLIENTS_6(OTHER_6));
	EXPECT(f, false, DHCP_SERVER("c0000201"), DHCP6_SERVER(OTHER_6));
}

static void may_be_both(void **state)
{
	struct filter_fixture *f = *state;

	f->may = NIC_MAY_DHCP_SERVER | NIC_MAY_ROUTER;
	make_program(f);
	EXPECT(f, true, ROUTER_4("c0000201"), ROUTER_6(OTHER_LINK_6), DHCP_SERVER("c0000201"),
	       DHCP6_SERVER(OTHER_6), CLIENTS("c0000201"), CLIENTS_6(OTHER_6));
	EXPECT(f, false, ROUTER OTHER "0800", HEAD "0800");
}

/* From its own addresses it may no more than from any. */
static void addresses_and_servers(void **state)
{
	struct filter_fixture *f = *state;

	EXPECT(f, false, DHCP_SERVER(OWN_4), DHCP6_SERVER(OWN_6), ROUTER_4(OWN_4),
	       ROUTER_6(LINK_6));
	EXPECT(f, true, CLIENTS(OWN_4), CLIENTS_6(OWN_6));
	f->may = NIC_MAY_DHCP_SERVER;
	make_program(f);
	EXPECT(f, true, DHCP_SERVER(OWN_4), DHCP6_SERVER(OWN_6), CLIENTS(OWN_4), CLIENTS_6(OWN_6));
	EXPECT(f, false, ROUTER_4(OWN_4), ROUTER_6(LINK_6), DHCP_SERVER("c0000201"),
	       DHCP6_SERVER(OTHER_6));
}

static void router_with_addresses(void **)
{
	_cleanup_(text_list_done) struct text_list addresses = {};
	struct sock_filter *program = NULL;
	size_t length = 0;

	assert_int_equal(text_list_add(&addresses, "192.0.2.7"), 0);
	assert_int_equal(net_filter_make(&(struct net_filter_rules){ .mac = mac,
								     .addresses = &addresses,
								     .may = NIC_MAY_ROUTER },
					 &program, &length),
			 -EINVAL);
	assert_null(program);
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
		assert_int_equal(
			net_filter_make(&(struct net_filter_rules){ .mac = mac,
								    .addresses = &addresses },
					&program, &length),
			-EINVAL);
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
	assert_int_equal(make(f, &program, &length), -E2BIG);
	assert_null(program);
}

/* As many as there can be. */
static void many_reserved(void **)
{
	const struct text_list any = {};
	struct net_reserved reserved = {};
	struct net_filter_rules rules = { .mac = mac, .addresses = &any };
	struct sock_filter *program = NULL;
	struct net_ip ip = {};
	size_t length = 0;

	assert_int_equal(net_ip_parse_prefix("2001:db8::/64", &ip), 0);
	for (unsigned int i = 0; i < 2 * NET_RESERVED_MAX; i++) {
		ip.bytes[15] = (uint8_t)i;
		net_reserved_add(&reserved, &ip);
		net_reserved_add(&reserved, &ip);
	}
	assert_int_equal(reserved.count, NET_RESERVED_MAX);
	ip.prefix = 128;
	assert_false(net_reserved_has(&reserved, &ip));
	ip.bytes[15] = NET_RESERVED_MAX - 1;
	assert_true(net_reserved_has(&reserved, &ip));
	rules.reserved = reserved.ips;
	rules.reserved_count = reserved.count;
	assert_int_equal(net_filter_make(&rules, &program, &length), 0);
	free(program);
}

static void out_of_memory(void **state)
{
	struct filter_fixture *f = *state;
	unsigned int failures = 0;
	int r = -ENOMEM;

	free(take_ptr(f->program));
	for (unsigned int i = 1; r < 0; i++) {
		fail_after = i;
		r = make(f, &f->program, &f->length);
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
#define RESERVED(name) cmocka_unit_test_setup_teardown(name, setup_with_reserved, teardown)
	const struct CMUnitTest tests[] = {
		PLAIN(mac_alone),
		ADDRESSED(other_protocols),
		ADDRESSED(arp),
		ADDRESSED(ip4),
		ADDRESSED(dhcp),
		ADDRESSED(ip6),
		ADDRESSED(ip6_unspecified),
		ADDRESSED(neighbour_discovery),
		RESERVED(reserved_arp),
		RESERVED(reserved_sources),
		RESERVED(reserved_neighbours),
		RESERVED(reserved_at_random),
		RESERVED(its_own_after_all),
		PLAIN(servers_and_routers),
		PLAIN(may_be_dhcp_server),
		PLAIN(may_be_router),
		PLAIN(may_be_both),
		ADDRESSED(addresses_and_servers),
		cmocka_unit_test(router_with_addresses),
		ADDRESSED(cut_off),
		ADDRESSED(every_byte_of_the_source),
		PLAIN(one_family),
		cmocka_unit_test(no_addresses),
		PLAIN(many_addresses),
		cmocka_unit_test(many_reserved),
		ADDRESSED(out_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
