// SPDX-License-Identifier: GPL-2.0-or-later
// A picture on screens of 16, 24 and 32 bits, of odd widths and strides, with channels in any
// order; scaled, cut, and with a pointer in it.
// link: -Wl,--wrap=pwrite
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "screen/screen-framebuffer.h"
#include "screen/screen-scale.h"

static const struct pixel_format
	xrgb = { .bits = 32, .red = { 16, 8 }, .green = { 8, 8 }, .blue = { 0, 8 } },
	bgrx = { .bits = 32, .red = { 8, 8 }, .green = { 16, 8 }, .blue = { 24, 8 } },
	rgb24 = { .bits = 24, .red = { 16, 8 }, .green = { 8, 8 }, .blue = { 0, 8 } },
	bgr24 = { .bits = 24, .red = { 0, 8 }, .green = { 8, 8 }, .blue = { 16, 8 } },
	rgb565 = { .bits = 16, .red = { 11, 5 }, .green = { 5, 6 }, .blue = { 0, 5 } },
	rgb555 = { .bits = 16, .red = { 10, 5 }, .green = { 5, 5 }, .blue = { 0, 5 } },
	deep = { .bits = 32, .red = { 20, 10 }, .green = { 10, 10 }, .blue = { 0, 10 } };

static const struct pixel_format *const formats[] = { &xrgb,   &bgrx,   &rgb24, &bgr24,
						      &rgb565, &rgb555, &deep };

/* The line of a screen without gaps between its lines, or 0. */
static size_t line_bytes;

ssize_t __real_pwrite(int fd, const void *data, size_t length, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t length, off_t at);
/* What ends with its line and is not more than it would not be shown: screen-framebuffer.c. */
ssize_t __wrap_pwrite(int fd, const void *data, size_t length, off_t at)
{
	if (line_bytes && ((size_t)at + length) % line_bytes == 0)
		assert_true(length > line_bytes);
	return __real_pwrite(fd, data, length, at);
}

static void test_formats(void **)
{
	for (size_t i = 0; i < ELEMENTS(formats); i++) {
		struct pixel_format asked = {};
		uint8_t bytes[4] = {};

		assert_true(pixel_format_valid(formats[i]));
		assert_int_equal(pixel_to_rgb(formats[i], pixel_from_rgb(formats[i], 0xffffff)),
				 0xffffff);
		assert_int_equal(pixel_to_rgb(formats[i], pixel_from_rgb(formats[i], 0)), 0);
		assert_int_equal(pixel_to_rgb(formats[i], pixel_from_rgb(formats[i], 0xff0000)),
				 0xff0000);
		pixel_store(formats[i], bytes, pixel_from_rgb(formats[i], 0x0000ff));
		assert_int_equal(pixel_to_rgb(formats[i], pixel_load(formats[i], bytes)), 0x0000ff);
		/* What is asked of a server is what it can: see QEMU's set_pixel_format(). */
		pixel_format_nearest(formats[i], &asked);
		assert_true(asked.bits == 16 || asked.bits == 32);
		assert_true(asked.red.bits <= 8 && asked.green.bits <= 8 && asked.blue.bits <= 8);
		assert_true(pixel_format_valid(&asked));
	}
	assert_int_equal(pixel_from_rgb(&deep, 0x800000), 0x202u << 20);
}

static void test_wrong_formats(void **)
{
	static const struct pixel_format wrong[] = {
		{},
		{ .bits = 8, .red = { 5, 3 }, .green = { 2, 3 }, .blue = { 0, 2 } },
		{ .bits = 32, .red = { 25, 8 }, .green = { 8, 8 }, .blue = { 0, 8 } },
		{ .bits = 32, .red = { 255, 8 }, .green = { 8, 8 }, .blue = { 0, 8 } },
		{ .bits = 32, .red = { 4, 8 }, .green = { 8, 8 }, .blue = { 16, 8 } },
		{ .bits = 32, .red = { 16, 0 }, .green = { 8, 8 }, .blue = { 0, 8 } },
		{ .bits = 32, .red = { 0, 17 }, .green = { 17, 8 }, .blue = { 25, 7 } },
	};

	for (size_t i = 0; i < ELEMENTS(wrong); i++)
		assert_false(pixel_format_valid(&wrong[i]));
}

