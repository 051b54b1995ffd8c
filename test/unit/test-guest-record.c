// SPDX-License-Identifier: GPL-2.0-or-later
// What is saved of a guest comes back the same, and nothing half-written is taken for a record.
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "guest/guest-record.h"
#include "guest/guest-spec.h"

static char text_file[] = "disks/a,b \"c\".qcow2", text_serial[] = "S,1", text_lan[] = "lan";
static char text_name[] = "web", text_cpu[] = "host,-svm", text_kernel[] = "vmlinuz";
static char text_initrd[] = "initrd", text_cmdline[] = "console=ttyS0 ü", text_raw[] = "/dev/sdb";
static char text_reason[] = "QEMU was killed by SIGKILL: \"what\"\t";

static struct disk_config disks[] = {
	{ .file = text_file,
	  .serial = text_serial,
	  .format = DISK_FORMAT_QCOW2,
	  .bus = DISK_BUS_NVME,
	  .readonly = true,
	  .line = 7 },
	{ .file = text_raw },
};

static struct nic_config nics[] = {
	{ .network = text_lan, .has_mac = true, .mac = { 0x52, 0x54, 0, 0xff, 0, 9 }, .line = 12 },
	{ .kind = NIC_NETWORK_USER, .model = NIC_MODEL_RTL8139 },
};

static struct guest_config config = {
	.name = text_name,
	.machine = GUEST_MACHINE_MICROVM,
	.accel = GUEST_ACCEL_ANY,
	.restart = GUEST_RESTART_ALWAYS,
	.cpus = 4,
	.memory_bytes = UINT64_C(1) << 40,
	.cpu = text_cpu,
	.kernel = text_kernel,
	.initrd = text_initrd,
	.cmdline = text_cmdline,
	.disks = disks,
	.disk_count = ELEMENTS(disks),
	.nics = nics,
	.nic_count = ELEMENTS(nics),
	.autostart = true,
	.echo_console = true,
	.shutdown_timeout_s = 90,
	.line = 3,
};

static struct guest_disk_identity identities[] = {
	{ .device = UINT64_MAX, .inode = 1, .writable = true },
	{ .device = 2049 },
};

static const struct guest_record full = {
	.config = &config,
	.life = { .state = GUEST_STATE_STOPPING,
		  .ending = GUEST_ENDING_POWER_OFF,
		  .failures = 3,
		  .fast_failures = 2,
		  .restarts = 17,
		  .started_usec = UINT64_C(123456789012),
		  .timer_usec = UINT64_C(123456799012) },
	.reason = text_reason,
	.pid = 4711,
	.start_time = UINT64_C(0xffffffffff),
	.index = 6,
	.kvm = true,
	.disks = identities,
	.disk_count = ELEMENTS(identities),
};

static void assert_same(const struct guest_record *a, const struct guest_record *b)
{
	_cleanup_free_ char *text_a = NULL, *text_b = NULL;

	assert_int_equal(guest_record_format(a, &text_a), 0);
	assert_int_equal(guest_record_format(b, &text_b), 0);
	assert_string_equal(text_a, text_b);
	assert_int_equal(a->life.state, b->life.state);
	assert_int_equal(a->life.timer_usec, b->life.timer_usec);
	assert_int_equal(a->life.started_usec, b->life.started_usec);
	assert_int_equal(a->pid, b->pid);
	assert_int_equal(a->start_time, b->start_time);
	assert_int_equal(a->disk_count, b->disk_count);
	assert_true(text_equal(a->reason, b->reason));
	assert_true(text_equal(a->config->cmdline, b->config->cmdline));
	assert_int_equal(a->config->disk_count, b->config->disk_count);
	assert_int_equal(a->config->nic_count, b->config->nic_count);
}

static void round_trip(void **)
{
	_cleanup_(guest_record_done) struct guest_record parsed = {};
	_cleanup_free_ char *text = NULL;

	assert_int_equal(guest_record_format(&full, &text), 0);
	assert_int_equal(guest_record_parse(text, &parsed), 0);
	assert_same(&full, &parsed);
	assert_int_equal(parsed.disks[0].device, UINT64_MAX);
	assert_true(parsed.disks[0].writable);
	assert_string_equal(parsed.config->disks[0].file, text_file);
	assert_string_equal(parsed.config->disks[0].serial, text_serial);
	assert_int_equal(parsed.config->disks[0].bus, DISK_BUS_NVME);
	assert_null(parsed.config->disks[1].serial);
	assert_memory_equal(parsed.config->nics[0].mac, nics[0].mac, 6);
	assert_null(parsed.config->nics[1].network);
	assert_int_equal(parsed.config->nics[1].kind, NIC_NETWORK_USER);
	assert_int_equal(parsed.config->memory_bytes, UINT64_C(1) << 40);
}

