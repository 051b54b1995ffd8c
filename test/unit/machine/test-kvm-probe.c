// SPDX-License-Identifier: GPL-2.0-or-later
// The KVM probe against a fake /dev/kvm: every call fails in turn, the guest ends in every way.
// link: -Wl,--wrap=open,--wrap=ioctl,--wrap=mmap,--wrap=_exit,--wrap=memfd_create
// link: -Wl,--wrap=cpu_features_read,--wrap=confine_clone
#include "fake-tree.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>

#include "machine/cpu.h"
#include "machine/kvm-probe.h"

#define RUN_BYTES 8192
#define NEVER (-1)

static struct {
	bool active;
	int fail_at; /* the number of the call that fails */
	int call;
	int error;
	int open_error;
	bool fail_memory, fail_clone;
	bool hang;
	uint32_t exit_reason; /* of the second run; 0: as it should be */
	uint32_t first_exit_reason;
	uint32_t suberror;
	uint8_t result;
	int api_version, run_bytes;
	int fds[3];
	size_t fd_count;
	struct kvm_run *run;
	int runs;
	struct cpu_features cpu;
	/* Shared with the child. */
	struct shared {
		int leaked;
		int calls;
		uint64_t program;
		struct kvm_sregs sregs;
	} *shared;
} fake;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
void *__real_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
int __real_memfd_create(const char *name, unsigned int flags);
int __wrap_memfd_create(const char *name, unsigned int flags);
int __real_confine_clone(uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd);
int __wrap_confine_clone(uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd);
void __wrap_cpu_features_read(struct cpu_features *ret_features);

void __wrap_cpu_features_read(struct cpu_features *ret_features)
{
	*ret_features = fake.cpu;
}

int __wrap_memfd_create(const char *name, unsigned int flags)
{
	if (fake.fail_memory) {
		errno = EMFILE;
		return -1;
	}
	return __real_memfd_create(name, flags);
}

int __wrap_confine_clone(uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd)
{
	return fake.fail_clone ? -EAGAIN
			       : __real_confine_clone(namespaces, cgroup_fd, ret_pid, ret_pidfd);
}

static bool fails(void)
{
	fake.shared->calls = fake.call + 1;
	if (fake.call++ != fake.fail_at)
		return false;
	errno = fake.error;
	return true;
}

static int fake_fd(void)
{
	int fd = __real_open("/dev/null", O_RDWR | O_CLOEXEC);

	fake.fds[fake.fd_count++] = fd;
	return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
	if (!fake.active || strcmp(path, "/fake/kvm") != 0)
		return __real_open(path, flags, 0600);
	if (fake.open_error) {
		errno = fake.open_error;
		return -1;
	}
	return fails() ? -1 : fake_fd();
}

static void run_fake_guest(void)
{
	struct kvm_run *run = fake.run;
	bool first = fake.runs++ == 0;

	while (fake.hang)
		(void)pause();
	run->exit_reason = first ? KVM_EXIT_IO : KVM_EXIT_HLT;
	if (first && fake.first_exit_reason)
		run->exit_reason = fake.first_exit_reason;
	if (!first && fake.exit_reason)
		run->exit_reason = fake.exit_reason;
	if (run->exit_reason == KVM_EXIT_IO) {
		run->io.port = 0x80;
		run->io.data_offset = 4096;
		((uint8_t *)run)[4096] = fake.result;
	} else if (run->exit_reason == KVM_EXIT_INTERNAL_ERROR) {
		run->internal.suberror = fake.suberror;
	}
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument = NULL;

	(void)fd;
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (fails())
		return -1;
	switch (request) {
	case KVM_GET_API_VERSION:
		return fake.api_version;
	case KVM_CREATE_VM:
	case KVM_CREATE_VCPU:
		return fake_fd();
	case KVM_GET_VCPU_MMAP_SIZE:
		return fake.run_bytes;
	case KVM_SET_USER_MEMORY_REGION: {
		const struct kvm_userspace_memory_region *region = argument;

		memcpy(&fake.shared->program, (const void *)(uintptr_t)region->userspace_addr,
		       sizeof(fake.shared->program));
		return 0;
	}
	case KVM_SET_SREGS:
		memcpy(&fake.shared->sregs, argument, sizeof(fake.shared->sregs));
		return 0;
	case KVM_RUN:
		run_fake_guest();
		return 0;
	}
	return 0;
}

