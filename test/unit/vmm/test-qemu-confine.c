// SPDX-License-Identifier: GPL-2.0-or-later
// QEMU itself in its confinement: it runs its firmware, speaks, and ends.
// needs: obj/bin/qemu-system-x86_64
#include "process/guest-confine-fixture.h"

#include "guest/guest-console.h"
#include "vmm/qemu/qemu-qmp.h"
#include "vmm/qemu/qemu-seccomp.h"

#define QEMU "/build/obj/bin/qemu-system-x86_64"

/* In the build root they are links to several packages' folders, which QEMU here would not see. */
static void copy_firmware(const char *name)
{
	_cleanup_free_ char *from = text_format("/usr/share/%s", name), *data = NULL,
			    *to = text_format("/firmware%s", strchr(name, '/'));
	size_t length = 0;

	assert_int_equal(file_read(AT_FDCWD, from, 1 << 20, &data, &length), 0);
	tree_bytes(&tree, to, data, length);
}

struct qemu {
	unsigned int ready, closed;
	char events[512];
};

static void on_ready(void *userdata)
{
	((struct qemu *)userdata)->ready++;
}

static void on_event(const char *name, sd_json_variant *, void *userdata)
{
	struct qemu *qemu = userdata;

	(void)strncat(qemu->events, name, sizeof(qemu->events) - strlen(qemu->events) - 1);
}

static void on_closed(int, void *userdata)
{
	((struct qemu *)userdata)->closed++;
}

static void wait_for(sd_event *event, const unsigned int *count)
{
	for (int i = 0; *count == 0 && i < 2000; i++)
		assert_true(sd_event_run(event, 10000) >= 0);
	if (*count == 0)
		fail_msg("QEMU: %s", guest_process_stderr_tail("qemu"));
}

static void test_qemu(void **)
{
	static const char *const words[] = {
		QEMU,
		"-nodefaults",
		"-no-user-config",
		"-display",
		"none",
		"-accel",
		"tcg",
		"-machine",
		"q35,graphics=off",
		"-m",
		"64M",
		"-sandbox",
		"on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny",
		"-L",
		firmware,
		"-chardev",
		"socket,id=qmp,fd=3,server=on,wait=off",
		"-mon",
		"chardev=qmp,mode=control",
		"-chardev",
		"socket,id=serial,fd=4,server=on,wait=off",
		"-serial",
		"chardev:serial",
		"-device",
		"virtio-rng-pci",
		NULL
	};
	char *argv[ELEMENTS(words)] = {};
	struct qemu qemu = {};
	const struct qemu_qmp_callbacks callbacks = {
		.ready = on_ready, .event = on_event, .closed = on_closed, .userdata = &qemu
	};
	struct process_fd fds[2] = { { -1, 3 }, { -1, 4 } };
	struct guest_process_spec spec = { .name = "qemu",
					   .executable = QEMU,
					   .firmware = firmware,
					   .argv = argv,
					   .limits = { .memory_bytes = 64 << 20 },
					   .fds = fds,
					   .fd_count = 2 };
	struct qemu_qmp *qmp = NULL;
	struct guest_console *console = NULL;
	_cleanup_free_ char *tail = NULL, *output = NULL;
	struct pollfd poll_fd = { .events = POLLIN };
	sd_event *event = NULL;
	size_t length = 0;
	uint64_t start_time = 0;
	int pidfd = -EBADF, status = -1;
	pid_t pid = 0;

	skip_unless_possible();
	if (access(QEMU, X_OK) < 0) {
		print_message("# skipped: there is no static QEMU (make qemu)\n");
		skip();
	}
	for (size_t i = 0; words[i]; i++)
		assert_non_null(argv[i] = strdup(words[i]));
	assert_int_equal(qemu_seccomp_program(&spec.seccomp), 0);
	copy_firmware("seabios/bios-256k.bin");
	copy_firmware("qemu/kvmvapic.bin");
	assert_true(sd_event_new(&event) >= 0);
	assert_int_equal(guest_process_prepare("qemu"), 0);
	assert_int_equal(guest_process_listen("qemu", "qmp", &fds[0].fd), 0);
	assert_int_equal(guest_process_listen("qemu", "serial", &fds[1].fd), 0);
	assert_int_equal(guest_process_start(&spec, &pid, &pidfd, &start_time), 0);
	fd_close(fds[0].fd);
	fd_close(fds[1].fd);
	assert_int_equal(qemu_qmp_new(event, tree_path(&tree, "/guests/qemu/qmp.sock"), &callbacks,
				      &qmp),
			 0);
	assert_int_equal(
		guest_console_new(tree_path(&tree, "/guests/qemu/ring"), NULL, NULL, &console), 0);
	assert_int_equal(guest_console_connect(console, event,
					       tree_path(&tree, "/guests/qemu/serial.sock")),
			 0);
	wait_for(event, &qemu.ready);
	/* The firmware speaks when there is no picture. */
	for (int i = 0; length == 0 && i < 3000; i++) {
		free(take_ptr(output));
		assert_true(sd_event_run(event, 10000) >= 0);
		assert_int_equal(guest_console_copy(console, 0, &output, &length), 0);
	}
	assert_true(length > 0);
	assert_int_equal(qemu_qmp_execute(qmp, "quit", NULL, NULL, NULL), 0);
	wait_for(event, &qemu.closed);
	assert_non_null(strstr(qemu.events, "SHUTDOWN"));
	poll_fd.fd = pidfd;
	assert_int_equal(poll(&poll_fd, 1, 20000), 1);
	assert_int_equal(guest_process_exit_status(pid, pidfd, &status), 0);
	assert_int_equal(status, 0);
	tail = guest_process_stderr_tail("qemu");
	if (tail)
		print_message("# QEMU said: %s\n", tail);
	assert_null(tail);
	assert_int_equal(guest_process_cleanup("qemu"), 0);
	fd_close(pidfd);
	qemu_qmp_free(qmp);
	guest_console_free(console);
	sd_event_unref(event);
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_qemu),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
