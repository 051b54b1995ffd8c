// SPDX-License-Identifier: GPL-2.0-or-later
// What a guest that runs or waits makes of another definition, and of another hostd, with the real
// console: who waits for its "ready", its echo, its delay.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=qemu_qmp_new,--wrap=qemu_qmp_execute,--wrap=qemu_qmp_free
// link: -Wl,--wrap=log_echo
#include "guests-fixture.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"

static char login[] = "login:", done[] = "done", loopback[] = "127.0.0.1";
static char *after_web[] = { name_web }, *addresses[] = { loopback };

static int listening_fd, serial_fd;
static char echoed[256];

void __wrap_log_echo(const char *guest_name, const char *text);
void __wrap_log_echo(const char *guest_name, const char *text)
{
	size_t length = strlen(echoed);

	(void)snprintf(echoed + length, sizeof(echoed) - length, "%s: %s\n", guest_name, text);
}

static int set_up_serial(void **state)
{
	int r = set_up(state);

	echoed[0] = '\0';
	listening_fd = serial_fd = -EBADF;
	/* db comes after web. */
	for (size_t i = 0; i < 2; i++)
		host.guest[i].autostart = true;
	host.guest[1].after = (struct text_list){ .items = after_web, .count = 1 };
	host.guest[0].ready = GUEST_READY_CONSOLE;
	host.guest[0].ready_text = login;
	return r;
}

static int tear_down_serial(void **state)
{
	serial_fd = fd_close(serial_fd);
	listening_fd = fd_close(listening_fd);
	return tear_down(state);
}

/* hostd, and what is in the place of the serial port of web's QEMU. */
static void first_hostd(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char folder[64];

	new_hostd();
	(void)snprintf(folder, sizeof(folder), "%s/web", host.folder);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/serial.sock", folder);
	assert_int_equal(mkdir(folder, 0700), 0);
	listening_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(listening_fd >= 0);
	assert_int_equal(bind(listening_fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listening_fd, 4), 0);
	settle();
}

static void say(const char *text)
{
	assert_int_equal(send(serial_fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
	settle();
}

/* The next hostd's, or the next run's. */
static void take_connection(void)
{
	settle();
	serial_fd = fd_close(serial_fd);
	serial_fd = accept4(listening_fd, NULL, NULL, SOCK_CLOEXEC);
	assert_true(serial_fd >= 0);
}

/* web runs, and db waits for it. */
static void run_web(void)
{
	first_hostd();
	qmp_ready("web");
	take_connection();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_RUNNING);
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STOPPED);
	assert_non_null(guest_waiting(find("db")));
}

static void set_ready(enum guest_ready rule, char *text)
{
	host.guest[0].ready = rule;
	host.guest[0].ready_text = text;
	redefine(0);
	settle();
}

static void ready_at_once(void **)
{
	run_web();
	say("booting\n");
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STOPPED);
	set_ready(GUEST_READY_RUNNING, NULL);
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STARTING);
	host.events[0] = '\0';
	say("login: \n");
	assert_events("");
}

static void ready_by_another_line(void **)
{
	run_web();
	set_ready(GUEST_READY_CONSOLE, done);
	say("login: \n");
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STOPPED);
	host.events[0] = '\0';
	say("all is done now\n");
	assert_events("web ready\ndb starting\n");
	/* What was ready stays so: nobody is waiting for it. */
	set_ready(GUEST_READY_CONSOLE, login);
	assert_events("");
	say("login: \n");
	assert_events("");
}

/* The address is new as well: what runs had none. */
static void ready_by_a_port(void **)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	_cleanup_fd_ int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	run_web();
	host.guest[0].nic_count = 1;
	host.nic[0].addresses = (struct text_list){ .items = addresses, .count = 1 };
	host.guest[0].ready_port = ntohs(address.sin_port);
	set_ready(GUEST_READY_TCP, NULL);
	say("login: \n");
	wait_for("db", GUEST_STATE_STARTING);
	assert_contains(host.events, "web ready\n");
	host.nic[0].addresses = (struct text_list){};
}

static void echo(void **)
{
	run_web();
	say("one\n");
	assert_string_equal(echoed, "");
	host.guest[0].echo_console = true;
	redefine(0);
	say("two\nthr");
	assert_string_equal(echoed, "web: two\n");
	/* Another key leaves the line that has begun alone. */
	host.guest[0].cpus = 2;
	redefine(0);
	say("ee\n");
	assert_string_equal(echoed, "web: two\nweb: three\n");
	host.guest[0].echo_console = false;
	redefine(0);
	say("four\n");
	assert_string_equal(echoed, "web: two\nweb: three\n");
}

