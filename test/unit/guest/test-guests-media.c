// SPDX-License-Identifier: GPL-2.0-or-later
// The driver of the guests: other media, clients of a display, several serial ports.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=qemu_qmp_new,--wrap=qemu_qmp_execute,--wrap=qemu_qmp_free
// link: -Wl,--wrap=qemu_qmp_execute_with_fd,--wrap=sd_event_add_time_relative
// link: -Wl,--wrap=guest_console_new,--wrap=guest_console_connect
// link: -Wl,--wrap=guest_console_disconnect,--wrap=guest_console_free
// link: -Wl,--wrap=guest_console_set_line,--wrap=guest_console_written
#include "guests-fixture.h"

static char iso[] = "data:iso/one.iso";
static struct cdrom_config drives[2] = { {}, { .file = iso } };

static int set_up_drives(void **state)
{
	int r = set_up(state);

	host.guest[0].machine = GUEST_MACHINE_Q35;
	host.guest[0].cdroms = drives;
	host.guest[0].cdrom_count = ELEMENTS(drives);
	host.guest[0].display = GUEST_DISPLAY_VNC;
	host.guest[0].serial_ports = 3;
	return r;
}

/* Nobody waits for the limit of a change here. */
int __real_sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t handler, void *userdata);
int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t handler, void *userdata);
int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock,
				      uint64_t usec, uint64_t accuracy,
				      sd_event_time_handler_t handler, void *userdata)
{
	if (usec == GUEST_MEDIUM_LIMIT_S * UINT64_C(1000000))
		usec = 100000;
	return __real_sd_event_add_time_relative(event, ret, clock, usec, accuracy, handler,
						 userdata);
}

/* What was told to the one who asked. */
static struct {
	unsigned int times;
	char why[256];
} told;

static void on_done(const char *why, void *userdata)
{
	assert_ptr_equal(userdata, &told);
	told.times++;
	(void)snprintf(told.why, sizeof(told.why), "%s", why ? why : "");
}

static int change(size_t drive, const char *file, char **ret_why)
{
	told = (typeof(told)){};
	return guest_change_medium(find("web"), drive, file, true, on_done, &told, ret_why);
}

#define ADD_FD "add-fd {\"fdset-id\":1001}\n"
#define OPEN                                                   \
	"blockdev-open-tray {\"id\":\"cd1\",\"force\":true}\n" \
	"blockdev-remove-medium {\"id\":\"cd1\"}\n"            \
	"blockdev-del {\"node-name\":\"medium1\"}\n"           \
	"remove-fd {\"fdset-id\":1001}\n"

static void insert(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd();
	start("web");
	host.events[0] = '\0';
	assert_int_equal(change(1, iso, &why), 0);
	assert_memory_equal(fake.commands, OPEN ADD_FD "blockdev-add {", strlen(OPEN ADD_FD) + 14);
	assert_contains(fake.commands, "\"node-name\":\"medium1\"");
	assert_contains(fake.commands, "/dev/fdset/1001");
	assert_contains(fake.commands,
			"blockdev-insert-medium {\"id\":\"cd1\",\"node-name\":\"medium1\"}\n"
			"blockdev-close-tray {\"id\":\"cd1\"}\n");
	assert_int_equal(fake.passed_fds, 1);
	assert_events("web medium\n");
	assert_string_equal(host.detail, "drive 1: data:iso/one.iso");
	assert_int_equal(told.times, 1);
	assert_string_equal(told.why, "");
	/* it can be done again, of a drive that was empty too */
	fake.refused = "blockdev-del";
	assert_int_equal(change(0, iso, &why), 0);
	assert_events("web medium\n");
}

static void eject(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd();
	start("web");
	host.events[0] = '\0';
	assert_int_equal(change(1, NULL, &why), 0);
	assert_string_equal(fake.commands, OPEN);
	assert_int_equal(fake.passed_fds, 0);
	assert_events("web medium\n");
	assert_string_equal(host.detail, "drive 1: empty");
}

