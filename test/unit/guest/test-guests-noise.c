// SPDX-License-Identifier: GPL-2.0-or-later
// A QEMU that is the guest's sends what it likes, as often as it likes: what hostd asks it, and
// what hostd writes and tells because of it, is bounded, counted, and right again when it is over.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=qemu_qmp_new,--wrap=qemu_qmp_execute,--wrap=qemu_qmp_free
// link: -Wl,--wrap=guest_console_new,--wrap=guest_console_connect
// link: -Wl,--wrap=guest_console_disconnect,--wrap=guest_console_free
// link: -Wl,--wrap=guest_console_set_line,--wrap=guest_console_written
#include "guests-fixture.h"

#include "base/log.h"

#define TIMES 2000
/* What is told at once, and some more for what is forgiven while the test runs. */
#define TOLD_MAX 60
#define OVER_USEC UINT64_C(6000000)

static struct {
	unsigned int lines, noisy, untold;
} logged;

static void on_log(enum log_level, const char *, const char *message, void *)
{
	logged.lines++;
	logged.noisy += strstr(message, "event after event") != NULL;
	logged.untold += strstr(message, "were not told") != NULL;
}

static int set_up_log(void **state)
{
	memset(&logged, 0, sizeof(logged));
	log_set_hook(on_log, NULL);
	return set_up(state);
}

static int tear_down_log(void **state)
{
	int r = tear_down(state);

	log_set_hook(NULL, NULL);
	return r;
}

static size_t count(const char *text, const char *part)
{
	size_t found = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		found++;
	return found;
}

/* How often the record was written: each time it is another file. */
static ino_t record_inode(void)
{
	_cleanup_free_ char *path = text_format("%s/web/record.json", host.folder);
	struct stat status;

	assert_non_null(path);
	assert_return_code(stat(path, &status), errno);
	return status.st_ino;
}

/* It never answers: it is asked once, however often it gives reason to ask. */
static void stops_without_an_answer(void **)
{
	new_hostd();
	start("web");
	fake.status_queries = 0;
	fake.held = "query-status";
	for (int i = 0; i < TIMES; i++)
		qmp_event("web", "STOP", "?");
	assert_int_equal(fake.status_queries, 1);
	/* It does: once more, as it may have stopped since. */
	fake.held = NULL;
	fake_answer("no");
	qmp_event("web", "STOP", "?");
	assert_in_range(fake.status_queries, 1, 2);
}

/* It stops and goes on, and answers whatever is asked. */
static void flickers(void **)
{
	unsigned int records = 0;
	ino_t before = 0;

	new_hostd();
	start("web");
	logged.lines = 0;
	host.events[0] = '\0';
	fake.status = "io-error";
	before = record_inode();
	for (int i = 0; i < TIMES; i++) {
		ino_t now = 0;

		qmp_event("web", "STOP", "?");
		qmp_event("web", "RESUME", "?");
		now = record_inode();
		records += now != before;
		before = now;
	}
	assert_in_range(records, 1, TOLD_MAX);
	assert_in_range(count(host.events, "\n"), 1, TOLD_MAX);
	/* Twice for a pause: its reason and the state. */
	assert_in_range(logged.lines, 1, 2 * TOLD_MAX);
	assert_int_equal(logged.noisy, 1);
	assert_int_equal(logged.untold, 0);
	/* It has stopped for good, in the middle of it: that is found out. */
	run_for(OVER_USEC);
	assert_true(guest_is_paused(find("web")));
	assert_int_equal(logged.untold, 1);
	assert_int_equal(logged.noisy, 1);
	/* and then a guest's pause is told as ever */
	fake.status = "running";
	host.events[0] = '\0';
	qmp_event("web", "RESUME", "?");
	assert_events("web running\n");
}

/* Each alone would be told. */
static void events_of_all_kinds(void **)
{
	static const char *const kinds[] = { "RESET", "GUEST_PANICKED", "WATCHDOG",
					     "BLOCK_IO_ERROR", "SHUTDOWN" };

	new_hostd();
	start("web");
	logged.lines = 0;
	host.events[0] = '\0';
	for (int i = 0; i < TIMES; i++)
		for (size_t k = 0; k < ELEMENTS(kinds); k++)
			qmp_event("web", kinds[k], "guest-reset");
	assert_in_range(count(host.events, "\n"), 1, TOLD_MAX);
	/* beside the noise: a watchdog, a disk, resets again and again */
	assert_in_range(logged.lines, 1, 8);
	/* its end is told, and how much was not */
	assert_int_equal(kill(guest_pid(find("web")), SIGUSR2), 0);
	wait_for("web", GUEST_STATE_CRASHED);
	assert_int_equal(logged.untold, 1);
}

/* That QEMU cannot go on is believed once: it is killed for it. */
static void breaks_again_and_again(void **)
{
	ino_t first = 0;

	new_hostd();
	start("web");
	qmp_event("web", "SHUTDOWN", "host-error");
	first = record_inode();
	for (int i = 0; i < TIMES; i++)
		qmp_event("web", "SHUTDOWN", "host-error");
	assert_int_equal(record_inode(), first);
	wait_for("web", GUEST_STATE_CRASHED);
}

/* A connection that is closed as soon as it is there is not made again twice a second for ever. */
static void connects_and_closes(void **)
{
	unsigned int before = 0;

	new_hostd();
	start("web");
	before = fake.qmp_connects;
	for (int i = 0; i < 300; i++) {
		struct qemu_qmp *qmp = fake_qmp("web");

		if (qmp && fake.qmp_connects > before) {
			before = fake.qmp_connects;
			qmp->callbacks.ready(qmp->callbacks.userdata);
		}
		if (qmp && i % 100 == 0)
			qmp->callbacks.closed(-ECONNRESET, qmp->callbacks.userdata);
		run_for(10000);
	}
	/* after 0.5, 1, 2 s */
	assert_in_range(fake.qmp_connects, 2, 3);
}

#define NOISE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up_log, tear_down_log)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NOISE_TEST(stops_without_an_answer), NOISE_TEST(flickers),
		NOISE_TEST(events_of_all_kinds),     NOISE_TEST(breaks_again_and_again),
		NOISE_TEST(connects_and_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
