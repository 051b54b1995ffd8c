// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration's volume without a file system to mount: it comes, goes, hangs and is taken
// over.
#include "config-volume-fixture.h"

static void test_offer(void **state)
{
	(void)state;
	assert_null(config_volume_device(volume));
	assert_int_equal(config_volume_offer(volume, "/dev/sda", NULL, NULL), 0);
	assert_int_equal(config_volume_offer(volume, "/dev/sda1", "DATA", "vfat"), 0);
	assert_int_equal(config_volume_offer(volume, "/dev/sr0", "MVIRT", "iso9660"), 0);
	assert_string_equal(logged, "");
	assert_int_equal(config_volume_offer(volume, "/dev/sda2", "MVIRT", "ext4"), 0);
	expect_logged("config: /dev/sda2: labelled MVIRT, but holds ext4: only FAT is read");
	assert_int_equal(fake.mounts, 0);
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "mvirt", "vfat"), 1);
	expect_logged("config: /dev/sdb1: mounted");
	assert_int_equal(fake.mounts, 1);
	assert_string_equal(fake.mount_source, "/dev/sdb1");
	assert_string_equal(fake.mount_type, "vfat");
	assert_int_equal(fake.mount_flags,
			 MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME);
	assert_non_null(strstr(fake.mount_options, "utf8"));
	assert_string_equal(config_volume_device(volume), "/dev/sdb1");
	/* A second one: both are named. And the same one again. */
	assert_int_equal(config_volume_offer(volume, "/dev/sdc1", "MVIRT", "vfat"), 0);
	expect_logged("config: /dev/sdc1: also labelled MVIRT, left alone: /dev/sdb1 is in use");
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "MVIRT", "vfat"), 1);
	assert_int_equal(fake.mounts, 1);
}

static void test_mount_fails(void **state)
{
	(void)state;
	fake.mount_error = EINVAL;
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "MVIRT", "vfat"), -EINVAL);
	expect_logged("config: /dev/sdb1: cannot be mounted: Invalid argument");
	assert_null(config_volume_device(volume));
	fake.mount_error = 0;
	assert_int_equal(config_volume_offer(volume, "/dev/sdc1", "MVIRT", "vfat"), 1);
}

static void test_read_config(void **state)
{
	char *text = NULL;

	(void)state;
	assert_int_equal(config_volume_read_config(volume, &text), -ENOENT);
	plug_in();
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	assert_string_equal(text, "hostname = \"test\"\n");
	free(text);
	/* Without the stick, and in the next hostd. */
	pull_out();
	new_volume();
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	assert_string_equal(text, "hostname = \"test\"\n");
	free(text);
}

static void test_bad_config_files(void **state)
{
	char *text = NULL, *large = malloc((1 << 20) + 1);

	(void)state;
	assert_non_null(large);
	plug_in();
	memset(large, '#', (1 << 20) + 1);
	tree_bytes(&tree, "/config/mvirt.conf", large, 1 << 20);
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	assert_int_equal(strlen(text), 1 << 20);
	free(text);
	text = NULL;
	tree_bytes(&tree, "/config/mvirt.conf", large, (1 << 20) + 1);
	assert_int_equal(config_volume_read_config(volume, &text), -EFBIG);
	tree_bytes(&tree, "/config/mvirt.conf", "h\0o\0s\0t\0", 8);
	assert_int_equal(config_volume_read_config(volume, &text), -EILSEQ);
	expect_logged("UTF-16");
	assert_int_equal(unlink(tree_path(&tree, "/config/mvirt.conf")), 0);
	assert_int_equal(config_volume_read_config(volume, &text), -ENOENT);
	tree_folder(&tree, "/config/mvirt.conf");
	assert_int_equal(config_volume_read_config(volume, &text), -EISDIR);
	assert_null(text);
	free(large);
}

static void test_config_cannot_be_kept(void **state)
{
	char *text = NULL;

	(void)state;
	plug_in();
	fake.fsync_error = ENOSPC;
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	expect_logged("config: mvirt.conf: cannot be kept in memory: No space left on device");
	free(text);
}

static void test_stick_vanishes_under_the_mount(void **state)
{
	char *text = NULL;
	int fds = count_fds();

	(void)state;
	plug_in();
	fake.read_error = EIO;
	/* Nothing was kept before. */
	assert_int_equal(config_volume_read_config(volume, &text), -ENOENT);
	expect_logged("config: /dev/sdb1: mvirt.conf: Input/output error");
	assert_int_equal(fake.unmounts, 1);
	assert_null(config_volume_device(volume));
	assert_int_equal(count_fds(), fds);
	fake.read_error = 0;
	assert_int_equal(config_volume_offer(volume, "/dev/sdc1", "MVIRT", "vfat"), 1);
}

