// SPDX-License-Identifier: GPL-2.0-or-later
// RFB as a server of QEMU's kind speaks it, byte by byte and in one go; and as nobody should.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "screen/rfb.h"

static const struct pixel_format format32 = {
	.bits = 32, .red = { 16, 8 }, .green = { 8, 8 }, .blue = { 0, 8 }
};

DEFINE_CLEANUP(struct rfb *, rfb_free);

struct seen {
	unsigned int resized, damaged, updated, cursors, leds, modes;
	unsigned int led_bits;
	bool absolute;
	struct pixel_rect rect;
	struct rfb_cursor cursor;
	uint32_t cursor_pixel;
	uint8_t sent[1024];
	size_t sent_length;
};

static void on_resized(void *userdata)
{
	((struct seen *)userdata)->resized++;
}

static void on_damaged(const struct pixel_rect *rect, void *userdata)
{
	struct seen *seen = userdata;

	seen->damaged++;
	seen->rect = *rect;
}

static void on_updated(void *userdata)
{
	((struct seen *)userdata)->updated++;
}

static void on_cursor(const struct rfb_cursor *cursor, void *userdata)
{
	struct seen *seen = userdata;

	seen->cursors++;
	seen->cursor = *cursor;
	if (cursor->width)
		memcpy(&seen->cursor_pixel, cursor->pixels, 4);
}

static void on_leds(unsigned int leds, void *userdata)
{
	struct seen *seen = userdata;

	seen->leds++;
	seen->led_bits = leds;
}

static void on_mode(bool absolute, void *userdata)
{
	struct seen *seen = userdata;

	seen->modes++;
	seen->absolute = absolute;
}

static void on_send(const void *data, size_t length, void *userdata)
{
	struct seen *seen = userdata;

	assert_true(seen->sent_length + length <= sizeof(seen->sent));
	memcpy(seen->sent + seen->sent_length, data, length);
	seen->sent_length += length;
}

static struct rfb *new_rfb(struct seen *seen)
{
	const struct rfb_callbacks callbacks = {
		.resized = on_resized,
		.damaged = on_damaged,
		.updated = on_updated,
		.cursor = on_cursor,
		.leds = on_leds,
		.pointer_mode = on_mode,
		.send = on_send,
		.userdata = seen,
	};
	struct rfb *rfb = NULL;

	assert_int_equal(rfb_new(&format32, &callbacks, &rfb), 0);
	return rfb;
}

/* Version, one security type (none), its result, and a picture of 4 x 3 called "q". */
#define HANDSHAKE \
	"RFB 003.008\n\1\1\0\0\0\0\0\4\0\3\40\30\0\1\0\377\0\377\0\377\20\10\0\0\0\0\0\0\0\1q"
static const char handshake[] = HANDSHAKE;
#define HANDSHAKE_BYTES (sizeof(handshake) - 1)

static struct rfb *ready_rfb(struct seen *seen)
{
	struct rfb *rfb = new_rfb(seen);

	assert_int_equal(rfb_feed(rfb, handshake, HANDSHAKE_BYTES), 0);
	assert_true(rfb_is_ready(rfb));
	seen->sent_length = 0;
	return rfb;
}

#define FEED(rfb, bytes) rfb_feed((rfb), (bytes), sizeof(bytes) - 1)

static void test_handshake(void **)
{
	struct seen seen = {};
	_cleanup_(rfb_freep) struct rfb *rfb = new_rfb(&seen);

	rfb_send_key(rfb, 1, true); /* too early: nothing */
	rfb_send_pointer(rfb, 0, 1, 1, true);
	rfb_ask_size(rfb, 1, 1);
	assert_int_equal(seen.sent_length, 0);
	for (size_t i = 0; i < HANDSHAKE_BYTES; i++) {
		assert_int_equal(rfb_feed(rfb, handshake + i, 1), 0);
		if (i == 11)
			assert_memory_equal(seen.sent, "RFB 003.008\n", 12);
	}
	assert_true(rfb_is_ready(rfb));
	assert_int_equal(seen.resized, 1);
	assert_int_equal(rfb_picture(rfb)->width, 4);
	assert_int_equal(rfb_picture(rfb)->height, 3);
	assert_int_equal(rfb_picture(rfb)->stride, 16);
	/* version, type, shared; pixel format; seven encodings; a whole update */
	assert_int_equal(seen.sent_length, 12 + 1 + 1 + 20 + 4 + 7 * 4 + 10);
	assert_memory_equal(seen.sent + 12, "\1\1\0\0\0\0\40\30\0\1\0\377\0\377\0\377\20\10\0", 19);
	assert_memory_equal(seen.sent + seen.sent_length - 10, "\3\0\0\0\0\0\0\4\0\3", 10);
}

