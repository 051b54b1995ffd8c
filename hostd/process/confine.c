// SPDX-License-Identifier: GPL-2.0-or-later
// What confined children have in common between clone and exec: async-signal-safe, nothing
// allocated.
#include "confine.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int or_errno(int result)
{
	return result < 0 ? -errno : 0;
}

int confine_clone(uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd)
{
	int pidfd = -EBADF;
	struct clone_args arguments = {
		.flags = CLONE_PIDFD | namespaces | (cgroup_fd > 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup_fd > 0 ? (uint64_t)cgroup_fd : 0,
	};
	pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));

	if (pid < 0)
		return -errno;
	if (pid > 0)
		*ret_pidfd = pidfd;
	*ret_pid = pid;
	return 0;
}

int confine_reset_signals(void)
{
	sigset_t none;

	/*
	 * The system call itself, because signal() refuses the two that glibc keeps for itself, and
	 * posix_spawn() of whoever started us may have left them ignored. The kernel's structure
	 * (rt_sigaction(2)) all zero is SIG_DFL; SIGKILL and SIGSTOP cannot be set.
	 */
	static const struct {
		uint64_t handler, flags, restorer, mask;
	} standard = {};

	for (int number = 1; number < NSIG; number++)
		(void)syscall(SYS_rt_sigaction, number, &standard, NULL, sizeof(standard.mask));
	(void)sigemptyset(&none);
	return or_errno(sigprocmask(SIG_SETMASK, &none, NULL));
}

int confine_make_mounts_private(void)
{
	return or_errno(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
}

/*
 * With "." for both, the old root comes to lie over the new one, and is taken away from there. The
 * kernel's own first root file system cannot be pivoted away from (EINVAL); PID 1 sees to it that
 * ours is another. Where it is not, the old root is only covered: no path leads to it, and to
 * uncover it takes a capability, which the child gives up.
 */
int confine_enter_root(void)
{
	if (syscall(SYS_pivot_root, ".", ".") == 0) {
		if (umount2(".", MNT_DETACH) < 0)
			return -errno;
	} else if (errno != EINVAL) {
		return -errno;
	} else if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0) {
		return -errno;
	}
	return or_errno(chdir("/"));
}

int confine_make_root_readonly(void)
{
	return or_errno(mount(NULL, "/", NULL,
			      MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			      NULL));
}

int confine_set_limits(const struct confine_limit *limits, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct rlimit limit = { limits[i].limit, limits[i].limit };

		if (setrlimit(limits[i].resource, &limit) < 0)
			return -errno;
	}
	return 0;
}

int confine_reduce_bounding_set(uint64_t kept)
{
	for (unsigned long capability = 0;; capability++) {
		if (capability < 64 && kept & UINT64_C(1) << capability)
			continue;
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) < 0)
			/* The first number that is not a capability. */
			return errno == EINVAL && capability > 0 ? 0 : -errno;
	}
}

int confine_drop_bounding_set(void)
{
	return confine_reduce_bounding_set(0);
}

static int change_user(uid_t id, bool keep_permitted)
{
	if (prctl(PR_SET_KEEPCAPS, (unsigned long)keep_permitted, 0, 0, 0) < 0 ||
	    setgroups(0, NULL) < 0 || setresgid(id, id, id) < 0 || setresuid(id, id, id) < 0)
		return -errno;
	return 0;
}

int confine_change_user(uid_t id)
{
	return change_user(id, false);
}

int confine_change_user_keeping(uid_t id, uint64_t kept)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
	int r = change_user(id, true);

	for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++)
		sets[i].permitted = sets[i].effective = sets[i].inheritable =
			(uint32_t)(kept >> 32 * i);
	if (r == 0)
		r = or_errno((int)syscall(SYS_capset, &header, sets));
	for (unsigned long capability = 0; r == 0 && capability < 64; capability++)
		if (kept & UINT64_C(1) << capability)
			r = or_errno(prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0));
	return r;
}

int confine_drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	return or_errno((int)syscall(SYS_capset, &header, none));
}
