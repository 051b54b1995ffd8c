/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network namespace of its own with cables in it, a DHCP client that does nothing, and the log.
 */
// link: -Wl,--wrap=process_child -Wl,--wrap=socketpair
#pragma once

#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

#include "fake-tree.h"

#include "base/log.h"
#include "net/address/net-address.h"
#include "net/net.h"
#include "process/process-internal.h"

#define DEADLINE_US 8000000
#define CLIENT_MAX 64
#define FIXTURE_NETWORKS 3

struct fixture {
	struct tree tree;
	struct net_link *link;
	sd_event *event;
	struct net *net;
	struct net_paths paths;
	struct host_config config;
	struct network_config networks[FIXTURE_NETWORKS];
	char log[65536];
	unsigned int changes;
	int fds;
};

static char name_lan[] = "lan", name_dmz[] = "dmz", name_lab[] = "lab", name_host[] = "metal";

static inline void fixture_on_log(enum log_level level, const char *subject, const char *message,
				  void *userdata)
{
	struct fixture *f = userdata;
	size_t length = strlen(f->log);

	(void)level;
	(void)snprintf(f->log + length, sizeof(f->log) - length, "%s: %s\n", subject, message);
}

static inline void fixture_on_changed(const char *network, void *userdata)
{
	struct fixture *f = userdata;

	assert_non_null(network);
	f->changes++;
}

/* Why the tests cannot run here, or NULL: the first call enters a user namespace where needed. */
static inline const char *fixture_impossible(void)
{
	static const char *why;
	static bool asked;
	char map[64];
	int fd = -1;

	if (asked)
		return why;
	asked = true;
	if (geteuid() == 0) {
		if (unshare(CLONE_NEWNET) < 0)
			why = "root without the right to make network namespaces";
		return why;
	}
	(void)snprintf(map, sizeof(map), "0 %u 1", geteuid());
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return why = "no user namespaces for this user";
	fd = open("/proc/self/uid_map", O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, map, strlen(map)) < 0)
		why = "no uid map for this user";
	if (fd >= 0)
		(void)close(fd);
	return why;
}

static inline struct nl_msg *fixture_message(int type, int flags, int ifindex, unsigned int set,
					     unsigned int change)
{
	struct ifinfomsg head = { .ifi_index = ifindex, .ifi_flags = set, .ifi_change = change };
	struct nl_msg *message = nlmsg_alloc_simple(type, flags);

	assert_non_null(message);
	assert_int_equal(nlmsg_append(message, &head, sizeof(head), NLMSG_ALIGNTO), 0);
	return message;
}

static inline int fixture_ifindex(struct fixture *f, const char *name)
{
	struct net_link_info info = {};
	int r = net_link_get_named(f->link, name, &info);

	return r < 0 ? r : info.ifindex;
}

static inline struct net_link_info fixture_link(struct fixture *f, const char *name)
{
	struct net_link_info info = {};

	assert_int_equal(net_link_get_named(f->link, name, &info), 0);
	return info;
}

/* A NIC and the other end of its cable, which is not plugged in (down). Returns 0 or -errno. */
static inline int fixture_make_veth(struct fixture *f, const char *name, const char *peer)
{
	struct nl_msg *message = fixture_message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, 0, 0);
	struct ifinfomsg head = {};
	struct nlattr *info = NULL, *data = NULL, *other = NULL;

	(void)nla_put_string(message, IFLA_IFNAME, name);
	info = nla_nest_start(message, IFLA_LINKINFO);
	(void)nla_put_string(message, IFLA_INFO_KIND, "veth");
	data = nla_nest_start(message, IFLA_INFO_DATA);
	other = nla_nest_start(message, VETH_INFO_PEER);
	(void)nlmsg_append(message, &head, sizeof(head), NLMSG_ALIGNTO);
	(void)nla_put_string(message, IFLA_IFNAME, peer);
	(void)nla_nest_end(message, other);
	(void)nla_nest_end(message, data);
	(void)nla_nest_end(message, info);
	return net_link_request(f->link, message);
}

