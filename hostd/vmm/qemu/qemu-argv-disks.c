// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest has to read and write: firmware, disks, CD-ROM drives, the cloud-init seed. Every
// block node says its format, and none may open a file that we did not pass.
#include <string.h>

#include "vmm/qemu/qemu-argv-internal.h"

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

/*
 * OVMF's code is the same for all, its variables are the guest's own. Debian's OVMF_CODE_4M.fd is
 * built without secure boot, so its flash needs no SMM to guard it.
 */
void qemu_argv_add_firmware(struct arguments *arguments, const struct qemu_argv_device *device)
{
	int fd = device->numbers[0];

	qemu_argv_option(arguments, "-blockdev",
			 "driver=raw,node-name=firmware,read-only=on,file.driver=file,"
			 "file.filename=" QEMU_FIRMWARE_PATH "/OVMF_CODE.fd");
	qemu_argv_add_fd(arguments, fd, fd);
	qemu_argv_option(arguments, "-blockdev",
			 "driver=raw,node-name=variables,read-only=off,file.driver=file,"
			 "file.filename=/dev/fdset/%d,file.locking=on,file.aio=threads",
			 fd);
}

/*
 * "backing": null keeps QEMU from opening what the image names; the short form of the option cannot
 * say it.
 */
static void add_format_node(struct arguments *arguments, const struct vmm_device *resolved,
			    bool is_readonly, size_t index)
{
	const char *readonly = is_readonly ? "on" : "off";
	const char *direct = resolved->direct ? "on" : "off";

	switch (resolved->format) {
	case DISK_FORMAT_RAW:
		qemu_argv_option(arguments, "-blockdev",
				 "driver=raw,node-name=disk%zu,file=file%zu,read-only=%s,"
				 "cache.direct=%s,cache.no-flush=off,discard=unmap",
				 index, index, readonly, direct);
		return;
	case DISK_FORMAT_QCOW2:
		qemu_argv_option(arguments, "-blockdev",
				 "{\"driver\":\"qcow2\",\"node-name\":\"disk%zu\","
				 "\"file\":\"file%zu\",\"backing\":null,\"read-only\":%s,"
				 "\"cache\":{\"direct\":%s,\"no-flush\":false},"
				 "\"discard\":\"unmap\"}",
				 index, index, is_readonly ? "true" : "false",
				 resolved->direct ? "true" : "false");
		return;
	case DISK_FORMAT_AUTO:
		break;
	}
	if (arguments->error == 0)
		arguments->error = -EINVAL;
}

/*
 * Two nodes: the file, which is locked as long as the guest has it, and its format. aio=threads,
 * not io_uring: what goes through a ring is not seen by the seccomp filter that -sandbox sets, and
 * it needs no kernel feature. Guests' flushes reach the disk in every case.
 */
static void add_disk_nodes(struct arguments *arguments, const struct qemu_argv_device *device)
{
	const struct vmm_device *resolved = device->device;
	const struct disk_config *disk = &arguments->config->disks[resolved->index];
	int fd = device->numbers[0];

	qemu_argv_add_fd(arguments, fd, fd);
	qemu_argv_option(
		arguments, "-blockdev",
		"driver=%s,node-name=file%zu,filename=/dev/fdset/%d,locking=on,aio=threads,"
		"read-only=%s,cache.direct=%s,cache.no-flush=off,discard=unmap",
		disk->device ? "host_device" : "file", resolved->index, fd,
		disk->readonly ? "on" : "off", resolved->direct ? "on" : "off");
	add_format_node(arguments, resolved, disk->readonly, resolved->index);
}

/* q35's AHCI has one device on each port, pc's two IDE channels have two. New string. */
static char *sata_device(const struct guest_config *config, const char *model, size_t port)
{
	if (config->machine == GUEST_MACHINE_PC)
		return text_format("%s,bus=ide.%zu,unit=%zu", model, port / 2, port % 2);
	return text_format("%s,bus=ide.%zu", model, port);
}

/* Returns a new string, or NULL when out of memory. */
static char *disk_device(const struct guest_config *config, const struct disk_config *disk,
			 size_t port)
{
	switch (disk->bus) {
	case DISK_BUS_VIRTIO:
		return text_format("virtio-blk-%s", virtio_transport(config));
	case DISK_BUS_SCSI:
		return strdup("scsi-hd,bus=scsi.0");
	case DISK_BUS_SATA:
		return sata_device(config, "ide-hd", port);
	case DISK_BUS_NVME:
		return strdup("nvme");
	}
	return NULL;
}