/* Whichever step QEMU refuses, it is told, no fd stays open, and the next try is free. */
static void refused_by_qemu(void **)
{
	static const char *const steps[] = {
		"blockdev-open-tray", "blockdev-remove-medium", "add-fd",
		"blockdev-add",       "blockdev-insert-medium", "blockdev-close-tray"
	};
	_cleanup_free_ char *why = NULL;

	new_hostd();
	start("web");
	for (size_t i = 0; i < ELEMENTS(steps); i++) {
		host.events[0] = '\0';
		fake.refused = steps[i];
		assert_int_equal(change(1, iso, &why), 0);
		assert_events("web medium-failed\n");
		assert_contains(host.detail, steps[i]);
		assert_contains(host.detail, "no such thing");
		assert_int_equal(told.times, 1);
		assert_string_equal(told.why, host.detail);
	}
}

/* A guest that has mounted what is in the drive */
static void locked(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd();
	start("web");
	fake.refused = "blockdev-open-tray";
	fake.refusal =
		"Device 'cd1' is locked and force was not specified, wait for tray to open and "
		"try again";
	assert_int_equal(guest_change_medium(find("web"), 1, NULL, false, on_done, &told, &why), 0);
	assert_string_equal(fake.commands, "blockdev-open-tray {\"id\":\"cd1\",\"force\":false}\n");
	assert_string_equal(told.why,
			    "drive 1: the guest has locked it, and was asked to let it go: try "
			    "again, or with force");
}

/* A QEMU that hangs: the one who asked is told once, and the drive is busy until it has answered.
 */
static void late(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd();
	start("web");
	fake.held = "blockdev-open-tray";
	assert_int_equal(change(1, NULL, &why), 0);
	settle();
	assert_int_equal(told.times, 0);
	assert_int_equal(guest_change_medium(find("web"), 1, NULL, true, on_done, &told, &why),
			 -EBUSY);
	assert_string_equal(why, "guest web is changing that medium already");
	for (int waited = 0; told.times == 0 && waited < 100; waited++)
		assert_true(sd_event_run(host.event, 100000) >= 0);
	assert_string_equal(told.why, "drive 1: QEMU has not answered in 20 s");
	fake.held = NULL;
	host.events[0] = '\0';
	fake_answer(NULL);
	assert_events("web medium\n");
	assert_int_equal(told.times, 1);
	assert_int_equal(change(1, NULL, &why), 0);
	assert_int_equal(told.times, 1);
}

/* In each step of a change hostd ends, and in each step QEMU: who asked is told once. */
static void over(void **)
{
	static const char *const steps[] = {
		"blockdev-open-tray", "blockdev-remove-medium", "blockdev-del",
		"remove-fd",          "blockdev-add",           "blockdev-close-tray",
	};

	for (size_t i = 0; i < 2 * ELEMENTS(steps); i++) {
		_cleanup_free_ char *why = NULL;
		bool hostd = i % 2 == 0;

		new_hostd();
		settle();
		if (guest_state(find("web")) == GUEST_STATE_STOPPED)
			start("web");
		qmp_ready("web");
		fake.held = steps[i / 2];
		assert_int_equal(change(1, iso, &why), 0);
		assert_int_equal(told.times, 0);
		fake.held = NULL;
		host.events[0] = '\0';
		if (hostd) {
			end_hostd();
			assert_events("");
		} else {
			assert_int_equal(guest_kill(find("web"), &why), 0);
			wait_for("web", GUEST_STATE_STOPPED);
			assert_contains(host.events, "web medium-failed\n");
			end_hostd();
		}
		assert_int_equal(told.times, 1);
		assert_contains(told.why, "drive 1: ");
	}
}

static void refused_by_us(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd();
	settle();
	assert_int_equal(change(0, NULL, &why), -ESRCH);
	assert_string_equal(why, "guest web is not running: change its definition");
	start("web");
	assert_int_equal(change(2, NULL, &why), -ENODEV);
	assert_string_equal(why, "guest web has 2 CD-ROM drives, counted from 0: there is no 2");
	host.open_boot_error = -ENOENT;
	free(take_ptr(why));
	assert_int_equal(change(1, iso, &why), -ENOENT);
	assert_string_equal(why, "data:iso/one.iso: No such file or directory");
	assert_string_equal(fake.commands, "");
}