/* With hardware behind it in the fake /sys: "eth0" has the cable "cable-eth0". */
static inline void fixture_add_nic(struct fixture *f, const char *name)
{
	char path[128], cable[IFNAMSIZ];

	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/device/uevent", name);
	tree_file(&f->tree, path, "");
	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/speed", name);
	tree_file(&f->tree, path, "1000\n");
	(void)snprintf(cable, sizeof(cable), "cable-%.8s", name);
	assert_int_equal(fixture_make_veth(f, name, cable), 0);
}

static inline void fixture_cable(struct fixture *f, const char *name, bool plugged)
{
	char cable[IFNAMSIZ];

	(void)snprintf(cable, sizeof(cable), "cable-%.8s", name);
	assert_int_equal(net_link_request(f->link,
					  fixture_message(RTM_NEWLINK, 0, fixture_ifindex(f, cable),
							  plugged ? IFF_UP : 0, IFF_UP)),
			 0);
}

static inline void fixture_remove_link(struct fixture *f, const char *name)
{
	assert_int_equal(net_link_request(f->link, fixture_message(RTM_DELLINK, 0,
								   fixture_ifindex(f, name), 0, 0)),
			 0);
}

/* A NIC with its cable plugged in. */
static inline void fixture_plug_in(struct fixture *f, const char *name)
{
	fixture_add_nic(f, name);
	fixture_cable(f, name, true);
}

/* The first so many networks, without IPv4. */
static inline void fixture_use_networks(struct fixture *f, size_t count)
{
	for (size_t i = 0; i < count; i++)
		f->networks[i].ipv4 = ADDRESS_NONE;
	f->config.network_count = count;
}

static inline void fixture_assert_port(struct fixture *f, const char *port, const char *bridge)
{
	struct net_link_info info = fixture_link(f, port);

	assert_int_equal(info.master_ifindex, bridge ? fixture_ifindex(f, bridge) : 0);
	assert_true(info.up);
}

static inline void fixture_start(struct fixture *f)
{
	const struct net_callbacks callbacks = { fixture_on_changed, f };

	assert_null(f->net);
	f->log[0] = '\0';
	assert_int_equal(net_new_at(&f->paths, f->event, &f->config, &callbacks, &f->net), 0);
}

static inline void fixture_stop(struct fixture *f)
{
	net_free(f->net);
	f->net = NULL;
}

static inline uint64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Runs the event loop until a line that starts like this is in the log. */
static inline void fixture_wait_line(struct fixture *f, const char *line)
{
	uint64_t end_us = now_us() + DEADLINE_US;
	char with_newline[512];

	(void)snprintf(with_newline, sizeof(with_newline), "\n%s", line);
	while (strncmp(f->log, line, strlen(line)) != 0 && !strstr(f->log, with_newline)) {
		if (now_us() > end_us)
			fail_msg("no line \"%s\" in:\n%s", line, f->log);
		assert_true(sd_event_run(f->event, 100000) >= 0);
	}
}

/* Runs the event loop until nothing has happened for a while. */
static inline void fixture_settle(struct fixture *f)
{
	while (sd_event_run(f->event, 200000) > 0)
		;
}

static inline void fixture_assert_no_line(const struct fixture *f, const char *text)
{
	if (strstr(f->log, text))
		fail_msg("\"%s\" in:\n%s", text, f->log);
}

static inline void fixture_read(struct fixture *f, const char *path, char *text, size_t size)
{
	int fd = open(tree_path(&f->tree, path), O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? 0 : read(fd, text, size - 1);

	if (fd >= 0)
		(void)close(fd);
	text[length > 0 ? length : 0] = '\0';
}

static inline struct net_status fixture_status(struct fixture *f, size_t index)
{
	struct net_status status = {};

	assert_int_equal(net_status_at(f->net, index, &status), 0);
	return status;
}

/* A guest's tap, vhost closed; returns what net_open_tap() does. */
static inline int fixture_request_tap(struct fixture *f, const struct net_tap_request *request,
				      int *ret_fd)
{
	int vhost_fd = -EBADF, r = net_open_tap(f->net, request, ret_fd, &vhost_fd);

	if (vhost_fd >= 0)
		(void)close(vhost_fd);
	return r;
}

static inline int fixture_open_tap(struct fixture *f, const char *network, const char *guest,
				   unsigned int nic_index, int *ret_fd)
{
	static const uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 };
	static const struct text_list none = {};

	return fixture_request_tap(f,
				   &(struct net_tap_request){
					   .network = network,
					   .guest_name = guest,
					   .nic_index = nic_index,
					   .mac = mac,
					   .addresses = &none,
				   },
				   ret_fd);
}

