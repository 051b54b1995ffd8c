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

#define FOLDER "test/unit/vmm/argv"
#define NICS_MAX 8
#define DISKS_MAX 16

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

/* All that an input borrows. */
struct resolved {
	struct qemu_argv_nic nics[NICS_MAX];
	struct qemu_argv_disk disks[DISKS_MAX];
	struct qemu_argv_input input;
};

/* As the driver does: devices are direct, what says no format is raw. */
static void resolve(const struct guest_config *config, bool kvm, bool vhost,
		    struct resolved *resolved)
{
	*resolved = (struct resolved){ .input = { .config = config,
						  .kvm = kvm,
						  .vsock_cid =
							  guest_identity_cid(host_id, config->name),
						  .nics = resolved->nics,
						  .disks = resolved->disks } };
	assert_true(config->nic_count <= NICS_MAX && config->disk_count <= DISKS_MAX);
	for (size_t i = 0; i < config->nic_count; i++) {
		resolved->nics[i].vhost = vhost;
		guest_identity_mac(config, i, host_id, resolved->nics[i].mac);
	}
	for (size_t i = 0; i < config->disk_count; i++)
		resolved->disks[i] = (struct qemu_argv_disk){
			.format = config->disks[i].format == DISK_FORMAT_AUTO
					  ? DISK_FORMAT_RAW
					  : config->disks[i].format,
			.direct = config->disks[i].device != NULL,
		};
}

static int build(const struct guest_config *config, bool kvm, bool vhost,
		 struct text_list *ret_argv, char **ret_why)
{
	struct resolved resolved;

	resolve(config, kvm, vhost, &resolved);
	return qemu_argv_build(&resolved.input, ret_argv, ret_why);
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
	_cleanup_free_ char *why = NULL, *arguments = NULL, *fds = strdup("");
	_cleanup_free_ struct qemu_argv_fd *plan = NULL;
	size_t count = 0;

	assert_int_equal(qemu_argv_plan(&resolved->input, &plan, &count), 0);
	for (size_t i = 0; i < count; i++) {
		char *more = text_format("%s# %d %s %zu\n", fds, plan[i].number,
					 qemu_fd_kind_name(plan[i].kind), plan[i].index);

		free(fds);
		fds = more;
	}
	if (qemu_argv_build(&resolved->input, &argv, &why) < 0)
		fail_msg("%s: %s", resolved->input.config->name, why ? why : "not built");
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
	_cleanup_(text_list_done) struct text_list argv = {};
	_cleanup_free_ char *why = NULL;

	assert_int_equal(build(config, true, true, &argv, &why), -EOPNOTSUPP);
	assert_null(argv.items);
	assert_non_null(why);
	if (!strstr(why, part))
		fail_msg("\"%s\" is not in \"%s\"", part, why);
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
	assert_unsupported(&config, "virtio disks only");
	disk.bus = DISK_BUS_SCSI;
	assert_unsupported(&config, "virtio disks only");
	config = plain;
	config.nic_count = 1;
	assert_unsupported(&config, "virtio NICs only");
	config = plain;
	config.cdroms = &cdrom;
	config.cdrom_count = 1;
	assert_unsupported(&config, "no CD-ROM");
	config = plain;
	config.firmware = GUEST_FIRMWARE_UEFI;
	assert_unsupported(&config, "no UEFI");
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
		_cleanup_(text_list_done) struct text_list argv = {};
		_cleanup_free_ char *why = NULL;

		if (cases[i].fits)
			assert_int_equal(build(&config, true, true, &argv, &why), 0);
		else
			assert_unsupported(&config, "ports for sata disks, CD-ROM drives");
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
	static const struct qemu_argv_fd expected[] = {
		{ QEMU_FD_KIND_QMP, 0, 3 },       { QEMU_FD_KIND_CONSOLE, 0, 4 },
		{ QEMU_FD_KIND_SERIAL, 0, 6 },    { QEMU_FD_KIND_SERIAL, 1, 7 },
		{ QEMU_FD_KIND_VARIABLES, 0, 8 }, { QEMU_FD_KIND_VSOCK, 0, 9 },
		{ QEMU_FD_KIND_TAP, 1, 10 },      { QEMU_FD_KIND_TAP, 2, 11 },
		{ QEMU_FD_KIND_VHOST, 2, 12 },    { QEMU_FD_KIND_DISK, 0, 13 },
		{ QEMU_FD_KIND_DISK, 1, 14 },     { QEMU_FD_KIND_CDROM, 1, 15 },
		{ QEMU_FD_KIND_SEED, 0, 16 },
	};
	_cleanup_free_ struct qemu_argv_fd *fds = NULL;
	struct resolved resolved;
	size_t count = 0;

