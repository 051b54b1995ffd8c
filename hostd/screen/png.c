// SPDX-License-Identifier: GPL-2.0-or-later
// PNG (RFC 2083): 8 bits a channel, one IDAT, rows as differences from the one above.
#include "png.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/cleanup.h"

#define CHANNELS 3
#define FILTER_UP 2
#define COLOR_RGB 2

static void put_u32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Length, kind, data, and a checksum of kind and data. */
static void put_chunk(FILE *stream, const char *kind, const uint8_t *data, size_t length)
{
	uint8_t number[4];
	uLong checksum = crc32(0, (const Bytef *)kind, 4);

	put_u32(number, (uint32_t)length);
	(void)fwrite(number, 1, sizeof(number), stream);
	(void)fwrite(kind, 1, 4, stream);
	if (length > 0) {
		(void)fwrite(data, 1, length, stream);
		checksum = crc32(checksum, data, (uInt)length);
	}
	put_u32(number, (uint32_t)checksum);
	(void)fwrite(number, 1, sizeof(number), stream);
}

static void to_rgb(const struct rfb_picture *picture, const struct pixel_format *format,
		   unsigned int y, uint8_t *row)
{
	const uint8_t *from = picture->pixels + y * picture->stride;

	for (unsigned int x = 0; x < picture->width; x++, from += pixel_bytes(format)) {
		uint32_t rgb = pixel_to_rgb(format, pixel_load(format, from));

		*row++ = (uint8_t)(rgb >> 16);
		*row++ = (uint8_t)(rgb >> 8);
		*row++ = (uint8_t)rgb;
	}
}

static int compress_rows(const struct rfb_picture *picture, const struct pixel_format *format,
			 uint8_t *output, size_t room, size_t *ret_length)
{
	const size_t bytes = (size_t)picture->width * CHANNELS;
	_cleanup_free_ uint8_t *above = calloc(1, bytes), *row = calloc(1, bytes),
			       *line = malloc(bytes + 1);
	z_stream deflater = { .next_out = output, .avail_out = (uInt)room };
	int r = Z_OK;

	if (!above || !row || !line || deflateInit(&deflater, Z_BEST_SPEED) != Z_OK)
		return -ENOMEM;
	for (unsigned int y = 0; y < picture->height && r == Z_OK; y++) {
		to_rgb(picture, format, y, row);
		line[0] = FILTER_UP;
		for (size_t i = 0; i < bytes; i++)
			line[i + 1] = (uint8_t)(row[i] - above[i]);
		memcpy(above, row, bytes);
		deflater.next_in = line;
		deflater.avail_in = (uInt)(bytes + 1);
		r = deflate(&deflater, y + 1 == picture->height ? Z_FINISH : Z_NO_FLUSH);
	}
	*ret_length = deflater.total_out;
	(void)deflateEnd(&deflater);
	return r == Z_STREAM_END ? 0 : -ENOMEM;
}

int png_write(FILE *stream, const struct rfb_picture *picture, const struct pixel_format *format)
{
	static const uint8_t signature[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };
	size_t raw = ((size_t)picture->width * CHANNELS + 1) * picture->height;
	size_t room = compressBound(raw), length = 0;
	_cleanup_free_ uint8_t *data = malloc(room);
	uint8_t head[13] = { [8] = 8, [9] = COLOR_RGB };
	int r = data ? compress_rows(picture, format, data, room, &length) : -ENOMEM;

	if (r < 0)
		return r;
	put_u32(head, picture->width);
	put_u32(head + 4, picture->height);
	(void)fwrite(signature, 1, sizeof(signature), stream);
	put_chunk(stream, "IHDR", head, sizeof(head));
	put_chunk(stream, "IDAT", data, length);
	put_chunk(stream, "IEND", NULL, 0);
	return ferror(stream) ? -EIO : 0;
}
