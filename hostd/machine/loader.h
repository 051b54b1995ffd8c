/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the boot loader reports about the boot medium. */
#pragma once

#include "base/text.h"

struct loader {
	/* GPT partitions that the boot loader and the UKI came from, usually the same. Empty if the
	 * firmware loaded from something else (CD, MBR, network), or is a BIOS. */
	struct text_list partition_uuids;
	/* Id of this build's ISO, in libblkid's form: mvirt.iso= on the kernel's command line; or
	 * NULL. */
	char *iso_uuid;
};

/*
 * Reads LoaderDevicePartUUID and StubDevicePartUUID (https://systemd.io/BOOT_LOADER_INTERFACE).
 * root is "" or a folder in tests; iso_uuid may be NULL. Returns 0 or -ENOMEM.
 */
int loader_read(const char *root, const char *iso_uuid, struct loader *ret_loader);
void loader_done(struct loader *loader);

/* Compares without case. */
bool loader_has_partition(const struct loader *loader, const char *uuid);
