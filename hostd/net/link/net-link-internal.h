/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of net-link.h. */
#pragma once

#include <netlink/msg.h>

#include "base/cleanup.h"
#include "net-link.h"

DEFINE_CLEANUP(struct nl_msg *, nlmsg_free);

/* A message about a link; name may be NULL. NULL when out of memory. */
struct nl_msg *net_link_message(int type, int flags, int ifindex, const char *name);
/* False for messages that are not about a link: bridge ports use the same type. */
bool net_link_read(struct nlmsghdr *header, struct net_link_info *ret_info);
