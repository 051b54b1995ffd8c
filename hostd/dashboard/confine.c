// SPDX-License-Identifier: GPL-2.0-or-later
// The dashboard reads what guests, devices and the network say of themselves: once it has its
// terminal and its connections, it can use these and nothing else.
#include <errno.h>
#include <linux/vt.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <termios.h>

#include "base/cleanup.h"
#include "dashboard.h"

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

static const unsigned int ioctls[] = {
	TCGETS,     TCSETS,     TCSETSW,  TCSETSF,  TCFLSH,
	TIOCGWINSZ, TIOCSWINSZ, FIONREAD, TIOCOUTQ, VT_ACTIVATE,
};

static void contextp(scmp_filter_ctx *context)
{
	if (*context)
		seccomp_release(*context);
}

int confine(void)
{
	_cleanup_(contextp) scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	static const int mapping[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	int r = 0;

	if (!context)
		return -ENOMEM;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0, 0, 0) < 0)
		return -errno;
	for (size_t i = 0; r == 0 && i < ELEMENTS(allowed); i++)
		r = seccomp_rule_add(context, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; r == 0 && i < ELEMENTS(ioctls); i++)
		r = seccomp_rule_add(context, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
				     SCMP_A1_32(SCMP_CMP_EQ, ioctls[i], 0));
	/* Memory that can be executed is what was there at the start. */
	for (size_t i = 0; r == 0 && i < ELEMENTS(mapping); i++)
		r = seccomp_rule_add(context, SCMP_ACT_ALLOW, mapping[i], 1,
				     SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	return r == 0 ? seccomp_load(context) : r;
}