void *__wrap_mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset)
{
	void *memory = NULL;

	if (!fake.active)
		return __real_mmap(address, length, protection, flags, fd, offset);
	if (fails())
		return MAP_FAILED;
	memory = __real_mmap(address, length, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (fd >= 0)
		fake.run = memory;
	return memory;
}

/* The child's last act: what did it leave open? */
void __wrap__exit(int status)
{
	for (size_t i = 0; i < fake.fd_count; i++)
		if (fcntl(fake.fds[i], F_GETFD) >= 0)
			fake.shared->leaked++;
	__real__exit(status);
}

static int setup(void **state)
{
	(void)state;
	memset(&fake, 0, sizeof(fake));
	fake.shared = __real_mmap(NULL, sizeof(*fake.shared), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	fake.active = true;
	fake.fail_at = NEVER;
	fake.error = EPERM;
	fake.result = 0xda;
	fake.api_version = KVM_API_VERSION;
	fake.run_bytes = RUN_BYTES;
	fake.cpu.svm = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)munmap(fake.shared, sizeof(*fake.shared));
	return 0;
}

/* Probes, and checks that nothing stays behind. */
static struct kvm_status probe(void)
{
	struct kvm_status status = { .state = KVM_OK_VMX, .why = "not set" };
	int fds = count_fds();

	kvm_probe("/fake/kvm", &status);
	assert_int_equal(count_fds(), fds);
	assert_no_child();
	assert_int_equal(fake.shared->leaked, 0);
	assert_int_equal(kvm_usable(&status), status.why[0] == '\0');
	return status;
}

static void test_ok(void **state)
{
	struct kvm_status status = probe();

	(void)state;
	assert_int_equal(status.state, KVM_OK_SVM);
	assert_string_equal(kvm_state_name(status.state), "svm");
	assert_int_equal(fake.shared->program & 0xff, 0xb8);
	assert_int_equal(fake.shared->sregs.cs.l, 1);
	assert_int_equal(fake.shared->sregs.cr3, 0x1000);

	fake.cpu = (struct cpu_features){ .vmx = true };
	status = probe();
	assert_int_equal(status.state, KVM_OK_VMX);
}

static void test_every_call_fails(void **state)
{
	struct kvm_status status = probe();
	int calls = fake.shared->calls;

	(void)state;
	assert_true(kvm_usable(&status));
	assert_true(calls >= 16);
	for (fake.fail_at = 0; fake.fail_at < calls; fake.fail_at++) {
		status = probe();
		assert_false(kvm_usable(&status));
		assert_non_null(strstr(status.why, strerror(EPERM)));
		assert_int_equal(status.state, fake.fail_at == 0 ? KVM_FORBIDDEN : KVM_BROKEN);
		if (fake.fail_at == 2)
			assert_string_equal(status.why,
					    "opens but cannot run an instruction: KVM_CREATE_VM: "
					    "Operation not permitted");
	}
}

static void test_absent(void **state)
{
	struct kvm_status status;

	(void)state;
	fake.open_error = ENOENT;
	status = probe();
	assert_int_equal(status.state, KVM_ABSENT);
	assert_non_null(strstr(status.why, "switch on SVM Mode in the firmware setup"));

	fake.cpu = (struct cpu_features){ .vmx = true };
	status = probe();
	assert_non_null(strstr(status.why, "switch on VT-x"));
	assert_non_null(strstr(status.why, "firmware setup"));

	fake.cpu = (struct cpu_features){};
	status = probe();
	assert_string_equal(status.why, "no /fake/kvm: the processor has neither VT-x nor SVM");

	fake.cpu = (struct cpu_features){ .hypervisor = true };
	fake.open_error = ENXIO;
	status = probe();
	assert_int_equal(status.state, KVM_ABSENT);
	assert_non_null(strstr(status.why, "nested"));
}

static void test_forbidden(void **state)
{
	struct kvm_status status;

	(void)state;
	fake.open_error = EACCES;
	status = probe();
	assert_int_equal(status.state, KVM_FORBIDDEN);
	assert_string_equal(status.why, "/fake/kvm may not be opened: Permission denied");
	fake.open_error = EBUSY;
	status = probe();
	assert_int_equal(status.state, KVM_BROKEN);
}

static void expect_broken(const char *why)
{
	struct kvm_status status = probe();

	assert_int_equal(status.state, KVM_BROKEN);
	if (!strstr(status.why, why))
		fail_msg("\"%s\" is not in \"%s\"", why, status.why);
}

static void test_guest_ends_badly(void **state)
{
	(void)state;
	fake.first_exit_reason = KVM_EXIT_INTERNAL_ERROR;
	fake.suberror = KVM_INTERNAL_ERROR_EMULATION;
	expect_broken("instructions are emulated");
	fake.suberror = KVM_INTERNAL_ERROR_DELIVERY_EV;
	expect_broken("internal error 3");
	fake.first_exit_reason = KVM_EXIT_FAIL_ENTRY;
	expect_broken("refused to enter");
	fake.first_exit_reason = KVM_EXIT_SHUTDOWN;
	expect_broken("the guest shut down");
	fake.first_exit_reason = KVM_EXIT_MMIO;
	expect_broken("unexpected exit 6");
	fake.first_exit_reason = 0;
	fake.exit_reason = KVM_EXIT_IO;
	expect_broken("unexpected exit 2");
	fake.exit_reason = 0;
	fake.result = 0x6d;
	expect_broken("wrong result");
}

static void test_strange_kvm(void **state)
{
	(void)state;
	fake.api_version = 11;
	expect_broken("KVM_GET_API_VERSION");
	fake.api_version = KVM_API_VERSION;
	fake.run_bytes = 4096;
	expect_broken("KVM_GET_VCPU_MMAP_SIZE");
}

static void test_cannot_try(void **state)
{
	(void)state;
	fake.fail_memory = true;
	expect_broken("cannot be tried: Too many open files");
	fake.fail_memory = false;
	fake.fail_clone = true;
	expect_broken("cannot be tried: Resource temporarily unavailable");
}

static void test_hang_is_killed(void **state)
{
	struct timespec start, end;
	int64_t took_ms = 0;

	(void)state;
	fake.hang = true;
	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	expect_broken("it hung");
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	took_ms = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000;
	assert_in_range(took_ms, 800, 1500);
}

static void test_shadow_paging(void **state)
{
	struct tree tree;

	(void)state;
	tree_make(&tree);
	assert_false(kvm_shadow_paging(tree.root, KVM_OK_SVM));
	tree_file(&tree, "/sys/module/kvm_amd/parameters/npt", "N\n");
	tree_file(&tree, "/sys/module/kvm_intel/parameters/ept", "Y\n");
	assert_true(kvm_shadow_paging(tree.root, KVM_OK_SVM));
	assert_false(kvm_shadow_paging(tree.root, KVM_OK_VMX));
	tree_remove(&tree);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_ok, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_call_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_absent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_forbidden, setup, teardown),
		cmocka_unit_test_setup_teardown(test_guest_ends_badly, setup, teardown),
		cmocka_unit_test_setup_teardown(test_strange_kvm, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cannot_try, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hang_is_killed, setup, teardown),
		cmocka_unit_test(test_shadow_paging),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
