// SPDX-License-Identifier: GPL-2.0-or-later
// The guests' end with the host, on a clock that runs a hundred times too fast: who is asked when,
// who is killed when, and what is said meanwhile.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=qemu_qmp_new,--wrap=qemu_qmp_execute,--wrap=qemu_qmp_free
// link: -Wl,--wrap=guest_console_new,--wrap=guest_console_connect
// link: -Wl,--wrap=guest_console_disconnect,--wrap=guest_console_free
// link: -Wl,--wrap=guest_console_set_line,--wrap=guest_console_written
// link: -Wl,--wrap=clock_gettime,--wrap=timerfd_create,--wrap=timerfd_settime
// link: -Wl,--wrap=pidfd_send_signal
#include <sys/timerfd.h>
#include <time.h>

#include "base/log.h"
#include "guests-fixture.h"

#define SPEED 100
#define SECOND UINT64_C(1000000)
#define LINES_MAX 64

static struct {
	uint64_t zero_usec; /* where the fast clock and the real one agree */
	int timer_fd; /* of that clock, weak */
	bool immortal; /* SIGKILL does nothing: the kernel waits for a disk */
	size_t kills;
	char *lines[LINES_MAX]; /* of "shutdown" */
	size_t line_count;
	char *last; /* of anybody else */
} test;

/* --- the clock: libsystemd's, too --- */

int __real_clock_gettime(clockid_t clock, struct timespec *time);
int __wrap_clock_gettime(clockid_t clock, struct timespec *time);
int __real_timerfd_create(int clock, int flags);
int __wrap_timerfd_create(int clock, int flags);
int __real_timerfd_settime(int fd, int flags, const struct itimerspec *new_value,
			   struct itimerspec *old_value);
int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new_value,
			   struct itimerspec *old_value);
int __real_pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned int flags);
int __wrap_pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned int flags);

static uint64_t usec_of(const struct timespec *time)
{
	return (uint64_t)time->tv_sec * SECOND + (uint64_t)time->tv_nsec / 1000;
}

static struct timespec time_of(uint64_t usec)
{
	return (struct timespec){ .tv_sec = (time_t)(usec / SECOND),
				  .tv_nsec = (long)(usec % SECOND * 1000) };
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *time)
{
	int r = __real_clock_gettime(clock, time);

	if (clock == CLOCK_BOOTTIME && test.zero_usec)
		*time = time_of(test.zero_usec + (usec_of(time) - test.zero_usec) * SPEED);
	return r;
}

int __wrap_timerfd_create(int clock, int flags)
{
	int fd = __real_timerfd_create(clock, flags);

	if (clock == CLOCK_BOOTTIME)
		test.timer_fd = fd;
	return fd;
}

int __wrap_timerfd_settime(int fd, int flags, const struct itimerspec *new_value,
			   struct itimerspec *old_value)
{
	struct itimerspec real = *new_value;
	uint64_t usec = usec_of(&real.it_value);

	assert_true(flags & TFD_TIMER_ABSTIME);
	if (fd == test.timer_fd && usec > test.zero_usec)
		real.it_value = time_of(test.zero_usec + (usec - test.zero_usec) / SPEED);
	return __real_timerfd_settime(fd, flags, &real, old_value);
}

int __wrap_pidfd_send_signal(int pidfd, int number, siginfo_t *info, unsigned int flags)
{
	test.kills++;
	return test.immortal ? 0 : __real_pidfd_send_signal(pidfd, number, info, flags);
}

static double seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (double)(usec_of(&now) - test.zero_usec) / 1e6;
}

/* --- what is said --- */

static void on_line(enum log_level, const char *subject, const char *message, void *)
{
	if (strcmp(subject, "shutdown") != 0) {
		free(test.last);
		test.last = text_format("%s: %s", subject, message);
		return;
	}
	assert_true(test.line_count < LINES_MAX);
	test.lines[test.line_count++] = strdup(message);
}

static int begin(void **state)
{
	struct timespec now;

	memset(&test, 0, sizeof(test));
	test.timer_fd = -EBADF;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	test.zero_usec = usec_of(&now);
	log_set_hook(on_line, NULL);
	return set_up(state);
}

static int end(void **state)
{
	log_set_hook(NULL, NULL);
	for (size_t i = 0; i < test.line_count; i++)
		free(test.lines[i]);
	free(test.last);
	return tear_down(state);
}

/* --- two guests, web after db --- */

static char *after_db[] = { name_db };

static void two_guests(unsigned int web_s, unsigned int db_s)
{
	host.guest[0].after = (struct text_list){ .items = after_db, .count = 1 };
	host.guest[0].shutdown_timeout_s = web_s;
	host.guest[1].shutdown_timeout_s = db_s;
	new_hostd();
	start("db");
	start("web");
	host.events[0] = '\0';
}

static void wait_all_stopped(void)
{
	for (int i = 0; i < 2000 && host.all_stopped == 0; i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	assert_int_equal(host.all_stopped, 1);
}

/* The sum of both is longer than any deadline that a host might have thought of. */
static void each_has_its_own_time(void **)
{
	double asked = 0, stopped = 0;

	fake.deaf = true;
	two_guests(300, 100);
	guests_stop_all(host.guests);
	assert_events("web stopping\n");
	wait_for("db", GUEST_STATE_STOPPING);
	asked = seconds();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPED);
	assert_true(asked >= 300);
	wait_all_stopped();
	stopped = seconds();
	assert_true(stopped - asked >= 99);
	assert_events("web stopped\ndb stopping\ndb stopped\n");
	assert_int_equal(test.kills, 2);
}

