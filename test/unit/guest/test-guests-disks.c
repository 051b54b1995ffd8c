// SPDX-License-Identifier: GPL-2.0-or-later
// An autostart whose disk the machine has not found yet, or whose data volume is being checked; and
// one that failed for want of it.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=qemu_qmp_new,--wrap=qemu_qmp_execute,--wrap=qemu_qmp_free
// link: -Wl,--wrap=guest_console_new,--wrap=guest_console_connect
// link: -Wl,--wrap=guest_console_disconnect,--wrap=guest_console_free
// link: -Wl,--wrap=guest_console_set_line,--wrap=guest_console_written
#include "guests-fixture.h"

#define DISK "the disk serial:KEEP"
#define VOLUME "the data volume, which is being checked"

/* web, which starts with the host, needs a disk that may be found until then. */
static void begin(uint64_t found_usec)
{
	host.guest[0].autostart = true;
	host.guest[0].disk_count = 1;
	host.missing = DISK;
	host.environment.disks_found_usec = found_usec;
	new_hostd();
	settle();
}

static void assert_waits(const char *name, const char *why)
{
	assert_int_equal(guest_state(find(name)), GUEST_STATE_STOPPED);
	assert_string_equal(guest_waiting(find(name)), why);
}

static void starts_when_it_is_found(void **)
{
	begin(UINT64_MAX - 1);
	assert_waits("web", "waiting for " DISK);
	assert_events("web waiting\n");
	/* Another one: nothing is said again. */
	guests_devices_changed(host.guests);
	settle();
	assert_waits("web", "waiting for " DISK);
	assert_events("");
	host.missing = NULL;
	guests_devices_changed(host.guests);
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STARTING);
	assert_null(guest_waiting(find("web")));
}

/* The start itself says that there is no such disk. */
static void starts_when_none_is_found_any_more(void **)
{
	uint64_t now_usec = 0;

	assert_int_equal(sd_event_new(&host.event), 0);
	assert_true(sd_event_now(host.event, CLOCK_BOOTTIME, &now_usec) >= 0);
	host.event = sd_event_unref(host.event);
	begin(now_usec + 200000);
	assert_waits("web", "waiting for " DISK);
	wait_for("web", GUEST_STATE_STARTING);
}

static void does_not_wait_later(void **)
{
	begin(1);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STARTING);
}

static void those_after_it_wait(void **)
{
	static char *after[] = { name_web };

	host.guest[1].autostart = true;
	host.guest[1].after = (struct text_list){ .items = after, .count = 1 };
	begin(UINT64_MAX - 1);
	assert_waits("web", "waiting for " DISK);
	assert_waits("db", "waiting for web");
	assert_int_equal(fake.starts, 0);
}

static void delay_begins_when_it_is_found(void **)
{
	host.guest[0].start_delay_s = 1;
	begin(UINT64_MAX - 1);
	host.missing = NULL;
	guests_devices_changed(host.guests);
	settle();
	assert_waits("web", "starts after 1 s");
	wait_for("web", GUEST_STATE_STARTING);
}

static void nothing_waits_when_the_host_stops(void **)
{
	begin(UINT64_MAX - 1);
	guests_stop_all(host.guests);
	assert_int_equal(host.all_stopped, 1);
	host.missing = NULL;
	guests_devices_changed(host.guests);
	settle();
	assert_int_equal(fake.starts, 0);
}

/* The check has an end, and until then nobody knows. */
static void waits_for_a_check_without_a_limit(void **)
{
	host.missing_error = -EAGAIN;
	host.guest[0].autostart = true;
	host.missing = VOLUME;
	host.environment.disks_found_usec = 1;
	new_hostd();
	settle();
	assert_waits("web", "waiting for " VOLUME);
	host.missing = NULL;
	guests_devices_changed(host.guests);
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STARTING);
}

/* The disk was not there in time. */
static void fail_for_want_of_it(void)
{
	host.open_disk_error = -ENODEV;
	begin(1);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_FAILED);
	assert_int_equal(fake.starts, 0);
}

static void it_comes(void)
{
	host.open_disk_error = 0;
	host.missing = NULL;
	guests_devices_changed(host.guests);
	settle();
}

static void starts_when_it_comes_later(void **)
{
	fail_for_want_of_it();
	/* Something else has come. */
	guests_devices_changed(host.guests);
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_FAILED);
	it_comes();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STARTING);
	qmp_ready("web");
	/* Whatever comes now is nothing to it. */
	assert_int_equal(guest_kill(find("web"), &(char *){ NULL }), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	it_comes();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPED);
}

/* Its turn comes as at boot: after its start-delay, and those after it. */
static void is_due_as_at_boot(void **)
{
	host.guest[0].start_delay_s = 1;
	host.open_disk_error = -ENODEV;
	begin(1);
	wait_for("web", GUEST_STATE_FAILED);
	it_comes();
	assert_string_equal(guest_waiting(find("web")), "starts after 1 s");
	wait_for("web", GUEST_STATE_STARTING);
}

static void the_next_hostd_knows(void **)
{
	fail_for_want_of_it();
	end_hostd();
	new_hostd();
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_FAILED);
	it_comes();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STARTING);
}

static void others_stay_as_they_are(void **)
{
	/* It failed for something else. */
	host.open_disk_error = -EBUSY;
	begin(1);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_FAILED);
	it_comes();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_FAILED);
	/* Nobody wants it to start by itself. */
	end_hostd();
	(void)remove_folder(host.folder);
	assert_int_equal(mkdir(host.folder, 0700), 0);
	fail_for_want_of_it();
	host.guest[0].autostart = false;
	redefine(0);
	it_comes();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_FAILED);
	assert_int_equal(fake.starts, 0);
}

/* Who says stop means that it is not to start. */
static void a_person_stops_what_waits(void **)
{
	_cleanup_free_ char *why = NULL;

	begin(UINT64_MAX - 1);
	assert_waits("web", "waiting for " DISK);
	host.events[0] = '\0';
	assert_int_equal(guest_stop(find("web"), &why), 0);
	assert_null(guest_waiting(find("web")));
	assert_events("web stopped\n");
	it_comes();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPED);
	assert_int_equal(guest_stop(find("web"), &why), -EALREADY);
	/* The next hostd does not start it either. */
	end_hostd();
	new_hostd();
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPED);
	assert_int_equal(fake.starts, 0);
}

static void a_person_stops_what_failed(void **)
{
	_cleanup_free_ char *why = NULL;

	fail_for_want_of_it();
	assert_int_equal(guest_kill(find("web"), &why), -EALREADY);
	it_comes();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_FAILED);
	assert_int_equal(fake.starts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(starts_when_it_is_found),
		TEST(starts_when_none_is_found_any_more),
		TEST(does_not_wait_later),
		TEST(those_after_it_wait),
		TEST(delay_begins_when_it_is_found),
		TEST(nothing_waits_when_the_host_stops),
		TEST(waits_for_a_check_without_a_limit),
		TEST(starts_when_it_comes_later),
		TEST(is_due_as_at_boot),
		TEST(the_next_hostd_knows),
		TEST(others_stay_as_they_are),
		TEST(a_person_stops_what_waits),
		TEST(a_person_stops_what_failed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
