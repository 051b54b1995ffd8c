// SPDX-License-Identifier: GPL-2.0-or-later
// The driver of the guests, with children instead of QEMU: starts, ends and restarts.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=qemu_qmp_new,--wrap=qemu_qmp_execute,--wrap=qemu_qmp_free
// link: -Wl,--wrap=guest_console_new,--wrap=guest_console_connect
// link: -Wl,--wrap=guest_console_disconnect,--wrap=guest_console_free
// link: -Wl,--wrap=guest_console_set_line,--wrap=guest_console_written
#include "guests-fixture.h"

static void start_and_stop(void **)
{
	_cleanup_free_ char *why = NULL;

	host.guest[0].autostart = true;
	new_hostd();
	assert_int_equal(fake.starts, 0); /* not before the loop runs */
	settle();
	assert_int_equal(fake.starts, 1);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STARTING);
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STOPPED);
	qmp_ready("web");
	assert_contains(host.detail, "tcg, no isolation, pid ");
	assert_int_equal(guest_pid(find("web")), *fake_process("web"));
	assert_false(guest_uses_kvm(find("web")));
	assert_true(guest_started_usec(find("web")) > 0);

	assert_int_equal(guest_start(find("web"), &why), -EALREADY);
	assert_contains(why, "guest web is running already");
	assert_int_equal(guest_stop(find("web"), &why), 0);
	assert_int_equal(fake.powerdowns, 1);
	assert_int_equal(guest_stop(find("web"), &why), -EALREADY);
	assert_int_equal(guest_start(find("web"), &why), -EBUSY);
	wait_for("web", GUEST_STATE_STOPPED);
	assert_string_equal(host.detail, "powered off");
	assert_int_equal(guest_pid(find("web")), 0);
	assert_int_equal(guest_stop(find("web"), &why), -EALREADY);
	assert_contains(why, "is not running");
	assert_events("web starting\nweb running\nweb stopping\nweb stopped\n");
	run_for(300000);
	assert_int_equal(fake.starts, 1);
}

static void numbers_of_fds(void **)
{
	static const int numbers[] = { 3, 4, 5, 6, 7 };
	bool tap = false, disk = false;

	host.guest[1].nic_count = 1;
	host.guest[1].disk_count = 1;
	host.vhost = true;
	new_hostd();
	settle();
	start("db");
	assert_int_equal(fake.fd_count, ELEMENTS(numbers));
	assert_memory_equal(fake.fd_numbers, numbers, sizeof(numbers));
	assert_int_equal(fake.file_count, 1);
	assert_int_equal(fake.index, 1);
	assert_false(fake.host_network);
	for (size_t i = 0; i < fake.argv.count; i++) {
		tap |= !!strstr(fake.argv.items[i], "tap,id=net0,fd=5,vhost=on,vhostfd=6");
		disk |= !!strstr(fake.argv.items[i], "filename=/dev/fdset/7");
	}
	assert_true(tap && disk);
}

static void user_network(void **)
{
	host.nic[0].kind = NIC_NETWORK_USER;
	host.guest[0].nic_count = 1;
	new_hostd();
	start("web");
	assert_true(fake.host_network);
	assert_int_equal(fake.fd_count, 2);
}

static void killed_comes_back(void **)
{
	pid_t first = 0;

	new_hostd();
	start("web");
	first = guest_pid(find("web"));
	assert_int_equal(kill(first, SIGKILL), 0);
	wait_for("web", GUEST_STATE_CRASHED);
	assert_contains(guest_reason(find("web")), "SIGKILL");
	wait_for("web", GUEST_STATE_STARTING);
	assert_contains(host.detail, "restart 1");
	qmp_ready("web");
	assert_int_not_equal(guest_pid(find("web")), first);
	assert_int_equal(guest_restarts(find("web")), 1);
	assert_null(guest_reason(find("web")));
	assert_events("web starting\nweb running\nweb crashed\nweb starting\nweb running\n");
}

static void crash_loop_fails(void **)
{
	new_hostd();
	settle();
	fake.stderr_tail = "qemu: no such thing";
	start("db");
	start("web");
	for (unsigned int run = 1; run <= GUEST_FAST_FAILURES_MAX; run++) {
		assert_int_equal(kill(guest_pid(find("web")), SIGUSR2), 0);
		wait_for("web",
			 run < GUEST_FAST_FAILURES_MAX ? GUEST_STATE_CRASHED : GUEST_STATE_FAILED);
		if (run < GUEST_FAST_FAILURES_MAX)
			wait_for("web", GUEST_STATE_STARTING);
	}
	assert_string_equal(guest_reason(find("web")),
			    "QEMU ended with status 1: qemu: no such thing");
	assert_int_equal(guest_state(find("db")), GUEST_STATE_RUNNING);
	assert_int_equal(fake.starts, 1 + GUEST_FAST_FAILURES_MAX);
	start("web");
	assert_int_equal(guest_restarts(find("web")), 0);
}

/* The child could not become QEMU: the line on its stderr is the reason. */
static void confinement_fails(void **)
{
	new_hostd();
	settle();
	fake.stderr_tail = "mounting its root: No space left on device";
	fake.failure_status = PROCESS_NOT_CONFINED;
	start("web");
	assert_int_equal(kill(guest_pid(find("web")), SIGUSR2), 0);
	wait_for("web", GUEST_STATE_CRASHED);
	assert_string_equal(guest_reason(find("web")),
			    "QEMU is not started: mounting its root: No space left on device");
	wait_for("web", GUEST_STATE_STARTING);
}

