// SPDX-License-Identifier: GPL-2.0-or-later
// What a new hostd makes of what the old one left, killed at whatever moment.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=qemu_qmp_new,--wrap=qemu_qmp_execute,--wrap=qemu_qmp_free
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

/* What is in the record's place; NULL: nothing. */
static void put_record(const char *text)
{
	_cleanup_free_ char *path = text_format("%s/web/record.json", host.folder);
	FILE *file = NULL;

	if (!text) {
		assert_int_equal(unlink(path), 0);
		return;
	}
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static char *get_record(void)
{
	_cleanup_free_ char *path = text_format("%s/web/record.json", host.folder);
	char *text = NULL;

	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, NULL), 0);
	return text;
}

/* The text with the first of what replaced by with. */
static char *changed(const char *text, const char *what, const char *with)
{
	const char *at = strstr(text, what);

	if (!at)
		fail_msg("\"%s\" is not in %s", what, text);
	return text_format("%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
}

/* web was left running, with this record. The same process runs on, the record stays as it is, and
 * it is said why. */
static void assert_left_running(pid_t pid, const char *record, const char *why)
{
	_cleanup_free_ char *kept = NULL;

	new_hostd();
	settle();
	qmp_ready("web");
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_RUNNING);
	assert_int_equal(guest_pid(find("web")), pid);
	assert_int_equal(kill(pid, 0), 0);
	assert_true(guest_started_usec(find("web")) > 0);
	assert_contains(guest_reason(find("web")), why);
	if (record) {
		kept = get_record();
		assert_string_equal(kept, record);
	}
}

/* Whatever is left of it, and whoever reads it next: never the guest's end. */
static void record_not_understood(void **)
{
	_cleanup_free_ char *record = NULL, *later = NULL, *why = NULL, *large = NULL;
	const char *records[] = { "{\"state\": 2, ", "", "[]", "{}", NULL, NULL };
	unsigned int cleanups = 0;
	pid_t pid = 0;

	host.guest[0].autostart = true;
	new_hostd();
	settle();
	qmp_ready("web");
	pid = guest_pid(find("web"));
	end_hostd();
	record = get_record();
	later = changed(record, "\"version\":2", "\"version\":3");
	large = malloc((1 << 20) + 1);
	assert_non_null(large);
	memset(large, ' ', 1 << 20);
	large[1 << 20] = '\0';
	records[4] = large;
	records[5] = later;
	cleanups = fake.cleanups;
	for (size_t i = 0; i < ELEMENTS(records); i++) {
		put_record(records[i]);
		assert_left_running(pid, records[i] == large ? NULL : records[i], "its record ");
		end_hostd();
	}
	/* None at all, twice, for nothing is written in its place. */
	put_record(NULL);
	for (int i = 0; i < 2; i++) {
		assert_left_running(pid, NULL, "its record is gone");
		end_hostd();
	}
	/* The one that wrote it knows it again. */
	put_record(record);
	new_hostd();
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_RUNNING);
	assert_null(guest_reason(find("web")));
	end_hostd();
	assert_int_equal(fake.starts, 1);
	assert_int_equal(fake.cleanups, cleanups);

	/* It can be stopped and started, and then has a record again. */
	put_record(later);
	assert_left_running(pid, later, "its record is of a later version of hostd");
	assert_int_equal(guest_stop(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	end_hostd();
	new_hostd();
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPED);
	start("web");
	assert_null(guest_reason(find("web")));
	end_hostd();
	free(record);
	record = get_record();
	assert_contains(record, "\"version\":2");
}

