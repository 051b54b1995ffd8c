// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU's command line: argv/X.conf beside argv/X.ok, one argument a line; what is refused.
// link: -Wl,--wrap=vasprintf,--wrap=strdup,--wrap=malloc,--wrap=calloc
// link: -Wl,--wrap=realloc,--wrap=reallocarray
// clang-format off
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
// clang-format on

#include <dirent.h>
#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "guest/guest-identity.h"
#include "vmm/qemu/qemu-argv.h"
#include "vmm/qemu/qemu.h"

#define FOLDER "test/unit/vmm/argv"
#define NICS_MAX 8
#define DEVICES_MAX 64
/* What the machine's fds are here. */
#define FD_SOME 1000

static const uint8_t host_id[16] = "0123456789abcdef";

/* The allocation that fails, counted down; 0: none. */
static unsigned int allocation_fails_at;

static bool allocation_fails(void)
{
	return allocation_fails_at && --allocation_fails_at == 0;
}

/* Wraps function so that it may fail: its result type, parameters, arguments, what failure is. */
#define MAY_FAIL(type, function, parameters, arguments, failure)                     \
	type __real_##function parameters;                                           \
	type __wrap_##function parameters;                                           \
	type __wrap_##function parameters                                            \
	{                                                                            \
		return allocation_fails() ? (failure) : __real_##function arguments; \
	}

MAY_FAIL(int, vasprintf, (char **text, const char *format, va_list values), (text, format, values),
	 -1)
MAY_FAIL(char *, strdup, (const char *text), (text), NULL)
MAY_FAIL(void *, malloc, (size_t size), (size), NULL)
MAY_FAIL(void *, calloc, (size_t count, size_t size), (count, size), NULL)
MAY_FAIL(void *, realloc, (void *old, size_t size), (old, size), NULL)
MAY_FAIL(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size), NULL)

/* A machine with devices that are opened, and numbered as for QEMU. */
struct resolved {
	struct vmm_device devices[DEVICES_MAX];
	struct vmm_machine machine;
	struct qemu_argv_device numbered[DEVICES_MAX];
};

/* As the driver does: devices are direct, what says no format is raw. */
static void open_device(const struct guest_config *config, bool vhost, struct vmm_device *device)
{
	const struct disk_config *disk = NULL;

	device->fds[0] = FD_SOME;
	if (device->kind == VMM_DEVICE_VSOCK)
		device->cid = guest_identity_cid(host_id, config->name);
	if (device->kind == VMM_DEVICE_CDROM && !config->cdroms[device->index].file)
		device->fds[0] = -EBADF;
	if (device->kind == VMM_DEVICE_NIC) {
		guest_identity_mac(config, device->index, host_id, device->mac);
		if (config->nics[device->index].kind == NIC_NETWORK_USER)
			device->fds[0] = -EBADF;
		else if (vhost)
			device->fds[1] = FD_SOME + 1;
	}
	if (device->kind == VMM_DEVICE_DISK) {
		disk = &config->disks[device->index];
		device->format = disk->format == DISK_FORMAT_AUTO ? DISK_FORMAT_RAW : disk->format;
		device->direct = disk->device != NULL;
	}
}

static void resolve(const struct guest_config *config, bool kvm, bool vhost,
		    struct resolved *resolved)
{
	_cleanup_free_ struct vmm_device *devices = NULL;
	size_t count = 0;

	assert_int_equal(vmm_list_devices(config, kvm, &devices, &count), 0);
	assert_true(count <= DEVICES_MAX);
	memcpy(resolved->devices, devices, count * sizeof(*devices));
	for (size_t i = 0; i < count; i++)
		open_device(config, vhost, &resolved->devices[i]);
	resolved->machine = (struct vmm_machine){
		.config = config, .kvm = kvm, .devices = resolved->devices, .device_count = count
	};
	assert_int_equal(qemu_argv_number(&resolved->machine, resolved->numbered), 0);
}

static int build(const struct guest_config *config, bool kvm, bool vhost,
		 struct text_list *ret_argv)
{
	struct resolved resolved;

	resolve(config, kvm, vhost, &resolved);
	return qemu_argv_build(&resolved.machine, resolved.numbered, ret_argv);
}

