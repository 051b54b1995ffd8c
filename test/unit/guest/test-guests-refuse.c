// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest is not started for, and what is said then.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=qemu_qmp_new,--wrap=qemu_qmp_execute,--wrap=qemu_qmp_free
// link: -Wl,--wrap=guest_console_new,--wrap=guest_console_connect
// link: -Wl,--wrap=guest_console_disconnect,--wrap=guest_console_free
// link: -Wl,--wrap=guest_console_set_line,--wrap=guest_console_written
#include "guests-fixture.h"

static void assert_refused(const char *name, int error, const char *part)
{
	_cleanup_free_ char *why = NULL;
	int r = guest_start(find(name), &why);

	if (r != error)
		fail_msg("%d and not %d: %s", r, error, why);
	assert_contains(why, part);
	assert_int_equal(fake.starts, 0);
	assert_int_equal(guest_state(find(name)), GUEST_STATE_STOPPED);
}

static void refusals(void **)
{
	host.environment.kvm_why = "the firmware has SVM off";
	host.guest[0].accel = GUEST_ACCEL_KVM;
	host.guest[0].nic_count = 1;
	host.guest[0].disk_count = 1;
	new_hostd();
	settle();
	assert_refused("web", -EOPNOTSUPP,
		       "guest web is not started: it needs KVM, which this machine does not "
		       "offer: the firmware has SVM off");
	host.guest[0].accel = GUEST_ACCEL_ANY;
	host.guest[0].memory_bytes = 4 * GIB;
	redefine(0);
	assert_refused(
		"web", -ENOMEM,
		"memory is to be 4 GiB and 168 MiB for QEMU, and this machine has 4 GiB free, "
		"of which 1 B are kept for the host");
	host.guest[0].memory_bytes = 3 * GIB;
	redefine(0);
	host.open_boot_error = -ENOENT;
	assert_refused("web", -ENOENT, "kernel \"vmlinuz\": No such file or directory");
	host.open_boot_error = 0;
	host.open_disk_error = -EACCES;
	assert_refused("web", -EACCES, "disk \"data:guests/web/disk.img\": Permission denied");
	host.open_disk_error = 0;
	assert_events("");
	start("web"); /* and with all of that mended it starts */
}

/* The same at boot, where nobody listens: the guest is failed, with the reason, for good. */
static void refused_at_boot(void **)
{
	host.guest[0].autostart = true;
	host.guest[1].autostart = true;
	host.guest[0].accel = GUEST_ACCEL_KVM;
	new_hostd();
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_FAILED);
	assert_contains(guest_reason(find("web")), "it needs KVM");
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STARTING);
	run_for(300000);
	assert_int_equal(fake.starts, 1);
	/* And after a hostd's end it still is. */
	end_hostd();
	new_hostd();
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_FAILED);
	assert_contains(guest_reason(find("web")), "it needs KVM");
}

static void network_faults(void **)
{
	_cleanup_free_ char *why = NULL;

	host.guest[0].nic_count = 1;
	host.open_tap_error = -ENOENT;
	new_hostd();
	assert_int_equal(guest_start(find("web"), &why), -EIO);
	assert_contains(why, "network \"lan\" does not exist");
	assert_int_equal(guest_state(find("web")), GUEST_STATE_FAILED);
	/* A fault that may pass is tried again. */
	host.open_tap_error = -ENOSPC;
	assert_int_equal(guest_start(find("web"), &why), -EIO);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_CRASHED);
	host.open_tap_error = 0;
	wait_for("web", GUEST_STATE_STARTING);
	assert_int_equal(fake.starts, 1);
}

static void disk_in_use(void **)
{
	_cleanup_free_ char *why = NULL;

	host.guest[0].disk_count = 1;
	host.guest[1].disk_count = 1;
	new_hostd();
	settle();
	start("web");
	assert_int_equal(guest_start(find("db"), &why), -EBUSY);
	assert_contains(why, "disk \"data:guests/web/disk.img\" is in use by guest web");
	/* A new hostd still knows. */
	end_hostd();
	new_hostd();
	settle();
	assert_int_equal(guest_start(find("db"), &why), -EBUSY);
	assert_int_equal(guest_kill(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	start("db");
}

static void disk_shared_readonly(void **)
{
	host.guest[0].disk_count = 1;
	host.guest[1].disk_count = 1;
	host.disk[0].readonly = true;
	host.disk[1].readonly = true;
	new_hostd();
	start("web");
	start("db");
}

static void start_failures(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd();
	fake.start_error = -EAGAIN;
	assert_int_equal(guest_start(find("web"), &why), -EIO);
	assert_contains(why, "starting QEMU: ");
	wait_for("web", GUEST_STATE_FAILED);
	assert_int_equal(fake.starts, 0);
	fake.start_error = 0;
	fake.prepare_error = -ENOSPC;
	assert_int_equal(guest_start(find("web"), &why), -EIO);
	assert_contains(why, "No space left on device");
	fake.prepare_error = 0;
	wait_for("web", GUEST_STATE_STARTING);
}

/* Without a record nothing is started: a new hostd would not find it. */
static void record_cannot_be_written(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd();
	settle();
	assert_int_equal(rmdir(host.folder), 0);
	assert_int_equal(guest_start(find("web"), &why), -EIO);
	assert_contains(why, "making its place in /run");
	assert_int_equal(fake.starts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refusals),
		TEST(refused_at_boot),
		TEST(network_faults),
		TEST(disk_in_use),
		TEST(disk_shared_readonly),
		TEST(start_failures),
		TEST(record_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
