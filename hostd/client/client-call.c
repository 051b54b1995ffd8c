// SPDX-License-Identifier: GPL-2.0-or-later
// Connections, calls, answers that go on; every error becomes a kind and one line.
#include "client-call.h"

#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/json.h"
#include "base/text.h"

#define CONNECT_TIMEOUT_S 10

const char *client_error_line(const struct error *error)
{
	return error->reason ? error->reason : "out of memory";
}

/* Returns r. */
static int fail(struct error *error, int r, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int fail(struct error *error, int r, const char *format, ...)
{
	va_list arguments;
	char *why = NULL;

	va_start(arguments, format);
	if (vasprintf(&why, format, arguments) < 0)
		why = NULL;
	va_end(arguments);
	return error_take(error, r, why);
}

static int fail_lost(struct error *error, int r)
{
	if (r == -ETIME || r == -ETIMEDOUT)
		return fail(error, r, "hostd does not answer");
	if (r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE)
		return fail(error, r, "hostd closed the connection");
	return fail(error, r, "the call failed: %s", strerror(-r));
}

char *client_explain(const char *error_id, sd_json_variant *parameters)
{
	static const struct {
		const char *error_id, *parameter, *text;
	} table[] = {
		{ SD_VARLINK_ERROR_INVALID_PARAMETER, "parameter", "invalid parameter: " },
		{ SD_VARLINK_ERROR_METHOD_NOT_FOUND, "method", "this hostd has no method " },
		{ SD_VARLINK_ERROR_DISCONNECTED, NULL, "hostd closed the connection" },
		{ SD_VARLINK_ERROR_TIMEOUT, NULL, "hostd does not answer" },
	};
	const char *reason = json_text(parameters, "reason");

	if (reason)
		return strdup(reason);
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		const char *value =
			table[i].parameter ? json_text(parameters, table[i].parameter) : "";

		if (text_equal(table[i].error_id, error_id) && value)
			return text_format("%s%s", table[i].text, value);
	}
	if (text_equal(error_id, SD_VARLINK_ERROR_SYSTEM))
		return text_format("hostd: %s", strerror((int)json_unsigned(parameters, "errno")));
	return text_format("hostd refused: %s", error_id);
}

static int fail_answer(struct error *error, const char *error_id, sd_json_variant *parameters)
{
	_cleanup_free_ char *line = client_explain(error_id, parameters);
	const char *dot = strrchr(error_id, '.');

	/* These are not hostd's: sd-varlink answers calls that will have no other answer. */
	if (text_equal(error_id, SD_VARLINK_ERROR_DISCONNECTED))
		return fail_lost(error, -ECONNRESET);
	if (text_equal(error_id, SD_VARLINK_ERROR_TIMEOUT))
		return fail_lost(error, -ETIMEDOUT);
	return error_set(error, error_kind_of_name(dot ? dot + 1 : error_id), "%s",
			 line ? line : error_id);
}

static int connect_socket(const char *path)
{
	const struct timeval timeout = { .tv_sec = CONNECT_TIMEOUT_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	(void)strcpy(address.sun_path, path);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(&fd);
}

int client_connect(const char *path, sd_varlink **ret_varlink, struct error *error)
{
	_cleanup_fd_ int fd = connect_socket(path);
	int r = fd < 0 ? fd : sd_varlink_connect_fd(ret_varlink, fd);

	if (r >= 0) {
		(void)take_fd(&fd);
		return 0;
	}
	if (r == -ENOENT || r == -ECONNREFUSED)
		return fail(error, r, "hostd is not running: nothing answers at %s", path);
	if (r == -EACCES || r == -EPERM)
		return fail(error, r, "only root may use %s", path);
	if (r == -EAGAIN)
		return fail_lost(error, -ETIMEDOUT);
	return fail(error, r, "%s: %s", path, strerror(-r));
}

int client_call(sd_varlink *varlink, const char *method, sd_json_variant *parameters,
		sd_json_variant **ret_answer, struct error *error)
{
	sd_json_variant *answer = NULL;
	const char *error_id = NULL;
	int r = sd_varlink_call(varlink, method, parameters, &answer, &error_id);

	if (r < 0)
		return fail_lost(error, r);
	if (error_id)
		return fail_answer(error, error_id, answer);
	*ret_answer = answer;
	return 0;
}

int client_take_fd(sd_varlink *varlink, sd_json_variant *answer)
{
	uint64_t index = json_unsigned_or(answer, "fileDescriptor", UINT64_MAX);
	int fd = index == UINT64_MAX ? -EBADF : sd_varlink_take_fd(varlink, index);

	return fd < 0 ? -EBADF : fd;
}

struct watch {
	client_predicate_t predicate;
	void *userdata;
	struct error *error;
	int result; /* -EAGAIN until the end is known */
};

static int on_answer(sd_varlink *, sd_json_variant *answer, const char *error_id,
		     sd_varlink_reply_flags_t flags, void *userdata)
{
	struct watch *watch = userdata;

	if (watch->result != -EAGAIN)
		return 0;
	if (error_id) {
		watch->result = fail_answer(watch->error, error_id, answer);
		return 0;
	}
	watch->result = watch->predicate(answer, watch->userdata);
	if (watch->result == -EAGAIN && !(flags & SD_VARLINK_REPLY_CONTINUES))
		watch->result = fail_lost(watch->error, -ECONNRESET);
	return 0;
}

int client_watch(sd_varlink *varlink, const char *method, sd_json_variant *parameters,
		 client_predicate_t predicate, void *userdata, struct error *error)
{
	struct watch watch = {
		.predicate = predicate, .userdata = userdata, .error = error, .result = -EAGAIN
	};
	int r = 0;

	(void)sd_varlink_set_userdata(varlink, &watch);
	(void)sd_varlink_set_relative_timeout(varlink, UINT64_MAX);
	r = sd_varlink_bind_reply(varlink, on_answer);
	if (r >= 0)
		r = sd_varlink_observe(varlink, method, parameters);
	while (r >= 0 && watch.result == -EAGAIN) {
		r = sd_varlink_process(varlink);
		if (r == 0)
			r = sd_varlink_wait(varlink, UINT64_MAX);
	}
	return watch.result != -EAGAIN ? watch.result : fail_lost(error, r);
}