/* Whether the kernel has an address ("192.0.2.7/24") on an interface. */
static inline bool fixture_has_address(struct fixture *f, const char *interface, const char *text)
{
	struct net_address_info *addresses = NULL;
	struct net_ip wanted = {};
	size_t count = 0;
	bool found = false;

	assert_int_equal(net_ip_parse_prefix(text, &wanted), 0);
	assert_int_equal(
		net_address_list(f->link, fixture_ifindex(f, interface), &addresses, &count), 0);
	for (size_t i = 0; i < count; i++)
		found |= net_ip_equal(&addresses[i].ip, &wanted);
	free(addresses);
	return found;
}

int __real_socketpair(int domain, int type, int protocol, int sockets[2]);
int __wrap_socketpair(int domain, int type, int protocol, int sockets[2]);
void __real_process_child(struct process_opened *opened);
void __wrap_process_child(struct process_opened *opened);

/* The client is what it is on a host: udhcpc, confined. */
static bool fixture_real_client;
/* The last client's: how many there were, its end of the socket, and its program. */
static unsigned int fixture_clients;
static int fixture_client_fd = -EBADF;
static char fixture_program[128];

int __wrap_socketpair(int domain, int type, int protocol, int sockets[2])
{
	int r = __real_socketpair(domain, type, protocol, sockets);

	if (r == 0 && !fixture_real_client) {
		if (fixture_client_fd >= 0)
			(void)close(fixture_client_fd);
		fixture_client_fd = fcntl(sockets[1], F_DUPFD_CLOEXEC, 3);
		fixture_clients++;
	}
	return r;
}

/* In the child: a script takes udhcpc's place, which needs a shell, and is told who it is. */
void __wrap_process_child(struct process_opened *opened)
{
	char name[64], pid[64], self[32] = "", path[] = "PATH=/usr/bin:/bin";
	char *const environment[] = { path, name, pid, NULL };

	if (fixture_real_client)
		__real_process_child(opened);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Its number where it is seen from. */
	(void)!readlink("/proc/self", self, sizeof(self) - 1);
	(void)snprintf(name, sizeof(name), "CLIENT=client-%u", fixture_clients);
	(void)snprintf(pid, sizeof(pid), "CLIENT_PID=%s", self);
	execve(fixture_program, opened->spec->argv, environment);
	_exit(PROCESS_NOT_CONFINED);
}

/* The client of the fake program that was started last; waits for one other than not_this. */
static inline void fixture_client(struct fixture *f, const char *not_this,
				  char client[static CLIENT_MAX])
{
	uint64_t end_us = now_us() + DEADLINE_US;

	for (;;) {
		fixture_read(f, "/state/client", client, CLIENT_MAX);
		if (client[0] && (!not_this || strcmp(client, not_this) != 0))
			return;
		if (now_us() > end_us)
			fail_msg("the DHCP client was not started");
		assert_true(sd_event_run(f->event, 50000) >= 0);
	}
}

/* Sends what the client that was started last would; variables as a shell takes them. */
static inline void fixture_lease(const char *event, const char *variables)
{
	char command[2048], message[4096];
	size_t length = 0;
	FILE *shell = NULL;

	(void)snprintf(command, sizeof(command), "printf '%%s\\0' %s %s", event, variables);
	shell = popen(command, "r");
	assert_non_null(shell);
	length = fread(message, 1, sizeof(message), shell);
	assert_int_equal(pclose(shell), 0);
	assert_int_equal(send(fixture_client_fd, message, length, MSG_NOSIGNAL), length);
}

static inline void fixture_make_paths(struct fixture *f)
{
	/* Says who it is and with what it was called, then waits to be ended. */
	tree_file(&f->tree, "/client",
		  "#!/bin/sh\nd=${0%/*}/state\necho \"$*\" >$d/arguments\n"
		  "echo $CLIENT_PID >$d/pid\nprintf %s \"$CLIENT\" >$d/client.new\n"
		  "mv $d/client.new $d/client\nexec sleep 1000\n");
	assert_int_equal(chmod(tree_path(&f->tree, "/client"), 0755), 0);
	tree_folder(&f->tree, "/sys");
	f->paths.sysfs = strdup(tree_path(&f->tree, "/sys"));
	f->paths.state = strdup(tree_path(&f->tree, "/state"));
	f->paths.resolv_conf = strdup(tree_path(&f->tree, "/resolv.conf"));
	f->paths.dhcp_client = strdup(tree_path(&f->tree, "/client"));
	(void)snprintf(fixture_program, sizeof(fixture_program), "%s", f->paths.dhcp_client);
}