static void smallest(void **)
{
	struct guest_config small = { .name = text_name };
	struct guest_record record = { .config = &small };
	_cleanup_(guest_record_done) struct guest_record parsed = {};
	_cleanup_free_ char *text = NULL;

	assert_int_equal(guest_record_format(&record, &text), 0);
	assert_int_equal(guest_record_parse(text, &parsed), 0);
	assert_same(&record, &parsed);
	assert_null(parsed.reason);
	assert_null(parsed.config->kernel);
}

/* A file that was cut anywhere, and other things that are JSON. */
static void not_a_record(void **)
{
	static const char *const others[] = { "", "null", "[]", "{}", "{\"state\":1}", "7", "{\"" };
	struct guest_record parsed = {};
	_cleanup_free_ char *text = NULL;

	assert_int_equal(guest_record_format(&full, &text), 0);
	for (size_t length = strlen(text) - 2; length > 0; length--) {
		text[length] = '\0';
		assert_int_equal(guest_record_parse(text, &parsed), -EBADMSG);
	}
	for (size_t i = 0; i < ELEMENTS(others); i++)
		assert_int_equal(guest_record_parse(others[i], &parsed), -EBADMSG);
	assert_null(parsed.config);
}

/* Numbers that no enumeration has. */
static void out_of_range(void **)
{
	for (int field = 0; field < 8; field++) {
		struct disk_config disk = { .file = text_file };
		struct nic_config nic = { .network = text_lan };
		struct guest_config bad = { .name = text_name,
					    .disks = &disk,
					    .disk_count = 1,
					    .nics = &nic,
					    .nic_count = 1 };
		struct guest_record record = { .config = &bad }, parsed = {};
		_cleanup_free_ char *text = NULL;

		switch (field) {
		case 0:
			record.life.state = GUEST_STATE_COUNT;
			break;
		case 1:
			record.life.ending = (enum guest_ending)(GUEST_ENDING_BAD + 1);
			break;
		case 2:
			bad.machine = (enum guest_machine)(GUEST_MACHINE_MICROVM + 1);
			break;
		case 3:
			disk.bus = (enum disk_bus)(DISK_BUS_NVME + 1);
			break;
		case 4:
			disk.file = NULL;
			break;
		case 5:
			nic.model = (enum nic_model)(NIC_MODEL_RTL8139 + 1);
			break;
		case 6:
			record.pid = -1;
			break;
		case 7:
			bad.name = text_file;
			break;
		}
		assert_int_equal(guest_record_format(&record, &text), 0);
		assert_int_equal(guest_record_parse(text, &parsed), -EBADMSG);
	}
}

static void save_and_load(void **)
{
	char folder[] = "/tmp/mvirt-record-XXXXXX";
	_cleanup_(guest_record_done) struct guest_record loaded = {};
	struct guest_record none = {}, changed = full;
	struct stat status;
	_cleanup_fd_ int fd = -EBADF;

	assert_non_null(mkdtemp(folder));
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(guest_record_load(fd, "web", &none), -ENOENT);
	assert_int_equal(guest_record_save(fd, &full), 0);
	assert_int_equal(fstatat(fd, "web/record.json", &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	changed.pid = 4712;
	assert_int_equal(guest_record_save(fd, &changed), 0);
	assert_int_equal(guest_record_load(fd, "web", &loaded), 0);
	assert_same(&changed, &loaded);
	assert_int_equal(fstatat(fd, "web/record.json.new", &status, 0), -1);

	/* Another guest's record in its place, and none that can be read. */
	assert_int_equal(renameat(fd, "web", fd, "db"), 0);
	assert_int_equal(guest_record_load(fd, "db", &none), -EBADMSG);
	assert_int_equal(unlinkat(fd, "db/record.json", 0), 0);
	assert_int_equal(mkdirat(fd, "db/record.json", 0700), 0);
	assert_int_equal(guest_record_load(fd, "db", &none), -EISDIR);
	assert_int_equal(unlinkat(fd, "db/record.json", AT_REMOVEDIR), 0);
	assert_int_equal(unlinkat(fd, "db", AT_REMOVEDIR), 0);
	assert_int_equal(rmdir(folder), 0);
	/* The folder is gone: an error, not a crash. */
	assert_true(guest_record_save(fd, &full) < 0);
}

static void copies(void **)
{
	_cleanup_(guest_spec_freep) struct guest_config *copy = NULL;

	assert_int_equal(guest_spec_copy(&config, &copy), 0);
	assert_string_equal(copy->disks[0].file, text_file);
	assert_ptr_not_equal(copy->disks[0].file, text_file);
	assert_int_equal(copy->nic_count, ELEMENTS(nics));
	guest_spec_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),    cmocka_unit_test(smallest),
		cmocka_unit_test(not_a_record),  cmocka_unit_test(out_of_range),
		cmocka_unit_test(save_and_load), cmocka_unit_test(copies),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
