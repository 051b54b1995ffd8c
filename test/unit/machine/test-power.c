// SPDX-License-Identifier: GPL-2.0-or-later
// The power button on fake input devices (pipes), and what is asked of PID 1.
// link: -Wl,--wrap=open,--wrap=ioctl,--wrap=kill,--wrap=udev_new
// link: -Wl,--wrap=udev_monitor_new_from_netlink,--wrap=udev_monitor_enable_receiving
#include "fake-tree.h"

#include <libudev.h>
#include <linux/input.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "machine/power-button-input.h"

static struct {
	int read_end; /* what opening the fake device gives */
	bool has_key;
	bool fail_bits;
	unsigned int masks;
	bool key_mask_ok;
	bool fail_udev, fail_monitor, fail_receiving;
	pid_t killed;
	int signal;
	int kill_error;
} fake;

static sd_event *event;
static int write_end;
static int presses;

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_kill(pid_t pid, int number);
struct udev *__real_udev_new(void);
struct udev *__wrap_udev_new(void);
struct udev_monitor *__real_udev_monitor_new_from_netlink(struct udev *udev, const char *name);
struct udev_monitor *__wrap_udev_monitor_new_from_netlink(struct udev *udev, const char *name);
int __real_udev_monitor_enable_receiving(struct udev_monitor *monitor);
int __wrap_udev_monitor_enable_receiving(struct udev_monitor *monitor);

int __wrap_open(const char *path, int flags, ...)
{
	if (strcmp(path, "/fake/event0") == 0)
		return fcntl(fake.read_end, F_DUPFD_CLOEXEC, 3);
	return __real_open(path, flags, 0600);
}

int __wrap_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument = NULL;

	(void)fd;
	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request == EVIOCSMASK) {
		const struct input_mask *mask = argument;
		const uint8_t *codes = (const uint8_t *)(uintptr_t)mask->codes_ptr;

		fake.masks++;
		if (mask->type == EV_KEY)
			fake.key_mask_ok = codes[KEY_POWER / 8] == 1U << KEY_POWER % 8 &&
					   codes[KEY_A / 8] == 0;
		return 0;
	}
	if (fake.fail_bits) {
		errno = ENODEV;
		return -1;
	}
	if (fake.has_key)
		((uint8_t *)argument)[KEY_POWER / 8] |= 1U << KEY_POWER % 8;
	return 0;
}

int __wrap_kill(pid_t pid, int number)
{
	fake.killed = pid;
	fake.signal = number;
	errno = fake.kill_error;
	return fake.kill_error ? -1 : 0;
}

struct udev *__wrap_udev_new(void)
{
	return fake.fail_udev ? NULL : __real_udev_new();
}

struct udev_monitor *__wrap_udev_monitor_new_from_netlink(struct udev *udev, const char *name)
{
	assert_string_equal(name, "kernel");
	errno = EMFILE;
	return fake.fail_monitor ? NULL : __real_udev_monitor_new_from_netlink(udev, name);
}

int __wrap_udev_monitor_enable_receiving(struct udev_monitor *monitor)
{
	return fake.fail_receiving ? -EPERM : __real_udev_monitor_enable_receiving(monitor);
}

static int setup(void **state)
{
	int fds[2] = {};

	(void)state;
	memset(&fake, 0, sizeof(fake));
	presses = 0;
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	fake.read_end = fds[0];
	write_end = fds[1];
	return sd_event_new(&event);
}

static int teardown(void **state)
{
	(void)state;
	(void)close(fake.read_end);
	(void)close(write_end);
	event = sd_event_unref(event);
	return 0;
}

static void on_press(void *userdata)
{
	assert_ptr_equal(userdata, &presses);
	presses++;
}

static struct power_button *new_button(void)
{
	struct power_button *button = NULL;

	assert_int_equal(power_button_new(event, on_press, &presses, &button), 0);
	return button;
}

static void send(uint16_t type, uint16_t code, int32_t value)
{
	struct input_event input = { .type = type, .code = code, .value = value };

	assert_int_equal(write(write_end, &input, sizeof(input)), sizeof(input));
}

static void run(void)
{
	while (sd_event_run(event, 0) > 0)
		;
}

static void test_press(void **state)
{
	struct power_button *button = new_button();

	(void)state;
	fake.has_key = true;
	assert_int_equal(power_button_add_input(button, "/fake/event0"), 1);
	assert_true(fake.key_mask_ok);
	assert_true(fake.masks > 1);
	send(EV_KEY, KEY_POWER, 1);
	send(EV_SYN, SYN_REPORT, 0);
	run();
	assert_int_equal(presses, 1);
	/* Held down, let go, and another key. */
	send(EV_KEY, KEY_POWER, 2);
	send(EV_KEY, KEY_POWER, 0);
	send(EV_KEY, KEY_A, 1);
	send(EV_SW, KEY_POWER, 1);
	run();
	assert_int_equal(presses, 1);
	send(EV_KEY, KEY_POWER, 1);
	run();
	assert_int_equal(presses, 2);
	power_button_free(button);
}

static void test_no_power_key(void **state)
{
	struct power_button *button = new_button();
	int fds = count_fds();

	(void)state;
	assert_int_equal(power_button_add_input(button, "/fake/event0"), 0);
	fake.has_key = true;
	fake.fail_bits = true;
	assert_int_equal(power_button_add_input(button, "/fake/event0"), 0);
	assert_int_equal(power_button_add_input(button, "/nowhere/event1"), -ENOENT);
	assert_int_equal(count_fds(), fds);
	power_button_free(button);
}

static void test_unplugged(void **state)
{
	struct power_button *button = new_button();
	int fds = count_fds();

	(void)state;
	fake.has_key = true;
	assert_int_equal(power_button_add_input(button, "/fake/event0"), 1);
	assert_int_equal(power_button_add_input(button, "/fake/event0"), 1);
	assert_int_equal(count_fds(), fds + 2);
	(void)close(write_end);
	write_end = -1;
	run();
	assert_int_equal(count_fds(), fds - 1);
	assert_int_equal(presses, 0);
	power_button_free(button);
}

static void test_every_call_fails(void **state)
{
	bool *const calls[] = { &fake.fail_udev, &fake.fail_monitor, &fake.fail_receiving };
	int fds = count_fds();

	(void)state;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		struct power_button *button = NULL;

		*calls[i] = true;
		assert_true(power_button_new(event, on_press, NULL, &button) < 0);
		*calls[i] = false;
		assert_null(button);
		assert_int_equal(count_fds(), fds);
	}
	power_button_free(NULL);
}

static void test_request(void **state)
{
	(void)state;
	assert_int_equal(power_request(POWER_OFF), 0);
	assert_int_equal(fake.killed, 1);
	assert_int_equal(fake.signal, SIGUSR2);
	assert_int_equal(power_request(POWER_REBOOT), 0);
	assert_int_equal(fake.signal, SIGTERM);
	power_tell_progress();
	assert_int_equal(fake.killed, 1);
	assert_int_equal(fake.signal, SIGALRM);
	fake.kill_error = EPERM;
	assert_int_equal(power_request(POWER_OFF), -EPERM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_press, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_power_key, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unplugged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_call_fails, setup, teardown),
		cmocka_unit_test_setup_teardown(test_request, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
