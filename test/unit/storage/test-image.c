// SPDX-License-Identifier: GPL-2.0-or-later
// Images in files: told apart, checked, made (and put before qemu-img), and copied. Each call fails
// in turn.
// link: -Wl,--wrap=fstat,--wrap=pread,--wrap=pwrite,--wrap=ftruncate,--wrap=fsync,--wrap=lseek
// link: -Wl,--wrap=copy_file_range
#include "image-fixture.h"

#include "storage/image/image-copy.h"

WRAP(int, fstat, -1, (int fd, struct stat *status), (fd, status))
WRAP(ssize_t, pread, -1, (int fd, void *data, size_t n, off_t at), (fd, data, n, at))
WRAP(ssize_t, pwrite, -1, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at))
WRAP(int, ftruncate, -1, (int fd, off_t size), (fd, size))
WRAP(int, fsync, -1, (int fd), (fd))
WRAP(off_t, lseek, -1, (int fd, off_t at, int whence), (fd, at, whence))

ssize_t __real_copy_file_range(int in, off_t *from, int out, off_t *to, size_t n, unsigned int f);
ssize_t __wrap_copy_file_range(int in, off_t *from, int out, off_t *to, size_t n, unsigned int f);
ssize_t __wrap_copy_file_range(int in, off_t *from, int out, off_t *to, size_t n, unsigned int f)
{
	if (fails("copy_file_range"))
		return -1;
	if (fake.no_file_range) {
		errno = EXDEV;
		return -1;
	}
	return __real_copy_file_range(in, from, out, to, n, f);
}

static int setup(void **)
{
	memset(&fake, 0, sizeof(fake));
	tree_make(&tree);
	return 0;
}

static int teardown(void **)
{
	tree_remove(&tree);
	return 0;
}

/* --- telling apart, checking --- */

static void test_detect(void **)
{
	enum disk_format format = DISK_FORMAT_AUTO;
	_cleanup_fd_ int fd = open_file("/x");

	assert_int_equal(image_detect(fd, &format), 0);
	assert_int_equal(format, DISK_FORMAT_RAW);
	assert_int_equal(pwrite(fd, "QFI\xfb", 4, 0), 4);
	assert_int_equal(image_detect(fd, &format), 0);
	assert_int_equal(format, DISK_FORMAT_QCOW2);
	assert_int_equal(pwrite(fd, "CD001", 5, 32769), 5);
	assert_int_equal(pwrite(fd, "x", 1, 0), 1);
	assert_int_equal(image_detect(fd, &format), 0);
	assert_int_equal(format, DISK_FORMAT_RAW);
	assert_int_equal(image_detect(-1, &format), -EBADF);
}

static void assert_check(int fd, enum disk_format format, const char *expected)
{
	_cleanup_free_ char *why = NULL;

	assert_int_equal(image_check(fd, format, &why), expected ? -EINVAL : 0);
	if (expected)
		assert_string_equal(why, expected);
	else
		assert_null(why);
}

static void test_check(void **)
{
	_cleanup_fd_ int fd = open_file("/x"), folder_fd = -EBADF, null_fd = -EBADF;
	char *why = NULL;

	assert_check(fd, DISK_FORMAT_AUTO, "an empty file");
	assert_check(fd, DISK_FORMAT_RAW, "an empty file");
	assert_check(fd, DISK_FORMAT_QCOW2, "not a qcow2 image");
	assert_int_equal(ftruncate(fd, 4096), 0);
	assert_check(fd, DISK_FORMAT_RAW, NULL);
	assert_check(fd, DISK_FORMAT_AUTO, NULL);
	/* What a guest has written to its raw disk is not looked at. */
	assert_int_equal(pwrite(fd, "QFI\xfb", 4, 0), 4);
	assert_check(fd, DISK_FORMAT_RAW, NULL);
	assert_check(fd, DISK_FORMAT_AUTO, "qcow2 of version 0, which QEMU does not know");
	folder_fd = open(tree.root, O_RDONLY | O_CLOEXEC);
	assert_int_equal(image_check(folder_fd, DISK_FORMAT_RAW, &why), -EISDIR);
	null_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(image_check(null_fd, DISK_FORMAT_RAW, &why), -EMEDIUMTYPE);
	assert_int_equal(image_check(-1, DISK_FORMAT_RAW, &why), -EBADF);
	assert_null(why);
}

/* --- making --- */

static void test_make_raw(void **)
{
	_cleanup_fd_ int fd = open_file("/x");
	struct stat status;

	assert_int_equal(write(fd, "old", 3), 3);
	assert_int_equal(image_make(fd, DISK_FORMAT_RAW, 1ULL << 40), 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_size, 1ULL << 40);
	assert_int_equal(status.st_blocks, 0);
	assert_check(fd, DISK_FORMAT_RAW, NULL);
	assert_int_equal(image_make(fd, DISK_FORMAT_RAW, 0), -EINVAL);
	assert_int_equal(image_make(fd, DISK_FORMAT_RAW, 513), -EINVAL);
	assert_int_equal(image_make(fd, DISK_FORMAT_RAW, (64ULL << 40) + 512), -EFBIG);
	assert_int_equal(image_make(fd, DISK_FORMAT_AUTO, 512), -EINVAL);
	assert_int_equal(image_make(-1, DISK_FORMAT_RAW, 512), -EBADF);
}

