/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For test-guests.c: in the place of QEMU a child that waits, and of QMP what the test says. */
// link: -Wl,--wrap=guest_process_find
#pragma once

#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "config/config-name.h"
#include "guest/guest-console.h"
#include "process/guest-process.h"
#include "vmm/qemu/qemu-qmp.h"

#define FAKE_GUESTS_MAX 16

struct qemu_qmp {
	struct qemu_qmp_callbacks callbacks;
	bool used;
	char guest[NAME_LENGTH_MAX + 1];
};

struct guest_console {
	int unused;
};

/* What the driver did, and what is to happen to it; the test resets it. */
static struct {
	int start_error, prepare_error, find_error, adopt_error;
	unsigned int starts, cleanups, adoptions, qmp_connects, powerdowns, status_queries;
	unsigned int cleanups_before_start;
	bool exits_unknown, gone, deaf;
	const char *status, *stderr_tail;
	int failure_status; /* of a process that ends with a failure; 0: 1 */
	struct {
		char name[NAME_LENGTH_MAX + 1];
		pid_t pid;
	} processes[FAKE_GUESTS_MAX];
	struct qemu_qmp qmps[FAKE_GUESTS_MAX];
	struct text_list argv;
	int fd_numbers[16];
	size_t fd_count, file_count;
	unsigned int index;
	bool host_network;
	char commands[4096]; /* other QMP commands, "NAME ARGUMENTS\n" each */
	const char *refused; /* the one of them that fails */
	unsigned int passed_fds;
	const char *refusal; /* what it fails with; NULL: "no such thing" */
	const char *held; /* the one of them that is not answered */
	qemu_qmp_reply_t held_reply;
	void *held_userdata;
	const struct qemu_qmp *held_qmp;
} fake;

static pid_t *fake_process(const char *name)
{
	for (size_t i = 0; i < FAKE_GUESTS_MAX; i++)
		if (strcmp(fake.processes[i].name, name) == 0)
			return &fake.processes[i].pid;
	for (size_t i = 0; i < FAKE_GUESTS_MAX; i++)
		if (!fake.processes[i].name[0]) {
			(void)snprintf(fake.processes[i].name, sizeof(fake.processes[i].name), "%s",
				       name);
			return &fake.processes[i].pid;
		}
	fail_msg("too many guests");
	return NULL;
}

static struct qemu_qmp *fake_qmp(const char *name)
{
	for (size_t i = 0; i < FAKE_GUESTS_MAX; i++)
		if (fake.qmps[i].used && strcmp(fake.qmps[i].guest, name) == 0)
			return &fake.qmps[i];
	return NULL;
}

static void on_usr1(int)
{
	_exit(0);
}

static void on_usr2(int)
{
	_exit(fake.failure_status ? fake.failure_status : 1);
}

int __wrap_guest_process_start(const struct guest_process_spec *spec, pid_t *ret_pid,
			       int *ret_pidfd, uint64_t *ret_start_time);
