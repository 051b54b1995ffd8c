// SPDX-License-Identifier: GPL-2.0-or-later
// Guests' folders: made, listed, renamed, deleted; what is done to the disk, and in which order.
#include "guest-store-fixture.h"

static void test_create_and_load(void **)
{
	struct stat status;
	char *text = NULL;

	assert_string_equal(listed(), "");
	assert_int_equal(guest_store_create(root_fd, "web", "one"), 0);
	assert_int_equal(guest_store_create(root_fd, "db", "two"), 0);
	assert_int_equal(guest_store_create(root_fd, "web", "three"), -EEXIST);
	assert_string_equal(listed(), "db=two web=one");
	assert_int_equal(stat(tree_path(&tree, "/guests/web"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0700);
	assert_int_equal(stat(tree_path(&tree, "/guests/web/guest.conf"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(guest_store_load(root_fd, "none", &text), -ENOENT);
	assert_null(text);
	expect_nothing_left_over();
}

static void test_save(void **)
{
	assert_int_equal(guest_store_save(root_fd, "web", "one"), -ENOENT);
	assert_int_equal(guest_store_create(root_fd, "web", "one"), 0);
	assert_int_equal(guest_store_save(root_fd, "web", "two"), 0);
	assert_string_equal(listed(), "web=two");
	expect_nothing_left_over();
}

static void test_rename(void **)
{
	assert_int_equal(guest_store_rename(root_fd, "web", "www", "two"), -ENOENT);
	assert_int_equal(guest_store_create(root_fd, "web", "one"), 0);
	tree_file(&tree, "/guests/web/disk.raw", "disk");
	assert_int_equal(guest_store_create(root_fd, "db", "three"), 0);
	assert_int_equal(guest_store_rename(root_fd, "web", "db", "two"), -EEXIST);
	expect_nothing_left_over();
	assert_int_equal(guest_store_rename(root_fd, "web", "web", "two"), -EEXIST);
	assert_string_equal(listed(), "db=three web=one");
	assert_int_equal(guest_store_rename(root_fd, "web", "www", "two"), 0);
	expect_nothing_left_over();
	assert_string_equal(listed(), "db=three www=two");
	assert_true(there_is("/guests/www/disk.raw"));
	assert_false(there_is("/guests/web"));
	/* Disks of a guest that there is no more are in the way, too. */
	tree_file(&tree, "/guests/old/disk.raw", "disk");
	assert_int_equal(guest_store_rename(root_fd, "www", "old", "two"), -EEXIST);
}

/* The folder has its new name, and its definition not yet: also where nothing can be written. */
static void test_half_renamed(void **)
{
	char *text = NULL;

	tree_file(&tree, "/guests/www/guest.conf", "of web");
	tree_file(&tree, "/guests/www/guest.conf.to-www", "of www");
	tree_file(&tree, "/guests/db/guest.conf", "of db");
	tree_file(&tree, "/guests/db/guest.conf.to-sql", "of sql");
	tree_file(&tree, "/guests/db/guest.conf.new", "half of");
	assert_int_equal(guest_store_load(root_fd, "www", &text), 0);
	assert_string_equal(text, "of www");
	free(text);
	assert_string_equal(listed(), "db=of db www=of www");
	expect_nothing_left_over();

	tree_file(&tree, "/guests/www/guest.conf.to-www", "newer");
	assert_int_equal(guest_store_save(root_fd, "www", "newest"), 0);
	assert_string_equal(listed(), "db=of db www=newest");
}

static void test_delete(void **)
{
	assert_int_equal(guest_store_delete(root_fd, "web", true), -ENOENT);
	assert_int_equal(guest_store_create(root_fd, "web", "one"), 0);
	tree_file(&tree, "/guests/web/disk.raw", "disk");
	tree_file(&tree, "/guests/web/variables.fd", "variables");
	assert_int_equal(guest_store_delete(root_fd, "web", false), 0);
	assert_string_equal(listed(), "");
	assert_true(there_is("/guests/web/disk.raw"));
	assert_false(there_is("/guests/web/variables.fd"));
	/* One of the same name takes the disks over. */
	assert_int_equal(guest_store_create(root_fd, "web", "two"), 0);
	assert_string_equal(listed(), "web=two");
	tree_file(&tree, "/guests/web/a/b/c", "deep");
	tree_link(&tree, "/guests/web/link", "/outside");
	tree_file(&tree, "/outside/file", "stays");
	assert_int_equal(guest_store_delete(root_fd, "web", true), 0);
	assert_false(there_is("/guests/web"));
	assert_true(there_is("/outside/file"));
	assert_true(there_is("/guests/.gone-0/a/b/c"));
	expect_nothing_left_over();
	/* Another one, before the first is removed. */
	assert_int_equal(guest_store_create(root_fd, "web", "two"), 0);
	assert_int_equal(guest_store_delete(root_fd, "web", true), 0);
	assert_true(there_is("/guests/.gone-1/guest.conf"));
	assert_string_equal(listed(), "");
	/* Without disks there is no reason for a folder. */
	assert_int_equal(guest_store_create(root_fd, "web", "three"), 0);
	assert_int_equal(guest_store_delete(root_fd, "web", false), 0);
	assert_false(there_is("/guests/web"));
}

static void test_make_folder(void **)
{
	assert_int_equal(guest_store_make_folder(root_fd, "web"), 0);
	assert_int_equal(guest_store_make_folder(root_fd, "web"), 0);
	assert_string_equal(listed(), "");
	tree_file(&tree, "/guests/file", "");
	assert_int_equal(guest_store_make_folder(root_fd, "file"), -ENOTDIR);
	assert_int_equal(guest_store_create(root_fd, "file", "one"), -EEXIST);
}

static void test_left_overs(void **)
{
	tree_file(&tree, "/guests/.new-web/guest.conf", "half");
	tree_file(&tree, "/guests/.gone-0/guest.conf", "gone");
	tree_file(&tree, "/guests/Not A Name/guest.conf", "stays");
	tree_file(&tree, "/guests/b/guest.conf", "b");
	tree_file(&tree, "/guests/a/guest.conf", "a");
	tree_file(&tree, "/guests/no-definition/disk.raw", "disk");
	tree_folder(&tree, "/guests/empty");
	tree_link(&tree, "/guests/link", "/guests/a");
	assert_string_equal(listed(), "a=a b=b");
	expect_nothing_left_over();
	assert_false(there_is("/guests/empty"));
	assert_true(there_is("/guests/link"));
	assert_true(there_is("/guests/Not A Name/guest.conf"));
	assert_true(there_is("/guests/no-definition/disk.raw"));
}

static void test_names_and_sizes(void **)
{
	static const char *const wrong[] = { "", ".", "..", "a/b", ".new-a", "A", "a b" };
	static char large[GUEST_STORE_BYTES_MAX + 2];
	char *text = NULL;
	int fd = -1;

	for (size_t i = 0; i < ELEMENTS(wrong); i++) {
		assert_int_equal(guest_store_create(root_fd, wrong[i], "x"), -EINVAL);
		assert_int_equal(guest_store_save(root_fd, wrong[i], "x"), -EINVAL);
		assert_int_equal(guest_store_load(root_fd, wrong[i], &text), -EINVAL);
		assert_int_equal(guest_store_make_folder(root_fd, wrong[i]), -EINVAL);
		assert_int_equal(guest_store_delete(root_fd, wrong[i], true), -EINVAL);
		assert_int_equal(guest_store_rename(root_fd, wrong[i], "a", "x"), -EINVAL);
		assert_int_equal(guest_store_rename(root_fd, "a", wrong[i], "x"), -EINVAL);
		assert_int_equal(guest_store_open(root_fd, wrong[i], "x", O_RDONLY, &fd), -EINVAL);
	}
	memset(large, 'x', sizeof(large) - 1);
	assert_int_equal(guest_store_create(root_fd, "a", large), -EFBIG);
	large[GUEST_STORE_BYTES_MAX] = '\0';
	assert_int_equal(guest_store_create(root_fd, "a", large), 0);
	large[GUEST_STORE_BYTES_MAX] = 'x';
	tree_file(&tree, "/guests/b/guest.conf", large);
	assert_int_equal(guest_store_load(root_fd, "b", &text), -EFBIG);
	tree_bytes(&tree, "/guests/c/guest.conf", "a\0b", 3);
	assert_int_equal(guest_store_load(root_fd, "c", &text), -EILSEQ);
	tree_folder(&tree, "/guests/d/guest.conf");
	assert_int_equal(guest_store_load(root_fd, "d", &text), -EINVAL);
	assert_int_equal(mkdir(tree_path(&tree, "/guests/e"), 0700), 0);
	assert_int_equal(mkfifo(tree_path(&tree, "/guests/e/guest.conf"), 0600), 0);
	assert_int_equal(guest_store_load(root_fd, "e", &text), -EINVAL);
	tree_link(&tree, "/guests/f/guest.conf", "/guests/a/guest.conf");
	assert_int_equal(guest_store_load(root_fd, "f", &text), -ELOOP);
}

/* --- files --- */

static void expect_opens(const char *path, int flags)
{
	struct stat status;
	int fd = -1, have = 0;

	assert_int_equal(guest_store_open(root_fd, "web", path, flags, &fd), 0);
	assert_int_equal(fstat(fd, &status), 0);
	have = fcntl(fd, F_GETFL);
	assert_int_equal(have & O_ACCMODE, flags & O_ACCMODE);
	assert_int_equal(have & O_NONBLOCK, 0);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	(void)close(fd);
}

static void test_open(void **)
{
	static const char *const wrong[] = { "",
					     ".",
					     "/disk.raw",
					     "../db/x",
					     "a/../../db/x",
					     "link",
					     "outside/x",
					     "fifo",
					     "folder",
					     "guest.conf",
					     "./guest.conf",
					     "guest.conf.to-db",
					     "guest.conf.new" };
	struct stat status;
	int fd = -1;

	assert_int_equal(guest_store_open(root_fd, "web", "x", O_RDONLY, &fd), -ENOENT);
	tree_file(&tree, "/guests/web/disk.raw", "disk");
	tree_file(&tree, "/guests/web/folder/disk.raw", "disk");
	tree_file(&tree, "/guests/db/x", "other");
	tree_link(&tree, "/guests/web/link", "/guests/web/disk.raw");
	tree_link(&tree, "/guests/web/outside", "/guests/db");
	tree_file(&tree, "/guests/web/guest.conf", "definition");
	assert_int_equal(mkfifo(tree_path(&tree, "/guests/web/fifo"), 0600), 0);
	for (size_t i = 0; i < ELEMENTS(wrong); i++) {
		assert_int_equal(guest_store_open(root_fd, "web", wrong[i], O_RDWR, &fd), -EINVAL);
		assert_int_equal(guest_store_open(root_fd, "web", wrong[i], O_RDONLY, &fd),
				 -EINVAL);
	}
	expect_opens("disk.raw", O_RDONLY);
	expect_opens("disk.raw", O_RDWR);
	expect_opens("./folder//disk.raw", O_RDWR);
	assert_int_equal(guest_store_open(root_fd, "web", "none", O_RDWR, &fd), -ENOENT);
	expect_opens("new.raw", O_RDWR | O_CREAT | O_EXCL);
	assert_int_equal(stat(tree_path(&tree, "/guests/web/new.raw"), &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	assert_int_equal(guest_store_open(root_fd, "web", "new.raw", O_RDWR | O_CREAT | O_EXCL,
					  &fd),
			 -EEXIST);
	assert_int_equal(guest_store_open(root_fd, "web", "disk.raw", O_RDWR | O_CREAT, &fd),
			 -EINVAL);
	assert_int_equal(guest_store_open(root_fd, "web", "disk.raw", O_RDWR | O_TRUNC, &fd),
			 -EINVAL);
	assert_int_equal(guest_store_open(root_fd, "web", "disk.raw", O_WRONLY, &fd), -EINVAL);
	assert_int_equal(fd, -1);
}

static int fill(int fd, const void *data)
{
	return write(fd, data, strlen(data)) < 0 ? -errno : 0;
}

static int refuse_to_fill(int, const void *)
{
	return -EFBIG;
}

static int make(const char *path)
{
	return guest_store_make(root_fd, "web", path, fill, "new");
}

static void test_make(void **)
{
	struct stat status;

	assert_int_equal(make("x"), -ENOENT);
	tree_file(&tree, "/guests/web/disk.raw", "disk");
	tree_file(&tree, "/guests/web/folder/x", "x");
	tree_file(&tree, "/guests/db/x", "other");
	tree_link(&tree, "/guests/web/outside", "/guests/db");
	assert_int_equal(make("disk.raw"), -EEXIST);
	assert_int_equal(make("../db/y"), -EINVAL);
	assert_int_equal(make("outside/y"), -EINVAL);
	assert_int_equal(make("guest.conf"), -EINVAL);
	assert_int_equal(make("none/y"), -ENOENT);
	assert_int_equal(guest_store_make(root_fd, "web", "y", refuse_to_fill, NULL), -EFBIG);
	assert_false(there_is("/guests/web/y"));
	assert_int_equal(make("y"), 0);
	assert_int_equal(make(".//folder/y"), 0);
	assert_int_equal(stat(tree_path(&tree, "/guests/web/folder/y"), &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0600);
	assert_int_equal(status.st_size, 3);
	assert_int_equal(stat(tree_path(&tree, "/guests/web/disk.raw"), &status), 0);
	assert_int_equal(status.st_size, 4);
}

static void test_open_shared(void **)
{
	int fd = -1;

	assert_int_equal(guest_store_open_shared(root_fd, "x.iso", &fd), -ENOENT);
	tree_file(&tree, "/images/x.iso", "iso");
	tree_file(&tree, "/guests/db/x", "other");
	tree_link(&tree, "/images/link", "/guests/db/x");
	assert_int_equal(guest_store_open_shared(root_fd, "link", &fd), -EINVAL);
	assert_int_equal(guest_store_open_shared(root_fd, "../guests/db/x", &fd), -EINVAL);
	assert_int_equal(guest_store_open_shared(root_fd, "/x.iso", &fd), -EINVAL);
	assert_int_equal(guest_store_open_shared(root_fd, "x.iso", &fd), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	(void)close(fd);
}

/* --- the order --- */

/* Nothing has its name before it is on the disk, and then the name is brought there. */
static void test_order(void **)
{
	static const char written[] = "openat write fsync renameat ";

	assert_int_equal(guest_store_create(root_fd, "db", "x"), 0);
	fake.active = true;
	assert_int_equal(guest_store_create(root_fd, "web", "one"), 0);
	fake.active = false;
	assert_non_null(strstr(steps, written));
	assert_non_null(
		strstr(strstr(steps, written) + strlen(written), "fsync fsync renameat2 fsync "));
	steps[0] = '\0';
	fake = (typeof(fake)){ .active = true };
	assert_int_equal(guest_store_rename(root_fd, "web", "www", "two"), 0);
	fake.active = false;
	assert_non_null(strstr(steps, written));
	assert_non_null(
		strstr(strstr(steps, written) + strlen(written), "fsync fsync renameat2 fsync "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_create_and_load, setup, teardown),
		cmocka_unit_test_setup_teardown(test_save, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rename, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_renamed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_delete, setup, teardown),
		cmocka_unit_test_setup_teardown(test_make_folder, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_overs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names_and_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open, setup, teardown),
		cmocka_unit_test_setup_teardown(test_make, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
