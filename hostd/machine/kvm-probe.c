// SPDX-License-Identifier: GPL-2.0-or-later
// Runs a few instructions in a throw-away VM, in a child that is killed when it takes too long.
// They are 64-bit and one is of a kind that KVM cannot emulate, so that what passes here is what a
// guest's kernel will meet, and not KVM's emulator for corner cases.
#include "kvm-probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/text.h"
#include "cpu.h"
#include "process/process.h"

/* One second in all: the try, and then a moment for the killed child to be gone. */
#define TRY_USEC UINT64_C(900000)

/* The guest's memory: the program, then three levels of page tables. */
#define GUEST_BYTES 0x4000
#define GUEST_PML4 0x1000
#define GUEST_PDPT 0x2000
#define GUEST_PD 0x3000
#define GUEST_PORT 0x80
#define GUEST_RESULT 0xda
/* Any place below 4 GiB that the guest does not use; old Intel processors need it. */
#define GUEST_TSS_ADDRESS 0xfffbd000UL
#define RUN_BYTES_MIN 0x2000
#define CPUID_ENTRIES 256 /* the kernel's KVM_MAX_CPUID_ENTRIES */

/* Intel SDM volume 3A: 2.5 control registers, 2.2.1 EFER, 4.5 page tables. */
#define CR0_PE_MP_ET_NE_PG 0x80000033UL
#define CR4_PAE_OSFXSR_OSXMMEXCPT 0x620UL
#define EFER_LME_LMA 0x500UL
#define PTE_PRESENT_WRITABLE 0x3UL
#define PTE_LARGE 0x80UL

/* What the child sends; less than PIPE_BUF, so it comes whole or not at all. */
struct report {
	bool ran;
	struct kvm_status status;
};

struct mapping {
	void *address;
	size_t bytes;
};

static void mapping_done(struct mapping *mapping)
{
	if (mapping->address && mapping->address != MAP_FAILED)
		(void)munmap(mapping->address, mapping->bytes);
}

const char *kvm_state_name(enum kvm_state state)
{
	switch (state) {
	case KVM_OK_SVM:
		return "svm";
	case KVM_OK_VMX:
		return "vmx";
	case KVM_ABSENT:
		return "absent";
	case KVM_FORBIDDEN:
		return "forbidden";
	case KVM_BROKEN:
		return "broken";
	}
	return "broken";
}

static void fail(struct kvm_status *status, enum kvm_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void fail(struct kvm_status *status, enum kvm_state state, const char *format, ...)
{
	va_list arguments;

	status->state = state;
	va_start(arguments, format);
	(void)vsnprintf(status->why, sizeof(status->why), format, arguments);
	va_end(arguments);
}

/* What the user can do about it, in the words of the processor's and the firmware's makers. */
static const char *hint(const struct cpu_features *cpu)
{
	if (cpu->vmx)
		return "; switch on VT-x (Intel Virtualization Technology) in the firmware setup";
	if (cpu->svm)
		return "; switch on SVM Mode in the firmware setup";
	if (cpu->hypervisor)
		return "; this machine is itself virtual: switch on nested virtualization for it";
	return "";
}

static void fail_absent(struct kvm_status *status, const char *device)
{
	struct cpu_features cpu = {};

	cpu_features_read(&cpu);
	if (cpu.vmx || cpu.svm)
		fail(status, KVM_ABSENT,
		     "no %s: the processor has %s, but the kernel could not use it%s", device,
		     cpu.vmx ? "VT-x" : "SVM", hint(&cpu));
	else
		fail(status, KVM_ABSENT, "no %s: the processor has neither VT-x nor SVM%s", device,
		     hint(&cpu));
}

static void fail_broken(struct kvm_status *status, const char *what)
{
	struct cpu_features cpu = {};

	cpu_features_read(&cpu);
	fail(status, KVM_BROKEN, "opens but cannot run an instruction: %s%s", what,
	     cpu.vmx || cpu.svm ? "" : hint(&cpu));
}

static void fail_call(struct kvm_status *status, const char *call, int error)
{
	char what[80];

	(void)snprintf(what, sizeof(what), "%s: %s", call, strerror(error));
	fail_broken(status, what);
}

static void fail_exit(struct kvm_status *status, const struct kvm_run *run)
{
	char what[80];

	switch (run->exit_reason) {
	case KVM_EXIT_INTERNAL_ERROR:
		if (run->internal.suberror == KVM_INTERNAL_ERROR_EMULATION)
			(void)snprintf(what, sizeof(what),
				       "KVM_RUN: instructions are emulated, not run");
		else
			(void)snprintf(what, sizeof(what), "KVM_RUN: internal error %u",
				       run->internal.suberror);
		break;
	case KVM_EXIT_FAIL_ENTRY:
		(void)snprintf(what, sizeof(what),
			       "KVM_RUN: the processor refused to enter the guest (0x%llx)",
			       (unsigned long long)run->fail_entry.hardware_entry_failure_reason);
		break;
	case KVM_EXIT_SHUTDOWN:
		(void)snprintf(what, sizeof(what), "KVM_RUN: the guest shut down");
		break;
	default:
		(void)snprintf(what, sizeof(what), "KVM_RUN: unexpected exit %u", run->exit_reason);
	}
	fail_broken(status, what);
}

/* Writes the guest's program and page tables (2 MiB mapped one to one) and gives it its memory. */
static bool load_guest(int vm_fd, void *memory, struct kvm_status *status)
{
	static const uint8_t program[] = {
		0xb8, GUEST_RESULT / 2,
		0,    0,
		0, /* mov $GUEST_RESULT / 2, %eax */
		0x66, 0x0f,
		0x6e, 0xc0, /* movd %eax, %xmm0 */
		0x66, 0x0f,
		0xfe, 0xc0, /* paddd %xmm0, %xmm0 */
		0x66, 0x0f,
		0x7e, 0xc0, /* movd %xmm0, %eax */
		0xe6, GUEST_PORT, /* out %al, $GUEST_PORT */
		0xf4, /* hlt */
	};
	static const uint64_t pml4 = GUEST_PDPT | PTE_PRESENT_WRITABLE;
	static const uint64_t pdpt = GUEST_PD | PTE_PRESENT_WRITABLE;
	static const uint64_t pd = PTE_LARGE | PTE_PRESENT_WRITABLE;
	struct kvm_userspace_memory_region region = {
		.memory_size = GUEST_BYTES,
		.userspace_addr = (uintptr_t)memory,
	};
	uint8_t *bytes = memory;

	memcpy(bytes, program, sizeof(program));
	memcpy(bytes + GUEST_PML4, &pml4, sizeof(pml4));
	memcpy(bytes + GUEST_PDPT, &pdpt, sizeof(pdpt));
	memcpy(bytes + GUEST_PD, &pd, sizeof(pd));
	if (ioctl(vm_fd, KVM_SET_TSS_ADDR, GUEST_TSS_ADDRESS) < 0) {
		fail_call(status, "KVM_SET_TSS_ADDR", errno);
		return false;
	}
	if (ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region) < 0) {
		fail_call(status, "KVM_SET_USER_MEMORY_REGION", errno);
		return false;
	}
	return true;
}

