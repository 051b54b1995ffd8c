// SPDX-License-Identifier: GPL-2.0-or-later
// An answer of the kernel's that cannot be received costs that request alone: it must not be taken
// for the answer to the next one.
// link: -Wl,--wrap=nl_recvmsgs_default,--wrap=nl_connect
/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <errno.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>

#include "net/link/net-link.h"

static struct {
	bool receive, connect;
} fail;

int __real_nl_recvmsgs_default(struct nl_sock *socket);
int __wrap_nl_recvmsgs_default(struct nl_sock *socket);
int __wrap_nl_recvmsgs_default(struct nl_sock *socket)
{
	return fail.receive ? -NLE_NOMEM : __real_nl_recvmsgs_default(socket);
}

int __real_nl_connect(struct nl_sock *socket, int protocol);
int __wrap_nl_connect(struct nl_sock *socket, int protocol);
int __wrap_nl_connect(struct nl_sock *socket, int protocol)
{
	if (!fail.connect)
		return __real_nl_connect(socket, protocol);
	errno = EMFILE;
	return -NLE_FAILURE;
}

static void assert_loopback(struct net_link *link)
{
	struct net_link_info info = {};

	assert_int_equal(net_link_get_named(link, "lo", &info), 0);
	assert_string_equal(info.name, "lo");
}

static void the_next_request_is_answered(void **)
{
	struct net_link *link = NULL;
	struct net_link_info info = {};

	assert_int_equal(net_link_new(&link), 0);
	assert_loopback(link);
	fail.receive = true;
	assert_int_equal(net_link_get_named(link, "nobody", &info), -EIO);
	fail.receive = false;
	fail.connect = true;
	assert_int_equal(net_link_get_named(link, "lo", &info), -EMFILE);
	assert_int_equal(net_link_get_named(link, "lo", &info), -EMFILE);
	fail.connect = false;
	assert_loopback(link);
	net_link_free(link);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_next_request_is_answered) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