static void display(void **)
{
	struct guest *guest = NULL;
	int fd = -EBADF;

	new_hostd();
	settle();
	guest = find("web");
	assert_int_equal(guest_open_display(guest, &fd), -ESRCH);
	start("web");
	assert_int_equal(guest_open_display(guest, &fd), 0);
	assert_string_equal(fake.commands, "getfd {\"fdname\":\"vnc\"}\n"
					   "add_client {\"protocol\":\"vnc\",\"fdname\":\"vnc\","
					   "\"skipauth\":true}\n");
	assert_int_equal(fake.passed_fds, 1);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fd_close(fd);
	start("db");
	assert_int_equal(guest_open_display(find("db"), &fd), -EOPNOTSUPP);
}

static void serial_ports(void **)
{
	struct guest_console_listener *listener = NULL;
	_cleanup_free_ char *said = NULL;
	size_t length = 0;

	new_hostd();
	start("web");
	assert_int_equal(guest_console_read(find("web"), 3, &said, &length), -ENODEV);
	assert_int_equal(guest_console_listen(find("web"), 3, NULL, NULL, &listener), -ENODEV);
	assert_int_equal(guest_console_write(find("web"), 3, "x", 1), -ENOTCONN);
	assert_int_equal(guest_console_read(find("db"), 1, &said, &length), -ENODEV);
	assert_int_equal(fake.fd_numbers[2], 5); /* the second port */
	assert_int_equal(fake.fd_numbers[3], 6);
}

/* What was made of the old name is written down, and what was written down stays. */
static void identity(void **)
{
	_cleanup_(guest_config_freep) struct guest_config *renamed = NULL, *again = NULL;
	char instance_id[GUEST_INSTANCE_ID_BYTES];
	uint8_t mac[6], renamed_mac[6];
	struct guest *guest = NULL;
	char *why = NULL;

	host.guest[0].nic_count = 1;
	host.guest[0].cloud_init.present = true;
	new_hostd();
	settle();
	guest = find("web");
	guest_nic_mac_bytes(guest, 0, mac);
	assert_int_equal(guest_config_rename(guest_config(guest), "other", &renamed), 0);
	assert_int_equal(guest_keep_identity(guest, renamed), 0);
	assert_true(renamed->nics[0].has_mac);
	assert_memory_equal(renamed->nics[0].mac, mac, sizeof(mac));
	assert_string_equal(renamed->cloud_init.instance_id, guest_instance_id(guest, instance_id));

	assert_int_equal(guest_redefine(guest, configured(0)), 0);
	assert_int_equal(guest_config_copy(renamed, &again), 0);
	renamed->cloud_init.instance_id[0] = 'M';
	assert_int_equal(guest_keep_identity(guest, renamed), 0);
	assert_int_equal(renamed->cloud_init.instance_id[0], 'M');
	assert_string_not_equal(renamed->cloud_init.instance_id, again->cloud_init.instance_id);

	/* So it is with the guest itself. */
	assert_int_equal(guest_rename(guest, "other", &why), 0);
	assert_null(why);
	assert_true(guest_config(find("other"))->nics[0].has_mac);
	guest_nic_mac_bytes(find("other"), 0, renamed_mac);
	assert_memory_equal(renamed_mac, mac, sizeof(mac));
}

int main(void)
{
#define DRIVES(function) cmocka_unit_test_setup_teardown(function, set_up_drives, tear_down)
	const struct CMUnitTest tests[] = {
		DRIVES(insert),        DRIVES(eject),   DRIVES(refused_by_qemu),
		DRIVES(refused_by_us), DRIVES(display), DRIVES(serial_ports),
		DRIVES(locked),        DRIVES(late),    DRIVES(over),
		TEST(identity),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