static void deadline_kills(void **)
{
	_cleanup_free_ char *why = NULL;

	host.guest[0].shutdown_timeout_s = 1;
	fake.deaf = true;
	new_hostd();
	start("web");
	assert_int_equal(guest_stop(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	assert_int_equal(fake.powerdowns, 1);
	assert_string_equal(host.detail, "killed: it did not power off within 1 s");
}

static void kill_is_at_once(void **)
{
	_cleanup_free_ char *why = NULL;

	fake.deaf = true;
	new_hostd();
	start("web");
	assert_int_equal(guest_stop(find("web"), &why), 0);
	assert_int_equal(guest_kill(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	assert_string_equal(host.detail, "killed");
	assert_int_equal(guest_kill(find("web"), &why), -EALREADY);
}

static void stop_before_qmp(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd();
	assert_int_equal(guest_start(find("web"), &why), 0);
	assert_int_equal(guest_stop(find("web"), &why), 0);
	assert_int_equal(fake.powerdowns, 0);
	qmp_ready("web");
	assert_int_equal(fake.powerdowns, 1);
	wait_for("web", GUEST_STATE_STOPPED);
}

static void powers_itself_off(void **)
{
	host.guest[1].restart = GUEST_RESTART_ALWAYS;
	new_hostd();
	start("web");
	start("db");
	qmp_event("web", "SHUTDOWN", "guest-shutdown");
	assert_int_equal(kill(guest_pid(find("web")), SIGUSR1), 0);
	assert_int_equal(kill(guest_pid(find("db")), SIGUSR1), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	wait_for("db", GUEST_STATE_STOPPED);
	wait_for("db", GUEST_STATE_STARTING);
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STOPPED);
}

static void qmp_tells(void **)
{
	new_hostd();
	start("web");
	host.events[0] = '\0';
	qmp_event("web", "RESET", "guest-reset");
	qmp_event("web", "NEVER_HEARD_OF", "?");
	assert_events("web reset\n");
	qmp_event("web", "BLOCK_IO_ERROR", "No space left on device");
	qmp_event("web", "BLOCK_IO_ERROR", "No space left on device");
	assert_events("web disk-error\n");
	fake.status = "io-error";
	qmp_event("web", "STOP", "?");
	assert_events("web paused\n");
	fake.status = "internal-error";
	qmp_event("web", "STOP", "?");
	wait_for("web", GUEST_STATE_CRASHED);
	assert_contains(guest_reason(find("web")), "internal-error");
	wait_for("web", GUEST_STATE_STARTING);
}

static void panic_is_a_failure(void **)
{
	new_hostd();
	start("web");
	qmp_event("web", "GUEST_PANICKED", "?");
	qmp_event("web", "SHUTDOWN", "guest-panic");
	assert_int_equal(kill(guest_pid(find("web")), SIGUSR1), 0);
	wait_for("web", GUEST_STATE_CRASHED);
	assert_string_equal(guest_reason(find("web")), "the guest panicked");
}

static void qmp_is_connected_again(void **)
{
	struct qemu_qmp *qmp = NULL;

	new_hostd();
	start("web");
	assert_int_equal(fake.qmp_connects, 1);
	qmp = fake_qmp("web");
	qmp->callbacks.closed(-ECONNRESET, qmp->callbacks.userdata);
	for (int i = 0; i < 1000 && fake.qmp_connects < 2; i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	assert_int_equal(fake.qmp_connects, 2);
	qmp_ready("web");
	assert_int_equal(guest_state(find("web")), GUEST_STATE_RUNNING);
	assert_events("web starting\nweb running\n");
}

static void stop_all(void **)
{
	_cleanup_free_ char *why = NULL;

	host.guest[1].restart = GUEST_RESTART_ALWAYS;
	new_hostd();
	start("web");
	start("db");
	guests_stop_all(host.guests);
	assert_int_equal(host.all_stopped, 0);
	wait_for("web", GUEST_STATE_STOPPED);
	wait_for("db", GUEST_STATE_STOPPED);
	settle();
	assert_int_equal(host.all_stopped, 1);
	guests_stop_all(host.guests);
	run_for(300000);
	assert_int_equal(host.all_stopped, 1);
	assert_int_equal(fake.starts, 2);
	assert_int_equal(guest_start(find("web"), &why), -ESHUTDOWN);
	assert_contains(why, "the host is going down");
}

static void stop_all_without_guests(void **)
{
	host.guest[0].autostart = true;
	new_hostd();
	guests_stop_all(host.guests);
	assert_int_equal(host.all_stopped, 1);
	settle();
	assert_int_equal(fake.starts, 0);
}

static void macs(void **)
{
	char first[18], again[18], other[18];

	host.guest[0].nic_count = 1;
	host.guest[1].nic_count = 1;
	host.environment.host_id[0] = 1;
	new_hostd();
	guest_nic_mac(find("web"), 0, first);
	guest_nic_mac(find("db"), 0, other);
	assert_memory_equal(first, "52:54:00:", 9);
	assert_string_not_equal(first, other);
	end_hostd();
	new_hostd();
	assert_string_equal(guest_nic_mac(find("web"), 0, again), first);
	end_hostd();
	host.environment.host_id[0] = 2;
	new_hostd();
	assert_string_not_equal(guest_nic_mac(find("web"), 0, again), first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(start_and_stop),
		TEST(numbers_of_fds),
		TEST(user_network),
		TEST(killed_comes_back),
		TEST(crash_loop_fails),
		TEST(confinement_fails),
		TEST(deadline_kills),
		TEST(kill_is_at_once),
		TEST(stop_before_qmp),
		TEST(powers_itself_off),
		TEST(qmp_tells),
		TEST(panic_is_a_failure),
		TEST(qmp_is_connected_again),
		TEST(stop_all),
		TEST(stop_all_without_guests),
		TEST(macs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
