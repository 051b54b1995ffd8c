// SPDX-License-Identifier: GPL-2.0-or-later
// Facts about a NIC that sysfs has and netlink has not.
#include "net-nic.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

/* "0000:00:03.0": domain (4 or more digits), bus, slot, function. */
static bool is_pci_address(const char *text, size_t length)
{
	static const char shape[] = "xx:xx.x";
	size_t domain = 0;

	while (domain < length && isxdigit((unsigned char)text[domain]))
		domain++;
	if (domain < 4 || length != domain + 1 + strlen(shape) || text[domain] != ':')
		return false;
	for (size_t i = 0; i < strlen(shape); i++) {
		char c = text[domain + 1 + i];

		if (shape[i] == 'x' ? !isxdigit((unsigned char)c) : c != shape[i])
			return false;
	}
	return true;
}

/* The last PCI function on the path to the device: the NIC itself, or its bus's controller. */
static void find_pci_path(const char *device, char *path, size_t path_size)
{
	for (const char *part = device; *part;) {
		size_t length = strcspn(part, "/");

		if (length < path_size && is_pci_address(part, length)) {
			memcpy(path, part, length);
			path[length] = '\0';
		}
		part += length;
		part += strspn(part, "/");
	}
}

static bool exists(const char *sysfs, const char *name, const char *attribute)
{
	_cleanup_free_ char *path = text_format("%s/class/net/%s/%s", sysfs, name, attribute);

	return path && access(path, F_OK) == 0;
}

void net_nic_probe(const char *sysfs, struct net_nic *nic)
{
	_cleanup_free_ char *link = NULL, *device = NULL;

	nic->wired = exists(sysfs, nic->name, "device") && !exists(sysfs, nic->name, "wireless") &&
		     !exists(sysfs, nic->name, "phy80211");
	nic->pci_path[0] = '\0';
	link = text_format("%s/class/net/%s/device", sysfs, nic->name);
	device = link ? realpath(link, NULL) : NULL;
	if (device)
		find_pci_path(device, nic->pci_path, sizeof(nic->pci_path));
}

unsigned int net_nic_speed_mbps(const char *sysfs, const char *name)
{
	_cleanup_free_ char *path = text_format("%s/class/net/%s/speed", sysfs, name), *line = NULL;
	long speed = 0;

	if (!path || file_read_line(AT_FDCWD, path, &line) < 0)
		return 0;
	speed = strtol(line, NULL, 10);
	/* Drivers report -1, 65535 or 2^32 - 1 for "unknown". */
	return speed > 0 && speed < INT_MAX && speed != 65535 ? (unsigned int)speed : 0;
}
