// SPDX-License-Identifier: GPL-2.0-or-later
// usage: step PID self|child N kill|ERRNO
// Follows hostd (PID) by ptrace from its next system call on, or the next child that it makes up to
// its exec. At the N-th call that may fail it kills hostd, or makes the call fail with ERRNO.
// Prints "ready", then "hit NUMBER-OF-CALL" when it has; to be killed when it is not wanted any
// more.
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#define OPTIONS                                                                                   \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | \
	 PTRACE_O_TRACEEXEC)

static const struct {
	const char *name;
	int number;
} errors[] = { { "ENOSPC", ENOSPC }, { "EIO", EIO },       { "EROFS", EROFS },
	       { "ENOMEM", ENOMEM }, { "EMFILE", EMFILE }, { "EINTR", EINTR } };

static struct {
	pid_t hostd, followed; /* followed: whose calls are counted; 0: the next child's */
	bool children;
	long wanted, count;
	int error; /* 0: kill */
	bool inside, failing; /* between entry and exit of a call; of the one that is to fail */
} state;

/*
 * Not calls that cannot fail so, and not those of which a failure would only tell about this
 * program: what is closed or unmapped stays so whatever is returned.
 */
static bool may_fail(const struct user_regs_struct *registers)
{
	switch (registers->orig_rax) {
	case SYS_close:
	case SYS_munmap:
	case SYS_exit:
	case SYS_exit_group:
	case SYS_rt_sigreturn:
	case SYS_restart_syscall:
	case SYS_futex:
	case SYS_getpid:
	case SYS_gettid:
	case SYS_getuid:
	case SYS_umask:
	case SYS_clock_gettime:
	case SYS_madvise:
	case SYS_timerfd_settime:
		return false;
	case SYS_epoll_ctl:
		return state.error == 0 || (registers->rsi == EPOLL_CTL_ADD &&
					    (state.error == ENOMEM || state.error == ENOSPC));
	case SYS_epoll_wait:
	case SYS_epoll_pwait2:
		return state.error == 0 || state.error == EINTR;
	default:
		return true;
	}
}

/* Also in the middle of anything: no more than the one line is to come. */
static void on_sigterm(int)
{
	char line[32];
	int length = snprintf(line, sizeof(line), "count %ld\n", state.count);

	(void)!write(STDOUT_FILENO, line, (size_t)length);
	_exit(0);
}

static int read_error(const char *name)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (strcmp(errors[i].name, name) == 0)
			return errors[i].number;
	return -1;
}

[[noreturn]] static void done(unsigned long call)
{
	(void)printf("hit %lu\n", call);
	(void)fflush(stdout);
	/* What is traced goes on when the tracer ends. */
	exit(0);
}

static void on_entry(pid_t pid, struct user_regs_struct *registers)
{
	if (!may_fail(registers) || ++state.count != state.wanted)
		return;
	if (state.error == 0) {
		(void)kill(state.hostd, SIGKILL);
		done(registers->orig_rax);
	}
	state.failing = true;
	(void)printf("hit %llu\n", registers->orig_rax);
	registers->orig_rax = (unsigned long)-1;
	(void)ptrace(PTRACE_SETREGS, pid, NULL, registers);
}

static void on_call(pid_t pid)
{
	struct user_regs_struct registers;

	state.inside = !state.inside;
	if (ptrace(PTRACE_GETREGS, pid, NULL, &registers) < 0)
		return;
	if (state.inside) {
		on_entry(pid, &registers);
	} else if (state.failing) {
		registers.rax = (unsigned long)-state.error;
		(void)ptrace(PTRACE_SETREGS, pid, NULL, &registers);
		(void)fflush(stdout);
		exit(0);
	}
}

/* A child's first stop. Those that are not looked at are let go. */
static void on_new(pid_t pid)
{
	if (state.children && state.followed == 0) {
		state.followed = pid;
		state.inside = false;
		(void)ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
	} else {
		(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
	}
}

static void on_stop(pid_t pid, int status)
{
	const int event = status >> 16, signal = WSTOPSIG(status);
	int deliver = 0;

	if (pid != state.hostd && pid != state.followed) {
		on_new(pid);
		return;
	}
	if (event == PTRACE_EVENT_EXEC && pid != state.hostd) {
		(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
		return;
	}
	if (signal == (SIGTRAP | 0x80)) {
		if (pid == state.followed)
			on_call(pid);
	} else if (event == 0) {
		deliver = signal;
	}
	(void)ptrace(pid == state.followed ? PTRACE_SYSCALL : PTRACE_CONT, pid, NULL, deliver);
}

int main(int argc, char **argv)
{
	int status = 0;
	pid_t pid = 0;

	if (argc != 5 ||
	    (state.error = strcmp(argv[4], "kill") == 0 ? 0 : read_error(argv[4])) < 0) {
		(void)fprintf(stderr, "usage: step PID self|child N kill|ERRNO\n");
		return 2;
	}
	state.hostd = atoi(argv[1]);
	state.children = strcmp(argv[2], "child") == 0;
	state.followed = state.children ? 0 : state.hostd;
	state.wanted = atol(argv[3]);
	(void)signal(SIGTERM, on_sigterm);
	if (ptrace(PTRACE_SEIZE, state.hostd, NULL, OPTIONS) < 0 ||
	    ptrace(PTRACE_INTERRUPT, state.hostd, NULL, NULL) < 0 ||
	    waitpid(state.hostd, &status, __WALL) < 0) {
		perror("step: hostd cannot be traced");
		return 1;
	}
	(void)ptrace(state.followed ? PTRACE_SYSCALL : PTRACE_CONT, state.hostd, NULL, NULL);
	(void)puts("ready");
	(void)fflush(stdout);
	while ((pid = waitpid(-1, &status, __WALL)) > 0)
		if (WIFSTOPPED(status))
			on_stop(pid, status);
	return 0;
}
