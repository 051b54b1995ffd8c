// SPDX-License-Identifier: GPL-2.0-or-later
// The console password: checked by a child, because the hash is slow on purpose; and slower with
// every failure.
#include <crypt.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <time.h>

#include "api-console-methods.h"
#include "base/log.h"

/* After the n-th failure in a row the answer takes 2^n s, this at most. */
#define DELAY_SHIFT_MAX 5
#define SECOND_USEC UINT64_C(1000000)
#define PASSWORD_LENGTH_MAX 512

/* One password is checked at a time, of all consoles. */
struct api_unlock {
	struct api *api;
	sd_varlink *link; /* who waits for the answer; NULL: nobody */
	sd_event_source *checked, *delay;
	unsigned int failures;
};

static int get(struct api *api, struct api_unlock **ret_unlock)
{
	if (!api->unlock) {
		api->unlock = calloc(1, sizeof(*api->unlock));
		if (!api->unlock)
			return -ENOMEM;
		api->unlock->api = api;
	}
	*ret_unlock = api->unlock;
	return 0;
}

static void finish(struct api_unlock *unlock)
{
	unlock->checked = sd_event_source_disable_unref(unlock->checked);
	unlock->delay = sd_event_source_disable_unref(unlock->delay);
	unlock->link = sd_varlink_unref(unlock->link);
}

void api_unlock_free(struct api_unlock *unlock)
{
	if (!unlock)
		return;
	finish(unlock);
	free(unlock);
}

static int give(struct api *api, sd_varlink *link)
{
	struct json_builder answer = {};
	_cleanup_fd_ int fd = -EBADF;
	int r = api_connect_acting(api, &fd), index = 0;

	if (r < 0)
		return r;
	index = sd_varlink_push_fd(link, fd);
	if (index < 0)
		return index;
	(void)take_fd(&fd);
	json_add_unsigned(&answer, "fileDescriptor", (uint64_t)index);
	return api_client_reply_object(link, &answer);
}

static int refuse(sd_varlink *link, const char *reason)
{
	struct json_builder parameters = {};

	json_add_text(&parameters, "reason", reason);
	return api_client_error(link, "io.mvirt.Console.Refused", &parameters);
}

static int on_delay(sd_event_source *source [[maybe_unused]], uint64_t now_usec [[maybe_unused]],
		    void *userdata)
{
	struct api_unlock *unlock = userdata;
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = sd_varlink_ref(unlock->link);

	finish(unlock);
	(void)refuse(link, "That is not the console password");
	return 0;
}

static void fail(struct api_unlock *unlock)
{
	unsigned int shift =
		unlock->failures < DELAY_SHIFT_MAX ? unlock->failures : DELAY_SHIFT_MAX;

	unlock->failures++;
	unlock->checked = sd_event_source_disable_unref(unlock->checked);
	log_warning("console", "a wrong password was typed%s",
		    unlock->failures > 1 ? ", again" : "");
	if (sd_event_add_time_relative(unlock->api->event, &unlock->delay, CLOCK_MONOTONIC,
				       SECOND_USEC << shift, SECOND_USEC / 10, on_delay,
				       unlock) < 0) {
		(void)sd_varlink_close(unlock->link);
		finish(unlock);
	}
}

/* The child has said one byte, or nothing. */
static int on_checked(sd_event_source *source [[maybe_unused]], int fd,
		      uint32_t events [[maybe_unused]], void *userdata)
{
	struct api_unlock *unlock = userdata;
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	char right = 0;

	if (read(fd, &right, 1) != 1 || right != 1) {
		fail(unlock);
		return 0;
	}
	unlock->failures = 0;
	link = sd_varlink_ref(unlock->link);
	finish(unlock);
	if (give(unlock->api, link) < 0)
		(void)sd_varlink_close(link);
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

static int check(struct api_unlock *unlock, sd_varlink *link, const char *password)
{
	_cleanup_fd_ int fd = start_check(password, unlock->api->context.config->console_password);
	int r = fd;

	if (r >= 0)
		r = sd_event_add_io(unlock->api->event, &unlock->checked, fd, EPOLLIN, on_checked,
				    unlock);
	if (r < 0)
		return r;
	(void)sd_event_source_set_io_fd_own(unlock->checked, true);
	(void)take_fd(&fd);
	unlock->link = sd_varlink_ref(link);
	return 0;
}

int api_method_unlock(sd_varlink *link, sd_json_variant *parameters,
		      sd_varlink_method_flags_t flags [[maybe_unused]], void *userdata)
{
	static const sd_json_dispatch_field fields[] = {
		{ "password", SD_JSON_VARIANT_STRING, sd_json_dispatch_const_string, 0,
		  SD_JSON_NULLABLE },
		{},
	};
	struct api *api = userdata;
	struct api_unlock *unlock = NULL;
	const char *password = NULL;
	int r = 0;

	(void)sd_varlink_set_input_sensitive(link);
	r = sd_varlink_dispatch(link, parameters, fields, &password);
	if (r != 0)
		return r;
	if (!api->context.config->console_password)
		return give(api, link);
	r = get(api, &unlock);
	if (r < 0)
		return r;
	if (!password)
		return refuse(link, "The console password is needed");
	if (strlen(password) > PASSWORD_LENGTH_MAX)
		return refuse(link, "That is not the console password");
	if (unlock->link)
		return refuse(link, "A password is being checked: try again in some seconds");
	return check(unlock, link, password);
}
