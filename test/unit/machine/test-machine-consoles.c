// SPDX-License-Identifier: GPL-2.0-or-later
// Which consoles get a dashboard, devices without a driver, Secure Boot, TPM and load, and the
// log's history, out of fake trees.
#include "fake-tree.h"

#include "base/cleanup.h"
#include "machine/console/consoles.h"
#include "machine/device/pci.h"
#include "machine/firmware.h"
#include "machine/log-history.h"

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

static void expect_consoles(const char *active, bool hvc, const char *shell, const char *expected)
{
	struct console consoles[CONSOLES_MAX];
	size_t count = consoles_choose(active, hvc, shell, consoles);
	char text[256] = "";

	for (size_t i = 0; i < count; i++) {
		(void)strcat(text, consoles[i].name);
		(void)strcat(text, consoles[i].on_screen ? "* " : " ");
	}
	assert_string_equal(text, expected);
}

static void test_consoles(void **state)
{
	(void)state;
	expect_consoles("tty0 ttyS0\n", false, NULL, "tty1* ttyS0 ");
	expect_consoles("ttyS0 tty0", true, NULL, "ttyS0 tty1* hvc0 ");
	expect_consoles("hvc0 tty1 tty0", true, NULL, "hvc0 tty1* ");
	expect_consoles("", false, NULL, "");
	/* The shell's terminal is the shell's. */
	expect_consoles("tty0 ttyS0 ttyS1", false, "ttyS1", "tty1* ttyS0 ");
	expect_consoles("tty0 ttyS0", false, "tty1", "tty2* ttyS0 ");
	expect_consoles("tty0", true, "hvc0", "tty1* ");
	expect_consoles("../sda a b c d e f g h i j k l m n o p q r s", false, NULL,
			"a b c d e f g h i j k l m n o p ");
}

static void add_device(const char *path, const char *class, const char *vendor, const char *device,
		       bool driver)
{
	char name[PATH_MAX];

	(void)snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/class", path);
	tree_file(&tree, name, class);
	(void)snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/vendor", path);
	tree_file(&tree, name, vendor);
	(void)snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/device", path);
	tree_file(&tree, name, device);
	(void)snprintf(name, sizeof(name), "/sys/bus/pci/devices/%s/driver", path);
	if (driver)
		tree_link(&tree, name, "/sys/class");
}

static void test_driverless(void **state)
{
	struct pci_device *devices = NULL;
	size_t count = 0;

	(void)state;
	tree_folder(&tree, "/sys/class");
	add_device("0000:00:1f.0", "0x060100\n", "0x8086\n", "0x2918\n", false); /* a bridge */
	add_device("0000:00:04.0", "0x020000\n", "0x10ec\n", "0x8029\n", false);
	add_device("0000:00:03.0", "0x020000\n", "0x1af4\n", "0x1000\n", true);
	add_device("0000:00:02.0", "0x010802\n", "0x4242\n", "0x0001\n", false);
	add_device("0000:00:06.0", "0x010700\n", "0x14e4\n", "0x0001\n", false);
	add_device("0000:00:05.0", "garbage\n", "0x10ec\n", "0x8029\n", false);
	assert_return_code(pci_find_driverless(tree.root, &devices, &count), 0);
	assert_int_equal(count, 3);
	assert_string_equal(devices[2].name, "Broadcom SAS controller");
	assert_string_equal(devices[0].path, "0000:00:02.0");
	assert_string_equal(devices[0].id, "4242:0001");
	assert_string_equal(devices[0].name, "NVMe disk");
	assert_string_equal(devices[1].id, "10ec:8029");
	assert_string_equal(devices[1].name, "Realtek Ethernet controller");
	pci_devices_free(devices, count);
}

static void test_no_pci(void **state)
{
	struct pci_device *devices = NULL;
	size_t count = 0;

	(void)state;
	assert_int_equal(pci_find_driverless(tree.root, &devices, &count), -ENOENT);
}

#define VARIABLES "/sys/firmware/efi/efivars/"
#define GUID "-8be4df61-93ca-11d2-aa0d-00e098032b8c"

static void write_variable(const char *name, char value)
{
	const char bytes[] = { 6, 0, 0, 0, value };
	char path[PATH_MAX];
	FILE *file = NULL;

	(void)snprintf(path, sizeof(path), VARIABLES "%s" GUID, name);
	tree_file(&tree, path, "");
	file = fopen(tree_path(&tree, path), "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, sizeof(bytes), 1, file), 1);
	assert_int_equal(fclose(file), 0);
}

static void test_trust(void **state)
{
	uint64_t busy_usec = 0;

	(void)state;
	assert_string_equal(machine_secure_boot(tree.root), "none");
	tree_folder(&tree, VARIABLES "x");
	assert_string_equal(machine_secure_boot(tree.root), "off");
	write_variable("SecureBoot", 1);
	assert_string_equal(machine_secure_boot(tree.root), "on");
	write_variable("SetupMode", 1);
	assert_string_equal(machine_secure_boot(tree.root), "setup");
	assert_null(machine_tpm(tree.root));
	tree_file(&tree, "/sys/class/tpm/tpm0/tpm_version_major", "2\n");
	assert_string_equal(machine_tpm(tree.root), "2.0");
	assert_int_equal(machine_cpu_busy(tree.root, &busy_usec), -ENOENT);
	tree_file(&tree, "/proc/stat", "cpu  100 1 2 9000 50 3 4 7 0 0\ncpu0 1 1\n");
	assert_return_code(machine_cpu_busy(tree.root, &busy_usec), 0);
	assert_int_equal(busy_usec, 110 * 1000000 / sysconf(_SC_CLK_TCK));
}

static void on_line(void *userdata)
{
	++*(unsigned int *)userdata;
}

static void test_log_history(void **state)
{
	const struct log_history_line *line = NULL;
	unsigned int told = 0;

	(void)state;
	/* One record: a file gives all at once, the kernel one at a time. */
	tree_file(&tree, "/kmsg", "29,5,1000000,-;hostd: net lan: up: yes\n SUBSYSTEM=x\n");
	log_history_start(tree_path(&tree, "/kmsg"));
	line = log_history_from(0);
	assert_non_null(line);
	assert_string_equal(line->subject, "net lan");
	assert_string_equal(line->message, "up: yes");
	assert_int_equal(line->level, LOG_LEVEL_NOTICE);
	assert_null(log_history_from(2));
	log_history_set_listener(on_line, &told);
	log_warning("guest web", "crashed");
	log_debug("guest web", "not shown");
	assert_int_equal(told, 1);
	assert_string_equal(log_history_from(2)->subject, "guest web");
	for (int i = 0; i < LOG_HISTORY_LINES; i++)
		log_notice("x", "%d", i);
	/* The oldest are gone. */
	assert_int_equal(log_history_from(0)->sequence, 3);
	log_history_stop();
	assert_null(log_history_from(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_consoles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_driverless, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_pci, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trust, setup, teardown),
		cmocka_unit_test_setup_teardown(test_log_history, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
