/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two pages -> the bytes that turn the one into the other on a terminal, by its terminfo entry. */
#pragma once

#include "canvas.h"

struct terminal_output {
	char *bytes; /* owned */
	size_t length, room;
	bool failed; /* out of memory: something is missing */
};

/* Once setupterm() has succeeded. utf8: otherwise its own line drawing characters and ASCII. */
void terminal_draw_setup(bool utf8);
/* shown: what is there, and afterwards the page; without cells, or with another size: unknown. */
void terminal_draw(struct terminal_output *output, const struct canvas *canvas,
		   struct canvas *shown);

void terminal_put(struct terminal_output *output, const char *bytes, size_t length);
/* A terminfo string; NULL is nothing. */
void terminal_put_capability(struct terminal_output *output, const char *capability);
