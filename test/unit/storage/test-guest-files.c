// SPDX-License-Identifier: GPL-2.0-or-later
// Files that were copied by hand: a mode that only root may read is no obstacle, or is said. And
// who needs the data volume, while it is there, is not, or is being checked.
// link: -Wl,--wrap=fchmod,--wrap=data_volume_is_undecided,--wrap=pwrite
#include "fake-tree.h"

#include "base/cleanup.h"
#include "storage/store/guest-files.h"

static struct tree tree;
static struct guest_files files;
static const struct guest_files_owner owner = { .name = "web" };
static int chmod_error;

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
	if (chmod_error == 0)
		return __real_fchmod(fd, mode);
	errno = chmod_error;
	return -1;
}

static bool undecided;
static int pwrite_error; /* a full volume */

ssize_t __real_pwrite(int fd, const void *data, size_t length, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t length, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t length, off_t at)
{
	if (pwrite_error == 0)
		return __real_pwrite(fd, data, length, at);
	errno = pwrite_error;
	return -1;
}

bool __wrap_data_volume_is_undecided(const struct data_volume *volume);
bool __wrap_data_volume_is_undecided(const struct data_volume *)
{
	return undecided;
}

static int setup(void **)
{
	tree_make(&tree);
	undecided = false;
	pwrite_error = 0;
	chmod_error = 0;
	tree_file(&tree, "/guests/web/vmlinuz", "kernel");
	tree_file(&tree, "/guests/web/disk.raw", "a disk");
	tree_file(&tree, "/images/vmlinuz", "kernel");
	files = (struct guest_files){ .memory_fd = -EBADF };
	files.data_fd = open(tree.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_return_code(files.data_fd, errno);
	return 0;
}

static int teardown(void **)
{
	(void)fd_close(files.data_fd);
	tree_remove(&tree);
	return 0;
}

static void set_mode(const char *path, mode_t mode)
{
	assert_return_code(chmod(tree_path(&tree, path), mode), errno);
}

static mode_t mode_of(const char *path)
{
	struct stat status;

	assert_return_code(stat(tree_path(&tree, path), &status), errno);
	return status.st_mode & 07777;
}

static int open_boot(const char *path, char **ret_why)
{
	int fd = -EBADF, r = guest_files_open_boot(&files, &owner, path, &fd, ret_why);

	assert_true((r >= 0) == (fd >= 0));
	fd_close(fd);
	return r;
}

static void test_own(void **)
{
	_cleanup_free_ char *why = NULL;

	set_mode("/guests/web/vmlinuz", 0600);
	assert_int_equal(open_boot("vmlinuz", &why), 0);
	assert_int_equal(mode_of("/guests/web/vmlinuz"), 0644);
	/* no other mode is touched, and none twice */
	set_mode("/guests/web/vmlinuz", 0605);
	assert_int_equal(open_boot("vmlinuz", &why), 0);
	assert_int_equal(mode_of("/guests/web/vmlinuz"), 0605);
	assert_null(why);
	assert_int_equal(open_boot("none", &why), -ENOENT);
}

static void test_cannot_be_changed(void **)
{
	_cleanup_free_ char *why = NULL;

	set_mode("/guests/web/vmlinuz", 0600);
	chmod_error = EROFS;
	assert_int_equal(open_boot("vmlinuz", &why), -EROFS);
	assert_string_equal(
		why,
		"mode 600: the guest's own user has to be able to read it, and the mode cannot be "
		"changed: Read-only file system");
}

static void test_shared(void **)
{
	_cleanup_free_ char *why = NULL;

	assert_int_equal(open_boot("data:images/vmlinuz", &why), 0);
	set_mode("/images/vmlinuz", 0600);
	assert_int_equal(open_boot("data:images/vmlinuz", &why), -EACCES);
	assert_string_equal(
		why, "mode 600: the guest's own user has to be able to read it: run `chmod a+r "
		     "/data/images/vmlinuz`");
	assert_int_equal(mode_of("/images/vmlinuz"), 0600);
}

/* QEMU gets it open, so its mode does not matter. */
static void test_disk(void **)
{
	static char path[] = "disk.raw";
	const struct disk_config disk = { .file = path, .format = DISK_FORMAT_RAW };
	enum disk_format format = DISK_FORMAT_AUTO;
	_cleanup_free_ char *why = NULL;
	int fd = -EBADF;

	assert_return_code(truncate(tree_path(&tree, "/guests/web/disk.raw"), 1024 * 1024), errno);
	set_mode("/guests/web/disk.raw", 0600);
	assert_int_equal(guest_files_open_disk(&files, &owner, &disk, &fd, &format, &why), 0);
	assert_int_equal(mode_of("/guests/web/disk.raw"), 0600);
	fd_close(fd);
}

/* What was not made whole is not there, and is made at the next start. */
static void test_disk_is_made(void **)
{
	static char path[] = "new.qcow2", of_stick[] = "data:guests/stick/new.qcow2";
	static const struct guest_files_owner stick = { .name = "stick", .from_config = true };
	struct disk_config disk = { .file = path,
				    .format = DISK_FORMAT_QCOW2,
				    .size_bytes = 1 << 30 };
	enum disk_format format = DISK_FORMAT_AUTO;
	_cleanup_free_ char *why = NULL;
	int fd = -EBADF;

	pwrite_error = ENOSPC;
	assert_int_equal(guest_files_open_disk(&files, &owner, &disk, &fd, &format, &why), -ENOSPC);
	assert_int_equal(access(tree_path(&tree, "/guests/web/new.qcow2"), F_OK), -1);
	pwrite_error = 0;
	assert_int_equal(guest_files_open_disk(&files, &owner, &disk, &fd, &format, &why), 0);
	assert_int_equal(format, DISK_FORMAT_QCOW2);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDWR);
	assert_int_equal(mode_of("/guests/web/new.qcow2"), 0600);
	fd_close(fd);
	/* A guest of mvirt.conf has no folder before it has a file. */
	disk.file = of_stick;
	assert_int_equal(guest_files_open_disk(&files, &stick, &disk, &fd, &format, &why), 0);
	assert_int_equal(mode_of("/guests/stick"), 0700);
	fd_close(fd);
	assert_null(why);
}

