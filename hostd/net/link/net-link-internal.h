/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of net-link.h share. */
#pragma once

#include <netlink/msg.h>

#include "base/cleanup.h"
#include "net-link.h"

DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

/* A message with the link that it is about; name may be NULL. NULL when out of memory. */
struct nl_msg *net_link_message(int type, int flags, int ifindex, const char *name);
/* False for what is no message about a link: bridge ports are told of with the same type. */
bool net_link_read(struct nlmsghdr *header, struct net_link_info *ret_info);
