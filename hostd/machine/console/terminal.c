// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel asks before it takes the screen away (VT_PROCESS), so that nobody draws over what
// comes next. If hostd dies, the kernel notices at the next switch and returns to text by itself.
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <linux/vt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"

#define RELEASE_SIGNAL (SIGRTMIN + 5)
#define ACQUIRE_SIGNAL (SIGRTMIN + 6)
/* Clear, white on black, no cursor. */
#define BEGIN "\033c\033[0m\033[2J\033[?25l"

struct terminal {
	struct terminal_callbacks callbacks;
	int fd; /* owned */
	sd_event_source *release_source, *acquire_source;
	bool shown;
};

static int or_errno(int result)
{
	return result < 0 ? -errno : 0;
}

static int on_release(sd_event_source *, const struct signalfd_siginfo *, void *userdata)
{
	struct terminal *terminal = userdata;

	terminal->shown = false;
	terminal->callbacks.hidden(terminal->callbacks.userdata);
	(void)ioctl(terminal->fd, VT_RELDISP, 1);
	return 0;
}

static int on_acquire(sd_event_source *, const struct signalfd_siginfo *, void *userdata)
{
	struct terminal *terminal = userdata;

	(void)ioctl(terminal->fd, VT_RELDISP, VT_ACKACQ);
	terminal->shown = true;
	terminal->callbacks.shown(terminal->callbacks.userdata);
	return 0;
}

/* The previous hostd may have left it in any mode, and on the screen. */
static int take_over(struct terminal *terminal)
{
	struct vt_mode mode = { .mode = VT_PROCESS };
	struct vt_stat state = {};

	mode.relsig = (short)RELEASE_SIGNAL;
	mode.acqsig = (short)ACQUIRE_SIGNAL;
	if (ioctl(terminal->fd, KDSETMODE, KD_TEXT) < 0 ||
	    ioctl(terminal->fd, KDSKBMODE, K_OFF) < 0 ||
	    ioctl(terminal->fd, VT_SETMODE, &mode) < 0 ||
	    ioctl(terminal->fd, VT_GETSTATE, &state) < 0)
		return -errno;
	terminal->shown = state.v_active == TERMINAL_NUMBER;
	return 0;
}

DEFINE_CLEANUP(struct terminal *, terminal_free);

int terminal_new(sd_event *event, const struct terminal_callbacks *callbacks,
		 struct terminal **ret_terminal)
{
	_cleanup_(terminal_freep) struct terminal *terminal = calloc(1, sizeof(*terminal));
	_cleanup_free_ char *node = text_format("/dev/tty%d", TERMINAL_NUMBER);
	int r = 0;

	if (!terminal || !node)
		return -ENOMEM;
	terminal->callbacks = *callbacks;
	terminal->fd = open(node, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (terminal->fd < 0)
		return -errno;
	r = sd_event_add_signal(event, &terminal->release_source,
				RELEASE_SIGNAL | SD_EVENT_SIGNAL_PROCMASK, on_release, terminal);
	if (r >= 0)
		r = sd_event_add_signal(event, &terminal->acquire_source,
					ACQUIRE_SIGNAL | SD_EVENT_SIGNAL_PROCMASK, on_acquire,
					terminal);
	if (r >= 0)
		r = take_over(terminal);
	if (r < 0)
		return r;
	*ret_terminal = take_ptr(terminal);
	return 0;
}

void terminal_free(struct terminal *terminal)
{
	struct vt_mode mode = { .mode = VT_AUTO };

	if (!terminal)
		return;
	if (terminal->fd >= 0) {
		(void)ioctl(terminal->fd, KDSETMODE, KD_TEXT);
		(void)ioctl(terminal->fd, VT_SETMODE, &mode);
		if (terminal->shown)
			(void)ioctl(terminal->fd, VT_ACTIVATE, TERMINAL_HOME);
	}
	sd_event_source_disable_unref(terminal->release_source);
	sd_event_source_disable_unref(terminal->acquire_source);
	fd_close(terminal->fd);
	free(terminal);
}

bool terminal_is_shown(const struct terminal *terminal)
{
	return terminal->shown;
}

int terminal_show(struct terminal *terminal)
{
	return or_errno(ioctl(terminal->fd, VT_ACTIVATE, TERMINAL_NUMBER));
}

int terminal_leave(struct terminal *terminal)
{
	(void)ioctl(terminal->fd, KDSETMODE, KD_TEXT);
	return or_errno(ioctl(terminal->fd, VT_ACTIVATE, TERMINAL_HOME));
}

int terminal_set_picture(struct terminal *terminal)
{
	return or_errno(ioctl(terminal->fd, KDSETMODE, KD_GRAPHICS));
}

int terminal_set_text(struct terminal *terminal, const char *text)
{
	struct winsize size = {};
	_cleanup_free_ char *bytes = NULL;
	int r = 0;

	if (ioctl(terminal->fd, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
		size = (struct winsize){ .ws_row = 25, .ws_col = 80 };
	bytes = terminal_layout(text, size.ws_row, size.ws_col);
	if (!bytes)
		return -ENOMEM;
	r = file_write_all(terminal->fd, bytes, strlen(bytes));
	return r < 0 ? r : or_errno(ioctl(terminal->fd, KDSETMODE, KD_TEXT));
}

/* Characters, not bytes. */
static unsigned int width_of(const char *line, size_t length)
{
	unsigned int width = 0;

	for (size_t i = 0; i < length; i++)
		if (((unsigned char)line[i] & 0xc0) != 0x80)
			width++;
	return width;
}

char *terminal_layout(const char *text, unsigned int rows, unsigned int columns)
{
	unsigned int lines = 1, row = 0;
	char *bytes = NULL;
	size_t length = 0;
	FILE *out = open_memstream(&bytes, &length);

	if (!out)
		return NULL;
	for (const char *c = text; *c; c++)
		if (*c == '\n')
			lines++;
	row = rows > lines ? (rows - lines) / 2 + 1 : 1;
	(void)fputs(BEGIN, out);
	for (const char *line = text; line; row++) {
		const char *end = strchrnul(line, '\n');
		unsigned int width = width_of(line, (size_t)(end - line));

		(void)fprintf(out, "\033[%u;%uH%.*s", row,
			      columns > width ? (columns - width) / 2 + 1 : 1, (int)(end - line),
			      line);
		line = *end ? end + 1 : NULL;
	}
	/* Later kernel messages appear below. */
	(void)fprintf(out, "\033[%u;1H", rows);
	if (fclose(out) != 0) {
		free(bytes);
		return NULL;
	}
	return bytes;
}
