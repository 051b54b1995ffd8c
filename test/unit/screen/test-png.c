// SPDX-License-Identifier: GPL-2.0-or-later
// PNG files, taken apart again with zlib: every checksum, every pixel.
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "screen/png.h"

static const struct pixel_format xrgb = {
	.bits = 32, .red = { 16, 8 }, .green = { 8, 8 }, .blue = { 0, 8 }
};
static const struct pixel_format bgr24 = {
	.bits = 24, .red = { 0, 8 }, .green = { 8, 8 }, .blue = { 16, 8 }
};

static uint32_t u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Returns the data of a chunk of that kind at *at, and moves on. */
static const uint8_t *chunk(const uint8_t **at, const char *kind, size_t *ret_length)
{
	const uint8_t *start = *at;

	*ret_length = u32(start);
	assert_memory_equal(start + 4, kind, 4);
	assert_int_equal(u32(start + 8 + *ret_length),
			 crc32(0, start + 4, (uInt)(*ret_length + 4)));
	*at = start + 12 + *ret_length;
	return start + 8;
}

static void check(const struct pixel_format *format, unsigned int width, unsigned int height,
		  size_t gap)
{
	size_t bytes = pixel_bytes(format), stride = width * bytes + gap, length = 0, size = 0;
	uLong raw = (uLong)(width * 3 + 1) * height;
	_cleanup_free_ uint8_t *pixels = malloc(stride * height), *rows = malloc(raw);
	struct rfb_picture picture = { width, height, stride, pixels };
	_cleanup_free_ char *file = NULL;
	FILE *stream = open_memstream(&file, &size);
	const uint8_t *at = NULL, *data = NULL;

	for (size_t i = 0; i < stride * height; i++)
		pixels[i] = (uint8_t)(i * 7 + i / 50);
	assert_int_equal(png_write(stream, &picture, format), 0);
	assert_int_equal(fclose(stream), 0);
	at = (const uint8_t *)file;
	assert_memory_equal(at, "\211PNG\r\n\032\n", 8);
	at += 8;
	data = chunk(&at, "IHDR", &length);
	assert_int_equal(u32(data), width);
	assert_int_equal(u32(data + 4), height);
	assert_memory_equal(data + 8, "\10\2\0\0\0", 5);
	data = chunk(&at, "IDAT", &length);
	assert_int_equal(uncompress(rows, &raw, data, length), Z_OK);
	assert_int_equal(raw, (width * 3 + 1) * height);
	(void)chunk(&at, "IEND", &length);
	assert_ptr_equal(at, file + size);
	for (unsigned int y = 0; y < height; y++) {
		uint8_t *row = rows + (size_t)y * (width * 3 + 1) + 1;

		assert_int_equal(row[-1], 2);
		for (size_t i = 0; y > 0 && i < width * 3; i++)
			row[i] = (uint8_t)(row[i] + (row - (width * 3 + 1))[i]);
		for (unsigned int x = 0; x < width; x++) {
			const uint8_t *pixel = pixels + y * stride + x * bytes;

			assert_int_equal((u32(row + (size_t)x * 3 - 1) & 0xffffff),
					 pixel_to_rgb(format, pixel_load(format, pixel)));
		}
	}
}

static void test_pictures(void **)
{
	check(&xrgb, 1, 1, 0);
	check(&xrgb, 37, 23, 5);
	check(&bgr24, 320, 200, 0);
}

static void test_full(void **)
{
	uint8_t pixels[4] = {};
	struct rfb_picture picture = { 1, 1, 4, pixels };
	_cleanup_file_ FILE *full = fopen("/dev/full", "we");

	assert_non_null(full);
	(void)setvbuf(full, NULL, _IONBF, 0);
	assert_int_equal(png_write(full, &picture, &xrgb), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pictures),
		cmocka_unit_test(test_full),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
