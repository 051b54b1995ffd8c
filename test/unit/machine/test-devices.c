// SPDX-License-Identifier: GPL-2.0-or-later
// The list of devices on a fake libudev and a fake sysfs; the disks are image files.
// link: -Wl,--wrap=udev_new,--wrap=udev_unref,--wrap=udev_monitor_new_from_netlink
// link: -Wl,--wrap=udev_monitor_unref,--wrap=udev_monitor_enable_receiving
// link: -Wl,--wrap=udev_monitor_set_receive_buffer_size,--wrap=udev_monitor_get_fd
// link: -Wl,--wrap=udev_monitor_filter_add_match_subsystem_devtype
// link: -Wl,--wrap=udev_monitor_receive_device,--wrap=udev_enumerate_new
// link: -Wl,--wrap=udev_enumerate_unref,--wrap=udev_enumerate_add_match_subsystem
// link: -Wl,--wrap=udev_enumerate_scan_devices,--wrap=udev_enumerate_get_list_entry
// link: -Wl,--wrap=udev_list_entry_get_next,--wrap=udev_list_entry_get_name
// link: -Wl,--wrap=udev_device_new_from_syspath,--wrap=udev_device_unref
// link: -Wl,--wrap=udev_device_get_syspath,--wrap=udev_device_get_sysname
// link: -Wl,--wrap=udev_device_get_subsystem,--wrap=udev_device_get_devnode
// link: -Wl,--wrap=udev_device_get_action,--wrap=udev_device_get_property_value
// link: -Wl,--wrap=nic_permanent_mac,--wrap=confine_clone
#include "fake-tree.h"

#include <libudev.h>
#include <time.h>

#include "machine/device/devices.h"
#include "machine/device/nic-mac.h"

#define BLOCK "/sys/devices/virtual/block/"

struct udev_device {
	const char *path; /* below the tree */
	const char *node; /* below the tree, or NULL */
	const char *subsystem;
	const char *action;
	const char *old_path;
};

static struct tree tree;
static sd_event *event;
static struct devices *devices;
static char story[4096]; /* what the callbacks told */

static struct {
	struct udev_device present[8];
	size_t present_count;
	struct udev_device news; /* the next event */
	bool lost; /* the next event is lost */
	int wake_read, wake_write;
	const char *scanned; /* the subsystem */
	bool fail_udev, fail_monitor, fail_receiving, fail_enumerate, fail_scan, fail_clone;
	int references;
} fake;

#define DECLARE(type, name, ...)         \
	type __wrap_##name(__VA_ARGS__); \
	type __wrap_##name(__VA_ARGS__)

static void *reference(void)
{
	fake.references++;
	return &fake;
}

DECLARE(struct udev *, udev_new, void)
{
	return fake.fail_udev ? NULL : reference();
}

DECLARE(struct udev *, udev_unref, struct udev *udev)
{
	fake.references -= udev != NULL;
	return NULL;
}

DECLARE(struct udev_monitor *, udev_monitor_new_from_netlink, struct udev *udev, const char *name)
{
	(void)udev;
	assert_string_equal(name, "kernel");
	errno = ENFILE;
	return fake.fail_monitor ? NULL : reference();
}

DECLARE(struct udev_monitor *, udev_monitor_unref, struct udev_monitor *monitor)
{
	fake.references -= monitor != NULL;
	return NULL;
}

DECLARE(int, udev_monitor_set_receive_buffer_size, struct udev_monitor *monitor, int size)
{
	(void)monitor;
	return size > 0 ? 0 : -EINVAL;
}

DECLARE(int, udev_monitor_filter_add_match_subsystem_devtype, struct udev_monitor *monitor,
	const char *subsystem, const char *type)
{
	(void)monitor;
	(void)subsystem;
	assert_null(type);
	return 0;
}

DECLARE(int, udev_monitor_enable_receiving, struct udev_monitor *monitor)
{
	(void)monitor;
	return fake.fail_receiving ? -EPERM : 0;
}

DECLARE(int, udev_monitor_get_fd, struct udev_monitor *monitor)
{
	(void)monitor;
	return fake.wake_read;
}

DECLARE(struct udev_device *, udev_monitor_receive_device, struct udev_monitor *monitor)
{
	char byte = 0;

	(void)monitor;
	assert_int_equal(read(fake.wake_read, &byte, 1), 1);
	if (fake.lost) {
		fake.lost = false;
		errno = ENOBUFS;
		return NULL;
	}
	fake.references++;
	return &fake.news;
}

