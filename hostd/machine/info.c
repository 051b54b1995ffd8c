// SPDX-License-Identifier: GPL-2.0-or-later
// /proc, sysfs and DMI -> struct machine_info.
#include "info.h"

#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/meminfo.h"
#include "base/text.h"

#define ID_FILE "host-id"
#define MAC_TEXT_LENGTH 17

static char *read_below(const char *root, const char *path, size_t limit)
{
	_cleanup_free_ char *whole = text_format("%s%s", root, path);
	char *text = NULL;

	if (!whole || file_read(AT_FDCWD, whole, limit, &text, NULL) < 0)
		return NULL;
	return text;
}

/* cpuinfo has some KiB a processor and the model comes first, so its beginning is enough. */
static void read_cpu_model(const char *root, struct machine_info *info)
{
	_cleanup_free_ char *path = text_format("%s/proc/cpuinfo", root);
	_cleanup_file_ FILE *file = path ? fopen(path, "re") : NULL;
	char line[512];

	while (file && fgets(line, sizeof(line), file)) {
		const char *colon = strchr(line, ':');

		if (strncmp(line, "model name", strlen("model name")) != 0 || !colon)
			continue;
		colon += 1 + strspn(colon + 1, " ");
		(void)snprintf(info->cpu_model, sizeof(info->cpu_model), "%.*s",
			       (int)strcspn(colon, "\n"), colon);
		return;
	}
}

uint64_t machine_uptime_usec(void)
{
	return clock_usec(CLOCK_BOOTTIME);
}

bool machine_uuid_is_usable(const char *uuid)
{
	/* Placeholders that firmware ships with, seen on many boards. */
	static const char *const placeholders[] = {
		"03000200-0400-0500-0006-000700080009", "00020003-0004-0005-0006-000700080009",
		"12345678-1234-5678-90ab-cddeefaabbcc", "01234567-8901-2345-6789-012345678901",
		"01020304-0506-0708-090a-0b0c0d0e0f10", "fefefefe-fefe-fefe-fefe-fefefefefefe",
	};
	bool differs = false;

	if (strlen(uuid) != 36)
		return false;
	for (size_t i = 0; uuid[i]; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? uuid[i] != '-' : !isxdigit((unsigned char)uuid[i]))
			return false;
		if (!dash && uuid[i] != uuid[0])
			differs = true;
	}
	for (size_t i = 0; i < ELEMENTS(placeholders); i++)
		if (strcasecmp(uuid, placeholders[i]) == 0)
			return false;
	return differs;
}

/* FNV-1a, 128 bit. Not secret, only spread: MACs are made from it. */
static void hash_text(const char *text, uint8_t ret_id[static MACHINE_ID_BYTES])
{
	const unsigned __int128 prime = (unsigned __int128)1 << 88 | 0x13b;
	unsigned __int128 hash =
		(unsigned __int128)0x6c62272e07bb0142ULL << 64 | 0x62b821756295c58dULL;

	for (; *text; text++) {
		hash ^= (unsigned char)tolower((unsigned char)*text);
		hash *= prime;
	}
	for (size_t i = 0; i < MACHINE_ID_BYTES; i++)
		ret_id[i] = (uint8_t)(hash >> (120 - 8 * i));
}

static char *read_nic_attribute(const char *folder, const char *nic, const char *name)
{
	_cleanup_free_ char *path = text_format("%s/%s/%s", folder, nic, name);
	char *text = NULL;

	return path && file_read_line(AT_FDCWD, path, &text) == 0 ? text : NULL;
}

/* Whether the NIC is built-in hardware: neither a bridge nor on USB. */
static bool is_built_in(const char *folder, const char *nic)
{
	_cleanup_free_ char *path = text_format("%s/%s/device", folder, nic);
	_cleanup_free_ char *device = path ? realpath(path, NULL) : NULL;

	return device && !strstr(device, "/usb");
}

