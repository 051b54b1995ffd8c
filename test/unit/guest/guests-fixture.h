/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the tests of the guests' driver: a host with two guests, and a clock to wait on. */
#pragma once

/* clang-format off */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
/* clang-format on */

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"
#ifdef FAKE_VMM
#include "fake-vmm.h"
#else
#include "fake-qemu.h"
#endif
#include "guest/guest-record.h"
#include "guest/guest.h"

#define GIB (UINT64_C(1) << 30)

static char name_web[] = "web", name_db[] = "db", kernel[] = "vmlinuz", lan[] = "lan";
static char disk_file[] = "data:guests/web/disk.img", cpu[] = "host";

/* One host: two guests, what the callbacks answer, and what they were told. */
static struct {
	sd_event *event;
	struct guests *guests;
	struct guest_config guest[2];
	struct disk_config disk[2];
	struct nic_config nic[2];
	size_t guest_count;
	struct guests_environment environment;
	char folder[32], meminfo[64], disk_path[64];
	int open_boot_error, open_disk_error, open_tap_error;
	const char *missing; /* of web: what it needs and is not there */
	int missing_error;
	bool vhost;
	unsigned int all_stopped, power_offs;
	char events[4096]; /* "web running\n"… */
	char detail[512]; /* of the latest event */
} host;

#ifdef FAKE_VMM
static const char *fake_folder(void)
{
	return host.folder;
}
#endif