/* What a later hostd has in the definition, and in the record beside. */
static void unknown_keys(void **)
{
	_cleanup_free_ char *record = NULL, *one = NULL, *two = NULL, *kept = NULL, *why = NULL;
	pid_t pid = 0;

	new_hostd();
	start("web");
	pid = guest_pid(find("web"));
	end_hostd();
	record = get_record();
	one = changed(record, "\\tmachine = ", "\\ttomorrow = \\\"yes\\\"\\n\\tmachine = ");
	two = changed(one, "{\"", "{\"of_tomorrow\":[{\"a\":1}],\"");
	put_record(two);
	assert_left_running(pid, NULL,
			    "its record is not all understood: unknown key \"tomorrow\" in guest "
			    "\"web\"");
	/* What is known counts, and what is not is written back. */
	assert_int_equal(guest_running_config(find("web"))->memory_bytes, GIB);
	fake.deaf = true;
	assert_int_equal(guest_stop(find("web"), &why), 0);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPING);
	kept = get_record();
	assert_contains(kept, "\"of_tomorrow\":[{\"a\":1}]");
	assert_contains(kept, "tomorrow = \\\"yes\\\"");
	assert_contains(kept, "\"state\":3");
	/* The next one sees the stop through. */
	end_hostd();
	new_hostd();
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPING);
	assert_int_equal(guest_kill(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	assert_int_equal(fake.starts, 1);
}

/* What nobody defines any more is not started without what is not understood of it. */
static void unknown_and_undefined(void **)
{
	_cleanup_free_ char *record = NULL, *changed_record = NULL, *why = NULL;
	pid_t pid = 0;

	new_hostd();
	start("web");
	pid = guest_pid(find("web"));
	end_hostd();
	record = get_record();
	changed_record = changed(record, "\\taccel = ", "\\taccelerator = ");
	put_record(changed_record);
	host.guest_count = 0;
	assert_left_running(pid, NULL, "unknown key \"accelerator\"");
	assert_int_equal(kill(pid, SIGKILL), 0);
	wait_for("web", GUEST_STATE_CRASHED);
	wait_for("web", GUEST_STATE_FAILED);
	assert_contains(guest_reason(find("web")), "unknown key \"accelerator\"");
	assert_int_equal(guest_start(find("web"), &why), -EINVAL);
	assert_contains(why, "guest web is not started: its record is not all understood");
	assert_int_equal(fake.starts, 1);
}

/* A record, and nothing that runs. */
static void broken_record(void **)
{
	new_hostd();
	start("web");
	end_hostd();
	put_record("{\"state\": 2, ");
	(void)__wrap_guest_process_cleanup("web");
	host.guest[0].autostart = true;
	new_hostd();
	settle();
	assert_int_equal(fake.starts, 2);
	assert_null(guest_reason(find("web")));
}

/* A folder that went with all that was in it, and a record that could not be written any more. */
static void no_record(void **)
{
	_cleanup_free_ char *record = NULL, *unmade = NULL, *zero = NULL;
	pid_t pid = 0;

	host.guest[0].autostart = true;
	new_hostd();
	settle();
	qmp_ready("web");
	pid = guest_pid(find("web"));
	end_hostd();
	record = get_record();
	assert_int_equal(remove_folder(host.folder), 0);
	assert_left_running(pid, NULL, "its record is gone");
	end_hostd();
	zero = text_format("\"pid\":%d", pid);
	unmade = changed(record, zero, "\"pid\":0");
	put_record(unmade);
	new_hostd();
	settle();
	assert_int_equal(guest_pid(find("web")), pid);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_RUNNING);
	assert_int_equal(fake.starts, 1);
}

/* Lack of what the next look may have: nothing is ended by it. */
static void cannot_be_told(void **)
{
	_cleanup_free_ char *record = NULL;
	unsigned int cleanups = 0;
	pid_t pid = 0;

	new_hostd();
	start("web");
	pid = guest_pid(find("web"));
	end_hostd();
	cleanups = fake.cleanups;
	fake.adopt_error = -EMFILE;
	new_hostd();
	settle();
	assert_int_equal(guest_pid(find("web")), pid);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_RUNNING);
	assert_null(fake_qmp("web"));
	fake.adopt_error = 0;
	for (int i = 0; i < 1000 && !fake_qmp("web"); i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	assert_non_null(fake_qmp("web"));
	assert_contains(host.detail, "taken up again");
	end_hostd();

	/* Neither by its record nor by its process: it is left alone, and not started again. */
	record = get_record();
	put_record("{");
	fake.find_error = -EIO;
	assert_int_equal(sd_event_new(&host.event), 0);
	assert_int_equal(guests_new(host.event, &host.environment, &(struct guests_callbacks){},
				    &host.guests),
			 0);
	assert_int_equal(guests_count(host.guests), 0);
	{
		_cleanup_(guest_config_freep) struct guest_config *config = configured(0);

		assert_int_equal(guests_define(host.guests, config, GUEST_ORIGIN_CONFIG, NULL),
				 -EIO);
	}
	assert_int_equal(guests_take_left_over(host.guests, GUEST_ORIGIN_CONFIG), 0);
	end_hostd();
	fake.find_error = -EMFILE;
	assert_int_equal(sd_event_new(&host.event), 0);
	assert_int_equal(guests_new(host.event, &host.environment, &(struct guests_callbacks){},
				    &host.guests),
			 -EMFILE);
	assert_int_equal(kill(pid, 0), 0);
	assert_int_equal(fake.cleanups, cleanups);
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
		TEST(record_not_understood),
		TEST(unknown_keys),
		TEST(unknown_and_undefined),
		TEST(broken_record),
		TEST(no_record),
		TEST(cannot_be_told),
		TEST(not_configured_any_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
