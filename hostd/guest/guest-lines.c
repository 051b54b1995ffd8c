// SPDX-License-Identifier: GPL-2.0-or-later
// A terminal's output to plain lines: a machine of four states, one byte at a time.
#include "guest-lines.h"

#define ESCAPE 0x1b
#define BELL 0x07
#define DELETE 0x7f

static enum guest_lines_state after_escape(unsigned char c)
{
	if (c == '[')
		return GUEST_LINES_CONTROL;
	/* OSC, DCS, SOS, PM, APC */
	if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_')
		return GUEST_LINES_STRING;
	/* An intermediate byte, as in "ESC ( B": the final byte is still to come. */
	return c >= 0x20 && c <= 0x2f ? GUEST_LINES_ESCAPE : GUEST_LINES_TEXT;
}

static void add(struct guest_lines *lines, unsigned char c)
{
	if (c == '\t')
		c = ' ';
	if (c >= 0x20 && c != DELETE && lines->length < GUEST_CONSOLE_LINE_BYTES_MAX)
		lines->text[lines->length++] = (char)c;
}

static void end_line(struct guest_lines *lines)
{
	lines->text[lines->length] = '\0';
	if (lines->length > 0)
		lines->line(lines->text, lines->userdata);
	lines->length = 0;
	lines->state = GUEST_LINES_TEXT;
}

static void feed_one(struct guest_lines *lines, unsigned char c)
{
	if (c == '\n') {
		end_line(lines);
		return;
	}
	if (c == ESCAPE) {
		lines->state = GUEST_LINES_ESCAPE;
		return;
	}
	switch (lines->state) {
	case GUEST_LINES_TEXT:
		add(lines, c);
		break;
	case GUEST_LINES_ESCAPE:
		lines->state = after_escape(c);
		break;
	case GUEST_LINES_CONTROL:
		if (c >= 0x40 && c <= 0x7e)
			lines->state = GUEST_LINES_TEXT;
		break;
	case GUEST_LINES_STRING:
		if (c == BELL)
			lines->state = GUEST_LINES_TEXT;
		break;
	}
}

void guest_lines_feed(struct guest_lines *lines, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; lines->line && i < length; i++)
		feed_one(lines, bytes[i]);
}