/* A stick that does not answer is let go, with one line, whatever is done with it. */
static void test_stick_hangs(void **state)
{
	char *text = NULL;
	int fd = -1;

	(void)state;
	volume->limit_ms = 200;
	fake.hangs = true;
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "MVIRT", "vfat"), -ETIMEDOUT);
	expect_logged(
		"config: /dev/sdb1: does not answer, so it is left alone: it was not mounted");
	assert_null(config_volume_device(volume));

	fake.hangs = false;
	plug_in();
	fake.hangs = true;
	assert_int_equal(config_volume_read_config(volume, &text), -ENOENT);
	expect_logged("config: /dev/sdb1: mvirt.conf: does not answer, no longer used");
	assert_null(config_volume_device(volume));

	fake.hangs = false;
	plug_in();
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	free(text);
	fake.hangs = true;
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -ETIMEDOUT);
	expect_logged("config: /dev/sdb1: boot/vmlinuz: does not answer, no longer used");
	assert_null(config_volume_device(volume));
	/* not once more for the next file */
	assert_int_equal(config_volume_keep(volume, "boot/vmlinuz"), -ENOENT);
	assert_int_equal(config_volume_open_kept(volume, "boot/vmlinuz", &fd), -ENOENT);
	expect_kept_is_empty();
	fake.hangs = false;
	assert_int_equal(config_volume_read_config(volume, &text), 0);
	free(text);
}

static void test_remove(void **state)
{
	(void)state;
	plug_in();
	logged[0] = '\0';
	assert_int_equal(config_volume_remove(volume, "sdb"), 0);
	assert_int_equal(config_volume_remove(volume, "sdc1"), 0);
	assert_string_equal(logged, "");
	assert_int_equal(config_volume_remove(volume, "sdb1"), 1);
	expect_logged("config: /dev/sdb1: was removed");
	assert_int_equal(fake.unmounts, 1);
	assert_null(config_volume_device(volume));
	assert_int_equal(config_volume_remove(volume, "sdb1"), 0);
}

static void write_mountinfo(const char *source)
{
	char text[PATH_MAX];

	(void)snprintf(text, sizeof(text),
		       "22 1 0:20 / /sys rw,nosuid - sysfs sysfs rw\n"
		       "nonsense\n"
		       "30 1 8:17 / %s/config ro,nosuid shared:1 - vfat %s ro,utf8\n",
		       tree.root, source);
	tree_file(&tree, "/mountinfo", text);
}

static void test_next_hostd_takes_over(void **state)
{
	(void)state;
	write_mountinfo("/dev/sdb1");
	fake.device_is_there = true;
	new_volume();
	assert_string_equal(config_volume_device(volume), "/dev/sdb1");
	assert_int_equal(config_volume_offer(volume, "/dev/sdb1", "MVIRT", "vfat"), 1);
	assert_int_equal(fake.mounts, 0);
	assert_int_equal(fake.unmounts, 0);
	assert_int_equal(config_volume_offer(volume, "/dev/sdc1", "MVIRT", "vfat"), 0);
}

static void test_stick_went_without_hostd(void **state)
{
	(void)state;
	write_mountinfo("/dev/sdb1");
	new_volume();
	assert_null(config_volume_device(volume));
	assert_int_equal(fake.unmounts, 1);
	expect_logged("config: /dev/sdb1: is gone");
}

static void test_find_mount(void **state)
{
	char text[] = "1 0 8:1 / /run/a\\040b rw - vfat /dev/x\\134y ro\n"
		      "2 0 8:2 / /other rw shared:3 master:4 - vfat /dev/z ro\n"
		      "3 0 8:3 / /run/a\\040b rw - vfat /dev/top ro\n";
	char single[] = "1 0 8:1 / /a\\040 rw - vfat /dev/x\\134y ro\n";
	char cut[] = "1 0 8:1 / /a - \n- \n1 0\n - \n";
	dev_t device = 0;
	char *source = config_volume_find_mount(text, "/run/a b", &device);

	(void)state;
	assert_string_equal(source, "/dev/top");
	assert_int_equal(device, makedev(8, 3));
	free(source);
	source = config_volume_find_mount(single, "/a ", &device);
	assert_string_equal(source, "/dev/x\\y");
	free(source);
	assert_null(config_volume_find_mount(cut, "/a", &device));
}

static void test_open_disk(void **state)
{
	int fd = -1;

	(void)state;
	assert_int_equal(config_volume_open_disk(volume, "disk.img", &fd), -ENOMEDIUM);
	plug_in();
	tree_file(&tree, "/config/disk.img", "disk");
	assert_int_equal(config_volume_open_disk(volume, "nothing.img", &fd), -ENOENT);
	assert_int_equal(config_volume_open_disk(volume, "../mountinfo", &fd), -EINVAL);
	assert_int_equal(fd, -1);
	assert_int_equal(config_volume_open_disk(volume, "/disk.img", &fd), 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	(void)close(fd);
}

static void test_new_fails(void **state)
{
	struct config_volume *other = NULL;

	(void)state;
	fake.mkdir_error = EROFS;
	assert_int_equal(config_volume_new_below("MVIRT", tree.root, tree_path(&tree, "/mountinfo"),
						 &other),
			 -EROFS);
	fake.mkdir_error = 0;
	assert_int_equal(config_volume_new_below("MVIRT", tree.root, tree_path(&tree, "/none"),
						 &other),
			 -ENOENT);
	assert_null(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_offer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_mount_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_config, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_config_files, setup, teardown),
		cmocka_unit_test_setup_teardown(test_config_cannot_be_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stick_vanishes_under_the_mount, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_stick_hangs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_next_hostd_takes_over, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stick_went_without_hostd, setup, teardown),
		cmocka_unit_test_setup_teardown(test_find_mount, setup, teardown),
		cmocka_unit_test_setup_teardown(test_open_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_new_fails, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
