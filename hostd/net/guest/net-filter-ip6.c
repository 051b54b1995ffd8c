// SPDX-License-Identifier: GPL-2.0-or-later
// The part of a guest's filter that is about IPv6: the source, and neighbour discovery.
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include "base/cleanup.h"
#include "net-filter-internal.h"

#define AT_IP6_LENGTH (AT_PAYLOAD + 4)
#define AT_IP6_NEXT (AT_PAYLOAD + 6)
#define AT_IP6_BODY (AT_PAYLOAD + 40)

#define IP6_FRAGMENT_MASK 0xfff8
/* More than anybody sends; the kernel's BPF has no loops. */
#define IP6_HEADERS_MAX 6
#define ND_OPTIONS_MAX 4
#define MLD2_REPORT 143

#define CELL_UNSPECIFIED NET_FILTER_CELL_UNSPECIFIED
#define CELL_FRAGMENT NET_FILTER_CELL_FRAGMENT
#define CELL_POSITION NET_FILTER_CELL_POSITION
#define CELL_END NET_FILTER_CELL_END
#define CELL_NEXT NET_FILTER_CELL_NEXT

void net_filter_if_ip6(struct net_filter *filter, const struct net_ip *ip, unsigned int mode,
		       uint32_t offset)
{
	struct net_filter_program *p = &filter->program;

	for (uint8_t word = 0; word < 4; word++) {
		net_filter_load(p, BPF_W, mode, offset + 4 * word);
		net_filter_if_equal(p, net_filter_word(ip->bytes + 4 * word), 0,
				    (uint8_t)(7 - 2 * word));
	}
}

/* Goes to what is landed there if the address at an offset is one of ours. */
static size_t leave_if_own_ip6(struct net_filter *filter, unsigned int mode, uint32_t offset)
{
	struct net_filter_program *p = &filter->program;
	size_t start = p->count;

	for (size_t i = 0; i < filter->address_count; i++) {
		if (filter->addresses[i].family != AF_INET6)
			continue;
		net_filter_if_ip6(filter, &filter->addresses[i], mode, offset);
		(void)net_filter_leave(p);
	}
	return start;
}

static void require_own_ip6(struct net_filter *filter, unsigned int mode, uint32_t offset)
{
	size_t own = leave_if_own_ip6(filter, mode, offset);

	net_filter_refuse(&filter->program);
	net_filter_land(&filter->program, own);
}

/* From :: or from one of our own. */
static void filter_ip6_source(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t own = 0;

	net_filter_set(p, CELL_UNSPECIFIED, 0);
	net_filter_set(p, CELL_FRAGMENT, 0);
	own = leave_if_own_ip6(filter, BPF_ABS, AT_IP6_SOURCE);
	for (uint32_t word = 0; word < 4; word++) {
		net_filter_load(p, BPF_W, BPF_ABS, AT_IP6_SOURCE + 4 * word);
		net_filter_require(p, 0);
	}
	net_filter_set(p, CELL_UNSPECIFIED, 1);
	net_filter_land(p, own);
}

void net_filter_note_unspecified(struct net_filter *filter)
{
	static const struct net_ip unspecified = { .family = AF_INET6 };
	struct net_filter_program *p = &filter->program;
	size_t some = 0;

	net_filter_set(p, CELL_FRAGMENT, 0);
	net_filter_set(p, CELL_UNSPECIFIED, 0);
	net_filter_if_ip6(filter, &unspecified, BPF_ABS, AT_IP6_SOURCE);
	/* over the jump that is for every other source */
	net_filter_emit(p, BPF_JMP | BPF_JA, 1);
	some = net_filter_leave(p);
	net_filter_set(p, CELL_UNSPECIFIED, 1);
	net_filter_land_one(p, some);
}

