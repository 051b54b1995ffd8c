// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt-screen: one guest's display, keyboard and mouse on the machine's own screen. hostd starts
// it confined and passes every file that it uses; what is left to give up here are system calls.
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
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
	/* the C library's end */
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static void contextp(scmp_filter_ctx *context)
{
	if (*context)
		seccomp_release(*context);
}

static int confine(void)
{
	_cleanup_(contextp) scmp_filter_ctx context = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = 0;

	if (!context)
		return -ENOMEM;
	for (size_t i = 0; i < ELEMENTS(allowed) && r == 0; i++)
		r = seccomp_rule_add(context, SCMP_ACT_ALLOW, allowed[i], 0);
	return r == 0 ? seccomp_load(context) : r;
}

int main(void)
{
	int r = confine();

	if (r == 0)
		r = screen_run(SCREEN_FD_CONTROL, SCREEN_FD_FRAMEBUFFER);
	if (r < 0)
		(void)dprintf(STDERR_FILENO, "%s\n", strerrordesc_np(-r) ?: "it failed");
	return r < 0;
}
