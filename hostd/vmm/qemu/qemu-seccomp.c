// SPDX-License-Identifier: GPL-2.0-or-later
// What QEMU may call: files, memory, threads, time, sockets. Nothing that makes a process, a mount
// or a namespace, nothing that is another process's, no interface that few programs use.
// qemu-seccomp-ioctl.c has ioctl.
#include "qemu-seccomp.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "process/guest-process.h"
#include "process/seccomp-list.h"
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

static const struct seccomp_rule allowed_with[] = {
	/* A thread; clone3, whose flags cannot be looked at, is made by the C library with clone.
	 */
	{ SCMP_SYS(clone), { { CLONE_THREAD | NAMESPACE_FLAGS, CLONE_THREAD } } },
	{ SCMP_SYS(execveat), { SECCOMP_IS_WHOLE(GUEST_PROCESS_EXECUTABLE_FD) } },
	{ SCMP_SYS(socket), { SECCOMP_IS_WHOLE(AF_UNIX) } },
	{ SCMP_SYS(socket), { SECCOMP_IS_WHOLE(AF_INET) } }, /* SLIRP */
	{ SCMP_SYS(socket), { SECCOMP_IS_WHOLE(AF_INET6) } },
	{ SCMP_SYS(socketpair), { SECCOMP_IS_WHOLE(AF_UNIX) } },
	{ SCMP_SYS(prctl), { SECCOMP_IS_WHOLE(PR_SET_NAME) } },
	{ SCMP_SYS(prctl), { SECCOMP_IS_WHOLE(PR_GET_NAME) } },
	{ SCMP_SYS(prctl), { SECCOMP_IS_WHOLE(PR_SET_TIMERSLACK) } },
	{ SCMP_SYS(prctl), { SECCOMP_IS_WHOLE(PR_GET_SECCOMP) } },
	{ SCMP_SYS(prctl), { SECCOMP_IS_WHOLE(PR_SET_NO_NEW_PRIVS) } },
	/* No leases: who opens a file on which there is one, waits for up to 45 s. */
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_DUPFD) } },
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_DUPFD_CLOEXEC) } },
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_GETFD) } },
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_SETFD) } },
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_GETFL) } },
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_SETFL) } },
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_GETLK) } },
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_SETLK) } },
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_OFD_GETLK) } },
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_OFD_SETLK) } },
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_ADD_SEALS) } },
	{ SCMP_SYS(fcntl), { SECCOMP_ANY, SECCOMP_IS(F_GET_SEALS) } },
};

int qemu_seccomp_program(const struct sock_fprog **ret_program)
{
	static struct sock_fprog program;
	struct sock_filter ioctl_filter[QEMU_SECCOMP_IOCTL_LENGTH_MAX];
	const struct seccomp_list list = {
		.action = SCMP_ACT_ALLOW,
		.otherwise = SCMP_ACT_ERRNO(ENOSYS),
		.calls = allowed,
		.call_count = ELEMENTS(allowed),
		.rules = allowed_with,
		.rule_count = ELEMENTS(allowed_with),
		.as_tree = true,
		/* ioctl is decided first; the rest does not allow it. */
		.prefix = ioctl_filter,
		.prefix_length = qemu_seccomp_ioctl(ioctl_filter),
	};
	int r = program.filter ? 0 : seccomp_list_compile(&list, &program);

	if (r == 0)
		*ret_program = &program;
	return r;
}