static char *join(const struct text_list *list)
{
	char *text = NULL;
	size_t length = 0;
	FILE *stream = open_memstream(&text, &length);

	assert_non_null(stream);
	for (size_t i = 0; i < list->count; i++)
		(void)fprintf(stream, "%s\n", list->items[i]);
	assert_int_equal(fclose(stream), 0);
	return text;
}

/* The fds, one a line, and the command line that has them, one argument a line. */
static char *describe(const struct resolved *resolved)
{
	_cleanup_(text_list_done) struct text_list argv = {};
	_cleanup_free_ char *arguments = NULL, *fds = strdup("");

	for (size_t i = 0; i < resolved->machine.device_count; i++)
		for (size_t n = 0; n < VMM_DEVICE_FDS_MAX; n++) {
			const struct qemu_argv_device *numbered = &resolved->numbered[i];
			char *more = NULL;

			if (numbered->numbers[n] < 0)
				continue;
			more = text_format("%s# %d %s %zu%s\n", fds, numbered->numbers[n],
					   vmm_device_kind_name(numbered->device->kind),
					   numbered->device->index, n ? " vhost" : "");
			free(fds);
			fds = more;
		}
	assert_int_equal(qemu_argv_build(&resolved->machine, resolved->numbered, &argv), 0);
	arguments = join(&argv);
	return text_format("%s%s", fds, arguments);
}

static void accept_new(const char *path, const char *got)
{
	_cleanup_file_ FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(got, file) >= 0);
}

/*
 * Returns whether it is as expected. With MVIRT_ACCEPT=1 (make accept) what differs is written
 * anew.
 * "# kvm: no" and "# vhost: no" in the file say what there is.
 */
static bool one_golden(const char *name)
{
	_cleanup_free_ char *conf_path = text_format(FOLDER "/%s.conf", name), *conf = NULL;
	_cleanup_free_ char *ok_path = text_format(FOLDER "/%s.ok", name), *ok = NULL, *got = NULL;
	_cleanup_(host_config_freep) struct host_config *config = NULL;
	_cleanup_(config_mistakes_done) struct config_mistakes mistakes = {};
	struct resolved resolved;

	assert_int_equal(file_read(AT_FDCWD, conf_path, 65536, &conf, NULL), 0);
	assert_int_equal(host_config_parse(conf, &config, &mistakes), 0);
	if (mistakes.count)
		fail_msg("%s:%u: %s", conf_path, mistakes.items[0].line, mistakes.items[0].message);
	assert_int_equal(config->guest_count, 1);
	resolve(&config->guests[0], !strstr(conf, "# kvm: no"), !strstr(conf, "# vhost: no"),
		&resolved);
	got = describe(&resolved);
	if (file_read(AT_FDCWD, ok_path, 65536, &ok, NULL) >= 0 && strcmp(ok, got) == 0)
		return true;
	if (getenv("MVIRT_ACCEPT")) {
		accept_new(ok_path, got);
		return true;
	}
	print_message("# %s is not what comes of %s:\n%s", ok_path, conf_path, got);
	return false;
}

static void golden(void **)
{
	_cleanup_dir_ DIR *folder = opendir(FOLDER);
	struct dirent *entry = NULL;
	unsigned int count = 0, different = 0;

	assert_non_null(folder);
	while ((entry = readdir(folder))) {
		char *end = strstr(entry->d_name, ".conf");

		if (!end || end[5])
			continue;
		*end = '\0';
		different += !one_golden(entry->d_name);
		count++;
	}
	assert_int_equal(different, 0);
	assert_true(count >= 10);
}

static void assert_unsupported(const struct guest_config *config, const char *part)
{
	_cleanup_(verdict_done) struct verdict verdict = vmm_check(&qemu_type, config);

	assert_int_equal(verdict.kind, VERDICT_REFUSED);
	assert_int_equal(verdict.error, -EOPNOTSUPP);
	if (!strstr(verdict.why, part))
		fail_msg("\"%s\" is not in \"%s\"", part, verdict.why);
}

