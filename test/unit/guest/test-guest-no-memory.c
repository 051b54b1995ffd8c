// SPDX-License-Identifier: GPL-2.0-or-later
// The n-th allocation of a guest's start, of its end and of hostd's own fails, for every n: nothing
// is leaked, nothing hangs, and what was refused says so. System calls that fail are in test/fault.
// link: -Wl,--wrap=guest_process_start,--wrap=guest_process_adopt,--wrap=guest_process_exit_status
// link: -Wl,--wrap=guest_process_cleanup,--wrap=guest_process_stderr_tail
// link: -Wl,--wrap=guest_process_prepare,--wrap=guest_process_listen
// link: -Wl,--wrap=qemu_qmp_new,--wrap=qemu_qmp_execute,--wrap=qemu_qmp_free
// link: -Wl,--wrap=guest_console_new,--wrap=guest_console_connect
// link: -Wl,--wrap=guest_console_disconnect,--wrap=guest_console_free
// link: -Wl,--wrap=guest_console_set_line,--wrap=guest_console_written
// link: -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup
// link: -Wl,--wrap=strndup,--wrap=vasprintf,--wrap=open_memstream,--wrap=fdopendir
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-json.h>

#include "base/text.h"

/* The first allocation to fail, counted while active; 0: none. */
static struct {
	bool active;
	unsigned int at, count;
} memory;

static bool fails(void)
{
	if (!memory.active || ++memory.count != memory.at)
		return false;
	errno = ENOMEM;
	return true;
}

#define WRAP(type, name, parameters, arguments)                     \
	type __real_##name parameters;                              \
	type __wrap_##name parameters;                              \
	type __wrap_##name parameters                               \
	{                                                           \
		return fails() ? (type)0 : __real_##name arguments; \
	}

WRAP(void *, malloc, (size_t size), (size))
WRAP(void *, calloc, (size_t count, size_t size), (count, size))
WRAP(void *, realloc, (void *old, size_t size), (old, size))
WRAP(void *, reallocarray, (void *old, size_t count, size_t size), (old, count, size))
WRAP(char *, strdup, (const char *text), (text))
WRAP(char *, strndup, (const char *text, size_t size), (text, size))
WRAP(FILE *, open_memstream, (char **text, size_t *size), (text, size))
WRAP(DIR *, fdopendir, (int fd), (fd))

int __real_vasprintf(char **ret, const char *format, va_list arguments);
int __wrap_vasprintf(char **ret, const char *format, va_list arguments);
int __wrap_vasprintf(char **ret, const char *format, va_list arguments)
{
	return fails() ? -1 : __real_vasprintf(ret, format, arguments);
}

/* The fake QEMU is not what is to fail. */
#define WITHOUT_FAILURES(call)             \
	({                                 \
		bool was_ = memory.active; \
		int r_ = 0;                \
                                           \
		memory.active = false;     \
		r_ = (call);               \
		memory.active = was_;      \
		r_;                        \
	})
#define text_list_add(list, text) WITHOUT_FAILURES((text_list_add)(list, text))
#define sd_json_variant_set_field_string(v, field, value) \
	WITHOUT_FAILURES((sd_json_variant_set_field_string)(v, field, value))
#include "guests-fixture.h"
#undef text_list_add
#undef sd_json_variant_set_field_string

/* More than any of the paths below has. */
#define ALLOCATIONS_MAX 2000
#define LEAK_CHECK_EVERY 32

int __lsan_do_recoverable_leak_check(void);

/* Each check takes as long as some ten lives. */
static void check_leaks(unsigned int at, bool last)
{
	if ((at % LEAK_CHECK_EVERY == 0 || last) && __lsan_do_recoverable_leak_check())
		fail_msg("an allocation of the last %d up to %u leaks", LEAK_CHECK_EVERY, at);
}

