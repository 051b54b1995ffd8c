// SPDX-License-Identifier: GPL-2.0-or-later
// What hostd may still do, tried in a child for real; then each call of it fails in turn.
// link: -Wl,--wrap=prctl,--wrap=syscall,--wrap=seccomp_init,--wrap=seccomp_rule_add_exact_array
// link: -Wl,--wrap=seccomp_load
#include "fake-tree.h"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/kvm.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/swap.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "machine/privileges.h"

#include "seccomp-machine.h"

/* Any; a small one is there in every user namespace. */
#define OTHER_UID 7

static struct {
	bool active;
	int call, fail_at;
	bool failed;
} fake;

/* What was loaded last. */
static struct {
	struct sock_filter code[512];
	size_t length;
} program;

static bool fails(void)
{
	if (!fake.active || ++fake.call != fake.fail_at)
		return false;
	fake.failed = true;
	errno = EIO;
	return true;
}

int __real_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	if (!fake.active)
		return __real_prctl(option, a, b, c, d);
	if (fails())
		return -1;
	if (option == PR_CAPBSET_DROP && a > CAP_LAST_CAP) {
		errno = EINVAL;
		return -1;
	}
	return 0;
}

long __real_syscall(long number, long a, long b, long c, long d, long e);
long __wrap_syscall(long number, long a, long b, long c, long d, long e);
long __wrap_syscall(long number, long a, long b, long c, long d, long e)
{
	if (!fake.active)
		return __real_syscall(number, a, b, c, d, e);
	return fails() ? -1 : 0;
}

scmp_filter_ctx __real_seccomp_init(uint32_t action);
scmp_filter_ctx __wrap_seccomp_init(uint32_t action);
scmp_filter_ctx __wrap_seccomp_init(uint32_t action)
{
	return fails() ? NULL : __real_seccomp_init(action);
}

int __real_seccomp_rule_add_exact_array(scmp_filter_ctx context, uint32_t action, int call,
					unsigned int count, const struct scmp_arg_cmp *arguments);
int __wrap_seccomp_rule_add_exact_array(scmp_filter_ctx context, uint32_t action, int call,
					unsigned int count, const struct scmp_arg_cmp *arguments);
int __wrap_seccomp_rule_add_exact_array(scmp_filter_ctx context, uint32_t action, int call,
					unsigned int count, const struct scmp_arg_cmp *arguments)
{
	return fails() ? -EIO
		       : __real_seccomp_rule_add_exact_array(context, action, call, count,
							     arguments);
}

int __real_seccomp_load(scmp_filter_ctx context);
int __wrap_seccomp_load(scmp_filter_ctx context);
int __wrap_seccomp_load(scmp_filter_ctx context)
{
	size_t bytes = sizeof(program.code);

	if (!fake.active)
		return __real_seccomp_load(context);
	assert_int_equal(seccomp_export_bpf_mem(context, program.code, &bytes), 0);
	program.length = bytes / sizeof(program.code[0]);
	return fails() ? -EIO : 0;
}

static void test_each_call_fails(void **)
{
	const char *step = NULL;
	int fds = count_fds();

	for (fake.fail_at = 1;; fake.fail_at++) {
		int r = 0;

		fake.call = 0;
		fake.failed = false;
		fake.active = true;
		step = NULL;
		r = privileges_drop(&step);
		fake.active = false;
		assert_int_equal(count_fds(), fds);
		if (!fake.failed)
			break;
		if (r == 0)
			fail_msg("call %d failed unnoticed", fake.fail_at);
		assert_non_null(step);
	}
	assert_null(step);
	assert_true(fake.fail_at > 60);
}

/* hostd's children have its filter, and so has a guest's QEMU: every exit to it is such a call. */
static void test_cost_of_an_exit(void **)
{
	struct seccomp_data call = { .nr = SYS_ioctl,
				     .arch = AUDIT_ARCH_X86_64,
				     .args = { 7, KVM_RUN } };
	unsigned int count = 0;

	/* Of the test before. */
	assert_true(program.length > 0);
	assert_int_equal(seccomp_run(program.code, program.length, &call, &count),
			 SECCOMP_RET_ALLOW);
	print_message("# hostd's filter: %u instructions for KVM_RUN\n", count);
	assert_in_range(count, 1, 14);
	call.args[1] = UINT64_C(0xffffffff) << 32 | TIOCSTI;
	assert_int_equal(seccomp_run(program.code, program.length, &call, &count),
			 SECCOMP_RET_ERRNO | EPERM);
}