/* Also in qemu-img's opinion, and still after qemu-io has written to it. */
static void test_make_qcow2(void **)
{
	static const uint64_t sizes[] = {
		512,         1 << 20,
		512 << 20,   (512ULL << 20) + 512,
		1ULL << 40,  (4ULL << 40) + 512,
		64ULL << 40,
	};

	for (size_t i = 0; i < ELEMENTS(sizes); i++) {
		_cleanup_fd_ int fd = open_file("/x");
		char command[128];

		assert_int_equal(image_make(fd, DISK_FORMAT_QCOW2, sizes[i]), 0);
		assert_check(fd, DISK_FORMAT_QCOW2, NULL);
		assert_check(fd, DISK_FORMAT_AUTO, NULL);
		assert_int_equal(run("qemu-img check -q -f qcow2 %s", "/x"), 0);
		(void)snprintf(command, sizeof(command),
			       "qemu-io -f qcow2 -c 'write -q -P 7 %llu 512' %%s",
			       (unsigned long long)sizes[i] - 512);
		assert_int_equal(run(command, "/x"), 0);
		assert_int_equal(run("qemu-img check -q -f qcow2 %s", "/x"), 0);
		(void)snprintf(command, sizeof(command),
			       "qemu-img info --output=json %%s | grep -q 'virtual-size\": %llu,'",
			       (unsigned long long)sizes[i]);
		assert_int_equal(run(command, "/x"), 0);
	}
}

static void test_make_fails(void **)
{
	_cleanup_fd_ int fd = open_file("/x");
	int r = -1;

	for (int at = 1; r < 0; at++) {
		enum disk_format format = DISK_FORMAT_AUTO;

		fake.fail_at = at;
		fake.call = 0;
		fake.error = ENOSPC;
		fake.active = true;
		r = image_make(fd, DISK_FORMAT_QCOW2, 1 << 30);
		fake.active = false;
		assert_int_equal(r, at <= 5 ? -ENOSPC : 0);
		/* What is half made is none. */
		assert_int_equal(image_detect(fd, &format), 0);
		assert_int_equal(format, r == 0 || at == 1 ? format : DISK_FORMAT_RAW);
	}
}

/* --- copying --- */

static void test_copy(void **)
{
	for (int by_hand = 0; by_hand < 2; by_hand++) {
		_cleanup_fd_ int source_fd = open_file("/a"), target_fd = open_file("/b");
		const char *what = NULL;
		struct stat status;

		fill(source_fd);
		assert_int_equal(pwrite(target_fd, "old", 3, 64 << 20), 3);
		fake.no_file_range = by_hand;
		assert_int_equal(image_copy(source_fd, target_fd, -EBADF, &what), 0);
		assert_null(what);
		assert_int_equal(run("cd $(dirname %s) && cmp a b", "/a"), 0);
		assert_int_equal(fstat(target_fd, &status), 0);
		assert_true(status.st_blocks <= 4 * 64 * 2);
		/* Zeros that are there are left out by hand. */
		assert_int_equal(pwrite(source_fd, "\0\0", 2, 10 << 20), 2);
		assert_int_equal(image_copy(source_fd, target_fd, -EBADF, &what), 0);
		assert_int_equal(run("cd $(dirname %s) && cmp a b", "/a"), 0);
		/* Nothing is nothing, and only holes are only holes. */
		assert_int_equal(ftruncate(source_fd, 0), 0);
		assert_int_equal(image_copy(source_fd, target_fd, -EBADF, &what), 0);
		assert_int_equal(ftruncate(source_fd, 1 << 20), 0);
		assert_int_equal(image_copy(source_fd, target_fd, -EBADF, &what), 0);
		assert_int_equal(fstat(target_fd, &status), 0);
		assert_int_equal(status.st_size, 1 << 20);
		assert_int_equal(status.st_blocks, 0);
	}
}

static void test_copy_fails(void **)
{
	_cleanup_fd_ int source_fd = open_file("/a"), target_fd = open_file("/b");

	fill(source_fd);
	for (int by_hand = 0; by_hand < 2; by_hand++) {
		int r = -1, failures = 0;

		fake.no_file_range = by_hand;
		for (int at = 1; at < 60; at++) {
			const char *what = NULL;

			fake.error = ENOSPC;
			fake.fail_at = at;
			fake.call = 0;
			fake.active = true;
			r = image_copy(source_fd, target_fd, -EBADF, &what);
			fake.active = false;
			if (r == 0)
				/* lseek() that does not know holes is made up for. */
				assert_int_equal(run("cd $(dirname %s) && cmp a b", "/a"), 0);
			else
				assert_true(r == -ENOSPC && what);
			failures += r < 0;
			if (fake.call < at)
				break;
		}
		assert_int_equal(r, 0);
		assert_true(failures >= 8);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_detect),     TEST(test_check),      TEST(test_make_raw),
		TEST(test_make_qcow2), TEST(test_make_fails), TEST(test_copy),
		TEST(test_copy_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