static void test_refusals(void **)
{
	static const struct {
		const char *bytes;
		size_t length;
		int error;
	} cases[] = {
		{ "RFB 003.003\n", 12, -EPROTO },
		{ "HTTP/1.1 400", 12, -EPROTO },
		{ "RFB 003.008\n\0", 13, -EACCES },
		{ "RFB 003.008\n\2\2\23", 15, -EACCES },
		{ "RFB 003.008\n\1\1\0\0\0\1", 18, -EACCES },
		/* 0 x 3 */
		{ "RFB 003.008\n\1\1\0\0\0\0\0\0\0\3\40\30\0\1\0\377\0\377\0\377\20\10\0\0\0\0"
		  "\0\0\0\0",
		  42, -EPROTO },
		/* 65535 x 65535 */
		{ "RFB 003.008\n\1\1\0\0\0\0\377\377\377\377\40\30\0\1\0\377\0\377\0\377\20\10\0"
		  "\0\0\0\0\0\0\0",
		  42, -EPROTO },
		/* a name of 4 GiB */
		{ "RFB 003.008\n\1\1\0\0\0\0\0\4\0\3\40\30\0\1\0\377\0\377\0\377\20\10\0\0\0\0"
		  "\377\377\377\377",
		  42, -EPROTO },
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		struct seen seen = {};
		_cleanup_(rfb_freep) struct rfb *rfb = new_rfb(&seen);

		assert_int_equal(rfb_feed(rfb, cases[i].bytes, cases[i].length - 1), 0);
		assert_int_equal(rfb_feed(rfb, cases[i].bytes + cases[i].length - 1, 1),
				 cases[i].error);
		assert_non_null(rfb_why(rfb));
		assert_false(rfb_is_ready(rfb));
		/* …and it stays so */
		assert_int_equal(rfb_feed(rfb, "x", 1), cases[i].error);
	}
}

/* 2 x 2 at 1, 1, Raw. */
#define RAW_HEAD "\0\0\0\1\0\1\0\1\0\2\0\2\0\0\0\0"
#define RAW RAW_HEAD "aaaabbbbccccdddd"

static void check_raw(const struct rfb *rfb, const struct seen *seen)
{
	const struct rfb_picture *picture = rfb_picture(rfb);

	assert_int_equal(seen->damaged, 1);
	assert_int_equal(seen->updated, 1);
	assert_int_equal(seen->rect.x, 1);
	assert_int_equal(seen->rect.height, 2);
	assert_memory_equal(picture->pixels + 16, "\0\0\0\0aaaabbbb\0\0\0\0", 16);
	assert_memory_equal(picture->pixels + 32, "\0\0\0\0ccccdddd\0\0\0\0", 16);
}

static void test_raw(void **)
{
	struct seen one = {}, many = {};
	_cleanup_(rfb_freep) struct rfb *at_once = ready_rfb(&one), *pieces = ready_rfb(&many);
	static const char raw[] = RAW;

	assert_int_equal(FEED(at_once, RAW), 0);
	check_raw(at_once, &one);
	for (size_t i = 0; i < sizeof(raw) - 1; i++) {
		assert_int_equal(many.damaged, 0);
		assert_int_equal(rfb_feed(pieces, raw + i, 1), 0);
	}
	check_raw(pieces, &many);
}