/* --- a screen in memory --- */

struct fixture {
	struct screen_draw draw;
	struct screen_framebuffer framebuffer;
	size_t stride, offset, size;
	uint8_t *pixels; /* of the picture */
	uint8_t *screen;
	int fd;
};

#define GUARD 0xa5

static uint32_t color_at(unsigned int x, unsigned int y)
{
	/* Full channels, which every format keeps. */
	static const uint32_t colors[] = { 0xff0000, 0x00ff00, 0x0000ff, 0xffffff,
					   0xffff00, 0x00ffff, 0xff00ff };

	return colors[(x + 3 * y) % ELEMENTS(colors)];
}

static void set_up(struct fixture *fixture, const struct pixel_format *format, unsigned int width,
		   unsigned int height, size_t extra, enum screen_scale scale, unsigned int p_width,
		   unsigned int p_height)
{
	struct rfb_picture picture = { .width = p_width, .height = p_height };

	memset(fixture, 0, sizeof(*fixture));
	fixture->draw.to = *format;
	fixture->draw.screen_width = width;
	fixture->draw.screen_height = height;
	fixture->draw.scale = scale;
	pixel_format_nearest(format, &fixture->draw.from);
	picture.stride = p_width * pixel_bytes(&fixture->draw.from);
	picture.pixels = fixture->pixels = malloc(picture.stride * p_height);
	assert_non_null(picture.pixels);
	for (unsigned int y = 0; y < p_height; y++)
		for (unsigned int x = 0; x < p_width; x++)
			pixel_store(&fixture->draw.from,
				    picture.pixels + y * picture.stride +
					    x * pixel_bytes(&fixture->draw.from),
				    pixel_from_rgb(&fixture->draw.from, color_at(x, y)));
	assert_int_equal(screen_draw_set_picture(&fixture->draw, &picture), 0);
	fixture->stride = width * pixel_bytes(format) + extra;
	fixture->offset = extra ? 5 : 0;
	line_bytes = extra ? 0 : fixture->stride;
	fixture->size = fixture->stride * height + fixture->offset + 64;
	fixture->fd = memfd_create("screen", MFD_CLOEXEC);
	assert_true(fixture->fd >= 0);
	assert_int_equal(ftruncate(fixture->fd, (off_t)fixture->size), 0);
	fixture->screen =
		mmap(NULL, fixture->size, PROT_READ | PROT_WRITE, MAP_SHARED, fixture->fd, 0);
	assert_ptr_not_equal(fixture->screen, MAP_FAILED);
	memset(fixture->screen, GUARD, fixture->size);
	assert_int_equal(screen_framebuffer_init(&fixture->framebuffer, fixture->fd,
						 fixture->stride, fixture->offset),
			 0);
}

static void tear_down(struct fixture *fixture)
{
	screen_draw_done(&fixture->draw);
	screen_framebuffer_done(&fixture->framebuffer);
	(void)munmap(fixture->screen, fixture->size);
	fd_close(fixture->fd);
	free(fixture->pixels);
}

static uint8_t *screen_at(const struct fixture *fixture, unsigned int x, unsigned int y)
{
	return fixture->screen + fixture->offset + y * fixture->stride +
	       x * pixel_bytes(&fixture->draw.to);
}

static uint32_t shown(const struct fixture *fixture, unsigned int x, unsigned int y)
{
	return pixel_to_rgb(&fixture->draw.to,
			    pixel_load(&fixture->draw.to, screen_at(fixture, x, y)));
}

static bool untouched(const struct fixture *fixture, unsigned int x, unsigned int y)
{
	for (size_t i = 0; i < pixel_bytes(&fixture->draw.to); i++)
		if (screen_at(fixture, x, y)[i] != GUARD)
			return false;
	return true;
}

