// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's display on the screen. Pixels are read from the socket into their final place, and
// written from there to the framebuffer: nothing is copied in between.
#include "screen-client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "screen/screen-keys.h"

#define PIECES_MAX 64
#define READ_BYTES 16384
/* The time between two checks of the keyboards. */
#define READS_MAX 32

/* --- from the server --- */

static void draw(struct screen_client *client, const struct pixel_rect *part)
{
	const struct pixel_rect rect = screen_draw_map(&client->draw, part);
	int r = 0;

	if (!client->visible)
		return;
	r = screen_framebuffer_draw(client->framebuffer, &client->draw, &rect);
	if (r < 0)
		client->error = r;
}

static void draw_all(struct screen_client *client)
{
	int r = 0;

	if (!client->visible || !client->drawn)
		return;
	r = screen_framebuffer_draw_screen(client->framebuffer, &client->draw);
	if (r < 0)
		client->error = r;
}

static void on_resized(void *userdata)
{
	struct screen_client *client = userdata;
	int r = screen_draw_set_picture(&client->draw, rfb_picture(client->rfb));

	if (r < 0)
		client->error = r;
	client->drawn = false;
	rfb_request_update(client->rfb, false);
	if (client->callbacks.moved)
		client->callbacks.moved(client->callbacks.userdata);
}

static void on_damaged(const struct pixel_rect *rect, void *userdata)
{
	struct screen_client *client = userdata;

	/* The first part of a new picture is drawn as soon as it is complete. */
	if (client->drawn)
		draw(client, rect);
	else
		client->has_pixels = true;
}

static void on_updated(void *userdata)
{
	struct screen_client *client = userdata;
	const struct screen_draw *shown = &client->draw;

	if (!client->drawn && client->has_pixels) {
		client->drawn = true;
		client->has_pixels = false;
		draw_all(client);
		if (client->callbacks.drawn)
			client->callbacks.drawn(client->callbacks.userdata);
	}
	rfb_request_update(client->rfb, client->drawn);
	/* Once: the guest may have a reason for another size. */
	if (!client->size_asked && client->drawn) {
		client->size_asked = true;
		if (shown->picture.width != shown->screen_width ||
		    shown->picture.height != shown->screen_height)
			rfb_ask_size(client->rfb, shown->screen_width, shown->screen_height);
	}
}

static void move_cursor(struct screen_client *client, const struct pixel_rect *before)
{
	const struct pixel_rect after = screen_draw_cursor_rect(&client->draw);
	const struct pixel_rect both = pixel_rect_union(before, &after);

	if (client->drawn && both.width > 0)
		draw(client, &both);
}

static void on_cursor(const struct rfb_cursor *cursor, void *userdata)
{
	struct screen_client *client = userdata;
	const struct pixel_rect before = screen_draw_cursor_rect(&client->draw);
	int r = screen_draw_set_cursor(&client->draw, cursor);

	if (r < 0)
		client->error = r;
	else
		move_cursor(client, &before);
}

static void on_leds(unsigned int leds, void *userdata)
{
	struct screen_client *client = userdata;

	if (client->callbacks.leds)
		client->callbacks.leds(leds, client->callbacks.userdata);
}

static void on_pointer_mode(bool absolute, void *userdata)
{
	struct screen_client *client = userdata;

	if (client->callbacks.pointer_mode)
		client->callbacks.pointer_mode(absolute, client->callbacks.userdata);
}

