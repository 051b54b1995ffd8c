// SPDX-License-Identifier: GPL-2.0-or-later
// The terminal as a guest's serial console, until Ctrl-].
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/file.h"
#include "dashboard.h"
#include "terminal.h"

#define LEAVE_CHARACTER 0x1d /* Ctrl-] */

struct guest_terminal {
	struct dashboard *dashboard;
	int socket_fd;
	sd_event_source *socket, *keys;
	struct termios before;
	char typed[512]; /* and not taken yet */
	size_t typed_start, typed_end;
};

void guest_terminal_free(struct guest_terminal *terminal)
{
	if (!terminal)
		return;
	sd_event_source_disable_unref(terminal->socket);
	sd_event_source_disable_unref(terminal->keys);
	fd_close(terminal->socket_fd);
	free(terminal);
}
DEFINE_CLEANUP(struct guest_terminal *, guest_terminal_free);

static void leave(struct guest_terminal *terminal, const char *why)
{
	struct dashboard *dashboard = terminal->dashboard;

	(void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal->before);
	dashboard->guest_terminal = NULL;
	guest_terminal_free(terminal);
	terminal_resume();
	(void)sd_event_source_set_enabled(dashboard->keys, SD_EVENT_ON);
	if (why)
		view_say(&dashboard->view, true, "%s", why);
	dashboard_refresh(dashboard);
	dashboard_changed(dashboard);
}

static int on_output(sd_event_source *, int fd, uint32_t events, void *userdata);

/* While something waits for the guest nothing more is read. */
static void watch(struct guest_terminal *terminal)
{
	bool pending = terminal->typed_start < terminal->typed_end;

	(void)sd_event_source_set_io_events(terminal->socket, EPOLLIN | (pending ? EPOLLOUT : 0));
	(void)sd_event_source_set_enabled(terminal->keys, pending ? SD_EVENT_OFF : SD_EVENT_ON);
}

static void send_typed(struct guest_terminal *terminal)
{
	while (terminal->typed_start < terminal->typed_end) {
		ssize_t n = send(terminal->socket_fd, terminal->typed + terminal->typed_start,
				 terminal->typed_end - terminal->typed_start,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			break; /* a socket that is gone is found by reading it */
		terminal->typed_start += (size_t)n;
	}
	watch(terminal);
}

static int on_keys(sd_event_source *, int fd, uint32_t, void *userdata)
{
	struct guest_terminal *terminal = userdata;
	ssize_t n = read(fd, terminal->typed, sizeof(terminal->typed));
	const char *end = NULL;

	if (n <= 0) {
		leave(terminal, NULL);
		return 0;
	}
	terminal->typed_start = 0;
	terminal->typed_end = (size_t)n;
	end = memchr(terminal->typed, LEAVE_CHARACTER, (size_t)n);
	if (end)
		terminal->typed_end = (size_t)(end - terminal->typed);
	send_typed(terminal);
	if (end)
		leave(terminal, NULL);
	return 0;
}

static int on_output(sd_event_source *, int fd, uint32_t events, void *userdata)
{
	struct guest_terminal *terminal = userdata;
	char output[4096];
	ssize_t n = 0;

	if (events & EPOLLOUT)
		send_typed(terminal);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return 0;
	n = recv(fd, output, sizeof(output), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		leave(terminal, "hostd has closed the console");
	else
		(void)file_write_all(STDOUT_FILENO, output, (size_t)n);
	return 0;
}

int guest_terminal_open(struct dashboard *dashboard, const char *guest, int socket_fd_consume)
{
	_cleanup_(guest_terminal_freep) struct guest_terminal *terminal =
		calloc(1, sizeof(*terminal));
	struct termios modes;
	int r = 0;

	if (!terminal) {
		fd_close(socket_fd_consume);
		return -ENOMEM;
	}
	*terminal =
		(struct guest_terminal){ .dashboard = dashboard, .socket_fd = socket_fd_consume };
	if (terminal->socket_fd < 0)
		return -EBADF;
	r = sd_event_add_io(dashboard->event, &terminal->socket, terminal->socket_fd, EPOLLIN,
			    on_output, terminal);
	if (r < 0)
		return r;
	/* Two sources cannot watch one fd: epoll has it once. */
	(void)sd_event_source_set_enabled(dashboard->keys, SD_EVENT_OFF);
	terminal_suspend();
	if (tcgetattr(STDIN_FILENO, &terminal->before) == 0) {
		modes = terminal->before;
		cfmakeraw(&modes);
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &modes);
	}
	(void)dprintf(STDOUT_FILENO, "\r\nconnected to %s, Ctrl-] comes back\r\n", guest);
	r = sd_event_add_io(dashboard->event, &terminal->keys, STDIN_FILENO, EPOLLIN, on_keys,
			    terminal);
	if (r < 0) {
		terminal_resume();
		(void)sd_event_source_set_enabled(dashboard->keys, SD_EVENT_ON);
		return r;
	}
	dashboard->guest_terminal = take_ptr(terminal);
	return 0;
}
