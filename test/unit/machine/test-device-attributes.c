// SPDX-License-Identifier: GPL-2.0-or-later
// Disks and NICs out of a fake sysfs.
#include "fake-tree.h"

#include "machine/device/device-attributes.h"
#include "machine/device/disk-path.h"

#define HOST "/sys/devices/pci0000:00/0000:00:17.0"

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

static void add_file(const char *folder, const char *name, const char *text)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	tree_file(&tree, path, text);
}

static void add_link(const char *folder, const char *name, const char *target)
{
	char path[PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	tree_link(&tree, path, target);
}

/* A SCSI disk's folders below an adapter; returns nothing, the disk is at FOLDER/block/NAME. */
static void add_scsi_disk(const char *device, const char *disk, const char *vendor,
			  const char *model)
{
	add_link(device, "subsystem", "/sys/bus/scsi");
	add_file(device, "vendor", vendor);
	add_file(device, "model", model);
	add_link(disk, "device", device);
	add_file(disk, "size", "2048\n");
	add_file(disk, "ro", "0\n");
	add_file(disk, "removable", "0\n");
}

static void test_sata_disk(void **state)
{
	static const char device[] = HOST "/ata1/host0/target0:0:0/0:0:0:0";
	static const char disk[] = HOST "/ata1/host0/target0:0:0/0:0:0:0/block/sda";
	static const uint8_t page[] = "\x00\x80\x00\x14     WD-WCC4N1234567";
	struct disk_device read = {};
	char path[PATH_MAX];

	(void)state;
	add_scsi_disk(device, disk, "ATA     \n", "WDC WD40EFRX-68N\n");
	(void)snprintf(path, sizeof(path), "%s/vpd_pg80", device);
	tree_bytes(&tree, path, page, sizeof(page) - 1);
	add_file(HOST "/ata1/ata_port/ata1", "port_no", "2\n");
	assert_int_equal(disk_attributes_read(tree_path(&tree, disk), &read), 1);
	assert_string_equal(read.name, "sda");
	assert_string_equal(read.bus, "ata");
	assert_string_equal(read.model, "WDC WD40EFRX-68N");
	assert_string_equal(read.serial, "WD-WCC4N1234567");
	assert_string_equal(read.path, "pci-0000:00:17.0-ata-2.0");
	assert_int_equal(read.size_bytes, 1024 * 1024);
	assert_null(read.parent);
	assert_null(read.skipped);
	assert_false(read.removable);
	disk_device_done(&read);
}

static void test_usb_stick_and_partition(void **state)
{
	static const char usb[] = "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1";
	static const char interface[] = "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0";
	static const char device[] = "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/"
				     "host6/target6:0:0/6:0:0:0";
	static const char disk[] = "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/"
				   "target6:0:0/6:0:0:0/block/sdb";
	static const char part[] = "/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/"
				   "target6:0:0/6:0:0:0/block/sdb/sdb1";
	struct disk_device read = {};

	(void)state;
	add_link(usb, "subsystem", "/sys/bus/usb");
	add_file(usb, "idVendor", "0781\n");
	add_file(usb, "serial", "4C530001230\n");
	add_link(interface, "subsystem", "/sys/bus/usb");
	add_scsi_disk(device, disk, "SanDisk \n", "Ultra Fit       \n");
	add_file(disk, "removable", "1\n");
	add_file(part, "partition", "1\n");
	add_file(part, "size", "100\n");
	add_file(part, "ro", "1\n");
	assert_int_equal(disk_attributes_read(tree_path(&tree, part), &read), 1);
	assert_string_equal(read.name, "sdb1");
	assert_string_equal(read.parent, "sdb");
	assert_string_equal(read.bus, "usb");
	assert_string_equal(read.model, "SanDisk Ultra Fit");
	assert_string_equal(read.serial, "4C530001230");
	assert_string_equal(read.path, "pci-0000:00:14.0-usb-0:1:1.0-scsi-0:0:0:0-part1");
	assert_int_equal(read.size_bytes, 51200);
	assert_true(read.removable);
	assert_true(read.readonly);
	disk_device_done(&read);
}

static void test_nvme_disk(void **state)
{
	static const char controller[] = "/sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0";
	static const char disk[] = "/sys/devices/pci0000:00/0000:01:00.0/nvme/nvme0/nvme0n1";
	struct disk_device read = {};

	(void)state;
	add_link(controller, "subsystem", "/sys/class/nvme");
	add_file(controller, "model", "Samsung SSD 980 PRO 1TB                 \n");
	add_file(controller, "serial", "S5GXNX0R123456      \n");
	add_link(disk, "device", controller);
	add_file(disk, "size", "1953525168\n");
	add_file(disk, "nsid", "1\n");
	assert_int_equal(disk_attributes_read(tree_path(&tree, disk), &read), 1);
	assert_string_equal(read.bus, "nvme");
	assert_string_equal(read.model, "Samsung SSD 980 PRO 1TB");
	assert_string_equal(read.serial, "S5GXNX0R123456");
	assert_string_equal(read.path, "pci-0000:01:00.0-nvme-1");
	assert_int_equal(read.size_bytes, 1953525168ULL * 512);
	disk_device_done(&read);

	add_file(disk, "hidden", "1\n");
	assert_int_equal(disk_attributes_read(tree_path(&tree, disk), &read), 0);
}

/* Behind bridges and an expander: the controller is the last PCI device, the disk known by its own
 * address. A disk of a RAID controller has none. */
static void test_sas_disks(void **state)
{
	static const char port[] = "/sys/devices/pci0000:00/0000:00:01.0/0000:03:00.0/host4/"
				   "port-4:0/expander-4:0/port-4:0:3/end_device-4:0:3";
	static const char disk[] =
		"/sys/devices/pci0000:00/0000:00:01.0/0000:03:00.0/host4/port-4:0/"
		"expander-4:0/port-4:0:3/end_device-4:0:3/target4:0:3/4:0:3:0/"
		"block/sdq";
	static const char volume[] = "/sys/devices/pci0000:00/0000:00:01.0/0000:03:00.0/host4/"
				     "target4:2:1/4:2:1:0/block/sdr";
	char *path = NULL;

	(void)state;
	add_file(disk, "size", "8\n");
	add_file(volume, "size", "8\n");
	add_file(port, "sas_device/end_device-4:0:3/sas_address", "0x5000c500a1b2c3d5\n");
	path = disk_path_read(tree_path(&tree, disk));
	assert_string_equal(path, "pci-0000:03:00.0-sas-0x5000c500a1b2c3d5-lun-0");
	free(path);
	path = disk_path_read(tree_path(&tree, volume));
	assert_string_equal(path, "pci-0000:03:00.0-scsi-0:2:1:0");
	free(path);
	assert_null(disk_path_read(tree_path(&tree, "/sys/devices/virtual/block/dm-0")));
}

static void test_virtio_and_mmc_disks(void **state)
{
	static const char virtio[] = "/sys/devices/pci0000:00/0000:00:02.0/virtio1";
	static const char vda[] = "/sys/devices/pci0000:00/0000:00:02.0/virtio1/block/vda";
	static const char card[] = "/sys/devices/platform/mmc/mmc0/mmc0:0001";
	static const char mmc[] = "/sys/devices/platform/mmc/mmc0/mmc0:0001/block/mmcblk0";
	static const char boot[] = "/sys/devices/platform/mmc/mmc0/mmc0:0001/block/mmcblk0boot0";
	struct disk_device read = {};

	(void)state;
	add_link(virtio, "subsystem", "/sys/bus/virtio");
	add_file(virtio, "vendor", "0x1af4\n");
	add_link(vda, "device", virtio);
	add_file(vda, "size", "8\n");
	add_file(vda, "serial", "root");
	assert_int_equal(disk_attributes_read(tree_path(&tree, vda), &read), 1);
	assert_string_equal(read.bus, "virtio");
	assert_string_equal(read.path, "pci-0000:00:02.0");
	assert_null(read.model);
	assert_string_equal(read.serial, "root");
	disk_device_done(&read);

	add_link(card, "subsystem", "/sys/bus/mmc");
	add_file(card, "name", "DF4016\n");
	add_file(card, "serial", "0x1a2b3c4d\n");
	add_link(mmc, "device", card);
	add_file(mmc, "size", "8\n");
	assert_int_equal(disk_attributes_read(tree_path(&tree, mmc), &read), 1);
	assert_string_equal(read.bus, "mmc");
	assert_string_equal(read.model, "DF4016");
	assert_string_equal(read.serial, "0x1a2b3c4d");
	disk_device_done(&read);

	add_file(boot, "size", "8\n");
	assert_int_equal(disk_attributes_read(tree_path(&tree, boot), &read), 1);
	assert_string_equal(read.skipped, "boot partition of an eMMC");
	disk_device_done(&read);
}

static void test_what_is_skipped(void **state)
{
	static const char empty[] = "/sys/devices/virtual/block/nbd0";
	static const char drive[] = "/sys/devices/virtual/block/sr0";
	static const char member[] = "/sys/devices/virtual/block/sdz";
	static const char *const nobodys[] = { "/sys/devices/virtual/block/loop7",
					       "/sys/devices/virtual/block/ram0",
					       "/sys/devices/virtual/block/zram0" };
	struct disk_device read = {};

	(void)state;
	add_file(empty, "size", "0\n");
	assert_int_equal(disk_attributes_read(tree_path(&tree, empty), &read), 1);
	assert_string_equal(read.skipped, "0 bytes");
	disk_device_done(&read);

	add_file(drive, "size", "0\n");
	add_file(drive, "removable", "1\n");
	assert_int_equal(disk_attributes_read(tree_path(&tree, drive), &read), 1);
	assert_null(read.skipped);
	disk_device_done(&read);

	add_file(member, "size", "8\n");
	add_link(member, "holders/md0", "/sys/block/md0");
	assert_int_equal(disk_attributes_read(tree_path(&tree, member), &read), 1);
	assert_string_equal(read.skipped, "part of md0");
	disk_device_done(&read);

	for (size_t i = 0; i < 3; i++) {
		add_file(nobodys[i], "size", "8\n");
		assert_int_equal(disk_attributes_read(tree_path(&tree, nobodys[i]), &read), 0);
	}
	/* Gone before it was looked at: there is still a name to report and to remove. */
	assert_int_equal(disk_attributes_read(tree_path(&tree, "/sys/devices/sdq"), &read), 1);
	assert_string_equal(read.skipped, "0 bytes");
	disk_device_done(&read);
}

static void test_hostile_attributes(void **state)
{
	static const char disk[] = "/sys/devices/virtual/block/sdx";
	struct disk_device read = {};

	(void)state;
	add_file(disk, "size", "not a number\n");
	add_file(disk, "device/model", "\x1b[2Jevil\x07\n");
	add_file(disk, "device/serial", " \t \n");
	assert_int_equal(disk_attributes_read(tree_path(&tree, disk), &read), 1);
	assert_string_equal(read.model, "[2Jevil");
	assert_null(read.serial);
	assert_int_equal(read.size_bytes, 0);
	disk_device_done(&read);
}

static void test_vpd_page(void **state)
{
	static const uint8_t good[] = "\x00\x80\x00\x04"
				      "AB\x01"
				      "D";
	static const uint8_t other[] = "\x00\x83\x00\x04"
				       "ABCD";
	static const uint8_t blank[] = "\x00\x80\x00\x04    ";
	char *serial = vpd_page80_serial(good, 8);

	(void)state;
	assert_string_equal(serial, "AB?D");
	free(serial);
	/* Longer than its length says is fine; a cut one is not. */
	serial = vpd_page80_serial(good, 9);
	assert_string_equal(serial, "AB?D");
	free(serial);
	for (size_t length = 0; length < 8; length++)
		assert_null(vpd_page80_serial(good, length));
	assert_null(vpd_page80_serial(other, 8));
	assert_null(vpd_page80_serial(blank, 8));
}

static void test_equal(void **state)
{
	struct disk_device a = { .name = (char[]){ "sda" } }, b = a;

	(void)state;
	assert_true(disk_device_equal(&a, &b));
	b.label = (char[]){ "MVIRT" };
	assert_false(disk_device_equal(&a, &b));
	b = a;
	b.size_bytes = 1;
	assert_false(disk_device_equal(&a, &b));
}

static void add_nic(const char *nic, const char *device)
{
	add_link(nic, "device", device);
	add_file(nic, "address", "52:54:00:12:34:56\n");
}

static void test_pci_nic(void **state)
{
	static const char pci[] = "/sys/devices/pci0000:00/0000:00:03.0";
	static const char virtio[] = "/sys/devices/pci0000:00/0000:00:03.0/virtio0";
	static const char nic[] = "/sys/devices/pci0000:00/0000:00:03.0/virtio0/net/eth0";
	struct nic_device read = {};

	(void)state;
	add_link(pci, "subsystem", "/sys/bus/pci");
	add_link(virtio, "subsystem", "/sys/bus/virtio");
	add_link(virtio, "driver", "/sys/bus/virtio/drivers/virtio_net");
	add_nic(nic, virtio);
	add_file(nic, "carrier", "1\n");
	assert_int_equal(nic_attributes_read(tree_path(&tree, nic), &read), 1);
	assert_string_equal(read.name, "eth0");
	assert_string_equal(read.driver, "virtio_net");
	assert_string_equal(read.mac, "52:54:00:12:34:56");
	assert_string_equal(read.pci_path, "0000:00:03.0");
	assert_true(read.link);
	assert_false(read.wireless);
	add_file(nic, "carrier", "0\n");
	assert_false(nic_link_read(tree_path(&tree, nic)));
	nic_device_done(&read);
}

static void test_usb_wireless_nic(void **state)
{
	static const char pci[] = "/sys/devices/pci0000:00/0000:00:14.0";
	static const char usb[] = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0";
	static const char nic[] = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/net/wlan0";
	struct nic_device read = {};

	(void)state;
	add_link(pci, "subsystem", "/sys/bus/pci");
	add_link(usb, "subsystem", "/sys/bus/usb");
	add_nic(nic, usb);
	add_link(nic, "phy80211", "/sys/class/ieee80211/phy0");
	/* No driver link, and "carrier" cannot be read while it is down: no fault. */
	tree_folder(&tree, "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-2/1-2:1.0/net/wlan0/"
			   "carrier");
	assert_int_equal(nic_attributes_read(tree_path(&tree, nic), &read), 1);
	assert_null(read.driver);
	assert_null(read.pci_path);
	assert_false(read.link);
	assert_true(read.wireless);
	nic_device_done(&read);
}

static void test_virtual_interface(void **state)
{
	struct nic_device read = {};

	(void)state;
	add_file("/sys/devices/virtual/net/lan", "address", "52:54:00:12:34:56\n");
	assert_int_equal(
		nic_attributes_read(tree_path(&tree, "/sys/devices/virtual/net/lan"), &read), 0);
	assert_null(read.name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_sata_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_usb_stick_and_partition, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nvme_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sas_disks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_virtio_and_mmc_disks, setup, teardown),
		cmocka_unit_test_setup_teardown(test_what_is_skipped, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hostile_attributes, setup, teardown),
		cmocka_unit_test(test_vpd_page),
		cmocka_unit_test(test_equal),
		cmocka_unit_test_setup_teardown(test_pci_nic, setup, teardown),
		cmocka_unit_test_setup_teardown(test_usb_wireless_nic, setup, teardown),
		cmocka_unit_test_setup_teardown(test_virtual_interface, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
