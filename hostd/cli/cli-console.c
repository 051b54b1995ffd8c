// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt console, log: the terminal as a guest's serial console, and what it printed.
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>

#include "base/file.h"
#include "cli.h"
#include "client/client-console.h"

/* After the end of what is piped in, the guest's answer has come when it is silent for so long. */
#define QUIET_MS 1000

static struct termios terminal_before;
static volatile sig_atomic_t terminal_is_raw;

static void restore_terminal(void)
{
	if (terminal_is_raw)
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
	terminal_is_raw = false;
}

/* tcsetattr() is safe in a signal's handler. The signal itself comes again, with its own effect. */
static void on_signal(int number)
{
	restore_terminal();
	(void)raise(number);
}

static int make_terminal_raw(void)
{
	static const int signals[] = { SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGPIPE,
				       SIGABRT, SIGSEGV, SIGBUS,  SIGILL,  SIGFPE,
				       SIGALRM, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ };
	struct sigaction action = { .sa_handler = on_signal,
				    .sa_flags = (int)(SA_RESETHAND | SA_NODEFER) };
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal_before) < 0)
		return -errno;
	raw = terminal_before;
	cfmakeraw(&raw);
	for (size_t i = 0; i < ELEMENTS(signals); i++)
		(void)sigaction(signals[i], &action, NULL);
	/* Stopped, it would leave the terminal raw. */
	(void)signal(SIGTSTP, SIG_IGN);
	(void)atexit(restore_terminal);
	terminal_is_raw = true;
	return tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) < 0 ? -errno : 0;
}

struct session {
	int socket_fd;
	bool is_terminal;
	bool input_ended;
	struct client_typing typing;
};

static void read_input(struct session *session)
{
	ssize_t n = client_typing_read(&session->typing, STDIN_FILENO, session->is_terminal);

	if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
		return;
	session->input_ended = true;
	session->typing.leave = session->is_terminal; /* it is gone */
}

/* Returns 1 for output, 0 for none, -ECONNRESET when hostd has gone, another -errno for stdout. */
static int show_output(struct session *session)
{
	char output[16384];
	ssize_t n = recv(session->socket_fd, output, sizeof(output), MSG_DONTWAIT);
	int r = 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -ECONNRESET;
	if (n == 0)
		return -ECONNRESET;
	r = file_write_all(STDOUT_FILENO, output, (size_t)n);
	return r < 0 ? r : 1;
}

/* Until the user leaves, the input ends and the guest is silent, or hostd goes. 0 or -errno. */
static int copy(struct session *session)
{
	while (!session->typing.leave) {
		bool pending = session->typing.start < session->typing.end;
		struct pollfd polled[] = {
			{ .fd = session->socket_fd,
			  .events = (short)(POLLIN | (pending ? POLLOUT : 0)) },
			{ .fd = session->input_ended || pending ? -1 : STDIN_FILENO,
			  .events = POLLIN },
		};
		int r = poll(polled, ELEMENTS(polled),
			     session->input_ended && !pending ? QUIET_MS : -1);

		if (r < 0 && errno != EINTR)
			return -errno;
		if (r == 0)
			return 0;
		if (r < 0)
			continue;
		if (polled[0].revents & (POLLIN | POLLHUP | POLLERR)) {
			r = show_output(session);
			if (r < 0)
				return r;
		}
		if (polled[1].revents)
			read_input(session);
		r = client_typing_send(&session->typing, session->socket_fd);
		if (r < 0)
			return -ECONNRESET;
	}
	return 0;
}

/* What Log and Console take. Returns 0, or -errno after having said why. */
static int build_parameters(const struct cli *cli, sd_json_variant **ret_parameters)
{
	char *end = NULL;
	unsigned long port = cli->port ? strtoul(cli->port, &end, 10) : 1;

	if (cli->port && (*cli->port < '0' || *cli->port > '9' || *end || port > INT_MAX)) {
		cli_error("--port %s: serial ports are counted from 1", cli->port);
		return -EINVAL;
	}
	return cli_tell_parameters(sd_json_buildo(ret_parameters,
						  SD_JSON_BUILD_PAIR_STRING("name", cli->names[0]),
						  SD_JSON_BUILD_PAIR_UNSIGNED("port", port)));
}

/* Returns 0 with the socket, or -errno after having said why. */
static int attach(const struct cli *cli, bool only_watch, int *ret_fd)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL;
	sd_json_variant *answer = NULL;
	int r = build_parameters(cli, &parameters), fd = -EBADF;

	if (r < 0)
		return r;
	r = cli_tell_parameters(sd_json_variant_merge_objectbo(
		&parameters, SD_JSON_BUILD_PAIR_BOOLEAN("replay", only_watch),
		SD_JSON_BUILD_PAIR_BOOLEAN("readOnly", only_watch)));
	if (r >= 0)
		r = cli_connect(cli, &varlink);
	if (r < 0)
		return r;
	(void)sd_varlink_set_allow_fd_passing_input(varlink, true);
	r = cli_call(varlink, "io.mvirt.Guest.Console", parameters, &answer);
	if (r < 0)
		return r;
	fd = cli_take_fd(varlink, answer);
	if (fd < 0)
		return fd;
	*ret_fd = fd;
	return 0;
}

static int tell_end(const struct cli *cli, int r)
{
	if (r == -ECONNRESET)
		cli_error("hostd closed the console of %s", cli->names[0]);
	else if (r < 0)
		cli_error("the console of %s: %s", cli->names[0], strerror(-r));
	return r < 0;
}

int cli_console(const struct cli *cli)
{
	_cleanup_fd_ int fd = -EBADF;
	struct session session = { .is_terminal = isatty(STDIN_FILENO) };
	int r = 0;

	if (attach(cli, false, &fd) < 0)
		return 1;
	session.socket_fd = fd;
	(void)fprintf(stderr, "connected to %s%s\n", cli->names[0],
		      session.is_terminal ? ", Ctrl-] leaves" : "");
	if (session.is_terminal)
		r = make_terminal_raw();
	if (r >= 0)
		r = copy(&session);
	if (session.is_terminal) {
		restore_terminal();
		(void)fputc('\n', stderr);
	}
	return tell_end(cli, r);
}

static int follow(const struct cli *cli)
{
	_cleanup_fd_ int fd = -EBADF;
	struct session session = { .input_ended = true };
	int r = 0;

	if (attach(cli, true, &fd) < 0)
		return 1;
	session.socket_fd = fd;
	while (r >= 0) {
		struct pollfd polled = { .fd = fd, .events = POLLIN };

		if (poll(&polled, 1, -1) > 0)
			r = show_output(&session);
	}
	return tell_end(cli, r);
}

int cli_log(const struct cli *cli)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *parameters = NULL, *answer = NULL;
	_cleanup_free_ void *data = NULL;
	size_t length = 0;
	int r = 0;

	if (cli->follow)
		return follow(cli);
	if (build_parameters(cli, &parameters) < 0 ||
	    cli_ask(cli, "io.mvirt.Guest.Log", parameters, &answer) < 0)
		return 1;
	if (cli->json)
		return cli_print_json(answer);
	r = sd_json_variant_unbase64(json_member(answer, "data"), &data, &length);
	if (r < 0) {
		cli_error("hostd's answer brought no log: %s", strerror(-r));
		return 1;
	}
	return fwrite(data, 1, length, stdout) != length;
}