/* --- the data volume --- */

static char shared_disk[] = "data:images/x.raw", own_disk[] = "data:guests/web/x.raw",
	    plain[] = "x.raw";

enum volume { THERE, CHECKED, GONE };
static const struct guest_files_owner of_config = { .name = "web", .from_config = true },
				      of_memory = { .name = "web", .in_memory = true };

static void set_volume(enum volume volume)
{
	static const int some_volume;

	files.data_fd = fd_close(files.data_fd);
	files.memory_fd = fd_close(files.memory_fd);
	if (volume == THERE)
		files.data_fd = open(tree.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	files.memory_fd = open(tree_path(&tree, "/memory"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	files.data_volume = (const struct data_volume *)&some_volume;
	undecided = volume == CHECKED;
}

static void test_who_needs_it(void **)
{
	struct disk_config disk = {};
	struct cdrom_config cdrom = {};
	struct guest_config none = {}, uefi = { .firmware = GUEST_FIRMWARE_UEFI },
			    kernel = { .kernel = own_disk }, initrd = { .initrd = shared_disk },
			    seed = { .cloud_init = { .present = true, .user_data = shared_disk } },
			    with_plain = { .initrd = plain },
			    with_disk = { .disks = &disk, .disk_count = 1 },
			    with_cdrom = { .cdroms = &cdrom, .cdrom_count = 1 };
	const struct {
		const struct guest_files_owner *owner;
		const struct guest_config *config;
		int checked, gone;
	} table[] = {
		{ &of_config, &none, 0, 0 },
		{ &of_config, &with_plain, 0, 0 },
		{ &of_config, &kernel, -EAGAIN, -ENODEV },
		{ &of_config, &initrd, -EAGAIN, -ENODEV },
		{ &of_config, &seed, -EAGAIN, -ENODEV },
		{ &of_config, &with_disk, -EAGAIN, -ENODEV },
		{ &of_config, &with_cdrom, -EAGAIN, -ENODEV },
		/* In memory only where there is no volume. */
		{ &of_config, &uefi, -EAGAIN, 0 },
		{ &of_memory, &uefi, 0, 0 },
		{ &of_memory, &with_plain, 0, 0 },
		{ &of_memory, &initrd, -EAGAIN, -ENODEV },
		{ &owner, &none, 0, 0 },
		{ &owner, &with_plain, -EAGAIN, -ENODEV },
		{ &owner, &uefi, -EAGAIN, -ENODEV },
	};

	disk.file = own_disk;
	cdrom.file = shared_disk;
	assert_return_code(mkdir(tree_path(&tree, "/memory"), 0700), errno);
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		set_volume(THERE);
		assert_int_equal(guest_files_check_volume(&files, table[i].owner, table[i].config),
				 0);
		set_volume(CHECKED);
		assert_int_equal(guest_files_check_volume(&files, table[i].owner, table[i].config),
				 table[i].checked);
		set_volume(GONE);
		assert_int_equal(guest_files_check_volume(&files, table[i].owner, table[i].config),
				 table[i].gone);
	}
	files.memory_fd = fd_close(files.memory_fd);
}

static int open_variables(const struct guest_files_owner *of, char **ret_why)
{
	int fd = -EBADF, r = guest_files_open_variables(
				 &files, of, tree_path(&tree, "/images/vmlinuz"), &fd, ret_why);

	fd_close(fd);
	return r;
}

/* At no time they are in memory because nobody knows yet. */
static void test_variables(void **)
{
	_cleanup_free_ char *why = NULL;

	assert_return_code(mkdir(tree_path(&tree, "/memory"), 0700), errno);
	set_volume(CHECKED);
	assert_int_equal(open_variables(&of_config, &why), -ENODEV);
	assert_string_equal(why, "the data volume is being checked (`mvirt status`)");
	assert_int_equal(access(tree_path(&tree, "/memory/guests"), F_OK), -1);
	set_volume(THERE);
	assert_int_equal(open_variables(&of_config, &why), 0);
	assert_int_equal(mode_of("/guests/web/variables.fd"), 0600);
	set_volume(GONE);
	assert_int_equal(open_variables(&of_config, &why), 0);
	assert_int_equal(mode_of("/memory/guests/web/variables.fd"), 0600);
	files.memory_fd = fd_close(files.memory_fd);
}

static void test_what_is_said(void **)
{
	static const struct {
		enum volume volume;
		const char *why;
	} table[] = {
		{ CHECKED, "the data volume is being checked (`mvirt status`)" },
		{ GONE, "the data volume is not there (`mvirt status`)" },
	};
	const char *const paths[] = { shared_disk, own_disk, plain };

	assert_return_code(mkdir(tree_path(&tree, "/memory"), 0700), errno);
	for (size_t i = 0; i < ELEMENTS(table); i++)
		for (size_t k = 0; k < ELEMENTS(paths); k++) {
			_cleanup_free_ char *why = NULL;

			set_volume(table[i].volume);
			assert_int_equal(open_boot(paths[k], &why), -ENODEV);
			assert_string_equal(why, table[i].why);
		}
	files.memory_fd = fd_close(files.memory_fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_own),       TEST(test_cannot_be_changed), TEST(test_shared),
		TEST(test_disk),      TEST(test_disk_is_made),      TEST(test_who_needs_it),
		TEST(test_variables), TEST(test_what_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