/* ",serial=…", or nothing. Returns a new string, or NULL when out of memory. */
static char *serial_option(const struct guest_config *config, size_t index)
{
	const struct disk_config *disk = &config->disks[index];
	_cleanup_free_ char *serial = NULL;

	if (disk->serial) {
		serial = escape_commas(disk->serial);
		return serial ? text_format(",serial=%s", serial) : NULL;
	}
	if (disk->bus == DISK_BUS_NVME) /* has to have one */
		return text_format(",serial=%.13s-disk%zu", config->name, index);
	return strdup("");
}

static void add_device(struct arguments *arguments, const char *device, const char *options,
		       unsigned int boot_index)
{
	if (!device || !options) {
		arguments->error = -ENOMEM;
		return;
	}
	if (boot_index)
		qemu_argv_option(arguments, "-device", "%s%s,bootindex=%u", device, options,
				 boot_index);
	else
		qemu_argv_option(arguments, "-device", "%s%s", device, options);
}

static void add_disk(struct arguments *arguments, const struct qemu_argv_device *device)
{
	const struct guest_config *config = arguments->config;
	size_t index = device->device->index;
	const struct disk_config *disk = &config->disks[index];
	_cleanup_free_ char *model = disk_device(config, disk, arguments->ports);
	_cleanup_free_ char *serial = serial_option(config, index), *options = NULL;

	arguments->ports += disk->bus == DISK_BUS_SATA;
	add_disk_nodes(arguments, device);
	options = serial ? text_format(",drive=disk%zu%s", index, serial) : NULL;
	add_device(arguments, model, options, qemu_argv_boot_index(config, GUEST_BOOT_DISK, index));
}

/* One node with the file in it, so that blockdev-del takes both. */
static char *medium_node(const char *name, int set)
{
	return text_format("{\"driver\":\"raw\",\"node-name\":\"%s\",\"read-only\":true,"
			   "\"file\":{\"driver\":\"file\",\"filename\":\"/dev/fdset/%d\","
			   "\"read-only\":true,\"locking\":\"on\",\"aio\":\"threads\"}}",
			   name, set);
}

char *qemu_argv_medium(size_t cdrom_index)
{
	_cleanup_free_ char *name = text_format("medium%zu", cdrom_index);

	return name ? medium_node(name, QEMU_FDSET_MEDIUM + (int)cdrom_index) : NULL;
}

static void add_node(struct arguments *arguments, const char *node)
{
	if (node)
		qemu_argv_option(arguments, "-blockdev", "%s", node);
	else
		arguments->error = -ENOMEM;
}

static void add_cdrom(struct arguments *arguments, const struct qemu_argv_device *device)
{
	const struct guest_config *config = arguments->config;
	size_t index = device->device->index;
	int fd = device->numbers[0];
	_cleanup_free_ char *model = sata_device(config, "ide-cd", arguments->ports++);
	_cleanup_free_ char *options = NULL, *node = NULL;

	if (fd >= 0) {
		node = qemu_argv_medium(index);
		qemu_argv_add_fd(arguments, fd, QEMU_FDSET_MEDIUM + (int)index);
		add_node(arguments, node);
		options = text_format(",id=cd%zu,drive=medium%zu", index, index);
	} else
		options = text_format(",id=cd%zu", index);
	add_device(arguments, model, options,
		   qemu_argv_boot_index(config, GUEST_BOOT_CDROM, index));
}

/* cloud-init finds it by its label, wherever it is. */
static void add_seed(struct arguments *arguments, const struct qemu_argv_device *device)
{
	const struct guest_config *config = arguments->config;
	int fd = device->numbers[0];
	_cleanup_free_ char *model = is_microvm(config)
					     ? strdup("virtio-blk-device")
					     : sata_device(config, "ide-cd", arguments->ports++);
	_cleanup_free_ char *node = medium_node("seed", fd);

	qemu_argv_add_fd(arguments, fd, fd);
	add_node(arguments, node);
	add_device(arguments, model, ",drive=seed", 0);
}

static bool needs_scsi(const struct guest_config *config)
{
	for (size_t i = 0; i < config->disk_count; i++)
		if (config->disks[i].bus == DISK_BUS_SCSI)
			return true;
	return false;
}

void qemu_argv_add_disks(struct arguments *arguments)
{
	if (needs_scsi(arguments->config))
		qemu_argv_option(arguments, "-device", "virtio-scsi-pci,id=scsi");
	qemu_argv_each(arguments, VMM_DEVICE_DISK, add_disk);
	qemu_argv_each(arguments, VMM_DEVICE_CDROM, add_cdrom);
	qemu_argv_each(arguments, VMM_DEVICE_SEED, add_seed);
}