static void draw(struct fixture *fixture, const struct pixel_rect *part)
{
	const struct pixel_rect rect = screen_draw_map(&fixture->draw, part);

	assert_int_equal(screen_framebuffer_draw(&fixture->framebuffer, &fixture->draw, &rect), 0);
}

static void draw_all(struct fixture *fixture)
{
	draw(fixture, &(struct pixel_rect){ 0, 0, fixture->draw.picture.width,
					    fixture->draw.picture.height });
}

/* Nothing is written between lines, nor behind the last one. */
static void check_guards(const struct fixture *fixture)
{
	size_t line = fixture->draw.screen_width * pixel_bytes(&fixture->draw.to);

	for (size_t i = 0; i < fixture->offset; i++)
		assert_int_equal(fixture->screen[i], GUARD);
	for (unsigned int y = 0; y < fixture->draw.screen_height; y++)
		for (size_t i = line; i < fixture->stride; i++)
			assert_int_equal(screen_at(fixture, 0, y)[i], GUARD);
	for (size_t i = fixture->offset + fixture->stride * fixture->draw.screen_height;
	     i < fixture->size; i++)
		assert_int_equal(fixture->screen[i], GUARD);
}

static void test_same_size(void **)
{
	for (size_t i = 0; i < ELEMENTS(formats); i++)
		for (size_t extra = 0; extra < 8; extra += 7) {
			struct fixture fixture;

			set_up(&fixture, formats[i], 13, 7, extra, SCREEN_SCALE_NONE, 13, 7);
			draw_all(&fixture);
			for (unsigned int y = 0; y < 7; y++)
				for (unsigned int x = 0; x < 13; x++)
					assert_int_equal(shown(&fixture, x, y), color_at(x, y));
			check_guards(&fixture);
			tear_down(&fixture);
		}
}

static void test_part(void **)
{
	for (size_t i = 0; i < ELEMENTS(formats); i++) {
		struct fixture fixture;

		set_up(&fixture, formats[i], 15, 11, 3, SCREEN_SCALE_NONE, 9, 5);
		assert_int_equal(fixture.draw.place.x, 3);
		assert_int_equal(fixture.draw.place.y, 3);
		draw(&fixture, &(struct pixel_rect){ 2, 1, 3, 2 });
		for (unsigned int y = 0; y < 11; y++)
			for (unsigned int x = 0; x < 15; x++)
				if (x >= 5 && x < 8 && y >= 4 && y < 6)
					assert_int_equal(shown(&fixture, x, y),
							 color_at(x - 3, y - 3));
				else
					assert_true(untouched(&fixture, x, y));
		assert_int_equal(fixture.framebuffer.bytes_written, 6 * pixel_bytes(formats[i]));
		assert_int_equal(
			screen_framebuffer_draw_screen(&fixture.framebuffer, &fixture.draw), 0);
		for (unsigned int y = 0; y < 11; y++)
			for (unsigned int x = 0; x < 15; x++) {
				bool within = x >= 3 && x < 12 && y >= 3 && y < 8;

				assert_int_equal(shown(&fixture, x, y),
						 within ? color_at(x - 3, y - 3) : 0);
			}
		check_guards(&fixture);
		tear_down(&fixture);
	}
}

/* Larger than the screen, and parts that are not on it at all. */
static void test_cut(void **)
{
	struct fixture fixture;

	set_up(&fixture, &xrgb, 5, 4, 0, SCREEN_SCALE_INTEGER, 9, 9);
	draw_all(&fixture);
	for (unsigned int y = 0; y < 4; y++)
		for (unsigned int x = 0; x < 5; x++)
			assert_int_equal(shown(&fixture, x, y), color_at(x, y));
	check_guards(&fixture);
	assert_int_equal(screen_draw_map(&fixture.draw, &(struct pixel_rect){ 5, 0, 4, 9 }).width,
			 0);
	assert_int_equal(screen_draw_map(&fixture.draw, &(struct pixel_rect){ 0, 7, 9, 1 }).width,
			 0);
	assert_int_equal(screen_draw_map(&fixture.draw, &(struct pixel_rect){ 4, 3, 5, 6 }).width,
			 1);
	assert_int_equal(screen_draw_map(&fixture.draw, &(struct pixel_rect){ 99, 99, 5, 6 }).width,
			 0);
	tear_down(&fixture);
}

