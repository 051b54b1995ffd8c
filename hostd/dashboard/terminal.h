/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The terminal: modes, size, drawing, keys. One a process. */
#pragma once

#include "canvas.h"

/*
 * Takes the terminal on fds 0 and 1, whose type is $TERM. A line that does not say its size and
 * whether it takes UTF-8 is asked: that takes up to a second. Returns 0 or -errno.
 */
int terminal_open(void);
/* Gives it back as it was, and blank. */
void terminal_close(void);

/* Leaves it raw to somebody else (a guest's console), and takes it again. */
void terminal_suspend(void);
void terminal_resume(void);

/* Takes up a new size. ask: asks the line itself. */
void terminal_resize(bool ask);
void terminal_size(int *ret_rows, int *ret_columns);

/* Shows what differs from what is there. */
void terminal_show(const struct canvas *canvas);
/* All of it anew with the next terminal_show(). */
void terminal_forget(void);

/* enum view_key or a character; 0: nothing more is there. */
uint32_t terminal_read_key(void);
