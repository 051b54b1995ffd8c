// SPDX-License-Identifier: GPL-2.0-or-later
// Formats a disk step by step, in a child. Writes nothing before all checks have passed.
#include <blkid/blkid.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "disk-format-internal.h"
#include "gpt.h"
#include "storage/volume/data-volume.h"

#define AMBIVALENT (-2)
#define RETRY_MS 50
/* For ext4 and its journal. */
#define DISK_BYTES_MIN (64ULL * 1024 * 1024)
/* Where signatures are: in front of the partition and at its beginning, and the same at its end. */
#define WIPE_BYTES (2ULL * GPT_ALIGNMENT_BYTES)
#define SECTOR_UNIT 512

struct format {
	const struct disk_format_paths *paths;
	const struct disk_format_target *target;
	struct disk_child_answer *answer;
	const char *name; /* "sdb" */
	int fd; /* owned; of the disk, held alone */
	uint64_t size_bytes;
	uint32_t sector_bytes;
	struct gpt gpt;
	char *partition; /* "sdb1" */
	char *partition_node;
};

/* Sets the error message. Returns false, for the steps to return. */
static bool fail(struct format *format, int error, const char *what)
{
	disk_child_fail(format->answer, error, "%s: %s", what, strerror(-error));
	return false;
}

static bool refuse(struct format *format, int error, const char *why)
{
	disk_child_fail(format->answer, error, "%s", why);
	return false;
}

static void wait_ms(unsigned int ms)
{
	const struct timespec time = { ms / 1000, (long)(ms % 1000) * 1000000 };

	(void)nanosleep(&time, NULL);
}

/* --- checks --- */

/* Erasing a partition would succeed, and only then would the kernel refuse to look for partitions
 * in it. */
static bool check_whole(struct format *format)
{
	_cleanup_free_ char *path =
		text_format("%s/%s/partition", format->paths->use->sysfs, format->name);

	if (!path)
		return fail(format, -ENOMEM, "the disk cannot be looked at");
	if (access(path, F_OK) == 0)
		return refuse(format, -EINVAL, "it is a partition, not a whole disk");
	return errno == ENOENT ? true : fail(format, -errno, "the disk cannot be looked at");
}

static bool check_use(struct format *format)
{
	_cleanup_free_ char *why = NULL;
	int r = disk_use_check(format->paths->use, format->name, &why);

	if (r == -EBUSY && why)
		return refuse(format, r, why);
	return r < 0 ? fail(format, r, "the disk cannot be looked at") : true;
}

static bool open_disk(struct format *format)
{
	const int flags = O_RDWR | O_EXCL | O_CLOEXEC | O_NOCTTY;
	int sector_bytes = 0;
	struct stat status = {};

	format->fd = open(format->target->node, flags);
	if (format->fd < 0 && errno == EBUSY)
		return refuse(format, -EBUSY, "it is in use (a guest may have it)");
	if (format->fd < 0)
		return fail(format, -errno, "it cannot be opened");
	if (fstat(format->fd, &status) < 0)
		return fail(format, -errno, "it cannot be looked at");
	if (!S_ISBLK(status.st_mode))
		return refuse(format, -ENOTBLK, "it is not a disk");
	if (ioctl(format->fd, BLKGETSIZE64, &format->size_bytes) < 0 ||
	    ioctl(format->fd, BLKSSZGET, &sector_bytes) < 0)
		return fail(format, -errno, "its size cannot be read");
	format->sector_bytes = (uint32_t)sector_bytes;
	return true;
}

/* The name may belong to another disk by now. */
static bool check_size(struct format *format)
{
	const uint64_t expected = format->target->size_bytes;

	if (expected > 0 && expected != format->size_bytes)
		return refuse(format, -ESTALE, "it is no longer the same disk");
	if (format->size_bytes < DISK_BYTES_MIN)
		return refuse(format, -ENOSPC, "it is smaller than 64 MiB");
	return true;
}

static void probe_done(blkid_probe *probe)
{
	blkid_free_probe(*probe);
}

static const char *value(blkid_probe probe, const char *name)
{
	const char *text = NULL;

	return blkid_probe_lookup_value(probe, name, &text, NULL) == 0 ? text : NULL;
}