static void unsupported_by_microvm(void **)
{
	char name[] = "web", file[] = "x", lan[] = "lan";
	struct disk_config disk = { .file = file, .bus = DISK_BUS_SATA };
	struct nic_config nic = { .network = lan, .model = NIC_MODEL_E1000 };
	struct cdrom_config cdrom = {};
	const struct guest_config plain = {
		.name = name, .machine = GUEST_MACHINE_MICROVM, .disks = &disk, .nics = &nic
	};
	struct guest_config config = plain;

	config.disk_count = 1;
	assert_unsupported(&config, "disks are on bus \"virtio\" only");
	disk.bus = DISK_BUS_SCSI;
	assert_unsupported(&config, "disks are on bus \"virtio\" only");
	config = plain;
	config.nic_count = 1;
	assert_unsupported(&config, "NICs are model \"virtio\" only");
	config = plain;
	config.cdroms = &cdrom;
	config.cdrom_count = 1;
	assert_unsupported(&config, "no cdrom");
	config = plain;
	config.firmware = GUEST_FIRMWARE_UEFI;
	assert_unsupported(&config, "no firmware \"uefi\"");
	config = plain;
	config.display = GUEST_DISPLAY_VNC;
	assert_unsupported(&config, "no display");
	config = plain;
	config.watchdog = GUEST_WATCHDOG_RESET;
	assert_unsupported(&config, "no watchdog");
	config = plain;
	config.serial_ports = 2;
	assert_unsupported(&config, "one serial port");
}

/* Disks, drives and the seed share the ports. */
static void too_many_ports(void **)
{
	static const struct {
		enum guest_machine machine;
		size_t disks, cdroms;
		bool seed, fits;
	} cases[] = {
		{ GUEST_MACHINE_Q35, 6, 0, false, true },
		{ GUEST_MACHINE_Q35, 7, 0, false, false },
		{ GUEST_MACHINE_Q35, 3, 2, true, true },
		{ GUEST_MACHINE_Q35, 3, 3, true, false },
		{ GUEST_MACHINE_PC, 4, 0, false, true },
		{ GUEST_MACHINE_PC, 5, 0, false, false },
		{ GUEST_MACHINE_PC, 1, 2, true, true },
		{ GUEST_MACHINE_PC, 0, 4, true, false },
		{ GUEST_MACHINE_MICROVM, 0, 0, true, true },
	};
	char name[] = "web", file[] = "x";
	struct disk_config disks[7] = {};
	struct cdrom_config cdroms[4] = {};

	for (size_t i = 0; i < ELEMENTS(disks); i++)
		disks[i] = (struct disk_config){ .file = file, .bus = DISK_BUS_SATA };
	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		const struct guest_config config = { .name = name,
						     .machine = cases[i].machine,
						     .disks = disks,
						     .disk_count = cases[i].disks,
						     .cdroms = cdroms,
						     .cdrom_count = cases[i].cdroms,
						     .cloud_init.present = cases[i].seed };

		if (cases[i].fits)
			assert_int_equal(vmm_check(&qemu_type, &config).kind, VERDICT_OK);
		else
			assert_unsupported(&config, " ports, for ");
	}
}

/* Every fd but 0 to 2 is in the plan, once, and every number on the command line is of the plan. */
static void plan(void **)
{
	char name[] = "web", file[] = "x", lan[] = "lan";
	struct disk_config disks[2] = { { .file = file }, { .file = file } };
	struct cdrom_config cdroms[3] = { {}, { .file = file }, {} };
	struct nic_config nics[3] = { { .kind = NIC_NETWORK_USER },
				      { .network = lan, .model = NIC_MODEL_E1000 },
				      { .network = lan } };
	struct guest_config config = { .name = name,
				       .serial_ports = 3,
				       .firmware = GUEST_FIRMWARE_UEFI,
				       .vsock = true,
				       .disks = disks,
				       .disk_count = 2,
				       .cdroms = cdroms,
				       .cdrom_count = 3,
				       .nics = nics,
				       .nic_count = 3,
				       .cloud_init.present = true };
	static const struct {
		enum vmm_device_kind kind;
		size_t index;
		int numbers[2];
	} expected[] = {
		{ VMM_DEVICE_CONTROL, 0, { 3, -EBADF } },
		{ VMM_DEVICE_SERIAL, 0, { 4, -EBADF } },
		{ VMM_DEVICE_SERIAL, 1, { 5, -EBADF } },
		{ VMM_DEVICE_SERIAL, 2, { 6, -EBADF } },
		{ VMM_DEVICE_VARIABLES, 0, { 7, -EBADF } },
		{ VMM_DEVICE_VSOCK, 0, { 8, -EBADF } },
		{ VMM_DEVICE_NIC, 0, { -EBADF, -EBADF } },
		{ VMM_DEVICE_NIC, 1, { 9, -EBADF } },
		{ VMM_DEVICE_NIC, 2, { 10, 11 } },
		{ VMM_DEVICE_DISK, 0, { 12, -EBADF } },
		{ VMM_DEVICE_DISK, 1, { 13, -EBADF } },
		{ VMM_DEVICE_CDROM, 0, { -EBADF, -EBADF } },
		{ VMM_DEVICE_CDROM, 1, { 14, -EBADF } },
		{ VMM_DEVICE_CDROM, 2, { -EBADF, -EBADF } },
		{ VMM_DEVICE_SEED, 0, { 15, -EBADF } },
	};
	struct resolved resolved;

	resolve(&config, false, true, &resolved);
	assert_int_equal(resolved.machine.device_count, ELEMENTS(expected));
	for (size_t i = 0; i < ELEMENTS(expected); i++) {
		assert_int_equal(resolved.devices[i].kind, expected[i].kind);
		assert_int_equal(resolved.devices[i].index, expected[i].index);
		for (size_t n = 0; n < VMM_DEVICE_FDS_MAX; n++)
			assert_int_equal(resolved.numbered[i].numbers[n], expected[i].numbers[n]);
	}
	for (enum vmm_device_kind k = 0; k < VMM_DEVICE_COUNT; k++)
		assert_non_null(vmm_device_kind_name(k));
	assert_null(vmm_device_kind_name(VMM_DEVICE_COUNT));
}