DECLARE(struct udev_enumerate *, udev_enumerate_new, struct udev *udev)
{
	(void)udev;
	return fake.fail_enumerate ? NULL : reference();
}

DECLARE(struct udev_enumerate *, udev_enumerate_unref, struct udev_enumerate *enumerate)
{
	(void)enumerate;
	fake.references--;
	return NULL;
}

DECLARE(int, udev_enumerate_add_match_subsystem, struct udev_enumerate *enumerate,
	const char *subsystem)
{
	(void)enumerate;
	fake.scanned = subsystem;
	return 0;
}

DECLARE(int, udev_enumerate_scan_devices, struct udev_enumerate *enumerate)
{
	(void)enumerate;
	return fake.fail_scan ? -EIO : 0;
}

/* The entries are the devices themselves. */
static struct udev_list_entry *next_entry(size_t index)
{
	for (; index < fake.present_count; index++)
		if (strcmp(fake.present[index].subsystem, fake.scanned) == 0)
			return (struct udev_list_entry *)&fake.present[index];
	return NULL;
}

DECLARE(struct udev_list_entry *, udev_enumerate_get_list_entry, struct udev_enumerate *enumerate)
{
	(void)enumerate;
	return next_entry(0);
}

DECLARE(struct udev_list_entry *, udev_list_entry_get_next, struct udev_list_entry *entry)
{
	return next_entry((size_t)((struct udev_device *)entry - fake.present) + 1);
}

DECLARE(const char *, udev_list_entry_get_name, struct udev_list_entry *entry)
{
	return (const char *)entry;
}

DECLARE(struct udev_device *, udev_device_new_from_syspath, struct udev *udev, const char *path)
{
	(void)udev;
	fake.references++;
	/* Taken for a string by the one who asks, and back for a device here. */
	return (struct udev_device *)(uintptr_t)path;
}

DECLARE(struct udev_device *, udev_device_unref, struct udev_device *device)
{
	fake.references -= device != NULL;
	return NULL;
}

DECLARE(const char *, udev_device_get_syspath, struct udev_device *device)
{
	return tree_path(&tree, device->path);
}

DECLARE(const char *, udev_device_get_sysname, struct udev_device *device)
{
	return strrchr(device->path, '/') + 1;
}

DECLARE(const char *, udev_device_get_subsystem, struct udev_device *device)
{
	return device->subsystem;
}

DECLARE(const char *, udev_device_get_devnode, struct udev_device *device)
{
	return device->node ? tree_path(&tree, device->node) : NULL;
}

DECLARE(const char *, udev_device_get_action, struct udev_device *device)
{
	return device->action;
}

DECLARE(const char *, udev_device_get_property_value, struct udev_device *device, const char *key)
{
	assert_string_equal(key, "DEVPATH_OLD");
	return device->old_path;
}

DECLARE(int, nic_permanent_mac, const char *interface, char mac[static NIC_MAC_TEXT_BYTES])
{
	if (strcmp(interface, "eth0") != 0)
		return -EOPNOTSUPP;
	(void)snprintf(mac, NIC_MAC_TEXT_BYTES, "00:11:22:33:44:55");
	return 0;
}

int __real_confine_clone(uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd);

DECLARE(int, confine_clone, uint64_t namespaces, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd)
{
	return fake.fail_clone ? -EAGAIN
			       : __real_confine_clone(namespaces, cgroup_fd, ret_pid, ret_pidfd);
}

static void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void tell(const char *format, ...)
{
	size_t length = strlen(story);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(story + length, sizeof(story) - length, format, arguments);
	va_end(arguments);
}

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static void on_disk_added(const struct disk_device *disk, void *userdata)
{
	(void)userdata;
	tell("+%s %llu %s %s %s;", disk->name, (unsigned long long)disk->size_bytes,
	     or_dash(disk->type), or_dash(disk->label), or_dash(disk->skipped));
}

static void on_removed(const char *name, void *userdata)
{
	(void)userdata;
	tell("-%s;", name);
}

static void on_nic_added(const struct nic_device *nic, void *userdata)
{
	(void)userdata;
	tell("+%s %s %d;", nic->name, or_dash(nic->mac), nic->link);
}

static const struct devices_callbacks callbacks = { .disk_added = on_disk_added,
						    .disk_removed = on_removed,
						    .nic_added = on_nic_added,
						    .nic_removed = on_removed };

static void expect_story(const char *expected)
{
	assert_string_equal(story, expected);
	story[0] = '\0';
}

