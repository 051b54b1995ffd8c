// SPDX-License-Identifier: GPL-2.0-or-later
// What a new hostd makes of what the old one left, killed at whatever moment.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=guest_qmp_new,--wrap=guest_qmp_execute,--wrap=guest_qmp_free
// link: -Wl,--wrap=guest_console_new,--wrap=guest_console_connect
// link: -Wl,--wrap=guest_console_disconnect,--wrap=guest_console_free
// link: -Wl,--wrap=guest_console_set_line,--wrap=guest_console_written
#include "guests-fixture.h"

static void hostd_killed(void **)
{
	_cleanup_free_ char *why = NULL;
	pid_t pid = 0;
	uint64_t started = 0;

	host.guest[0].autostart = true;
	new_hostd();
	settle();
	qmp_ready("web");
	pid = guest_pid(find("web"));
	started = guest_started_usec(find("web"));
	for (unsigned int hostd = 1; hostd < 4; hostd++) {
		end_hostd();
		new_hostd();
		settle();
		assert_int_equal(fake.adoptions, hostd);
		assert_int_equal(fake.starts, 1);
		assert_int_equal(guest_pid(find("web")), pid);
		assert_int_equal(guest_started_usec(find("web")), started);
		assert_int_equal(guest_state(find("web")), GUEST_STATE_RUNNING);
		assert_contains(host.detail, "taken up again");
		assert_events("web running\n");
		qmp_ready("web");
		assert_events("");
	}
	/* Not its child any more: QMP's word tells how it ended. */
	fake.exits_unknown = true;
	assert_int_equal(guest_stop(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	end_hostd();
	new_hostd();
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPED); /* autostart is for boot */
	assert_int_equal(fake.starts, 1);
}

/* One that was created and not started, in a hostd that is gone. */
static void created_is_not_started(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd();
	assert_int_equal(guest_skip_autostart(find("web")), 0);
	end_hostd();
	host.guest[0].autostart = true;
	new_hostd();
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPED);
	assert_int_equal(fake.starts, 0);
	assert_int_equal(guest_start(find("web"), &why), 0);
	assert_int_equal(fake.starts, 1);
}

static void adopted_powers_off(void **)
{
	new_hostd();
	start("web");
	end_hostd();
	new_hostd();
	settle();
	qmp_ready("web");
	fake.exits_unknown = true;
	qmp_event("web", "SHUTDOWN", "guest-shutdown");
	assert_int_equal(kill(guest_pid(find("web")), SIGUSR1), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	assert_string_equal(host.detail, "powered off");
}

static void process_ended_without_hostd(void **)
{
	new_hostd();
	start("web");
	end_hostd();
	fake.gone = true;
	new_hostd();
	wait_for("web", GUEST_STATE_CRASHED);
	assert_string_equal(guest_reason(find("web")), "QEMU is gone");
	wait_for("web", GUEST_STATE_STARTING);
	assert_int_equal(fake.starts, 2);
}

/* The record was written and hostd killed before the process was known. */
static void half_made(void **)
{
	struct guest_record record = { .config = &host.guest[0],
				       .life = { .state = GUEST_STATE_STARTING } };
	_cleanup_fd_ int fd = open(host.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(guest_record_save(fd, &record), 0);
	new_hostd();
	settle();
	assert_int_equal(fake.adoptions, 0);
	assert_true(fake.cleanups_before_start > 0);
	assert_int_equal(fake.starts, 1);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STARTING);
	end_hostd();
	/* And where it was to be stopped, it stays so. */
	(void)__wrap_guest_process_cleanup("web");
	record.life.state = GUEST_STATE_STOPPING;
	assert_int_equal(guest_record_save(fd, &record), 0);
	new_hostd();
	settle();
	assert_int_equal(fake.starts, 1);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPED);
}

static void back_off_survives_hostd(void **)
{
	new_hostd();
	start("web");
	assert_int_equal(kill(guest_pid(find("web")), SIGKILL), 0);
	wait_for("web", GUEST_STATE_CRASHED);
	end_hostd();
	new_hostd();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_CRASHED);
	wait_for("web", GUEST_STATE_STARTING);
	assert_int_equal(guest_restarts(find("web")), 1);
}

static void broken_record(void **)
{
	_cleanup_free_ char *path = NULL;
	FILE *file = NULL;

	new_hostd();
	start("web");
	end_hostd();
	path = text_format("%s/web/record.json", host.folder);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs("{\"state\": 2, ", file) >= 0);
	assert_int_equal(fclose(file), 0);
	fake.cleanups = 0;
	host.guest[0].autostart = true;
	new_hostd();
	settle();
	/* What may have run was ended before it is started again: __wrap_guest_process_start()
	 * fails the test otherwise. */
	assert_true(fake.cleanups > 0);
	assert_int_equal(fake.starts, 2);
}

/* Not even a broken one: still never two of one guest. */
static void no_record(void **)
{
	new_hostd();
	start("web");
	end_hostd();
	assert_int_equal(remove_folder(host.folder), 0);
	host.guest[0].autostart = true;
	new_hostd();
	settle();
	assert_int_equal(fake.starts, 2);
}

static void not_configured_any_more(void **)
{
	_cleanup_free_ char *why = NULL, *path = text_format("%s/db", host.folder);

	new_hostd();
	start("web");
	start("db");
	assert_int_equal(guest_kill(find("db"), &why), 0);
	wait_for("db", GUEST_STATE_STOPPED);
	end_hostd();
	host.guest_count = 0;
	new_hostd();
	settle();
	assert_int_equal(guests_count(host.guests), 1);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_RUNNING);
	assert_string_equal(guest_config(find("web"))->kernel, kernel);
	assert_int_equal(access(path, F_OK), -1);
	/* Its own rules still hold. */
	assert_int_equal(kill(guest_pid(find("web")), SIGKILL), 0);
	wait_for("web", GUEST_STATE_CRASHED);
	wait_for("web", GUEST_STATE_STARTING);
	assert_int_equal(fake.starts, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hostd_killed),
		TEST(created_is_not_started),
		TEST(adopted_powers_off),
		TEST(process_ended_without_hostd),
		TEST(half_made),
		TEST(back_off_survives_hostd),
		TEST(broken_record),
		TEST(no_record),
		TEST(not_configured_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