/* What the launcher is given, and that nothing is started without an fd that is needed. */
static void plan_of_fds(void **)
{
	char name[] = "web", file[] = "x", lan[] = "lan";
	struct disk_config disk = { .file = file };
	struct nic_config nics[2] = { { .kind = NIC_NETWORK_USER }, { .network = lan } };
	struct guest_config config = { .name = name,
				       .kernel = file,
				       .initrd = file,
				       .disks = &disk,
				       .disk_count = 1,
				       .nics = nics,
				       .nic_count = 2 };
	_cleanup_(vmm_plan_done) struct vmm_plan plan = {}, none = {};
	const struct guest_process_spec *spec = NULL;
	struct resolved resolved;

	resolve(&config, true, true, &resolved);
	for (size_t i = 0; i < resolved.machine.device_count; i++)
		resolved.devices[i].fds[0] += resolved.devices[i].fds[0] < 0 ? 0 : 10 * (int)i;
	assert_int_equal(vmm_make_plan(&qemu_type, &resolved.machine, &plan), 0);
	assert_int_equal(plan.count, 1);
	assert_string_equal(plan.processes[0].kind, "vmm");
	spec = &plan.processes[0].spec;
	assert_string_equal(spec->executable, QEMU_PATH);
	assert_string_equal(spec->argv[0], QEMU_PATH);
	assert_non_null(spec->seccomp);
	assert_true(spec->host_network);
	/* control, serial, KVM, tap, vhost, disk; kernel and initrd are files */
	assert_int_equal(spec->fd_count, 6);
	for (size_t i = 0; i < spec->fd_count; i++)
		assert_int_equal(spec->fds[i].number, QEMU_FD_FIRST + (int)i);
	assert_int_equal(spec->file_count, 2);
	assert_string_equal(spec->files[0].path, QEMU_KERNEL_PATH);
	assert_string_equal(spec->files[1].path, QEMU_INITRD_PATH);
	for (size_t i = 0; i < resolved.machine.device_count; i++) {
		struct vmm_device *device = &resolved.devices[i];
		int fd = device->fds[0];

		if (device->kind == VMM_DEVICE_NIC && device->index == 0)
			continue;
		device->fds[0] = -EBADF;
		assert_int_equal(vmm_make_plan(&qemu_type, &resolved.machine, &none), -EBADF);
		assert_null(none.processes);
		device->fds[0] = fd;
	}
}

/* QEMU is never left to find out what a disk is. */
static void unresolved_format(void **)
{
	char name[] = "web", file[] = "x";
	struct disk_config disk = { .file = file };
	struct guest_config config = { .name = name, .disks = &disk, .disk_count = 1 };
	_cleanup_(text_list_done) struct text_list argv = {};
	struct resolved resolved;

	resolve(&config, true, true, &resolved);
	for (size_t i = 0; i < resolved.machine.device_count; i++)
		resolved.devices[i].format = DISK_FORMAT_AUTO;
	assert_int_equal(qemu_argv_build(&resolved.machine, resolved.numbered, &argv), -EINVAL);
	assert_null(argv.items);
}