static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	const char *why = fixture_impossible();

	assert_non_null(f);
	*state = f;
	if (why)
		return 0;
	f->fds = count_fds();
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	tree_make(&f->tree);
	fixture_make_paths(f);
	assert_int_equal(net_link_new(&f->link), 0);
	assert_int_equal(sd_event_new(&f->event), 0);
	f->networks[0] = (struct network_config){ .name = name_lan, .ipv6_ra = true };
	f->networks[1] = (struct network_config){ .name = name_dmz, .ipv4 = ADDRESS_NONE };
	f->networks[2] = (struct network_config){ .name = name_lab, .ipv4 = ADDRESS_NONE };
	f->config = (struct host_config){
		.hostname = name_host,
		.networks = f->networks,
		.network_count = 1,
	};
	log_set_hook(fixture_on_log, f);
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	log_set_hook(NULL, NULL);
	if (f->event) {
		net_free(f->net);
		if (fixture_client_fd >= 0)
			(void)close(fixture_client_fd);
		fixture_client_fd = -EBADF;
		sd_event_unref(f->event);
		net_link_free(f->link);
		assert_no_child();
		assert_int_equal(count_fds(), f->fds);
		tree_remove(&f->tree);
		free((void *)(uintptr_t)f->paths.sysfs);
		free((void *)(uintptr_t)f->paths.state);
		free((void *)(uintptr_t)f->paths.resolv_conf);
		free((void *)(uintptr_t)f->paths.dhcp_client);
	}
	for (size_t i = 0; i < FIXTURE_NETWORKS; i++) {
		text_list_done(&f->networks[i].addresses);
		text_list_done(&f->networks[i].bond);
		text_list_done(&f->networks[i].dns);
	}
	free(f);
	return 0;
}

/* A test says why it is skipped: where there are no namespaces, bridges or veth pairs. */
static inline bool fixture_skip(struct fixture *f)
{
	static const uint8_t mac[6] = { 0x02, 0, 0, 0, 0, 1 };
	const char *why = fixture_impossible();

	if (!why && net_link_make_bridge(f->link, "probe", mac) < 0)
		why = "this kernel has no bridges";
	else if (!why && fixture_make_veth(f, "probe0", "probe1") < 0)
		why = "this kernel has no veth pairs";
	if (why) {
		print_message("# skipped: %s\n", why);
		return true;
	}
	fixture_remove_link(f, "probe");
	fixture_remove_link(f, "probe0");
	return false;
}

/* The same where there are no VLANs or bonds. */
static inline bool fixture_skip_without_kinds(struct fixture *f)
{
	const char *why = NULL;

	if (fixture_skip(f))
		return true;
	assert_int_equal(fixture_make_veth(f, "probe0", "probe1"), 0);
	if (net_link_make_vlan(f->link, "probe0.7", fixture_ifindex(f, "probe0"), 7) < 0)
		why = "this kernel has no VLANs";
	else if (net_link_make_bond(f->link, "bond-probe") < 0)
		why = "this kernel has no bonds";
	else
		fixture_remove_link(f, "bond-probe");
	fixture_remove_link(f, "probe0");
	if (why)
		print_message("# skipped: %s\n", why);
	return why;
}

#define SKIP_WITHOUT_VLANS_AND_BONDS(f)            \
	do                                         \
		if (fixture_skip_without_kinds(f)) \
			skip();                    \
	while (0)

#define SKIP_WHERE_IMPOSSIBLE(f)     \
	do                           \
		if (fixture_skip(f)) \
			skip();      \
	while (0)

#define SKIP_WITHOUT_TAPS()                                                      \
	do                                                                       \
		if (access("/dev/net/tun", R_OK | W_OK) < 0) {                   \
			print_message("# skipped: no access to /dev/net/tun\n"); \
			skip();                                                  \
		}                                                                \
	while (0)
