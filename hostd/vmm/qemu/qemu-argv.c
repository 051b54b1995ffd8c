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

void qemu_argv_add(struct arguments *arguments, const char *text)
{
	if (arguments->error == 0)
		arguments->error = text_list_add(&arguments->list, text);
}

void qemu_argv_option(struct arguments *arguments, const char *option, const char *format, ...)
{
	char *value = NULL;
	va_list values;

	qemu_argv_add(arguments, option);
	if (arguments->error < 0)
		return;
	va_start(values, format);
	if (vasprintf(&value, format, values) < 0)
		value = NULL;
	va_end(values);
	arguments->error = text_list_add_consume(&arguments->list, value);
}

void qemu_argv_add_fd(struct arguments *arguments, int fd, int set)
{
	qemu_argv_option(arguments, "-add-fd", "fd=%d,set=%d", fd, set);
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

static void add_accelerator(struct arguments *arguments)
{
	const char *cpu = arguments->config->cpu ? arguments->config->cpu : "host";

	if (arguments->input->kvm) {
		qemu_argv_add_fd(arguments, QEMU_FD_KVM, QEMU_FD_KVM);
		qemu_argv_option(arguments, "-accel", "kvm,device=/dev/fdset/%d", QEMU_FD_KVM);
	} else {
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

static size_t boot_devices(const struct guest_config *config, enum guest_boot kind)
{
	switch (kind) {
	case GUEST_BOOT_DISK:
		return config->disk_count;
	case GUEST_BOOT_CDROM:
		return config->cdrom_count;
	case GUEST_BOOT_NETWORK:
		return config->nic_count;
	case GUEST_BOOT_COUNT:
		break;
	}
	return 0;
}

unsigned int qemu_argv_boot_index(const struct guest_config *config, enum guest_boot kind,
				  size_t index)
{
	size_t before = 0;

	for (size_t i = 0; !config->kernel && i < config->boot_count; i++) {
		if (config->boot[i] == kind)
			return (unsigned int)(before + index + 1);
		before += boot_devices(config, config->boot[i]);
	}
	return 0;
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

/* What a microvm, which has no PCI, cannot have. */
static const char *unsupported_by_microvm(const struct guest_config *config)
{
	if (config->firmware == GUEST_FIRMWARE_UEFI)
		return "machine microvm has no UEFI firmware";
	if (config->display != GUEST_DISPLAY_NONE)
		return "machine microvm has no display";
	if (config->watchdog != GUEST_WATCHDOG_NONE)
		return "machine microvm has no watchdog";
	if (config->serial_ports > MICROVM_SERIAL_PORTS)
		return "machine microvm has one serial port";
	if (config->cdrom_count > 0)
		return "machine microvm has no CD-ROM drives";
	for (size_t i = 0; i < config->disk_count; i++)
		if (config->disks[i].bus != DISK_BUS_VIRTIO)
			return "machine microvm has virtio disks only";
	for (size_t i = 0; i < config->nic_count; i++)
		if (config->nics[i].model != NIC_MODEL_VIRTIO)
			return "machine microvm has virtio NICs only";
	return NULL;
}

/* What the machine types cannot do. Returns NULL when all is well, or a line that says what. */
static const char *unsupported(const struct guest_config *config)
{
	size_t ports = qemu_argv_sata_ports(config);

	switch (config->machine) {
	case GUEST_MACHINE_Q35:
		return ports <= Q35_SATA_PORTS
			       ? NULL
			       : "machine q35 has 6 ports for sata disks, CD-ROM drives and the "
				 "cloud-init seed";
	case GUEST_MACHINE_PC:
		return ports <= PC_IDE_PORTS
			       ? NULL
			       : "machine pc has 4 ports for sata disks, CD-ROM drives and the "
				 "cloud-init seed";
	case GUEST_MACHINE_MICROVM:
		return unsupported_by_microvm(config);
	}
	return NULL;
}

int qemu_argv_build(const struct qemu_argv_input *input, struct text_list *ret_argv, char **ret_why)
{
	const char *why = unsupported(input->config);
	_cleanup_(arguments_done) struct arguments arguments = { .input = input,
								 .config = input->config };

	if (why) {
		char *line = strdup(why);

		if (!line)
			return -ENOMEM;
		*ret_why = line;
		return -EOPNOTSUPP;
	}
	add_process(&arguments);
	add_accelerator(&arguments);
	add_machine(&arguments);
	add_actions(&arguments);
	qemu_argv_add_firmware(&arguments);
	add_boot(&arguments);
	qemu_argv_add_control(&arguments);
	qemu_argv_add_devices(&arguments);
	qemu_argv_add_display(&arguments);
	qemu_argv_add_disks(&arguments);
	qemu_argv_add_nics(&arguments);
	if (arguments.error < 0)
		return arguments.error;
	*ret_argv = arguments.list;
	arguments.list = (struct text_list){};
	return 0;
}
