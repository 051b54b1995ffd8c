// SPDX-License-Identifier: GPL-2.0-or-later
// An autostart whose disk the machine has not found yet.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=guest_qmp_new,--wrap=guest_qmp_execute,--wrap=guest_qmp_free
// link: -Wl,--wrap=guest_console_new,--wrap=guest_console_connect
// link: -Wl,--wrap=guest_console_disconnect,--wrap=guest_console_free
// link: -Wl,--wrap=guest_console_set_line,--wrap=guest_console_written
#include "guests-fixture.h"

#define DISK "serial:KEEP"

/* web, which starts with the host, needs a disk that may be found until then. */
static void begin(uint64_t found_usec)
{
	host.guest[0].autostart = true;
	host.missing_disk = DISK;
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
	assert_waits("web", "waiting for the disk " DISK);
	assert_events("web waiting\n");
	/* Another one: nothing is said again. */
	guests_disk_found(host.guests);
	settle();
	assert_waits("web", "waiting for the disk " DISK);
	assert_events("");
	host.missing_disk = NULL;
	guests_disk_found(host.guests);
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
	assert_waits("web", "waiting for the disk " DISK);
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
	assert_waits("web", "waiting for the disk " DISK);
	assert_waits("db", "waiting for web");
	assert_int_equal(fake.starts, 0);
}

static void delay_begins_when_it_is_found(void **)
{
	host.guest[0].start_delay_s = 1;
	begin(UINT64_MAX - 1);
	host.missing_disk = NULL;
	guests_disk_found(host.guests);
	settle();
	assert_waits("web", "starts after 1 s");
	wait_for("web", GUEST_STATE_STARTING);
}

static void nothing_waits_when_the_host_stops(void **)
{
	begin(UINT64_MAX - 1);
	guests_stop_all(host.guests);
	assert_int_equal(host.all_stopped, 1);
	host.missing_disk = NULL;
	guests_disk_found(host.guests);
	settle();
	assert_int_equal(fake.starts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(starts_when_it_is_found),       TEST(starts_when_none_is_found_any_more),
		TEST(does_not_wait_later),           TEST(those_after_it_wait),
		TEST(delay_begins_when_it_is_found), TEST(nothing_waits_when_the_host_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