/* What a drive is given at run time is what it has at the start. */
static void media(void **)
{
	char name[] = "web", file[] = "x";
	struct cdrom_config cdroms[2] = { {}, { .file = file } };
	struct guest_config config = { .name = name, .cdroms = cdroms, .cdrom_count = 2 };
	_cleanup_(text_list_done) struct text_list argv = {};
	_cleanup_free_ char *text = NULL, *medium = qemu_argv_medium(1);

	assert_int_equal(build(&config, true, true, &argv), 0);
	text = join(&argv);
	assert_non_null(strstr(text, "\n-add-fd\nfd=6,set=1001\n"));
	assert_non_null(strstr(text, medium));
	assert_non_null(strstr(medium, "\"node-name\":\"medium1\""));
	assert_non_null(strstr(medium, "/dev/fdset/1001\""));
	assert_non_null(strstr(text, ",id=cd0\n"));
	assert_non_null(strstr(text, ",id=cd1,drive=medium1\n"));
}

/* What the configuration says can never become an option of its own. */
static void no_injection(void **)
{
	char name[] = "web", file[] = "x", serial[] = "a,id=b,,c", cmdline[] = "-device evil,x=y";
	char kernel[] = "-hda,/etc/shadow";
	struct disk_config disk = { .file = file, .serial = serial };
	struct guest_config config = {
		.name = name, .kernel = kernel, .cmdline = cmdline, .disks = &disk, .disk_count = 1
	};
	_cleanup_(text_list_done) struct text_list argv = {};
	_cleanup_free_ char *text = NULL;

	assert_int_equal(build(&config, true, true, &argv), 0);
	text = join(&argv);
	assert_non_null(strstr(text, "\n-append\n-device evil,x=y\n"));
	assert_non_null(strstr(text, ",serial=a,,id=b,,,,c\n"));
	assert_non_null(strstr(text, "\n-kernel\n/kernel\n"));
	assert_null(strstr(text, "shadow"));
}

static void no_memory(void **)
{
	char name[] = "web", file[] = "x", lan[] = "lan", serial[] = "s", cmdline[] = "c";
	struct disk_config disks[4] = { { .file = file, .serial = serial },
					{ .file = file, .bus = DISK_BUS_SATA },
					{ .file = file, .bus = DISK_BUS_NVME },
					{ .file = file, .bus = DISK_BUS_SCSI } };
	struct cdrom_config cdroms[2] = { {}, { .file = file } };
	struct nic_config nic = { .network = lan };
	struct guest_config config = { .name = name,
				       .kernel = file,
				       .initrd = file,
				       .cmdline = cmdline,
				       .firmware = GUEST_FIRMWARE_UEFI,
				       .display = GUEST_DISPLAY_VNC,
				       .serial_ports = 2,
				       .disks = disks,
				       .disk_count = 4,
				       .cdroms = cdroms,
				       .cdrom_count = 2,
				       .nics = &nic,
				       .nic_count = 1,
				       .cloud_init.present = true };
	struct resolved resolved;
	struct vmm_device *devices = NULL;
	unsigned int n = 0;
	size_t count = 0;
	int r = -ENOMEM;

	resolve(&config, true, true, &resolved);
	while (r < 0) {
		_cleanup_(vmm_plan_done) struct vmm_plan made = {};

		allocation_fails_at = ++n;
		r = vmm_make_plan(&qemu_type, &resolved.machine, &made);
		assert_true(r == 0 || r == -ENOMEM);
		assert_true((r == 0) == (made.processes != NULL));
	}
	assert_true(allocation_fails_at > 0 && n > 100);
	allocation_fails_at = 1;
	assert_int_equal(vmm_list_devices(&config, true, &devices, &count), -ENOMEM);
	assert_null(devices);
	allocation_fails_at = 1;
	assert_null(qemu_argv_medium(0));
	allocation_fails_at = 2;
	assert_null(qemu_argv_medium(0));
	allocation_fails_at = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),         cmocka_unit_test(unsupported_by_microvm),
		cmocka_unit_test(too_many_ports), cmocka_unit_test(plan),
		cmocka_unit_test(plan_of_fds),    cmocka_unit_test(unresolved_format),
		cmocka_unit_test(media),          cmocka_unit_test(no_injection),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
