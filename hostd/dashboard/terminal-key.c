// SPDX-License-Identifier: GPL-2.0-or-later
// What keys send: the same sequences on every terminal of these days, so no table of terminals is
// asked.
#include "terminal-key.h"

#include <string.h>

#include "base/cleanup.h"
#include "view.h"

#define ESCAPE '\033'

/* Behind ESC. ECMA-48 cursor keys in both modes, VT220's editing keys, Linux's and xterm's F1. */
static const struct {
	const char *bytes;
	uint32_t key;
} sequences[] = {
	{ "[A", KEY_CODE_UP },     { "OA", KEY_CODE_UP },       { "[B", KEY_CODE_DOWN },
	{ "OB", KEY_CODE_DOWN },   { "[5~", KEY_CODE_PAGE_UP }, { "[6~", KEY_CODE_PAGE_DOWN },
	{ "[H", KEY_CODE_HOME },   { "OH", KEY_CODE_HOME },     { "[1~", KEY_CODE_HOME },
	{ "[7~", KEY_CODE_HOME },  { "[F", KEY_CODE_END },      { "OF", KEY_CODE_END },
	{ "[4~", KEY_CODE_END },   { "[8~", KEY_CODE_END },     { "[3~", KEY_CODE_BACKSPACE },
	{ "OP", KEY_CODE_HELP },   { "[[A", KEY_CODE_HELP },    { "[11~", KEY_CODE_HELP },
	{ "[28~", KEY_CODE_HELP }, { "OM", KEY_CODE_ENTER },
};

/* The length of a sequence behind ESC, known or not: "[" parameters letter, or "O" letter. 0: it is
 * not complete. */
static size_t sequence_length(const char *bytes, size_t length)
{
	size_t at = 1;

	if (length < 2)
		return 0;
	if (bytes[0] == 'O')
		return 2;
	/* Linux: ESC [ [ A */
	if (bytes[1] == '[')
		return length < 3 ? 0 : 3;
	while (at < length && (unsigned char)bytes[at] < 0x40)
		at++;
	return at < length ? at + 1 : 0;
}

static size_t escape(const char *bytes, size_t length, bool all_there, uint32_t *ret_key)
{
	size_t taken = 0;

	*ret_key = KEY_CODE_ESCAPE;
	if (length < 2)
		return all_there ? 1 : 0;
	if (bytes[1] != '[' && bytes[1] != 'O')
		return 1;
	taken = sequence_length(bytes + 1, length - 1);
	if (taken == 0)
		return all_there ? length : 0;
	*ret_key = KEY_CODE_OTHER;
	for (size_t i = 0; i < ELEMENTS(sequences); i++)
		if (strlen(sequences[i].bytes) == taken &&
		    memcmp(sequences[i].bytes, bytes + 1, taken) == 0)
			*ret_key = sequences[i].key;
	return 1 + taken;
}

static size_t character(const char *bytes, size_t length, bool all_there, uint32_t *ret_key)
{
	unsigned char first = (unsigned char)bytes[0];
	size_t need = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	uint32_t key = first & (0x7fU >> need);

	*ret_key = KEY_CODE_OTHER;
	if (first < 0xc0)
		return 1;
	for (size_t i = 1; i < need; i++) {
		if (i >= length)
			return all_there ? length : 0;
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			return i;
		key = key << 6 | ((unsigned char)bytes[i] & 0x3f);
	}
	if (key >= 0xa0)
		*ret_key = key;
	return need;
}

size_t terminal_key(const char *bytes, size_t length, bool all_there, uint32_t *ret_key)
{
	if (length == 0)
		return 0;
	if (bytes[0] == ESCAPE)
		return escape(bytes, length, all_there, ret_key);
	if ((unsigned char)bytes[0] >= 0x80)
		return character(bytes, length, all_there, ret_key);
	switch (bytes[0]) {
	case '\r':
	case '\n':
		*ret_key = KEY_CODE_ENTER;
		break;
	case '\t':
		*ret_key = KEY_CODE_TAB;
		break;
	case '\b':
	case 0x7f:
		*ret_key = KEY_CODE_BACKSPACE;
		break;
	case 0x0c:
		*ret_key = KEY_CODE_REDRAW;
		break;
	case 0x03:
		*ret_key = KEY_CODE_ESCAPE;
		break;
	case 0:
		*ret_key = KEY_CODE_OTHER;
		break;
	default:
		*ret_key = (uint32_t)bytes[0];
		break;
	}
	return 1;
}