static void flush(struct screen_client *client)
{
	ssize_t n = 0;

	while (client->output_length > 0) {
		n = send(client->fd, client->output, client->output_length,
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			client->error = -errno;
		if (n <= 0)
			return;
		client->output_length -= (size_t)n;
		memmove(client->output, client->output + n, client->output_length);
	}
}

/* A server that has not read so much for so long hangs. */
static void on_send(const void *data, size_t length, void *userdata)
{
	struct screen_client *client = userdata;

	if (client->output_length + length > sizeof(client->output)) {
		client->error = -ENOBUFS;
		return;
	}
	memcpy(client->output + client->output_length, data, length);
	client->output_length += length;
	flush(client);
}

/* --- the connection --- */

void screen_client_init(struct screen_client *client, const struct screen_setup *setup,
			struct screen_framebuffer *framebuffer,
			const struct screen_client_callbacks *callbacks)
{
	*client = (struct screen_client){
		.callbacks = *callbacks,
		.framebuffer = framebuffer,
		.draw = { .to = setup->format,
			  .screen_width = setup->width,
			  .screen_height = setup->height,
			  .scale = (enum screen_scale)setup->scale },
		.fd = -EBADF,
	};
	pixel_format_nearest(&setup->format, &client->draw.from);
}

int screen_client_connect(struct screen_client *client, int fd_consume)
{
	const struct rfb_callbacks callbacks = {
		.resized = on_resized,
		.damaged = on_damaged,
		.updated = on_updated,
		.cursor = on_cursor,
		.leds = on_leds,
		.pointer_mode = on_pointer_mode,
		.send = on_send,
		.userdata = client,
	};
	_cleanup_fd_ int fd = fd_consume;
	int r = 0;

	screen_client_close(client);
	r = rfb_new(&client->draw.from, &callbacks, &client->rfb);
	if (r < 0)
		return r;
	client->fd = take_fd(&fd);
	return 0;
}

void screen_client_close(struct screen_client *client)
{
	screen_draw_done(&client->draw);
	rfb_free(client->rfb);
	client->rfb = NULL;
	client->fd = fd_close(client->fd);
	client->drawn = client->has_pixels = client->size_asked = false;
	client->error = 0;
	client->output_length = 0;
}

void screen_client_show(struct screen_client *client, bool visible)
{
	bool was_visible = client->visible;

	client->visible = visible;
	if (visible && !was_visible)
		draw_all(client);
}

short screen_client_events(const struct screen_client *client)
{
	return (short)(POLLIN | (client->output_length > 0 ? POLLOUT : 0));
}

/* Returns the number of bytes read, 0 when there are no more for now, or -errno. */
static ssize_t receive(struct screen_client *client)
{
	struct iovec pieces[PIECES_MAX];
	uint8_t bytes[READ_BYTES];
	size_t count = rfb_target(client->rfb, pieces, PIECES_MAX);
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = count };
	ssize_t n = 0;
	int r = 0;

	if (count == 0) {
		pieces[0] = (struct iovec){ bytes, sizeof(bytes) };
		message.msg_iovlen = 1;
	}
	n = recvmsg(client->fd, &message, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		return -ECONNRESET;
	r = count > 0 ? rfb_filled(client->rfb, (size_t)n)
		      : rfb_feed(client->rfb, bytes, (size_t)n);
	return r < 0 ? r : n;
}

int screen_client_work(struct screen_client *client, short events)
{
	ssize_t n = 1;

	if (events & POLLOUT)
		flush(client);
	for (int i = 0; i < READS_MAX && n > 0 && client->error == 0; i++)
		n = events & (POLLIN | POLLHUP | POLLERR) ? receive(client) : 0;
	return n < 0 ? (int)n : client->error;
}

/* --- to the server --- */

void screen_client_key(struct screen_client *client, uint16_t code, bool down)
{
	uint16_t number = screen_key_number(code);

	if (client->rfb && number)
		rfb_send_key(client->rfb, number, down);
}

void screen_client_pointer(struct screen_client *client, unsigned int buttons, int x, int y,
			   bool absolute)
{
	const struct pixel_rect before = screen_draw_cursor_rect(&client->draw);
	unsigned int picture_x = 0, picture_y = 0;

	if (!client->rfb || client->output_length > SCREEN_CLIENT_POINTER_MAX)
		return;
	if (!absolute) {
		rfb_send_pointer(client->rfb, buttons, x, y, false);
		return;
	}
	screen_draw_unmap(&client->draw, (unsigned int)x, (unsigned int)y, &picture_x, &picture_y);
	rfb_send_pointer(client->rfb, buttons, (int)picture_x, (int)picture_y, true);
	client->draw.cursor_x = picture_x;
	client->draw.cursor_y = picture_y;
	move_cursor(client, &before);
}
