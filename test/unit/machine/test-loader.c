// SPDX-License-Identifier: GPL-2.0-or-later
// EFI variables of the boot loader, and USB sticks that are no disks yet, out of a /sys made for
// it.
#include "fake-tree.h"

#include "base/cleanup.h"
#include "machine/device/usb-disks.h"
#include "machine/loader.h"

#define VARIABLE(name) "/sys/firmware/efi/efivars/" name "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
#define ESP "0F1E2D3C-4B5A-4978-8796-A5B4C3D2E1F0"

static struct tree tree;
static struct loader loader;

static int setup(void **)
{
	tree_make(&tree);
	return 0;
}

static int teardown(void **)
{
	loader_done(&loader);
	tree_remove(&tree);
	return 0;
}

/* Attributes, then UTF-16 with a NUL behind it. */
static void make_variable(const char *path, const char *text, size_t cut)
{
	char value[4 + 2 * 64] = { 6 };
	size_t length = strlen(text) + 1;

	for (size_t i = 0; i < length; i++)
		value[4 + 2 * i] = text[i];
	tree_bytes(&tree, path, value, 4 + 2 * length - cut);
}

static size_t read_partitions(void)
{
	loader_done(&loader);
	assert_int_equal(loader_read(tree.root, NULL, &loader), 0);
	return loader.partition_uuids.count;
}

static void test_variables(void **)
{
	assert_int_equal(read_partitions(), 0);
	assert_false(loader_has_partition(&loader, ESP));
	make_variable(VARIABLE("LoaderDevicePartUUID"), ESP, 0);
	assert_int_equal(read_partitions(), 1);
	assert_true(loader_has_partition(&loader, ESP));
	/* As the kernel and libblkid write it. */
	assert_true(loader_has_partition(&loader, "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0"));
	assert_false(loader_has_partition(&loader, "0f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f1"));
	/* A boot loader on one partition, mvirt.efi on another. */
	make_variable(VARIABLE("StubDevicePartUUID"), "1f1e2d3c-4b5a-4978-8796-a5b4c3d2e1f0", 2);
	assert_int_equal(read_partitions(), 2);
	assert_true(loader_has_partition(&loader, "1F1E2D3C-4b5a-4978-8796-a5b4c3d2e1f0"));
	assert_null(loader.iso_uuid);
}

static void test_garbage(void **)
{
	const char *const wrong[] = { "", "0F1E2D3C", ESP "0",
				      "0F1E2D3C-4B5A-4978-8796-A5B4C3D2E1F/" };

	for (size_t i = 0; i < ELEMENTS(wrong); i++) {
		make_variable(VARIABLE("LoaderDevicePartUUID"), wrong[i], 0);
		assert_int_equal(read_partitions(), 0);
	}
	make_variable(VARIABLE("LoaderDevicePartUUID"), ESP, 3);
	assert_int_equal(read_partitions(), 0);
	tree_file(&tree, VARIABLE("LoaderDevicePartUUID"), "abc");
	assert_int_equal(read_partitions(), 0);
}

static void test_iso(void **)
{
	assert_int_equal(loader_read(tree.root, "2026-11-30-12-34-56-00", &loader), 0);
	assert_string_equal(loader.iso_uuid, "2026-11-30-12-34-56-00");
}

#define USB "/sys/bus/usb/devices/"

static void test_usb_disks(void **)
{
	assert_false(usb_disks_awaited(tree.root));
	tree_file(&tree, USB "2-1/idVendor", "0627\n");
	tree_file(&tree, USB "2-1:1.0/bInterfaceClass", "03\n");
	tree_folder(&tree, USB "2-1:1.0/driver");
	assert_false(usb_disks_awaited(tree.root));
	/* A stick, before and after its driver, its host, its disk. */
	tree_file(&tree, USB "2-2:1.0/bInterfaceClass", "08\n");
	assert_false(usb_disks_awaited(tree.root));
	tree_folder(&tree, USB "2-2:1.0/driver");
	assert_true(usb_disks_awaited(tree.root));
	tree_folder(&tree, USB "2-2:1.0/host6/target6:0:0/6:0:0:0/block");
	assert_true(usb_disks_awaited(tree.root));
	tree_folder(&tree, USB "2-2:1.0/host6/target6:0:0/6:0:0:0/block/sda");
	assert_false(usb_disks_awaited(tree.root));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_variables, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_iso, setup, teardown),
		cmocka_unit_test_setup_teardown(test_usb_disks, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