static void test_integer(void **)
{
	for (size_t i = 0; i < ELEMENTS(formats); i++) {
		struct fixture fixture;

		set_up(&fixture, formats[i], 17, 13, 3, SCREEN_SCALE_INTEGER, 5, 4);
		assert_int_equal(fixture.draw.factor, 3);
		assert_int_equal(fixture.draw.place.x, 1);
		assert_int_equal(fixture.draw.place.y, 0);
		draw(&fixture, &(struct pixel_rect){ 1, 1, 2, 1 });
		for (unsigned int y = 0; y < 13; y++)
			for (unsigned int x = 0; x < 17; x++)
				if (x >= 4 && x < 10 && y >= 3 && y < 6)
					assert_int_equal(shown(&fixture, x, y),
							 color_at((x - 1) / 3, y / 3));
				else
					assert_true(untouched(&fixture, x, y));
		draw_all(&fixture);
		assert_int_equal(shown(&fixture, 15, 11), color_at(4, 3));
		check_guards(&fixture);
		tear_down(&fixture);
	}
}

static void test_fit(void **)
{
	for (size_t i = 0; i < ELEMENTS(formats); i++) {
		struct fixture fixture;

		/* Twice as wide, with bars above and below. */
		set_up(&fixture, formats[i], 16, 20, 3, SCREEN_SCALE_FIT, 8, 8);
		assert_int_equal(fixture.draw.place.width, 16);
		assert_int_equal(fixture.draw.place.height, 16);
		assert_int_equal(fixture.draw.place.y, 2);
		draw_all(&fixture);
		assert_int_equal(shown(&fixture, 0, 2), color_at(0, 0));
		assert_int_equal(shown(&fixture, 15, 17), color_at(7, 7));
		assert_true(untouched(&fixture, 0, 1));
		check_guards(&fixture);
		tear_down(&fixture);
		/* The same size needs no mixing. */
		set_up(&fixture, formats[i], 8, 8, 0, SCREEN_SCALE_FIT, 8, 8);
		assert_int_equal(fixture.draw.factor, 1);
		tear_down(&fixture);
		/* Smaller, and a picture of one pixel. */
		set_up(&fixture, formats[i], 5, 3, 1, SCREEN_SCALE_FIT, 31, 17);
		draw_all(&fixture);
		check_guards(&fixture);
		tear_down(&fixture);
		set_up(&fixture, formats[i], 9, 9, 1, SCREEN_SCALE_FIT, 1, 1);
		draw_all(&fixture);
		assert_int_equal(shown(&fixture, 8, 8), color_at(0, 0));
		tear_down(&fixture);
		/* 1000 : 1 keeps a row */
		set_up(&fixture, formats[i], 10, 10, 1, SCREEN_SCALE_FIT, 1000, 1);
		assert_int_equal(fixture.draw.place.height, 1);
		draw_all(&fixture);
		check_guards(&fixture);
		tear_down(&fixture);
	}
}

/* A part drawn alone gives what the whole gives. */
static void test_fit_parts(void **)
{
	static const unsigned int sizes[][4] = {
		{ 40, 30, 17, 11 }, { 17, 11, 40, 30 }, { 33, 33, 32, 32 }, { 64, 48, 63, 47 }
	};

	for (size_t s = 0; s < ELEMENTS(sizes); s++) {
		struct fixture whole, parts;

		set_up(&whole, &xrgb, sizes[s][0], sizes[s][1], 0, SCREEN_SCALE_FIT, sizes[s][2],
		       sizes[s][3]);
		set_up(&parts, &xrgb, sizes[s][0], sizes[s][1], 0, SCREEN_SCALE_FIT, sizes[s][2],
		       sizes[s][3]);
		draw_all(&whole);
		/* Every pixel changes alone, against a picture that was drawn before. */
		memset(parts.pixels, 0, parts.draw.picture.stride * parts.draw.picture.height);
		draw_all(&parts);
		for (unsigned int y = 0; y < sizes[s][3]; y++)
			for (unsigned int x = 0; x < sizes[s][2]; x++) {
				size_t at = y * parts.draw.picture.stride + x * 4;

				memcpy(parts.pixels + at, whole.pixels + at, 4);
				draw(&parts, &(struct pixel_rect){ x, y, 1, 1 });
			}
		assert_memory_equal(whole.screen, parts.screen, whole.size);
		tear_down(&whole);
		tear_down(&parts);
	}
}

