// SPDX-License-Identifier: GPL-2.0-or-later
// What udhcpc's process does between clone and exec: each step returns 0 or -errno and frees
// nothing.
#include "net-dhcp-confine.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "process/confine.h"

/* Only its namespace sees what is mounted over it. */
#define ROOT "/tmp"
#define ROOT_OPTIONS "size=4k,nr_inodes=1,mode=0555"
#define KEPT (UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_NET_BIND_SERVICE)
/* One below the executable's. */
#define ERROR_FD (NET_DHCP_EXECUTABLE_FD - 1)
#define MEMORY_BYTES_MAX (32UL << 20)
/* Of the line about what failed; there is no other file. */
#define FILE_BYTES_MAX 4096

static int or_errno(int result)
{
	return result < 0 ? -errno : 0;
}

static int make_session(struct net_dhcp_confine *)
{
	(void)umask(077);
	return or_errno(setsid());
}

static int mount_root(struct net_dhcp_confine *)
{
	if (mount("root", ROOT, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, ROOT_OPTIONS) < 0)
		return -errno;
	return or_errno(chdir(ROOT));
}

/* A number can be that of another fd which is still needed, so all go out of the way first. */
static int number_fds(struct net_dhcp_confine *confine)
{
	const int given[] = { confine->event_fd, confine->null_fd, confine->null_fd,
			      confine->error_fd, confine->program_fd };
	static const int numbers[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, ERROR_FD,
				       NET_DHCP_EXECUTABLE_FD };
	int moved[ELEMENTS(given)];

	static_assert(ELEMENTS(numbers) == ELEMENTS(given));
	for (size_t i = 0; i < ELEMENTS(given); i++) {
		moved[i] = fcntl(given[i], F_DUPFD_CLOEXEC, NET_DHCP_EXECUTABLE_FD + 1);
		if (moved[i] < 0)
			return -errno;
	}
	for (size_t i = 0; i < ELEMENTS(given); i++)
		if (dup3(moved[i], numbers[i], numbers[i] > STDERR_FILENO ? O_CLOEXEC : 0) < 0)
			return -errno;
	confine->error_fd = ERROR_FD;
	/* Now, and not at exec: hostd's end of the socket is among them. */
	if (close_range(STDERR_FILENO + 1, ERROR_FD - 1, 0) < 0)
		return -errno;
	return or_errno(close_range(NET_DHCP_EXECUTABLE_FD + 1, ~0U, 0));
}

static int set_limits(struct net_dhcp_confine *)
{
	static const struct confine_limit limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, NET_DHCP_EXECUTABLE_FD },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_FSIZE, FILE_BYTES_MAX },
		{ RLIMIT_AS, MEMORY_BYTES_MAX },
	};

	return confine_set_limits(limits, ELEMENTS(limits));
}

static int reduce_bounding_set(struct net_dhcp_confine *)
{
	return confine_reduce_bounding_set(KEPT);
}

static int change_user(struct net_dhcp_confine *)
{
	return confine_change_user_keeping(NET_DHCP_UID, KEPT);
}

/* After the user: the kernel forgets the signal with that. A hostd that has ended before is seen by
 * its end of the socket. */
static int end_with_hostd(struct net_dhcp_confine *)
{
	struct pollfd socket = { .fd = STDIN_FILENO };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -errno;
	return poll(&socket, 1, 0) == 0 ? 0 : -ESRCH;
}

static int forbid_new_privileges(struct net_dhcp_confine *)
{
	return or_errno(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
}

static int load_seccomp(struct net_dhcp_confine *confine)
{
	return or_errno((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, confine->seccomp));
}

static int execute(struct net_dhcp_confine *confine)
{
	static char *const environment[] = { NULL };

	return or_errno(
		execveat(NET_DHCP_EXECUTABLE_FD, "", confine->argv, environment, AT_EMPTY_PATH));
}

static const struct {
	const char *name;
	int (*run)(struct net_dhcp_confine *confine);
	int (*common)(void);
} steps[] = {
	{ "resetting signals", .common = confine_reset_signals },
	{ "making a session", .run = make_session },
	{ "making mounts private", .common = confine_make_mounts_private },
	{ "mounting its root", .run = mount_root },
	{ "entering its root", .common = confine_enter_root },
	{ "making its root read-only", .common = confine_make_root_readonly },
	{ "numbering fds", .run = number_fds },
	{ "setting limits", .run = set_limits },
	{ "reducing the bounding set", .run = reduce_bounding_set },
	{ "changing the user", .run = change_user },
	{ "ending with hostd", .run = end_with_hostd },
	{ "forbidding new privileges", .run = forbid_new_privileges },
	{ "loading the seccomp filter", .run = load_seccomp },
	{ "executing it", .run = execute },
};

void net_dhcp_confine_exec(struct net_dhcp_confine *confine)
{
	for (size_t i = 0; i < ELEMENTS(steps); i++) {
		int r = steps[i].common ? steps[i].common() : steps[i].run(confine);

		if (r < 0) {
			(void)dprintf(confine->error_fd, "%s: %s", steps[i].name,
				      strerrordesc_np(-r));
			break;
		}
	}
	_exit(NET_DHCP_NOT_CONFINED);
}
