// SPDX-License-Identifier: GPL-2.0-or-later
// What QEMU may call: files, memory, threads, time, sockets. Nothing that makes a process, a mount
// or a namespace, nothing that is another process's, no interface that few programs use.
// qemu-seccomp-ioctl.c has ioctl.
#include "qemu-seccomp.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "process/guest-confine.h"
#include "vmm/qemu/qemu-seccomp-ioctl.h"

static const int allowed[] = {
	/* files that are open, and /dev/fdset/N and the firmware, which are opened; fcntl below */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(preadv),
	SCMP_SYS(preadv2),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(pwrite64),
	SCMP_SYS(pwritev),
	SCMP_SYS(pwritev2),
	SCMP_SYS(lseek),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(close),
	SCMP_SYS(close_range),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(flock),
	SCMP_SYS(stat),
	SCMP_SYS(fstat),
	SCMP_SYS(lstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(statfs),
	SCMP_SYS(fstatfs),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd),
	SCMP_SYS(getdents64),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(umask),
	SCMP_SYS(fsync),
	SCMP_SYS(fdatasync),
	SCMP_SYS(sync_file_range),
	SCMP_SYS(fallocate),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fadvise64),
	SCMP_SYS(copy_file_range),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(mincore),
	SCMP_SYS(msync),
	SCMP_SYS(mlock),
	SCMP_SYS(mlock2),
	SCMP_SYS(munlock),
	SCMP_SYS(memfd_create),
	SCMP_SYS(membarrier),
	/* threads and signals; clone below */
	SCMP_SYS(arch_prctl),
	SCMP_SYS(set_tid_address),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(get_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(futex),
	SCMP_SYS(gettid),
	SCMP_SYS(getpid),
	SCMP_SYS(getppid),
	SCMP_SYS(getpgrp),
	SCMP_SYS(getpgid),
	SCMP_SYS(getsid),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(getcpu),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(kill), /* it sees no process but itself */
	SCMP_SYS(tkill),
	SCMP_SYS(tgkill),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigpending),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(rt_sigsuspend),
	SCMP_SYS(rt_sigqueueinfo),
	SCMP_SYS(rt_tgsigqueueinfo),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(pause),
	/* time */
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(times),
	SCMP_SYS(alarm),
	SCMP_SYS(getitimer),
	SCMP_SYS(setitimer),
	SCMP_SYS(timer_create),
	SCMP_SYS(timer_settime),
	SCMP_SYS(timer_gettime),
	SCMP_SYS(timer_getoverrun),
	SCMP_SYS(timer_delete),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime),
	/* waiting */
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(eventfd),
	SCMP_SYS(eventfd2),
	SCMP_SYS(signalfd),
	SCMP_SYS(signalfd4),
	SCMP_SYS(pipe),
	SCMP_SYS(pipe2),
	/* sockets; socket below */
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(listen),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(shutdown),
	/* what it is and has */
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getrandom),
	SCMP_SYS(getrusage),
	SCMP_SYS(getrlimit),
	SCMP_SYS(prlimit64),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getresuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getresgid),
	SCMP_SYS(getgroups),
	/* its own list; filters can only be added */
	SCMP_SYS(seccomp),
};

#define NAMESPACE_FLAGS                                                                            \
	(CLONE_NEWNS | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP)