static bool is_known(enum guest_state state)
{
	return state == GUEST_STATE_STOPPED || state == GUEST_STATE_STARTING ||
	       state == GUEST_STATE_RUNNING || state == GUEST_STATE_CRASHED ||
	       state == GUEST_STATE_FAILED;
}

static void set_up_guests(void)
{
	(void)set_up(NULL);
	host.guest[0].nic_count = 1;
	host.guest[0].disk_count = 1;
	host.guest[0].initrd = kernel;
}

/* Starts, runs, is killed, and starts again or not. */
static void live(void)
{
	_cleanup_free_ char *why = NULL;
	int r = 0;

	memory.active = true;
	r = guest_start(find("web"), &why);
	if (fake_qmp("web"))
		qmp_ready("web");
	settle();
	if (*fake_process("web") > 0)
		(void)kill(*fake_process("web"), SIGKILL);
	settle();
	memory.active = false;
	if (r < 0 && r != -ENOMEM && !why)
		fail_msg("allocation %u: %s, and nothing is said", memory.at, strerror(-r));
	if (!is_known(guest_state(find("web"))))
		fail_msg("allocation %u: state %d", memory.at, guest_state(find("web")));
}

static void every_allocation_of_a_life(void **)
{
	unsigned int at = 0;

	do {
		memory.at = ++at;
		memory.count = 0;
		set_up_guests();
		new_hostd();
		settle();
		live();
		/* With memory it can be started, whatever has happened. */
		memory.at = 0;
		if (guest_state(find("web")) == GUEST_STATE_STOPPED ||
		    guest_state(find("web")) == GUEST_STATE_FAILED)
			start("web");
		assert_int_equal(tear_down(NULL), 0);
		check_leaks(at, memory.count < at);
	} while (memory.count >= at && at < ALLOCATIONS_MAX);
	print_message("# %u allocations\n", at - 1);
	assert_in_range(at, 20, ALLOCATIONS_MAX - 1);
}

/* The next hostd, which finds a guest running. */
static int begin(void)
{
	static const struct guests_callbacks callbacks = {
		.open_file = open_file,
		.open_disk = open_disk,
		.open_tap = open_tap,
		.missing = missing,
		.power_off_host = power_off_host,
		.event = on_event,
		.all_stopped = on_all_stopped,
	};
	struct guest_config *config = configured(0);
	int r = 0;

	assert_int_equal(sd_event_new(&host.event), 0);
	memory.active = true;
	r = guests_new(host.event, &host.environment, &callbacks, &host.guests);
	if (r >= 0) {
		r = guests_define(host.guests, config, GUEST_ORIGIN_CONFIG, NULL);
		if (r < 0)
			guest_config_free(config);
		settle();
		if (fake_qmp("web"))
			qmp_ready("web");
		settle();
	} else
		guest_config_free(config);
	memory.active = false;
	return r;
}

static void every_allocation_of_the_next_hostd(void **)
{
	unsigned int at = 0;

	do {
		pid_t pid = 0;

		set_up_guests();
		host.guest_count = 1;
		new_hostd();
		settle();
		start("web");
		pid = *fake_process("web");
		end_hostd();
		memory.at = ++at;
		memory.count = 0;
		if (begin() < 0) {
			/* It ends, and the one after it has memory. */
			end_hostd();
			memory.at = 0;
			assert_int_equal(begin(), 0);
		}
		memory.at = 0;
		/* Nobody is doubled, and nobody is ended. */
		assert_int_equal(*fake_process("web"), pid);
		assert_int_equal(kill(pid, 0), 0);
		assert_int_equal(tear_down(NULL), 0);
		check_leaks(at, memory.count < at);
	} while (memory.count >= at && at < ALLOCATIONS_MAX);
	print_message("# %u allocations\n", at - 1);
	assert_in_range(at, 10, ALLOCATIONS_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_allocation_of_a_life),
		cmocka_unit_test(every_allocation_of_the_next_hostd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
