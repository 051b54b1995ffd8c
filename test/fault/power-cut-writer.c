// SPDX-License-Identifier: GPL-2.0-or-later
// PID 1 of the machine whose power is cut: writes definitions with the host's own code, and marks
// on the second partition what it is about to do and what is done. The block trace has both in
// order.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <unistd.h>

#include "storage/image/qcow2.h"
#include "storage/store/guest-store.h"

#define MARK_BYTES 4096
#define ROUNDS 40
#define DISK_BYTES (UINT64_C(1) << 30)
/* Longer than a block, so that a torn one shows. */
#define PADDING_LINES 120

static int mark_fd = -EBADF;

[[noreturn]] static void end(const char *what, int r)
{
	(void)printf("writer: %s: %s\n", what, r < 0 ? strerror(-r) : "done");
	(void)fflush(stdout);
	sync();
	(void)reboot(RB_POWER_OFF);
	_exit(1);
}

static void must(const char *what, int r)
{
	if (r < 0)
		end(what, r);
}

/* "begin save 7" or "done save 7": straight to the disk, which a cut takes as it takes the rest. */
static void mark(const char *when, const char *what, int version)
{
	static char block[MARK_BYTES] __attribute__((aligned(MARK_BYTES)));

	memset(block, 0, sizeof(block));
	(void)snprintf(block, sizeof(block), "mark %s %s %d\n", when, what, version);
	must("mark", pwrite(mark_fd, block, sizeof(block), 0) == sizeof(block) ? 0 : -EIO);
}

static const char *definition(const char *name, int version)
{
	static char text[16384];
	int length =
		snprintf(text, sizeof(text), "guest \"%s\" {\n\tcmdline = \"%d\"\n", name, version);

	for (int line = 0; line < PADDING_LINES; line++)
		length += snprintf(text + length, sizeof(text) - (size_t)length,
				   "\t# version %d, line %d of %d: as long as it takes\n", version,
				   line, PADDING_LINES);
	(void)snprintf(text + length, sizeof(text) - (size_t)length, "} # end of %d\n", version);
	return text;
}

static int fill_disk(int fd, const void *)
{
	return qcow2_make(fd, DISK_BYTES);
}

static void write_disk(int root_fd, int version)
{
	char path[32];

	(void)snprintf(path, sizeof(path), "disk-%d.qcow2", version);
	mark("begin", "disk", version);
	must("disk", guest_store_make(root_fd, "kept", path, fill_disk, NULL));
	mark("done", "disk", version);
}

/* Each round makes a guest, saves it twice, renames it and deletes it; another one is only saved,
 * and gets a disk. */
static void write_round(int root_fd, int round)
{
	const int version = round * 10;

	mark("begin", "save", version);
	must("save", guest_store_save(root_fd, "kept", definition("kept", version)));
	mark("done", "save", version);
	write_disk(root_fd, version);
	mark("begin", "create", version);
	must("create", guest_store_create(root_fd, "web", definition("web", version)));
	mark("done", "create", version);
	mark("begin", "save-web", version + 1);
	must("save", guest_store_save(root_fd, "web", definition("web", version + 1)));
	mark("done", "save-web", version + 1);
	mark("begin", "rename", version + 2);
	must("rename", guest_store_rename(root_fd, "web", "db", definition("db", version + 2)));
	mark("done", "rename", version + 2);
	mark("begin", "delete", version + 3);
	must("delete", guest_store_delete(root_fd, "db", round % 2 == 0));
	mark("done", "delete", version + 3);
}

int main(void)
{
	int root_fd = -EBADF;

	(void)mkdir("/dev", 0755);
	(void)mount("dev", "/dev", "devtmpfs", 0, NULL);
	(void)mkdir("/proc", 0755);
	(void)mount("proc", "/proc", "proc", 0, NULL);
	(void)mkdir("/data", 0755);
	if (mount("/dev/vda1", "/data", "ext4", MS_NOATIME, NULL) < 0)
		end("mount", -errno);
	mark_fd = open("/dev/vda2", O_WRONLY | O_DIRECT | O_CLOEXEC);
	must("open /dev/vda2", mark_fd < 0 ? -errno : 0);
	root_fd = open("/data", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	must("open /data", root_fd < 0 ? -errno : 0);
	must("create", guest_store_create(root_fd, "kept", definition("kept", 0)));
	mark("done", "save", 0);
	for (int round = 1; round <= ROUNDS; round++)
		write_round(root_fd, round);
	end("all", 0);
}
