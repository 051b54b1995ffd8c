// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt-screen: one guest's display, keyboard and mouse on the machine's own screen. hostd starts
// it confined and passes every file that it uses; only system calls are left to give up here.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "process/seccomp-list.h"
#include "screen/screen-control.h"

static const int allowed[] = {
	/* its files */
	SCMP_SYS(poll),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(pwrite64),
	SCMP_SYS(ioctl),
	SCMP_SYS(close),
	/* memory */
	SCMP_SYS(brk),
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	/* the C library's exit */
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static const struct seccomp_list list = {
	.action = SCMP_ACT_ALLOW,
	.otherwise = SCMP_ACT_KILL_PROCESS,
	.calls = allowed,
	.call_count = ELEMENTS(allowed),
};

int main(void)
{
	int r = seccomp_list_load(&list);

	if (r == 0)
		r = screen_run(SCREEN_FD_CONTROL, SCREEN_FD_FRAMEBUFFER);
	if (r < 0)
		(void)dprintf(STDERR_FILENO, "%s\n", strerror(-r) ?: "it failed");
	return r < 0;
}