	resolve(&config, false, true, &resolved);
	assert_int_equal(qemu_argv_plan(&resolved.input, &fds, &count), 0);
	assert_int_equal(count, ELEMENTS(expected));
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(fds[i].kind, expected[i].kind);
		assert_int_equal(fds[i].index, expected[i].index);
		assert_int_equal(fds[i].number, expected[i].number);
		assert_int_equal(qemu_argv_fd_number(&resolved.input, fds[i].kind, fds[i].index),
				 fds[i].number);
	}
	assert_int_equal(qemu_argv_fd_number(&resolved.input, QEMU_FD_KIND_KVM, 0), -EBADF);
	assert_int_equal(qemu_argv_fd_number(&resolved.input, QEMU_FD_KIND_TAP, 0), -EBADF);
	assert_int_equal(qemu_argv_fd_number(&resolved.input, QEMU_FD_KIND_VHOST, 1), -EBADF);
	assert_int_equal(qemu_argv_fd_number(&resolved.input, QEMU_FD_KIND_CDROM, 0), -EBADF);
	assert_int_equal(qemu_argv_fd_number(&resolved.input, QEMU_FD_KIND_DISK, 2), -EBADF);
	resolved.input.kvm = true;
	assert_int_equal(qemu_argv_fd_number(&resolved.input, QEMU_FD_KIND_KVM, 0), 5);
	resolved.nics[2].vhost = false;
	assert_int_equal(qemu_argv_fd_number(&resolved.input, QEMU_FD_KIND_DISK, 0), 12);
	for (enum qemu_fd_kind k = 0; k < QEMU_FD_KIND_COUNT; k++)
		assert_non_null(qemu_fd_kind_name(k));
	assert_null(qemu_fd_kind_name(QEMU_FD_KIND_COUNT));
}

/* QEMU is never left to find out what a disk is. */
static void unresolved_format(void **)
{
	char name[] = "web", file[] = "x";
	struct disk_config disk = { .file = file };
	struct guest_config config = { .name = name, .disks = &disk, .disk_count = 1 };
	_cleanup_(text_list_done) struct text_list argv = {};
	_cleanup_free_ char *why = NULL;
	struct resolved resolved;

	resolve(&config, true, true, &resolved);
	resolved.disks[0].format = DISK_FORMAT_AUTO;
	assert_int_equal(qemu_argv_build(&resolved.input, &argv, &why), -EINVAL);
	assert_null(argv.items);
}

/* What a drive is given at run time is what it has at the start. */
static void media(void **)
{
	char name[] = "web", file[] = "x";
	struct cdrom_config cdroms[2] = { {}, { .file = file } };
	struct guest_config config = { .name = name, .cdroms = cdroms, .cdrom_count = 2 };
	_cleanup_(text_list_done) struct text_list argv = {};
	_cleanup_free_ char *why = NULL, *text = NULL, *medium = qemu_argv_medium(1);

	assert_int_equal(build(&config, true, true, &argv, &why), 0);
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
	_cleanup_free_ char *why = NULL, *text = NULL;

	assert_int_equal(build(&config, true, true, &argv, &why), 0);
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
	struct qemu_argv_fd *fds = NULL;
	struct resolved resolved;
	unsigned int n = 0;
	size_t count = 0;
	int r = -ENOMEM;

	resolve(&config, true, true, &resolved);
	while (r < 0) {
		_cleanup_(text_list_done) struct text_list argv = {};
		_cleanup_free_ char *why = NULL;

		allocation_fails_at = ++n;
		r = qemu_argv_build(&resolved.input, &argv, &why);
		assert_true(r == 0 || r == -ENOMEM);
		assert_true((r == 0) == (argv.items != NULL));
		assert_null(why);
	}
	assert_true(allocation_fails_at > 0 && n > 100);
	allocation_fails_at = 1;
	assert_int_equal(qemu_argv_plan(&resolved.input, &fds, &count), -ENOMEM);
	assert_null(fds);
	allocation_fails_at = 1;
	assert_null(qemu_argv_medium(0));
	allocation_fails_at = 2;
	assert_null(qemu_argv_medium(0));
	allocation_fails_at = 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
		cmocka_unit_test(unsupported_by_microvm),
		cmocka_unit_test(too_many_ports),
		cmocka_unit_test(plan),
		cmocka_unit_test(unresolved_format),
		cmocka_unit_test(media),
		cmocka_unit_test(no_injection),
		cmocka_unit_test(no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
