// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU's command line, in the order: process, accelerator, machine, boot, control, devices.
#include "qemu-argv.h"

#include <stdarg.h>
#include <string.h>

#include "vmm/qemu/qemu-argv-internal.h"

static void arguments_done(struct arguments *arguments)
{
	text_list_done(&arguments->list);
}

static void add_process(struct arguments *arguments)
{
	const char *name = arguments->config->name;

	qemu_argv_add(arguments, QEMU_PATH);
	qemu_argv_option(arguments, "-name", "guest=%s,process=guest-%s", name, name);
	qemu_argv_add(arguments, "-no-user-config");
	qemu_argv_add(arguments, "-nodefaults");
	qemu_argv_option(arguments, "-display", "none");
	qemu_argv_option(arguments, "-msg", "timestamp=off");
	qemu_argv_option(arguments, "-sandbox",
			 "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	qemu_argv_option(arguments, "-L", "%s", QEMU_FIRMWARE_PATH);
}

static void add_kvm(struct arguments *arguments, const struct qemu_argv_device *device)
{
	qemu_argv_add_fd(arguments, device->numbers[0], device->numbers[0]);
	qemu_argv_option(arguments, "-accel", "kvm,device=/dev/fdset/%d", device->numbers[0]);
}

static void add_accelerator(struct arguments *arguments)
{
	const char *cpu = arguments->config->cpu ? arguments->config->cpu : "host";

	qemu_argv_each(arguments, VMM_DEVICE_ACCELERATOR, add_kvm);
	if (!arguments->machine->kvm) {
		qemu_argv_option(arguments, "-accel", "tcg,tb-size=%d", QEMU_TCG_BUFFER_MIB);
		if (strcmp(cpu, "host") == 0)
			cpu = "max"; /* the host's processor is KVM's to give */
	}
	qemu_argv_option(arguments, "-cpu", "%s", cpu);
}

/* What QEMU does when the guest resets, panics, or leaves its watchdog alone. A power-off ends it.
 */
static void add_actions(struct arguments *arguments)
{
	const struct guest_config *config = arguments->config;
	const char *reset = "reset", *panic = "exit-failure", *watchdog = "none";

	/* Without a wish a reset goes on in the same process. */
	if (config->on_reboot != GUEST_ON_DEFAULT)
		reset = "shutdown";
	/* A panic ends QEMU with status 1, so that it counts as a failure. */
	if (config->on_panic == GUEST_ON_PAUSE)
		panic = "pause";
	switch (config->watchdog) {
	case GUEST_WATCHDOG_NONE:
		break;
	case GUEST_WATCHDOG_RESET:
		watchdog = "reset";
		break;
	case GUEST_WATCHDOG_POWEROFF:
		watchdog = "poweroff";
		break;
	case GUEST_WATCHDOG_PAUSE:
		watchdog = "pause";
		break;
	}
	qemu_argv_option(arguments, "-action", "reboot=%s,shutdown=poweroff,panic=%s,watchdog=%s",
			 reset, panic, watchdog);
}

/*
 * A microvm has 24 slots for virtio devices with a second I/O APIC, and 8 without it; then QEMU
 * needs 0.8 MiB less, and the guest asks 16 empty slots less at its boot.
 */
static bool needs_second_ioapic(const struct guest_config *config)
{
	/* random numbers, balloon, vsock, cloud-init seed */
	return config->disk_count + config->nic_count + 4 > MICROVM_SLOTS;
}

/*
 * microvm: ACPI is what makes power-off and the power button work, and the clock saves guests
 * without kvmclock from 1970. pc and q35: VMware's backdoor port has no user here. Where firmware
 * boots and there is no picture, it and the boot loader talk on the serial port.
 */
static void add_machine(struct arguments *arguments)
{
	const struct guest_config *config = arguments->config;
	const char *machine = NULL;
	bool is_blind = !config->kernel && config->display == GUEST_DISPLAY_NONE;
	unsigned long long bytes = config->memory_bytes;

	switch (config->machine) {
	case GUEST_MACHINE_Q35:
		machine = "q35,vmport=off";
		break;
	case GUEST_MACHINE_PC:
		machine = "pc,vmport=off";
		break;
	case GUEST_MACHINE_MICROVM:
		machine = needs_second_ioapic(config) ? "microvm,acpi=on,rtc=on"
						      : "microvm,acpi=on,rtc=on,ioapic2=off";
		break;
	}
	/* All of it at the start: what is missing is told now, and not by a SIGBUS later. */
	if (config->hugepages)
		qemu_argv_option(arguments, "-object",
				 "memory-backend-memfd,id=memory,size=%lluB,hugetlb=on,share=off,"
				 "prealloc=on",
				 bytes);
	qemu_argv_option(arguments, "-machine", "%s,dump-guest-core=off%s%s%s", machine,
			 is_blind ? ",graphics=off" : "",
			 config->firmware == GUEST_FIRMWARE_UEFI
				 ? ",pflash0=firmware,pflash1=variables"
				 : "",
			 config->hugepages ? ",memory-backend=memory" : "");
	qemu_argv_option(arguments, "-smp", "cpus=%u", config->cpus);
	qemu_argv_option(arguments, "-m", "size=%lluB", bytes);
}

/* strict: what the order does not name is not booted. */
static void add_boot(struct arguments *arguments)
{
	const struct guest_config *config = arguments->config;

	if (!config->kernel) {
		if (config->boot_count > 0)
			qemu_argv_option(arguments, "-boot", "strict=on");
		return;
	}
	qemu_argv_option(arguments, "-kernel", "%s", QEMU_KERNEL_PATH);
	if (config->initrd)
		qemu_argv_option(arguments, "-initrd", "%s", QEMU_INITRD_PATH);
	if (config->cmdline)
		qemu_argv_option(arguments, "-append", "%s", config->cmdline);
}

int qemu_argv_build(const struct vmm_machine *machine, const struct qemu_argv_device *devices,
		    struct text_list *ret_argv)
{
	_cleanup_(arguments_done) struct arguments arguments = { .machine = machine,
								 .config = machine->config,
								 .devices = devices };

	add_process(&arguments);
	add_accelerator(&arguments);
	add_machine(&arguments);
	add_actions(&arguments);
	qemu_argv_each(&arguments, VMM_DEVICE_VARIABLES, qemu_argv_add_firmware);
	add_boot(&arguments);
	qemu_argv_each(&arguments, VMM_DEVICE_CONTROL, qemu_argv_add_control);
	qemu_argv_each(&arguments, VMM_DEVICE_SERIAL, qemu_argv_add_serial);
	qemu_argv_add_devices(&arguments);
	qemu_argv_add_display(&arguments);
	qemu_argv_add_disks(&arguments);
	qemu_argv_each(&arguments, VMM_DEVICE_NIC, qemu_argv_add_nic);
	if (arguments.error < 0)
		return arguments.error;
	*ret_argv = arguments.list;
	arguments.list = (struct text_list){};
	return 0;
}