/* Straight to where the pixels belong. */
static void test_target(void **)
{
	struct seen seen = {};
	_cleanup_(rfb_freep) struct rfb *rfb = ready_rfb(&seen);
	struct iovec pieces[4];

	assert_int_equal(rfb_target(rfb, pieces, 4), 0);
	assert_int_equal(FEED(rfb, RAW_HEAD), 0);
	assert_int_equal(rfb_target(rfb, pieces, 4), 2);
	assert_int_equal(pieces[0].iov_len, 8);
	assert_ptr_equal(pieces[0].iov_base, rfb_picture(rfb)->pixels + 20);
	assert_ptr_equal(pieces[1].iov_base, rfb_picture(rfb)->pixels + 36);
	assert_int_equal(rfb_target(rfb, pieces, 1), 1);
	memcpy(pieces[0].iov_base, "aaaa", 4);
	assert_int_equal(rfb_filled(rfb, 4), 0);
	assert_int_equal(rfb_target(rfb, pieces, 4), 2);
	assert_int_equal(pieces[0].iov_len, 4);
	memcpy(pieces[0].iov_base, "bbbb", 4);
	memcpy(pieces[1].iov_base, "cc", 2);
	assert_int_equal(rfb_filled(rfb, 6), 0);
	assert_int_equal(rfb_target(rfb, pieces, 4), 1);
	assert_int_equal(pieces[0].iov_len, 6);
	assert_int_equal(FEED(rfb, "ccdddd"), 0);
	check_raw(rfb, &seen);
	assert_int_equal(rfb_target(rfb, pieces, 4), 0);
	/* Of the whole width: one piece. */
	assert_int_equal(FEED(rfb, "\0\0\0\1\0\0\0\1\0\4\0\2\0\0\0\0"), 0);
	assert_int_equal(rfb_target(rfb, pieces, 4), 1);
	assert_int_equal(pieces[0].iov_len, 32);
}

static void test_pseudo(void **)
{
	struct seen seen = {};
	_cleanup_(rfb_freep) struct rfb *rfb = ready_rfb(&seen);

	assert_false(rfb_has_key_codes(rfb));
	/* -258 */
	assert_int_equal(FEED(rfb, "\0\0\0\1\0\0\0\0\0\4\0\3\377\377\376\376"), 0);
	assert_true(rfb_has_key_codes(rfb));
	/* -257: relative */
	assert_int_equal(FEED(rfb, "\0\0\0\1\0\0\0\0\0\4\0\3\377\377\376\377"), 0);
	assert_int_equal(seen.modes, 1);
	assert_false(seen.absolute);
	/* -261: caps, num */
	assert_int_equal(FEED(rfb, "\0\0\0\1\0\0\0\0\0\1\0\1\377\377\376\373\6"), 0);
	assert_int_equal(seen.led_bits, RFB_LED_CAPS | RFB_LED_NUM);
	/* -223: 5 x 2 */
	assert_int_equal(FEED(rfb, "\0\0\0\1\0\0\0\0\0\5\0\2\377\377\377\41"), 0);
	assert_int_equal(seen.resized, 2);
	assert_int_equal(rfb_picture(rfb)->width, 5);
	/* -308: refused; then 6 x 3 with two screens */
	assert_int_equal(FEED(rfb, "\0\0\0\1\0\1\0\3\0\7\0\7\377\377\376\314\1\0\0\0"
				   "0123456789abcdef"),
			 0);
	assert_int_equal(seen.resized, 2);
	assert_int_equal(FEED(rfb, "\0\0\0\1\0\0\0\0\0\6\0\3\377\377\376\314\2\0\0\0"
				   "0123456789abcdef0123456789abcdef"),
			 0);
	assert_int_equal(seen.resized, 3);
	assert_int_equal(rfb_picture(rfb)->width, 6);
	/* bell, cut text, colors */
	assert_int_equal(FEED(rfb, "\2\3\0\0\0\0\0\0\2hi\1\0\0\0\0\1rrggbb"), 0);
	/* -314: a cursor of 1 x 2, then none */
	assert_int_equal(FEED(rfb, "\0\0\0\1\0\3\0\4\0\1\0\2\377\377\376\306\0\0\0\0ABCDEFGH"), 0);
	assert_int_equal(seen.cursors, 1);
	assert_int_equal(seen.cursor.hot_x, 3);
	assert_int_equal(seen.cursor_pixel, 0x44434241);
	assert_int_equal(FEED(rfb, "\0\0\0\1\0\0\0\0\0\0\0\0\377\377\376\306\0\0\0\0"), 0);
	assert_int_equal(seen.cursors, 2);
	assert_int_equal(seen.cursor.width, 0);
	/* nothing at all */
	assert_int_equal(FEED(rfb, "\0\0\0\0"), 0);
	/* an empty rectangle */
	assert_int_equal(FEED(rfb, "\0\0\0\1\0\1\0\1\0\0\0\2\0\0\0\0"), 0);
	assert_int_equal(seen.updated, 10);
	assert_int_equal(seen.damaged, 0);
	assert_int_equal(FEED(rfb, RAW), 0);
	assert_int_equal(seen.damaged, 1);
}