/* X is at a fragment header, 8 bytes: only the first fragment has more headers. There is one. */
static void step_over_fragment(struct net_filter_program *p)
{
	size_t first = 0;

	net_filter_emit(p, BPF_LD | BPF_MEM, CELL_UNSPECIFIED);
	net_filter_require(p, 0);
	net_filter_emit(p, BPF_LD | BPF_MEM, CELL_FRAGMENT);
	net_filter_require(p, 0);
	net_filter_set(p, CELL_FRAGMENT, 1);
	net_filter_load(p, BPF_H, BPF_IND, 2);
	net_filter_emit(p, BPF_ALU | BPF_AND | BPF_K, IP6_FRAGMENT_MASK);
	net_filter_if_equal(p, 0, 0, 1);
	first = net_filter_leave(p);
	net_filter_accept(p);
	net_filter_land(p, first);
	net_filter_load(p, BPF_B, BPF_IND, 0);
	net_filter_emit(p, BPF_ST, CELL_NEXT);
	net_filter_emit(p, BPF_LD | BPF_IMM, 8);
}

/* X is at a header with its length in units of 8 bytes beyond the first (RFC 8200 section 4.2). */
static void step_over_options(struct net_filter_program *p)
{
	net_filter_load(p, BPF_B, BPF_IND, 0);
	net_filter_emit(p, BPF_ST, CELL_NEXT);
	net_filter_load(p, BPF_B, BPF_IND, 1);
	net_filter_emit(p, BPF_ALU | BPF_ADD | BPF_K, 1);
	net_filter_emit(p, BPF_ALU | BPF_LSH | BPF_K, 3);
}

/*
 * A first fragment has all headers in it (RFC 7112). Behind the packet's end a frame may have
 * anything, which looks like the header that the next fragment brings. Its kind is in A.
 */
static void require_whole_chain(struct net_filter_program *p)
{
	size_t whole = 0;

	net_filter_emit(p, BPF_ST, CELL_NEXT);
	net_filter_emit(p, BPF_LD | BPF_MEM, CELL_FRAGMENT);
	whole = net_filter_leave_unless(p, 1);
	net_filter_emit(p, BPF_LD | BPF_MEM, CELL_END);
	net_filter_branch(p, BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0);
	net_filter_refuse(p);
	net_filter_land_one(p, whole);
	net_filter_emit(p, BPF_LD | BPF_MEM, CELL_NEXT);
}

void net_filter_ip6_headers(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t start = 0;

	/* the header is whole */
	net_filter_load(p, BPF_B, BPF_ABS, AT_IP6_BODY - 1);
	net_filter_load(p, BPF_H, BPF_ABS, AT_IP6_LENGTH);
	net_filter_emit(p, BPF_ALU | BPF_ADD | BPF_K, AT_IP6_BODY);
	net_filter_emit(p, BPF_ST, CELL_END);
	net_filter_emit(p, BPF_LDX | BPF_IMM, AT_IP6_BODY);
	net_filter_load(p, BPF_B, BPF_ABS, AT_IP6_NEXT);
	start = p->count;
	for (size_t i = 0; i <= IP6_HEADERS_MAX; i++) {
		size_t other = 0, stepped = 0;

		net_filter_if_equal(p, IPPROTO_FRAGMENT, 4, 0);
		net_filter_if_equal(p, IPPROTO_HOPOPTS, 3, 0);
		net_filter_if_equal(p, IPPROTO_ROUTING, 2, 0);
		net_filter_if_equal(p, IPPROTO_DSTOPTS, 1, 0);
		(void)net_filter_leave(p);
		if (i == IP6_HEADERS_MAX)
			break;
		other = net_filter_leave_unless(p, IPPROTO_FRAGMENT);
		step_over_fragment(p);
		stepped = net_filter_leave(p);
		net_filter_land_one(p, other);
		step_over_options(p);
		net_filter_land_one(p, stepped);
		net_filter_emit(p, BPF_ALU | BPF_ADD | BPF_X, 0);
		net_filter_emit(p, BPF_MISC | BPF_TAX, 0);
		net_filter_emit(p, BPF_LD | BPF_MEM, CELL_NEXT);
	}
	net_filter_refuse(p);
	net_filter_land(p, start);
	require_whole_chain(p);
}

