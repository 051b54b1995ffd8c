// SPDX-License-Identifier: GPL-2.0-or-later
// Disks' contents out of image files, by way of the real child; and disks that do not answer.
// link: -Wl,--wrap=memfd_create,--wrap=confine_clone,--wrap=pidfd_open,--wrap=sd_event_add_io
// link: -Wl,--wrap=sd_event_add_time_relative,--wrap=open,--wrap=ioctl
#include "fake-tree.h"

#include <linux/cdrom.h>
#include <time.h>

#include "machine/device/disk-content.h"
#include "machine/loader.h"
#include "storage/disk/gpt.h"

static struct tree tree;
static sd_event *event;
static struct disk_content content;
static const struct loader *loader; /* that start() is told */
static int answers;

static struct {
	bool memfd_create, clone, pidfd_open, add_io, add_time;
	int drive_status; /* of the fake /dev/sr0 */
	int drive_flags; /* that it was opened with */
} fake;

int __real_memfd_create(const char *name, unsigned int flags);
int __wrap_memfd_create(const char *name, unsigned int flags);
int __real_confine_clone(uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd);
int __wrap_confine_clone(uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd);
int __real_pidfd_open(pid_t pid, unsigned int flags);
int __wrap_pidfd_open(pid_t pid, unsigned int flags);
int __real_sd_event_add_io(sd_event *e, sd_event_source **ret, int fd, uint32_t events,
			   sd_event_io_handler_t callback, void *userdata);
int __wrap_sd_event_add_io(sd_event *e, sd_event_source **ret, int fd, uint32_t events,
			   sd_event_io_handler_t callback, void *userdata);
int __real_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t callback, void *userdata);
int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t callback, void *userdata);
int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

static int refuse(int error)
{
	errno = error;
	return -1;
}

int __wrap_memfd_create(const char *name, unsigned int flags)
{
	return fake.memfd_create ? refuse(EMFILE) : __real_memfd_create(name, flags);
}

int __wrap_confine_clone(uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd)
{
	return fake.clone ? -EAGAIN
			  : __real_confine_clone(namespaces, cgroup_fd, ret_pid, ret_pidfd);
}

int __wrap_pidfd_open(pid_t pid, unsigned int flags)
{
	return fake.pidfd_open ? refuse(ENFILE) : __real_pidfd_open(pid, flags);
}

int __wrap_sd_event_add_io(sd_event *e, sd_event_source **ret, int fd, uint32_t events,
			   sd_event_io_handler_t callback, void *userdata)
{
	if (fake.add_io)
		return -ENOMEM;
	return __real_sd_event_add_io(e, ret, fd, events, callback, userdata);
}

int __wrap_sd_event_add_time_relative(sd_event *e, sd_event_source **ret, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t callback, void *userdata)
{
	if (fake.add_time)
		return -ENOMEM;
	return __real_sd_event_add_time_relative(e, ret, clock, usec, accuracy, callback, userdata);
}

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, "/dev/sr0") == 0) {
		fake.drive_flags = flags;
		return __real_open("/dev/null", O_RDONLY | O_CLOEXEC);
	}
	return __real_open(path, flags, 0600);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument = NULL;

	if (request == CDROM_DRIVE_STATUS)
		return fake.drive_status;
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return __real_ioctl(fd, request, argument);
}

static int setup(void **state)
{
	sd_event_source *timer = NULL;

	(void)state;
	memset(&fake, 0, sizeof(fake));
	memset(&content, 0, sizeof(content));
	answers = 0;
	loader = NULL;
	tree_make(&tree);
	if (sd_event_new(&event) < 0)
		return -1;
	/* The loop opens its timer fd with the first timer and keeps it: have it counted. */
	if (sd_event_add_time_relative(event, &timer, CLOCK_MONOTONIC, 0, 0, NULL, NULL) < 0)
		return -1;
	sd_event_source_disable_unref(timer);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	event = sd_event_unref(event);
	tree_remove(&tree);
	assert_no_child();
	return 0;
}

/* 10 MiB of FAT16: boot sector, two tables, an empty root folder. */
static void make_fat(const char *path, const char label[static 11])
{
	uint8_t image[64 * 512] = {
		0xeb, 0x3c, 0x90, 'M',  'S', 'D', 'O', 'S', '5', '.', '0', 0x00, 0x02, /* 512 */
		0x04, /* sectors a cluster */
		0x01, 0x00, /* reserved */
		0x02, /* tables */
		0x00, 0x02, /* root entries */
		0x00, 0x50, /* sectors */
		0xf8, 0x14, 0x00, /* sectors a table */
		0x20, 0x00, 0x40, 0x00,
	};

	image[0x24] = 0x80;
	image[0x26] = 0x29;
	memcpy(image + 0x2b, label, 11);
	memcpy(image + 0x36, "FAT16   ", 8);
	image[510] = 0x55;
	image[511] = 0xaa;
	memcpy(image + 512, "\xf8\xff\xff\xff", 4);
	memcpy(image + 21 * 512, "\xf8\xff\xff\xff", 4);
	/* The label's entry in the root folder. */
	memcpy(image + 41 * 512, label, 11);
	image[41 * 512 + 11] = 0x08;
	tree_bytes(&tree, path, image, sizeof(image));
	assert_int_equal(truncate(tree_path(&tree, path), 0x5000 * 512), 0);
}