static void test_hostile(void **)
{
	static const struct {
		const char *bytes;
		size_t length;
	} cases[] = {
		{ "\4", 1 }, /* no such message */
		{ "\377", 1 },
		{ "\3\0\0\0\377\377\377\377", 8 }, /* a clipboard of 4 GiB */
		{ "\0\0\0\1\0\1\0\0\0\4\0\1\0\0\0\0", 16 }, /* over the right edge */
		{ "\0\0\0\1\0\0\0\3\0\1\0\1\0\0\0\0", 16 }, /* under the lower one */
		{ "\0\0\0\1\377\377\377\377\377\377\377\377\0\0\0\0", 16 },
		{ "\0\0\0\1\0\0\0\0\0\1\0\1\0\0\0\1", 16 }, /* CopyRect: not asked for */
		{ "\0\0\0\1\0\0\0\0\0\1\0\1\0\0\0\20", 16 }, /* ZRLE */
		{ "\0\0\0\1\0\0\0\0\377\377\377\377\377\377\377\41", 16 }, /* 65535 x 65535 */
		{ "\0\0\0\1\0\0\0\0\0\0\0\1\377\377\377\41", 16 }, /* 0 x 1 */
		{ "\0\0\0\1\0\0\0\0\2\1\0\1\377\377\376\306\0\0\0\0", 20 }, /* cursor 513 x 1 */
		{ "\0\0\0\1\0\0\0\0\0\1\0\1\377\377\376\306\0\0\0\5", 20 }, /* hextile cursor */
	};

	for (size_t i = 0; i < ELEMENTS(cases); i++) {
		struct seen seen = {};
		_cleanup_(rfb_freep) struct rfb *rfb = ready_rfb(&seen);

		assert_int_equal(rfb_feed(rfb, cases[i].bytes, cases[i].length - 1), 0);
		assert_int_equal(rfb_feed(rfb, cases[i].bytes + cases[i].length - 1, 1), -EPROTO);
		assert_false(rfb_is_ready(rfb));
		assert_int_equal(rfb_target(rfb, &(struct iovec){}, 1), 0);
		/* What is said to it now goes nowhere. */
		seen.sent_length = 0;
		rfb_request_update(rfb, true);
		assert_int_equal(seen.sent_length, 0);
	}
}

static void test_sending(void **)
{
	struct seen seen = {};
	_cleanup_(rfb_freep) struct rfb *rfb = ready_rfb(&seen);

	rfb_send_key(rfb, 0x9c, true); /* not yet: the server has not said that it takes them */
	assert_int_equal(seen.sent_length, 0);
	assert_int_equal(FEED(rfb, "\0\0\0\1\0\0\0\0\0\4\0\3\377\377\376\376"), 0);
	rfb_send_key(rfb, 0x9c, true);
	rfb_send_key(rfb, 0x9c, false);
	assert_int_equal(seen.sent_length, 24);
	assert_memory_equal(seen.sent, "\377\0\0\1\0\0\0\0\0\0\0\234", 12);
	assert_memory_equal(seen.sent + 12, "\377\0\0\0\0\0\0\0\0\0\0\234", 12);
	seen.sent_length = 0;
	rfb_send_pointer(rfb, 5, 2, 99, true); /* held within the picture */
	rfb_send_pointer(rfb, 0, -1, 2, false);
	assert_memory_equal(seen.sent, "\5\5\0\2\0\2\5\0\177\376\200\1", 12);
	seen.sent_length = 0;
	rfb_ask_size(rfb, 0x780, 0x438);
	assert_int_equal(seen.sent_length, 24);
	assert_memory_equal(seen.sent, "\373\0\7\200\4\70\1\0\0\0\0\0\0\0\0\0\7\200\4\70\0\0\0\0",
			    24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_handshake), cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_raw),       cmocka_unit_test(test_target),
		cmocka_unit_test(test_pseudo),    cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_sending),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