/* X is at the message, its options at the offset: a link-layer address has to be our own. */
static void filter_nd_options(struct net_filter *filter, uint32_t offset)
{
	struct net_filter_program *p = &filter->program;

	net_filter_emit(p, BPF_MISC | BPF_TXA, 0);
	net_filter_emit(p, BPF_ALU | BPF_ADD | BPF_K, offset);
	net_filter_emit(p, BPF_ST, CELL_POSITION);
	for (size_t i = 0; i <= ND_OPTIONS_MAX; i++) {
		size_t start = 0;

		net_filter_emit(p, BPF_LD | BPF_MEM, CELL_POSITION);
		net_filter_emit(p, BPF_LDX | BPF_MEM, CELL_END);
		net_filter_branch(p, BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1);
		net_filter_accept(p);
		if (i == ND_OPTIONS_MAX)
			break;
		net_filter_branch(p, BPF_JMP | BPF_JGT | BPF_X, 0, 0, 1);
		net_filter_refuse(p);
		net_filter_emit(p, BPF_LDX | BPF_MEM, CELL_POSITION);
		net_filter_load(p, BPF_B, BPF_IND, 0);
		net_filter_if_equal(p, ND_OPT_SOURCE_LINKADDR, 2, 0);
		net_filter_if_equal(p, ND_OPT_TARGET_LINKADDR, 1, 0);
		start = net_filter_leave(p);
		net_filter_load(p, BPF_B, BPF_IND, 1);
		net_filter_require(p, 1);
		net_filter_require_own_mac(filter, BPF_IND, 2);
		net_filter_land(p, start);
		net_filter_load(p, BPF_B, BPF_IND, 1);
		net_filter_refuse_if(p, 0);
		net_filter_emit(p, BPF_ALU | BPF_LSH | BPF_K, 3);
		net_filter_emit(p, BPF_ALU | BPF_ADD | BPF_X, 0);
		net_filter_emit(p, BPF_ST, CELL_POSITION);
	}
	net_filter_refuse(p);
}

void net_filter_refuse_fragment(struct net_filter *filter)
{
	net_filter_emit(&filter->program, BPF_LD | BPF_MEM, CELL_FRAGMENT);
	net_filter_require(&filter->program, 0);
}

/* One kind of message, whose kind is in A. */
static void filter_neighbour_solicitation(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t other = net_filter_leave_unless(p, ND_NEIGHBOR_SOLICIT), named = 0;

	net_filter_refuse_fragment(filter);
	net_filter_emit(p, BPF_LD | BPF_MEM, CELL_UNSPECIFIED);
	named = net_filter_leave_unless(p, 1);
	require_own_ip6(filter, BPF_IND, AT_ND_TARGET);
	net_filter_land_one(p, named);
	filter_nd_options(filter, sizeof(struct nd_neighbor_solicit));
	net_filter_land_one(p, other);
}

static void filter_neighbour_advertisement(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t other = net_filter_leave_unless(p, ND_NEIGHBOR_ADVERT);

	net_filter_refuse_fragment(filter);
	net_filter_emit(p, BPF_LD | BPF_MEM, CELL_UNSPECIFIED);
	net_filter_require(p, 0);
	require_own_ip6(filter, BPF_IND, AT_ND_TARGET);
	filter_nd_options(filter, sizeof(struct nd_neighbor_advert));
	net_filter_land_one(p, other);
}

static void filter_router_solicitation(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t other = net_filter_leave_unless(p, ND_ROUTER_SOLICIT);

	net_filter_refuse_fragment(filter);
	filter_nd_options(filter, sizeof(struct nd_router_solicit));
	net_filter_land_one(p, other);
}

static void filter_icmp6(struct net_filter *filter)
{
	static const uint8_t listener_reports[] = { MLD_LISTENER_REPORT, MLD_LISTENER_REDUCTION,
						    MLD2_REPORT };
	struct net_filter_program *p = &filter->program;

	net_filter_load(p, BPF_B, BPF_IND, 0);
	filter_neighbour_solicitation(filter);
	filter_neighbour_advertisement(filter);
	filter_router_solicitation(filter);
	for (size_t i = 0; i < ELEMENTS(listener_reports); i++)
		net_filter_accept_if(p, listener_reports[i]);
}

void net_filter_ip6(struct net_filter *filter)
{
	struct net_filter_program *p = &filter->program;
	size_t other = 0;

	filter_ip6_source(filter);
	net_filter_ip6_headers(filter);
	net_filter_ip6_may(filter);
	other = net_filter_leave_unless(p, IPPROTO_ICMPV6);
	filter_icmp6(filter);
	net_filter_land_one(p, other);
	net_filter_emit(p, BPF_LD | BPF_MEM, CELL_UNSPECIFIED);
	net_filter_require(p, 0);
	net_filter_accept(p);
}