/* What waits for its turn: its delay, and whether it is to be started at all. */
static void start_delay(void **)
{
	host.guest[0].ready = GUEST_READY_RUNNING;
	host.guest[1].start_delay_s = 600;
	first_hostd();
	qmp_ready("web");
	settle();
	assert_string_equal(guest_waiting(find("db")), "starts after 600 s");
	host.guest[1].start_delay_s = 0;
	redefine(1);
	settle();
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STARTING);
}

static void no_autostart(void **)
{
	run_web();
	host.guest[1].autostart = false;
	redefine(1);
	say("login: \n");
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STOPPED);
	assert_null(guest_waiting(find("db")));
}

/* QEMU was told when it was started what it does at a panic. */
static void panic(void **)
{
	host.guest[0].on_panic = GUEST_ON_PAUSE;
	run_web();
	host.guest[0].on_panic = GUEST_ON_RESTART;
	redefine(0);
	fake.status = "guest-panicked";
	qmp_event("web", "GUEST_PANICKED", NULL);
	qmp_event("web", "STOP", NULL);
	settle();
	assert_int_equal(guest_state(find("web")), GUEST_STATE_RUNNING);
	assert_true(guest_is_paused(find("web")));
	assert_int_equal(kill(guest_pid(find("web")), 0), 0);
}

/* --- another hostd --- */

/* The one that it waits for runs already, and says its word to the next hostd. */
static void hostd_ends_while_one_waits(void **)
{
	run_web();
	say("logi");
	for (int hostd = 0; hostd < 2; hostd++) {
		end_hostd();
		new_hostd();
		settle();
		take_connection();
		assert_int_equal(guest_state(find("db")), GUEST_STATE_STOPPED);
		assert_non_null(guest_waiting(find("db")));
	}
	say("n: \n");
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STARTING);
	assert_int_equal(fake.starts, 2);
}

/* By the simplest rule it is ready as soon as it is taken up. */
static void running_is_ready(void **)
{
	host.guest[0].ready = GUEST_READY_RUNNING;
	host.guest_count = 1;
	first_hostd();
	qmp_ready("web");
	end_hostd();
	host.guest_count = 2;
	new_hostd();
	settle();
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STARTING);
}

/* What has said so is out of the ring by now, and the port may not answer any more. */
static void was_ready(void **)
{
	host.guest_count = 1;
	first_hostd();
	qmp_ready("web");
	settle();
	take_connection();
	say("login: \n");
	for (int i = 0; i < 70; i++) {
		char kib[1024];

		memset(kib, 'x', sizeof(kib));
		kib[sizeof(kib) - 1] = '\0';
		say(kib);
	}
	end_hostd();
	host.guest_count = 2;
	new_hostd();
	settle();
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STARTING);
	assert_null(strstr(host.events, "ready"));
}

/* The ring has the word of the run before. */
static void another_run(void **)
{
	_cleanup_free_ char *why = NULL;

	run_web();
	host.guest[1].autostart = false;
	redefine(1);
	say("login: \n");
	assert_contains(host.events, "web ready\n");
	assert_int_equal(guest_kill(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	end_hostd();
	new_hostd();
	settle();
	start("web");
	take_connection();
	assert_null(strstr(host.events, "ready"));
	for (int hostd = 0; hostd < 2; hostd++) {
		end_hostd();
		new_hostd();
		settle();
		take_connection();
		assert_null(strstr(host.events, "ready"));
	}
	say("login: \n");
	assert_contains(host.events, "web ready\n");
}

static void said_early(void **)
{
	first_hostd();
	take_connection();
	say("login: \n");
	assert_int_equal(guest_state(find("web")), GUEST_STATE_STARTING);
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STOPPED);
	qmp_ready("web");
	settle();
	assert_int_equal(guest_state(find("db")), GUEST_STATE_STARTING);
}

int main(void)
{
#define SERIAL(function) cmocka_unit_test_setup_teardown(function, set_up_serial, tear_down_serial)
	const struct CMUnitTest tests[] = {
		SERIAL(ready_at_once),
		SERIAL(ready_by_another_line),
		SERIAL(ready_by_a_port),
		SERIAL(echo),
		SERIAL(start_delay),
		SERIAL(no_autostart),
		SERIAL(panic),
		SERIAL(hostd_ends_while_one_waits),
		SERIAL(running_is_ready),
		SERIAL(was_ready),
		SERIAL(another_run),
		SERIAL(said_early),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
