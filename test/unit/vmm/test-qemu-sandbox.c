// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU's own list of denied calls (-sandbox), taken out of the QEMU that is shipped as it hands it
// to the kernel: what it says, and how many instructions it adds to each exit.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/kvm.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#include "seccomp-machine.h"

#define PROGRAM_MAX 1024

static struct sock_filter program[PROGRAM_MAX];
static size_t program_length;

static void become_qemu(const char *path)
{
	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
		(void)execl(path, path, "-nodefaults", "-no-user-config", "-display", "none",
			    "-machine", "none", "-sandbox",
			    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
			    "resourcecontrol=deny",
			    NULL);
	_exit(127);
}

static bool read_memory(pid_t pid, uint64_t address, void *into, size_t size)
{
	const struct iovec local = { into, size }, remote = { (void *)(uintptr_t)address, size };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

/* libseccomp asks first what the kernel can do, without a program. */
static bool take_program(pid_t pid)
{
	struct __ptrace_syscall_info call = {};
	struct sock_fprog head = {};

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(call), &call) < 0 ||
	    call.op != PTRACE_SYSCALL_INFO_ENTRY || call.entry.nr != SYS_seccomp ||
	    call.entry.args[0] != SECCOMP_SET_MODE_FILTER || call.entry.args[2] == 0)
		return false;
	assert_true(read_memory(pid, call.entry.args[2], &head, sizeof(head)));
	assert_in_range(head.len, 1, PROGRAM_MAX);
	assert_true(
		read_memory(pid, (uintptr_t)head.filter, program, head.len * sizeof(program[0])));
	program_length = head.len;
	return true;
}

static int catch_program(void **)
{
	const char *path = getenv("MVIRT_TEST_QEMU");
	pid_t pid = path ? fork() : -1;
	int status = 0;

	if (pid == 0)
		become_qemu(path);
	while (pid > 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		(void)ptrace(PTRACE_SETOPTIONS, pid, NULL,
			     PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && take_program(pid)) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, NULL, 0);
			break;
		}
		(void)ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	}
	return 0;
}

static uint32_t run(int number, uint64_t argument, unsigned int *ret_count)
{
	const struct seccomp_data call = { .nr = number,
					   .arch = AUDIT_ARCH_X86_64,
					   .args = { argument } };

	if (program_length == 0)
		skip(); /* no QEMU is named, or it may not be traced here */
	return seccomp_run(program, program_length, &call, ret_count);
}

/* What guests make all the time. KVM_RUN is the one that no filter's answer is remembered for. */
static void test_cost(void **)
{
	static const int calls[] = { SYS_ioctl,   SYS_read,  SYS_write,   SYS_ppoll,   SYS_preadv,
				     SYS_pwritev, SYS_futex, SYS_pread64, SYS_pwrite64 };

	for (size_t i = 0; i < ELEMENTS(calls); i++) {
		unsigned int count = 0;

		assert_int_equal(run(calls[i], 0, &count), SECCOMP_RET_ALLOW);
		assert_in_range(count, 1, calls[i] == SYS_ioctl ? 9 : 14);
	}
}

static void test_denied(void **)
{
	static const struct {
		int number;
		uint32_t result;
	} calls[] = {
		{ SYS_fork, SECCOMP_RET_ERRNO | EPERM },
		{ SYS_execve, SECCOMP_RET_ERRNO | EPERM },
		{ SYS_clone, SECCOMP_RET_ERRNO | EPERM },
		{ SYS_setpriority, SECCOMP_RET_ERRNO | EPERM },
		{ SYS_sched_setaffinity, SECCOMP_RET_ERRNO | EPERM },
		{ SYS_setuid, SECCOMP_RET_KILL_PROCESS },
		{ SYS_setfsgid, SECCOMP_RET_KILL_PROCESS },
		{ SYS_reboot, SECCOMP_RET_KILL_PROCESS },
		{ SYS_mount, SECCOMP_RET_KILL_PROCESS },
		{ SYS_uselib, SECCOMP_RET_KILL_PROCESS },
	};
	unsigned int count = 0;

	for (size_t i = 0; i < ELEMENTS(calls); i++)
		assert_int_equal(run(calls[i].number, 0, &count), calls[i].result);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cost),
		cmocka_unit_test(test_denied),
	};

	return cmocka_run_group_tests(tests, catch_program, NULL);
}
