// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU's command line, in the order: process, accelerator, machine, boot, control, devices.
#include "guest-argv.h"

#include <stdarg.h>
#include <string.h>

/* Ports of q35's AHCI and units of pc's two IDE channels. */
#define Q35_SATA_DISKS 6
#define PC_SATA_DISKS 4

/* A text_list that remembers its first failure, so that the options below read as a list. */
struct arguments {
	struct text_list list;
	int error;
};

static void arguments_done(struct arguments *arguments)
{
	text_list_done(&arguments->list);
}

static void add(struct arguments *arguments, const char *text)
{
	if (arguments->error == 0)
		arguments->error = text_list_add(&arguments->list, text);
}

__attribute__((format(printf, 3, 4))) static void
add_option(struct arguments *arguments, const char *option, const char *format, ...)
{
	char *value = NULL;
	va_list values;

	add(arguments, option);
	if (arguments->error < 0)
		return;
	va_start(values, format);
	if (vasprintf(&value, format, values) < 0)
		value = NULL;
	va_end(values);
	arguments->error = text_list_add_consume(&arguments->list, value);
}

/* In QEMU's option lists a comma is written twice. Returns a new string or NULL. */
static char *escape_commas(const char *text)
{
	char *escaped = malloc(strlen(text) * 2 + 1), *out = escaped;

	if (!escaped)
		return NULL;
	for (; *text; text++) {
		if (*text == ',')
			*out++ = ',';
		*out++ = *text;
	}
	*out = '\0';
	return escaped;
}

static bool is_microvm(const struct guest_config *config)
{
	return config->machine == GUEST_MACHINE_MICROVM;
}

/* virtio devices sit on MMIO in a microvm, which has no PCI, and on PCI elsewhere. */
static const char *virtio_transport(const struct guest_config *config)
{
	return is_microvm(config) ? "device" : "pci";
}