/* The virtual processor is like the real one: KVM refuses 64-bit mode to one that knows of none. */
static bool set_features(int kvm_fd, int vcpu_fd, struct kvm_status *status)
{
	_cleanup_free_ struct kvm_cpuid2 *features =
		calloc(1, sizeof(*features) + CPUID_ENTRIES * sizeof(features->entries[0]));

	if (!features) {
		fail_call(status, "memory for a guest", ENOMEM);
		return false;
	}
	features->nent = CPUID_ENTRIES;
	if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, features) < 0) {
		fail_call(status, "KVM_GET_SUPPORTED_CPUID", errno);
		return false;
	}
	if (ioctl(vcpu_fd, KVM_SET_CPUID2, features) < 0) {
		fail_call(status, "KVM_SET_CPUID2", errno);
		return false;
	}
	return true;
}

/* 64-bit mode, flat segments, first instruction at 0. */
static bool set_registers(int vcpu_fd, struct kvm_status *status)
{
	static const struct kvm_segment code = {
		.limit = UINT32_MAX, .selector = 8, .type = 11, .present = 1, .s = 1, .l = 1, .g = 1
	};
	static const struct kvm_segment data = { .limit = UINT32_MAX,
						 .selector = 16,
						 .type = 3,
						 .present = 1,
						 .s = 1,
						 .db = 1,
						 .g = 1 };
	struct kvm_sregs special = {};
	struct kvm_regs general = { .rflags = 2 };

	if (ioctl(vcpu_fd, KVM_GET_SREGS, &special) < 0) {
		fail_call(status, "KVM_GET_SREGS", errno);
		return false;
	}
	special.cs = code;
	special.ds = special.es = special.fs = special.gs = special.ss = data;
	special.cr0 = CR0_PE_MP_ET_NE_PG;
	special.cr3 = GUEST_PML4;
	special.cr4 = CR4_PAE_OSFXSR_OSXMMEXCPT;
	special.efer = EFER_LME_LMA;
	if (ioctl(vcpu_fd, KVM_SET_SREGS, &special) < 0) {
		fail_call(status, "KVM_SET_SREGS", errno);
		return false;
	}
	if (ioctl(vcpu_fd, KVM_SET_REGS, &general) < 0) {
		fail_call(status, "KVM_SET_REGS", errno);
		return false;
	}
	return true;
}

/* Runs to the next exit, which must be the one that is expected. */
static bool run_to(int vcpu_fd, const struct kvm_run *run, uint32_t expected,
		   struct kvm_status *status)
{
	int r = 0;

	do
		r = ioctl(vcpu_fd, KVM_RUN, 0);
	while (r < 0 && errno == EINTR);
	if (r < 0) {
		fail_call(status, "KVM_RUN", errno);
		return false;
	}
	if (run->exit_reason != expected) {
		fail_exit(status, run);
		return false;
	}
	return true;
}

