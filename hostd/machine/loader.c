// SPDX-License-Identifier: GPL-2.0-or-later
// The EFI variables of the Boot Loader Interface.
#include "loader.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"

#define LOADER_VENDOR "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
/* Four bytes of attributes, then the value (UEFI 2.10, section 3.3). */
#define VARIABLE_VALUE 4
#define VARIABLE_BYTES_MAX 256
#define UUID_LENGTH 36

/* A UUID's text from UTF-16, with or without a final NUL. Returns whether it is one. */
static bool decode_uuid(const char *value, size_t length, char uuid[static UUID_LENGTH + 1])
{
	if (length != 2 * UUID_LENGTH && length != 2 * (UUID_LENGTH + 1))
		return false;
	for (size_t i = 0; i < UUID_LENGTH; i++) {
		char c = value[2 * i];

		if (value[2 * i + 1] != '\0' || !c || !strchr("0123456789abcdefABCDEF-", c))
			return false;
		uuid[i] = c;
	}
	uuid[UUID_LENGTH] = '\0';
	return true;
}

static int add_variable(const char *root, const char *name, struct text_list *uuids)
{
	_cleanup_free_ char *path =
		text_format("%s/sys/firmware/efi/efivars/%s-" LOADER_VENDOR, root, name);
	_cleanup_free_ char *value = NULL;
	char uuid[UUID_LENGTH + 1];
	size_t length = 0;

	if (!path)
		return -ENOMEM;
	if (file_read(AT_FDCWD, path, VARIABLE_BYTES_MAX, &value, &length) < 0 ||
	    length <= VARIABLE_VALUE ||
	    !decode_uuid(value + VARIABLE_VALUE, length - VARIABLE_VALUE, uuid))
		return 0;
	return text_list_add(uuids, uuid);
}

int loader_read(const char *root, const char *iso_uuid, struct loader *ret_loader)
{
	struct loader loader = {};
	int r = add_variable(root, "LoaderDevicePartUUID", &loader.partition_uuids);

	if (r >= 0)
		r = add_variable(root, "StubDevicePartUUID", &loader.partition_uuids);
	if (r >= 0 && iso_uuid) {
		loader.iso_uuid = strdup(iso_uuid);
		r = loader.iso_uuid ? 0 : -ENOMEM;
	}
	if (r < 0) {
		loader_done(&loader);
		return r;
	}
	*ret_loader = loader;
	return 0;
}

void loader_done(struct loader *loader)
{
	text_list_done(&loader->partition_uuids);
	free(loader->iso_uuid);
	*loader = (struct loader){};
}

bool loader_has_partition(const struct loader *loader, const char *uuid)
{
	for (size_t i = 0; i < loader->partition_uuids.count; i++)
		if (strcasecmp(loader->partition_uuids.items[i], uuid) == 0)
			return true;
	return false;
}
