/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PCI devices without a driver, of kinds that a host can use. */
#pragma once

#include <stddef.h>

struct pci_device {
	char *path; /* "0000:00:04.0" */
	char id[10]; /* "10ec:8029" */
	char *name; /* "Realtek network controller" */
};

/*
 * Storage, network and USB controllers without a driver, by path. root is "" on the host, a folder
 * in tests. The caller frees them with pci_devices_free(). Returns 0 or -errno; none is NULL and 0.
 */
int pci_find_driverless(const char *root, struct pci_device **ret_devices, size_t *ret_count);
void pci_devices_free(struct pci_device *devices, size_t count);