/* The primary volume descriptor at 32 KiB (ECMA-119, 8.4), and its end. */
static void make_iso(const char *path, const char *label)
{
	static uint8_t image[40 * 2048];
	uint8_t *volume = image + 16 * 2048;

	memcpy(volume,
	       "\x01"
	       "CD001\x01",
	       7);
	memset(volume + 40, ' ', 32);
	memcpy(volume + 40, label, strlen(label));
	volume[80] = 40;
	volume[129] = 0x08;
	/* Made and changed at the same time (8.4.26). */
	memcpy(volume + 813, "2026113012345600", 17);
	memcpy(volume + 830, "2026113012345600", 17);
	memcpy(volume + 2048,
	       "\xff"
	       "CD001\x01",
	       7);
	tree_bytes(&tree, path, image, sizeof(image));
}

static void on_done(const struct disk_content *found, void *userdata)
{
	assert_ptr_equal(userdata, &content);
	content = *found;
	answers++;
}

static void run_until_answer(void)
{
	for (int i = 0; i < 20 && answers == 0; i++)
		assert_true(sd_event_run(event, 1000000) >= 0);
	assert_int_equal(answers, 1);
}

static void start(const char *path)
{
	struct disk_probe *probe = NULL;

	assert_int_equal(disk_probe_start(event, path, loader, on_done, &content, &probe), 0);
	assert_non_null(probe);
}

static void test_fat(void **state)
{
	int fds = count_fds();

	(void)state;
	make_fat("/disk", "MVIRT      ");
	start(tree_path(&tree, "/disk"));
	run_until_answer();
	assert_string_equal(content.skipped, "");
	assert_string_equal(content.type, "vfat");
	assert_string_equal(content.label, "MVIRT");
	assert_int_equal(content.size_bytes, 0x5000 * 512);
	assert_int_equal(count_fds(), fds);
}

static void test_iso(void **state)
{
	(void)state;
	make_iso("/cd", "MVIRT_ISO");
	start(tree_path(&tree, "/cd"));
	run_until_answer();
	assert_string_equal(content.type, "iso9660");
	assert_string_equal(content.label, "MVIRT_ISO");
}

#define LOADED_FROM "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0"

static void make_gpt(const char *path)
{
	static const uint8_t disk[16] = { 1 };
	static const uint8_t partition[16] = { 0x3c, 0x2d, 0x1e, 0x0f, 0x5a, 0x4b, 0x78, 0x49,
					       0x87, 0x96, 0xa5, 0xb4, 0xc3, 0xd2, 0xe1, 0xf0 };
	static struct gpt gpt;

	assert_int_equal(gpt_build(8 << 20, 512, disk, partition, "esp", &gpt), 0);
	tree_bytes(&tree, path, gpt.head, gpt.head_bytes);
	assert_int_equal(truncate(tree_path(&tree, path), 8 << 20), 0);
}

/* The firmware names a partition; the disk that has it is the one. */
static void test_loaded_from_partition(void **)
{
	char *uuids[] = { (char[]){ "11111111-1111-4111-8111-111111111111" },
			  (char[]){ LOADED_FROM } };
	struct loader named = { .partition_uuids = { uuids, ELEMENTS(uuids) } };

	make_gpt("/disk");
	make_iso("/cd", "MVIRT_ISO");
	start(tree_path(&tree, "/disk"));
	run_until_answer();
	assert_int_equal(content.loaded, DISK_LOADED_NOT);
	loader = &named;
	answers = 0;
	start(tree_path(&tree, "/disk"));
	run_until_answer();
	assert_int_equal(content.loaded, DISK_LOADED_PARTITION);
	named.partition_uuids.count = 1;
	answers = 0;
	start(tree_path(&tree, "/disk"));
	run_until_answer();
	assert_int_equal(content.loaded, DISK_LOADED_NOT);
	/* It was the partition, and not an ISO that is there too. */
	named.iso_uuid = (char[]){ "2026-11-30-12-34-56-00" };
	answers = 0;
	start(tree_path(&tree, "/cd"));
	run_until_answer();
	assert_int_equal(content.loaded, DISK_LOADED_NOT);
}

static void test_loaded_from_iso(void **)
{
	struct loader iso = { .iso_uuid = (char[]){ "2026-11-30-12-34-56-00" } };

	make_iso("/cd", "MVIRT_ISO");
	loader = &iso;
	start(tree_path(&tree, "/cd"));
	run_until_answer();
	assert_string_equal(content.uuid, "2026-11-30-12-34-56-00");
	assert_int_equal(content.loaded, DISK_LOADED_ISO);
	/* Another build's. */
	iso.iso_uuid = (char[]){ "2025-11-30-12-34-56-00" };
	answers = 0;
	start(tree_path(&tree, "/cd"));
	run_until_answer();
	assert_int_equal(content.loaded, DISK_LOADED_NOT);
}

