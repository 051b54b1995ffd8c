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
#include "client/client-console.h"
#include "dashboard.h"
#include "terminal.h"

struct guest_console {
	struct dashboard *dashboard;
	int socket_fd;
	sd_event_source *socket, *keys;
	struct termios before;
	struct client_typing typing;
};

void guest_console_free(struct guest_console *console)
{
	if (!console)
		return;
	sd_event_source_disable_unref(console->socket);
	sd_event_source_disable_unref(console->keys);
	fd_close(console->socket_fd);
	free(console);
}
DEFINE_CLEANUP(struct guest_console *, guest_console_free);

static void leave(struct guest_console *console, const char *why)
{
	struct dashboard *dashboard = console->dashboard;

	(void)tcsetattr(STDIN_FILENO, TCSANOW, &console->before);
	dashboard->guest_console = NULL;
	guest_console_free(console);
	terminal_resume();
	(void)sd_event_source_set_enabled(dashboard->keys, SD_EVENT_ON);
	if (why)
		view_say(&dashboard->view, true, "%s", why);
	dashboard_refresh(dashboard);
	dashboard_changed(dashboard);
}

/* While something waits for the guest nothing more is read. */
static void watch(struct guest_console *console)
{
	bool pending = console->typing.start < console->typing.end;

	(void)sd_event_source_set_io_events(console->socket, EPOLLIN | (pending ? EPOLLOUT : 0));
	(void)sd_event_source_set_enabled(console->keys, pending ? SD_EVENT_OFF : SD_EVENT_ON);
}

/* A socket that is gone is found by reading it. */
static void send_typed(struct guest_console *console)
{
	(void)client_typing_send(&console->typing, console->socket_fd);
	watch(console);
}

static int on_keys(sd_event_source *, int fd, uint32_t, void *userdata)
{
	struct guest_console *console = userdata;
	ssize_t n = client_typing_read(&console->typing, fd, true);

	if (n > 0)
		send_typed(console);
	if (n <= 0 || console->typing.leave)
		leave(console, NULL);
	return 0;
}

static int on_output(sd_event_source *, int fd, uint32_t events, void *userdata)
{
	struct guest_console *console = userdata;
	char output[4096];
	ssize_t n = 0;

	if (events & EPOLLOUT)
		send_typed(console);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return 0;
	n = recv(fd, output, sizeof(output), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		leave(console, "hostd closed the console");
	else
		(void)file_write_all(STDOUT_FILENO, output, (size_t)n);
	return 0;
}

int guest_console_open(struct dashboard *dashboard, const char *guest, int socket_fd_consume)
{
	_cleanup_(guest_console_freep) struct guest_console *console = calloc(1, sizeof(*console));
	struct termios modes;
	int r = 0;

	if (!console) {
		fd_close(socket_fd_consume);
		return -ENOMEM;
	}
	*console = (struct guest_console){ .dashboard = dashboard, .socket_fd = socket_fd_consume };
	if (console->socket_fd < 0)
		return -EBADF;
	r = sd_event_add_io(dashboard->event, &console->socket, console->socket_fd, EPOLLIN,
			    on_output, console);
	if (r < 0)
		return r;
	/* Two sources cannot watch one fd: epoll has it once. */
	(void)sd_event_source_set_enabled(dashboard->keys, SD_EVENT_OFF);
	terminal_suspend();
	if (tcgetattr(STDIN_FILENO, &console->before) == 0) {
		modes = console->before;
		cfmakeraw(&modes);
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &modes);
	}
	(void)dprintf(STDOUT_FILENO, "\r\nconnected to %s, Ctrl-] returns\r\n", guest);
	r = sd_event_add_io(dashboard->event, &console->keys, STDIN_FILENO, EPOLLIN, on_keys,
			    console);
	if (r < 0) {
		terminal_resume();
		(void)sd_event_source_set_enabled(dashboard->keys, SD_EVENT_ON);
		return r;
	}
	dashboard->guest_console = take_ptr(console);
	return 0;
}
