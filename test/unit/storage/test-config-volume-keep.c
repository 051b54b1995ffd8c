// SPDX-License-Identifier: GPL-2.0-or-later
// The files of the configuration's volume that are kept in memory: under which name, how whole.
#include "config-volume-fixture.h"

static void test_paths(void **state)
{
	static const struct {
		const char *path, *clean;
	} good[] = {
		{ "vmlinuz", "vmlinuz" },
		{ "/boot//./vmlinuz/", "boot/vmlinuz" },
		{ "./a", "a" },
		{ "..a/b..", "..a/b.." },
	};
	static const char *const bad[] = { "", "/", ".", "..", "../a", "a/../b", "a/..", "/.." };
	char *clean = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(config_volume_clean_path(good[i].path, &clean), 0);
		assert_string_equal(clean, good[i].clean);
		free(clean);
	}
	clean = NULL;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(config_volume_clean_path(bad[i], &clean), -EINVAL);
	assert_null(clean);
}

static void test_kept_names(void **state)
{
	char long_a[300], long_b[300];
	char *a = NULL, *b = NULL;

	(void)state;
	a = config_volume_kept_name("boot/vmlinuz-6.12");
	assert_string_equal(a, "boot%2Fvmlinuz-6.12");
	free(a);
	a = config_volume_kept_name(".n%w");
	assert_string_equal(a, "%2En%25w");
	free(a);
	memset(long_a, 'x', sizeof(long_a));
	long_a[sizeof(long_a) - 1] = '\0';
	memcpy(long_b, long_a, sizeof(long_b));
	long_b[sizeof(long_b) - 2] = 'y';
	a = config_volume_kept_name(long_a);
	b = config_volume_kept_name(long_b);
	assert_true(strlen(a) < NAME_MAX);
	assert_string_not_equal(a, b);
	free(a);
	free(b);
}

static void test_keep(void **state)
{
	int fd = -1, fds = count_fds();

	(void)state;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -ENOENT);
	assert_int_equal(config_volume_open_kept(volume, "boot/vmlinuz", &fd), -ENOENT);
	plug_in();
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	assert_int_equal(config_volume_keep(volume, "/boot/vmlinuz"), 0);
	expect_kept("boot//vmlinuz", "kernel");
	assert_int_equal(config_volume_keep(volume, "initrd"), -ENOENT);
	assert_int_equal(config_volume_keep(volume, "boot"), -EINVAL);
	assert_int_equal(config_volume_keep(volume, "../secret"), -EINVAL);
	assert_int_equal(config_volume_open_kept(volume, "../secret", &fd), -EINVAL);
	pull_out();
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	expect_kept("boot/vmlinuz", "kernel");
	assert_int_equal(fd, -1);
	assert_int_equal(count_fds(), fds);
}

static void test_changed_file_is_kept_anew(void **state)
{
	(void)state;
	plug_in();
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	/* Not copied twice: a copy could not succeed now. */
	fake.sendfile_error = EIO;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	fake.sendfile_error = 0;
	tree_file(&tree, "/config/boot/vmlinuz", "newer kernel");
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	expect_kept("boot/vmlinuz", "newer kernel");
	/* One that cannot be read any more leaves the older copy. */
	tree_file(&tree, "/config/boot/vmlinuz", "newest kernel");
	fake.sendfile_error = EIO;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	expect_kept("boot/vmlinuz", "newer kernel");
}

static void test_links_do_not_lead_out(void **state)
{
	(void)state;
	tree_file(&tree, "/secret", "secret");
	plug_in();
	tree_link(&tree, "/config/link", "/secret");
	tree_link(&tree, "/config/folder", "");
	assert_int_equal(config_volume_keep(volume, "link"), -EINVAL);
	assert_int_equal(config_volume_keep(volume, "folder/secret"), -EINVAL);
}

static void test_memory_is_full(void **state)
{
	(void)state;
	plug_in();
	fake.room_bytes = 5;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -ENOSPC);
	expect_logged("config: boot/vmlinuz: needs 6 B of memory, 5 B are free");
	/* Full in the middle of it. */
	fake.room_bytes = 0;
	fake.sendfile_error = ENOSPC;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -ENOSPC);
	expect_logged("config: boot/vmlinuz: needs 6 B of memory");
	assert_string_equal(config_volume_device(volume), "/dev/sdb1");
}

static void test_keep_fails_everywhere(void **state)
{
	int *const calls[] = { &fake.sendfile_error, &fake.fchmod_error, &fake.futimens_error,
			       &fake.renameat_error, &fake.openat_error };
	int fds = count_fds();

	(void)state;
	plug_in();
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		int fd = -1;

		*calls[i] = EPERM;
		assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -EPERM);
		expect_logged("config: /dev/sdb1: boot/vmlinuz: Operation not permitted");
		*calls[i] = 0;
		assert_int_equal(config_volume_open_kept(volume, "boot/vmlinuz", &fd), -ENOENT);
		assert_int_equal(count_fds(), fds);
		expect_kept_is_empty();
	}
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), 0);
	expect_kept("boot/vmlinuz", "kernel");
}

static void test_half_a_copy_is_removed(void **state)
{
	(void)state;
	tree_file(&tree, "/boot/%new", "half");
	new_volume();
	expect_kept_is_empty();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_paths, setup, teardown),
		cmocka_unit_test_setup_teardown(test_kept_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keep, setup, teardown),
		cmocka_unit_test_setup_teardown(test_changed_file_is_kept_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(test_links_do_not_lead_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_memory_is_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_keep_fails_everywhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_half_a_copy_is_removed, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
