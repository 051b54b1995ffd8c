// SPDX-License-Identifier: GPL-2.0-or-later
// What every part of QEMU's command line is made with.
#include <stdarg.h>

#include "vmm/qemu/qemu-argv-internal.h"

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

void qemu_argv_each(struct arguments *arguments, enum vmm_device_kind kind, qemu_argv_adder_t add)
{
	for (size_t i = 0; i < arguments->machine->device_count; i++)
		if (arguments->devices[i].device->kind == kind)
			add(arguments, &arguments->devices[i]);
}