/* A disk image of 64 KiB with an ISO file system's first and last descriptor in it. */
static void make_image(const char *path, const char *label)
{
	static uint8_t image[20 * 2048];
	uint8_t *volume = image + 16 * 2048;

	memset(image, 0, sizeof(image));
	if (label) {
		memcpy(volume,
		       "\x01"
		       "CD001\x01",
		       7);
		memset(volume + 40, ' ', 32);
		memcpy(volume + 40, label, strlen(label));
		volume[129] = 0x08;
		memcpy(volume + 2048,
		       "\xff"
		       "CD001\x01",
		       7);
	}
	tree_bytes(&tree, path, image, sizeof(image));
}

static const struct udev_device sda = { .path = BLOCK "sda", .node = "/sda", .subsystem = "block" };
static const struct udev_device sdb = { .path = BLOCK "sdb", .node = "/sdb", .subsystem = "block" };
static const struct udev_device eth0 = { .path = "/sys/devices/pci/net/eth0", .subsystem = "net" };
static const struct udev_device lo = { .path = "/sys/devices/virtual/net/lo", .subsystem = "net" };

static void make_nic(const char *path, const char *carrier)
{
	char file[PATH_MAX];

	(void)snprintf(file, sizeof(file), "%s/device/vendor", path);
	tree_file(&tree, file, "0x1af4\n");
	(void)snprintf(file, sizeof(file), "%s/address", path);
	tree_file(&tree, file, "52:54:00:00:00:01\n");
	(void)snprintf(file, sizeof(file), "%s/carrier", path);
	tree_file(&tree, file, carrier);
}

static int setup(void **state)
{
	int fds[2] = {};

	(void)state;
	memset(&fake, 0, sizeof(fake));
	story[0] = '\0';
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	fake.wake_read = fds[0];
	fake.wake_write = fds[1];
	tree_make(&tree);
	tree_file(&tree, BLOCK "sda/size", "80\n");
	tree_file(&tree, BLOCK "sdb/size", "80\n");
	make_image("/sda", NULL);
	make_image("/sdb", "STICK");
	make_nic("/sys/devices/pci/net/eth0", "1\n");
	tree_file(&tree, "/sys/devices/virtual/net/lo/address", "00:00:00:00:00:00\n");
	return sd_event_new(&event);
}

static int teardown(void **state)
{
	(void)state;
	devices_free(devices);
	devices = NULL;
	event = sd_event_unref(event);
	tree_remove(&tree);
	(void)close(fake.wake_read);
	(void)close(fake.wake_write);
	assert_int_equal(fake.references, 0);
	assert_no_child();
	return 0;
}

static void add_present(struct udev_device device)
{
	fake.present[fake.present_count++] = device;
}

static void scan(void)
{
	assert_int_equal(devices_new(event, NULL, &callbacks, &devices), 0);
}

static void run(void)
{
	while (sd_event_run(event, 300000) > 0)
		;
}

static void happen(struct udev_device device, const char *action)
{
	fake.news = device;
	fake.news.action = action;
	assert_int_equal(write(fake.wake_write, "x", 1), 1);
	run();
}

static void test_first_scan(void **state)
{
	size_t count = 0;

	(void)state;
	add_present(sdb);
	add_present(eth0);
	add_present(lo);
	scan();
	expect_story("+eth0 00:11:22:33:44:55 1;+sdb 40960 iso9660 STICK -;");
	assert_string_equal(devices_disks(devices, &count)[0].name, "sdb");
	assert_int_equal(count, 1);
	assert_true(devices_nics(devices, &count)[0].link);
	assert_int_equal(count, 1);
	/* Carrier is as it is when asked. */
	make_nic("/sys/devices/pci/net/eth0", "0\n");
	assert_false(devices_nics(devices, &count)[0].link);
}

static void test_hot_plug(void **state)
{
	size_t count = 7;

	(void)state;
	add_present(sda);
	scan();
	expect_story("+sda 40960 - - -;");
	happen(sdb, "add");
	expect_story("+sdb 40960 iso9660 STICK -;");
	/* What is known already, seen by the scan as well as by an event. */
	happen(sdb, "add");
	happen(sdb, "change");
	happen(sda, "bind");
	expect_story("");
	happen(sda, "remove");
	expect_story("-sda;");
	happen(sda, "remove");
	expect_story("");
	assert_string_equal(devices_disks(devices, &count)[0].name, "sdb");
	assert_int_equal(count, 1);
}

static void test_change_of_medium(void **state)
{
	(void)state;
	add_present(sdb);
	scan();
	expect_story("+sdb 40960 iso9660 STICK -;");
	make_image("/sdb", "OTHER");
	happen(sdb, "change");
	expect_story("-sdb;+sdb 40960 iso9660 OTHER -;");
	tree_file(&tree, BLOCK "sdb/size", "0\n");
	happen(sdb, "change");
	expect_story("-sdb;+sdb 0 - - 0 bytes;");
}