static bool run_guest(int vcpu_fd, const struct kvm_run *run, struct kvm_status *status)
{
	const uint8_t *bytes = (const uint8_t *)run;

	if (!set_registers(vcpu_fd, status) || !run_to(vcpu_fd, run, KVM_EXIT_IO, status))
		return false;
	if (run->io.port != GUEST_PORT || run->io.data_offset >= RUN_BYTES_MIN ||
	    bytes[run->io.data_offset] != GUEST_RESULT) {
		fail_broken(status, "KVM_RUN: an instruction gave a wrong result");
		return false;
	}
	return run_to(vcpu_fd, run, KVM_EXIT_HLT, status);
}

/* From the opened device to the guest's last instruction. */
static bool try_vm(int kvm_fd, struct kvm_status *status)
{
	_cleanup_fd_ int vm_fd = -EBADF, vcpu_fd = -EBADF;
	_cleanup_(mapping_done) struct mapping memory = { .bytes = GUEST_BYTES };
	_cleanup_(mapping_done) struct mapping run = {};
	int r = ioctl(kvm_fd, KVM_GET_API_VERSION, 0);

	if (r != KVM_API_VERSION) {
		fail_call(status, "KVM_GET_API_VERSION", r < 0 ? errno : EPROTO);
		return false;
	}
	vm_fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
	if (vm_fd < 0) {
		fail_call(status, "KVM_CREATE_VM", errno);
		return false;
	}
	memory.address = mmap(NULL, memory.bytes, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory.address == MAP_FAILED) {
		fail_call(status, "memory for a guest", errno);
		return false;
	}
	if (!load_guest(vm_fd, memory.address, status))
		return false;
	vcpu_fd = ioctl(vm_fd, KVM_CREATE_VCPU, 0);
	if (vcpu_fd < 0) {
		fail_call(status, "KVM_CREATE_VCPU", errno);
		return false;
	}
	if (!set_features(kvm_fd, vcpu_fd, status))
		return false;
	r = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (r < RUN_BYTES_MIN) {
		fail_call(status, "KVM_GET_VCPU_MMAP_SIZE", r < 0 ? errno : EPROTO);
		return false;
	}
	run.bytes = (size_t)r;
	run.address = mmap(NULL, run.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu_fd, 0);
	if (run.address == MAP_FAILED) {
		fail_call(status, "mapping the virtual processor", errno);
		return false;
	}
	return run_guest(vcpu_fd, run.address, status);
}

static bool try_device(const char *device, struct kvm_status *status)
{
	_cleanup_fd_ int kvm_fd = open(device, O_RDWR | O_CLOEXEC | O_NOCTTY);

	if (kvm_fd >= 0)
		return try_vm(kvm_fd, status);
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO || errno == ENOTDIR)
		fail_absent(status, device);
	else if (errno == EACCES || errno == EPERM)
		fail(status, KVM_FORBIDDEN, "%s may not be opened: %m", device);
	else
		fail_broken(status, strerror(errno));
	return false;
}

static int try_in_child(const void *device, const char **ret_what)
{
	struct report report = {};

	report.ran = try_device(device, &report.status);
	if (write(STDOUT_FILENO, &report, sizeof(report)) == (ssize_t)sizeof(report))
		return 0;
	*ret_what = "reporting";
	return -EIO;
}

/* One that hangs inside the kernel is killed, and left to PID 1. */
static int ask_child(const char *device, struct report *ret_report)
{
	const struct process_spec spec = {
		.name = "kvm-probe",
		.run = try_in_child,
		.data = device,
		.output = PROCESS_KEPT,
		.deadline_usec = TRY_USEC,
	};
	_cleanup_(process_end_done) struct process_end end = {};
	int r = process_run(&spec, &end);

	if (r < 0)
		return r;
	if (end.status == -ETIMEDOUT)
		return end.status;
	if (!end.output || end.output_length != sizeof(*ret_report))
		return -EPIPE;
	memcpy(ret_report, end.output, sizeof(*ret_report));
	ret_report->status.why[sizeof(ret_report->status.why) - 1] = '\0';
	return 0;
}

void kvm_probe(const char *device, struct kvm_status *ret_status)
{
	struct report report = {};
	struct cpu_features cpu = {};
	int r = ask_child(device, &report);

	*ret_status = (struct kvm_status){};
	if (r == -ETIMEDOUT) {
		fail_broken(ret_status, "it hung for a second");
		return;
	}
	if (r == -EPIPE) {
		fail_broken(ret_status, "the try ended without a result");
		return;
	}
	if (r < 0) {
		fail(ret_status, KVM_BROKEN, "cannot be tried: %s", strerror(-r));
		return;
	}
	if (!report.ran) {
		*ret_status = report.status;
		return;
	}
	cpu_features_read(&cpu);
	ret_status->state = cpu.svm ? KVM_OK_SVM : KVM_OK_VMX;
}

bool kvm_shadow_paging(const char *root, enum kvm_state state)
{
	const char *parameter =
		state == KVM_OK_SVM ? "kvm_amd/parameters/npt" : "kvm_intel/parameters/ept";
	_cleanup_free_ char *path = text_format("%s/sys/module/%s", root, parameter), *value = NULL;

	return path && file_read_line(AT_FDCWD, path, &value) >= 0 && text_equal(value, "N");
}
