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

static char text_reason[] = "QEMU was killed by SIGKILL: \"what\"\t";

/* As in guest.conf; parsed by set_up(). */
static const char definition[] =
	"guest \"web\" {\n machine = \"q35\"\n accel = \"any\"\n cpus = 4\n memory = \"1T\"\n"
	" kernel = \"vmlinuz\"\n cmdline = \"console=ttyS0 \\\"ü\\\"\"\n restart = \"always\"\n"
	" disk { file = \"a b.qcow2\" format = \"qcow2\" bus = \"nvme\" serial = \"S-1\" }\n"
	" nic { mac = \"52:54:00:ff:00:09\" }\n nic { network = \"user\" model = \"rtl8139\" "
	"}\n}\n";

static struct guest_record_device devices[] = {
	{ .kind = VMM_DEVICE_CONTROL },
	{ .kind = VMM_DEVICE_NIC, .index = 1 },
	{ .kind = VMM_DEVICE_DISK, .disk = { .device = UINT64_MAX, .inode = 1, .writable = true } },
	{ .kind = VMM_DEVICE_DISK, .index = 1, .disk = { .device = 2049 } },
};
static char uuid[] = "6ba7b810-9dad-11d1-80b4-00c04fd430c8";

static struct guest_record full = {
	.life = { .state = GUEST_STATE_STOPPING,
		  .ending = GUEST_ENDING_POWER_OFF,
		  .failures = 3,
		  .fast_failures = 2,
		  .restarts = 17,
		  .started_usec = UINT64_C(123456789012),
		  .timer_usec = UINT64_C(123456799012) },
	.reason = text_reason,
	.process = { .pid = 4711, .start_time = UINT64_C(0xffffffffff) },
	.uuid = uuid,
	.index = 6,
	.kvm = true,
	.lacked = true,
	.devices = devices,
	.device_count = ELEMENTS(devices),
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
	assert_int_equal(a->process.pid, b->process.pid);
	assert_int_equal(a->process.start_time, b->process.start_time);
	assert_int_equal(a->device_count, b->device_count);
	assert_true(text_equal(a->uuid, b->uuid));
	assert_ptr_equal(a->vmm, b->vmm);
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
	for (size_t i = 0; i < parsed.device_count; i++) {
		assert_int_equal(parsed.devices[i].kind, devices[i].kind);
		assert_int_equal(parsed.devices[i].index, devices[i].index);
	}
	assert_int_equal(parsed.devices[2].disk.device, UINT64_MAX);
	assert_true(parsed.devices[2].disk.writable);
	assert_string_equal(vmm_name(parsed.vmm), "qemu");
	assert_true(parsed.lacked);
	assert_string_equal(parsed.config->disks[0].file, "a b.qcow2");
	assert_string_equal(parsed.config->disks[0].serial, "S-1");
	assert_int_equal(parsed.config->disks[0].bus, DISK_BUS_NVME);
	assert_memory_equal(parsed.config->nics[0].mac, "\x52\x54\0\xff\0\x09", 6);
	assert_int_equal(parsed.config->nics[1].kind, NIC_NETWORK_USER);
	assert_int_equal(parsed.config->memory_bytes, UINT64_C(1) << 40);
}