[[maybe_unused]] static int open_file(const struct guest *, enum guest_file, const char *,
				      int *ret_fd, char **, void *)
{
	if (host.open_boot_error)
		return host.open_boot_error;
	*ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

[[maybe_unused]] static int open_disk(const struct guest *, const struct disk_config *disk,
				      int *ret_fd, enum disk_format *ret_format, char **, void *)
{
	if (host.open_disk_error)
		return host.open_disk_error;
	*ret_fd = open(host.disk_path, (disk->readonly ? O_RDONLY : O_RDWR) | O_CLOEXEC);
	*ret_format = DISK_FORMAT_RAW;
	return *ret_fd < 0 ? -errno : 0;
}

[[maybe_unused]] static int open_tap(const struct guest *guest, size_t nic_index, int *ret_tap_fd,
				     int *ret_vhost_fd, void *)
{
	assert_string_equal(guest_config(guest)->nics[nic_index].network, lan);
	if (host.open_tap_error)
		return host.open_tap_error;
	*ret_tap_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	*ret_vhost_fd = host.vhost ? open("/dev/null", O_RDWR | O_CLOEXEC) : -EBADF;
	return 0;
}

[[maybe_unused]] static int missing(const struct guest *guest, char **ret_what, void *)
{
	if (!host.missing || !text_equal(guest_config(guest)->name, name_web))
		return 0;
	*ret_what = text_format("%s", host.missing);
	return host.missing_error ? host.missing_error : -ENODEV;
}

[[maybe_unused]] static void power_off_host(const struct guest *, void *)
{
	host.power_offs++;
}

[[maybe_unused]] static void on_event(const struct guest *guest, const char *kind,
				      const char *detail, void *)
{
	size_t length = strlen(host.events);

	(void)snprintf(host.events + length, sizeof(host.events) - length, "%s %s\n",
		       guest_config(guest)->name, kind);
	(void)snprintf(host.detail, sizeof(host.detail), "%s", detail ? detail : "");
}

[[maybe_unused]] static void on_all_stopped(void *)
{
	host.all_stopped++;
}

/* What mvirt.conf says now. */
[[maybe_unused]] static struct guest_config *configured(size_t index)
{
	struct guest_config *config = NULL;

	assert_int_equal(guest_config_copy(&host.guest[index], &config), 0);
	return config;
}

[[maybe_unused]] static void redefine(size_t index)
{
	assert_int_equal(guest_redefine(guests_find(host.guests, host.guest[index].name),
					configured(index)),
			 0);
}

[[maybe_unused]] static void new_hostd(void)
{
	static const struct guests_callbacks callbacks = {
		.open_file = open_file,
		.open_disk = open_disk,
		.open_tap = open_tap,
		.missing = missing,
		.power_off_host = power_off_host,
		.event = on_event,
		.all_stopped = on_all_stopped,
	};

	host.events[0] = '\0';
	assert_int_equal(sd_event_new(&host.event), 0);
	assert_int_equal(guests_new(host.event, &host.environment, &callbacks, &host.guests), 0);
	for (size_t i = 0; i < host.guest_count; i++) {
		struct guest *guest = NULL;

		assert_int_equal(
			guests_define(host.guests, configured(i), GUEST_ORIGIN_CONFIG, &guest), 0);
		guest_autostart(guest);
	}
	assert_int_equal(guests_take_left_over(host.guests, GUEST_ORIGIN_CONFIG), 0);
}

/* SIGKILL, as far as the guests can tell: nothing is written or said at the end. */
[[maybe_unused]] static void end_hostd(void)
{
	guests_free(host.guests);
	host.guests = NULL;
	host.event = sd_event_unref(host.event);
}

[[maybe_unused]] static void run_for(uint64_t usec)
{
	uint64_t now = 0, end = 0;

	assert_true(sd_event_now(host.event, CLOCK_MONOTONIC, &now) >= 0);
	for (end = now + usec; now < end;) {
		assert_true(sd_event_run(host.event, end - now) >= 0);
		assert_true(sd_event_now(host.event, CLOCK_MONOTONIC, &now) >= 0);
	}
}

[[maybe_unused]] static struct guest *find(const char *name)
{
	struct guest *guest = guests_find(host.guests, name);

	assert_non_null(guest);
	return guest;
}

/* Runs the loop until the guest is in the state; ten seconds are for slow machines. */
[[maybe_unused]] static void wait_for(const char *name, enum guest_state state)
{
	for (int i = 0; i < 1000 && guest_state(find(name)) != state; i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	if (guest_state(find(name)) != state)
		fail_msg("%s is %s and not %s; events:\n%s", name,
			 guest_state_name(guest_state(find(name))), guest_state_name(state),
			 host.events);
}

/* The loop has nothing left to do at once. */
[[maybe_unused]] static void settle(void)
{
	while (sd_event_run(host.event, 0) > 0)
		;
}

#ifndef FAKE_VMM
[[maybe_unused]] static void qmp_ready(const char *name)
{
	struct qemu_qmp *qmp = fake_qmp(name);

	assert_non_null(qmp);
	qmp->callbacks.ready(qmp->callbacks.userdata);
}

[[maybe_unused]] static void qmp_event(const char *name, const char *event, const char *reason)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *data = NULL;
	struct qemu_qmp *qmp = fake_qmp(name);

	assert_non_null(qmp);
	assert_true(sd_json_variant_set_field_string(&data, "reason", reason) >= 0);
	qmp->callbacks.event(event, data, qmp->callbacks.userdata);
}
#endif

[[maybe_unused]] static void assert_events(const char *expected)
{
	assert_string_equal(host.events, expected);
	host.events[0] = '\0';
}

[[maybe_unused]] static void assert_contains(const char *text, const char *part)
{
	if (!text || !strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text ? text : "(null)");
}

#ifndef FAKE_VMM
[[maybe_unused]] static void start(const char *name)
{
	_cleanup_free_ char *why = NULL;
	int r = guest_start(find(name), &why);

	if (r < 0)
		fail_msg("start %s: %s", name, why);
	qmp_ready(name);
	assert_int_equal(guest_state(find(name)), GUEST_STATE_RUNNING);
}
#endif

[[maybe_unused]] static void write_meminfo(const char *text)
{
	FILE *file = fopen(host.meminfo, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

[[maybe_unused]] static unsigned int count_fds(void)
{
	_cleanup_dir_ DIR *folder = opendir("/proc/self/fd");
	unsigned int count = 0;

	assert_non_null(folder);
	while (readdir(folder))
		count++;
	return count;
}

static unsigned int fds_before;

[[maybe_unused]] static int set_up(void **)
{
	int fd = -EBADF;

	memset(&host, 0, sizeof(host));
	memset(&fake, 0, sizeof(fake));
	fds_before = count_fds();
	(void)snprintf(host.folder, sizeof(host.folder), "/tmp/mvirt-guests-XXXXXX");
	assert_non_null(mkdtemp(host.folder));
	(void)snprintf(host.meminfo, sizeof(host.meminfo), "%s.meminfo", host.folder);
	(void)snprintf(host.disk_path, sizeof(host.disk_path), "%s.disk", host.folder);
	write_meminfo("MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable:    4194304 kB\n");
	fd = open(host.disk_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	fd_close(fd);
	for (size_t i = 0; i < 2; i++) {
		host.disk[i] = (struct disk_config){ .file = disk_file };
		host.nic[i] = (struct nic_config){ .network = lan };
		host.guest[i] = (struct guest_config){
			.name = i == 0 ? name_web : name_db,
			.cpu = cpu,
			.accel = GUEST_ACCEL_TCG,
			.restart = GUEST_RESTART_ON_FAILURE,
			.cpus = 1,
			.memory_bytes = GIB,
			.kernel = kernel,
			.serial_ports = 1,
			.boot = { GUEST_BOOT_DISK, GUEST_BOOT_CDROM, GUEST_BOOT_NETWORK },
			.boot_count = GUEST_BOOT_COUNT,
			.shutdown_timeout_s = 30,
			.disks = &host.disk[i],
			.nics = &host.nic[i],
		};
	}
	host.guest_count = 2;
	host.environment.memory_reserve_bytes = 1;
	host.environment.folder = host.folder;
	host.environment.meminfo = host.meminfo;
	return 0;
}

[[maybe_unused]] static int remove_folder(const char *path)
{
	_cleanup_dir_ DIR *folder = opendir(path);
	struct dirent *entry = NULL;

	while (folder && (entry = readdir(folder))) {
		_cleanup_free_ char *inner = text_format("%s/%s", path, entry->d_name);

		if (entry->d_name[0] == '.')
			continue;
		if (unlink(inner) < 0)
			(void)remove_folder(inner);
	}
	return rmdir(path);
}

[[maybe_unused]] static int tear_down(void **)
{
	end_hostd();
	for (size_t i = 0; i < FAKE_GUESTS_MAX; i++)
		if (fake.processes[i].pid > 0) {
			(void)kill(fake.processes[i].pid, SIGKILL);
			(void)waitpid(fake.processes[i].pid, NULL, 0);
		}
	fake_done();
	(void)unlink(host.meminfo);
	(void)unlink(host.disk_path);
	(void)remove_folder(host.folder);
	return count_fds() == fds_before ? 0 : -1;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