/* Calls that are allowed with one value of an argument, of what mask leaves of it. */
static const struct {
	int call;
	unsigned int argument;
	uint64_t value, mask;
} allowed_with[] = {
	/* A thread; clone3, whose flags cannot be looked at, is made by the C library with clone.
	 */
	{ SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD | NAMESPACE_FLAGS },
	{ SCMP_SYS(execveat), 0, GUEST_CONFINE_EXECUTABLE_FD, UINT64_MAX },
	{ SCMP_SYS(socket), 0, AF_UNIX, UINT64_MAX },
	{ SCMP_SYS(socket), 0, AF_INET, UINT64_MAX }, /* SLIRP */
	{ SCMP_SYS(socket), 0, AF_INET6, UINT64_MAX },
	{ SCMP_SYS(socketpair), 0, AF_UNIX, UINT64_MAX },
	{ SCMP_SYS(prctl), 0, PR_SET_NAME, UINT64_MAX },
	{ SCMP_SYS(prctl), 0, PR_GET_NAME, UINT64_MAX },
	{ SCMP_SYS(prctl), 0, PR_SET_TIMERSLACK, UINT64_MAX },
	{ SCMP_SYS(prctl), 0, PR_GET_SECCOMP, UINT64_MAX },
	{ SCMP_SYS(prctl), 0, PR_SET_NO_NEW_PRIVS, UINT64_MAX },
	/* No leases: who opens a file on which there is one, waits for up to 45 s. */
	{ SCMP_SYS(fcntl), 1, F_DUPFD, UINT32_MAX },
	{ SCMP_SYS(fcntl), 1, F_DUPFD_CLOEXEC, UINT32_MAX },
	{ SCMP_SYS(fcntl), 1, F_GETFD, UINT32_MAX },
	{ SCMP_SYS(fcntl), 1, F_SETFD, UINT32_MAX },
	{ SCMP_SYS(fcntl), 1, F_GETFL, UINT32_MAX },
	{ SCMP_SYS(fcntl), 1, F_SETFL, UINT32_MAX },
	{ SCMP_SYS(fcntl), 1, F_GETLK, UINT32_MAX },
	{ SCMP_SYS(fcntl), 1, F_SETLK, UINT32_MAX },
	{ SCMP_SYS(fcntl), 1, F_OFD_GETLK, UINT32_MAX },
	{ SCMP_SYS(fcntl), 1, F_OFD_SETLK, UINT32_MAX },
	{ SCMP_SYS(fcntl), 1, F_ADD_SEALS, UINT32_MAX },
	{ SCMP_SYS(fcntl), 1, F_GET_SEALS, UINT32_MAX },
};

static void contextp(scmp_filter_ctx *context)
{
	if (*context)
		seccomp_release(*context);
}

static int add_rules(scmp_filter_ctx context)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ELEMENTS(allowed); i++)
		r = seccomp_rule_add_exact_array(context, SCMP_ACT_ALLOW, allowed[i], 0, NULL);
	for (size_t i = 0; r == 0 && i < ELEMENTS(allowed_with); i++) {
		const struct scmp_arg_cmp argument = { .arg = allowed_with[i].argument,
						       .op = SCMP_CMP_MASKED_EQ,
						       .datum_a = allowed_with[i].mask,
						       .datum_b = allowed_with[i].value };

		r = seccomp_rule_add_exact_array(context, SCMP_ACT_ALLOW, allowed_with[i].call, 1,
						 &argument);
	}
	/* A tree; the kernel remembers what is allowed whatever the arguments. */
	if (r == 0)
		r = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return r;
}

/* ioctl is decided first; the rest does not allow it. */
static int export(scmp_filter_ctx context, struct sock_fprog *ret_program)
{
	struct sock_filter ioctl_filter[QEMU_SECCOMP_IOCTL_LENGTH_MAX];
	size_t bytes = 0, ioctl_length = qemu_seccomp_ioctl(ioctl_filter);
	_cleanup_free_ struct sock_filter *filter = NULL;
	int r = seccomp_export_bpf_mem(context, NULL, &bytes);

	if (r < 0)
		return r;
	filter = malloc(ioctl_length * sizeof(*filter) + bytes);
	if (!filter)
		return -ENOMEM;
	memcpy(filter, ioctl_filter, ioctl_length * sizeof(*filter));
	r = seccomp_export_bpf_mem(context, filter + ioctl_length, &bytes);
	if (r < 0)
		return r;
	ret_program->len = (unsigned short)(ioctl_length + bytes / sizeof(*filter));
	ret_program->filter = take_ptr(filter);
	return 0;
}

int qemu_seccomp_program(const struct sock_fprog **ret_program)
{
	static struct sock_fprog program;
	_cleanup_(contextp) scmp_filter_ctx context = NULL;
	int r = 0;

	if (program.filter) {
		*ret_program = &program;
		return 0;
	}
	context = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
	if (!context)
		return -ENOMEM;
	r = add_rules(context);
	if (r == 0)
		r = export(context, &program);
	if (r < 0)
		return r;
	*ret_program = &program;
	return 0;
}
