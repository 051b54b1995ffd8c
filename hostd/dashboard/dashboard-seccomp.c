// SPDX-License-Identifier: GPL-2.0-or-later
// The dashboard reads what guests, devices and the network say of themselves: once it has its
// terminal and its connections, it can use these and nothing else.
#include <errno.h>
#include <linux/vt.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>

#include "base/cleanup.h"
#include "dashboard.h"
#include "process/seccomp-list.h"

/* Everything else fails with EPERM. */
static const int allowed[] = {
	/* what is open */
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(shutdown),
	SCMP_SYS(close),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	/* waiting */
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime),
	SCMP_SYS(signalfd4),
	SCMP_SYS(eventfd2),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(restart_syscall),
	/* memory, signals, the end */
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(futex),
	SCMP_SYS(getrandom),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

#define ANY SECCOMP_ANY
#define COMMAND(command)                               \
	{                                              \
		SCMP_SYS(ioctl),                       \
		{                                      \
			ANY, SECCOMP_IS_WHOLE(command) \
		}                                      \
	}

static const struct seccomp_rule allowed_with[] = {
	/* its terminal */
	COMMAND(TCGETS),
	COMMAND(TCSETS),
	COMMAND(TCSETSW),
	COMMAND(TCSETSF),
	COMMAND(TCFLSH),
	COMMAND(TIOCGWINSZ),
	COMMAND(TIOCSWINSZ),
	COMMAND(FIONREAD),
	COMMAND(TIOCOUTQ),
	COMMAND(VT_ACTIVATE),
	/* memory that can be executed is what was there at the start */
	{ SCMP_SYS(mmap), { ANY, ANY, SECCOMP_WITHOUT(PROT_EXEC) } },
	{ SCMP_SYS(mprotect), { ANY, ANY, SECCOMP_WITHOUT(PROT_EXEC) } },
};

int dashboard_seccomp_load(void)
{
	static const struct seccomp_list list = {
		.action = SCMP_ACT_ALLOW,
		.otherwise = SCMP_ACT_ERRNO(EPERM),
		.calls = allowed,
		.call_count = ELEMENTS(allowed),
		.rules = allowed_with,
		.rule_count = ELEMENTS(allowed_with),
	};

	return seccomp_list_load(&list);
}