/* In the child; returns the number of the line that is wrong. */
#define CHECK(condition)                 \
	do {                             \
		if (!(condition))        \
			return __LINE__; \
	} while (0)

static bool denied(long result)
{
	return result == -1 && errno == EPERM;
}

static int check_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
	const uint64_t mask = privileges_kept();

	CHECK(syscall(SYS_capget, &header, sets, 0, 0) == 0);
	for (size_t i = 0; i < ELEMENTS(sets); i++) {
		CHECK((sets[i].permitted & ~(uint32_t)(mask >> 32 * i)) == 0);
		CHECK(sets[i].effective == sets[i].permitted && sets[i].inheritable == 0);
	}
	for (unsigned int number = 0; number <= CAP_LAST_CAP; number++)
		CHECK((mask & UINT64_C(1) << number) ||
		      prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 0);
	CHECK(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	CHECK(prctl(PR_GET_SECCOMP, 0, 0, 0, 0) == 2);
	return 0;
}

static int check_calls(void)
{
	char byte = 'x';

	CHECK(denied(syscall(SYS_init_module, 0, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_finit_module, -1, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_kexec_load, 0, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_bpf, 0, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_reboot, 0, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_ptrace, 0, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_process_vm_readv, getppid(), 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_perf_event_open, 0, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_iopl, 0, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_swapon, 0, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_clock_settime, 0, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_io_uring_setup, 0, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_userfaultfd, 0, 0, 0, 0, 0)));
	CHECK(denied(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, -3, 0, 0, 0)));
	CHECK(denied(ioctl(0, TIOCSTI, &byte)));
	/* The kernel takes the lower half of it alone. */
	CHECK(denied(ioctl(0, UINT64_C(1) << 32 | TIOCSTI, &byte)));
	return 0;
}

/* What hostd and its children do have to do, as far as the test may. */
static int check_work(void)
{
	int fd = -1, status = -1;
	pid_t pid = 0;

	CHECK(getuid() == 0);
	CHECK(unshare(CLONE_NEWNS | CLONE_NEWNET) == 0);
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mount("x", "/mnt", "tmpfs", 0, NULL) == 0);
	fd = open("/mnt/file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK(fd >= 0 && fchown(fd, OTHER_UID, OTHER_UID) == 0);
	CHECK(open("/mnt/file", O_RDWR | O_CLOEXEC) >= 0); /* another's */
	CHECK(fchmod(fd, 0640) == 0);
	CHECK(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0);
	CHECK(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0) >= 0);
	CHECK(system("true") == 0);
	pid = fork();
	if (pid == 0) {
		CHECK(setresgid(OTHER_UID, OTHER_UID, OTHER_UID) == 0 &&
		      setresuid(OTHER_UID, OTHER_UID, OTHER_UID) == 0);
		(void)pause();
	}
	(void)usleep(50000);
	CHECK(kill(pid, SIGKILL) == 0 && waitpid(pid, &status, 0) == pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	return 0;
}

static int run(int (*check)(void))
{
	const char *step = NULL;
	int status = -1;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		/* Twice, as when a new hostd takes the old one's place. */
		int r = privileges_drop(&step), line = 0;

		if (r == 0)
			r = privileges_drop(&step);
		line = r == 0 ? check() : __LINE__;
		if (line)
			(void)fprintf(stderr, "# line %d: %s, step %s\n", line,
				      strerrorname_np(r < 0 ? -r : errno), step ? step : "none");
		_exit(line != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void test_dropped(void **)
{
	if (getuid() != 0) {
		print_message("# skipped: it needs root\n");
		skip();
	}
	assert_int_equal(run(check_capabilities), 0);
	assert_int_equal(run(check_calls), 0);
}

static void test_kept(void **)
{
	if (getuid() != 0) {
		print_message("# skipped: it needs root\n");
		skip();
	}
	assert_int_equal(run(check_work), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_call_fails),
		cmocka_unit_test(test_cost_of_an_exit),
		cmocka_unit_test(test_dropped),
		cmocka_unit_test(test_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
