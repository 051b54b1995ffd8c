// SPDX-License-Identifier: GPL-2.0-or-later
// Files that were copied by hand: a mode that only root may read is no obstacle, or is said.
// link: -Wl,--wrap=fchmod
#include "fake-tree.h"

#include "base/cleanup.h"
#include "storage/guest-files.h"

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

static int setup(void **)
{
	tree_make(&tree);
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
	(void)close(files.data_fd);
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
		why, "its mode is 600, the guest's own user has to read it, and it cannot be "
		     "changed: Read-only file system");
}

static void test_shared(void **)
{
	_cleanup_free_ char *why = NULL;

	assert_int_equal(open_boot("data:images/vmlinuz", &why), 0);
	set_mode("/images/vmlinuz", 0600);
	assert_int_equal(open_boot("data:images/vmlinuz", &why), -EACCES);
	assert_string_equal(
		why, "its mode is 600, and the guest's own user has to read it: run `chmod a+r "
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

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
		TEST(test_own),
		TEST(test_cannot_be_changed),
		TEST(test_shared),
		TEST(test_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
