/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For test-guests-life.c: children that run the fake VMM's program, on sockets in the guests'
 * folder. */
#pragma once

#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "config/config-name.h"
#include "process/guest-process.h"
#include "vmm/fake/fake-program.h"

#define FAKE_GUESTS_MAX 4

static struct {
	unsigned int starts;
	struct {
		char name[NAME_LENGTH_MAX + 1];
		pid_t pid;
	} processes[FAKE_GUESTS_MAX];
} fake;

static const char *fake_folder(void);

static pid_t *fake_process(const char *name)
{
	for (size_t i = 0; i < FAKE_GUESTS_MAX; i++)
		if (strcmp(fake.processes[i].name, name) == 0 || !fake.processes[i].name[0]) {
			(void)snprintf(fake.processes[i].name, sizeof(fake.processes[i].name), "%s",
				       name);
			return &fake.processes[i].pid;
		}
	fail_msg("too many guests");
	return NULL;
}

static int fake_fd(const struct guest_process_spec *spec, int number)
{
	for (size_t i = 0; i < spec->fd_count; i++)
		if (spec->fds[i].number == number)
			return spec->fds[i].fd;
	fail_msg("no fd %d", number);
	return -EBADF;
}

int __wrap_guest_process_start(const struct guest_process_spec *spec, pid_t *ret_pid,
			       int *ret_pidfd, uint64_t *ret_start_time);
int __wrap_guest_process_start(const struct guest_process_spec *spec, pid_t *ret_pid,
			       int *ret_pidfd, uint64_t *ret_start_time)
{
	pid_t *process = fake_process(spec->name), pid = 0;

	/* The rule of rules: never two of one guest. */
	assert_true(*process == 0 || kill(*process, 0) < 0);
	fake.starts++;
	pid = fork();
	if (pid == 0) {
		int control = fake_fd(spec, FAKE_PROGRAM_CONTROL_FD),
		    serial = fake_fd(spec, FAKE_PROGRAM_SERIAL_FD);

		/* What hostd has open is not the child's. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (int fd = 3; fd < 256; fd++)
			if (fd != control && fd != serial)
				(void)close(fd);
		fake_program_run(control, serial, spec->argv);
	}
	assert_true(pid > 0);
	*process = pid;
	*ret_pid = pid;
	*ret_pidfd = pidfd_open(pid, 0);
	assert_true(*ret_pidfd >= 0);
	*ret_start_time = (uint64_t)pid * 7;
	return 0;
}

int __wrap_guest_process_adopt(pid_t pid, uint64_t start_time, int *ret_pidfd);
int __wrap_guest_process_adopt(pid_t pid, uint64_t start_time, int *ret_pidfd)
{
	assert_int_equal(start_time, (uint64_t)pid * 7);
	*ret_pidfd = pidfd_open(pid, 0);
	return *ret_pidfd < 0 ? -errno : 0;
}

int __wrap_guest_process_find(const char *name, struct guest_process_found *ret_found);
int __wrap_guest_process_find(const char *, struct guest_process_found *)
{
	return -ESRCH;
}

int __wrap_guest_process_exit_status(pid_t pid, int pidfd, int *ret_wstatus);
int __wrap_guest_process_exit_status(pid_t pid, int, int *ret_wstatus)
{
	pid_t got = waitpid(pid, ret_wstatus, WNOHANG);

	return got == 0 ? -EAGAIN : got < 0 ? -ECHILD : 0;
}

int __wrap_guest_process_cleanup(const char *name);
int __wrap_guest_process_cleanup(const char *name)
{
	pid_t *process = fake_process(name);

	if (*process > 0) {
		(void)kill(*process, SIGKILL);
		(void)waitpid(*process, NULL, 0);
	}
	*process = 0;
	return 0;
}

char *__wrap_guest_process_stderr_tail(const char *name);
char *__wrap_guest_process_stderr_tail(const char *)
{
	return NULL;
}

int __wrap_guest_process_prepare(const char *name);
int __wrap_guest_process_prepare(const char *name)
{
	_cleanup_free_ char *path = text_format("%s/%s", fake_folder(), name);

	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int __wrap_guest_process_listen(const char *name, const char *socket_name, int *ret_fd);
int __wrap_guest_process_listen(const char *name, const char *socket_name, int *ret_fd)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s/%s.sock", fake_folder(),
		       name, socket_name);
	(void)unlink(address.sun_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 4), 0);
	*ret_fd = fd;
	return 0;
}

static void fake_done(void)
{
}
