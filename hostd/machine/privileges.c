// SPDX-License-Identifier: GPL-2.0-or-later
// hostd is root without most of root's rights. Its children (QEMU before it is confined, udhcpc,
// e2fsck, mke2fs, the probes) need no more than hostd, so the bounding set shrinks too.
#include "privileges.h"

#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "process/confine.h"
#include "process/seccomp-list.h"

static const unsigned int kept[] = {
	CAP_SYS_ADMIN, /* mounts, namespaces, the host's name, partition tables */
	CAP_NET_ADMIN, /* bridges, taps, addresses, routes */
	CAP_NET_RAW, /* udhcpc's packet socket */
	CAP_NET_BIND_SERVICE, /* udhcpc renews from port 68 */
	CAP_SETUID, /* a uid for each guest */
	CAP_SETGID,
	CAP_SETPCAP, /* the child of a start drops its own bounding set */
	CAP_KILL, /* signals to the guests' uids */
	CAP_CHOWN, /* chown a guest's files */
	CAP_FOWNER, /* chmod them afterwards */
	CAP_DAC_OVERRIDE, /* open and remove them */
	CAP_SYS_CHROOT, /* for the guest's root, where pivot_root is not available */
	CAP_SYS_TTY_CONFIG, /* the terminal under a guest's picture, and switching back */
	CAP_SYS_RESOURCE, /* hard limits, disk space reserved for root */
	CAP_SYS_PTRACE, /* /proc/PID/smaps of a guest; ptrace itself is denied below */
};

/*
 * System calls of administrators, debuggers and old programs. The list says what is denied, not
 * what is allowed, because it applies to busybox and e2fsck too; QEMU has a list of its own.
 */
static const int denied[] = {
	/* load other code into the kernel, or another kernel */
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(create_module),
	SCMP_SYS(query_module),
	SCMP_SYS(get_kernel_syms),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(bpf),
	/* PID 1 ends the machine */
	SCMP_SYS(reboot),
	/* other processes */
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(move_pages),
	SCMP_SYS(migrate_pages),
	/* hardware access without drivers */
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
	SCMP_SYS(modify_ldt),
	/* the machine's clock, swap, accounting, quotas, log */
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(quotactl_fd),
	SCMP_SYS(syslog),
	SCMP_SYS(vhangup),
	/* files by handle */
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(fanotify_init),
	/* large parts of the kernel that nothing here uses */
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(keyctl),
	SCMP_SYS(personality),
	SCMP_SYS(uselib),
	SCMP_SYS(ustat),
	SCMP_SYS(sysfs),
	SCMP_SYS(_sysctl),
	SCMP_SYS(lookup_dcookie),
	SCMP_SYS(nfsservctl),
};

/* Typing for somebody else, on a terminal. The kernel looks at the lower half of a command only. */
static const struct seccomp_rule denied_with[] = {
	{ SCMP_SYS(ioctl), { SECCOMP_ANY, SECCOMP_IS(TIOCSTI) } },
	{ SCMP_SYS(ioctl), { SECCOMP_ANY, SECCOMP_IS(TIOCLINUX) } },
};

uint64_t privileges_kept(void)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < ELEMENTS(kept); i++)
		mask |= UINT64_C(1) << kept[i];
	return mask;
}

static int drop_bounding_set(void)
{
	return confine_reduce_bounding_set(privileges_kept());
}

static int drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
	const uint64_t mask = privileges_kept();

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 ||
	    syscall(SYS_capget, &header, sets) < 0)
		return -errno;
	/* Capabilities that are missing (in a container) cannot be kept, and are not requested. */
	for (size_t i = 0; i < ELEMENTS(sets); i++) {
		sets[i].permitted &= (uint32_t)(mask >> 32 * i);
		sets[i].effective = sets[i].permitted;
		sets[i].inheritable = 0;
	}
	return syscall(SYS_capset, &header, sets) < 0 ? -errno : 0;
}

static int forbid_new_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0, 0, 0) < 0 ? -errno : 0;
}

static int load_seccomp(void)
{
	/* A guest's QEMU inherits this, every exit is an ioctl, and the kernel does not cache calls
	 * whose arguments a filter looks at. */
	static const int first = SCMP_SYS(ioctl);
	static const struct seccomp_list list = {
		.action = SCMP_ACT_ERRNO(EPERM),
		.otherwise = SCMP_ACT_ALLOW,
		.calls = denied,
		.call_count = ELEMENTS(denied),
		.rules = denied_with,
		.rule_count = ELEMENTS(denied_with),
		.first = &first,
	};

	return seccomp_list_load(&list);
}

static const struct {
	const char *name;
	int (*run)(void);
} steps[] = {
	{ "dropping the bounding set", drop_bounding_set },
	{ "dropping capabilities", drop_capabilities },
	{ "forbidding new privileges", forbid_new_privileges },
	{ "loading the seccomp filter", load_seccomp },
};

int privileges_drop(const char **ret_step)
{
	for (size_t i = 0; i < ELEMENTS(steps); i++) {
		int r = steps[i].run();

		if (r < 0) {
			*ret_step = steps[i].name;
			return r;
		}
	}
	return 0;
}