static void add_process(struct arguments *arguments, const struct guest_config *config)
{
	add(arguments, GUEST_QEMU_PATH);
	add_option(arguments, "-name", "guest=%s,process=guest-%s", config->name, config->name);
	add(arguments, "-no-user-config");
	add(arguments, "-nodefaults");
	add_option(arguments, "-display", "none");
	add_option(arguments, "-msg", "timestamp=off");
	add_option(arguments, "-sandbox",
		   "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	add_option(arguments, "-L", "%s", GUEST_FIRMWARE_PATH);
}

/* Makes an fd that we passed openable as /dev/fdset/NUMBER. */
static void add_fd(struct arguments *arguments, int fd)
{
	add_option(arguments, "-add-fd", "fd=%d,set=%d", fd, fd);
}

static void add_accelerator(struct arguments *arguments, const struct guest_argv_input *input)
{
	const char *cpu = input->config->cpu ? input->config->cpu : "host";

	if (input->kvm) {
		add_fd(arguments, GUEST_FD_KVM);
		add_option(arguments, "-accel", "kvm,device=/dev/fdset/%d", GUEST_FD_KVM);
	} else {
		add_option(arguments, "-accel", "tcg");
		if (strcmp(cpu, "host") == 0)
			cpu = "max"; /* the host's processor is KVM's to give */
	}
	add_option(arguments, "-cpu", "%s", cpu);
}

/*
 * microvm: ACPI is what makes power-off and the power button work, and the clock saves guests
 * without kvmclock from 1970. pc and q35: VMware's backdoor port has no user here. Where firmware
 * boots a disk, nothing is drawn, so it and the boot loader talk on the serial port.
 */
static void add_machine(struct arguments *arguments, const struct guest_config *config)
{
	const char *machine = NULL;

	switch (config->machine) {
	case GUEST_MACHINE_Q35:
		machine = "q35,vmport=off";
		break;
	case GUEST_MACHINE_PC:
		machine = "pc,vmport=off";
		break;
	case GUEST_MACHINE_MICROVM:
		machine = "microvm,acpi=on,rtc=on";
		break;
	}
	add_option(arguments, "-machine", "%s,dump-guest-core=off%s", machine,
		   config->kernel ? "" : ",graphics=off");
	add_option(arguments, "-smp", "cpus=%u", config->cpus);
	add_option(arguments, "-m", "size=%lluB", (unsigned long long)config->memory_bytes);
	/* A panic ends QEMU with status 1, so that it counts as a failure; a reset goes on. */
	add_option(arguments, "-action", "reboot=reset,shutdown=poweroff,panic=exit-failure");
}

static void add_boot(struct arguments *arguments, const struct guest_config *config)
{
	if (!config->kernel)
		return;
	add_option(arguments, "-kernel", "%s", GUEST_KERNEL_PATH);
	if (config->initrd)
		add_option(arguments, "-initrd", "%s", GUEST_INITRD_PATH);
	if (config->cmdline)
		add_option(arguments, "-append", "%s", config->cmdline);
}

/* QEMU listens and never waits: hostd may come, go and come again. */
static void add_control(struct arguments *arguments)
{
	add_option(arguments, "-chardev", "socket,id=qmp,fd=%d,server=on,wait=off", GUEST_FD_QMP);
	add_option(arguments, "-mon", "chardev=qmp,mode=control");
	add_option(arguments, "-chardev", "socket,id=serial,fd=%d,server=on,wait=off",
		   GUEST_FD_SERIAL);
	add_option(arguments, "-serial", "chardev:serial");
}

static void add_common_devices(struct arguments *arguments, const struct guest_config *config)
{
	add_option(arguments, "-device", "virtio-rng-%s", virtio_transport(config));
	if (!is_microvm(config))
		add_option(arguments, "-device", "pvpanic");
	for (size_t i = 0; i < config->disk_count; i++)
		if (config->disks[i].bus == DISK_BUS_SCSI) {
			add_option(arguments, "-device", "virtio-scsi-%s,id=scsi",
				   virtio_transport(config));
			break;
		}
}

/*
 * Two nodes: the file, which is locked as long as the guest has it, and its format. aio=threads,
 * not io_uring: what goes through a ring is not seen by the seccomp filter that -sandbox sets, and
 * it needs no kernel feature. Guests' flushes reach the disk in every case.
 */
static void add_disk_nodes(struct arguments *arguments, const struct disk_config *disk,
			   const struct guest_argv_disk *resolved, size_t index)
{
	const char *readonly = disk->readonly ? "on" : "off";
	const char *direct = resolved->direct ? "on" : "off";
	const char *format = "raw";

	switch (disk->format) {
	case DISK_FORMAT_RAW:
		format = "raw";
		break;
	case DISK_FORMAT_QCOW2:
		format = "qcow2";
		break;
	}
	add_fd(arguments, resolved->fd);
	add_option(arguments, "-blockdev",
		   "driver=file,node-name=file%zu,filename=/dev/fdset/%d,locking=on,aio=threads,"
		   "read-only=%s,cache.direct=%s,cache.no-flush=off,discard=unmap",
		   index, resolved->fd, readonly, direct);
	add_option(arguments, "-blockdev",
		   "driver=%s,node-name=disk%zu,file=file%zu,read-only=%s,cache.direct=%s,"
		   "cache.no-flush=off,discard=unmap",
		   format, index, index, readonly, direct);
}

/* Returns a new string, or NULL when out of memory. */
static char *disk_device(const struct guest_config *config, const struct disk_config *disk,
			 size_t index)
{
	switch (disk->bus) {
	case DISK_BUS_VIRTIO:
		return text_format("virtio-blk-%s,drive=disk%zu", virtio_transport(config), index);
	case DISK_BUS_SCSI:
		return text_format("scsi-hd,bus=scsi.0,drive=disk%zu", index);
	case DISK_BUS_SATA: /* no ATA disk is read-only; a CD is, and boots installers */
		return text_format("ide-%s,drive=disk%zu", disk->readonly ? "cd" : "hd", index);
	case DISK_BUS_NVME:
		return text_format("nvme,drive=disk%zu", index);
	}
	return NULL;
}

static void add_disk(struct arguments *arguments, const struct guest_config *config,
		     const struct guest_argv_disk *resolved, size_t index)
{
	const struct disk_config *disk = &config->disks[index];
	_cleanup_free_ char *device = NULL, *serial = NULL, *option = NULL, *boot = NULL;

	add_disk_nodes(arguments, disk, resolved, index);
	device = disk_device(config, disk, index);
	if (disk->serial)
		serial = escape_commas(disk->serial);
	else /* NVMe has to have one */
		serial = text_format("%.13s-disk%zu", config->name, index);
	option = disk->serial || disk->bus == DISK_BUS_NVME
			 ? text_format(",serial=%s", serial ? serial : "")
			 : text_format("%s", "");
	boot = config->kernel ? text_format("%s", "") : text_format(",bootindex=%zu", index + 1);
	if (!device || !serial || !option || !boot) {
		arguments->error = -ENOMEM;
		return;
	}
	add_option(arguments, "-device", "%s%s%s", device, option, boot);
}

static const char *nic_device(const struct guest_config *config, enum nic_model model)
{
	switch (model) {
	case NIC_MODEL_VIRTIO:
		return is_microvm(config) ? "virtio-net-device" : "virtio-net-pci";
	case NIC_MODEL_E1000:
		return "e1000";
	case NIC_MODEL_RTL8139:
		return "rtl8139";
	}
	return NULL;
}

static void add_nic(struct arguments *arguments, const struct guest_config *config,
		    const struct guest_argv_nic *resolved, size_t index)
{
	const struct nic_config *nic = &config->nics[index];
	const uint8_t *mac = resolved->mac;
	char boot[32] = "";

	switch (nic->kind) {
	case NIC_NETWORK_BRIDGE:
		if (nic->model == NIC_MODEL_VIRTIO && resolved->vhost_fd >= 0)
			add_option(arguments, "-netdev", "tap,id=net%zu,fd=%d,vhost=on,vhostfd=%d",
				   index, resolved->tap_fd, resolved->vhost_fd);
		else
			add_option(arguments, "-netdev", "tap,id=net%zu,fd=%d,vhost=off", index,
				   resolved->tap_fd);
		break;
	case NIC_NETWORK_USER:
		add_option(arguments, "-netdev", "user,id=net%zu,hostname=%s,restrict=off", index,
			   config->name);
		break;
	}
	/* A guest with its own kernel needs no network boot ROM; others try it after the disks. */
	if (config->kernel && !is_microvm(config))
		(void)snprintf(boot, sizeof(boot), ",romfile=");
	else if (!config->kernel)
		(void)snprintf(boot, sizeof(boot), ",bootindex=%zu",
			       config->disk_count + index + 1);
	add_option(arguments, "-device", "%s,netdev=net%zu,mac=%02x:%02x:%02x:%02x:%02x:%02x%s",
		   nic_device(config, nic->model), index, mac[0], mac[1], mac[2], mac[3], mac[4],
		   mac[5], boot);
}

/* What the machine types cannot do. Returns NULL when all is well, or a line that says what. */
static const char *unsupported(const struct guest_config *config)
{
	size_t sata = 0;

	for (size_t i = 0; i < config->disk_count; i++) {
		if (config->disks[i].bus == DISK_BUS_SATA)
			sata++;
		if (is_microvm(config) && config->disks[i].bus == DISK_BUS_SATA)
			return "machine microvm has no sata disks; use bus virtio or scsi";
		if (is_microvm(config) && config->disks[i].bus == DISK_BUS_NVME)
			return "machine microvm has no nvme disks; use bus virtio or scsi";
	}
	for (size_t i = 0; i < config->nic_count; i++)
		if (is_microvm(config) && config->nics[i].model != NIC_MODEL_VIRTIO)
			return "machine microvm has virtio NICs only";
	if (config->machine == GUEST_MACHINE_Q35 && sata > Q35_SATA_DISKS)
		return "machine q35 has 6 sata disks at most";
	if (config->machine == GUEST_MACHINE_PC && sata > PC_SATA_DISKS)
		return "machine pc has 4 sata disks at most";
	return NULL;
}

int guest_argv_build(const struct guest_argv_input *input, struct text_list *ret_argv,
		     char **ret_why)
{
	const struct guest_config *config = input->config;
	const char *why = unsupported(config);
	_cleanup_(arguments_done) struct arguments arguments = {};

	if (why) {
		char *line = strdup(why);

		if (!line)
			return -ENOMEM;
		*ret_why = line;
		return -EOPNOTSUPP;
	}
	add_process(&arguments, config);
	add_accelerator(&arguments, input);
	add_machine(&arguments, config);
	add_boot(&arguments, config);
	add_control(&arguments);
	add_common_devices(&arguments, config);
	for (size_t i = 0; i < config->disk_count; i++)
		add_disk(&arguments, config, &input->disks[i], i);
	for (size_t i = 0; i < config->nic_count; i++)
		add_nic(&arguments, config, &input->nics[i], i);
	if (arguments.error < 0)
		return arguments.error;
	*ret_argv = arguments.list;
	arguments.list = (struct text_list){};
	return 0;
}

void guest_argv_mac(const struct guest_config *config, size_t nic_index, const uint8_t host_id[16],
		    uint8_t ret_mac[static 6])
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a, 64 bits */

	if (config->nics[nic_index].has_mac) {
		memcpy(ret_mac, config->nics[nic_index].mac, 6);
		return;
	}
	for (size_t i = 0; i < 16; i++)
		hash = (hash ^ host_id[i]) * 0x100000001b3;
	for (const char *c = config->name; *c; c++)
		hash = (hash ^ (uint8_t)*c) * 0x100000001b3;
	hash = (hash ^ (uint8_t)nic_index) * 0x100000001b3;
	hash ^= hash >> 32; /* the low bits alone mix least */
	ret_mac[0] = 0x52;
	ret_mac[1] = 0x54;
	ret_mac[2] = 0x00;
	ret_mac[3] = (uint8_t)(hash >> 16);
	ret_mac[4] = (uint8_t)(hash >> 8);
	ret_mac[5] = (uint8_t)hash;
}