/* A maker's label may contain control characters. */
static bool refuse_content(struct format *format, blkid_probe probe)
{
	const char *table = value(probe, "PTTYPE"), *type = value(probe, "TYPE");
	const char *label = value(probe, "LABEL");

	if (type)
		disk_child_fail(format->answer, -EEXIST, "it is not empty: it holds %s%s%s%s", type,
				label ? " \"" : "", label ?: "", label ? "\"" : "");
	else
		disk_child_fail(format->answer, -EEXIST,
				"it is not empty: it has a partition table (%s)", table ?: "?");
	for (unsigned char *c = (unsigned char *)format->answer->why; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			*c = '?';
	return false;
}

static bool check_partitions(struct format *format)
{
	_cleanup_(text_list_done) struct text_list partitions = {};
	int r = disk_use_partitions(format->paths->use, format->name, &partitions);

	if (r < 0)
		return fail(format, r, "its partitions cannot be listed");
	if (partitions.count == 0)
		return true;
	disk_child_fail(format->answer, -EEXIST, "it is not empty: it has %zu partition%s",
			partitions.count, partitions.count == 1 ? "" : "s");
	return false;
}

static bool check_empty(struct format *format)
{
	_cleanup_(probe_done) blkid_probe probe = NULL;
	int r = 0;

	if (format->target->erase)
		return true;
	probe = blkid_new_probe();
	if (!probe || blkid_probe_set_device(probe, format->fd, 0, 0) < 0)
		return fail(format, errno ? -errno : -ENOMEM, "it cannot be read");
	if (blkid_probe_enable_superblocks(probe, 1) < 0 ||
	    blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_LABEL | BLKID_SUBLKS_TYPE) < 0 ||
	    blkid_probe_enable_partitions(probe, 1) < 0)
		return fail(format, -ENOMEM, "it cannot be probed");
	errno = 0;
	r = blkid_do_safeprobe(probe);
	if (r == AMBIVALENT)
		return refuse(format, -EEXIST,
			      "it is not empty: it has signatures of several kinds");
	if (r < 0)
		return fail(format, errno ? -errno : -EIO, "it cannot be read");
	if (r == 0)
		return refuse_content(format, probe);
	return check_partitions(format);
}

static bool make_table(struct format *format)
{
	uint8_t guids[2][16];
	int r = 0;

	if (getrandom(guids, sizeof(guids), 0) != (ssize_t)sizeof(guids))
		return fail(format, -EIO, "no random numbers");
	gpt_make_guid(guids[0]);
	gpt_make_guid(guids[1]);
	r = gpt_build(format->size_bytes, format->sector_bytes, guids[0], guids[1],
		      DATA_VOLUME_LABEL, &format->gpt);
	return r < 0 ? fail(format, r, "no partition table fits on it") : true;
}

/* --- writing --- */

static int write_at(int fd, const void *data, size_t length, uint64_t offset)
{
	if (lseek(fd, (off_t)offset, SEEK_SET) < 0)
		return -errno;
	return file_write_all(fd, data, length);
}

static int zero_at(int fd, uint64_t offset, uint64_t length)
{
	static const uint8_t zeros[256 * 1024];
	int r = 0;

	for (uint64_t done = 0; r >= 0 && done < length; done += sizeof(zeros)) {
		uint64_t left = length - done;

		r = write_at(fd, zeros, left < sizeof(zeros) ? (size_t)left : sizeof(zeros),
			     offset + done);
	}
	return r;
}

/* Signatures of all kinds: partition tables, file systems, and MD members, which are at the end. */
static bool wipe(struct format *format)
{
	const uint64_t end = format->size_bytes / format->sector_bytes * format->sector_bytes;
	int r = zero_at(format->fd, 0, WIPE_BYTES);

	if (r >= 0)
		r = zero_at(format->fd, end - WIPE_BYTES, WIPE_BYTES);
	if (r >= 0 && fsync(format->fd) < 0)
		r = -errno;
	return r < 0 ? fail(format, r, "it cannot be erased") : true;
}

/* The backup first: then a primary table that exists is complete. */
static bool write_table(struct format *format)
{
	const struct gpt *gpt = &format->gpt;
	int r = write_at(format->fd, gpt->tail, gpt->tail_bytes, gpt->tail_offset);

	if (r >= 0 && fsync(format->fd) < 0)
		r = -errno;
	if (r >= 0)
		r = write_at(format->fd, gpt->head, gpt->head_bytes, 0);
	if (r >= 0 && fsync(format->fd) < 0)
		r = -errno;
	return r < 0 ? fail(format, r, "the partition table cannot be written") : true;
}