static void test_unmap(void **)
{
	struct fixture fixture;
	unsigned int x = 0, y = 0;

	set_up(&fixture, &xrgb, 20, 20, 0, SCREEN_SCALE_INTEGER, 6, 5);
	assert_int_equal(fixture.draw.place.x, 1);
	screen_draw_unmap(&fixture.draw, 0, 0, &x, &y);
	assert_int_equal(x, 0);
	assert_int_equal(y, 0);
	screen_draw_unmap(&fixture.draw, 19, 19, &x, &y);
	assert_int_equal(x, 5);
	assert_int_equal(y, 4);
	screen_draw_unmap(&fixture.draw, 4, 9, &x, &y);
	assert_int_equal(x, 1);
	assert_int_equal(y, 2);
	tear_down(&fixture);
	set_up(&fixture, &xrgb, 20, 20, 0, SCREEN_SCALE_FIT, 100, 100);
	screen_draw_unmap(&fixture.draw, 10, 19, &x, &y);
	assert_int_equal(x, 50);
	assert_int_equal(y, 95);
	tear_down(&fixture);
	/* No picture: no place. */
	screen_draw_unmap(&(struct screen_draw){}, 10, 19, &x, &y);
	assert_int_equal(x, 0);
}

static void test_cursor(void **)
{
	/* 2 x 2: opaque red, half white; nothing, half black (multiplied by alpha) */
	static const uint8_t pixels[] = { 0, 0, 255, 255, 128, 128, 128, 128,
					  0, 0, 0,   0,   0,   0,   0,   128 };
	const struct rfb_cursor cursor = { 2, 2, 1, 1, pixels };

	for (size_t i = 0; i < ELEMENTS(formats); i++) {
		struct fixture fixture;
		struct pixel_rect rect;

		set_up(&fixture, formats[i], 8, 8, 3, SCREEN_SCALE_NONE, 8, 8);
		memset(fixture.pixels, 0, fixture.draw.picture.stride * 8);
		assert_int_equal(screen_draw_set_cursor(&fixture.draw, &cursor), 0);
		fixture.draw.cursor_x = fixture.draw.cursor_y = 4;
		rect = screen_draw_cursor_rect(&fixture.draw);
		assert_int_equal(rect.x, 3);
		assert_int_equal(rect.width, 2);
		draw_all(&fixture);
		assert_int_equal(shown(&fixture, 3, 3), 0xff0000);
		assert_true((shown(&fixture, 4, 3) & 0xff) >= 0x78 &&
			    (shown(&fixture, 4, 3) & 0xff) <= 0x88);
		assert_int_equal(shown(&fixture, 3, 4), 0);
		assert_int_equal(shown(&fixture, 2, 3), 0);
		/* The picture itself has no pointer in it. */
		for (size_t b = 0; b < fixture.draw.picture.stride * 8; b++)
			assert_int_equal(fixture.pixels[b], 0);
		/* At the edges only a part of it is there. */
		fixture.draw.cursor_x = fixture.draw.cursor_y = 0;
		rect = screen_draw_cursor_rect(&fixture.draw);
		assert_int_equal(rect.x, 0);
		assert_int_equal(rect.width, 1);
		fixture.draw.cursor_x = 8;
		rect = screen_draw_cursor_rect(&fixture.draw);
		assert_int_equal(rect.x, 7);
		assert_int_equal(rect.width, 1);
		draw_all(&fixture);
		check_guards(&fixture);
		fixture.draw.cursor_x = 4000000000u;
		assert_int_equal(screen_draw_cursor_rect(&fixture.draw).width, 0);
		tear_down(&fixture);
	}
}

