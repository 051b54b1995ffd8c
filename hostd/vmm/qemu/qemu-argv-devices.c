// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU's command line: the control sockets, and the devices that are no disks.
#include <stdio.h>

#include "vmm/qemu/qemu-argv-internal.h"

/* QEMU listens and never waits: hostd may come, go and come again. */
void qemu_argv_add_control(struct arguments *arguments, const struct qemu_argv_device *device)
{
	qemu_argv_option(arguments, "-chardev", "socket,id=qmp,fd=%d,server=on,wait=off",
			 device->numbers[0]);
	qemu_argv_option(arguments, "-mon", "chardev=qmp,mode=control");
}

void qemu_argv_add_serial(struct arguments *arguments, const struct qemu_argv_device *device)
{
	size_t port = device->device->index;

	qemu_argv_option(arguments, "-chardev", "socket,id=serial%zu,fd=%d,server=on,wait=off",
			 port, device->numbers[0]);
	qemu_argv_option(arguments, "-serial", "chardev:serial%zu", port);
}

/*
 * Pages that the guest frees go back to the host, but for huge ones, which were set aside for it.
 * When the guest runs out of memory the balloon gives way.
 */
static void add_balloon(struct arguments *arguments)
{
	const struct guest_config *config = arguments->config;

	if (config->balloon)
		qemu_argv_option(arguments, "-device",
				 "virtio-balloon-%s,id=balloon,deflate-on-oom=on%s",
				 virtio_transport(config),
				 config->hugepages ? "" : ",free-page-reporting=on");
}

static void add_vsock(struct arguments *arguments, const struct qemu_argv_device *device)
{
	qemu_argv_option(arguments, "-device", "vhost-vsock-%s,vhostfd=%d,guest-cid=%u",
			 virtio_transport(arguments->config), device->numbers[0],
			 (unsigned int)device->device->cid);
}

void qemu_argv_add_devices(struct arguments *arguments)
{
	const struct guest_config *config = arguments->config;

	if (config->rng) {
		qemu_argv_option(arguments, "-object", "rng-builtin,id=rng");
		qemu_argv_option(arguments, "-device", "virtio-rng-%s,rng=rng",
				 virtio_transport(config));
	}
	add_balloon(arguments);
	qemu_argv_each(arguments, VMM_DEVICE_VSOCK, add_vsock);
	if (config->machine == GUEST_MACHINE_Q35)
		qemu_argv_option(arguments, "-device", "pvpanic-pci");
	if (config->machine == GUEST_MACHINE_PC)
		qemu_argv_option(arguments, "-device", "pvpanic");
	if (config->watchdog != GUEST_WATCHDOG_NONE)
		qemu_argv_option(arguments, "-device", "i6300esb");
}

/* share=ignore: no client can throw the others out. */
void qemu_argv_add_display(struct arguments *arguments)
{
	const struct guest_config *config = arguments->config;

	switch (config->display) {
	case GUEST_DISPLAY_NONE:
		return;
	case GUEST_DISPLAY_VNC:
		break;
	}
	qemu_argv_option(arguments, "-vnc", "none,share=ignore,connections=%d",
			 QEMU_VNC_CLIENTS_MAX);
	switch (config->video) {
	case GUEST_VIDEO_STD:
		qemu_argv_option(arguments, "-device", "VGA,id=video");
		break;
	case GUEST_VIDEO_VIRTIO:
		qemu_argv_option(arguments, "-device", "virtio-vga,id=video");
		break;
	}
	qemu_argv_option(arguments, "-device", "qemu-xhci,id=usb");
	qemu_argv_option(arguments, "-device", "usb-tablet,bus=usb.0");
	qemu_argv_option(arguments, "-device", "usb-kbd,bus=usb.0");
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

static void add_backend(struct arguments *arguments, const struct qemu_argv_device *device)
{
	size_t index = device->device->index;
	int tap = device->numbers[0], vhost = device->numbers[1];

	if (tap < 0)
		qemu_argv_option(arguments, "-netdev", "user,id=net%zu,hostname=%s,restrict=off",
				 index, arguments->config->name);
	else if (vhost < 0)
		qemu_argv_option(arguments, "-netdev", "tap,id=net%zu,fd=%d,vhost=off", index, tap);
	else
		qemu_argv_option(arguments, "-netdev", "tap,id=net%zu,fd=%d,vhost=on,vhostfd=%d",
				 index, tap, vhost);
}

void qemu_argv_add_nic(struct arguments *arguments, const struct qemu_argv_device *device)
{
	const struct guest_config *config = arguments->config;
	size_t index = device->device->index;
	const uint8_t *mac = device->device->mac;
	unsigned int boot_index = qemu_argv_boot_index(config, GUEST_BOOT_NETWORK, index);
	char boot[32] = "";

	add_backend(arguments, device);
	/* What is not booted from needs no boot ROM. */
	if (boot_index)
		(void)snprintf(boot, sizeof(boot), ",bootindex=%u", boot_index);
	else if (!is_microvm(config))
		(void)snprintf(boot, sizeof(boot), ",romfile=");
	qemu_argv_option(arguments, "-device",
			 "%s,netdev=net%zu,mac=%02x:%02x:%02x:%02x:%02x:%02x%s",
			 nic_device(config, config->nics[index].model), index, mac[0], mac[1],
			 mac[2], mac[3], mac[4], mac[5], boot);
}