static void who_is_waited_for_is_said(void **)
{
	unsigned int left = 0;
	char then[3] = "";
	size_t again = 0;

	fake.deaf = true;
	two_guests(300, 100);
	guests_stop_all(host.guests);
	assert_int_equal(test.line_count, 1);
	assert_int_equal(sscanf(test.lines[0], "waiting for web (%u s left); after that for %2s",
				&left, then),
			 2);
	assert_true(left > 250 && left <= 300);
	assert_string_equal(then, "db");
	wait_all_stopped();
	for (size_t i = 1; i < test.line_count; i++) {
		if (strncmp(test.lines[i], "waiting for web", strlen("waiting for web")) == 0)
			again++;
		else
			assert_memory_equal(test.lines[i], "waiting for db (", 16);
	}
	/* Every half minute, and not each time that it is looked. */
	assert_contains(test.lines[1], "kills them");
	assert_null(strstr(test.lines[0], "kills them"));
	assert_true(again >= 3 && again <= 10);
	assert_true(test.line_count > again && test.line_count - again <= 5);
}

/* A line is for a person. */
static void of_many_some_are_named(void **)
{
	static const char *const names[] = { "g0", "g1", "g2", "g3", "g4", "g5", "g6", "g7" };

	fake.deaf = true;
	host.guest[0].memory_bytes = host.guest[1].memory_bytes = 64 << 20;
	two_guests(30, 30);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct guest_config *config = configured(1);

		free(config->name);
		config->name = strdup(names[i]);
		assert_int_equal(guests_define(host.guests, config, GUEST_ORIGIN_CONFIG, NULL), 0);
		start(names[i]);
	}
	guests_stop_all(host.guests);
	assert_contains(test.lines[0], "waiting for g0 (");
	assert_contains(test.lines[0], "left), g7 (");
	assert_contains(test.lines[0], " s left) and 1 more; after that for db");
	/* The same wish once more is nothing new. */
	guests_stop_all(host.guests);
	assert_int_equal(test.line_count, 1);
	wait_all_stopped();
}

static void quick_ones_are_not_talked_about(void **)
{
	two_guests(300, 300);
	guests_stop_all(host.guests);
	wait_all_stopped();
	assert_int_equal(test.kills, 0);
	assert_true(test.line_count <= 3);
}

static void killed_when_somebody_is_in_a_hurry(void **)
{
	fake.deaf = true;
	two_guests(3600, 3600);
	guests_stop_all(host.guests);
	run_for(20000);
	assert_int_equal(host.all_stopped, 0);
	guests_kill_all(host.guests);
	wait_all_stopped();
	assert_true(seconds() < 1000);
	assert_string_equal(host.detail, "killed: the host goes down at once");
	guests_kill_all(host.guests);
	assert_int_equal(host.all_stopped, 1);
}

static void killed_from_the_beginning(void **)
{
	_cleanup_free_ char *why = NULL;

	fake.deaf = true;
	two_guests(3600, 3600);
	guests_kill_all(host.guests);
	wait_all_stopped();
	assert_int_equal(guest_start(find("web"), &why), -ESHUTDOWN);
}

/* Its disk does not answer, and so the kernel does not let it go. */
static void one_that_cannot_be_killed(void **)
{
	fake.deaf = true;
	test.immortal = true;
	two_guests(10, 10);
	guests_stop_all(host.guests);
	wait_for("db", GUEST_STATE_STOPPING);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPING);
	assert_true(seconds() >= 40);
	assert_contains(test.last, "guest db: stopping");
	wait_all_stopped();
	assert_true(seconds() >= 80);
	assert_contains(test.last, "was killed and does not end");
	test.immortal = false;
}

static void press_is_repeated(void **)
{
	_cleanup_free_ char *why = NULL;
	unsigned int presses = 0;

	fake.deaf = true;
	two_guests(300, 300);
	assert_int_equal(guest_stop(find("web"), &why), 0);
	assert_int_equal(fake.powerdowns, 1);
	for (int i = 0; i < 1000 && fake.powerdowns < 4; i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	assert_int_equal(fake.powerdowns, 4);
	/* It has come up, and hears. */
	fake.deaf = false;
	wait_for("web", GUEST_STATE_STOPPED);
	presses = (unsigned int)fake.powerdowns;
	assert_true(presses >= 5);
	assert_int_equal(test.kills, 0);
	/* The timer went with the process. */
	run_for(100000);
	assert_int_equal(fake.powerdowns, presses);
}

/* The hostd before this one did not live to do it; nothing is to start now. */
static void next_hostd_does_it(void **)
{
	new_hostd();
	start("web");
	end_hostd();
	host.guest[1].autostart = true;
	new_hostd();
	guests_stop_all(host.guests);
	assert_int_equal(host.all_stopped, 0);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPING);
	settle();
	qmp_ready("web");
	wait_all_stopped();
	assert_int_equal(fake.starts, 1);
	/* On a busy machine it is pressed again before the guest has ended: 30 ms are 3 s here. */
	assert_true(fake.powerdowns >= 1);
	assert_int_equal(test.kills, 0);
}

#define FAST_TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FAST_TEST(each_has_its_own_time),
		FAST_TEST(who_is_waited_for_is_said),
		FAST_TEST(of_many_some_are_named),
		FAST_TEST(quick_ones_are_not_talked_about),
		FAST_TEST(killed_when_somebody_is_in_a_hurry),
		FAST_TEST(killed_from_the_beginning),
		FAST_TEST(one_that_cannot_be_killed),
		FAST_TEST(press_is_repeated),
		FAST_TEST(next_hostd_does_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
