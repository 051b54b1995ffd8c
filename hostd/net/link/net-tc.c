// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's traffic control: a program that every frame from a tap has to pass.
#include "net-tc.h"

#include <arpa/inet.h>
#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>

#include "net-link-internal.h"

/* Room for the rest of a message that carries a program. */
#define MESSAGE_BYTES 1024
#define NEW (NLM_F_CREATE | NLM_F_EXCL)
#define INGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

/* In order of priority: the first match decides. */
enum place { PLACE_PROGRAM = 1, PLACE_REST = 2 };

static struct nl_msg *tc_message(int type, int flags, const struct tcmsg *head, const char *kind,
				 size_t room)
{
	_cleanup_(nlmsg_freep) struct nl_msg *message = nlmsg_alloc_size(MESSAGE_BYTES + room);

	if (!message || !nlmsg_put(message, NL_AUTO_PORT, NL_AUTO_SEQ, type, 0, flags) ||
	    nlmsg_append(message, (void *)(uintptr_t)head, sizeof(*head), NLMSG_ALIGNTO) < 0 ||
	    nla_put_string(message, TCA_KIND, kind) < 0)
		return NULL;
	return take_ptr(message);
}

static int add_ingress(struct net_link *link, int ifindex)
{
	const struct tcmsg head = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
		.tcm_parent = TC_H_CLSACT,
	};
	struct nl_msg *message = tc_message(RTM_NEWQDISC, NEW, &head, "clsact", 0);

	return message ? net_link_request(link, message) : -ENOMEM;
}

static int put_program(struct net_link *link, int ifindex, enum place place, int how,
		       const struct sock_filter *program, size_t length, uint32_t flags)
{
	const struct tcmsg head = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_handle = 1,
		.tcm_parent = INGRESS,
		.tcm_info = TC_H_MAKE((uint32_t)place << 16, htons(ETH_P_ALL)),
	};
	size_t bytes = length * sizeof(*program);
	_cleanup_(nlmsg_freep) struct nl_msg *message =
		tc_message(RTM_NEWTFILTER, how, &head, "bpf", bytes);
	struct nlattr *options = NULL;

	if (!message)
		return -ENOMEM;
	options = nla_nest_start(message, TCA_OPTIONS);
	if (!options || nla_put_u16(message, TCA_BPF_OPS_LEN, (uint16_t)length) < 0 ||
	    nla_put(message, TCA_BPF_OPS, (int)bytes, program) < 0 ||
	    nla_put_u32(message, TCA_BPF_FLAGS, flags) < 0)
		return -ENOMEM;
	(void)nla_nest_end(message, options);
	return net_link_request(link, take_ptr(message));
}

/*
 * Two filters: frames that the program does not match reach the second, which drops everything. The
 * program's 0 must mean "drop", because a load beyond the frame's end returns 0, and with
 * TCA_BPF_FLAG_ACT_DIRECT 0 would be TC_ACT_OK.
 */
int net_tc_set_filter(struct net_link *link, int ifindex, const struct sock_filter *program,
		      size_t length)
{
	static const struct sock_filter drop = BPF_STMT(BPF_RET | BPF_K, TC_ACT_SHOT);
	int r = add_ingress(link, ifindex);

	if (r == 0)
		r = put_program(link, ifindex, PLACE_REST, NEW, &drop, 1, TCA_BPF_FLAG_ACT_DIRECT);
	if (r == 0)
		r = put_program(link, ifindex, PLACE_PROGRAM, NEW, program, length, 0);
	return r;
}

int net_tc_replace_filter(struct net_link *link, int ifindex, const struct sock_filter *program,
			  size_t length)
{
	return put_program(link, ifindex, PLACE_PROGRAM, NLM_F_REPLACE, program, length, 0);
}

struct count_call {
	int ifindex;
	bool found;
	uint32_t drops;
};

static void on_counted(struct nlmsghdr *header, void *userdata)
{
	const struct tcmsg *message = nlmsg_data(header);
	struct count_call *call = userdata;
	struct gnet_stats_queue queue = {};
	struct nlattr *stats = NULL, *counters = NULL;

	if (header->nlmsg_type != RTM_NEWQDISC || !nlmsg_valid_hdr(header, sizeof(*message)) ||
	    message->tcm_ifindex != call->ifindex)
		return;
	stats = nlmsg_find_attr(header, sizeof(*message), TCA_STATS2);
	counters = stats ? nla_find(nla_data(stats), nla_len(stats), TCA_STATS_QUEUE) : NULL;
	if (!counters)
		return;
	(void)nla_memcpy(&queue, counters, sizeof(queue));
	call->drops = queue.drops;
	call->found = true;
}

int net_tc_count_refused(struct net_link *link, int ifindex, uint64_t *ret_count)
{
	const struct tcmsg head = {
		.tcm_family = AF_UNSPEC,
		.tcm_ifindex = ifindex,
		.tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
		.tcm_parent = TC_H_CLSACT,
	};
	struct count_call call = { .ifindex = ifindex };
	struct nl_msg *message = tc_message(RTM_GETQDISC, NLM_F_ECHO, &head, "clsact", 0);
	int r = message ? net_link_query(link, message, on_counted, &call) : -ENOMEM;

	if (r < 0)
		return r;
	if (!call.found)
		return -ENOENT;
	*ret_count = call.drops;
	return 0;
}