/* The lowest MAC that came with the hardware; new string or NULL. */
static char *find_lowest_mac(const char *root)
{
	_cleanup_free_ char *folder = text_format("%s/sys/class/net", root), *lowest = NULL;
	_cleanup_dir_ DIR *dir = folder ? opendir(folder) : NULL;

	for (struct dirent *entry = NULL; dir && (entry = readdir(dir));) {
		_cleanup_free_ char *type = NULL, *mac = NULL;

		if (entry->d_name[0] == '.' || !is_built_in(folder, entry->d_name))
			continue;
		type = read_nic_attribute(folder, entry->d_name, "addr_assign_type");
		mac = read_nic_attribute(folder, entry->d_name, "address");
		/* Type 0: permanent. The others are random at every boot. */
		if (!type || strcmp(type, "0") != 0 || !mac || strlen(mac) != MAC_TEXT_LENGTH ||
		    strcmp(mac, "00:00:00:00:00:00") == 0)
			continue;
		if (lowest && strcasecmp(mac, lowest) >= 0)
			continue;
		free(lowest);
		lowest = take_ptr(mac);
	}
	return take_ptr(lowest);
}

static void make_id(const char *root, uint8_t ret_id[static MACHINE_ID_BYTES])
{
	_cleanup_free_ char *uuid = NULL, *mac = NULL, *source = NULL;

	uuid = read_below(root, "/sys/class/dmi/id/product_uuid", 128);
	if (uuid)
		uuid[strcspn(uuid, "\n")] = '\0';
	if (uuid && machine_uuid_is_usable(uuid))
		source = text_format("uuid %s", uuid);
	else if ((mac = find_lowest_mac(root)))
		source = text_format("mac %s", mac);
	if (source)
		hash_text(source, ret_id);
	else if (getrandom(ret_id, MACHINE_ID_BYTES, 0) != MACHINE_ID_BYTES)
		hash_text("mvirt", ret_id);
}

static bool read_id(int run_fd, uint8_t ret_id[static MACHINE_ID_BYTES])
{
	_cleanup_free_ char *text = NULL;
	uint8_t id[MACHINE_ID_BYTES];

	if (file_read_line(run_fd, ID_FILE, &text) < 0 || strlen(text) != sizeof(id) * 2)
		return false;
	for (size_t i = 0; i < sizeof(id); i++)
		if (!isxdigit((unsigned char)text[2 * i]) ||
		    sscanf(text + 2 * i, "%2hhx", &id[i]) != 1)
			return false;
	memcpy(ret_id, id, sizeof(id));
	return true;
}

static void read_or_make_id(const char *root, const char *run_folder,
			    uint8_t ret_id[static MACHINE_ID_BYTES])
{
	_cleanup_fd_ int run_fd = -EBADF;
	char text[MACHINE_ID_BYTES * 2 + 2];

	if (mkdir(run_folder, 0755) == 0 || errno == EEXIST)
		run_fd = open(run_folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (run_fd >= 0 && read_id(run_fd, ret_id))
		return;
	make_id(root, ret_id);
	for (size_t i = 0; i < MACHINE_ID_BYTES; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", ret_id[i]);
	text[sizeof(text) - 2] = '\n';
	if (run_fd >= 0)
		(void)file_replace(run_fd, ID_FILE, text, sizeof(text) - 1, 0644);
}

void machine_host_id(uint8_t ret_id[static MACHINE_ID_BYTES])
{
	read_or_make_id("", MACHINE_ID_FOLDER, ret_id);
}

static const char *find_firmware(const char *root)
{
	_cleanup_free_ char *path = text_format("%s/sys/firmware/efi", root);

	return path && access(path, F_OK) == 0 ? "uefi" : "bios";
}

void machine_info_read(const char *root, const char *run_folder, struct machine_info *ret_info)
{
	_cleanup_free_ char *meminfo_path = text_format("%s%s", root, MEMINFO_PATH);
	struct meminfo memory = {};
	struct utsname names = {};
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	*ret_info = (struct machine_info){};
	read_cpu_model(root, ret_info);
	if (uname(&names) == 0)
		(void)snprintf(ret_info->kernel_release, sizeof(ret_info->kernel_release), "%s",
			       names.release);
	ret_info->firmware = find_firmware(root);
	ret_info->cpus = cpus > 0 ? (unsigned int)cpus : 1;
	if (meminfo_path && meminfo_read(meminfo_path, &memory) >= 0)
		ret_info->memory_total_bytes = memory.total_bytes;
	read_or_make_id(root, run_folder, ret_info->host_id);
}
