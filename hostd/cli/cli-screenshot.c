// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt screenshot: a guest's display, as a client of it, or the machine's own screen; as PNG.
#include <fcntl.h>
#include <linux/fb.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/file.h"
#include "cli.h"
#include "screen/png.h"
#include "screen/rfb.h"

#define FRAMEBUFFER "/dev/fb0"
#define PATIENCE_MS 10000
#define READ_BYTES 65536

static const struct pixel_format format = {
	.bits = 32, .red = { 16, 8 }, .green = { 8, 8 }, .blue = { 0, 8 }
};

struct shot {
	struct rfb *rfb;
	int fd;
	bool has_pixels, done, failed;
};

static void shot_done(struct shot *shot)
{
	rfb_free(shot->rfb);
	fd_close(shot->fd);
}

/* --- a guest --- */

static void on_resized(void *userdata)
{
	struct shot *shot = userdata;

	shot->has_pixels = false;
	rfb_request_update(shot->rfb, false);
}

static void on_damaged(const struct pixel_rect *, void *userdata)
{
	((struct shot *)userdata)->has_pixels = true;
}

static void on_updated(void *userdata)
{
	struct shot *shot = userdata;

	shot->done = shot->has_pixels;
}

static void on_send(const void *data, size_t length, void *userdata)
{
	struct shot *shot = userdata;

	if (file_write_all(shot->fd, data, length) < 0)
		shot->failed = true;
}

static int open_display(const struct cli *cli, const char *name)
{
	_cleanup_(sd_varlink_unrefp) sd_varlink *varlink = NULL;
	sd_json_variant *answer = NULL;

	if (cli_connect(cli, &varlink) < 0)
		return -EIO;
	(void)sd_varlink_set_allow_fd_passing_input(varlink, true);
	if (cli_call_guest(varlink, "io.mvirt.Guest.Display", name, &answer) < 0)
		return -EIO;
	return cli_take_fd(varlink, answer);
}

/* Returns 0, or -errno after having said why. */
static int receive(struct shot *shot, const char *name)
{
	_cleanup_free_ uint8_t *bytes = malloc(READ_BYTES);
	struct pollfd poll_fd = { .fd = shot->fd, .events = POLLIN };
	int r = 0;

	if (!bytes)
		return -ENOMEM;
	while (!shot->done && !shot->failed && r == 0) {
		ssize_t n = 0;

		if (poll(&poll_fd, 1, PATIENCE_MS) <= 0) {
			cli_error("guest %s: its display does not answer", name);
			return -ETIMEDOUT;
		}
		n = read(shot->fd, bytes, READ_BYTES);
		if (n <= 0)
			break;
		r = rfb_feed(shot->rfb, bytes, (size_t)n);
	}
	if (shot->done)
		return 0;
	cli_error("guest %s: %s", name, rfb_why(shot->rfb) ?: "its display went away");
	return -EIO;
}

static int shoot_guest(const struct cli *cli, const char *name, FILE *file)
{
	_cleanup_(shot_done) struct shot shot = { .fd = -EBADF };
	const struct rfb_callbacks callbacks = { .resized = on_resized,
						 .damaged = on_damaged,
						 .updated = on_updated,
						 .send = on_send,
						 .userdata = &shot };
	int r = 0;

	shot.fd = open_display(cli, name);
	if (shot.fd < 0)
		return shot.fd;
	r = rfb_new(&format, &callbacks, &shot.rfb);
	if (r >= 0)
		r = receive(&shot, name);
	return r < 0 ? r : png_write(file, rfb_picture(shot.rfb), &format);
}

/* --- the machine's own screen --- */

static struct pixel_channel channel(const struct fb_bitfield *field)
{
	return (struct pixel_channel){ (uint8_t)field->offset, (uint8_t)field->length };
}

static int read_screen(int fd, uint8_t **ret_pixels, struct rfb_picture *ret_picture,
		       struct pixel_format *ret_format)
{
	struct fb_var_screeninfo shown = {};
	struct fb_fix_screeninfo memory = {};
	_cleanup_free_ uint8_t *pixels = NULL;
	size_t size = 0, got = 0;

	if (ioctl(fd, FBIOGET_VSCREENINFO, &shown) < 0 ||
	    ioctl(fd, FBIOGET_FSCREENINFO, &memory) < 0)
		return -errno;
	*ret_format = (struct pixel_format){ (uint8_t)shown.bits_per_pixel, channel(&shown.red),
					     channel(&shown.green), channel(&shown.blue) };
	if (!pixel_format_valid(ret_format) ||
	    memory.line_length < shown.xres * pixel_bytes(ret_format))
		return -EOPNOTSUPP;
	size = (size_t)memory.line_length * shown.yres;
	pixels = malloc(size);
	if (!pixels)
		return -ENOMEM;
	while (got < size) {
		ssize_t n = pread(fd, pixels + got, size - got,
				  (off_t)((size_t)shown.yoffset * memory.line_length + got));

		if (n <= 0)
			return n < 0 ? -errno : -EIO;
		got += (size_t)n;
	}
	*ret_picture = (struct rfb_picture){ shown.xres, shown.yres, memory.line_length, pixels };
	*ret_pixels = take_ptr(pixels);
	return 0;
}

static int shoot_host(FILE *file)
{
	_cleanup_fd_ int fd = open(FRAMEBUFFER, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ uint8_t *pixels = NULL;
	struct rfb_picture picture = {};
	struct pixel_format screen = {};
	int r = fd < 0 ? -errno : read_screen(fd, &pixels, &picture, &screen);

	if (r < 0)
		cli_error(FRAMEBUFFER ": %s%s", strerror(-r),
			  r == -ENOENT ? ": this machine has no screen" : "");
	return r < 0 ? r : png_write(file, &picture, &screen);
}

int cli_screenshot(const struct cli *cli)
{
	const char *path = cli->names[cli->name_count - 1];
	_cleanup_file_ FILE *file = NULL;
	int r = 0;

	if (cli->name_count != (cli->host ? 1 : 2)) {
		cli_error("screenshot takes a guest's name or --host, and a file");
		return CLI_USAGE;
	}
	file = fopen(path, "we");
	if (!file) {
		cli_error("%s: %s", path, strerror(errno));
		return 1;
	}
	r = cli->host ? shoot_host(file) : shoot_guest(cli, cli->names[0], file);
	if (r >= 0 && fflush(file) != 0)
		r = -errno;
	if (r == -ENOMEM || (r < 0 && ferror(file)))
		cli_error("%s: %s", path, strerror(-r));
	if (r < 0)
		(void)unlink(path);
	return r < 0;
}