/* Busy while another process has one of the old partitions open. */
static bool read_table_again(struct format *format)
{
	for (unsigned int ms = 0; ioctl(format->fd, BLKRRPART, 0) < 0; ms += RETRY_MS) {
		if (errno != EBUSY || ms >= format->paths->node_ms)
			return fail(format, -errno,
				    "the kernel does not read the new partition table");
		wait_ms(RETRY_MS);
	}
	return true;
}

/* An attribute of the partition, in units of 512 bytes for all sector sizes. */
static bool has_value(const struct format *format, const char *partition, const char *attribute,
		      uint64_t bytes)
{
	_cleanup_free_ char *path = text_format("%s/%s/%s/%s", format->paths->use->sysfs,
						format->name, partition, attribute);
	_cleanup_free_ char *text = NULL;
	unsigned long long number = 0;

	return path && file_read_line(AT_FDCWD, path, &text) >= 0 &&
	       sscanf(text, "%llu", &number) == 1 && number == bytes / SECTOR_UNIT;
}

static bool find_partition(struct format *format)
{
	_cleanup_(text_list_done) struct text_list partitions = {};

	if (disk_use_partitions(format->paths->use, format->name, &partitions) < 0 ||
	    partitions.count != 1 ||
	    !has_value(format, partitions.items[0], "start", format->gpt.partition_offset) ||
	    !has_value(format, partitions.items[0], "size", format->gpt.partition_bytes))
		return false;
	free(format->partition);
	free(format->partition_node);
	format->partition = strdup(partitions.items[0]);
	format->partition_node = text_format("%s/%s", format->paths->dev, partitions.items[0]);
	return format->partition && format->partition_node &&
	       access(format->partition_node, F_OK) == 0;
}

static bool wait_for_partition(struct format *format)
{
	for (unsigned int ms = 0; !find_partition(format); ms += RETRY_MS) {
		if (ms >= format->paths->node_ms)
			return refuse(format, -ENODEV, "the new partition does not appear");
		wait_ms(RETRY_MS);
	}
	/* mke2fs opens it exclusively, which our open disk prevents. */
	format->fd = fd_close(format->fd);
	return true;
}

/* Few large files; the kernel clears the tables later, and mke2fs discards by itself. */
static bool make_file_system(struct format *format)
{
	const char *const argv[] = { format->paths->mke2fs,
				     "-q",
				     "-t",
				     "ext4",
				     "-L",
				     DATA_VOLUME_LABEL,
				     "-U",
				     format->target->uuid ?: "random",
				     "-m",
				     "1",
				     "-i",
				     "65536",
				     "-E",
				     "lazy_itable_init=1,lazy_journal_init=1",
				     format->partition_node,
				     NULL };
	char line[256] = "";
	int status = disk_child_execute(argv, line, sizeof(line));

	if (status == 0)
		return true;
	if (status < 0)
		return fail(format, status, "mke2fs cannot be run");
	disk_child_fail(format->answer, -EIO, "mke2fs failed (status %d): %s", status, line);
	return false;
}

static bool sync_partition(struct format *format)
{
	_cleanup_fd_ int fd = open(format->partition_node, O_RDWR | O_CLOEXEC | O_NOCTTY);

	return fd < 0 || fsync(fd) < 0 ? fail(format, -errno, "it cannot be synced") : true;
}

/* hostd probed the partition when it appeared, still empty: make it probe again (the kernel's
 * Documentation/ABI/testing/sysfs-uevent). */
static bool announce(struct format *format)
{
	_cleanup_free_ char *path =
		text_format("%s/%s/uevent", format->paths->use->sysfs, format->partition);
	int r = path ? file_write(AT_FDCWD, path, "change") : -ENOMEM;

	return r < 0 ? fail(format, r, "formatted, but hostd cannot be notified: reboot") : true;
}

static bool (*const steps[])(struct format *format) = {
	check_whole,      check_use,      open_disk,   check_size,       check_empty,
	make_table,       wipe,           write_table, read_table_again, wait_for_partition,
	make_file_system, sync_partition, announce,
};

void disk_format_in_child(const void *data, struct disk_child_answer *answer)
{
	const struct disk_format_order *order = data;
	const char *slash = strrchr(order->target->node, '/');
	struct format format = {
		.paths = order->paths,
		.target = order->target,
		.answer = answer,
		.name = slash ? slash + 1 : order->target->node,
		.fd = -EBADF,
	};

	for (size_t i = 0; i < ELEMENTS(steps); i++)
		if (!steps[i](&format))
			break;
	(void)fd_close(format.fd);
	free(format.partition);
	free(format.partition_node);
}