/* Of a network with NAT that the next configuration may not have; and another version's record. */
static void networks_of_then(void **)
{
	_cleanup_(guest_record_done) struct guest_record parsed = {}, other = {};
	_cleanup_free_ char *text = NULL, *more = NULL;

	full.config->nics[0].kind = NIC_NETWORK_USER;
	assert_int_equal(guest_record_format(&full, &text), 0);
	full.config->nics[0].kind = NIC_NETWORK_BRIDGE;
	assert_int_equal(guest_record_parse(text, &parsed), 0);
	assert_int_equal(parsed.config->nics[0].kind, NIC_NETWORK_USER);
	assert_int_equal(parsed.config->nics[1].kind, NIC_NETWORK_USER);
	memcpy(strstr(text, "user_nics"), "user_nixs", 9);
	assert_true(asprintf(&more, "{\"of_tomorrow\":[{}],%s", text + 1) > 0);
	assert_int_equal(guest_record_parse(more, &other), 0);
	assert_int_equal(other.config->nics[0].kind, NIC_NETWORK_BRIDGE);
	assert_int_equal(other.config->nics[1].kind, NIC_NETWORK_USER);
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

static char *format_changed(const char *what, const char *with)
{
	_cleanup_free_ char *text = NULL;
	char *at = NULL;

	assert_int_equal(guest_record_format(&full, &text), 0);
	at = strstr(text, what);
	if (!at)
		fail_msg("%s is not in %s", what, text);
	return text_format("%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
}

/* Without these nobody is found. */
static void out_of_range(void **)
{
	static const char *const changes[][2] = {
		{ "\"pid\":4711", "\"pid\":-1" },
		{ "\"pid\":4711", "\"pid\":\"4711\"" },
		{ "\"pid\":", "\"pad\":" },
		{ "\"processes\":", "\"procezzes\":" },
		{ "\"kind\":\"vmm\"", "\"kind\":\"vm\"" },
		{ "\"start_time\":", "\"start_tame\":" },
		{ "\"index\":6", "\"index\":true" },
		{ "guest \\\"web", "guest \\\"Web" },
		{ "guest \\\"web\\\" {", "guest {" },
	};

	for (size_t i = 0; i < ELEMENTS(changes); i++) {
		struct guest_record parsed = {};
		_cleanup_free_ char *text = format_changed(changes[i][0], changes[i][1]);

		assert_int_equal(guest_record_parse(text, &parsed), -EBADMSG);
	}
}

/* What another hostd wrote: the rest is read, it is said what was not, and all of it is written. */
static void of_another_hostd(void **)
{
	static const struct {
		const char *what, *with, *unknown;
		enum guest_state state;
		bool foreign;
	} table[] = {
		{ "\"state\":3", "\"state\":6", "its record has a state that is not known",
		  GUEST_STATE_RUNNING, false },
		{ "\"ending\":1", "\"ending\":5", NULL, GUEST_STATE_STOPPING, false },
		{ "\"failures\":3", "\"failures\":[3]", NULL, GUEST_STATE_STOPPING, false },
		{ "\"devices\":[", "\"devices\":[7,", NULL, GUEST_STATE_STOPPING, false },
		{ "\"devices\":[", "\"devices\":7,\"more\":[", NULL, GUEST_STATE_STOPPING, false },
		{ "\"kind\":\"nic\"", "\"kind\":\"tpm\"", NULL, GUEST_STATE_STOPPING, false },
		/* helpers of tomorrow */
		{ "\"index\":6}]", "\"index\":6},{\"kind\":\"tpm\",\"pid\":7}]", NULL,
		  GUEST_STATE_STOPPING, false },
		{ "\"vmm\":\"qemu\"", "\"vmm\":\"crosvm\"",
		  "it runs in a VMM that is not known: crosvm", GUEST_STATE_STOPPING, false },
		{ "nvme", "nvma",
		  "its record is not all understood: bus is one of \"virtio\", \"scsi\", \"sata\", "
		  "\"nvme\", not \"nvma\"",
		  GUEST_STATE_STOPPING, false },
		{ "\\tmachine = ", "\\tmachin = ",
		  "its record is not all understood: unknown key \"machin\" in guest \"web\": did "
		  "you "
		  "mean \"machine\"?",
		  GUEST_STATE_STOPPING, false },
		{ "\"version\":2", "\"version\":3", "its record is of a later version of hostd",
		  GUEST_STATE_STOPPING, true },
		{ "\"version\":2", "\"version\":\"x\"", "its record is of a later version of hostd",
		  GUEST_STATE_STOPPING, true },
		{ "\"version\":2,", "", NULL, GUEST_STATE_STOPPING, false },
	};

	for (size_t i = 0; i < ELEMENTS(table); i++) {
		_cleanup_(guest_record_done) struct guest_record parsed = {};
		_cleanup_free_ char *text = format_changed(table[i].what, table[i].with),
				    *again = NULL;

		assert_int_equal(guest_record_parse(text, &parsed), 0);
		assert_int_equal(parsed.life.state, table[i].state);
		assert_int_equal(parsed.foreign, table[i].foreign);
		if (!text_equal(parsed.unknown, table[i].unknown))
			fail_msg("%s: %s", table[i].with, parsed.unknown);
		assert_int_equal(parsed.process.pid, full.process.pid);
		assert_int_equal(parsed.index, full.index);
		assert_string_equal(parsed.config->disks[0].file, "a b.qcow2");
		assert_int_equal(parsed.config->nics[1].kind, NIC_NETWORK_USER);
		assert_int_equal(guest_record_format(&parsed, &again), 0);
		/* but for what is of this hostd now */
		if (!strstr(table[i].with, "state") && !strstr(table[i].with, "ending") &&
		    !strstr(table[i].with, "failures"))
			assert_string_equal(again, text);
	}
}

/* Its next run is of this hostd; what the definition has of another is kept with the definition. */
static void renewed(void **)
{
	_cleanup_(guest_record_done) struct guest_record parsed = {};
	_cleanup_free_ char *text = format_changed("\\tmachine = ", "\\tmachin = "), *again = NULL;

	assert_int_equal(guest_record_parse(text, &parsed), 0);
	guest_record_renew(&parsed);
	assert_null(parsed.unknown);
	assert_int_equal(guest_record_format(&parsed, &again), 0);
	assert_string_equal(parsed.config->unknown, "machin = \"q35\"\n");
	assert_non_null(strstr(again, "machin = "));
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
	changed.process.pid = 4712;
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

static int set_up(void **)
{
	struct config_mistakes mistakes = {};
	int r = guest_config_parse(definition, &full.config, &mistakes);

	full.vmm = vmm_default();

	config_mistakes_done(&mistakes);
	return r;
}

static int tear_down(void **)
{
	guest_config_free(full.config);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),    cmocka_unit_test(networks_of_then),
		cmocka_unit_test(not_a_record),  cmocka_unit_test(out_of_range),
		cmocka_unit_test(save_and_load), cmocka_unit_test(of_another_hostd),
		cmocka_unit_test(renewed),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
