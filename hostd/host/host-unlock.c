// SPDX-License-Identifier: GPL-2.0-or-later
// The console password: checked by a child, because the hash is slow on purpose; and slower with
// every failure.
#include "host-unlock.h"

#include <crypt.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>

#include "base/log.h"
#include "host-internal.h"

/* After the n-th failure in a row the answer takes 2^n s, this at most. */
#define DELAY_SHIFT_MAX 5
#define SECOND_USEC UINT64_C(1000000)
#define PASSWORD_LENGTH_MAX 512

bool host_needs_password(const struct host *host)
{
	return host->config->console_password;
}

/* reason NULL: it is the password. */
static void finish(struct host_unlock *unlock, enum error_kind kind, const char *reason)
{
	_cleanup_(error_done) struct error error = {};
	host_unlocked_t done = unlock->done;

	unlock->checked = sd_event_source_disable_unref(unlock->checked);
	unlock->delay = sd_event_source_disable_unref(unlock->delay);
	unlock->done = NULL;
	if (reason)
		(void)error_set(&error, kind, "%s", reason);
	if (done)
		done(reason ? &error : NULL, unlock->userdata);
}

void host_unlock_cancel(struct host *host)
{
	finish(&host->unlock, ERROR_NOT_NOW, "hostd ends");
}

static int on_delay(sd_event_source *source [[maybe_unused]], uint64_t now_usec [[maybe_unused]],
		    void *userdata)
{
	finish(userdata, ERROR_DENIED, "That is not the console password");
	return 0;
}

static void fail(struct host *host)
{
	struct host_unlock *unlock = &host->unlock;
	unsigned int shift =
		unlock->failures < DELAY_SHIFT_MAX ? unlock->failures : DELAY_SHIFT_MAX;

	unlock->failures++;
	unlock->checked = sd_event_source_disable_unref(unlock->checked);
	log_warning("console", "a wrong password was typed%s",
		    unlock->failures > 1 ? ", again" : "");
	if (sd_event_add_time_relative(host->event, &unlock->delay, CLOCK_MONOTONIC,
				       SECOND_USEC << shift, SECOND_USEC / 10, on_delay,
				       unlock) < 0)
		finish(unlock, ERROR_FAILED, "The password cannot be checked");
}

/* The child has said one byte, or nothing. */
static int on_checked(sd_event_source *source [[maybe_unused]], int fd,
		      uint32_t events [[maybe_unused]], void *userdata)
{
	struct host *host = userdata;
	char right = 0;

	if (read(fd, &right, 1) != 1 || right != 1) {
		fail(host);
		return 0;
	}
	host->unlock.failures = 0;
	finish(&host->unlock, ERROR_NONE, NULL);
	return 0;
}

/* Every byte is compared, whatever differs first. */
static bool is_right(const char *password, const char *hash)
{
	const char *made = crypt(password, hash);
	size_t length = strlen(hash);
	unsigned char differs = 0;

	if (!made || strlen(made) != length)
		return false;
	for (size_t i = 0; i < length; i++)
		differs |= (unsigned char)(made[i] ^ hash[i]);
	return differs == 0;
}

/* The child's child checks: PID 1 reaps it. Returns the pipe's end, or -errno. */
static int start_check(const char *password, const char *hash)
{
	int fds[2] = { -EBADF, -EBADF };
	pid_t pid = 0;

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	pid = fork();
	if (pid == 0) {
		char right = 0;

		if (fork() != 0)
			_exit(0);
		right = is_right(password, hash);
		_exit(write(fds[1], &right, 1) == 1 ? 0 : 1);
	}
	(void)close(fds[1]);
	if (pid < 0) {
		(void)close(fds[0]);
		return -errno;
	}
	(void)waitpid(pid, NULL, 0);
	return fds[0];
}

int host_unlock(struct host *host, const char *password, host_unlocked_t done, void *userdata,
		struct error *error)
{
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;

	if (!host_needs_password(host)) {
		done(NULL, userdata);
		return 0;
	}
	if (!password)
		return error_set(error, ERROR_DENIED, "The console password is needed");
	if (strlen(password) > PASSWORD_LENGTH_MAX)
		return error_set(error, ERROR_DENIED, "That is not the console password");
	if (host->unlock.done)
		return error_set(error, ERROR_BUSY,
				 "A password is being checked: try again in some seconds");
	fd = start_check(password, host->config->console_password);
	r = fd < 0 ? fd
		   : sd_event_add_io(host->event, &host->unlock.checked, fd, EPOLLIN, on_checked,
				     host);
	if (r < 0)
		return r;
	(void)sd_event_source_set_io_fd_own(host->unlock.checked, true);
	(void)take_fd(&fd);
	host->unlock.done = done;
	host->unlock.userdata = userdata;
	return 0;
}
