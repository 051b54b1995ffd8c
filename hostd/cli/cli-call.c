// SPDX-License-Identifier: GPL-2.0-or-later
// Calls to hostd that say on stderr why they fail.
#include <stdarg.h>
#include <time.h>

#include "cli.h"

/* Another hostd that does not come up is given up after 30 s (host/host-replace.h). */
#define NEXT_HOSTD_TIMEOUT_S 45

void cli_fail(const char *line)
{
	(void)fputs("mvirt: ", stderr);
	client_put(stderr, line);
	(void)fputc('\n', stderr);
}

void cli_error(const char *format, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	cli_fail(text ? text : "out of memory");
}

int cli_connect(const struct cli *cli, sd_varlink **ret_varlink)
{
	_cleanup_(error_done) struct error error = {};
	int r = client_connect(cli->socket_path, ret_varlink, &error);

	if (r < 0)
		cli_fail(client_error_line(&error));
	return r;
}

int cli_call(sd_varlink *varlink, const char *method, sd_json_variant *parameters,
	     sd_json_variant **ret_answer)
{
	_cleanup_(error_done) struct error error = {};
	int r = client_call(varlink, method, parameters, ret_answer, &error);

	if (r < 0)
		cli_fail(client_error_line(&error));
	return r;
}

/* The one that ends may still accept a connection, and never answer on it. */
static int try_status(const struct cli *cli, sd_json_variant **ret_status)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	_cleanup_(error_done) struct error error = {};
	sd_json_variant *answer = NULL;
	int r = client_connect(cli->socket_path, &varlink, &error);

	if (r >= 0)
		r = client_call(varlink, "io.mvirt.Host.Status", NULL, &answer, &error);
	if (r >= 0)
		*ret_status = sd_json_variant_ref(answer);
	return r;
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
	cli_error("the new hostd does not answer at %s; see its log", cli->socket_path);
	return -ETIMEDOUT;
}

int cli_tell_parameters(int r)
{
	if (r == -ENOMEM)
		cli_error("out of memory");
	else if (r < 0)
		cli_error("an argument is not valid UTF-8");
	return r;
}

int cli_call_guest(sd_varlink *varlink, const char *method, const char *name,
		   sd_json_variant **ret_answer)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	int r = sd_json_buildo(&parameters, SD_JSON_BUILD_PAIR_STRING("name", name));

	if (r < 0) {
		cli_error("there is no guest %s", name);
		return r;
	}
	return cli_call(varlink, method, parameters, ret_answer);
}

int cli_ask(const struct cli *cli, const char *method, sd_json_variant *parameters,
	    sd_json_variant **ret_answer)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	sd_json_variant *answer = NULL;
	int r = cli_connect(cli, &varlink);

	if (r >= 0)
		r = cli_call(varlink, method, parameters, &answer);
	if (r >= 0)
		*ret_answer = sd_json_variant_ref(answer);
	return r;
}

int cli_ask_guest(const struct cli *cli, const char *method, sd_json_variant **ret_answer)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	sd_json_variant *answer = NULL;
	int r = cli_connect(cli, &varlink);

	if (r >= 0)
		r = cli_call_guest(varlink, method, cli->names[0], &answer);
	if (r >= 0)
		*ret_answer = sd_json_variant_ref(answer);
	return r;
}

int cli_request(const struct cli *cli, const char *method, sd_json_variant *parameters)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *answer = NULL;

	if (cli_ask(cli, method, parameters, &answer) < 0)
		return 1;
	return cli->json ? cli_print_json(answer) : 0;
}

int cli_take_fd(sd_varlink *varlink, sd_json_variant *answer)
{
	int fd = client_take_fd(varlink, answer);

	if (fd < 0)
		cli_error("hostd's answer brought no file");
	return fd;
}

int cli_print_json(sd_json_variant *variant)
{
	int r = sd_json_variant_dump(variant, SD_JSON_FORMAT_NEWLINE, stdout, NULL);

	if (r < 0)
		cli_error("the answer cannot be printed: %s", strerror(-r));
	return r < 0;
}

int cli_table_print(struct client_table *table)
{
	if (client_table_print(table) >= 0)
		return 0;
	cli_error("out of memory");
	return 1;
}