static void test_empty_disk(void **state)
{
	(void)state;
	tree_file(&tree, "/disk", "");
	assert_int_equal(truncate(tree_path(&tree, "/disk"), 1 << 20), 0);
	start(tree_path(&tree, "/disk"));
	run_until_answer();
	assert_string_equal(content.skipped, "");
	assert_string_equal(content.type, "");
	assert_string_equal(content.label, "");
	assert_int_equal(content.size_bytes, 1 << 20);
}

static void test_label_is_printable(void **state)
{
	(void)state;
	make_fat("/disk", "A\x1b"
			  "B\x07       ");
	start(tree_path(&tree, "/disk"));
	run_until_answer();
	assert_string_equal(content.label, "A?B?");
}

static void test_no_such_disk(void **state)
{
	(void)state;
	start(tree_path(&tree, "/none"));
	run_until_answer();
	assert_string_equal(content.skipped, "cannot be opened: No such file or directory");
}

/* The first scan waits by poll() and finishes by hand. */
static void test_without_loop(void **state)
{
	struct disk_probe *probe = NULL;
	int status = 0;

	(void)state;
	make_fat("/disk", "MVIRT      ");
	assert_int_equal(disk_probe_start(event, tree_path(&tree, "/disk"), NULL, on_done, &content,
					  &probe),
			 0);
	for (int i = 0; i < 100 && status == 0; i++) {
		fd_set set;
		struct timeval wait = { .tv_sec = 1 };
		int fd = disk_probe_fd(probe);

		FD_ZERO(&set);
		FD_SET(fd, &set);
		status = select(fd + 1, &set, NULL, NULL, &wait);
	}
	assert_int_equal(status, 1);
	disk_probe_finish(probe);
	assert_int_equal(answers, 1);
	assert_string_equal(content.label, "MVIRT");
}

/* Opening a FIFO that nobody writes to hangs, as a dying disk does. */
static void make_hanging_disk(void)
{
	assert_int_equal(mkfifo(tree_path(&tree, "/hangs"), 0600), 0);
}

static void test_does_not_answer(void **state)
{
	struct timespec begin, end;
	int fds = count_fds();

	(void)state;
	make_hanging_disk();
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	start(tree_path(&tree, "/hangs"));
	run_until_answer();
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	assert_string_equal(content.skipped, "does not answer");
	assert_in_range(end.tv_sec - begin.tv_sec, 4, 7);
	/* The killed child's end is awaited by the loop; it is told of once only. */
	assert_true(sd_event_run(event, 1000000) > 0);
	assert_int_equal(answers, 1);
	assert_int_equal(count_fds(), fds);
}

static void test_cancel(void **state)
{
	struct disk_probe *probe = NULL;
	int fds = count_fds();

	(void)state;
	make_hanging_disk();
	assert_int_equal(disk_probe_start(event, tree_path(&tree, "/hangs"), NULL, on_done,
					  &content, &probe),
			 0);
	disk_probe_cancel(probe);
	for (int i = 0; i < 10 && count_fds() != fds; i++)
		(void)sd_event_run(event, 100000);
	assert_int_equal(count_fds(), fds);
	assert_int_equal(answers, 0);
	disk_probe_cancel(NULL);
}

static void test_every_call_fails(void **state)
{
	bool *const calls[] = { &fake.memfd_create, &fake.clone, &fake.pidfd_open, &fake.add_io,
				&fake.add_time };
	int fds = count_fds();

	(void)state;
	make_fat("/disk", "MVIRT      ");
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct disk_probe *probe = NULL;

		*calls[i] = true;
		assert_true(disk_probe_start(event, tree_path(&tree, "/disk"), NULL, on_done,
					     &content, &probe) < 0);
		*calls[i] = false;
		assert_null(probe);
		assert_int_equal(count_fds(), fds);
		assert_no_child();
	}
	assert_int_equal(answers, 0);
}

static void test_optical_drive(void **state)
{
	int fd = -1;

	(void)state;
	fake.drive_status = CDS_NO_DISC;
	assert_int_equal(disk_content_open("/dev/sr0", &content), -ENOMEDIUM);
	assert_string_equal(content.skipped, "no medium");
	assert_true(fake.drive_flags & O_NONBLOCK);
	fake.drive_status = CDS_TRAY_OPEN;
	assert_int_equal(disk_content_open("/dev/sr0", &content), -ENOMEDIUM);
	fake.drive_status = CDS_DISC_OK;
	fd = disk_content_open("/dev/sr0", &content);
	assert_true(fd >= 0);
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_fat, setup, teardown),
		cmocka_unit_test_setup_teardown(test_iso, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loaded_from_partition, setup, teardown),
		cmocka_unit_test_setup_teardown(test_loaded_from_iso, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_label_is_printable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_such_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_loop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_does_not_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_call_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_optical_drive, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
