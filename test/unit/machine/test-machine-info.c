// SPDX-License-Identifier: GPL-2.0-or-later
// The machine's description out of fake /proc and /sys, and its id.
#include "fake-tree.h"

#include "machine/info.h"

static struct tree tree;

static int setup(void **state)
{
	(void)state;
	tree_make(&tree);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	tree_remove(&tree);
	return 0;
}

static struct machine_info read_info(const char *run)
{
	struct machine_info info = {};

	machine_info_read(tree.root, tree_path(&tree, run), &info);
	return info;
}

static void add_nic(const char *name, const char *device, const char *type, const char *mac)
{
	char path[PATH_MAX];

	tree_folder(&tree, device);
	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/device", name);
	tree_link(&tree, path, device);
	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/addr_assign_type", name);
	tree_file(&tree, path, type);
	(void)snprintf(path, sizeof(path), "/sys/class/net/%s/address", name);
	tree_file(&tree, path, mac);
}

static void test_description(void **state)
{
	struct machine_info info;

	(void)state;
	tree_file(&tree, "/proc/cpuinfo",
		  "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7302P\n");
	tree_file(&tree, "/proc/meminfo",
		  "MemTotal:        1024 kB\nMemFree: 1 kB\nMemAvailable:     512 kB\n");
	tree_folder(&tree, "/sys/firmware/efi");
	info = read_info("/run");
	assert_string_equal(info.cpu_model, "AMD EPYC 7302P");
	assert_string_equal(info.firmware, "uefi");
	assert_int_equal(info.memory_total_bytes, 1 << 20);
	assert_true(info.cpus > 0);
	assert_true(strlen(info.kernel_release) > 0);
	assert_true(machine_uptime_usec() > 0);
}

static void test_nothing_to_read(void **state)
{
	struct machine_info info = read_info("/run");

	(void)state;
	assert_string_equal(info.cpu_model, "");
	assert_string_equal(info.firmware, "bios");
	assert_int_equal(info.memory_total_bytes, 0);
}

static void test_id_from_uuid(void **state)
{
	struct machine_info upper, lower, other;

	(void)state;
	tree_file(&tree, "/sys/class/dmi/id/product_uuid",
		  "4C4C4544-0043-3510-8052-B4C04F4A4E32\n");
	upper = read_info("/run1");
	tree_file(&tree, "/sys/class/dmi/id/product_uuid",
		  "4c4c4544-0043-3510-8052-b4c04f4a4e32\n");
	lower = read_info("/run2");
	assert_memory_equal(upper.host_id, lower.host_id, MACHINE_ID_BYTES);
	tree_file(&tree, "/sys/class/dmi/id/product_uuid",
		  "4c4c4544-0043-3510-8052-b4c04f4a4e33\n");
	other = read_info("/run3");
	assert_memory_not_equal(other.host_id, lower.host_id, MACHINE_ID_BYTES);
	/* A boot keeps its id, whatever changes. */
	lower = read_info("/run1");
	assert_memory_equal(upper.host_id, lower.host_id, MACHINE_ID_BYTES);
}

static void test_id_from_mac(void **state)
{
	struct machine_info first, second;

	(void)state;
	tree_file(&tree, "/sys/class/dmi/id/product_uuid",
		  "03000200-0400-0500-0006-000700080009\n");
	add_nic("eth0", "/sys/devices/pci/1/nic", "0\n", "00:25:90:00:00:02\n");
	first = read_info("/run1");
	/* None of these is lower: on USB, made up, nobody's. */
	add_nic("eth1", "/sys/devices/pci/2/usb1/nic", "0\n", "00:00:00:00:00:01\n");
	add_nic("eth2", "/sys/devices/pci/3/nic", "1\n", "00:00:00:00:00:02\n");
	add_nic("eth3", "/sys/devices/pci/4/nic", "0\n", "00:00:00:00:00:00\n");
	second = read_info("/run2");
	assert_memory_equal(first.host_id, second.host_id, MACHINE_ID_BYTES);
	add_nic("eth4", "/sys/devices/pci/5/nic", "0\n", "00:25:90:00:00:01\n");
	second = read_info("/run3");
	assert_memory_not_equal(first.host_id, second.host_id, MACHINE_ID_BYTES);
}

static void test_id_at_random(void **state)
{
	struct machine_info first = read_info("/run1"), second = read_info("/run2");

	(void)state;
	assert_memory_not_equal(first.host_id, second.host_id, MACHINE_ID_BYTES);
	second = read_info("/run1");
	assert_memory_equal(first.host_id, second.host_id, MACHINE_ID_BYTES);
	/* A damaged file is made anew. */
	tree_file(&tree, "/run1/host-id", "0123456789abcdef0123456789abcdeg\n");
	second = read_info("/run1");
	assert_memory_not_equal(first.host_id, second.host_id, MACHINE_ID_BYTES);
	/* Nowhere to keep it is no reason to have none. */
	tree_file(&tree, "/file", "");
	(void)read_info("/file/run");
}

static void test_uuid(void **state)
{
	(void)state;
	assert_true(machine_uuid_is_usable("4C4C4544-0043-3510-8052-B4C04F4A4E32"));
	assert_false(machine_uuid_is_usable("00000000-0000-0000-0000-000000000000"));
	assert_false(machine_uuid_is_usable("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"));
	assert_false(machine_uuid_is_usable("12345678-1234-5678-90AB-CDDEEFAABBCC"));
	assert_false(machine_uuid_is_usable("Not Settable"));
	assert_false(machine_uuid_is_usable(""));
	assert_false(machine_uuid_is_usable("4C4C4544-0043-3510-8052-B4C04F4A4E3"));
	assert_false(machine_uuid_is_usable("4C4C4544x0043-3510-8052-B4C04F4A4E32"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_description, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_to_read, setup, teardown),
		cmocka_unit_test_setup_teardown(test_id_from_uuid, setup, teardown),
		cmocka_unit_test_setup_teardown(test_id_from_mac, setup, teardown),
		cmocka_unit_test_setup_teardown(test_id_at_random, setup, teardown),
		cmocka_unit_test(test_uuid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
