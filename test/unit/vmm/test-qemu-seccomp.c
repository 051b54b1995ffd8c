// SPDX-License-Identifier: GPL-2.0-or-later
// What QEMU's filter says to a system call, run by an interpreter here: ioctls by their command,
// and how many instructions those cost that a guest makes all the time.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/audit.h>
#include <linux/cdrom.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/if_tun.h>
#include <linux/kvm.h>
#include <linux/nvme_ioctl.h>
#include <linux/pr.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <linux/vfio.h>
#include <linux/vhost.h>
#include <scsi/sg.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "vmm/qemu/qemu-seccomp.h"

#include "seccomp-machine.h"

#define REFUSED (SECCOMP_RET_ERRNO | ENOTTY)

static uint32_t run(const struct seccomp_data *call, unsigned int *ret_count)
{
	const struct sock_fprog *program = NULL;

	assert_int_equal(qemu_seccomp_program(&program), 0);
	return seccomp_run(program->filter, program->len, call, ret_count);
}

static uint32_t run_ioctl(uint64_t command, unsigned int *ret_count)
{
	const struct seccomp_data call = { .nr = SYS_ioctl,
					   .arch = AUDIT_ARCH_X86_64,
					   .args = { 7, command, 0 } };

	return run(&call, ret_count);
}

static void test_refused_ioctls(void **)
{
	static const uint32_t commands[] = {
		/* a tap: for the bridge its MAC is that of a machine; what stays when QEMU ends */
		SIOCSIFHWADDR, SIOCGIFHWADDR, TUNSETIFF, TUNSETIFINDEX, TUNSETPERSIST, TUNSETOWNER,
		TUNSETGROUP, TUNSETLINK, TUNSETDEBUG, TUNSETNOCSUM, TUNSETQUEUE, TUNSETTXFILTER,
		TUNATTACHFILTER, TUNDETACHFILTER, TUNGETFILTER, TUNSETSTEERINGEBPF,
		TUNSETFILTEREBPF, TUNSETCARRIER, TUNGETDEVNETNS, SIOCGSKNS,
		/* vhost */
		VHOST_NEW_WORKER, VHOST_ATTACH_VRING_WORKER, VHOST_SET_VRING_BUSYLOOP_TIMEOUT,
		VHOST_SET_LOG_BASE, VHOST_SET_LOG_FD, VHOST_SCSI_SET_ENDPOINT,
		VHOST_VDPA_SET_STATUS,
		/* disks and files */
		SG_IO, BLKROSET, BLKRRPART, BLKFLSBUF, BLKSECDISCARD, BLKBSZSET, IOC_PR_REGISTER,
		IOC_PR_RESERVE, IOC_PR_PREEMPT, IOC_PR_CLEAR, NVME_IOCTL_ADMIN_CMD,
		NVME_IOCTL_IO_CMD, NVME_IOCTL_RESET, CDROMEJECT, CDROM_SEND_PACKET, FS_IOC_SETFLAGS,
		FS_IOC_FSSETXATTR, FS_IOC_ENABLE_VERITY, FICLONE, FITRIM, FIFREEZE,
		/* sockets, terminals, others */
		SIOCSIFFLAGS, SIOCSIFADDR, SIOCGIFCONF, SIOCSPGRP, FIOSETOWN, FIOASYNC, TIOCSTI,
		TCGETS, VFIO_SET_IOMMU, 0, UINT32_MAX
	};
	unsigned int count = 0;

	for (size_t i = 0; i < ELEMENTS(commands); i++) {
		assert_int_equal(run_ioctl(commands[i], &count), REFUSED);
		/* The kernel takes the lower half alone, so the upper one makes no difference. */
		assert_int_equal(run_ioctl(UINT64_C(0xffffffff) << 32 | commands[i], &count),
				 REFUSED);
	}
}

static void test_allowed_ioctls(void **)
{
	static const uint32_t commands[] = {
		KVM_GET_API_VERSION, KVM_CREATE_VM,   KVM_RUN,
		KVM_IRQFD,           KVM_SET_MSRS,    KVM_GET_DIRTY_LOG,
		TUNGETFEATURES,      TUNGETIFF,       TUNSETOFFLOAD,
		TUNSETVNETHDRSZ,     VHOST_SET_OWNER, VHOST_NET_SET_BACKEND,
		VHOST_SET_MEM_TABLE, BLKSSZGET,       BLKDISCARD,
		BLKZEROOUT,          FIONREAD,
	};
	unsigned int count = 0;

	for (size_t i = 0; i < ELEMENTS(commands); i++) {
		assert_int_equal(run_ioctl(commands[i], &count), SECCOMP_RET_ALLOW);
		/* A C library's int with the upper bit set. */
		assert_int_equal(run_ioctl((uint64_t)(int64_t)(int32_t)commands[i], &count),
				 SECCOMP_RET_ALLOW);
	}
}

/* Every exit to QEMU is one of these, and the kernel cannot remember that it is allowed. */
static void test_cost_of_an_exit(void **)
{
	unsigned int count = 0;

	assert_int_equal(run_ioctl(KVM_RUN, &count), SECCOMP_RET_ALLOW);
	assert_in_range(count, 1, 7);
	assert_int_equal(run_ioctl(KVM_IRQ_LINE, &count), SECCOMP_RET_ALLOW);
	assert_in_range(count, 1, 9);
}

static void test_other_calls(void **)
{
	static const struct {
		int number;
		uint32_t result;
	} calls[] = {
		{ SYS_read, SECCOMP_RET_ALLOW },
		{ SYS_ppoll, SECCOMP_RET_ALLOW },
		{ SYS_ptrace, SECCOMP_RET_ERRNO | ENOSYS },
		{ SYS_io_uring_setup, SECCOMP_RET_ERRNO | ENOSYS },
	};
	unsigned int count = 0;

	for (size_t i = 0; i < ELEMENTS(calls); i++) {
		struct seccomp_data call = { .nr = calls[i].number, .arch = AUDIT_ARCH_X86_64 };

		assert_int_equal(run(&call, &count), calls[i].result);
		/* The same numbers are other calls to the kernel where it takes them so. */
		call.arch = AUDIT_ARCH_I386;
		assert_int_equal(run(&call, &count), SECCOMP_RET_KILL_THREAD);
	}
	/* ioctl's number is lchown there. */
	assert_int_equal(run(&(struct seccomp_data){ .nr = SYS_ioctl,
						     .arch = AUDIT_ARCH_I386,
						     .args = { 0, KVM_RUN } },
			     &count),
			 SECCOMP_RET_KILL_THREAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_ioctls),
		cmocka_unit_test(test_allowed_ioctls),
		cmocka_unit_test(test_cost_of_an_exit),
		cmocka_unit_test(test_other_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