/* A hot spot that is not in the cursor, as a hostile server has it. */
static void test_cursor_far_spot(void **)
{
	static const uint8_t pixels[4] = { 255, 255, 255, 255 };
	const struct rfb_cursor cursor = { 1, 1, 65535, 65535, pixels };
	struct fixture fixture;

	set_up(&fixture, &xrgb, 8, 8, 0, SCREEN_SCALE_FIT, 5, 5);
	assert_int_equal(screen_draw_set_cursor(&fixture.draw, &cursor), 0);
	for (unsigned int at = 0; at < 70000; at += 65535) {
		fixture.draw.cursor_x = fixture.draw.cursor_y = at;
		draw_all(&fixture);
	}
	check_guards(&fixture);
	tear_down(&fixture);
}

/* Whole lines of a screen as wide as the picture go in one piece, below the pointer as well. */
static void test_plain(void **)
{
	static const uint8_t pixels[4] = { 255, 255, 255, 255 };
	const struct rfb_cursor cursor = { 1, 1, 0, 0, pixels };
	struct fixture fixture;

	set_up(&fixture, &xrgb, 8, 8, 0, SCREEN_SCALE_NONE, 8, 8);
	assert_true(screen_draw_is_plain(&fixture.draw, &(struct pixel_rect){ 0, 0, 8, 8 }));
	assert_int_equal(screen_draw_set_cursor(&fixture.draw, &cursor), 0);
	fixture.draw.cursor_y = 3;
	assert_false(screen_draw_is_plain(&fixture.draw, &(struct pixel_rect){ 0, 0, 8, 8 }));
	assert_true(screen_draw_is_plain(&fixture.draw, &(struct pixel_rect){ 0, 0, 8, 3 }));
	assert_false(screen_draw_is_plain(&fixture.draw, &(struct pixel_rect){ 0, 0, 8, 4 }));
	assert_true(screen_draw_is_plain(&fixture.draw, &(struct pixel_rect){ 0, 4, 8, 4 }));
	tear_down(&fixture);
}

/* Any part of any picture on a screen without gaps: nothing ends with a line alone. */
static void test_line_ends(void **)
{
	static const unsigned int widths[] = { 1, 7, 12, 13, 20 };

	for (unsigned int scale = SCREEN_SCALE_NONE; scale <= SCREEN_SCALE_FIT; scale++)
		for (size_t w = 0; w < ELEMENTS(widths); w++) {
			struct fixture fixture;

			set_up(&fixture, &rgb565, 13, 37, 0, scale, widths[w], 9);
			for (unsigned int y = 0; y < 9; y++)
				for (unsigned int height = 1; y + height <= 9; height++)
					draw(&fixture, &(struct pixel_rect){ 0, y, 20, height });
			assert_int_equal(screen_framebuffer_draw_screen(&fixture.framebuffer,
									&fixture.draw),
					 0);
			check_guards(&fixture);
			tear_down(&fixture);
		}
}

static void test_rects(void **)
{
	const struct pixel_rect a = { 1, 2, 3, 4 }, b = { 10, 0, 1, 1 }, none = {};
	struct pixel_rect both = pixel_rect_union(&a, &b);

	assert_int_equal(both.x, 1);
	assert_int_equal(both.y, 0);
	assert_int_equal(both.width, 10);
	assert_int_equal(both.height, 6);
	both = pixel_rect_union(&none, &a);
	assert_int_equal(both.height, 4);
	both = pixel_rect_union(&a, &none);
	assert_int_equal(both.x, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_formats),   cmocka_unit_test(test_wrong_formats),
		cmocka_unit_test(test_same_size), cmocka_unit_test(test_part),
		cmocka_unit_test(test_cut),       cmocka_unit_test(test_integer),
		cmocka_unit_test(test_fit),       cmocka_unit_test(test_fit_parts),
		cmocka_unit_test(test_unmap),     cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_plain),     cmocka_unit_test(test_cursor_far_spot),
		cmocka_unit_test(test_rects),     cmocka_unit_test(test_line_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