static void test_nic_comes_and_goes(void **state)
{
	struct udev_device eth1 = { .path = "/sys/devices/pci/net/eth1",
				    .subsystem = "net",
				    .old_path = "/devices/pci/net/eth0" };

	(void)state;
	scan();
	make_nic("/sys/devices/pci/net/eth1", "0\n");
	happen(eth0, "add");
	happen(eth0, "add");
	happen(lo, "add");
	expect_story("+eth0 00:11:22:33:44:55 1;");
	happen(eth1, "move");
	expect_story("-eth0;+eth1 52:54:00:00:00:01 0;");
	happen(eth1, "remove");
	happen(eth0, "remove");
	expect_story("-eth1;");
}

static void test_lost_events(void **state)
{
	(void)state;
	add_present(sda);
	add_present(eth0);
	scan();
	story[0] = '\0';
	fake.present_count = 0;
	add_present(sdb);
	fake.lost = true;
	assert_int_equal(write(fake.wake_write, "x", 1), 1);
	run();
	expect_story("-sda;-eth0;+sdb 40960 iso9660 STICK -;");
}

/* A FIFO hangs the one who opens it, as a dying disk does. */
static void test_slow_disk(void **state)
{
	struct timespec begin, end;
	int fd = -1;

	(void)state;
	assert_int_equal(mkfifo(tree_path(&tree, "/slow"), 0600), 0);
	tree_file(&tree, BLOCK "sdc/size", "80\n");
	add_present(
		(struct udev_device){ .path = BLOCK "sdc", .node = "/slow", .subsystem = "block" });
	add_present(sdb);
	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	scan();
	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	assert_in_range(end.tv_sec - begin.tv_sec, 1, 3);
	expect_story("+sdb 40960 iso9660 STICK -;");
	/* It answers at last. */
	fd = open(tree_path(&tree, "/slow"), O_WRONLY | O_CLOEXEC);
	run();
	(void)close(fd);
	assert_non_null(strstr(story, "+sdc 40960 - - cannot be read"));
}

static bool stick_is_there(void *userdata)
{
	assert_ptr_equal(userdata, story);
	return strstr(story, "STICK");
}

static void test_wait_for_stick(void **state)
{
	(void)state;
	scan();
	assert_int_equal(devices_wait(devices, stick_is_there, story, 50), -ETIMEDOUT);
	fake.news = sdb;
	fake.news.action = "add";
	assert_int_equal(write(fake.wake_write, "x", 1), 1);
	assert_int_equal(devices_wait(devices, stick_is_there, story, 10000), 0);
	expect_story("+sdb 40960 iso9660 STICK -;");
}

static void test_disk_removed_while_probed(void **state)
{
	struct udev_device sdc = { .path = BLOCK "sdc", .node = "/slow", .subsystem = "block" };

	(void)state;
	scan();
	assert_int_equal(mkfifo(tree_path(&tree, "/slow"), 0600), 0);
	tree_file(&tree, BLOCK "sdc/size", "80\n");
	happen(sdc, "add");
	happen(sdc, "change");
	happen(sdc, "remove");
	run();
	expect_story("");
	/* And one that still is, when everything ends. */
	happen(sdc, "add");
}

static void test_no_child_to_be_had(void **state)
{
	(void)state;
	fake.fail_clone = true;
	add_present(sdb);
	scan();
	expect_story("+sdb 40960 - - cannot be probed: Resource temporarily unavailable;");
}

static void test_every_call_fails(void **state)
{
	bool *const calls[] = { &fake.fail_udev, &fake.fail_monitor, &fake.fail_receiving,
				&fake.fail_enumerate, &fake.fail_scan };
	int fds = count_fds();

	(void)state;
	add_present(sdb);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		*calls[i] = true;
		assert_true(devices_new(event, NULL, &callbacks, &devices) < 0);
		*calls[i] = false;
		assert_null(devices);
		assert_int_equal(fake.references, 0);
		assert_int_equal(count_fds(), fds);
	}
	expect_story("");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_first_scan),         TEST(test_hot_plug),
		TEST(test_change_of_medium),   TEST(test_nic_comes_and_goes),
		TEST(test_lost_events),        TEST(test_slow_disk),
		TEST(test_wait_for_stick),     TEST(test_disk_removed_while_probed),
		TEST(test_no_child_to_be_had), TEST(test_every_call_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
