// SPDX-License-Identifier: GPL-2.0-or-later
// Calls to hostd, and what to say when they fail.
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>

#include "cli.h"

#define CONNECT_TIMEOUT_S 10
/* Another hostd that does not come up is given up after 30 s (host/host-replace.c). */
#define NEXT_HOSTD_TIMEOUT_S 45

void cli_error(const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	(void)fputs("mvirt: ", stderr);
	cli_put(stderr, text ? text : "out of memory");
	(void)fputc('\n', stderr);
}

const char *cli_text(sd_json_variant *object, const char *name)
{
	sd_json_variant *value = object ? sd_json_variant_by_key(object, name) : NULL;

	return value && sd_json_variant_is_string(value) ? sd_json_variant_string(value) : NULL;
}

uint64_t cli_unsigned(sd_json_variant *object, const char *name)
{
	sd_json_variant *value = object ? sd_json_variant_by_key(object, name) : NULL;

	return value && sd_json_variant_is_unsigned(value) ? sd_json_variant_unsigned(value) : 0;
}

bool cli_bool(sd_json_variant *object, const char *name)
{
	sd_json_variant *value = object ? sd_json_variant_by_key(object, name) : NULL;

	return value && sd_json_variant_is_boolean(value) && sd_json_variant_boolean(value);
}

static void tell_lost(int r)
{
	if (r == -ETIME || r == -ETIMEDOUT)
		cli_error("hostd does not answer");
	else if (r == -ECONNRESET || r == -ENOTCONN || r == -EPIPE)
		cli_error("hostd closed the connection");
	else
		cli_error("the call failed: %s", strerrordesc_np(-r));
}

/* sd-varlink's own connect does not wait when hostd is busy. Returns the fd, or -errno. */
static int connect_socket(const char *path)
{
	const struct timeval patience = { .tv_sec = CONNECT_TIMEOUT_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	(void)strcpy(address.sun_path, path);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return take_fd(&fd);
}

int cli_connect(const struct cli *cli, sd_varlink **ret_link)
{
	_cleanup_fd_ int fd = connect_socket(cli->socket_path);
	int r = fd < 0 ? fd : sd_varlink_connect_fd(ret_link, fd);

	if (r >= 0) {
		(void)take_fd(&fd);
		return 0;
	}
	if (r == -ENOENT || r == -ECONNREFUSED)
		cli_error("hostd is not running: nothing answers at %s", cli->socket_path);
	else if (r == -EACCES || r == -EPERM)
		cli_error("%s is for root only", cli->socket_path);
	else if (r == -EAGAIN)
		tell_lost(-ETIMEDOUT);
	else
		cli_error("%s: %s", cli->socket_path, strerrordesc_np(-r));
	return r;
}

/* The one that ends may still take a connection, which it does not answer any more. */
static int try_status(const struct cli *cli, sd_json_variant **ret_status)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	_cleanup_fd_ int fd = connect_socket(cli->socket_path);
	sd_json_variant *answer = NULL;
	const char *error = NULL;
	int r = fd < 0 ? fd : sd_varlink_connect_fd(&link, fd);

	if (r < 0)
		return r;
	(void)take_fd(&fd);
	r = sd_varlink_call(link, "io.mvirt.Host.Status", NULL, &answer, &error);
	if (r < 0 || error)
		return r < 0 ? r : -EIO;
	*ret_status = sd_json_variant_ref(answer);
	return 0;
}

int cli_wait_for_hostd(const struct cli *cli, sd_json_variant **ret_status)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	struct timespec start = {}, now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		if (try_status(cli, ret_status) >= 0)
			return 0;
		(void)nanosleep(&pause, NULL);
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - start.tv_sec < NEXT_HOSTD_TIMEOUT_S);
	cli_error("the new hostd does not answer at %s: its log says why", cli->socket_path);
	return -ETIMEDOUT;
}

