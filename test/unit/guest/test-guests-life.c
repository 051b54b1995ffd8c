// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's whole life through the door of vmm.h, over real sockets and with a real child: the fake
// VMM, whose guest does what is typed at its console.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen,--wrap=guest_process_find
#define FAKE_VMM
#include "guests-fixture.h"

#include <sys/mman.h>

#include "guest/guest-internal.h"
#include "vmm/fake/fake.h"
#include "vmm/qemu/qemu.h"
#include "vmm/vmm-type.h"

/* Another default than what runs: a guest's record says what that is. */
const struct vmm_type *const vmm_types[] = { &qemu_type, &fake_type, NULL };

/* --- a host --- */

static int set_up_life(void **state)
{
	int r = set_up(state);

	host.environment.vmm = &fake_type;
	host.guest[0].machine = GUEST_MACHINE_Q35;
	host.guest[1].machine = GUEST_MACHINE_Q35;
	return r;
}

static bool is_connected(const char *name)
{
	return find(name)->vmm_ready;
}

static void wait_connected(const char *name)
{
	for (int i = 0; i < 1000 && !is_connected(name); i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	assert_true(is_connected(name));
}

static void start_guest(const char *name)
{
	_cleanup_free_ char *why = NULL;

	if (guest_start(find(name), &why) < 0)
		fail_msg("start %s: %s", name, why);
	wait_for(name, GUEST_STATE_RUNNING);
}

/* At its console. */
static void type(const char *name, const char *line)
{
	_cleanup_free_ char *text = text_format("%s\n", line);

	assert_int_equal(guest_console_write(find(name), 0, text, strlen(text)), 0);
}

static void wait_event(const char *event)
{
	for (int i = 0; i < 1000 && !strstr(host.events, event); i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	assert_contains(host.events, event);
	host.events[0] = '\0';
}

static void kill_hostd(void)
{
	end_hostd();
	new_hostd();
	settle();
}

/* --- its life --- */

static void starts_and_stops(void **)
{
	_cleanup_free_ char *why = NULL;

	host.guest[0].autostart = true;
	new_hostd();
	wait_for("web", GUEST_STATE_RUNNING);
	assert_contains(host.detail, "tcg, no isolation, pid ");
	assert_int_equal(guest_start(find("web"), &why), -EALREADY);
	assert_int_equal(guest_stop(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	assert_string_equal(host.detail, "powered off");
	assert_events("web starting\nweb running\nweb stopping\nweb stopped\n");
}

static void ready_by_its_console(void **)
{
	static char text[] = "fake: up", after[] = "web";
	char *names[] = { after, NULL };

	host.guest[0].ready = GUEST_READY_CONSOLE;
	host.guest[0].ready_text = text;
	host.guest[0].autostart = true;
	host.guest[1].autostart = true;
	host.guest[1].after = (struct text_list){ .items = names, .count = 1 };
	new_hostd();
	wait_for("db", GUEST_STATE_RUNNING);
	assert_contains(host.events, "db waiting\n");
	assert_contains(host.events, "web ready\n");
	assert_true(strstr(host.events, "web ready\n") < strstr(host.events, "db starting\n"));
}

static void is_killed(void **)
{
	static char deaf[] = "i";
	_cleanup_free_ char *why = NULL;

	host.guest[0].cmdline = deaf;
	new_hostd();
	start_guest("web");
	assert_int_equal(guest_stop(find("web"), &why), 0);
	assert_int_equal(guest_kill(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	assert_string_equal(host.detail, "killed");
	/* and by its deadline */
	host.guest[0].shutdown_timeout_s = 1;
	redefine(0);
	start_guest("web");
	assert_int_equal(guest_stop(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	assert_string_equal(host.detail, "killed: it did not power off within 1 s");
}

static void restarts(void **)
{
	_cleanup_free_ char *why = NULL;
	pid_t first = 0;

	new_hostd();
	start_guest("web");
	first = guest_pid(find("web"));
	assert_int_equal(guest_restart(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STARTING);
	wait_for("web", GUEST_STATE_RUNNING);
	assert_int_not_equal(guest_pid(find("web")), first);
}

static void pauses_and_resumes(void **)
{
	_cleanup_free_ char *why = NULL;

	new_hostd();
	start_guest("web");
	host.events[0] = '\0';
	assert_int_equal(guest_pause(find("web"), &why), 0);
	wait_event("web paused\n");
	assert_true(guest_is_paused(find("web")));
	/* The next hostd asks how it is. */
	kill_hostd();
	wait_connected("web");
	for (int i = 0; i < 1000 && !guest_is_paused(find("web")); i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	host.events[0] = '\0';
	assert_int_equal(guest_resume(find("web"), &why), 0);
	wait_event("web running\n");
	assert_false(guest_is_paused(find("web")));
	/* A paused guest that is to stop goes on for it. */
	assert_int_equal(guest_pause(find("web"), &why), 0);
	wait_event("web paused\n");
	assert_int_equal(guest_stop(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
}

static void crashes_and_backs_off(void **)
{
	new_hostd();
	start_guest("web");
	for (unsigned int run = 1; run <= GUEST_FAST_FAILURES_MAX; run++) {
		if (run % 2)
			assert_int_equal(kill(guest_pid(find("web")), SIGKILL), 0);
		else
			type("web", "exit 3");
		if (run == GUEST_FAST_FAILURES_MAX)
			break;
		wait_for("web", GUEST_STATE_CRASHED);
		assert_contains(guest_reason(find("web")),
				run % 2 ? "fake VMM was killed by SIGKILL"
					: "fake VMM ended with status 3");
		/* Its back-off survives hostd. */
		kill_hostd();
		wait_for("web", GUEST_STATE_RUNNING);
		assert_int_equal(guest_restarts(find("web")), run);
	}
	wait_for("web", GUEST_STATE_FAILED);
}

static void hostd_is_killed(void **)
{
	_cleanup_free_ char *why = NULL;
	pid_t pid = 0;

	host.guest[0].autostart = true;
	new_hostd();
	wait_for("web", GUEST_STATE_RUNNING);
	pid = guest_pid(find("web"));
	for (int i = 0; i < 3; i++) {
		kill_hostd();
		assert_int_equal(guest_state(find("web")), GUEST_STATE_RUNNING);
		assert_int_equal(guest_pid(find("web")), pid);
		assert_contains(host.detail, "taken up again");
		wait_connected("web");
	}
	/* In the middle of a stop, and before it was connected. */
	assert_int_equal(guest_stop(find("web"), &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	assert_int_equal(guest_start(find("web"), &why), 0);
	kill_hostd();
	wait_for("web", GUEST_STATE_RUNNING);
	assert_int_equal(fake.starts, 2);
}

/* Another default does not change what runs. */
static void names_its_vmm(void **)
{
	_cleanup_free_ char *path = text_format("%s/web/record.json", host.folder), *record = NULL;

	new_hostd();
	start_guest("web");
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &record, NULL), 0);
	assert_contains(record, "\"vmm\":\"fake\"");
	assert_contains(record, "\"processes\":[{\"kind\":\"vmm\",\"pid\":");
	assert_contains(record, "{\"kind\":\"serial\",\"index\":0}");
	end_hostd();
	host.environment.vmm = NULL;
	new_hostd();
	settle();
	wait_connected("web");
	assert_null(guest_reason(find("web")));
	type("web", "off");
	wait_for("web", GUEST_STATE_STOPPED);
}

static void resets(void **)
{
	new_hostd();
	start_guest("web");
	type("web", "reset");
	wait_event("web reset\n");
	assert_int_equal(fake.starts, 1);
	/* as another process */
	host.guest[1].on_reboot = GUEST_ON_RESTART;
	redefine(1);
	start_guest("db");
	type("db", "reset");
	wait_for("db", GUEST_STATE_STOPPED);
	wait_for("db", GUEST_STATE_RUNNING);
	assert_int_equal(fake.starts, 3);
}

static void panics(void **)
{
	host.guest[1].on_panic = GUEST_ON_PAUSE;
	new_hostd();
	start_guest("web");
	type("web", "panic");
	wait_for("web", GUEST_STATE_CRASHED);
	assert_string_equal(guest_reason(find("web")), "the guest panicked");
	start_guest("db");
	type("db", "panic");
	wait_event("db panicked\n");
	for (int i = 0; i < 1000 && !guest_is_paused(find("db")); i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	assert_int_equal(guest_state(find("db")), GUEST_STATE_RUNNING);
}

static void watchdog_runs_out(void **)
{
	host.guest[0].watchdog = GUEST_WATCHDOG_PAUSE;
	host.guest[1].watchdog = GUEST_WATCHDOG_POWEROFF;
	new_hostd();
	start_guest("web");
	type("web", "watchdog");
	wait_event("web watchdog\n");
	for (int i = 0; i < 1000 && !guest_is_paused(find("web")); i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	start_guest("db");
	type("db", "watchdog");
	wait_for("db", GUEST_STATE_STOPPED);
}

static void disk_error_and_worse(void **)
{
	new_hostd();
	start_guest("web");
	type("web", "disk-error");
	wait_event("web disk-error\n");
	for (int i = 0; i < 1000 && !guest_is_paused(find("web")); i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	type("web", "broken");
	wait_for("web", GUEST_STATE_CRASHED);
	assert_contains(guest_reason(find("web")), "internal-error");
}

static char told[256];
static int told_error;

static void on_medium(const char *why, void *userdata)
{
	(*(unsigned int *)userdata)++;
	(void)snprintf(told, sizeof(told), "%s", why ? why : "");
}

static void on_picture(int error, const char *, void *userdata)
{
	(*(unsigned int *)userdata)++;
	told_error = error;
}

static void wait_told(const unsigned int *times, unsigned int wanted)
{
	for (int i = 0; i < 1000 && *times < wanted; i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	assert_int_equal(*times, wanted);
}

static void changes_media(void **)
{
	static char iso[] = "data:iso/one.iso";
	static struct cdrom_config drives[2];
	_cleanup_free_ char *why = NULL;
	unsigned int times = 0;
	struct guest *web = NULL;

	host.guest[0].cdroms = drives;
	host.guest[0].cdrom_count = ELEMENTS(drives);
	new_hostd();
	start_guest("web");
	web = find("web");
	assert_int_equal(guest_change_medium(web, 1, iso, false, on_medium, &times, &why), 0);
	assert_int_equal(guest_change_medium(web, 1, iso, false, on_medium, &times, &why), -EBUSY);
	wait_told(&times, 1);
	assert_string_equal(told, "");
	type("web", "lock");
	run_for(50000);
	assert_int_equal(guest_change_medium(web, 1, NULL, false, on_medium, &times, &why), 0);
	wait_told(&times, 2);
	assert_contains(told, "the guest has locked it");
	assert_int_equal(guest_change_medium(web, 1, NULL, true, on_medium, &times, &why), 0);
	wait_told(&times, 3);
	assert_string_equal(told, "");
	/* Its end is an answer too. */
	assert_int_equal(guest_change_medium(web, 0, iso, false, on_medium, &times, &why), 0);
	assert_int_equal(guest_kill(web, &why), 0);
	wait_for("web", GUEST_STATE_STOPPED);
	wait_told(&times, 4);
}

static void shows_its_display(void **)
{
	_cleanup_fd_ int picture = memfd_create("picture", MFD_CLOEXEC), client = -EBADF;
	char text[64] = "";
	unsigned int times = 0;

	host.guest[0].display = GUEST_DISPLAY_VNC;
	new_hostd();
	settle();
	assert_int_equal(guest_take_picture(find("web"), dup(picture), on_picture, &times), -ESRCH);
	start_guest("web");
	assert_int_equal(guest_take_picture(find("web"), dup(picture), on_picture, &times), 0);
	wait_told(&times, 1);
	assert_int_equal(told_error, 0);
	assert_true(pread(picture, text, sizeof(text) - 1, 0) > 0);
	assert_string_equal(text, "P6\n1 1\n255\nrgb");
	assert_int_equal(guest_open_display(find("web"), &client), 0);
	assert_int_equal(read(client, text, sizeof(text)), 12);
	assert_memory_equal(text, "RFB 003.008\n", 12);
	start_guest("db");
	assert_int_equal(guest_take_picture(find("db"), dup(picture), on_picture, &times),
			 -EOPNOTSUPP);
}

static void host_goes_down(void **)
{
	static char web[] = "web", deaf[] = "i";
	char *names[] = { web, NULL };

	host.guest[1].after = (struct text_list){ .items = names, .count = 1 };
	host.guest[0].restart = GUEST_RESTART_ALWAYS;
	new_hostd();
	start_guest("web");
	start_guest("db");
	host.events[0] = '\0';
	guests_stop_all(host.guests);
	for (int i = 0; i < 1000 && host.all_stopped == 0; i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	assert_int_equal(host.all_stopped, 1);
	assert_events("db stopping\ndb stopped\nweb stopping\nweb stopped\n");
	assert_int_equal(fake.starts, 2);
	end_hostd();
	/* One that does not hear, in a hurry */
	host.guest[0].cmdline = deaf;
	host.all_stopped = 0;
	new_hostd();
	settle();
	start_guest("web");
	guests_kill_all(host.guests);
	for (int i = 0; i < 1000 && host.all_stopped == 0; i++)
		assert_true(sd_event_run(host.event, 10000) >= 0);
	assert_int_equal(host.all_stopped, 1);
}

/* A verb that this VMM does not have, and one without a connection. */
static void not_supported(void **)
{
	const struct vmm_device disk = { .kind = VMM_DEVICE_DISK, .fds = { -EBADF, -EBADF } };
	struct vmm *vmm = NULL;

	new_hostd();
	start_guest("web");
	vmm = find("web")->vmm;
	assert_int_equal(vmm_snapshot(vmm, open("/dev/null", O_WRONLY | O_CLOEXEC), NULL, NULL),
			 -EOPNOTSUPP);
	assert_int_equal(vmm_add_device(vmm, &disk, NULL, NULL), -EOPNOTSUPP);
	assert_int_equal(vmm_remove_device(vmm, VMM_DEVICE_DISK, 0, true, NULL, NULL), -EOPNOTSUPP);
	assert_int_equal(vmm_powerdown(NULL, NULL, NULL), -ENOTCONN);
	assert_int_equal(vmm_take_picture(NULL, open("/dev/null", O_WRONLY | O_CLOEXEC), NULL,
					  NULL),
			 -ENOTCONN);
}

#define LIFE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up_life, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LIFE_TEST(starts_and_stops),
		LIFE_TEST(ready_by_its_console),
		LIFE_TEST(is_killed),
		LIFE_TEST(restarts),
		LIFE_TEST(pauses_and_resumes),
		LIFE_TEST(crashes_and_backs_off),
		LIFE_TEST(hostd_is_killed),
		LIFE_TEST(names_its_vmm),
		LIFE_TEST(resets),
		LIFE_TEST(panics),
		LIFE_TEST(watchdog_runs_out),
		LIFE_TEST(disk_error_and_worse),
		LIFE_TEST(changes_media),
		LIFE_TEST(shows_its_display),
		LIFE_TEST(host_goes_down),
		LIFE_TEST(not_supported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
