// SPDX-License-Identifier: GPL-2.0-or-later
// efivarfs, the TPM's class folder and /proc/stat.
#include "firmware.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

#define EFI_GLOBAL "8be4df61-93ca-11d2-aa0d-00e098032b8c"
/* Four bytes of attributes, then the value (UEFI 2.10, section 3.3). */
#define VARIABLE_VALUE 4

/* A variable of one byte; -1 if it does not exist. */
static int read_variable(const char *root, const char *name)
{
	_cleanup_free_ char *path =
		text_format("%s/sys/firmware/efi/efivars/%s-" EFI_GLOBAL, root, name);
	_cleanup_free_ char *value = NULL;
	size_t length = 0;

	if (!path || file_read(AT_FDCWD, path, 64, &value, &length) < 0 || length <= VARIABLE_VALUE)
		return -1;
	return (unsigned char)value[VARIABLE_VALUE];
}

const char *machine_secure_boot(const char *root)
{
	_cleanup_free_ char *efi = text_format("%s/sys/firmware/efi", root);

	if (!efi || access(efi, F_OK) < 0)
		return "none";
	if (read_variable(root, "SetupMode") == 1)
		return "setup";
	return read_variable(root, "SecureBoot") == 1 ? "on" : "off";
}

const char *machine_tpm(const char *root)
{
	_cleanup_free_ char *folder = text_format("%s/sys/class/tpm/tpm0", root), *version = NULL;
	_cleanup_fd_ int fd = folder ? open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -EBADF;

	if (fd < 0)
		return NULL;
	if (file_read_line(fd, "tpm_version_major", &version) == 0 && text_equal(version, "1"))
		return "1.2";
	return "2.0";
}

/* proc(5): user nice system idle iowait irq softirq steal, in ticks; steal does not count. */
int machine_cpu_busy(const char *root, uint64_t *ret_usec)
{
	_cleanup_free_ char *path = text_format("%s/proc/stat", root);
	_cleanup_file_ FILE *file = path ? fopen(path, "re") : NULL;
	uint64_t user = 0, nice = 0, system = 0, irq = 0, softirq = 0;
	long ticks = sysconf(_SC_CLK_TCK);

	if (!file)
		return -errno;
	if (fscanf(file, "cpu %" SCNu64 " %" SCNu64 " %" SCNu64 " %*u %*u %" SCNu64 " %" SCNu64,
		   &user, &nice, &system, &irq, &softirq) != 5 ||
	    ticks <= 0)
		return -EBADMSG;
	*ret_usec = (user + nice + system + irq + softirq) * 1000000 / (uint64_t)ticks;
	return 0;
}
