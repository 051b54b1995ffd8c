// SPDX-License-Identifier: GPL-2.0-or-later
// The enumerations' names, as in the file.
#include <string.h>

#include "config-parse.h"

const char *const config_machine_names[] = { "q35", "pc", "microvm", NULL };
const char *const config_firmware_names[] = { "bios", "uefi", NULL };
const char *const config_accel_names[] = { "kvm", "tcg", "any", NULL };
const char *const config_restart_names[] = { "never", "on-failure", "always", NULL };
const char *const config_watchdog_names[] = { "none", "reset", "poweroff", "pause", NULL };
const char *const config_display_names[] = { "none", "vnc", NULL };
const char *const config_video_names[] = { "std", "virtio", NULL };
const char *const config_boot_names[] = { "disk", "cdrom", "network", NULL };
const char *const config_bus_names[] = { "virtio", "scsi", "sata", "nvme", NULL };
const char *const config_model_names[] = { "virtio", "e1000", "rtl8139", NULL };
/* In the order of their bits. */
const char *const config_may_names[] = { "dhcp-server", "router", NULL };
const char *const config_address_mode_names[] = { "dhcp", "static", "none", NULL };
const char *const config_network_mode_names[] = { "bridge", "isolated", "nat", NULL };
const char *const config_scale_names[] = { "none", "integer", "fit", NULL };
/* Their first names are for people: the file leaves the key out. */
const char *const config_on_names[] = { "default", "restart", "stop", "pause", "host", NULL };
const char *const config_format_names[] = { "auto", "raw", "qcow2", NULL };

#define NAME_OF(function, type, names)                    \
	const char *function(type value)                  \
	{                                                 \
		if ((size_t)value >= ELEMENTS(names) - 1) \
			return NULL;                      \
		return names[value];                      \
	}
NAME_OF(guest_machine_name, enum guest_machine, config_machine_names)
NAME_OF(guest_firmware_name, enum guest_firmware, config_firmware_names)
NAME_OF(guest_on_name, enum guest_on, config_on_names)
NAME_OF(guest_watchdog_name, enum guest_watchdog, config_watchdog_names)
NAME_OF(disk_format_name, enum disk_format, config_format_names)

int config_name_index(const char *const *names, const char *text)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(names[i], text) == 0)
			return i;
	return -1;
}