int __wrap_guest_process_start(const struct guest_process_spec *spec, pid_t *ret_pid,
			       int *ret_pidfd, uint64_t *ret_start_time)
{
	pid_t *process = fake_process(spec->name), pid = 0;
	sigset_t blocked, before;

	if (fake.start_error)
		return fake.start_error;
	/* The rule of rules: never two of one guest. */
	assert_true(*process == 0 || kill(*process, 0) < 0);
	fake.starts++;
	text_list_done(&fake.argv);
	for (size_t i = 0; spec->argv[i]; i++)
		assert_int_equal(text_list_add(&fake.argv, spec->argv[i]), 0);
	fake.fd_count = spec->fd_count;
	for (size_t i = 0; i < spec->fd_count; i++) {
		assert_true(fcntl(spec->fds[i].fd, F_GETFD) & FD_CLOEXEC);
		fake.fd_numbers[i] = spec->fds[i].number;
	}
	fake.file_count = spec->file_count;
	fake.index = spec->index;
	fake.host_network = spec->host_network;
	/* Both signals wait until the child has its handlers. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR1);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	pid = fork();
	if (pid == 0) {
		(void)signal(SIGUSR1, on_usr1);
		(void)signal(SIGUSR2, on_usr2);
		sigprocmask(SIG_SETMASK, &before, NULL);
		for (;;)
			pause();
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
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
	int fd = -EBADF;

	fake.adoptions++;
	assert_int_equal(start_time, (uint64_t)pid * 7);
	if (fake.gone)
		return -ESRCH;
	if (fake.adopt_error)
		return fake.adopt_error;
	fd = pidfd_open(pid, 0);
	if (fd < 0)
		return -errno;
	*ret_pidfd = fd;
	return 0;
}

int __wrap_guest_process_find(const char *name, struct guest_process_found *ret_found);
int __wrap_guest_process_find(const char *name, struct guest_process_found *ret_found)
{
	pid_t pid = *fake_process(name);

	if (fake.find_error)
		return fake.find_error;
	if (fake.gone || pid == 0 || kill(pid, 0) < 0)
		return -ESRCH;
	*ret_found = (struct guest_process_found){ .pid = pid,
						   .start_time = (uint64_t)pid * 7,
						   .index = 17 };
	return 0;
}

int __wrap_guest_process_exit_status(pid_t pid, int pidfd, int *ret_wstatus);
int __wrap_guest_process_exit_status(pid_t pid, int, int *ret_wstatus)
{
	int status = 0;
	pid_t got = waitpid(pid, &status, WNOHANG);

	if (got == 0)
		return -EAGAIN;
	if (fake.exits_unknown)
		return -ECHILD;
	*ret_wstatus = status;
	return 0;
}

int __wrap_guest_process_cleanup(const char *name);
int __wrap_guest_process_cleanup(const char *name)
{
	pid_t *process = fake_process(name);

	fake.cleanups++;
	if (fake.starts == 0)
		fake.cleanups_before_start++;
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
	return fake.stderr_tail ? strdup(fake.stderr_tail) : NULL;
}

int __wrap_guest_process_prepare(const char *name);
int __wrap_guest_process_prepare(const char *)
{
	return fake.prepare_error;
}

int __wrap_guest_process_listen(const char *name, const char *socket_name, int *ret_fd);
int __wrap_guest_process_listen(const char *, const char *, int *ret_fd)
{
	*ret_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return *ret_fd < 0 ? -errno : 0;
}

int __wrap_qemu_qmp_new(sd_event *event, const char *path,
			const struct qemu_qmp_callbacks *callbacks, struct qemu_qmp **ret);
int __wrap_qemu_qmp_new(sd_event *, const char *path, const struct qemu_qmp_callbacks *callbacks,
			struct qemu_qmp **ret)
{
	const char *end = strstr(path, "/qmp.sock"), *begin = end;

	assert_non_null(end);
	while (begin[-1] != '/')
		begin--;
	fake.qmp_connects++;
	for (size_t i = 0; i < FAKE_GUESTS_MAX; i++)
		if (!fake.qmps[i].used) {
			fake.qmps[i] = (struct qemu_qmp){ .callbacks = *callbacks, .used = true };
			memcpy(fake.qmps[i].guest, begin, (size_t)(end - begin));
			*ret = &fake.qmps[i];
			return 0;
		}
	return -ENOMEM;
}

typedef void (*fake_reply_t)(sd_json_variant *result, const char *error, void *userdata);

static void fake_record(const char *command, sd_json_variant *arguments)
{
	_cleanup_free_ char *text = NULL;
	size_t length = strlen(fake.commands);

	assert_true(sd_json_variant_format(arguments, 0, &text) >= 0);
	(void)snprintf(fake.commands + length, sizeof(fake.commands) - length, "%s %s\n", command,
		       text);
}

int __wrap_qemu_qmp_execute(struct qemu_qmp *qmp, const char *command, sd_json_variant *arguments,
			    fake_reply_t reply, void *userdata);
int __wrap_qemu_qmp_execute(struct qemu_qmp *qmp, const char *command, sd_json_variant *arguments,
			    fake_reply_t reply, void *userdata)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *result = NULL;

	if (!qmp)
		return -ENOTCONN;
	assert_true(qmp->used);
	if (strcmp(command, "system_powerdown") == 0) {
		fake.powerdowns++;
		if (!fake.deaf)
			assert_int_equal(kill(*fake_process(qmp->guest), SIGUSR1), 0);
	} else if (strcmp(command, "query-status") == 0) {
		fake.status_queries++;
		assert_true(sd_json_variant_set_field_string(
				    &result, "status", fake.status ? fake.status : "running") >= 0);
	} else
		fake_record(command, arguments);
	if (text_equal(fake.held, command)) {
		fake.held_reply = reply;
		fake.held_userdata = userdata;
		fake.held_qmp = qmp;
	} else if (reply)
		reply(result,
		      !text_equal(fake.refused, command) ? NULL
		      : fake.refusal                     ? fake.refusal
							 : "no such thing",
		      userdata);
	return 0;
}

int __wrap_qemu_qmp_execute_with_fd(struct qemu_qmp *qmp, const char *command,
				    sd_json_variant *arguments, int fd, fake_reply_t reply,
				    void *userdata);
int __wrap_qemu_qmp_execute_with_fd(struct qemu_qmp *qmp, const char *command,
				    sd_json_variant *arguments, int fd, fake_reply_t reply,
				    void *userdata)
{
	assert_true(fcntl(fd, F_GETFD) >= 0);
	assert_int_equal(close(fd), 0);
	fake.passed_fds++;
	return __wrap_qemu_qmp_execute(qmp, command, arguments, reply, userdata);
}

/* To the command that was held. */
static void fake_answer(const char *error)
{
	qemu_qmp_reply_t reply = fake.held_reply;

	fake.held_reply = NULL;
	fake.held_qmp = NULL;
	if (reply)
		reply(NULL, error, fake.held_userdata);
}

void __wrap_qemu_qmp_free(struct qemu_qmp *qmp);
void __wrap_qemu_qmp_free(struct qemu_qmp *qmp)
{
	if (!qmp)
		return;
	qmp->used = false;
	if (fake.held_qmp == qmp)
		fake_answer("the connection to QEMU is closed");
}

int __wrap_guest_console_new(const char *path, void (*line)(const char *text, void *userdata),
			     void *userdata, struct guest_console **ret);
int __wrap_guest_console_new(const char *, void (*)(const char *text, void *userdata), void *,
			     struct guest_console **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

uint64_t __wrap_guest_console_written(const struct guest_console *console);
uint64_t __wrap_guest_console_written(const struct guest_console *)
{
	return 0;
}

void __wrap_guest_console_set_line(struct guest_console *console, guest_console_line_t line);
void __wrap_guest_console_set_line(struct guest_console *, guest_console_line_t)
{
}

int __wrap_guest_console_connect(struct guest_console *console, sd_event *event, const char *path);
int __wrap_guest_console_connect(struct guest_console *, sd_event *, const char *)
{
	return 0;
}

void __wrap_guest_console_disconnect(struct guest_console *console);
void __wrap_guest_console_disconnect(struct guest_console *)
{
}

void __wrap_guest_console_free(struct guest_console *console);
void __wrap_guest_console_free(struct guest_console *console)
{
	free(console);
}

static void fake_done(void)
{
	text_list_done(&fake.argv);
}