static void tell_error(const char *error_id, sd_json_variant *parameters)
{
	static const struct {
		const char *error_id, *parameter, *format;
	} table[] = {
		{ SD_VARLINK_ERROR_INVALID_PARAMETER, "parameter", "hostd does not take this %s" },
		{ SD_VARLINK_ERROR_METHOD_NOT_FOUND, "method",
		  "this hostd is too old, it has no %s" },
	};

	/* io.mvirt.Error's: one line for people. */
	if (cli_text(parameters, "reason")) {
		cli_error("%s", cli_text(parameters, "reason"));
		return;
	}
	for (size_t i = 0; i < ELEMENTS(table); i++) {
		const char *value = cli_text(parameters, table[i].parameter);
		const char *place = strstr(table[i].format, "%s");

		if (strcmp(table[i].error_id, error_id) != 0 || !value)
			continue;
		cli_error("%.*s%s%s", (int)(place - table[i].format), table[i].format, value,
			  place + 2);
		return;
	}
	if (strcmp(error_id, SD_VARLINK_ERROR_DISCONNECTED) == 0)
		tell_lost(-ECONNRESET);
	else if (strcmp(error_id, SD_VARLINK_ERROR_TIMEOUT) == 0)
		tell_lost(-ETIMEDOUT);
	else if (strcmp(error_id, SD_VARLINK_ERROR_SYSTEM) == 0)
		cli_error("hostd: %s", strerrordesc_np((int)cli_unsigned(parameters, "errno")));
	else
		cli_error("hostd refuses: %s", error_id);
}

int cli_call(sd_varlink *link, const char *method, sd_json_variant *parameters,
	     sd_json_variant **ret_answer)
{
	sd_json_variant *answer = NULL;
	const char *error_id = NULL;
	int r = sd_varlink_call(link, method, parameters, &answer, &error_id);

	if (r < 0) {
		tell_lost(r);
		return r;
	}
	if (error_id) {
		tell_error(error_id, answer);
		return -EBADR;
	}
	*ret_answer = answer;
	return 0;
}

int cli_tell_parameters(int r)
{
	if (r == -ENOMEM)
		cli_error("out of memory");
	else if (r < 0)
		cli_error("an argument is not text in UTF-8");
	return r;
}

int cli_call_guest(sd_varlink *link, const char *method, const char *name,
		   sd_json_variant **ret_answer)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", name));

	if (r < 0) {
		cli_error("there is no guest %s", name);
		return r;
	}
	return cli_call(link, method, parameters, ret_answer);
}

int cli_ask(const struct cli *cli, const char *method, sd_json_variant **ret_answer)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	sd_json_variant *answer = NULL;
	int r = cli_connect(cli, &link);

	if (r >= 0)
		r = cli_call(link, method, NULL, &answer);
	if (r < 0)
		return r;
	*ret_answer = sd_json_variant_ref(answer);
	return 0;
}

int cli_print_json(sd_json_variant *variant)
{
	int r = sd_json_variant_dump(variant, SD_JSON_FORMAT_NEWLINE, stdout, NULL);

	if (r < 0)
		cli_error("the answer cannot be printed: %s", strerrordesc_np(-r));
	return r < 0;
}

struct watch {
	cli_event_t on_event;
	void *userdata;
	int status;
};

static int on_reply(sd_varlink *link [[maybe_unused]], sd_json_variant *parameters,
		    const char *error_id, sd_varlink_reply_flags_t flags, void *userdata)
{
	struct watch *watch = userdata;

	if (watch->status != -EAGAIN)
		return 0;
	if (error_id) {
		tell_error(error_id, parameters);
		watch->status = 1;
		return 0;
	}
	watch->status = watch->on_event(parameters, watch->userdata);
	if (watch->status == -EAGAIN && !(flags & SD_VARLINK_REPLY_CONTINUES)) {
		tell_lost(-ECONNRESET);
		watch->status = 1;
	}
	return 0;
}

int cli_watch(const struct cli *cli, cli_event_t on_event, void *userdata)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *link = NULL;
	struct watch watch = { .on_event = on_event, .userdata = userdata, .status = -EAGAIN };
	int r = cli_connect(cli, &link);

	if (r < 0)
		return 1;
	(void)sd_varlink_set_userdata(link, &watch);
	(void)sd_varlink_set_relative_timeout(link, UINT64_MAX);
	r = sd_varlink_bind_reply(link, on_reply);
	if (r >= 0)
		r = sd_varlink_observe(link, "io.mvirt.Guest.Subscribe", NULL);
	while (r >= 0 && watch.status == -EAGAIN) {
		r = sd_varlink_process(link);
		if (r == 0)
			r = sd_varlink_wait(link, UINT64_MAX);
	}
	if (watch.status != -EAGAIN)
		return watch.status;
	tell_lost(r);
	return 1;
}
